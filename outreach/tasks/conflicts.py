"""Truces that end, and follow-ups whose day has come."""

from collections.abc import Iterator

from ceasefire import jobs, periods
from outreach.services import follow_ups, settlements

REMIND = "outreach.remind_of_conflicts"


@jobs.handler(REMIND, atomic=False)
def remind_of_conflicts() -> None:
    """Remind of ends of truces, and give the tasks of the day."""
    now = periods.now()
    settlements.remind(at=now)
    follow_ups.give_tasks(at=now)


@jobs.periodic("outreach.conflicts")
def minutes() -> Iterator[jobs.Due]:
    """Now, where somebody is to be told of something."""
    now = periods.now()
    if settlements.is_due(now) or follow_ups.is_due(now):
        yield jobs.Due(f"{now:%Y-%m-%dT%H:%M}", REMIND)
