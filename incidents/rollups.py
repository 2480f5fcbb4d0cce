"""Counts of incidents by week, place and type, as pages read them: kept numbers, never raw rows.

What is counted is said in `incidents.measures`, and each number here equals what it gives on the
raw rows, at any moment (`verify_rollups`). Reports with a data cut do not read here: what was
received by an earlier moment only the rows tell.

A cell is one week of one site, district (or place), type and sensitivity. Weeks are the site's own:
a week belongs to a period when it begins in it, from `start` up to (not on) `end`. Whoever reads no
sensitive incident, and whatever leaves the program, asks with `exclude_sensitive=True`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time

from django.db import connection
from django.db.models import Q

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.places.models import Place
from incidents import measures
from incidents.measures import Answered, Count
from incidents.models import SEES_SENSITIVE, IncidentResponse

#: What cells may be asked by. `place` is the place as recorded, down to the neighbourhood.
DIMENSIONS = ("site", "week", "district", "place", "type")


@dataclass(frozen=True)
class Cell:
    """The numbers of one cell, or of several together. What was not asked by is None.

    The first six as in `measures.Count`: of incidents dated to the week, verified at least
    provisionally, unless `unverified`. Of all that counts, refuted and badly dated ones included:
    `received`; of these `undated` (known to the month at best), `unverified_undated`, `late` (told
    more than seven days after the event, outside histories apart), `without_place` (known to the
    governorate at best). `duplicates` were recognised and count nowhere else. `due` is the number
    of 72-hour clocks that end in the week, `within_72h` of them those answered in time.
    """

    site_id: int | None = None
    week_start: date | None = None
    #: P-code; empty where no district is known.
    district_pcode: str | None = None
    place_pcode: str | None = None
    type: str | None = None

    incidents: int = 0
    unverified: int = 0
    killed: int = 0
    killed_unknown: int = 0
    injured: int = 0
    abducted: int = 0
    received: int = 0
    undated: int = 0
    unverified_undated: int = 0
    late: int = 0
    without_place: int = 0
    duplicates: int = 0
    due: int = 0
    within_72h: int = 0


#: The numbers of a cell, as columns and fields are called.
MEASURES = tuple(one.name for one in fields(Cell) if one.type == "int")
_OF_COUNT = MEASURES[:6]
_KEYS = {
    "site": "site_id",
    "week": "week_start",
    "district": "district_id",
    "place": "place_id",
    "type": "type",
}
_SUMS = ", ".join(f"SUM({name})::bigint AS {name}" for name in MEASURES)
#: One row for each incident and each clock, with what it adds to its cell.
_ROWS = """
SELECT i.site_id, i.place_id, i.district_id, i.type, i.is_sensitive,
       i.occurred_on - ((EXTRACT(isodow FROM i.occurred_on)::int - 1 - s.week_start + 7) % 7)
         AS week_start,
       (counts AND dated AND solid)::int AS incidents,
       (counts AND dated AND hatched)::int AS unverified,
       COALESCE(dead, 0) AS killed,
       (counts AND dated AND solid AND dead IS NULL)::int AS killed_unknown,
       CASE WHEN counts AND dated AND solid THEN COALESCE(i.injured_best, 0) ELSE 0 END AS injured,
       CASE WHEN counts AND dated AND solid THEN COALESCE(i.abducted, 0) ELSE 0 END AS abducted,
       counts::int AS received,
       (counts AND NOT dated)::int AS undated,
       (counts AND NOT dated AND hatched)::int AS unverified_undated,
       (counts AND i.origin NOT IN ('ucdp-ged', 'acled')
         AND i.reported_at - i.occurred_from > interval '7 days')::int AS late,
       (counts AND (i.geo_precision = 5 OR i.district_id IS NULL))::int AS without_place,
       (NOT counts)::int AS duplicates,
       0 AS due, 0 AS within_72h
