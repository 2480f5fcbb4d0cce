"""Canvasses, community events, materials and group sessions: the list, a new one, one."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ceasefire import codes, vault
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.places.models import Site, Zone
from outreach.exceptions import InTheFuture, NotForThisPerson, OutreachRefusal, TooLongAgo
from outreach.forms.fieldwork import MOST_PRESENT, EventForm
from outreach.models import FieldEvent, Participant
from outreach.models.fieldwork import EVENT_NOTE
from outreach.services import caseload_reading, fieldwork
from outreach.views.doing import attempt
from outreach.views.scope import sites_of

LOG = "outreach.log_work"


@require_safe
@requires(LOG)
def event_list(request: HttpRequest) -> HttpResponse:
    """What was done at the person's sites, the newest first."""
    sites_of(request.user)
    sort = request.GET.get("sort", "")
    rows = (
        FieldEvent.objects.visible_to(request.user)
        .standing()
        .select_related("site", "zone", "place", "created_by")
    )
    if sort in FieldEvent.Sort.values:
        rows = rows.filter(sort=sort)
    page = keyset_page(
        rows.defer("place__geometry"),
        ordering=("-at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    tabs = [("", _("All")), *FieldEvent.Sort.choices]
    return render(
        request,
        "outreach/event_list.html",
        {
            "page": page,
            "tabs": [
                (label, f"?sort={name}" if name else "?", name == sort) for name, label in tabs
            ],
        },
    )


@requires(LOG)
def event_new(request: HttpRequest) -> HttpResponse:
    """First which sort, then its form."""
    user: Any = request.user
    sites = sites_of(user, writable=True)
    if not sites:
        raise PermissionDenied
    sort = request.POST.get("sort") or request.GET.get("sort") or ""
    site = _site(request, sites)
    if sort not in FieldEvent.Sort.values:
        return render(
            request,
            "outreach/event_sort.html",
            {"sorts": FieldEvent.Sort.choices, "sites": sites, "site": site},
        )
    form = EventForm(
        request.POST or None,
        sort=sort,
        site=site,
        zones=list(Zone.objects.filter(site=site, closed_on__isnull=True)),
        places=fieldwork.places_of(site),
        cases=_cases(user, site) if sort == FieldEvent.Sort.GROUP else [],
        by=user,
        initial={"incident": request.GET.get("incident", "")[:24]},
    )
    if request.method == "POST" and form.is_valid():
        try:
            event = fieldwork.record_event(by=user, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            late = isinstance(refusal, InTheFuture | TooLongAgo)
            form.add_error("at" if late else None, str(refusal))
        else:
            messages.success(request, _("Recorded."))
            return redirect("outreach:event_detail", event.code)
    return render(
        request,
        "outreach/event_new.html",
        {
            "form": form,
            "sort": sort,
            "sort_label": FieldEvent.Sort(sort).label,
            "site": site,
            "sites": sites,
        },
    )


def _site(request: HttpRequest, sites: list[Site]) -> Site:
    asked = request.POST.get("site") or request.GET.get("site")
    return next((site for site in sites if site.code == asked), sites[0])


def _cases(user: Any, site: Site) -> list[Participant]:
    """Who may have been at a session: one's own cases, those of the team or the site."""
    rows = Participant.objects.visible_to(user).on_caseload().filter(site=site)
    own = rows.filter(pk__in=caseload_reading.cases_of(user, user).values("pk"))
    return list((own if own.exists() else rows).order_by("code")[:MOST_PRESENT])


@require_safe
@requires(LOG)
def event_detail(request: HttpRequest, code: str) -> HttpResponse:
    event = _one(request, code)
    present, others = fieldwork.presences_for(event, request.user)
    came = list(event.attendance.all())
    return render(
        request,
        "outreach/event_detail.html",
        {
            "event": event,
            "note": vault.unseal(event, EVENT_NOTE, by=request.user)
            if fieldwork.may_read_note(event, request.user)
            else "",
            "incident": event.incident
            if event.incident and event.incident.is_visible_to(request.user)
            else None,
            "present": present,
            "others": others,
            "came": [
                (codes.label("sex", row.sex), codes.label("age_band", row.age_band), row.people)
                for row in came
            ],
            "may_take_back": event.created_by_id == request.user.pk and not event.taken_back_at,
        },
    )


@require_POST
@requires(LOG)
def event_take_back(request: HttpRequest, code: str) -> HttpResponse:
    event = _one(request, code)
    done = attempt(
        request,
        lambda: fieldwork.take_back_event(event, by=request.user),
        gettext_lazy("Taken back."),
    )
    return redirect(reverse("outreach:event_list") if done else event_address(event))


def event_address(event: FieldEvent) -> str:
    return reverse("outreach:event_detail", args=[event.code])


def _one(request: HttpRequest, code: str) -> FieldEvent:
    sites_of(request.user)
    rows = FieldEvent.objects.visible_to(request.user).select_related(
        "site", "zone", "place", "created_by", "incident__site"
    )
    return get_object_or_404(rows.defer("place__geometry"), code=code)
