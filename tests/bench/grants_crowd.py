"""Many grants at once, made inside the database: of each ten eight were awarded and paid.

An awarded grant has twelve postings (a commitment, an obligation, four payments, four verified
expenses, a refund, a de-obligation), four tranches, its papers, decisions, steps and indicators;
the other two a commitment that was taken back. 5,000 grants have 52,000 postings. Not written: the
ledger's hashes (each is that of its number), the trail, bytes of papers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.database import Unfit, filled, kept_database, throw_away_database
from tests.bench.outreach_crowd import _insert, _table
from tests.bench.upkeep import put_aside

FUNDS = ("BENCH-A", "BENCH-B")
DUTIES = (
    "requester",
    "reviewer",
    "vetting",
    "approver",
    "officer",
    "certifier",
    "payer",
    "monitor",
    "closeout",
)
#: Postings of an awarded grant: number, kind, amount, days after the award.
POSTINGS = (
    (1, "COMMIT", 3000, 0),
    (2, "OBLIGATE", 3000, 0),
    *((2 + part, "DISBURSE", 700, 20 * part) for part in (1, 2, 3, 4)),
    *((6 + part, "EXPENSE_VERIFIED", 675, 20 * part + 10) for part in (1, 2, 3, 4)),
    (11, "REFUND", 100, 95),
    (12, "DEOBLIGATE", 300, 96),
)
#: The papers of a grant, by their stage.
PAPERS = (
    ("proposal", "proposal"),
    ("budget", "budget"),
    ("review_sheet", "vetting"),
    ("risk_sheet", "vetting"),
    ("screening", "vetting"),
    ("award_letter", "award"),
    ("monitoring_plan", "award"),
    ("report_plan", "award"),
    ("receipt", "payment"),
    ("evidence", "payment"),
)
_STATES = "CASE WHEN {n} %% 10 < 4 THEN 'CLOSED' WHEN {n} %% 10 < 7 THEN 'ACTIVE'" \
    " WHEN {n} %% 10 = 7 THEN 'COMPLETED' WHEN {n} %% 10 = 8 THEN 'PENDING_APPROVAL'" \
    " ELSE 'SUBMITTED' END"  # fmt: skip


@dataclass
class Crowd:
    """Who asks for pages: the lowest role that may, and somebody with a duty."""

    viewer: Any
    officer: Any
    grants: int


def granted(size: int, *, keep: str = "", reuse: str = "") -> Any:
    """A context with a database of so many grants, or with that of `reuse`."""

    @contextmanager
    def work() -> Iterator[Crowd]:
        if reuse:
            with kept_database(reuse, new=False):
                yield found()
        elif keep:
            with kept_database(keep, new=True):
                made = fill(size)
                filled(f"{size:,} grants")
                yield made
        else:
            with throw_away_database():
                yield fill(size)

    return work()


def found() -> Crowd:
    """What an earlier run left in this database. Raises `Unfit` where it holds something else."""
    from ceasefire.people.models import User
    from grants.models import Grant

    viewer = User.objects.filter(username="bench.viewer").first()
    if viewer is None:
        raise Unfit("This database holds no grants; fill one with: grants --keep NAME")
    officer = User.objects.get(username="bench.officer")
    return Crowd(viewer, officer, Grant.objects.count())


def fill(size: int) -> Crowd:
    """Make it all, as the owner, without the guards that steps and postings pass, and analysed."""
    from django.db import connection

    from ceasefire.database import roles
    from grants import models as m

    _stage()
    with roles.as_owner(connection), connection.cursor() as cursor:
        _lists(cursor, size)
        tables = [_table(model) for model, _exprs, _source in _rows()]
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        with put_aside(cursor, tables):
            for model, exprs, source in _rows():
                _insert(cursor, model, exprs, source)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(
            f"UPDATE {_table(m.Fund)} f SET obligated_usd = (SELECT coalesce(sum(obligated_usd"
            f" - deobligated_usd), 0) FROM {_table(m.Grant)} g WHERE g.fund_id = f.id)"
        )
        for table in (*tables, _table(m.Organisation), _table(m.Fund)):
            vacuum = "" if connection.in_atomic_block else "VACUUM "
            cursor.execute(f"{vacuum}ANALYZE {table}")
    return found()


def _stage() -> None:
    """Funds, organisations, and an officer for every duty."""
    from datetime import date

    from ceasefire.people.models import User
    from ceasefire.people.roles import Role
    from ceasefire.places.models import Place
    from grants.models import Fund, Officer, Organisation

    for duty in DUTIES:
        User.objects.create(
            username=f"bench.{duty}",
            code_name=f"Bench {duty}",
            role=Role.REO_STAFF,
            duties=[duty],
            language="en",
        )
    User.objects.create(
        username="bench.viewer", code_name="Bench viewer", role=Role.REO_VIEWER, language="en"
    )
    officer = Officer.objects.get(user__username="bench.officer")
    for code in FUNDS:
        Fund.objects.create(
            code=code,
            name_en=f"Fund {code}",
            name_ar="صندوق القياس",
            ceiling_usd=100_000_000,
            start=date(2015, 1, 1),
            end=date(2045, 1, 1),
            entered_by=officer,
        )
    place = Place.objects.get(pcode="IQG02Q02")
    for number in range(200):
        Organisation.objects.create(
            code=f"ORG-9{number:04}",
            name_en=f"Association of quarter {number}",
            name_ar=f"جمعية المحلة {number}",
            kind="NGO",
            district=place,
            created_by=officer,
        )


def _lists(cursor: Any, size: int) -> None:
    """What the rows below are drawn from, as tables of this session."""
    cursor.execute("CREATE TEMP TABLE bench_who AS SELECT user_id, duties[1] AS duty"
                   " FROM grants_officer WHERE code_name LIKE 'Bench %'")  # fmt: skip
    people = ", ".join(
        f"(SELECT user_id FROM bench_who WHERE duty = '{duty}') AS {duty}" for duty in DUTIES
    )
    cursor.execute(f"CREATE TEMP TABLE bench_one AS SELECT {people}")
    cursor.execute(
        f"""
        CREATE TEMP TABLE bench_grant AS
        SELECT gen_random_uuid() AS id, n, {_STATES.format(n="n")} AS state,
               'QRF-' || 2022 + n %% 5 || '-' || lpad((n / 5 + 1)::text, 4, '0') AS ref,
               (SELECT id FROM grants_fund WHERE code = CASE n %% 2 WHEN 0 THEN %s ELSE %s END)
                 AS fund,
               o[1 + n %% 200] AS grantee, o[1 + (n * 7) %% 200] AS implementer,
               d[1 + n %% 7] AS district, n %% 10 < 8 AS awarded,
               DATE '2022-01-10' + (n %% 1400) AS day
          FROM generate_series(0, %s - 1) n,
               (SELECT array_agg(id ORDER BY code) AS o FROM grants_organisation) o,
               (SELECT array_agg(id ORDER BY pcode) AS d FROM places_place
                 WHERE level = 'district' AND pcode LIKE 'IQG02%%') d
        """,
        [*FUNDS, size],
    )
    cursor.execute(
        "CREATE TEMP TABLE bench_tranche AS SELECT gen_random_uuid() AS id,"
        " gen_random_uuid() AS payment, gen_random_uuid() AS proof, b.id AS grant_id, b.n,"
        " t AS number, b.fund, b.grantee, b.day FROM bench_grant b, generate_series(1, 4) t"
        " WHERE b.awarded"
    )
    cursor.execute("ANALYZE bench_grant; ANALYZE bench_tranche")


def _rows() -> Iterator[tuple[Any, dict[str, str], str]]:
    """Every table in turn: model, expressions by field, FROM and WHERE. `%` is doubled."""
    from grants import models as m

    every = "FROM bench_grant b CROSS JOIN bench_one w"
    paid = "FROM bench_tranche t CROSS JOIN bench_one w"
    noon = "(b.day + TIME '12:00') AT TIME ZONE 'Asia/Baghdad'"

    def if_awarded(amount: int) -> str:
        return f"CASE WHEN b.awarded THEN {amount} ELSE 0 END"

    yield (
        m.Grant,
        {
            "id": "b.id",
            "ref": "b.ref",
            "fund_id": "b.fund",
            "award_type": "'GRANT_CASH'",
            "kind": "(ARRAY['park', 'culture', 'school', 'vocational'])[1 + b.n %% 4]",
            "sector": "(ARRAY['15220', '16061', '11330', '43030'])[1 + b.n %% 4]",
            "title_en": "'Work ' || b.n || ' of a quarter that asked for it'",
            "title_ar": "'عمل ' || b.n || ' في محلة طلبته'",
            "purpose": "'Give young people a place. '",
            "district_id": "b.district",
            "implementer_id": "b.implementer",
            "grantee_id": "b.grantee",
            "requester_id": "w.requester",
            "owner_id": "w.requester",
            "state": "b.state",
            "state_since": noon,
            "requested_usd": "3000",
            "approved_usd": if_awarded(3000),
            "committed_usd": if_awarded(3000),
            "obligated_usd": if_awarded(3000),
            "deobligated_usd": if_awarded(300),
            "disbursed_usd": if_awarded(2800),
            "refunded_usd": if_awarded(100),
            "expensed_usd": if_awarded(2700),
            "planned_start": "b.day",
            "planned_end": "b.day + 120",
            "actual_start": "CASE WHEN b.awarded THEN b.day END",
            "actual_end": "CASE WHEN b.n %% 10 < 4 OR b.n %% 10 = 7 THEN b.day + 110 END",
            "submitted_at": noon,
            "awarded_on": "CASE WHEN b.awarded THEN b.day END",
            "closed_on": "CASE WHEN b.n %% 10 < 4 THEN b.day + 180 END",
            "risk": "(ARRAY['low', 'medium', 'high'])[1 + b.n %% 3]",
            "created_at": noon,
        },
        every,
    )
    for step, role in (("review", "reviewer"), ("vetting", "vetting"), ("award", "officer")):
        yield (
            m.Decision,
            {
                "grant_id": "b.id",
                "round": "1",
                "step": f"'{step}'",
                "role": f"'{role}'",
                "actor_id": f"w.{role}",
                "verdict": "'YES'",
                "valid_to": "b.day + 180" if step == "vetting" else "NULL",
                "at": noon,
            },
            every + (" WHERE b.awarded" if step == "award" else ""),
        )
    for number, state in enumerate(("DRAFT", "SUBMITTED", "VETTING", "PENDING_APPROVAL")):
        yield (
            m.Transition,
            {
                "grant_id": "b.id",
                "from_state": f"'{('', 'DRAFT', 'SUBMITTED', 'VETTING')[number]}'",
                "to_state": f"'{state}'",
                "role": "'requester'",
                "actor_id": "w.requester",
                "at": noon,
                "documents_hash": "repeat('0', 64)",
                "round": "1",
            },
            every,
        )
    for kind, stage in PAPERS:
        yield (
            m.Document,
            {
                "grant_id": "b.id",
                "type": f"'{kind}'",
                "stage": f"'{stage}'",
                "language": "'ar'",
                "sha256": f"encode(sha256((b.n || '{kind}')::bytea), 'hex')",
                "size": "1000",
                "mime": "'application/pdf'",
                "uploaded_by_id": "w.requester",
                "uploaded_at": noon,
            },
            every + ("" if stage in ("proposal", "budget") else " WHERE b.awarded"),
        )
    yield (
        m.Document,
        {
            "id": "t.proof",
            "grant_id": "t.grant_id",
            "type": "'receipt'",
            "stage": "'payment'",
            "language": "'ar'",
            "sha256": "encode(sha256((t.n || '/' || t.number)::bytea), 'hex')",
            "size": "1000",
            "mime": "'application/pdf'",
            "uploaded_by_id": "w.payer",
        },
        paid,
    )
    yield (
        m.Tranche,
        {
            "id": "t.id",
            "grant_id": "t.grant_id",
            "number": "t.number",
            "planned_usd": "750",
            "due_on": "t.day + 20 * t.number",
            "paid_usd": "700",
            "accounted_usd": "675",
        },
        paid,
    )
    yield (
        m.PaymentRequest,
        {
            "id": "t.payment",
            "fund_id": "t.fund",
            "grant_id": "t.grant_id",
            "tranche_id": "t.id",
            "state": "'PAID'",
            "amount": "700",
            "currency": "'USD'",
            "method": "'EFT'",
            "voucher_no": "'V-' || t.n || '-' || t.number",
            "payee_id": "t.grantee",
            "invoiced_on": "t.day",
            "proof_id": "t.proof",
            "requested_by_id": "w.requester",
            "certifier_id": "w.certifier",
            "certified_at": "now()",
            "payer_id": "w.payer",
            "paid_at": "now()",
            "paid_on": "t.day + 20 * t.number",
        },
        paid,
    )
    yield from _ledger(m)
    yield (
        m.Indicator,
        {
            "grant_id": "b.id",
            "number": "i",
            "level": "CASE i WHEN 1 THEN 'output' ELSE 'outcome' END",
            "title": "'What is counted ' || i",
            "baseline": "0",
            "target": "100",
        },
        every + " CROSS JOIN generate_series(1, 2) i",
    )


def _ledger(m: Any) -> Iterator[tuple[Any, dict[str, str], str]]:
    """Twelve postings of each awarded grant; of the others a commitment and its reversal."""
    kinds = ", ".join(f"({n}, '{kind}', {usd}, {days})" for n, kind, usd, days in POSTINGS)
    common = {
        "fund_id": "b.fund",
        "grant_id": "b.id",
        "currency": "'USD'",
        "posted_at": "now()",
        "actor_id": "w.officer",
    }
    yield (
        m.LedgerEntry,
        {
            **common,
            "seq": "b.n::bigint * 12 + k.number",
            "tranche_id": "t.id",
            "payment_id": "CASE k.kind WHEN 'DISBURSE' THEN t.payment END",
            "kind": "k.kind",
            "amount": "k.usd",
            "amount_usd": "k.usd",
            "effective_on": "b.day + k.days",
            "prev_hash": "sha256((b.n * 12 + k.number - 1)::text::bytea)",
            "hash": "sha256((b.n * 12 + k.number)::text::bytea)",
        },
        "FROM bench_grant b CROSS JOIN bench_one w"
        f" CROSS JOIN (VALUES {kinds}) k (number, kind, usd, days)"
        " LEFT JOIN bench_tranche t ON t.grant_id = b.id"
        "  AND t.number = CASE WHEN k.number BETWEEN 3 AND 6 THEN k.number - 2"
        "                      WHEN k.number BETWEEN 7 AND 10 THEN k.number - 6 END"
        " WHERE b.awarded",
    )
    for number, kind in ((1, "COMMIT"), (2, "REVERSAL")):
        yield (
            m.LedgerEntry,
            {
                **common,
                "seq": f"b.n::bigint * 12 + {number}",
                "kind": f"'{kind}'",
                "amount": "3000",
                "amount_usd": "3000",
                "effective_on": "b.day",
                "reverses_id": "b.n::bigint * 12 + 1" if kind == "REVERSAL" else "NULL",
                "reason": "'Taken back'" if kind == "REVERSAL" else "''",
                "prev_hash": f"sha256((b.n * 12 + {number - 1})::text::bytea)",
                "hash": f"sha256((b.n * 12 + {number})::text::bytea)",
            },
            "FROM bench_grant b CROSS JOIN bench_one w WHERE NOT b.awarded",
        )
