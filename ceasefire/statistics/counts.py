"""Regression of counts: Poisson and negative binomial with a log link, and honest standard errors.

What the trend and the effect of a program stand on. Fitted by iteratively reweighted least squares;
the dispersion theta of the negative binomial (variance mu + mu^2 / theta) by maximum likelihood, in
turn with the coefficients. Standard errors of the model are too small where weeks depend on each
other or districts have ways of their own, so two others are here: by Newey and West for one series
in order of time, and by clusters.

Sources: McCullagh and Nelder 1989, Generalized Linear Models, ch. 2 and 6; Venables and Ripley
2002, Modern Applied Statistics with S, 7.4 (theta); Newey and West 1987, Econometrica 55:703; Liang
and Zeger 1986, Biometrika 73:13. Figures agree with R's glm, MASS::glm.nb and sandwich (see
tests/reference/analytics).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special

#: The linear predictor is kept within these, so that a step too far does not overflow.
_WIDEST = 30.0
_STEPS = 100
_TOLERANCE = 1e-10
#: Columns of a design whose own part is smaller than this beside the others' are not told apart.
_SAME = 1e-7
#: A theta above this is no overdispersion at all.
_POISSON = 1e7


class NoFit(ValueError):
    """The counts do not tell the coefficients apart, or the fit does not settle."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model.

    terms       the design, one row an observation
    observed    counts
    mean        fitted means
    coefficients, covariance
                of the log link; the covariance is the model's own (dispersion 1)
    theta       of the negative binomial; infinity for Poisson
    dispersion  Pearson's chi-squared over the degrees of freedom left (1 in a true Poisson)
    """

    terms: NDArray[np.float64]
    observed: NDArray[np.float64]
    mean: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    theta: float
    dispersion: float

    @property
    def scores(self) -> NDArray[np.float64]:
        """What each observation pulls at each coefficient; their sum is 0."""
        pull = (self.observed - self.mean) / (1 + self.mean / self.theta)
        return np.asarray(self.terms * pull[:, None])


def poisson(terms: ArrayLike, observed: ArrayLike) -> Fit:
    """Fit a Poisson regression. Raises NoFit."""
    x, y = _checked(terms, observed)
    return _fitted(x, y, np.inf, None)


def negative_binomial(terms: ArrayLike, observed: ArrayLike) -> Fit:
    """Fit a negative binomial regression; Poisson where nothing is overdispersed. Raises NoFit."""
    x, y = _checked(terms, observed)
    fit = _fitted(x, y, np.inf, None)
    for _turn in range(_STEPS):
        theta = _theta(y, fit.mean, fit.theta)
        before = fit
        fit = _fitted(x, y, theta, fit.coefficients)
        if theta == np.inf:
            return fit
        moved = np.abs(fit.coefficients - before.coefficients).max()
        if moved < 1e-9 and abs(theta - before.theta) <= 1e-9 * theta:
            return fit
    raise NoFit("The dispersion does not settle.")


def newey_west(fit: Fit, lag: int) -> NDArray[np.float64]:
    """Covariance that stands where neighbours in time depend on each other, up to `lag` apart.

    The rows of the fit are in order of time. Bartlett weights, no adjustment for small samples.
    """
    scores = fit.scores
    meat = scores.T @ scores
    for apart in range(1, lag + 1):
        together = scores[apart:].T @ scores[:-apart]
        meat += (1 - apart / (lag + 1)) * (together + together.T)
    return np.asarray(fit.covariance @ meat @ fit.covariance)


def clustered(fit: Fit, clusters: ArrayLike) -> NDArray[np.float64]:
    """Covariance that stands where rows of one cluster depend on each other; times G / (G - 1)."""
    _names, label = np.unique(np.asarray(clusters), return_inverse=True)
    label = label.reshape(-1)
    number = int(label.max()) + 1
    if number < 2:
        raise NoFit("One cluster says nothing about how clusters differ.")
    sums = np.zeros((number, fit.terms.shape[1]))
    np.add.at(sums, label, fit.scores)
    meat = sums.T @ sums * number / (number - 1)
    return np.asarray(fit.covariance @ meat @ fit.covariance)


def _checked(
    terms: ArrayLike, observed: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.asarray(terms, dtype=float)
    y = np.asarray(observed, dtype=float).reshape(-1)
    if x.ndim != 2 or len(x) != len(y):
        raise ValueError("A design has a row for each count.")
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (y >= 0).all()):
        raise ValueError("Counts are whole, terms are numbers.")
    if len(y) <= x.shape[1] or y.sum() == 0:
        raise NoFit("Too few counts.")
    return x, y


def _fitted(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    theta: float,
    begin: NDArray[np.float64] | None,
) -> Fit:
    line = np.log(np.maximum(y, 0.1)) if begin is None else x @ begin
    last = np.inf
    for _step in range(_STEPS):
        mean = np.exp(np.clip(line, -_WIDEST, _WIDEST))
        weight = mean / (1 + mean / theta)
        working = line + (y - mean) / mean
        coefficients = _solved(x, weight, working)
        line = x @ coefficients
        deviance = _deviance(y, np.exp(np.clip(line, -_WIDEST, _WIDEST)), theta)
        if abs(deviance - last) <= _TOLERANCE * (abs(deviance) + 0.1):
            break
        last = deviance
    else:
        raise NoFit("The fit does not settle.")
    mean = np.exp(np.clip(line, -_WIDEST, _WIDEST))
    weight = mean / (1 + mean / theta)
    covariance = linalg.cho_solve(_factor(x, weight), np.eye(x.shape[1]))
    pearson = ((y - mean) ** 2 / (mean + mean**2 / theta)).sum()
    return Fit(
        terms=x,
        observed=y,
        mean=mean,
        coefficients=coefficients,
        covariance=covariance,
        theta=theta,
        dispersion=float(pearson / (len(y) - x.shape[1])),
    )


def _factor(x: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[Any, bool]:
    """The Cholesky factor of X'WX. Raises NoFit where columns are not told apart."""
    try:
        factor, lower = linalg.cho_factor((x * weight[:, None]).T @ x, lower=True)
    except (ValueError, linalg.LinAlgError) as error:
        raise NoFit("The counts do not tell the terms apart.") from error
    edge = np.diag(factor)
    if edge.min() <= _SAME * edge.max():
        raise NoFit("The counts do not tell the terms apart.")
    return factor, lower


