"""The dashboards: which page a role begins with, the pages, and the part that stays fresh."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ceasefire import audit, periods
from ceasefire.exports import file_response, safe_filename
from ceasefire.people.access import asked_by_itself, requires
from ceasefire.people.roles import Role
from ceasefire.places.models import Site
from ceasefire.reports import blocks, grant_blocks
from ceasefire.reports.dashboards import program, shared, team, week
from ceasefire.reports.dashboards.asked import Asked, SiteChoice, TeamAsked
from ceasefire.reports.dashboards.parts import of_all_sites
from ceasefire.reports.dashboards.quality import QualityDashboard
from ceasefire.reports.dashboards.week import WeekDashboard
from ceasefire.reports.figures import figure_csv

VIEW, VIEW_SHARED = "reports.view_dashboard", "reports.view_sharedweeklyreport"
VIEW_TEAM, VIEW_QUALITY = "outreach.supervise", "reports.compile_weeklyreport"
VIEW_MEASURES, VIEW_GRANTS = "outreach.view_measures", "grants.view_grant"
#: A page in full screen looks for news so often, in seconds.
EVERY = 60


@dataclass(frozen=True)
class Page:
    """One dashboard: its address, who opens it, and what fills it."""

    url: str
    label: Any
    permission: str
    fill: Callable[[HttpRequest], dict[str, Any]]


@requires(VIEW, VIEW_SHARED)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page that the person's role begins with."""
    return _page(request, _first(request))


@requires(VIEW)
@require_safe
def dashboard_week(request: HttpRequest) -> HttpResponse:
    """The program: incidents of a period, and for a manager people, mediation and grants."""
    return _page(request, "week")


@requires(VIEW_TEAM)
@require_safe
def dashboard_team(request: HttpRequest) -> HttpResponse:
    """The team of a supervisor, or of a manager's sites."""
    return _page(request, "team")


@requires(VIEW_QUALITY)
@require_safe
def dashboard_quality(request: HttpRequest) -> HttpResponse:
    """How good the records are."""
    return _page(request, "quality")


@asked_by_itself
@requires(VIEW, VIEW_SHARED)
@require_safe
def dashboard_part(request: HttpRequest) -> HttpResponse:
    """The numbers alone, for a page in full screen: 204 where nothing on it has changed."""
    name = request.GET.get("page") or _first(request)
    if name not in PAGES:
        raise Http404
    if not request.user.has_perm(PAGES[name].permission):  # type: ignore[union-attr]
        raise PermissionDenied
    context = _context(request, name)
    if request.GET.get("state") == context["state"]:
        return HttpResponse(status=204)
    return render(request, "reports/_dashboard_live.html", context)


@requires(VIEW, VIEW_SHARED)
@require_safe
def dashboard_chart(request: HttpRequest, page: str, chart: str) -> HttpResponse:
    """The values of one chart of a page as CSV, for the site, place and period of the address."""
    find = DRAWN.get(page)
    if find is None:
        raise Http404
    if not request.user.has_perm(PAGES[page].permission):  # type: ignore[union-attr]
        raise PermissionDenied
    asked, shown = find(request)
    found = shown.drawn(chart) if shown is not None else []
    if shown is None or not found or asked.chosen is None:
        raise Http404
    days = [asked.span.start, asked.span.last_day]
    audit.record(
        "dashboard.exported",
        subject=shown.subject,
        by=request.user,  # type: ignore[arg-type]
        detail={
            "format": "csv",
            "chart": f"{page}.{chart}",
            "place": asked.pcode,
            "since": days[0].isoformat(),
            "until": days[1].isoformat(),
        },
    )
    named = [*(["REO"] if page == "shared" else []), asked.chosen.code, asked.pcode, *days]
    name = safe_filename("dashboard", *named, page, chart, extension="csv")
    answer: HttpResponse = file_response(figure_csv(found[0]), name)
    return answer


def _first(request: HttpRequest) -> str:
    role = request.user.role  # type: ignore[union-attr]
    return {
        Role.SUPERVISOR: "team",
        Role.DATA_OFFICER: "quality",
        Role.REO_STAFF: "shared",
        Role.REO_VIEWER: "shared",
    }.get(role, "week")


def _page(request: HttpRequest, name: str) -> HttpResponse:
    context = _context(request, name)
    template = "reports/dashboard_full.html" if context["full"] else "reports/dashboard.html"
    return render(request, template, context)