FROM incidents_incident i
JOIN places_site s ON s.id = i.site_id
CROSS JOIN LATERAL (
  SELECT i.workflow_state <> 'duplicate' AS counts,
         i.time_precision < 3 AS dated,
         i.verification IN ('provisional', 'corroborated', 'confirmed') AS solid,
         i.verification IN ('unverified', 'disputed') AS hatched
) said
CROSS JOIN LATERAL (
  SELECT CASE WHEN counts AND dated AND solid THEN COALESCE(i.killed_best, NULLIF((
    SELECT COUNT(*) FROM incidents_victimization v
    WHERE v.incident_id = i.id AND (v.harm = 'killed' OR v.outcome = 'killed')), 0)) END AS dead
) harmed
WHERE i.workflow_state IN ('submitted', 'in_review', 'accepted', 'archived', 'duplicate')
UNION ALL
SELECT c.site_id, i.place_id, i.district_id, i.type, i.is_sensitive,
       day - ((EXTRACT(isodow FROM day)::int - 1 - s.week_start + 7) % 7),
       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
       1, COALESCE(c.community_response_at <= c.due_at, false)::int
FROM incidents_incidentresponse c
JOIN incidents_incident i ON i.id = c.incident_id
JOIN places_site s ON s.id = c.site_id
CROSS JOIN LATERAL (SELECT (c.due_at AT TIME ZONE 'Asia/Baghdad')::date AS day) ended
WHERE i.workflow_state IN ('submitted', 'in_review', 'accepted', 'archived')
  AND c.closed_reason NOT IN ('duplicate', 'withdrawn', 'returned', 'retyped')
"""
_FIELDS = {
    "site": "site_id",
    "week": "week_start",
    "district": "district_pcode",
    "place": "place_pcode",
    "type": "type",
}
_SHOWN = {"district": "COALESCE(d.pcode, '')", "place": "p.pcode"}


@dataclass(frozen=True)
class _Inside:
    """The rows of a place: which column holds which keys."""

    column: str
    keys: list[int]


def _inside(pcode: str) -> _Inside | None:
    """Where incidents in a place are found; None for everywhere, no keys for an unknown place."""
    if not pcode:
        return None
    place = Place.objects.only("id", "level").filter(pcode=pcode).first()
    if place is None:
        return _Inside("place_id", [])
    if place.level == Place.Level.DISTRICT:
        return _Inside("district_id", [place.pk])
    if place.level in (Place.Level.SUBDISTRICT, Place.Level.NEIGHBOURHOOD):
        found = Place.objects.filter(Q(pk=place.pk) | Q(parent=place))
    elif place.level == Place.Level.GOVERNORATE:
        found = Place.objects.filter(Q(pk=place.pk) | Q(governorate=place))
    else:
        return None
    return _Inside("place_id", list(found.values_list("pk", flat=True)))


def excludes_sensitive(user: User) -> bool:
    """Whether a person's counts leave out sexual violence, minors and staff."""
    return user.role not in SEES_SENSITIVE


