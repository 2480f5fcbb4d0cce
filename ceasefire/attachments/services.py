"""Adding, listing, showing, removing, moving and erasing photos."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction

from ceasefire import audit, periods
from ceasefire.attachments import contents, limits
from ceasefire.attachments.exceptions import (
    AlreadyRemoved,
    NotForThisPerson,
    PhotoRefused,
    QuotaUsedUp,
    ReasonNeeded,
    TooManyHere,
)
from ceasefire.attachments.images import MEDIA_TYPE, Picture, redrawn
from ceasefire.attachments.models import Attachment, AttachmentContent, AttachmentQuerySet
from ceasefire.attachments.registry import subject_by_label, subject_of, subjects
from ceasefire.people.models import User

#: What stands as the reason where the program removes a photo itself; worded when shown.
FORGOTTEN = "the record was discarded"
_BATCH = 500


@dataclass(frozen=True)
class Added:
    """What became of photos that were sent: new ones, and those that were there already."""

    new: list[Attachment]
    known: list[Attachment]


def may_add(record: Any, user: User) -> bool:
    """Whether the person may add photos to this record now."""
    return user.has_perm("attachments.add_attachment") and subject_of(record).may_add(record, user)


def may_remove(attachment: Attachment, record: Any, user: User) -> bool:
    """Whether the person may remove this photo of this record now."""
    return attachment.removed_at is None and subject_of(record).may_remove(record, attachment, user)


def read_upload(upload: UploadedFile) -> Picture:
    """The picture in an uploaded file, drawn anew; raises `PhotoRefused`. Touches no database."""
    if (upload.size or 0) > limits.FILE:
        raise PhotoRefused("too_large")
    return redrawn(
        upload.read(limits.FILE + 1),
        name=upload.name or "",
        media_type=upload.content_type or "",
    )


def attach_photo(subject: Any, upload: UploadedFile, *, by: User, caption: str = "") -> Attachment:
    """Add one uploaded photo to a record. Sent twice, it is there once.

    Raises `PhotoRefused` for the file, `NotForThisPerson`, `TooManyHere`, `QuotaUsedUp`.
    """
    added = attach_photos(subject, [read_upload(upload)], by=by, caption=caption)
    return [*added.new, *added.known][0]


@transaction.atomic
def attach_photos(
    subject: Any,
    pictures: Sequence[Picture],
    *,
    by: User,
    caption: str = "",
    at: datetime | None = None,
    keys: Sequence[UUID] = (),
) -> Added:
    """Add photos to a record: all of them or, where one is too many, none.

    The record is locked, then the person, so that two uploads at once keep both limits. A picture
    that the record has already is not added again. `keys` are those of the new rows, where the
    caller makes them.
    """
    said = subject_of(subject)
    subject = said.lock(subject)
    if not may_add(subject, by):
        raise NotForThisPerson
    at = at or periods.now()
    here = {row.sha256: row for row in Attachment.objects.of(subject).filter(removed_at=None)}
    known = [here[picture.sha256] for picture in pictures if picture.sha256 in here]
    fresh = {p.sha256: p for p in pictures if p.sha256 not in here}
    if not fresh:
        return Added([], known)
    if len(here) + len(fresh) > limits.PER_SUBJECT:
        raise TooManyHere
    if added_today(by, at=at, locked=True) + len(fresh) > limits.PER_DAY:
        raise QuotaUsedUp
    rows, sealed = [], []
    for number, (digest, picture) in enumerate(fresh.items()):
        row = Attachment(
            subject_model=said.label,
            subject_key=subject.pk,
            media_type=MEDIA_TYPE,
            width=picture.width,
            height=picture.height,
            size=len(picture.content),
            sha256=digest,
            caption=caption,
            created_by=by,
            # A moment apart, so that they stay in the order in which they were chosen.
            created_at=at + timedelta(microseconds=number),
        )
        if number < len(keys):
            row.pk = keys[number]
        rows.append(row)
        sealed.append(contents.sealed(row, picture))
    Attachment.objects.bulk_create(rows)
    AttachmentContent.objects.bulk_create(sealed)
    for row in rows:
        _record("attachment.added", row, subject, by=by)
    return Added(rows, known)


def added_today(user: User, *, at: datetime | None = None, locked: bool = False) -> int:
    """How many photos the person has added since midnight in Baghdad, removed ones included.

    `locked`: nobody else counts for the same person until the transaction ends.
    """
    if locked:
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
    moment = (at or periods.now()).astimezone(periods.BAGHDAD)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return Attachment.objects.filter(created_by=user, created_at__gte=midnight).count()


def listed_for(record: Any, user: User) -> list[Attachment]:
    """The photos of a record for somebody who may see it, oldest first; no content is read."""
    if not user.has_perm("attachments.view_attachment"):
        return []
    may_see = subject_of(record).may_see
    return [row for row in told(record) if row.removed_at is None and may_see(record, row, user)]


def told(record: Any) -> AttachmentQuerySet:
    """Every photo of a record with who added and who removed it, for the history of the record.

    The caller's scope decides who reads it; content of a removed one is for nobody.
    """
    return Attachment.objects.of(record).select_related("created_by", "removed_by")


def record_of(attachment: Attachment, user: User) -> Any | None:
    """The record of a photo where the person may see both; None where not, or where it is gone."""
    said = subject_by_label(attachment.subject_model)
    record = said.visible(user).filter(pk=attachment.subject_key).first()
    return record if record is not None and said.may_see(record, attachment, user) else None


def content_for(attachment: Attachment, record: Any, column: str, *, by: User) -> bytes | None:
    """A picture for somebody who may see the record; of a sensitive one the look is written down.

    The trail's lock is held to the commit, so it is written last. None where there is none.
    """
    content = contents.opened(attachment, column)
    if content is not None and subject_of(record).is_sensitive(record):
        _record("attachment.read", attachment, record, by=by, fields=[column])
    return content


def _record(verb: str, row: Attachment, subject: Any, *, by: User | None, **more: Any) -> None:
    """Into the trail, under the record's own code; the photo by its key.

    Without the reason where the record is sensitive: more people read the trail than the record.
    """
    if subject_of(subject).is_sensitive(subject):
        more.pop("reason", None)
    detail = {"photo": str(row.pk), **more.pop("detail", {})}
    audit.record(verb, subject=subject, by=by, detail=detail, **more)


def _locked(attachment: Attachment, record: Any) -> tuple[Attachment, Any]:
    """Record and photo as they stand now, held to the commit, the record first as in adding."""
    record = subject_of(record).lock(record)
    return Attachment.objects.select_for_update().get(pk=attachment.pk), record


@transaction.atomic
def remove(attachment: Attachment, *, by: User, reason: str) -> Attachment:
    """Take a photo off its record, for a reason. Its row stays; its content goes in thirty days."""
    record = record_of(attachment, by)
    if record is None:
        raise NotForThisPerson
    attachment, record = _locked(attachment, record)
    if attachment.removed_at is not None:
        raise AlreadyRemoved
    if attachment.subject_key != record.pk or not may_remove(attachment, record, by):
        raise NotForThisPerson
    reason = reason.strip()
    if not reason:
        raise ReasonNeeded
    attachment.removed_at, attachment.removed_by = periods.now(), by
    attachment.removed_reason = reason
    attachment.save(update_fields=["removed_at", "removed_by", "removed_reason"])
    _record("attachment.removed", attachment, record, by=by, reason=reason)
    return attachment


@transaction.atomic
def reattach(attachment: Attachment, *, to: Any, by: User | None) -> Attachment:
    """Move a photo to another record, as a merge of two records does, and back again.

    Who may merge is the caller's to ask; limits of number do not apply. Where the other record has
    the very picture already, the photo stays where it is: nothing is lost and nothing doubled. A
    removed one stays too.
    """
    said = subject_of(to)
    to = said.lock(to)
    attachment = Attachment.objects.select_for_update().get(pk=attachment.pk)
    if attachment.removed_at is not None:
        return attachment
    before = attachment.subject_key
    there = Attachment.objects.of(to).filter(sha256=attachment.sha256, removed_at=None)
    if there.exists():
        return attachment
    attachment.subject_model, attachment.subject_key = said.label, to.pk
    attachment.save(update_fields=["subject_model", "subject_key"])
    _record("attachment.moved", attachment, to, by=by, detail={"from": str(before)})
    return attachment


# --- the end of photos ------------------------------------------------------------------------


@transaction.atomic
def expire() -> int:
    """Erase the content of photos removed thirty days ago, and of discarded records; how many.

    A discarded record (a draft that was thrown away, a record that is gone) needs no photo: its
    photos are removed by the program and erased at once. Rows stay, to say that there was one.
    """
    moment = periods.now()
    _remove_forgotten(moment)
    due = Attachment.objects.filter(erased_at=None, removed_at__isnull=False).filter(
        models.Q(removed_at__lte=moment - limits.ERASED_AFTER)
        | models.Q(removed_by=None, removed_reason=FORGOTTEN)
    )
    keys = list(due.select_for_update().values_list("pk", flat=True))
    AttachmentContent.objects.filter(pk__in=keys).delete()
    Attachment.objects.filter(pk__in=keys).update(erased_at=moment)
    if keys:
        audit.record("attachment.erased", detail={"number": len(keys)})
    return len(keys)


def _remove_forgotten(moment: datetime) -> None:
    for said in subjects():
        rows = Attachment.objects.filter(subject_model=said.label, removed_at=None)
        for keys in _parts(rows.order_by("subject_key").values_list("subject_key").distinct()):
            gone = said.forgotten(keys)
            if gone:
                Attachment.objects.filter(
                    subject_model=said.label, subject_key__in=gone, removed_at=None
                ).update(removed_at=moment, removed_reason=FORGOTTEN)


def _parts(rows: Iterable[tuple[UUID]]) -> Iterable[list[UUID]]:
    keys = [key for (key,) in rows]
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
