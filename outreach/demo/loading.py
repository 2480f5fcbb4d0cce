"""Puts the made-up caseloads of both sites together and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ceasefire import audit, periods
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site, Zone
from incidents.demo.parts import Stage
from incidents.demo.people import CENTRE, ZUBAIR
from incidents.models import Incident
from outreach.demo import (
    cases,
    casework,
    conflicts,
    contacts,
    fieldwork,
    supervision,
    words,
)
from outreach.demo.rows import Rows
from outreach.models import CaseNote, Conflict, Contact, Delegation, FieldEvent, Participant
from outreach.services import consent, staff

CARRIERS = {CENTRE: ("worker", "worker2"), ZUBAIR: ("worker.zubair",)}
#: Who is out on the streets, and writes a log of each day.
FIELD = {CENTRE: ("worker", "worker2", "interrupter"), ZUBAIR: ("worker.zubair",)}
HEADS = {CENTRE: "supervisor", ZUBAIR: "supervisor.zubair"}
PLOTS = {CENTRE: conflicts.CENTRE, ZUBAIR: conflicts.ZUBAIR}
#: Beats: code, names, and the places of each.
ZONES: dict[str, tuple[tuple[str, str, str, tuple[str, ...]], ...]] = {
    CENTRE: (
        ("WEST", "West of the river road", "غرب شارع النهر", ("HAYANIYA", "QIBLA", "HUSSEIN")),
        ("OLD", "Old town", "المدينة القديمة", ("ASHAR", "JUMHURIYA", "BRIHA")),
        ("NORTH", "North", "الشمال", ("MAQAL", "JUBAILA", "JUNAINA")),
    ),
    ZUBAIR: (
        ("TOWN", "Al-Zubair town", "مركز الزبير", ("IQG02Q06N01",)),
        ("SOUTH", "Safwan and the port", "صفوان والميناء", ("IQG02Q06N02", "IQG02Q06N03")),
    ),
}
#: Sex, languages, beats, and what each is bound to (kind, words); all made up.
STAFF: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "worker": ("m", ("ar", "en"), ("WEST",), (("tribe", conflicts.TIED),)),
    "worker2": ("f", ("ar",), ("OLD",), (("family", "بيت الندى"),)),
    "interrupter": ("m", ("ar", "fa"), ("WEST", "NORTH"), ()),
    "supervisor": ("f", ("ar", "en"), ("NORTH",), ()),
    "worker.zubair": ("m", ("ar",), ("TOWN",), (("tribe", conflicts.TIED),)),
    "supervisor.zubair": ("m", ("ar", "en"), ("SOUTH",), (("party", "حزب المثال"),)),
}
_MARKAZ = "IQG02Q02N02-"
LINKED_WITHIN = timedelta(weeks=5)
#: Kinds of incidents to which a conflict may belong.
LINKED = ("TRB", "DKA", "MUR", "ATM", "SHT", "GRN")


def load_outreach(stage: Stage) -> dict[str, int]:
    """Fill both sites from the seed, in the caller's transaction; how many of each."""
    rows = Rows(f"{stage.seed}/outreach", stage.cut)
    persons = words.Persons(rows.dice)
    zones = {code: _zones(stage.sites[code], code) for code in CARRIERS}
    people, manager = stage.people, stage.people["manager"]
    _staff(people, manager, zones)
    told: list[cases.Case] = []
    for code, names in CARRIERS.items():
        head = people[HEADS[code]]
        for name in names:
            told += cases.tell_cases(
                rows, stage.sites[code], people[name], head, list(zones[code].values()), persons
            )
    worker, worker2 = people["worker"], people["worker2"]
    cases.number_cases(told)
    cases.share(rows, told, people["interrupter"])
    casework.tell_casework(rows, told)
    locked_early = casework.tell_notes(rows, told)
    contacts.tell_contacts(rows, told, people["interrupter"])
    contacts.take_some_back(rows, told)
    transfer = casework.tell_transfers(rows, told, worker, worker2, people["supervisor"])
    edited = next(case for case in told if case.worker == worker and case.number == 5)
    edit = casework.tell_edits(rows, edited, people["supervisor"])
    linked = {code: _incidents(stage, code) for code in CARRIERS}
    heard = [
        one
        for code in CARRIERS
        for one in _conflicts(rows, stage, code, told, zones[code], linked[code])
    ]
    conflicts.number_conflicts(heard)
    for code, names in FIELD.items():
        site, beats = stage.sites[code], list(zones[code].values())
        out = [people[name] for name in names]
        fieldwork.tell_events(rows, site, out, beats, linked[code], told)
        fieldwork.tell_days(rows, site, out, beats)
    counts = {
        "participants": len(rows.of(Participant)),
        "contacts": len(rows.of(Contact)),
        "conflicts": len(rows.of(Conflict)),
        "field events": len(rows.of(FieldEvent)),
    }
    _stand_in(rows, people)
    rows.write()
    for names in FIELD.values():
        fieldwork.sign_logs([people[name] for name in names], rows)
    _settle(told, locked_early)
    now = max(stage.cut, periods.now())
    supervision.give_tasks(rows, told, [manager])
    for code, names in CARRIERS.items():
        for name in names:
            supervision.tell_sheets(
                rows,
                stage.sites[code],
                people[name],
                people[HEADS[code]],
                told,
                begins=name != "worker",
            )
    supervision.tell(heard, transfer, edit, edited, now)
    for code in CARRIERS:
        mine = [case for case in told if case.row.site_id == stage.sites[code].pk]
        audit.record("demo.loaded", subject=stage.sites[code], detail={"participants": len(mine)})
    return counts


