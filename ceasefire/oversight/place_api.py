"""The operation that adds a place: what the page for it asks, by the same form and service."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ceasefire.api.answers import asked_key, made_once, read_body
from ceasefire.api.exceptions import Refused
from ceasefire.api.operations import (
    Answer,
    Operation,
    check_types,
    endpoint,
    invalid,
    made_answers,
    once_key,
)
from ceasefire.api.shapes import TEXT, Schema, closed, many
from ceasefire.api.views import LIST_PLACES, PLACE_WHOLE
from ceasefire.oversight import place_services
from ceasefire.oversight.exceptions import CodeIsTaken
from ceasefire.oversight.forms import NeighbourhoodForm
from ceasefire.places.models import Place

EXAMPLE = {
    "parent": "IQG02Q02N02",
    "short": "ASHAR2",
    "name_en": "Ashar, east",
    "name_ar": "العشار الشرقي",
    "alt_names": ["Al Ashar East"],
}
_NAMES = ("name_en", "name_ar", "alt_names")


def place_schema() -> Schema:
    """What a new place is told by."""
    name: Schema = {**TEXT, "maxLength": 120}
    return closed(
        {
            "parent": {**TEXT, "description": "P-code of the sub-district around it."},
            "short": {**TEXT, "description": "The last part of its code, e.g. ASHAR."},
            "name_en": name,
            "name_ar": name,
            "alt_names": {**many(name, 30), "description": "Other spellings in use."},
        },
        required=("parent", "short", "name_en", "name_ar"),
    )


def place_add(request: HttpRequest) -> HttpResponse:
    """Add a neighbourhood once, however often it is sent.

    The code that it asks for is what makes it one: sent again with the same names it is answered as
    it stands, with other names it is refused, whatever key it comes under.
    """
    asked_key(request.headers.get("Idempotency-Key", ""))
    body = read_body(request)
    check_types(body, place_schema())
    found = _same(body)
    if found is not None:
        return _answered(request, found, replayed=True)
    form = NeighbourhoodForm({**body, "alt_names": "\n".join(body.get("alt_names", []))})
    if not form.is_valid():
        raise invalid(form.errors.get_json_data())
    facts = {name: value for name, value in form.cleaned_data.items() if name != "short"}
    try:
        place = place_services.add_neighbourhood(**facts, by=request.user)  # type: ignore[arg-type]
    except CodeIsTaken:
        # Somebody was quicker; the same place, if it was this very request.
        found = _same(body)
        if found is None:
            raise Refused(409, "code_taken", _("This code is taken.")) from None
        return _answered(request, found, replayed=True)
    return _answered(request, place, replayed=False)


def _same(body: Any) -> Place | None:
    """The place of this code, added by the program, whose names are those of the body."""
    code = f"{body['parent'].strip()}-{body['short'].strip().upper()}"
    if "\x00" in code:
        return None
    rows = Place.objects.select_related("parent", "district", "governorate").defer(
        "geometry", "parent__geometry", "district__geometry", "governorate__geometry"
    )
    place = rows.filter(pcode=code, source=place_services.ADDED).first()
    told = {"alt_names": [], **{name: body[name] for name in _NAMES if name in body}}
    if place is None or any(getattr(place, name) != told[name] for name in _NAMES):
        return None
    return place


def _answered(request: HttpRequest, place: Place, *, replayed: bool) -> HttpResponse:
    address = request.build_absolute_uri(reverse("api:place_one", args=[place.pcode]))
    made: HttpResponse = made_once(PLACE_WHOLE.of(place), address=address, replayed=replayed)
    return made


PLACES_VIEW = endpoint(
    LIST_PLACES,
    Operation(
        "POST",
        "/places/",
        "addPlace",
        "Add a neighbourhood",
        "places.change_place",
        place_add,
        {
            **made_answers("place", PLACE_WHOLE.ref, first="added"),
            409: Answer("The code was taken meanwhile, for a place of other names."),
        },
        scope="write",
        parameters=(once_key("place"),),
        body=place_schema,
        example=EXAMPLE,
    ),
)
