"""Payments: asked for, certified, paid, by people who all differ; through a tranche's gate."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from grants.exceptions import (
    BadAmount,
    BeforeTheCertificate,
    DistrictStopped,
    InTheFuture,
    LinesDiffer,
    LooksAlike,
    MethodNotEnabled,
    MissingThatDay,
    NotAllowedFromHere,
    NotForThisPerson,
    ObligationExceeded,
    PaymentsStopped,
    StepIsMissingSomething,
    TrancheExceeded,
    VoucherUsed,
    WitnessMissing,
    WrongDocument,
)
from grants.models import (
    Document,
    DocumentType,
    ExchangeRate,
    Grant,
    LedgerEntry,
    Officer,
    Organisation,
    PaymentLine,
    PaymentLook,
    PaymentRequest,
    State,
    Tranche,
)
from grants.services import anomalies, documents, ledger, machine, payroll, requirements, stops
from grants.services.held import apart, changed, held, officer, or_else, said
from grants.services.parts import requesters

Method = PaymentRequest.Method


def _payable(grant: Grant) -> None:
    if grant.state == State.SUSPENDED:
        raise PaymentsStopped
    if grant.state not in (State.AWARDED, State.ACTIVE):
        raise NotAllowedFromHere
    if stops.holding(grant) is not None:
        raise DistrictStopped


@transaction.atomic
def ask(
    tranche: Tranche,
    *,
    amount: Any,
    currency: str,
    method: str,
    voucher_no: str,
    payee: Organisation,
    invoiced_on: date,
    by: User,
    evidence: Document | None = None,
) -> PaymentRequest:
    """Ask for a payment on a tranche, with the invoice's day and a voucher number of its own.

    By the requester or a grants officer. In dinars the rate is that of the day it is paid.
    Raises `VoucherUsed`, `BadAmount`, `MethodNotEnabled`, `PaymentsStopped`, `TrancheExceeded`.
    """
    who = officer(by, "requester", "officer")
    try:
        value = money.amount(amount, currency)
    except money.BadAmount as error:
        raise BadAmount from error
    voucher_no = " ".join(voucher_no.split())
    if not voucher_no:
        raise VoucherUsed
    grant = held(tranche.grant)
    tranche = Tranche.objects.get(pk=tranche.pk)
    _payable(grant)
    if invoiced_on > periods.now().date():
        raise InTheFuture
    if method == Method.HAWALA_AGENT and not grant.fund.hawala_enabled:
        raise MethodNotEnabled
    if evidence is not None and evidence.grant_id != grant.pk:
        raise WrongDocument
    documents.refuse_wanting(evidence)
    if currency == "USD":
        waiting = tranche.payments.filter(
            state__in=["REQUESTED", "CERTIFIED"], currency="USD"
        ).aggregate(all=Sum("amount"))["all"] or Decimal(0)
        if tranche.paid_usd + waiting + value > tranche.planned_usd:
            raise TrancheExceeded
    # However it is written: the trigger reads it without case, spaces and strokes.
    with or_else(
        {"a_voucher_is_used_once_a_fund": VoucherUsed, "a voucher is used once": VoucherUsed}
    ):
        made = PaymentRequest.objects.create(
            fund_id=grant.fund_id,
            grant=grant,
            tranche=tranche,
            amount=value,
            currency=currency,
            method=Method(method),
            voucher_no=voucher_no,
            payee=payee,
            invoiced_on=invoiced_on,
            evidence=evidence,
            requested_by=who,
        )
    audit.record(
        "payment.asked",
        subject=grant,
        by=by,
        detail={
            "payment": made.pk,
            "tranche": tranche.number,
            "amount": value,
            "currency": currency,
        },
    )
    return made


def _taken(payment: PaymentRequest, state: str) -> tuple[Grant, PaymentRequest]:
    """The payment as it stands now, behind the locks on fund and grant."""
    grant = held(payment.grant)
    found = PaymentRequest.objects.select_for_update(no_key=True).get(pk=payment.pk)
    if found.state != state:
        raise NotAllowedFromHere
    found.grant = grant
    return grant, found


@transaction.atomic
def certify(
    payment: PaymentRequest,
    *,
    by: User,
    lines: Mapping[int, Any] | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> PaymentRequest:
    """Certify what was asked for: the gate of its tranche is open. Neither requester nor approver.

    `lines` says how much of the invoice belongs to which budget line, by its number; a budget of
    one line needs none. What looks like another payment or uses a line up takes a `reason`, which
    is kept. Raises `StepIsMissingSomething` with what the gate lacks, `PayrollNotCertified`,
    `LinesDiffer`, `LooksAlike`.
    """
    who, at = officer(by, "certifier"), at or periods.now()
    grant, payment = _taken(payment, "REQUESTED")
    _payable(grant)
    apart(who.pk in machine.excluded(grant, "certifier") | {payment.requested_by_id})
    lacks = requirements.for_tranche(grant, payment.tranche, periods.local_day(at))
    if lacks:
        raise StepIsMissingSomething(lacks)
    payroll.refuse_until_certified(payment)
    _match(payment, lines, who)
    alike = anomalies.signs(payment)
    _look(payment, PaymentLook.Step.CERTIFY, alike, reason, who, at)
    changed(payment, state=PaymentRequest.State.CERTIFIED, certifier=who, certified_at=at)
    audit.record(
        "payment.certified",
        subject=grant,
        by=by,
        reason=" ".join(reason.split()) if alike else "",
        detail={"payment": payment.pk, "alike": alike},
    )
    return payment


def _match(payment: PaymentRequest, lines: Mapping[int, Any] | None, who: Officer) -> None:
    """Write down to which budget lines an invoice belongs; they come to the payment."""
    budget = {one.number: one for one in payment.grant.budget_lines.filter(own=False)}
    if lines is None and len(budget) == 1:
        lines = dict.fromkeys(budget, payment.amount)
    if not budget and not lines:
        return
    try:
        matched = {
            number: money.amount(value, payment.currency) for number, value in (lines or {}).items()
        }
    except money.BadAmount as error:
        raise BadAmount from error
    if not set(matched) <= set(budget) or sum(matched.values()) != payment.amount:
        raise LinesDiffer
    PaymentLine.objects.filter(payment=payment).delete()
    PaymentLine.objects.bulk_create(
        [
            PaymentLine(payment=payment, budget_line=budget[number], amount=value, matched_by=who)
            for number, value in sorted(matched.items())
        ]
    )


def _look(
    payment: PaymentRequest, step: str, kinds: list[str], reason: str, who: Officer, at: datetime
) -> None:
    """Keep why a payment goes on that resembles another; without a reason it does not."""
    if not kinds:
        return
    reason = " ".join(reason.split())
    if not reason:
        raise LooksAlike(kinds)
    PaymentLook.objects.create(
        payment=payment, step=step, kinds=kinds, reason=reason[:1000], by=who, at=at
    )


@transaction.atomic
def refuse(payment: PaymentRequest, *, reason: str, by: User) -> PaymentRequest:
    """Refuse a payment that is not paid yet, by a certifier or a payer; its voucher stays used."""
    who, reason = officer(by, "certifier", "payer"), said(reason)
    grant = held(payment.grant)
    payment = PaymentRequest.objects.select_for_update(no_key=True).get(pk=payment.pk)
    if payment.state not in ("REQUESTED", "CERTIFIED"):
        raise NotAllowedFromHere
    apart(who.pk in requesters(grant))
    changed(payment, state=PaymentRequest.State.REFUSED, refused_by=who, reason=reason)
    audit.record(
        "payment.refused", subject=grant, by=by, reason=reason, detail={"payment": payment.pk}
    )
    return payment


@transaction.atomic
def pay(
    payment: PaymentRequest,
    *,
    proof: Document,
    by: User,
    rate: ExchangeRate | None = None,
    witness: Officer | None = None,
    on: date | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> LedgerEntry:
    """Pay what was certified, with the payee's signature or transfer proof, and post it.

    `on` is the day the money left, today by default. Dinars take `rate`, confirmed, of that day or
    before. Cash needs a witness. A proof that stands with another payment too takes a `reason`. The
    gate is looked at again, as it stands today and as it stood that day, so that a clearance that
    ran out, lists that are too old or a visit that is overdue stop it even now. The first payment
    makes the grant active. Raises `ObligationExceeded`, `TrancheExceeded`,
    `NoConfirmedRate`, `PaymentsStopped`, `DistrictStopped`, `WitnessMissing`, `BeforeTheAward`,
    `BeforeTheCertificate`, `StepIsMissingSomething`, `MissingThatDay`, `LooksAlike`.
    """
    who = officer(by, "payer")
    grant, payment = _taken(payment, "CERTIFIED")
    _payable(grant)
    apart(
        who.pk in machine.excluded(grant, "payer") | {payment.requested_by_id, payment.certifier_id}
    )
    now = periods.now()
    at = at or now
    if at > now:
        raise InTheFuture
    day = ledger.day_of(grant, on or periods.local_day(at))
    certified = payment.certified_at
    if certified is not None and (at < certified or day < periods.local_day(certified)):
        raise BeforeTheCertificate
    if proof.grant_id != grant.pk or proof.type != DocumentType.RECEIPT:
        raise WrongDocument
    documents.refuse_wanting(proof)
    if payment.method == Method.CASH and (
        witness is None or witness.pk in (who.pk, payment.requested_by_id)
    ):
        raise WitnessMissing
    if witness is not None and not Officer.objects.filter(pk=witness.pk, is_active=True).exists():
        raise NotForThisPerson
    # What shut since is shut, whatever day is typed, and the day that is typed has to hold, too.
    lacks = requirements.for_tranche(grant, payment.tranche, now.date())
    payable = [one for one in requirements.subjects(grant) if one.pk == payment.payee_id]
    if not payable or payable[0].status != Organisation.Status.ACTIVE:
        # Nobody is paid whom the clearance is not about.
        lacks.append(requirements.Missing("clearance"))
    if lacks:
        raise StepIsMissingSomething(lacks)
    if day != now.date():
        that_day = requirements.for_tranche(grant, payment.tranche, day)
        if that_day:
            raise MissingThatDay(that_day)
    usd = ledger.in_dollars(payment.amount, payment.currency, rate, day)
    if usd > grant.unliquidated_usd:
        raise ObligationExceeded
    if payment.tranche.paid_usd + usd > payment.tranche.planned_usd:
        raise TrancheExceeded
    alike = ["paper"] if anomalies.is_used_as_proof(proof.pk, payment) else []
    _look(payment, PaymentLook.Step.PAY, alike, reason, who, at)
    changed(
        payment,
        state=PaymentRequest.State.PAID,
        payer=who,
        paid_at=at,
        paid_on=day,
        proof=proof,
        witness=witness,
        rate_row=rate if payment.currency != "USD" else None,
    )
    entry = ledger.disburse(grant, payment, who=who, by=by)
    machine.paid(Grant.objects.get(pk=grant.pk), who, by=by, at=at)
    return entry
