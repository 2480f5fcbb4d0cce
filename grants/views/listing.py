"""The list of grants."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from grants.models import Grant
from grants.views.scope import VIEW


@requires(VIEW)
@require_safe
def grant_list(request: HttpRequest) -> HttpResponse:
    """Every grant, newest first."""
    page = keyset_page(
        Grant.objects.visible_to(request.user).select_related("fund"),
        ("-ref",),
        request.GET.get("after"),
        request.GET.get("before"),
    )
    return render(request, "grants/grant_list.html", {"page": page})
