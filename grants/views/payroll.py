"""Payroll lists of a grant: making one, its signs, its names, certifying it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ceasefire.people.access import requires
from grants.exceptions import (
    BadAmount,
    BadPayrollRow,
    GrantRefusal,
    NameMissing,
    NotForThisPerson,
    PersonTwice,
)
from grants.forms.payroll import DecideForm, NewListForm, RowForm, RowsForm, SupportForm
from grants.forms.steps import ReasonForm
from grants.models import Grant, PayrollFlag, PayrollList, PayrollRow
from grants.services import payroll
from grants.services.parts import requesters
from grants.views.doing import attempt, me, tried
from grants.views.scope import VIEW, WORK, grant_page, officer_of, one_grant

#: Faults of pasted rows that are said one by one; the rest are counted.
MOST_FAULTS = 10


def _one(request: HttpRequest, ref: str, number: int) -> tuple[Grant, PayrollList]:
    grant = one_grant(request, ref)
    found = (
        PayrollList.objects.filter(grant=grant, number=number)
        .select_related("payment", "made_by", "certified_by")
        .first()
    )
    if found is None:
        raise Http404
    found.grant = grant
    return grant, found


def _has(request: HttpRequest, *duties: str) -> bool:
    who = officer_of(request)
    return bool(request.user.has_perm(WORK) and who is not None and any(map(who.has, duties)))


def _needs(request: HttpRequest, *duties: str) -> None:
    if not _has(request, *duties):
        raise PermissionDenied


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@requires(VIEW)
@require_safe
def payroll_list(request: HttpRequest, ref: str) -> HttpResponse:
    """The lists of one grant."""
    grant = one_grant(request, ref)
    lists = list(
        grant.payroll_lists.select_related("payment", "made_by", "certified_by").order_by("-number")
    )
    return render(
        request,
        "grants/payroll_list.html",
        {
            **grant_page(request, grant, "monitoring"),
            "lists": lists,
            "may_begin": _has(request, *payroll.MAKERS) and grant.state in payroll.AT_WORK,
        },
    )


@requires(WORK)
def payroll_new(request: HttpRequest, ref: str) -> HttpResponse:
    """Begin a list."""
    grant = one_grant(request, ref)
    _needs(request, *payroll.MAKERS)
    form = NewListForm(_data(request), grant=grant)
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: payroll.begin_list(grant, by=me(request), **form.cleaned_data),
            at={BadAmount: "control_total", BadPayrollRow: "period_to"},
        )
        if made is not None:
            return redirect("grants:payroll_detail", grant.ref, made.number)
    return _form(
        request, grant, form, title=_("A new payroll list"), action=_("Begin it"),
        back=reverse("grants:payroll_list", args=[grant.ref]),
    )  # fmt: skip


def _form(
    request: HttpRequest,
    grant: Grant,
    form: Any,
    *,
    title: str,
    action: str,
    back: str,
    lead: str = "",
) -> HttpResponse:
    context = {
        "grant": grant,
        "form": form,
        "form_title": title,
        "action": action,
        "back": back,
        "form_lead": lead,
    }
    status = 422 if form.is_bound else 200
    return render(request, "grants/monitoring_form.html", context, status=status)


def _list_page(request: HttpRequest, grant: Grant, found: PayrollList) -> dict[str, Any]:
    """What the page of a list shows; no name and no phone."""
    page = grant_page(request, grant, "monitoring")
    draft = found.state == PayrollList.State.DRAFT
    who = page["officer"]
    apart = who is not None and who.pk not in requesters(grant) | {found.made_by_id}
    signs = list(
        payroll.live_flags(found).select_related("row", "other__list__grant", "decided_by")
    )
    waiting = [one for one in signs if one.verdict != PayrollFlag.Verdict.FINE]
    total = payroll.sum_of(found)
    paid = found.payment.amount if found.payment is not None else None
    return {
        **page,
        "payroll": found,
        "places": 2 if found.currency == "USD" else 0,
        "rows": list(found.rows.order_by("number")),
        "total": total,
        "sums_agree": total == found.control_total == paid,
        "signs": signs,
        #: Those listed one by one; what waits stands in the form for whoever decides.
        "told": signs,
        "waiting": waiting,
        "is_draft": draft,
        "may_fill": draft and _has(request, *payroll.MAKERS),
        "may_decide": draft and apart and _has(request, *payroll.JUDGES),
        "may_strike": draft and _has(request, *payroll.MAKERS, *payroll.JUDGES),
        "may_drop": draft and _has(request, *payroll.MAKERS, "certifier"),
        "may_certify": draft and apart and _has(request, "certifier"),
        "may_read_names": _has(request, *payroll.READERS),
    }


@requires(VIEW)
@require_safe
def payroll_detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """One list: its rows by number, its sums, its signs."""
    grant, found = _one(request, ref, number)
    page = _list_page(request, grant, found)
    if page["may_decide"] and page["waiting"]:
        page["decide"] = DecideForm(flags=_undecided(found))
        page["told"] = [one for one in page["signs"] if one.verdict]
    return render(request, "grants/payroll_detail.html", page)


def _undecided(found: PayrollList) -> Any:
    return (
        payroll.live_flags(found)
        .exclude(verdict=PayrollFlag.Verdict.FINE)
        .select_related("list", "row", "other__list__grant")
    )


@requires(WORK)
def payroll_support(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Which payment a draft supports, and its control total."""
    grant, found = _one(request, ref, number)
    _needs(request, *payroll.MAKERS)
    form = SupportForm(
        _data(request),
        grant=grant,
        initial={"control_total": found.control_total, "payment": found.payment_id},
    )
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        if tried(
            request,
            form,
            lambda: payroll.set_support(found, by=me(request), **facts),
            at={BadAmount: "control_total"},
        ):
            return redirect("grants:payroll_detail", grant.ref, found.number)
    return _form(
        request, grant, form, title=_("Payment and control total"), action=_("Save"),
        back=reverse("grants:payroll_detail", args=[grant.ref, found.number]),
    )  # fmt: skip


