"""The seeded process behind the made-up records (docs/demo-data.md). No database, no clock.

Week by week and kind by kind a negative-binomial number is drawn; each event gets a neighbourhood,
a moment, a point where the place is known well, consequences, sources, and a delay until somebody
reports it. Some draw another one near by. What was not yet reported at the cut is not there.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from ceasefire.periods import BAGHDAD
from incidents.demo import kinds
from incidents.demo.kinds import Kind, Weights

#: Variance over mean of a week's number of one kind.
DISPERSION = 1.25
#: Share of the yearly wave (most in July), and change a year.
SEASON, TREND = 0.15, -0.02
#: The month of Ramadan has somewhat fewer incidents, later in the day.
RAMADAN = 0.9
_A_RAMADAN, _LUNAR_YEAR = date(2024, 3, 11), 354.367
#: Metres within which one event draws another, and days within which it comes.
NEAR_METRES, NEAR_DAYS = 150.0, 13
METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True)
class Spot:
    """A place where things happen: its share, and the middle of it where that is known."""

    pcode: str
    name_en: str
    name_ar: str
    weight: float
    lat: float | None = None
    lon: float | None = None
    metres: float = 450.0
    #: Whether the place is finer than a sub-district.
    is_fine: bool = True


@dataclass(frozen=True)
class Program:
    """One site: its places, its share of the rates, how many weeks, and where the outbreak is."""

    site: str
    spots: Sequence[Spot]
    share: float
    weeks: int
    reporters: Sequence[str]
    #: (kind, P-codes) of a modest outbreak in the last complete week.
    outbreak: tuple[str, tuple[str, ...]] | None = None
    #: Coarser places by precision: 3 sub-district, 4 district.
    coarse: dict[int, Spot] = field(default_factory=dict)


@dataclass
class Event:
    """One made-up incident, with what belongs to it, in codes."""

    kind: Kind
    spot: Spot
    occurred_from: datetime
    time_of_day: str
    lat: float | None
    lon: float | None
    geo_precision: int
    time_precision: int = 1
    reported_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    sources: list[tuple[str, str, str]] = field(default_factory=list)
    victims: list[dict[str, Any]] = field(default_factory=list)
    actor: str = ""
    reporter: str = ""
    is_outbreak: bool = False
    #: Moved to fixed hours before the day of loading, so that the board shows every colour.
    is_fresh: bool = False


@lru_cache(maxsize=4096)
def in_ramadan(day: date) -> bool:
    """Whether a day falls in Ramadan, by the mean lunar year: off by two days at most."""
    turns = math.floor(((day - _A_RAMADAN).days + 1) / _LUNAR_YEAR)
    start = _A_RAMADAN + timedelta(days=round(turns * _LUNAR_YEAR))
    return 0 <= (day - start).days < 30


class Dice:
    """Random choices from fixed weights, quick for a long run and the same for one seed."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311 - made-up data, and it must repeat
        self.numbers = np.random.default_rng(self.random.getrandbits(64))
        self._tables: dict[int, tuple[list[Any], list[float]]] = {}

    def pick(self, weights: Weights) -> str:
        table = self._tables.get(id(weights))
        if table is None:
            total, cumulated = 0.0, []
            for weight in weights.values():
                total += weight
                cumulated.append(total)
            table = self._tables[id(weights)] = (list(weights), cumulated)
        return self.random.choices(table[0], cum_weights=table[1])[0]

    def number(self, weights: Sequence[float]) -> int:
        if len(weights) == 1:
            return 0
        return self.random.choices(range(len(weights)), weights)[0]

    def negative_binomial(self, mean: float) -> int:
        """A number with this mean and `DISPERSION` times as much variance."""
        if mean <= 0:
            return 0
        rate = self.numbers.gamma(mean / (DISPERSION - 1), DISPERSION - 1)
        return int(self.numbers.poisson(rate))


def natural_size(programs: Sequence[Program]) -> float:
    """How many records the process makes on average, without scaling."""
    a_week = sum(kind.rate * (1 + kind.draws) for kind in kinds.KINDS)
    return sum(a_week * program.share * program.weeks for program in programs)


