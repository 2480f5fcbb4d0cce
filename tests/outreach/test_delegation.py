"""Standing in: a head of the same site, for some days, and both names on what is decided."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from ceasefire import periods, worklist
from ceasefire.database.session import acting
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.worklist.models import Notification, Task
from outreach.exceptions import NotForThisPerson
from outreach.models import Approval, Delegation
from outreach.services import approvals, delegation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_follows(monkeypatch: Any) -> None:
    """What follows from a decision is for the tests of each part."""
    monkeypatch.setattr(approvals, "_handlers", {})


PAGE = "/outreach/supervision/away/"


def today(more: int = 0) -> date:
    return periods.now().date() + timedelta(days=more)


@pytest.fixture
def other(make_user: Any, basrah: Any) -> Any:
    """A second supervisor of the site."""
    return make_user(Role.SUPERVISOR, basrah, username="other")


def let(head: Any, person: Any, *, by: Any = None, first: int = 0, last: int = 3) -> Delegation:
    return delegation.set_stand_in(
        head, person, starts_on=today(first), ends_on=today(last), by=by or head
    )


def test_who_stands_in_is_told_sees_the_tasks_and_may_be_taken_back(
    case: Any, team: Any, other: Any
) -> None:
    approvals.ask(case(), "plan", by=team.worker)
    row = let(team.supervisor, other)
    assert Notification.objects.get().recipient == other
    assert Task.objects.visible_to(User.objects.get(pk=other.pk)).count() == 1
    assert worklist.unread(User.objects.get(pk=other.pk)) == 1, "due in three days"

    delegation.end(row, by=team.supervisor)

    assert not Task.objects.visible_to(User.objects.get(pk=other.pk)).exists()
    with pytest.raises(delegation.EndedAlready):
        delegation.end(row, by=team.supervisor)


def test_what_is_asked_while_somebody_is_away_goes_to_both(
    case: Any, team: Any, other: Any
) -> None:
    let(team.supervisor, other)
    approvals.ask(case(), "plan", by=team.worker)
    assert {task.assignee for task in Task.objects.all()} == {team.supervisor, other}


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("worker", "no head"),
        ("zubair", "of another site"),
        ("self", "nobody stands in for themself"),
        ("left", "has left"),
        ("away", "is away as well"),
    ],
)
def test_only_a_head_of_the_site_who_is_there_stands_in(
    team: Any, elsewhere: Any, make_user: Any, basrah: Any, other: Any, who: str, why: str
) -> None:
    left = make_user(Role.SUPERVISOR, basrah, is_active=False)
    away = make_user(Role.SUPERVISOR, basrah)
    let(away, other)
    person = {
        "worker": team.worker,
        "zubair": elsewhere.supervisor,
        "self": team.supervisor,
        "left": left,
        "away": away,
    }[who]
    with pytest.raises(delegation.NoStandIn):
        let(team.supervisor, person)


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (3, 2), (0, 93), (400, 401)])
def test_days_lie_ahead_and_are_not_too_many(team: Any, other: Any, first: int, last: int) -> None:
    with pytest.raises(delegation.BadDays):
        let(team.supervisor, other, first=first, last=last)


def test_one_stands_in_at_a_time_and_none_passes_it_on(team: Any, other: Any, manager: Any) -> None:
    let(team.supervisor, other)
    for first, last in ((0, 0), (3, 9)):
        with pytest.raises(delegation.AwayAlready):
            let(team.supervisor, manager, first=first, last=last)
    with pytest.raises(delegation.AwayAlready):
        let(other, manager)
    let(team.supervisor, manager, first=4, last=5)


def test_a_supervisor_sets_it_for_themself_alone_a_manager_for_the_site(
    team: Any, other: Any, manager: Any, elsewhere: Any
) -> None:
    for person in (other, team.worker, elsewhere.manager):
        with pytest.raises(NotForThisPerson):
            let(team.supervisor, other, by=person)
    row = let(team.supervisor, other, by=manager)
    assert (row.from_user, row.created_by) == (team.supervisor, manager)
    with pytest.raises(NotForThisPerson):
        delegation.end(row, by=other)
    delegation.end(row, by=manager)


def test_the_page_sets_and_ends(team: Any, other: Any, signed_in: Any) -> None:
    client = signed_in(team.supervisor)
    assert other.code_name in client.get(PAGE).content.decode()
    sent = {
        "from_user": str(team.supervisor.pk),
        "to_user": str(other.pk),
        "starts_on": today().strftime("%d/%m/%Y"),
        "ends_on": today(2).strftime("%d/%m/%Y"),
    }
    assert client.post(PAGE, sent).status_code == 302
    row = Delegation.objects.get()
    assert client.post(PAGE, sent).status_code == 200, "somebody stands in already"
    assert client.post(f"{PAGE}{row.pk}/end/").status_code == 302
    row.refresh_from_db()
    assert row.ended_at is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to_user", ""),
        ("to_user", "nobody"),
        ("to_user", "\u202eother"),
        ("to_user", "\x00"),
        ("from_user", "00000000-0000-4000-8000-000000000000"),
        ("starts_on", "31/02/2026"),
        ("starts_on", "1/1/1900"),
        ("ends_on", "1/1/2100"),
        ("ends_on", "soon"),
        ("ends_on", "9" * 5000),
    ],
)
def test_bad_input_is_said_and_what_was_typed_stays(
    team: Any, other: Any, signed_in: Any, field: str, value: str
) -> None:
    sent = {
        "from_user": str(team.supervisor.pk),
        "to_user": str(other.pk),
        "starts_on": today().strftime("%d/%m/%Y"),
        "ends_on": today(2).strftime("%d/%m/%Y"),
        field: value,
    }
    answer = signed_in(team.supervisor).post(PAGE, sent)
    assert answer.status_code == 200
    assert not Delegation.objects.exists()


def test_days_may_be_typed_in_arabic_digits(team: Any, other: Any, signed_in: Any) -> None:
    eastern = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    persian = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    signed_in(team.supervisor).post(
        PAGE,
        {
            "from_user": str(team.supervisor.pk),
            "to_user": str(other.pk),
            "starts_on": today().strftime("%d/%m/%Y").translate(eastern),
            "ends_on": today(2).strftime("%d/%m/%Y").translate(persian),
        },
    )
    assert Delegation.objects.get().ends_on == today(2)


def test_a_stand_in_of_another_site_answers_like_an_absent_one(
    team: Any, other: Any, elsewhere: Any, signed_in: Any
) -> None:
    row = let(team.supervisor, other)
    client = signed_in(elsewhere.manager)
    assert client.post(f"{PAGE}{row.pk}/end/").status_code == 404
    page = client.get(PAGE).content.decode()
    assert "stands in for" not in page
    assert str(other.pk) not in page
    assert str(team.supervisor.pk) not in page


def test_the_inbox_answers_and_shows_both_names(
    case: Any, team: Any, other: Any, signed_in: Any
) -> None:
    asked = approvals.ask(case(), "plan", by=team.worker)
    let(team.supervisor, other)
    client = signed_in(other)
    page = client.get("/outreach/supervision/approvals/").content.decode()
    assert asked.participant.code in page
    address = f"/outreach/supervision/approvals/{asked.pk}/"
    assert client.get(address).status_code == 200
    missing = client.post(address, {"answer": "return", "reason": " "})
    assert "Say why you return it." in missing.content.decode()
    assert client.post(address, {"answer": "approve"}).status_code == 302
    assert Approval.objects.get().on_behalf_of == team.supervisor
    page = client.get("/outreach/supervision/approvals/?decided=1").content.decode()
    assert other.code_name in page
    assert team.supervisor.code_name in page


def test_another_team_s_approval_answers_like_an_absent_one(
    case: Any, team: Any, other: Any, elsewhere: Any, signed_in: Any
) -> None:
    asked = approvals.ask(case(), "plan", by=team.worker)
    for person in (other, elsewhere.manager, elsewhere.supervisor):
        client = signed_in(person)
        for verb in (client.get, client.post):
            assert verb(f"/outreach/supervision/approvals/{asked.pk}/").status_code == 404
        page = client.get("/outreach/supervision/approvals/").content.decode()
        assert asked.participant.code not in page


@pytest.mark.django_db(transaction=True)
def test_of_two_who_name_each_other_at_once_one_is_away(team: Any, other: Any) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def go(head: Any, person: Any) -> None:
        ready.wait(timeout=20)
        try:
            with acting(head):
                let(User.objects.get(pk=head.pk), person)
            outcomes.append("away")
        except (delegation.NoStandIn, delegation.AwayAlready):
            outcomes.append("refused")
        finally:
            connection.close()

    both = [
        threading.Thread(target=go, args=pair)
        for pair in ((team.supervisor, other), (other, team.supervisor))
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(timeout=60)
    assert sorted(outcomes) == ["away", "refused"]
