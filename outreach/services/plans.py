"""The risk reduction plan: steps, a supervisor's approval, and a look at it every 30 days."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault, worklist
from ceasefire.people.models import User
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    NotAColleague,
    NotAllowedFromHere,
    OutreachRefusal,
)
from outreach.models import (
    REVIEW_DAYS,
    Approval,
    CaseMember,
    Participant,
    PlanGoal,
    PlanReview,
    RiskReductionPlan,
)
from outreach.services import approvals, caseload, cases, consent, status
from outreach.services.forms import keyed
from outreach.services.needs import PLAN

STEP, NOTE = "step", "note"
STEP_LENGTH, NOTE_LENGTH = 500, 2000
REVIEW_DUE = "plan.review_due"
#: A step is to be done within two years.
LONGEST_AHEAD = timedelta(days=731)
#: Steps of one plan, reached and dropped ones too.
MOST_GOALS = 60

State = RiskReductionPlan.State

worklist.task_kind(
    REVIEW_DUE,
    _("A plan is to be looked at again with the participant."),
    tone="due",
    address=lambda code: reverse("outreach:plan_detail", args=[code]),
    escalate_after=timedelta(days=7),
    by_hand=False,
)
consent.erases(PlanGoal, "plan__participant", (STEP,), title=_("Steps of the plan"))
consent.erases(PlanReview, "plan__participant", (NOTE,), title=_("Reviews of the plan"))


class PlanWaits(OutreachRefusal):
    """It is with the supervisor; taken back, it can be written in again."""

    message = _("The plan waits for approval. Take it back first, then change it.")


class NoGoals(OutreachRefusal):
    message = _("Write at least one step first.")


class DueNotAhead(OutreachRefusal):
    message = _("A step is due today or later, within two years.")


class TooManyGoals(OutreachRefusal):
    message = _("A plan holds at most 60 steps, also those that are done.")


def of_case(participant: Participant) -> RiskReductionPlan | None:
    """The plan of a case; None where nothing was written yet."""
    return all_of(participant).first()


def all_of(participant: Participant) -> QuerySet[RiskReductionPlan]:
    """The same as a question: a case has one plan at most."""
    return RiskReductionPlan.objects.filter(participant=participant)


def owners(participant: Participant) -> list[User]:
    """Who of the staff may see to a step: the worker and the team of the case."""
    members = (
        CaseMember.objects.filter(participant=participant, until__isnull=True)
        .select_related("user")
        .order_by("since")
    )
    people = {participant.worker_id: participant.worker}
    people.update((member.user_id, member.user) for member in members)
    return list(people.values())


def _held_plan(
    participant: Participant, *, by: User, version: int | None = None, make: bool = False
) -> tuple[Participant, RiskReductionPlan]:
    """The case and its plan, held; a closed case is refused."""
    participant = cases.held(participant, by=by, permission=PLAN)
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    plan = RiskReductionPlan.objects.select_for_update().filter(participant=participant).first()
    if plan is None:
        if not make:
            raise NotAllowedFromHere
        plan = RiskReductionPlan.objects.create(participant=participant, created_by=by)
    elif version is not None and version != plan.version:
        raise ChangedMeanwhile(version=plan.version)
    return participant, plan


def _touch(plan: RiskReductionPlan, *fields: str) -> None:
    plan.version += 1
    plan.save(update_fields=[*fields, "version"])


# --- steps ----------------------------------------------------------------------------------------


@keyed
@transaction.atomic
def add_goal(
    participant: Participant,
    *,
    domain: str,
    step: str,
    due_on: date,
    by: User,
    owner: User | None = None,
    key: UUID | None = None,
) -> PlanGoal:
    """Add a step to the plan; the first begins it. A step on an approved plan needs approval anew.

    `owner` None is the participant. The wording is sealed and never changed.
    """
    participant, plan = _held_plan(participant, by=by, make=True)
    if known := cases.sent_before(PlanGoal, key, created_by_id=by.pk, plan_id=plan.pk):
        return known
    if plan.state == State.WAITING:
        raise PlanWaits
    if plan.goals.count() >= MOST_GOALS:
        raise TooManyGoals
    if domain not in dict(codes.choices("need_domain")) or not step.strip():
        raise ValueError("A step has a domain of the list and a wording.")
    today = periods.now().date()
    if not today <= due_on <= today + LONGEST_AHEAD:
        raise DueNotAhead
    if owner is not None and owner.pk not in {person.pk for person in owners(participant)}:
        raise NotAColleague
    goal = PlanGoal.objects.create(
        plan=plan,
        domain=domain,
        due_on=due_on,
        owner=owner,
        idempotency_key=key,
        created_by=by,
        created_at=periods.now(),
    )
    vault.seal(goal, STEP, step.strip(), by=by)
    plan.state = State.DRAFT
    _touch(plan, "state")
    audit.record("plan.goal_added", subject=participant, by=by, detail={"domain": domain})
    return goal


@transaction.atomic
def end_goal(goal: PlanGoal, *, reached: bool, by: User) -> PlanGoal:
    """A step is reached, or dropped. Once; the plan stays approved."""
    participant, plan = _held_plan(goal.plan.participant, by=by)
    goal = PlanGoal.objects.select_for_update().get(pk=goal.pk)
    if goal.state != PlanGoal.State.OPEN:
        raise NotAllowedFromHere
    goal.state = PlanGoal.State.REACHED if reached else PlanGoal.State.DROPPED
    goal.ended_by, goal.ended_at = by, periods.now()
    goal.save(update_fields=["state", "ended_by", "ended_at"])
    _touch(plan)
    audit.record("plan.goal_ended", subject=participant, by=by, detail={"state": str(goal.state)})
    return goal


# --- approval -------------------------------------------------------------------------------------


@transaction.atomic
def ask_approval(
    participant: Participant, *, by: User, version: int | None = None
) -> RiskReductionPlan:
    """Send the plan to the supervisor."""
    participant, plan = _held_plan(participant, by=by, version=version)
    if plan.state not in (State.DRAFT, State.RETURNED):
        raise NotAllowedFromHere
    if not plan.goals.filter(state=PlanGoal.State.OPEN).exists():
        raise NoGoals
    plan.state = State.WAITING
    _touch(plan, "state")
    approvals.ask(participant, Approval.Kind.PLAN, by=by)
    return plan


@transaction.atomic
def take_back(
    participant: Participant, *, by: User, version: int | None = None
) -> RiskReductionPlan:
    """Take a plan back that waits, to go on writing it."""
    participant, plan = _held_plan(participant, by=by, version=version)
    if plan.state != State.WAITING:
        raise NotAllowedFromHere
    plan.state = State.DRAFT
    _touch(plan, "state")
    approvals.withdraw(participant, Approval.Kind.PLAN, by=by)
    return plan


@approvals.on_decided("plan")
def _plan_decided(approval: Approval, *, by: User, reason: str) -> None:
    """Approved, it is looked at again in 30 days; returned, it is written on."""
    plan = RiskReductionPlan.objects.select_for_update().get(participant=approval.participant)
    if plan.state != State.WAITING:
        raise NotAllowedFromHere
    if approval.decision != Approval.Decision.APPROVED:
        plan.state = State.RETURNED
        _touch(plan, "state")
        return
    plan.state, plan.approved_at = State.APPROVED, periods.now()
    plan.review_due_on = plan.approved_at.date() + timedelta(days=REVIEW_DAYS)
    _touch(plan, "state", "approved_at", "review_due_on")
    _give_task(approval.participant, plan.review_due_on, by=by)


@status.follows
def _case_moved(participant: Participant, *, before: str, by: User, at: datetime) -> None:
    """With a closed case nothing waits: its plan can be written on when it is opened again."""
    if participant.status == Participant.Status.CLOSED:
        RiskReductionPlan.objects.filter(participant=participant, state=State.WAITING).update(
            state=State.DRAFT
        )


# --- looked at again ------------------------------------------------------------------------------


@transaction.atomic
def review(
    participant: Participant, *, note: str, by: User, version: int | None = None
) -> PlanReview:
    """The plan was looked at with the participant; the next time is 30 days on. The note is sealed.

    Only of a plan that was approved once.
    """
    participant, plan = _held_plan(participant, by=by, version=version)
    if plan.approved_at is None:
        raise NotAllowedFromHere
    now = periods.now()
    next_on = now.date() + timedelta(days=REVIEW_DAYS)
    made = PlanReview.objects.create(plan=plan, by=by, at=now, next_due_on=next_on)
    vault.seal(made, NOTE, note.strip(), by=by)
    plan.review_due_on = next_on
    _touch(plan, "review_due_on")
    _give_task(participant, next_on, by=by)
    audit.record("plan.reviewed", subject=participant, by=by, detail={"next": next_on})
    return made


def _give_task(participant: Participant, on: date, *, by: User) -> None:
    worklist.close_tasks(REVIEW_DUE, subject=participant, by=by)
    caseload.give_task(
        participant,
        REVIEW_DUE,
        due_at=datetime.combine(on, time(9), periods.BAGHDAD),
        by=by,
    )
