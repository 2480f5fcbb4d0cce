"""Jobs of what leaves by mail and in packs, and the daily clearing after them."""

from collections.abc import Iterator

from ceasefire import jobs, periods
from ceasefire.reports import evaluators, mailing, subscriptions

CLEAR = "reports.clear_outgoing"


@jobs.handler(mailing.ANNOUNCE)
def announce(report_id: str) -> None:
    """Make a mail for each subscriber of an approved report."""
    mailing.make_mails(report_id)


@jobs.handler(subscriptions.SEND, atomic=False)
def send_mail(mail_id: str) -> None:
    """Send one mail. What fails is written on its row and tried again from there."""
    mailing.send(mail_id)


@jobs.handler(evaluators.MAKE, atomic=False)
def make_pack(job: jobs.Job, pack_id: str) -> None:
    """Make an evaluator's pack. Stopped half-way, nothing of it is left."""
    evaluators.make(pack_id, progress=lambda done, total: jobs.progress(job, done, total))


@jobs.handler(CLEAR)
def clear_outgoing() -> None:
    """Forget packs that ran out, subscriptions that no longer hold, old mails in the folder."""
    evaluators.expire()
    subscriptions.clear()
    mailing.clear_files()


@jobs.periodic("reports.clear_outgoing")
def hours() -> Iterator[jobs.Due]:
    """Once an hour."""
    yield jobs.Due(periods.now().strftime("%Y-%m-%dT%H"), CLEAR)
