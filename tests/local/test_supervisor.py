"""The whole program, started as a person starts it, and everything in it killed once."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest

from ceasefire.local import guard, paths, processes
from tests.local.conftest import bare_environment

pytestmark = pytest.mark.process

PASSWORD = "chosen for this test"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(true, seconds: float = 90.0):
    """Wait for something to become true; a long patience, for the machine may be busy."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


class Run:
    """One supervisor on one data folder."""

    def __init__(self, data: Path, port: int, **more: str) -> None:
        self.data, self.port = data, port
        self.layout = paths.Layout(data)
        self.output = data.parent / "output"
        self.env = bare_environment(
            CEASEFIRE_DATA_DIR=str(data),
            CEASEFIRE_MODE="demo",
            CEASEFIRE_DEMO_PASSWORD=PASSWORD,
            PORT=str(port),
            **more,
        )
        self.process: subprocess.Popen | None = None

    def start(self) -> "Run":
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ceasefire.local"],
                env=self.env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def status(self, address: str = "/readyz") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", address)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.output.read_text()
            return self.status() == 200

        until(ready, 300)

    def wait_whole(self) -> None:
        """Until the last program runs too."""
        self.wait_ready()
        until(lambda: self.pids("celery", "beat") and self.pids("celery", "worker"))

    def pids(self, *words: str) -> list[int]:
        """Processes of this run whose command line has all the words."""
        found = []
        for pid in processes.marked(self.layout.mark):
            with suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if all(word in line for word in words):
                    found.append(pid)
        return sorted(found)

    def everything(self) -> list[int]:
        return (
            processes.marked(self.layout.mark)
            + processes.servers_in(self.layout.postgres)
            + processes.servers_in(self.layout.valkey)
        )

    def owner(self):
        return guard.connect(
            f"postgres://ceasefire_owner@/ceasefire?host={self.layout.sockets_link.resolve()}"
        )

    def keep(self, *numbers: int) -> None:
        connection = self.owner()
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS kept (n int PRIMARY KEY)")
            for number in numbers:
                cursor.execute("INSERT INTO kept VALUES (%s)", [number])
        connection.close()

    def kept(self) -> list[int]:
        def read() -> list[int] | None:
            try:
                connection = self.owner()
            except psycopg2.OperationalError:
                return None
            with connection.cursor() as cursor:
                cursor.execute("SELECT n FROM kept ORDER BY n")
                rows = [row[0] for row in cursor.fetchall()]
            connection.close()
            return rows

        return until(read)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(120)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run for all tests of this module: the first start loads the demo."""
    run = Run(tmp_path_factory.mktemp("whole") / "var", free_port()).start()
    run.wait_whole()
    yield run
    if run.process.poll() is None:
        run.stop()
    assert run.everything() == []


def test_it_answers_and_names_the_demo_sign_ins(run):
    text = until(lambda: "Stop: Ctrl-C" in run.output.read_text() and run.output.read_text())

    assert f"http://127.0.0.1:{run.port}/" in text
    assert "reo.requester" in text
    assert PASSWORD in text
    assert run.layout.demo_password.read_text().strip() == PASSWORD
    assert run.status("/livez") == 200
    assert run.status("/accounts/login/") == 200


def test_the_programs_sign_in_as_a_role_that_owns_nothing(run):
    (pid, *_) = run.pids("ceasefire.wsgi:application")
    environment = dict(
        item.split("=", 1)
        for item in Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        if "=" in item
    )

    # The demo's own accounts are the only thing that production would refuse here.
    faults = guard.check_database(environment["DATABASE_URL"])
    assert [fault for fault in faults if "demo accounts" not in fault] == []


def test_no_program_has_the_owners_sign_in_in_its_environment(run):
    run.wait_whole()
    for words in (("ceasefire.wsgi:application",), ("celery", "worker"), ("celery", "beat")):
        for pid in run.pids(*words):
            environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
            assert "DATABASE_OWNER_URL=withheld" in environment, words
            assert "postgres://ceasefire_owner" not in environment, words


def test_a_second_copy_on_the_same_data_says_so_in_one_line(run):
    done = subprocess.run(
        [sys.executable, "-m", "ceasefire.local"], env=run.env, capture_output=True, timeout=60
    )

    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert "already runs" in line
    assert f"http://127.0.0.1:{run.port}/" in line
    assert run.status() == 200


def test_a_busy_port_is_said_in_one_line_and_nothing_is_left(run, tmp_path):
    other = Run(tmp_path / "var", run.port)
    done = subprocess.run(
        [sys.executable, "-m", "ceasefire.local"], env=other.env, capture_output=True, timeout=60
    )

    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert f"Port {run.port} on 127.0.0.1 is taken" in line
    assert other.everything() == []
    assert not other.layout.postgres.exists()


def test_a_port_that_is_no_number_is_said_in_one_line(run, tmp_path):
    env = {**run.env, "PORT": "http", "CEASEFIRE_DATA_DIR": str(tmp_path / "var")}
    done = subprocess.run(
        [sys.executable, "-m", "ceasefire.local"], env=env, capture_output=True, timeout=60
    )

    assert (done.returncode, len(done.stderr.decode().splitlines())) == (1, 1)


@pytest.mark.parametrize(
    "part", ["a web worker", "the web server", "the worker", "the beat", "valkey", "postgres"]
)
def test_a_part_that_is_killed_comes_back_and_loses_nothing(run, part):
    number = time.monotonic_ns() % 2**31
    run.wait_whole()
    before = run.kept() if _has_table(run) else []
    run.keep(number)
    victims = {
        "a web worker": lambda: run.pids("ceasefire.wsgi:application")[-1],
        "the web server": lambda: run.pids("ceasefire.wsgi:application")[0],
        "the worker": lambda: run.pids("celery", "worker")[0],
        "the beat": lambda: run.pids("celery", "beat")[0],
        "valkey": lambda: processes.servers_in(run.layout.valkey)[0],
        "postgres": lambda: int((run.layout.postgres / "postmaster.pid").read_text().split()[0]),
    }
    victim = victims[part]()
    os.kill(victim, signal.SIGKILL)
    until(lambda: not processes.alive(victim))

    run.wait_whole()

    assert sorted(run.kept()) == sorted([*before, number])
    until(lambda: processes.servers_in(run.layout.valkey))


def _has_table(run: Run) -> bool:
    connection = run.owner()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('kept') IS NOT NULL")
        there = cursor.fetchone()[0]
    connection.close()
    return there


def test_a_killed_supervisor_is_cleaned_up_after_by_the_next_start(run):
    run.wait_whole()
    run.keep(-1)
    run.process.kill()
    run.process.wait()

    run.start()
    run.wait_whole()

    assert -1 in run.kept()
    assert len(processes.servers_in(run.layout.valkey)) == 1


def test_everything_killed_at_once_is_recovered_from(run):
    run.wait_whole()
    run.keep(-2)
    for pid in [run.process.pid, *run.everything()]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    run.process.wait()

    run.start()
    run.wait_whole()

    assert -2 in run.kept()


def test_a_stop_in_the_middle_of_a_start_leaves_nothing(run):
    run.stop()
    run.start()
    until(lambda: processes.servers_in(run.layout.postgres))

    code = run.stop()

    assert code == 0
    assert run.everything() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_leaves_no_process_and_the_next_start_keeps_everything(run, number):
    if run.process.poll() is not None:
        run.start()
    run.wait_whole()
    run.keep(-10 - number)

    assert run.stop(number) == 0

    assert run.everything() == []
    assert not run.layout.sockets_link.is_symlink()
    run.start()
    run.wait_ready()
    assert -10 - number in run.kept()
