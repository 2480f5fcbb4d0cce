"""Amendments: another sum or end after the award. A rise is vetted and approved at the new sum."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from grants.exceptions import (
    AmendmentOpen,
    BadAmount,
    FundExhausted,
    NotAllowedFromHere,
    ObligationExceeded,
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
    """Ask for another sum of the whole award, another end, or both; one amendment at a time."""
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
    if value < grant.net_disbursed_usd:
        raise ObligationExceeded
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

    `parts` are added after the tranches that are paid, in the place of the unpaid ones; together
    they sum to the new sum. A rise is obligated, a cut de-obligated first.
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


def _plan_again(grant: Grant, amendment: Amendment, parts: list[Part]) -> None:
    """Tranches on which nothing was asked for or paid give way to the new ones."""
    Tranche.objects.filter(pk__in=[one.pk for one in replaced(grant)]).delete()
    last = grant.tranches.aggregate(last=Max("number"))["last"] or 0
    Tranche.objects.bulk_create(
        Tranche(
            grant=grant,
            number=number,
            planned_usd=money.amount(part.planned_usd),
            due_on=part.due_on,
            needs_report=part.needs_report,
            needs_visit=part.needs_visit,
        )
        for number, part in enumerate(parts, start=last + 1)
    )
    planned = grant.tranches.aggregate(all=Sum("planned_usd"))["all"]
    if planned != amendment.new_usd:
        raise StepIsMissingSomething([Missing("tranches")])
