"""List files for name screening, and which of them a fund asks for."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import periods
from ceasefire.people.access import asked_by_itself, requires
from grants.exceptions import ListTaken, ScreeningListRefused
from grants.forms.screening import ListForm, ListRuleForm
from grants.models import Fund, ListSource, ScreeningList, ScreeningRule
from grants.services import lists
from grants.views.doing import attempt, me, tried
from grants.views.organisations import may, only
from grants.views.scope import VIEW, WORK, officer_of


@require_safe
@requires(VIEW)
def list_index(request: HttpRequest) -> HttpResponse:
    """The lists in force with their age, what came before, and what each fund asks for."""
    today = periods.now().date()
    in_force = lists.in_force(today)
    keys = {one.pk for one in in_force}
    files = list(ScreeningList.objects.select_related("uploaded_by")[:60])
    rules = list(
        ScreeningRule.objects.select_related("fund", "entered_by", "confirmed_by").order_by(
            "fund__code", "-valid_from", "-entered_at"
        )
    )
    asked = {one.fund_id for one in rules if _holds(one, today)}
    return render(
        request,
        "grants/list_index.html",
        {
            "in_force": [(one, (today - one.dated).days) for one in in_force if one.dated],
            "lacking": [
                label
                for value, label in ListSource.choices
                if value not in {one.source for one in in_force}
            ],
            "files": [(one, one.pk in keys) for one in files],
            "waiting": [one for one in rules if one.confirmed_at is None],
            "holding": [one for one in rules if _holds(one, today)],
            "others": [
                one for one in rules if one.confirmed_at is not None and not _holds(one, today)
            ],
            "without": Fund.objects.filter(closed_at__isnull=True)
            .exclude(pk__in=asked)
            .order_by("code"),
            "me": officer_of(request),
            "may_upload": may(request, "vetting"),
            "may_propose": may(request, "vetting", "officer"),
            "may_confirm": may(request, *lists.CONFIRMERS),
        },
    )


def _holds(rule: ScreeningRule, day: Any) -> bool:
    return (
        rule.confirmed_at is not None
        and rule.valid_from <= day
        and (rule.valid_to is None or rule.valid_to > day)
    )


def _one(pk: UUID) -> ScreeningList:
    found = ScreeningList.objects.select_related("uploaded_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@requires(WORK)
def list_new(request: HttpRequest) -> HttpResponse:
    """Upload a list file; a worker reads it."""
    only(request, "vetting")
    is_sent = request.method == "POST"
    form = ListForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    if is_sent and form.is_valid():
        made = tried(
            request,
            form,
            lambda: lists.upload(
                form.chosen(),
                format=form.cleaned_data["format"],
                published=form.published_on(),
                by=me(request),
            ),
            at={ScreeningListRefused: "file", ListTaken: "file"},
        )
        if made is not None:
            return redirect("grants:list_detail", made.pk)
    return render(
        request,
        "grants/vetting_form.html",
        {
            "form": form,
            "page_title": _("Upload a list"),
            "submit": _("Upload it"),
            "note": _(
                "Download the file from its publisher and upload it unchanged. It is read whole"
                " or not at all. A newer list takes the place of the one before."
            ),
            "back_url": reverse("grants:list_index"),
            "back_label": _("Screening lists"),
        },
        status=422 if is_sent else 200,
    )


@require_safe
@requires(VIEW)
def list_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One list file: of what day, how many names, by whom; how far its reading is."""
    one = _one(pk)
    in_force = {found.pk for found in lists.in_force(periods.now().date())}
    return render(
        request,
        "grants/list_detail.html",
        {
            "list": one,
            "waits": one.state in ScreeningList.UNDER_WAY,
            "is_in_force": one.pk in in_force,
            "why": lists.why_refused(one),
            "may_stop": may(request, "vetting"),
        },
    )


@asked_by_itself
@require_safe
@requires(VIEW)
def list_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line of progress; the page loads anew when there is nothing to wait for."""
    one = _one(pk)
    response = render(request, "grants/_list_progress.html", {"list": one})
    if one.state not in ScreeningList.UNDER_WAY:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(WORK)
def list_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop the reading."""
    only(request, "vetting")
    one = _one(pk)
    attempt(
        request, lambda: lists.stop(one, by=me(request)), _("Stopped. Nothing of the file is kept.")
    )
    return redirect("grants:list_detail", one.pk)


# --- what funds ask for ---------------------------------------------------------------------------


@requires(WORK)
def list_rule_new(request: HttpRequest) -> HttpResponse:
    """Propose which lists a fund asks for."""
    only(request, "vetting", "officer")
    is_sent = request.method == "POST"
    form = ListRuleForm(
        request.POST if is_sent else None,
        initial={"fund": request.GET.get("fund", "")[:36], "valid_from": periods.now().date()},
    )
    if is_sent and form.is_valid():
        facts = dict(form.cleaned_data)
        fund = facts.pop("fund")
        made = tried(request, form, lambda: lists.propose_rule(fund, by=me(request), **facts))
        if made is not None:
            messages.success(request, _("It holds once somebody else confirmed it."))
            return redirect("grants:list_index")
    return render(
        request,
        "grants/vetting_form.html",
        {
            "form": form,
            "page_title": _("Say which lists a fund asks for"),
            "submit": _("Propose it"),
            "note": _("A rule that holds already ends on the day this one begins."),
            "back_url": reverse("grants:list_index"),
            "back_label": _("Screening lists"),
        },
        status=422 if is_sent else 200,
    )


@require_POST
@requires(WORK)
def list_rule_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm what somebody else proposed."""
    only(request, *lists.CONFIRMERS)
    rule = ScreeningRule.objects.select_related("fund").filter(pk=pk).first()
    if rule is None:
        raise Http404
    attempt(request, lambda: lists.confirm_rule(rule, by=me(request)), _("The rule holds."))
    return redirect("grants:list_index")
