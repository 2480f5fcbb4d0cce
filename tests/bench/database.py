"""A database for a benchmark: made by the owner, used under the application's role.

One of its own that is gone afterwards; or, by name on the same server, one that is filled once and
measured as often as wanted (`--keep`, `--reuse`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Stands in the comment of a database that may be measured; what is in it, behind that.
MARK = "Ceasefire benchmark: "


class Unfit(Exception):
    """The named database can not be kept or used again."""


@contextmanager
def throw_away_database() -> Iterator[None]:
    """The test database with every migration, gone afterwards."""
    _begin()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    from ceasefire.database import roles

    roles.stepping_down = False
    made = setup_databases(verbosity=0, interactive=False)
    connections.close_all()
    roles.stepping_down = True
    try:
        yield
    finally:
        roles.stepping_down = False
        connections.close_all()
        teardown_databases(made, verbosity=0)
        roles.stepping_down = True


@contextmanager
def kept_database(name: str, *, new: bool) -> Iterator[None]:
    """The database of that name, made now or by an earlier run, with every migration; it stays.

    A new one must not exist; one used again must have been filled to the end (`filled`).
    """
    _begin()
    from django.core.management import call_command
    from django.db import connection, connections

    from ceasefire.database import roles

    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [name],
        )
        known = cursor.fetchone()
        if new and known:
            raise Unfit(f"The database {name} is there already: take another name, or drop it.")
        if not new and not (known and (known[0] or "").startswith(MARK)):
            raise Unfit(f"{name} is no database that a benchmark filled to its end.")
        if new:
            cursor.execute(f"CREATE DATABASE {roles.quoted(name)} TEMPLATE template0")
    before = connection.settings_dict["NAME"]
    roles.stepping_down = False
    connections.close_all()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        connections.close_all()
        roles.stepping_down = True
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = before
        roles.stepping_down = True


def filled(what: str) -> None:
    """Write into this database that it is filled, and with what."""
    from django.db import connection

    from ceasefire.database import roles

    name = roles.quoted(connection.settings_dict["NAME"])
    with roles.as_owner(connection), connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON DATABASE {name} IS %s", [MARK + what])


def crowded(size: int, *, keep: str = "", reuse: str = "") -> Any:
    """A context with a database of `size` incidents, or with that of `reuse`; gives the crowd."""
    from tests.bench import crowd

    @contextmanager
    def work() -> Iterator[Any]:
        if reuse:
            with kept_database(reuse, new=False):
                yield crowd.found()
        elif keep:
            with kept_database(keep, new=True):
                made = crowd.fill(size)
                filled(f"{size:,} incidents")
                yield made
        else:
            with throw_away_database():
                yield crowd.fill(size)

    return work()


def _begin() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")
    import django

    django.setup()
