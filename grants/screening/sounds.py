"""A word of a name as the sounds it is made of, and how much two of them sound alike.

A name reaches a list through an ear: محمد is Muhammad, Mohamed and Mehmet there. So a word becomes
a row of sounds, the same from either script, and two rows are compared by what it costs to turn one
into the other. A consonant against one far from it costs 1; neighbours of an ear or a keyboard (q
and k, th and s, dh and z) cost little; a short vowel, which Arabic does not write, nearly nothing;
a long one, which tells حسين from حسن, a third. In a word of one or two consonants the vowels are
all there is, so there every cost counts more.

The costs were set by hand on the development half of the pairs in docs/screening.md. The Arabic
letters, and how each is romanised, follow the tables of the romanisation of Arabic by ALA-LC (1997)
and UNGEGN (2007), with what French, Persian and Iraqi spelling make of them.

Pure: text in, numbers out. Words must have been folded by `ceasefire.text.search_key`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["PAD", "RowsOfSounds", "consonants", "likeness_to", "sounds_of"]

#: The sounds. Upper case where the Latin letter is taken: T th, c ch, X kh, D dh, C sh, G gh; E is
#: a hamza or ain; A I U are long vowels, Y a last yeh, H a last heh; ? is a letter of elsewhere.
_CONSONANTS = "btTjchXdDrzsCGfvqkglmnwy"
_OTHERS = "EHAIUYaeiu0123456789?"
#: Fills a short word up in a table; no sound.
PAD = 0
_NUMBER = {sound: at for at, sound in enumerate(_CONSONANTS + _OTHERS, start=1)}

#: What it costs to leave a sound out; a consonant costs 1.
_WEIGHT = {
    "h": 0.6,
    "w": 0.6,
    "y": 0.6,
    "E": 0.2,
    "H": 0.05,
    "A": 0.3,
    "I": 0.35,
    "U": 0.35,
    "Y": 0.3,
    **dict.fromkeys("aeiu", 0.06),
}
#: What it costs to take one sound for the other, where less than 1; either way round.
_NEAR = {
    0.0: "UwIyYI",
    0.02: "AaIiUuHaHe",
    0.03: "aeeiEawuyiIeYiYeEe",
    0.05: "kqHhYyHAEA",
    0.1: "dDDzTtcCgGfvvwUvuvqgaieuiuYaYAEiEuwv",
    0.12: "auAe",
    0.15: "TsjgHtHYHiEIEU",
    0.2: "gkbvEY",
    0.25: "XkIaUaAiAuYuTD",
    0.3: "ckcjhXIuUi",
    0.35: "AIAUIU",
    0.4: "qGqjTzDsyjwAdz",
    0.5: "szsCtdmnXGGkjyEhXqwy",
    0.6: "Gr",
    0.7: "gXEGEq",
    0.8: "rl",
}
#: What it costs to exchange two neighbours: the commonest slip of a hand.
_EXCHANGED = 0.6
#: Of the cost that a word's whole weight would be, so much more is taken off its likeness.
_SEVERITY = 1.15
#: So much more again where neither word has more consonants than the index.
_FEW = (1.7, 1.7, 1.3)

_SIZE = len(_NUMBER) + 1
_WEIGHTS = np.zeros(_SIZE, dtype=np.float32)
_COSTS = np.ones((_SIZE, _SIZE), dtype=np.float32)


def _fill_tables() -> None:
    for sound, number in _NUMBER.items():
        _WEIGHTS[number] = _WEIGHT.get(sound, 1.0)
    for number in range(_SIZE):
        # Never more than leaving the one out and putting the other in; and never less than nothing.
        _COSTS[number] = np.minimum(1.0, _WEIGHTS + _WEIGHTS[number])
        _COSTS[number, number] = 0.0
    for cost, pairs in _NEAR.items():
        for at in range(0, len(pairs), 2):
            one, other = _NUMBER[pairs[at]], _NUMBER[pairs[at + 1]]
            _COSTS[one, other] = _COSTS[other, one] = cost
    # A sound against the end of a shorter word is left out.
    _COSTS[PAD] = _COSTS[:, PAD] = _WEIGHTS


_fill_tables()

# --- from letters to sounds ----------------------------------------------------------------------

_LATIN = re.compile(r"[a-z]")
#: Read before anything else: the h is one of its own in these.
_PARTED = re.compile(r"^(e?is|ad|mus)h(?=[ae][mqkcg])")
_SPELLED = (
    ("tch", "c"),
    ("sch", "C"),
    ("sh", "C"),
    ("ch", "c"),
    ("kh", "X"),
    ("gh", "G"),
    ("dh", "D"),
    ("th", "T"),
    ("ph", "f"),
    ("ck", "k"),
    ("dj", "j"),
    ("x", "ks"),
    ("p", "b"),
    ("o", "u"),
)
_LONG = (
    (re.compile(r"ee|ii|ie(?=.)|(?<=[ae])[iy](?![aeiuy])"), "I"),
    (re.compile(r"uu|(?<=a)[wu](?![aeiu])"), "U"),
    (re.compile(r"aa"), "A"),
    (re.compile(r"(?<=[aeiuAIU])h$"), "H"),
    (re.compile(r"(?<=.)[iy]$"), "I"),
)
_HIDDEN_Y = re.compile(r"i(?=[auAU])")
_Y_BEFORE_VOWEL = re.compile(r"y(?=[aeiuAIU])")
_W_BEFORE_VOWEL = re.compile(r"w(?=[aeiuAIU])")
_DOUBLED = re.compile(r"(.)\1+")
_ARABIC = str.maketrans(
    dict(
        zip(
            "اأإآبپتثجچحخدذرزژسشصضطظعغفڤقكکگلمنهويىیٹڈڑںھېۍځڅډړټڼ",
            "AAAAbbtTjchXdDrzjsCsDtDEGfvqkkglmnhUIIItdrnhIIzsdrtn",
            strict=True,
        )
    )
    | {"ء": None}
)
_VOWELS = "aeiuAIU"


@lru_cache(maxsize=65_536)
def sounds_of(word: str) -> str:
    """The sounds of one word, as letters of the alphabet at the head of this file.

    Latin and Arabic letters and digits are known; a letter of another script is a sound that is
    like no other, and of no use but to itself.
    """
    if _LATIN.search(word):
        return _from_latin(word)
    return _from_arabic(word)


def _from_latin(word: str) -> str:
    word = _PARTED.sub(r"\1'h", word)
    # c is k unless an h stands behind it, and stays apart from the sound written c here.
    word = re.sub(r"c(?=[eiy])", "s", word)
    word = re.sub(r"c(?![hk])", "k", word)
    for spelled, sound in _SPELLED:
        word = word.replace(spelled, sound)
    for pattern, sound in _LONG:
        word = pattern.sub(sound, word)
    # Ziad is said as Ziyad is.
    word = _HIDDEN_Y.sub("iy", word)
    word = _W_BEFORE_VOWEL.sub("\u00a7", _Y_BEFORE_VOWEL.sub("\u00a6", word))
    word = word.replace("y", "i").replace("w", "U").replace("\u00a6", "y").replace("\u00a7", "w")
    # A name that begins with a vowel begins with a hamza or an ain.
    if word and word[0] in _VOWELS:
        word = f"E{word}"
    return _known(_DOUBLED.sub(r"\1", word.replace("'", "")))


def _from_arabic(word: str) -> str:
    spoken = word.translate(_ARABIC)
    if not spoken:
        return ""
    first = {"A": "E", "U": "w", "I": "y"}.get(spoken[0], spoken[0])
    spoken = first + spoken[1:]
    if len(spoken) > 2:
        spoken = spoken[:-1] + {"I": "Y", "h": "H"}.get(spoken[-1], spoken[-1])
    return _known(_DOUBLED.sub(r"\1", spoken))


def _known(spoken: str) -> str:
    return "".join(sound if sound in _NUMBER else "?" for sound in spoken)


@lru_cache(maxsize=65_536)
def consonants(spoken: str) -> str:
    """The skeleton: the consonants of a row of sounds, near ones made one, for looking up."""
    return spoken.translate(_SKELETON)


_SKELETON = str.maketrans(
    dict.fromkeys(_OTHERS + "hwy") | dict(zip("TDqgGXcv", "tdkkkkCf", strict=True))
)


# --- many words at once --------------------------------------------------------------------------


class RowsOfSounds:
    """Words as a table of sounds, so that one word is compared with all of them at once."""

    def __init__(self, words: list[str]) -> None:
        """`words` are rows of sounds as `sounds_of` gives them."""
        longest = max(map(len, words), default=0)
        table = np.zeros((longest, len(words)), dtype=np.uint8)
        for at, word in enumerate(words):
            table[: len(word), at] = [_NUMBER[sound] for sound in word]
        lengths = np.array([len(word) for word in words], dtype=np.int16)
        self._take(table, lengths, np.array([_count(word) for word in words], dtype=np.int8))

    @classmethod
    def of_tables(
        cls,
        table: npt.NDArray[np.uint8],
        lengths: npt.NDArray[np.int16],
        counts: npt.NDArray[np.int8],
    ) -> RowsOfSounds:
        """The words of what `tables` gave."""
        made = cls.__new__(cls)
        made._take(table, lengths, counts)
        return made

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as arrays, to be kept."""
        return {
            "sounds": self._table,
            "sound_lengths": self._lengths,
            "sound_counts": self._counts,
        }

    def _take(self, table: Any, lengths: Any, counts: Any) -> None:
        self._table, self._lengths, self._counts = table, lengths, counts
        self._weights = _WEIGHTS[table].sum(axis=0, dtype=np.float32)

    def __len__(self) -> int:
        return self._table.shape[1]

    def likeness(self, word: str, floor: float = 0.0) -> npt.NDArray[np.float32]:
        """How much each word is like this one, 0 to 1; what is below the floor may be left at 0."""
        found = np.zeros(len(self), dtype=np.float32)
        if not word or not len(self):
            return found
        numbers = [_NUMBER[sound] for sound in word]
        weight = float(_WEIGHTS[numbers].sum())
        largest = np.maximum(self._weights, weight)
        # The difference of the weights is the least it can cost.
        least = np.abs(self._weights - weight) * _SEVERITY / largest
        at = np.flatnonzero(1.0 - least >= floor)
        if not len(at):
            return found
        cost = _costs(numbers, self._table[: int(self._lengths[at].max()), at])
        few = np.array(_FEW, dtype=np.float32)
        count = np.maximum(self._counts[at], _count(word))
        severe = np.where(count < len(few), few[np.minimum(count, len(few) - 1)], 1.0)
        found[at] = np.maximum(0.0, 1.0 - cost * severe * _SEVERITY / largest[at])
        return found


