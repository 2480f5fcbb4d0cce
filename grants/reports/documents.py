"""Reports that are one document, as files: a grant's sheet (R13) and the SF-425 worksheet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.exports import Column, write_csv, write_pdf, write_xlsx
from ceasefire.vault.exceptions import VaultError
from grants.models import (
    AwardType,
    DocumentContent,
    DocumentType,
    FileFormat,
    Finding,
    Grant,
    MonitoringVisit,
    ProjectKind,
    ReportRun,
    Sector,
    State,
)
from grants.reports import federal, sheet
from grants.reports.snapshots import document_of
from grants.reports.writers import (
    SIGNED,
    SIGNERS,
    Shown,
    exact_json,
    filters_said,
    signatures,
)
from grants.services import files

#: The formats of each.
FORMATS = {sheet.SLUG: ("pdf", "xlsx", "csv"), federal.SLUG: ("xlsx", "pdf", "csv", "json")}
TITLES = {sheet.SLUG: _("Grant sheet"), federal.SLUG: _("SF-425 worksheet")}
#: Said on every page and file of it.
WARNING = _(
    "A worksheet, not a filed form. What the ledger does not hold counts only as confirmed figures"
    " of the fund."
)
NOT_KEPT = _("not kept")


def write(run: ReportRun, format: str, path: Path, *, language: str, digits: str) -> None:
    """Write the file of a run in the active language."""
    content = document_of(run)
    if run.report == sheet.SLUG and format == FileFormat.PDF:
        data = _sheet(run, content, Shown(digits))
        path.write_bytes(write_pdf("sheet", data, language=language, created=run.at))
    elif run.report == sheet.SLUG and format == FileFormat.XLSX:
        write_xlsx(
            SHEET_COLUMNS,
            sheet_rows(content),
            title=gettext("Grant sheet"),
            language=language,
            file=path,
            notes=[
                *about(run),
                (gettext("Papers put off"), len(content.get("deferred", ()))),
                *((str(label), Decimal(content["amounts"][key])) for key, label in AMOUNTS.items()),
                *((f"{who}: {what}", "") for who in SIGNERS for what in SIGNED),
            ],
            created=run.at.astimezone(UTC),
        )
    elif run.report == sheet.SLUG and format == FileFormat.CSV:
        rows = [*sheet_rows(content), *_control_rows(run, content)]
        path.write_bytes(b"".join(write_csv(SHEET_COLUMNS, rows)))
    elif run.report == federal.SLUG and format == FileFormat.PDF:
        data = _worksheet(run, content, Shown(digits))
        path.write_bytes(write_pdf("base", data, language=language, created=run.at))
    elif run.report == federal.SLUG and format == FileFormat.XLSX:
        write_xlsx(
            COLUMNS,
            worksheet_rows(content),
            title=gettext("SF-425 worksheet"),
            language=language,
            file=path,
            notes=[
                *about(run),
                (gettext("12. Remarks"), remarks(content)),
                *((f"{who}: {what}", "") for who in SIGNERS for what in SIGNED),
            ],
            created=run.at.astimezone(UTC),
        )
    elif run.report == federal.SLUG and format == FileFormat.CSV:
        rows = [*worksheet_rows(content), *_worksheet_control(run, content)]
        path.write_bytes(b"".join(write_csv(COLUMNS, rows)))
    elif run.report == federal.SLUG and format == FileFormat.JSON:
        whole = {
            "report": run.report,
            "run": run.number,
            "made_by": run.by_code,
            "made_at": run.at.astimezone(periods.BAGHDAD).isoformat(timespec="seconds"),
            "ledger": {"seq": run.ledger_seq, "hash": run.ledger_hash},
            "worksheet": str(WARNING),
            **content,
            # Numbers with all their places, as in the other reports.
            "lines": [
                {
                    **one,
                    "period": None if one["period"] is None else Decimal(one["period"]),
                    "total": Decimal(one["total"]),
                }
                for one in content["lines"]
            ],
            "unverified": Decimal(content["unverified"]),
        }
        path.write_text(exact_json(whole) + "\n", encoding="utf-8")
    else:
        raise ValueError(f"{run.report} is not made as {format}.")


def about(run: ReportRun) -> list[tuple[Any, Any]]:
    """Report, number, filters, who, when, ledger head."""
    return [
        (gettext("Report"), str(TITLES[run.report])),
        (gettext("Run"), run.number),
        (gettext("Filters"), filters_said(run)),
        (gettext("Made by"), run.by_code or gettext("The system")),
        (gettext("When"), run.at.astimezone(periods.BAGHDAD)),
        (gettext("Last posting of the ledger"), run.ledger_seq),
        (gettext("Head of the ledger"), run.ledger_hash or "–"),
    ]


def _control_rows(run: ReportRun, content: dict[str, Any]) -> list[dict[str, Any]]:
    """What the last sheet of the XLSX says of the run, as the last rows of the sheet's CSV."""
    empty = {"number": None, "day": None, "amount_usd": None, "value": None}
    said = [*about(run), (gettext("Papers put off"), len(content.get("deferred", ())))]
    return [
        {"part": gettext("Control"), "item": str(label), **empty, "note": _said_of(value)}
        for label, value in said
    ]


