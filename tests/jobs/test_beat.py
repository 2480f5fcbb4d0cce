"""Beat goes on when the clock of its machine is set."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app

from ceasefire.jobs import beat


class Clock:
    """The clock on the wall, which can be set, and the one that nobody can set."""

    def __init__(self, monkeypatch):
        self.wall, self.steady = datetime(2026, 11, 14, 22, tzinfo=UTC), 1000.0
        monkeypatch.setattr(beat.time, "time", lambda: self.wall.timestamp())
        monkeypatch.setattr(beat.time, "monotonic", lambda: self.steady)
        monkeypatch.setattr(type(current_app._get_current_object()), "now", lambda _app: self.wall)

    def goes_on(self, seconds):
        self.wall += timedelta(seconds=seconds)
        self.steady += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def called(clock, monkeypatch):
    """The calls of beat in the next seconds, in their order."""
    made = []
    monkeypatch.setattr(
        beat.SteadyScheduler, "apply_entry", lambda _self, entry, producer: made.append(entry.name)
    )
    monkeypatch.setattr(beat.SteadyScheduler, "producer", None)
    scheduler = beat.SteadyScheduler(current_app._get_current_object())

    def run(seconds):
        made.clear()
        left = float(seconds)
        while left > 0:
            wait = min(left, max(scheduler.tick(), 0.001))
            clock.goes_on(wait)
            left -= wait
        return made

    return run


SWEEP, LOOK = "sweep the outbox", "enter due periods"


def test_everything_is_called_at_the_start_and_then_at_its_intervals(called):
    assert sorted(called(5)) == [LOOK, SWEEP]
    assert called(20) == []
    assert called(10) == [SWEEP]
    found = called(600)
    assert 19 <= found.count(SWEEP) <= 21
    assert found.count(LOOK) == 2


@pytest.mark.parametrize("step", [timedelta(hours=-2), timedelta(hours=2), timedelta(days=-9000)])
def test_a_clock_that_is_set_holds_up_nothing(called, clock, step):
    called(5)
    clock.wall += step
    assert {SWEEP, LOOK} <= set(called(31))
    found = called(600)
    assert 19 <= found.count(SWEEP) <= 21
    assert found.count(LOOK) == 2
