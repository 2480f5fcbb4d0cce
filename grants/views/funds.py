"""Funds: ceiling and balance, rules and seats with their history, clocks, and what-if."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from grants.exceptions import (
    CeilingTooLow,
    CodeTaken,
    GrantRefusal,
    ReasonMissing,
    RulesOverlap,
    SecondPersonNeeded,
)
from grants.forms.funds import (
    CeilingForm,
    EndForm,
    FundFactsForm,
    FundForm,
    LevelRows,
    RefuseForm,
    RuleForm,
    SeatForm,
)
from grants.models import (
    AuthorityRole,
    AuthorityRule,
    AuthoritySeat,
    Fund,
    PaymentRequest,
    PaymentStop,
)
from grants.services import clocks, funds
from grants.services.funds import CONFIRMERS
from grants.views.doing import attempt, me, tried
from grants.views.money import duty, sent
from grants.views.scope import VIEW, WORK, officer_of

#: Which refusal belongs to which field.
AT: dict[type[GrantRefusal], str] = {
    CodeTaken: "code",
    CeilingTooLow: "ceiling_usd",
    RulesOverlap: "valid_from",
    SecondPersonNeeded: "who",
    ReasonMissing: "reason",
}


@require_safe
@requires(VIEW)
def fund_list(request: HttpRequest) -> HttpResponse:
    """Every fund with what is left of it; how long people wait, over all of them."""
    found = Fund.objects.annotate(
        running=Count(
            "grants",
            filter=Q(grants__state__in=["AWARDED", "ACTIVE", "SUSPENDED", "COMPLETED", "CLOSING"]),
        )
    ).order_by("closed_at", "-start", "code")
    who = officer_of(request)
    return render(
        request,
        "grants/fund_list.html",
        {
            "funds": found,
            "clock_names": clocks.CLOCKS.values(),
            "clock_rows": clocks.clocks(),
            "waits": clocks.waits(),
            "may_open": who is not None and who.has("officer"),
        },
    )


def _one_fund(code: str) -> Fund:
    found = Fund.objects.filter(code=code).select_related("entered_by").first()
    if found is None:
        raise Http404
    return found


@require_safe
@requires(VIEW)
def fund_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Ceiling and balance, methods, rules and seats of today and before, proposals, clocks."""
    fund = _one_fund(code)
    today = periods.now().date()
    people = ("entered_by", "confirmed_by", "refused_by")
    rules = list(
        fund.rules.select_related(*people).order_by(
            "award_type", "sequence", "min_amount_usd", "valid_from"
        )
    )
    seats = list(fund.seats.select_related(*people, "officer").order_by("role", "valid_from"))
    who = officer_of(request)
    may_confirm = who is not None and any(map(who.has, CONFIRMERS))
    stops = PaymentStop.objects.filter(fund=fund).standing().select_related("district", "fund")
    return render(
        request,
        "grants/fund_detail.html",
        {
            "fund": fund,
            "methods": [
                (label, value != PaymentRequest.Method.HAWALA_AGENT or fund.hawala_enabled)
                for value, label in PaymentRequest.Method.choices
            ],
            "rules": _sorted_out(rules, today),
            "seats": _sorted_out(seats, today),
            "stops": stops.defer("district__geometry"),
            "clock_names": clocks.CLOCKS.values(),
            "clock_rows": clocks.clocks(fund.pk),
            "waits": clocks.waits(fund.pk),
            "me": who,
            "may_confirm": may_confirm,
            "may_change": who is not None and who.has("officer"),
        },
    )


def _sorted_out(rows: list[Any], today: Any) -> dict[str, list[Any]]:
    """Proposals that wait, what holds today, what is to come, and what held or was refused."""
    found: dict[str, list[Any]] = {"waiting": [], "now": [], "coming": [], "past": []}
    for row in rows:
        if row.waits:
            found["waiting"].append(row)
        elif row.refused_at is not None or (row.valid_to is not None and row.valid_to <= today):
            found["past"].append(row)
        elif row.valid_from > today:
            found["coming"].append(row)
        else:
            found["now"].append(row)
    return found


