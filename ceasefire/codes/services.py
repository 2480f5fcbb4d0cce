"""Reading code lists and taking the next record number."""

from functools import lru_cache

from django.db import connection
from django.utils.translation import get_language


@lru_cache(maxsize=1)
def _rows() -> dict[str, dict[str, tuple[str, str, str, bool]]]:
    from ceasefire.codes.models import Code

    lists: dict[str, dict[str, tuple[str, str, str, bool]]] = {}
    for row in Code.objects.order_by("list", "order", "code"):
        lists.setdefault(row.list, {})[row.code] = (
            row.label_en,
            row.label_ar,
            row.family,
            row.valid_to is None,
        )
    return lists


def forget() -> None:
    """Read the lists anew; for whoever changes a code. Other processes read at their start."""
    _rows.cache_clear()


def _one(name: str) -> dict[str, tuple[str, str, str, bool]]:
    lists = _rows()
    if not lists:
        # Asked before the first migration: do not remember an empty answer.
        forget()
    return lists.get(name, {})


def choices(name: str, *, retired: bool = False) -> list[tuple[str, str]]:
    """(code, label in the reader's language) of a list in its order; open codes by default."""
    arabic = (get_language() or "en").startswith("ar")
    return [
        (code, ar if arabic else en)
        for code, (en, ar, _family, is_open) in _one(name).items()
        if is_open or retired
    ]


def label(name: str, code: str, language: str | None = None) -> str:
    """The label of one code, retired ones included; the code itself where it is unknown."""
    arabic = (language or get_language() or "en").startswith("ar")
    row = _one(name).get(code)
    return code if row is None else row[1] if arabic else row[0]


def family(name: str, code: str) -> str:
    """The family of a code, e.g. `killing` for MUR; empty where it has none."""
    row = _one(name).get(code)
    return row[2] if row else ""


def next_number(series: str, year: int) -> int:
    """The next number of a series in a year, from 1; unique under any number of writers.

    The counter's row stays locked to the end of the caller's transaction, so a rolled-back record
    leaves no gap.
    """
    return reserve_numbers(series, year, 1)


def reserve_numbers(series: str, year: int, count: int) -> int:
    """Take `count` numbers of a series at once, for an import; the first of them is returned."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO codes_counter (series, year, last) VALUES (%s, %s, %s)
            ON CONFLICT (series, year) DO UPDATE SET last = codes_counter.last + EXCLUDED.last
            RETURNING last
            """,
            [series, year, count],
        )
        return int(cursor.fetchone()[0]) - count + 1
