"""The pages people wait for, over 100,000 incidents (1,000,000 with --long), as the lowest role.

Above a million (--huge: five) list, filtered list and one record are asked over 100,000 as well,
beside which they are set; the other pages are printed without a bound.

Each request runs through every middleware in this process (Django's test client, no network and no
web server; the connection is kept, as the server keeps it). The floor B is the list's own template
rendered from rows held in memory behind the same sign-in and middleware, so it asks the database
only what those ask. Pages are asked in turns, round after round, that a busy minute hits all alike;
where others use the machine, the processor time of this process (PostgreSQL's not in it) says more
than the clock.
"""

from __future__ import annotations

import itertools
import re
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from types import ModuleType
from typing import Any

from tests.bench.crowd import RARE_WORD
from tests.bench.database import crowded

SMALL, LARGE = 100_000, 1_000_000
#: Of these a table above a million may make at most so many times what one of 100,000 does.
LEVEL, LEVEL_TIMES = ("list", "list by type", "list by sub-district", "one record"), 1.3
MOST_QUERIES = 12
#: Kilobytes on the wire of a page whose styles and scripts the browser has already.
LATER_PAGE = 30.0
#: Not asked of the database by anybody: how a transaction begins and ends.
NO_QUERY = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
#: The points of the whole governorate, on the finest grid that may be asked for.
MARKS = "/incidents/map/marks/?box=46.5,29,49,31.5&grid=14"
held: dict[str, Any] = {}


@dataclass
class Page:
    """An address, who asks for it, and by how much it may exceed the floor: times B plus ms."""

    name: str
    client: Any
    path: str
    times: float | None = 1.5
    plus: float = 10.0
    data: Callable[[], dict[str, str]] | None = None
    counted: bool = True
    #: Kilobytes on the wire at most.
    heaviest: float = LATER_PAGE

    def ask(self) -> Any:
        if self.data is None:
            answer = self.client.get(self.path)
        else:
            answer = self.client.post(self.path, self.data())
        if answer.status_code != (200 if self.data is None else 302):
            raise AssertionError(f"{self.name}: {answer.status_code}")
        return answer


