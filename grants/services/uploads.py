"""Papers coming in: whole where they are small, piece by piece where they are large.

A file is begun, its pieces come in any order and as often as the line needs, each with its hash;
then it is filed as a paper in one step. What was cut goes on: the same file begun again by the same
person on the same grant is the upload that stands, with the pieces that came. A browser's word is
never taken for anything: the server hashes every piece and the whole, and looks into the content
before a paper stands. Pieces are sealed as they come.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.attachments.exceptions import PhotoRefused
from ceasefire.attachments.images import redrawn
from ceasefire.people.models import User
from grants.exceptions import FiledAlready, GrantRefusal, NotForThisPerson
from grants.models import (
    Document,
    DocumentContent,
    DocumentType,
    Grant,
    StoredFile,
    StoredPiece,
    Upload,
)
from grants.models.files import UPLOAD_LIVES
from grants.services import documents, files, kinds
from grants.services.held import WORK, officer
from grants.services.kinds import MEGABYTE, PaperRefused

#: Uploads that one person may have under way, and what one person may send in a day, in octets.
AT_ONCE = 5
PER_DAY = 2048 * MEGABYTE
#: A form without script carries no more.
PLAIN = 20 * MEGABYTE
#: The longer side of a picture as it is kept: a page of A4 can still be read.
PICTURE_SIDE = 2400
_LOCK = 0x6A11


class UploadGone(GrantRefusal):
    message = _("This upload is no longer here. Choose the file again.")


class PieceBroken(GrantRefusal):
    """A piece that is not what it was said to be: sent again, it may be."""

    message = _("A piece of the file arrived damaged.")


class NotTheSameFile(GrantRefusal):
    message = _("This is another file than the one that was begun. Choose it again.")


class NotWholeYet(GrantRefusal):
    message = _("Pieces of the file are still missing.")


class TooManyUploads(GrantRefusal):
    message = _("You have several uploads under way. Finish or drop one first.")


class DayUsedUp(GrantRefusal):
    message = _("You have sent as much today as a day allows.")


def _person(by: User) -> Any:
    who = officer(by)
    if not by.has_perm(WORK):
        raise NotForThisPerson
    # Two begun at once by one person come one after the other, so that the limits hold.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, str(who.pk)])
    return who


def _within_the_day(who: Any, size: int, moment: datetime) -> None:
    midnight = moment.astimezone(periods.BAGHDAD).replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce((SELECT sum(size) FROM grants_document
                              WHERE uploaded_by_id = %(who)s AND uploaded_at >= %(midnight)s), 0)
                 + coalesce((SELECT sum(size) FROM grants_upload WHERE by_id = %(who)s), 0)
            """,
            {"who": who.pk, "midnight": midnight},
        )
        (sent,) = cursor.fetchone()
    if sent + size > PER_DAY:
        raise DayUsedUp


@transaction.atomic
def begin(grant: Grant, *, name: str, size: int, fingerprint: str, by: User) -> Upload:
    """Begin a file, or go on with the one that stands. Of its name only the ending is kept.

    Raises `PaperRefused` by name and size, `TooManyUploads`, `DayUsedUp`.
    """
    who = _person(by)
    ending = kinds.ending_of(name, size)
    fingerprint = hashlib.sha256(f"{fingerprint[:200]}/{size}/{ending}".encode()).hexdigest()
    now = periods.now()
    known = Upload.objects.filter(grant=grant, by=who, fingerprint=fingerprint).first()
    if known is not None and known.expires_at > now:
        Upload.objects.filter(pk=known.pk).update(expires_at=now + UPLOAD_LIVES)
        return known
    if known is not None:
        _forget(known)
    if Upload.objects.filter(by=who, expires_at__gt=now).count() >= AT_ONCE:
        raise TooManyUploads
    _within_the_day(who, size, now)
    return Upload.objects.create(
        grant=grant,
        by=who,
        file=StoredFile.objects.create(),
        ending=ending,
        size=size,
        fingerprint=fingerprint,
        expires_at=now + UPLOAD_LIVES,
    )


def received(upload: Upload) -> list[int]:
    """The numbers of the pieces that came, in order."""
    rows = StoredPiece.objects.filter(file=upload.file_id).order_by("number")
    return list(rows.values_list("number", flat=True))


def whole_one(pk: UUID, *, by: User) -> Upload | None:
    """The person's own upload, where all of it came; None else."""
    found = Upload.objects.filter(pk=pk, by=by.pk, expires_at__gt=periods.now()).first()
    if found is None or len(received(found)) != found.number_of_pieces:
        return None
    return found


def _own(pk: UUID, by: User) -> Upload:
    """The person's own upload as it stands, held to the end of the transaction."""
    if not by.has_perm(WORK):
        raise NotForThisPerson
    found = (
        Upload.objects.select_for_update(no_key=True, of=("self",))
        .select_related("grant", "file")
        .filter(pk=pk, by=by.pk, expires_at__gt=periods.now())
        .first()
    )
    if found is None:
        raise UploadGone
    return found


