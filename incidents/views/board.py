"""The 72-hour board: every clock that runs, the most urgent first, and how it is kept fresh."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, OuterRef, Prefetch, Q, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ceasefire import periods, worklist
from ceasefire.look.numbers import in_digits
from ceasefire.look.paging import KeysetPage, keyset_page
from ceasefire.people.access import asked_by_itself, requires
from ceasefire.places.models import Site
from incidents import services
from incidents.models import (
    Incident,
    IncidentNaming,
    IncidentResponse,
    RetaliationWatch,
    WatchCheck,
)
from incidents.near_windows import NearWindow, near_windows
from incidents.views.clock import Choice, Shown, shown, watch_clock
from incidents.views.scope import sites_of

#: So many clocks of a column beside the others, of one by itself; that ended lately; watches.
BESIDE, SIZE, MOST_CLOSED, MOST_WATCHES = 15, 40, 12, 20
#: A point that is known exactly.
EXACT_POINT = 1
#: How long what ended stays in view.
LATELY = timedelta(hours=72)
GROUPS = (
    ("red", _("Over 72 hours"), "overdue"),
    ("amber", _("Over 48 hours"), "due"),
    ("running", _("Running"), "running"),
)
#: Which clocks stand in a column.
STAGES = {
    "red": lambda at: Q(due_at__lte=at),
    "amber": lambda at: Q(due_at__gt=at, amber_at__lte=at),
    "running": lambda at: Q(amber_at__gt=at),
}
UNREAD_BY_A_BOARD = (
    "incident__place__geometry",
    "incident__search_key",
    "incident__original",
    "incident__summary",
)


@dataclass(frozen=True)
class Asked:
    """What of the board was asked for."""

    who: str = ""
    site: Site | None = None
    #: Only those of one column: the clocks behind a number of a dashboard.
    stage: str = ""

    def query(self, **changes: str) -> str:
        """The query that asks for it, with parts changed."""
        site = self.site.code if self.site else ""
        parts = {"who": self.who, "site": site, "stage": self.stage, **changes}
        found = urlencode({name: value for name, value in parts.items() if value})
        return f"?{found}" if found else ""


def asked_of(request: HttpRequest, sites: list[Site]) -> Asked:
    """Read the address; what it does not know counts as not asked."""
    who = request.GET.get("who", "")
    code = request.GET.get("site", "")
    stage = request.GET.get("stage", "")
    return Asked(
        who=who if who in {"mine", "free"} else "",
        site=next((site for site in sites if site.code == code), None),
        stage=stage if stage in STAGES else "",
    )


@require_safe
@requires("incidents.view_incident")
def board(request: HttpRequest) -> HttpResponse:
    return render(request, "incidents/response_board.html", board_context(request))


@require_safe
@asked_by_itself
@requires("incidents.view_incident")
def board_rows(request: HttpRequest) -> HttpResponse:
    """The board alone, for a page that is open: 204 where nothing on it has changed."""
    context = board_context(request)
    if request.GET.get("state") == context["state"]:
        return HttpResponse(status=204)
    return rows_page(request, context)


def rows_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The board alone, with the bell of the page it goes into."""
    return render(request, "incidents/_response_board.html", {**context, "fresh": True})


def board_context(request: HttpRequest) -> dict[str, Any]:
    """All that the board shows to this person."""
    user: Any = request.user
    at = periods.now()
    sites = sites_of(user, writable=True)
    asked = asked_of(request, sites)
    of_sites = Q(site__in=[asked.site.pk] if asked.site else [site.pk for site in sites])
    rows = (
        IncidentResponse.objects.visible_to(user)
        .filter(of_sites)
        .select_related("incident__place", "incident__site", "assigned_to")
        .defer(*UNREAD_BY_A_BOARD)
    )
    if user.has_perm("incidents.assign_response"):
        # Who a sensitive one may be given to, besides those who see them all.
        namings = IncidentNaming.objects.filter(incident=OuterRef("incident_id"))
        rows = rows.annotate(named=ArraySubquery(namings.order_by("id").values("person")))
    if asked.who:
        rows = rows.filter(assigned_to=user if asked.who == "mine" else None)
    counts, page, found = _columns(request, rows.running(), asked, at)
    people = (
        services.sendable([site.pk for site in sites])
        if user.has_perm("incidents.assign_response")
        else []
    )
    running = [shown(row, user, at=at) for row in found]
    # A number's own clocks alone: neither what ended nor a watch is one of them.
    alone = bool(asked.stage)
    closed = (
        []
        if alone
        else [
            shown(row, user, at=at)
            for row in rows.filter(closed_at__gte=at - LATELY).order_by("-closed_at")[:MOST_CLOSED]
        ]
    )
    watches = [] if alone else _watches(user, asked, at)
    unread = worklist.unread(user)
    return {
        "asked": asked,
        "here": reverse("incidents:board") + asked.query(),
        "rows_url": reverse("incidents:board_rows") + (_with_cursor(request, asked)),
        "tabs": [
            (label, reverse("incidents:board") + asked.query(who=who), asked.who == who)
            for who, label in (
                ("", _("All")),
                ("mine", _("I have it")),
                ("free", _("Nobody has it")),
            )
        ],
        "sites": sites if len(sites) > 1 else [],
        "page": page,
        "groups": [
            {
                "name": name,
                "label": label,
                "tone": tone,
                "rows": [row for row in running if row.stage == name],
                # As many as there are, whatever is in view.
                "count": counts[name],
                "all": reverse("incidents:board") + asked.query(stage=name)
                if page is None and counts[name] > BESIDE
                else "",
            }
            for name, label, tone in GROUPS
            if asked.stage in ("", name)
        ],
        "chips": [
            (label, "", reverse("incidents:board") + asked.query(stage=""))
            for name, label, _tone in GROUPS
            if name == asked.stage
        ],
        "any_running": bool(running),
        "choices": [Choice(person) for person in people]
        if any(row.may_assign for row in running)
        else [],
        "closed": closed,
        "watches": watches[:MOST_WATCHES],
        "more_watches": len(watches) > MOST_WATCHES,
        "at": at,
        "unread_notices": unread,
        "state": _state(running, closed, watches, unread, counts),
    }


