"""Pages of a list by its keys: the same speed on page one and page one thousand.

No OFFSET and no COUNT. A cursor is the ordering keys of the last row seen. It is no secret (the
person has seen that row) and is not trusted either: it only ever narrows a queryset that is already
scoped to the person, and a cursor that cannot be read gives the first page.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connection
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.functions import Coalesce

Row = TypeVar("Row", bound=Model)

SIZE = 50
#: In so many rows a word is looked for one by one, before its index is asked.
NEAR = 1000
#: Of a large table, in so many where it is neither frequent nor rare.
FARTHER = 6 * NEAR
LARGE = 250_000
#: What PostgreSQL is told that comparing costs where texts are looked through (usually 0.0025).
DEAR = "0.03"
#: A longer cursor than this is not one of ours.
LONGEST_CURSOR = 1000


@dataclass
class KeysetPage(Generic[Row]):
    """One page: the rows, and the cursors of its neighbours (None at either end)."""

    rows: list[Row] = field(default_factory=list)
    before: str | None = None
    after: str | None = None

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return bool(self.rows)


def keyset_page(
    queryset: QuerySet[Row],
    ordering: Sequence[str] = ("-occurred_from", "-id"),
    after: str | None = None,
    before: str | None = None,
    size: int = SIZE,
    parts: Sequence[Q] = (),
    sought: Q | None = None,
    indexed: QuerySet[Row] | None = None,
) -> KeysetPage[Row]:
    """Return the page of `size` rows after (or before) a cursor, in `ordering`.

    `ordering` names columns that are never empty, the last of them unique; an index over them makes
    the page cheap. `before` counts only when there is no readable `after`.

    `parts`: conditions of which every row fulfils exactly one and in each of which an index reads
    the rows in order (the sites of a person); the page is merged of the first rows of each.
    `sought`: a condition that no index reads in order (words of a text). It is looked for in the
    next `NEAR` rows first, which finds what is frequent; what is rare is found by its own index.
    `indexed`: the same rows narrowed by what that index can tell, asked so that it is read alone.
    """
    keys = [name.removeprefix("-") for name in ordering]
    onward = _read(queryset.model, keys, after)
    back = _read(queryset.model, keys, before) if onward is None else None

    if back is not None:
        found = _first(queryset, _turned(ordering), back, size + 1, parts, sought, indexed)
        more = len(found) > size
        rows = found[:size][::-1]
        if not rows:
            return keyset_page(
                queryset, ordering, size=size, parts=parts, sought=sought, indexed=indexed
            )
        return KeysetPage(rows, _write(rows[0], keys) if more else None, _write(rows[-1], keys))

    found = _first(queryset, ordering, onward, size + 1, parts, sought, indexed)
    more = len(found) > size
    rows = found[:size]
    return KeysetPage(
        rows,
        _write(rows[0], keys) if rows and onward is not None else None,
        _write(rows[-1], keys) if rows and more else None,
    )


def _first(
    queryset: QuerySet[Row],
    ordering: Sequence[str],
    values: list[Any] | None,
    many: int,
    parts: Sequence[Q],
    sought: Q | None,
    indexed: QuerySet[Row] | None,
) -> list[Row]:
    """Return the first `many` rows beyond `values`, by the reading that their indexes allow."""
    rows = _beyond(queryset, ordering, values)
    if sought is None:
        return _merged(rows, ordering, many, parts)
    first = ordering[0].removeprefix("-")
    turned = ordering[0].startswith("-")
    found: list[Row] = []
    # What lies beyond the rows that were looked through.
    left: dict[str, Any] = {}
    for depth in (NEAR, FARTHER):
        edges = [
            edge
            for part in parts or [Q()]
            for edge in rows.filter(part).values_list(first, flat=True)[depth : depth + 1]
        ]
        missing = many - len(found)
        if not edges:
            return found + _merged(rows.filter(sought, **left), ordering, missing, parts)
        # Up to the nearest edge every part was read whole: what is found there is without a gap.
        edge = max(edges) if turned else min(edges)
        near = rows.filter(sought, **left, **{f"{first}__{'gte' if turned else 'lte'}": edge})
        found += _merged(near, ordering, missing, parts)
        if len(found) == many:
            return found
        left = {f"{first}__{'lt' if turned else 'gt'}": edge}
        # Once in a hundred rows of a large table: its index would find more rows than are here.
        if len(found) * 100 < depth or not _is_large(rows.model):
            break
    # The same value as an expression that is in no index: else the planner, expecting to meet a row
    # soon, walks the ordered index past every row there is.
    value = Coalesce(F(first), F(first))
    by_value = value.desc() if turned else value.asc()
    with _dear_comparisons():
        far = rows if indexed is None else _beyond(indexed, ordering, values)
        # Keys alone: the planner, expecting a row or none, would read the tables that are joined
        # whole for each of the hundreds that a name of a place has.
        far = far.filter(sought, **left).order_by(by_value, *ordering[1:])
        keys = list(far.values_list("pk", flat=True)[: many - len(found)])
    return found + list(rows.filter(pk__in=keys)) if keys else found


def _is_large(model: type[Model]) -> bool:
    """Whether a table holds many rows, as the planner believes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table]
        )
        return bool(cursor.fetchone()[0] > LARGE)


