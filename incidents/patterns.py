"""What the places and days of incidents say together: near repeats and emerging clusters.

Points are read here and go no further: what comes out are ratios, counts and P-codes of places.
Which incidents count is said by the caller, `measures`. The same records, site and week give the
same answer, since the seed is made of these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from ceasefire.statistics.near_repeat import NearRepeat, near_repeat, to_metres
from ceasefire.statistics.space_time_scan import scan
from incidents.models import Incident

#: Near repeats: bands of metres and days, and what must be there (design of the report, section 7).
METRES, DAYS = (0.0, 1.0, 200.0, 400.0, 800.0), (0, 3, 8, 15)
NEAR_MONTHS, FEWEST_NEAR = 24, 100
#: Of more, the newest: the work grows with the square of their number, and twice as many tell
#: hardly more than these (a report of 20,000 would take minutes).
MOST_NEAR = 10_000
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


def _seed(*parts: Any) -> int:
    """A seed that belongs to a question about a week of a site."""
    return int.from_bytes(hashlib.sha256("|".join(map(str, parts)).encode()).digest()[:8])


def _located(rows: QuerySet[Incident], start: date, end: date) -> Iterable[tuple[Any, ...]]:
    """Incidents of a known day, placed in a sub-district or better, in a fixed order."""
    return (
        rows.filter(
            occurred_on__gte=start,
            occurred_on__lt=end,
            time_precision=1,
            geo_precision__lte=3,
            place__level__in=["neighbourhood", "subdistrict"],
        )
        .order_by("occurred_on", "code")
        .values_list(
            *("occurred_on", "geo_precision", "lat", "lon", "place__pcode", "place__lat"),
            *("place__lon", "place__parent__lat", "place__parent__lon"),
        )
    )


def near_repeats(rows: QuerySet[Incident], end: date, *, seed_of: int) -> NearRepeat | None:
    """Near repeats among the rows in the 24 months up to (not on) `end`; None with too few.

    Of more than 10,000 the newest are taken.

    `seed_of`: whose rows they are; the seed is made of it and of `end`.
    """
    first = end - timedelta(days=round(NEAR_MONTHS * 30.4375))
    found = [
        (day, float(lat), float(lon))
        for day, precision, lat, lon, *_place in _located(rows, first, end)
        if precision == 1 and lat is not None and lon is not None
    ]
    if len(found) < FEWEST_NEAR:
        return None
    found = found[-MOST_NEAR:]
    return near_repeat(
        to_metres([lon for _day, _lat, lon in found], [lat for _day, lat, _lon in found]),
        [day.toordinal() for day, _lat, _lon in found],
        metres=METRES,
        bands=DAYS,
        # Within half a year, so that a war that moves through the town is no contagion.
        strata=[day.year * 2 + (day.month > 6) for day, _lat, _lon in found],
        seed=_seed("near_repeat", seed_of, end),
    )


def emerging_cluster(
    rows: QuerySet[Incident], end: date, *, seed_of: int
) -> tuple[int, Cluster | None] | None:
    """How many of the rows were looked at, and the cluster of the last days up to `end`.

    None with too few. A place stands where its incidents with exact points are on average, else
    where the map has it, else where its sub-district is. `seed_of` as in `near_repeats`.
    """
    first = end - timedelta(days=SPAN_DAYS)
    located = list(_located(rows, first, end))
    exact: dict[str, list[tuple[float, float]]] = {}
    drawn: dict[str, tuple[float, float]] = {}
    for _day, precision, lat, lon, pcode, place_lat, place_lon, above_lat, above_lon in located:
        if precision == 1 and lat is not None and lon is not None:
            exact.setdefault(pcode, []).append((float(lat), float(lon)))
        for known in ((place_lat, place_lon), (above_lat, above_lon)):
            if None not in known:
                drawn.setdefault(pcode, known)
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
    cases = [(row[0], row[4]) for row in located if row[4] in where]
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
    one = found.cluster
    inside = [one.centre, *(at for at in one.members if at != one.centre)]
    return found.cases, Cluster(
        places=tuple(found.labels[at] for at in inside),
        radius_km=one.radius,
        days=one.days,
        observed=one.observed,
        expected=one.expected,
        p=found.p,
    )
