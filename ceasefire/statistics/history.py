"""What the history of a series allows: the minimum-data rules of the weekly report.

| weeks of history | allowed |
| --- | --- |
| below 8 | counts only |
| 8 to 25 | counts with the range seen so far; no test |
| 26 to 155 | early watch for district totals, the range for the rest; no alert |
| 156 to 259 | Farrington with 3 years, where every reference week exists |
| from 260 | Farrington with 5 years, where every reference week exists |

Weeks of history are the weeks before this one that were observed since the baseline last began. A
missing week is missing, never zero. A run of more than two missing weeks, or a change of what is
recorded, begins the baseline anew; shorter gaps are left out of every mean and fit. Where a
reference week is missing or lies before the baseline, the next lower rule holds, so an alert needs
about 160 weeks. Under the Farrington rules a week with fewer than 5 events in the last 4 weeks is
too few to say.

Source: design of the weekly report, section 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from .farrington import reference_weeks

FOR_RANGE = 8
FOR_EARLY_WATCH = 26
FOR_THREE_YEARS = 156
FOR_FIVE_YEARS = 260
LONGEST_GAP = 2
RECENT_WEEKS = 4
RECENT_EVENTS = 5
HALF_WINDOW = 3
RANGE_WEEKS = 52


class Rule(StrEnum):
    """What may be said of a week, from least to most."""

    MISSING = "missing"
    COUNTS = "counts"
    RANGE = "range"
    EARLY_WATCH = "early_watch"
    TOO_FEW = "too_few"
    THREE_YEARS = "farrington_3"
    FIVE_YEARS = "farrington_5"


@dataclass(frozen=True, slots=True)
class History:
    """What is known of the weeks before the one to judge.

    rule       what is allowed (see `Rule`)
    weeks      observed weeks before this one since the baseline began
    missing    weeks without a report among them
    start      position of the first week of the baseline; the length of the series when none
    restarted  earlier weeks exist that the baseline leaves out
    recent     events in the last 4 weeks, this one included, missing weeks left out
    years_back years of the Farrington baseline, also where the last weeks have too few events;
               None where the history does not allow it
    low, high  fewest and most events in a week of the last 52 before this one; None without any
    """

    rule: Rule
    weeks: int
    missing: int
    start: int
    restarted: bool
    recent: int
    years_back: int | None
    low: int | None
    high: int | None


def history(
    counts: ArrayLike,
    *,
    dates: Sequence[date] | None = None,
    total: bool = True,
    baseline_from: int = 0,
) -> History:
    """What may be said of the last week of a series.

    counts         events in consecutive weeks, the week to judge last; nan = missing
    dates          first days of the weeks; None: reference weeks are 52 apart
    total          a district's total; the early watch is for totals alone
    baseline_from  position from which the entry rules are the same as today

    Raises ValueError for a table, a negative or infinite count.
    """
    series = np.asarray(counts, dtype=float)
    if series.ndim != 1:
        raise ValueError("A history is one series.")
    with np.errstate(invalid="ignore"):
        if np.isinf(series).any() or (series < 0).any():
            raise ValueError("A count is a number from 0 up, or missing.")
    length = series.size
    present = ~np.isnan(series)
    start = _baseline_start(present, max(baseline_from, 0))
    if length == 0:
        return History(Rule.MISSING, 0, 0, 0, False, 0, None, None, None)
    last = length - 1
    weeks = int(present[start:last].sum())
    missing = max(last - start, 0) - weeks
    earlier = series[max(start, last - RANGE_WEEKS) : last]
    earlier = earlier[~np.isnan(earlier)]
    recent = float(np.nansum(series[max(length - RECENT_WEEKS, 0) :]))

    years_back = None
    if not present[last]:
        rule = Rule.MISSING
    elif weeks >= FOR_FIVE_YEARS and _references_exist(present, start, 5, dates):
        rule, years_back = Rule.FIVE_YEARS, 5
    elif weeks >= FOR_THREE_YEARS and _references_exist(present, start, 3, dates):
        rule, years_back = Rule.THREE_YEARS, 3
    elif weeks >= FOR_EARLY_WATCH and total:
        rule = Rule.EARLY_WATCH
    elif weeks >= FOR_RANGE:
        rule = Rule.RANGE
    else:
        rule = Rule.COUNTS
    if years_back and recent < RECENT_EVENTS:
        rule = Rule.TOO_FEW
    return History(
        rule=rule,
        weeks=weeks,
        missing=missing,
        start=start,
        restarted=bool(present[:start].any()),
        recent=int(recent),
        years_back=years_back,
        low=int(earlier.min()) if earlier.size else None,
        high=int(earlier.max()) if earlier.size else None,
    )


def _baseline_start(present: np.ndarray, baseline_from: int) -> int:
    """First observed week after the last run of more than two missing weeks."""
    at = np.flatnonzero(present)
    at = at[at >= baseline_from]
    if not at.size:
        return int(present.size)
    # A run that reaches to the end is a gap as well: whatever comes next begins anew.
    if present.size - 1 - at[-1] > LONGEST_GAP:
        return int(present.size)
    gaps = np.flatnonzero(np.diff(at) > LONGEST_GAP + 1)
    return int(at[gaps[-1] + 1] if gaps.size else at[0])


def _references_exist(
    present: np.ndarray, start: int, years_back: int, dates: Sequence[date] | None
) -> bool:
    """Whether each reference week was observed and its window lies inside the baseline."""
    references = reference_weeks(
        present.size - 1, years_back, length=int(present.size), dates=dates
    )
    return bool(
        references is not None
        and references[-1] - HALF_WINDOW >= start
        and present[references].all()
    )
