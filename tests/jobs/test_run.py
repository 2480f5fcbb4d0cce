"""Running, failing, parking, stopping and sweeping, on real connections."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from ceasefire import jobs
from ceasefire.codes.models import Counter
from ceasefire.jobs import registry, services
from ceasefire.jobs.models import Job, PeriodicRun
from tests.jobs.kinds import count

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_broker(hints):
    """These tests run jobs by hand."""


def make_due() -> None:
    Job.objects.waiting().update(run_after=timezone.now() - timedelta(seconds=1))


def in_thread(function, *arguments):
    """Run on another connection, to its end."""

    def work():
        try:
            return function(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result(30)


def test_a_job_is_done_once():
    job = jobs.enqueue("test.count", series="a")
    assert jobs.run(job.pk) == "done"
    assert jobs.run(job.pk) is None
    job.refresh_from_db()
    assert (job.state, job.attempts, count("a")) == ("done", 1, 1)
    assert job.finished_at is not None


def test_eight_workers_on_one_job_are_one_run():
    job = jobs.enqueue("test.count", series="a")

    def run(_number):
        try:
            return jobs.run(job.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        states = list(threads.map(run, range(24)))
    assert sorted(filter(None, states)) == ["done"]
    assert count("a") == 1


def test_a_job_waits_for_its_time():
    job = jobs.enqueue("test.count", run_after=timezone.now() + timedelta(hours=1), series="a")
    assert jobs.run(job.pk) is None
    make_due()
    assert jobs.run(job.pk) == "done"


def test_a_failure_undoes_its_work_waits_and_is_tried_again(caplog):
    job = jobs.enqueue("test.fail_once", series="a")
    assert jobs.run(job.pk) == "queued"
    job.refresh_from_db()
    assert (job.attempts, job.error_kind, count("a")) == (1, "TimeoutError", 0)
    assert job.run_after > timezone.now()
    assert jobs.run(job.pk) is None  # not yet

    make_due()
    assert jobs.run(job.pk) == "done"
    job.refresh_from_db()
    assert (job.attempts, job.error_kind, count("a")) == (2, "", 1)


def test_a_poison_job_is_parked_after_five_attempts_and_says_no_more_than_its_error(caplog):
    job = jobs.enqueue("test.fail", series="a")
    waits = []
    for _ in range(4):
        assert jobs.run(job.pk) == "queued"
        job.refresh_from_db()
        waits.append(job.run_after - timezone.now())
        make_due()
    assert jobs.run(job.pk) == "parked"
    assert jobs.run(job.pk) is None
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error_kind) == ("parked", 5, "KeyError")
    assert waits == sorted(waits)
    assert list(Job.objects.parked()) == [job]
    assert count("a") == 0
    assert "kinds.py" in caplog.text
    assert "07701234567" not in caplog.text
    assert "محمد" not in caplog.text


def test_a_parked_job_can_be_tried_again(manager):
    job = jobs.enqueue("test.fail", series="a")
    Job.objects.filter(pk=job.pk).update(state="parked", finished_at=timezone.now(), attempts=5)
    assert jobs.retry(job, by=manager).state == "queued"
    assert jobs.run(job.pk) == "queued"
    with pytest.raises(jobs.JobRefusal):
        jobs.retry(job, by=manager)


@pytest.mark.parametrize("how", ["its handler raised", "its workers died"])
def test_what_is_to_be_done_when_a_job_is_parked_is_done_once_each_time(how, manager):
    job = jobs.enqueue("test.mourned", series="a")
    for times in (1, 2):
        died = {"state": "running", "started_at": timezone.now()}
        Job.objects.filter(pk=job.pk).update(
            attempts=4 if how == "its handler raised" else 5, **({} if "raised" in how else died)
        )
        services.sweep()
        make_due()
        jobs.run(job.pk)
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, count("a")) == ("parked", times)
        jobs.retry(job, by=manager)
        make_due()


def test_a_job_is_parked_even_where_nobody_can_be_told(caplog):
    job = jobs.enqueue("test.mourned", series="broken")
    Job.objects.update(attempts=4)
    assert jobs.run(job.pk) == "parked"
    assert count("broken") == 0
    assert "was parked untold: ZeroDivisionError" in caplog.text


def test_a_job_that_comes_too_early_waits_and_no_attempt_is_counted(caplog):
    job = jobs.enqueue("test.early", series="a")
    for _time in range(7):
        assert jobs.run(job.pk) == "queued"
        make_due()
    job.refresh_from_db()
    assert (job.attempts, job.error_kind, count("a")) == (0, "", 0)
    Counter.objects.create(series="hour", year=1, last=1)
    assert jobs.run(job.pk) == "done"


def test_a_job_that_comes_too_early_by_one_clock_waits_for_minutes_by_the_databases(monkeypatch):
    """Else a machine whose clock is behind would take it again and again."""
    long_past = timezone.now() - timedelta(days=1)
    monkeypatch.setattr("tests.jobs.kinds.periods.now", lambda: long_past)
    job = jobs.enqueue("test.early", series="a")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.run_after > timezone.now() + timedelta(minutes=4)


def test_a_job_that_kills_its_workers_is_parked_too():
    """Each attempt is counted before the work; here the workers left no other trace."""
    job = jobs.enqueue("test.count", series="a")
    Job.objects.filter(pk=job.pk).update(
        state="running", attempts=5, started_at=timezone.now(), heartbeat_at=timezone.now()
    )
    assert services.sweep()["requeued"] == 1
    assert jobs.run(job.pk) is None
    job.refresh_from_db()
    assert (job.state, job.error_kind, count("a")) == ("parked", "WorkerLost", 0)


def test_a_living_workers_job_is_not_taken_from_it():
    """One connection is at work; the sweeper and a second hint come on others."""
    job = jobs.enqueue("test.count", series="a")
    working, go_on = threading.Event(), threading.Event()
    real = services._call

    def slow(found, running):
        working.set()
        assert go_on.wait(20)
        real(found, running)

    def work():
        try:
            return services.run(job.pk)
        finally:
            connection.close()

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as thread:
        patch.setattr(services, "_call", slow)
        ours = thread.submit(work)
        assert working.wait(20)
        try:
            job.refresh_from_db()
            assert (job.state, job.attempts) == ("running", 1)  # counted before the work
            assert services.sweep()["requeued"] == 0
            assert jobs.run(job.pk) is None
        finally:
            go_on.set()
        assert ours.result(20) == "done"
    assert count("a") == 1


def test_a_dead_workers_job_goes_back_and_is_hinted_at_once(hints):
    job = jobs.enqueue("test.count", series="a")
    hints.clear()
    Job.objects.filter(pk=job.pk).update(state="running", attempts=1, started_at=timezone.now())
    assert services.sweep() == {"requeued": 1, "hinted": 1}
    assert hints == [job.pk]
    assert jobs.run(job.pk) == "done"


def test_a_redelivered_hint_takes_a_dead_workers_job_without_the_sweeper():
    job = jobs.enqueue("test.count", series="a")
    Job.objects.filter(pk=job.pk).update(state="running", attempts=1, started_at=timezone.now())
    assert jobs.run(job.pk) == "done"
    job.refresh_from_db()
    assert job.attempts == 2


def test_the_sweeper_hints_at_lost_rows_and_not_again_and_again(hints):
    lost = jobs.enqueue("test.count", series="a")
    fresh = jobs.enqueue("test.count", series="a")
    later = jobs.enqueue("test.count", run_after=timezone.now() + timedelta(hours=1), series="a")
    old = timezone.now() - timedelta(minutes=5)
    Job.objects.filter(pk=lost.pk).update(created_at=old, run_after=old)
    hints.clear()
    assert services.sweep()["hinted"] == 1
    assert hints == [lost.pk]
    assert services.sweep()["hinted"] == 0
    assert {fresh.pk, later.pk} & set(hints) == set()


def test_progress_is_seen_while_the_work_is_not_yet_committed():
    job = jobs.enqueue("test.whole", series="a", number=3)
    seen = []
    real = services._SideLine.execute

    def look(line, sql, parameters):
        row = real(line, sql, parameters)
        seen.append(in_thread(lambda: (Job.objects.get(pk=job.pk).percent, count("a"))))
        return row

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "PROGRESS_STEP_SECONDS", 0)
        patch.setattr(services._SideLine, "execute", look)
        assert jobs.run(job.pk) == "done"
    assert seen == [(33, 0), (66, 0), (100, 0)]
    assert count("a") == 3


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("test.whole", 0),  # one transaction: nothing of it stays
        ("test.parts", 1),  # its own transactions: what was committed stays
    ],
)
def test_a_running_job_stops_at_its_next_sign_of_progress(manager, monkeypatch, kind, kept):
    job = jobs.enqueue(kind, series="a", number=3)
    monkeypatch.setattr(services, "PROGRESS_STEP_SECONDS", 0)
    real = services.progress

    def asked_to_stop(running, done, total):
        in_thread(lambda: jobs.cancel(running, by=manager))
        real(running, done, total)

    monkeypatch.setattr(services, "progress", asked_to_stop)
    assert jobs.run(job.pk) == "cancelled"
    job.refresh_from_db()
    assert (job.state, count("a"), job.error_kind) == ("cancelled", kept, "")


def test_a_waiting_job_is_cancelled_at_once_and_a_finished_one_stays(manager):
    waiting = jobs.enqueue("test.count", series="a")
    assert jobs.cancel(waiting, by=manager).state == "cancelled"
    assert jobs.run(waiting.pk) is None
    done = jobs.enqueue("test.count", series="a")
    jobs.run(done.pk)
    assert jobs.cancel(done, by=manager).state == "done"
    assert count("a") == 1


def test_a_worker_without_handlers_of_a_kind_parks_nothing_silently():
    job = jobs.enqueue("test.count", series="a")
    Job.objects.filter(pk=job.pk).update(kind="test.gone")
    assert jobs.run(job.pk) == "queued"
    job.refresh_from_db()
    assert job.error_kind == "UnknownKind"


@pytest.fixture
def weekly(monkeypatch):
    """A provider that owes three weeks, the missed ones included."""
    monkeypatch.setattr(registry, "_providers", {})

    @jobs.periodic("test.weekly")
    def due():
        for week in ("2026-11-01", "2026-11-08", "2026-11-15"):
            yield jobs.Due(week, "test.count", {"series": "a"})


def test_two_beats_enter_a_period_once(weekly):
    def beat(_number):
        try:
            return services.enter_due_periods()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        entered = sum(threads.map(beat, range(12)))
    assert entered == 3
    assert PeriodicRun.objects.filter(job__isnull=False).count() == 3
    assert jobs.work_due() == 3
    assert count("a") == 3
    assert services.enter_due_periods() == 0


def test_a_provider_that_fails_leaves_the_others_alone(weekly, caplog):
    @jobs.periodic("test.broken")
    def broken():
        yield jobs.Due("2026-11-01", "test.count", {"series": "b"})
        raise RuntimeError("علي")

    assert services.enter_due_periods() == 3
    assert not PeriodicRun.objects.filter(name="test.broken").exists()
    assert "RuntimeError" in caplog.text
    assert "علي" not in caplog.text


def test_the_due_jobs_can_be_run_without_worker_and_redis():
    for _ in range(3):
        jobs.enqueue("test.count", series="a")
    out = StringIO()
    call_command("work_jobs", stdout=out)
    assert (out.getvalue(), count("a")) == ("3 jobs run\n", 3)


def test_workers_that_take_nothing_are_found_out():
    with pytest.raises(CommandError) as refused:
        call_command("check_worker", within=0.1)
    assert refused.value.returncode == 1
