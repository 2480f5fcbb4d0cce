"""Old notices do not pile up."""

from collections.abc import Iterator
from datetime import timedelta

from ceasefire import jobs, periods
from ceasefire.worklist.models import Notification

CLEAR = "worklist.clear_old"
#: Kept so long, read or not.
KEPT = timedelta(days=180)


@jobs.handler(CLEAR)
def clear_old() -> None:
    """Delete notices half a year old; what they told of stands in the records and the trail."""
    Notification.objects.filter(created_at__lt=periods.now() - KEPT).delete()


@jobs.periodic("worklist.daily")
def due_days() -> Iterator[jobs.Due]:
    """Today; a missed day is made up for by the next."""
    yield jobs.Due(periods.now().date().isoformat(), CLEAR)
