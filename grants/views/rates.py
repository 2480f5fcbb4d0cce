"""Exchange rates: entered by one, confirmed by another, withdrawn, never edited."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from grants.exceptions import (
    BadAmount,
    GrantRefusal,
    InTheFuture,
    NoConfirmedRate,
    RateStands,
    ReasonMissing,
)
from grants.forms.funds import RateForm
from grants.forms.payments import ReasonForm
from grants.models import ExchangeRate, LedgerEntry
from grants.services import rates
from grants.views.doing import attempt, me, tried
from grants.views.money import duty, sent
from grants.views.scope import VIEW, WORK, officer_of

SIZE = 40
AT: dict[type[GrantRefusal], str] = {
    BadAmount: "iqd_per_usd",
    InTheFuture: "day",
    RateStands: "day",
    NoConfirmedRate: "source",
    ReasonMissing: "reason",
}


@require_safe
@requires(VIEW)
def rate_list(request: HttpRequest) -> HttpResponse:
    """The newest day first, with who entered and confirmed, and how many postings took a rate."""
    page = keyset_page(
        ExchangeRate.objects.select_related("entered_by", "confirmed_by", "withdrawn_by"),
        ordering=("-day", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=SIZE,
    )
    used = dict(
        LedgerEntry.objects.filter(rate_row__in=[one.pk for one in page])
        .values_list("rate_row")
        .annotate(number=Count("*"))
        .order_by()
    )
    who = officer_of(request)
    may_work = who is not None and any(map(who.has, rates.DUTIES))
    return render(
        request,
        "grants/rate_list.html",
        {
            "page": page,
            "rows": [
                {
                    "rate": one,
                    "used": used.get(one.pk, 0),
                    "may_confirm": may_work
                    and who is not None
                    and one.confirmed_at is None
                    and one.withdrawn_at is None
                    and one.entered_by_id != who.pk,
                    "may_withdraw": may_work and one.withdrawn_at is None,
                }
                for one in page
            ],
            "may_work": may_work,
        },
    )


@requires(WORK)
def rate_new(request: HttpRequest) -> HttpResponse:
    """Enter the rate of a day."""
    duty(request, *rates.DUTIES)
    form = RateForm(sent(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = tried(request, form, lambda: rates.enter_rate(by=me(request), **given), at=AT)
        if made is not None:
            messages.success(request, _("It counts once somebody else confirmed it."))
            return redirect("grants:rate_list")
    return _page(request, form, title=_("Enter a rate"), submit=_("Enter it"))


def _page(request: HttpRequest, form: Any, **more: Any) -> HttpResponse:
    title = more.pop("title")
    return render(
        request,
        "grants/money_form.html",
        {
            "form": form,
            "page_title": title,
            "back_url": reverse("grants:rate_list"),
            "back_label": _("Exchange rates"),
            **more,
        },
    )


def _one_rate(pk: UUID) -> ExchangeRate:
    found = ExchangeRate.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_POST
@requires(WORK)
def rate_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm a rate that somebody else entered."""
    rate = _one_rate(pk)
    attempt(request, lambda: rates.confirm_rate(rate, by=me(request)), _("The rate counts now."))
    return redirect("grants:rate_list")


@requires(WORK)
def rate_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a rate count no more; what was posted with it keeps it."""
    rate = _one_rate(pk)
    duty(request, *rates.DUTIES)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: rates.withdraw_rate(rate, reason=form.cleaned_data["reason"], by=me(request)),
            at=AT,
        )
        if made is not None:
            messages.success(request, _("The rate was withdrawn. What was posted keeps it."))
            return redirect("grants:rate_list")
    return _page(
        request, form, title=_("Withdraw the rate"), submit=_("Withdraw it"), rate=rate, danger=True
    )
