# ruff: noqa: S608 - statements are put together of fixed parts; values go as parameters
"""The rows of every report, as one statement each: what the ledger and the registers say.

One statement reads the rows, the totals of the ledger beside them, the numbers of the chart and the
ledger's head, so all of them are of one moment. Amounts are summed by PostgreSQL in exact decimals.
A reversal takes back what it reverses, on its own day.

Definitions: unliquidated = obligated - deobligated - disbursed + refunded;
burn = (disbursed - refunded) / (obligated - deobligated).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from grants.models import Sector, Stage
from grants.reports.columns import REPORTS, Report
from grants.services.funds import CALLED_OFF
from grants.services.machine import EXCLUDES

#: Rows fetched at a time.
BATCH = 1000
#: Names drawn in a chart; the table has all.
DRAWN = 12

Filters = Mapping[str, Any]

POSTINGS = """
  SELECT e.seq, e.fund_id, e.grant_id, e.tranche_id, e.effective_on, e.currency,
         coalesce(o.kind, e.kind) AS what,
         CASE WHEN o.seq IS NULL THEN e.amount_usd ELSE -e.amount_usd END AS usd,
         CASE WHEN o.seq IS NULL THEN e.amount ELSE -e.amount END AS own
    FROM grants_ledgerentry e
    LEFT JOIN grants_ledgerentry o ON o.seq = e.reverses_id
"""
KINDS = {
    "obligated_usd": "OBLIGATE",
    "deobligated_usd": "DEOBLIGATE",
    "disbursed_usd": "DISBURSE",
    "refunded_usd": "REFUND",
    "expensed_usd": "EXPENSE_VERIFIED",
}
_LOCAL = "AT TIME ZONE 'Asia/Baghdad'"


def of_grants(filters: Filters) -> str:
    """The conditions on a grant `g` that the filters say."""
    said = ["TRUE"]
    if filters.get("grant"):
        said.append("g.ref = %(grant)s")
    if filters.get("fund"):
        said.append("g.fund_id = (SELECT id FROM grants_fund WHERE code = %(fund)s)")
    if filters.get("district"):
        said.append("g.district_id = (SELECT id FROM places_place WHERE pcode = %(district)s)")
    if filters.get("state"):
        said.append("g.state = %(state)s")
    if filters.get("sector"):
        said.append("g.sector = %(sector)s")
    return " AND ".join(said)


def within(day: str, filters: Filters) -> str:
    """The condition that a day lies in the filter's span, both ends included."""
    said = ["TRUE"]
    if filters.get("from"):
        said.append(f"{day} >= %(from)s::date")
    if filters.get("to"):
        said.append(f"{day} <= %(to)s::date")
    return " AND ".join(said)


def _dated(filters: Filters) -> bool:
    return bool(filters.get("from") or filters.get("to"))


def _sums() -> str:
    return ", ".join(
        f"coalesce(sum(p.usd) FILTER (WHERE p.what = '{kind}'), 0) AS {name}"
        for name, kind in KINDS.items()
    )


def _money(filters: Filters) -> str:
    """Joins `m`, the amounts of a grant `g`: its running sums, or those of the span alone."""
    if not _dated(filters):
        # The database keeps these equal to the ledger at every commit.
        names = ", ".join(f"g.{name}" for name in KINDS)
        return f"CROSS JOIN LATERAL (SELECT {names}, TRUE AS moved) m"
    names = ", ".join(f"coalesce(l.{name}, 0) AS {name}" for name in KINDS)
    return f"""
    LEFT JOIN (SELECT p.grant_id, {_sums()} FROM ({POSTINGS}) p
                WHERE {within("p.effective_on", filters)} GROUP BY p.grant_id) l
           ON l.grant_id = g.id
    CROSS JOIN LATERAL (SELECT {names}, l.grant_id IS NOT NULL AS moved) m"""


def _listed(filters: Filters) -> str:
    """Grants with a posting in the span, or begun by its end."""
    if not filters.get("to"):
        return of_grants(filters)
    begun = f"(g.created_at {_LOCAL})::date <= %(to)s::date"
    return f"{of_grants(filters)} AND (m.moved AND l.grant_id IS NOT NULL OR {begun})"


#: What stands approved of a grant `g`: of one that was called off nothing does any more.
_APPROVED = (
    "CASE WHEN g.state IN (" + ", ".join(f"'{state}'" for state in CALLED_OFF) + ")"
    " THEN 0.00 ELSE g.approved_usd END"
)
_UNLIQUIDATED = "m.obligated_usd - m.deobligated_usd - m.disbursed_usd + m.refunded_usd"


def _burn(disbursed: str, obligated: str) -> str:
    return f"round(100 * ({disbursed}) / nullif({obligated}, 0), 1)"


# --- which papers are needed: the view `grants_paperneed` says it ---------------------------------


def _standing(grant: str, kind: str) -> str:
    return (
        f"SELECT FROM grants_document d WHERE d.grant_id = {grant}.id AND d.type = {kind}"
        " AND NOT EXISTS (SELECT FROM grants_document n WHERE n.supersedes_id = d.id)"
        " AND grants_in_order(d.id)"
    )


# --- R1 to R6 ------------------------------------------------------------------------------------


def portfolio(filters: Filters) -> str:
    return f"""
    SELECT g.ref, f.code AS fund, g.award_type, g.title_en, g.title_ar,
           ge.name_en AS grantee_en, ge.name_ar AS grantee_ar,
           CASE WHEN im.id IS NULL THEN NULL ELSE json_build_array(im.name_en, im.name_ar) END
             AS implementer,
           g.sector, g.sector AS dac_code,
           json_build_array(d.name_en, d.name_ar) AS district, g.state,
           g.requested_usd, {_APPROVED} AS approved_usd, m.obligated_usd, m.disbursed_usd,
           m.refunded_usd,
           {_UNLIQUIDATED} AS unliquidated_usd, m.deobligated_usd,
           g.planned_start, g.planned_end, g.actual_start, g.actual_end, nullif(g.risk, '') AS risk,
           coalesce((SELECT count(n.document_id) * 100 / nullif(count(*), 0)
                       FROM grants_paperneed n WHERE n.grant_id = g.id), 100) AS doc_complete_pct,
           rq.code_name AS requester,
           (SELECT o.code_name FROM grants_decision c JOIN grants_officer o
                ON o.user_id = c.actor_id
             WHERE c.grant_id = g.id AND c.step = 'award' ORDER BY c.id DESC LIMIT 1)
             AS grants_officer
      FROM grants_grant g
      JOIN grants_fund f ON f.id = g.fund_id
      JOIN places_place d ON d.id = g.district_id
      JOIN grants_officer rq ON rq.user_id = g.requester_id
      LEFT JOIN grants_organisation ge ON ge.id = g.grantee_id
      LEFT JOIN grants_organisation im ON im.id = g.implementer_id
      {_money(filters)}
     WHERE {_listed(filters)}
     ORDER BY g.ref"""


