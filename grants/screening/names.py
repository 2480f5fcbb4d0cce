"""A name as the parts that are compared: words, joined and stripped as Arabic names want it.

- The article goes, alone or written together with a word (al-Basri, albasri, البصري; before a sun
  letter also az-Zubayr). A word that may only look as if it had one is read both ways.
- Patronymics go: ibn, bin, ben, bint, ould, and آل before a family.
- عبد and the name after it are one part, however they are written (Abd al-Rahman, Abdurrahman,
  عبدالرحمن), and so are the names that end in الدين and الله (Nur al-Din, Noureddine, Nasrallah).
- ذو and what is owned are one part (Dhu al-Nun, Zulnoon, ذوالنون).
- أبو and أم with what follows are one part, and not the same as the name alone: Abu Ali is no Ali.
- Titles (Sheikh, Haji, Dr) and what many organisations are called (company, شركة) weigh little,
  and the commonest given names somewhat less than others.

Order is kept but never needed. Nothing is left out of a name that has nothing else. Pure;
single words are remembered for speed, whole names never.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from ceasefire.text import search_key
from grants.screening.sounds import consonants, sounds_of

__all__ = ["Kind", "Part", "Reading", "comparable", "parts_of"]


class Kind(IntEnum):
    """What a part is joined of; parts of two kinds are less alike."""

    PLAIN = 0
    SERVANT = 1  # عبد ...
    FATHER_OF = 2  # أبو ...
    MOTHER_OF = 3  # أم ...


@dataclass(frozen=True)
class Reading:
    """One way to read a part: its kind, and its sounds without what makes the kind."""

    kind: Kind
    sounds: str


@dataclass(frozen=True)
class Part:
    """One part of a name: as written, every way to read it, and what it weighs (1 is usual)."""

    written: str
    readings: tuple[Reading, ...]
    weight: float
    #: The consonants of the first reading, for parts that one list writes together.
    skeleton: str


_ARTICLES = frozenset({"al", "el", "ul", "il", "ال"})
_SUN_ARTICLES = {
    **{"ash": "sh", "ach": "ch", "esh": "sh", "ech": "ch", "ath": "th", "adh": "dh"},
    **{f"{vowel}{sun}": sun for vowel in "aeu" for sun in "rstzdn"},
}
_PATRONYMICS = frozenset(
    {"ibn", "bin", "ben", "bint", "binti", "bnu", "ould", "wuld", "walad", "oglu", "ibin"}
    | {"بن", "ابن", "بنت", "ولد", "ال"}
)
_SERVANT = frozenset(
    {"abd", "abdul", "abdal", "abdel", "abdil", "abdol", "abdoul", "abdu", "abdou", "abed"}
    | {"abdur", "abdus", "abdush", "abdun", "abdud", "abdut", "abduz", "abdar", "abdas", "abder"}
    | {"abdes", "abdun", "abedal", "abdoel", "عبد", "عبدال"}
)
_FATHER = frozenset({"abu", "abou", "abi", "aba", "abo", "abul", "aboul", "abol", "abil"}) | {
    "ابو",
    "ابي",
    "ابا",
}
_MOTHER = frozenset({"umm", "um", "om", "oum", "omm", "umu", "ام"})
_RELIGION = frozenset(
    {
        "din",
        "deen",
        "dine",
        "den",
        "eldin",
        "eldeen",
        "eldine",
        "uldin",
        "addin",
        "eddin",
        "eddine",
        "uddin",
        "ddin",
        "aldin",
    }
) | {
    "الدين",
    "دين",
}
_OWNER = frozenset(
    {"dhu", "dho", "dhou", "zu", "zo", "zou", "thu", "thou", "dhi", "ذو", "ذي", "ذا"}
) | {f"{one}l" for one in ("dhu", "dho", "dhou", "zu", "zo", "zou", "thu", "thou")}
_GOD = frozenset({"allah", "ullah", "ollah", "lah", "الله"})
#: Titles, and words for what an organisation is, folded; they identify nobody.
_LIGHT = frozenset(
    search_key(
        "sheikh shaykh shaikh sheik cheikh sayyid sayid sayed seyyed haji hajji hajj haj hadji dr "
        "doctor mr mrs eng engineer mulla mullah maulvi molvi maulana mawlawi ustad general "
        "colonel col gen brigadier captain major prof professor "
        "الشيخ شيخ السيد الحاج حاج الدكتور دكتور المهندس مهندس الاستاذ العميد العقيد اللواء الملا "
        "company co corporation corp ltd limited llc inc est establishment group organization "
        "organisation association foundation society committee trading general commercial "
        "contracting services the of and for "
        "شركه مؤسسه جمعيه منظمه مجموعه للتجاره التجاريه العامه المحدوده للمقاولات مكتب"
    ).split()
)
_LIGHT_WEIGHT = 0.25
#: By their consonants and kind, names that every second family has.
_COMMON_NAMES = (
    "محمد احمد علي حسين حسن محمود عباس جاسم كاظم جعفر ابراهيم اسماعيل يوسف خالد عمر صالح"
)
_COMMON_WEIGHT = 0.8

_LATIN = re.compile(r"[a-z]")
_INSIDE_WORDS = re.compile(r"['`]")
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_ARABIC_ARTICLE = re.compile(r"^ال(?=..)")
_LATIN_ARTICLE = re.compile(
    r"^(?:[aeu]l(?=...)|[aeu](?:([zsdtnr])(?=\1..)|sh(?=sh)|ch(?=ch)|th(?=th)))"
)
#: عبد written together with its name, the article's vowel and letter between them.
_ONE_WORD_SERVANT = re.compile(
    r"^ab[eo]?d(?:[aeiou]{1,2}(?:l|([rstzdn])(?=\1)|sh(?=sh)|[rstzdn](?=[b-df-hj-np-tv-xz]))?|(?=[bcdfghjkmnrstz])|l(?=la))(?=...|la|ah|eh)"
)
_ARABIC_SERVANT = re.compile(r"^عبد(?:ال)?(?=..)")
_ONE_WORD_FATHER = re.compile(r"^(?:ab[ou]u?l?|abou?l?)(?=[^aeioul][a-z]{2})")
_ARABIC_FATHER = re.compile(r"^ابو(?:ال)?(?=...)")
_LATIN_RELIGION = re.compile(r"(?<=..)[aeiou]{1,2}l?d{1,2}(?:in|een|ine|ien|yn|en)$")
_ONE_WORD_OWNER = re.compile(r"^(?:dh|th|z)(?:u|o|ou|oo)l(?=[^aeiou]..)")
_ARABIC_OWNER = re.compile(r"^ذ[ويا]ال(?=..)")
_ARABIC_RELIGION = re.compile(r"(?<=..)الدين$")
_GODS_NAME = re.compile(r"(?:E?[aeiu]?l)?E?[aeiuA]?[hH]?")
#: What has a sound here, after folding.
_COMPARABLE = re.compile(r"[a-z0-9\u0621-\u064a\u0671-\u06d3]")


def comparable(name: str) -> bool:
    """Whether the whole of a name can be compared: Latin or Arabic letters, and no others."""
    folded = search_key(name)
    letters = [letter for letter in folded if letter.isalpha()]
    return bool(_COMPARABLE.search(folded)) and all(map(_COMPARABLE.match, letters))


def parts_of(name: str) -> tuple[Part, ...]:
    """The parts of a name in its order; none where no letter of it can be compared."""
    words = [word[:40] for word in _folded(name).split() if _COMPARABLE.search(word)]
    parts: list[Part] = []
    at = 0
    while at < len(words):
        part, used = _next(words, at)
        at += used
        if part is not None:
            parts.append(part)
    if not parts:
        # Somebody is really called Bin, or Al: then that is the name.
        parts = [_part(word, Kind.PLAIN, word) for word in words]
    return tuple(part for part in parts if any(reading.sounds for reading in part.readings))


def _folded(name: str) -> str:
    """What `search_key` gives, a good deal sooner where all is ASCII, as most of a list is."""
    if name.isascii():
        return _NOT_A_WORD.sub(" ", _INSIDE_WORDS.sub("", name).lower()).strip()
    return search_key(name)


def _next(words: list[str], at: int) -> tuple[Part | None, int]:
    """The part that begins at a word, None where the word says nothing, and how many it took."""
    word = words[at]
    after = at + 1
    # What follows, without the article between: Abd al-Rahman, Nur al-Din.
    while after < len(words) - 1 and _is_article(words[after], words[after + 1]):
        after += 1
    following = words[after] if after < len(words) else ""
    if _is_article(word, words[at + 1] if at + 1 < len(words) else "") or (
        word in _PATRONYMICS and len(words) > 1
    ):
        return None, 1
    if following and word in _SERVANT:
        return _part(_bare(following), Kind.SERVANT, f"{word} {following}"), after - at + 1
    if following and word in _FATHER:
        return _part(_bare(following), Kind.FATHER_OF, f"{word} {following}"), after - at + 1
    if following and word in _MOTHER:
        return _part(_bare(following), Kind.MOTHER_OF, f"{word} {following}"), after - at + 1
    if following and word in _OWNER:
        return _owner(_bare(following), f"{word} {following}"), after - at + 1
    if following and (following in _RELIGION or following in _GOD):
        ending = "dn" if following in _RELIGION else "lH"
        return _joined(word, ending, f"{word} {following}"), after - at + 1
    return _part(word, Kind.PLAIN, word), 1


def _is_article(word: str, following: str) -> bool:
    if not following:
        return False
    sun = _SUN_ARTICLES.get(word)
    return word in _ARTICLES or (sun is not None and following.startswith(sun))


def _bare(word: str) -> str:
    """A word without the article written to it."""
    if word in _GOD:
        return "lah"
    if _LATIN.search(word):
        return _LATIN_ARTICLE.sub("", word, count=1)
    return _ARABIC_ARTICLE.sub("", word, count=1)


def _owner(word: str, written: str) -> Part:
    """ذو with what is owned; it is never a name without."""
    spoken = f"Du{sounds_of(word)}"
    return Part(written, (Reading(Kind.PLAIN, spoken),), 1.0, consonants(spoken))


def _joined(word: str, ending: str, written: str) -> Part:
    base = _part(word, Kind.PLAIN, word)
    readings = tuple(Reading(one.kind, one.sounds + ending) for one in base.readings)
    return Part(written, readings, 1.0, consonants(readings[0].sounds))


@lru_cache(maxsize=65_536)
def _part(word: str, kind: Kind, written: str) -> Part:
    """A word of a kind, with what else it may be read as."""
    found = _readings(word) if kind is Kind.PLAIN else [_after(kind, word)]
    readings = tuple(dict.fromkeys(found))
    return Part(written, readings, _weight(word, kind), consonants(readings[0].sounds))


def _after(kind: Kind, word: str) -> Reading:
    """What stands behind عبد or أبو. God's name has one reading: allah, alleh, ulla, الله, له."""
    spoken = sounds_of(word)
    if kind is Kind.SERVANT and _GODS_NAME.fullmatch(spoken):
        spoken = sounds_of("lah")
    return Reading(kind, spoken)


