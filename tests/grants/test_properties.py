"""Random legal and illegal sequences of steps and postings: every invariant holds after each.

Whatever is tried, by whomever, in dollars or dinars, either it is refused in words or by the
database, or the chain, the sums, the limits, the rates and the separation of duties still hold,
and nothing that was posted before has changed.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import ROUND_HALF_UP, Decimal
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
from grants.models import ExchangeRate, Grant, LedgerEntry, Officer, PaymentRequest, Transition
from grants.services import (
    amendments,
    ledger,
    machine,
    monitoring,
    payments,
    proposals,
    rates,
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
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


#: Dinars of so many dollars, roughly: a refund or an expense of any size is tried in both.
DINARS = 1310
CURRENCIES = some.sampled_from(["USD", "USD", "IQD"])


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
            world.rate(office)
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


def chain() -> list[bytes]:
    """The hashes of all postings in their order."""
    return [
        bytes(one) for one in LedgerEntry.objects.order_by("seq").values_list("hash", flat=True)
    ]


def holds(grant: Grant, before: list[bytes]) -> list[bytes]:
    """The chain, the sums and the limits of all; of this grant its state and its amounts.

    `before`: the chain as it was; it is the begin of the chain as it is, which comes back.
    """
    verdict = verification.verify()
    assert verdict.whole, (verdict.why, verdict.faults)
    now = chain()
    assert now[: len(before)] == before
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
    posted = list(LedgerEntry.objects.filter(grant=grant).select_related("reverses", "rate_row"))
    for one in posted:
        assert one.amount > 0 < one.amount_usd
        assert one.effective_on <= periods.now().date()
        if one.kind == "REVERSAL":
            old = one.reverses
            assert old is not None
            assert old.kind != "REVERSAL"
            assert old.actor_id != one.actor_id
            assert (one.amount, one.currency, one.rate, one.amount_usd, one.tranche_id) == (
                *(old.amount, old.currency, old.rate, old.amount_usd, old.tranche_id),
            )
        elif one.currency == "IQD":
            # The rate of its day, confirmed, kept whatever became of it since.
            assert one.rate_row is not None
            assert one.rate_row.confirmed_at is not None
            assert (one.rate, one.rate_on) == (one.rate_row.iqd_per_usd, one.rate_row.day)
            assert one.rate_on <= one.effective_on
            assert one.amount_usd == in_cents(one.amount / one.rate)
        else:
            assert (one.rate, one.amount_usd) == (None, one.amount)
    reversed_ones = [one.reverses_id for one in posted if one.kind == "REVERSAL"]
    assert len(set(reversed_ones)) == len(reversed_ones)
    tranches = list(grant.tranches.all())
    assert sum(one.paid_usd for one in tranches) == grant.disbursed_usd
    for one in tranches:
        assert 0 <= one.paid_usd <= one.planned_usd
    vouchers = [one.voucher_no for one in PaymentRequest.objects.filter(fund_id=grant.fund_id)]
    assert len(set(vouchers)) == len(vouchers)
    return now


def in_cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def last_rate() -> ExchangeRate:
    """The rate that was entered last; perhaps it does not count any more."""
    return ExchangeRate.objects.order_by("-entered_at")[0]


def post_raw(grant: Grant, who: Any, kind: str, amount: Decimal, currency: str) -> None:
    """A posting past every service, as the person's own role; some of the dinars a cent off."""
    usd, rate = amount, None
    if currency == "IQD":
        rate = last_rate()
        amount *= DINARS
        usd = in_cents(amount / rate.iqd_per_usd)
        if amount == 400 * DINARS:
            usd += Decimal("0.01")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_ledgerentry
              (fund_id, grant_id, kind, amount, currency, rate_row_id, rate_source, amount_usd,
               effective_on, actor_id, reason)
            VALUES (%s, %s, %s, %s, %s, %s, '', %s, %s, %s, 'raw')
            """,
            [
                *(grant.fund_id, grant.pk, kind, amount, currency, rate.pk if rate else None),
                *(usd, periods.now().date(), who.pk),
            ],
        )


def move_money(
    office: Any, grant: Grant, what: str, who: Any, amount: Decimal, currency: str
) -> None:
    # An amendment may leave one of the two.
    tranches = list(grant.tranches.order_by("number"))
    tranche = tranches[int(amount) % len(tranches)] if tranches else None
    entries = list(LedgerEntry.objects.filter(grant=grant))
    entry = entries[int(amount * 7) % len(entries)]
    facts: dict[str, Any] = {}
    own = amount
    if currency == "IQD":
        facts = {"currency": "IQD", "rate": last_rate()}
        own = amount * DINARS
    if what == "pay":
        payment = world.ask(office, tranche, own, currency=currency)
        with acting(office.certifier):
            payments.certify(payment, reason="Looked at.", by=office.certifier)
        with acting(who):
            proof = world.paper(grant, "receipt", who)
            payments.pay(payment, proof=proof, rate=facts.get("rate"), by=who)
        return
    if what == "new rate":
        # Of a day and source that has one already it is refused until that one is withdrawn.
        source = ("CBI", "MARKET")[int(amount) % 2]
        world.rate(office, Decimal(1200 + ExchangeRate.objects.count()), source=source)
        return
    with acting(who):
        if what == "obligate":
            ledger.obligate(grant, amount_usd=amount, by=who)
        elif what == "deobligate":
            ledger.deobligate(grant, amount_usd=amount, reason="x", by=who)
        elif what == "refund":
            ledger.refund(grant, amount=own, reason="x", by=who, **facts)
        elif what == "expense":
            ledger.verify_expense(grant, amount=own, tranche=tranche, by=who, **facts)
        elif what == "reverse":
            ledger.reverse(entry, reason="x", by=who)
        elif what == "withdraw rate":
            rates.withdraw_rate(last_rate(), reason="x", by=who)
        elif what == "suspend":
            machine.suspend(grant, reason="x", by=who)
        elif what == "terminate":
            machine.terminate(grant, reason="x", by=who)
        else:
            post_raw(grant, who, what, amount, currency)


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
    "new rate": "officer",
    "withdraw rate": "certifier",
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
    "EXPENSE_VERIFIED", "COMMIT", "new rate", "withdraw rate",
]  # fmt: skip


@OFTEN
@given(
    sequence=some.lists(
        some.tuples(some.sampled_from(MONEY), TRIED_BY, AMOUNTS, CURRENCIES),
        min_size=5,
        max_size=15,
    )
)
def test_money_in_any_order_by_anybody(stage, db, sequence):
    with example(stage, "AWARDED") as (office, grant):
        so_far = chain()
        for what, anybody, amount, currency in sequence:
            who, fresh = getattr(office, anybody or RIGHTLY[what]), Grant.objects.get(pk=grant.pk)
            with suppress(GrantRefusal, Error), transaction.atomic():
                move_money(office, fresh, what, who, amount, currency)
            so_far = holds(grant, so_far)


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
        elif what == "ask_reopening":
            found = grant.findings.filter(closed_at__isnull=True).first()
            machine.ask_reopening(
                grant, finding=found or world.found(office, grant), reason="x", by=who
            )
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
        so_far = chain()
        for what, anybody in sequence:
            if what == "onward":
                # One legal step of the straight way, where there is one.
                with suppress(GrantRefusal, AssertionError), transaction.atomic():
                    world.onward(office, Grant.objects.get(pk=grant.pk))
                so_far = holds(grant, so_far)
                continue
            who = getattr(office, anybody or RIGHTLY[what])
            if everything and who.role == "reo_staff":
                who.duties = [duty.value for duty in Duty]
                who.save(update_fields=["duties"])
            with suppress(GrantRefusal), transaction.atomic():
                step(office, Grant.objects.get(pk=grant.pk), what, who)
            so_far = holds(grant, so_far)


#: From the award to the closeout and past it: sums that change, money that comes back, stops.
AFTER = [
    "onward", "onward", "onward",
    "amended", "amended", "sign_amendment", "sign_amendment", "sign_amendment",
    "amend", "vet_amendment", "approve_amendment", "refuse_amendment",
    "pay", "refund", "refund", "reverse", "reverse", "deobligate", "expense",
    "suspend", "support_reinstatement", "memo", "find", "mend", "reinstate",
    "terminate", "complete", "start_closing", "close", "ask_reopening", "reopen",
    "new rate", "withdraw rate",
]  # fmt: skip
#: Money moves in these states alone, by any verb or statement.
MONEY_MOVES = {"AWARDED", "ACTIVE", "SUSPENDED", "COMPLETED", "TERMINATED", "CLOSING", "REOPENED"}


def act(office: Any, grant: Grant, what: str, who: Any, amount: Decimal, currency: str) -> None:
    day = periods.now().date()
    last = grant.amendments.order_by("number").last()
    if what in ("pay", "refund", "reverse", "deobligate", "expense") or what.endswith(" rate"):
        move_money(office, grant, what, who, amount, currency)
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
        some.tuples(some.sampled_from(AFTER), TRIED_BY, AMOUNTS, CURRENCIES),
        min_size=8,
        max_size=20,
    ),
)
def test_amendments_refunds_stops_and_closeouts_in_any_order(stage, db, begin, sequence):
    with example(stage, begin) as (office, grant):
        so_far = chain()
        for what, anybody, amount, currency in sequence:
            before = Grant.objects.get(pk=grant.pk)
            posted = LedgerEntry.objects.count()
            paid = LedgerEntry.objects.filter(kind="DISBURSE").count()
            with suppress(GrantRefusal, Error, AssertionError), transaction.atomic():
                if what == "onward":
                    world.onward(office, before)
                else:
                    who = getattr(office, anybody or RIGHTLY[what])
                    act(office, Grant.objects.get(pk=grant.pk), what, who, amount, currency)
            so_far = holds(grant, so_far)
            if before.state not in MONEY_MOVES:
                assert LedgerEntry.objects.count() == posted, what
            if before.state not in ("AWARDED", "ACTIVE"):
                assert LedgerEntry.objects.filter(kind="DISBURSE").count() == paid, what
