"""The charts of a report, each with its table: made of one list of values, in one language.

A picture, its table and its file hold the same numbers because all three are made of `rows`. The
picture is the same string on the page, in the PDF and in a letter (`charts_as_svg`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire.exports import Column, write_csv
from ceasefire.look import area_maps, plots
from ceasefire.look.charts import Chart, panels_on_one_scale
from ceasefire.look.numbers import in_digits
from ceasefire.look.strokes import FONT
from ceasefire.look.templatetags.look import STATES
from ceasefire.places import outlines
from ceasefire.reports.editions import Edition
from ceasefire.reports.further import STANDS_OUT_WEEKS
from ceasefire.reports.panel import ALL, BAND_WEEKS
from ceasefire.reports.sentences import period_mark, sentence, taken_out
from ceasefire.statistics.assessment import ALERT_RATE

if TYPE_CHECKING:
    from ceasefire.reports.presentation import ReportPage

Row = dict[str, Any]
#: Ratios of near repeats that chance hardly shows have a p of at most this.
SURE = 0.05
#: The states in the order of the legend.
SHOWN_STATES = ("unusual", "usual", "too_few")


@dataclass(frozen=True)
class Figure:
    """A chart and the values it is drawn of."""

    slug: str
    #: A short name: of the sheet in a workbook, of the file.
    label: str
    chart: Chart
    columns: Sequence[Column]
    rows: Sequence[Row]


def figure(
    slug: str, label: str, drawn: Chart, columns: Sequence[Column], rows: Sequence[Row], digits: str
) -> Figure:
    """A chart with its table made of the rows, its letters named in the picture itself."""
    chart = replace(
        drawn,
        svg=mark_safe(drawn.picture(FONT)),
        head=tuple(str(column.label) for column in columns),
        rows=tuple(tuple(cell(column, row, digits) for column in columns) for row in rows),
    )
    return Figure(slug, label, chart, columns, rows)


def cell(column: Column, row: Row, digits: str) -> str:
    """A value as a table shows it; a dash where there is none."""
    value = row[column.key]
    if value is None:
        return "–"
    if isinstance(value, date):
        return in_digits(f"{value.day}/{value.month}/{value.year}", digits)
    if column.kind == "decimal":
        return in_digits(f"{value:.{column.places}f}", digits)
    return in_digits(str(value), digits)


def figure_csv(found: Figure) -> bytes:
    """The values of a figure as CSV, under labels in the active language."""
    return b"".join(write_csv(found.columns, found.rows, header="label"))


def charts_as_svg(edition: Edition, language: str) -> dict[str, str]:
    """Every chart of a report by its name, as the page in that language shows it.

    Empty for a report from before its charts were of one piece.
    """
    from ceasefire.reports.presentation import ReportPage

    with translation.override(language):
        return {one.slug: str(one.chart.svg) for one in ReportPage(edition).figures.values()}


def figures(page: ReportPage) -> dict[str, Figure]:
    """The charts of a report that its numbers are enough for, by name, in the order of sections."""
    makers = (
        *(weeks, districts, states, delays, trend_line, near_pairs, near_kinds, cluster_map),
        *(concentration_map, places),
    )
    found = [one for make in makers for one in make(page)]
    found += [one for plan in page.body["effect"] or () for one in effect_figures(page, plan)]
    return {one.slug: one for one in found}


def _day(iso: str) -> date:
    return date.fromisoformat(iso)


def state_word(state: str) -> str:
    """The word of a state; what nobody tests is too few to say."""
    return str(STATES[state if state in STATES else "too_few"][1])


# --- 1 to 3: this week ----------------------------------------------------------------------------


def weeks(page: ReportPage) -> list[Figure]:
    """1: weekly bars with their usual range, alert, calendar, and weeks that are not complete."""
    bars = page.week_bars(page.drawn.pcode)
    last = page.drawn.total
    rows = [
        {
            "week_start": bar.start,
            "incidents": bar.value,
            "unverified": bar.unverified,
            "lower": bar.lower if bar.upper is not None else None,
            "expected": bar.expected,
            "upper": bar.upper,
            "state": state_word(last.state) if at == len(bars) - 1 else None,
            "complete": None if bar.complete else gettext("still coming in"),
            "calendar": gettext(", ").join(name for _letter, name in bar.periods) or None,
            "told": gettext(", ").join(bar.told) or None,
        }
        for at, bar in enumerate(bars)
    ][::-1]
    columns = [
        Column("week_start", _("Week of"), kind="date"),
        Column("incidents", _("Incidents"), kind="int"),
        Column("unverified", _("Not verified"), kind="int"),
        Column("lower", _("Usually at least"), kind="int"),
        Column("expected", _("Expected"), kind="decimal"),
        Column("upper", _("Usually at most"), kind="int"),
        Column("state", _("State")),
        Column("complete", _("Complete")),
        Column("calendar", _("Calendar"), width=24),
    ]
    if "told" in page.basis:
        columns.append(Column("told", _("Told as an alert"), width=24))
    return [figure("weeks", gettext("Weeks"), page.main_chart, columns, rows, page.digits)]


def districts(page: ReportPage) -> list[Figure]:
    """2: every district on one scale."""
    found = sorted(page.districts, key=lambda one: one.pcode)
    if len(found) < 2:
        return []
    series = [(one.name, page.week_bars(one.pcode, BAND_WEEKS)) for one in found]
    drawn = panels_on_one_scale(
        "districts",
        gettext("Districts side by side, on one scale"),
        gettext("Verified incidents a week, %(weeks)s weeks")
        % {"weeks": page.number(len(series[0][1]))},
        series,
        unit=gettext("incidents"),
        digits=page.digits,
    )
    rows = [
        {
            "district": name,
            "week_start": bar.start,
            "incidents": bar.value,
            "unverified": bar.unverified,
            "lower": bar.lower if bar.upper is not None else None,
            "upper": bar.upper,
        }
        for name, bars in series
        for bar in bars
    ]
    columns = [
        Column("district", _("District"), width=22),
        Column("week_start", _("Week of"), kind="date"),
        Column("incidents", _("Incidents"), kind="int"),
        Column("unverified", _("Not verified"), kind="int"),
        Column("lower", _("Usually at least"), kind="int"),
        Column("upper", _("Usually at most"), kind="int"),
    ]
    return [figure("districts", gettext("Districts"), drawn, columns, rows, page.digits)]


def _drawn(state: str) -> str:
    """A count that was not tested is drawn as the table says it: too few to say."""
    return "too_few" if state == "untested" else state


def states(page: ReportPage) -> list[Figure]:
    """3: types by district, each count in one of the three states."""
    found = sorted(page.districts, key=lambda one: one.pcode)
    if page.unplaced is not None:
        found.append(page.unplaced)
    lines = {(line.place, line.type): line for line in page.lines}
    kinds = [ALL]
    for line in page.lines:
        if line.type not in kinds and (line.incidents or line.state == "unusual"):
            kinds.append(line.type)
    rows = [
        {
            "district": one.name,
            "type": page.type(kind),
            "incidents": lines[one.pcode, kind].incidents,
            "state": state_word(lines[one.pcode, kind].state),
        }
        for kind in kinds
        for one in found
        if (one.pcode, kind) in lines
    ]
    drawn = plots.states(
        "states",
        gettext("What happened where, and what is unusual"),
        gettext("Verified incidents of the week by type and district"),
        [one.name for one in found],
        [
            (
                page.type(kind),
                [
                    (lines[one.pcode, kind].incidents, _drawn(lines[one.pcode, kind].state))
                    if (one.pcode, kind) in lines
                    else None
                    for one in found
                ],
            )
            for kind in kinds
        ],
        words=[(state, state_word(state)) for state in SHOWN_STATES],
        digits=page.digits,
    )
    columns = [
        Column("district", _("District"), width=22),
        Column("type", _("Type"), width=30),
        Column("incidents", _("Incidents"), kind="int"),
        Column("state", _("State"), width=16),
    ]
    return [figure("states", gettext("States"), drawn, columns, rows, page.digits)]


# --- 9: how late reports come ---------------------------------------------------------------------


def delays(page: ReportPage) -> list[Figure]:
    """9: which share of incidents is in the system after so many days."""
    found = page.body["delays"]
    if not found:
        return []
    rows = [
        {"days": day, "percent": round(100 * share, 1)}
        for day, share in zip(found["days"], found["share"], strict=True)
    ]

    def said(day: int, share: float) -> str:
        return gettext("%(percent)s %% within %(days)s days") % {
            "percent": page.number(round(100 * share)),
            "days": page.number(day),
        }

    week = next(row["percent"] for row in rows if row["days"] == 7)
    drawn = plots.curve(
        "delays",
        gettext("%(percent)s in 100 incidents are known within a week")
        % {"percent": page.number(round(week))},
        gettext(
            "Percent of %(incidents)s incidents of 26 weeks, by days from the event to its entry"
        )
        % {"incidents": page.number(found["incidents"])},
        list(zip(found["days"], found["share"], strict=True)),
        said_of=said,
        digits=page.digits,
    )
    columns = [
        Column("days", _("Within days"), kind="int"),
        Column("percent", _("Percent known"), kind="decimal", places=1),
    ]
    return [figure("delays", gettext("Delays"), drawn, columns, rows, page.digits)]


# --- 4: the trend ---------------------------------------------------------------------------------


def trend_line(page: ReportPage) -> list[Figure]:
    """4: the trend with its 95 % ribbon, and the points behind it."""
    found = page.body["trend"]
    if not found:
        return []
    rows = [{**row, "week_start": _day(row["week_start"])} for row in found["line"]]
    drawn = plots.ribbon(
        "trend-line",
        page.trend_words,
        _of_trend(found),
        [
            plots.Band(
                label=f"{row['week_start'].month}/{row['week_start'].year}",
                seen=row["per_week"],
                line=row["line"],
                low=row["low"],
                high=row["high"],
                words=_trend_words(page, row),
                shaded=_has_ramadan(row["week_start"], row["week_start"] + timedelta(days=27)),
            )
            for row in rows
        ],
        line_words=gettext("trend, with its 95 % interval"),
        seen_words=gettext("incidents a week"),
        shaded_words=gettext("Ramadan"),
        digits=page.digits,
    )
    columns = [
        Column("week_start", _("From the week of"), kind="date"),
        Column("weeks", _("Weeks recorded"), kind="int"),
        Column("incidents", _("Incidents"), kind="int"),
        Column("per_week", _("A week"), kind="decimal"),
        Column("line", _("Trend"), kind="decimal"),
        Column("low", _("At least"), kind="decimal"),
        Column("high", _("At most"), kind="decimal"),
    ]
    return [figure("trend-line", gettext("Trend"), drawn, columns, rows, page.digits)]


def _of_trend(found: Mapping[str, Any]) -> str:
    """What the line of the trend is of, with what was taken out of it."""
    return {
        "calendar": gettext(
            "Verified incidents a week, by steps of four weeks; season and calendar taken out"
        ),
        "season": gettext(
            "Verified incidents a week, by steps of four weeks; the season taken out, the calendar"
            " not"
        ),
        "nothing": gettext(
            "Verified incidents a week, by steps of four weeks; neither season nor calendar taken"
            " out"
        ),
    }[taken_out(found)]


def _trend_words(page: ReportPage, row: Row) -> str:
    words = gettext("From %(day)s: %(seen)s a week; trend %(line)s (%(low)s to %(high)s)")
    return words % {
        "day": in_digits(f"{row['week_start']:%d/%m/%Y}", page.digits),
        "seen": gettext("no data")
        if row["per_week"] is None
        else page.number(float(row["per_week"]), 2),
        **{name: page.number(float(row[name]), 2) for name in ("line", "low", "high")},
    }


def _has_ramadan(first: date, last: date) -> bool:
    from ceasefire.reports.calendars import marks

    days = (last - first).days + 1
    firsts = [first + timedelta(days=at) for at in range(0, days, 7)]
    return any("ramadan" in names for names in marks(firsts))


# --- 5 and 6: near repeats and clusters -----------------------------------------------------------


#: Of a pair of bands, in metres and days: its pairs against chance.
_BANDS = [
    Column("metres_from", _("From metres"), kind="int"),
    Column("metres_to", _("To metres"), kind="int"),
    Column("days_from", _("From days"), kind="int"),
    Column("days_to", _("To days"), kind="int"),
    Column("observed", _("Pairs seen"), kind="int"),
    Column("expected", _("Pairs expected"), kind="decimal", places=3),
    Column("ratio", _("Ratio"), kind="decimal", places=3),
    Column("ratio_low", _("At least"), kind="decimal", places=3),
    Column("ratio_high", _("At most"), kind="decimal", places=3),
    Column("p", _("Probability by chance"), kind="decimal", places=6),
]


def near_pairs(page: ReportPage) -> list[Figure]:
    """5: pairs by how far and how many days apart, against chance."""
    found = page.body["near_repeat"]
    if not found:
        return []
    metres, days = found["metres"], found["days"]
    rows, grid = [], []
    for at, (near, far) in enumerate(zip(metres, metres[1:], strict=False)):
        cells = []
        for column, (first, after) in enumerate(zip(days, days[1:], strict=False)):
            values = {
                name: found[name][at][column]
                for name in ("observed", "expected", "ratio", "ratio_low", "ratio_high", "p")
            }
            rows.append(
                {
                    "metres_from": round(near),
                    "metres_to": round(far),
                    "days_from": first,
                    "days_to": after - 1,
                    **values,
                }
            )
            cells.append((values["ratio"], values["observed"], is_sure(values)))
        words = (
            gettext("Same spot")
            if at == 0
            else gettext("To %(metres)s m") % {"metres": page.number(round(far))}
        )
        grid.append((words, cells))
    drawn = plots.pairs(
        "pairs",
        gettext("How often incidents come in pairs, against chance"),
        gettext("Pairs seen over pairs expected, by distance and days apart; %(count)s incidents")
        % {"count": page.number(found["events"])},
        [
            gettext("%(lower)s to %(upper)s days")
            % {"lower": page.number(first), "upper": page.number(after - 1)}
            for first, after in zip(days, days[1:], strict=False)
        ],
        grid,
        digits=page.digits,
    )
    return [figure("pairs", gettext("Near repeats"), drawn, _BANDS, rows, page.digits)]


def near_kinds(page: ReportPage) -> list[Figure]:
    """5b: the same by kind, at the distance that is told in words; too few are said to be so."""
    found = page.body.get("near_repeat_kinds") or []
    whole = page.body["near_repeat"]
    if not whole or not any(one["tested"] for one in found):
        return []
    near, far = (round(metres) for metres in whole["metres"][NEXT_DOOR : NEXT_DOOR + 2])
    days = [(first, after - 1) for first, after in pairwise(whole["days"])]
    rows: list[Row] = []
    grid = []
    for one in found:
        tested, name = one["tested"], page.near_kind(one)
        facts = {"kind": name, "incidents": one["events"], "metres_from": near, "metres_to": far}
        if tested is None:
            empty = dict.fromkeys(
                ("days_from", "days_to", *_BAND, "p_overall", "q", "metres_from", "metres_to")
            )
            rows.append({**facts, **empty, "note": gettext("too few to say")})
            continue
        cells = []
        for column, (first, last) in enumerate(days):
            values = {key: tested[key][NEXT_DOOR][column] for key in _BAND}
            rows.append(
                {
                    **facts,
                    "days_from": first,
                    "days_to": last,
                    **values,
                    "p_overall": tested["p_overall"],
                    "q": tested["q"],
                    "note": None,
                }
            )
            sure = is_sure(values) and stands_out(tested)
            cells.append((values["ratio"], values["observed"], sure))
        grid.append((name, cells))
    drawn = plots.pairs(
        "pairs-by-kind",
        gettext("Near repeats, each kind by itself"),
        gettext("Pairs up to %(metres)s metres apart, not at the same spot, over pairs expected")
        % {"metres": page.number(far)},
        [
            gettext("%(lower)s to %(upper)s days")
            % {"lower": page.number(first), "upper": page.number(last)}
            for first, last in days
        ],
        grid,
        digits=page.digits,
    )
    columns = [
        Column("kind", _("Kind"), width=30),
        Column("incidents", _("Incidents"), kind="int"),
        *_BANDS,
        Column("p_overall", _("The same over all bands"), kind="decimal", places=6),
        Column("q", _("The same among all tests of the week"), kind="decimal", places=6),
        Column("note", _("Note"), width=16),
    ]
    label = gettext("Near repeats by kind")
    return [figure("pairs-by-kind", label, drawn, columns, rows, page.digits)]


#: The band of metres that is told as a sentence: the first beyond the same spot.
NEXT_DOOR = 1
_BAND = ("observed", "expected", "ratio", "ratio_low", "ratio_high", "p")


def stands_out(found: Mapping[str, Any]) -> bool:
    """Whether near repeats are told: sure over all bands and, since version 5, among all tests."""
    return found["p_overall"] <= SURE and found.get("q", 0.0) <= ALERT_RATE


def is_sure(values: Mapping[str, Any]) -> bool:
    """Whether a band by itself is more than chance brings.

    A ratio without a lower end is one against next to none: 97 of 100 permutations had no pair.
    """
    return (
        values["p"] is not None
        and values["p"] <= SURE
        and (values["ratio"] or 0) > 1
        and (values["ratio_low"] is None or values["ratio_low"] > 1)
    )


def told_band(found: Mapping[str, Any]) -> tuple[int, int] | None:
    """The band of metres and of days that is told; None where none by itself is sure."""
    rows, columns = len(found["metres"]) - 1, len(found["days"]) - 1
    every = ((at, column) for at in range(rows) for column in range(columns))
    for at, column in sorted(every, key=lambda one: (one[0] < NEXT_DOOR, one)):
        if is_sure({name: found[name][at][column] for name in _BAND}):
            return at, column
    return None


def near_words(found: Mapping[str, Any], digits: str) -> str:
    """What may be said of near repeats: of all incidents, or of one kind.

    The band next door in the first days where it is sure, else the nearest that is, the same spot
    last, since many share one because a place was named. Where they stand out without a sure band,
    that alone is said; that there is no sign of them only where they do not stand out.
    """
    if not stands_out(found):
        return sentence("near_usual", {"events": found["events"]}, digits)
    told = told_band(found)
    if told is None:
        return sentence("near_somewhere", {"events": found["events"]}, digits)
    at, column = told
    values = {name: found[name][at][column] for name in _BAND}
    band = {
        "from_metres": round(found["metres"][at]) if at > NEXT_DOOR else 0,
        "metres": round(found["metres"][at + 1]),
        "from_days": found["days"][column],
        "days": found["days"][column + 1] - 1,
        "pairs": values["observed"],
        "ratio": round(values["ratio"], 1),
        "low": None if values["ratio_low"] is None else round(values["ratio_low"], 1),
        "high": None if values["ratio_high"] is None else round(values["ratio_high"], 1),
    }
    return sentence("near" if at >= NEXT_DOOR else "near_same_spot", band, digits)


def standing_out(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Clusters such as chance shows once a year or seldomer."""
    return [one for one in body["clusters"] if one["recurrence_weeks"] >= STANDS_OUT_WEEKS]


