"""The writers of CSV, XLSX and PDF beside their floors, each in a process of its own.

100,000 rows of 16 columns with a text of 170 characters, half Arabic, made as they are read. CSV is
measured against Python's csv module on the same rows; memory is what a process holds at its peak
beyond what it held before it wrote.
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


def measured(work: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    """Seconds and megabytes of one run in a fresh process."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def run() -> None:
        before = _held_mb()
        start = time.perf_counter()
        work(*arguments)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        theirs.send((seconds, max(peak - before, 0)))

    process = context.Process(target=run)
    process.start()
    result: tuple[float, float] = ours.recv()
    process.join()
    return result


def _held_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1_048_576


def run(report: Any, long: bool) -> None:
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
