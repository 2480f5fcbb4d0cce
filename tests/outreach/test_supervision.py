"""The weekly sheet: filled from the records, who was not gone through first, locked when signed."""

import threading
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import acting
from ceasefire.oversight import place_services
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places.models import Zone
from ceasefire.worklist.models import Notification, Task
from outreach.exceptions import (
    ChangedMeanwhile,
    DayNotAhead,
    KeyTaken,
    NotAColleague,
    NotForThisPerson,
    SiteIsReadOnly,
)
from outreach.models import (
    CaseReview,
    Contact,
    Delegation,
    Participant,
    Referral,
    SupervisionDecision,
    SupervisionSheet,
)
from outreach.models.fieldwork import DailyLog, Shift
from outreach.services import approvals, supervision
from outreach.services import supervision_reading as reading
from tests.incidents import test_two_connections as two

pytestmark = pytest.mark.django_db

LIST = "/outreach/supervision/"


def today() -> date:
    return periods.now().date()


def address(worker: Any, part: str = "", site: str = "BASRAH-CENTRE") -> str:
    return f"{LIST}workers/{worker.pk}/{site}/{part}"


def again(person: Any) -> Any:
    """Read anew: who somebody supervises is kept for one request."""
    return User.objects.get(pk=person.pk)


@pytest.fixture
def old_case(case: Any) -> Any:
    """A case that is active for a long time."""

    def make(**facts: Any) -> Participant:
        facts = {"status_since": periods.now() - timedelta(days=200), **facts}
        return case(**facts)

    return make


def meet(one: Participant, day: date, *, mode: str = "street", **facts: Any) -> Contact:
    at = datetime.combine(day, time(10), periods.BAGHDAD)
    return Contact.objects.create(
        participant=one, at=at, mode=mode, face=True, created_by=one.worker, **facts
    )


def last_week(site: Any) -> Any:
    return reading.week_of(site, today()).previous()


def seen(team: Any, basrah: Any) -> reading.Sheet:
    return reading.sheet(team.worker, basrah, again(team.supervisor), on=today())


def test_contacts_of_the_last_full_week_are_held_against_the_standard(
    old_case: Any, team: Any, basrah: Any
) -> None:
    good, low, new = old_case(), old_case(), old_case(status_since=periods.now())
    resting = old_case(status=Participant.Status.PAUSED)
    week = last_week(basrah)
    for day in list(week)[:3]:
        meet(good, day, mode="home")
    meet(low, week.start)
    meet(low, week.end, mode="home")
    meet(low, week.previous().last_day)
    meet(low, week.last_day, attempt_only=True)

    lines = {line.case: line for line in seen(team, basrah).lines}

    assert (lines[good].contacts.done, lines[good].standard_met) == (3, True)
    assert (lines[low].contacts.done, lines[low].standard_met) == (1, False)
    assert not lines[new].counted
    assert not lines[resting].counted
    assert lines[resting].paused


@pytest.mark.parametrize(("weeks", "wanted"), [(4, 2), (3, 1), (2, 1), (1, 0)])
def test_home_visits_are_asked_for_by_the_weeks_of_the_case(
    old_case: Any, team: Any, basrah: Any, weeks: int, wanted: int
) -> None:
    old_case(status_since=last_week(basrah).plus(1 - weeks).starts_at)
    (line,) = seen(team, basrah).lines
    assert line.home.wanted == wanted


def test_who_was_not_gone_through_in_four_weeks_comes_first(
    old_case: Any, team: Any, basrah: Any, supervisor: Any
) -> None:
    lately, long_ago, never = old_case(), old_case(), old_case()
    sheet = SupervisionSheet.objects.create(
        code="SUP-2020-00001",
        site=basrah,
        worker=team.worker,
        week_start=date(2020, 1, 5),
        created_by=supervisor,
    )
    for one, days in ((lately, 27), (long_ago, 28)):
        CaseReview.objects.create(
            sheet=sheet,
            participant=one,
            finding="on_course",
            by=supervisor,
            at=periods.now() - timedelta(days=days),
        )
    lines = seen(team, basrah).lines
    assert [line.case for line in lines] == [never, long_ago, lately]
    assert [line.review_due for line in lines] == [True, True, False]


