"""The check of the whole ledger that runs every night, and who hears when it does not hold.

It is never silent: a fault, a check that stopped with an error, and nights without any check are
each told to auditors and program managers, and a failed check fails its job, so that it stands on
the page of background work until somebody looks.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import periods, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from grants.models import LedgerCheck
from grants.services import verification

#: Longer than this without a check is said too.
LATE_AFTER = timedelta(hours=36)
#: So many faults are kept by name; all are counted.
KEPT_FAULTS = 200
#: Who hears of it; administrators have no notices, they see the page of background work.
HEARERS = (Role.AUDITOR, Role.MANAGER)


def _address(code: str) -> str:
    return reverse("grants:ledger_check_list")


for _name, _sentence in (
    ("ledger.broken", _("The ledger of the grants does not hold.")),
    ("ledger.failed", _("The nightly check of the ledger of the grants could not run.")),
    ("ledger.late", _("The ledger of the grants was not checked for more than a day.")),
):
    worklist.kind(_name, _sentence, tone="overdue", address=_address)


class LedgerDoesNotHold(Exception):
    """Ends the job of the check, so that it is seen among the background work."""


def last_check() -> LedgerCheck | None:
    """The newest run, however it ended."""
    return LedgerCheck.objects.order_by("-id").first()


def is_late(now: datetime | None = None) -> bool:
    """Whether no check came to an end for longer than it should be, or none ever did."""
    ended = LedgerCheck.objects.exclude(outcome=LedgerCheck.Outcome.FAILED).order_by("-id").first()
    return ended is None or (now or periods.now()) - ended.finished_at > LATE_AFTER


def _tell(kind: str, check: LedgerCheck) -> None:
    """Once a day and kind to each of them, however often the job tries again."""
    day = periods.local_day(check.finished_at)
    hearers = User.objects.filter(is_active=True, role__in=HEARERS)
    worklist.notify(hearers, kind, subject=check, key=f"{kind}:{day}")


@transaction.atomic
def check(*, progress: Callable[[int], None] | None = None) -> LedgerCheck:
    """Verify everything, against the head of the last check that held; keep it and tell."""
    began = periods.now()
    before = last_check()
    late = before is not None and is_late(began)
    held = LedgerCheck.objects.filter(outcome=LedgerCheck.Outcome.WHOLE, entries__gt=0)
    known = held.order_by("-id").first()
    head = {"seq": known.entries, "hash": known.head_hash} if known else None
    verdict = verification.verify(head, progress=progress)
    made = LedgerCheck.objects.create(
        outcome=LedgerCheck.Outcome.WHOLE if verdict.whole else LedgerCheck.Outcome.BROKEN,
        started_at=began,
        finished_at=periods.now(),
        entries=verdict.entries,
        head_hash=verdict.head_hash,
        broken=verdict.broken,
        why=verdict.why,
        fault_count=len(verdict.faults),
        faults=list(verdict.faults[:KEPT_FAULTS]),
    )
    if late:
        _tell("ledger.late", made)
    if not verdict.whole:
        _tell("ledger.broken", made)
    return made


@transaction.atomic
def could_not_run(error: Exception, *, began: datetime) -> LedgerCheck:
    """Keep and tell that a check stopped; of the error only its kind, which quotes no row."""
    made = LedgerCheck.objects.create(
        outcome=LedgerCheck.Outcome.FAILED,
        started_at=began,
        finished_at=periods.now(),
        error_kind=type(error).__name__[:80],
    )
    _tell("ledger.failed", made)
    return made
