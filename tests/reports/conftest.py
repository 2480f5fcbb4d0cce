"""Weeks with incidents in them, put straight into the table."""

import csv
import itertools
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ceasefire.periods import BAGHDAD
from ceasefire.places.models import CoveragePeriod, Place, Site
from ceasefire.places.services import locate
from ceasefire.reports.editions import Edition, edition_of
from ceasefire.reports.models import Audience, WeeklyReport
from incidents.models import Incident

#: A Sunday.
WEEK = date(2026, 11, 8)
AS_OF = datetime(2026, 11, 16, 6, 0, tzinfo=BAGHDAD)
UCDP = Path(settings.BASE_DIR) / "incidents/demo/data/ucdp_ged_basrah.csv"
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _the_week_is_over(settings: Any) -> None:
    """Today is Monday, 16 November 2026, whatever the clock says."""
    settings.CEASEFIRE_TODAY = "2026-11-16"


def full(report: WeeklyReport) -> Edition:
    """The version for supervisors and managers."""
    edition = edition_of(report, Audience.FULL)
    assert edition is not None
    return edition


def incident(site: Site, day: date, **facts: Any) -> Incident:
    """A murder in the sub-district of Basrah's centre, accepted, provisional, one killed."""
    place = facts.pop("place", "IQG02Q02N02")
    found = Place.objects.select_related("district").get(pcode=place)
    told = datetime.combine(day, time(9), BAGHDAD) + timedelta(days=facts.pop("delay", 1))
    given: dict[str, Any] = {
        "code": f"INC-2026-{next(_numbers):06}",
        "site": site,
        "type": "MUR",
        "occurred_from": datetime.combine(day, time(9), BAGHDAD),
        "occurred_on": day,
        "place": found,
        "district": found.district,
        "killed_best": 1,
        "workflow_state": "accepted",
        "verification": "provisional",
        "reported_at": told,
        "submitted_at": told,
        "accepted_at": told,
    }
    given |= facts
    given.setdefault("verification_computed", given["verification"])
    if given["workflow_state"] == "returned":
        given["returned_reason"] = "which street?"
    if given["workflow_state"] not in ("accepted", "archived"):
        given["accepted_at"] = None
    return Incident(**given)


@pytest.fixture
def put(db: None) -> Callable[..., list[Incident]]:
    """Put incidents of one kind into a week: `put(site, day, 3, type="KID")`."""

    def make(site: Site, day: date, count: int = 1, **facts: Any) -> list[Incident]:
        return Incident.objects.bulk_create([incident(site, day, **facts) for _ in range(count)])

    return make


@pytest.fixture
def put_weeks(db: None) -> Callable[..., None]:
    """Put a series of weekly counts, the last of them in `WEEK`; the site is covered from there."""

    def make(site: Site, counts: Iterable[int], *, last: date = WEEK, **facts: Any) -> None:
        series = list(counts)
        first = last - timedelta(weeks=len(series) - 1)
        if not site.coverage.exists():
            CoveragePeriod.objects.create(site=site, start=first)
        template = incident(site, last, **facts)
        rows = []
        for at, count in enumerate(series):
            day = first + timedelta(weeks=at, days=2)
            for _number in range(count):
                one = incident_like(template, day)
                rows.append(one)
        Incident.objects.bulk_create(rows, batch_size=2000)

    return make


def incident_like(template: Incident, day: date) -> Incident:
    """The same incident on another day."""
    told = datetime.combine(day, time(9), BAGHDAD) + timedelta(days=1)
    skipped = {"id", "code", "occurred_on", "occurred_from", "reported_at", "submitted_at"}
    given = {
        field.attname: getattr(template, field.attname)
        for field in Incident._meta.concrete_fields
        if field.attname not in skipped
    }
    return Incident(
        **given,
        code=f"INC-2026-{next(_numbers):06}",
        occurred_on=day,
        occurred_from=datetime.combine(day, time(9), BAGHDAD),
        reported_at=told,
        submitted_at=told,
    )


@pytest.fixture
def history(make_site: Callable[..., Site]) -> Site:
    """The real events of Basrah, 2003 to 2018, on their true dates; weeks from Monday."""
    site = make_site("BASRAH-HISTORY", place="IQG02", week_start=0, read_only=True)
    CoveragePeriod.objects.create(site=site, start=date(2003, 1, 6), end=date(2018, 12, 24))
    rows = []
    with UCDP.open(encoding="utf-8-sig", newline="") as file:
        for event in csv.DictReader(file):
            day = date.fromisoformat(event["date_start"][:10])
            place = locate(float(event["latitude"]), float(event["longitude"]))
            if place is None or not place.pcode.startswith("IQG02"):
                continue
            rows.append(
                incident(
                    site,
                    day,
                    place=place.pcode,
                    type={"3": "MUR"}.get(event["type_of_violence"], "CLS"),
                    time_precision={"1": 1, "2": 2, "3": 2, "4": 3, "5": 4}[event["date_prec"]],
                    killed_best=int(event.get("best") or event.get("deaths_best") or 0),
                    origin="ucdp-ged",
                    origin_id=event["id"],
                )
            )
    Incident.objects.bulk_create(rows)
    return site
