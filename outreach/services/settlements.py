"""Truces with an end and a guarantor; the tribe's settlement and what is paid of it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from ceasefire import audit, periods, vault, worklist
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from outreach.exceptions import (
    ChangedMeanwhile,
    InTheFuture,
    LessThanPaid,
    NotAllowedFromHere,
    NotLonger,
    PaidTooMuch,
    TruceRunsOn,
    TruceStands,
)
from outreach.models import CompensationPayment, Conflict, TribalSettlement, Truce, TruceEvent
from outreach.services import cases, conflict_notices, conflicts
from outreach.services.forms import keyed

Kind = TruceEvent.Kind
LONGEST = timedelta(days=731)
#: A truce may be written down so long after it began.
OLDEST = timedelta(days=365)
BATCH, MOST = 50, 500
SETTLEMENT_FACTS = ("sits_on", "compensation_due", "currency", "displaced", "pledged_on")


def in_force(conflict: Conflict) -> Truce | None:
    """The truce that holds now, or ran out without anybody saying how it ended."""
    return conflict.truces.filter(state=Truce.State.IN_FORCE).first()


def _event(truce: Truce, kind: str, *, by: User | None, at: datetime) -> TruceEvent:
    return TruceEvent.objects.create(truce=truce, kind=kind, ends_at=truce.ends_at, by=by, at=at)


@keyed
@transaction.atomic
def make_truce(
    conflict: Conflict,
    *,
    ends_at: datetime,
    by: User,
    starts_at: datetime | None = None,
    guarantor: str = "",
    key: UUID | None = None,
    version: int | None = None,
) -> Truce:
    """Record a truce, from now on by default; a conflict has one at a time. It ends in the future.

    `key` was made with the form: the second time it is the same truce.
    """
    conflict = conflicts.held(conflict, by=by)
    if known := cases.sent_before(Truce, key, by_id=by.pk, conflict_id=conflict.pk):
        return known
    if version is not None and version != conflict.version:
        raise ChangedMeanwhile(version=conflict.version)
    if not conflict.is_open:
        raise NotAllowedFromHere
    if in_force(conflict) is not None:
        raise TruceStands
    now = periods.now()
    starts_at = starts_at or now
    if not (starts_at < ends_at and now < ends_at <= now + LONGEST and starts_at >= now - OLDEST):
        raise NotLonger
    truce = Truce.objects.create(
        conflict=conflict,
        idempotency_key=key,
        starts_at=starts_at,
        ends_at=ends_at,
        by=by,
        created_at=now,
    )
    _event(truce, Kind.MADE, by=by, at=now)
    if guarantor:
        vault.seal(truce, "guarantor", guarantor, by=by)
    conflict.truce_ends_at = ends_at
    conflicts.save(conflict, by=by)
    audit.record("truce.made", subject=conflict, by=by, detail={"until": ends_at.isoformat()})
    return truce


def _held(conflict: Conflict, *, by: User, version: int | None) -> tuple[Conflict, Truce]:
    conflict = conflicts.held(conflict, by=by, version=version)
    truce = (
        Truce.objects.select_for_update()
        .filter(conflict=conflict, state=Truce.State.IN_FORCE)
        .first()
    )
    if truce is None:
        raise NotAllowedFromHere
    return conflict, truce


@transaction.atomic
def extend_truce(
    conflict: Conflict, *, until: datetime, by: User, version: int | None = None
) -> Truce:
    """Extend the truce in force; also one that has run out and of which nobody has said anything.

    From here on it is reminded of anew.
    """
    conflict, truce = _held(conflict, by=by, version=version)
    now = periods.now()
    if not max(truce.ends_at, now) < until <= now + LONGEST:
        raise NotLonger
    truce.ends_at, truce.reminded_at, truce.lapsed_told_at = until, None, None
    truce.save(update_fields=["ends_at", "reminded_at", "lapsed_told_at"])
    _event(truce, Kind.EXTENDED, by=by, at=now)
    worklist.close_tasks(conflict_notices.TRUCE_ENDING, subject=conflict, by=by)
    conflict.truce_ends_at = until
    conflicts.save(conflict, by=by)
    audit.record("truce.extended", subject=conflict, by=by, detail={"until": until.isoformat()})
    return truce


@transaction.atomic
def end_truce(
    conflict: Conflict, *, outcome: str, by: User, words: str = "", version: int | None = None
) -> Truce:
    """Say how the truce ended: `kept` once it has run out, or `broken` at any time.

    Broken, a conflict that had calmed has flared up again.
    """
    conflict, truce = _held(conflict, by=by, version=version)
    now = periods.now()
    if outcome not in {Truce.State.KEPT, Truce.State.BROKEN}:
        raise ValueError(f"No truce ends {outcome!r}.")
    if outcome == Truce.State.KEPT and now < truce.ends_at:
        raise TruceRunsOn
    truce.state = outcome
    truce.save(update_fields=["state"])
    event = _event(truce, outcome, by=by, at=now)
    if words:
        vault.seal(event, "words", words, by=by)
    worklist.close_tasks(conflict_notices.TRUCE_ENDING, subject=conflict, by=by)
    conflict.truce_ends_at = None
    if outcome == Truce.State.BROKEN:
        conflict.unquiet_at = max(conflict.unquiet_at, now)
        if conflict.state in {*conflicts.CALM, Conflict.State.CLOSED}:
            conflicts.flare_up(conflict, by=by, at=now)
    conflicts.save(conflict, by=by)
    audit.record("truce.ended", subject=conflict, by=by, detail={"outcome": outcome})
    return truce


@transaction.atomic
def record_breach(
    conflict: Conflict, *, by: User, words: str = "", version: int | None = None
) -> TruceEvent:
    """Record a breach after which the truce still holds; the supervisors are told."""
    conflict, truce = _held(conflict, by=by, version=version)
    now = periods.now()
    event = _event(truce, Kind.BREACH, by=by, at=now)
    if words:
        vault.seal(event, "words", words, by=by)
    conflict.unquiet_at = max(conflict.unquiet_at, now)
    conflicts.save(conflict, by=by)
    conflict_notices.tell(
        conflict_notices.supervisors_of(conflict),
        "conflict.truce_breached",
        conflict,
        by=by,
        more=str(event.pk),
    )
    audit.record("truce.breached", subject=conflict, by=by)
    return event


# --- reminders ------------------------------------------------------------------------------------


def _waiting(at: datetime) -> Q:
    soon = at + conflict_notices.REMIND_BEFORE
    return (
        Q(state=Truce.State.IN_FORCE)
        & ~Q(conflict__state=Conflict.State.CLOSED)
        & (
            Q(ends_at__lte=soon, ends_at__gt=at, reminded_at__isnull=True)
            | Q(ends_at__lte=at, lapsed_told_at__isnull=True)
        )
    )


def is_due(at: datetime) -> bool:
    """Whether somebody is to be told of the end of a truce now."""
    return Truce.objects.filter(_waiting(at)).exists()


def remind(*, at: datetime) -> int:
    """Remind lead mediators 24 hours before a truce ends; tell supervisors of those that ran out.

    How many truces. Each end is told of once; an extension makes a new end. A row is held with its
    conflict while it is told of; what somebody else holds comes with the next run.
    """
    done = 0
    while done < MOST:
        with as_system():
            rows = list(
                Truce.objects.filter(_waiting(at))
                .select_related("conflict__lead", "conflict__site")
                .select_for_update(of=("self", "conflict"), skip_locked=True)
                .order_by("ends_at", "pk")[:BATCH]
            )
            for truce in rows:
                if truce.ends_at <= at:
                    _tell_lapsed(truce, at)
                else:
                    _remind(truce, at)
        done += len(rows)
        if len(rows) < BATCH:
            break
    return done


def _remind(truce: Truce, at: datetime) -> None:
    conflict = truce.conflict
    end = f"{truce.ends_at:%Y%m%d%H%M}"
    doer = conflict_notices.doer_of(conflict)
    conflict_notices.tell([doer], conflict_notices.TRUCE_ENDING, conflict, more=end)
    if doer is not None:
        worklist.add_task(
            doer,
            conflict_notices.TRUCE_ENDING,
            subject=conflict,
            due_at=truce.ends_at,
            key=f"{conflict_notices.TRUCE_ENDING}:{conflict.code}:{end}",
        )
    truce.reminded_at = at
    truce.save(update_fields=["reminded_at"])


def _tell_lapsed(truce: Truce, at: datetime) -> None:
    conflict = truce.conflict
    if truce.reminded_at is None:
        _remind(truce, at)
    conflict_notices.tell(
        [*conflict_notices.supervisors_of(conflict), conflict.lead],
        "conflict.truce_lapsed",
        conflict,
        more=f"{truce.ends_at:%Y%m%d%H%M}",
    )
    _event(truce, Kind.LAPSED, by=None, at=at)
    truce.lapsed_told_at = at
    truce.save(update_fields=["lapsed_told_at"])
    audit.record("truce.lapsed", subject=conflict)


# --- the tribe's settlement -----------------------------------------------------------------------


@transaction.atomic
def write_settlement(
    conflict: Conflict,
    *,
    facts: dict[str, Any],
    by: User,
    guarantor: str = "",
    terms: str = "",
    version: int | None = None,
) -> TribalSettlement:
    """Write down the settlement, or what changed of it. `version` is the settlement's.

    What is due is never less than what was paid, and its currency stays once something was.
    """
    conflict = conflicts.held(conflict, by=by)
    settlement = TribalSettlement.objects.select_for_update().filter(conflict=conflict).first()
    if settlement is None:
        if version:
            raise ChangedMeanwhile
        settlement = TribalSettlement(conflict=conflict, created_by=by, updated_by=by, version=0)
    elif version is not None and version != settlement.version:
        raise ChangedMeanwhile(version=settlement.version)
    paid = settlement.compensation_paid
    due = facts.get("compensation_due", settlement.compensation_due)
    currency = facts.get("currency", settlement.currency)
    if paid and (due is None or due < paid or currency != settlement.currency):
        raise LessThanPaid
    changed = []
    for name in SETTLEMENT_FACTS:
        if name in facts and getattr(settlement, name) != facts[name]:
            setattr(settlement, name, facts[name])
            changed.append(name)
    settlement.version += 1
    settlement.updated_by = by
    settlement.save()
    for name, text in (("guarantor", guarantor), ("terms", terms)):
        vault.seal(settlement, name, text, by=by)
    conflicts.save(conflict, by=by)
    audit.record("settlement.written", subject=conflict, by=by, fields=changed)
    return settlement


@keyed
@transaction.atomic
def pay(
    conflict: Conflict,
    *,
    amount: Decimal,
    paid_on: date,
    by: User,
    key: UUID | None = None,
) -> CompensationPayment:
    """Record that a part of the compensation was handed over; never more than was agreed.

    `key` was made with the form: the second time it is the same payment.
    """
    conflict = conflicts.held(conflict, by=by)
    settlement = TribalSettlement.objects.select_for_update().filter(conflict=conflict).first()
    if settlement is None or settlement.compensation_due is None:
        raise NotAllowedFromHere
    if known := cases.sent_before(
        CompensationPayment, key, by_id=by.pk, settlement_id=settlement.pk
    ):
        return known
    now = periods.now()
    if paid_on > periods.local_day(now):
        raise InTheFuture
    if settlement.compensation_paid + amount > settlement.compensation_due:
        raise PaidTooMuch
    payment = CompensationPayment.objects.create(
        settlement=settlement, idempotency_key=key, amount=amount, paid_on=paid_on, by=by, at=now
    )
    settlement.compensation_paid += amount
    settlement.version += 1
    settlement.updated_by = by
    settlement.save(update_fields=["compensation_paid", "version", "updated_by", "updated_at"])
    conflicts.save(conflict, by=by)
    audit.record("settlement.paid", subject=conflict, by=by)
    return payment
