"""Who a clearance is about, and how screening stands."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ceasefire.people.access import requires
from grants.services import requirements
from grants.views.scope import VIEW, grant_page, one_grant


@requires(VIEW)
def grant_vetting(request: HttpRequest, ref: str) -> HttpResponse:
    """The subjects of one grant."""
    grant = one_grant(request, ref)
    page = {"subjects": requirements.subjects(grant)}
    return render(
        request, "grants/vetting_grant.html", {**page, **grant_page(request, grant, "vetting")}
    )
