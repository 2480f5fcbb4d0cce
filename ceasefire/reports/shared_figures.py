"""The charts of REO's version, each with its table: made of published numbers and nothing else.

Charts 1 to 3 of the report, as far as the shared rules let them be drawn: the weeks of all
districts together, of each district, and the states and kinds by district; and the map of section
7 by district (`shared_map`). A hidden count is hatched, never zero. The others stand on what REO
does not read: points, near repeats, clusters, neighbourhoods, and the counts behind the trend, the
effect and the delays.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext

from ceasefire.exports import Column
from ceasefire.look import plots
from ceasefire.look.charts import WeekBar, panels_on_one_scale, weekly_bars
from ceasefire.reports.figures import SHOWN_STATES, Figure, figure, state_word
from ceasefire.reports.models import SharedWeeklyReport
from ceasefire.reports.shared_map import district_map

if TYPE_CHECKING:
    from ceasefire.reports.presentation import SharedPage

#: Shared reports behind the charts of one, in weeks, its own included.
WEEKS = 26


def shared_charts_as_svg(
    report: SharedWeeklyReport, language: str, digits: str = "western"
) -> dict[str, str]:
    """Every chart of REO's version by its name, as the page in that language shows it."""
    from ceasefire.reports.presentation import SharedPage

    with translation.override(language):
        found = SharedPage(report, digits=digits).figures
        return {slug: str(one.chart.svg) for slug, one in found.items()}


def shared_figures(page: SharedPage) -> dict[str, Figure]:
    """The charts by name; of a version from before there were more, the first alone."""
    makers = (weeks, districts, states, district_map) if page.has_charts else (weeks,)
    found = [one for make in makers for one in make(page)]
    return {one.slug: one for one in found}


def weeks_before(report: SharedWeeklyReport) -> list[SharedWeeklyReport]:
    """The weeks before a report as REO held them when it came: later corrections change no chart.

    Newest first, at most `WEEKS` less its own.
    """
    return list(
        SharedWeeklyReport.objects.filter(
            site_code=report.site_code,
            week_start__lt=report.week_start,
            week_start__gt=report.week_start - timedelta(weeks=WEEKS),
            frozen_at__lte=report.frozen_at,
        )
        .order_by("-week_start", "-revision")
        .distinct("week_start")
    )


def _bars(page: SharedPage, pcode: str | None = None) -> list[WeekBar]:
    """The weeks of a district, or of all together; a hidden or missing week has no value."""
    known = {}
    for report in [*page.before, page.report]:
        body = report.body
        if pcode is None:
            known[report.week_start] = body["total"]
        else:
            rows = {row["place"]: row["incidents"] for row in body["districts"]}
            known[report.week_start] = rows.get(pcode)
    first = min(known)
    count = (page.report.week_start - first).days // 7 + 1
    starts = [first + timedelta(weeks=at) for at in range(count)]
    return [WeekBar(start=start, value=known.get(start)) for start in starts]


def _weeks_column() -> Column:
    return Column("week_start", gettext("Week of"), kind="date")


def weeks(page: SharedPage) -> list[Figure]:
    """1: everything together by week."""
    bars = _bars(page)
    drawn = weekly_bars(
        "weeks",
        gettext("Incidents a week, as shared"),
        gettext("Everything together, %(weeks)s weeks; hatched: hidden or not shared")
        % {"weeks": page.number(len(bars))},
        bars,
        unit=gettext("incidents"),
        digits=page.digits,
    )
    columns = [_weeks_column(), Column("incidents", gettext("Incidents"), kind="int")]
    rows = [{"week_start": bar.start, "incidents": bar.value} for bar in bars]
    return [figure("weeks", gettext("Weeks"), drawn, columns, rows, page.digits)]


def districts(page: SharedPage) -> list[Figure]:
    """2: every district on one scale, by P-code; what is known to no district has no chart."""
    found = [line for line in page.lines if line.pcode]
    if len(found) < 2:
        return []
    series = [(line, _bars(page, line.pcode)) for line in sorted(found, key=lambda one: one.pcode)]
    drawn = panels_on_one_scale(
        "districts",
        gettext("Districts side by side, on one scale"),
        gettext("Incidents a week, %(weeks)s weeks; hatched: hidden or not shared")
        % {"weeks": page.number(len(series[0][1]))},
        [(line.name, bars) for line, bars in series],
        unit=gettext("incidents"),
        digits=page.digits,
    )
    columns = [
        _weeks_column(),
        *(Column(line.pcode, line.name, kind="int", width=16) for line, _weeks in series),
    ]
    rows = [
        {
            "week_start": bar.start,
            **{line.pcode: bars[at].value for line, bars in series},
        }
        for at, bar in enumerate(series[0][1])
    ]
    return [figure("districts", gettext("Districts"), drawn, columns, rows, page.digits)]


def states(page: SharedPage) -> list[Figure]:
    """3: districts in one of the three states, and kinds of incidents by district.

    Only totals are judged in this version: a kind has its number alone, and none where the kinds
    were left out. None of a week in which the site was not recording.
    """
    if not page.is_covered:
        return []
    together, every = gettext("Together"), gettext("All types")
    judged = [line.state or "untested" for line in page.lines]
    rows: list[tuple[str, list[int | None], int | None]] = [
        (every, [line.incidents for line in page.lines], page.body["total"]),
        *page.table,
    ]
    drawn = plots.states(
        "states",
        gettext("What happened where, and what is unusual"),
        gettext("Verified incidents of the week by kind and district"),
        [line.name for line in page.lines],
        [
            (
                name,
                [
                    (count, "hidden" if count is None else "untested" if at else state)
                    for count, state in zip(counts, judged, strict=True)
                ],
            )
            for at, (name, counts, _total) in enumerate(rows)
        ],
        words=[
            *((state, state_word(state)) for state in SHOWN_STATES[:-1]),
            ("too_few", gettext("too few to say, or hidden")),
        ],
        digits=page.digits,
    )
    said = [state_word(line.state) if line.state in SHOWN_STATES else None for line in page.lines]
    table = [
        {
            "district": name,
            "kind": kind,
            "incidents": count,
            "state": page.hidden if count is None else state if not at else None,
        }
        for at, (kind, counts, total) in enumerate(rows)
        for name, count, state in [
            *zip((line.name for line in page.lines), counts, said, strict=True),
            (together, total, None),
        ]
    ]
    columns = [
        Column("district", gettext("District"), width=22),
        Column("kind", gettext("Kind"), width=30),
        Column("incidents", gettext("Incidents"), kind="int"),
        Column("state", gettext("State"), width=16),
    ]
    return [figure("states", gettext("States"), drawn, columns, table, page.digits)]
