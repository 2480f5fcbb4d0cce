"""How fast the demonstration is loaded and a list is read in: 200,000 rows of it with --long.

The rows are made up in the columns of UCDP GED, points in Basrah governorate. The base is a COPY of
all incidents into a table with the same columns and no index: what the bare bytes take. At the end
a file with scattered errors is refused, then read in without them, and the kept counts are folded;
with --reuse that is all, in the database of that name, and it is undone there.
"""

from __future__ import annotations

import io
import random
import resource
import time
from typing import Any

from tests.bench.database import crowded, throw_away_database

ROWS, ROWS_LONG = 7_500, 200_000
#: Of so many rows one is wrong, where rows are left out.
WRONG = 50
ROWS_A_SECOND = 2_000
DEMO_SECONDS = 20.0
#: After an import everything is folded within so many seconds.
FOLD_SECONDS = 60.0


def made_up(count: int, *, wrong: int = 0, prefix: str = "bench") -> bytes:
    """`count` rows in UCDP's columns; one of `wrong` says a day that there is not."""
    dice = random.Random(1)
    lines = [
        "id,type_of_violence,date_start,date_end,date_prec,adm_1,where_coordinates,where_prec,"
        "latitude,longitude,best,low,high,side_a,side_b,number_of_sources"
    ]
    for number in range(count):
        day = f"{dice.randint(2003, 2018)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
        if wrong and number % wrong == wrong // 2:
            day = "2011-02-30"
        dead = dice.randint(0, 9)
        lines.append(
            f"{prefix}-{number},{dice.randint(1, 3)},{day},{day},{dice.randint(1, 3)},"
            f"Basra province,Place {dice.randint(1, 200)},{dice.randint(1, 4)},"
            f"{dice.uniform(30.45, 30.6):.5f},{dice.uniform(47.7, 47.85):.5f},{dead},{dead},"
            f"{dead + 1},Side A,Side B,{dice.randint(1, 4)}"
        )
    return "\n".join(lines).encode()


def bare_copy() -> float:
    """Seconds in which all incidents, copied out, go into a table of theirs without index."""
    from django.db import connection

    from ceasefire.database.roles import as_owner

    with as_owner(connection), connection.cursor() as cursor:
        out = io.StringIO()
        cursor.copy_expert("COPY incidents_incident TO STDOUT", out)
        cursor.execute("CREATE TABLE bench_bare AS TABLE incidents_incident WITH NO DATA")
        out.seek(0)
        began = time.perf_counter()
        cursor.copy_expert("COPY bench_bare FROM STDIN", out)
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE bench_bare")
    return seconds


def run(report: Any, long: bool) -> None:
    """The demo; then an import, the same again, its undo, and a file with errors."""
    scale = report.scale
    if scale.keep:
        raise RuntimeError("An import fills no database that is kept.")
    count = scale.size or (ROWS_LONG if long or scale.reuse else ROWS)
    if scale.reuse:
        with crowded(count, reuse=scale.reuse) as crowd:
            report.line(f"{crowd.size:,} incidents are there")
            batch = _with_errors(report, count)
            _undone(report, batch)
        return
    content = made_up(count)
    with throw_away_database():
        from incidents import importing
        from incidents.demo.loading import load_demo

        began = time.perf_counter()
        load_demo()
        report.figure("the demo", time.perf_counter() - began, "s", DEMO_SECONDS)

        began = time.perf_counter()
        outcome = importing.import_file(content, format="ucdp-ged", by=None)
        seconds = time.perf_counter() - began
        if outcome.created != count or outcome.batch is None:
            raise RuntimeError(outcome.problems[:3])
        report.ratio(f"import of {count:,} new rows", count / seconds, "rows/s", ROWS_A_SECOND)
        report.figure("the most memory so far", _memory(), "MB")
        report.figure("import, times a bare COPY", seconds / bare_copy(), "times")
        began = time.perf_counter()
        if importing.import_file(content, format="ucdp-ged", by=None).unchanged != count:
            raise RuntimeError("The same file again changed something.")
        report.figure("the same file again", time.perf_counter() - began, "s")
        _undone(report, outcome.batch)
        _with_errors(report, count)


def _with_errors(report: Any, count: int) -> Any:
    """A file of which one row of `WRONG` is wrong: refused whole, then read in without those."""
    from incidents import importing
    from incidents.models import WeeklyDelta
    from incidents.services import rollups

    rollups.fold()
    bad, wrong = made_up(count, wrong=WRONG, prefix="wrong"), count // WRONG
    report.figure(f"memory before a file of {len(bad) / 1e6:.1f} MB", _memory(), "MB")
    began = time.perf_counter()
    refused = importing.import_file(bad, format="ucdp-ged", by=None)
    report.figure("a file refused for its errors", time.perf_counter() - began, "s")
    if refused.done or refused.rejected != wrong:
        raise RuntimeError(refused.counts())
    began = time.perf_counter()
    taken = importing.import_file(bad, format="ucdp-ged", by=None, skip_rejected=True)
    seconds = time.perf_counter() - began
    if (taken.created, taken.rejected) != (count - wrong, wrong):
        raise RuntimeError(taken.counts())
    report.line(f"{count:,} rows read, {taken.rejected:,} errors found, {taken.created:,} kept")
    report.ratio(
        f"import with one row of {WRONG} left out", count / seconds, "rows/s", ROWS_A_SECOND
    )
    report.figure("the most memory so far", _memory(), "MB")
    waiting = WeeklyDelta.objects.count()
    began = time.perf_counter()
    rollups.fold()
    report.figure(
        f"folding its {waiting:,} changes of counts",
        time.perf_counter() - began,
        "s",
        FOLD_SECONDS,
    )
    report.figure("cells that differ", sum(1 for _one in rollups.differences()), "", 0)
    return taken.batch


def _undone(report: Any, batch: Any) -> None:
    from incidents import importing

    began = time.perf_counter()
    importing.undo_batch(batch, by=None)
    report.figure("undo", time.perf_counter() - began, "s")


def _memory() -> float:
    """Megabytes this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
