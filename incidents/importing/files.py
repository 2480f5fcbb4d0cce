"""An uploaded file between preview and import: sealed in the database, gone in 24 hours.

Sealed under the vault's key and bound to its batch, since a file may hold sources' names. Its read
is not audited: only the batch's own page reads it, for the person who sent it. What a check found
lies beside it in the same way.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import timedelta
from typing import Any

from django.db import transaction

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.places.models import Site
from ceasefire.vault.exceptions import VaultError
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_text, seal_text
from incidents.importing.problems import Problem, from_json
from incidents.models import ImportBatch, ImportFile, ImportFindings

KEPT_FOR = timedelta(hours=24)
_TABLE, _FOUND, _COLUMN = "incidents_importfile", "incidents_importfindings", "ciphertext"
#: A packed file begins so; one that was kept before files were packed does not.
_PACKED = b"\x00zlib\x00"
#: Refusals that are kept for the file of refused rows.
MOST_FOUND = 100_000


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
    ImportFile.objects.create(
        batch=batch,
        key_id=ring.current,
        ciphertext=_sealed(_TABLE, batch, content),
        size=len(content),
        expires_at=periods.now() + KEPT_FOR,
    )
    return batch


def keep_text(batch: ImportBatch, content: bytes) -> None:
    """Keep a workbook's text in its place, as long as the workbook would have been kept.

    The caller saves the batch.
    """
    batch.digest = hashlib.sha256(content).hexdigest()
    kept = ImportFile.objects.filter(batch=batch)
    until = kept.values_list("expires_at", flat=True).get()
    kept.delete()
    ImportFile.objects.create(
        batch=batch,
        key_id=keyring().current,
        ciphertext=_sealed(_TABLE, batch, content),
        size=len(content),
        expires_at=until,
    )


def _sealed(table: str, batch: ImportBatch, content: bytes) -> bytes:
    ring = keyring()
    return seal_text(
        (_PACKED + zlib.compress(content, 1)).decode("latin-1"),
        key=ring.key(ring.current),
        table=table,
        column=_COLUMN,
        row=str(batch.pk),
        key_id=ring.current,
    )


def _opened(table: str, batch: ImportBatch, kept: Any) -> bytes | None:
    """What was sealed; None where it has expired, or its key has been retired since."""
    if kept is None:
        return None
    try:
        content = open_text(
            bytes(kept.ciphertext),
            key=keyring().key(kept.key_id),
            table=table,
            column=_COLUMN,
            row=str(batch.pk),
            key_id=kept.key_id,
        ).encode("latin-1")
    except VaultError:
        return None
    return zlib.decompress(content[len(_PACKED) :]) if content.startswith(_PACKED) else content


def content_of(batch: ImportBatch) -> bytes | None:
    """The file of a batch; None where it has expired, or its key has been retired since."""
    kept = ImportFile.objects.filter(batch=batch, expires_at__gt=periods.now()).first()
    return _opened(_TABLE, batch, kept)


def is_kept(batch: ImportBatch) -> bool:
    """Whether the file of a batch is here still; it is not opened for that."""
    return ImportFile.objects.filter(batch=batch, expires_at__gt=periods.now()).exists()


def keep_findings(batch: ImportBatch, problems: list[Problem], rows: list[dict[str, Any]]) -> None:
    """Keep every refusal of a file and its first rows, in the place of earlier findings."""
    found = {"problems": [one.as_json() for one in problems[:MOST_FOUND]], "rows": rows}
    ImportFindings.objects.filter(batch=batch).delete()
    ImportFindings.objects.create(
        batch=batch,
        key_id=keyring().current,
        ciphertext=_sealed(_FOUND, batch, json.dumps(found, default=str).encode()),
        expires_at=periods.now() + KEPT_FOR,
    )


def findings_of(batch: ImportBatch) -> tuple[list[Problem], list[dict[str, Any]]] | None:
    """Every refusal and the first rows, while they are kept."""
    kept = ImportFindings.objects.filter(batch=batch, expires_at__gt=periods.now()).first()
    content = _opened(_FOUND, batch, kept)
    if content is None:
        return None
    found = json.loads(content)
    return from_json(found["problems"]), found["rows"]


@transaction.atomic
def discard(batch: ImportBatch) -> None:
    """Forget a file that will not be imported."""
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.state in (ImportBatch.State.PREVIEWED, ImportBatch.State.CHECKING):
        ImportFindings.objects.filter(batch=batch).delete()
        ImportFile.objects.filter(batch=batch).delete()
        batch.state = ImportBatch.State.DISCARDED
        batch.save(update_fields=["state"])


@transaction.atomic
def expire() -> int:
    """Forget every file older than a day; how many."""
    due = ImportFile.objects.filter(expires_at__lte=periods.now())
    batches = list(due.values_list("batch_id", flat=True))
    ImportBatch.objects.filter(
        pk__in=batches, state__in=[ImportBatch.State.PREVIEWED, ImportBatch.State.CHECKING]
    ).update(state=ImportBatch.State.DISCARDED)
    due.delete()
    ImportFindings.objects.filter(expires_at__lte=periods.now()).delete()
    return len(batches)
