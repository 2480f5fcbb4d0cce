"""What the trail says of an incident: it is read by more people than a sensitive one is."""

from collections.abc import Iterable, Mapping
from typing import Any

from ceasefire import audit
from ceasefire.people.models import User
from incidents.models import Incident


def record(
    verb: str,
    *,
    subject: Incident,
    by: User | None,
    fields: Iterable[str] = (),
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    guarded: bool = False,
) -> None:
    """As `audit.record`; of a sensitive incident neither the reason nor which facts changed.

    `guarded`: it was sensitive before, or what was told of it is.
    """
    if guarded or subject.is_sensitive:
        fields, reason = (), ""
    audit.record(verb, subject=subject, by=by, fields=fields, reason=reason, detail=detail)
