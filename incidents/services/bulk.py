"""One verb on many incidents: each row is tried by itself, with its own rights, lock and audit."""

from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ceasefire import audit, jobs, periods
from ceasefire.database.session import acting, as_system
from ceasefire.people.models import User
from incidents import exceptions
from incidents.exceptions import IncidentRefusal, ReasonNeeded, TooManyRows
from incidents.models import BulkAction, BulkRow, Incident
from incidents.services import undo, workflow

RUN, RUN_BACK = "incidents.bulk_action", "incidents.bulk_undo"
#: So many rows are carried out while the person waits; more by a worker, with progress.
AT_ONCE = 20
#: More than this is narrowed first: nobody can have looked at it.
MOST_ROWS = 2000

Progress = Callable[[int, int], None]

#: Which permission each verb asks for, so that nobody is offered what every row would refuse.
PERMISSIONS: dict[str, str] = {
    BulkAction.Verb.TAKE: "incidents.review_incident",
    BulkAction.Verb.RETURN: "incidents.review_incident",
    BulkAction.Verb.ACCEPT: "incidents.review_incident",
    BulkAction.Verb.ARCHIVE: "incidents.archive_incident",
}


def bulk_verbs(by: User) -> list[str]:
    """The verbs that this person may ask for on many rows."""
    return [verb for verb, permission in PERMISSIONS.items() if by.has_perm(permission)]


@transaction.atomic
def ask_bulk(
    *, key: UUID, verb: str, rows: Sequence[tuple[str, int]], by: User, reason: str = ""
) -> BulkAction:
    """Write down one verb for (code, version as seen) rows; `run_bulk` carries it out.

    `key` is made with the form: a confirmation that comes twice is one action. Rows that the person
    may not see are left out without a word. Refused: a verb of another role (PermissionDenied), a
    return without reason (ReasonNeeded), more than 2,000 rows (TooManyRows).
    """
    if verb not in bulk_verbs(by):
        raise PermissionDenied
    reason = reason.strip()[:400]
    if verb == BulkAction.Verb.RETURN and not reason:
        raise ReasonNeeded
    if len(rows) > MOST_ROWS:
        raise TooManyRows
    versions = dict(rows)
    keys = dict(Incident.objects.visible_to(by).filter(code__in=versions).values_list("code", "pk"))
    _hold(keys.values())
    # Two confirmations at once by the same person come one after the other.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    before = BulkAction.objects.filter(key=key, by=by).first()
    if before is not None:
        return before
    action = BulkAction(key=key, by=by, verb=verb, reason=reason)
    if len(keys) > AT_ONCE:
        action.job = jobs.enqueue(RUN, by=by, action_id=action.pk)
    action.save(force_insert=True)
    BulkRow.objects.bulk_create(
        BulkRow(action=action, incident_id=keys[code], position=position, version=versions[code])
        for position, code in enumerate(code for code in versions if code in keys)
    )
    audit.record(
        "incident.bulk_asked", subject=action, by=by, detail={"verb": verb, "rows": len(keys)}
    )
    return action


def _hold(keys: Collection[Any]) -> None:
    """Lock the incidents of a short action in one order, before anything stands in the trail.

    The trail's lock lasts to the commit: who holds it must not wait for a record of somebody else.
    A worker has a transaction for each row.
    """
    if len(keys) <= AT_ONCE:
        rows = Incident.objects.select_for_update(of=("self",)).filter(pk__in=list(keys))
        list(rows.order_by("pk").values_list("pk"))


def run_here(action: BulkAction, *, by: User) -> None:
    """Carry out a short action in the transaction of the person who waits for it."""
    for row in action.rows.filter(outcome=BulkRow.Outcome.WAITING).values_list("pk", flat=True):
        carry_out_row(action, row, by)
    action.finished_at = periods.now()
    action.save(update_fields=["finished_at"])


def run_bulk(action_id: str, *, progress: Progress | None = None) -> None:
    """Carry out what is still waiting of an action, as the person who asked and row by row.

    Each row has a transaction of its own, so that the trail's lock is held for a moment only and a
    killed worker goes on where it stopped. `progress` is told (done, all) and may raise.
    """
    _each_row(action_id, BulkRow.Outcome.WAITING, carry_out_row, progress)
    with as_system():
        BulkAction.objects.filter(pk=action_id, finished_at__isnull=True).update(
            finished_at=periods.now()
        )


