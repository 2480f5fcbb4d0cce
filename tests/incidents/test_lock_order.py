"""Nobody who holds the trail's lock waits for somebody who waits for the trail.

The trail's lock lasts from the first entry to the commit. Each test stops one person between the
record and the trail, lets another verb run into it, and goes on: with the locks in another order
PostgreSQL would end one of the two.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from ceasefire import audit
from ceasefire.database.session import acting
from incidents import services
from incidents.models import BulkAction, IncidentMerge, IncidentResponse
from incidents.services import bulk, escalation, links
from incidents.services.workflow import locked
from tests.incidents.conftest import MOMENT
from tests.incidents.test_two_connections import in_a_thread, waits_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)


def start_and_wait(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Let somebody else begin, and come back when they wait."""
    thread, came = in_a_thread(work)
    thread.start()
    for _ in range(200):
        if came or waits_for_a_lock():
            break
        thread.join(0.02)
    assert not came, f"it did not wait: {came}"
    return thread, came


def test_a_merge_waits_for_links_before_it_stands_in_the_trail(log: Any, supervisor: Any) -> None:
    kept, gone, other = log(), log(), log()
    with transaction.atomic():
        links.hold_links()
        thread, came = start_and_wait(
            lambda: services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        )
        audit.record("incident.linked", subject=other, by=supervisor)
    thread.join(20)
    assert isinstance(came[0], IncidentMerge), came


def test_a_verb_on_many_waits_for_each_record_before_it_stands_in_the_trail(
    log: Any, supervisor: Any, data_officer: Any
) -> None:
    first, second = log(), log()
    rows = [(first.code, first.version), (second.code, second.version)]

    def many() -> BulkAction:
        with acting(supervisor):
            action = services.ask_bulk(key=uuid4(), verb="take", rows=rows, by=supervisor)
            bulk.run_here(action, by=supervisor)
        return action

    with transaction.atomic():
        locked(second)
        thread, came = start_and_wait(many)
        services.accept_incident(second, by=data_officer)
    thread.join(20)
    assert isinstance(came[0], BulkAction), came
    assert set(came[0].rows.values_list("incident__code", "outcome")) == {
        (first.code, "done"),
        (second.code, "refused"),
    }


def test_taking_many_back_waits_for_each_record_before_it_stands_in_the_trail(
    log: Any, supervisor: Any, data_officer: Any
) -> None:
    rows = [(row.code, row.version) for row in (log(), log())]
    action = services.ask_bulk(key=uuid4(), verb="take", rows=rows, by=supervisor)
    with transaction.atomic():
        bulk.run_here(action, by=supervisor)
    last = action.rows.order_by("-position").first().incident
    with transaction.atomic():
        locked(last)
        thread, came = start_and_wait(lambda: services.undo_bulk(action, by=supervisor))
        services.accept_incident(last, by=data_officer)
    thread.join(20)
    assert isinstance(came[0], BulkAction), came
    last.refresh_from_db()
    assert last.workflow_state == "accepted"


def test_hours_pass_over_a_record_that_somebody_is_at_work_on(log: Any, supervisor: Any) -> None:
    incident = log()
    assert IncidentResponse.objects.filter(incident=incident).exists()
    late = MOMENT + timedelta(hours=100)
    with transaction.atomic():
        locked(incident)
        thread, came = in_a_thread(lambda: escalation.escalate(at=late))
        thread.start()
        thread.join(20)
        assert came == [0]
    assert escalation.escalate(at=late) == 1
