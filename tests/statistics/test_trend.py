"""The change over the years: coverage, the calendar, and the odd inputs."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from ceasefire.reports import calendars
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
    assert found.has_season


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


def _weeks(number: int, first: date = date(2018, 1, 7)) -> list[date]:
    return [first + timedelta(weeks=at) for at in range(number)]


def _found(weeks: list[date], observed: np.ndarray):
    return trend(
        observed,
        week_of_year=[(day.timetuple().tm_yday - 1) / 7 for day in weeks],
        calendar=calendars.shares(weeks),
        years=calendars.years(weeks),
    )


def test_a_period_counts_once_a_year_of_its_own_calendar():
    """The two Eids come twice in two years each, so four runs; that is two years, not three."""
    weeks = _weeks(156)  # 1439 to 1442 of the hijra, Ramadan in 2018, 2019 and 2020
    rng = np.random.default_rng(4)
    assert set(_found(weeks, rng.poisson(3, 156)).calendar) == {
        "ramadan", "muharram", "safar", "eids",
    }  # fmt: skip
    two_years = _weeks(118, date(2018, 1, 7))
    assert _found(two_years, rng.poisson(3, 118)).calendar == {}
    runs = (calendars.shares(two_years)["eids"] > 0).astype(int)
    assert (np.diff(np.concatenate([[0], runs])) == 1).sum() == 4


def test_a_period_within_weeks_that_were_not_recorded_did_not_come():
    weeks = _weeks(170)
    observed = np.random.default_rng(4).poisson(3, 170).astype(float)
    shares = calendars.shares(weeks)
    first = np.flatnonzero(shares["ramadan"] > 0)[0]
    observed[first : first + 6] = np.nan
    found = _found(weeks, observed)
    assert "ramadan" not in found.calendar
    # It is left out by itself: the others are judged as before.
    assert set(found.calendar) == {"muharram", "safar", "eids"}


def test_without_years_a_run_at_the_edge_or_in_a_gap_is_none():
    weeks = np.arange(312)
    rng = np.random.default_rng(8)
    observed = rng.poisson(4, 312).astype(float)
    share = np.zeros(312)
    for at in (0, 100, 200, 309):
        share[at : at + 3] = 1
    calendar = {"period": share}
    season = weeks % WEEKS_A_YEAR
    assert trend(observed, week_of_year=season, calendar=calendar).calendar == {}
    share[150:153] = 1
    assert set(trend(observed, week_of_year=season, calendar=calendar).calendar) == {"period"}
    observed[150:153] = np.nan
    assert trend(observed, week_of_year=season, calendar=calendar).calendar == {}


def test_a_period_outside_all_recorded_weeks_takes_no_other_with_it():
    rng = np.random.default_rng(8)
    observed = rng.poisson(4, 312).astype(float)
    often, never = np.zeros(312), np.zeros(312)
    often[10::40] = 1
    observed[60:70] = observed[160:170] = observed[260:270] = np.nan
    never[62:65] = never[162:165] = never[262:265] = 1
    years = {"often": [{at // 52} for at in range(312)], "never": [{at // 52} for at in range(312)]}
    found = trend(
        observed, week_of_year=_season(312), calendar={"often": often, "never": never}, years=years
    )
    assert set(found.calendar) == {"often"}


def test_where_the_season_cannot_be_told_apart_it_is_said_not_to_be_taken_out(monkeypatch):
    from ceasefire.statistics import trend as module

    real = module.negative_binomial

    def narrow(design, y):
        if design.shape[1] > 2:
            raise counts.NoFit("Terms are not told apart.")
        return real(design, y)

    monkeypatch.setattr(module, "negative_binomial", narrow)
    found = trend(np.random.default_rng(1).poisson(3, 200), week_of_year=_season(200))
    assert not found.has_season
    assert found.calendar == {}
