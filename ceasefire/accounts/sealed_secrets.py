"""The secrets of the second step, sealed with the vault's keys.

django-allauth keeps the secret of a TOTP app and the seed of the recovery codes as text in its own
table; whoever took a copy of the database could make codes of them. Sealed they look so:
`sealed:<key id>:<base64>`, bound to their use. They are not bound to the row, which the hook of
django-allauth does not know: who may write the table can put one person's second step to another.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Any, NamedTuple

from allauth.mfa.adapter import DefaultMFAAdapter
from django.db import transaction

from ceasefire import audit
from ceasefire.vault.exceptions import SealBroken, UnknownKey
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_text, seal_text

MARK = "sealed:"
_TABLE, _COLUMN, _ROW = "mfa_authenticator", "data", "second step"
#: What of an authenticator's data is secret: one text each, or a list of them.
SECRET_PARTS = ("secret", "seed", "migrated_codes")


class Moved(NamedTuple):
    """What a rotation did: rows sealed anew, and the places that did not open."""

    moved: int
    broken: list[str]


def seal_secret(text: str) -> str:
    """The sealed form of a secret, under the current key."""
    ring = keyring()
    sealed = seal_text(
        text,
        key=ring.key(ring.current),
        table=_TABLE,
        column=_COLUMN,
        row=_ROW,
        key_id=ring.current,
    )
    return f"{MARK}{ring.current}:{base64.b64encode(sealed).decode()}"


def open_secret(stored: str) -> str:
    """The secret; what was written before secrets were sealed is read as it stands.

    Raises SealBroken, or UnknownKey where the key file does not hold its key.
    """
    if not stored.startswith(MARK):
        return stored
    key_id, _colon, body = stored.removeprefix(MARK).partition(":")
    try:
        sealed = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise SealBroken("A sealed secret is of no known form.") from None
    return open_text(
        sealed, key=keyring().key(key_id), table=_TABLE, column=_COLUMN, row=_ROW, key_id=key_id
    )


def key_of(stored: str) -> str:
    """The id of the key that seals a secret; empty where it is not sealed."""
    return stored.removeprefix(MARK).partition(":")[0] if stored.startswith(MARK) else ""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals what django-allauth would keep as plain text."""

    def encrypt(self, text: str) -> str:
        return seal_secret(text)

    def decrypt(self, encrypted_text: str) -> str:
        return open_secret(encrypted_text)


def _secrets(data: dict[str, Any]) -> Iterator[str]:
    for part in SECRET_PARTS:
        value = data.get(part)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from value


def counts_by_key() -> dict[str, int]:
    """Key id -> how many secrets it seals; the empty id stands for plain ones."""
    from allauth.mfa.models import Authenticator

    counts: dict[str, int] = {}
    for data in Authenticator.objects.values_list("data", flat=True):
        for stored in _secrets(data):
            counts[key_of(stored)] = counts.get(key_of(stored), 0) + 1
    return counts


def seal_again() -> Moved:
    """Seal every secret that is plain or under an older key; it may be killed and run again."""
    from allauth.mfa.models import Authenticator

    moved, broken = 0, list[str]()
    current = keyring().current
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None or all(key_of(stored) == current for stored in _secrets(row.data)):
                continue
            try:
                row.data |= {
                    part: seal_secret(open_secret(value))
                    if isinstance(value, str)
                    else [seal_secret(open_secret(one)) for one in value]
                    for part in SECRET_PARTS
                    if (value := row.data.get(part)) is not None
                }
            except (SealBroken, UnknownKey) as error:
                broken.append(f"{_TABLE}.{_COLUMN} {pk}: {type(error).__name__}")
                continue
            row.save(update_fields=["data"])
            moved += 1
    if moved or broken:
        audit.record(
            "people.second_steps_sealed",
            detail={"key": current, "moved": moved, "broken": len(broken)},
        )
    return Moved(moved, broken)
