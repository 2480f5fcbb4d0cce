"""A case that goes to somebody else: asked and accepted, or all that a leaving worker carries.

Locks, in this order: the cases by key, the caseloads of the receivers by key (`caseload.hold`),
then what belongs to the cases, the trail last.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, vault, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role, allows
from ceasefire.places.models import Site
from ceasefire.worklist.models import Task
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    NotAColleague,
    NotAllowedFromHere,
    NotForThisPerson,
    OutreachRefusal,
)
from outreach.models import CaseMember, Handover, Participant, Transfer, team_ids
from outreach.services import caseload, cases, consent, status
from outreach.services.forms import keyed

TRANSFER = "outreach.transfer_participant"
ASSIGN = "outreach.assign_case"
REASON = "reason"
REASON_LENGTH = 1000
ASKED, ANSWERED = "transfer.asked", "transfer.answered"
ANSWERED_WITHIN = timedelta(days=3)
#: Cases that one handover moves at most; nobody carries near as many.
MOST = 500

State = Transfer.State

worklist.task_kind(
    ASKED,
    _("Somebody asks you to take over a case."),
    tone="due",
    address=lambda code: reverse("outreach:transfer_detail", args=[code]),
    by_hand=False,
)
worklist.kind("transfer.accepted", _("The case you gave on was accepted."))
worklist.kind(
    "transfer.declined",
    _("The case you gave on was declined."),
    tone="due",
    address=lambda code: reverse("outreach:transfer_detail", args=[code]),
)
worklist.kind(
    "handover.received",
    _("Cases were handed over to you."),
    tone="due",
    address=lambda _code: reverse("outreach:caseload"),
)
consent.erases(Transfer, "participant", (REASON,), title=_("Transfers"))


class AskedAlready(OutreachRefusal):
    message = _("Somebody was asked to take this case already. Take that back first.")


class CarriesItAlready(OutreachRefusal):
    message = _("This person carries the case already.")


class NothingToHandOver(OutreachRefusal):
    message = _("This person carries nothing that you could hand over.")


class NotAllGiven(OutreachRefusal):
    """A handover leaves nothing behind."""

    message = _("Choose who takes each case, and who takes the rest.")


class NoRoom(OutreachRefusal):
    """The receivers cannot carry so much; `people` says who."""

    def __init__(self, people: Iterable[User]) -> None:
        super().__init__()
        self.people = list(people)

    def __str__(self) -> str:
        return str(
            _("More than the rules allow: %(names)s. Give some to others.")
            % {"names": _(", ").join(person.code_name for person in self.people)}
        )


# --- who ------------------------------------------------------------------------------------------


def carriers(site: Site) -> list[User]:
    """Who may carry cases of a site now, by code name."""
    roles = [role for role in Role.values if allows(role, caseload.CARRY)]
    return [
        person
        for person in User.objects.active()
        .filter(sites=site, role__in=roles)
        .order_by("code_name", "pk")
        if person.may_sign_in()
    ]


def receivers(participant: Participant) -> list[User]:
    """Whom a case can go to: who may carry cases of its site, but for who carries it."""
    return [one for one in carriers(participant.site) if one.pk != participant.worker_id]


def may_ask(participant: Participant, by: User) -> bool:
    """Whether somebody who sees a case may give it on: who carries it, and who gives cases out."""
    return (
        by.has_perm(TRANSFER)
        and (participant.worker_id == by.pk or by.has_perm(ASSIGN))
        and not participant.site.read_only
        and participant.consent_withdrawn_at is None
        and participant.status != Participant.Status.CLOSED
    )


# --- ask, answer ----------------------------------------------------------------------------------


@keyed
@transaction.atomic
def ask(
    participant: Participant,
    to: User,
    *,
    by: User,
    reason: str = "",
    override_reason: str = "",
    key: UUID | None = None,
) -> Transfer:
    """Ask somebody to take a case over. Nothing changes until they accept.

    The reason is sealed. Refused: somebody who has left, of another site or role (`NotAColleague`),
    who carries as many as the rules allow (`CaseloadFull`, but for a manager with an
    `override_reason`), and a second question (`AskedAlready`).
    """
    participant = cases.held(participant, by=by, permission=TRANSFER)
    if known := cases.sent_before(Transfer, key, asked_by_id=by.pk, participant_id=participant.pk):
        return known
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    if not may_ask(participant, by):
        raise NotForThisPerson
    to = User.objects.get(pk=to.pk)
    if to.pk == participant.worker_id:
        raise CarriesItAlready
    if not caseload.may_carry(to, participant.site):
        raise NotAColleague
    if Transfer.objects.open().filter(participant=participant).exists():
        raise AskedAlready
    if (
        participant.status == Participant.Status.ACTIVE
        and caseload.room_for(to, participant.site) <= 0
    ):
        caseload.take_room(participant, to, by=by, override_reason=override_reason)
    now = periods.now()
    transfer = Transfer.objects.create(
        participant=participant,
        from_user=participant.worker,
        to_user=to,
        asked_by=by,
        asked_at=now,
        idempotency_key=key,
    )
    vault.seal(transfer, REASON, reason.strip(), by=by)
    if to.pk != by.pk:
        worklist.add_task(to, ASKED, subject=transfer, due_at=now + ANSWERED_WITHIN, by=by)
    audit.record(
        "transfer.asked",
        subject=participant,
        by=by,
        detail={"from": str(transfer.from_user_id), "to": str(to.pk)},
    )
    return transfer


def _held_transfer(transfer: Transfer) -> tuple[Participant, Transfer]:
    """The case and the transfer, held, the case first."""
    participant = cases.locked(transfer.participant)
    transfer = (
        Transfer.objects.select_for_update(of=("self",))
        .select_related("from_user", "to_user", "asked_by")
        .get(pk=transfer.pk)
    )
    transfer.participant = participant
    return participant, transfer


@transaction.atomic
def accept(transfer: Transfer, *, by: User) -> Transfer:
    """The receiver takes the case over: the case, its open tasks, and nobody is on it twice.

    Refused where the case went on or ended meanwhile, where the receiver may not carry it any more,
    and beyond the hard cap.
    """
    participant, transfer = _held_transfer(transfer)
    _refuse_answer(participant, transfer, by)
    if participant.worker_id != transfer.from_user_id:
        raise NotAllowedFromHere
    _hold_tasks(transfer.from_user, participant)
    _answer(transfer, State.ACCEPTED, by)
    _give(participant, transfer.from_user, by, by=by)
    _tell(transfer, "transfer.accepted")
    audit.record("transfer.accepted", subject=participant, by=by)
    return transfer


@transaction.atomic
def decline(transfer: Transfer, *, by: User) -> Transfer:
    """The receiver does not take it; it stays where it is."""
    participant, transfer = _held_transfer(transfer)
    _refuse_answer(participant, transfer, by)
    _answer(transfer, State.DECLINED, by)
    _tell(transfer, "transfer.declined")
    audit.record("transfer.declined", subject=participant, by=by)
    return transfer


@transaction.atomic
def take_back(transfer: Transfer, *, by: User) -> Transfer:
    """Who asked, who carries the case or who gives cases out takes the question back."""
    participant = cases.held(transfer.participant, by=by, permission=TRANSFER)
    participant, transfer = _held_transfer(transfer)
    if transfer.state != State.ASKED:
        raise NotAllowedFromHere
    if by.pk not in {transfer.asked_by_id, participant.worker_id} and not by.has_perm(ASSIGN):
        raise NotForThisPerson
    _answer(transfer, State.WITHDRAWN, by)
    audit.record("transfer.taken_back", subject=participant, by=by)
    return transfer


def _refuse_answer(participant: Participant, transfer: Transfer, by: User) -> None:
    if transfer.to_user_id != by.pk or not caseload.may_carry(by, participant.site):
        raise NotForThisPerson
    if participant.site.read_only or transfer.state != State.ASKED:
        raise NotAllowedFromHere


def _answer(transfer: Transfer, state: str, by: User | None) -> None:
    transfer.state, transfer.answered_by = state, by
    transfer.answered_at = max(periods.now(), transfer.asked_at)
    transfer.save(update_fields=["state", "answered_by", "answered_at"])
    worklist.close_tasks(ASKED, subject=transfer, by=by)


def _tell(transfer: Transfer, kind: str) -> None:
    people = {transfer.asked_by_id: transfer.asked_by, transfer.from_user_id: transfer.from_user}
    people.pop(transfer.to_user_id, None)
    worklist.notify(
        [person for person in people.values() if allows(person.role, "worklist.view_notification")],
        kind,
        subject=transfer,
        key=f"{kind}:{transfer.pk}",
    )


def _give(
    participant: Participant, from_user: User, to: User, *, by: User, override_reason: str = ""
) -> int:
    """Move a held case; who carries it is not on its team besides. How many open tasks went too."""
    caseload.assign(participant, to, by=by, override_reason=override_reason)
    CaseMember.objects.filter(participant=participant, user=to, until__isnull=True).update(
        until=periods.now()
    )
    return worklist.move_tasks(from_user, to, by=by, subject=participant)


def _hold_tasks(from_user: User, participant: Participant | None = None) -> None:
    """Hold the open tasks that will move, before the trail is written: it is locked last."""
    rows = Task.objects.open().filter(assignee=from_user)
    if participant is not None:
        rows = rows.about(Participant._meta.label_lower, [participant.code])
    list(rows.select_for_update().order_by("pk").values_list("pk"))


def withdraw_open(participants: Iterable[Any], by: User | None = None) -> None:
    """Close the open questions about some held cases, as when a case ends or goes another way."""
    for transfer in Transfer.objects.open().filter(participant__in=participants).order_by("pk"):
        _answer(transfer, State.WITHDRAWN, by)


@status.follows
def _case_moved(participant: Participant, *, before: str, by: User, at: datetime) -> None:
    """A closed case goes to nobody."""
    if participant.status == Participant.Status.CLOSED:
        withdraw_open([participant.pk], by)


# --- handover -------------------------------------------------------------------------------------

Follower = Callable[..., None]
Counter = Callable[[User], Iterable[tuple[Any, Any]]]
_followers: dict[str, Follower] = {}
_counters: dict[str, Counter] = {}


def on_handover(function: Follower) -> Follower:
    """Register what else a leaving person has to give on: `f(from_user, to_user, *, by)`.

    `to_user` is who takes the rest; it runs in the transaction of the handover.
    """
    _followers[f"{function.__module__}.{function.__qualname__}"] = function
    return function


def counts_conflicts(function: Counter) -> Counter:
    """Register what tells of conflicts: `f(by)` gives the keys of who mediates and of the site.

    A pair for each place in a conflict that `by` may give on; conflicts are built above this.
    """
    _counters[f"{function.__module__}.{function.__qualname__}"] = function
    return function


@dataclass
class Carried:
    """What somebody carries, as far as `by` may hand it over."""

    cases: list[Participant] = field(default_factory=list)
    memberships: list[CaseMember] = field(default_factory=list)
    #: The key of the site of each conflict that is led or mediated in.
    conflicts: list[Any] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.cases or self.memberships or self.conflicts)


def may_hand_over(from_user: User, by: User) -> bool:
    """A supervisor for the own team and those stood in for, a manager for the people of a site."""
    if not by.has_perm(ASSIGN) or from_user.pk == by.pk:
        return False
    if by.role == Role.MANAGER:
        return from_user.sites.filter(pk__in=by.site_ids).exists()
    return from_user.pk in team_ids(by)


def leavers(by: User) -> list[User]:
    """Whose work this person may hand over, those who cannot sign in any more first."""
    carrying = Participant.objects.visible_to(by).exclude(status=Participant.Status.CLOSED)
    members = CaseMember.objects.filter(
        until__isnull=True, participant__in=Participant.objects.visible_to(by).values("pk")
    ).exclude(participant__status=Participant.Status.CLOSED)
    found = User.objects.filter(
        Q(pk__in=carrying.values("worker"))
        | Q(pk__in=members.values("user"))
        | Q(pk__in=list(_conflicts(by)))
    ).order_by("code_name", "pk")
    heads = None if by.role == Role.MANAGER else set(team_ids(by))
    people = [
        person for person in found if person.pk != by.pk and (heads is None or person.pk in heads)
    ]
    return sorted(people, key=User.may_sign_in)


def _conflicts(by: User) -> dict[Any, list[Any]]:
    """The sites of the conflicts that `by` may give on, by the key of who mediates in them.

    Whoever keeps cases that `by` cannot hand over keeps the conflicts too.
    """
    found: dict[Any, list[Any]] = {}
    for function in _counters.values():
        for person, site in function(by):
            found.setdefault(person, []).append(site)
    if found:
        goes = Participant.objects.visible_to(by).filter(site__read_only=False)
        stays = (
            Participant.objects.filter(worker__in=list(found))
            .exclude(status=Participant.Status.CLOSED)
            .exclude(pk__in=goes.values("pk"))
        )
        for person in stays.order_by().values_list("worker", flat=True).distinct():
            found.pop(person)
    return found


def carried_by(from_user: User, by: User) -> Carried:
    """The open cases and the teams of somebody, of the cases that `by` sees, and the conflicts."""
    seen = Participant.objects.visible_to(by).exclude(status=Participant.Status.CLOSED)
    return Carried(
        cases=list(
            seen.filter(worker=from_user, site__read_only=False)
            .select_related("site", "zone", "worker")
            .order_by("pk")
        ),
        memberships=list(
            CaseMember.objects.filter(
                user=from_user, until__isnull=True, participant__in=seen.values("pk")
            )
            .select_related("participant__site")
            .order_by("participant_id", "pk")
        ),
        conflicts=_conflicts(by).get(from_user.pk, []),
    )


@keyed
@transaction.atomic
def hand_over(
    from_user: User,
    *,
    cases_to: Mapping[Any, User],
    rest_to: User,
    by: User,
    override_reason: str = "",
    key: UUID | None = None,
) -> Handover:
    """Give on all that somebody carries in one step: cases, places on teams, conflicts, tasks.

    `cases_to` names the receiver of every open case by its key; `rest_to` takes the teams, the
    conflicts and the tasks that belong to no case. All of it or nothing. Refused: a case left out
    or one that came meanwhile (`NotAllGiven`), a receiver who has left or is not at the case's or
    the conflict's site (`NotAColleague`), more than the hard cap (`NoRoom`), which counts with what
    is given here; beyond it a manager goes with an `override_reason`, sealed for each such case.
    """
    if not may_hand_over(from_user, by):
        raise NotForThisPerson
    if known := cases.sent_before(Handover, key, by_id=by.pk, from_user_id=from_user.pk):
        return known
    carried = carried_by(from_user, by)
    if not carried:
        raise NothingToHandOver
    keys = sorted(
        {row.pk for row in carried.cases} | {row.participant_id for row in carried.memberships}
    )
    if len(keys) > MOST:
        raise NotAllGiven
    list(
        Participant.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk")
    )
    # Read once they are held: see `cases.locked`.
    held = Participant.objects.select_related("site", "zone", "worker").in_bulk(keys)
    if key is not None and Handover.objects.filter(idempotency_key=key).exists():
        # The same form at once, on another connection: it has done all this.
        return Handover.objects.get(idempotency_key=key)
    rows = [held[row.pk] for row in carried.cases]
    if any(row.worker_id != from_user.pk for row in rows):
        raise ChangedMeanwhile
    rows = [row for row in rows if row.status != Participant.Status.CLOSED]
    if {row.pk for row in rows} != set(cases_to):
        raise NotAllGiven
    people = _receivers(rows, carried, cases_to, rest_to, from_user)
    _refuse_no_room(
        rows,
        cases_to,
        people,
        may_override=bool(override_reason.strip()) and by.has_perm(caseload.OVERRIDE),
    )
    _hold_tasks(from_user)
    withdraw_open([row.pk for row in rows], by)
    tasks = 0
    for row in rows:
        to = people[cases_to[row.pk].pk]
        tasks += _give(row, from_user, to, by=by, override_reason=override_reason)
        Transfer.objects.create(
            participant=row,
            from_user=from_user,
            to_user=to,
            state=State.HANDED_OVER,
            asked_by=by,
            asked_at=periods.now(),
            answered_by=by,
            answered_at=periods.now(),
        )
    memberships = _move_memberships(carried.memberships, from_user, rest_to, by)
    for transfer in Transfer.objects.open().filter(to_user=from_user, participant__in=held):
        _answer(transfer, State.WITHDRAWN, by)
    if not _carries_elsewhere(from_user):
        for function in _followers.values():
            function(from_user, rest_to, by=by)
        tasks += worklist.move_tasks(from_user, rest_to, by=by)
    made = Handover.objects.create(
        from_user=from_user,
        by=by,
        at=periods.now(),
        cases=len(rows),
        memberships=memberships,
        tasks=tasks,
        idempotency_key=key,
    )
    for person in people.values():
        if person.pk != by.pk:
            worklist.notify([person], "handover.received", subject=made, key=f"handover:{made.pk}")
    audit.record(
        "caseload.handed_over",
        subject=made,
        by=by,
        detail={
            "from": str(from_user.pk),
            "cases": made.cases,
            "teams": made.memberships,
            "tasks": made.tasks,
        },
    )
    return made


def _receivers(
    rows: list[Participant],
    carried: Carried,
    cases_to: Mapping[Any, User],
    rest_to: User,
    from_user: User,
) -> dict[Any, User]:
    """The receivers as they stand now, by key; refused where one may not have what is given."""
    keys = {person.pk for person in cases_to.values()} | {rest_to.pk}
    people = {person.pk: person for person in User.objects.filter(pk__in=keys).order_by("pk")}
    if from_user.pk in people or keys != set(people):
        raise NotAColleague
    for row in rows:
        if not caseload.may_carry(people[cases_to[row.pk].pk], row.site):
            raise NotAColleague
    sites = {row.participant.site_id for row in carried.memberships} or {
        row.site_id for row in rows
    }
    sites |= set(carried.conflicts)
    rest = people[rest_to.pk]
    if not rest.may_sign_in() or not allows(rest.role, "worklist.view_task"):
        raise NotAColleague
    if not sites <= set(rest.sites.values_list("pk", flat=True)):
        raise NotAColleague
    return people


def _refuse_no_room(
    rows: list[Participant],
    cases_to: Mapping[Any, User],
    people: dict[Any, User],
    *,
    may_override: bool = False,
) -> None:
    """Hold the receivers' caseloads in the order of their keys, and count what they would carry."""
    taking = sorted({person.pk for person in cases_to.values()})
    for key in taking:
        caseload.hold(people[key])
    counts = caseload.active_counts(taking)
    bands: dict[Any, int] = {}
    over = []
    for key in taking:
        given = [
            row
            for row in rows
            if cases_to[row.pk].pk == key and row.status == Participant.Status.ACTIVE
        ]
        for row in given:
            if row.site_id not in bands:
                bands[row.site_id] = caseload.band(row.site).hard_cap
        total = counts.get(key, 0) + len(given)
        if given and total > min(bands[row.site_id] for row in given):
            over.append(people[key])
    if over and not may_override:
        raise NoRoom(over)


def _carries_elsewhere(from_user: User) -> bool:
    """Whether cases of another site stay, which somebody else hands over; the rest goes then."""
    return (
        Participant.objects.filter(worker=from_user)
        .exclude(status=Participant.Status.CLOSED)
        .exists()
    )


def _move_memberships(
    memberships: list[CaseMember], from_user: User, rest_to: User, by: User
) -> int:
    """Give places on teams on; who carries the case or is on its team already is not put twice."""
    now = periods.now()
    moved = 0
    for member in memberships:
        # Read before the cases were held: who left a team meanwhile gives no place on.
        still = CaseMember.objects.filter(pk=member.pk, until__isnull=True)
        if not still.update(until=max(now, member.since)):
            continue
        moved += 1
        participant = Participant.objects.get(pk=member.participant_id)
        there = CaseMember.objects.filter(
            participant=participant, user=rest_to, until__isnull=True
        ).exists()
        if participant.worker_id != rest_to.pk and not there:
            CaseMember.objects.create(participant=participant, user=rest_to, since=now, added_by=by)
    return moved
