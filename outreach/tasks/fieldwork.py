"""Who is missed, and which logs wait for a signature."""

from collections.abc import Iterator
from datetime import date, timedelta

from ceasefire import jobs, periods
from outreach.services import daily_log, shifts

ALARM, REMIND = "outreach.raise_shift_alarms", "outreach.remind_of_daily_logs"


@jobs.handler(ALARM, atomic=False)
def raise_shift_alarms() -> None:
    """Tell of everybody who did not come back in time."""
    shifts.raise_alarms(at=periods.now())


@jobs.periodic("outreach.shift_alarms")
def minutes() -> Iterator[jobs.Due]:
    """Now, where somebody is to be told of somebody."""
    now = periods.now()
    if shifts.is_due(now):
        yield jobs.Due(now.strftime("%Y-%m-%dT%H:%M"), ALARM)


@jobs.handler(REMIND)
def remind_of_daily_logs(day: str) -> None:
    """Ask for the signatures that a day still lacks."""
    daily_log.remind(date.fromisoformat(day))


@jobs.periodic("outreach.daily_logs")
def mornings() -> Iterator[jobs.Due]:
    """Yesterday, from six in the morning on; a missed day is asked for with the next three."""
    now = periods.now()
    if now.time() >= daily_log.MORNING:
        for back in (3, 2, 1):
            day = (now.date() - timedelta(days=back)).isoformat()
            yield jobs.Due(day, REMIND, {"day": day})
