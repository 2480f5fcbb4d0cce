"""A week of supervision, what waits for an answer, who is told of what; after all was written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from ceasefire import codes, periods, worklist
from ceasefire.people.models import User
from ceasefire.periods import Week
from ceasefire.places.models import Site
from outreach.demo import words
from outreach.demo.cases import Case
from outreach.demo.conflicts import Told
from outreach.demo.rows import Rows
from outreach.models import (
    Approval,
    CaseReview,
    EditConflict,
    Participant,
    Referral,
    RiskReductionPlan,
    SupervisionDecision,
    SupervisionSheet,
    Transfer,
)
from outreach.services import (
    approvals,
    conflicts,
    edits,
    follow_ups,
    plans,
    referrals,
    screening,
    settlements,
    status,
    supervision,
    supervision_reading,
    transfers,
)

State = Participant.Status
#: So many cases are gone through on a sheet.
REVIEWED = 5
#: So many were not gone through for a while.
WAITING = 3


def tell_sheets(
    rows: Rows, site: Site, worker: User, head: User, cases: Sequence[Case], *, begins: bool
) -> None:
    """The last two weeks' sheets, signed; where supervision `begins`, this week's, still open."""
    mine = [case.row for case in cases if case.worker == worker and _is_active(case)]
    this_week = supervision_reading.week_of(site, rows.today)
    past = this_week.previous()
    # Most are gone through within two weeks, the last ones wait for their turn.
    earlier = _sheet(rows, site, worker, head, past.previous(), begun=_monday(past.previous()))
    _review(rows, earlier, mine[REVIEWED:-WAITING], head)
    latest = _sheet(rows, site, worker, head, past, begun=_monday(past))
    _review(rows, latest, mine[:REVIEWED], head)
    # One was done in time, one is overdue.
    done = _decide(rows, latest, mine[1], 1, worker, head, rows.day(4))
    late = _decide(rows, latest, mine[3], 2, worker, head, rows.day(2))
    opened = None
    if begins:
        morning = max(this_week.starts_at, rows.cut) + timedelta(hours=1)
        sheet = _sheet(rows, site, worker, head, this_week, begun=morning)
        _review(rows, sheet, mine[REVIEWED : REVIEWED + 3], head)
        opened = _decide(rows, sheet, mine[REVIEWED], 1, worker, head, rows.day(-3))
    for sheet in (earlier, latest):
        rows.seal(sheet, supervision.COMMENT, words.COMMENT, by=head)
    rows.write()
    for decision in filter(None, (done, late, opened)):
        worklist.add_task(
            worker,
            supervision.DECIDED,
            subject=decision,
            due_at=datetime.combine(decision.due_on, time(20), periods.BAGHDAD),
            by=head,
        )
    worklist.close_tasks(supervision.DECIDED, subject=done, by=worker)
    for signed in (earlier, latest):
        seen = supervision_reading.sheet(
            worker, site, head, on=signed.week_start + timedelta(days=1)
        )
        # Last: a signed sheet takes nothing more.
        signed.figures = seen.figures()
        signed.signed_at, signed.signed_by = signed.created_at + timedelta(minutes=30), head
        signed.version = 2
        signed.save(update_fields=["figures", "signed_at", "signed_by", "version"])
        worklist.notify([worker], "supervision.signed", subject=signed, at=signed.signed_at)


def _monday(week: Week) -> datetime:
    """When the sheet of a week is written."""
    return week.starts_at + timedelta(days=1, hours=10, minutes=30)


def _is_active(case: Case) -> bool:
    return case.row.status == State.ACTIVE


def _sheet(
    rows: Rows, site: Site, worker: User, head: User, week: Week, *, begun: datetime
) -> SupervisionSheet:
    return rows.add(
        SupervisionSheet,
        code=f"SUP-{week.start.year}-{codes.next_number('SUP', week.start.year):05}",
        site=site,
        worker=worker,
        week_start=week.start,
        created_by=head,
        created_at=begun,
    )


def _review(rows: Rows, sheet: SupervisionSheet, cases: Sequence[Participant], head: User) -> None:
    findings = list(CaseReview.Finding)
    for place, participant in enumerate(cases):
        finding = findings[(place + 1) % 3 if place < 2 else 0]
        rows.add(
            CaseReview,
            sheet=sheet,
            participant=participant,
            finding=str(finding),
            by=head,
            at=sheet.created_at,
        )


def _decide(
    rows: Rows,
    sheet: SupervisionSheet,
    participant: Participant,
    number: int,
    worker: User,
    head: User,
    due_on: date,
) -> SupervisionDecision:
    made = rows.add(
        SupervisionDecision,
        code=f"{sheet.code}-{number}",
        sheet=sheet,
        participant=participant,
        assignee=worker,
        due_on=due_on,
        created_by=head,
        created_at=sheet.created_at,
    )
    rows.seal(made, supervision.WORDS, words.DECISIONS[number % 3], by=head)
    return made


def give_tasks(rows: Rows, cases: Sequence[Case], managers: Sequence[User]) -> None:
    """The tasks that the verbs would have given, due, overdue and ahead."""
    by_key = {case.row.pk: case for case in cases}
    for approval in Approval.objects.open().filter(participant__in=list(by_key)):
        case = by_key[approval.participant_id]
        worklist.add_task(
            case.head,
            f"approval.{approval.kind}",
            subject=case.row,
            due_at=approval.asked_at + approvals.ANSWERED_WITHIN,
            by=case.worker,
        )
    for approval in Approval.objects.filter(participant__in=list(by_key), decision="returned"):
        worklist.notify(
            [approval.asked_by],
            "approval.returned",
            subject=by_key[approval.participant_id].row,
            key=f"approval.returned:{approval.pk}",
            at=approval.decided_at,
        )
    for case in cases:
        if case.row.status == State.PAUSED and case.row.pause_until is not None:
            due = datetime.combine(case.row.pause_until, time(9), periods.BAGHDAD)
            worklist.add_task(case.worker, status.LOOK_AGAIN, subject=case.row, due_at=due)
        if case.row.status == State.EXCEPTION:
            for manager in managers:
                worklist.add_task(
                    manager,
                    status.EXCEPTION_ASKED,
                    subject=case.row,
                    due_at=case.row.status_since + approvals.ANSWERED_WITHIN,
                    by=case.worker,
                )
    soon = rows.today + timedelta(days=7)
    for plan in RiskReductionPlan.objects.filter(
        state=RiskReductionPlan.State.APPROVED, review_due_on__lte=soon, participant__in=by_key
    ).exclude(participant__status=State.CLOSED):
        case = by_key[plan.participant_id]
        due = datetime.combine(plan.review_due_on or soon, time(9), periods.BAGHDAD)
        worklist.add_task(case.worker, plans.REVIEW_DUE, subject=case.row, due_at=due)
    for referral in Referral.objects.filter(
        state=Referral.State.SENT, participant__in=by_key
    ).exclude(participant__status=State.CLOSED):
        case = by_key[referral.participant_id]
        worklist.add_task(
            case.worker, referrals.SILENT, subject=case.row, due_at=referral.silent_from
        )


def tell(
    told: Sequence[Told], transfer: Transfer, edit: EditConflict, case: Case, at: datetime
) -> None:
    """What the periodic work up to now would have said, and a few notices."""
    for one in told:
        conflicts.save(one.row, by=None)
        if one.plot.beside:
            beside = list(one.row.mediators.select_related("user"))
            people = [row.user for row in beside]
            worklist.notify(people, "conflict.assigned", subject=one.row, at=one.row.created_at)
        if one.row.state == "reignited" and one.row.lead.supervisor is not None:
            head = one.row.lead.supervisor
            worklist.notify([head], "conflict.reignited", subject=one.row, at=one.row.state_since)
    worklist.add_task(
        transfer.to_user,
        transfers.ASKED,
        subject=transfer,
        due_at=transfer.asked_at + transfers.ANSWERED_WITHIN,
        by=transfer.asked_by,
    )
    worklist.add_task(
        case.worker, edits.EDITS_MET, subject=case.row, due_at=edit.at + edits.CHOOSE_WITHIN
    )
    screening.remind(on=at.date())
    referrals.remind()
    settlements.remind(at=at)
    follow_ups.give_tasks(at=at)
