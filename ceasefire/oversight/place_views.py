"""Places and sites: everybody of the program may look, the administrator may change."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire.look.paging import keyset_page
from ceasefire.oversight import place_services
from ceasefire.oversight.exceptions import CodeIsTaken, WeekIsFixed, ZoneIsClosed, ZoneIsOpen
from ceasefire.oversight.forms import (
    NamesForm,
    NeighbourhoodForm,
    NewSiteForm,
    NewZoneForm,
    SiteForm,
    ZoneForm,
)
from ceasefire.people.access import requires
from ceasefire.places.models import Place, Site, Zone
from ceasefire.places.services import search


@requires("places.view_place")
def place_list(request: HttpRequest) -> HttpResponse:
    """Places of a level, or what a search finds; Basrah governorate first."""
    text = request.GET.get("q", "").strip()
    parent = request.GET.get("parent", "").strip()
    above = Place.objects.defer("geometry").filter(pcode=parent or "IQG02").first()
    found = search(text, limit=50) if text else []
    page = None
    if not text and above is not None:
        page = keyset_page(
            Place.objects.defer("geometry").filter(parent=above, valid_to__isnull=True),
            ordering=("pcode",),
            after=request.GET.get("after"),
            before=request.GET.get("before"),
        )
    context = {"text": text, "above": above, "found": found, "page": page}
    return render(request, "oversight/place_list.html", context)


@requires("places.view_place")
def place_detail(request: HttpRequest, pcode: str) -> HttpResponse:
    """One place: names, what it belongs to, what lies in it; its names may be changed."""
    place = get_object_or_404(Place.objects.select_related("parent", "district"), pcode=pcode)
    may_change = request.user.has_perm("places.change_place")
    form = None
    if may_change:
        form = NamesForm(
            request.POST or None,
            initial={
                "name_en": place.name_en,
                "name_ar": place.name_ar,
                "alt_names": "\n".join(place.alt_names),
            },
        )
        if request.method == "POST" and form.is_valid():
            place_services.rename_place(place, **form.cleaned_data, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("oversight:place_detail", place.pcode)
    elif request.method == "POST":
        raise PermissionDenied
    parts = Place.objects.defer("geometry").filter(parent=place, valid_to__isnull=True)[:100]
    return render(
        request,
        "oversight/place_detail.html",
        {"place": place, "form": form, "parts": parts, "successors": place.successors.all()},
    )


@requires("places.change_place")
def place_new(request: HttpRequest) -> HttpResponse:
    """Add a neighbourhood that people name and the boundary set does not know."""
    form = NeighbourhoodForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = {k: v for k, v in form.cleaned_data.items() if k != "short"}
        try:
            place = place_services.add_neighbourhood(**facts, by=request.user)
        except CodeIsTaken:
            form.add_error("short", _("This code is taken."))
        else:
            messages.success(request, _("Added."))
            return redirect("oversight:place_detail", place.pcode)
    return render(request, "oversight/place_new.html", {"form": form})


@requires("places.change_place")
def site_list(request: HttpRequest) -> HttpResponse:
    """The program's sites."""
    sites = Site.objects.prefetch_related("places", "coverage", "zones")
    return render(request, "oversight/site_list.html", {"sites": sites})


@requires("places.change_place")
def site_new(request: HttpRequest) -> HttpResponse:
    """Set up a site: its code, its districts, and the day from which it records."""
    form = NewSiteForm(request.POST or None, initial={"week_start": 6})
    if request.method == "POST" and form.is_valid():
        site = place_services.add_site(**form.cleaned_data, by=request.user)
        messages.success(request, _("Added. Give its staff this site on their pages."))
        return redirect("oversight:site_detail", site.code)
    return render(request, "oversight/site_new.html", {"form": form})


@requires("places.change_place")
def site_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One site: its week, its reports, its coverage."""
    site = get_object_or_404(
        Site.objects.prefetch_related("places", "coverage", "zones__places"), code=code
    )
    form = SiteForm(
        request.POST or None,
        initial={
            "name_en": site.name_en,
            "name_ar": site.name_ar,
            "week_start": site.week_start,
            "reporting_since": site.reporting_since,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            place_services.change_site(site, **form.cleaned_data, by=request.user)
        except WeekIsFixed:
            form.add_error(
                "week_start", _("Reports of this site were made. Its week keeps its first day.")
            )
        else:
            messages.success(request, _("Saved."))
            return redirect("oversight:site_detail", site.code)
    return render(request, "oversight/site_detail.html", {"site": site, "form": form})


def _zone(code: str, zone: str) -> Zone:
    found: Zone = get_object_or_404(Zone.objects.select_related("site"), site__code=code, code=zone)
    return found


@requires("places.change_place")
def zone_new(request: HttpRequest, code: str) -> HttpResponse:
    """Add a beat to a site."""
    site = get_object_or_404(Site, code=code)
    form = NewZoneForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        try:
            place_services.add_zone(site, **form.cleaned_data, by=request.user)
        except CodeIsTaken:
            form.add_error("code", _("This code is taken."))
        else:
            messages.success(request, _("Added."))
            return redirect("oversight:site_detail", site.code)
    return render(request, "oversight/zone_new.html", {"form": form, "site": site})


@requires("places.change_place")
def zone_detail(request: HttpRequest, code: str, zone: str) -> HttpResponse:
    """One zone: its names and places may be changed while it is in use."""
    found = _zone(code, zone)
    form = ZoneForm(
        request.POST or None,
        site=found.site,
        initial={
            "name_en": found.name_en,
            "name_ar": found.name_ar,
            "places": list(found.places.values_list("pcode", flat=True)),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            place_services.change_zone(found, **form.cleaned_data, by=request.user)
        except ZoneIsClosed:
            messages.error(request, _("This zone is closed. Open it again to change it."))
        else:
            messages.success(request, _("Saved."))
        return redirect("oversight:zone_detail", code, zone)
    return render(
        request,
        "oversight/zone_detail.html",
        {"zone": found, "site": found.site, "form": form, "places": found.places.all()},
    )


@require_POST
@requires("places.change_place")
def zone_close(request: HttpRequest, code: str, zone: str) -> HttpResponse:
    """Close a zone; it stays for the records that name it, and may be opened again."""
    try:
        place_services.close_zone(_zone(code, zone), by=request.user)
    except ZoneIsClosed:
        messages.info(request, _("This zone is closed already."))
    else:
        messages.success(request, _("Closed. It can be opened again."))
    return redirect("oversight:zone_detail", code, zone)


@require_POST
@requires("places.change_place")
def zone_open(request: HttpRequest, code: str, zone: str) -> HttpResponse:
    """Use a closed zone again."""
    try:
        place_services.open_zone(_zone(code, zone), by=request.user)
    except ZoneIsOpen:
        messages.info(request, _("This zone is in use."))
    else:
        messages.success(request, _("Opened again."))
    return redirect("oversight:zone_detail", code, zone)
