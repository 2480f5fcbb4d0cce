"""The check of the ledger, every night."""

from collections.abc import Iterator

from ceasefire import jobs, periods
from ceasefire.database.session import as_system
from grants.models import LedgerCheck
from grants.services import nightly

CHECK = "grants.check_ledger"


@jobs.handler(CHECK, atomic=False)
def check_ledger(job: jobs.Job) -> None:
    """Check, keep, tell; the job fails where the ledger does not hold or the check could not run.

    In transactions of its own, so that what was found outlives the failure of the job.
    """
    began = periods.now()
    try:
        with as_system():
            found = nightly.check(progress=lambda seq: jobs.progress(job, seq, seq))
    except jobs.Cancelled:
        raise
    except Exception as error:
        with as_system():
            nightly.could_not_run(error, began=began)
        raise
    if found.outcome == LedgerCheck.Outcome.BROKEN:
        raise nightly.LedgerDoesNotHold


@jobs.periodic("grants.ledger")
def due_nights() -> Iterator[jobs.Due]:
    """Today; a night that was missed is told of by the next check."""
    yield jobs.Due(periods.now().date().isoformat(), CHECK)
