"""Machines of a test: beats and workers as processes of their own, each with a clock to be set.

A Python that has loaded the program once forks each of them, since starting one from nothing takes
seconds. They are the real programs on the test's database and broker; only their intervals are
shorter, and their clock is ahead or behind by what stands in a file.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

from celery import current_app

from ceasefire.periods import Week
from tests import programs

#: Seconds between two calls of beat, and two attempts.
SWEEP, LOOK, AGAIN = 1.0, 2.0, 0.5
#: What a machine would load when it starts, and need not.
LOADED = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.solo",
    "celery.worker.consumer",
    "kombu.transport.redis",
)


class Machines:
    """Beats and workers by name, such as `worker-1`; each can be killed and started again."""

    def __init__(self, folder: Path, source: subprocess.Popen[str]) -> None:
        self.folder = folder
        self._source = source
        self._running: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """Those that run."""
        return sorted(self._running)

    def start(self, name: str) -> None:
        """Start a machine; its name says what it is."""
        assert self._source.stdin is not None
        assert self._source.stdout is not None
        self._source.stdin.write(f"{name}\n")
        self._source.stdin.flush()
        self._running[name] = int(self._source.stdout.readline())

    def kill(self, name: str) -> None:
        """kill -9."""
        with suppress(ProcessLookupError):
            os.kill(self._running.pop(name), signal.SIGKILL)

    def set_clock(self, name: str, moment: datetime) -> None:
        """Let the clock of a machine show a moment now, and go on from there."""
        new = self.folder / f"{name}.new"
        new.write_text(repr(moment.timestamp() - time.time()))
        new.rename(self.folder / f"{name}.clock")

    def peak(self, name: str) -> int:
        """The most memory a machine has held so far, in bytes."""
        for line in Path(f"/proc/{self._running[name]}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise LookupError(name)

    def worked(self, name: str) -> float:
        """Seconds of the processor that a machine has taken so far."""
        facts = Path(f"/proc/{self._running[name]}/stat").read_text().rpartition(")")[2].split()
        return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")

    def storm(self, weeks: Sequence[Week], luck: random.Random, *, kills: int) -> None:
        """Let weeks pass, less than half a second each, while machines die and clocks are set.

        Around the end of each week every clock is set to another moment, up to two hours before or
        after it. So many machines are killed at moments of chance and started again. At the end all
        run, and all know that the last week is over.
        """
        killings = sorted(luck.sample(range(len(weeks)), kills))
        names = self.names
        for number, week in enumerate(weeks):
            for name in names:
                self.set_clock(name, week.ends_at + timedelta(minutes=luck.randint(-120, 120)))
            if number in killings:
                victim = luck.choice(names)
                self.kill(victim)
                time.sleep(luck.random() * 0.4)
                self.start(victim)
            time.sleep(0.4)
        for name in names:
            self.set_clock(name, weeks[-1].ends_at + timedelta(hours=3))

    def end(self) -> None:
        """Kill all of them."""
        for name in self.names:
            self.kill(name)


@contextmanager
def machines(folder: Path, **more: str) -> Iterator[Machines]:
    """Where machines can be started, for the length of a test; nothing of them is left."""
    source = subprocess.Popen(
        [sys.executable, "-m", "tests.machines", str(folder)],
        env=programs.environment(OPENBLAS_NUM_THREADS="1", **more),
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = Machines(folder, source)
    # What others left in the queue would be worked off first, and ours by others.
    current_app.control.purge()
    try:
        yield found
    finally:
        found.end()
        source.kill()
        source.communicate()
        current_app.control.purge()


# --- in the process that forks ------------------------------------------------------------------


def main(folder: Path) -> None:
    """Load the program, then fork a machine for each name on standard input."""
    from ceasefire.celery import app

    app.finalize()
    app.loader.import_default_modules()
    for name in LOADED:
        import_module(name)
    from django.db import connections

    connections.close_all()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are cleared away
    for line in sys.stdin:
        name = line.strip()
        child = os.fork()
        if child == 0:
            _be(name, folder)
        answers.write(f"{child}\n")
        answers.flush()


def _be(name: str, folder: Path) -> None:
    from ceasefire.celery import app

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _with_clock(folder / f"{name}.clock")
    _with_short_intervals()
    quiet = ["--loglevel", "ERROR"]
    try:
        if name.startswith("beat"):
            app.start(["beat", "--pidfile=", *quiet])
        else:
            less = ["--without-mingle", "--without-gossip", "--without-heartbeat"]
            app.start(["worker", "--pool=solo", f"--hostname={name}@test", *less, *quiet])
    finally:
        os._exit(1)


def _with_clock(file: Path) -> None:
    """Everything of ours that asks for the day and the moment is told those of this machine.

    Celery asks the system in places that can not be reached; what a set clock does to its beat is
    in tests/jobs/test_beat.py.
    """
    from django.utils import timezone

    from ceasefire import periods

    def ahead() -> float:
        try:
            return float(file.read_text())
        except FileNotFoundError:
            return 0.0

    def now() -> datetime:
        return datetime.now(periods.BAGHDAD) + timedelta(seconds=ahead())

    periods.now = now
    timezone.now = lambda: now().astimezone(timezone.get_fixed_timezone(0))


def _with_short_intervals() -> None:
    from ceasefire.celery import app
    from ceasefire.jobs import services
    from ceasefire.jobs.models import Job

    services.SWEEP_AFTER_SECONDS = 1
    services.HINT_AGAIN_SECONDS = 5
    services.EARLY_SECONDS = 1
    Job.BACK_OFF = (timedelta(seconds=AGAIN),)
    app.conf.beat_schedule["sweep the outbox"]["schedule"] = SWEEP
    app.conf.beat_schedule["enter due periods"]["schedule"] = LOOK


if __name__ == "__main__":
    main(Path(sys.argv[1]))