def _columns(
    request: HttpRequest, rows: Any, asked: Asked, at: datetime
) -> tuple[dict[str, int], KeysetPage[IncidentResponse] | None, list[IncidentResponse]]:
    """How many clocks stand in each column; the page of one asked for alone; the clocks in view.

    Each column is asked by itself: what has been over its hours for long never ends by itself, and
    would push what began an hour ago out of one list.
    """
    counts = rows.order_by().aggregate(
        **{name: Count("pk", filter=stage(at)) for name, stage in STAGES.items()}
    )
    if asked.stage:
        page: KeysetPage[IncidentResponse] = keyset_page(
            rows.filter(STAGES[asked.stage](at)),
            ordering=("due_at", "id"),
            after=request.GET.get("after"),
            before=request.GET.get("before"),
            size=SIZE,
        )
        return counts, page, list(page)
    found: list[IncidentResponse] = []
    for stage in STAGES.values():
        found += rows.filter(stage(at)).order_by("due_at", "id")[:BESIDE]
    return counts, None, found


def _with_cursor(request: HttpRequest, asked: Asked) -> str:
    cursor = {name: request.GET[name] for name in ("after", "before") if request.GET.get(name)}
    return asked.query(**cursor)


def _watches(user: Any, asked: Asked, at: datetime) -> list[dict[str, Any]]:
    """Open watches with the newest check of each side.

    Those within their hours first, the one that ends first on top; then those that only wait for
    somebody to say how they ended.
    """
    rows = (
        RetaliationWatch.objects.visible_to(user)
        .open()
        .select_related("incident__place", "victim_side", "other_side")
        .defer(*UNREAD_BY_A_BOARD)
        .prefetch_related(
            Prefetch(
                "checks",
                WatchCheck.objects.order_by("watch_id", "side", "-at", "-id").distinct(
                    "watch_id", "side"
                ),
                to_attr="newest",
            )
        )
    )
    if asked.site:
        rows = rows.filter(incident__site=asked.site)
    if asked.who == "mine":
        rows = rows.filter(Q(victim_side=user) | Q(other_side=user))
    elif asked.who == "free":
        rows = rows.filter(Q(victim_side=None) | Q(other_side=None))
    found = []
    over = Case(When(ends_at__lte=at, then=1), default=0)
    rows = rows.order_by(over, "ends_at", "id")
    # One more than is shown tells that there are more.
    open_now = list(rows[: MOST_WATCHES + 1])
    windows = near_windows(user, {watch.incident.site_id for watch in open_now})
    for watch in open_now:
        window = windows.get(watch.incident.site_id)
        newest = {check.side: check for check in watch.newest}
        found.append(
            {
                "row": watch,
                "clock": watch_clock(watch, at),
                "near": _near_words(watch.incident, window, user, periods.today()),
                "sides": [
                    (side.label, person, newest.get(side.value))
                    for side, person in (
                        (watch.Side.VICTIM, watch.victim_side),
                        (watch.Side.OTHER, watch.other_side),
                    )
                ],
            }
        )
    return found


def _near_words(incident: Incident, window: NearWindow | None, user: Any, today: date) -> str:
    """How far and until when near repeats were found; "" for none, or where that day has passed.

    A distance is told of a point that is known exactly, from nowhere else could it be walked.
    """
    happened = incident.occurred_on
    if window is None or happened is None or window.last_day(happened) < today:
        return ""
    day = periods.long_date(window.last_day(happened), get_language() or "en")
    if not window.metres:
        words = _("Near repeats: at the very spot, until %(day)s.")
    elif incident.geo_precision == EXACT_POINT:
        words = _("Near repeats: within %(metres)s metres, until %(day)s.")
    else:
        words = _("Near repeats: until %(day)s; how near is not told, the point is not exact.")
    told = words % {"metres": window.metres, "day": day}
    return in_digits(str(told), user.digits)


def _state(
    running: list[Shown],
    closed: list[Shown],
    watches: list[dict[str, Any]],
    unread: int,
    counts: dict[str, int],
) -> str:
    """What the board shows as a short word, the same as long as nothing on it changes."""
    shown_now: list[Any] = [get_language(), unread, periods.now().date(), *counts.values()]
    for row in [*running, *closed]:
        clock = row.clock
        shown_now += [row.response.pk, row.response.version, row.incident.version]
        shown_now += [row.stage, row.contact_overdue, clock["left"], clock["late"]]
        # Whom a row can be given to: a naming changes neither the clock nor the record.
        shown_now.append(row.readers if row.may_assign and row.incident.is_sensitive else "")
    for watch in watches:
        shown_now += [watch["row"].pk, watch["row"].version, watch["clock"]["left"]]
        shown_now.append(watch["near"])
        shown_now += [check.pk if check else 0 for _label, _person, check in watch["sides"]]
    return hashlib.sha256(repr(shown_now).encode()).hexdigest()[:16]
