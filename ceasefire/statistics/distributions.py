"""Exact tails and quantiles of counts that cannot take the process down.

scipy.stats.nbinom.ppf aborts the interpreter on an absurd mean (scipy 1.17.1, exit code 134), and
no ``try`` catches it. So the quantiles here are found by bisection on the distribution function
itself, and a mean that is not finite or above `LARGEST_MEAN` gets no answer (nan).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

LARGEST_MEAN = 1e6
"""Events a week above which a predicted mean is taken for a failed extrapolation."""

_POISSON_WITHIN = 1e-9
"""A dispersion this close to 1 is Poisson: the shape mean/(phi - 1) would lose all its digits."""

_ROUNDING = 64 * np.finfo(float).eps


def is_usable_mean(mean: ArrayLike) -> NDArray[np.bool_]:
    """Whether a predicted mean is finite, not negative and at most `LARGEST_MEAN`."""
    mean = np.asarray(mean, dtype=float)
    with np.errstate(invalid="ignore"):
        usable: NDArray[np.bool_] = np.isfinite(mean) & (mean >= 0) & (mean <= LARGEST_MEAN)
    return usable


def upper_tail(count: ArrayLike, mean: ArrayLike, dispersion: ArrayLike) -> Floats:
    """P(Y >= count) for a count with this mean (events) and variance dispersion x mean.

    Negative binomial with shape mean/(dispersion - 1), Poisson where the dispersion is 1 (or less).
    The arguments broadcast; nan where one of them is nan or the mean is not usable.
    """
    count, mean, dispersion = _broadcast(count, mean, dispersion)
    usable = is_usable_mean(mean) & np.isfinite(dispersion) & np.isfinite(count)
    mean = np.where(usable, mean, 1.0)
    count = np.where(usable, count, 0.0)
    excess = np.where(usable, dispersion - 1.0, 0.0)
    poisson = excess <= _POISSON_WITHIN
    positive = np.where(count > 0, count, 1.0)
    excess = np.where(poisson, 1.0, excess)
    with np.errstate(under="ignore", divide="ignore", invalid="ignore"):
        tail = np.where(
            poisson,
            special.gammainc(positive, mean),
            special.betainc(positive, np.maximum(mean, 1e-300) / excess, excess / (1.0 + excess)),
        )
    return np.where(usable, np.where(count > 0, tail, 1.0), np.nan)


def quantile(probability: float, mean: ArrayLike, dispersion: ArrayLike) -> Floats:
    """The smallest whole number k with P(Y <= k) >= probability, as in `upper_tail`.

    nan where the mean is not usable. Raises ValueError unless 0 < probability < 1.
    """
    if not 0 < probability < 1:
        raise ValueError("A probability lies between 0 and 1.")
    _, mean, dispersion = _broadcast(0.0, mean, dispersion)
    usable = is_usable_mean(mean) & np.isfinite(dispersion)
    mean = np.where(usable, mean, 0.0)
    # The upper end only keeps the doubling below from overflowing.
    dispersion = np.where(usable, np.clip(dispersion, 1.0, 1e200), 1.0)
    # P(Y <= k) >= probability is P(Y >= k + 1) <= 1 - probability; the slack forgives rounding.
    most = (1.0 - probability) + _ROUNDING * probability
    low = np.full(mean.shape, -1.0)
    high = np.ceil(mean + 8.0 * np.sqrt(mean * dispersion) + 8.0 * dispersion)
    for _ in range(60):
        short = upper_tail(high + 1.0, mean, dispersion) > most
        if not short.any():
            break
        high = np.where(short, 2.0 * high + 1.0, high)
    while True:
        middle = np.floor((low + high) / 2.0)
        # Beyond 2**53 neighbouring floats are more than one apart: there nothing lies between.
        gap = (high - low > 1.0) & (middle > low) & (middle < high)
        if not gap.any():
            break
        enough = upper_tail(middle + 1.0, mean, dispersion) <= most
        high = np.where(gap & enough, middle, high)
        low = np.where(gap & ~enough, middle, low)
    return np.where(usable, high, np.nan)


def _broadcast(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values)))
