"""Finding places: the sub-district under a point, and places by what somebody typed."""

import json
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from ceasefire.text import latin_key, search_key

BOUNDARIES = "Iraq CSO / OCHA COD, 2019-06-03, CC BY 3.0 IGO"
DATA = Path(__file__).with_name("data")
#: Level, file, and the level above it, in the order of loading.
FILES = (
    ("governorate", "iraq_adm1.geojson"),
    ("district", "iraq_adm2.geojson"),
    ("subdistrict", "iraq_adm3.geojson"),
)
#: Spellings people use that the boundary set does not have.
ALTERNATIVES: dict[str, list[str]] = {
    "IQG02": ["Basra", "Basrah", "البصرة", "بصرة"],
    "IQG02Q01": ["Abu al-Khasib", "Abul Khasib", "أبو الخصيب", "أبي الخصيب"],
    "IQG02Q02": ["Basra", "Basrah City", "البصرة"],
    "IQG02Q02N01": ["Hartha", "الهارثة"],
    "IQG02Q02N02": ["Basra centre", "Markaz al-Basrah", "مركز البصرة"],
    "IQG02Q03": ["Fao", "Al-Faw", "الفاو"],
    "IQG02Q04": ["Al-Madina", "Mdaina", "المدينة", "المدينه"],
    "IQG02Q04N01": ["Izz ad-Din Salim", "عز الدين سليم"],
    "IQG02Q04N03": ["As-Sadiq", "الصادق"],
    "IQG02Q05": ["Qurna", "Qurnah", "القرنة"],
    "IQG02Q05N02": ["Al-Imam Al-Qaim", "الإمام القائم"],
    "IQG02Q06": ["Zubair", "Zubayr", "Az Zubayr", "الزبير"],
    "IQG02Q06N02": ["Safwan", "سفوان"],
    "IQG02Q06N03": ["Umm Qasr", "أم قصر"],
    "IQG02Q07": ["Shatt al-Arab", "شط العرب"],
}
#: Neighbourhoods of Basrah without geometry: own code, English, Arabic, parent sub-district.
NEIGHBOURHOODS = (
    ("ASHAR", "Al-Ashar", "العشار", "IQG02Q02N02"),
    ("MAQAL", "Al-Maqal", "المعقل", "IQG02Q02N02"),
    ("JUMHURIYA", "Al-Jumhuriya", "الجمهورية", "IQG02Q02N02"),
    ("HAYANIYA", "Al-Hayaniya", "الحيانية", "IQG02Q02N02"),
    ("QIBLA", "Al-Qibla", "القبلة", "IQG02Q02N02"),
    ("JUBAILA", "Al-Jubaila", "الجبيلة", "IQG02Q02N02"),
    ("JUNAINA", "Al-Junaina", "الجنينة", "IQG02Q02N02"),
    ("BARADHIYA", "Al-Baradhiya", "البراضعية", "IQG02Q02N02"),
    ("ABBASIYA", "Al-Abbasiya", "العباسية", "IQG02Q02N02"),
    ("MANAWI", "Manawi Basha", "مناوي باشا", "IQG02Q02N02"),
    ("TUWAISA", "Al-Tuwaisa", "الطويسة", "IQG02Q02N02"),
    ("BRIHA", "Briha", "بريهة", "IQG02Q02N02"),
    ("HAKIMIYA", "Al-Hakimiya", "الحاكمية", "IQG02Q02N02"),
    ("ASMAI", "Al-Asmai", "الأصمعي", "IQG02Q02N02"),
    ("HUSSEIN", "Al-Hussein", "الحسين", "IQG02Q02N02"),
    ("KHALIJ", "Al-Khalij", "الخليج", "IQG02Q02N02"),
    ("ANDALUS", "Al-Andalus", "الأندلس", "IQG02Q02N02"),
    ("NAJIBIYA", "Al-Najibiya", "النجيبية", "IQG02Q02N02"),
    ("QARMAT", "Qarmat Ali", "كرمة علي", "IQG02Q02N02"),
    ("TANNUMA", "Tannuma", "التنومة", "IQG02Q07N02"),
    ("MUWAFAQIYA", "Al-Muwafaqiya", "الموفقية", "IQG02Q02N02"),
    ("QASIM", "Al-Qasim", "القاسم", "IQG02Q02N02"),
)


def names_key(pcode: str, names: Iterable[str]) -> str:
    """Every spelling of a place, normalised, one string for the trigram index."""
    keys: list[str] = [pcode.lower()]
    for name in names:
        for key in (search_key(name), latin_key(name)):
            if key and key not in keys:
                keys.append(key)
    return " | ".join(keys)


