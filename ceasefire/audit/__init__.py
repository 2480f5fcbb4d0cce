"""The audit trail: who did or read what, in an append-only hash chain inside PostgreSQL.

An event is written in the transaction of what it records: both stand or neither does. The database
gives each event its number, its time and its hash over the one before, and refuses to change or
remove any, so `verify_audit` finds an edited row, a missing one and, beside an outside copy of the
head (`audit_head`), a cut tail.

    from ceasefire import audit

    audit.record("incident.accepted", subject=incident, by=user, reason=reason)

Write the event last in a service: the chain's lock is held from there to the commit, and every
other writer waits for it. Never a name, a phone or a note in `detail`; codes and numbers only.
May import people and what lies below.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ceasefire.audit.services import read, record
    from ceasefire.audit.verifier import Verdict, verify

__all__ = ["Verdict", "read", "record", "verify"]

# Models can only be imported once the apps are loaded, and `from ceasefire import audit` stands at
# the top of modules that load earlier; so the names are looked up at their first use.
_HOMES = {
    "Verdict": "ceasefire.audit.verifier",
    "read": "ceasefire.audit.services",
    "record": "ceasefire.audit.services",
    "verify": "ceasefire.audit.verifier",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