def _readings(word: str) -> list[Reading]:
    latin = _LATIN.search(word) is not None
    servant = (_ONE_WORD_SERVANT if latin else _ARABIC_SERVANT).sub("", word, count=1)
    if servant != word:
        found = [_after(Kind.SERVANT, servant)]
        # Abdulatif is written for Abd al-Latif: the l stands for two.
        if latin and word.endswith(f"l{servant}") and servant[0] in "aeiou":
            found.append(_after(Kind.SERVANT, f"l{servant}"))
        return [*found, Reading(Kind.PLAIN, sounds_of(word))]
    owner = (_ONE_WORD_OWNER if latin else _ARABIC_OWNER).sub("", word, count=1)
    if owner != word:
        return [Reading(Kind.PLAIN, f"Du{sounds_of(owner)}"), Reading(Kind.PLAIN, sounds_of(word))]
    found = []
    bare = _bare(word) if word not in _GOD else word
    if bare != word:
        found += _with_religion(bare)
    # An Arabic word with its article is never the name without one; a Latin one may be.
    if bare == word or latin:
        found += _with_religion(word)
    father = (_ONE_WORD_FATHER if latin else _ARABIC_FATHER).sub("", word, count=1)
    if father != word:
        found.append(Reading(Kind.FATHER_OF, sounds_of(father)))
    return found


