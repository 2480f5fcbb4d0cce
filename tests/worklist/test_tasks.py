"""Tasks: once while open, seen only with their record, ticked, moved, resting, coming up."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire import periods, worklist
from ceasefire.people.roles import Role
from ceasefire.worklist import escalation, kinds
from ceasefire.worklist.exceptions import NotByHand, NotForThisPerson, TaskIsClosed
from ceasefire.worklist.models import Notification, Task
from ceasefire.worklist.tasks import clear_old, due_minutes

pytestmark = pytest.mark.django_db

NOW = periods.now()


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: Any) -> None:
    """Kinds of this file alone."""
    monkeypatch.setattr(kinds, "_task_kinds", dict(kinds._task_kinds))
    monkeypatch.setattr(kinds, "_subjects", dict(kinds._subjects))
    worklist.task_kind("test.go", "Somebody is to go.", address=lambda code: f"/x/{code}/")
    worklist.task_kind("test.deed", "Only the deed ends it.", by_hand=False)


@pytest.fixture
def give(basrah: Any) -> Any:
    """A task about the site, due some hours from now."""

    def make(person: Any, *, hours: float = 0, kind: str = "test.go", **facts: Any) -> Task:
        facts = {"subject": basrah, "due_at": periods.now() + timedelta(hours=hours), **facts}
        return worklist.add_task(person, kind, **facts)

    return make


def test_a_task_comes_once_while_it_is_open_and_again_afterwards(
    worker: Any, supervisor: Any, basrah: Any, give: Any
) -> None:
    first = give(worker)
    assert give(worker, hours=9) == first
    assert give(supervisor) != first
    assert worklist.close_tasks("test.go", subject=basrah, by=worker) == 2
    assert worklist.close_tasks("test.go", subject=basrah) == 0
    assert give(worker) != first


def test_an_unknown_kind_is_refused(worker: Any, basrah: Any, give: Any) -> None:
    with pytest.raises(KeyError):
        give(worker, kind="test.nonsense")
    with pytest.raises(KeyError):
        worklist.close_tasks("test.nonsense", subject=basrah)


@pytest.mark.parametrize("role", ["data", "reo_staff", "reo_viewer", "auditor", "administrator"])
def test_roles_without_tasks_get_none_and_open_no_list(
    role: str, worker: Any, make_user: Any, basrah: Any, give: Any, signed_in: Any
) -> None:
    person = make_user(role, basrah)
    task = give(worker)
    with pytest.raises(NotForThisPerson):
        give(person)
    with pytest.raises(NotForThisPerson):
        worklist.move_tasks(worker, person, by=person)
    assert signed_in(person).get("/notifications/tasks/").status_code == 403
    assert signed_in(person).post(f"/notifications/tasks/{task.pk}/done/").status_code == 403


def test_another_s_task_answers_like_an_absent_one(
    worker: Any, make_user: Any, basrah: Any, give: Any, signed_in: Any
) -> None:
    task = give(make_user(Role.WORKER, basrah))
    client = signed_in(worker)
    theirs = client.post(f"/notifications/tasks/{task.pk}/done/")
    absent = client.post(f"/notifications/tasks/{task.pk + 999}/done/")
    assert theirs.status_code == absent.status_code == 404
    # Each page has a token of its own.
    bodies = [
        re.sub(r"[A-Za-z0-9]{64}|tasks/\d+", "", one.content.decode()) for one in (theirs, absent)
    ]
    assert bodies[0] == bodies[1]
    assert "Somebody is to go." not in client.get("/notifications/").content.decode()


def test_a_task_about_what_one_no_longer_sees_is_not_shown_nor_counted(
    worker: Any, basrah: Any, zubair: Any, give: Any, signed_in: Any
) -> None:
    from ceasefire.places.models import Site

    task = give(worker)
    worklist.subject("places.site", lambda person: Site.objects.filter(staff=person))
    assert worklist.unread(worker) == 1
    worker.sites.set([zubair])
    assert worklist.unread(worker) == 0
    client = signed_in(worker)
    assert "Somebody is to go." not in client.get("/notifications/").content.decode()
    assert client.post(f"/notifications/tasks/{task.pk}/done/").status_code == 404


def test_the_bell_counts_notices_and_tasks_due_with_one_question(
    worker: Any, basrah: Any, give: Any, signed_in: Any
) -> None:
    worklist.notify([worker], "response.assigned", subject=basrah)
    give(worker, hours=-5, key="a")
    give(worker, hours=5, key="b")
    give(worker, hours=50, key="c")
    client = signed_in(worker)
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/account/").content.decode()
    assert '<span class="bell-count">3</span>' in page
    assert sum("worklist_" in one["sql"] for one in asked) == 1


def test_the_page_lists_tasks_and_asks_the_same_however_many(
    worker: Any, give: Any, signed_in: Any
) -> None:
    client = signed_in(worker)
    asked = []
    for many in (1, 30):
        for number in range(many):
            give(worker, key=f"{many}:{number}")
        client.get("/notifications/")
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/notifications/").content.decode()
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert page.count("Somebody is to go.") == 20
    assert 'href="/x/BASRAH-CENTRE/"' in page
    assert "All tasks" in page
    assert client.get("/notifications/tasks/").content.decode().count("Somebody is to go.") == 31


def test_a_tick_ends_a_task_but_not_one_that_asks_for_a_deed(
    worker: Any, give: Any, signed_in: Any
) -> None:
    task, deed = give(worker), give(worker, kind="test.deed")
    client = signed_in(worker)
    page = client.get("/notifications/").content.decode()
    assert f"/notifications/tasks/{task.pk}/done/" in page
    assert f"/notifications/tasks/{deed.pk}/done/" not in page
    client.post(f"/notifications/tasks/{task.pk}/done/")
    client.post(f"/notifications/tasks/{deed.pk}/done/")
    task.refresh_from_db()
    deed.refresh_from_db()
    assert (task.closed_by, task.closed_reason) == (worker, "done")
    assert deed.closed_at is None
    with pytest.raises(TaskIsClosed):
        worklist.close_by_hand(task, by=worker)
    with pytest.raises(NotByHand):
        worklist.close_by_hand(deed, by=worker)


def test_all_tasks_of_who_leaves_move_and_what_the_other_has_is_closed(
    worker: Any, make_user: Any, basrah: Any, supervisor: Any, give: Any
) -> None:
    other = make_user(Role.WORKER, basrah)
    moved, doubled, kept = give(worker, key="a"), give(worker, key="b"), give(other, key="b")
    assert worklist.move_tasks(worker, other, by=supervisor) == 1
    assert worklist.move_tasks(worker, other, by=supervisor) == 0
    for task in (moved, doubled, kept):
        task.refresh_from_db()
    assert (moved.assignee, moved.closed_at) == (other, None)
    assert doubled.closed_reason == "moved"
    assert kept.closed_at is None


def test_an_overdue_task_comes_up_to_the_supervisor_and_then_to_the_manager_once(
    worker: Any, supervisor: Any, manager: Any, give: Any, signed_in: Any
) -> None:
    worker.supervisor = supervisor
    worker.save()
    task = give(worker)
    start = task.due_at
    steps = []
    for hours in (1, 25, 26, 49, 50, 500):
        escalation.escalate(at=start + timedelta(hours=hours))
        task.refresh_from_db()
        steps.append((task.escalated_to, task.raised_to))
    assert steps == [
        (None, None),
        (supervisor, None),
        (supervisor, None),
        (supervisor, manager),
        (supervisor, manager),
        (supervisor, manager),
    ]
    assert task.escalated_at == start + timedelta(hours=25)
    assert not Notification.objects.exists(), "the task itself stands in their list"
    for person in (supervisor, manager):
        page = signed_in(person).get("/notifications/").content.decode()
        assert "Somebody is to go." in page
        assert worker.code_name in page
        assert worklist.unread(person) == 1


def test_it_goes_to_nobody_who_may_not_see_what_it_is_about(
    worker: Any, supervisor: Any, manager: Any, basrah: Any, give: Any
) -> None:
    from ceasefire.places.models import Site

    worker.supervisor = supervisor
    worker.save()
    task = give(worker)
    worklist.subject(
        "places.site",
        lambda person: Site.objects.none() if person == supervisor else Site.objects.all(),
    )
    escalation.escalate(at=task.due_at + timedelta(hours=25))
    task.refresh_from_db()
    assert (task.escalated_to, task.raised_to) == (None, manager)


def test_what_rests_reminds_nobody_and_is_due_anew_afterwards(
    worker: Any, supervisor: Any, give: Any
) -> None:
    task = give(worker, hours=-30)
    assert worklist.pause_tasks("places.site", ["BASRAH-CENTRE"]) == 1
    assert worklist.unread(worker) == 0
    assert not escalation.is_due(periods.now())
    assert worklist.resume_tasks("places.site", ["BASRAH-CENTRE"]) == 1
    task.refresh_from_db()
    assert task.paused_at is None
    assert task.due_at > periods.now() - timedelta(minutes=1)
    assert not escalation.is_due(periods.now())


def test_the_clock_asks_for_work_only_where_there_is_some(worker: Any, give: Any) -> None:
    assert list(due_minutes()) == []
    give(worker, hours=-25)
    assert len(list(due_minutes())) == 1


def test_half_a_year_after_it_ended_a_task_is_gone(worker: Any, give: Any) -> None:
    old, recent, still_open = (give(worker, key=key) for key in "abc")
    for task, days in ((old, 181), (recent, 10)):
        Task.objects.filter(pk=task.pk).update(
            closed_at=periods.now() - timedelta(days=days), closed_reason="done"
        )
    clear_old()
    assert set(Task.objects.all()) == {recent, still_open}


def test_who_stands_in_sees_the_tasks_meanwhile(
    worker: Any, supervisor: Any, make_user: Any, basrah: Any, give: Any, monkeypatch: Any
) -> None:
    other = make_user(Role.SUPERVISOR, basrah)
    task = give(supervisor)
    assert not Task.objects.visible_to(other).exists()
    monkeypatch.setattr(kinds, "_represented", lambda person: [supervisor.pk])
    assert Task.objects.visible_to(other).get() == task
