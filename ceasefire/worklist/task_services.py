"""Giving somebody a task, ending it, handing it on, letting it rest.

A task is found by what it is about: the verbs of a record close its tasks without knowing them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction

from ceasefire import audit, periods
from ceasefire.audit.services import name_of
from ceasefire.people import roles
from ceasefire.people.models import User
from ceasefire.worklist.exceptions import NotByHand, NotForThisPerson, TaskIsClosed
from ceasefire.worklist.kinds import TaskKind, task_kind_of
from ceasefire.worklist.models import Task

VIEW, CLOSE = "worklist.view_task", "worklist.close_task"


def _known(kind: str) -> TaskKind:
    found = task_kind_of(kind)
    if found is None:
        raise KeyError(kind)
    return found


def _refuse_without_list(person: User) -> None:
    """Refuse a role that has no list of tasks; who has left keeps theirs until they are moved."""
    if not roles.allows(person.role, VIEW):
        raise NotForThisPerson


def add_task(
    assignee: User,
    kind: str,
    *,
    subject: models.Model,
    due_at: datetime,
    key: str = "",
    by: User | None = None,
) -> Task:
    """Give somebody a task about a record, in the caller's transaction; once while it is open.

    `kind` is registered (KeyError where it is not). `key` is by default the kind and the record's
    code; the same key again, while the first is open, gives back the first as it stands. Who may
    see the record is the caller's to know. Raises `NotForThisPerson` for a role without tasks.
    """
    known = _known(kind)
    _refuse_without_list(assignee)
    label, code = name_of(subject)
    key = key or f"{kind}:{code}"
    Task.objects.bulk_create(
        [
            Task(
                assignee=assignee,
                kind=kind,
                subject_label=label,
                subject_code=code,
                key=key,
                due_at=due_at,
                created_by=by,
                created_at=periods.now(),
                escalate_at=due_at + known.escalate_after,
            )
        ],
        ignore_conflicts=True,
    )
    return Task.objects.open().get(assignee=assignee, key=key)


def close_tasks(
    kind: str, *, subject: models.Model, by: User | None = None, reason: str = "done"
) -> int:
    """End the open tasks of a kind about a record, whoever has them; how many there were."""
    _known(kind)
    label, code = name_of(subject)
    return _close(Task.objects.open().about(label, [code]).filter(kind=kind), by, reason)


def close_all_tasks(*, subject: models.Model, by: User | None = None, reason: str = "over") -> int:
    """End every open task about a record, as when a case is closed; how many there were."""
    label, code = name_of(subject)
    return _close(Task.objects.open().about(label, [code]), by, reason)


def _close(rows: Any, by: User | None, reason: str) -> int:
    return int(rows.update(closed_at=periods.now(), closed_by=by, closed_reason=reason))


@transaction.atomic
def move_tasks(
    from_user: User, to_user: User, *, by: User, subject: models.Model | None = None
) -> int:
    """Give the open tasks of one person to another, those about one record where it is named.

    How many moved. What the other has already is closed as moved. The new one gets the time of the
    kind before anybody hears of it again. Raises `NotForThisPerson` for a role without tasks.
    """
    _refuse_without_list(to_user)
    rows = Task.objects.open().filter(assignee=from_user)
    if subject is not None:
        label, code = name_of(subject)
        rows = rows.about(label, [code])
    # In the order of their keys, as every other verb that holds several.
    tasks = list(rows.select_for_update().order_by("pk"))
    if not tasks or from_user.pk == to_user.pk:
        return 0
    has = set(Task.objects.open().filter(assignee=to_user).values_list("key", flat=True))
    now = periods.now()
    doubled = [task.pk for task in tasks if task.key in has]
    _close(Task.objects.filter(pk__in=doubled), by, "moved")
    moved = [task for task in tasks if task.key not in has]
    for task in moved:
        task.assignee = to_user
        task.escalated_to = task.escalated_at = task.raised_to = task.raised_at = None
        known = task_kind_of(task.kind)
        task.escalate_at = None if known is None else max(task.due_at, now) + known.escalate_after
    Task.objects.bulk_update(
        moved,
        ["assignee", "escalated_to", "escalated_at", "raised_to", "raised_at", "escalate_at"],
    )
    audit.record(
        "worklist.tasks_moved",
        subject=to_user,
        by=by,
        detail={"from": from_user.pk, "tasks": len(moved)},
    )
    return len(moved)


@transaction.atomic
def close_by_hand(task: Task, *, by: User) -> Task:
    """Tick a task off: who has it, or whom it came up to, where the kind lets a tick end it."""
    if not by.has_perm(CLOSE) or not Task.objects.visible_to(by).filter(pk=task.pk).exists():
        raise NotForThisPerson
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.closed_at is not None:
        raise TaskIsClosed
    if not task.by_hand:
        raise NotByHand
    task.closed_at, task.closed_by, task.closed_reason = periods.now(), by, "done"
    task.save(update_fields=["closed_at", "closed_by", "closed_reason"])
    audit.record("worklist.task_done", subject=task, by=by, detail={"kind": task.kind})
    return task


def pause_tasks(label: str, codes: Iterable[str]) -> int:
    """Let the open tasks about some records rest; how many began to."""
    rows = Task.objects.waiting().about(label, list(codes))
    return int(rows.update(paused_at=periods.now()))


@transaction.atomic
def resume_tasks(label: str, codes: Iterable[str]) -> int:
    """Let tasks that rested wait again; how many. What fell due meanwhile is due from now on."""
    rows = Task.objects.open().about(label, list(codes)).filter(paused_at__isnull=False)
    tasks = list(rows.select_for_update().order_by("pk"))
    now = periods.now()
    for task in tasks:
        task.paused_at, task.due_at = None, max(task.due_at, now)
        known = task_kind_of(task.kind)
        if known is not None and task.escalate_at is not None:
            task.escalate_at = task.due_at + known.escalate_after
    Task.objects.bulk_update(tasks, ["paused_at", "due_at", "escalate_at"])
    return len(tasks)
