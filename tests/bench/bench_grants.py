"""The pages of grants and the report R1, over 5,000 grants with 52,000 postings.

The floor B is the list's template rendered from rows held in memory, behind the same sign-in and
middleware, for every page, as in `pages`; how often its own template, held likewise, goes into a
page is printed beside. Everything as the lowest role that may: the REO viewer. `--size` is the
number of grants.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import bench_pages
from tests.bench.bench_pages import MOST_QUERIES, Page, _signed_in, _weigh
from tests.bench.grants_crowd import Crowd, granted

SIZE = 5_000
#: Seconds for the XLSX of R1, and megabytes more than before it.
XLSX_SECONDS, MEMORY = 5.0, 60.0


def run(report: Any, long: bool) -> None:
    """Fill a database of its own, ask for each page, and take the reports out."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import override_settings

    call_command("collectstatic", interactive=False, verbosity=0)
    scale = report.scale
    began = time.perf_counter()
    hosts = [*settings.ALLOWED_HOSTS, "testserver"]
    with (
        override_settings(ROOT_URLCONF=_addresses(), ALLOWED_HOSTS=hosts),
        granted(scale.size or SIZE, keep=scale.keep, reuse=scale.reuse) as crowd,
    ):
        from grants.models import LedgerEntry

        report.line(
            f"ready after {time.perf_counter() - began:.0f} s: {crowd.grants:,} grants,"
            f" {LedgerEntry.objects.count():,} postings; median of {scale.rounds} rounds"
        )
        _pages(report, crowd, scale.rounds)
        _files(report, crowd)


def _addresses() -> str:
    """The project's addresses and two floors, which whoever reads grants may open."""
    import sys
    from types import ModuleType

    from django.http import HttpRequest, HttpResponse
    from django.shortcuts import render
    from django.urls import path

    from ceasefire import urls
    from ceasefire.people.access import requires

    def floor(name: str) -> Any:
        @requires("grants.view_grant")
        def view(request: HttpRequest) -> HttpResponse:
            template, context = bench_pages.held[name]
            return render(request, template, context)

        return view

    module = ModuleType("tests.bench.grant_addresses")
    module.__dict__.update({name: made for name, made in vars(urls).items() if name[:2] != "__"})
    module.__dict__["urlpatterns"] = [
        *(path(f"bench/floor/{name}/", floor(name)) for name in ("list", "grant", "r1")),
        *urls.urlpatterns,
    ]
    sys.modules[module.__name__] = module
    return module.__name__


def _hold(client: Any, name: str, module: Any, path: str) -> None:
    """Keep what a page shows, rows and all, as a floor."""
    real = module.render

    def keep(request: Any, template: str, context: dict[str, Any], **more: Any) -> Any:
        answer = real(request, template, context, **more)
        bench_pages.held[name] = (template, context)
        return answer

    module.render = keep
    try:
        client.get(path)
    finally:
        module.render = real


def _pages(report: Any, crowd: Crowd, rounds: int) -> None:
    """Ask for the pages and their floors in turns, and print them."""
    from grants.models import Grant
    from grants.views import listing, reports, steps

    client = _signed_in(crowd.viewer)
    one = Grant.objects.filter(state="ACTIVE").order_by("-ref").values_list("ref", flat=True)[0]
    paths = {
        "list": ("/grants/", listing),
        "grant": (f"/grants/{one}/", steps),
        "r1": ("/grants/reports/portfolio/", reports),
    }
    asked: list[tuple[Page, Page]] = []
    for name, (path, module) in paths.items():
        _hold(client, name, module, path)
        asked.append(
            (Page(f"B of {name}", client, f"/bench/floor/{name}/"), Page(name, client, path))
        )
    asked.append((asked[0][0], Page("list, one state", client, "/grants/?state=ACTIVE")))
    taken: dict[str, list[float]] = {page.name: [] for pair in asked for page in pair}
    for pair in asked:
        for page in pair:
            page.ask()
    for _round in range(rounds):
        for page in {page.name: page for pair in asked for page in pair}.values():
            start = time.perf_counter()
            page.ask()
            taken[page.name].append((time.perf_counter() - start) * 1000)
    floor = statistics.median(taken[asked[0][0].name])
    for own_page, page in asked:
        own = statistics.median(taken[own_page.name])
        middle = statistics.median(taken[page.name])
        queries, weight = _weigh(page)
        report.line(
            f"{page.name}: {middle / floor:.2f} B, B is {floor:.1f} ms;"
            f" {middle / own:.2f} times its own template ({own:.1f} ms), {weight:.1f} KB"
        )
        report.figure(f"{page.name}, p50", middle, "ms", page.times * floor + page.plus)  # type: ignore[operator]
        report.figure(f"{page.name}, queries", queries, "", MOST_QUERIES)


def _files(report: Any, crowd: Crowd) -> None:
    """Take R1 and the longest registers out: a run and its file, as a worker makes them."""
    from ceasefire.database.session import acting
    from grants.reports import snapshots

    with tempfile.TemporaryDirectory() as folder:
        for slug, format, bound in (
            ("portfolio", "csv", None),
            ("portfolio", "xlsx", XLSX_SECONDS),
            ("portfolio", "pdf", None),
            ("payments", "xlsx", None),
            ("documents", "csv", None),
        ):
            before = _memory()
            start = time.perf_counter()
            with acting(crowd.viewer):
                run = snapshots.take(slug, {}, by=crowd.viewer)
                frozen = time.perf_counter() - start
                file = snapshots.make_file(run, format, language="ar")
                path = Path(folder) / slug
                with path.open("wb") as out:
                    out.writelines(snapshots.pieces_of(file))
            seconds = time.perf_counter() - start
            report.line(
                f"{slug}.{format}: {run.rows:,} rows, {file.size / 1024:.0f} KB,"
                f" frozen after {frozen:.2f} s"
            )
            report.figure(f"{slug}.{format}", seconds, "s", bound)
            if format != "pdf":
                report.figure(
                    f"{slug}.{format}, more memory at its height", _memory() - before, "MB", MEMORY
                )


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
