"""Getting the weekly report by e-mail: asking for it, proving the address, ending it.

Everybody does it for themselves. The address lies in the vault under the subscription's row and is
opened for nothing but a mail to it; forms, logs, jobs and the trail never hold it.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db import transaction

from ceasefire import audit, jobs, periods, vault
from ceasefire.people.models import User
from ceasefire.people.roles import REO_ROLES
from ceasefire.places.models import Site
from ceasefire.reports.exceptions import LinkIsNoMore, NotForThisRole, TooManyConfirmations
from ceasefire.reports.models import ReportMail, SharedWeeklyReport, Subscription, WeeklyReport

#: Who reads reports may have them announced.
READS = ("reports.view_weeklyreport", "reports.view_sharedweeklyreport")
ADDRESS = "address"
SEND = "reports.send_mail"
#: So often a day one person can have an address asked: nobody's mailbox is flooded from here.
CONFIRMATIONS_A_DAY = 5
#: A confirming link opens so long.
LINK_LIFE = timedelta(days=3)
#: An address that never answered is forgotten.
UNCONFIRMED_KEPT = timedelta(days=7)
_CONFIRM, _STOP = "reports.mail.confirm", "reports.mail.stop"


def may_subscribe(user: Any) -> bool:
    """Whether the role reads weekly reports at all."""
    return any(map(user.has_perm, READS))


def of(user: User) -> Subscription | None:
    """The person's subscription, confirmed or not."""
    return Subscription.objects.filter(user=user).first()


@transaction.atomic
def subscribe(*, address: str, by: User) -> Subscription:
    """Ask for reports at an address, in the place of an earlier one; a mail asks whether it is
    theirs.

    Until the link in it is opened nothing else goes there, and charts go to no new address before
    they are asked for again: others may see that mailbox. Refused for roles that read no report,
    and for the sixth address in 24 hours.
    """
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if not may_subscribe(by):
        raise NotForThisRole
    now = periods.now()
    asked = ReportMail.objects.filter(
        user=by, purpose=ReportMail.Purpose.CONFIRMATION, created_at__gt=now - timedelta(days=1)
    )
    if asked.count() >= CONFIRMATIONS_A_DAY:
        raise TooManyConfirmations
    subscription, _made = Subscription.objects.update_or_create(
        user=by,
        defaults={
            "key": uuid.uuid4(),
            "created_at": now,
            "confirmed_at": None,
            "with_charts": False,
        },
    )
    vault.seal(subscription, ADDRESS, address, by=by)
    _drop_open(by)
    mail = ReportMail.objects.create(
        purpose=ReportMail.Purpose.CONFIRMATION, user=by, key=subscription.key
    )
    # Entered as nobody's: what a person asks for here is on no page of jobs.
    jobs.enqueue(SEND, mail_id=mail.pk)
    audit.record("reportmail.asked", subject=subscription, by=by, fields=[ADDRESS])
    return subscription


@transaction.atomic
def confirm(token: str, *, by: User) -> Subscription:
    """Say that the address is theirs, by the link that was sent there. Twice is once."""
    subscription = _held(user=by, key=_key(token, _CONFIRM, LINK_LIFE))
    if subscription is None:
        raise LinkIsNoMore
    if subscription.confirmed_at is None:
        subscription.confirmed_at = periods.now()
        subscription.save(update_fields=["confirmed_at"])
        audit.record("reportmail.confirmed", subject=subscription, by=by)
    return subscription


@transaction.atomic
def choose_charts(*, with_charts: bool, by: User) -> bool:
    """Have the charts of REO's version in one's mails from now on, or no more; False where nothing
    changes, and for who has no subscription."""
    subscription = _held(user=by)
    if subscription is None or subscription.with_charts == with_charts:
        return False
    subscription.with_charts = with_charts
    subscription.save(update_fields=["with_charts"])
    audit.record(
        "reportmail.charts_wanted" if with_charts else "reportmail.charts_unwanted",
        subject=subscription,
        by=by,
        fields=["with_charts"],
    )
    return True