def weekly(
    sites: Iterable[int],
    start: date,
    end: date,
    *,
    exclude_sensitive: bool,
    by: Sequence[str] = ("week", "district", "type"),
    within: str = "",
    types: Collection[str] | None = None,
) -> list[Cell]:
    """The counts of these sites in the weeks that begin from `start` up to (not on) `end`.

    `by` (of `DIMENSIONS`) says what each row is of, and the order of the rows; with () there is
    one row, of everything, also where nothing was counted. Otherwise only what is there has a row:
    a missing week is zero or not covered, which the site's coverage tells. `within`: P-code of a
    governorate, district, sub-district or neighbourhood, with all in it; `types`: only these.

    Reads a row for each week, district, type and sensitivity, so two years of a site take some
    milliseconds; `place` in `by`, or a place below the district, reads finer rows and takes longer.
    Raises ValueError for an unknown dimension.
    """
    unknown = set(by) - set(DIMENSIONS)
    if unknown:
        raise ValueError(f"Counts are by {', '.join(DIMENSIONS)}, not by {', '.join(unknown)}.")
    wanted = [name for name in DIMENSIONS if name in by]
    where = ["site_id = ANY(%(sites)s)", "week_start >= %(start)s", "week_start < %(end)s"]
    if exclude_sensitive:
        where.append("NOT is_sensitive AND type <> 'SXV'")
    if types is not None:
        where.append("type = ANY(%(types)s)")
    inside = _inside(within)
    if inside is not None:
        where.append(f"{inside.column} = ANY(%(within)s)")
    keys = [_KEYS[name] for name in wanted]
    shown = [_SHOWN.get(name, _KEYS[name]) for name in wanted]
    grouped = ", ".join(keys)
    some = " OR ".join(f"SUM({name}) <> 0" for name in MEASURES)
    parts = [
        f"SELECT {', '.join([*keys, _SUMS])}",
        f"FROM ({_ROWS.replace('%', '%%')}) counted",
        f"WHERE {' AND '.join(where)}",
        f"GROUP BY {grouped} HAVING {some}" if keys else "",
    ]
    query = " ".join(
        [
            f"SELECT {', '.join([*shown, *MEASURES])} FROM ({' '.join(parts)}) found",  # noqa: S608
            "LEFT JOIN places_place d ON d.id = district_id" if "district" in by else "",
            "LEFT JOIN places_place p ON p.id = place_id" if "place" in by else "",
            f"ORDER BY {', '.join(str(n + 1) for n in range(len(shown)))}" if shown else "",
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            query,
            {
                "sites": list(sites),
                "start": start,
                "end": end,
                "types": list(types or ()),
                "within": inside.keys if inside is not None else [],
            },
        )
        names = [_FIELDS[name] for name in wanted]
        return [
            Cell(
                **dict(
                    zip(
                        [*names, *MEASURES],
                        [*row[: len(names)], *(n or 0 for n in row[len(names) :])],
                        strict=True,
                    )
                )
            )
            for row in cursor.fetchall()
        ]


def weekly_counts(
    site_id: int, start: date, end: date, *, exclude_sensitive: bool = False
) -> list[Count]:
    """As `measures.weekly_counts` without a cut, for whole weeks; `panel.build_panel` takes it."""
    cells = weekly([site_id], start, end, exclude_sensitive=exclude_sensitive)
    return [
        Count(
            week_start=cell.week_start,
            district_pcode=cell.district_pcode,
            type=cell.type,
            **{name: getattr(cell, name) for name in _OF_COUNT},
        )
        for cell in cells
        if cell.incidents or cell.unverified
    ]


def answered(
    site_id: int, start: date, end: date, *, exclude_sensitive: bool = False
) -> Answered | None:
    """As `measures.answered` without a cut, for whole weeks; None where no clock was ever due.

    A clock that is still running and ends within the period counts as due and, as yet, overdue.
    """
    (cell,) = weekly([site_id], start, end, exclude_sensitive=exclude_sensitive, by=())
    if not cell.due and not _has_clocks(site_id, end, exclude_sensitive=exclude_sensitive):
        return None
    return Answered(cell.due, cell.within_72h, cell.due - cell.within_72h)


def _has_clocks(site_id: int, end: date, *, exclude_sensitive: bool) -> bool:
    """Whether the site had a clock by then; looks at one row where it had."""
    clocks = IncidentResponse.objects.filter(
        site_id=site_id, started_at__lt=datetime.combine(end, time.min, periods.BAGHDAD)
    )
    if exclude_sensitive:
        clocks = clocks.filter(incident__is_sensitive=False).exclude(incident__type="SXV")
    return clocks.exists()


def happened_since(user: User, day: date) -> int:
    """As `measures.happened_since`: counted incidents that a person may see, from a day on.

    From kept numbers for sites whose week begins on that weekday. Read as rows are those of other
    sites, and a field worker's own sensitive ones: a few days, or one reporter's.
    """
    return measures.happened_since(user, day)
