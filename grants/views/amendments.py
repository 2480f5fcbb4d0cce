"""Amendments: another sum or end of an award, asked for, vetted, approved and signed."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from grants.forms.amendments import AmendmentForm, TrancheRows, parts_of
from grants.forms.steps import ClearForm, ReasonForm, StepForm
from grants.models import Amendment, Grant, Officer, State
from grants.services import amendments, funds, machine, requirements
from grants.services.requirements import Missing
from grants.views.doing import me, tried
from grants.views.offering import PARTS, SPOKEN, Offering, lacks
from grants.views.scope import VIEW, WORK, grant_page, officer_of, one_grant
from grants.views.steps import duty_words

RUNNING = (State.AWARDED, State.ACTIVE)
OPEN, VETTED, APPROVED = (
    Amendment.State.OPEN,
    Amendment.State.VETTED,
    Amendment.State.APPROVED,
)


@dataclass(frozen=True)
class AmendmentPage:
    """One verb on an amendment as a page."""

    slug: str
    label: Any
    states: tuple[str, ...]
    duty: str
    act: Callable[..., Any]
    said: Any
    consequence: Any
    form: type[Any] = StepForm
    is_grave: bool = False


PAGES: tuple[AmendmentPage, ...] = (
    AmendmentPage(
        "vet",
        gettext_lazy("Clear the organisations"),
        (OPEN,),
        "vetting",
        lambda one, by, given: amendments.vet_amendment(one, by=by, **given),
        gettext_lazy("The organisations are cleared."),
        gettext_lazy("It goes to approval at the new sum of the whole award."),
        form=ClearForm,
    ),
    AmendmentPage(
        "approve",
        gettext_lazy("Approve"),
        (OPEN, VETTED),
        "approver",
        lambda one, by, given: amendments.approve_amendment(one, by=by),
        gettext_lazy("Your approval is recorded."),
        gettext_lazy("Decided at the new sum of the whole award, by the rules of today."),
    ),
    AmendmentPage(
        "sign",
        gettext_lazy("Put it into force"),
        (APPROVED,),
        "officer",
        lambda one, by, given: amendments.sign_amendment(one, by=by, **given),
        gettext_lazy("The amendment is in force."),
        gettext_lazy("A rise is obligated on the fund, a cut de-obligated."),
    ),
    AmendmentPage(
        "reject",
        gettext_lazy("Reject"),
        (OPEN, VETTED),
        "approver",
        lambda one, by, given: amendments.refuse_amendment(one, by=by, **given),
        gettext_lazy("The amendment is rejected."),
        gettext_lazy("The award stays as it is."),
        form=ReasonForm,
        is_grave=True,
    ),
    AmendmentPage(
        "withdraw",
        gettext_lazy("Take it back"),
        (OPEN, VETTED, APPROVED),
        "requester",
        lambda one, by, given: amendments.refuse_amendment(one, by=by, **given),
        gettext_lazy("The amendment is taken back."),
        gettext_lazy("The award stays as it is."),
        form=ReasonForm,
        is_grave=True,
    ),
)
BY_SLUG = {one.slug: one for one in PAGES}


def _why_not(page: AmendmentPage, amendment: Amendment, who: Officer, offering: Offering) -> Any:
    """Why somebody who holds the duty may not; nothing where they may."""
    if page.slug == "withdraw":
        return None if amendment.opened_by_id == who.pk else _("Who asked for it may take it back.")
    excluding = [part for part in machine.EXCLUDES.get(page.duty, ()) if part in offering.had]
    if excluding:
        return " ".join(str(PARTS[part]) for part in excluding)
    if page.slug not in ("approve", "reject"):
        return None
    if amendment.decisions.filter(step="approval", actor=who).exists():
        return SPOKEN
    grant = amendment.grant
    if page.slug == "approve":
        seats = funds.seats_of(who, grant.fund_id, periods.today())
        level = requirements.next_amendment_levels([amendment], periods.today()).get(amendment.pk)
        if level is None:
            return _("No rule lets this office approve such a sum. It lies outside the system.")
        if level not in seats:
            return _("You have no seat on the level of approval that this sum needs.")
    return None


def _lacks(page: AmendmentPage, amendment: Amendment) -> list[Missing]:
    grant = amendment.grant
    rises = amendment.new_usd > amendment.old_usd
    if page.slug == "vet":
        return requirements.for_clearance(grant, periods.today())
    if page.slug == "approve" and rises and amendment.state == OPEN:
        return [Missing("clearance")]
    return amendments.for_signature(grant, amendment) if page.slug == "sign" else []


def offers(amendment: Amendment, who: Officer | None, offering: Offering) -> list[dict[str, Any]]:
    """What somebody entrusted is offered with an amendment, or why not."""
    if who is None or amendment.grant.state not in RUNNING:
        return []
    rises = amendment.new_usd > amendment.old_usd
    return [
        {
            "page": page,
            "url": reverse(
                "grants:amendment_step", args=[amendment.grant.ref, amendment.number, page.slug]
            ),
            "why_not": _why_not(page, amendment, who, offering),
        }
        for page in PAGES
        if amendment.state in page.states
        and who.has(page.duty)
        # What lowers the sum or moves the end is approved without being vetted again.
        and (page.slug != "vet" or rises)
        and (page.slug != "withdraw" or amendment.opened_by_id == who.pk)
    ]


def waits_for(amendment: Amendment) -> str:
    """The duty that an open amendment waits for; empty at its end."""
    if amendment.state == OPEN:
        return "vetting" if amendment.new_usd > amendment.old_usd else "approver"
    return {VETTED: "approver", APPROVED: "officer"}.get(amendment.state, "")


@requires(VIEW)
@require_safe
def amendment_list(request: HttpRequest, ref: str) -> HttpResponse:
    """Every amendment of a grant with its decisions."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "overview")
    who = page["officer"]
    offering = Offering(grant, who)
    rows = []
    for one in (
        grant.amendments.select_related("opened_by")
        .prefetch_related("decisions__actor")
        .order_by("-number")
    ):
        one.grant = grant
        rows.append(
            {
                "amendment": one,
                "difference": one.new_usd - one.old_usd,
                "decisions": list(one.decisions.all()),
                "waits_for": " · ".join(map(str, duty_words(filter(None, [waits_for(one)])))),
                "offers": offers(one, who, offering),
            }
        )
    return render(
        request,
        "grants/amendment_list.html",
        {
            **page,
            "rows": rows,
            "may_ask": _may_ask(grant, who)
            and not any(one["amendment"].state in (OPEN, VETTED, APPROVED) for one in rows),
        },
    )


