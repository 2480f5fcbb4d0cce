"""Who moves an incident from where to where."""

from collections.abc import Callable
from typing import Any

import pytest

from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from incidents import exports, services
from incidents.exceptions import (
    ChangedMeanwhile,
    NoSuchOriginal,
    NotAllowedFromHere,
    NotComplete,
    NotForThisPerson,
    OwnReport,
    ReasonNeeded,
    SiteIsReadOnly,
)
from incidents.models import Incident
from incidents.services import MOVES
from tests.incidents.conftest import FAIR, move_to

pytestmark = pytest.mark.django_db

VERBS: dict[str, Callable[..., Any]] = {
    "submit": services.submit_incident,
    "withdraw": lambda incident, **k: services.withdraw_incident(incident, reason="mistake", **k),
    "take": services.take_for_review,
    "return": lambda incident, **k: services.return_incident(incident, reason="where?", **k),
    "accept": services.accept_incident,
    "archive": services.archive_incident,
}
STATES = [str(state) for state in Incident.State if state != Incident.State.DUPLICATE]


@pytest.fixture
def cast(
    worker: Any, supervisor: Any, manager: Any, data_officer: Any, make_user: Any, basrah: Any
):
    """The reporter, a colleague, and everybody who reviews."""
    return {
        "reporter": worker,
        "colleague": make_user(Role.INTERRUPTER, basrah),
        "supervisor": supervisor,
        "data": data_officer,
        "manager": manager,
    }


#: verb -> (states from which it goes, who may); the same as the program's decisions say.
ALLOWED = {
    "submit": ({"draft", "returned"}, {"reporter"}),
    "withdraw": ({"draft", "submitted", "in_review", "returned"}, {"reporter"}),
    "take": ({"submitted"}, {"supervisor", "data"}),
    "return": ({"submitted", "in_review"}, {"supervisor", "data"}),
    "accept": ({"submitted", "in_review"}, {"supervisor", "data"}),
    "archive": ({"accepted"}, {"manager"}),
}


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("state", STATES)
def test_a_verb_goes_from_its_states_for_its_people_only(log, cast, verb, state):
    incident = log(state=state if state == "draft" else "submitted")
    states, people = ALLOWED[verb]
    for who, person in cast.items():
        incident = move_to(incident, state)
        before = incident.version
        if state in states and who in people:
            moved = VERBS[verb](incident, by=person, version=before)
            assert moved.version == before + 1
            assert moved.workflow_state == MOVES[(state, verb)].to
            newest = moved.steps.last()
            assert (newest.from_state, newest.to_state, newest.by) == (
                state,
                moved.workflow_state,
                person,
            )
            assert AuditEvent.objects.filter(subject_id=incident.code, actor=person).exists()
        else:
            with pytest.raises((NotAllowedFromHere, NotForThisPerson)):
                VERBS[verb](incident, by=person)
            incident.refresh_from_db()
            assert incident.workflow_state == state
        assert services.may_move(move_to(incident, state), verb, person) == (
            state in states and who in people
        )


def test_a_supervisor_of_another_site_moves_nothing(log, make_user, zubair):
    incident = log()
    stranger = make_user(Role.SUPERVISOR, zubair)
    with pytest.raises(NotForThisPerson):
        services.accept_incident(incident, by=stranger)


def test_nobody_accepts_what_they_reported(log, supervisor, data_officer, make_user, basrah):
    incident = log(by=supervisor, state="in_review")
    with pytest.raises(OwnReport):
        services.accept_incident(incident, by=supervisor)
    assert "accept" not in services.open_verbs(incident, supervisor)

    other = make_user(Role.SUPERVISOR, basrah)
    assert services.accept_incident(incident, by=other).workflow_state == "accepted"
    again = log(by=supervisor)
    assert services.accept_incident(again, by=data_officer).workflow_state == "accepted"


def test_the_page_says_who_accepts_ones_own_report(log, supervisor, signed_in):
    incident = log(by=supervisor)
    client = signed_in(supervisor)

    assert b"You reported this yourself" in client.get(incident.get_absolute_url()).content
    answer = client.post(f"{incident.get_absolute_url()}accept/", follow=True)

    assert b"Another supervisor or the data officer accepts it." in answer.content
    incident.refresh_from_db()
    assert incident.workflow_state == "submitted"


def test_returning_and_withdrawing_need_a_reason(log, worker, supervisor):
    incident = log()
    with pytest.raises(ReasonNeeded):
        services.return_incident(incident, by=supervisor, reason="  ")
    with pytest.raises(ReasonNeeded):
        services.withdraw_incident(incident, by=worker)
    draft = log(state="draft")
    assert services.withdraw_incident(draft, by=worker).workflow_state == "withdrawn"


def test_a_draft_without_a_source_cannot_be_sent(log, worker):
    draft = log(state="draft", sources=(), killed_best=None)
    with pytest.raises(NotComplete) as refusal:
        services.submit_incident(draft, by=worker)
    assert refusal.value.missing == ["killed_best", "sources"]


def test_a_reviewer_cannot_accept_a_version_they_have_not_seen(log, worker, supervisor):
    incident = log()
    seen = incident.version
    services.edit_incident(incident, facts={"killed_best": 2}, version=seen, by=worker)
    with pytest.raises(ChangedMeanwhile):
        services.accept_incident(incident, by=supervisor, version=seen)


