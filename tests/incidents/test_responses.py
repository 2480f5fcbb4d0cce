"""The verbs of the 72-hour board: who may, what they do, and what two at once come to."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from ceasefire import periods, worklist
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from incidents import services
from incidents.exceptions import (
    AlreadyTaken,
    BeforeItHappened,
    ChangedMeanwhile,
    ClockNotRunning,
    IncidentRefusal,
    InTheFuture,
    KeyTaken,
    NotForThisPerson,
    NotTheirs,
    OnBothSides,
    WatchIsOver,
)
from incidents.models import IncidentResponse, ResponseAction, RetaliationWatch
from incidents.services import ActorFacts, VictimFacts, escalation
from tests.incidents.conftest import MOMENT
from tests.incidents.test_two_connections import meet

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TRIBAL = [ActorFacts(category="tribal")]


@pytest.fixture
def colleague(make_user: Any, basrah: Any) -> Any:
    """An interrupter of Basrah Centre."""
    return make_user("interrupter", basrah, username="colleague")


def told(person: Any) -> list[str]:
    """The kinds of notices of a person, oldest first."""
    rows = worklist.Notification.objects.filter(recipient=person).order_by("pk")
    return [kind for kind in rows.values_list("kind", flat=True) if kind != "response.opened"]


# --- who may --------------------------------------------------------------------------------------

VERBS: dict[str, Callable[[Any, Any], Any]] = {
    "take": lambda i, by: services.take_response(i, by=by),
    "record": lambda i, by: services.record_action(i, kind="hospital", by=by),
    "assign": lambda i, by: services.assign_response(i, to=None, by=by),
    "next": lambda i, by: services.set_next_step(i, next_step="x", by=by),
    "close": lambda i, by: services.close_response(i, reason="unsafe", by=by),
    "open": lambda i, by: services.open_response(i, by=by),
    "start watch": lambda i, by: services.start_watch(i, by=by),
    "watchers": lambda i, by: services.set_watchers(i, victim_side=None, other_side=None, by=by),
    "check": lambda i, by: services.check_watch(i, side="victim", finding="quiet", by=by),
    "end watch": lambda i, by: services.end_watch(i, outcome="quiet", by=by),
}
#: Which roles of the site carry out which verb on an incident that nobody has.
MAY = {
    "take": {"interrupter", "worker", "supervisor", "manager"},
    "record": {"interrupter", "worker", "supervisor", "manager"},
    **dict.fromkeys(
        ["assign", "next", "close", "open", "start watch", "watchers", "check", "end watch"],
        {"supervisor", "manager"},
    ),
}
ROLES = ["interrupter", "worker", "supervisor", "manager", "data", "auditor", "reo_staff"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", sorted(VERBS))
def test_who_carries_out_what(
    log: Any, make_user: Any, basrah: Any, zubair: Any, verb: str, role: str
) -> None:
    incident = log(actors=TRIBAL)
    sites = [] if role in {"auditor", "reo_staff"} else [basrah]
    if role in MAY[verb]:
        VERBS[verb](incident, make_user(role, *sites))
    else:
        with pytest.raises(NotForThisPerson), transaction.atomic():
            VERBS[verb](incident, make_user(role, *sites))
    with pytest.raises(NotForThisPerson), transaction.atomic():
        VERBS[verb](incident, make_user(role, *([zubair] if sites else [])))


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_is_in_the_trail(log: Any, supervisor: Any, worker: Any, verb: str) -> None:
    incident = log(actors=TRIBAL if "start" not in verb else ())
    services.assign_response(incident, to=worker, by=supervisor)
    if verb == "take":
        services.assign_response(incident, to=None, by=supervisor)
    if verb == "open":
        services.close_response(incident, reason="unsafe", by=supervisor)
    if verb == "watchers":
        RetaliationWatch.objects.update(victim_side=worker)
    before = AuditEvent.objects.count()
    VERBS[verb](incident, supervisor)
    event = AuditEvent.objects.order_by("-seq").first()
    assert AuditEvent.objects.count() == before + 1
    assert (event.actor, event.subject_id) == (supervisor, incident.code)


# --- who has it -----------------------------------------------------------------------------------


def test_what_somebody_has_is_not_taken(log: Any, worker: Any, colleague: Any) -> None:
    incident = log()
    services.take_response(incident, by=colleague)
    assert services.take_response(incident, by=colleague).assigned_to == colleague
    with pytest.raises(AlreadyTaken):
        services.take_response(incident, by=worker)


def test_it_is_given_on_in_one_step_and_each_is_told(
    log: Any, supervisor: Any, worker: Any, colleague: Any
) -> None:
    incident = log()
    services.assign_response(incident, to=colleague, by=supervisor)
    services.assign_response(incident, to=worker, by=supervisor)
    services.assign_response(incident, to=colleague, by=supervisor)
    assert told(colleague) == ["response.assigned"] * 2
    assert told(worker) == ["response.assigned"]
    assert told(supervisor) == []


def test_nobody_is_sent_from_elsewhere_or_to_what_they_may_not_see(
    log: Any, supervisor: Any, make_user: Any, zubair: Any, basrah: Any, colleague: Any
) -> None:
    incident = log(staff_involved=True)
    for stranger in (
        make_user("worker", zubair),
        make_user("data", basrah),
        make_user("worker", basrah, is_active=False),
        colleague,  # a peer, and the incident is sensitive
    ):
        with pytest.raises(NotTheirs), transaction.atomic():
            services.assign_response(incident, to=stranger, by=supervisor)


def test_an_old_page_does_not_overwrite(log: Any, supervisor: Any, worker: Any) -> None:
    incident = log()
    services.assign_response(incident, to=worker, by=supervisor, version=1)
    with pytest.raises(ChangedMeanwhile):
        services.assign_response(incident, to=None, by=supervisor, version=1)


# --- what was done --------------------------------------------------------------------------------

#: kind -> (first contact, community response)
COUNTS = {
    "family_visit": (True, False),
    "hospital": (True, False),
    "other_side": (True, False),
    "notable": (True, False),
    "mediation": (True, False),
    "referral": (True, False),
    "canvass": (True, True),
    "event": (True, True),
    "education": (False, False),
}


@pytest.mark.parametrize("kind", sorted(COUNTS))
def test_what_counts_as_contact_and_as_the_community_s_answer(
    log: Any, worker: Any, kind: str
) -> None:
    incident = log()
    at = MOMENT + 5 * HOUR
    services.record_action(incident, kind=kind, by=worker, at=at, people_reached=22)
    response = IncidentResponse.objects.get()
    contact, community = COUNTS[kind]
    assert response.first_contact_at == (at if contact else None)
    assert response.community_response_at == (at if community else None)
    assert response.closed_reason == ("answered" if community else "")


def test_the_earlier_of_two_contacts_counts_whichever_was_recorded_first(
    log: Any, worker: Any
) -> None:
    incident = log()
    for hours in (9, 4, 30):
        services.record_action(incident, kind="hospital", by=worker, at=MOMENT + hours * HOUR)
    assert IncidentResponse.objects.get().first_contact_at == MOMENT + 4 * HOUR


@pytest.mark.parametrize(("hours", "in_time"), [(71, True), (72, True), (73, False)])
def test_in_time_is_within_72_hours_of_the_start(
    log: Any, worker: Any, hours: int, in_time: bool
) -> None:
    incident = log()
    services.record_action(incident, kind="canvass", by=worker, at=MOMENT + hours * HOUR)
    assert IncidentResponse.objects.get().in_time == in_time


def test_a_form_sent_twice_records_once(log: Any, worker: Any, colleague: Any) -> None:
    incident, key = log(), uuid.uuid4()
    one = services.record_action(incident, kind="hospital", by=worker, key=key)
    assert services.record_action(incident, kind="hospital", by=worker, key=key) == one
    assert ResponseAction.objects.count() == 1
    with pytest.raises(KeyTaken):
        services.record_action(incident, kind="hospital", by=colleague, key=key)


def test_nothing_is_done_before_it_happened_or_in_the_future(log: Any, worker: Any) -> None:
    incident = log()
    with pytest.raises(BeforeItHappened):
        services.record_action(incident, kind="hospital", by=worker, at=MOMENT - timedelta(days=1))
    with pytest.raises(InTheFuture):
        services.record_action(incident, kind="hospital", by=worker, at=periods.now() + HOUR)


def test_what_is_done_afterwards_is_recorded_but_not_for_what_does_not_count(
    log: Any, worker: Any, supervisor: Any
) -> None:
    incident = log()
    services.record_action(incident, kind="event", by=worker)
    services.record_action(incident, kind="family_visit", by=worker, next_step="again on Sunday")
    assert ResponseAction.objects.count() == 2
    other = log()
    services.withdraw_incident(other, by=worker, reason="mistake")
    with pytest.raises(ClockNotRunning):
        services.record_action(other, kind="hospital", by=worker)


def test_whoever_has_it_is_told_what_others_did(
    log: Any, worker: Any, supervisor: Any, colleague: Any
) -> None:
    incident = log()
    services.take_response(incident, by=colleague)
    services.record_action(incident, kind="hospital", by=colleague)
    services.record_action(incident, kind="family_visit", by=worker, next_step="the uncle")
    services.set_next_step(incident, next_step="the mosque", by=supervisor)
    services.record_action(incident, kind="canvass", by=worker)
    assert told(colleague) == ["response.acted", "response.acted", "response.closed"]
    assert IncidentResponse.objects.get().next_step == "the mosque"


def test_only_who_has_it_plans_it(log: Any, worker: Any, colleague: Any) -> None:
    incident = log()
    services.take_response(incident, by=worker)
    services.set_next_step(incident, next_step="the uncle", by=worker)
    with pytest.raises(NotForThisPerson):
        services.set_next_step(incident, next_step="the aunt", by=colleague)


# --- begin and end --------------------------------------------------------------------------------


def test_a_clock_put_on_by_hand_stays_when_the_record_is_edited(log: Any, supervisor: Any) -> None:
    incident = log(type="THR", killed_best=0)
    services.open_response(incident, by=supervisor)
    services.edit_incident(incident, facts={"subtype": "letter"}, version=1, by=supervisor)
    response = IncidentResponse.objects.get()
    assert response.by_hand
    assert response.closed_at is None


def test_what_was_closed_by_hand_stays_closed_until_a_hand_opens_it(
    log: Any, supervisor: Any
) -> None:
    incident = log()
    services.close_response(incident, reason="declined", by=supervisor)
    services.take_for_review(incident, by=supervisor)
    assert IncidentResponse.objects.get().closed_reason == "declined"
    services.open_response(incident, by=supervisor)
    assert IncidentResponse.objects.get().closed_at is None
    with pytest.raises(ValueError):
        services.close_response(incident, reason="answered", by=supervisor)


# --- the watch ------------------------------------------------------------------------------------


def test_each_side_gets_somebody_who_is_told_and_checks(
    log: Any, supervisor: Any, worker: Any, colleague: Any
) -> None:
    incident = log(actors=TRIBAL)
    with pytest.raises(OnBothSides):
        services.set_watchers(incident, victim_side=worker, other_side=worker, by=supervisor)
    services.set_watchers(incident, victim_side=worker, other_side=colleague, by=supervisor)
    assert told(colleague) == ["watch.assigned"]
    services.check_watch(incident, side="other", finding="quiet", by=colleague)
    with pytest.raises(NotForThisPerson):
        services.check_watch(incident, side="victim", finding="quiet", by=colleague)
    services.check_watch(incident, side="victim", finding="threats", by=worker)
    assert told(colleague)[-1] == told(supervisor)[-1] == "watch.alarm"
    assert "watch.alarm" not in told(worker)
    services.end_watch(incident, outcome="calmed", by=supervisor)
    for late in (
        lambda: services.check_watch(incident, side="other", finding="quiet", by=supervisor),
        lambda: services.end_watch(incident, outcome="quiet", by=supervisor),
    ):
        with pytest.raises(WatchIsOver), transaction.atomic():
            late()


def test_a_watch_is_begun_by_hand_after_a_killing_only(log: Any, supervisor: Any) -> None:
    services.start_watch(log(), by=supervisor)
    with pytest.raises(WatchIsOver):
        services.start_watch(log(type="THR", killed_best=0), by=supervisor)


# --- the hours ------------------------------------------------------------------------------------


def test_what_the_hours_say_and_to_whom(
    log: Any, supervisor: Any, manager: Any, worker: Any
) -> None:
    incident = log()
    services.take_response(incident, by=worker)
    said: list[tuple[int, list[str], list[str], list[str]]] = []
    for hours in (23, 24, 47, 48, 71, 72, 90):
        escalation.escalate(at=MOMENT + hours * HOUR)
        said.append((hours, told(worker), told(supervisor), told(manager)))
    contact, amber, red = "response.contact_due", "response.amber", "response.red"
    assert said == [
        (23, [], [], []),
        (24, [contact], [contact], []),
        (47, [contact], [contact], []),
        (48, [contact, amber], [contact, amber], []),
        (71, [contact, amber], [contact, amber], []),
        (72, [contact, amber, red], [contact, amber, red], [red]),
        (90, [contact, amber, red], [contact, amber, red], [red]),
    ]


def test_after_a_long_silence_only_the_gravest_is_said(
    log: Any, supervisor: Any, manager: Any
) -> None:
    log()
    assert escalation.is_due(MOMENT + 100 * HOUR)
    assert escalation.escalate(at=MOMENT + 100 * HOUR) == 1
    assert told(supervisor) == told(manager) == ["response.red"]
    assert not escalation.is_due(MOMENT + 101 * HOUR)
    assert escalation.escalate(at=MOMENT + 101 * HOUR) == 0


def test_a_contact_in_time_and_an_answer_say_nothing(
    log: Any, supervisor: Any, worker: Any
) -> None:
    incident = log()
    services.record_action(incident, kind="hospital", by=worker, at=MOMENT + HOUR)
    escalation.escalate(at=MOMENT + 30 * HOUR)
    services.record_action(incident, kind="event", by=worker, at=MOMENT + 31 * HOUR)
    escalation.escalate(at=MOMENT + 100 * HOUR)
    assert told(supervisor) == []


def test_a_watch_without_anybody_and_one_that_is_over_are_said_once(
    log: Any, supervisor: Any
) -> None:
    log(actors=TRIBAL)
    for hours in (1, 2, 73, 74):
        escalation.escalate(at=MOMENT + hours * HOUR)
    watch = [kind for kind in told(supervisor) if kind.startswith("watch.")]
    assert watch == ["watch.unassigned", "watch.over"]


def test_a_sensitive_incident_is_told_only_to_those_who_may_see_it(
    log: Any, supervisor: Any, manager: Any, make_user: Any, basrah: Any
) -> None:
    assigned = make_user("worker", basrah)
    incident = log()
    services.assign_response(incident, to=assigned, by=supervisor)
    services.edit_incident(incident, facts={"staff_involved": True}, version=1, by=supervisor)
    escalation.escalate(at=MOMENT + 80 * HOUR)
    assert told(assigned) == ["response.assigned"]
    assert "response.red" in told(supervisor) + told(manager)


def _disable(person: Any, **_: Any) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def _expire(person: Any, **_: Any) -> None:
    User.objects.filter(pk=person.pk).update(expires_on=periods.local_day(MOMENT))


def _move(person: Any, *, elsewhere: Any) -> None:
    person.sites.set([elsewhere])


def _promote(person: Any, **_: Any) -> None:
    User.objects.filter(pk=person.pk).update(role=Role.DATA_OFFICER)


@pytest.mark.parametrize("leave", [_disable, _expire, _move, _promote])
def test_what_somebody_left_goes_to_nobody_and_the_supervisors_hear(
    log: Any, supervisor: Any, colleague: Any, worker: Any, zubair: Any, leave: Any
) -> None:
    incident, other = log(actors=TRIBAL), log()
    for one in (incident, other):
        services.assign_response(one, to=colleague, by=supervisor)
    services.set_watchers(incident, victim_side=colleague, other_side=worker, by=supervisor)
    services.close_response(other, reason="declined", by=supervisor)
    escalation.escalate(at=MOMENT + HOUR)
    assert not escalation.is_due(MOMENT + HOUR)
    leave(colleague, elsewhere=zubair)
    assert escalation.is_due(MOMENT + HOUR)
    escalation.escalate(at=MOMENT + HOUR)
    assert not escalation.is_due(MOMENT + HOUR)
    response, watch = incident.response, RetaliationWatch.objects.get()
    response.refresh_from_db()
    assert response.assigned_to is None
    assert (watch.victim_side, watch.other_side) == (None, worker)
    # What had ended stays as it was.
    assert IncidentResponse.objects.get(incident=other).assigned_to == colleague
    heard = told(supervisor)
    assert heard.count("response.unassigned") == heard.count("watch.unassigned") == 1
    verbs = AuditEvent.objects.filter(verb__in=["response.unassigned", "watch.unassigned"])
    assert verbs.count() == 2


def test_who_stays_keeps_what_they_have(
    log: Any, supervisor: Any, worker: Any, manager: Any
) -> None:
    hidden = log(victims=[VictimFacts("killed", age=12)])
    services.assign_response(hidden, to=worker, by=supervisor)
    services.assign_response(log(), to=supervisor, by=supervisor)
    services.take_response(log(), by=manager)
    escalation.escalate(at=MOMENT + HOUR)
    assert IncidentResponse.objects.filter(assigned_to__isnull=False).count() == 3


def test_the_administrator_is_told_what_somebody_leaves(
    log: Any, supervisor: Any, colleague: Any, make_user: Any, signed_in: Any
) -> None:
    administrator = make_user("administrator")
    address = reverse("people:user_detail", args=[colleague.username])
    page = signed_in(administrator).get(address).content.decode()
    assert "72-hour clock" not in page
    incident = log(actors=TRIBAL)
    services.assign_response(incident, to=colleague, by=supervisor)
    services.set_watchers(incident, victim_side=colleague, other_side=None, by=supervisor)
    page = signed_in(administrator).get(address).content.decode()
    assert "1 incident on the 72-hour clock is theirs." in page
    assert "They watch one side after 1 killing." in page
    assert incident.code not in page


def test_where_nobody_supervises_the_manager_is_told(log: Any, manager: Any) -> None:
    log()
    escalation.escalate(at=MOMENT + 50 * HOUR)
    assert told(manager) == ["response.amber"]


# --- two at once ----------------------------------------------------------------------------------


class TestTwoConnections:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_one_of_two_takes_it(self, log: Any, worker: Any, colleague: Any) -> None:
        incident = log()
        outcome = meet(
            lambda: services.take_response(incident, by=worker),
            lambda: services.take_response(incident, by=colleague),
        )
        assert isinstance(outcome, AlreadyTaken)

    def test_a_form_that_arrives_twice_at_once_records_once(self, log: Any, worker: Any) -> None:
        incident, key = log(), uuid.uuid4()

        def record() -> Any:
            return services.record_action(incident, kind="hospital", by=worker, key=key)

        assert isinstance(meet(record, record), ResponseAction)
        assert ResponseAction.objects.count() == 1

    @pytest.mark.parametrize("verb", ["assign", "next", "close", "watchers", "end watch"])
    def test_the_second_of_two_with_the_same_page_is_refused(
        self, log: Any, supervisor: Any, worker: Any, verb: str
    ) -> None:
        incident = log(actors=TRIBAL)
        act = {
            "assign": lambda: services.assign_response(
                incident, to=worker, by=supervisor, version=1
            ),
            "next": lambda: services.set_next_step(
                incident, next_step="x", by=supervisor, version=1
            ),
            "close": lambda: services.close_response(
                incident, reason="unsafe", by=supervisor, version=1
            ),
            "watchers": lambda: services.set_watchers(
                incident, victim_side=worker, other_side=None, by=supervisor, version=1
            ),
            "end watch": lambda: services.end_watch(incident, outcome="quiet", by=supervisor),
        }[verb]
        assert isinstance(meet(act, act), IncidentRefusal)

    def test_two_open_and_begin_once(self, log: Any, supervisor: Any) -> None:
        incident = log(type="THR", killed_best=0)
        outcome = meet(
            lambda: services.open_response(incident, by=supervisor),
            lambda: services.open_response(incident, by=supervisor),
        )
        assert isinstance(outcome, IncidentResponse)
        killing = log()
        outcome = meet(
            lambda: services.start_watch(killing, by=supervisor),
            lambda: services.start_watch(killing, by=supervisor),
        )
        assert isinstance(outcome, RetaliationWatch)
        assert RetaliationWatch.objects.count() == 1

    def test_a_check_waits_for_the_end_of_the_watch(
        self, log: Any, supervisor: Any, worker: Any
    ) -> None:
        incident = log(actors=TRIBAL)
        outcome = meet(
            lambda: services.end_watch(incident, outcome="quiet", by=supervisor),
            lambda: services.check_watch(incident, side="victim", finding="quiet", by=supervisor),
        )
        assert isinstance(outcome, WatchIsOver)

    def test_an_escalation_passes_over_what_another_run_holds(
        self, log: Any, supervisor: Any, manager: Any
    ) -> None:
        import threading

        from django.db import connection

        log()
        counts: list[int] = []

        def run() -> None:
            try:
                counts.append(escalation.escalate(at=MOMENT + 80 * HOUR))
            finally:
                connection.close()

        with transaction.atomic():
            counts.append(escalation.escalate(at=MOMENT + 80 * HOUR))
            thread = threading.Thread(target=run)
            thread.start()
            thread.join(20)
        counts.append(escalation.escalate(at=MOMENT + 81 * HOUR))
        assert counts == [1, 0, 0]
        assert told(manager) == ["response.red"]
