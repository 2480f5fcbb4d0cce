"""Figures of a fund that come from its donor: entered by one officer, confirmed by another."""

from datetime import date
from typing import Any

from django.db import transaction

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from grants.exceptions import BadAmount, InTheFuture, NotAllowedFromHere, ReasonMissing
from grants.models import Fund, FundFigure, Officer
from grants.services.held import apart, officer

#: Who confirms a figure that somebody else entered. In an office of four the only certifier may be
#: the grants officer who entered it; then the payer or the approver is the second person.
CONFIRMERS = ("certifier", "payer", "approver")


@transaction.atomic
def enter(
    fund: Fund, *, kind: str, amount_usd: Any, on: date, reference: str, by: User
) -> FundFigure:
    """Write down what the donor paid, or another figure of the federal worksheet; by an officer.

    It counts once `confirm`ed. Raises `BadAmount`, `InTheFuture`, `ReasonMissing` (no reference).
    """
    who = officer(by, "officer")
    try:
        value = money.amount(amount_usd, "USD")
    except money.BadAmount as error:
        raise BadAmount from error
    if value <= 0:
        raise BadAmount
    if on > periods.now().date():
        raise InTheFuture
    reference = " ".join(reference.split())
    if not reference:
        raise ReasonMissing
    made = FundFigure.objects.create(
        fund=fund,
        kind=FundFigure.Kind(kind),
        amount_usd=value,
        on=on,
        reference=reference,
        entered_by=who,
    )
    _record("fund_figure.entered", made, by)
    return made


@transaction.atomic
def confirm(figure: FundFigure, *, by: User) -> FundFigure:
    """Say that a figure is right; by a certifier, payer or approver who did not enter it."""
    who = officer(by, *CONFIRMERS)
    figure = _held(figure)
    if figure.confirmed_at is not None or figure.withdrawn_at is not None:
        raise NotAllowedFromHere
    apart(figure.entered_by_id == who.pk)
    figure.confirmed_by, figure.confirmed_at = who, periods.now()
    figure.save(update_fields=["confirmed_by", "confirmed_at"])
    _record("fund_figure.confirmed", figure, by)
    return figure


@transaction.atomic
def withdraw(figure: FundFigure, *, by: User) -> FundFigure:
    """Take a wrong figure back, confirmed or not; it stays on the page, and counts no more."""
    who = officer(by, "officer", *CONFIRMERS)
    figure = _held(figure)
    if figure.withdrawn_at is not None:
        raise NotAllowedFromHere
    figure.withdrawn_by, figure.withdrawn_at = who, periods.now()
    figure.save(update_fields=["withdrawn_by", "withdrawn_at"])
    _record("fund_figure.withdrawn", figure, by)
    return figure


def confirmers() -> list[Officer]:
    """Officers at work who may confirm what somebody else entered, by their code names."""
    rows = Officer.objects.filter(is_active=True, duties__overlap=list(CONFIRMERS))
    return list(rows.order_by("code_name"))


def _held(figure: FundFigure) -> FundFigure:
    found: FundFigure = (
        FundFigure.objects.select_for_update(of=("self",), no_key=True)
        .select_related("fund")
        .get(pk=figure.pk)
    )
    return found


def _record(verb: str, figure: FundFigure, by: User) -> None:
    audit.record(
        verb,
        subject=figure.fund,
        by=by,
        detail={
            "figure": figure.pk,
            "kind": figure.kind,
            "amount_usd": figure.amount_usd,
            "on": figure.on,
        },
    )
