"""What a history allows, row by row of the minimum-data rules."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.statistics.history import Rule, history

NOW = date(2026, 3, 1)


def weeks(number: int) -> list[date]:
    return [NOW - timedelta(days=7 * back) for back in range(number - 1, -1, -1)]


@pytest.mark.parametrize(
    ("before", "rule"),
    [
        (0, Rule.COUNTS),
        (3, Rule.COUNTS),
        (7, Rule.COUNTS),
        (8, Rule.RANGE),
        (25, Rule.RANGE),
        (26, Rule.EARLY_WATCH),
        (155, Rule.EARLY_WATCH),
        (157, Rule.EARLY_WATCH),  # three years, but the oldest reference window is not whole
        (161, Rule.THREE_YEARS),
        (259, Rule.THREE_YEARS),
        (262, Rule.THREE_YEARS),  # five years, but the oldest reference window is not whole
        (266, Rule.FIVE_YEARS),
        (600, Rule.FIVE_YEARS),
    ],
)
def test_weeks_of_history_decide(before, rule):
    known = history(np.full(before + 1, 2.0), dates=weeks(before + 1))
    assert known.rule is rule
    assert known.weeks == before


def test_the_early_watch_is_for_district_totals():
    assert history(np.full(100, 2.0), total=False).rule is Rule.RANGE


def test_few_events_lately_are_too_few_to_say():
    counts = np.full(300, 2.0)
    counts[-4:] = (1, 1, 1, 1)
    known = history(counts, dates=weeks(300))
    assert (known.rule, known.recent, known.years_back) == (Rule.TOO_FEW, 4, 5)
    counts[-1] = 2
    assert history(counts, dates=weeks(300)).rule is Rule.FIVE_YEARS


def test_a_gap_of_two_weeks_is_bridged_and_one_of_three_begins_anew():
    counts = np.full(300, 2.0)
    counts[200:202] = np.nan
    bridged = history(counts, dates=weeks(300))
    assert (bridged.rule, bridged.weeks, bridged.missing) == (Rule.FIVE_YEARS, 297, 2)
    counts[202] = np.nan
    anew = history(counts, dates=weeks(300))
    assert (anew.rule, anew.weeks, anew.start) == (Rule.EARLY_WATCH, 96, 203)
    assert anew.restarted


def test_weeks_before_the_first_report_are_no_history():
    counts = np.full(300, 2.0)
    counts[:297] = np.nan
    known = history(counts, dates=weeks(300))
    assert (known.rule, known.weeks, known.restarted) == (Rule.COUNTS, 2, False)


def test_a_change_of_the_entry_rules_begins_anew():
    known = history(np.full(300, 2.0), dates=weeks(300), baseline_from=290)
    assert (known.rule, known.weeks, known.restarted) == (Rule.RANGE, 9, True)


def test_a_missing_reference_week_forbids_the_alert():
    counts = np.full(200, 2.0)
    dates = weeks(200)
    assert history(counts, dates=dates).rule is Rule.THREE_YEARS
    counts[dates.index(date(2025, 3, 2))] = np.nan
    assert history(counts, dates=dates).rule is Rule.EARLY_WATCH


def test_a_missing_week_is_missing():
    known = history([*[2.0] * 300, np.nan])
    assert known.rule is Rule.MISSING


@pytest.mark.parametrize("counts", [[], [np.nan], [np.nan] * 50])
def test_nothing_at_all_is_missing(counts):
    known = history(counts)
    assert (known.rule, known.weeks, known.low) == (Rule.MISSING, 0, None)


def test_the_range_is_that_of_the_last_year():
    counts = np.array([50.0] + [1.0, 4.0] * 40 + [9.0])
    assert (history(counts).low, history(counts).high) == (1, 4)


@given(st.lists(st.one_of(st.integers(0, 9), st.just(float("nan"))), max_size=320), st.booleans())
def test_any_history_has_a_rule(counts, total):
    known = history(counts, total=total)
    assert 0 <= known.weeks <= max(len(counts) - 1, 0)
    assert known.weeks >= 156 or known.years_back is None
