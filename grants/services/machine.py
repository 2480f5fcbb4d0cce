"""The state machine of a grant: 19 steps, each with who, what papers, what amounts.

A step writes a `Transition` (and, where somebody decided, a `Decision`); the database's triggers
check the pair of states, the duty and the parts people had, and move the grant. `missing_for` says
what the next step lacks, whom it waits for and since when. No verb here has an override.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from grants.exceptions import (
    ApprovalExceeded,
    BadAmount,
    FundExhausted,
    GrantRefusal,
    InTheFuture,
    NoSeat,
    NoSuchFinding,
    NotAllowedFromHere,
    NotForThisPerson,
    RiskSheetDiffers,
    StepIsMissingSomething,
)
from grants.models import (
    AuthorityRule,
    Decision,
    Finding,
    Grant,
    LedgerEntry,
    Officer,
    State,
    Transition,
)
from grants.services import funds, ledger, monitoring, reading, requirements, splits
from grants.services.documents import set_hash
from grants.services.held import apart, auditor, changed, held, officer, or_else, said
from grants.services.parts import known
from grants.services.proposals import BEFORE_AWARD
from grants.services.requirements import Missing, NextStep


class Step(NamedTuple):
    """A pair of states: its number in the design, who may, a new round, a reason."""

    number: int
    from_state: str
    to_state: str
    roles: tuple[str, ...]
    renews: bool = False
    needs_reason: bool = False


#: Who may give the second word when vetting rejects: any duty but the requester's.
SECOND_OFFICERS = (
    "vetting",
    "reviewer",
    "approver",
    "officer",
    "certifier",
    "payer",
    "monitor",
    "closeout",
)

#: The same as the table `grants_statestep`, which the database checks every step against.
STEPS: tuple[Step, ...] = (
    Step(1, "", "DRAFT", ("requester",)),
    Step(2, "DRAFT", "SUBMITTED", ("requester",)),
    Step(3, "SUBMITTED", "RETURNED", ("reviewer", "officer"), needs_reason=True),
    Step(3, "RETURNED", "SUBMITTED", ("requester",), renews=True),
    Step(4, "SUBMITTED", "VETTING", ("reviewer",)),
    Step(5, "VETTING", "PENDING_APPROVAL", ("vetting",)),
    # By whoever of the two speaks last; one of them is a vetting officer.
    Step(6, "VETTING", "REJECTED", SECOND_OFFICERS, needs_reason=True),
    Step(7, "PENDING_APPROVAL", "APPROVED", ("approver",)),
    Step(8, "PENDING_APPROVAL", "REJECTED", ("approver",), needs_reason=True),
    Step(8, "PENDING_APPROVAL", "RETURNED", ("approver",), needs_reason=True),
    Step(9, "APPROVED", "AWARDED", ("officer",)),
    Step(10, "AWARDED", "ACTIVE", ("payer",)),
    Step(11, "ACTIVE", "ACTIVE", ("payer",)),
    Step(
        12,
        "ACTIVE",
        "SUSPENDED",
        ("officer", "monitor", "vetting", "auditor"),
        renews=True,
        needs_reason=True,
    ),
    Step(13, "SUSPENDED", "ACTIVE", ("officer",), renews=True, needs_reason=True),
    Step(14, "ACTIVE", "COMPLETED", ("monitor",)),
    Step(15, "COMPLETED", "CLOSING", ("officer",)),
    Step(16, "CLOSING", "CLOSED", ("closeout",)),
    Step(17, "AWARDED", "TERMINATED", ("approver",), needs_reason=True),
    Step(17, "ACTIVE", "TERMINATED", ("approver",), needs_reason=True),
    Step(17, "SUSPENDED", "TERMINATED", ("approver",), needs_reason=True),
    Step(17, "TERMINATED", "CLOSING", ("officer",)),
    *(
        Step(18, state, "CANCELLED", ("officer",), needs_reason=True)
        for state in map(str, BEFORE_AWARD)
    ),
    *(
        Step(18, state, "WITHDRAWN", ("requester",), needs_reason=True)
        for state in map(str, BEFORE_AWARD)
    ),
    Step(19, "CLOSED", "REOPENED", ("approver",), renews=True, needs_reason=True),
    Step(19, "REOPENED", "CLOSING", ("officer",)),
)
_BY_PAIR = {(one.from_state, one.to_state): one for one in STEPS}
_VERB_INTO = {
    "SUBMITTED": "grant.submitted",
    "RETURNED": "grant.returned",
    "VETTING": "grant.reviewed",
    "PENDING_APPROVAL": "grant.cleared",
    "REJECTED": "grant.rejected",
    "APPROVED": "grant.approved",
    "AWARDED": "grant.awarded",
    "ACTIVE": "grant.activated",
    "SUSPENDED": "grant.suspended",
    "COMPLETED": "grant.completed",
    "CLOSING": "grant.closing",
    "CLOSED": "grant.closed",
    "TERMINATED": "grant.terminated",
    "CANCELLED": "grant.cancelled",
    "WITHDRAWN": "grant.withdrawn",
    "REOPENED": "grant.reopened",
}


def _need(grant: Grant, *states: str) -> None:
    if grant.state not in states:
        raise NotAllowedFromHere


def _complete(missing: list[Missing]) -> None:
    if missing:
        raise StepIsMissingSomething(missing)


def _moment(at: datetime | None) -> datetime:
    now = periods.now()
    if at is not None and at > now:
        raise InTheFuture
    return at or now


#: Acting as this excludes who had these parts; the constraints on Decision and PaymentRequest.
EXCLUDES: dict[str, tuple[str, ...]] = {
    "requester": ("decided", "certifier", "payer"),
    "reviewer": ("requester", "approver"),
    "vetting": ("requester",),
    "approver": ("requester", "reviewer", "awarder", "certifier", "payer"),
    "officer": ("requester", "approver"),
    "certifier": ("requester", "approver"),
    "payer": ("requester", "approver", "closer"),
    "monitor": ("requester",),
    "closeout": ("requester", "payer"),
}


def excluded(grant: Grant, duty: str) -> set[Any]:
    """Keys of the officers who may not act as `duty` on a grant any more."""
    had = known(grant)
    return set().union(*(had[part] for part in EXCLUDES.get(duty, ())))


def _apart(grant: Grant, who: Officer, duty: str) -> None:
    apart(who.pk in excluded(grant, duty))


def decide(
    grant: Grant,
    who: Officer,
    *,
    step: str,
    role: str,
    verdict: str,
    at: datetime,
    amount_usd: Decimal = Decimal(0),
    rule: AuthorityRule | None = None,
    reason: str = "",
    conditions: str = "",
    valid_to: date | None = None,
    amendment: Any = None,
    finding: Finding | None = None,
) -> Decision:
    """Write one person's word; the verbs here and those of amendments have checked before."""
    # The database looks once more whether a clearance has all it needs, and says of whom it is.
    refusals: dict[str, type[GrantRefusal]] = {
        "before the screening is finished": StepIsMissingSomething,
        "who is blocked is not cleared": StepIsMissingSomething,
    }
    with or_else(refusals if step == "vetting" else {}):
        made = Decision.objects.create(
            grant=grant,
            amendment=amendment,
            finding=finding,
            round=grant.round,
            step=step,
            role=role,
            actor=who,
            verdict=verdict,
            amount_usd=amount_usd,
            rule=rule,
            reason=reason,
            conditions=conditions,
            valid_to=valid_to,
            at=at,
        )
    made.refresh_from_db()
    return made


