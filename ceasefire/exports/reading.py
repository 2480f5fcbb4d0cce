"""Reading the next rows while those before them are written."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from ceasefire.exports.columns import iterate

__all__ = ["ahead"]

#: Rows of one reading; two such lots are in memory.
LOT = 2000


def ahead(rows: QuerySet[Any, Any]) -> Generator[Any, None, None]:
    """The rows of a long queryset, in order, read by a thread a lot ahead of whoever takes them.

    PostgreSQL finds the next lot while this one is written. Both are of the one question, which is
    asked here, by whoever takes the first row: inside their transaction, under their role. So no
    row may ask one of its own: what a thread asks goes over another connection, under no role.
    Take `.values_list()` or rows whose related ones are joined; with `prefetch_related` this raises
    ValueError. Close it (`contextlib.closing`) before the transaction ends.
    """
    if rows._prefetch_related_lookups:  # type: ignore[attr-defined]
        raise ValueError("Related rows are asked for lot by lot: they can not be read ahead.")
    return _ahead(rows)


def _ahead(rows: QuerySet[Any, Any]) -> Generator[Any, None, None]:
    found: Any = iterate(rows)
    # The thread has ended its reading before the question is closed.
    with closing(found), ThreadPoolExecutor(1) as reader:
        lot = list(islice(found, LOT))
        while len(lot) == LOT:
            coming = reader.submit(lambda: list(islice(found, LOT)))
            yield from lot
            lot = coming.result()
        yield from lot
