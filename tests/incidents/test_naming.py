"""A sensitive incident is opened to a field worker by name, and to nobody else by that."""

from datetime import timedelta
from typing import Any

import pytest

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from incidents import rollups, services
from incidents.exceptions import NotForThisPerson, NotSensitive, NotTheirs
from incidents.models import Incident, IncidentNaming, IncidentResponse
from incidents.services import VictimFacts, escalation, merging
from tests.incidents.conftest import MOMENT

pytestmark = pytest.mark.django_db
CHILD = [VictimFacts(harm="killed", age=9)]


@pytest.fixture
def hidden(log: Any) -> Incident:
    """A killing of a child, which the worker logged."""
    return log(victims=CHILD, summary="near the old bakery")


def sees(person: Any, incident: Incident) -> bool:
    """By the query and by the row in hand, which must agree."""
    fresh = Incident.objects.get(pk=incident.pk)
    by_query = Incident.objects.visible_to(person).filter(pk=incident.pk).exists()
    assert fresh.is_visible_to(person) is by_query
    return by_query


def test_the_named_worker_sees_it_and_no_other(
    hidden: Incident, interrupter: Any, supervisor: Any, data_officer: Any, make_user: Any,
    basrah: Any, signed_in: Any,
) -> None:  # fmt: skip
    other = make_user("worker", basrah)
    client = signed_in(interrupter)
    assert client.get(hidden.get_absolute_url()).status_code == 404
    assert not sees(interrupter, hidden)
    services.name_worker(hidden, person=interrupter, by=supervisor)
    assert sees(interrupter, hidden)
    assert client.get(hidden.get_absolute_url()).status_code == 200
    # In the list and the search too, and nothing of what sources said.
    assert hidden.code in client.get("/incidents/?q=bakery&all=1").content.decode()
    assert not services.sight(hidden, interrupter).words
    assert not sees(other, hidden)
    assert not sees(data_officer, hidden)
    assert services.unname_worker(hidden, person=interrupter, by=supervisor)
    assert not services.unname_worker(hidden, person=interrupter, by=supervisor)
    assert not sees(interrupter, hidden)
    assert client.get(hidden.get_absolute_url()).status_code == 404


def test_a_naming_is_not_worth_more_than_role_and_site(
    hidden: Incident, interrupter: Any, supervisor: Any, zubair: Any
) -> None:
    services.name_worker(hidden, person=interrupter, by=supervisor)
    interrupter.role = "data_officer"
    assert not sees(interrupter, hidden)
    interrupter.role = "interrupter"
    interrupter.sites.set([zubair])
    stranger = type(interrupter).objects.get(pk=interrupter.pk)
    assert not sees(stranger, hidden)


def test_who_is_named_and_by_whom_is_refused_by_name(
    hidden: Incident, log: Any, worker: Any, interrupter: Any, supervisor: Any, data_officer: Any,
    make_user: Any, basrah: Any, zubair: Any,
) -> None:  # fmt: skip
    away, gone = make_user("worker", zubair), make_user("worker", basrah)
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    for person in (away, gone, data_officer, supervisor):
        with pytest.raises(NotTheirs):
            services.name_worker(hidden, person=person, by=supervisor)
    for by in (worker, data_officer, make_user("supervisor", zubair)):
        with pytest.raises(NotForThisPerson):
            services.name_worker(hidden, person=interrupter, by=by)
        with pytest.raises(NotForThisPerson):
            services.unname_worker(hidden, person=interrupter, by=by)
    with pytest.raises(NotSensitive):
        services.name_worker(log(), person=interrupter, by=supervisor)
    # The reporter reads it anyway.
    assert services.name_worker(hidden, person=worker, by=supervisor) is None
    assert not IncidentNaming.objects.exists()


def test_it_stands_in_the_trail_once_and_they_are_told_without_words(
    hidden: Incident, interrupter: Any, supervisor: Any, signed_in: Any
) -> None:
    for _again in range(2):
        services.name_worker(hidden, person=interrupter, by=supervisor)
    services.unname_worker(hidden, person=interrupter, by=supervisor)
    found = AuditEvent.objects.filter(verb__startswith="incident.worker_").order_by("pk")
    assert [(one.verb, one.detail) for one in found] == [
        ("incident.worker_named", {"to": str(interrupter.pk)}),
        ("incident.worker_unnamed", {"to": str(interrupter.pk)}),
    ]


