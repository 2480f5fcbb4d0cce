"""Whether a mediator belongs to a side, and who near by does not. Nothing sealed is opened for it.

The ties of staff and of sides are sealed with keyed digests beside them; equal digests mean an
equal tie. What comes out is only that somebody's ties meet a side, never which. A colleague's
ties show to nobody here: those proposed are few, so that who is missing may be away, busy or far.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import CharField, Count, Exists, OuterRef, Subquery
from django.db.models.functions import Cast, Coalesce

from ceasefire import audit, periods, vault
from ceasefire.people.models import User
from ceasefire.places.models import Place
from ceasefire.text import search_key
from ceasefire.vault.models import BlindIndex
from outreach.exceptions import NotForThisPerson, ReasonMissing
from outreach.models import (
    MEDIATORS,
    Conflict,
    NeutralityWaiver,
    PartyTie,
    StaffProfile,
    StaffTie,
    TieKind,
)
from outreach.services import conflict_notices

#: So many colleagues are proposed.
PROPOSED = 3
#: Who leads so many open conflicts is not free.
MOST_LED = 6
EARTH_KM = 6371.0
#: Words before a name that say only of what kind it is; the kind stands beside it.
_KIND_WORDS: dict[str, frozenset[str]] = {
    TieKind.TRIBE: frozenset(
        search_key(word) for word in ("عشيرة", "قبيلة", "عشائر", "tribe", "clan", "the")
    ),
    TieKind.PARTY: frozenset(search_key(word) for word in ("حزب", "party", "the")),
    TieKind.FAMILY: frozenset(
        search_key(word) for word in ("عائلة", "بيت", "آل", "ال", "family", "the")
    ),
}
_AFTER = frozenset(search_key(word) for word in ("tribe", "clan", "party", "family"))


def index_of(kind: str) -> str:
    """The kind of blind index of a tie: those of staff and of sides are compared under it."""
    return f"tie.{kind}"


def tie_value(kind: str, words: str) -> str:
    """A tie as it is kept: the name alone, without the word that says it is a tribe."""
    parts = words.split()
    while len(parts) > 1 and search_key(parts[0]) in _KIND_WORDS.get(kind, ()):
        parts = parts[1:]
    while len(parts) > 1 and search_key(parts[-1]) in _AFTER:
        parts = parts[:-1]
    return " ".join(parts)


def _digests(conflict: Conflict) -> Any:
    """The digests of what the sides of a conflict belong to, as a query to compare with."""
    ties = PartyTie.objects.filter(
        party__conflict=conflict, party__removed_at__isnull=True
    ).order_by()
    return BlindIndex.objects.filter(
        table=PartyTie._meta.db_table, row__in=ties.values(key=Cast("pk", CharField()))
    ).values("digest")


def meeting(conflict: Conflict, people: Iterable[User]) -> set[Any]:
    """Keys of those among `people` whose ties meet a side; one question."""
    equal = BlindIndex.objects.filter(
        table=StaffTie._meta.db_table,
        row=Cast(OuterRef("pk"), CharField()),
        digest__in=_digests(conflict),
    )
    ties = StaffTie.objects.filter(Exists(equal), profile__in=[person.pk for person in people])
    return set(ties.order_by().values_list("profile", flat=True))


def may_be_partial(conflict: Conflict, person: User) -> bool:
    """Whether the ties of a person meet a side of the conflict."""
    return person.pk in meeting(conflict, [person])


def has_said_why(conflict: Conflict, person: User) -> bool:
    """Whether a mediator took it on nevertheless, and said why."""
    return NeutralityWaiver.objects.filter(conflict=conflict, mediator=person).exists()


def is_warned(conflict: Conflict, person: User) -> bool:
    """Whether a mediator of the conflict is to be warned: ties meet, and nothing was said of it."""
    mediates = (
        conflict.lead_id == person.pk
        or conflict.mediators.filter(user=person, until__isnull=True).exists()
    )
    return mediates and may_be_partial(conflict, person) and not has_said_why(conflict, person)


def tell_of_ties(conflict: Conflict, people: Iterable[User], *, by: User) -> None:
    """Tell the supervisors of mediators, other than the writer, whose ties meet a side.

    The writer sees the warning on the page and says why nevertheless, or asks for somebody else.
    """
    others = [person for person in people if person.pk != by.pk]
    for key in sorted(str(key) for key in meeting(conflict, others)):
        conflict_notices.tell(
            conflict_notices.supervisors_of(conflict),
            conflict_notices.NOT_NEUTRAL,
            conflict,
            more=key,
        )


@dataclass(frozen=True)
class Colleague:
    """Somebody who could mediate: on whose beat it is, or how far off, and what they lead."""

    person: User
    on_beat: bool
    kilometres: float | None
    leads: int


@transaction.atomic
def colleagues(
    conflict: Conflict, *, by: User, gender: str = "", language: str = ""
) -> list[Colleague]:
    """The nearest free colleagues of the site whose ties meet no side; three at most.

    On duty, leading fewer than `MOST_LED` open conflicts, not mediating here already, and where
    asked of a gender or speaking a language. That it was asked is recorded: asking often, with
    other sides each time, would be a way to learn somebody's ties.
    """
    here = {person.pk for person in conflict_notices.mediators_of(conflict)}
    led = (
        Conflict.objects.open()
        .filter(lead=OuterRef("pk"))
        .order_by()
        .values("lead")
        .annotate(many=Count("pk"))
        .values("many")
    )
    people = list(
        User.objects.active()
        .filter(role__in=MEDIATORS, sites=conflict.site_id)
        .exclude(pk__in=[*here, by.pk])
        .annotate(leads=Coalesce(Subquery(led), 0))
    )
    profiles = {
        profile.pk: profile
        for profile in StaffProfile.objects.filter(
            user__in=[person.pk for person in people]
        ).prefetch_related("zones__places__parent")
    }
    tied = meeting(conflict, people)
    place = conflict.place
    found = []
    for person in people:
        profile = profiles.get(person.pk)
        if person.pk in tied or person.leads >= MOST_LED or not _fits(profile, gender, language):
            continue
        spots = _places(profile, conflict.site_id)
        on_beat = any(spot.pk in {place.pk, place.parent_id} for spot in spots)
        distances = [km for spot in spots if (km := kilometres(place, spot)) is not None]
        found.append(
            Colleague(
                person,
                on_beat,
                0.0 if on_beat else min(distances, default=None),  # type: ignore[type-var]
                person.leads,
            )
        )
    found.sort(
        key=lambda one: (
            not one.on_beat,
            math.inf if one.kilometres is None else round(one.kilometres),
            one.leads,
            one.person.code_name,
        )
    )
    audit.record(
        "conflict.colleagues_asked",
        subject=conflict,
        by=by,
        detail={"proposed": len(found[:PROPOSED])},
    )
    return found[:PROPOSED]


def _fits(profile: StaffProfile | None, gender: str, language: str) -> bool:
    if profile is None:
        return not gender and not language
    return (
        profile.on_duty
        and (not gender or profile.gender == gender)
        and (not language or language in profile.languages)
    )


def _places(profile: StaffProfile | None, site_id: int) -> list[Place]:
    """The places of somebody's beats at a site that are in use."""
    if profile is None:
        return []
    return [
        place
        for zone in profile.zones.all()
        if zone.site_id == site_id and zone.closed_on is None
        for place in zone.places.all()
    ]


