"""The one-page summary of a weekly report: how good the data are, the counts, what to check.

For who has a minute: page and PDF of one page, for each audience from that audience's own version.
Nothing finer than the district stands in it: no point, no place within a district, no window of
near repeats, no cluster, no narrative; and no kind of incident but in an alert, where sexual
violence is passed over (the report itself tells supervisors and managers of it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext, ngettext

from ceasefire.exports import safe_filename, write_pdf
from ceasefire.look.templatetags.look import STATES
from ceasefire.reports.editions import Edition
from ceasefire.reports.models import Audience, SharedWeeklyReport
from ceasefire.reports.presentation import District, Finding, ReportPage, SharedPage

#: So much fits on a page that is read in a minute; the rest is counted. Districts stand there as
#: in the report: the unusual ones first, then by P-code, so that none is left out for being quiet.
MOST_ALERTS, MOST_ROWS = 5, 12
#: Types that no summary names.
UNNAMED = frozenset({"SXV"})


@dataclass(frozen=True)
class Row:
    """A district as the table shows it; texts are ready to read."""

    name: str
    incidents: str
    usual: str
    state: str
    killed: str = ""
    injured: str = ""


@dataclass(frozen=True)
class Summary:
    """What the page and the PDF show, in the active language."""

    page: ReportPage | SharedPage
    health: str
    lead: str
    verdict: str
    rows: Sequence[Row]
    #: How many districts the table leaves out, in words; empty for none.
    more_rows: str
    alerts: Sequence[Finding]
    #: Alerts that only the report tells, in words; empty for none.
    more_alerts: str
    checks: Sequence[str]
    for_whom: str

    @property
    def has_harm(self) -> bool:
        """Whether killed and injured stand in the table: not in the shared version."""
        return not self.page.is_shared


def summary_of(source: Edition | SharedWeeklyReport, *, digits: str = "western") -> Summary:
    """The summary of a report as one audience reads it."""
    if isinstance(source, SharedWeeklyReport):
        return _shared(SharedPage(source, digits=digits))
    return _full(ReportPage(source, digits=digits))


def _full(page: ReportPage) -> Summary:
    places = [*page.districts, *([page.unplaced] if page.unplaced else [])]
    told = [
        found
        for found, row in zip(page.alerts, page.body["alerts"], strict=True)
        if row["type"] not in UNNAMED
    ]
    alerts = told[:MOST_ALERTS]
    return Summary(
        page=page,
        health=" · ".join(f"{label}: {value}" for label, value in page.health),
        lead=page.lead,
        verdict=page.verdict,
        rows=[_row(page, one) for one in places[:MOST_ROWS]],
        more_rows=_more_rows(page, len(places)),
        alerts=alerts,
        more_alerts=_more_alerts(page, len(page.body["alerts"]) - len(alerts)),
        checks=_checks(page),
        for_whom=page.counted_for,
    )


def _row(page: ReportPage, district: District) -> Row:
    total = district.total
    return Row(
        name=district.name,
        incidents=page.number(total.incidents),
        usual=total.range,
        state=total.state,
        killed=f"{page.number(total.killed)} {total.unknown_words}".strip(),
        injured=page.number(total.injured),
    )


def _shared(page: SharedPage) -> Summary:
    hidden = sum(line.incidents is None for line in page.lines)
    words = ngettext(
        "The count of %(hidden)s district is hidden.",
        "The counts of %(hidden)s districts are hidden.",
        hidden,
    ) % {"hidden": page.number(hidden)}
    rows = []
    told = {row["place"]: row for row in page.body["districts"]}
    for line in page.lines:
        row = told.get(line.pcode, {"upper": None})
        known = row["upper"] is not None and row["values"] and "lower" in row["values"]
        rows.append(
            Row(
                name=line.name,
                incidents=page.number(line.incidents),
                usual=gettext("%(lower)s to %(upper)s")
                % {"lower": page.number(row["values"]["lower"]), "upper": page.number(row["upper"])}
                if known
                else "",
                state=line.state or "",
            )
        )
    rows.sort(key=lambda row: row.state != "unusual")
    alerts = page.alerts
    return Summary(
        page=page,
        health=" ".join([*page.health, words if hidden else gettext("No count is hidden.")])
        if page.is_covered
        else page.lead,
        lead=page.lead,
        verdict=page.verdict,
        rows=rows[:MOST_ROWS],
        more_rows=_more_rows(page, len(rows)),
        alerts=alerts[:MOST_ALERTS],
        more_alerts=_more_alerts(page, len(alerts) - len(alerts[:MOST_ALERTS])),
        checks=[_alert_check()] if alerts else [gettext("Nothing waits to be checked.")],
        for_whom=gettext("For REO: whole districts, small counts hidden."),
    )


def _more_rows(page: ReportPage | SharedPage, every: int) -> str:
    left = every - MOST_ROWS
    if left <= 0:
        return ""
    words = ngettext(
        "%(count)s more district stands in the report.",
        "%(count)s more districts stand in the report.",
        left,
    )
    return words % {"count": page.number(left)}


def _more_alerts(page: ReportPage | SharedPage, left: int) -> str:
    if left <= 0:
        return ""
    words = ngettext(
        "%(count)s more alert stands in the report.",
        "%(count)s more alerts stand in the report.",
        left,
    )
    return words % {"count": page.number(left)}


def _alert_check() -> str:
    return gettext(
        "Each alert: one event recorded twice, late records entered together, a change of what is"
        " recorded."
    )


def _checks(page: ReportPage) -> list[str]:
    """What somebody should look at, from the document's own numbers; never empty."""
    health, answered = page.body["data_health"], page.body["responses"]
    checks = [_alert_check()] if page.body["alerts"] else []
    counted = (
        (
            len(page.body["watch"]),
            lambda n: ngettext(
                "%(count)s count is worth a look, unconfirmed: it stands in the report.",
                "%(count)s counts are worth a look, unconfirmed: they stand in the report.",
                n,
            ),
        ),
        (
            health["unverified"],
            lambda n: ngettext(
                "%(count)s incident is not verified.", "%(count)s incidents are not verified.", n
            ),
        ),
        (
            health["without_place"],
            lambda n: ngettext(
                "%(count)s incident has no district.", "%(count)s incidents have no district.", n
            ),
        ),
        (
            health["late"],
            lambda n: ngettext(
                "%(count)s incident was reported late.",
                "%(count)s incidents were reported late.",
                n,
            ),
        ),
        (
            answered["overdue"] or 0,
            lambda n: ngettext(
                "%(count)s incident was not answered within 72 hours.",
                "%(count)s incidents were not answered within 72 hours.",
                n,
            ),
        ),
    )
    checks += [words(count) % {"count": page.number(count)} for count, words in counted if count]
    if not page.is_complete:
        checks.append(
            gettext("Reports of this week still come in: it is complete to %(day)s.")
            % {"day": page.day(health["complete_to"])}
        )
    return checks or [gettext("Nothing waits to be checked.")]


