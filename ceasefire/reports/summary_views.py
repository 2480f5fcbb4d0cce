"""The one-page summary of a weekly report, as a page or as a PDF."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ceasefire import audit
from ceasefire.exports import file_response
from ceasefire.people.access import requires
from ceasefire.reports.editions import Edition, edition_for
from ceasefire.reports.models import SharedWeeklyReport, WeeklyReport
from ceasefire.reports.subscriptions import READS
from ceasefire.reports.summary import summary_of, write_summary_pdf


@requires(*READS)
@require_safe
def report_summary(request: HttpRequest, site: str, week_start: str) -> HttpResponseBase:
    """The last version of a week in short, or with `?revision=` an earlier one."""
    user: Any = request.user
    source = _source(request, user, site, week_start)
    if request.GET.get("format") == "pdf":
        return _send(request, source)
    told = summary_of(source, digits=user.digits)
    return render(request, "reports/report_summary.html", {"told": told, "report": _report(source)})


def _source(request: HttpRequest, user: Any, site: str, day: str) -> Edition | SharedWeeklyReport:
    """The report as this person reads it; 404 where there is none for them."""
    try:
        week = date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    number = request.GET.get("revision", "")
    which = {"revision": int(number)} if number.isdecimal() and len(number) < 4 else {}
    if user.is_reo:
        shared = SharedWeeklyReport.objects.visible_to(user).filter(site_code=site, week_start=week)
        latest = shared.filter(**which).order_by("-revision").first()
        if latest is None:
            raise Http404
        return latest
    reports = WeeklyReport.objects.visible_to(user).filter(site__code=site, week_start=week)
    report = reports.filter(**which).select_related("site").order_by("-revision").first()
    edition = edition_for(report, user) if report is not None else None
    if edition is None:
        raise Http404
    return edition


def _report(source: Edition | SharedWeeklyReport) -> WeeklyReport | SharedWeeklyReport:
    return source.report if isinstance(source, Edition) else source


def _send(request: HttpRequest, source: Edition | SharedWeeklyReport) -> HttpResponseBase:
    asked = request.GET.get("language")
    language = asked if asked in ("en", "ar") else (get_language() or "en")[:2]
    content, name = write_summary_pdf(source, language)
    detail = {"format": "summary", "language": language}
    if isinstance(source, Edition):
        detail["audience"] = str(source.audience)
    audit.record(
        "weeklyreport.exported",
        subject=_report(source),
        by=request.user,  # type: ignore[arg-type]
        detail=detail,
    )
    return file_response(content, name)
