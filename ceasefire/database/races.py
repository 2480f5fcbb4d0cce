"""Two transactions that cannot both go on: PostgreSQL ends one of them, and it is begun again.

The loser has done nothing: its transaction was rolled back whole. Nothing of ours stands outside of
the transaction (files are sealed in the database, jobs wait in an outbox), so doing it again is
safe, and the person never hears of it.
"""

import random
import time

from django.db import OperationalError

#: SQLSTATE of a deadlock and of a serialization failure.
LOST = frozenset({"40P01", "40001"})
#: So often in all; then the "come back in a moment" page, or the job's own later attempt.
ATTEMPTS = 3
#: Seconds, times the attempt, and by chance so much less: two losers shall not meet again.
PAUSE = 0.1


def is_lost(error: BaseException | None) -> bool:
    """Whether an exception comes from PostgreSQL ending this transaction for another's sake."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OperationalError):
            state = getattr(error.__cause__, "pgcode", None)
            if state in LOST:
                return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def pause(attempt: int) -> None:
    """Wait a little before the next attempt; the first is 1."""
    time.sleep(PAUSE * attempt * random.uniform(0.3, 1))  # noqa: S311 - no secret
