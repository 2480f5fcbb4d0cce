"""Funds."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from grants.models import Fund
from grants.views.scope import VIEW


@require_safe
@requires(VIEW)
def fund_list(request: HttpRequest) -> HttpResponse:
    """All funds."""
    return render(request, "grants/fund_list.html", {"funds": Fund.objects.all()})
