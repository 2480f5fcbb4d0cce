"""What REO reads of the program: published weekly reports put side by side, and the grants.

Nothing is counted here. Every number is one that an approved report published, week by week, or a
sum of such weeks with the hidden ones named beside it; so nothing can be learned from this page
that the reports do not say. Beyond that, a count of one to four is not shown on a page that many
see: it says "fewer than 5", and a second one with it where the first could be worked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire.disclosure import suppress_list
from ceasefire.exports import Column
from ceasefire.look.charts import WeekBar, horizontal_bars, weekly_bars
from ceasefire.look.numbers import number_text
from ceasefire.reports.blocks import Block, Item, address
from ceasefire.reports.dashboards.asked import Asked, SiteChoice, Span
from ceasefire.reports.dashboards.drawn import Drawn, Link, drawn, week_columns, week_rows
from ceasefire.reports.dashboards.parts import Known, Question, Row
from ceasefire.reports.models import SharedWeeklyReport
from ceasefire.reports.presentation import SharedPage, in_language

#: The smallest count, but zero, that this page shows.
FEWEST = 5
#: Weeks of the chart.
CHART_WEEKS = 26


def newest_by_site(user: Any) -> dict[str, SharedWeeklyReport]:
    """The newest published report of each site, by the site's code."""
    rows = (
        SharedWeeklyReport.objects.visible_to(user)
        .order_by("site_code", "-week_start", "-revision")
        .distinct("site_code")
    )
    return {row.site_code: row for row in rows}


def choices(newest: dict[str, SharedWeeklyReport]) -> list[SiteChoice]:
    """The sites as the filters offer them."""
    return [
        SiteChoice(
            code=row.site_code,
            name=row.site_name,
            week_start=row.week_start.weekday(),
            known_to=row.week_start + timedelta(days=7),
        )
        for row in newest.values()
    ]


def places(row: SharedWeeklyReport) -> list[tuple[str, str]]:
    """The districts that a published report names."""
    named = row.body["names"]["places"]
    return [(pcode, in_language(names)) for pcode, names in sorted(named.items()) if pcode]


@dataclass(frozen=True)
class PublishedWeek:
    """One week as this page may show it; None is hidden."""

    total: int | None
    districts: dict[str, int | None] = field(default_factory=dict)


def shown_week(body: dict[str, Any]) -> PublishedWeek:
    """A published week with counts below 5 taken out, and what would give them away."""
    places_of = [row["place"] for row in body["districts"]]
    counts = [row["incidents"] for row in body["districts"]]
    total = body["total"]
    if total is None or None in counts:
        # What is hidden already keeps the rest from being worked out.
        shown: Sequence[int | None] = [
            None if count is None or 0 < count < FEWEST else count for count in counts
        ]
        total = None if total is None or 0 < total < FEWEST else total
    else:
        shown, total = suppress_list(counts, threshold=FEWEST)
    return PublishedWeek(total, dict(zip(places_of, shown, strict=True)))


def masked(value: int | None, fewest: int = FEWEST) -> int | None:
    """A published number of people, or nothing where it is one to four."""
    return None if value is None or 0 < value < fewest else value


