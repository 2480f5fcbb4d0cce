"""Reading single cells. Every function takes the text of a cell and returns a value, or `BadCell`.

Digits may be Western, Arabic or Persian. An empty cell is the caller's business.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from ceasefire import codes
from ceasefire.exports.cells import clean_text
from ceasefire.periods import BAGHDAD
from ceasefire.text import search_key, western_digits
from incidents.importing.problems import BadCell

#: More victims than that in one event is a slip of the keyboard.
LARGEST_NUMBER = 100_000
#: Days before it are slips, or the zero of a spreadsheet's calendar.
EARLIEST_YEAR = 1920
_WHOLE = re.compile(r"[0-9]{1,12}(?:\.0+)?")
_NEGATIVE = re.compile(r"[-\u2212][0-9]+(?:\.0+)?")
_DEGREES = re.compile(r"[-\u2212+]?[0-9]{1,3}(?:\.[0-9]{1,20})?")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DAY_FIRST = re.compile(
    r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})(?:[ ,T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?"
)


def plain(text: str) -> str:
    """A cell's text in Western digits, without unseen marks: for numbers, dates and codes."""
    if text.isascii():
        return text.strip()
    return western_digits(clean_text(text)).strip().strip("\u200b\u00a0\ufeff").strip()


def free_text(text: str, longest: int) -> str:
    """A text as people wrote it, without control and reordering marks."""
    text = clean_text(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > longest:
        raise BadCell("text_too_long")
    return text


def whole(text: str) -> int:
    """A whole number from 0."""
    text = plain(text)
    if not _WHOLE.fullmatch(text):
        raise BadCell("number_negative" if _NEGATIVE.fullmatch(text) else "not_a_number")
    number = int(text.split(".")[0])
    if number > LARGEST_NUMBER:
        raise BadCell("number_too_large")
    return number


def whole_between(text: str, first: int, last: int) -> int:
    """A whole number of a short scale, such as a precision."""
    number = whole(text)
    if not first <= number <= last:
        raise BadCell("code_unknown")
    return number


_YES = frozenset({"1", "1.0", "true", "y"})
_NO = frozenset({"0", "0.0", "false", "n"})


def ticked(text: str) -> bool | None:
    """A yes or no as programs write it; None where it is neither."""
    lowered = plain(text).lower()
    if lowered in _YES or lowered in _NO:
        return lowered in _YES
    return None


#: A number of one or two digits that is no part of another one: 14, "0-11", "40,14", but not 25.5
#: or 1990.
_YEARS = re.compile(r"(?<![0-9.\u066b])[0-9]{1,2}(?![0-9])")
#: A group of ages that ends below 18, as other programs name it.
_UNDER = re.compile(r"(?:<|under|below|less than|دون|تحت|[أا]قل من)[\W_]*(?:ال)?18(?![0-9])", re.I)
_MINORS = frozenset(
    search_key(word)
    for word in (
        *("child", "children", "minor", "minors", "juvenile", "baby", "infant", "boy", "girl"),
        *("boys", "girls", "teenager", "طفل", "طفلة", "أطفال", "قاصر", "قاصرة", "قاصرون"),
        *("رضيع", "رضيعة", "صبي", "فتاة", "حدث"),
    )
)


def says_minor(text: str) -> bool:
    """Whether ages or kinds of people speak of somebody under 18; in doubt they do."""
    text = plain(text)
    if _UNDER.search(text) or any(int(number) < 18 for number in _YEARS.findall(text)):
        return True
    return not _MINORS.isdisjoint(search_key(text).split())


def degrees(text: str, limit: float) -> float:
    """A latitude (limit 90) or longitude (180) in degrees."""
    text = plain(text)
    if not _DEGREES.fullmatch(text):
        raise BadCell("not_a_coordinate")
    value = float(text.replace("\u2212", "-"))
    if not math.isfinite(value) or abs(value) > limit:
        raise BadCell("not_a_coordinate")
    return value


def _made(year: str, month: str, day: str) -> date:
    try:
        made = date(int(year), int(month), int(day))
    except ValueError:
        raise BadCell("date_impossible") from None
    if made.year < EARLIEST_YEAR:
        raise BadCell("date_too_early")
    return made


def iso_day(text: str) -> date:
    """A day as published lists write it: YYYY-MM-DD, perhaps with a time of 00:00 behind it."""
    found = _ISO.fullmatch(plain(text))
    if found is None:
        raise BadCell("date_not_iso")
    return _made(*found.group(1, 2, 3))


#: A day as spreadsheets count them when a cell has lost its format: 46000 is 2025-12-09.
_SERIAL = re.compile(r"([1-9][0-9]{4})(\.[0-9]+)?")
_EPOCH = date(1899, 12, 30)


def is_serial(text: str) -> bool:
    """Whether a day is written as a spreadsheet's number of days."""
    return _SERIAL.fullmatch(plain(text)) is not None


def _serial(days: str, part: str | None) -> tuple[datetime, bool]:
    seconds = round(float(part or 0) * 86400)
    day = datetime.combine(_EPOCH + timedelta(days=int(days)), time.min, BAGHDAD)
    return day + timedelta(seconds=seconds), seconds > 0


def moment(text: str) -> tuple[datetime, bool]:
    """A moment and whether a time of day was given: ISO, or day/month/year as people write here.

    Never month first: 11/12/2026 is the 11th of December. Without a zone it is Baghdad time.
    """
    text = plain(text)
    found = _ISO.fullmatch(text)
    if found is not None:
        day, (hour, minute, second, zone) = _made(*found.group(1, 2, 3)), found.group(4, 5, 6, 7)
    else:
        serial = _SERIAL.fullmatch(text)
        if serial is not None:
            return _serial(*serial.groups())
        found = _DAY_FIRST.fullmatch(text)
        if found is None:
            raise BadCell("not_a_date")
        day, zone = _made(*found.group(3, 2, 1)), None
        hour, minute, second = found.group(4, 5, 6)
    if hour is None:
        return datetime.combine(day, time.min, BAGHDAD), False
    try:
        at = datetime.combine(day, time(int(hour), int(minute), int(second or 0)), BAGHDAD)
        if zone:
            at = at.replace(tzinfo=datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo)
            at = at.astimezone(BAGHDAD)
    except (ValueError, OverflowError):
        raise BadCell("not_a_date") from None
    return at, True


def start_of(day: date) -> datetime:
    """Midnight in Baghdad at the beginning of a day."""
    return datetime.combine(day, time.min, BAGHDAD)


def end_of(day: date) -> datetime:
    """The last second of a day in Baghdad."""
    return datetime.combine(day + timedelta(days=1), time.min, BAGHDAD) - timedelta(seconds=1)


class Lists:
    """The code lists, read once for a file: what a cell may hold.

    A code in any letter case, its label in either language, or a word that the person said what it
    means (`meant`: {our column: {word, folded: code}}); retired codes are still taken.
    """

    def __init__(self, meant: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._known: dict[str, dict[str, str]] = {}
        self._meant = meant or {}

    def known(self, name: str) -> dict[str, str]:
        """Every spelling of a list's codes and labels, folded: its code."""
        known = self._known.get(name)
        if known is None:
            known = {}
            rows = [code for code, _label in codes.choices(name, retired=True)]
            for language in ("en", "ar"):
                for code in rows:
                    known.setdefault(search_key(codes.label(name, code, language)), code)
            known |= {search_key(code): code for code in rows}
            known |= {code.lower(): code for code in rows}
            self._known[name] = known
        return known

    def code(self, name: str, text: str, column: str = "") -> str:
        """A code of a list."""
        known = self.known(name)
        lowered = plain(text).lower()
        found = known.get(lowered)
        if found is None:
            folded = search_key(text)
            found = self._meant.get(column, {}).get(folded) or known.get(folded)
        if found is None:
            raise BadCell("code_unknown")
        return found

    def all(self, name: str, text: str, column: str = "") -> list[str]:
        """Several codes, repeats kept: between semicolons, or blanks as collection tools write."""
        found = []
        for part in parts(text):
            try:
                found.append(self.code(name, part, column))
            except BadCell:
                words = part.split()
                if len(words) < 2:
                    raise
                found += [self.code(name, word, column) for word in words]
        return found

    def codes(self, name: str, text: str, column: str = "") -> list[str]:
        """Several codes, each once."""
        return list(dict.fromkeys(self.all(name, text, column)))


def parts(text: str) -> list[str]:
    """The members of a list inside a cell."""
    return [part.strip() for part in text.replace("؛", ";").split(";") if part.strip()]
