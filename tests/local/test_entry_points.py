"""`CEASEFIRE_MODE` counts for every way in, not only for `script/server`."""

import base64
import os
import subprocess
import sys

import pytest

from ceasefire.local.postgres import OWNER
from tests.local.conftest import bare_environment

pytestmark = pytest.mark.process

WAYS_IN = {
    "script/server": ["-m", "ceasefire.local"],
    "manage.py": ["manage.py", "verify_audit"],
    "runserver": ["manage.py", "runserver", "--noreload", "0"],
    "wsgi": ["-c", "import ceasefire.wsgi"],
    "worker": ["-m", "celery", "-A", "ceasefire", "worker", "--pool=solo"],
    "beat": ["-m", "celery", "-A", "ceasefire", "beat", "--pidfile="],
}


@pytest.fixture
def production(tmp_path):
    def key() -> str:
        return base64.b64encode(os.urandom(32)).decode()

    (tmp_path / "var").mkdir()
    (tmp_path / "secret").write_text("x7" + key() * 2)
    (tmp_path / "vault").write_text(f"2026:{key()}\n")
    (tmp_path / "blind").write_text(key())
    for name in ("secret", "vault", "blind"):
        (tmp_path / name).chmod(0o600)
    return bare_environment(
        CEASEFIRE_MODE="production",
        CEASEFIRE_DATA_DIR=str(tmp_path / "var"),
        SECRET_KEY_FILE=str(tmp_path / "secret"),
        VAULT_KEYS_FILE=str(tmp_path / "vault"),
        BLIND_INDEX_KEY_FILE=str(tmp_path / "blind"),
        ALLOWED_HOSTS="ceasefire.example.org",
        DATABASE_URL="postgres://app@/x?host=/nowhere",
        DATABASE_OWNER_URL="postgres://owner@/x?host=/nowhere",
        REDIS_URL="redis+socket:///nowhere/valkey.sock",
    )


def refusals(way: str, env: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, *WAYS_IN[way]], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if "refused to start" in line]


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_missing_secret_is_refused_at_every_way_in(production, way):
    del production["VAULT_KEYS_FILE"]

    (line,) = refusals(way, production)

    assert "VAULT_KEYS_FILE is missing" in line


@pytest.mark.parametrize("way", ["manage.py", "runserver", "wsgi", "worker", "beat"])
def test_the_owners_sign_in_is_refused_at_every_way_in(production, postgres, way):
    production["DATABASE_URL"] = production["DATABASE_OWNER_URL"] = postgres.url(OWNER)

    (line,) = refusals(way, production)

    assert "owns the database" in line


def test_a_process_without_the_owners_sign_in_does_not_migrate(production):
    production["DATABASE_OWNER_URL"] = "withheld"
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--check"],
        env=production,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "without the owner's sign-in" in line


@pytest.mark.parametrize(
    ("asked", "preload"), [({}, False), ({"CEASEFIRE_HSTS_PRELOAD": "1"}, True)]
)
def test_https_is_kept_and_preloaded_only_where_that_was_asked(production, asked, preload):
    show = (
        "from ceasefire import settings as s; print(s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_PRELOAD)"
    )
    done = subprocess.run(
        [sys.executable, "-c", show], env={**production, **asked}, capture_output=True, text=True
    )

    assert done.stdout.split() == ["31536000", str(preload)]


def test_gunicorn_gives_up_instead_of_starting_its_workers_for_ever(production):
    del production["SECRET_KEY_FILE"]
    command = [sys.executable, "-m", "gunicorn", "ceasefire.wsgi", "--bind=127.0.0.1:0"]
    done = subprocess.run(
        [*command, "--no-control-socket"], env=production, capture_output=True, timeout=60
    )

    assert done.returncode == 3
    assert b"SECRET_KEY_FILE is missing" in done.stderr
