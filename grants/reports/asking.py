"""A report that takes long: asked for, made by a worker as who asked, with progress and a stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.db import connection, transaction

from ceasefire import audit, jobs, periods
from ceasefire.database.session import acting, as_system
from ceasefire.people.models import User
from grants.models import FileFormat, ReportRequest, ReportRun
from grants.reports import rows, snapshots

JOB = "grants.report"
VIEW = "grants.view_grant"
#: With more rows a worker makes it; a PDF is dearer to set.
AT_ONCE = {FileFormat.PDF: 600}
ROWS_AT_ONCE = 6000


def is_long(slug: str, filters: Mapping[str, Any], format: str) -> bool:
    """Whether a report has more rows than a request should wait for."""
    return rows.count(slug, filters, periods.today()) > AT_ONCE.get(format, ROWS_AT_ONCE)  # type: ignore[call-overload]


@transaction.atomic
def ask(
    slug: str,
    filters: Mapping[str, Any],
    *,
    format: str,
    language: str,
    digits: str,
    by: User,
    run: ReportRun | None = None,
) -> ReportRequest:
    """Have a report made, or of an old run another file; asked for twice, it is made once."""
    facts = {
        "report": slug,
        "filters": {key: snapshots.frozen(value) for key, value in filters.items() if value},
        "format": format,
        "language": language,
        "digits": digits,
    }
    waiting = ReportRequest.objects.visible_to(by).filter(**facts, done=False, run=run)
    for other in waiting:
        found = progress_of(other)
        if found is not None and found.waits:
            return other  # type: ignore[no-any-return]
    request = ReportRequest(by=by, run=run, **facts)
    request.job = jobs.enqueue(JOB, by=by, request_id=request.pk)
    request.save(force_insert=True)
    audit.record(
        "grant_report.asked",
        by=by,
        subject=request,
        detail={
            "report": slug,
            "format": format,
            "filters": [f"{key}:{value}" for key, value in facts["filters"].items()],  # type: ignore[attr-defined]
        },
    )
    return request


def make(request_id: str, *, progress: Callable[[int, int], None]) -> None:
    """Make what was asked for: first the run, then its file. Nothing where it is made already.

    As the person who asked, with the rights they have now. `progress` is told (done, in all), in
    rows, once for the run and once for the file, and may raise `jobs.Cancelled`.
    """
    with as_system():
        request = ReportRequest.objects.filter(pk=request_id, done=False).first()
        if request is None:
            return
        person = User.objects.get(pk=request.by_id)
    if not person.has_perm(VIEW):
        return
    if request.run is None:
        with acting(person):
            total = rows.count(request.report, request.filters, periods.today())
            request.run = snapshots.take(
                request.report,
                request.filters,
                by=person,
                progress=lambda done: progress(done, max(2 * total, done)),
            )
            request.save(update_fields=["run"])
    run: ReportRun = request.run
    with acting(person):
        snapshots.make_file(
            run,
            request.format,
            language=request.language,
            digits=request.digits,
            progress=lambda done: progress(run.rows + done, max(2 * run.rows, run.rows + done)),
        )
        request.done = True
        request.save(update_fields=["done"])


class Progress(NamedTuple):
    """How far a worker is, as the database tells who asked."""

    state: str
    done: int
    total: int
    stopping: bool

    @property
    def waits(self) -> bool:
        return self.state in ("queued", "running")

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


def progress_of(request: ReportRequest) -> Progress | None:
    """How far one's own request is; REO's role may not read jobs, so a function tells it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM grants_request_progress(%s)", [request.pk])
        row = cursor.fetchone()
    return Progress(*row) if row else None


@transaction.atomic
def stop(request: ReportRequest, *, by: User) -> bool:
    """Stop the making of one's own request; whether there was anything to stop."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT grants_request_stop(%s)", [request.pk])
        stopped = bool(cursor.fetchone()[0])
    if stopped:
        audit.record("grant_report.stopped", by=by, subject=request)
    return stopped
