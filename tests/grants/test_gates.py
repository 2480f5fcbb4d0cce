"""The gates that the database itself holds: whoever writes past the verbs does not come through.

Each raw row is right but for the one thing that is missing; with that thing the same row is taken.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, Error, connection, transaction

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import ExpenseExceeded, StepIsMissingSomething
from grants.models import Grant, LedgerEntry, Officer, PaymentRequest, Transition
from grants.reports import sheet
from grants.services import (
    ledger,
    machine,
    money_reading,
    monitoring,
    payments,
    proposals,
    requirements,
)
from tests.grants import office as world
from tests.grants.reports.test_agreement import found, gates
from tests.grants.test_duties import decide, role_of

pytestmark = pytest.mark.django_db


def awarded(office: Any, grant: Grant, *, report: bool = False, visit: bool = False) -> Grant:
    """Award an approved grant in two tranches, the second with what it asks for."""
    day = periods.now().date()
    with acting(office.officer):
        for kind in ("award_letter", "monitoring_plan", "report_plan"):
            world.paper(grant, kind, office.officer)
        monitoring.plan_report(grant, kind="final", due_on=day, by=office.officer)
        proposals.plan_tranches(
            grant,
            [
                proposals.Part(Decimal(1000), day),
                proposals.Part(Decimal(2000), day, needs_report=report, needs_visit=visit),
            ],
            by=office.officer,
        )
        return machine.award(grant, by=office.officer)


def pay_raw(office: Any, payment: PaymentRequest, role: str, *, on: Any = None) -> None:
    """Certify, pay and post by hand, each as who may; `on` is the day the money left."""
    mine = PaymentRequest.objects.filter(pk=payment.pk)
    now = periods.now()
    day = on or now.date()
    with acting(office.payer):
        proof = world.paper(payment.grant, "receipt", office.payer)
    with role_of(office.certifier, role):
        world.match_raw(payment, office.certifier)
        mine.update(state="CERTIFIED", certifier_id=office.certifier.pk, certified_at=now)
    with role_of(office.payer, role), connection.cursor() as cursor:
        mine.update(
            state="PAID",
            payer_id=office.payer.pk,
            paid_at=now,
            paid_on=day,
            proof_id=proof.pk,
        )
        cursor.execute(
            """
            INSERT INTO grants_ledgerentry
              (fund_id, grant_id, tranche_id, payment_id, kind, amount, currency, rate_source,
               amount_usd, effective_on, actor_id, reason)
            VALUES (%s, %s, %s, %s, 'DISBURSE', %s, 'USD', '', %s, %s, %s, '')
            """,
            [
                payment.fund_id,
                payment.grant_id,
                payment.tranche_id,
                payment.pk,
                payment.amount,
                payment.amount,
                day,
                office.payer.pk,
            ],
        )


def _evidence(office: Any, grant: Grant) -> None:
    with acting(office.requester):
        world.paper(grant, "evidence", office.requester)


def _report(office: Any, grant: Grant) -> None:
    due = grant.reports.get()
    with acting(office.officer):
        paper = world.paper(grant, "narrative_report", office.officer)
        monitoring.receive_report(
            due, received_on=periods.now().date(), document=paper, by=office.officer
        )
        monitoring.accept_report(due, by=office.officer)


def test_what_came_back_is_accounted_for_at_the_gate_and_in_every_report(office, grant_in):
    """5,000 paid, 2,000 with receipts; four fifths have to be accounted for, by either way."""
    grant = grant_in("AWARDED", 7000, [5000, 2000])
    first, second = grant.tranches.all()
    waiting = world.ask(office, second, 2000)
    world.pay(office, first, 5000)
    world.account(office, first, 2000)
    _evidence(office, grant)

    def back(amount: Any) -> None:
        with acting(office.payer):
            ledger.refund(grant, amount=amount, reason="left over", by=office.payer)

    def told() -> tuple[set[str], str | None, str | None, set[Decimal]]:
        row = Grant.objects.get(pk=grant.pk)
        with acting(office.certifier):
            lacks = {one.code for one in requirements.for_tranche(row, second, periods.today())}
        with connection.cursor() as cursor:
            cursor.execute("SELECT grants_gate(%s, %s)", [second.pk, periods.today()])
            (shut,) = cursor.fetchone()
        r10 = gates(office)
        sums = {
            sum(Decimal(one["unaccounted_usd"]) for one in r10),
            sum(one.unaccounted_usd for one in money_reading.gates(row, periods.today())),
            sheet.content(row)["amounts"]["unaccounted_usd"],
            row.unaccounted_usd,
        }
        return lacks, shut, r10[1]["gate_lacks"], sums

    locked = ({"accounted"}, "what was paid before is accounted for first", "accounted")
    assert told() == (*locked, {Decimal(3000)})
    back("1999.99")
    assert told() == (*locked, {Decimal("1000.01")})
    back("0.01")
    assert told() == (set(), None, None, {Decimal(1000)})
    with acting(office.certifier):
        # Receipts of no tranche count for the oldest advance as well.
        ledger.verify_expense(grant, amount=400, by=office.certifier)
        payments.certify(waiting, by=office.certifier)
    assert told()[-1] == {Decimal(600)}
    assert [one["unaccounted_usd"] for one in found(office, "tranches")] == [600, 0]


def test_no_more_is_verified_than_was_paid_and_not_given_back(office, grant_in):
    grant = grant_in("AWARDED", 3000, [1000, 2000])
    first = grant.tranches.get(number=1)
    with acting(office.certifier), pytest.raises(ExpenseExceeded):
        ledger.verify_expense(grant, tranche=first, amount=1, by=office.certifier)
    world.pay(office, first, 1000)
    with acting(office.payer):
        ledger.refund(grant, amount=100, reason="left over", by=office.payer)
    world.account(office, first, 600)
    with acting(office.certifier):
        with pytest.raises(ExpenseExceeded):
            ledger.verify_expense(grant, tranche=first, amount="300.01", by=office.certifier)
        # Nor past the verb.
        who = Officer.objects.get(pk=office.certifier.pk)
        with pytest.raises(DatabaseError, match="no more expenses"), transaction.atomic():
            ledger._post(
                grant,
                "EXPENSE_VERIFIED",
                amount=Decimal("300.01"),
                amount_usd=Decimal("300.01"),
                on=periods.today(),
                who=who,
                by=office.certifier,
                tranche=first,
            )
        made = ledger.verify_expense(grant, tranche=first, amount=300, by=office.certifier)
    # What was verified by mistake is taken back and makes room.
    with acting(office.officer):
        ledger.reverse(made, reason="twice", by=office.officer)
    world.account(office, first, 300)


def _visit(office: Any, grant: Grant) -> None:
    world.visited(office, grant, photo=False)


def _photo(office: Any, grant: Grant) -> None:
    with acting(office.monitor):
        brought = world.paper(grant, "photo", office.monitor)
        monitoring.link_paper(grant.visits.get(), brought, by=office.monitor)


#: What opens each part of the gate, in the order in which the database looks.
OPENS: dict[str, Callable[[Any, Grant], Any]] = {
    "is paid first": lambda office, grant: world.pay(office, grant.tranches.get(number=1), 1000),
    "is accounted for first": lambda office, grant: world.account(
        office, grant.tranches.get(number=1), 800
    ),
    "what the last tranche was used for": _evidence,
    "report since the last payment": _report,
    "visits first": _visit,
    "has a photo": _photo,
}


@pytest.mark.parametrize("role", ["reo", "app"])
def test_a_raw_payment_does_not_come_through_a_shut_gate(office, grant_in, role):
    grant = awarded(office, grant_in("APPROVED"), report=True, visit=True)
    payment = world.ask(office, grant.tranches.get(number=2), 2000)

    for why, open_it in OPENS.items():
        with pytest.raises(Error, match=why), transaction.atomic():
            pay_raw(office, payment, role)
        open_it(office, grant)
    pay_raw(office, payment, role)

    assert LedgerEntry.objects.filter(kind="DISBURSE").count() == 2


def step_raw(
    grant: Grant, before: str, after: str, who: Any, acts_as: str, reason: str = ""
) -> None:
    Transition.objects.create(
        grant=grant,
        from_state=before,
        to_state=after,
        role=acts_as,
        actor_id=who.pk,
        reason=reason,
        documents_hash="",
        round=1,
    )


@pytest.mark.parametrize("role", ["reo", "app"])
def test_a_raw_award_needs_the_signed_letter(office, grant_in, role):
    grant = grant_in("APPROVED")
    with acting(office.officer):
        proposals.plan_tranches(
            grant,
            [proposals.Part(grant.approved_usd, periods.now().date())],
            by=office.officer,
        )
        monitoring.plan_report(grant, kind="final", due_on=periods.now().date(), by=office.officer)
        decide(grant, office.officer, "award", "officer")

    with pytest.raises(Error, match="without a signed letter"), role_of(office.officer, role):
        step_raw(grant, "APPROVED", "AWARDED", office.officer, "officer")
    with acting(office.officer):
        world.paper(grant, "award_letter", office.officer)
    with role_of(office.officer, role):
        step_raw(grant, "APPROVED", "AWARDED", office.officer, "officer")

    assert Grant.objects.get().state == "AWARDED"


@pytest.mark.parametrize("role", ["reo", "app"])
def test_a_raw_step_does_not_end_a_grant_without_its_proofs(office, grant_in, role):
    grant = grant_in("ACTIVE")
    with pytest.raises(Error, match="without a visit"), role_of(office.monitor, role):
        step_raw(grant, "ACTIVE", "COMPLETED", office.monitor, "monitor")
    grant = world.onward(office, grant)
    with pytest.raises(Error, match="accepted final report"), role_of(office.officer, role):
        step_raw(grant, "COMPLETED", "CLOSING", office.officer, "officer")
    grant = world.onward(office, grant)
    with pytest.raises(Error, match="accounted for"), role_of(office.closeout, role):
        step_raw(grant, "CLOSING", "CLOSED", office.closeout, "closeout")

    assert world.onward(office, grant).state == "CLOSED"


def test_a_gate_that_shut_again_stops_a_payment_that_is_certified(office, grant_in):
    """The first tranche's payment is taken back meanwhile."""
    grant = awarded(office, grant_in("APPROVED"))
    first = world.pay(office, grant.tranches.get(number=1), 1000)
    world.account(office, grant.tranches.get(number=1), 1000)
    _evidence(office, grant)
    payment = world.certified(office, grant.tranches.get(number=2), 2000)
    with acting(office.officer):
        ledger.reverse(first, reason="wrong account", by=office.officer)

    with pytest.raises(StepIsMissingSomething) as refused:
        world.pay_it(office, payment)

    assert {one.code for one in refused.value.missing} == {"earlier_tranche"}
