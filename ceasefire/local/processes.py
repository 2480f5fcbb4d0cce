"""Starting, finding and ending processes. Reads /proc, because the standard library does not.

Nothing here trusts a bare process number: a number is used again after a while. Processes are known
by a mark in their environment or by the folder they work in, and both are read afresh.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

#: Set for every process the supervisor starts; holds ``Layout.mark``.
MARK = "CEASEFIRE_SUPERVISED"

_PR_SET_PDEATHSIG = 1
_SERVERS = frozenset({"postgres", "valkey-server", "redis-server"})
_EXCEPTION = re.compile(r"(?:\w+\.)*[A-Z]\w*(?:Error|Exception): ")
_LOG_LIMIT_BYTES = 5_000_000


def spawn(
    command: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path,
    parent_death: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C reaches only the supervisor.

    Where the kernel can, the child gets ``parent_death`` when the supervisor dies without a word.
    """
    parent = os.getpid()
    try:
        prctl = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        prctl = None

    def prepare() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(parent_death))
            if os.getppid() != parent:
                os._exit(1)

    with open_log(log) as file:
        return subprocess.Popen(  # noqa: S603 - the commands are our own
            [os.fspath(part) for part in command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509 - this program has one thread
        )


def open_log(path: Path):
    """The log file opened for adding; a long one is put aside first (one older one is kept)."""
    try:
        if path.stat().st_size > _LOG_LIMIT_BYTES:
            path.replace(path.with_name(path.name + ".1"))
    except FileNotFoundError:
        pass
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(handle, "ab")


def last_line(path: Path) -> str:
    """The line of a log that says what went wrong last, for a message of one line.

    The name of an exception comes before the lines that a database adds to its text.
    """
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4096))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    spoken = [line.strip() for line in lines if line.strip()]
    named = [line for line in spoken[-6:] if _EXCEPTION.match(line)]
    return (named or spoken or [""])[-1]


def alive(pid: int) -> bool:
    """Whether a process runs. A dead one that nobody has fetched yet (a zombie) does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return text.rpartition(b") ")[2][:1] not in (b"Z", b"X", b"")


def pids() -> list[int]:
    """The processes of this machine that can be seen, without this one."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]


def marked(mark: str) -> list[int]:
    """Processes that a supervisor of this data folder started."""
    word = f"{MARK}={mark}".encode()

    def is_marked(pid: int) -> bool:
        return word in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")

    return _which(is_marked)


def servers_in(folder: Path) -> list[int]:
    """Database servers whose working folder is ``folder``: they rewrite their environment.

    The name of the program counts too, for a person's shell may stand in the folder.
    """
    wanted = str(folder)

    def is_server(pid: int) -> bool:
        if os.readlink(f"/proc/{pid}/cwd") != wanted:
            return False
        program = os.path.basename(os.readlink(f"/proc/{pid}/exe")).split(" ")[0]
        return program in _SERVERS

    return _which(is_server)


def _which(test: Callable[[int], bool]) -> list[int]:
    found = []
    for pid in pids():
        try:
            if test(pid) and alive(pid):
                found.append(pid)
        except OSError:  # gone meanwhile, or another account's
            continue
    return found


def end(
    find: Callable[[], Iterable[int]], steps: Iterable[tuple[signal.Signals, float]]
) -> list[int]:
    """Signal the processes that ``find`` names until none is left; returns those that stay.

    Each step is a signal and the seconds to wait for its effect.
    """
    left = list(find())
    for number, seconds in steps:
        for pid in left:
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue
        until = time.monotonic() + seconds
        while left and time.monotonic() < until:
            time.sleep(0.05)
            left = [pid for pid in find() if alive(pid)]
        if not left:
            break
    return left
