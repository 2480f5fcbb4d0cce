"""What a dashboard weighs on the wire, over the country and over a full table of rollups."""

from datetime import timedelta

import pytest
from django.db import connection

from ceasefire.database.roles import as_owner
from ceasefire.people.roles import Role
from ceasefire.places.models import CoveragePeriod, Place
from tests.reports.conftest import WEEK

pytestmark = pytest.mark.django_db
#: A later page, compressed (design/performance.md); a first load has its styles and scripts beside.
MOST = 30 * 1024
WEEKS = 106
TWO_YEARS = f"?period=days&since={WEEK - timedelta(weeks=WEEKS - 1)}&until={WEEK + timedelta(6)}"


def fill(site):
    """Every district, ten types and every week of two years: more than 100,000 cells."""
    columns = (
        "site_id, week_start, area_id, has_district, type, is_sensitive, incidents, unverified,"
        " killed, killed_unknown, injured, abducted, received, undated, unverified_undated, late,"
        " without_place, duplicates, due, within_72h"
    )
    types = ["MUR", "ATT", "KID", "CLS", "TRB", "ROB", "ARS", "THR", "ASL", "OTH"]
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO incidents_weeklycount ({columns})"
            " SELECT %s, %s::date + 7 * week, area.id, true, kind, false, 1 + week %% 9, 2, 1, 1,"
            " 3, 1, 12, 0, 0, 2, 0, 1, 3, 2"
            " FROM places_place area, unnest(%s) kind, generate_series(0, %s) week"
            " WHERE area.level = 'district' AND area.valid_to IS NULL",
            [site.pk, WEEK - timedelta(weeks=WEEKS - 1), types, WEEKS - 1],
        )
        return cursor.rowcount


def weight(client, path):
    answer = client.get(path, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200, path
    assert answer["Content-Encoding"] == "gzip"
    return len(answer.content)


@pytest.mark.parametrize("asked", ["", TWO_YEARS, f"{TWO_YEARS}&beside=year"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_dashboard_of_the_whole_country_is_light(
    asked, language, make_site, make_user, signed_in
):
    site = make_site("ALL-IRAQ", place="IQG01")
    site.places.set(Place.objects.filter(level=Place.Level.GOVERNORATE, valid_to=None))
    CoveragePeriod.objects.create(site=site, start=WEEK - timedelta(weeks=WEEKS))
    assert fill(site) > 100_000
    client = signed_in(make_user(Role.MANAGER, site, language=language))

    for path in ("/dashboard/", "/dashboard/quality/", "/dashboard/team/"):
        size = weight(client, path + asked)
        assert size <= MOST, (path, size)
