"""What will be known of the last weeks: calibration, and the odd inputs."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from ceasefire.statistics.nowcast import nowcast

from .reference import FOLDER, column, rows

NOW = date(2011, 6, 2)


def _line_list():
    read = rows(FOLDER / "data" / "hus_o104_linelist.csv")
    return [
        [date.fromisoformat(row[key]).toordinal() if row[key] != "NA" else np.nan for row in read]
        for key in ("dHosp", "dReport")
    ]


def test_the_limits_hold_the_final_counts_of_the_outbreak():
    happened, told = _line_list()
    found = nowcast(happened, told, now=NOW.toordinal(), longest=15, window=32, seed=[2026, 3])
    theirs = [
        row for row in rows(FOLDER / "nowcast" / "hus_2011-06-02.csv") if row["method"] == "lawless"
    ]
    at = [
        date.fromisoformat(row["event_date"]).toordinal() - NOW.toordinal() + 14 for row in theirs
    ]
    assert found.known[at].tolist() == column(theirs, "reported_so_far").astype(int).tolist()
    truth = column(theirs, "final_truth")
    held = (found.low[at] <= truth) & (truth <= found.high[at])
    assert held.mean() >= 0.9
    # Where nothing was told yet a ratio says nothing can come; 16 came.
    assert column(theirs, "ci95_high")[-1] == 0
    assert found.high[at][-1] >= truth[-1] == 16


def test_the_limits_hold_nine_of_ten_final_counts_of_made_up_worlds():
    rng = np.random.default_rng(11)
    held = []
    for world in range(40):
        level = rng.uniform(4, 12) * np.exp(np.cumsum(rng.normal(0, 0.08, 80)))
        counts = rng.negative_binomial(8, 8 / (8 + level))
        happened = np.repeat(np.arange(80), counts)
        delay = rng.choice(7, size=len(happened), p=rng.dirichlet([12, 6, 3, 2, 1, 0.6, 0.3]))
        found = nowcast(happened, happened + delay, now=69, longest=7, window=60, seed=world)
        if found is not None:
            held += ((found.low <= counts[63:70]) & (counts[63:70] <= found.high)).tolist()
    assert len(held) >= 7 * 30
    assert np.mean(held) >= 0.9


def test_nothing_is_corrected_with_fewer_than_200():
    happened = np.arange(199) % 30
    assert nowcast(happened, happened, now=30, longest=4, window=31, seed=1) is None
    happened = np.arange(200) % 30
    assert nowcast(happened, happened, now=30, longest=4, window=31, seed=1) is not None


@pytest.mark.parametrize("delays", [[0], [3], [50]])
def test_all_told_alike(delays):
    happened = np.repeat(np.arange(40), 10)
    told = happened + delays[0]
    found = nowcast(happened, told, now=39, longest=4, window=30, seed=1)
    if delays == [50]:
        assert found is None  # nothing of the window was told by now
    else:
        assert (found.low <= 10).all()
        assert (found.high >= 10).all()
        assert (found.low >= found.known).all()


def test_slips_of_dates_are_left_out_and_the_seed_fixes_the_answer():
    happened = np.repeat(np.arange(40), 10)
    told = happened + np.tile([0, 0, 0, 0, 0, 1, 1, 1, 2, -9], 40)
    one, again = (
        nowcast(happened, told, now=39, longest=4, window=30, seed=2) for _turn in range(2)
    )
    assert one.known.max() <= 9
    assert np.array_equal(one.high, again.high)


def test_a_window_as_short_as_the_delay_is_refused():
    with pytest.raises(ValueError, match="longest delay"):
        nowcast([1], [1], now=1, longest=4, window=4, seed=1)
