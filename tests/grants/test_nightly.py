"""The nightly check of the ledger: what it finds is kept, told, and never silent."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, connection
from django.urls import reverse

from ceasefire import jobs, periods
from ceasefire.database.roles import as_owner
from ceasefire.jobs.models import Job
from ceasefire.people.roles import Role
from ceasefire.worklist.kinds import kind_of
from ceasefire.worklist.models import Notification
from grants.models import LedgerCheck, LedgerEntry
from grants.services import nightly, verification
from grants.tasks.ledger import CHECK, due_nights
from tests.grants import office as world

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(make_user: Any, basrah: Any) -> Any:
    """Who is to hear of it, and what each was told."""
    manager = make_user(Role.MANAGER, basrah, username="the.manager")
    make_user(Role.WORKER, basrah, username="a.worker")

    def notices() -> set[tuple[str, str]]:
        return set(Notification.objects.values_list("recipient__username", "kind"))

    notices.manager = manager  # type: ignore[attr-defined]
    return notices


def night(key: str = "tonight") -> Job:
    """One run of the check, as the worker runs it."""
    job = jobs.enqueue(CHECK, key=key)
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def tamper(sql: str) -> None:
    """Change a row behind the guards' back, as only the owner of the database can."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE grants_ledgerentry DISABLE TRIGGER USER")
        cursor.execute(sql)
        cursor.execute("ALTER TABLE grants_ledgerentry ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_a_night_is_due_once_a_day():
    (due,) = due_nights()

    assert (due.period, due.kind) == (periods.now().date().isoformat(), CHECK)
    assert jobs.enter_period(due, name="grants.ledger") is not None
    assert jobs.enter_period(due, name="grants.ledger") is None


def test_a_ledger_that_holds_is_written_down_and_tells_nobody(office, grant_in, told):
    grant_in("AWARDED")

    assert night().state == "done"

    check = LedgerCheck.objects.get()
    assert (check.outcome, check.entries) == ("WHOLE", LedgerEntry.objects.count())
    assert check.head_hash == verification.head()["hash"]
    assert told() == set()
    assert not nightly.is_late()
    with pytest.raises(Error, match="never changed|permission denied"):
        LedgerCheck.objects.update(outcome="WHOLE")


def test_a_changed_posting_is_told_once_a_day_and_stands_on_the_page_of_work(
    office, grant_in, told, client, make_user
):
    grant_in("AWARDED")
    tamper("UPDATE grants_ledgerentry SET amount_usd = amount_usd + 1, amount = amount + 1"
           " WHERE seq = 2")  # fmt: skip

    job = night()
    jobs.run(job.pk)

    assert (job.state, job.error_kind) == ("queued", "LedgerDoesNotHold")
    check = LedgerCheck.objects.first()
    assert (check.outcome, check.broken) == ("BROKEN", 2)
    assert check.fault_count >= 2
    assert told() == {("the.manager", "ledger.broken"), ("reo.auditor", "ledger.broken")}
    page = reverse("grants:ledger_check_list")
    client.force_login(make_user(Role.ADMINISTRATOR, username="the.administrator"))
    work = client.get(reverse("oversight:job_list")).content
    assert b"LedgerDoesNotHold" in work
    assert page.encode() in work
    client.force_login(told.manager)
    seen = client.get(page).content
    assert b"Something does not hold" in seen
    assert b"QRF-" not in seen
    assert b"The ledger of the grants does not hold." in client.get("/notifications/").content
    assert kind_of("ledger.broken").address(check.code) == page
    client.force_login(office.auditor)
    assert b"QRF-" in client.get(page).content


def test_a_tail_that_was_cut_between_two_nights_is_found(office, grant_in, told):
    grant_in("AWARDED")
    night("first")
    tamper("DELETE FROM grants_ledgerentry WHERE seq = 2")

    night("second")

    check = LedgerCheck.objects.first()
    assert (check.outcome, check.broken) == ("BROKEN", 2)
    assert check.why.startswith("cut off")


def test_a_check_that_could_not_run_says_so(office, told, monkeypatch):
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise MemoryError("of QRF-2026-0001")

    monkeypatch.setattr(verification, "verify", fails)

    job = night()

    assert (job.state, job.error_kind) == ("queued", "MemoryError")
    check = LedgerCheck.objects.get()
    assert (check.outcome, check.error_kind) == ("FAILED", "MemoryError")
    assert told() == {("the.manager", "ledger.failed"), ("reo.auditor", "ledger.failed")}
    assert nightly.is_late()


def test_nights_without_a_check_are_told_by_the_next(office, told, monkeypatch):
    assert nightly.is_late()
    night("first")
    assert told() == set()
    later = periods.now() + timedelta(days=3)
    monkeypatch.setattr(periods, "now", lambda: later)

    assert nightly.is_late()
    nightly.check()

    assert told() == {("the.manager", "ledger.late"), ("reo.auditor", "ledger.late")}


def test_who_may_lets_it_run_now(office, told, client):
    client.force_login(office.auditor)
    assert client.post(reverse("grants:ledger_check_now")).status_code == 302
    assert client.post(reverse("grants:ledger_check_now")).status_code == 302
    assert Job.objects.filter(kind=CHECK).count() in (1, 2)  # at most one a minute
    client.force_login(office.officer)
    assert client.post(reverse("grants:ledger_check_now")).status_code == 403
    assert client.get(reverse("grants:ledger_check_list")).status_code == 200


def test_every_posting_of_a_grant_that_was_closed_holds(office, fund):
    world.move(office, world.draft(office, fund, 700), "CLOSED")

    assert nightly.check().outcome == "WHOLE"
