"""The migration operation by which a table says who may do what with it."""

from typing import Any

from django.conf import settings
from django.db.migrations.operations.base import Operation

from ceasefire.database.roles import quoted

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


class Access(Operation):
    """Open `table` to the application and, if at all, to REO; everything else is taken away.

    Every migration of ours that makes a table holds one (tests/test_architecture.py). REO begins
    with nothing: a right for REO stands here, in the migration, where a reviewer sees it.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, app: str = EVERYTHING, reo: str = "") -> None:
        self.table = table
        self.app = app
        self.reo = reo

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.table], {"app": self.app, "reo": self.reo}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Rights are no part of the models' state."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        table, app, reo = (
            quoted(self.table),
            quoted(settings.APP_ROLE),
            quoted(settings.REO_ROLE),
        )
        schema_editor.execute(f"REVOKE ALL ON {table} FROM PUBLIC, {app}, {reo}")
        if self.app:
            schema_editor.execute(f"GRANT {self.app} ON {table} TO {app}")
        if self.reo:
            schema_editor.execute(f"GRANT {self.reo} ON {table} TO {reo}")

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """The table goes with the migration; nothing to take back."""

    def describe(self) -> str:
        return f"Rights on {self.table}: application {self.app or 'none'}, REO {self.reo or 'none'}"
