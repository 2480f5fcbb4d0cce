"""The verbs of the 72-hour board: who has it, what was done, what is next, and when it is over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ceasefire import audit, periods
from ceasefire.codes.services import family
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from incidents.exceptions import (
    AlreadyTaken,
    BeforeItHappened,
    ChangedMeanwhile,
    ClockNotRunning,
    InTheFuture,
    KeyTaken,
    NotForThisPerson,
    NotTheirs,
    SiteIsReadOnly,
)
from incidents.models import (
    NAMED,
    SEES_SENSITIVE,
    Incident,
    IncidentNaming,
    IncidentResponse,
    ResponseAction,
    RetaliationWatch,
)
from incidents.services import clocks, notices
from incidents.services.rules import CLOCK_TOLERANCE
from incidents.services.workflow import locked

#: Who may be sent out; managers send.
SENT = (Role.INTERRUPTER, Role.WORKER, Role.SUPERVISOR)
RECORD, ASSIGN = "incidents.record_response", "incidents.assign_response"


# --- who may --------------------------------------------------------------------------------------


def _may(incident: Incident, by: User, permission: str) -> bool:
    return (
        by.has_perm(permission) and incident.site_id in by.site_ids and not incident.site.read_only
    )


def may_record(incident: Incident, by: User) -> bool:
    """Field staff, supervisors and managers of the site, for incidents they may see."""
    return _may(incident, by, RECORD)


def may_assign(incident: Incident, by: User) -> bool:
    """Supervisors and managers of the site: who has it, the watch, and the end."""
    return _may(incident, by, ASSIGN)


def may_plan(incident: Incident, response: IncidentResponse, by: User) -> bool:
    """Whoever has it, and who assigns it, say what is next."""
    return may_assign(incident, by) or (
        response.assigned_to_id == by.pk and may_record(incident, by)
    )


def refuse(incident: Incident, by: User, permission: str) -> None:
    """Refuse who may not do this to this incident."""
    if incident.site.read_only:
        raise SiteIsReadOnly
    if not _may(incident, by, permission) or not notices.may_see(incident, by):
        raise NotForThisPerson


#: Who is proposed for a side of a watch, in this order.
PROPOSED = (Role.INTERRUPTER, Role.WORKER)


def sendable(site_ids: Sequence[int]) -> list[User]:
    """Who may be sent out at these sites, by code name, with their sites read along."""
    rows = User.objects.active().filter(role__in=SENT, sites__in=site_ids)
    return list(rows.distinct().order_by("code_name").prefetch_related("sites"))


def sendable_to(incident: Incident) -> "QuerySet[User]":
    """Who may be sent to an incident, by code name; of a sensitive one, those who may see it."""
    rows = User.objects.active().filter(role__in=SENT, sites=incident.site_id)
    if incident.is_sensitive:
        named = IncidentNaming.objects.filter(incident=incident, person__role__in=NAMED)
        rows = rows.filter(
            Q(role__in=SEES_SENSITIVE)
            | Q(pk=incident.reporter_id)
            | Q(pk__in=named.values("person"))
        )
    return rows.order_by("code_name")


def with_load(people: "QuerySet[User]") -> "QuerySet[User]":
    """The people with their `load`: clocks they have that run, and sides they watch."""
    clock_rows = IncidentResponse.objects.running().filter(assigned_to=OuterRef("pk"))
    watch_rows = RetaliationWatch.objects.open().filter(
        Q(victim_side=OuterRef("pk")) | Q(other_side=OuterRef("pk"))
    )
    parts = [
        Coalesce(
            Subquery(
                rows.order_by()
                .annotate(one=Value(1))
                .values("one")
                .annotate(count=Count("pk"))
                .values("count")
            ),
            0,
        )
        for rows in (clock_rows, watch_rows)
    ]
    return people.annotate(load=parts[0] + parts[1])


def proposed_watchers(
    people: Sequence[Any], *, victim_side: User | None, other_side: User | None
) -> tuple[Any, Any]:
    """Who could watch the sides that have nobody: interrupters first, the least busy of them.

    `people` are those who may be sent, with their `load`. A proposal only: who assigns knows who
    is kin to whom. Source: the program's rule I3, which wants an interrupter on each side.
    """
    order = sorted(
        (one for one in people if one.role in PROPOSED and one not in (victim_side, other_side)),
        key=lambda one: (PROPOSED.index(one.role), one.load, one.code_name),
    )
    free = iter(order)
    return (victim_side or next(free, None), other_side or next(free, None))


def _held(incident: Incident) -> tuple[Incident, IncidentResponse | None]:
    """The incident and its clock as they stand now, held to the end of the transaction."""
    incident = locked(incident)
    rows = IncidentResponse.objects.select_for_update(of=("self",)).select_related("assigned_to")
    return incident, rows.filter(incident=incident).first()


def _running(
    incident: Incident, *, by: User, permission: str, version: int | None
) -> tuple[Incident, IncidentResponse]:
    incident, response = _held(incident)
    refuse(incident, by, permission)
    if response is None or response.closed_at is not None:
        raise ClockNotRunning
    if version is not None and version != response.version:
        raise ChangedMeanwhile(version=response.version)
    return incident, response


def _save(response: IncidentResponse, *fields: str) -> None:
    response.version += 1
    response.save(update_fields=[*fields, "version"])


# --- who has it -----------------------------------------------------------------------------------


@transaction.atomic
def take_response(incident: Incident, *, by: User, version: int | None = None) -> IncidentResponse:
    """Take what nobody has yet. Refuses what somebody else has (`AlreadyTaken`)."""
    incident, response = _running(incident, by=by, permission=RECORD, version=None)
    if response.assigned_to_id == by.pk:
        return response
    if response.assigned_to_id is not None:
        raise AlreadyTaken
    if version is not None and version != response.version:
        raise ChangedMeanwhile(version=response.version)
    response.assigned_to = by
    _save(response, "assigned_to")
    audit.record("response.taken", subject=incident, by=by)
    return response


@transaction.atomic
def assign_response(
    incident: Incident, *, to: User | None, by: User, version: int | None = None
) -> IncidentResponse:
    """Give it to somebody of the site who may see the incident; None takes it from everybody."""
    incident, response = _running(incident, by=by, permission=ASSIGN, version=version)
    if to is not None:
        refuse_stranger(incident, to)
    if response.assigned_to_id == (to.pk if to else None):
        return response
    response.assigned_to = to
    _save(response, "assigned_to")
    notices.tell([to], "response.assigned", incident, by=by, more=str(response.version))
    audit.record(
        "response.assigned",
        subject=incident,
        by=by,
        fields=["assigned_to"],
        detail={"to": to.pk if to else None},
    )
    return response


def refuse_stranger(incident: Incident, person: User) -> None:
    """Refuse to send who is not of the site's staff, has left, or may not see the incident."""
    if (
        person.role not in SENT
        or not person.may_sign_in()
        or incident.site_id not in person.site_ids
        or not notices.may_see(incident, person)
    ):
        raise NotTheirs


