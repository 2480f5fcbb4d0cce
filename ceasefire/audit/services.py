"""Writing the trail."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from ceasefire.audit import origin
from ceasefire.audit.exceptions import AuditRefusal, UnsafeDetail
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import User

SYSTEM = "system"
REASON_LENGTH = 1000

_VERB = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_FIELD = re.compile(r"[a-z][a-z0-9_.]{0,79}")
#: A code, a date or a number as text: Latin letters, no space, so no sentence and no Arabic name.
_CODE = re.compile(r"[A-Za-z0-9._:/+-]{0,64}")


def name_of(subject: models.Model) -> tuple[str, str]:
    """How the trail names a record: its model's label, and its code or else its key.

    A model that is known by something other than `code`, `ref` or `pcode` says so in `audit_code`.
    """
    for attribute in ("audit_code", "code", "ref", "pcode"):
        value = getattr(subject, attribute, None)
        if value:
            return subject._meta.label_lower, str(value)
    return subject._meta.label_lower, str(subject.pk)


def _safe(value: Any) -> Any:
    """`value` as JSON, or UnsafeDetail where it is anything but codes and numbers."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, date | Decimal | UUID):  # datetime is a date
        return value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(value, str):
        if not _CODE.fullmatch(value):
            raise UnsafeDetail("A text in an audit detail is no code.")
        return str(value)
    if isinstance(value, Mapping):
        return {_safe(str(key)): _safe(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_safe(item) for item in value]
    raise UnsafeDetail(f"An audit detail can not hold a {type(value).__name__}.")


def _site_id(subject: models.Model | None, site: Any) -> int | None:
    if site is not None:
        return int(site.pk)
    if subject is None:
        return None
    if subject._meta.label_lower == "places.site":
        return int(subject.pk)
    found = getattr(subject, "site_id", None)
    return int(found) if isinstance(found, int) else None


def record(
    verb: str,
    *,
    subject: models.Model | None = None,
    by: User | None = None,
    fields: Iterable[str] = (),
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    site: Any = None,
) -> AuditEvent:
    """Append one event to the trail, in the caller's transaction; `by` None is the system.

    Works under every database role: the row goes in without being read back, which REO's role
    could not do. The site is the subject's own unless one is given. Raises `UnsafeDetail` where
    `detail` holds a text that is no code. A reason is cut at 1,000 characters.

    The returned event carries what was said and its number; its hashes stay in the database.
    """
    if not _VERB.fullmatch(verb):
        raise AuditRefusal(f"{verb!r} is no verb such as 'incident.accepted'.")
    fields = list(fields)
    if not all(_FIELD.fullmatch(field) for field in fields):
        raise UnsafeDetail("A field name in an audit event is no field name.")
    label, key = name_of(subject) if subject is not None else ("", "")
    source = origin.current()
    event = AuditEvent(
        actor=by,
        actor_name=by.code_name if by is not None else SYSTEM,
        verb=verb,
        subject_label=label,
        subject_id=key,
        site_id=_site_id(subject, site),
        fields=fields,
        reason=" ".join(reason.split())[:REASON_LENGTH],
        detail=_safe(detail or {}),
        address_hash=source.address_hash,
        session_hash=source.session_hash,
    )
    # No savepoint: an event that can not be written takes the caller's whole transaction with it.
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        # No RETURNING: it asks for the right to read. The trigger leaves the number in a setting
        # of the transaction instead.
        cursor.execute(
            """
            INSERT INTO audit_auditevent
              (actor_id, actor_name, verb, subject_label, subject_id, site_id,
               fields, reason, detail, address_hash, session_hash)
            VALUES (%s, %s, %s, %s, %s, %s, %s::varchar[], %s, %s, %s, %s);
            SELECT current_setting('app.audit_seq')::bigint
            """,
            [
                event.actor_id,
                event.actor_name,
                event.verb,
                event.subject_label,
                event.subject_id,
                event.site_id,
                event.fields,
                event.reason,
                json.dumps(event.detail),
                event.address_hash,
                event.session_hash,
            ],
        )
        event.seq = cursor.fetchone()[0]
    event._state.adding = False
    return event


def read(
    subject: models.Model,
    *,
    by: User | None,
    fields: Iterable[str] = (),
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Record that somebody read a sensitive record: verb `<model>.read`."""
    return record(
        f"{subject._meta.model_name}.read",
        subject=subject,
        by=by,
        fields=fields,
        reason=reason,
        detail=detail,
    )
