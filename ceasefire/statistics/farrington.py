"""The flexible Farrington detector for weekly counts.

Rule: a quasi-Poisson model is fitted to earlier weeks of the same season (a window of 2w + 1 weeks
round the same date in each of the last b years, and, with more than one period, to the weeks
between, in blocks of the year), past outbreaks are weighted down by their Anscombe residuals and
the model is fitted again; the week is an alarm when its count lies strictly above the 1 - alpha
quantile of the predicted distribution, and there were at least 5 events in the last 4 weeks.

Sources: Farrington, Andrews, Beale and Catchpole 1996, J. R. Statist. Soc. A 159:547; Noufaily et
al. 2013, Statistics in Medicine 32:1206; Salmon, Schumacher and Hoehle 2016, J. Statistical
Software 70(10). The answers agree with `farringtonFlexible` of the R package surveillance 1.20.3
(see tests/reference/analytics).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .distributions import is_usable_mean, quantile, upper_tail

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Threshold = Literal["nb", "delta", "muan"]

WEEKS_A_YEAR = 52
_SMALLEST_MEAN = float(np.finfo(float).eps)
_MOST_ITERATIONS = 25
_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class Farrington:
    """What `farrington` found; every array is weeks evaluated x series (or weeks alone).

    weeks       positions of the weeks evaluated in the series, from 0
    expected    predicted mean, events a week; nan unless tested
    lower       alpha quantile, events; nan unless tested
    upper       1 - alpha quantile, events; nan unless tested
    alarm       observed strictly above upper
    p           P(Y >= observed) under the prediction (given for suppressed weeks too)
    mu0         mean the quantile was taken at: the prediction, for muan its 1 - alpha limit
    phi         dispersion, at least 1
    trend       coefficient of the week in the linear predictor; nan where no trend was kept
    tested      there is a prediction, the week was observed and enough events came lately
    suppressed  fewer events than the limit in the last weeks: no alarm is possible
    refused     no prediction: history missing, no convergence or an absurd mean
    """

    weeks: Integers
    expected: Floats
    lower: Floats
    upper: Floats
    alarm: Booleans
    p: Floats
    mu0: Floats
    phi: Floats
    trend: Floats
    tested: Booleans
    suppressed: Booleans
    refused: Booleans


def reference_weeks(
    week: int, years_back: int, *, length: int, dates: Sequence[date] | None = None
) -> Integers | None:
    """Positions of the same week one to `years_back` years before position `week`, latest first.

    Series with dates (first days of consecutive weeks): the same calendar date in the earlier year,
    moved to the nearest start of a week of this series, whatever its weekday; 29 February becomes
    1 March. Series without: 52 weeks back for each year. None when one of them lies before the
    first week of the series.
    """
    positions = []
    for years in range(1, years_back + 1):
        if dates is None:
            position = week - WEEKS_A_YEAR * years
        else:
            day = dates[week]
            try:
                earlier = day.replace(year=day.year - years)
            except ValueError:
                earlier = date(day.year - years, 3, 1)
            # Seven is odd, so there is always one nearest week.
            position = week - round((day - earlier).days / 7)
        if not 0 <= position < length:
            return None
        positions.append(position)
    return np.array(positions, dtype=np.int64)


def has_history(
    week: int,
    years_back: int,
    *,
    length: int,
    dates: Sequence[date] | None = None,
    half_window: int = 3,
) -> bool:
    """Whether every reference week, with its window, lies inside the series.

    About 160 weeks for three years and 265 for five.
    """
    references = reference_weeks(week, years_back, length=length, dates=dates)
    return references is not None and int(references[-1]) >= half_window


def farrington(
    observed: ArrayLike,
    *,
    dates: Sequence[date] | None = None,
    weeks: Sequence[int] | None = None,
    years_back: int = 5,
    half_window: int = 3,
    periods: int = 10,
    reweight: bool = True,
    weights_threshold: float = 2.58,
    trend: bool = True,
    p_threshold_trend: float = 1.0,
    threshold: Threshold = "nb",
    alpha: float = 0.01,
    weeks_excluded: int = 26,
    limit: tuple[int, int] = (5, 4),
    r_dispersion: bool = False,
) -> Farrington:
    """Look for weeks with more events than the same season of earlier years explains.

    observed            counts, weeks (n) or weeks x series (n, m); nan = missing, never zero
    dates               first day of each of the n weeks, 7 days apart; None: plain numbers
    weeks               positions to evaluate; None: every week that has the history
    years_back          b, half_window w, periods noPeriods, weeks_excluded pastWeeksNotIncluded
                        of the R function
    weights_threshold   Anscombe residuals above it are weighted down
    p_threshold_trend   keep the trend where its p-value is below; 1 keeps it always, unless the
                        prediction exceeds every count it was fitted to
    threshold           "nb" negative-binomial plug-in, "muan" the same at the upper limit of the
                        mean, "delta" the 2/3-power normal approximation
    limit               (events, weeks): fewer events in so many last weeks, this one included,
                        and no alarm is possible
    r_dispersion        for tests: standard errors as R surveillance 1.20.3 computes them (its
                        working weights are overwritten), instead of with phi as in the papers

    Raises ValueError for arguments out of range, negative or infinite counts and dates that are
    not 7 days apart. A week that cannot be predicted is `refused`, never an error.
    """
    counts = _as_counts(observed)
    length, width = counts.shape
    _check_arguments(years_back, half_window, periods, weeks_excluded, alpha, threshold, limit)
    _check_dates(dates, length)
    if weeks is None:
        weeks = [
            week
            for week in range(length)
            if has_history(week, years_back, length=length, dates=dates, half_window=half_window)
        ]
    positions = np.asarray(weeks, dtype=np.int64).reshape(-1)
    if positions.size and not ((positions >= 0) & (positions < length)).all():
        raise ValueError("A week to evaluate lies outside the series.")

    eta = np.full((positions.size, width), np.nan)
    error, phi, slope = eta.copy(), eta.copy(), eta.copy()
    for row, week in enumerate(positions.tolist()):
        design = _design(week, length, dates, years_back, half_window, periods, weeks_excluded)
        if design is not None:
            eta[row], error[row], phi[row], slope[row] = _predict(
                counts[design.rows],
                design,
                periods=periods,
                reweight=reweight,
                weights_threshold=weights_threshold,
                trend=trend and years_back >= 3,
                p_threshold_trend=p_threshold_trend,
                r_dispersion=r_dispersion,
            )

    now = counts[positions]
    recent = np.array(
        [
            np.nansum(counts[max(week - limit[1] + 1, 0) : week + 1], axis=0)
            for week in positions.tolist()
        ]
    ).reshape(now.shape)
    lower, upper, p, mean, mu0 = _bounds(eta, error, phi, now, threshold, alpha, r_dispersion)
    present = np.isfinite(now)
    refused = ~np.isfinite(upper)
    suppressed = recent < limit[0]
    tested = present & ~refused & ~suppressed
    with np.errstate(invalid="ignore"):
        alarm = tested & (now > upper) & (now > 0)
    shape = (positions.size,) if np.ndim(observed) == 1 else now.shape

    def shown(values: Floats, where: Booleans) -> Floats:
        return np.where(where, values, np.nan).reshape(shape)

    return Farrington(
        weeks=positions,
        expected=shown(mean, tested),
        lower=shown(lower, tested),
        upper=shown(upper, tested),
        alarm=alarm.reshape(shape),
        p=shown(p, present & ~refused),
        mu0=shown(mu0, np.isfinite(mu0)),
        phi=phi.reshape(shape),
        trend=slope.reshape(shape),
        tested=tested.reshape(shape),
        suppressed=suppressed.reshape(shape),
        refused=refused.reshape(shape),
    )


# -- which weeks the model is fitted to ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Design:
    """Weeks used for one week's prediction: positions, block of the year (from 0) and time."""

    rows: Integers
    block: Integers
    time: Floats
    time_now: float


