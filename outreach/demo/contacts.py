"""Made-up contacts of the last weeks: to the standard, below it, and long ago."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ceasefire import periods
from ceasefire.people.models import User
from outreach.demo import words
from outreach.demo.cases import LOST, PLANNING, SILENT, THIN, THREATENED, Case
from outreach.demo.rows import Rows
from outreach.models import Contact, ContactTakenBack, Participant

FACE = frozenset({"street", "home", "office", "group", "detention", "hospital"})
WEEKS = 6
#: Days since the last contact of those that are below the standard.
QUIET = {SILENT: 17, LOST: 34}
#: By weekday of Python: how somebody is met in a week to the standard.
_SUNDAY, _TUESDAY, _THURSDAY, _MONDAY = 6, 1, 3, 0
_TOPICS: tuple[list[str], ...] = (
    ["work"],
    ["conflict", "family"],
    ["plan"],
    ["everyday"],
    ["referral", "work"],
    [],
)


def tell_contacts(rows: Rows, cases: Sequence[Case], companion: User | None) -> list[Contact]:
    """Contacts of active and paused cases, and the last of closed ones."""
    made: list[Contact] = []
    for case in cases:
        if case.since is None:
            continue
        until = case.row.status_since if _rests(case) else rows.cut
        for at, mode in _rhythm(rows, case, until):
            made.append(_contact(rows, case, at, mode, companion))
        _follow(rows, case, [one for one in made if one.participant_id == case.row.pk])
    return made


def _rests(case: Case) -> bool:
    return case.row.status != Participant.Status.ACTIVE


def _rhythm(rows: Rows, case: Case, until: datetime) -> Iterator[tuple[datetime, str]]:
    """When and how somebody was met, oldest first."""
    last = until - timedelta(days=QUIET.get(case.number, 0))
    first = last - timedelta(weeks=WEEKS)
    is_thin = case.number % 6 == THIN
    for days in range(WEEKS * 7, 0, -1):
        day = (until - timedelta(days=days)).date()
        hour = 9 + (case.number * 5 + days) % 9
        at = datetime(day.year, day.month, day.day, hour, case.number % 60, tzinfo=periods.BAGHDAD)
        if case.since is None or not max(first, case.since) <= at < last:
            continue
        week = day.toordinal() // 7
        weekday = day.weekday()
        if weekday == _SUNDAY:
            yield at, "phone" if is_thin else "street"
        elif weekday == _TUESDAY and not is_thin:
            yield at, "home" if (week + case.number) % 2 else "phone"
        elif weekday == _THURSDAY and (not is_thin or week % 2):
            yield at, "office" if case.number % 2 else "street"
        elif weekday == _MONDAY and case.number % 3 == 0:
            yield at, "message"


def _contact(rows: Rows, case: Case, at: datetime, mode: str, companion: User | None) -> Contact:
    dice = rows.dice
    written = at + timedelta(minutes=dice.randint(5, 120))
    is_face = mode in FACE
    tried = mode == "phone" and dice.random() < 0.15
    made = rows.add(
        Contact,
        participant=case.row,
        at=at,
        minutes=None if tried else dice.choice([10, 15, 20, 30, 45]),
        mode=mode,
        face=is_face,
        attempt_only=tried,
        topics=[] if tried else list(dice.choice(_TOPICS)),
        risk_signal="" if tried else dice.choices(["calm", "tense", ""], [6, 1, 3])[0],
        accompanied_by=companion if is_face and case.number % 7 == 2 else None,
        created_by=case.worker,
        created_at=written,
        received_at=written,
    )
    if not tried and dice.random() < 0.25:
        rows.seal(made, "note", dice.choice(words.CONTACTS), by=case.worker)
    return made


def _follow(rows: Rows, case: Case, contacts: Sequence[Contact]) -> None:
    """What the case keeps of its contacts, as the verb that records one does."""
    if not contacts:
        return
    latest = max(contacts, key=lambda one: one.at)
    if case.row.status == Participant.Status.ACTIVE:
        alarm = {PLANNING: "planning", THREATENED: "threatened"}.get(case.number)
        if alarm is not None and not latest.attempt_only:
            latest.risk_signal = alarm
            rows.seal(latest, "note", words.ALARMS[case.number % 2], by=case.worker)
        # Planned for yesterday, today or one of the next days; of the quiet ones nothing.
        if case.number not in QUIET:
            planned = rows.day(1 - case.number % 5)
            latest.next_contact_on = max(planned, latest.at.date() + timedelta(days=1))
    keep(case.row, contacts)


def keep(row: Participant, contacts: Sequence[Contact]) -> None:
    """Write into the case what its contacts say."""
    met = [one for one in contacts if not one.attempt_only]
    row.last_contact_at = max((one.at for one in met), default=None)
    row.last_face_at = max((one.at for one in met if one.face), default=None)
    for one in sorted(contacts, key=lambda one: one.at):
        row.risk_signal = one.risk_signal or row.risk_signal
        if one.next_contact_on is not None:
            row.next_contact_on = one.next_contact_on


def take_some_back(rows: Rows, cases: Sequence[Case]) -> None:
    """A few that were entered twice, or of somebody else."""
    for case, reason in zip(cases, ("twice", "person", "slip"), strict=False):
        at = rows.at(6, 17, 5)
        if case.since is None or case.since > at:
            continue
        wrong = rows.add(
            Contact,
            participant=case.row,
            at=at,
            mode="phone",
            created_by=case.worker,
            created_at=at,
            received_at=at,
        )
        rows.add(
            ContactTakenBack,
            contact=wrong,
            reason=reason,
            by=case.worker,
            at=at + timedelta(minutes=4),
        )