def test_what_is_due_stands_on_the_sheet(
    old_case: Any, team: Any, basrah: Any, make_user: Any
) -> None:
    one = old_case(
        rescreen_due_on=today() + timedelta(days=6),
        last_contact_at=periods.now() - timedelta(days=15),
    )
    Referral.objects.create(
        participant=one,
        domain="income",
        sent_on=today() - timedelta(days=7),
        created_by=team.worker,
    )
    approvals.ask(one, "plan", by=team.worker)
    line = seen(team, basrah).lines[0]
    assert line.screening_due
    assert line.silent_referrals == 1
    assert line.stale
    assert line.waits_for == ("Plan",)


def test_days_without_a_signature_and_missed_check_ins_are_counted(
    old_case: Any, team: Any, basrah: Any
) -> None:
    one, week = old_case(), last_week(basrah)
    days = list(week)
    for day in days[:3]:
        meet(one, day)
    for day, signed in ((days[0], True), (days[1], False), (days[4], False)):
        DailyLog.objects.create(
            user=team.worker, site=basrah, day=day, signed_at=periods.now() if signed else None
        )
    for alarm in (None, periods.now()):
        Shift.objects.create(
            user=team.worker,
            site=basrah,
            started_at=week.starts_at,
            checked_in_at=week.starts_at,
            expected_end_at=week.starts_at + timedelta(hours=5),
            ended_at=week.starts_at + timedelta(hours=6),
            supervisor_alarm_at=alarm,
        )
    figures = seen(team, basrah).figures()
    assert figures["logs_unsigned"] == 3
    assert figures["check_ins_missed"] == 1


def test_a_zone_closed_as_unsafe_tells_its_workers_and_its_tasks_rest(
    old_case: Any, team: Any, basrah: Any, make_user: Any
) -> None:
    admin = make_user(Role.ADMINISTRATOR)
    zone = Zone.objects.create(site=basrah, code="Z1", name_en="Z", name_ar="ز")
    inside, outside = old_case(zone=zone, team=[team.interrupter]), old_case()
    for one in (inside, outside):
        approvals.ask(one, "plan", by=team.worker)
    place_services.close_zone(zone, by=admin)
    told = Notification.objects.filter(kind="zone.closed")
    assert {one.recipient for one in told} == {team.worker, team.interrupter, team.supervisor}
    resting = Task.objects.filter(paused_at__isnull=False)
    assert [task.subject_code for task in resting] == [inside.code]
    place_services.open_zone(zone, by=admin)
    assert not Task.objects.filter(paused_at__isnull=False).exists()


def test_a_sheet_holds_only_cases_that_its_reader_sees(
    old_case: Any, team: Any, basrah: Any, zubair: Any
) -> None:
    team.worker.sites.add(zubair)
    here, there = old_case(), old_case(site=zubair)
    assert [line.case for line in seen(team, basrah).lines] == [here]
    assert not supervision.may_supervise(team.worker, zubair, again(team.supervisor))
    assert there.site_id == zubair.pk


def test_a_review_is_written_once_for_a_sheet(old_case: Any, team: Any, basrah: Any) -> None:
    one = old_case()
    by = again(team.supervisor)
    assert supervision.review_cases(team.worker, basrah, {one.code: "urgent"}, by=by) == 1
    assert supervision.review_cases(team.worker, basrah, {one.code: "on_course"}, by=by) == 0
    assert CaseReview.objects.get().finding == "urgent"
    assert SupervisionSheet.objects.count() == 1


def test_cases_of_others_are_not_gone_through(
    case: Any, old_case: Any, team: Any, basrah: Any, elsewhere: Any, zubair: Any
) -> None:
    theirs = old_case(by=team.worker2)
    far = old_case(by=elsewhere.worker, site=zubair)
    findings = {theirs.code: "urgent", far.code: "urgent", "P-0": "urgent"}
    by = again(team.supervisor)
    assert supervision.review_cases(team.worker, basrah, findings, by=by) == 0
    assert not CaseReview.objects.exists()


