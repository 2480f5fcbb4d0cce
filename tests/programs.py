"""Starting the project's own programs beside a test, on the test's database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection


def environment(**more: str) -> dict[str, str]:
    """The environment of a program that works on the test database."""
    facts = connection.settings_dict
    who = quote(facts["USER"], safe="")
    if facts["PASSWORD"]:
        who += ":" + quote(facts["PASSWORD"], safe="")
    where = {
        "host": facts["HOST"] or facts["OPTIONS"].get("host", ""),
        "port": str(facts["PORT"] or facts["OPTIONS"].get("port", "")),
    }
    query = urlencode({key: value for key, value in where.items() if value})
    given = {
        "DATABASE_URL": f"postgres://{who}@/{facts['NAME']}?{query}",
        "CEASEFIRE_MODE": "demo",
        "CEASEFIRE_DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "ceasefire.settings",
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_OWNER_URL"}
    return inherited | given | more


def python(*arguments: str, **more: str) -> subprocess.Popen[bytes]:
    """Start Python with arguments in a process group of its own.

    What it says on standard error is shown with the test, should that fail.
    """
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=environment(**more),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )


def kill_group(program: subprocess.Popen[bytes]) -> None:
    """kill -9 of a program and all its children at one moment."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait(10)


@contextmanager
def running(*arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program for the length of a test; nothing of it is left afterwards."""
    program = python(*arguments, **more)
    try:
        yield program
    finally:
        kill_group(program)
