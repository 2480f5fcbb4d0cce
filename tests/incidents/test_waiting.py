"""Two people at once where more than one row is held: merges, links, second reports, kept columns.

The second waits, reads again what stands then, and goes on or is refused; nothing is done twice,
nothing is lost, and nobody waits in a circle.
"""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from ceasefire import audit
from ceasefire.audit.models import AuditEvent
from incidents import services
from incidents.exceptions import CannotBeLinked, MappingNameTaken, NotAllowedFromHere
from incidents.importing import files, kept
from incidents.importing.reading import Sheet
from incidents.models import (
    ImportBatch,
    ImportMapping,
    Incident,
    IncidentLink,
    IncidentMerge,
    IncidentResponse,
    SecondReport,
)
from incidents.services import escalation
from incidents.services.workflow import locked
from tests.incidents.conftest import FAIR, MOMENT, facts
from tests.incidents.test_lock_order import start_and_wait
from tests.incidents.test_two_connections import meet

pytestmark = pytest.mark.django_db(transaction=True)


def tell(incident: Incident, by: Any, key: Any = None, **other: Any) -> Incident:
    """Report an incident again, as a further source of it."""
    return services.add_second_report(
        incident, facts=facts(**other), sources=[FAIR], by=by, key=key or uuid.uuid4()
    )


# --- parting ------------------------------------------------------------------------------------


def test_two_are_parted_once(log: Any, supervisor: Any, data_officer: Any) -> None:
    one, other = log(), log()
    merge = services.merge_incidents(kept=one, gone=other, by=supervisor)
    outcome = meet(
        lambda: services.unmerge_incidents(merge, by=supervisor, reason="two events"),
        lambda: services.unmerge_incidents(merge, by=data_officer, reason="two events"),
    )
    assert isinstance(outcome, NotAllowedFromHere)
    assert AuditEvent.objects.filter(verb="incident.unmerged").count() == 1
    other.refresh_from_db()
    assert (other.workflow_state, other.sources.count()) == ("submitted", 1)


def test_parting_sees_the_edit_that_it_waited_for(log: Any, supervisor: Any) -> None:
    one, other = log(), log()
    merge = services.merge_incidents(kept=one, gone=other, by=supervisor)
    version = Incident.objects.get(pk=one.pk).version
    outcome = meet(
        lambda: services.edit_incident(
            one, facts={"killed_best": 6}, version=version, by=supervisor
        ),
        lambda: services.unmerge_incidents(merge, by=supervisor, reason="two events"),
    )
    assert isinstance(outcome, Incident), outcome
    one.refresh_from_db()
    assert one.killed_best == 6


def test_a_merge_of_the_kept_one_waits_for_the_parting(log: Any, supervisor: Any) -> None:
    one, other, third = log(), log(), log()
    merge = services.merge_incidents(kept=one, gone=other, by=supervisor)
    outcome = meet(
        lambda: services.unmerge_incidents(merge, by=supervisor, reason="two events"),
        lambda: services.merge_incidents(kept=third, gone=one, by=supervisor),
    )
    assert isinstance(outcome, IncidentMerge), outcome
    assert outcome.moved["duplicates"] == []
    other.refresh_from_db()
    assert other.duplicate_of is None


# --- links --------------------------------------------------------------------------------------


def test_two_make_the_same_link_once(log: Any, supervisor: Any, worker: Any) -> None:
    one, other = log(), log()
    outcome = meet(
        lambda: services.add_link(one, kind="same_event_as", to=other, by=supervisor),
        lambda: services.add_link(other, kind="same_event_as", to=one, by=worker),
    )
    assert isinstance(outcome, CannotBeLinked)
    assert IncidentLink.objects.count() == 1


def test_two_never_close_a_ring_together(log: Any, supervisor: Any) -> None:
    first, second, third = log(), log(), log()
    services.add_link(first, kind="retaliation_for", to=second, by=supervisor)
    outcome = meet(
        lambda: services.add_link(second, kind="retaliation_for", to=third, by=supervisor),
        lambda: services.add_link(third, kind="retaliation_for", to=first, by=supervisor),
    )
    assert isinstance(outcome, CannotBeLinked)
    assert IncidentLink.objects.count() == 2


