"""Sealing pictures, opening them, moving them to a new key.

Bound to table, column, photo and key, like every sealed field: a picture that was put under another
photo's row does not open.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Count

from ceasefire import audit
from ceasefire.attachments.images import Picture
from ceasefire.attachments.models import Attachment, AttachmentContent
from ceasefire.vault.exceptions import SealBroken, UnknownKey
from ceasefire.vault.keys import Keyring, keyring
from ceasefire.vault.sealing import open_octets, seal_octets

log = logging.getLogger(__name__)

COLUMNS = ("picture", "thumbnail")
_TABLE = "attachments_attachmentcontent"
#: Rows sealed anew in one transaction: some ten megabytes.
BATCH = 20


def sealed(attachment: Attachment, picture: Picture) -> AttachmentContent:
    """The content of a photo, sealed under the current key; not saved yet."""
    ring = keyring()
    row = AttachmentContent(attachment=attachment, key_id=ring.current)
    _seal(row, {"picture": picture.content, "thumbnail": picture.thumbnail}, ring)
    return row


def opened(attachment: Attachment, column: str) -> bytes | None:
    """One picture, opened; None where it is erased or does not open, which is told to the trail."""
    row = (
        AttachmentContent.objects.filter(attachment=attachment)
        .only("attachment_id", "key_id", column)
        .first()
    )
    if row is None:
        return None
    try:
        return _open(row, column)
    except (SealBroken, UnknownKey) as error:
        kind = type(error).__name__
        log.error("%s: %s.%s of %s", kind, _TABLE, column, row.pk)
        audit.record(
            "vault.seal_broken", subject=attachment, fields=[column], detail={"error": kind}
        )
        return None


def counts() -> dict[str, int]:
    """How many photos each key seals now."""
    return dict(
        AttachmentContent.objects.order_by("key_id").values_list("key_id").annotate(Count("pk"))
    )


def rotate() -> Iterator[str]:
    """Seal every picture anew that is not under the current key; the places that did not open.

    Batch by committed batch, so it may be killed at any moment; a row that does not open stays.
    """
    ring, last = keyring(), None
    while True:
        with transaction.atomic():
            found = AttachmentContent.objects.select_for_update().exclude(key_id=ring.current)
            if last is not None:
                found = found.filter(pk__gt=last)
            rows = list(found.order_by("pk")[:BATCH])
            if not rows:
                return
            last = rows[-1].pk
            ready, faults = [], []
            for row in rows:
                try:
                    content = {column: _open(row, column) for column in COLUMNS}
                except (SealBroken, UnknownKey) as error:
                    faults.append(f"{_TABLE} {row.pk}: {type(error).__name__}")
                    continue
                row.key_id = ring.current
                _seal(row, content, ring)
                ready.append(row)
            AttachmentContent.objects.bulk_update(ready, ["key_id", *COLUMNS])
        yield from faults


def _seal(row: AttachmentContent, content: dict[str, bytes], ring: Keyring) -> None:
    for column, octets in content.items():
        place = {"table": _TABLE, "column": column, "row": str(row.pk), "key_id": row.key_id}
        setattr(row, column, seal_octets(octets, key=ring.key(row.key_id), **place))


def _open(row: AttachmentContent, column: str) -> bytes:
    return open_octets(
        bytes(getattr(row, column)),
        key=keyring().key(row.key_id),
        table=_TABLE,
        column=column,
        row=str(row.pk),
        key_id=row.key_id,
    )