def simulate(
    program: Program,
    *,
    seed: int,
    cut: datetime,
    this_week: date,
    scale: float = 1.0,
    inside: Callable[[Spot, float, float], bool] | None = None,
) -> list[Event]:
    """The events of one site that were reported before `cut`, oldest first.

    `this_week` is the first day of the week under way; the last of `program.weeks` complete weeks
    is the one before. `inside` says whether a point lies in its place; one that does not is left
    out and the place stays without point.
    """
    dice = Dice(f"{seed}/{program.site}/{this_week.isoformat()}")
    shares = {spot.pcode: spot.weight for spot in program.spots}
    spots = {spot.pcode: spot for spot in program.spots}
    events: list[Event] = []
    # The week under way as well: what was reported of it before the cut is there.
    for back in range(program.weeks, -1, -1):
        start = this_week - timedelta(weeks=back)
        middle = start + timedelta(days=3)
        wave = 1 + SEASON * math.cos(2 * math.pi * (middle.timetuple().tm_yday - 196) / 365.25)
        level = wave * (1 + TREND * (program.weeks / 2 - back) / 52) * program.share * scale
        if in_ramadan(middle):
            level *= RAMADAN
        for kind in kinds.KINDS:
            for _ in range(dice.negative_binomial(kind.rate * level)):
                event = _event(dice, program, kind, spots[dice.pick(shares)], start, inside)
                events.append(event)
                if kind.draws and dice.random.random() < kind.draws:
                    drawn = _drawn(dice, program, event, inside)
                    if drawn is not None:
                        events.append(drawn)
    if program.outbreak is not None:
        events += _outbreak(dice, program, spots, this_week, scale, inside)
    for event in events:
        _fill(dice, event, program)
    events = [event for event in events if event.reported_at and event.reported_at < cut]
    return sorted(events, key=lambda event: (event.occurred_from, event.reported_at))


def _event(
    dice: Dice,
    program: Program,
    kind: Kind,
    spot: Spot,
    start: date,
    inside: Callable[[Spot, float, float], bool] | None,
    day: date | None = None,
    near: Event | None = None,
) -> Event:
    day = day or start + timedelta(days=dice.random.randrange(7))
    band = dice.pick(kinds.BANDS_RAMADAN if in_ramadan(day) else kinds.BANDS)
    first, last = kinds.HOURS[band]
    at = datetime.combine(
        day, time(dice.random.randint(first, last), dice.random.randrange(0, 60, 5)), BAGHDAD
    )
    if dice.random.random() < 0.2:
        band, at = "unknown", datetime.combine(day, time.min, BAGHDAD)
    drawn = dice.random.random()
    if near is None and drawn > 0.93 and program.coarse:
        precision = 3 if drawn < 0.98 else 4
        coarse = program.coarse.get(precision)
        if coarse is not None:
            return Event(kind, coarse, at, band, None, None, precision)
    lat = lon = None
    middle_lat, middle_lon, metres = spot.lat, spot.lon, spot.metres
    if near is not None and near.lat is not None and near.lon is not None:
        middle_lat, middle_lon, metres = near.lat, near.lon, NEAR_METRES / 2
    if middle_lat is not None and middle_lon is not None and drawn < 0.62:
        lat = round(middle_lat + dice.random.gauss(0, metres) / METRES_A_DEGREE, 5)
        across = METRES_A_DEGREE * math.cos(math.radians(middle_lat))
        lon = round(middle_lon + dice.random.gauss(0, metres) / across, 5)
        if inside is not None and not inside(spot, lat, lon):
            lat = lon = None
    precision = 1 if lat is not None else (2 if spot.is_fine else 3)
    return Event(kind, spot, at, band, lat, lon, precision)


def _drawn(
    dice: Dice,
    program: Program,
    parent: Event,
    inside: Callable[[Spot, float, float], bool] | None,
) -> Event | None:
    """An event that another one drew: near by, within two weeks, often in return."""
    if parent.geo_precision > 2:
        return None
    code = dice.pick(_FOLLOWS)
    day = parent.occurred_from.date() + timedelta(days=dice.random.randint(1, NEAR_DAYS))
    event = _event(
        dice, program, kinds.BY_CODE[code], parent.spot, day, inside, day=day, near=parent
    )
    event.facts["motive"] = "retaliation"
    return event


_FOLLOWS: Weights = {"SHT": 0.3, "ATM": 0.25, "MUR": 0.15, "THR": 0.15, "DKA": 0.15}


