"""The incidents around a grant: only what was published, hidden where it was hidden."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from ceasefire.database.session import acting
from ceasefire.people.roles import Role
from ceasefire.places.models import Place
from ceasefire.reports.models import SharedWeeklyReport
from grants.models import DistrictWeek, Grant
from grants.services import surroundings

START, END = date(2026, 5, 13), date(2026, 8, 5)  # both a Wednesday
SUNDAY = date(2026, 5, 10)
OWN, OTHER, THIRD = "IQG02Q02", "IQG02Q06", "IQG02Q01"


def share(week: date, counts: dict[str, int | None], *, site: str = "A", revision: int = 0) -> Any:
    """A shared report as the program publishes it; None is hidden."""
    return SharedWeeklyReport.objects.create(
        site_code=site,
        site_name_en=site,
        site_name_ar=site,
        week_start=week,
        revision=revision,
        body={"districts": [{"place": place, "incidents": n} for place, n in counts.items()]},
        checksum="0" * 64,
        frozen_at="2026-11-01T00:00Z",
    )


def a_grant(**facts: Any) -> Grant:
    facts = {"actual_start": START, "actual_end": END, **facts}
    return Grant(ref="QRF-2026-0001", district=Place.objects.get(pcode=OWN), **facts)


@pytest.mark.django_db
def test_twelve_whole_weeks_before_the_start_and_after_the_end():
    for number in range(-20, 40):
        share(SUNDAY + timedelta(weeks=number), {OWN: 3 + number % 2, OTHER: None})

    around = surroundings.around(a_grant())

    own = around.own
    assert [cell.start for cell in own.before.cells][-1] == date(2026, 5, 3)
    assert [cell.start for cell in own.after.cells][0] == date(2026, 8, 9)
    assert len(own.before.cells) == len(own.after.cells) == 12
    assert own.before.shown == 42
    assert own.before.is_whole
    (other,) = around.others
    assert (other.before.shown, other.before.hidden) == (None, 12)


@pytest.mark.django_db
def test_hidden_is_not_zero_and_a_week_without_a_report_is_not_quiet():
    share(date(2026, 5, 3), {OWN: None})
    share(date(2026, 4, 26), {OWN: 0})
    share(date(2026, 4, 19), {OWN: 5})

    before = surroundings.around(a_grant()).own.before

    assert (before.shown, before.hidden, before.missing) == (5, 1, 9)
    assert not before.is_whole


@pytest.mark.django_db
def test_two_sites_of_one_district_add_up_and_hide_each_other():
    share(date(2026, 5, 3), {OWN: 3}, site="A")
    share(date(2026, 5, 3), {OWN: 4}, site="B")
    share(date(2026, 4, 26), {OWN: 3}, site="A")
    share(date(2026, 4, 26), {OWN: None}, site="B")

    before = surroundings.around(a_grant()).own.before

    assert (before.shown, before.hidden) == (7, 1)


@pytest.mark.django_db
def test_a_day_that_is_not_known_yet_is_the_planned_one_or_none():
    share(date(2026, 5, 3), {OWN: 4})
    around = surroundings.around(a_grant(actual_start=None, actual_end=None, planned_start=START))
    assert (around.start, around.start_is_actual, around.end) == (START, False, None)
    assert around.own.after.cells == ()


@pytest.mark.django_db
def test_the_rows_follow_the_shared_reports_to_the_last_correction_and_never_hold_one_or_two():
    week = date(2026, 5, 3)
    share(week, {OWN: 5, OTHER: 3, "": 4})
    share(week, {OWN: 9, THIRD: 1}, revision=1)

    rows = DistrictWeek.objects.values_list("district", "incidents", "revision")
    assert sorted(rows) == [(THIRD, None, 1), (OWN, 9, 1)]
    for statement in (
        f"UPDATE grants_districtweek SET incidents = 7 WHERE district = '{OWN}'",
        "DELETE FROM grants_districtweek",
        "INSERT INTO grants_districtweek (site_code, week_start, district, revision, incidents)"
        " VALUES ('A', '2026-05-10', 'IQG02Q02', 0, 3)",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db
def test_reo_reaches_the_published_weeks_and_no_record_behind_them(make_user):
    share(date(2026, 5, 3), {OWN: 5})
    with acting(make_user(Role.REO_STAFF)):
        assert surroundings.around(a_grant()).own.before.shown == 5
        for table in ("incidents_incident", "reports_weeklyreport"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {table}")


@pytest.mark.django_db
def test_two_truths_with_the_same_publication_cannot_be_told_apart():
    """Whatever grants begin and end, the page is a function of what was published."""
    weeks = [SUNDAY - timedelta(weeks=number) for number in range(1, 20)]
    for week in weeks:
        share(week, {OWN: None, OTHER: 4})
    seen = []
    for shift in range(6):
        # Windows that overlap by all but one week: their difference shows nothing either.
        around = surroundings.around(a_grant(actual_start=START - timedelta(weeks=shift)))
        seen.append((around.own.before.shown, around.own.before.hidden))
    assert seen == [(None, 12)] * 6
    stored = json.dumps(list(DistrictWeek.objects.filter(district=OWN).values("incidents")))
    assert set(stored) <= set('[{"incidents": null}, ]')


@pytest.mark.django_db
def test_the_page_says_in_words_that_it_shows_no_cause(office, grant_in, client):
    grant = grant_in("AWARDED")
    Grant.objects.filter(pk=grant.pk).update(actual_start=START, actual_end=END)
    for number in range(-14, 30):
        share(SUNDAY + timedelta(weeks=number), {OWN: 4, OTHER: None})
    page = reverse("grants:grant_surroundings", args=[grant.ref])
    client.force_login(office.viewer)
    shown = client.get(page).content.decode()
    assert "This says nothing about cause" in shown
    assert "in the 12 weeks before the work began: 48" in shown
    assert ">*<" in shown
    client.cookies["django_language"] = "ar"
    office.viewer.language = "ar"
    office.viewer.save()
    client.force_login(office.viewer)
    assert "This says nothing about cause" not in client.get(page).content.decode()
