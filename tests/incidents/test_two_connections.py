"""Two people at once, on two connections: the second waits, re-reads, and is refused.

Each test fails when the row is not locked.
"""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from incidents import importing, services
from incidents.exceptions import IncidentRefusal, NotSensitive, SameKeyOtherContent
from incidents.importing import pairs
from incidents.models import (
    ConflictingSubmission,
    ImportPair,
    Incident,
    IncidentStep,
    Source,
)
from incidents.services import SourceFacts, VictimFacts
from tests.incidents.conftest import FAIR, MOMENT, facts, move_to
from tests.incidents.files_to_import import table

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Run something on a connection of its own; what it returns or raises is put into the list."""
    came: list[Any] = []

    def run() -> None:
        try:
            came.append(work())
        except Exception as error:  # noqa: BLE001 - handed to the test
            came.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    return thread, came


def waits_for_a_lock() -> bool:
    """Whether some other connection of this database waits for a lock now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database())"
        )
        return bool(cursor.fetchone()[0])


def meet(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """Do `first` in a transaction, let `second` run into it, commit; what became of `second`."""
    thread, came = in_a_thread(second)
    with transaction.atomic():
        first()
        thread.start()
        for _ in range(200):
            if waits_for_a_lock() or came:
                break
            thread.join(0.02)
        assert not came, f"it did not wait: {came}"
    thread.join(20)
    assert came, "it never came back"
    return came[0]


def edit(incident: Incident, by: Any) -> Any:
    return services.edit_incident(incident, facts={"killed_best": 5}, version=1, by=by)


def revise(incident: Incident, by: Any) -> Any:
    return services.revise_incident(
        incident, facts={"killed_best": 5}, reason="why", version=1, by=by
    )


def override(incident: Incident, by: Any) -> Any:
    return services.override_verification(
        incident, verification="disputed", reason="why", by=by, version=1
    )


def clear(incident: Incident, by: Any) -> Any:
    return services.clear_override(incident, by=by)


#: verb -> (state to begin in, who, what is done twice)
CASES: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "submit": ("returned", "worker", lambda i, by: services.submit_incident(i, by=by)),
    "withdraw": (
        "submitted",
        "worker",
        lambda i, by: services.withdraw_incident(i, by=by, reason="mistake"),
    ),
    "take": ("submitted", "supervisor", lambda i, by: services.take_for_review(i, by=by)),
    "return": (
        "submitted",
        "supervisor",
        lambda i, by: services.return_incident(i, by=by, reason="where?"),
    ),
    "accept": ("submitted", "supervisor", lambda i, by: services.accept_incident(i, by=by)),
    "archive": ("accepted", "manager", lambda i, by: services.archive_incident(i, by=by)),
    "edit": ("submitted", "worker", edit),
    "revise": ("accepted", "supervisor", revise),
    "override": ("submitted", "supervisor", override),
}


@pytest.mark.parametrize("verb", sorted(CASES))
def test_the_second_of_two_waits_and_is_refused(
    log: Any, worker: Any, supervisor: Any, manager: Any, verb: str
) -> None:
    state, who, act = CASES[verb]
    person = {"worker": worker, "supervisor": supervisor, "manager": manager}[who]
    incident = log()
    if state != "submitted":
        incident = move_to(incident, state)
    steps = IncidentStep.objects.count()

    outcome = meet(lambda: act(incident, person), lambda: act(incident, person))

    assert isinstance(outcome, IncidentRefusal)
    assert IncidentStep.objects.count() <= steps + 1
    assert Incident.objects.get().version == 2


def test_an_override_is_cleared_once(log: Any, supervisor: Any) -> None:
    incident = log()
    override(incident, supervisor)
    outcome = meet(lambda: clear(incident, supervisor), lambda: clear(incident, supervisor))
    assert isinstance(outcome, IncidentRefusal)


def test_two_are_never_each_the_other_s_duplicate(log: Any, supervisor: Any) -> None:
    one, two = log(), log()
    outcome = meet(
        lambda: services.mark_duplicate(one, of=two, by=supervisor),
        lambda: services.mark_duplicate(two, of=one, by=supervisor),
    )
    assert isinstance(outcome, IncidentRefusal)
    assert Incident.objects.filter(workflow_state="duplicate").count() == 1


def test_two_sources_at_once_both_count(log: Any, worker: Any, supervisor: Any) -> None:
    incident = log()

    def add(by: Any) -> Any:
        return services.add_source(incident, facts=SourceFacts("police", "C", "3"), by=by)

    outcome = meet(lambda: add(worker), lambda: add(supervisor))
    assert isinstance(outcome, Source)
    incident.refresh_from_db()
    assert incident.sources.count() == 3
    assert (incident.verification, incident.version) == ("corroborated", 3)


