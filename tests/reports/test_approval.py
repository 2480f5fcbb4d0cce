"""From draft to approved, corrections, and the guard in the database."""

import hashlib
import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from ceasefire.audit.models import AuditEvent
from ceasefire.database import roles as database_roles
from ceasefire.places.models import Site
from ceasefire.reports import services
from ceasefire.reports.exceptions import (
    NothingChanged,
    ReportHasMoved,
    ReportIsFrozen,
    ReportIsNotFrozen,
)
from ceasefire.reports.exports import write_report_json
from ceasefire.reports.models import Audience, SharedWeeklyReport, WeeklyReport
from ceasefire.reports.presentation import ReportPage
from ceasefire.reports.recording_changes import note_change
from incidents.models import Incident
from tests.reports.conftest import WEEK, full

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(basrah, put_weeks):
    put_weeks(basrah, [4] * 12)
    return services.compile_week(site=basrah, week_start=WEEK)


@pytest.fixture
def frozen(draft, manager):
    return services.freeze_report(draft, by=manager)


def verbs():
    found = AuditEvent.objects.filter(verb__startswith="weeklyreport.").order_by("seq")
    return list(found.values_list("verb", flat=True))


def test_a_week_is_compiled_told_approved_and_each_step_is_in_the_trail(
    draft, data_officer, manager
):
    told = services.write_narrative(
        draft, narrative_en=" A quiet week. ", narrative_ar="", by=data_officer
    )
    frozen = services.freeze_report(told, by=manager, version=told.version)

    assert (frozen.narrative_en, frozen.narrative_by) == ("A quiet week.", data_officer)
    assert (frozen.status, frozen.frozen_by, frozen.body["status"]) == (
        "frozen", manager, "frozen",
    )  # fmt: skip
    assert verbs() == ["weeklyreport.compiled", "weeklyreport.narrated", "weeklyreport.frozen"]


def test_compiling_again_renews_the_draft_and_keeps_its_narrative(draft, put, basrah, data_officer):
    services.write_narrative(draft, narrative_en="Told.", narrative_ar="", by=data_officer)
    put(basrah, WEEK, 2)
    again = services.compile_week(site=basrah, week_start=WEEK)

    assert (again.pk, again.number, again.narrative_en) == (draft.pk, 1, "Told.")
    assert again.body["counts"][0]["incidents"] == 6


def test_compiling_an_approved_week_returns_it_as_it_stands(frozen, put, basrah):
    put(basrah, WEEK, 5)
    again = services.compile_week(site=basrah, week_start=WEEK)

    assert (again.pk, again.checksum, again.version) == (
        frozen.pk, frozen.checksum, frozen.version,
    )  # fmt: skip


def test_the_checksum_is_that_of_the_file(frozen):
    assert hashlib.sha256(write_report_json(full(frozen))).hexdigest() == frozen.checksum


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reports_weeklyreport SET narrative_en = 'other'",
        "UPDATE reports_weeklyreport SET status = 'draft', frozen_at = NULL, frozen_by_id = NULL",
        "UPDATE reports_weeklyreport SET body = '{}'",
        "UPDATE reports_weeklyreport SET body_open = '{}'",
        "UPDATE reports_weeklyreport SET is_open = false",
        "DELETE FROM reports_weeklyreport",
        "TRUNCATE reports_weeklyreport",
        "UPDATE reports_sharedweeklyreport SET body = '{}'",
        "DELETE FROM reports_sharedweeklyreport",
        "ALTER TABLE reports_weeklyreport DISABLE TRIGGER USER",
    ],
)
def test_the_database_refuses_to_change_an_approved_report(frozen, statement):
    with (
        connection.cursor() as cursor,
        pytest.raises(DatabaseError),
        transaction.atomic(),
    ):
        cursor.execute(statement)

    frozen.refresh_from_db()
    assert frozen.status == "frozen"


def test_even_the_owner_does_not_change_an_approved_report_by_mistake(frozen):
    with (
        database_roles.as_owner(connection),
        connection.cursor() as cursor,
        pytest.raises(DatabaseError),
        transaction.atomic(),
    ):
        cursor.execute("UPDATE reports_weeklyreport SET number = 99")


def test_an_approved_report_is_neither_told_nor_approved_again(frozen, manager, data_officer):
    with pytest.raises(ReportIsFrozen):
        services.freeze_report(frozen, by=manager)
    with pytest.raises(ReportIsFrozen):
        services.write_narrative(frozen, narrative_en="x", narrative_ar="", by=data_officer)


def test_a_manager_approves_only_what_they_read(draft, basrah, manager, data_officer, put):
    read = draft.version
    put(basrah, WEEK)
    services.compile_week(site=basrah, week_start=WEEK)

    with pytest.raises(ReportHasMoved):
        services.freeze_report(draft, by=manager, version=read)
    with pytest.raises(ReportHasMoved):
        services.write_narrative(
            draft, narrative_en="x", narrative_ar="", by=data_officer, version=read
        )


