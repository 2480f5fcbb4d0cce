"""Counts by week, place and type: what keeping them costs an import, and how soon they are read.

First a list is read in twice, 200,000 rows with --long: once with the triggers that append to the
counts put aside, once with them; then what was appended is folded. Then a crowd's counts (100,000;
1,000,000 with --long; or that of --reuse) are read by week and district over two years, as the
dashboard does, beside counting the rows, and all are checked.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from tests.bench.bench_import import ROWS, ROWS_LONG, made_up
from tests.bench.database import crowded, throw_away_database

SMALL, LARGE = 100_000, 1_000_000
#: After an import everything is folded within so many seconds.
SECONDS = 60.0
#: Reading what is kept is so many times as quick as counting the rows.
TIMES = 10.0


def run(report: Any, long: bool) -> None:
    """An import with and without the triggers; then reading and checking."""
    scale = report.scale
    if not scale.reuse:
        with throw_away_database():
            _import(report, ROWS_LONG if long else ROWS)
    size = scale.size or (LARGE if long else SMALL)
    with crowded(size, keep=scale.keep, reuse=scale.reuse) as crowd:
        _reading(report, crowd)


def _import(report: Any, count: int) -> None:
    from django.db import connection

    from incidents import importing
    from incidents.models import WeeklyDelta
    from incidents.services import rollups

    def read_in(prefix: str) -> float:
        content = made_up(count, prefix=prefix)
        began = time.perf_counter()
        if importing.import_file(content, format="ucdp-ged", by=None).created != count:
            raise RuntimeError("The list was not read in.")
        return time.perf_counter() - began

    with _triggers_aside():
        without = read_in("without")
    rollups.mend()
    appended = read_in("with")
    waiting = WeeklyDelta.objects.count()
    began = time.perf_counter()
    rollups.fold()
    folding = time.perf_counter() - began
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM incidents_incident"
            " GROUP BY site_id, date_trunc('week', occurred_on), place_id, type, is_sensitive) c"
        )
        cells = cursor.fetchone()[0]
    counting = time.perf_counter() - began
    if list(rollups.differences()):
        raise RuntimeError("Counts are not as the rows say.")
    report.line(f"{count:,} rows read in, {waiting:,} changes appended, {cells:,} cells in all")
    report.figure("import, times the same without triggers", appended / without, "times", 1.25)
    report.figure("folding after the import", folding, "s", SECONDS)
    report.figure("floor: counting all rows by cell once", counting, "s")
    report.figure("folding, times that floor", folding / counting, "times")


@contextmanager
def _triggers_aside() -> Iterator[None]:
    from django.db import connection

    from ceasefire.database.roles import as_owner

    def say(verb: str) -> None:
        with as_owner(connection), connection.cursor() as cursor:
            cursor.execute(
                f"ALTER TABLE incidents_incident {verb} TRIGGER counts_follow_new_incidents"
            )

    say("DISABLE")
    try:
        yield
    finally:
        say("ENABLE")


def _reading(report: Any, crowd: Any) -> None:
    from django.db import connection

    from ceasefire import periods
    from incidents import measures, rollups
    from incidents.services import rollups as keeping

    site = crowd.sites[0]
    end = periods.Week.of(periods.today(), site.week_start).end
    start = end - timedelta(weeks=104)
    report.line(f"{crowd.size:,} incidents at {len(crowd.sites)} sites")
    began = time.perf_counter()
    folded = keeping.fold()
    report.figure(f"folding {folded:,} changes", time.perf_counter() - began, "s")
    asked: dict[str, Callable[[], Any]] = {
        "two years of a site, by week, district and type": lambda: rollups.weekly_counts(
            site.pk, start, end
        ),
        "the same, counting the rows": lambda: measures.weekly_counts(site.pk, start, end),
        "two years of all sites, by week and district": lambda: rollups.weekly(
            [one.pk for one in crowd.sites],
            start,
            end,
            exclude_sensitive=True,
            by=("week", "district"),
        ),
        "a year of a site, by place": lambda: rollups.weekly(
            [site.pk], end - timedelta(weeks=52), end, exclude_sensitive=True, by=("place",)
        ),
        "this week of a site": lambda: rollups.weekly(
            [site.pk], end - timedelta(weeks=1), end, exclude_sensitive=True, by=()
        ),
        "floor: one row": lambda: _one_row(connection),
    }
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for _round in range(report.scale.rounds):
        for name, ask in asked.items():
            began = time.perf_counter()
            ask()
            taken[name].append((time.perf_counter() - began) * 1000)
    for name, times in taken.items():
        report.figure(name, statistics.median(times), "ms")
    kept, rows = (statistics.median(taken[name]) for name in list(asked)[:2])
    report.ratio("kept counts, times as quick as the rows", rows / kept, "times", TIMES)
    if rollups.weekly_counts(site.pk, start, end) != measures.weekly_counts(site.pk, start, end):
        raise RuntimeError("What is kept is not what the rows say.")
    began = time.perf_counter()
    wrong = sum(1 for _one in keeping.differences())
    report.figure("checking every count", time.perf_counter() - began, "s")
    report.figure("cells that differ", wrong, "", 0)


def _one_row(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
