"""The matrix of roles cell by cell, with a cast of two sites: who opens which page of one case.

The record is a case of Basrah Centre that `worker` carries and on whose team `interrupter` is, a
conflict that they lead and help in, and the week of `worker`. Each row says what every person of
the cast is answered. tests/test_permissions.py asks the same of records of somebody else.
"""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from ceasefire import periods, vault
from ceasefire.api.services import create_token
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from outreach.models import Contact, SupervisionSheet
from outreach.services import (
    approvals,
    contacts,
    edits,
    mediators,
    notes,
    plans,
    referrals,
    shifts,
    supervision,
    transfers,
)
from outreach.services.conflicts import PartyFacts, link_incident
from outreach.services.daily_log import write_log
from tests.api.conftest import Device
from tests.outreach.test_casework import age, agree
from tests.test_permissions import TABLE, comparable, incident_of

pytestmark = pytest.mark.django_db

NAME = "كريم جاسم العبادي"
#: Nobody's, of each sort of address.
ABSENT: dict[str, Any] = {"case": "P-0000", "conflict": "CON-9999", "sheet": "SUP-1900-00001"}

#: The cast in the order of the columns: those of Basrah Centre, who is at no site, Al-Zubair.
CAST = (
    *("interrupter", "worker", "worker2", "supervisor", "other", "manager"),
    *("data", "reo", "viewer", "auditor", "administrator"),
    *("worker.zubair", "supervisor.zubair", "manager.zubair"),
)
NO_ROLE = "403 403 403 403 403"
#: VI assigned, OW own, OW another's, SU own team, SU another team, MA site.
READ = f"200 200 404 200 404 200 {NO_ROLE} 404 404 404"
WRITE = f"403 200 404 200 404 200 {NO_ROLE} 404 404 404"
HEADS = f"403 403 403 200 404 200 {NO_ROLE} 403 404 404"
OWN = f"404 200 404 200 404 200 {NO_ROLE} 404 404 404"

#: address, of what, statuses in the order of CAST.
CELLS: list[tuple[str, str, str]] = [
    ("participant_detail", "case", READ),
    ("contact_list", "case", READ),
    ("contact_seen", "case", READ),
    ("contact_new", "case", READ),
    ("screening_list", "case", READ),
    ("needs_list", "case", READ),
    ("plan_detail", "case", READ),
    ("referral_list", "case", READ),
    ("note_list", "case", READ),
    ("participant_edit", "case", WRITE),
    ("edit_settle", "met", WRITE),
    ("consent_record", "case", WRITE),
    ("consent_withdraw", "case", WRITE),
    ("pause", "case", WRITE),
    ("close", "case", WRITE),
    ("exception_ask", "case", WRITE),
    ("screening_new", "case", WRITE),
    ("needs_new", "case", WRITE),
    ("goal_new", "case", WRITE),
    ("referral_new", "case", WRITE),
    ("referral_move", "referral", WRITE),
    ("note_new", "case", WRITE),
    ("note_amend", "old_note", WRITE),
    ("transfer_new", "case", WRITE),
    # The writer's alone.
    ("note_change", "note", f"403 200 404 404 404 404 {NO_ROLE} 404 404 404"),
    ("contact_take_back", "contact", f"404 200 404 404 404 404 {NO_ROLE} 404 404 404"),
    # The identity vault.
    ("participant_reveal", "case", WRITE),
    ("participant_held", "case", WRITE),
    # The manager's.
    ("exception_decide", "case", f"403 403 403 403 403 200 {NO_ROLE} 403 403 404"),
    # Who is asked to take the case over reads of it that it is asked.
    ("transfer_detail", "transfer", f"200 200 200 200 404 200 {NO_ROLE} 404 404 404"),
    # Conflicts: led, helped in, the team's, the site's.
    ("conflict_detail", "conflict", READ),
    ("conflict_assess", "conflict", READ),
    ("party_add", "conflict", READ),
    ("conflict_neutral", "conflict", READ),
    ("session_new", "conflict", READ),
    ("truce_new", "conflict", READ),
    ("settlement_edit", "conflict", READ),
    ("conflict_mediators", "conflict", WRITE),
    # The worker's own week: who supervises, and once it is signed the worker.
    ("caseload_of", "person", f"404 200 404 200 404 200 {NO_ROLE} 404 404 404"),
    ("supervision_worker", "week", HEADS),
    ("supervision_sheet", "sheet", OWN),
    ("supervision_decision", "decision", OWN),
    ("approval_detail", "approval", HEADS),
    ("handover", "person", HEADS),
    ("shift_detail", "shift", f"200 200 404 200 404 200 {NO_ROLE} 404 404 404"),
    ("log_detail", "log", f"404 302 404 200 404 200 {NO_ROLE} 404 404 404"),
    # Profile and ties: one's own, and the manager's of the site.
    ("staff_detail", "person", f"404 200 404 404 404 200 {NO_ROLE} 404 404 404"),
]
#: Who helps in a conflict sees it, and leaves to its lead who mediates.
SEEN_BUT_NOT_THEIRS = {("conflict_mediators", "interrupter")}
#: Of the whole site, and lists, which are below; no record of one person.
ELSEWHERE = {
    "event_detail",
    "event_list",
    "event_new",
    "fidelity",
    "log",
    "log_day",
    "log_team",
    "rules_change",
    "rules_list",
    "shift",
    "staff_list",
    "staff_own",
    "supervision",
    "supervision_sheets",
    "approval_list",
    "caseload",
    "conflict_list",
    "conflict_new",
    "delegation_list",
    "handover_list",
    "participant_find",
    "participant_list",
    "participant_new",
    "transfer_list",
}