def _design(
    week: int,
    length: int,
    dates: Sequence[date] | None,
    years_back: int,
    half_window: int,
    periods: int,
    weeks_excluded: int,
) -> _Design | None:
    """The baseline of one week; None when the series does not reach back far enough.

    The last block of the year (periods - 1) is the season of the week itself. The weeks between
    two windows are shared out over the other blocks, the first ones taking what is left over.
    """
    references = reference_weeks(week, years_back, length=length, dates=dates)
    if references is None or references[-1] < half_window:
        return None
    block = np.full(length, -1, dtype=np.int64)
    block[max(week - half_window, 0) : week + 1] = periods - 1
    later = week
    for reference in references.tolist():
        block[reference - half_window : reference + half_window + 1] = periods - 1
        if periods > 1:
            first = reference + half_window + 1
            between = later - half_window - first
            if between < periods - 1:
                raise ValueError("There are more periods than weeks between the windows.")
            size, over = divmod(between, periods - 1)
            sizes = [size + 1] * over + [size] * (periods - 1 - over)
            block[first : first + between] = np.repeat(np.arange(periods - 1), sizes)
        later = reference
    block[max(week - weeks_excluded, 0) : week + 1] = -1
    rows = np.flatnonzero(block >= 0)
    if rows.size == 0:
        return None
    return _Design(rows, block[rows], (rows - rows[0]).astype(float), float(week - rows[0]))


