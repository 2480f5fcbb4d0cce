"""The weekly judgement of a panel."""

from __future__ import annotations

import ast
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceasefire import statistics
from ceasefire.statistics.assessment import Series, assess
from ceasefire.statistics.early_watch import early_watch
from ceasefire.statistics.history import Rule

from .reference import series

SUNDAY = date(2026, 3, 1)


def panel(seed: int, weeks: int = 320, width: int = 12) -> list[Series]:
    random = np.random.default_rng(seed)
    counts = random.poisson(np.linspace(0.5, 8, width), (weeks, width)).astype(float)
    return [Series(at, counts[:, at], total=at == 0) for at in range(width)]


def test_an_injected_outbreak_is_an_alert_and_comes_first():
    members = panel(1)
    counts = np.array(members[7].counts)
    counts[-1] += 25
    members[7] = Series("sick", counts)
    found = assess(members, week_start=SUNDAY)
    first = found.alerts[0]
    assert (first.key, first.state, first.rule) == ("sick", "unusual", Rule.FIVE_YEARS)
    assert first.observed > first.upper >= first.expected >= first.lower
    assert first.q <= 0.10
    assert first.p <= first.q
    assert not first.watch
    assert found.tests_made == sum(item.tested for item in found.items)
    assert found.tests_made <= found.series_screened <= len(members)
    assert found.false_alerts_expected == pytest.approx(0.1 * len(found.alerts))


def test_other_tests_of_the_week_count_towards_the_same_control_and_loosen_nothing():
    members = panel(1)
    counts = np.array(members[7].counts)
    counts[-1] += 9
    members[7] = Series("sick", counts)
    alone = {item.key: item.q for item in assess(members, week_start=SUNDAY).items}
    # Many tests that show nothing make everything harder to believe, also one that stands alone.
    with_nothing = assess(members, week_start=SUNDAY, beside=[0.9] * 40 + [0.012])
    assert with_nothing.beside[-1] == pytest.approx(0.012 * 41)
    for item in with_nothing.items:
        assert item.q is None or item.q >= alone[item.key]
    assert any(item.q and item.q > alone[item.key] * 2 for item in with_nothing.items)
    # Many that stand out make nothing else easier.
    with_much = assess(members, week_start=SUNDAY, beside=[0.0001] * 12)
    for item in with_much.items:
        assert item.q is None or item.q >= alone[item.key]
    assert with_much.beside[0] <= 0.00035
    assert assess([], week_start=SUNDAY, beside=[0.02, 0.5]).beside == (0.04, 0.5)


def test_the_real_basrah_series_raises_no_alert_from_2014_to_2018():
    counts, dates = series("ucdp_basrah")
    for at in range(573, 833):
        found = assess([Series("all", counts[: at + 1], total=True)], week_start=dates[at])
        assert not found.alerts
        assert found.items[0].state in ("too_few", "usual")


def test_an_outbreak_put_into_the_basrah_series_is_an_alert():
    counts, dates = series("ucdp_basrah")
    counts[800:803] += (3, 4, 6)
    found = assess([Series("all", counts[:803], total=True)], week_start=dates[802])
    assert [item.key for item in found.alerts] == ["all"]


def test_three_weeks_after_the_start_there_are_counts_and_nothing_else():
    found = assess([Series("all", [4, 0, 30], total=True)], week_start=SUNDAY)
    (item,) = found.items
    assert (item.state, item.rule, item.observed) == ("too_few", Rule.COUNTS, 30)
    assert (item.expected, item.upper, item.p, item.alert, item.watch) == (None,) * 3 + (False,) * 2
    assert (found.tests_made, found.false_alerts_expected) == (0, 0.0)


def test_one_quiet_test_in_a_panel_is_no_alert_at_p_of_8_percent():
    # With one test q equals p, and p = 0.08 lies inside the range shown as usual.
    counts = np.array([*[5.0, 6.0, 4.0, 5.0] * 80, 9.0])
    (item,) = assess([Series("all", counts)], week_start=SUNDAY).items
    assert 0.01 < item.p <= 0.1
    assert item.q == item.p
    assert (item.state, item.alert, item.watch) == ("usual", False, False)


