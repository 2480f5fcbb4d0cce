"""Whether every number ever given is accounted for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from grants.services import numbers
from grants.views.scope import VIEW


@require_safe
@requires(VIEW)
def number_list(request: HttpRequest) -> HttpResponse:
    """The numbers of grants by year and fund, with the gaps by name; and those of other series."""
    of_grants, of_others = numbers.of_grants(), numbers.of_others()
    return render(
        request,
        "grants/number_list.html",
        {
            "years": of_grants,
            "funds": numbers.of_funds(),
            "others": of_others,
            "is_whole": all(one.is_whole for one in (*of_grants, *of_others)),
        },
    )