def _page(
    request: HttpRequest,
    form: Any,
    *,
    title: Any,
    submit: Any,
    fund: Fund | None = None,
    **more: Any,
) -> HttpResponse:
    back = reverse("grants:fund_detail", args=[fund.code]) if fund else reverse("grants:fund_list")
    return render(
        request,
        "grants/money_form.html",
        {
            "form": form,
            "page_title": title,
            "submit": submit,
            "back_url": back,
            "back_label": fund.code if fund else _("Funds"),
            "fund": fund,
            **more,
        },
    )


def _sent(request: HttpRequest, form: Any, act: Callable[[], Any], said: Any) -> Any | None:
    """What came of a form that was sent and is valid; None where it is to be shown (again)."""
    if request.method != "POST" or not form.is_valid():
        return None
    made = tried(request, form, act, at=AT)
    if made is not None:
        messages.success(request, str(said))
    return made


@requires(WORK)
def fund_new(request: HttpRequest) -> HttpResponse:
    """Open a fund."""
    duty(request, "officer")
    form = FundForm(sent(request))
    made = _sent(
        request,
        form,
        lambda: funds.open_fund(by=me(request), **form.facts()),
        _("The fund is open. Propose its rules next."),
    )
    if made is not None:
        return redirect("grants:fund_detail", made.code)
    return _page(request, form, title=_("Open a fund"), submit=_("Open it"))


@requires(WORK)
def fund_change(request: HttpRequest, code: str) -> HttpResponse:
    """Change names, days and methods of a fund."""
    fund = _one_fund(code)
    duty(request, "officer")
    names = (*funds.FUND_FACTS, "version")
    form = FundFactsForm(sent(request), initial={name: getattr(fund, name) for name in names})
    made = _sent(
        request,
        form,
        lambda: funds.change_fund(
            fund, by=me(request), version=form.cleaned_data["version"], **form.facts()
        ),
        _("The fund was changed."),
    )
    if made is not None:
        return redirect("grants:fund_detail", fund.code)
    return _page(request, form, title=_("Change the fund"), submit=_("Save"), fund=fund)


@requires(WORK)
def fund_ceiling(request: HttpRequest, code: str) -> HttpResponse:
    """Set the ceiling of a fund, never below what is obligated."""
    fund = _one_fund(code)
    duty(request, "officer")
    form = CeilingForm(sent(request), initial={"ceiling_usd": fund.ceiling_usd})
    made = _sent(
        request,
        form,
        lambda: funds.set_ceiling(
            fund, ceiling_usd=form.cleaned_data["ceiling_usd"], by=me(request)
        ),
        _("The ceiling was set."),
    )
    if made is not None:
        return redirect("grants:fund_detail", fund.code)
    return _page(
        request,
        form,
        title=_("Set the ceiling"),
        submit=_("Set it"),
        fund=fund,
        facts=[(_("Obligated"), fund.obligated_usd, "USD")],
    )


# --- rules and seats -----------------------------------------------------------------------------


@requires(WORK)
def rule_new(request: HttpRequest, code: str) -> HttpResponse:
    """Propose a rule of approval."""
    fund = _one_fund(code)
    duty(request, "officer")
    form = RuleForm(sent(request))
    made = _sent(
        request,
        form,
        lambda: funds.propose_rule(fund, by=me(request), **form.cleaned_data),
        _("It holds once somebody else confirmed it."),
    )
    if made is not None:
        return redirect("grants:fund_detail", fund.code)
    return _page(
        request,
        form,
        title=_("Propose a rule"),
        submit=_("Propose it"),
        fund=fund,
        note=_("The rule of the same level and type that holds now ends where this one begins."),
    )


@requires(WORK)
def seat_new(request: HttpRequest, code: str) -> HttpResponse:
    """Propose who sits on a level of approval."""
    fund = _one_fund(code)
    who = duty(request, "officer")
    form = SeatForm(sent(request), me=who)
    made = _sent(
        request,
        form,
        lambda: funds.propose_seat(fund, by=me(request), **form.cleaned_data),
        _("It holds once somebody else confirmed it."),
    )
    if made is not None:
        return redirect("grants:fund_detail", fund.code)
    return _page(
        request,
        form,
        title=_("Seat an approver"),
        submit=_("Propose it"),
        fund=fund,
        note=_("Nobody seats themself, and neither of the two confirms it."),
    )


