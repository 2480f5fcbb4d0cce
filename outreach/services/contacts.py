"""The verbs of contacts: recording one, many at once, and taking one back.

What the caseload shows of a case (last contact, last face to face, risk signal, next visit) is kept
with it in the same transaction, under the case's lock. Its version stays: a contact changes nothing
that a form of the case shows, so nobody who is writing in one is turned away for it.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault, worklist
from ceasefire.codes.services import family
from ceasefire.people.models import User
from ceasefire.people.roles import allows
from outreach.exceptions import (
    CaseIsClosed,
    InTheFuture,
    NextDayNotAhead,
    NotAColleague,
    NotForThisPerson,
    OutreachRefusal,
    TakenBackAlready,
    TooLongAgo,
)
from outreach.models import (
    ALARMING,
    CaseloadOverride,
    Contact,
    ContactTakenBack,
    Participant,
)
from outreach.models.contacts import CLOCK_TOLERANCE, NOTE
from outreach.services import caseload, cases, consent
from outreach.services.forms import keyed

ADD = "outreach.add_contact"
#: A contact may be written up so much later, the next visit planned so far ahead.
LONGEST_BACK = LONGEST_AHEAD = timedelta(days=366)
#: So long one tap takes back what one tap recorded.
SLIP = timedelta(minutes=10)
RISK = "contact.risk"

worklist.kind(
    RISK,
    _("A participant is under threat, or plans harm."),
    tone="overdue",
    address=lambda code: reverse("outreach:participant_detail", args=[code]),
)
worklist.subject(
    Participant._meta.label_lower, lambda person: Participant.objects.visible_to(person)
)
consent.erases(Contact, "participant", (NOTE,), title=_("Contacts"))
consent.erases(CaseloadOverride, "participant", ("reason",), title=_("Reasons given"))


@keyed
@transaction.atomic
def record_contact(
    participant: Participant,
    *,
    mode: str,
    by: User,
    at: datetime | None = None,
    minutes: int | None = None,
    attempt_only: bool = False,
    topics: Sequence[str] = (),
    risk_signal: str = "",
    note: str = "",
    next_contact_on: date | None = None,
    accompanied_by: User | None = None,
    key: UUID | None = None,
    created_at: datetime | None = None,
) -> Contact:
    """Record that somebody was met, or that it was tried; never changed afterwards.

    `at` is now by default; `minutes` None is not known; an empty `risk_signal` was not looked at
    and leaves what was heard before. The note is sealed. `key` was made with the form: the second
    time it is the same contact. Threats and plans of harm are told to the supervisor at once.
    """
    participant = cases.held(participant, by=by, permission=ADD)
    if known := cases.sent_before(Contact, key, created_by_id=by.pk, participant_id=participant.pk):
        return known
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    now = periods.now()
    at = at or now
    _refuse_moment(at, next_contact_on, now)
    _refuse_codes(mode, topics, risk_signal)
    if accompanied_by is not None and accompanied_by.pk not in {
        person.pk for person in companions(participant, by)
    }:
        raise NotAColleague
    contact = Contact.objects.create(
        participant=participant,
        at=at,
        minutes=minutes,
        mode=mode,
        face=family("contact_mode", mode) == "face",
        attempt_only=attempt_only,
        topics=list(dict.fromkeys(topics)),
        risk_signal=risk_signal,
        next_contact_on=next_contact_on,
        accompanied_by=accompanied_by,
        idempotency_key=key,
        created_by=by,
        created_at=min(created_at or now, now),
        received_at=now,
    )
    if note.strip():
        vault.seal(contact, NOTE, note.strip(), by=by)
    _follow(participant, contact)
    if risk_signal in ALARMING:
        caseload.tell_over(participant, RISK, by=by, key=f"{RISK}:{contact.pk}")
    audit.record(
        "contact.recorded",
        subject=participant,
        by=by,
        detail={"contact": str(contact.pk), "mode": mode, "attempt": attempt_only},
    )
    return contact


def _refuse_moment(at: datetime, next_on: date | None, now: datetime) -> None:
    if at > now + CLOCK_TOLERANCE:
        raise InTheFuture
    if at < now - LONGEST_BACK:
        raise TooLongAgo
    today = periods.local_day(now)
    if next_on is not None and not today <= next_on <= today + LONGEST_AHEAD:
        raise NextDayNotAhead


def _refuse_codes(mode: str, topics: Sequence[str], risk_signal: str) -> None:
    asked = [("contact_mode", mode), *(("contact_topic", topic) for topic in topics)]
    if risk_signal:
        asked.append(("risk_signal", risk_signal))
    for name, value in asked:
        if value not in dict(codes.choices(name)):
            raise ValueError(f"{value!r} is no code of {name}.")


def companions(participant: Participant, by: User) -> list[User]:
    """Who may have come along: the field staff and supervisors of the site, by code name."""
    rows = User.objects.active().filter(sites=participant.site_id).exclude(pk=by.pk)
    return [person for person in rows.order_by("code_name") if allows(person.role, ADD)]


@transaction.atomic
def record_many(
    participants: Iterable[Participant], *, mode: str, by: User, key: UUID
) -> tuple[list[Contact], int]:
    """Record the same contact with several, now; each with its own rights and its own refusal.

    Returns what was recorded and how many were refused. The same `key` records nothing twice.
    """
    done: list[Contact] = []
    refused = 0
    rows = sorted(participants, key=lambda row: row.pk)
    cases.lock_all(row.pk for row in rows)
    for participant in rows:
        try:
            done.append(
                record_contact(participant, mode=mode, by=by, key=uuid.uuid5(key, participant.code))
            )
        except OutreachRefusal:
            refused += 1
    return done, refused


@transaction.atomic
def take_back(contact: Contact, *, reason: str, by: User) -> ContactTakenBack:
    """Say that a contact was a mistake. Its author alone may; the contact stays, uncounted."""
    if reason not in dict(codes.choices("contact_mistake")):
        raise ValueError(f"{reason!r} is no code of contact_mistake.")
    participant = cases.held(contact.participant, by=by, permission=ADD)
    if contact.created_by_id != by.pk:
        raise NotForThisPerson
    if ContactTakenBack.objects.filter(contact=contact).exists():
        raise TakenBackAlready
    taken = ContactTakenBack.objects.create(contact=contact, reason=reason, by=by, at=periods.now())
    _read_anew(participant)
    audit.record(
        "contact.taken_back",
        subject=participant,
        by=by,
        detail={"contact": str(contact.pk), "reason": reason},
    )
    return taken


# --- what the case keeps of its contacts ----------------------------------------------------------


def _follow(participant: Participant, contact: Contact) -> None:
    """What a new contact does to its case; one written up late is put in its place."""
    if Contact.objects.filter(participant=participant, at__gt=contact.at).exists():
        _read_anew(participant)
        return
    if not contact.attempt_only:
        participant.last_contact_at = contact.at
        if contact.face:
            participant.last_face_at = contact.at
    participant.risk_signal = contact.risk_signal or participant.risk_signal
    next_on = participant.next_contact_on
    kept = next_on and (contact.attempt_only or next_on > periods.local_day(contact.at))
    participant.next_contact_on = contact.next_contact_on or (next_on if kept else None)
    _keep(participant)


def _read_anew(participant: Participant) -> None:
    """Read from the contacts that stand what the case keeps of them."""
    standing = Contact.objects.filter(participant=participant).standing().order_by("-at", "-id")
    met = standing.met()
    participant.last_contact_at = _first(met.values_list("at", flat=True))
    participant.last_face_at = _first(met.filter(face=True).values_list("at", flat=True))
    participant.risk_signal = (
        _first(standing.exclude(risk_signal="").values_list("risk_signal", flat=True)) or ""
    )
    plan = _first(
        standing.filter(next_contact_on__isnull=False).values_list("at", "next_contact_on")
    )
    participant.next_contact_on = None
    if plan is not None:
        planned_at, next_on = plan
        later = _first(met.filter(at__gt=planned_at).values_list("at", flat=True))
        if later is None or periods.local_day(later) < next_on:
            participant.next_contact_on = next_on
    _keep(participant)


def _first(rows: Any) -> Any:
    return next(iter(rows[:1]), None)


def _keep(participant: Participant) -> None:
    participant.save(
        update_fields=["last_contact_at", "last_face_at", "risk_signal", "next_contact_on"]
    )
