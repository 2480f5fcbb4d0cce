# ruff: noqa: S608 - statements are put together of fixed parts; values go as parameters
"""A report on a page: the first rows as they are now, or as they were in a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from ceasefire import periods
from ceasefire.exports.pdf import format_value
from ceasefire.look.charts import Chart
from ceasefire.look.numbers import ARABIC_MARKS, in_digits
from grants.models import ReportRun
from grants.reports import rows as statements
from grants.reports.columns import REPORTS, Col, Report
from grants.reports.pictures import charts_of
from grants.reports.snapshots import rows_of

#: Rows that a page shows; a file has all of them.
SHOWN = 50


@dataclass(frozen=True)
class Shown:
    """What a page needs of a report: head, rows as cells, sums, charts."""

    report: Report
    count: int
    #: Of each cell its class and its text.
    rows: list[list[tuple[SafeString, SafeString | str]]]
    sums: list[tuple[SafeString, SafeString | str]]
    charts: list[Chart]

    @property
    def is_cut(self) -> bool:
        return self.count > len(self.rows)

    @property
    def left(self) -> int:
        return len(self.rows)


def now(slug: str, filters: Mapping[str, Any], *, digits: str) -> Shown:
    """A report as it stands: the first rows, and number, sums and chart of all."""
    report = REPORTS[slug]
    statement = statements.STATEMENTS[slug](filters)
    values = statements.parameters(filters, periods.today())
    keys = ", ".join(f"r.{key}" for key in report.keys)
    sums = ", ".join(["count(*)", *(f"coalesce(sum({column.key}), 0)" for column in report.totals)])
    drawn = statements.CHARTS.get(slug)
    chart = f"(SELECT jsonb_agg(c.numbers) FROM ({drawn}) c (numbers))" if drawn else "NULL"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {keys} FROM ({statement} LIMIT {SHOWN}) r", values)
        first = [list(row) for row in cursor.fetchall()]
        # One pass over all rows, and of them only the columns that are summed or drawn: what the
        # others would cost is not worked out.
        needed = [
            column.key for column in report.columns if column.total or column.key in (drawn or "")
        ]
        cursor.execute(
            f"WITH r AS MATERIALIZED (SELECT {', '.join(['0 AS place', *needed])}"
            f" FROM ({statement}) inner_rows) SELECT {chart}, {sums} FROM r",
            values,
        )
        numbers, count, *totals = cursor.fetchone()
    return _shown(
        report,
        count,
        first,
        dict(zip([column.key for column in report.totals], totals, strict=True)),
        charts_of(slug, statements.loaded(numbers), digits=digits),
        digits,
    )


def frozen(run: ReportRun, *, digits: str) -> Shown:
    """A report as it stood in a run, from its rows alone."""
    report = REPORTS[run.report]
    first = list(rows_of(run, report.columns, first=SHOWN))
    totals = {key: Decimal(value) for key, value in run.totals.items()}
    charts = charts_of(run.report, run.chart, digits=digits)
    return _shown(report, run.rows, first, totals, charts, digits)


def _shown(
    report: Report,
    count: int,
    rows: Iterable[Sequence[Any]],
    totals: Mapping[str, Any],
    charts: list[Chart],
    digits: str,
) -> Shown:
    return Shown(
        report,
        count,
        [
            [
                (css_of(column), cell(column, value, digits))
                for column, value in zip(report.columns, row, strict=True)
            ]
            for row in rows
        ],
        [
            (css_of(column), cell(column, totals[column.key], digits) if column.total else "")
            for column in report.columns
        ],
        charts,
    )


_NUMBER, _WHOLE, _TEXT = mark_safe(' class="number"'), mark_safe(' class="whole"'), mark_safe("")


def css_of(column: Col) -> SafeString:
    """Numbers at the end of their cell; codes and days on one line."""
    if column.is_number:
        return _NUMBER
    return _WHOLE if column.kind != "text" else _TEXT


def cell(column: Col, value: Any, digits: str) -> SafeString | str:
    """A cell of the table: a number in the person's digits, a grant's number as the way to it."""
    value = column.read(value, words=True)
    if value is None or value == "":
        return "–"
    if column.key == "ref":
        return format_html(
            '<a href="{}"><bdi class="code">{}</bdi></a>',
            reverse("grants:grant_detail", args=[value]),
            value,
        )
    if isinstance(value, int | Decimal | date | datetime):
        text = format_value(value, column.kind, column.places)
        if digits == "arabic":
            if isinstance(value, int | Decimal):
                text = text.translate(ARABIC_MARKS)
            text = in_digits(text, digits)
        # The sign of a number stays before it in an Arabic line.
        return format_html('<bdi dir="ltr">{}</bdi>', text) if text.startswith("-") else text
    if column.key == "sha256":
        return format_html('<bdi title="{}">{}…</bdi>', value, str(value)[:16])
    return format_html("<bdi>{}</bdi>", value)
