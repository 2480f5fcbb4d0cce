"""Fidelity: people counted once, by the month; whole for the site's manager, hidden for others."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire import periods
from ceasefire.people.roles import Role
from ceasefire.periods import Week
from ceasefire.places.models import Place
from outreach import measures
from outreach.models import (
    CaseReview,
    Conflict,
    ConflictStep,
    Contact,
    ContactTakenBack,
    MediationSession,
    Participant,
    ParticipantStep,
    SupervisionSheet,
)
from outreach.models.fieldwork import DailyLog, LogHours
from outreach.services import fidelity

pytestmark = pytest.mark.django_db

PAGE = "/outreach/fidelity/"
#: A month whose Sundays are 4, 11, 18 and 25; the week from the 25th ends on 1 November.
MONTH, NEXT = date(2026, 10, 1), date(2026, 11, 1)
ON = date(2026, 11, 20)


def at(day: date, hour: int = 10) -> datetime:
    return datetime.combine(day, time(hour), periods.BAGHDAD)


@pytest.fixture
def lived(case: Any) -> Any:
    """A case active since long before the month, with steps as the verbs write them."""

    def make(since: date = date(2026, 1, 1), **facts: Any) -> Participant:
        one = case(**facts)
        ParticipantStep.objects.create(
            participant=one,
            from_status="eligible",
            to_status="active",
            worker=one.worker,
            by=one.worker,
            at=at(since),
        )
        # The step of the fixture is of today, which is no part of the month.
        return one

    return make


def meet(one: Participant, day: date, *, mode: str = "home", **facts: Any) -> Contact:
    return Contact.objects.create(
        participant=one, at=at(day), mode=mode, face=True, created_by=one.worker, **facts
    )


def meet_fully(one: Participant, *, first: date = MONTH, mode: str = "home") -> list[Contact]:
    return [
        meet(one, day, mode=mode)
        for week in Week.starts_between(first, NEXT)
        for day in list(week)[:3]
    ]


def attended(site: Any) -> Any:
    return measures.attended(site.pk, MONTH, NEXT, week_start=site.week_start, on=ON).cells


def test_people_are_counted_once_by_how_the_standard_was_met(lived: Any, basrah: Any) -> None:
    whole, part, none, taken_back, tried = (lived() for _number in range(5))
    meet_fully(whole)
    meet_fully(part, first=date(2026, 10, 11))
    meet(none, date(2026, 10, 5))
    for contact in meet_fully(taken_back):
        ContactTakenBack.objects.create(contact=contact, reason="wrong", by=contact.created_by)
    for day in range(4, 30):
        meet(tried, date(2026, 10, day), attempt_only=True)
    assert attended(basrah) == ((0, 0, 0), (1, 1, 3))


def test_who_had_no_whole_active_week_is_not_counted(lived: Any, basrah: Any) -> None:
    lived(since=date(2026, 10, 26))
    rested = lived()
    ParticipantStep.objects.create(
        participant=rested,
        from_status="active",
        to_status="paused",
        worker=rested.worker,
        at=at(date(2026, 10, 3)),
    )
    assert attended(basrah) == ((0, 0, 0), (0, 0, 0))


def test_home_visits_are_part_of_the_whole_standard(lived: Any, basrah: Any) -> None:
    one = lived()
    meet_fully(one, mode="street")
    assert attended(basrah) == ((0, 0, 0), (0, 1, 0))


def test_home_visits_are_asked_for_by_the_weeks_that_a_case_was_active(
    lived: Any, basrah: Any
) -> None:
    # The standard asks for two in four weeks: one in three or two, none in one.
    for since, visits in (
        (date(2026, 10, 24), 0),
        (date(2026, 10, 17), 0),
        (date(2026, 10, 17), 1),
        (date(2026, 10, 10), 1),
        (date(2026, 9, 1), 1),
        (date(2026, 9, 1), 2),
    ):
        one = lived(since=since)
        meet_fully(one, mode="street")
        for number in range(visits):
            meet(one, date(2026, 10, 26 + number))
    assert attended(basrah) == ((0, 0, 0), (4, 2, 0))


def test_weeks_that_are_not_over_are_not_counted(lived: Any, basrah: Any) -> None:
    lived()
    for on, people in ((date(2026, 10, 10), 0), (date(2026, 10, 11), 1)):
        found = measures.attended(basrah.pk, MONTH, NEXT, week_start=6, on=on)
        assert found.people == people


def test_gone_through_is_within_the_four_weeks_to_the_end(
    lived: Any, basrah: Any, worker: Any, supervisor: Any
) -> None:
    sheet = SupervisionSheet.objects.create(
        code="SUP-1", site=basrah, worker=worker, week_start=MONTH, created_by=supervisor
    )
    for day in (date(2026, 10, 3), date(2026, 10, 4), date(2026, 10, 31), date(2026, 11, 1)):
        CaseReview.objects.create(
            sheet=sheet, participant=lived(), finding="on_course", by=supervisor, at=at(day)
        )
    assert attended(basrah) == ((0, 0, 2), (0, 0, 2))


def test_people_of_another_site_are_not_counted(lived: Any, basrah: Any, zubair: Any) -> None:
    lived(site=zubair)
    assert attended(basrah) == ((0, 0, 0), (0, 0, 0))


def test_workers_fall_into_bands(case: Any, basrah: Any, make_user: Any, worker: Any) -> None:
    for number in (12, 15, 20, 21):
        carrier = make_user(Role.WORKER, basrah)
        for _case in range(number):
            case(by=carrier)
    found = measures.caseload_bands(basrah.pk, ON)
    assert (found.few, found.room, found.good, found.many, found.over) == (1, 1, 2, 1, 0)
    assert found.workers == 5


@pytest.fixture
def conflict(basrah: Any, worker: Any) -> Any:
    number = iter(range(1, 1000))

    def make(*sessions: tuple[date, str], again_on: date | None = None) -> Conflict:
        one = Conflict.objects.create(
            code=f"CON-9{next(number):03}",
            site=basrah,
            place=Place.objects.get(pcode="IQG02Q02N02"),
            kind="feud",
            how_learned="street",
            lead=worker,
            created_by=worker,
            updated_by=worker,
        )
        for day, outcome in sessions:
            MediationSession.objects.create(conflict=one, at=at(day), outcome=outcome, by=worker)
        if again_on:
            ConflictStep.objects.create(
                conflict=one, to_state="reignited", lead=worker, at=at(again_on)
            )
        return one

    return make


def test_a_conflict_counts_once_by_its_last_session(conflict: Any, basrah: Any) -> None:
    conflict((date(2026, 10, 1), "U"), (date(2026, 10, 31), "R1"), (date(2026, 11, 1), "V"))
    conflict((date(2026, 9, 30), "T"))
    found = measures.mediations(basrah.pk, MONTH, NEXT)
    assert dict(zip(measures.OUTCOMES, found.by_outcome, strict=True))["R1"] == 1
    assert found.conflicts == 1


def test_flared_up_again_is_of_those_under_watch(conflict: Any, basrah: Any) -> None:
    conflict((date(2026, 9, 1), "R2"), again_on=date(2026, 10, 9))
    conflict((date(2026, 9, 1), "R3"), again_on=date(2026, 9, 9))
    conflict((date(2026, 10, 31), "R1"))
    conflict((date(2026, 7, 1), "R1"), again_on=date(2026, 10, 9))
    conflict((date(2026, 9, 1), "X"), again_on=date(2026, 10, 9))
    found = measures.reignitions(basrah.pk, MONTH, NEXT)
    assert (found.reignited, found.quiet) == (1, 2)


def test_what_flares_up_late_in_its_ninety_days_counts_in_any_month(
    conflict: Any, basrah: Any
) -> None:
    # 80 days after the session, 103 days before the end of the month.
    conflict((date(2026, 7, 20), "R1"), again_on=date(2026, 10, 8))
    # 95 days after.
    conflict((date(2026, 7, 10), "R1"), again_on=date(2026, 10, 13))
    found = measures.reignitions(basrah.pk, MONTH, NEXT)
    assert (found.reignited, found.quiet) == (1, 1)


def test_sheets_are_expected_of_field_staff_each_whole_week(
    basrah: Any, worker: Any, supervisor: Any, make_user: Any
) -> None:
    make_user(Role.INTERRUPTER, basrah)
    SupervisionSheet.objects.create(
        code="SUP-1",
        site=basrah,
        worker=worker,
        week_start=date(2026, 10, 4),
        created_by=supervisor,
        signed_by=supervisor,
        signed_at=at(date(2026, 10, 5)),
    )
    found = measures.supervised(basrah.pk, MONTH, NEXT, week_start=6, on=ON)
    assert (found.signed, found.expected) == (1, 8)


def test_hours_are_of_signed_days_of_the_month(basrah: Any, worker: Any) -> None:
    for day, signed in (
        (date(2026, 10, 1), True),
        (date(2026, 10, 2), False),
        (date(2026, 11, 1), True),
    ):
        log = DailyLog.objects.create(user=worker, site=basrah, day=day)
        LogHours.objects.create(log=log, activity="documentation", minutes=60)
        LogHours.objects.create(log=log, activity="street", minutes=180)
        if signed:
            log.signed_at = at(day, 18)
            log.save(update_fields=["signed_at"])
    found = measures.hours(basrah.pk, MONTH, NEXT)
    assert (found.documentation, found.all, found.share) == (60, 240, 0.25)
    assert measures.hours(basrah.pk, NEXT, date(2026, 12, 1)).all == 240
    assert measures.hours(basrah.pk + 1, MONTH, NEXT).share is None


def test_an_exception_is_counted_apart(case: Any, basrah: Any) -> None:
    for excepted in (True, False, False):
        one = case()
        steps = [("exception", "eligible")] if excepted else []
        for number, (before, after) in enumerate([*steps, ("eligible", "active")]):
            ParticipantStep.objects.create(
                participant=one,
                from_status=before,
                to_status=after,
                worker=one.worker,
                at=at(date(2026, 10, 5), 8 + number),
            )
    found = measures.taken_in(basrah.pk, MONTH, NEXT)
    assert (found.by_rule, found.by_exception) == (2, 1)


def test_an_exception_of_an_earlier_intake_says_nothing_of_the_latest(
    case: Any, basrah: Any
) -> None:
    one = case()
    for day, before, after in (
        (date(2026, 3, 1), "exception", "eligible"),
        (date(2026, 3, 2), "eligible", "active"),
        (date(2026, 5, 1), "active", "closed"),
        (date(2026, 10, 1), "closed", "screening"),
        (date(2026, 10, 2), "screening", "eligible"),
        (date(2026, 10, 3), "eligible", "active"),
    ):
        ParticipantStep.objects.create(
            participant=one, from_status=before, to_status=after, worker=one.worker, at=at(day)
        )
    march = measures.taken_in(basrah.pk, date(2026, 3, 1), date(2026, 4, 1))
    assert (march.by_rule, march.by_exception) == (0, 1)
    october = measures.taken_in(basrah.pk, MONTH, NEXT)
    assert (october.by_rule, october.by_exception) == (1, 0)


def test_the_ratio_is_one_to_six(basrah: Any, make_user: Any, supervisor: Any) -> None:
    for _number in range(6):
        make_user(Role.WORKER, basrah)
    assert not measures.staffing([basrah.pk])[0].too_few
    make_user(Role.INTERRUPTER, basrah)
    found = measures.staffing([basrah.pk])[0]
    assert found.too_few
    assert found.for_each == 7
    supervisor.is_active = False
    supervisor.save()
    assert measures.staffing([basrah.pk])[0].for_each is None


# --- who reads what -------------------------------------------------------------------------------


@pytest.fixture
def auditor(make_user: Any) -> Any:
    return make_user(Role.AUDITOR)


def test_small_numbers_are_hidden_from_everybody_outside_the_site(
    lived: Any, basrah: Any, manager: Any, data_officer: Any, auditor: Any, conflict: Any
) -> None:
    for number in range(15):
        one = lived()
        if number < 12:
            meet_fully(one)
    conflict((date(2026, 10, 5), "R1"))
    for reader, cells, total in (
        (manager, (12, 0, 3), 15),
        (data_officer, (None, 0, None), 15),
        (auditor, (None, 0, None), 15),
    ):
        found = fidelity.fidelity(basrah, MONTH, reader, on=ON)
        assert (found.contacts.cells, found.contacts.total) == (cells, total), reader.role
        assert found.any_hidden is (reader is not manager)
        conflicts = 1 if reader is manager else None
        assert found.mediated.total == conflicts


def test_the_two_tables_of_the_same_people_are_hidden_together(
    lived: Any, basrah: Any, supervisor: Any, worker: Any, data_officer: Any
) -> None:
    """Or the total that one hides would stand in the other."""
    sheet = SupervisionSheet.objects.create(
        code="SUP-1", site=basrah, worker=worker, week_start=MONTH, created_by=supervisor
    )
    for _number in range(9):
        CaseReview.objects.create(
            sheet=sheet,
            participant=lived(),
            finding="on_course",
            by=supervisor,
            at=at(date(2026, 10, 20)),
        )
    found = fidelity.fidelity(basrah, MONTH, data_officer, on=ON)
    assert found.contacts.total is None
    assert found.reviewed.total is None
    assert [*found.contacts.cells, *found.reviewed.cells].count(9) == 0


def test_what_would_be_one_workers_numbers_is_left_out_for_outsiders(
    basrah: Any,
    worker: Any,
    manager: Any,
    data_officer: Any,
    auditor: Any,
    make_user: Any,
    signed_in: Any,
) -> None:
    make_user(Role.WORKER, basrah)
    said = "Left out: the site has fewer than 3 workers"
    for reader, left_out in ((manager, False), (data_officer, True), (auditor, True)):
        found = fidelity.fidelity(basrah, MONTH, reader, on=ON)
        assert [found.bands is None, found.supervised is None] == [left_out] * 2
        page = signed_in(reader).get(PAGE, {"site": basrah.code}).content.decode()
        assert (said in page) is left_out
    make_user(Role.WORKER, basrah)
    found = fidelity.fidelity(basrah, MONTH, data_officer, on=ON)
    assert found.bands is not None
    assert found.supervised is not None


def test_outsiders_read_months_that_are_over(
    basrah: Any, manager: Any, data_officer: Any, auditor: Any
) -> None:
    assert fidelity.months_for(manager, basrah, ON)[0] == date(2026, 11, 1)
    for reader in (data_officer, auditor):
        assert fidelity.months_for(reader, basrah, ON)[0] == MONTH


def test_each_reads_their_sites_and_the_auditor_all(
    basrah: Any, zubair: Any, manager: Any, data_officer: Any, auditor: Any, worker: Any
) -> None:
    assert fidelity.sites_for(manager) == [basrah]
    assert fidelity.sites_for(data_officer) == [basrah]
    assert set(fidelity.sites_for(auditor)) == {basrah, zubair}
    assert fidelity.sites_for(worker) == []


def test_the_page_links_to_records_only_for_who_may_open_them(
    basrah: Any, zubair: Any, manager: Any, data_officer: Any, auditor: Any, signed_in: Any
) -> None:
    page = signed_in(manager).get(PAGE).content.decode()
    assert "/outreach/supervision/sheets/" in page
    assert "are hidden" not in page
    for reader in (data_officer, auditor):
        page = signed_in(reader).get(PAGE).content.decode()
        assert "/outreach/supervision" not in page
        assert "/incidents/board" not in page.split('id="content"')[1] or reader is data_officer
        assert "are hidden" in page
    answers = [
        signed_in(data_officer).get(PAGE, {"site": code}) for code in ("AL-ZUBAIR", "NOWHERE")
    ]
    assert all("Basrah-Centre" in one.content.decode() for one in answers)


@pytest.mark.parametrize(
    "month", ["", "2026-13", "1900-01", "2100-01", "x" * 500, "٢٠٢٦-١٠", "\x00"]
)
def test_a_month_that_is_not_there_is_the_latest(
    basrah: Any, manager: Any, signed_in: Any, month: str
) -> None:
    # A null letter is refused for every page alike.
    expected = 400 if month == "\x00" else 200
    assert signed_in(manager).get(PAGE, {"month": month}).status_code == expected


def test_the_page_asks_the_same_however_much_there_is(
    lived: Any, basrah: Any, manager: Any, signed_in: Any, conflict: Any
) -> None:
    client = signed_in(manager)
    asked = []
    for many in (1, 8):
        for _number in range(many):
            meet_fully(lived())
            conflict((date(2026, 10, 5), "R1"))
        client.get(PAGE)
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert asked[0] <= 30
    assert timedelta(weeks=4) == measures.fidelity.REVIEWED_WITHIN
