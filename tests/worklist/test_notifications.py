"""Notices: once to a person, nobody else's, a kind and a code and no other word."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire import periods, worklist
from ceasefire.worklist.models import Notification
from ceasefire.worklist.tasks import clear_old

pytestmark = pytest.mark.django_db


def test_the_same_is_told_once_to_a_person(basrah: Any, worker: Any, supervisor: Any) -> None:
    for _time in range(2):
        worklist.notify([worker, worker, supervisor], "response.assigned", subject=basrah)
    worklist.notify([worker], "response.assigned", subject=basrah, key="response.assigned:again")
    assert Notification.objects.filter(recipient=worker).count() == 2
    assert Notification.objects.filter(recipient=supervisor).count() == 1


def test_an_unknown_kind_is_refused(basrah: Any, worker: Any) -> None:
    with pytest.raises(KeyError):
        worklist.notify([worker], "response.nonsense", subject=basrah)


@pytest.mark.parametrize("role", ["reo_staff", "reo_viewer", "administrator"])
def test_roles_without_notices_get_none_and_no_bell(
    basrah: Any, make_user: Any, signed_in: Any, role: str
) -> None:
    person = make_user(role)
    worklist.notify([person], "response.assigned", subject=basrah)
    assert not Notification.objects.exists()
    page = signed_in(person).get("/").content.decode()
    assert 'id="bell"' not in page


def test_the_bell_counts_what_is_not_read_with_one_question(
    basrah: Any, worker: Any, signed_in: Any
) -> None:
    client = signed_in(worker)
    for number in range(3):
        worklist.notify([worker], "response.assigned", subject=basrah, key=f"k{number}")
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/account/").content.decode()
    assert '<span class="bell-count">3</span>' in page
    assert sum("worklist_notification" in one["sql"] for one in asked) == 1


def test_more_than_ninety_nine_are_not_counted(basrah: Any, worker: Any, signed_in: Any) -> None:
    for number in range(105):
        worklist.notify([worker], "response.assigned", subject=basrah, key=f"k{number}")
    assert worklist.unread(worker) == 100
    assert "99+" in signed_in(worker).get("/account/").content.decode()


def test_the_page_shows_one_s_own_and_says_a_sentence_and_a_code(
    basrah: Any, worker: Any, supervisor: Any, signed_in: Any
) -> None:
    worklist.notify([supervisor], "response.red", subject=basrah)
    assert "No notice" in signed_in(worker).get("/notifications/").content.decode()
    page = signed_in(supervisor).get("/notifications/").content.decode()
    assert "72 hours have passed without a community response." in page
    assert "BASRAH-CENTRE" in page


def test_all_are_marked_but_not_what_came_meanwhile(
    basrah: Any, worker: Any, supervisor: Any, signed_in: Any
) -> None:
    for number in range(3):
        worklist.notify([worker, supervisor], "response.assigned", subject=basrah, key=f"k{number}")
    own = list(Notification.objects.filter(recipient=worker).order_by("pk"))
    signed_in(worker).post("/notifications/read/", {"newest": own[1].pk})
    assert worklist.unread(worker) == 1
    assert worklist.unread(supervisor) == 3


def test_reading_again_changes_nothing(basrah: Any, worker: Any) -> None:
    worklist.notify([worker], "response.assigned", subject=basrah)
    notice = worklist.mark_read(Notification.objects.get(), by=worker)
    again = worklist.mark_read(notice, by=worker, at=periods.now() + timedelta(hours=1))
    assert again.read_at == notice.read_at


def test_half_a_year_later_a_notice_is_gone(basrah: Any, worker: Any) -> None:
    for days in (10, 181):
        at = periods.now() - timedelta(days=days)
        worklist.notify([worker], "response.assigned", subject=basrah, key=f"{days}", at=at)
    clear_old()
    assert [one.key for one in Notification.objects.all()] == ["10"]
