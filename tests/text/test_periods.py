"""Weeks, days and the pinned today."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.periods import BAGHDAD, Week, local_day, long_date, now, today

DAYS = st.dates(min_value=date(2000, 1, 8), max_value=date(2100, 1, 1))


@pytest.mark.parametrize(
    ("day", "week_start", "start", "reason"),
    [
        (date(2026, 11, 22), 6, date(2026, 11, 22), "a Sunday begins its own week"),
        (date(2026, 11, 28), 6, date(2026, 11, 22), "Saturday ends it"),
        (date(2026, 11, 22), 0, date(2026, 11, 16), "weeks from Monday hold it as the last day"),
        (date(2026, 11, 22), 5, date(2026, 11, 21), "weeks from Saturday"),
        (date(2027, 1, 1), 6, date(2026, 12, 27), "a week crosses the new year"),
        (date(2020, 12, 31), 0, date(2020, 12, 28), "the ISO year 2020 has 53 weeks"),
        (date(2024, 2, 29), 6, date(2024, 2, 25), "a leap day"),
    ],
)
def test_the_week_of_a_day(day, week_start, start, reason):
    assert Week.of(day, week_start).start == start, reason


@given(DAYS, st.integers(0, 6))
def test_a_day_lies_in_its_own_week_and_in_no_neighbour(day, week_start):
    week = Week.of(day, week_start)

    assert day in week
    assert week.start.weekday() == week_start
    assert day not in week.next()
    assert day not in week.previous()
    assert week.end not in week
    assert list(week) == [week.start + timedelta(days=n) for n in range(7)]
    assert week.next().previous() == week == week.plus(2).plus(-2)


@pytest.mark.parametrize(("year", "weeks"), [(2025, 52), (2023, 53), (2028, 53), (2026, 52)])
def test_a_year_has_as_many_weeks_as_sundays(year, weeks):
    starts = list(Week.starts_between(date(year, 1, 1), date(year + 1, 1, 1)))

    assert len(starts) == weeks
    assert all(b == a.next() for a, b in zip(starts, starts[1:], strict=False))


def test_starts_between_is_half_open():
    sunday = date(2026, 11, 22)

    assert list(Week.starts_between(sunday, sunday)) == []
    assert list(Week.starts_between(sunday, sunday + timedelta(days=1))) == [Week(sunday)]
    assert list(Week.starts_between(sunday + timedelta(days=1), date(2026, 11, 29))) == []


def test_a_week_begins_and_ends_at_midnight_in_baghdad():
    week = Week(date(2026, 11, 22))

    assert week.starts_at == datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
    assert week.ends_at == week.next().starts_at
    assert datetime(2026, 11, 21, 20, 59, 59, tzinfo=UTC) not in week  # still Saturday in Basrah
    assert datetime(2026, 11, 21, 21, 0, tzinfo=UTC) in week


def test_the_summer_time_of_2007_is_kept():
    assert Week(date(2007, 7, 1)).starts_at.utcoffset() == timedelta(hours=4)
    assert Week(date(2026, 7, 5)).starts_at.utcoffset() == timedelta(hours=3)


def test_weeks_compare_and_hash_by_their_start():
    week = Week(date(2026, 11, 22))

    assert week < week.next()
    assert len({week, Week.of(date(2026, 11, 25))}) == 1
    assert str(week) == "2026-11-22"


def test_a_week_does_not_start_on_a_moment():
    with pytest.raises(TypeError):
        Week(datetime(2026, 11, 22, tzinfo=BAGHDAD))
    with pytest.raises(ValueError):
        Week.of(date(2026, 11, 22), 7)


def test_today_is_the_day_in_baghdad(settings, monkeypatch):
    settings.CEASEFIRE_TODAY = None
    monkeypatch.delenv("CEASEFIRE_TODAY", raising=False)

    assert today() == now().date() or today() == now().date()  # midnight may pass between the two
    assert local_day(datetime(2026, 11, 21, 21, 30, tzinfo=UTC)) == date(2026, 11, 22)


@pytest.mark.parametrize("pin", ["2014-03-02", date(2014, 3, 2)])
def test_a_pin_moves_today_and_leaves_now_alone(settings, pin):
    settings.CEASEFIRE_TODAY = pin

    assert today() == date(2014, 3, 2)
    assert now().year > 2014


def test_the_environment_pins_today_too(settings, monkeypatch):
    settings.CEASEFIRE_TODAY = ""
    monkeypatch.setenv("CEASEFIRE_TODAY", "2015-06-07")

    assert today() == date(2015, 6, 7)


def test_a_pin_that_is_no_day_is_refused(settings):
    settings.CEASEFIRE_TODAY = "07/06/2015"

    with pytest.raises(ValueError, match="CEASEFIRE_TODAY"):
        today()


@pytest.mark.parametrize(
    ("day", "language", "words"),
    [
        (date(2026, 11, 22), "en", "22 November 2026"),
        (date(2026, 11, 22), "ar", "22 تشرين الثاني 2026"),
        (date(2026, 1, 1), "ar", "1 كانون الثاني 2026"),
        (date(2026, 12, 1), "ar-iq", "1 كانون الأول 2026"),
        (datetime(2026, 2, 28, 22, 0, tzinfo=UTC), "ar", "1 آذار 2026"),
    ],
)
def test_months_have_their_iraqi_names(day, language, words):
    assert long_date(day, language) == words
