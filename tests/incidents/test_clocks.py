"""Which incidents run on the 72-hour clock, from when, and what moves it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from ceasefire import periods, worklist
from ceasefire.audit.models import AuditEvent
from incidents import measures, services
from incidents.models import (
    Incident,
    IncidentResponse,
    RetaliationWatch,
)
from incidents.services import ActorFacts, VictimFacts, clocks, rollups
from tests.incidents.conftest import FAIR, MOMENT, facts

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
CLOSED = IncidentResponse.Closed

#: (type, killed, injured, on the clock, why)
KINDS: list[tuple[str, int | None, int | None, bool, str]] = [
    ("MUR", 1, None, True, "a killing"),
    ("ASN", 1, None, True, "a killing"),
    ("BDY", 1, None, True, "a killing until it is known better"),
    ("SUI", None, None, True, "a killing even where the number is unknown"),
    ("ATM", 0, 0, True, "attempted killing"),
    ("KID", 0, None, True, "kidnapping"),
    ("TRB", 0, None, True, "tribal fight"),
    ("DKA", 0, None, True, "a tribal raid calls for an answer"),
    ("SHT", 0, None, False, "shots without injury"),
    ("GRN", 0, 2, True, "a grenade that injured somebody was meant to kill"),
    ("IED", 0, 0, False, "a bomb that harmed nobody"),
    ("CLS", 0, 1, True, "a clash with an injured"),
    ("ROB", 1, None, True, "a robbery in which somebody was killed is a killing"),
    ("ROB", 0, 1, False, "a robbery with an injured is none"),
    ("DET", 0, None, False, "arrest by the authorities is not the community's to answer"),
    ("THR", 0, None, False, "a threat"),
    ("EXT", 0, None, False, "extortion"),
    ("ASL", 0, 3, False, "a beating"),
]


@pytest.mark.parametrize(
    ("code", "killed", "injured", "expected", "why"),
    KINDS,
    ids=[f"{k[0]}, {k[4]}" for k in KINDS],
)
def test_which_kinds_run_on_the_clock(
    log: Any, code: str, killed: int | None, injured: int | None, expected: bool, why: str
) -> None:
    incident = log(
        type=code, killed_best=killed, killed_unknown=killed is None, injured_best=injured
    )
    assert IncidentResponse.objects.filter(incident=incident).exists() == expected, why


def test_a_killed_victim_makes_a_killing_of_any_kind(log: Any) -> None:
    victims = [VictimFacts(harm="killed")]
    incident = log(type="ROB", killed_best=None, killed_unknown=True, victims=victims)
    assert incident.response.closed_at is None


#: hours from the event to the report -> (hours from the event to the clock's start, late notice)
STARTS = [
    (0, 0, False, "told at once"),
    (5, 0, False, "the clock began with the event"),
    (24, 0, False, "not later by more than 24 hours"),
    (25, 25, True, "late notice: from the report on"),
    (24 * 9, 24 * 9, True, "nine days later, still answered"),
]


@pytest.mark.parametrize(("told", "start", "late", "why"), STARTS, ids=[s[3] for s in STARTS])
def test_when_a_clock_begins(
    basrah: Any, worker: Any, told: int, start: int, late: bool, why: str
) -> None:
    incident = services.create_incident(
        site=basrah,
        facts=facts(reported_at=MOMENT + told * HOUR),
        sources=[FAIR],
        by=worker,
        at=MOMENT + told * HOUR,
    )
    response = incident.response
    assert (response.started_at - MOMENT, response.late_notice) == (start * HOUR, late), why
    assert response.contact_due_at - response.started_at == 24 * HOUR
    assert response.amber_at - response.started_at == 48 * HOUR
    assert response.due_at - response.started_at == 72 * HOUR


@pytest.mark.parametrize(
    ("precision", "days", "ended_after", "runs"),
    [(1, 15, None, False), (2, 15, None, True), (2, 21, None, False), (3, 40, None, True),
     (4, 40, None, True), (4, 50, None, False), (1, 20, 10, True)],
)  # fmt: skip
def test_a_day_that_is_not_sure_may_be_of_yesterday(
    basrah: Any, worker: Any, precision: int, days: int, ended_after: int | None, runs: bool
) -> None:
    told = facts(
        time_precision=precision,
        occurred_to=None if ended_after is None else MOMENT + timedelta(days=ended_after),
    )
    sent = MOMENT + timedelta(days=days)
    incident = services.create_incident(
        site=basrah, facts=told, sources=[FAIR], by=worker, at=sent, key=uuid4()
    )
    response = IncidentResponse.objects.filter(incident=incident).first()
    assert (response is not None) == runs
    if response is not None:
        # It is answered from the hearing on.
        assert (response.started_at, response.late_notice) == (incident.reported_at, True)


def test_what_came_too_late_is_put_on_the_clock_by_hand(
    basrah: Any, worker: Any, supervisor: Any
) -> None:
    incident = services.create_incident(
        site=basrah, facts=facts(), sources=[FAIR], by=worker, at=MOMENT + timedelta(days=15)
    )
    response = services.open_response(incident, by=supervisor, at=MOMENT + timedelta(days=15))
    assert response.by_hand
    # Nothing that happens to the record takes it off again.
    services.take_for_review(incident, by=supervisor)
    response.refresh_from_db()
    assert response.closed_at is None


def test_history_has_no_clock(basrah: Any, worker: Any) -> None:
    services.create_incident(
        site=basrah, facts=facts(), sources=[FAIR], by=worker, at=MOMENT + timedelta(days=15)
    )
    assert not IncidentResponse.objects.exists()


@pytest.mark.parametrize(
    "wanted",
    [{"origin": "ucdp-ged", "origin_id": "7"}, {"workflow_state": "draft"}],
    ids=["an outside list", "a draft"],
)
def test_imports_and_drafts_are_not_live(log: Any, wanted: dict[str, Any]) -> None:
    incident = log()
    Incident.objects.filter(pk=incident.pk).update(**wanted)
    incident.refresh_from_db()
    assert not clocks.is_live(incident)


def test_a_read_only_site_has_no_clock(log: Any, basrah: Any) -> None:
    incident = log()
    incident.site.read_only = True
    assert not clocks.is_live(incident)


def test_a_draft_gets_its_clock_when_it_is_sent(log: Any, worker: Any) -> None:
    draft = log(state="draft")
    assert not IncidentResponse.objects.exists()
    sent = services.submit_incident(draft, by=worker)
    assert IncidentResponse.objects.get().incident == sent


#: What takes an incident out of the counted ones, and why the clock says it stopped.
def _withdraw(incident: Incident, by: dict[str, Any], _other: Incident) -> None:
    services.withdraw_incident(incident, by=by["worker"], reason="mistake")


def _duplicate(incident: Incident, by: dict[str, Any], other: Incident) -> None:
    services.mark_duplicate(incident, of=other, by=by["supervisor"])


@pytest.mark.parametrize(
    ("leave", "reason"),
    [(_withdraw, CLOSED.WITHDRAWN), (_duplicate, CLOSED.DUPLICATE)],
)
def test_what_is_withdrawn_or_a_duplicate_stops_the_clock(
    log: Any, worker: Any, supervisor: Any, leave: Any, reason: str
) -> None:
    incident, other = log(), log()
    leave(incident, {"worker": worker, "supervisor": supervisor}, other)
    response = IncidentResponse.objects.get(incident=incident)
    assert response.closed_reason == reason
    assert response.closed_at is not None


def test_a_killing_that_is_returned_is_answered_all_the_same(
    log: Any, worker: Any, supervisor: Any, basrah: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periods, "now", lambda: MOMENT + 5 * HOUR)
    incident = log(actors=[ActorFacts(category="tribal")])
    before = IncidentResponse.objects.get()
    services.return_incident(incident, by=supervisor, reason="which street?")
    response, watch = IncidentResponse.objects.get(), RetaliationWatch.objects.get()
    assert (response.closed_at, response.due_at, watch.ended_at) == (None, before.due_at, None)
    services.take_response(incident, by=worker)
    services.record_action(incident, kind="hospital", by=worker)
    services.set_watchers(incident, victim_side=worker, other_side=None, by=supervisor)
    # Not in the reports, until it counts again: then with the week in which it fell due.
    day = periods.local_day(before.due_at)
    week = day, day + timedelta(days=1)
    found = measures.answered(basrah.pk, *week)
    assert found is not None
    assert found.due == 0
    assert list(rollups.differences()) == []
    services.submit_incident(incident, by=worker)
    services.record_action(incident, kind="event", by=worker)
    assert measures.answered(basrah.pk, *week) == measures.Answered(1, 1, 0)
    assert list(rollups.differences()) == []
    response = IncidentResponse.objects.get()
    assert (response.started_at, response.assigned_to) == (before.started_at, worker)
    verbs = AuditEvent.objects.filter(verb__startswith="response.").order_by("seq")
    assert list(verbs.values_list("verb", flat=True)) == [
        "response.opened",
        "response.taken",
        "response.action_recorded",
        "response.action_recorded",
    ]


def test_what_was_returned_is_taken_off_the_clock_when_it_is_no_killing(
    log: Any, worker: Any, supervisor: Any
) -> None:
    incident = services.return_incident(log(), by=supervisor, reason="is he dead?")
    services.edit_incident(
        incident, facts={"type": "THR", "killed_best": 0}, version=incident.version, by=worker
    )
    assert IncidentResponse.objects.get().closed_reason == CLOSED.RETYPED


def test_a_clock_that_a_return_stopped_in_older_days_goes_on(
    log: Any, worker: Any, supervisor: Any
) -> None:
    incident = services.return_incident(log(), by=supervisor, reason="which street?")
    IncidentResponse.objects.update(closed_at=MOMENT + HOUR, closed_reason="returned")
    services.submit_incident(incident, by=worker)
    response = IncidentResponse.objects.get()
    assert (response.closed_at, response.closed_reason) == (None, "")


def test_a_corrected_type_takes_it_on_and_off_the_clock(log: Any, supervisor: Any) -> None:
    incident = log(type="THR", killed_best=0)
    incident = services.edit_incident(
        incident, facts={"type": "ATM"}, version=incident.version, by=supervisor
    )
    assert IncidentResponse.objects.get().closed_at is None
    incident = services.edit_incident(
        incident, facts={"type": "THR"}, version=incident.version, by=supervisor
    )
    assert IncidentResponse.objects.get().closed_reason == CLOSED.RETYPED
    accepted = services.accept_incident(incident, by=supervisor)
    services.revise_incident(
        accepted,
        facts={"type": "KID"},
        reason="it was a kidnapping",
        version=accepted.version,
        by=supervisor,
    )
    assert IncidentResponse.objects.get().closed_at is None


def test_a_corrected_moment_sets_the_clock_anew(log: Any, worker: Any) -> None:
    incident = log()
    IncidentResponse.objects.update(manager_escalated_at=MOMENT + 80 * HOUR)
    services.edit_incident(
        incident,
        facts={"occurred_from": MOMENT - 10 * HOUR},
        version=1,
        by=worker,
        at=MOMENT + 3 * HOUR,
    )
    response = IncidentResponse.objects.get()
    assert response.started_at == MOMENT - 10 * HOUR
    assert response.manager_escalated_at is None


def test_following_again_changes_nothing(log: Any, worker: Any) -> None:
    incident = log()
    events, version = AuditEvent.objects.count(), incident.response.version
    clocks.follow(incident, by=worker, at=MOMENT)
    assert AuditEvent.objects.count() == events
    assert IncidentResponse.objects.get().version == version


def test_a_refused_verb_leaves_the_clock_alone(log: Any, worker: Any) -> None:
    incident = log()
    with transaction.atomic():
        services.withdraw_incident(incident, by=worker, reason="mistake")
        transaction.set_rollback(True)
    assert IncidentResponse.objects.get().closed_at is None


def test_the_supervisor_is_told_of_a_new_clock_the_other_site_is_not(
    log: Any, supervisor: Any, make_user: Any, zubair: Any
) -> None:
    make_user("supervisor", zubair)
    log()
    notice = worklist.Notification.objects.get()
    assert (notice.recipient, notice.kind) == (supervisor, "response.opened")


# --- the watch ----------------------------------------------------------------------------------

#: (type, actor, watched, why)
WATCHED = [
    ("MUR", ActorFacts(category="tribal"), True, "armed tribesmen"),
    ("ASN", ActorFacts(category="party_militia"), True, "a militia"),
    ("MUR", ActorFacts(category="unknown", named_group="Al-X"), True, "a named group"),
    ("MUR", ActorFacts(category="unknown"), False, "nobody knows who"),
    ("MUR", ActorFacts(category="lone"), False, "one person alone"),
    ("MUR", ActorFacts(category="family"), False, "in the family"),
    ("KID", ActorFacts(category="tribal"), False, "nobody was killed"),
]


@pytest.mark.parametrize(("code", "actor", "watched", "why"), WATCHED, ids=[w[3] for w in WATCHED])
def test_a_killing_by_a_known_group_opens_a_watch(
    log: Any, code: str, actor: ActorFacts, watched: bool, why: str
) -> None:
    log(type=code, killed_best=0 if code == "KID" else 1, actors=[actor])
    watches = list(RetaliationWatch.objects.all())
    assert bool(watches) == watched, why
    if watches:
        assert watches[0].ends_at - MOMENT == 72 * HOUR
        assert watches[0].lacks_somebody


def test_a_withdrawn_killing_ends_its_watch(log: Any, worker: Any) -> None:
    incident = log(actors=[ActorFacts(category="tribal")])
    services.withdraw_incident(incident, by=worker, reason="mistake")
    assert RetaliationWatch.objects.get().outcome == "stopped"


@pytest.mark.parametrize("category", ["tribal", "unknown"], ids=["by rule", "by hand"])
def test_a_watch_goes_on_with_its_people_when_its_incident_comes_again(
    log: Any,
    worker: Any,
    supervisor: Any,
    make_user: Any,
    basrah: Any,
    category: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(periods, "now", lambda: MOMENT + 5 * HOUR)
    other = make_user("interrupter", basrah)
    incident = log(actors=[ActorFacts(category=category)])
    if category == "unknown":
        services.start_watch(incident, by=supervisor)
    services.set_watchers(incident, victim_side=worker, other_side=other, by=supervisor)
    before = RetaliationWatch.objects.get()
    taken_back = services.withdraw_incident(incident, by=worker, reason="a mistake")
    assert RetaliationWatch.objects.get().outcome == "stopped"
    services.undo_step(incident, by=worker, version=taken_back.version)
    watch = RetaliationWatch.objects.get()
    assert (watch.ended_at, watch.outcome) == (None, "")
    assert (watch.victim_side, watch.other_side, watch.ends_at) == (worker, other, before.ends_at)

    services.end_watch(incident, outcome="quiet", by=supervisor)
    services.return_incident(incident, by=supervisor, reason="which house?")
    services.submit_incident(incident, by=worker)
    assert RetaliationWatch.objects.get().outcome == "quiet"


# --- what the database holds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"closed_at": MOMENT},
        {"closed_reason": "unsafe"},
        {"closed_at": MOMENT, "closed_reason": "answered"},
        {"community_response_at": MOMENT},
        {"due_at": MOMENT - HOUR},
        {"closed_at": MOMENT, "closed_reason": "bored"},
    ],
    ids=str,
)
def test_a_clock_cannot_contradict_itself(log: Any, wrong: dict[str, Any]) -> None:
    log()
    with pytest.raises(IntegrityError), transaction.atomic():
        IncidentResponse.objects.update(**wrong)


def test_nobody_watches_both_sides(log: Any, worker: Any) -> None:
    log(actors=[ActorFacts(category="tribal")])
    with pytest.raises(IntegrityError), transaction.atomic():
        RetaliationWatch.objects.update(victim_side=worker, other_side=worker)


@pytest.mark.parametrize("table", ["incidents_responseaction", "incidents_watchcheck"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET words = ''", "DELETE FROM {}"])
def test_what_was_done_is_never_changed_or_removed(table: str, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


def test_a_review_leaves_the_clock_alone(log: Any, supervisor: Any) -> None:
    incident = services.take_for_review(log(), by=supervisor)
    services.accept_incident(incident, by=supervisor)
    assert IncidentResponse.objects.get().closed_at is None
