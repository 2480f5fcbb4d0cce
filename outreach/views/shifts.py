"""Going out and coming back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from ceasefire.places.models import Zone
from outreach.exceptions import BackTooLate, NotAColleague, NotForThisPerson, OutreachRefusal
from outreach.forms.fieldwork import LaterForm, ShiftForm, next_time
from outreach.models import Shift
from outreach.services import shifts
from outreach.views.doing import attempt
from outreach.views.scope import sites_of

LOG = shifts.LOG


@requires(LOG)
def shift(request: HttpRequest) -> HttpResponse:
    """Where one is out, the shift; else the form to go out with."""
    user: Any = request.user
    sites = sites_of(user, writable=True)
    if not sites:
        raise PermissionDenied
    current = shifts.running(user)
    form = ShiftForm(
        request.POST or None,
        sites=sites,
        zones=list(Zone.objects.filter(site__in=sites, closed_on__isnull=True)),
        people=shifts.buddies(user, sites),
    )
    if request.method == "POST" and form.is_valid():
        try:
            shifts.start_shift(by=user, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            field = {BackTooLate: "back_at", NotAColleague: "buddy"}.get(type(refusal))
            form.add_error(field, str(refusal))
        else:
            messages.success(request, _("You are out. Say when you are back."))
            return redirect("outreach:shift")
    return render(
        request,
        "outreach/shift.html",
        {"shift": current, "form": form, "later": LaterForm(), **_stand(current)},
    )


@require_safe
@requires(LOG)
def shift_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One shift, for the person, the buddy and whoever answers for them."""
    one = _one(request, pk)
    return render(
        request,
        "outreach/shift_detail.html",
        {"shift": one, "may_clear": shifts.may_clear(one, request.user), **_stand(one)},
    )


@require_POST
@requires(LOG)
def shift_later(request: HttpRequest, pk: UUID) -> HttpResponse:
    one = _one(request, pk)
    form = LaterForm(request.POST)
    if not form.is_valid():
        messages.error(request, next(iter(form.errors.values()))[0])
        return redirect("outreach:shift")
    back_at = next_time(form.cleaned_data["back_at"])
    attempt(
        request,
        lambda: shifts.check_in(one, back_at=back_at, by=request.user),
        gettext_lazy("Noted. All is well."),
    )
    return redirect("outreach:shift")


@require_POST
@requires(LOG)
def shift_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    one = _one(request, pk)
    own = one.user_id == request.user.pk
    said = gettext_lazy("Welcome back.") if own else gettext_lazy("Noted: reached and safe.")
    attempt(request, lambda: shifts.end_shift(one, by=request.user), said)
    return redirect("outreach:log") if own else redirect("outreach:shift_detail", one.pk)


def _one(request: HttpRequest, pk: UUID) -> Shift:
    sites_of(request.user)
    return get_object_or_404(
        Shift.objects.visible_to(request.user).select_related(
            "user", "buddy", "zone", "site", "cleared_by"
        ),
        pk=pk,
    )


def _stand(one: Shift | None) -> dict[str, Any]:
    now = periods.now()
    return {"late": one is not None and one.ended_at is None and now > one.expected_end_at}
