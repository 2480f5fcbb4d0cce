"""Which days of a week lie in which period of the religious calendar.

Months are those of the Umm al-Qura calendar; in Iraq a month may begin a day earlier or later by
sighting, which a share of seven days bears. Outside the years that are tabled (1343 to 1500 of the
hijra, 1924 to 2077) a day is in no period.
"""

from __future__ import annotations

from collections.abc import Sequence
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


#: Days on which Iraq voted for the whole country or its governorates. Marked, never a term of the
#: trend: too few to say anything of. Pay days are not marked, since no dated public list is kept.
ELECTIONS = frozenset(
    map(
        date.fromisoformat,
        (
            "2005-01-30", "2005-10-15", "2005-12-15", "2009-01-31", "2010-03-07", "2013-04-20",
            "2014-04-30", "2018-05-12", "2021-10-10", "2023-12-18", "2025-11-11",
        ),
    )
)  # fmt: skip
#: The name under which an election is marked.
ELECTION = "election"


@lru_cache(maxsize=4096)
def _periods_of(day: date) -> frozenset[str]:
    try:
        hijri = Gregorian.fromdate(day).to_hijri()
    except (OverflowError, ValueError):
        return frozenset()
    return frozenset(
        name
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


def marks(weeks: Sequence[date]) -> list[list[str]]:
    """The names of what lies in each week (by its first day): periods, and an election."""
    found = []
    for first in weeks:
        days = [first + timedelta(days=day) for day in range(7)]
        inside = frozenset[str]().union(*map(_periods_of, days))
        names = [name for name in PERIODS if name in inside]
        found.append(names + ([ELECTION] if ELECTIONS & set(days) else []))
    return found
