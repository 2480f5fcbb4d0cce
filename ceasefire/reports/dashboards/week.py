"""The program's dashboard: one site and period, against its usual range and beside another period.

Counts of incidents are sums of rollups, so they are those of this moment. What they are judged by,
the usual range and the alerts, is the newest report's up to the period, and the page says which
week it is of: a judgement belongs to the records it was made of and is not made again here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire import codes, periods
from ceasefire.look.charts import Area, Chart, WeekBar, horizontal_bars, shaded_areas, weekly_bars
from ceasefire.look.numbers import number_text
from ceasefire.periods import Week
from ceasefire.places import outlines
from ceasefire.places.models import Place, Site
from ceasefire.reports.blocks import Block, Item, address
from ceasefire.reports.compilation import USUAL_DAYS
from ceasefire.reports.dashboards.asked import Asked, Span
from ceasefire.reports.dashboards.drawn import (
    Drawn,
    Link,
    drawn,
    named_columns,
    named_rows,
    week_columns,
    week_rows,
)
from ceasefire.reports.dashboards.parts import Known, Question, Row
from ceasefire.reports.editions import edition_for
from ceasefire.reports.models import WeeklyReport
from ceasefire.reports.panel import ALL, covered
from ceasefire.reports.presentation import ReportPage, week_words
from ceasefire.reports.recording import coverage, districts
from incidents import measures, rollups

#: Weeks of the chart.
CHART_WEEKS = 26
#: More areas than these would cover each other's names: then districts are drawn.
MOST_AREAS = 8
MOST_ALERTS = 4
#: What is counted, in the order of the table.
COUNTED = ("incidents", "unverified", "killed", "killed_unknown", "injured", "abducted")


@dataclass(frozen=True)
class Finding(Item):
    """A line with more to look at, an alert before anybody acts on it."""

    checks: Sequence[Item] = ()


@dataclass(frozen=True)
class Range:
    """A week of a district against its usual range, as the newest report judged it."""

    lower: int
    upper: int


def places_of(site: Site) -> list[Place]:
    """The districts and sub-districts of a site, by P-code; one question."""
    wanted = districts(site)
    levels = [Place.Level.DISTRICT, Place.Level.SUBDISTRICT]
    return list(
        Place.objects.filter(district__pcode__in=wanted, level__in=levels, valid_to__isnull=True)
        .select_related("district", "parent")
        .defer("geometry", "district__geometry", "parent__geometry")
        .order_by("pcode")
    )


def _above(place: Place) -> str:
    """The P-code of a place's district."""
    return place.district.pcode if place.district is not None else ""


