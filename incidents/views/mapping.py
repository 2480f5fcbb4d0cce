"""The map: its page with the table of the same numbers, the marks of a part, and their records."""

import json
import math
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire import periods
from ceasefire.look.numbers import number_text
from ceasefire.people.access import requires
from ceasefire.periods import Week
from ceasefire.places import outlines
from ceasefire.places.models import Place
from incidents.forms.mapping import MapFilter
from incidents.models import Incident
from incidents.services import mapping
from incidents.services.mapping import Area, Areas, Box
from incidents.views.picture import picture
from incidents.views.scope import places_of, sites_of

#: So many records are named when an area or a mark is chosen.
MOST_NAMED = 20
#: Lower ends of the shades, where the highest number asks for no more than these.
NICE = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)
SHADES = 5
#: The slider of weeks reaches back no further, whatever day was typed.
LONGEST = timedelta(days=366 * 40)


@requires("incidents.view_incident")
def incident_map(request: HttpRequest) -> HttpResponse:
    filters, incidents = _asked(request)
    areas = mapping.count_areas(incidents)
    known = _known_places(filters.listed, areas)
    table = _table(known, areas, {place.pk for place in filters.listed})
    digits = _digits(request.user)
    steps = shade_steps(
        max((row["area"].solid for row in table["rows"] if row["drawn"]), default=0)
    )
    shown = [
        place.pcode
        for place in known
        if place.level == Place.Level.GOVERNORATE and outlines.shapes(place.pcode)
    ]
    drawn = _drawn(table["rows"], steps, digits)
    for row in table["rows"]:
        row["list_url"] = _list_url(filters, area=row["place"].pcode)
    may_see_points = request.user.has_perm("incidents.view_point")
    response = render(
        request,
        "incidents/map.html",
        {
            "filters": filters,
            "chips": filters.chips(request.path),
            "table": table,
            "total": areas.sum("solid") + areas.sum("unverified"),
            "said": _say(areas.sum("solid"), areas.sum("unverified"), digits),
            "solid": areas.sum("solid"),
            "unverified": areas.sum("unverified"),
            "points": areas.sum("points") if may_see_points else 0,
            "sensitive": areas.sum("sensitive"),
            "undated": areas.sum("undated"),
            "may_see_points": may_see_points,
            "since": filters.cleaned_data.get("since"),
            "until": filters.cleaned_data.get("until"),
            "some_coarse": any(
                row["area"].total and row["place"].level == Place.Level.DISTRICT
                for row in table["rows"]
            ),
            "legend": _legend(steps, digits),
            "picture": picture(shown, drawn, label=_("Map of the areas in the table")),
            # In an attribute: htmx drops scripts from what it swaps, those that hold data too.
            "data": json.dumps(
                {"areas": drawn, "query": filters.query(), "weeks": _weeks(filters)},
                separators=(",", ":"),
            ),
            "list_url": _list_url(filters, status="counted")
            if not filters.cleaned_data.get("status")
            else "",
            "outlines": _outlines_url(shown),
            "tiles": settings.TILE_URL,
            "tile_credit": settings.TILE_CREDIT,
            "digits": digits,
        },
    )
    _allow_tiles(response)
    return response


def _outlines_url(pcodes: list[str]) -> str:
    """Where the browser gets the boundaries with one request; a single file it may keep."""
    if len(pcodes) == 1:
        return static(outlines.path_of(pcodes[0]))
    return reverse("incidents:map_outlines", args=["+".join(pcodes)]) if pcodes else ""


@requires("incidents.view_incident")
def map_outlines(request: HttpRequest, pcodes: str) -> HttpResponse:
    """The boundaries of several governorates at once; they are no secret."""
    found = [outlines.shapes(pcode) for pcode in sorted(set(pcodes.split("+")))]
    if not all(found):
        raise Http404
    return JsonResponse(found, safe=False, json_dumps_params={"separators": (",", ":")})


@requires("incidents.view_point")
def map_marks(request: HttpRequest) -> HttpResponse:
    """The points of a part of the map, gathered; never more than 500 marks."""
    filters, incidents = _asked(request)
    box = _box(request.GET.get("box", ""))
    try:
        wanted = int(request.GET.get("grid", ""))
    except ValueError:
        box = None
    if box is None:
        return HttpResponseBadRequest()
    exponent = mapping.cell_exponent(box, wanted)
    digits = _digits(request.user)
    return JsonResponse(
        {
            "grid": exponent,
            "marks": [
                [
                    mark.lat,
                    mark.lon,
                    f"{exponent}.{mark.x}.{mark.y}",
                    number_text(mark.total, digits) if mark.total > 1 else "",
                    _size(mark.total),
                    _firmness(mark.total, mark.solid, mark.about),
                    _say(mark.solid, mark.total - mark.solid, digits),
                ]
                for mark in mapping.marks(incidents, box, exponent)
            ],
        }
    )


