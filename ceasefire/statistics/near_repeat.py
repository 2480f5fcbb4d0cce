"""Near repeat: are incidents close in place also close in time more often than by chance?

Rule (Knox's test in bands): every unordered pair of incidents is counted once, in a band of metres
and a band of days, both [from, to). Then the dates are dealt anew among the incidents, many times,
and the pairs counted again: what comes out by chance while places and dates stay as they are. Dates
are dealt within strata (a season, half a year) only, so that a war that moves from one part of the
town to another is not taken for contagion.

A ratio says how often such pairs are seen compared with chance. It is no proof of contagion: half
of the points may share coordinates because a place was named and not measured, and then the band of
the same place says more about the naming than about the violence.

Sources: Knox 1964, J. R. Statist. Soc. C 13:25; Ratcliffe and Rengert 2008, Security Journal 21:58
(bands, permutation of dates). Observed pairs agree with the R package NearRepeat 0.1.1, mean and
spread of the permutations within chance (see tests/reference/analytics).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .close_pairs import TOGETHER, ClosePairs

#: Metres of the earth's mean radius.
EARTH = 6_371_008.8


@dataclass(frozen=True, slots=True)
class NearRepeat:
    """What `near_repeat` found; every array is bands of metres x bands of days.

    events          incidents with a place and a date
    metres, days    the bounds of the bands
    observed        pairs seen
    expected        mean of the permutations
    deviation       their standard deviation
    low, high       between these lie 95 of 100 permutations
    ratio           observed / expected; nan where nothing is expected
    ratio_low, ratio_high
                    observed / high and observed / low; infinity where low is 0
    p               (1 + permutations with at least as many) / (1 + permutations)
    p_overall       the same of the largest excess, (observed - expected) / deviation, of any band:
                    all bands judged together; 1 where there is nothing to judge
    permutations    how often the dates were dealt
    """

    events: int
    metres: tuple[float, ...]
    days: tuple[int, ...]
    observed: NDArray[np.int64]
    expected: NDArray[np.float64]
    deviation: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    ratio: NDArray[np.float64]
    ratio_low: NDArray[np.float64]
    ratio_high: NDArray[np.float64]
    p: NDArray[np.float64]
    p_overall: float
    permutations: int


def to_metres(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Points in degrees (WGS 84) as metres east and north, n x 2, around their mean latitude.

    The local equirectangular projection: true to a few metres within a governorate.
    """
    x, y = np.radians(np.asarray(lon, dtype=float)), np.radians(np.asarray(lat, dtype=float))
    middle = float(np.nanmean(y)) if np.isfinite(y).any() else 0.0
    return np.column_stack([EARTH * np.cos(middle) * x, EARTH * y])


def near_repeat(
    points: ArrayLike,
    days: ArrayLike,
    *,
    metres: Sequence[float],
    bands: Sequence[int],
    seed: int | Sequence[int],
    strata: ArrayLike | None = None,
    permutations: int = 999,
) -> NearRepeat:
    """Count close pairs, and how many there would be by chance.

    points   n x 2, metres east and north (`to_metres`); rows with nan are left out
    days     n whole days, from any first day; nan is left out
    metres   bounds of the bands, growing: (0, 0.1, 200, 400) are same place, to 200 m, to 400 m
    bands    bounds of the bands of days, growing: (0, 3, 8, 15)
    strata   n labels; dates are dealt anew within equal labels only (None: among all)
    seed     the same seed and data give the same answer

    Raises ValueError for bounds that do not grow and for arrays of other lengths.
    """
    where = np.asarray(points, dtype=float).reshape(-1, 2)
    when = np.asarray(days, dtype=float).reshape(-1)
    label = np.zeros(len(when), dtype=np.int64) if strata is None else _numbered(strata)
    if not len(where) == len(when) == len(label):
        raise ValueError("Points, days and strata are of the same incidents.")
    for bounds in (metres, bands):
        if len(bounds) < 2 or bounds[0] < 0 or any(np.diff(bounds) <= 0):
            raise ValueError("Bounds of bands begin at 0 or above and grow.")
    known = np.isfinite(where).all(axis=1) & np.isfinite(when)
    where, label = where[known], label[known]
    when = when[known].astype(np.int64)
    # Their differences alone count; short numbers are quick to compare.
    kind = np.int16 if len(when) == 0 or np.ptp(when) < 2**15 else np.int32
    day = (when - when.min()).astype(kind) if len(when) else when.astype(kind)

    close = ClosePairs(where, metres, bands, span=int(day.max()) + 1 if len(day) else 1)
    # The first as they are, the others as they are dealt.
    counted = np.empty((1 + permutations, len(metres) - 1, len(bands) - 1), dtype=np.int64)
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(label == one) for one in np.unique(label)]
    for begin in range(0, len(counted), TOGETHER):
        number = min(TOGETHER, len(counted) - begin)
        dealings = np.zeros((TOGETHER, len(day)), dtype=kind)
        dealings[:number] = day
        for anew in dealings[1 if begin == 0 else 0 : number]:
            for members in groups:
                anew[members] = day[rng.permutation(members)]
        found = close.counted(np.ascontiguousarray(dealings.T))
        counted[begin : begin + number] = found[:number]
    return _judged(counted[0], counted[1:], len(day), metres, bands)


def _numbered(strata: ArrayLike) -> NDArray[np.int64]:
    return np.unique(np.asarray(strata), return_inverse=True)[1].reshape(-1).astype(np.int64)


def _judged(
    observed: NDArray[np.int64],
    dealt: NDArray[np.int64],
    events: int,
    metres: Sequence[float],
    bands: Sequence[int],
) -> NearRepeat:
    times = len(dealt)
    if times:
        expected, deviation = dealt.mean(axis=0), dealt.std(axis=0)
        low, high = np.quantile(dealt, [0.025, 0.975], axis=0)
        p = (1 + (dealt >= observed).sum(axis=0)) / (1 + times)
    else:
        expected = deviation = low = high = np.full(observed.shape, np.nan)
        p = np.ones(observed.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, observed / expected, np.nan)
        ratio_low = np.where(high > 0, observed / high, np.nan)
        ratio_high = np.where(expected > 0, observed / low, np.nan)
        excess = np.where(deviation > 0, (observed - expected) / deviation, -np.inf)
        chance = np.where(deviation > 0, (dealt - expected) / deviation, -np.inf)
    p_overall = 1.0
    if times and np.isfinite(excess).any():
        greatest = chance.reshape(times, -1).max(axis=1)
        p_overall = float((1 + (greatest >= excess.max()).sum()) / (1 + times))
    return NearRepeat(
        events=events,
        metres=tuple(map(float, metres)),
        days=tuple(map(int, bands)),
        observed=observed,
        expected=expected,
        deviation=deviation,
        low=low,
        high=high,
        ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        p=p,
        p_overall=p_overall,
        permutations=times,
    )