def _context(request: HttpRequest, name: str) -> dict[str, Any]:
    """All that a page shows, with its numbers rendered, so that a change in them is seen."""
    page = PAGES[name]
    full = request.GET.get("full") == "1"
    context: dict[str, Any] = {
        "page_name": name,
        "full": full,
        "every": EVERY,
        # The quick exit is on a page without navigation too.
        "leave": True,
        "at": periods.now(),
        "here": reverse(page.url),
        **page.fill(request),
    }
    query = context.pop("query", "")
    more = f"{query}&" if query else "?"
    context["full_url"] = f"{context['here']}{more}full=1"
    context["back_url"] = f"{context['here']}{query}"
    numbers = render_to_string("reports/_dashboard_numbers.html", context, request)
    context["numbers"] = numbers
    context["state"] = hashlib.sha256(numbers.encode()).hexdigest()[:16]
    context["part_url"] = (
        f"{reverse('reports:dashboard_part')}{more}full=1&page={name}&state={context['state']}"
    )
    context["tabs"] = [
        (one.label, reverse(one.url) + _kept(request, key), key == name)
        for key, one in PAGES.items()
        if request.user.has_perm(one.permission)  # type: ignore[union-attr]
    ]
    return context


def _kept(request: HttpRequest, name: str) -> str:
    """What of the address goes with a person from one dashboard to the next: the site."""
    user: Any = request.user
    code = request.GET.get("site", "")
    if not code or user.is_reo:
        return ""
    # A history has no team.
    known = {site.code for site in user.sites.all() if not (name == "team" and site.read_only)}
    return f"?{urlencode({'site': code})}" if code in known else ""


# --- what fills them ------------------------------------------------------------------------------


def _sites(user: Any) -> list[Site]:
    """The person's sites by code, those that record first."""
    prefetch_related_objects([user], "sites__coverage")
    return sorted(user.sites.all(), key=lambda site: (site.read_only, site.code))


def _choice(site: Site) -> SiteChoice:
    """A site for the filters; a history is known to its last covered day."""
    ends = [period.end for period in site.coverage.all()]
    known = [end for end in ends if end is not None]
    closed = site.read_only and known and len(known) == len(ends)
    return SiteChoice(site.code, site.name, site.week_start, max(known) if closed else None)


def _asked(request: HttpRequest, sites: list[Site]) -> tuple[Asked, list[Any]]:
    """The answers in the address, and the places of the chosen site."""
    by_code = {site.code: site for site in sites}
    found: list[Any] = []

    def places(code: str) -> list[tuple[str, str]]:
        found[:] = week.places_of(by_code[code])
        return [
            (
                place.pcode,
                place.name if place.level == "district" else "\u2003" + place.name,
            )
            for place in found
        ]

    asked = Asked(request.GET, sites=[_choice(site) for site in sites], places=places)
    return asked, found


def _nothing(asked: Any) -> dict[str, Any]:
    """A page that has no site, or could not read what was asked: no number is a wrong one."""
    return {"form": asked, "blocks": [], "query": "", "not_understood": bool(asked.errors)}


def _numbers(shown: WeekDashboard, asked: Asked, questions: list[Any]) -> dict[str, Any]:
    digits, rows = shown.digits, shown.rows
    return {
        "form": asked,
        "site_label": shown.site.name,
        "where": shown.where_words,
        "period": asked.span.words(digits),
        "beside": asked.other.words(digits) if asked.other else "",
        "lead": shown.counted_for,
        "judged_by": shown.judged_by,
        "blocks": questions,
        "rows": [(row, row.change(digits)) for row in rows],
        "people_behind": any(row.of_people for row in rows),
        "charts": shown.charts,
        "credits": shown.page.credits if shown.page else [],
        "query": asked.query(),
    }


Shown = TypeVar("Shown", bound=WeekDashboard)


def _of_site(request: HttpRequest, kind: type[Shown]) -> tuple[Asked, Shown | None]:
    """What is asked, and the dashboard that answers it; None where nothing can be shown."""
    user: Any = request.user
    sites = _sites(user)
    asked, places = _asked(request, sites)
    if not asked.is_valid() or asked.chosen is None:
        return asked, None
    site = next(one for one in sites if one.code == asked.chosen.code)
    return asked, kind(user, asked, site, places)


