"""What waits for a person: short notices in the program, read or not, and tasks to be done.

A notice is a sentence of its kind and a code, nothing else: it can be read over somebody's
shoulder. Who may not see the record gets none; that is for the caller to see to, who knows the
record. Who may no longer see it is not shown the notice either, nor is it counted: for that the
record's app registers `worklist.subject("incidents.incident", Incident.objects.visible_to)`.

    worklist.kind(
        "response.contact_due", _("24 hours have passed without a first contact."),
        tone="due", address=lambda code: reverse("incidents:incident_detail", args=[code]),
    )
    worklist.notify([supervisor], "response.contact_due", subject=incident)

The same person gets the same notice once: `key` (by default kind and code) is unique per person.

A task is due at a moment and stays until it is done; overdue, it comes up to the supervisor and
then to the manager. It too is a sentence of its kind and a code, seen only while the record is.

    worklist.task_kind("contact.due", _("Somebody waits for a contact."), address=...)
    worklist.add_task(worker, "contact.due", subject=participant, due_at=moment)
    worklist.close_tasks("contact.due", subject=participant, by=worker)

May import audit and what lies below. REO's database role has no right on the table.
"""

from typing import TYPE_CHECKING, Any

from ceasefire.worklist.kinds import (
    Kind,
    TaskKind,
    kind,
    kind_of,
    stand_ins,
    subject,
    task_kind,
    task_kind_of,
)

if TYPE_CHECKING:
    from ceasefire.worklist.models import Notification, Task
    from ceasefire.worklist.services import mark_all_read, mark_read, notify, seen_by, unread
    from ceasefire.worklist.task_services import (
        add_task,
        close_all_tasks,
        close_by_hand,
        close_tasks,
        move_tasks,
        pause_tasks,
        resume_tasks,
    )

__all__ = [
    "Kind",
    "Notification",
    "Task",
    "TaskKind",
    "add_task",
    "close_all_tasks",
    "close_by_hand",
    "close_tasks",
    "kind",
    "kind_of",
    "mark_all_read",
    "mark_read",
    "move_tasks",
    "notify",
    "pause_tasks",
    "resume_tasks",
    "seen_by",
    "stand_ins",
    "subject",
    "task_kind",
    "task_kind_of",
    "unread",
]

_HOMES = {
    **dict.fromkeys(["Notification", "Task"], "ceasefire.worklist.models"),
    **dict.fromkeys(
        ["mark_all_read", "mark_read", "notify", "seen_by", "unread"],
        "ceasefire.worklist.services",
    ),
    **dict.fromkeys(
        [
            "add_task",
            "close_all_tasks",
            "close_by_hand",
            "close_tasks",
            "move_tasks",
            "pause_tasks",
            "resume_tasks",
        ],
        "ceasefire.worklist.task_services",
    ),
}


def __getattr__(name: str) -> Any:
    # Looked up at first use: models can not be imported before the apps are loaded.
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