@transaction.atomic
def put(pk: UUID, number: int, content: bytes, *, offset: int, sha256: str, by: User) -> Upload:
    """Take one piece. The same one again changes nothing, so it may be sent as often as it takes.

    `offset` and `sha256` are what the browser means to send. Raises `PieceBroken` where it is not
    that, `NotTheSameFile` where another piece stands there, `UploadGone`.
    """
    upload = _own(pk, by)
    if not 0 <= number < upload.number_of_pieces or offset != number * files.PIECE:
        raise PieceBroken
    if len(content) != upload.size_of_piece(number):
        raise PieceBroken
    if hashlib.sha256(content).hexdigest() != sha256.lower():
        raise PieceBroken
    known = StoredPiece.objects.filter(file=upload.file_id, number=number).first()
    if known is not None:
        if known.sha256 != sha256.lower():
            raise NotTheSameFile
        return upload
    files.sealed_piece(upload.file, number, content).save(force_insert=True)
    Upload.objects.filter(pk=upload.pk).update(expires_at=periods.now() + UPLOAD_LIVES)
    return upload


@transaction.atomic
def finish(
    pk: UUID,
    *,
    by: User,
    type: str,  # noqa: A002 - the field's word for it
    language: str,
    stage: str = "",
    title: str = "",
    dated: date | None = None,
    supersedes: Document | None = None,
    pieces_sha256: str = "",
) -> Document:
    """File a file whose pieces all came as a paper of its grant.

    `pieces_sha256`: SHA-256 over the hashes of all pieces as the browser knows them, so that a
    file that changed between two halves is found out. Raises `NotWholeYet`, `NotTheSameFile`,
    `PaperRefused`, `FiledAlready` and what `documents.file_document` does.
    """
    upload = _own(pk, by)
    rows = StoredPiece.objects.filter(file=upload.file_id).order_by("number")
    hashes = list(rows.values_list("sha256", flat=True))
    if len(hashes) != upload.number_of_pieces:
        raise NotWholeYet
    together = hashlib.sha256("".join(hashes).encode()).hexdigest()
    if pieces_sha256 and pieces_sha256.lower() != together:
        raise NotTheSameFile
    file = upload.file
    file.size = upload.size
    digest = hashlib.sha256()
    for piece in files.pieces_of(file):
        digest.update(piece)
    file.sha256 = digest.hexdigest()
    Upload.objects.filter(pk=upload.pk).delete()
    file.save(update_fields=["sha256", "size"])
    facts = {
        "type": type,
        "language": language,
        "stage": stage,
        "title": title,
        "dated": dated,
        "supersedes": supersedes,
    }
    return _filed(upload.grant, file, upload.ending, facts, by)


@transaction.atomic
def file_whole(
    grant: Grant,
    *,
    name: str,
    chunks: Iterable[bytes],
    size: int,
    by: User,
    type: str,  # noqa: A002
    language: str,
    stage: str = "",
    title: str = "",
    dated: date | None = None,
    supersedes: Document | None = None,
) -> Document:
    """File what came in one request."""
    who = _person(by)
    ending = kinds.ending_of(name, size)
    _within_the_day(who, size, periods.now())
    facts = {
        "type": type,
        "language": language,
        "stage": stage,
        "title": title,
        "dated": dated,
        "supersedes": supersedes,
    }
    return _filed(grant, files.keep(chunks), ending, facts, by)


def _filed(
    grant: Grant, file: StoredFile, ending: str, facts: dict[str, Any], by: User
) -> Document:
    """Look into the bytes, put the paper on file, and give it its bytes."""
    came, octets = file.sha256, file.size
    if Document.objects.filter(grant=grant, sha256=came).exists():
        raise FiledAlready
    kind = kinds.BY_ENDING[ending]
    is_picture = kind.is_picture
    if facts["type"] == DocumentType.PHOTO and not is_picture:
        raise PaperRefused("picture")
    content = DocumentContent()
    if is_picture:
        picture = _redrawn(file, ending)
        # What came is let go: nothing that the camera wrote into it is kept.
        files.forget(file)
        content.file = files.keep([picture.content])
        content.thumbnail = files.keep([picture.thumbnail])
        content.width, content.height = picture.width, picture.height
        kind = kinds.JPEG
    else:
        kind = kinds.check(io.BufferedReader(files.Reader(file), MEGABYTE), ending, file.size)
        content.file = file
    document = documents.file_document(
        grant, sha256=came, size=octets, mime=kind.mime, by=by, **facts
    )
    content.document = document
    content.save(force_insert=True)
    return document


def _redrawn(file: StoredFile, ending: str) -> Any:
    try:
        return redrawn(
            b"".join(files.pieces_of(file)),
            name=f"paper.{ending}",
            most=kinds.BY_ENDING[ending].most,
            side=PICTURE_SIDE,
        )
    except PhotoRefused as refusal:
        code = refusal.code if refusal.code in kinds.REASONS else "not_what_it_says"
        raise PaperRefused(code) from None


@transaction.atomic
def drop(pk: UUID, *, by: User) -> None:
    """Let an upload go; nothing of it is left. Gone already, nothing happens."""
    upload = Upload.objects.filter(pk=pk, by=by.pk).select_related("file").first()
    if upload is not None:
        _forget(upload)


def _forget(upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).delete()
    files.forget(upload.file)


@transaction.atomic
def expire() -> int:
    """Forget uploads that nobody went on with for two days; how many."""
    due = Upload.objects.filter(expires_at__lte=periods.now()).select_related("file")
    due = due.select_for_update(of=("self",), skip_locked=True)
    number = 0
    for upload in due:
        _forget(upload)
        number += 1
    return number
