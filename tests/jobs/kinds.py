"""Kinds of jobs for the tests: what each does is written to the code lists, which keep nothing else
of this list. A worker started beside a test knows them too (`celery -A tests.jobs.kinds`)."""

import os
import time
from datetime import timedelta

from ceasefire import jobs, periods
from ceasefire.celery import app
from ceasefire.codes.models import Counter
from ceasefire.database.session import acting_user, as_system

__all__ = ["app"]


def count(series: str) -> int:
    """How often something was done."""
    row = Counter.objects.filter(series=series, year=1).first()
    return row.last if row else 0


def add(series: str) -> None:
    row, _made = Counter.objects.select_for_update().get_or_create(series=series, year=1)
    Counter.objects.filter(pk=row.pk).update(last=row.last + 1)


@jobs.handler("test.count")
def count_once(series: str) -> None:
    assert acting_user() is None
    add(series)


@jobs.handler("test.fail")
def fail(series: str) -> None:
    add(series)
    raise KeyError("محمد 07701234567")  # a message that quotes a record


@jobs.handler("test.fail_once")
def fail_once(job: jobs.Job, series: str) -> None:
    add(series)
    if job.attempts == 1:
        raise TimeoutError


@jobs.handler("test.parts", atomic=False)
def parts(job: jobs.Job, series: str, number: int) -> None:
    for part in range(1, number + 1):
        with as_system():
            add(series)
        jobs.progress(job, part, number)


@jobs.handler("test.whole")
def whole(job: jobs.Job, series: str, number: int) -> None:
    for part in range(1, number + 1):
        add(series)
        jobs.progress(job, part, number)


@jobs.handler("test.die_once")
def die_once(job: jobs.Job, series: str) -> None:
    """Hangs on the first attempt, so that its worker can be killed."""
    add(series)
    if job.attempts == 1:
        time.sleep(120)


@jobs.handler("test.kill_worker")
def kill_worker() -> None:
    os._exit(9)


@jobs.handler("test.early")
def early(job: jobs.Job, series: str) -> None:
    """Comes too early until its own hour, which is kept in the code lists."""
    add(series)
    if not count("hour"):
        raise jobs.NotYet(periods.now() + timedelta(hours=2))


@jobs.handler("test.mourned")
def mourned(series: str) -> None:
    raise KeyError


@jobs.when_parked("test.mourned")
def mourn(job: jobs.Job) -> None:
    add(job.payload["series"])
    if job.payload["series"] == "broken":
        raise ZeroDivisionError


@jobs.handler("grants.test")
def of_grants() -> None:
    add("grants")