def load_boundaries(place_model: Any) -> int:
    """Write Iraq's boundaries at levels 1 to 3 and the known neighbourhoods of Basrah.

    Takes the model so that a migration may pass its historical one. Skips P-codes that are there.
    Returns how many places were made.
    """
    from shapely.geometry import shape

    here = {p.pcode: p for p in place_model.objects.defer("geometry")}
    before = len(here)
    if "IQ" not in here:
        here["IQ"] = place_model.objects.create(
            pcode="IQ",
            level="country",
            name_en="Iraq",
            name_ar="العراق",
            search_key=names_key("IQ", ["Iraq", "العراق"]),
            lat=33.0,
            lon=44.0,
            source=BOUNDARIES,
        )
    for level, file in FILES:
        fresh = []
        for feature in json.loads((DATA / file).read_text(encoding="utf-8"))["features"]:
            facts = feature["properties"]
            pcode = facts["pcode"]
            if pcode in here:
                continue
            outline = shape(feature["geometry"])
            west, south, east, north = outline.bounds
            inside = outline.representative_point()
            parent = here[facts["parent"]]
            other = ALTERNATIVES.get(pcode, [])
            place = place_model(
                pcode=pcode,
                level=level,
                parent=parent,
                name_en=facts["name_en"],
                name_ar=facts["name_ar"],
                alt_names=other,
                search_key=names_key(pcode, [facts["name_en"], facts["name_ar"], *other]),
                geometry=feature["geometry"],
                lat=round(inside.y, 5),
                lon=round(inside.x, 5),
                west=west,
                south=south,
                east=east,
                north=north,
                valid_from=date.fromisoformat(facts["valid_on"]),
                source=BOUNDARIES,
            )
            if level == "subdistrict":
                place.district, place.governorate = parent, parent.parent
            elif level == "district":
                place.governorate = parent
            fresh.append(place)
        place_model.objects.bulk_create(fresh)
        here.update({p.pcode: p for p in fresh})
    towns = []
    for short, name_en, name_ar, parent_code in NEIGHBOURHOODS:
        pcode, parent = f"{parent_code}-{short}", here[parent_code]
        if pcode not in here:
            towns.append(
                place_model(
                    pcode=pcode,
                    level="neighbourhood",
                    parent=parent,
                    name_en=name_en,
                    name_ar=name_ar,
                    search_key=names_key(pcode, [name_en, name_ar]),
                    district=parent.district,
                    governorate=parent.governorate,
                    source="Names known in Basrah; no boundary",
                )
            )
    place_model.objects.bulk_create(towns)
    here.update({p.pcode: p for p in towns})
    for level in ("district", "governorate"):
        own = [p for p in here.values() if p.level == level]
        for place in own:
            setattr(place, level, place)
        place_model.objects.bulk_update(own, [level])
    return len(here) - before


@lru_cache(maxsize=1)
def _outlines() -> tuple[Any, list[int]]:
    """The sub-districts as a search tree, read once a process: boundaries change by release."""
    from shapely import STRtree
    from shapely.geometry import shape

    from ceasefire.places.models import Place

    rows = list(
        Place.objects.filter(
            level=Place.Level.SUBDISTRICT, geometry__isnull=False, valid_to__isnull=True
        )
        .order_by("pcode")
        .values_list("pk", "geometry")
    )
    return STRtree([shape(geometry) for _pk, geometry in rows]), [pk for pk, _geometry in rows]


def forget_outlines() -> None:
    """Read the boundaries anew, after places were loaded or changed."""
    _outlines.cache_clear()


def locate(lat: float, lon: float) -> Any:
    """The sub-district that holds a point (WGS 84 degrees), or None outside the boundaries.

    A point on a shared edge belongs to the sub-district with the lower P-code.
    """
    from shapely import Point

    from ceasefire.places.models import Place

    tree, keys = _outlines()
    if not keys:
        forget_outlines()
        return None
    found = sorted(int(i) for i in tree.query(Point(lon, lat), predicate="intersects"))
    return Place.objects.defer("geometry").get(pk=keys[found[0]]) if found else None


def locate_many(points: Iterable[tuple[float, float]]) -> list[tuple[int | None, float]]:
    """For each point (latitude, longitude): the key of its sub-district and how far off it lies.

    The distance is 0 inside. Outside all boundaries the nearest sub-district is named with its
    distance in degrees. One query of the search tree for all points, for imports.
    """
    from shapely import points as as_points

    asked = list(points)
    spots = as_points([lon for _lat, lon in asked], [lat for lat, _lon in asked])
    tree, keys = _outlines()
    if not keys:
        forget_outlines()
        return [(None, 0.0) for _spot in asked]
    inside: dict[int, int] = {}
    for at, area in zip(*tree.query(spots, predicate="intersects"), strict=True):
        inside[int(at)] = min(int(area), inside.get(int(at), int(area)))
    found: list[tuple[int | None, float]] = [
        (keys[inside[at]], 0.0) if at in inside else (None, 0.0) for at in range(len(asked))
    ]
    for at in range(len(asked)):
        if at not in inside:
            areas, distances = tree.query_nearest(spots[at], return_distance=True)
            found[at] = (keys[int(min(areas))], float(min(distances)))
    return found


def search(text: str, *, within: "QuerySet[Any] | None" = None, limit: int = 12) -> list[Any]:
    """Places whose name, in any of its spellings, holds or resembles what was typed.

    Arabic and Latin letters, either digit set; hamza, ya, ta marbuta and diacritics are ignored.
    Exact P-codes come first, then names that begin with the text, then the rest by likeness.
    """
    from django.contrib.postgres.search import TrigramWordSimilarity
    from django.db.models import Case, IntegerField, Q, Value, When

    from ceasefire.places.models import Place

    typed = text.replace("\x00", "").strip()
    keys = [k for k in dict.fromkeys([search_key(typed), latin_key(typed)]) if k]
    if not keys:
        return []
    places = (Place.objects.all() if within is None else within).defer("geometry")
    wanted = Q(pcode__iexact=typed)
    for key in keys:
        wanted |= Q(search_key__contains=key) | Q(search_key__trigram_word_similar=key)
    rank = Case(
        When(pcode__iexact=typed, then=Value(0)),
        *[When(search_key__contains=f"| {key}", then=Value(1)) for key in keys],
        *[When(search_key__contains=key, then=Value(2)) for key in keys],
        default=Value(3),
        output_field=IntegerField(),
    )
    return list(
        places.filter(wanted, valid_to__isnull=True)
        .annotate(rank=rank, likeness=TrigramWordSimilarity(keys[0], "search_key"))
        .select_related("parent", "district")
        .order_by("rank", "-likeness", "pcode")[:limit]
    )
