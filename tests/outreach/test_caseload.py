"""The caseload page: what it shows, whose, in which order, and with how many queries."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from outreach.models import Participant, Referral
from outreach.services import caseload_reading as reading
from outreach.services import contacts
from tests.test_permissions import comparable

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CASELOAD = "outreach:caseload"


@pytest.fixture
def shown(client: Any) -> Any:
    """The lines of somebody's caseload page, by code."""

    def lines(person: Any, address: str = "") -> dict[str, reading.Row]:
        client.force_login(person)
        answer = client.get(address or reverse(CASELOAD))
        assert answer.status_code == 200
        return {line.case.code: line for line in answer.context["lines"]}

    return lines


def since(days: float) -> Any:
    return periods.now() - timedelta(days=days)


# --- against the standard -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "word"),
    [(0, "good"), (2, "good"), (3, "due"), (13, "due"), (14, "at_risk"), (29, "at_risk")]
    + [(30, "review"), (400, "review")],
)
def test_days_without_contact(case: Any, worker: Any, shown: Any, days: int, word: str) -> None:
    one = case(status_since=since(500), last_contact_at=since(days))
    assert (shown(worker)[one.code].quiet_days, shown(worker)[one.code].quiet) == (days, word)


def test_before_the_first_contact_the_clock_counts_from_the_beginning(
    case: Any, worker: Any, shown: Any
) -> None:
    one = case(status_since=since(15))
    assert shown(worker)[one.code].quiet == "at_risk"


def test_a_paused_case_has_no_clock_and_goes_on_from_the_day_it_goes_on(
    case: Any, worker: Any, shown: Any
) -> None:
    one = case(status="paused", status_since=since(40), last_contact_at=since(60))
    assert shown(worker)[one.code].quiet == "good"
    Participant.objects.filter(pk=one.pk).update(
        status="active", pause_reason="", pause_until=None, status_since=since(1)
    )
    assert shown(worker)[one.code].quiet == "good"


def test_dots_count_what_was_met_this_week_and_this_month(
    case: Any, worker: Any, basrah: Any, shown: Any
) -> None:
    one = case()
    rule = reading.standards([basrah], periods.now().date())[basrah.pk]
    for mode, facts in (
        ("phone", {}),
        ("home", {}),
        ("street", {"attempt_only": True}),
        ("street", {"at": rule.week_from - DAY}),
    ):
        contacts.record_contact(one, mode=mode, by=worker, **facts)
    slip = contacts.record_contact(one, mode="street", by=worker)
    contacts.take_back(slip, reason="slip", by=worker)

    counted = [(part.done, part.wanted) for part in shown(worker)[one.code].dots]
    assert counted == [(2, 3), (1, 1), (1, 2)]


def test_weeks_begin_as_each_site_says(
    case: Any, make_user: Any, basrah: Any, zubair: Any, shown: Any
) -> None:
    today = periods.now().date()
    # Here the week began today, there yesterday.
    for site, weekday in ((basrah, today.weekday()), (zubair, (today.weekday() - 1) % 7)):
        site.week_start = weekday
        site.save()
    both = make_user("worker", basrah, zubair)
    here, there = case(by=both), case(by=both, site=zubair)
    midnight = reading.standards([basrah], today)[basrah.pk].week_from
    for one in (here, there):
        contacts.record_contact(one, mode="phone", by=both, at=midnight - timedelta(hours=1))
    lines = shown(both)
    assert [lines[one.code].dots[0].done for one in (here, there)] == [0, 1]


def test_what_is_due_first_stands_first(case: Any, worker: Any, shown: Any) -> None:
    today = periods.now().date()
    calm = case(last_contact_at=since(0))
    visit_tomorrow = case(last_contact_at=since(0), next_contact_on=today + DAY)
    late = case(last_contact_at=since(1), next_contact_on=today - DAY)
    quiet = case(status_since=since(30), last_contact_at=since(20))
    danger = case(last_contact_at=since(0), risk_signal="threatened")
    again = case(status="paused", pause_reason="detained", pause_until=today - 2 * DAY)
    assert list(shown(worker)) == [
        one.code for one in (danger, quiet, again, late, visit_tomorrow, calm)
    ]


def test_a_line_shows_alias_referrals_and_the_screening_that_is_due(
    case: Any, worker: Any, shown: Any, client: Any
) -> None:
    one = case(rescreen_due_on=periods.now().date())
    vault.seal(one, "alias", "أبو الليل", by=worker)
    vault.seal(one, "name", "حسن كاظم", by=worker)
    for state, facts in (
        ("sent", {}),
        ("declined", {"answered_on": periods.now().date(), "ended_on": periods.now().date()}),
    ):
        Referral.objects.create(
            participant=one,
            domain="income",
            state=state,
            sent_on=periods.now().date(),
            created_by=worker,
            **facts,
        )
    line = shown(worker)[one.code]
    assert (line.alias, line.referrals, line.rescreen_late) == ("أبو الليل", 1, True)
    body = client.get(reverse(CASELOAD)).content.decode()
    assert "أبو الليل" in body
    assert "حسن" not in body


def test_aliases_of_a_page_are_one_line_of_the_trail(case: Any, worker: Any, shown: Any) -> None:
    for number in range(3):
        vault.seal(case(), "alias", f"alias {number}", by=worker)
    before = AuditEvent.objects.count()
    shown(worker)
    events = AuditEvent.objects.filter(verb="vault.list_read")
    assert events.count() == 1
    assert AuditEvent.objects.count() == before + 1
    assert len(events.get().detail["subjects"]) == 3


