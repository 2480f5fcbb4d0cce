"""The pages of a worker's day, over 400 active cases (4,000 with --long), as the lowest role.

With --long: 200 workers, 4,000 active and 40,000 past cases, 500,000 contacts. The floor B is the
caseload's own template rendered from rows held in memory, behind the same sign-in and middleware;
everything is asked for in turns, as in the benchmark `pages`. `--size` is the number of active
cases.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

from tests.bench import bench_pages
from tests.bench.bench_pages import MOST_QUERIES, Page, _kept_insert, _signed_in, _weigh
from tests.bench.outreach_crowd import Crowd, peopled

SMALL, LARGE = 400, 4_000


def run(report: Any, long: bool) -> None:
    """Fill a database of its own and ask for each page."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import override_settings

    call_command("collectstatic", interactive=False, verbosity=0)
    scale = report.scale
    size = scale.size or (LARGE if long else SMALL)
    hosts = [*settings.ALLOWED_HOSTS, "testserver"]
    began = time.perf_counter()
    with (
        override_settings(ROOT_URLCONF=bench_pages._addresses(), ALLOWED_HOSTS=hosts),
        peopled(size, keep=scale.keep, reuse=scale.reuse) as crowd,
    ):
        report.line(f"ready after {time.perf_counter() - began:.0f} s")
        _measured(report, crowd)


def _measured(report: Any, crowd: Crowd) -> None:
    """Ask for the pages, round after round, and print them."""
    from outreach.models import Conflict, Contact, Participant

    rounds = report.scale.rounds
    report.line(
        f"{len(crowd.workers)} workers, {crowd.active:,} active of"
        f" {Participant.objects.count():,} cases, {Contact.objects.count():,} contacts,"
        f" {Conflict.objects.count():,} conflicts; median of {rounds} rounds"
    )
    pages = _pages(crowd)
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
    report.figure("B: the caseload's template from memory", floor, "ms")
    report.figure("B, processor time of this process", statistics.median(worked["B"]), "ms")
    report.figure("one insert kept on disk", written, "ms")
    for page in pages[1:]:
        middle = statistics.median(taken[page.name])
        queries, weight = _weigh(page)
        report.line(
            f"{page.name}: {middle / floor:.2f} B,"
            f" {statistics.median(worked[page.name]):.0f} ms of processor,"
            f" {queries} queries, {weight:.1f} KB"
        )
        if page.data is None:
            most = page.times * floor + page.plus if page.times is not None else None
            report.figure(f"{page.name}, p50", middle, "ms", most)
            report.figure(f"{page.name}, queries", queries, "", MOST_QUERIES)
            report.figure(f"{page.name}, compressed", weight, "KB", page.heaviest)
        else:
            report.figure(f"{page.name}, p50", middle, "ms", floor + 8 * written)


def _pages(crowd: Crowd) -> list[Page]:
    """The floor first; then each page as the lowest role that may open it."""
    from django.urls import reverse

    from outreach.models import Conflict, Participant

    worker, helper = crowd.workers[0], crowd.interrupter
    working, helping = _signed_in(worker), _signed_in(helper)
    heading = _signed_in(crowd.supervisor)
    _hold_the_caseload(working)

    own = Participant.objects.visible_to(worker).active().order_by("code").first()
    shared = Participant.objects.visible_to(helper).active().order_by("code").first()
    past = Participant.objects.visible_to(worker).filter(status="closed").first()
    led = Conflict.objects.visible_to(worker).filter(state="monitoring").first()
    beside = Conflict.objects.visible_to(helper).open().first()
    if own is None or shared is None or past is None or led is None or beside is None:
        raise AssertionError("the crowd lacks a case or a conflict")
    sheet = reverse("outreach:supervision_worker", args=[worker.pk, worker.sites.get().code])
    listed = reverse("outreach:caseload")
    conflicts = reverse("outreach:conflict_list")

    def seen(participant: Any) -> str:
        return reverse("outreach:contact_seen", args=[participant.code])

    return [
        Page("B", working, "/bench/floor/"),
        Page("caseload, worker", working, listed),
        Page("caseload, interrupter", helping, listed),
        Page("participant, worker", working, own.get_absolute_url()),
        Page("participant, interrupter", helping, shared.get_absolute_url()),
        Page("participant of years ago, worker", working, past.get_absolute_url()),
        Page("conflict list, worker", working, conflicts),
        Page("conflict list, interrupter", helping, conflicts),
        Page("conflict list, supervisor", heading, conflicts),
        Page("conflict, worker", working, led.get_absolute_url()),
        Page("conflict, interrupter", helping, beside.get_absolute_url()),
        Page("supervision sheet, supervisor", heading, sheet),
        Page("log a contact, worker", working, seen(own), None, data=_two_taps()),
        Page("log a contact, interrupter", helping, seen(shared), None, data=_two_taps()),
    ]


def _two_taps() -> Callable[[], dict[str, str]]:
    """What the second tap sends, with a key of its own each time."""
    return lambda: {"mode": "street", "risk_signal": "calm", "key": str(uuid.uuid4())}


def _hold_the_caseload(client: Any) -> None:
    """Keep what the caseload shows, rows and all, as the floor's."""
    from outreach.views import caseload

    real = caseload.render

    def keep(request: Any, template: str, context: dict[str, Any]) -> Any:
        bench_pages.held.update(template=template, context=context)
        return real(request, template, context)

    caseload.render = keep
    try:
        client.get("/outreach/")
    finally:
        caseload.render = real