def _solved(
    x: NDArray[np.float64], weight: NDArray[np.float64], working: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(linalg.cho_solve(_factor(x, weight), x.T @ (weight * working)))


def _deviance(y: NDArray[np.float64], mean: NDArray[np.float64], theta: float) -> float:
    if theta == np.inf:
        return float(2 * (special.xlogy(y, y / mean) - (y - mean)).sum())
    other = (y + theta) * np.log((y + theta) / (mean + theta))
    return float(2 * (special.xlogy(y, y / mean) - other).sum())


def _theta(y: NDArray[np.float64], mean: NDArray[np.float64], begin: float) -> float:
    """The maximum-likelihood theta for given means, by Newton's steps on its logarithm."""

    def slope(theta: float) -> float:
        return float(
            (
                special.digamma(theta + y)
                - special.digamma(theta)
                + np.log(theta)
                + 1
                - np.log(theta + mean)
                - (y + theta) / (mean + theta)
            ).sum()
        )

    excess = float((((y - mean) ** 2 - mean) / mean**2).mean())
    theta = begin if np.isfinite(begin) else (1 / excess if excess > 0 else 1e3)
    theta = min(max(theta, 1e-3), 1e5)
    # The slope falls through 0 at the maximum; bracket it, then halve on the logarithmic scale.
    low, high = theta, theta
    while slope(low) < 0 and low > 1e-8:
        low /= 4
    while slope(high) > 0 and high < _POISSON:
        high *= 4
    if high >= _POISSON:
        return float("inf")
    for _step in range(200):
        middle = float(np.sqrt(low * high))
        if high / low - 1 < 1e-13:
            break
        if slope(middle) > 0:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))
