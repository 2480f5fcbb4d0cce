"""Entering, running, sweeping and stopping jobs."""

import json
import logging
import re
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import Error, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from ceasefire.database import races
from ceasefire.database.session import as_system
from ceasefire.jobs.broker import hint
from ceasefire.jobs.exceptions import Cancelled, JobRefusal, NotYet, UnsafePayload
from ceasefire.jobs.models import Job, PeriodicRun
from ceasefire.jobs.registry import Due, Handler, handler_of, mourner_of, providers
from ceasefire.people.models import User

log = logging.getLogger(__name__)

#: A queued row younger than this is left to its own hint.
SWEEP_AFTER_SECONDS = 10
#: The sweeper hints at the same row again only after this long.
HINT_AGAIN_SECONDS = 60
SWEEP_BATCH = 500
#: A job that came too early by its machine's clock waits at least so long: another's may be right.
EARLY_SECONDS = 300
#: Progress is written at most this often.
PROGRESS_STEP_SECONDS = 0.5

_CODE = re.compile(r"[A-Za-z0-9._:/+-]{1,100}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: First half of the two-part advisory lock of a job; the second is its number.
_LOCK_SPACE = 0x0B5

_current: ContextVar[Job | None] = ContextVar("running job", default=None)


# --- entering ---------------------------------------------------------------------------------


def _safe(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and _CODE.fullmatch(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    raise UnsafePayload(f"A job can not carry this {type(value).__name__}.")


def enqueue(
    kind: str,
    *,
    key: str | None = None,
    by: User | None = None,
    site: Any = None,
    run_after: Any = None,
    **ids: Any,
) -> Job:
    """Enter a job in the caller's transaction; it runs after the commit, or never happened.

    With a key it is entered once for ever: the second time the job that stands is returned. Ids
    are numbers, UUIDs and days (which arrive as text) and short codes; anything else is refused
    (`UnsafePayload`), as is a kind without a handler (`UnknownKind`). Works under REO's role, for
    kinds of `grants` and `reports` only; the job then runs as the system.
    """
    handler_of(kind)
    if not all(_NAME.fullmatch(name) for name in ids):
        raise UnsafePayload("A job's ids have names such as report_id.")
    if key is not None and (not _CODE.fullmatch(key.replace(" ", "-")) or len(key) > 200):
        raise UnsafePayload("A job's key is made of codes.")
    payload = {name: _safe(value) for name, value in ids.items()}
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, state, is_new FROM jobs_enqueue(%s, %s, %s::jsonb, %s, %s, %s)",
            [
                kind,
                key,
                json.dumps(payload),
                site.pk if site is not None else None,
                by.pk if by is not None else None,
                run_after,
            ],
        )
        pk, state, is_new = cursor.fetchone()
    job = Job(pk=pk, kind=kind, key=key, payload=payload, state=state, site=site, by=by)
    job._state.adding = False
    if is_new and run_after is None:
        transaction.on_commit(lambda: hint(pk))
    return job


def enter_period(due: Any, *, name: str) -> Job | None:
    """Enter a due period of a periodic job once; None where it was entered before."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO jobs_periodicrun (name, period, entered_at) VALUES (%s, %s, now())
                ON CONFLICT (name, period) DO NOTHING RETURNING id
                """,
                [name, due.period],
            )
            row = cursor.fetchone()
        if row is None:
            return None
        job = enqueue(due.kind, key=f"{name}:{due.period}", site=due.site, **due.ids)
        PeriodicRun.objects.filter(pk=row[0]).update(job_id=job.pk)
        return job


def enter_due_periods() -> int:
    """Ask every provider what is due, enter what is new; how many were entered.

    A provider that fails is passed over and said in the log; the others are still asked.
    """
    entered = 0
    for name, provider in sorted(providers().items()):
        try:
            with as_system():
                entered += _enter_new(name, list(provider()))
        except Exception as error:
            log.error("periods of %s: %s%s", name, _kind_of(error), _frames(error))
    return entered


def _enter_new(name: str, dues: Sequence[Due]) -> int:
    """Enter those that were not entered before; a long list of old ones is one question."""
    known = set(
        PeriodicRun.objects.filter(name=name, period__in=[due.period for due in dues]).values_list(
            "period", flat=True
        )
    )
    return sum(enter_period(due, name=name) is not None for due in dues if due.period not in known)


# --- running ----------------------------------------------------------------------------------


def _try_lock(job_id: int) -> bool:
    """Hold the job for this connection. Who works on a job holds its lock from before the row says
    `running` until after it says how it ended, so a running row whose lock is free is dead."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, job_id % 2**31])
        return bool(cursor.fetchone()[0])


def _unlock(job_id: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, job_id % 2**31])
    except Error:
        # The connection has gone, and its locks with it.
        connection.close()


def _kind_of(error: BaseException) -> str:
    return type(error).__name__[:80]


def _frames(error: BaseException) -> str:
    """Where it failed: files and lines, no message, which could quote a record."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return "".join(f" < {frame.filename}:{frame.lineno}" for frame in reversed(frames))


def _claim(job_id: int) -> Job | None:
    """Take a due job, or a dead worker's; the attempt is counted and committed before the work."""
    with as_system():
        job = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(pk=job_id, state__in=[Job.State.QUEUED, Job.State.RUNNING])
            .filter(run_after__lte=Now())
            .first()
        )
        if job is None:
            return None
        now = timezone.now()
        if job.cancel_requested:
            job.state, job.finished_at = Job.State.CANCELLED, now
        elif job.attempts >= Job.MAX_ATTEMPTS:
            job.state, job.finished_at = Job.State.PARKED, now
            job.error_kind = job.error_kind or "WorkerLost"
        else:
            job.state = Job.State.RUNNING
            job.attempts += 1
            job.started_at = job.heartbeat_at = now
            job.done_count = job.total_count = 0
        job.save(
            update_fields=[
                "state",
                "attempts",
                "started_at",
                "heartbeat_at",
                "finished_at",
                "error_kind",
                "done_count",
                "total_count",
            ]
        )
        if job.state == Job.State.PARKED:
            _mourn(job)
    if job.state == Job.State.PARKED:
        log.error("job %s (%s) is parked: its workers died", job.pk, job.kind)
    return job if job.state == Job.State.RUNNING else None


