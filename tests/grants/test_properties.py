"""Random legal and illegal sequences of steps and postings: every invariant holds after each.

Whatever is tried, by whomever, either it is refused in words or by the database, or the chain, the
sums, the limits and the separation of duties still hold.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import Error, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.people.roles import Duty
from grants.exceptions import GrantRefusal
from grants.models import Grant, LedgerEntry, Officer, PaymentRequest, Transition
from grants.services import (
    amendments,
    ledger,
    machine,
    monitoring,
    payments,
    proposals,
    verification,
)
from tests.conftest import maker_of_users
from tests.grants import office as world

pytestmark = pytest.mark.django_db

WHO = [duty.value for duty in Duty] + ["approver2", "payer2", "certifier2", "auditor", "viewer"]
AMOUNTS = some.sampled_from(
    [
        Decimal(text)
        for text in ("0", "-1", "0.01", "0.001", "400", "999.99", "1000", "2600", "9000")
    ]
)
OFTEN = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class _Undo(Exception):
    pass


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """An office with a grant of two tranches in each state; each example plays on a savepoint."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            grants = {
                state: world.move(
                    office, world.draft(office, fund, 3000), state, tranches=[1000, 2000]
                )
                for state in world.WAY
            }
            yield SimpleNamespace(office=office, fund=fund, grants=grants)
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@contextmanager
def example(stage: SimpleNamespace, state: str) -> Iterator[tuple[Any, Grant]]:
    """The office and a grant in a state, as they were made; nothing of the example stays."""
    with suppress(_Undo), transaction.atomic():
        yield copy.deepcopy(stage.office), Grant.objects.get(pk=stage.grants[state].pk)
        raise _Undo


def holds(grant: Grant) -> None:
    """The chain, the sums and the limits of all; of this grant its state and its amounts."""
    verdict = verification.verify()
    assert verdict.whole, (verdict.why, verdict.faults)
    pairs = {(one.from_state, one.to_state) for one in machine.STEPS}
    steps = list(Transition.objects.filter(grant=grant).values_list("from_state", "to_state"))
    assert set(steps) <= pairs
    grant = Grant.objects.get(pk=grant.pk)
    assert steps[-1][1] == grant.state
    assert 0 <= grant.net_disbursed_usd <= grant.net_obligated_usd <= grant.approved_usd
    assert 0 <= grant.refunded_usd <= grant.disbursed_usd
    assert 0 <= grant.deobligated_usd <= grant.obligated_usd
    assert grant.approved_usd <= grant.requested_usd
    signed = grant.amendments.filter(state="SIGNED").order_by("number").last()
    if signed is not None:
        assert grant.approved_usd == signed.new_usd
    if grant.state == "CLOSED":
        assert grant.unliquidated_usd == grant.unaccounted_usd == 0
        assert not grant.payments.filter(state__in=["REQUESTED", "CERTIFIED"]).exists()
        assert not grant.amendments.filter(state__in=["OPEN", "VETTED", "APPROVED"]).exists()
    assert not LedgerEntry.objects.filter(reverses__kind="REVERSAL").exists()


def post_raw(grant: Grant, who: Any, kind: str, amount: Decimal) -> None:
    """A posting past every service, as the person's own role."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_ledgerentry (fund_id, grant_id, kind, amount, currency, rate_source,
                                            amount_usd, effective_on, actor_id, reason)
            VALUES (%s, %s, %s, %s, 'USD', '', %s, %s, %s, 'raw')
            """,
            [grant.fund_id, grant.pk, kind, amount, amount, periods.now().date(), who.pk],
        )


def move_money(office: Any, grant: Grant, what: str, who: Any, amount: Decimal) -> None:
    tranche = grant.tranches.order_by("number")[int(amount) % 2]
    entries = list(LedgerEntry.objects.filter(grant=grant))
    entry = entries[int(amount * 7) % len(entries)]
    if what == "pay":
        payment = world.ask(office, tranche, amount)
        with acting(office.certifier):
            payments.certify(payment, by=office.certifier)
        with acting(who):
            proof = world.paper(grant, "receipt", who)
            payments.pay(payment, proof=proof, by=who)
        return
    with acting(who):
        if what == "obligate":
            ledger.obligate(grant, amount_usd=amount, by=who)
        elif what == "deobligate":
            ledger.deobligate(grant, amount_usd=amount, reason="x", by=who)
        elif what == "refund":
            ledger.refund(grant, amount=amount, reason="x", by=who)
        elif what == "expense":
            ledger.verify_expense(grant, amount=amount, tranche=tranche, by=who)
        elif what == "reverse":
            ledger.reverse(entry, reason="x", by=who)
        elif what == "suspend":
            machine.suspend(grant, reason="x", by=who)
        elif what == "terminate":
            machine.terminate(grant, reason="x", by=who)
        else:
            post_raw(grant, who, what, amount)


