"""What the report says beyond counts: planted patterns are found, too little is said to be so."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import translation

from ceasefire.places.models import Place
from ceasefire.reports import services
from ceasefire.reports.documents import canonical
from ceasefire.reports.further_page import Section, sections
from ceasefire.reports.presentation import ReportPage
from ceasefire.reports.sentences import sentence, taken_out
from incidents import measures, patterns
from incidents.models import Incident
from tests.reports.conftest import AS_OF, WEEK, full, incident

pytestmark = pytest.mark.django_db


def compiled(site: Any) -> Any:
    return services.compile_week(site=site, week_start=WEEK, as_of=AS_OF)


def told(report: Any, language: str = "en") -> dict[str, Section]:
    with translation.override(language):
        found = sections(
            report.body,
            digits="western",
            number=lambda value, places=None: str(round(value, places or 0) if places else value),
            day=str,
            place=lambda pcode: report.basis["places"][pcode]["name_en"],
        )
    return {one.slug: one for one in found}


def test_too_little_is_said_to_be_too_little(basrah, put_weeks):
    put_weeks(basrah, [1] * 30)
    report = compiled(basrah)
    parts = told(report)
    assert list(parts) == ["still-coming", "trend", "near-repeats", "clusters"]
    for part in parts.values():
        assert len(part.lines) == 1
        assert not part.rows
    assert "fewer than 200" in parts["still-coming"].lines[0]
    assert "needs 104 weeks" in parts["trend"].lines[0]
    assert report.body["trend"] == {}


def planted(site: Any, rng: np.random.Generator) -> list[Incident]:
    """Exact points of two years: noise, and pairs 100 m and a day apart; a burst at the end."""
    places = list(Place.objects.filter(level="neighbourhood", district__pcode="IQG02Q02")[:6])
    rows = []

    def add(day: int, north: float, east: float, place: Any) -> None:
        row = incident(site, WEEK - timedelta(days=day))
        row.place, row.geo_precision = place, 1
        row.lat, row.lon = 30.5 + north / 111_195, 47.8 + east / 95_800
        rows.append(row)

    for at in range(150):
        day, place = int(rng.integers(8, 720)), places[at % 6]
        # Places two kilometres apart.
        middle = (places.index(place) * 4_000, 0)
        north, east = rng.normal(0, 300, 2) + middle
        add(day, north, east, place)
        if at < 60:
            add(day - 1, north + 100, east, place)
    for at in range(9):
        add(at % 6, *rng.normal(0, 150, 2), places[0])
    return rows


@pytest.fixture
def world(basrah, put_weeks):
    put_weeks(basrah, [0] * 110)
    rng = np.random.default_rng(7)
    Incident.objects.bulk_create(planted(basrah, rng))
    return basrah


def test_of_very_many_points_the_newest_are_taken(world, monkeypatch):
    monkeypatch.setattr(patterns, "MOST_NEAR", 120)
    found = measures.near_repeats(world.pk, WEEK + timedelta(days=7))
    newest = measures.near_repeats(world.pk, WEEK - timedelta(days=200))

    assert found.whole.events == 120
    assert newest.whole.events == 120
    assert not (found.whole.observed == newest.whole.observed).all()


def test_a_planted_near_repeat_and_a_planted_cluster_are_found(world):
    report = compiled(world)
    near = report.body["near_repeat"]
    assert near["p_overall"] <= 0.01
    assert near["ratio"][1][0] > 2
    parts = told(report)
    assert "times as frequent as by chance" in parts["near-repeats"].lines[0]
    assert [row[0] for row in parts["near-repeats"].rows] == [
        "Same spot", "To 200 m", "To 400 m", "To 800 m",
    ]  # fmt: skip
    (cluster,) = report.body["clusters"]
    assert cluster["observed"] >= 9
    assert "Around" in parts["clusters"].lines[0]
    # Nowhere a point: ratios, counts and places.
    assert b"47.8" not in canonical(
        {name: report.body[name] for name in ("near_repeat", "clusters")}
    )


def test_made_again_it_is_the_same_and_another_week_has_a_seed_of_its_own(world):
    once, again = (measures.near_repeats(world.pk, WEEK + timedelta(days=7)) for _turn in range(2))
    assert np.array_equal(once.whole.expected, again.whole.expected)
    other = measures.near_repeats(world.pk, WEEK + timedelta(days=14))
    assert not np.array_equal(once.whole.expected, other.whole.expected)


def test_the_open_version_is_made_without_sensitive_incidents(world):
    Incident.objects.filter(site=world).update(is_sensitive=True)
    report = compiled(world)
    assert report.body["near_repeat"]
    assert report.body_open["near_repeat"] == {}
    assert report.body_open["clusters_tested"] is None


def test_what_still_comes_in_is_told_by_week(basrah, put_weeks):
    put_weeks(basrah, [10] * 30)
    # A third is told two weeks later; so of the last weeks a third is not there yet.
    rows = list(Incident.objects.filter(site=basrah).order_by("occurred_on", "code"))
    for row in rows[::3]:
        row.submitted_at += timedelta(weeks=2)
    Incident.objects.bulk_update(rows[::3], ["submitted_at"])
    weeks = compiled(basrah).body["nowcast"]["weeks"]
    assert [week["week_start"] for week in weeks][-1] == WEEK.isoformat()
    assert weeks[0]["known"] == 10
    assert weeks[-1]["known"] < 10
    assert weeks[-1]["low"] <= 10 <= weeks[-1]["high"]


def test_the_words_are_there_in_arabic(world):
    parts = told(compiled(world), "ar")
    for part in parts.values():
        for words in (part.title, *part.lines, part.caution):
            assert not words or any("\u0600" <= letter <= "\u06ff" for letter in words)


@pytest.mark.parametrize(
    ("trend", "said"),
    [
        ({"has_season": True, "calendar": {"ramadan": {}}}, "with the season and the religious"),
        ({"has_season": True, "calendar": {}}, "taken out but not the religious calendar"),
        ({"has_season": False, "calendar": {}}, "neither the season nor"),
        # From before it was said.
        ({"calendar": {"ramadan": {}}}, "with the season and the religious"),
        ({"calendar": {}}, "taken out but not the religious calendar"),
    ],
)
def test_a_trend_says_what_was_taken_out_of_it(trend, said):
    values = {"ratio": 0.9, "low": 0.8, "high": 1.1, "events": 90, "weeks": 150}
    values |= {"taken_out": taken_out(trend)}
    for key in ("yearly", "shared_yearly"):
        assert said in sentence(key, values)
        with translation.override("ar"):
            assert not re.search("[a-z]{4}", sentence(key, values))


def test_with_few_incidents_the_page_does_not_claim_the_calendar(basrah, put_weeks):
    """80 incidents in three years: a trend, and no period of the calendar in it."""
    put_weeks(basrah, [1, 0] * 80)
    report = services.compile_week(site=basrah, week_start=WEEK, as_of=AS_OF)
    assert report.body["trend"]["calendar"] == {}
    assert report.body["trend"]["has_season"] is True
    page = ReportPage(full(report))
    (section,) = [one for one in page.sections if one.slug == "trend"]
    assert "taken out but not the religious calendar" in section.parts[0].text
    assert "the season taken out, the calendar not" in page.figures["trend-line"].chart.subtitle


# --- what still comes in --------------------------------------------------------------------------


def coming(site: Any, as_of: datetime) -> Any:
    report = services.compile_week(site=site, week_start=WEEK, as_of=as_of)
    return report, {one["week_start"]: one for one in report.body["nowcast"]["weeks"]}


def test_what_still_comes_in_knows_what_the_counts_know(basrah, put, put_weeks):
    put_weeks(basrah, [9] * 40)
    # On the day after the week: later than its end, before the report.
    put(basrah, WEEK, 3, delay=7)
    put(basrah, WEEK, 2, verification="unverified")
    put(basrah, WEEK, 4, verification="refuted", verification_reason="nobody was there")
    report, weeks = coming(basrah, AS_OF)
    recorded = report.basis["recorded"]
    assert weeks[str(WEEK)]["known"] == recorded["incidents"] + recorded["unverified"] == 14
    assert len(weeks) == 6
    part = told(report)["still-coming"]
    assert "so many incidents, verified or not, will be known" in part.lines[0]
    assert len(part.rows) == 6


@pytest.mark.parametrize(("later", "left"), [(0, 6), (3, 3), (6, 0), (20, 0)])
def test_a_report_made_later_says_nothing_of_finished_weeks(basrah, put_weeks, later, left):
    put_weeks(basrah, [9] * 60, last=WEEK + timedelta(weeks=20))
    report, weeks = coming(basrah, AS_OF + timedelta(weeks=later))
    assert list(weeks) == [str(WEEK - timedelta(weeks=back)) for back in range(left - 1, -1, -1)]
    part = told(report)["still-coming"]
    assert len(part.rows) == left
    if not left:
        assert part.lines == [
            "This week ended 6 weeks or more before the report was made: hardly any report of it is"
            " still to come."
        ]
        assert "6" in told(report, "ar")["still-coming"].lines[0]
        # Whoever reads the page is told the same.
        sections_of = ReportPage(full(report)).sections
        first = next(section for section in sections_of if section.number == "1")
        assert part.lines[0] in [one.text for one in first.parts]


def test_lateness_is_of_what_was_entered_in_the_week(basrah, put, put_weeks):
    put_weeks(basrah, [2] * 12)
    put(basrah, WEEK - timedelta(weeks=3), 3, delay=23)
    health = compiled(basrah).body["data_health"]
    assert (health["received"], health["late"], health["median_delay_days"]) == (2, 3, 23.0)
    label, value = ReportPage(full(compiled(basrah))).health[1]
    assert (label, value) == ("Reported late, of those entered in the week", "3")


def test_a_table_of_old_rows_makes_no_delay(basrah, put, put_weeks):
    put_weeks(basrah, [9] * 40)
    before = compiled(basrah).body
    rows = put(basrah, WEEK - timedelta(weeks=20), 300)
    for at, row in enumerate(rows):
        row.origin, row.origin_id = f"table/{basrah.pk}", str(at)
        row.submitted_at = row.reported_at = AS_OF - timedelta(days=2)
    Incident.objects.bulk_update(rows, ["origin", "origin_id", "submitted_at", "reported_at"])
    after = compiled(basrah).body
    for part in ("delays", "nowcast"):
        assert after[part] == before[part] != {}
    assert after["data_health"]["complete_to"] == before["data_health"]["complete_to"]
    assert after["data_health"]["late"] == before["data_health"]["late"] == 0