def _finish(job: Job, state: str, *, error_kind: str = "") -> bool:
    """Say how the job ended; only while it is still ours to say (True)."""
    ours = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
        state=state, finished_at=Now(), heartbeat_at=Now(), error_kind=error_kind
    )
    job.state, job.error_kind = state, error_kind
    return bool(ours)


def _mourn(job: Job) -> None:
    """Do what is to be done when a job of this kind is parked; never in the way of parking it."""
    mourner = mourner_of(job.kind)
    if mourner is None:
        return
    try:
        with transaction.atomic():
            mourner(job)
    except Exception as error:
        kind = _kind_of(error)
        log.error("job %s (%s) was parked untold: %s%s", job.pk, job.kind, kind, _frames(error))


def _call(found: Handler, job: Job) -> None:
    arguments: dict[str, Any] = dict(job.payload)
    if found.takes_job:
        arguments["job"] = job
    found.function(**arguments)


def _work(job: Job) -> None:
    found = handler_of(job.kind)
    if found.atomic:
        # The effect and the mark stand or fall together: done means done once.
        with as_system():
            _call(found, job)
            _finish(job, Job.State.DONE)
        return
    _call(found, job)
    with as_system():
        _finish(job, Job.State.DONE)


def _work_again(job: Job) -> None:
    """Work, and at once again where PostgreSQL ended the work for another's sake.

    That is nobody's fault and no attempt of the job's; a handler comes to the same end however
    often it runs. After `races.ATTEMPTS` it is a failure as any other, and tried later.
    """
    for attempt in range(1, races.ATTEMPTS):
        try:
            _work(job)
            return
        except Error as error:
            if not races.is_lost(error):
                raise
        log.warning("job %s (%s) lost to another and is run again", job.pk, job.kind)
        races.pause(attempt)
    _work(job)


