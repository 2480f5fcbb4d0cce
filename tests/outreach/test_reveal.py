"""Identities: opened for a reason and the password, found exactly, told as a whole; by whom."""

from typing import Any

import pytest
from django.urls import reverse

from ceasefire import periods, rulesets, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from ceasefire.vault.models import RevealCount
from ceasefire.worklist.models import Notification
from outreach.models import SEALED, NeedsAssessment, Referral, RiskScreening, SearchCount
from outreach.services import contacts, edits, fieldwork, identity
from outreach.services.conflicts import PartyFacts
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

IDENTITY = {
    "name": "كريم جاسم العبادي",
    "alias": "أبو الورد",
    "phone": "0770 555 1234",
    "address": "الحيانية، قرب الجامع",
    "family": "أخوه سالم",
    "tribe": "بني منصور",
}


@pytest.fixture
def known(case, team):
    participant = case()
    for field, text in IDENTITY.items():
        vault.seal(participant, field, text, by=team.worker, index=SEALED[field])
    return participant


def reveal_address(participant: Any) -> str:
    return reverse("outreach:participant_reveal", args=[participant.code])


def asked(*fields: str, **changed: Any) -> dict[str, Any]:
    return {
        "fields_wanted": list(fields or ("phone",)),
        "reason": "To call before the visit",
        "password": PASSWORD,
        **changed,
    }


# --- reveal ---------------------------------------------------------------------------------------


def test_a_name_is_shown_once_for_a_reason_and_the_password(known, team, signed_in):
    client = signed_in(team.worker)
    page = client.get(reveal_address(known)).content.decode()
    assert not any(text in page for field, text in IDENTITY.items() if field != "alias")

    answer = client.post(reveal_address(known), asked("name", "phone"))
    page = answer.content.decode()
    assert IDENTITY["name"] in page
    assert IDENTITY["phone"] in page
    assert IDENTITY["tribe"] not in page
    assert "no-store" in answer["Cache-Control"]
    shown = page[page.index(IDENTITY["name"]) - 400 : page.index(IDENTITY["name"])]
    assert "no-print" in shown
    assert IDENTITY["name"] not in client.get(reveal_address(known)).content.decode()
    events = AuditEvent.objects.filter(verb="vault.revealed")
    assert sorted(event.fields[0] for event in events) == ["name", "phone"]
    assert {event.reason for event in events} == {"To call before the visit"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "wrong"}, "This is not your password."),
        ({"password": ""}, "Type your password once more."),
        ({"fields_wanted": []}, "Choose what you need."),
        ({"fields_wanted": ["photo"]}, "photo is not one of the available choices"),
    ],
)
def test_what_is_missing_is_said_and_the_reason_stays(known, team, signed_in, changed, said):
    page = signed_in(team.worker).post(reveal_address(known), asked(**changed)).content.decode()

    assert said in page
    assert "To call before the visit" in page
    assert PASSWORD not in page
    assert IDENTITY["phone"] not in page


@pytest.mark.parametrize("reason", ["", "   ", "x" * 401, "a\x00b"])
def test_without_a_sane_reason_nothing_is_opened(known, team, signed_in, reason):
    signed_in(team.worker).post(reveal_address(known), asked(reason=reason))

    assert not RevealCount.objects.exists()


def test_a_reason_in_the_trail_holds_no_sealed_name_and_the_writer_is_not_told(
    known, case, team, signed_in
):
    theirs = case(by=team.worker2)
    vault.seal(theirs, "name", "حيدر ناصر الموسوي", by=team.worker2, index="name")
    for name, left in (
        ("حيدر  ناصر الموسوى", "To call …"),
        ("فلان بن فلان", "To call فلان بن فلان"),
        ("on ٠٧٧٠ ٥٥٥ ١٢٣٤", "To call on …"),
    ):
        answer = signed_in(team.worker).post(
            reveal_address(known), asked("tribe", reason=f"To call {name}")
        )
        assert IDENTITY["tribe"] in answer.content.decode()
        assert AuditEvent.objects.filter(verb="vault.revealed").last().reason == left


