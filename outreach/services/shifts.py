"""Going out and coming back: who is missed is looked for.

Somebody who is out said when they are back. When that has passed by ten minutes without a word,
whoever answers for them is told and given a task, the buddy is told too; half an hour later the
managers. A sign of life ends the alarm.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, worklist
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from ceasefire.people.roles import allows
from ceasefire.places.models import Site, Zone
from outreach.exceptions import (
    BackTooLate,
    NotAColleague,
    NotForThisPerson,
    OutAlready,
    ShiftIsOver,
    SiteIsReadOnly,
)
from outreach.models import Shift
from outreach.services import cases
from outreach.services.caseload import managers_of, people_over
from outreach.services.forms import keyed

LOG, SUPERVISE = "outreach.log_work", "outreach.supervise"
#: So long after the time said nobody is worried yet; so long after the first alarm the second.
GRACE, SECOND_ALARM = timedelta(minutes=10), timedelta(minutes=30)
LONGEST = timedelta(hours=16)
MISSED = "shift.missed"


def _address(pk: str) -> str:
    return reverse("outreach:shift_detail", args=[pk])


worklist.kind(
    MISSED,
    _("Somebody who is out did not come back in time."),
    tone="overdue",
    address=_address,
)
worklist.task_kind(
    MISSED,
    _("Reach the one who is missed, then say how it stands."),
    tone="overdue",
    address=_address,
    escalate_after=timedelta(hours=1),
    by_hand=False,
)


def buddies(user: User, sites: Sequence[Site]) -> list[User]:
    """Who may look out for somebody: the field staff and supervisors of the sites."""
    rows = User.objects.active().filter(sites__in=sites).exclude(pk=user.pk)
    rows = rows.order_by("code_name").distinct()
    return [person for person in rows if allows(person.role, LOG)]


def running(user: User) -> Shift | None:
    """The shift that somebody is on now."""
    rows = Shift.objects.filter(user=user).open().select_related("zone", "buddy", "site")
    return rows.first()


def _refuse_end(back_at: datetime, now: datetime) -> None:
    if not now < back_at <= now + LONGEST:
        raise BackTooLate


@keyed
@transaction.atomic
def start_shift(
    *,
    by: User,
    site: Site,
    back_at: datetime,
    buddy: User | None = None,
    zone: Zone | None = None,
    key: UUID | None = None,
) -> Shift:
    """Go out until `back_at`. One shift at a time; a form sent twice is one shift."""
    if not by.has_perm(LOG) or site.pk not in by.site_ids:
        raise NotForThisPerson
    if site.read_only:
        raise SiteIsReadOnly
    if known := cases.sent_before(Shift, key, user_id=by.pk):
        return known
    now = periods.now()
    _refuse_end(back_at, now)
    if buddy is not None and buddy.pk not in {person.pk for person in buddies(by, [site])}:
        raise NotAColleague
    if zone is not None and (zone.site_id != site.pk or zone.closed_on is not None):
        raise NotAColleague
    try:
        with transaction.atomic():
            shift = Shift.objects.create(
                user=by,
                site=site,
                zone=zone,
                buddy=buddy,
                started_at=now,
                checked_in_at=now,
                expected_end_at=back_at,
                idempotency_key=key,
            )
    except IntegrityError:
        # The same form at once, on another connection: it has done all this.
        if known := cases.sent_before(Shift, key, user_id=by.pk):
            return known
        raise OutAlready from None
    audit.record("shift.started", subject=shift, by=by)
    return shift


def _held(shift: Shift) -> Shift:
    shift = (
        Shift.objects.select_for_update(of=("self",))
        .select_related("user", "site", "buddy")
        .get(pk=shift.pk)
    )
    if shift.ended_at is not None:
        raise ShiftIsOver
    return shift


@transaction.atomic
def check_in(shift: Shift, *, back_at: datetime, by: User) -> Shift:
    """All is well; back at another time. Ends an alarm."""
    shift = _held(shift)
    if shift.user_id != by.pk:
        raise NotForThisPerson
    now = periods.now()
    _refuse_end(back_at, now)
    shift.checked_in_at, shift.expected_end_at = now, back_at
    shift.supervisor_alarm_at = shift.manager_alarm_at = None
    shift.save(
        update_fields=[
            "checked_in_at",
            "expected_end_at",
            "supervisor_alarm_at",
            "manager_alarm_at",
        ]
    )
    worklist.close_tasks(MISSED, subject=shift, by=by)
    audit.record("shift.checked_in", subject=shift, by=by)
    return shift


def may_clear(shift: Shift, by: User) -> bool:
    """Whoever answers for somebody may say that the missed one was reached."""
    return (
        by.has_perm(SUPERVISE)
        and by.pk != shift.user_id
        and Shift.objects.visible_to(by).filter(pk=shift.pk).exists()
    )


@transaction.atomic
def end_shift(shift: Shift, *, by: User) -> Shift:
    """Come back; or, for somebody who was missed, say that they were reached and are safe."""
    shift = _held(shift)
    own = shift.user_id == by.pk
    if not own and not may_clear(shift, by):
        raise NotForThisPerson
    shift.ended_at = periods.now()
    shift.cleared_by = None if own else by
    shift.save(update_fields=["ended_at", "cleared_by"])
    worklist.close_tasks(MISSED, subject=shift, by=by)
    audit.record("shift.ended" if own else "shift.cleared", subject=shift, by=by)
    return shift


# --- who is missed --------------------------------------------------------------------------------


def _missed(at: datetime) -> Any:
    first = Q(supervisor_alarm_at__isnull=True, expected_end_at__lte=at - GRACE)
    second = Q(manager_alarm_at__isnull=True, supervisor_alarm_at__lte=at - SECOND_ALARM)
    return Shift.objects.open().filter(first | second)


def is_due(at: datetime) -> bool:
    """Whether somebody is to be told of somebody now."""
    return _missed(at).exists()


def raise_alarms(*, at: datetime) -> int:
    """Tell of everybody who is missed, each in a transaction of their own; how many."""
    raised = 0
    for key in list(_missed(at).order_by("pk").values_list("pk", flat=True)):
        with as_system():
            raised += _raise_alarm(key, at=at)
    return raised


def _with_tasks(people: list[User], shift: Shift) -> list[User]:
    """Those who can be asked to look: the role of a supervisor may have changed since."""
    return [
        person
        for person in people
        if person.pk != shift.user_id and allows(person.role, "worklist.view_task")
    ]


@transaction.atomic
def _raise_alarm(key: Any, *, at: datetime) -> int:
    rows = Shift.objects.select_for_update(of=("self",)).select_related("user", "site", "buddy")
    shift = rows.filter(pk=key).first()
    # Came back, or said a word, since the list was read.
    if shift is None or not _missed(at).filter(pk=key).exists():
        return 0
    first = shift.supervisor_alarm_at is None
    people = people_over(shift.user, shift.site) if first else managers_of(shift.site)
    people = _with_tasks(people, shift) or _with_tasks(managers_of(shift.site), shift)
    step = f"{MISSED}:{shift.pk}:{shift.expected_end_at.isoformat()}:{1 if first else 2}"
    also = [shift.buddy] if first and shift.buddy is not None else []
    worklist.notify([*people, *also], MISSED, subject=shift, key=step, at=at)
    for person in people:
        worklist.add_task(person, MISSED, subject=shift, due_at=at)
    if first:
        shift.supervisor_alarm_at = at
    else:
        shift.manager_alarm_at = at
    shift.save(update_fields=["supervisor_alarm_at", "manager_alarm_at"])
    audit.record("shift.alarm", subject=shift, detail={"step": 1 if first else 2})
    return 1
