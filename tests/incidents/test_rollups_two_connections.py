"""Two people at once: nobody waits for a number, and none is lost."""

from typing import Any

import pytest
from django.db import transaction

from incidents.models import Incident, Victimization
from incidents.services import rollups as keeping
from tests.incidents.test_two_connections import in_a_thread, meet

pytestmark = pytest.mark.django_db(transaction=True)


def change(row: Incident, **facts: Any) -> int:
    return Incident.objects.filter(pk=row.pk).update(**facts)


def test_two_who_record_for_one_cell_do_not_wait_and_none_is_lost(log: Any) -> None:
    first, second = log(), log()
    thread, came = in_a_thread(lambda: change(second, injured_best=5))
    with transaction.atomic():
        change(first, injured_best=3)
        thread.start()
        thread.join(20)
        assert came == [1], "the second waited for the first"
        # Who folds meanwhile takes what is committed and waits for nobody either.
        folding, folded = in_a_thread(keeping.fold)
        folding.start()
        folding.join(20)
        assert folded[0] > 0
    assert list(keeping.differences()) == []


def test_who_changes_victims_waits_for_who_changes_the_incident(log: Any) -> None:
    row = log(killed_best=2)

    def add_victim() -> Any:
        return Victimization.objects.create(incident=row, harm="killed")

    came = meet(lambda: change(row, killed_best=None, killed_unknown=True), add_victim)
    assert isinstance(came, Victimization), came
    assert list(keeping.differences()) == []


def test_a_week_that_begins_otherwise_waits_for_who_records(log: Any, basrah: Any) -> None:
    row = log()

    def other_week() -> Any:
        basrah.week_start = 0
        basrah.save()
        return "done"

    assert meet(lambda: change(row, injured_best=4), other_week) == "done"
    assert list(keeping.differences()) == []
