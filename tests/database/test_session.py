"""Who is asking, as PostgreSQL knows it: the wall stands in the database, not in a template."""

import pytest
from django.db import ProgrammingError, connection, transaction

from ceasefire.database.operations import Access
from ceasefire.database.session import acting, acting_user, as_system
from ceasefire.people.roles import Role


def one(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_a_worker_acts_under_the_applications_role_and_their_own_name(worker):
    with acting(worker):
        assert one("SELECT current_user") == "ceasefire_app"
        assert one("SELECT current_setting('app.user_id')") == str(worker.pk)
        assert acting_user() == worker
    assert acting_user() is None


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_person_stays_on_the_connection(worker, make_user):
    with acting(make_user(Role.REO_VIEWER)):
        assert one("SELECT current_user") == "ceasefire_reo"

    assert one("SELECT current_user") == "ceasefire_app"
    assert not one("SELECT current_setting('app.user_id', true)")


@pytest.mark.django_db(transaction=True)
def test_an_inner_session_gives_the_outer_one_back(worker, make_user):
    with as_system():
        with acting(make_user(Role.REO_VIEWER)):
            assert one("SELECT current_user") == "ceasefire_reo"
        assert one("SELECT current_user") == "ceasefire_app"
        with pytest.raises(RuntimeError), acting(make_user(Role.REO_VIEWER)):
            raise RuntimeError
        assert one("SELECT current_user") == "ceasefire_app"


#: What REO may do, table by table. A right that is not here fails the test: write it
#: down only after asking what it lets an embassy see.
REO_RIGHTS = {
    ("audit_auditevent", "INSERT"),  # what they do and read is recorded
    ("reports_sharedweeklyreport", "SELECT"),
}


@pytest.mark.django_db
def test_reo_holds_the_rights_written_here_and_no_other():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name, privilege_type FROM information_schema.table_privileges
            WHERE grantee IN ('ceasefire_reo', 'PUBLIC') AND table_schema = 'public'
            UNION
            SELECT table_name, privilege_type FROM information_schema.column_privileges
            WHERE grantee IN ('ceasefire_reo', 'PUBLIC') AND table_schema = 'public'
            """
        )
        found = {(table, right) for table, right in cursor.fetchall()}

    assert found == REO_RIGHTS


@pytest.mark.django_db(transaction=True)
def test_raw_sql_under_reos_role_is_refused_on_every_other_table(make_user):
    viewer = make_user(Role.REO_VIEWER)
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    open_tables = {table for table, right in REO_RIGHTS if right == "SELECT"}
    assert len(tables) > 30
    for table in tables:
        if table in open_tables:
            continue
        with pytest.raises(ProgrammingError, match="permission denied"), acting(viewer):
            one(f'SELECT count(*) FROM "{table}"')


@pytest.mark.django_db
def test_the_application_owns_nothing_and_is_no_superuser():
    assert one("SELECT current_user") == "ceasefire_app"
    assert (
        one("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") is False
    )
    assert one("SELECT count(*) FROM pg_tables WHERE tableowner = 'ceasefire_app'") == 0
    with pytest.raises(ProgrammingError), transaction.atomic():
        one("CREATE TABLE mine (id int)")


def test_a_migrations_rights_survive_being_written_out():
    operation = Access("places_place", app="SELECT", reo="")

    assert operation.deconstruct() == ("Access", ["places_place"], {"app": "SELECT", "reo": ""})
