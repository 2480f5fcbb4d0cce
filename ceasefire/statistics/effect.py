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

The spread of districts is known only where each has incidents and they did not all change alike to
the last one: districts without an incident have the same ratio, and an interval without a width
would call anything an effect. And where fewer than ten choices of districts exist, the real one
alone is more than one in ten of them: no data could say anything, which is told as such.

Where several programs are judged at once, `judged_together` lets each speak only where it still
stands out among all of them (Benjamini and Hochberg).

With two of eight districts a true fall by a quarter is recognised in three or four programs of ten.
"Cannot tell" is no evidence that nothing happened.

Sources: Donald and Lang 2007, Review of Economics and Statistics 89:221 (few groups, t); Abadie,
Diamond and Hainmueller 2010, J. Am. Stat. Assoc. 105:493 (placebo).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .multiple_testing import benjamini_hochberg

#: What must be there before anything is said (weeks, districts, incidents before the start).
WEEKS_BEFORE, WEEKS_AFTER, COMPARISONS, EVENTS_BEFORE = 52, 26, 4, 100
#: Incidents before the start in each district that is compared with, and in those of the program
#: together: of fewer, the logarithm of a ratio is mostly the half incident that is added.
EVENTS_EACH = 10
#: Choices of districts that are tried at most; of more, so many are drawn.
MOST_CHOICES = 5000
#: Of all choices, at most this share may lie as far out; so at least `CHOICES` must exist.
_PLACEBO = 0.10
CHOICES = 10
#: Comparison districts whose logarithms differ by less changed alike.
_ALIKE = 1e-9


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
    EVENTS_EACH = "events_each"
    SPREAD = "spread"
    CHOICES = "choices"
    APART_BEFORE = "apart_before"
    CHANCE = "chance"
    MANY = "many"


#: Reasons for which no data of these weeks could have said anything: nothing was tested.
_UNTESTED = frozenset({Reason.CHOICES, Reason.APART_BEFORE})


@dataclass(frozen=True, slots=True)
class Effect:
    """What `effect` found.

    verdict, reason   what may be said, and why not more
    ratio             rate after over before, the program's districts against the others; nan where
                      too little is there
    low, high         95 % interval by the spread of the comparison districts
    p                 of the interval: how often chance alone lies as far from 1
    p_placebo         share of all choices of districts that lie as far from 1, the real one counted
    choices           how many choices of as many districts there are, the real one counted
    placebo           the ratio of every other choice, or of those that were drawn, sorted
    changes           each district's own counts after over before, a week; in the order given
    apart_before      the same ratio between the second and the first half of the weeks before the
                      start, its interval without 1: the districts went apart before the program
    """

    verdict: Verdict
    reason: Reason
    ratio: float
    low: float
    high: float
    p: float
    p_placebo: float
    choices: int
    placebo: NDArray[np.float64]
    changes: NDArray[np.float64]
    apart_before: bool

    @property
    def is_tested(self) -> bool:
        """Whether it could have come out as "fewer" or "more"."""
        return self.verdict is not Verdict.TOO_LITTLE and self.reason not in _UNTESTED


def choices(districts: int, treated: int) -> int:
    """How many ways there are to choose as many districts; fewer than `CHOICES` tell nothing."""
    return comb(districts, treated)


def effect(
    counts: ArrayLike, *, start: int, treated: ArrayLike, seed: int | Sequence[int] = 0
) -> Effect:
    """Judge the change in `treated` districts against the others.

    counts   weeks x districts, whole numbers; nan is a week without reporting and is left out
    start    row of the program's first week
    treated  one truth value a district
    seed     of the choices of districts that are drawn where there are more than `MOST_CHOICES`
    """
    table = np.asarray(counts, dtype=float)
    inside = np.asarray(treated, dtype=bool).reshape(-1)
    if table.ndim != 2 or table.shape[1] != len(inside):
        raise ValueError("Counts are weeks by districts.")
    before, after = table[: max(start, 0)], table[max(start, 0) :]
    changes = _changes(before, after)
    number = choices(len(inside), int(inside.sum()))
    lacks = _lacking(before, after, inside)
    if lacks is not Reason.NONE:
        nan = float("nan")
        return Effect(
            verdict=Verdict.TOO_LITTLE,
            reason=lacks,
            ratio=nan,
            low=nan,
            high=nan,
            p=1.0,
            p_placebo=1.0,
            choices=number,
            placebo=np.empty(0),
            changes=np.exp(changes),
            apart_before=False,
        )
    middle, low, high, p = _compared(before, after, inside)
    half = len(before) // 2
    _ratio, earlier_low, earlier_high, _p = _compared(before[:half], before[half:], inside)
    apart = not earlier_low <= 0 <= earlier_high
    placebo = _placebo(before, after, inside, seed)
    as_far = (np.abs(placebo) >= abs(middle) - 1e-9).sum()
    p_placebo = float((1 + as_far) / (1 + len(placebo)))
    verdict, reason = Verdict.CANNOT_TELL, Reason.CHANCE
    if number < CHOICES:
        reason = Reason.CHOICES
    elif apart:
        reason = Reason.APART_BEFORE
    elif not low <= 0 <= high and p_placebo <= _PLACEBO:
        verdict, reason = (Verdict.FEWER if middle < 0 else Verdict.MORE), Reason.NONE
    return Effect(
        verdict=verdict,
        reason=reason,
        ratio=float(np.exp(middle)),
        low=float(np.exp(low)),
        high=float(np.exp(high)),
        p=p,
        p_placebo=p_placebo,
        choices=number,
        placebo=np.sort(np.exp(placebo)),
        changes=np.exp(changes),
        apart_before=apart,
    )