def cluster_map(page: ReportPage) -> list[Figure]:
    """6: circles on the map, around places of the gazetteer, never around an incident."""
    found = standing_out(page.body)
    where = page.basis["map"]["at"]
    if not found or any(one["place"] not in where for one in found):
        return []
    rows = [
        {"name": page.place(one["place"]), **{key: one[key] for key in _CLUSTER}} for one in found
    ]
    drawn = plots.circles(
        "circles",
        gettext("More than usual around %(place)s") % {"place": rows[0]["name"]},
        gettext("Circle: the places together, around a place's middle and not around an incident"),
        _outlines(page),
        [
            plots.Circle(
                name=row["name"],
                words=gettext("%(place)s: %(seen)s in %(days)s days, %(expected)s expected")
                % {
                    "place": row["name"],
                    "seen": page.number(row["observed"]),
                    "days": page.number(row["days"]),
                    "expected": page.number(float(row["expected"]), 2),
                },
                at=tuple(where[one["place"]]),
                kilometres=max(float(one["radius_km"]), 0.1),
            )
            for one, row in zip(found, rows, strict=True)
        ],
    )
    columns = [
        Column("name", _("Around"), width=24),
        Column("radius_km", _("Kilometres"), kind="decimal"),
        Column("days", _("Days"), kind="int"),
        Column("observed", _("Incidents"), kind="int"),
        Column("expected", _("Expected"), kind="decimal"),
        Column("p", _("Probability by chance"), kind="decimal", places=3),
        Column("recurrence_weeks", _("Once in weeks"), kind="decimal", places=1),
    ]
    return [figure("circles", gettext("Clusters"), drawn, columns, rows, page.digits)]


