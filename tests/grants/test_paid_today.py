"""A payment typed with an earlier day: what shut since keeps it back, and what was shut then.

The grant is awarded and the payment certified twelve days ago, by the clock of the demonstration.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import Error

from ceasefire import periods
from ceasefire.database.session import acting
from grants.demo.clock import Clock, told
from grants.exceptions import MissingThatDay, StepIsMissingSomething
from grants.models import Fund, LedgerEntry, PaymentRequest
from grants.services import machine, monitoring, organisations
from tests.grants import office as world
from tests.grants.test_duties import role_of
from tests.grants.test_gates import pay_raw

pytestmark = pytest.mark.django_db
AGO = timedelta(days=12)


@pytest.fixture
def waiting(office: Any, fund: Fund) -> Callable[..., PaymentRequest]:
    """A payment that is asked for since twelve days, certified or not; `before` is done then."""

    def make(before: Callable[[Any], Any], *, certified: bool) -> PaymentRequest:
        clock = Clock()
        with told(clock):
            clock.set(periods.now() - AGO)
            grant = world.move(office, world.draft(office, fund), "AWARDED")
            before(grant)
            made = (world.certified if certified else world.ask)(office, grant.tranches.get(), 100)
        return PaymentRequest.objects.get(pk=made.pk)

    return make


def then() -> Any:
    """That day, whatever the clock of the demonstration says."""
    return (datetime.now(periods.BAGHDAD) - AGO).date()


def a_short_clearance(office: Any, grant: Any) -> None:
    """Until three days after that day."""
    with acting(office.vetting):
        machine.clear(grant, valid_to=then() + timedelta(days=3), by=office.vetting)


def old_lists(office: Any, grant: Any) -> None:
    """The list was 18 days old then and is 30 today."""
    world.ask_for_list(office, grant.fund, max_days=25)


def a_visit(office: Any, grant: Any) -> None:
    with acting(office.monitor):
        monitoring.plan_visit(
            grant, kind="routine", due_on=then() + timedelta(days=2), by=office.monitor
        )


SHUT: dict[str, tuple[Callable[..., Any], set[str], str]] = {
    "clearance": (a_short_clearance, {"clearance"}, "has run out since"),
    "lists": (old_lists, {"lists_stale"}, "too old by now"),
    "visit": (a_visit, {"visit_overdue"}, "a visit is overdue, today"),
}


@pytest.mark.parametrize("what", SHUT)
def test_a_gate_that_shut_since_is_not_passed_with_an_earlier_day(office, waiting, what):
    shuts, codes, _why = SHUT[what]
    payment = waiting(lambda grant: shuts(office, grant), certified=True)

    with pytest.raises(StepIsMissingSomething) as refused:
        world.pay_it(office, payment, on=then())

    assert {one.code for one in refused.value.missing} == codes
    assert not isinstance(refused.value, MissingThatDay)


@pytest.mark.parametrize("role", ["reo", "app"])
@pytest.mark.parametrize("what", SHUT)
def test_nor_by_hand(office, waiting, what, role):
    shuts, _codes, why = SHUT[what]
    payment = waiting(lambda grant: shuts(office, grant), certified=False)

    with pytest.raises(Error, match=why), role_of(office.payer, role):
        pay_raw(office, payment, role, on=then())

    assert not LedgerEntry.objects.filter(kind="DISBURSE").exists()


def test_what_was_shut_that_day_is_said_at_the_day(office, waiting, client):
    payment = waiting(lambda grant: None, certified=True)
    # Named otherwise, screened and cleared today: on that day nobody had looked at this name.
    with acting(office.requester):
        organisations.change_organisation(payment.payee, name_en="Another", by=office.requester)
    world.screen(office, payment.grant)
    with acting(office.vetting):
        machine.clear(payment.grant, by=office.vetting)
    with acting(office.payer):
        proof = world.paper(payment.grant, "receipt", office.payer)

    with pytest.raises(MissingThatDay):
        world.pay_it(office, payment, on=then())
    client.force_login(office.payer)
    typed = {"on": f"{then():%d/%m/%Y}", "proof": proof.pk}
    answer = client.post(f"/grants/payments/{payment.pk}/pay/", typed)

    (error,) = answer.context["form"].errors["on"]
    assert error.startswith("On that day this was missing: A clearance that holds; Name")
    assert not LedgerEntry.objects.filter(kind="DISBURSE").exists()
    assert world.pay_it(office, payment).amount_usd == 100


def test_an_open_gate_takes_an_earlier_day(office, waiting):
    payment = waiting(lambda grant: None, certified=True)

    assert world.pay_it(office, payment, on=then()).effective_on == then()
