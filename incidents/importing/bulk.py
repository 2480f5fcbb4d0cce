"""Many new rows at once, by COPY: some five times quicker than INSERT through the ORM.

For rows whose values were checked before; constraints and triggers of the table hold as always.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, models

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


def copy_in(model: type[models.Model], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows (attribute names such as `site_id` -> values); how many. Missing ones default."""
    fixed, made = defaults(model)
    names = [*fixed, *made]
    columns = {field.attname: field.column for field in model._meta.concrete_fields}
    listed = ", ".join(f'"{columns[name]}"' for name in names)
    written = {name: _cell(value) for name, value in fixed.items()}
    buffer, count = io.StringIO(), 0
    for row in rows:
        cells = [
            _cell(row[name])
            if name in row
            else (written[name] if name in written else _cell(made[name]()))
            for name in names
        ]
        buffer.write("\t".join(cells) + "\n")
        count += 1
    if count:
        buffer.seek(0)
        with connection.cursor() as cursor:
            cursor.copy_expert(f'COPY "{model._meta.db_table}" ({listed}) FROM STDIN', buffer)
    return count
