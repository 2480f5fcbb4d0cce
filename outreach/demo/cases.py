"""Made-up cases: how each came to where it stands, what was agreed to, how it was screened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ceasefire import codes, rulesets
from ceasefire.people.models import User
from ceasefire.places.models import Site, Zone
from outreach.demo import words
from outreach.demo.rows import Rows
from outreach.models import (
    EVIDENCE,
    SEALED,
    Approval,
    CaseMember,
    ConsentRecord,
    Participant,
    ParticipantStep,
    RiskScreening,
)
from outreach.services import screening
from outreach.services.consent import band_of_age
from outreach.services.participants import SERIES

State = Participant.Status
Kind = Approval.Kind
ACTIVE = {"worker": 17, "worker2": 18, "worker.zubair": 19}
#: Cases of others that the interrupter is on the team of: each worker's first ones.
SHARED = {"worker": 9, "worker2": 8}
PAUSED = {
    "worker": ("detained", "travelling"),
    "worker2": ("unsafe", "hospital"),
    "worker.zubair": ("detained", "travelling", "unsafe"),
}
CLOSED = {
    "worker": ("goals_met", "moved", "lost_contact", "withdrawn"),
    "worker2": ("declined", "detained_long", "killed", "goals_met"),
    "worker.zubair": ("transferred", "ineligible", "died_other", "goals_met", "lost_contact"),
}
#: What else each carries, beside those: one of each state before the beginning, two waiting.
BEGINNING = (
    State.PROSPECT,
    State.PROSPECT,
    State.SCREENING,
    State.ELIGIBLE,
    State.ELIGIBLE,
    State.NOT_ELIGIBLE,
    State.EXCEPTION,
)
#: Active cases by their place in the caseload: those that show something.
PLANNING, THREATENED, THIN, SILENT, LOST = 0, 1, 2, 3, 4
SCREEN_LATE, SCREEN_SOON, CLOSING, REOPENED = 6, 7, 13, 14
_FLAGS = (["armed"], ["no_call"], ["no_home", "armed"], ["no_women_alone"])


@dataclass
class Case:
    """A made-up case while it is told: the row, who carries it, and its place among theirs."""

    row: Participant
    worker: User
    head: User
    number: int
    #: Days since somebody heard of him first.
    age: int
    #: Since when he is carried; None where he never was.
    since: datetime | None = None
    purposes: list[str] = field(default_factory=list)
    consent: ConsentRecord | None = None


def tell_cases(
    rows: Rows, site: Site, worker: User, head: User, zones: Sequence[Zone], persons: words.Persons
) -> list[Case]:
    """Everybody whom one worker carries or carried."""
    told = _Teller(rows, site, worker, head, zones, persons)
    for number in range(ACTIVE[worker.username]):
        told.active(number)
    for number, reason in enumerate(PAUSED[worker.username]):
        told.paused(number, reason)
    for number, state in enumerate(BEGINNING):
        told.beginning(number, state)
    for number, reason in enumerate(CLOSED[worker.username]):
        told.closed(number, reason)
    return told.cases


def number_cases(cases: Sequence[Case]) -> None:
    """Codes in the order in which they came."""
    ordered = sorted(cases, key=lambda case: (case.row.created_at, case.row.pk))
    first = codes.reserve_numbers(SERIES, 0, len(ordered))
    for number, case in enumerate(ordered, start=first):
        case.row.code = f"{SERIES}-{number:04}"


def share(rows: Rows, cases: Sequence[Case], interrupter: User) -> None:
    """The interrupter on the team of the first cases of each worker."""
    for case in cases:
        first = case.number < SHARED.get(case.worker.username, 0)
        if first and case.since is not None and case.row.status == State.ACTIVE:
            rows.add(
                CaseMember,
                participant=case.row,
                user=interrupter,
                since=case.since,
                added_by=case.head,
            )


class _Teller:
    def __init__(
        self,
        rows: Rows,
        site: Site,
        worker: User,
        head: User,
        zones: Sequence[Zone],
        persons: words.Persons,
    ) -> None:
        self.rows, self.site, self.worker, self.head = rows, site, worker, head
        self.zones, self.persons, self.dice = zones, persons, rows.dice
        self.rules = rulesets.current(screening.KIND, site)
        self.cases: list[Case] = []

    # --- the states -------------------------------------------------------------------------------

    def active(self, number: int) -> Case:
        """Taken in some weeks or months ago."""
        age = 26 + (number * 37) % 260
        case = self._begin(number, max(age, 120) if number in (SCREEN_LATE, SCREEN_SOON) else age)
        self._carry(case)
        if number == REOPENED:
            self._close(case, "lost_contact", self.rows.at(case.age * 0.5, 11))
            self._screen(case, self.rows.at(12, 10), RiskScreening.Purpose.INTAKE)
            case.row.close_reason = ""
            self._step(case, State.ACTIVE, self.rows.at(11, 9), by=self.head)
            case.since = self.rows.at(11, 9)
        if number == CLOSING:
            self._screen(case, self.rows.at(2, 10), RiskScreening.Purpose.CLOSURE, high=False)
            case.row.asked_close_reason = "goals_met"
            self._ask(case, Kind.CLOSURE, self.rows.at(2, 12))
        return case

    def paused(self, number: int, reason: str) -> None:
        case = self._begin(100 + number, 70 + 20 * number)
        self._carry(case)
        row = case.row
        row.pause_reason = reason
        # The first of each worker should have been looked at yesterday.
        row.pause_until = self.rows.day(1 if number == 0 else -9 * number)
        self._step(case, State.PAUSED, self.rows.at(15 + number, 13), reason=reason)

    def beginning(self, number: int, state: str) -> None:
        case = self._begin(200 + number, 3 + 2 * number, agreed=state != State.PROSPECT)
        at = self.rows.at(case.age - 1, 10)
        if state == State.PROSPECT:
            return
        self._step(case, State.SCREENING, at)
        if state == State.SCREENING:
            return
        passed = state == State.ELIGIBLE
        self._screen(case, at, RiskScreening.Purpose.INTAKE, high=passed)
        self._step(case, State.ELIGIBLE if passed else State.NOT_ELIGIBLE, at)
        if passed:
            # One of them waits longer than an answer may take; one was sent back once.
            if number % 2:
                self._ask(case, Kind.INTAKE, at, returned=words.REASONS["intake_returned"])
            self._ask(case, Kind.INTAKE, self.rows.at(5 if number % 2 else 1, 12))
        if state == State.EXCEPTION:
            step = self._step(case, State.EXCEPTION, self.rows.at(2, 15))
            self.rows.seal(step, "words", words.REASONS["exception"], by=self.worker)

    def closed(self, number: int, reason: str) -> None:
        case = self._begin(300 + number, 200 + 40 * number)
        self._carry(case)
        ended = self.rows.at(20 + 9 * number, 12)
        if reason == "withdrawn":
            self._withdraw(case, ended)
            return
        if reason in ("goals_met", "moved", "transferred", "ineligible"):
            self._screen(case, ended - timedelta(days=2), RiskScreening.Purpose.CLOSURE, high=False)
        if reason not in ("killed", "died_other"):
            self._ask(case, Kind.CLOSURE, ended - timedelta(days=1), decided_at=ended)
        self._close(case, reason, ended)

    # --- the steps --------------------------------------------------------------------------------

    def _begin(self, number: int, age: int, *, agreed: bool = True) -> Case:
        """A prospect, as somebody heard of him `age` days ago."""
        dice, at = self.dice, self.rows.at(age, 9, number % 50)
        is_woman = dice.random() < 0.06
        born: int | None = self.rows.today.year - dice.randint(15, 31)
        if dice.random() < 0.2:
            born = None
        band = band_of_age(self.rows.today.year - born) if born else dice.choice(["18-24", "25-34"])
        row = self.rows.add(
            Participant,
            code=f"{self.worker.username}/{number}",
            site=self.site,
            zone=dice.choice(self.zones) if self.zones else None,
            worker=self.worker,
            status=State.PROSPECT,
            status_since=at,
            sex="f" if is_woman else "m",
            birth_year=born,
            age_band=band,
            language="ar",
            safety_flags=list(_FLAGS[number % 4]) if number % 5 == 1 else [],
            created_by=self.worker,
            created_at=at,
            updated_by=self.worker,
            updated_at=at,
        )
        case = Case(row, self.worker, self.head, number, age)
        self.cases.append(case)
        for name, text in self.persons.identity(is_woman=is_woman).items():
            self.rows.seal(row, name, text, by=self.worker, index=SEALED[name])
        self._step(case, State.PROSPECT, at, is_first=True)
        if agreed:
            self._agree(case, at + timedelta(hours=1))
        return case

    def _carry(self, case: Case) -> None:
        """Screened, approved and active, and screened again every ninety days."""
        at = case.row.created_at + timedelta(days=1)
        self._step(case, State.SCREENING, at)
        self._screen(case, at, RiskScreening.Purpose.INTAKE)
        self._step(case, State.ELIGIBLE, at)
        since = at + timedelta(days=1, hours=3)
        self._ask(case, Kind.INTAKE, at, decided_at=since)
        self._step(case, State.ACTIVE, since, by=self.head)
        case.since = since
        last = {SCREEN_LATE: 95, SCREEN_SOON: 86}.get(case.number)
        if last is not None:
            self._screen(case, self.rows.at(last, 10), RiskScreening.Purpose.RESCREEN)
            return
        again = at + timedelta(days=85)
        while again < self.rows.at(1):
            self._screen(case, again, RiskScreening.Purpose.RESCREEN)
            again += timedelta(days=85)

    def _step(
        self,
        case: Case,
        to: str,
        at: datetime,
        *,
        by: User | None = None,
        reason: str = "",
        is_first: bool = False,
    ) -> ParticipantStep:
        row = case.row
        made = self.rows.add(
            ParticipantStep,
            participant=row,
            from_status="" if is_first else str(row.status),
            to_status=str(to),
            reason=reason,
            worker=row.worker,
            by=by or self.worker,
            at=at,
        )
        row.status, row.status_since = to, at
        row.updated_at, row.updated_by = at, by or self.worker
        if not is_first:
            row.version += 1
        return made

    def _agree(self, case: Case, at: datetime) -> None:
        case.purposes = ["case_work"]
        for purpose, chance in (("phone", 0.9), ("home_visits", 0.85), ("sharing", 0.8)):
            if self.dice.random() < chance:
                case.purposes.append(purpose)
        case.consent = self.rows.add(
            ConsentRecord,
            participant=case.row,
            purposes=case.purposes,
            manner=self.dice.choice(["spoken", "spoken", "written", "relative"]),
            agreed_on=at.date(),
            recorded_by=self.worker,
            recorded_at=at,
        )

    def _screen(self, case: Case, at: datetime, purpose: str, *, high: bool = True) -> None:
        """Answers above or below the threshold, some of them not known."""
        asked = [row["code"] for row in self.rules.content["criteria"]]
        threshold = self.rules.content["threshold"]
        yes = threshold + self.dice.randint(0, 2) if high else self.dice.randint(1, threshold - 1)
        said = set(self.dice.sample(asked, min(yes, len(asked))))
        answers = {
            code: "yes" if code in said else "unknown" if self.dice.random() < 0.1 else "no"
            for code in asked
        }
        result = screening.count(self.rules.content, answers)
        made = self.rows.add(
            RiskScreening,
            participant=case.row,
            ruleset=self.rules,
            purpose=str(purpose),
            answers=answers,
            score=result.score,
            is_incomplete=result.is_incomplete,
            qualifies=result.qualifies,
            by=self.worker,
            at=at,
        )
        reasons = [f"{code}: {text}" for code, text in words.EVIDENCE if code in said]
        if reasons:
            self.rows.seal(made, EVIDENCE, "\n".join(reasons), by=self.worker)
        case.row.screened_on = at.date()
        days = self.rules.content["rescreen_days"]
        case.row.rescreen_due_on = at.date() + timedelta(days=days)

    def _ask(
        self,
        case: Case,
        kind: str,
        at: datetime,
        *,
        decided_at: datetime | None = None,
        returned: str = "",
    ) -> None:
        """A question to the supervisor: still open, approved, or sent back for a reason."""
        facts: dict[str, Any] = {}
        if decided_at or returned:
            facts = {
                "decided_by": self.head,
                "decided_at": decided_at or at + timedelta(hours=20),
                "decision": "returned" if returned else "approved",
                "version": 2,
            }
        made = self.rows.add(
            Approval,
            participant=case.row,
            kind=str(kind),
            asked_by=self.worker,
            asked_at=at,
            **facts,
        )
        if returned:
            self.rows.seal(made, "reason", returned, by=self.head)

    def _close(self, case: Case, reason: str, at: datetime) -> None:
        case.row.close_reason = reason
        self._step(case, State.CLOSED, at, by=self.head, reason=reason)

    def _withdraw(self, case: Case, at: datetime) -> None:
        """Consent taken back; what is sealed of him is erased at the end of the load."""
        self._close(case, "declined", at)
        case.row.consent_withdrawn_at = at
        record = case.consent
        if record is not None:
            record.withdrawn_at, record.withdrawn_by = at, self.worker
            record.withdrawn_manner = "spoken"
