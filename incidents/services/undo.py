"""Taking back one's own last step, while nobody has built on it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.people.models import User
from incidents.exceptions import ChangedMeanwhile, NotForThisPerson, TooLateToUndo
from incidents.models import Incident, IncidentStep
from incidents.services.workflow import Move, State, carry_out

#: Long enough to see a slip of the finger, short enough that nobody has acted on it.
UNDO_WITHIN = timedelta(minutes=10)
#: (from, to) of the steps that can be taken back -> the permission that made them. Sending is taken
#: back by withdrawing, a duplicate by parting the two again: those have verbs of their own.
UNDOABLE: dict[tuple[str, str], str] = {
    (State.SUBMITTED, State.IN_REVIEW): "incidents.review_incident",
    (State.SUBMITTED, State.RETURNED): "incidents.review_incident",
    (State.IN_REVIEW, State.RETURNED): "incidents.review_incident",
    (State.SUBMITTED, State.ACCEPTED): "incidents.review_incident",
    (State.IN_REVIEW, State.ACCEPTED): "incidents.review_incident",
    (State.ACCEPTED, State.ARCHIVED): "incidents.archive_incident",
    (State.SUBMITTED, State.WITHDRAWN): "incidents.withdraw_incident",
    (State.IN_REVIEW, State.WITHDRAWN): "incidents.withdraw_incident",
    (State.RETURNED, State.WITHDRAWN): "incidents.withdraw_incident",
}
#: What each step is called when it is offered to be taken back; by the state it led to.
TAKEN: dict[str, Any] = {
    State.IN_REVIEW: _("You took this incident for review."),
    State.RETURNED: _("You returned this incident."),
    State.ACCEPTED: _("You accepted this incident."),
    State.ARCHIVED: _("You archived this incident."),
    State.WITHDRAWN: _("You withdrew this incident."),
}


def may_take_back(
    incident: Incident, last: IncidentStep, by: User, *, at: datetime | None = None
) -> bool:
    """Whether this person made the incident's last step lately, and it can be taken back.

    An undone step is no step to undo again: taking back leads back only once.
    """
    permission = UNDOABLE.get((last.from_state, last.to_state))
    return (
        last.by_id == by.pk
        and last.to_state == incident.workflow_state
        and permission is not None
        and by.has_perm(permission)
        and last.at > (at or periods.now()) - UNDO_WITHIN
        and incident.site_id in by.site_ids
        and not incident.site.read_only
    )


@transaction.atomic
def undo_step(
    incident: Incident, *, by: User, version: int, asked_at: datetime | None = None
) -> Incident:
    """Put an incident back to where it stood before this person's last step.

    Refused where the step is another's, older than ten minutes, of a kind that has a verb of its
    own, or where anything was changed since (`version` is the one right after the step; `asked_at`
    where a worker comes to it later). It is a step of its own in the history; nothing is erased.
    """

    def back(incident: Incident) -> Move:
        if version != incident.version:
            raise ChangedMeanwhile(version=incident.version)
        last = incident.steps.order_by("at", "id").last()
        if last is None or not may_take_back(incident, last, by, at=asked_at):
            raise TooLateToUndo
        return Move(last.from_state, UNDOABLE[(last.from_state, last.to_state)])

    def clear(incident: Incident, at: datetime) -> None:
        if incident.workflow_state not in (State.ACCEPTED, State.ARCHIVED):
            incident.accepted_at = None
        if incident.workflow_state != State.RETURNED:
            incident.returned_reason = ""

    if not by.is_active:
        raise NotForThisPerson
    return carry_out(
        incident,
        "undo",
        by=by,
        version=version,
        back=back,
        also=clear,
        fields=("accepted_at", "returned_reason"),
    )
