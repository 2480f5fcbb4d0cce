# ruff: noqa: S608 - statements are put together of fixed parts; values go as parameters
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
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site
from incidents import measures
from incidents.measures import Answered, Count
from incidents.models import READERS, SEES_SENSITIVE, Incident, IncidentNaming, IncidentResponse

#: What cells may be asked by. `place` is the place as recorded, down to the neighbourhood.
DIMENSIONS = ("site", "week", "district", "place", "type")


class Cell(NamedTuple):
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
MEASURES = Cell._fields[Cell._fields.index("incidents") :]
_OF_COUNT = ("week_start", "district_pcode", "type", *MEASURES[:6])
#: How a dimension is kept, and what is shown of it. Areas without a district are one.
_KEYS = {
    "site": "site_id",
    "week": "week_start",
    "district": "CASE WHEN has_district THEN area_id END AS district_id",
    "place": "place_id",
    "type": "type",
}
_BY_DISTRICT, _BY_PLACE = "incidents_weeklycount", "incidents_weeklyplacecount"
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
    """The rows of a place: the table that tells them apart, and a condition on it."""

    table: str
    condition: str
    keys: list[int]


def _inside(pcode: str) -> _Inside | None:
    """Where incidents in a place are found; None for everywhere, no keys for an unknown place."""
    if not pcode:
        return None
    place = Place.objects.only("id", "level").filter(pcode=pcode).first()
    if place is None:
        return _Inside(_BY_DISTRICT, "area_id = ANY(%(within)s)", [])
    if place.level == Place.Level.COUNTRY:
        return None
    if place.level == Place.Level.DISTRICT:
        return _Inside(_BY_DISTRICT, "has_district AND area_id = ANY(%(within)s)", [place.pk])
    if place.level == Place.Level.GOVERNORATE:
        # Its districts, and what is known to the governorate only.
        found = Place.objects.filter(governorate=place).exclude(
            level__in=[Place.Level.SUBDISTRICT, Place.Level.NEIGHBOURHOOD]
        )
        keys = [place.pk, *found.values_list("pk", flat=True)]
        return _Inside(_BY_DISTRICT, "area_id = ANY(%(within)s)", keys)
    found = Place.objects.filter(parent=place)
    keys = [place.pk, *found.values_list("pk", flat=True)]
    return _Inside(_BY_PLACE, "place_id = ANY(%(within)s)", keys)


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
    numbers: Sequence[str] = MEASURES,
) -> list[Cell]:
    """The counts of these sites in the weeks that begin from `start` up to (not on) `end`.

    `by` (of `DIMENSIONS`) says what each row is of, and the order of the rows; with () there is
    one row, of everything, also where nothing was counted. Otherwise only what is there has a row:
    a missing week is zero or not covered, which the site's coverage tells. `within`: P-code of a
    governorate, district, sub-district or neighbourhood, with all in it; `types`: only these.
    `numbers` (of `MEASURES`): only these are added up, the others stay zero; it is quicker so.

    Reads a row for each week, district, type and sensitivity, so two years of a site take some
    milliseconds; `place` in `by`, or a place below the district, reads finer rows and takes longer.
    Raises ValueError for an unknown dimension.
    """
    unknown = set(by) - set(DIMENSIONS)
    if unknown:
        raise ValueError(f"Counts are by {', '.join(DIMENSIONS)}, not by {', '.join(unknown)}.")
    wanted = [name for name in DIMENSIONS if name in by]
    inside = _inside(within)
    table = _BY_PLACE if "place" in by or (inside and inside.table == _BY_PLACE) else _BY_DISTRICT
    where = ["site_id = ANY(%(sites)s)", "week_start >= %(start)s", "week_start < %(end)s"]
    if exclude_sensitive:
        where.append("NOT is_sensitive")
    if types is not None:
        where.append("type = ANY(%(types)s)")
    if inside is not None:
        where.append(inside.condition)
    rows = _read(
        _query(wanted, table, " AND ".join(where), numbers),
        sites=list(sites),
        start=start,
        end=end,
        types=list(types or ()),
        within=inside.keys if inside is not None else [],
    )
    names = (*(_FIELDS[name] for name in wanted), *numbers)
    # Each field of a cell from its place in the row, or as it stands where it was not asked for.
    empty = Cell()
    takes = [names.index(name) if name in names else None for name in Cell._fields]
    return [
        Cell._make(empty[at] if take is None else row[take] for at, take in enumerate(takes))
        for row in rows
    ]


