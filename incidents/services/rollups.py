"""Keeping the counts by week, place and type: folding what was appended, checking, setting right.

The triggers of migration 0015 append what each change adds to a cell; the functions called here are
the database's own, since nobody else may write those tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from ceasefire import audit
from ceasefire.people.models import User
from incidents.rollups import MEASURES

#: So many appended rows are folded in a transaction.
BATCH = 50_000
_VIEWS = ("incidents_weeklyoff", "incidents_weeklyplaceoff")
_KEYS = ("site_id", "week_start", "area_id", "has_district", "type", "is_sensitive")


@dataclass(frozen=True)
class Difference:
    """A cell whose numbers are not what the rows give: by how much each is too small."""

    #: `district` or `place`: of which table.
    table: str
    cell: dict[str, Any]
    missing: dict[str, int]


def fold(*, most: int = BATCH) -> int:
    """Fold what was appended, the oldest first, in transactions of `most` rows; how many rows.

    Safe to run at any time and by several at once: whoever finds another folding leaves it to them.
    Numbers are right before and after, it is only quicker to read them. Not within a transaction
    that goes on: until it commits nobody else folds.
    """
    folded = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT public.incident_rollups_fold(%s)", [most])
            done = cursor.fetchone()[0]
        folded += max(done, 0)
        if done < most:
            return folded


def waiting() -> bool:
    """Whether anything was appended that is not folded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM incidents_weeklydelta)")
        return bool(cursor.fetchone()[0])


def differences() -> Iterator[Difference]:
    """Every cell that is not as the rows have it: none, while everything holds.

    Counts every incident anew (seconds at a million), and sees rows and counts as of one moment,
    whoever writes meanwhile.
    """
    for view in _VIEWS:
        keys = _KEYS if view == _VIEWS[0] else (*_KEYS, "place_id")
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join([*keys, *MEASURES])} FROM {view}"  # noqa: S608
                f" ORDER BY {', '.join(keys)}"
            )
            found = cursor.fetchall()
        for row in found:
            numbers = zip(MEASURES, row[len(keys) :], strict=True)
            yield Difference(
                table="district" if view == _VIEWS[0] else "place",
                cell=dict(zip(keys, row, strict=False)),
                missing={name: int(number) for name, number in numbers if number},
            )


@transaction.atomic
def mend(*, by: User | None = None) -> int:
    """Set right every cell that differs; how many differed. Recorded in the trail where any did.

    People may go on recording meanwhile. Two who mend, or fold, take turns.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.incident_rollups_mend(NULL)")
        cells = int(cursor.fetchone()[0])
    if cells:
        audit.record("rollups.mended", by=by, detail={"cells": cells})
    return cells
