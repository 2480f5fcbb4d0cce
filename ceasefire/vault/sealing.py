"""Sealing one text and opening it again. Pure: no database, no settings.

A sealed text is: version (1 octet, 1) | nonce (12) | AES-256-GCM of the padded text (with its
16-octet tag). The text is padded to a multiple of 32 octets (one 0x80, then zeros), so that the
length of a name can not be read off a stolen dump.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ceasefire.vault.exceptions import SealBroken

VERSION = b"\x01"
NONCE_OCTETS = 12
TAG_OCTETS = 16
BLOCK_OCTETS = 32


def _binding(table: str, column: str, row: str, key_id: str) -> bytes:
    """What a seal is bound to. Lengths stand before the parts, so no two places look alike."""
    parts = (part.encode() for part in (table, column, row, key_id))
    return VERSION + b"".join(b"%d:%s" % (len(part), part) for part in parts)


def seal_text(text: str, *, key: bytes, table: str, column: str, row: str, key_id: str) -> bytes:
    """The sealed octets of `text` for one place, under a fresh random nonce."""
    return seal_octets(text.encode(), key=key, table=table, column=column, row=row, key_id=key_id)


def seal_octets(
    content: bytes, *, key: bytes, table: str, column: str, row: str, key_id: str
) -> bytes:
    """The same for what is no text, such as a picture."""
    padded = content + b"\x80"
    padded += bytes(-len(padded) % BLOCK_OCTETS)
    nonce = secrets.token_bytes(NONCE_OCTETS)
    bound = _binding(table, column, row, key_id)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, padded, bound)


def open_text(sealed: bytes, *, key: bytes, table: str, column: str, row: str, key_id: str) -> str:
    """The text, or `SealBroken` where anything at all differs from what was sealed here."""
    return open_octets(sealed, key=key, table=table, column=column, row=row, key_id=key_id).decode()


def open_octets(
    sealed: bytes, *, key: bytes, table: str, column: str, row: str, key_id: str
) -> bytes:
    """What `seal_octets` sealed, or `SealBroken`."""
    if sealed[:1] != VERSION or len(sealed) < 1 + NONCE_OCTETS + BLOCK_OCTETS + TAG_OCTETS:
        raise SealBroken("A sealed text is of no known form.")
    nonce, body = sealed[1 : 1 + NONCE_OCTETS], sealed[1 + NONCE_OCTETS :]
    try:
        padded = AESGCM(key).decrypt(nonce, body, _binding(table, column, row, key_id))
    except InvalidTag:
        raise SealBroken("A sealed text does not open where it stands.") from None
    return padded[: padded.rindex(b"\x80")]
