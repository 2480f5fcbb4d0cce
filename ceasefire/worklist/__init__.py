"""What waits for a person: short notices in the program, read or not.

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
May import audit and what lies below. REO's database role has no right on the table.
"""

from typing import TYPE_CHECKING, Any

from ceasefire.worklist.kinds import Kind, kind, kind_of, subject

if TYPE_CHECKING:
    from ceasefire.worklist.models import Notification
    from ceasefire.worklist.services import mark_all_read, mark_read, notify, unread

__all__ = [
    "Kind",
    "Notification",
    "kind",
    "kind_of",
    "mark_all_read",
    "mark_read",
    "notify",
    "subject",
    "unread",
]

_SERVICES = {"mark_all_read", "mark_read", "notify", "unread"}


def __getattr__(name: str) -> Any:
    # Looked up at first use: models can not be imported before the apps are loaded.
    from importlib import import_module

    if name == "Notification":
        return import_module("ceasefire.worklist.models").Notification
    if name in _SERVICES:
        return getattr(import_module("ceasefire.worklist.services"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