def test_wrong_passwords_lock_even_the_right_one(known, team, signed_in):
    client = signed_in(team.worker)
    for _try in range(6):
        client.post(reveal_address(known), asked(password="wrong"))
    page = client.post(reveal_address(known), asked()).content.decode()

    assert "Too many wrong tries" in page
    assert not RevealCount.objects.exists()


def test_a_fault_elsewhere_costs_no_try_of_the_password(known, team, signed_in):
    client = signed_in(team.worker)
    for _try in range(6):
        client.post(reveal_address(known), asked(password="wrong", reason=""))

    assert IDENTITY["phone"] in client.post(reveal_address(known), asked()).content.decode()


def test_the_sixteenth_is_refused_and_told_at_once(known, team, manager, make_user, signed_in):
    auditor = make_user(Role.AUDITOR, username="auditor")
    elsewhere = make_user(Role.MANAGER, username="nowhere")
    day = periods.now().date()
    RevealCount.objects.create(user=team.worker, day=day, count=15)
    client = signed_in(team.worker)
    answer = client.post(reveal_address(known), asked("phone"))
    client.post(reveal_address(known), asked("name"))

    assert IDENTITY["phone"] not in answer.content.decode()
    assert "as many identities today" in answer.content.decode()
    assert AuditEvent.objects.filter(verb="vault.reveal_refused").count() == 2
    notices = Notification.objects.filter(kind=identity.REVEAL_LIMIT)
    assert {notice.recipient for notice in notices} == {manager, auditor}
    assert elsewhere not in {notice.recipient for notice in notices}
    assert {notice.subject_code for notice in notices} == {team.worker.code_name}


def test_the_auditor_reads_the_notice_and_nothing_of_the_case(
    known, team, manager, make_user, signed_in
):
    auditor = make_user(Role.AUDITOR, username="auditor")
    RevealCount.objects.create(user=team.worker, day=periods.now().date(), count=15)
    signed_in(team.worker).post(reveal_address(known), asked())
    client = signed_in(auditor)
    page = client.get(reverse("notification_list")).content.decode()

    assert "asked for more identities" in page
    assert known.code not in page
    assert client.get(known.get_absolute_url()).status_code == 403
    notice = Notification.objects.get(recipient=auditor)
    assert client.post(reverse("notification_open", args=[notice.pk])).status_code == 302


def test_a_refused_reveal_of_several_shows_none(known, team, signed_in):
    RevealCount.objects.create(user=team.worker, day=periods.now().date(), count=14)
    page = (
        signed_in(team.worker).post(reveal_address(known), asked("name", "phone")).content.decode()
    )
    assert IDENTITY["name"] not in page
    assert IDENTITY["phone"] not in page


def test_who_may_open_an_identity(known, team, manager, elsewhere, make_user, basrah, signed_in):
    other_team = make_user(Role.SUPERVISOR, basrah, username="other")
    statuses = {
        person.username: signed_in(person).get(reveal_address(known)).status_code
        for person in (
            team.worker,
            team.worker2,
            team.interrupter,
            team.supervisor,
            other_team,
            manager,
            elsewhere.worker,
            elsewhere.supervisor,
            elsewhere.manager,
        )
    }
    assert statuses == {
        "worker": 200,
        "worker2": 404,
        "interrupter": 403,
        "supervisor": 200,
        "other": 404,
        "manager": 200,
        "worker.zubair": 404,
        "supervisor.zubair": 404,
        "manager.zubair": 404,
    }


def test_an_interrupter_on_the_case_opens_nothing(case, team, signed_in):
    shared = case(team=[team.interrupter])
    vault.seal(shared, "name", IDENTITY["name"], by=team.worker, index="name")
    client = signed_in(team.interrupter)

    assert client.get(reveal_address(shared)).status_code == 403
    assert "Show for a reason" not in client.get(shared.get_absolute_url()).content.decode()


# --- find -----------------------------------------------------------------------------------------


