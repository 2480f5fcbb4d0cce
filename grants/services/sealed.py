"""Facts under seal in a row of grants: JSON, AES-256-GCM with the vault's keys, bound to it."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.db.models import Count

from ceasefire.vault.exceptions import SealBroken, UnknownKey
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_text, seal_text

COLUMN = "sealed"


def seal(row: Any, facts: Any) -> None:
    """Put facts into a row's `sealed` under the current key; the row has its key already."""
    ring = keyring()
    row.key_id = ring.current
    row.sealed = seal_text(
        json.dumps(facts, ensure_ascii=False, sort_keys=True),
        key=ring.key(ring.current),
        table=row._meta.db_table,
        column=COLUMN,
        row=str(row.pk),
        key_id=ring.current,
    )


def opened(row: Any) -> Any:
    """What is sealed in a row. Raises `SealBroken` or `UnknownKey`."""
    text = open_text(
        bytes(row.sealed),
        key=keyring().key(row.key_id),
        table=row._meta.db_table,
        column=COLUMN,
        row=str(row.pk),
        key_id=row.key_id,
    )
    return json.loads(text)


def counts_by_key(*tables: type[models.Model]) -> dict[str, int]:
    """Key id -> how many rows it seals, for the rotation of the vault's keys."""
    found: dict[str, int] = {}
    for table in tables:
        rows = table._default_manager.order_by("key_id").values_list("key_id")
        for key_id, number in rows.annotate(number=Count("pk")):
            found[key_id] = found.get(key_id, 0) + number
    return found


def seal_again(tables: Iterable[type[models.Model]]) -> tuple[int, list[str]]:
    """Seal anew what an older key seals, row by committed row: how many, what did not open.

    It may be killed and run again. Only the seals change.
    """
    moved, faults = 0, list[str]()
    for table in tables:
        older = table._default_manager.exclude(key_id=keyring().current).order_by("pk")
        for pk in list(older.values_list("pk", flat=True)):
            with transaction.atomic():
                row: Any = table._default_manager.select_for_update(no_key=True).get(pk=pk)
                try:
                    seal(row, opened(row))
                except (SealBroken, UnknownKey) as error:
                    name = f"{table._meta.db_table}.{COLUMN} {pk}"
                    faults.append(f"{name}: {type(error).__name__}")
                    continue
                row.save(update_fields=["key_id", COLUMN])
                moved += 1
    return moved, faults
