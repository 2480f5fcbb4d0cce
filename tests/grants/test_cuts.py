"""An award is cut down to what is paid and asked for; what was refused holds nothing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import LessThanHeld, StepIsMissingSomething
from grants.models import Amendment, Grant, Tranche
from grants.services import amendments, ledger, money_reading, payments, proposals
from grants.services.verification import faults
from tests.grants import office as world
from tests.grants.reports.test_agreement import found
from tests.grants.test_duties import role_of

pytestmark = pytest.mark.django_db
ROLES = pytest.mark.parametrize("role", ["reo", "app"])


def refused(office: Any, tranche: Tranche, amount: int) -> Any:
    asked = world.ask(office, tranche, amount)
    with acting(office.certifier):
        return payments.refuse(asked, reason="not theirs", by=office.certifier)


def signed(office: Any, made: Amendment, *parts: int) -> Grant:
    with acting(office.officer):
        world.paper(made.grant, "amendment", office.officer)
        return amendments.sign_amendment(
            made,
            parts=[
                proposals.Part(Decimal(one), periods.now().date() + timedelta(days=9))
                for one in parts
            ],
            by=office.officer,
        )


def plan(grant: Grant) -> list[tuple[int, int]]:
    return [(one.number, int(one.planned_usd)) for one in grant.tranches.order_by("number")]


@pytest.fixture
def begun(office, grant_in):
    """3,000 dollars in two tranches; the first is paid, a request on the second was refused."""
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    first, second = grant.tranches.order_by("number")
    world.pay(office, first, 1000)
    refused(office, second, 700)
    return Grant.objects.get(pk=grant.pk)


@pytest.mark.parametrize(
    ("new_usd", "parts", "after"),
    [
        (2500, [], [(1, 1000), (2, 1500)]),
        (1000, [], [(1, 1000), (2, 0)]),
        (1500, [300], [(1, 1000), (2, 200), (3, 300)]),
        (3500, [500], [(1, 1000), (2, 2000), (3, 500)]),
    ],
)
def test_a_refused_request_does_not_keep_a_cut_from_being_signed(
    office, begun, new_usd, parts, after
):
    grant = signed(office, world.amended(office, begun, new_usd), *parts)

    assert plan(grant) == after
    assert (grant.approved_usd, grant.net_obligated_usd) == (new_usd, new_usd)
    assert faults() == []


def test_a_part_paid_tranche_is_cut_to_what_is_paid_and_asked_for(office, grant_in):
    grant = grant_in("AWARDED", tranches=[3000])
    tranche = grant.tranches.get()
    world.pay(office, tranche, 500)
    world.ask(office, tranche, 300)
    grant = Grant.objects.get(pk=grant.pk)
    assert amendments.least(grant) == 800

    with pytest.raises(LessThanHeld), acting(office.requester):
        amendments.open_amendment(grant, new_usd=799, reason="less", by=office.requester)
    grant = signed(office, world.amended(office, grant, 800))

    assert plan(grant) == [(1, 800)]
    assert grant.unliquidated_usd == 300


def test_what_is_asked_for_after_the_approval_stands_in_the_way(office, grant_in):
    grant = grant_in("AWARDED", tranches=[3000])
    made = world.amended(office, grant, 1000)
    asked = world.ask(office, grant.tranches.get(), 1001)
    with pytest.raises(LessThanHeld):
        signed(office, made)
    with acting(office.certifier):
        payments.refuse(asked, reason="too much", by=office.certifier)

    assert plan(signed(office, made)) == [(1, 1000)]


def test_dinars_that_are_asked_for_hold_their_tranche(office, grant_in):
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    world.ask(office, grant.tranches.get(number=1), 1_000, currency="IQD")
    assert amendments.least(grant) == 1000

    assert plan(signed(office, world.amended(office, grant, 1000))) == [(1, 1000)]


def test_what_came_back_may_be_cut_too(office, grant_in):
    """A tranche keeps what it was paid; the award goes down by what was given back."""
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    world.pay(office, grant.tranches.get(number=1), 1000)
    with acting(office.payer):
        ledger.refund(grant, amount=400, reason="left over", by=office.payer)
    grant = signed(office, world.amended(office, Grant.objects.get(pk=grant.pk), 600))

    assert plan(grant) == [(1, 1000)]
    assert (grant.net_obligated_usd, grant.net_disbursed_usd) == (600, 600)


def test_parts_that_leave_too_little_or_too_much_are_refused(office, begun):
    made = world.amended(office, begun, 2500)
    with pytest.raises(StepIsMissingSomething):
        signed(office, made, 1600)
    assert plan(begun) == [(1, 1000), (2, 2000)]


def test_the_tranche_after_one_cut_to_nothing_has_its_own_gate(office, grant_in):
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    refused(office, grant.tranches.get(number=1), 700)
    grant = signed(office, world.amended(office, grant, 500), 500)
    assert plan(grant) == [(1, 0), (2, 500)]

    cut, last = money_reading.gates(grant, periods.now().date())
    assert (cut.is_cut, cut.is_paid, last.missing) == (True, False, ())
    assert [row["gate_status"] for row in found(office, "tranches")] == ["ended", "open"]
    assert world.pay(office, last.tranche, 500).amount_usd == 500


@ROLES
@pytest.mark.parametrize(
    ("planned", "because"),
    [
        (1999, "stands as it was planned"),
        (2001, "stands as it was planned"),
    ],
)
def test_no_row_changes_a_tranche_without_an_approved_amendment(
    office, begun, role, planned, because
):
    with pytest.raises(Error, match=because), role_of(office.officer, role):
        begun.tranches.filter(number=2).update(planned_usd=planned)


@ROLES
def test_no_row_cuts_a_tranche_below_what_it_holds(office, grant_in, role):
    grant = grant_in("AWARDED", tranches=[3000])
    tranche = grant.tranches.get()
    world.pay(office, tranche, 500)
    world.ask(office, tranche, 300)
    world.amended(office, Grant.objects.get(pk=grant.pk), 900)
    rows = Tranche.objects.filter(pk=tranche.pk)
    with pytest.raises(Error, match="what is paid and asked for"), role_of(office.officer, role):
        rows.update(planned_usd=799)
    with role_of(office.officer, role):
        assert rows.update(planned_usd=800) == 1


@ROLES
def test_no_row_signs_an_amendment_whose_tranches_come_to_another_sum(office, begun, role):
    made = world.amended(office, begun, 2500)
    world.paper(begun, "amendment", office.officer)
    with acting(office.officer):
        ledger.deobligate(begun, amount_usd=500, reason="less", by=office.officer)
    with role_of(office.officer, role):
        Grant.objects.filter(pk=begun.pk).update(approved_usd=2500)
    with pytest.raises(Error, match="sum to its new sum"), role_of(office.officer, role):
        Amendment.objects.filter(pk=made.pk).update(state="SIGNED", closed_at=periods.now())


def test_no_tranche_begins_with_nothing(office, grant_in):
    grant = grant_in("APPROVED")
    with pytest.raises(Error, match="begins with an amount"), acting(office.officer):
        Tranche.objects.create(grant=grant, number=9, planned_usd=0, due_on=world.BEGAN)


def test_the_page_says_what_is_cut(office, begun, client):
    made = world.amended(office, begun, 2500)
    world.paper(begun, "amendment", office.officer)
    client.force_login(office.officer)
    url = reverse("grants:amendment_step", args=[begun.ref, made.number, "sign"])
    page = client.get(url).content.decode()
    assert "these are cut" in page
    assert "1,500.00" in page
    client.post(
        url,
        {
            "tranches-TOTAL_FORMS": "1",
            "tranches-INITIAL_FORMS": "0",
            "tranches-0-planned_usd": "",
            "tranches-0-due_on": "",
        },
    )
    assert plan(begun) == [(1, 1000), (2, 1500)]
