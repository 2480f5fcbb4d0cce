"""A closed grant is opened again for a finding that is named, and shown wherever the grant is."""

import io
import zipfile
from typing import Any

import pytest
from django.db import Error, connection
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import NoSuchFinding
from grants.models import Grant, Officer
from grants.services import handover, machine
from tests.grants import office as world
from tests.grants.test_duties import role_of
from tests.grants.test_packs import bytes_of, made, rows

pytestmark = pytest.mark.django_db
ROLES = pytest.mark.parametrize("role", ["reo", "app"])


def ask(office: Any, grant: Grant, finding: Any) -> Any:
    with acting(office.auditor):
        return machine.ask_reopening(grant, finding=finding, reason="false", by=office.auditor)


def decide_raw(grant: Grant, who: Any, part: str, finding: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_decision
              (grant_id, round, step, role, actor_id, verdict, amount_usd, authority, reason,
               conditions, subjects, at, requesters, reviewers, approvers, awarders, certifiers,
               payers, finding_id)
            VALUES (%s, 1, %s, %s, %s, 'YES', 0, '', 'why', '', '{}', clock_timestamp(), '{}',
                    '{}', '{}', '{}', '{}', '{}', %s)
            """,
            [grant.pk, "reopening", part, who.pk, finding.pk if finding else None],
        )


def test_it_is_of_the_grant_and_open(office, grant_in):
    grant, other = grant_in("CLOSED"), grant_in("CLOSED")
    foreign, closed = world.found(office, other), world.found(office, grant)
    world.mended(office, grant)
    for finding in (foreign, closed):
        with pytest.raises(NoSuchFinding):
            ask(office, grant, finding)
    open_one = world.found(office, grant)
    assert ask(office, grant, open_one).finding == open_one
    world.mended(office, grant)
    with acting(office.approver), pytest.raises(NoSuchFinding):
        machine.reopen(grant, reason="as asked", by=office.approver)


@ROLES
def test_no_row_opens_a_grant_without_a_finding_or_for_another(office, grant_in, role):
    grant, other = grant_in("CLOSED"), grant_in("CLOSED")
    one, foreign = world.found(office, grant), world.found(office, other)
    for finding in (None, foreign):
        with pytest.raises(Error, match="open finding of its own"), role_of(office.auditor, role):
            decide_raw(grant, office.auditor, "auditor", finding)
    ask(office, grant, one)
    second = world.found(office, grant, "Another one")
    with pytest.raises(Error, match="what the auditor found"), role_of(office.approver, role):
        decide_raw(grant, office.approver, "approver", second)
    with role_of(office.approver, role):
        decide_raw(grant, office.approver, "approver", one)


def test_pages_pack_and_handover_say_for_which_finding(office, grant_in, client):
    grant = grant_in("CLOSED")
    finding = world.found(office, grant, "Two receipts carry one number")
    ask(office, grant, finding)
    with acting(office.approver):
        grant = machine.reopen(grant, reason="as asked", by=office.approver)

    client.force_login(office.viewer)
    for name in ("grant_detail", "grant_history"):
        page = client.get(reverse(f"grants:{name}", args=[grant.ref])).content.decode()
        assert "Two receipts carry one number" in page, name
    owner = Officer.objects.get(pk=grant.owner_id)
    [said] = handover.load_of(owner, on=periods.now().date()).reopenings
    assert said.finding == finding
    page = client.get(reverse("grants:handover_detail", args=[owner.pk])).content.decode()
    assert "Two receipts carry one number" in page
    archive = zipfile.ZipFile(io.BytesIO(bytes_of(made(grant, office.auditor), office.auditor)))
    said_of = [row["finding"] for row in rows(archive, "data/decisions.csv")]
    assert said_of.count("1") == 2
