"""Background work on what is published: files for the world, checked before they are issued."""

from ceasefire import jobs
from grants.services import publishing


@jobs.handler(publishing.MAKE, atomic=False)
def make_published_file(job: jobs.Job, file_id: str) -> None:
    """Make a file. Stopped half-way, nothing of it is left."""
    publishing.make(file_id, is_last_attempt=job.attempts >= jobs.Job.MAX_ATTEMPTS)
