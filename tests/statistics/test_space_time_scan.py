"""Emerging clusters: those of SaTScan, and the odd inputs."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from ceasefire.statistics.space_time_scan import scan

from .reference import FOLDER, column, rows

CASES = [
    ("nyc_fever_cases", "nyc_fever", date(2001, 11, 1), date(2001, 11, 24), 3, 7),
    (
        "sigacts_basra_grid_2007-07-31",
        "sigacts_basra_2007-07-31",
        date(2007, 5, 3),
        date(2007, 7, 31),
        10,
        28,
    ),
]


@pytest.mark.parametrize(("cases", "answers", "first", "last", "furthest", "longest"), CASES)
def test_the_cluster_is_that_of_satscan(cases, answers, first, last, furthest, longest):
    read = rows(FOLDER / "data" / f"{cases}.csv")
    (theirs,) = rows(FOLDER / "scan" / f"{answers}.csv")
    found = scan(
        [row["loc"] for row in read],
        column(read, "lat"),
        column(read, "lon"),
        [(date.fromisoformat(row["date"]) - first).days for row in read],
        span=(last - first).days + 1,
        furthest=furthest,
        longest=longest,
        seed=[2026, 2],
    )
    cluster = found.cluster
    assert cluster is not None
    assert sorted(found.labels[one] for one in cluster.members) == theirs["members"].split()
    assert (found.cases, len(found.labels)) == (int(theirs["cases"]), int(theirs["locations"]))
    assert (cluster.days, cluster.observed) == (int(theirs["days"]), int(theirs["observed"]))
    assert cluster.expected == pytest.approx(float(theirs["expected"]), abs=1e-6)
    assert cluster.ratio == pytest.approx(float(theirs["glr"]), abs=1e-6)
    assert cluster.radius == pytest.approx(float(theirs["radius_km"]), abs=1e-4)
    assert found.p == pytest.approx(float(theirs["p_value"]), abs=0.05)
    assert found.recurrence == pytest.approx(1 / found.p)


def test_a_planted_cluster_is_found_and_the_seed_fixes_the_answer():
    rng = np.random.default_rng(4)
    labels = [str(one) for one in rng.integers(0, 40, 300)] + ["7"] * 9
    where = {str(one): (30.4 + one / 500, 47.7 + (one % 7) / 300) for one in range(40)}
    days = [*rng.integers(0, 90, 300), *rng.integers(85, 90, 9)]
    given = {
        "lat": [where[one][0] for one in labels],
        "lon": [where[one][1] for one in labels],
        "days": days,
        "span": 90,
        "furthest": 2,
        "longest": 14,
        "seed": 5,
        "permutations": 199,
    }
    found, again = scan(labels, **given), scan(labels, **given)
    assert found.cluster is not None
    assert "7" in [found.labels[one] for one in found.cluster.members]
    assert found.p <= 0.01
    assert (found.cluster, found.p) == (again.cluster, again.p)


@pytest.mark.parametrize(
    ("labels", "lat", "lon", "days", "cases"),
    [
        ([], [], [], [], 0),
        (["a"], [30.0], [47.0], [89], 1),
        (["a"] * 50, [30.0] * 50, [47.0] * 50, range(40, 90), 50),
        ([str(one) for one in range(50)], np.linspace(30, 30.1, 50), [47.0] * 50, [89] * 50, 50),
        (["a", "b"], [np.nan, 30.0], [47.0, np.nan], [1, 2], 0),
        (["a", "b"], [30.0, 30.0], [47.0, 47.0], [-1, 90], 0),
    ],
)
def test_odd_inputs_give_no_cluster(labels, lat, lon, days, cases):
    found = scan(labels, lat, lon, days, span=90, furthest=3, longest=28, seed=1, permutations=19)
    assert (found.cases, found.cluster, found.p) == (cases, None, 1.0)
