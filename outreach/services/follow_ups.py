"""The ladder: looking again 1, 3, 7, 14, 30, 60 and 90 days after a session that ended well."""

from datetime import date, datetime, time, timedelta

from django.db import transaction

from ceasefire import audit, periods, vault, worklist
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from outreach.exceptions import NotDueYet
from outreach.models import LADDER, Conflict, FollowUp, MediationSession
from outreach.services import conflict_notices, conflicts

Finding = FollowUp.Finding
BATCH, MOST = 50, 500


def begin_ladder(conflict: Conflict, session: MediationSession, *, today: date) -> None:
    """Lay the rungs of a session on a held conflict; those of an earlier one are needed no more.

    A session written down late has only the rungs whose days have not gone by: how it was on a past
    day nobody can go and see.
    """
    conflicts.end_ladder(conflict)
    start = periods.local_day(session.at)
    FollowUp.objects.bulk_create(
        [
            FollowUp(
                conflict=conflict, session=session, rung=rung, due_on=start + timedelta(days=rung)
            )
            for rung in LADDER
            if start + timedelta(days=rung) >= today
        ]
    )


def due_now(conflict: Conflict, today: date) -> FollowUp | None:
    """The latest rung whose day has come and that nobody answered."""
    waiting = conflict.follow_ups.filter(state=FollowUp.State.OPEN, due_on__lte=today)
    return waiting.order_by("-due_on", "-rung").first()


@transaction.atomic
def answer(
    conflict: Conflict,
    *,
    finding: str,
    by: User,
    note: str = "",
    version: int | None = None,
) -> FollowUp:
    """Say how it is. It answers the latest rung that is due; earlier open ones were missed.

    Calm or tense, a settled conflict is watched from here on; tense starts the quiet days anew;
    flared up again ends the ladder and tells the supervisors. Raises `NotDueYet` before the day.
    """
    conflict = conflicts.held(conflict, by=by, version=version)
    now = periods.now()
    rung = due_now(conflict, periods.local_day(now))
    if rung is None:
        raise NotDueYet
    rung.state, rung.finding, rung.at, rung.by = FollowUp.State.ANSWERED, finding, now, by
    rung.save(update_fields=["state", "finding", "at", "by"])
    conflict.follow_ups.filter(state=FollowUp.State.OPEN, due_on__lte=rung.due_on).update(
        state=FollowUp.State.MISSED
    )
    if note:
        vault.seal(rung, "note", note, by=by)
    worklist.close_tasks(conflict_notices.FOLLOW_UP, subject=conflict, by=by)
    if finding == Finding.REIGNITED:
        conflicts.flare_up(conflict, by=by, at=now)
    else:
        if finding == Finding.TENSE:
            conflict.unquiet_at = max(conflict.unquiet_at, now)
        if conflict.state in Conflict.SETTLED:
            conflicts.move(conflict, Conflict.State.MONITORING, by=by, at=now)
    conflicts.save(conflict, by=by)
    audit.record(
        "mediation.followed_up",
        subject=conflict,
        by=by,
        detail={"rung": rung.rung, "finding": finding},
    )
    return rung


def is_due(at: datetime) -> bool:
    """Whether a follow-up waits for its task."""
    return _unasked(at).exists()


def _unasked(at: datetime):  # type: ignore[no-untyped-def]
    return FollowUp.objects.filter(
        state=FollowUp.State.OPEN, due_on__lte=periods.local_day(at), asked_at__isnull=True
    )


def give_tasks(*, at: datetime) -> int:
    """Give the lead mediator a task for each follow-up whose day has come; how many.

    It is due at the end of that day; overdue, it comes up to the supervisor by the tasks' own rule.
    Every `BATCH` are a transaction of their own.
    """
    done = 0
    while done < MOST:
        with as_system():
            rows = list(
                _unasked(at)
                .select_related("conflict__lead", "conflict__site")
                .select_for_update(of=("self", "conflict"), skip_locked=True)
                .order_by("due_on", "pk")[:BATCH]
            )
            for row in rows:
                doer = conflict_notices.doer_of(row.conflict)
                if doer is not None:
                    worklist.add_task(
                        doer,
                        conflict_notices.FOLLOW_UP,
                        subject=row.conflict,
                        due_at=datetime.combine(row.due_on, time(23, 59), periods.BAGHDAD),
                        key=f"{conflict_notices.FOLLOW_UP}:{row.conflict.code}:{row.pk.hex[:12]}",
                    )
                row.asked_at = at
                row.save(update_fields=["asked_at"])
        done += len(rows)
        if len(rows) < BATCH:
            break
    return done
