"""Pages of the weekly report. REO roles see the shared version at the same addresses."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Func, IntegerField
from django.db.models.fields.json import KT, KeyTransform
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ceasefire import audit
from ceasefire.exports import file_response
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import asked_by_itself, requires
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports import grant_blocks, runs, services
from ceasefire.reports.dashboards.shared import newest_by_site
from ceasefire.reports.editions import Edition, audience_of, edition_for
from ceasefire.reports.exceptions import (
    NotCovered,
    NothingChanged,
    ReportHasMoved,
    ReportIsFrozen,
    ReportRefusal,
    WeekNotOver,
)
from ceasefire.reports.exports import FORMATS, report_file
from ceasefire.reports.forms import (
    CompileForm,
    FreezeForm,
    NarrativeForm,
    ReportFilters,
    ReviseForm,
    SharedFilters,
)
from ceasefire.reports.models import Audience, SharedWeeklyReport, WeeklyReport
from ceasefire.reports.presentation import ReportPage, SharedPage, week_words

VIEW = ("reports.view_weeklyreport", "reports.view_sharedweeklyreport")
#: Whoever reads grants sees beside the week how they stand today.
VIEW_GRANTS = "grants.view_grant"
#: Why a week's report is not offered to be compiled.
WHY_NOT: dict[Any, Any] = {
    WeekNotOver: gettext_lazy("The week is not over yet. Its report can be compiled afterwards."),
    NotCovered: gettext_lazy("The site was not recording in this week: it is missing, not zero."),
}
#: Runs that are named one by one; of the others only how many there are.
RUNS_NAMED = 10


def digits_of(request: HttpRequest) -> str:
    """The digits the person chose."""
    return str(request.user.digits)  # type: ignore[union-attr]


@requires(*VIEW)
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """Reports by week, newest first; REO sees the shared ones."""
    if request.user.is_reo:  # type: ignore[union-attr]
        return _shared_list(request)
    sites = list(Site.objects.filter(pk__in=request.user.site_ids))  # type: ignore[union-attr]
    filters = ReportFilters(
        request.GET or None, sites=[(site.code, str(site.name)) for site in sites]
    )
    reports = WeeklyReport.objects.latest_for(request.user).select_related("site")
    if filters.is_bound and filters.is_valid():
        chosen = filters.cleaned_data
        if chosen["site"]:
            reports = reports.filter(site__code=chosen["site"])
        if chosen["status"]:
            reports = reports.filter(status=chosen["status"])
        if chosen["week"]:
            first = Week.of(chosen["week"]).previous().start
            reports = reports.filter(week_start__gt=first, week_start__lte=chosen["week"])
    is_full = audience_of(request.user) == Audience.FULL
    reports = reports.without_content().annotate(
        alerts=Func(
            KeyTransform("alerts", "body" if is_full else "body_open"),
            function="jsonb_array_length",
            output_field=IntegerField(),
        ),
        recorded=KT(f"{'basis' if is_full else 'basis_open'}__recorded__incidents"),
    )
    page = _page(request, reports)
    for report in page:
        report.week_words = week_words(report.week_start, digits=digits_of(request))
    return render(
        request,
        "reports/report_list.html",
        {
            "page": page,
            "filters": filters,
            "is_filtered": bool(request.GET.keys() & {"site", "status", "week"}),
            "has_sites": bool(sites),
            **_under_way(request, sites),
        },
    )


@asked_by_itself
@requires("reports.view_weeklyreport")
@require_safe
def report_runs(request: HttpRequest) -> HttpResponse:
    """What is being compiled at one's sites and what failed, for the list to show anew."""
    sites = list(Site.objects.filter(pk__in=request.user.site_ids))  # type: ignore[union-attr]
    return render(request, "reports/_runs.html", _under_way(request, sites))


