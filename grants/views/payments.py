"""Payments: what waits for whom, one payment with its evidence, odd ones, stops of a district."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.places.models import Place
from grants.exceptions import (
    BeforeTheAward,
    BeforeTheCertificate,
    GrantRefusal,
    InTheFuture,
    LooksAlike,
    MissingThatDay,
    NoConfirmedRate,
    RateTooOld,
    ReasonMissing,
    StopStands,
    WitnessMissing,
    WrongDocument,
)
from grants.forms.payments import (
    CertifyForm,
    PayForm,
    PaymentFilters,
    ReasonForm,
    StopForm,
    typed_day,
)
from grants.models import Fund, Grant, LedgerEntry, PaymentRequest, PaymentStop
from grants.services import anomalies, money_reading, payments, stops
from grants.services.funds import CONFIRMERS
from grants.views.doing import attempt, me, tried
from grants.views.money import duty, sent
from grants.views.scope import FLAG, VIEW, WORK, officer_of

SIZE = 40
#: What a filter shows: states, and whether the oldest comes first, as in a queue.
SHOWS: dict[str, tuple[tuple[str, ...], bool]] = {
    "": (("REQUESTED", "CERTIFIED"), True),
    "certify": (("REQUESTED",), True),
    "pay": (("CERTIFIED",), True),
    "paid": (("PAID",), False),
    "refused": (("REFUSED",), False),
    "all": ((), False),
}
#: Who looks at what is odd: officers who move money, and the auditor.
LOOKERS = ("officer", "certifier", "payer", "closeout")
PAY_AT: dict[type[GrantRefusal], str] = {
    InTheFuture: "on",
    BeforeTheAward: "on",
    BeforeTheCertificate: "on",
    MissingThatDay: "on",
    NoConfirmedRate: "rate",
    RateTooOld: "rate",
    WrongDocument: "proof",
    WitnessMissing: "witness",
    LooksAlike: "reason",
}


def _funds() -> list[tuple[str, str]]:
    return [(str(one.pk), f"{one.code} · {one.name}") for one in Fund.objects.order_by("code")]


def _districts(rows: Any = None) -> list[tuple[str, str]]:
    """Districts in which there are grants."""
    keys = Grant.objects.order_by().values("district_id").distinct()
    places = Place.objects.filter(pk__in=keys).defer("geometry")
    return sorted(((str(one.pk), one.name) for one in places), key=lambda pair: pair[1])


@require_safe
@requires(VIEW)
def payment_list(request: HttpRequest) -> HttpResponse:
    """What waits for certifying or paying, the longest wait first; what was paid, the newest."""
    funds, districts = _funds(), _districts()
    filters = PaymentFilters(request.GET, funds=funds, districts=districts)
    asked = filters.cleaned_data if filters.is_valid() else {}
    shows = asked.get("waits") or ""
    states, oldest_first = SHOWS[shows]
    rows = PaymentRequest.objects.select_related(
        "grant", "tranche", "payee", "fund", "requested_by", "certifier", "payer"
    )
    rows = _narrowed(rows, asked, states)
    sign = "" if oldest_first else "-"
    page = keyset_page(
        rows,
        ordering=(f"{sign}requested_at", f"{sign}id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=SIZE,
    )
    stopped = stops.stopped_pairs({one.fund_id for one in page})
    who = officer_of(request)
    return render(
        request,
        "grants/payment_list.html",
        {
            "filters": filters,
            "page": page,
            "odd": anomalies.twins(one.pk for one in page),
            "stopped": {one.pk for one in page if (one.fund_id, one.grant.district_id) in stopped},
            "is_queue": oldest_first,
            "narrowed": any(asked.values()),
            "may_look": _may_look(request),
            "may_work": who is not None and request.user.has_perm(WORK),
        },
    )


def _narrowed(rows: Any, asked: dict[str, Any], states: tuple[str, ...]) -> Any:
    if states:
        rows = rows.filter(state__in=states)
    if asked.get("fund"):
        rows = rows.filter(fund_id=asked["fund"])
    if asked.get("district"):
        rows = rows.filter(grant__district_id=asked["district"])
    if asked.get("method"):
        rows = rows.filter(method=asked["method"])
    if word := asked.get("q"):
        rows = rows.filter(Q(voucher_no__icontains=word) | Q(grant__ref__icontains=word))
    return rows


def _may_look(request: HttpRequest) -> bool:
    who = officer_of(request)
    return request.user.has_perm(FLAG) or (who is not None and any(map(who.has, LOOKERS)))


def _one_payment(request: HttpRequest, pk: UUID) -> PaymentRequest:
    found = (
        PaymentRequest.objects.filter(grant__in=Grant.objects.visible_to(request.user), pk=pk)
        .select_related(
            "grant__fund",
            "grant__district",
            "tranche",
            "payee",
            "requested_by",
            "certifier",
            "payer",
            "witness",
            "refused_by",
            "evidence",
            "proof",
            "rate_row",
        )
        .defer("grant__district__geometry")
        .first()
    )
    if found is None:
        raise Http404
    return found


@require_safe
@requires(VIEW)
def payment_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One payment: who did what, its evidence, and other payments that look like it."""
    return _payment_page(request, _one_payment(request, pk))


