"""Which way a case goes, who moves it, and what must hold before: the table of moves."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from ceasefire.worklist.models import Task
from outreach.exceptions import (
    CaseloadFull,
    ChangedMeanwhile,
    ConsentMissing,
    DayNotAhead,
    NotAllowedFromHere,
    NotForThisPerson,
    OutreachRefusal,
    ReasonMissing,
    ScreeningTooOld,
)
from outreach.models import Approval, ConsentRecord, Participant, ParticipantStep
from outreach.services import approvals, status

pytestmark = pytest.mark.django_db
S = Participant.Status


def today() -> Any:
    return periods.now().date()


def screened(days_ago: int = 10) -> dict[str, Any]:
    on = today() - timedelta(days=days_ago)
    return {"screened_on": on, "rescreen_due_on": on + timedelta(days=90)}


def agree(participant: Participant) -> ConsentRecord:
    return ConsentRecord.objects.create(
        participant=participant,
        purposes=["case_work"],
        manner="spoken",
        agreed_on=today(),
        recorded_by=participant.worker,
    )


def again(participant: Participant) -> Participant:
    return Participant.objects.get(pk=participant.pk)


def waits(participant: Participant) -> Approval:
    return Approval.objects.open().get(participant=participant)


# --- the table ------------------------------------------------------------------------------------


def test_every_state_is_reached_and_left():
    assert {state for state, _verb in status.MOVES} == set(S.values)
    assert {move.to for move in status.MOVES.values()} == set(S.values) - {S.PROSPECT}


@pytest.mark.parametrize("state", S.values)
@pytest.mark.parametrize("verb", sorted({verb for _state, verb in status.MOVES}))
def test_what_is_not_in_the_table_is_refused(case, team, manager, state, verb):
    if (state, verb) in status.MOVES:
        return
    participant = case(status=state)
    with pytest.raises(NotAllowedFromHere), transaction.atomic():
        status.step(participant, verb, by=manager)


def test_screening_finds_somebody_eligible_or_not(case, team):
    yes, no = case(status=S.PROSPECT), case(status=S.PROSPECT)
    for participant, eligible in ((yes, True), (no, False)):
        status.begin_screening(participant, by=team.worker)
        status.find(participant, eligible=eligible, by=team.worker)

    assert again(yes).status == S.ELIGIBLE
    assert again(no).status == S.NOT_ELIGIBLE
    assert list(yes.steps.values_list("to_status", flat=True)) == [
        S.PROSPECT,
        S.SCREENING,
        S.ELIGIBLE,
    ]
    assert AuditEvent.objects.filter(verb="participant.found_eligible").count() == 1


# --- begin ----------------------------------------------------------------------------------------


def test_an_intake_waits_for_consent_and_for_a_second_person(case, team):
    participant = case(status=S.ELIGIBLE, **screened())
    with pytest.raises(ConsentMissing):
        status.ask_intake(participant, by=team.worker)

    agree(participant)
    approval = status.ask_intake(participant, by=team.worker)
    assert again(participant).status == S.ELIGIBLE
    with pytest.raises(OutreachRefusal):
        approvals.decide(approval, approve=True, by=team.worker)

    approvals.decide(approval, approve=True, by=team.supervisor)
    assert again(participant).status == S.ACTIVE
    step = participant.steps.last()
    assert (step.to_status, step.by, step.worker) == (S.ACTIVE, team.supervisor, team.worker)


def test_a_returned_intake_may_be_asked_for_again(case, team):
    participant = case(status=S.ELIGIBLE)
    agree(participant)
    approval = status.ask_intake(participant, by=team.worker)
    approvals.decide(approval, approve=False, reason="Screen once more", by=team.supervisor)

    assert again(participant).status == S.ELIGIBLE
    assert status.ask_intake(participant, by=team.worker).pk != approval.pk


def test_consent_taken_away_before_the_decision_stops_the_intake(case, team):
    participant = case(status=S.ELIGIBLE)
    agree(participant)
    approval = status.ask_intake(participant, by=team.worker)
    ConsentRecord.objects.update(replaced_at=periods.now())

    with pytest.raises(ConsentMissing):
        approvals.decide(approval, approve=True, by=team.supervisor)
    assert again(participant).status == S.ELIGIBLE


def test_screening_anew_takes_the_open_question_back(case, team):
    participant = case(status=S.ELIGIBLE)
    agree(participant)
    status.ask_intake(participant, by=team.worker)
    status.begin_screening(participant, by=team.worker)

    assert not Approval.objects.open().exists()
    assert again(participant).status == S.SCREENING


# --- an exception ---------------------------------------------------------------------------------


def test_only_the_manager_grants_an_exception_and_it_is_said_why(case, team, manager):
    participant = case(status=S.NOT_ELIGIBLE)
    with pytest.raises(ReasonMissing):
        status.ask_exception(participant, words="  ", by=team.worker)
    status.ask_exception(participant, words="سيقتله إخوته", by=team.worker)
    task = Task.objects.open().get(assignee=manager)
    assert task.kind == "participant.exception_asked"

    for person in (team.worker, team.supervisor):
        with pytest.raises(NotForThisPerson):
            status.decide_exception(participant, grant=True, by=person)
    with pytest.raises(ReasonMissing):
        status.decide_exception(participant, grant=False, by=manager)
    status.decide_exception(participant, grant=True, by=manager)

    assert again(participant).status == S.ELIGIBLE
    assert not Task.objects.open().filter(kind="participant.exception_asked").exists()
    asked = participant.steps.get(to_status=S.EXCEPTION)
    assert vault.unseal(asked, "words", by=manager) == "سيقتله إخوته"


def test_a_refused_exception_leaves_somebody_not_eligible(case, team, manager):
    participant = case(status=S.NOT_ELIGIBLE)
    status.ask_exception(participant, words="why", by=team.worker)
    status.decide_exception(participant, grant=False, words="Too young", by=manager)

    assert again(participant).status == S.NOT_ELIGIBLE


def test_nobody_decides_on_an_exception_they_asked_for(case, team, manager):
    participant = case(status=S.NOT_ELIGIBLE)
    status.ask_exception(participant, words="why", by=manager)

    with pytest.raises(approvals.OneOwn):
        status.decide_exception(participant, grant=True, by=manager)


# --- pause ----------------------------------------------------------------------------------------


def test_a_pause_says_why_and_puts_a_visit_on_the_list(case, team):
    participant = case()
    until = today() + timedelta(days=20)
    status.pause(participant, reason="detained", until=until, by=team.worker)

    paused = again(participant)
    assert (paused.status, paused.pause_reason, paused.pause_until) == (
        S.PAUSED,
        "detained",
        until,
    )
    task = Task.objects.open().get(kind="participant.look_again")
    assert task.assignee == team.worker
    assert periods.local_day(task.due_at) == until

    status.resume(paused, by=team.worker)
    assert again(participant).status == S.ACTIVE
    assert again(participant).pause_until is None
    assert not Task.objects.open().exists()


@pytest.mark.parametrize("days", [-1, 0, 367, 40_000])
def test_a_pause_looks_ahead_and_at_most_a_year(case, team, days):
    with pytest.raises(DayNotAhead):
        status.pause(
            case(), reason="travelling", until=today() + timedelta(days=days), by=team.worker
        )


def test_a_pause_has_a_reason_of_the_list(case, team):
    with pytest.raises(ReasonMissing):
        status.pause(case(), reason="bored", until=today() + timedelta(days=1), by=team.worker)


def test_going_on_counts_against_the_hard_cap(case, team):
    participant = case(status=S.PAUSED)
    for _number in range(25):
        case()

    with pytest.raises(CaseloadFull):
        status.resume(participant, by=team.worker)
    assert again(participant).status == S.PAUSED


# --- end ------------------------------------------------------------------------------------------


def test_a_worker_asks_and_the_supervisor_closes(case, team):
    participant = case(**screened())
    status.close(participant, reason="goals_met", by=team.worker)
    assert again(participant).status == S.ACTIVE
    assert again(participant).asked_close_reason == "goals_met"

    approvals.decide(waits(participant), approve=True, by=team.supervisor)
    closed = again(participant)
    assert (closed.status, closed.close_reason, closed.asked_close_reason) == (
        S.CLOSED,
        "goals_met",
        "",
    )


def test_a_returned_closure_goes_on(case, team):
    participant = case(**screened())
    status.close(participant, reason="goals_met", by=team.worker)
    approvals.decide(waits(participant), approve=False, reason="Not yet", by=team.supervisor)

    assert again(participant).status == S.ACTIVE
    assert again(participant).asked_close_reason == ""


@pytest.mark.parametrize("reason", status.DIED)
@pytest.mark.parametrize("state", [S.ACTIVE, S.PAUSED, S.PROSPECT])
def test_a_death_waits_for_nobody_and_no_screening(case, team, reason, state):
    participant = case(status=state)
    status.close(participant, reason=reason, by=team.worker)

    assert again(participant).status == S.CLOSED
    assert again(participant).pause_until is None
    assert not Approval.objects.exists()


def test_a_death_takes_an_open_question_back(case, team):
    participant = case(**screened())
    status.close(participant, reason="moved", by=team.worker)
    status.close(participant, reason="killed", by=team.worker)

    assert again(participant).close_reason == "killed"
    assert not Approval.objects.open().exists()
    assert not Task.objects.open().exists()


@pytest.mark.parametrize(
    ("days_ago", "refused"), [(89, False), (90, False), (91, True), (400, True)]
)
def test_a_screening_of_91_days_is_asked_for_anew_at_closure(case, team, days_ago, refused):
    participant = case(**screened(days_ago))
    if refused:
        with pytest.raises(ScreeningTooOld):
            status.close(participant, reason="goals_met", by=team.worker)
        return
    status.close(participant, reason="goals_met", by=team.worker)
    assert waits(participant)


def test_who_was_never_screened_is_screened_before_the_case_closes(case, team):
    with pytest.raises(ScreeningTooOld):
        status.close(case(), reason="goals_met", by=team.supervisor)


def test_who_cannot_be_met_any_more_is_not_screened(case, team):
    participant = case(**screened(200))
    status.close(participant, reason="lost_contact", by=team.worker)

    assert waits(participant).kind == "closure"


def test_a_case_that_never_ran_closes_at_once(case, team):
    participant = case(status=S.PROSPECT)
    status.close(participant, reason="declined", by=team.worker)

    assert again(participant).status == S.CLOSED


def test_a_supervisor_closes_the_teams_case_but_asks_for_the_own(case, team, manager):
    theirs, own = case(**screened()), case(by=team.supervisor, **screened())
    for participant in (theirs, own):
        status.close(participant, reason="goals_met", by=team.supervisor)

    assert again(theirs).status == S.CLOSED
    assert again(own).status == S.ACTIVE
    approvals.decide(waits(own), approve=True, by=manager)
    assert again(own).status == S.CLOSED


def test_a_closed_case_is_reopened_for_screening_by_its_worker(case, team):
    participant = case(status=S.CLOSED, **screened())
    with pytest.raises(NotForThisPerson):
        status.reopen(participant, active=True, by=team.worker)
    status.reopen(participant, active=False, by=team.worker)

    assert again(participant).status == S.SCREENING
    assert again(participant).close_reason == ""


def test_reopened_as_active_only_with_consent_and_a_screening_that_counts(case, team):
    stale = case(status=S.CLOSED, **screened(91))
    with pytest.raises(ScreeningTooOld):
        status.reopen(stale, active=True, by=team.supervisor)
    participant = case(status=S.CLOSED, **screened())
    with pytest.raises(ConsentMissing):
        status.reopen(participant, active=True, by=team.supervisor)
    agree(participant)
    status.reopen(participant, active=True, by=team.supervisor)

    assert again(participant).status == S.ACTIVE


# --- who ------------------------------------------------------------------------------------------


def test_anothers_case_and_another_sites_are_refused(case, team, elsewhere):
    participant = case()
    until = today() + timedelta(days=3)
    for person in (team.worker2, team.interrupter, elsewhere.worker, elsewhere.manager):
        with pytest.raises(NotForThisPerson):
            status.pause(participant, reason="unsafe", until=until, by=person)
        with pytest.raises(NotForThisPerson):
            status.close(participant, reason="killed", by=person)


def test_an_old_page_changes_nothing(case, team):
    participant = case()
    status.pause(
        participant,
        reason="unsafe",
        until=today() + timedelta(days=3),
        version=participant.version,
        by=team.worker,
    )
    with pytest.raises(ChangedMeanwhile):
        status.close(participant, reason="killed", version=participant.version, by=team.worker)


def test_other_parts_follow_a_move_and_may_change_a_column(case, team):
    heard = []

    def follow(participant, *, before, by, at):
        heard.append((before, participant.status))
        participant.next_contact_on = None
        return ["next_contact_on"]

    status.follows(follow)
    try:
        participant = case(next_contact_on=today())
        status.close(participant, reason="killed", by=team.worker)
    finally:
        status._followers.pop(f"{follow.__module__}.{follow.__qualname__}")
    assert heard == [(S.ACTIVE, S.CLOSED)]
    assert again(participant).next_contact_on is None


# --- pages ----------------------------------------------------------------------------------------


def test_a_detained_participant_is_paused_in_one_step_on_the_page(case, team, signed_in):
    participant = case()
    client = signed_in(team.worker)
    address = reverse("outreach:pause", args=[participant.code])
    until = today() + timedelta(days=14)
    answer = client.post(
        address,
        {
            "reason": "detained",
            "until": f"{until:%d/%m/%Y}",
            "version": participant.version,
        },
        follow=True,
    )

    assert "Detained" in answer.content.decode()
    assert again(participant).pause_until == until


def test_nothing_typed_is_lost_where_a_step_is_refused(case, team, manager, signed_in):
    participant = case(status=S.NOT_ELIGIBLE)
    status.ask_exception(participant, words="why", by=manager)
    client = signed_in(manager)
    answer = client.post(
        reverse("outreach:exception_decide", args=[participant.code]),
        {"answer": "refuse", "words": "Seventeen, and his mother asks"},
    )

    assert answer.status_code == 200
    assert "Seventeen, and his mother asks" in answer.content.decode()
    assert again(participant).status == S.EXCEPTION


@pytest.mark.parametrize(
    "until",
    ["", "0", "31/02/2027", "01/01/1900", "01/01/2100", "٣١/٠٢/٢٠٢٧", "x" * 500, "\u202e1/1/2027"],
)
def test_a_bad_day_of_a_pause_is_said(case, team, signed_in, until):
    participant = case()
    answer = signed_in(team.worker).post(
        reverse("outreach:pause", args=[participant.code]), {"reason": "unsafe", "until": until}
    )
    assert answer.status_code == (302 if "\u202e" in until else 200)


def test_arabic_digits_are_read_in_a_pause(case, team, signed_in):
    participant = case()
    until = today() + timedelta(days=5)
    western = f"{until:%d/%m/%Y}"
    for zero in ("٠", "۰"):
        written = "".join(chr(ord(zero) + int(c)) if c.isdigit() else c for c in western)
        status_now = again(participant).status
        if status_now == S.PAUSED:
            status.resume(again(participant), by=team.worker)
        signed_in(team.worker).post(
            reverse("outreach:pause", args=[participant.code]),
            {"reason": "unsafe", "until": written},
        )
        assert again(participant).pause_until == until


def test_the_page_offers_what_may_be_done_and_no_more(case, team, manager, signed_in):
    participant = case(status=S.PAUSED, **screened())
    page = signed_in(team.worker).get(participant.get_absolute_url()).content.decode()
    assert f'action="{participant.get_absolute_url()}resume/"' in page
    assert reverse("outreach:pause", args=[participant.code]) not in page

    shared = case(by=team.worker2, team=[team.interrupter])
    page = signed_in(team.interrupter).get(shared.get_absolute_url()).content.decode()
    assert reverse("outreach:close", args=[shared.code]) not in page


# --- two at once ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_close_and_pause_at_once_meet_in_order(case, team):
    participant, version = case(), 1
    came: list[Any] = []

    def pause() -> None:
        try:
            status.pause(
                participant,
                reason="unsafe",
                until=today() + timedelta(days=3),
                version=version,
                by=team.worker,
            )
        except OutreachRefusal as refusal:
            came.append(refusal)
        finally:
            connection.close()

    thread = threading.Thread(target=pause)
    with transaction.atomic():
        status.close(participant, reason="killed", version=version, by=team.worker)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "it did not wait for the lock"
    thread.join(20)

    assert isinstance(came[0], ChangedMeanwhile)
    assert again(participant).status == S.CLOSED
    assert ParticipantStep.objects.filter(to_status=S.PAUSED).count() == 0


def test_a_role_without_cases_opens_no_step(case, make_user, basrah, signed_in):
    participant = case()
    for role in (Role.DATA_OFFICER, Role.REO_STAFF, Role.AUDITOR, Role.ADMINISTRATOR):
        answer = signed_in(make_user(role, basrah)).get(
            reverse("outreach:close", args=[participant.code])
        )
        assert answer.status_code == 403


def test_the_task_of_a_worker_who_has_none_any_more_goes_to_the_supervisor(case, team):
    participant = case()
    team.worker.role = "data"
    team.worker.save(update_fields=["role"])
    until = today() + timedelta(days=7)
    status.pause(again(participant), reason="detained", until=until, by=team.supervisor)

    assert Task.objects.open().get(kind=status.LOOK_AGAIN).assignee == team.supervisor
