"""Posting money. Each verb checks in words, then appends one row; sums are the database's work.

Lock order everywhere: fund, grant, tranche, the ledger's chain, the audit trail. Amounts are
rounded half up to the cent once, here; the rate that was used is copied into the row and never
looked up again. Nothing is edited: `reverse` takes a posting back.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from grants.exceptions import (
    AfterTheCloseout,
    ApprovalExceeded,
    BadAmount,
    BeforeTheAward,
    DutiesKeptApart,
    ExpenseExceeded,
    FundExhausted,
    InTheFuture,
    NoConfirmedRate,
    NotAllowedFromHere,
    NotReversible,
    ObligationExceeded,
    RateTooOld,
    RefundExceeded,
    ReversedAlready,
    SamePersonReverses,
    StepIsMissingSomething,
)
from grants.models import (
    ExchangeRate,
    Grant,
    LedgerEntry,
    Officer,
    PaymentRequest,
    State,
    Tranche,
)
from grants.services.held import apart, held, officer, or_else, said
from grants.services.parts import known, requesters

Kind = LedgerEntry.Kind
#: Who may take a posting back; a commitment also its requester.
REVERSERS = ("officer", "certifier", "payer", "closeout")
#: Who binds the fund and frees it: what they posted nobody else takes back.
BINDERS = ("officer", "closeout")
#: States after the award in which money still moves back and receipts are verified.
AFTER_AWARD = (
    State.AWARDED,
    State.ACTIVE,
    State.SUSPENDED,
    State.COMPLETED,
    State.CLOSING,
    State.TERMINATED,
    State.REOPENED,
)
_ZERO = Decimal("0.00")
#: How old a rate may be on the day that an amount counts for.
RATE_HOLDS = timedelta(days=30)


def reversers(kind: str) -> tuple[str, ...]:
    """By which duties a posting of a kind is taken back."""
    if kind in (Kind.OBLIGATE, Kind.DEOBLIGATE):
        return BINDERS
    return (*REVERSERS, "requester") if kind == Kind.COMMIT else REVERSERS


def may_not_bind(grant: Grant) -> set[Any]:
    """Who does not bind the fund to pay a grant: whoever asks for it or approves it."""
    had = known(grant)
    return had["requester"] | had["approver"]


def _amount(value: Any, currency: str = "USD") -> Decimal:
    try:
        return money.amount(value, currency)
    except money.BadAmount as error:
        raise BadAmount from error


def in_dollars(amount: Decimal, currency: str, rate: ExchangeRate | None, on: date) -> Decimal:
    """An amount in US dollars at a confirmed rate of that day or before; refuses otherwise.

    A rate holds for `RATE_HOLDS` days: `RateTooOld` after them.
    """
    if currency == "USD":
        return amount
    if rate is None or rate.confirmed_at is None or rate.withdrawn_at is not None or rate.day > on:
        raise NoConfirmedRate
    if on - rate.day > RATE_HOLDS:
        raise RateTooOld
    try:
        return money.dollars(amount, currency, rate.iqd_per_usd)
    except money.BadAmount as error:
        raise BadAmount from error


def day_of(grant: Grant, on: date | None, *, awarded: bool = True) -> date:
    """The day a posting counts for: today by default, never ahead, never before the award."""
    today = periods.now().date()
    day = on or today
    if day > today:
        raise InTheFuture
    if grant.state == State.CLOSED:
        raise AfterTheCloseout
    if awarded and (grant.awarded_on is None or day < grant.awarded_on):
        raise BeforeTheAward
    return day


def _post(
    grant: Grant,
    kind: str,
    *,
    amount: Decimal,
    amount_usd: Decimal,
    on: date,
    who: Officer,
    by: User,
    currency: str = "USD",
    rate: ExchangeRate | None = None,
    tranche: Tranche | None = None,
    payment: PaymentRequest | None = None,
    reverses: LedgerEntry | None = None,
    reason: str = "",
) -> LedgerEntry:
    """Append the row; the trigger gives it its number, rate, hash, and moves the sums."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_ledgerentry
              (fund_id, grant_id, tranche_id, payment_id, kind, amount, currency, rate_row_id,
               rate_source, amount_usd, effective_on, actor_id, reverses_id, reason)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', %s, %s, %s, %s, %s)
            RETURNING seq
            """,
            [
                grant.fund_id,
                grant.pk,
                tranche.pk if tranche else None,
                payment.pk if payment else None,
                kind,
                amount,
                currency,
                rate.pk if rate else None,
                amount_usd,
                on,
                who.pk,
                reverses.pk if reverses else None,
                reason,
            ],
        )
        seq = cursor.fetchone()[0]
    entry = LedgerEntry.objects.get(pk=seq)
    audit.record(
        "ledger.posted",
        subject=grant,
        by=by,
        detail={
            "seq": seq,
            "kind": kind,
            "amount": amount,
            "currency": currency,
            "amount_usd": amount_usd,
        },
        reason=reason,
    )
    return entry


@transaction.atomic
def commit(grant: Grant, *, amount_usd: Any, by: User, on: date | None = None) -> LedgerEntry:
    """Set aside what was approved, up to that; posted by an approver with the approval."""
    who = officer(by, "approver")
    value = _amount(amount_usd)
    grant = held(grant)
    if grant.state not in (State.APPROVED, State.AWARDED, State.ACTIVE):
        raise NotAllowedFromHere
    if grant.committed_usd + value > grant.approved_usd:
        raise ApprovalExceeded
    day = day_of(grant, on, awarded=False)
    return _post(grant, Kind.COMMIT, amount=value, amount_usd=value, on=day, who=who, by=by)


@transaction.atomic
def obligate(
    grant: Grant, *, amount_usd: Any, by: User, reason: str = "", on: date | None = None
) -> LedgerEntry:
    """Bind the fund to pay: within what was approved, and within the fund's ceiling.

    With the award and a rise; by hand again (`reason`) after an obligation was taken back.
    Raises `ApprovalExceeded`, `FundExhausted`, `NotAllowedFromHere`.
    """
    who = officer(by, "officer")
    value = _amount(amount_usd)
    grant = held(grant)
    if grant.state not in (State.AWARDED, State.ACTIVE):
        raise NotAllowedFromHere
    apart(who.pk in may_not_bind(grant))
    day = day_of(grant, on)
    if grant.net_obligated_usd + value > grant.approved_usd:
        raise ApprovalExceeded
    if value > grant.fund.left_usd:
        raise FundExhausted
    return _post(
        grant,
        Kind.OBLIGATE,
        amount=value,
        amount_usd=value,
        on=day,
        who=who,
        by=by,
        reason=" ".join(reason.split())[:1000],
    )


@transaction.atomic
def deobligate(
    grant: Grant, *, amount_usd: Any, by: User, reason: str, on: date | None = None
) -> LedgerEntry:
    """Free what is obligated and will not be paid; never more than that (`ObligationExceeded`)."""
    who = officer(by, "officer", "closeout")
    value, reason = _amount(amount_usd), said(reason)
    grant = held(grant)
    if grant.state not in AFTER_AWARD:
        raise NotAllowedFromHere if grant.state != State.CLOSED else AfterTheCloseout
    apart(who.pk in requesters(grant))
    day = day_of(grant, on)
    if value > grant.unliquidated_usd:
        raise ObligationExceeded
    return _post(
        grant,
        Kind.DEOBLIGATE,
        amount=value,
        amount_usd=value,
        on=day,
        who=who,
        by=by,
        reason=reason,
    )


def disburse(grant: Grant, payment: PaymentRequest, *, who: Officer, by: User) -> LedgerEntry:
    """Post a payment that was just marked paid; for `payments.pay` alone, which holds the locks."""
    if payment.paid_on is None:
        raise NotAllowedFromHere
    rate = payment.rate_row
    value = in_dollars(payment.amount, payment.currency, rate, payment.paid_on)
    if value > grant.unliquidated_usd:
        raise ObligationExceeded
    # A name that was edited, or a hit that was found, since the gate was looked at.
    with or_else({"nobody is paid": StepIsMissingSomething}):
        return _post(
            grant,
            Kind.DISBURSE,
            amount=payment.amount,
            currency=payment.currency,
            rate=rate,
            amount_usd=value,
            on=payment.paid_on,
            who=who,
            by=by,
            tranche=payment.tranche,
            payment=payment,
        )


@transaction.atomic
def refund(
    grant: Grant,
    *,
    amount: Any,
    by: User,
    reason: str,
    currency: str = "USD",
    rate: ExchangeRate | None = None,
    on: date | None = None,
) -> LedgerEntry:
    """Money that came back, at the rate of the day it came; never more than was paid."""
    who = officer(by, "payer", "closeout", "officer")
    value, reason = _amount(amount, currency), said(reason)
    grant = held(grant)
    if grant.state not in AFTER_AWARD:
        raise NotAllowedFromHere if grant.state != State.CLOSED else AfterTheCloseout
    apart(who.pk in requesters(grant))
    day = day_of(grant, on)
    usd = in_dollars(value, currency, rate, day)
    if usd > grant.net_disbursed_usd:
        raise RefundExceeded
    return _post(
        grant,
        Kind.REFUND,
        amount=value,
        currency=currency,
        rate=rate if currency != "USD" else None,
        amount_usd=usd,
        on=day,
        who=who,
        by=by,
        reason=reason,
    )


@transaction.atomic
def verify_expense(
    grant: Grant,
    *,
    amount: Any,
    by: User,
    tranche: Tranche | None = None,
    currency: str = "USD",
    rate: ExchangeRate | None = None,
    on: date | None = None,
) -> LedgerEntry:
    """Expenses that were checked against receipts, of one tranche or of the whole grant.

    Never more than was paid and did not come back: `ExpenseExceeded`, by a trigger too.
    """
    who = officer(by, "certifier", "monitor")
    value = _amount(amount, currency)
    grant = held(grant)
    if grant.state not in AFTER_AWARD:
        raise NotAllowedFromHere if grant.state != State.CLOSED else AfterTheCloseout
    apart(who.pk in requesters(grant))
    if tranche is not None and tranche.grant_id != grant.pk:
        raise NotAllowedFromHere
    day = day_of(grant, on)
    usd = in_dollars(value, currency, rate, day)
    if usd > grant.unaccounted_usd:
        raise ExpenseExceeded
    return _post(
        grant,
        Kind.EXPENSE_VERIFIED,
        amount=value,
        currency=currency,
        rate=rate if currency != "USD" else None,
        amount_usd=usd,
        on=day,
        who=who,
        by=by,
        tranche=tranche,
    )


@transaction.atomic
def reverse(entry: LedgerEntry, *, reason: str, by: User, on: date | None = None) -> LedgerEntry:
    """Take a posting back with one of the same amounts and rate, by somebody else.

    Obligations and de-obligations by a grants or closeout officer alone (`reversers`). Raises
    `NotReversible` (a reversal), `ReversedAlready`, `SamePersonReverses`, or what the sums would
    break: `ObligationExceeded` where money was paid on an obligation, `RefundExceeded` where some
    of a payment came back.
    """
    who = officer(by, *REVERSERS, "requester")
    reason = said(reason)
    grant = held(entry.grant)
    entry = LedgerEntry.objects.get(pk=entry.pk)
    if entry.kind == Kind.REVERSAL:
        raise NotReversible
    if LedgerEntry.objects.filter(reverses=entry).exists():
        raise ReversedAlready
    if entry.actor_id == who.pk:
        raise SamePersonReverses
    if not any(map(who.has, reversers(entry.kind))):
        raise DutiesKeptApart
    if entry.kind != Kind.COMMIT:
        apart(who.pk in requesters(grant))
    if entry.kind == Kind.DEOBLIGATE:
        # The fund is bound again.
        apart(who.pk in may_not_bind(grant))
    day = day_of(grant, on, awarded=False)
    if day < entry.effective_on:
        raise BeforeTheAward
    after = {
        Kind.OBLIGATE: grant.unliquidated_usd - entry.amount_usd,
        Kind.REFUND: grant.unliquidated_usd - entry.amount_usd,
        Kind.DISBURSE: grant.net_disbursed_usd - entry.amount_usd,
        Kind.DEOBLIGATE: min(grant.approved_usd - grant.net_obligated_usd, grant.fund.left_usd)
        - entry.amount_usd,
    }.get(entry.kind, _ZERO)  # type: ignore[call-overload]
    if after < 0:
        if entry.kind == Kind.DEOBLIGATE:
            raise ApprovalExceeded
        raise RefundExceeded if entry.kind == Kind.DISBURSE else ObligationExceeded
    with or_else({"reverses_id": ReversedAlready}):
        return _post(
            grant,
            Kind.REVERSAL,
            amount=entry.amount,
            currency=entry.currency,
            amount_usd=entry.amount_usd,
            on=day,
            who=who,
            by=by,
            reverses=entry,
            tranche=entry.tranche,
            reason=reason,
        )
