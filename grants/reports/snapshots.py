"""Runs: a report frozen at one moment, and the files made of it, the same octets for ever.

Rows go from PostgreSQL's cursor into packed parts and from there into a file, a thousand at a time,
so the longest report needs no more memory than the shortest. A file is made once and kept: next
year's program, which may set a page differently, still hands out this year's octets.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import translation

from ceasefire import audit, periods
from ceasefire.database.session import acting, acting_user
from ceasefire.exports import ControlTotals, safe_filename
from grants.models import (
    FileFormat,
    LedgerEntry,
    ReportFile,
    ReportFilePart,
    ReportRun,
    ReportRunPart,
)
from grants.reports import rows as statements
from grants.reports.columns import REPORTS, Col

#: Rows of one part; octets of one piece of a file.
PART, PIECE = 1000, 1024 * 1024

Progress = Callable[[int], None]


class RunBroken(Exception):
    """The rows of a run are not those that were frozen."""


# --- freezing ------------------------------------------------------------------------------------


def frozen(value: Any) -> Any:
    """A value as it lies in a run: numbers with all their places, days and moments as ISO text."""
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(periods.BAGHDAD).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _line(row: Iterable[Any]) -> bytes:
    text = json.dumps([frozen(value) for value in row], ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


class _Parts:
    """Packs rows into parts of a run as they come, and hashes them on the way."""

    def __init__(self, run_id: uuid.UUID) -> None:
        self.run_id = run_id
        self.digest = hashlib.sha256()
        self.waiting: list[bytes] = []
        self.rows = self.number = 0

    def add(self, row: Iterable[Any]) -> None:
        line = _line(row)
        self.digest.update(line)
        self.waiting.append(line)
        self.rows += 1
        if len(self.waiting) == PART:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            ReportRunPart.objects.create(
                run_id=self.run_id,
                number=self.number,
                rows=len(self.waiting),
                packed=zlib.compress(b"".join(self.waiting), 6),
            )
            self.number += 1
            self.waiting = []


@transaction.atomic
def take(
    slug: str,
    filters: Mapping[str, Any],
    *,
    by: Any = None,
    progress: Progress | None = None,
) -> ReportRun:
    """Freeze a report as it is now, under the next number. Reads as who asks, in one statement.

    `filters` are codes and ISO days: fund, district, state, sector, from, to. `progress` is told
    the number of rows and may raise `Cancelled`; then nothing of the run is left.
    """
    report = REPORTS[slug]
    today = periods.today()
    parts = _Parts(uuid.uuid4())
    totals = ControlTotals([one.column(at, words=False) for at, one in enumerate(report.columns)])
    with statements.found(slug, filters, today) as found:
        for row in found.rows:
            parts.add(row)
            totals.add(row)
            if progress is not None and parts.rows % PART == 0:
                progress(parts.rows)
    sums = {
        column.key: f"{total:.{column.places if column.kind == 'decimal' else 0}f}"
        for column, total in totals.sums()
    }
    return _enter(
        parts,
        report=slug,
        filters=_said(filters),
        by=by,
        day=today,
        ledger_seq=found.ledger_seq,
        ledger_hash=found.ledger_hash,
        totals=sums,
        lines=found.lines,
        chart=found.chart,
    )


@transaction.atomic
def take_document(
    slug: str, filters: Mapping[str, Any], content: dict[str, Any], *, by: Any = None
) -> ReportRun:
    """Freeze a report that is one document (a grant's sheet, a worksheet): its content as one row.

    Asked for again while nothing in it changed, it is the run that stands.
    """
    parts = _Parts(uuid.uuid4())
    sealed = json.loads(json.dumps(content, default=frozen))
    last = ReportRun.objects.filter(report=slug, filters=_said(filters)).first()
    if last is not None and last.sha256 == hashlib.sha256(_line([sealed])).hexdigest():
        return last
    parts.add([sealed])
    head = LedgerEntry.objects.order_by("-seq").values_list("seq", "hash").first()
    return _enter(
        parts,
        report=slug,
        filters=_said(filters),
        by=by,
        day=periods.today(),
        ledger_seq=head[0] if head else 0,
        ledger_hash=bytes(head[1]).hex() if head else "",
    )


def _said(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: frozen(value) for key, value in sorted(filters.items()) if value}


def _enter(parts: _Parts, **facts: Any) -> ReportRun:
    """The row of a run, last of all: the database gives it its number and lets nothing follow."""
    parts.flush()
    by = facts.pop("by")
    run = ReportRun(
        id=parts.run_id,
        number=1,
        by=by,
        by_code=by.code_name if by is not None else "",
        at=periods.now(),
        rows=parts.rows,
        sha256=parts.digest.hexdigest(),
        **facts,
    )
    run.save(force_insert=True)
    run.refresh_from_db(fields=["number"])
    audit.record(
        "grant_report.run",
        by=by,
        subject=run,
        detail={
            "report": run.report,
            "number": run.number,
            "rows": run.rows,
            "filters": [f"{key}:{value}" for key, value in run.filters.items()],
            "sha256": run.sha256,
        },
    )
    return run


# --- reading a run -------------------------------------------------------------------------------

_READERS: dict[str, Callable[[Any], Any]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def rows_of(run: ReportRun, columns: Iterable[Col] = (), *, first: int = 0) -> Iterator[list[Any]]:
    """The rows of a run as they were, by kind of column; raises `RunBroken` at a changed one.

    `first`: only so many, from the first part, unchecked. A run of before a column was added to the
    end of its report has nothing in it; what one was taken from stays in the files made then.
    """
    readers = [_READERS.get(one.kind) for one in columns]
    digest = hashlib.sha256()
    given = 0
    for number in range(-(-run.rows // PART)):
        part = ReportRunPart.objects.get(run_id=run.pk, number=number)
        content = zlib.decompress(bytes(part.packed))
        digest.update(content)
        for line in content.splitlines():
            row = json.loads(line)
            yield (
                [
                    value if read is None or value is None else read(value)
                    for value, read in zip(
                        (row + [None] * len(readers))[: len(readers)], readers, strict=True
                    )
                ]
                if readers
                else row
            )
            given += 1
            if given == first:
                return
    if digest.hexdigest() != run.sha256:
        raise RunBroken(f"The rows of run {run.number} were changed.")


def document_of(run: ReportRun) -> dict[str, Any]:
    """The content of a run that is one document."""
    return next(iter([row[0] for row in rows_of(run)]))


# --- files ---------------------------------------------------------------------------------------


def file_of(
    run: ReportRun, format: str, *, language: str, digits: str = "western"
) -> ReportFile | None:
    """The file of a run that was made before."""
    return ReportFile.objects.filter(
        run=run, format=format, language=language, digits=digits
    ).first()


def digits_of(format: str, language: str, digits: str) -> str:
    """Arabic-Indic digits stand on Arabic paper only; elsewhere a number is a number."""
    return digits if format == FileFormat.PDF and language == "ar" else "western"


def make_file(
    run: ReportRun,
    format: str,
    *,
    language: str,
    digits: str = "western",
    progress: Progress | None = None,
) -> ReportFile:
    """The file of a run in a format and language: the kept one, else made now and kept."""
    from grants.reports import writers

    language = "ar" if language.startswith("ar") else "en"
    digits = digits_of(format, language, digits)
    kept = file_of(run, format, language=language, digits=digits)
    if kept is not None:
        return kept
    with tempfile.TemporaryDirectory() as folder, translation.override(language):
        path = Path(folder) / "report"
        writers.write(run, format, path, language=language, digits=digits, progress=progress)
        return _keep(run, format, language, digits, path)


@transaction.atomic
def _keep(run: ReportRun, format: str, language: str, digits: str, path: Path) -> ReportFile:
    with connection.cursor() as cursor:
        # Two who make the same file at once: the second takes the first's.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 4707))",
            [f"{run.pk}/{format}/{language}/{digits}"],
        )
    kept = file_of(run, format, language=language, digits=digits)
    if kept is not None:
        return kept
    file = ReportFile(run=run, format=format, language=language, digits=digits)
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as content:
        for number, octets in enumerate(iter(partial(content.read, PIECE), b"")):
            ReportFilePart.objects.create(file_id=file.pk, number=number, octets=octets)
            digest.update(octets)
            size += len(octets)
    file.size, file.sha256 = size, digest.hexdigest()
    file.save(force_insert=True)
    return file


def pieces_of(file: ReportFile, user: Any = None) -> Iterator[bytes]:
    """The octets of a file, piece by piece, each read as `user` in a transaction of its own."""
    number = 0
    while True:
        if user is not None and acting_user() is None:
            with acting(user):
                part = ReportFilePart.objects.filter(file_id=file.pk, number=number).first()
        else:
            part = ReportFilePart.objects.filter(file_id=file.pk, number=number).first()
        if part is None:
            return
        yield bytes(part.octets)
        number += 1


def name_of(file: ReportFile) -> str:
    """`R1-portfolio-run-12-en.xlsx`: what it is, its number, its language."""
    run = file.run
    known = REPORTS.get(run.report)
    extension = "csv" if file.format == FileFormat.CONTROL else file.format
    return safe_filename(
        known.code if known else run.report.upper(),
        run.report if known else run.filters.get("grant", run.filters.get("fund", "")),
        "control" if file.format == FileFormat.CONTROL else "",
        "run",
        run.number,
        file.language,
        extension=extension,
    )
