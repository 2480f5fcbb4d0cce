"""How many incidents of a recent week will be known in the end, by how late they usually come.

Rule: of all incidents that happened so long ago that a delay of d periods could have been seen, the
share told with delay d among those told with at most d is the reverse-time hazard h(d). The share
known after d periods is F(d) = (1 - h(d+1)) (1 - h(d+2)) ... up to the longest delay. What is still
to come is drawn from a negative binomial: a gamma prior from the finished weeks, made sharper by
what is known so far. A prior and no bare ratio, since from a report of nothing no ratio says
anything. That h itself is estimated is carried along: it is drawn from its beta distribution.

Rules of the report: fewer than 200 incidents with a delay, no correction (`FEWEST`); an alarm for
many is tested on what is known, since late reports only add; a fall inside the limits is never
announced.

Sources: Lawless 1994, Canadian Journal of Statistics 22:15 (reverse-time hazard); Hoehle and an der
Heiden 2014, Biometrics 70:993 (prior for what is still to come; the data of the test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

#: Incidents with a known delay below which nothing is corrected.
FEWEST = 200
#: How often the shares are drawn.
_DRAWS = 400


@dataclass(frozen=True, slots=True)
class Nowcast:
    """What `nowcast` found, one value for each period, the oldest first.

    known      told so far
    share      share usually told by now, 0 to 1
    expected   what will be known in the end, on average
    low, high  95 of 100 times it lies between these, both included
    is_done    the longest delay has passed: nothing is added any more
    """

    known: NDArray[np.int64]
    share: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    is_done: NDArray[np.bool_]


def nowcast(
    happened: ArrayLike,
    told: ArrayLike,
    *,
    now: int,
    longest: int,
    window: int,
    seed: int | Sequence[int],
    coverage: float = 0.95,
) -> Nowcast | None:
    """Say of the last `longest` periods what will be known of them; None with too few to learn.

    happened  period of each incident, whole numbers growing with time
    told      period in which it entered the system; never before it happened
    now       the last period that has ended; what was told later is not looked at
    longest   delays of more periods than this count as this long
    window    the share is learnt from incidents of the last so many periods
    seed      the same seed and data give the same answer

    The answer is of the periods now - longest + 1 to now. What was told before it happened is a
    slip of a date and is left out, as is what lacks either.
    """
    if longest < 1 or window <= longest:
        raise ValueError("Delays are learnt from more periods than the longest delay has.")
    given, heard = _whole(happened), _whole(told)
    if given.shape != heard.shape:
        raise ValueError("Both periods are of the same incidents.")
    sure = np.isfinite(given) & np.isfinite(heard)
    begun, entered = given[sure].astype(np.int64), heard[sure].astype(np.int64)
    seen = (entered >= begun) & (entered <= now) & (begun > now - window)
    begun, delay = begun[seen], np.minimum(entered[seen] - begun[seen], longest)
    if len(begun) < FEWEST:
        return None

    periods = np.arange(now - longest + 1, now + 1)
    known = np.bincount(begun[begun >= periods[0]] - periods[0], minlength=longest).astype(np.int64)
    age = now - periods
    at_delay, up_to = _risk_sets(begun, delay, now=now, longest=longest)
    rng = np.random.default_rng(seed)
    hazard = rng.beta(at_delay + 0.5, up_to - at_delay + 0.5, size=(_DRAWS, longest + 1))
    drawn = _shares(hazard)[:, age]
    share = _shares((at_delay / np.maximum(up_to, 1))[None, :])[0, age]

    shape, rate = _prior(begun, now=now, longest=longest, window=window)
    # Of a Poisson mean with that prior, `known` at a share f leave a negative binomial to come.
    still_shape = np.asarray(shape + known, dtype=float)
    chance = (rate + drawn) / (rate + 1)
    mean = (still_shape * (1 - drawn) / (rate + drawn)).mean(axis=0)
    tail = (1 - coverage) / 2
    low = _quantile(still_shape, chance, tail)
    high = _quantile(still_shape, chance, 1 - tail)
    return Nowcast(
        known=known,
        share=share,
        expected=known + mean,
        low=known + low,
        high=known + high,
        is_done=age >= longest,
    )


def _whole(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=float).reshape(-1)


def _risk_sets(
    begun: NDArray[np.int64], delay: NDArray[np.int64], *, now: int, longest: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each delay: incidents told with it, and with at most it, of periods that can tell it."""
    at_delay = np.zeros(longest + 1, dtype=np.int64)
    up_to = np.zeros(longest + 1, dtype=np.int64)
    for one in range(longest + 1):
        old_enough = now - begun >= one
        at_delay[one] = (old_enough & (delay == one)).sum()
        up_to[one] = (old_enough & (delay <= one)).sum()
    return at_delay, up_to


def _shares(hazard: NDArray[np.float64]) -> NDArray[np.float64]:
    """F(0) ... F(longest) of each row of hazards h(0) ... h(longest); F(longest) is 1."""
    kept = np.ones_like(hazard)
    kept[:, :-1] = np.cumprod((1 - hazard[:, :0:-1]), axis=1)[:, ::-1]
    return kept


def _prior(begun: NDArray[np.int64], *, now: int, longest: int, window: int) -> tuple[float, float]:
    """Shape and rate of the gamma distribution of a period's mean, from the finished periods."""
    first, last = now - window + 1, now - longest
    done = begun[begun <= last]
    counts = np.bincount(done - first, minlength=last - first + 1)
    mean = max(float(counts.mean()), 0.05)
    # No surer than the finished periods are alike, and never surer than eight of them together.
    spread = max(float(counts.var(ddof=1)) - mean if len(counts) > 1 else mean, mean / 8)
    return mean**2 / spread, mean / spread


def _quantile(
    shape: NDArray[np.float64], chance: NDArray[np.float64], wanted: float
) -> NDArray[np.int64]:
    """Smallest count at which the mean of the drawn distributions reaches `wanted`, by halving."""

    def reached(count: NDArray[np.int64]) -> NDArray[np.bool_]:
        below = special.betainc(shape, count + 1.0, chance)
        return np.asarray(below.mean(axis=0) >= wanted)

    low = np.full(shape.shape, -1, dtype=np.int64)
    high = np.ones(shape.shape, dtype=np.int64)
    for _doubling in range(40):
        short = ~reached(high)
        if not short.any():
            break
        high = np.where(short, high * 2, high)
    while (high - low > 1).any():
        middle = (low + high) // 2
        enough = reached(np.maximum(middle, 0)) & (middle >= 0)
        wide = high - low > 1
        high = np.where(wide & enough, middle, high)
        low = np.where(wide & ~enough, middle, low)
    return high
