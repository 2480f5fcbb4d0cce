"""What a map of incidents may show, and no more exactly than it is known.

The one rule: an incident counts in exactly one area, the smallest that both its place and
`geo_precision` allow (1 to 3 sub-district, 4 district, 5 governorate). A point is drawn besides
only where the place is known to the neighbourhood (1, 2), coordinates stand, and the record is
neither sensitive nor marked for counts only. The areas' numbers hold the points'.

Everything takes incidents that the viewer may see (`visible_to`) and that fit the filters.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Func, Max, Q, QuerySet, Value

from ceasefire.places.models import Place
from incidents.models import Incident

#: Never more marks than these are sent, whatever the rows.
MOST_MARKS = 500
#: Cells are 2^-k degrees wide; finer than 14 (seven metres) no point is known.
COARSEST, FINEST = -5, 14
#: The share of a cell at each edge that marks of several points keep free.
EDGE = 0.3
#: From this precision on (within a month, not known) a date says nothing about a week.
UNDATED_FROM = 3
#: A point is drawn up to this precision, and a sub-district is named up to that one.
POINT_UP_TO, SUBDISTRICT_UP_TO, DISTRICT_UP_TO = 2, 3, 4
SOLID = Q(verification__in=Incident.SOLID)
#: What may stand on the map as a point at all.
DRAWN = Q(
    geo_precision__lte=POINT_UP_TO, lat__isnull=False, lon__isnull=False, is_sensitive=False
) & ~Q(sharing="aggregate")


@dataclass
class Area:
    """One area and what is counted in it. `points` of them are drawn as points besides."""

    place: Place
    solid: int = 0
    unverified: int = 0
    points: int = 0
    sensitive: int = 0
    undated: int = 0

    @property
    def total(self) -> int:
        return self.solid + self.unverified


@dataclass(frozen=True)
class Box:
    """A part of the earth: degrees, west below east and south below north."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Mark:
    """One cell of the grid with the middle of its points, or a single point where it stands."""

    x: int
    y: int
    lat: float
    lon: float
    total: int
    solid: int
    #: A single point whose place is known to the neighbourhood only.
    about: bool


@dataclass
class Areas:
    """Every area with incidents, and their sums."""

    found: dict[int, Area] = field(default_factory=dict)

    def sum(self, name: str) -> int:
        return sum(getattr(area, name) for area in self.found.values())


def on_the_map(incidents: "QuerySet[Incident]") -> "QuerySet[Incident]":
    """Those that count: as in reports, submitted to archived, and not refuted."""
    return incidents.counted().exclude(  # type: ignore[attr-defined]
        verification=Incident.Verification.REFUTED
    )


def area_of(place: Place, precision: int) -> Place:
    """The area in which an incident at `place`, known to `precision`, counts."""
    if precision > DISTRICT_UP_TO:
        return place.governorate or place
    if precision > SUBDISTRICT_UP_TO:
        return place.district or place.governorate or place
    if place.level == Place.Level.NEIGHBOURHOOD:
        return place.parent or place
    return place


def counted_in(area: Place) -> Q:
    """The incidents that count in an area: `area_of` the other way round."""
    if area.level == Place.Level.GOVERNORATE:
        inside, known = Place.objects.filter(governorate=area), Q(geo_precision__gt=DISTRICT_UP_TO)
    elif area.level == Place.Level.DISTRICT:
        inside, known = Place.objects.filter(district=area), Q(geo_precision=DISTRICT_UP_TO)
        return Q(place__in=_keys(inside, area)) & known | Q(
            place=area, geo_precision__lte=DISTRICT_UP_TO
        )
    elif area.level == Place.Level.SUBDISTRICT:
        inside = Place.objects.filter(parent=area)
        return Q(place__in=[area.pk, *_keys(inside, area)], geo_precision__lte=SUBDISTRICT_UP_TO)
    elif area.level == Place.Level.COUNTRY:
        return Q(place=area)
    else:
        return Q(pk__isnull=True)
    return Q(place__in=_keys(inside, area)) & known | Q(place=area)


def _keys(places: "QuerySet[Place]", but: Place) -> list[int]:
    return sorted(places.exclude(pk=but.pk).values_list("pk", flat=True))


