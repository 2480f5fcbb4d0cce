"""Sections 0 to 9 of a report in their order: what each says, its charts and its tables.

Made once in one language, of the report's own row; the page, the PDF and the workbook set the same
parts. Reports from before version 4 are shown in the order of their time (`further_page`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext, ngettext

from ceasefire.reports.effects import quarter_end
from ceasefire.reports.figures import Figure, near_words, standing_out
from ceasefire.reports.panel import ALL, NOWHERE
from ceasefire.reports.sentences import (
    PERIOD_NAMES,
    change,
    incidents,
    recording_changed,
    sentence,
    taken_out,
)
from ceasefire.statistics.early_watch import MOST_WEEKS as WATCH_WEEKS

if TYPE_CHECKING:
    from ceasefire.reports.presentation import ReportPage

#: Batches that are named one by one, and weeks of each; of more only how many.
BATCHES_NAMED, WEEKS_NAMED = 8, 4


@dataclass(frozen=True)
class Part:
    """One thing in a section.

    `kind` is one of line, lead, small, facts, note, alert, heading, list, fold, table, figure,
    narrative, counts, watches; the page (`_sections.html`) and the PDF set each in their own way.
    """

    kind: str
    text: str = ""
    title: str = ""
    items: Sequence[str] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    figure: Figure | None = None


@dataclass(frozen=True)
class Section:
    """One section: its number in the design, its name in the address, its heading and its parts.

    `on_page_only`: it stands in no file.
    """

    number: str
    slug: str
    title: str
    parts: list[Part] = field(default_factory=list)
    on_page_only: bool = False


def sections(page: ReportPage) -> list[Section]:
    """All sections, each with its figures or the sentence that says why it has none."""
    return [
        _health(page),
        _week(page),
        _alerts(page),
        _early_watch(page),
        _trend(page),
        _calendar(page),
        _near_repeats(page),
        _watches(page),
        _clusters(page),
        _concentration(page),
        _effect(page),
        Section("9", "how", gettext("How to read this, and what was not tested"), [
            Part("list", items=page.how_to_read)
        ]),
    ]  # fmt: skip


def _line(key: str, values: Mapping[str, Any], page: ReportPage) -> Part:
    return Part("line", sentence(key, values, page.digits))


def _figures(page: ReportPage, *slugs: str) -> list[Part]:
    return [Part("figure", figure=page.figures[slug]) for slug in slugs if slug in page.figures]


# --- 0 to 2: the week -----------------------------------------------------------------------------


def _health(page: ReportPage) -> Section:
    parts = [
        Part("facts", rows=page.health),
        Part("small", page.counted_for),
    ]
    changed = page.body.get("recording_changed_on")
    if changed:
        words = recording_changed(changed, page.digits)
        parts.append(Part("note", words, title=gettext("A change of what is recorded")))
    if not page.is_complete:
        words = gettext("Reports of this week still come in. Hatched weeks are not complete.")
        parts.append(Part("note", words))
    parts += _batches(page)
    return Section("0", "health", gettext("Data health"), parts)


def _batches(page: ReportPage) -> list[Part]:
    """What was entered together long after it happened: how many, when, of which weeks."""
    found = page.body.get("back_filled") or []
    if not found:
        return []
    count = sum(one["incidents"] for one in found)
    words = ngettext(
        "%(count)s incident of weeks ago was entered together with others. Each counts in the week"
        " in which it happened, not in the week in which it was entered; what was told of those"
        " weeks is not tested again.",
        "%(count)s incidents of weeks ago were entered together. Each counts in the week in which"
        " it happened, not in the week in which it was entered; what was told of those weeks is"
        " not tested again.",
        count,
    ) % {"count": page.number(count)}
    lines = [_batch(page, one) for one in found[:BATCHES_NAMED]]
    if found[BATCHES_NAMED:]:
        more = ngettext(
            "%(count)s more batch.", "%(count)s more batches.", len(found) - BATCHES_NAMED
        )
        lines.append(more % {"count": page.number(len(found) - BATCHES_NAMED)})
    return [Part("note", words, title=gettext("Back-filled")), Part("list", items=lines)]


def _batch(page: ReportPage, one: Mapping[str, Any]) -> str:
    weeks = one["weeks"]
    if len(weeks) <= WEEKS_NAMED:
        when = gettext(", ").join(
            gettext("week of %(day)s (%(count)s)")
            % {"day": page.day(week["week_start"]), "count": page.number(week["incidents"])}
            for week in weeks
        )
    else:
        when = gettext("%(count)s weeks, from that of %(first)s to that of %(last)s") % {
            "count": page.number(len(weeks)),
            "first": page.day(weeks[0]["week_start"]),
            "last": page.day(weeks[-1]["week_start"]),
        }
    words = (
        gettext("Read from a file on %(day)s, %(incidents)s: %(when)s")
        if one["kind"] == "import"
        else gettext("Entered by hand on %(day)s, %(incidents)s: %(when)s")
    )
    return words % {
        "day": page.day(one["entered_from"][:10]),
        "incidents": incidents(one["incidents"], page.number),
        "when": when,
    }


def _week(page: ReportPage) -> Section:
    parts = [Part("lead", f"{page.lead} {page.verdict}")]
    if page.report.narrative:
        parts.append(Part("narrative", page.report.narrative))
    parts += _corrections(page)
    if page.answers:
        parts.append(Part("line", page.answers))
    parts += _figures(page, "weeks", "districts", "states")
    parts.append(Part("counts", title=gettext("This week, by district and type")))
    parts += _still_coming(page)
    return Section("1", "week", gettext("This week"), parts)


def _corrections(page: ReportPage) -> list[Part]:
    """What a correction changes: by how much since which report, and why."""
    recorded = page.recording_revised
    if not (page.revisions or recorded):
        return []
    parts = [
        Part("heading", gettext("Corrected since the approved report")),
        Part(
            "note", recorded[0] if recorded else page.revisions[0]["reason"], title=gettext("Why")
        ),
        *([Part("small", page.outside_words)] if page.outside_words else []),
        *([Part("list", items=recorded[1:])] if recorded else []),
    ]
    if not page.revisions:
        return parts
    return [
        *parts,
        Part(
            "table",
            head=[gettext("District"), gettext("Type"), gettext("Now"), gettext("Change")],
            rows=[
                [row["place"], row["label"], row["after"], row["words"]] for row in page.revisions
            ],
        ),
    ]


def _still_coming(page: ReportPage) -> list[Part]:
    found = page.body["nowcast"]
    parts = [Part("heading", gettext("What still comes in"))]
    if found and not found["weeks"]:
        parts.append(_line("nowcast_done", {}, page))
    elif found:
        words = gettext(
            "By how late reports came in the last 26 weeks, so many incidents, verified or not,"
            " will be known of each week in the end, 95 times in 100. A fall inside these limits"
            " is no fall."
        )
        rows = [
            [
                page.day(week["week_start"]),
                page.number(week["known"]),
                gettext("%(lower)s to %(upper)s")
                % {"lower": page.number(week["low"]), "upper": page.number(week["high"])},
            ]
            for week in found["weeks"]
        ]
        head = [gettext("Week from"), gettext("Known so far"), gettext("In the end")]
        parts += [Part("line", words), Part("table", head=head, rows=rows)]
    else:
        parts.append(_line("no_nowcast", {}, page))
    if "delays" in page.figures:
        return [*parts, *_figures(page, "delays")]
    return [*parts, _line("no_delays", {}, page)]


def _alerts(page: ReportPage) -> Section:
    check = gettext(
        "Check first: one event recorded twice, late records entered together, a change of what is"
        " recorded."
    )
    checks = [check, *_entered_together(page)]
    parts = [
        Part("alert", found.sentence, title=f"{found.place}: {found.label}", items=checks)
        for found in page.alerts
    ] or [Part("line", page.verdict)]
    others = [
        found.place + gettext(", ") + f"{found.label}: {found.sentence}"
        for found, row in zip(page.watch, page.body["watch"], strict=True)
        if row["q"] is not None
    ]
    if others:
        parts.append(Part("fold", title=gettext("Worth a look, unconfirmed"), items=others))
    return Section("2", "alerts", gettext("Alerts"), parts)


def _entered_together(page: ReportPage) -> list[str]:
    """How many of this very week came in a batch, where one was told weeks later."""
    own = page.report.week_start.isoformat()
    count = sum(
        week["incidents"]
        for one in page.body.get("back_filled", ())
        for week in one["weeks"]
        if week["week_start"] == own
    )
    if not count:
        return []
    words = ngettext(
        "%(count)s incident of this week was entered together with others, weeks later.",
        "%(count)s incidents of this week were entered together, weeks later.",
        count,
    )
    return [words % {"count": page.number(count)}]


def _early_watch(page: ReportPage) -> Section:
    """District totals with a short history: what stands out, or the sentence that says nothing."""
    totals = [
        (line, more)
        for line, more in zip(page.lines, page.basis["rows"], strict=True)
        if line.type == ALL and line.place != NOWHERE
    ]
    found = [
        f"{page.place(line.place)}: {line.sentence}"
        for line, more in totals
        if more["key"] == "early_watch"
    ]
    short = [
        more["values"]["weeks"] for _line, more in totals if more["key"] in ("counts", "range")
    ]
    if found:
        parts = [Part("list", items=found)]
    elif any(weeks >= WATCH_WEEKS for weeks in short):
        parts = [_line("watch_quiet", {}, page)]
    elif short:
        parts = [_line("watch_young", {}, page)]
    elif any(more["key"] == "missing" for _line, more in totals):
        parts = [_line("missing", {}, page)]
    else:
        parts = [_line("watch_old", {}, page)]
    return Section("2b", "early-watch", gettext("Early watch"), parts)


# --- 3 and 4: over the years ----------------------------------------------------------------------


def _trend(page: ReportPage) -> Section:
    found = page.body["trend"]
    title = gettext("Trend")
    if not found:
        return Section("3", "trend", title, [_line("no_trend", {}, page)])
    values = {
        **found["yearly"],
        "events": found["events"],
        "weeks": found["weeks"],
        "taken_out": taken_out(found),
    }
    return Section(
        "3", "trend", title, [_line("yearly", values, page), *_figures(page, "trend-line")]
    )


def _calendar(page: ReportPage) -> Section:
    found = page.body["trend"].get("calendar") or {}
    title = gettext("Religious calendar")
    marked = gettext(
        "Weeks of these periods and of elections are shaded in the charts. Days on which salaries"
        " are paid are not: no dated list of them is kept."
    )
    if not found:
        return Section(
            "4", "calendar", title, [_line("no_calendar", {}, page), Part("small", marked)]
        )

    def shown(value: Any) -> str:
        return page.number(value)

    rows = [
        [
            PERIOD_NAMES[name](),
            change(float(one["ratio"]), shown),
            gettext("%(lower)s to %(upper)s")
            % {limit: change(float(one[key]), shown) for limit, key in _LIMITS},
            gettext("chance cannot be left out")
            if one["low"] <= 1 <= one["high"]
            else gettext("hardly chance"),
        ]
        for name, one in found.items()
    ]
    head = [
        gettext("Period"),
        gettext("Beside other weeks"),
        gettext("95 % interval"),
        gettext("What it says"),
    ]
    return Section(
        "4", "calendar", title, [Part("table", head=head, rows=rows), Part("small", marked)]
    )


_LIMITS = (("lower", "low"), ("upper", "high"))


# --- 5 to 7: in place and time --------------------------------------------------------------------


def _near_repeats(page: ReportPage) -> Section:
    found = page.body["near_repeat"]
    title = gettext("Near repeats")
    if not found:
        return Section("5", "near-repeats", title, [_line("no_near", {}, page)])
    caution = gettext(
        "Pairs seen over pairs expected by chance. Many points share one spot because a place was"
        " named and not measured; a ratio is no proof that one incident brings another."
    )
    parts = [Part("line", near_words(found, page.digits)), *_figures(page, "pairs")]
    kinds = page.body.get("near_repeat_kinds") or []
    if kinds:
        too_few = sentence("no_near", {}, page.digits)
        lines = [
            f"{page.near_kind(one)}: "
            + (near_words(one["tested"], page.digits) if one["tested"] else too_few)
            for one in kinds
        ]
        parts.append(Part("heading", gettext("Each kind by itself")))
        parts.append(Part("list", items=lines))
        parts += _figures(page, "pairs-by-kind")
    return Section("5", "near-repeats", title, [*parts, Part("small", caution)])


def _watches(page: ReportPage) -> Section:
    """5b: which watches are open stands on their board, for whom it is; never in a report."""
    words = gettext(
        "Which incidents are under watch, and who looks, stands on the board alone: it names where"
        " people may be hurt next, so no report and no file holds it."
    )
    return Section(
        "5b", "watches", gettext("Retaliation watch"), [Part("watches", words)], on_page_only=True
    )


def _clusters(page: ReportPage) -> Section:
    title = gettext("Emerging clusters")
    tested = page.body["clusters_tested"]
    if tested is None:
        return Section("6", "clusters", title, [_line("cluster_untested", {}, page)])
    found = standing_out(page.body)
    if not found:
        return Section("6", "clusters", title, [_line("no_cluster", {"events": tested}, page)])
    parts = [
        _line(
            "cluster" if one["radius_km"] else "cluster_at",
            {**one, "name": page.place(one["place"])},
            page,
        )
        for one in found
    ]
    return Section("6", "clusters", title, [*parts, *_figures(page, "circles")])


def _concentration(page: ReportPage) -> Section:
    found = page.body["concentration"]
    title = gettext("Where it happened, last 90 days")
    if not found["districts"]:
        return Section(
            "7", "concentration", title, [_line("no_places", {"days": found["days"]}, page)]
        )
    if "areas" in page.figures:
        words = gettext(
            "Verified incidents since %(day)s as they were told: by sub-district on the map and,"
            " where it was told, by neighbourhood. Counts of one and two are hidden, and others"
            " with them where they would give these away; a hidden count is never zero. It shows"
            " where incidents were, not where they will be."
        )
    else:
        words = gettext(
            "Verified incidents since %(day)s by neighbourhood or sub-district, as they were told."
            " Counts of one and two are hidden, and others with them where they would give these"
            " away. It shows where incidents were, not where they will be."
        )
    said = words % {"day": page.day(found["from"])}
    parts = [Part("line", said), *_figures(page, "areas", "places")]
    return Section("7", "concentration", title, parts)


# --- 8: the effect --------------------------------------------------------------------------------


def _effect(page: ReportPage) -> Section:
    found = page.body["effect"]
    title = gettext("Program effect")
    if found is None:
        end = quarter_end(page.report.week_start)
        if end <= page.report.last_day:
            end = quarter_end(end + timedelta(days=1))
        words = gettext(
            "Judged once a quarter, in the report of the week that holds its last day: next with"
            " %(day)s. Weekly looks would sooner or later show an effect by chance."
        ) % {"day": page.day(end.isoformat())}
        return Section("8", "effect", title, [Part("line", words)])
    if not found:
        return Section("8", "effect", title, [Part("line", not_set_down())])
    parts: list[Part] = []
    for plan in found:
        parts += _plan(page, plan)
    parts.append(
        Part(
            "small",
            gettext(
                "Districts are compared with districts, never one with its own past alone: that"
                " says so nine times in ten where nothing happened. “Cannot tell” is no evidence"
                " that nothing changed."
            ),
        )
    )
    return Section("8", "effect", title, parts)


def _plan(page: ReportPage, plan: Mapping[str, Any]) -> list[Part]:
    set_down, said = effect_lines(page, plan)
    return [
        Part("line", set_down),
        Part("lead", said),
        *_figures(page, f"index-{plan['plan']}", f"placebo-{plan['plan']}"),
    ]


def not_set_down() -> str:
    """What is said where there is no plan."""
    return gettext(
        "Nothing is judged: no start, districts and outcome were set down before anybody looked."
    )


def effect_lines(page: Any, plan: Mapping[str, Any]) -> list[str]:
    """What was set down, and what may be said of it. `page`: of the program or REO's."""

    def named(pcodes: Sequence[str]) -> str:
        return gettext(", ").join(page.place(pcode) for pcode in pcodes)

    set_down = gettext(
        "Set down on %(registered)s: %(outcome)s in %(treated)s, where the program began on"
        " %(start)s, beside %(comparison)s."
    ) % {
        "registered": page.day(plan["registered_on"]),
        "outcome": page.outcome(plan["outcome"]),
        "treated": named(plan["treated"]),
        "start": page.day(plan["starts_on"]),
        "comparison": named(plan["comparison"]) or gettext("no other district"),
    }
    # Days as they are written sort as they follow each other.
    if plan["registered_on"] > plan["starts_on"]:
        set_down += " " + sentence("effect_late", plan, page.digits)
    if "look" in plan:
        set_down += " " + sentence("effect_look", plan, page.digits)
    return [set_down, effect_words(plan, page.digits)]


#: The sentence of a plan of which nothing is said, by its reason; of any other that of its verdict.
_WHY = {
    "events_each": "effect_few_each",
    "spread": "effect_alike",
    "choices": "effect_few_choices",
    "apart_before": "effect_apart",
    "many": "effect_many",
}


def effect_words(plan: Mapping[str, Any], digits: str = "western") -> str:
    """What may be said of a plan: its fixed sentence in the active language."""
    if plan["verdict"] == "too_little":
        key = _WHY.get(plan["reason"], "effect_too_little")
    elif plan["verdict"] == "cannot_tell":
        key = _WHY.get(plan["reason"], "effect_cannot_tell")
    else:
        key = "effect_told"
    return sentence(key, plan, digits)
