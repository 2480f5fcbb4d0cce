"""The demonstration in a database of its own, and the program that serves it.

The test database is emptied after tests that commit, so the demo is loaded once into a copy of it
(`CREATE DATABASE ... TEMPLATE`) by the real command, and kept for the whole run. Browser tests meet
it through a real gunicorn and leave traces in it; `demo_connection` points Django itself at a copy
that nobody served, `served_connection` at the one that is served.

Addresses of pages name records of the demo in braces: `/grants/{grant_active}/money/`. Of grants:
`{grant_draft}`, `{grant_pending_approval}` … one in each of the 17 states, and one a story of
`grants.demo.words.PLANS` by its key (`{grant_dinars}`), all by their number; `{fund}` and
`{organisation}` by code; `{organisation_id}`, `{vendor_id}`, `{payment}` (waits to be certified),
`{payment_paid}`, `{tranche}`, `{document}`, `{amendment}` (open), `{finding}` (open), `{visit}`,
`{report_due}`, `{indicator}`, `{rate}` (waits for its second person), `{rule}`, `{seat}`,
`{fund_id}`, `{list}` and `{run}` (of `{grant_hits}`, with an open hit of number 1) by key.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from django.conf import settings
from django.db import connection, connections

from ceasefire.database import roles as database_roles
from tests import programs

PASSWORD = "demo password of the tests"
#: Enough for five years of weeks with something in most of them, few enough to load in seconds.
ROWS = 1500


@dataclass(frozen=True)
class World:
    """Where the program answers, and the records that pages are about."""

    address: str
    #: One of Basrah Centre in each state that the demo holds: {state: code}; "photo": a key.
    incidents: dict[str, str]
    #: Addresses of weekly reports: "frozen" and "draft".
    reports: dict[str, str]
    #: Grants and what hangs on them; the keys are told at the top.
    grants: dict[str, str]

    def url(self, path: str) -> str:
        return self.address + path.format(**self.incidents, **self.reports, **self.grants)


def _command(name: str, *arguments: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", name, *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"manage.py {name}: {done.stderr[-2000:]}"


def _sql_as_owner(*statements: str) -> None:
    """Run statements that no transaction may hold, as the owner."""
    before, database_roles.stepping_down = database_roles.stepping_down, False
    connections.close_all()
    try:
        with connection._nodb_cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        database_roles.stepping_down = before
        connections.close_all()


def _environment(name: str) -> dict[str, str]:
    """That of the program on the demo's database, as anybody would start it (no test settings)."""
    here = connection.settings_dict["NAME"]
    environment = programs.environment(CEASEFIRE_DEMO_PASSWORD=PASSWORD)
    environment["DATABASE_URL"] = environment["DATABASE_URL"].replace(f"/{here}?", f"/{name}?")
    for leaked in ("PYTEST_CURRENT_TEST", "CEASEFIRE_TODAY", "DJANGO_ALLOW_ASYNC_UNSAFE"):
        environment.pop(leaked, None)
    return environment


