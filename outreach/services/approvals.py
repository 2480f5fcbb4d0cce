"""Asking for the second pair of eyes, and answering. What follows from the answer is a handler's.

    @approvals.on_decided("plan")
    def _plan_decided(approval: Approval, *, by: User, reason: str) -> None:
        ...  # approval.decision is "approved" or "returned"; same transaction, the case is held

Who decides: a supervisor or manager who sees the case, neither asked for it nor carries it, and
does not stand in for one who did. A stand-in's decision names both.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, vault, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.models import Approval, Delegation, Participant
from outreach.services import cases

DECIDE = "outreach.approve_case"
#: What one must be allowed to do to a case to ask for each.
ASK = {
    Approval.Kind.INTAKE: "outreach.screen_participant",
    Approval.Kind.PLAN: "outreach.plan_participant",
    Approval.Kind.CLOSURE: "outreach.change_participant",
}
#: How soon an answer is due.
ANSWERED_WITHIN = timedelta(days=3)

Handler = Callable[..., None]
_handlers: dict[str, Handler] = {}


class OneOwn(OutreachRefusal):
    """Nobody approves what they asked for, nor a case of their own."""

    message = _("You asked for this, or it is your own case. Somebody else decides.")


class DecidedAlready(OutreachRefusal):
    message = _("This is decided already.")


class ReasonIsMissing(OutreachRefusal):
    """Who returns says why."""

    message = _("Say why you return it.")


def _case(code: str) -> str:
    return reverse("outreach:participant_detail", args=[code])


def _inbox(_code: str) -> str:
    return reverse("outreach:approval_list")


worklist.task_kind(
    "approval.intake",
    _("An intake waits for your decision."),
    tone="due",
    address=_inbox,
    by_hand=False,
)
worklist.task_kind(
    "approval.plan",
    _("A plan waits for your decision."),
    tone="due",
    address=_inbox,
    by_hand=False,
)
worklist.task_kind(
    "approval.closure",
    _("A closure waits for your decision."),
    tone="due",
    address=_inbox,
    by_hand=False,
)
worklist.kind("approval.approved", _("What you asked for is approved."), address=_case)
worklist.kind("approval.returned", _("What you asked for was returned."), tone="due", address=_case)
worklist.subject(
    Participant._meta.label_lower, lambda person: Participant.objects.visible_to(person)
)


def on_decided(kind: str) -> Callable[[Handler], Handler]:
    """Register what follows when an approval of a kind is decided: `f(approval, *, by, reason)`.

    It runs in the transaction of the decision, after the row was written, with the case held; what
    it raises takes the decision back. One for each kind; the same function again replaces it.
    """
    if kind not in Approval.Kind.values:
        raise ValueError(f"There is no approval of a kind {kind!r}.")

    def register(function: Handler) -> Handler:
        known = _handlers.get(kind)
        if known is not None and known.__qualname__ != function.__qualname__:
            raise ValueError(f"What follows from {kind} is registered already.")
        _handlers[kind] = function
        return function

    return register


# --- who ------------------------------------------------------------------------------------------


def approvers_of(participant: Participant, *, asked_by: User) -> list[User]:
    """Who is to decide: the worker's supervisor with those who stand in; else the managers.

    Only people who may: neither who asked nor the worker, and the case is one they see.
    """
    worker = participant.worker
    head = worker.supervisor
    people: list[User] = []
    if head is not None and head.pk != asked_by.pk:
        people = [head, *stand_ins_of(head)]
    able = [one for one in people if _able(participant, one, asked_by)]
    if able:
        return able
    managers = User.objects.active().filter(role=Role.MANAGER, sites=participant.site_id)
    return [one for one in managers if _able(participant, one, asked_by)]


def _able(participant: Participant, person: User, asked_by: User) -> bool:
    return person.pk not in {asked_by.pk, participant.worker_id} and cases.may(
        participant, person, DECIDE
    )


def stand_ins_of(head: User) -> list[User]:
    """Who stands in for a supervisor now, and may sign in."""
    rows = Delegation.objects.in_force().filter(from_user=head).select_related("to_user")
    return [row.to_user for row in rows if row.to_user.may_sign_in()]


def acting_for(participant: Participant, by: User) -> User | None:
    """The supervisor in whose place somebody decides on a case now; None in their own right."""
    head = participant.worker.supervisor
    # A supervisor's own case is seen by who stands in for that supervisor.
    for one in (head, participant.worker):
        if one is None or one.pk == by.pk:
            continue
        if Delegation.objects.in_force().filter(from_user=one, to_user=by).exists():
            return one
    return None


# --- ask ------------------------------------------------------------------------------------------


@transaction.atomic
def ask(participant: Participant, kind: str, *, by: User) -> Approval:
    """Ask for an approval of a case, in the caller's transaction; asked again, the same one.

    Whoever decides gets a task. Raises what `cases.held` raises.
    """
    kind = Approval.Kind(kind)
    participant = cases.held(participant, by=by, permission=ASK[kind])
    known = Approval.objects.open().filter(participant=participant, kind=kind).first()
    if known is not None:
        return known
    now = periods.now()
    approval = Approval.objects.create(
        participant=participant, kind=kind, asked_by=by, asked_at=now
    )
    for person in approvers_of(participant, asked_by=by):
        worklist.add_task(
            person,
            f"approval.{kind}",
            subject=participant,
            due_at=now + ANSWERED_WITHIN,
            by=by,
        )
    audit.record("approval.asked", subject=participant, by=by, detail={"kind": str(kind)})
    return approval


@transaction.atomic
def withdraw(participant: Participant, kind: str, *, by: User | None = None) -> bool:
    """Take an open question back, as when the case went another way; whether there was one.

    For the verbs of a case, which hold it already.
    """
    approval = (
        Approval.objects.open().select_for_update().filter(participant=participant, kind=kind)
    ).first()
    if approval is None:
        return False
    _close(approval, Approval.Decision.WITHDRAWN, by=by)
    worklist.close_tasks(f"approval.{kind}", subject=participant, by=by, reason="withdrawn")
    audit.record("approval.withdrawn", subject=participant, by=by, detail={"kind": str(kind)})
    return True


# --- decide ---------------------------------------------------------------------------------------


@transaction.atomic
def decide(approval: Approval, *, approve: bool, by: User, reason: str = "") -> Approval:
    """Approve or return. Raises `OneOwn`, `DecidedAlready`, `ReasonIsMissing`, what `held` raises.

    The reason is sealed; who asked is told, and what was registered with `on_decided` runs with it.
    """
    participant = approval.participant
    participant = cases.held(participant, by=by, permission=DECIDE)
    approval = (Approval.objects.select_for_update(of=("self",)).select_related("asked_by")).get(
        pk=approval.pk
    )
    approval.participant = participant
    if approval.decided_at is not None:
        raise DecidedAlready
    acting = refuse_own(approval, by)
    reason = reason.strip()
    if not approve and not reason:
        raise ReasonIsMissing
    decision = Approval.Decision.APPROVED if approve else Approval.Decision.RETURNED
    approval.on_behalf_of = acting
    _close(approval, decision, by=by)
    if reason:
        vault.seal(approval, "reason", reason, by=by)
    worklist.close_tasks(f"approval.{approval.kind}", subject=participant, by=by)
    handler = _handlers.get(approval.kind)
    if handler is not None:
        handler(approval, by=by, reason=reason)
    worklist.notify(
        [approval.asked_by],
        f"approval.{decision}",
        subject=participant,
        key=f"approval.{decision}:{approval.pk}",
    )
    detail = {"kind": approval.kind, "for": acting.pk if acting else None}
    if approve:
        audit.record("approval.approved", subject=participant, by=by, detail=detail)
    else:
        audit.record("approval.returned", subject=participant, by=by, detail=detail)
    return approval


def refuse_own(approval: Approval, by: User) -> User | None:
    """Refuse one's own, also in the place of somebody whose own it is; for whom one decides."""
    own = {approval.asked_by_id, approval.participant.worker_id}
    if by.pk in own:
        raise OneOwn
    acting = acting_for(approval.participant, by)
    if acting is None or acting.pk not in own:
        return acting
    # The manager decides on a supervisor's own case in the manager's own right.
    if by.role == Role.MANAGER:
        return None
    raise OneOwn


def may_decide(approval: Approval, by: Any) -> bool:
    """Whether the person could decide it; for the inbox, which lists what they see."""
    if not by.has_perm(DECIDE):
        return False
    try:
        refuse_own(approval, by)
    except (OneOwn, NotForThisPerson):
        return False
    return True


def _close(approval: Approval, decision: str, *, by: User | None) -> None:
    approval.decision = decision
    approval.decided_by, approval.decided_at = by, max(periods.now(), approval.asked_at)
    approval.version += 1
    approval.save(update_fields=["decision", "decided_by", "decided_at", "on_behalf_of", "version"])
