"""Days and weeks in Basrah: the one `today()`, the one `now()`, and half-open weeks.

Services take `on=` and `at=` and do not ask the clock; views, tasks and commands ask here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = [
    "BAGHDAD",
    "SUNDAY",
    "Week",
    "is_pinned",
    "local_day",
    "long_date",
    "month_name",
    "now",
    "today",
]

#: UTC+3 without summer time since 2008; earlier dates had it, so the zone is named, not the offset.
BAGHDAD = ZoneInfo("Asia/Baghdad")

#: Python's weekday number; the working week in Iraq begins on Sunday.
SUNDAY = 6

_ONE_DAY = timedelta(days=1)
_ONE_WEEK = timedelta(days=7)

_MONTHS = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    # The names used in Iraq and the Levant. Django's `ar` has the Egyptian ones.
    "ar": (
        "كانون الثاني",
        "شباط",
        "آذار",
        "نيسان",
        "أيار",
        "حزيران",
        "تموز",
        "آب",
        "أيلول",
        "تشرين الأول",
        "تشرين الثاني",
        "كانون الأول",
    ),
}


def now() -> datetime:
    """This moment, aware, in Baghdad. Never pinned: the 72-hour clocks use the real time."""
    return datetime.now(BAGHDAD)


def today() -> date:
    """The day in Baghdad, or the day `CEASEFIRE_TODAY` (setting or environment) pins.

    For reports and dashboards, replay and tests. A pin that is not YYYY-MM-DD is an error.
    """
    return _pinned_day() or now().date()


def is_pinned() -> bool:
    """Whether `CEASEFIRE_TODAY` says the day, whatever any clock says."""
    return _pinned_day() is not None


def _pinned_day() -> date | None:
    from django.conf import settings

    pin = getattr(settings, "CEASEFIRE_TODAY", None) if settings.configured else None
    pin = pin or os.environ.get("CEASEFIRE_TODAY")
    if not pin:
        return None
    if isinstance(pin, datetime):
        return local_day(pin)
    if isinstance(pin, date):
        return pin
    try:
        return date.fromisoformat(str(pin))
    except ValueError:
        raise ValueError(f"CEASEFIRE_TODAY must be a day as YYYY-MM-DD, not {pin!r}.") from None


def local_day(moment: date | datetime) -> date:
    """The day in Baghdad on which a moment falls; a naive moment is taken as Baghdad time."""
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo is None else moment.astimezone(BAGHDAD)).date()
    return moment


@dataclass(frozen=True, order=True)
class Week:
    """Seven days from `start`, half-open: `start` is in, `end` (= the next start) is not.

    A week is known by its first day, so a year has no "week 53" to go wrong over, and a site may
    begin its week on any weekday.
    """

    start: date

    def __post_init__(self) -> None:
        if isinstance(self.start, datetime) or not isinstance(self.start, date):
            raise TypeError("A week starts on a day, not on a moment.")

    @classmethod
    def of(cls, day: date | datetime, week_start: int = SUNDAY) -> Week:
        """The week that holds `day`, weeks beginning on Python weekday number `week_start`."""
        if not 0 <= week_start <= 6:
            raise ValueError("week_start is a Python weekday number, 0 (Monday) to 6 (Sunday).")
        day = local_day(day)
        return cls(day - timedelta(days=(day.weekday() - week_start) % 7))

    @classmethod
    def starts_between(cls, first: date, until: date, week_start: int = SUNDAY) -> Iterator[Week]:
        """Every week whose first day lies in the half-open span from `first` to `until`."""
        week = cls.of(first, week_start)
        if week.start < first:
            week = week.next()
        while week.start < until:
            yield week
            week = week.next()

    @property
    def end(self) -> date:
        """The first day after the week."""
        return self.start + _ONE_WEEK

    @property
    def last_day(self) -> date:
        """The seventh day, for people to read; rules use `end`."""
        return self.end - _ONE_DAY

    @property
    def starts_at(self) -> datetime:
        """Midnight in Baghdad at the beginning of the first day."""
        return datetime.combine(self.start, time.min, BAGHDAD)

    @property
    def ends_at(self) -> datetime:
        """Midnight in Baghdad at which the week is over."""
        return datetime.combine(self.end, time.min, BAGHDAD)

    def next(self) -> Week:
        return Week(self.end)

    def previous(self) -> Week:
        return Week(self.start - _ONE_WEEK)

    def plus(self, weeks: int) -> Week:
        """The week so many weeks later, or earlier when negative."""
        return Week(self.start + weeks * _ONE_WEEK)

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, date) and self.start <= local_day(moment) < self.end

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=number) for number in range(7))

    def __len__(self) -> int:
        return 7

    def __str__(self) -> str:
        return self.start.isoformat()


def month_name(month: int, language: str) -> str:
    """The name of month 1 to 12 as Iraqis say it; any language but Arabic gets English."""
    return _MONTHS["ar" if language.startswith("ar") else "en"][month - 1]


def long_date(day: date | datetime, language: str) -> str:
    """A day in words, "22 November 2026" or "22 تشرين الثاني 2026", always in Western digits."""
    day = local_day(day)
    return f"{day.day} {month_name(day.month, language)} {day.year}"
