"""The SF-425 worksheet of a fund, and the figures of its donor, entered by two people."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from grants.forms.reports import FigureForm, WorksheetForm, query_of
from grants.models import Fund, FundFigure
from grants.reports import documents, federal, snapshots
from grants.services import figures
from grants.views import reports
from grants.views.doing import attempt, me, tried
from grants.views.scope import VIEW, WORK, officer_of


@requires(VIEW)
@require_safe
def worksheet(request: HttpRequest) -> HttpResponseBase:
    """Every line with its formula, for a fund and a period; with `?format=` a run as a file."""
    funds = list(Fund.objects.all())
    given = request.GET.copy()
    if funds and not given.get("fund"):
        given["fund"] = funds[-1].code
    form = WorksheetForm(given)
    context: dict[str, Any] = {"form": form, "warning": documents.WARNING}
    if funds and form.is_valid():
        fund = next(one for one in funds if one.code == form.cleaned_data["fund"])
        since = form.cleaned_data["from"]
        until = form.cleaned_data["to"] or periods.today()
        content = federal.worksheet(fund, since=since, until=until)
        if "format" in request.GET:
            return _file(request, fund, content)
        who = officer_of(request)
        rows: list[Any] = list(
            fund.figures.select_related("entered_by", "confirmed_by", "withdrawn_by")
        )
        waits = any(one.confirmed_at is None and one.withdrawn_at is None for one in rows)
        seconds = figures.confirmers() if waits else []
        for one in rows:
            one.waits_for = [other for other in seconds if other.pk != one.entered_by_id]
        context |= {
            "fund": fund,
            "since": since,
            "until": until,
            "lines": documents.worksheet_rows(content),
            "remarks": documents.remarks(content),
            "figures": rows,
            "officer": who,
            "may_enter": who is not None and who.has("officer"),
            "may_confirm": who is not None and any(map(who.has, figures.CONFIRMERS)),
            "base": f"?{query_of({'fund': fund.code, 'from': since, 'to': until})}&",
            "formats": reports.links(documents.FORMATS[federal.SLUG]),
        }
    elif "format" in request.GET:
        messages.error(request, _("A filter was not understood. Nothing was made."))
        return redirect("grants:worksheet")
    return render(request, "grants/report_worksheet.html", context)


def _file(request: HttpRequest, fund: Fund, content: dict[str, Any]) -> HttpResponseBase:
    format = request.GET.get("format", "")
    language = request.GET.get("language") or reports.language_of(request)
    if format not in documents.FORMATS[federal.SLUG] or language not in reports.LANGUAGES:
        messages.error(request, _("Choose csv, xlsx, pdf or json, in English or Arabic."))
        return redirect("grants:worksheet")
    filters = {"fund": fund.code, "from": content["from"], "to": content["to"]}
    run = snapshots.take_document(federal.SLUG, filters, content, by=me(request))
    return reports.taken(request, run, format, language, request.GET.get("digits") or "western")


@requires(WORK)
def figure_new(request: HttpRequest, code: str) -> HttpResponse:
    """Enter a figure of the donor; it counts once a second person confirmed it."""
    fund = get_object_or_404(Fund, code=code)
    form = FigureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: figures.enter(fund, by=me(request), **form.cleaned_data),
        )
        if made is not None:
            messages.success(request, _("Entered. It counts once somebody else confirmed it."))
            return redirect(f"{reverse('grants:worksheet')}?fund={fund.code}")
    return render(
        request,
        "grants/report_figure.html",
        {"form": form, "fund": fund},
        status=422 if form.is_bound else 200,
    )


def _figure(request: HttpRequest, pk: UUID) -> FundFigure:
    found: FundFigure = get_object_or_404(FundFigure.objects.select_related("fund"), pk=pk)
    return found


def _back(figure: FundFigure) -> HttpResponse:
    return redirect(f"{reverse('grants:worksheet')}?fund={figure.fund.code}")


@require_POST
@requires(WORK)
def figure_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say as the second person that a figure is right."""
    figure = _figure(request, pk)
    attempt(request, lambda: figures.confirm(figure, by=me(request)), _("Confirmed."))
    return _back(figure)


@require_POST
@requires(WORK)
def figure_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a wrong figure back."""
    figure = _figure(request, pk)
    attempt(request, lambda: figures.withdraw(figure, by=me(request)), _("Withdrawn."))
    return _back(figure)
