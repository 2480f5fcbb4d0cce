"""How far the methods of the weekly report can be believed, and how long they take.

From a fresh seed each time:
- effect: worlds of eight districts, a program in two of them from week 208 of 312. All share a
  season, a decline (none, or 15 % a year) and a drift; each has a drift of its own too, which no
  comparison takes away. Where nothing happened, "cannot tell" is to be said of 93 in 100 worlds. At
  rate ratios of 0.75 and 0.5 the share of "fewer" stands beside what the best design reaches that
  holds its level, of two: the interval by the spread of the comparison districts alone, the
  placebo over all choices of districts alone, both without a look at the weeks before.
- nowcast: series with a level that drifts and delays that change from world to world; the limits
  are to hold the final count in 90 of 100 weeks.
- near repeat: 10,000 incidents in 80 clusters, so that nearly a million pairs are close, 999
  permutations, within 12 s. The floor is a bare comparison of these pairs' days, 1,000 times.
- emerging clusters: 834 attacks of Basra on a grid, 999 permutations, within 3 s.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ceasefire.statistics.effect import Verdict, effect
from ceasefire.statistics.near_repeat import near_repeat
from ceasefire.statistics.nowcast import nowcast
from ceasefire.statistics.space_time_scan import scan

DISTRICTS, PROGRAM, WEEKS, START = 8, 2, 312, 208
CANNOT_TELL, HELD = 0.93, 0.90
KNOX_SECONDS, SCAN_SECONDS = 12.0, 3.0
LEVEL = 0.07


def world(random: np.random.Generator, ratio: float, decline: float) -> NDArray[np.int64]:
    """Weekly counts of the districts, the program's first, with a true rate ratio."""
    weeks = np.arange(WEEKS)[:, None]
    season = 0.2 * np.sin(2 * np.pi * weeks / 52.18)
    shared = np.cumsum(random.normal(0, 0.02, (WEEKS, 1)), axis=0)
    own = np.cumsum(random.normal(0, 0.015, (WEEKS, DISTRICTS)), axis=0)
    level = random.uniform(1.2, 6, DISTRICTS) * np.exp(
        season - decline * weeks / 52.18 + shared + own
    )
    level[START:, :PROGRAM] *= ratio
    return random.negative_binomial(6, 6 / (6 + level))


def run(report: Any, long: bool) -> None:
    """Print the operating figures and the times."""
    seed = secrets.randbits(32)
    report.line(f"seed {seed}")
    random = np.random.default_rng(seed)
    _effects(report, random, 600 if long else 200)
    _nowcasts(report, random, 300 if long else 100)
    _near_repeats(report, random)
    _clusters(report)


def _effects(report: Any, random: np.random.Generator, worlds: int) -> None:
    inside = np.arange(DISTRICTS) < PROGRAM
    said: dict[float, dict[str, float]] = {}
    for ratio in (1.0, 0.75, 0.5):
        told = [
            effect(world(random, ratio, 0.15 * (at % 2)), start=START, treated=inside)
            for at in range(worlds)
        ]
        said[ratio] = {
            "the report": _share(one.verdict is Verdict.FEWER for one in told),
            "either way": _share(one.verdict in (Verdict.FEWER, Verdict.MORE) for one in told),
            "spread": _share(one.high < 1 for one in told),
            "spread, either way": _share(not one.low <= 1 <= one.high for one in told),
            "placebo": _share(one.p_placebo <= 0.05 and one.ratio < 1 for one in told),
            "placebo, either way": _share(one.p_placebo <= 0.05 for one in told),
        }
    holding = [one for one in ("spread", "placebo") if said[1.0][f"{one}, either way"] <= LEVEL]
    cannot = 1 - said[1.0]["either way"]
    report.line(f"effect, {worlds} worlds each: nothing happened, 'cannot tell' in {cannot:.0%}")
    report.ratio("effect: cannot tell where nothing happened", cannot, "of worlds", CANNOT_TELL)
    for ratio in (0.75, 0.5):
        best = max([said[ratio][one] for one in holding], default=float("nan"))
        report.figure(f"effect: 'fewer' at a ratio of {ratio}", said[ratio]["the report"], "")
        report.figure(f"effect: best design that holds its level, {ratio}", best, "")


def _share(answers: Iterator[bool] | Any) -> float:
    return float(np.mean(list(answers)))


def _nowcasts(report: Any, random: np.random.Generator, worlds: int) -> None:
    held: list[bool] = []
    for number in range(worlds):
        level = random.uniform(3, 15) * np.exp(np.cumsum(random.normal(0, 0.08, 80)))
        counts = random.negative_binomial(8, 8 / (8 + level))
        happened = np.repeat(np.arange(80), counts)
        usual = random.dirichlet([12, 6, 3, 2, 1, 0.6, 0.3])
        delay = random.choice(7, size=len(happened), p=usual)
        found = nowcast(happened, happened + delay, now=69, longest=7, window=60, seed=number)
        if found is not None:
            final = counts[63:70]
            held += ((found.low <= final) & (final <= found.high)).tolist()
    report.ratio("nowcast: limits that hold the final count", _share(held), "of weeks", HELD)


def _near_repeats(report: Any, random: np.random.Generator) -> None:
    middles = random.uniform(0, 20_000, (80, 2))
    points = middles[random.integers(0, 80, 10_000)] + random.normal(0, 150, (10_000, 2))
    days = random.integers(0, 730, 10_000)
    began = time.perf_counter()
    found = near_repeat(
        points, days, metres=(0, 0.1, 200, 400, 800), bands=(0, 3, 8, 15, 29), seed=1
    )
    seconds = time.perf_counter() - began
    close = cKDTree(points).query_pairs(800, output_type="ndarray")
    first, second = close[:, 0].astype(np.uint16), close[:, 1].astype(np.uint16)
    short = days.astype(np.int16)
    began = time.perf_counter()
    for _turn in range(20):
        np.count_nonzero(np.abs(short.take(first) - short.take(second)) < 15)
    floor = 50 * (time.perf_counter() - began)
    report.line(
        f"near repeat: {found.events:,} incidents, {len(close):,} close pairs, "
        f"{found.permutations} permutations, {seconds:.1f} s; floor {floor:.1f} s"
    )
    report.ratio("near repeat: 12 s over the time taken", KNOX_SECONDS / seconds, "times", 1.0)


def _clusters(report: Any) -> None:
    from tests.statistics.reference import FOLDER, column, rows

    read = rows(FOLDER / "data" / "sigacts_basra_grid_2007-07-31.csv")
    first = date(2007, 5, 3)
    given = (
        [row["loc"] for row in read],
        column(read, "lat"),
        column(read, "lon"),
        [(date.fromisoformat(row["date"]) - first).days for row in read],
    )
    began = time.perf_counter()
    found = scan(*given, span=90, furthest=10, longest=28, seed=1)
    seconds = time.perf_counter() - began
    report.line(
        f"emerging clusters: {found.cases} cases, {found.permutations} permutations,"
        f" {seconds:.2f} s"
    )
    report.ratio("emerging clusters: 3 s over the time taken", SCAN_SECONDS / seconds, "times", 1.0)
