"""The words that incidents hold, each once, to find the one that was meant."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class SearchWord(models.Model):
    """A word of four letters or so that stands in some incident; which one, only its index knows.

    A word may be here twice, where two people wrote it first in the same moment: no index makes it
    unique, so that nobody waits for another's transaction. It stays when the last incident that
    held it changes, until `rebuild_search --prune`.
    """

    class Kind(models.TextChoices):
        #: Of a summary or a source: found by one wrong letter.
        WRITTEN = "w"
        #: Of a place's name: found by its sound, too.
        NAME = "n"

    word = models.CharField(max_length=60)
    kind = models.CharField(max_length=1, choices=Kind.choices)
    #: `slip_keys` as they are; `sound_keys` behind a "~".
    keys = ArrayField(models.CharField(max_length=61))

    class Meta:
        indexes = [
            models.Index("word", name="search_word_itself"),
            GinIndex(fields=["keys"], name="search_word_keys"),
            GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_word_inside"),
        ]

    def __str__(self) -> str:
        return self.word