def _payment_page(request: HttpRequest, payment: PaymentRequest) -> HttpResponse:
    entry = LedgerEntry.objects.filter(payment=payment).select_related("reversed_by").first()
    return render(
        request,
        "grants/payment_detail.html",
        {
            "payment": payment,
            "grant": payment.grant,
            "entry": entry,
            "twins": _twins(payment),
            "lines": payment.lines.select_related("budget_line"),
            "looks": [
                (one, [anomalies.SIGNS[kind] for kind in one.kinds])
                for one in payment.looks.select_related("by")
            ],
            "stop": stops.holding(payment.grant),
            "verbs": money_reading.payment_verbs(payment, officer_of(request)),
            "events": _events(payment),
        },
    )


def _events(payment: PaymentRequest) -> list[dict[str, Any]]:
    """Who did what, as the timeline shows it; a refusal has no moment of its own but a reason."""
    events = [
        {"at": payment.requested_at, "what": _("Asked for"), "who": payment.requested_by.code_name}
    ]
    if payment.certifier is not None:
        events.append(
            {
                "at": payment.certified_at,
                "what": _("Certified"),
                "who": payment.certifier.code_name,
            }
        )
    if payment.payer is not None:
        events.append(
            {
                "at": payment.paid_at,
                "what": _("Paid"),
                "who": payment.payer.code_name,
                "tone": "done",
            }
        )
    return events


