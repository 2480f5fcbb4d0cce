"""A file for research in the columns that ACLED publishes, and the codebook that goes with it.

Types by the code lists' crosswalk. What is sensitive, not settled or not known well enough stays
out; a place is never given finer than it is known, and an area is its centre with the precision
that says so. No summary, no named group, no name of a source, no person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.codes.models import Code
from ceasefire.exports import Column
from ceasefire.places.models import Place
from incidents.models import Incident

#: Sub-event type -> (event type, disorder type), as in ACLED's codebook.
EVENTS: dict[str, tuple[str, str]] = {
    "Attack": ("Violence against civilians", "Political violence"),
    "Abduction/forced disappearance": ("Violence against civilians", "Political violence"),
    "Sexual violence": ("Violence against civilians", "Political violence"),
    "Armed clash": ("Battles", "Political violence"),
    "Grenade": ("Explosions/Remote violence", "Political violence"),
    "Suicide bomb": ("Explosions/Remote violence", "Political violence"),
    "Remote explosive/landmine/IED": ("Explosions/Remote violence", "Political violence"),
    "Shelling/artillery/missile attack": ("Explosions/Remote violence", "Political violence"),
    "Excessive force against protesters": ("Protests", "Political violence; Demonstrations"),
    "Looting/property destruction": ("Strategic developments", "Strategic developments"),
    "Arrests": ("Strategic developments", "Strategic developments"),
}
#: Kind of perpetrator -> what stands for it, without a name, and ACLED's kind of actor.
ACTORS: dict[str, tuple[str, str]] = {
    "state": ("State Security Forces (Iraq)", "State forces"),
    "party_militia": ("Party Militia (Iraq)", "Political militia"),
    "breakaway": ("Breakaway Militia (Iraq)", "Political militia"),
    "tribal": ("Tribal Militia (Iraq)", "Identity militia"),
    "criminal": ("Criminal Gang (Iraq)", "Political militia"),
    "family": ("Family Member (Iraq)", "Civilians"),
    "foreign": ("Foreign Forces", "External/Other forces"),
    "lone": ("Sole Perpetrator (Iraq)", "Political militia"),
    "unknown": ("Unidentified Armed Group (Iraq)", "Political militia"),
}
CIVILIANS = ("Civilians (Iraq)", "Civilians")
PROTESTERS = ("Protesters (Iraq)", "Protesters")
#: Decimals of a point: some 100 m where the exact place is known, 1 km for a neighbourhood.
DECIMALS = {1: 3, 2: 2}
_LEVELS = {3: "subdistrict", 4: "district", 5: "governorate"}
_ACLED_PRECISION = {"neighbourhood": 1, "subdistrict": 2, "district": 2, "governorate": 3}


@dataclass(slots=True)
class Spot:
    """A place as the file gives it."""

    admin1: str
    admin2: str
    admin3: str
    location: str
    lat: float | None
    lon: float | None
    precision: int


class Spots:
    """Every place with what it lies in, read once for a file."""

    def __init__(self) -> None:
        self._places = {
            place.pk: place
            for place in Place.objects.only(
                "id", "level", "name_en", "lat", "lon", "parent", "district", "governorate"
            )
        }
        self._known: dict[tuple[int, int], Spot | None] = {}

    def of(self, place_id: int, geo_precision: int) -> Spot | None:
        """The area that a precision allows to name; None where it is only the country."""
        asked = (place_id, geo_precision)
        if asked not in self._known:
            self._known[asked] = self._spot(*asked)
        return self._known[asked]

    def _spot(self, place_id: int, geo_precision: int) -> Spot | None:
        chain: dict[str, Place] = {}
        place = self._places.get(place_id)
        while place is not None:
            chain[place.level] = place
            place = self._places.get(place.parent_id or 0)
        levels = ["neighbourhood", "subdistrict", "district", "governorate"]
        if geo_precision > 2:
            levels = levels[levels.index(_LEVELS[geo_precision]) :]
        known = [level for level in levels if level in chain]
        if not known:
            return None
        at = next((level for level in known if chain[level].lat is not None), known[0])
        area = chain[at]
        return Spot(
            *(
                chain[level].name_en if level in known else ""
                for level in ("governorate", "district", "subdistrict")
            ),
            location=chain[known[0]].name_en,
            lat=None if area.lat is None else round(area.lat, 4),
            lon=None if area.lon is None else round(area.lon, 4),
            precision=_ACLED_PRECISION[at],
        )


def crosswalk() -> dict[str, str]:
    """Our types that have a sub-event type of ACLED."""
    return {
        code: walk["acled"]
        for code, walk in Code.objects.filter(list="incident_type").values_list("code", "crosswalk")
        if (walk or {}).get("acled") in EVENTS
    }


def fit(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Of these, the incidents that may and can go into the file."""
    return (
        incidents.filter(
            is_sensitive=False,
            staff_involved=False,
            workflow_state__in=Incident.COUNTED_STATES,
            time_precision__lte=3,
            type__in=crosswalk(),
        )
        .exclude(verification=Incident.Verification.REFUTED)
        .exclude(sharing__in=("team", "aggregate"))
        .exclude(place__level=Place.Level.COUNTRY)
    )


