"""Fidelity: is the work done as the program says; one site and one month at a time."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ceasefire import codes, periods
from ceasefire.people.access import requires
from outreach import measures
from outreach.services import fidelity
from outreach.services.caseload import WORDS


@require_safe
@requires(fidelity.VIEW)
def fidelity_page(request: HttpRequest) -> HttpResponse:
    """The measures of a site; what is asked for and is not there is the first of what is."""
    reader: Any = request.user
    on = periods.now().date()
    sites = fidelity.sites_for(reader)
    if not sites:
        return render(request, "outreach/fidelity_no_site.html")
    site = next((one for one in sites if one.code == request.GET.get("site")), sites[0])
    months = fidelity.months_for(reader, site, on)
    month = next((one for one in months if f"{one:%Y-%m}" == request.GET.get("month")), months[0])
    found = fidelity.fidelity(site, month, reader, on=on)
    whole = fidelity.is_whole(reader, site)
    return render(
        request,
        "outreach/fidelity.html",
        {
            "site": site,
            "sites": sites,
            "month": month,
            "months": [{"value": f"{one:%Y-%m}", "label": _named(one)} for one in months],
            "chosen": f"{month:%Y-%m}",
            "running": month == on.replace(day=1),
            "found": found,
            "whole": whole,
            "most": measures.FEWEST_SUPERVISORS,
            "bands": [
                (getattr(found.bands, word), *WORDS[word])
                for word in ("few", "room", "good", "many", "over")
                if found.bands is not None
            ],
            "outcomes": list(
                zip(
                    [codes.label("mediation_outcome", one) for one in measures.OUTCOMES],
                    found.mediated.cells,
                    strict=True,
                )
            ),
            "links": _links(site.code) if whole else {},
        },
    )


def _named(month: date) -> str:
    return f"{periods.month_name(month.month, get_language() or 'ar')} {month.year}"


def _links(site: str) -> dict[str, str]:
    """Where the records behind the numbers stand, for who may open them."""
    wanted = {
        "caseload": ("outreach:caseload", f"?site={site}"),
        "supervision": ("outreach:supervision", ""),
        "sheets": ("outreach:supervision_sheets", ""),
        "conflicts": ("outreach:conflict_list", ""),
        "board": ("incidents:board", f"?site={site}"),
    }
    found = {}
    for key, (name, query) in wanted.items():
        try:
            found[key] = reverse(name) + query
        except NoReverseMatch:
            continue
    return found
