"""Operations on shared ground: the document, oneself, places."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from ceasefire.api.answers import answer, one_record
from ceasefire.api.document import document
from ceasefire.api.operations import (
    Answer,
    Operation,
    Parameter,
    endpoint,
    invalid,
    known_shape,
    refuse_unknown,
)
from ceasefire.api.shapes import (
    DAY,
    DEGREES,
    FLAG,
    MOMENT,
    TEXT,
    Field,
    Shape,
    day,
    many,
    moment,
    one_of,
    or_null,
    page_of,
)
from ceasefire.look.paging import keyset_page
from ceasefire.people.roles import Role
from ceasefire.places import services
from ceasefire.places.models import Place

MOST_ROWS = 200
USUAL_ROWS = 50
CURSORS = (
    Parameter("after", TEXT, "The cursor `after` of a page: gives the page that follows."),
    Parameter("before", TEXT, "The cursor `before` of a page: gives the page that precedes."),
    Parameter(
        "size",
        {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS},
        "How many records a page holds.",
    ),
)
NOT_CHANGED = Answer("Not changed since the ETag of `If-None-Match`.", None, {"ETag": "As before."})
FOUND_HEADERS = {"ETag": "Changes when the record, as this person sees it, does."}
IF_NONE_MATCH = Parameter("If-None-Match", TEXT, "The ETag of an earlier answer.", "header")
ABSENT = Answer("There is no such record, or not for this person; the two answer alike.")


def asked_size(request: HttpRequest) -> int:
    """How many rows a page is to hold."""
    text = request.GET.get("size", str(USUAL_ROWS))
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= size <= MOST_ROWS:
        words = _("A number from 1 to %(most)d.") % {"most": MOST_ROWS}
        raise invalid({"size": [{"code": "invalid", "message": words}]})
    return size


# --- the document -------------------------------------------------------------------------------


def openapi(request: HttpRequest) -> HttpResponse:
    """The document itself; it holds codes and their labels, and no data."""
    made: HttpResponse = answer(document())
    return made


# --- oneself ------------------------------------------------------------------------------------

SITE = known_shape(
    Shape(
        "Site",
        (
            Field("code", TEXT),
            Field("name_en", TEXT),
            Field("name_ar", TEXT),
            Field("read_only", FLAG, description="An imported history, which takes no reports."),
        ),
    )
)
DEVICE = known_shape(
    Shape(
        "Device",
        (
            Field("code_name", TEXT, lambda device, _s: device.user.code_name),
            Field("role", one_of(Role.values), lambda device, _s: device.user.role),
            Field("language", one_of(["ar", "en"]), lambda device, _s: device.user.language),
            Field("device", TEXT, description="What its owner calls this device."),
            Field("scopes", many(one_of(["read", "write"]))),
            Field("expires_at", MOMENT, lambda device, _s: moment(device.expires_at)),
            Field(
                "sites",
                many(SITE.ref),
                lambda device, _s: [SITE.of(site) for site in device.user.sites.all()],
            ),
        ),
        "Whose device this is, and the sites it may log for.",
    )
)


def me(request: HttpRequest) -> HttpResponse:
    """Whose device asks."""
    made: HttpResponse = answer(DEVICE.of(request.device))  # type: ignore[attr-defined]
    return made


# --- places -------------------------------------------------------------------------------------


def _pcode(name: str) -> Any:
    def read(place: Place, _sight: Any) -> str | None:
        other = getattr(place, name)
        return other.pcode if other is not None else None

    return read


_PLACE_FIELDS = (
    Field("pcode", TEXT),
    Field("level", one_of(Place.Level.values)),
    Field("name_en", TEXT),
    Field("name_ar", TEXT),
    Field("parent", or_null(TEXT), _pcode("parent"), "P-code of the place around it."),
    Field("district", or_null(TEXT), _pcode("district")),
    Field("governorate", or_null(TEXT), _pcode("governorate")),
    Field("lat", or_null(DEGREES), description="A point inside the place, WGS 84."),
    Field("lon", or_null(DEGREES)),
    Field("valid_from", or_null(DAY), lambda place, _s: day(place.valid_from)),
    Field(
        "valid_to",
        or_null(DAY),
        lambda place, _s: day(place.valid_to),
        "The day from which it no longer stands; null where it does.",
    ),
)
PLACE = known_shape(Shape("Place", _PLACE_FIELDS))
PLACE_WHOLE = known_shape(
    Shape(
        "PlaceWhole",
        (
            *_PLACE_FIELDS,
            Field("alt_names", many(TEXT), description="Other spellings in use."),
            Field(
                "successors",
                many(TEXT),
                lambda place, _s: [other.pcode for other in place.successors.all()],
                "P-codes of what became of it.",
            ),
        ),
    )
)
PLACE_PARAMETERS = (
    Parameter("q", {**TEXT, "maxLength": 60}, "Searched in every spelling; best first, one page."),
    Parameter("level", one_of(Place.Level.values)),
    Parameter("parent", TEXT, "P-code of the place around."),
    *CURSORS,
)


def place_list(request: HttpRequest) -> HttpResponse:
    """Places that stand today, by P-code, or what a search finds."""
    refuse_unknown(request, [parameter.name for parameter in PLACE_PARAMETERS])
    size = asked_size(request)
    rows = (
        Place.objects.filter(valid_to__isnull=True)
        .select_related("parent", "district", "governorate")
        .defer("geometry", "parent__geometry", "district__geometry", "governorate__geometry")
    )
    level, parent = request.GET.get("level", ""), request.GET.get("parent", "")
    if level and level not in Place.Level.values:
        raise invalid({"level": [{"code": "invalid", "message": _("There is no such level.")}]})
    if level:
        rows = rows.filter(level=level)
    if parent:
        above = Place.objects.filter(pcode=parent[:40]).only("pk").first()
        if above is None:
            words = _("No such place is known.")
            raise invalid({"parent": [{"code": "unknown", "message": words}]})
        rows = rows.filter(parent=above)
    text = request.GET.get("q", "").strip()
    if len(text) > 60:
        words = _("At most %(most)d letters.") % {"most": 60}
        raise invalid({"q": [{"code": "max_length", "message": words}]})
    page: HttpResponse
    if text:
        found = services.search(text, within=rows, limit=size)
        page = answer({"items": [PLACE.of(row) for row in found], "after": None, "before": None})
        return page
    kept = keyset_page(
        rows,
        ordering=("pcode",),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=size,
    )
    page = answer(
        {"items": [PLACE.of(row) for row in kept], "after": kept.after, "before": kept.before}
    )
    return page


def place_one(request: HttpRequest, pcode: str) -> HttpResponse:
    """One place, also one that no longer stands."""
    rows = Place.objects.select_related("parent", "district", "governorate").defer(
        "geometry", "parent__geometry", "district__geometry", "governorate__geometry"
    )
    place = get_object_or_404(rows, pcode=pcode)
    made: HttpResponse = one_record(request, PLACE_WHOLE.of(place))
    return made


OPENAPI_VIEW = endpoint(
    Operation(
        "GET",
        "/openapi.json",
        "describe",
        "This document",
        "api.use_api",
        openapi,
        {200: Answer("The document.", {"type": "object", "required": ["openapi", "paths"]})},
    )
)
ME_VIEW = endpoint(
    Operation(
        "GET",
        "/me/",
        "me",
        "Whose device this is",
        "api.use_api",
        me,
        {200: Answer("The person, the device and its sites.", DEVICE.ref)},
    )
)
#: Its address takes another operation too, of whoever changes places (`oversight.place_api`).
LIST_PLACES = Operation(
    "GET",
    "/places/",
    "listPlaces",
    "Places, by P-code or by search",
    "places.view_place",
    place_list,
    {200: Answer("A page of places.", lambda: page_of(PLACE))},
    parameters=PLACE_PARAMETERS,
)
PLACE_VIEW = endpoint(
    Operation(
        "GET",
        "/places/{pcode}/",
        "onePlace",
        "One place",
        "places.view_place",
        place_one,
        {
            200: Answer("The place.", PLACE_WHOLE.ref, FOUND_HEADERS),
            304: NOT_CHANGED,
            404: ABSENT,
        },
        parameters=(Parameter("pcode", TEXT, "P-code", "path", required=True), IF_NONE_MATCH),
    )
)
