"""A report as people read it: names, sentences, ranges and charts in a language and its digits.

Everything is read from the report's own row, so the page, the PDF and the file say the same for
ever, whatever becomes of the records, the places or the code lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.look.charts import (
    Chart,
    WeekBar,
    heat_table,
    horizontal_bars,
    small_multiples,
    weekly_bars,
)
from ceasefire.look.numbers import in_digits, number_text
from ceasefire.reports.editions import Edition
from ceasefire.reports.figures import Figure, figures, periods_of
from ceasefire.reports.further_page import Section, sections
from ceasefire.reports.models import SharedWeeklyReport
from ceasefire.reports.panel import ALL, BAND_WEEKS, NOWHERE
from ceasefire.reports.sections import Section as InOrder
from ceasefire.reports.sections import effect_lines, not_set_down
from ceasefire.reports.sections import sections as sections_in_order
from ceasefire.reports.sentences import (
    change,
    incidents,
    recording_changed,
    sentence,
    taken_out,
)
from ceasefire.reports.shared_figures import shared_figures, weeks_before

#: Reports of this version of the document and later are told in sections 0 to 9.
IN_ORDER = 4
#: Reports of this version and later say how late came what was entered in the week.
LATE_BY_ENTRY = 7
#: Shared versions of this document and later say more than counts.
SHARED_FURTHER = 3
#: Shared versions of this document and later say what is not known, and have charts in their files.
SHARED_CHARTS = 4
#: Shared versions of this document and later begin with how complete the week was.
SHARED_HEALTH = 6
#: Shown wherever the imported history is.
UCDP_CREDIT = (
    "UCDP Georeferenced Event Dataset (GED), Uppsala Conflict Data Program, CC BY 4.0;"
    " Sundberg and Melander 2013, Journal of Peace Research 50(4)."
)
OCHA_CREDIT = "OCHA / Iraq CSO, 2019-06-03, CC BY 3.0 IGO"


#: What a correction changes, beside the number of incidents.
CORRECTED = {
    "unverified": _("Not verified"),
    "killed": _("Killed"),
    "killed_unknown": _("Killed not known"),
    "injured": _("Injured"),
    "abducted": _("Abducted"),
}


@dataclass(frozen=True)
class Line:
    """One district and type as a row of the page."""

    place: str
    type: str
    label: str
    incidents: int | None
    unverified: int
    killed: int
    killed_unknown: int
    injured: int
    abducted: int
    state: str
    range: str
    sentence: str
    is_total: bool
    #: "+1 unknown": incidents whose number of killed nobody knows.
    unknown_words: str = ""
    #: Where a tested count lies beside its usual range: -1 below, 0 within, 1 above.
    beside: int = 0


@dataclass(frozen=True)
class District:
    """A district with its rows, the total first."""

    pcode: str
    name: str
    total: Line
    lines: Sequence[Line]
    #: How many types had nothing this week, in words; empty for none.
    quiet_words: str = ""

    @property
    def shown(self) -> Sequence[Line]:
        """Types with something in this week; those without are counted by `quiet`."""
        return [
            line
            for line in self.lines
            if line.incidents or line.unverified or line.state != "too_few"
        ]

    @property
    def is_active(self) -> bool:
        return bool(self.total.incidents or self.total.unverified or self.total.state == "unusual")

    @property
    def quiet(self) -> int:
        return len(self.lines) - len(self.shown)


def _beside(count: int, lower: int | None, upper: int | None) -> int:
    """Where a count lies beside its usual range: -1 below, 0 within or not tested, 1 above."""
    if lower is None or upper is None:
        return 0
    return (count > upper) - (count < lower)


@dataclass(frozen=True)
class Finding:
    """An alert or a watch."""

    place: str
    label: str
    sentence: str


def in_language(names: Mapping[str, str]) -> str:
    """A name kept in two languages, in the reader's."""
    return names["name_ar" if (get_language() or "en").startswith("ar") else "name_en"]


def week_words(start: date, *, digits: str = "western") -> str:
    """ "15 to 21 November 2026", with the month and the year said once where they are the same."""
    language = get_language() or "en"
    last = start + timedelta(days=6)
    first = str(start.day)
    if start.month != last.month:
        first += f" {periods.month_name(start.month, language)}"
    if start.year != last.year:
        first += f" {start.year}"
    words = gettext("%(first)s to %(last)s") % {
        "first": first,
        "last": periods.long_date(last, language),
    }
    return in_digits(words, digits)


