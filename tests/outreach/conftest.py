"""Cases to play with, at two sites."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ceasefire import periods
from ceasefire.people.roles import Role
from outreach.models import CaseMember, Participant, ParticipantStep
from tests.outreach.conflict_world import conflict, session  # noqa: F401 - fixtures

_numbers = itertools.count(1)


@pytest.fixture
def case(db: None, basrah: Any, worker: Any) -> Callable[..., Participant]:
    """A case as it lies in the table, carried by the worker of Basrah Centre; active by default."""

    def make(*, by: Any = None, site: Any = None, team: Any = (), **facts: Any) -> Participant:
        carried_by = by or worker
        facts = {"status": Participant.Status.ACTIVE, **facts}
        if facts["status"] == Participant.Status.PAUSED:
            facts = {
                "pause_reason": "travelling",
                "pause_until": periods.now().date() + timedelta(days=14),
                **facts,
            }
        if facts["status"] == Participant.Status.CLOSED:
            facts = {"close_reason": "goals_met", **facts}
        made = Participant.objects.create(
            code=f"P-9{next(_numbers):04}",
            site=site or basrah,
            worker=carried_by,
            created_by=carried_by,
            updated_by=carried_by,
            **facts,
        )
        ParticipantStep.objects.create(
            participant=made, to_status=made.status, worker=carried_by, by=carried_by
        )
        for person in team:
            CaseMember.objects.create(participant=made, user=person, added_by=carried_by)
        return made

    return make


@pytest.fixture
def team(make_user: Callable[..., Any], basrah: Any, supervisor: Any, worker: Any) -> Any:
    """The supervisor of Basrah Centre with `worker`, a second worker and an interrupter under her.

    `team.worker2`, `team.interrupter`; all have `supervisor` as theirs.
    """
    from types import SimpleNamespace

    worker.supervisor = supervisor
    worker.save(update_fields=["supervisor"])
    return SimpleNamespace(
        supervisor=supervisor,
        worker=worker,
        worker2=make_user(Role.WORKER, basrah, username="worker2", supervisor=supervisor),
        interrupter=make_user(
            Role.INTERRUPTER, basrah, username="interrupter", supervisor=supervisor
        ),
    )


@pytest.fixture
def elsewhere(make_user: Callable[..., Any], zubair: Any) -> Any:
    """The people of Al-Zubair: `worker`, `supervisor`, `manager`, who see nothing of Basrah."""
    from types import SimpleNamespace

    supervisor = make_user(Role.SUPERVISOR, zubair, username="supervisor.zubair")
    return SimpleNamespace(
        supervisor=supervisor,
        worker=make_user(Role.WORKER, zubair, username="worker.zubair", supervisor=supervisor),
        manager=make_user(Role.MANAGER, zubair, username="manager.zubair"),
    )


@pytest.fixture
def plain() -> Callable[[Any], str]:
    """What an answer says, without the tokens that differ from page to page."""
    import re

    def read(answer: Any) -> str:
        body = answer.content.decode()
        body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", body)
        return re.sub(r'X-CSRFToken": "[^"]+"', "", body)

    return read
