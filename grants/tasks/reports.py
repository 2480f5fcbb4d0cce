"""Long reports."""

from ceasefire import jobs
from grants.reports import asking


@jobs.handler(asking.JOB, atomic=False)
def make_report(job: jobs.Job, request_id: str) -> None:
    """Make a report that was asked for. Stopped half-way, nothing of it is left."""
    asking.make(request_id, progress=lambda done, total: jobs.progress(job, done, total))