def test_every_page_of_one_record_has_its_row() -> None:
    pages = {
        name.removeprefix("outreach:")
        for name, method, _scene, _statuses in TABLE
        if method == "GET" and name.startswith("outreach:")
    }
    assert pages == {name for name, _of, _statuses in CELLS} | ELSEWHERE


@pytest.fixture
def world(
    case: Any,
    conflict: Any,
    team: Any,
    manager: Any,
    data_officer: Any,
    elsewhere: Any,
    make_user: Any,
    basrah: Any,
) -> SimpleNamespace:
    """The record, everything that belongs to it, and the cast."""
    now, worker = periods.now(), team.worker
    mine = case(team=[team.interrupter])
    agree(mine, worker, "sharing")
    vault.seal(mine, "name", NAME, by=worker, index="name")
    for alias in ("Reed", "Rush"):
        outcome = edits.edit_participant(mine, typed={"alias": alias}, version=2, by=worker)
    plans.add_goal(mine, domain="income", step="x", due_on=now.date(), by=worker)
    plans.ask_approval(mine, by=worker)
    mediated = conflict(parties=[PartyFacts("person", participant=mine), PartyFacts("group")])
    mediators.set_mediators(mediated, lead=worker, beside=[team.interrupter], by=worker)
    other = make_user(Role.SUPERVISOR, basrah, username="other")
    decision = supervision.decide(
        worker, basrah, words="x", assignee=worker, due_on=now.date(), by=team.supervisor
    )
    supervision.review_cases(worker, basrah, {mine.code: "on_course"}, by=team.supervisor)
    # The sheet of this week stays open for its own page; the one before is signed.
    week = periods.Week.of(now, basrah.week_start).previous()
    signed = SupervisionSheet.objects.create(
        code="SUP-2026-90001",
        site=basrah,
        worker=worker,
        week_start=week.start,
        created_by=team.supervisor,
        signed_by=team.supervisor,
        signed_at=now,
    )
    records: dict[str, list[Any]] = {
        "case": [mine.code],
        "met": [mine.code, outcome.conflicts[0].pk],
        "referral": [
            mine.code,
            referrals.send(mine, domain="income", provider="x", by=worker).pk,
        ],
        "note": [mine.code, notes.write(mine, kind="progress", text="x", by=worker).pk],
        "old_note": [
            mine.code,
            age(notes.write(mine, kind="progress", text="x", by=worker)).pk,
        ],
        "contact": [contacts.record_contact(mine, mode="street", by=worker).pk],
        "transfer": [transfers.ask(mine, team.worker2, by=worker).pk],
        "conflict": [mediated.code],
        "person": [worker.pk],
        "week": [worker.pk, basrah.code],
        "sheet": [signed.code],
        "decision": [decision.code],
        "approval": [approvals.Approval.objects.open().get(participant=mine).pk],
        "shift": [
            shifts.start_shift(
                by=worker, site=basrah, back_at=now + timedelta(hours=2), buddy=team.interrupter
            ).pk
        ],
        "log": [write_log(now.date(), by=worker, minutes={"street": 60}).pk],
    }
    absent = {
        name: [ABSENT.get(name, uuid4())] if len(given) == 1 else ["P-0000", given[-1]]
        for name, given in records.items()
    }
    absent["week"] = [uuid4(), basrah.code]
    absent["decision"] = ["SUP-1900-00001-1"]
    absent["approval"] = [987654]
    cast = {
        **vars(team),
        "other": other,
        "manager": manager,
        "data": data_officer,
        "reo": make_user(Role.REO_STAFF, username="reo"),
        "viewer": make_user(Role.REO_VIEWER, username="viewer"),
        "auditor": make_user(Role.AUDITOR, username="auditor"),
        "administrator": make_user(Role.ADMINISTRATOR, username="administrator"),
        "worker.zubair": elsewhere.worker,
        "supervisor.zubair": elsewhere.supervisor,
        "manager.zubair": elsewhere.manager,
    }
    return SimpleNamespace(
        case=mine,
        conflict=mediated,
        records=records,
        absent=absent,
        cast={name: User.objects.get(pk=cast[name].pk) for name in CAST},
        site=basrah,
        make_user=make_user,
    )


