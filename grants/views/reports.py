"""Reports of the grants: the list, one report, its numbered runs and their files."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from grants.views.scope import VIEW


@requires(VIEW)
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """Every report, and what it is for."""
    return render(request, "grants/report_list.html", {})
