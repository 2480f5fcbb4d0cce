"""Loading the demonstration into an empty database."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from ceasefire import audit, codes, periods
from ceasefire.people.models import User
from ceasefire.places import services as places
from ceasefire.places.models import CoveragePeriod, Place, Site
from incidents import importing
from incidents.demo import kinds, parts, responses
from incidents.demo.connections import connect
from incidents.demo.people import CENTRE, HISTORY, ZUBAIR, demo_password, make_people
from incidents.demo.pictures import add_pictures
from incidents.demo.simulation import Event, Program, Spot, natural_size, simulate
from incidents.importing.bulk import copy_in
from incidents.importing.entry import Gazetteer
from incidents.models import (
    Incident,
    IncidentActor,
    IncidentStep,
    Source,
    Victimization,
)
from incidents.services import rules, search

UCDP = Path(__file__).with_name("data") / "ucdp_ged_basrah.csv"
WEEKS = {CENTRE: 261, ZUBAIR: 78}
REPORTED_WEEKS = 26
HISTORY_FROM, HISTORY_UNTIL = date(2003, 1, 6), date(2018, 12, 24)
#: Older than that, an accepted record is archived.
ARCHIVED_AFTER = timedelta(days=400)
DEFAULT_SEED = 2007

#: Middle of the neighbourhoods, roughly, and their share: made up for the demonstration.
_NEIGHBOURHOODS: dict[str, tuple[float, float | None, float | None]] = {
    "ASHAR": (0.11, 30.512, 47.835),
    "MAQAL": (0.07, 30.557, 47.797),
    "JUMHURIYA": (0.09, 30.508, 47.806),
    "HAYANIYA": (0.17, 30.505, 47.768),
    "QIBLA": (0.11, 30.485, 47.778),
    "JUBAILA": (0.05, 30.541, 47.803),
    "JUNAINA": (0.04, 30.527, 47.803),
    "BARADHIYA": (0.02, 30.503, 47.845),
    "ABBASIYA": (0.02, 30.516, 47.816),
    "MANAWI": (0.02, None, None),
    "TUWAISA": (0.03, 30.519, 47.824),
    "BRIHA": (0.02, 30.513, 47.829),
    "HAKIMIYA": (0.03, 30.531, 47.813),
    "ASMAI": (0.06, 30.494, 47.790),
    "HUSSEIN": (0.06, 30.507, 47.752),
    "KHALIJ": (0.02, 30.496, 47.812),
    "ANDALUS": (0.02, 30.534, 47.790),
    "MUWAFAQIYA": (0.02, 30.490, 47.830),
    "QASIM": (0.03, 30.512, 47.785),
}
_MARKAZ = "IQG02Q02N02"
#: Sub-districts: share, middle of the town, metres around it.
_SUBDISTRICTS: dict[str, dict[str, tuple[float, float, float, float]]] = {
    CENTRE: {"IQG02Q02N01": (0.06, 30.655, 47.745, 900.0)},
    ZUBAIR: {
        "IQG02Q06N01": (0.62, 30.389, 47.701, 1100.0),
        "IQG02Q06N02": (0.16, 30.115, 47.718, 600.0),
        "IQG02Q06N03": (0.22, 30.036, 47.930, 700.0),
    },
}
_DISTRICTS = {CENTRE: "IQG02Q02", ZUBAIR: "IQG02Q06"}
_REPORTERS = {CENTRE: ("interrupter", "worker", "worker2"), ZUBAIR: ("worker.zubair",)}
_SUPERVISORS = {CENTRE: "supervisor", ZUBAIR: "supervisor.zubair"}


class DemoRefused(Exception):
    """The demo is not loaded here; the message says why."""


@dataclass
class Loaded:
    """What was loaded."""

    users: int = 0
    history: int = 0
    made_up: dict[str, int] = field(default_factory=dict)
    #: What the other apps added: {"participants": 96}.
    more: dict[str, int] = field(default_factory=dict)
    #: How long each of them took, in seconds.
    took: dict[str, float] = field(default_factory=dict)
    password_in: str = ""


def refuse_unless_empty() -> None:
    """The demo comes into an empty database in demo mode, or not at all."""
    if settings.PRODUCTION:
        raise DemoRefused("The demo is for demo mode only; this is a production start.")
    if User.objects.exists():
        raise DemoRefused("The database holds users already; the demo is loaded into an empty one.")
    if Site.objects.exists() or Incident.objects.exists():
        raise DemoRefused("The database holds records already; the demo needs an empty one.")


@transaction.atomic
def load_demo(
    *,
    seed: int = DEFAULT_SEED,
    rows: int | None = None,
    today: date | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Loaded:
    """Load people, sites, UCDP history and made-up records, all in one transaction.

    The same seed, day and number of rows give the same made-up records, to the last key. `rows` is
    about how many of them; without it some nine thousand. Raises `DemoRefused`.
    """
    refuse_unless_empty()
    today = today or periods.today()
    loaded = Loaded()
    this_week = periods.Week.of(today).start
    sites = _sites(this_week)
    people = make_people(sites, demo_password())
    loaded.users = len(people)
    say("UCDP events of Basrah")
    outcome = importing.import_file(
        UCDP.read_bytes(), format="ucdp-ged", site=sites[HISTORY], by=None
    )
    if not outcome.done:
        raise DemoRefused("The UCDP file of the demo could not be read in.")
    loaded.history = outcome.created
    gazetteer = Gazetteer()
    programs = [_program(code, gazetteer) for code in (CENTRE, ZUBAIR)]
    scale = 1.0 if rows is None else rows / natural_size(programs)
    cut = datetime.combine(today, datetime.min.time(), periods.BAGHDAD)
    for program in programs:
        say(f"Made-up records of {program.site}")
        inside = _inside(gazetteer)
        events = simulate(
            program, seed=seed, cut=cut, this_week=this_week, scale=scale, inside=inside
        )
        site = sites[program.site]
        responses.freshen(events, cut)
        writer = _Writer(site, people, gazetteer, cut, this_week, f"{seed}/{program.site}")
        writer.write(events)
        add_pictures(site, seed=f"{seed}/{program.site}")
        field = [people[name] for name in _REPORTERS[program.site]]
        since = cut - timedelta(weeks=REPORTED_WEEKS)
        answers = responses.Answers(site, field, cut, f"{seed}/{program.site}")
        answers.write(writer.incidents, writer.actors, since)
        connect(site, people[_SUPERVISORS[program.site]], cut)
        loaded.made_up[program.site] = len(events)
    responses.tell(max(cut, periods.now()))
    for code, number in loaded.made_up.items():
        audit.record("demo.loaded", subject=sites[code], detail={"rows": number, "seed": seed})
    stage = parts.Stage(sites, people, cut, seed)
    for name, load in parts.known().items():
        say(f"Made-up records of {name}")
        began = time.monotonic()
        loaded.more |= load(stage)
        loaded.took[name] = time.monotonic() - began
    return loaded


def _sites(this_week: date) -> dict[str, Site]:
    since = this_week - timedelta(weeks=REPORTED_WEEKS)
    made: dict[str, Site] = {}
    for code, name_en, name_ar, facts in (
        (CENTRE, "Basrah Centre", "مركز البصرة", {"reporting_since": since, "is_demo": True}),
        (ZUBAIR, "Al-Zubair", "الزبير", {"reporting_since": since, "is_demo": True}),
        (
            HISTORY,
            "Basrah, UCDP history",
            "البصرة، تاريخ أوبسالا",
            # The reference series of UCDP counts weeks from Monday.
            {"read_only": True, "week_start": 0},
        ),
    ):
        made[code] = Site.objects.create(code=code, name_en=name_en, name_ar=name_ar, **facts)
    for code, pcode in (*_DISTRICTS.items(), (HISTORY, "IQG02")):
        made[code].places.add(Place.objects.get(pcode=pcode))
    for code, weeks in WEEKS.items():
        CoveragePeriod.objects.create(site=made[code], start=this_week - timedelta(weeks=weeks))
    CoveragePeriod.objects.create(site=made[HISTORY], start=HISTORY_FROM, end=HISTORY_UNTIL)
    return made


def _spot(gazetteer: Gazetteer, pcode: str, weight: float, **facts: Any) -> Spot:
    place = gazetteer.by_pcode[pcode]
    return Spot(pcode, place.name_en, place.name_ar, weight, **facts)


def _program(code: str, gazetteer: Gazetteer) -> Program:
    spots = []
    if code == CENTRE:
        spots = [
            _spot(gazetteer, f"{_MARKAZ}-{short}", weight, lat=lat, lon=lon)
            for short, (weight, lat, lon) in _NEIGHBOURHOODS.items()
        ]
    spots += [
        _spot(gazetteer, pcode, weight, lat=lat, lon=lon, metres=metres, is_fine=False)
        for pcode, (weight, lat, lon, metres) in _SUBDISTRICTS[code].items()
    ]
    coarse = {4: _spot(gazetteer, _DISTRICTS[code], 0)}
    if code == CENTRE:
        coarse[3] = _spot(gazetteer, _MARKAZ, 0)
    return Program(
        site=code,
        spots=spots,
        share=1.0 if code == CENTRE else 0.38,
        weeks=WEEKS[code],
        reporters=_REPORTERS[code],
        outbreak=("MUR", (f"{_MARKAZ}-HAYANIYA", f"{_MARKAZ}-QIBLA")) if code == CENTRE else None,
        coarse=coarse,
    )


def _inside(gazetteer: Gazetteer) -> Callable[[Spot, float, float], bool]:
    """Whether a point lies in its place; a neighbourhood has no outline, so in its sub-district."""
    from shapely import prepare
    from shapely.geometry import Point, shape

    outlines: dict[str, Any] = {}

    def inside(spot: Spot, lat: float, lon: float) -> bool:
        place = gazetteer.by_pcode[spot.pcode]
        if place.level == Place.Level.NEIGHBOURHOOD and place.parent is not None:
            place = place.parent
        if place.pcode not in outlines:
            outline = shape(Place.objects.values_list("geometry", flat=True).get(pk=place.pk))
            prepare(outline)
            outlines[place.pcode] = outline
        return bool(outlines[place.pcode].contains(Point(lon, lat)))

    return inside


class _Writer:
    """Turns events into rows with a past: when reported, sent, accepted, and by whom."""

    def __init__(
        self,
        site: Site,
        people: dict[str, User],
        gazetteer: Gazetteer,
        cut: datetime,
        this_week: date,
        seed: str,
    ) -> None:
        self.site, self.people, self.gazetteer = site, people, gazetteer
        self.cut, self.this_week = cut, this_week
        self.recent = datetime.combine(
            this_week - timedelta(weeks=1), datetime.min.time(), periods.BAGHDAD
        )
        self.random = random.Random(f"{seed}/writing")  # noqa: S311 - made-up data
        self.supervisor = people[_SUPERVISORS[site.code]]
        self.manager = people["manager"]
        self.keys: dict[str, str] = {}
        states = Incident.State
        self.desks = [states.IN_REVIEW, states.SUBMITTED, states.RETURNED, states.DRAFT]
        self.incidents: list[dict[str, Any]] = []
        self.sources: list[dict[str, Any]] = []
        self.victims: list[dict[str, Any]] = []
        self.actors: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []

    def key(self) -> UUID:
        """A key that is the same for the same seed."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def write(self, events: list[Event]) -> None:
        """Write them all, in the order in which they were entered."""
        for event in sorted(events, key=lambda event: event.reported_at or self.cut):
            self._add(event)
        self._number()
        for model, rows in (
            (Incident, self.incidents),
            (Source, self.sources),
            (Victimization, self.victims),
            (IncidentActor, self.actors),
            (IncidentStep, self.steps),
        ):
            for start in range(0, len(rows), 5000):
                copy_in(model, rows[start : start + 5000])
        search.learn(
            {word for row in self.incidents for word in row["search_key"].split()},
            {
                word
                for key in {row["place_id"] for row in self.incidents}
                for word in self.gazetteer.names(self.gazetteer.by_pk[key])
            },
        )

    def _number(self) -> None:
        """Codes by the year of entry, in its order."""
        by_year: dict[int, list[dict[str, Any]]] = {}
        for row in self.incidents:
            by_year.setdefault(row["created_at"].year, []).append(row)
        for year, rows in sorted(by_year.items()):
            first = codes.reserve_numbers("INC", year, len(rows))
            for number, row in enumerate(rows, start=first):
                row["code"] = f"INC-{year}-{number:06d}"
                row["search_key"] = f"inc {year} {number:06d} {row['search_key']}"

    def _summary(self, event: Event) -> str:
        en = event.kind.en.format(place=event.spot.name_en, time=kinds.TIMES_EN[event.time_of_day])
        ar = event.kind.ar.format(place=event.spot.name_ar, time=kinds.TIMES_AR[event.time_of_day])
        drawn = self.random.random()
        if drawn < 0.5:
            return f"{kinds.LABEL_AR} {ar}"
        if drawn < 0.75:
            return f"{kinds.LABEL_EN} {en}"
        return f"{kinds.LABEL_AR} {ar}\n{kinds.LABEL_EN} {en}"

    def _add(self, event: Event) -> None:
        place = self.gazetteer.by_pcode[event.spot.pcode]
        reported = event.reported_at or event.occurred_from
        created = min(reported + timedelta(minutes=self.random.randint(2, 90)), self.cut)
        key, summary = self.key(), self._summary(event)
        if summary not in self.keys:
            self.keys[summary] = search.words_key(summary)
        reporter = self.people[event.reporter]
        sources = [
            {
                "id": self.key(),
                "incident_id": key,
                "kind": kind,
                "reliability": reliability,
                "credibility": credibility,
                "received_at": reported,
                "created_at": created + timedelta(microseconds=position),
                "created_by_id": reporter.pk,
            }
            for position, (kind, reliability, credibility) in enumerate(event.sources)
        ]
        row: dict[str, Any] = {
            "id": key,
            "site_id": self.site.pk,
            "reporter_id": reporter.pk,
            "type": event.kind.code,
            "occurred_from": event.occurred_from,
            "occurred_on": event.occurred_from.date(),
            "time_precision": event.time_precision,
            "time_of_day": event.time_of_day,
            "place_id": place.pk,
            "district_id": place.district_id,
            "geo_precision": event.geo_precision,
            "lat": event.lat,
            "lon": event.lon,
            "summary": summary,
            "is_sensitive": event.kind.code == "SXV" or any(map(_is_minor, event.victims)),
            "reported_at": reported,
            "created_at": created,
            "search_key": f"{self.keys[summary]} {self.gazetteer.tail(place)}".strip(),
            **event.facts,
            **_graded(sources),
        }
        self._give_past(row, event, reporter, created)
        self.incidents.append(row)
        self.sources += sources
        self.victims += [
            {
                "id": self.key(),
                "incident_id": key,
                "created_at": created + timedelta(microseconds=position),
                **victim,
            }
            for position, victim in enumerate(event.victims)
        ]
        if event.actor:
            self.actors.append(
                {
                    "id": self.key(),
                    "incident_id": key,
                    "category": event.actor,
                    "created_at": created,
                }
            )

    def _give_past(
        self, row: dict[str, Any], event: Event, reporter: User, created: datetime
    ) -> None:
        """The record's way: mostly accepted, the newest still on the desks."""
        state, chance = Incident.State, self.random.random()
        row |= {"submitted_at": created, "updated_at": created, "updated_by_id": reporter.pk}
        row["version"] = 1
        self._step(row, "", state.SUBMITTED, reporter, created)
        row["workflow_state"] = str(state.SUBMITTED)
        if event.is_fresh:
            return
        is_recent = created >= self.recent and not event.is_outbreak
        # The first of the recent ones stand for one desk each, so that a small demonstration, too,
        # has something waiting on every one of them whatever the day.
        desk = self.desks.pop(0) if is_recent and self.desks else None
        if desk == state.SUBMITTED:
            return
        if desk == state.DRAFT or (desk is None and is_recent and chance < 0.05):
            self.steps.pop()
            row |= {"workflow_state": str(state.DRAFT), "submitted_at": None}
            return
        taken = created + timedelta(hours=self.random.uniform(2, 60))
        decided = taken + timedelta(hours=self.random.uniform(0.2, 40))
        if desk is not None and decided >= self.cut:
            taken, decided = created + (self.cut - created) / 3, created + (self.cut - created) / 2
        if taken >= self.cut:
            return
        if desk == state.IN_REVIEW or (
            desk is None and (decided >= self.cut or (is_recent and chance < 0.2))
        ):
            self._step(row, state.SUBMITTED, state.IN_REVIEW, self.supervisor, taken)
            row["workflow_state"] = str(state.IN_REVIEW)
            return
        if desk == state.RETURNED or (is_recent and chance < 0.27):
            reason = "Which street was it? (A made-up question.)"
            self._step(row, state.SUBMITTED, state.RETURNED, self.supervisor, decided, reason)
            row |= {"workflow_state": str(state.RETURNED), "returned_reason": reason}
            return
        if not event.is_outbreak and chance > 0.996:
            self._step(row, state.SUBMITTED, state.WITHDRAWN, reporter, decided, "Entered twice.")
            row["workflow_state"] = str(state.WITHDRAWN)
            return
        if not event.is_outbreak and chance > 0.99:
            original = self._original(row)
            if original is not None:
                self._step(row, state.SUBMITTED, state.DUPLICATE, self.supervisor, decided)
                row |= {
                    "workflow_state": str(state.DUPLICATE),
                    "duplicate_of_id": original["id"],
                }
                return
        self._step(row, state.SUBMITTED, state.ACCEPTED, self.supervisor, decided)
        row |= {"workflow_state": str(state.ACCEPTED), "accepted_at": decided}
        if decided + ARCHIVED_AFTER < self.cut:
            at = decided + ARCHIVED_AFTER
            self._step(row, state.ACCEPTED, state.ARCHIVED, self.manager, at)
            row["workflow_state"] = str(state.ARCHIVED)

    def _original(self, row: dict[str, Any]) -> dict[str, Any] | None:
        for other in reversed(self.incidents[-40:]):
            if (
                other["type"] == row["type"]
                and other["place_id"] == row["place_id"]
                and other["workflow_state"] in ("accepted", "archived")
                and abs(other["occurred_from"] - row["occurred_from"]) <= timedelta(hours=48)
            ):
                return other
        return None

    def _step(
        self,
        row: dict[str, Any],
        before: str,
        after: str,
        by: User,
        at: datetime,
        reason: str = "",
    ) -> None:
        if before:
            row |= {"version": row["version"] + 1, "updated_at": at, "updated_by_id": by.pk}
        self.steps.append(
            {
                "incident_id": row["id"],
                "from_state": str(before),
                "to_state": str(after),
                "reason": reason,
                "by_id": by.pk,
                "at": at,
            }
        )


class _Graded:
    """As much of a source as the rule of verification looks at."""

    same_origin_as_id = None

    def __init__(self, row: dict[str, Any]) -> None:
        self.id, self.kind = row["id"], row["kind"]
        self.reliability, self.credibility = row["reliability"], row["credibility"]


def _graded(sources: Iterable[dict[str, Any]]) -> dict[str, str]:
    grade, rule = rules.verification_of([_Graded(row) for row in sources])
    return {
        "verification": str(grade),
        "verification_computed": str(grade),
        "verification_rule": rule,
    }


def _is_minor(victim: dict[str, Any]) -> bool:
    return victim["age_band"] in ("0-11", "12-17")


def forget_caches() -> None:
    """Let a process that loaded the demo read places anew."""
    places.forget_outlines()
