"""Made-up needs, plans, referrals, notes, transfers, and one field that two people wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

from ceasefire import periods
from ceasefire.people.models import User
from outreach.demo import words
from outreach.demo.cases import Case
from outreach.demo.rows import Rows
from outreach.models import (
    NOTE_OPEN_FOR,
    REVIEW_DAYS,
    Approval,
    CaseNote,
    EditConflict,
    FieldChange,
    NeedsAssessment,
    NoteAmendment,
    Participant,
    PlanGoal,
    PlanReview,
    Referral,
    ReferralStep,
    RiskReductionPlan,
    Transfer,
)
from outreach.models.edits import BEFORE, MINE, THEIRS

Plan = RiskReductionPlan.State
Way = Referral.State
#: Of each active case by its place in the caseload; the others have an approved plan.
PLANS: dict[int, str | None] = {8: Plan.WAITING, 9: Plan.DRAFT, 10: Plan.RETURNED, 11: None}
REVIEW_LATE = 12
#: How referrals went, one after the other.
WAYS: tuple[tuple[str, ...], ...] = (
    (Way.SENT,),
    (Way.SENT, Way.ACCEPTED),
    (Way.SENT, Way.DECLINED),
    (Way.SENT, Way.ACCEPTED, Way.STARTED),
    (Way.SENT, Way.ACCEPTED, Way.STARTED, Way.COMPLETED),
    (Way.SENT, Way.ACCEPTED, Way.DROPPED),
)
#: Notes are of the last day: the text of an older one is locked, also for the demonstration.
NOTED_HOURS_AGO = (2, 5, 9, 14, 19)


def tell_casework(rows: Rows, cases: Sequence[Case]) -> None:
    """What was done for those who were carried."""
    ways, providers = cycle(WAYS), cycle(words.PROVIDERS)
    for case in cases:
        if case.since is None or case.row.consent_withdrawn_at is not None:
            continue
        _assess(rows, case)
        _plan(rows, case)
        if "sharing" in case.purposes:
            _refer(rows, case, next(ways), next(providers))
            if case.number % 3 == 0:
                _refer(rows, case, next(ways), next(providers))


def _assess(rows: Rows, case: Case) -> None:
    times = 2 if case.age > 150 else 1
    domains = ["income", "education", "papers", "family", "debt", "mental", "own_group", "tribe"]
    for number in range(1, times + 1):
        at = case.row.created_at + timedelta(days=5 + 80 * (number - 1))
        worst = 3 if number == 1 else 2
        made = rows.add(
            NeedsAssessment,
            participant=case.row,
            number=number,
            severities={domain: rows.dice.randint(0, worst) for domain in domains},
            by=case.worker,
            at=at,
        )
        rows.seal(made, "strengths", words.STRENGTHS[case.number % 4], by=case.worker)


def _plan(rows: Rows, case: Case) -> None:
    number = case.number
    state = PLANS.get(number, Plan.APPROVED)
    if state is None or case.since is None:
        return
    begun = case.since + timedelta(days=4)
    approved_at = begun + timedelta(days=2) if state == Plan.APPROVED else None
    reviews = _reviews(rows, approved_at, is_late=number == REVIEW_LATE)
    plan = rows.add(
        RiskReductionPlan,
        participant=case.row,
        state=str(state),
        approved_at=approved_at,
        review_due_on=None
        if approved_at is None
        else (reviews[-1] if reviews else approved_at).date() + timedelta(days=REVIEW_DAYS),
        created_by=case.worker,
        created_at=begun,
    )
    for place in range(2 + number % 3):
        domain, text = words.GOALS[(number + place) % len(words.GOALS)]
        is_done = place == 0 and approved_at is not None and case.age > 60
        ended: dict[str, Any] = {}
        if is_done:
            how = PlanGoal.State.DROPPED if number % 4 == 3 else PlanGoal.State.REACHED
            ended = {"state": str(how), "ended_at": rows.at(6, 11), "ended_by": case.worker}
        goal = rows.add(
            PlanGoal,
            plan=plan,
            domain=domain,
            due_on=rows.day(4 if is_done else -10 * place - 3),
            owner=case.worker if place % 2 else None,
            created_by=case.worker,
            created_at=begun,
            **ended,
        )
        rows.seal(goal, "step", text, by=case.worker)
    for place, at in enumerate(reviews):
        review = rows.add(
            PlanReview,
            plan=plan,
            by=case.worker,
            at=at,
            next_due_on=at.date() + timedelta(days=REVIEW_DAYS),
        )
        rows.seal(review, "note", words.REVIEWS[place % 2], by=case.worker)
    _ask(rows, case, state, begun, approved_at)


def _reviews(rows: Rows, approved_at: datetime | None, *, is_late: bool) -> list[datetime]:
    """The last reviews of a plan; of one that is late none in the last weeks."""
    if approved_at is None:
        return []
    latest = rows.at(REVIEW_DAYS + 5 if is_late else 9, 10)
    found = [latest - timedelta(days=REVIEW_DAYS * place) for place in (1, 0)]
    return [at for at in found if at > approved_at + timedelta(days=3)]


def _ask(rows: Rows, case: Case, state: str, begun: datetime, approved_at: datetime | None) -> None:
    if state == Plan.DRAFT:
        return
    asked_at = rows.at(4, 12) if state == Plan.WAITING else begun
    decided: dict[str, Any] = {}
    if state != Plan.WAITING:
        decided = {
            "decided_by": case.head,
            "decided_at": approved_at or begun + timedelta(days=1),
            "decision": "approved" if approved_at else "returned",
            "version": 2,
        }
    made = rows.add(
        Approval,
        participant=case.row,
        kind=str(Approval.Kind.PLAN),
        asked_by=case.worker,
        asked_at=asked_at,
        **decided,
    )
    if state == Plan.RETURNED:
        rows.seal(made, "reason", words.REASONS["returned"], by=case.head)


def _refer(rows: Rows, case: Case, way: tuple[str, ...], provider: tuple[str, str]) -> None:
    """A referral with its days; one that was only sent is silent or fresh in turn."""
    domain, who = provider
    ago = (9 if case.number % 2 else 3) if way == (Way.SENT,) else 24
    sent_on = rows.day(ago)
    facts: dict[str, Any] = {}
    for place, state in enumerate(way):
        on = sent_on + timedelta(days=4 * place)
        if state in (Way.ACCEPTED, Way.DECLINED):
            facts["answered_on"] = on
        if state == Way.STARTED:
            facts["started_on"] = on
        if state in (Way.DECLINED, Way.COMPLETED, Way.DROPPED):
            facts["ended_on"] = on
    made = rows.add(
        Referral,
        participant=case.row,
        domain=domain,
        is_warm=case.number % 2 == 0,
        state=str(way[-1]),
        sent_on=sent_on,
        is_confirmed=way[-1] == Way.COMPLETED,
        created_by=case.worker,
        created_at=rows.at(ago, 10),
        version=len(way),
        **facts,
    )
    rows.seal(made, "provider", who, by=case.worker)
    for place, state in enumerate(way):
        rows.add(
            ReferralStep,
            referral=made,
            to_state=str(state),
            happened_on=sent_on + timedelta(days=4 * place),
            by=case.worker,
            at=rows.at(ago - 4 * place, 10),
        )


# --- notes ----------------------------------------------------------------------------------------


def tell_notes(rows: Rows, cases: Sequence[Case]) -> list[CaseNote]:
    """Notes of the last hours; those that are to be locked early, with what was added to them.

    The database seals no text of a note that is locked, so a note is written open, sealed, and
    locked by the caller when all is written.
    """
    early, now = [], periods.now()
    for case in cases:
        if case.row.status != Participant.Status.ACTIVE or case.number % 2:
            continue
        at = now - timedelta(hours=NOTED_HOURS_AGO[case.number // 2 % 5], minutes=case.number)
        kind, text = words.NOTES[case.number // 2 % 5]
        note = rows.add(
            CaseNote,
            participant=case.row,
            kind=kind,
            by=case.worker,
            at=at,
            locked_at=at + NOTE_OPEN_FOR,
        )
        rows.seal(note, "text", text, by=case.worker)
        if case.number % 8 == 4:
            early.append(note)
            more = rows.add(NoteAmendment, note=note, by=case.worker, at=now)
            rows.seal(more, "text", words.AMENDMENTS[case.number // 8 % 2], by=case.worker)
    return early


# --- transfers, and two pens ----------------------------------------------------------------------


def tell_transfers(
    rows: Rows, cases: Sequence[Case], worker: User, worker2: User, head: User
) -> Transfer:
    """One that waits for an answer, which is returned, one that was declined, one accepted."""
    mine = [case for case in cases if case.worker == worker and _is_active(case)]
    theirs = [case for case in cases if case.worker == worker2 and _is_active(case)]
    waiting = _transfer(rows, mine[15].row, worker, worker2, Transfer.State.ASKED, 1)
    _transfer(rows, mine[16].row, worker, worker2, Transfer.State.DECLINED, 13)
    _transfer(rows, theirs[16].row, worker, worker2, Transfer.State.ACCEPTED, 21)
    return waiting


def _is_active(case: Case) -> bool:
    return case.row.status == Participant.Status.ACTIVE


def _transfer(
    rows: Rows, participant: Participant, source: User, to: User, state: str, days: int
) -> Transfer:
    facts: dict[str, Any] = {}
    if state != Transfer.State.ASKED:
        facts = {"answered_by": to, "answered_at": rows.at(days - 1, 9)}
    made = rows.add(
        Transfer,
        participant=participant,
        from_user=source,
        to_user=to,
        state=str(state),
        asked_by=source,
        asked_at=rows.at(days, 14),
        **facts,
    )
    rows.seal(made, "reason", words.REASONS["transfer"], by=source)
    return made


def tell_edits(rows: Rows, case: Case, other: User) -> EditConflict:
    """An address that two people wrote differently; somebody is to choose."""
    case.row.version += 1
    changed_at = rows.at(2, 11)
    change = rows.add(
        FieldChange,
        participant=case.row,
        field="address",
        version=case.row.version,
        by=other,
        at=changed_at,
    )
    rows.seal(change, BEFORE, "شارع النسيم 4", by=other)
    made = rows.add(
        EditConflict,
        participant=case.row,
        field="address",
        theirs_by=other,
        theirs_at=changed_at,
        mine_by=case.worker,
        at=rows.at(1, 9),
    )
    rows.seal(made, THEIRS, "شارع القمر 12", by=other)
    rows.seal(made, MINE, "شارع القمر 21", by=case.worker)
    return made
