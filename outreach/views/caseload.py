"""The caseload: one's own, or the workers one answers for; what is due comes first."""

from typing import Any
from uuid import UUID, uuid4

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ceasefire import codes, periods, vault
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places.models import Site
from outreach.models import OPEN_TO_TEAM, Contact, Participant, Referral
from outreach.services import caseload_reading as reading
from outreach.services.caseload import WORDS
from outreach.services.contacts import ADD, SLIP
from outreach.views.scope import sites_of

VIEW = "outreach.view_participant"
#: Cases, and workers, a page.
SIZE = 60
#: Of those who oversee others, the page begins with the others.
OVERSEERS = (Role.SUPERVISOR, Role.MANAGER)
#: Ways of meeting several at once, offered as buttons; the others are for one by one.
MANY_MODES = ("street", "home", "office", "phone")


@require_safe
@requires(VIEW)
def caseload(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if user.role in OVERSEERS:
        return render(request, "outreach/caseload_team.html", team_context(request))
    return render(request, "outreach/caseload.html", caseload_context(request, user))


@require_safe
@requires(VIEW)
def caseload_of(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One worker's list, for who answers for it; anybody else reads that there is no such page."""
    user: Any = request.user
    sites_of(user)
    worker = get_object_or_404(reading.overseen(user), pk=pk)
    return render(request, "outreach/caseload.html", caseload_context(request, worker))


def caseload_context(request: HttpRequest, worker: User) -> dict[str, Any]:
    """One caseload as one reader sees it."""
    user: Any = request.user
    on = periods.now().date()
    rules = reading.standards(sites_of(user), on)
    rows = reading.in_order(reading.cases_of(worker, user), rules)
    page = keyset_page(
        rows.select_related("site", "worker", "zone"),
        ordering=reading.ORDER,
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=SIZE,
    )
    lines = lines_of(request, page.rows, rules)
    own = worker.pk == user.pk
    return {
        "worker": worker,
        "own": own,
        "here": own_address(user, worker),
        "page": page,
        "lines": lines,
        "on": on,
        "counts": _counts(worker, lines, page, user, on) if worker.role == Role.WORKER else None,
        "may_add": user.has_perm(ADD),
        "many_modes": [one for one in codes.choices("contact_mode") if one[0] in MANY_MODES],
        "many_key": uuid4(),
        "show_worker": any(line.case.worker_id != worker.pk for line in lines),
    }


def own_address(user: Any, worker: User) -> str:
    """Where a caseload stands for its reader."""
    if worker.pk == user.pk and user.role not in OVERSEERS:
        return reverse("outreach:caseload")
    return reverse("outreach:caseload_of", args=[worker.pk])


def lines_of(
    request: HttpRequest, cases: list[Participant], rules: dict[Any, reading.Standard]
) -> list[reading.Row]:
    """The lines of some cases. Their aliases are opened together, which is recorded once."""
    user: Any = request.user
    at = periods.now()
    just = Contact.objects.filter(
        created_by=user, participant__in=[row.pk for row in cases], received_at__gte=at - SLIP
    )
    # The last that still stands, of each.
    recent = {row.participant_id: row for row in just.standing().order_by("received_at")}
    return reading.lines(
        cases,
        rules,
        on=at.date(),
        aliases=vault.unseal_rows(cases, OPEN_TO_TEAM, by=user),
        referrals=open_referrals(cases),
        just=recent,
    )


def open_referrals(cases: list[Participant]) -> dict[Any, int]:
    """How many referrals of each case have not come to an end."""
    rows = Referral.objects.filter(
        participant__in=[row.pk for row in cases], state__in=Referral.OPEN
    )
    return dict(rows.order_by().values_list("participant").annotate(number=Count("pk")))


def _counts(
    worker: User, lines: list[reading.Row], page: Any, user: Any, on: Any
) -> dict[str, Any] | None:
    """The head of a worker's list: how many, against the band of the first site."""
    carried = [line for line in lines if line.case.worker_id == worker.pk]
    if page.before or page.after or not carried:
        return None
    active = sum(not line.paused for line in carried)
    site = carried[0].case.site
    band = reading.bands([site], on)[site.pk]
    tone, word = WORDS[band.word(active)]
    return {
        "active": active,
        "paused": len(carried) - active,
        "due": sum(line.due and not line.paused for line in lines),
        "tone": tone,
        "word": word,
        "band": band,
    }


def team_context(request: HttpRequest) -> dict[str, Any]:
    """The workers that somebody answers for, those whose cases need somebody first."""
    user: Any = request.user
    on = periods.now().date()
    sites = [site for site in sites_of(user) if not site.read_only]
    asked = next((site for site in sites if site.code == request.GET.get("site")), None)
    found = reading.loads(user, [asked] if asked else sites, on)
    band = request.GET.get("band", "")
    if band == "all" or band in WORDS:
        # Of the workers who are at work here, as a dashboard counts them.
        found = [
            one for one in found if reading.is_at_work(one) and (band == "all" or one.word == band)
        ]
    else:
        band = ""
    number = _page_number(request.GET.get("page"), len(found))
    shown = found[(number - 1) * SIZE : number * SIZE]
    groups: dict[Site, list[dict[str, Any]]] = {}
    for load in shown:
        tone, word = WORDS[load.word]
        groups.setdefault(load.site, []).append({"load": load, "tone": tone, "word": word})
    return {
        "groups": sorted(groups.items(), key=lambda one: one[0].code),
        "sites": sites if len(sites) > 1 else [],
        "asked": asked,
        "chips": [
            (
                _("Band"),
                _("All who are at work") if band == "all" else WORDS[band][1],
                reverse("outreach:caseload") + (f"?site={asked.code}" if asked else ""),
            )
        ]
        if band
        else [],
        "clear_url": reverse("outreach:caseload"),
        "figures": [
            (_("Active"), sum(one.active for one in found), ""),
            (_("Under threat, or planning harm"), sum(one.alarming for one in found), "overdue"),
            (_("At risk of loss"), sum(one.at_risk for one in found), "overdue"),
            (_("Visits late"), sum(one.late for one in found), "due"),
        ],
        "pages": {
            "number": number,
            "earlier": number - 1,
            "later": number + 1 if number * SIZE < len(found) else 0,
        },
        "is_manager": user.role == Role.MANAGER,
    }


def _page_number(asked: str | None, rows: int) -> int:
    last = max(1, -(-rows // SIZE))
    wanted = int(asked) if asked and asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return min(max(1, wanted), last)
