"""Several lists of rows in one statement: for a page that shows a little of much.

`together` asks what is known at once; `answered` lets the parts of a page, which know nothing of
each other, say what they want to know.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def together(asked: Mapping[str, QuerySet[Any]]) -> dict[str, list[Any]]:
    """The rows of each query under its name, in its order, all read at one moment.

    For lists of some dozens of rows: a question to the database costs more than such a list. Any
    query will do, joined models, annotations, tuples and prefetched rows (which are further
    questions) included.
    """
    found: dict[str, list[Any]] = {name: [] for name in asked}
    parts: list[_Part] = []
    for name, rows in asked.items():
        try:
            parts.append(_Part(name, rows))
        except EmptyResultSet:
            continue
    if parts:
        for part, rows_of_part in zip(parts, _read(parts), strict=True):
            found[part.name] = part.made(rows_of_part)
    return found


class _Part:
    """One query of several: its statement, and how its rows become what it promises."""

    def __init__(self, name: str, rows: QuerySet[Any]) -> None:
        self.name, self._rows = name, rows.all()
        self._compiler = rows.query.get_compiler(connection=connection)
        self.sql, self.parameters = self._compiler.as_sql()
        self.width: int = self._compiler.col_count

    def made(self, values: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Instances or tuples: the query's own reading, given the values in the answer's place."""
        compiler = self._compiler
        compiler.execute_sql = lambda *_args, **_options: [list(values)]
        self._rows.query.get_compiler = lambda *_args, **_options: compiler  # type: ignore[method-assign]
        return list(self._rows)


def _read(parts: list[_Part]) -> list[list[tuple[Any, ...]]]:
    """The values of each part: a statement whose rows are the first part's, then the second's, ...

    The columns of all parts stand beside each other, so that each keeps its type; a row fills those
    of one part. Its number there keeps its place, and is empty where the part has no row.
    """
    heads, joins, parameters, starts = [], [], [], []
    at = 1
    for number, part in enumerate(parts):
        columns = [f"c{one}" for one in range(part.width)]
        heads.append(f"q{number}.*")
        joins.append(
            f"LEFT JOIN LATERAL (SELECT row_number() OVER (), {', '.join(columns)}"  # noqa: S608
            f" FROM ({part.sql}) AS rows_of ({', '.join(columns)}) WHERE part.number = {number}"
            f") AS q{number} ON true"
        )
        parameters += part.parameters
        starts.append(at)
        at += part.width + 1
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT part.number, {', '.join(heads)}"  # noqa: S608
            f" FROM generate_series(0, {len(parts) - 1}) AS part (number) {' '.join(joins)}",
            parameters,
        )
        rows = cursor.fetchall()
    read: list[list[tuple[Any, ...]]] = [[] for _part in parts]
    for row in sorted(rows, key=lambda row: (row[0], row[starts[row[0]]] or 0)):
        start = starts[row[0]]
        if row[start] is not None:
            read[row[0]].append(row[start + 1 : start + 1 + parts[row[0]].width])
    return read


def answered(parts: Iterable[Any]) -> list[Any]:
    """What each part of a page comes to; what parts ask at the same turn is one statement.

    A part is a result, or a generator that asks by `rows = yield {"name": queryset}`, as often as
    it has to, and returns its result.
    """
    made = list(parts)
    asking = {at: part for at, part in enumerate(made) if isinstance(part, Generator)}
    answers: dict[int, Any] = dict.fromkeys(asking)  # nothing, at first: that starts them
    while asking:
        asked: dict[int, Mapping[str, QuerySet[Any]]] = {}
        for at, part in list(asking.items()):
            try:
                asked[at] = part.send(answers[at])
            except StopIteration as end:
                made[at] = end.value
                del asking[at]
        found = together(
            {f"{at} {name}": rows for at, part in asked.items() for name, rows in part.items()}
        )
        answers = {at: {name: found[f"{at} {name}"] for name in part} for at, part in asked.items()}
    return made
