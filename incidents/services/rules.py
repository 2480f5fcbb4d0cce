"""What follows from the facts: verification, sensitivity, day, district, search key, point.

Pure functions of what they are given (and of the boundaries); nothing is written here, so that the
import uses the same rules as the form.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.places import services as places
from ceasefire.places.models import Place
from ceasefire.text import search_key
from incidents.exceptions import InTheFuture, PlaceTooCoarse, PointElsewhere, TooLongAgo
from incidents.models import Incident
from incidents.services import search

#: Nobody alive told us of an earlier one: a year before it is a slip of the finger.
EARLIEST = date(1950, 1, 1)
#: Clocks of phones go wrong by some minutes.
CLOCK_TOLERANCE = timedelta(minutes=10)
#: Fields of an incident that follow from the plain ones and from its rows.
COMPUTED = (
    "occurred_on",
    "district",
    "search_key",
    "is_sensitive",
    "verification",
    "verification_computed",
    "verification_rule",
)
#: A point so near to a place's edge may still be meant for it: degrees, about two kilometres.
NEAR = 0.02
#: Kinds of source that by themselves confirm an incident, and the rule each of them makes.
CONFIRMING = {"staff": "staff_saw", "hospital": "hospital", "letter": "document"}

#: Why an incident has its verification, in words; by `Incident.verification_rule`.
RULES: dict[str, Any] = {
    "no_source": _("No source yet."),
    "weak": _("No source is both right at least sometimes and saying something possible."),
    "one_good": _("One source that is right at least sometimes says something possible."),
    "two_strong": _("Two independent sources; the best is usually right and fits what is known."),
    "two_good": _(
        "Two independent sources, each right at least sometimes and saying something possible."
    ),
    "staff_saw": _("Staff saw it."),
    "hospital": _("A hospital or morgue says so."),
    "document": _("An official letter says so."),
    "outside_two": _("The outside list rests on two sources or more."),
    "outside_one": _("The outside list rests on one source."),
}


class Graded(Protocol):
    """What the rule looks at in a source."""

    id: Any
    kind: str
    reliability: str
    credibility: str
    same_origin_as_id: Any


def at_least(source: Graded, reliability: str, credibility: str) -> bool:
    """Whether a source is graded so or better; F and 6 (cannot say) are never better."""
    return source.reliability <= reliability and source.credibility <= credibility


def independent(sources: Sequence[Graded]) -> list[list[Graded]]:
    """Sources by origin: those that go back to the same one stand together and count once."""
    origin = {source.id: source.same_origin_as_id for source in sources}

    def first(key: Any) -> Any:
        seen: set[Any] = set()
        while origin.get(key) in origin and key not in seen:
            seen.add(key)
            key = origin[key]
        # A ring of sources has no beginning; its smallest key stands for it.
        return min(seen, key=str) if key in seen else key

    groups: dict[Any, list[Graded]] = {}
    for source in sources:
        groups.setdefault(first(source.id), []).append(source)
    return list(groups.values())


def verification_of(sources: Iterable[Graded]) -> tuple[str, str]:
    """The grade that the sources give, and the key of the rule that gave it.

    Confirmed: staff saw it, a hospital or morgue or an official letter says so, graded C3 or
    better. Corroborated: two independent sources, the best B2 or better or two of them C3 or
    better; a source that is never right or that others contradict supports nothing. Provisional:
    one source C3 or better. Unverified: the rest. Disputed and refuted are a supervisor's to say.
    Source: the program's grading rule, after the two-source rule of Iraq Body Count.
    """
    grade = Incident.Verification
    rows = list(sources)
    if not rows:
        return grade.UNVERIFIED, "no_source"
    good = [source for source in rows if at_least(source, "C", "3")]
    for source in good:
        if source.kind in CONFIRMING:
            return grade.CONFIRMED, CONFIRMING[source.kind]
    supporting = [
        group
        for group in independent(rows)
        if any(one.reliability != "E" and one.credibility != "5" for one in group)
    ]
    if len(supporting) >= 2:
        if any(at_least(one, "B", "2") for one in good):
            return grade.CORROBORATED, "two_strong"
        if sum(any(at_least(one, "C", "3") for one in group) for group in supporting) >= 2:
            return grade.CORROBORATED, "two_good"
    if good:
        return grade.PROVISIONAL, "one_good"
    return grade.UNVERIFIED, "weak"


def is_minor(victim: Any) -> bool:
    """Under 18, by age, by age group, or called a child."""
    if victim.age is not None:
        return bool(victim.age < 18)
    return victim.age_band in {"0-11", "12-17"} or "child" in victim.roles


def is_sensitive(incident: Incident, victims: Iterable[Any]) -> bool:
    """Sexual violence, a minor among the victims, program staff involved, or a file said so."""
    return (
        incident.type == "SXV"
        or incident.staff_involved
        or incident.said_sensitive
        or any(victim.harm == "sexual" or is_minor(victim) for victim in victims)
    )


def mark_sensitive(incident: Incident, is_sensitive: bool, *, at: datetime) -> None:
    """Set whether it is sensitive; where it stops being so, until when its history is guarded."""
    if incident.is_sensitive and not is_sensitive:
        incident.guarded_until = at
    incident.is_sensitive = is_sensitive


def is_sensitive_content(content: Mapping[str, Any]) -> bool:
    """The same of a form that is kept as it came (`facts.as_content`)."""
    told = Incident(
        type=content.get("type") or "", staff_involved=bool(content.get("staff_involved"))
    )
    victims = [
        SimpleNamespace(**{"age": None, "age_band": "", "roles": (), "harm": "", **row})
        for row in content.get("victims") or ()
    ]
    return is_sensitive(told, victims)


def search_key_of(code: str, summary: str, place: Place) -> str:
    """What the list searches: the words of code and summary, and the place's in both scripts."""
    parts = [search_key(code), search.words_key(summary), search.place_key(place)]
    return " ".join(filter(None, parts))