# -- the model -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Model:
    """A fitted log-linear model: one level for each block and, for some series, a trend.

    The columns are series. The weight sums belong to the last step of the iteration, as do the
    standard errors of R.
    """

    mean: Floats
    weight: Floats
    slope: Floats
    level: Floats
    block_weight: Floats
    block_time: Floats
    time_spread: Floats
    with_trend: Booleans
    converged: Booleans
    freedom: Floats
    prior: Floats

    def put(self, columns: Integers, other: _Model) -> None:
        """Take over the given series from another model."""
        for name in self.__slots__:
            getattr(self, name)[..., columns] = getattr(other, name)

    def variance(self, block: int, time: float) -> Floats:
        """Variance of the linear predictor at a block and time, for a dispersion of 1."""
        return _variance(
            self.block_weight[block],
            time - self.block_time[block],
            self.time_spread,
            self.with_trend,
        )


def _variance(
    block_weight: Floats, distance: Floats, time_spread: Floats, with_trend: Booleans
) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return 1.0 / block_weight + np.where(with_trend, distance**2 / time_spread, 0.0)


def _fit(counts: Floats, prior: Floats, design: _Design, periods: int, trend: Booleans) -> _Model:
    """Iteratively reweighted least squares for every column at once.

    counts, prior: rows x series (prior weight 0 = missing week). Start, step and stopping rule
    (1e-8 of the deviance, 25 steps) are those of R's glm, so that the dispersion, which depends on
    where the iteration stops, agrees. The normal equations have a closed form: block means and one
    slope.
    """
    block, time = design.block, design.time[:, None]
    member = (block[None, :] == np.arange(periods)[:, None]).astype(float)
    rows, width = counts.shape
    used = member @ (prior > 0)
    model = _Model(
        mean=counts + 0.1,
        weight=np.zeros((rows, width)),
        slope=np.zeros(width),
        level=np.zeros((periods, width)),
        block_weight=np.zeros((periods, width)),
        block_time=np.zeros((periods, width)),
        time_spread=np.zeros(width),
        with_trend=trend.copy(),
        converged=np.zeros(width, dtype=bool),
        freedom=used.sum(axis=0) - (used > 0).sum(axis=0) - trend,
        prior=prior,
    )
    running = np.arange(width)
    eta = np.log(model.mean)
    deviance = _deviance(counts, model.mean, prior)
    for _ in range(_MOST_ITERATIONS):
        if not running.size:
            break
        y, mu, wt = counts[:, running], model.mean[:, running], prior[:, running]
        with np.errstate(all="ignore"):
            weight = wt * mu
            target = eta[:, running] + (y - mu) / mu
            total = member @ weight
            at_level = np.where(total > 0, member @ (weight * target) / total, 0.0)
            at_time = np.where(total > 0, member @ (weight * time) / total, 0.0)
            aside = time - at_time[block]
            spread = (weight * aside**2).sum(axis=0)
            slope = (weight * aside * (target - at_level[block])).sum(axis=0) / spread
            slope = np.where(trend[running] & (spread > 0), slope, 0.0)
            level = at_level - slope * at_time
            line = level[block] + slope * time
            mu = np.maximum(np.exp(line), _SMALLEST_MEAN)
            now = _deviance(y, mu, wt)
            close = np.abs(now - deviance[running]) / (np.abs(now) + 0.1) < _TOLERANCE
        eta[:, running], model.mean[:, running], model.weight[:, running] = line, mu, weight
        model.slope[running], model.level[:, running] = slope, level
        model.block_weight[:, running], model.block_time[:, running] = total, at_time
        model.time_spread[running] = spread
        deviance[running] = now
        model.converged[running[close]] = True
        running = running[~close & np.isfinite(now)]
    return model


