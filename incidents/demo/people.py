"""The demo's cast (decided once; scripts and tests rely on the user names)."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password

from ceasefire.people.models import User
from ceasefire.people.roles import Duty, Role

CENTRE, ZUBAIR, HISTORY = "BASRAH-CENTRE", "AL-ZUBAIR", "BASRAH-HISTORY"
EVERYWHERE = (CENTRE, ZUBAIR, HISTORY)


@dataclass(frozen=True)
class Person:
    """One demo account."""

    username: str
    code_name: str
    role: str
    sites: tuple[str, ...]
    supervisor: str = ""
    duties: tuple[str, ...] = ()
    language: str = "en"


CAST: tuple[Person, ...] = (
    Person("supervisor", "Heron", Role.SUPERVISOR, (CENTRE,)),
    Person("supervisor.zubair", "Falcon", Role.SUPERVISOR, (ZUBAIR,)),
    Person("interrupter", "Kingfisher", Role.INTERRUPTER, (CENTRE,), "supervisor"),
    Person("worker", "Swallow", Role.WORKER, (CENTRE,), "supervisor"),
    Person("worker2", "Sparrow", Role.WORKER, (CENTRE,), "supervisor", language="ar"),
    Person("worker.zubair", "Lark", Role.WORKER, (ZUBAIR,), "supervisor.zubair", language="ar"),
    Person("manager", "Pelican", Role.MANAGER, EVERYWHERE),
    Person("data", "Ibis", Role.DATA_OFFICER, EVERYWHERE),
    Person("reo.requester", "Palm 1", Role.REO_STAFF, EVERYWHERE, duties=(Duty.REQUESTER,)),
    Person(
        "reo.reviewer",
        "Palm 2",
        Role.REO_STAFF,
        EVERYWHERE,
        duties=(Duty.REVIEWER, Duty.VETTING, Duty.MONITOR, Duty.CLOSEOUT),
    ),
    Person("reo.approver", "Palm 3", Role.REO_STAFF, EVERYWHERE, duties=(Duty.APPROVER,)),
    # Sums above the first one's limit are passed up to this one.
    Person("reo.approver2", "Palm 8", Role.REO_STAFF, EVERYWHERE, duties=(Duty.APPROVER,)),
    Person("reo.officer", "Palm 4", Role.REO_STAFF, EVERYWHERE, duties=(Duty.OFFICER,)),
    Person("reo.certifier", "Palm 5", Role.REO_STAFF, EVERYWHERE, duties=(Duty.CERTIFIER,)),
    Person("reo.payer", "Palm 6", Role.REO_STAFF, EVERYWHERE, duties=(Duty.PAYER,)),
    Person("reo.viewer", "Palm 7", Role.REO_VIEWER, EVERYWHERE),
    Person("auditor", "Owl", Role.AUDITOR, EVERYWHERE),
    Person("admin", "Stork", Role.ADMINISTRATOR, EVERYWHERE),
)


def demo_password() -> str:
    """The password of every demo account: of the environment, else of the data folder's file.

    The file is made, readable by its owner only, where there is neither.
    """
    given = os.environ.get("CEASEFIRE_DEMO_PASSWORD", "").strip()
    path = Path(settings.DATA_DIR) / "demo-password"
    if given:
        return given
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    password = "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(password + "\n")
    return password


def make_people(sites: dict[str, Any], password: str) -> dict[str, User]:
    """Make the cast; the password is hashed once, since it is one for all."""
    hashed = make_password(password)
    made: dict[str, User] = {}
    for person in CAST:
        user = User.objects.create(
            username=person.username,
            code_name=person.code_name,
            role=person.role,
            duties=list(person.duties),
            supervisor=made.get(person.supervisor),
            language=person.language,
            is_demo=True,
            password=hashed,
        )
        user.sites.set([sites[code] for code in person.sites])
        made[person.username] = user
    return made