def test_a_decision_is_a_task_whose_words_are_sealed(
    old_case: Any, team: Any, basrah: Any, signed_in: Any
) -> None:
    one = old_case()
    key = uuid4()
    facts = {
        "words": "Visit Abu Haider with the mukhtar.",
        "assignee": team.worker,
        "due_on": today() + timedelta(days=3),
        "participant": one,
        "key": key,
        "by": again(team.supervisor),
    }
    made = supervision.decide(team.worker, basrah, **facts)
    assert supervision.decide(team.worker, basrah, **facts) == made
    task = Task.objects.get()
    assert (task.assignee, task.subject_code) == (team.worker, made.code)
    for rows in (Task, AuditEvent, SupervisionDecision, Notification):
        assert "Haider" not in str(list(rows.objects.values()))
    page = signed_in(team.worker).get(task.address).content.decode()
    assert "Visit Abu Haider with the mukhtar." in page
    assert signed_in(team.worker2).get(task.address).status_code == 404


def test_a_decision_about_a_case_that_went_to_another_is_no_longer_read(
    old_case: Any, team: Any, basrah: Any, signed_in: Any
) -> None:
    one = old_case()
    made = supervision.decide(
        team.worker,
        basrah,
        words="Call his uncle.",
        assignee=team.worker,
        due_on=today(),
        participant=one,
        by=again(team.supervisor),
    )
    Participant.objects.filter(pk=one.pk).update(worker=team.worker2)
    there = f"{LIST}decisions/{made.code}/"
    assert signed_in(team.worker).get(there).status_code == 404
    assert not Task.objects.visible_to(again(team.worker)).exists()
    assert signed_in(team.supervisor).get(there).status_code == 200


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"due_on": date(1900, 1, 1)}, DayNotAhead),
        ({"due_on": date(2100, 1, 1)}, DayNotAhead),
        ({"assignee": "worker2"}, NotAColleague),
    ],
)
def test_a_decision_is_for_the_worker_or_oneself_and_lies_ahead(
    old_case: Any, team: Any, basrah: Any, change: Any, refusal: Any
) -> None:
    facts = {"words": "Go.", "assignee": "worker", "due_on": today(), **change}
    facts["assignee"] = getattr(team, facts["assignee"])
    with pytest.raises(refusal):
        supervision.decide(team.worker, basrah, by=again(team.supervisor), **facts)


def test_the_key_of_another_s_form_is_refused(
    team: Any, basrah: Any, manager: Any, old_case: Any
) -> None:
    key = uuid4()
    facts = {"words": "Go.", "assignee": team.worker, "due_on": today(), "key": key}
    supervision.decide(team.worker, basrah, by=again(team.supervisor), **facts)
    with pytest.raises(KeyTaken):
        supervision.decide(team.worker, basrah, by=manager, **facts)


def test_signed_a_sheet_is_locked_and_the_worker_reads_it(
    old_case: Any, team: Any, basrah: Any, signed_in: Any
) -> None:
    one = old_case()
    by = again(team.supervisor)
    with pytest.raises(supervision.NothingReviewed):
        supervision.sign(team.worker, basrah, by=by)
    supervision.review_cases(team.worker, basrah, {one.code: "on_course"}, by=by)
    sheet = SupervisionSheet.objects.get()
    assert signed_in(team.worker).get(f"{LIST}sheets/{sheet.code}/").status_code == 404
    with pytest.raises(ChangedMeanwhile):
        supervision.sign(team.worker, basrah, by=by, version=99)

    kept = supervision.sign(team.worker, basrah, comment="Well done with Karim.", by=by)

    assert (kept.signed_by, kept.on_behalf_of) == (team.supervisor, None)
    assert kept.figures["active"] == kept.figures["reviewed"] == 1
    assert all(isinstance(value, int) for value in kept.figures.values())
    for act in (
        lambda: supervision.sign(team.worker, basrah, by=by),
        lambda: supervision.review_cases(team.worker, basrah, {one.code: "urgent"}, by=by),
        lambda: supervision.decide(
            team.worker, basrah, words="x", assignee=team.worker, due_on=today(), by=by
        ),
    ):
        with pytest.raises(supervision.SheetIsSigned), transaction.atomic():
            act()
    assert Notification.objects.get(kind="supervision.signed").recipient == team.worker
    page = signed_in(team.worker).get(f"{LIST}sheets/{sheet.code}/").content.decode()
    assert "Well done with Karim." in page
    assert one.code in page
    assert signed_in(team.worker2).get(f"{LIST}sheets/{sheet.code}/").status_code == 404
    assert "Karim" not in str(list(AuditEvent.objects.values()))