@requires("incidents.view_incident")
def map_records(request: HttpRequest) -> HttpResponse:
    """The newest records of an area or of a mark, by code: the part beside the map."""
    filters, incidents = _asked(request)
    area, more_url = None, ""
    if request.GET.get("cell"):
        if not request.user.has_perm("incidents.view_point"):
            raise Http404
        incidents = incidents.filter(_cell(request.GET["cell"]))
    else:
        area = get_object_or_404(
            Place.objects.defer("geometry"), pcode=request.GET.get("area", "")[:40]
        )
        incidents = incidents.filter(mapping.counted_in(area))
        more_url = _list_url(filters, area=area.pcode)
    rows = list(
        incidents.select_related("place", "site")
        .only(
            "code",
            "type",
            "occurred_from",
            "time_precision",
            "time_of_day",
            "origin",
            "verification",
            "is_sensitive",
            "site__is_demo",
            "place__pcode",
            "place__name_en",
            "place__name_ar",
        )
        .order_by("-occurred_from", "-id")[: MOST_NAMED + 1]
    )
    total = incidents.count() if len(rows) > MOST_NAMED else len(rows)
    return render(
        request,
        "incidents/_map_records.html",
        {
            "area": area,
            "rows": rows[:MOST_NAMED],
            "total": total,
            "more": total > MOST_NAMED,
            "more_url": more_url,
        },
    )


# --- what is asked ------------------------------------------------------------------------------


def _asked(request: HttpRequest) -> tuple[MapFilter, "QuerySet[Incident]"]:
    """The filters, and the incidents of the person's sites that fit them and count."""
    sites = sites_of(request.user)
    listed = places_of(sites, "governorate", "district", "subdistrict")
    filters = MapFilter(request.GET, user=request.user, sites=sites, places=listed)
    filters.listed = listed
    filters.is_valid()
    visible = Incident.objects.visible_to(request.user).filter(
        site__in=[site.pk for site in filters.asked_sites()]
    )
    return filters, mapping.on_the_map(filters.narrow(visible))


