"""Reading single cells. Every function takes the text of a cell and returns a value, or `BadCell`.

Digits may be Western, Arabic or Persian. An empty cell is the caller's business.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta

from ceasefire import codes
from ceasefire.exports.cells import clean_text
from ceasefire.periods import BAGHDAD
from ceasefire.text import western_digits
from incidents.importing.problems import BadCell

#: More victims than that in one event is a slip of the keyboard.
LARGEST_NUMBER = 100_000
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
    if made.year < 1900:
        raise BadCell("date_too_early")
    return made


def iso_day(text: str) -> date:
    """A day as published lists write it: YYYY-MM-DD, perhaps with a time of 00:00 behind it."""
    found = _ISO.fullmatch(plain(text))
    if found is None:
        raise BadCell("date_not_iso")
    return _made(*found.group(1, 2, 3))


def moment(text: str) -> tuple[datetime, bool]:
    """A moment and whether a time of day was given: ISO, or day/month/year as people write here.

    Never month first: 11/12/2026 is the 11th of December. Without a zone it is Baghdad time.
    """
    text = plain(text)
    found = _ISO.fullmatch(text)
    if found is not None:
        day, (hour, minute, second, zone) = _made(*found.group(1, 2, 3)), found.group(4, 5, 6, 7)
    else:
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
    """The code lists, read once for a file: what a cell may hold."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = {}

    def code(self, name: str, text: str) -> str:
        """A code of a list, in any letter case; retired codes are still taken."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = {
                code.lower(): code for code, _label in codes.choices(name, retired=True)
            }
        try:
            return known[plain(text).lower()]
        except KeyError:
            raise BadCell("code_unknown") from None

    def codes(self, name: str, text: str) -> list[str]:
        """Several codes, separated by semicolons, each once."""
        return list(dict.fromkeys(self.code(name, part) for part in parts(text)))


def parts(text: str) -> list[str]:
    """The members of a list inside a cell."""
    return [part.strip() for part in text.replace("؛", ";").split(";") if part.strip()]
