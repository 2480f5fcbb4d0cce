"""A report that turns out to tell of an incident which is here already: a further source of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from ceasefire import audit, periods
from ceasefire.people.models import User
from incidents.exceptions import KeyTaken, NotAllowedFromHere, SameKeyOtherContent
from incidents.models import Incident, SecondReport
from incidents.services.facts import (
    ActorFacts,
    SourceFacts,
    VictimFacts,
    as_content,
    content_hash,
    without_names,
)
from incidents.services.merging import digests_of
from incidents.services.records import hold_key, keep_other_content, seal_names
from incidents.services.sources import add_source, verify_again
from incidents.services.workflow import locked


@transaction.atomic
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
    was merged meanwhile, the one that counts gets the sources.

    The form's key makes a second arrival harmless, also of a form that was meanwhile saved as an
    incident of its own; with other content both are kept and `SameKeyOtherContent` is raised.
    """
    hold_key(key)
    content = as_content(facts, sources=sources, victims=victims, actors=actors)
    digest = digest or content_hash(content)
    saved = Incident.objects.filter(idempotency_key=key).first()
    if saved is not None:
        if saved.reporter_id != by.pk:
            raise KeyTaken
        return saved
    told = SecondReport.objects.select_related("incident").filter(key=key).first()
    if told is not None:
        return arrived_again(told, digest=digest, content=content, by=by)
    original = locked(original)
    if original.duplicate_of_id is not None:
        original = locked(Incident.objects.get(pk=original.duplicate_of_id))
    if not Incident.objects.visible_to(by).filter(pk=original.pk).exists():
        raise NotAllowedFromHere
    at = at or periods.now()
    bare, names = without_names({**content, "sources": []})
    told = SecondReport.objects.create(
        key=key, content_hash=digest, incident=original, content=bare, by=by, at=at
    )
    seal_names(told, names, by=by)
    for position, source in enumerate(sources):
        if position == 0 and not source.text:
            source = replace(source, text=str(facts.get("summary", ""))[:2000])
        _add(original, source, by=by, at=at)
    audit.record(
        "incident.reported_again", subject=original, by=by, detail={"sources": len(sources)}
    )
    return original


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


def arrived_again(
    told: SecondReport, *, digest: str, content: Mapping[str, Any], by: User
) -> Incident:
    """The same form once more: the incident it went to, or a conflict that is kept."""
    if told.by_id != by.pk:
        raise KeyTaken
    if told.content_hash == digest:
        return told.incident
    keep_other_content(told.incident, content, by=by)
    raise SameKeyOtherContent(told.incident)
