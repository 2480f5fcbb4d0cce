"""Did violence fall where the program works, compared with where it does not?

Rule: for each district the counts after the start over those before, as a logarithm. The effect is
that of the program's districts together less that of the comparison districts together
(difference in differences, by totals). It is judged twice: against the spread of the comparison
districts, with the t distribution, and against every other choice of as many districts, as if the
program had been there (placebo). Only where both say so is it "fewer" or "more"; else the data
cannot tell. What the weeks of one district say of each other is not asked, since districts, not
weeks, were chosen.

A before and after of the program's districts alone is never given: where nothing happened but a
general decline it says "fewer" nine times in ten.

With two of eight districts a true fall by a quarter is recognised in three or four programs of ten.
"Cannot tell" is no evidence that nothing happened.

Sources: Donald and Lang 2007, Review of Economics and Statistics 89:221 (few groups, t); Abadie,
Diamond and Hainmueller 2010, J. Am. Stat. Assoc. 105:493 (placebo).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

#: What must be there before anything is said (weeks, districts, incidents before the start).
WEEKS_BEFORE, WEEKS_AFTER, COMPARISONS, EVENTS_BEFORE = 52, 26, 4, 100
#: Choices of districts that are tried at most; beyond, evenly spread ones of them.
_MOST_CHOICES = 5000
#: Of all choices, at most this share may lie as far out.
_PLACEBO = 0.10


class Verdict(Enum):
    """What may be said."""

    FEWER = "fewer"
    MORE = "more"
    CANNOT_TELL = "cannot_tell"
    TOO_LITTLE = "too_little"


class Reason(Enum):
    """Why nothing is said, where it is not."""

    NONE = ""
    WEEKS_BEFORE = "weeks_before"
    WEEKS_AFTER = "weeks_after"
    COMPARISONS = "comparisons"
    EVENTS_BEFORE = "events_before"
    APART_BEFORE = "apart_before"
    CHANCE = "chance"


@dataclass(frozen=True, slots=True)
class Effect:
    """What `effect` found.

    verdict, reason   what may be said, and why not more
    ratio             rate after over before, the program's districts against the others; nan where
                      too little is there
    low, high         95 % interval by the spread of the comparison districts
    p_placebo         share of all choices of districts that lie as far from 1, the real one counted
    placebo           the ratio of every other choice, sorted
    changes           each district's own counts after over before, a week; in the order given
    apart_before      the same ratio between the second and the first half of the weeks before the
                      start, its interval without 1: the districts went apart before the program
    """

    verdict: Verdict
    reason: Reason
    ratio: float
    low: float
    high: float
    p_placebo: float
    placebo: NDArray[np.float64]
    changes: NDArray[np.float64]
    apart_before: bool


def effect(counts: ArrayLike, *, start: int, treated: ArrayLike) -> Effect:
    """Judge the change in `treated` districts against the others.

    counts   weeks x districts, whole numbers; nan is a week without reporting and is left out
    start    row of the program's first week
    treated  one truth value a district
    """
    table = np.asarray(counts, dtype=float)
    inside = np.asarray(treated, dtype=bool).reshape(-1)
    if table.ndim != 2 or table.shape[1] != len(inside):
        raise ValueError("Counts are weeks by districts.")
    before, after = table[: max(start, 0)], table[max(start, 0) :]
    changes = _changes(before, after)
    lacks = _lacking(before, after, inside)
    if lacks is not Reason.NONE:
        nan = float("nan")
        return Effect(
            Verdict.TOO_LITTLE, lacks, nan, nan, nan, 1.0, np.empty(0), np.exp(changes), False
        )
    middle, low, high = _compared(before, after, inside)
    half = len(before) // 2
    _ratio, earlier_low, earlier_high = _compared(before[:half], before[half:], inside)
    apart = not earlier_low <= 0 <= earlier_high
    placebo = _placebo(before, after, inside)
    as_far = (np.abs(placebo) >= abs(middle) - 1e-12).sum()
    p_placebo = float((1 + as_far) / (1 + len(placebo)))
    verdict, reason = Verdict.CANNOT_TELL, Reason.CHANCE
    if apart:
        reason = Reason.APART_BEFORE
    elif not low <= 0 <= high and p_placebo <= _PLACEBO:
        verdict, reason = (Verdict.FEWER if middle < 0 else Verdict.MORE), Reason.NONE
    return Effect(
        verdict=verdict,
        reason=reason,
        ratio=float(np.exp(middle)),
        low=float(np.exp(low)),
        high=float(np.exp(high)),
        p_placebo=p_placebo,
        placebo=np.sort(np.exp(placebo)),
        changes=np.exp(changes),
        apart_before=apart,
    )


def _lacking(
    before: NDArray[np.float64], after: NDArray[np.float64], inside: NDArray[np.bool_]
) -> Reason:
    if not inside.any() or (~inside).sum() < COMPARISONS:
        return Reason.COMPARISONS
    if len(before) < WEEKS_BEFORE or _fewest_weeks(before) < WEEKS_BEFORE:
        return Reason.WEEKS_BEFORE
    if len(after) < WEEKS_AFTER or _fewest_weeks(after) < WEEKS_AFTER:
        return Reason.WEEKS_AFTER
    if np.nansum(before) < EVENTS_BEFORE:
        return Reason.EVENTS_BEFORE
    return Reason.NONE


def _fewest_weeks(part: NDArray[np.float64]) -> int:
    """Reported weeks of the district that has fewest."""
    return int(np.isfinite(part).sum(axis=0).min())


def _rates(part: NDArray[np.float64], chosen: NDArray[np.bool_] | slice) -> float:
    """Incidents a week of some districts together; half an incident more, so that 0 has a log."""
    own = part[:, chosen]
    weeks = np.isfinite(own).sum(axis=0)
    return float(((np.nansum(own, axis=0) + 0.5) / np.maximum(weeks, 1)).sum())


def _changes(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each district's log ratio of incidents a week, after over before."""
    weeks_before = np.maximum(np.isfinite(before).sum(axis=0), 1)
    weeks_after = np.maximum(np.isfinite(after).sum(axis=0), 1)
    return np.asarray(
        np.log((np.nansum(after, axis=0) + 0.5) / weeks_after)
        - np.log((np.nansum(before, axis=0) + 0.5) / weeks_before)
    )


def _together(
    before: NDArray[np.float64], after: NDArray[np.float64], inside: NDArray[np.bool_]
) -> float:
    """The log ratio of ratios, by totals."""
    return float(
        np.log(_rates(after, inside) / _rates(before, inside))
        - np.log(_rates(after, ~inside) / _rates(before, ~inside))
    )


def _compared(
    before: NDArray[np.float64], after: NDArray[np.float64], inside: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """The effect as a logarithm, and its interval by the spread of the comparison districts."""
    middle = _together(before, after, inside)
    others = _changes(before, after)[~inside]
    number = len(others)
    error = others.std(ddof=1) * np.sqrt(1 / inside.sum() + 1 / number)
    reach = float(special.stdtrit(number - 1, 0.975) * error)
    return middle, middle - reach, middle + reach


def _placebo(
    before: NDArray[np.float64], after: NDArray[np.float64], inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The same of every other choice of as many districts, as logarithms."""
    number, many = len(inside), int(inside.sum())
    real = tuple(np.flatnonzero(inside))
    step = max(comb(number, many) // _MOST_CHOICES, 1)
    found = []
    for at, chosen in enumerate(combinations(range(number), many)):
        if chosen == real or at % step:
            continue
        other = np.zeros(number, dtype=bool)
        other[list(chosen)] = True
        found.append(_together(before, after, other))
    return np.array(found)