class WeekDashboard:
    """The numbers of one site and period for one reader."""

    #: As the addresses name the page.
    name = "week"
    #: Charts that stand elsewhere on the page than below the questions.
    apart: frozenset[str] = frozenset({"map"})

    def __init__(self, user: Any, asked: Asked, site: Site, places: Sequence[Place]) -> None:
        self.user, self.asked, self.site, self.places = user, asked, site, places
        #: What the trail names where the page's numbers leave it as a file.
        self.subject = site
        self.digits = str(user.digits)
        self.span, self.beside, self.place = asked.span, asked.other, asked.pcode
        self.without = rollups.excludes_sensitive(user)
        self.may_list = user.has_perm("incidents.view_incident")

    def number(self, value: Any) -> str:
        return number_text(value, self.digits)

    # --- what is counted --------------------------------------------------------------------------

    def _cells(self, span: Span, *by: str) -> list[rollups.Cell]:
        return rollups.weekly(
            [self.site.pk],
            span.start,
            span.end,
            exclude_sensitive=self.without,
            by=by,
            within=self.place,
        )

    @cached_property
    def _periods(self) -> list[tuple[date, date | None]]:
        return coverage(self.site, exclude_sensitive=self.without)

    @cached_property
    def _now(self) -> list[rollups.Cell]:
        return self._cells(self.span, "district", "type")

    @cached_property
    def _then(self) -> list[rollups.Cell]:
        return self._cells(self.beside, "district", "type") if self.beside else []

    @cached_property
    def chart_span(self) -> Span:
        """The weeks of the chart: up to the period's end, and on to the week that runs."""
        running = self.asked.running()
        end = running.end if self.span.end == running.start else self.span.end
        return Span(end - timedelta(weeks=max(CHART_WEEKS, self.span.weeks)), end)

    @cached_property
    def _weekly(self) -> dict[date, list[rollups.Cell]]:
        found: dict[date, list[rollups.Cell]] = {}
        for cell in self._cells(self.chart_span, "week", "district"):
            found.setdefault(cell.week_start or date.min, []).append(cell)
        return found

    def _of_week(self, name: str, start: date) -> int:
        return sum(getattr(cell, name) for cell in self._weekly.get(start, ()))

    def _missing(self, span: Span) -> int:
        return sum(not covered(Week(start), self._periods) for start in span.starts)

    def _known(self, span: Span, cells: Sequence[rollups.Cell], name: str) -> Known:
        unknown = sum(cell.killed_unknown for cell in cells) if name == "killed" else 0
        return self._part(span, sum(getattr(cell, name) for cell in cells), unknown=unknown)

    def total(self, name: str) -> int:
        return sum(getattr(cell, name) for cell in self._now)

    @cached_property
    def _list(self) -> str:
        return address("incidents:incident_list") if self.may_list else ""

    def listed(
        self, only: str, *, span: Span | None = None, place: str | None = None, kind: str = ""
    ) -> str:
        """The list of the incidents that a number counts; "" for whoever opens none."""
        if not self._list:
            return ""
        span = span or self.span
        asked = {
            "site": self.site.code,
            "place": self.place if place is None else place,
            "type": kind,
            "since": span.start.isoformat(),
            "until": span.last_day.isoformat(),
            "only": only,
        }
        found = urlencode({name: value for name, value in asked.items() if value})
        return f"{self._list}?{found}"

    def csv_url(self, slug: str) -> str:
        """The values of a chart of this page as a file, for what is asked."""
        return address("reports:dashboard_chart", self.name, slug, query=self.asked.query())

    # --- the newest judgement ---------------------------------------------------------------------

    @cached_property
    def page(self) -> ReportPage | None:
        """The newest report of a week of the period or before."""
        last = self.span.end - timedelta(weeks=1)
        report = (
            WeeklyReport.objects.visible_to(self.user)
            .filter(site=self.site.pk, week_start__lte=last)
            # Of the two versions only the reader's.
            .defer(*(("body", "basis") if self.without else ("body_open", "basis_open")))
            .order_by("-week_start", "-revision")
            .first()
        )
        if report is None:
            return None
        report.site = self.site
        edition = edition_for(report, self.user)
        return None if edition is None else ReportPage(edition, digits=self.digits)

    @cached_property
    def is_judged(self) -> bool:
        """Whether the newest report is that of the period's last week."""
        last = self.span.end - timedelta(weeks=1)
        return self.page is not None and self.page.report.week_start == last

    @cached_property
    def complete_to(self) -> date:
        """The last day by which hardly a report is still missing, as of today.

        As long ago as the newest report waited, which knows the usual delay; without a report as
        long as one waits that knows no delay. An imported history is complete.
        """
        today = periods.today()
        if self.site.read_only:
            return today - timedelta(days=1)
        if self.page is None:
            return today - timedelta(days=USUAL_DAYS)
        found = date.fromisoformat(self.page.body["data_health"]["complete_to"])
        waited = periods.local_day(self.page.report.data_as_of) - found
        return min(today - timedelta(days=1), max(found, today - waited))

    @cached_property
    def _own_districts(self) -> list[str]:
        return [place.pcode for place in self.places if place.level == Place.Level.DISTRICT]

    @property
    def district(self) -> str:
        """The one district that is looked at; "" for several, and for a part of one."""
        if self.place:
            return self.place if self.place in self._own_districts else ""
        return self._own_districts[0] if len(self._own_districts) == 1 else ""

    def _band(self, start: date, district: str) -> Range | None:
        """The usual range of a district's week, where the newest report has one."""
        if self.page is None or not district:
            return None
        back = (self.page.report.week_start - start).days // 7
        bands = self.page.basis["bands"].get(district, [])
        if not 0 <= back < len(bands) or not bands[-1 - back]:
            return None
        lower, _expected, upper = bands[-1 - back]
        return Range(lower, upper)

    def _judgement(self, district: str, count: int) -> tuple[str, str]:
        """The state of the period's one week in a district, and what is said of it.

        The report's, while the records still say what it counted; otherwise what changed since.
        """
        if self.page is None or not self.is_judged:
            return "", ""
        lines = {line.place: line for line in self.page.lines if line.is_total}
        line = lines.get(district)
        if line is None:
            return "too_few", ""
        if (line.incidents or 0) == count:
            return line.state, line.sentence
        words = _(
            "%(count)s when the report was compiled; judged again when the report is made anew."
        )
        return "", words % {"count": self.number(line.incidents or 0)}

    # --- the questions ----------------------------------------------------------------------------

    @property
    def questions(self) -> list[Block]:
        """Those that everybody has; `further` adds those of a manager."""
        return [self.how_much(), self.stands_out(), self.answered(), self.where()]

    def how_much(self) -> Question:
        """The period's count, against its usual range where it is one week."""
        known = self._known(self.span, self._now, "incidents")
        state, said = "", ""
        items: list[Item] = []
        lines: list[str | Item] = []
        if self.span.weeks == 1:
            if self.district:
                state, said = self._judgement(self.district, known.value or 0)
            elif self.place:
                said = _("A usual range is worked out for whole districts only.")
            else:
                items = self._by_district()
        if not said and self.span.weeks == 1 and not items:
            said = self._why_no_range()
        if known.missing:
            lines.append(known.gaps(self.digits))
        unverified = self.total("unverified")
        if unverified:
            words = ngettext(
                "%(count)s more is not verified.", "%(count)s more are not verified.", unverified
            )
            items.append(
                Item(
                    label=words % {"count": self.number(unverified)},
                    url=self.listed("unverified"),
                    count=unverified,
                )
            )
        items += self._so_far()
        if self.beside is not None:
            lines.append(self._beside_line("incidents", "verified"))
        count = known.value or 0
        return Question(
            key="week",
            title=_("Is the week unusual?")
            if self.span.weeks == 1
            else _("How much happened in these weeks?"),
            value=known.value,
            unit=ngettext("verified incident", "verified incidents", count),
            tone="unusual" if state == "unusual" else "",
            state=state,
            note=said,
            lines=lines,
            items=items,
            chart=self._small_chart(),
            csv_url=self.csv_url("weeks"),
            figure_url=self.listed("verified"),
            url=self.page.report.get_absolute_url() if self.page else "",
            url_label=_("Weekly report") if self.page else "",
        )

    def _why_no_range(self) -> str:
        if self.page is None:
            return _("No report has been compiled yet, so there is no usual range.")
        if self.is_judged:
            return ""
        words = _(
            "The report of this week is not compiled yet; the newest is of the week %(week)s."
        )
        return words % {"week": self.page.week}

    def _by_district(self) -> list[Item]:
        """Each district by P-code with its count and state; never by size."""
        found: list[Item] = []
        for place in self.places:
            if place.level != Place.Level.DISTRICT:
                continue
            count = sum(cell.incidents for cell in self._now if cell.district_pcode == place.pcode)
            state, _said = self._judgement(place.pcode, count)
            band = self._band(self.span.start, place.pcode)
            usual = (
                _("usual: %(lower)s to %(upper)s")
                % {"lower": self.number(band.lower), "upper": self.number(band.upper)}
                if band
                else ""
            )
            if not count and state != "unusual":
                continue
            found.append(
                Finding(
                    label=f"{place.name}: {self.number(count)}",
                    url=self.listed("verified", place=place.pcode),
                    note=usual,
                    tone="unusual" if state == "unusual" else "quiet",
                    badge=_("Unusual") if state == "unusual" else "",
                    count=count,
                    checks=[Item(_("This district alone"), self.asked.query(place=place.pcode))],
                )
            )
        return found

    def _so_far(self) -> list[Item]:
        """The week that runs, where the period ends just before it."""
        running = self.asked.running()
        if running.start != self.span.end or self.site.read_only:
            return []
        count = self._of_week("incidents", running.start)
        words = ngettext(
            "This week so far: %(count)s verified.", "This week so far: %(count)s verified.", count
        )
        span = Span(running.start, running.end)
        return [
            Item(
                label=words % {"count": self.number(count)},
                url=self.listed("verified", span=span),
                count=count,
            )
        ]

    def _beside_line(self, name: str, only: str) -> Item:
        """The number of the period that stands beside, which leads to its records."""
        assert self.beside is not None
        then = self._known(self.beside, self._then, name)
        gaps = then.gaps(self.digits)
        value = self.number(then.value) if then.value is not None else _("not known")
        words = f"{self.beside.words(self.digits)}: {value}"
        return Item(
            label=f"{words} ({gaps})" if gaps else words,
            url=self.listed(only, span=self.beside) if then.value else "",
            count=then.value,
        )

    def stands_out(self) -> Question:
        """The alerts of the newest report up to the period, each with what to look at first."""
        page = self.page
        rows = [] if page is None else page.body["alerts"]
        if self.place:
            within = {self.place, *(_above(p) for p in self.places if p.pcode == self.place)}
            rows = [row for row in rows if row["place"] in within]
        # Those of a place are all here: the report's list is of the whole site.
        shown = rows if self.place else rows[:MOST_ALERTS]
        items: list[Item] = [self._finding(row) for row in shown]
        lines = []
        if page is not None:
            lines.append(_("Week of %(week)s") % {"week": page.week})
        return Question(
            key="alerts",
            title=_("What stands out, and what to check?"),
            value=len(rows) if page is not None else None,
            said="" if page is not None else _("nothing compared yet"),
            unit=ngettext("alert", "alerts", len(rows)) if page is not None else "",
            tone="unusual" if rows else "",
            note="" if rows or page is None else page.verdict,
            lines=lines,
            items=[*items, *self._other_sites()],
            figure_url=page.report.get_absolute_url() + "#alerts"
            if page is not None and not self.place
            else "",
            url=page.report.get_absolute_url() + "#alerts"
            if page is not None
            else address("reports:report_list"),
            url_label=_("The report's alerts") if page is not None else _("Weekly reports"),
        )

    def _finding(self, row: dict[str, Any]) -> Finding:
        page = self.page
        assert page is not None
        week = Week(page.report.week_start)
        span = Span(week.start, week.end)
        kind = "" if row["type"] == ALL else row["type"]
        where = row["place"]
        checks = [
            Item(_("Read the records"), self.listed("verified", span=span, place=where, kind=kind)),
            Item(
                _("Are some told late, all at once?"),
                self.listed("late", span=span, place=where, kind=kind),
            ),
        ]
        if self.user.has_perm("incidents.review_incident"):
            checks.append(Item(_("Is one event told twice?"), address("incidents:twin_list")))
        line = next(
            one for one in page.lines if (one.place, one.type) == (row["place"], row["type"])
        )
        return Finding(
            label=f"{page.place(where)}: {page.type(row['type'])}",
            url=page.report.get_absolute_url() + "#alerts",
            note=line.sentence,
            tone="unusual",
            badge=_("Unusual"),
            checks=[one for one in checks if one.url],
        )

    def _other_sites(self) -> list[Item]:
        """Alerts in the newest reports of the person's other sites, so that none is overlooked."""
        if len(self.asked.sites) < 2:
            return []
        column = "body" if not self.without else "body_open"
        newest = (
            WeeklyReport.objects.visible_to(self.user)
            .exclude(site=self.site.pk)
            .filter(site__read_only=False)
            .order_by("site__code", "-week_start", "-revision")
            .distinct("site__code")
            .values_list("site__code", f"{column}__alerts")
        )
        found = []
        for code, rows in newest:
            if rows and code in self.asked.sites:
                words = ngettext(
                    "%(site)s: %(count)s alert", "%(site)s: %(count)s alerts", len(rows)
                )
                said = words % {
                    "site": self.asked.sites[code].name,
                    "count": self.number(len(rows)),
                }
                found.append(
                    Item(
                        label=said,
                        url=self.asked.query(site=code, place=None),
                        count=len(rows),
                    )
                )
        return found

    def answered(self) -> Question:
        """How the 72-hour clocks that ended in the period were answered, and those that run."""
        due, in_time = self.total("due") - self._not_yet_due(), self.total("within_72h")
        clocks = measures.clocks(self.user, periods.now(), site_id=self.site.pk)
        board = address("incidents:board", query=f"?site={self.site.code}")
        items = []
        lines: list[str | Item] = []
        if due:
            words = ngettext(
                "of %(count)s whose 72 hours ended", "of %(count)s whose 72 hours ended", due
            )
            said = words % {"count": self.number(due)}
            lines.append(Item(said, self.listed("due"), count=due))
        if due - in_time:
            words = ngettext(
                "%(count)s was not answered in time",
                "%(count)s were not answered in time",
                due - in_time,
            )
            items.append(
                Item(
                    words % {"count": self.number(due - in_time)},
                    self.listed("not_in_time"),
                    tone="due",
                    count=due - in_time,
                )
            )
        if clocks.running:
            words = ngettext("%(count)s clock runs now", "%(count)s clocks run now", clocks.running)
            items.append(
                Item(
                    words % {"count": self.number(clocks.running)},
                    board,
                    note=_("at the whole site") if self.place else "",
                    count=clocks.running,
                )
            )
        if clocks.red:
            items.append(
                Item(
                    _("%(count)s over 72 hours") % {"count": self.number(clocks.red)},
                    f"{board}&stage=red",
                    tone="overdue",
                    count=clocks.red,
                )
            )
        return Question(
            key="answers",
            title=_("Are we answering within 72 hours?"),
            value=in_time if due else None,
            said="" if due else _("no clock ended"),
            unit=_("answered in time") if due else "",
            note="" if due else _("No incident's 72 hours ended in the period."),
            tone="overdue" if clocks.red else "",
            lines=lines,
            items=items,
            figure_url=self.listed("in_time") if due else "",
            url=board,
            url_label=_("72-hour board"),
        )

    def how_soon(self) -> Question:
        """The usual delay, as the newest report has it, and what came late, as it stands now."""
        assert self.page is not None
        health = self.page.body["data_health"]
        delay, late = health["median_delay_days"], self.total("late")
        words = ngettext("%(count)s record told late", "%(count)s records told late", late)
        return Question(
            key="delay",
            title=_("How soon do we hear of it?"),
            said="" if delay is not None else _("not known"),
            value=delay,
            unit=_("days, half of them sooner") if delay is not None else "",
            figure_url=self.page.report.get_absolute_url() + "#health",
            lines=[
                _("Week of %(week)s") % {"week": self.page.week},
                _("Complete to %(day)s.") % {"day": self.page.day(health["complete_to"])},
            ],
            items=[Item(words % {"count": self.number(late)}, self.listed("late"), count=late)]
            if late
            else [],
            url=self.page.report.get_absolute_url() + "#health",
            url_label=_("Data health"),
        )

    def _not_yet_due(self) -> int:
        """Clocks of the period that still have time: neither answered in time nor not."""
        now = periods.now()
        if self.span.end <= periods.local_day(now):
            return 0
        return measures.not_yet_due(
            self.site.pk,
            self.span.start,
            self.span.end,
            now,
            exclude_sensitive=self.without,
            within=self.place,
        )

    def where(self) -> Question:
        """The period's incidents by area, the smallest that is known of each."""
        query = urlencode(
            {
                "site": self.site.code,
                "since": self.span.start.isoformat(),
                "until": self.span.last_day.isoformat(),
                **({"place": self.place} if self.place else {}),
            }
        )
        areas = self._areas
        total = self.total("incidents")
        left = total - sum(count for _place, count in areas)
        held = sum(bool(count) for _place, count in areas)
        in_areas = ngettext("In %(count)s area.", "In %(count)s areas.", held)
        lines: list[str | Item] = []
        if left:
            words = ngettext(
                "%(count)s of them is known to a wider area only.",
                "%(count)s of them are known to a wider area only.",
                left,
            )
            lines.append(
                Item(words % {"count": self.number(left)}, self.listed(self._wider), count=left)
            )
        chart = self._map()
        return Question(
            key="where",
            title=_("Where did it happen?"),
            value=total,
            unit=ngettext("verified incident", "verified incidents", total),
            note=in_areas % {"count": self.number(held)} if total else "",
            figure_url=self.listed("verified"),
            lines=lines,
            chart=chart,
            csv_url=self.csv_url("map") if chart else "",
            items=[
                Item(
                    label=f"{place.name}: {self.number(count)}",
                    url=self.listed("verified", place=place.pcode),
                    count=count,
                )
                for place, count in areas
                if count
            ],
            url=address("incidents:incident_map", query=f"?{query}") if self.may_list else "",
            url_label=_("Map"),
        )

    @cached_property
    def _small(self) -> list[Place]:
        """The sub-districts that are looked at; none where there are too many to draw."""
        small = [
            place
            for place in self.places
            if place.level == Place.Level.SUBDISTRICT
            and (not self.place or self.place in (place.pcode, _above(place)))
        ]
        return small if len(small) <= MOST_AREAS else []

    @property
    def _wider(self) -> str:
        """What the list calls incidents that lie in none of the areas."""
        return "wide" if self._small else "no_district"

    @cached_property
    def _areas(self) -> list[tuple[Place, int]]:
        """Areas by P-code: sub-districts, or districts where there are too many of these.

        Those that the gazetteer has given up, or that lie outside the site, come last, where
        something happened in them.
        """
        if self._small:
            return self._by_area(self._small, self._counts_by_subdistrict())
        counts: dict[str, int] = {}
        for cell in self._now:
            code = cell.district_pcode or ""
            counts[code] = counts.get(code, 0) + cell.incidents
        known = [place for place in self.places if place.level == Place.Level.DISTRICT]
        return self._by_area(known, counts)

    def _counts_by_subdistrict(self) -> dict[str, int]:
        """Incidents by the P-code of their sub-district; what is known less well is left out."""
        cells = [cell for cell in self._cells(self.span, "place") if cell.incidents]
        levels = [Place.Level.SUBDISTRICT, Place.Level.NEIGHBOURHOOD]
        rows = Place.objects.filter(
            pcode__in=[cell.place_pcode for cell in cells], level__in=levels
        ).values_list("pcode", "parent__pcode", "parent__level")
        # A neighbourhood that lies in no sub-district is an area of its own.
        inside = {
            pcode: above if level == Place.Level.SUBDISTRICT else pcode
            for pcode, above, level in rows
        }
        counts: dict[str, int] = {}
        for cell in cells:
            area = inside.get(cell.place_pcode or "", "")
            counts[area] = counts.get(area, 0) + cell.incidents
        return counts

    def _by_area(self, known: Sequence[Place], counts: dict[str, int]) -> list[tuple[Place, int]]:
        named = {place.pcode for place in known}
        others = [code for code, count in counts.items() if code and count and code not in named]
        further: list[Place] = []
        if others:
            rows = Place.objects.filter(pcode__in=others).select_related("district")
            further = list(rows.defer("geometry", "district__geometry").order_by("pcode"))
        return [(place, counts.get(place.pcode, 0)) for place in [*known, *further]]

    def _map_drawn(self) -> list[Drawn]:
        chart = self._map()
        if chart is None:
            return []
        pairs = [(place.pcode, place.name, count) for place, count in self._areas]
        columns = named_columns(_("Place"), _("Verified incidents"))
        return [drawn(_("Map"), chart, columns, named_rows(pairs), digits=self.digits)]

    def _map(self) -> Chart | None:
        """The areas, the darker the more; None where nothing is shipped to draw."""
        drawn = []
        for place, count in self._areas:
            shapes = outlines.shapes(place.pcode[:5])
            rings: Any = (shapes.get("areas") or {}).get(place.pcode)
            if rings is not None:
                rings = [ring for polygon in rings for ring in polygon]
            else:
                rings = (shapes.get("districts") or {}).get(place.pcode)
            if rings and place.pcode in shapes["at"]:
                lon, lat = shapes["at"][place.pcode]
                lines = [outlines.points(ring) for ring in rings]
                drawn.append(Area(place.name, count, lines, (lon, lat)))
        if not drawn:
            return None
        chart = shaded_areas(
            "map",
            _("Verified incidents by area"),
            self.span.words(self.digits),
            drawn,
            digits=self.digits,
        )
        return replace(chart, rows=())

    # --- charts and tables ------------------------------------------------------------------------

    def bars(self, weeks: int | None = None) -> list[WeekBar]:
        """The weeks of the chart: the usual range behind those that the newest report judged."""
        found = []
        for start in self.chart_span.starts:
            last = start + timedelta(days=6)
            known = covered(Week(start), self._periods)
            count = self._of_week("incidents", start)
            band = self._band(start, self.district)
            judged = ""
            if self.district and self.is_judged and last == self.span.last_day:
                judged, _said = self._judgement(self.district, count)
            found.append(
                WeekBar(
                    start=start,
                    value=count if known or count else None,
                    lower=band.lower if band else 0,
                    expected=self._expected(start) if band else None,
                    upper=band.upper if band else None,
                    state=judged or "usual",
                    complete=last <= self.complete_to,
                    unverified=self._of_week("unverified", start),
                )
            )
        return found[-weeks:] if weeks else found

    def _expected(self, start: date) -> float | None:
        assert self.page is not None
        back = (self.page.report.week_start - start).days // 7
        expected: float | None = self.page.basis["bands"][self.district][-1 - back][1]
        return expected

    def _small_chart(self) -> Chart:
        return weekly_bars(
            "weeks-small",
            _("Verified incidents a week"),
            "",
            self.bars(CHART_WEEKS),
            unit=_("incidents"),
            height=120,
            digits=self.digits,
        )

    @property
    def charts(self) -> list[Drawn]:
        """What stands below the questions, each beside its table."""
        found = [one for slug in self.makers if slug not in self.apart for one in self.drawn(slug)]
        return [replace(one, csv_url=self.csv_url(one.slug)) for one in found]

    @property
    def makers(self) -> dict[str, Callable[[], list[Drawn]]]:
        """What draws each chart of the page, by its name; those within a question too."""
        return {"weeks": self._weeks_drawn, "types": self._types_drawn, "map": self._map_drawn}

    def drawn(self, slug: str) -> list[Drawn]:
        """A chart of the page by its name; empty where it has none such, or nothing to draw."""
        make = self.makers.get(slug)
        return make() if make is not None else []

    def _of_weeks(self, only: str) -> Link:
        """From a row of a weekly table to the records of its week."""

        def link(row: dict[str, Any]) -> str:
            start = row["week_start"]
            return self.listed(only, span=Span(start, start + timedelta(weeks=1)))

        return link

    def _weeks_drawn(self) -> list[Drawn]:
        bars = self.bars()
        chart = weekly_bars(
            "weeks",
            _("Week by week"),
            _("%(where)s: verified incidents a week, %(weeks)s weeks")
            % {"where": self.where_words, "weeks": self.number(self.chart_span.weeks)},
            bars,
            unit=_("incidents"),
            digits=self.digits,
        )
        links = {"number": self._of_weeks("verified"), "unverified": self._of_weeks("unverified")}
        columns = week_columns(_("Incidents"))
        rows = week_rows(bars)
        return [drawn(_("Weeks"), chart, columns, rows, digits=self.digits, links=links)]

    def _types_drawn(self) -> list[Drawn]:
        kinds = self._by_type(self._now)
        if not kinds:
            return []
        pairs = [
            (kind, label, kinds[kind])
            for kind, label in codes.choices("incident_type", retired=True)
            if kinds.get(kind)
        ]
        chart = horizontal_bars(
            "types",
            _("What happened"),
            _("%(where)s: verified incidents by type, %(period)s")
            % {"where": self.where_words, "period": self.span.words(self.digits)},
            [(label, number) for _kind, label, number in pairs],
            unit=_("incidents"),
            digits=self.digits,
        )
        links: dict[str, Link] = {"number": lambda row: self.listed("verified", kind=row["key"])}
        columns = named_columns(_("Type"), _("Incidents"))
        rows = named_rows(pairs)
        return [drawn(_("Types"), chart, columns, rows, digits=self.digits, links=links)]

    @property
    def where_words(self) -> str:
        """The place that is asked for, or the site."""
        return str(self.asked.place_names.get(self.place) or self.site.name)

    def _by_type(self, cells: Iterable[rollups.Cell]) -> dict[str, int]:
        found: dict[str, int] = {}
        for cell in cells:
            found[cell.type or ""] = found.get(cell.type or "", 0) + cell.incidents
        return {kind: count for kind, count in found.items() if count}

    @property
    def rows(self) -> list[Row]:
        """What is counted, in both periods; then the types, as the code list has them."""
        labels = {
            "incidents": _("Verified incidents"),
            "unverified": _("Not verified"),
            "killed": _("Killed"),
            "killed_unknown": _("Killed unknown, incidents"),
            "injured": _("Injured"),
            "abducted": _("Abducted"),
        }
        found = []
        for name in COUNTED:
            # Of people harmed the records behind are the incidents in which they were.
            only = "verified" if name == "incidents" else name
            found.append(
                Row(
                    labels[name],
                    self._known(self.span, self._now, name),
                    self._known(self.beside, self._then, name) if self.beside else None,
                    self.listed(only),
                    self.listed(only, span=self.beside) if self.beside else "",
                    is_total=name == "incidents",
                    of_people=name in ("killed", "injured", "abducted"),
                )
            )
        now, then = self._by_type(self._now), self._by_type(self._then)
        for kind, label in codes.choices("incident_type", retired=True):
            if not now.get(kind) and not then.get(kind):
                continue
            found.append(
                Row(
                    label,
                    self._part(self.span, now.get(kind, 0)),
                    self._part(self.beside, then.get(kind, 0)) if self.beside else None,
                    self.listed("verified", kind=kind),
                    self.listed("verified", kind=kind, span=self.beside) if self.beside else "",
                )
            )
        return found

    def _part(self, span: Span, value: int, *, unknown: int = 0) -> Known:
        missing = self._missing(span)
        return Known(
            value if value or missing < span.weeks else None,
            span.weeks,
            missing=missing,
            incomplete=span.last_day > self.complete_to,
            unknown=unknown,
        )

    @property
    def counted_for(self) -> str:
        """Which incidents are counted for this reader. Said always, so that it tells nothing."""
        if not self.without:
            return _(
                "For supervisors and managers only: incidents of sexual violence, with minors and"
                " with program staff are counted here."
            )
        return _(
            "Incidents of sexual violence, with minors and with program staff are counted for"
            " supervisors and managers only; they are left out here."
        )

    @property
    def judged_by(self) -> str:
        """Which report the range and the alerts are of."""
        if self.page is None:
            return ""
        return _("Usual range and alerts: report of the week %(week)s.") % {
            "week": week_words(self.page.report.week_start, digits=self.digits)
        }
