"""A database of its own for a benchmark: made by the owner, used under the application's role."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def throw_away_database() -> Iterator[None]:
    """The test database with every migration, gone afterwards."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")
    import django

    django.setup()
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