def test_a_correction_stands_beside_the_approved_report_and_says_what_changed(
    frozen, basrah, put, manager
):
    put(basrah, WEEK, 2, killed_best=0)
    changed = [
        {"place": "IQG02Q02", "type": kind, "measure": "incidents", "before": 4, "after": 6}
        for kind in ("ALL", "MUR")
    ]
    assert services.changes_since(frozen, Audience.FULL) == changed
    revision = services.revise_report(frozen, by=manager, reason="two late records")

    frozen.refresh_from_db()
    assert (frozen.status, frozen.body["counts"][0]["incidents"]) == ("frozen", 4)
    assert (revision.revision, revision.number, revision.status) == (1, 2, "draft")
    assert revision.body["revision_of"] == "BASRAH-CENTRE-2026-11-08"
    assert revision.body["revisions"] == [
        {**change, "reason": "two late records"} for change in changed
    ]
    # Compiling again keeps what it corrects and why.
    put(basrah, WEEK, killed_best=0)
    again = services.compile_week(site=basrah, week_start=WEEK)
    assert [row["after"] for row in again.body["revisions"]] == [7, 7]
    assert again.body["revisions"][0]["reason"] == "two late records"


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        ({"killed_best": 5}, ("killed", 4, 8, "Killed 4 to 8 since the report of")),
        ({"injured_best": 2}, ("injured", 0, 2, "Injured 0 to 2 since the report of")),
        ({"abducted": 1}, ("abducted", 0, 1, "Abducted 0 to 1 since the report of")),
        ({"killed_best": None, "killed_unknown": True},
         ("killed_unknown", 0, 1, "Killed not known 0 to 1 since the report of")),
    ],
)  # fmt: skip
def test_a_wrong_number_of_people_is_corrected_and_named(frozen, data_officer, facts, what):
    measure, before, after, words = what
    one = Incident.objects.filter(site=frozen.site, occurred_on__gte=WEEK).first()
    Incident.objects.filter(pk=one.pk).update(**facts)
    for audience in Audience:
        assert {
            "place": "IQG02Q02", "type": "ALL", "measure": measure, "before": before,
            "after": after,
        } in services.changes_since(frozen, audience)  # fmt: skip
    draft = services.revise_report(frozen, by=data_officer, reason="counted at the hospital")
    assert draft.is_open
    assert (measure, before, after) in {
        (row["measure"], row["before"], row["after"]) for row in draft.body["revisions"]
    }
    page = ReportPage(full(draft))
    told = {row["label"]: row["words"] for row in page.revisions}
    label = words.split(str(before))[0].strip()
    assert told[f"All types: {label}"].startswith(words)
    with translation.override("ar"):
        told = ReportPage(full(draft)).revisions
        assert any(f"من {before} إلى {after} منذ تقرير" in row["words"] for row in told)


def test_what_is_no_longer_verified_is_a_correction_of_both_numbers(frozen, manager):
    one = Incident.objects.filter(site=frozen.site, occurred_on__gte=WEEK).first()
    Incident.objects.filter(pk=one.pk).update(
        verification="unverified", verification_reason="nobody else heard of it"
    )
    draft = services.revise_report(frozen, by=manager, reason="a rumour")
    assert {
        row["measure"]: (row["before"], row["after"])
        for row in draft.body["revisions"]
        if row["type"] == "ALL"
    } == {"incidents": (4, 3), "unverified": (0, 1), "killed": (4, 3)}


def test_a_correction_from_before_names_incidents_alone(frozen, basrah, put, manager):
    put(basrah, WEEK, 2, killed_best=0)
    draft = services.revise_report(frozen, by=manager, reason="two late records")
    for row in draft.body["revisions"]:
        del row["measure"]
    first = ReportPage(full(draft)).revisions[0]
    assert (first["label"], first["words"][:23]) == ("All types", "\u200e+2 since the report of")


def test_nothing_is_corrected_where_nothing_changed(frozen, manager):
    with pytest.raises(NothingChanged):
        services.revise_report(frozen, by=manager, reason="again")


