"""Money: decimals only, rounded half up, once.

US dollars have two places; dinars are kept to three (ISO 4217) and shown with none. A rate is
dinars for one dollar, with at most six places. Imports nothing of the project.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

__all__ = ["CENT", "PLACES", "BadAmount", "amount", "dollars", "product", "rate"]

CENT = Decimal("0.01")
#: Places of each currency that is paid in.
PLACES = {"USD": 2, "IQD": 3}
#: What the columns hold.
_MOST = {"USD": Decimal(10) ** 12, "IQD": Decimal(10) ** 15}
_RATE_PLACES = 6


class BadAmount(ValueError):
    """No amount of this currency: not a number, not above zero, too long, or too many places."""


def _number(value: Decimal | int | str) -> Decimal:
    if isinstance(value, bool | float):
        raise BadAmount("An amount is a decimal number, never a float.")
    try:
        number = Decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        raise BadAmount("This is no number.") from None
    if not number.is_finite():
        raise BadAmount("This is no number.")
    return number


def _places(number: Decimal) -> int:
    """Places that say something: 5.10 has one, 5.00 none."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def amount(value: Decimal | int | str, currency: str = "USD") -> Decimal:
    """`value` as an amount to be moved: above zero, with the places of its currency.

    Never rounds: more places than the currency has are `BadAmount`, as is an unknown currency.
    """
    if currency not in PLACES:
        raise BadAmount("This currency is not used.")
    number = _number(value)
    if number <= 0:
        raise BadAmount("An amount is above zero.")
    if _places(number) > PLACES[currency]:
        raise BadAmount("This has more places than the currency.")
    if number >= _MOST[currency]:
        raise BadAmount("This is more than is ever paid.")
    return number.quantize(Decimal(1).scaleb(-PLACES[currency]))


def rate(value: Decimal | int | str) -> Decimal:
    """`value` as a rate: above zero, at most six places, below a million million."""
    number = _number(value)
    if not 0 < number < Decimal(10) ** 12 or _places(number) > _RATE_PLACES:
        raise BadAmount("A rate is above zero, with at most six places.")
    return number.quantize(Decimal(1).scaleb(-_RATE_PLACES))


def dollars(value: Decimal, currency: str, iqd_per_usd: Decimal | None = None) -> Decimal:
    """What an amount is in US dollars: amount / rate, rounded half up to the cent.

    Computed once, when it is posted. Dollars need no rate; dinars without one are `BadAmount`, as
    is what comes to less than half a cent.
    """
    if currency == "USD":
        return value.quantize(CENT, ROUND_HALF_UP)
    if iqd_per_usd is None:
        raise BadAmount("Dinars need a rate.")
    with localcontext() as exact:
        exact.prec = 60
        found = (value / iqd_per_usd).quantize(CENT, ROUND_HALF_UP)
    if found <= 0:
        raise BadAmount("This is less than a cent.")
    return found


def product(quantity: Decimal, unit_cost: Decimal) -> Decimal:
    """So many at so much, rounded half up to the cent."""
    with localcontext() as exact:
        exact.prec = 60
        return (quantity * unit_cost).quantize(CENT, ROUND_HALF_UP)
