"""The money of one grant: sums, tranches and their gates, ledger, and what is posted by hand."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from grants.exceptions import (
    ApprovalExceeded,
    BeforeTheAward,
    ExpenseExceeded,
    FundExhausted,
    GrantRefusal,
    InTheFuture,
    MethodNotEnabled,
    NoConfirmedRate,
    ObligationExceeded,
    RateTooOld,
    ReasonMissing,
    RefundExceeded,
    TrancheExceeded,
    VoucherUsed,
    WrongDocument,
)
from grants.forms.payments import (
    AskForm,
    BindForm,
    ExpenseForm,
    PartRows,
    ReasonForm,
    RefundForm,
    typed_day,
)
from grants.models import Grant, LedgerEntry, State
from grants.services import (
    anomalies,
    ledger,
    money_reading,
    payments,
    proposals,
    reading,
    requirements,
    stops,
)
from grants.views.doing import me, tried
from grants.views.scope import VIEW, WORK, grant_page, officer_of, one_grant

#: Payments of a grant that stand on its own page; the rest is a list away.
SHOWN = 20
#: Which refusal belongs to which field.
AT: dict[type[GrantRefusal], str] = {
    VoucherUsed: "voucher_no",
    MethodNotEnabled: "method",
    TrancheExceeded: "amount",
    ObligationExceeded: "amount",
    ExpenseExceeded: "amount",
    ApprovalExceeded: "amount",
    FundExhausted: "amount",
    RefundExceeded: "amount",
    NoConfirmedRate: "rate",
    RateTooOld: "rate",
    ReasonMissing: "reason",
    WrongDocument: "evidence",
}


def _with_day(field: str) -> dict[type[GrantRefusal], str]:
    return {**AT, InTheFuture: field, BeforeTheAward: field}


@require_safe
@requires(VIEW)
def grant_money(request: HttpRequest, ref: str) -> HttpResponse:
    """Its sums and what they mean, the gates of its tranches, its payments and its ledger."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "money")
    today = periods.now().date()
    reading.read(grant, today)
    stop = stops.holding(grant)
    entries, lines = money_reading.ledger_page(
        grant, page["officer"], after=request.GET.get("after"), before=request.GET.get("before")
    )
    paid = list(grant.payments.select_related("tranche", "payee")[: SHOWN + 1])
    return render(
        request,
        "grants/money_grant.html",
        {
            **page,
            "sums": _sums(grant),
            "recovery": requirements.recovery(grant),
            "gates": money_reading.gates(grant, today),
            "planned_usd": sum(one.planned_usd for one in grant.tranches.all()),
            "stop": stop,
            "payments": paid[:SHOWN],
            "more_payments": len(paid) > SHOWN,
            "odd": anomalies.twins(one.pk for one in paid[:SHOWN]),
            "lines": lines,
            "page": entries,
            "verbs": _links(grant, money_reading.verbs(grant, page["officer"], stopped=bool(stop))),
        },
    )


def _sums(grant: Grant) -> list[tuple[Any, Any, Any]]:
    """The sums of a grant in US dollars: name, sum, and how it is worked out."""
    return [
        (_("Requested"), grant.requested_usd, _("What was asked for.")),
        (_("Approved"), grant.approved_usd, _("What the approvers agreed to; never above it.")),
        (
            _("Net obligated"),
            grant.net_obligated_usd,
            _("Obligated less de-obligated: what the fund is bound to."),
        ),
        (
            _("Net disbursed"),
            grant.net_disbursed_usd,
            _("Paid less what came back."),
        ),
        (
            _("Unliquidated"),
            grant.unliquidated_usd,
            _("Obligated - de-obligated - disbursed + refunded: bound and not paid yet."),
        ),
        (
            _("Verified expenses"),
            grant.expensed_usd,
            _("Checked against receipts by a certifier or monitor."),
        ),
        (
            _("Advances not accounted for"),
            grant.unaccounted_usd,
            _("Net disbursed less verified expenses, never below 0."),
        ),
        (_("Refunded"), grant.refunded_usd, _("Came back from the grantee.")),
        (_("De-obligated"), grant.deobligated_usd, _("Freed, and back in the fund.")),
    ]


def _links(grant: Grant, verbs: set[str]) -> list[tuple[str, Any]]:
    """Addresses and names of what may be done, in one order."""
    names = {
        "tranches": _("Set the tranches"),
        "ask": _("Ask for a payment"),
        "expense": _("Verify expenses"),
        "refund": _("Record a refund"),
        "obligate": _("Obligate again"),
        "deobligate": _("De-obligate"),
    }
    return [
        (reverse(f"grants:money_{verb}", args=[grant.ref]), label)
        for verb, label in names.items()
        if verb in verbs
    ]