def months(filters: Filters) -> str:
    kinds = "('OBLIGATE', 'DEOBLIGATE', 'DISBURSE', 'REFUND')"
    until = "p.effective_on <= %(to)s::date" if filters.get("to") else "TRUE"
    since = (
        "WHERE month >= date_trunc('month', %(from)s::date)::date" if filters.get("from") else ""
    )
    inside = within("p.effective_on", filters)
    sums = ", ".join(
        f"coalesce(sum(p.usd) FILTER (WHERE p.what = '{kind}' AND {inside}), 0) AS {name}"
        for name, kind in KINDS.items()
        if name != "expensed_usd"
    )
    return f"""
    SELECT * FROM (
      WITH p AS (
        SELECT p.fund_id, p.effective_on, date_trunc('month', p.effective_on)::date AS month,
               p.what, p.usd
          FROM ({POSTINGS}) p JOIN grants_grant g ON g.id = p.grant_id
         WHERE p.what IN {kinds} AND {until} AND {of_grants(filters)}),
      each AS (
        SELECT s.fund_id, s.month, {sums},
               coalesce(sum(CASE p.what WHEN 'OBLIGATE' THEN p.usd
                                        WHEN 'DEOBLIGATE' THEN -p.usd END), 0) AS all_obligated,
               coalesce(sum(CASE p.what WHEN 'DISBURSE' THEN p.usd
                                        WHEN 'REFUND' THEN -p.usd END), 0) AS all_disbursed
          FROM (SELECT begun.fund_id, series.month::date AS month
                  FROM (SELECT fund_id, min(month) AS first FROM p GROUP BY fund_id) begun
                  CROSS JOIN LATERAL generate_series(
                    begun.first, (SELECT max(month) FROM p), interval '1 month') series (month)) s
          LEFT JOIN p ON p.fund_id = s.fund_id AND p.month = s.month
         GROUP BY s.fund_id, s.month),
      run AS (
        SELECT each.*, sum(all_obligated) OVER w AS cum_obligated_usd,
               sum(all_disbursed) OVER w AS cum_disbursed_usd
          FROM each WINDOW w AS (PARTITION BY fund_id ORDER BY month))
      SELECT to_char(month, 'YYYY-MM') AS period, f.code AS fund, run.obligated_usd,
             run.deobligated_usd, run.obligated_usd - run.deobligated_usd AS net_obligated_usd,
             run.disbursed_usd, run.refunded_usd,
             run.disbursed_usd - run.refunded_usd AS net_disbursed_usd,
             cum_obligated_usd, cum_disbursed_usd,
             {_burn("cum_disbursed_usd", "cum_obligated_usd")} AS burn_rate_pct
        FROM run JOIN grants_fund f ON f.id = run.fund_id {since}
       ORDER BY month, f.code) monthly"""


#: A duty -> who may not act as it any more; the same table as the verbs have.
def _excluded() -> str:
    parts = {
        "requester": "SELECT g.requester_id UNION SELECT actor_id FROM grants_transition"
        " WHERE grant_id = g.id AND role = 'requester'"
        " UNION SELECT opened_by_id FROM grants_amendment WHERE grant_id = g.id",
        "decided": "SELECT actor_id FROM grants_decision WHERE grant_id = g.id",
        "reviewer": "SELECT actor_id FROM grants_decision WHERE grant_id = g.id"
        " AND step = 'review'",
        "approver": "SELECT actor_id FROM grants_decision WHERE grant_id = g.id"
        " AND role = 'approver'",
        "awarder": "SELECT actor_id FROM grants_decision WHERE grant_id = g.id AND step = 'award'",
        "closer": "SELECT actor_id FROM grants_decision WHERE grant_id = g.id"
        " AND step = 'closeout'",
        "certifier": "SELECT certifier_id FROM grants_paymentrequest WHERE grant_id = g.id"
        " AND certifier_id IS NOT NULL",
        "payer": "SELECT payer_id FROM grants_paymentrequest WHERE grant_id = g.id"
        " AND payer_id IS NOT NULL",
    }

    def people(part: str) -> str:
        return f"ARRAY({parts[part]})"

    cases = " ".join(
        f"WHEN '{duty}' THEN {' || '.join(map(people, out))}" for duty, out in EXCLUDES.items()
    )
    return f"CASE duty {cases} ELSE ARRAY[]::uuid[] END"


def _holds(row: str) -> str:
    """That a confirmed rule or seat holds today."""
    return (
        f"{row}.confirmed_at IS NOT NULL AND {row}.valid_from <= %(today)s::date"
        f" AND ({row}.valid_to IS NULL OR {row}.valid_to > %(today)s::date)"
    )


#: The approvals `c` of a grant `g` in its round, as `requirements.approvals` has them.
_APPROVALS = (
    "c.grant_id = g.id AND c.step = 'approval' AND c.verdict = 'YES'"
    " AND c.amendment_id IS NULL AND c.round = g.round"
)


