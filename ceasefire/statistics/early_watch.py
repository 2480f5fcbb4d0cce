"""Early watch: a first look at series too young for the Farrington detector. Never an alert.

Rule: the week stands out when it has at least 3 events, more than every one of the last weeks
(8 to 26 of them), and a count that high has a probability below 0.01 given their mean.

The probability is exact for a count whose mean was itself estimated from few weeks: with N events
in m weeks the predictive distribution is negative binomial with mean (N + 1/2)/m and variance
(1 + 1/m) times the mean (Poisson counts, Jeffreys prior). Where the weeks vary more than Poisson
counts do, their ratio of variance to mean multiplies that variance. So an empty baseline has a mean
above zero, and a few events after empty weeks are not infinitely surprising.

Source: design of the weekly report, section 2b; Jeffreys prior for a Poisson mean as in Gelman et
al., Bayesian Data Analysis, section 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .distributions import quantile, upper_tail

FEWEST_WEEKS = 8
MOST_WEEKS = 26
FLOOR = 3
LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class EarlyWatch:
    """What `early_watch` found.

    expected  predicted mean, events a week
    lower     LEVEL quantile, events
    upper     1 - LEVEL quantile, events
    p         P(Y >= observed) given the weeks before
    weeks     weeks it was compared with
    watch     the week stands out (see the module)
    """

    expected: float
    lower: float
    upper: float
    p: float
    weeks: int
    watch: bool


def early_watch(observed: float, before: ArrayLike) -> EarlyWatch | None:
    """Compare a week with the mean of the last 8 to 26 weeks.

    observed: events this week. before: earlier weeks, the latest last; nan = missing, left out;
    only the last 26 positions are used. None when the week is missing, fewer than 8 weeks are left
    or the mean is absurd. Raises ValueError for a negative or infinite count.
    """
    series = np.asarray(before, dtype=float).reshape(-1)[-MOST_WEEKS:]
    known = series[~np.isnan(series)]
    if np.isinf(known).any() or (known < 0).any() or np.isinf(observed) or observed < 0:
        raise ValueError("A count is a number from 0 up, or missing.")
    if np.isnan(observed) or known.size < FEWEST_WEEKS:
        return None
    mean = (known.sum() + 0.5) / known.size
    spread = known.var(ddof=1) / known.mean() if known.any() else 1.0
    dispersion = max(1.0, float(spread)) * (1.0 + 1.0 / known.size)
    upper = float(quantile(1.0 - LEVEL, mean, dispersion))
    if np.isnan(upper):
        return None
    p = float(upper_tail(observed, mean, dispersion))
    return EarlyWatch(
        expected=float(mean),
        lower=float(quantile(LEVEL, mean, dispersion)),
        upper=upper,
        p=p,
        weeks=int(known.size),
        watch=bool(observed >= FLOOR and observed > known.max() and p < LEVEL),
    )
