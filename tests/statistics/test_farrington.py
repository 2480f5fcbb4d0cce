"""The detector gives the answers of R, and survives whatever a series can hold."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceasefire.statistics.farrington import farrington, has_history, reference_weeks

from .reference import (
    CONFIGURATIONS,
    EXACT,
    SERIES,
    column,
    farrington_answers,
    furthest,
    same_gaps,
    series,
)


@cache
def judged(name: str, configuration: str, **more):
    counts, dates = series(name)
    answers = farrington_answers(name, configuration)
    weeks = [int(row["week_index"]) - 1 for row in answers]
    return answers, farrington(
        counts, dates=dates, weeks=weeks, **CONFIGURATIONS[configuration], **more
    )


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("configuration", EXACT)
def test_the_plug_in_is_the_same_as_in_r(name, configuration):
    answers, ours = judged(name, configuration)
    assert (ours.alarm == (column(answers, "alarm") == 1)).all()
    assert same_gaps(ours.upper, column(answers, "upperbound"))
    assert same_gaps(ours.expected, column(answers, "expected"))
    assert np.array_equal(ours.upper, column(answers, "upperbound"), equal_nan=True)
    assert furthest(ours.expected, column(answers, "expected")) < 1e-6
    assert furthest(ours.phi, column(answers, "phi")) < 1e-3
    assert furthest(ours.p, column(answers, "pvalue")) < 1e-6
    assert same_gaps(ours.trend, column(answers, "trend_coef"))


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("configuration", sorted(set(CONFIGURATIONS) - set(EXACT)))
def test_the_other_thresholds_are_the_same_with_the_dispersion_of_r(name, configuration):
    answers, ours = judged(name, configuration, r_dispersion=True)
    assert (ours.alarm == (column(answers, "alarm") == 1)).all()
    assert same_gaps(ours.upper, column(answers, "upperbound"))
    bounds = furthest(ours.upper, column(answers, "upperbound"))
    assert bounds < 7e-5 if "delta" in configuration or "default" in configuration else bounds == 0
    assert furthest(ours.phi, column(answers, "phi")) < 1e-3
    assert same_gaps(ours.trend, column(answers, "trend_coef"))


@pytest.mark.parametrize("configuration", sorted(set(CONFIGURATIONS) - set(EXACT)))
def test_with_the_dispersion_of_the_papers_98_percent_of_alarms_agree(configuration):
    same = []
    for name in SERIES:
        answers, ours = judged(name, configuration)
        assert same_gaps(ours.upper, column(answers, "upperbound"))
        same.extend(ours.alarm == (column(answers, "alarm") == 1))
    assert np.mean(same) >= 0.98


@pytest.mark.parametrize("configuration", sorted(CONFIGURATIONS))
def test_the_real_basrah_series_raises_no_alarm_from_2014_to_2018(configuration):
    _answers, ours = judged("ucdp_basrah", configuration)
    _counts, dates = series("ucdp_basrah")
    judged_weeks = [dates[at] for at in ours.weeks]
    assert judged_weeks == [day for day in dates if day >= date(2013, 12, 30)]
    assert len(judged_weeks) == 260
    assert not ours.alarm.any()


@pytest.mark.parametrize("years_back", [3, 5])
def test_an_outbreak_put_into_the_basrah_series_is_found(years_back):
    counts, dates = series("ucdp_basrah")
    for start in (700, 760, 820):
        sick = counts.copy()
        sick[start : start + 4] += (2, 3, 4, 5)
        ours = farrington(sick, dates=dates, weeks=range(start, start + 4), years_back=years_back)
        assert ours.alarm.any(), dates[start]


def test_an_absurd_mean_is_refused_and_the_process_lives():
    # scipy's quantile of this very negative binomial aborts the interpreter, hence a process apart.
    code = (
        "from ceasefire.statistics.distributions import quantile, upper_tail; import math;"
        "assert math.isnan(float(quantile(.99, 3.7e59, 1.355)));"
        "assert math.isnan(float(quantile(.99, float('inf'), 1)));"
        "assert math.isnan(float(upper_tail(3, 1e7, 2)));print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr


@pytest.mark.parametrize(
    ("day", "years", "expected"),
    [
        (date(2018, 12, 17), 1, date(2017, 12, 18)),  # a Monday goes to the nearest Monday
        (date(2026, 3, 1), 1, date(2025, 3, 2)),  # a Sunday goes to the nearest Sunday
        (date(2024, 2, 29), 1, date(2023, 3, 2)),  # 29 February counts as 1 March: a Thursday
        (date(2021, 1, 3), 1, date(2020, 1, 5)),  # over a year of 53 ISO weeks
    ],
)
def test_reference_weeks_lie_at_the_nearest_start_of_the_series_own_week(day, years, expected):
    dates = [day - timedelta(days=7 * back) for back in range(400, -1, -1)]
    found = reference_weeks(400, years, length=401, dates=dates)
    assert dates[found[-1]] == expected


def test_reference_weeks_of_plain_numbers_lie_52_back():
    assert reference_weeks(300, 5, length=301).tolist() == [248, 196, 144, 92, 40]
    assert reference_weeks(200, 5, length=301) is None


def test_a_week_is_evaluated_only_when_every_reference_window_exists():
    dates = [date(2020, 1, 5) + timedelta(days=7 * week) for week in range(300)]
    assert not has_history(158, 3, length=300, dates=dates)
    first = next(week for week in range(300) if has_history(week, 3, length=300, dates=dates))
    assert 159 <= first <= 161
    result = farrington(np.full(300, 6.0), dates=dates, years_back=3)
    assert result.weeks[0] == first
    early = farrington(np.full(300, 6.0), dates=dates, years_back=3, weeks=[100])
    assert early.refused.all()
    assert not early.alarm.any()


def test_many_series_together_get_the_answers_they_get_alone():
    random = np.random.default_rng(7)
    table = random.poisson([0.2, 3.0, 9.0, 0.0, 30.0], (300, 5)).astype(float)
    table[40:42, 1] = np.nan
    together = farrington(table)
    for at in range(5):
        alone = farrington(table[:, at])
        assert np.allclose(together.upper[:, at], alone.upper, equal_nan=True)
        assert np.allclose(together.p[:, at], alone.p, equal_nan=True)
        assert (together.alarm[:, at] == alone.alarm).all()


def test_a_missing_week_is_no_zero():
    counts = np.full(300, 10.0)
    gaps, zeros = counts.copy(), counts.copy()
    gaps[100:290:9] = np.nan
    zeros[100:290:9] = 0
    with_gaps = farrington(gaps, weeks=[299], years_back=3)
    with_zeros = farrington(zeros, weeks=[299], years_back=3)
    assert with_gaps.expected[0] == pytest.approx(10, abs=0.01)
    assert with_zeros.expected[0] < 10
    gaps[299] = np.nan
    now = farrington(gaps, weeks=[299], years_back=3)
    assert not now.tested[0]
    assert np.isnan(now.p[0])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"alpha": 0.7}, "alpha"),
        ({"threshold": "magic"}, "threshold"),
        ({"years_back": 0}, "one year"),
        ({"periods": 60}, "periods"),
        ({"weeks": [500]}, "outside"),
        ({"dates": [date(2020, 1, 1)] * 10}, "one date"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, reason):
    with pytest.raises(ValueError, match=f"(?i){reason}"):
        farrington(np.ones(300), **arguments)


@pytest.mark.parametrize("bad", [-1.0, float("inf")])
def test_impossible_counts_are_refused(bad):
    with pytest.raises(ValueError, match="count"):
        farrington([1.0, bad])


COUNT = st.one_of(
    st.integers(0, 5), st.integers(0, 10**9), st.just(float("nan")), st.just(0), st.just(0)
)


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(COUNT, min_size=164, max_size=175),
    threshold=st.sampled_from(["nb", "delta", "muan"]),
    periods=st.sampled_from([1, 10]),
)
def test_any_series_gets_an_answer_and_the_same_one_twice(counts, threshold, periods):
    arguments = {"years_back": 3, "periods": periods, "threshold": threshold}
    result = farrington(counts, **arguments)
    again = farrington(counts, **arguments)
    for name in ("expected", "lower", "upper", "alarm", "p", "phi", "tested"):
        assert np.array_equal(getattr(result, name), getattr(again, name), equal_nan=True)
    assert not (result.alarm & ~result.tested).any()
    tested = result.tested
    assert (result.upper[tested] >= result.lower[tested]).all()
    known = result.p[np.isfinite(result.p)]
    assert ((known >= 0) & (known <= 1)).all()


DEGENERATE = {
    "zeros": np.zeros(300),
    "constant": np.full(300, 7.0),
    "one event now": np.eye(1, 300, 299)[0],
    "one event then": np.eye(1, 300, 50)[0],
    "missing": np.full(300, np.nan),
    "huge": np.full(300, 1e9),
}


@pytest.mark.parametrize("configuration", sorted(CONFIGURATIONS))
def test_degenerate_series_raise_no_alarm(configuration):
    # Beside each other each gets the answer it gets alone (above), and all take as long as one.
    table = np.column_stack(list(DEGENERATE.values()))
    alarms = farrington(table, **CONFIGURATIONS[configuration]).alarm
    assert dict(zip(DEGENERATE, alarms.any(axis=0).tolist(), strict=True)) == dict.fromkeys(
        DEGENERATE, False
    )
    assert not farrington(np.array([]), **CONFIGURATIONS[configuration]).alarm.any()