def _next_level() -> str:
    """The level of approval that speaks next of a grant `g`, as `requirements.next_level` says."""
    called_off = ", ".join(f"'{state}'" for state in CALLED_OFF)
    return f"""
        SELECT r.role
          FROM (SELECT coalesce(max(c.amount_usd), g.requested_usd)
                       + CASE WHEN g.split_group IS NULL THEN 0 ELSE (
                           SELECT coalesce(sum(b.requested_usd), 0) FROM grants_grant b
                            WHERE b.split_group = g.split_group AND b.id <> g.id
                              AND b.state NOT IN ({called_off})) END AS usd
                  FROM grants_decision c WHERE {_APPROVALS}) routed
          JOIN grants_authorityrule r
            ON r.fund_id = g.fund_id AND r.award_type = g.award_type AND {_holds("r")}
           AND routed.usd BETWEEN r.min_amount_usd AND r.max_amount_usd
         WHERE r.quorum > (SELECT count(DISTINCT c.actor_id) FROM grants_decision c
                            WHERE {_APPROVALS} AND c.authority = r.role)
         ORDER BY r.sequence, r.max_amount_usd LIMIT 1"""


def pipeline(filters: Filters) -> str:
    """Duties and officers are those of `machine.missing_for`, which a test compares in every state.

    An approval waits for who sits on the level that speaks next and has not spoken in this round;
    a payment for who neither asked for it nor certified it.
    """
    entered = f"(g.state_since {_LOCAL})::date"
    days = f"(%(today)s::date - {entered})"
    bands = (
        ("band_0_7", f"{days} <= 7"),
        ("band_8_14", f"{days} BETWEEN 8 AND 14"),
        ("band_15_30", f"{days} BETWEEN 15 AND 30"),
        ("band_31_60", f"{days} BETWEEN 31 AND 60"),
        ("band_60_plus", f"{days} > 60"),
    )
    banded = ", ".join(f"({test})::int AS {name}" for name, test in bands)
    return f"""
    SELECT g.ref, g.title_en, g.state, {entered} AS entered_state_on, {days} AS days_in_state,
           %(today)s::date - (g.submitted_at {_LOCAL})::date AS days_since_submitted,
           CASE WHEN g.approved_usd > 0 THEN g.approved_usd ELSE g.requested_usd END AS amount_usd,
           array_to_string(w.duties, '; ') AS waiting_on_role,
           CASE WHEN g.state IN ('DRAFT', 'RETURNED') THEN ow.code_name ELSE (
             SELECT string_agg(DISTINCT o.code_name, '; ')
               FROM (SELECT duty, {_excluded()} AS out
                       FROM unnest(w.duties) duty OFFSET 0) asked
               JOIN grants_officer o ON o.is_active AND asked.duty = ANY (o.duties)
                AND NOT o.user_id = ANY (asked.out)
              WHERE CASE asked.duty
                WHEN 'approver' THEN EXISTS (
                  SELECT FROM grants_authorityseat s
                   WHERE s.fund_id = g.fund_id AND s.officer_id = o.user_id AND {_holds("s")}
                     AND s.role = ({_next_level()}))
                  AND NOT EXISTS (SELECT FROM grants_decision c
                                   WHERE {_APPROVALS} AND c.actor_id = o.user_id)
                WHEN 'certifier' THEN EXISTS (
                  SELECT FROM grants_paymentrequest p
                   WHERE p.grant_id = g.id AND p.state = 'REQUESTED'
                     AND p.requested_by_id <> o.user_id)
                WHEN 'payer' THEN EXISTS (
                  SELECT FROM grants_paymentrequest p
                   WHERE p.grant_id = g.id AND p.state = 'CERTIFIED'
                     AND o.user_id NOT IN (p.requested_by_id, p.certifier_id))
                ELSE TRUE END) END
             AS waiting_on_person,
           {banded}
      FROM grants_grant g
      JOIN grants_officer ow ON ow.user_id = g.owner_id
      CROSS JOIN LATERAL (SELECT CASE g.state
          WHEN 'SUBMITTED' THEN ARRAY['reviewer'] WHEN 'VETTING' THEN ARRAY['vetting']
          WHEN 'PENDING_APPROVAL' THEN ARRAY['approver'] WHEN 'APPROVED' THEN ARRAY['officer']
          WHEN 'AWARDED' THEN CASE
            WHEN g.disbursed_usd >= g.obligated_usd - g.deobligated_usd + g.refunded_usd
             AND EXISTS (SELECT FROM grants_tranche
                          WHERE grant_id = g.id AND paid_usd < planned_usd) THEN ARRAY['officer']
            WHEN EXISTS (SELECT FROM grants_paymentrequest
                          WHERE grant_id = g.id AND state = 'CERTIFIED') THEN ARRAY['payer']
            WHEN EXISTS (SELECT FROM grants_paymentrequest
                          WHERE grant_id = g.id AND state = 'REQUESTED') THEN ARRAY['certifier']
            ELSE ARRAY['requester', 'officer'] END
          ELSE ARRAY['requester'] END AS duties) w
     WHERE g.state IN ('DRAFT', 'RETURNED', 'SUBMITTED', 'VETTING', 'PENDING_APPROVAL', 'APPROVED',
                       'AWARDED')
       AND {of_grants(filters)} AND {within(entered, filters)}
     ORDER BY g.state_since, g.ref"""


_RUNNING = "('AWARDED', 'ACTIVE', 'SUSPENDED', 'COMPLETED', 'CLOSING', 'TERMINATED', 'REOPENED')"
_WORKING = "('AWARDED', 'ACTIVE', 'SUSPENDED')"
_TO_CLOSE = "('COMPLETED', 'CLOSING', 'TERMINATED', 'REOPENED')"


def _went(state: str) -> str:
    """The day on which a grant `g` last came to a state."""
    return (
        f"(SELECT (max(w.at) {_LOCAL})::date FROM grants_transition w"
        f" WHERE w.grant_id = g.id AND w.to_state = '{state}')"
    )


#: The clock of the closeout, as `requirements.closeout_from`: it begins anew with a reopening, else
#: with the end of the work, or the day it was broken off; a later step does not set it back.
_ENDED = f"coalesce({_went('REOPENED')}, g.actual_end, {_went('TERMINATED')})"
_OVERDUE = (
    f"(g.state IN {_WORKING} AND g.planned_end < %(today)s::date"
    f" OR g.state IN {_TO_CLOSE} AND {_ENDED} + f.closeout_days < %(today)s::date)"
)


