"""The weekly judgement of a panel of series: alerts, watch, and too few to say.

Every series whose history allows it (see `history`) is tested with the Farrington detector
(negative-binomial plug-in, alpha 0.01, 10 periods, last 26 weeks left out, 5 years back or 3).
Benjamini-Hochberg runs over all series with such a prediction, totals and cells together, also
those with fewer than 5 events in the last 4 weeks: whether a series has those depends on this very
week, so leaving the others out would pick the high counts and then judge them as if they had not
been picked (in simulated panels it doubles the false alerts).

Other tests of the same week (near repeats) are given as `beside`. Then q is the larger of two: over
the tests of its own kind, and over everything tested that week. Near repeats stand out week after
week where they are there at all, and under one common control alone each of them would loosen what
is asked of an alert.

An alert is an alarm (observed strictly above the upper bound) with q <= 0.10. Both are asked: with
few tests q alone would call p = 0.08 an alert, inside the range shown as usual. The watch list
holds tested series with unadjusted p < 0.01 that are no alert, and district totals with a short
history that the early watch picks out.

Source: design of the weekly report, sections 1, 6 and 7.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .early_watch import MOST_WEEKS, early_watch
from .farrington import farrington
from .history import History, Rule, history
from .multiple_testing import benjamini_hochberg

State = Literal["unusual", "usual", "too_few"]
Method = Literal["farrington", "early_watch"]

ALERT_RATE = 0.10
WATCH_LEVEL = 0.01
ALPHA = 0.01
PERIODS = 10
WEEKS_EXCLUDED = 26


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of one place and type (or of all types together).

    key            whatever the caller knows it by; comes back unchanged
    counts         events in consecutive weeks, the week to judge last; nan = missing, never zero
    total          all types of a district together: the early watch is for these alone
    baseline_from  position from which the entry rules are the same as today
    """

    key: Hashable
    counts: ArrayLike
    total: bool = False
    baseline_from: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """The judgement of one series.

    state     "unusual" = alert, "usual" = tested and no alert, also where the count lies above or
              below its range, "too_few" = not tested
    observed  events this week, None = missing
    expected  predicted mean, events; with lower, upper and p None unless a method was used
    lower     1 % quantile, events: a usual week lies from lower to upper
    upper     99 % quantile, events
    p         P(count >= observed) in a usual week; such a week comes once in 1/p weeks
    q         p adjusted over the series screened, and over everything tested in the week, the
              larger of both; None unless tested
    method    "farrington" (a test), "early_watch" (never more than a watch) or None
    alert     observed above upper and q <= 0.10
    watch     worth a look, unconfirmed: p < 0.01 and no alert, or picked out by the early watch
    history   weeks known, missing, range seen, and the rule that was allowed
    """

    key: Hashable
    state: State
    observed: int | None
    expected: float | None
    lower: int | None
    upper: int | None
    p: float | None
    q: float | None
    method: Method | None
    alert: bool
    watch: bool
    history: History

    @property
    def rule(self) -> Rule:
        """What the history allowed."""
        return self.history.rule

    @property
    def tested(self) -> bool:
        """Whether the series counts among the tests made."""
        return self.method == "farrington"


@dataclass(frozen=True, slots=True)
class Assessments:
    """The judgement of a panel, in the order of the panel.

    tests_made               series tested: predicted, and with enough events to say something
    series_screened          series predicted, which q accounts for: the tests and the too few
    false_alerts_expected    at most this many of the alerts are expected to be false: 0.10 times
                             the alerts, or, without an alert, the 0.10 a week in which nothing
                             happened would have; 0 without a test
    false_watches_expected   tested series with p < 0.01 in a week in which nothing happened
    beside                   q of the other tests of the week, in the order in which they were given
    """

    week_start: date
    items: list[Assessment] = field(default_factory=list)
    tests_made: int = 0
    series_screened: int = 0
    false_alerts_expected: float = 0.0
    false_watches_expected: float = 0.0
    beside: tuple[float, ...] = ()

    @property
    def alerts(self) -> list[Assessment]:
        """Alerts, the least likely first."""
        return sorted((item for item in self.items if item.alert), key=_by_p)

    @property
    def watched(self) -> list[Assessment]:
        """The watch list, the least likely first."""
        return sorted((item for item in self.items if item.watch), key=_by_p)


