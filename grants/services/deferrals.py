"""The emergency path: two papers may come later, for a reason and until a day.

By a grants officer who is not the requester. What is screened, decided by, signed or paid on is
never put off, and a closeout waits for every paper. A deferral ends by itself when its paper is
filed; after its day the paper is asked for again as if it had not been put off.
"""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods
from ceasefire.people.models import User
from grants.exceptions import GrantRefusal, NotAllowedFromHere
from grants.models import (
    DEFERRABLE,
    DEFERRED_AT_ONCE,
    DEFERRED_FOR,
    Deferral,
    DocumentType,
    Grant,
    State,
)
from grants.services import documents, machine
from grants.services.held import apart, changed, held, officer, or_else, said

#: Nothing is put off any more once the closeout has begun, nor of what was called off.
ENDED = {
    State.CLOSING,
    State.CLOSED,
    State.REJECTED,
    State.CANCELLED,
    State.WITHDRAWN,
    State.TERMINATED,
    State.REOPENED,
}


class NeverDeferred(GrantRefusal):
    message = _("This paper cannot come later: somebody decides, signs or pays by it.")


class TwoDeferredAlready(GrantRefusal):
    message = _("Two papers of this grant are put off already. One of them has to come first.")


class DeferredAlready(GrantRefusal):
    message = _("This paper is put off already, or on file.")


class DueTooLate(GrantRefusal):
    message = _("Choose a day that lies ahead, within thirty days.")


@transaction.atomic
def defer(
    grant: Grant,
    *,
    type: str,  # noqa: A002 - the field's word for it
    due_on: date,
    reason: str,
    by: User,
) -> Deferral:
    """Let a paper come later. Raises `NeverDeferred`, `TwoDeferredAlready`, `DueTooLate`."""
    who, reason = officer(by, "officer"), said(reason)
    if type not in DEFERRABLE:
        raise NeverDeferred
    grant = held(grant)
    if grant.state in ENDED:
        raise NotAllowedFromHere
    apart(who.pk in machine.excluded(grant, "officer"))
    today = periods.now().date()
    if not today < due_on <= today + DEFERRED_FOR:
        raise DueTooLate
    if type in documents.types_on_file(grant):
        raise DeferredAlready
    open_ones = list(Deferral.objects.filter(grant=grant, ended_at__isnull=True))
    if any(one.type == type for one in open_ones):
        raise DeferredAlready
    free = sorted(set(range(1, DEFERRED_AT_ONCE + 1)) - {one.slot for one in open_ones})
    if not free:
        raise TwoDeferredAlready
    with or_else(
        {
            "two_papers_are_deferred_at_once": TwoDeferredAlready,
            "a_paper_is_deferred_once": DeferredAlready,
        }
    ):
        made = Deferral.objects.create(
            grant=grant,
            type=DocumentType(type),
            slot=free[0],
            due_on=due_on,
            reason=reason,
            deferred_by=who,
            deferred_on=today,
        )
    audit.record(
        "document.deferred",
        subject=grant,
        by=by,
        reason=reason,
        detail={"type": type, "due": due_on, "deferral": made.pk},
    )
    return made


@transaction.atomic
def take_back(deferral: Deferral, *, reason: str, by: User) -> Deferral:
    """End a deferral without its paper: it is asked for at once again."""
    who, reason = officer(by, "officer"), said(reason)
    grant = held(deferral.grant)
    deferral = Deferral.objects.select_for_update(no_key=True).get(pk=deferral.pk)
    if deferral.ended_at is not None:
        raise NotAllowedFromHere
    changed(deferral, ended_at=periods.now(), ended_by=who, end_reason=reason)
    audit.record(
        "document.deferral_ended",
        subject=grant,
        by=by,
        reason=reason,
        detail={"type": deferral.type, "deferral": deferral.pk},
    )
    return deferral


def open_of(grant: Grant) -> list[Deferral]:
    """What is put off in a grant and has not come."""
    rows = Deferral.objects.filter(grant=grant, ended_at__isnull=True)
    return list(rows.select_related("deferred_by"))