def check_confirming(token: str, *, by: User) -> None:
    """`LinkIsNoMore` where `confirm` would refuse; nothing is changed."""
    key = _key(token, _CONFIRM, LINK_LIFE)
    if not Subscription.objects.filter(user=by, key=key).exists():
        raise LinkIsNoMore


@transaction.atomic
def unsubscribe(user: User, *, by: User | None) -> bool:
    """End it and forget the address; False where there was none. `by` None: by a mail's link."""
    subscription = _held(user=user)
    if subscription is None:
        return False
    _drop_open(user)
    vault.forget(subscription, ADDRESS, by=by)
    audit.record("reportmail.ended", subject=subscription, by=by)
    subscription.delete()
    return True


@transaction.atomic
def unsubscribe_by(token: str) -> bool:
    """End the subscription of a mail's link; False where it is over already. Such a link never
    grows old: who has the mail may stop the mails."""
    subscription = Subscription.objects.filter(key=_key(token, _STOP, None)).first()
    return subscription is not None and unsubscribe(subscription.user, by=None)


def check_stopping(token: str) -> None:
    """`LinkIsNoMore` for a token that is none of ours."""
    _key(token, _STOP, None)


def confirming_token(subscription: Subscription) -> str:
    """What stands in the confirming link: the signed key and the moment, nothing of the person."""
    return signing.TimestampSigner(salt=_CONFIRM).sign(subscription.key.hex)


def stopping_token(subscription: Subscription) -> str:
    """What stands in the link to end it."""
    return signing.Signer(salt=_STOP).sign(subscription.key.hex)


def _key(token: str, salt: str, life: timedelta | None) -> uuid.UUID:
    try:
        if life is None:
            return uuid.UUID(signing.Signer(salt=salt).unsign(token))
        return uuid.UUID(signing.TimestampSigner(salt=salt).unsign(token, max_age=life))
    except (signing.BadSignature, ValueError):
        raise LinkIsNoMore from None


def _held(**which: Any) -> Subscription | None:
    return Subscription.objects.select_for_update(of=("self",)).filter(**which).first()


def _drop_open(user: User) -> None:
    """Mails that wait for the old address do not go to the new one unproved, nor after the end."""
    ReportMail.objects.filter(user=user, state=ReportMail.State.WAITING).update(
        state=ReportMail.State.DROPPED,
        why=ReportMail.Why.NOT_ENTITLED,
        touched_at=periods.now(),
    )


# --- who gets what --------------------------------------------------------------------------------


def shared_version(report: WeeklyReport) -> SharedWeeklyReport | None:
    """The version of this very revision that may leave the program, if there is one."""
    return SharedWeeklyReport.objects.filter(
        site_code=report.site.code, week_start=report.week_start, revision=report.revision
    ).first()


def is_entitled(user: User, report: WeeklyReport) -> bool:
    """Whether the person may hear of this report by mail, as they stand now.

    Of the program: who reads it and works for its site. Of REO: where it was shared. Of a report
    that only supervisors and managers see (`is_open`) nobody hears by mail.
    """
    if not report.is_open:
        return False
    if user.has_perm("reports.view_weeklyreport"):
        return report.site_id in user.site_ids
    return user.has_perm("reports.view_sharedweeklyreport") and shared_version(report) is not None


def how_many(site: Site) -> int:
    """How many people hear of a site's reports by mail. Never who."""
    confirmed = Subscription.objects.confirmed().filter(user__is_active=True)
    reo = confirmed.filter(user__role__in=REO_ROLES).count()
    return reo + confirmed.exclude(user__role__in=REO_ROLES).filter(user__sites=site).count()


@transaction.atomic
def clear() -> int:
    """End the subscriptions of who may no longer sign in, and those that never answered."""
    ended = 0
    old = periods.now() - UNCONFIRMED_KEPT
    for one in Subscription.objects.select_related("user").order_by("id"):
        is_stale = one.confirmed_at is None and one.created_at < old
        if is_stale or not (one.user.may_sign_in() and may_subscribe(one.user)):
            ended += unsubscribe(one.user, by=None)
    return ended
