"""The ladder of 1, 3, 7, 14, 30, 60 and 90 days, what each answer does, and what is missed."""

from datetime import timedelta

import pytest
from django.db import transaction

from ceasefire import periods, vault, worklist
from outreach.exceptions import ChangedMeanwhile, NotDueYet, NotForThisPerson
from outreach.models import FollowUp
from outreach.services import conflicts, follow_ups, mediators
from tests.incidents.test_two_connections import meet
from tests.outreach.conflict_world import now_of, rungs, shift_ladder, tasks_of, told

pytestmark = pytest.mark.django_db
WHOLE = [1, 3, 7, 14, 30, 60, 90]


@pytest.mark.parametrize(
    ("outcome", "ladder"),
    [("R1", WHOLE), ("R2", WHOLE), ("R3", WHOLE)] + [(one, []) for one in "UVEXT"],
)
def test_which_outcomes_are_looked_at_again(conflict, session, outcome, ladder):
    made = conflict()
    session(made, outcome)

    assert rungs(made) == ladder


def test_the_days_count_from_the_session(conflict, session):
    made = conflict()
    session(made)
    start = periods.now().date()

    assert [row.due_on - start for row in made.follow_ups.all()] == [
        timedelta(days=rung) for rung in WHOLE
    ]
    assert now_of(made).next_follow_up_on == start + timedelta(days=1)


def test_of_a_session_written_down_late_the_past_days_are_left_out(conflict, session):
    made = conflict()
    session(made, days_ago=5)

    assert rungs(made) == [7, 14, 30, 60, 90]


def test_a_new_session_begins_the_ladder_anew(conflict, session):
    made = conflict()
    session(made)
    shift_ladder(made, 10)
    session(made, "R1")

    assert rungs(made) == WHOLE
    assert rungs(made, "ended") == WHOLE


def test_a_session_written_down_after_a_later_one_moves_nothing(conflict, session):
    made = conflict()
    session(made, "R1")
    first = list(made.follow_ups.values_list("pk", flat=True))
    for outcome in ("V", "R3"):
        session(now_of(made), outcome, days_ago=5)

    assert now_of(made).state == "resolved"
    assert list(made.follow_ups.values_list("pk", flat=True)) == first
    assert rungs(made) == WHOLE


def test_who_has_no_tasks_any_more_stops_nobody_elses(conflict, session, team):
    gone, other = conflict(), conflict(by=team.worker2)
    for made, by in ((gone, team.worker), (other, team.worker2)):
        session(made, by=by)
        shift_ladder(made, 1)
    team.worker.role = "data"
    team.worker.save(update_fields=["role"])

    assert follow_ups.give_tasks(at=periods.now()) == 2
    assert tasks_of(team.supervisor) == ["conflict.follow_up"]
    assert tasks_of(team.worker2) == ["conflict.follow_up"]


@pytest.mark.parametrize("outcome", ["U", "V", "E"])
def test_what_was_no_peace_ends_the_ladder(conflict, session, outcome):
    made = conflict()
    session(made)
    session(made, outcome)

    assert rungs(made) == []


@pytest.mark.parametrize("outcome", ["X", "T"])
def test_who_was_not_reached_is_still_looked_after(conflict, session, outcome):
    made = conflict()
    session(made)
    session(made, outcome)

    assert rungs(made) == WHOLE


def test_nothing_is_answered_before_its_day(conflict, session, team):
    made = conflict()
    session(made)
    with pytest.raises(NotDueYet), transaction.atomic():
        follow_ups.answer(made, finding="calm", by=team.worker)


def test_calm_is_watched_from_here_on(conflict, session, team):
    made = conflict()
    session(made)
    shift_ladder(made, 1)

    rung = follow_ups.answer(made, finding="calm", by=team.worker, note="Tea with both")

    assert (rung.rung, rung.state) == (1, "answered")
    assert now_of(made).state == "monitoring"
    assert vault.unseal(rung, "note", by=team.worker) == "Tea with both"


def test_tense_begins_the_quiet_days_anew(conflict, session, team):
    made = conflict()
    session(made, days_ago=1)
    before = now_of(made).unquiet_at

    follow_ups.answer(made, finding="tense", by=team.worker)

    assert now_of(made).unquiet_at > before


def test_flared_up_ends_the_ladder_and_is_told(conflict, session, team):
    made = conflict()
    session(made)
    shift_ladder(made, 1)

    follow_ups.answer(made, finding="reignited", by=team.worker)

    assert now_of(made).state == "reignited"
    assert rungs(made) == []
    assert told(team.supervisor) == ["conflict.reignited"]


def test_earlier_ones_left_open_were_missed(conflict, session, team):
    made = conflict()
    session(made)
    shift_ladder(made, 8)

    follow_ups.answer(made, finding="calm", by=team.worker)

    assert rungs(made, "missed") == [1, 3]
    assert rungs(made, "answered") == [7]


def test_each_due_day_is_a_task_once_and_the_answer_ends_it(conflict, session, team):
    made = conflict()
    session(made)
    assert not follow_ups.is_due(periods.now())
    shift_ladder(made, 1)

    assert follow_ups.give_tasks(at=periods.now()) == 1
    assert follow_ups.give_tasks(at=periods.now()) == 0
    assert tasks_of(team.worker) == ["conflict.follow_up"]

    follow_ups.answer(made, finding="calm", by=team.worker)

    assert tasks_of(team.worker) == []


def test_a_missed_day_is_an_overdue_task(conflict, session, team):
    made = conflict()
    session(made)
    shift_ladder(made, 2)
    follow_ups.give_tasks(at=periods.now())

    task = worklist.Task.objects.get(assignee=team.worker)

    assert task.due_at < periods.now()
    assert FollowUp.objects.get(rung=1).is_overdue(periods.now().date())


def test_closing_ends_the_ladder_and_its_tasks(conflict, session, team):
    made = conflict()
    session(made)
    shift_ladder(made, 1)
    follow_ups.give_tasks(at=periods.now())

    conflicts.close(made, by=team.supervisor, reason="Both moved away")

    assert (rungs(made), tasks_of(team.worker)) == ([], [])


def test_only_who_mediates_answers(conflict, session, team):
    made = conflict()
    session(made)
    shift_ladder(made, 1)
    with pytest.raises(NotForThisPerson), transaction.atomic():
        follow_ups.answer(made, finding="calm", by=team.worker2)


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_the_second_looks_again(conflict, session, team):
    made = conflict()
    session(made)
    mediators.set_mediators(made, lead=team.worker, beside=[team.interrupter], by=team.worker)
    shift_ladder(made, 1)
    made = now_of(made)

    came = meet(
        lambda: follow_ups.answer(made, finding="calm", by=team.worker, version=made.version),
        lambda: follow_ups.answer(
            made, finding="reignited", by=team.interrupter, version=made.version
        ),
    )

    assert isinstance(came, ChangedMeanwhile)
    assert now_of(made).state == "monitoring"