@dataclass(slots=True)
class Event:
    """A row of the file."""

    incident: Incident
    spot: Spot
    sub_event: str
    day: date
    sides: tuple[tuple[str, str], tuple[str, str]]

    @property
    def event_type(self) -> str:
        return EVENTS[self.sub_event][0]

    @property
    def has_point(self) -> bool:
        return self.incident.may_show_point

    @property
    def fatalities(self) -> int | None:
        return None if self.incident.killed_unknown else self.incident.killed_best


def rows(incidents: QuerySet[Incident]) -> Iterator[Event]:
    """The events, oldest first."""
    walk, spots = crosswalk(), Spots()
    found = (
        fit(incidents)
        .select_related(None)
        .prefetch_related(None)
        .defer(None)
        .only(
            *("id", "code", "origin", "origin_id", "type", "occurred_on", "time_precision"),
            *("place_id", "geo_precision", "lat", "lon", "killed_best", "killed_unknown"),
            *("updated_at", "occurred_from"),
        )
        .prefetch_related("actors", "sources")
        .order_by("occurred_from", "id")
    )
    for incident in found.iterator(chunk_size=2000):
        spot = spots.of(incident.place_id, incident.geo_precision)
        if spot is None:
            continue
        sub_event = walk[incident.type]
        yield Event(incident, spot, sub_event, _day(incident), _sides(incident, sub_event))


def _day(incident: Incident) -> date:
    """The day as it is known: of a month, its middle, as ACLED has it."""
    day: date = incident.occurred_on
    return day.replace(day=15) if incident.time_precision == 3 else day


def _sides(incident: Incident, sub_event: str) -> tuple[tuple[str, str], tuple[str, str]]:
    actors = [ACTORS.get(one.category, ACTORS["unknown"]) for one in incident.actors.all()]
    first = actors[0] if actors else ACTORS["unknown"]
    if sub_event == "Armed clash":
        return first, actors[1] if len(actors) > 1 else ACTORS["unknown"]
    if sub_event == "Excessive force against protesters":
        return PROTESTERS, actors[0] if actors else ACTORS["state"]
    return first, CIVILIANS


def _id(event: Event) -> str:
    incident = event.incident
    return incident.origin_id if incident.origin == "acled" else incident.code


def _coordinate(axis: str) -> Any:
    def read(event: Event) -> float | None:
        if event.has_point:
            return round(getattr(event.incident, axis), DECIMALS[event.incident.geo_precision])
        value: float | None = getattr(event.spot, axis)
        return value

    return read


def _targeted(event: Event) -> str:
    civil = event.sides[1] == CIVILIANS or event.sides[0] == PROTESTERS
    return "Civilian targeting" if civil and event.event_type != "Strategic developments" else ""


def _kinds(event: Event) -> str:
    """Kinds of the sources, never their names."""
    return "; ".join(
        codes.label("source_kind", source.kind, "en") for source in event.incident.sources.all()
    )


def _nothing(_event: Event) -> str:
    return ""