def as_each(world: Any) -> Any:
    """A client for everybody of the cast."""
    for name, person in world.cast.items():
        client = Client()
        client.force_login(person)
        yield name, client


@pytest.mark.parametrize("of", sorted({of for _name, of, _statuses in CELLS}))
def test_every_cell_of_a_page(of: str, world: Any) -> None:
    expected = {name: row for name, one, row in CELLS if one == of}
    found: dict[str, list[str]] = {name: [] for name in expected}
    for who, client in as_each(world):
        for name in expected:
            there = reverse(f"outreach:{name}", args=world.records[of])
            nowhere = reverse(f"outreach:{name}", args=world.absent[of])
            answer = client.get(there)
            found[name].append(str(answer.status_code))
            if answer.status_code == 404:
                # What is not to be seen answers like what is not there, read or written.
                assert comparable(answer) == comparable(client.get(nowhere)), (name, who)
                written = client.post(there)
                assert comparable(written) == comparable(client.post(nowhere)), (name, who)
            elif answer.status_code == 403 and (name, who) not in SEEN_BUT_NOT_THEIRS:
                assert comparable(answer) == comparable(client.get(nowhere)), (name, who)
    assert {name: " ".join(row) for name, row in found.items()} == expected


#: Who of the cast reads the code in a list, of those to whom the list opens at all.
ON_THE_CASE = {"interrupter", "worker", "supervisor", "manager"}
LISTS: list[tuple[str, str, set[str]]] = [
    ("participant_list", "case", ON_THE_CASE),
    # Supervisors and managers see their workers there, and the cases one tap on.
    ("caseload", "case", {"interrupter", "worker"}),
    ("conflict_list", "conflict", ON_THE_CASE),
    ("transfer_list", "case", {"worker", "worker2", "supervisor", "manager"}),
    ("approval_list", "case", {"supervisor", "manager"}),
    ("supervision_sheets", "sheet", {"worker", "supervisor", "manager"}),
]


@pytest.mark.parametrize(("name", "of", "readers"), LISTS, ids=[name for name, *_ in LISTS])
def test_every_cell_of_a_list(name: str, of: str, readers: set[str], world: Any) -> None:
    code = world.records[of][0]
    found = {
        who
        for who, client in as_each(world)
        if code in client.get(reverse(f"outreach:{name}")).content.decode()
    }
    assert found == readers


def test_every_cell_of_the_search(world: Any) -> None:
    found = {}
    for who, client in as_each(world):
        answer = client.post(reverse("outreach:participant_find"), {"kind": "name", "value": NAME})
        found[who] = answer.status_code, world.case.code in answer.content.decode()
    finders = {"worker", "supervisor", "manager"}
    assert {who for who, (_status, seen) in found.items() if seen} == finders
    seekers = {who for who, (status, _seen) in found.items() if status == 200}
    assert seekers == finders | {
        "worker2",
        "other",
        "worker.zubair",
        "supervisor.zubair",
        "manager.zubair",
    }


def test_every_cell_of_what_is_done_to_many(world: Any) -> None:
    """ "I saw all of these": who does not see the case records nothing with it."""
    done = set()
    for who, client in as_each(world):
        before = Contact.objects.count()
        client.post(
            reverse("outreach:contact_many"),
            {"pick": [world.case.code], "mode": "street", "key": uuid4()},
        )
        if Contact.objects.count() > before:
            done.add(who)
    assert done == ON_THE_CASE


def test_no_export_and_no_answer_of_the_api_names_a_case_or_a_conflict(world: Any) -> None:
    """Neither the incident's, to which the conflict is linked, nor the document of the API."""
    incident = incident_of(world.site, world.make_user)
    link_incident(world.conflict, incident, by=world.cast["worker"])
    secrets = (world.case.code, world.conflict.code)
    exported = set()
    for who, client in as_each(world):
        answer = client.get(reverse("incidents:incident_export"), {"format": "csv"})
        if answer.status_code != 200:
            continue
        exported.add(who)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert (incident.code in body.decode()) == ("zubair" not in who)
        assert not [one for one in secrets if one in body.decode()], who
    assert exported == {"manager", "data", "manager.zubair"}
    for who in ("interrupter", "worker", "supervisor", "manager", "data"):
        asked = Device(create_token(world.cast[who], device="tablet", scopes=("read",))[1])
        for path in (f"/incidents/{incident.code}/", "/incidents/", "/openapi.json"):
            said = asked.get(path).content.decode()
            assert not [one for one in secrets if one in said], (who, path)
        assert not [path for path in asked.get("/openapi.json").json()["paths"] if "outr" in path]
