# ruff: noqa: S608 - statements are put together of fixed parts; values go as parameters
"""The lines of the Federal Financial Report (SF-425), from the ledger, as a worksheet.

Line letters: OMB form 4040-0014 (SF-425), items 10 a to o, 11 and 12. It is a worksheet to fill the
form from, and never the form: what the ledger of grants does not hold (cash from the donor, shares
of the recipient, program income, indirect expense) counts only as confirmed figures of the fund.
Amounts of a form are cumulative from the begin of the fund to the end of the period.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from grants.models import Fund, FundFigure
from grants.reports.rows import KINDS, POSTINGS

SLUG = "sf-425"
Kind = FundFigure.Kind


@dataclass(frozen=True)
class Line:
    """A line of the form: its letter, its words, its formula, and how it is worked out."""

    number: str
    words: Any
    formula: Any
    work: Callable[[dict[str, Decimal]], Decimal]
    #: A balance, which stands at the end of the period and has no amount in it.
    stands: bool = False
    #: Of which kind of confirmed figure the line is; "not kept" where there is none.
    figure: str = ""


def _figure(kind: str) -> Callable[[dict[str, Decimal]], Decimal]:
    return lambda of: of[kind]


_CONFIRMED = _("Confirmed figures of the fund")
LINES: tuple[Line, ...] = (
    Line("10a", _("Cash receipts"), _CONFIRMED, _figure(Kind.RECEIPT), figure=Kind.RECEIPT),
    Line(
        "10b",
        _("Cash disbursements"),
        _("Ledger: disbursed - refunded"),
        lambda of: of["disbursed_usd"] - of["refunded_usd"],
    ),
    Line(
        "10c",
        _("Cash on hand"),
        "10a - 10b",
        lambda of: of["10a"] - of["10b"],
        stands=True,
    ),
    Line(
        "10d",
        _("Total federal funds authorised"),
        _("Ceiling of the fund"),
        lambda of: of["ceiling"],
        stands=True,
    ),
    Line(
        "10e",
        _("Federal share of expenditures"),
        _("Ledger: verified expenses"),
        lambda of: of["expensed_usd"],
    ),
    Line(
        "10f",
        _("Federal share of unliquidated obligations"),
        _("Ledger: obligated - de-obligated - disbursed + refunded"),
        lambda of: (
            of["obligated_usd"] - of["deobligated_usd"] - of["disbursed_usd"] + of["refunded_usd"]
        ),
        stands=True,
    ),
    Line(
        "10g",
        _("Total federal share"),
        "10e + 10f",
        lambda of: of["10e"] + of["10f"],
        stands=True,
    ),
    Line(
        "10h",
        _("Unobligated balance of federal funds"),
        "10d - 10g",
        lambda of: of["10d"] - of["10g"],
        stands=True,
    ),
    Line(
        "10i",
        _("Total recipient share required"),
        _CONFIRMED,
        _figure(Kind.SHARE_REQUIRED),
        figure=Kind.SHARE_REQUIRED,
    ),
    Line(
        "10j",
        _("Recipient share of expenditures"),
        _CONFIRMED,
        _figure(Kind.SHARE_SPENT),
        figure=Kind.SHARE_SPENT,
    ),
    Line(
        "10k",
        _("Remaining recipient share to be provided"),
        "10i - 10j",
        lambda of: of["10i"] - of["10j"],
        stands=True,
    ),
    Line(
        "10l",
        _("Total federal program income earned"),
        _CONFIRMED,
        _figure(Kind.INCOME_EARNED),
        figure=Kind.INCOME_EARNED,
    ),
    Line(
        "10m",
        _("Program income expended by the deduction alternative"),
        _CONFIRMED,
        _figure(Kind.INCOME_DEDUCTED),
        figure=Kind.INCOME_DEDUCTED,
    ),
    Line(
        "10n",
        _("Program income expended by the addition alternative"),
        _CONFIRMED,
        _figure(Kind.INCOME_ADDED),
        figure=Kind.INCOME_ADDED,
    ),
    Line(
        "10o",
        _("Unexpended program income"),
        "10l - 10m - 10n",
        lambda of: of["10l"] - of["10m"] - of["10n"],
        stands=True,
    ),
    Line("11", _("Indirect expense"), _CONFIRMED, _figure(Kind.INDIRECT), figure=Kind.INDIRECT),
)
BY_NUMBER = {line.number: line for line in LINES}


def worksheet(fund: Fund, *, since: date | None, until: date) -> dict[str, Any]:
    """Every line of a fund: in the period, and from the begin of the fund to the end of it.

    Numbers are exact decimals, US dollars. `kept` says whether any figure of the line was entered.
    """
    whole = _amounts(fund, None, until)
    inside = _amounts(fund, since, until) if since else whole
    kept = set(_figures(fund, None, until))
    lines = []
    for line in LINES:
        whole[line.number] = line.work(whole)
        inside[line.number] = line.work(inside)
        lines.append(
            {
                "line": line.number,
                "period": None if line.stands else inside[line.number],
                "total": whole[line.number],
                "kept": not line.figure or line.figure in kept,
            }
        )
    return {
        "fund": fund.code,
        "name_en": fund.name_en,
        "name_ar": fund.name_ar,
        "donor_ref": fund.donor_ref,
        "start": fund.start,
        "end": fund.end,
        "from": since,
        "to": until,
        "lines": lines,
        # Paid and not verified yet: in neither 10e nor 10f, so it is said in the remarks.
        "unverified": whole["disbursed_usd"] - whole["refunded_usd"] - whole["expensed_usd"],
    }


def _amounts(fund: Fund, since: date | None, until: date) -> dict[str, Decimal]:
    """What the lines are worked out of: sums of the ledger, confirmed figures, the ceiling."""
    sums = ", ".join(
        f"coalesce(sum(p.usd) FILTER (WHERE p.what = '{kind}'), 0)" for kind in KINDS.values()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {sums} FROM ({POSTINGS}) p WHERE p.fund_id = %s AND p.effective_on <= %s"
            " AND (%s::date IS NULL OR p.effective_on >= %s::date)",
            [fund.pk, until, since, since],
        )
        found: dict[str, Decimal] = dict(zip(KINDS, cursor.fetchone(), strict=True))
    figures = _figures(fund, since, until)
    for kind in Kind.values:
        found[kind] = figures.get(kind, Decimal("0.00"))
    found["ceiling"] = fund.ceiling_usd
    return found


def _figures(fund: Fund, since: date | None, until: date) -> dict[str, Decimal]:
    rows = FundFigure.objects.filter(
        fund=fund, confirmed_at__isnull=False, withdrawn_at__isnull=True, on__lte=until
    )
    if since:
        rows = rows.filter(on__gte=since)
    return dict(rows.order_by().values_list("kind").annotate(Sum("amount_usd")))
