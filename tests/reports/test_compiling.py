"""What a compiled report says: its shape, what it counts, its states and sentences."""

import json
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.periods import BAGHDAD, Week
from ceasefire.places.models import CoveragePeriod
from ceasefire.reports import services
from ceasefire.reports.documents import canonical, checksum
from ceasefire.reports.exceptions import NotCovered, WeekNotOver, WrongWeekStart
from ceasefire.reports.models import WeeklyReport
from ceasefire.reports.panel import ALL
from ceasefire.reports.presentation import ReportPage, week_words
from ceasefire.reports.sentences import how_often, sentence
from incidents.models import Incident
from tests.reports.conftest import AS_OF, WEEK, full, incident

pytestmark = pytest.mark.django_db


def compiled(site, week=WEEK, **more):
    more.setdefault("as_of", AS_OF)
    return services.compile_week(site=site, week_start=week, **more)


def total_of(report, place="IQG02Q02"):
    return next(r for r in report.body["counts"] if (r["place"], r["type"]) == (place, ALL))


# --- shape ----------------------------------------------------------------------------------------


def test_the_document_has_the_published_shape(basrah, put, put_weeks):
    put_weeks(basrah, [2] * 200)
    body = compiled(basrah).body

    assert set(body) == {
        "report", "version", "audience", "site", "week_start", "week_end", "data_as_of", "status",
        "revision_of", "data_health", "counts", "tests_made", "false_alerts_expected", "alerts",
        "watch", "delays", "nowcast", "trend", "near_repeat", "clusters", "clusters_tested",
        "concentration", "effect", "software", "responses", "revisions", "back_filled",
        "near_repeat_kinds", "near_repeat_tests", "recording_changed_on", "recording_revised",
    }  # fmt: skip
    assert (body["report"], body["version"]) == ("weekly-violence-trends", 8)
    assert (body["site"], body["week_start"], body["week_end"]) == (
        "BASRAH-CENTRE", "2026-11-08", "2026-11-15",
    )  # fmt: skip
    assert body["data_as_of"] == "2026-11-16T06:00:00+03:00"
    assert (body["status"], body["revision_of"]) == ("draft", None)
    assert {"received", "late", "without_place", "duplicates", "median_delay_days",
            "complete_to"} <= set(body["data_health"])  # fmt: skip
    for row in body["counts"]:
        assert set(row) == {
            "place", "type", "incidents", "killed", "injured", "abducted", "state", "expected",
            "upper", "p", "sentence",
        }  # fmt: skip
        assert (row["expected"] is None) == (row["upper"] is None) == (row["p"] is None)
        assert row["state"] in {"unusual", "usual", "too_few"}
    # Too little to say: empty, not invented. All at one place are no cluster.
    assert (body["near_repeat"], body["clusters"], body["clusters_tested"]) == ({}, [], 52)
    assert (body["trend"]["weeks"], body["trend"]["events"]) == (200, 400)
    assert body["responses"] == {"due": None, "within_72h": None, "overdue": None}


def test_every_district_of_the_site_has_a_row_for_all_types_and_recent_types_have_theirs(
    make_site, put, put_weeks
):
    site = make_site("WIDE", place="IQG02")
    put_weeks(site, [0] * 60)
    put(site, WEEK - timedelta(weeks=51), type="KID")
    put(site, WEEK - timedelta(weeks=52), type="THR")  # too long ago for a row
    rows = [(row["place"], row["type"]) for row in compiled(site).body["counts"]]

    assert [place for place, kind in rows if kind == ALL] == [f"IQG02Q0{n}" for n in range(1, 8)]
    assert [row for row in rows if row[1] != ALL] == [("IQG02Q02", "KID")]


def test_the_same_records_and_cut_make_the_same_bytes(basrah, put_weeks):
    put_weeks(basrah, [3, 1, 4, 1, 5] * 60)
    first = compiled(basrah)
    before = canonical(first.body), canonical(first.basis), first.checksum
    first.delete()
    again = WeeklyReport.objects.get(pk=compiled(basrah).pk)

    assert (canonical(again.body), canonical(again.basis), again.checksum) == before
    assert again.checksum == checksum(json.loads(before[0]))