_CLUSTER = ("radius_km", "days", "observed", "expected", "p", "recurrence_weeks")


def _outlines(page: ReportPage) -> list[tuple[str, Any, Any]]:
    return [
        (page.place(pcode), [outlines.points(ring) for ring in one["rings"]], tuple(one["at"]))
        for pcode, one in page.basis["map"]["outlines"].items()
    ]


def concentration_map(page: ReportPage) -> list[Figure]:
    """Sub-districts by the incidents of the last 90 days, in classes; hidden counts hatched."""
    found = page.body["concentration"]["districts"]
    shapes = page.basis["map"].get("areas") or {}
    rows, areas = [], []
    for one in found if shapes else ():
        for row in one["areas"]:
            pcode, count = row["area"], row["incidents"]
            name = page.place(pcode) if pcode or not one["district"] else _only_district()
            note = gettext("hidden") if count is None else None
            if pcode in shapes:
                shape = shapes[pcode]
                areas.append(
                    area_maps.MapArea(
                        name=name,
                        rings=[outlines.points(ring) for ring in shape["rings"]],
                        at=tuple(shape["at"]),
                        count=count,
                        words=f"{name}: {note or page.number(count)}",
                    )
                )
            else:
                note = " · ".join(filter(None, [note, gettext("not on the map")]))
            rows.append(
                {
                    "district": page.place(one["district"]),
                    "area": name,
                    "incidents": count,
                    "note": note,
                }
            )
    if not areas:
        return []
    drawn = area_maps.classed_areas(
        "areas",
        gettext("Where the incidents of the last 90 days were, by sub-district"),
        gettext("Verified incidents since %(day)s; thick lines: districts. North is up")
        % {"day": page.day(page.body["concentration"]["from"])},
        areas,
        [rings for _name, rings, _at in _outlines(page)],
        hidden=gettext("hidden: one or two, or to protect such a count"),
        digits=page.digits,
    )
    columns = [
        Column("district", _("District"), width=22),
        Column("area", _("Sub-district"), width=28),
        Column("incidents", _("Incidents"), kind="int"),
        Column("note", _("Note"), width=24),
    ]
    return [figure("areas", gettext("Sub-districts"), drawn, columns, rows, page.digits)]


