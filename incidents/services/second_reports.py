"""A report that turns out to tell of an incident which is here already: a further source of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from ceasefire import audit, periods, vault
from ceasefire.people.models import User
from incidents.exceptions import (
    KeyTaken,
    NotAllowedFromHere,
    NotForThisPerson,
    SameKeyOtherContent,
)
from incidents.models import Incident, SecondReport
from incidents.services import rules, search
from incidents.services.facts import (
    FIELDS,
    ActorFacts,
    SourceFacts,
    VictimFacts,
    as_content,
    content_hash,
    without_names,
)
from incidents.services.merging import digests_of, move_photos
from incidents.services.records import hold_key, keep_other_content, seal_names
from incidents.services.sources import add_source, may_add_source, verify_again
from incidents.services.workflow import SETTLED, locked, revise, withdraw_incident


def add_second_report(
    original: Incident,
    *,
    facts: Mapping[str, Any],
    sources: Sequence[SourceFacts],
    by: User,
    key: UUID,
    digest: str = "",
    victims: Sequence[VictimFacts] = (),
    actors: Sequence[ActorFacts] = (),
    at: datetime | None = None,
) -> Incident:
    """Turn a report into a further source of the record that it repeats.

    Its sources are added (`add_source`: locks, audit, verification). One that says nothing takes
    the report's summary as its words; one whose sealed name is known there counts as the same
    origin. The rest of the form is kept for the reviewer, its names in the vault. Where the record
    was merged meanwhile, the one that counts gets the sources. A report of sexual violence, a minor
    or staff is refused (`NotAllowedFromHere`) where the record is open to more people: it is logged
    by itself, and a merge guards both.

    The form's key makes a second arrival harmless, also of a form that was meanwhile saved as an
    incident of its own; with other content both are kept and `SameKeyOtherContent` is raised.
    """
    content = as_content(facts, sources=sources, victims=victims, actors=actors)
    digest = digest or content_hash(content)
    with transaction.atomic():
        hold_key(key)
        incident = _arrived_before(key, digest=digest, content=content, by=by)
        if incident is None:
            return _tell(
                original,
                content=content,
                sources=sources,
                summary=str(facts.get("summary", ""))[:2000],
                told={"key": key, "content_hash": digest},
                is_sensitive=is_sensitive_report(facts, victims),
                by=by,
                at=at or periods.now(),
            )
    if isinstance(incident, SameKeyOtherContent):
        # Raised when what was sent is safe.
        raise incident
    return incident


def is_sensitive_report(facts: Mapping[str, Any], victims: Sequence[VictimFacts]) -> bool:
    """Whether a report that is not saved tells of sexual violence, a minor, or staff."""
    told = Incident(
        type=facts.get("type", ""), staff_involved=bool(facts.get("staff_involved", False))
    )
    return rules.is_sensitive(told, victims)


def _arrived_before(
    key: UUID, *, digest: str, content: Mapping[str, Any], by: User
) -> Incident | SameKeyOtherContent | None:
    """Where a form with this key went, or the conflict that is kept; None where it is new."""
    saved = Incident.objects.filter(idempotency_key=key).first()
    told = SecondReport.objects.select_related("incident").filter(key=key).first()
    if saved is None and told is None:
        return None
    if (saved and saved.reporter_id != by.pk) or (told and told.by_id != by.pk):
        raise KeyTaken
    if saved is not None:
        return saved
    if told is None or told.content_hash == digest:
        return told.incident if told else None
    keep_other_content(told.incident, content, by=by)
    return SameKeyOtherContent(told.incident)


def _tell(
    original: Incident,
    *,
    content: Mapping[str, Any],
    sources: Sequence[SourceFacts],
    summary: str,
    told: dict[str, Any],
    is_sensitive: bool,
    by: User,
    at: datetime,
) -> Incident:
    original = _held_where_it_counts(original)
    if not Incident.objects.visible_to(by).filter(pk=original.pk).exists():
        raise NotAllowedFromHere
    if is_sensitive and not original.is_sensitive:
        raise NotAllowedFromHere
    bare, names = without_names({**content, "sources": []})
    kept = SecondReport.objects.create(incident=original, content=bare, by=by, at=at, **told)
    seal_names(kept, names, by=by)
    for position, source in enumerate(sources):
        if position == 0 and not source.text:
            source = replace(source, text=summary)
        _add(original, source, by=by, at=at)
    audit.record(
        "incident.reported_again", subject=original, by=by, detail={"sources": len(sources)}
    )
    return original


def _held_where_it_counts(told: Incident) -> Incident:
    """The record, or the one that it was merged into, held; never two rows at a time.

    Whoever merges or parts holds both in the order of their keys, so with only one held nobody
    waits in a circle, and what is held cannot be merged or parted any more. A row that turns out
    not to count was merged while it was waited for: it is let go, and looked for again.
    """
    while True:
        counts = Incident.objects.values_list("duplicate_of_id", flat=True).get(pk=told.pk)
        look = transaction.savepoint()
        held = locked(Incident(pk=counts or told.pk))
        if held.duplicate_of_id is None and (
            held.pk == told.pk
            or Incident.objects.filter(pk=told.pk, duplicate_of_id=held.pk).exists()
        ):
            transaction.savepoint_commit(look)
            return held
        transaction.savepoint_rollback(look)


def _add(original: Incident, facts: SourceFacts, *, by: User, at: datetime) -> None:
    """Add a source; one whose name stands there already is no independent one."""
    known = {digest: key for key, digest in digests_of(original.sources.all())}
    added = add_source(original, facts=facts, by=by, at=at)
    same = [known[digest] for _key, digest in digests_of([added]) if digest in known]
    if same:
        added.same_origin_as_id = same[0]
        added.save(update_fields=["same_origin_as"])
        incident = locked(original)
        incident.save(update_fields=[*verify_again(incident), "updated_at"])


@transaction.atomic
def send_as_second_report(
    draft: Incident, *, to: Incident, by: User, at: datetime | None = None
) -> Incident:
    """Hand the sources of one's own draft over to the incident that it repeats.

    Their sealed names go with them, for the vault knows a source by its own key, and so do photos,
    which a discarded draft would lose. The draft is withdrawn, and its reporter's alone; what else
    it holds is kept for the reviewer as a second report's, the names of people harmed sealed again.
    A sensitive one is not handed over to a record that is open to more people.
    """
    held = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("site", "place")
        .filter(pk__in=[draft.pk, to.pk])
        .order_by("pk")
    )
    rows = {row.pk: row for row in held}
    if len(rows) < 2:
        raise NotAllowedFromHere
    draft, original = rows[draft.pk], rows[to.pk]
    if draft.workflow_state != Incident.State.DRAFT or draft.site_id != original.site_id:
        raise NotAllowedFromHere
    if draft.reporter_id != by.pk or not may_add_source(original, by):
        raise NotForThisPerson
    if not Incident.objects.visible_to(by).filter(pk=original.pk).exists():
        raise NotForThisPerson
    if draft.is_sensitive and not original.is_sensitive:
        raise NotAllowedFromHere
    at = at or periods.now()
    _hand_over(draft, original, by=by, at=at)
    _keep_rest(draft, original, by=by, at=at)
    withdraw_incident(draft, by=by)
    audit.record("incident.reported_again", subject=original, by=by, detail={"draft": draft.code})
    return original


def _keep_rest(draft: Incident, original: Incident, *, by: User, at: datetime) -> None:
    """Keep what a draft holds besides its sources for the reviewer of the record it repeats."""
    victims = [
        VictimFacts(
            **{name: getattr(row, name) for name in VictimFacts.PLAIN},
            name=vault.unseal(row, "name", by=by) if row.has_sealed_name else "",
        )
        for row in draft.victimizations.all()
    ]
    actors = [
        ActorFacts(**{name: getattr(row, name) for name in ActorFacts.PLAIN})
        for row in draft.actors.all()
    ]
    told = {name: getattr(draft, name) for name in FIELDS}
    content = as_content(told, sources=(), victims=victims, actors=actors)
    bare, names = without_names(content)
    kept = SecondReport.objects.create(
        key=uuid4(),
        content_hash=content_hash(content),
        incident=original,
        content=bare,
        by=by,
        at=at,
    )
    seal_names(kept, names, by=by)


def _hand_over(draft: Incident, original: Incident, *, by: User, at: datetime) -> None:
    known = {digest: key for key, digest in digests_of(original.sources.all())}
    moved, number = list(draft.sources.all()), original.sources.count()
    ours = {key: known[digest] for key, digest in digests_of(moved) if digest in known}
    for position, source in enumerate(moved):
        if position == 0 and not source.text:
            source.text = draft.summary[:2000]
        source.incident = original
        source.same_origin_as_id = source.same_origin_as_id or ours.get(source.pk)
        source.save(update_fields=["incident", "text", "same_origin_as"])
    move_photos(original, draft)
    before = original.verification
    fields = verify_again(original)
    original.version += 1
    original.updated_by = by
    original.save(update_fields=["version", "updated_by", "updated_at", *fields])
    for incident in (draft, original):
        search.keep_said(incident)
    search.remember(original)
    if original.workflow_state in SETTLED:
        changes: dict[str, Any] = {"sources": [number, number + len(moved)]}
        if before != original.verification:
            changes["verification"] = [before, original.verification]
        revise(original, changes=changes, reason="source added", by=by, at=at)