def _outbreak(
    dice: Dice,
    program: Program,
    spots: dict[str, Spot],
    this_week: date,
    scale: float,
    inside: Callable[[Spot, float, float], bool] | None,
) -> list[Event]:
    """Some more of one kind in the last complete week: four standard deviations above its mean."""
    if program.outbreak is None:
        return []
    code, where = program.outbreak
    kind = kinds.BY_CODE[code]
    mean = kind.rate * program.share * scale
    start = this_week - timedelta(weeks=1)
    events = []
    for number in range(math.ceil(4 * math.sqrt(DISPERSION * mean)) + 2):
        # Not on its last day, so that all of it is reported by the next morning.
        day = start + timedelta(days=dice.random.randrange(6))
        spot = spots[where[number % len(where)]]
        event = _event(dice, program, kind, spot, start, inside, day=day)
        event.is_outbreak = True
        events.append(event)
    return events


def _fill(dice: Dice, event: Event, program: Program) -> None:
    """Consequences, means, sources, reporter and delay of one event."""
    kind, chance = event.kind, dice.random.random
    killed = dice.number(kind.killed)
    injured = dice.number(kind.injured)
    abducted = dice.number(kind.abducted)
    unknown = not event.is_outbreak and chance() < 0.015
    facts: dict[str, Any] = {
        "killed_best": None if unknown else killed,
        "killed_unknown": unknown,
        "injured_best": injured if chance() < 0.85 or injured else None,
        "abducted": abducted or None,
        "method": dice.pick(kind.methods) if kind.methods and chance() < 0.85 else "unknown",
        "motive": dice.pick(kind.motives) if kind.motives and chance() < 0.6 else "unknown",
        "weapons": [dice.pick(kind.weapons)] if kind.weapons and chance() < 0.8 else [],
        "place_type": dice.pick(kinds.PLACE_TYPES),
    }
    facts["weapons"] = [one for one in facts["weapons"] if _fits(one, facts["method"])]
    if not unknown and killed > 1 and chance() < 0.3:
        facts["killed_min"], facts["killed_max"] = killed - 1, killed + 1
    event.facts = {**facts, **event.facts}
    sure = chance()
    event.time_precision = 1 if event.is_outbreak or sure < 0.955 else 2 if sure < 0.985 else 3
    harms = ["killed"] * min(killed, 4) + ["injured"] * min(injured, 4)
    harms += ["abducted"] * min(abducted, 2)
    if not harms and kind.harm:
        harms = [kind.harm]
    event.victims = [
        {
            "harm": harm,
            "sex": "f"
            if kind.code in ("SXV", "HON") or chance() < 0.1
            else ("m" if chance() < 0.95 else "unknown"),
            "age_band": "unknown" if event.is_outbreak else dice.pick(kinds.AGES),
            "roles": [dice.pick(kinds.ROLES)],
            "gunshot": "yes" if event.facts["method"] in _BY_GUN and harm in _WOUNDS else "unknown",
        }
        for harm in harms
        if event.is_outbreak or chance() < 0.9
    ]
    count = 1 if (drawn := chance()) < 0.6 else 2 if drawn < 0.9 else 3
    if event.is_outbreak:
        event.sources = [("police", "C", "3"), ("family", "B", "2")]
    else:
        event.sources = [
            (
                dice.pick(kinds.SOURCES),
                dice.pick(kinds.RELIABILITY),
                dice.pick(kinds.CREDIBILITY),
            )
            for _ in range(count)
        ]
    event.actor = dice.pick(kinds.ACTORS) if chance() < 0.7 else ""
    event.reporter = program.reporters[dice.random.randrange(len(program.reporters))]
    delay = timedelta(minutes=dice.random.randrange(20, 600))
    if not event.is_outbreak:
        if (drawn := chance()) > 0.62:
            delay += timedelta(days=dice.random.expovariate(1 / 2.2))
        if drawn > 0.97:
            delay += timedelta(days=dice.random.uniform(7, 40))
    known = event.occurred_from
    if event.time_of_day == "unknown":
        known += timedelta(hours=12)
    event.reported_at = known + delay


_BY_GUN = frozenset({"shooting", "drive_by", "silenced"})
_GUNS = frozenset({"pistol", "rifle", "silenced", "machine_gun", "rpg"})


def _fits(weapon: str, method: str) -> bool:
    """Whether a weapon can have served a method; drawn apart, the two may contradict."""
    if method in _BY_GUN:
        return weapon in _GUNS and (weapon == "silenced" or method != "silenced")
    if method in {"stabbing", "beating"}:
        return weapon not in _GUNS and (weapon == "knife") == (method == "stabbing")
    return True


_WOUNDS = frozenset({"killed", "injured"})
