"""One grant, and its steps."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from ceasefire.people.roles import Duty
from grants.exceptions import ChangedMeanwhile
from grants.forms.proposals import AGE_BANDS, SEXES
from grants.models import Grant, State
from grants.services import completeness, machine, reading, requirements, risks, splits
from grants.services.proposals import BEFORE_AWARD
from grants.views.doing import me, tried
from grants.views.offering import BY_SLUG, Offering, duty_held, is_parted, lacks, may_edit
from grants.views.scope import FLAG, VIEW, WORK, grant_page, officer_of, one_grant

#: The straight way, as the row of states shows it.
WAY = (
    State.DRAFT,
    State.SUBMITTED,
    State.VETTING,
    State.PENDING_APPROVAL,
    State.APPROVED,
    State.AWARDED,
    State.ACTIVE,
    State.COMPLETED,
    State.CLOSING,
    State.CLOSED,
)
#: A state beside the way stands at this place of it.
_STANDS_AT = {
    State.RETURNED: State.DRAFT,
    State.SUSPENDED: State.ACTIVE,
    State.TERMINATED: State.COMPLETED,
    State.REOPENED: State.CLOSING,
}


def way_of(grant: Grant) -> list[dict[str, Any]]:
    """The states of the way: which are behind, which is now. Empty where the grant left it."""
    at = _STANDS_AT.get(State(grant.state), State(grant.state))
    if at not in WAY:
        return []
    now = WAY.index(at)
    return [
        {
            "label": State(grant.state).label if number == now else state.label,
            "when": "done" if number < now else "now" if number == now else "ahead",
        }
        for number, state in enumerate(WAY)
    ]


def duty_words(duties: Any) -> list[Any]:
    """Duties in the reader's language."""
    known = dict(Duty.choices)
    return [known.get(duty, duty) for duty in duties]


