"""Payments that look alike or look odd: for a person to look at, never a verdict.

Duplicates after the audits of payments in Iraq (E-267-09-005-P, invoices not reviewed well enough);
round sums and ever the same hands after E-267-08-001-P (payments to workers who did not exist).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from grants.models import Grant, PaymentRequest

#: What two payments have in common. Refused ones count too: a refused bill comes again.
TWINS: dict[str, Any] = {
    "voucher": _("The same voucher number"),
    "same": _("The same amount on an invoice of the same day"),
    "amount": _("The same amount to the same payee within 30 days"),
    "day": _("An invoice of the same day from the same payee"),
    "paper": _("The very same paper"),
}
#: What is not certified without a reason; `grants_payment_signs` finds them, in every grant.
SIGNS: dict[str, Any] = {
    "voucher": TWINS["voucher"],
    "same": TWINS["same"],
    "paper": TWINS["paper"],
    "line": _("A line of the budget is used up"),
}
#: What is odd about a payment, or about several together.
ODDITIES: dict[str, Any] = {
    "voucher": _("A voucher number used more than once"),
    "amount": _("The same amount to the same payee within 30 days"),
    "paper": _("The very same paper for more than one payment"),
    "round": _("A round sum"),
    "hands": _("Certified and paid by the same two people to the same payee, three times or more"),
    "stranger": _("The payee is no party to the grant"),
    "registration": _("Payees of different names with one registration number"),
}
#: A sum is round in steps of so much, from that much up.
ROUND = {"USD": 1000, "IQD": 1_000_000}
SAME_HANDS = 3
NEAR_DAYS = 30
#: So many of a kind are shown; the list is for looking, newest first.
MOST = 100

# A voucher as it is read: either digits, no case, no spaces, no strokes.
_VOUCHER = "public.grants_voucher({0}.voucher_no)"

_LIVE = "p.state <> 'REFUSED' AND (%(fund)s::uuid IS NULL OR p.fund_id = %(fund)s::uuid)"
_GROUPED = "array_agg(p.id ORDER BY p.requested_at DESC, p.id), max(p.requested_at)"


def _filled(question: str) -> str:
    """A question with its pieces in their places; values come with the question alone."""
    for name, piece in {
        "[voucher]": _VOUCHER.format("p"),
        "[my voucher]": _VOUCHER.format("a"),
        "[its voucher]": _VOUCHER.format("b"),
        "[live]": _LIVE,
        "[payments]": _GROUPED,
    }.items():
        question = question.replace(name, piece)
    return question


_TWINS = """
WITH papers AS (
  SELECT p.id AS payment_id, d.sha256 FROM grants_paymentrequest p
    JOIN grants_document d ON d.id IN (p.evidence_id, p.proof_id)),
found AS (
  SELECT a.id AS mine, b.id AS other, 'voucher' AS kind FROM grants_paymentrequest a
    JOIN grants_paymentrequest b ON b.id <> a.id AND [its voucher] = [my voucher]
   WHERE a.id = ANY (%(ids)s::uuid[])
  UNION ALL
  SELECT a.id, b.id, 'same' FROM grants_paymentrequest a
    JOIN grants_paymentrequest b ON b.id <> a.id AND b.invoiced_on = a.invoiced_on
     AND b.amount = a.amount AND b.currency = a.currency
   WHERE a.id = ANY (%(ids)s::uuid[])
  UNION ALL
  SELECT a.id, b.id, 'amount' FROM grants_paymentrequest a
    JOIN grants_paymentrequest b ON b.id <> a.id AND b.payee_id = a.payee_id
     AND b.amount = a.amount AND b.currency = a.currency
     AND abs(b.invoiced_on - a.invoiced_on) <= %(near)s
   WHERE a.id = ANY (%(ids)s::uuid[])
  UNION ALL
  SELECT a.id, b.id, 'day' FROM grants_paymentrequest a
    JOIN grants_paymentrequest b ON b.id <> a.id AND b.payee_id = a.payee_id
     AND b.invoiced_on = a.invoiced_on
   WHERE a.id = ANY (%(ids)s::uuid[])
  UNION ALL
  SELECT DISTINCT a.payment_id, b.payment_id, 'paper' FROM papers a
    JOIN papers b ON b.sha256 = a.sha256 AND b.payment_id <> a.payment_id
   WHERE a.payment_id = ANY (%(ids)s::uuid[]))
SELECT mine, other, kind FROM found ORDER BY mine, other, kind
"""


def twins(payment_ids: Iterable[Any]) -> dict[Any, dict[Any, list[str]]]:
    """Of each payment those that share a voucher, amount, invoice's day or paper with it, and what.

    Asked once for as many payments as a page shows.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _filled(_TWINS), {"ids": [str(key) for key in payment_ids], "near": NEAR_DAYS}
        )
        rows = cursor.fetchall()
    found: dict[Any, dict[Any, list[str]]] = {}
    for mine, other, kind in rows:
        found.setdefault(mine, {}).setdefault(other, []).append(kind)
    return found


def signs(payment: PaymentRequest) -> list[str]:
    """What keeps a payment from being certified without a reason: kinds of `SIGNS`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM public.grants_payment_signs(%s)", [payment.pk])
        return sorted(kind for (kind,) in cursor.fetchall())


def is_used_as_proof(proof_id: Any, payment: PaymentRequest) -> bool:
    """Whether the bytes of a paper stand with another payment of any grant already."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
              SELECT FROM grants_document mine
                JOIN grants_document its ON its.sha256 = mine.sha256
                JOIN grants_paymentrequest o
                  ON o.evidence_id = its.id OR o.proof_id = its.id
               WHERE mine.id = %s AND o.id <> %s)
            """,
            [proof_id, payment.pk],
        )
        return bool(cursor.fetchone()[0])


def budget_used(grant: Grant) -> dict[Any, Decimal]:
    """Of each budget line what the invoices of the grant used so far, in US dollars."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT line, used_usd FROM public.grants_budget_used(%s)", [grant.pk])
        return {line: used or Decimal(0) for line, used in cursor.fetchall()}


