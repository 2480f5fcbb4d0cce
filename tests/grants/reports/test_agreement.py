"""The reports agree with each other and with the rules of the verbs, where one could forget one."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from ceasefire import periods
from ceasefire.database.session import acting
from grants.demo.clock import Clock, told
from grants.models import Beneficiaries, Grant, Officer
from grants.reports import rows as statements
from grants.reports import sheet
from grants.reports.columns import REPORTS
from grants.services import machine, monitoring
from tests.grants import office as world

pytestmark = pytest.mark.django_db


def found(office: Any, slug: str, today: Any = None, **filters: Any) -> list[dict[str, Any]]:
    """The rows of a report as it stands."""
    with acting(office.viewer), statements.found(slug, filters, today or periods.today()) as told_:
        return [dict(zip(REPORTS[slug].keys, row, strict=True)) for row in told_.rows]


def gates(office: Any) -> list[dict[str, Any]]:
    """R10 with why each gate is shut, which stands in none of its files."""
    sql = statements.STATEMENTS["tranches"]({})
    with acting(office.viewer), connection.cursor() as cursor:
        cursor.execute(sql, statements.parameters({}, periods.today()))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_nobody_reached_is_a_count_on_the_sheet_as_in_the_districts(office, grant_in):
    """R13 and R4: a counted zero stays zero; only what nobody counted stands as expected."""
    grant = grant_in("ACTIVE")
    for sex, expected, actual in (("m", 30, 0), ("f", 20, None), ("u", 5, 7)):
        Beneficiaries.objects.create(
            grant=grant, sex=sex, age_band="18-24", expected=expected, actual=actual
        )
    assert sheet.content(grant)["beneficiaries"] == 27
    assert found(office, "districts")[0]["beneficiaries"] == 27


def test_the_days_of_the_sheet_are_those_of_baghdad(office, grant_in):
    """Half past one at night in Baghdad is the evening before in UTC."""
    grant = grant_in("ACTIVE")
    clock, day = Clock(), periods.today() - timedelta(days=1)
    with told(clock):
        clock.set(datetime.combine(day, time(1, 30), periods.BAGHDAD))
        with acting(office.monitor):
            world.paper(grant, "photo", office.monitor)
            finding = monitoring.raise_finding(
                grant,
                severity="low",
                text="A chair is broken",
                due_on=day,
                owner=Officer.objects.get(pk=office.officer.pk),
                by=office.monitor,
            )
            monitoring.close_finding(finding, remedy="mended", by=office.monitor)
    content = sheet.content(Grant.objects.get(pk=grant.pk))
    assert content["findings"][0][-1] == day
    assert [one["on"] for one in content["photos"]] == [day]


def test_people_are_of_awarded_grants_and_called_off_grants_have_no_approved_sum(office, grant_in):
    """R4 and R1: a draft reaches nobody, and what was called off is approved no more."""
    for state, people in (("DRAFT", 1000), ("APPROVED", 200), ("ACTIVE", 30)):
        grant = grant_in(state)
        Beneficiaries.objects.create(
            grant=grant, sex="f", age_band="18-24", expected=people, actual=None
        )
    called_off = grant_in("APPROVED")
    Beneficiaries.objects.create(grant=called_off, sex="f", age_band="18-24", expected=5)
    with acting(office.officer):
        machine.cancel(called_off, reason="the site is gone", by=office.officer)
    called_off.refresh_from_db()
    # It keeps what was decided; the reports count what stands.
    assert (called_off.state, called_off.approved_usd) == ("CANCELLED", 3000)

    (district,) = found(office, "districts")
    assert (district["grants"], district["beneficiaries"]) == (4, 30)
    assert (district["approved_usd"], district["usd_per_beneficiary"]) == (6000, 100)
    rows = {row["state"]: row["approved_usd"] for row in found(office, "portfolio")}
    assert rows == {"DRAFT": 0, "APPROVED": 3000, "ACTIVE": 3000, "CANCELLED": 0}