@requires(WORK)
def payment_certify(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Look at an invoice: which budget lines it belongs to, what it resembles; and certify it."""
    payment = _one_payment(request, pk)
    duty(request, "certifier")
    alike = anomalies.signs(payment) if payment.state == "REQUESTED" else []
    form = CertifyForm(
        sent(request),
        asks_reason=bool(alike) or "reason" in request.POST,
        payment=payment,
        lines=payment.grant.budget_lines.filter(own=False),
        used=anomalies.budget_used(payment.grant),
    )
    if request.method == "POST" and form.is_valid():

        def act() -> Any:
            try:
                return payments.certify(
                    payment,
                    lines=form.matched(),
                    reason=form.cleaned_data.get("reason", ""),
                    by=me(request),
                )
            except LooksAlike:
                form.ask_reason()
                raise

        if tried(request, form, act, at={LooksAlike: "reason"}) is not None:
            messages.success(request, _("Certified. A payer is next."))
            return redirect("grants:payment_detail", payment.pk)
    return _verb_page(
        request,
        payment,
        form,
        title=_("Certify the payment"),
        submit=_("Certify"),
        note=_("Say how much of the invoice belongs to which line of the budget.")
        if len(form.lines) > 1
        else "",
        twins=_twins(payment),
        evidence=payment.evidence,
    )


def _twins(payment: PaymentRequest) -> list[tuple[PaymentRequest, list[Any]]]:
    """The payments that look like one, each with what they have in common."""
    found = anomalies.twins([payment.pk]).get(payment.pk, {})
    others = PaymentRequest.objects.filter(pk__in=found).select_related("grant", "payee")
    return [(one, [anomalies.TWINS[kind] for kind in found[one.pk]]) for one in others]


@requires(WORK)
def payment_refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Refuse a payment that is not paid yet."""
    payment = _one_payment(request, pk)
    duty(request, "certifier", "payer")
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: payments.refuse(payment, reason=form.cleaned_data["reason"], by=me(request)),
            at={ReasonMissing: "reason"},
        )
        if made is not None:
            messages.success(request, _("The payment was refused. Its voucher stays used."))
            return redirect("grants:payment_detail", payment.pk)
    return _verb_page(
        request, payment, form, title=_("Refuse the payment"), submit=_("Refuse it"), danger=True
    )