def test_the_clock_can_be_given_to_them_and_goes_from_them_when_it_is_taken_back(
    hidden: Incident, interrupter: Any, supervisor: Any
) -> None:
    assert interrupter not in services.sendable_to(hidden)
    services.name_worker(hidden, person=interrupter, by=supervisor)
    assert interrupter in services.sendable_to(hidden)
    services.assign_response(hidden, to=interrupter, by=supervisor)
    escalation.escalate(at=MOMENT + timedelta(hours=3))
    held = IncidentResponse.objects.get(incident=hidden)
    assert held.assigned_to == interrupter
    services.unname_worker(hidden, person=interrupter, by=supervisor)
    assert escalation.is_due(MOMENT + timedelta(hours=3))
    escalation.escalate(at=MOMENT + timedelta(hours=3))
    held.refresh_from_db()
    assert held.assigned_to is None


def test_a_row_of_the_board_keeps_the_named_worker_as_a_choice(
    hidden: Incident, worker: Any, interrupter: Any, supervisor: Any, signed_in: Any
) -> None:
    """Without it the form of the row would stand at "nobody", and giving would take it away."""
    client = signed_in(supervisor)
    assert f'data-readers="{worker.pk}"' in client.get("/incidents/board/").content.decode()
    services.name_worker(hidden, person=interrupter, by=supervisor)
    services.assign_response(hidden, to=interrupter, by=supervisor)
    page = client.get("/incidents/board/").content.decode()
    assert f'data-readers="{worker.pk} {interrupter.pk}"' in page
    assert f'data-has="{interrupter.pk}"' in page
    # Who has it stands on their own board too, without who else may read it.
    theirs = signed_in(interrupter).get("/incidents/board/").content.decode()
    assert hidden.code in theirs
    assert "data-readers" not in theirs


def test_the_number_at_home_is_that_of_the_list(
    hidden: Incident, log: Any, interrupter: Any, supervisor: Any
) -> None:
    log()
    services.name_worker(hidden, person=interrupter, by=supervisor)
    rollups_day = periods.Week.of(MOMENT.date(), hidden.site.week_start).start
    seen = Incident.objects.visible_to(interrupter).counted().filter(occurred_on__gte=rollups_day)
    assert rollups.happened_since(interrupter, rollups_day) == seen.count() == 2


def test_no_merge_opens_another_sensitive_record_to_them(
    hidden: Incident, log: Any, worker: Any, interrupter: Any, supervisor: Any
) -> None:
    other = log(victims=CHILD)
    assert not merging.is_not_for_reporter(hidden, other)
    services.name_worker(hidden, person=interrupter, by=supervisor)
    assert merging.is_not_for_reporter(hidden, other)
    services.name_worker(other, person=interrupter, by=supervisor)
    assert not merging.is_not_for_reporter(hidden, other)


def test_the_page_names_and_takes_back(
    hidden: Incident, interrupter: Any, data_officer: Any, supervisor: Any, signed_in: Any
) -> None:
    address = f"{hidden.get_absolute_url()}named/"
    client = signed_in(supervisor)
    assert address in client.get(hidden.get_absolute_url()).content.decode()
    page = client.get(address).content.decode()
    assert interrupter.code_name in page
    assert data_officer.code_name not in page
    page = client.post(address, {"person": str(interrupter.pk)}, follow=True).content.decode()
    assert "They are told" in page
    assert IncidentNaming.objects.get().person == interrupter
    # Not offered twice, nor who is no choice.
    again = client.post(address, {"person": str(interrupter.pk)})
    assert again.status_code == 200
    assert client.post(address, {"person": str(data_officer.pk)}).status_code == 200
    assert IncidentNaming.objects.count() == 1
    client.post(f"{address}back/", {"person": str(interrupter.pk)})
    assert not IncidentNaming.objects.exists()
    # To whoever does not see it, it is not there.
    assert signed_in(interrupter).get(address).status_code == 403


