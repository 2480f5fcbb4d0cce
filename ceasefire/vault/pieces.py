"""A long file sealed piece by piece: no process holds it whole, nothing readable touches a disk.

The rows belong to who keeps the file; here is how a piece is cut, sealed, bound to its place and
handed out again. A piece opens at its own number of its own file only.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

from ceasefire.vault.exceptions import SealBroken, VaultError
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_octets, seal_octets

#: Octets of one sealed piece.
PIECE = 1024 * 1024


def place(table: str, file: object, number: int, key_id: str) -> dict[str, Any]:
    """What a piece is bound to, with its key: as `seal_octets` and `open_octets` take it."""
    return {
        "key": keyring().key(key_id),
        "table": table,
        "column": "ciphertext",
        "row": f"{file}/{number}",
        "key_id": key_id,
    }


def seal_piece(content: bytes, *, table: str, file: object, number: int, key_id: str) -> bytes:
    """Seal piece `number` of the file with the key `file` in `table`."""
    return seal_octets(content, **place(table, file, number, key_id))


def open_piece(
    ciphertext: bytes | memoryview, *, table: str, file: object, number: int, key_id: str
) -> bytes | None:
    """A piece opened; None where it does not open: changed, moved, or its key was retired."""
    try:
        return open_octets(bytes(ciphertext), **place(table, file, number, key_id))
    except VaultError:
        return None


def opened(read: Callable[[int], bytes | None], size: int) -> Iterator[bytes] | None:
    """The file of `size` octets, piece by piece; None where it is not made or does not open.

    `read` gives an opened piece by its number. The first one is read at once, so that there is no
    file where its key was retired since; a later one that is missing is a `SealBroken`: cut short,
    so that the browser knows that the file is not whole.
    """
    first = read(0) if size else None
    return None if first is None else _rest(read, size, first)


def _rest(read: Callable[[int], bytes | None], size: int, first: bytes) -> Iterator[bytes]:
    yield first
    sent, number = len(first), 1
    while sent < size:
        piece = read(number)
        if piece is None:
            raise SealBroken(f"Piece {number} of a file does not open.")
        yield piece
        sent, number = sent + len(piece), number + 1


class Cutter(io.RawIOBase):
    """A stream to write a file into: `put(number, content)` is given each piece as it is full.

    `size` and `sha256` are of what was written. `put` may raise to stop the writing; what the
    writer still writes while it closes is then dropped. Call `finish` for the last piece.
    """

    def __init__(self, put: Callable[[int, bytes], None], *, piece: int = PIECE) -> None:
        self._put, self._piece = put, piece
        self._held = bytearray()
        self._digest = hashlib.sha256()
        self._stopped = False
        self.number, self.size = 0, 0

    def writable(self) -> bool:
        return True

    def write(self, octets: Any) -> int:
        content = bytes(octets)
        if self._stopped:
            # An archive writes its contents even when a fault closes it; nobody wants them.
            return len(content)
        self._digest.update(content)
        self.size += len(content)
        self._held += content
        while len(self._held) >= self._piece:
            self._give(bytes(self._held[: self._piece]))
            del self._held[: self._piece]
        return len(content)

    def finish(self) -> None:
        """Give the last piece, which may be short."""
        if self._held:
            self._give(bytes(self._held))
            self._held.clear()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def _give(self, content: bytes) -> None:
        try:
            self._put(self.number, content)
        except BaseException:
            self._stopped = True
            raise
        self.number += 1
