"""Sessions, follow-ups, truces and settlements of a conflict."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire import periods, vault
from ceasefire.people.access import requires
from incidents.views.scope import places_of
from outreach.exceptions import ChangedMeanwhile, NotForThisPerson, OutreachRefusal
from outreach.forms.mediation import (
    ExtendForm,
    FollowUpForm,
    PaymentForm,
    SessionForm,
    SettlementForm,
    TruceEndForm,
    TruceForm,
)
from outreach.models import Conflict
from outreach.services import (
    conflict_notices,
    conflicts,
    follow_ups,
    mediation,
    mediators,
    neutrality,
    settlements,
)
from outreach.views.conflict_reading import MEDIATE, detail_page, one_conflict
from outreach.views.conflicts import LEVELS


def _done(request: HttpRequest, form: Any, act: Any, field: str | None = None) -> bool:
    """Do it; a refusal stands at the field. Whether it was done.

    After somebody else's change the form may be sent once more as it is: the new version is in it.
    """
    try:
        act()
    except NotForThisPerson:
        raise PermissionDenied from None
    except ChangedMeanwhile as refusal:
        form.add_error(None, str(refusal))
        if "version" in form.fields and refusal.version is not None:
            form.data = form.data.copy()
            form.data[form.add_prefix("version")] = str(refusal.version)
        return False
    except OutreachRefusal as refusal:
        form.add_error(field if field in form.fields else None, str(refusal))
        return False
    return True


def _back(request: HttpRequest, conflict: Conflict, said: str, anchor: str) -> HttpResponse:
    messages.success(request, said)
    return redirect(f"{conflict.get_absolute_url()}#{anchor}")


@requires(MEDIATE)
def session_new(request: HttpRequest, code: str) -> HttpResponse:
    """Record a session."""
    conflict = one_conflict(request, code)
    user = request.user
    now_mediating = conflict_notices.mediators_of(conflict)
    people = {
        person.pk: person
        for person in [*now_mediating, *mediators.colleagues_of(conflict.site)]
        if person.may_sign_in()
    }
    form = SessionForm(
        request.POST or None,
        people=list(people.values()),
        parties=conflicts.live_parties(conflict),
        places=places_of([conflict.site], *LEVELS),
        is_warned=neutrality.is_warned(conflict, user),
        initial={
            "mediators": [str(user.pk)] if user.pk in people else [],
            "place": conflict.place.pcode,
            "version": conflict.version,
        },
    )
    if request.method == "POST" and form.is_valid():
        facts = form.facts()
        if _done(
            request,
            form,
            lambda: mediation.record_session(
                conflict,
                at=form.cleaned_data["at"],
                by=user,
                **facts,
            ),
            "nevertheless",
        ):
            return _back(request, conflict, _("The session is recorded."), "sessions")
    return render(request, "outreach/mediation_session.html", {"conflict": conflict, "form": form})


@require_POST
@requires(MEDIATE)
def follow_up_answer(request: HttpRequest, code: str) -> HttpResponse:
    """Say how it is there."""
    conflict = one_conflict(request, code)
    form = FollowUpForm(request.POST, prefix="follow")
    if form.is_valid() and _done(
        request,
        form,
        lambda: follow_ups.answer(conflict, by=request.user, **form.cleaned_data),
    ):
        return _back(request, conflict, _("Recorded."), "ladder")
    return detail_page(request, conflict, follow_up_form=form)


@requires(MEDIATE)
def truce_new(request: HttpRequest, code: str) -> HttpResponse:
    conflict = one_conflict(request, code)
    form = TruceForm(request.POST or None, initial={"version": conflict.version})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if _done(
            request,
            form,
            lambda: settlements.make_truce(
                conflict,
                starts_at=given["starts_at"],
                ends_at=given["ends_at"],
                guarantor=given["guarantor"],
                key=given["key"],
                version=given["version"],
                by=request.user,
            ),
            "ends_at",
        ):
            return _back(request, conflict, _("The truce is recorded."), "truce")
    return render(request, "outreach/mediation_truce.html", {"conflict": conflict, "form": form})


@require_POST
@requires(MEDIATE)
def truce_extend(request: HttpRequest, code: str) -> HttpResponse:
    conflict = one_conflict(request, code)
    form = ExtendForm(request.POST, prefix="extend")
    if form.is_valid() and _done(
        request,
        form,
        lambda: settlements.extend_truce(conflict, by=request.user, **form.cleaned_data),
        "until",
    ):
        return _back(request, conflict, _("The truce is extended."), "truce")
    return detail_page(request, conflict, extend_form=form)


@require_POST
@requires(MEDIATE)
def truce_end(request: HttpRequest, code: str) -> HttpResponse:
    """How a truce ended, or that it was breached and still holds."""
    conflict = one_conflict(request, code)
    form = TruceEndForm(request.POST, prefix="truce")

    def act() -> None:
        given = dict(form.cleaned_data)
        if given["outcome"] == "breach":
            del given["outcome"]
            settlements.record_breach(conflict, by=request.user, **given)
        else:
            settlements.end_truce(conflict, by=request.user, **given)

    if form.is_valid() and _done(request, form, act, "outcome"):
        return _back(request, conflict, _("Recorded."), "truce")
    return detail_page(request, conflict, truce_end_form=form)


@requires(MEDIATE)
def settlement_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Write the settlement down, or what changed of it."""
    conflict = one_conflict(request, code)
    settlement = getattr(conflict, "settlement", None)
    initial: dict[str, Any] = {"version": 0}
    if settlement is not None:
        names = (*settlements.SETTLEMENT_FACTS, "version")
        initial = {name: getattr(settlement, name) for name in names}
        if request.method == "GET":
            sealed = vault.unseal_rows([settlement], ["guarantor", "terms"], by=request.user)
            initial.update(sealed[settlement.pk])
    form = SettlementForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if _done(
            request,
            form,
            lambda: settlements.write_settlement(
                conflict,
                facts=form.facts(),
                guarantor=given["guarantor"],
                terms=given["terms"],
                version=given["version"],
                by=request.user,
            ),
            "compensation_due",
        ):
            return _back(request, conflict, _("The settlement is written down."), "settlement")
    return render(
        request, "outreach/mediation_settlement.html", {"conflict": conflict, "form": form}
    )


@require_POST
@requires(MEDIATE)
def settlement_pay(request: HttpRequest, code: str) -> HttpResponse:
    conflict = one_conflict(request, code)
    form = PaymentForm(request.POST, prefix="pay")
    if form.is_valid():
        given = form.cleaned_data
        if _done(
            request,
            form,
            lambda: settlements.pay(
                conflict,
                amount=given["amount"],
                paid_on=given["paid_on"] or periods.local_day(periods.now()),
                key=given["key"],
                by=request.user,
            ),
            "amount",
        ):
            return _back(request, conflict, _("The payment is recorded."), "settlement")
    return detail_page(request, conflict, payment_form=form)
