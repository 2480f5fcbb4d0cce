"""What the question about twins costs among 20,000 incidents: a short reading of an index."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.duplicates import finding
from incidents.models import Incident
from tests.incidents.test_plans import crowd, nodes, plans_of, rows_read  # noqa: F401

#: Rows of two days in the largest site, and of the people harmed in them.
OF_A_QUESTION = 700


@pytest.mark.parametrize("level", ["neighbourhood", "subdistrict"])
def test_twins_are_looked_for_by_an_index_and_near_in_time_only(crowd, level):  # noqa: F811
    site = crowd.sites[0]
    user = crowd.workers[site.code][0]
    near = Incident.objects.filter(site=site, type="MUR").order_by("occurred_from")
    there = near.select_related("place__parent")[100]
    if level == "subdistrict" and there.place.level == "neighbourhood":
        there.place = there.place.parent
    report = Incident(
        site=site,
        type="MUR",
        place=there.place,
        occurred_from=there.occurred_from + timedelta(minutes=20),
    )
    with CaptureQueriesContext(connection) as asked:
        finding.likely_twins(report, by=user)
    statements = [one["sql"] for one in asked.captured_queries]
    # The keys alone, and the records where there are any.
    assert len(statements) <= 4, statements
    plans = plans_of(statements)
    assert len(plans) == 2
    for plan in plans:
        steps = list(nodes(plan))
        assert not [s for s in steps if s["Node Type"] == "Seq Scan" and rows_read(s)], plans
        assert sum(map(rows_read, steps)) <= OF_A_QUESTION, plans
