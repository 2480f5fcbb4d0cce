"""Sealing, reading, revealing, finding, forgetting, and moving to a new key."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection, models, transaction
from django.db.models import Count

from ceasefire import audit, periods
from ceasefire.people.models import User
from ceasefire.vault.blind import blind_index
from ceasefire.vault.exceptions import (
    NothingSealed,
    ReasonMissing,
    RevealLimitReached,
    RevealRefused,
    SealBroken,
    UnknownKey,
)
from ceasefire.vault.keys import Keyring, keyring
from ceasefire.vault.models import BlindIndex, RevealCount, Sealed
from ceasefire.vault.sealing import open_text, seal_text

log = logging.getLogger(__name__)

REVEAL_PERMISSION = "vault.reveal_identity"
REVEALS_A_DAY = 15
ROTATION_BATCH = 500
#: Records named in one audit event of a list; a longer list makes several events.
SUBJECTS_AN_EVENT = 100


class Match(NamedTuple):
    """A record that holds a sought value: its table, the column, and its key as text."""

    table: str
    column: str
    row: str


class Rotation(NamedTuple):
    """What a rotation did: sealed anew, and the places that did not open."""

    moved: int
    broken: list[str]


def _place(instance: models.Model, field: str) -> dict[str, str]:
    if instance.pk is None:
        raise ValueError("A record has a key before anything of it is sealed.")
    return {"table": instance._meta.db_table, "column": field, "row": str(instance.pk)}


def _open(row: Sealed) -> str:
    return open_text(
        bytes(row.ciphertext),
        key=keyring().key(row.key_id),
        table=row.table,
        column=row.column,
        row=row.row,
        key_id=row.key_id,
    )


def _alarm(instance: models.Model, field: str, by: User | None, error: Exception) -> None:
    """A seal that does not open is said in the log and in the trail; the text is withheld."""
    kind = type(error).__name__
    log.error("%s: %s.%s of %s", kind, instance._meta.db_table, field, instance.pk)
    audit.record(
        "vault.seal_broken", subject=instance, by=by, fields=[field], detail={"error": kind}
    )


@transaction.atomic
def seal(
    instance: models.Model, field: str, text: str, *, by: User | None, index: str | None = None
) -> None:
    """Seal `text` as a field of a saved record, in the place of what was there.

    With `index` (a kind: `name`, `alias`, `phone`) the value can be found again by `find`. An empty
    text takes the field away. The caller's own audit event names the field that changed.
    """
    place = _place(instance, field)
    BlindIndex.objects.filter(**place).delete()
    if not text:
        Sealed.objects.filter(**place).delete()
        return
    ring = keyring()
    sealed = seal_text(text, key=ring.key(ring.current), key_id=ring.current, **place)
    values = {
        "key_id": ring.current,
        "ciphertext": sealed,
        "updated_at": periods.now(),
        "updated_by": by,
    }
    Sealed.objects.bulk_create(
        [Sealed(**place, **values)],
        update_conflicts=True,
        unique_fields=["table", "row", "column"],
        update_fields=list(values),
    )
    digest = blind_index(index, text) if index else None
    if digest is not None:
        BlindIndex.objects.create(**place, digest=digest)


@dataclass(frozen=True)
class Item:
    """One text to be sealed by `seal_rows`; `index` as in `seal`."""

    instance: models.Model
    field: str
    text: str
    index: str | None = None  # type: ignore[assignment]  # hides tuple.index, used nowhere


@transaction.atomic
def seal_rows(items: Iterable[Item], *, by: User | None, batch: int = 1000) -> int:
    """Seal the texts of many new records, as an import does; how many were sealed.

    A few statements a thousand. For fields that hold nothing yet: a field that is sealed already is
    an IntegrityError (`seal` replaces). Empty texts are passed over.
    """
    ring, moment = keyring(), periods.now()
    sealed, indexed = [], []
    for item in items:
        if not item.text:
            continue
        place = _place(item.instance, item.field)
        text = seal_text(item.text, key=ring.key(ring.current), key_id=ring.current, **place)
        row = Sealed(
            **place, key_id=ring.current, ciphertext=text, updated_at=moment, updated_by=by
        )
        sealed.append(row)
        digest = blind_index(item.index, item.text) if item.index else None
        if digest is not None:
            indexed.append(BlindIndex(**place, digest=digest))
    Sealed.objects.bulk_create(sealed, batch_size=batch)
    BlindIndex.objects.bulk_create(indexed, batch_size=batch)
    return len(sealed)


def unseal(instance: models.Model, field: str, *, by: User | None) -> str:
    """A sealed text for somebody who may see the record; empty where nothing is sealed.

    Who may see it is the caller's scope (`visible_to`); this records the read and returns nothing
    that is not recorded. Raises `SealBroken`, with an alarm in log and trail.
    """
    row = Sealed.objects.filter(**_place(instance, field)).first()
    if row is None:
        return ""
    try:
        text = _open(row)
    except (SealBroken, UnknownKey) as error:
        _alarm(instance, field, by, error)
        raise
    audit.record("vault.read", subject=instance, by=by, fields=[field])
    return text


def unseal_rows(
    instances: Iterable[models.Model], fields: Iterable[str], *, by: User | None
) -> dict[object, dict[str, str | None]]:
    """The sealed fields of the records of one page: {pk: {field: text}}, in two queries.

    One audit event names all the records that were read (by the hundred). A text that does not open
    is None, with an alarm; the others are still shown.
    """
    return unseal_groups([(instances, fields)], by=by)[0]


def unseal_groups(
    groups: Iterable[tuple[Iterable[models.Model], Iterable[str]]], *, by: User | None
) -> list[dict[object, dict[str, str | None]]]:
    """The sealed fields of records of several tables that one page shows, each as `unseal_rows`.

    All are read in one query; the trail names what was read table by table.
    """
    asked = [(list(instances), list(fields)) for instances, fields in groups]
    found: list[dict[object, dict[str, str | None]]] = [
        {row.pk: dict.fromkeys(fields, "") for row in rows} for rows, fields in asked
    ]
    wanted = models.Q()
    for rows, fields in asked:
        if rows and fields:
            wanted |= models.Q(
                table=rows[0]._meta.db_table,
                column__in=fields,
                row__in=[str(row.pk) for row in rows],
            )
    if not wanted:
        return found
    sealed: dict[str, list[Sealed]] = {}
    for one in Sealed.objects.filter(wanted).order_by("id"):
        sealed.setdefault(one.table, []).append(one)
    for (rows, fields), texts in zip(asked, found, strict=True):
        if rows and fields:
            _open_group(rows, fields, sealed.get(rows[0]._meta.db_table, []), texts, by)
    return found


def sealed_rows(
    instances: Iterable[models.Model], fields: Iterable[str]
) -> models.QuerySet[Sealed]:
    """What `opened_rows` is to be given, for a page that asks more with it. Opens nothing."""
    rows = list(instances)
    if not rows:
        return Sealed.objects.none()
    return Sealed.objects.filter(
        table=rows[0]._meta.db_table,
        column__in=list(fields),
        row__in=[str(row.pk) for row in rows],
    ).order_by("id")


def opened_rows(
    instances: Iterable[models.Model],
    fields: Iterable[str],
    sealed: Iterable[Sealed],
    *,
    by: User | None,
) -> dict[object, dict[str, str | None]]:
    """As `unseal_rows`, the answers to `sealed_rows` in hand; here the reading is recorded."""
    rows, fields = list(instances), list(fields)
    texts: dict[object, dict[str, str | None]] = {row.pk: dict.fromkeys(fields, "") for row in rows}
    if rows:
        _open_group(rows, fields, list(sealed), texts, by)
    return texts


def _open_group(
    rows: list[models.Model],
    fields: list[str],
    sealed: list[Sealed],
    texts: dict[object, dict[str, str | None]],
    by: User | None,
) -> None:
    """Open what was read of some records of one table into `texts`, and record it."""
    by_key = {str(row.pk): row for row in rows}
    read: dict[str, None] = {}
    for one in sealed:
        if one.row not in by_key or one.column not in fields:
            # Asked for by another group of the same table.
            continue
        instance = by_key[one.row]
        try:
            texts[instance.pk][one.column] = _open(one)
        except (SealBroken, UnknownKey) as error:
            _alarm(instance, one.column, by, error)
            texts[instance.pk][one.column] = None
        else:
            read[one.row] = None
    from ceasefire.audit.services import name_of

    named = [name_of(by_key[key]) for key in read]
    for start in range(0, len(named), SUBJECTS_AN_EVENT):
        part = named[start : start + SUBJECTS_AN_EVENT]
        audit.record(
            "vault.list_read",
            by=by,
            fields=fields,
            detail={"label": part[0][0], "subjects": [key for _label, key in part]},
        )


def sealed_fields(instance: models.Model) -> list[str]:
    """The names of the fields of which something is sealed; nothing is opened."""
    return list(sealed_columns(instance))


def sealed_columns(instance: models.Model) -> models.QuerySet[Sealed, str]:
    """The same as a question, for a page that asks more with it."""
    rows = Sealed.objects.filter(table=instance._meta.db_table, row=str(instance.pk))
    return rows.order_by("id").values_list("column", flat=True)


def rows_with(instances: Iterable[models.Model], fields: Iterable[str]) -> set[object]:
    """Keys of those records of one table with any of the fields sealed; nothing is opened."""
    keys = {str(row.pk): row for row in instances}
    if not keys:
        return set()
    table = next(iter(keys.values()))._meta.db_table
    found = Sealed.objects.filter(table=table, row__in=list(keys), column__in=list(fields))
    return {keys[key].pk for key in found.values_list("row", flat=True)}


def reveals_left(user: User) -> int:
    """How many identities the person may still reveal today."""
    used = RevealCount.objects.filter(user=user, day=periods.now().date()).first()
    return REVEALS_A_DAY - (used.count if used else 0)


def _count_reveal(user: User) -> bool:
    """Take one of today's reveals; False where none is left. The row is locked to the commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO vault_revealcount (user_id, day, count) VALUES (%s, %s, 1)
            ON CONFLICT (user_id, day) DO UPDATE SET count = vault_revealcount.count + 1
              WHERE vault_revealcount.count < %s
            RETURNING count
            """,
            [user.pk, periods.now().date(), REVEALS_A_DAY],
        )
        return cursor.fetchone() is not None


def reveal(instance: models.Model, field: str, *, by: User, reason: str) -> str:
    """An identity, to somebody with the permission, for a reason, at most 15 a day.

    The audit event is written in the same transaction or nothing is returned. Raises
    `RevealRefused`, `ReasonMissing`, `NothingSealed`, `SealBroken`, or at the sixteenth
    `RevealLimitReached`. Every refusal for permission or limit leaves an event
    `vault.reveal_refused`: the view catches the exception, so that its transaction stands.
    """
    if not by.has_perm(REVEAL_PERMISSION):
        _refuse(instance, field, by, "permission")
        raise RevealRefused
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    row = Sealed.objects.filter(**_place(instance, field)).first()
    if row is None:
        raise NothingSealed
    try:
        text = _open(row)
    except (SealBroken, UnknownKey) as error:
        _alarm(instance, field, by, error)
        raise
    with transaction.atomic():
        counted = _count_reveal(by)
        if counted:
            audit.record("vault.revealed", subject=instance, by=by, fields=[field], reason=reason)
    if not counted:
        _refuse(instance, field, by, "limit")
        raise RevealLimitReached
    return text


def _refuse(instance: models.Model, field: str, by: User, why: str) -> None:
    log.warning("reveal refused: %s", why)
    audit.record(
        "vault.reveal_refused", subject=instance, by=by, fields=[field], detail={"why": why}
    )


def find(
    kind: str, value: str, *, by: User | None = None, model: type[models.Model] | None = None
) -> list[Match]:
    """The records that hold this very value (normalised), oldest first; the search is audited.

    What somebody typed is not kept, only the kind and how many were found. The caller filters the
    result by `visible_to` before anything of it is shown.
    """
    digest = blind_index(kind, value)
    if digest is None:
        return []
    rows = BlindIndex.objects.filter(digest=digest)
    if model is not None:
        rows = rows.filter(table=model._meta.db_table)
    found = [Match(*row) for row in rows.order_by("id").values_list("table", "column", "row")]
    audit.record("vault.searched", by=by, detail={"kind": kind, "found": len(found)})
    return found


@transaction.atomic
def forget(instance: models.Model, *fields: str, by: User | None = None) -> int:
    """Erase what is sealed of a record (all of it, or the named fields); how many fields went."""
    here = {"table": instance._meta.db_table, "row": str(instance.pk)}
    if fields:
        here["column__in"] = list(fields)  # type: ignore[assignment]
    gone = sorted(Sealed.objects.filter(**here).values_list("column", flat=True))
    BlindIndex.objects.filter(**here).delete()
    Sealed.objects.filter(**here).delete()
    if gone:
        audit.record("vault.forgotten", subject=instance, by=by, fields=gone)
    return len(gone)


@transaction.atomic
def forget_rows(
    model: type[models.Model],
    keys: Iterable[object],
    fields: Iterable[str] = (),
    *,
    by: User | None = None,
) -> int:
    """Erase what is sealed of many records of a model (the named fields, or all); how many texts.

    One audit event names a hundred records. For what goes with a whole case.
    """
    table, rows = model._meta.db_table, [str(key) for key in keys]
    here: dict[str, object] = {"table": table, "row__in": rows}
    columns = list(fields)
    if columns:
        here["column__in"] = columns
    gone = list(Sealed.objects.filter(**here).order_by("id").values_list("row", "column"))
    BlindIndex.objects.filter(**here).delete()
    Sealed.objects.filter(**here).delete()
    named = list(dict.fromkeys(row for row, _column in gone))
    for start in range(0, len(named), SUBJECTS_AN_EVENT):
        audit.record(
            "vault.forgotten",
            by=by,
            fields=sorted({column for _row, column in gone}),
            detail={
                "label": model._meta.label_lower,
                "subjects": named[start : start + SUBJECTS_AN_EVENT],
            },
        )
    return len(gone)


def counts_by_key() -> dict[str, int]:
    """How many fields each key seals now."""
    return dict(
        Sealed.objects.order_by("key_id").values_list("key_id").annotate(number=Count("id"))
    )


def rotate(
    *, batch: int = ROTATION_BATCH, progress: Callable[[int], None] | None = None
) -> Rotation:
    """Seal everything anew that is not under the current key, batch by committed batch.

    Killed at any moment, the next run goes on with what is left. Readers are never shut out: each
    row opens before and after, and only its own batch is locked. A row that does not open stays as
    it is and is named.
    """
    ring = keyring()
    moved, broken = 0, []
    for number, faults in _batches(ring, batch):
        moved += number
        broken += faults
        if progress:
            progress(moved)
    if moved or broken:
        audit.record(
            "vault.rotated", detail={"key": ring.current, "moved": moved, "broken": len(broken)}
        )
    return Rotation(moved, broken)


def _batches(ring: Keyring, size: int) -> Iterator[tuple[int, list[str]]]:
    last = 0
    while True:
        with transaction.atomic():
            rows = list(
                Sealed.objects.select_for_update()
                .exclude(key_id=ring.current)
                .filter(pk__gt=last)
                .order_by("pk")[:size]
            )
            if not rows:
                return
            ready, faults = [], []
            for row in rows:
                try:
                    text = _open(row)
                except (SealBroken, UnknownKey) as error:
                    faults.append(f"{row.table}.{row.column} {row.row}: {type(error).__name__}")
                    continue
                row.ciphertext = seal_text(
                    text,
                    key=ring.key(ring.current),
                    table=row.table,
                    column=row.column,
                    row=row.row,
                    key_id=ring.current,
                )
                row.key_id = ring.current
                ready.append(row)
            Sealed.objects.bulk_update(ready, ["ciphertext", "key_id"])
            last = rows[-1].pk
        yield len(ready), faults
