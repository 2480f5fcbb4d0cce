"""The change over the years: coverage, the calendar, and the odd inputs."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from ceasefire.statistics import counts
from ceasefire.statistics.trend import WEEKS_A_YEAR, trend

from .reference import series


def _season(weeks: int) -> np.ndarray:
    return np.arange(weeks) % WEEKS_A_YEAR


def test_the_interval_holds_the_true_change_nine_times_in_ten():
    held = []
    for world in range(60):
        rng = np.random.default_rng(world)
        weeks = np.arange(312)
        season = 0.3 * np.sin(2 * np.pi * weeks / WEEKS_A_YEAR)
        level = 4 * np.exp(np.log(0.85) * weeks / WEEKS_A_YEAR + season)
        found = trend(rng.negative_binomial(5, 5 / (5 + level)), week_of_year=_season(312))
        held.append(found.yearly.low <= 0.85 <= found.yearly.high)
    assert np.mean(held) >= 0.9


def test_a_period_of_the_calendar_is_found_and_others_tell_nothing():
    rng = np.random.default_rng(2)
    weeks = np.arange(520)
    ramadan = ((weeks * 7) % 354 < 30).astype(float)
    other = ((weeks * 7 + 120) % 354 < 10).astype(float)
    found = trend(
        rng.poisson(5 * np.where(ramadan, 1.6, 1.0)),
        week_of_year=_season(520),
        calendar={"ramadan": ramadan, "other": other, "once": weeks == 100},
    )
    assert found.calendar["ramadan"].low <= 1.6 <= found.calendar["ramadan"].high
    assert found.calendar["ramadan"].tells
    assert not found.calendar["other"].tells
    assert "once" not in found.calendar


def test_fatal_events_of_basrah_and_baghdad():
    for name, told in (("ucdp_baghdad", False), ("ucdp_basrah", True)):
        observed, days = series(name)
        found = trend(
            observed, week_of_year=[(day - date(day.year, 1, 1)).days / 7 for day in days]
        )
        assert found.yearly.tells is told
        assert found.events == observed.sum()
        assert (found.low <= found.smooth).all()
        assert (found.smooth <= found.high).all()


@pytest.mark.parametrize(
    "observed",
    [
        [],
        np.zeros(200),
        np.full(200, np.nan),
        np.ones(103),
        [*np.zeros(199), 60.0],
        [60.0, *np.zeros(199)],
    ],
)
def test_too_little_is_no_trend(observed):
    assert trend(observed, week_of_year=_season(len(observed))) is None


def test_constant_counts_have_no_trend_and_missing_weeks_are_not_zero():
    found = trend(np.ones(200), week_of_year=_season(200))
    assert found.yearly.ratio == pytest.approx(1, abs=1e-6)
    gap = np.full(260, 4.0)
    gap[100:140] = np.nan
    found = trend(gap, week_of_year=_season(260))
    assert found.yearly.ratio == pytest.approx(1, abs=1e-6)
    assert np.isnan(found.fitted[100:140]).all()
    assert found.weeks == 220


def test_terms_that_are_not_told_apart_are_refused():
    with pytest.raises(counts.NoFit, match="apart"):
        counts.poisson(np.column_stack([np.ones(50), np.ones(50)]), np.ones(50))
    with pytest.raises(counts.NoFit, match="Too few"):
        counts.poisson(np.ones((50, 1)), np.zeros(50))
