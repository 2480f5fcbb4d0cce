"""How much two reports look like one event: points for and against, added up. Pure functions.

Nothing here is learned. Every row of the table below is a question a supervisor would ask, with the
points its answers give; a pair with `THRESHOLD` points or more is a likely twin. The points and the
threshold were set by hand on pairs of another seed than the one they are measured with
(docs/duplicates.md has the curve and what the pairs assume).

An answer that one of the two lacks gives nothing: few reports are complete, and what is missing is
no evidence. Precision counts: a day that is only known to the week speaks neither for nor against.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Any

from incidents.duplicates.words import comparable

#: Further apart than this, two reports are not compared at all (decisions of the design, 13).
WINDOW = timedelta(hours=48)
#: From so many points on, a pair is a likely twin.
THRESHOLD = 1.0
#: A type that fits every family: nobody knew what else to call it.
ANY_FAMILY = "other"
#: Answers that say nothing.
EMPTY = frozenset({"", "unknown", "other", "none"})
BANDS = ("0-11", "12-17", "18-24", "25-34", "35-49", "50-64", "65+")
DAY_PARTS = ("dawn", "morning", "afternoon", "evening", "night")


@dataclass(frozen=True)
class Count:
    """A number of people as an interval; `best` None where nobody knows."""

    best: int | None = None
    least: int | None = None
    most: int | None = None

    @property
    def interval(self) -> tuple[int, int] | None:
        """From at least to at most; None where nothing is known."""
        known = [number for number in (self.least, self.best, self.most) if number is not None]
        return (min(known), max(known)) if known else None


@dataclass(frozen=True)
class Harmed:
    """One person harmed, as far as a comparison looks."""

    sex: str = "unknown"
    age: int | None = None
    age_band: str = "unknown"
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Telling:
    """One report of an event, as the comparison sees it. `place` and `around` are keys.

    `around` is the sub-district in which the place lies, or the place itself where it is coarser.
    `names` are digests of the vault's blind index; nothing of them is ever shown.
    """

    type: str
    family: str
    at: datetime
    place: Any
    around: Any
    is_neighbourhood: bool = True
    time_precision: int = 1
    knows_clock: bool = False
    time_of_day: str = "unknown"
    geo_precision: int = 2
    lat: float | None = None
    lon: float | None = None
    subtype: str = ""
    place_type: str = "unknown"
    method: str = "unknown"
    motive: str = "unknown"
    weapons: frozenset[str] = frozenset()
    killed: Count = Count()
    injured: Count = Count()
    abducted: Count = Count()
    victims: tuple[Harmed, ...] = ()
    names: frozenset[bytes] = frozenset()
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Likeness:
    """The points of a pair, and how they came about: {question: points}, none that gave nothing."""

    points: float
    parts: dict[str, float]

    @property
    def is_likely(self) -> bool:
        """Whether a person should look at the pair."""
        return self.points >= THRESHOLD


def may_be_twins(one: Telling, other: Telling) -> bool:
    """Whether two reports are compared at all: 48 hours, sub-district, family of the type.

    The query of `finding` asks the same of the database.
    """
    return (
        abs(one.at - other.at) <= WINDOW
        and one.around == other.around
        and (one.family == other.family or ANY_FAMILY in (one.family, other.family))
    )


def likeness(one: Telling, other: Telling) -> Likeness:
    """How much two reports look like one event; the same whichever comes first."""
    parts = {
        "time": _time(one, other),
        "place": _place(one, other),
        "type": _type(one, other),
        "killed": _count(one.killed, other.killed, weight=1.0),
        "injured": _count(one.injured, other.injured, weight=1.3),
        "abducted": _count(one.abducted, other.abducted, weight=1.0),
        "victims": _victims(one.victims, other.victims),
        "names": _names(one.names, other.names),
        "circumstances": _circumstances(one, other),
        "words": _words(one.marks, other.marks),
    }
    parts = {name: round(points, 2) for name, points in parts.items() if points}
    return Likeness(round(sum(parts.values()), 2), parts)


# --- the questions ------------------------------------------------------------------------------


def _time(one: Telling, other: Telling) -> float:
    """Two clocks are compared by hours; else the days, and the parts of the day where told."""
    if max(one.time_precision, other.time_precision) > 1:
        return 0.0
    hours = abs(one.at - other.at).total_seconds() / 3600
    if one.knows_clock and other.knows_clock:
        for most, points in ((1.0, 3.0), (3.0, 2.0), (6.0, 0.5), (12.0, -1.0), (24.0, -2.0)):
            if hours <= most:
                return points
        return -3.0
    days = abs((one.at.date() - other.at.date()).days)
    points = {0: 1.2, 1: -0.8}.get(days, -2.5)
    parts = (one.time_of_day, other.time_of_day)
    if days == 0 and not EMPTY & set(parts):
        apart = abs(DAY_PARTS.index(parts[0]) - DAY_PARTS.index(parts[1]))
        points += {0: 0.8, 1: 0.0}.get(apart, -1.0)
    return points


def _place(one: Telling, other: Telling) -> float:
    """Two points by metres, unless one is vague; else the same name, another name, or no name."""
    points = 0.0
    if None not in (one.lat, one.lon, other.lat, other.lon):
        metres = distance(one.lat, one.lon, other.lat, other.lon)  # type: ignore[arg-type]
        vague = max(one.geo_precision, other.geo_precision) > 1
        for most, given in ((150, 2.5), (400, 1.2), (1000, 0.2)):
            if metres <= most:
                return given
        points = -0.6 if vague else -1.5
    if one.is_neighbourhood and other.is_neighbourhood:
        return points + (0.7 if one.place == other.place else -0.8)
    return points


def _type(one: Telling, other: Telling) -> float:
    """The same type, another of its family, or one that nobody could name."""
    if one.type == other.type:
        same = one.subtype and one.subtype.casefold() == other.subtype.casefold()
        return 1.2 if same else 0.8
    return -0.3 if ANY_FAMILY in (one.family, other.family) else -1.2


def _count(one: Count, other: Count, *, weight: float) -> float:
    """Equal numbers, the more the rarer; intervals that meet; or numbers that differ."""
    a, b = one.interval, other.interval
    if a is None or b is None:
        return 0.0
    if one.best is not None and one.best == other.best:
        return weight * (0.1, 0.5, 1.5)[min(one.best, 2)]
    if a[0] <= b[1] and b[0] <= a[1]:
        return weight * 0.2
    gap = max(a[0] - b[1], b[0] - a[1])
    nobody = 0 in (a[1], b[1])
    return -weight * (min(gap, 3) * 0.6 + (1.0 if nobody else 0.0))


def _victims(one: Iterable[Harmed], other: Iterable[Harmed]) -> float:
    """The people of the shorter list, each beside the one of the other list most like them."""
    few, many = sorted((list(one), list(other)), key=len)
    if not few:
        return 0.0
    likes = [max(_like(person, there) for there in many) for person in few]
    if len(few) == len(many):
        # Neither list is the shorter one: each is asked, so that the order does not matter.
        likes += [max(_like(person, there) for there in few) for person in many]
    mean = sum(likes) / len(likes)
    return max(-4.0, min(4.0, 1.5 * mean * (1.0 + 0.2 * (len(few) - 1))))


def _like(one: Harmed, other: Harmed) -> float:
    points = 0.0
    if not EMPTY & {one.sex, other.sex}:
        points += 0.2 if one.sex == other.sex else -2.0
    if one.age is not None and other.age is not None:
        apart = abs(one.age - other.age)
        points += 1.0 if apart <= 2 else 0.3 if apart <= 6 else -0.5 if apart <= 12 else -1.5
    else:
        bands = [_band(person) for person in (one, other)]
        if None not in bands:
            points += (0.7, 0.0, -0.8)[min(2, abs(bands[0] - bands[1]))]  # type: ignore[operator]
    roles = (one.roles - EMPTY, other.roles - EMPTY)
    if roles[0] and roles[1]:
        points += 1.5 if roles[0] & roles[1] else -1.2
    return points


def _band(person: Harmed) -> int | None:
    if person.age is not None:
        ends = (11, 17, 24, 34, 49, 64)
        return next((at for at, end in enumerate(ends) if person.age <= end), len(ends))
    return BANDS.index(person.age_band) if person.age_band in BANDS else None


def _names(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    """A name that both hold; two different ones say little, for one man has many names."""
    if not one or not other:
        return 0.0
    return 4.0 if one & other else -0.3


def _circumstances(one: Telling, other: Telling) -> float:
    """Kind of place, how, with what and why, each where both say it."""
    points = 0.0
    for field, same, differs in (
        ("place_type", 1.3, -1.5),
        ("method", 0.7, -1.4),
        ("motive", 0.5, -0.6),
    ):
        given = (getattr(one, field), getattr(other, field))
        if not EMPTY & set(given):
            points += same if given[0] == given[1] else differs
    weapons = (one.weapons - EMPTY, other.weapons - EMPTY)
    if weapons[0] and weapons[1]:
        points += 0.6 if weapons[0] & weapons[1] else -1.0
    return points


def _words(one: frozenset[str], other: frozenset[str]) -> float:
    """The marks that both summaries hold, against the fewer that could have been shared."""
    a, b = comparable(one, other)
    if len(a) < 2 or len(b) < 2:
        return 0.0
    shared = len(a & b)
    part = shared / min(len(a), len(b))
    if shared >= 2:
        return 2.5 if part >= 0.6 else 1.2 if part >= 0.4 else -0.3
    if shared == 1:
        return 0.3 if part >= 0.4 else -0.5
    return -2.5 if min(len(a), len(b)) >= 3 else -1.5


def distance(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two points on the sphere (haversine)."""
    lat, lon, other_lat, other_lon = map(radians, (lat, lon, other_lat, other_lon))
    half = (
        sin((other_lat - lat) / 2) ** 2
        + cos(lat) * cos(other_lat) * sin((other_lon - lon) / 2) ** 2
    )
    return 2 * 6_371_000 * asin(sqrt(half))
