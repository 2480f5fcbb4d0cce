"""The database's roles: owner (migrations), application, REO.

The application's role may read and write ordinary tables, makes none and owns none. The REO role
begins with no right on any table at all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection as default_connection

#: False only while the test database is made or emptied, which the owner does.
stepping_down = True


def quoted(name: str) -> str:
    """A role or table name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def prepare_roles(cursor: Any) -> None:
    """Make the two roles where they are missing and set what new tables give them.

    Needs the owner's sign-in, with CREATEROLE only where the roles do not exist yet. Safe to run
    again, and by two installations on one server at once.
    """
    for role in (settings.APP_ROLE, settings.REO_ROLE):
        cursor.execute(
            f"""
            DO $$ BEGIN
              IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                CREATE ROLE {quoted(role)} NOLOGIN;
              END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$
            """
        )
    app, reo = quoted(settings.APP_ROLE), quoted(settings.REO_ROLE)
    # Since PostgreSQL 16 who makes a role is its member without being allowed to step into it.
    cursor.execute("SELECT current_setting('server_version_num')::int >= 160000")
    may_become = "SET" if cursor.fetchone()[0] else "MEMBER"
    cursor.execute(
        "SELECT pg_has_role(current_user, %s, %s), pg_has_role(%s, %s, 'MEMBER')",
        [settings.APP_ROLE, may_become, settings.APP_ROLE, settings.REO_ROLE],
    )
    owner_is_app, app_is_reo = cursor.fetchone()
    if settings.ONE_SIGN_IN and not owner_is_app:
        cursor.execute(f"GRANT {app} TO current_user")
    if not app_is_reo:
        cursor.execute(f"GRANT {reo} TO {app}")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {app}, {reo}")
    # Django's own and other people's tables: the application works with them, REO does not.
    cursor.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}"
    )
    cursor.execute(
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}"
    )
    # For every schema: a default of one schema only adds, and would not take PUBLIC's right away.
    cursor.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    _close_functions(cursor)
    cursor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {app}")


def _close_functions(cursor: Any) -> None:
    """Take PUBLIC's right from functions of ours that were made before the default was set."""
    cursor.execute(
        """
        DO $$ DECLARE made regprocedure; BEGIN
          FOR made IN
            SELECT p.oid FROM pg_proc p
             WHERE pronamespace = 'public'::regnamespace
               AND pg_has_role(current_user, proowner, 'USAGE')
               AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner)))
                            WHERE grantee = 0)
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e' AND d.objid = p.oid
                                  AND d.classid = 'pg_proc'::regclass)
          LOOP
            EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', made);
          END LOOP;
        END $$
        """
    )


def become_application(connection: Any) -> None:
    """Step down for the whole session; a rolled-back transaction does not undo it.

    When the role does not exist yet (before the first migration) the connection is closed to
    everything but the schema check, since nothing is there to be read.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.APP_ROLE])
        if cursor.fetchone():
            cursor.execute(f"SET SESSION ROLE {quoted(settings.APP_ROLE)}")


@contextmanager
def as_owner(connection: Any = default_connection) -> Iterator[None]:
    """Work as the signed-in owner for a moment. For tests and the demo's first load only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        before = cursor.fetchone()[0]
        cursor.execute("RESET ROLE")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION ROLE {quoted(before)}")