# --- the PDF --------------------------------------------------------------------------------------


def write_summary_pdf(source: Edition | SharedWeeklyReport, language: str) -> tuple[bytes, str]:
    """The summary set on exactly one page, and the file's name."""
    report: Any = source if isinstance(source, SharedWeeklyReport) else source.report
    with translation.override(language):
        told = summary_of(source)
        page = told.page
        moment = report.frozen_at or source.moment
        data: dict[str, Any] = {
            "title": page.title,
            "subtitle": gettext("Summary: %(week)s") % {"week": page.week},
            "meta": [
                [gettext("Records as of"), source.moment],
                [gettext("State"), _state_word(str(page.body["status"]))],
                [gettext("Report"), report.code],
            ],
            "when": moment,
            "control": [[gettext("Checksum"), source.checksum[:16]]],
            "blocks": _blocks(told),
        }
        marks = [gettext("Demo data")] if page.is_demo else []
        if page.body["status"] == "draft":
            marks.append(gettext("Draft"))
        if marks:
            data["marking"] = " · ".join(marks)
        content = write_pdf("sheet", data, language=language, created=moment)
    return content, _name(source, language)


def _state_word(state: str) -> str:
    return str(STATES[state][1]) if state in STATES else state


def _name(source: Edition | SharedWeeklyReport, language: str) -> str:
    shared = isinstance(source, SharedWeeklyReport)
    report: Any = source if shared else source.report  # type: ignore[union-attr]
    parts = ["weekly-summary", report.site_code if shared else report.site.code, report.week_start]
    if report.revision:
        parts.append(f"R{report.revision}")
    if shared:
        parts.append("shared")
    elif source.audience == Audience.FULL:  # type: ignore[union-attr]
        parts.append("full")
    if language != "en":
        parts.append(language)
    return safe_filename(*parts, extension="pdf")


def _blocks(told: Summary) -> list[dict[str, Any]]:
    harm = (
        [
            {"label": gettext("Killed"), "kind": "text"},
            {"label": gettext("Injured"), "kind": "text"},
        ]
        if told.has_harm
        else []
    )
    blocks: list[dict[str, Any]] = [
        {"kind": "note", "tone": "muted", "title": gettext("Data health"), "text": told.health},
        {"kind": "paragraph", "text": told.lead},
        {"kind": "heading", "text": gettext("Alerts"), "level": 1},
        *(
            {
                "kind": "note",
                "tone": "overdue",
                "title": f"{found.place}: {found.label}",
                "text": found.sentence,
            }
            for found in told.alerts
        ),
    ]
    if not told.alerts:
        blocks.append({"kind": "note", "tone": "muted", "text": told.verdict})
    if told.more_alerts:
        blocks.append({"kind": "paragraph", "text": told.more_alerts})
    blocks += [
        {"kind": "heading", "text": gettext("What to check"), "level": 1},
        {"kind": "list", "items": list(told.checks)},
        {"kind": "heading", "text": gettext("This week, by district"), "level": 1},
        {
            "kind": "table",
            "columns": [
                {"label": gettext("District"), "kind": "text", "width": 14},
                {"label": gettext("Incidents"), "kind": "text"},
                {"label": gettext("Usual week"), "kind": "text"},
                {"label": gettext("State"), "kind": "text", "width": 10},
                *harm,
            ],
            "rows": [
                [
                    row.name,
                    row.incidents,
                    row.usual or None,
                    _state_word(row.state) if row.state else None,
                    *([row.killed, row.injured] if told.has_harm else []),
                ]
                for row in told.rows
            ],
            **({"note": told.more_rows} if told.more_rows else {}),
        },
        {"kind": "note", "tone": "muted", "text": told.for_whom},
    ]
    return blocks
