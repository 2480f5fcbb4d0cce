"""Words that are meant to be the same though their letters differ.

Three kinds of sameness, each for finding and never for deciding that two names are one:

- the *article*: البصرة and بالبصرة hold the word بصره (`stem`);
- the *slip*: one letter wrong, missing, too many, or two exchanged (`slip_keys`, `is_slip`);
- the *sound*: a name written in Latin letters by ear, or in Arabic (`sound_keys`, `sounds_alike`).

Keys find candidates by equality in an index, the other function of the pair decides. All take words
that `ceasefire.text.search_key` has folded.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ceasefire.text import LATIN_SOUNDS, search_key

__all__ = [
    "SHORTEST_SLIP",
    "is_slip",
    "slip_keys",
    "sound_keys",
    "sounds_alike",
    "stem",
    "with_stems",
    "words_of",
]

#: In a word of fewer letters one other letter makes another word.
SHORTEST_SLIP = 4
#: A longer word than this is cut: nobody searches for the rest of it, and an index has a limit.
LONGEST_WORD = 40

# The article, alone or behind the prepositions that are written together with it.
_ARABIC_ARTICLE = re.compile(r"^[وف]?(?:[بك]?ال|لل)(?=..)")
# Before a sun letter the article takes its sound: az-Zubayr, ash-Shatt; in one word azzubayr.
_LATIN_ARTICLE = re.compile(r"^[aeu](?:l(?=...)|([zsdtnr])(?=\1..)|sh(?=sh)|th(?=th))")
_LATIN = re.compile(r"[a-z]")


def words_of(text: str) -> list[str]:
    """The words of a text, folded, each cut to what an index takes."""
    return [word[:LONGEST_WORD] for word in search_key(text).split()]


def stem(word: str) -> str:
    """An Arabic word without its article and the prepositions before it; else the word."""
    return _ARABIC_ARTICLE.sub("", word, count=1)


def with_stems(words: list[str]) -> list[str]:
    """The words, each followed by its stem where that is another, each once."""
    found: dict[str, None] = {}
    for word in words:
        found[word] = None
        found[stem(word)] = None
    return list(found)


# --- slips ---------------------------------------------------------------------------------------


def slip_keys(word: str) -> set[str]:
    """The word and every word that it becomes by losing one letter.

    Two words that one slip lies between have a key in common, so an index of keys finds them.
    """
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def is_slip(one: str, other: str) -> bool:
    """Whether the words are equal but for one letter more, fewer, other, or two exchanged."""
    if one == other:
        return True
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = next((i for i, letter in enumerate(one) if letter != other[i]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    if one[at + 1 :] == other[at + 1 :]:
        return True
    return one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]


# --- sounds --------------------------------------------------------------------------------------

_PAIRS = (*LATIN_SOUNDS, ("dj", "j"), ("ee", "i"), ("oo", "u"), ("ou", "u"))
_ARABIC_SOUNDS = str.maketrans(
    dict(zip("ابپتثجچحخدذرزژسشصضطغفڤقكگلمنهوي", "abbttjChXddrzjsCsdtGffkkklmnhui", strict=True))
    | {"ظ": "z", "ع": "a", "ء": None}
)
_VOWELS = "aeiouyw"
_LONG = "-"
#: What a vowel may stand for; an e is an a or an i, by ear.
_VALUES = {"a": "a", "e": "ai", "i": "i", "y": "i", "o": "u", "u": "u", "w": "u"}


@lru_cache(maxsize=4096)
def _spoken(word: str) -> tuple[tuple[str, ...], tuple[frozenset[str], ...]]:
    """The consonants of a word, and what vowels stand after each; a first vowel is a consonant.

    A letter g is left as it is: for a ق of the south, or a غ.
    """
    if _LATIN.search(word):
        for spelled, sound in _PAIRS:
            word = word.replace(spelled, sound)
        word = re.sub(r"(?<=.)h$", "", word)
    else:
        word = re.sub(r"(?<=..)ه$", "a", word).translate(_ARABIC_SOUNDS)
    consonants: list[str] = []
    gaps: list[set[str]] = []
    for letter in word:
        # A w or y that begins a word is a consonant; any other first vowel is one and the same.
        if not consonants:
            consonants.append("a" if letter in "aeiou" else letter)
            gaps.append(set())
        elif letter in _VOWELS:
            # Two vowels together are a long one, which Arabic does not leave out.
            gaps[-1] |= set(_VALUES[letter]) | ({_LONG} if gaps[-1] else set())
        elif letter != consonants[-1] or gaps[-1]:
            consonants.append(letter)
            gaps.append(set())
    if len(consonants) > 1 and consonants[0] == "a":
        gaps[0] = set()
    return tuple(consonants), tuple(map(frozenset, gaps))


def _readings(word: str) -> list[str]:
    """The words that a written one may be read as: with and without an article in front of it."""
    bare = _LATIN_ARTICLE.sub("", word, count=1) if _LATIN.search(word) else stem(word)
    return [word] if bare == word else [word, bare]


def sound_keys(word: str) -> set[str]:
    """The skeletons of consonants of a name; two spellings of one name have one in common.

    The article may be written with it. A Latin g is a ق as the south says it, or a غ. An Arabic
    name that ends in ة is said with a t before another name (Qarmat Ali). A word of one consonant
    has one only if it holds a long vowel, as الفاو does.
    """
    keys = set()
    for reading in _readings(word):
        if len(reading) < 2:
            continue
        consonants, _gaps = _spoken(reading)
        skeleton = "".join(consonants)
        for found in {skeleton.replace("g", "k"), skeleton.replace("g", "G")}:
            keys.add(found)
            if not _LATIN.search(reading) and reading.endswith("ه") and len(reading) > 2:
                keys.add(f"{found}t")
    return keys


def sounds_alike(one: str, other: str) -> bool:
    """Whether two spellings may be of one name: the same consonants, and no vowel against another.

    A vowel that is not written says nothing, as short ones in Arabic. Where there are two
    consonants or fewer, what vowels are written must nearly be the same.
    """
    return any(_alike(a, b) for a in _readings(one) for b in _readings(other))


def _alike(one: str, other: str) -> bool:
    if len(one) < 2 or len(other) < 2:
        return False
    (mine, my_gaps), (theirs, their_gaps) = _spoken(one), _spoken(other)
    if len(mine) != len(theirs):
        mine, my_gaps, theirs, their_gaps = _with_t(one, other, mine, my_gaps, theirs, their_gaps)
    if len(mine) != len(theirs) or not all(map(_same, mine, theirs)):
        return False
    # Arabic writes its long vowels: of two Arabic spellings neither leaves one out.
    if not _LATIN.search(one + other) and my_gaps[:-1] != their_gaps[:-1]:
        return False
    few = len(mine) <= 2
    last = len(mine) - 1
    for at, (here, there) in enumerate(zip(my_gaps, their_gaps, strict=True)):
        if not here or not there:
            left_out = one if not here else other
            is_long = _LONG in here | there and not _LATIN.search(left_out)
            if len(mine) == 1 or (is_long and at != last):
                return False
            continue
        if not (here & there) - {_LONG} and not (at == last and not few):
            return False
        if few and len((here ^ there) - {_LONG}) > 1:
            return False
    return True


def _same(one: str, other: str) -> bool:
    return one == other or {one, other} in ({"g", "k"}, {"g", "G"})


def _with_t(one, other, mine, my_gaps, theirs, their_gaps):  # type: ignore[no-untyped-def]
    """Say the t of a ta marbuta where only the other spelling has it."""
    if len(theirs) == len(mine) + 1 and theirs[-1] == "t" and one.endswith("ه"):
        return (*mine, "t"), (*my_gaps, frozenset()), theirs, their_gaps
    if len(mine) == len(theirs) + 1 and mine[-1] == "t" and other.endswith("ه"):
        return mine, my_gaps, (*theirs, "t"), (*their_gaps, frozenset())
    return mine, my_gaps, theirs, their_gaps
