"""EARS gives the answers of R."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.statistics.ears import ears, weeks_needed

from .reference import SERIES, column, ears_answers, furthest, same_gaps, series


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_ears_is_the_same_as_in_r(name, method):
    counts, _ = series(name)
    answers = [row for row in ears_answers(name) if row["method"] == method]
    ours = ears(counts, method=method, weeks=[int(row["week_index"]) - 1 for row in answers])
    assert same_gaps(ours.upper, column(answers, "upperbound"))
    assert furthest(ours.upper, column(answers, "upperbound")) < 1e-6
    assert (ours.alarm == (np.nan_to_num(column(answers, "alarm")) == 1)).all()


def test_bare_ears_calls_single_events_alarms_on_sparse_weeks():
    counts, _ = series("ucdp_basrah")
    ours = ears(counts, method="C1", weeks=range(573, 833))
    at = ours.weeks[ours.alarm]
    assert len(at) == 4
    assert (counts[at] == 1).all()


def test_a_missing_week_in_the_baseline_gives_no_bound():
    counts = np.ones(20)
    counts[10] = np.nan
    ours = ears(counts, method="C1")
    assert np.isnan(ours.upper[(ours.weeks > 10) & (ours.weeks <= 17)]).all()
    assert np.isfinite(ours.upper[ours.weeks > 17]).all()


@pytest.mark.parametrize(
    "arguments",
    [{"method": "C4"}, {"baseline": 2}, {"alpha": 0.6}, {"smallest_deviation": -1}, {"weeks": [3]}],
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="."):
        ears(np.ones(20), **arguments)


@given(
    counts=st.lists(st.one_of(st.integers(0, 10**9), st.just(float("nan"))), max_size=40),
    method=st.sampled_from(["C1", "C2", "C3"]),
)
def test_any_series_gets_an_answer(counts, method):
    ours = ears(counts, method=method)
    assert ours.weeks.size == max(len(counts) - weeks_needed(method), 0)
    assert not (ours.alarm & np.isnan(ours.upper)).any()
