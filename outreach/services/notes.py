"""Case notes: open to their writer for 24 hours, then only amended."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault
from ceasefire.people.models import User
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    NotForThisPerson,
    OutreachRefusal,
)
from outreach.models import NOTE_OPEN_FOR, CaseNote, NoteAmendment, Participant
from outreach.services import cases, consent
from outreach.services.forms import keyed
from outreach.services.needs import PLAN

TEXT = "text"
TEXT_LENGTH = 8000

consent.erases(CaseNote, "participant", (TEXT,), title=_("Notes"))
consent.erases(NoteAmendment, "note__participant", (TEXT,), title=_("Additions to notes"))


class NoteIsLocked(OutreachRefusal):
    message = _("24 hours have passed. Add to the note instead.")


class NoteIsOpen(OutreachRefusal):
    """Its writer can still change it; for everybody else it is not finished."""

    message = _("The note can still be changed by who wrote it. Add to it after 24 hours.")


@keyed
@transaction.atomic
def write(
    participant: Participant, *, kind: str, text: str, by: User, key: UUID | None = None
) -> CaseNote:
    """Write a note. The text is sealed; who wrote it can change it for 24 hours."""
    participant = cases.held(participant, by=by, permission=PLAN)
    if known := cases.sent_before(CaseNote, key, by_id=by.pk, participant_id=participant.pk):
        return known
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    if kind not in dict(codes.choices("note_kind")) or not text.strip():
        raise ValueError("A note has a kind of the list and a text.")
    now = periods.now()
    note = CaseNote.objects.create(
        participant=participant,
        kind=kind,
        by=by,
        at=now,
        locked_at=now + NOTE_OPEN_FOR,
        idempotency_key=key,
    )
    vault.seal(note, TEXT, text.strip(), by=by)
    audit.record("note.written", subject=participant, by=by, detail={"note": str(note.pk)})
    return note


@transaction.atomic
def change(
    note: CaseNote, *, text: str, by: User, kind: str = "", version: int | None = None
) -> CaseNote:
    """Change one's own note within 24 hours; afterwards `NoteIsLocked`, here and in the database.

    A note of a case that was closed since stays as it is.
    """
    participant = cases.held(note.participant, by=by, permission=PLAN)
    note = CaseNote.objects.select_for_update(of=("self",)).get(pk=note.pk)
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    if note.by_id != by.pk:
        raise NotForThisPerson
    if note.is_locked():
        raise NoteIsLocked
    if version is not None and version != note.version:
        raise ChangedMeanwhile(version=note.version)
    if kind and kind not in dict(codes.choices("note_kind")) or not text.strip():
        raise ValueError("A note has a kind of the list and a text.")
    note.kind = kind or note.kind
    note.changed_at = periods.now()
    note.version += 1
    note.save(update_fields=["kind", "changed_at", "version"])
    vault.seal(note, TEXT, text.strip(), by=by)
    audit.record(
        "note.changed", subject=participant, by=by, fields=[TEXT], detail={"note": str(note.pk)}
    )
    return note


@keyed
@transaction.atomic
def amend(note: CaseNote, *, text: str, by: User, key: UUID | None = None) -> NoteAmendment:
    """Add to a note that is locked. Anybody who may write in the case; what stands stays."""
    participant = cases.held(note.participant, by=by, permission=PLAN)
    if known := cases.sent_before(NoteAmendment, key, by_id=by.pk, note_id=note.pk):
        return known
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    if not text.strip():
        raise ValueError("An addition has a text.")
    if not note.is_locked():
        raise NoteIsOpen
    made = NoteAmendment.objects.create(note=note, by=by, at=periods.now(), idempotency_key=key)
    vault.seal(made, TEXT, text.strip(), by=by)
    audit.record("note.amended", subject=participant, by=by, detail={"note": str(note.pk)})
    return made
