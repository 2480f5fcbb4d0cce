"""Overdue tasks come up; old notices and tasks do not pile up."""

from collections.abc import Iterator
from datetime import timedelta

from ceasefire import jobs, periods
from ceasefire.worklist import escalation
from ceasefire.worklist.models import Notification, Task

CLEAR = "worklist.clear_old"
ESCALATE = "worklist.escalate_tasks"
#: Kept so long: a notice read or not, a task after it ended.
KEPT = timedelta(days=180)


@jobs.handler(CLEAR)
def clear_old() -> None:
    """Delete notices half a year old, and tasks ended as long ago.

    What they told of stands in the records and the trail.
    """
    before = periods.now() - KEPT
    Notification.objects.filter(created_at__lt=before).delete()
    Task.objects.filter(closed_at__lt=before).delete()


@jobs.periodic("worklist.daily")
def due_days() -> Iterator[jobs.Due]:
    """Today; a missed day is made up for by the next."""
    yield jobs.Due(periods.now().date().isoformat(), CLEAR)


@jobs.handler(ESCALATE, atomic=False)
def escalate_tasks() -> None:
    """Pass overdue tasks up to the supervisor, then to the manager."""
    escalation.escalate(at=periods.now())


@jobs.periodic("worklist.escalate_tasks")
def due_minutes() -> Iterator[jobs.Due]:
    """Now, where a task is to be passed up."""
    now = periods.now()
    if escalation.is_due(now):
        yield jobs.Due(now.strftime("%Y-%m-%dT%H:%M"), ESCALATE)