def _may_ask(grant: Grant, who: Officer | None) -> bool:
    return who is not None and who.has("requester") and grant.state in RUNNING


@requires(WORK)
def amendment_new(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask for another sum or another end."""
    grant = one_grant(request, ref)
    who = officer_of(request)
    if who is None or not who.has("requester"):
        raise PermissionDenied
    if grant.state not in RUNNING:
        messages.error(request, _("The grant is no longer in a state that allows this."))
        return redirect("grants:grant_detail", grant.ref)
    form = AmendmentForm(request.POST if request.method == "POST" else None, grant=grant)
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: amendments.open_amendment(grant, by=me(request), **form.cleaned_data),
        )
        if made is not None:
            messages.success(request, _("The amendment is asked for."))
            return redirect("grants:amendment_list", grant.ref)
    return render(request, "grants/amendment_new.html", {"grant": grant, "form": form})


@requires(WORK)
def amendment_step(request: HttpRequest, ref: str, number: int, step: str) -> HttpResponse:
    """Take one step of an amendment."""
    grant = one_grant(request, ref)
    amendment = grant.amendments.filter(number=number).first()
    page = BY_SLUG.get(step)
    if amendment is None or page is None:
        raise Http404
    amendment.grant = grant
    who = officer_of(request)
    if who is None or not who.has(page.duty):
        raise PermissionDenied
    if amendment.state not in page.states or grant.state not in RUNNING:
        messages.error(request, _("The amendment is no longer in a state that allows this."))
        return redirect("grants:amendment_list", grant.ref)
    offering = Offering(grant, who)
    typed = request.POST if request.method == "POST" else None
    form = page.form(typed, grant=grant)
    rows, going = _tranches(request, amendment) if page.slug == "sign" else (None, [])
    if request.method == "POST":
        valid = form.is_valid()
        if (rows is None or rows.is_valid()) and valid:
            given = dict(form.cleaned_data)
            if rows is not None:
                given["parts"] = parts_of(rows)
            done = tried(request, form, lambda: page.act(amendment, me(request), given))
            if done is not None:
                messages.success(request, str(page.said))
                return redirect("grants:amendment_list", grant.ref)
    return render(
        request,
        "grants/amendment_step.html",
        {
            "grant": grant,
            "amendment": amendment,
            "step": page,
            "form": form,
            "rows": rows,
            "going": going,
            "to_plan": rows.to_plan if rows is not None else None,
            "cut": amendments.shortened(grant, amendment.new_usd, rows.to_plan) if rows else [],
            "why_not": _why_not(page, amendment, who, offering),
            "missing": lacks(
                grant,
                _lacks(page, amendment),
                digits=me(request).digits,
                may_edit=False,
                steps=set(),
            ),
        },
    )


def _tranches(request: HttpRequest, amendment: Amendment) -> tuple[Any, list[Any]]:
    """The tranches to be planned anew with a new sum, and those that give way; none without one."""
    if amendment.new_usd == amendment.grant.approved_usd:
        return None, []
    there = list(amendment.grant.tranches.all())
    going = amendments.replaced(amendment.grant)
    gone = {one.pk for one in going}
    staying = sum((one.planned_usd for one in there if one.pk not in gone), Decimal(0))
    return (
        TrancheRows(
            request.POST if request.method == "POST" else None,
            initial=[
                {
                    "planned_usd": one.planned_usd,
                    "due_on": one.due_on,
                    "needs_report": one.needs_report,
                    "needs_visit": one.needs_visit,
                }
                for one in going
            ],
            prefix="tranches",
            to_plan=max(amendment.new_usd - staying, Decimal(0)),
        ),
        going,
    )