def _point(place: Place) -> tuple[float, float] | None:
    """Where a place lies; of a neighbourhood without a point, the sub-district's."""
    for one in (place, place.parent):
        if one is not None and one.lat is not None and one.lon is not None:
            return one.lat, one.lon
    return None


def kilometres(one: Place, other: Place) -> float | None:
    """The distance between two places as the crow flies, in km; None where a point is missing."""
    here, there = _point(one), _point(other)
    if here is None or there is None:
        return None
    (lat1, lon1), (lat2, lon2) = (
        (math.radians(here[0]), math.radians(here[1])),
        (math.radians(there[0]), math.radians(there[1])),
    )
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


@transaction.atomic
def take_nevertheless(conflict: Conflict, *, by: User, reason: str) -> NeutralityWaiver:
    """Mediate all the same: why is sealed, and the supervisors are told that it is so."""
    from outreach.services import conflicts

    conflict = conflicts.held(conflict, by=by)
    return waive(conflict, by=by, reason=reason)


def waive(conflict: Conflict, *, by: User, reason: str) -> NeutralityWaiver:
    """The same on a held conflict; a second time changes nothing. `ReasonMissing` without one."""
    known = NeutralityWaiver.objects.filter(conflict=conflict, mediator=by).first()
    if known is not None:
        return known
    if not is_warned(conflict, by):
        raise NotForThisPerson
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    waiver = NeutralityWaiver.objects.create(conflict=conflict, mediator=by, at=periods.now())
    vault.seal(waiver, "reason", reason, by=by)
    conflict_notices.tell(
        conflict_notices.supervisors_of(conflict),
        conflict_notices.NOT_NEUTRAL,
        conflict,
        by=by,
        more=str(by.pk),
    )
    audit.record("conflict.taken_nevertheless", subject=conflict, by=by)
    return waiver


@transaction.atomic
def ask_replacement(conflict: Conflict, *, by: User) -> None:
    """Ask the supervisors to give the conflict to somebody neutral; once a day is enough."""
    from outreach.services import conflicts

    conflict = conflicts.held(conflict, by=by)
    conflict_notices.tell(
        conflict_notices.supervisors_of(conflict),
        "conflict.replacement",
        conflict,
        by=by,
        more=f"{by.pk}:{periods.now().date()}",
    )
    audit.record("conflict.replacement_asked", subject=conflict, by=by)
