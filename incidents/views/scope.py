"""What every page of incidents asks first: the one incident, the sites, the places to offer."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, prefetch_related_objects
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from ceasefire.places.models import Place, Site
from incidents.models import Incident

#: How many places are offered as chips.
CHIPS = 6
#: What belongs to the page of a list and not to the list.
CURSORS = ("after", "before", "all")


def one(request: HttpRequest, code: str) -> Incident:
    """The incident of an address, or 404, the same for absent and for not to be seen."""
    sites_of(request.user)  # once for the scope, the verbs and the page's head
    return get_object_or_404(
        Incident.objects.visible_to(request.user)
        .select_related(
            "site", "place", "place__parent", "district", "reporter", "duplicate_of", "updated_by"
        )
        .defer("place__geometry", "place__parent__geometry", "district__geometry"),
        code=code,
    )


def sites_of(user: Any, *, writable: bool = False) -> list[Site]:
    """The person's sites, those that take new incidents only where asked; read once a request."""
    prefetch_related_objects([user], "sites")
    return [site for site in user.sites.all() if not (writable and site.read_only)]


def places_of(sites: list[Site], *levels: str) -> list[Place]:
    """The places of sites with all below them, in the order of their P-codes."""
    ids = [site.pk for site in sites]
    if not ids:
        return []
    # Two short questions: one with a join on the sites would read the whole of Iraq.
    keys = list(Site.places.through.objects.filter(site__in=ids).values_list("place_id", flat=True))
    found = Place.objects.filter(
        Q(pk__in=keys) | Q(district__in=keys) | Q(governorate__in=keys), valid_to__isnull=True
    )
    if levels:
        found = found.filter(level__in=levels)
    return list(
        found.select_related("parent").defer("geometry", "parent__geometry").order_by("pcode")
    )


def recent_places(user: Any, sites: list[Site], listed: list[Place]) -> list[Place]:
    """Where this person, then the site, lately logged something; else the first of the list."""
    ids = [site.pk for site in sites]
    rows = Incident.objects.visible_to(user).filter(site__in=ids).order_by("-occurred_from")
    mine = rows.filter(reporter=user).values_list("place_id", flat=True)[:40]
    wanted = list(dict.fromkeys(mine))
    if len(wanted) < CHIPS:
        wanted = list(dict.fromkeys([*wanted, *rows.values_list("place_id", flat=True)[:60]]))
    known = {place.pk: place for place in listed}
    near = [known[key] for key in wanted if key in known][:CHIPS]
    for place in listed:
        if len(near) >= CHIPS:
            break
        if place not in near and place.level == Place.Level.NEIGHBOURHOOD:
            near.append(place)
    return near


def plain_query(data: Any) -> str:
    """The query of a list without its cursors, for going back to it and for keeping it."""
    return urlencode(
        [(key, one) for key, many in data.lists() for one in many if key not in CURSORS and one]
    )
