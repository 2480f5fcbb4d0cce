"""A run as a file: CSV, its control sheet, XLSX, PDF, JSON. From frozen rows alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.exports import Column, write_csv, write_pdf, write_xlsx
from ceasefire.exports.pdf import format_value
from ceasefire.look.charts import WIDTH, Chart
from ceasefire.look.numbers import ARABIC_MARKS, in_digits
from grants.models import FileFormat, ReportRun
from grants.reports.columns import REPORTS, Report
from grants.reports.pictures import charts_of
from grants.reports.snapshots import frozen, rows_of

FONT = "Noto Sans, Noto Sans Arabic"
#: Rows that a PDF sets; a longer report is printed with its sums and charts and says where the
#: rows are. Pages are set in memory, and nobody reads three hundred of them.
PRINTED = 1000

Progress = Callable[[int], None]

#: What the control lines of a run are called.
LINES = {
    "ledger_obligated_usd": _("Ledger: obligated, USD"),
    "ledger_deobligated_usd": _("Ledger: de-obligated, USD"),
    "ledger_disbursed_usd": _("Ledger: disbursed, USD"),
    "ledger_refunded_usd": _("Ledger: refunded, USD"),
    "ledger_expensed_usd": _("Ledger: verified expenses, USD"),
    "exchange_usd": _("Exchange difference on dinars that came back, USD"),
    "paid_usd": _("Ledger: payments, USD"),
    "reversed_usd": _("Ledger: payments taken back, USD"),
    "net_paid_usd": _("Ledger: payments that stand, USD"),
    "paid_in_usd": _("Of it paid in dollars, USD"),
    "paid_in_iqd": _("Of it paid in dinars, IQD"),
    "papers_put_off": _("Papers put off"),
}
FILTERS = {
    "grant": _("Grant"),
    "fund": _("Fund"),
    "district": _("District"),
    "state": _("State"),
    "sector": _("Sector"),
    "from": _("From"),
    "to": _("To"),
}
SIGNERS = (_("Prepared by"), _("Certified by"), _("Approved by"))
SIGNED = (_("Name"), pgettext_lazy("of a signer", "Title"), _("Date"), _("Signature"))


def write(
    run: ReportRun,
    format: str,
    path: Path,
    *,
    language: str,
    digits: str = "western",
    progress: Progress | None = None,
) -> None:
    """Write the file of a run in the active language; the same run gives the same octets."""
    if run.report not in REPORTS:
        from grants.reports import documents

        documents.write(run, format, path, language=language, digits=digits)
        return
    report = REPORTS[run.report]
    if format == FileFormat.CSV:
        _write_csv(report, run, path, language, progress)
    elif format == FileFormat.CONTROL:
        with path.open("wb") as out:
            out.writelines(control_csv(run, report))
    elif format == FileFormat.XLSX:
        _write_xlsx(report, run, path, language, progress)
    elif format == FileFormat.PDF:
        path.write_bytes(
            write_pdf(
                "base",
                pdf_data(report, run, digits=digits),
                language=language,
                created=run.at,
            )
        )
    elif format == FileFormat.JSON:
        with path.open("w", encoding="utf-8") as out:
            out.writelines(_json(report, run, progress))
    else:
        raise ValueError(f"{format} is no format of a report.")


# --- what every file says of itself ---------------------------------------------------------------


def about(run: ReportRun, report: Report) -> list[tuple[Any, Any]]:
    """Report, number, filters, who, when, ledger head: (label, value) in the active language."""
    facts: list[tuple[Any, Any]] = [
        (gettext("Report"), f"{report.code} {report.title}"),
        (gettext("Run"), run.number),
        (gettext("Filters"), filters_said(run)),
        (gettext("Made by"), run.by_code or gettext("The system")),
        (gettext("When"), run.at.astimezone(periods.BAGHDAD)),
        (gettext("Counted to"), run.day),
        (gettext("Last posting of the ledger"), run.ledger_seq),
        (gettext("Head of the ledger"), run.ledger_hash or "–"),
        (gettext("SHA-256 of the rows"), run.sha256),
    ]
    if run.filters.get("from") or run.filters.get("to"):
        facts.insert(3, (gettext("The days"), str(report.dates)))
    return facts


def filters_said(run: ReportRun) -> str:
    """The filters in words: "Fund QRF-FY26 · From 2026-01-01"; none is said too."""
    said = [f"{words} {run.filters[key]}" for key, words in FILTERS.items() if key in run.filters]
    return " · ".join(said) or gettext("None: everything")


def control(run: ReportRun, report: Report) -> list[tuple[Any, Any]]:
    """Rows, control totals, and what the ledger says apart from them."""
    lines: list[tuple[Any, Any]] = []
    for column in report.totals:
        value = Decimal(run.totals[column.key])
        number = value if column.kind == "decimal" else int(value)
        lines.append((f"{gettext('Total')}: {column.label}", number))
    return lines + ledger_lines(run)


def ledger_lines(run: ReportRun) -> list[tuple[Any, Any]]:
    """The control lines that were read apart from the rows: the ledger's sums, papers put off."""
    return [(str(LINES[code]), Decimal(value)) for code, value in run.lines]