_FIELDS_OF_A_ROW = {NameMissing: "name", BadAmount: "rate", PersonTwice: "name"}


@requires(WORK)
def payroll_row(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Add one person; the form comes again for the next."""
    grant, found = _one(request, ref, number)
    _needs(request, *payroll.MAKERS)
    form = RowForm(_data(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            payroll.add_rows(found, [form.worker()], by=me(request))
        except NotForThisPerson:
            raise PermissionDenied from None
        except payroll.RowsRefused as refusal:
            fault = refusal.faults[0][1]
            form.add_error(_FIELDS_OF_A_ROW.get(type(fault), "days"), _fault_words(fault))
        except GrantRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("grants:payroll_row", grant.ref, found.number)
    return _form(
        request, grant, form, title=_("Add a person"), action=_("Add, then the next"),
        back=reverse("grants:payroll_detail", args=[grant.ref, found.number]),
        lead=ngettext("%(count)d person so far", "%(count)d people so far", _count(found))
        % {"count": _count(found)},
    )  # fmt: skip


def _count(found: PayrollList) -> int:
    return int(payroll.standing(found).count())


def _fault_words(fault: Any) -> str:
    """What is wrong with a row, so that it can be mended."""
    if type(fault) is BadPayrollRow:
        return _("Write whole or half days above zero, and a mark as its SHA-256 or not at all.")
    return str(fault)


@requires(WORK)
def payroll_rows(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Add many people at once: all of them or none."""
    grant, found = _one(request, ref, number)
    _needs(request, *payroll.MAKERS)
    form = RowsForm(_data(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            workers = payroll.read_rows(form.content())
            made = payroll.add_rows(found, workers, by=me(request))
        except NotForThisPerson:
            raise PermissionDenied from None
        except payroll.RowsRefused as refusal:
            for place, fault in refusal.faults[:MOST_FAULTS]:
                words = {"number": place, "fault": _fault_words(fault)}
                form.add_error(None, _("Row %(number)d: %(fault)s") % words)
            left = len(refusal.faults) - MOST_FAULTS
            if left > 0:
                said = ngettext("%(count)d more row", "%(count)d more rows", left)
                form.add_error(None, said % {"count": left})
        except BadPayrollRow:
            form.add_error(
                None,
                _("This cannot be read. Send name, phone, days, pay a day; at most 1,000 rows."),
            )
        except GrantRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            said = ngettext("%(count)d person added.", "%(count)d people added.", len(made))
            attempt(request, lambda: None, said % {"count": len(made)})
            return redirect("grants:payroll_detail", grant.ref, found.number)
    return _form(
        request, grant, form, title=_("Add many people"), action=_("Add them"),
        back=reverse("grants:payroll_detail", args=[grant.ref, found.number]),
        lead=_("All of them are added, or none."),
    )  # fmt: skip


@requires(WORK)
def payroll_strike(request: HttpRequest, ref: str, number: int, row: int) -> HttpResponse:
    """Strike somebody out, for a reason."""
    grant, found = _one(request, ref, number)
    _needs(request, *payroll.MAKERS, *payroll.JUDGES)
    one = PayrollRow.objects.filter(list=found, number=row).first()
    if one is None:
        raise Http404
    form = ReasonForm(_data(request), grant=grant)
    if (
        request.method == "POST"
        and form.is_valid()
        and tried(
            request,
            form,
            lambda: payroll.strike_row(one, reason=form.cleaned_data["reason"], by=me(request)),
        )
    ):
        return redirect("grants:payroll_detail", grant.ref, found.number)
    return _form(
        request, grant, form,
        title=_("Strike row %(number)d out") % {"number": one.number}, action=_("Strike it out"),
        back=reverse("grants:payroll_detail", args=[grant.ref, found.number]),
        lead=_("It stays to be seen, and counts no more."),
    )  # fmt: skip


@requires(WORK)
def payroll_drop(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Drop a draft, for a reason."""
    grant, found = _one(request, ref, number)
    _needs(request, *payroll.MAKERS, "certifier")
    form = ReasonForm(_data(request), grant=grant)
    if (
        request.method == "POST"
        and form.is_valid()
        and tried(
            request,
            form,
            lambda: payroll.drop_list(found, reason=form.cleaned_data["reason"], by=me(request)),
        )
    ):
        return redirect("grants:payroll_detail", grant.ref, found.number)
    return _form(
        request, grant, form, title=_("Drop the list"), action=_("Drop it"),
        back=reverse("grants:payroll_detail", args=[grant.ref, found.number]),
    )  # fmt: skip


@require_POST
@requires(WORK)
def payroll_decide(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Say of some signs whether they are in order, and why."""
    grant, found = _one(request, ref, number)
    _needs(request, *payroll.JUDGES)
    form = DecideForm(request.POST, flags=_undecided(found))
    if form.is_valid():
        facts = form.cleaned_data
        if tried(
            request,
            form,
            lambda: payroll.decide_signs(
                found,
                facts["flags"],
                verdict=facts["verdict"],
                reason=facts["reason"],
                by=me(request),
            ),
        ):
            return redirect("grants:payroll_detail", grant.ref, found.number)
    page = {**_list_page(request, grant, found), "decide": form}
    page["told"] = [one for one in page["signs"] if one.verdict]
    return render(request, "grants/payroll_detail.html", page, status=422)


@require_POST
@requires(WORK)
def payroll_look(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Look a draft over again: another list may have come."""
    grant, found = _one(request, ref, number)
    attempt(request, lambda: payroll.look_over(found, by=me(request)), _("Looked over."))
    return redirect("grants:payroll_detail", grant.ref, found.number)


@require_POST
@requires(WORK)
def payroll_certify(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Certify a list."""
    grant, found = _one(request, ref, number)
    attempt(request, lambda: payroll.certify_list(found, by=me(request)), _("Certified."))
    return redirect("grants:payroll_detail", grant.ref, found.number)


@never_cache
@require_POST
@requires(WORK)
def payroll_names(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Names and phones beside the rows, for a certifier or vetting officer; it is in the trail."""
    grant, found = _one(request, ref, number)
    try:
        names = payroll.names_of(found, by=me(request))
    except NotForThisPerson:
        raise PermissionDenied from None
    page = _list_page(request, grant, found)
    page["named"] = [(row, names[row.pk]) for row in page["rows"]]
    return render(request, "grants/payroll_names.html", page)
