"""Where sealed texts lie. Read and written by the vault's services only."""

from django.db import models
from django.db.models import Q

from ceasefire.people.models import User


class Sealed(models.Model):
    """One sealed field of one record. Purpose: the case team's work; goes with the record."""

    table = models.CharField(max_length=63)
    column = models.CharField(max_length=63)
    row = models.CharField(max_length=40)
    key_id = models.CharField(max_length=40, db_index=True)
    ciphertext = models.BinaryField()
    updated_at = models.DateTimeField()
    updated_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["table", "row", "column"], name="a_field_is_sealed_once"
            )
        ]


class BlindIndex(models.Model):
    """A keyed digest of one sealed value, for exact search. Goes with the record."""

    table = models.CharField(max_length=63)
    column = models.CharField(max_length=63)
    row = models.CharField(max_length=40)
    digest = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["digest"], name="blind_index_by_digest")]
        constraints = [
            models.UniqueConstraint(
                fields=["table", "row", "column", "digest"], name="a_value_is_indexed_once_a_field"
            )
        ]


class RevealCount(models.Model):
    """How many identities a person has revealed on a day; the row is the lock that counts."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    day = models.DateField()
    count = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], name="one_reveal_count_a_user_and_day"),
            models.CheckConstraint(
                condition=Q(count__gte=1) & Q(count__lte=15),
                name="at_most_fifteen_reveals_a_user_and_day",
            ),
        ]
