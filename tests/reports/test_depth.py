"""Near repeats by kind, back-filled batches, earlier alerts as told, the map of sub-districts."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.utils import translation
from django.utils.html import escape

from ceasefire.periods import BAGHDAD
from ceasefire.places.models import Place
from ceasefire.reports import calendars, services
from ceasefire.reports.figures import figure_csv
from ceasefire.reports.presentation import ReportPage
from ceasefire.reports.shared_map import district_map
from ceasefire.statistics.multiple_testing import benjamini_hochberg
from incidents import measures
from incidents.models import ImportBatch, Incident
from tests.reports.conftest import AS_OF, WEEK, full, incident

pytestmark = pytest.mark.django_db
#: Six years that are tested, three incidents a week or about.
USUAL = [3, 2, 4] * 66


def compiled(site: Any, week: date = WEEK, as_of: datetime = AS_OF) -> Any:
    return services.compile_week(site=site, week_start=week, as_of=as_of)


def said(report: Any, number: str, language: str = "en", audience: str = "full") -> str:
    """Everything that a section says."""
    with translation.override(language):
        page = ReportPage(full(report))
        section = next(one for one in page.sections if one.number == number)
        return " ".join(
            " ".join([part.title, part.text, *part.items, *(" ".join(row) for row in part.rows)])
            for part in section.parts
        )


# --- near repeats by kind -------------------------------------------------------------------------


def repeating(site: Any) -> list[Incident]:
    """Murders, many followed nearby the next day; threats that are not; a few robberies."""
    rng = np.random.default_rng(21)
    places = list(Place.objects.filter(level="neighbourhood", district__pcode="IQG02Q02")[:6])
    rows = []

    def add(day: int, north: float, place: Any, **facts: Any) -> None:
        row = incident(site, WEEK - timedelta(days=day), **facts)
        row.place, row.geo_precision = place, 1
        row.lat, row.lon = 30.5 + north / 111_195, 47.8
        rows.append(row)

    for at in range(120):
        place, day = places[at % 6], int(rng.integers(8, 720))
        north = float(rng.normal(0, 300)) + (at % 6) * 4_000
        add(day, north, place)
        if at < 50:
            add(day - 1, north + 100, place)
        add(int(rng.integers(1, 720)), north + 50, place, type="THR", killed_best=0)
    for at in range(20):
        add(at + 1, float(at), places[0], type="ROB", killed_best=None, killed_unknown=True)
        add(at + 1, float(at), places[0], type="SXV", is_sensitive=True, killed_best=0)
    return rows


@pytest.fixture
def repeats(basrah: Any, put_weeks: Any) -> Any:
    put_weeks(basrah, [0] * 110)
    Incident.objects.bulk_create(repeating(basrah))
    return basrah


def test_each_kind_with_enough_is_tested_by_itself_and_the_others_have_the_fixed_sentence(repeats):
    report = compiled(repeats)
    body = report.body
    kinds = {one["kind"]: one for one in body["near_repeat_kinds"]}
    assert {kind: one["events"] for kind, one in kinds.items()} == {
        "killing": 170, "coercion": 120, "property": 20, "sexual": 20, "deadly": 170,
        "not_deadly": 140,
    }  # fmt: skip
    tested = [kind for kind, one in kinds.items() if one["tested"]]
    assert tested == ["coercion", "killing", "deadly", "not_deadly"]
    # The truth that was planted: murders repeat, threats do not.
    assert kinds["killing"]["tested"]["p_overall"] <= 0.01
    assert kinds["killing"]["tested"]["ratio"][1][0] > 3
    assert kinds["coercion"]["tested"]["p_overall"] > 0.05
    p = [body["near_repeat"]["p_overall"]] + [kinds[kind]["tested"]["p_overall"] for kind in tested]
    q = [body["near_repeat"]["q"]] + [kinds[kind]["tested"]["q"] for kind in tested]
    assert body["near_repeat_tests"] == 5
    assert q == pytest.approx(benjamini_hochberg(p).tolist(), rel=0.01)
    told = said(report, "5")
    assert "Killing: Within 200 metres and 2 days of an incident" in told
    assert "Threat, extortion: There is no sign that incidents close in place" in told
    for kind in ("Robbery, arson", "Sexual violence"):
        assert f"{kind}: Too few to say: 100 incidents with an exact point" in told
    assert "5 tests of near repeats were made" in said(report, "9")
    arabic = said(report, "5", "ar")
    assert not re.search("[A-Za-z]{3,}", arabic), arabic
    figure = ReportPage(full(report)).figures["pairs-by-kind"]
    assert [row["note"] for row in figure.rows].count("too few to say") == 2
    assert len(figure.rows) == 4 * 3 + 2
    assert "Killing" in figure.chart.svg
    assert "Robbery" not in figure.chart.svg
    # Made without sensitive incidents, the open version knows of none.
    open_kinds = {one["kind"]: one["events"] for one in report.body_open["near_repeat_kinds"]}
    assert open_kinds["not_deadly"] == 120
    assert "sexual" not in json.dumps([report.body_open, report.basis_open])


def test_refuted_incidents_are_in_no_near_repeat_and_equal_ones_are_worked_out_once(repeats):
    end = WEEK + timedelta(days=7)
    open_ones = measures.near_repeats(repeats.pk, end, exclude_sensitive=True)
    every = measures.near_repeats(repeats.pk, end, known=open_ones)
    assert every is not open_ones
    hidden = Incident.objects.filter(site=repeats, type="SXV")
    hidden.update(verification="refuted", verification_reason="nobody was there")
    again = measures.near_repeats(repeats.pk, end, known=open_ones)
    assert again is open_ones
    assert again.whole.events == every.whole.events - 20


# --- back-filled batches --------------------------------------------------------------------------


def entered(
    site: Any, count: int, moment: datetime, *, minutes: float = 1, **facts: Any
) -> list[Incident]:
    """Incidents of five to seven weeks before `WEEK`, sent one after the other."""
    rows = []
    for at in range(count):
        row = incident(site, WEEK - timedelta(weeks=5 + at % 3), **facts)
        row.submitted_at = row.reported_at = moment + timedelta(minutes=at * minutes)
        rows.append(row)
    return Incident.objects.bulk_create(rows)


THEN = datetime.combine(WEEK + timedelta(days=3), time(10), BAGHDAD)


def test_a_batch_entered_by_hand_is_named_and_does_not_alarm_as_this_week(basrah, put_weeks, put):
    put_weeks(basrah, USUAL)
    before = compiled(basrah)
    entered(basrah, 42, THEN)
    report = compiled(basrah)
    (batch,) = report.body["back_filled"]
    assert (batch["kind"], batch["incidents"]) == ("entry", 42)
    assert batch["entered_from"].startswith("2026-11-11T10:00")
    assert batch["weeks"] == [
        {"week_start": str(WEEK - timedelta(weeks=back)), "incidents": 14} for back in (7, 6, 5)
    ]
    assert report.body["alerts"] == []
    counted = [
        next(row for row in one.body["counts"] if row["type"] == "ALL")["incidents"]
        for one in (before, report)
    ]
    assert counted == [4, 4]
    told = said(report, "0")
    assert "42 incidents of weeks ago were entered together" in told
    assert (
        "Entered by hand on 11 November 2026, 42 incidents: week of 20 September 2026 (14)" in told
    )
    arabic = said(report, "0", "ar")
    assert "42" in arabic
    assert not re.search("[A-Za-z]{3,}", arabic), arabic
    # As many of this very week do alarm.
    put(basrah, WEEK + timedelta(days=1), 42)
    assert compiled(basrah).body["alerts"]


def test_a_file_of_earlier_weeks_is_named_as_such_and_a_catch_up_says_so_beside_the_alert(
    basrah, put_weeks, make_user
):
    put_weeks(basrah, USUAL)
    batch = ImportBatch.objects.create(
        site=basrah, format="table", digest="0" * 64, state="imported"
    )
    # All at once, long after: this week is one of those weeks ago.
    late = THEN + timedelta(weeks=8)
    rows = [incident(basrah, WEEK + timedelta(days=1)) for _number in range(40)]
    for row in rows:
        row.submitted_at = row.reported_at = late
        row.batch = batch
    Incident.objects.bulk_create(rows)
    assert compiled(basrah).body["back_filled"] == []  # not there yet
    report = compiled(basrah, as_of=late + timedelta(days=1))
    (found,) = report.body["back_filled"]
    assert (found["kind"], found["incidents"]) == ("import", 40)
    assert "Read from a file on 6 January 2027, 40 incidents: week of 8 November" in said(
        report, "0"
    )
    assert "40 incidents of this week were entered together, weeks later." in said(report, "2")


@pytest.mark.parametrize(
    ("count", "minutes", "facts", "batches"),
    [
        (10, 6, {}, [10]),
        (9, 1, {}, []),
        (10, 7, {}, []),  # the tenth came after more than an hour
        (30, 6, {}, [30]),  # an afternoon of it is one batch
        (20, 1, {"time_precision": 3}, []),  # in no week
        (20, 1, {"workflow_state": "duplicate"}, []),
    ],
)
def test_ten_within_an_hour_are_a_batch(basrah, count, minutes, facts, batches):
    if facts.get("workflow_state") == "duplicate":
        (first,) = Incident.objects.bulk_create([incident(basrah, WEEK)])
        facts = {**facts, "duplicate_of": first}
    entered(basrah, count, THEN, minutes=minutes, **facts)
    found = measures.back_filled(basrah.pk, THEN - timedelta(days=1), as_of=AS_OF)
    assert [len(one.days) for one in found] == batches
    hidden = {"is_sensitive": True}
    Incident.objects.update(**hidden)
    assert not measures.back_filled(basrah.pk, THEN, as_of=AS_OF, exclude_sensitive=True)


def test_what_was_told_within_two_weeks_is_no_batch(basrah):
    rows = [incident(basrah, WEEK + timedelta(days=1)) for _number in range(30)]
    for row in rows:
        row.submitted_at = row.occurred_from + timedelta(days=14)
    Incident.objects.bulk_create(rows)
    since = THEN - timedelta(days=30)
    assert measures.back_filled(basrah.pk, since, as_of=AS_OF + timedelta(days=60)) == []


# --- earlier alerts, as they were told ------------------------------------------------------------


def test_earlier_alerts_stand_on_their_weeks_as_they_were_told(
    basrah, put_weeks, make_user, settings
):
    """From the stored reports: later records and later tests change no mark."""
    settings.CEASEFIRE_TODAY = "2026-11-30"
    put_weeks(basrah, [*USUAL, 30, 3, 3], last=WEEK + timedelta(weeks=1))
    manager = make_user("manager", basrah)
    alarmed = WEEK - timedelta(weeks=1)
    first = services.compile_week(site=basrah, week_start=alarmed)
    assert first.body["alerts"]
    week = WEEK + timedelta(weeks=1)
    # A draft was told to nobody.
    assert services.compile_week(site=basrah, week_start=week).basis["told"] == {}
    first = services.freeze_report(first, by=manager)
    Incident.objects.filter(site=basrah, occurred_on=alarmed + timedelta(days=2)).update(
        verification="refuted", verification_reason="made up"
    )
    report = services.compile_week(site=basrah, week_start=week)
    assert report.basis["told"] == {str(alarmed): {"IQG02Q02": [["ALL", 30], ["MUR", 30]]}}
    assert report.basis_open["told"] == report.basis["told"]
    page = ReportPage(full(report))
    figure = page.figures["weeks"]
    rows = {row["week_start"]: row for row in figure.rows}
    assert rows[alarmed]["told"] == "All types (30), Murder (30)"
    assert [start for start, row in rows.items() if row["told"]] == [alarmed]
    assert rows[alarmed]["incidents"] == 0
    assert "told as an alert: All types (30)" in figure.chart.svg
    assert "earlier weeks as their reports told it" in str(figure.chart.legend)
    assert b"All types (30), Murder (30)" in figure_csv(figure)
    # A cut from before it was approved knows nothing of it.
    before = services.compile_content(
        basrah, services.Week(week), as_of=first.frozen_at - timedelta(seconds=1),
        cut=first.frozen_at - timedelta(seconds=1),
    )  # fmt: skip
    assert before.full.basis["told"] == {}


# --- the map of sub-districts ---------------------------------------------------------------------


def test_the_map_tells_hidden_from_none_and_holds_what_its_table_holds(make_site, put):
    site = make_site("BASRAH-ALL", place="IQG02")
    places = {"IQG02Q01N01": 7, "IQG02Q01N02": 0, "IQG02Q02N01": 2, "IQG02Q02N02": 30}
    for pcode, count in places.items():
        put(site, WEEK, count, place=pcode)
    near = Place.objects.filter(level="neighbourhood", parent__pcode="IQG02Q02N02")[:2]
    for place, count in zip(near, (5, 4), strict=False):
        put(site, WEEK, count, place=place.pcode)
    put(site, WEEK, 3, place="IQG02Q04", geo_precision=4)
    put(site, WEEK - timedelta(days=90), 9, place="IQG02Q05N01")
    report = compiled(site)
    areas = {
        row["area"]: row["incidents"]
        for one in report.body["concentration"]["districts"]
        for row in one["areas"]
    }
    assert areas["IQG02Q01N01"] == 7
    assert areas["IQG02Q01N02"] == 0
    assert areas["IQG02Q02N01"] is None
    # The sum of the district would give the two away.
    totals = {
        one["district"]: one["incidents"] for one in report.body["concentration"]["districts"]
    }
    assert (areas["IQG02Q02N02"], totals["IQG02Q02"]) == (39, None)
    assert areas[""] == 3
    assert areas["IQG02Q05N01"] == 0  # more than 90 days ago
    figures = ReportPage(full(report)).figures
    figure = figures["areas"]
    svg = str(figure.chart.svg)
    hidden = [row["area"] for row in figure.rows if row["note"] == "hidden"]
    assert svg.count("url(#areas-hatch)") == len(hidden) >= 1
    for row in figure.rows:
        count = "hidden" if row["incidents"] is None else row["incidents"]
        words = escape(f"{row['area']}: {count}")
        assert (f"<title>{words}</title>" in svg) == (row["note"] != "not on the map")
    labels = [key.label for key in figure.chart.legend]
    assert labels[:2] == ["none", "hidden: one or two, or to protect such a count"]
    assert labels[2:] == ["3 to 5", "6 to 9", "10 to 14", "15 and more"]
    # Shade and pattern, so that grey keeps the classes apart.
    assert "url(#areas-class-2)" in svg
    assert 'fill-opacity="0.92"' in svg
    # The neighbourhoods stand beside it, as they were told.
    assert {"5", "4"} <= {str(row["incidents"]) for row in figures["places"].rows}
    with translation.override("ar"):
        svg = str(ReportPage(full(report)).figures["areas"].chart.svg)
        words = re.findall("<title[^>]*>([^<]*)<", svg)
    assert not any(re.search("[A-Za-z]{3,}", line) for line in words)


def test_reos_map_adds_up_what_was_shared_and_nothing_else():
    def held(back: int, **counts: int | None) -> Any:
        rows = [{"place": place, "incidents": count} for place, count in counts.items()]
        return SimpleNamespace(week_start=WEEK - timedelta(weeks=back), body={"districts": rows})

    page: Any = SimpleNamespace(
        report=held(0, IQG02Q01=4, IQG02Q02=None, IQG02Q03=0),
        before=[
            held(1, IQG02Q01=3, IQG02Q02=None, IQG02Q03=0),
            held(12, IQG02Q01=None, IQG02Q02=0, IQG02Q03=0),
            held(13, IQG02Q01=50, IQG02Q02=50, IQG02Q03=50),  # too long ago
        ],
        lines=[
            SimpleNamespace(pcode=f"IQG02Q0{number}", name=f"D{number}") for number in (2, 1, 3)
        ],
        number=str,
        hidden="hidden",
        digits="western",
    )
    (figure,) = district_map(page)
    assert [tuple(row.values()) for row in figure.rows] == [
        ("D1", 7, 3, 1), ("D2", None, 3, 2), ("D3", 0, 3, 0),
    ]  # fmt: skip
    svg = str(figure.chart.svg)
    assert ">7+</text>" in svg
    assert "D2: hidden; weeks hidden: 2" in svg
    assert svg.count("url(#district-map-hatch)") == 1
    assert ">0</text>" in svg


# --- the calendar ---------------------------------------------------------------------------------


def test_every_election_day_names_what_was_voted_on_and_its_source():
    assert [str(one.day) for one in calendars.VOTES] == [
        "2005-01-30", "2005-10-15", "2005-12-15", "2009-01-31", "2010-03-07", "2013-04-20",
        "2014-04-30", "2018-05-12", "2021-10-10", "2023-12-18", "2025-11-11",
    ]  # fmt: skip
    assert all(one.what and one.source for one in calendars.VOTES)
    marked = calendars.marks([date(2025, 11, 9), date(2025, 11, 16)])
    assert [calendars.ELECTION in names for names in marked] == [True, False]


# --- reports from before --------------------------------------------------------------------------


def test_a_report_of_version_4_is_told_as_it_was(basrah, put_weeks):
    put_weeks(basrah, USUAL)
    report = compiled(basrah)
    body, basis = report.body, report.basis
    body["version"] = 4
    for name in ("back_filled", "near_repeat_kinds", "near_repeat_tests"):
        del body[name]
    for one in body["concentration"]["districts"]:
        del one["areas"]
    for name in ("told", "families"):
        del basis[name]
    del basis["map"]["areas"]
    page = ReportPage(full(report))
    assert list(page.figures) == ["weeks", "states", "trend-line", "places"]
    assert [column.key for column in page.figures["weeks"].columns][-1] == "calendar"
    assert "Entered together" not in str(page.health)
    assert "by neighbourhood or sub-district, as they were told" in said(report, "7")
    assert "near repeats" not in said(report, "9").lower()
