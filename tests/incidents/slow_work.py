"""For a worker beside a test: its jobs stop for a minute at their first sign of progress."""

import os
import time
from typing import Any

from ceasefire import jobs
from ceasefire.celery import app
from ceasefire.jobs import services

__all__ = ["app"]


def _told_and_slow(job: Any, done: int, total: int) -> None:
    services.progress(job, done, total)
    if done:
        time.sleep(60)


if os.environ.get("SLOW_WORK"):
    # The first sign is written, however soon it comes.
    services.PROGRESS_STEP_SECONDS = 0
    jobs.progress = _told_and_slow  # type: ignore[attr-defined]
