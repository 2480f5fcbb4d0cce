"""Text as people in Basrah type it, made comparable.

One name is typed in many ways: with or without hamza, with Arabic, Persian or Western digits, in
Latin letters by ear. The keys made here are for finding, never for showing, and are stored beside
what was typed, which is never changed.

Imports nothing of the project.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "BIDI_CONTROLS",
    "first_strong_direction",
    "latin_key",
    "search_key",
    "strip_bidi_controls",
    "western_digits",
]

#: Marks that reorder the text around them: they can make a name or a file name read as another.
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

_BIDI_TABLE = dict.fromkeys(map(ord, BIDI_CONTROLS))
_DIGITS_TABLE = {
    **{0x0660 + digit: str(digit) for digit in range(10)},  # Arabic-Indic
    **{0x06F0 + digit: str(digit) for digit in range(10)},  # Persian
}
_THOUSANDS_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])\u066c(?=[0-9])")

# After decomposition the hamza above or below a letter is a mark of its own and has gone with the
# other marks, so only letters that Unicode does not decompose are listed.
_LETTERS_TABLE = str.maketrans(
    {
        "\u0671": "ا",  # alef wasla
        "\u0649": "ي",  # alef maqsura, typed for final yeh all over Iraq
        "\u06cc": "ي",  # Persian yeh
        "\u06d2": "ي",  # yeh barree
        "\u0629": "ه",  # teh marbuta
        "\u06c1": "ه",  # heh goal
        "\u06d5": "ه",  # Kurdish ae
        "\u06a9": "ك",  # Persian kaf
        "\u06aa": "ك",  # swash kaf
        "\u0640": None,  # tatweel
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
    }
)
# Signs that stand inside a word in transliteration: Ma'qil, Qurʿah, Shaʾab.
_INSIDE_WORDS = re.compile(r"['`\u00b4\u02b0-\u02ff\u2018\u2019\u201b\u2032\u055a\uff07]")
_INVISIBLE = frozenset({"Cf", "Mn", "Me"})


def western_digits(text: str) -> str:
    """Write Arabic-Indic and Persian digits as 0 to 9.

    The Arabic decimal separator becomes a point; the Arabic thousands separator goes, but only
    between two digits. Everything else stays. For numbers, dates, phones and codes, never for free
    text, where the writer's digits are part of what was said.
    """
    return _THOUSANDS_BETWEEN_DIGITS.sub("", text.translate(_DIGITS_TABLE)).replace("\u066b", ".")


def strip_bidi_controls(text: str) -> str:
    """Take out the marks that reorder text (embeddings, overrides, isolates, directional marks)."""
    return text.translate(_BIDI_TABLE)


def search_key(text: str) -> str:
    """Fold a text for searching: same key, same word to an Iraqi reader.

    Compatibility forms, letter case, diacritics and tashkeel, tatweel, hamza forms, yeh and alef
    maqsura, teh marbuta, Persian letters, every script's digits, invisible marks, punctuation and
    spaces are made alike. Words are separated by one space. The standing hamza and the letters
    گ چ پ ڤ are kept. Folding twice changes nothing.
    """
    folded = text
    for _ in range(4):  # a letter may only decompose once its case is folded; two rounds are usual
        before, folded = folded, _fold_once(folded)
        if folded == before:
            break
    return folded


def _fold_once(text: str) -> str:
    # Apostrophes go first: compatibility decomposition would turn some into a space and a mark.
    text = _INSIDE_WORDS.sub("", text)
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFKD", text).translate(_LETTERS_TABLE)
    letters = []
    for letter in text:
        if letter.isalnum():
            value = unicodedata.decimal(letter, None)
            letters.append(letter if value is None else str(value))
        elif unicodedata.category(letter) not in _INVISIBLE:
            letters.append(" ")
    return unicodedata.normalize("NFC", " ".join("".join(letters).split()))


# --- Latin spellings of Arabic names -------------------------------------------------------------

_ARTICLES = frozenset({"al", "el", "ul", "il"})
# The article takes the sound of a following sun letter: ash-Shatt, az-Zubayr.
_SUN_ARTICLES = {
    "ash": "sh",
    "ath": "th",
    "adh": "dh",
    "ar": "r",
    "as": "s",
    "at": "t",
    "az": "z",
    "ad": "d",
    "an": "n",
}
#: Letters written together for one sound, in the order they are read; `spelling` adds vowels.
LATIN_SOUNDS = (
    ("tch", "C"),
    ("sch", "C"),
    ("sh", "C"),
    ("ch", "C"),
    ("kh", "X"),
    ("gh", "G"),
    ("dh", "d"),
    ("th", "t"),
    ("ph", "f"),
    ("ck", "k"),
    ("q", "k"),
    ("c", "k"),
    ("p", "b"),
    ("v", "f"),
)
_ARABIC_SOUNDS = str.maketrans(
    {
        "ا": "a",
        "ب": "b",
        "پ": "b",
        "ت": "t",
        "ث": "t",
        "ج": "j",
        "چ": "C",
        "ح": "h",
        "خ": "X",
        "د": "d",
        "ذ": "d",
        "ر": "r",
        "ز": "z",
        "ژ": "j",
        "س": "s",
        "ش": "C",
        "ص": "s",
        "ض": "d",
        "ط": "t",
        "ظ": "z",
        "ع": "a",
        "غ": "G",
        "ف": "f",
        "ڤ": "f",
        "ق": "k",
        "ك": "k",
        "گ": "g",
        "ل": "l",
        "م": "m",
        "ن": "n",
        "ه": "h",
        "و": "w",
        "ي": "y",
        "ء": None,
    }
)
_LATIN = re.compile(r"[a-z]")
_VOWELS = re.compile(r"(?<=.)[aeiouyw]+")
_FIRST_VOWEL = re.compile(r"^[aeiou]+")
_DOUBLED = re.compile(r"(.)\1+")
_FINAL_H = re.compile(r"(?<=.)h$")


def latin_key(text: str) -> str:
    """A key by sound, so that Zubair, Zubayr, Al-Zubair and الزبير meet.

    Word by word, after `search_key`: the article (al, el, and before sun letters az, ash, ...)
    goes, also when written together in a long word; pairs of letters become one sound; doubled
    letters become one; vowels and y or w go, except a first one; a final h goes. What is left is a
    skeleton of consonants: coarse on purpose, made for offering candidates that a person chooses
    from, never for deciding that two names are one.
    """
    words = search_key(text).split()
    keys = []
    for position, word in enumerate(words):
        following = words[position + 1] if position + 1 < len(words) else ""
        if not _is_article(word, following):
            keys.append(_sound_key(word))
    return " ".join(key for key in keys if key)


def _is_article(word: str, following: str) -> bool:
    if not following:
        return False
    if word in _ARTICLES:
        return True
    sound = _SUN_ARTICLES.get(word)
    return sound is not None and following.startswith(sound)


def _sound_key(word: str) -> str:
    if _LATIN.search(word):
        if len(word) >= 6 and word[:2] in {"al", "el"}:
            word = word[2:]
        for spelled, sound in LATIN_SOUNDS:
            word = word.replace(spelled, sound)
    else:
        if len(word) >= 4 and word.startswith("ال"):
            word = word[2:]
        word = word.translate(_ARABIC_SOUNDS)
    word = _FIRST_VOWEL.sub("a", word)
    word = _FINAL_H.sub("", word)
    return _DOUBLED.sub(r"\1", _VOWELS.sub("", _DOUBLED.sub(r"\1", word)))


def first_strong_direction(text: str, default: str = "ltr") -> str:
    """ "rtl" or "ltr" by the first letter that has a direction, as HTML's dir="auto" decides."""
    for letter in text:
        bidi = unicodedata.bidirectional(letter)
        if bidi == "L":
            return "ltr"
        if bidi in {"R", "AL"}:
            return "rtl"
    return default
