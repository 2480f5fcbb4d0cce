"""Awards that are near each other are decided at their sum: by the verb and by the rows."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, connection

from ceasefire import periods
from ceasefire.database.session import acting
from grants.models import Decision, Grant, Transition
from grants.services import machine, splits
from tests.grants import office as world
from tests.grants.test_duties import role_of

pytestmark = pytest.mark.django_db


def groups(*grants: Grant) -> set[Any]:
    keys = [one.pk for one in grants]
    return set(Grant.objects.filter(pk__in=keys).values_list("split_group", flat=True))


@pytest.mark.parametrize("state", ["AWARDED", "ACTIVE", "CLOSED"])
def test_a_first_half_that_is_awarded_counts_when_the_second_is_decided(office, grant_in, state):
    first = grant_in(state)
    second = grant_in("PENDING_APPROVAL", grantee=first.grantee)

    assert groups(first, second) == {second.split_group} != {None}
    second = world.move(office, second, "APPROVED")
    said = Decision.objects.get(grant=second, step="approval")
    assert (said.authority, said.routed_usd, said.amount_usd) == ("LEAD", 6000, 3000)


def test_an_amendment_of_the_first_half_is_decided_at_the_sum_of_both(office, grant_in):
    first = grant_in("AWARDED")
    grant_in("SUBMITTED", grantee=first.grantee)
    made = world.amended(office, Grant.objects.get(pk=first.pk), 3500)

    said = Decision.objects.get(amendment=made, step="approval")
    assert (said.authority, said.routed_usd) == ("LEAD", 6500)


def test_two_groups_that_meet_become_one(office, grant_in):
    one, other = grant_in("AWARDED"), grant_in("AWARDED", site_name="Palm school")
    two = grant_in("SUBMITTED", grantee=one.grantee)
    another = grant_in("SUBMITTED", grantee=other.grantee)
    assert len(groups(one, two)) == len(groups(other, another)) == 1
    assert groups(one, two) != groups(other, another)

    # Of the first group's grantee, at a site of the second's.
    between = grant_in("DRAFT", grantee=one.grantee, site_name="Palm school")
    # The fourth is near nobody but one of them, and counts all the same.
    assert splits.look(between).whole_usd == 15_000
    between = world.move(office, between, "SUBMITTED")

    assert groups(one, two, other, another, between) == {between.split_group} != {None}
    assert splits.look(another).whole_usd == 15_000


def submit_raw(grant: Grant, who: Any) -> None:
    Transition.objects.create(
        grant=grant,
        from_state="DRAFT",
        to_state="SUBMITTED",
        role="requester",
        actor_id=who.pk,
        documents_hash="",
        round=1,
    )


@pytest.mark.parametrize("role", ["reo", "app"])
@pytest.mark.parametrize("near", ["grantee", "site", "point"])
def test_a_raw_submission_of_a_half_alone_is_refused(office, grant_in, role, near):
    facts: dict[str, dict[str, Any]] = {
        "grantee": {"grantee": world.organisation(office)},
        "site": {"site_name": "Palm School"},
        "point": {"lat": Decimal("30.5"), "lon": Decimal("47.8")},
    }
    first = grant_in("AWARDED", **facts[near])
    second = grant_in(
        "DRAFT", **(facts[near] | ({"site_name": "PALM school"} if near == "site" else {}))
    )
    alone = uuid.uuid4()

    for group in (None, alone):
        Grant.objects.filter(pk=second.pk, split_group=None).update(split_group=group)
        with pytest.raises(Error, match="are decided together"), role_of(office.requester, role):
            submit_raw(second, office.requester)
    Grant.objects.filter(pk=first.pk).update(split_group=alone)
    with role_of(office.requester, role):
        submit_raw(second, office.requester)
    assert Grant.objects.get(pk=second.pk).state == "SUBMITTED"


def test_small_ones_near_each_other_are_submitted_alone(office, grant_in):
    first = grant_in("AWARDED", asks=500)
    second = grant_in("DRAFT", asks=500, grantee=first.grantee)

    submit_raw(second, office.requester)

    assert groups(first, second) == {None}


@pytest.mark.parametrize("role", ["reo", "app"])
def test_nobody_takes_a_grant_out_of_its_group(office, grant_in, role):
    first = grant_in("AWARDED")
    second = grant_in("SUBMITTED", grantee=first.grantee)
    both = Grant.objects.filter(split_group=second.split_group)
    other = uuid.uuid4()

    for group in (None, other):
        for rows in (both.filter(pk=first.pk), both.filter(pk=second.pk)):
            with pytest.raises(Error, match="stay together"), role_of(office.officer, role):
                rows.update(split_group=group)
    with pytest.raises(Error, match="stay together"), role_of(office.officer, role):
        both.update(split_group=None)
    # The whole of it may go over into another.
    with role_of(office.officer, role):
        both.update(split_group=other)
    assert groups(first, second) == {other}


def test_the_database_finds_the_same_neighbours(office, grant_in, fund):
    """What `splits.near` says, `grants_near` says: also of what is too old or was called off."""
    first = grant_in("AWARDED", site_name="Palm school")
    gone = grant_in("SUBMITTED", grantee=first.grantee)
    with acting(office.officer):
        machine.cancel(gone, reason="x", by=office.officer)
    third = grant_in("DRAFT", grantee=first.grantee)
    now = periods.now()

    for days in (1, 365):
        fund.split_days = days
        fund.save(update_fields=["split_days"])
        for moment in (now, now + timedelta(days=30)):
            with connection.cursor() as cursor:
                cursor.execute("SELECT public.grants_near(%s, %s)", [third.pk, moment])
                found = {row[0] for row in cursor.fetchall()}
            there = Grant.objects.get(pk=third.pk)
            assert found == {one.pk for one in splits.near(there, moment)}
