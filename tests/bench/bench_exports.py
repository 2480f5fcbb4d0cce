"""The writers of CSV, XLSX and PDF beside their floors, each in a process of its own.

100,000 rows of 16 columns with a text of 170 characters, half Arabic, made as they are read. CSV is
measured against Python's csv module on the same rows; memory is what a process holds at its peak
beyond what it held before it wrote.

Then the list of incidents as a data officer of three sites takes it out, over 100,000 incidents
(1,000,000 with --long): as CSV by its address, beside PostgreSQL's COPY of the same rows and
columns, and as XLSX by the job that makes it.
"""

from __future__ import annotations

import csv
import io
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ceasefire.exports import Column, table_data, write_csv, write_pdf, write_xlsx
from tests.bench.database import crowded

ROWS = 100_000
ENGLISH = "Shots were fired near the market; nobody was hurt, the quarrel is about a shop. " * 2
ARABIC = "إطلاق نار قرب السوق ولم يصب أحد، والخلاف على محل تجاري، المنحة (QRF-2026) قائمة. " * 2
KINDS = ["code", "text", "code", "date", "datetime", *["int"] * 6, "decimal", "decimal", "text"]
COLUMNS = [
    *(
        Column(f"c{at}", f"Column {at}", kind, value=lambda row, at=at: row[at])  # type: ignore
        for at, kind in enumerate(KINDS)
    ),
    Column("c14", "Reliability", value=lambda row: row[14]),
    Column("summary", "Summary", value=lambda row: row[15]),
]


def rows(count: int) -> Iterator[tuple[Any, ...]]:
    """Incident-like rows, made one at a time."""
    first, moment = date(2020, 1, 1), datetime(2020, 1, 1, 20, 10, tzinfo=UTC)
    for n in range(count):
        text = (ARABIC if n % 2 else ENGLISH)[:170]
        yield (
            f"INC-2026-{n:06}", "مركز البصرة", "MUR", first + timedelta(days=n % 2000),
            moment + timedelta(minutes=n), n % 7, n % 3, None, -1, 0, n,
            Decimal("30.508") + n % 9, 47.78, "street", "B2", text,
        )  # fmt: skip


def floor_csv(count: int) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in rows(count):
        writer.writerow(row)
        if buffer.tell() > 32_768:
            buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()


def our_csv(count: int) -> None:
    for _piece in write_csv(COLUMNS, rows(count)):
        pass