def districts(filters: Filters) -> str:
    """People are those of grants that were awarded: a request reaches nobody."""
    return f"""
    SELECT d.pcode AS district_code, d.name_en AS district_en, d.name_ar AS district_ar,
           count(*) AS grants, sum({_APPROVED}) AS approved_usd,
           sum(m.obligated_usd) AS obligated_usd, sum(m.disbursed_usd) AS disbursed_usd,
           round(100 * sum(m.obligated_usd) / nullif(sum(sum(m.obligated_usd)) OVER (), 0), 1)
             AS pct_of_total,
           count(*) FILTER (WHERE g.state IN {_RUNNING}) AS open,
           count(*) FILTER (WHERE {_OVERDUE}) AS overdue,
           count(*) FILTER (WHERE g.state = 'CLOSED') AS closed,
           coalesce(sum(b.people), 0)::bigint AS beneficiaries,
           round(sum(m.disbursed_usd - m.refunded_usd) / nullif(sum(b.people), 0), 2)
             AS usd_per_beneficiary
      FROM grants_grant g
      JOIN grants_fund f ON f.id = g.fund_id
      JOIN places_place d ON d.id = g.district_id
      LEFT JOIN (SELECT grant_id, sum(coalesce(actual, expected)) AS people
                   FROM grants_beneficiaries GROUP BY grant_id) b
             ON b.grant_id = g.id AND g.awarded_on IS NOT NULL
      {_money(filters)}
     WHERE {_listed(filters)}
     GROUP BY d.pcode, d.name_en, d.name_ar
     ORDER BY d.pcode"""


def _groups(filters: Filters, key: str, name_en: str, name_ar: str) -> str:
    return f"""
    SELECT {key} AS key, {name_en} AS name_en, {name_ar} AS name_ar, count(*) AS grants,
           sum(m.obligated_usd) AS obligated_usd, sum(m.disbursed_usd) AS disbursed_usd,
           {
        _burn("sum(m.disbursed_usd - m.refunded_usd)", "sum(m.obligated_usd - m.deobligated_usd)")
    } AS burn_rate_pct,
           round(avg(g.awarded_on - handed.first_on), 1) AS avg_days_submit_to_award,
           round(avg(paid.first_on - g.awarded_on), 1) AS avg_days_award_to_first_payment,
           coalesce(sum(r.overdue), 0)::bigint AS overdue_reports,
           coalesce(sum(n.open), 0)::bigint AS open_findings
      FROM grants_grant g
      LEFT JOIN grants_organisation im ON im.id = g.implementer_id
      LEFT JOIN (SELECT grant_id, (min(at) {_LOCAL})::date AS first_on FROM grants_transition
                  WHERE to_state = 'SUBMITTED' GROUP BY grant_id) handed ON handed.grant_id = g.id
      LEFT JOIN (SELECT e.grant_id, min(e.effective_on) AS first_on FROM grants_ledgerentry e
                  WHERE e.kind = 'DISBURSE' AND NOT EXISTS (
                    SELECT FROM grants_ledgerentry v WHERE v.reverses_id = e.seq)
                  GROUP BY e.grant_id) paid ON paid.grant_id = g.id
      LEFT JOIN (SELECT grant_id, count(*) AS overdue FROM grants_report
                  WHERE received_on IS NULL AND due_on < %(today)s::date GROUP BY grant_id) r
             ON r.grant_id = g.id
      LEFT JOIN (SELECT grant_id, count(*) AS open FROM grants_finding
                  WHERE closed_at IS NULL GROUP BY grant_id) n ON n.grant_id = g.id
      {_money(filters)}
     WHERE {_listed(filters)}
     GROUP BY 1, 2, 3
     ORDER BY 1"""


def implementers(filters: Filters) -> str:
    return _groups(
        filters,
        "coalesce(im.code, '-')",
        "coalesce(im.name_en, 'No implementer named')",
        "coalesce(im.name_ar, 'لم يُذكر منفّذ')",
    )


def sectors(filters: Filters) -> str:
    from django.utils import translation

    def named(language: str) -> str:
        with translation.override(language):
            cases = " ".join(
                "WHEN '{}' THEN '{}'".format(one.value, str(one.label).replace("'", "''"))
                for one in Sector
            )
        return f"CASE g.sector {cases} END"

    return _groups(filters, "g.sector", named("en"), named("ar"))


def closeouts(filters: Filters) -> str:
    due = f"({_ENDED} + f.closeout_days)"
    return f"""
    SELECT g.ref, ge.name_en AS grantee_en, g.actual_end, {due} AS closeout_due,
           %(today)s::date - {due} AS days_overdue, {_UNLIQUIDATED} AS unliquidated_usd,
           greatest(m.disbursed_usd - m.refunded_usd - m.expensed_usd, 0)
             AS unaccounted_advance_usd,
           (SELECT count(*) FROM grants_paperneed n
             WHERE n.grant_id = g.id AND n.document_id IS NULL) AS missing_documents,
           ow.code_name AS owner,
           CASE g.state WHEN 'CLOSING' THEN 'CLOSED' ELSE 'CLOSING' END AS next_step
      FROM grants_grant g
      JOIN grants_fund f ON f.id = g.fund_id
      JOIN grants_officer ow ON ow.user_id = g.owner_id
      LEFT JOIN grants_organisation ge ON ge.id = g.grantee_id
      CROSS JOIN LATERAL (SELECT {", ".join(f"g.{name}" for name in KINDS)}) m
     WHERE g.state IN {_TO_CLOSE} AND {due} < %(today)s::date
       AND {of_grants(filters)} AND {within(due, filters)}
     ORDER BY {due}, g.ref"""


# --- R7 to R11 -----------------------------------------------------------------------------------


