"""Payments of a fund stopped in a district, and let go on: two people each time."""

from typing import Any

from django.db import transaction

from ceasefire import audit, periods
from ceasefire.people.models import User
from ceasefire.places.models import Place
from grants.exceptions import SecondPersonNeeded, SettledAlready, StopStands
from grants.models import Fund, Grant, PaymentStop
from grants.services.funds import CONFIRMERS
from grants.services.held import changed, held_fund, officer, or_else, said


def _held(stop: PaymentStop) -> PaymentStop:
    """The stop as it stands now, behind the lock on its fund, as payments are."""
    held_fund(stop.fund)
    return PaymentStop.objects.select_for_update(no_key=True).get(pk=stop.pk)


def _record(verb: str, stop: PaymentStop, by: User, reason: str = "") -> None:
    audit.record(
        verb,
        subject=stop.fund,
        by=by,
        reason=reason,
        detail={"stop": stop.pk, "district": stop.district_id},
    )


@transaction.atomic
def propose(fund: Fund, *, district: Place, reason: str, by: User) -> PaymentStop:
    """Enter a stop; it holds once somebody else confirmed it. Raises `StopStands`."""
    who, reason = officer(by, "officer"), said(reason)
    with or_else({"one_stop_a_fund_and_district": StopStands}):
        made = PaymentStop.objects.create(
            fund=fund, district=district, reason=reason, entered_by=who
        )
    _record("payment_stop.entered", made, by, reason)
    return made


@transaction.atomic
def confirm(stop: PaymentStop, *, by: User) -> PaymentStop:
    """From now on nothing is asked for, certified or paid there. Not by who entered it."""
    who = officer(by, *CONFIRMERS)
    stop = _held(stop)
    if stop.confirmed_at is not None or stop.dropped_at is not None:
        raise SettledAlready
    if stop.entered_by_id == who.pk:
        raise SecondPersonNeeded
    changed(stop, confirmed_by=who, confirmed_at=periods.now())
    _record("payment_stop.confirmed", stop, by)
    return stop


@transaction.atomic
def drop(stop: PaymentStop, *, by: User) -> PaymentStop:
    """Let a stop go that nobody confirmed: whoever entered it, or whoever might have confirmed."""
    who = officer(by, *CONFIRMERS)
    stop = _held(stop)
    if stop.confirmed_at is not None or stop.dropped_at is not None:
        raise SettledAlready
    changed(stop, dropped_by=who, dropped_at=periods.now())
    _record("payment_stop.dropped", stop, by)
    return stop


@transaction.atomic
def ask_lift(stop: PaymentStop, *, reason: str, by: User) -> PaymentStop:
    """Ask that payments go on, by a grants officer; somebody else lifts."""
    who, reason = officer(by, "officer"), said(reason)
    stop = _held(stop)
    if stop.confirmed_at is None or stop.lifted_at is not None or stop.lift_asked_at is not None:
        raise SettledAlready
    changed(stop, lift_asked_by=who, lift_asked_at=periods.now(), lift_reason=reason)
    _record("payment_stop.lift_asked", stop, by, reason)
    return stop


@transaction.atomic
def keep(stop: PaymentStop, *, by: User) -> PaymentStop:
    """Refuse, or take back, the lifting that was asked for: the stop goes on holding."""
    officer(by, *CONFIRMERS)
    stop = _held(stop)
    if stop.lift_asked_at is None or stop.lifted_at is not None:
        raise SettledAlready
    changed(stop, lift_asked_by=None, lift_asked_at=None, lift_reason="")
    _record("payment_stop.kept", stop, by)
    return stop


@transaction.atomic
def lift(stop: PaymentStop, *, by: User) -> PaymentStop:
    """Let payments go on; not by who asked for it."""
    who = officer(by, *CONFIRMERS)
    stop = _held(stop)
    if stop.lift_asked_at is None or stop.lifted_at is not None:
        raise SettledAlready
    if stop.lift_asked_by_id == who.pk:
        raise SecondPersonNeeded
    changed(stop, lifted_by=who, lifted_at=periods.now())
    _record("payment_stop.lifted", stop, by)
    return stop


def holding(grant: Grant) -> PaymentStop | None:
    """The stop that keeps a grant from being paid, None where there is none."""
    return (
        PaymentStop.objects.holding()
        .filter(fund_id=grant.fund_id, district_id=grant.district_id)
        .first()
    )


def stopped_pairs(fund_ids: Any) -> set[tuple[Any, Any]]:
    """(fund, district) of every stop that holds on these funds."""
    found = PaymentStop.objects.holding().filter(fund_id__in=fund_ids)
    return set(found.values_list("fund_id", "district_id"))
