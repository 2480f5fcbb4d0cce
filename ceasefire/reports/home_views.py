"""The home of each role, and the two addresses by which a supervisor watches the program."""

import secrets
import shutil
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ceasefire.local import guard
from ceasefire.people.access import everyone_signed_in
from ceasefire.people.roles import Role
from ceasefire.reports import account_blocks, blocks, grant_blocks
from ceasefire.reports.blocks import Block
from ceasefire.reports.models import WeeklyReport
from ceasefire.reports.presentation import ReportPage

#: Below this much free space the program can not be trusted to keep what it is given.
LEAST_FREE_BYTES = 100 * 1024 * 1024


@everyone_signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is due first, for the role of whoever asks."""
    user: Any = request.user
    shown = HOMES[Role(user.role)](user)
    may_log = user.has_perm("incidents.add_incident")
    return render(
        request,
        "reports/home.html",
        {"blocks": shown, "log_url": blocks.address("incidents:incident_new") if may_log else ""},
    )


def _field(user: Any) -> list[Block]:
    return [
        blocks.responses(user),
        blocks.own_records(user),
        blocks.newest(user),
        blocks.latest(blocks.latest_reports(user), user.digits),
    ]


def _supervisor(user: Any) -> list[Block]:
    reports = blocks.latest_reports(user)
    pages = [ReportPage(edition, digits=user.digits) for edition in reports[:1]]
    return [
        blocks.responses(user),
        blocks.review(user),
        blocks.returned(user),
        blocks.newest(user),
        *(blocks.unusual(page) for page in pages),
        blocks.latest(reports, user.digits),
    ]


def is_live(report: WeeklyReport) -> bool:
    """Whether a site still records, as against an imported history."""
    return not report.site.read_only


def _manager(user: Any) -> list[Block]:
    reports = blocks.latest_reports(user)
    pages = [
        ReportPage(edition, digits=user.digits) for edition in reports if is_live(edition.report)
    ]
    confirming = [account_blocks.second_person_needed(user)]
    return [
        *(block for block in confirming if block.value),
        blocks.drafts(user, _("Which reports wait for approval?")),
        blocks.alerts(pages),
        blocks.responses(user),
        blocks.review(user),
        *(blocks.unusual(page) for page in pages[:1]),
        *(block for block in confirming if not block.value),
        blocks.parked(user),
        blocks.latest(reports, user.digits),
    ]


def _data_officer(user: Any) -> list[Block]:
    reports = blocks.latest_reports(user)
    pages = [ReportPage(edition, digits=user.digits) for edition in reports[:1]]
    return [
        blocks.drafts(user, _("Which reports wait for words?"), untold=True),
        blocks.review(user),
        *(blocks.timeliness(page) for page in pages),
        *(blocks.certainty(page) for page in pages),
        blocks.imports(user),
        blocks.latest(reports, user.digits),
    ]


def _reo(user: Any) -> list[Block]:
    return [*_grants(user), blocks.shared(user)]


def _auditor(user: Any) -> list[Block]:
    return [blocks.trail(user), blocks.chain(user), *_grants(user)]


def _grants(user: Any) -> list[Block]:
    """What waits for a person with a duty, else how the grants stand; then what is late."""
    who = grant_blocks.officer_of(user)
    return [
        grant_blocks.waits_for_me(user, who) if who else grant_blocks.where_they_stand(user),
        grant_blocks.late_on_the_ground(user),
        grant_blocks.missing_papers(user, who),
    ]


def _administrator(user: Any) -> list[Block]:
    return [
        account_blocks.second_person_needed(user),
        blocks.expiring(),
        blocks.parked(user),
        blocks.sites(),
    ]


#: What each role is shown first; what is due stands first.
HOMES: dict[Role, Callable[[Any], list[Block]]] = {
    Role.INTERRUPTER: _field,
    Role.WORKER: _field,
    Role.SUPERVISOR: _supervisor,
    Role.MANAGER: _manager,
    Role.DATA_OFFICER: _data_officer,
    Role.REO_STAFF: _reo,
    Role.REO_VIEWER: _reo,
    Role.AUDITOR: _auditor,
    Role.ADMINISTRATOR: _administrator,
}


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