def test_what_came_after_the_cut_is_left_out_and_a_late_batch_alarms_nobody(basrah, put, put_weeks):
    put_weeks(basrah, [2] * 280)
    before = canonical(compiled(basrah).body)
    late = AS_OF + timedelta(hours=1)
    put(basrah, WEEK, 30, reported_at=late, submitted_at=late, accepted_at=late)

    assert canonical(compiled(basrah).body) == before


def test_what_comes_while_it_is_compiled_is_left_out_of_every_part_alike(
    basrah, put, put_weeks, settings, monkeypatch
):
    """And its own moment as a cut makes it again: what came in the same second is still there."""
    settings.CEASEFIRE_TODAY = ""
    monkeypatch.delenv("CEASEFIRE_TODAY", raising=False)
    now = AS_OF + timedelta(milliseconds=500)
    monkeypatch.setattr(periods, "now", lambda: now)
    put_weeks(basrah, [2] * 10)

    def come(moment, count):
        put(basrah, WEEK, count, reported_at=moment, submitted_at=moment, accepted_at=moment)

    def tell(done, _total):
        if done == 1:  # the counts are made, data health is not
            come(now + timedelta(seconds=1), 3)

    come(now - timedelta(milliseconds=1), 1)
    report = compiled(basrah, as_of=None, tell=tell)

    assert (total_of(report)["incidents"], report.body["data_health"]["received"]) == (3, 3)
    before = canonical(report.body)
    report.refresh_from_db()
    cut = report.data_as_of
    report.delete()
    assert canonical(compiled(basrah, as_of=cut).body) == before


def test_an_old_incident_that_came_after_the_cut_makes_no_longer_history(basrah, put):
    """Where no coverage is kept, the records say since when there are any."""
    put(basrah, WEEK, 2)
    before = canonical(compiled(basrah).body)
    late = AS_OF + timedelta(hours=1)
    put(
        basrah, WEEK - timedelta(weeks=20), reported_at=late, submitted_at=late, accepted_at=late
    )  # fmt: skip

    assert canonical(compiled(basrah).body) == before


# --- what is counted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "incidents", "unverified"),
    [
        ({"workflow_state": "submitted"}, 1, 0),
        ({"workflow_state": "in_review"}, 1, 0),
        ({"workflow_state": "accepted"}, 1, 0),
        ({"workflow_state": "archived", "accepted_at": AS_OF}, 1, 0),
        ({"workflow_state": "draft"}, 0, 0),  # nobody has sent it
        ({"workflow_state": "returned"}, 0, 0),  # a question is open
        ({"workflow_state": "withdrawn"}, 0, 0),
        ({"verification": "corroborated"}, 1, 0),
        ({"verification": "confirmed"}, 1, 0),
        ({"verification": "unverified"}, 0, 1),  # hatched, beside the count
        ({"verification": "refuted"}, 0, 0),
        ({"time_precision": 2}, 1, 0),  # within a week
        ({"time_precision": 3}, 0, 0),  # within a month says nothing about a week
        ({"time_precision": 4}, 0, 0),
    ],
)
def test_only_what_counts_is_counted(basrah, put, put_weeks, facts, incidents, unverified):
    put_weeks(basrah, [0] * 10)
    put(basrah, WEEK, **facts)
    report = compiled(basrah)
    page = ReportPage(full(report))

    assert total_of(report)["incidents"] == incidents
    assert page.districts[0].total.unverified == unverified
    imprecise = report.body["data_health"]["imprecise_dates"]
    assert imprecise == (1 if facts.get("time_precision", 1) > 2 else 0)


def test_a_duplicate_is_left_out_and_named_in_data_health(basrah, put, put_weeks):
    put_weeks(basrah, [0] * 10)
    [original] = put(basrah, WEEK)
    put(basrah, WEEK, workflow_state="duplicate", duplicate_of=original)
    report = compiled(basrah)

    assert total_of(report)["incidents"] == 1
    assert report.body["data_health"]["duplicates"] == 1


