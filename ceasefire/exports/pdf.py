"""The PDF writer: data in, a set document out, by typst.

The templates in `typst/` are programs of our own; data reach them as one JSON value and are never
part of a program. They can read no file but the templates, no font but ours, and no network.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import typst
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ceasefire.exports.columns import Column, ControlTotals, iterate, read_cell

__all__ = ["format_value", "table_data", "write_pdf"]

_HERE = Path(__file__).parent
_TEMPLATES = _HERE / "typst"
_FONTS = typst.Fonts(
    include_system_fonts=False, include_embedded_fonts=False, font_paths=[_HERE / "fonts"]
)
_TEMPLATE_NAME = re.compile(r"[a-z][a-z_]*")
# Without a date given, files carry this one, so that the same data give the same bytes.
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
# The compiler keeps its own cache between documents; one at a time keeps memory flat.
_one_at_a_time = threading.Lock()


def write_pdf(
    template: str,
    data: Mapping[str, Any],
    *,
    language: str,
    created: datetime | None = None,
) -> bytes:
    """Set `data` by `template` ("base" for a report of blocks, "table" for one long table).

    The shape of `data`; whatever is absent is left out, lazy translations are resolved in
    `language`:

        {"title": str, "subtitle": str,
         "meta": [[label, value], ...],          # the box under the title: site, filters, source
         "who": str, "when": datetime | str,     # in the footer of every page, with page n of m
         "control": [[label, value], ...],       # control totals, in the footer as well
         "marking": str,                         # in the header of every page: "Demo data", "Draft"
         "landscape": bool,
         "digits": "western" | "arabic",         # of the page numbers; values come as written
         "blocks": [
           {"kind": "heading", "text": str, "level": 1 | 2},
           {"kind": "paragraph", "text": str},
           {"kind": "note", "text": str, "title": str, "tone": "info|due|overdue|done|muted"},
           {"kind": "list", "items": [str, ...]},
           {"kind": "facts", "items": [[label, value], ...]},
           {"kind": "figures", "items": [{"value": ..., "label": str, "note": str}, ...]},
           {"kind": "table", "caption": str, "columns": [{"label": str, "kind": "text|int|decimal|
             date|datetime|code", "places": 2, "width": 1.0}, ...], "rows": [[...], ...],
             "totals": [...], "note": str},
           {"kind": "chart", "svg": str, "title": str, "subtitle": str, "alt": str, "note": str,
             "width": 0..1, "keys": [{"svg": str, "label": str}, ...]},
           {"kind": "charts", "columns": 2, "items": [chart, ...]},     # small multiples
           {"kind": "signatures", "items": [{"who": str, "lines": [str, ...]}, ...]},
           {"kind": "sides", "items": [[[label, value], ...], ...]},    # facts side by side
           {"kind": "amounts", "items": [[label, value], ...]},
           {"kind": "photos", "items": [{"octets": [int, ...], "caption": str}, ...]},
           {"kind": "pagebreak"}]}

    "sheet" takes the same as "base" and sets it on one page.
    "table" takes "columns", "rows", "totals" and "notes": [str, ...] at the top instead of
    "blocks"; `table_data` makes that from a Column list. Values may be numbers, days and moments,
    written as `format_value` does; a table's None is an en dash. A text in the other script runs in
    its own direction; numbers, days and codes stay left to right, so `QRF-2026` and -3 are whole
    inside Arabic.

    `created` is the only moment in the file: without it the same data give the same bytes.
    """
    if not _TEMPLATE_NAME.fullmatch(template):
        raise ValueError(f"{template!r} is no name of a template.")
    with translation.override(language):
        prepared = _prepare(data)
        prepared["language"] = "ar" if language.startswith("ar") else "en"
        prepared["words"] = {
            # Translators: at the foot of each page of a PDF; keep PAGE and PAGES as they are.
            "page": _("Page PAGE of PAGES"),
            "rows": _("Rows"),
            "total": _("Total"),
        }
    sources = json.dumps(prepared, ensure_ascii=False)
    with _one_at_a_time:
        return typst.compile(
            str(_TEMPLATES / f"{template}.typ"),
            root=str(_TEMPLATES),
            font_paths=_FONTS,
            ignore_system_fonts=True,
            sys_inputs={"data": sources},
            timestamp=int((created or _NO_DATE).timestamp()),
        )


def table_data(
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    title: Any,
    **more: Any,
) -> dict[str, Any]:
    """The data of one long table for the "table" template, from the columns of any other export.

    `more` is what `write_pdf` describes: subtitle, meta, who, when, notes, marking, landscape. The
    number of rows and the control totals are added. All rows are in memory: for at most a few
    thousand; longer tables are for CSV and XLSX.
    """
    readers = [column.reader() for column in columns]
    totals = ControlTotals(columns)
    cells = []
    for row in iterate(rows):
        values = [read_cell(read(row)) for read in readers]
        totals.add(values)
        cells.append(values)
    sums = {column.key: total for column, total in totals.sums()}
    data: dict[str, Any] = {
        "title": title,
        "columns": [
            {
                "label": column.label,
                "kind": column.kind,
                "places": column.places,
                **({"width": column.width} if column.width else {}),
            }
            for column in columns
        ],
        "rows": cells,
        "control": [[_("Rows"), totals.rows], *([c.label, t] for c, t in totals.sums())],
        **more,
    }
    if sums:
        data["totals"] = [sums.get(column.key, "") for column in columns]
    return data


def format_value(value: Any, kind: str = "text", places: int = 2) -> str:
    """A value as people read it: 1,234.50, 22/11/2026, 22/11/2026 23:10, "" for nothing."""
    value = read_cell(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if kind == "code":
        return str(value)
    if kind == "decimal" or (isinstance(value, Decimal) and value != value.to_integral_value()):
        return f"{value:,.{places}f}"
    return f"{value:,.0f}"


# What tells a template how to set something; every other number is one for people to read.
_SETTINGS = frozenset({"columns", "landscape", "level", "places", "width"})
# A text column no longer than this is as wide as its longest text; a longer one shares the rest.
_SHORT = 14


def _prepare(value: Any, key: str = "") -> Any:
    """The data as JSON knows it, with every value already written as people read it."""
    if key == "svg":
        return _drawable(str(value))
    if key == "octets":
        return list(value)
    if isinstance(value, Mapping):
        if value.get("kind") == "charts":
            value = {**value, "items": _small(value["items"], int(value.get("columns", 2)))}
        if isinstance(value.get("columns"), (list, tuple)):
            value = _written_table(value)
        return {name: _prepare(part, name) for name, part in value.items() if part is not None}
    if isinstance(value, (list, tuple)):
        return [_prepare(part, key) for part in value]
    if key in _SETTINGS and isinstance(value, (bool, int, float)):
        return value
    return format_value(str(value) if isinstance(value, Promise) else value)


def _written_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table whose cells are written by the kinds of its columns, with the columns' widths."""
    columns = [{"kind": "text", **column} for column in table["columns"]]

    def written(row: Sequence[Any], missing: str) -> list[str]:
        return [
            missing
            if value is None
            else format_value(
                str(value) if isinstance(value, Promise) else value,
                column["kind"],
                int(column.get("places", 2)),
            )
            for value, column in zip(row, columns, strict=True)
        ]

    rows = [written(row, "–") for row in table.get("rows", ())]
    totals = written(table["totals"], "") if table.get("totals") else None
    for at, column in enumerate(columns):
        longest = max((len(row[at]) for row in rows), default=0)
        usual = sum(len(row[at]) for row in rows) / max(len(rows), 1)
        wide = "width" in column or (column["kind"] == "text" and longest > _SHORT)
        # 0 stands for "as wide as the content".
        column["width"] = float(column.get("width") or min(max(usual, 8), 40)) if wide else 0.0
    if columns and not any(column["width"] for column in columns):
        columns[0]["width"] = 1.0
    return {**table, "columns": columns, "rows": rows, "totals": totals}


_SVG_ROOT = re.compile(r"<svg\b[^>]*>")
_SVG_TEXT = re.compile(r"<text\b[^>]*>")
_SVG_WIDTH = re.compile(r'(?<= )width="(\d+)"')
_OTHER_END = {"start": "end", "end": "start"}
#: A page's width in the pixels of a picture.
_PAGE_WIDTH = 640


def _drawable(svg: str) -> str:
    """The picture for a renderer that takes a text's start for its left end in any direction."""
    root = _SVG_ROOT.search(svg)
    if root is None or 'direction="rtl"' not in root[0]:
        return svg

    def turned(tag: re.Match[str]) -> str:
        if 'direction="ltr"' in tag[0]:
            return tag[0]
        if "text-anchor=" not in tag[0]:
            return tag[0].replace("<text", '<text text-anchor="end"', 1)
        return re.sub(
            r'text-anchor="(start|end)"',
            lambda anchor: f'text-anchor="{_OTHER_END[anchor[1]]}"',
            tag[0],
        )

    return _SVG_TEXT.sub(turned, svg)


def _small(charts: Sequence[Mapping[str, Any]], columns: int) -> list[dict[str, Any]]:
    """Pictures to stand side by side: narrower rather than shrunk, so that text keeps its size.

    Only those without a view box, whose widths are shares of the whole.
    """
    most = _PAGE_WIDTH // max(columns, 1)

    def narrowed(root: re.Match[str]) -> str:
        if "viewBox=" in root[0]:
            return root[0]
        return _SVG_WIDTH.sub(lambda width: f'width="{min(int(width[1]), most)}"', root[0])

    return [
        {**chart, "svg": _SVG_ROOT.sub(narrowed, str(chart["svg"]), count=1)} for chart in charts
    ]