def _deviance(counts: Floats, mean: Floats, prior: Floats) -> Floats:
    total: Floats = (prior * (special.xlogy(counts, counts / mean) - (counts - mean))).sum(axis=0)
    return 2.0 * total


def _dispersion(counts: Floats, model: _Model, weight: Floats) -> Floats:
    """Sum of weighted squared working residuals over the degrees of freedom."""
    with np.errstate(all="ignore"):
        working = (counts - model.mean) / model.mean
        return np.where(
            model.freedom > 0, (weight * working**2).sum(axis=0) / model.freedom, np.nan
        )


def _fit_twice(
    counts: Floats,
    present: Floats,
    design: _Design,
    *,
    periods: int,
    trend: Booleans,
    reweight: bool,
    weights_threshold: float,
) -> tuple[_Model, Floats, Booleans]:
    """Fit, weight past outbreaks down, fit again; gives model, dispersion (>= 1) and success.

    A series whose model does not converge with a trend is fitted without.
    """
    model = _fit(counts, present, design, periods, trend)
    again = np.flatnonzero(trend & ~model.converged)
    if again.size:
        none = np.zeros(again.size, dtype=bool)
        model.put(again, _fit(counts[:, again], present[:, again], design, periods, none))
    good = model.converged.copy()
    phi = np.maximum(_dispersion(counts, model, model.weight), 1.0)
    if reweight:
        omega = present * _outbreak_weights(counts, model, phi, present, design, weights_threshold)
        model = _fit(counts, omega, design, periods, model.with_trend)
        phi = np.maximum(_dispersion(counts, model, model.weight), 1.0)
    return model, phi, good & np.isfinite(phi)


def _outbreak_weights(
    counts: Floats,
    model: _Model,
    phi: Floats,
    present: Floats,
    design: _Design,
    weights_threshold: float,
) -> Floats:
    """Weights that fall with the square of an Anscombe residual above the threshold.

    They sum to the number of weeks used.
    """
    with np.errstate(all="ignore"):
        raw = 1.5 * (counts ** (2 / 3) * model.mean ** (-1 / 6) - np.sqrt(model.mean))
        leverage = model.weight * _variance(
            model.block_weight[design.block],
            design.time[:, None] - model.block_time[design.block],
            model.time_spread,
            model.with_trend,
        )
        residual = raw / np.sqrt(phi * (1.0 - leverage))
    # A week that alone decides its block fits itself: it has no residual to judge it by.
    residual = np.where(np.isfinite(residual) & (leverage < 1.0 - 1e-9), residual, 0.0)
    high = residual > weights_threshold
    relative = np.where(high, 1.0 / np.where(high, residual, 1.0) ** 2, 1.0)
    total = (present * relative).sum(axis=0)
    omega: Floats = relative * present.sum(axis=0) / np.where(total > 0, total, 1.0)
    return omega