def _failed(job: Job, error: Exception) -> None:
    kind = _kind_of(error)
    log.error("job %s (%s), attempt %s: %s%s", job.pk, job.kind, job.attempts, kind, _frames(error))
    with as_system():
        if job.attempts >= Job.MAX_ATTEMPTS:
            if _finish(job, Job.State.PARKED, error_kind=kind):
                _mourn(job)
            log.error("job %s (%s) is parked after %s attempts", job.pk, job.kind, job.attempts)
            return
        # By the database's clock, as everything that is asked of `run_after`: the machines' may
        # differ, and one that is set back would hold the job up for as long.
        wait = Job.BACK_OFF[min(job.attempts, len(Job.BACK_OFF)) - 1]
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
            state=Job.State.QUEUED, run_after=Now() + wait, error_kind=kind, hinted_at=None
        )
        job.state = Job.State.QUEUED


def _put_off(job: Job, until: datetime) -> None:
    """Let a job wait that came too early; as if it had not been tried."""
    log.warning("job %s (%s) came too early and waits", job.pk, job.kind)
    with as_system():
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
            state=Job.State.QUEUED,
            run_after=Greatest(Now() + timedelta(seconds=EARLY_SECONDS), Value(until)),
            attempts=F("attempts") - 1,
            hinted_at=None,
        )
    job.state = Job.State.QUEUED


def run(job_id: int) -> str | None:
    """Run one job, if it is due and nobody else has it; its state afterwards, None if not ours.

    A failure is written down and tried again later, with growing waits; after the fifth the job is
    parked. Never raises for what the handler did. Must not be called inside a transaction, but for
    tests: the attempt is to be committed before the work begins.
    """
    if not _try_lock(job_id):
        return None
    try:
        job = _claim(job_id)
        if job is None:
            return None
        token = _current.set(job)
        try:
            with _side_line():
                _work_again(job)
        except Cancelled:
            with as_system():
                _finish(job, Job.State.CANCELLED)
        except NotYet as early:
            _put_off(job, early.until)
        except Exception as error:
            _failed(job, error)
        finally:
            _current.reset(token)
        return job.state
    finally:
        _unlock(job_id)


def current_job() -> Job | None:
    """The job that runs now, None outside of one."""
    return _current.get()


def work_due(limit: int = 1000) -> int:
    """Run what is due, here and now, without a worker; how many were run."""
    count = 0
    for job_id in list(Job.objects.due().values_list("pk", flat=True)[:limit]):
        count += run(job_id) is not None
    return count


# --- progress ---------------------------------------------------------------------------------


