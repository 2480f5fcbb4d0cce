"""A report as a file: JSON, XLSX and PDF, in a language, from the report's own row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire.exports import Column, safe_filename, write_pdf, write_xlsx
from ceasefire.look.charts import WIDTH, Chart
from ceasefire.look.templatetags.look import STATES
from ceasefire.reports.documents import canonical
from ceasefire.reports.editions import Edition
from ceasefire.reports.figures import Figure
from ceasefire.reports.further_page import Section
from ceasefire.reports.models import Audience, SharedWeeklyReport, WeeklyReport
from ceasefire.reports.presentation import Line, ReportPage, SharedPage
from ceasefire.reports.sections import Part
from ceasefire.reports.sentences import sentence

FORMATS = ("json", "pdf", "xlsx")
FONT = "Noto Sans, Noto Sans Arabic"

COLUMNS = [
    Column("place", _("P-code"), kind="code"),
    Column("district", _("District"), width=22),
    Column("type", _("Code"), kind="code", width=8),
    Column("label", _("Type"), width=30),
    Column("incidents", _("Incidents"), kind="int"),
    Column("unverified", _("Not verified"), kind="int"),
    Column("killed", _("Killed"), kind="int"),
    Column("killed_unknown", _("Killed unknown, incidents"), kind="int"),
    Column("injured", _("Injured"), kind="int"),
    Column("abducted", _("Abducted"), kind="int"),
    Column("state", _("State"), width=16),
    Column("expected", _("Expected"), kind="decimal"),
    Column("upper", _("Usually at most"), kind="int"),
    Column("p", _("Probability by chance"), kind="decimal", places=6),
    Column("sentence", _("In words"), width=70),
]
SHARED_COLUMNS = [
    Column("place", _("P-code"), kind="code"),
    Column("district", _("District"), width=22),
    Column("type", _("Code"), kind="code", width=8),
    Column("label", _("Type"), width=30),
    Column("incidents", _("Incidents"), kind="int"),
    Column("note", _("Note"), width=30),
]

#: What a file is made of: a report as one audience reads it, or REO's version.
Report = Edition | SharedWeeklyReport


def _row(source: Report) -> WeeklyReport | SharedWeeklyReport:
    return source.report if isinstance(source, Edition) else source


def report_file(source: Report, kind: str, language: str) -> tuple[bytes, str]:
    """The file of a report in `kind` (of `FORMATS`) and its name."""
    report = _row(source)
    code = report.site_code if isinstance(report, SharedWeeklyReport) else report.site.code
    parts: list[object] = ["weekly-report", code, report.week_start.isoformat()]
    if report.revision:
        parts.append(f"R{report.revision}")
    if isinstance(source, SharedWeeklyReport):
        parts.append("shared")
    elif source.audience == Audience.FULL:
        # So that nobody passes it on for the other.
        parts.append("full")
    if language != "en":
        parts.append(language)
    writer = {"json": write_report_json, "pdf": write_report_pdf, "xlsx": write_report_xlsx}[kind]
    return writer(source, language), safe_filename(*parts, extension=kind)


def write_report_json(source: Report, language: str = "en") -> bytes:
    """The published document. In English it is the bytes the checksum was taken of."""
    if language.startswith("en"):
        return canonical(source.body)
    with translation.override(language):
        if isinstance(source, SharedWeeklyReport):
            rows = [
                {**row, "sentence": sentence(row["key"], row["values"]) if row["key"] else None}
                for row in source.body["districts"]
            ]
            why = source.body.get("correction")
            if why and why["key"]:
                said = {"correction": {**why, "reason": sentence(why["key"], {})}}
                return canonical({**source.body, "districts": rows, **said})
            return canonical({**source.body, "districts": rows})
        told = {
            (row["place"], row["type"]): sentence(more["key"], more["values"])
            for row, more in zip(source.body["counts"], source.basis["rows"], strict=True)
        }
    translated: dict[str, Any] = {
        name: [{**row, "sentence": told[(row["place"], row["type"])]} for row in source.body[name]]
        for name in ("counts", "alerts", "watch")
    }
    fixed = source.basis.get("reason_key")
    if fixed:
        with translation.override(language):
            why = sentence(fixed, {})
        translated["revisions"] = [{**row, "reason": why} for row in source.body["revisions"]]
        if source.body.get("recording_revised"):
            translated["recording_revised"] = {**source.body["recording_revised"], "reason": why}
    return canonical({**source.body, **translated})


def write_report_xlsx(source: Report, language: str) -> bytes:
    """One row a count, a sheet a chart, real numbers; the last sheet says what the file is."""
    report = _row(source)
    with translation.override(language):
        if isinstance(source, SharedWeeklyReport):
            page: Any = SharedPage(source)
            columns, rows = SHARED_COLUMNS, _shared_rows(page)
            figures = page.figures.values() if page.has_charts else ()
        else:
            page = ReportPage(source)
            columns, rows = COLUMNS, _rows(page)
            figures = page.figures.values()
        return write_xlsx(  # type: ignore[return-value]
            columns,
            rows,
            title=f"{report.week_start}",
            language=language,
            notes=_notes(page),
            created=report.frozen_at or source.moment,
            sheets=[(one.label, one.columns, one.rows) for one in figures],
        )


def _rows(page: ReportPage) -> list[dict[str, Any]]:
    return [
        {
            "place": line.place,
            "district": page.place(line.place),
            "type": line.type,
            "label": line.label,
            "incidents": line.incidents,
            "unverified": line.unverified,
            "killed": line.killed,
            "killed_unknown": line.killed_unknown,
            "injured": line.injured,
            "abducted": line.abducted,
            "state": state_word(line.state),
            "expected": row["expected"],
            "upper": row["upper"],
            "p": row["p"],
            "sentence": line.sentence,
        }
        for line, row in zip(page.lines, page.body["counts"], strict=True)
    ]


def _shared_rows(page: SharedPage) -> list[dict[str, Any]]:
    def row(place: str, name: str, kind: str, label: str, count: int | None) -> dict[str, Any]:
        return {
            "place": place,
            "district": name,
            "type": kind,
            "label": label,
            "incidents": count,
            "note": page.hidden if count is None else "",
        }

    names = {line.pcode: line.name for line in page.lines}
    every, types = gettext("Together"), gettext("All types")
    rows = [row("", every, "ALL", types, page.body["total"])]
    rows += [row(line.pcode, line.name, "ALL", types, line.incidents) for line in page.lines]
    rows += [
        row("", every, one["family"], page.family(one["family"]), one["incidents"])
        for one in page.body["families"]
    ]
    rows += [
        row(
            one["place"],
            names[one["place"]],
            one["family"],
            page.family(one["family"]),
            one["incidents"],
        )
        for one in page.body["counts"]
    ]
    return rows


def _notes(page: ReportPage | SharedPage) -> list[tuple[str, Any]]:
    source = page.edition if isinstance(page, ReportPage) else page.report
    notes: list[tuple[str, Any]] = [
        (gettext("Report"), gettext("Weekly report")),
        (gettext("Site"), page.site),
        (gettext("Week"), page.week),
        (gettext("Records as of"), source.moment),
        (gettext("State"), state_word(str(page.body["status"]))),
        (gettext("Checksum"), source.checksum),
    ]
    if page.is_demo:
        notes.append((gettext("Demo"), gettext("The incidents are made up.")))
    if isinstance(page, ReportPage):
        notes.append((gettext("For whom"), page.counted_for))
        notes += page.health
        notes.append((gettext("Counts tested"), page.body["tests_made"]))
    elif page.has_charts:
        notes += [(gettext("Data health"), line) for line in page.health]
        notes += [(gettext("Killed"), page.harm("killed"))]
        notes += [(gettext("Injured"), page.harm("injured"))]
        notes += [(gettext("Corrected"), line) for line in page.correction]
    notes += [(gettext("How to read this"), line) for line in page.how_to_read]
    notes += [(gettext("Source"), line) for line in page.credits]
    return notes


def state_word(state: str) -> str:
    """The word of a state, as its badge says it."""
    return str(STATES[state][1]) if state in STATES else state


# --- the PDF --------------------------------------------------------------------------------------


def write_report_pdf(source: Report, language: str) -> bytes:
    """The briefing: the same sections as the page, set for paper."""
    report = _row(source)
    with translation.override(language):
        if isinstance(source, SharedWeeklyReport):
            page: Any = SharedPage(source)
            blocks = _shared_blocks(page)
        else:
            page = ReportPage(source)
            blocks = _in_order(page) if page.is_in_order else _blocks(page)
        data = {
            "title": page.title,
            "subtitle": page.week,
            "meta": [
                [gettext("Records as of"), source.moment],
                [gettext("State"), state_word(str(page.body["status"]))],
                [gettext("Report"), report.code],
            ],
            "when": report.frozen_at or source.moment,
            "control": [[gettext("Checksum"), source.checksum[:16]]],
            "blocks": blocks,
        }
        marking = _marking(page)
        if marking:
            data["marking"] = marking
        return write_pdf("base", data, language=language, created=report.frozen_at or source.moment)


def _marking(page: ReportPage | SharedPage) -> str:
    words = []
    if page.is_demo:
        words.append(gettext("Demo data"))
    if page.body["status"] == "draft":
        words.append(gettext("Draft"))
    return " · ".join(words)


def _blocks(page: ReportPage) -> list[dict[str, Any]]:
    report: WeeklyReport = page.report
    health = " · ".join(f"{label}: {value}" for label, value in page.health)
    blocks: list[dict[str, Any]] = [
        {"kind": "paragraph", "text": f"{page.lead} {page.verdict}"},
        {"kind": "note", "tone": "muted", "title": gettext("Data health"), "text": health},
        {"kind": "note", "tone": "muted", "text": page.counted_for},
    ]
    if report.narrative:
        blocks += [{"kind": "paragraph", "text": part} for part in report.narrative.split("\n\n")]
    blocks.append({"kind": "heading", "text": gettext("Alerts"), "level": 1})
    if page.alerts:
        blocks += [
            {
                "kind": "note",
                "tone": "overdue",
                "title": f"{found.place}: {found.label}",
                "text": found.sentence,
            }
            for found in page.alerts
        ]
    else:
        blocks.append({"kind": "note", "tone": "muted", "text": page.verdict})
    if page.watch:
        blocks.append({"kind": "heading", "text": gettext("Worth a look, unconfirmed"), "level": 2})
        blocks.append(
            {
                "kind": "list",
                "items": [
                    one.place + gettext(", ") + f"{one.label}: {one.sentence}" for one in page.watch
                ],
            }
        )
    if page.revisions:
        blocks.append({"kind": "heading", "text": gettext("Corrected since the last report")})
        blocks.append(_revision_table(page))
    blocks.append({"kind": "heading", "text": gettext("This week, by district and type")})
    blocks += [_district_table(district) for district in page.active]
    if page.quiet:
        title = gettext("Districts without an incident this week")
        blocks.append({"kind": "heading", "text": title, "level": 2})
        blocks.append(
            {"kind": "list", "items": [f"{one.name}: {one.total.sentence}" for one in page.quiet]}
        )
    blocks.append({"kind": "heading", "text": gettext("The weeks before")})
    # With one district the types stand in the table above already.
    flat = [chart for chart in page.charts if not chart.panels]
    blocks += [_chart(chart) for chart in flat if chart.slug != "types" or len(page.districts) > 1]
    blocks += [_panels(chart) for chart in page.charts if chart.panels]
    for part in page.further:
        blocks += _further(part)
    blocks += _closing(page)
    return blocks


#: How high a picture may be set, in widths of the page.
_HIGHEST = 1.0


def _in_order(page: ReportPage) -> list[dict[str, Any]]:
    """Sections 0 to 9 set for paper; what stands on the page only is left out."""
    blocks: list[dict[str, Any]] = []
    for section in page.sections:
        if not section.on_page_only:
            blocks.append({"kind": "heading", "text": section.title, "level": 1})
            for part in section.parts:
                blocks += _part(page, part)
    blocks += [{"kind": "note", "tone": "muted", "text": line} for line in page.credits]
    return blocks


def _part(page: ReportPage, part: Part) -> list[dict[str, Any]]:
    """One thing of a section as blocks of paper."""
    if part.kind in ("line", "lead"):
        return [{"kind": "paragraph", "text": part.text}]
    if part.kind == "small":
        return [{"kind": "note", "tone": "muted", "text": part.text}]
    if part.kind == "facts":
        text = " · ".join(f"{label}: {value}" for label, value in part.rows)
        return [{"kind": "note", "tone": "muted", "text": text}]
    if part.kind == "heading":
        return [{"kind": "heading", "text": part.text, "level": 2}]
    if part.kind in ("note", "alert"):
        tone = "overdue" if part.kind == "alert" else "muted"
        text = " ".join([part.text, *part.items])
        titled = {"title": part.title} if part.title else {}
        return [{"kind": "note", "tone": tone, "text": text, **titled}]
    if part.kind == "narrative":
        return [{"kind": "heading", "text": gettext("What happened"), "level": 2}] + [
            {"kind": "paragraph", "text": words} for words in part.text.split("\n\n")
        ]
    if part.kind in ("list", "fold"):
        head = [{"kind": "heading", "text": part.title, "level": 2}] if part.title else []
        return [*head, {"kind": "list", "items": list(part.items)}]
    if part.kind == "table":
        columns = [{"label": label, "kind": "text"} for label in part.head]
        return [{"kind": "table", "columns": columns, "rows": [list(row) for row in part.rows]}]
    if part.kind == "figure" and part.figure is not None:
        return [_figure(part.figure)]
    return _counts(page, part)


def _figure(found: Figure) -> dict[str, Any]:
    """A chart as it stands on the page, with its key in words."""
    chart = found.chart
    height = re.search(r' height="([0-9.]+)"', chart.svg)
    high = float(height[1]) if height else 1.0
    return {
        "kind": "chart",
        "svg": str(chart.svg),
        "title": chart.title,
        "subtitle": chart.subtitle,
        "width": min(1.0, _HIGHEST * WIDTH / max(high, 1.0)),
        "keys": [
            {
                "svg": key.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1),
                "label": key.label,
            }
            for key in chart.legend
        ],
    }


def _counts(page: ReportPage, part: Part) -> list[dict[str, Any]]:
    """The counts of the week: a table a district, and those without an incident."""
    blocks: list[dict[str, Any]] = [{"kind": "heading", "text": part.title, "level": 2}]
    blocks += [_district_table(district) for district in page.active]
    if page.quiet:
        title = gettext("Districts without an incident this week")
        blocks.append({"kind": "heading", "text": title, "level": 2})
        blocks.append(
            {"kind": "list", "items": [f"{one.name}: {one.total.sentence}" for one in page.quiet]}
        )
    return blocks


def _further(part: Section) -> list[dict[str, Any]]:
    """A part beyond counts, set for paper."""
    blocks: list[dict[str, Any]] = [{"kind": "heading", "text": part.title}]
    blocks += [{"kind": "paragraph", "text": line} for line in part.lines]
    if part.rows:
        columns = [{"label": label, "kind": "text"} for label in part.head]
        blocks.append({"kind": "table", "columns": columns, "rows": part.rows})
    if part.caution:
        blocks.append({"kind": "note", "tone": "muted", "text": part.caution})
    return blocks


def _revision_table(page: ReportPage) -> dict[str, Any]:
    return {
        "kind": "table",
        "columns": [
            {"label": gettext("District"), "kind": "text"},
            {"label": gettext("Type"), "kind": "text"},
            {"label": gettext("Before"), "kind": "int"},
            {"label": gettext("Now"), "kind": "int"},
            {"label": gettext("Change"), "kind": "int"},
        ],
        "rows": [
            [row["place"], row["label"], row["before"], row["after"], row["change"]]
            for row in page.revisions
        ],
    }


def _district_table(district: Any) -> dict[str, Any]:
    def row(line: Line) -> list[Any]:
        return [
            line.label,
            line.incidents,
            line.unverified,
            line.killed,
            line.injured,
            line.abducted,
            line.range or None,
            state_word(line.state),
        ]

    table: dict[str, Any] = {
        "kind": "table",
        "caption": district.name,
        "columns": [
            {"label": gettext("Type"), "kind": "text", "width": 15},
            {"label": gettext("Incidents"), "kind": "int"},
            {"label": gettext("Not verified"), "kind": "int"},
            {"label": gettext("Killed"), "kind": "int"},
            {"label": gettext("Injured"), "kind": "int"},
            {"label": gettext("Abducted"), "kind": "int"},
            {"label": gettext("Usual week"), "kind": "text", "width": 8},
            {"label": gettext("State"), "kind": "text", "width": 10},
        ],
        "rows": [row(line) for line in (district.total, *district.shown)],
    }
    if district.total.state in ("too_few", "untested"):
        table["note"] = district.total.sentence
    return table


def _chart(chart: Chart) -> dict[str, Any]:
    note = gettext(
        "Grey band: the usual range. Hatched: not verified, no data, or still coming in."
        " Triangle: unusual."
    )
    return {
        "note": note if chart.legend else None,
        "kind": "chart",
        "svg": chart.picture(FONT),
        "title": chart.title,
        "subtitle": chart.subtitle,
        "width": 1,
    }


def _panels(chart: Chart) -> dict[str, Any]:
    return {
        "kind": "charts",
        "columns": 2,
        "items": [
            # Half the width, so that two stand side by side with their text at its own size.
            {
                "svg": Chart("", name, "", panel)
                .picture(FONT)
                .replace(f'width="{WIDTH}"', f'width="{WIDTH // 2}"', 1),
                "title": name,
            }
            for name, panel in chart.panels
        ],
    }


def _closing(page: ReportPage | SharedPage) -> list[dict[str, Any]]:
    return [
        {"kind": "heading", "text": gettext("How to read this, and what was not tested")},
        {"kind": "list", "items": page.how_to_read},
        *({"kind": "note", "tone": "muted", "text": line} for line in page.credits),
    ]


def _shared_blocks(page: SharedPage) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if page.health:
        blocks.append({"kind": "heading", "text": gettext("Data health")})
        blocks += [{"kind": "paragraph", "text": line} for line in page.health]
        blocks.append({"kind": "heading", "text": gettext("This week")})
    blocks.append({"kind": "paragraph", "text": page.lead})
    if page.correction:
        title = gettext("Corrected since the approved report")
        blocks.append({"kind": "heading", "text": title})
        blocks += [{"kind": "paragraph", "text": line} for line in page.correction]
    blocks.append({"kind": "heading", "text": gettext("Alerts")})
    if page.alerts:
        blocks += [
            {"kind": "note", "tone": "overdue", "title": found.place, "text": found.sentence}
            for found in page.alerts
        ]
    else:
        blocks.append({"kind": "note", "tone": "muted", "text": page.verdict})
    blocks.append({"kind": "heading", "text": gettext("Districts")})
    blocks.append(
        {
            "kind": "table",
            "columns": [
                {"label": gettext("District"), "kind": "text", "width": 12},
                {"label": gettext("Incidents"), "kind": "text", "width": 7},
                {"label": gettext("State"), "kind": "text", "width": 9},
                {"label": gettext("In words"), "kind": "text", "width": 30},
            ],
            "rows": [
                [
                    line.name,
                    page.number(line.incidents),
                    state_word(line.state) if line.state else None,
                    line.sentence,
                ]
                for line in page.lines
            ],
        }
    )
    if page.table:
        blocks.append({"kind": "heading", "text": gettext("Kinds of incidents")})
        blocks.append(_shared_table(page, page.table))
    if page.has_charts:
        blocks.append({"kind": "heading", "text": gettext("Charts")})
        blocks += [_figure(found) for found in page.figures.values()]
    for _slug, title, lines in page.further:
        blocks.append({"kind": "heading", "text": title})
        blocks += [{"kind": "paragraph", "text": line} for line in lines]
    return blocks + _closing(page)


def _shared_table(page: SharedPage, rows: Sequence[Any]) -> dict[str, Any]:
    return {
        "kind": "table",
        "columns": [
            {"label": gettext("Type"), "kind": "text", "width": 16},
            *({"label": line.name, "kind": "text", "width": 7} for line in page.lines),
            {"label": gettext("Together"), "kind": "text", "width": 7},
        ],
        "rows": [
            [name, *(page.number(count) for count in counts), page.number(total)]
            for name, counts, total in rows
        ],
    }
