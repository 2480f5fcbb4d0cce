"""The office of the grants, as fixtures."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from grants.models import Fund, Grant
from tests.grants import office as world


@pytest.fixture
def office(make_user: Callable[..., Any]) -> SimpleNamespace:
    """REO staff, one duty each (`office.payer`), with a second of some (`office.payer2`)."""
    return world.people(make_user)


@pytest.fixture
def fund(office: SimpleNamespace) -> Fund:
    """A million dollars, the ladder of the demonstration, both approvers on every level."""
    return world.open_fund(office)


@pytest.fixture
def grant_in(office: SimpleNamespace, fund: Fund) -> Callable[..., Grant]:
    """A grant of 3,000 dollars in a state of the straight way."""

    def make(state: str = "DRAFT", asks: Any = 3000, tranches: Any = None, **facts: Any) -> Grant:
        return world.move(
            office, world.draft(office, fund, asks, **facts), state, tranches=tranches
        )

    return make