def test_the_database_keeps_a_signed_sheet_as_it_is(old_case: Any, team: Any, basrah: Any) -> None:
    one, other = old_case(), old_case()
    by = again(team.supervisor)
    supervision.review_cases(team.worker, basrah, {one.code: "on_course"}, by=by)
    sheet = supervision.sign(team.worker, basrah, by=by)
    facts = {"sheet": sheet, "participant": other}
    for act in (
        lambda: SupervisionSheet.objects.filter(pk=sheet.pk).update(figures={}),
        lambda: SupervisionSheet.objects.filter(pk=sheet.pk).update(
            signed_at=None, signed_by=None, on_behalf_of=None
        ),
        lambda: CaseReview.objects.create(**facts, finding="urgent", by=by),
        lambda: SupervisionDecision.objects.create(
            **facts, code="SUP-1-2", assignee=team.worker, due_on=today(), created_by=by
        ),
    ):
        refused = pytest.raises(IntegrityError, match="a signed sheet is never changed")
        with refused, transaction.atomic():
            act()


def test_a_stand_in_signs_in_the_supervisor_s_place(team: Any, basrah: Any, make_user: Any) -> None:
    other = make_user(Role.SUPERVISOR, basrah, username="other")
    with pytest.raises(NotForThisPerson):
        supervision.sign(team.worker, basrah, by=again(other))
    Delegation.objects.create(
        from_user=team.supervisor,
        to_user=other,
        starts_on=today(),
        ends_on=today(),
        created_by=team.supervisor,
    )
    kept = supervision.sign(team.worker, basrah, by=again(other))
    assert (kept.signed_by, kept.on_behalf_of) == (other, team.supervisor)


def test_nobody_signs_their_own_nor_another_team_s(
    team: Any, basrah: Any, zubair: Any, elsewhere: Any, manager: Any, make_user: Any
) -> None:
    other = make_user(Role.SUPERVISOR, basrah, username="other")
    for worker, site, by in (
        (team.supervisor, basrah, team.supervisor),
        (team.worker, basrah, other),
        (team.worker, basrah, elsewhere.manager),
        (team.worker, basrah, elsewhere.supervisor),
        (team.worker, basrah, team.worker2),
        (team.worker, zubair, team.supervisor),
    ):
        with pytest.raises(NotForThisPerson):
            supervision.sign(worker, site, by=again(by))
    basrah.read_only = True
    basrah.save()
    with pytest.raises(SiteIsReadOnly):
        supervision.sign(team.worker, basrah, by=again(team.supervisor))
    basrah.read_only = False
    basrah.save()
    supervision.sign(team.supervisor, basrah, by=manager)


def test_the_list_shows_the_week_of_everybody_and_the_ratio(
    old_case: Any, team: Any, basrah: Any, make_user: Any, signed_in: Any
) -> None:
    one = old_case()
    for day in list(last_week(basrah))[:3]:
        meet(one, day)
    rows = {row.worker: row for row in reading.weeks(again(team.supervisor), [basrah], today())}
    assert set(rows) == {team.worker, team.worker2, team.interrupter}
    assert (rows[team.worker].active, rows[team.worker].measured, rows[team.worker].met) == (
        1,
        1,
        1,
    )
    assert rows[team.worker].reviews_due == 1
    page = signed_in(team.supervisor).get(LIST).content.decode()
    assert "More than 6 for each supervisor" not in page
    for _number in range(4):
        make_user(Role.WORKER, basrah)
    page = signed_in(team.supervisor).get(LIST).content.decode()
    assert "More than 6 for each supervisor" in page


def test_another_s_worker_answers_like_an_absent_one(
    team: Any, elsewhere: Any, signed_in: Any
) -> None:
    client = signed_in(elsewhere.supervisor)
    absent = User(pk=uuid4())
    for worker in (team.worker, absent):
        for site in ("BASRAH-CENTRE", "AL-ZUBAIR", "NOWHERE"):
            assert client.get(address(worker, site=site)).status_code == 404
            for part in ("review/", "decide/", "sign/"):
                assert client.post(address(worker, part, site)).status_code == 404


