"""Sources, and the verification that follows from them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from ceasefire import periods
from ceasefire.people.models import User
from incidents.exceptions import (
    NotAllowedFromHere,
    NotForThisPerson,
    ReasonNeeded,
    SiteIsReadOnly,
)
from incidents.models import Incident, Source
from incidents.services import rules, search, trail
from incidents.services.facts import SourceFacts
from incidents.services.rows import write_rows
from incidents.services.workflow import SETTLED, State, locked, refuse_stale, revise

#: A source may be added as long as the incident is alive.
TAKES_SOURCES = (
    State.DRAFT,
    State.SUBMITTED,
    State.IN_REVIEW,
    State.RETURNED,
    State.ACCEPTED,
    State.ARCHIVED,
)
#: A grade may be set by hand from the moment others can see the incident.
TAKES_OVERRIDE = (
    State.SUBMITTED,
    State.IN_REVIEW,
    State.RETURNED,
    State.ACCEPTED,
    State.ARCHIVED,
)


def may_add_source(incident: Incident, by: User) -> bool:
    """A colleague who heard of it too adds a source instead of logging it again."""
    return (
        incident.workflow_state in TAKES_SOURCES
        and not incident.site.read_only
        and incident.is_visible_to(by)
        and by.has_perm("incidents.edit_incident")
        and (incident.workflow_state != State.DRAFT or incident.reporter_id == by.pk)
    )


def may_grade(incident: Incident, source: Source, by: User) -> bool:
    """Whoever brought the source until the incident is accepted; reviewers at any time."""
    if not may_add_source(incident, by):
        return False
    if by.has_perm("incidents.review_incident"):
        return True
    return source.created_by_id == by.pk and incident.workflow_state not in SETTLED


def may_override(incident: Incident, by: User) -> bool:
    return (
        incident.workflow_state in TAKES_OVERRIDE
        and not incident.site.read_only
        and incident.is_visible_to(by)
        and by.has_perm("incidents.override_verification")
    )


def verify_again(incident: Incident) -> tuple[str, ...]:
    """Work the verification out from the sources; a grade set by hand stays. The row is locked.

    Returns the names of the fields that are to be saved.
    """
    return verify_by(incident, incident.sources.all())


def verify_by(incident: Incident, sources: Iterable[Source]) -> tuple[str, ...]:
    """As `verify_again`, by sources that are given; saves nothing."""
    grade, rule = rules.verification_of(list(sources))
    incident.verification_computed, incident.verification_rule = grade, rule
    if not incident.verification_reason:
        incident.verification = grade
    return ("verification", "verification_computed", "verification_rule")


def _refuse_unless_alive(incident: Incident, by: User) -> None:
    if incident.site.read_only:
        raise SiteIsReadOnly
    if incident.site_id not in by.site_ids:
        raise NotForThisPerson


def _save(
    incident: Incident,
    *,
    by: User,
    at: datetime,
    before: str,
    changes: dict[str, Any],
    reason: str,
    fields: tuple[str, ...],
) -> None:
    incident.version += 1
    incident.updated_by = by
    incident.save(update_fields=["version", "updated_by", "updated_at", *fields])
    if incident.workflow_state in SETTLED:
        if before != incident.verification:
            changes = {**changes, "verification": [before, incident.verification]}
        revise(incident, changes=changes, reason=reason, by=by, at=at)


@transaction.atomic
def add_source(
    incident: Incident, *, facts: SourceFacts, by: User, at: datetime | None = None
) -> Source:
    """Add what somebody else says to an incident; its verification follows at once.

    On an accepted incident this is a revision. `facts.same_origin_as` is the position of an earlier
    source, oldest first, from whose origin this one comes too.
    """
    incident = locked(incident)
    _refuse_unless_alive(incident, by)
    if incident.workflow_state not in TAKES_SOURCES:
        raise NotAllowedFromHere
    if not may_add_source(incident, by):
        raise NotForThisPerson
    at = at or periods.now()
    before, number = incident.verification, incident.sources.count()
    earlier = list(incident.sources.all())
    _changed, written = write_rows(incident, "sources", [_alone(facts)], by=by, at=at)
    source: Source = written[0]
    place = facts.same_origin_as
    if place is not None and 0 <= place < len(earlier):
        source.same_origin_as = earlier[place]
        source.save(update_fields=["same_origin_as"])
    search.learn(incident.source_key.split())
    fields = verify_again(incident)
    _save(
        incident,
        by=by,
        at=at,
        before=before,
        changes={"sources": [number, number + 1]},
        reason="source added",
        fields=fields,
    )
    trail.record(
        "source.added",
        subject=incident,
        by=by,
        fields=["sources", *fields],
        detail={
            "kind": facts.kind,
            "grade": f"{facts.reliability}{facts.credibility}",
            "verification": incident.verification,
        },
    )
    return source


def _alone(facts: SourceFacts) -> SourceFacts:
    return replace(facts, same_origin_as=None, id=None, remove=False)


@transaction.atomic
def grade_source(
    source: Source,
    *,
    reliability: str,
    credibility: str,
    by: User,
    same_origin_as: Source | None = None,
    at: datetime | None = None,
) -> Source:
    """Say anew how far to trust a source and whether it repeats another; verification follows."""
    incident = locked(source.incident)
    source = Source.objects.get(pk=source.pk, incident=incident)
    _refuse_unless_alive(incident, by)
    if incident.workflow_state not in TAKES_SOURCES:
        raise NotAllowedFromHere
    if not may_grade(incident, source, by):
        raise NotForThisPerson
    if same_origin_as is not None and (
        same_origin_as.incident_id != incident.pk or same_origin_as.pk == source.pk
    ):
        raise NotAllowedFromHere
    at = at or periods.now()
    before, was = incident.verification, f"{source.reliability}{source.credibility}"
    source.reliability, source.credibility = reliability, credibility
    source.same_origin_as = same_origin_as
    source.save(update_fields=["reliability", "credibility", "same_origin_as"])
    fields = verify_again(incident)
    now = f"{reliability}{credibility}"
    _save(
        incident,
        by=by,
        at=at,
        before=before,
        changes={"source_grade": [was, now]},
        reason="source graded",
        fields=fields,
    )
    trail.record(
        "source.graded",
        subject=incident,
        by=by,
        fields=["sources", *fields],
        detail={"from": was, "to": now, "verification": incident.verification},
    )
    return source


@transaction.atomic
def override_verification(
    incident: Incident,
    *,
    verification: str,
    reason: str,
    by: User,
    version: int | None = None,
    at: datetime | None = None,
) -> Incident:
    """Set the verification by hand, with a reason; it stays so whatever sources come."""
    incident = locked(incident)
    _refuse_unless_alive(incident, by)
    if incident.workflow_state not in TAKES_OVERRIDE:
        raise NotAllowedFromHere
    if not may_override(incident, by):
        raise NotForThisPerson
    refuse_stale(incident, version)
    reason = reason.strip()[:400]
    if not reason:
        raise ReasonNeeded
    at = at or periods.now()
    before = incident.verification
    incident.verification = Incident.Verification(verification)
    incident.verification_reason = reason
    fields = ("verification", "verification_reason")
    _save(incident, by=by, at=at, before=before, changes={}, reason=reason, fields=fields)
    trail.record(
        "incident.verification_overridden",
        subject=incident,
        by=by,
        fields=fields,
        reason=reason,
        detail={"from": before, "to": incident.verification},
    )
    return incident


@transaction.atomic
def clear_override(
    incident: Incident, *, by: User, version: int | None = None, at: datetime | None = None
) -> Incident:
    """Let the sources decide again."""
    incident = locked(incident)
    _refuse_unless_alive(incident, by)
    if not incident.verification_reason:
        raise NotAllowedFromHere
    if not may_override(incident, by):
        raise NotForThisPerson
    refuse_stale(incident, version)
    at = at or periods.now()
    before = incident.verification
    incident.verification_reason = ""
    fields = (*verify_again(incident), "verification_reason")
    _save(
        incident,
        by=by,
        at=at,
        before=before,
        changes={},
        reason="grade from the sources again",
        fields=fields,
    )
    trail.record(
        "incident.verification_cleared",
        subject=incident,
        by=by,
        fields=fields,
        detail={"from": before, "to": incident.verification},
    )
    return incident
