"""How many incidents a second eight people log at once, over 100,000 (1,000,000 with --long).

Each posts the form of the five questions as a worker, with keys, likely twins, search words, audit
and outbox, through every middleware, on a connection of its own. As the server has it: two
processes of four threads each. Everybody counts up the same number and appends to the same trail,
which are held from there to the commit kept on disk.
"""

from __future__ import annotations

import itertools
import multiprocessing
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench.bench_pages import LARGE, SMALL, _kept_insert, answers_of, free_slots
from tests.bench.database import crowded

PROCESSES, THREADS = 2, 4
EACH, FEWEST_A_SECOND = 40, 40.0


def run(report: Any, long: bool) -> None:
    """One alone, then eight at once."""
    from django.conf import settings
    from django.test.utils import override_settings

    size = report.scale.size or (LARGE if long else SMALL)
    hosts = [*settings.ALLOWED_HOSTS, "testserver"]
    with (
        override_settings(ALLOWED_HOSTS=hosts),
        crowded(size, keep=report.scale.keep, reuse=report.scale.reuse) as crowd,
    ):
        home = crowd.sites[0]
        people = crowd.workers[home.code][: PROCESSES * THREADS]
        report.line(
            f"{crowd.size:,} incidents; {PROCESSES} processes of {THREADS} threads,"
            f" {EACH} incidents each, as workers of one site"
        )
        report.figure(
            "one insert kept on disk",
            statistics.median(_kept_insert() for _turn in range(EACH)),
            "ms",
        )
        _seconds, alone = _together([people[:1]])
        report.figure("one alone, p50", statistics.median(alone), "ms")
        seconds, taken = _together([people[at::PROCESSES] for at in range(PROCESSES)])
        report.ratio(
            "logged a second by eight", len(taken) / seconds, "incidents/s", FEWEST_A_SECOND
        )
        report.figure("one of eight at once, p50", statistics.median(taken), "ms")
        report.figure("one of eight at once, p95", sorted(taken)[int(len(taken) * 0.95)], "ms")


def _together(teams: list[list[Any]]) -> tuple[float, list[float]]:
    """Each team a process, each of its people a thread: seconds for all, ms of each incident."""
    from django.db import connections

    first = next(free_slots())
    connections.close_all()
    context = multiprocessing.get_context("fork")
    begin = context.Event()
    pipes, processes = [], []
    for number, team in enumerate(teams):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(team, first + number, begin, theirs))
        process.start()
        # Else a process that broke would be waited for without end.
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    for pipe in pipes:
        if pipe.recv() != "ready":
            raise AssertionError("a worker did not get ready")
    began = time.perf_counter()
    begin.set()
    taken = [milliseconds for pipe in pipes for milliseconds in pipe.recv()]
    seconds = time.perf_counter() - began
    for process in processes:
        process.join()
    return seconds, taken


def _work(team: list[Any], first: int, begin: Any, pipe: Any) -> None:
    """Sign a team in and let it log at once; each process takes days that the other does not."""
    from django.db import connection
    from django.test import Client

    slots = itertools.count(first, PROCESSES)

    def signed_in(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        _post(client, next(slots))
        return client

    def log(client: Client) -> list[float]:
        try:
            # The thread's connection is made before the clock runs, as the server keeps it.
            connection.ensure_connection()
            return [_post(client, next(slots)) for _turn in range(EACH)]
        finally:
            connection.close()

    clients = [signed_in(user) for user in team]
    connection.close()
    pipe.send("ready")
    begin.wait()
    with ThreadPoolExecutor(len(team)) as threads:
        pipe.send([ms for part in threads.map(log, clients) for ms in part])


def _post(client: Any, slot: int) -> float:
    began = time.perf_counter()
    answer = client.post("/incidents/new/", answers_of(slot))
    if answer.status_code != 302:
        raise AssertionError(f"{answer.status_code}")
    return (time.perf_counter() - began) * 1000