def run_undo(action_id: str, *, progress: Progress | None = None) -> None:
    """Take back the rows of an action whose undoing was asked for, one by one."""
    _each_row(action_id, BulkRow.Outcome.DONE, undo_row, progress)


def _each_row(
    action_id: str,
    outcome: str,
    act: Callable[[BulkAction, int, User], Any],
    progress: Progress | None,
) -> None:
    with as_system():
        action = BulkAction.objects.get(pk=action_id)
        person = User.objects.get(pk=action.by_id)
        rows = list(action.rows.filter(outcome=outcome).values_list("pk", flat=True))
        total = action.rows.count()
    for number, row in enumerate(rows, start=total - len(rows) + 1):
        with acting(person):
            act(action, row, person)
        if progress is not None:
            progress(number, total)


def carry_out_row(action: BulkAction, row_id: int, person: User) -> None:
    """Try one row; what became of it is written in the same transaction as the verb."""
    row = (
        BulkRow.objects.select_for_update(of=("self",))
        .select_related("incident")
        .get(pk=row_id, action=action)
    )
    if row.outcome != BulkRow.Outcome.WAITING:
        return
    given: dict[str, Any] = {"by": person, "version": row.version}
    if action.verb == BulkAction.Verb.RETURN:
        given["reason"] = action.reason
    try:
        if not person.is_active or not _visible(row, person):
            raise exceptions.NotForThisPerson
        with transaction.atomic():
            incident = _VERBS[action.verb](row.incident, **given)
    except IncidentRefusal as refusal:
        row.outcome, row.refusal = BulkRow.Outcome.REFUSED, type(refusal).__name__
    else:
        row.outcome, row.version_after = BulkRow.Outcome.DONE, incident.version
    row.save(update_fields=["outcome", "refusal", "version_after"])


_VERBS: dict[str, Callable[..., Incident]] = {
    BulkAction.Verb.TAKE: workflow.take_for_review,
    BulkAction.Verb.RETURN: workflow.return_incident,
    BulkAction.Verb.ACCEPT: workflow.accept_incident,
    BulkAction.Verb.ARCHIVE: workflow.archive_incident,
}


def _visible(row: BulkRow, person: User) -> bool:
    return Incident.objects.visible_to(person).filter(pk=row.incident_id).exists()


def may_undo_bulk(action: BulkAction, by: User) -> bool:
    """Within ten minutes after it was finished, once, by who asked for it."""
    return (
        action.by_id == by.pk
        and action.finished_at is not None
        and action.undone_at is None
        and action.finished_at > periods.now() - undo.UNDO_WITHIN
    )


@transaction.atomic
def undo_bulk(action: BulkAction, *, by: User) -> BulkAction:
    """Take back every row that nobody touched since; the others stay as they are.

    Twenty rows at once, more by a worker. Refused (TooLateToUndo) for anybody else, a second time,
    and ten minutes after the end.
    """
    action = BulkAction.objects.select_for_update(of=("self",)).get(pk=action.pk)
    if not may_undo_bulk(action, by):
        raise exceptions.TooLateToUndo
    done = dict(action.rows.filter(outcome=BulkRow.Outcome.DONE).values_list("pk", "incident_id"))
    rows = list(done)
    _hold(done.values())
    action.undone_at = periods.now()
    if len(rows) > AT_ONCE:
        action.job = jobs.enqueue(RUN_BACK, by=by, action_id=action.pk)
    else:
        for row in rows:
            undo_row(action, row, by)
    action.save(update_fields=["undone_at", "job"])
    audit.record("incident.bulk_undone", subject=action, by=by, detail={"rows": len(rows)})
    return action


def undo_row(action: BulkAction, row_id: int, person: User) -> bool:
    """Take back one row; whether it could be."""
    row = (
        BulkRow.objects.select_for_update(of=("self",))
        .select_related("incident__site")
        .get(pk=row_id, action=action)
    )
    if row.outcome != BulkRow.Outcome.DONE or row.version_after is None:
        return False
    if not person.is_active or not _visible(row, person):
        return False
    # The ten minutes run to the asking; a worker may come to a row later.
    asked_at = action.undone_at or periods.now()
    try:
        with transaction.atomic():
            undo.undo_step(row.incident, by=person, version=row.version_after, asked_at=asked_at)
    except IncidentRefusal:
        return False
    row.outcome = BulkRow.Outcome.UNDONE
    row.save(update_fields=["outcome"])
    return True
