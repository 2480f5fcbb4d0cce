"""The incidents around a grant: what the shared weekly reports say of its district and of others.

Everything here is put together from counts that were published to REO already, district by district
and week by week, hidden ones left hidden (`DistrictWeek`). Nothing is counted anew over another
period or area: sums over periods that overlap could be subtracted from each other, and so give
away a hidden count. Whoever reads this page learns nothing that the weekly reports do not say.

It is context and no proof: the page says so in words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ceasefire.places.models import Place
from grants.models import DistrictWeek, Grant

#: Weeks before the start and after the end of the work.
WEEKS = 12
#: So many other districts beside the grant's own.
MOST_OTHERS = 8
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Cell:
    """One district and week: a count, or hidden, or no report at all."""

    start: date
    incidents: int | None
    reported: bool

    @property
    def is_hidden(self) -> bool:
        return self.reported and self.incidents is None


@dataclass(frozen=True)
class Side:
    """The weeks on one side of the work, in their order."""

    cells: tuple[Cell, ...]

    @property
    def shown(self) -> int | None:
        """The sum of the weeks that may be shown; None where there is none."""
        counts = [cell.incidents for cell in self.cells if cell.incidents is not None]
        return sum(counts) if counts else None

    @property
    def hidden(self) -> int:
        """How many weeks are hidden: each is one incident or more."""
        return sum(cell.is_hidden for cell in self.cells)

    @property
    def missing(self) -> int:
        """How many weeks no approved report was shared of."""
        return sum(not cell.reported for cell in self.cells)

    @property
    def is_whole(self) -> bool:
        """Whether every week of it is known."""
        return not (self.hidden or self.missing)


@dataclass(frozen=True)
class District:
    """One district with both sides."""

    place: Place
    is_own: bool
    before: Side
    after: Side


@dataclass(frozen=True)
class Surroundings:
    """What the page of a grant shows. A day is None where it is not known yet."""

    start: date | None
    start_is_actual: bool
    end: date | None
    end_is_actual: bool
    districts: tuple[District, ...]

    @property
    def own(self) -> District:
        """The grant's own, which is always there."""
        return next(one for one in self.districts if one.is_own)

    @property
    def others(self) -> tuple[District, ...]:
        return tuple(one for one in self.districts if not one.is_own)


def weeks_before(day: date, first_day: int) -> list[date]:
    """The starts of the last whole weeks that were over when the work began.

    `first_day` is the weekday on which weeks begin, Monday 0. The week of the day itself is left
    out, since it belongs to both sides.
    """
    begun = day - timedelta(days=(day.weekday() - first_day) % 7)
    return [begun - WEEK * back for back in range(WEEKS, 0, -1)]


def weeks_after(day: date, first_day: int) -> list[date]:
    """The starts of the first whole weeks that began after the day on which the work ended."""
    begun = day - timedelta(days=(day.weekday() - first_day) % 7)
    return [begun + WEEK * ahead for ahead in range(1, WEEKS + 1)]


def around(grant: Grant) -> Surroundings:
    """The weeks around a grant: its own district, and others of the same governorate.

    The start is the day on which the work began, or else the planned one; so the end. Asks four
    questions at most.
    """
    start = grant.actual_start or grant.planned_start
    end = grant.actual_end or grant.planned_end
    own = _district_of(grant)
    rows = _rows(own, start, end)
    first_day = rows[0].week_start.weekday() if rows else 6
    before = weeks_before(start, first_day) if start else []
    after = weeks_after(end, first_day) if end else []
    by_key: dict[tuple[str, date], list[int | None]] = {}
    for row in rows:
        by_key.setdefault((row.district, row.week_start), []).append(row.incidents)
    seen = {row.district for row in rows if row.week_start in {*before, *after}} | {own.pcode}
    places = {
        one.pcode: one
        for one in Place.objects.filter(
            pcode__in=seen, level=Place.Level.DISTRICT, governorate=own.governorate_id
        ).defer("geometry")
    }
    codes = [own.pcode, *sorted(set(places) - {own.pcode})[:MOST_OTHERS]]
    return Surroundings(
        start=start,
        start_is_actual=grant.actual_start is not None,
        end=end,
        end_is_actual=grant.actual_end is not None,
        districts=tuple(
            District(
                place=places.get(pcode, own),
                is_own=pcode == own.pcode,
                before=_side(pcode, before, by_key),
                after=_side(pcode, after, by_key),
            )
            for pcode in codes
        ),
    )


def _district_of(grant: Grant) -> Place:
    place = grant.district
    if place.level != Place.Level.DISTRICT and place.district_id is not None:
        return Place.objects.defer("geometry").get(pk=place.district_id)
    return place


def _rows(own: Place, start: date | None, end: date | None) -> list[DistrictWeek]:
    """Published weeks near either day; those of the own district come first."""
    found: list[DistrictWeek] = []
    span = WEEK * (WEEKS + 1)
    spans = [(start - span, start)] if start else []
    spans += [(end, end + span)] if end else []
    for low, high in spans:
        found += DistrictWeek.objects.filter(week_start__gte=low, week_start__lte=high)
    return sorted(found, key=lambda row: (row.district != own.pcode, row.week_start))


def _side(
    pcode: str, starts: Iterable[date], by_key: dict[tuple[str, date], list[int | None]]
) -> Side:
    """A district's weeks; two sites that report of one district add up, hidden where one is."""
    cells = []
    for start in starts:
        counts: list[Any] = by_key.get((pcode, start), [])
        whole = bool(counts) and None not in counts
        cells.append(
            Cell(start=start, incidents=sum(counts) if whole else None, reported=bool(counts))
        )
    return Side(tuple(cells))