FIND = "/outreach/participants/find/"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("name", "كريم جاسم العبادي"),
        ("name", "  كريــم   جاسم العبادى "),
        ("phone", "+964 770 555 1234"),
        ("phone", "٠٧٧٠٥٥٥١٢٣٤"),
        ("phone", "۰۷۷۰۵۵۵۱۲۳۴"),
        ("alias", "ابو الورد"),
    ],
)
def test_somebody_is_found_exactly_in_any_digits_and_spelling(known, team, signed_in, kind, value):
    answer = signed_in(team.worker).post(FIND, {"kind": kind, "value": value})

    assert known.code in answer.content.decode()
    assert AuditEvent.objects.filter(verb="vault.searched").count() == 1


@pytest.mark.parametrize("value", ["كريم", "كريم جاسم", "0770 555 123", "%", "*", "' or 1=1"])
def test_a_part_finds_nobody(known, team, signed_in, value):
    for kind in ("name", "phone", "alias"):
        page = signed_in(team.worker).post(FIND, {"kind": kind, "value": value}).content.decode()
        assert known.code not in page


def test_a_kind_finds_only_its_own_field(known, team, signed_in):
    page = signed_in(team.worker).post(FIND, {"kind": "alias", "value": IDENTITY["name"]})
    assert known.code not in page.content.decode()


def test_anothers_case_is_sought_as_in_vain(known, team, elsewhere, signed_in, plain):
    for person in (team.worker2, elsewhere.worker, elsewhere.manager):
        client = signed_in(person)
        SearchCount.objects.create(user=person, day=periods.now().date(), count=1)
        answers = []
        for name in (IDENTITY["name"], "فلان بن فلان"):
            SearchCount.objects.update(count=1)
            answers.append(plain(client.post(FIND, {"kind": "name", "value": name})))
            answers[-1] = answers[-1].replace(name, "")
        assert answers[0] == answers[1]


def test_the_thirty_first_search_is_refused_and_told(known, team, manager, make_user, signed_in):
    auditor = make_user(Role.AUDITOR, username="auditor")
    SearchCount.objects.create(user=team.worker, day=periods.now().date(), count=30)
    page = (
        signed_in(team.worker)
        .post(FIND, {"kind": "name", "value": IDENTITY["name"]})
        .content.decode()
    )

    assert known.code not in page
    assert "searched for as many people" in page
    assert AuditEvent.objects.filter(verb="participant.search_refused").count() == 1
    assert {
        notice.recipient for notice in Notification.objects.filter(kind=identity.SEARCH_LIMIT)
    } == {manager, auditor}


def test_a_search_is_never_in_an_address(known, team, signed_in):
    page = signed_in(team.worker).get(FIND, {"kind": "name", "value": IDENTITY["name"]})

    assert known.code not in page.content.decode()
    assert IDENTITY["name"] not in page.content.decode()
    assert not SearchCount.objects.exists()


# --- what is held ---------------------------------------------------------------------------------


def held_address(participant: Any) -> str:
    return reverse("outreach:participant_held", args=[participant.code])


def test_all_that_is_held_is_told_in_arabic(known, team, signed_in):
    answer = signed_in(team.worker).post(
        held_address(known),
        {"language": "ar", "reason": "He asked", "password": PASSWORD},
    )
    page = answer.content.decode()

    assert all(text in page for text in IDENTITY.values())
    assert '<html lang="ar" dir="rtl">' in page
    assert "no-store" in answer["Cache-Control"]
    assert AuditEvent.objects.filter(verb="participant.held_shown", reason="He asked").exists()
    assert RevealCount.objects.get().count == 6


