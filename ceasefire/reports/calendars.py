"""Which days of a week lie in which period of the religious calendar.

Months are those of the Umm al-Qura calendar; in Iraq a month may begin a day earlier or later by
sighting, which a share of seven days bears. Outside the years that are tabled (1343 to 1500 of the
hijra, 1924 to 2077) a day is in no period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from hijridate import Gregorian
from numpy.typing import NDArray

#: Period -> (month, first day, last day) of the hijri year; several where it has several parts.
PERIODS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "ramadan": ((9, 1, 30),),
    "muharram": ((1, 1, 10),),
    # Around Arbaeen, the 20th of Safar, when pilgrims walk.
    "safar": ((2, 6, 20),),
    "eids": ((10, 1, 3), (12, 10, 13)),
}


@dataclass(frozen=True)
class Vote:
    """A day on which Iraq voted: what for, and where the day is written down."""

    day: date
    what: str
    source: str


_TIMELINE = "Sixteen Years of Parliamentary Elections in Iraq, storymaps.arcgis.com"
#: Days on which Iraq voted for the whole country or its governorates, special voting left out.
#: Marked, never a term of the trend: too few to say anything of. Each day was read in the source
#: beside it. Public salaries have no such list: the Ministry of Finance opens payment anew each
#: month (docs/weekly-report.md), so days of pay are not marked.
VOTES = (
    Vote(date(2005, 1, 30), "National Assembly and governorates", _TIMELINE),
    Vote(date(2005, 10, 15), "Referendum on the constitution", _TIMELINE),
    Vote(date(2005, 12, 15), "Council of Representatives", _TIMELINE),
    Vote(
        date(2009, 1, 31),
        "Governorates (14 of 18)",
        "en.wikipedia.org/wiki/2009_Iraqi_governorate_elections",
    ),
    Vote(
        date(2010, 3, 7),
        "Council of Representatives",
        "Inter-Parliamentary Union, archive.ipu.org/parline-e/reports/arc/2151_10.htm",
    ),
    Vote(
        date(2013, 4, 20),
        "Governorates (12 of 18)",
        "UNAMI on the date set with IHEC; statement of the United Nations of 22 April 2013",
    ),
    Vote(
        date(2014, 4, 30),
        "Council of Representatives",
        "en.wikipedia.org/wiki/2014_Iraqi_parliamentary_election",
    ),
    Vote(
        date(2018, 5, 12),
        "Council of Representatives",
        "en.wikipedia.org/wiki/2018_Iraqi_parliamentary_election",
    ),
    Vote(
        date(2021, 10, 10),
        "Council of Representatives",
        "en.wikipedia.org/wiki/2021_Iraqi_parliamentary_election",
    ),
    Vote(
        date(2023, 12, 18),
        "Governorates (15 of 18)",
        "IHEC, as quoted by kurdsatenglish.com, 21 June 2023; hathalyoum.net, 18 December 2023",
    ),
    Vote(
        date(2025, 11, 11),
        "Council of Representatives",
        "IHEC, as quoted by shafaq.com, 11 November 2025",
    ),
)
ELECTIONS = frozenset(one.day for one in VOTES)
#: The name under which an election is marked.
ELECTION = "election"


@lru_cache(maxsize=4096)
def _periods_of(day: date) -> frozenset[str]:
    return frozenset(name for name, _year in _years_of(day))


@lru_cache(maxsize=4096)
def _years_of(day: date) -> frozenset[tuple[str, int]]:
    """The periods a day lies in, each with its year of the hijra."""
    try:
        hijri = Gregorian.fromdate(day).to_hijri()
    except (OverflowError, ValueError):
        return frozenset()
    return frozenset(
        (name, hijri.year)
        for name, parts in PERIODS.items()
        if any(hijri.month == month and first <= hijri.day <= last for month, first, last in parts)
    )


def shares(weeks: Sequence[date]) -> dict[str, NDArray[np.float64]]:
    """Of each period, the share of the seven days of each week (by its first day) inside it."""
    found = {name: np.zeros(len(weeks)) for name in PERIODS}
    for at, first in enumerate(weeks):
        for day in range(7):
            for name in _periods_of(first + timedelta(days=day)):
                found[name][at] += 1 / 7
    return found


def years(weeks: Sequence[date]) -> dict[str, list[frozenset[int]]]:
    """Of each period, the years of the hijra in which each week (by its first day) has part in it.

    The two Eids are one period that comes once a year, in two parts.
    """
    found = [
        frozenset[tuple[str, int]]().union(
            *(_years_of(first + timedelta(days=day)) for day in range(7))
        )
        for first in weeks
    ]
    return {
        name: [frozenset(year for own, year in one if own == name) for one in found]
        for name in PERIODS
    }


def marks(weeks: Sequence[date]) -> list[list[str]]:
    """The names of what lies in each week (by its first day): periods, and an election."""
    found = []
    for first in weeks:
        days = [first + timedelta(days=day) for day in range(7)]
        inside = frozenset[str]().union(*map(_periods_of, days))
        names = [name for name in PERIODS if name in inside]
        found.append(names + ([ELECTION] if ELECTIONS & set(days) else []))
    return found
