"""For a worker beside a test: the named job stops for a minute at its first sign of progress."""

import os
import time
from typing import Any

from ceasefire import jobs
from ceasefire.celery import app
from ceasefire.jobs import services

__all__ = ["app"]

#: The number of one job: what else waits in the queue is done at its usual speed.
SLOW = os.environ.get("SLOW_WORK", "")


def _told_and_slow(job: Any, done: int, total: int) -> None:
    services.progress(job, done, total)
    if done and str(job.pk) == SLOW:
        time.sleep(60)


if SLOW:
    # The first sign is written, however soon it comes.
    services.PROGRESS_STEP_SECONDS = 0
    jobs.progress = _told_and_slow  # type: ignore[attr-defined]
