"""How long the report of one week takes where a site has 100,000 incidents (5,000 without --long).

Six years of weeks, seven districts, twelve types. Compiling is set against the one query that
counts those weeks, which no report can do without: so many times that query may the rest cost.
"""

from __future__ import annotations

import random
import time
from datetime import date, datetime, timedelta
from typing import Any

from tests.bench.database import throw_away_database

SMALL, LARGE = 5_000, 100_000
WEEKS = 320
LAST = date(2026, 11, 8)
SECONDS = 5.0
KINDS = ("MUR", "ASN", "ATM", "SHT", "IED", "DKA", "KID", "THR", "EXT", "ASL", "ROB", "TRB")


def run(report: Any, long: bool) -> None:
    """Compile one week in a database of its own and print what it took."""
    with throw_away_database():
        _run(report, LARGE if long else SMALL)


def _run(report: Any, size: int) -> None:
    from django.test.utils import override_settings

    from ceasefire.reports import services
    from incidents import measures

    site = _fill(size)
    with override_settings(CEASEFIRE_TODAY="2026-11-16"):
        began = time.perf_counter()
        measures.weekly_counts(site.pk, LAST - timedelta(weeks=WEEKS), LAST + timedelta(weeks=1))
        counting = time.perf_counter() - began
        began = time.perf_counter()
        made = services.compile_week(site=site, week_start=LAST)
        compiling = time.perf_counter() - began
    report.line(f"{size} incidents, {len(made.body['counts'])} rows, seed 7")
    report.figure("counting six years of weeks", counting * 1000, "ms")
    report.figure("compiling a week", compiling, "s", at_most=SECONDS)
    report.figure("compiling, in countings", compiling / max(counting, 1e-6), "times")


def _fill(size: int) -> Any:
    from ceasefire.periods import BAGHDAD
    from ceasefire.places.models import CoveragePeriod, Place, Site
    from incidents.models import Incident

    luck = random.Random(7)  # noqa: S311 - no secret
    site = Site.objects.create(code="BENCH", name_en="Bench", name_ar="قياس")
    site.places.add(Place.objects.get(pcode="IQG02"))
    first = LAST - timedelta(weeks=WEEKS)
    CoveragePeriod.objects.create(site=site, start=first)
    places = list(
        Place.objects.filter(level="subdistrict", governorate__pcode="IQG02").select_related(
            "district"
        )
    )
    for start in range(0, size, 5000):
        rows = []
        for number in range(start, min(start + 5000, size)):
            place = luck.choice(places)
            day = first + timedelta(days=luck.randrange((WEEKS + 1) * 7))
            at = datetime(day.year, day.month, day.day, 12, tzinfo=BAGHDAD)
            rows.append(
                Incident(
                    code=f"INC-2026-{number:06}",
                    site=site,
                    type=luck.choice(KINDS),
                    occurred_from=at,
                    occurred_on=day,
                    place=place,
                    district=place.district,
                    killed_best=0,
                    workflow_state="accepted",
                    verification="provisional",
                    verification_computed="provisional",
                    reported_at=at + timedelta(days=1),
                    submitted_at=at + timedelta(days=1),
                    accepted_at=at + timedelta(days=2),
                )
            )
        Incident.objects.bulk_create(rows)
    return site
