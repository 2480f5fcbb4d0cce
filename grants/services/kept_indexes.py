"""Indexes of screening lists, kept in the data folder, so that they are made once and not by every
process.

Making one takes some ten seconds for the lists of the world; taking a kept one up, a fraction of
one. A worker makes it when a list was read; whoever screens takes it up. It holds nothing that the
uploaded files do not. A file is known by the SHA-256 of its lists and carries a keyed hash, so that
nobody without the vault's key can put one in its place; what does not fit is passed over and made
anew. Nothing depends on these files: they may be removed at any time.
"""

import hashlib
import hmac
import logging
import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from ceasefire.vault.keys import keyring
from grants import screening
from grants.screening.matching import made_by

log = logging.getLogger(__name__)

#: The newest so many stay.
MOST = 3
_MAC = 32
_PURPOSE = b"grants.screening.index"


def folder() -> Path:
    return Path(settings.DATA_DIR) / "screening"


def _path(key: Sequence[str]) -> Path:
    name = hashlib.sha256("\n".join([*key, made_by()]).encode()).hexdigest()
    return folder() / f"{name}.index"


def _mac(path: Path, octets: bytes) -> bytes:
    """Under the vault's key, over the octets and of which lists they are."""
    ring = keyring()
    key = hmac.digest(ring.key(ring.current), _PURPOSE, "sha256")
    return hmac.digest(key, path.name.encode() + octets, "sha256")


def is_kept(key: Sequence[str]) -> bool:
    """Whether there is an index of the lists of these hashes, made by this very program."""
    return _path(key).is_file()


def keep(key: Sequence[str], index: screening.Index) -> None:
    """Keep an index for other processes; where the folder cannot be written, nothing is kept."""
    path, octets = _path(key), zlib.compress(index.packed(), 1)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as out:
            out.write(_mac(path, octets) + octets)
        os.replace(out.name, path)
        found = sorted(folder().glob("*.index"), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in found[MOST:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("the index of the lists is not kept: %s", error)


def taken_up(key: Sequence[str]) -> screening.Index | None:
    """The kept index of the lists of these hashes; None where there is none that fits."""
    path = _path(key)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    octets = content[_MAC:]
    if not hmac.compare_digest(content[:_MAC], _mac(path, octets)):
        log.error("the kept index %s is not what this program wrote", path.name)
        return None
    try:
        return screening.Index.unpacked(zlib.decompress(octets))
    except zlib.error:
        return None
