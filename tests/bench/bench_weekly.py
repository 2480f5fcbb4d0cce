"""The weekly run: a site of 100,000 incidents, sixteen sites by more workers, and a storm.

Jobs run as they do every Sunday: entered in the outbox, hinted at by way of Redis, done by Celery
workers of their own. The time is that from entering the jobs to the last report, the memory the
most that the worker ever held. Incidents: 320 weeks, the places of Basrah with two in three at the
twelve worst, two in three with an exact point, one in ten sensitive, so that both versions of the
report are made. The sixteen sites are smaller (2,000 each; 10,000 with --long) and stand beside the
large one in the same tables. Floors: the one query no report can do without, the worker's memory
before its first job, and how much sooner two processes that do nothing but arithmetic end than one.
With --long also 52 weeks of four sites with three beats and three workers, killed at random while
their clocks are set, as in tests/reports/test_runs_by_machines.py.
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.database import throw_away_database
from tests.bench.upkeep import put_aside

SIZE, WEEKS = 100_000, 320
SITES, SIZE_OF_SITE, SIZE_OF_SITE_LONG = 16, 2_000, 10_000
LAST = date(2026, 11, 8)
TODAY = "2026-11-16"
SECONDS, BYTES = 60.0, 500e6
#: Two workers on 16 sites against one.
FASTER = 1.7
KINDS = ("MUR", "ASN", "ATM", "SHT", "IED", "DKA", "KID", "THR", "EXT", "ASL", "ROB", "TRB")
WORST = 12
#: Columns in which the incidents differ.
VARYING = (
    *("id", "code", "type", "occurred_from", "occurred_on", "place_id", "district_id"),
    *("geo_precision", "lat", "lon", "is_sensitive", "killed_best"),
    *("reported_at", "submitted_at", "accepted_at"),
)


def run(report: Any, long: bool) -> None:
    """One site, then sixteen beside it; the storm in a database of its own."""
    with throw_away_database():
        _one_site(report)
        _many_sites(report, SIZE_OF_SITE_LONG if long else SIZE_OF_SITE)
    if long:
        with throw_away_database():
            _storm(report)


def _one_site(report: Any) -> None:
    from incidents import measures

    site = _site("BENCH")
    _fill(site, SIZE, seed=7)
    report.line(f"{SIZE:,} incidents of one site, seed 7")
    began = time.perf_counter()
    measures.weekly_counts(site.pk, LAST - timedelta(weeks=WEEKS), LAST + timedelta(weeks=1))
    report.figure("floor: counting its weeks once", time.perf_counter() - began, "s")
    with _workers(1) as park:
        _compiled([site], LAST - timedelta(weeks=WEEKS))  # once for what is loaded late
        idle = park.peak("worker-1")
        report.figure("floor: its worker after a week without past", idle / 1e6, "MB")
        before = park.worked("worker-1")
        took = _compiled([site], LAST)
        report.figure("weekly run of a site", took, "s", at_most=SECONDS)
        worked = park.worked("worker-1") - before
        report.figure("of it its worker's processor", worked, "s")
        held = park.peak("worker-1")
        report.figure("most memory of its worker", held / 1e6, "MB", at_most=BYTES / 1e6)


def _many_sites(report: Any, size: int) -> None:
    sites = [_site(f"BENCH-{number:02}") for number in range(SITES)]
    for number, site in enumerate(sites):
        _fill(site, size, seed=100 + number, first_number=SIZE + number * size)
    report.line(f"{SITES} sites of {size:,} incidents, seeds 100 to {99 + SITES}")
    took = {}
    for workers in (1, 2, 3):
        with _workers(workers):
            _warm(sites, workers)
            took[workers] = _compiled(sites, LAST - timedelta(weeks=workers))
        report.figure(f"weekly run of {SITES} sites, workers: {workers}", took[workers], "s")
    report.figure("floor: two processes of arithmetic against one", _two_against_one(), "times")
    report.ratio("two workers against one", took[1] / took[2], "times", FASTER)
    report.line(f"three workers against one: {took[1] / took[3]:.2f} times")


def _warm(sites: list[Any], workers: int) -> None:
    """Let every worker compile something, for what is loaded late."""
    for turn in range(3):
        _compiled(sites[: 2 * workers], LAST - timedelta(weeks=WEEKS - workers * 3 - turn))


def _two_against_one() -> float:
    """How much sooner two processes do the same arithmetic than one after the other."""
    command = [sys.executable, "-c", "sum(one * one for one in range(15_000_000))"]
    began = time.perf_counter()
    for _turn in range(2):
        subprocess.run(command, check=True)
    one = time.perf_counter() - began
    began = time.perf_counter()
    both = [subprocess.Popen(command) for _turn in range(2)]
    for process in both:
        process.wait()
    return one / (time.perf_counter() - began)


def _storm(report: Any) -> None:
    from ceasefire.audit.models import AuditEvent
    from ceasefire.jobs.models import Job
    from ceasefire.periods import Week, now
    from ceasefire.reports import runs
    from ceasefire.reports.models import WeeklyReport
    from tests.machines import machines

    weeks = [Week.of(now()).plus(number - 53) for number in range(52)]
    sites = [_site(f"BENCH-{number:02}", reporting_since=weeks[0].start) for number in range(4)]
    for number, site in enumerate(sites):
        _fill(site, 1_000, seed=number, first_number=number * 1_000)
    seed = random.SystemRandom().randrange(10**6)
    report.line(f"52 weeks of 4 sites, three beats, three workers, 30 kills, seed {seed}")
    owed = len(weeks) * len(sites)
    with tempfile.TemporaryDirectory() as folder, machines(Path(folder)) as park:
        for name in (f"{what}-{one}" for what in ("beat", "worker") for one in (1, 2, 3)):
            park.set_clock(name, weeks[0].ends_at - timedelta(days=1))
            park.start(name)
        park.storm(weeks, random.Random(seed), kills=30)  # noqa: S311 - no secret
        rows = Job.objects.filter(kind=runs.COMPILE)
        _until(lambda: rows.filter(state__in=["done", "parked"]).count() == owed)
    compiled = AuditEvent.objects.filter(verb="weeklyreport.compiled")
    report.ratio("reports made, of those owed", WeeklyReport.objects.count() / owed, "", 1.0)
    report.figure("compiled more than once", compiled.count() - owed, "reports", at_most=0)


# --- what it takes --------------------------------------------------------------------------------


def _site(code: str, **facts: Any) -> Any:
    from ceasefire.places.models import CoveragePeriod, Place, Site

    site = Site.objects.create(code=code, name_en=code, name_ar="قياس", **facts)
    site.places.add(Place.objects.get(pcode="IQG02"))
    CoveragePeriod.objects.create(site=site, start=LAST - timedelta(weeks=WEEKS))
    return site


def _fill(site: Any, size: int, *, seed: int, first_number: int = 0) -> None:
    """Incidents of a site, copied in: as the model has them, but for what `_made_up` says."""
    from django.db import connection

    from ceasefire.database.roles import as_owner
    from incidents.models import Incident

    plain = Incident(
        site=site,
        workflow_state="accepted",
        verification="provisional",
        verification_computed="provisional",
    )
    columns, values, given = [], [], []
    for field in Incident._meta.local_concrete_fields:
        columns.append(field.column)
        if field.column in VARYING:
            values.append(f"made.{field.column}")
        else:
            values.append("%s")
            given.append(field.get_db_prep_save(field.pre_save(plain, add=True), connection))
    named = ", ".join(VARYING)
    file = io.StringIO()
    for row in _made_up(size, seed, first_number):
        file.write("\t".join("\\N" if one is None else str(one) for one in row) + "\n")
    file.seek(0)
    with as_owner(connection), connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE made AS SELECT {named} FROM incidents_incident WITH NO DATA"
        )
        cursor.copy_expert(f"COPY made ({named}) FROM STDIN", file)
        aside = put_aside(cursor, ["incidents_incident"]) if size >= SIZE else nullcontext()
        with aside:
            cursor.execute(
                f"INSERT INTO incidents_incident ({', '.join(columns)})"
                f" SELECT {', '.join(values)} FROM made",
                given,
            )
        cursor.execute("DROP TABLE made")
        cursor.execute("ANALYZE incidents_incident")


def _made_up(size: int, seed: int, first_number: int) -> Iterator[tuple[Any, ...]]:
    """The values of `VARYING`."""
    from ceasefire.periods import BAGHDAD
    from ceasefire.places.models import Place

    luck = random.Random(seed)  # noqa: S311 - no secret
    first = LAST - timedelta(weeks=WEEKS)
    places = list(
        Place.objects.filter(
            level__in=["subdistrict", "neighbourhood"],
            governorate__pcode="IQG02",
            lat__isnull=False,
        )
        .order_by("pcode")
        .values_list("pk", "district_id", "lat", "lon")
    )
    worst = luck.sample(places, WORST)
    for number in range(first_number, first_number + size):
        place, district, lat, lon = luck.choice(worst if luck.random() < 2 / 3 else places)
        day = first + timedelta(days=luck.randrange((WEEKS + 1) * 7))
        at = datetime(day.year, day.month, day.day, 12, tzinfo=BAGHDAD)
        is_exact = luck.random() < 2 / 3
        yield (
            uuid.UUID(int=luck.getrandbits(128), version=4),
            f"INC-2026-{number:06}",
            luck.choice(KINDS),
            at,
            day,
            place,
            district,
            1 if is_exact else 3,
            # Some hundred metres about the middle of the place.
            round(float(lat) + luck.gauss(0, 0.008), 6) if is_exact else None,
            round(float(lon) + luck.gauss(0, 0.008), 6) if is_exact else None,
            luck.random() < 0.1,
            luck.choice((0, 0, 0, 1)),
            at + timedelta(days=luck.choice((0, 1, 1, 2, 9))),
            at + timedelta(days=10),
            at + timedelta(days=11),
        )


@contextmanager
def _workers(number: int) -> Iterator[Any]:
    from tests.machines import machines

    with (
        tempfile.TemporaryDirectory() as folder,
        machines(Path(folder), CEASEFIRE_TODAY=TODAY) as park,
    ):
        for one in range(1, number + 1):
            park.start(f"worker-{one}")
        yield park


def _compiled(sites: list[Any], week: date) -> float:
    """Enter the jobs of a week and wait for the last report; seconds."""
    from ceasefire import jobs
    from ceasefire.reports import runs
    from ceasefire.reports.models import WeeklyReport

    began = time.perf_counter()
    for site in sites:
        jobs.enqueue(runs.COMPILE, site=site, site_code=site.code, week=str(week))
    _until(lambda: WeeklyReport.objects.filter(week_start=week).count() == len(sites))
    return time.perf_counter() - began


def _until(comes_true: Any, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not comes_true():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)