def payments(filters: Filters) -> str:
    return f"""
    SELECT p.id::text AS payment_id, g.ref, t.number AS tranche, p.voucher_no,
           e.effective_on AS date, json_build_array(py.name_en, py.name_ar) AS payee, p.method,
           e.amount, e.currency, e.rate AS rate_iqd_per_usd, e.rate_on AS rate_date,
           nullif(e.rate_source, '') AS rate_source, e.amount_usd, rq.code_name AS requested_by,
           ce.code_name AS certified_by, pa.code_name AS paid_by, wi.code_name AS witness,
           coalesce(p.evidence_id, p.proof_id)::text AS evidence_doc_id,
           v.seq::text AS reversed_by
      FROM grants_ledgerentry e
      JOIN grants_paymentrequest p ON p.id = e.payment_id
      JOIN grants_grant g ON g.id = e.grant_id
      JOIN grants_tranche t ON t.id = e.tranche_id
      JOIN grants_organisation py ON py.id = p.payee_id
      JOIN grants_officer rq ON rq.user_id = p.requested_by_id
      LEFT JOIN grants_officer ce ON ce.user_id = p.certifier_id
      LEFT JOIN grants_officer pa ON pa.user_id = p.payer_id
      LEFT JOIN grants_officer wi ON wi.user_id = p.witness_id
      LEFT JOIN grants_ledgerentry v ON v.reverses_id = e.seq
     WHERE e.kind = 'DISBURSE' AND {of_grants(filters)} AND {within("e.effective_on", filters)}
     ORDER BY e.effective_on, e.seq"""


def documents(filters: Filters) -> str:
    begun = f"(g.created_at {_LOCAL})::date"
    places = " ".join(f"WHEN '{stage}' THEN {at}" for at, stage in enumerate(Stage.values))
    return f"""
    SELECT g.ref, g.state, need.stage, need.type AS document_type, 'yes' AS required,
           CASE WHEN doc.id IS NULL THEN 'no' ELSE 'yes' END AS present,
           ch.code_name AS verified_by, (ch.at {_LOCAL})::date AS verified_on, doc.sha256,
           CASE WHEN doc.id IS NULL
                THEN greatest(%(today)s::date - (need.since {_LOCAL})::date, 0) END AS days_missing
      FROM grants_grant g
      JOIN grants_paperneed need ON need.grant_id = g.id
      LEFT JOIN grants_document doc ON doc.id = need.document_id
      LEFT JOIN LATERAL (
        SELECT c.at, o.code_name FROM grants_documentcheck c
          JOIN grants_officer o ON o.user_id = c.by_id
         WHERE c.document_id = doc.id ORDER BY c.id DESC LIMIT 1) ch ON TRUE
     WHERE {of_grants(filters)} AND {within(begun, filters)}
     ORDER BY g.ref, CASE need.stage {places} END, need.type"""


def decisions(filters: Filters) -> str:
    return f"""
    SELECT said.ref, said.step, said.role, o.code_name AS actor, said.verdict, said.amount_usd,
           said.limit_usd, said.rule_id, said.decided_at,
           CASE WHEN said.mixed THEN 'conflict' ELSE 'apart' END AS conflict_check
      FROM (
        SELECT g.ref, c.step, c.role, c.actor_id, c.verdict, nullif(c.amount_usd, 0) AS amount_usd,
               c.limit_usd, c.rule_id::text AS rule_id, c.at AS decided_at, c.id AS place,
               c.actor_id = ANY (c.requesters)
               OR (c.role = 'approver' AND c.actor_id = ANY (
                     c.reviewers || c.awarders || c.certifiers || c.payers))
               OR (c.step IN ('review', 'award') AND c.actor_id = ANY (c.approvers))
               OR (c.role = 'closeout' AND c.actor_id = ANY (c.payers)) AS mixed
          FROM grants_decision c JOIN grants_grant g ON g.id = c.grant_id
         WHERE {of_grants(filters)}
        UNION ALL
        SELECT g.ref, 'certification', 'certifier', p.certifier_id, 'YES', e.amount_usd, NULL, NULL,
               p.certified_at, 0,
               p.certifier_id = ANY (p.requesters || p.approvers)
               OR p.certifier_id IN (p.requested_by_id, p.payer_id)
          FROM grants_paymentrequest p JOIN grants_grant g ON g.id = p.grant_id
          LEFT JOIN grants_ledgerentry e ON e.payment_id = p.id
         WHERE p.certifier_id IS NOT NULL AND {of_grants(filters)}
        UNION ALL
        SELECT g.ref, 'payment', 'payer', p.payer_id, 'YES', e.amount_usd, NULL, NULL, p.paid_at, 1,
               p.payer_id = ANY (p.requesters || p.approvers)
               OR p.payer_id IN (p.requested_by_id, p.certifier_id)
          FROM grants_paymentrequest p JOIN grants_grant g ON g.id = p.grant_id
          LEFT JOIN grants_ledgerentry e ON e.payment_id = p.id
         WHERE p.payer_id IS NOT NULL AND {of_grants(filters)}) said
      JOIN grants_officer o ON o.user_id = said.actor_id
     WHERE {within(f"(said.decided_at {_LOCAL})::date", filters)}
     ORDER BY said.ref, said.decided_at, said.place"""


_UNPAID = "('AWARDED', 'ACTIVE')"


