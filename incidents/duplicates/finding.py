"""Which records a report may repeat: one indexed question, then the points of each.

Only records that the person may see are ever compared, so that nothing of the answer, not even that
there is one, comes from a record they may not see. Names are compared as digests of the vault's
blind index; a comparison that had names on both sides is written down as a search.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import DurationField, F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from ceasefire import audit, codes, periods, vault
from ceasefire.codes.services import family
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site
from ceasefire.vault.models import BlindIndex
from incidents.duplicates.scoring import (
    ANY_FAMILY,
    WINDOW,
    Count,
    Harmed,
    Likeness,
    Telling,
    likeness,
    may_be_twins,
)
from incidents.duplicates.words import marks
from incidents.models import Incident, NotATwin, Victimization

State = Incident.State
#: Records that a report can repeat: alive, and not their reporter's alone.
LIVE = Incident.REPEATABLE
#: Candidates compared for one report, nearest in time first, and twins shown of them.
MOST_CANDIDATES, MOST_TWINS = 60, 3
#: The list of pairs looks back so far, at so many of the newest records.
LIST_DAYS, LIST_RECORDS, LIST_PAIRS = 28, 200, 60
#: Pairs compared for the list; a sub-district has fewer unless very much happens in two days.
MOST_PAIRS = 4000
#: What of a record the comparison and its pages read.
FIELDS = (
    *("code", "site", "type", "subtype", "occurred_from", "time_precision", "time_of_day"),
    *("place", "geo_precision", "lat", "lon", "place_type", "method", "motive", "weapons"),
    *("killed_min", "killed_best", "killed_max", "injured_min", "injured_best", "injured_max"),
    *("abducted", "summary", "workflow_state", "verification", "is_sensitive", "created_at"),
    *("place__level", "place__parent", "place__pcode", "place__name_en", "place__name_ar"),
    *("reporter", "reporter__code_name", "reported_at", "version", "duplicate_of"),
    *("occurred_on", "occurred_to", "killed_unknown", "origin", "district", "staff_involved"),
)


@dataclass(frozen=True)
class Twin:
    """A record that a report may repeat, and how much it looks like it."""

    incident: Incident
    likeness: Likeness


@dataclass(frozen=True)
class TwinPair:
    """Two records that may tell of one event; `first` was entered earlier."""

    first: Incident
    second: Incident
    likeness: Likeness
    #: Whether the reporter of the later one said that it is another event.
    denied_at_entry: bool = False


# --- from records and forms to tellings -----------------------------------------------------------


def around(place: Place) -> Any:
    """The key of the sub-district of a place; of a coarser place, its own."""
    return place.parent_id if place.level == Place.Level.NEIGHBOURHOOD else place.pk


def telling_of(
    incident: Incident, victims: Iterable[Any] = (), names: frozenset[bytes] = frozenset()
) -> Telling:
    """An incident (saved or not) as the comparison sees it; `victims` are rows or facts."""
    return Telling(
        type=incident.type,
        family=family("incident_type", incident.type) or ANY_FAMILY,
        at=incident.occurred_from.astimezone(periods.BAGHDAD),
        place=incident.place_id,
        around=around(incident.place),
        is_neighbourhood=incident.place.level == Place.Level.NEIGHBOURHOOD,
        time_precision=incident.time_precision,
        knows_clock=incident.knows_clock,
        time_of_day=incident.time_of_day,
        geo_precision=incident.geo_precision,
        lat=incident.lat,
        lon=incident.lon,
        subtype=incident.subtype,
        place_type=incident.place_type,
        method=incident.method,
        motive=incident.motive,
        weapons=frozenset(incident.weapons),
        killed=Count(incident.killed_best, incident.killed_min, incident.killed_max),
        injured=Count(incident.injured_best, incident.injured_min, incident.injured_max),
        abducted=Count(incident.abducted),
        victims=tuple(
            Harmed(row.sex, row.age, row.age_band, frozenset(row.roles)) for row in victims
        ),
        names=names,
        marks=marks(incident.summary),
    )


def digests_of(names: Iterable[str]) -> frozenset[bytes]:
    """Names as the vault compares them."""
    found = (vault.blind_index("name", name) for name in names if name.strip())
    return frozenset(digest for digest in found if digest is not None)


def sealed_names_of(victims: Iterable[Victimization]) -> frozenset[bytes]:
    """The sealed names of saved rows as the vault compares them; one question where there are."""
    keys = [str(row.pk) for row in victims if row.has_sealed_name]
    if not keys:
        return frozenset()
    known = BlindIndex.objects.filter(
        table=Victimization._meta.db_table, column="name", row__in=keys
    )
    return frozenset(bytes(digest) for digest in known.values_list("digest", flat=True))


# --- one report -----------------------------------------------------------------------------------


def records_near(report: Incident, *, by: User) -> "QuerySet[Incident]":
    """Records of the same site that the person sees: 48 hours, sub-district, family of the type.

    Led by the index of site, place and moment.
    """
    centre = around(report.place)
    places = Q(pk=centre)
    if report.place.level in (Place.Level.NEIGHBOURHOOD, Place.Level.SUBDISTRICT):
        places |= Q(parent=centre)
    types = types_like(report.type)
    return Incident.objects.visible_to(by).filter(
        site=report.site_id,
        place__in=Place.objects.filter(places).values("pk"),
        occurred_from__range=(report.occurred_from - WINDOW, report.occurred_from + WINDOW),
        workflow_state__in=LIVE,
        **({} if types is None else {"type__in": types}),
    )


def candidates(
    report: Incident, *, by: User, also: Iterable[Incident] = ()
) -> "QuerySet[Incident]":
    """`records_near` without the report itself and without `also`, nearest in time first."""
    left_out = [report.pk, *(one.pk for one in also)]
    return (
        records_near(report, by=by)
        .exclude(pk__in=left_out)
        .select_related("place", "reporter")
        .only(*FIELDS)
        .order_by(
            Greatest(
                F("occurred_from") - Value(report.occurred_from),
                Value(report.occurred_from) - F("occurred_from"),
                output_field=DurationField(),
            ),
            "id",
        )
    )


def types_like(code: str) -> list[str] | None:
    """The types of the same family and the ones that fit every family; None for all of them."""
    wanted = family("incident_type", code) or ANY_FAMILY
    if wanted == ANY_FAMILY:
        return None
    return [
        one
        for one, _label in codes.choices("incident_type", retired=True)
        if family("incident_type", one) in (wanted, ANY_FAMILY)
    ]


def likely_twins(
    report: Incident,
    *,
    by: User,
    victims: Sequence[Any] = (),
    names: Iterable[str] = (),
    digests: frozenset[bytes] = frozenset(),
    is_saved: bool = False,
    in_hand: tuple[Sequence[Incident], Sequence[NotATwin]] | None = None,
    note_search: Callable[[int], Any] | None = None,
) -> list[Twin]:
    """The records that a report most likely repeats, the likeliest first, at most three.

    `report` may be one that is not saved yet, with what its form holds: `names` as they were typed;
    of a saved one `digests`, as the vault has them (`sealed_names_of`). Pairs that somebody has
    decided on are left out. One question where nothing is near; at most four for a saved one, five
    before that. `in_hand` are the candidates and decisions of a saved one, where they are read.

    `note_search` is told the number of names found, instead of the trail, by a caller who writes
    more in this transaction: the trail's lock lasts to the commit, so `searched` is called last.
    """
    if in_hand is not None:
        near = _undecided(report, *in_hand)
    else:
        near = []
        # Near a report that is being logged is mostly nothing: whether there is any is the quicker
        # question.
        if is_saved or records_near(report, by=by).exists():
            near = list(candidates(report, by=by)[:MOST_CANDIDATES])
        if is_saved and near:
            near = _undecided(report, near, decisions([report.pk]))
    if not near:
        return []
    here = telling_of(report, victims, digests_of(names) | digests)
    there = tellings(near, with_names=bool(here.names), by=by, note_search=note_search)
    found = [Twin(one, likeness(here, there[one.pk])) for one in near]
    likely = [twin for twin in found if twin.likeness.is_likely]
    likely.sort(key=lambda twin: (-twin.likeness.points, twin.incident.code))
    return likely[:MOST_TWINS]


def _undecided(
    report: Incident, near: Iterable[Incident], decided: Iterable[NotATwin]
) -> list[Incident]:
    others = {row.second_id if row.first_id == report.pk else row.first_id for row in decided}
    return [one for one in near if one.pk not in others]


def decisions(keys: Iterable[Any]) -> "QuerySet[NotATwin]":
    """Every decision that touches the records."""
    keys = list(keys)
    return NotATwin.objects.filter(Q(first__in=keys) | Q(second__in=keys))


def _decisions(keys: Iterable[Any], *, at_entry: bool | None = None) -> dict[frozenset[Any], bool]:
    """{pair of keys: decided at entry} of all decisions that touch the records."""
    rows = decisions(keys)
    if at_entry is not None:
        rows = rows.filter(at_entry=at_entry)
    return {
        frozenset((first, second)): entry
        for first, second, entry in rows.values_list("first_id", "second_id", "at_entry")
    }


def searched(found: int, *, by: User | None) -> None:
    """Write down that typed names were compared: typing and looking at what comes is a search."""
    audit.record("vault.searched", by=by, detail={"kind": "twin", "found": found})


def tellings(
    incidents: Sequence[Incident],
    *,
    with_names: bool,
    by: User | None,
    note_search: Callable[[int], Any] | None = None,
) -> dict[UUID, Telling]:
    """Records as the comparison sees them, with the people harmed; two more questions at most."""
    people: dict[UUID, list[Victimization]] = {}
    keys: dict[str, UUID] = {}
    rows = Victimization.objects.filter(incident__in=[one.pk for one in incidents])
    for row in rows:
        people.setdefault(row.incident_id, []).append(row)
        if row.has_sealed_name:
            keys[str(row.pk)] = row.incident_id
    names: dict[UUID, set[bytes]] = {}
    if with_names and keys:
        known = BlindIndex.objects.filter(
            table=Victimization._meta.db_table, column="name", row__in=list(keys)
        )
        for row_key, digest in known.values_list("row", "digest"):
            names.setdefault(keys[row_key], set()).add(bytes(digest))
        if note_search is not None:
            note_search(len(names))
        else:
            searched(len(names), by=by)
    return {
        one.pk: telling_of(one, people.get(one.pk, ()), frozenset(names.get(one.pk, ())))
        for one in incidents
    }


# --- many at once ---------------------------------------------------------------------------------


def likely_pairs(*, by: User, today: Any = None) -> list[TwinPair]:
    """Pairs of the recent weeks that may tell of one event, the likeliest first.

    Of the newest records of each of the person's sites (`LIST_RECORDS`, `LIST_DAYS`). Pairs that a
    reviewer decided on are left out; what a reporter said at entry is shown beside the pair.
    """
    since = periods.now() - timedelta(days=LIST_DAYS)
    newest: list[Incident] = []
    for site in by.site_ids:
        newest += list(
            Incident.objects.visible_to(by)
            .filter(site=site, workflow_state__in=LIVE, occurred_from__gte=since)
            .select_related("place", "reporter")
            .only(*FIELDS)
            .order_by("-occurred_from", "-id")[:LIST_RECORDS]
        )
    near = list(islice(near_each_other(newest), MOST_PAIRS))
    if not near:
        return []
    decided = _decisions({one.pk for pair in near for one in pair})
    near = [pair for pair in near if decided.get(frozenset((pair[0].pk, pair[1].pk)), True)]
    there = tellings(
        list({one.pk: one for pair in near for one in pair}.values()), with_names=False, by=by
    )
    pairs = []
    for pair in near:
        like = likeness(there[pair[0].pk], there[pair[1].pk])
        if like.is_likely:
            first, second = sorted(pair, key=lambda one: (one.created_at, one.code))
            denied = frozenset((first.pk, second.pk)) in decided
            pairs.append(TwinPair(first, second, like, denied))
    pairs.sort(key=lambda pair: (pair.denied_at_entry, -pair.likeness.points, pair.second.code))
    return pairs[:LIST_PAIRS]


def near_each_other(newest: Sequence[Incident]) -> Iterable[tuple[Incident, Incident]]:
    """Pairs that the candidate query would put beside each other."""
    groups: dict[tuple[Any, Any], list[Incident]] = {}
    for one in newest:
        groups.setdefault((one.site_id, around(one.place)), []).append(one)
    families = {one.type: family("incident_type", one.type) or ANY_FAMILY for one in newest}
    for group in groups.values():
        group.sort(key=lambda one: one.occurred_from)
        for at, one in enumerate(group):
            for other in group[at + 1 :]:
                if other.occurred_from - one.occurred_from > WINDOW:
                    break
                kinds = (families[one.type], families[other.type])
                if kinds[0] == kinds[1] or ANY_FAMILY in kinds:
                    yield one, other


def count_likely(
    reports: Sequence[tuple[Incident, Sequence[Any]]], *, by: User, site: Site
) -> list[int]:
    """Positions of those reports, not saved, that likely repeat a record of the site.

    For the preview of an import: one question for each two hundred of them. Records that the person
    may not see are not compared.
    """
    order = sorted(range(len(reports)), key=lambda at: reports[at][0].occurred_from)
    found: list[int] = []
    for start in range(0, len(order), _AT_A_TIME):
        part = order[start : start + _AT_A_TIME]
        there = _records_near([reports[at][0] for at in part], by=by, site=site)
        for at in part:
            here = telling_of(*reports[at])
            group = there.get(here.around, [])
            first = bisect_left(group, here.at - WINDOW, key=lambda one: one.at)
            for other in group[first:]:
                if other.at - here.at > WINDOW:
                    break
                if may_be_twins(here, other) and likeness(here, other).is_likely:
                    found.append(at)
                    break
    return sorted(found)


def _records_near(reports: Sequence[Incident], *, by: User, site: Site) -> dict[Any, list[Telling]]:
    """Records around some reports as the comparison sees them, by sub-district and in time."""
    moments = [report.occurred_from for report in reports]
    places = {around(report.place) for report in reports}
    rows = (
        Incident.objects.visible_to(by)
        .filter(
            Q(place__in=places) | Q(place__parent__in=places),
            site=site,
            occurred_from__range=(min(moments) - WINDOW, max(moments) + WINDOW),
            workflow_state__in=LIVE,
        )
        .select_related("place")
        .only(*(name for name in FIELDS if not name.startswith("reporter")))
        .order_by("occurred_from")[:_MOST_ROWS]
    )
    groups: dict[Any, list[Telling]] = {}
    for row in rows:
        telling = telling_of(row)
        groups.setdefault(telling.around, []).append(telling)
    return groups


#: Rows of an import compared at a time, and records compared with them.
_AT_A_TIME, _MOST_ROWS = 200, 5000
