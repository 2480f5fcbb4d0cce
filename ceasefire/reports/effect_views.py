"""Setting down what is judged of the program's effect, before anybody looks."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ceasefire.codes.services import label
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.places.models import Place, Site
from ceasefire.reports import effects
from ceasefire.reports.effect_forms import EffectPlanForm
from ceasefire.reports.effect_models import EffectPlan
from ceasefire.reports.exceptions import PlanWasRead, PlanWasWithdrawn


@requires("reports.register_effect")
@require_safe
def effect_list(request: HttpRequest) -> HttpResponse:
    """What was set down for one's sites, and what became of it."""
    person: Any = request.user
    page = keyset_page(
        EffectPlan.objects.visible_to(person).select_related("site", "registered_by"),
        ordering=("-registered_at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=30,
    )
    plans = page.rows
    names = _names(plans)
    shown = [
        {
            "plan": plan,
            "treated": [names.get(pcode, pcode) for pcode in plan.treated],
            "comparison": [
                names.get(place, place) for place in (*plan.comparison, *plan.elsewhere)
            ],
            "outcome": _("All verified incidents")
            if plan.outcome == EffectPlan.ALL_TYPES
            else label("type_family", plan.outcome),
        }
        for plan in plans
    ]
    sites = list(Site.objects.filter(pk__in=person.site_ids, read_only=False).order_by("code"))
    return render(
        request, "reports/effect_list.html", {"shown": shown, "sites": sites, "page": page}
    )


def _names(plans: Sequence[EffectPlan]) -> dict[str, str]:
    """Names of districts; of those in another site's records ("SITE/P-CODE") with the site's."""
    pairs = {pair for plan in plans for pair in plan.elsewhere_pairs}
    wanted = {pcode for plan in plans for pcode in (*plan.treated, *plan.comparison)}
    wanted |= {pcode for _site, pcode in pairs}
    names = {place.pcode: str(place.name) for place in Place.objects.filter(pcode__in=wanted)}
    sites = {
        site.code: str(site.name)
        for site in Site.objects.filter(code__in={code for code, _pcode in pairs})
    }
    return names | {
        f"{site}/{pcode}": f"{names.get(pcode, pcode)} ({sites.get(site, site)})"
        for site, pcode in pairs
    }


@requires("reports.register_effect")
@require_http_methods(["GET", "HEAD", "POST"])
def effect_new(request: HttpRequest, site: str) -> HttpResponse:
    """Set a plan down for a site of one's own."""
    person: Any = request.user
    place = get_object_or_404(Site, code=site, pk__in=person.site_ids, read_only=False)
    form = EffectPlanForm(request.POST or None, site=place, by=person)
    if request.method == "POST" and form.is_valid():
        effects.register_plan(site=place, by=person, **form.facts())
        messages.success(
            request, _("It is set down. The report of each quarter's last week judges it.")
        )
        return redirect("reports:effect_list")
    return render(request, "reports/effect_new.html", {"form": form, "site": place})


@requires("reports.register_effect")
@require_POST
def effect_withdraw(request: HttpRequest, site: str, number: int) -> HttpResponse:
    """Take a plan back that no report has judged."""
    plan = get_object_or_404(
        EffectPlan.objects.visible_to(request.user).select_related("site"),
        site__code=site,
        number=number,
    )
    try:
        effects.withdraw_plan(plan, by=request.user)  # type: ignore[arg-type]
    except PlanWasRead:
        messages.error(request, _("A report has judged it meanwhile: it stands."))
    except PlanWasWithdrawn:
        messages.info(request, _("It was withdrawn already."))
    else:
        messages.success(request, _("It is withdrawn; no report judges it."))
    return redirect("reports:effect_list")