def test_a_read_only_history_takes_no_step(log, supervisor, basrah):
    incident = log()
    basrah.read_only = True
    basrah.save()
    with pytest.raises(SiteIsReadOnly):
        services.accept_incident(incident, by=supervisor)
    assert services.open_verbs(Incident.objects.get(pk=incident.pk), supervisor) == []


class TestDuplicates:
    def test_the_duplicate_names_its_original_and_is_no_longer_counted(self, log, supervisor):
        first, second = log(), log()
        moved = services.mark_duplicate(second, of=first, by=supervisor)
        assert moved.duplicate_of == first
        assert list(Incident.objects.counted()) == [first]

    def test_what_repeated_a_duplicate_repeats_the_original(self, log, supervisor):
        first, second, third = log(), log(), log()
        services.mark_duplicate(third, of=second, by=supervisor)
        services.mark_duplicate(second, of=first, by=supervisor)
        third.refresh_from_db()
        assert third.duplicate_of == first

    def test_two_incidents_are_never_each_the_other_s_duplicate(self, log, supervisor):
        first, second = log(), log()
        services.mark_duplicate(second, of=first, by=supervisor)
        with pytest.raises(NoSuchOriginal):
            services.mark_duplicate(first, of=second, by=supervisor)

    def test_no_incident_repeats_itself_or_another_site_s(self, log, supervisor, make_user, zubair):
        mine = log()
        other = log(by=make_user(Role.WORKER, zubair), site=zubair)
        for original in (mine, other):
            with pytest.raises(NoSuchOriginal):
                services.mark_duplicate(mine, of=original, by=supervisor)

    def test_an_accepted_duplicate_needs_a_reason_and_makes_a_revision(self, log, supervisor):
        first, second = log(), log(state="accepted")
        with pytest.raises(ReasonNeeded):
            services.mark_duplicate(second, of=first, by=supervisor)
        services.mark_duplicate(second, of=first, by=supervisor, reason="same shooting")
        assert second.revisions.get().changes == {"workflow_state": ["accepted", "duplicate"]}


def test_one_row_in_hand_is_seen_by_those_who_find_it_in_the_list(
    log, make_user, basrah, zubair, worker
):
    from incidents.services import VictimFacts

    people = [make_user(role, basrah) for role in Role] + [worker, make_user("supervisor", zubair)]
    rows = [
        log(),
        log(state="draft"),
        log(type="SXV"),
        log(victims=[VictimFacts("killed", age=9)]),
        log(staff_involved=True),
        log(state="returned"),
        services.withdraw_incident(log(state="draft"), by=worker),
        services.withdraw_incident(log(), by=worker, reason="a mistake"),
    ]
    for person in people:
        listed = set(Incident.objects.visible_to(person).values_list("pk", flat=True))
        assert {row.pk for row in rows if row.is_visible_to(person)} == listed, person.role


def test_a_draft_that_is_thrown_away_stays_its_reporter_s(
    log, worker, supervisor, manager, data_officer, make_user, basrah
):
    draft = log(state="draft", summary="two men by the zuqaq")
    services.withdraw_incident(draft, by=worker)
    sent = services.withdraw_incident(log(), by=worker, reason="a mistake")
    for person in (supervisor, manager, data_officer, make_user(Role.INTERRUPTER, basrah)):
        for seen in (
            Incident.objects.visible_to(person),
            Incident.objects.visible_to(person, by_site=False),
        ):
            assert list(seen) == [sent], person.role
        assert [row.pk for row in exports.rows(Incident.objects.visible_to(person))] == [sent.pk]
    assert {row.pk for row in Incident.objects.visible_to(worker)} == {draft.pk, sent.pk}
    # In no file, not even in one that the reporter takes out.
    assert [row.pk for row in exports.rows(Incident.objects.visible_to(worker))] == [sent.pk]


@pytest.mark.parametrize(
    "address",
    ["/incidents/{code}/", "/incidents/?status=withdrawn", "/incidents/?q=zuqaq"],
)
def test_no_page_shows_a_draft_that_was_thrown_away(log, worker, supervisor, signed_in, address):
    draft = log(state="draft", summary="two men by the zuqaq")
    services.withdraw_incident(draft, by=worker)
    path = address.format(code=draft.code)
    # By its address the code alone would be in the answer: it answers as absent.
    own = signed_in(worker).get(path, follow=True)
    assert own.status_code == 200
    assert draft.code in own.content.decode()
    other = signed_in(supervisor).get(path, follow=True)
    assert other.status_code == 404 or draft.code not in other.content.decode()


@pytest.mark.parametrize(
    "act",
    [
        services.accept_incident,
        services.take_for_review,
        lambda incident, by: services.add_source(incident, facts=FAIR, by=by),
    ],
    ids=["accept", "take", "source"],
)
def test_what_became_sensitive_after_the_page_was_read_is_not_moved(log, data_officer, act):
    incident = log()
    Incident.objects.filter(pk=incident.pk).update(is_sensitive=True)
    with pytest.raises(NotForThisPerson):
        act(incident, by=data_officer)