@pytest.fixture(scope="session")
def demo_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The name of a database that holds the demo with a few compiled weeks."""
    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_demo"
        quoted = f'"{name}"'
        template = f'"{connection.settings_dict["NAME"]}"'
        # Tests that committed and were not emptied yet must not stand in the way of the demo.
        from tests.conftest import empty_tables

        empty_tables()
        _sql_as_owner(
            f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)",
            f"CREATE DATABASE {quoted} TEMPLATE {template}",
        )
    environment = _environment(name)
    _command("demo", "--rows", str(ROWS), **environment)
    yield name
    with django_db_blocker.unblock():
        _sql_as_owner(
            *(f'DROP DATABASE IF EXISTS "{one}" WITH (FORCE)' for one in (name, _kept(name)))
        )


def _kept(name: str) -> str:
    """The name of the copy of the demo that no browser writes to."""
    return f"{name}_kept"


@pytest.fixture(scope="session")
def demo_records(demo_database: str, django_db_blocker: Any) -> dict[str, dict[str, str]]:
    """Compile the last two weeks, approve the earlier one, and say which records pages show."""
    from ceasefire import periods
    from ceasefire.attachments.models import Attachment
    from ceasefire.database.session import as_system
    from ceasefire.oversight import place_services
    from ceasefire.people.models import User
    from ceasefire.periods import Week
    from ceasefire.places.models import Site, Zone
    from ceasefire.reports import services
    from incidents.models import Incident

    with django_db_blocker.unblock(), pointed_at(demo_database):
        site = Site.objects.get(code="BASRAH-CENTRE")
        manager = User.objects.get(username="manager")
        last = Week.of(periods.today(), site.week_start).previous()
        with as_system():
            frozen = services.compile_week(site=site, week_start=last.previous().start)
            services.freeze_report(frozen, by=manager)
            draft = services.compile_week(site=site, week_start=last.start)
        incidents: dict[str, str] = {}
        for state, code in Incident.objects.filter(site=site).values_list("workflow_state", "code"):
            incidents.setdefault(state, code)
        history = Incident.objects.filter(site__code="BASRAH-HISTORY").first()
        incidents["history"] = history.code if history else ""
        here = Incident.objects.filter(site=site)
        hidden = here.filter(is_sensitive=True, submitted_at__isnull=False).first()
        incidents["sensitive"] = hidden.code if hidden else ""
        photo = Attachment.objects.filter(subject_key__in=here).first()
        incidents["photo"] = str(photo.pk) if photo else ""
        grants = _of_grants()
        with as_system():
            incidents["export"] = str(_file_asked_for(manager).pk)
            incidents["import"] = str(_imported_twins(site).pk)
            zones = [
                Zone.objects.create(site=site, code=code, name_en=f"{word} beat", name_ar="منطقة")
                for code, word in (("OPEN-1", "Open"), ("CLOSED-1", "Closed"))
            ]
            place_services.close_zone(zones[1], by=User.objects.get(username="admin"))
        reports = {
            "frozen_report": frozen.get_absolute_url(),
            "draft_report": draft.get_absolute_url(),
        }
    with django_db_blocker.unblock():
        kept = _kept(demo_database)
        _sql_as_owner(
            f'DROP DATABASE IF EXISTS "{kept}" WITH (FORCE)',
            f'CREATE DATABASE "{kept}" TEMPLATE "{demo_database}"',
        )
    return {"incidents": incidents, "reports": reports, "grants": grants}


def _of_grants() -> dict[str, str]:
    """The records of grants that pages are about."""
    from grants import models
    from grants.demo.words import PLANS

    refs = dict(models.Grant.objects.order_by("ref").values_list("title_en", "ref"))
    found = {
        f"grant_{state.lower()}": ref
        for state, ref in models.Grant.objects.order_by("ref").values_list("state", "ref")
    } | {f"grant_{plan.key}": refs[plan.title_en] for plan in PLANS}
    active = models.Grant.objects.get(ref=found["grant_active"])
    waiting = active.payments.get(state="REQUESTED")
    found |= {
        "fund": active.fund.code,
        "fund_id": active.fund_id,
        "organisation": active.grantee.code,
        "organisation_id": active.grantee_id,
        "vendor_id": active.implementer_id,
        "payment": waiting.pk,
        "payment_paid": active.payments.filter(state="PAID").first().pk,
        "tranche": waiting.tranche_id,
        "document": active.documents.first().pk,
        "amendment": models.Amendment.objects.filter(state="OPEN").first().pk,
        "finding": active.findings.filter(closed_at__isnull=True).first().pk,
        "visit": active.visits.first().pk,
        "report_due": active.reports.filter(accepted_at__isnull=True).first().pk,
        "indicator": active.indicators.first().pk,
        "rate": models.ExchangeRate.objects.filter(confirmed_at__isnull=True).first().pk,
        "rule": active.fund.rules.first().pk,
        "seat": active.fund.seats.first().pk,
        "list": models.ScreeningList.objects.order_by("-dated").first().pk,
        "run": models.ScreeningRun.objects.get(grant__ref=found["grant_hits"], hit_count=1).pk,
    }
    return {key: str(value) for key, value in found.items()}


def _file_asked_for(person: Any) -> Any:
    """A file for a worker to make; none runs here, so it goes on waiting."""
    from ceasefire.places.models import Place
    from incidents import export_files
    from incidents.forms.filters import IncidentFilter

    filters = IncidentFilter(
        {}, user=person, sites=list(person.sites.all()), places=Place.objects.none()
    )
    assert filters.is_valid()
    return export_files.ask(format="xlsx", filters=filters, language="en", by=person)


def _imported_twins(site: Any) -> Any:
    """An import of two rows that tell of one event, and the pair that a worker found."""
    from ceasefire import periods
    from incidents import importing
    from incidents.importing import pairs
    from tests.incidents.files_to_import import table

    row = {
        "occurred_from": (periods.today() - timedelta(days=70)).isoformat(),
        "method": "shooting",
        "place_type": "street",
        "killed_best": "2",
        "summary": "Two men shot in front of a bakery by riders of a motorcycle",
    }
    rows = [{**row, "source_id": f"TWIN-{number}"} for number in (1, 2)]
    outcome = importing.import_file(table(*rows), format="table", site=site, by=None)
    assert outcome.done, outcome.problems
    assert pairs.find_pairs(outcome.batch) >= 1
    return outcome.batch


class pointed_at:  # noqa: N801 - used as a verb
    """Django's connection on another database for a while."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        connections.close_all()
        self.before = connection.settings_dict["NAME"]
        connection.settings_dict["NAME"] = self.name

    def __exit__(self, *problem: Any) -> None:
        connections.close_all()
        connection.settings_dict["NAME"] = self.before


