"""The money of one grant."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from grants.views.scope import VIEW, grant_page, one_grant


@require_safe
@requires(VIEW)
def grant_money(request: HttpRequest, ref: str) -> HttpResponse:
    """Its amounts."""
    grant = one_grant(request, ref)
    return render(request, "grants/money_grant.html", grant_page(request, grant, "money"))
