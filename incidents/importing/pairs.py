"""Which records of an import may tell of one event: with each other, or with what was there before.

Every new record of a batch is held against the records of its site that stand before it in time in
the same sub-district, within 48 hours and of the same family of type: new ones and old ones alike;
an old record against the new ones before it. Only what lies within 48 hours of a new record is
read, a sub-district at a time and in the order of time. Each is held against so many (`AROUND`) at
most, the nearest first, fewer in a long batch (`COMPARED` in all), and no more than these are in
memory, however much one day holds. The likeliest `KEPT_PAIRS` are kept. People harmed are not
compared: a table tells of none.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count, islice
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, When

from ceasefire.database.session import as_system
from ceasefire.places.models import Place, Site
from incidents.duplicates import finding
from incidents.duplicates.scoring import ANY_FAMILY, WINDOW, Telling, likeness
from incidents.models import ImportBatch, ImportPair, Incident, NotATwin

#: So many neighbours in time each record is held against, so many comparisons a batch may take.
AROUND, LEAST_AROUND, COMPARED = 60, 2, 400_000
#: So many pairs of a batch are kept, the likeliest.
KEPT_PAIRS = 5000
#: Stretches of time that one question asks for.
_TOGETHER = 50
_WRITTEN, _READ = 1000, 2000
_FIELDS = tuple(
    name
    for name in finding.FIELDS
    if not name.startswith(("reporter", "place__name", "place__pcode"))
)
_AROUND = Case(
    When(place__level=Place.Level.NEIGHBOURHOOD, then=F("place__parent")), default=F("place")
)
Pair = tuple[UUID, UUID]
Stretch = tuple[datetime, datetime]


def find_pairs(
    batch: ImportBatch, *, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> int:
    """Look for the pairs of an imported batch and keep them; how many. Run again: the same.

    Nothing where the batch was undone meanwhile; an undo that waits or is refused changes nothing
    of it. The batch is locked only while the pairs are written. A pair that the list of another
    batch has stays there. `progress(done, total)`, in new records, may raise to stop.
    """
    with as_system():
        found = _likeliest(batch, progress)
    with as_system():
        held = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if held.state not in (ImportBatch.State.IMPORTED, ImportBatch.State.UNDOING):
            return 0
        ImportPair.objects.filter(batch=held).delete()
        keys = {key for _points, pair, _site in found for key in pair}
        # An old record can be gone by now: another import was undone.
        here = set(Incident.objects.filter(pk__in=keys).order_by().values_list("pk", flat=True))
        rows = [
            ImportPair(batch=held, site_id=site, points=points, **NotATwin.pair(*pair))
            for points, pair, site in found
            if here.issuperset(pair)
        ]
        # In one order, so that two workers with the same pairs do not wait for each other in turn.
        rows.sort(key=lambda row: (row.first_id, row.second_id))
        ImportPair.objects.bulk_create(rows, batch_size=_WRITTEN, ignore_conflicts=True)
        return ImportPair.objects.filter(batch=held).count()


def _likeliest(
    batch: ImportBatch, progress: Callable[[int, int], None]
) -> list[tuple[int, Pair, int]]:
    """(hundredths of points, keys, site) of the likeliest pairs with a new record of the batch."""
    best: list[tuple[int, Pair, int]] = []
    total = batch.created or 1
    most = max(LEAST_AROUND, min(AROUND, COMPARED // total))
    done = 0

    def seen() -> None:
        nonlocal done
        done += 1
        progress(min(done, total), total)

    sites = Incident.objects.filter(batch=batch).order_by().values("site")
    # An outside list of its own is read and not reviewed.
    for site in Site.objects.filter(pk__in=sites, read_only=False).order_by("pk"):
        for around, stretches in _stretches(batch, site):
            rows = _records(site, around, stretches)
            for points, pair in _pairs_among(rows, batch=batch, most=most, seen=seen):
                if len(best) < KEPT_PAIRS:
                    heapq.heappush(best, (points, pair, site.pk))
                else:
                    heapq.heappushpop(best, (points, pair, site.pk))
    return best


def _stretches(batch: ImportBatch, site: Site) -> Iterator[tuple[Any, list[Stretch]]]:
    """(sub-district, stretches of time) in which something may be a twin of a new record.

    Some tens at a time, in the order of time; no two of a sub-district overlap.
    """
    moments = (
        Incident.objects.filter(batch=batch, site=site)
        .annotate(around=_AROUND)
        .order_by("around", "occurred_from")
        .values_list("around", "occurred_from")
        .iterator(chunk_size=_READ)
    )
    place: Any = None
    gathered: list[Stretch] = []
    for around, at in moments:
        first, last = at - WINDOW, at + WINDOW
        if around == place and gathered and first <= gathered[-1][1]:
            gathered[-1] = (gathered[-1][0], last)
            continue
        if gathered and (around != place or len(gathered) == _TOGETHER):
            yield place, gathered
            gathered = []
        place = around
        gathered.append((first, last))
    if gathered:
        yield place, gathered


def _records(site: Site, around: Any, stretches: list[Stretch]) -> Iterable[Incident]:
    """The site's records of a sub-district in some stretches of time, in the order of time."""
    inside = Q(pk=around) | Q(parent=around, level=Place.Level.NEIGHBOURHOOD)
    when = Q()
    for stretch in stretches:
        when |= Q(occurred_from__range=stretch)
    return (
        Incident.objects.filter(
            when,
            site=site,
            place__in=list(Place.objects.filter(inside).values_list("pk", flat=True)),
            workflow_state__in=finding.LIVE,
        )
        .select_related("place")
        .only(*_FIELDS, "batch")
        .order_by("occurred_from", "id")
        .iterator(chunk_size=_READ)
    )


class _Before:
    """The nearest records of one family before the one in hand: all of them, and the new ones."""

    def __init__(self, most: int) -> None:
        self.all: deque[tuple[int, Telling, UUID]] = deque(maxlen=most)
        self.new: deque[tuple[int, Telling, UUID]] = deque(maxlen=most)


def _pairs_among(
    rows: Iterable[Incident], *, batch: ImportBatch, most: int, seen: Callable[[], None]
) -> Iterator[tuple[int, Pair]]:
    """The likely pairs of rows that come in the order of time, at least one of each pair new."""
    families: dict[str, _Before] = {}
    for number, row in zip(count(), rows, strict=False):
        here, is_new = finding.telling_of(row), row.batch_id == batch.pk
        # A type that fits every family is held against all.
        fitting = (
            families.values()
            if here.family == ANY_FAMILY
            else [families[one] for one in {here.family, ANY_FAMILY} & families.keys()]
        )
        near = heapq.merge(
            *(reversed(one.all if is_new else one.new) for one in fitting),
            key=lambda one: -one[0],
        )
        for _number, there, key in islice(near, most):
            if here.at - there.at > WINDOW:
                break
            like = likeness(there, here)
            if like.is_likely:
                yield round(like.points * 100), (key, row.pk)
        mine = families.get(here.family)
        if mine is None:
            mine = families[here.family] = _Before(most)
        mine.all.append((number, here, row.pk))
        if is_new:
            mine.new.append((number, here, row.pk))
            seen()
