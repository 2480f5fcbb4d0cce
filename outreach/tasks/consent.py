"""Withdrawn consent: what was sealed is erased at once, and a sweep sees that it was."""

from collections.abc import Iterator

from ceasefire import jobs, periods
from ceasefire.database.session import as_system
from outreach.services import consent

SWEEP = "outreach.sweep_withdrawn"


@jobs.handler(consent.ERASE)
def erase_identity(participant_id: str) -> None:
    """Erase what is sealed of one case. Run again, it finds nothing to do."""
    consent.erase(participant_id)


@jobs.handler(SWEEP, atomic=False)
def sweep_withdrawn() -> None:
    """Erase what a lost or failed job left behind; hourly, so well within the 24 hours."""
    for participant_id in consent.waiting_for_erasing():
        # Each by itself: the trail is locked to the commit, and one that fails stops no other.
        with as_system():
            consent.erase(participant_id)


@jobs.periodic("outreach.withdrawn")
def due_hours() -> Iterator[jobs.Due]:
    """This hour; a missed one is made up for by the next."""
    yield jobs.Due(f"{periods.now():%Y-%m-%dT%H}", SWEEP)