class ReportPage:
    """What the page, the PDF and the file of a program's report show."""

    is_shared = False

    def __init__(self, edition: Edition, *, digits: str = "western") -> None:
        self.edition, self.report = edition, edition.report
        self.body, self.basis, self.digits = edition.body, edition.basis, digits

    def number(self, value: Any, places: int | None = None) -> str:
        """A number in the reader's digits; "unknown" for None."""
        return gettext("unknown") if value is None else number_text(value, self.digits, places)

    @property
    def site(self) -> str:
        return in_language(self.basis["site"])

    @property
    def week(self) -> str:
        return week_words(self.report.week_start, digits=self.digits)

    @property
    def title(self) -> str:
        return gettext("Weekly report: %(site)s") % {"site": self.site}

    @property
    def counted_for(self) -> str:
        """Which version this is. Said always, so that it tells nothing of the week."""
        if self.edition.is_full:
            return gettext(
                "For supervisors and managers only: incidents of sexual violence, with minors and"
                " with program staff are counted here."
            )
        return gettext(
            "Incidents of sexual violence, with minors and with program staff are counted for"
            " supervisors and managers only; they are left out here."
        )

    @property
    def credits(self) -> list[str]:
        """Whose data this is."""
        found = []
        if self.basis["site"]["read_only"]:
            found.append(gettext("Events: %(source)s") % {"source": UCDP_CREDIT})
        found.append(gettext("Boundaries: %(source)s") % {"source": OCHA_CREDIT})
        return found

    @property
    def is_demo(self) -> bool:
        return bool(self.basis["site"]["is_demo"])

    def place(self, pcode: str) -> str:
        names = self.basis["places"].get(pcode) or self.basis.get("revised_places", {}).get(pcode)
        return in_language(names) if names else pcode

    def type(self, kind: str) -> str:
        if kind == ALL:
            return gettext("All types")
        names = self.basis["types"].get(kind) or self.basis.get("revised_types", {}).get(kind)
        return in_language(names) if names else kind

    # --- the week in words ------------------------------------------------------------------------

    @property
    def lead(self) -> str:
        """The week in one sentence, then what the comparison says."""
        recorded = self.basis["recorded"]
        solid, unverified = recorded["incidents"], recorded["unverified"]
        if not self.basis["is_covered"]:
            return sentence("missing", {})
        if solid:
            # Killed and injured are of the verified ones, so the number beside them is too.
            words = gettext("%(incidents)s verified: %(killed)s killed, %(injured)s injured.") % {
                "incidents": incidents(solid, self.number),
                "killed": self.number(recorded["killed"]),
                "injured": self.number(recorded["injured"]),
            }
        elif unverified:
            words = gettext("No verified incident was recorded in this week.")
        else:
            words = gettext("No incident was recorded in this week.")
        if unverified:
            more = ngettext(
                "%(count)s more is not verified and stands apart.",
                "%(count)s more are not verified and stand apart.",
                unverified,
            )
            words += " " + more % {"count": self.number(unverified)}
        vague = self.body["data_health"]["without_place"]
        if self.unplaced is not None:
            count = (self.unplaced.total.incidents or 0) + self.unplaced.total.unverified
            more = ngettext(
                "%(count)s of them is known only to the governorate and stands in a row apart.",
                "%(count)s of them are known only to the governorate and stand in a row apart.",
                count,
            )
            words += " " + more % {"count": self.number(count)}
        elif vague and self.body["version"] < 2:
            more = ngettext(
                "%(count)s of them is known only to the governorate and stands in no table below.",
                "%(count)s of them are known only to the governorate and stand in no table below.",
                vague,
            )
            words += " " + more % {"count": self.number(vague)}
        if recorded["killed_unknown"]:
            more = ngettext(
                "In %(count)s incident nobody knows how many were killed.",
                "In %(count)s incidents nobody knows how many were killed.",
                recorded["killed_unknown"],
            )
            words += " " + more % {"count": self.number(recorded["killed_unknown"])}
        return words

    @property
    def verdict(self) -> str:
        """What the comparison with earlier weeks says, in one sentence."""
        alerts, tests = len(self.body["alerts"]), self.body["tests_made"]
        if alerts:
            words = ngettext("%(count)s count is unusual.", "%(count)s counts are unusual.", alerts)
            return words % {"count": self.number(alerts)}
        if tests:
            outside = sum(bool(line.beside) for line in self.lines)
            if outside:
                return self._none_unusual(tests, outside)
            words = ngettext(
                "No alert: the count that could be tested is within its usual range.",
                "No alert: the %(tests)s counts that could be tested are within their usual range.",
                tests,
            )
            return words % {"tests": self.number(tests)}
        return gettext("No alert: there is too little to compare with, so nothing was tested.")

    def _none_unusual(self, tests: int, outside: int) -> str:
        """That nothing is an alert though some counts lie outside their range, and how many."""
        words = ngettext(
            "No alert: the count that could be tested is not unusual.",
            "No alert: of the %(tests)s counts that could be tested none is unusual after allowing"
            " for so many tests.",
            tests,
        )
        more = ngettext(
            "%(count)s lies outside its usual range.",
            "%(count)s lie outside their usual range.",
            outside,
        )
        return f"{words % {'tests': self.number(tests)}} {more % {'count': self.number(outside)}}"

    @property
    def answers(self) -> str:
        """How many were answered within 72 hours, as a sentence; empty where nothing is kept."""
        found = self.body["responses"]
        if found["due"] is None:
            return ""
        if not found["due"]:
            return gettext("No incident's 72 hours ended in this week.")
        return gettext(
            "Incidents whose 72 hours ended in this week: %(due)s; answered by the community in"
            " time: %(within)s; not in time: %(overdue)s."
        ) % {
            "due": self.number(found["due"]),
            "within": self.number(found["within_72h"]),
            "overdue": self.number(found["overdue"]),
        }

    @property
    def health(self) -> list[tuple[str, str]]:
        """Data health as (what, how many)."""
        health = self.body["data_health"]
        delay = health["median_delay_days"]
        days = gettext("unknown")
        if delay is not None:
            # Half a day is said as a hundred days are: "2.5 days", and in Arabic so too.
            whole = int(delay) if delay == int(delay) else 100
            words = ngettext("%(count)s day", "%(count)s days", whole)
            days = words % {"count": self.number(float(delay))}
        return [
            (gettext("Received"), self.number(health["received"])),
            (self._late, self.number(health["late"])),
            (gettext("Without a place"), self.number(health["without_place"])),
            (gettext("Date too vague for a week"), self.number(health["imprecise_dates"])),
            (gettext("Duplicates left out"), self.number(health["duplicates"])),
            (gettext("Not verified"), self.number(health["unverified"])),
            *self._back_filled(),
            (gettext("Usual delay"), days),
            (gettext("Complete to"), self.day(health["complete_to"])),
        ]

    @property
    def _late(self) -> str:
        """What `late` counts: since version 7 of what was entered in the week, whenever it was."""
        if self.body["version"] < LATE_BY_ENTRY:
            return gettext("Reported late")
        return gettext("Reported late, of those entered in the week")

    def _back_filled(self) -> list[tuple[str, str]]:
        """How many were entered together long after they happened; not in reports from before."""
        if "back_filled" not in self.body:
            return []
        count = sum(one["incidents"] for one in self.body["back_filled"])
        return [(gettext("Entered together, of earlier weeks"), self.number(count))]

    def near_kind(self, one: Mapping[str, Any]) -> str:
        """The kind of incidents that near repeats were looked for in."""
        if one["by"] == "family":
            return in_language(self.basis["families"][one["kind"]])
        if one["kind"] == "deadly":
            return gettext("Somebody was killed")
        return gettext("Nobody was killed")

    @property
    def is_complete(self) -> bool:
        return bool(self.body["data_health"]["complete_to"] >= self.report.last_day.isoformat())

    def day(self, iso: str) -> str:
        day = date.fromisoformat(iso)
        return in_digits(periods.long_date(day, get_language() or "en"), self.digits)

    # --- rows -------------------------------------------------------------------------------------

    @cached_property
    def lines(self) -> list[Line]:
        return [
            self._line(row, more)
            for row, more in zip(self.body["counts"], self.basis["rows"], strict=True)
        ]

    def _line(self, row: Mapping[str, Any], more: Mapping[str, Any]) -> Line:
        found = ""
        if row["upper"] is not None:
            found = gettext("%(lower)s to %(upper)s") % {
                "lower": self.number(more["lower"]),
                "upper": self.number(row["upper"]),
            }
        return Line(
            place=row["place"],
            type=row["type"],
            label=self.type(row["type"]),
            incidents=row["incidents"] if self.basis["is_covered"] or row["incidents"] else None,
            unverified=more["unverified"],
            killed=row["killed"],
            killed_unknown=more["killed_unknown"],
            injured=row["injured"],
            abducted=row["abducted"],
            state=row["state"],
            range=found,
            sentence=sentence(more["key"], more["values"], self.digits),
            is_total=row["type"] == ALL,
            unknown_words=gettext("+%(count)s unknown")
            % {"count": self.number(more["killed_unknown"])}
            if more["killed_unknown"]
            else "",
            beside=_beside(row["incidents"], more["lower"], row["upper"]),
        )

    @cached_property
    def districts(self) -> list[District]:
        """Districts, the unusual ones first, then by P-code: never by size."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            if line.place != NOWHERE:
                found.setdefault(line.place, []).append(line)
        districts = [self._district(pcode, lines) for pcode, lines in found.items()]
        return sorted(districts, key=lambda one: (one.total.state != "unusual", one.pcode))

    @cached_property
    def drawn(self) -> District:
        """The district of the one chart that has room for one: the first that is unusual, else the
        one with most to see, this week and in the weeks before."""
        return min(
            self.districts,
            key=lambda one: (
                one.total.state != "unusual",
                -(one.total.incidents or 0),
                -sum(count or 0 for count in self.basis["series"][one.pcode]["solid"]),
                one.pcode,
            ),
        )

    @cached_property
    def unplaced(self) -> District | None:
        """What is known to no district; no place on a chart of districts, but a row."""
        lines = [line for line in self.lines if line.place == NOWHERE]
        return self._district(NOWHERE, lines) if lines else None

    def _district(self, pcode: str, lines: Sequence[Line]) -> District:
        total = next(line for line in lines if line.is_total)
        one = District(pcode, self.place(pcode), total, [x for x in lines if not x.is_total])
        if not one.quiet:
            return one
        words = ngettext(
            "%(count)s more type had none this week.",
            "%(count)s more types had none this week.",
            one.quiet,
        )
        return replace(one, quiet_words=words % {"count": self.number(one.quiet)})

    @property
    def active(self) -> list[District]:
        """Districts with something to show in a table of their own."""
        found = [one for one in self.districts if one.is_active]
        return [*found, self.unplaced] if self.unplaced is not None else found

    @property
    def quiet(self) -> list[District]:
        """Districts without an incident this week, a sentence each."""
        return [one for one in self.districts if not one.is_active]

    def _findings(self, rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
        lines = {(line.place, line.type): line for line in self.lines}
        return [
            Finding(
                place=self.place(row["place"]),
                label=self.type(row["type"]),
                sentence=lines[(row["place"], row["type"])].sentence,
            )
            for row in rows
        ]

    @property
    def alerts(self) -> list[Finding]:
        return self._findings(self.body["alerts"])

    @property
    def watch(self) -> list[Finding]:
        return self._findings(self.body["watch"])

    @property
    def revisions(self) -> list[dict[str, Any]]:
        """What a revision changes, in words: "+2 since the report approved before".

        Of other numbers than that of incidents the label names which, and both stand in the words.
        """
        fixed = self.basis.get("reason_key")
        return [
            {
                "place": self.place(row["place"]),
                "label": self._corrected(row),
                "before": self.number(row["before"]),
                "after": self.number(row["after"]),
                "change": f"{row['after'] - row['before']:+d}",
                "words": self._correction(row),
                "reason": sentence(fixed, {}, self.digits) if fixed else row["reason"],
            }
            for row in self.body["revisions"]
        ]

    @property
    def outside_words(self) -> str:
        """Why it was corrected, as REO reads it: for who approves it; empty in other versions."""
        why = self.basis.get("correction")
        if not why:
            return ""
        reason = why["outside"] or sentence(
            self.basis.get("correction_key", "corrected"), {}, self.digits
        )
        return gettext("REO reads: “%(reason)s”") % {"reason": reason}

    @property
    def recording_revised(self) -> list[str]:
        """Why, and what a correction says otherwise of the site's recording; [] for nothing."""
        found = self.body.get("recording_revised")
        if not found:
            return []
        fixed = self.basis.get("reason_key")
        lines = [sentence(fixed, {}, self.digits) if fixed else found["reason"]]
        before, after = found["is_covered"]
        if before != after:
            lines.append(
                gettext("The week lies in the site's coverage by now: no incident is zero.")
                if after
                else gettext("The week lies outside the site's coverage by now: it is missing.")
            )
        others = found["weeks"] - (before != after)
        if others:
            words = ngettext(
                "Of %(count)s other week it is known by now that the site did or did not record.",
                "Of %(count)s other weeks it is known by now that the site did or did not record.",
                others,
            )
            lines.append(words % {"count": self.number(others)})
        before, after = found["changed_on"]
        if before != after:
            lines.append(
                recording_changed(after, self.digits)
                if after
                else gettext("What the site records is the same as before again.")
            )
        return lines

    def _corrected(self, row: Mapping[str, Any]) -> str:
        """The type and, where it is not the number of incidents, what of it was corrected."""
        measure = row.get("measure", "incidents")
        if measure == "incidents":
            return self.type(row["type"])
        return f"{self.type(row['type'])}: {CORRECTED[measure]}"

    def _correction(self, row: Mapping[str, Any]) -> str:
        """ "+2 since the report of 16 November 2026"; the sign stays before its number.

        Of other numbers than that of incidents both: "Killed 1 to 5 since the report of ...".
        """
        since = self.basis.get("revised_on")
        number = in_digits(f"\N{LEFT-TO-RIGHT MARK}{row['after'] - row['before']:+d}", self.digits)
        measure = row.get("measure", "incidents")
        if measure != "incidents":
            number = gettext("%(what)s %(before)s to %(after)s") % {
                "what": CORRECTED[measure],
                "before": self.number(row["before"]),
                "after": self.number(row["after"]),
            }
        if not since:
            return number
        return gettext("%(change)s since the report of %(day)s") % {
            "change": number,
            "day": self.day(since),
        }

    @property
    def is_in_order(self) -> bool:
        """Whether it is told in sections 0 to 9; older reports stay as they were."""
        return bool(self.body["version"] >= IN_ORDER)

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The charts by name, each with its values; none in reports from before."""
        return figures(self) if self.is_in_order else {}

    @cached_property
    def sections(self) -> list[InOrder]:
        """Sections 0 to 9; none in reports from before."""
        return sections_in_order(self) if self.is_in_order else []

    @property
    def trend_words(self) -> str:
        """What the trend says, as the title of its chart."""
        yearly = self.body["trend"]["yearly"]
        if yearly["low"] <= 1 <= yearly["high"]:
            return gettext("No change over the years that chance could not bring")
        words = change(float(yearly["ratio"]), self.number)
        return gettext("From one year to the next %(change)s") % {"change": words}

    def outcome(self, code: str) -> str:
        """What an effect is judged by, in words."""
        if code == ALL:
            return gettext("all verified incidents")
        return in_language(self.basis["outcomes"][code])

    @cached_property
    def further(self) -> list[Section]:
        """What still comes in, the trend, near repeats and clusters."""
        return sections(
            self.body, digits=self.digits, number=self.number, day=self.day, place=self.place
        )

    # --- how to read ------------------------------------------------------------------------------

    @property
    def how_to_read(self) -> list[str]:
        """Section 9: what the words mean, and what was not tested."""
        return [in_digits(line, self.digits) for line in self._how_to_read()]

    def _how_to_read(self) -> list[str]:
        tests = self.body["tests_made"]
        made = ngettext(
            "%(tests)s count was tested this week", "%(tests)s counts were tested this week", tests
        ) % {"tests": self.number(tests)}
        expected = gettext("about %(alerts)s false alerts are to be expected among them.") % {
            "alerts": self.number(float(self.body["false_alerts_expected"]), 1)
        }
        return [
            gettext(
                "Unusual: more than 99 of 100 usual weeks have, given the same season of earlier"
                " years, and still so after allowing for the number of counts tested."
            ),
            gettext(
                "Usual: tested and not unusual; a count may still lie outside its range, as some of"
                " many do by chance. Too few to say: less than three years of records, or fewer"
                " than 5 incidents in 4 weeks: neither good news nor bad."
            ),
            made + gettext("; ") + expected if tests else gettext("No count was tested this week."),
            *self._tested_beside(),
            gettext(
                "Counts are of verified incidents; unverified ones stand beside them. Drafts,"
                " returned, duplicate and withdrawn records are left out, and so are dates less"
                " precise than a week."
            ),
            gettext(
                "Not tested: whether the program changed anything. A before and after of its own"
                " districts would say so nine times in ten where nothing happened."
            )
            if self.further and not self.body.get("effect")
            else gettext(
                "The program effect is judged by what was set down beforehand, once a quarter:"
                " %(count)s in this report."
            )
            % {"count": self.number(len(self.body["effect"]))}
            if self.further
            else gettext(
                "Not tested in this version: near repeats, clusters on the map, and whether"
                " incidents were answered within 72 hours. Their places in the file are empty."
            ),
            *self._effects_tested(),
            gettext(
                "The report does not compare districts by size and does not say why violence rose"
                " or fell."
            ),
            *self._made_with(),
        ]

    def _tested_beside(self) -> list[str]:
        """What was tested beside the counts, in reports that say it."""
        beside = self.body.get("near_repeat_tests", 0)
        if not beside:
            return []
        words = ngettext(
            "%(count)s test of near repeats was made beside them. An alert or a near repeat is told"
            " only where it stands among the tests of its own kind and among all of the week.",
            "%(count)s tests of near repeats were made beside them. An alert or a near repeat is"
            " told only where it stands among the tests of its own kind and among all of the week.",
            beside,
        )
        return [words % {"count": self.number(beside)}]

    def _effects_tested(self) -> list[str]:
        """How many plans of the program effect were tested, in reports that say it."""
        plans = self.body.get("effect") or []
        if not any("tested" in plan for plan in plans):
            return []
        tested = sum(plan["tested"] for plan in plans)
        words = ngettext(
            "%(count)s plan of the program effect was tested. It is judged again every quarter, and"
            " these looks are not allowed for.",
            "%(count)s plans of the program effect were tested together. They are judged again"
            " every quarter, and these looks are not allowed for.",
            tested,
        )
        return [words % {"count": self.number(tested)}]

    def _made_with(self) -> list[str]:
        """The software and the cut of the data, in reports that say it."""
        if not self.is_in_order:
            return []
        cut = periods.long_date(self.edition.moment.date(), get_language() or "en")
        return [
            gettext(
                "Records as of %(day)s, %(time)s in Baghdad; what came later is in the next report."
                " Made again from the same records and the same moment it is the same to the byte."
            )
            % {"day": cut, "time": f"{self.edition.moment:%H:%M}"},
            gettext("Made by version %(software)s of the program, document version %(version)s.")
            % {"software": self.body["software"], "version": self.body["version"]},
        ]

    # --- charts -----------------------------------------------------------------------------------

    @property
    def charts(self) -> list[Chart]:
        """The charts of the page; each carries its table."""
        found = [self.main_chart]
        if len(self.districts) > 1:
            found.append(self.district_chart)
        heat = self.type_chart
        return [*found, heat] if heat is not None else found

    @cached_property
    def main_chart(self) -> Chart:
        """52 weeks of the district that stands out, else of the one with most incidents."""
        district = self.drawn
        return weekly_bars(
            "weeks",
            self._finding_words(district),
            gettext("%(place)s: verified incidents a week, %(weeks)s weeks to %(day)s")
            % {
                "place": district.name,
                "weeks": self.number(len(self.basis["weeks"])),
                "day": self.day(self.report.last_day.isoformat()),
            },
            self.week_bars(district.pcode),
            unit=gettext("incidents"),
            digits=self.digits,
        )

    def _finding_words(self, district: District) -> str:
        total = district.total
        if total.incidents is None:
            return gettext("%(place)s: no data for this week") % {"place": district.name}
        words = gettext("%(place)s: %(incidents)s this week, too few to compare")
        if total.state == "unusual":
            words = gettext("%(place)s: %(incidents)s this week, more than usual")
        elif total.state == "usual":
            words = (
                gettext("%(place)s: %(incidents)s this week, within the usual range"),
                gettext("%(place)s: %(incidents)s this week, above the usual range but no alert"),
                gettext("%(place)s: %(incidents)s this week, below the usual range"),
            )[total.beside]
        return words % {
            "place": district.name,
            "incidents": incidents(total.incidents, self.number),
        }

    def week_bars(self, pcode: str, weeks: int = 52) -> list[WeekBar]:
        """The bars of a district's total; the usual range where it was tested."""
        starts = [date.fromisoformat(week) for week in self.basis["weeks"]]
        solid = self.basis["series"][pcode]["solid"]
        hatched = self.basis["series"][pcode]["unverified"]
        bands: list[Any] = self.basis["bands"].get(pcode, [])
        bands = [[]] * (len(starts) - len(bands)) + bands
        total = next(one.total for one in self.districts if one.pcode == pcode)
        complete_to = date.fromisoformat(self.body["data_health"]["complete_to"])
        marked = self.basis.get("calendar") or [[] for _start in starts]
        bars = []
        weeks_known = zip(starts, solid, hatched, bands, marked, strict=True)
        for at, (start, value, unverified, band, names) in enumerate(weeks_known):
            is_last = at == len(starts) - 1
            state, told = (total.state, ()) if is_last else self._told(start, pcode)
            bars.append(
                WeekBar(
                    start=start,
                    value=value,
                    lower=band[0] if band else 0,
                    expected=band[1] if band else None,
                    upper=band[2] if band else None,
                    state=state,
                    complete=start + timedelta(days=6) <= complete_to,
                    unverified=unverified or 0,
                    periods=periods_of(names),
                    told=told,
                )
            )
        return bars[-weeks:]

    def _told(self, start: date, pcode: str) -> tuple[str, tuple[str, ...]]:
        """How an earlier week is marked: the state of the whole, and what its report told."""
        rows = self.basis.get("told", {}).get(start.isoformat(), {}).get(pcode, [])
        words = tuple(f"{self.type(kind)} ({self.number(count)})" for kind, count in rows)
        return "unusual" if any(kind == ALL for kind, _count in rows) else "usual", words

    @cached_property
    def district_chart(self) -> Chart:
        """Every district on one scale."""
        districts = sorted(self.districts, key=lambda one: one.pcode)
        return small_multiples(
            "districts",
            gettext("Districts side by side, on one scale"),
            gettext("Verified incidents a week, %(weeks)s weeks")
            % {"weeks": self.number(min(BAND_WEEKS, len(self.basis["weeks"])))},
            [(one.name, self.week_bars(one.pcode, BAND_WEEKS)) for one in districts],
            unit=gettext("incidents"),
            digits=self.digits,
        )

    @cached_property
    def type_chart(self) -> Chart | None:
        """What happened where: types by district, or types alone where there is one district."""
        every = [*self.districts, self.unplaced] if self.unplaced else self.districts
        districts = [one for one in every if one.total.incidents]
        kinds = sorted(
            {line.type for one in districts for line in one.lines if line.incidents},
            key=lambda kind: (-self._of_type(kind), kind),
        )
        if not kinds:
            return None
        title = gettext("Most often: %(type)s (%(count)s)") % {
            "type": self.type(kinds[0]),
            "count": self.number(self._of_type(kinds[0])),
        }
        subtitle = gettext("Verified incidents of the week by type")
        if len(districts) == 1:
            marked = {line.label for line in districts[0].lines if line.state == "unusual"}
            return horizontal_bars(
                "types",
                title,
                subtitle,
                [(self.type(kind), self._of_type(kind)) for kind in kinds],
                unit=gettext("incidents"),
                marked=marked,
                digits=self.digits,
            )
        counts = {(line.place, line.type): line.incidents or 0 for line in self.lines}
        return heat_table(
            "types",
            title,
            gettext(
                "Verified incidents of the week by type and district; other districts had none"
            ),
            [one.name for one in districts],
            [
                (self.type(kind), [counts.get((one.pcode, kind), 0) for one in districts])
                for kind in kinds
            ],
            corner=gettext("Type"),
            digits=self.digits,
        )

    def _of_type(self, kind: str) -> int:
        return sum(line.incidents or 0 for line in self.lines if line.type == kind)