def test_nothing_is_linked_to_what_was_merged_while_it_waited(log: Any, supervisor: Any) -> None:
    one, kept_one, gone = log(), log(), log()
    outcome = meet(
        lambda: services.merge_incidents(kept=kept_one, gone=gone, by=supervisor),
        lambda: services.add_link(one, kind="same_event_as", to=gone, by=supervisor),
    )
    assert isinstance(outcome, CannotBeLinked)
    assert not IncidentLink.objects.exists()


# --- second reports -----------------------------------------------------------------------------


def test_two_further_sources_at_once_both_count(log: Any, worker: Any, supervisor: Any) -> None:
    there = log()
    outcome = meet(lambda: tell(there, worker), lambda: tell(there, supervisor))
    assert outcome == there
    assert (there.sources.count(), SecondReport.objects.count()) == (3, 2)


def test_one_form_is_told_once(log: Any, worker: Any) -> None:
    there, key, same = log(), uuid.uuid4(), facts()

    def send() -> Incident:
        return services.add_second_report(there, facts=same, sources=[FAIR], by=worker, key=key)

    assert meet(send, send) == there
    assert (there.sources.count(), SecondReport.objects.count()) == (2, 1)


def test_a_source_goes_to_where_its_record_was_merged_while_it_waited(
    log: Any, worker: Any, supervisor: Any
) -> None:
    kept_one, gone = log(), log()
    outcome = meet(
        lambda: services.merge_incidents(kept=kept_one, gone=gone, by=supervisor),
        lambda: tell(gone, worker),
    )
    assert outcome == kept_one
    assert kept_one.sources.count() == 3
    assert gone.sources.count() == 0


def test_a_source_goes_to_what_was_parted_while_it_waited(
    log: Any, worker: Any, supervisor: Any
) -> None:
    kept_one, gone = log(), log()
    merge = services.merge_incidents(kept=kept_one, gone=gone, by=supervisor)
    outcome = meet(
        lambda: services.unmerge_incidents(merge, by=supervisor, reason="two events"),
        lambda: tell(gone, worker),
    )
    assert outcome == gone
    assert (kept_one.sources.count(), gone.sources.count()) == (1, 2)


@pytest.mark.parametrize("merged", ["the later key", "the earlier key"])
def test_who_tells_of_a_merged_record_holds_only_the_one_that_counts(
    log: Any, worker: Any, supervisor: Any, merged: str
) -> None:
    """With both held in the order of finding, who holds them in the order of keys waits for it."""
    low, high = sorted([log(), log()], key=lambda one: one.pk)
    kept_one, gone = (low, high) if merged == "the later key" else (high, low)
    merge = services.merge_incidents(kept=kept_one, gone=gone, by=supervisor)
    with transaction.atomic():
        locked(kept_one)
        thread, came = start_and_wait(lambda: tell(gone, worker))
        # Free: who tells does not hold it.
        Incident.objects.select_for_update(nowait=True).get(pk=gone.pk)
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
    thread.join(20)
    assert came == [gone]
    assert gone.sources.count() == 2


# --- kept columns -------------------------------------------------------------------------------

SHEET = Sheet(header=["a", "b"], rows=[])


def batch(site: Any, by: Any, saved: Any = None) -> ImportBatch:
    """A file that was sent, perhaps read with kept columns."""
    made = files.keep(b"a,b\n1,2\n", format="table", site=site, by=by, mapping={})
    made.signature, made.saved = SHEET.signature, saved
    made.save()
    return made


def columns(site: Any, by: Any, name: str = "Police") -> ImportMapping:
    return ImportMapping.objects.create(
        site=site, by=by, name=name, signature=SHEET.signature, columns={"type": "a"}
    )