@pytest.mark.parametrize("is_covered", [False, True], ids=["no longer", "by now"])
def test_a_correction_of_coverage_alone_has_a_reason_of_its_own(
    basrah, put_weeks, manager, signed_in, is_covered
):
    put_weeks(basrah, [4] * 30)
    if is_covered:
        basrah.coverage.update(end=WEEK - timedelta(weeks=1))
    report = services.compile_week(site=basrah, week_start=WEEK)
    frozen = services.freeze_report(report, by=manager)
    client = signed_in(manager)
    url = f"/reports/{basrah.code}/{WEEK}/"
    known = "When and what the site recorded is known otherwise by now"
    assert known not in client.get(url).content.decode()
    assert not services.recording_differs(frozen, Audience.OPEN)

    basrah.coverage.update(end=None if is_covered else WEEK)
    assert known in client.get(url).content.decode()
    draft = services.revise_report(frozen, by=manager, reason="the office was shut")
    assert draft.body["revisions"] == []
    assert draft.body["recording_revised"] == {
        "is_covered": [not is_covered, is_covered],
        "weeks": 2 if is_covered else 1,
        "changed_on": [None, None],
        "reason": "the office was shut",
    }
    assert draft.is_open
    page = client.get(url).content.decode()
    assert "the office was shut" in page
    assert (
        "The week lies in the site&#x27;s coverage by now: no incident is zero."
        if is_covered
        else "The week lies outside the site&#x27;s coverage by now: it is missing."
    ) in page
    # All others read a sentence that is true of it: no record was changed.
    fixed = (
        "What is known of when and what the site recorded changed after the report was approved."
    )
    assert draft.body_open["recording_revised"]["reason"] == fixed
    services.freeze_report(draft, by=manager)
    latest = SharedWeeklyReport.objects.order_by("-revision").first()
    assert (latest.revision, latest.body["is_covered"]) == (1, is_covered)
    assert latest.body["correction"]["reason"] == fixed
    with pytest.raises(NothingChanged):
        services.revise_report(draft, by=manager, reason="again")


def test_coverage_of_other_weeks_and_a_change_of_what_is_recorded_are_corrected_too(
    basrah, put_weeks, manager
):
    put_weeks(basrah, [4] * 60)
    report = services.compile_week(site=basrah, week_start=WEEK)
    frozen = services.freeze_report(report, by=manager)
    basrah.coverage.update(start=WEEK - timedelta(weeks=20))
    note_change(site=basrah, changed_on=WEEK - timedelta(weeks=5), what="x", by=manager)
    assert services.recording_differs(frozen, Audience.FULL)
    draft = services.revise_report(frozen, by=manager, reason="shut until June")
    told = ReportPage(full(draft)).recording_revised
    assert told[:2] == [
        "shut until June",
        "Of 31 other weeks it is known by now that the site did or did not record.",
    ]
    assert told[2].startswith("What the site records changed on")
    assert not services.recording_differs(draft, Audience.FULL)


def test_a_draft_is_not_corrected_and_an_old_version_neither(draft, basrah, put, manager):
    with pytest.raises(ReportIsNotFrozen):
        services.revise_report(draft, by=manager, reason="x")
    frozen = services.freeze_report(draft, by=manager)
    put(basrah, WEEK)
    services.revise_report(frozen, by=manager, reason="x")
    with pytest.raises(ReportHasMoved):
        services.revise_report(frozen, by=manager, reason="x")


def test_a_correction_that_would_give_away_small_counts_stays_inside(frozen, basrah, put, manager):
    put(basrah, WEEK, 1)
    revision = services.revise_report(frozen, by=manager, reason="one more")
    services.freeze_report(revision, by=manager)

    [shared] = SharedWeeklyReport.objects.all()
    assert (shared.revision, shared.body["total"]) == (0, 4)


def test_a_larger_correction_is_shared(frozen, basrah, put, manager):
    put(basrah, WEEK, 5, killed_best=0)
    services.freeze_report(
        services.revise_report(frozen, by=manager, reason="a batch came late"), by=manager
    )

    assert list(SharedWeeklyReport.objects.values_list("revision", "body__total")) == [
        (1, 9), (0, 4),
    ]  # fmt: skip


# --- two at once ----------------------------------------------------------------------------------


def in_threads(count, work):
    """Run something on so many connections at once; what each returned or raised."""
    came, gate = [], threading.Barrier(count)

    def run():
        try:
            gate.wait(10)
            came.append(work())
        except Exception as error:  # noqa: BLE001 - handed to the test
            came.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return came


@pytest.mark.django_db(transaction=True)
def test_three_compiles_at_once_make_one_report(basrah, put_weeks):
    put_weeks(basrah, [2] * 30)
    site_pk = basrah.pk

    def work():
        return services.compile_week(
            site=Site.objects.get(pk=site_pk), week_start=WEEK - timedelta(weeks=1)
        ).pk

    came = in_threads(3, work)
    assert len(set(came)) == 1, came
    assert WeeklyReport.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_different_weeks_at_once_get_different_numbers(basrah, put_weeks):
    put_weeks(basrah, [2] * 30)
    site_pk = basrah.pk
    weeks = iter([WEEK - timedelta(weeks=n) for n in range(4)])
    lock = threading.Lock()

    def work():
        with lock:
            week = next(weeks)
        return services.compile_week(site=Site.objects.get(pk=site_pk), week_start=week).number

    assert sorted(in_threads(4, work)) == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_are_one(basrah, put_weeks, manager):
    put_weeks(basrah, [2] * 10)
    report = services.compile_week(site=basrah, week_start=WEEK)
    came = in_threads(2, lambda: services.freeze_report(report, by=manager).pk)

    assert sorted(type(one).__name__ for one in came) == ["ReportIsFrozen", "UUID"]
    assert SharedWeeklyReport.objects.count() == 1
