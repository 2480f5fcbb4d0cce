"""Sending a notice, and taking note of it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from ceasefire import periods
from ceasefire.audit.services import name_of
from ceasefire.people.models import User
from ceasefire.worklist.kinds import kind_of, subjects
from ceasefire.worklist.models import DUE_SOON, Notification, Task, TaskQuerySet

#: More than this are "99+".
MOST_COUNTED = 100
#: Up to so many are looked up one kind of record at a time.
MOST_LOOKED_AT = 200


def notify(
    recipients: Iterable[User],
    kind: str,
    *,
    subject: models.Model,
    key: str = "",
    at: datetime | None = None,
) -> None:
    """Tell people of a record, in the caller's transaction; each of them once for a key.

    `kind` is registered (KeyError where it is not). `key` is by default the kind and the record's
    code; where the same may rightly be said again (assigned once more) the caller makes it longer.
    Who may see the record is the caller's to know. People whose role has no notices are passed
    over.
    """
    if kind_of(kind) is None:
        raise KeyError(kind)
    label, code = name_of(subject)
    moment = at or periods.now()
    Notification.objects.bulk_create(
        [
            Notification(
                recipient=person,
                kind=kind,
                subject_label=label,
                subject_code=code,
                key=key or f"{kind}:{code}",
                created_at=moment,
            )
            for person in {person.pk: person for person in recipients}.values()
            if person.has_perm("worklist.view_notification")
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def mark_read(notification: Notification, *, by: User, at: datetime | None = None) -> Notification:
    """Take note of one of one's own notices; a second time changes nothing."""
    own = Notification.objects.visible_to(by).filter(pk=notification.pk)
    own.unread().update(read_at=_not_before(at))
    return own.get()


@transaction.atomic
def mark_all_read(*, by: User, up_to: int | None = None, at: datetime | None = None) -> int:
    """Take note of all of one's own notices, those that came after `up_to` left out; how many."""
    rows = Notification.objects.visible_to(by).unread()
    if up_to is not None:
        rows = rows.filter(pk__lte=up_to)
    return int(rows.update(read_at=_not_before(at)))


def _not_before(at: datetime | None) -> Any:
    """The moment of reading, never before the notice came: clocks of two machines differ."""
    return Greatest(models.F("created_at"), models.Value(at or periods.now()))


def unread(user: User) -> int:
    """How many notices somebody has not read and how many tasks are due; one or two questions.

    Due is within a day, and overdue. `MOST_COUNTED` stands for that many or more. Every page asks
    this. So it first asks what there is, which is mostly little or nothing, and then only for those
    records whether they may still be seen: to put together the question of what may be seen of
    every kind of record costs more than all else on many a page.
    """
    notices = Notification.objects.addressed_to(user).unread().order_by()
    tasks = (
        Task.objects.addressed_to(user)
        .waiting()
        .filter(due_at__lte=periods.now() + DUE_SOON)
        .order_by()
    )
    named = ("subject_label", "subject_code")
    found = list(
        notices.values_list(*named).union(tasks.values_list(*named), all=True)[: MOST_LOOKED_AT + 1]
    )
    if len(found) > MOST_LOOKED_AT:
        keys = [rows.visible_to(user).values_list("pk", flat=True) for rows in (notices, tasks)]
        return len(keys[0].union(keys[1], all=True)[:MOST_COUNTED])
    seen = _seen(user, found)
    return min(MOST_COUNTED, sum(one in seen for one in found))


def seen_by(user: User, tasks: TaskQuerySet, most: int) -> list[Task]:
    """The first tasks of a list, in its order, whose records the person may see; two questions."""
    found = list(tasks[: MOST_LOOKED_AT + 1])
    if len(found) > MOST_LOOKED_AT:
        return list(tasks.of_visible_subject(user)[:most])
    if not user.has_perm("worklist.view_task"):
        return []
    seen = _seen(user, {(task.subject_label, task.subject_code) for task in found})
    return [task for task in found if (task.subject_label, task.subject_code) in seen][:most]


def _seen(user: User, records: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the records, given by kind and code, that the person may see; in one question."""
    known = subjects()
    asked = [
        known[label](user)
        .order_by()
        .filter(code__in={code for kind, code in records if kind == label})
        .values_list(Value(label, output_field=models.CharField()), F("code"))
        for label in sorted({label for label, _code in records} & known.keys())
    ]
    # Of a kind that nobody registered everybody may be told.
    free = {one for one in records if one[0] not in known}
    return free | set(asked[0].union(*asked[1:], all=True)) if asked else free
