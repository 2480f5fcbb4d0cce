"""The numbers of one chart as a file."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ceasefire import audit
from ceasefire.exports import file_response, safe_filename
from ceasefire.people.access import requires
from ceasefire.reports.editions import edition_for
from ceasefire.reports.figures import Figure, figure_csv
from ceasefire.reports.models import SharedWeeklyReport, WeeklyReport
from ceasefire.reports.presentation import ReportPage, SharedPage

VIEW = ("reports.view_weeklyreport", "reports.view_sharedweeklyreport")


@requires(*VIEW)
@require_safe
def report_chart(request: HttpRequest, site: str, week_start: str, chart: str) -> HttpResponse:
    """The values of a chart as CSV, in a language, of the version of the report that one reads."""
    asked = request.GET.get("language")
    language = asked if asked in ("en", "ar") else (get_language() or "en")[:2]
    person: Any = request.user
    try:
        day = date.fromisoformat(week_start)
    except ValueError:
        raise Http404 from None
    with translation.override(language):
        source, found = (
            _of_shared(person, site, day, chart)
            if person.is_reo
            else _of_program(person, site, day, chart, request.GET.get("revision", ""))
        )
        content = figure_csv(found)
    audit.record(
        "weeklyreport.exported",
        subject=source,
        by=person,
        detail={"format": "csv", "language": language, "chart": chart},
    )
    parts: list[object] = ["weekly-report", site, week_start, chart]
    response: Any = file_response(content, safe_filename(*parts, extension="csv"))
    return response


def _of_program(
    person: Any, site: str, day: date, chart: str, revision: str
) -> tuple[WeeklyReport, Figure]:
    """A chart of a report of one's sites: of its last version, or an earlier one by number."""
    reports = WeeklyReport.objects.visible_to(person).filter(site__code=site, week_start=day)
    if revision:
        known = revision.isdecimal() and len(revision) < 4
        reports = reports.filter(revision=int(revision) if known else -1)
    report = reports.select_related("site").order_by("-revision").first()
    edition = edition_for(report, person) if report is not None else None
    found = ReportPage(edition).figures.get(chart) if edition is not None else None
    if report is None or found is None:
        raise Http404
    return report, found


def _of_shared(person: Any, site: str, day: date, chart: str) -> tuple[SharedWeeklyReport, Figure]:
    """A chart of REO's report."""
    reports = SharedWeeklyReport.objects.visible_to(person).filter(site_code=site)
    report = reports.filter(week_start=day).order_by("-revision").first()
    found = SharedPage(report).figures.get(chart) if report is not None else None
    if report is None or found is None:
        raise Http404
    return report, found