def _week(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    asked, shown = _of_site(request, WeekDashboard)
    if shown is None:
        return _nothing(asked)
    site, questions = shown.site, list(shown.questions)
    if user.role == Role.MANAGER and not site.read_only:
        questions += program.questions(user, site, asked.span)
    else:
        if user.has_perm("incidents.review_incident"):
            questions.append(of_all_sites(blocks.review(user), user))
        if shown.page is not None:
            questions.append(shown.how_soon())
    return _numbers(shown, asked, questions)


def _quality(request: HttpRequest) -> dict[str, Any]:
    asked, shown = _of_site(request, QualityDashboard)
    if shown is None:
        return _nothing(asked)
    groups, untold = shown.by_group
    return {
        **_numbers(shown, asked, list(shown.questions)),
        "groups": groups,
        "too_few_people": groups is None,
        "group_charts": shown.group_charts,
        "has_groups": True,
        "untold": len(untold),
        "whole_site_only": bool(asked.pcode),
    }


def _team(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    sites = [site for site in _sites(user) if not site.read_only]
    asked = TeamAsked(request.GET, sites=[(site.code, str(site.name)) for site in sites])
    if not asked.is_valid():
        return _nothing(asked)
    chosen = asked.cleaned_data["site"]
    if chosen:
        sites = [site for site in sites if site.code == chosen]
    return {
        "form": asked,
        "where": _(", ").join(str(site.name) for site in sites),
        "period": _("Today"),
        "blocks": team.questions(user, sites, f"?site={chosen}" if chosen else ""),
        "query": f"?site={chosen}" if chosen else "",
    }


def _of_reo(request: HttpRequest) -> tuple[Asked, shared.SharedDashboard | None]:
    """As `_of_site`, of what was published."""
    user: Any = request.user
    newest = shared.newest_by_site(user)
    asked = Asked(
        request.GET,
        sites=shared.choices(newest),
        places=lambda code: shared.places(newest[code]),
    )
    if asked.chosen is None or not asked.is_valid():
        return asked, None
    return asked, shared.SharedDashboard(user, asked, newest[asked.chosen.code])


def _shared(request: HttpRequest) -> dict[str, Any]:
    """REO's page: what was published, and the grants it sees."""
    user: Any = request.user
    asked, shown = _of_reo(request)
    grants = _grants(user)
    if asked.chosen is None:
        return {"form": None, "blocks": [blocks.shared(user), *grants], "query": ""}
    if shown is None:
        return _nothing(asked)
    return {
        "form": asked,
        "where": asked.place_names.get(asked.pcode) or asked.chosen.name,
        "site_label": asked.chosen.name,
        "period": asked.span.words(shown.digits),
        "beside": asked.other.words(shown.digits) if asked.other else "",
        "lead": _(
            "As published to REO: districts only, small counts hidden, without sexual violence,"
            " minors and program staff. No record stands behind a number here: it leads to the"
            " reports that published it."
        ),
        "blocks": [*shown.questions, *grants, blocks.shared(user)],
        "rows": [(row, row.change(shown.digits)) for row in shown.rows],
        "hidden": shown.number(None),
        "charts": shown.charts,
        "credits": shown.page.credits,
        "query": asked.query(),
    }


def _grants(user: Any) -> list[Any]:
    """What waits for an officer, else how the grants stand; then what is late, what is missing."""
    if not user.has_perm(VIEW_GRANTS):
        return []
    who = grant_blocks.officer_of(user)
    stand = grant_blocks.waits_for_me(user, who) if who else grant_blocks.where_they_stand(user)
    return [
        # Since when each state waits, the list says.
        replace(stand, items=[replace(item, note="") for item in stand.items]),
        grant_blocks.late_on_the_ground(user),
        grant_blocks.missing_papers(user, who),
    ]


PAGES: dict[str, Page] = {
    "team": Page("reports:dashboard_team", gettext_lazy("My team"), VIEW_TEAM, _team),
    "week": Page("reports:dashboard_week", gettext_lazy("The week"), VIEW, _week),
    "quality": Page(
        "reports:dashboard_quality", gettext_lazy("Quality of the records"), VIEW_QUALITY, _quality
    ),
    "shared": Page("reports:dashboard", gettext_lazy("Published"), VIEW_SHARED, _shared),
}

#: The pages that have charts, and what draws them.
DRAWN: dict[str, Callable[[HttpRequest], tuple[Asked, Any]]] = {
    "week": lambda request: _of_site(request, WeekDashboard),
    "quality": lambda request: _of_site(request, QualityDashboard),
    "shared": _of_reo,
}