def test_an_import_that_somebody_was_named_for_is_not_taken_back(
    basrah: Any, interrupter: Any, supervisor: Any
) -> None:
    from incidents import importing
    from tests.incidents.files_to_import import table

    batch = importing.import_file(
        table({"sensitive": "yes"}), format="table", site=basrah, by=None
    ).batch
    services.name_worker(Incident.objects.get(batch=batch), person=interrupter, by=supervisor)
    with pytest.raises(importing.UndoRefused):
        importing.undo_batch(batch, by=None)


def test_a_naming_ends_with_what_made_the_record_sensitive(
    hidden: Incident, worker: Any, interrupter: Any, supervisor: Any
) -> None:
    """Everybody reads it now; where it becomes sensitive anew, nobody is named."""
    services.name_worker(hidden, person=interrupter, by=supervisor)
    fresh = Incident.objects.get(pk=hidden.pk)
    grown = [VictimFacts(harm="killed", age=30, id=fresh.victimizations.get().pk)]
    services.edit_incident(fresh, facts={}, victims=grown, version=fresh.version, by=worker)
    fresh.refresh_from_db()
    assert not fresh.is_sensitive
    assert not IncidentNaming.objects.exists()
    last = AuditEvent.objects.filter(verb="incident.worker_unnamed").get()
    assert last.detail == {"to": str(interrupter.pk), "because": "not_sensitive"}
    services.edit_incident(fresh, facts={}, victims=CHILD, version=fresh.version, by=worker)
    assert Incident.objects.get(pk=hidden.pk).is_sensitive
    assert not sees(interrupter, hidden)


def test_a_correction_that_leaves_it_sensitive_leaves_the_naming(
    hidden: Incident, worker: Any, interrupter: Any, supervisor: Any
) -> None:
    services.name_worker(hidden, person=interrupter, by=supervisor)
    fresh = Incident.objects.get(pk=hidden.pk)
    services.edit_incident(
        fresh, facts={"summary": "near the new one"}, version=fresh.version, by=worker
    )
    assert sees(interrupter, hidden)


def test_parting_from_a_sensitive_record_ends_the_namings_of_the_open_one(
    hidden: Incident, log: Any, interrupter: Any, supervisor: Any
) -> None:
    kept = log()
    hidden.refresh_from_db()
    merge = services.merge_incidents(
        kept=kept, gone=hidden, by=supervisor, version=hidden.version, kept_version=kept.version,
        reason="", take=(),
    )  # fmt: skip
    services.name_worker(kept, person=interrupter, by=supervisor)
    services.unmerge_incidents(merge, by=supervisor, reason="Two events.")
    kept.refresh_from_db()
    assert not kept.is_sensitive
    assert not IncidentNaming.objects.exists()


def test_an_undo_that_opens_a_record_ends_its_namings(
    basrah: Any, interrupter: Any, supervisor: Any
) -> None:
    from incidents import importing
    from tests.incidents.files_to_import import table

    def read_in(**changes: Any) -> Any:
        content = table({"source_id": "A-1", **changes})
        return importing.import_file(content, format="table", site=basrah, by=None).batch

    read_in()
    second = read_in(sensitive="yes")
    incident = Incident.objects.get()
    services.name_worker(incident, person=interrupter, by=supervisor)
    importing.undo_batch(second, by=None)
    incident.refresh_from_db()
    assert not incident.is_sensitive
    assert not IncidentNaming.objects.exists()


def test_an_open_board_is_made_anew_when_somebody_is_named(
    hidden: Incident, interrupter: Any, supervisor: Any, signed_in: Any
) -> None:
    """A naming changes neither the clock nor the record, but whom a row can be given to."""

    def state_for(person: Any) -> str:
        return str(signed_in(person).get("/incidents/board/").context["state"])

    def asks(person: Any, state: str) -> int:
        return int(signed_in(person).get(f"/incidents/board/rows/?state={state}").status_code)

    people = (supervisor, interrupter)
    before = {one: state_for(one) for one in people}
    assert [asks(one, before[one]) for one in people] == [204, 204]
    services.name_worker(hidden, person=interrupter, by=supervisor)
    assert [asks(one, before[one]) for one in people] == [200, 200]
    named = state_for(supervisor)
    services.unname_worker(hidden, person=interrupter, by=supervisor)
    assert asks(supervisor, named) == 200