def test_columns_kept_twice_under_one_name_stand_once(
    basrah: Any, data_officer: Any, manager: Any
) -> None:
    mine, yours = batch(basrah, data_officer), batch(basrah, manager)
    outcome = meet(
        lambda: kept.choose(mine, columns={"type": "a"}, by=data_officer, keep_as="Police"),
        lambda: kept.choose(yours, columns={"type": "b"}, by=manager, keep_as="Police"),
    )
    assert outcome is None
    saved = ImportMapping.objects.get()
    assert (saved.columns, saved.by) == ({"type": "b"}, data_officer)
    assert set(ImportBatch.objects.values_list("saved", flat=True)) == {saved.pk}


def test_words_said_at_the_same_time_all_stay(basrah: Any, data_officer: Any, manager: Any) -> None:
    saved = columns(basrah, data_officer)
    mine, yours = batch(basrah, data_officer, saved), batch(basrah, manager, saved)
    outcome = meet(
        lambda: kept.mean(mine, {"type": {"shot": "SHT"}}),
        lambda: kept.mean(yours, {"type": {"killed": "MUR"}, "method": {"gun": "shooting"}}),
    )
    assert outcome is None
    saved.refresh_from_db()
    assert saved.values == {
        "type": {"shot": "SHT", "killed": "MUR"},
        "method": {"gun": "shooting"},
    }


@pytest.mark.parametrize("work", ["use", "choose", "mean", "rename", "forget"])
def test_whoever_waits_for_columns_that_are_deleted_goes_on_without(
    basrah: Any, data_officer: Any, manager: Any, work: str
) -> None:
    saved = columns(basrah, data_officer)
    mine = batch(basrah, manager, None if work == "use" else saved)
    do = {
        "use": lambda: kept.use(mine, SHEET),
        "choose": lambda: kept.choose(mine, columns={"type": "a"}, by=manager),
        "mean": lambda: kept.mean(mine, {"type": {"shot": "SHT"}}),
        "rename": lambda: kept.rename(saved, name="Other", by=manager),
        "forget": lambda: kept.forget(saved, by=manager),
    }[work]
    outcome = meet(lambda: kept.forget(saved, by=data_officer), do)
    assert not outcome, outcome
    assert not ImportMapping.objects.exists()
    assert AuditEvent.objects.filter(verb="incident.mapping_deleted").count() == 1
    assert not AuditEvent.objects.filter(verb="incident.mapping_renamed").exists()
    mine.refresh_from_db()
    assert mine.saved is None


def test_one_name_is_given_to_one_of_two(basrah: Any, data_officer: Any, manager: Any) -> None:
    one, other = columns(basrah, data_officer, "One"), columns(basrah, data_officer, "Two")
    outcome = meet(
        lambda: kept.rename(one, name="Police", by=data_officer),
        lambda: kept.rename(other, name="Police", by=manager),
    )
    assert isinstance(outcome, MappingNameTaken)
    assert sorted(ImportMapping.objects.values_list("name", flat=True)) == ["Police", "Two"]


# --- the hours ----------------------------------------------------------------------------------


def test_the_hours_tell_of_a_few_at_a_time_and_go_on_where_they_stopped(
    log: Any, supervisor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _one in range(5):
        log()
    monkeypatch.setattr(escalation, "BATCH", 2)
    late, said, record = MOMENT + timedelta(hours=100), iter(range(100)), audit.record

    def stops(verb: str, **more: Any) -> Any:
        if verb == "response.escalated" and next(said) == 3:
            raise RuntimeError
        return record(verb, **more)

    with monkeypatch.context() as patch:
        patch.setattr(escalation.audit, "record", stops)
        with pytest.raises(RuntimeError):
            escalation.escalate(at=late)
    told = IncidentResponse.objects.exclude(manager_escalated_at=None)
    # The first two stand; the pair that broke off half-way is told again, whole.
    assert told.count() == 2
    assert escalation.escalate(at=late) == 3
    assert told.count() == 5
    assert AuditEvent.objects.filter(verb="response.escalated").count() == 5