def test_grading_waits_for_a_source_that_comes_at_the_same_time(log: Any, supervisor: Any) -> None:
    incident = log()
    source = incident.sources.get()
    outcome = meet(
        lambda: services.add_source(incident, facts=SourceFacts("police", "C", "3"), by=supervisor),
        lambda: services.grade_source(source, reliability="A", credibility="1", by=supervisor),
    )
    assert isinstance(outcome, Source)
    incident.refresh_from_db()
    assert incident.verification_rule == "two_strong"


def test_a_submission_is_settled_once(log: Any, worker: Any) -> None:
    key = uuid.uuid4()
    log(key=key)
    with pytest.raises(SameKeyOtherContent):
        log(key=key, killed_best=4)
    kept = ConflictingSubmission.objects.get()
    outcome = meet(
        lambda: services.settle_submission(kept, by=worker),
        lambda: services.settle_submission(kept, by=worker),
    )
    assert isinstance(outcome, IncidentRefusal)


@pytest.mark.parametrize("same", [True, False])
def test_a_form_sent_eight_times_at_once_makes_one_incident(
    basrah: Any, worker: Any, same: bool
) -> None:
    key = uuid.uuid4()
    given = facts()
    start = threading.Barrier(8)

    def send(number: int) -> Any:
        start.wait(10)
        return services.create_incident(
            site=basrah,
            facts={**given, "killed_best": 1 if same else number},
            sources=(FAIR,),
            key=key,
            by=worker,
            at=MOMENT,
        )

    threads = [in_a_thread(lambda number=number: send(number)) for number in range(8)]
    for thread, _came in threads:
        thread.start()
    for thread, _came in threads:
        thread.join(30)
    outcomes = [came[0] for _thread, came in threads]

    incident = Incident.objects.get()
    assert incident.code.endswith("000001")
    assert incident.sources.count() == incident.steps.count() == 1
    if same:
        assert outcomes == [incident] * 8
    else:
        assert [o for o in outcomes if o == incident] == [incident]
        assert sum(isinstance(o, SameKeyOtherContent) for o in outcomes) == 7
        assert incident.conflicting_submissions.count() == 7


def test_a_file_read_in_again_waits_for_the_undo_of_its_batch(basrah: Any) -> None:
    """Else its rows would be found here, and be gone a moment later."""
    batch = importing.import_file(table({}, {}), format="table", site=basrah, by=None).batch
    assert batch is not None

    again = meet(
        lambda: importing.undo_batch(batch, by=None),
        lambda: importing.import_file(table({}, {}), format="table", site=basrah, by=None),
    )

    assert (again.created, again.unchanged) == (2, 0)
    assert Incident.objects.count() == 2


def test_pairs_of_an_import_wait_for_its_undo_and_are_not_written_after_it(basrah: Any) -> None:
    same = {"summary": "Two men shot in front of a bakery by riders", "killed_best": "2"}
    batch = importing.import_file(table(same, same), format="table", site=basrah, by=None).batch
    assert pairs.find_pairs(batch) == 1
    came = meet(lambda: importing.undo_batch(batch, by=None), lambda: pairs.find_pairs(batch))
    assert came == 0
    assert not ImportPair.objects.exists()


def test_two_workers_with_one_batch_write_its_pairs_once(basrah: Any) -> None:
    same = {"summary": "Two men shot in front of a bakery by riders", "killed_best": "2"}
    batch = importing.import_file(
        table(same, same, same), format="table", site=basrah, by=None
    ).batch
    came = meet(lambda: pairs.find_pairs(batch), lambda: pairs.find_pairs(batch))
    assert came == batch.pairs.count() == 3


def test_naming_waits_for_who_makes_the_record_open_to_all(
    log: Any, interrupter: Any, supervisor: Any
) -> None:
    hidden = log(victims=[VictimFacts(harm="killed", age=9)])

    def open_it() -> None:
        row = Incident.objects.select_for_update().get(pk=hidden.pk)
        row.victimizations.all().delete()
        row.is_sensitive = False
        row.save(update_fields=["is_sensitive"])

    came = meet(open_it, lambda: services.name_worker(hidden, person=interrupter, by=supervisor))
    assert isinstance(came, NotSensitive)


def test_two_name_the_same_worker_once(log: Any, interrupter: Any, supervisor: Any) -> None:
    hidden = log(victims=[VictimFacts(harm="killed", age=9)])
    came = meet(
        lambda: services.name_worker(hidden, person=interrupter, by=supervisor),
        lambda: services.name_worker(hidden, person=interrupter, by=supervisor),
    )
    assert came.person_id == interrupter.pk
    assert hidden.namings.count() == 1