@requires(VIEW)
@require_safe
def grant_detail(request: HttpRequest, ref: str) -> HttpResponse:
    """What a grant is, what its next step lacks, whom it waits for and since when."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "overview")
    who = page["officer"]
    day = periods.now().date()
    reading.read(grant, day, "beneficiaries", "values")
    step = machine.missing_for(grant, on=day)
    offers = Offering(grant, who).all()
    editing = may_edit(grant, who)
    lines = list(grant.budget_lines.all())
    takes = {one.page.slug for one in offers if not one.why_not}
    decisions = requirements.decisions_of(grant)[: -DECISIONS - 1 : -1]
    amendments = {one.pk: one for one in grant.amendments.all()}
    findings = {one.pk: one for one in grant.findings.all()}
    for one in decisions:
        one.amendment = amendments.get(one.amendment_id)
        one.finding = findings.get(one.finding_id)
    return render(
        request,
        "grants/grant_detail.html",
        {
            **page,
            "next_step": step,
            "way": way_of(grant),
            "missing": lacks(
                grant,
                step.missing if step else (),
                digits=me(request).digits,
                may_edit=editing,
                steps=takes,
            ),
            "duties": duty_words(step.duties) if step else [],
            "is_mine": step is not None and who is not None and who in step.officers,
            "offers": [one for one in offers if not one.why_not],
            "not_mine": [one for one in offers if one.why_not],
            "may_edit": editing,
            "papers": completeness.of(grant),
            "together": splits.look(grant) if grant.state in BEFORE_AWARD else None,
            "lines": lines,
            "fund_lines_usd": sum((one.amount_usd for one in lines if not one.own), Decimal(0)),
            "own_lines_usd": sum((one.amount_usd for one in lines if one.own), Decimal(0)),
            "sexes": [label for _sex, label in SEXES],
            "quotes": list(grant.quotes.all()),
            "risks": list(grant.risks.all()),
            "may_judge": risks.may_write(grant, who),
            "indicators": _measured(grant),
            "beneficiaries": _beneficiaries(grant),
            "decisions": decisions,
            "conditions": [one for one in decisions if one.conditions],
            "amendments": list(reversed(amendments.values())),
            "may_amend": who is not None
            and who.has("requester")
            and grant.state in (State.AWARDED, State.ACTIVE),
            "bar": _bar(grant),
        },
    )


#: So many decisions stand on the page of a grant; all of them are in its history.
DECISIONS = 20


def _bar(grant: Grant) -> dict[str, Any] | None:
    """What was approved as one bar: paid, obligated and unpaid, the rest; in whole percent."""
    if not grant.approved_usd:
        return None
    paid = int(100 * grant.net_disbursed_usd / grant.approved_usd)
    bound = int(100 * grant.unliquidated_usd / grant.approved_usd)
    reach = int(100 * grant.net_obligated_usd / grant.approved_usd)
    return {"paid": paid, "bound": bound, "reach": reach}


def _measured(grant: Grant) -> list[Any]:
    """The indicators, each with what was found last."""
    found = list(grant.indicators.all())
    for one in found:
        values = list(one.values.all())
        one.latest = values[-1] if values else None
    return found


def _beneficiaries(grant: Grant) -> dict[str, Any] | None:
    """By age band and sex; bands that are asked of nobody are left out."""
    counted = {(one.sex, one.age_band): one for one in grant.beneficiaries.all()}
    if not counted:
        return None
    known = dict(AGE_BANDS)
    bands = [band for band in known if any(key[1] == band for key in counted)]
    bands += sorted({band for _sex, band in counted} - set(known))
    sexes = [sex for sex, _label in SEXES]
    others = [one for (sex, _band), one in counted.items() if sex not in sexes]
    return {
        "rows": [
            (known.get(band, band), [counted.get((sex, band)) for sex in sexes]) for band in bands
        ],
        "expected": sum(one.expected for one in counted.values()),
        "others": sum(one.expected for one in others),
    }


@requires(WORK, FLAG)
def grant_step(request: HttpRequest, ref: str, step: str) -> HttpResponse:
    """Take one step: what it asks for, what it lacks, what follows from it."""
    grant = one_grant(request, ref)
    page = BY_SLUG.get(step)
    if page is None:
        raise Http404
    who = officer_of(request)
    if who is None or not duty_held(page, who):
        raise PermissionDenied
    if grant.state not in page.states:
        messages.error(request, _("The grant is no longer in a state that allows this."))
        return redirect("grants:grant_detail", grant.ref)
    day = periods.today()
    if request.method == "GET":
        reading.read(grant, day)
    offering = Offering(grant, who)
    why_not = offering.why_not(page)
    facts: dict[str, Any] = {"grant": grant}
    if page.slug == "approve":
        said = requirements.approvals(grant)
        facts["so_far"] = said[0].amount_usd if said else None
    if page.slug == "review":
        # The level is the sheet's; whoever reviews says it once more, looking at the sheet.
        facts["initial"] = {"risk": requirements.gravest(grant)}
    form = page.form(request.POST if request.method == "POST" else None, **facts)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data

        def act() -> Any:
            try:
                return page.act(grant, me(request), given)
            except ChangedMeanwhile:
                # It may be sent again as it stands now, once it was looked at.
                form.data = {**form.data.dict(), "version": str(one_grant(request, ref).version)}
                raise

        if tried(request, form, act) is not None:
            messages.success(request, str(page.said))
            return redirect("grants:grant_detail", grant.ref)
    missing = page.lacks(grant, day) if page.lacks is not None else []
    takes = {one.page.slug for one in offering.all() if not one.why_not}
    return render(
        request,
        "grants/grant_step.html",
        {
            "grant": grant,
            "step": page,
            "form": form,
            "risks": grant.risks.select_related("owner") if page.slug == "review" else (),
            "why_not": why_not,
            "is_parted": is_parted(why_not),
            "missing": lacks(
                grant,
                missing,
                digits=me(request).digits,
                may_edit=may_edit(grant, who),
                steps=takes,
            ),
            "together": splits.look(grant, twice=True)
            if page.slug in ("submit", "review", "approve")
            else None,
        },
    )
