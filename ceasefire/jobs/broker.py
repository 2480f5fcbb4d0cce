"""Hints to the workers, by way of a broker that may be away."""

import logging
import os
import time
from typing import Any

from celery import current_app
from kombu.pools import producers

log = logging.getLogger(__name__)

#: After a broker that did not answer, this process sends no hint for so long: requests stay quick
#: through a long outage, and the sweeper finds the rows.
PAUSE_SECONDS = 15.0
#: A hint is worth no longer wait than this.
TIMEOUT_SECONDS = 1.0

_silent_until = 0.0
_connections: dict[int, Any] = {}


def _connection() -> Any:
    """This process's own way to the broker, which gives up at once: Celery's tries for 6 s."""
    pid = os.getpid()
    if pid not in _connections:
        _connections.clear()  # a parent's, copied by a fork
        _connections[pid] = current_app.connection_for_write(
            transport_options={
                "max_retries": 0,
                "socket_timeout": TIMEOUT_SECONDS,
                "socket_connect_timeout": TIMEOUT_SECONDS,
            }
        )
    return _connections[pid]


def hint(job_id: int) -> bool:
    """Tell the workers that a job waits; False where the broker is away, which is no loss."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return False
    from ceasefire.jobs import tasks

    try:
        with producers[_connection()].acquire(block=True, timeout=TIMEOUT_SECONDS) as producer:
            tasks.run.apply_async([job_id], producer=producer, retry=False)
    except Exception as error:
        # Whatever the broker's client raises: the row stands, so nothing may reach the caller.
        _silent_until = time.monotonic() + PAUSE_SECONDS
        name = type(error).__name__
        log.warning("no hint for job %s: %s; the sweeper will find it", job_id, name)
        return False
    return True
