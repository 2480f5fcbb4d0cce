"""What the tests of the outbox need: their kinds, and a broker that is not asked."""

import pytest

from ceasefire.jobs import broker, tasks
from tests.jobs import kinds  # noqa: F401 - registers them


@pytest.fixture(autouse=True)
def _broker_may_be_asked():
    """No test inherits another's silence towards the broker."""
    broker._silent_until = 0.0
    yield
    broker._silent_until = 0.0


@pytest.fixture
def hints(monkeypatch):
    """The hints that would have gone to the broker."""
    sent = []
    monkeypatch.setattr(tasks.run, "apply_async", lambda arguments, **_: sent.append(arguments[0]))
    return sent
