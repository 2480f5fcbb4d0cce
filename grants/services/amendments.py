"""Amendments: another sum or end after the award. A rise is vetted and approved at the new sum."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from grants.exceptions import (
    AmendmentOpen,
    BadAmount,
    FundExhausted,
    LessThanHeld,
    NotAllowedFromHere,
    StepIsMissingSomething,
)
from grants.models import Amendment, DocumentType, Grant, State, Tranche
from grants.services import documents, funds, ledger, machine, requirements
from grants.services.held import apart, changed, held, officer, or_else, said
from grants.services.proposals import Part
from grants.services.requirements import Missing

STATE = Amendment.State


@transaction.atomic
def open_amendment(
    grant: Grant,
    *,
    reason: str,
    by: User,
    new_usd: Any = None,
    new_end: date | None = None,
) -> Amendment:
    """Ask for another sum of the whole award, another end, or both; one amendment at a time.

    Never less than is paid and asked for (`least`): `LessThanHeld`.
    """
    who, reason = officer(by, "requester"), said(reason)
    grant = held(grant)
    if grant.state not in (State.AWARDED, State.ACTIVE):
        raise NotAllowedFromHere
    apart(who.pk in machine.excluded(grant, "requester"))
    try:
        value = money.amount(new_usd) if new_usd is not None else grant.approved_usd
    except money.BadAmount as error:
        raise BadAmount from error
    if value == grant.approved_usd and new_end in (None, grant.planned_end):
        raise BadAmount
    if value < least(grant):
        raise LessThanHeld
    last = grant.amendments.aggregate(last=Max("number"))["last"] or 0
    with or_else({"one_amendment_at_a_time": AmendmentOpen}):
        made = Amendment.objects.create(
            grant=grant,
            number=last + 1,
            old_usd=grant.approved_usd,
            new_usd=value,
            old_end=grant.planned_end,
            new_end=new_end,
            reason=reason,
            opened_by=who,
        )
    audit.record(
        "amendment.opened",
        subject=grant,
        by=by,
        reason=reason,
        detail={"number": made.number, "old_usd": made.old_usd, "new_usd": value},
    )
    return made


def _held(amendment: Amendment, *states: str) -> tuple[Grant, Amendment]:
    grant = held(amendment.grant)
    found = Amendment.objects.select_for_update(no_key=True).get(pk=amendment.pk)
    if found.state not in states or grant.state not in (State.AWARDED, State.ACTIVE):
        raise NotAllowedFromHere
    found.grant = grant
    return grant, found


@transaction.atomic
def vet_amendment(
    amendment: Amendment,
    *,
    by: User,
    valid_to: date | None = None,
    at: datetime | None = None,
) -> Amendment:
    """5 again: clear the organisations for the amendment, as they are named now."""
    who, at = officer(by, "vetting"), at or periods.now()
    grant, amendment = _held(amendment, STATE.OPEN)
    apart(who.pk in machine.excluded(grant, "vetting"))
    day = periods.local_day(at)
    last = day + timedelta(days=grant.fund.clearance_days)
    lacks = requirements.for_clearance(grant, day)
    if any(one.status != "ACTIVE" for one in requirements.subjects(grant)):
        lacks.append(Missing("clearance"))
    if lacks:
        raise StepIsMissingSomething(lacks)
    machine.decide(
        grant,
        who,
        step="vetting",
        role="vetting",
        verdict="YES",
        at=at,
        valid_to=min(valid_to or last, last),
        amendment=amendment,
    )
    changed(amendment, state=STATE.VETTED)
    audit.record("amendment.vetted", subject=grant, by=by, detail={"number": amendment.number})
    return amendment


@transaction.atomic
def approve_amendment(amendment: Amendment, *, by: User, at: datetime | None = None) -> Amendment:
    """7 again: one approval at the new sum of the whole award, by the rules of the day.

    A rise needs the vetting first. The last approval the rules ask for approves.
    """
    who, at = officer(by, "approver"), at or periods.now()
    grant, amendment = _held(amendment, STATE.OPEN, STATE.VETTED)
    if amendment.state == STATE.OPEN and amendment.new_usd > amendment.old_usd:
        raise StepIsMissingSomething([Missing("clearance")])
    apart(who.pk in machine.excluded(grant, "approver"))
    day = periods.local_day(at)
    so_far = requirements.approvals(grant, amendment)
    rule = machine.next_rule(grant, who, amendment.new_usd, so_far, day)
    machine.decide(
        grant,
        who,
        step="approval",
        role="approver",
        verdict="YES",
        at=at,
        amount_usd=amendment.new_usd,
        rule=rule,
        amendment=amendment,
    )
    so_far = requirements.approvals(grant, amendment)
    routed = funds.routed_usd(grant, amendment.new_usd)
    met = all(
        len({one.actor_id for one in so_far if one.authority == asked.role}) >= asked.quorum
        for asked in funds.rules_for(grant.fund_id, grant.award_type, routed, day)
    )
    if met:
        changed(amendment, state=STATE.APPROVED)
    audit.record(
        "amendment.approved",
        subject=grant,
        by=by,
        detail={"number": amendment.number, "new_usd": amendment.new_usd, "whole": met},
    )
    return amendment


@transaction.atomic
def refuse_amendment(amendment: Amendment, *, reason: str, by: User) -> Amendment:
    """An approver says no, or the one who asked takes it back."""
    who, reason = officer(by, "approver", "requester"), said(reason)
    grant, amendment = _held(amendment, STATE.OPEN, STATE.VETTED, STATE.APPROVED)
    if amendment.opened_by_id == who.pk:
        state = STATE.WITHDRAWN
    else:
        officer(by, "approver")
        apart(who.pk in machine.excluded(grant, "approver"))
        if amendment.state == STATE.APPROVED:
            raise NotAllowedFromHere
        machine.decide(
            grant,
            who,
            step="approval",
            role="approver",
            verdict="NO",
            at=periods.now(),
            reason=reason,
            amendment=amendment,
        )
        state = STATE.REJECTED
    changed(amendment, state=state, closed_at=periods.now())
    audit.record(
        "amendment.refused",
        subject=grant,
        by=by,
        reason=reason,
        detail={"number": amendment.number, "state": state},
    )
    return amendment


def for_signature(grant: Grant, amendment: Amendment) -> list[Missing]:
    """The signed paper of this very amendment: filed since it was asked for."""
    if documents.is_on_file(grant, DocumentType.AMENDMENT, amendment.opened_at):
        return []
    return [Missing("document", document=DocumentType.AMENDMENT)]


@transaction.atomic
def sign_amendment(
    amendment: Amendment, *, by: User, parts: Iterable[Part] = (), on: date | None = None
) -> Grant:
    """Put an approved amendment into force, its signed paper on file: sums, tranches, the ledger.

    `parts` are added after the tranches that stay, in the place of the others. What is too much is
    taken off those that stay (`shortened`), so that together they sum to the new sum. A rise is
    obligated, a cut de-obligated first. Raises `LessThanHeld` where more was asked for since.
    """
    who = officer(by, "officer")
    grant, amendment = _held(amendment, STATE.APPROVED)
    apart(who.pk in machine.excluded(grant, "officer"))
    lacks = for_signature(grant, amendment)
    if lacks:
        raise StepIsMissingSomething(lacks)
    difference = amendment.new_usd - grant.approved_usd
    if difference > grant.fund.left_usd:
        raise FundExhausted
    if difference:
        _plan_again(grant, amendment, list(parts))
    if difference < 0:
        ledger.deobligate(grant, amount_usd=-difference, by=by, reason=amendment.reason, on=on)
        changed(grant, approved_usd=amendment.new_usd)
    elif difference > 0:
        if amendment.new_usd > grant.requested_usd:
            changed(grant, requested_usd=amendment.new_usd)
        changed(grant, approved_usd=amendment.new_usd)
        ledger.obligate(grant, amount_usd=difference, by=by, on=on)
    if amendment.new_end is not None:
        changed(grant, planned_end=amendment.new_end)
    changed(amendment, state=STATE.SIGNED, closed_at=periods.now())
    fresh = Grant.objects.select_related("fund").get(pk=grant.pk)
    changed(fresh, version=fresh.version + 1)
    audit.record(
        "amendment.signed",
        subject=grant,
        by=by,
        detail={"number": amendment.number, "new_usd": amendment.new_usd},
    )
    return fresh


def replaced(grant: Grant) -> list[Tranche]:
    """The tranches that a new sum replaces: nothing is paid on them, and no payment was asked for.

    What is planned anew together with those that stay makes up the new sum.
    """
    there = grant.tranches.prefetch_related("entries", "payments")
    return [one for one in there if not one.entries.all() and not one.payments.all()]


def holds(grant: Grant) -> dict[Any, Decimal]:
    """What each tranche holds, by its key, in US dollars: what is paid of it and asked for.

    What was refused holds nothing. What dinars that are asked for come to is known when they are
    paid: they hold the whole tranche. `grants_tranche_holds` says the same.
    """
    found = {}
    for tranche in grant.tranches.prefetch_related("payments"):
        asked = [one for one in tranche.payments.all() if one.state in ("REQUESTED", "CERTIFIED")]
        if any(one.currency != "USD" for one in asked):
            found[tranche.pk] = tranche.planned_usd
        else:
            found[tranche.pk] = tranche.paid_usd + sum((one.amount for one in asked), Decimal(0))
    return found


def least(grant: Grant) -> Decimal:
    """Down to which sum an award may be cut: what its tranches hold, less what came back."""
    return max(sum(holds(grant).values(), Decimal(0)) - grant.refunded_usd, grant.net_disbursed_usd)


def shortened(grant: Grant, new_usd: Decimal, parts_usd: Decimal) -> list[tuple[Tranche, Decimal]]:
    """Of the tranches that stay, those that are cut for a new sum, each with what is left of it.

    What they and the parts (`parts_usd` together) come to beyond the new sum is taken off, the last
    first, never below what a tranche holds. One that holds nothing may be cut to nothing.
    """
    going = {one.pk for one in replaced(grant)}
    staying = [one for one in grant.tranches.all() if one.pk not in going]
    over = sum((one.planned_usd for one in staying), Decimal(0)) + parts_usd - new_usd
    held_usd, found = holds(grant), []
    for one in sorted(staying, key=lambda tranche: -tranche.number):
        off = min(one.planned_usd - held_usd[one.pk], over)
        if off > 0:
            found.append((one, one.planned_usd - off))
            over -= off
    return found[::-1]


def _plan_again(grant: Grant, amendment: Amendment, parts: list[Part]) -> None:
    """Tranches on which nothing was asked for or paid give way to the new ones; others are cut."""
    Tranche.objects.filter(pk__in=[one.pk for one in replaced(grant)]).delete()
    values = [money.amount(part.planned_usd) for part in parts]
    for tranche, left in shortened(grant, amendment.new_usd, sum(values, Decimal(0))):
        changed(tranche, planned_usd=left)
    last = grant.tranches.aggregate(last=Max("number"))["last"] or 0
    Tranche.objects.bulk_create(
        Tranche(
            grant=grant,
            number=number,
            planned_usd=value,
            due_on=part.due_on,
            needs_report=part.needs_report,
            needs_visit=part.needs_visit,
        )
        for number, (part, value) in enumerate(zip(parts, values, strict=True), start=last + 1)
    )
    planned = grant.tranches.aggregate(all=Sum("planned_usd"))["all"]
    if planned < amendment.new_usd or (parts and planned != amendment.new_usd):
        raise StepIsMissingSomething([Missing("tranches")])
    if planned - grant.refunded_usd > amendment.new_usd:
        raise LessThanHeld
