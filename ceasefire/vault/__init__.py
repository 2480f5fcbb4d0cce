"""The vault: identities and notes, sealed field by field, with the keys outside the database.

Each field is sealed by itself with AES-256-GCM under the current key of the key file, with a random
96-bit nonce, and bound to its table, column, row and key id: a text moved to another row or column,
or with one bit changed, does not open (`SealBroken`).

The key seals the fields directly; there is no data key per record. A wrapped key per record would
lie in the same database and the same backups as what it opens, so it would protect nothing more,
and every reading would need two openings. What it would buy is a quicker rotation, and ours is a
resumable batch job over some hundred thousand short fields. Random nonces are safe for 2^32 seals
under one key; a program seals a few million in its life, and a rotation starts the count again.

    from ceasefire import vault

    vault.seal(participant, "name", name, by=user, index="name")
    vault.unseal(participant, "alias", by=user)            # for the case team; the read is audited
    vault.reveal(participant, "name", by=user, reason=why)  # permission, reason, 15 a day, audited
    vault.find("phone", "0770 123 4567", by=user)           # exact, on the blind index

May import audit and what lies below. REO's database role has no right on any table here.
"""

from typing import TYPE_CHECKING, Any

from ceasefire.vault.exceptions import (
    NothingSealed,
    ReasonMissing,
    RevealLimitReached,
    RevealRefused,
    SealBroken,
    UnknownKey,
    VaultError,
)

if TYPE_CHECKING:
    from ceasefire.vault.blind import blind_index
    from ceasefire.vault.services import (
        Item,
        Match,
        find,
        forget,
        forget_rows,
        opened_rows,
        reveal,
        reveals_left,
        rows_with,
        seal,
        seal_rows,
        sealed_columns,
        sealed_fields,
        sealed_rows,
        unseal,
        unseal_groups,
        unseal_rows,
    )

__all__ = [
    "Item",
    "Match",
    "NothingSealed",
    "ReasonMissing",
    "RevealLimitReached",
    "RevealRefused",
    "SealBroken",
    "UnknownKey",
    "VaultError",
    "blind_index",
    "find",
    "forget",
    "forget_rows",
    "opened_rows",
    "reveal",
    "reveals_left",
    "rows_with",
    "seal",
    "seal_rows",
    "sealed_columns",
    "sealed_fields",
    "sealed_rows",
    "unseal",
    "unseal_groups",
    "unseal_rows",
]

# Looked up at first use: models can not be imported before the apps are loaded.
_SERVICES = {
    "Item",
    "Match",
    "find",
    "forget",
    "forget_rows",
    "opened_rows",
    "reveal",
    "reveals_left",
    "rows_with",
    "seal",
    "seal_rows",
    "sealed_columns",
    "sealed_fields",
    "sealed_rows",
    "unseal",
    "unseal_groups",
    "unseal_rows",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "blind_index":
        return import_module("ceasefire.vault.blind").blind_index
    if name in _SERVICES:
        return getattr(import_module("ceasefire.vault.services"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
