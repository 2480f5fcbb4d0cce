"""Migrations of a table that is in use: run again after they were stopped, and to the same end."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import IntegrityError, connection, models
from django.db.migrations.operations import AddField, CreateModel
from django.db.migrations.state import ProjectState

from ceasefire.database import roles
from ceasefire.database.operations import BuildIndex, Once
from incidents.models import Incident, SearchWord, Victimization
from tests.bench.upkeep import standing

SEARCH = import_module("incidents.migrations.0010_search")


@pytest.fixture
def tables(django_db_setup: Any, db: None) -> Any:
    """The tables as their owner has them, in the test's own transaction."""
    with roles.as_owner(connection):
        yield


class TestHidingWhatWasOpen:
    VICTIMS = [
        ({"harm": "sexual", "age": 30}, True, "sexual violence"),
        ({"harm": "injured", "age": 17}, True, "a minor by age"),
        ({"harm": "injured", "age_band": "0-11"}, True, "a minor by age group"),
        ({"harm": "injured", "roles": ["child"]}, True, "a child"),
        ({"harm": "injured", "age": 30, "age_band": "12-17"}, False, "the age is known"),
        ({"harm": "injured"}, False, "of unknown age"),
        ({"harm": "killed", "age": 18}, False, "of age"),
    ]

    def test_it_marks_what_the_rule_marks_and_in_parts(self, tables, log):
        made = []
        with connection.cursor() as cursor:
            for table in ("incidents_incident", "incidents_victimization"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for facts, hidden, why in self.VICTIMS:
            incident = log()
            Victimization.objects.create(incident=incident, **facts)
            made.append((incident.pk, hidden, why))
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in ("incidents_incident", "incidents_victimization"):
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        with connection.schema_editor(atomic=False) as editor:
            for _turn in range(2):
                SEARCH.hide_what_was_open(apps, editor, size=2)
        for pk, hidden, why in made:
            assert Incident.objects.get(pk=pk).is_sensitive is hidden, why

    def test_the_triggers_stand_before_it_reads(self):
        named = [getattr(one, "sql", getattr(one, "code", None)) for one in operations()]
        assert named.index(SEARCH.MINORS) < named.index(SEARCH.hide_what_was_open)

    def test_the_triggers_may_be_made_again(self, tables):
        with connection.cursor() as cursor:
            before = standing(cursor)
            for statement in (SEARCH.MINORS, SEARCH.FUNCTION):
                cursor.execute(statement)
            assert standing(cursor) == before


def operations() -> list[Any]:
    return list(SEARCH.Migration.operations)


def test_a_step_that_was_done_is_left_out_and_the_models_know_of_it(tables):
    state = ProjectState.from_apps(apps)
    state.remove_field("incidents", "incident", "source_key")
    after = state.clone()
    step = next(one for one in operations() if isinstance(one, Once))
    assert isinstance(step.state_operations[0], AddField)
    step.state_forwards("incidents", after)
    with connection.schema_editor(atomic=False) as editor, connection.cursor() as cursor:
        before = standing(cursor)
        step.database_forwards("incidents", editor, state, after)
        assert standing(cursor) == before
    assert "source_key" in after.models["incidents", "incident"].fields


def test_a_new_table_has_its_indexes_at_once(tables):
    """Were they left to the end, a migration that stops before would never make them."""
    step = [one for one in operations() if isinstance(one, Once)][1]
    assert isinstance(step.state_operations[0], CreateModel)
    state = ProjectState.from_apps(apps)
    state.remove_model("incidents", "searchword")
    after = state.clone()
    step.state_forwards("incidents", after)
    with connection.schema_editor(atomic=False) as editor, connection.cursor() as cursor:
        before = {one for one in standing(cursor) if one[0] == "incidents_searchword"}
        cursor.execute("DROP TABLE incidents_searchword")
        step.database_forwards("incidents", editor, state, after)
        assert not editor.deferred_sql
        assert {one for one in standing(cursor) if one[0] == "incidents_searchword"} == before


def test_no_index_of_a_table_in_use_locks_it():
    for name in ("0004_indexes_by_site", "0010_search", "0011_map"):
        migration = import_module(f"incidents.migrations.{name}").Migration
        assert not migration.atomic
        for operation in migration.operations:
            if "index" in type(operation).__name__.lower():
                assert isinstance(operation, BuildIndex | RemoveIndexConcurrently)


@pytest.mark.django_db(transaction=True)
def test_an_index_whose_building_was_interrupted_is_built_anew():
    operation = BuildIndex("searchword", models.Index(fields=["word"], name="search_again"))
    state = ProjectState.from_apps(apps)
    after = state.clone()
    operation.state_forwards("incidents", after)
    SearchWord.objects.bulk_create([SearchWord(word="twice", kind="w", keys=[])] * 2)
    with roles.as_owner(connection), connection.cursor() as cursor:
        try:
            # A build that finds two rows alike stops and leaves an index that is not valid.
            with pytest.raises(IntegrityError):
                cursor.execute(
                    "CREATE UNIQUE INDEX CONCURRENTLY search_again ON incidents_searchword (word)"
                )
            for _turn in range(2):
                with connection.schema_editor(atomic=False) as editor:
                    operation.database_forwards("incidents", editor, state, after)
                cursor.execute(
                    "SELECT indisvalid, indisunique FROM pg_index"
                    " WHERE indexrelid = 'search_again'::regclass"
                )
                assert cursor.fetchone() == (True, False)
        finally:
            cursor.execute("DROP INDEX IF EXISTS search_again")