def _only_district() -> str:
    return gettext("Place not known closer than the district")


def places(page: ReportPage) -> list[Figure]:
    """Where the incidents of the last 90 days were told of; small counts hidden.

    In the order of the gazetteer, since districts and places of unlike size are not ranked. Left
    out where no neighbourhood was told and the map has all of it.
    """
    found = [one for one in page.body["concentration"]["districts"] if one["places"]]
    drawn_areas = page.basis["map"].get("areas") or {}
    told = {row["place"] for one in found for row in one["places"]}
    if not told - {"", *drawn_areas}:
        # A report from before has no map.
        found = [] if drawn_areas else found
    if not found:
        return []
    hidden = gettext("hidden")
    rows, groups = [], []
    for one in found:
        held = [
            (
                page.place(row["place"]) if row["place"] else _only_district(),
                row["incidents"],
            )
            for row in one["places"]
        ]
        groups.append((page.place(one["district"]), held))
        rows += [
            {
                "district": page.place(one["district"]),
                "place": name,
                "incidents": count,
                "note": hidden if count is None else None,
            }
            for name, count in held
        ]
    drawn = plots.listed(
        "places",
        gettext("Where the incidents of the last 90 days were"),
        gettext(
            "Verified incidents by neighbourhood or sub-district, in the order of their codes."
            " Hatched: one or two, or hidden to protect such a count"
        ),
        groups,
        hidden=hidden,
        digits=page.digits,
    )
    columns = [
        Column("district", _("District"), width=22),
        Column("place", _("Place"), width=28),
        Column("incidents", _("Incidents"), kind="int"),
        Column("note", _("Note"), width=12),
    ]
    return [figure("places", gettext("Places"), drawn, columns, rows, page.digits)]


