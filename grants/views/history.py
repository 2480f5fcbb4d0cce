"""What happened to a grant."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from grants.views.scope import VIEW, grant_page, one_grant


@requires(VIEW)
@require_safe
def grant_history(request: HttpRequest, ref: str) -> HttpResponse:
    """Every step of a grant."""
    grant = one_grant(request, ref)
    return render(
        request,
        "grants/grant_history.html",
        {
            **grant_page(request, grant, "history"),
            "steps": grant.transitions.select_related("actor").order_by("-id"),
        },
    )