#: The columns of ACLED's export in its order: name, kind, value, HXL tag, meaning.
COLUMNS: tuple[Column, ...] = tuple(
    Column(key, key, kind, value, tag=tag, meaning=meaning, places=4)  # type: ignore[arg-type]
    for key, kind, value, tag, meaning in (
        ("event_id_cnty", "code", _id, "#event+id", _("Number of the event: our code.")),
        ("event_date", "date", "day", "#date+occurred", _("Day, as exact as time_precision says.")),
        ("year", "int", "day.year", "#date+year", _("Year of the day.")),
        (
            "time_precision", "int", "incident.time_precision", "#date+occurred+precision",
            _("1 the day; 2 the week, of which the first day stands here; 3 the month, its 15th."),
        ),
        (
            "disorder_type", "text", lambda e: EVENTS[e.sub_event][1], "#event+disorder",
            _("Kind of disorder, by the sub-event type."),
        ),
        ("event_type", "text", "event_type", "#event+type", _("By the sub-event type.")),
        ("sub_event_type", "text", "sub_event", "#event+type+sub", _("By our type; see below.")),
        ("actor1", "text", lambda e: e.sides[0][0], "#group+actor1",
         _("Kind of the perpetrator or first side, never a named group.")),
        ("assoc_actor_1", "text", _nothing, "#group+actor1+associated", _("Left empty.")),
        ("inter1", "text", lambda e: e.sides[0][1], "#group+actor1+type", _("Kind of actor1.")),
        ("actor2", "text", lambda e: e.sides[1][0], "#group+actor2",
         _("Civilians, or the other side of a clash.")),
        ("assoc_actor_2", "text", _nothing, "#group+actor2+associated", _("Left empty.")),
        ("inter2", "text", lambda e: e.sides[1][1], "#group+actor2+type", _("Kind of actor2.")),
        ("interaction", "text", lambda e: f"{e.sides[0][1]}-{e.sides[1][1]}",
         "#group+interaction", _("Both kinds of actors.")),
        ("civilian_targeting", "text", _targeted, "#event+civilian_targeting",
         _("“Civilian targeting” where civilians were the main target.")),
        ("iso", "int", lambda _e: 368, "#country+code+v_iso_n3", _("Iraq in ISO 3166.")),
        ("region", "text", lambda _e: "Middle East", "#region+name", _("Region of the world.")),
        ("country", "text", lambda _e: "Iraq", "#country+name", _("Country.")),
        ("admin1", "text", "spot.admin1", "#adm1+name", _("Governorate.")),
        ("admin2", "text", "spot.admin2", "#adm2+name", _("District, where it is known.")),
        ("admin3", "text", "spot.admin3", "#adm3+name", _("Sub-district, where it is known.")),
        ("location", "text", "spot.location", "#loc+name", _("Smallest place that is known.")),
        ("latitude", "decimal", _coordinate("lat"), "#geo+lat",
         _("Rounded to 100 m, for a neighbourhood 1 km; else the centre of the area.")),
        ("longitude", "decimal", _coordinate("lon"), "#geo+lon", _("As latitude.")),
        ("geo_precision", "int", lambda e: 1 if e.has_point else e.spot.precision,
         "#geo+precision",
         _("1 the place or neighbourhood; 2 the sub-district or district; 3 the governorate.")),
        ("source", "text", _kinds, "#meta+source", _("Kinds of sources, never their names.")),
        ("source_scale", "text", lambda _e: "Local partner-Other", "#meta+source+scale",
         _("Always the same: the program's own reporting.")),
        ("notes", "text", _nothing, "#description", _("Left empty: summaries do not leave.")),
        ("fatalities", "int", "fatalities", "#affected+killed",
         _("Killed, best figure. Empty where it is not known: that is not zero.")),
        ("tags", "text", _nothing, "#meta+tags", _("Left empty.")),
        ("timestamp", "int", lambda e: int(e.incident.updated_at.timestamp()),
         "#date+updated+v_unix", _("Last change of the record, in seconds since 1970.")),
    )
)  # fmt: skip


CODEBOOK: tuple[Column, ...] = (
    Column("part", _("Part"), width=22),
    Column("name", _("Name"), width=30),
    Column("meaning", _("Meaning"), width=80),
)


def codebook_rows() -> list[dict[str, str]]:
    """What each column means, how types and precision are mapped, and what is left out."""
    walk = crosswalk()
    lines: list[tuple[Any, str, Any]] = [
        (_("Column"), column.key, column.meaning) for column in COLUMNS
    ]
    for code, label in codes.choices("incident_type", retired=True):
        sub_event = walk.get(code)
        said = (
            f"{EVENTS[sub_event][0]} / {sub_event}" if sub_event else _("Left out: no such type.")
        )
        lines.append((_("Our type"), f"{code} {label}", said))
    for code, label in codes.choices("actor_category", retired=True):
        lines.append((_("Our kind of perpetrator"), label, " / ".join(ACTORS[code])))
    for number, said in (
        ("1", _("the point, rounded to 0.001 degrees; geo_precision 1")),
        ("2", _("the point, rounded to 0.01 degrees, or the middle of the neighbourhood; 1")),
        ("3", _("the middle of the sub-district; geo_precision 2")),
        ("4", _("the middle of the district; geo_precision 2")),
        ("5", _("the middle of the governorate; geo_precision 3")),
    ):
        label = codes.label("geo_precision", number)
        lines.append((_("Our precision of the place"), f"{number} {label}", said))
    for said in (
        _("Sexual violence, minors and incidents with program staff"),
        _("Drafts, returned and withdrawn records, duplicates, refuted ones"),
        _("Records that only a team may see"),
        _("Records whose day is not known to the month, or whose place is only the country"),
        _("Summaries, named groups, sources' names and words, everything about single persons"),
    ):
        lines.append((_("Left out"), "", said))
    lines.append(
        (_("Terms"), "", _("Events that were read in from ACLED or UCDP stay under their terms."))
    )
    return [
        {"part": str(part), "name": str(name), "meaning": str(meaning)}
        for part, name, meaning in lines
    ]
