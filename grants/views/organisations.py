"""Organisations: the list, one of them, the people behind it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ceasefire.people.access import requires
from grants.models import Organisation
from grants.views.doing import me
from grants.views.scope import VIEW


@requires(VIEW)
def organisation_list(request: HttpRequest) -> HttpResponse:
    """Every organisation by name."""
    rows = Organisation.objects.visible_to(me(request))[:100]
    return render(request, "grants/organisation_list.html", {"rows": rows})
