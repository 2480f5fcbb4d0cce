"""What the hours do: an overdue task comes up to the supervisor, then to the manager. Each once.

A task is held while it is passed up, and says afterwards to whom; of two runs at once the second
passes held ones over. Nobody gets what they may not see: then it goes one further up.
"""

from datetime import datetime
from typing import Any

from ceasefire.database.session import as_system
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.worklist.kinds import task_kind_of
from ceasefire.worklist.models import Task

#: So many tasks in one transaction.
BATCH = 50
#: So many in one run; the rest comes with the next.
MOST = 500


def is_due(at: datetime) -> bool:
    """Whether any task is to be passed up now."""
    return Task.objects.waiting().filter(escalate_at__lte=at).exists()


def escalate(*, at: datetime) -> int:
    """Pass up what is overdue by its kind's time; how many tasks."""
    done = 0
    while done < MOST:
        with as_system():
            tasks = list(
                Task.objects.waiting()
                .filter(escalate_at__lte=at)
                .select_related("assignee__supervisor")
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("pk")[:BATCH]
            )
            for task in tasks:
                _pass_up(task, at)
        done += len(tasks)
        if len(tasks) < BATCH:
            break
    return done


def _pass_up(task: Task, at: datetime) -> None:
    supervisor = task.assignee.supervisor
    known = task_kind_of(task.kind)
    if (
        task.escalated_to_id is None
        and supervisor is not None
        and supervisor.role == Role.SUPERVISOR
        and _may_see(task, supervisor)
    ):
        task.escalated_to, task.escalated_at = supervisor, at
        task.escalate_at = None if known is None else at + known.escalate_after
    else:
        manager = _manager_of(task)
        if manager is not None:
            task.raised_to, task.raised_at = manager, at
        task.escalate_at = None
    task.save(
        update_fields=["escalated_to", "escalated_at", "raised_to", "raised_at", "escalate_at"]
    )


def _manager_of(task: Task) -> User | None:
    """The manager of a site of the person's who may see what the task is about."""
    rows: Any = User.objects.active().filter(
        role=Role.MANAGER, sites__in=task.assignee.sites.values("pk")
    )
    rows = rows.exclude(pk=task.assignee_id).distinct().order_by("username")
    return next((one for one in rows if _may_see(task, one)), None)


def _may_see(task: Task, person: User) -> bool:
    return Task.objects.filter(pk=task.pk).of_visible_subject(person).exists()
