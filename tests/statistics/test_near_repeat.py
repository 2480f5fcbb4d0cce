"""Pairs close in place and time: R's figures, and the odd inputs."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from ceasefire.statistics import close_pairs
from ceasefire.statistics.near_repeat import near_repeat, to_metres

from .reference import FOLDER, column, rows


def _basra():
    events = [
        row for row in rows(FOLDER / "data" / "sigacts_basra_events.csv") if row["type"] == "SAF"
    ]
    points = to_metres(column(events, "longitude"), column(events, "latitude"))
    return points, [date.fromisoformat(row["date"]).toordinal() for row in events]


def _chicago():
    events = rows(FOLDER / "data" / "chicago_arson.csv")
    points = np.column_stack([column(events, "x"), column(events, "y")])
    return points, [date.fromisoformat(row["date"]).toordinal() for row in events]


@pytest.mark.parametrize(
    ("read", "answers"),
    [(_basra, "sigacts_basra_saf__euclid"), (_chicago, "chicago_arson__euclid")],
)
def test_pairs_are_those_of_r_and_chance_is_alike(read, answers):
    theirs = rows(FOLDER / "knox" / f"{answers}.csv")
    metres = sorted({float(row[key]) for row in theirs for key in ("s_from", "s_to")})
    days = sorted({int(row[key]) for row in theirs for key in ("t_from", "t_to")})
    ours = near_repeat(*read(), metres=metres, bands=days, seed=[2026, 1], permutations=2999)
    assert ours.observed.reshape(-1).tolist() == column(theirs, "observed_pairs").tolist()
    away = np.abs(ours.expected.reshape(-1) - column(theirs, "perm_mean"))
    assert (away <= 0.2 * column(theirs, "perm_sd")).all()
    assert np.abs(ours.p.reshape(-1) - column(theirs, "p_upper")).max() <= 0.05
    assert ours.p_overall <= 0.01


def test_the_same_seed_gives_the_same_answer_and_another_seed_another():
    points, days = _chicago()
    bands = {"metres": (0, 200, 1000), "bands": (0, 7, 28), "permutations": 99}
    one, again = (near_repeat(points, days, seed=7, **bands) for _turn in range(2))
    assert np.array_equal(one.expected, again.expected)
    assert not np.array_equal(one.expected, near_repeat(points, days, seed=8, **bands).expected)


def test_dates_are_dealt_within_a_stratum_only():
    # Two towns, one in each half of the year: close pairs are of one stratum.
    rng = np.random.default_rng(3)
    points = np.concatenate([rng.normal(0, 50, (60, 2)), rng.normal(9_000, 50, (60, 2))])
    days = np.concatenate([rng.integers(0, 20, 60), rng.integers(200, 220, 60)])
    bands = {"metres": (0, 500), "bands": (0, 8), "seed": 1, "permutations": 199}
    bare = near_repeat(points, days, **bands)
    apart = near_repeat(points, days, strata=[0] * 60 + [1] * 60, **bands)
    assert bare.p_overall <= 0.01
    assert apart.p_overall > 0.05
    assert bare.observed.tolist() == apart.observed.tolist()


@pytest.mark.parametrize(
    ("points", "days", "pairs"),
    [
        (np.empty((0, 2)), [], 0),
        (np.zeros((1, 2)), [3], 0),
        (np.zeros((40, 2)), np.zeros(40), 40 * 39 // 2),
        (np.full((5, 2), np.nan), range(5), 0),
        ([[0, 0], [np.nan, 1], [50, 0]], [1, 1, np.nan], 0),
    ],
)
def test_odd_inputs_are_counted_and_nothing_breaks(points, days, pairs):
    found = near_repeat(points, days, metres=(0, 200), bands=(0, 8), seed=1, permutations=19)
    assert found.observed.sum() == pairs
    assert found.p_overall == 1.0


@pytest.mark.parametrize("bands", [(0, 3, 8, 15), (2, 9, 400)])
@pytest.mark.parametrize("metres", [(0, 1, 200, 400), (100, 300)])
def test_pairs_are_those_of_counting_one_by_one(metres, bands, monkeypatch):
    """Alone, at shared and at crowded places; found in parts; dealt with the same luck."""
    monkeypatch.setattr(close_pairs, "_AT_ONCE", 500)
    monkeypatch.setattr(close_pairs, "_PLACES_AT_ONCE", 30)
    rng = np.random.default_rng(11)
    points = rng.normal(0, 300, (400, 2))
    points[:100], points[100:180], points[180:185] = points[0], points[0] + 50, points[180]
    days, half = rng.integers(0, 60, 400), np.arange(400) % 2
    apart = np.linalg.norm(points[:, None] - points, axis=2)

    def one_by_one(day):
        between = np.abs(day[:, None] - day)
        return [
            [
                ((apart >= near) & (apart < far) & (between >= first) & (between < after))[
                    np.triu_indices(400, 1)
                ].sum()
                for first, after in pairwise(bands)
            ]
            for near, far in pairwise(metres)
        ]

    luck, dealt = np.random.default_rng(4), []
    for _dealing in range(18):
        day = days.copy()
        for label in (0, 1):
            day[half == label] = days[luck.permutation(np.flatnonzero(half == label))]
        dealt.append(one_by_one(day))
    found = near_repeat(
        points, days, metres=metres, bands=bands, strata=half, seed=4, permutations=18
    )
    assert found.observed.tolist() == one_by_one(days)
    assert found.expected.tolist() == np.mean(dealt, axis=0).tolist()
    assert found.deviation.tolist() == np.std(dealt, axis=0).tolist()


def test_bounds_are_from_to():
    points = [[0, 0], [0, 100], [0, 300]]
    found = near_repeat(points, [0, 8, 8], metres=(0, 100, 200.5), bands=(0, 8, 9), seed=1)
    # 100 m apart is of the band from 100, 8 days apart of the band from 8, 200 m below 200.5.
    assert found.observed.tolist() == [[0, 0], [1, 1]]


def test_bounds_that_do_not_grow_are_refused():
    with pytest.raises(ValueError, match="grow"):
        near_repeat([[0, 0]], [0], metres=(0, 100, 100), bands=(0, 8), seed=1)
    with pytest.raises(ValueError, match="same incidents"):
        near_repeat([[0, 0]], [0, 1], metres=(0, 100), bands=(0, 8), seed=1)
