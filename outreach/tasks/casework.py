"""What falls due in the work with a case: screenings, and referrals without an answer."""

from collections.abc import Iterator

from ceasefire import jobs, periods
from outreach.services import forms, referrals, screening

REMIND = "outreach.remind_of_casework"


@jobs.handler(REMIND)
def remind_of_casework() -> None:
    """Give the tasks and notices of the day, each once, however often this runs; tidy up."""
    screening.remind()
    referrals.remind()
    forms.forget_old()


@jobs.periodic("outreach.casework")
def due_days() -> Iterator[jobs.Due]:
    """Today; a missed day is made up for by the next."""
    yield jobs.Due(periods.now().date().isoformat(), REMIND)
