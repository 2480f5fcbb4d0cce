"""What falls due after the award: sustainment visits, findings that nobody closes, lost owners."""

from collections.abc import Iterator

from ceasefire import jobs, periods
from grants.services import handover, monitoring

WATCH = "grants.watch"


@jobs.handler(WATCH)
def watch() -> None:
    """Plan the sustainment visits, pass findings up; tell of grants without an owner, and of those
    whose next step nobody may take. Each once."""
    monitoring.plan_sustainment_visits()
    monitoring.escalate_findings(on=periods.now().date())
    handover.tell_of_left_behind()
    handover.tell_of_stranded()


@jobs.periodic("grants.watch")
def due_days() -> Iterator[jobs.Due]:
    """Today; a missed day is made up for by the next."""
    yield jobs.Due(periods.now().date().isoformat(), WATCH)
