"""A job is entered with what makes it necessary, once, and carries no identity."""

import os
import uuid
from datetime import date

import pytest
from celery import current_app
from django.db import ProgrammingError, connection, transaction

from ceasefire import jobs
from ceasefire.database.session import acting
from ceasefire.jobs import broker, tasks
from ceasefire.jobs.models import Job
from ceasefire.people.roles import Role


@pytest.mark.django_db(transaction=True)
def test_a_rollback_leaves_no_job_and_no_hint(hints):
    with transaction.atomic():
        jobs.enqueue("test.count", series="a")
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert hints == []


@pytest.mark.django_db(transaction=True)
def test_a_commit_leaves_the_job_and_then_a_hint(hints, basrah, worker):
    with transaction.atomic():
        job = jobs.enqueue("test.count", key="once", by=worker, site=basrah, series="a")
        assert hints == []
    assert hints == [job.pk]
    kept = Job.objects.get()
    assert (kept.kind, kept.key, kept.payload) == ("test.count", "once", {"series": "a"})
    assert (kept.state, kept.attempts, kept.by, kept.site) == ("queued", 0, worker, basrah)


@pytest.mark.django_db(transaction=True)
def test_a_key_enters_once(hints):
    first = jobs.enqueue("test.count", key="week/2026-11-15", series="a")
    second = jobs.enqueue("test.count", key="week/2026-11-15", series="a")
    assert first.pk == second.pk
    assert hints == [first.pk]
    jobs.run(first.pk)
    assert jobs.enqueue("test.count", key="week/2026-11-15", series="a").state == "done"
    assert Job.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "carried"),
    [
        (7, 7),
        (True, True),
        (None, None),
        (uuid.UUID(int=5), str(uuid.UUID(int=5))),
        (date(2026, 11, 22), "2026-11-22"),
        ("BASRAH-CENTRE", "BASRAH-CENTRE"),
        ([1, 2], [1, 2]),
    ],
)
def test_ids_days_and_codes_are_carried(hints, value, carried):
    assert jobs.enqueue("test.count", series=value).payload == {"series": carried}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value", ["علي", "two words", "x" * 101, "", 1.5, {"a": 1}, object(), ["two words"]]
)
def test_nothing_that_could_be_a_name_or_a_note_is_carried(value):
    with pytest.raises(jobs.UnsafePayload):
        jobs.enqueue("test.count", series=value)
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_a_kind_nobody_handles_is_refused_when_it_is_entered():
    with pytest.raises(jobs.UnknownKind):
        jobs.enqueue("test.misspelt")


def test_a_kind_has_one_handler():
    with pytest.raises(ValueError, match="handler already"):
        jobs.handler("test.count")(lambda: None)


@pytest.mark.django_db(transaction=True)
def test_a_reo_role_enters_work_of_its_own_side_only(hints, make_user):
    reo = make_user(Role.REO_STAFF)
    with acting(reo):
        job = jobs.enqueue("grants.test", by=reo)
    assert hints == [job.pk]

    with pytest.raises(ProgrammingError, match="may not enter"), acting(reo):
        jobs.enqueue("test.count", series="a")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM jobs_job",
        "INSERT INTO jobs_job (kind) VALUES ('test.count')",
        "UPDATE jobs_job SET state = 'done'",
        "DELETE FROM jobs_job",
        "TRUNCATE jobs_job",
        "SELECT 1 FROM jobs_periodicrun",
    ],
)
def test_the_reo_role_has_no_right_on_the_outbox(statement):
    def attempt() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE ceasefire_reo")
            cursor.execute(statement)

    with pytest.raises(ProgrammingError, match="permission denied"):
        attempt()


@pytest.mark.django_db(transaction=True)
def test_with_the_broker_away_a_job_is_entered_all_the_same(monkeypatch, caplog):
    """The real client against a port where nobody listens; asked once, then left alone a while."""
    asked = []
    real = tasks.run.apply_async

    def send(arguments, **options):
        asked.append(arguments[0])
        return real(arguments, **options)

    away = current_app.connection_for_write(
        "redis://127.0.0.1:1/0", transport_options={"max_retries": 0}
    )
    monkeypatch.setattr(broker, "_connections", {os.getpid(): away})
    monkeypatch.setattr(tasks.run, "apply_async", send)
    for _ in range(3):
        jobs.enqueue("test.count", series="a")

    assert Job.objects.waiting().count() == 3
    assert len(asked) == 1
    assert "the sweeper will find it" in caplog.text


@pytest.mark.django_db
def test_who_sees_which_jobs(hints, make_user, basrah, zubair, worker, manager):
    own = jobs.enqueue("test.count", by=worker, site=zubair, series="a")
    at_site = jobs.enqueue("test.count", site=basrah, series="a")
    of_nobody = jobs.enqueue("test.count", series="a")

    def seen(user):
        return set(Job.objects.visible_to(user).values_list("pk", flat=True))

    assert seen(worker) == {own.pk}
    assert seen(manager) == {at_site.pk}
    assert seen(make_user(Role.ADMINISTRATOR)) == {own.pk, at_site.pk, of_nobody.pk}
    assert seen(make_user(Role.AUDITOR)) == set()


def test_a_hint_never_raises(monkeypatch):
    def broken(*_arguments, **_options):
        raise RuntimeError

    monkeypatch.setattr(tasks.run, "apply_async", broken)
    assert broker.hint(1) is False
