"""What a report may not claim: a range that does not hold, no repeats where some were found, deaths
of incidents nobody verified."""

from __future__ import annotations

from copy import deepcopy

import pytest
from django.utils import translation

from ceasefire.reports import services
from ceasefire.reports.dashboards.parts import Known
from ceasefire.reports.figures import near_words
from ceasefire.reports.models import SharedWeeklyReport
from ceasefire.reports.presentation import ReportPage, SharedPage
from tests.reports.conftest import AS_OF, WEEK, full

pytestmark = pytest.mark.django_db


def compiled(site):
    return services.compile_week(site=site, week_start=WEEK, as_of=AS_OF)


# --- the usual range ------------------------------------------------------------------------------


def test_a_week_below_its_range_is_not_said_to_be_within(basrah, put_weeks):
    put_weeks(basrah, [10, 11, 9] * 100 + [0])
    report = compiled(basrah)
    page = ReportPage(full(report))
    assert [row["state"] for row in report.body["counts"]] == ["usual", "usual"]
    assert page.verdict == (
        "No alert: of the 2 counts that could be tested none is unusual after allowing for so many"
        " tests. 2 lie outside their usual range."
    )
    assert page.main_chart.title == "Al-Basrah: 0 incidents this week, below the usual range"
    with translation.override("ar"):
        page = ReportPage(full(report))
        assert "عددان خارج مداهما المعتاد" in page.verdict
        assert "دون المدى المعتاد" in page.main_chart.title
    legend = next(line for line in ReportPage(full(report)).how_to_read if line[:6] == "Usual:")
    assert "may still lie outside its range" in legend


@pytest.mark.parametrize(
    ("count", "where", "verdict"),
    [
        ("upper", "within the usual range", "counts that could be tested are within"),
        ("above", "above the usual range but no alert", "1 lies outside its usual range"),
        ("lower", "within the usual range", "counts that could be tested are within"),
        ("below", "below the usual range", "1 lies outside its usual range"),
    ],
)
def test_a_count_on_the_watch_list_is_said_to_lie_above(basrah, put_weeks, count, where, verdict):
    put_weeks(basrah, [10, 11, 9] * 100 + [10])
    edition = full(compiled(basrah))
    row, more = edition.body["counts"][0], edition.basis["rows"][0]
    row["incidents"] = {
        "upper": row["upper"], "above": row["upper"] + 1,
        "lower": more["lower"], "below": more["lower"] - 1,
    }[count]  # fmt: skip
    page = ReportPage(edition)
    assert page.main_chart.title.endswith(f"this week, {where}")
    assert verdict in page.verdict


# --- near repeats ---------------------------------------------------------------------------------

NAMES = ("observed", "expected", "ratio", "ratio_low", "ratio_high", "p")
CHANCE = (5, 5.0, 1.0, 0.6, 2.0, 0.5)
SURE = (12, 4.0, 3.0, 1.7, 6.0, 0.001)
OPEN = (12, 1.0, 12.0, 6.0, None, 0.001)
RARE = (3, 0.02, 150.0, None, None, 0.001)


def found(bands, *, p=0.01, q=0.02):
    """Bands of three distances by two spans of days; those not given are as by chance."""
    grid = [[bands.get((at, column), CHANCE) for column in range(2)] for at in range(3)]
    return {
        "events": 140, "p_overall": p, "q": q,
        "metres": [0, 0.1, 200, 400], "days": [0, 3, 8],
        **{
            name: [[cell[at] for cell in row] for row in grid] for at, name in enumerate(NAMES)
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("bands", "english", "arabic"),
    [
        ({(1, 0): SURE}, "Within 200 metres and 2 days of an incident, but not at the same spot, "
         "another is 3 times as frequent as by chance (1.7 to 6).", "200"),
        ({(1, 0): OPEN}, "another is at least 6 times as frequent as by chance.", "على الأقل"),
        ({(1, 0): RARE}, "another is far more frequent than by chance, which brings next to none"
         " (3 pairs).", "أزواج"),
        ({(1, 1): SURE}, "From 0 to 200 metres and 3 to 7 days of an incident", "7"),
        ({(2, 0): SURE, (0, 0): SURE}, "From 200 to 400 metres and 0 to 2 days", "400"),
        ({(0, 1): SURE}, "At the very spot of an incident, 3 to 7 days from it", "نفسه"),
        ({}, "more often than by chance (140 incidents with an exact point); no distance by itself",
         "140"),
    ],
)  # fmt: skip
def test_near_repeats_that_were_found_are_never_denied(bands, english, arabic):
    said = near_words(found(bands), "western")
    assert english in said
    assert "no sign" not in said
    with translation.override("ar"):
        assert arabic in near_words(found(bands), "western")


@pytest.mark.parametrize(("p", "q"), [(0.06, 0.02), (0.01, 0.2)])
def test_no_near_repeat_is_no_sign_of_one(p, q):
    said = near_words(found({(1, 0): SURE}, p=p, q=q), "western")
    assert said == (
        "There is no sign that incidents close in place come close in time more often than by"
        " chance (140 incidents with an exact point)."
    )


# --- verified and not -----------------------------------------------------------------------------


def test_killed_stand_beside_the_number_of_verified_incidents(basrah, put, put_weeks):
    put_weeks(basrah, [2] * 9)
    put(basrah, WEEK, 3, verification="unverified", killed_best=7)
    page = ReportPage(full(compiled(basrah)))
    assert page.lead == (
        "2 incidents verified: 2 killed, 0 injured. 3 more are not verified and stand apart."
    )


def test_where_all_are_unverified_it_is_not_said_that_nothing_happened(
    basrah, put, put_weeks, manager
):
    put_weeks(basrah, [0] * 9)
    put(basrah, WEEK, 1, verification="unverified", lat=30.5, lon=47.8)
    report = compiled(basrah)
    page = ReportPage(full(report))
    assert page.lead == (
        "No verified incident was recorded in this week. 1 more is not verified and stands apart."
    )
    services.freeze_report(report, by=manager)
    shared = SharedPage(SharedWeeklyReport.objects.get())
    assert shared.lead == "No verified incident was recorded in this week."
    seventh = next(section for section in page.sections if section.number == "7")
    assert seventh.parts[0].text == "No verified incident was recorded in the last 90 days."
    quiet = deepcopy(full(report))
    quiet.basis["recorded"]["unverified"] = 0
    assert ReportPage(quiet).lead == "No incident was recorded in this week."


# --- between words --------------------------------------------------------------------------------


def test_words_in_a_row_are_parted_as_the_language_parts_them(basrah, put_weeks):
    put_weeks(basrah, [10, 11, 9] * 100 + [0])
    report = compiled(basrah)
    assert any(
        line.startswith("2 counts were tested this week; about")
        for line in ReportPage(full(report)).how_to_read
    )
    with translation.override("ar"):
        page = ReportPage(full(report))
        lines = [*page.how_to_read, page.verdict, Known(1, 5, hidden=2, missing=3).gaps("western")]
        assert "؛" in lines[2]
        assert "،" in lines[-1]
        assert not [line for line in lines if ";" in line or ", " in line]
