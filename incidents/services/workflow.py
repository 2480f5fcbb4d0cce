"""Who moves an incident from which state to which: one table, and the verbs that read it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.people.models import User
from incidents.exceptions import (
    ChangedMeanwhile,
    NotAllowedFromHere,
    NotComplete,
    NotForThisPerson,
    OwnReport,
    ReasonNeeded,
    SiteIsReadOnly,
)
from incidents.models import Incident, IncidentRevision, IncidentStep
from incidents.services import clocks, rules, trail

State = Incident.State


@dataclass(frozen=True)
class Move:
    """One step: where it leads, which permission it asks for, and under which conditions."""

    to: str
    permission: str
    by_reporter: bool = False
    not_by_reporter: bool = False
    needs_reason: bool = False


_SUBMIT = Move(State.SUBMITTED, "incidents.submit_incident", by_reporter=True)
_WITHDRAW = Move(
    State.WITHDRAWN, "incidents.withdraw_incident", by_reporter=True, needs_reason=True
)
_DISCARD = Move(State.WITHDRAWN, "incidents.withdraw_incident", by_reporter=True)
_TAKE = Move(State.IN_REVIEW, "incidents.review_incident")
_RETURN = Move(State.RETURNED, "incidents.review_incident", needs_reason=True)
_ACCEPT = Move(State.ACCEPTED, "incidents.review_incident", not_by_reporter=True)
_DUPLICATE = Move(State.DUPLICATE, "incidents.review_incident")
_DUPLICATE_LATE = Move(State.DUPLICATE, "incidents.review_incident", needs_reason=True)
_ARCHIVE = Move(State.ARCHIVED, "incidents.archive_incident")

#: (state, verb) -> the step. What is not here cannot be done.
MOVES: dict[tuple[str, str], Move] = {
    (State.DRAFT, "submit"): _SUBMIT,
    (State.RETURNED, "submit"): _SUBMIT,
    (State.DRAFT, "withdraw"): _DISCARD,
    (State.SUBMITTED, "withdraw"): _WITHDRAW,
    (State.IN_REVIEW, "withdraw"): _WITHDRAW,
    (State.RETURNED, "withdraw"): _WITHDRAW,
    (State.SUBMITTED, "take"): _TAKE,
    (State.SUBMITTED, "return"): _RETURN,
    (State.IN_REVIEW, "return"): _RETURN,
    (State.SUBMITTED, "accept"): _ACCEPT,
    (State.IN_REVIEW, "accept"): _ACCEPT,
    (State.SUBMITTED, "duplicate"): _DUPLICATE,
    (State.IN_REVIEW, "duplicate"): _DUPLICATE,
    # Found out after it was accepted: reports change, so the reason is kept as a revision.
    (State.ACCEPTED, "duplicate"): _DUPLICATE_LATE,
    (State.ACCEPTED, "archive"): _ARCHIVE,
}
#: How the trail calls each verb.
EVENTS = {
    "submit": "incident.submitted",
    "withdraw": "incident.withdrawn",
    "take": "incident.taken_for_review",
    "return": "incident.returned",
    "accept": "incident.accepted",
    "duplicate": "incident.marked_duplicate",
    "archive": "incident.archived",
    "undo": "incident.step_undone",
}
STATES_OPEN_TO_REVIEWERS = (State.SUBMITTED, State.IN_REVIEW)
#: From these on, a change of what is recorded is a revision.
SETTLED = (State.ACCEPTED, State.ARCHIVED)


def may_move(incident: Incident, verb: str, by: User) -> bool:
    """Whether this person may carry out this verb on this incident now."""
    return _may_by_role(incident, verb, by) and not is_for_others(incident, verb, by)


def is_for_others(incident: Incident, verb: str, by: User) -> bool:
    """Whether it is for somebody else only because this person reported the incident."""
    move = MOVES.get((incident.workflow_state, verb))
    return (
        move is not None
        and move.not_by_reporter
        and incident.reporter_id == by.pk
        and _may_by_role(incident, verb, by)
    )


def _may_by_role(incident: Incident, verb: str, by: User) -> bool:
    move = MOVES.get((incident.workflow_state, verb))
    return (
        move is not None
        and not incident.site.read_only
        and by.has_perm(move.permission)
        and incident.is_visible_to(by)
        and (not move.by_reporter or incident.reporter_id == by.pk)
    )


def open_verbs(incident: Incident, by: User) -> list[str]:
    """The verbs that this person may carry out now, in the order of the table."""
    return [
        verb
        for state, verb in MOVES
        if state == incident.workflow_state and may_move(incident, verb, by)
    ]


def locked(incident: Incident) -> Incident:
    """The incident as it stands now, held to the end of the transaction."""
    return (
        Incident.objects.select_for_update(of=("self",))
        .select_related("site", "place")
        .defer("place__geometry")
        .get(pk=incident.pk)
    )


def refuse_stale(incident: Incident, version: int | None) -> None:
    """Refuse where the person saw another version than the one that stands."""
    if version is not None and version != incident.version:
        raise ChangedMeanwhile(version=incident.version)


def step(incident: Incident, *, before: str, by: User | None, at: datetime, reason: str) -> None:
    """Write down a move from a state to a state."""
    IncidentStep.objects.create(
        incident=incident,
        from_state=before,
        to_state=incident.workflow_state,
        by=by,
        at=at,
        reason=reason,
    )


def revise(
    incident: Incident, *, changes: dict[str, Any], reason: str, by: User | None, at: datetime
) -> IncidentRevision:
    """Write down a correction of an accepted incident; its row is locked by the caller."""
    return IncidentRevision.objects.create(
        incident=incident,
        number=incident.revisions.count() + 1,
        reason=reason,
        changes=changes,
        by=by,
        at=at,
    )


def carry_out(
    incident: Incident,
    verb: str,
    *,
    by: User,
    version: int | None,
    reason: str = "",
    at: datetime | None = None,
    also: Callable[[Incident, datetime], None] | None = None,
    fields: tuple[str, ...] = (),
    detail: dict[str, Any] | None = None,
    back: Callable[[Incident], Move] | None = None,
) -> Incident:
    """Lock, re-read, refuse, write, step, audit: what every verb has in common.

    `back` gives the step instead of the table: the one that is taken back.
    """
    incident = locked(incident)
    move = back(incident) if back is not None else MOVES.get((incident.workflow_state, verb))
    if incident.site.read_only:
        raise SiteIsReadOnly
    # Again where the row is held: it may have become sensitive since the page was read.
    if not incident.is_visible_to(by):
        raise NotForThisPerson
    if move is None:
        raise NotAllowedFromHere
    if is_for_others(incident, verb, by):
        raise OwnReport
    if back is None and not may_move(incident, verb, by):
        raise NotForThisPerson
    refuse_stale(incident, version)
    reason = reason.strip()
    if move.needs_reason and not reason:
        raise ReasonNeeded

    at = at or periods.now()
    before = incident.workflow_state
    incident.workflow_state = move.to
    if also is not None:
        also(incident, at)
    incident.version += 1
    incident.updated_by = by
    incident.save(update_fields=["workflow_state", "version", "updated_by", "updated_at", *fields])
    step(incident, before=before, by=by, at=at, reason=reason)
    if before in SETTLED and move.to == State.DUPLICATE:
        revise(
            incident,
            changes={"workflow_state": [before, move.to]},
            reason=reason,
            by=by,
            at=at,
        )
    trail.record(
        EVENTS[verb],
        subject=incident,
        by=by,
        fields=["workflow_state", *fields],
        reason=reason,
        detail={"from": before, "to": incident.workflow_state, **(detail or {})},
    )
    clocks.follow(incident, by=by, at=at)
    return incident


@transaction.atomic
def submit_incident(incident: Incident, *, by: User, version: int | None = None) -> Incident:
    """Send a draft or a returned incident to review. Only its reporter may, once it is complete."""

    def complete(incident: Incident, at: datetime) -> None:
        lacks = rules.missing(incident, sources=incident.sources.count())
        if lacks:
            raise NotComplete(lacks)
        rules.check(incident, at=at)
        incident.submitted_at = incident.submitted_at or at
        incident.returned_reason = ""

    return carry_out(
        incident,
        "submit",
        by=by,
        version=version,
        also=complete,
        fields=("submitted_at", "returned_reason"),
    )


@transaction.atomic
def withdraw_incident(
    incident: Incident, *, by: User, reason: str = "", version: int | None = None
) -> Incident:
    """Take an incident back. Only its reporter may, and only before it is accepted."""
    return carry_out(incident, "withdraw", by=by, version=version, reason=reason)


@transaction.atomic
def take_for_review(incident: Incident, *, by: User, version: int | None = None) -> Incident:
    """Begin the review, so that two reviewers do not do the same work."""
    return carry_out(incident, "take", by=by, version=version)


@transaction.atomic
def return_incident(
    incident: Incident, *, by: User, reason: str, version: int | None = None
) -> Incident:
    """Give an incident back to its reporter with a reason."""

    def say_why(incident: Incident, at: datetime) -> None:
        incident.returned_reason = reason.strip()[:400]

    return carry_out(
        incident,
        "return",
        by=by,
        version=version,
        reason=reason,
        also=say_why,
        fields=("returned_reason",),
    )


@transaction.atomic
def accept_incident(incident: Incident, *, by: User, version: int | None = None) -> Incident:
    """Accept an incident into the record; from now on every correction is a revision.

    Not by who reported it: another supervisor of the site, or the data officer.
    """

    def accept(incident: Incident, at: datetime) -> None:
        incident.accepted_at = at

    return carry_out(
        incident, "accept", by=by, version=version, also=accept, fields=("accepted_at",)
    )


@transaction.atomic
def archive_incident(incident: Incident, *, by: User, version: int | None = None) -> Incident:
    """Put an accepted incident away; it goes on being counted."""
    return carry_out(incident, "archive", by=by, version=version)


#: What each verb is called on its button.
LABELS: dict[str, Any] = {
    "submit": _("Send to review"),
    "withdraw": _("Withdraw"),
    "take": _("Take for review"),
    "return": _("Return to the reporter"),
    "accept": _("Accept"),
    "duplicate": _("Mark as duplicate"),
    "archive": _("Archive"),
}
