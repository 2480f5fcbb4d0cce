"""Approvals: a second person decides, never one's own; a stand-in's decision names both."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import acting
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.worklist.models import Notification, Task
from outreach.exceptions import NotForThisPerson
from outreach.models import Approval, Delegation
from outreach.services import approvals

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_follows(monkeypatch: Any) -> None:
    """What follows from a decision is for the tests of each part."""
    monkeypatch.setattr(approvals, "_handlers", {})


def again(person: Any) -> Any:
    """Read anew: who somebody supervises is kept for one request."""
    return User.objects.get(pk=person.pk)


@pytest.fixture
def other(make_user: Any, basrah: Any) -> Any:
    """A second supervisor of the site, with a team of nobody."""
    return make_user(Role.SUPERVISOR, basrah, username="other")


def stand_in(head: Any, person: Any, **facts: Any) -> Delegation:
    today = periods.now().date()
    return Delegation.objects.create(
        **{
            "from_user": head,
            "to_user": person,
            "starts_on": today,
            "ends_on": today + timedelta(days=3),
            "created_by": head,
            **facts,
        }
    )


def test_the_supervisor_of_the_worker_gets_the_task_and_it_ends_with_the_answer(
    case: Any, team: Any
) -> None:
    one = case()
    asked = approvals.ask(one, "plan", by=team.worker)
    task = Task.objects.get()
    assert (task.assignee, task.kind, task.subject_code) == (
        team.supervisor,
        "approval.plan",
        one.code,
    )
    assert not task.by_hand

    approvals.decide(asked, approve=True, by=again(team.supervisor))

    task.refresh_from_db()
    asked.refresh_from_db()
    assert (task.closed_reason, task.closed_by) == ("done", team.supervisor)
    assert (asked.decision, asked.decided_by, asked.on_behalf_of) == (
        "approved",
        team.supervisor,
        None,
    )
    assert Notification.objects.get().kind == "approval.approved"


def test_asked_twice_it_is_the_same_question(case: Any, team: Any) -> None:
    one = case()
    first = approvals.ask(one, "closure", by=team.worker)
    assert approvals.ask(one, "closure", by=team.worker) == first
    assert Task.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.create(participant=one, kind="closure", asked_by=team.worker)


def test_who_returns_says_why_and_the_words_are_sealed(case: Any, team: Any) -> None:
    asked = approvals.ask(case(), "plan", by=team.worker)
    with pytest.raises(approvals.ReasonIsMissing):
        approvals.decide(asked, approve=False, by=again(team.supervisor), reason="  ")
    approvals.decide(
        asked, approve=False, by=again(team.supervisor), reason="Ask his brother Karim first."
    )
    asked.refresh_from_db()
    assert asked.decision == "returned"
    assert vault.unseal(asked, "reason", by=team.supervisor) == "Ask his brother Karim first."
    assert "Karim" not in str(list(AuditEvent.objects.values()))
    assert "Karim" not in str(list(Task.objects.values()))


def test_nobody_decides_their_own(case: Any, team: Any, manager: Any) -> None:
    own = case(by=team.supervisor)
    asked = approvals.ask(own, "plan", by=team.supervisor)
    assert Task.objects.get().assignee == manager
    with pytest.raises(approvals.OneOwn):
        approvals.decide(asked, approve=True, by=again(team.supervisor))
    for_worker = approvals.ask(case(), "plan", by=again(team.supervisor))
    with pytest.raises(approvals.OneOwn):
        approvals.decide(for_worker, approve=True, by=again(team.supervisor))
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=asked.pk).update(
            decided_by=team.supervisor, decided_at=periods.now(), decision="approved"
        )
    approvals.decide(asked, approve=True, by=manager)


def test_a_stand_in_decides_for_the_supervisor_and_both_names_stand(
    case: Any, team: Any, other: Any
) -> None:
    asked = approvals.ask(case(), "intake", by=team.worker)
    with pytest.raises(NotForThisPerson):
        approvals.decide(asked, approve=True, by=again(other))
    stand_in(team.supervisor, other)
    approvals.decide(asked, approve=True, by=again(other))
    asked.refresh_from_db()
    assert (asked.decided_by, asked.on_behalf_of) == (other, team.supervisor)


def test_a_stand_in_does_not_decide_what_the_absent_one_asked_for(
    case: Any, team: Any, other: Any, manager: Any
) -> None:
    """Or a supervisor would have their own approved by the one they chose."""
    asked = approvals.ask(case(), "plan", by=team.supervisor)
    own = approvals.ask(case(by=team.supervisor), "plan", by=team.supervisor)
    stand_in(team.supervisor, other)
    for one in (asked, own):
        with pytest.raises(approvals.OneOwn):
            approvals.decide(one, approve=True, by=again(other))
        approvals.decide(one, approve=True, by=again(manager))


@pytest.mark.parametrize("who", ["worker", "worker2", "interrupter"])
def test_workers_decide_nothing(case: Any, team: Any, who: str) -> None:
    asked = approvals.ask(case(team=[team.worker2, team.interrupter]), "plan", by=team.worker)
    with pytest.raises(NotForThisPerson):
        approvals.decide(asked, approve=True, by=getattr(team, who))


def test_the_other_site_decides_nothing_here(case: Any, team: Any, elsewhere: Any) -> None:
    asked = approvals.ask(case(), "plan", by=team.worker)
    for person in (elsewhere.supervisor, elsewhere.manager):
        with pytest.raises(NotForThisPerson):
            approvals.decide(asked, approve=True, by=person)
    assert not Approval.objects.visible_to(elsewhere.manager).exists()


def test_what_follows_runs_in_the_same_transaction(case: Any, team: Any, monkeypatch: Any) -> None:
    seen: list[Any] = []

    def follow(approval: Approval, *, by: Any, reason: str) -> None:
        seen.append((approval.decision, by))
        raise RuntimeError

    monkeypatch.setitem(approvals._handlers, "plan", follow)
    asked = approvals.ask(case(), "plan", by=team.worker)
    with pytest.raises(RuntimeError):
        approvals.decide(asked, approve=True, by=again(team.supervisor))
    asked.refresh_from_db()
    assert seen == [("approved", team.supervisor)]
    assert asked.decided_at is None
    assert Task.objects.open().exists()


def test_decided_is_decided(case: Any, team: Any, manager: Any) -> None:
    asked = approvals.ask(case(), "plan", by=team.worker)
    approvals.decide(asked, approve=True, by=again(team.supervisor))
    with pytest.raises(approvals.DecidedAlready):
        approvals.decide(asked, approve=False, by=manager, reason="no")


def test_what_was_overtaken_is_withdrawn(case: Any, team: Any) -> None:
    one = case()
    approvals.ask(one, "closure", by=team.worker)
    assert approvals.withdraw(one, "closure", by=team.worker)
    assert not approvals.withdraw(one, "closure", by=team.worker)
    assert not Task.objects.open().exists()
    assert Approval.objects.get().decision == "withdrawn"
    approvals.ask(one, "closure", by=team.worker)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_decides(case: Any, team: Any, manager: Any) -> None:
    asked = approvals.ask(case(), "plan", by=team.worker)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def answer(person: Any, approve: bool) -> None:
        ready.wait(timeout=20)
        try:
            with acting(person):
                mine = Approval.objects.select_related("participant").get(pk=asked.pk)
                approvals.decide(mine, approve=approve, by=again(person), reason="So.")
            outcomes.append("decided")
        except approvals.DecidedAlready:
            outcomes.append("refused")
        finally:
            connection.close()

    both = [
        threading.Thread(target=answer, args=(team.supervisor, True)),
        threading.Thread(target=answer, args=(manager, False)),
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(timeout=60)
    assert sorted(outcomes) == ["decided", "refused"]
    assert Notification.objects.filter(recipient=team.worker).count() == 1


@pytest.mark.django_db(transaction=True)
def test_asked_twice_at_once_it_is_one_question_and_one_task(case: Any, team: Any) -> None:
    one = case()
    ready = threading.Barrier(2)
    keys: list[Any] = []

    def ask() -> None:
        ready.wait(timeout=20)
        try:
            with acting(team.worker):
                keys.append(approvals.ask(one, "plan", by=again(team.worker)).pk)
        finally:
            connection.close()

    both = [threading.Thread(target=ask) for _number in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=60)
    assert len(set(keys)) == 1
    assert Task.objects.count() == 1
