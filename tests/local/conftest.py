"""Servers of our own, apart from those the other tests share: these tests kill them."""

import os
import shutil

import pytest

from ceasefire.local import paths
from ceasefire.local.postgres import Postgres
from ceasefire.local.valkey import Valkey


def bare_environment(**more: str) -> dict[str, str]:
    """The environment of a person who set nothing."""
    ours = ("DATABASE_", "REDIS_", "CEASEFIRE_", "PG", "DJANGO_", "PYTEST_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {**env, **more}


@pytest.fixture
def layout(tmp_path):
    layout = paths.open_data_dir({"CEASEFIRE_DATA_DIR": str(tmp_path / "var")})
    yield layout
    if layout.sockets_link.is_symlink():
        shutil.rmtree(layout.sockets_link.resolve(), ignore_errors=True)


@pytest.fixture
def postgres(layout):
    server = Postgres(layout, paths.socket_dir(layout), bare_environment())
    server.start()
    server.prepare_roles()
    yield server
    server.stop()


@pytest.fixture
def valkey(layout):
    server = Valkey(layout, paths.socket_dir(layout), bare_environment())
    server.start()
    yield server
    server.stop()
