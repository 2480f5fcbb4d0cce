"""List files are read, and large lists asked, in the background."""

from ceasefire import jobs
from grants.services import lists, vetting


@jobs.handler(lists.READ, atomic=False)
def read_list(job: jobs.Job, list_id: str) -> None:
    """Read a list file and make its index once; stopped half-way, nothing of it is left."""
    lists.read(list_id, progress=lambda done, total: jobs.progress(job, done, total))


@jobs.handler(vetting.CARRY_OUT, atomic=False)
def screen(job: jobs.Job, screening_id: str) -> None:
    """Screen the subjects of a grant. Every run is written, or none."""
    vetting.carry_out(screening_id, progress=lambda done, total: jobs.progress(job, done, total))