# --- what was done, and what is next --------------------------------------------------------------


@transaction.atomic
def record_action(
    incident: Incident,
    *,
    kind: str,
    by: User,
    at: datetime | None = None,
    people_reached: int | None = None,
    materials: int | None = None,
    next_step: str = "",
    words: str = "",
    key: UUID | None = None,
) -> ResponseAction:
    """Record what was done; it is never changed or removed.

    Every visit, talk or event is a first contact; leaflets alone are none. Going from door to door
    and a community event are the community response, which ends the clock. `people_reached` None
    is not known. `key` was made with the form: the second time it is the same action. What is done
    after the clock has ended is recorded all the same, but not for an incident that does not count.
    """
    incident, response = _held(incident)
    refuse(incident, by, RECORD)
    if response is None or response.closed_reason in IncidentResponse.STOPPED:
        raise ClockNotRunning
    if key is not None:
        known = ResponseAction.objects.filter(idempotency_key=key).first()
        if known is not None:
            if known.by_id != by.pk or known.response_id != response.pk:
                raise KeyTaken
            return known
    now = periods.now()
    at = at or now
    if at > now + CLOCK_TOLERANCE:
        raise InTheFuture
    if periods.local_day(at) < incident.occurred_on:
        raise BeforeItHappened
    action = ResponseAction.objects.create(
        response=response,
        kind=kind,
        at=at,
        by=by,
        people_reached=people_reached,
        materials=materials,
        next_step=next_step.strip()[:200],
        words=words.strip()[:1000],
        idempotency_key=key,
        created_at=now,
    )
    _follow_action(response, action, now=now)
    _save(
        response,
        "first_contact_at",
        "community_response_at",
        "closed_at",
        "closed_reason",
        "next_step",
    )
    if response.closed_reason == IncidentResponse.Closed.ANSWERED:
        notices.tell([response.assigned_to], "response.closed", incident, by=by)
    else:
        notices.tell(
            [response.assigned_to], "response.acted", incident, by=by, more=str(response.version)
        )
    audit.record(
        "response.action_recorded",
        subject=incident,
        by=by,
        detail={"kind": kind, "people": people_reached, "materials": materials},
    )
    return action


