"""Who stands in for whom, and setting or ending it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ceasefire import periods
from ceasefire.people.access import requires
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.forms.supervision import StandInForm
from outreach.services import delegation
from outreach.views.doing import attempt

#: So many stand on the page; older ones are in the trail.
SHOWN = 50


@requires(delegation.SET)
def delegation_list(request: HttpRequest) -> HttpResponse:
    """Stand-ins of the person's site, the latest first, and the form for another."""
    by: Any = request.user
    form = StandInForm(
        request.POST or None,
        heads=delegation.heads_of(by),
        candidates=delegation.candidates(by),
        initial={"starts_on": periods.now().date()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            delegation.set_stand_in(by=by, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Somebody stands in."))
            return redirect("outreach:delegation_list")
    rows = delegation.visible_to(by).select_related("from_user", "to_user")[:SHOWN]
    return render(
        request,
        "outreach/supervision_away.html",
        {"form": form, "rows": rows, "today": periods.now().date()},
    )


@require_POST
@requires(delegation.SET)
def delegation_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a team back."""
    by: Any = request.user
    row = get_object_or_404(delegation.visible_to(by).select_related("from_user", "to_user"), pk=pk)
    attempt(request, lambda: delegation.end(row, by=by), gettext_lazy("It is over."))
    return redirect("outreach:delegation_list")