def run(report: Any, long: bool) -> None:
    """Fill a database of its own and ask for each page."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import override_settings

    call_command("collectstatic", interactive=False, verbosity=0)
    scale = report.scale
    size = scale.size or (LARGE if long else SMALL)
    hosts = [*settings.ALLOWED_HOSTS, "testserver"]
    with override_settings(ROOT_URLCONF=_addresses(), ALLOWED_HOSTS=hosts):
        small: dict[str, float] = {}
        if size > LARGE:
            with crowded(SMALL) as crowd:
                small = _measured(report, crowd, only=("B", *LEVEL))
        began = time.perf_counter()
        with crowded(size, keep=scale.keep, reuse=scale.reuse) as crowd:
            report.line(f"ready after {time.perf_counter() - began:.0f} s")
            found = _measured(report, crowd)
        for name in LEVEL if small else ():
            report.figure(
                f"{name}, times that of {SMALL:,}", found[name] / small[name], "times", LEVEL_TIMES
            )
            in_floors = found[name] / found["B"] / (small[name] / small["B"])
            report.figure(f"{name}, the same in B of each", in_floors, "times")


def _measured(report: Any, crowd: Any, *, only: tuple[str, ...] = ()) -> dict[str, float]:
    """Ask for the pages, round after round, and print them; the median of each in ms."""
    rounds = report.scale.rounds
    report.line(
        f"{crowd.size:,} incidents at {len(crowd.sites)} sites over ten years, seed 0.42;"
        f" median of {rounds} rounds"
    )
    pages = [page for page in _pages(crowd) if not only or page.name in only]
    bounded = crowd.size < 2 * LARGE
    for page in pages:
        for _turn in range(2):
            page.ask()
    taken: dict[str, list[float]] = {page.name: [] for page in pages}
    worked: dict[str, list[float]] = {page.name: [] for page in pages}
    insert: list[float] = []
    for _round in range(rounds):
        insert.append(_kept_insert())
        for page in pages:
            start, busy = time.perf_counter(), time.process_time()
            page.ask()
            worked[page.name].append((time.process_time() - busy) * 1000)
            taken[page.name].append((time.perf_counter() - start) * 1000)
    floor = statistics.median(taken["B"])
    written = statistics.median(insert)
    report.figure("B: the list's template from memory", floor, "ms")
    report.figure("B, processor time of this process", statistics.median(worked["B"]), "ms")
    report.figure("one insert kept on disk", written, "ms")
    for page in pages[1:]:
        middle = statistics.median(taken[page.name])
        queries, weight = _weigh(page)
        busy = statistics.median(worked[page.name])
        report.line(
            f"{page.name}: {middle / floor:.2f} B, {busy:.0f} ms of processor,"
            f" {queries} queries, {weight:.1f} KB"
        )
        most = None
        if not bounded and page.name not in LEVEL:
            pass
        elif page.data is not None:
            most = floor + 8 * written
        elif page.times is not None:
            most = page.times * floor + page.plus
        report.figure(f"{page.name}, p50", middle, "ms", most)
        if page.counted:
            report.figure(f"{page.name}, queries", queries, "", MOST_QUERIES)
        if page.data is None:
            report.figure(f"{page.name}, compressed", weight, "KB", page.heaviest)
    if not only:
        _fresh(report, crowd.sites[0])
    return {name: statistics.median(times) for name, times in taken.items()}


def _fresh(report: Any, site: Any) -> None:
    """A record of last week, until the manager's dashboard counts it; taken back at the end.

    What the page says then is what counting the rows says.
    """
    from django.db import transaction
    from django.test import Client

    from ceasefire import periods
    from ceasefire.people.models import User
    from ceasefire.periods import Week
    from incidents import measures
    from tests.reports.conftest import incident

    week = Week.of(periods.today(), site.week_start).previous()
    row = incident(site, week.start, code="INC-1950-999999")
    manager = Client()
    manager.force_login(User.objects.get(username="bench.manager"))

    def shown() -> int:
        page = manager.get(f"/dashboard/week/?site={site.code}").content.decode()
        found = re.search(r'id="q-week".*?figure-value"><a [^>]*>([\d,]+)<', page, re.DOTALL)
        if found is None:
            raise AssertionError("The dashboard has no number of the week.")
        return int(found[1].replace(",", ""))

    with transaction.atomic():
        before, began = shown(), time.perf_counter()
        row.save(force_insert=True)
        counted = shown()
        took = time.perf_counter() - began
        rows = measures.weekly_counts(site.pk, week.start, week.end)
        if counted != before + 1 or counted != sum(one.incidents for one in rows):
            raise AssertionError(f"The dashboard says {counted}, after {before}.")
        report.figure("a new record on the manager's dashboard", took, "s", 5)
        transaction.set_rollback(True)


def _pages(crowd: Any) -> list[Page]:
    """The floor first. A worker of one site, one of three, then the supervisor and the manager."""
    from ceasefire.look import paging
    from ceasefire.people.roles import Role
    from incidents.models import Incident

    home = crowd.sites[0]
    worker = _signed_in(crowd.workers[home.code][0])
    three = _signed_in(_person("bench.three", Role.WORKER, [*crowd.sites[:2], crowd.sites[3]]))
    supervisor = _signed_in(_person("bench.supervisor", Role.SUPERVISOR, [home]))
    manager = _signed_in(_person("bench.manager", Role.MANAGER, crowd.sites[:3]))
    data = _signed_in(_person("bench.data", Role.DATA_OFFICER, crowd.sites[:3]))
    reo = _signed_in(_person("bench.reo", Role.REO_VIEWER, []))
    _compile(crowd.sites[:3])
    _hold_the_list(worker)
    slots = free_slots()

    mine = Incident.objects.visible_to(crowd.workers[home.code][0]).filter(site=home)
    old = mine.order_by("occurred_from")[200:201].get()
    deep = paging._write(old, ["occurred_from", "id"])
    shown = mine.filter(workflow_state="accepted").first()
    if shown is None:
        raise AssertionError("no accepted incident")
    rare_type = "DMG"
    week = f"{old.occurred_on:%d/%m/%Y}"
    listed = "/incidents/"
    return [
        Page("B", worker, "/bench/floor/"),
        Page("list", worker, listed),
        Page("list of three sites", three, listed),
        Page("list by type", worker, f"{listed}?type={rare_type}"),
        Page("list by sub-district", worker, f"{listed}?place=IQG02Q02N02"),
        Page("list by a place of other sites", worker, f"{listed}?place=IQG02Q06N03"),
        Page("list by week, years ago", worker, f"{listed}?week={week}"),
        Page("list by state", worker, f"{listed}?status=returned"),
        Page("list, deep page", worker, f"{listed}?after={deep}"),
        Page("search, Arabic word", worker, f"{listed}?q=السوق", plus=50, counted=False),
        Page("search, place in Latin", worker, f"{listed}?q=Achar", plus=50, counted=False),
        Page("search, rare word", worker, f"{listed}?q={RARE_WORD}", plus=50, counted=False),
        Page("search, a letter missing", worker, f"{listed}?q=zigurat", plus=50, counted=False),
        Page("search, words of sources", worker, f"{listed}?q=neighbour", plus=50, counted=False),
        Page("search, number of a code", worker, f"{listed}?q=0012345", plus=50, counted=False),
        Page("search, three sites", three, f"{listed}?q={RARE_WORD}", plus=50, counted=False),
        Page(
            "search, word of other sites only", worker, f"{listed}?q=zubair", plus=50, counted=False
        ),
        Page("one record", worker, shown.get_absolute_url()),
        Page("map, a year", worker, "/incidents/map/", 0, 150),
        Page("map data, a year", worker, MARKS, 0, 150, heaviest=100),
        Page("map data, a year of three sites", three, MARKS, 0, 150, heaviest=100),
        Page("review list, supervisor", supervisor, "/incidents/review/", counted=False),
        Page(
            "log an incident",
            worker,
            "/incidents/new/",
            None,
            data=lambda: answers_of(next(slots)),
            counted=False,
        ),
        Page("home, worker", worker, "/", 2, 40, counted=False),
        Page("dashboard, manager", manager, "/dashboard/", 2, 40, counted=False),
        Page(
            "dashboard, manager, 12 weeks beside a year ago",
            manager,
            "/dashboard/?period=12&beside=year",
            2,
            40,
            counted=False,
        ),
        Page("dashboard, supervisor", supervisor, "/dashboard/", 2, 40, counted=False),
        Page("dashboard, data officer", data, "/dashboard/", 2, 40, counted=False),
        Page("dashboard, worker", worker, "/dashboard/", 2, 40, counted=False),
        Page("dashboard, REO", reo, "/dashboard/", 2, 40, counted=False),
    ]


#: What is logged here is of days long before the crowd's, each so far from the others that none is
#: a likely twin of another.
FIRST_DAY, DAYS_APART = date(1951, 1, 1), 3


#: Of the 4,800 days before the crowd's: behind so many, what was logged earlier is taken away.
MOST_SLOTS = 4000


def free_slots() -> Iterator[int]:
    """The numbers of days of which nothing was logged yet, also not by an earlier measuring."""
    from incidents.models import Incident

    measured = Incident.objects.filter(occurred_from__year__lt=1991)
    last = measured.order_by("-occurred_from").first()
    used = 0 if last is None else (last.occurred_from.date() - FIRST_DAY).days // DAYS_APART + 2
    if used > MOST_SLOTS:
        _forget_measured()
        used = 0
    return itertools.count(used)


def _forget_measured() -> None:
    """Take away what earlier measurings logged, so that a kept database can be measured again."""
    from django.db import connection, transaction

    from ceasefire.database.roles import as_owner

    before = "SELECT id FROM incidents_incident WHERE occurred_from < '1991-01-01'"
    with as_owner(connection), transaction.atomic(), connection.cursor() as cursor:
        for table in ("incidentstep", "source"):
            cursor.execute(f"DELETE FROM incidents_{table} WHERE incident_id IN ({before})")
        cursor.execute(f"DELETE FROM incidents_incident WHERE id IN ({before})")


def answers_of(slot: int) -> dict[str, str]:
    """What the five questions send: likely twins are looked for and none is found, as with most."""
    from django.utils import timezone

    day = FIRST_DAY + timedelta(days=slot * DAYS_APART)
    data = {
        "key": str(uuid.uuid4()),
        "opened_at": timezone.now().isoformat(),
        "type": "MUR",
        "when": "pick",
        "day": f"{day:%d/%m/%Y}",
        "place": "IQG02Q02N02-ASHAR",
        "killed_best": "1",
        "source_kind": "family",
        "source_reliability": "C",
        "source_credibility": "3",
        "send_as": "report",
    }
    for prefix in ("sources", "victims", "actors"):
        data[f"{prefix}-TOTAL_FORMS"] = data[f"{prefix}-INITIAL_FORMS"] = "0"
    return data


def _person(name: str, role: str, sites: list[Any]) -> Any:
    from ceasefire.people.models import User

    user, _is_new = User.objects.get_or_create(
        username=name, defaults={"code_name": name.title(), "role": role, "language": "en"}
    )
    user.sites.set(sites)
    return user


def _signed_in(user: Any) -> Any:
    from django.test import Client

    client = Client(headers={"accept-encoding": "gzip"})
    client.force_login(user)
    return client


def _compile(sites: list[Any]) -> None:
    """The newest report of each site, which the dashboard shows."""
    from ceasefire import periods
    from ceasefire.database.session import as_system
    from ceasefire.periods import Week
    from ceasefire.reports import services

    for site in sites:
        last = Week.of(periods.today(), site.week_start).previous()
        with as_system():
            services.compile_week(site=site, week_start=last.start)


def _hold_the_list(client: Any) -> None:
    """Keep what the list shows, rows and all, as the floor's."""
    from incidents.views import reading

    real = reading.render

    def keep(request: Any, template: str, context: dict[str, Any]) -> Any:
        held.update(template=template, context=context)
        return real(request, template, context)

    reading.render = keep
    try:
        client.get("/incidents/")
    finally:
        reading.render = real


