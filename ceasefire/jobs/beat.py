"""Beat that goes on when the clock of its machine is set.

Celery's beat keeps its next calls by the clock on the wall: set back by two hours, it would call
nothing for two hours. It also keeps them in a file that a power cut can spoil, and that two beats
can not share. Ours calls tasks that only look at tables, so that a call too many does no harm and
nothing has to be remembered: any number of them may run, on one machine or on several.
"""

import time
from datetime import UTC, datetime
from typing import Any

from celery.beat import Scheduler

#: The clock was set when it and the one that nobody can set part by more than this.
STEP_SECONDS = 2.0
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class SteadyScheduler(Scheduler):
    """Calls everything at its start and after the clock was set, then at its intervals."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._lead: float | None = None
        super().__init__(*arguments, **options)

    def tick(self, *arguments: Any, **options: Any) -> float:
        lead = time.time() - time.monotonic()
        if self._lead is None or abs(lead - self._lead) > STEP_SECONDS:
            for entry in self.schedule.values():
                entry.last_run_at = _LONG_AGO
            self._heap = None  # filled anew by the next line
        # Set in small steps, or slewed, the clock only moves what comes next by as little.
        self._lead = lead
        return float(super().tick(*arguments, **options))