def test_killed_is_summed_and_unknown_is_no_zero(basrah, put, put_weeks):
    put_weeks(basrah, [0] * 10)
    put(basrah, WEEK, killed_best=3, injured_best=2)
    put(basrah, WEEK, killed_best=None, killed_unknown=True, abducted=1, type="KID")
    report = compiled(basrah)
    total = total_of(report)

    assert (total["killed"], total["injured"], total["abducted"]) == (3, 2, 1)
    assert ReportPage(full(report)).districts[0].total.killed_unknown == 1
    assert "nobody knows how many were killed" in ReportPage(full(report)).lead


def test_an_incident_without_a_district_is_told_and_in_a_row_of_its_own(make_site, put, put_weeks):
    site = make_site("WIDE", place="IQG02")
    put_weeks(site, [0] * 10)
    put(site, WEEK, place="IQG02", district=None, geo_precision=5)
    report = compiled(site)

    counted = {row["place"]: row["incidents"] for row in report.body["counts"] if row["incidents"]}
    assert counted == {"": 1}
    assert report.body["data_health"]["without_place"] == 1
    assert ReportPage(full(report)).lead.startswith("1 incident verified")


def test_what_is_known_only_to_the_governorate_is_said_beside_its_row(basrah, put):
    put(basrah, WEEK, 1)
    put(basrah, WEEK, 2, place="IQG02", geo_precision=5)
    report = services.compile_week(site=basrah, week_start=WEEK)

    lead = ReportPage(full(report)).lead

    assert "2 of them are known only to the governorate and stand in a row" in lead
    assert sum(row["incidents"] for row in report.body["counts"] if row["type"] == "ALL") == 3
    # A report from before has no such row.
    report.body["version"] = 1
    report.body["counts"] = [row for row in report.body["counts"] if row["place"]]
    report.basis["rows"] = report.basis["rows"][: len(report.body["counts"])]
    assert "stand in no table below" in ReportPage(full(report)).lead


@pytest.mark.parametrize(
    ("week_start", "first", "inside", "outside"),
    [
        (6, date(2026, 11, 8), date(2026, 11, 14), date(2026, 11, 15)),  # Sunday to Saturday
        (0, date(2026, 11, 9), date(2026, 11, 15), date(2026, 11, 16)),  # Monday to Sunday
        (5, date(2026, 11, 7), date(2026, 11, 13), date(2026, 11, 14)),  # Saturday to Friday
    ],
)
def test_a_week_begins_on_the_sites_own_weekday(
    make_site, put, put_weeks, week_start, first, inside, outside
):
    site = make_site("OWN", week_start=week_start)
    put_weeks(site, [0] * 10, last=first)
    put(site, inside, delay=0)
    put(site, outside, delay=0)

    assert total_of(compiled(site, first))["incidents"] == 1


def test_an_hour_before_midnight_in_baghdad_is_still_that_day(basrah, put_weeks):
    put_weeks(basrah, [0] * 10)
    at = datetime(2026, 11, 14, 23, 30, tzinfo=BAGHDAD)
    row = incident(basrah, date(2026, 11, 14), occurred_from=at)
    Incident.objects.bulk_create([row])

    assert total_of(compiled(basrah))["incidents"] == 1


def test_a_year_of_53_weeks_and_the_turn_of_the_year_lose_no_week(basrah, put_weeks, settings):
    settings.CEASEFIRE_TODAY = "2021-02-01"
    put_weeks(basrah, range(1, 13), last=date(2021, 1, 17))
    found = [
        total_of(compiled(basrah, date(2020, 12, 13) + timedelta(weeks=n), as_of=None))["incidents"]
        for n in range(6)
    ]

    assert found == [7, 8, 9, 10, 11, 12]


