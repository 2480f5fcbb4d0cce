"""The 72-hour board and the clock on an incident's page."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire import periods, worklist
from incidents import measures, services
from incidents.models import Incident, IncidentResponse, ResponseAction, RetaliationWatch
from incidents.services import ActorFacts
from incidents.views import board
from tests.incidents.conftest import MOMENT

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
BOARD, ROWS = "/incidents/board/", "/incidents/board/rows/"


@pytest.fixture
def started(log: Any) -> Any:
    """An incident whose clock began so many hours ago."""

    def make(hours: float, **more: Any) -> Incident:
        incident = log(**more)
        response = incident.response
        response.begin(periods.now() - hours * HOUR, late=False)
        response.save()
        RetaliationWatch.objects.filter(incident=incident).update(
            started_at=response.started_at, ends_at=response.due_at
        )
        return incident

    return make


def of(page: str, part: str) -> list[str]:
    """The codes in one group of the board."""
    found = re.search(rf'aria-labelledby="group-{part}">(.*?)</section>', page, re.S)
    return re.findall(r'id="row-(INC-[0-9-]+)"', found[1]) if found else []


def state_of(page: str) -> str:
    return re.search(r"state=([0-9a-f]{16})", page)[1]


def test_clocks_stand_in_the_column_of_their_hours(
    started: Any, signed_in: Any, worker: Any, supervisor: Any
) -> None:
    red, amber, young, done = started(80), started(50), started(3), started(10)
    services.record_action(done, kind="canvass", by=worker, people_reached=22)
    page = signed_in(worker).get(BOARD).content.decode()
    assert of(page, "red") == [red.code]
    assert of(page, "amber") == [amber.code]
    assert of(page, "running") == [young.code]
    assert of(page, "closed") == [done.code]
    assert "No contact after 24 hours" in page
    assert "Community response" not in page
    assert "First contact" in page


def test_a_worker_takes_a_supervisor_gives(
    started: Any, signed_in: Any, worker: Any, supervisor: Any
) -> None:
    incident = started(3)
    page = signed_in(worker).get(BOARD).content.decode()
    assert f"/incidents/{incident.code}/response/take/" in page
    assert f"/incidents/{incident.code}/response/assign/" not in page
    page = signed_in(supervisor).get(BOARD).content.decode()
    assert f"/incidents/{incident.code}/response/assign/" in page
    assert worker.code_name in page


def test_filters_by_who_and_site(
    started: Any, signed_in: Any, worker: Any, make_user: Any, basrah: Any, zubair: Any
) -> None:
    own, free = started(3), started(4)
    services.take_response(own, by=worker)
    client = signed_in(worker)
    assert of(client.get(f"{BOARD}?who=mine").content.decode(), "running") == [own.code]
    assert of(client.get(f"{BOARD}?who=free").content.decode(), "running") == [free.code]
    both = make_user("manager", basrah, zubair)
    page = signed_in(both).get(f"{BOARD}?site=AL-ZUBAIR").content.decode()
    assert "INC-" not in page
    assert "No clock runs here" in page


def test_who_may_not_see_it_sees_no_clock_of_it(
    started: Any, signed_in: Any, make_user: Any, basrah: Any, zubair: Any, supervisor: Any
) -> None:
    hidden = started(3, staff_involved=True, actors=[ActorFacts(category="tribal")])
    for stranger in (make_user("worker", basrah), make_user("supervisor", zubair)):
        page = signed_in(stranger).get(BOARD).content.decode()
        assert hidden.code not in page
        assert measures.clocks(stranger, periods.now()).running == 0
    assert hidden.code in signed_in(supervisor).get(BOARD).content.decode()


def test_an_open_page_is_answered_with_nothing_while_nothing_changes(
    started: Any, signed_in: Any, worker: Any, make_user: Any, basrah: Any
) -> None:
    incident = started(3.5)
    client = signed_in(worker)
    state = state_of(client.get(BOARD).content.decode())
    assert client.get(f"{ROWS}?state={state}").status_code == 204
    services.take_response(incident, by=make_user("worker", basrah))
    answer = client.get(f"{ROWS}?state={state}")
    assert answer.status_code == 200
    fresh = answer.content.decode()
    assert fresh.lstrip().startswith('<div id="board"')
    assert 'hx-swap-oob="true"' in fresh
    assert state_of(fresh) != state


def test_asking_by_itself_keeps_no_session_alive() -> None:
    from incidents.views import board

    assert board.board_rows.asked_by_itself
    assert not hasattr(board.board, "asked_by_itself")


def test_giving_in_the_row_answers_with_the_board_and_without_script_leads_back_to_it(
    started: Any, signed_in: Any, worker: Any, supervisor: Any
) -> None:
    incident = started(60)
    client = signed_in(supervisor)
    path = f"/incidents/{incident.code}/response/assign/?who=free"
    asked = {"to": str(worker.pk), "version": 1, "back": "board"}
    answer = client.post(path, asked, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "Given." in answer.content.decode()
    assert IncidentResponse.objects.get().assigned_to == worker
    again = client.post(path, {**asked, "to": "", "version": 2})
    assert again["Location"] == f"{BOARD}?who=free"
    old = client.post(path, asked, headers={"HX-Request": "true"}).content.decode()
    assert "Somebody else changed this incident meanwhile." in old


def test_the_people_stand_on_the_board_once_whatever_rows_there_are(
    started: Any, signed_in: Any, supervisor: Any, worker: Any, make_user: Any, basrah: Any
) -> None:
    staff = [make_user("worker", basrah) for _number in range(12)]
    started(3)
    client = signed_in(supervisor)

    def looked() -> tuple[str, int]:
        page = client.get(BOARD).content.decode()
        return page, page.count('<option value="')

    one_row, options = looked()
    for hours in (10, 50, 60, 80):
        started(hours, actors=[ActorFacts(category="tribal")])
    page, more = looked()
    assert page.count("data-give ") == 5
    # Those of the chosen site's staff, and nobody; not once more for a row.
    assert more == options
    for person in staff:
        assert page.count(f'<option value="{person.pk}"') == 1
    # Nor does a row weigh more where more people are sent out.
    row = page[page.index('id="row-') :].split("</li>")[0]
    assert worker.code_name not in row
    assert len(one_row) < len(page)


def test_no_people_stand_on_the_board_of_who_gives_nothing(
    started: Any, signed_in: Any, worker: Any, make_user: Any, basrah: Any
) -> None:
    other = make_user("worker", basrah)
    started(3)
    page = signed_in(worker).get(BOARD).content.decode()
    assert "data-give" not in page
    assert other.code_name not in page


def test_without_script_a_page_gives_it_and_names_only_who_may_have_it(
    started: Any, signed_in: Any, supervisor: Any, worker: Any, make_user: Any, basrah: Any
) -> None:
    reporter, other = make_user("worker", basrah), make_user("worker", basrah)
    hidden = started(3, by=reporter, staff_involved=True, actors=[ActorFacts(category="tribal")])
    client = signed_in(supervisor)
    page = client.get(f"{BOARD}?who=free").content.decode()
    way = f"/incidents/{hidden.code}/response/assign/?who=free"
    assert f'href="{way}"' in page
    asked = client.get(way).content.decode()
    assert f'value="{reporter.pk}"' in asked
    assert f'value="{other.pk}"' not in asked
    answer = client.post(way, {"to": str(reporter.pk), "version": 1, "back": "board"})
    assert answer["Location"] == f"{BOARD}?who=free"
    assert IncidentResponse.objects.get().assigned_to == reporter
    services.close_response(hidden, by=supervisor, reason="unsafe")
    assert client.get(way).status_code == 403


def test_what_was_done_is_recorded_on_a_small_page(
    started: Any, signed_in: Any, worker: Any
) -> None:
    incident = started(3)
    client = signed_in(worker)
    path = f"/incidents/{incident.code}/response/"
    page = client.get(path).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    given = {"kind": "canvass", "people_reached": "٢٢", "materials": "40", "key": key}
    for _time in range(2):
        assert client.post(path, given)["Location"].endswith(f"/{incident.code}/#response")
    action = ResponseAction.objects.get()
    assert (action.people_reached, action.materials) == (22, 40)
    shown = client.get(f"/incidents/{incident.code}/").content.decode()
    assert "Went from door to door" in shown
    assert "22 people reached" in shown


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Say what was done."),
        ({"kind": "nothing"}, "Select a valid choice"),
        ({"kind": "hospital", "people_reached": "-3"}, "whole number"),
        ({"kind": "hospital", "people_reached": "20001"}, "at most 20000"),
        ({"kind": "hospital", "at": "01/01/2100 10:00"}, "later than now"),
        ({"kind": "hospital", "at": "01/01/1900 10:00"}, "before the incident"),
        ({"kind": "hospital", "words": "x" * 1001}, "at most 1000"),
    ],
    ids=str,
)
def test_a_faulty_form_says_so_and_keeps_what_was_typed(
    started: Any, signed_in: Any, worker: Any, given: dict[str, str], said: str
) -> None:
    incident = started(3)
    key = "6b7b0b6e-6a43-4d3b-8a51-0f2a5d0f7a11"
    page = signed_in(worker).post(f"/incidents/{incident.code}/response/", {**given, "key": key})
    assert page.status_code == 200
    assert said in page.content.decode()
    assert not ResponseAction.objects.exists()


def test_a_notice_opens_its_record_and_is_read(log: Any, supervisor: Any, signed_in: Any) -> None:
    incident = log()
    notice = worklist.Notification.objects.get(recipient=supervisor)
    answer = signed_in(supervisor).post(f"/notifications/{notice.pk}/open/")
    assert answer["Location"] == f"/incidents/{incident.code}/#response"
    assert worklist.unread(supervisor) == 0


@pytest.mark.parametrize("role", ["worker", "supervisor"])
def test_the_board_asks_no_more_for_many_rows_than_for_few(
    started: Any, signed_in: Any, make_user: Any, basrah: Any, role: str
) -> None:
    person = make_user(role, basrah)
    started(3, actors=[ActorFacts(category="tribal")])
    client = signed_in(person)
    client.get(BOARD)
    with CaptureQueriesContext(connection) as few:
        client.get(BOARD)
    for number in range(60):
        started(number * 1.3, actors=[ActorFacts(category="tribal")] if number % 3 == 0 else ())
    with CaptureQueriesContext(connection) as many:
        page = client.get(BOARD).content.decode()
    # 4 over 72 hours, 19 over 48, 38 younger: the first fifteen of each, and its true number.
    assert [len(of(page, name)) for name in ("red", "amber", "running")] == [4, 15, 15]
    numbers = re.findall(r'class="number">.*?(\d+)', page)
    assert numbers == ["4", "19", "38"]
    assert len(many) == len(few)
    assert "stage=red" not in page
    onward = re.search(r'href="([^"]+stage=running)"', page)[1].replace("&amp;", "&")
    rest = client.get(onward).content.decode()
    assert len(of(rest, "running")) == 38
    assert 'aria-labelledby="group-red"' not in rest


def test_what_has_long_been_late_hides_nothing_that_has_just_begun(
    started: Any, signed_in: Any, worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "BESIDE", 2)
    monkeypatch.setattr(board, "SIZE", 2)
    for days in range(4, 9):
        started(days * 24)
    client = signed_in(worker)
    before = client.get(BOARD).content.decode()
    young = started(1)
    page = client.get(BOARD).content.decode()
    assert of(page, "running") == [young.code]
    assert len(of(page, "red")) == 2
    # An open page hears of it, though what it shows of the other columns is the same.
    assert state_of(page) != state_of(before)
    first = client.get(f"{BOARD}?stage=red").content.decode()
    onward = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    assert len(of(first, "red")) == 2
    assert not set(of(first, "red")) & set(of(client.get(onward).content.decode(), "red"))


def test_a_watch_within_its_hours_stands_before_one_that_is_over(
    started: Any, signed_in: Any, supervisor: Any
) -> None:
    sides = [ActorFacts(category="tribal")]
    over, late, young = (started(hours, actors=sides) for hours in (100, 60, 2))
    page = signed_in(supervisor).get(BOARD)
    assert [watch["row"].incident for watch in page.context["watches"]] == [late, young, over]


def test_watches_that_are_not_shown_are_not_passed_over_in_silence(
    started: Any, signed_in: Any, supervisor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MOST_WATCHES", 2)
    last, first, second = (
        started(hours, actors=[ActorFacts(category="tribal")]) for hours in (1, 9, 5)
    )
    client = signed_in(supervisor)
    page = client.get(BOARD)
    assert [watch["row"].incident for watch in page.context["watches"]] == [first, second]
    assert "More watches are open" in page.content.decode()
    services.end_watch(last, outcome="quiet", by=supervisor)
    assert "More watches are open" not in client.get(BOARD).content.decode()


def test_interrupters_who_have_least_to_do_are_proposed_for_a_watch(
    started: Any, signed_in: Any, make_user: Any, basrah: Any, supervisor: Any, worker: Any
) -> None:
    busy, free = (make_user("interrupter", basrah, username=name) for name in ("ava", "zed"))
    other = started(5, actors=[ActorFacts(category="tribal")])
    services.set_watchers(other, victim_side=busy, other_side=None, by=supervisor)
    incident = started(2, actors=[ActorFacts(category="tribal")])
    client = signed_in(supervisor)

    page = client.get(incident.get_absolute_url())
    form = page.context["watchers_form"]
    assert (form["victim_side"].value(), form["other_side"].value()) == (str(free.pk), str(busy.pk))
    assert "Proposed:" in page.content.decode()
    # Nobody is given anything before somebody says so.
    assert RetaliationWatch.objects.get(incident=incident).victim_side is None

    services.set_watchers(incident, victim_side=worker, other_side=None, by=supervisor)
    form = client.get(incident.get_absolute_url()).context["watchers_form"]
    assert (form["victim_side"].value(), form["other_side"].value()) == (
        str(worker.pk),
        str(free.pk),
    )
    services.set_watchers(incident, victim_side=worker, other_side=busy, by=supervisor)
    assert "Proposed:" not in client.get(incident.get_absolute_url()).content.decode()


# --- numbers ------------------------------------------------------------------------------------


def test_the_week_of_a_report_counts_what_fell_due_in_it(
    log: Any, basrah: Any, worker: Any, supervisor: Any
) -> None:
    in_time, late, silent, given_up, gone = (log() for _number in range(5))
    services.record_action(in_time, kind="event", by=worker, at=MOMENT + 71 * HOUR)
    services.record_action(late, kind="event", by=worker, at=MOMENT + 73 * HOUR)
    services.close_response(given_up, reason="unsafe", by=supervisor)
    services.withdraw_incident(gone, by=worker, reason="mistake")
    assert silent.response.closed_at is None
    due = periods.local_day(MOMENT + 72 * HOUR)
    week = periods.Week.of(due)
    found = measures.answered(basrah.pk, week.start, week.end)
    assert (found.due, found.within_72h, found.overdue) == (4, 1, 3)
    before = week.previous()
    assert measures.answered(basrah.pk, before.previous().start, before.start) is None
    after = measures.answered(basrah.pk, week.end, week.next().end)
    assert (after.due, after.overdue) == (0, 0)
    early = measures.answered(basrah.pk, week.start, week.end, as_of=MOMENT + 71 * HOUR)
    assert early.due == 0
