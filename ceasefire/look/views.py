"""The page one lands on after leaving: it says nothing, so that it gives nothing away."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def away(request: HttpRequest) -> HttpResponse:
    """Return a blank-looking page with no name, no link back and no mark of the program."""
    response = render(request, "away.html")
    response.headers["Cache-Control"] = "no-store"
    return response
