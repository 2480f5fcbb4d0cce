"""The home of each role, and the two addresses by which a supervisor watches the program."""

import secrets
import shutil
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ceasefire.local import guard
from ceasefire.people.access import everyone_signed_in

#: Below this much free space the program can not be trusted to keep what it is given.
LEAST_FREE_BYTES = 100 * 1024 * 1024


@everyone_signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is due first, for the role of whoever asks."""
    return render(request, "reports/home.html", {})


@login_not_required
@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all; asks nothing of anybody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when a record could be kept now, 503 when not; never says why."""
    ready = (
        _database_writes() and _migrations_are_applied() and _keys_are_readable() and _has_room()
    )
    return HttpResponse(
        "ok\n" if ready else "not ready\n",
        content_type="text/plain",
        status=200 if ready else 503,
    )


for _view in (livez, readyz):
    _view.without_database = True  # type: ignore[attr-defined]


def _database_writes() -> bool:
    """Write a row and take it back: a read alone passes on a standby or a full disk."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO codes_counter (series, year, last) VALUES (%s, 0, 0)",
                    [f"readyz-{secrets.token_hex(6)}"],
                )
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True


def _migrations_are_applied() -> bool:
    try:
        return _all_applied()
    except (DatabaseError, LookupError):
        return False


@lru_cache(maxsize=1)
def _all_applied() -> bool:
    """True once and for all: the code of a process does not change. LookupError until then."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise LookupError
    return True


def _keys_are_readable() -> bool:
    try:
        guard.read_secret_key(settings.SECRET_KEY_FILE)
        guard.read_vault_keys(settings.VAULT_KEYS_FILE)
        guard.read_blind_index_key(settings.BLIND_INDEX_KEY_FILE)
    except (guard.KeyFileFault, OSError):
        return False
    return True


def _has_room() -> bool:
    try:
        return shutil.disk_usage(settings.DATA_DIR).free >= LEAST_FREE_BYTES
    except OSError:
        return False