def count_areas(incidents: "QuerySet[Incident]") -> Areas:
    """Count incidents by area: two questions, however many there are."""
    counted = (
        incidents.order_by()
        .values("place_id", "geo_precision")
        .annotate(
            solid=Count("pk", filter=SOLID),
            everything=Count("pk"),
            points=Count("pk", filter=DRAWN),
            sensitive=Count("pk", filter=Q(is_sensitive=True)),
            undated=Count("pk", filter=Q(time_precision__gte=UNDATED_FROM)),
        )
    )
    rows = list(counted)
    places = (
        Place.objects.select_related("parent", "district", "governorate")
        .defer("geometry", "parent__geometry", "district__geometry", "governorate__geometry")
        .in_bulk({row["place_id"] for row in rows})
    )
    areas = Areas()
    for row in rows:
        place = area_of(places[row["place_id"]], row["geo_precision"])
        area = areas.found.setdefault(place.pk, Area(place))
        area.solid += row["solid"]
        area.unverified += row["everything"] - row["solid"]
        area.points += row["points"]
        area.sensitive += row["sensitive"]
        area.undated += row["undated"]
    return areas


def cell_exponent(box: Box, wanted: int) -> int:
    """The finest grid up to `wanted` of which at most MOST_MARKS cells touch the box."""
    exponent = max(COARSEST, min(FINEST, wanted))
    while exponent > COARSEST and _cells(box, exponent) > MOST_MARKS:
        exponent -= 1
    return exponent


def _cells(box: Box, exponent: int) -> int:
    size = 2.0**-exponent
    across = int(box.east // size) - int(box.west // size) + 1
    return across * (int(box.north // size) - int(box.south // size) + 1)


def marks(incidents: "QuerySet[Incident]", box: Box, exponent: int) -> list[Mark]:
    """The points within a box, gathered by cells of 2^-exponent degrees; one question.

    The grid lies fast on the earth, so that a mark stays where it is while the map is moved.
    """
    rows = (
        incidents.filter(
            DRAWN,
            lon__gte=box.west,
            lon__lte=box.east,
            lat__gte=box.south,
            lat__lte=box.north,
        )
        .order_by()
        .values(x=_cell("lon", exponent), y=_cell("lat", exponent))
        .annotate(
            total=Count("pk"),
            solid=Count("pk", filter=SOLID),
            at_lat=Avg("lat"),
            at_lon=Avg("lon"),
            precision=Max("geo_precision"),
        )
        .order_by("-total", "x", "y")
    )
    found = []
    for row in rows[:MOST_MARKS]:
        x, y, lat, lon = int(row["x"]), int(row["y"]), row["at_lat"], row["at_lon"]
        if row["total"] > 1:
            lat, lon = _apart(lat, y, exponent), _apart(lon, x, exponent)
        about = row["total"] == 1 and row["precision"] == POINT_UP_TO
        found.append(Mark(x, y, round(lat, 5), round(lon, 5), row["total"], row["solid"], about))
    return found


def _apart(middle: float, cell: int, exponent: int) -> float:
    """The middle of several points, off the edge of its cell, so that no two marks cover another.

    A single point is never moved.
    """
    size = 2.0**-exponent
    return min(max(middle, (cell + EDGE) * size), (cell + 1 - EDGE) * size)


def _cell(name: str, exponent: int) -> Func:
    per_degree = Value(2.0**exponent, output_field=FloatField())
    return Func(F(name) * per_degree, function="floor", output_field=FloatField())


def in_cell(x: int, y: int, exponent: int) -> Q:
    """The points of one mark."""
    size = 2.0**-exponent
    return DRAWN & Q(
        lon__gte=x * size, lon__lt=(x + 1) * size, lat__gte=y * size, lat__lt=(y + 1) * size
    )


def governorates_of(places: Iterable[Place]) -> list[str]:
    """The P-codes of the governorates that places lie in, in order."""
    return sorted({place.governorate.pcode for place in places if place.governorate is not None})


def begins(sites: list[Any]) -> date | None:
    """The first day that any of the sites recorded; None where none says."""
    starts = [period.start for site in sites for period in site.coverage.all()]
    return min(starts, default=None)
