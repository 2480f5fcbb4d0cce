"""The two servers together, given or embedded, and the addresses that programs get."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ceasefire.local import paths
from ceasefire.local.faults import StartFault
from ceasefire.local.postgres import APPLICATION, OWNER, Postgres
from ceasefire.local.valkey import Valkey


class Lock:
    """Held by the one program that works on a data folder; the kernel lets go of it with us."""

    def __init__(self, layout: paths.Layout) -> None:
        self.layout = layout
        self._file: Any = None

    def take(self, about: str) -> None:
        """Take the lock and leave word of who holds it, or say who does."""
        # Opened without cutting it: a refused second copy must not wipe the holder's word.
        handle = os.open(self.layout.lock, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(handle, "r+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise StartFault(
                f"Ceasefire already runs on the data folder {self.layout.data} ({holder}):"
                " stop it first, or set CEASEFIRE_DATA_DIR and PORT."
            ) from error
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()}, {about}\n")
        self._file.flush()

    def release(self) -> None:
        """Let go."""
        if self._file is not None and not self._file.closed:
            self._file.truncate(0)
            self._file.close()


class Services:
    """PostgreSQL and Valkey for one data folder; what an address is given for is not started."""

    def __init__(
        self, layout: paths.Layout, env: Mapping[str, str], *, flushes: bool = True
    ) -> None:
        self.layout = layout
        self.env = dict(env)
        given_database = bool(self.env.get("DATABASE_URL", "").strip())
        given_redis = bool(self.env.get("REDIS_URL", "").strip())
        sockets: Path | None = None
        if not (given_database and given_redis):
            sockets = paths.socket_dir(layout)
        self.sockets = sockets
        self.postgres = (
            None if given_database else Postgres(layout, sockets, env, flushes=flushes)  # type: ignore[arg-type]
        )
        self.valkey = None if given_redis else Valkey(layout, sockets, env)  # type: ignore[arg-type]

    @property
    def embedded(self) -> list[Postgres | Valkey]:
        """The servers that we start ourselves, in the order of starting."""
        return [server for server in (self.postgres, self.valkey) if server is not None]

    def start(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Start what is embedded and make the sign-ins."""
        for server in self.embedded:
            server.start(wait)
        if self.postgres is not None:
            self.postgres.prepare_roles()

    def stop(self) -> None:
        """Stop what is embedded, the database last."""
        for server in reversed(self.embedded):
            server.stop()
        if self.sockets is not None:
            # Not empty means that someone still uses it.
            with contextlib.suppress(OSError):
                self.sockets.rmdir()
                self.layout.sockets_link.unlink()

    def addresses(self, *, as_owner: bool = False) -> dict[str, str]:
        """The variables that programs read.

        ``as_owner`` gives the owner's sign-in alone, so that tests can make databases; connections
        then step down to the application's role by themselves.
        """
        env = {}
        if self.postgres is not None:
            if as_owner:
                env["DATABASE_URL"] = self.postgres.url(OWNER)
            else:
                env["DATABASE_URL"] = self.postgres.url(APPLICATION)
                env["DATABASE_OWNER_URL"] = self.postgres.url(OWNER)
        if self.valkey is not None:
            env["REDIS_URL"] = self.valkey.url
        return env

    def child_env(self, *, as_owner: bool = False) -> dict[str, str]:
        """The environment of a program that uses the services."""
        env = dict(self.env)
        if self.postgres is not None:
            # Variables of libpq would quietly turn the embedded address into another one.
            env = {key: value for key, value in env.items() if not key.startswith("PG")}
            env.pop("DATABASE_OWNER_URL", None)
        env.update(self.addresses(as_owner=as_owner))
        return env