#: kind -> its rows, and the verbs that confirm, refuse and end it.
_KINDS: dict[str, Any] = {
    "rule": (AuthorityRule, funds.confirm_rule, funds.refuse_rule, funds.end_rule),
    "seat": (AuthoritySeat, funds.confirm_seat, funds.refuse_seat, funds.end_seat),
}


def _one_of(kind: str, pk: UUID) -> Any:
    found = _KINDS[kind][0].objects.filter(pk=pk).select_related("fund").first()
    if found is None:
        raise Http404
    return found


def _named(kind: str, row: Any) -> Any:
    """What a rule or a seat is about, in words."""
    if kind == "rule":
        return f"{row.get_award_type_display()} · {row.get_role_display()}"
    return f"{row.officer.code_name} · {row.get_role_display()}"


@require_POST
@requires(WORK)
def proposal_confirm(request: HttpRequest, pk: UUID, kind: str) -> HttpResponse:
    """Confirm a rule or a seat that somebody else entered."""
    row = _one_of(kind, pk)
    confirm = _KINDS[kind][1]
    attempt(request, lambda: confirm(row, by=me(request)), _("Confirmed."))
    return redirect("grants:fund_detail", row.fund.code)


@requires(WORK)
def proposal_refuse(request: HttpRequest, pk: UUID, kind: str) -> HttpResponse:
    """Refuse a rule or a seat, or take one's own proposal back."""
    row = _one_of(kind, pk)
    duty(request, *CONFIRMERS)
    form = RefuseForm(sent(request))
    refuse = _KINDS[kind][2]
    made = _sent(
        request,
        form,
        lambda: refuse(row, reason=form.cleaned_data["reason"], by=me(request)),
        _("The proposal was refused."),
    )
    if made is not None:
        return redirect("grants:fund_detail", row.fund.code)
    title = _("Refuse the rule") if kind == "rule" else _("Refuse the seat")
    return _page(
        request,
        form,
        title=title,
        submit=_("Refuse it"),
        fund=row.fund,
        danger=True,
        note=_named(kind, row),
    )


@requires(WORK)
def proposal_end(request: HttpRequest, pk: UUID, kind: str) -> HttpResponse:
    """Let a rule or a seat hold no more from a day on."""
    row = _one_of(kind, pk)
    duty(request, "officer")
    form = EndForm(sent(request))
    end = _KINDS[kind][3]
    made = _sent(
        request,
        form,
        lambda: end(row, on=form.cleaned_data["on"], by=me(request)),
        _("It ends on that day. What was decided under it stands."),
    )
    if made is not None:
        return redirect("grants:fund_detail", row.fund.code)
    title = _("End the rule") if kind == "rule" else _("End the seat")
    return _page(
        request,
        form,
        title=title,
        submit=_("End it"),
        fund=row.fund,
        danger=True,
        note=_named(kind, row),
    )


@requires(VIEW)
def rule_what_if(request: HttpRequest, code: str) -> HttpResponse:
    """Run other rules over the grants that were approved; nothing is written."""
    fund = _one_fund(code)
    names = ("award_type", "role", "min_amount_usd", "max_amount_usd", "quorum", "sequence")
    rows = LevelRows(
        sent(request), initial=_in_force(fund, names) if request.method != "POST" else None
    )
    answers = None
    if request.method == "POST" and rows.is_valid():
        proposed = [funds.Proposed(**{name: row[name] for name in names}) for row in rows.filled()]
        answers = funds.what_if(fund, proposed)
    differ = [one for one in answers or () if one.differs]
    return render(
        request,
        "grants/rule_what_if.html",
        {
            "fund": fund,
            "rows": rows,
            "asked": answers is not None,
            "tried": len(answers or ()),
            "differ": [
                {
                    "ref": one.ref,
                    "amount_usd": one.amount_usd,
                    "before": _levels(one.before),
                    "after": _levels(one.after),
                }
                for one in differ
            ],
            "outside": sum(not one.after for one in differ),
        },
    )


def _in_force(fund: Fund, names: tuple[str, ...]) -> list[dict[str, Any]]:
    rules = funds.rules_of_day([fund.pk], periods.now().date())
    return [{name: getattr(rule, name) for name in names} for rule in rules]


def _levels(levels: tuple[tuple[str, int], ...]) -> list[tuple[Any, int]]:
    return [(AuthorityRole(role).label, quorum) for role, quorum in levels]