#: Who may, so that much of what is tried is legal; one in four is tried by anybody.
RIGHTLY = {
    "pay": "payer",
    "obligate": "officer",
    "deobligate": "closeout",
    "refund": "closeout",
    "expense": "certifier",
    "reverse": "certifier",
    "suspend": "auditor",
    "terminate": "approver",
    "OBLIGATE": "officer",
    "DEOBLIGATE": "officer",
    "REFUND": "payer",
    "EXPENSE_VERIFIED": "monitor",
    "COMMIT": "approver",
    "papers": "officer",
    "tranches": "officer",
    "submit": "requester",
    "review": "reviewer",
    "clear": "vetting",
    "approve": "approver",
    "award": "officer",
    "give_back": "reviewer",
    "decline": "approver2",
    "send_back": "approver2",
    "reject_at_vetting": "vetting",
    "reinstate": "officer",
    "start_closing": "officer",
    "close": "closeout",
    "cancel": "officer",
    "withdraw": "requester",
    "reopen": "approver",
    "ask_reopening": "auditor",
    "complete": "monitor",
    "amend": "requester",
    "amended": "requester",
    "refuse": "certifier",
    "vet_amendment": "vetting",
    "approve_amendment": "approver2",
    "sign_amendment": "officer",
    "refuse_amendment": "requester",
    "support_reinstatement": "approver",
    "find": "monitor",
    "mend": "monitor",
    "memo": "officer",
}
TRIED_BY = some.one_of(some.none(), some.none(), some.none(), some.sampled_from(WHO))

MONEY = [
    "pay", "pay", "pay", "pay", "pay", "obligate", "deobligate", "refund", "expense", "reverse",
    "reverse", "suspend", "terminate", "OBLIGATE", "DEOBLIGATE", "REFUND",
    "EXPENSE_VERIFIED", "COMMIT",
]  # fmt: skip


@OFTEN
@given(
    sequence=some.lists(
        some.tuples(some.sampled_from(MONEY), TRIED_BY, AMOUNTS),
        min_size=5,
        max_size=15,
    )
)
def test_money_in_any_order_by_anybody(stage, db, sequence):
    with example(stage, "AWARDED") as (office, grant):
        for what, anybody, amount in sequence:
            name = anybody or RIGHTLY[what]
            with suppress(GrantRefusal, Error), transaction.atomic():
                move_money(
                    office, Grant.objects.get(pk=grant.pk), what, getattr(office, name), amount
                )
            holds(grant)


def step(office: Any, grant: Grant, what: str, who: Any) -> None:
    day = periods.now().date()
    with acting(who):
        if what == "papers":
            for kind in ("review_sheet", "risk_sheet", "screening", "award_letter", "memo"):
                world.paper(grant, kind, who)
        elif what == "tranches":
            proposals.plan_tranches(grant, [proposals.Part(grant.requested_usd, day)], by=who)
        elif what == "amend":
            amendments.open_amendment(grant, new_usd=4000, reason="x", by=who)
        elif what == "review":
            machine.review(grant, risk="low", by=who)
        elif what in ("submit", "clear", "approve", "award", "start_closing", "close"):
            getattr(machine, what)(grant, by=who)
        elif what == "complete":
            machine.complete(grant, actual_end=day, by=who)
        elif what == "refuse":
            payment = PaymentRequest.objects.filter(grant=grant).first()
            if payment is not None:
                payments.refuse(payment, reason="x", by=who)
        else:
            getattr(machine, what)(grant, reason="x", by=who)


STEPS = [
    "onward", "onward", "onward", "onward", "onward", "onward",
    "papers", "tranches", "submit", "review", "clear", "approve", "award", "give_back", "decline",
    "send_back", "reject_at_vetting", "suspend", "reinstate", "terminate", "start_closing", "close",
    "cancel", "withdraw", "reopen", "ask_reopening", "complete", "amend", "refuse",
]  # fmt: skip