def _lacks() -> str:
    """What keeps tranche `t` of a grant `g` from being paid today: a list of codes.

    The codes of `requirements.for_tranche` in its order, after `payment_stop` where the payments of
    the fund are stopped in the district. Empty where the next payment may be asked for.
    """
    cleared = """
        SELECT FROM (SELECT c.verdict, c.valid_to, c.subjects FROM grants_decision c
                      WHERE c.grant_id = g.id AND c.step = 'vetting' ORDER BY c.id DESC LIMIT 1) v
         WHERE v.verdict = 'YES' AND v.valid_to >= %(today)s::date AND NOT EXISTS (
           SELECT FROM grants_organisation o
            WHERE (o.id IN (g.grantee_id, g.implementer_id) OR o.id IN (
                    SELECT q.vendor_id FROM grants_quote q WHERE q.grant_id = g.id AND q.chosen))
              AND (o.status <> 'ACTIVE'
                   OR (v.subjects ->> o.id::text)::int IS DISTINCT FROM o.version))"""
    shown = _standing("g", "'evidence'") + " AND d.uploaded_at >= since.at"
    visited = """SELECT FROM grants_monitoringvisit r WHERE r.grant_id = g.id
               AND r.visited_on >= since.day"""
    photo = f"""{visited} AND EXISTS (SELECT FROM grants_visitpaper w
                JOIN grants_document d ON d.id = w.document_id
               WHERE w.visit_id = r.id AND d.type = 'photo' AND grants_in_order(d.id))"""
    conditions = {
        "payment_stop": """EXISTS (SELECT FROM grants_paymentstop s
            WHERE s.fund_id = g.fund_id AND s.district_id = g.district_id
              AND s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL)""",
        "clearance": f"screened.undecided OR NOT EXISTS ({cleared})",
        "screening_rule": "screened.no_rule",
        "lists_stale": "screened.stale",
        "screening": "screened.undecided",
        "earlier_tranche": "before.unpaid",
        "accounted": "outs.before_usd * 100 > before.advanced * (100 - f.accounted_pct)",
        "report_accepted": """t.needs_report AND NOT EXISTS (
            SELECT FROM grants_report r WHERE r.grant_id = g.id
               AND r.accepted_at IS NOT NULL AND r.received_on >= since.day)""",
        "visit": f"t.needs_visit AND NOT EXISTS ({visited})",
        "visit_photo": f"t.needs_visit AND EXISTS ({visited}) AND NOT EXISTS ({photo})",
        "visit_overdue": """EXISTS (SELECT FROM grants_plannedvisit r WHERE r.grant_id = g.id
            AND r.visit_id IS NULL AND r.called_off_at IS NULL AND r.due_on < %(today)s::date)""",
        "evidence": f"before.number > 0 AND NOT EXISTS ({shown})",
    }
    cases = ", ".join(f"CASE WHEN {test} THEN '{code}' END" for code, test in conditions.items())
    return f"array_remove(ARRAY[{cases}]::text[], NULL)"


#: What is out of each tranche and of those before it, as `requirements.unaccounted` says: what came
#: back, and receipts of no tranche, go to the oldest advance.
_OUT = """
    SELECT w.id, greatest(least(w.open, w.up_to - w.credit), 0) AS usd,
           greatest(w.up_to - w.open - w.credit, 0) AS before_usd
      FROM (SELECT o.id, o.open,
                   sum(o.open) OVER (PARTITION BY o.grant_id ORDER BY o.number) AS up_to,
                   sum(o.open) OVER (PARTITION BY o.grant_id)
                   - greatest(o.disbursed_usd - o.refunded_usd - o.expensed_usd, 0) AS credit
              FROM (SELECT t.id, t.grant_id, t.number, g.disbursed_usd, g.refunded_usd,
                           g.expensed_usd, greatest(t.paid_usd - t.accounted_usd, 0) AS open
                      FROM grants_tranche t JOIN grants_grant g ON g.id = t.grant_id) o) w"""


def tranches(filters: Filters) -> str:
    # `gate_lacks`, which no file holds, is why a gate is shut: tests compare it with the verbs.
    # What screening lacks is asked once a grant, and only where something may still be paid.
    stale, rule = "('LIST_STALE', 'LIST_MISSING')", "('NO_RULE')"
    return f"""
    SELECT g.ref, t.number AS tranche, t.planned_usd, t.paid_usd, t.accounted_usd,
           outs.usd AS unaccounted_usd,
           CASE WHEN t.planned_usd = 0 THEN 'ended'
                WHEN t.paid_usd >= t.planned_usd THEN 'paid'
                WHEN g.state = 'SUSPENDED' THEN 'stopped'
                WHEN g.state IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'VETTING', 'PENDING_APPROVAL',
                                 'APPROVED') THEN 'planned'
                WHEN g.state NOT IN {_UNPAID} THEN 'ended'
                WHEN 'payment_stop' = ANY (gate.lacks) THEN 'stopped'
                WHEN cardinality(gate.lacks) > 0 THEN 'locked' ELSE 'open' END AS gate_status,
           t.due_on AS due,
           CASE WHEN t.paid_usd < t.planned_usd AND g.state IN {_WORKING}
                THEN greatest(%(today)s::date - t.due_on, 0) ELSE 0 END AS days_overdue,
           nullif(array_to_string(gate.lacks, '; '), '') AS gate_lacks
      FROM grants_tranche t
      JOIN grants_grant g ON g.id = t.grant_id
      JOIN grants_fund f ON f.id = g.fund_id
      JOIN ({_OUT}) outs ON outs.id = t.id
      LEFT JOIN (
        SELECT g.id, bool_or(said.obstacle IN {rule}) AS no_rule,
               bool_or(said.obstacle IN {stale}) AS stale,
               bool_or(said.obstacle NOT IN {rule} AND said.obstacle NOT IN {stale}) AS undecided
          FROM grants_grant g
          CROSS JOIN LATERAL grants_screening_obstacles(g.id, %(today)s::date) said
         WHERE g.state IN {_UNPAID} AND {of_grants(filters)} AND EXISTS (
           SELECT FROM grants_tranche u WHERE u.grant_id = g.id AND u.paid_usd < u.planned_usd)
         GROUP BY g.id) screened ON screened.id = g.id
      CROSS JOIN LATERAL (
        SELECT count(*) AS number, coalesce(bool_or(e.paid_usd < e.planned_usd), FALSE) AS unpaid,
               coalesce(sum(e.paid_usd), 0) AS advanced
          FROM grants_tranche e
         WHERE e.grant_id = g.id AND e.number < t.number AND e.planned_usd > 0) before
      CROSS JOIN LATERAL (
        SELECT coalesce(max(p.paid_on), g.awarded_on) AS day,
               coalesce(max(p.paid_at), '-infinity') AS at
          FROM grants_paymentrequest p
          JOIN grants_tranche e ON e.id = p.tranche_id
         WHERE p.grant_id = g.id AND p.state = 'PAID' AND e.number < t.number) since
      CROSS JOIN LATERAL (
        SELECT CASE WHEN t.paid_usd < t.planned_usd AND g.state IN {_UNPAID}
                    THEN {_lacks()} END AS lacks OFFSET 0) gate
     WHERE {of_grants(filters)} AND {within("t.due_on", filters)}
     ORDER BY g.ref, t.number"""


