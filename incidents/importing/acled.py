"""ACLED: event files as downloaded. ACLED's notes are left out: they name people.

Sub-event types by the crosswalk of the code lists where one of ours fits by itself; "Attack" is a
killing where somebody died, else an attempt. Peaceful events and agreements are no incidents.
time_precision 1, 2, 3 -> 1, 2, 3; geo_precision 1 -> 2, 2 -> 4, 3 -> 5 (ACLED's 1 is a town).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from incidents.importing import cells
from incidents.importing.entry import Entry
from incidents.importing.problems import BadCell, Problem
from incidents.models import Incident
from incidents.services.facts import SourceFacts

ORIGIN = "acled"
COLUMNS: dict[str, tuple[str, ...]] = {
    "event_id_cnty": ("event_id_cnty",),
    "event_date": ("event_date",),
    "event_type": ("event_type",),
    "sub_event_type": ("sub_event_type",),
    "time_precision": ("time_precision",),
    "geo_precision": ("geo_precision",),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "fatalities": ("fatalities",),
    "actor1": ("actor1",),
    "actor2": ("actor2",),
    "admin1": ("admin1",),
    "location": ("location",),
    "country": ("country",),
    "source": ("source",),
}
REQUIRED = (
    "event_id_cnty",
    "event_date",
    "sub_event_type",
    "time_precision",
    "geo_precision",
    "latitude",
    "longitude",
    "fatalities",
)
LEFT_OUT = frozenset({"notes", "tags"})
#: Sub-event type, folded -> our type; None where deaths decide between two.
TYPES: dict[str, str | None] = {
    "armed clash": "CLS",
    "government regains territory": "CLS",
    "non-state actor overtakes territory": "CLS",
    "attack": None,
    "mob violence": None,
    "abduction/forced disappearance": "KID",
    "sexual violence": "SXV",
    "suicide bomb": "SUI",
    "remote explosive/landmine/ied": "IED",
    "shelling/artillery/missile attack": "IDF",
    "air/drone strike": "IDF",
    "grenade": "GRN",
    "chemical weapon": "OTH",
    "violent demonstration": "OTH",
    "looting/property destruction": "DMG",
    "excessive force against protesters": "PRT",
    "protest with intervention": "PRT",
    "arrests": "DET",
}
BY_DEATHS = {"attack": ("MUR", "ATM"), "mob violence": ("MUR", "ASL")}
#: Recorded by ACLED, no violence: refused with this reason.
PEACEFUL = frozenset(
    {
        "peaceful protest",
        "agreement",
        "change to group/activity",
        "disrupted weapons use",
        "headquarters or base established",
        "non-violent transfer of territory",
        "other",
    }
)
PLACES = {1: 2, 2: 4, 3: 5}
AREAS = {1: "subdistrict", 2: "district", 3: "governorate"}
_MONTHS = dict(
    january=1,
    february=2,
    march=3,
    april=4,
    may=5,
    june=6,
    july=7,
    august=8,
    september=9,
    october=10,
    november=11,
    december=12,
)
_IN_WORDS = re.compile(r"([0-9]{1,2})[ -]([A-Za-z]{3,9})[ -]([0-9]{4})")


def _day(text: str) -> date:
    """2023-01-15, or 15 January 2023 as ACLED's export tool writes."""
    found = _IN_WORDS.fullmatch(cells.plain(text))
    if found is None:
        return cells.iso_day(text)
    month = next((n for name, n in _MONTHS.items() if name.startswith(found[2].lower())), 0)
    try:
        return date(int(found[3]), month, int(found[1]))
    except ValueError:
        raise BadCell("date_impossible") from None


def _type(text: str, dead: int) -> str:
    key = cells.plain(text).lower()
    if key in PEACEFUL:
        raise BadCell("not_violence")
    if key not in TYPES:
        raise BadCell("code_unknown")
    return TYPES[key] or BY_DEATHS[key][0 if dead else 1]


class Reader:
    """Reads the rows of one file; `columns` is our column -> the file's column."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = columns

    def read(self, number: int, row: Mapping[str, str]) -> tuple[Entry | None, list[Problem]]:
        """One row as an entry, or the problems that keep it from being one."""
        problems: list[Problem] = []

        def take(name: str, parse: Callable[[str], Any], default: Any = None) -> Any:
            column = self.columns.get(name)
            text = row.get(column, "") if column else ""
            if not text.strip():
                if name in REQUIRED:
                    problems.append(Problem(number, column or name, "required"))
                return default
            try:
                return parse(text)
            except BadCell as bad:
                problems.append(Problem.of(number, column or name, bad.code, text))
                return default

        key = take("event_id_cnty", lambda text: cells.free_text(text, 80), "")
        day = take("event_date", _day)
        dead = take("fatalities", cells.whole, 0)
        type_ = take("sub_event_type", lambda text: _type(text, dead))
        precision = take("time_precision", lambda text: cells.whole_between(text, 1, 3), 1)
        geo = take("geo_precision", lambda text: cells.whole_between(text, 1, 3), 1)
        lat = take("latitude", lambda text: cells.degrees(text, 90))
        lon = take("longitude", lambda text: cells.degrees(text, 180))
        country = take("country", cells.plain, "")
        if country and country.lower() != "iraq":
            problems.append(Problem.of(number, self.columns["country"], "other_country", country))
        if problems:
            return None, problems
        actor1, actor2, location = (
            take(name, lambda text: cells.free_text(text, 400), "")
            for name in ("actor1", "actor2", "location")
        )
        papers = len(cells.parts(take("source", cells.plain, "")))
        sub_event = cells.plain(row[self.columns["sub_event_type"]])
        sides = " – ".join(side for side in (actor1, actor2) if side)
        entry = Entry(
            row=number,
            origin_id=key,
            facts={
                "type": type_,
                "occurred_from": cells.start_of(day),
                "occurred_to": None,
                "time_precision": precision,
                "geo_precision": PLACES[geo],
                "lat": lat if geo == 1 else None,
                "lon": lon if geo == 1 else None,
                "killed_min": None,
                "killed_best": dead,
                "killed_max": None,
                "summary": ". ".join(p for p in (f"{sub_event}: {sides}", location, "ACLED.") if p),
                "reported_at": cells.start_of(day),
            },
            sources=[SourceFacts("media", "B", "2", text=f"ACLED, number of sources: {papers}")],
            original={
                name: text
                for name, text in row.items()
                if text != "" and name.strip().lower() not in LEFT_OUT
            },
            point=(lat, lon),
            point_column=self.columns["latitude"],
            area=AREAS[geo],
            governorate=take("admin1", cells.plain, ""),
            governorate_column=self.columns.get("admin1", ""),
            grade=(Incident.Verification.CORROBORATED, "outside_two")
            if papers >= 2
            else (Incident.Verification.PROVISIONAL, "outside_one"),
        )
        return entry, []