def _under_way(request: HttpRequest, sites: list[Site]) -> dict[str, Any]:
    """Runs that failed, run and wait, and how much of the newest week is in; three questions."""
    found = runs.unfinished(sites, RUNS_NAMED)
    named = [(run, week_words(run.week.start, digits=digits_of(request))) for run in found.first]
    weeks = {site.week_start for site in sites if site.reporting_since} if named else set()
    standing = []
    for weekday in sorted(weeks):
        week = runs.newest_week(weekday)
        settled, of = runs.standing(sites, week)
        if settled < of > 1:
            standing.append((settled, of, week_words(week.start, digits=digits_of(request))))
    shown = [run for run, _words in named]
    failed = sum(run.has_failed for run in shown)
    running = sum(run.is_running for run in shown)
    return {
        "runs": named,
        "more_failed": found.failed - failed,
        "more_running": found.running - running,
        "more_waiting": found.waiting - (len(shown) - failed - running),
        "standing": standing,
    }


def _shared_list(request: HttpRequest) -> HttpResponse:
    sites = [(code, one.site_name) for code, one in newest_by_site(request.user).items()]
    filters = SharedFilters(request.GET or None, sites=sites)
    reports = SharedWeeklyReport.objects.visible_to(request.user).latest()
    if filters.is_bound and filters.is_valid():
        chosen = filters.cleaned_data
        if chosen["site"]:
            reports = reports.filter(site_code=chosen["site"])
        if chosen["since"]:
            # A week that began before the day and holds it is one of them.
            reports = reports.filter(week_start__gt=chosen["since"] - timedelta(weeks=1))
        if chosen["until"]:
            reports = reports.filter(week_start__lte=chosen["until"])
    page = _page(request, reports)
    for report in page:
        report.week_words = week_words(report.week_start, digits=digits_of(request))
        report.alert_count = len(report.body["alerts"])
    context = {
        "page": page,
        "filters": filters,
        "is_filtered": bool(request.GET.keys() & {"site", "since", "until"}),
    }
    return render(request, "reports/shared_list.html", context)