@dataclass(frozen=True)
class SharedLine:
    """One district of the shared version; None = hidden."""

    pcode: str
    name: str
    incidents: int | None
    state: str | None
    sentence: str


def _shared_yearly(trend: Mapping[str, Any], digits: str) -> str:
    """The change over the years as REO reads it, with what was taken out of it."""
    return sentence("shared_yearly", {**trend["yearly"], "taken_out": taken_out(trend)}, digits)


class SharedPage:
    """What REO's page, PDF and file show: from the shared row alone."""

    is_shared = True

    def __init__(self, report: SharedWeeklyReport, *, digits: str = "western") -> None:
        self.report, self.body, self.digits = report, report.body, digits

    def number(self, value: Any, places: int | None = None) -> str:
        """A number in the reader's digits; None is a hidden count."""
        if value is None:
            return self.hidden
        return number_text(value, self.digits, places)

    @property
    def hidden(self) -> str:
        """What stands in place of a count that is not there: hidden, or not recorded."""
        return gettext("hidden") if self.is_covered else gettext("not recorded")

    @property
    def is_covered(self) -> bool:
        """Whether the site was recording; versions from before it was said have counts."""
        return bool(self.body.get("is_covered", True))

    def harm(self, name: str) -> str:
        """`killed` or `injured` in all districts together: a number, "unknown" or "hidden"."""
        if name in self.body.get("unknown", ()):
            return gettext("unknown")
        return self.number(self.body[name])

    @property
    def site(self) -> str:
        return self.report.site_name

    @property
    def week(self) -> str:
        return week_words(self.report.week_start, digits=self.digits)

    @property
    def title(self) -> str:
        return gettext("Weekly report: %(site)s") % {"site": self.site}

    @property
    def is_demo(self) -> bool:
        return self.report.is_demo

    @property
    def credits(self) -> list[str]:
        return [gettext("Boundaries: %(source)s") % {"source": OCHA_CREDIT}]

    def place(self, pcode: str) -> str:
        return in_language(self.body["names"]["places"][pcode])

    def family(self, name: str) -> str:
        return in_language(self.body["names"]["families"][name])

    @property
    def health(self) -> list[str]:
        """How complete the week was at the report's cut, before any count; [] in older versions.

        What was received, late or without a place is counted for the program alone: beside the
        published counts such a number could be subtracted.
        """
        complete_to = self.body.get("complete_to")
        if self.body["version"] < SHARED_HEALTH or not self.is_covered or not complete_to:
            return []
        if complete_to >= self.report.last_day.isoformat():
            words = gettext("Complete to %(day)s.")
        else:
            words = gettext("Reports of this week still come in: it is complete to %(day)s.")
        return [words % {"day": self.day(complete_to)}]

    @property
    def lead(self) -> str:
        """The week in one sentence."""
        if not self.is_covered:
            return sentence("missing", {}, self.digits)
        if self.body["total"] is None:
            return gettext(
                "A few verified incidents were recorded; so few that their number is hidden."
            )
        if not self.body["total"]:
            return gettext("No verified incident was recorded in this week.")
        total = incidents(self.body["total"], self.number)
        if "killed" in self.body.get("unknown", ()):
            words = gettext("%(incidents)s verified.") % {"incidents": total}
            if self.body["injured"] is not None:
                words = gettext("%(incidents)s verified: %(injured)s injured.") % {
                    "incidents": total,
                    "injured": self.number(self.body["injured"]),
                }
            more = gettext("The number of killed is unknown: it is not known of every incident.")
            return f"{words} {more}"
        if self.body["killed"] is None or self.body["injured"] is None:
            return gettext("%(incidents)s verified.") % {"incidents": total}
        return gettext("%(incidents)s verified: %(killed)s killed, %(injured)s injured.") % {
            "incidents": total,
            "killed": self.number(self.body["killed"]),
            "injured": self.number(self.body["injured"]),
        }

    @property
    def verdict(self) -> str:
        if self.body["alerts"]:
            words = ngettext(
                "%(count)s district had an unusual week.",
                "%(count)s districts had an unusual week.",
                len(self.body["alerts"]),
            )
            return words % {"count": self.number(len(self.body["alerts"]))}
        if self.body["tests_made"]:
            return gettext("No district had an unusual week.")
        return gettext("No alert: there is too little to compare with, so nothing was tested.")

    @cached_property
    def lines(self) -> list[SharedLine]:
        return [
            SharedLine(place, self.place(place), None, None, sentence("missing", {}, self.digits))
            for place in self.body.get("not_recorded", ())
        ] + [
            SharedLine(
                pcode=row["place"],
                name=self.place(row["place"]),
                incidents=row["incidents"],
                state=row["state"],
                sentence=(
                    sentence(row["key"], row["values"], self.digits)
                    if row["key"]
                    else gettext("Too few to say")
                    if row["state"]
                    else gettext("Fewer than 3, or hidden to protect another small count.")
                ),
            )
            for row in self.body["districts"]
        ]

    @property
    def alerts(self) -> list[Finding]:
        lines = {line.pcode: line for line in self.lines}
        return [
            Finding(
                place=lines[place].name,
                label=gettext("All types"),
                sentence=lines[place].sentence,
            )
            for place in self.body["alerts"]
        ]

    @cached_property
    def table(self) -> list[tuple[str, list[int | None], int | None]]:
        """Families as rows: (name, count in each district, count in all)."""
        counts = {(row["place"], row["family"]): row["incidents"] for row in self.body["counts"]}
        return [
            (
                self.family(row["family"]),
                [counts[(line.pcode, row["family"])] for line in self.lines],
                row["incidents"],
            )
            for row in self.body["families"]
        ]

    @property
    def how_to_read(self) -> list[str]:
        """What the words mean, and what was left out."""
        return [in_digits(line, self.digits) for line in self._how_to_read()]

    def _how_to_read(self) -> list[str]:
        return [
            gettext(
                "Counts of one or two incidents are hidden, and others with them where they would"
                " give these away. A hidden count is never zero. Where the kinds of incidents would"
                " cost a district its count, the kinds are left out."
            ),
            gettext(
                "Sexual violence, incidents with minors and with program staff are left out. The"
                " counts are of verified incidents in whole districts; what is known only to the"
                " governorate stands in a row of its own."
            ),
            gettext(
                "Unusual: more than 99 of 100 usual weeks have, given the same season of earlier"
                " years, and still so after allowing for the number of counts tested."
            ),
            gettext(
                "Usual: tested and not unusual; a count may still lie outside its range, as some of"
                " many do by chance. Too few to say: less than three years of records, or fewer"
                " than 5 incidents in 4 weeks: neither good news nor bad."
            ),
        ]

    @cached_property
    def further(self) -> list[tuple[str, str, list[str]]]:
        """(name in the address, heading, lines) of trend, calendar and effect; older ones: none."""
        # A draft from before, approved since, has none of it either.
        if self.body["version"] < SHARED_FURTHER or self.body["trend"] is None:
            return []
        trend, effects = self.body["trend"], self.body["effect"]
        yearly = [_shared_yearly(trend, self.digits)] if trend else []
        periods = [
            sentence("calendar", {**one, "period": name}, self.digits)
            for name, one in (trend or {}).get("calendar", {}).items()
        ]
        found = [
            ("trend", gettext("Trend"), yearly or [sentence("no_trend", {}, self.digits)]),
            (
                "calendar",
                gettext("Religious calendar"),
                periods or [sentence("no_calendar", {}, self.digits)],
            ),
        ]
        if effects is not None:
            lines = [line for one in effects for line in effect_lines(self, one)]
            found.append(("effect", gettext("Program effect"), lines or [not_set_down()]))
        return found

    def outcome(self, code: str) -> str:
        """What an effect is judged by, in words."""
        if code == ALL:
            return gettext("all verified incidents")
        return in_language(self.body["names"]["outcomes"][code])

    def day(self, iso: str) -> str:
        """A day in words."""
        day = date.fromisoformat(iso)
        return in_digits(periods.long_date(day, get_language() or "en"), self.digits)

    @cached_property
    def before(self) -> list[SharedWeeklyReport]:
        """The weeks before, as REO held them when this one came."""
        return weeks_before(self.report)

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The charts by name, each with its values."""
        return shared_figures(self)

    @property
    def has_charts(self) -> bool:
        """Whether its files hold charts; older versions stay as they were."""
        return bool(self.body["version"] >= SHARED_CHARTS)

    @property
    def correction(self) -> list[str]:
        """Why and how a version corrects the one before, in lines; [] where it is the first."""
        found = self.body.get("correction")
        if not found:
            return []
        why = sentence(found["key"], {}, self.digits) if found["key"] else found["reason"]
        return [why] + [
            gettext("%(place)s: %(change)s since the report of %(day)s")
            % {
                "place": self.place(row["place"]),
                "change": in_digits(
                    f"\N{LEFT-TO-RIGHT MARK}{row['after'] - row['before']:+d}", self.digits
                ),
                "day": self.day(found["since"]),
            }
            for row in found["changes"]
        ]