def _step(
    grant: Grant,
    to_state: str,
    who: Officer,
    *,
    role: str,
    by: User,
    at: datetime,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> Grant:
    """Write the transition; the database moves the grant. The trail's entry comes last."""
    pair = _BY_PAIR.get((grant.state, to_state))
    if pair is None or role not in pair.roles:
        raise NotAllowedFromHere
    before = grant.state
    Transition.objects.create(
        grant=grant,
        from_state=grant.state,
        to_state=to_state,
        role=role,
        actor=who,
        at=at,
        reason=reason,
        documents_hash=set_hash(grant),
        round=grant.round,
    )
    audit.record(
        _VERB_INTO[to_state],
        subject=grant,
        by=by,
        reason=reason,
        detail={"from": before, "step": pair.number, "role": role, **(detail or {})},
    )
    return Grant.objects.select_related("fund").get(pk=grant.pk)


# --- from the proposal to the award --------------------------------------------------------------


@transaction.atomic
def submit(
    grant: Grant, *, by: User, version: int | None = None, at: datetime | None = None
) -> Grant:
    """2, 3: hand a complete proposal in. Awards that belong together are put into one group.

    The trail names those, and the grants that read alike (`splits.alike`).
    """
    who, at = officer(by, "requester"), _moment(at)
    splits.one_at_a_time()
    grant = held(grant, version=version)
    _need(grant, State.DRAFT, State.RETURNED)
    _apart(grant, who, "requester")
    if who.pk not in (grant.owner_id, grant.requester_id):
        raise NotForThisPerson
    _complete(requirements.for_submission(grant, periods.local_day(at)))
    others = splits.near(grant, at)
    group = splits.put_together(grant, others, at)
    return _step(
        grant,
        State.SUBMITTED,
        who,
        role="requester",
        by=by,
        at=at,
        detail={
            "near": [one.ref for one in others],
            "together": group is not None,
            "alike": [one.ref for one in splits.alike(grant, at)],
        },
    )


@transaction.atomic
def give_back(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """3: return a proposal to its requester, by a reviewer or a grants officer."""
    who, at, reason = officer(by, "reviewer", "officer"), _moment(at), said(reason)
    grant = held(grant)
    _need(grant, State.SUBMITTED)
    role = "reviewer" if who.has("reviewer") else "officer"
    _apart(grant, who, "reviewer")
    decide(grant, who, step="review", role=role, verdict="RETURN", at=at, reason=reason)
    return _step(grant, State.RETURNED, who, role=role, by=by, at=at, reason=reason)


@transaction.atomic
def review(
    grant: Grant, *, risk: str, by: User, conditions: str = "", at: datetime | None = None
) -> Grant:
    """4: the technical review is done, with the level of risk; on to vetting.

    Raises `RiskSheetDiffers` where the level is not that of the gravest line (`risks.set_risks`).
    """
    who, at = officer(by, "reviewer"), _moment(at)
    grant = held(grant)
    _need(grant, State.SUBMITTED)
    _apart(grant, who, "reviewer")
    if Grant.Risk(risk) != requirements.gravest(grant):
        raise RiskSheetDiffers
    changed(grant, risk=Grant.Risk(risk))
    _complete(requirements.for_vetting(grant, periods.local_day(at)))
    decide(grant, who, step="review", role="reviewer", verdict="YES", at=at, conditions=conditions)
    return _step(grant, State.VETTING, who, role="reviewer", by=by, at=at)


@transaction.atomic
def clear(
    grant: Grant, *, by: User, valid_to: date | None = None, at: datetime | None = None
) -> Grant:
    """5: the organisations as they are named now are cleared, until a day; on to approval.

    After that state the same verb renews a clearance that runs out. It holds at most the fund's
    days, counted from today.
    """
    who, at = officer(by, "vetting"), _moment(at)
    grant = held(grant)
    _apart(grant, who, "vetting")
    day = periods.local_day(at)
    last = day + timedelta(days=grant.fund.clearance_days)
    until = min(valid_to or last, last)
    if until < day:
        raise BadAmount
    _need(
        grant,
        State.VETTING,
        State.PENDING_APPROVAL,
        State.APPROVED,
        State.AWARDED,
        State.ACTIVE,
        State.SUSPENDED,
    )
    if any(one.status != "ACTIVE" for one in requirements.subjects(grant)):
        raise StepIsMissingSomething([Missing("clearance")])
    _complete(requirements.for_clearance(grant, day))
    decide(grant, who, step="vetting", role="vetting", verdict="YES", at=at, valid_to=until)
    if grant.state == State.VETTING:
        return _step(grant, State.PENDING_APPROVAL, who, role="vetting", by=by, at=at)
    audit.record("grant.clearance_renewed", subject=grant, by=by, detail={"until": until})
    return grant


@transaction.atomic
def reject_at_vetting(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """6: a vetting officer and a second officer say no; the second word rejects the grant.

    The requester is shown the reason, so it holds no detail of a list.
    """
    who, at, reason = officer(by, *SECOND_OFFICERS), _moment(at), said(reason)
    grant = held(grant)
    _need(grant, State.VETTING)
    role = next(duty for duty in SECOND_OFFICERS if who.has(duty))
    _apart(grant, who, "vetting")
    decide(grant, who, step="vetting", role=role, verdict="NO", at=at, reason=reason)
    said_no = Decision.objects.filter(grant=grant, round=grant.round, step="vetting", verdict="NO")
    vetted = any(one.role == "vetting" for one in said_no)
    if vetted and len({one.actor_id for one in said_no}) >= 2:
        return _step(grant, State.REJECTED, who, role=role, by=by, at=at, reason=reason)
    audit.record("grant.rejection_proposed", subject=grant, by=by, reason=reason)
    return grant


@transaction.atomic
def approve(
    grant: Grant,
    *,
    by: User,
    amount_usd: Any = None,
    conditions: str = "",
    at: datetime | None = None,
) -> Grant:
    """7: one approval, on the level the rules of the day ask for next. The last one approves.

    The rule and its limit are copied into the decision. All approvals of a round name one amount,
    at most what was asked for; the whole of it by default. Raises `NoRuleForThis`, `NoSeat`.
    """
    who, at = officer(by, "approver"), _moment(at)
    grant = held(grant)
    _need(grant, State.PENDING_APPROVAL)
    _apart(grant, who, "approver")
    day = periods.local_day(at)
    said_so_far = requirements.approvals(grant)
    value = _approved_amount(grant, amount_usd, said_so_far)
    _complete(requirements.before_approval(grant, day))
    rule = next_rule(grant, who, value, said_so_far, day)
    decide(
        grant,
        who,
        step="approval",
        role="approver",
        verdict="YES",
        at=at,
        amount_usd=value,
        rule=rule,
        conditions=conditions,
    )
    if requirements.for_approval(grant, day):
        audit.record(
            "grant.approval_given",
            subject=grant,
            by=by,
            detail={"amount_usd": value, "level": rule.role, "limit_usd": rule.max_amount_usd},
        )
        return grant
    changed(grant, approved_usd=value)
    grant = _step(
        grant,
        State.APPROVED,
        who,
        role="approver",
        by=by,
        at=at,
        detail={"amount_usd": value, "level": rule.role, "limit_usd": rule.max_amount_usd},
    )
    ledger.commit(grant, amount_usd=value, by=by, on=day)
    return Grant.objects.select_related("fund").get(pk=grant.pk)


def _approved_amount(grant: Grant, asked: Any, said_so_far: list[Decision]) -> Decimal:
    if asked is None:
        asked = said_so_far[0].amount_usd if said_so_far else grant.requested_usd
    try:
        value = money.amount(asked)
    except money.BadAmount as error:
        raise BadAmount from error
    if value > grant.requested_usd:
        raise ApprovalExceeded
    if said_so_far and said_so_far[0].amount_usd != value:
        raise BadAmount
    return value


def next_rule(
    grant: Grant, who: Officer, amount: Decimal, said_so_far: list[Decision], day: date
) -> AuthorityRule:
    """The first rule that is not met yet; the officer needs a seat on its level."""
    if any(one.actor_id == who.pk for one in said_so_far):
        raise NotAllowedFromHere
    routed = funds.routed_usd(grant, amount)
    for rule in funds.rules_for(grant.fund_id, grant.award_type, routed, day):
        there = {one.actor_id for one in said_so_far if one.authority == rule.role}
        if len(there) < rule.quorum:
            if rule.role not in funds.seats_of(who, grant.fund_id, day):
                raise NoSeat
            return rule
    raise NotAllowedFromHere


@transaction.atomic
def decline(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """8: an approver says no."""
    return _refuse(grant, State.REJECTED, "NO", reason=reason, by=by, at=at)


@transaction.atomic
def send_back(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """8: an approver returns it to the requester; it is reviewed and vetted anew."""
    return _refuse(grant, State.RETURNED, "RETURN", reason=reason, by=by, at=at)


def _refuse(
    grant: Grant, to_state: str, verdict: str, *, reason: str, by: User, at: datetime | None
) -> Grant:
    who, at, reason = officer(by, "approver"), _moment(at), said(reason)
    grant = held(grant)
    _need(grant, State.PENDING_APPROVAL)
    _apart(grant, who, "approver")
    if any(one.actor_id == who.pk for one in requirements.approvals(grant)):
        raise NotAllowedFromHere
    decide(grant, who, step="approval", role="approver", verdict=verdict, at=at, reason=reason)
    return _step(grant, to_state, who, role="approver", by=by, at=at, reason=reason)


@transaction.atomic
def award(grant: Grant, *, by: User, at: datetime | None = None) -> Grant:
    """9: the letter is signed; the whole approved sum is obligated on the fund."""
    who, at = officer(by, "officer"), _moment(at)
    grant = held(grant)
    _need(grant, State.APPROVED)
    _apart(grant, who, "officer")
    day = periods.local_day(at)
    _complete(requirements.for_award(grant, day))
    if grant.approved_usd > grant.fund.left_usd:
        raise FundExhausted
    decide(
        grant,
        who,
        step="award",
        role="officer",
        verdict="YES",
        at=at,
        amount_usd=grant.approved_usd,
    )
    grant = _step(
        grant,
        State.AWARDED,
        who,
        role="officer",
        by=by,
        at=at,
        detail={"amount_usd": grant.approved_usd},
    )
    ledger.obligate(grant, amount_usd=grant.approved_usd, by=by, on=day)
    return Grant.objects.select_related("fund").get(pk=grant.pk)


def paid(grant: Grant, who: Officer, *, by: User, at: datetime) -> Grant:
    """10, 11: a payment was posted; the first one makes the grant active. For `payments.pay`."""
    if grant.state == State.AWARDED and grant.actual_start is None:
        changed(grant, actual_start=periods.local_day(at))
    return _step(grant, State.ACTIVE, who, role="payer", by=by, at=at)


# --- while it runs -------------------------------------------------------------------------------


@transaction.atomic
def suspend(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """12: stop all payments at once; by a grants, monitoring or vetting officer, or the auditor."""
    at, reason = _moment(at), said(reason)
    who = _staff_or_auditor(by, "officer", "monitor", "vetting")
    grant = held(grant)
    _need(grant, State.ACTIVE)
    role = next((duty for duty in ("officer", "monitor", "vetting") if who.has(duty)), "auditor")
    apart(who.pk in known(grant)["requester"])
    return _step(grant, State.SUSPENDED, who, role=role, by=by, at=at, reason=reason)


def _staff_or_auditor(by: User, *duties: str) -> Officer:
    if by.has_perm("grants.flag_grant"):
        return auditor(by)
    return officer(by, *duties)


@transaction.atomic
def support_reinstatement(grant: Grant, *, by: User, at: datetime | None = None) -> Decision:
    """13, first half: an approver agrees that the suspension may be lifted."""
    who, at = officer(by, "approver"), _moment(at)
    grant = held(grant)
    _need(grant, State.SUSPENDED)
    _apart(grant, who, "approver")
    mine = Decision.objects.filter(grant=grant, round=grant.round, step="reinstatement", actor=who)
    if mine.exists():
        raise NotAllowedFromHere
    made = decide(grant, who, step="reinstatement", role="approver", verdict="YES", at=at)
    audit.record("grant.reinstatement_supported", subject=grant, by=by)
    return made


@transaction.atomic
def reinstate(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """13: lift the suspension, once an approver agreed, findings are closed and a memo is filed."""
    who, at, reason = officer(by, "officer"), _moment(at), said(reason)
    grant = held(grant)
    _need(grant, State.SUSPENDED)
    _apart(grant, who, "officer")
    _complete(requirements.for_reinstatement(grant, periods.local_day(at)))
    decide(grant, who, step="reinstatement", role="officer", verdict="YES", at=at, reason=reason)
    return _step(grant, State.ACTIVE, who, role="officer", by=by, at=at, reason=reason)


@transaction.atomic
def complete(grant: Grant, *, by: User, actual_end: date, at: datetime | None = None) -> Grant:
    """14: the work is done: completion visit, photos, a value of every indicator."""
    who, at = officer(by, "monitor"), _moment(at)
    grant = held(grant)
    _need(grant, State.ACTIVE)
    _apart(grant, who, "monitor")
    if actual_end > periods.local_day(at):
        raise InTheFuture
    if grant.actual_start is not None and actual_end < grant.actual_start:
        raise NotAllowedFromHere
    changed(grant, actual_end=actual_end)
    _complete(requirements.for_completion(grant, periods.local_day(at)))
    decide(grant, who, step="completion", role="monitor", verdict="YES", at=at)
    grant = _step(grant, State.COMPLETED, who, role="monitor", by=by, at=at)
    monitoring.plan_sustainment_of(grant)
    return grant


@transaction.atomic
def terminate(
    grant: Grant, *, reason: str, recovery_usd: Any = 0, by: User, at: datetime | None = None
) -> Grant:
    """17: end an award early, by an approver, with what is to be recovered. It is still closed."""
    who, at, reason = officer(by, "approver"), _moment(at), said(reason)
    grant = held(grant)
    _need(grant, State.AWARDED, State.ACTIVE, State.SUSPENDED)
    _apart(grant, who, "approver")
    try:
        recovery = money.amount(recovery_usd) if recovery_usd else Decimal(0)
    except money.BadAmount as error:
        raise BadAmount from error
    if recovery > grant.net_disbursed_usd:
        raise BadAmount
    decide(
        grant,
        who,
        step="termination",
        role="approver",
        verdict="YES",
        at=at,
        amount_usd=recovery,
        reason=reason,
    )
    return _step(
        grant,
        State.TERMINATED,
        who,
        role="approver",
        by=by,
        at=at,
        reason=reason,
        detail={"recovery_usd": recovery},
    )


# --- closing -------------------------------------------------------------------------------------


@transaction.atomic
def start_closing(grant: Grant, *, by: User, at: datetime | None = None) -> Grant:
    """15, 17, 19: begin the closeout of a completed, terminated or reopened grant."""
    who, at = officer(by, "officer"), _moment(at)
    grant = held(grant)
    _need(grant, State.COMPLETED, State.TERMINATED, State.REOPENED)
    _apart(grant, who, "officer")
    _complete(requirements.for_closing(grant, periods.local_day(at)))
    return _step(grant, State.CLOSING, who, role="officer", by=by, at=at)


@transaction.atomic
def close(grant: Grant, *, by: User, at: datetime | None = None) -> Grant:
    """16: close it: receipts reconciled, nothing obligated and unpaid, checklist whole, memo."""
    who, at = officer(by, "closeout"), _moment(at)
    grant = held(grant)
    _need(grant, State.CLOSING)
    _apart(grant, who, "closeout")
    _complete(requirements.for_closeout(grant, periods.local_day(at)))
    decide(
        grant,
        who,
        step="closeout",
        role="closeout",
        verdict="YES",
        at=at,
        amount_usd=grant.net_disbursed_usd,
    )
    return _step(grant, State.CLOSED, who, role="closeout", by=by, at=at)


@transaction.atomic
def cancel(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """18: call a grant off before the award, by a grants officer."""
    return _call_off(grant, State.CANCELLED, "officer", reason=reason, by=by, at=at)


@transaction.atomic
def withdraw(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """18: take one's own request back before the award."""
    return _call_off(grant, State.WITHDRAWN, "requester", reason=reason, by=by, at=at)


def _call_off(
    grant: Grant, to_state: str, duty: str, *, reason: str, by: User, at: datetime | None
) -> Grant:
    who, at, reason = officer(by, duty), _moment(at), said(reason)
    grant = held(grant)
    _need(grant, *BEFORE_AWARD)
    _apart(grant, who, duty)
    if duty == "requester" and who.pk not in (grant.owner_id, grant.requester_id):
        raise NotForThisPerson
    # What was set aside for it is let go first.
    standing = LedgerEntry.objects.filter(grant=grant, kind="COMMIT", reversed_by__isnull=True)
    for entry in standing:
        ledger.reverse(entry, reason=reason, by=by)
    return _step(grant, to_state, who, role=duty, by=by, at=at, reason=reason)


@transaction.atomic
def ask_reopening(
    grant: Grant, *, finding: Finding, reason: str, by: User, at: datetime | None = None
) -> Decision:
    """19, first half: the auditor asks that a closed grant be opened again, for an open finding.

    Raises `NoSuchFinding` where the finding is closed or another grant's.
    """
    who, at, reason = auditor(by), _moment(at), said(reason)
    grant = held(grant)
    _need(grant, State.CLOSED)
    if not grant.findings.filter(pk=finding.pk, closed_at__isnull=True).exists():
        raise NoSuchFinding
    if Decision.objects.filter(
        grant=grant, round=grant.round, step="reopening", actor=who
    ).exists():
        raise NotAllowedFromHere
    made = decide(
        grant,
        who,
        step="reopening",
        role="auditor",
        verdict="YES",
        at=at,
        reason=reason,
        finding=finding,
    )
    audit.record(
        "grant.reopening_asked",
        subject=grant,
        by=by,
        reason=reason,
        detail={"finding": finding.number},
    )
    return made


@transaction.atomic
def reopen(grant: Grant, *, reason: str, by: User, at: datetime | None = None) -> Grant:
    """19: open a closed grant again, by an approver, when the auditor asked. Clocks restart.

    For the finding that the auditor named, which is still open (`NoSuchFinding`).
    """
    who, at, reason = officer(by, "approver"), _moment(at), said(reason)
    grant = held(grant)
    _need(grant, State.CLOSED)
    _apart(grant, who, "approver")
    asked = Decision.objects.filter(
        grant=grant, round=grant.round, step="reopening", role="auditor", verdict="YES"
    )
    if not asked.exists():
        raise StepIsMissingSomething([Missing("auditor_asks")])
    said_of = asked.filter(finding__closed_at__isnull=True).select_related("finding").last()
    if said_of is None:
        raise NoSuchFinding
    decide(
        grant,
        who,
        step="reopening",
        role="approver",
        verdict="YES",
        at=at,
        reason=reason,
        finding=said_of.finding,
    )
    return _step(grant, State.REOPENED, who, role="approver", by=by, at=at, reason=reason)


# --- what is missing -----------------------------------------------------------------------------

#: Of each state the step that carries a grant on, and what it asks for.
_ONWARD: dict[str, tuple[str, Callable[[Grant, date], list[Missing]]]] = {
    "DRAFT": ("SUBMITTED", requirements.for_submission),
    "RETURNED": ("SUBMITTED", requirements.for_submission),
    "SUBMITTED": ("VETTING", requirements.for_vetting),
    "VETTING": ("PENDING_APPROVAL", requirements.for_clearance),
    "PENDING_APPROVAL": ("APPROVED", requirements.for_approval),
    "APPROVED": ("AWARDED", requirements.for_award),
    "AWARDED": ("ACTIVE", requirements.for_first_payment),
    "SUSPENDED": ("ACTIVE", requirements.for_reinstatement),
    "COMPLETED": ("CLOSING", requirements.for_closing),
    "TERMINATED": ("CLOSING", requirements.for_closing),
    "REOPENED": ("CLOSING", requirements.for_closing),
    "CLOSING": ("CLOSED", requirements.for_closeout),
}


def missing_for(grant: Grant, *, on: date | None = None) -> NextStep | None:
    """What the next step of a grant lacks, whom it waits for and since when; None at the end.

    An active grant with an unpaid tranche waits for that payment, else for its completion. A step
    that lacks a certified payment waits for certifiers, one whose obligation was taken back for a
    grants officer, an approval for those with a seat.
    """
    day = on or periods.now().date()
    if grant.state == State.ACTIVE:
        tranche = requirements.next_tranche(grant)
        if tranche is not None:
            to_state, lacks = "ACTIVE", requirements.for_first_payment(grant, day)
        else:
            to_state, lacks = "COMPLETED", requirements.for_completion(grant, day)
    elif grant.state in _ONWARD:
        to_state, asks = _ONWARD[grant.state]
        lacks = asks(grant, day)
    else:
        return None
    pair = _BY_PAIR[(grant.state, to_state)]
    duties = pair.roles
    codes = {one.code for one in lacks}
    if "payer" in duties and "obligated" in codes:
        # Whatever is asked for, nothing is paid before the fund is bound again.
        duties = ("officer",)
    elif "payer" in duties and "payment" in codes:
        duties = ("requester", "officer")
        if any(one.state == "REQUESTED" for one in grant.payments.all()):
            duties = ("certifier",)
    if grant.state == State.SUSPENDED and "approver_support" in codes:
        duties = ("approver", *duties)
    step = NextStep(pair.number, to_state, duties, grant.state_since, tuple(lacks))
    return replace(step, officers=_who_may(grant, duties, day))


def _who_may(grant: Grant, duties: tuple[str, ...], day: date) -> tuple[Officer, ...]:
    if duties == ("requester",):
        return (grant.owner,)
    had = known(grant)
    out = {duty: set().union(*(had[part] for part in EXCLUDES.get(duty, ()))) for duty in duties}
    seated: set[Any] = set()
    if grant.state == State.PENDING_APPROVAL:
        out["approver"] |= {one.actor_id for one in requirements.approvals(grant)}
        level = requirements.next_level(grant, day)
        seated = {one.officer_id for one in reading.seats(grant, day) if one.role == level}
    elif grant.state == State.SUSPENDED and "approver" in out:
        out["approver"] |= {
            one.actor_id
            for one in requirements.decisions_of(grant)
            if one.round == grant.round and one.step == "reinstatement"
        }
    elif grant.state in (State.AWARDED, State.ACTIVE):
        # Of a payment, who asked does not certify, and neither of them pays.
        for duty, state in (("certifier", "REQUESTED"), ("payer", "CERTIFIED")):
            if duties == (duty,):
                hands = [
                    {one.requested_by_id, one.certifier_id}
                    for one in grant.payments.all()
                    if one.state == state
                ]
                out[duty] |= set.intersection(*hands) if hands else set()
    found = []
    for one in reading.officers(grant):
        if not one.is_active or (grant.state == State.PENDING_APPROVAL and one.pk not in seated):
            continue
        if any(one.has(duty) and one.pk not in out[duty] for duty in duties):
            found.append(one)
    return tuple(found)