def sorted_columns(report: Report, *, words: bool) -> list[Column]:
    return [one.column(at, words=words) for at, one in enumerate(report.columns)]


# --- CSV, JSON, XLSX ------------------------------------------------------------------------------


def _write_csv(
    report: Report, run: ReportRun, path: Path, language: str, progress: Progress | None
) -> None:
    """Keys in the first row; in Arabic the labels in a second one. Nothing but data below."""
    with path.open("wb") as out:
        out.writelines(
            write_csv(
                sorted_columns(report, words=False),
                rows_of(run, report.columns),
                header="key",
                tags=language == "ar",
                progress=progress,
            )
        )


def control_csv(run: ReportRun, report: Report) -> Iterator[bytes]:
    """What stands in the last sheet of the XLSX, as a file beside the CSV, so that it parses."""
    rows = [*about(run, report), (gettext("Rows"), run.rows), *control(run, report)]
    rows += [(f"{who}: {what}", "") for who in SIGNERS for what in SIGNED]
    columns = [
        Column("what", gettext("What"), value=lambda row: str(row[0])),
        Column("value", gettext("Value"), value=lambda row: row[1]),
    ]
    return write_csv(columns, rows)


def _write_xlsx(
    report: Report, run: ReportRun, path: Path, language: str, progress: Progress | None
) -> None:
    """Keys and Arabic labels as heads; the last sheet says what the file is and who signs."""
    notes = [*about(run, report), *ledger_lines(run)]
    notes += [(f"{who}: {what}", "") for who in SIGNERS for what in SIGNED]
    write_xlsx(
        sorted_columns(report, words=False),
        rows_of(run, report.columns),
        title=f"{report.code} {report.title}",
        language=language,
        file=path,
        notes=notes,
        header="key",
        tags=True,
        created=run.at.astimezone(UTC),
        progress=progress,
    )


def _json(report: Report, run: ReportRun, progress: Progress | None) -> Iterator[str]:
    """One object: what it is, totals, columns, rows by key. Amounts are numbers with all places."""
    head = {
        "report": run.report,
        "code": report.code,
        "run": run.number,
        # In orders of our own: the database keeps keys in its.
        "filters": {key: run.filters[key] for key in FILTERS if key in run.filters},
        "made_by": run.by_code,
        "made_at": frozen(run.at),
        "counted_to": frozen(run.day),
        "ledger": {"seq": run.ledger_seq, "hash": run.ledger_hash},
        "rows_sha256": run.sha256,
        "rows_count": run.rows,
        "totals": {one.key: Decimal(run.totals[one.key]) for one in report.totals},
        "control": {code: Decimal(value) for code, value in run.lines},
        "columns": [
            {"key": one.key, "kind": one.kind, "label": str(one.label)} for one in report.columns
        ],
    }
    yield exact_json(head)[:-1] + ',"rows":['
    numbers = {at for at, one in enumerate(report.columns) if one.kind == "decimal"}
    keys = report.keys
    for done, row in enumerate(rows_of(run)):
        values = {
            key: Decimal(value) if at in numbers and value is not None else value
            # Shorter in a run of before a column was added.
            for at, (key, value) in enumerate(zip(keys, row, strict=False))
        }
        # A text in two languages stands as both; codes stay codes.
        yield ("\n" if not done else ",\n") + exact_json(values)
        if progress is not None and done % 1000 == 0:
            progress(done)
    yield "\n]}\n"


