"""One grant, and its steps."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from grants.views.scope import VIEW, grant_page, one_grant


@requires(VIEW)
@require_safe
def grant_detail(request: HttpRequest, ref: str) -> HttpResponse:
    """What a grant is and what it waits for."""
    grant = one_grant(request, ref)
    return render(request, "grants/grant_detail.html", {**grant_page(request, grant, "overview")})
