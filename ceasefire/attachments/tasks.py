"""The daily end of photos that nobody may look at any more."""

from collections.abc import Iterable

from ceasefire import jobs, periods
from ceasefire.attachments import services

EXPIRE = "attachments.expire"


@jobs.handler(EXPIRE)
def expire() -> None:
    """Erase what is due; run twice, it does nothing the second time."""
    services.expire()


@jobs.periodic("attachments.expire")
def days() -> Iterable[jobs.Due]:
    """Once a day."""
    yield jobs.Due(periods.local_day(periods.now()).isoformat(), EXPIRE)