def exact_json(value: Any) -> str:
    """JSON whose decimals keep every place; `json` would make floats of them."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}:{exact_json(part)}" for key, part in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(exact_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


# --- PDF ------------------------------------------------------------------------------------------


def pdf_data(report: Report, run: ReportRun, *, digits: str = "western") -> dict[str, Any]:
    """The report as a printed paper: what it is, charts with their numbers, rows, sums, signatures.

    Amounts stand as they are in the run; `digits` writes all numbers with Arabic-Indic digits.
    """
    show = Shown(digits)
    facts = [[label, show(value)] for label, value in about(run, report)]
    blocks: list[dict[str, Any]] = [{"kind": "paragraph", "text": str(report.about)}]
    for chart in charts_of(run.report, run.chart, digits=digits):
        blocks += chart_blocks(chart)
    blocks.append({"kind": "heading", "text": gettext("Rows")})
    if run.rows > PRINTED:
        blocks.append({"kind": "note", "tone": "due", "text": gettext(
            "This run has more rows than a paper can hold. The first of them are printed, the sums"
            " are of all; the CSV and XLSX of the same run hold every one."
        )})  # fmt: skip
    blocks += _tables(report, run, show)
    lines = [(gettext("Rows"), run.rows), *control(run, report)]
    blocks.append({"kind": "heading", "text": gettext("Control totals")})
    blocks.append({"kind": "facts", "items": [[label, show(value)] for label, value in lines]})
    blocks.append(signatures())
    return {
        "title": f"{report.code} {report.title}",
        "subtitle": filters_said(run),
        "meta": facts,
        "who": run.by_code or gettext("The system"),
        "when": show(run.at.astimezone(periods.BAGHDAD)),
        "control": [
            [gettext("Run"), show(run.number)],
            [gettext("Ledger"), f"{run.ledger_seq} {run.ledger_hash[:16]}"],
        ],
        "landscape": True,
        "digits": digits,
        "blocks": blocks,
    }


def signatures() -> dict[str, Any]:
    """Prepared, certified, approved: name, title, date, signature."""
    return {
        "kind": "signatures",
        "items": [{"who": str(who), "lines": [str(line) for line in SIGNED]} for who in SIGNERS],
    }


#: How high a picture may be, in widths of the page.
_HIGHEST = 0.45


def _height(svg: str) -> float:
    found = re.search(r'<svg [^>]*?\bheight="([0-9.]+)"', svg)
    return float(found[1]) if found else 1.0


def chart_blocks(chart: Chart) -> list[dict[str, Any]]:
    """A chart, its key in words, and its numbers as a table."""
    blocks: list[dict[str, Any]] = [
        {
            "kind": "chart",
            "svg": chart.picture(FONT),
            "title": chart.title,
            "subtitle": chart.subtitle,
            "width": min(0.75, _HIGHEST * WIDTH / _height(chart.svg)),
            "keys": [
                {"svg": key.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1),
                 "label": key.label}
                for key in chart.legend
            ],
        }
    ]  # fmt: skip
    if chart.rows:
        blocks.append(
            {
                "kind": "table",
                "columns": [
                    {"label": head or " ", "kind": "text" if not at else "code"}
                    for at, head in enumerate(chart.head)
                ],
                "rows": [list(row) for row in chart.rows],
            }
        )
    return blocks


#: Characters that stand side by side on a landscape page, and those of one column.
_LINE, _NARROW, _WIDE = 165, 5, 38


def _tables(report: Report, run: ReportRun, show: Shown) -> Iterable[dict[str, Any]]:
    """The rows in one table, or in several where the columns do not fit side by side.

    The first column, by which a row is known, stands at the begin of each.
    """
    columns = sorted_columns(report, words=True)
    readers = [column.reader() for column in columns]
    rows = [
        [
            show(read(row), column.kind, column.places)
            for read, column in zip(readers, columns, strict=True)
        ]
        for row in islice(rows_of(run, report.columns), PRINTED)
    ]
    sums = [
        show(Decimal(run.totals[column.key]), column.kind, column.places) if column.total else ""
        for column in columns
    ]
    widths = [
        3 + min(_WIDE, max(_NARROW, *map(len, str(column.label).split()), len(total), longest))
        for column, total, longest in zip(columns, sums, _usual(rows, len(columns)), strict=True)
    ]
    for chosen in _side_by_side(widths):
        table: dict[str, Any] = {
            "kind": "table",
            "columns": [
                {"label": columns[at].label, "kind": columns[at].kind, "width": widths[at]}
                for at in chosen
            ],
            "rows": [[row[at] for at in chosen] for row in rows],
        }
        if any(columns[at].total for at in chosen):
            table["totals"] = [sums[at] for at in chosen]
        yield table


def _usual(rows: Sequence[Sequence[Any]], columns: int) -> list[int]:
    """How long the cells of each column are, but for the longest tenth, which goes over lines."""
    found = []
    for at in range(columns):
        lengths = sorted(len(str(row[at])) for row in rows if row[at] is not None)
        found.append(lengths[-1 - len(lengths) // 10] if lengths else 0)
    return found


def _side_by_side(widths: Sequence[int]) -> list[list[int]]:
    """Columns by table, in their order."""
    tables = [[0]]
    for at in range(1, len(widths)):
        if sum(widths[one] for one in tables[-1]) + widths[at] > _LINE:
            tables.append([0])
        tables[-1].append(at)
    return tables


class Shown:
    """Values as they are printed, with the digits that were asked for."""

    def __init__(self, digits: str) -> None:
        self.digits = digits

    def __call__(self, value: Any, kind: str = "text", places: int = 2) -> Any:
        if value is None:
            return None
        if isinstance(value, Decimal) and kind == "text":
            kind = "decimal"
        text = format_value(value, kind, places)
        if self.digits == "arabic" and isinstance(value, int | Decimal | date | datetime):
            if isinstance(value, int | Decimal):
                text = text.translate(ARABIC_MARKS)
            return in_digits(text, "arabic")
        return text
