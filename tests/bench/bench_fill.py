"""Nothing but the filling of the database that other benchmarks read; `--keep NAME` keeps it.

So a large one is made when nobody waits, and measured in a quiet moment with `--reuse NAME`.
"""

from __future__ import annotations

import time
from typing import Any

from tests.bench.database import crowded

SMALL, LARGE = 100_000, 1_000_000


def run(report: Any, long: bool) -> None:
    """Fill, and say how large the tables became."""
    from django.db import connection

    size = report.scale.size or (LARGE if long else SMALL)
    began = time.perf_counter()
    with crowded(size, keep=report.scale.keep, reuse=report.scale.reuse) as crowd:
        seconds = time.perf_counter() - began
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_table_size('incidents_incident') / 1e6,"
                " pg_indexes_size('incidents_incident') / 1e6,"
                " pg_database_size(current_database()) / 1e6"
            )
            table, indexes, whole = (float(number) for number in cursor.fetchone())
        report.figure("database made and filled", seconds, "s")
        report.figure("of it for each 100,000 incidents", seconds / crowd.size * 1e5, "s")
        report.figure("incidents", table, "MB")
        report.figure("their indexes", indexes, "MB")
        report.figure("the whole database", whole, "MB")
