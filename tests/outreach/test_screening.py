"""Screening: what counts, what it does to the case, and the rules it keeps."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import periods, rulesets, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.rulesets import shipped
from ceasefire.vault.models import Sealed
from ceasefire.worklist.models import Task
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    ConsentWithdrawn,
    KeyTaken,
    NotAllowedFromHere,
    NotForThisPerson,
)
from outreach.models import ConsentRecord, Participant, RiskScreening
from outreach.services import consent, status
from outreach.services import screening as services
from tests.incidents.test_two_connections import meet
from tests.test_permissions import comparable

pytestmark = pytest.mark.django_db
Status = Participant.Status
CODES = [row["code"] for row in shipped.CV_7["criteria"]]
DAY = timedelta(days=1)


def answers(yes: int, unknown: int = 0) -> dict[str, str]:
    """The first `yes` criteria yes, the next `unknown` unknown, the others no."""
    given = ["yes"] * yes + ["unknown"] * unknown
    return dict(zip(CODES, given + ["no"] * (len(CODES) - len(given)), strict=True))


def agree(participant: Participant, by: Any) -> None:
    consent.record_consent(
        participant,
        purposes=["case_work"],
        manner="spoken",
        agreed_on=periods.now().date(),
        by=by,
    )


# --- the count ------------------------------------------------------------------------------------

COUNTS = [
    ("four of seven are enough", answers(4), 4, 0, True),
    ("three are not", answers(3), 3, 0, False),
    ("all", answers(7), 7, 0, True),
    ("none", answers(0), 0, 0, False),
    ("unknown counts as no", answers(3, unknown=4), 3, 4, False),
    ("what was not asked is unknown", {}, 0, 7, False),
]


@pytest.mark.parametrize(
    ("given", "score", "unknown", "qualifies"),
    [one[1:] for one in COUNTS],
    ids=[one[0] for one in COUNTS],
)
def test_what_answers_come_to(given: Any, score: int, unknown: int, qualifies: bool) -> None:
    result = services.count(shipped.CV_7, given)
    assert (result.score, result.unknown, result.qualifies) == (score, unknown, qualifies)
    assert result.is_incomplete == (unknown > 0)


# --- what it does ---------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", [Status.PROSPECT, Status.SCREENING, Status.NOT_ELIGIBLE])
@pytest.mark.parametrize(("yes", "after"), [(4, Status.ELIGIBLE), (3, Status.NOT_ELIGIBLE)])
def test_at_intake_the_case_becomes_eligible_or_not(
    case: Any, worker: Any, begin: str, yes: int, after: str
) -> None:
    participant = case(status=begin)
    made = services.screen(participant, answers=answers(yes), by=worker)
    participant.refresh_from_db()
    today = periods.now().date()
    assert participant.status == after
    assert (participant.screened_on, participant.rescreen_due_on) == (today, today + 90 * DAY)
    assert (made.purpose, made.score, made.qualifies) == ("intake", yes, yes >= 4)
    assert participant.steps.last().to_status == after


def test_with_consent_the_intake_is_asked_for_at_once(case: Any, worker: Any) -> None:
    without, with_it = case(status=Status.PROSPECT), case(status=Status.PROSPECT)
    agree(with_it, worker)
    for participant in (without, with_it):
        services.screen(participant, answers=answers(5), by=worker)
    assert without.approvals.count() == 0
    assert with_it.approvals.get().kind == "intake"


@pytest.mark.parametrize("begin", [Status.ACTIVE, Status.PAUSED])
@pytest.mark.parametrize(("at_closing", "purpose"), [(False, "rescreen"), (True, "closure")])
def test_who_is_carried_stays_whatever_the_score(
    case: Any, worker: Any, begin: str, at_closing: bool, purpose: str
) -> None:
    participant = case(status=begin)
    made = services.screen(participant, answers=answers(1), by=worker, at_closing=at_closing)
    participant.refresh_from_db()
    assert (participant.status, made.purpose, made.qualifies) == (begin, purpose, False)


REFUSED = [(Status.CLOSED, CaseIsClosed), (Status.EXCEPTION, NotAllowedFromHere)]


@pytest.mark.parametrize(("begin", "refusal"), REFUSED)
def test_what_is_closed_or_waits_for_an_exception_is_not_screened(
    case: Any, worker: Any, begin: str, refusal: Any
) -> None:
    with pytest.raises(refusal), transaction.atomic():
        services.screen(case(status=begin), answers=answers(4), by=worker)


def test_the_reasons_are_sealed_and_erased_with_consent(case: Any, worker: Any) -> None:
    participant = case()
    words = "Said so himself\nin the café"
    made = services.screen(
        participant, answers=answers(4), evidence={"age": words, "weapon": " "}, by=worker
    )
    text = vault.unseal(made, "evidence", by=worker)
    assert services.unpacked(text) == {"age": "Said so himself in the café"}
    consent.withdraw_consent(participant, manner="spoken", by=worker)
    consent.erase(participant.pk)
    assert not Sealed.objects.filter(table="outreach_riskscreening").exists()
    assert RiskScreening.objects.get().score == 4


def test_neither_score_nor_answers_stand_in_the_trail(case: Any, worker: Any) -> None:
    services.screen(case(), answers=answers(6), evidence={"age": "secret phrase"}, by=worker)
    event = AuditEvent.objects.get(verb="participant.screened")
    assert event.detail == {"purpose": "rescreen", "rules": "eligibility/default/1"}


def test_a_form_sent_twice_records_once(case: Any, worker: Any) -> None:
    participant, other, key = case(), case(), uuid.uuid4()
    one = services.screen(participant, answers=answers(4), by=worker, key=key, version=1)
    assert services.screen(participant, answers=answers(4), by=worker, key=key, version=1) == one
    with pytest.raises(KeyTaken), transaction.atomic():
        services.screen(other, answers=answers(4), by=worker, key=key)


def test_an_old_page_is_refused(case: Any, worker: Any) -> None:
    participant = case()
    services.screen(participant, answers=answers(4), by=worker, version=1)
    with pytest.raises(ChangedMeanwhile):
        services.screen(participant, answers=answers(4), by=worker, version=1)


@pytest.mark.parametrize("given", [{"age": "maybe"}, {"shoe_size": "yes"}])
def test_what_is_no_answer_is_an_error(case: Any, worker: Any, given: Any) -> None:
    with pytest.raises(ValueError, match="no answers"):
        services.screen(case(), answers=given, by=worker)


@pytest.mark.parametrize("statement", ["UPDATE {} SET score = 7", "DELETE FROM {}"])
def test_the_program_can_not_change_a_screening(statement: str) -> None:
    words = statement.format("outreach_riskscreening")
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(words)


# --- who ------------------------------------------------------------------------------------------


def test_who_screens(case: Any, team: Any, manager: Any, elsewhere: Any, data_officer: Any) -> None:
    participant = case(team=[team.interrupter])
    for person in (team.worker, team.supervisor, manager):
        services.screen(participant, answers=answers(4), by=person)
    others = [team.worker2, team.interrupter, data_officer, *vars(elsewhere).values()]
    for person in others:
        with pytest.raises(NotForThisPerson), transaction.atomic():
            services.screen(participant, answers=answers(4), by=person)


def test_screenings_are_seen_by_who_sees_the_case(
    case: Any, team: Any, manager: Any, elsewhere: Any, data_officer: Any
) -> None:
    services.screen(case(team=[team.interrupter]), answers=answers(4), by=team.worker)

    def seen(person: Any) -> int:
        return RiskScreening.objects.visible_to(person).count()

    for person in (team.worker, team.supervisor, team.interrupter, manager):
        assert seen(person) == 1
    for person in (team.worker2, data_officer, *vars(elsewhere).values()):
        assert seen(person) == 0


# --- rules ----------------------------------------------------------------------------------------


def test_old_screenings_keep_their_rules(case: Any, worker: Any, manager: Any, basrah: Any) -> None:
    participant = case()
    old = services.screen(participant, answers=answers(4), by=worker)
    content = {**shipped.CV_7, "threshold": 6, "rescreen_days": 30}
    rules = rulesets.make("eligibility", site=basrah, content=content, by=manager)
    new = services.screen(participant, answers=answers(4), by=worker)
    old.refresh_from_db()
    participant.refresh_from_db()
    assert (old.ruleset.version, old.ruleset.site, old.qualifies) == (1, None, True)
    assert (new.ruleset, new.qualifies) == (rules, False)
    assert participant.rescreen_due_on == periods.now().date() + 30 * DAY


def test_a_form_of_older_rules_is_shown_again(
    case: Any, worker: Any, manager: Any, basrah: Any
) -> None:
    seen = rulesets.current("eligibility", basrah).pk
    content = {**shipped.CV_7, "threshold": 6}
    rulesets.make("eligibility", site=basrah, content=content, by=manager)
    with pytest.raises(services.RulesChanged):
        services.screen(case(), answers=answers(4), by=worker, ruleset=seen)


def test_who_would_qualify_under_other_rules(
    case: Any, worker: Any, manager: Any, basrah: Any, zubair: Any, elsewhere: Any
) -> None:
    rows = {yes: case() for yes in (3, 4, 5, 6)}
    for yes, participant in rows.items():
        services.screen(participant, answers=answers(yes, unknown=yes == 3), by=worker)
    services.screen(rows[3], answers=answers(2, unknown=1), by=worker)
    gone = case()
    services.screen(gone, answers=answers(7), by=worker)
    Participant.objects.filter(pk=gone.pk).update(status="closed", close_reason="moved")
    far = case(site=zubair, by=elsewhere.worker)
    services.screen(far, answers=answers(7), by=elsewhere.worker)

    stricter = services.compare(basrah, {**shipped.CV_7, "threshold": 6}, by=manager)
    assert (stricter.screened, stricter.now, stricter.then) == (4, 3, 1)
    assert (stricter.lose, stricter.gain) == ([rows[4].code, rows[5].code], [])
    milder = services.compare(basrah, {**shipped.CV_7, "threshold": 2}, by=manager)
    assert (milder.then, milder.gain, milder.incomplete) == (4, [rows[3].code], 1)
    more = {**shipped.CV_7, "criteria": [*shipped.CV_7["criteria"], {"code": "own_aa"}]}
    assert services.compare(basrah, more, by=manager).incomplete == 4
    assert services.compare(basrah, shipped.CV_7, by=worker).screened == 4
    assert services.compare(zubair, shipped.CV_7, by=manager).screened == 0


def test_comparing_asks_as_often_for_many_as_for_few(
    case: Any, worker: Any, manager: Any, basrah: Any, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        services.screen(case(), answers=answers(4), by=worker)
    manager.site_ids  # noqa: B018 - read once a request
    with django_assert_num_queries(2):
        services.compare(basrah, shipped.CV_7, by=manager)


# --- due ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "fresh"), [(0, True), (90, True), (91, False)])
def test_a_screening_counts_for_90_days(case: Any, worker: Any, days: int, fresh: bool) -> None:
    participant = case()
    services.screen(participant, answers=answers(4), by=worker)
    participant.refresh_from_db()
    assert services.is_fresh(participant, periods.now().date() + days * DAY) == fresh


def test_nobody_screened_is_not_fresh(case: Any) -> None:
    assert not services.is_fresh(case())


def test_the_worker_gets_a_task_a_week_before_and_it_ends_with_the_screening(
    case: Any, worker: Any
) -> None:
    today = periods.now().date()
    due = case(rescreen_due_on=today + 7 * DAY)
    for facts in (
        {"rescreen_due_on": today + 8 * DAY},
        {"rescreen_due_on": today, "status": Status.PAUSED},
        {"rescreen_due_on": today, "status": Status.CLOSED},
    ):
        case(**facts)
    assert services.remind() == services.remind() == 1
    task = Task.objects.open().get()
    assert (task.assignee, task.kind, task.subject_code) == (worker, services.DUE, due.code)
    services.screen(due, answers=answers(4), by=worker)
    assert not Task.objects.open().exists()


def test_who_has_left_or_screens_no_more_stops_no_reminder(
    case: Any, make_user: Callable[..., Any], basrah: Any, worker: Any
) -> None:
    today = periods.now().date()
    for person in (make_user("worker", basrah, is_active=False), make_user("data", basrah), worker):
        case(by=person, rescreen_due_on=today)
    assert services.remind() == 1


# --- two at once ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_who_screen_a_case_at_once_the_second_is_refused(case: Any, team: Any) -> None:
    participant = case(status=Status.PROSPECT)
    came = meet(
        lambda: services.screen(participant, answers=answers(4), by=team.worker, version=1),
        lambda: services.screen(participant, answers=answers(1), by=team.supervisor, version=1),
    )
    assert isinstance(came, ChangedMeanwhile)
    assert RiskScreening.objects.get().score == 4


@pytest.mark.django_db(transaction=True)
def test_the_same_form_at_once_records_once(case: Any, worker: Any) -> None:
    participant, key = case(), uuid.uuid4()
    came = meet(
        lambda: services.screen(participant, answers=answers(4), by=worker, key=key, version=1),
        lambda: services.screen(participant, answers=answers(4), by=worker, key=key, version=1),
    )
    assert came == RiskScreening.objects.get()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sealed_after_consent_was_withdrawn(case: Any, team: Any) -> None:
    participant = case()
    came = meet(
        lambda: consent.withdraw_consent(participant, manner="spoken", by=team.worker),
        lambda: services.screen(
            participant, answers=answers(4), evidence={"age": "x"}, by=team.supervisor
        ),
    )
    assert isinstance(came, ConsentWithdrawn)
    assert not Sealed.objects.filter(table="outreach_riskscreening").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_the_second_makes_no_rules_over_the_first(
    manager: Any, make_user: Callable[..., Any], basrah: Any
) -> None:
    second = make_user("manager", basrah)
    seen = rulesets.current("eligibility", basrah).pk
    came = meet(
        lambda: rulesets.make(
            "eligibility",
            site=basrah,
            content={**shipped.CV_7, "threshold": 5},
            based_on=seen,
            by=manager,
        ),
        lambda: rulesets.make(
            "eligibility",
            site=basrah,
            content={**shipped.CV_7, "threshold": 6},
            based_on=seen,
            by=second,
        ),
    )
    assert isinstance(came, rulesets.MadeMeanwhile)
    assert rulesets.current("eligibility", basrah).content["threshold"] == 5


# --- pages ----------------------------------------------------------------------------------------


def form_of(page: Any) -> dict[str, Any]:
    """What a form as it stands on a page would send."""
    form = page.context["form"]
    return {
        bound.html_name: "" if bound.value() is None else bound.value()
        for bound in form
        if bound.value() is not False
    }


def test_a_prospect_is_screened_on_the_page(case: Any, team: Any, signed_in: Any) -> None:
    participant = case(status=Status.PROSPECT)
    agree(participant, team.worker)
    client = signed_in(team.worker)
    address = reverse("outreach:screening_new", args=[participant.code])
    data = form_of(client.get(address))
    data |= {f"answer_{code}": "yes" for code in CODES[:5]}
    data |= {f"answer_{code}": "unknown" for code in CODES[5:]}
    data["why_age"] = "يقول إنه في العشرين"
    answer = client.post(address, data, follow=True)
    body = answer.content.decode()
    assert answer.redirect_chain == [
        (f"/outreach/participants/{participant.code}/screenings/", 302)
    ]
    assert "5 of 7" in body
    assert "Incomplete" in body
    assert "يقول إنه في العشرين" in body
    assert "CV-7 · 1" in body
    participant.refresh_from_db()
    assert participant.status == Status.ELIGIBLE
    case_page = client.get(participant.get_absolute_url()).content.decode()
    assert "5 of 7" in case_page
    assert "يقول إنه في العشرين" not in case_page


BAD: list[tuple[str, dict[str, str]]] = [
    ("an answer is missing", {"answer_age": ""}),
    ("an answer that is none", {"answer_age": "perhaps"}),
    ("a reason without end", {"why_age": "x" * 501}),
    ("a null byte", {"why_age": "a\x00b"}),
    ("no rules", {"ruleset": ""}),
    ("a key that is none", {"key": "1"}),
]


@pytest.mark.parametrize("change", [one[1] for one in BAD], ids=[one[0] for one in BAD])
def test_bad_input_is_said_and_nothing_typed_is_lost(
    case: Any, worker: Any, signed_in: Any, change: dict[str, str]
) -> None:
    participant = case()
    client = signed_in(worker)
    address = reverse("outreach:screening_new", args=[participant.code])
    data = form_of(client.get(address))
    data |= {f"answer_{code}": "yes" for code in CODES}
    data["why_weapon"] = "kept words"
    answer = client.post(address, data | change)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "kept words" in answer.content.decode()
    assert not RiskScreening.objects.exists()


def test_marks_that_turn_text_round_are_taken_out(case: Any, worker: Any, signed_in: Any) -> None:
    participant = case()
    client = signed_in(worker)
    address = reverse("outreach:screening_new", args=[participant.code])
    data = form_of(client.get(address)) | {f"answer_{code}": "no" for code in CODES}
    client.post(address, data | {"why_age": "\u202eabc"})
    made = RiskScreening.objects.get()
    assert services.unpacked(vault.unseal(made, "evidence", by=worker)) == {"age": "abc"}


def test_a_refused_form_is_shown_with_what_was_typed(
    case: Any, worker: Any, manager: Any, basrah: Any, signed_in: Any
) -> None:
    participant = case()
    client = signed_in(worker)
    address = reverse("outreach:screening_new", args=[participant.code])
    data = form_of(client.get(address)) | {f"answer_{code}": "yes" for code in CODES}
    data["why_age"] = "kept words"
    rulesets.make("eligibility", site=basrah, content={**shipped.CV_7, "threshold": 6}, by=manager)
    answer = client.post(address, data)
    assert "kept words" in answer.content.decode()
    assert str(services.RulesChanged.message) in answer.content.decode()
    client.post(address, form_of(answer))
    assert RiskScreening.objects.get().ruleset.content["threshold"] == 6


@pytest.mark.parametrize("name", ["screening_new", "screening_list"])
def test_another_s_case_answers_like_an_absent_one(
    case: Any, team: Any, elsewhere: Any, signed_in: Any, name: str
) -> None:
    participant = case()
    for person in (team.worker2, elsewhere.worker):
        client = signed_in(person)
        for verb in (client.get, client.post):
            hidden = verb(reverse(f"outreach:{name}", args=[participant.code]))
            absent = verb(reverse(f"outreach:{name}", args=["P-000000"]))
            assert hidden.status_code == absent.status_code
            assert hidden.status_code in (404, 405)
            assert comparable(hidden) == comparable(absent)


def test_the_page_of_screenings_asks_as_often_for_many_as_for_few(
    case: Any, worker: Any, signed_in: Any
) -> None:
    participant = case()
    client = signed_in(worker)
    address = reverse("outreach:screening_list", args=[participant.code])

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    services.screen(participant, answers=answers(4), by=worker, evidence={"age": "x"})
    queries()
    few = queries()
    for _ in range(4):
        services.screen(participant, answers=answers(5), by=worker, evidence={"age": "y"})
    assert queries() == few


def rules_form(client: Any, address: str, **change: str) -> dict[str, Any]:
    return form_of(client.get(address)) | change


def test_a_manager_sees_what_would_change_and_then_switches(
    case: Any, worker: Any, manager: Any, basrah: Any, signed_in: Any
) -> None:
    participant = case()
    services.screen(participant, answers=answers(4), by=worker)
    client = signed_in(manager)
    address = reverse("outreach:rules_change", args=[basrah.code, "eligibility"])
    # A switch without having looked only shows.
    answer = client.post(address, rules_form(client, address, threshold="٦", switch="1"))
    assert rulesets.current("eligibility", basrah).version == 1
    body = answer.content.decode()
    assert "Would not qualify any more" in body
    assert participant.code in body
    changed = form_of(answer) | {"threshold": "5", "switch": "1"}
    answer = client.post(address, changed)
    assert rulesets.current("eligibility", basrah).site is None, "another number was looked at"
    client.post(address, form_of(answer) | {"switch": "1"})
    made = rulesets.current("eligibility", basrah)
    assert (made.site, made.content["threshold"], made.approved_by) == (basrah, 5, manager)
    assert RiskScreening.objects.get().ruleset.site is None


def test_a_site_takes_a_criterion_out_and_adds_one(
    manager: Any, basrah: Any, signed_in: Any
) -> None:
    client = signed_in(manager)
    address = reverse("outreach:rules_change", args=[basrah.code, "eligibility"])
    change = {"ar_age": "", "en_age": "", "ar_own_aa": "جديد", "en_own_aa": "New"}
    answer = client.post(address, rules_form(client, address, **change))
    client.post(address, form_of(answer) | {"switch": "1"})
    codes = [row["code"] for row in rulesets.current("eligibility", basrah).content["criteria"]]
    assert codes == [*CODES[1:], "own_aa"]
    page = client.get(address)
    assert "own_ab" in page.context["form"].codes


RULES_BAD = [
    ("no threshold", "eligibility", {"threshold": ""}),
    ("a threshold never reached", "eligibility", {"threshold": "9"}),
    ("a criterion in one language", "eligibility", {"ar_age": ""}),
    ("in the past", "eligibility", {"valid_from": "1/1/2020", "threshold": "5"}),
    ("no day", "eligibility", {"valid_from": "31/2/2026"}),
    ("more than there are days", "contact_standard", {"monthly_home_visits": "32"}),
    ("negative", "caseload_band", {"hard_cap": "-1"}),
    ("not rising", "caseload_band", {"hard_cap": "3"}),
    ("nothing changed", "caseload_band", {}),
]


@pytest.mark.parametrize(
    ("kind", "change"), [one[1:] for one in RULES_BAD], ids=[one[0] for one in RULES_BAD]
)
def test_bad_rules_are_refused_on_the_page(
    manager: Any, basrah: Any, signed_in: Any, kind: str, change: dict[str, str]
) -> None:
    client = signed_in(manager)
    address = reverse("outreach:rules_change", args=[basrah.code, kind])
    answer = client.post(address, rules_form(client, address, **change))
    if not answer.context["form"].errors:
        answer = client.post(address, form_of(answer) | {"switch": "1"})
    assert answer.context["form"].errors
    assert rulesets.current(kind, basrah).site is None


def test_rules_of_another_site_are_not_there(manager: Any, zubair: Any, signed_in: Any) -> None:
    client = signed_in(manager)
    for site, kind in ((zubair.code, "eligibility"), ("BASRAH-CENTRE", "weather")):
        address = reverse("outreach:rules_change", args=[site, kind])
        assert client.get(address).status_code == 404
        assert client.post(address, {"threshold": "1"}).status_code == 404


@pytest.mark.parametrize("kind", ["contact_standard", "caseload_band"])
def test_the_other_rules_are_changed_on_the_page(
    manager: Any, basrah: Any, signed_in: Any, kind: str
) -> None:
    client = signed_in(manager)
    address = reverse("outreach:rules_change", args=[basrah.code, kind])
    name = {"contact_standard": "at_risk_days", "caseload_band": "least"}[kind]
    answer = client.post(address, rules_form(client, address, **{name: "10"}))
    client.post(address, form_of(answer) | {"switch": "1"})
    assert rulesets.current(kind, basrah).content[name] == 10
    assert client.get(reverse("outreach:rules_list")).status_code == 200


def test_a_91_day_old_screening_does_not_close_a_case(case: Any, worker: Any) -> None:
    today = periods.now().date()
    participant = case(screened_on=today - 91 * DAY, rescreen_due_on=today - DAY)
    with pytest.raises(status.ScreeningTooOld):
        status.close(participant, reason="goals_met", by=worker)
    services.screen(participant, answers=answers(2), by=worker, at_closing=True)
    status.close(participant, reason="goals_met", by=worker)
    assert ConsentRecord.objects.count() == 0
    assert participant.approvals.get().kind == "closure"