def assess(
    panel: Sequence[Series], *, week_start: date, beside: Sequence[float] = ()
) -> Assessments:
    """Judge the last week of every series of a panel.

    week_start: first day of the week to judge; the weeks of a series are the 7-day weeks up to it,
    so series may differ in length. beside: p-values of the other tests of the week. Raises
    ValueError for a negative or infinite count or a table. The answer depends on nothing but the
    arguments.
    """
    arrays = [np.asarray(series.counts, dtype=float) for series in panel]
    longest = max((array.size for array in arrays), default=0)
    dates = [week_start - timedelta(days=7 * back) for back in range(longest - 1, -1, -1)]
    histories = [
        history(
            array,
            dates=dates[longest - array.size :],
            total=series.total,
            baseline_from=series.baseline_from,
        )
        for series, array in zip(panel, arrays, strict=True)
    ]
    found: list[_Found | None] = [None] * len(panel)
    p = np.full(len(panel), np.nan)
    for years_back in (3, 5):
        members = [at for at, known in enumerate(histories) if known.years_back == years_back]
        if members:
            _test([arrays[at] for at in members], members, found, p, dates, years_back)
    for at, (known, array) in enumerate(zip(histories, arrays, strict=True)):
        if known.rule is Rule.EARLY_WATCH:
            seen = early_watch(array[-1], array[max(known.start, array.size - 1 - MOST_WEEKS) : -1])
            if seen is not None:
                found[at] = _Found(
                    "early_watch", seen.expected, seen.lower, seen.upper, seen.p, seen.watch
                )

    others = np.asarray(beside, dtype=float)
    every = benjamini_hochberg(np.concatenate([p, others]))
    q = np.fmax(benjamini_hochberg(p), every[: p.size])
    items = [
        _judge(series.key, array, known, one, float(adjusted))
        for series, array, known, one, adjusted in zip(
            panel, arrays, histories, found, q.tolist(), strict=True
        )
    ]
    tests = sum(item.tested for item in items)
    alerts = sum(item.alert for item in items)
    return Assessments(
        week_start=week_start,
        items=items,
        tests_made=tests,
        series_screened=int(np.isfinite(p).sum()),
        false_alerts_expected=ALERT_RATE * max(alerts, 1) if tests else 0.0,
        false_watches_expected=WATCH_LEVEL * tests,
        beside=tuple(np.fmax(benjamini_hochberg(others), every[p.size :]).tolist()),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    method: Method
    expected: float
    lower: float
    upper: float
    p: float
    stands_out: bool


def _test(
    arrays: list[NDArray[np.float64]],
    members: list[int],
    found: list[_Found | None],
    p: NDArray[np.float64],
    dates: list[date],
    years_back: int,
) -> None:
    """Fit the series of one baseline together; put down the p-values and what was tested."""
    length = max(array.size for array in arrays)
    table = np.full((length, len(arrays)), np.nan)
    for column, array in enumerate(arrays):
        # The baseline of each begins before its first window, so older weeks are never fitted to.
        table[length - array.size :, column] = array
    result = farrington(
        table,
        dates=dates[len(dates) - length :],
        weeks=[length - 1],
        years_back=years_back,
        periods=PERIODS,
        alpha=ALPHA,
        weeks_excluded=WEEKS_EXCLUDED,
    )
    p[members] = result.p[0]
    for column, at in enumerate(members):
        if result.tested[0, column]:
            found[at] = _Found(
                "farrington",
                float(result.expected[0, column]),
                float(result.lower[0, column]),
                float(result.upper[0, column]),
                float(result.p[0, column]),
                bool(result.alarm[0, column]),
            )


def _judge(
    key: Hashable, counts: NDArray[np.float64], known: History, found: _Found | None, q: float
) -> Assessment:
    observed = None if known.rule is Rule.MISSING else int(counts[-1])
    if found is None:
        return Assessment(
            key, "too_few", observed, None, None, None, None, None, None, False, False, known
        )
    tested = found.method == "farrington"
    alert = tested and found.stands_out and q <= ALERT_RATE
    watch = (found.p < WATCH_LEVEL and not alert) if tested else found.stands_out
    return Assessment(
        key=key,
        state="unusual" if alert else "usual" if tested else "too_few",
        observed=observed,
        expected=found.expected,
        lower=int(found.lower),
        upper=int(found.upper),
        p=found.p,
        q=q if tested else None,
        method=found.method,
        alert=alert,
        watch=watch,
        history=known,
    )


def _by_p(item: Assessment) -> float:
    return 1.0 if item.p is None else item.p
