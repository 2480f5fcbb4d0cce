"""The CSV writer."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ceasefire.exports.cells import clean_text, escape_cell
from ceasefire.exports.columns import (
    LONGEST_REMEMBERED,
    REMEMBERED,
    Column,
    Header,
    iterate,
    read_cell,
)

__all__ = ["write_csv"]

BOM = "\ufeff".encode()
_CHUNK = 32 * 1024
_PROGRESS_EVERY = 1000


def write_csv(
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    header: Header = "key",
    tags: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Iterator[bytes]:
    """Yield a CSV file piece by piece, the header at once: UTF-8 with BOM, CRLF, commas.

    The first row holds the keys, which `import` reads back; `header="label"` puts the labels in the
    active language instead; `tags` puts a row of HXL tags under it. Days are YYYY-MM-DD, moments
    ISO 8601 in Baghdad time, numbers bare with a point. Text is always quoted, so that a program
    that separates cells by semicolons cannot cut it, and escaped by `escape_cell`. `progress` is
    told the number of rows now and then and may raise `Cancelled`.
    """
    names = [column.key if header == "key" else str(column.label) for column in columns]
    makers = [_maker(column) for column in columns]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")

    def flush() -> bytes:
        piece = buffer.getvalue().encode("utf-8")
        buffer.seek(0)
        buffer.truncate()
        return piece

    csv.writer(buffer, lineterminator="\r\n").writerow([escape_cell(name) for name in names])
    if tags:
        csv.writer(buffer, lineterminator="\r\n").writerow([column.tag for column in columns])
    yield BOM + flush()

    done = 0
    for row in iterate(rows):
        writer.writerow([make(row) for make in makers])
        done += 1
        if progress is not None and done % _PROGRESS_EVERY == 0:
            progress(done)
        if buffer.tell() > _CHUNK:
            yield flush()
    if progress is not None:
        progress(done)
    if buffer.tell():
        yield flush()


def _maker(column: Column) -> Callable[[Any], str | int | Decimal]:
    """A function that takes a row and returns the cell; texts that come again are remembered."""
    read = column.reader()
    known: dict[str, Any] = {}

    def make(row: Any) -> str | int | Decimal:
        value = read(row)
        if type(value) is not str:
            return value if type(value) is int else csv_value(value)
        cell = known.get(value)
        if cell is None:
            cell = csv_value(value)
            if len(known) < REMEMBERED and len(value) < LONGEST_REMEMBERED:
                known[value] = cell
        return cell  # type: ignore[no-any-return]

    return make


def csv_value(value: Any) -> str | int | Decimal:
    """A value as it stands in the file: numbers stay numbers, all else is safe text."""
    kind = type(value)  # the usual kinds first: this runs once a cell
    if kind is int:
        return value
    if kind is not str:
        value = read_cell(value)
        if value is None:
            return ""
    if isinstance(value, str):
        text = clean_text(value)
        return text if text[:1].isalnum() else escape_cell(text)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # 1E+3 is a number to few programs; digits are one to all.
        return value if "E" not in str(value) else format(value, "f")
    return value