def results(filters: Filters) -> str:
    return f"""
    SELECT g.ref, i.title AS indicator, i.level, nullif(i.unit, '') AS unit, i.baseline, i.target,
           v.value AS actual, v.as_of, o.code_name AS verified_by,
           round((g.disbursed_usd - g.refunded_usd)
                 / CASE WHEN v.value > i.baseline THEN v.value - i.baseline END, 2) AS usd_per_unit
      FROM grants_indicator i
      JOIN grants_grant g ON g.id = i.grant_id
      LEFT JOIN LATERAL (
        SELECT v.value, v.as_of, v.recorded_by_id FROM grants_indicatorvalue v
         WHERE v.indicator_id = i.id AND {within("v.as_of", filters)}
         ORDER BY v.as_of DESC, v.recorded_at DESC LIMIT 1) v ON TRUE
      LEFT JOIN grants_officer o ON o.user_id = v.recorded_by_id
     WHERE {of_grants(filters)}
     ORDER BY g.ref, i.number"""


def screening(filters: Filters) -> str:
    """The log that `vetting.log_rows` tells, as one statement: a run and a list in a row.

    `officer` is who made the decision that stands for the run, the last of several of its kind.
    """
    standing = (
        "SELECT FROM grants_screeningdisposition d WHERE d.run_id = s.id AND d.disposition = '{}'"
        " AND NOT EXISTS (SELECT FROM grants_screeningdisposition l WHERE l.corrects_id = d.id)"
    )
    decided = (
        "(SELECT count(DISTINCT d.hit_id) FROM grants_screeningdisposition d"
        " WHERE d.run_id = s.id AND d.hit_id IS NOT NULL)"
    )
    signed = standing.format("CLEAR_NO_HIT")
    return f"""
    SELECT s.id::text AS run_id, g.ref, s.subject_code, l.source AS list, l.dated AS list_date,
           s.algorithm || ' ' || s.algorithm_version AS algorithm, s.threshold,
           (SELECT count(*) FROM grants_screeninghit h
             WHERE h.run_id = s.id AND h.source = l.source) AS hits,
           heaviest.disposition,
           (SELECT o.code_name FROM grants_screeningdisposition d
              JOIN grants_officer o ON o.user_id = d.officer_id
             WHERE d.run_id = s.id AND d.disposition = heaviest.disposition AND NOT EXISTS (
               SELECT FROM grants_screeningdisposition l WHERE l.corrects_id = d.id)
             ORDER BY d.at DESC, d.id DESC LIMIT 1) AS officer,
           (SELECT c.valid_to FROM grants_decision c
             WHERE c.grant_id = g.id AND c.step = 'vetting' AND c.verdict = 'YES' AND c.at >= s.at
               AND c.subjects ? s.organisation_id::text ORDER BY c.id LIMIT 1) AS valid_to
      FROM grants_screeningrun s
      JOIN grants_grant g ON g.id = s.grant_id
      JOIN grants_screeningrunlist u ON u.run_id = s.id
      JOIN grants_screeninglist l ON l.id = u.list_id
      CROSS JOIN LATERAL (
        SELECT CASE WHEN EXISTS ({standing.format("TRUE_MATCH")}) THEN 'TRUE_MATCH'
                    WHEN EXISTS ({standing.format("ESCALATED")}) THEN 'ESCALATED'
                    WHEN s.hit_count > {decided} OR s.hit_count = 0 AND NOT EXISTS ({signed})
                    THEN 'OPEN'
                    WHEN EXISTS ({standing.format("FALSE_POSITIVE")}) THEN 'FALSE_POSITIVE'
                    ELSE 'CLEAR_NO_HIT' END AS disposition OFFSET 0) heaviest
     WHERE {of_grants(filters)} AND {within(f"(s.at {_LOCAL})::date", filters)}
     ORDER BY s.at, s.written_at, s.id, l.source"""


STATEMENTS: dict[str, Callable[[Filters], str]] = {
    "portfolio": portfolio,
    "months": months,
    "pipeline": pipeline,
    "districts": districts,
    "implementers": implementers,
    "sectors": sectors,
    "closeouts": closeouts,
    "payments": payments,
    "documents": documents,
    "decisions": decisions,
    "tranches": tranches,
    "results": results,
    "screening": screening,
}

#: What a chart draws of a report's rows `r`: one statement whose rows are the chart's.
_GROUPED = f"""
  SELECT jsonb_build_array(name_en, name_ar, obligated_usd, disbursed_usd) FROM (
    SELECT * FROM r ORDER BY obligated_usd DESC, key LIMIT {DRAWN}) most"""
CHARTS: dict[str, str] = {
    "portfolio": """
      SELECT jsonb_build_array(state, count(*), sum(disbursed_usd - refunded_usd),
               sum(unliquidated_usd),
               coalesce(sum(CASE approved_usd WHEN 0 THEN requested_usd ELSE approved_usd END)
                 FILTER (WHERE obligated_usd = 0
                           AND state NOT IN ('REJECTED', 'CANCELLED', 'WITHDRAWN')), 0))
        FROM r GROUP BY state""",
    "months": """
      SELECT jsonb_build_array(period, sum(cum_obligated_usd), sum(cum_disbursed_usd)) FROM r
       GROUP BY period ORDER BY period""",
    "pipeline": """
      SELECT jsonb_build_array(state, sum(band_0_7), sum(band_8_14), sum(band_15_30),
                               sum(band_31_60), sum(band_60_plus)) FROM r GROUP BY state""",
    "districts": """
      SELECT jsonb_build_array(district_code, district_en, district_ar, obligated_usd)
        FROM r ORDER BY obligated_usd DESC, district_code""",
    "implementers": _GROUPED,
    "sectors": _GROUPED,
    "closeouts": """
      SELECT jsonb_build_array(count(*) FILTER (WHERE days_overdue <= 30),
               count(*) FILTER (WHERE days_overdue BETWEEN 31 AND 60),
               count(*) FILTER (WHERE days_overdue BETWEEN 61 AND 90),
               count(*) FILTER (WHERE days_overdue > 90)) FROM r""",
    "documents": """
      SELECT jsonb_build_array(state, stage, count(*), count(*) FILTER (WHERE present = 'no'))
        FROM r GROUP BY state, stage""",
    "results": f"""
      SELECT jsonb_build_array(ref, indicator, target, actual) FROM (
        SELECT * FROM r WHERE target > 0 ORDER BY ref, place LIMIT {DRAWN}) first_ones""",
}

