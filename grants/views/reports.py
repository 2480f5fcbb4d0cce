"""Reports of the grants: the list, one report, its numbered runs and their files."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import audit
from ceasefire.exports import stream_response
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import asked_by_itself, requires
from grants.forms.reports import ReportFilter, query_of
from grants.models import FileFormat, ReportFile, ReportRequest, ReportRun
from grants.reports import asking, documents, sheet, showing, snapshots, writers
from grants.reports.columns import REPORTS
from grants.views.doing import me
from grants.views.scope import VIEW, one_grant

FORMATS = ("csv", "control", "xlsx", "pdf", "json")
LANGUAGES = ("en", "ar")


@requires(VIEW)
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """Every report and what it is for; the newest runs."""
    return render(
        request,
        "grants/report_list.html",
        {
            "reports": REPORTS.values(),
            "runs": [_named(run) for run in ReportRun.objects.visible_to(request.user)[:8]],
        },
    )


@requires(VIEW)
@require_safe
def report_detail(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One report as it stands now; with `?format=` a new run of it as a file."""
    report = REPORTS[slug]
    form = ReportFilter(request.GET)
    path = reverse("grants:report_detail", args=[slug])
    if not form.is_valid():
        if "format" in request.GET:
            # A filter that is not understood must not come to a file of everything.
            messages.error(request, _("A filter was not understood. Nothing was made."))
            return redirect("grants:report_detail", slug)
        return render(
            request,
            "grants/report_detail.html",
            {"report": report, "filters": form},
        )
    if "format" in request.GET:
        return _file(request, slug, form.filters)
    return render(
        request,
        "grants/report_detail.html",
        {
            "report": report,
            "filters": form,
            "chips": form.chips(path),
            "base": f"{path}?{query_of(form.filters)}&".replace("?&", "?"),
            "formats": links(f for f in FORMATS if f != "control"),
            "shown": showing.now(slug, form.filters, digits=_digits(request)),
        },
    )


def links(formats: Iterable[str]) -> list[dict[str, str]]:
    """The formats with their names, for the list of files."""
    return [{"format": one, "label": str(FileFormat(one).label)} for one in formats]


def _choices(request: HttpRequest) -> tuple[str, str, str] | None:
    """Format, language and digits of a file; None where one of them is not known."""
    format = request.GET.get("format", "")
    language = request.GET.get("language") or language_of(request)
    digits = request.GET.get("digits") or "western"
    if format not in FORMATS or language not in LANGUAGES or digits not in ("western", "arabic"):
        return None
    return format, language, digits


def _file(request: HttpRequest, slug: str, filters: dict[str, Any]) -> HttpResponseBase:
    """A new run and its file: at once where it is short, else by a worker."""
    chosen = _choices(request)
    if chosen is None:
        messages.error(request, _("Choose csv, xlsx, pdf or json, in English or Arabic."))
        return redirect("grants:report_detail", slug)
    format, language, digits = chosen
    if asking.is_long(slug, filters, format):
        return redirect(
            asking.ask(
                slug,
                filters,
                format=format,
                language=language,
                digits=digits,
                by=me(request),
            )
        )
    run = snapshots.take(slug, filters, by=me(request))
    return taken(request, run, format, language, digits)


def taken(
    request: HttpRequest, run: ReportRun, format: str, language: str, digits: str
) -> HttpResponseBase:
    """The file of a run, kept or made now, on its way out; the trail says that it was taken."""
    file = snapshots.make_file(run, format, language=language, digits=digits)
    return _sent(request, file)


def _sent(request: HttpRequest, file: ReportFile) -> HttpResponseBase:
    audit.record(
        "grant_report.taken",
        subject=file.run,
        by=me(request),
        detail={
            "report": file.run.report,
            "number": file.run.number,
            "format": file.format,
            "language": file.language,
            "sha256": file.sha256,
        },
    )
    pieces = snapshots.pieces_of(file, me(request))
    return stream_response(pieces, snapshots.name_of(file), size=file.size)


# --- runs ----------------------------------------------------------------------------------------


def _named(run: ReportRun) -> dict[str, Any]:
    """A run with the title of its report, and what it was narrowed to, in words."""
    known = REPORTS.get(run.report)
    title = f"{known.code} {known.title}" if known else str(documents.TITLES[run.report])
    return {"run": run, "title": title, "filters": writers.filters_said(run)}


@requires(VIEW)
@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """Every run, the newest first."""
    runs = ReportRun.objects.visible_to(request.user).defer("chart", "lines")
    slug = request.GET.get("report", "")
    if slug in REPORTS or slug in documents.TITLES:
        runs = runs.filter(report=slug)
    page = keyset_page(
        runs, ("-number",), after=request.GET.get("after"), before=request.GET.get("before")
    )
    return render(
        request,
        "grants/report_run_list.html",
        {"page": page, "runs": [_named(run) for run in page]},
    )


