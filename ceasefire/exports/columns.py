"""Columns: what a table has in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from operator import attrgetter
from typing import Any, Literal

from django.db import connection

from ceasefire.exports.cells import clean_text
from ceasefire.periods import BAGHDAD

__all__ = [
    "LONGEST_REMEMBERED",
    "REMEMBERED",
    "Cancelled",
    "Column",
    "ControlTotals",
    "Header",
    "Kind",
    "iterate",
    "read_cell",
]

Kind = Literal["text", "int", "decimal", "date", "datetime", "code"]
#: Whether the first row holds the columns' keys (for programs, and for reading back in) or their
#: labels in the reader's language.
Header = Literal["key", "label"]

NUMBERS = frozenset({"int", "decimal"})
#: The writers remember the cell of a value that comes again: of each column for as many values as
#: this, of cells so long. Some megabytes at most.
REMEMBERED, LONGEST_REMEMBERED = 5000, 200
KINDS = frozenset({"text", "int", "decimal", "date", "datetime", "code"})


class Cancelled(Exception):
    """The person stopped the export; raised by a progress callback, nothing is left behind."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `value` says where a row's value comes from: a callable that takes the row, or the name of an
    attribute or dictionary key (dots or double underscores lead on to related ones); without it,
    `key` is that name. Kinds: "text" and "code" (a text that keeps its order in Arabic and is never
    a number), "int", "decimal" (`places` decimals), "date", "datetime". `total` adds the column to
    the control totals. `width` is in characters. `tag` is its HXL tag and `meaning` a sentence for
    the data dictionary.
    """

    key: str
    label: Any
    kind: Kind = "text"
    value: Callable[[Any], Any] | str | None = None
    width: int | None = None
    places: int = 2
    total: bool = False
    tag: str = ""
    meaning: Any = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of column.")
        if self.total and self.kind not in NUMBERS:
            raise ValueError(f"Column {self.key!r} holds no numbers, so it has no total.")

    def reader(self) -> Callable[[Any], Any]:
        """A function that takes a row and returns this column's value, fast in a long loop."""
        if callable(self.value):
            return self.value
        path = (self.value or self.key).replace("__", ".")
        from_object = attrgetter(path)

        def read(row: Any) -> Any:
            if isinstance(row, Mapping):
                return row[self.value or self.key]
            try:
                return from_object(row)
            except AttributeError:
                return _follow(row, path)

        return read


def _follow(row: Any, path: str) -> Any:
    """Follow a dotted path that ends where a related row is absent."""
    for name in path.split("."):
        row = getattr(row, name)
        if row is None:
            return None
    return row


def read_cell(value: Any) -> str | int | Decimal | date | datetime | None:
    """A value as the writers know it: cleaned text, a real number, a day, a moment or nothing.

    Moments become Baghdad time, lists become "a; b", NaN and infinity become nothing.
    """
    kind = type(value)  # the usual kinds first: this runs once a cell
    if kind is str:
        return clean_text(value) if value else None
    if kind is int or value is None:
        return value
    if kind is datetime and value.tzinfo is not None:
        return value.astimezone(BAGHDAD)
    if kind is list:
        return "; ".join([clean_text(str(part)) for part in value])
    if kind is float and isfinite(value):
        return Decimal(repr(value))
    if isinstance(value, str):
        return clean_text(str.__str__(value)) or None  # safe strings and choices become plain ones
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, datetime):
        return value.astimezone(BAGHDAD) if value.tzinfo else value.replace(tzinfo=BAGHDAD)
    if isinstance(value, date):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return "; ".join(clean_text(str(part)) for part in parts)
    return clean_text(str(value))


class ControlTotals:
    """Counts the rows and adds up the columns that have a total, as the rows go by."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self.rows = 0
        self._positions = [at for at, column in enumerate(columns) if column.total]
        self._sums: dict[int, Decimal] = dict.fromkeys(self._positions, Decimal(0))

    def add(self, values: Sequence[Any]) -> None:
        """Add one row of values; what `read_cell` makes no number of counts for nothing."""
        self.rows += 1
        for at in self._positions:
            value = read_cell(values[at])
            if isinstance(value, (int, Decimal)):
                self._sums[at] += value

    def sums(self) -> list[tuple[Column, Decimal]]:
        """Each column that has a total, with it."""
        return [(self.columns[at], total) for at, total in self._sums.items()]


def iterate(rows: Iterable[Any]) -> Iterator[Any]:
    """Go through rows once; a queryset through a server-side cursor, never all in memory.

    Related rows asked for by `prefetch_related` are fetched for 2,000 rows at a time. PostgreSQL
    takes it that only a tenth of a cursor's rows is ever read, and then looks for the way that
    gives the first ones soon; here all are.
    """
    if hasattr(rows, "iterator") and hasattr(rows, "model"):
        if connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL cursor_tuple_fraction = 1")
        return rows.iterator(chunk_size=2000)
    return iter(rows)
