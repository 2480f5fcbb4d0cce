"""Filling tables at once: what is kept beside the rows is put aside and made again afterwards.

An index is built many times as quickly as it is kept up row by row, and a foreign key is checked by
one join instead of one look-up a row. Afterwards every index and constraint stands as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

#: Only for the rows of a benchmark: a crash may cost them, a larger sort makes indexes sooner.
_IN_HASTE = {"synchronous_commit": "off", "maintenance_work_mem": "1GB", "work_mem": "256MB"}


@contextmanager
def put_aside(cursor: Any, tables: Sequence[str], *, only: Sequence[str] = ()) -> Iterator[None]:
    """Drop the indexes and keys of tables, and the keys that point to them; make them again.

    With `only`, no more than the indexes of these names.
    As their owner. Check constraints and triggers stay in force. Interrupted outside a transaction,
    the tables stay bare.
    """
    _settle(cursor)
    for name, value in _IN_HASTE.items():
        cursor.execute(f"SET {name} = '{value}'")
    cursor.execute(
        """
        SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
               format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname,
                      pg_get_constraintdef(oid))
          FROM pg_constraint
         WHERE contype IN ('p', 'u', 'f')
           AND (conrelid = ANY (%(tables)s::regclass[])
                OR (contype = 'f' AND confrelid = ANY (%(tables)s::regclass[])))
         ORDER BY contype = 'f', conrelid::regclass::text, conname
        """,
        {"tables": list(tables)},
    )
    keys = cursor.fetchall()
    cursor.execute(
        """
        SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
          FROM pg_index
         WHERE indrelid = ANY (%s::regclass[])
           AND NOT EXISTS (SELECT FROM pg_constraint c
                            WHERE c.conindid = indexrelid AND c.contype IN ('p', 'u', 'x'))
           AND (%s OR indexrelid = ANY (%s::regclass[]))
         ORDER BY indrelid::regclass::text, indexrelid::regclass::text
        """,
        [list(tables), not only, list(only)],
    )
    indexes = cursor.fetchall()
    keys = [] if only else keys
    for drop, _make in [*reversed(keys), *indexes]:
        cursor.execute(drop)
    yield
    _settle(cursor)
    # The keys of rows first: the foreign ones need them.
    for _drop, make in [*indexes, *keys]:
        cursor.execute(make)
    for name in _IN_HASTE:
        cursor.execute(f"RESET {name}")


def _settle(cursor: Any) -> None:
    """Let nothing wait for the end of the transaction, or no table of it can be altered."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def standing(cursor: Any) -> set[tuple[str, str, str]]:
    """Every index, constraint and trigger of the database: (table, name, definition)."""
    cursor.execute(
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
               || CASE WHEN convalidated THEN '' ELSE ' NOT VALID' END
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION SELECT indrelid::regclass::text, indexrelid::regclass::text,
               pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END
          FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
         WHERE relnamespace = 'public'::regnamespace
        UNION SELECT tgrelid::regclass::text, tgname,
               pg_get_triggerdef(oid) || ' ' || tgenabled::text
          FROM pg_trigger WHERE NOT tgisinternal
        """
    )
    return set(cursor.fetchall())