@requires(VIEW)
@require_safe
def run_detail(request: HttpRequest, number: int) -> HttpResponseBase:
    """A run as it was frozen; with `?format=` its file, the same octets each time."""
    run = get_object_or_404(ReportRun.objects.visible_to(request.user), number=number)
    if "format" in request.GET:
        return _old_file(request, run)
    known = REPORTS.get(run.report)
    context: dict[str, Any] = {**_named(run), "report": known}
    if known is not None:
        show = writers.Shown(_digits(request))
        context["about"] = [(label, show(value)) for label, value in writers.about(run, known)]
        context["control"] = [(label, show(value)) for label, value in writers.control(run, known)]
        context["shown"] = showing.frozen(run, digits=_digits(request))
        context["formats"] = links(FORMATS)
    else:
        show = writers.Shown(_digits(request))
        context["about"] = [(label, show(value)) for label, value in documents.about(run)]
        context["formats"] = links(documents.FORMATS[run.report])
        if run.report == "sf-425":
            context["lines"] = documents.worksheet_rows(snapshots.document_of(run))
        elif run.report == sheet.SLUG:
            context["sheet"] = documents.sheet_rows(snapshots.document_of(run))
    context["files"] = run.files.all()
    context["base"] = f"{run.get_absolute_url()}?"
    return render(request, "grants/report_run.html", context)


def _old_file(request: HttpRequest, run: ReportRun) -> HttpResponseBase:
    chosen = _choices(request)
    known = FORMATS if run.report in REPORTS else documents.FORMATS[run.report]
    if chosen is None or chosen[0] not in known:
        messages.error(request, _("This run is not made in such a format."))
        return redirect(run)
    format, language, digits = chosen
    kept = snapshots.file_of(
        run, format, language=language, digits=snapshots.digits_of(format, language, digits)
    )
    if kept is None and run.rows > asking.AT_ONCE.get(format, asking.ROWS_AT_ONCE):  # type: ignore[call-overload]
        return redirect(
            asking.ask(
                run.report,
                run.filters,
                format=format,
                language=language,
                digits=digits,
                by=me(request),
                run=run,
            )
        )
    return taken(request, run, format, language, digits)


# --- long ones -----------------------------------------------------------------------------------


def _request(request: HttpRequest, pk: UUID) -> ReportRequest:
    """The person's own request; anybody else's is not there."""
    found: ReportRequest = get_object_or_404(
        ReportRequest.objects.visible_to(request.user).select_related("run"), pk=pk
    )
    return found


@requires(VIEW)
@require_safe
def request_detail(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """How far a long report is; when it is made, the way to it."""
    asked = _request(request, pk)
    if asked.done and "take" in request.GET and asked.run is not None:
        file = snapshots.file_of(
            asked.run,
            asked.format,
            language=asked.language,
            digits=snapshots.digits_of(asked.format, asked.language, asked.digits),
        )
        if file is not None:
            return _sent(request, file)
    report = REPORTS[asked.report]
    return render(
        request,
        "grants/report_request.html",
        {"asked": asked, "report": report, "progress": asking.progress_of(asked)},
    )


@asked_by_itself
@requires(VIEW)
@require_safe
def request_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line of progress; tells the page to load anew when there is nothing to wait for."""
    asked = _request(request, pk)
    progress = asking.progress_of(asked)
    response = render(
        request, "grants/_report_progress.html", {"asked": asked, "progress": progress}
    )
    if progress is None or not progress.waits:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(VIEW)
def request_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the worker to stop."""
    asked = _request(request, pk)
    if asking.stop(asked, by=me(request)):
        messages.info(request, _("The report is not made any further."))
    return redirect(asked)


# --- R13 -----------------------------------------------------------------------------------------


@requires(VIEW)
@require_safe
def grant_sheet(request: HttpRequest, ref: str) -> HttpResponseBase:
    """R13: one grant on one page, as PDF unless asked for as a table (`?format=csv`, `xlsx`).

    The same octets while nothing in it changed.
    """
    grant = one_grant(request, ref)
    language = request.GET.get("language") or language_of(request)
    digits = request.GET.get("digits") or "western"
    format = request.GET.get("format") or FileFormat.PDF
    if language not in LANGUAGES or digits not in ("western", "arabic"):
        raise Http404
    if format not in documents.FORMATS[sheet.SLUG]:
        raise Http404
    run = snapshots.take_document(
        sheet.SLUG, {"grant": grant.ref}, sheet.content(grant), by=me(request)
    )
    return taken(request, run, format, language, digits)


def language_of(request: HttpRequest) -> str:
    """The language of the page that asks."""
    return "ar" if (get_language() or "en").startswith("ar") else "en"


def _digits(request: HttpRequest) -> str:
    """Western or Arabic digits, as the person reads them."""
    chosen = str(getattr(request.user, "digits", "") or "").lower()
    return "arabic" if chosen.startswith("ar") else "western"
