"""Finding a grant by words, however they are spelled here.

What is kept (`search_key`) are the folded words (`ceasefire.text.search_key`: hamza, teh marbuta,
digits of every script) and, each behind a "~", their sounds, so that "Zubair" finds الزبير. A
grant is found where every typed word is part of a kept one or sounds like its beginning.
"""

from typing import Any

from django.db.models import Q

from ceasefire import text

#: More words than these are no search but a text.
MOST_WORDS = 8
#: A shorter sound is part of half of all words.
SHORTEST_SOUND = 3


def key_of(*texts: str) -> str:
    """What is kept of some texts; each word once, in their order."""
    words = list(dict.fromkeys(text.search_key(" ".join(texts)).split()))
    sounds = dict.fromkeys(text.latin_key(" ".join(words)).split())
    return " ".join([*words, *(f"~{sound}" for sound in sounds)])


def grant_key(grant: Any) -> str:
    """Of a grant: its number, titles and site."""
    return key_of(grant.ref, grant.title_en, grant.title_ar, grant.site_name)


def found_by(typed: str, *columns: str) -> Q:
    """Rows that hold every typed word in one of the columns; all rows where nothing was typed."""
    condition = Q()
    for word in text.search_key(typed).split()[:MOST_WORDS]:
        here = Q()
        sound = text.latin_key(word)
        for column in columns:
            here |= Q(**{f"{column}__contains": word})
            if len(sound) >= SHORTEST_SOUND:
                here |= Q(**{f"{column}__contains": f"~{sound}"})
        condition &= here
    return condition