def _query(by: Sequence[str], table: str, where: str, numbers: Sequence[str]) -> str:
    """What is folded and what is not yet, added up."""
    columns = ", ".join([*(_KEYS[name] for name in by), *numbers])
    kept = " UNION ALL ".join(
        f"SELECT {columns} FROM {one} WHERE {where}" for one in (table, "incidents_weeklydelta")
    )
    keys = [_KEYS[name].split()[-1] for name in by]
    sums = [f"COALESCE(SUM({name}), 0)::bigint AS {name}" for name in numbers]
    found = f"SELECT {', '.join([*keys, *sums])} FROM ({kept}) kept"
    if not by:
        return found
    found += f" GROUP BY {', '.join(keys)}"
    found += f" HAVING {' OR '.join(f'SUM({name}) <> 0' for name in numbers)}"
    shown = [_SHOWN.get(name, _FIELDS[name]) for name in by]
    query = f"SELECT {', '.join([*shown, *numbers])} FROM ({found}) found"
    if "district" in by:
        query += " LEFT JOIN places_place d ON d.id = found.district_id"
    if "place" in by:
        query += " LEFT JOIN places_place p ON p.id = found.place_id"
    return f"{query} ORDER BY {', '.join(str(at + 1) for at in range(len(by)))}"


def _read(query: str, **given: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return list(cursor.fetchall())


def weekly_counts(
    site_id: int, start: date, end: date, *, exclude_sensitive: bool = False
) -> list[Count]:
    """As `measures.weekly_counts` without a cut; `panel.build_panel` takes it.

    For whole weeks of the site; where a day begins none (the site began its week on another day
    when a report was made) the rows are counted.
    """
    if not _whole(site_id, start, end):
        return measures.weekly_counts(site_id, start, end, exclude_sensitive=exclude_sensitive)
    cells = weekly([site_id], start, end, exclude_sensitive=exclude_sensitive, numbers=MEASURES[:6])
    return [
        Count(**{name: getattr(cell, name) for name in _OF_COUNT})
        for cell in cells
        if cell.incidents or cell.unverified
    ]


def answered(
    site_id: int, start: date, end: date, *, exclude_sensitive: bool = False
) -> Answered | None:
    """As `measures.answered` without a cut; None where the site had no clock by then.

    A clock that is still running and ends within the period counts as due and, as yet, overdue.
    For whole weeks of the site; other days are counted on the rows.
    """
    if not _whole(site_id, start, end):
        return measures.answered(site_id, start, end, exclude_sensitive=exclude_sensitive)
    (cell,) = weekly(
        [site_id],
        start,
        end,
        exclude_sensitive=exclude_sensitive,
        by=(),
        numbers=("due", "within_72h"),
    )
    if not cell.due and not _has_clocks(site_id, end, exclude_sensitive=exclude_sensitive):
        return None
    return Answered(cell.due, cell.within_72h, cell.due - cell.within_72h)


def _whole(site_id: int, start: date, end: date) -> bool:
    """Whether both days begin a week of the site."""
    weekday = Site.objects.values_list("week_start", flat=True).get(pk=site_id)
    return start.weekday() == end.weekday() == weekday


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
    sites, and a field worker's own sensitive ones and those they are named for: few, by a key.
    """
    begins = dict(Site.objects.filter(pk__in=user.site_ids).values_list("pk", "week_start"))
    kept = [site for site, weekday in begins.items() if weekday == day.weekday()]
    mine = Incident.objects.visible_to(user).counted().filter(occurred_on__gte=day)
    others = [site for site in begins if site not in kept]
    count = mine.filter(site__in=others).count() if others else 0
    if kept and user.role in READERS:
        without = excludes_sensitive(user)
        (cell,) = weekly(
            kept, day, date.max, exclude_sensitive=without, by=(), numbers=["received"]
        )
        count += cell.received
        if without:
            own = Q(reporter=user) | Q(pk__in=IncidentNaming.of(user))
            count += mine.filter(own, site__in=kept, is_sensitive=True).count()
    return count
