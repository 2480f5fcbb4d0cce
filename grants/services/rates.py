"""Exchange rates: entered by one, confirmed by another, withdrawn, never edited."""

from datetime import date
from decimal import Decimal

from django.db import transaction

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from grants.exceptions import BadAmount, InTheFuture, NoConfirmedRate, RateStands
from grants.exceptions import NotAllowedFromHere as Gone
from grants.exceptions import SecondPersonNeeded as NeedsAnother
from grants.models import ExchangeRate
from grants.services.held import changed, officer, or_else, said

#: Who sees to rates; whoever of them did not enter one may confirm it.
DUTIES = ("officer", "certifier", "payer", "approver")


@transaction.atomic
def enter_rate(
    *, day: date, source: str, iqd_per_usd: Decimal | int | str, by: User
) -> ExchangeRate:
    """Dinars for one dollar on a day, six places. It counts once a second person confirmed it.

    Raises `BadAmount`, `InTheFuture`, or `RateStands` where that source has one for the day.
    """
    who = officer(by, *DUTIES)
    try:
        value = money.rate(iqd_per_usd)
    except money.BadAmount as error:
        raise BadAmount from error
    if day > periods.now().date():
        raise InTheFuture
    if source not in ExchangeRate.Source.values:
        raise NoConfirmedRate
    with or_else({"one_rate_a_day_and_source": RateStands}):
        made = ExchangeRate.objects.create(
            day=day, source=source, iqd_per_usd=value, entered_by=who
        )
    audit.record(
        "exchange_rate.entered",
        subject=made,
        by=by,
        detail={"day": day, "source": source, "rate": value},
    )
    return made


@transaction.atomic
def confirm_rate(rate: ExchangeRate, *, by: User) -> ExchangeRate:
    """Confirm what somebody else entered. Raises `SecondPersonNeeded`."""
    who = officer(by, *DUTIES)
    found = ExchangeRate.objects.select_for_update(no_key=True).get(pk=rate.pk)
    if found.confirmed_at is not None or found.withdrawn_at is not None:
        raise Gone
    if found.entered_by_id == who.pk:
        raise NeedsAnother
    changed(found, confirmed_by=who, confirmed_at=periods.now())
    audit.record("exchange_rate.confirmed", subject=found, by=by)
    return found


@transaction.atomic
def withdraw_rate(rate: ExchangeRate, *, reason: str, by: User) -> ExchangeRate:
    """Let a rate count no more, so that another can be entered; what was posted keeps it."""
    who = officer(by, *DUTIES)
    reason = said(reason)
    found = ExchangeRate.objects.select_for_update(no_key=True).get(pk=rate.pk)
    if found.withdrawn_at is not None:
        raise Gone
    changed(found, withdrawn_by=who, withdrawn_at=periods.now())
    audit.record("exchange_rate.withdrawn", subject=found, by=by, reason=reason)
    return found


def rate_for(day: date, source: str) -> ExchangeRate:
    """The last confirmed rate of a source on or before a day. Raises `NoConfirmedRate`."""
    found = (
        ExchangeRate.objects.filter(
            source=source, day__lte=day, confirmed_at__isnull=False, withdrawn_at__isnull=True
        )
        .order_by("-day")
        .first()
    )
    if found is None:
        raise NoConfirmedRate
    return found