def duty(request: HttpRequest, *duties: str) -> Any:
    """The officer who asks, with one of the duties; 403 otherwise."""
    who = officer_of(request)
    if who is None or not any(map(who.has, duties)):
        raise PermissionDenied
    return who


def sent(request: HttpRequest) -> Any:
    """What a form is made of: what was sent, were it nothing; None where it is only shown."""
    return request.POST if request.method == "POST" else None


def again(form: Any, **values: Any) -> None:
    """Put hidden values of a refused form as they stand now; what was typed stays as it was."""
    form.data = form.data.copy()
    for name, value in values.items():
        form.data[form.add_prefix(name)] = str(value)


def _form_page(
    request: HttpRequest, grant: Grant, form: Any, *, title: Any, submit: Any, **more: Any
) -> HttpResponse:
    return render(
        request,
        "grants/money_form.html",
        {
            "grant": grant,
            "form": form,
            "page_title": title,
            "submit": submit,
            "back_url": reverse("grants:grant_money", args=[grant.ref]),
            "back_label": grant.ref,
            **more,
        },
    )


@requires(WORK)
def money_ask(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask for a payment on a tranche."""
    grant = one_grant(request, ref)
    duty(request, "requester", "officer")
    unpaid = [one for one in grant.tranches.all() if one.paid_usd < one.planned_usd]
    form = AskForm(
        sent(request),
        grant=grant,
        tranches=unpaid,
        payees=money_reading.payees(grant),
        initial=_first(grant, unpaid),
    )
    if request.method == "POST" and form.is_valid():
        tranche = form.tranches[form.cleaned_data["tranche"]]
        made = tried(
            request,
            form,
            lambda: payments.ask(tranche, by=me(request), **form.facts()),
            at=_with_day("invoiced_on"),
        )
        if made is not None:
            messages.success(request, _("The payment was asked for. A certifier is next."))
            return redirect("grants:payment_detail", made.pk)
    return _form_page(
        request,
        grant,
        form,
        title=_("Ask for a payment"),
        submit=_("Ask for it"),
        facts=[(_("Unliquidated"), grant.unliquidated_usd, "USD")],
        papers=True,
    )


def _first(grant: Grant, unpaid: list[Any]) -> dict[str, Any]:
    """What is most often meant: the next tranche, all of it, to the grantee."""
    if not unpaid:
        return {}
    left = unpaid[0].planned_usd - unpaid[0].paid_usd
    return {"tranche": unpaid[0].number, "amount": left, "payee": grant.grantee_id}


def _posted(
    request: HttpRequest,
    grant: Grant,
    form: Any,
    post: Callable[[], Any],
    *,
    said: Any,
    **page: Any,
) -> HttpResponse:
    """A posting by hand: once for a form, however often it arrives."""

    def act() -> Any:
        with transaction.atomic():
            money_reading.unchanged(grant, form.cleaned_data["after"])
            return post()

    if request.method == "POST" and form.is_valid():
        if tried(request, form, act, at=_with_day("on")) is not None:
            messages.success(request, said)
            return redirect("grants:grant_money", grant.ref)
        again(form, after=money_reading.last_posting(grant))
    return _form_page(request, grant, form, **page)


@requires(WORK)
def money_refund(request: HttpRequest, ref: str) -> HttpResponse:
    """Record money that came back."""
    grant = one_grant(request, ref)
    duty(request, "payer", "closeout", "officer")
    form = RefundForm(
        sent(request),
        rates=money_reading.offered_rates(typed_day(sent(request))),
        initial={"after": money_reading.last_posting(grant)},
    )
    names = ("amount", "currency", "rate", "on", "reason")
    return _posted(
        request,
        grant,
        form,
        lambda: ledger.refund(
            grant, by=me(request), **{name: form.cleaned_data[name] for name in names}
        ),
        said=_("The refund was posted."),
        title=_("Record a refund"),
        submit=_("Post the refund"),
        facts=[(_("Net disbursed"), grant.net_disbursed_usd, "USD")],
    )


@requires(WORK)
def money_expense(request: HttpRequest, ref: str) -> HttpResponse:
    """Verify expenses against receipts."""
    grant = one_grant(request, ref)
    duty(request, "certifier", "monitor")
    tranches = list(grant.tranches.all())
    form = ExpenseForm(
        sent(request),
        rates=money_reading.offered_rates(typed_day(sent(request))),
        tranches=tranches,
        initial={"after": money_reading.last_posting(grant)},
    )
    names = ("amount", "currency", "rate", "on")
    return _posted(
        request,
        grant,
        form,
        lambda: ledger.verify_expense(
            grant,
            tranche=form.tranches.get(form.cleaned_data["tranche"]),
            by=me(request),
            **{name: form.cleaned_data[name] for name in names},
        ),
        said=_("The expenses were posted."),
        title=_("Verify expenses"),
        submit=_("Post the expenses"),
        facts=[(_("Advances not accounted for"), grant.unaccounted_usd, "USD")],
        papers=True,
    )


def _binding(
    request: HttpRequest, grant: Grant, form: BindForm, verb: Callable[..., Any]
) -> Callable[[], Any]:
    """What posts the sum, day and reason of a valid form by a verb of the ledger."""
    return lambda: verb(
        grant,
        amount_usd=form.cleaned_data["amount"],
        on=form.cleaned_data["on"],
        reason=form.cleaned_data["reason"],
        by=me(request),
    )


@requires(WORK)
def money_obligate(request: HttpRequest, ref: str) -> HttpResponse:
    """Bind the fund again, up to what was approved, after an obligation was taken back."""
    grant = one_grant(request, ref)
    duty(request, "officer")
    free = max(grant.approved_usd - grant.net_obligated_usd, Decimal(0))
    form = BindForm(
        sent(request),
        initial={"amount": free, "after": money_reading.last_posting(grant)},
    )
    return _posted(
        request,
        grant,
        form,
        _binding(request, grant, form, ledger.obligate),
        said=_("The obligation was raised."),
        title=_("Obligate again"),
        submit=_("Raise the obligation"),
        facts=[
            (_("Approved"), grant.approved_usd, "USD"),
            (_("Net obligated"), grant.net_obligated_usd, "USD"),
        ],
    )


@requires(WORK)
def money_deobligate(request: HttpRequest, ref: str) -> HttpResponse:
    """Free what is obligated and will not be paid."""
    grant = one_grant(request, ref)
    duty(request, "officer", "closeout")
    form = BindForm(
        sent(request),
        initial={"amount": grant.unliquidated_usd, "after": money_reading.last_posting(grant)},
    )
    return _posted(
        request,
        grant,
        form,
        _binding(request, grant, form, ledger.deobligate),
        said=_("The obligation was lowered."),
        title=_("De-obligate"),
        submit=_("Lower the obligation"),
        facts=[(_("Unliquidated"), grant.unliquidated_usd, "USD")],
    )


@requires(WORK)
def money_reverse(request: HttpRequest, ref: str, seq: int) -> HttpResponse:
    """Take a posting back with one of the same amounts."""
    grant = one_grant(request, ref)
    duty(request, *ledger.REVERSERS, "requester")
    entry = LedgerEntry.objects.filter(grant=grant, pk=seq).select_related("actor").first()
    if entry is None:
        raise Http404
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: ledger.reverse(entry, reason=form.cleaned_data["reason"], by=me(request)),
            at=AT,
        )
        if made is not None:
            messages.success(request, _("The posting was reversed."))
            return redirect("grants:grant_money", grant.ref)
    return _form_page(
        request,
        grant,
        form,
        title=_("Reverse posting %(number)d") % {"number": entry.seq},
        submit=_("Reverse it"),
        entry=entry,
        danger=True,
    )


@requires(WORK)
def money_tranches(request: HttpRequest, ref: str) -> HttpResponse:
    """Set the tranches, before the award; together they are what is approved."""
    grant = one_grant(request, ref)
    duty(request, "requester", "officer")
    names = ("planned_usd", "due_on", "needs_report", "needs_visit")
    there = [{name: getattr(one, name) for name in names} for one in grant.tranches.all()]
    rows = PartRows(sent(request), initial=there)
    if request.method == "POST" and rows.is_valid():
        parts = [proposals.Part(**{name: row[name] for name in names}) for row in rows.filled()]
        first = rows.forms[0]
        made = tried(request, first, lambda: _plan(request, grant, parts))
        if made is not None:
            messages.success(request, _("The tranches were set."))
            return redirect("grants:grant_money", grant.ref)
    return render(
        request,
        "grants/money_tranches.html",
        {
            "grant": grant,
            "rows": rows,
            "goal": grant.approved_usd if grant.state == State.APPROVED else grant.requested_usd,
            "is_approved": grant.state == State.APPROVED,
            "back_url": reverse("grants:grant_money", args=[grant.ref]),
        },
    )


def _plan(request: HttpRequest, grant: Grant, parts: list[proposals.Part]) -> Any:
    proposals.plan_tranches(grant, parts, by=me(request))
    return True