def _page(request: HttpRequest, reports: Any) -> Any:
    return keyset_page(
        reports,
        ordering=("-week_start", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=30,
    )


@requires(*VIEW)
@require_safe
def report_detail(request: HttpRequest, site: str, week_start: str) -> HttpResponseBase:
    """One report as a page or, with `?format=`, as a file; `?revision=` for an earlier version."""
    day = _day(week_start)
    wanted = request.GET.get("format", "html")
    if wanted not in ("html", *FORMATS):
        raise Http404
    if request.user.is_reo:  # type: ignore[union-attr]
        return _shared_detail(request, site, day, wanted)
    place = get_object_or_404(Site, code=site, pk__in=request.user.site_ids)  # type: ignore[union-attr]
    week = Week.of(day, place.week_start)
    if week.start != day:
        return redirect("reports:report_detail", site, week.start.isoformat())
    report = _find(request, place, week)
    if report is None:
        return _not_compiled(request, place, week)
    edition = edition_for(report, request.user)
    if edition is None:
        return _not_kept(request, report, wanted)
    if wanted != "html":
        return _send(request, edition, wanted)
    page = ReportPage(edition, digits=digits_of(request))
    earlier = (
        WeeklyReport.objects.visible_to(request.user)
        .filter(site=place, week_start=week.start)
        .exclude(pk=report.pk)
        .without_content()
        .select_related("site")
        .order_by("-revision")
    )
    beside = set(
        WeeklyReport.objects.visible_to(request.user)
        .filter(site=place, week_start__in=[week.previous().start, week.next().start])
        .values_list("week_start", flat=True)
    )
    return render(
        request,
        "reports/report_detail.html",
        {
            "page": page,
            "report": report,
            "earlier": earlier,
            "is_latest": not any(one.revision > report.revision for one in earlier),
            "changes": services.changes_since(report, edition.audience) if report.is_frozen else [],
            "recording_differs": report.is_frozen
            and services.recording_differs(report, edition.audience),
            "run": runs.run_of(place, week),
            # Only weeks that have a report, so that no link leads to a missing page.
            "previous": week.previous() if week.previous().start in beside else None,
            "next": week.next() if week.next().start in beside else None,
        },
    )


def _not_kept(request: HttpRequest, report: WeeklyReport, wanted: str = "html") -> HttpResponse:
    """The report is from before the version for this role was kept; no file is made of it."""
    if wanted != "html":
        raise Http404
    return render(
        request,
        "reports/report_not_kept.html",
        {
            "report": report,
            "week_words": week_words(report.week_start, digits=digits_of(request)),
        },
    )


def _find(request: HttpRequest, site: Site, week: Week) -> WeeklyReport | None:
    reports = WeeklyReport.objects.visible_to(request.user).filter(site=site, week_start=week.start)
    if "revision" in request.GET:
        number = request.GET["revision"]
        return get_object_or_404(
            reports.select_related("site", "frozen_by", "narrative_by"),
            revision=int(number) if number.isdecimal() and len(number) < 4 else -1,
        )
    return reports.select_related("site", "frozen_by", "narrative_by").order_by("-revision").first()


def _not_compiled(request: HttpRequest, site: Site, week: Week) -> HttpResponse:
    """The week has no report: being compiled, or to be asked for, or it could not be compiled."""
    run = runs.run_of(site, week)
    may = request.user.has_perm("reports.compile_weeklyreport")  # type: ignore[union-attr]
    if run is None and not may:
        raise Http404
    return render(
        request,
        "reports/report_pending.html",
        {
            "site": site,
            "week": week,
            "week_words": week_words(week.start, digits=digits_of(request)),
            "run": run,
            "why_not": ""
            if run
            else WHY_NOT.get(services.refusal(site, week, audience_of(request.user)), ""),
        },
        status=200 if run else 404,
    )


def _shared_detail(request: HttpRequest, site: str, day: date, wanted: str) -> HttpResponseBase:
    """REO's version, from its own table and nothing else."""
    reports = SharedWeeklyReport.objects.visible_to(request.user).filter(site_code=site)
    report = reports.filter(week_start=day).order_by("-revision").first()
    if report is None:
        raise Http404
    if wanted != "html":
        return _send(request, report, wanted)
    page = SharedPage(report, digits=digits_of(request))
    person: Any = request.user
    grants = grant_blocks.where_they_stand(person) if person.has_perm(VIEW_GRANTS) else None
    return render(
        request,
        "reports/shared_detail.html",
        {"page": page, "report": report, "grants": grants},
    )


def _send(
    request: HttpRequest, source: Edition | SharedWeeklyReport, kind: str
) -> HttpResponseBase:
    """Send the file, and record that it left."""
    asked = request.GET.get("language")
    language = asked if asked in ("en", "ar") else (get_language() or "en")[:2]
    if kind == "json" and asked is None:
        # The document the checksum belongs to is the English one.
        language = "en"
    content, name = report_file(source, kind, language)
    is_ours = isinstance(source, Edition)
    audit.record(
        "weeklyreport.exported",
        subject=source.report if is_ours else source,
        by=request.user,  # type: ignore[arg-type]
        detail={"format": kind, "language": language}
        | ({"audience": str(source.audience)} if is_ours else {}),
    )
    return file_response(content, name)


@requires("reports.compile_weeklyreport")
@require_http_methods(["GET", "HEAD", "POST"])
def report_compile(request: HttpRequest) -> HttpResponse:
    """Ask for a week's report now; it is compiled as a job."""
    form = CompileForm(request.POST or None, user=request.user, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        site, week = form.cleaned_data["site"], form.cleaned_data["week"]
        person: Any = request.user
        latest = WeeklyReport.objects.visible_to(person).filter(
            site=site, week_start=week.start, status="frozen"
        )
        if latest.exists():
            messages.info(request, _("This week's report is approved. It can be corrected."))
        elif services.begin_open_report(site=site, week_start=week.start, by=person) is None:
            runs.ask(site=site, week=week, by=request.user)  # type: ignore[arg-type]
            messages.success(request, _("Asked for. This page shows the report once it is there."))
        return redirect("reports:report_detail", site.code, str(week))
    return render(request, "reports/report_compile.html", {"form": form})


@asked_by_itself
@requires("reports.view_weeklyreport")
@require_safe
def report_progress(request: HttpRequest, site: str, week_start: str) -> HttpResponse:
    """How far the compiling of a week is; tells the page to load anew when it is done."""
    place = get_object_or_404(Site, code=site, pk__in=request.user.site_ids)  # type: ignore[union-attr]
    week = Week.of(_day(week_start), place.week_start)
    run = runs.run_of(place, week)
    response = render(request, "reports/_progress.html", {"run": run})
    if run is None:
        response["HX-Refresh"] = "true"
    return response


@requires("reports.write_narrative")
@require_http_methods(["GET", "HEAD", "POST"])
def report_narrate(request: HttpRequest, site: str, week_start: str) -> HttpResponse:
    """Tell the week in words."""
    report = _draft(request, site, week_start)
    edition = edition_for(report, request.user)
    if edition is None:
        return _not_kept(request, report)
    initial = {
        "narrative_en": report.narrative_en,
        "narrative_ar": report.narrative_ar,
        "version": report.version,
    }
    form = NarrativeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.write_narrative(report, **form.cleaned_data, by=request.user)  # type: ignore[arg-type]
        except ReportIsFrozen:
            messages.error(request, _("The report was approved meanwhile and stays as it is."))
        except ReportHasMoved:
            form.add_error(
                None,
                _("Somebody changed the report meanwhile. Look at it, then save once more."),
            )
            form.data = form.data.copy()
            form.data["version"] = str(report.version)
            return _narrative_page(request, form, edition, status=409)
        else:
            messages.success(request, _("The narrative is saved."))
        return redirect(report)
    return _narrative_page(request, form, edition)


def _narrative_page(
    request: HttpRequest, form: NarrativeForm, edition: Edition, status: int = 200
) -> HttpResponse:
    page = ReportPage(edition, digits=digits_of(request))
    return render(
        request,
        "reports/report_narrate.html",
        {"form": form, "report": edition.report, "page": page},
        status=status,
    )


@requires("reports.freeze_weeklyreport")
@require_http_methods(["GET", "HEAD", "POST"])
def report_freeze(request: HttpRequest, site: str, week_start: str) -> HttpResponse:
    """Approve a report, after saying what that means."""
    report = _draft(request, site, week_start)
    edition = edition_for(report, request.user)
    if edition is None:
        return _not_kept(request, report)
    form = FreezeForm(request.POST or None, initial={"version": report.version})
    if request.method == "POST" and form.is_valid():
        try:
            services.freeze_report(report, by=request.user, version=form.cleaned_data["version"])  # type: ignore[arg-type]
        except ReportIsFrozen:
            messages.info(request, _("This report was approved already."))
        except ReportHasMoved:
            messages.error(
                request, _("The report changed since you opened it. Read it again, then approve.")
            )
        else:
            messages.success(request, _("The report is approved."))
        return redirect(report)
    page = ReportPage(edition, digits=digits_of(request))
    return render(
        request, "reports/report_freeze.html", {"form": form, "report": report, "page": page}
    )


@requires("reports.compile_weeklyreport")
@require_http_methods(["GET", "HEAD", "POST"])
def report_revise(request: HttpRequest, site: str, week_start: str) -> HttpResponse:
    """Correct an approved report: a new draft beside it."""
    report = _latest(request, site, week_start)
    form = ReviseForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            services.revise_report(report, by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
        except NothingChanged:
            messages.info(request, _("The records still say what the report says."))
        except ReportRefusal:
            messages.error(request, _("This report can not be corrected now. Look at it again."))
        else:
            messages.success(request, _("A corrected draft stands beside the approved report."))
        return redirect(report)
    return render(
        request,
        "reports/report_revise.html",
        {
            "form": form,
            "report": report,
            "week_words": week_words(report.week_start, digits=digits_of(request)),
        },
    )


def _latest(request: HttpRequest, site: str, week_start: str) -> WeeklyReport:
    reports = WeeklyReport.objects.visible_to(request.user).filter(
        site__code=site, week_start=_day(week_start)
    )
    report = reports.select_related("site").order_by("-revision").first()
    if report is None:
        raise Http404
    return report


def _draft(request: HttpRequest, site: str, week_start: str) -> WeeklyReport:
    """The last report of the week; the service refuses it where it is approved."""
    return _latest(request, site, week_start)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None


def report_url(site_code: str, week_start: date) -> str:
    """The address of a report's page."""
    return reverse("reports:report_detail", args=[site_code, week_start.isoformat()])