class SharedDashboard:
    """The page of one site for REO."""

    def __init__(self, user: Any, asked: Asked, newest: SharedWeeklyReport) -> None:
        self.user, self.asked, self.newest = user, asked, newest
        #: What the trail names where the page's numbers leave it as a file.
        self.subject = newest
        self.digits = str(user.digits)
        self.page = SharedPage(newest, digits=self.digits)
        first = min(
            newest.week_start - timedelta(weeks=CHART_WEEKS - 1),
            asked.span.start,
            *([asked.other.start] if asked.other else []),
        )
        rows = (
            SharedWeeklyReport.objects.visible_to(user)
            .filter(site_code=newest.site_code, week_start__gte=first)
            .latest()
        )
        self.weeks: dict[date, PublishedWeek] = {}
        #: Published while their reports still came in.
        self.early: set[date] = set()
        #: Where the numbers of each week were published: all that stands behind them here.
        self.reports: dict[date, str] = {}
        for row in rows:
            self.reports[row.week_start] = row.get_absolute_url()
            if not row.body.get("is_covered", True):
                # Missing, as a week without a report is.
                continue
            self.weeks[row.week_start] = shown_week(row.body)
            last = row.week_start + timedelta(days=6)
            if (row.body.get("complete_to") or "") < last.isoformat():
                self.early.add(row.week_start)
        #: What the newest publication knew to be complete.
        self.complete_to: str = newest.body.get("complete_to") or ""

    def number(self, value: int | None) -> str:
        """A number, or what stands in its place."""
        if value is None:
            return _("fewer than %(fewest)s, or hidden") % {
                "fewest": number_text(FEWEST, self.digits)
            }
        return number_text(value, self.digits)

    def known(self, span: Span, place: str = "") -> Known:
        """What was published of a period, in one district or all together."""
        value, hidden, missing = None, 0, 0
        for start in span.starts:
            week = self.weeks.get(start)
            if week is None:
                missing += 1
                continue
            count = week.districts.get(place) if place else week.total
            if count is None:
                hidden += 1
            else:
                value = (value or 0) + count
        return Known(
            value,
            span.weeks,
            hidden,
            missing,
            incomplete=span.last_day.isoformat() > self.complete_to,
            early=not self.early.isdisjoint(span.starts),
        )

    @property
    def questions(self) -> list[Block]:
        """How the period stands, which districts stand out, how many were harmed."""
        return [self._how_much(), self._stands_out(), self._harmed()]

    def _how_much(self) -> Question:
        span = self.asked.span
        known = self.known(span, self.asked.pcode)
        last = self.weeks.get(self.newest.week_start)
        lines: list[str | Item] = []
        if known.hidden or known.missing:
            lines.append(known.gaps(self.digits))
        if self.asked.other is not None:
            then = self.known(self.asked.other, self.asked.pcode)
            words = _("%(period)s: %(count)s") % {
                "period": self.asked.other.words(self.digits),
                "count": self.number(then.value),
            }
            url = self.published(self.asked.other) if then.value else ""
            lines.append(Item(words, url, count=then.value))
            lines += [then.gaps(self.digits)] if then.hidden or then.missing else []
        state = ""
        if span == Span(self.newest.week_start, self.newest.week_start + timedelta(days=7)):
            state = self._state(last)
        return Question(
            key="week",
            title=_("Is the week unusual?")
            if span.weeks == 1
            else _("How much was recorded in these weeks?"),
            said="" if known.value is not None else self._absent(known),
            value=known.value,
            unit=ngettext("incident", "incidents", known.value or 0)
            if known.value is not None
            else "",
            state=state,
            note=_("Week of %(week)s: %(verdict)s")
            % {"week": self.page.week, "verdict": self.page.verdict},
            lines=lines,
            figure_url=self.published(span),
            url=self.newest.get_absolute_url(),
            url_label=_("Weekly report"),
        )

    def _absent(self, known: Known) -> str:
        """What stands in place of a sum of nothing: hidden weeks, or none recorded."""
        return self.number(None) if known.hidden else _("not recorded")

    def published(self, span: Span) -> str:
        """The report that published a week's numbers, or the list of those of several weeks.

        "" where none of the weeks was published.
        """
        if span.weeks == 1:
            return self.reports.get(span.start, "")
        if not any(start in self.reports for start in span.starts):
            return ""
        asked = {
            "site": self.newest.site_code,
            "since": span.start.isoformat(),
            "until": span.last_day.isoformat(),
        }
        return address("reports:report_list", query=f"?{urlencode(asked)}")

    def csv_url(self, slug: str) -> str:
        """The values of the chart as a file, for what is asked."""
        return address("reports:dashboard_chart", "shared", slug, query=self.asked.query())

    def _state(self, week: PublishedWeek | None) -> str:
        """The state of the newest week of a district, where its count is shown."""
        rows = [row for row in self.page.lines if row.pcode]
        if self.asked.pcode:
            rows = [row for row in rows if row.pcode == self.asked.pcode]
        if len(rows) != 1 or week is None or week.districts.get(rows[0].pcode) is None:
            return ""
        return rows[0].state or ""

    def _stands_out(self) -> Question:
        week = self.weeks.get(self.newest.week_start) or PublishedWeek(None)
        shown = {line.pcode: line for line in self.page.lines}
        found = [
            shown[pcode]
            for pcode in self.page.body["alerts"]
            if not self.asked.pcode or pcode == self.asked.pcode
        ]
        return Question(
            key="alerts",
            title=_("Which districts stand out?"),
            value=len(found),
            unit=ngettext("alert", "alerts", len(found)),
            tone="unusual" if found else "",
            note="" if found else self.page.verdict,
            items=[
                Item(
                    label=one.name,
                    # The sentence holds the count.
                    note=one.sentence if week.districts.get(one.pcode) is not None else "",
                    url=self.newest.get_absolute_url() + "#alerts",
                    tone="unusual",
                    badge=_("Unusual"),
                )
                for one in found
            ],
            lines=[_("Week of %(week)s") % {"week": self.page.week}],
            figure_url="" if self.asked.pcode else self.newest.get_absolute_url() + "#alerts",
            url=self.newest.get_absolute_url() + "#districts",
            url_label=_("By district"),
        )

    def _harmed(self) -> Question:
        killed, injured = masked(self.page.body["killed"]), masked(self.page.body["injured"])
        is_unknown = "killed" in self.page.body.get("unknown", ())
        said = self.page.harm("killed") if is_unknown else self.number(None)
        if not self.page.is_covered:
            said = self.page.hidden
        return Question(
            key="harmed",
            title=_("How many people were harmed?"),
            value=killed,
            said="" if killed is not None else said,
            unit=_("killed"),
            note=_("Injured: %(injured)s. All districts together, week of %(week)s.")
            % {
                "injured": self.number(injured) if self.page.is_covered else self.page.hidden,
                "week": self.page.week,
            },
            figure_url=self.newest.get_absolute_url(),
            url=self.newest.get_absolute_url(),
            url_label=_("Weekly report"),
        )

    @cached_property
    def rows(self) -> list[Row]:
        """Each district in the two periods, by P-code, and all together; never by size."""
        found = []
        for pcode, name in places(self.newest):
            if self.asked.pcode and pcode != self.asked.pcode:
                continue
            found.append(self._row(name, pcode))
        if not self.asked.pcode:
            found.append(replace(self._row(_("Together"), ""), is_total=True))
        return found

    def _row(self, label: str, pcode: str) -> Row:
        beside = self.asked.other
        return Row(
            label,
            self.known(self.asked.span, pcode),
            self.known(beside, pcode) if beside is not None else None,
            self.published(self.asked.span),
            self.published(beside) if beside is not None else "",
        )

    @property
    def charts(self) -> list[Drawn]:
        """What stands below the questions, beside its table."""
        found = [one for slug in ("weeks", "districts") for one in self.drawn(slug)]
        return [replace(one, csv_url=self.csv_url(one.slug)) for one in found]

    def drawn(self, slug: str) -> list[Drawn]:
        """A chart of the page by its name; empty where it has none such, or nothing to draw."""
        make = {"weeks": self._weeks_drawn, "districts": self._districts_drawn}.get(slug)
        return make() if make is not None else []

    def _districts_drawn(self) -> list[Drawn]:
        """What was published of each district in the period, by P-code and never by size.

        None where one district is looked at, or published: the table above says it.
        """
        span = self.asked.span
        names = places(self.newest)
        if self.asked.pcode or len(names) < 2:
            return []
        known = [(name, self.known(span, pcode)) for pcode, name in names]
        if all(one.missing == one.weeks for _name, one in known):
            return []
        chart = horizontal_bars(
            "districts",
            _("By district"),
            _("Incidents as published, %(period)s; a hidden week is in no sum")
            % {"period": span.words(self.digits)},
            [(name, one.value) for name, one in known],
            unit=_("incidents"),
            unknown=_("hidden"),
            digits=self.digits,
        )
        columns = [
            Column("district", _("District")),
            Column("number", _("Incidents"), kind="int"),
            Column("hidden", _("Weeks hidden"), kind="int"),
            Column("missing", _("Weeks not recorded"), kind="int"),
        ]
        rows: list[dict[str, Any]] = [
            {
                "district": name,
                "number": one.value,
                "hidden": one.hidden,
                "missing": one.missing,
            }
            for name, one in known
        ]
        links: dict[str, Link] = {"number": lambda _row: self.published(span)}
        return [drawn(_("Districts"), chart, columns, rows, digits=self.digits, links=links)]

    def _weeks_drawn(self) -> list[Drawn]:
        """The last weeks published; hidden and missing ones hatched."""
        place = self.asked.pcode
        start: date = self.newest.week_start - timedelta(weeks=CHART_WEEKS - 1)
        bars = []
        for number in range(CHART_WEEKS):
            week = self.weeks.get(start + timedelta(weeks=number))
            value = None if week is None else week.districts.get(place) if place else week.total
            bars.append(WeekBar(start=start + timedelta(weeks=number), value=value))
        while len(bars) > 1 and bars[0].start not in self.weeks:
            bars.pop(0)
        where = self.page.place(place) if place else _("Everything together")
        chart = weekly_bars(
            "weeks",
            _("Incidents a week, as shared"),
            _("%(where)s, %(weeks)s weeks; hatched: hidden or not shared")
            % {"where": where, "weeks": number_text(len(bars), self.digits)},
            bars,
            unit=_("incidents"),
            digits=self.digits,
        )
        links: dict[str, Link] = {"number": lambda row: self.reports.get(row["week_start"], "")}
        columns, rows = week_columns(_("Incidents")), week_rows(bars)
        return [drawn(_("Weeks"), chart, columns, rows, digits=self.digits, links=links)]
