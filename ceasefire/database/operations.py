"""Migration operations: a table says who may do what with it; what was interrupted goes on."""

import itertools
from typing import Any

from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, transaction
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


class SetDown(migrations.SeparateDatabaseAndState):
    """Tables, columns, constraints and indexes in a row, for which the models are read once.

    After each operation Django makes every model again that has to do with the changed one, which
    took most of the time of a first start. These need only know how the models are at their end:
    a new table is made with all that the row gives it.
    """

    def __init__(self, operations: list[Any]) -> None:
        super().__init__(database_operations=operations, state_operations=operations)

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.__dict__.pop("apps", None)  # made from the state again when it is asked for
        super().state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        made = set()
        operation: Any
        for operation in self.database_operations:
            if isinstance(operation, migrations.CreateModel):
                made.add(operation.name_lower)
            elif operation.model_name_lower in made:
                continue  # the table was made with it
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "; ".join(operation.describe() for operation in self.database_operations)


class QuickMigration(migrations.Migration):
    """A migration that sets its new tables, columns, constraints and indexes down row by row."""

    _PLAIN = (
        migrations.CreateModel,
        migrations.AddField,
        migrations.AddConstraint,
        migrations.AddIndex,
    )

    def __init__(self, name: str, app_label: str) -> None:
        super().__init__(name, app_label)
        found: list[Operation] = []
        for plain, row in itertools.groupby(self.operations, lambda one: type(one) in self._PLAIN):
            operations = list(row)
            several = plain and len(operations) > 1
            found += [SetDown(operations)] if several else operations
        vars(self)["operations"] = found


class Once(migrations.SeparateDatabaseAndState):
    """Operations of a migration without a transaction, done together or not at all.

    `done` is a question that finds a row where an earlier run, stopped later on, did them already:
    then only the models' state is changed. What Django puts off to the end of a migration (indexes
    and keys of a new table) is done at once, or a run that stops would leave it undone.
    """

    def __init__(self, done: str, *operations: Operation) -> None:
        super().__init__(database_operations=operations, state_operations=operations)
        self.done = done

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.done, *self.state_operations], {}

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if not schema_editor.collect_sql:
            with schema_editor.connection.cursor() as cursor:
                cursor.execute(self.done)
                # Such a row may have no column at all.
                if cursor.fetchone() is not None:
                    return
        with transaction.atomic(using=schema_editor.connection.alias):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            while schema_editor.deferred_sql:
                schema_editor.execute(schema_editor.deferred_sql.pop(0), None)


class BuildIndex(AddIndexConcurrently):
    """An index built beside the work that goes on; what an interrupted build left goes first."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        built = None
        if not schema_editor.collect_sql:
            with schema_editor.connection.cursor() as cursor:
                cursor.execute(
                    "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)",
                    [quoted(self.index.name)],
                )
                built = cursor.fetchone()
        if built and built[0]:
            return
        if built:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY {quoted(self.index.name)}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)
