"""The list of grants."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.text import western_digits
from grants.forms.filters import GrantFilter
from grants.models import Grant
from grants.services import completeness, waiting
from grants.views.scope import VIEW, officer_of
from grants.views.steps import duty_words

#: What a row shows, and what whom it waits for is worked out from.
LIST_FIELDS = (
    "ref",
    "title_en",
    "title_ar",
    "state",
    "state_since",
    "requested_usd",
    "approved_usd",
    "round",
    "fund__code",
    "district__pcode",
    "district__name_en",
    "district__name_ar",
    "grantee__code",
    "grantee__name_en",
    "grantee__name_ar",
)
NEWEST = ("-ref",)
#: What waits for somebody stands in the order in which it came to them.
OLDEST_WAIT = ("state_since", "ref")


@requires(VIEW)
@require_safe
def grant_list(request: HttpRequest) -> HttpResponse:
    """Grants, newest first; what waits for the reader, longest first."""
    visible = Grant.objects.visible_to(request.user)
    ref = as_ref(request.GET.get("q", ""))
    if ref and visible.filter(ref=ref).exists():
        return redirect("grants:grant_detail", ref)
    filters = GrantFilter(request.GET, who=officer_of(request))
    rows = filters.narrow(visible).select_related("fund", "district", "grantee").only(*LIST_FIELDS)
    page = keyset_page(
        rows,
        OLDEST_WAIT if filters.waits_for_me else NEWEST,
        request.GET.get("after"),
        request.GET.get("before"),
    )
    _say_of(page.rows)
    return render(
        request,
        "grants/grant_list.html",
        {
            "page": page,
            "filters": filters,
            "chips": filters.chips(request.path),
            "clear_url": request.path,
            "oldest_first": filters.waits_for_me,
            "may_begin": filters.who is not None and filters.who.has("requester"),
        },
    )


def _say_of(rows: list[Any]) -> None:
    """Put beside each grant whom it waits for and how many of its papers are there: two questions.

    The share is of the papers that its steps so far ask for, in percent; None where none is asked.
    """
    duties = waiting.duties_of(rows)
    papers = completeness.of_many(rows)
    for one in rows:
        one.waits_for = duty_words(duties[one.pk])
        one.papers_pct = papers[one.pk].percent if one.pk in papers else None


def as_ref(text: str) -> str:
    """The text as a grant's number, where it is one."""
    ref = western_digits(text[:40]).strip().upper()
    return ref if re.fullmatch(r"QRF-[0-9]{4}-[0-9]{4,9}", ref) else ""