def test_a_day_in_the_middle_of_a_week_and_a_week_that_runs_are_refused(basrah, put_weeks):
    put_weeks(basrah, [1] * 10)
    with pytest.raises(WrongWeekStart):
        compiled(basrah, WEEK + timedelta(days=1))
    with pytest.raises(WeekNotOver):
        compiled(basrah, WEEK + timedelta(weeks=1))


def test_a_week_outside_coverage_is_missing_never_zero(basrah, put):
    CoveragePeriod.objects.create(site=basrah, start=date(2026, 6, 7), end=date(2026, 8, 2))
    CoveragePeriod.objects.create(site=basrah, start=date(2026, 8, 16))
    with pytest.raises(NotCovered):
        compiled(basrah, date(2026, 8, 2))

    series = compiled(basrah).basis["series"]["IQG02Q02"]["solid"]
    weeks = compiled(basrah).basis["weeks"]
    missing = [week for week, count in zip(weeks, series, strict=True) if count is None]
    assert missing == ["2026-08-02", "2026-08-09"]


# --- states and sentences -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "state", "words"),
    [
        # fewer than 8 weeks: counts only
        ([2] * 0, 9, "too_few", "Not enough history: 0 weeks. No comparison is made."),
        ([2] * 7, 9, "too_few", "Not enough history: 7 weeks. No comparison is made."),
        # 8 to 25: the range seen so far
        ([2, 4] * 4, 9, "too_few", "9 incidents; in the last 8 weeks between 2 and 4."),
        ([2] * 25, 2, "too_few", "2 incidents; in the last 25 weeks between 2 and 2."),
        # 26 to 155: early watch for totals, never an alert
        ([1] * 26, 9, "too_few", "9 incidents, more than in any of the last 26 weeks (at most 1)."),
        ([3] * 155, 4, "too_few", "4 incidents; in the last 52 weeks between 3 and 3."),
        # tested, from about 160 weeks on
        ([3, 2, 4] * 60, 3, "usual", "3 incidents; in a usual week between 0 and"),
        ([3, 2, 4] * 60, 25, "unusual", "25 incidents; in a usual week between 0 and"),
        ([3, 2, 4] * 100, 25, "unusual", "25 incidents; in a usual week between 0 and"),
        # any length, fewer than 5 in 4 weeks
        ([0] * 300, 4, "too_few", "Too few incidents to say: 4 in the last 4 weeks."),
    ],
)
def test_the_history_decides_what_may_be_said(basrah, put_weeks, before, now, state, words):
    put_weeks(basrah, [*before, now])
    report = compiled(basrah)
    total = total_of(report)

    assert total["state"] == state
    assert total["sentence"].startswith(words)
    assert "%" not in total["sentence"]
    assert bool(report.body["alerts"]) == (state == "unusual")
    assert (total["upper"] is not None) == (state != "too_few")


def test_a_gap_of_three_weeks_begins_the_history_anew(basrah, put_weeks):
    put_weeks(basrah, [3] * 300)
    basrah.coverage.all().delete()
    first = WEEK - timedelta(weeks=299)
    gap = WEEK - timedelta(weeks=10)
    CoveragePeriod.objects.create(site=basrah, start=first, end=gap)
    CoveragePeriod.objects.create(site=basrah, start=gap + timedelta(weeks=3))

    assert total_of(compiled(basrah))["sentence"].startswith("Not enough history: 7 weeks.")


def test_an_alert_says_what_was_seen_what_is_usual_and_how_rare(basrah, put_weeks):
    put_weeks(basrah, [3, 2, 4] * 60 + [25])
    body = compiled(basrah).body
    alert = body["alerts"][0]

    assert set(alert) == {"place", "type", "observed", "expected", "upper", "p", "q", "sentence"}
    assert (alert["place"], alert["observed"]) == ("IQG02Q02", 25)
    assert alert["observed"] > alert["upper"]
    assert alert["q"] <= 0.10
    assert "by chance" in alert["sentence"]
    assert body["tests_made"] == 2  # the total and the one type
    assert body["false_alerts_expected"] > 0


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (1 / 10, "about once in 10 weeks"),
        (1 / 52, "about once in 12 months"),
        (1 / 156, "about once in 3 years"),
        (1e-9, "less than once in 100 years"),
        (0.0, "less than once in 100 years"),
    ],
)
def test_how_rare_a_week_is_is_said_in_words(p, words):
    assert how_often(p, str) == words


