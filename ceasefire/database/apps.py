"""Steps down to the application's role on connect, and prepares the roles before migrations."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_migrate

from ceasefire.database import roles


def step_down(connection: Any, **kwargs: Any) -> None:
    """Give up the owner's rights for the life of this connection.

    Only where one sign-in serves both (demo on a given DATABASE_URL, and tests): in production the
    web and the worker sign in as the application itself.
    """
    if settings.STEP_DOWN and roles.stepping_down:
        roles.become_application(connection)


def prepare(using: str = "default", **kwargs: Any) -> None:
    """Make the roles and what they may do by default, once a migration run (by the owner)."""
    from django.db import connections

    with connections[using].cursor() as cursor:
        roles.prepare_roles(cursor)


class DatabaseConfig(AppConfig):
    name = "ceasefire.database"
    label = "database"

    def ready(self) -> None:
        connection_created.connect(step_down, dispatch_uid="database.step_down")
        pre_migrate.connect(prepare, sender=self, dispatch_uid="database.prepare")