def _follow_action(response: IncidentResponse, action: ResponseAction, *, now: datetime) -> None:
    """What an action does to its clock."""
    what = family("response_action", action.kind)
    if what in {"contact", "community"}:
        response.first_contact_at = min(response.first_contact_at or action.at, action.at)
    if what == "community":
        response.community_response_at = min(response.community_response_at or action.at, action.at)
        if response.closed_at is None:
            response.closed_at, response.closed_reason = now, IncidentResponse.Closed.ANSWERED
    if action.next_step:
        response.next_step = action.next_step


@transaction.atomic
def set_next_step(
    incident: Incident, *, next_step: str, by: User, version: int | None = None
) -> IncidentResponse:
    """Say what is next; empty means the usual next step of the clock."""
    incident, response = _running(incident, by=by, permission=RECORD, version=version)
    if not may_plan(incident, response, by):
        raise NotForThisPerson
    words = next_step.strip()[:200]
    if words == response.next_step:
        return response
    response.next_step = words
    _save(response, "next_step")
    notices.tell(
        [response.assigned_to], "response.acted", incident, by=by, more=str(response.version)
    )
    audit.record("response.next_step_set", subject=incident, by=by, fields=["next_step"])
    return response


# --- begin and end --------------------------------------------------------------------------------


@transaction.atomic
def open_response(incident: Incident, *, by: User, at: datetime | None = None) -> IncidentResponse:
    """Put an incident on the clock by hand, or take back that its clock was closed by hand.

    Also what came too late for a clock of its own: who decides that somebody is sent out for it
    knows why. Not an outside list's (`clocks.may_be_answered`).
    """
    incident, response = _held(incident)
    refuse(incident, by, ASSIGN)
    if not clocks.may_be_answered(incident):
        raise ClockNotRunning
    if response is None:
        return clocks.open_clock(incident, by=by, at=at or periods.now(), by_hand=True)
    if response.closed_at is None:
        return response
    if response.closed_reason == IncidentResponse.Closed.ANSWERED:
        raise ClockNotRunning
    response.by_hand = response.by_hand or not clocks.is_urgent(incident)
    response.closed_at, response.closed_reason = None, ""
    _save(response, "closed_at", "closed_reason", "by_hand")
    audit.record("response.resumed", subject=incident, by=by, fields=["closed_at"])
    return response


@transaction.atomic
def close_response(
    incident: Incident,
    *,
    reason: str,
    by: User,
    version: int | None = None,
    at: datetime | None = None,
) -> IncidentResponse:
    """End a clock without a community response, for one of `IncidentResponse.BY_HAND`.

    Reports count it as not answered in time: it was not.
    """
    if reason not in IncidentResponse.BY_HAND:
        raise ValueError(f"Nobody closes a clock by hand with {reason!r}.")
    incident, response = _running(incident, by=by, permission=ASSIGN, version=version)
    response.closed_at, response.closed_reason = at or periods.now(), reason
    _save(response, "closed_at", "closed_reason")
    notices.tell(
        [response.assigned_to], "response.closed", incident, by=by, more=str(response.version)
    )
    audit.record("response.closed", subject=incident, by=by, detail={"reason": reason})
    return response
