"""One program that starts everything, keeps it running and stops all of it.

Order of a start: the lock of the data folder, the leftovers of a killed run, the port, the
services, migrations and static files (only when they changed), the demo (only the first time), the
web server, and after it answers the worker and the beat, since all three read the same code on the
same cores.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import http.client
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from ceasefire.local import guard, paths, processes
from ceasefire.local.faults import StartFault, Stopping
from ceasefire.local.paths import CHECKOUT
from ceasefire.local.services import Lock, Services

DRAIN_SECONDS = 25.0
READY_SECONDS = 60.0
_BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_SECONDS = 60.0
#: How often the worker has to prove that it takes jobs, and what it is given for it.
WORKER_CHECK_SECONDS = 300.0
WORKER_PATIENCE_SECONDS = 180
_PACKAGES = ("ceasefire", "incidents", "outreach", "grants")

DEMO_ACCOUNTS = (
    ("interrupter", "violence interrupter, Basrah Centre"),
    ("worker, worker2", "outreach workers, Basrah Centre"),
    ("worker.zubair", "outreach worker, Al-Zubair"),
    ("supervisor, supervisor.zubair", "supervisors, one for each site"),
    ("manager", "program manager, both sites"),
    ("data", "data officer, both sites"),
    ("reo.requester, reo.reviewer, reo.approver,", ""),
    ("reo.officer, reo.certifier, reo.payer", "REO grants staff, one duty each"),
    ("reo.viewer", "REO viewer"),
    ("auditor", "auditor"),
    ("admin", "administrator: users and settings; no case, no money"),
)


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, flush=True)


@dataclass
class Program:
    """A program of our own that is kept running."""

    name: str
    command: list[str]
    child: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    start_after: float = 0.0
    log: Path = field(default_factory=Path)


class Supervisor:
    """Starts, watches and stops the services and the programs of one data folder."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)
        self.env.setdefault("CEASEFIRE_MODE", guard.DEMO)
        self.host = self.env.get("HOST", "").strip() or "127.0.0.1"
        self.port = _port(self.env.get("PORT", "").strip() or "8000")
        self.stopping = False
        self.hurry = False
        self.programs: list[Program] = []
        self._check: subprocess.Popen[bytes] | None = None
        self._check_due = 0.0
        self._check_failures = 0
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._wake, False)

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the program."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.port}/"

    @property
    def demo(self) -> bool:
        return guard.mode(self.env) == guard.DEMO

    # The whole run

    def run(self) -> int:
        """Start, watch until someone asks for a stop, stop. Returns the exit code."""
        guard.refuse(guard.check_environment(self.env))
        self.layout = paths.open_data_dir(self.env)
        self.env["CEASEFIRE_DATA_DIR"] = str(self.layout.data)
        self.lock = Lock(self.layout)
        self.lock.take(self.address)
        self._listen_to_signals()
        code = 0
        self.services: Services | None = None
        try:
            self._start()
            self._watch()
        except Stopping:
            pass
        except StartFault as fault:
            print(f"ceasefire: {fault}", file=sys.stderr, flush=True)
            code = 1
        except SystemExit as refusal:
            code = int(refusal.code or 0)
        finally:
            self.stopping = True
            self._stop()
            self.lock.release()
        return code

    def _start(self) -> None:
        began = time.monotonic()
        self._end_orphans()
        _claim_port(self.host, self.port)
        self.services = Services(self.layout, self.env)
        if self.services.embedded:
            self.services.start(self.wait)
        self.child_env = self.services.child_env()
        self.child_env[processes.MARK] = self.layout.mark
        self.child_env["PYTHONUNBUFFERED"] = "1"
        if self.demo:
            self.child_env["CEASEFIRE_DEMO_PASSWORD"] = self._demo_password()
        self._wait_for_database()
        self._prepare()
        if not self.demo:
            self._refuse_unsafe_database()
        self._start_programs()
        took = time.monotonic() - began
        self._welcome(took)

    def _start_programs(self) -> None:
        web = Program("web", self._web_command())
        self.programs = [web]
        self._launch(web)
        until = time.monotonic() + READY_SECONDS
        while not self._is_ready() and time.monotonic() < until:
            self._tend()
            self.wait(0.1)
        if not self._is_ready():
            say(
                f"The web server does not answer yet: {processes.last_line(web.log)}"
                f" (see {web.log})."
            )
        celery = [sys.executable, "-m", "celery", "-A", "ceasefire"]
        for name, arguments in (
            (
                "worker",
                ["worker", "--loglevel=WARNING", "--concurrency=2", "--without-gossip"]
                + ["--without-mingle", f"--hostname=ceasefire-{self.layout.mark[:8]}@%h"],
            ),
            ("beat", ["beat", "--loglevel=WARNING", "--pidfile="]),
        ):
            program = Program(name, [*celery, *arguments])
            self.programs.append(program)
            self._launch(program)

    def _web_command(self) -> list[str]:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return [
            sys.executable,
            "-m",
            "gunicorn",
            "ceasefire.wsgi:application",
            f"--bind={host}:{self.port}",
            "--worker-class=gthread",
            "--workers=2",
            "--threads=4",
            "--preload",
            "--no-control-socket",
            f"--graceful-timeout={int(DRAIN_SECONDS) - 2}",
            "--timeout=60",
            "--log-level=warning",
        ]

    # Signals and waiting

    def _listen_to_signals(self) -> None:
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        if self.stopping and number == signal.SIGINT:
            self.hurry = True
        self.stopping = True

    def wait(self, seconds: float) -> None:
        """Sleep, or wake for a signal; raises ``Stopping`` once a stop was asked for."""
        if not self.stopping:
            ready, _, _ = select.select([self._wake], [], [], seconds)
            if ready:
                while True:
                    try:
                        if not os.read(self._wake, 512):
                            break
                    except BlockingIOError:
                        break
        if self.stopping:
            raise Stopping

    # Before the programs

    def _end_orphans(self) -> None:
        """End programs of an earlier run whose supervisor was killed."""
        found = processes.marked(self.layout.mark)
        if not found:
            return
        say("An earlier run was cut off: ending what it left behind.")
        processes.end(
            lambda: processes.marked(self.layout.mark),
            ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)),
        )

    def _demo_password(self) -> str:
        """The password of the demo accounts: kept, since they were made with it."""
        path = self.layout.demo_password
        given = self.env.get("CEASEFIRE_DEMO_PASSWORD", "").strip()
        if path.exists():
            kept = path.read_text(encoding="utf-8").strip()
            if given and given != kept:
                say(f"The demo accounts keep the password of the first run (see {path}).")
            return kept
        letters = "abcdefghjkmnpqrstuvwxyz23456789"
        groups = ("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
        password = given or "-".join(groups)
        draft = path.with_name(".demo-password.new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(password + "\n")
        draft.replace(path)
        return password

    def _wait_for_database(self) -> None:
        """A given database may come up after us: say so once and try again."""
        import psycopg2

        said = False
        while True:
            try:
                guard.connect(self._owner_url()).close()
                return
            except psycopg2.OperationalError as error:
                if not said:
                    guard.say_unreachable(error)
                    said = True
                self.wait(2.0)

    def _refuse_unsafe_database(self) -> None:
        import psycopg2

        while True:
            try:
                guard.refuse(guard.check_database(self.child_env["DATABASE_URL"]))
                return
            except psycopg2.OperationalError as error:
                guard.say_unreachable(error)
                self.wait(2.0)

    def _owner_url(self) -> str:
        return self.child_env.get("DATABASE_OWNER_URL") or self.child_env["DATABASE_URL"]

    def _prepare(self) -> None:
        """Migrations, static files and the demo, each only when it is due."""
        assert self.services is not None  # noqa: S101
        postgres = self.services.postgres
        demo_stamp = self.layout.stamp("demo")
        migrated = self.layout.stamp("migrated")
        if postgres is not None and postgres.fresh:
            demo_stamp.unlink(missing_ok=True)
            migrated.unlink(missing_ok=True)
        if self.demo and postgres is not None and _read(demo_stamp) == "begun":
            say("The first run was cut off while it loaded the demo: beginning again.")
            postgres.recreate_database()
            migrated.unlink(missing_ok=True)

        steps = []
        schema = _digest(_schema_files())
        # Only of the embedded database do we know that nobody changed it behind our back.
        if postgres is None or _read(migrated) != schema:
            steps.append(("migrate", ["migrate", "--noinput"], {"CEASEFIRE_AS_OWNER": "1"}))
        static = _digest_static()
        static_stamp = self.layout.stamp("static")
        if _read(static_stamp) != static or not (self.layout.data / "static").is_dir():
            steps.append(("collectstatic", ["collectstatic", "--noinput"], {}))
        if steps:
            say("Preparing the database and the pages ...")
            self._manage_all(steps)
            if postgres is not None:
                _write(migrated, schema)
            _write(static_stamp, static)

        if self.demo and _read(demo_stamp) != "loaded":
            if self._is_empty():
                say("Loading the demo (once; this takes a moment) ...")
                _write(demo_stamp, "begun")
                self._manage_all([("demo", ["demo"], {})])
            _write(demo_stamp, "loaded")

    def _is_empty(self) -> bool:
        connection = guard.connect(self._owner_url())
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT NOT EXISTS (SELECT 1 FROM people_user)")
                return bool(cursor.fetchone()[0])
        finally:
            connection.close()

    def _manage_all(self, steps: Iterable[tuple[str, list[str], dict[str, str]]]) -> None:
        """Run commands of manage.py side by side; a fault of one ends the start."""
        running = []
        try:
            for name, arguments, more in steps:
                log = self.layout.logs / f"{name}.log"
                child = processes.spawn(
                    [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
                    env={**(self.child_env if more else self._program_env()), **more},
                    log=log,
                    cwd=CHECKOUT,
                )
                running.append((name, child, log))
            while any(child.poll() is None for _, child, _ in running):
                self.wait(0.2)
            for name, child, log in running:
                if child.returncode != 0:
                    raise StartFault(f"{name} failed: {processes.last_line(log)} (see {log}).")
        finally:
            for _, child, _ in running:
                _end_child(child, 5.0)

    # Running

    def _program_env(self) -> dict[str, str]:
        """What every program but `migrate` gets: all but the owner's sign-in."""
        env = dict(self.child_env)
        if env.get("DATABASE_OWNER_URL"):
            env["DATABASE_OWNER_URL"] = guard.WITHHELD
        return env

    def _launch(self, program: Program) -> None:
        program.log = self.layout.logs / f"{program.name}.log"
        program.child = processes.spawn(
            program.command, env=self._program_env(), log=program.log, cwd=CHECKOUT
        )
        program.started_at = time.monotonic()

    def _watch(self) -> None:
        while True:
            self._tend()
            self._check_worker()
            self.wait(1.0)

    def _tend(self) -> None:
        """Start again what died, services first, each with a growing pause."""
        assert self.services is not None  # noqa: S101
        for server in self.services.embedded:
            if server.child is not None and server.child.poll() is not None:
                say(f"{server.name} ended unexpectedly: starting it again.")
                server.start(self.wait)
        now = time.monotonic()
        for program in self.programs:
            if program.child is None:
                if now >= program.start_after:
                    self._launch(program)
                continue
            code = program.child.poll()
            if code is None:
                continue
            _end_session(program.child.pid)
            if now - program.started_at > _STEADY_SECONDS:
                program.deaths = 0
            pause = _BACK_OFF_SECONDS[min(program.deaths, len(_BACK_OFF_SECONDS) - 1)]
            program.deaths += 1
            program.start_after = now + pause
            program.child = None
            say(
                f"{program.name} ended unexpectedly (code {code}): starting it again in"
                f" {pause:g} s (see {program.log})."
            )

    def _check_worker(self) -> None:
        """Start the worker again when it lives and takes no jobs any more.

        A worker that lost Redis for a moment may stay connected to nothing; no process number shows
        that. A job that does nothing is entered now and then; when two in a row are not done and no
        other job is running, the worker is at fault.
        """
        now = time.monotonic()
        if self._check is None:
            if self._check_due == 0.0:
                self._check_due = now + WORKER_CHECK_SECONDS
            if now >= self._check_due:
                self._check = processes.spawn(
                    [
                        sys.executable,
                        str(CHECKOUT / "manage.py"),
                        "check_worker",
                        f"--within={WORKER_PATIENCE_SECONDS}",
                    ],
                    env=self._program_env(),
                    log=self.layout.logs / "check_worker.log",
                    cwd=CHECKOUT,
                )
            return
        code = self._check.poll()
        if code is None:
            return
        self._check = None
        self._check_due = now + WORKER_CHECK_SECONDS
        self._check_failures = 0 if code == 0 else self._check_failures + 1
        if self._check_failures < 2 or self._is_busy():
            return
        self._check_failures = 0
        for program in self.programs:
            if program.name == "worker" and program.child is not None:
                say("The worker takes no jobs any more: starting it again.")
                _end_child(program.child, DRAIN_SECONDS)
                self._launch(program)

    def _is_busy(self) -> bool:
        """Whether jobs are running, so that one that waits says nothing; also without database."""
        import psycopg2

        try:
            connection = guard.connect(self.child_env["DATABASE_URL"])
        except psycopg2.OperationalError:
            return True
        try:
            with connection.cursor() as cursor:
                # Ten checks without an answer outlast every time limit of a job.
                cursor.execute("SELECT EXISTS (SELECT 1 FROM jobs_job WHERE state = 'running')")
                return bool(cursor.fetchone()[0]) and self._check_failures < 10
        except psycopg2.Error:
            return False
        finally:
            connection.close()

    def _is_ready(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        name = next(iter(self.env.get("ALLOWED_HOSTS", "").split(",")), "").strip() or host
        connection = http.client.HTTPConnection(host, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Host": name})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _welcome(self, took: float) -> None:
        say("")
        say(f"Ceasefire answers at {self.address} (started in {took:.1f} s)")
        if self.demo:
            say("")
            say("This is a demo with made-up people. Sign in as one of:")
            for names, role in DEMO_ACCOUNTS:
                say(f"  {names:<44}{role}".rstrip())
            say(f"Password of all of them: {self.child_env['CEASEFIRE_DEMO_PASSWORD']}")
        say("")
        say(f"Data and logs: {self.layout.data}   Stop: Ctrl-C")

    # Stop

    def _stop(self) -> None:
        """Programs first, so that they can finish their work; the database last."""
        running = [program.child for program in self.programs if program.child is not None]
        if self._check is not None:
            running.append(self._check)
        for child in running:
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + DRAIN_SECONDS
        while any(child.poll() is None for child in running):
            if time.monotonic() > until or self.hurry:
                break
            time.sleep(0.05)
        for child in running:
            _end_child(child, 1.0)
        if hasattr(self, "layout"):
            processes.end(lambda: processes.marked(self.layout.mark), ((signal.SIGKILL, 5.0),))
        if self.services is not None:
            self.services.stop()


def _end_child(child: subprocess.Popen[bytes], seconds: float) -> None:
    """End a child and everything in its session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            break
        _signal_session(child.pid, number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    _end_session(child.pid)


def _signal_session(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _end_session(pid: int) -> None:
    """What a dead child left in its session: workers of a killed master."""
    _signal_session(pid, signal.SIGKILL)


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        print(f"ceasefire: PORT is '{text}': set it to a number from 1 to 65535.", file=sys.stderr)
        raise SystemExit(1)
    return int(text)


def _claim_port(host: str, port: int) -> None:
    """Say in one line that the port is taken, before anything is started for nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                fault = (
                    f"Port {port} on {host} is taken: stop what uses it, or set PORT to another."
                )
            else:
                fault = f"{host}:{port} can not be used ({error.strerror}): set HOST and PORT."
            raise StartFault(fault) from error


# What changed since the last start


def _schema_files() -> list[Path]:
    """Everything that decides what ``migrate`` does."""
    found = [CHECKOUT / "requirements.txt", CHECKOUT / "ceasefire" / "settings.py"]
    for package in _PACKAGES:
        found += (CHECKOUT / package).glob("**/migrations/*.py")
    found += (CHECKOUT / "ceasefire" / "database").glob("*.py")
    return sorted(path for path in found if path.is_file())


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(CHECKOUT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _digest_static() -> str:
    """Names, sizes and times are enough here: a needless run costs seconds, nothing else."""
    joined = [CHECKOUT / "requirements.txt", CHECKOUT / "ceasefire" / "look" / "bundles.py"]
    digest = hashlib.sha256(_digest(joined).encode())
    folders = [CHECKOUT / "static"]
    for package in _PACKAGES:
        folders += (CHECKOUT / package).glob("**/static")
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                about = path.stat()
                digest.update(json.dumps([str(path), about.st_size, about.st_mtime_ns]).encode())
    return digest.hexdigest()


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _write(stamp: Path, text: str) -> None:
    draft = stamp.with_name(f".{stamp.name}.new")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(stamp)


def run_with_services(
    command: list[str],
    env: Mapping[str, str],
    *,
    throw_away: bool = False,
    flushes: bool = True,
) -> int:
    """Start only the services, run one command with their addresses, stop them.

    Returns the command's exit code. The command keeps the terminal: Ctrl-C reaches it directly, and
    a SIGTERM is passed on. Where the services of this data folder run already, they are used.
    ``throw_away`` works in a new data folder and takes it away at the end; ``flushes`` false lets
    its database answer before the disk has it, which only a throw-away one may.
    """
    if not (flushes or throw_away):
        raise ValueError("a database that is kept waits for the disk")
    env = dict(env)
    env.setdefault("CEASEFIRE_MODE", guard.DEMO)
    about = f"running {Path(command[0]).name}"
    if throw_away:
        layout, lock = _new_test_folder(about)
    else:
        layout = paths.open_data_dir(env)
        lock = Lock(layout)
    env["CEASEFIRE_DATA_DIR"] = str(layout.data)
    services = Services(layout, env, flushes=flushes)
    own = True
    if not throw_away:
        try:
            lock.take(about)
        except StartFault:
            own = False
            if not all(server.ready() for server in services.embedded):
                raise

    asked: list[int] = []
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if child is not None and child.poll() is None and number != signal.SIGINT:
            child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)

    def wait(seconds: float) -> None:
        if asked:
            raise Stopping
        time.sleep(seconds)

    try:
        if own:
            services.start(wait)
        child_env = services.child_env(as_owner=own)
        child = subprocess.Popen(command, env=child_env)  # noqa: S603
        if asked:
            child.terminate()
        return _exit_code(child.wait())
    except FileNotFoundError:
        raise StartFault(f"{command[0]} was not found.") from None
    except Stopping:
        return 128 + asked[0]
    finally:
        if own:
            services.stop()
            lock.release()
        if throw_away:
            shutil.rmtree(layout.data, ignore_errors=True)
            if services.postgres is not None and services.postgres.data != layout.postgres:
                shutil.rmtree(services.postgres.data.parent, ignore_errors=True)


@contextlib.contextmanager
def _among_test_folders() -> Iterator[Path]:
    """The folder of the runs' folders, for one process at a time.

    A run's folder stands a moment before its run holds it: one that begins meanwhile would take it
    for what a killed run left and clear it away.
    """
    tests = CHECKOUT / "var" / "test"
    tests.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(tests / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield tests
    finally:
        os.close(handle)


def _new_test_folder(about: str) -> tuple[paths.Layout, Lock]:
    """A data folder for one run, held; those of killed runs, which nobody holds any more, go first.

    `about`: what runs in it, for who asks why it is held.
    """
    with _among_test_folders() as tests:
        for old in tests.glob("run-*"):
            lock = Lock(paths.Layout(old))
            try:
                lock.take("clearing away")
            except (OSError, StartFault):
                continue
            for server in Services(paths.Layout(old), {}).embedded:
                server.stop()
            lock.release()
            shutil.rmtree(old, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix="run-", dir=tests))
        layout = paths.open_data_dir({"CEASEFIRE_DATA_DIR": str(made)})
        lock = Lock(layout)
        lock.take(about)
        return layout, lock


def _exit_code(code: int) -> int:
    return 128 - code if code < 0 else code
