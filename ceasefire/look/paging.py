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
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)

SIZE = 50
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
) -> KeysetPage[Row]:
    """Return the page of `size` rows after (or before) a cursor, in `ordering`.

    `ordering` names columns that are never empty, the last of them unique; an index over them makes
    the page cheap. `before` counts only when there is no readable `after`.
    """
    keys = [name.removeprefix("-") for name in ordering]
    onward = _read(queryset.model, keys, after)
    back = _read(queryset.model, keys, before) if onward is None else None

    if back is not None:
        found = list(_beyond(queryset, _turned(ordering), back)[: size + 1])
        more = len(found) > size
        rows = found[:size][::-1]
        if not rows:
            return keyset_page(queryset, ordering, size=size)
        return KeysetPage(rows, _write(rows[0], keys) if more else None, _write(rows[-1], keys))

    found = list(_beyond(queryset, ordering, onward)[: size + 1])
    more = len(found) > size
    rows = found[:size]
    return KeysetPage(
        rows,
        _write(rows[0], keys) if rows and onward is not None else None,
        _write(rows[-1], keys) if rows and more else None,
    )


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