# --- whose ----------------------------------------------------------------------------------------


def test_workers_see_their_own_and_those_they_are_on(case: Any, team: Any, shown: Any) -> None:
    mine, shared = case(), case(by=team.worker2, team=[team.worker, team.interrupter])
    case(by=team.worker2)
    case(status="closed")
    assert set(shown(team.worker)) == {mine.code, shared.code}
    assert set(shown(team.interrupter)) == {shared.code}


def test_a_supervisor_sees_the_team_with_its_bands(case: Any, team: Any, client: Any) -> None:
    for _ in range(21):
        case()
    case(by=team.worker2, risk_signal="planning", status_since=since(31))
    client.force_login(team.supervisor)
    answer = client.get(reverse(CASELOAD))
    loads = [row["load"] for _site, rows in answer.context["groups"] for row in rows]
    found = [(load.worker, load.active, load.word) for load in loads]
    assert found == [(team.worker2, 1, "few"), (team.worker, 21, "many")]
    assert (loads[0].alarming, loads[0].at_risk, loads[0].review) == (1, 1, 1)


def test_who_has_left_is_shown_while_their_cases_wait(case: Any, team: Any, client: Any) -> None:
    case(by=team.worker2)
    for person in (team.worker2, team.worker):
        person.is_active = False
        person.save()
    client.force_login(team.supervisor)
    groups = client.get(reverse(CASELOAD)).context["groups"]
    assert [row["load"].worker for _site, rows in groups for row in rows] == [team.worker2]


def test_a_manager_sees_the_site_and_its_workers_only(
    case: Any, team: Any, manager: Any, elsewhere: Any, zubair: Any, client: Any
) -> None:
    case()
    case(by=elsewhere.worker, site=zubair)
    client.force_login(manager)
    groups = client.get(reverse(CASELOAD)).context["groups"]
    assert {row["load"].worker for _site, rows in groups for row in rows} == {
        team.worker,
        team.worker2,
    }
    body = client.get(reverse(CASELOAD), {"site": "AL-ZUBAIR"}).content.decode()
    assert elsewhere.worker.code_name not in body


def test_one_workers_list_is_opened_by_who_answers_for_it(
    case: Any, team: Any, manager: Any, elsewhere: Any, make_user: Any, basrah: Any, client: Any
) -> None:
    one = case()
    address = reverse("outreach:caseload_of", args=[team.worker.pk])
    absent = reverse("outreach:caseload_of", args=[uuid.uuid4()])
    for person in (team.worker, team.supervisor, manager):
        client.force_login(person)
        assert one.code in client.get(address).content.decode()
    for person in (team.worker2, make_user("supervisor", basrah), elsewhere.manager):
        client.force_login(person)
        answer, nobody = client.get(address), client.get(absent)
        assert answer.status_code == 404
        assert comparable(answer) == comparable(nobody)


@pytest.mark.parametrize("role", ["data", "auditor", "administrator", "reo_staff", "reo_viewer"])
def test_other_roles_have_no_caseload(make_user: Any, basrah: Any, client: Any, role: str) -> None:
    client.force_login(make_user(role, basrah))
    assert client.get(reverse(CASELOAD)).status_code == 403


@pytest.mark.parametrize("cursor", ["x", "W10", "W251bGxd", "a" * 2000])
def test_a_cursor_that_cannot_be_read_gives_the_first_page(
    case: Any, worker: Any, client: Any, cursor: str
) -> None:
    one = case()
    client.force_login(worker)
    answer = client.get(reverse(CASELOAD), {"after": cursor})
    assert [line.case for line in answer.context["lines"]] == [one]


def test_a_longer_list_goes_on_over_the_page(case: Any, team: Any, client: Any) -> None:
    codes = [
        case(status="paused", pause_reason="unsafe", pause_until=periods.now().date()).code
        for _ in range(62)
    ]
    client.force_login(team.worker)
    first = client.get(reverse(CASELOAD))
    rest = client.get(reverse(CASELOAD), {"after": first.context["page"].after})
    found = [line.case.code for page in (first, rest) for line in page.context["lines"]]
    assert found == sorted(codes)


# --- how many queries -----------------------------------------------------------------------------


def queries(client: Any, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_the_queries_of_a_caseload_do_not_grow(case: Any, team: Any, client: Any) -> None:
    def add(number: int) -> None:
        for _ in range(number):
            one = case(team=[team.interrupter])
            vault.seal(one, "alias", "x", by=team.worker)
            contacts.record_contact(one, mode="street", by=team.worker)

    add(1)
    addresses = {
        team.worker: reverse(CASELOAD),
        team.interrupter: reverse(CASELOAD),
        team.supervisor: reverse("outreach:caseload_of", args=[team.worker.pk]),
    }
    before = {}
    for person, address in addresses.items():
        client.force_login(person)
        before[person] = queries(client, address)
    add(15)
    for person, address in addresses.items():
        client.force_login(person)
        assert queries(client, address) == before[person]
        assert before[person] <= 24, person


def test_the_queries_of_the_teams_page_do_not_grow(
    case: Any, team: Any, manager: Any, make_user: Any, basrah: Any, client: Any
) -> None:
    case()
    before = {}
    for person in (team.supervisor, manager):
        client.force_login(person)
        before[person] = queries(client, reverse(CASELOAD))
    for _ in range(8):
        other = make_user("worker", basrah, supervisor=team.supervisor)
        case(by=other)
        case(by=other)
    for person in (team.supervisor, manager):
        client.force_login(person)
        assert queries(client, reverse(CASELOAD)) == before[person]
        assert before[person] <= 20, person