def settle(incident: Incident) -> None:
    """Work out the fields that follow from the plain ones: day, district, search key."""
    incident.occurred_on = periods.local_day(incident.occurred_from)
    incident.district_id = incident.place.district_id
    incident.search_key = search_key_of(incident.code, incident.summary, incident.place)


def give_code(incident: Incident, code: str) -> None:
    """Give a settled incident the code it did not have; the code is searched for first."""
    incident.code = code
    incident.search_key = " ".join(filter(None, [search_key(code), incident.search_key]))


# --- the place ----------------------------------------------------------------------------------

#: The finest precision that a level of place allows by itself.
FINEST = {"neighbourhood": 1, "subdistrict": 1, "district": 4, "governorate": 5, "country": 5}
#: What is meant when nobody says: the place as far as it was named.
USUAL = {"neighbourhood": 2, "subdistrict": 3, "district": 4, "governorate": 5, "country": 5}


@dataclass(frozen=True)
class Point:
    """How a point lies to the place that was chosen: "inside", "near" or "elsewhere"."""

    lies: str
    located: Place | None


def usual_precision(place: Place, *, has_point: bool = False) -> int:
    """The precision of a place when nobody says it: a point inside makes it exact."""
    return 1 if has_point else USUAL[place.level]


def check_point(place: Place, lat: float, lon: float) -> Point:
    """Where a point lies in relation to a place (WGS 84 degrees)."""
    located = places.locate(lat, lon)
    if place.level == Place.Level.COUNTRY:
        return Point("inside" if located else "elsewhere", located)
    around = place.parent if place.level == Place.Level.NEIGHBOURHOOD else place
    if located is not None and around is not None:
        above = {located.pk, located.district_id, located.governorate_id}
        if around.pk in above:
            return Point("inside", located)
    if around is not None and around.geometry:
        from shapely import Point as Spot
        from shapely.geometry import shape

        if shape(around.geometry).distance(Spot(lon, lat)) <= NEAR:
            return Point("near", located)
    return Point("elsewhere", located)


def check(incident: Incident, *, at: datetime) -> None:
    """Refuse what cannot be: a moment to come, a point elsewhere, a place said too exactly."""
    if incident.occurred_from > at + CLOCK_TOLERANCE:
        raise InTheFuture
    if periods.local_day(incident.occurred_from) < EARLIEST:
        raise TooLongAgo
    has_point = incident.lat is not None and incident.lon is not None
    if has_point:
        found = check_point(incident.place, incident.lat, incident.lon)  # type: ignore[arg-type]
        if found.lies == "elsewhere":
            raise PointElsewhere(found.located)
    elif incident.geo_precision < FINEST[incident.place.level]:
        raise PlaceTooCoarse


def missing(incident: Incident, *, sources: int) -> list[str]:
    """What a sent incident must have and this one has not: `killed`, `sources`."""
    lacks = []
    if incident.killed_best is None and not incident.killed_unknown:
        lacks.append("killed_best")
    if not sources:
        lacks.append("sources")
    return lacks


#: What a reviewer likes to know; empty ones are named in the review list and never required.
WISHED = ("time_of_day", "place_type", "method", "motive", "weapons", "injured_best", "summary")


def unanswered(incident: Incident) -> list[str]:
    """Which of the wished-for answers are still open."""
    return [name for name in WISHED if getattr(incident, name) in (None, "", "unknown", [])]
