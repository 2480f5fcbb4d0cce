"""Made-up work around the caseload: canvasses, events, shifts and the logs of the last days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from ceasefire import codes, periods
from ceasefire.people.models import User
from ceasefire.places.models import Site, Zone
from incidents.models import Incident
from outreach.demo import words
from outreach.demo.cases import Case
from outreach.demo.contacts import keep
from outreach.demo.rows import Rows
from outreach.models import (
    Contact,
    DailyLog,
    EventAttendance,
    FieldEvent,
    LogHours,
    Participant,
    SessionPresence,
    Shift,
)
from outreach.models.fieldwork import EVENT_NOTE
from outreach.services import daily_log

Sort = FieldEvent.Sort
FRIDAY = 4
#: Days of logs and shifts.
DAYS = 8
#: How many came to a group session.
PRESENT = 6
#: Minutes of a day by activity, in turns.
_HOURS = (
    {"street": 120, "caseload": 210, "documentation": 45, "travel": 45},
    {"caseload": 240, "response": 60, "documentation": 50, "meeting": 60},
    {"street": 90, "caseload": 180, "mediation": 90, "documentation": 40, "travel": 30},
    {"events": 150, "caseload": 180, "documentation": 45, "training": 60},
)


def tell_events(
    rows: Rows,
    site: Site,
    people: Sequence[User],
    zones: Sequence[Zone],
    incidents: Sequence[Incident],
    cases: Sequence[Case],
) -> None:
    """Two canvasses, two events of which one answers an incident, materials, a group session."""
    first, last = people[0], people[-1]
    answered = incidents[-1] if incidents else None
    _event(rows, site, Sort.CANVASS, last, 6, zone=zones[0], minutes=90, people=34)
    _event(rows, site, Sort.CANVASS, first, 2, zone=zones[-1], minutes=60, people=21)
    vigil = _event(
        rows, site, Sort.EVENT, first, 4, kind="vigil", minutes=75, incident=answered, people=86
    )
    match = _event(
        rows,
        site,
        Sort.EVENT,
        last,
        1,
        kind="sports",
        zone=zones[0],
        minutes=150,
        people=64,
        cost=Decimal(350_000),
        currency="IQD",
    )
    for event in (vigil, match):
        shares = (("m", "18-24", 30), ("m", "12-17", 20), ("f", "25-34", 14))
        for sex, band, number in shares:
            rows.add(EventAttendance, event=event, sex=sex, age_band=band, people=number)
    for number, event in enumerate((vigil, match)):
        rows.seal(event, EVENT_NOTE, words.EVENT_NOTES[number], by=event.created_by)
    _event(rows, site, Sort.MATERIALS, first, 5, kind="poster", zone=zones[0], quantity=120)
    _event(rows, site, Sort.MATERIALS, last, 3, kind="card", quantity=400)
    _group(rows, site, first, cases)


def _event(
    rows: Rows, site: Site, sort: str, by: User, days_ago: int, *, kind: str = "", **facts: object
) -> FieldEvent:
    at = rows.at(days_ago, 16, 10)
    year = at.year
    return rows.add(
        FieldEvent,
        code=f"EVT-{year}-{codes.next_number('EVT', year):05}",
        site=site,
        sort=str(sort),
        kind=kind,
        at=at,
        created_by=by,
        created_at=at + timedelta(hours=2),
        **facts,
    )


def _group(rows: Rows, site: Site, by: User, cases: Sequence[Case]) -> None:
    """A session on keeping calm, and a contact of each who was there."""
    event = _event(rows, site, Sort.GROUP, by, 5, kind="anger", minutes=80, people=PRESENT)
    mine = [
        case for case in cases if case.worker == by and case.row.status == Participant.Status.ACTIVE
    ]
    for case in mine[5 : 5 + PRESENT]:
        contact = rows.add(
            Contact,
            participant=case.row,
            at=event.at,
            minutes=80,
            mode="group",
            face=True,
            created_by=by,
            created_at=event.created_at,
            received_at=event.created_at,
        )
        rows.add(SessionPresence, event=event, contact=contact)
        keep(case.row, [one for one in rows.of(Contact) if one.participant_id == case.row.pk])


def tell_days(rows: Rows, site: Site, people: Sequence[User], zones: Sequence[Zone]) -> None:
    """Shifts and logs of the last days; yesterday's log of the last person is not signed yet.

    One came back late last week and was looked for; one is out since a while ago.
    """
    for place, person in enumerate(people):
        buddy = people[place - 1] if len(people) > 1 else None
        for days in range(DAYS, 0, -1):
            day = rows.day(days)
            if day.weekday() == FRIDAY:
                continue
            _shift(rows, site, person, buddy, zones[place % len(zones)], days, late=days == 6)
            log = rows.add(DailyLog, user=person, site=site, day=day, created_at=rows.at(days, 19))
            for activity, minutes in _HOURS[(days + place) % len(_HOURS)].items():
                rows.add(LogHours, log=log, activity=activity, minutes=minutes)
    now = periods.now()
    rows.add(
        Shift,
        user=people[0],
        site=site,
        zone=zones[0],
        buddy=people[-1] if len(people) > 1 else None,
        started_at=now - timedelta(hours=1),
        expected_end_at=now + timedelta(hours=5),
        checked_in_at=now - timedelta(hours=1),
    )


def _shift(
    rows: Rows,
    site: Site,
    person: User,
    buddy: User | None,
    zone: Zone,
    days: int,
    *,
    late: bool,
) -> None:
    started, expected = rows.at(days, 8, 30), rows.at(days, 16, 30)
    rows.add(
        Shift,
        user=person,
        site=site,
        zone=zone,
        buddy=buddy,
        started_at=started,
        expected_end_at=expected,
        ended_at=expected + timedelta(minutes=80 if late else -10),
        checked_in_at=started,
        supervisor_alarm_at=expected + timedelta(minutes=30) if late else None,
        cleared_by=person.supervisor if late else None,
    )


def sign_logs(people: Sequence[User], rows: Rows) -> None:
    """Sign what was written, with the counts of each day; the hours of a signed one are locked."""
    for person in people:
        for log in DailyLog.objects.filter(user=person).order_by("day"):
            if log.day == rows.day(1) and person == people[-1]:
                continue
            log.counts = daily_log.written(person, log.day, reader=person).counts
            log.signed_at, log.version = log.created_at + timedelta(minutes=20), 2
            log.save(update_fields=["counts", "signed_at", "version"])
