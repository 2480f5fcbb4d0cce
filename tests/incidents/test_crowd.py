"""The crowd that benchmarks and plans are measured on is as the services would have written it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from incidents.models import Incident, SearchWord
from incidents.services import clocks, rules, search
from tests.bench.crowd import Crowd, fill
from tests.bench.upkeep import put_aside, standing

SIZE = 3000


@pytest.fixture(scope="module")
def before(django_db_setup: None, django_db_blocker: Any) -> Iterator[set[tuple[str, str, str]]]:
    """What keeps the tables in order before they are filled."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        yield standing(cursor)


@pytest.fixture(scope="module")
def crowd(before: Any, django_db_blocker: Any) -> Iterator[Crowd]:
    """A few thousand incidents, gone again with the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield fill(SIZE, bare=True)
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _put_back(crowd: Crowd) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def incidents(crowd: Crowd, django_db_blocker: Any) -> list[Incident]:
    """All of them with what hangs on them, read once: tests only look at them."""
    with django_db_blocker.unblock():
        return list(
            Incident.objects.select_related("place", "site", "response").prefetch_related(
                "sources", "victimizations", "actors", "steps"
            )
        )


def plain(found: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Definitions without the casts that PostgreSQL writes otherwise once it has read its own."""
    signs = str.maketrans("", "", "()[]")
    return {
        (
            table,
            name,
            said.replace("::character varying", "").replace("::text", "").translate(signs),
        )
        for table, name, said in found
    }


def test_every_index_key_and_trigger_stands_as_before(crowd, before):
    with connection.cursor() as cursor:
        assert plain(standing(cursor)) == plain(before)


def test_tables_are_bare_only_while_they_are_filled(crowd, before):
    from ceasefire.database import roles

    with roles.as_owner(connection), connection.cursor() as cursor:
        with put_aside(cursor, ["incidents_source"]):
            names = {name for table, name, _said in standing(cursor) if table == "incidents_source"}
            assert "incidents_source_pkey" not in names
            assert "reliability_is_a_to_f" in names
        assert plain(standing(cursor)) == plain(before)


def test_there_are_as_many_as_were_asked_for(incidents):
    assert len(incidents) == SIZE


def test_the_words_are_those_the_services_write(crowd):
    kept = set(SearchWord.objects.values_list("kind", "word"))
    seen: set[str] = set()
    done = [(part.read, part.changed) for part in search.rebuild(write=False, seen=seen)]
    assert done[-1] == (SIZE, 0)
    assert list(search.rebuild())[-1].changed == 0
    assert set(SearchWord.objects.values_list("kind", "word")) == kept


def test_grade_sensitivity_day_and_place_follow_from_the_facts(incidents):
    for incident in incidents:
        rules.check(incident, at=incident.reported_at)
        given = rules.verification_of(incident.sources.all())
        assert given == (incident.verification_computed, incident.verification_rule)
        victims = incident.victimizations.all()
        assert rules.is_sensitive(incident, victims) == incident.is_sensitive
        kept = (incident.occurred_on, incident.district_id, incident.search_key)
        rules.settle(incident)
        assert (incident.occurred_on, incident.district_id, incident.search_key) == kept


def test_a_few_in_a_thousand_are_sensitive_and_for_every_reason(incidents):
    hidden = [incident for incident in incidents if incident.is_sensitive]
    assert 2 <= len(hidden) * 1000 / SIZE <= 20
    assert any(incident.type == "SXV" for incident in hidden)
    assert any(incident.staff_involved for incident in hidden)
    assert any(rules.is_minor(one) for incident in hidden for one in incident.victimizations.all())


def test_points_stand_with_every_precision_that_may_have_one(incidents):
    counted = {
        at: [i.lat is not None for i in incidents if i.geo_precision == at] for at in range(1, 5)
    }
    shares = {at: sum(found) / len(found) for at, found in counted.items()}
    assert shares[1] > shares[2] > shares[3] > shares[4] == 0


def test_the_clocks_are_those_the_services_open(incidents):
    for incident in incidents:
        response = getattr(incident, "response", None)
        if incident.workflow_state == "draft":
            assert response is None
            continue
        assert (response is not None) == clocks.is_urgent(incident), incident.type
        if response is not None:
            assert (response.started_at, response.late_notice) == clocks.start_of(incident)
            assert response.site_id == incident.site_id


def test_the_last_step_leads_to_the_state_of_the_record(incidents):
    for incident in incidents:
        steps = sorted(incident.steps.all(), key=lambda step: step.at)
        assert [step.from_state for step in steps] == ["", *[step.to_state for step in steps[:-1]]]
        assert steps[-1].to_state == incident.workflow_state