def test_a_sentence_follows_the_readers_digits():
    words = sentence("too_few", {"recent": 3}, "arabic")

    assert "٣" in words
    assert "3" not in words


def test_an_unmade_sentence_is_a_mistake_not_an_empty_text():
    with pytest.raises(KeyError):
        sentence("no such key", {})


def test_a_week_is_named_without_saying_month_and_year_twice():
    with translation.override("en"):
        assert week_words(date(2026, 11, 8)) == "8 to 14 November 2026"
        assert week_words(date(2026, 11, 29)) == "29 November to 5 December 2026"
        assert week_words(date(2025, 12, 28)) == "28 December 2025 to 3 January 2026"


def test_a_three_week_old_site_gets_no_alert_and_no_percentage(basrah, put_weeks):
    put_weeks(basrah, [0, 1, 9])
    report = compiled(basrah)

    assert (report.body["alerts"], report.body["watch"], report.body["tests_made"]) == ([], [], 0)
    assert "%" not in json.dumps(report.body)
    assert "nothing was tested" in ReportPage(full(report)).verdict


# --- the real series ------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["2014-01-06", "2015-03-02", "2016-06-27", "2017-10-16",
                                   "2018-12-17"])  # fmt: skip
def test_the_real_basrah_raises_no_alert(history, first):
    body = compiled(history, date.fromisoformat(first), as_of=None).body

    assert (body["alerts"], body["watch"]) == ([], [])
    assert {row["state"] for row in body["counts"]} <= {"usual", "too_few"}


def test_the_real_basrah_raises_no_alert_in_any_week_of_2014_to_2018(history):
    from ceasefire.periods import Week
    from ceasefire.reports.panel import build_panel, judge
    from ceasefire.reports.recording import districts
    from incidents import measures

    counts = measures.weekly_counts(history.pk, date(2003, 1, 6), date(2018, 12, 24))
    weeks = list(Week.starts_between(date(2014, 1, 6), date(2018, 12, 24), 0))
    assert len(weeks) >= 258
    for week in weeks:
        panel = build_panel(
            [count for count in counts if count.week_start <= week.start],
            week=week,
            first=max(date(2003, 1, 6), week.plus(-329).start),
            periods=[(date(2003, 1, 6), date(2018, 12, 24))],
            districts=districts(history),
        )
        assert judge(panel).alerts == [], week


def test_an_outbreak_put_into_the_real_basrah_is_found(history, put):
    for weeks_ago, count in ((3, 2), (2, 3), (1, 5), (0, 9)):
        put(history, date(2017, 10, 16) - timedelta(weeks=weeks_ago), count, type="CLS")
    body = compiled(history, date(2017, 10, 16), as_of=None).body

    assert ("IQG02Q02", ALL) in {(row["place"], row["type"]) for row in body["alerts"]}


def test_unverified_incidents_stand_hatched_upon_the_bar_and_count_in_no_test(
    basrah, put, put_weeks
):
    put_weeks(basrah, [3, 2, 4] * 60 + [3])
    put(basrah, WEEK, 30, verification="unverified")
    page = ReportPage(full(compiled(basrah)))
    bar = page.week_bars("IQG02Q02")[-1]

    assert (bar.value, bar.unverified, bar.state) == (3, 30, "usual")
    assert "30 not verified" in page.main_chart.svg
    assert page.main_chart.head[2] == "Not verified"
    assert page.lead.startswith("3 incidents verified: 3 killed")
    assert "30 more are not verified" in page.lead


