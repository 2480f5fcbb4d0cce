"""How violence changes over the years, with the season and the religious calendar taken out.

Rule: weekly counts as a negative binomial with a log-linear change, one wave and its half of a year
(of 365.25 / 7 weeks) and, for each period of the calendar, the share of the week's days inside it.
Intervals are by Newey and West with a lag of 8 weeks, since neighbouring weeks depend on each
other, with the t distribution on the degrees of freedom left. No sign is presumed of any term: on
Iraq's fatal events Ramadan came out above 1 for the country and told nothing for Baghdad.

Below 104 weeks, 50 incidents or 20 weeks that have any nothing is said; a period of the calendar
is judged only where it came in three years, each time within weeks that were recorded, and 100
incidents are there. A period that fell into no recorded week, or into all of them alike, is left
out by itself and takes no other with it. Where even the season cannot be told apart the line stands
alone. What was in the model is said (`has_season`, `calendar`), since a trend with less taken out
of it says less.

Source: Hilbe 2011, Negative Binomial Regression; Newey and West 1987 (see `counts`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .counts import Fit, NoFit, negative_binomial, newey_west

WEEKS_A_YEAR = 365.25 / 7
#: What must be there before anything is said of the trend, and of a period of the calendar.
WEEKS, EVENTS = 104, 50
#: One bad week is no trend: incidents stand in at least so many.
WEEKS_WITH_ANY = 20
OCCURRENCES, EVENTS_FOR_CALENDAR = 3, 100
LAG = 8


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of counts with its 95 % interval."""

    ratio: float
    low: float
    high: float

    @property
    def tells(self) -> bool:
        """Whether the interval leaves 1 out."""
        return not self.low <= 1 <= self.high


@dataclass(frozen=True, slots=True)
class Trend:
    """What `trend` found.

    yearly      counts of a year over those of the year before
    has_season  whether the season was taken out of it
    calendar    of each judged period, a week wholly inside over one outside; these, and no others,
                were taken out
    fitted      expected counts of each week; nan for weeks left out
    smooth      the same without season and calendar, for the line of the chart
    low, high   95 % band of the smooth line
    weeks, events
                what it stands on
    """

    yearly: Ratio
    has_season: bool
    calendar: dict[str, Ratio]
    fitted: NDArray[np.float64]
    smooth: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    weeks: int
    events: int


def trend(
    counts: ArrayLike,
    *,
    week_of_year: ArrayLike,
    calendar: Mapping[str, ArrayLike] | None = None,
    years: Mapping[str, Sequence[Collection[int]]] | None = None,
) -> Trend | None:
    """Fit the trend of one series; None where there is too little, or nothing can be told apart.

    counts         a week each, in order; nan is a week without reporting
    week_of_year   weeks since any first of January, 0 to 53; gives the season its phase
    calendar       of each period, the share of each week's days inside it, 0 to 1
    years          of each period, the years of its own calendar in which each week has part in it:
                   one with two parts a year comes once a year; without, each run of weeks counts
    """
    y = np.asarray(counts, dtype=float).reshape(-1)
    phase = 2 * np.pi * np.asarray(week_of_year, dtype=float).reshape(-1) / WEEKS_A_YEAR
    if len(y) != len(phase):
        raise ValueError("Every week has its place in the year.")
    known = np.isfinite(y)
    events = int(np.nansum(y)) if known.any() else 0
    if known.sum() < WEEKS or events < EVENTS or (y[known] > 0).sum() < WEEKS_WITH_ANY:
        return None
    along = np.arange(len(y)) / WEEKS_A_YEAR
    middle = float(along[known].mean())
    season = [np.sin(phase), np.cos(phase), np.sin(2 * phase), np.cos(2 * phase)]
    periods = {
        name: np.asarray(share, dtype=float).reshape(-1)
        for name, share in (calendar or {}).items()
        if events >= EVENTS_FOR_CALENDAR
        and _tells(np.asarray(share, dtype=float)[known])
        and _times(np.asarray(share, dtype=float), known, (years or {}).get(name)) >= OCCURRENCES
    }
    design = np.column_stack([np.ones(len(y)), along - middle, *season, *periods.values()])
    fit = _settled(design[known], y[known], plain=2 + len(season))
    if fit is None:
        return None
    has_season = fit.terms.shape[1] > 2
    names = list(periods)[: fit.terms.shape[1] - 2 - len(season)] if has_season else []
    covariance = newey_west(fit, LAG)
    left = len(fit.observed) - fit.terms.shape[1]
    reach = float(special.stdtrit(left, 0.975))

    def ratio_of(at: int) -> Ratio:
        value, error = fit.coefficients[at], np.sqrt(max(covariance[at, at], 0.0))
        return Ratio(
            *(float(np.exp(np.clip(value + step * error, -30, 30))) for step in (0, -reach, reach))
        )

    used = design[:, : fit.terms.shape[1]]
    line = used[:, :2] @ fit.coefficients[:2]
    spread = np.sqrt(np.einsum("ij,jk,ik->i", used[:, :2], covariance[:2, :2], used[:, :2]))
    return Trend(
        yearly=ratio_of(1),
        has_season=has_season,
        calendar={name: ratio_of(2 + len(season) + at) for at, name in enumerate(names)},
        fitted=np.where(known, np.exp(np.clip(used @ fit.coefficients, -30, 30)), np.nan),
        smooth=np.exp(np.clip(line, -30, 30)),
        low=np.exp(np.clip(line - reach * spread, -30, 30)),
        high=np.exp(np.clip(line + reach * spread, -30, 30)),
        weeks=int(known.sum()),
        events=events,
    )


def _settled(design: NDArray[np.float64], y: NDArray[np.float64], *, plain: int) -> Fit | None:
    """The fullest model that can be fitted: with calendar, without it, the line alone."""
    for columns in (design.shape[1], plain, 2):
        try:
            return negative_binomial(design[:, :columns], y)
        except NoFit:
            continue
    return None


def _tells(share: NDArray[np.float64]) -> bool:
    """Whether the weeks that were recorded differ in the share: else it has no term of its own."""
    return bool(share.size) and float(np.ptp(share)) > 0


def _times(
    share: NDArray[np.float64],
    known: NDArray[np.bool_],
    years: Sequence[Collection[int]] | None,
) -> int:
    """How often a period came, where at least one week with a part in it was recorded.

    By the years of its own calendar; without them by runs of weeks, of which one at the edge of the
    series, cut off there, is none.
    """
    if years is not None:
        found = {year for at in np.flatnonzero(known & (share > 0)) for year in years[int(at)]}
        return len(found)
    inside = np.concatenate([[False], share > 0, [False]])
    starts = np.flatnonzero(inside[1:] & ~inside[:-1])
    ends = np.flatnonzero(~inside[1:] & inside[:-1])
    return sum(
        bool(known[start:end].any())
        for start, end in zip(starts, ends, strict=True)
        if start > 0 and end < len(share)
    )
