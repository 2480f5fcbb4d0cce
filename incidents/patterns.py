"""What the places and days of incidents say together: near repeats and emerging clusters.

Points are read here and go no further: what comes out are ratios, counts and P-codes of places.
Which incidents count is said by the caller, `measures`. The same records, site and week give the
same answer, since the seed is made of these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from ceasefire.codes.services import family
from ceasefire.statistics.near_repeat import NearRepeat, near_repeat, to_metres
from ceasefire.statistics.space_time_scan import scan
from incidents.models import Incident, Victimization

#: Near repeats: bands of metres and days, and what must be there (design of the report, section 7).
METRES, DAYS = (0.0, 1.0, 200.0, 400.0, 800.0), (0, 3, 8, 15)
NEAR_MONTHS, FEWEST_NEAR = 24, 100
#: Of more, the newest: the work grows with the square of their number, and twice as many tell
#: hardly more than these (a report of 20,000 would take minutes).
MOST_NEAR = 10_000
#: Of a family, and of the deadly and the others, the newest of so many: with the bound above all of
#: them together take less than all incidents at once.
MOST_NEAR_OF_A_KIND = 4_000
#: Clusters: how far and how long, the days looked at, and what must be there.
FURTHEST_KM, LONGEST_DAYS, SPAN_DAYS, FEWEST_CLUSTERED = 3.0, 28, 180, 50


@dataclass(frozen=True)
class Cluster:
    """The cluster of the last days that stands out most.

    places       P-codes of the places inside, the middle one first
    radius_km, days
                 how wide and how long it is
    observed, expected
                 incidents in it, and as many as place and time alone explain
    p            how often chance shows as great a one; 1 / p weeks between two
    """

    places: tuple[str, ...]
    radius_km: float
    days: int
    observed: int
    expected: float
    p: float


@dataclass(frozen=True)
class NearRepeatsOfKind:
    """Near repeats of one kind of incidents.

    by, kind  "family" and its code, or "harm" and `deadly` or `not_deadly`
    events    incidents with an exact point in 24 months
    found     None with fewer than 100 of them: nothing is tested
    """

    by: str
    kind: str
    events: int
    found: NearRepeat | None


@dataclass(frozen=True)
class NearRepeats:
    """Near repeats of all incidents together, and of each kind by itself.

    `whole` is None with fewer than 100 exact points in 24 months; then no kind was tested either.
    `digest` names the incidents that were looked at: equal ones give equal answers.
    """

    whole: NearRepeat | None
    kinds: tuple[NearRepeatsOfKind, ...]
    digest: bytes

    @property
    def p(self) -> list[float]:
        """The p-value of every test that was made: all together, then kind after kind."""
        made = [self.whole, *(one.found for one in self.kinds)]
        return [one.p_overall for one in made if one is not None]


def _seed(*parts: Any) -> int:
    """A seed that belongs to a question about a week of a site."""
    return int.from_bytes(hashlib.sha256("|".join(map(str, parts)).encode()).digest()[:8])


def _located(rows: QuerySet[Incident], start: date, end: date) -> QuerySet[Incident]:
    """Incidents of a known day, placed in a sub-district or better, in a fixed order.

    Refuted ones count nowhere.
    """
    return (
        rows.exclude(verification=Incident.Verification.REFUTED)
        .filter(
            occurred_on__gte=start,
            occurred_on__lt=end,
            time_precision=1,
            geo_precision__lte=3,
            place__level__in=["neighbourhood", "subdistrict"],
        )
        .order_by("occurred_on", "code")
    )


@dataclass(frozen=True)
class Exact:
    """An incident with an exact point: its day, where, its family, and whether it killed.

    `harm` is `deadly`, `not_deadly`, or empty where nobody knows.
    """

    day: date
    lat: float
    lon: float
    family: str
    harm: str


def exact_points(rows: QuerySet[Incident], end: date) -> list[Exact]:
    """Those of the rows with an exact point in the 24 months up to (not on) `end`, in order."""
    first = end - timedelta(days=round(NEAR_MONTHS * 30.4375))
    killed = Victimization.objects.filter(
        Q(harm="killed") | Q(outcome="killed"), incident=OuterRef("pk")
    )
    exact = (
        _located(rows, first, end)
        .filter(geo_precision=1, lat__isnull=False)
        .annotate(deadly=Q(killed_best__gt=0) | Q(Exists(killed), killed_best__isnull=True))
        .values_list("occurred_on", "lat", "lon", "type", "deadly", "killed_best")
    )
    return [
        Exact(
            day,
            float(lat),
            float(lon),
            family("incident_type", kind) or "other",
            _harm(deadly, best),
        )
        for day, lat, lon, kind, deadly, best in exact
        if lat is not None and lon is not None
    ]


def near_repeats(
    points: Sequence[Exact], end: date, *, seed_of: int, known: NearRepeats | None = None
) -> NearRepeats:
    """Near repeats among the points of the 24 months up to (not on) `end`.

    All together, each family of types, and the incidents that killed somebody and those that did
    not; where nobody knows whether, in neither. Of more than 10,000 (4,000 of a kind) the newest
    are taken. Of each kind the dates are dealt among its own incidents.

    `seed_of`: whose points they are; the seed is made of it, of `end` and of the kind. `known`:
    what was found before among other points; where they are the same, it is the answer.
    """
    found: list[tuple[Any, ...]] = [
        (one.day, one.lat, one.lon, one.family, one.harm) for one in points
    ]
    digest = hashlib.sha256(repr(found).encode()).digest()
    if known is not None and known.digest == digest:
        return known

    def of(events: Sequence[tuple[Any, ...]], most: int, *seed: str) -> NearRepeat | None:
        if len(events) < FEWEST_NEAR:
            return None
        newest = events[-most:]
        return near_repeat(
            to_metres([one[2] for one in newest], [one[1] for one in newest]),
            [one[0].toordinal() for one in newest],
            metres=METRES,
            bands=DAYS,
            # Within half a year, so that a war that moves through the town is no contagion.
            strata=[one[0].year * 2 + (one[0].month > 6) for one in newest],
            seed=_seed("near_repeat", seed_of, end, *seed),
        )

    kinds = []
    for by, column in (("family", 3), ("harm", 4)):
        for kind in sorted({one[column] for one in found} - {""}):
            own = [one for one in found if one[column] == kind]
            tested = of(own, MOST_NEAR_OF_A_KIND, by, kind)
            kinds.append(NearRepeatsOfKind(by, kind, len(own), tested))
    return NearRepeats(of(found, MOST_NEAR), tuple(kinds), digest)


def _harm(deadly: bool, killed: int | None) -> str:
    """Whether an incident killed somebody; empty where nobody knows."""
    return "deadly" if deadly else "" if killed is None else "not_deadly"


@dataclass(frozen=True)
class Placed:
    """An incident placed in a sub-district or better: its day, its place and where that is.

    `lat` and `lon` are of an exact point alone; `drawn` is where the map has the place, else where
    its sub-district is.
    """

    day: date
    pcode: str
    lat: float | None
    lon: float | None
    drawn: tuple[float, float] | None


def placed(rows: QuerySet[Incident], end: date) -> list[Placed]:
    """Those of the rows of the last 180 days up to (not on) `end` that are placed, in order."""
    first = end - timedelta(days=SPAN_DAYS)
    columns = (
        *("occurred_on", "geo_precision", "lat", "lon", "place__pcode", "place__lat"),
        *("place__lon", "place__parent__lat", "place__parent__lon"),
    )
    located: list[tuple[Any, ...]] = list(_located(rows, first, end).values_list(*columns))
    found = []
    for day, precision, lat, lon, pcode, place_lat, place_lon, above_lat, above_lon in located:
        is_exact = precision == 1 and lat is not None and lon is not None
        places = ((place_lat, place_lon), (above_lat, above_lon))
        found.append(
            Placed(
                day,
                pcode,
                float(lat) if is_exact else None,
                float(lon) if is_exact else None,
                next((known for known in places if None not in known), None),
            )
        )
    return found


def emerging_cluster(
    incidents: Sequence[Placed], end: date, *, seed_of: int
) -> tuple[int, Cluster | None] | None:
    """How many of the incidents were looked at, and the cluster of the last days up to `end`.

    None with too few. A place stands where its incidents with exact points are on average, else
    where the map has it, else where its sub-district is. `seed_of` as in `near_repeats`.
    """
    first = end - timedelta(days=SPAN_DAYS)
    exact: dict[str, list[tuple[float, float]]] = {}
    drawn: dict[str, tuple[float, float]] = {}
    for one in incidents:
        if one.lat is not None and one.lon is not None:
            exact.setdefault(one.pcode, []).append((one.lat, one.lon))
        if one.drawn is not None:
            drawn.setdefault(one.pcode, one.drawn)
    where = {
        **drawn,
        **{
            pcode: (
                sum(lat for lat, _lon in points) / len(points),
                sum(lon for _lat, lon in points) / len(points),
            )
            for pcode, points in exact.items()
        },
    }
    cases = [(one.day, one.pcode) for one in incidents if one.pcode in where]
    if len(cases) < FEWEST_CLUSTERED:
        return None
    found = scan(
        [pcode for _day, pcode in cases],
        [where[pcode][0] for _day, pcode in cases],
        [where[pcode][1] for _day, pcode in cases],
        [(day - first).days for day, _pcode in cases],
        span=SPAN_DAYS,
        furthest=FURTHEST_KM,
        longest=LONGEST_DAYS,
        seed=_seed("cluster", seed_of, end),
    )
    if found.cluster is None:
        return found.cases, None
    best = found.cluster
    inside = [best.centre, *(at for at in best.members if at != best.centre)]
    return found.cases, Cluster(
        places=tuple(found.labels[at] for at in inside),
        radius_km=best.radius,
        days=best.days,
        observed=best.observed,
        expected=best.expected,
        p=found.p,
    )
