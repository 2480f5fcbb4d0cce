"""Recording canvasses, community events, materials and group sessions, and taking one back."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site, Zone
from incidents.models import Incident
from outreach.exceptions import (
    InTheFuture,
    NotAllowedFromHere,
    NotForThisPerson,
    OutreachRefusal,
    SiteIsReadOnly,
    TakenBackAlready,
    TooLongAgo,
)
from outreach.models import EventAttendance, FieldEvent, Participant, SessionPresence
from outreach.models.contacts import CLOCK_TOLERANCE, GROUP
from outreach.models.fieldwork import EVENT_NOTE
from outreach.models.participants import team_ids
from outreach.services import cases, consent, contacts
from outreach.services.forms import keyed

LOG = "outreach.log_work"

# About everybody who was there: with the consent of one it goes for all, and nobody's sheet shows
# it.
consent.erases(
    FieldEvent,
    "presences__contact__participant",
    (EVENT_NOTE,),
    title=_("Group sessions"),
    instead=lambda _row: _("A note about the whole group is kept. It is not opened here."),
)


def places_of(site: Site) -> list[Place]:
    """The places of a site and those directly below them, by name as read."""
    own = site.places.all()
    rows = Place.objects.filter(Q(pk__in=own) | Q(parent__in=own), valid_to__isnull=True)
    return sorted(rows.defer("geometry"), key=lambda place: place.name)


@keyed
@transaction.atomic
def record_event(
    *,
    by: User,
    site: Site,
    sort: str,
    kind: str = "",
    at: datetime | None = None,
    minutes: int | None = None,
    zone: Zone | None = None,
    place: Place | None = None,
    incident: Incident | None = None,
    people: int | None = None,
    quantity: int | None = None,
    cost: Decimal | None = None,
    currency: str = "",
    note: str = "",
    attendance: Mapping[tuple[str, str], int] | None = None,
    participants: Sequence[Participant] = (),
    key: UUID | None = None,
) -> FieldEvent:
    """Record what was done around the caseload; `people` and `minutes` None are not known.

    `attendance` counts who came by (sex, age band); `people` is their sum where it is not said.
    Everybody of `participants` who was at a group session gets a contact of it; one that is refused
    (a closed case, somebody else's) refuses the whole. `key` was made with the form.
    """
    if not by.has_perm(LOG) or site.pk not in by.site_ids:
        raise NotForThisPerson
    if site.read_only:
        raise SiteIsReadOnly
    if key is not None:
        cases.hold_form(key)
    if known := cases.sent_before(FieldEvent, key, created_by_id=by.pk):
        return known
    now = periods.now()
    at = at or now
    if at > now + CLOCK_TOLERANCE:
        raise InTheFuture
    if at < now - contacts.LONGEST_BACK:
        raise TooLongAgo
    _refuse_parts(by, site, sort, kind, zone, incident, participants)
    counted = {pair: number for pair, number in (attendance or {}).items() if number}
    # Cases first, in the order of their keys, then what hangs on them.
    cases.lock_all(one.pk for one in participants)
    present = [
        contacts.record_contact(
            one,
            mode=GROUP,
            at=at,
            minutes=minutes,
            by=by,
            key=uuid.uuid5(key, one.code) if key else None,
        )
        for one in sorted(participants, key=lambda row: row.pk)
    ]
    event = FieldEvent.objects.create(
        code=f"EVT-{at.year}-{codes.next_number('EVT', at.year):05}",
        site=site,
        sort=sort,
        kind=kind,
        at=at,
        minutes=minutes,
        zone=zone,
        place=place,
        incident=incident,
        people=people if people is not None else (sum(counted.values()) or len(present) or None),
        quantity=quantity,
        cost=cost,
        currency=currency if cost is not None else "",
        idempotency_key=key,
        created_by=by,
        created_at=now,
    )
    EventAttendance.objects.bulk_create(
        EventAttendance(event=event, sex=sex, age_band=band, people=number)
        for (sex, band), number in counted.items()
    )
    SessionPresence.objects.bulk_create(
        SessionPresence(event=event, contact=contact) for contact in present
    )
    if note.strip():
        vault.seal(event, EVENT_NOTE, note.strip(), by=by)
    audit.record(
        "field_event.recorded",
        subject=event,
        by=by,
        detail={"sort": sort, "kind": kind, "people": event.people, "present": len(present)},
    )
    return event


def _refuse_parts(
    by: User,
    site: Site,
    sort: str,
    kind: str,
    zone: Zone | None,
    incident: Incident | None,
    participants: Sequence[Participant],
) -> None:
    """Refuse what no form of ours sends: parts of another site, sort or scope."""
    kinds = FieldEvent.KINDS.get(sort)  # type: ignore[call-overload]
    if sort not in FieldEvent.Sort.values or (kinds is None) != (kind == ""):
        raise ValueError(f"{kind!r} is no kind of {sort!r}.")
    if kinds is not None and kind not in dict(codes.choices(kinds)):
        raise ValueError(f"{kind!r} is no code of {kinds}.")
    if zone is not None and zone.site_id != site.pk:
        raise NotAllowedFromHere
    if participants and sort != FieldEvent.Sort.GROUP:
        raise ValueError("Participants are recorded at group sessions only.")
    if any(one.site_id != site.pk for one in participants):
        raise NotForThisPerson
    if incident is not None and not (
        Incident.objects.visible_to(by).filter(pk=incident.pk).exists()
    ):
        raise NotForThisPerson


@transaction.atomic
def take_back_event(event: FieldEvent, *, by: User) -> FieldEvent:
    """Say that it was recorded by mistake. Its author alone may; contacts of a session go too.

    A contact that can no longer be taken back (the case went to somebody else) stays.
    """
    present = SessionPresence.objects.filter(event=event).select_related("contact__participant")
    cases.lock_all(one.contact.participant_id for one in present)
    for one in sorted(present, key=lambda row: row.contact.participant_id):
        if one.contact.created_by_id != by.pk:
            continue
        try:
            contacts.take_back(one.contact, reason="facts", by=by)
        except OutreachRefusal:
            continue
    event = (
        FieldEvent.objects.select_for_update(of=("self",)).select_related("site").get(pk=event.pk)
    )
    if event.site.read_only:
        raise SiteIsReadOnly
    if event.created_by_id != by.pk or not by.has_perm(LOG) or event.site_id not in by.site_ids:
        raise NotForThisPerson
    if event.taken_back_at is not None:
        raise TakenBackAlready
    event.taken_back_at = periods.now()
    event.save(update_fields=["taken_back_at"])
    audit.record("field_event.taken_back", subject=event, by=by)
    return event


def _present(event: FieldEvent) -> Any:
    """Keys of the cases that were at a session."""
    rows = SessionPresence.objects.filter(event=event, contact__taken_back__isnull=True)
    return rows.values_list("contact__participant", flat=True)


def may_read_note(event: FieldEvent, reader: Any) -> bool:
    """Whether the words to an event are for a reader who may see that it was.

    Those to a group session can be about who was there. They are for its author, for the
    supervisors and managers of the author's work, and for who sees the case of somebody present.
    """
    if event.sort != FieldEvent.Sort.GROUP or event.created_by_id == reader.pk:
        return True
    if reader.has_perm("outreach.change_rules") and event.site_id in reader.site_ids:
        return True
    if reader.has_perm("outreach.supervise") and event.created_by_id in team_ids(reader):
        return True
    return Participant.objects.visible_to(reader).filter(pk__in=_present(event)).exists()


def presences_for(event: FieldEvent, reader: Any) -> tuple[list[Participant], int]:
    """Who was at a session, as far as the reader may see them; and how many others."""
    present = set(_present(event))
    if not present:
        return [], 0
    seen = list(Participant.objects.visible_to(reader).filter(pk__in=present).order_by("code"))
    return seen, len(present) - len(seen)