def judged_together(found: Sequence[Effect]) -> list[Effect]:
    """The same, where each that says "fewer" or "more" still does so among all that were tested.

    Of each the larger of `p_placebo` and twice `p` is taken, since both must speak, the one at 0.10
    and the other at 0.05; over these runs Benjamini and Hochberg at 0.10. One alone stays as it is.
    """
    p = np.array([max(one.p_placebo, 2 * one.p) if one.is_tested else np.nan for one in found])
    adjusted = benjamini_hochberg(np.minimum(p, 1.0))
    return [
        replace(one, verdict=Verdict.CANNOT_TELL, reason=Reason.MANY)
        if one.verdict in (Verdict.FEWER, Verdict.MORE) and q > _PLACEBO
        else one
        for one, q in zip(found, adjusted, strict=True)
    ]


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
    events = np.nansum(before, axis=0)
    if events[~inside].min() < EVENTS_EACH or events[inside].sum() < EVENTS_EACH:
        return Reason.EVENTS_EACH
    if _changes(before, after)[~inside].std(ddof=1) < _ALIKE:
        return Reason.SPREAD
    return Reason.NONE


def _fewest_weeks(part: NDArray[np.float64]) -> int:
    """Reported weeks of the district that has fewest."""
    return int(np.isfinite(part).sum(axis=0).min())


def _rates(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """Incidents a week of each district; half an incident more, so that 0 has a log."""
    weeks = np.maximum(np.isfinite(part).sum(axis=0), 1)
    return np.asarray((np.nansum(part, axis=0) + 0.5) / weeks)


def _changes(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each district's log ratio of incidents a week, after over before."""
    return np.asarray(np.log(_rates(after)) - np.log(_rates(before)))


def _together(
    before: NDArray[np.float64], after: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The log ratio of ratios, by totals, of each choice of districts (one a row)."""
    earlier, later = _rates(before), _rates(after)
    return np.asarray(
        np.log((chosen @ later) / (chosen @ earlier))
        - np.log((~chosen @ later) / (~chosen @ earlier))
    )


def _compared(
    before: NDArray[np.float64], after: NDArray[np.float64], inside: NDArray[np.bool_]
) -> tuple[float, float, float, float]:
    """The effect as a logarithm, its interval by the spread of the comparison districts, and p."""
    middle = float(_together(before, after, inside[None, :])[0])
    others = _changes(before, after)[~inside]
    number = len(others)
    error = float(others.std(ddof=1) * np.sqrt(1 / inside.sum() + 1 / number))
    reach = float(special.stdtrit(number - 1, 0.975) * error)
    p = 2 * float(special.stdtr(number - 1, -abs(middle) / error)) if error else 1.0
    return middle, middle - reach, middle + reach, p


def _placebo(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    inside: NDArray[np.bool_],
    seed: int | Sequence[int],
) -> NDArray[np.float64]:
    """The same of every other choice of as many districts, as logarithms; of too many, drawn."""
    number, many = len(inside), int(inside.sum())
    if choices(number, many) <= MOST_CHOICES:
        members = np.array(list(combinations(range(number), many)), dtype=int)
    else:
        # One choice is as likely as another: the first `many` of the districts in random order.
        random = np.random.default_rng(seed)
        members = np.argsort(random.random((MOST_CHOICES, number)), axis=1)[:, :many]
    chosen = np.zeros((len(members), number), dtype=bool)
    np.put_along_axis(chosen, members, True, axis=1)
    return _together(before, after, chosen[(chosen != inside).any(axis=1)])
