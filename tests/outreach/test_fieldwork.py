"""Events, materials, group sessions; going out, and who is missed."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.urls import reverse

from ceasefire import periods, vault, worklist
from ceasefire.places.models import Zone
from outreach.exceptions import (
    BackTooLate,
    CaseIsClosed,
    InTheFuture,
    KeyTaken,
    NotAColleague,
    NotForThisPerson,
    OutAlready,
    ShiftIsOver,
    TakenBackAlready,
)
from outreach.models import Contact, FieldEvent, Shift
from outreach.services import consent, contacts, fieldwork, shifts
from tests.incidents.test_two_connections import meet
from tests.test_permissions import comparable

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


# --- events ---------------------------------------------------------------------------------------


def record(by: Any, site: Any, sort: str = "canvass", **facts: Any) -> FieldEvent:
    return fieldwork.record_event(by=by, site=site, sort=sort, **facts)


@pytest.mark.django_db
def test_each_sort_is_recorded_with_what_belongs_to_it(worker: Any, basrah: Any) -> None:
    canvass = record(worker, basrah, people=22, minutes=60)
    vigil = record(
        worker,
        basrah,
        "event",
        kind="vigil",
        cost=Decimal("25000"),
        currency="IQD",
        attendance={("m", "18-24"): 30, ("f", "25-34"): 12, ("f", "65+"): 0},
        note="حضر شيخ العشيرة",
    )
    posters = record(worker, basrah, "materials", kind="poster", quantity=120)
    assert [one.code[:4] for one in (canvass, vigil, posters)] == ["EVT-"] * 3
    assert (vigil.people, vigil.attendance.count()) == (42, 2)
    assert vault.unseal(vigil, "note", by=worker) == "حضر شيخ العشيرة"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sort", "facts"),
    [
        ("canvass", {"kind": "vigil"}),
        ("event", {}),
        ("event", {"kind": "poster"}),
        ("party", {"kind": "vigil"}),
    ],
)
def test_a_kind_belongs_to_its_sort(worker: Any, basrah: Any, sort: str, facts: Any) -> None:
    with pytest.raises(ValueError, match="is no"), transaction.atomic():
        record(worker, basrah, sort, **facts)


@pytest.mark.django_db
def test_the_database_refuses_what_belongs_to_another_sort(worker: Any, basrah: Any) -> None:
    bad_cost = {"cost": Decimal(-5), "currency": "IQD"}
    for facts in ({"quantity": 5}, bad_cost, {"people": 30_000}):
        with pytest.raises(IntegrityError), transaction.atomic():
            record(worker, basrah, **facts)


@pytest.mark.django_db
def test_a_session_makes_a_contact_of_each_who_was_there(case: Any, team: Any, basrah: Any) -> None:
    present, key = [case(), case()], uuid.uuid4()
    for _ in range(2):
        event = record(
            team.worker, basrah, "group", kind="anger", participants=present, minutes=90, key=key
        )
    assert event.people == 2
    rows = Contact.objects.filter(session__event=event)
    assert {(row.mode, row.face, row.minutes) for row in rows} == {("group", True, 90)}
    assert rows.count() == 2
    assert FieldEvent.objects.count() == 1

    fieldwork.take_back_event(event, by=team.worker)
    assert not Contact.objects.standing().exists()
    with pytest.raises(TakenBackAlready), transaction.atomic():
        fieldwork.take_back_event(event, by=team.worker)


@pytest.mark.django_db
def test_a_session_with_somebody_elses_case_or_a_closed_one_is_refused_whole(
    case: Any, team: Any, basrah: Any
) -> None:
    for stranger, refusal in (
        (case(by=team.worker2), NotForThisPerson),
        (case(status="closed"), CaseIsClosed),
    ):
        with pytest.raises(refusal), transaction.atomic():
            record(team.worker, basrah, "group", kind="law", participants=[case(), stranger])
    assert not Contact.objects.exists()


@pytest.mark.django_db
def test_who_was_there_is_shown_as_far_as_the_reader_may_see(
    case: Any, team: Any, basrah: Any, client: Any
) -> None:
    mine, hers = case(), case(by=team.worker2, team=[team.worker])
    event = record(team.worker, basrah, "group", kind="work", participants=[mine, hers])
    client.force_login(team.worker2)
    body = client.get(reverse("outreach:event_detail", args=[event.code])).content.decode()
    assert hers.code in body
    assert mine.code not in body
    assert "and 1 other" in body


@pytest.mark.django_db
def test_the_note_of_a_session_is_for_who_sees_somebody_present_or_the_author(
    case: Any, team: Any, manager: Any, make_user: Any, basrah: Any, client: Any
) -> None:
    hers = case(by=team.worker2, team=[team.worker])
    stranger, boss = make_user("worker", basrah), make_user("supervisor", basrah)
    kept = "Haider spoke of his brother"
    event = record(
        team.worker, basrah, "group", kind="work", participants=[case(), hers], note=kept
    )
    for person, reads in (
        (team.worker, True),
        (team.worker2, True),
        (team.supervisor, True),
        (manager, True),
        (team.interrupter, False),
        (stranger, False),
        (boss, False),
    ):
        client.force_login(person)
        body = client.get(reverse("outreach:event_detail", args=[event.code])).content.decode()
        assert event.code in body
        assert (kept in body) is reads, person

    # Who was not there after all opens it to nobody.
    contacts.take_back(
        Contact.objects.get(session__event=event, participant=hers), reason="facts", by=team.worker
    )
    assert not fieldwork.may_read_note(event, team.worker2)


@pytest.mark.django_db
def test_the_note_of_a_session_goes_with_the_consent_of_one_who_was_there(
    case: Any, team: Any, basrah: Any, client: Any
) -> None:
    one, other = case(), case()
    facts = {"kind": "work", "note": "about both"}
    shared = record(team.worker, basrah, "group", participants=[one, other], **facts)
    without = record(team.worker, basrah, "group", participants=[other], **facts)
    consent.withdraw_consent(one, manner="spoken", by=team.worker)
    consent.erase(one.pk)
    assert vault.unseal(shared, "note", by=team.worker) == ""
    assert vault.unseal(without, "note", by=team.worker) == "about both"
    client.force_login(team.worker)
    form = client.get(reverse("outreach:event_new"), {"sort": "group"}).content.decode()
    assert "Erased when one of those present takes consent back." in form


@pytest.mark.django_db
def test_only_staff_of_the_site_record_there_and_only_the_author_takes_back(
    team: Any, manager: Any, elsewhere: Any, make_user: Any, basrah: Any
) -> None:
    event = record(team.worker, basrah)
    for stranger in (elsewhere.worker, make_user("data", basrah), make_user("auditor")):
        with pytest.raises(NotForThisPerson), transaction.atomic():
            record(stranger, basrah)
    for person in (team.supervisor, manager, elsewhere.worker):
        with pytest.raises(NotForThisPerson), transaction.atomic():
            fieldwork.take_back_event(event, by=person)
    key = uuid.uuid4()
    record(team.worker, basrah, key=key)
    with pytest.raises(KeyTaken), transaction.atomic():
        record(team.worker2, basrah, key=key)
    with pytest.raises(InTheFuture), transaction.atomic():
        record(team.worker, basrah, at=periods.now() + HOUR)


@pytest.mark.django_db
def test_the_application_changes_nothing_of_an_event_but_that_it_was_taken_back(
    worker: Any, basrah: Any
) -> None:
    record(worker, basrah)
    for verb in (
        "UPDATE outreach_fieldevent SET people = 5",
        "DELETE FROM outreach_fieldevent",
        "UPDATE outreach_eventattendance SET people = 5",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(verb)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"people": "-1"}, "people"),
        ({"people": "30000"}, "people"),
        ({"people": "3", "came_m_18-24": "5"}, "people"),
        ({"came_f_65+": "x"}, "came_f_65+"),
        ({"cost": "1e9"}, "cost"),
        ({"cost": "١٢٣.٤٥٦"}, "cost"),
        ({"at": "22/11/2100 10:00"}, "at"),
        ({"at": "01/01/1900 10:00"}, "at"),
        ({"incident": "INC-2026-999999"}, "incident"),
        ({"incident": "\x00"}, "incident"),
        ({"note": "a" * 2001}, "note"),
        ({"zone": "999999"}, "zone"),
        ({"place": "1; DROP"}, "place"),
        ({"currency": "EUR"}, "currency"),
    ],
)
def test_bad_input_is_said_at_its_field(
    worker: Any, basrah: Any, client: Any, typed: dict[str, str], field: str
) -> None:
    client.force_login(worker)
    facts = {"sort": "event", "kind": "vigil", "key": uuid.uuid4(), "currency": "IQD", **typed}
    answer = client.post(reverse("outreach:event_new"), facts)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not FieldEvent.objects.exists()


@pytest.mark.django_db
def test_an_event_is_recorded_from_the_page(worker: Any, basrah: Any, client: Any) -> None:
    client.force_login(worker)
    chosen = client.get(reverse("outreach:event_new"))
    assert "sort=event" in chosen.content.decode()
    answer = client.post(
        reverse("outreach:event_new"),
        {
            "sort": "event",
            "kind": "meal",
            "key": uuid.uuid4(),
            "cost": "٢٥٠٠٠",
            "currency": "IQD",
            "came_m_18-24": "۱۲",
        },
    )
    event = FieldEvent.objects.get()
    assert answer["Location"] == reverse("outreach:event_detail", args=[event.code])
    assert (event.cost, event.people) == (Decimal(25000), 12)
    assert event.code in client.get(reverse("outreach:event_list")).content.decode()


@pytest.mark.django_db
def test_an_event_of_another_site_answers_like_an_absent_one(
    worker: Any, basrah: Any, elsewhere: Any, client: Any
) -> None:
    event = record(worker, basrah)
    client.force_login(elsewhere.worker)
    assert event.code not in client.get(reverse("outreach:event_list")).content.decode()
    for name, verb in (("event_detail", client.get), ("event_take_back", client.post)):
        there = verb(reverse(f"outreach:{name}", args=[event.code]))
        absent = verb(reverse(f"outreach:{name}", args=["EVT-2026-99999"]))
        assert there.status_code == 404
        assert comparable(there) == comparable(absent)


@pytest.mark.django_db
def test_the_queries_of_the_list_do_not_grow(
    worker: Any, basrah: Any, client: Any, django_assert_max_num_queries: Any
) -> None:
    zone = Zone.objects.create(site=basrah, code="Z1", name_en="A", name_ar="أ")
    for _ in range(30):
        record(worker, basrah, zone=zone)
    client.force_login(worker)
    with django_assert_max_num_queries(14):
        client.get(reverse("outreach:event_list"))


# --- shifts ---------------------------------------------------------------------------------------


@pytest.fixture
def out(team: Any, basrah: Any) -> Shift:
    """The worker is out for an hour, with the second worker as a buddy."""
    return shifts.start_shift(
        by=team.worker, site=basrah, back_at=periods.now() + HOUR, buddy=team.worker2
    )


def told(person: Any) -> int:
    return worklist.Notification.objects.filter(recipient=person, kind=shifts.MISSED).count()


def tasks(person: Any) -> int:
    return worklist.Task.objects.open().filter(assignee=person, kind=shifts.MISSED).count()


@pytest.mark.django_db
def test_who_does_not_come_back_is_missed_by_buddy_and_supervisor_then_by_the_manager(
    out: Shift, team: Any, manager: Any
) -> None:
    due = out.expected_end_at
    assert not shifts.is_due(due + 9 * MINUTE)
    assert shifts.is_due(due + 10 * MINUTE)
    for _ in range(2):
        shifts.raise_alarms(at=due + 10 * MINUTE)
    assert (told(team.supervisor), told(team.worker2), told(manager)) == (1, 1, 0)
    assert tasks(team.supervisor) == 1

    assert not shifts.is_due(due + 39 * MINUTE)
    for _ in range(2):
        shifts.raise_alarms(at=due + 40 * MINUTE)
    assert (told(manager), tasks(manager)) == (1, 1)

    shifts.end_shift(out, by=team.supervisor)
    assert tasks(team.supervisor) == tasks(manager) == 0
    assert Shift.objects.get().cleared_by == team.supervisor
    assert not shifts.is_due(due + 24 * HOUR)


@pytest.mark.django_db
def test_a_supervisor_of_another_role_by_now_leaves_the_alarm_to_the_manager(
    out: Shift, team: Any, manager: Any
) -> None:
    team.supervisor.role = "data"
    team.supervisor.save(update_fields=["role"])
    assert shifts.raise_alarms(at=out.expected_end_at + 10 * MINUTE) == 1
    assert (tasks(team.supervisor), tasks(manager)) == (0, 1)


@pytest.mark.django_db
def test_a_sign_of_life_ends_the_alarm_and_begins_anew(out: Shift, team: Any) -> None:
    shifts.raise_alarms(at=out.expected_end_at + 10 * MINUTE)
    later = shifts.check_in(out, back_at=periods.now() + 2 * HOUR, by=team.worker)
    assert tasks(team.supervisor) == 0
    assert not shifts.is_due(later.expected_end_at)
    shifts.raise_alarms(at=later.expected_end_at + 10 * MINUTE)
    assert told(team.supervisor) == 2


@pytest.mark.django_db
def test_one_shift_at_a_time_within_sixteen_hours_with_a_colleague(
    out: Shift, team: Any, basrah: Any, elsewhere: Any
) -> None:
    soon = periods.now() + HOUR
    with pytest.raises(OutAlready), transaction.atomic():
        shifts.start_shift(by=team.worker, site=basrah, back_at=soon)
    for back_at in (periods.now() - HOUR, periods.now() + 17 * HOUR):
        with pytest.raises(BackTooLate), transaction.atomic():
            shifts.start_shift(by=team.worker2, site=basrah, back_at=back_at)
    with pytest.raises(NotAColleague), transaction.atomic():
        shifts.start_shift(by=team.worker2, site=basrah, back_at=soon, buddy=elsewhere.worker)
    with pytest.raises(NotForThisPerson), transaction.atomic():
        shifts.start_shift(by=elsewhere.worker, site=basrah, back_at=soon)
    with pytest.raises(NotForThisPerson), transaction.atomic():
        shifts.end_shift(out, by=team.worker2)
    shifts.end_shift(out, by=team.worker)
    with pytest.raises(ShiftIsOver), transaction.atomic():
        shifts.end_shift(out, by=team.worker)


@pytest.mark.django_db
def test_out_and_back_from_the_page(team: Any, client: Any) -> None:
    client.force_login(team.worker)
    at = (periods.now() + 2 * HOUR).strftime("%H:%M")
    bad = client.post(reverse("outreach:shift"), {"key": uuid.uuid4(), "back_at": "25:00"})
    assert "back_at" in bad.context["form"].errors
    client.post(reverse("outreach:shift"), {"key": uuid.uuid4(), "back_at": at})
    one = Shift.objects.get()
    assert "I am back" in client.get(reverse("outreach:shift")).content.decode()
    client.post(reverse("outreach:shift_later", args=[one.pk]), {"back_at": at})
    client.post(reverse("outreach:shift_end", args=[one.pk]))
    assert Shift.objects.get().ended_at is not None


@pytest.mark.django_db
def test_who_works_at_two_sites_says_at_which(
    team: Any, basrah: Any, zubair: Any, client: Any
) -> None:
    person = team.worker
    person.sites.set([basrah, zubair])
    zone = Zone.objects.create(site=basrah, code="CENTRE-9", name_en="Nine", name_ar="تسعة")
    client.force_login(person)
    at = (periods.now() + HOUR).astimezone(periods.BAGHDAD).strftime("%H:%M")

    def send(**more: Any) -> Any:
        sent = {"key": uuid.uuid4(), "back_at": at, **more}
        return client.post(reverse("outreach:shift"), sent)

    assert "site" in send().context["form"].errors
    assert "zone" in send(site=zubair.code, zone=zone.pk).context["form"].errors
    assert "buddy" in send(site=zubair.code, buddy=team.worker2.pk).context["form"].errors
    assert send(site=zubair.code).status_code == 302
    assert Shift.objects.get().site == zubair


def test_a_shift_is_read_by_the_team_alone(
    out: Shift, team: Any, manager: Any, elsewhere: Any, client: Any
) -> None:
    address = reverse("outreach:shift_detail", args=[out.pk])
    absent = reverse("outreach:shift_detail", args=[uuid.uuid4()])
    for person in (team.worker, team.worker2, team.supervisor, manager):
        client.force_login(person)
        assert client.get(address).status_code == 200
    for person in (team.interrupter, elsewhere.supervisor, elsewhere.manager):
        client.force_login(person)
        answer = client.get(address)
        assert answer.status_code == 404
        assert comparable(answer) == comparable(client.get(absent))


@pytest.mark.django_db(transaction=True)
def test_who_comes_back_while_the_alarm_is_raised_is_not_missed(out: Shift, team: Any) -> None:
    late = out.expected_end_at + 10 * MINUTE
    came = meet(lambda: shifts.end_shift(out, by=team.worker), lambda: shifts.raise_alarms(at=late))
    assert came == 0
    assert told(team.supervisor) == 0


@pytest.mark.django_db(transaction=True)
def test_one_event_sent_twice_at_once_is_one(worker: Any, basrah: Any) -> None:
    key = uuid.uuid4()
    came = meet(lambda: record(worker, basrah, key=key), lambda: record(worker, basrah, key=key))
    assert came == FieldEvent.objects.get()


@pytest.mark.django_db(transaction=True)
def test_one_shift_sent_twice_at_once_is_one(worker: Any, basrah: Any) -> None:
    key, back_at = uuid.uuid4(), periods.now() + HOUR

    def go() -> Shift:
        return shifts.start_shift(by=worker, site=basrah, back_at=back_at, key=key)

    came = meet(go, go)
    assert came == Shift.objects.get()
