"""Sending mails: each at most once by itself, with an end to the attempts.

A row a mail (`ReportMail`), unique by person and report, so a report announced twice by retries or
two workers makes the same rows. The row is moved to `handing`, and that committed, just before the
server is given the text; only who moved it goes on. What certainly did not go is tried again with
growing waits, `ATTEMPTS` times in all. A worker that dies with the row at `handing`, and a line
that breaks there, leave it `unsure`: sending again by itself could make it two, so that is left to
a manager, and the mail then carries the same Message-ID as the first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from ceasefire import audit, jobs, periods, vault
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from ceasefire.reports import letters, post, subscriptions
from ceasefire.reports.models import ReportMail, Subscription, WeeklyReport
from ceasefire.vault.exceptions import VaultError

log = logging.getLogger(__name__)

ANNOUNCE = "reports.announce"
State, Why = ReportMail.State, ReportMail.Why
#: Waits after each attempt that failed for now: a mail server or a line may be away for a day.
BACK_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=16),
)
ATTEMPTS = len(BACK_OFF) + 1
#: A mail that waits longer than any wait has lost its job.
LOST_AFTER = BACK_OFF[-1] + timedelta(hours=2)
#: Mails laid into the data folder where no server is set.
FILES_KEPT = timedelta(days=30)


class _TakenByAnother(Exception):
    """Another worker moved the row on, or it was dropped meanwhile."""


# --- announcing -----------------------------------------------------------------------------------


def announce(report: WeeklyReport) -> None:
    """Have an approved report announced after the commit; nothing where nobody subscribes."""
    if report.is_open and Subscription.objects.confirmed().exists():
        jobs.enqueue(ANNOUNCE, site=report.site, report_id=report.pk)


@transaction.atomic
def make_mails(report_id: str) -> int:
    """A row and a job for each subscriber who may hear of the report; how many are new."""
    report = WeeklyReport.objects.select_related("site").get(pk=report_id)
    known = set(ReportMail.objects.filter(report=report).values_list("user_id", flat=True))
    made = 0
    for one in Subscription.objects.confirmed().select_related("user").order_by("id"):
        if one.user_id in known or not subscriptions.is_entitled(one.user, report):
            continue
        mail = ReportMail.objects.create(
            purpose=ReportMail.Purpose.REPORT, user=one.user, report=report
        )
        jobs.enqueue(subscriptions.SEND, mail_id=mail.pk)
        made += 1
    return made


# --- sending --------------------------------------------------------------------------------------


def send(mail_id: str) -> str:
    """Send one mail if it waits; its state afterwards. Opens its own transactions."""
    with as_system():
        letter = _prepare(mail_id)
    if isinstance(letter, str):
        return letter
    try:
        post.hand_over(letter, about_to=lambda: _about_to(mail_id))
    except _TakenByAnother:
        return _state(mail_id)
    except post.NotHandedOver as refusal:
        return _settle(mail_id, partial(_refused, refusal=refusal))
    except post.HandingBroke:
        return _settle(mail_id, partial(_end, state=State.UNSURE, why=Why.LOST))
    return _settle(mail_id, partial(_end, state=State.SENT))


def _prepare(mail_id: str) -> Any:
    """The letter of a mail that waits, read afresh; else the state it is in now."""
    mail = (
        ReportMail.objects.select_for_update(of=("self",))
        .select_related("user", "report__site")
        .get(pk=mail_id)
    )
    if mail.state == State.HANDING:
        # Whoever moved it there is dead: two workers never have one job.
        return _end(mail, State.UNSURE, Why.LOST)
    if mail.state != State.WAITING:
        return mail.state
    subscription = Subscription.objects.filter(user=mail.user_id).first()
    if subscription is None or not _may_go(mail, subscription):
        return _end(mail, State.DROPPED, Why.NOT_ENTITLED)
    mail.attempts += 1
    mail.touched_at = periods.now()
    mail.save(update_fields=["attempts", "touched_at"])
    try:
        address = vault.unseal(subscription, subscriptions.ADDRESS, by=None)
    except VaultError:
        return _end(mail, State.FAILED, Why.SEAL)
    return letters.letter(mail, subscription, address)


def _may_go(mail: ReportMail, subscription: Subscription) -> bool:
    """Whether the mail is still wanted and allowed, at this moment."""
    if not mail.user.may_sign_in():
        return False
    if mail.report is None:
        return mail.key == subscription.key and subscription.confirmed_at is None
    return subscription.confirmed_at is not None and subscriptions.is_entitled(
        mail.user, mail.report
    )


def _about_to(mail_id: str) -> None:
    with as_system():
        moved = ReportMail.objects.filter(pk=mail_id, state=State.WAITING).update(
            state=State.HANDING, touched_at=periods.now()
        )
    if not moved:
        raise _TakenByAnother


def _settle(mail_id: str, end: Callable[[ReportMail], str]) -> str:
    with as_system():
        return end(ReportMail.objects.select_for_update().get(pk=mail_id))


def _state(mail_id: str) -> str:
    with as_system():
        return ReportMail.objects.get(pk=mail_id).state


def _refused(mail: ReportMail, refusal: post.NotHandedOver) -> str:
    """Wait and try again, or give up. Never after the text was taken."""
    if mail.state not in ReportMail.OPEN:
        return mail.state
    log.warning("a mail was not taken: %s, attempt %s", refusal.why, mail.attempts)
    if refusal.final or mail.attempts >= ATTEMPTS:
        return _end(mail, State.FAILED, refusal.why)
    jobs.enqueue(
        subscriptions.SEND,
        run_after=periods.now() + BACK_OFF[mail.attempts - 1],
        mail_id=mail.pk,
    )
    return _end(mail, State.WAITING, refusal.why)


def _end(mail: ReportMail, state: str, why: str = "") -> str:
    mail.state, mail.why, mail.touched_at = state, why, periods.now()
    mail.save(update_fields=["state", "why", "touched_at"])
    return state


# --- what a manager does about it -----------------------------------------------------------------


@transaction.atomic
def send_again(report: WeeklyReport, *, by: User, unsure: bool = False) -> int:
    """Let the mails of a report that failed wait again; how many.

    With `unsure` also those that perhaps went: whoever got one then gets it twice. Mails that
    waited longer than any wait have lost their job and are taken up too.
    """
    mails = ReportMail.objects.select_for_update().filter(report=report)
    states = [State.FAILED, *([State.UNSURE] if unsure else [])]
    lost = mails.filter(state=State.WAITING, touched_at__lt=periods.now() - LOST_AFTER)
    chosen = [*mails.filter(state__in=states), *lost]
    for mail in chosen:
        mail.attempts = 0
        mail.save(update_fields=["attempts"])
        _end(mail, State.WAITING)
        jobs.enqueue(subscriptions.SEND, mail_id=mail.pk)
    if chosen:
        audit.record(
            "reportmail.sent_again",
            subject=report,
            by=by,
            detail={"mails": len(chosen), "unsure": unsure},
        )
    return len(chosen)


def clear_files() -> int:
    """Delete mails laid into the data folder a month ago; how many."""
    folder = Path(settings.EMAIL_FILE_PATH)
    if not folder.is_dir():
        return 0
    before = (periods.now() - FILES_KEPT).timestamp()
    old = [one for one in folder.iterdir() if one.is_file() and one.stat().st_mtime < before]
    for one in old:
        one.unlink(missing_ok=True)
    return len(old)