class _SideLine:
    """A second, autocommitting connection: the handler's own transaction is not seen from outside
    until it ends, and then nobody needs its progress."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.written_at = 0.0

    def execute(self, sql: str, parameters: list[Any]) -> Any:
        if self.connection is None:
            self.connection = connection.copy()
            with self.connection.cursor() as cursor:
                # Where a test holds the row, progress is not worth waiting for.
                cursor.execute("SET lock_timeout = '2s'")
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchone()

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


_line: ContextVar[_SideLine | None] = ContextVar("side line of the running job", default=None)


@contextmanager
def _side_line() -> Iterator[None]:
    line = _SideLine()
    token = _line.set(line)
    try:
        yield
    finally:
        _line.reset(token)
        line.close()


def progress(job: Job, done: int, total: int) -> None:
    """Say how far a running job is; seen at once by others, and a sign of life.

    Raises `Cancelled` where somebody asked for the job to stop: a handler with one transaction is
    then rolled back whole, one with its own transactions keeps what it committed. Written at most
    twice a second, so it may be called for every row.
    """
    line = _line.get()
    moment = time.monotonic()
    if line is None or (done < total and moment - line.written_at < PROGRESS_STEP_SECONDS):
        return
    line.written_at = moment
    try:
        row = line.execute(
            """
            UPDATE jobs_job SET done_count = least(%s, %s), total_count = %s, heartbeat_at = now()
             WHERE id = %s AND state = 'running' RETURNING cancel_requested
            """,
            [done, total, total, job.pk],
        )
    except Error as error:
        log.warning("progress of job %s: %s", job.pk, _kind_of(error))
        line.close()
        return
    job.done_count, job.total_count = done, total
    if row is not None and row[0]:
        job.cancel_requested = True
        raise Cancelled


# --- sweeping and stopping --------------------------------------------------------------------


def sweep() -> Mapping[str, int]:
    """Find what was left lying: jobs of dead workers, and rows whose hint was lost.

    This is the guarantee behind every hint. It comes from beat through Redis, so with Redis away
    nothing runs, and everything does when it is back, or at the next start of a worker.
    """
    requeued = sum(_requeue(pk) for pk in Job.objects.running().values_list("pk", flat=True))
    with as_system(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE jobs_job SET hinted_at = now() WHERE id IN (
              SELECT id FROM jobs_job
               WHERE state = 'queued' AND run_after <= now()
                 AND coalesce(hinted_at < now() - make_interval(secs => %s),
                              greatest(created_at, run_after) < now() - make_interval(secs => %s))
               ORDER BY run_after, id LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            [HINT_AGAIN_SECONDS, SWEEP_AFTER_SECONDS, SWEEP_BATCH],
        )
        waiting = sorted(row[0] for row in cursor.fetchall())
    hinted = sum(hint(pk) for pk in waiting)
    return {"requeued": requeued, "hinted": hinted}


def _requeue(job_id: int) -> bool:
    """Put a job back whose worker is dead (its lock is free); True where it was."""
    if not _try_lock(job_id):
        return False
    try:
        with as_system():
            # Hinted at long ago, as it were: the sweep that follows hints at it at once.
            found = Job.objects.filter(pk=job_id, state=Job.State.RUNNING).update(
                state=Job.State.QUEUED,
                run_after=Now(),
                hinted_at=Now() - timedelta(hours=1),
                error_kind="WorkerLost",
            )
    finally:
        _unlock(job_id)
    if found:
        log.warning("job %s: its worker died, it waits again", job_id)
    return bool(found)


@transaction.atomic
def cancel(job: Job, *, by: User) -> Job:
    """Stop a job: at once where it waits, at its next sign of progress where it runs.

    A finished job stays as it ended. The caller audits (`job.cancelled`).
    """
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.state == Job.State.QUEUED:
        job.state, job.finished_at, job.cancel_requested = (
            Job.State.CANCELLED,
            timezone.now(),
            True,
        )
    elif job.state == Job.State.RUNNING:
        job.cancel_requested = True
    job.save(update_fields=["state", "finished_at", "cancel_requested"])
    log.info("job %s is cancelled by %s", job.pk, by.pk)
    return job


@transaction.atomic
def retry(job: Job, *, by: User) -> Job:
    """Let a parked or cancelled job wait again, with all its attempts. The caller audits."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.state not in (Job.State.PARKED, Job.State.CANCELLED):
        raise JobRefusal("Only a parked or cancelled job is tried again.")
    job.state, job.finished_at, job.attempts = Job.State.QUEUED, None, 0
    job.cancel_requested, job.run_after, job.hinted_at = False, Now(), None
    job.save(
        update_fields=[
            "state",
            "finished_at",
            "attempts",
            "cancel_requested",
            "run_after",
            "hinted_at",
        ]
    )
    job.refresh_from_db(fields=["run_after"])
    log.info("job %s is tried again by %s", job.pk, by.pk)
    transaction.on_commit(lambda: hint(job.pk))
    return job