@requires(WORK)
def payment_pay(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Pay what was certified, and post it."""
    payment = _one_payment(request, pk)
    who = duty(request, "payer")
    form = PayForm(
        sent(request),
        payment=payment,
        payer=who,
        rates=money_reading.offered_rates(typed_day(sent(request))),
        is_used=_is_used(request, payment),
    )
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        made = tried(
            request, form, lambda: payments.pay(payment, by=me(request), **facts), at=PAY_AT
        )
        if made is not None:
            messages.success(request, _("Paid and posted."))
            return redirect("grants:payment_detail", payment.pk)
    return _verb_page(request, payment, form, title=_("Pay"), submit=_("Pay and post"), papers=True)


def _is_used(request: HttpRequest, payment: PaymentRequest) -> bool:
    """Whether the proof that was sent stands with another payment already."""
    try:
        return anomalies.is_used_as_proof(UUID(request.POST.get("proof", "")), payment)
    except ValueError:
        return False


def _verb_page(
    request: HttpRequest, payment: PaymentRequest, form: Any, *, title: Any, **more: Any
) -> HttpResponse:
    return render(
        request,
        "grants/money_form.html",
        {
            "grant": payment.grant,
            "payment": payment,
            "form": form,
            "page_title": title,
            "back_url": reverse("grants:payment_detail", args=[payment.pk]),
            "back_label": payment.voucher_no,
            **more,
        },
    )


@require_safe
@requires(WORK, FLAG)
def payment_anomalies(request: HttpRequest) -> HttpResponse:
    """Payments that look odd, by what is odd about them; for officers who move money, auditors."""
    if not _may_look(request):
        raise PermissionDenied
    found = anomalies.oddities()
    keys = {key for one in found for key in one.payment_ids}
    rows = PaymentRequest.objects.filter(pk__in=keys).select_related(
        "grant", "payee", "certifier", "payer"
    )
    by_key = {one.pk: one for one in rows}
    kinds = [
        {
            "label": label,
            "groups": [
                [by_key[key] for key in one.payment_ids if key in by_key]
                for one in found
                if one.kind == kind
            ],
        }
        for kind, label in anomalies.ODDITIES.items()
    ]
    shared = anomalies.shared_people()
    people = [
        {"label": label, "groups": [one.rows for one in shared if one.kind == kind]}
        for kind, label in anomalies.PEOPLE.items()
    ]
    return render(
        request,
        "grants/payment_anomalies.html",
        {
            "kinds": [one for one in kinds if one["groups"]],
            "people": [one for one in people if one["groups"]],
            "most": anomalies.MOST,
        },
    )


# --- stops ---------------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def stop_list(request: HttpRequest) -> HttpResponse:
    """Where payments stand still, what waits for a second person, and what was lifted."""
    rows = PaymentStop.objects.select_related(
        "fund",
        "district",
        "entered_by",
        "confirmed_by",
        "dropped_by",
        "lift_asked_by",
        "lifted_by",
    ).defer("district__geometry")
    who = officer_of(request)
    page = keyset_page(
        rows,
        ordering=("-entered_at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=SIZE,
    )
    return render(
        request,
        "grants/payment_stops.html",
        {
            "page": page,
            "rows": [(one, _stop_verbs(one, who)) for one in page],
            "may_propose": who is not None and who.has("officer"),
        },
    )


def _stop_verbs(stop: PaymentStop, who: Any) -> set[str]:
    if who is None or not any(map(who.has, CONFIRMERS)):
        return set()
    if stop.dropped_at or stop.lifted_at:
        return set()
    if stop.confirmed_at is None:
        return {"drop"} if stop.entered_by_id == who.pk else {"confirm", "drop"}
    if stop.lift_asked_at is None:
        return {"ask_lift"} if who.has("officer") else set()
    return {"keep"} if stop.lift_asked_by_id == who.pk else {"lift", "keep"}


@requires(WORK)
def stop_new(request: HttpRequest) -> HttpResponse:
    """Propose that the payments of a fund stop in a district."""
    duty(request, "officer")
    form = StopForm(
        sent(request),
        funds=_funds(),
        districts=_districts(),
        initial={"fund": request.GET.get("fund", "")},
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = tried(
            request,
            form,
            lambda: stops.propose(
                Fund.objects.get(pk=given["fund"]),
                district=Place.objects.get(pk=given["district"]),
                reason=given["reason"],
                by=me(request),
            ),
            at={StopStands: "district", ReasonMissing: "reason"},
        )
        if made is not None:
            messages.success(request, _("It holds once somebody else confirmed it."))
            return redirect("grants:stop_list")
    return _stop_page(
        request, form, title=_("Stop the payments of a district"), submit=_("Propose the stop")
    )


def _stop_page(request: HttpRequest, form: Any, *, title: Any, submit: Any) -> HttpResponse:
    return render(
        request,
        "grants/money_form.html",
        {
            "form": form,
            "page_title": title,
            "submit": submit,
            "danger": True,
            "back_url": reverse("grants:stop_list"),
            "back_label": _("Stops"),
        },
    )


def _one_stop(pk: UUID) -> PaymentStop:
    found = PaymentStop.objects.filter(pk=pk).select_related("fund").first()
    if found is None:
        raise Http404
    return found


@requires(WORK)
def stop_ask_lift(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask that payments go on."""
    stop = _one_stop(pk)
    duty(request, "officer")
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: stops.ask_lift(stop, reason=form.cleaned_data["reason"], by=me(request)),
            at={ReasonMissing: "reason"},
        )
        if made is not None:
            messages.success(request, _("Payments go on once somebody else lifted the stop."))
            return redirect("grants:stop_list")
    return _stop_page(request, form, title=_("Let payments go on"), submit=_("Ask for it"))


#: The verbs of a stop that take no words, and what is said of them.
_STOP_VERBS: dict[str, Any] = {
    "confirm": (stops.confirm, gettext_lazy("Payments there are stopped.")),
    "drop": (stops.drop, gettext_lazy("The proposal was dropped.")),
    "keep": (stops.keep, gettext_lazy("The stop goes on.")),
    "lift": (stops.lift, gettext_lazy("Payments go on.")),
}


@require_POST
@requires(WORK)
def stop_settle(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm, drop, keep or lift a stop."""
    stop = _one_stop(pk)
    verb, said = _STOP_VERBS.get(request.POST.get("verb", ""), (None, ""))
    if verb is None:
        raise Http404
    attempt(request, lambda: verb(stop, by=me(request)), said)
    return redirect("grants:stop_list")