@pytest.fixture(scope="module")
def demo_connection(
    demo_database: str, demo_records: dict[str, dict[str, str]], django_db_blocker: Any
) -> Iterator[dict[str, dict[str, str]]]:
    """Every test of the module works on the untouched demo, each rolled back at its end."""
    with django_db_blocker.unblock(), pointed_at(_kept(demo_database)):
        yield demo_records


@pytest.fixture(scope="module")
def served_connection(
    demo_world: World, demo_database: str, django_db_blocker: Any
) -> Iterator[None]:
    """Every test of the module reads and writes what the program serves; nothing is rolled back."""
    with django_db_blocker.unblock(), pointed_at(demo_database):
        yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def demo_world(
    demo_database: str, demo_records: dict[str, dict[str, str]], tmp_path_factory: Any
) -> Iterator[World]:
    """The program at work on the demo, served as `script/server` serves it."""
    _command("collectstatic", "--noinput", "-v0", **_environment(demo_database))
    said = tmp_path_factory.mktemp("gunicorn") / "log"
    with serving(demo_database, said) as address:
        yield World(address, **demo_records)


@contextmanager
def serving(
    database: str, said: Path, application: str = "ceasefire.wsgi:application"
) -> Iterator[str]:
    """A server of the program on a database: its address, as long as it is asked for."""
    port = free_port()
    with said.open("wb") as log:
        program = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", application),
                *(f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--workers=1"),
                *("--threads=8", "--no-control-socket", "--log-level=warning"),
            ],
            cwd=settings.BASE_DIR,
            env=_environment(database),
            start_new_session=True,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_ready(program, address, said)
            yield address
        finally:
            programs.kill_group(program)
    text = said.read_text(encoding="utf-8", errors="replace")
    if os.environ.get("CI") and "Traceback" in text:
        raise AssertionError(f"The program failed while it was looked at:\n{text[-4000:]}")


def _wait_until_ready(program: Any, address: str, said: Any) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert program.poll() is None, said.read_text(encoding="utf-8", errors="replace")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("The program does not get ready: " + said.read_text(errors="replace"))
