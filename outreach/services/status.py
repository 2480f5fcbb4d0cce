"""Who moves a case from which state to which: one table, and the verbs that read it.

    prospect -> screening -> eligible -> active <-> paused -> closed -> screening, active
                screening -> not_eligible -> exception -> eligible, not_eligible

A supervisor's approval makes a case active and ends it (`outreach.services.approvals`); a death
ends it without waiting for anybody. Exceptions are the manager's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault, worklist
from ceasefire.people.models import User
from outreach.exceptions import (
    ConsentMissing,
    DayNotAhead,
    NotAllowedFromHere,
    NotForThisPerson,
    ReasonMissing,
    ScreeningTooOld,
)
from outreach.models import Approval, ConsentRecord, Participant, ParticipantStep
from outreach.services import approvals, caseload, cases
from outreach.services.consent import touch

State = Participant.Status

SCREEN = "outreach.screen_participant"
CHANGE = "outreach.change_participant"
APPROVE = approvals.DECIDE
EXCEPT = "outreach.decide_exception"


@dataclass(frozen=True)
class Move:
    """One step: where it leads, and which permission it asks for."""

    to: str
    permission: str
    #: Nobody decides what they asked for, nor about a case of their own.
    not_ones_own: bool = False


_CLOSE = Move(State.CLOSED, CHANGE)

#: (state, verb) -> the step. What is not here cannot be done.
MOVES: dict[tuple[str, str], Move] = {
    (State.PROSPECT, "screen"): Move(State.SCREENING, SCREEN),
    (State.SCREENING, "find_eligible"): Move(State.ELIGIBLE, SCREEN),
    (State.SCREENING, "find_not_eligible"): Move(State.NOT_ELIGIBLE, SCREEN),
    # Screened once more before anybody approved, or after things changed.
    (State.ELIGIBLE, "screen"): Move(State.SCREENING, SCREEN),
    (State.NOT_ELIGIBLE, "screen"): Move(State.SCREENING, SCREEN),
    (State.NOT_ELIGIBLE, "ask_exception"): Move(State.EXCEPTION, CHANGE),
    (State.EXCEPTION, "grant_exception"): Move(State.ELIGIBLE, EXCEPT, not_ones_own=True),
    (State.EXCEPTION, "refuse_exception"): Move(State.NOT_ELIGIBLE, EXCEPT, not_ones_own=True),
    (State.ELIGIBLE, "activate"): Move(State.ACTIVE, APPROVE, not_ones_own=True),
    (State.ACTIVE, "pause"): Move(State.PAUSED, CHANGE),
    (State.PAUSED, "resume"): Move(State.ACTIVE, CHANGE),
    **{(state, "close"): _CLOSE for state in State.values if state != State.CLOSED},
    # Seen by who approves and screened lately: it goes on where it stopped.
    (State.CLOSED, "reopen_active"): Move(State.ACTIVE, APPROVE),
    (State.CLOSED, "reopen"): Move(State.SCREENING, CHANGE),
}
#: How the trail calls each verb.
EVENTS = {
    "screen": "participant.screening_begun",
    "find_eligible": "participant.found_eligible",
    "find_not_eligible": "participant.found_not_eligible",
    "ask_exception": "participant.exception_asked",
    "grant_exception": "participant.exception_granted",
    "refuse_exception": "participant.exception_refused",
    "activate": "participant.activated",
    "pause": "participant.paused",
    "resume": "participant.resumed",
    "close": "participant.closed",
    "reopen": "participant.reopened",
    "reopen_active": "participant.reopened_active",
}
#: What each verb is called on its button.
LABELS: dict[str, Any] = {
    "ask_intake": _("Ask for approval of the intake"),
    "ask_exception": _("Ask for an exception"),
    "grant_exception": _("Grant the exception"),
    "refuse_exception": _("Refuse the exception"),
    "pause": _("Pause"),
    "resume": _("Go on with the case"),
    "close": _("Close the case"),
    "reopen": _("Reopen for screening"),
    "reopen_active": _("Reopen as active"),
}

#: A death needs nobody's leave and no screening.
DIED = ("killed", "died_other")
#: Who can be asked once more when the case ends; the others are dead, away or want no more.
SCREENED_AT_CLOSING = ("goals_met", "moved", "transferred", "ineligible")
#: A screening counts so long; the re-screening falls due then.
SCREENING_COUNTS = timedelta(days=90)
#: A case pauses at most so long before somebody looks again.
LONGEST_PAUSE = timedelta(days=366)
LOOK_AGAIN = "participant.look_again"
EXCEPTION_ASKED = "participant.exception_asked"


def _page(code: str) -> str:
    return reverse("outreach:participant_detail", args=[code])


worklist.task_kind(
    LOOK_AGAIN, _("Visit or look again: a paused case."), tone="due", address=_page, by_hand=False
)
worklist.task_kind(
    EXCEPTION_ASKED,
    _("An exception waits for your decision."),
    tone="due",
    address=_page,
    by_hand=False,
)
worklist.kind("participant.exception_decided", _("What you asked for is decided."), address=_page)

Follower = Callable[..., None]
_followers: dict[str, Follower] = {}


def follows(function: Follower) -> Follower:
    """Register what other parts do when a case moves: `f(participant, *, before, by, at)`.

    Runs in the transaction of the move, with the case held and its new state in it, before it is
    saved: a column that is changed is named in what it returns, if anything.
    """
    _followers[f"{function.__module__}.{function.__qualname__}"] = function
    return function


# --- who may --------------------------------------------------------------------------------------


def may_move(participant: Participant, verb: str, by: User) -> bool:
    """Whether this person may carry out this verb on a case that they see, as it stands now."""
    move = MOVES.get((participant.status, verb))
    return (
        move is not None
        and by.has_perm(move.permission)
        and not participant.site.read_only
        and participant.consent_withdrawn_at is None
        and not (move.not_ones_own and participant.worker_id == by.pk)
    )


def open_verbs(participant: Participant, by: User) -> list[str]:
    """The verbs for buttons, in the order of the table; screening and activation have their own."""
    verbs = [
        verb
        for state, verb in MOVES
        if state == participant.status and verb in LABELS and may_move(participant, verb, by)
    ]
    if (
        participant.status == State.ELIGIBLE
        and participant.consent_withdrawn_at is None
        and by.has_perm(approvals.ASK[Approval.Kind.INTAKE])
    ):
        verbs.insert(0, "ask_intake")
    if "reopen_active" in verbs and not is_screened(participant):
        verbs.remove("reopen_active")
    return verbs


def is_screened(participant: Participant, on: date | None = None) -> bool:
    """Whether the last screening still counts on a day (today by default)."""
    if participant.screened_on is None:
        return False
    due = participant.rescreen_due_on or participant.screened_on + SCREENING_COUNTS
    return due >= (on or periods.now().date())


# --- one step -------------------------------------------------------------------------------------


def step(
    participant: Participant,
    verb: str,
    *,
    by: User,
    reason: str = "",
    words: str = "",
    fields: tuple[str, ...] = (),
    detail: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> ParticipantStep:
    """Move a case that the caller holds, save it, write the step and the trail.

    For verbs that have refused what is theirs to refuse; this refuses what the table does not
    allow. `words` are sealed with the step. `fields` were changed by the caller and are saved too.
    """
    move = MOVES.get((participant.status, verb))
    if move is None:
        raise NotAllowedFromHere
    if not may_move(participant, verb, by):
        raise NotForThisPerson
    at = at or periods.now()
    before = participant.status
    made, changed = _turn(participant, move.to, by=by, reason=reason, at=at)
    touch(participant, *changed, *fields, by=by)
    if words.strip():
        vault.seal(made, "words", words.strip()[:1000], by=by)
    audit.record(
        EVENTS[verb],
        subject=participant,
        by=by,
        fields=["status", *fields],
        detail={"from": before, "to": participant.status, "reason": reason, **(detail or {})},
    )
    return made


def _turn(
    participant: Participant, to: str, *, by: User, reason: str, at: datetime
) -> tuple[ParticipantStep, list[str]]:
    """Write the step and let the other parts follow; which columns changed."""
    before = participant.status
    participant.status, participant.status_since = to, at
    changed = ["status", "status_since"]
    for function in _followers.values():
        changed += list(function(participant, before=before, by=by, at=at) or ())
    made = ParticipantStep.objects.create(
        participant=participant,
        from_status=before,
        to_status=to,
        reason=reason,
        worker_id=participant.worker_id,
        by=by,
        at=at,
    )
    return made, changed


def end(participant: Participant, *, reason: str, by: User, at: datetime) -> list[str]:
    """Close a held case without saving it; which columns changed."""
    participant.close_reason, participant.asked_close_reason = reason, ""
    participant.pause_reason, participant.pause_until = "", None
    _made, changed = _turn(participant, State.CLOSED, by=by, reason=reason, at=at)
    return [
        *changed,
        "close_reason",
        "asked_close_reason",
        "pause_reason",
        "pause_until",
    ]


# --- screening ------------------------------------------------------------------------------------


@transaction.atomic
def begin_screening(
    participant: Participant, *, by: User, version: int | None = None
) -> Participant:
    """A prospect is being screened; or once more, who was found eligible or not."""
    participant = cases.held(participant, by=by, permission=SCREEN, version=version)
    approvals.withdraw(participant, Approval.Kind.INTAKE, by=by)
    step(participant, "screen", by=by)
    return participant


@transaction.atomic
def find(participant: Participant, *, eligible: bool, by: User) -> Participant:
    """What the screening found; for the verb that records it."""
    participant = cases.held(participant, by=by, permission=SCREEN)
    step(participant, "find_eligible" if eligible else "find_not_eligible", by=by)
    return participant


# --- an exception ---------------------------------------------------------------------------------


@transaction.atomic
def ask_exception(
    participant: Participant, *, words: str, by: User, version: int | None = None
) -> Participant:
    """Ask the manager to take somebody in whom the criteria leave out; why is sealed."""
    participant = cases.held(participant, by=by, permission=CHANGE, version=version)
    if not words.strip():
        raise ReasonMissing
    step(participant, "ask_exception", by=by, words=words)
    for manager in caseload.managers_of(participant.site):
        if manager.pk not in {by.pk, participant.worker_id}:
            worklist.add_task(
                manager,
                EXCEPTION_ASKED,
                subject=participant,
                due_at=periods.now() + approvals.ANSWERED_WITHIN,
                by=by,
            )
    return participant


@transaction.atomic
def decide_exception(
    participant: Participant,
    *,
    grant: bool,
    by: User,
    words: str = "",
    version: int | None = None,
) -> Participant:
    """The manager's answer; no is said with a reason. Not by who asked, nor for one's own case."""
    participant = cases.held(participant, by=by, permission=EXCEPT, version=version)
    asked = participant.steps.filter(to_status=State.EXCEPTION).order_by("-at", "-id").first()
    if asked is not None and asked.by_id == by.pk or participant.worker_id == by.pk:
        raise approvals.OneOwn
    if not grant and not words.strip():
        raise ReasonMissing
    made = step(participant, "grant_exception" if grant else "refuse_exception", by=by, words=words)
    worklist.close_tasks(EXCEPTION_ASKED, subject=participant, by=by)
    if asked is not None and asked.by is not None:
        worklist.notify(
            [asked.by],
            "participant.exception_decided",
            subject=participant,
            key=f"participant.exception_decided:{made.pk}",
        )
    return participant


# --- begin ----------------------------------------------------------------------------------------


@transaction.atomic
def ask_intake(participant: Participant, *, by: User, version: int | None = None) -> Approval:
    """Ask for the approval that makes an eligible case active. Consent is recorded before."""
    participant = cases.held(participant, by=by, permission=SCREEN, version=version)
    if participant.status != State.ELIGIBLE:
        raise NotAllowedFromHere
    refuse_without_consent(participant)
    return approvals.ask(participant, Approval.Kind.INTAKE, by=by)


def refuse_without_consent(participant: Participant) -> None:
    """Raise `ConsentMissing` where nothing is agreed to now."""
    if not ConsentRecord.objects.in_force().filter(participant=participant).exists():
        raise ConsentMissing


@approvals.on_decided("intake")
def _intake_decided(approval: Approval, *, by: User, reason: str) -> None:
    """Approved, the case is active; returned, it stays eligible and may be asked for again.

    Above the hard cap only a manager approves, and the reason of the answer is why.
    """
    participant = approval.participant
    if approval.decision != Approval.Decision.APPROVED:
        return
    if participant.status != State.ELIGIBLE:
        raise NotAllowedFromHere
    refuse_without_consent(participant)
    caseload.take_room(participant, participant.worker, by=by, override_reason=reason)
    step(participant, "activate", by=by)


# --- pause ----------------------------------------------------------------------------------------


@transaction.atomic
def pause(
    participant: Participant,
    *,
    reason: str,
    until: date,
    by: User,
    version: int | None = None,
) -> Participant:
    """Let a case rest: the contact clock stops, and a task says when to look again.

    Raises `DayNotAhead` for a day that is not ahead, or more than a year off.
    """
    participant = cases.held(participant, by=by, permission=CHANGE, version=version)
    _refuse_reason("pause_reason", reason)
    today = periods.now().date()
    if not today < until <= today + LONGEST_PAUSE:
        raise DayNotAhead
    if participant.status != State.ACTIVE:
        raise NotAllowedFromHere
    participant.pause_reason, participant.pause_until = reason, until
    step(
        participant,
        "pause",
        by=by,
        reason=reason,
        fields=("pause_reason", "pause_until"),
        detail={"until": until},
    )
    caseload.give_task(
        participant,
        LOOK_AGAIN,
        due_at=datetime.combine(until, time(9), periods.BAGHDAD),
        by=by,
    )
    return participant


@transaction.atomic
def resume(participant: Participant, *, by: User, version: int | None = None) -> Participant:
    """Go on with a paused case. Refused beyond the hard cap (`CaseloadFull`)."""
    participant = cases.held(participant, by=by, permission=CHANGE, version=version)
    if participant.status != State.PAUSED:
        raise NotAllowedFromHere
    caseload.take_room(participant, participant.worker, by=by)
    participant.pause_reason, participant.pause_until = "", None
    step(participant, "resume", by=by, fields=("pause_reason", "pause_until"))
    worklist.close_tasks(LOOK_AGAIN, subject=participant, by=by)
    return participant


def _refuse_reason(name: str, reason: str) -> None:
    if reason not in {code for code, _label in codes.choices(name)}:
        raise ReasonMissing


# --- end ------------------------------------------------------------------------------------------


def asks_first(participant: Participant, reason: str, by: User) -> bool:
    """Whether a closure waits for a second person: of a case that ran, by who carries it.

    Not a death, not a case that nobody ever made active, and not by who could approve it.
    """
    return (
        participant.status in Participant.CARRIED
        and reason not in DIED
        and (not by.has_perm(APPROVE) or participant.worker_id == by.pk)
    )


@transaction.atomic
def close(
    participant: Participant, *, reason: str, by: User, version: int | None = None
) -> Participant:
    """Close a case, or ask for it where a second person decides (`asks_first`).

    Raises `ScreeningTooOld` where the person can be asked once more and the last screening is more
    than 90 days old, so that a change can be measured.
    """
    participant = cases.held(participant, by=by, permission=CHANGE, version=version)
    _refuse_reason("close_reason", reason)
    if not may_move(participant, "close", by):
        raise NotAllowedFromHere
    if (
        participant.status in Participant.CARRIED
        and reason in SCREENED_AT_CLOSING
        and not is_screened(participant)
    ):
        raise ScreeningTooOld
    if not asks_first(participant, reason, by):
        _close(participant, reason=reason, by=by)
        return participant
    participant.asked_close_reason = reason
    touch(participant, "asked_close_reason", by=by)
    approvals.ask(participant, Approval.Kind.CLOSURE, by=by)
    return participant


def _close(participant: Participant, *, reason: str, by: User) -> None:
    at, before = periods.now(), participant.status
    for kind in approvals.ASK:
        approvals.withdraw(participant, kind, by=by)
    touch(participant, *end(participant, reason=reason, by=by, at=at), by=by)
    worklist.close_all_tasks(subject=participant, by=by)
    audit.record(
        EVENTS["close"],
        subject=participant,
        by=by,
        fields=["status", "close_reason"],
        detail={"from": before, "to": participant.status, "reason": reason},
    )


@approvals.on_decided("closure")
def _closure_decided(approval: Approval, *, by: User, reason: str) -> None:
    """Approved, the case is closed for the reason that was asked; returned, it goes on."""
    participant = approval.participant
    reason = participant.asked_close_reason
    if approval.decision == Approval.Decision.APPROVED:
        if not reason or participant.status not in Participant.CARRIED:
            raise NotAllowedFromHere
        _close(participant, reason=reason, by=by)
        return
    participant.asked_close_reason = ""
    touch(participant, "asked_close_reason", by=by)


@transaction.atomic
def reopen(
    participant: Participant, *, active: bool, by: User, version: int | None = None
) -> Participant:
    """Take up a closed case again: to be screened anew, or active at once.

    Active at once only by who approves cases, while the last screening counts and consent stands,
    and never beyond the hard cap. A case whose consent was taken back stays closed.
    """
    permission = APPROVE if active else CHANGE
    participant = cases.held(participant, by=by, permission=permission, version=version)
    if participant.status != State.CLOSED:
        raise NotAllowedFromHere
    if active:
        if not is_screened(participant):
            raise ScreeningTooOld
        refuse_without_consent(participant)
        caseload.take_room(participant, participant.worker, by=by)
    participant.close_reason = ""
    step(participant, "reopen_active" if active else "reopen", by=by, fields=("close_reason",))
    return participant
