"""A real Celery worker on the test's database and Redis, killed in the middle of its work."""

import time
from io import StringIO

import pytest
from django.core.management import call_command

from ceasefire import jobs
from ceasefire.jobs import services
from ceasefire.jobs.models import Job
from tests import programs
from tests.jobs.kinds import count

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

WORKER = (
    "-m", "celery", "--app", "ceasefire.celery", "worker", "--include", "tests.jobs.kinds",
    "--pool", "prefork", "--concurrency", "1", "--without-mingle", "--without-gossip",
    "--loglevel", "WARNING",
)  # fmt: skip


def wait_for(job: Job, *states: str, seconds: float = 60) -> str:
    """Look until the job is in one of the states; its last state after the time in any case."""
    deadline = time.monotonic() + seconds
    while True:
        job.refresh_from_db()
        if job.state in states or time.monotonic() > deadline:
            return job.state
        if job.state == Job.State.QUEUED:
            services.sweep()  # as beat would
        time.sleep(0.1)


def test_a_killed_workers_job_is_done_once_by_the_next_worker():
    job = jobs.enqueue("test.die_once", series="a")
    with programs.running(*WORKER) as worker:
        assert wait_for(job, "running") == "running"
        programs.kill_group(worker)
    job.refresh_from_db()
    assert (job.state, job.attempts, count("a")) == ("running", 1, 0)

    assert requeued_by_the_sweeper()
    with programs.running(*WORKER):
        assert wait_for(job, "done") == "done"
    assert (job.attempts, count("a")) == (2, 1)


def requeued_by_the_sweeper() -> bool:
    """PostgreSQL notices a killed client at its next word to it, so the lock goes in a moment."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if services.sweep()["requeued"]:
            return True
        time.sleep(0.2)
    return False


def test_a_job_that_kills_every_worker_is_parked_and_the_others_are_done():
    poison = jobs.enqueue("test.kill_worker")
    with programs.running(*WORKER):
        deadline = time.monotonic() + 60
        while wait_for(poison, "parked", seconds=1) != "parked" and time.monotonic() < deadline:
            services.sweep()
        assert (poison.state, poison.attempts, poison.error_kind) == ("parked", 5, "WorkerLost")
        out = StringIO()
        call_command("check_worker", within=60, stdout=out)
        assert out.getvalue().startswith("done in")