def _zones(site: Site, code: str) -> dict[str, Zone]:
    made = {}
    for short, name_en, name_ar, places in ZONES[code]:
        zone = Zone.objects.create(site=site, code=short, name_en=name_en, name_ar=name_ar)
        pcodes = [place if place.startswith("IQ") else _MARKAZ + place for place in places]
        zone.places.set(Place.objects.filter(pcode__in=pcodes))
        made[short] = zone
    return made


def _staff(people: dict[str, User], manager: User, zones: dict[str, dict[str, Zone]]) -> None:
    """Profiles of who mediates, and their ties."""
    every = {short: zone for there in zones.values() for short, zone in there.items()}
    for name, (gender, languages, beats, ties) in STAFF.items():
        staff.set_profile(
            people[name],
            facts={"gender": gender, "languages": list(languages)},
            zones=[every[beat] for beat in beats],
            by=manager,
        )
        for kind, text in ties:
            staff.add_tie(people[name], kind=kind, words=words.marked(text), by=manager)


def _conflicts(
    rows: Rows,
    stage: Stage,
    code: str,
    told: Sequence[cases.Case],
    zones: dict[str, Zone],
    incidents: Sequence[Incident],
) -> list[conflicts.Told]:
    site = stage.sites[code]
    places = list(
        Place.objects.filter(
            pk__in=[place.pk for zone in zones.values() for place in zone.places.all()]
        )
        .defer("geometry")
        .order_by("pcode")
    )
    sides: dict[str, list[Participant]] = {}
    for case in told:
        if case.row.status == Participant.Status.ACTIVE:
            sides.setdefault(case.worker.username, []).append(case.row)
            if case.number < cases.SHARED.get(case.worker.username, 0):
                sides.setdefault("interrupter", []).append(case.row)
    return conflicts.tell_conflicts(rows, site, PLOTS[code], stage.people, places, incidents, sides)


def _incidents(stage: Stage, code: str) -> list[Incident]:
    """Recent ones to which a conflict or an event may belong, the newest last."""
    return list(
        Incident.objects.filter(
            site=stage.sites[code],
            type__in=LINKED,
            is_sensitive=False,
            workflow_state="accepted",
            occurred_from__gte=stage.cut - LINKED_WITHIN,
        ).order_by("occurred_from", "code")
    )


def _stand_in(rows: Rows, people: dict[str, User]) -> None:
    """Some days in which the manager stood in for a supervisor; they are over."""
    rows.add(
        Delegation,
        from_user=people["supervisor"],
        to_user=people["manager"],
        starts_on=rows.day(40),
        ends_on=rows.day(35),
        created_by=people["supervisor"],
        created_at=rows.at(42, 9),
    )


def _settle(told: Sequence[cases.Case], locked_early: Sequence[CaseNote]) -> None:
    """What the database does only to rows that stand: locking a note, erasing an identity."""
    for note in locked_early:
        CaseNote.objects.filter(pk=note.pk).update(locked_at=periods.now())
    for case in told:
        if case.row.consent_withdrawn_at is not None:
            consent.erase(case.row.pk)
