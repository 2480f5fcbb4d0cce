"""Proof from the rows: the ledger's chain, its sums, and the limits. Reads only.

The hash of each posting is built here a second time from its columns, and every sum from the
postings: whoever could replace the database's functions still could not make these agree.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from ceasefire.audit.verifier import hash_of

_FIRST_PREV = bytes(32)
_BATCH = 2000


@dataclass(frozen=True)
class Verdict:
    """What a check found. `broken` is the first posting that does not hold, None where all do.

    `faults` name sums and limits that do not hold, as codes: grant, what, ledger, kept.
    """

    entries: int
    head_hash: str
    broken: int | None
    why: str
    faults: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return self.broken is None and not self.faults


def digest(row: Mapping[str, Any], prev: bytes) -> bytes:
    """SHA-256 over the canonical encoding of a posting (described in migration 0002)."""
    pieces = [
        row["seq"],
        row["fund_id"],
        row["grant_id"],
        row["tranche_id"],
        row["payment_id"],
        row["kind"],
        row["amount"],
        row["currency"],
        row["rate_row_id"],
        row["rate"],
        row["rate_on"],
        row["rate_source"],
        row["amount_usd"],
        row["effective_on"],
        row["posted"],
        row["actor_id"],
        row["reverses_id"],
        row["reason"],
        prev.hex(),
    ]
    return hash_of(pieces)


_IN_ORDER = """
SELECT seq, fund_id, grant_id, tranche_id, payment_id, kind, amount, currency, rate_row_id, rate,
       rate_on, rate_source, amount_usd, effective_on,
       (extract(epoch FROM posted_at) * 1000000)::bigint AS posted, actor_id, reverses_id, reason,
       prev_hash, hash
  FROM grants_ledgerentry ORDER BY seq
"""

#: A posting counts as its kind; a reversal takes away from the kind that it reverses.
_MOVED = """
WITH moved AS (
  SELECT e.fund_id, e.grant_id, e.tranche_id, coalesce(o.kind, e.kind) AS kind,
         CASE WHEN e.kind = 'REVERSAL' THEN -e.amount_usd ELSE e.amount_usd END AS usd
    FROM grants_ledgerentry e LEFT JOIN grants_ledgerentry o ON o.seq = e.reverses_id)