def test_the_sheet_tells_what_every_part_keeps_but_no_score(known, team, signed_in):
    contacts.record_contact(known, mode="street", note="تحدث عن أخيه", by=team.worker)
    contacts.record_contact(known, mode="phone", by=team.worker)
    rules = rulesets.current("eligibility", known.site)
    first, second = (row["code"] for row in rules.content["criteria"][:2])
    RiskScreening.objects.create(
        participant=known,
        ruleset=rules,
        purpose="intake",
        answers={first: "yes", second: "unknown"},
        score=17,
        is_incomplete=True,
        qualifies=False,
        by=team.worker,
    )
    NeedsAssessment.objects.create(
        participant=known, number=1, severities={"income": 3}, by=team.worker
    )
    Referral.objects.create(
        participant=known, domain="papers", sent_on=periods.now().date(), created_by=team.worker
    )
    page = (
        signed_in(team.worker)
        .post(held_address(known), {"language": "ar", "reason": "He asked", "password": PASSWORD})
        .content.decode()
    )

    for part in (
        "تحدث عن أخيه",
        "وجها لوجه في الشارع",
        rules.content["criteria"][0]["ar"],
        "الدخل والعمل",
        "المستمسكات",
    ):
        assert part in page
    assert "<bdi>17</bdi>" not in page
    assert "17/" not in page


def test_the_sheet_opens_no_older_name_or_phone_and_no_note_of_a_group(known, team, signed_in):
    for phone in ("0780 111 2222", "0780 333 4444"):
        known.refresh_from_db()
        edits.edit_participant(known, typed={"phone": phone}, version=known.version, by=team.worker)
    fieldwork.record_event(
        by=team.worker,
        site=known.site,
        sort="group",
        kind="work",
        participants=[known],
        note="about somebody else",
    )
    page = (
        signed_in(team.worker)
        .post(held_address(known), {"language": "en", "reason": "He asked", "password": PASSWORD})
        .content.decode()
    )
    assert "0780 333 4444" in page
    assert "0780 111 2222" not in page
    assert IDENTITY["phone"] not in page
    assert page.count("Phone: an older value is kept.") == 2
    assert "about somebody else" not in page
    assert "A note about the whole group is kept." in page
    assert RevealCount.objects.get().count == 6


def test_the_sheet_tells_of_a_conflict_only_to_who_sees_it(
    known, team, manager, signed_in, conflict
):
    """That a participant is a side is not to be learned from it, nor that there is more."""
    bound = PartyFacts("person", participant=known, ties=(("tribe", "Bani Malik"),))
    other = PartyFacts("tribe", "Al-Bu Muhammad")
    typed = {"language": "en", "reason": "He asked", "password": PASSWORD}
    pages = {}
    for state in ("before", "after"):
        if state == "after":
            conflict(by=team.supervisor, parties=(bound, other))
        answer = signed_in(team.worker).post(held_address(known), typed)
        pages[state] = answer.content.decode()
        assert "a supervisor or a manager may be able to print more" in pages[state]
        assert "Ties" not in pages[state]
    assert "Bani Malik" not in pages["after"]
    RevealCount.objects.all().delete()
    page = signed_in(manager).post(held_address(known), typed).content.decode().casefold()
    assert "ties" in page


def test_the_sheet_needs_the_password(known, team, signed_in):
    page = (
        signed_in(team.worker)
        .post(held_address(known), {"language": "ar", "reason": "He asked", "password": "no"})
        .content.decode()
    )
    assert IDENTITY["name"] not in page
    assert "He asked" in page


def test_the_sheet_is_no_way_round_the_fifteen(known, team, manager, signed_in):
    RevealCount.objects.create(user=team.worker, day=periods.now().date(), count=10)
    page = (
        signed_in(team.worker)
        .post(held_address(known), {"language": "en", "reason": "He asked", "password": PASSWORD})
        .content.decode()
    )
    assert IDENTITY["name"] not in page
    assert RevealCount.objects.get().count == 10
    assert Notification.objects.filter(recipient=manager, kind=identity.REVEAL_LIMIT).exists()


def test_the_sheet_is_for_the_case_alone(known, team, elsewhere, signed_in):
    for person, status in (
        (team.worker2, 404),
        (team.interrupter, 403),
        (elsewhere.manager, 404),
    ):
        assert signed_in(person).get(held_address(known)).status_code == status
