"""Recording contacts, taking one back, and what the case keeps of them."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse

from ceasefire import periods, vault, worklist
from ceasefire.audit.models import AuditEvent
from ceasefire.places.models import Site
from outreach.exceptions import (
    CaseIsClosed,
    InTheFuture,
    KeyTaken,
    NextDayNotAhead,
    NotAColleague,
    NotForThisPerson,
    SiteIsReadOnly,
    TakenBackAlready,
    TooLongAgo,
)
from outreach.models import Contact, ContactTakenBack, Participant
from outreach.services import cases, contacts
from tests.incidents.test_two_connections import in_a_thread, waits_for_a_lock
from tests.test_permissions import comparable

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def anew(case: Participant) -> Participant:
    return Participant.objects.get(pk=case.pk)


def seen(case: Participant, by: Any, **facts: Any) -> Contact:
    return contacts.record_contact(case, by=by, **{"mode": "street", **facts})


# --- recording ------------------------------------------------------------------------------------


def test_a_contact_is_recorded_now_and_the_case_keeps_the_last(case: Any, worker: Any) -> None:
    one = case()
    made = seen(one, worker, risk_signal="tense", next_contact_on=periods.now().date() + 2 * DAY)

    kept = anew(one)
    assert made.face
    assert (kept.last_contact_at, kept.last_face_at) == (made.at, made.at)
    assert kept.risk_signal == "tense"
    assert kept.next_contact_on == periods.now().date() + 2 * DAY
    # Nobody who writes in a form of the case is turned away for it.
    assert kept.version == one.version


@pytest.mark.parametrize(
    ("mode", "face"),
    [("street", True), ("home", True), ("group", True), ("phone", False), ("family", False)],
)
def test_only_meeting_is_face_to_face(case: Any, worker: Any, mode: str, face: bool) -> None:
    one = case()
    assert seen(one, worker, mode=mode).face is face
    assert (anew(one).last_face_at is not None) is face


def test_an_attempt_is_no_contact(case: Any, worker: Any) -> None:
    one = case(next_contact_on=periods.now().date())
    seen(one, worker, attempt_only=True)
    assert anew(one).last_contact_at is None
    # Nobody was met, so the visit still stands.
    assert anew(one).next_contact_on == periods.now().date()


def test_a_visit_that_was_made_is_no_longer_planned(case: Any, worker: Any) -> None:
    today = periods.now().date()
    one, other = case(next_contact_on=today), case(next_contact_on=today + DAY)
    seen(one, worker)
    seen(other, worker, mode="phone")
    assert anew(one).next_contact_on is None
    assert anew(other).next_contact_on == today + DAY


def test_what_was_heard_stays_until_somebody_looks_again(case: Any, worker: Any) -> None:
    one = case()
    seen(one, worker, risk_signal="tense")
    seen(one, worker)
    assert anew(one).risk_signal == "tense"
    seen(one, worker, risk_signal="calm")
    assert anew(one).risk_signal == "calm"


def test_what_is_written_up_late_does_not_hide_what_is_newer(case: Any, worker: Any) -> None:
    one = case()
    last = seen(one, worker, risk_signal="calm")
    seen(one, worker, mode="home", at=last.at - 2 * DAY, risk_signal="tense")
    kept = anew(one)
    assert (kept.last_contact_at, kept.risk_signal) == (last.at, "calm")


def test_the_note_lies_in_the_vault_only(case: Any, worker: Any) -> None:
    one = case()
    made = seen(one, worker, note="  وعد بأن يسلّم السلاح ")
    assert vault.unseal(made, "note", by=worker) == "وعد بأن يسلّم السلاح"
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM outreach_contact c")
        assert "السلاح" not in cursor.fetchone()[0]
    assert "السلاح" not in str(list(AuditEvent.objects.values()))


def test_a_form_sent_twice_records_once(case: Any, worker: Any) -> None:
    one, key = case(), uuid.uuid4()
    assert seen(one, worker, key=key).pk == seen(one, worker, key=key).pk
    assert Contact.objects.count() == 1
    with pytest.raises(KeyTaken), transaction.atomic():
        seen(case(), worker, key=key)


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"at": HOUR}, InTheFuture),
        ({"at": -400 * DAY}, TooLongAgo),
        ({"next": -DAY}, NextDayNotAhead),
        ({"next": 400 * DAY}, NextDayNotAhead),
    ],
)
def test_moments_that_cannot_be_are_refused(
    case: Any, worker: Any, facts: dict[str, Any], refusal: type[Exception]
) -> None:
    given: dict[str, Any] = {}
    if "at" in facts:
        given["at"] = periods.now() + facts["at"]
    if "next" in facts:
        given["next_contact_on"] = periods.now().date() + facts["next"]
    with pytest.raises(refusal), transaction.atomic():
        seen(case(), worker, **given)
    assert not Contact.objects.exists()


def test_a_closed_case_and_a_read_only_site_take_none(case: Any, worker: Any, basrah: Any) -> None:
    with pytest.raises(CaseIsClosed), transaction.atomic():
        seen(case(status="closed"), worker)
    Site.objects.filter(pk=basrah.pk).update(read_only=True)
    with pytest.raises(SiteIsReadOnly), transaction.atomic():
        seen(case(), worker)


@pytest.mark.parametrize(
    "who", ["worker2", "interrupter", "other_supervisor", "auditor", "zubair_manager"]
)
def test_who_does_not_see_the_case_records_nothing(
    case: Any, team: Any, make_user: Any, basrah: Any, elsewhere: Any, who: str
) -> None:
    stranger = {
        "worker2": team.worker2,
        "interrupter": team.interrupter,
        "other_supervisor": make_user("supervisor", basrah),
        "auditor": make_user("auditor"),
        "zubair_manager": elsewhere.manager,
    }[who]
    with pytest.raises(NotForThisPerson), transaction.atomic():
        seen(case(), stranger)


def test_the_team_of_a_case_its_supervisor_and_manager_record(
    case: Any, team: Any, manager: Any
) -> None:
    one = case(team=[team.interrupter])
    for person in (team.worker, team.interrupter, team.supervisor, manager):
        seen(one, person)
    assert Contact.objects.count() == 4


def test_only_a_colleague_of_the_site_came_along(
    case: Any, team: Any, elsewhere: Any, make_user: Any, basrah: Any
) -> None:
    one = case()
    assert seen(one, team.worker, accompanied_by=team.worker2).accompanied_by == team.worker2
    for stranger in (elsewhere.worker, make_user("data", basrah), team.worker):
        with pytest.raises(NotAColleague), transaction.atomic():
            seen(one, team.worker, accompanied_by=stranger)


@pytest.mark.parametrize(("signal", "told"), [("threatened", 1), ("planning", 1), ("tense", 0)])
def test_danger_is_told_to_the_supervisor_at_once(
    case: Any, team: Any, manager: Any, signal: str, told: int
) -> None:
    seen(case(), team.worker, risk_signal=signal)
    rows = worklist.Notification.objects.filter(kind=contacts.RISK)
    assert rows.filter(recipient=team.supervisor).count() == told
    assert rows.count() == told


def test_without_a_supervisor_the_manager_hears_of_danger(
    case: Any, worker: Any, manager: Any
) -> None:
    seen(case(), worker, risk_signal="threatened")
    assert worklist.Notification.objects.filter(recipient=manager, kind=contacts.RISK).exists()


# --- taking back ----------------------------------------------------------------------------------


def test_what_is_taken_back_counts_no_more_and_stays(case: Any, worker: Any) -> None:
    one = case()
    first = seen(one, worker, at=periods.now() - 3 * DAY, risk_signal="tense")
    plan = periods.now().date() + DAY
    slip = seen(one, worker, mode="home", risk_signal="calm", next_contact_on=plan)
    contacts.take_back(slip, reason="slip", by=worker)

    kept = anew(one)
    assert (kept.last_contact_at, kept.risk_signal) == (first.at, "tense")
    assert kept.next_contact_on is None
    assert Contact.objects.count() == 2
    assert list(Contact.objects.standing()) == [first]
    with pytest.raises(TakenBackAlready), transaction.atomic():
        contacts.take_back(slip, reason="slip", by=worker)


def test_nobody_takes_back_what_another_recorded(case: Any, team: Any, manager: Any) -> None:
    made = seen(case(), team.worker)
    for person in (team.supervisor, manager, team.worker2):
        with pytest.raises(NotForThisPerson), transaction.atomic():
            contacts.take_back(made, reason="slip", by=person)


@pytest.mark.parametrize("table", ["outreach_contact", "outreach_contacttakenback"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_lets_the_application_change_no_contact(
    db: None, table: str, verb: str
) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format(table))


def test_both_verbs_are_in_the_trail(case: Any, worker: Any) -> None:
    one = case()
    made = seen(one, worker)
    contacts.take_back(made, reason="twice", by=worker)
    rows = AuditEvent.objects.filter(subject_id=one.code).order_by("seq")
    assert list(rows.values_list("verb", flat=True)) == ["contact.recorded", "contact.taken_back"]


# --- several at once ------------------------------------------------------------------------------


def test_many_are_recorded_each_with_its_own_rights(case: Any, team: Any) -> None:
    mine, closed = [case(), case()], case(status="closed")
    theirs = case(by=team.worker2)
    key = uuid.uuid4()
    for _ in range(2):
        done, refused = contacts.record_many(
            [*mine, closed, theirs], mode="street", by=team.worker, key=key
        )
        assert (len(done), refused) == (2, 2)
    assert Contact.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_many_wait_for_each_case_before_the_trail_is_written(case: Any, team: Any) -> None:
    rows = sorted([case(), case()], key=lambda row: row.pk)
    thread, came = in_a_thread(
        lambda: contacts.record_many(rows, mode="street", by=team.worker, key=uuid.uuid4())
    )
    with transaction.atomic():
        cases.locked(rows[1])
        thread.start()
        for _ in range(200):
            if waits_for_a_lock() or came:
                break
            thread.join(0.02)
        # It would wait for the trail of the first, and that for this case.
        contacts.record_contact(rows[1], mode="home", by=team.worker)
    thread.join(20)
    done, refused = came[0]
    assert (len(done), refused) == (2, 0)


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def browse(client: Any) -> Any:
    def sign_in(person: Any) -> Any:
        client.force_login(person)
        return client

    return sign_in


def test_two_taps_record_a_contact_without_script(case: Any, worker: Any, browse: Any) -> None:
    one, page = case(), browse(worker)
    listed = page.get(reverse("outreach:caseload"))
    address = reverse("outreach:contact_seen", args=[one.code])
    assert address in listed.content.decode()
    key = page.get(address).context["form"].initial["key"]
    answer = page.post(address, {"key": key, "mode": "home"})
    assert answer.status_code == 302
    assert Contact.objects.get().mode == "home"
    # For ten minutes one tap takes it back.
    assert reverse("outreach:contact_take_back", args=[Contact.objects.get().pk]) in (
        page.get(reverse("outreach:caseload")).content.decode()
    )
    page.post(reverse("outreach:contact_take_back", args=[Contact.objects.get().pk]), {"slip": "1"})
    assert ContactTakenBack.objects.get().reason == "slip"


def test_two_taps_with_script_change_the_row_alone(case: Any, worker: Any, browse: Any) -> None:
    one, page = case(), browse(worker)
    address = reverse("outreach:contact_seen", args=[one.code])
    inside = page.get(address, headers={"HX-Request": "true"})
    assert b"<html" not in inside.content
    answer = page.post(
        address, {"key": uuid.uuid4(), "mode": "street"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert f'id="row-{one.code}"' in answer.content.decode()
    assert b"<html" not in answer.content


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"mode": ""}, "mode"),
        ({"mode": "teleport"}, "mode"),
        ({"mode": "street", "risk_signal": "x" * 40}, "risk_signal"),
        ({"mode": "street", "note": "ن" * 2001}, "note"),
        ({"mode": "street", "note": "a\x00b"}, "note"),
        ({"mode": "street", "minutes": "1441"}, "minutes"),
        ({"mode": "street", "minutes": "-3"}, "minutes"),
        ({"mode": "street", "at": "31/02/2026 10:00"}, "at"),
        ({"mode": "street", "at": "22/11/2100 10:00"}, "at"),
        ({"mode": "street", "at": "22/11/1900 10:00"}, "at"),
        ({"mode": "street", "next_contact_on": "01/01/1900"}, "next_contact_on"),
        ({"mode": "street", "next_contact_on": "01/01/2100"}, "next_contact_on"),
        ({"mode": "street", "topics": ["work", "gossip"]}, "topics"),
        ({"mode": "street", "accompanied_by": str(uuid.uuid4())}, "accompanied_by"),
        ({"mode": "street", "key": "1"}, "key"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_typed_is_lost(
    case: Any, worker: Any, browse: Any, typed: dict[str, Any], field: str
) -> None:
    one = case()
    facts = {"key": str(uuid.uuid4()), "note": "كلام", **typed}
    answer = browse(worker).post(reverse("outreach:contact_new", args=[one.code]), facts)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not Contact.objects.exists()
    if field != "note":
        assert "كلام" in answer.content.decode()


@pytest.mark.parametrize("minutes", ["٤٥", "۴۵", "45", "\u202e45\u202c"])
def test_either_digits_are_read(case: Any, worker: Any, browse: Any, minutes: str) -> None:
    one = case()
    answer = browse(worker).post(
        reverse("outreach:contact_new", args=[one.code]),
        {"key": uuid.uuid4(), "mode": "street", "minutes": minutes},
    )
    assert answer.status_code == 302
    assert Contact.objects.get().minutes == 45


def test_another_workers_case_answers_like_an_absent_one(case: Any, team: Any, browse: Any) -> None:
    theirs, page = case(by=team.worker2), browse(team.worker)
    made = seen(theirs, team.worker2)
    for name in ("contact_seen", "contact_list", "contact_new"):
        for verb in (page.get, page.post):
            there = verb(reverse(f"outreach:{name}", args=[theirs.code]))
            absent = verb(reverse(f"outreach:{name}", args=["P-000000"]))
            assert comparable(there) == comparable(absent), (name, verb)
    there = page.post(reverse("outreach:contact_take_back", args=[made.pk]))
    absent = page.post(reverse("outreach:contact_take_back", args=[uuid.uuid4()]))
    assert comparable(there) == comparable(absent)
    page.post(
        reverse("outreach:contact_many"),
        {"pick": [theirs.code], "mode": "street", "key": uuid.uuid4()},
    )
    assert Contact.objects.count() == 1


def test_many_are_recorded_from_the_page(case: Any, team: Any, browse: Any) -> None:
    picks = [case().code, case().code]
    browse(team.worker).post(
        reverse("outreach:contact_many"),
        {"pick": [*picks, "P-\x00", "x" * 300], "mode": "office", "key": uuid.uuid4()},
    )
    assert list(Contact.objects.values_list("mode", flat=True)) == ["office", "office"]
