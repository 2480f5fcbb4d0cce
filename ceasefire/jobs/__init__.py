"""Background work: a row in the outbox is the truth, Celery is only the hint that it waits.

A job is entered in the transaction that makes it necessary, so both stand or neither does. After
the commit a hint goes to the worker through Redis; where that fails, or Redis is lost with all it
held, the sweeper (beat, every 30 s, and each worker at its start) finds the row. A job may run more
than once and must come to the same end; two never run at the same time.

In `<app>/tasks.py`:

    @jobs.handler("reports.compile_week")
    def compile_week(week: str, site_id: int) -> None: ...

    @jobs.handler("incidents.import_batch", atomic=False)   # opens its own transactions
    def import_batch(job: jobs.Job, batch_id: int) -> None:
        for number, part in enumerate(parts, start=1):
            with as_system():
                ...
            jobs.progress(job, number, len(parts))   # raises Cancelled when somebody asked

    @jobs.when_parked("reports.compile_week")   # failed for the last time: whom to tell
    def tell(job: jobs.Job) -> None: ...

    @jobs.periodic("reports.weekly")
    def due_weeks() -> Iterable[jobs.Due]:
        yield jobs.Due("BASRAH-CENTRE/2026-11-15", "reports.compile_week", {"week": "2026-11-15"})

In a service: `jobs.enqueue("reports.compile_week", key=..., by=user, site=site, week=day)`.
Ids, days and codes only: never a name, a note or a whole record. May import people and below.
"""

from typing import TYPE_CHECKING, Any

from ceasefire.jobs.exceptions import Cancelled, JobRefusal, NotYet, UnknownKind, UnsafePayload
from ceasefire.jobs.registry import Due, handler, periodic, when_parked

if TYPE_CHECKING:
    from ceasefire.jobs.models import Job
    from ceasefire.jobs.services import (
        cancel,
        current_job,
        enqueue,
        enter_period,
        progress,
        retry,
        run,
        work_due,
    )

__all__ = [
    "Cancelled",
    "Due",
    "Job",
    "JobRefusal",
    "NotYet",
    "UnknownKind",
    "UnsafePayload",
    "cancel",
    "current_job",
    "enqueue",
    "enter_period",
    "handler",
    "periodic",
    "progress",
    "retry",
    "run",
    "when_parked",
    "work_due",
]

# Looked up at first use: models can not be imported before the apps are loaded.
_SERVICES = {
    "cancel",
    "current_job",
    "enqueue",
    "enter_period",
    "progress",
    "retry",
    "run",
    "work_due",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "Job":
        return import_module("ceasefire.jobs.models").Job
    if name in _SERVICES:
        return getattr(import_module("ceasefire.jobs.services"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