def test_a_site_of_which_nobody_knows_since_when_it_records_has_counts_alone(basrah, put):
    """One imported event of 2005 made twenty years of weeks in which nothing happened."""
    put(basrah, date(2005, 3, 6))
    for at in range(300):
        put(basrah, WEEK - timedelta(weeks=at), 1 + at % 3)
    put(basrah, WEEK, 30)
    assert not basrah.coverage.exists()
    report = compiled(basrah)
    total = total_of(report)
    assert (total["incidents"], total["state"], report.body["tests_made"]) == (31, "too_few", 0)
    assert total["sentence"] == (
        "It is not known since when the site records: counts alone, no comparison is made."
    )
    assert (report.body["alerts"], report.body["watch"], report.body["trend"]) == ([], [], {})
    basrah.reporting_since = WEEK - timedelta(weeks=299)
    basrah.save()
    report.delete()
    known = compiled(basrah)
    assert known.body["tests_made"] > 0
    assert known.body["trend"]


def test_its_weeks_without_a_record_are_missing_and_not_zero(basrah, put):
    put(basrah, WEEK, 2)
    put(basrah, WEEK - timedelta(weeks=3), 1)
    report = compiled(basrah)
    assert report.basis["weeks"][-1] == WEEK.isoformat()
    assert report.basis["series"]["IQG02Q02"]["solid"][-4:] == [1, None, None, 2]
    with pytest.raises(NotCovered):
        compiled(basrah, WEEK - timedelta(weeks=1))


def test_it_is_made_again_the_same_after_edits_merges_and_withdrawals(
    basrah, put, put_weeks, manager
):
    """Whatever becomes of the records after the cut, a frozen report can be made again."""
    put_weeks(basrah, [2] * 170)
    near = {"place": "IQG02Q02N02", "geo_precision": 1, "lat": 30.51, "lon": 47.81}
    for at in range(120):
        put(basrah, WEEK - timedelta(days=at), **near | {"lat": 30.5 + at % 7 / 1000})
    ours = put(basrah, WEEK, 6)
    report = compiled(basrah, by=manager)
    services.freeze_report(report, by=manager)
    report = WeeklyReport.objects.select_related("site").get(pk=report.pk)

    rows = Incident.objects.filter(pk__in=[one.pk for one in ours])
    first, second, third, fourth, fifth, sixth = ours
    rows.filter(pk=first.pk).update(verification="refuted", verification_computed="refuted")
    rows.filter(pk=second.pk).update(workflow_state="withdrawn", accepted_at=None)
    rows.filter(pk=third.pk).update(
        workflow_state="duplicate", accepted_at=None, duplicate_of=fourth.pk
    )
    rows.filter(pk=fourth.pk).update(type="KID", killed_best=9)
    rows.filter(pk=fifth.pk).update(occurred_on=WEEK - timedelta(weeks=9))
    rows.filter(pk=sixth.pk).update(is_sensitive=True)
    Incident.objects.filter(geo_precision=1).update(lat=30.9)

    plain = services._content(basrah, Week(WEEK), AS_OF)
    assert canonical(plain.full.body) != canonical(report.body | {"status": "draft"})
    with CaptureQueriesContext(connection) as questions:
        again = services.made_again(report, by=manager)
    assert again is not None
    # Whatever a report comes to be made of is kept as well: no record is read.
    assert not [one["sql"] for one in questions if "incidents_" in one["sql"]]
    for made, body, basis in (
        (again.full, report.body, report.basis),
        (again.open, report.body_open, report.basis_open),
    ):
        assert canonical(made.body) == canonical(body | {"status": "draft"})
        kept = {name: value for name, value in basis.items() if name != "readings"}
        assert canonical(made.basis) == canonical(kept)
    assert AuditEvent.objects.filter(verb="vault.read", fields=["readings"]).exists()


def test_what_was_kept_is_bound_to_its_report(basrah, put_weeks, manager):
    put_weeks(basrah, [2] * 10)
    report = compiled(basrah, by=manager)
    assert services.made_again(report, by=manager) is not None
    vault.seal(report, services.READINGS, "{}", by=manager)
    assert services.made_again(report, by=manager) is None
    vault.forget(report, services.READINGS)
    assert services.made_again(report, by=manager) is None