def _count(word: str) -> int:
    return sum(sound in _CONSONANTS for sound in word)


def _costs(numbers: list[int], table: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The least cost of turning a word into each column: Levenshtein's table, a row at a time."""
    long, wide = table.shape
    left_out = _WEIGHTS[table]
    before = np.zeros((long + 1, wide), dtype=np.float32)
    np.cumsum(left_out, axis=0, out=before[1:])
    earlier, row = np.empty_like(before), np.empty_like(before)
    last = PAD
    for number in numbers:
        weight = _WEIGHTS[number]
        row[0] = before[0] + weight
        # Taking one sound for the other, or leaving out the one of the word.
        np.minimum(before[:-1] + _COSTS[number][table], before[1:] + weight, out=row[1:])
        if last != PAD:
            exchanged = (table[:-1] == number) & (table[1:] == last)
            np.minimum(row[2:], np.where(exchanged, earlier[:-2] + _EXCHANGED, np.inf), out=row[2:])
        for at in range(long):
            np.minimum(row[at + 1], row[at] + left_out[at], out=row[at + 1])
        earlier, before, row, last = before, row, earlier, number
    return before[long].copy()


def likeness_to(one: str, other: str) -> float:
    """How much two rows of sounds are alike, 0 to 1; the same either way round."""
    return float(RowsOfSounds([other]).likeness(one)[0])
