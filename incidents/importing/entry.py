"""A row as every format hands it over, and the places it may name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ceasefire.places import services as places
from ceasefire.places.models import Place
from ceasefire.text import search_key
from incidents.importing.problems import BadCell, Problem
from incidents.services import search
from incidents.services.facts import ActorFacts, SourceFacts

#: Degrees (some 25 km): so far outside the simplified outlines a point still counts as Iraq's edge.
NEAR_BORDER = 0.25


@dataclass
class Entry:
    """One row, read: the plain fields of an incident, its sources, and what the row said itself."""

    row: int
    origin_id: str
    facts: dict[str, Any]
    #: The facts that the file has columns for; a second import changes no others. None = all.
    given: frozenset[str] | None = None
    sources: list[SourceFacts] = field(default_factory=list)
    actors: list[ActorFacts] = field(default_factory=list)
    #: The outside row as it was, without names.
    original: dict[str, str] = field(default_factory=dict)
    #: Where it lies: (latitude, longitude), and the level of place that its precision allows.
    point: tuple[float, float] | None = None
    area: str = ""
    #: A governorate's name to check the point against, and the column it stood in.
    governorate: str = ""
    governorate_column: str = ""
    point_column: str = ""
    #: Grade and rule where the outside list's own grading counts, else worked out from the sources.
    grade: tuple[str, str] | None = None
    #: A grade that the table gives beside its sources.
    stated_grade: str = ""
    state: str = "accepted"
    #: Our code, where the row is one of our own export.
    code: str = ""
    site_code: str = ""
    #: Canonical cells by our column, for rows of our own table.
    cells: dict[str, str] = field(default_factory=dict)
    #: What a new record needs and this row has not.
    missing: list[Problem] = field(default_factory=list)
    content: str = ""
    #: The row says, or who sent it says of all, that it tells of a minor or of staff.
    sensitive: bool = False


#: Iraq with its coastal waters: south, north, west, east.
_IRAQ = (28.9, 37.5, 38.6, 49.2)


def outside_iraq(lat: float, lon: float) -> str:
    """Why a point cannot be in Iraq, as a problem's code: far away, or its two halves swapped."""
    south, north, west, east = _IRAQ
    if south <= lat <= north and west <= lon <= east:
        return ""
    if south <= lon <= north and west <= lat <= east:
        return "point_swapped"
    return "point_outside_iraq"


_ARTICLES = frozenset({"al", "el", "an", "ar", "as", "at", "az", "ash"})


def _bare(key: str) -> str:
    """A folded name without the article of its first word, in either script."""
    first, _, rest = key.partition(" ")
    if rest and first in _ARTICLES:
        return rest
    return key[2:] if key.startswith("ال") and len(first) > 4 else key