def test_the_early_watch_speaks_for_a_total_and_never_alerts():
    counts = [1, 0, 2, 1, 0] * 12 + [9]
    total, cell = assess(
        [Series("total", counts, total=True), Series("cell", counts)], week_start=SUNDAY
    ).items
    assert (total.method, total.state, total.watch, total.alert) == (
        "early_watch",
        "too_few",
        True,
        False,
    )
    assert (cell.method, cell.watch) == (None, False)


def test_a_missing_week_is_not_judged():
    (item,) = assess([Series("all", [*[9.0] * 300, np.nan])], week_start=SUNDAY).items
    assert (item.observed, item.state, item.rule) == (None, "too_few", Rule.MISSING)


def test_the_baseline_does_not_see_what_came_before_it():
    random = np.random.default_rng(3)
    counts = random.poisson(6, 500).astype(float)
    cut = counts.copy()
    cut[:320] = 500.0
    whole, other = (
        assess([Series("all", values, baseline_from=330)], week_start=SUNDAY).items[0]
        for values in (counts, cut)
    )
    assert whole.rule is Rule.THREE_YEARS
    assert (whole.expected, whole.upper) == (other.expected, other.upper)


def test_series_of_different_length_are_aligned_at_the_week_judged():
    members = panel(4)
    short = Series("short", np.array(members[5].counts)[-200:])
    alone = assess([short], week_start=SUNDAY).items[0]
    among = assess([*members, short], week_start=SUNDAY).items[-1]
    assert (alone.expected, alone.p, alone.rule) == (among.expected, among.p, Rule.THREE_YEARS)


def test_the_same_data_give_the_same_answer():
    assert assess(panel(9), week_start=SUNDAY) == assess(panel(9), week_start=SUNDAY)


def test_an_empty_panel_is_judged_too():
    assert assess([], week_start=SUNDAY).items == []


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.one_of(st.integers(0, 3), st.just(float("nan")), st.integers(0, 10**8))),
        max_size=4,
    ),
    st.integers(0, 330),
)
def test_any_panel_is_judged(tails, zeros):
    members = [Series(at, [0.0] * zeros + tail, total=True) for at, tail in enumerate(tails)]
    found = assess(members, week_start=SUNDAY)
    assert len(found.items) == len(members)
    for item in found.items:
        assert (item.state == "unusual") == item.alert
        assert not (item.alert and item.watch)
        assert item.tested == (item.q is not None)


@pytest.mark.parametrize(
    ("observed", "before", "watch"),
    [
        (3, [0] * 26, True),  # three events after half a year without one
        (2, [0] * 26, False),  # below the floor
        (5, [4, 5, 3, 4] * 6, False),  # no more than already seen
        (9, [1, 0, 2, 1] * 6, True),
        (4, [0, 3, 0, 3] * 6, False),  # more than ever, but the weeks vary as much
    ],
)
def test_the_early_watch_asks_for_three_events_a_record_and_a_small_chance(observed, before, watch):
    assert early_watch(observed, before).watch is watch


def test_the_early_watch_needs_eight_weeks():
    assert early_watch(9, [0] * 7) is None
    assert early_watch(9, [0] * 7 + [np.nan] * 5) is None
    assert early_watch(float("nan"), [0] * 9) is None


def test_statistics_import_numpy_and_scipy_alone():
    allowed = {"numpy", "scipy", *sys.stdlib_module_names}
    for file in Path(statistics.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            else:
                continue
            assert {name.split(".")[0] for name in names} <= allowed, file.name


@pytest.mark.slow
def test_a_simulated_panel_keeps_false_alerts_few_and_finds_most_outbreaks():
    from tests.bench.bench_statistics import FALSE_ALERTS_A_WEEK, judge, simulate

    outcome = judge(simulate(20260301, 120))
    assert outcome.false_a_week <= FALSE_ALERTS_A_WEEK
    assert outcome.share_found >= 0.5
