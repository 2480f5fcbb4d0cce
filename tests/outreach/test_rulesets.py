"""Rules as dated versions: which count on a day, and what may be written."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from ceasefire import periods, rulesets
from ceasefire.audit.models import AuditEvent
from ceasefire.rulesets import shipped
from ceasefire.rulesets.schemas import validate

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def with_threshold(number: int) -> dict[str, Any]:
    return {**shipped.CV_7, "threshold": number}


@pytest.mark.parametrize("kind", sorted(shipped.SHIPPED))
def test_what_is_shipped_fits_its_kind_and_counts_everywhere(kind: str, basrah: Any) -> None:
    validate(kind, shipped.SHIPPED[kind])
    for site in (None, basrah):
        found = rulesets.current(kind, site)
        assert (found.site, found.version, found.content) == (None, 1, shipped.SHIPPED[kind])


def test_the_shipped_criteria_are_those_of_the_program() -> None:
    assert shipped.CV_7["threshold"] == 4
    assert [row["code"] for row in shipped.CV_7["criteria"]] == [
        "age",
        "armed_group",
        "violence",
        "released",
        "street_activity",
        "recent_victim",
        "weapon",
    ]


def test_a_site_s_own_rules_count_for_it_alone(basrah: Any, zubair: Any, manager: Any) -> None:
    made = rulesets.make("eligibility", site=basrah, content=with_threshold(6), by=manager)
    assert rulesets.current("eligibility", basrah) == made
    assert rulesets.current("eligibility", zubair).version == 1
    assert rulesets.current("eligibility").content["threshold"] == 4
    assert rulesets.by_site("eligibility", [basrah, zubair]) == {
        basrah.pk: made,
        zubair.pk: rulesets.current("eligibility"),
    }


def test_later_rules_wait_for_their_day_and_earlier_days_keep_theirs(
    basrah: Any, manager: Any
) -> None:
    today = periods.now().date()
    first = rulesets.make("eligibility", site=basrah, content=with_threshold(5), by=manager)
    later = rulesets.make(
        "eligibility",
        site=basrah,
        content=with_threshold(6),
        by=manager,
        valid_from=today + 3 * DAY,
    )
    assert (first.version, later.version) == (1, 2)
    assert rulesets.current("eligibility", basrah, today - DAY).site is None
    assert rulesets.current("eligibility", basrah, today) == first
    assert rulesets.current("eligibility", basrah, today + 2 * DAY) == first
    assert rulesets.current("eligibility", basrah, today + 3 * DAY) == later
    assert rulesets.upcoming("eligibility", basrah) == later
    assert rulesets.upcoming("eligibility", basrah, today + 3 * DAY) is None


def test_of_two_versions_of_one_day_the_later_counts(basrah: Any, manager: Any) -> None:
    for number in (5, 6):
        made = rulesets.make("eligibility", site=basrah, content=with_threshold(number), by=manager)
    assert rulesets.current("eligibility", basrah) == made


def test_rules_are_not_made_for_days_that_passed(basrah: Any, manager: Any) -> None:
    with pytest.raises(rulesets.TooEarly):
        rulesets.make(
            "eligibility",
            site=basrah,
            content=with_threshold(5),
            by=manager,
            valid_from=periods.now().date() - DAY,
        )


def test_rules_made_meanwhile_are_not_passed_over(basrah: Any, manager: Any) -> None:
    seen = rulesets.current("eligibility", basrah).pk
    rulesets.make("eligibility", site=basrah, content=with_threshold(5), by=manager, based_on=seen)
    with pytest.raises(rulesets.MadeMeanwhile):
        rulesets.make(
            "eligibility", site=basrah, content=with_threshold(6), by=manager, based_on=seen
        )


def test_the_same_rules_are_not_made_again(basrah: Any, manager: Any) -> None:
    with pytest.raises(rulesets.NothingChanged):
        rulesets.make("eligibility", site=basrah, content=dict(shipped.CV_7), by=manager)


def test_a_version_is_in_the_trail_with_the_one_before(basrah: Any, manager: Any) -> None:
    made = rulesets.make("eligibility", site=basrah, content=with_threshold(5), by=manager)
    event = AuditEvent.objects.latest("seq")
    assert (event.verb, event.actor, event.subject_id) == ("rules.made", manager, made.code)
    assert event.detail["before"] == "eligibility/default/1"


@pytest.mark.parametrize("statement", ["UPDATE", "DELETE"])
def test_the_program_can_not_change_a_version(statement: str) -> None:
    words = {
        "UPDATE": "UPDATE rulesets_ruleset SET version = 9",
        "DELETE": "DELETE FROM rulesets_ruleset",
    }[statement]
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(words)


CRITERION = {"code": "age", "en": "Young", "ar": "شاب"}
BAD: list[tuple[str, str, Any]] = [
    ("no kind of ours", "weather", {}),
    ("not a record", "eligibility", []),
    ("nothing in it", "caseload_band", {}),
    ("a field too many", "caseload_band", {**shipped.CASELOAD_BAND, "more": 1}),
    ("a number as words", "caseload_band", {**shipped.CASELOAD_BAND, "hard_cap": "25"}),
    ("a truth as number", "caseload_band", {**shipped.CASELOAD_BAND, "least": True}),
    ("a cap below the target", "caseload_band", {**shipped.CASELOAD_BAND, "hard_cap": 18}),
    ("more at home than a month", "contact_standard", {
        **shipped.CONTACT_STANDARD, "monthly_home_visits": 32}),
    ("more face to face than contacts", "contact_standard", {
        **shipped.CONTACT_STANDARD, "weekly_face_to_face": 4}),
    ("reviewed before at risk", "contact_standard", {
        **shipped.CONTACT_STANDARD, "review_days": 13}),
    ("a threshold of nothing", "eligibility", with_threshold(0)),
    ("a threshold never reached", "eligibility", with_threshold(8)),
    ("no criteria", "eligibility", {**shipped.CV_7, "criteria": []}),
    ("a criterion twice", "eligibility", {
        **shipped.CV_7, "threshold": 1, "criteria": [CRITERION, CRITERION]}),
    ("a criterion without Arabic", "eligibility", {
        **shipped.CV_7, "threshold": 1, "criteria": [{**CRITERION, "ar": " "}]}),
    ("a code with a space", "eligibility", {
        **shipped.CV_7, "threshold": 1, "criteria": [{**CRITERION, "code": "a b"}]}),
    ("a text without end", "eligibility", {
        **shipped.CV_7, "threshold": 1, "criteria": [{**CRITERION, "en": "x" * 301}]}),
    ("a null byte", "eligibility", {
        **shipped.CV_7, "threshold": 1, "criteria": [{**CRITERION, "en": "x\x00"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_what_does_not_fit_is_refused_whole(kind: str, content: Any) -> None:
    with pytest.raises(rulesets.InvalidRules):
        validate(kind, content)


def test_asking_is_one_query(basrah: Any, zubair: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        rulesets.current("caseload_band", basrah)
    with django_assert_num_queries(1):
        rulesets.by_site("caseload_band", [basrah, zubair])
