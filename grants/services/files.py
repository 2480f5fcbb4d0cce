"""The bytes of papers: sealed piece by piece, read piece by piece, moved to a new key.

In the database and not on a disk, as photos are: a filing that is rolled back leaves nothing
behind, one backup holds all, and nobody who can read the disk can read a paper. A piece is bound to
its file and its number: put elsewhere, it does not open. No process holds a large file whole.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Count

from ceasefire import audit
from ceasefire.vault import pieces
from ceasefire.vault.exceptions import SealBroken, UnknownKey, VaultError
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_octets
from grants.models import PIECE, StoredFile, StoredPiece

log = logging.getLogger(__name__)

TABLE = "grants_storedpiece"
#: Pieces that a reader keeps open: the end of an archive, and where it is read.
_KEPT = 4
#: Pieces sealed anew in one transaction.
_BATCH = 20


def sealed_piece(file: StoredFile, number: int, content: bytes) -> StoredPiece:
    """A piece under the current key; not saved yet."""
    key_id = keyring().current
    return StoredPiece(
        file=file,
        number=number,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        key_id=key_id,
        ciphertext=pieces.seal_piece(
            content, table=TABLE, file=file.pk, number=number, key_id=key_id
        ),
    )


def keep(chunks: Iterable[bytes]) -> StoredFile:
    """Seal bytes as they come, in pieces of one size; the file with its hash and size."""
    file = StoredFile()
    digest, held, number = hashlib.sha256(), bytearray(), 0
    for chunk in chunks:
        digest.update(chunk)
        file.size += len(chunk)
        held += chunk
        while len(held) >= PIECE:
            if number == 0:
                file.save(force_insert=True)
            sealed_piece(file, number, bytes(held[:PIECE])).save(force_insert=True)
            del held[:PIECE]
            number += 1
    file.sha256 = digest.hexdigest()
    if number == 0:  # of one piece, as most are: written once, whole
        file.save(force_insert=True)
    else:
        file.save(update_fields=["sha256", "size"])
    if held:
        sealed_piece(file, number, bytes(held)).save(force_insert=True)
    if number == 0:
        file.first_piece = bytes(held)
    return file


def forget(file: StoredFile) -> None:
    """Remove bytes that belong to no paper; the database refuses those of one that does."""
    StoredPiece.objects.filter(file=file).delete()
    StoredFile.objects.filter(pk=file.pk).delete()


def piece_of(file: StoredFile, number: int) -> bytes:
    """One piece, opened. Raises `SealBroken` where it is gone, broken or under an unknown key."""
    if number == 0 and file.first_piece:
        return file.first_piece
    row = StoredPiece.objects.filter(file=file, number=number).first()
    if row is None:
        raise SealBroken("A piece of a paper is gone.")
    try:
        return open_octets(
            bytes(row.ciphertext), **pieces.place(TABLE, file.pk, number, row.key_id)
        )
    except VaultError as error:
        log.error("%s: %s of %s/%s", type(error).__name__, TABLE, file.pk, number)
        raise SealBroken("A piece of a paper does not open.") from error


def pieces_of(
    file: StoredFile, *, within: Callable[[], Any] | None = None, first: bytes | None = None
) -> Iterator[bytes]:
    """The file, piece by piece. `within` opens the session that each piece is read in, where the
    caller's own is over by then. `first`: the first piece, where it was opened already."""
    sent, number = 0, 0
    while sent < file.size:
        if number == 0 and first is not None:
            piece = first
        elif within is not None:
            with within():
                piece = piece_of(file, number)
        else:
            piece = piece_of(file, number)
        yield piece
        sent, number = sent + len(piece), number + 1


class Reader(io.RawIOBase):
    """A sealed file that is read from anywhere, such as an archive with its contents at its end."""

    def __init__(self, file: StoredFile) -> None:
        self.file = file
        self.at = 0
        self._open: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.file.size}[whence]
        if start + offset < 0:
            raise OSError("Nothing lies before the beginning.")
        self.at = start + offset
        return self.at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), max(self.file.size - self.at, 0))
        if not wanted:
            return 0
        number, offset = divmod(self.at, PIECE)
        part = self._piece(number)[offset : offset + wanted]
        buffer[: len(part)] = part
        self.at += len(part)
        return len(part)

    def _piece(self, number: int) -> bytes:
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        self._open[number] = piece_of(self.file, number)
        if len(self._open) > _KEPT:
            self._open.popitem(last=False)
        return self._open[number]


# --- keys ---------------------------------------------------------------------------------------


def counts() -> dict[str, int]:
    """How many pieces each key seals now."""
    rows = StoredPiece.objects.order_by("key_id").values_list("key_id").annotate(Count("pk"))
    return dict(rows)


def rotate() -> Iterator[str]:
    """Seal every piece anew that is not under the current key; the places that did not open.

    Batch by committed batch, so it may be killed at any moment; a piece that does not open stays.
    """
    ring, last = keyring(), 0
    while True:
        with transaction.atomic():
            older = StoredPiece.objects.select_for_update(no_key=True).exclude(key_id=ring.current)
            rows = list(older.filter(pk__gt=last).order_by("pk")[:_BATCH])
            if not rows:
                return
            last = rows[-1].pk
            ready, faults = [], []
            for row in rows:
                try:
                    content = open_octets(
                        bytes(row.ciphertext),
                        **pieces.place(TABLE, row.file_id, row.number, row.key_id),
                    )
                except (SealBroken, UnknownKey) as error:
                    faults.append(f"{TABLE} {row.file_id}/{row.number}: {type(error).__name__}")
                    continue
                row.key_id = ring.current
                row.ciphertext = pieces.seal_piece(
                    content, table=TABLE, file=row.file_id, number=row.number, key_id=row.key_id
                )
                ready.append(row)
            StoredPiece.objects.bulk_update(ready, ["key_id", "ciphertext"])
        yield from faults


def told_broken(subject: Any) -> None:
    """Into the trail: a paper's bytes do not open."""
    audit.record("vault.seal_broken", subject=subject, fields=["ciphertext"])
