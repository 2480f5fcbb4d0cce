"""Where what a site records changed its baseline begins anew, in words, and made again the same."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.utils import translation

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from ceasefire.periods import BAGHDAD
from ceasefire.places.models import Site
from ceasefire.reports import recording_changes, services
from ceasefire.reports.exceptions import ChangeIsAhead, ChangeIsNoted, ChangeWasWithdrawn
from ceasefire.reports.models import RecordingChange
from ceasefire.reports.presentation import ReportPage
from incidents import readings
from tests.reports.conftest import AS_OF, WEEK, full

pytestmark = pytest.mark.django_db
PAGE = "/reports/recording/"
#: Few every week, then twice as many since other sources are asked, and a usual week of these.
COUNTS = [4, 5, 3] * 90 + [12, 13, 11] * 4
CHANGED = WEEK - timedelta(weeks=11)
SAYS = (
    "What the site records changed on {day}: the comparison begins anew since that day, and earlier"
    " weeks are not compared with."
)


@pytest.fixture
def manager(make_user, basrah):
    return make_user(Role.MANAGER, basrah, username="recording.manager")


@pytest.fixture
def note(basrah, manager):
    def make(day=CHANGED, by=manager):
        return recording_changes.note_change(
            site=basrah, changed_on=day, what="hospitals are asked", by=by
        )

    return make


def compiled(site):
    return services.compile_week(site=site, week_start=WEEK)


# --- what the report does -------------------------------------------------------------------------


def test_the_baseline_of_every_series_begins_anew_on_that_day(basrah, put_weeks, note):
    put_weeks(basrah, COUNTS)
    before = compiled(basrah)
    assert before.body["recording_changed_on"] is None
    assert before.body["tests_made"] == 2
    assert before.body["trend"]

    note()
    after = compiled(basrah)
    assert after.body["recording_changed_on"] == CHANGED.isoformat()
    assert after.body["tests_made"] == 0
    total, kind = after.basis["rows"]
    assert (total["key"], total["values"]["weeks"]) == ("range", 11)
    assert total["values"]["changed_on"] == CHANGED.isoformat()
    assert "restarted" not in total["values"]
    assert "changed_on" not in kind["values"]
    # Over so few weeks there is no trend: the change would be told as one.
    assert after.body["trend"] == {}
    assert after.basis["bands"]["IQG02Q02"] == [[]] * 26
    # The weeks before stay to be seen.
    assert after.basis["series"] == before.basis["series"]


def test_the_report_says_so_in_fixed_words(basrah, put_weeks, note):
    put_weeks(basrah, COUNTS)
    note()
    report = compiled(basrah)
    words = SAYS.format(day=periods.long_date(CHANGED, "en"))
    assert report.body["counts"][0]["sentence"].endswith(words)
    assert words in [part.text for part in ReportPage(full(report)).sections[0].parts]
    assert "hospitals" not in str(report.body) + str(report.basis)
    with translation.override("ar"):
        told = [part.text for part in ReportPage(full(report)).sections[0].parts]
        assert any("تبدأ المقارنة من جديد" in (text or "") for text in told)


@pytest.mark.parametrize(
    ("day", "since", "why"),
    [
        (CHANGED + timedelta(days=3), 10, "the week of the change is compared with none"),
        (WEEK, 0, "the first week by the new rule is compared with none"),
        (WEEK + timedelta(days=2), 0, "nor is the week in which it changed"),
        (WEEK + timedelta(days=7), None, "what changed after the week is not its own"),
        (WEEK - timedelta(weeks=400), None, "nothing was recorded before"),
    ],
)
def test_from_which_week_on_it_compares(basrah, put_weeks, note, day, since, why):
    put_weeks(basrah, COUNTS)
    note(day)
    report = compiled(basrah)
    weeks = report.basis["rows"][0]["values"]["weeks"]
    assert weeks == (len(COUNTS) - 1 if since is None else since), why
    assert (report.body["recording_changed_on"] is None) is (since is None)


def test_of_several_changes_the_last_one_before_the_weeks_end_counts(basrah, put_weeks, note):
    put_weeks(basrah, COUNTS)
    # Noted in another order than they came, and one that is still ahead of the week.
    note(CHANGED)
    note(CHANGED - timedelta(weeks=20))
    note(WEEK + timedelta(days=7))
    report = compiled(basrah)
    assert report.body["recording_changed_on"] == CHANGED.isoformat()
    assert report.basis["rows"][0]["values"]["weeks"] == 11


def test_a_gap_after_the_change_is_told_as_a_gap(basrah, put_weeks, note):
    put_weeks(basrah, COUNTS)
    basrah.coverage.update(end=WEEK - timedelta(weeks=6))
    basrah.coverage.create(start=WEEK - timedelta(weeks=2))
    note()
    values = compiled(basrah).basis["rows"][0]["values"]
    assert values["restarted"]
    assert "changed_on" not in values


def test_both_audiences_and_reo_are_told_the_same(basrah, put_weeks, note, manager):
    put_weeks(basrah, COUNTS)
    note()
    report = services.freeze_report(compiled(basrah), by=manager)
    assert report.body_open["recording_changed_on"] == CHANGED.isoformat()
    values = report.basis["shared"]["totals"][0]["values"]
    assert values["changed_on"] == CHANGED.isoformat()


def test_a_report_made_again_is_the_same_whatever_is_noted_since(
    basrah, put_weeks, note, manager, settings
):
    put_weeks(basrah, COUNTS)
    first = note()
    report = compiled(basrah)
    settings.CEASEFIRE_TODAY = "2026-11-18"
    recording_changes.withdraw_change(first, by=manager)
    note(CHANGED + timedelta(weeks=5))
    again = services.made_again(report, by=manager)
    assert again.full.body == report.body
    assert again.open.body == report.body_open


def test_what_is_noted_after_the_cut_is_left_out(basrah, put_weeks, note, settings):
    put_weeks(basrah, COUNTS)
    change = note()
    cut = datetime(2026, 11, 16, 6, tzinfo=BAGHDAD)
    noted = RecordingChange.objects.filter(site=basrah)
    assert list(noted.standing(change.noted_at)) == [change]
    assert not noted.standing(min(cut, change.noted_at) - timedelta(seconds=1))
    # And the report asks for what stood at its own cut, not for what stands now.
    settings.CEASEFIRE_TODAY = None
    before = services.compile_week(
        site=basrah, week_start=WEEK, as_of=change.noted_at - timedelta(seconds=1)
    )
    assert before.body["recording_changed_on"] is None
    after = services.compile_week(site=basrah, week_start=WEEK, as_of=change.noted_at)
    assert after.body["recording_changed_on"] == CHANGED.isoformat()


def test_readings_from_before_changes_were_noted_know_of_none(basrah, put_weeks, note):
    from ceasefire.reports.recording import changes

    note()
    with readings.replaying("{}"):
        assert changes(basrah, cut=None) == []
    with readings.recording() as kept:
        assert changes(basrah, cut=None) == [CHANGED]
    with readings.replaying(kept.text()), pytest.raises(readings.NotKept):
        changes(basrah, cut=AS_OF)


# --- noting it ------------------------------------------------------------------------------------


def test_what_can_not_be_noted_is_refused(note):
    note()
    with pytest.raises(ChangeIsNoted):
        note()
    with pytest.raises(ChangeIsAhead):
        note(date(2026, 11, 17))


def test_a_mistake_is_withdrawn_once_and_the_day_is_free_again(basrah, note, manager):
    change = recording_changes.withdraw_change(note(), by=manager)
    with pytest.raises(ChangeWasWithdrawn):
        recording_changes.withdraw_change(change, by=manager)
    assert note().number == 2
    assert list(
        AuditEvent.objects.filter(verb__startswith="recordingchange.")
        .order_by("pk")
        .values_list("verb", flat=True)
    ) == ["recordingchange.noted", "recordingchange.withdrawn", "recordingchange.noted"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reports_recordingchange SET changed_on = changed_on - 7",
        "UPDATE reports_recordingchange SET what = 'else'",
    ],
)
def test_the_database_lets_nobody_rewrite_it(note, statement):
    note()
    with (
        pytest.raises((DatabaseError, IntegrityError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_two_notes_of_one_day_at_once_are_one(basrah, manager):
    came, gate = [], threading.Barrier(2)

    def work():
        try:
            gate.wait(10)
            came.append(
                recording_changes.note_change(
                    site=Site.objects.get(pk=basrah.pk), changed_on=CHANGED, what="x", by=manager
                )
            )
        except ChangeIsNoted as error:
            came.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(one).__name__ for one in came) == ["ChangeIsNoted", "RecordingChange"]


# --- the pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMINISTRATOR])
def test_it_is_noted_and_withdrawn_on_a_page(basrah, make_user, signed_in, role):
    sites = [] if role == Role.ADMINISTRATOR else [basrah]
    client = signed_in(make_user(role, *sites, username="notes"))
    assert f"{PAGE}{basrah.code}/new/" in client.get(PAGE).content.decode()
    sent = {"changed_on": "01/11/2026", "what": "hospitals are asked"}
    assert client.post(f"{PAGE}{basrah.code}/new/", sent)["Location"] == PAGE
    assert "hospitals are asked" in client.get(PAGE).content.decode()
    assert "noted already" in client.post(f"{PAGE}{basrah.code}/new/", sent).content.decode()
    client.post(f"{PAGE}{basrah.code}/1/withdraw/")
    assert RecordingChange.objects.get().is_withdrawn


def test_a_manager_notes_nothing_for_another_site(basrah, make_site, make_user, signed_in):
    other = make_site("AL-ZUBAIR")
    client = signed_in(make_user(Role.MANAGER, basrah, username="notes"))
    assert client.get(f"{PAGE}{other.code}/new/").status_code == 404