# --- 7 and 8: the effect --------------------------------------------------------------------------


def effect_figures(page: ReportPage, plan: Mapping[str, Any]) -> list[Figure]:
    """7: our districts and those compared with, on one index; 8: ours among all choices."""
    if plan["ratio"] is None:
        return []
    return [_index(page, plan), _placebo(page, plan)]


def _index(page: ReportPage, plan: Mapping[str, Any]) -> Figure:
    names = (gettext("where the program works"), gettext("districts compared with"))
    rows = [
        {
            "week_start": _day(step["week_start"]),
            "weeks": step["weeks"],
            "side": gettext("after") if step["after"] else gettext("before"),
            **{
                name: step[name]
                for name in ("ours_incidents", "others_incidents", "ours", "others")
            },
        }
        for step in plan["index"]
    ]

    def words(row: Row) -> str:
        def told(value: float | None) -> str:
            return gettext("no data") if value is None else page.number(float(value), 1)

        return (
            f"{in_digits(row['week_start'].strftime('%d/%m/%Y'), page.digits)}:"
            f" {names[0]} {told(row['ours'])}" + gettext(", ") + f"{names[1]} {told(row['others'])}"
        )

    slug = f"index-{plan['plan']}"
    drawn = plots.indexed(
        slug,
        gettext("Before and after, beside the districts compared with"),
        gettext("Incidents a week by steps of four weeks; 100 = each group's own level before"),
        [
            plots.Step(
                label=f"{row['week_start'].month}/{row['week_start'].year}",
                ours=row["ours"],
                others=row["others"],
                words=words(row),
                after=step["after"],
            )
            for row, step in zip(rows, plan["index"], strict=True)
        ],
        names=names,
        start_words=gettext("Start: %(day)s") % {"day": page.day(plan["starts_on"])},
        digits=page.digits,
    )
    columns = [
        Column("week_start", _("From the week of"), kind="date"),
        Column("weeks", _("Weeks"), kind="int"),
        Column("side", _("Start")),
        Column("ours_incidents", _("Incidents where the program works"), kind="int"),
        Column("others_incidents", _("Incidents in districts compared with"), kind="int"),
        Column("ours", _("Index where the program works"), kind="decimal", places=1),
        Column("others", _("Index of districts compared with"), kind="decimal", places=1),
    ]
    label = gettext("Effect %(plan)s") % {"plan": plan["plan"]}
    return figure(slug, label, drawn, columns, rows, page.digits)


def _placebo(page: ReportPage, plan: Mapping[str, Any]) -> Figure:
    ours, another = gettext("where the program works"), gettext("another choice of districts")
    rows = [{"choice": ours, "ratio": plan["ratio"]}]
    rows += [{"choice": another, "ratio": one} for one in plan["placebo"]]
    slug = f"placebo-{plan['plan']}"
    drawn = plots.dots(
        slug,
        gettext("Our ratio among those of every other choice of districts"),
        gettext(
            "Incidents after over before, against the others; 1 = no difference. %(count)s choices"
        )
        % {"count": page.number(plan["choices"])},
        plan["placebo"],
        plan["ratio"],
        our_words=ours,
        other_words=another,
        digits=page.digits,
    )
    columns = [
        Column("choice", _("Choice"), width=30),
        Column("ratio", _("Ratio"), kind="decimal", places=3),
    ]
    label = gettext("Placebo %(plan)s") % {"plan": plan["plan"]}
    return figure(slug, label, drawn, columns, rows, page.digits)


def periods_of(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The marks of a week by the names of the calendar."""
    return tuple(period_mark(name) for name in names)
