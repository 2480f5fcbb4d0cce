"""Where things are: the checkout, the data folder and the folder of the sockets."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ceasefire.local.faults import StartFault

CHECKOUT = Path(__file__).resolve().parents[2]

#: Accounts that may run the database server for root.
SERVER_ACCOUNTS = ("postgres", "nobody")
#: The longest path of a unix socket is 107 bytes; this is the longest name put into the folder.
_LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")
_LONGEST_SOCKET_PATH = 107
#: A folder outside these characters would have to be quoted in an address, which few readers undo.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Layout:
    """The files of one data folder."""

    data: Path

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def valkey(self) -> Path:
        return self.data / "valkey"

    @property
    def logs(self) -> Path:
        return self.data / "log"

    @property
    def lock(self) -> Path:
        return self.data / "server.lock"

    @property
    def demo_password(self) -> Path:
        return self.data / "demo-password"

    @property
    def sockets_link(self) -> Path:
        """A fixed name for the folder of the sockets, for commands started by hand."""
        return self.data / "sockets"

    def stamp(self, name: str) -> Path:
        """A file that remembers what was done, so that a warm start need not do it again."""
        return self.data / f"{name}.stamp"

    @property
    def mark(self) -> str:
        """What tells the processes of this data folder from all others on the machine."""
        return hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]


def data_dir(env: Mapping[str, str]) -> Path:
    """``CEASEFIRE_DATA_DIR``, or ``var`` in the checkout; always absolute, without links."""
    given = env.get("CEASEFIRE_DATA_DIR", "").strip()
    return Path(os.path.realpath(os.path.expanduser(given) if given else CHECKOUT / "var"))


def open_data_dir(env: Mapping[str, str]) -> Layout:
    """Make the data folder where it is missing; it is closed to other accounts.

    Refused where it belongs to another account: files of two owners inside one database folder can
    not be started by either.
    """
    folder = data_dir(env)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        layout = Layout(folder)
        owner = folder.stat().st_uid
        if owner == os.geteuid():
            layout.logs.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartFault(
            f"The data folder {folder} can not be used ({error.strerror}):"
            " set CEASEFIRE_DATA_DIR to a folder that this account may write."
        ) from error
    if owner != os.geteuid():
        raise StartFault(
            f"The data folder {folder} belongs to {_account(owner)}: run as that account,"
            " or set CEASEFIRE_DATA_DIR to another folder."
        )
    return layout


def socket_dir(layout: Layout) -> Path:
    """The folder of the sockets: short, private to this account, one for each data folder.

    The embedded servers trust whoever reaches their socket. That is safe only because nobody else
    can enter this folder, so it is refused unless it is a real folder, ours, and closed.
    """
    name = f"ceasefire-{os.geteuid()}-{layout.mark[:12]}"
    for base in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the folder is checked below
        folder = Path(base) / name
        length = len(os.fsencode(folder)) + _LONGEST_SOCKET_NAME
        if length <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(folder)):
            break
    else:
        raise StartFault(
            f"The path {folder} is too long for a socket: set TMPDIR to a shorter one."
        )
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError as error:
        raise StartFault(
            f"The folder {folder} can not be made ({error.strerror}): set TMPDIR to another one."
        ) from error
    ours = {os.geteuid()}
    if os.geteuid() == 0:
        # Root hands the folder to the account that runs the server where it can not do so itself.
        ours |= {entry.pw_uid for entry in pwd.getpwall() if entry.pw_name in SERVER_ACCOUNTS}
    if not stat.S_ISDIR(about.st_mode) or about.st_uid not in ours:
        raise StartFault(
            f"{folder} is not a folder of this account: take it away, or set TMPDIR to another one."
        )
    if about.st_uid != os.geteuid():
        os.chown(folder, os.geteuid(), os.getegid())
    if stat.S_IMODE(about.st_mode) != 0o700:
        folder.chmod(0o700)
    _link(layout.sockets_link, folder)
    return folder


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and os.readlink(link) == str(target):
        return
    draft = link.with_name(f".{link.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the account {uid}"
