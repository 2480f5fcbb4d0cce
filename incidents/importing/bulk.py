"""Many new rows at once, by COPY: some five times quicker than INSERT through the ORM.

For rows whose values were checked before; constraints and triggers of the table hold as always. The
rows are sent while they are made, so that the database writes one while the next is worked out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, models

#: So many rows are sent at once.
_TOGETHER = 50
_ODD = re.compile("[\\\\\n\r\t\x00]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x00": None})


def _array(value: Iterable[Any]) -> str:
    parts = ('"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"' for v in value)
    return ("{" + ",".join(parts) + "}").translate(_ESCAPES)


def _cell(value: Any) -> str:
    """A value as COPY's text format has it."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES) if _ODD.search(value) else value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
        return text.translate(_ESCAPES) if _ODD.search(text) else text
    if isinstance(value, list | tuple):
        return _array(value)
    return str(value)


#: By the exact type of a value, as most are; others go the long way.
_BY_TYPE: dict[type, Callable[[Any], str]] = {
    str: lambda text: text.translate(_ESCAPES) if _ODD.search(text) else text,
    int: str,
    float: repr,
    UUID: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
    type(None): lambda _nothing: "\\N",
}


def defaults(model: type[models.Model]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """The fixed defaults of a model by column name, and those to be asked for row by row.

    Fields that the database fills in (an automatic key) are left out; `auto_now` is the caller's.
    """
    fixed: dict[str, Any] = {}
    made: dict[str, Callable[[], Any]] = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField):
            continue
        if not field.has_default():
            fixed[field.attname] = None if field.null else ""
        elif callable(field.default):
            made[field.attname] = field.default
        else:
            fixed[field.attname] = field.default
    return fixed, made


def _shape(
    given: tuple[str, ...],
    names: list[str],
    fixed: Mapping[str, str],
    made: Mapping[str, Callable[[], Any]],
) -> list[tuple[str, Any]]:
    """How a row with these names becomes a line, in the order of the columns.

    (name, None): the row's value; ("", text): what all rows have, neighbours in one piece;
    ("", function): what is asked for anew.
    """
    shape: list[tuple[str, Any]] = []
    for name in names:
        if name in given:
            shape.append((name, None))
        elif name not in fixed:
            shape.append(("", made[name]))
        elif shape and isinstance(shape[-1][1], str):
            shape[-1] = ("", f"{shape[-1][1]}\t{fixed[name]}")
        else:
            shape.append(("", fixed[name]))
    return shape


class _Lines:
    """Rows as a file of COPY's text that is made as far as it is read."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], names: list[str], fixed: Any, made: Any):
        self.count = 0
        #: What went wrong while a row was made. The database is not told: it might write it down.
        self.fault: BaseException | None = None
        self._parts = self._texts(rows, names, fixed, made)

    def _texts(
        self,
        rows: Iterable[Mapping[str, Any]],
        names: list[str],
        fixed: Mapping[str, str],
        made: Mapping[str, Callable[[], Any]],
    ) -> Iterator[bytes]:
        lines: list[str] = []
        shapes: dict[tuple[str, ...], list[tuple[str, Any]]] = {}
        for row in rows:
            given = tuple(row)
            shape = shapes.get(given)
            if shape is None:
                shape = shapes[given] = _shape(given, names, fixed, made)
            cells = []
            for name, told in shape:
                if name:
                    value = row[name]
                    cells.append(_BY_TYPE.get(type(value), _cell)(value))
                else:
                    cells.append(told if type(told) is str else _cell(told()))
            lines.append("\t".join(cells))
            self.count += 1
            if len(lines) == _TOGETHER:
                yield ("\n".join(lines) + "\n").encode()
                lines.clear()
        if lines:
            yield ("\n".join(lines) + "\n").encode()

    def read(self, _size: int = -1) -> bytes:
        """The next rows, few or many; nothing at the end."""
        try:
            return next(self._parts, b"")
        except BaseException as fault:
            self.fault = fault
            raise RuntimeError("A row could not be made.") from None


def copy_in(
    model: type[models.Model],
    rows: Iterable[Mapping[str, Any]],
    *,
    same: Mapping[str, Any] | None = None,
) -> int:
    """Write rows (attribute names such as `site_id` -> values); how many. Missing ones default.

    `same` is what all of the rows have alike. Rows that are made one by one (a generator) are sent
    as they come; while they are, nothing else can be asked of the database.
    """
    fixed, made = defaults(model)
    columns = {field.attname: field.column for field in model._meta.concrete_fields}
    names = [*fixed, *made]
    listed = ", ".join(f'"{columns[name]}"' for name in names)
    written = {name: _cell(value) for name, value in {**fixed, **(same or {})}.items()}
    lines = _Lines(rows, names, written, made)
    with connection.cursor() as cursor:
        try:
            cursor.copy_expert(f'COPY "{model._meta.db_table}" ({listed}) FROM STDIN', lines)
        except Exception:
            if lines.fault is not None:
                raise lines.fault from None
            raise
    return lines.count