def _box(text: str) -> Box | None:
    """West, south, east and north in degrees, or None where that is no part of the earth."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    if not all(map(math.isfinite, (west, south, east, north))):
        return None
    west, east = max(west, -180.0), min(east, 180.0)
    south, north = max(south, -90.0), min(north, 90.0)
    return Box(west, south, east, north) if west <= east and south <= north else None


def _cell(text: str) -> Q:
    try:
        exponent, x, y = (int(part) for part in text.split("."))
    except ValueError:
        raise Http404 from None
    if not mapping.COARSEST <= exponent <= mapping.FINEST or max(abs(x), abs(y)) > 1 << 22:
        raise Http404
    return mapping.in_cell(x, y, exponent)


# --- the table, which the map draws -------------------------------------------------------------


def _known_places(listed: list[Place], areas: Areas) -> list[Place]:
    """Districts, sub-districts and governorates of the sites and of what was counted."""
    keys = {place.governorate_id for place in listed}
    keys |= {area.place.governorate_id for area in areas.found.values()}
    return list(
        Place.objects.filter(
            governorate__in=sorted(key for key in keys if key),
            level__in=[Place.Level.GOVERNORATE, Place.Level.DISTRICT, Place.Level.SUBDISTRICT],
        )
        .filter(Q(valid_to__isnull=True) | Q(pk__in=sorted(areas.found)))
        .defer("geometry")
        .order_by("pcode")
    )


def _table(known: list[Place], areas: Areas, own: set[int]) -> dict[str, Any]:
    """Rows of areas under their districts; every counted incident stands in exactly one row."""
    rows: list[dict[str, Any]] = []
    groups: dict[int | None, dict[str, Any]] = {}
    left = dict(areas.found)
    names = {place.pk: place for place in known}
    for place in known:
        if place.level == Place.Level.GOVERNORATE:
            continue
        area = left.pop(place.pk, None)
        inside = place.pk in own
        is_district = place.level == Place.Level.DISTRICT
        if area is None and (is_district or not inside):
            continue
        row = _row(area or Area(place), inside, only=_("Known only to the district"))
        head = names.get(place.district_id or 0, place)
        group = groups.setdefault(head.pk, {"place": head, "rows": [], "last": []})
        group["last" if is_district else "rows"].append(row)
    for group in groups.values():
        group["rows"] += group.pop("last")
        rows += group["rows"]
    coarse = []
    for area in sorted(left.values(), key=lambda area: area.place.pcode):
        row = _row(area, area.place.pk in own, only="") | {"counted": True}
        coarse.append(row)
        rows.append(row)
    return {"groups": list(groups.values()), "coarse": coarse, "rows": rows}


def _row(area: Area, inside: bool, *, only: str) -> dict[str, Any]:
    drawn = area.place.level == Place.Level.SUBDISTRICT
    return {
        "area": area,
        "place": area.place,
        "name": area.place.name if drawn or not only else only,
        "drawn": drawn,
        "inside": inside,
    }


def shade_steps(most: int) -> list[int]:
    """The lowest number of each shade, at most five, for numbers up to `most`."""
    if most <= SHADES:
        return list(range(1, most + 1))
    steps = [1]
    for turn in range(1, SHADES):
        wanted = most ** (turn / SHADES)
        scale = 10 ** max(0, math.floor(math.log10(wanted)) - 2)
        nice = max(number for number in NICE if number * scale <= max(wanted, 1)) * scale
        if nice > steps[-1]:
            steps.append(nice)
    return steps


def _drawn(rows: list[dict[str, Any]], steps: list[int], digits: str) -> dict[str, dict[str, Any]]:
    """What the map shows of each area, by P-code, in words and digits of the reader."""
    found = {}
    for row in rows:
        area = row["area"]
        if not row["drawn"] and not area.total:
            continue
        shade = sum(1 for step in steps if area.solid >= step)
        text = number_text(area.solid, digits) if area.solid or not area.unverified else ""
        if area.unverified:
            # The unverified ones stand beside, with a plus.
            text = f"{text} +{number_text(area.unverified, digits)}".strip()
        found[area.place.pcode] = {
            "shade": "few" if area.unverified and not area.solid else str(shade),
            "text": text,
            "say": f"{area.place.name}: {_say(area.solid, area.unverified, digits)}",
        }
        if row["drawn"]:
            row["shade"] = found[area.place.pcode]["shade"]
        elif area.place.level == Place.Level.DISTRICT:
            row["shade"] = "coarse"
    return found


def _say(solid: int, unverified: int, digits: str) -> str:
    """The numbers of an area or a mark as a reader hears them."""
    parts = []
    if solid or not unverified:
        parts.append(
            ngettext("%(number)s incident", "%(number)s incidents", solid)
            % {"number": number_text(solid, digits)}
        )
    if unverified:
        parts.append(
            ngettext("%(number)s unverified", "%(number)s unverified", unverified)
            % {"number": number_text(unverified, digits)}
        )
    return _(", ").join(parts)


def _legend(steps: list[int], digits: str) -> list[tuple[str, str]]:
    """(shade, words) from none to most."""
    found = [("0", _("none"))]
    for at, step in enumerate(steps):
        first = number_text(step, digits)
        if at + 1 == len(steps):
            words = _("%(number)s and more") % {"number": first}
        elif steps[at + 1] == step + 1:
            words = first
        else:
            words = _("%(first)s to %(last)s") % {
                "first": first,
                "last": number_text(steps[at + 1] - 1, digits),
            }
        found.append((str(at + 1), words))
    return found


def _size(total: int) -> int:
    """How large a mark is: 0 for a single point, 1 to 4 with a number in it."""
    return max(1, min(4, int(math.log(total, 5)))) if total > 1 else 0


def _firmness(total: int, solid: int, about: bool) -> str:
    if not solid:
        return "few"
    if total == 1 and about:
        return "about"
    return "solid" if solid == total else "mixed"


def _weeks(filters: MapFilter) -> dict[str, Any]:
    """The span of the slider in weeks, from the first that was recorded to the last asked for."""
    sites = filters.asked_sites()
    prefetch_related_objects(sites, "coverage")
    today = periods.today()
    given = filters.cleaned_data
    since, until = given.get("since") or today, given.get("until") or today
    start = filters.week_start()
    earliest, latest = today - LONGEST, today + timedelta(days=366)
    first = Week.of(max(earliest, min(mapping.begins(sites) or since, since)), start).start
    last = Week.of(min(latest, max(today, until)), start).start
    asked = {name: given.get(name) for name in ("since", "until")}
    return {
        "first": first.isoformat(),
        "count": (last - first).days // 7 + 1,
        # As they were understood, in whatever digits and form they were typed.
        **{name: day.isoformat() if day else None for name, day in asked.items()},
    }


def _digits(user: Any) -> str:
    return "arabic" if str(user.digits or "").startswith("ar") else "western"


def _list_url(filters: MapFilter, **more: str) -> str:
    return f"{reverse('incidents:incident_list')}?{filters.query(**more)}"


def _allow_tiles(response: HttpResponse) -> None:
    """Let this page alone ask the one host that the setting names for pictures."""
    if settings.TILE_URL:
        host = urlsplit(settings.TILE_URL)
        response._csp_update = {  # type: ignore[attr-defined]
            "img-src": [f"{host.scheme}://{host.netloc}"]
        }
