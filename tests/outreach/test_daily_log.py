"""The log of a day: written from what was done, signed once, missed the next morning."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.urls import reverse

from ceasefire import periods, worklist
from outreach.exceptions import (
    ChangedMeanwhile,
    HoursMissing,
    LogIsSigned,
    NoSuchDay,
    NotForThisPerson,
    TooManyHours,
)
from outreach.models import DailyLog, LogHours
from outreach.services import contacts, daily_log, fieldwork, shifts
from tests.incidents.test_two_connections import meet
from tests.test_permissions import comparable

DAY = timedelta(days=1)


def today() -> date:
    return periods.now().date()


@pytest.fixture
def busy(case: Any, team: Any, basrah: Any) -> Any:
    """The worker met somebody, tried another, and canvassed; then came back."""
    one = case()
    contacts.record_contact(one, mode="home", by=team.worker, minutes=30)
    contacts.record_contact(case(), mode="phone", by=team.worker, attempt_only=True)
    slip = contacts.record_contact(one, mode="street", by=team.worker)
    contacts.take_back(slip, reason="slip", by=team.worker)
    fieldwork.record_event(by=team.worker, site=basrah, sort="canvass", people=22, minutes=45)
    back_at = periods.now() + timedelta(hours=1)
    out = shifts.start_shift(by=team.worker, site=basrah, back_at=back_at)
    shifts.end_shift(out, by=team.worker)
    return one


@pytest.mark.django_db
def test_a_day_is_written_already(busy: Any, team: Any) -> None:
    done = daily_log.written(team.worker, today(), reader=team.worker)
    assert {name: number for name, number in done.counts.items() if number} == {
        "contacts": 1,
        "attempts": 1,
        "events": 1,
        "shifts": 1,
    }
    assert done.minutes == {"caseload": 30, "street": 45}
    assert busy.code in [entry.code for entry in done.entries]
    assert done.entries == sorted(done.entries, key=lambda one: one.at)


@pytest.mark.django_db
def test_what_the_reader_may_not_see_is_counted_without_its_code(busy: Any, team: Any) -> None:
    busy.worker = team.worker2
    busy.save(update_fields=["worker"])
    done = daily_log.written(team.worker, today(), reader=team.worker)
    assert done.counts["contacts"] == 1
    assert busy.code not in [entry.code for entry in done.entries]
    assert busy.code in [
        entry.code
        for entry in daily_log.written(team.worker, today(), reader=team.supervisor).entries
    ]


@pytest.mark.django_db
def test_hours_are_kept_and_the_log_is_signed_once(busy: Any, team: Any) -> None:
    with pytest.raises(HoursMissing), transaction.atomic():
        daily_log.write_log(today(), by=team.worker, minutes={}, sign=True)
    with pytest.raises(TooManyHours), transaction.atomic():
        daily_log.write_log(today(), by=team.worker, minutes={"street": 900, "travel": 600})
    first = daily_log.write_log(today(), by=team.worker, minutes={"street": 120})
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        daily_log.write_log(today(), by=team.worker, minutes={}, version=first.version - 1)
    log = daily_log.write_log(
        today(), by=team.worker, minutes={"street": 180, "documentation": 60}, sign=True
    )
    assert log.signed_at is not None
    assert log.counts["contacts"] == 1
    assert [(row.activity, row.minutes) for row in log.hours.all()] == [
        ("street", 180),
        ("documentation", 60),
    ]
    with pytest.raises(LogIsSigned), transaction.atomic():
        daily_log.write_log(today(), by=team.worker, minutes={"street": 1})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outreach_dailylog SET signed_at = NULL",
        "UPDATE outreach_dailylog SET counts = '{}'",
        "UPDATE outreach_loghours SET minutes = 5",
        "DELETE FROM outreach_loghours",
        "INSERT INTO outreach_loghours (log_id, activity, minutes)"
        " SELECT id, 'travel', 5 FROM outreach_dailylog",
    ],
)
def test_the_database_keeps_a_signed_log(team: Any, statement: str) -> None:
    daily_log.write_log(today(), by=team.worker, minutes={"street": 60}, sign=True)
    with (
        pytest.raises((IntegrityError, ProgrammingError), match="never changed|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("days", [1, -32, -4000])
def test_only_the_last_days_are_written(team: Any, days: int) -> None:
    with pytest.raises(NoSuchDay), transaction.atomic():
        daily_log.write_log(today() + days * DAY, by=team.worker, minutes={"street": 60})


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["data", "auditor", "reo_staff", "administrator"])
def test_other_roles_write_no_log(make_user: Any, basrah: Any, role: str) -> None:
    with pytest.raises(NotForThisPerson), transaction.atomic():
        daily_log.write_log(today(), by=make_user(role, basrah), minutes={"street": 60})


def open_tasks(person: Any) -> int:
    return worklist.Task.objects.open().filter(assignee=person, kind=daily_log.UNSIGNED).count()


@pytest.mark.django_db
def test_an_unsigned_day_is_a_task_the_next_morning(busy: Any, team: Any) -> None:
    for _ in range(2):
        daily_log.remind(today())
    assert open_tasks(team.worker) == 1
    # Who did nothing is asked for nothing.
    assert open_tasks(team.worker2) == open_tasks(team.interrupter) == 0
    daily_log.write_log(today(), by=team.worker, minutes={"street": 60}, sign=True)
    assert open_tasks(team.worker) == 0
    daily_log.remind(today())
    assert open_tasks(team.worker) == 0


@pytest.mark.django_db
def test_who_only_mediated_is_asked_for_the_day_too(conflict: Any, session: Any, team: Any) -> None:
    made = session(conflict(by=team.worker2), by=team.worker2)
    daily_log.remind(periods.local_day(made.at))
    assert (open_tasks(team.worker2), open_tasks(team.interrupter)) == (1, 0)


@pytest.mark.django_db
def test_a_day_is_filled_in_and_signed_from_the_page(busy: Any, team: Any, client: Any) -> None:
    client.force_login(team.worker)
    page = client.get(reverse("outreach:log"))
    assert busy.code in page.content.decode()
    # What was noted with contacts and events stands there to begin with.
    assert page.context["form"].initial["caseload"] == 30
    bad = client.post(reverse("outreach:log"), {"street": "25", "travel": "soon", "sign": "1"})
    assert set(bad.context["form"].errors) == {"street", "travel"}
    typed = {"street": "٢:٣٠", "caseload": "1.5", "travel": "", "sign": "1"}
    client.post(reverse("outreach:log"), typed)
    hours = dict(LogHours.objects.values_list("activity", "minutes"))
    assert hours == {"street": 150, "caseload": 90}
    assert DailyLog.objects.get().signed_at is not None
    assert 'name="sign"' not in client.get(reverse("outreach:log")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["2026-02-31", "2026-13-01", "1999-01-01", "x"])
def test_what_is_no_day_is_no_address(team: Any, client: Any, day: str) -> None:
    client.force_login(team.worker)
    assert client.get(f"/outreach/log/{day}/").status_code == 404


@pytest.mark.django_db
def test_the_supervisor_reads_the_teams_logs_and_nobody_elses(
    busy: Any, team: Any, manager: Any, elsewhere: Any, make_user: Any, basrah: Any, client: Any
) -> None:
    log = daily_log.write_log(today(), by=team.worker, minutes={"street": 60}, sign=True)
    address = reverse("outreach:log_detail", args=[log.pk])
    absent = reverse("outreach:log_detail", args=[uuid.uuid4()])
    for person in (team.supervisor, manager):
        client.force_login(person)
        assert team.worker.code_name in client.get(reverse("outreach:log_team")).content.decode()
        assert client.get(address).status_code == 200
        for asked in ("x", "0001-01-01", "9999-12-31"):
            team_page = client.get(reverse("outreach:log_team"), {"day": asked})
            assert team_page.status_code == 200
    other = make_user("supervisor", basrah)
    for person in (team.worker2, other, elsewhere.supervisor, elsewhere.manager):
        client.force_login(person)
        answer = client.get(address)
        assert answer.status_code == 404
        assert comparable(answer) == comparable(client.get(absent))
    client.force_login(other)
    assert team.worker.code_name not in client.get(reverse("outreach:log_team")).content.decode()


@pytest.mark.django_db
def test_the_queries_of_a_day_do_not_grow(
    case: Any, team: Any, client: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        contacts.record_contact(case(), mode="home", by=team.worker)
    client.force_login(team.worker)
    with django_assert_max_num_queries(24):
        client.get(reverse("outreach:log"))


@pytest.mark.django_db(transaction=True)
def test_of_two_devices_that_sign_at_once_the_second_is_refused(team: Any) -> None:
    write = lambda number: daily_log.write_log(  # noqa: E731
        today(), by=team.worker, minutes={"street": number}, sign=True
    )
    came = meet(lambda: write(60), lambda: write(90))
    assert isinstance(came, LogIsSigned)
    assert LogHours.objects.get().minutes == 60