def _with_religion(word: str) -> list[Reading]:
    """The word; first, where it ends in الدين, without the article inside."""
    pattern = _LATIN_RELIGION if _LATIN.search(word) else _ARABIC_RELIGION
    stem = pattern.sub("", word, count=1)
    if stem == word:
        return [Reading(Kind.PLAIN, sounds_of(word))]
    return [Reading(Kind.PLAIN, sounds_of(stem) + "dn"), Reading(Kind.PLAIN, sounds_of(word))]


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(consonants(sounds_of(word)) for word in _COMMON_NAMES.split())


def _weight(word: str, kind: Kind) -> float:
    if kind is Kind.PLAIN:
        if word in _LIGHT or len(word) == 1:
            return _LIGHT_WEIGHT
        if _is_common(word):
            return _COMMON_WEIGHT
    return 1.0


def _is_common(word: str) -> bool:
    spoken = sounds_of(word)
    skeleton = consonants(spoken)
    # One or two consonants are too few to say so: then the whole word must be one of them.
    if len(skeleton) < 3:
        return spoken in _SHORT_COMMON
    return skeleton in _common()


_SHORT_COMMON = frozenset(
    sounds_of(word)
    for word in ["علي", "ali", "aly", "عمر", "omar", "umar", "حسن", "hasan", "hassan"]
)
