"""What every verb on a case begins with: the row as it stands now, held; and who may do it."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction

from ceasefire.people.models import User
from outreach.exceptions import (
    ChangedMeanwhile,
    ConsentWithdrawn,
    KeyTaken,
    NotForThisPerson,
    SiteIsReadOnly,
)
from outreach.models import Participant

Row = TypeVar("Row", bound=models.Model)


def locked(participant: Participant) -> Participant:
    """The case as it stands now, held to the end of the caller's transaction.

    Cases are locked before anything that belongs to them, several of them in the order of their
    keys, the audit trail last: two verbs then never wait for each other.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A case is locked inside a transaction.")
    # Not in one question: a row that was given to another worker while this waited for it would no
    # longer fit the worker it was joined with, and would not be found at all.
    list(Participant.objects.select_for_update().filter(pk=participant.pk).values_list("pk"))
    return Participant.objects.select_related("site", "worker", "zone").get(pk=participant.pk)


def lock_all(keys: Iterable[Any]) -> None:
    """Hold several cases to the end of the transaction, in the order of their keys.

    For verbs that write the trail of one before they come to the next: whoever holds the next one
    and waits for the trail would otherwise wait for them too.
    """
    rows = Participant.objects.select_for_update().filter(pk__in=list(keys)).order_by("pk")
    list(rows.values_list("pk"))


def hold_form(key: UUID) -> None:
    """Let one form with this key be at work at a time, to the end of the transaction.

    Before any row is held; for verbs that hold none which both would wait for.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key.int % 2**63])


def sent_before(model: type[Row], key: UUID | None, **whose: Any) -> Row | None:
    """The row that a form with this key made already; None where it is sent for the first time.

    `whose` says what that row has to hold (`created_by_id=by.pk`); with anything else in it the key
    is somebody else's, or of another record (`KeyTaken`).
    """
    if key is None:
        return None
    known = model._default_manager.filter(idempotency_key=key).first()
    if known is not None and any(getattr(known, name) != value for name, value in whose.items()):
        raise KeyTaken
    return known


def may(participant: Participant, by: User, permission: str) -> bool:
    """Whether the person's role holds the permission and the case is one they see and may write."""
    return (
        by.has_perm(permission)
        and not participant.site.read_only
        and Participant.objects.visible_to(by).filter(pk=participant.pk).exists()
    )


def held(
    participant: Participant,
    *,
    by: User,
    permission: str,
    version: int | None = None,
    also_withdrawn: bool = False,
) -> Participant:
    """Lock the case for a verb of `by`, or refuse.

    Raises `SiteIsReadOnly`, `NotForThisPerson`, and `ChangedMeanwhile` where `version` is given and
    somebody wrote since the form was opened. Where consent was taken back, `ConsentWithdrawn`: the
    lock is the same that erases, so nothing is sealed after it. `also_withdrawn` is for verbs that
    write no word about anybody, such as who carries the closed case.
    """
    participant = locked(participant)
    if participant.site.read_only:
        raise SiteIsReadOnly
    if not may(participant, by, permission):
        raise NotForThisPerson
    if participant.consent_withdrawn_at is not None and not also_withdrawn:
        raise ConsentWithdrawn
    if version is not None and version != participant.version:
        raise ChangedMeanwhile(version=participant.version)
    return participant