def test_the_pages_ask_the_same_however_much_there_is(
    old_case: Any, team: Any, basrah: Any, signed_in: Any
) -> None:
    client = signed_in(team.supervisor)
    asked: dict[str, list[int]] = {LIST: [], address(team.worker): []}
    for many in (2, 10):
        for _number in range(many):
            one = old_case()
            meet(one, last_week(basrah).start)
            Referral.objects.create(
                participant=one,
                domain="income",
                sent_on=today() - timedelta(days=9),
                created_by=team.worker,
            )
            approvals.ask(one, "plan", by=team.worker)
        for page in asked:
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            asked[page].append(len(queries))
    for page, counts in asked.items():
        assert counts[0] == counts[1], page
        assert counts[0] <= 35, (page, counts)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("words", "", "required"),
        ("words", "x" * 2001, "2000"),
        ("due_on", "31/02/2026", ""),
        ("due_on", "1/1/1900", "after today"),
        ("due_on", "1/1/2100", "after today"),
        ("participant", "P-0000", ""),
        ("assignee", "somebody", ""),
        ("assignee", "\x00", ""),
        ("key", "not-a-key", ""),
    ],
)
def test_bad_input_is_said_and_what_was_typed_stays(
    old_case: Any, team: Any, signed_in: Any, field: str, value: str, said: str
) -> None:
    one = old_case()
    sent = {
        "words": "Go there with his brother \u202eand back.",
        "participant": one.code,
        "assignee": str(team.worker.pk),
        "due_on": today().strftime("%d/%m/%Y"),
        "key": str(uuid4()),
        field: value,
    }
    answer = signed_in(team.supervisor).post(address(team.worker, "decide/"), sent)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert said in page
    if field != "words":
        assert "Go there with his brother and back." in page
    assert not SupervisionDecision.objects.exists()


def test_the_week_is_lived_through_on_the_pages(
    old_case: Any, team: Any, basrah: Any, signed_in: Any
) -> None:
    one = old_case()
    client = signed_in(team.supervisor)
    assert one.code in client.get(address(team.worker)).content.decode()
    client.post(
        address(team.worker, "review/"),
        {f"case-{one.code}": "attention", "case-P-1": "urgent", f"case-{one.code}x": "nonsense"},
    )
    client.post(
        address(team.worker, "decide/"),
        {
            "words": "اذهب معه",
            "participant": one.code,
            "assignee": str(team.worker.pk),
            "due_on": today().strftime("%d/%m/%Y").translate(str.maketrans("0123", "٠١٢٣")),
            "key": str(uuid4()),
        },
    )
    assert "اذهب معه" in client.get(address(team.worker)).content.decode()
    answer = client.post(address(team.worker, "sign/"), {"comment": "جيد"})
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "جيد" in page
    assert client.get(address(team.worker)).status_code == 302
    assert CaseReview.objects.get().finding == "attention"
    vault_words = vault.unseal(SupervisionDecision.objects.get(), "words", by=team.supervisor)
    assert vault_words == "اذهب معه"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_sign_at_once_one_signs(team: Any, basrah: Any, manager: Any) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def sign(person: Any) -> None:
        ready.wait(timeout=20)
        try:
            with acting(person):
                supervision.sign(team.worker, basrah, by=again(person))
            outcomes.append("signed")
        except supervision.SheetIsSigned:
            outcomes.append("refused")
        finally:
            connection.close()

    both = [threading.Thread(target=sign, args=(one,)) for one in (team.supervisor, manager)]
    for one in both:
        one.start()
    for one in both:
        one.join(timeout=60)
    assert sorted(outcomes) == ["refused", "signed"]
    assert SupervisionSheet.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_decision_sent_twice_at_once_is_one(team: Any, basrah: Any) -> None:
    key = uuid4()

    def decide() -> Any:
        return supervision.decide(
            team.worker,
            basrah,
            words="go",
            assignee=team.worker,
            due_on=today(),
            by=again(team.supervisor),
            key=key,
        )

    came = two.meet(decide, decide)
    assert came == SupervisionDecision.objects.get()