#: Beside these reports stand the sums of the ledger for the same filters.
OF_MONEY = ("portfolio", "months", "districts", "implementers", "sectors")


def _lines(slug: str, filters: Filters) -> str:
    """Control lines: a JSON list of [code, value], read apart from the rows.

    The ledger's sums beside reports of money; beside every report how many papers of its grants are
    put off and have not come.
    """
    return f"""
    SELECT ({_of_ledger(slug, filters)}) || jsonb_build_array(jsonb_build_array(
      'papers_put_off', (SELECT count(*)::text FROM grants_paperneed n
                           JOIN grants_grant g ON g.id = n.grant_id
                          WHERE n.deferral_id IS NOT NULL AND n.document_id IS NULL
                            AND {of_grants(filters)})))"""


def _of_ledger(slug: str, filters: Filters) -> str:
    """The control lines that are sums of the ledger."""
    if slug not in (*OF_MONEY, "payments"):
        return "SELECT '[]'::jsonb"
    inside = f"{of_grants(filters)} AND {within('p.effective_on', filters)}"
    entries = f"({POSTINGS}) p JOIN grants_grant g ON g.id = p.grant_id WHERE {inside}"
    exchange = f"""(
        SELECT coalesce(sum(back.usd - round(back.own * paid.usd / nullif(paid.own, 0), 2)), 0)
          FROM (SELECT p.grant_id, sum(p.usd) AS usd, sum(p.own) AS own FROM {entries}
                   AND p.what = 'REFUND' AND p.currency <> 'USD' GROUP BY p.grant_id) back
          JOIN (SELECT p.grant_id, sum(p.usd) AS usd, sum(p.own) AS own FROM ({POSTINGS}) p
                 WHERE p.what = 'DISBURSE' AND p.currency <> 'USD' GROUP BY p.grant_id) paid
            ON paid.grant_id = back.grant_id)"""
    if slug == "payments":
        return f"""
        SELECT jsonb_build_array(
          jsonb_build_array('paid_usd', coalesce(sum(p.usd) FILTER (WHERE p.usd > 0), 0)::text),
          jsonb_build_array('reversed_usd', coalesce(sum(p.usd) FILTER (WHERE p.usd < 0), 0)::text),
          jsonb_build_array('net_paid_usd', coalesce(sum(p.usd), 0)::text),
          jsonb_build_array('paid_in_usd',
            coalesce(sum(p.own) FILTER (WHERE p.currency = 'USD' AND p.usd > 0), 0)::text),
          jsonb_build_array('paid_in_iqd',
            coalesce(sum(p.own) FILTER (WHERE p.currency = 'IQD' AND p.usd > 0), 0)::text))
          FROM {entries} AND p.what = 'DISBURSE'"""
    sums = ", ".join(
        f"jsonb_build_array('ledger_{name}',"
        f" coalesce(sum(p.usd) FILTER (WHERE p.what = '{kind}'), 0)::text)"
        for name, kind in KINDS.items()
    )
    return f"""
    SELECT jsonb_build_array({sums},
      jsonb_build_array('exchange_usd', ({exchange})::text)) FROM {entries}"""


@dataclass
class Found:
    """What one statement brought: head, control lines, the chart's numbers, then the rows."""

    ledger_seq: int
    ledger_hash: str
    lines: list[list[str]]
    chart: list[Any] | None
    rows: Iterator[list[Any]]


def parameters(filters: Filters, today: date) -> dict[str, Any]:
    """The values of a statement."""
    return {**{key: value for key, value in filters.items() if value}, "today": today}


def statement(report: Report, filters: Filters) -> str:
    """The whole statement of a report. Each of its rows carries what stands once, in its first."""
    rows = STATEMENTS[report.slug](filters)
    drawn = CHARTS.get(report.slug)
    chart = f"(SELECT jsonb_agg(c.numbers) FROM ({drawn}) c (numbers))" if drawn else "NULL::jsonb"
    keys = ", ".join(f"r.{key}" for key in report.keys)
    return f"""
    WITH r AS MATERIALIZED (SELECT row_number() OVER () AS place, inner_rows.*
                              FROM ({rows}) inner_rows)
    SELECT once.seq, once.hash, once.lines, once.chart, r.place, {keys}
      FROM (SELECT 1 AS place, head.seq, head.hash, ({_lines(report.slug, filters)}) AS lines,
                   {chart} AS chart
              FROM (SELECT 1) one LEFT JOIN (
                     SELECT seq, encode(hash, 'hex') AS hash FROM grants_ledgerentry
                      ORDER BY seq DESC LIMIT 1) head ON TRUE) once
      FULL JOIN r ON r.place = once.place
     ORDER BY coalesce(r.place, 1)"""


@contextmanager
def found(slug: str, filters: Filters, today: date) -> Iterator[Found]:
    """Run a report's statement through a cursor of the server: a thousand rows in memory, no more.

    In the transaction and under the role of who asks.
    """
    report = REPORTS[slug]
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement(report, filters), parameters(filters, today))
        batch = cursor.fetchmany(BATCH)
        first = batch[0]

        def rows() -> Iterator[list[Any]]:
            nonlocal batch
            while batch:
                for row in batch:
                    if row[4] is not None:
                        yield list(row[5:])
                batch = cursor.fetchmany(BATCH)

        yield Found(
            first[0] or 0,
            first[1] or "",
            loaded(first[2]) or [],
            loaded(first[3]),
            rows(),
        )


def loaded(value: Any) -> Any:
    """JSON as PostgreSQL writes it, amounts as texts, so that no cent is lost on the way."""
    return json.loads(value, parse_float=str) if isinstance(value, str) else value


def count(slug: str, filters: Filters, today: date) -> int:
    """How many rows a report has."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({STATEMENTS[slug](filters)}) r", parameters(filters, today)
        )
        return int(cursor.fetchone()[0])
