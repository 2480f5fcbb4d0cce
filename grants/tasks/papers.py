"""Background work on papers: audit packs, and uploads that nobody went on with."""

from collections.abc import Iterable

from ceasefire import jobs, periods
from grants.services import packs, uploads

EXPIRE = "grants.expire_papers"


@jobs.handler(packs.MAKE, atomic=False)
def make_pack(job: jobs.Job, pack_id: str) -> None:
    """Make an audit pack. Stopped half-way, nothing of it is left."""
    packs.make(pack_id, is_last_attempt=job.attempts >= jobs.Job.MAX_ATTEMPTS)


@jobs.handler(EXPIRE)
def expire_papers() -> None:
    """Forget uploads of two days ago and packs that ran out."""
    uploads.expire()
    packs.expire()


@jobs.periodic("grants.expire_papers")
def hours() -> Iterable[jobs.Due]:
    """Once an hour."""
    yield jobs.Due(periods.now().strftime("%Y-%m-%dT%H"), EXPIRE)