@dataclass(frozen=True)
class Oddity:
    """One thing to look at: which kind, and the payments it is about, newest first."""

    kind: str
    payment_ids: tuple[Any, ...]

    @property
    def label(self) -> Any:
        return ODDITIES[self.kind]


_ODD: dict[str, str] = {
    "voucher": """
        SELECT [payments] FROM grants_paymentrequest p WHERE [live]
         GROUP BY [voucher] HAVING count(*) > 1""",
    # Each with the one before it: a rent paid every quarter is not odd.
    "amount": """
        SELECT ARRAY[id, before], requested_at FROM (
          SELECT p.id, p.requested_at, p.invoiced_on,
                 lag(p.id) OVER same AS before, lag(p.invoiced_on) OVER same AS before_on
            FROM grants_paymentrequest p WHERE [live]
          WINDOW same AS (PARTITION BY p.payee_id, p.amount, p.currency
                          ORDER BY p.invoiced_on, p.requested_at, p.id)) AS pairs
         WHERE before IS NOT NULL AND invoiced_on - before_on <= %(near)s""",
    "paper": """
        SELECT array_agg(DISTINCT p.id), max(p.requested_at) FROM grants_paymentrequest p
          JOIN grants_document d ON d.id IN (p.evidence_id, p.proof_id) WHERE [live]
         GROUP BY d.sha256 HAVING count(DISTINCT p.id) > 1""",
    "round": """
        SELECT ARRAY[p.id], p.requested_at FROM grants_paymentrequest p
         WHERE [live]
           AND mod(p.amount, CASE p.currency WHEN 'USD' THEN %(usd)s ELSE %(iqd)s END) = 0""",
    "hands": """
        SELECT [payments] FROM grants_paymentrequest p WHERE [live] AND p.state = 'PAID'
         GROUP BY p.certifier_id, p.payer_id, p.payee_id HAVING count(*) >= %(hands)s""",
    "stranger": """
        SELECT ARRAY[p.id], p.requested_at FROM grants_paymentrequest p
          JOIN grants_grant g ON g.id = p.grant_id
         WHERE [live] AND p.payee_id IS DISTINCT FROM g.grantee_id
           AND p.payee_id IS DISTINCT FROM g.implementer_id
           AND NOT EXISTS (SELECT FROM grants_quote q
                            WHERE q.grant_id = g.id AND q.vendor_id = p.payee_id)""",
    "registration": """
        SELECT [payments] FROM grants_paymentrequest p
          JOIN grants_organisation o ON o.id = p.payee_id
         WHERE [live] AND o.registration_no <> ''
         GROUP BY o.registration_no HAVING count(DISTINCT o.id) > 1""",
}


def oddities(fund_id: Any = None) -> list[Oddity]:
    """The newest of every kind, at most `MOST` of each; one question a kind."""
    values = {
        "fund": str(fund_id) if fund_id else None,
        "near": NEAR_DAYS,
        "usd": ROUND["USD"],
        "iqd": ROUND["IQD"],
        "hands": SAME_HANDS,
        "most": MOST,
    }
    found = []
    with connection.cursor() as cursor:
        for kind, question in _ODD.items():
            cursor.execute(_filled(question) + " ORDER BY 2 DESC, 1 LIMIT %(most)s", values)
            found += [Oddity(kind, tuple(ids)) for ids, _newest in cursor.fetchall()]
    return found


#: What rows of payroll lists of several grants have in common (C4, C8). Names stay under seal.
PEOPLE: dict[str, Any] = {
    "phone": _("One phone on payroll lists of several grants"),
    "mark": _("One signature or thumb on payroll lists of several grants"),
}


@dataclass(frozen=True)
class Shared:
    """One phone or mark on lists of several grants: grant's number, list, row, newest first."""

    kind: str
    rows: tuple[tuple[str, int, int], ...]


def shared_people() -> list[Shared]:
    """Phones and marks that stand on lists of several grants, the newest first, `MOST` of each.

    Over all days: `payroll` itself compares lists that share a day before they are certified.
    """
    found = []
    with connection.cursor() as cursor:
        for kind, column in (("phone", "phone_key"), ("mark", "mark_hash")):
            cursor.execute(
                f"""
                SELECT json_agg(json_build_array(g.ref, l.number, r.number)
                                ORDER BY r.added_at DESC, r.id)
                  FROM grants_payrollrow r
                  JOIN grants_payrolllist l ON l.id = r.list_id AND l.state <> 'DROPPED'
                  JOIN grants_grant g ON g.id = l.grant_id
                 WHERE r.{column} <> '' AND r.struck_at IS NULL
                 GROUP BY r.{column} HAVING count(DISTINCT l.grant_id) > 1
                 ORDER BY max(r.added_at) DESC LIMIT %s
                """,  # noqa: S608 - one of two columns named here
                [MOST],
            )
            for (rows,) in cursor.fetchall():
                told = json.loads(rows) if isinstance(rows, str) else rows
                found.append(Shared(kind, tuple((ref, one, row) for ref, one, row in told)))
    return found