def _worksheet_control(run: ReportRun, content: dict[str, Any]) -> list[dict[str, Any]]:
    """The same of a worksheet, after its lines: remarks, run, who, ledger."""
    empty = {"line": "", "formula": "", "period_usd": None, "total_usd": None}
    said = [(gettext("12. Remarks"), remarks(content)), *about(run)]
    return [{**empty, "item": str(label), "note": _said_of(value)} for label, value in said]


def _said_of(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def _footer(run: ReportRun, show: Shown) -> dict[str, Any]:
    return {
        "who": run.by_code or gettext("The system"),
        "when": show(run.at.astimezone(periods.BAGHDAD)),
        "control": [
            [gettext("Run"), show(run.number)],
            [gettext("Ledger"), f"{run.ledger_seq} {run.ledger_hash[:16]}"],
        ],
    }


# --- SF-425 ---------------------------------------------------------------------------------------

COLUMNS = [
    Column("line", _("Line"), kind="code", width=8),
    Column("item", _("Item"), width=44),
    Column("formula", _("Formula"), width=44),
    Column("period_usd", _("In the period, USD"), kind="decimal"),
    Column("total_usd", _("So far, USD"), kind="decimal"),
    Column("note", _("Note"), width=20),
]


def worksheet_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a worksheet in the active language, with the formula of each."""
    rows = []
    for one in content["lines"]:
        line = federal.BY_NUMBER[one["line"]]
        rows.append(
            {
                "line": line.number,
                "item": str(line.words),
                "formula": str(line.formula),
                "period_usd": None if one["period"] is None else Decimal(one["period"]),
                "total_usd": Decimal(one["total"]),
                "note": "" if one["kept"] else str(NOT_KEPT),
            }
        )
    return rows


def remarks(content: dict[str, Any]) -> str:
    """Line 12: what a reader would ask."""
    return gettext(
        "Paid and not verified against receipts yet: %(amount)s USD. It stands in neither 10e nor"
        " 10f."
    ) % {"amount": f"{Decimal(content['unverified']):,.2f}"}


def _worksheet(run: ReportRun, content: dict[str, Any], show: Shown) -> dict[str, Any]:
    rows = worksheet_rows(content)
    return {
        "title": gettext("SF-425 worksheet"),
        "subtitle": f"{content['fund']} · {_named(content['name_en'], content['name_ar'])}",
        "meta": [[label, show(value)] for label, value in about(run)],
        **_footer(run, show),
        "marking": gettext("Worksheet, not a filed form"),
        "digits": show.digits,
        "landscape": True,
        "blocks": [
            {"kind": "note", "tone": "due", "text": str(WARNING)},
            {
                "kind": "table",
                "columns": [{"label": one.label, "kind": one.kind} for one in COLUMNS],
                "rows": [
                    [show(row[one.key], one.kind) if row[one.key] != "" else "" for one in COLUMNS]
                    for row in rows
                ],
            },
            {"kind": "heading", "text": gettext("12. Remarks"), "level": 2},
            {"kind": "paragraph", "text": remarks(content)},
            signatures(),
        ],
    }


# --- R13 ------------------------------------------------------------------------------------------

AMOUNTS = {
    "requested_usd": _("Requested, USD"),
    "approved_usd": _("Approved, USD"),
    "obligated_usd": _("Obligated, USD"),
    "deobligated_usd": _("De-obligated, USD"),
    "disbursed_usd": _("Disbursed, USD"),
    "refunded_usd": _("Refunded, USD"),
    "expensed_usd": _("Receipts for, USD"),
    "unliquidated_usd": _("Unliquidated, USD"),
    "unaccounted_usd": _("Without receipts, USD"),
}


def _named(english: str, arabic: str) -> str:
    is_arabic = (get_language() or "en").startswith("ar")
    return (arabic or english) if is_arabic else (english or arabic)


def _both(names: list[str] | None) -> str:
    return "–" if names is None else _named(*names)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _span(days: list[str | None], show: Shown) -> str:
    return " – ".join(str(show(_day(one)) or "…") for one in days) if any(days) else "–"


def _facts(content: dict[str, Any], show: Shown) -> list[tuple[str, Any]]:
    """What a grant is: (label, value) in the active language."""
    return [
        (gettext("Fund"), content["fund"]),
        (gettext("State"), str(State(content["state"]).label)),
        (gettext("Award type"), str(AwardType(content["award_type"]).label)),
        (gettext("Kind"), str(ProjectKind(content["kind"]).label)),
        (gettext("Sector"), f"{Sector(content['sector']).label} ({content['sector']})"),
        (gettext("Place"), " · ".join(filter(None, (_both(content["district"]), content["site"])))),
        (gettext("Grantee"), _both(content["grantee"])),
        (gettext("Implementer"), _both(content["implementer"])),
        (gettext("Requester"), content["requester"]),
        (gettext("Owner"), content["owner"]),
        (gettext("Risk"), str(Grant.Risk(content["risk"]).label) if content["risk"] else "–"),
        (gettext("Planned"), _span(content["planned"], show)),
        (gettext("Carried out"), _span(content["actual"], show)),
        (gettext("Awarded on"), show(_day(content["awarded_on"])) or "–"),
        (gettext("Beneficiaries"), show(content["beneficiaries"])),
    ]


SHEET_COLUMNS = [
    Column("part", _("Part"), width=16),
    Column("number", _("No."), kind="int", width=6),
    Column("item", _("Item"), width=32),
    Column("day", _("Day"), kind="date"),
    Column("amount_usd", _("Amount, USD"), kind="decimal"),
    Column("value", _("Value"), kind="decimal"),
    Column("note", _("Note"), width=60),
]


def sheet_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The sheet as a table in the active language: a fact, an amount, a day or a finding a row."""
    rows: list[dict[str, Any]] = []

    def add(part: str, item: Any, note: Any = "", **facts: Any) -> None:
        empty = {"number": None, "day": None, "amount_usd": None, "value": None}
        rows.append({"part": part, "item": str(item), "note": note, **empty, **facts})

    about_it = [(gettext("Title in English"), content["title_en"]),
                (gettext("Title in Arabic"), content["title_ar"])]  # fmt: skip
    for label, value in [*about_it, *_facts(content, Shown("western"))]:
        add(gettext("Grant"), label, str(value or "–"))
    for key, label in AMOUNTS.items():
        add(gettext("Money"), label, amount_usd=Decimal(content["amounts"][key]))
    planned = (gettext("Planned, USD"), gettext("Paid, USD"), gettext("Receipts for, USD"))
    for number, due, *amounts in content["tranches"]:
        for label, amount in zip(planned, amounts, strict=True):
            facts = {"number": number, "day": _day(due), "amount_usd": Decimal(amount)}
            add(gettext("Tranches"), label, **facts)
    measured = (gettext("Baseline"), gettext("Target"), gettext("Actual"))
    for number, (title, unit, *values) in enumerate(content["indicators"], start=1):
        note = f"{title} ({unit})" if unit else title
        for label, value in zip(measured, values, strict=True):
            found = None if value is None else Decimal(value)
            add(gettext("Results"), label, note, number=number, value=found)
    for number, (day, kind, who, seen) in enumerate(content["visits"], start=1):
        what = MonitoringVisit.Kind(kind).label
        add(gettext("Visits"), what, f"{who}: {seen}", number=number, day=_day(day))
    for number, severity, text, due, closed in content["findings"]:
        note = f"{text} · {gettext('Closed on')} {closed}" if closed else text
        what = Finding.Severity(severity).label
        add(gettext("Findings"), what, note, number=number, day=_day(due))
    for kind, due, who in content.get("deferred", ()):
        add(gettext("Papers that come later"), DocumentType(kind).label, who, day=_day(due))
    return rows


def _sheet(run: ReportRun, content: dict[str, Any], show: Shown) -> dict[str, Any]:
    """One A4 page: small tables, three photos at most, signatures at its foot."""
    facts = _facts(content, show)
    blocks: list[dict[str, Any]] = [
        {"kind": "sides", "items": [[list(one) for one in facts[:8]],
                                      [list(one) for one in facts[8:]]]},
        {
            "kind": "amounts",
            "items": [
                [str(label), show(Decimal(content["amounts"][key]), "decimal")]
                for key, label in AMOUNTS.items()
            ],
        },
    ]  # fmt: skip
    if content["tranches"]:
        blocks.append(
            {
                "kind": "table",
                "caption": gettext("Tranches"),
                "columns": [
                    {"label": gettext("Tranche"), "kind": "int"},
                    {"label": gettext("Due"), "kind": "date"},
                    {"label": gettext("Planned, USD"), "kind": "decimal"},
                    {"label": gettext("Paid, USD"), "kind": "decimal"},
                    {"label": gettext("Receipts for, USD"), "kind": "decimal"},
                ],
                "rows": [
                    [
                        show(number),
                        show(_day(due)),
                        *(show(Decimal(value), "decimal") for value in amounts),
                    ]
                    for number, due, *amounts in content["tranches"]
                ],
            }
        )
    if content["indicators"]:
        blocks.append(
            {
                "kind": "table",
                "caption": gettext("Results"),
                "columns": [
                    {"label": gettext("Indicator"), "kind": "text"},
                    {"label": gettext("Unit"), "kind": "text"},
                    {"label": gettext("Baseline"), "kind": "decimal"},
                    {"label": gettext("Target"), "kind": "decimal"},
                    {"label": gettext("Actual"), "kind": "decimal"},
                ],
                "rows": [
                    [
                        title,
                        unit or "–",
                        *(None if one is None else show(Decimal(one), "decimal") for one in values),
                    ]
                    for title, unit, *values in content["indicators"][:6]
                ],
            }
        )
    if content["visits"]:
        blocks.append(
            {
                "kind": "table",
                "caption": gettext("Visits"),
                "columns": [
                    {"label": gettext("Date"), "kind": "date"},
                    {"label": gettext("Kind"), "kind": "text"},
                    {"label": gettext("Officer"), "kind": "code"},
                    {"label": gettext("What was seen"), "kind": "text"},
                ],
                "rows": [
                    [show(_day(day)), str(MonitoringVisit.Kind(kind).label), who, seen]
                    for day, kind, who, seen in content["visits"]
                ],
            }
        )
    photos = _photos(content, show)
    if photos:
        blocks.append({"kind": "photos", "items": photos})
    if content["findings"]:
        blocks.append(
            {
                "kind": "table",
                "caption": gettext("Findings"),
                "columns": [
                    {"label": gettext("No."), "kind": "int"},
                    {"label": gettext("Severity"), "kind": "text"},
                    {"label": gettext("Finding"), "kind": "text"},
                    {"label": gettext("Due"), "kind": "date"},
                    {"label": gettext("Closed on"), "kind": "date"},
                ],
                "rows": [
                    [
                        show(number),
                        str(Finding.Severity(severity).label),
                        text,
                        show(_day(due)),
                        show(_day(closed)),
                    ]
                    for number, severity, text, due, closed in content["findings"][:6]
                ],
            }
        )
    else:
        blocks.append({"kind": "paragraph", "text": gettext("No finding was raised.")})
    # A run of before papers were named here has none of them.
    later = [
        gettext("%(paper)s, put off until %(day)s by %(officer)s")
        % {"paper": DocumentType(kind).label, "day": show(_day(due)), "officer": who}
        for kind, due, who in content.get("deferred", ())
    ]
    if later:
        text = f"{gettext('Papers that come later')}: {'; '.join(later)}."
        blocks.append({"kind": "paragraph", "text": text})
    blocks.append(signatures())
    return {
        "title": f"{content['ref']}",
        "subtitle": f"{gettext('Grant sheet')} · "
        + _named(content["title_en"], content["title_ar"]),
        "digits": show.digits,
        **_footer(run, show),
        "blocks": blocks,
    }


def _photos(content: dict[str, Any], show: Shown) -> list[dict[str, Any]]:
    """Small pictures of the photos on file, with their day and the begin of their hash."""
    items = []
    for one in content["photos"]:
        octets = _small(one["document"])
        if octets is not None:
            items.append(
                {
                    "octets": list(octets),
                    "caption": f"{show(_day(one['on']))} · {one['sha256'][:12]}",
                }
            )
    return items


def _small(document: str) -> bytes | None:
    """The small picture of a photo on file; None where it has none or does not open any more."""
    kept = DocumentContent.objects.select_related("thumbnail").filter(document_id=document).first()
    if kept is None or kept.thumbnail is None:
        return None
    try:
        return b"".join(files.pieces_of(kept.thumbnail))
    except VaultError:
        return None