def _addresses() -> str:
    """The project's addresses and the floor's, as a module."""
    from django.http import HttpRequest, HttpResponse
    from django.shortcuts import render
    from django.urls import path

    from ceasefire import urls
    from ceasefire.people.access import requires

    @requires("incidents.view_incident")
    def floor(request: HttpRequest) -> HttpResponse:
        return render(request, held["template"], held["context"])

    module = ModuleType("tests.bench.addresses")
    module.__dict__.update({name: made for name, made in vars(urls).items() if name[:2] != "__"})
    module.__dict__["urlpatterns"] = [path("bench/floor/", floor), *urls.urlpatterns]
    sys.modules[module.__name__] = module
    return module.__name__


def _weigh(page: Page) -> tuple[int, float]:
    """How many questions a page asks the database, and its kilobytes on the wire."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        answer = page.ask()
    count = sum(not query["sql"].startswith(NO_QUERY) for query in asked.captured_queries)
    return count, len(answer.content) / 1024


def _kept_insert() -> float:
    """Milliseconds of one small row, committed."""
    from django.db import connection

    start = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO codes_counter (series, year, last) VALUES (%s, 0, 0)",
            [f"bench-{uuid.uuid4().hex[:12]}"],
        )
    return (time.perf_counter() - start) * 1000