@contextmanager
def _dear_comparisons() -> Iterator[None]:
    """Let the planner know that looking through a text costs more than comparing two numbers.

    At its usual price it reads every row of a site to search a frequent word in it, eight times
    as slow as asking the word's index. And no helpers: starting them takes longer than a page.
    Holds for this transaction at most.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('cpu_operator_cost'),"
            " current_setting('max_parallel_workers_per_gather'),"
            " set_config('cpu_operator_cost', %s, true),"
            " set_config('max_parallel_workers_per_gather', '0', true)",
            [DEAR],
        )
        before = cursor.fetchone()[:2]
        yield
        cursor.execute(
            "SELECT set_config('cpu_operator_cost', %s, true),"
            " set_config('max_parallel_workers_per_gather', %s, true)",
            before,
        )


def _merged(
    rows: QuerySet[Row], ordering: Sequence[str], many: int, parts: Sequence[Q]
) -> list[Row]:
    """Return the first `many` rows of all parts together."""
    if len(parts) < 2:
        return list(rows.filter(*parts)[:many])
    names = dict.fromkeys(["pk", *(name.removeprefix("-") for name in ordering)])
    first, *others = (rows.filter(part).values_list(*names)[:many] for part in parts)
    merged = first.union(*others, all=True).order_by(*ordering)[:many]
    return list(rows.filter(pk__in=[row[0] for row in merged]))


def _turned(ordering: Sequence[str]) -> list[str]:
    """Return the same ordering the other way round."""
    return [name[1:] if name.startswith("-") else f"-{name}" for name in ordering]


def _beyond(
    queryset: QuerySet[Row], ordering: Sequence[str], values: list[Any] | None
) -> QuerySet[Row]:
    """Return the rows that come after `values` in `ordering`.

    The first key is bounded by itself as well, so that the index narrows before the rest is
    compared.
    """
    queryset = queryset.order_by(*ordering)
    if values is None:
        return queryset
    condition = Q()
    so_far: dict[str, Any] = {}
    for name, value in zip(ordering, values, strict=True):
        key = name.removeprefix("-")
        way = "lt" if name.startswith("-") else "gt"
        condition |= Q(**so_far, **{f"{key}__{way}": value})
        so_far[key] = value
    first = ordering[0]
    bound = {f"{first.removeprefix('-')}__{'lte' if first.startswith('-') else 'gte'}": values[0]}
    return queryset.filter(condition, **bound)


def _write(row: Model, keys: Sequence[str]) -> str:
    """Return the cursor of a row."""
    values = []
    for key in keys:
        value: Any = row
        for part in key.split("__"):
            value = getattr(value, part)
        if isinstance(value, datetime | date):
            value = value.isoformat()
        elif isinstance(value, Decimal | UUID):
            value = str(value)
        values.append(value)
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(model: type[Model], keys: Sequence[str], cursor: str | None) -> list[Any] | None:
    """Return a cursor's values as its columns understand them, or None when it cannot be read."""
    if not cursor or len(cursor) > LONGEST_CURSOR:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = json.loads(text)
        if not isinstance(values, list) or len(values) != len(keys):
            return None
        return [_column(model, key, value) for key, value in zip(keys, values, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, ValidationError):
        return None


def _column(model: type[Model], key: str, value: Any) -> Any:
    """Return one value as its column's type; a value of another type is an error."""
    if value is None or isinstance(value, list | dict | bool):
        raise ValueError(key)
    *path, name = key.split("__")
    for part in path:
        related = model._meta.get_field(part).related_model
        if not (isinstance(related, type) and issubclass(related, Model)):
            raise ValueError(key)
        model = related
    try:
        column = model._meta.pk if name == "pk" else model._meta.get_field(name)
    except FieldDoesNotExist:  # an annotation: the database compares it as it stands
        return value
    if not isinstance(column, Field):
        raise ValueError(key)
    read = column.to_python(value)
    column.run_validators(read)
    if isinstance(read, str) and "\x00" in read:
        raise ValueError(key)
    return read