@OFTEN
@given(
    begin=some.sampled_from(world.WAY),
    sequence=some.lists(some.tuples(some.sampled_from(STEPS), TRIED_BY), min_size=6, max_size=20),
    everything=some.booleans(),
)
def test_steps_in_any_order_by_anybody(stage, db, begin, sequence, everything):
    """`everything`: whoever tries holds every duty of REO staff, so that only the parts refuse."""
    with example(stage, begin) as (office, grant):
        for what, anybody in sequence:
            if what == "onward":
                # One legal step of the straight way, where there is one.
                with suppress(GrantRefusal, AssertionError), transaction.atomic():
                    world.onward(office, Grant.objects.get(pk=grant.pk))
                holds(grant)
                continue
            who = getattr(office, anybody or RIGHTLY[what])
            if everything and who.role == "reo_staff":
                who.duties = [duty.value for duty in Duty]
                who.save(update_fields=["duties"])
            with suppress(GrantRefusal), transaction.atomic():
                step(office, Grant.objects.get(pk=grant.pk), what, who)
            holds(grant)


#: From the award to the closeout and past it: sums that change, money that comes back, stops.
AFTER = [
    "onward", "onward", "onward",
    "amended", "amended", "sign_amendment", "sign_amendment", "sign_amendment",
    "amend", "vet_amendment", "approve_amendment", "refuse_amendment",
    "pay", "refund", "refund", "reverse", "reverse", "deobligate", "expense",
    "suspend", "support_reinstatement", "memo", "find", "mend", "reinstate",
    "terminate", "complete", "start_closing", "close", "ask_reopening", "reopen",
]  # fmt: skip
#: Money moves in these states alone, by any verb or statement.
MONEY_MOVES = {"AWARDED", "ACTIVE", "SUSPENDED", "COMPLETED", "TERMINATED", "CLOSING", "REOPENED"}


def act(office: Any, grant: Grant, what: str, who: Any, amount: Decimal) -> None:
    day = periods.now().date()
    last = grant.amendments.order_by("number").last()
    if what in ("pay", "refund", "reverse", "deobligate", "expense"):
        move_money(office, grant, what, who, amount)
        return
    if what == "amended":
        # The legal way up to the signature.
        world.amended(office, grant, amount)
        return
    with acting(who):
        if what == "amend":
            amendments.open_amendment(grant, new_usd=amount, reason="x", by=who)
        elif what in ("vet_amendment", "approve_amendment") and last is not None:
            getattr(amendments, what)(last, by=who)
        elif what == "refuse_amendment" and last is not None:
            amendments.refuse_amendment(last, reason="x", by=who)
        elif what == "sign_amendment" and last is not None:
            world.paper(grant, "amendment", who)
            going = {one.pk for one in amendments.replaced(grant)}
            kept = [one.planned_usd for one in grant.tranches.all() if one.pk not in going]
            left = last.new_usd - sum(kept, Decimal(0))
            parts = [proposals.Part(left, day)] if left > 0 else []
            amendments.sign_amendment(last, parts=parts, by=who)
        elif what == "find":
            owner = Officer.objects.get(pk=office.officer.pk)
            monitoring.raise_finding(
                grant, severity="low", text="x", due_on=day, owner=owner, by=who
            )
        elif what == "mend":
            for finding in grant.findings.filter(closed_at__isnull=True):
                monitoring.close_finding(finding, remedy="x", by=who)
        elif what == "memo":
            world.paper(grant, "memo", who)
        elif what == "support_reinstatement":
            machine.support_reinstatement(grant, by=who)
        elif not what.endswith("_amendment"):
            step(office, grant, what, who)


@OFTEN
@given(
    begin=some.sampled_from(["AWARDED", "ACTIVE", "ACTIVE", "CLOSING", "CLOSED"]),
    sequence=some.lists(
        some.tuples(some.sampled_from(AFTER), TRIED_BY, AMOUNTS), min_size=8, max_size=20
    ),
)
def test_amendments_refunds_stops_and_closeouts_in_any_order(stage, db, begin, sequence):
    with example(stage, begin) as (office, grant):
        for what, anybody, amount in sequence:
            before = Grant.objects.get(pk=grant.pk)
            posted = LedgerEntry.objects.count()
            paid = LedgerEntry.objects.filter(kind="DISBURSE").count()
            with suppress(GrantRefusal, Error, AssertionError), transaction.atomic():
                if what == "onward":
                    world.onward(office, before)
                else:
                    who = getattr(office, anybody or RIGHTLY[what])
                    act(office, Grant.objects.get(pk=grant.pk), what, who, amount)
            holds(grant)
            if before.state not in MONEY_MOVES:
                assert LedgerEntry.objects.count() == posted, what
            if before.state not in ("AWARDED", "ACTIVE"):
                assert LedgerEntry.objects.filter(kind="DISBURSE").count() == paid, what
