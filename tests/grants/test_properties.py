"""Random legal and illegal sequences of steps and postings: every invariant holds after each.

Whatever is tried, by whomever, either it is refused in words or by the database, or the chain, the
sums, the limits and the separation of duties still hold.
"""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.people.roles import Duty
from grants.exceptions import GrantRefusal
from grants.models import Grant, LedgerEntry, PaymentRequest, Transition
from grants.services import amendments, ledger, machine, payments, proposals, verification
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
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class _Undo(Exception):
    pass


def holds() -> None:
    verdict = verification.verify()
    assert verdict.whole, (verdict.why, verdict.faults)
    pairs = {(one.from_state, one.to_state) for one in machine.STEPS}
    assert set(Transition.objects.values_list("from_state", "to_state")) <= pairs
    for grant in Grant.objects.all():
        last = grant.transitions.order_by("id").last()
        assert last is not None
        assert last.to_state == grant.state
        assert 0 <= grant.net_disbursed_usd <= grant.net_obligated_usd <= grant.approved_usd
        assert 0 <= grant.refunded_usd <= grant.disbursed_usd
        assert grant.approved_usd <= grant.requested_usd


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
    "refuse": "certifier",
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
def test_money_in_any_order_by_anybody(office, fund, sequence):
    with suppress(_Undo), transaction.atomic():
        grant = world.move(
            office, world.draft(office, fund, 3000), "AWARDED", tranches=[1000, 2000]
        )
        for what, anybody, amount in sequence:
            name = anybody or RIGHTLY[what]
            with suppress(GrantRefusal, Error), transaction.atomic():
                move_money(
                    office, Grant.objects.get(pk=grant.pk), what, getattr(office, name), amount
                )
            holds()
        raise _Undo


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
def test_steps_in_any_order_by_anybody(office, fund, begin, sequence, everything):
    """`everything`: whoever tries holds every duty of REO staff, so that only the parts refuse."""
    with suppress(_Undo), transaction.atomic():
        grant = world.move(office, world.draft(office, fund, 3000), begin)
        for what, anybody in sequence:
            if what == "onward":
                # One legal step of the straight way, where there is one.
                with suppress(GrantRefusal, AssertionError), transaction.atomic():
                    world.onward(office, Grant.objects.get(pk=grant.pk))
                holds()
                continue
            who = getattr(office, anybody or RIGHTLY[what])
            if everything and who.role == "reo_staff":
                who.duties = [duty.value for duty in Duty]
                who.save(update_fields=["duties"])
            with suppress(GrantRefusal), transaction.atomic():
                step(office, Grant.objects.get(pk=grant.pk), what, who)
            holds()
        raise _Undo
