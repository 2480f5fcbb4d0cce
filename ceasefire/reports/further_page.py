"""Nowcast, trend, near repeats and clusters as people read them: sentences and small tables.

Made from a report's own document, so that the page, the PDF and the workbook say the same. Reports
from before version 3 have none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext, ngettext

from ceasefire.reports.figures import near_words
from ceasefire.reports.further import STANDS_OUT_WEEKS
from ceasefire.reports.sentences import sentence, taken_out


@dataclass(frozen=True)
class Section:
    """One part: its heading, what it says, and a table with words before numbers."""

    slug: str
    title: str
    lines: list[str]
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    caution: str = ""


def sections(
    body: dict[str, Any],
    *,
    digits: str,
    number: Callable[..., str],
    day: Callable[[str], str],
    place: Callable[[str], str],
) -> list[Section]:
    """The parts of a report in their order; none for a report that was made without them."""
    if "trend" not in body:
        return []
    return [
        _still_coming(body["nowcast"], digits, number, day),
        _trend(body["trend"], digits),
        _near_repeat(body["near_repeat"], digits, number),
        _clusters(body, digits, place),
    ]


def _still_coming(
    found: dict[str, Any], digits: str, number: Callable[..., str], day: Callable[[str], str]
) -> Section:
    title = gettext("What still comes in")
    if not found:
        return Section("still-coming", title, [sentence("no_nowcast", {}, digits)])
    if not found["weeks"]:
        return Section("still-coming", title, [sentence("nowcast_done", {}, digits)])
    return Section(
        "still-coming",
        title,
        [
            gettext(
                "By how late reports came in the last 26 weeks, so many incidents, verified or not,"
                " will be known of each week in the end, 95 times in 100. A fall inside these"
                " limits is no fall."
            )
        ],
        [gettext("Week from"), gettext("Known so far"), gettext("In the end")],
        [
            [
                day(week["week_start"]),
                number(week["known"]),
                gettext("%(lower)s to %(upper)s")
                % {"lower": number(week["low"]), "upper": number(week["high"])},
            ]
            for week in found["weeks"]
        ],
    )


def _trend(found: dict[str, Any], digits: str) -> Section:
    title = gettext("Trend")
    if not found:
        return Section("trend", title, [sentence("no_trend", {}, digits)])
    values = {
        **found["yearly"],
        "events": found["events"],
        "weeks": found["weeks"],
        "taken_out": taken_out(found),
    }
    lines = [sentence("yearly", values, digits)]
    lines += [
        sentence("calendar", {**one, "period": name}, digits)
        for name, one in found["calendar"].items()
    ]
    return Section("trend", title, lines)


def _near_repeat(found: dict[str, Any], digits: str, number: Callable[..., str]) -> Section:
    title = gettext("Near repeats")
    if not found:
        return Section("near-repeats", title, [sentence("no_near", {}, digits)])
    lines = [near_words(found, digits)]
    days = [
        gettext("%(lower)s to %(upper)s days")
        % {"lower": number(first), "upper": number(after - 1)}
        for first, after in zip(found["days"], found["days"][1:], strict=False)
    ]
    rows = []
    for at, after in enumerate(found["metres"][1:]):
        words = (
            gettext("Same spot")
            if at == 0
            else gettext("To %(metres)s m") % {"metres": number(round(after))}
        )
        cells = [
            "–"
            if ratio is None
            else ngettext("%(ratio)s × (%(pairs)s pair)", "%(ratio)s × (%(pairs)s pairs)", pairs)
            % {"ratio": number(float(ratio), 1), "pairs": number(pairs)}
            for ratio, pairs in zip(found["ratio"][at], found["observed"][at], strict=True)
        ]
        rows.append([words, *cells])
    return Section(
        "near-repeats",
        title,
        lines,
        [gettext("How far"), *days],
        rows,
        gettext(
            "Pairs seen over pairs expected by chance. Many points share one spot because a place"
            " was named and not measured; a ratio is no proof that one incident brings another."
        ),
    )


def _clusters(body: dict[str, Any], digits: str, place: Callable[[str], str]) -> Section:
    title = gettext("Emerging clusters")
    tested = body["clusters_tested"]
    if tested is None:
        return Section("clusters", title, [sentence("cluster_untested", {}, digits)])
    out = [one for one in body["clusters"] if one["recurrence_weeks"] >= STANDS_OUT_WEEKS]
    if not out:
        return Section("clusters", title, [sentence("no_cluster", {"events": tested}, digits)])
    lines = [sentence("cluster", {**one, "name": place(one["place"])}, digits) for one in out]
    return Section("clusters", title, lines)
