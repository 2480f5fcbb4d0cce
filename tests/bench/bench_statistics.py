"""How well and how fast a panel of 96 series is judged.

A panel of 8 districts x 12 types with known outbreaks is simulated from a fresh seed and judged
week by week as the weekly report does. Two numbers count: false alerts a week (at most 0.25) and
the share of outbreaks that raise an alert while they last (at least one half); and the time the
last week of the panel takes, beside R (`against_r`). The other methods follow
(`statistics_methods`).

The simulation follows the recipe of Noufaily et al. 2013, scaled to a violence panel, with sizes
chosen so that the detector without the false-discovery rate gives about 0.45 false alarms a week
and finds about three outbreaks in four:
- the mean of a series is a district's factor (gamma, mean 1, shape 4) times a type's rate (0.1 to 6
  events a week, log-uniform), with a yearly wave of up to 30 % and a trend of up to 5 % a year;
- counts are negative binomial, their variance 1 to 1.3 times the mean;
- 313 weeks of history come first, then the judged weeks;
- outbreaks start at random in series with a mean of at least 1, last 3 to 8 weeks and add 1.3 to
  3.3 standard deviations of a week for each week they last, along a log-normal curve;
- an alert is false when its series had no outbreak in this or the last 3 weeks, so the tail of an
  outbreak is neither a hit nor a fault.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ceasefire.statistics.assessment import Series, assess
from tests.bench import against_r, statistics_methods

SERIES = 96
HISTORY = 313
FIRST_WEEK = date(2016, 1, 3)
FALSE_ALERTS_A_WEEK = 0.25
OUTBREAKS_FOUND = 0.50
SECONDS_A_WEEK = 1.0


class Report(Protocol):
    """Where the numbers go."""

    def line(self, text: str) -> None: ...

    def ratio(
        self, name: str, value: float, unit: str, floor: float, target: float | None = None
    ) -> None: ...

    def figure(self, name: str, value: float, unit: str) -> None: ...


@dataclass(frozen=True)
class Panel:
    """Counts and outbreaks, weeks x series; an outbreak is (series, first week, week after)."""

    counts: NDArray[np.float64]
    outbreaks: list[tuple[int, int, int]]


@dataclass(frozen=True)
class Outcome:
    """What judging a panel gave."""

    weeks: int
    alerts: int
    false_alerts: int
    outbreaks: int
    found: int
    tests: int
    seconds: float

    @property
    def false_a_week(self) -> float:
        return self.false_alerts / self.weeks

    @property
    def share_found(self) -> float:
        return self.found / self.outbreaks if self.outbreaks else float("nan")


def simulate(seed: int, weeks: int, *, rate: float = 0.62) -> Panel:
    """A panel with `weeks` weeks to judge and about `rate` outbreaks a week, from one seed."""
    random = np.random.default_rng(seed)
    length = HISTORY + weeks
    at = np.arange(length)[:, None]
    district = random.gamma(4.0, 1 / 4.0, 8)
    kind = np.exp(random.uniform(np.log(0.1), np.log(6.0), 12))
    mean = np.outer(district, kind).ravel()
    wave = random.uniform(0.0, 0.3, SERIES) * np.cos(
        2 * np.pi * (at / 52.18 - random.uniform(0, 1, SERIES))
    )
    trend = random.uniform(-0.05, 0.05, SERIES) * (at - length / 2) / 52.18
    level = mean * np.exp(wave + trend)
    excess = random.uniform(0.02, 0.3, SERIES)
    shape = level / excess
    counts = random.poisson(random.gamma(shape, level / shape)).astype(float)

    outbreaks: list[tuple[int, int, int]] = []
    dense = np.flatnonzero(mean >= 1.0)
    busy = np.zeros(SERIES, dtype=int)
    for week in range(HISTORY, length - 8):
        for _ in range(random.poisson(rate)):
            series = int(random.choice(dense))
            if busy[series] > week - 12:
                continue
            lasts = int(random.integers(3, 9))
            deviation = np.sqrt(level[week, series] * (1.0 + excess[series]))
            size = random.poisson(random.uniform(2.5, 6.5) * deviation * lasts / 2)
            shares = np.exp(-((np.log(np.arange(1, lasts + 1) / 2.0)) ** 2) / 0.5)
            counts[week : week + lasts, series] += random.multinomial(size, shares / shares.sum())
            outbreaks.append((series, week, week + lasts))
            busy[series] = week + lasts
    return Panel(counts, outbreaks)


def judge(panel: Panel) -> Outcome:
    """Judge every week after the history as the weekly report does."""
    length = panel.counts.shape[0]
    alert = np.zeros(panel.counts.shape, dtype=bool)
    tests = 0
    began = time.perf_counter()
    for week in range(HISTORY, length):
        result = assess(
            [Series(at, panel.counts[: week + 1, at]) for at in range(SERIES)],
            week_start=FIRST_WEEK + timedelta(days=7 * week),
        )
        tests += result.tests_made
        for item in result.alerts:
            alert[week, item.key] = True
    seconds = time.perf_counter() - began
    near = np.zeros(alert.shape, dtype=bool)
    found = 0
    for series, first, after in panel.outbreaks:
        near[first : after + 3, series] = True
        found += bool(alert[first:after, series].any())
    return Outcome(
        weeks=length - HISTORY,
        alerts=int(alert.sum()),
        false_alerts=int((alert & ~near).sum()),
        outbreaks=len(panel.outbreaks),
        found=found,
        tests=tests,
        seconds=seconds,
    )


def run(report: Report, long: bool = False) -> None:
    """Print false alerts a week, the share of outbreaks found, and the time of one week."""
    seed = secrets.randbits(32)
    outcome = judge(simulate(seed, 520 if long else 232))
    report.line(
        f"panel of {SERIES} series, seed {seed}, {outcome.weeks} weeks: {outcome.tests} tests, "
        f"{outcome.alerts} alerts, {outcome.false_alerts} false; "
        f"{outcome.found} of {outcome.outbreaks} outbreaks found"
    )
    report.line(
        f"false alerts a week {outcome.false_a_week:.2f} (at most {FALSE_ALERTS_A_WEEK}), "
        f"outbreaks found {outcome.share_found:.0%} (at least {OUTBREAKS_FOUND:.0%})"
    )
    report.ratio(
        "statistics: outbreaks found",
        outcome.share_found / OUTBREAKS_FOUND,
        "of the share asked for",
        1.0,
        1.0,
    )
    report.ratio(
        "statistics: room below the false alerts allowed",
        FALSE_ALERTS_A_WEEK / max(outcome.false_a_week, 1 / (4 * outcome.weeks)),
        "times",
        1.0,
        2.0,
    )
    report.ratio(
        "statistics: last week of 96 series",
        SECONDS_A_WEEK / (outcome.seconds / outcome.weeks),
        "times faster than 1 s",
        1.0,
        5.0,
    )
    against_r.run(report, simulate(seed, against_r.WEEKS - HISTORY).counts, long)
    statistics_methods.run(report, long)
