"""An uploaded file between preview and import: sealed in the database, gone in 24 hours.

Sealed under the vault's key and bound to its batch, since a file may hold sources' names. Its read
is not audited: only the batch's own page reads it, for the person who sent it.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db import transaction

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.places.models import Site
from ceasefire.vault.exceptions import VaultError
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_text, seal_text
from incidents.models import ImportBatch, ImportFile

KEPT_FOR = timedelta(hours=24)
_TABLE, _COLUMN = "incidents_importfile", "ciphertext"


@transaction.atomic
def keep(
    content: bytes, *, format: str, site: Site, by: User | None, mapping: dict[str, str]
) -> ImportBatch:
    """Keep a file for its preview; returns the batch it will be."""
    batch = ImportBatch.objects.create(
        site=site,
        format=format,
        by=by,
        mapping=mapping,
        digest=hashlib.sha256(content).hexdigest(),
    )
    ring = keyring()
    sealed = seal_text(
        content.decode("latin-1"),
        key=ring.key(ring.current),
        table=_TABLE,
        column=_COLUMN,
        row=str(batch.pk),
        key_id=ring.current,
    )
    ImportFile.objects.create(
        batch=batch,
        key_id=ring.current,
        ciphertext=sealed,
        size=len(content),
        expires_at=periods.now() + KEPT_FOR,
    )
    return batch


def content_of(batch: ImportBatch) -> bytes | None:
    """The file of a batch; None where it has expired, or its key has been retired since."""
    kept = ImportFile.objects.filter(batch=batch, expires_at__gt=periods.now()).first()
    if kept is None:
        return None
    try:
        return open_text(
            bytes(kept.ciphertext),
            key=keyring().key(kept.key_id),
            table=_TABLE,
            column=_COLUMN,
            row=str(batch.pk),
            key_id=kept.key_id,
        ).encode("latin-1")
    except VaultError:
        return None


@transaction.atomic
def discard(batch: ImportBatch) -> None:
    """Forget a file that will not be imported."""
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.state == ImportBatch.State.PREVIEWED:
        ImportFile.objects.filter(batch=batch).delete()
        batch.state = ImportBatch.State.DISCARDED
        batch.save(update_fields=["state"])


@transaction.atomic
def expire() -> int:
    """Forget every file older than a day; how many."""
    due = ImportFile.objects.filter(expires_at__lte=periods.now())
    batches = list(due.values_list("batch_id", flat=True))
    ImportBatch.objects.filter(pk__in=batches, state=ImportBatch.State.PREVIEWED).update(
        state=ImportBatch.State.DISCARDED
    )
    due.delete()
    return len(batches)
