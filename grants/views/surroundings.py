"""The incidents around a grant, as REO may see them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ceasefire.people.access import requires
from grants.views.scope import VIEW, grant_page, one_grant


@requires(VIEW)
def grant_surroundings(request: HttpRequest, ref: str) -> HttpResponse:
    """The district's published weeks before the start and after the end."""
    grant = one_grant(request, ref)
    return render(
        request, "grants/surroundings_detail.html", grant_page(request, grant, "surroundings")
    )
