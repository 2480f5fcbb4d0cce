"""A chart of a dashboard beside the table of its values, each of which opens its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from ceasefire.exports import Column
from ceasefire.look.charts import Chart, WeekBar
from ceasefire.reports.figures import Figure, Row, cell

#: From a row the address of the records that a value of it counts; "" where nobody opens them.
Link = Callable[[Row], str]


@dataclass(frozen=True)
class Cell:
    """One value as the table shows it, and the records behind it."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Drawn(Figure):
    """A chart with its table; `csv_url` is the same values as a file."""

    lines: tuple[tuple[Cell, ...], ...] = ()
    csv_url: str = ""

    @property
    def body(self) -> SafeString:
        """The rows of the table; the first of each is its head."""
        rows = ("".join(_td(at, one) for at, one in enumerate(row)) for row in self.lines)
        return format_html_join("", "<tr>{}</tr>", ((mark_safe(row),) for row in rows))


def _td(at: int, one: Cell) -> SafeString:
    if at == 0:
        return format_html('<th scope="row">{}</th>', one.text)
    if one.url:
        return format_html('<td class="number"><a href="{}">{}</a></td>', one.url, one.text)
    return format_html('<td class="number">{}</td>', one.text)


def drawn(
    label: str,
    chart: Chart,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    digits: str,
    links: Mapping[str, Link] | None = None,
) -> Drawn:
    """The chart with the table of its rows, which is what its file holds too.

    A column of which no row knows anything is left out of both.
    """
    columns = [one for one in columns if any(row[one.key] is not None for row in rows)]
    of = links or {}
    return Drawn(
        slug=chart.slug,
        label=label,
        chart=replace(chart, head=tuple(str(one.label) for one in columns), rows=()),
        columns=columns,
        rows=rows,
        lines=tuple(
            tuple(
                Cell(
                    cell(one, row, digits),
                    of[one.key](row) if row[one.key] and one.key in of else "",
                )
                for one in columns
            )
            for row in rows
        ),
    )


def week_rows(bars: Sequence[WeekBar]) -> list[Row]:
    """The values of a weekly chart, the newest week first."""
    tested = any(bar.upper is not None for bar in bars)
    hatched = any(bar.unverified for bar in bars)
    return [
        {
            "week_start": bar.start,
            "number": bar.value,
            "unverified": bar.unverified if hatched else None,
            "lower": bar.lower if tested and bar.upper is not None else None,
            "expected": bar.expected,
            "upper": bar.upper,
            "complete": None if bar.complete else _("still coming in"),
        }
        for bar in reversed(bars)
    ]


def week_columns(unit: str) -> list[Column]:
    """The columns of `week_rows`; `unit` is the head of the number."""
    return [
        Column("week_start", _("Week of"), kind="date"),
        Column("number", unit, kind="int"),
        Column("unverified", _("Not verified"), kind="int"),
        Column("lower", _("Usually at least"), kind="int"),
        Column("expected", _("Expected"), kind="decimal"),
        Column("upper", _("Usually at most"), kind="int"),
        Column("complete", _("Complete")),
    ]


def named_rows(pairs: Sequence[tuple[Any, str, int]]) -> list[Row]:
    """(key, name, number) as rows; the key is for links, and in no table."""
    return [{"key": key, "name": name, "number": number} for key, name, number in pairs]


def named_columns(head: str, unit: str) -> list[Column]:
    """The columns of `named_rows`."""
    return [Column("name", head), Column("number", unit, kind="int")]
