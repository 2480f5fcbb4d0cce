"""The rows of the benchmark are as the verbs would have written them; the tables stay whole."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from ceasefire import vault
from ceasefire.people.models import User
from outreach.models import (
    Conflict,
    Contact,
    FollowUp,
    Participant,
    ParticipantStep,
    SupervisionSheet,
)
from tests.bench import outreach_crowd
from tests.bench.upkeep import standing

WORKERS = 4


@pytest.fixture
def crowd(db: None) -> Any:
    with connection.cursor() as cursor:
        before = standing(cursor)
    made = outreach_crowd.fill(WORKERS * outreach_crowd.ACTIVE_EACH)
    with connection.cursor() as cursor:
        assert standing(cursor) == before
    return made


def test_the_crowd_has_the_proportions_it_promises(crowd: Any) -> None:
    active = WORKERS * outreach_crowd.ACTIVE_EACH
    assert len(crowd.workers) == WORKERS
    assert crowd.active == active
    assert Participant.objects.count() == 11 * active
    assert Contact.objects.count() == 125 * active
    loads = Participant.objects.active().order_by().values("worker").annotate(many=Count("pk"))
    assert {one["many"] for one in loads} == {outreach_crowd.ACTIVE_EACH}
    assert Conflict.objects.count() == WORKERS * outreach_crowd.CONFLICTS
    assert SupervisionSheet.objects.filter(signed_at=None).count() == WORKERS
    assert FollowUp.objects.filter(state="open").exists()


def test_each_case_ends_where_its_way_ends_and_opens_its_alias(crowd: Any) -> None:
    worker = crowd.workers[0]
    cases = list(Participant.objects.visible_to(worker)[:30])
    opened = vault.unseal_rows(cases, ["alias"], by=worker)
    for case in cases:
        last = ParticipantStep.objects.filter(participant=case).order_by("-at", "-id").first()
        assert last is not None
        assert last.to_status == case.status
        assert opened[case.pk]["alias"]


def test_each_sees_their_own_of_it(crowd: Any) -> None:
    helper = User.objects.get(pk=crowd.interrupter.pk)
    on_team = Participant.objects.visible_to(helper)
    assert on_team.exists()
    assert not on_team.exclude(members__user=helper).exists()
    assert Conflict.objects.visible_to(helper).exists()
    heads = Participant.objects.visible_to(crowd.supervisor)
    assert {case.worker.supervisor_id for case in heads.select_related("worker")} == {
        crowd.supervisor.pk
    }