def _predict(
    values: Floats,
    design: _Design,
    *,
    periods: int,
    reweight: bool,
    weights_threshold: float,
    trend: bool,
    p_threshold_trend: float,
    r_dispersion: bool,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Linear predictor of the week, its standard error, dispersion and slope, for each series.

    The trend stays where it is significant and predicts no more than the largest count seen.
    nan where there is no model.
    """
    present = np.isfinite(values).astype(float)
    counts = np.where(present > 0, values, 0.0)
    width = counts.shape[1]
    fit = partial(
        _fit_twice,
        design=design,
        periods=periods,
        reweight=reweight,
        weights_threshold=weights_threshold,
    )
    model, phi, good = fit(counts, present, trend=np.full(width, trend))

    def error_dispersion() -> Floats:
        if not r_dispersion:
            return phi
        return _dispersion(counts, model, model.prior if reweight else model.weight)

    now = periods - 1
    with np.errstate(all="ignore"):
        statistic = np.abs(model.slope) / np.sqrt(error_dispersion() / model.time_spread)
        p_trend = 2.0 * special.stdtr(np.maximum(model.freedom, 1.0), -statistic)
        ahead = np.exp(model.level[now] + model.slope * design.time_now)
        keep = (p_trend < p_threshold_trend) & (ahead <= counts.max(axis=0, initial=0.0))
    drop = np.flatnonzero(good & model.with_trend & ~keep)
    if drop.size:
        none = np.zeros(drop.size, dtype=bool)
        flat, flat_phi, flat_good = fit(counts[:, drop], present[:, drop], trend=none)
        model.put(drop, flat)
        phi[drop], good[drop] = flat_phi, flat_good

    with np.errstate(all="ignore"):
        eta = model.level[now] + model.slope * design.time_now
        error = np.sqrt(error_dispersion() * model.variance(now, design.time_now))
    good &= (model.freedom > 0) & (model.block_weight[now] > 0)
    return (
        np.where(good, eta, np.nan),
        np.where(good, error, np.nan),
        np.where(good, phi, np.nan),
        np.where(good & model.with_trend, model.slope, np.nan),
    )


# -- the threshold -------------------------------------------------------------------------------


def _bounds(
    eta: Floats,
    error: Floats,
    phi: Floats,
    observed: Floats,
    threshold: Threshold,
    alpha: float,
    r_dispersion: bool,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Lower and upper bound, P(Y >= observed), mean, and the mean the bounds were taken at.

    All nan where the mean is not finite or above `LARGEST_MEAN`.
    """
    z = float(special.ndtri(1.0 - alpha))
    with np.errstate(all="ignore"):
        if threshold == "delta":
            mean = np.maximum(np.exp(eta), _SMALLEST_MEAN)
            usable = is_usable_mean(mean)
            tau = phi + error**2 * mean
            spread = np.sqrt(4 / 9 * mean ** (1 / 3) * tau)
            upper = (mean ** (2 / 3) + z * spread) ** 1.5
            lower = np.maximum(mean ** (2 / 3) - z * spread, 0.0) ** 1.5
            p = special.ndtr(-(observed ** (2 / 3) - mean ** (2 / 3)) / spread)
            # R takes the mean for its logarithm here, which is kept for comparison alone.
            mu0 = np.exp(mean + z * error * mean) if r_dispersion else mean
            blank = [np.where(usable, values, np.nan) for values in (lower, upper, p, mean)]
            return blank[0], blank[1], blank[2], blank[3], mu0
        mean = np.exp(eta)
        mu0 = np.exp(eta + z * error) if threshold == "muan" else mean
    return (
        quantile(alpha, mu0, phi),
        quantile(1.0 - alpha, mu0, phi),
        upper_tail(observed, mu0, phi),
        np.where(is_usable_mean(mu0), mean, np.nan),
        mu0,
    )


# -- what goes in --------------------------------------------------------------------------------


def _as_counts(observed: ArrayLike) -> Floats:
    counts = np.array(observed, dtype=float)
    if counts.ndim == 1:
        counts = counts[:, None]
    if counts.ndim != 2:
        raise ValueError("Counts are one series or a table of weeks x series.")
    with np.errstate(invalid="ignore"):
        if np.isinf(counts).any() or (counts < 0).any():
            raise ValueError("A count is a number from 0 up, or missing.")
    return counts


def _check_arguments(
    years_back: int,
    half_window: int,
    periods: int,
    weeks_excluded: int,
    alpha: float,
    threshold: str,
    limit: tuple[int, int],
) -> None:
    if years_back < 1:
        raise ValueError("At least one year back is needed.")
    if not 0 <= half_window <= 12:
        raise ValueError("The half window is 0 to 12 weeks.")
    if not 1 <= periods <= WEEKS_A_YEAR - 2 * half_window - 1:
        raise ValueError("The year has 1 to 52 less the window weeks for periods.")
    if weeks_excluded < 0:
        raise ValueError("The number of weeks left out is 0 or more.")
    if not 0 < alpha < 0.5:
        raise ValueError("Alpha lies between 0 and 0.5.")
    if threshold not in ("nb", "delta", "muan"):
        raise ValueError("The threshold is nb, delta or muan.")
    if limit[0] < 0 or limit[1] < 1:
        raise ValueError("The limit is events from 0 and weeks from 1.")


def _check_dates(dates: Sequence[date] | None, length: int) -> None:
    if dates is None:
        return
    if len(dates) != length:
        raise ValueError("There is one date for each week.")
    if any((later - earlier).days != 7 for earlier, later in pairwise(dates)):
        raise ValueError("The weeks must follow one another, 7 days apart.")
