"""Logging, editing and correcting an incident."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from ceasefire import audit, codes, periods, vault
from ceasefire.people.models import User
from ceasefire.places.models import Site
from incidents.exceptions import (
    ChangedMeanwhile,
    KeyTaken,
    NotAllowedFromHere,
    NotComplete,
    NotForThisPerson,
    ReasonNeeded,
    SameKeyOtherContent,
    SiteIsReadOnly,
)
from incidents.models import ConflictingSubmission, Incident, IncidentRevision, SecondReport
from incidents.services import clocks, rules, search, trail
from incidents.services.facts import (
    FIELDS,
    ActorFacts,
    SourceFacts,
    VictimFacts,
    as_content,
    content_hash,
    plain,
    without_names,
)
from incidents.services.naming import end_namings
from incidents.services.reading import may_read_form
from incidents.services.rows import FirstRows, snapshot, write_rows
from incidents.services.sources import verify_again, verify_by
from incidents.services.workflow import (
    SETTLED,
    STATES_OPEN_TO_REVIEWERS,
    State,
    locked,
    revise,
    step,
)

# --- who may ------------------------------------------------------------------------------------


def may_edit(incident: Incident, by: User) -> bool:
    """The reporter until it is accepted; reviewers while it lies with them."""
    if incident.site.read_only or not incident.is_visible_to(by):
        return False
    if not by.has_perm("incidents.edit_incident"):
        return False
    if incident.reporter_id == by.pk:
        return incident.workflow_state in Incident.OPEN_TO_REPORTER
    return (
        by.has_perm("incidents.review_incident")
        and incident.workflow_state in STATES_OPEN_TO_REVIEWERS
    )


def may_revise(incident: Incident, by: User) -> bool:
    """Reviewers, once the incident is accepted."""
    return (
        incident.workflow_state in SETTLED
        and not incident.site.read_only
        and incident.is_visible_to(by)
        and by.has_perm("incidents.revise_incident")
    )


# --- logging ------------------------------------------------------------------------------------


def create_incident(
    *,
    site: Site,
    facts: Mapping[str, Any],
    by: User,
    sources: Sequence[SourceFacts] = (),
    victims: Sequence[VictimFacts] = (),
    actors: Sequence[ActorFacts] = (),
    key: UUID | None = None,
    digest: str = "",
    submit: bool = True,
    at: datetime | None = None,
) -> Incident:
    """Log an incident and send it to review, or keep it as a draft (`submit=False`).

    `facts` holds plain fields (`facts.FIELDS`). `key` was made with the form: the same key with the
    same content gives the incident that is already there, also when both arrive at once; with other
    content both are kept and `SameKeyOtherContent` is raised. `digest` stands for the content where
    the caller knows better what a resend has in common (the form, before "now" became a moment).

    Refuses a read-only site, a site that is not the person's, what is incomplete (`NotComplete`,
    unless a draft), a moment to come, and a point outside the place.
    """
    if not by.has_perm("incidents.add_incident") or site.pk not in by.site_ids:
        raise NotForThisPerson
    if site.read_only:
        raise SiteIsReadOnly
    unknown = set(facts) - set(FIELDS)
    if unknown:
        raise TypeError(f"An incident has no plain field {sorted(unknown)}.")
    content = as_content(facts, sources=sources, victims=victims, actors=actors)
    digest = digest or content_hash({**content, "submit": submit, "site": site.code})
    if key is not None:
        # The same form may be on its way as a further source of another incident.
        is_incident, is_report = hold_key(key)
        if is_incident:
            same = Incident.objects.get(idempotency_key=key)
            return _arrived_again(same, digest=digest, content=content, by=by)
        if is_report:
            told = SecondReport.objects.select_related("incident").get(key=key)
            if told.by_id != by.pk:
                raise KeyTaken
            return told.incident
    try:
        with transaction.atomic():
            return _log(
                site=site,
                facts=facts,
                rows={"sources": sources, "victims": victims, "actors": actors},
                key=key,
                digest=digest,
                submit=submit,
                by=by,
                at=at or periods.now(),
            )
    except IntegrityError:
        # The same form arrived over another connection and was quicker: the insert waited for
        # that transaction, so its row can be read now. Anything else is a real fault.
        known = Incident.objects.filter(idempotency_key=key).first() if key else None
        if known is None:
            raise
    return _arrived_again(known, digest=digest, content=content, by=by)


def save_draft(
    *,
    site: Site,
    facts: Mapping[str, Any],
    by: User,
    sources: Sequence[SourceFacts] = (),
    victims: Sequence[VictimFacts] = (),
    actors: Sequence[ActorFacts] = (),
    key: UUID | None = None,
    digest: str = "",
    at: datetime | None = None,
) -> Incident:
    """Keep what is known so far for its reporter alone; it needs a type, a moment and a place."""
    return create_incident(
        site=site,
        facts=facts,
        by=by,
        sources=sources,
        victims=victims,
        actors=actors,
        key=key,
        digest=digest,
        submit=False,
        at=at,
    )


def _log(
    *,
    site: Site,
    facts: Mapping[str, Any],
    rows: Mapping[str, Sequence[Any]],
    key: UUID | None,
    digest: str,
    submit: bool,
    by: User,
    at: datetime,
) -> Incident:
    incident = Incident(
        site=site,
        reporter=by,
        idempotency_key=key,
        content_hash=digest,
        created_at=at,
        updated_by=by,
        **{"reported_at": at, **facts},
    )
    if "geo_precision" not in facts:
        incident.geo_precision = rules.usual_precision(
            incident.place, has_point=incident.lat is not None
        )
    rules.check(incident, at=at)
    if submit:
        lacks = rules.missing(incident, sources=len(rows["sources"]))
        if lacks:
            raise NotComplete(lacks)
        incident.workflow_state, incident.submitted_at = State.SUBMITTED, at
    rules.settle(incident)
    incident.is_sensitive = rules.is_sensitive(incident, rows["victims"])
    first = FirstRows(incident, rows, by=by, at=at)
    verify_by(incident, first.sources)
    incident.source_key = search.said_key([(by.pk, one.text) for one in first.sources])
    search.remember(incident)
    # What belongs to the incident stands before it: that it does is asked at the commit.
    first.save()
    step(incident, before="", by=by, at=at, reason="")
    # Everybody who logs waits for the number from here to the commit: nothing slow comes after.
    year = periods.local_day(at).year
    rules.give_code(incident, f"INC-{year}-{codes.next_number('INC', year):06d}")
    incident.save(force_insert=True)
    audit.record(
        "incident.logged" if submit else "incident.drafted",
        subject=incident,
        by=by,
        # The trail is read by more people than a sensitive incident is.
        detail={
            **({} if incident.is_sensitive else {"type": incident.type}),
            "verification": incident.verification,
        },
    )
    clocks.follow(incident, by=by, at=at, is_new=True)
    return incident


def _arrived_again(
    known: Incident, *, digest: str, content: Mapping[str, Any], by: User
) -> Incident:
    """The same form once more: the first incident, or a conflict that is kept."""
    if known.reporter_id != by.pk:
        raise KeyTaken
    if known.content_hash == digest:
        return known
    keep_other_content(known, content, by=by)
    raise SameKeyOtherContent(known)


@transaction.atomic
def keep_other_content(known: Incident, content: Mapping[str, Any], *, by: User) -> None:
    """Keep what a form held that came again under its old key with other content, once."""
    bare, names = without_names(content)
    locked(known)
    if known.conflicting_submissions.filter(by=by, content=bare).exists():
        return
    kept = ConflictingSubmission.objects.create(incident=known, content=bare, by=by)
    seal_names(kept, names, by=by)
    trail.record(
        "incident.sent_again_with_other_content",
        subject=known,
        by=by,
        fields=sorted(bare),
        guarded=rules.is_sensitive_content(bare),
    )


def seal_names(
    kept: ConflictingSubmission | SecondReport, names: dict[str, str], *, by: User
) -> None:
    """Put the names of a form that is kept as it came into the vault."""
    if names:
        vault.seal(kept, "names", json.dumps(names, ensure_ascii=False), by=by)


def hold_key(key: UUID) -> tuple[bool, bool]:
    """Let one form with this key be at work at a time, to the end of the transaction.

    Whether it is there by then as an incident, and as a further report of one.
    """
    with connection.cursor() as cursor:
        # Two statements in one go: the second sees what was committed while the first waited.
        cursor.execute(
            """
            SELECT pg_advisory_xact_lock(%s);
            SELECT EXISTS (SELECT FROM incidents_incident WHERE idempotency_key = %s),
                   EXISTS (SELECT FROM incidents_secondreport WHERE key = %s)
            """,
            [key.int % 2**63, key, key],
        )
        is_incident, is_report = cursor.fetchone()
    return is_incident, is_report


def may_settle(incident: Incident, submission: ConflictingSubmission, by: User) -> bool:
    """The reporter and reviewers, of what is shown to them."""
    is_theirs = incident.reporter_id == by.pk or by.has_perm("incidents.review_incident")
    return is_theirs and may_read_form(incident, submission, by)


@transaction.atomic
def settle_submission(
    submission: ConflictingSubmission, *, by: User, at: datetime | None = None
) -> ConflictingSubmission:
    """Say that a form that came again with other content has been dealt with."""
    incident = locked(submission.incident)
    submission = ConflictingSubmission.objects.select_for_update().get(pk=submission.pk)
    if not may_settle(incident, submission, by):
        raise NotForThisPerson
    if submission.settled_at is not None:
        raise NotAllowedFromHere
    submission.settled_at, submission.settled_by = at or periods.now(), by
    submission.save(update_fields=["settled_at", "settled_by"])
    audit.record("incident.submission_settled", subject=incident, by=by)
    return submission


# --- changing -----------------------------------------------------------------------------------


def _differences(incident: Incident, facts: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """{field: (as it stands, as given)} where the two differ, as codes and numbers."""
    found = {}
    for name, value in facts.items():
        now, given = plain(getattr(incident, name)), plain(value)
        if name == "reported_at" or now == given:
            continue
        if isinstance(value, datetime) and getattr(incident, name) == value:
            continue
        found[name] = (now, given)
    return found


def _change(
    incident: Incident,
    *,
    facts: Mapping[str, Any],
    rows: Mapping[str, Sequence[Any] | None],
    by: User,
    at: datetime,
) -> dict[str, list[Any]]:
    """Write the new facts over a locked incident; {field: [before, after]} of what changed."""
    unknown = set(facts) - set(FIELDS)
    if unknown:
        raise TypeError(f"An incident has no plain field {sorted(unknown)}.")
    changes = {name: list(pair) for name, pair in _differences(incident, facts).items()}
    was = incident.verification
    for name in changes:
        setattr(incident, name, facts[name])
    for kind, given in rows.items():
        if given is None:
            continue
        before = snapshot(incident, kind)
        changed, _written = write_rows(incident, kind, given, by=by, at=at)
        if changed:
            changes[kind] = [before, snapshot(incident, kind)]
    rules.check(incident, at=at)
    if incident.workflow_state != State.DRAFT:
        lacks = rules.missing(incident, sources=incident.sources.count())
        if lacks:
            raise NotComplete(lacks)
    rules.settle(incident)
    rules.mark_sensitive(
        incident,
        rules.is_sensitive(incident, incident.victimizations.all())
        # What was merged into it stays as guarded as it was.
        or incident.duplicates.filter(is_sensitive=True).exists(),
        at=at,
    )
    verify_again(incident)
    if incident.verification != was:
        changes["verification"] = [was, incident.verification]
    return changes


def _save(incident: Incident, *, by: User) -> None:
    incident.version += 1
    incident.updated_by = by
    beside = ("guarded_until", "version", "updated_by", "updated_at")
    incident.save(update_fields=[*FIELDS, *rules.COMPUTED, *beside])
    search.remember(incident)


@transaction.atomic
def edit_incident(
    incident: Incident,
    *,
    facts: Mapping[str, Any],
    version: int,
    by: User,
    sources: Sequence[SourceFacts] | None = None,
    victims: Sequence[VictimFacts] | None = None,
    actors: Sequence[ActorFacts] | None = None,
    at: datetime | None = None,
) -> Incident:
    """Change an incident before it is accepted; rows given as None stay as they are.

    `version` is the one the person saw. Where another stands by now, nothing is written and
    `ChangedMeanwhile` holds both values of every field that differs.
    """
    incident = locked(incident)
    if incident.site.read_only:
        raise SiteIsReadOnly
    if incident.workflow_state not in Incident.OPEN_TO_REPORTER:
        raise NotAllowedFromHere
    if not may_edit(incident, by):
        raise NotForThisPerson
    if version != incident.version:
        raise ChangedMeanwhile(_differences(incident, facts), incident.version)
    at, was_sensitive = at or periods.now(), incident.is_sensitive
    changes = _change(
        incident,
        facts=facts,
        rows={"sources": sources, "victims": victims, "actors": actors},
        by=by,
        at=at,
    )
    if changes:
        _save(incident, by=by)
        trail.record(
            "incident.edited",
            subject=incident,
            by=by,
            fields=sorted(changes),
            guarded=was_sensitive,
        )
        clocks.follow(incident, by=by, at=at)
        if was_sensitive:
            end_namings([incident], by=by)
    return incident


@transaction.atomic
def revise_incident(
    incident: Incident,
    *,
    facts: Mapping[str, Any],
    reason: str,
    version: int,
    by: User,
    sources: Sequence[SourceFacts] | None = None,
    victims: Sequence[VictimFacts] | None = None,
    actors: Sequence[ActorFacts] | None = None,
    at: datetime | None = None,
) -> IncidentRevision | None:
    """Correct an accepted incident: what it was, what it is, and why are kept for good.

    None where nothing differs. Refuses without a reason, and over another version than the
    person saw.
    """
    incident = locked(incident)
    if incident.site.read_only:
        raise SiteIsReadOnly
    if incident.workflow_state not in SETTLED:
        raise NotAllowedFromHere
    if not may_revise(incident, by):
        raise NotForThisPerson
    reason = reason.strip()[:400]
    if not reason:
        raise ReasonNeeded
    if version != incident.version:
        raise ChangedMeanwhile(_differences(incident, facts), incident.version)
    at, was_sensitive = at or periods.now(), incident.is_sensitive
    changes = _change(
        incident,
        facts=facts,
        rows={"sources": sources, "victims": victims, "actors": actors},
        by=by,
        at=at,
    )
    if not changes:
        return None
    _save(incident, by=by)
    revision = revise(incident, changes=changes, reason=reason, by=by, at=at)
    trail.record(
        "incident.revised",
        subject=incident,
        by=by,
        fields=sorted(changes),
        reason=reason,
        guarded=was_sensitive,
    )
    clocks.follow(incident, by=by, at=at)
    if was_sensitive:
        end_namings([incident], by=by)
    return revision
