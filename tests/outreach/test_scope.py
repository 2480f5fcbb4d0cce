"""Whose cases a person sees: domain.md b.6, one row a cell."""

from datetime import timedelta
from typing import Any

import pytest

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from outreach.models import CaseMember, Delegation, Participant

pytestmark = pytest.mark.django_db


def seen_by(user: Any) -> set[str]:
    # Read anew: who somebody supervises is kept for one request.
    return set(
        Participant.objects.visible_to(User.objects.get(pk=user.pk)).values_list("code", flat=True)
    )


def test_a_worker_sees_only_the_cases_they_carry_or_are_on(case, team):
    own, shared = case(), case(by=team.worker2, team=[team.worker])
    case(by=team.worker2)

    assert seen_by(team.worker) == {own.code, shared.code}


def test_who_left_a_case_sees_it_no_more(case, team):
    shared = case(by=team.worker2, team=[team.worker])
    CaseMember.objects.filter(participant=shared).update(until=periods.now())

    assert seen_by(team.worker) == set()


def test_an_interrupter_sees_only_cases_they_are_on(case, team):
    shared = case(team=[team.interrupter])
    case()

    assert seen_by(team.interrupter) == {shared.code}


def test_a_supervisor_sees_the_own_team_and_no_other(case, team, make_user, basrah):
    other = make_user(Role.SUPERVISOR, basrah, username="other")
    stranger = make_user(Role.WORKER, basrah, username="stranger", supervisor=other)
    mine, theirs = case(), case(by=stranger)

    assert seen_by(team.supervisor) == {mine.code}
    assert seen_by(other) == {theirs.code}


def test_who_stands_in_sees_the_team_for_those_days_only(case, team, make_user, basrah):
    other = make_user(Role.SUPERVISOR, basrah, username="other")
    mine, today = case(), periods.now().date()
    stand_in = Delegation.objects.create(
        from_user=team.supervisor,
        to_user=other,
        starts_on=today,
        ends_on=today,
        created_by=team.supervisor,
    )
    assert seen_by(other) == {mine.code}

    Delegation.objects.update(starts_on=today - timedelta(days=2), ends_on=today - timedelta(1))
    assert seen_by(other) == set()

    Delegation.objects.update(ends_on=today, ended_at=periods.now())
    assert seen_by(other) == set()
    assert stand_in.pk


def test_a_manager_sees_the_site_and_no_other(case, team, manager, elsewhere, zubair):
    here = case(by=team.worker2)
    there = case(by=elsewhere.worker, site=zubair)

    assert seen_by(manager) == {here.code}
    assert seen_by(elsewhere.manager) == {there.code}


@pytest.mark.parametrize(
    "role",
    [
        Role.DATA_OFFICER,  # counts only
        Role.REO_STAFF,
        Role.REO_VIEWER,
        Role.AUDITOR,
        Role.ADMINISTRATOR,
    ],
)
def test_other_roles_see_nobody(case, make_user, basrah, role):
    case()

    assert seen_by(make_user(role, basrah)) == set()
