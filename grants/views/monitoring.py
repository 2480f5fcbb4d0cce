"""What was seen after the award: visits, findings, reports due, values of indicators."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ceasefire.people.access import requires
from grants.views.scope import VIEW, grant_page, one_grant


@requires(VIEW)
def grant_monitoring(request: HttpRequest, ref: str) -> HttpResponse:
    """Visits, findings, reports and indicators of one grant."""
    grant = one_grant(request, ref)
    return render(
        request,
        "grants/monitoring_detail.html",
        {**grant_page(request, grant, "monitoring"), "visits": list(grant.visits.all())},
    )
