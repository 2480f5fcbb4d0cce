"""How many events a second the audit trail takes, and how long a check of it takes.

Every append is a transaction of its own that waits for the disk; so is each of the plain inserts
shown beside it. Eight writers share one chain: its lock is held from the append to the commit, so
together they can not be quicker than one alone, and should not be much slower.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench.database import throw_away_database

WRITERS = 8


def _rate(work: Callable[[], Any], writers: int, total: int) -> tuple[float, float]:
    """Calls a second, and the 95th percentile of one in milliseconds."""
    from django.db import connection

    def writer(_number: int) -> list[float]:
        times = []
        try:
            for _ in range(total // writers):
                begun = time.perf_counter()
                work()
                times.append(time.perf_counter() - begun)
        finally:
            connection.close()
        return times

    begun = time.perf_counter()
    with ThreadPoolExecutor(writers) as threads:
        times = sorted(t for part in threads.map(writer, range(writers)) for t in part)
    return len(times) / (time.perf_counter() - begun), times[int(len(times) * 0.95)] * 1000


def run(report: Any, long: bool) -> None:
    with throw_away_database():
        from django.db import connection

        from ceasefire import audit
        from ceasefire.database.roles import as_owner

        def plain() -> None:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO bench_plain (verb) VALUES ('incident.accepted')")

        with as_owner(), connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_plain (id bigserial PRIMARY KEY, verb text)")

        total = 16_000 if long else 2_400
        base, _ = _rate(plain, 1, total // 4)
        one, _ = _rate(lambda: audit.record("incident.accepted"), 1, total // 4)
        many, slowest = _rate(lambda: audit.record("incident.accepted"), WRITERS, total)
        report.line(f"plain inserts, 1 writer: {base:.0f}/s; appends, 1 writer: {one:.0f}/s")
        report.line(f"appends, {WRITERS} writers on one chain: {many:.0f}/s")
        report.ratio("appends of 8 writers to appends of one", many / one, "times", 0.4)
        report.figure("an append beside 7 others, p95", slowest, "ms", at_most=500)

        begun = time.perf_counter()
        verdict = audit.verify()
        seconds = time.perf_counter() - begun
        if not verdict.whole or verdict.events != total + total // 4:
            raise AssertionError(f"the chain broke: {verdict}")
        report.figure("checking 1,000 events", seconds / verdict.events * 1e6, "ms")
