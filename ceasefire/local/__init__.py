"""The embedded services and the supervisor behind ``script/server`` and ``script/test``.

Finds or starts PostgreSQL and Redis/Valkey, migrates, starts web, worker and beat, and stops all
of it. Imports no Django and no other part of the project: it has to start in a moment, and it has
to be able to say in one line why the rest can not.
"""