class Gazetteer:
    """Every place by key, P-code and name, read once for a file; no outlines but those cached."""

    def __init__(self) -> None:
        self.by_pk: dict[int, Place] = {}
        self.by_pcode: dict[str, Place] = {}
        self._by_name: dict[str, list[Place]] = {}
        #: The same without the article: Qibla for Al-Qibla.
        self._by_bare_name: dict[str, list[Place]] = {}
        self._tails: dict[int, str] = {}
        self._names: dict[int, list[str]] = {}
        rows = list(Place.objects.defer("geometry", "search_key").order_by("pcode"))
        for place in rows:
            self.by_pk[place.pk] = place
            self.by_pcode[place.pcode.upper()] = place
        for place in rows:
            # So that rules may follow them without a query each.
            for name in ("parent", "district", "governorate"):
                key = getattr(place, f"{name}_id")
                if key is not None:
                    setattr(place, name, self.by_pk[key])
            if place.valid_to is None:
                for name in {
                    search_key(n) for n in (place.name_en, place.name_ar, *place.alt_names)
                }:
                    self._by_name.setdefault(name, []).append(place)
                    bare = self._by_bare_name.setdefault(_bare(name), [])
                    if place not in bare:
                        bare.append(place)

    @property
    def iraq(self) -> Place:
        return self.by_pcode["IQ"]

    def named(self, text: str, within: Iterable[int] = ()) -> Place:
        """The place of a P-code or a name in any of its spellings.

        A name that several places have means the one in `within` (keys of a site's places and what
        they lie in), then the smallest area of a chain that lies inside one another is not guessed:
        it is refused as ambiguous.
        """
        found = self.by_pcode.get(text.strip().upper())
        if found is not None:
            return found
        key = search_key(text)
        named = self._by_name.get(key) or self._by_bare_name.get(_bare(key), [])
        if not named:
            raise BadCell("place_unknown")
        if len(named) > 1:
            known = set(within)
            near = [
                place
                for place in named
                if known & {place.pk, place.parent_id, place.district_id, place.governorate_id}
            ]
            named = near or named
        if len(named) > 1:
            raise BadCell("place_ambiguous")
        return named[0]

    def tail(self, place: Place) -> str:
        """The part of an incident's search key that its place makes."""
        known = self._tails.get(place.pk)
        if known is None:
            known = self._tails[place.pk] = search.place_key(place)
        return known

    def names(self, place: Place) -> list[str]:
        """The words by which a place may be asked for."""
        known = self._names.get(place.pk)
        if known is None:
            known = self._names[place.pk] = search.names_of(place)
        return known

    def locate(self, entries: Iterable[Entry]) -> tuple[list[Problem], list[Problem]]:
        """Give every entry with a point its place; what is wrong, and what is only remarkable."""
        problems: list[Problem] = []
        remarks: list[Problem] = []
        with_point = [entry for entry in entries if entry.point is not None]
        if not with_point:
            return problems, remarks
        found = places.locate_many([entry.point for entry in with_point if entry.point])
        for entry, (key, distance) in zip(with_point, found, strict=True):
            lat, lon = entry.point or (0.0, 0.0)
            written = f"{lat} {lon}"
            if entry.area == "country":
                entry.facts["place"] = self.iraq
                continue
            if key is None or distance > NEAR_BORDER:
                code = outside_iraq(lat, lon) or "point_outside_iraq"
                problems.append(Problem.of(entry.row, entry.point_column, code, written))
                continue
            if distance:
                remarks.append(Problem.of(entry.row, entry.point_column, "near_border", written))
            subdistrict = self.by_pk[key]
            if entry.area in ("district", "governorate"):
                entry.facts["place"] = getattr(subdistrict, entry.area)
            else:
                entry.facts["place"] = subdistrict
            said = entry.governorate
            if said and not same_governorate(said, subdistrict.governorate):
                remarks.append(
                    Problem.of(entry.row, entry.governorate_column, "governorate_differs", said)
                )
        return problems, remarks


#: How outside lists write the governorates, folded, where it is far from the names we have.
_GOVERNORATES = {
    "IQG01": "anbar",
    "IQG02": "basra basrah basrah busra",
    "IQG03": "muthanna muthanna mutanna",
    "IQG04": "najaf an-najaf",
    "IQG05": "qadisiyah qadisiya qadissiya qadisiyyah diwaniyah diwaniya",
    "IQG06": "sulaymaniyah sulaymaniya sulaimaniyah sulaimaniya slemani",
    "IQG07": "babil babylon",
    "IQG08": "baghdad",
    "IQG09": "dahuk duhok dihok dohuk",
    "IQG10": "diyala",
    "IQG11": "erbil arbil irbil hewler halabja",
    "IQG12": "karbala kerbala",
    "IQG13": "kirkuk tamim tameem",
    "IQG14": "maysan missan misan",
    "IQG15": "ninawa ninewa nineveh ninevah",
    "IQG16": "salahaldin salahaddin saladin salahuddin salahdin",
    "IQG17": "dhiqar thiqar",
    "IQG18": "wasit wassit",
}
_GOVERNORATE_WORDS = frozenset(
    {"province", "governorate", "muhafazat", "muhafazah", "muhafaza", "the", "محافظه"}
    | {"al", "an", "ar", "as", "at", "az", "ash"}
)
_known_governorates: dict[tuple[str, str], bool] = {}


def same_governorate(said: str, governorate: Place) -> bool:
    """Whether a list's name means this governorate, whatever its spelling."""
    asked = (said, governorate.pcode)
    if asked not in _known_governorates:
        if len(_known_governorates) > 10_000:
            _known_governorates.clear()
        _known_governorates[asked] = _same(said, governorate)
    return _known_governorates[asked]


def _same(said: str, governorate: Place) -> bool:
    words = [word for word in search_key(said).split() if word not in _GOVERNORATE_WORDS]
    name, joined = " ".join(words), "".join(words)
    ours = {
        search_key(n) for n in (governorate.name_en, governorate.name_ar, *governorate.alt_names)
    }
    ours |= {
        " ".join(word for word in key.split() if word not in _GOVERNORATE_WORDS) for key in ours
    }
    return name in ours or joined in _GOVERNORATES.get(governorate.pcode, "").split()
