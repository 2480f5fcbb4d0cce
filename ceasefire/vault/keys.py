"""The vault's keys, read from files that never lie in the database or beside its backups."""

import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from ceasefire.local import guard
from ceasefire.vault.exceptions import UnknownKey


@dataclass(frozen=True)
class Keyring:
    """Key id -> 32 bytes; `current` seals, the others only open."""

    keys: dict[str, bytes]
    current: str

    def key(self, key_id: str) -> bytes:
        try:
            return self.keys[key_id]
        except KeyError:
            raise UnknownKey(f"The key file does not hold the key {key_id!r}.") from None


_rings: dict[str, tuple[tuple[int, int, int], Keyring]] = {}
_blind: dict[str, tuple[tuple[int, int, int], bytes]] = {}


def _mark(path: str) -> tuple[int, int, int]:
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def keyring() -> Keyring:
    """The key file as it stands now: a new last line is used by every process at once."""
    path = str(Path(settings.VAULT_KEYS_FILE))
    mark = _mark(path)
    known = _rings.get(path)
    if known is None or known[0] != mark:
        keys = guard.read_vault_keys(path)
        known = _rings[path] = (mark, Keyring(keys, list(keys)[-1]))
    return known[1]


def blind_index_key() -> bytes:
    """The blind index's own key; a change of it needs every value to be indexed anew."""
    path = str(Path(settings.BLIND_INDEX_KEY_FILE))
    mark = _mark(path)
    known = _blind.get(path)
    if known is None or known[0] != mark:
        known = _blind[path] = (mark, guard.read_blind_index_key(path))
    return known[1]
