"""EARS C1, C2 and C3: alarms from the last few weeks alone.

Rule: with mean m and standard deviation s of the 7 weeks before (C1), or of the 7 weeks that end
two weeks earlier (C2), the upper bound is m + z s, z the 1 - alpha quantile of the normal
distribution. C3 adds up what this and the two weeks before exceed of C2's mean by more than one
standard deviation. On sparse weeks one event after a run of empty weeks is an alarm, so EARS is for
comparison and never for the alerts of the weekly report.

Sources: Hutwagner, Thompson, Seeman and Treadwell 2003, J. Urban Health 80(2 Suppl 1):i89; Fricker,
Hegler and Dunfee 2008, Statistics in Medicine 27:3407. The answers agree with `earsC` of the R
package surveillance 1.20.3 (see tests/reference/analytics).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy import special

Method = Literal["C1", "C2", "C3"]

USUAL_ALPHA: dict[Method, float] = {"C1": 0.001, "C2": 0.001, "C3": 0.025}
_LAG: dict[Method, int] = {"C1": 0, "C2": 2, "C3": 2}
_BEFORE: dict[Method, int] = {"C1": 0, "C2": 2, "C3": 4}


@dataclass(frozen=True, slots=True)
class Ears:
    """What `ears` found, one value for each week evaluated.

    weeks     positions in the series, from 0
    expected  mean of the baseline, events a week
    upper     upper bound, events; nan where the baseline has a missing week or, for C3, where a
              standard deviation of zero leaves it undefined
    alarm     observed strictly above upper
    """

    weeks: NDArray[np.int64]
    expected: NDArray[np.float64]
    upper: NDArray[np.float64]
    alarm: NDArray[np.bool_]


def weeks_needed(method: Method, baseline: int = 7) -> int:
    """Weeks that must come before the first week this method can judge."""
    return baseline + _BEFORE[method]


def ears(
    observed: ArrayLike,
    *,
    method: Method = "C1",
    weeks: Sequence[int] | None = None,
    baseline: int = 7,
    smallest_deviation: float = 0.0,
    alpha: float | None = None,
) -> Ears:
    """Judge weeks by the weeks just before them.

    observed            counts of n consecutive weeks; nan = missing, never zero
    weeks               positions to evaluate; None: every week with enough weeks before it
    baseline            weeks in the baseline, at least 3
    smallest_deviation  floor under the standard deviation, events (minSigma of the R function)
    alpha               one-sided level; None: 0.001 for C1 and C2, 0.025 for C3

    Raises ValueError for arguments out of range, counts that are negative or infinite, and weeks
    without enough weeks before them.
    """
    counts = np.array(observed, dtype=float)
    if counts.ndim != 1:
        raise ValueError("EARS takes one series.")
    with np.errstate(invalid="ignore"):
        if np.isinf(counts).any() or (counts < 0).any():
            raise ValueError("A count is a number from 0 up, or missing.")
    if method not in _LAG:
        raise ValueError("The method is C1, C2 or C3.")
    if baseline < 3:
        raise ValueError("The baseline has at least 3 weeks.")
    if smallest_deviation < 0:
        raise ValueError("The smallest deviation is 0 or more.")
    level = USUAL_ALPHA[method] if alpha is None else alpha
    if not 0 < level < 0.5:
        raise ValueError("Alpha lies between 0 and 0.5.")

    first = weeks_needed(method, baseline)
    positions = np.asarray(
        range(first, counts.size) if weeks is None else weeks, dtype=np.int64
    ).reshape(-1)
    if positions.size and not ((positions >= first) & (positions < counts.size)).all():
        raise ValueError("A week to evaluate lies outside the series or has too few before it.")
    if not positions.size:
        none = np.array([], dtype=float)
        return Ears(positions, none, none, none.astype(bool))

    windows = sliding_window_view(counts, baseline)
    z = float(special.ndtri(1.0 - level))

    def baseline_of(at: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        part = windows[at - _LAG[method] - baseline]
        deviation = part.std(axis=1, ddof=1)
        return part.mean(axis=1), np.maximum(deviation, smallest_deviation)

    mean, deviation = baseline_of(positions)
    if method == "C3":
        excess = np.zeros(positions.size)
        # Dividing by a standard deviation of zero is meant: the bound is then undefined.
        with np.errstate(all="ignore"):
            for back in (1, 2):
                earlier_mean, earlier_deviation = baseline_of(positions - back)
                standard = (counts[positions - back] - earlier_mean) / earlier_deviation
                excess = excess + np.maximum(standard - 1.0, 0.0)
            upper = np.maximum(counts[positions] + deviation * (z - excess), 0.0)
    else:
        upper = mean + z * deviation
    with np.errstate(invalid="ignore"):
        alarm = counts[positions] > upper
    return Ears(positions, mean, upper, alarm)