def our_xlsx(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        write_xlsx(COLUMNS, rows(count), title="Incidents", language="ar", file=path)


def our_pdf(language: str) -> None:
    columns = [COLUMNS[0], COLUMNS[3], COLUMNS[5], COLUMNS[1], COLUMNS[15]]
    data = table_data(columns, rows(440), title="التقرير QRF-2026", landscape=True)
    write_pdf("table", data, language=language)


def measured(work: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    """Seconds and megabytes of one run in a fresh process."""
    seconds, memory, _found = _apart(work, *arguments)
    return seconds, memory


def _apart(work: Callable[..., Any], *arguments: Any) -> tuple[float, float, Any]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def run() -> None:
        # The peak so far is the parent's: it is counted anew from here.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _held_mb()
        start = time.perf_counter()
        found = work(*arguments)
        seconds = time.perf_counter() - start
        theirs.send((seconds, max(_peak_mb() - before, 0), found))

    process = context.Process(target=run)
    process.start()
    # Without this end of ours a process that broke would be waited for without end.
    theirs.close()
    result: tuple[float, float, Any] = ours.recv()
    process.join()
    return result


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM")


def _held_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1_048_576


def run(report: Any, long: bool) -> None:
    """The writers by themselves, then the list."""
    scale = report.scale
    if not (scale.size or scale.reuse):
        _writers(report, long)
    size = scale.size or ROWS * (10 if long else 1)
    with crowded(size, keep=scale.keep, reuse=scale.reuse) as crowd:
        _list(report, crowd)


def _writers(report: Any, long: bool) -> None:
    count = ROWS * (10 if long else 1)
    report.line(f"{count:,} rows of {len(COLUMNS)} columns, half Arabic")

    generator, _ = measured(lambda: [None for _ in rows(count)] and None)
    floor, _ = measured(floor_csv, count)
    seconds, memory = measured(our_csv, count)
    report.line(f"making the rows alone {generator:.2f} s, csv module {floor:.2f} s")
    report.figure("CSV, seconds", seconds, "s")
    report.figure("CSV, times the csv module", seconds / floor, "times", 3)
    report.figure("CSV, memory beyond idle", memory, "MB", 30)

    seconds, memory = measured(our_xlsx, count)
    report.figure("XLSX, seconds", seconds, "s", 12 * count / ROWS)
    report.figure("XLSX, times the csv module", seconds / floor, "times")
    report.figure("XLSX, memory beyond idle", memory, "MB", 120)

    for language in ("en", "ar"):
        seconds, memory = measured(our_pdf, language)
        report.figure(f"PDF, about 20 pages, {language}", seconds, "s", 1.5)
        report.figure(f"PDF, memory beyond idle, {language}", memory, "MB")


def _list(report: Any, crowd: Any) -> None:
    from django.db import connections
    from django.http import QueryDict

    from ceasefire.people.models import User
    from ceasefire.people.roles import Role
    from incidents import exports
    from incidents.forms.filters import IncidentFilter
    from incidents.models import Incident

    user, _is_new = User.objects.get_or_create(
        username="bench.officer",
        defaults={"code_name": "Officer", "role": Role.DATA_OFFICER, "language": "en"},
    )
    user.sites.set(crowd.sites[:3])
    mine = exports.rows(Incident.objects.visible_to(user))
    # From the day on which 100,000 are left; of a smaller table all.
    newest = mine.order_by("-occurred_on").values_list("occurred_on", flat=True)
    since = next(iter(newest[ROWS - 1 : ROWS]), date(2000, 1, 1))
    query = {"since": f"{since:%d/%m/%Y}"}
    filters = IncidentFilter(
        QueryDict("since=" + query["since"]), user=user, sites=crowd.sites[:3], places=[]
    )
    if not filters.is_valid():
        raise AssertionError(filters.errors)
    found = exports.rows(filters.apply(Incident.objects.visible_to(user)))
    count = found.count()
    report.line(f"{count:,} of {crowd.size:,} incidents, {len(exports.COLUMNS)} columns")
    statement, parameters = exports.slim(found).query.sql_with_params()
    # What every process loads with its first request is no part of an export's memory.
    tomorrow = {"since": f"{date.today() + timedelta(days=1):%d/%m/%Y}"}
    for format in ("csv", "xlsx"):
        _asked(user, {**tomorrow, "format": format}).getvalue()
    connections.close_all()

    floor = min(_apart(_copied, statement, parameters)[0] for _turn in range(2))
    report.figure("COPY of the same rows and columns", floor, "s")
    took = [_apart(_downloaded, user, {**query, "format": "csv"}) for _turn in range(2)]
    seconds, memory, (first, size) = min(took, key=lambda one: one[0])
    report.line(f"CSV of the list: {size / 1e6:.1f} MB")
    report.figure("CSV of the list, seconds", seconds, "s")
    report.figure("CSV of the list, times COPY", seconds / floor, "times", 6)
    report.figure("CSV of the list, first byte", min(one[2][0] for one in took), "ms", 150)
    report.figure("CSV of the list, memory beyond idle", memory, "MB", 30)
    seconds, memory, size = _apart(_made, user, query)
    report.line(f"XLSX of the list: {size / 1e6:.1f} MB")
    report.figure("XLSX of the list, as a job", seconds, "s", 12 * max(count / ROWS, 1))
    report.figure("XLSX of the list, memory beyond idle", memory, "MB", 120)


def _copied(statement: str, parameters: Any) -> int:
    """The rows as PostgreSQL itself writes them: how many bytes came."""
    from django.db import connection

    class Sink:
        taken = 0

        def write(self, piece: str | bytes) -> int:
            self.taken += len(piece)
            return len(piece)

    sink = Sink()
    with connection.cursor() as cursor:
        asked = cursor.mogrify(statement, parameters).decode()
        cursor.copy_expert(f"COPY ({asked}) TO STDOUT (FORMAT csv)", sink)
    return sink.taken


def _signed_in(user: Any) -> Any:
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client


def _asked(user: Any, query: dict[str, str], client: Any = None) -> Any:
    """The answer to somebody who takes the list out."""
    from django.conf import settings
    from django.test.utils import override_settings

    with override_settings(ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, "testserver"]):
        return (client or _signed_in(user)).get("/incidents/export/", query)


def _downloaded(user: Any, query: dict[str, str]) -> tuple[float, int]:
    """The file by its address: milliseconds from asking to its first byte, and its bytes."""
    client = _signed_in(user)
    began = time.perf_counter()
    answer = _asked(user, query, client)
    if answer.status_code != 200:
        raise AssertionError(answer.status_code)
    size, first = 0, 0.0
    for piece in answer.streaming_content:
        first = first or (time.perf_counter() - began) * 1000
        size += len(piece)
    return first, size


def _made(user: Any, query: dict[str, str]) -> int:
    """The file asked for and made by its job: its bytes."""
    from ceasefire.jobs import services as jobs
    from incidents.models import ExportFile

    answer = _asked(user, {**query, "format": "xlsx"})
    if answer.status_code != 302:
        raise AssertionError(answer.status_code)
    file = ExportFile.objects.visible_to(user).filter(size=0).latest("expires_at")
    if file.job_id is None:
        raise AssertionError("the file has no job")
    jobs.run(file.job_id)
    file.refresh_from_db()
    if not file.size:
        raise AssertionError("the file was not made")
    return int(file.size)