"""


def _of_moved(question: str) -> str:
    """A question over what every posting moved."""
    return f"{_MOVED} {question}"


#: name -> a question whose rows are faults: (what it is about, what should be, what is kept).
_OF_GRANTS = """
    SELECT g.ref, coalesce(s.usd, 0), g.[column] FROM grants_grant g
      LEFT JOIN (SELECT grant_id, sum(usd) AS usd FROM moved WHERE kind = '[kind]'
                  GROUP BY grant_id) s ON s.grant_id = g.id
     WHERE g.[column] <> coalesce(s.usd, 0) ORDER BY g.ref
    """
_SUMS: dict[str, str] = {
    f"grant.{column}": _of_moved(_OF_GRANTS.replace("[column]", column).replace("[kind]", kind))
    for column, kind in (
        ("committed_usd", "COMMIT"),
        ("obligated_usd", "OBLIGATE"),
        ("deobligated_usd", "DEOBLIGATE"),
        ("disbursed_usd", "DISBURSE"),
        ("refunded_usd", "REFUND"),
        ("expensed_usd", "EXPENSE_VERIFIED"),
    )
} | {
    "fund.obligated_usd": _of_moved("""
    SELECT f.code, coalesce(s.usd, 0), f.obligated_usd FROM grants_fund f
      LEFT JOIN (SELECT fund_id, sum(CASE kind WHEN 'OBLIGATE' THEN usd
                                               WHEN 'DEOBLIGATE' THEN -usd ELSE 0 END) AS usd
                   FROM moved GROUP BY fund_id) s ON s.fund_id = f.id
     WHERE f.obligated_usd <> coalesce(s.usd, 0) ORDER BY f.code
    """),
    "tranche.paid_usd": _of_moved("""
    SELECT g.ref || '/' || t.number, coalesce(s.usd, 0), t.paid_usd
      FROM grants_tranche t JOIN grants_grant g ON g.id = t.grant_id
      LEFT JOIN (SELECT tranche_id, sum(usd) AS usd FROM moved WHERE kind = 'DISBURSE'
                  GROUP BY tranche_id) s ON s.tranche_id = t.id
     WHERE t.paid_usd <> coalesce(s.usd, 0) ORDER BY 1
    """),
    "tranche.accounted_usd": _of_moved("""
    SELECT g.ref || '/' || t.number, coalesce(s.usd, 0), t.accounted_usd
      FROM grants_tranche t JOIN grants_grant g ON g.id = t.grant_id
      LEFT JOIN (SELECT tranche_id, sum(usd) AS usd FROM moved WHERE kind = 'EXPENSE_VERIFIED'
                  GROUP BY tranche_id) s ON s.tranche_id = t.id
     WHERE t.accounted_usd <> coalesce(s.usd, 0) ORDER BY 1
    """),
}

#: Rules of money and duties, asked of the rows anew; with its constraints there is no such row.
_LIMITS: dict[str, str] = {
    "limit.net_obligated": """
        SELECT ref, approved_usd, obligated_usd - deobligated_usd FROM grants_grant
         WHERE NOT (obligated_usd - deobligated_usd BETWEEN 0 AND approved_usd)
            OR approved_usd > requested_usd ORDER BY ref""",
    "limit.net_disbursed": """
        SELECT ref, obligated_usd - deobligated_usd, disbursed_usd - refunded_usd
          FROM grants_grant
         WHERE NOT (disbursed_usd - refunded_usd BETWEEN 0 AND obligated_usd - deobligated_usd)
         ORDER BY ref""",
    "limit.fund_ceiling": """
        SELECT code, ceiling_usd, obligated_usd FROM grants_fund
         WHERE NOT (obligated_usd BETWEEN 0 AND ceiling_usd) ORDER BY code""",
    "limit.closed_open_balance": """
        SELECT ref, obligated_usd - deobligated_usd, disbursed_usd - refunded_usd
          FROM grants_grant WHERE state = 'CLOSED'
           AND obligated_usd - deobligated_usd <> disbursed_usd - refunded_usd ORDER BY ref""",
    "limit.before_award": """
        SELECT g.ref, g.awarded_on, e.effective_on FROM grants_ledgerentry e
          JOIN grants_grant g ON g.id = e.grant_id
         WHERE e.kind IN ('OBLIGATE', 'DISBURSE', 'REFUND', 'EXPENSE_VERIFIED')
           AND (g.awarded_on IS NULL OR e.effective_on < g.awarded_on) ORDER BY g.ref""",
    "limit.approval": """
        SELECT g.ref, d.limit_usd, d.routed_usd FROM grants_decision d
          JOIN grants_grant g ON g.id = d.grant_id
         WHERE d.step = 'approval' AND d.verdict = 'YES'
           AND (d.limit_usd IS NULL OR d.routed_usd > d.limit_usd) ORDER BY g.ref""",
    "limit.unapproved_award": """
        SELECT g.ref, g.approved_usd, 0 FROM grants_grant g
         WHERE g.obligated_usd > 0 AND NOT EXISTS (
           SELECT FROM grants_decision d
            WHERE d.grant_id = g.id AND d.step = 'approval' AND d.verdict = 'YES'
              AND d.amount_usd = g.approved_usd) ORDER BY g.ref""",
    "limit.paid_unposted": """
        SELECT g.ref, p.amount, 0 FROM grants_paymentrequest p
          JOIN grants_grant g ON g.id = p.grant_id
         WHERE (p.state = 'PAID') <> EXISTS (
           SELECT FROM grants_ledgerentry e WHERE e.payment_id = p.id AND e.amount = p.amount
              AND e.currency = p.currency) ORDER BY g.ref""",
    "limit.rate": """
        SELECT e.seq::text, round(e.amount::numeric(40, 20) / e.rate, 2), e.amount_usd
          FROM grants_ledgerentry e
         WHERE e.currency = 'IQD'
           AND round(e.amount::numeric(40, 20) / e.rate, 2) <> e.amount_usd ORDER BY e.seq""",
    "duty.asks_and_decides": """
        SELECT g.ref, d.step, d.actor_id FROM grants_decision d
          JOIN grants_grant g ON g.id = d.grant_id WHERE d.actor_id = g.requester_id
         ORDER BY g.ref""",
    "duty.reviews_and_approves": """
        SELECT g.ref, a.id, r.id FROM grants_decision a
          JOIN grants_decision r ON r.grant_id = a.grant_id AND r.actor_id = a.actor_id
          JOIN grants_grant g ON g.id = a.grant_id
         WHERE a.role = 'approver' AND r.step IN ('review', 'award') ORDER BY g.ref""",
    "duty.approves_and_pays": """
        SELECT g.ref, a.id, p.voucher_no FROM grants_decision a
          JOIN grants_paymentrequest p ON p.grant_id = a.grant_id
           AND a.actor_id IN (p.certifier_id, p.payer_id)
          JOIN grants_grant g ON g.id = a.grant_id WHERE a.role = 'approver' ORDER BY g.ref""",
    "duty.asks_and_pays": """
        SELECT g.ref, p.voucher_no, 0 FROM grants_paymentrequest p
          JOIN grants_grant g ON g.id = p.grant_id
         WHERE g.requester_id IN (p.certifier_id, p.payer_id) OR p.certifier_id = p.payer_id
         ORDER BY g.ref""",
    "duty.pays_and_closes": """
        SELECT g.ref, d.id, p.voucher_no FROM grants_decision d
          JOIN grants_paymentrequest p ON p.grant_id = d.grant_id AND p.payer_id = d.actor_id
          JOIN grants_grant g ON g.id = d.grant_id WHERE d.step = 'closeout' ORDER BY g.ref""",
}


def verify(
    head: Mapping[str, Any] | None = None, *, progress: Callable[[int], None] | None = None
) -> Verdict:
    """Read the whole ledger in order, then every sum and limit; memory does not grow with it.

    `head` is an outside copy {seq, hash} of an earlier head: with it a cut tail is found too.
    """
    expected, prev = 1, _FIRST_PREV
    broken: int | None = None
    why = ""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_IN_ORDER)
        names: list[str] = []
        while broken is None and (rows := cursor.fetchmany(_BATCH)):
            names = names or [column[0] for column in cursor.description]
            for values in rows:
                row = dict(zip(names, values, strict=True))
                why = _wrong(row, expected, prev, head)
                if why:
                    broken = expected
                    break
                prev = bytes(row["hash"])
                expected += 1
            if progress:
                progress(expected - 1)
    if broken is None and head and expected - 1 < int(head["seq"]):
        broken, why = expected, "cut off: the head names a later posting"
    return Verdict(expected - 1, prev.hex(), broken, why, tuple(faults()))


def _wrong(
    row: Mapping[str, Any], expected: int, prev: bytes, head: Mapping[str, Any] | None
) -> str:
    if row["seq"] != expected:
        return "missing"
    if bytes(row["prev_hash"]) != prev:
        return "does not follow the posting before it"
    if bytes(row["hash"]) != digest(row, prev):
        return "changed after it was posted"
    if head and row["seq"] == int(head["seq"]) and bytes(row["hash"]).hex() != head["hash"]:
        return "is not the posting the head names"
    return ""


def faults() -> list[str]:
    """Every sum that drifted and every limit that is passed, one line each."""
    found = []
    with connection.cursor() as cursor:
        for name, question in (_SUMS | _LIMITS).items():
            cursor.execute(question)
            found += [
                f"{name} {about}: {should} / {kept}" for about, should, kept in cursor.fetchall()
            ]
    return found


def head() -> dict[str, Any]:
    """The last posting's number and hash, as reports print them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM grants_ledgerentry ORDER BY seq DESC LIMIT 1")
        row = cursor.fetchone()
    return {"seq": row[0], "hash": bytes(row[1]).hex()} if row else {"seq": 0, "hash": ""}


def ledger_totals() -> dict[str, Decimal]:
    """The sum of every kind in US dollars, reversals taken away: what reports must add up to."""
    with connection.cursor() as cursor:
        cursor.execute(_of_moved("SELECT kind, sum(usd) FROM moved GROUP BY kind ORDER BY kind"))
        return dict(cursor.fetchall())
