"""The columns of every report, in the order that inspectors expect, and what each report is.

A file for programs holds the column's key and codes; a page and a PDF hold its label and the words
for the codes. Amounts whose name ends in `_usd` are US dollars; elsewhere the currency stands in a
column of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ceasefire.exports import Column
from ceasefire.people.roles import Duty
from grants.models import (
    ACTS_AS,
    AwardType,
    Decision,
    ExchangeRate,
    Grant,
    Indicator,
    PaymentRequest,
    ScreeningDisposition,
    Sector,
    Stage,
    State,
)
from grants.models.documents import DocumentType

#: What a decision's row says when the duties were kept apart, and when not.
CONFLICT_CHECK = {"apart": _("Kept apart"), "conflict": _("Not kept apart")}
GATES = {
    "paid": _("Paid in full"),
    "open": _("Open"),
    "locked": _("Locked"),
    "stopped": _("Payments are stopped"),
    "ended": _("Ended unpaid"),
    "planned": _("Not awarded yet"),
}
YES_NO = {"yes": _("Yes"), "no": _("No")}
STEPS = {
    **dict(Decision.Step.choices),
    "certification": _("Certification of a payment"),
    "payment": _("Payment"),
}
WAITS_FOR = dict(Duty.choices)


@dataclass(frozen=True)
class Col:
    """A column: key, label, kind; `words` for the codes it holds.

    `spoken`: also a file for programs holds the words. A value that is a pair holds the text in
    English and in Arabic. `several` codes are divided by semicolons.
    """

    key: str
    label: Any
    kind: str = "text"
    total: bool = False
    places: int = 2
    words: Mapping[str, Any] | None = None
    spoken: bool = False
    several: bool = False

    def read(self, value: Any, *, words: bool) -> Any:
        """A frozen value as it is shown in the active language; `words`: for people."""
        if isinstance(value, list):
            arabic = (translation.get_language() or "en").startswith("ar")
            first, second = (value[1], value[0]) if arabic else (value[0], value[1])
            return first or second
        if self.words is None or value is None or not (words or self.spoken):
            return value
        if self.several:
            return "; ".join(str(self.words.get(one, one)) for one in str(value).split("; "))
        return str(self.words.get(str(value), value))

    @property
    def is_number(self) -> bool:
        return self.kind in ("int", "decimal")

    @property
    def arabic(self) -> str:
        """The label in Arabic, for the second row of heads."""
        with translation.override("ar"):
            return str(self.label)

    def column(self, at: int, *, words: bool) -> Column:
        """The column as the writers know it; rows are lists of frozen values."""
        return Column(
            self.key,
            self.label,
            kind=self.kind,  # type: ignore[arg-type]
            value=lambda row: self.read(row[at], words=words),
            places=self.places,
            total=self.total,
            tag=self.arabic,
        )


def _usd(key: str, label: Any, *, total: bool = True) -> Col:
    return Col(key, label, "decimal", total=total)


REF = Col("ref", _("Grant"), "code")
TITLE_EN = Col("title_en", _("Title in English"))
TITLE_AR = Col("title_ar", _("Title in Arabic"))
FUND = Col("fund", _("Fund"), "code")
STATE = Col("state", _("State"), words=dict(State.choices))
OBLIGATED = _usd("obligated_usd", _("Obligated, USD"))
DISBURSED = _usd("disbursed_usd", _("Disbursed, USD"))
REFUNDED = _usd("refunded_usd", _("Refunded, USD"))
DEOBLIGATED = _usd("deobligated_usd", _("De-obligated, USD"))
APPROVED = _usd("approved_usd", _("Approved, USD"))
UNLIQUIDATED = _usd("unliquidated_usd", _("Unliquidated, USD"))
BURN = Col("burn_rate_pct", _("Burn rate, %"), "decimal", places=1)
DAYS_OVERDUE = Col("days_overdue", _("Days overdue"), "int")
GRANTS = Col("grants", pgettext_lazy("a count", "Grants"), "int", total=True)

PORTFOLIO = (
    REF,
    FUND,
    Col("award_type", _("Award type"), words=dict(AwardType.choices)),
    TITLE_EN,
    TITLE_AR,
    Col("grantee_en", _("Grantee in English")),
    Col("grantee_ar", _("Grantee in Arabic")),
    Col("implementer", _("Implementer")),
    Col("sector", _("Sector"), words=dict(Sector.choices), spoken=True),
    Col("dac_code", _("DAC code"), "code"),
    Col("district", _("District")),
    STATE,
    _usd("requested_usd", _("Requested, USD")),
    APPROVED,
    OBLIGATED,
    DISBURSED,
    REFUNDED,
    UNLIQUIDATED,
    DEOBLIGATED,
    Col("planned_start", _("Planned start"), "date"),
    Col("planned_end", _("Planned end"), "date"),
    Col("actual_start", _("Actual start"), "date"),
    Col("actual_end", _("Actual end"), "date"),
    Col("risk", _("Risk"), words=dict(Grant.Risk.choices)),
    Col("doc_complete_pct", _("Papers on file, %"), "int"),
    Col("requester", _("Requester"), "code"),
    Col("grants_officer", _("Grants officer"), "code"),
)
MONTHS = (
    Col("period", _("Month"), "code"),
    FUND,
    OBLIGATED,
    DEOBLIGATED,
    _usd("net_obligated_usd", _("Net obligated, USD")),
    DISBURSED,
    REFUNDED,
    _usd("net_disbursed_usd", _("Net disbursed, USD")),
    _usd("cum_obligated_usd", _("Obligated so far, USD"), total=False),
    _usd("cum_disbursed_usd", _("Disbursed so far, USD"), total=False),
    BURN,
)
PIPELINE = (
    REF,
    TITLE_EN,
    STATE,
    Col("entered_state_on", _("In this state since"), "date"),
    Col("days_in_state", _("Days in this state"), "int"),
    Col("days_since_submitted", _("Days since submitted"), "int"),
    _usd("amount_usd", _("Amount, USD")),
    Col("waiting_on_role", _("Waits for"), words=WAITS_FOR, several=True),
    Col("waiting_on_person", _("Officers who may"), "code"),
    Col("band_0_7", _("0 to 7 days"), "int", total=True),
    Col("band_8_14", _("8 to 14 days"), "int", total=True),
    Col("band_15_30", _("15 to 30 days"), "int", total=True),
    Col("band_31_60", _("31 to 60 days"), "int", total=True),
    Col("band_60_plus", _("Over 60 days"), "int", total=True),
)
DISTRICTS = (
    Col("district_code", _("P-code"), "code"),
    Col("district_en", _("District in English")),
    Col("district_ar", _("District in Arabic")),
    GRANTS,
    APPROVED,
    OBLIGATED,
    DISBURSED,
    Col("pct_of_total", _("Share of what is obligated, %"), "decimal", places=1),
    Col("open", pgettext_lazy("grants", "Open"), "int", total=True),
    Col("overdue", pgettext_lazy("grants", "Overdue"), "int", total=True),
    Col("closed", pgettext_lazy("grants", "Closed"), "int", total=True),
    Col("beneficiaries", _("Beneficiaries"), "int", total=True),
    _usd("usd_per_beneficiary", _("USD for each beneficiary"), total=False),
)
GROUPS = (
    Col("key", _("Key"), "code"),
    Col("name_en", _("Name in English")),
    Col("name_ar", _("Name in Arabic")),
    GRANTS,
    OBLIGATED,
    DISBURSED,
    BURN,
    Col("avg_days_submit_to_award", _("Days from submission to award"), "decimal", places=1),
    Col(
        "avg_days_award_to_first_payment",
        _("Days from award to first payment"),
        "decimal",
        places=1,
    ),
    Col("overdue_reports", _("Overdue reports"), "int", total=True),
    Col("open_findings", _("Open findings"), "int", total=True),
)
CLOSEOUTS = (
    REF,
    Col("grantee_en", _("Grantee in English")),
    Col("actual_end", _("Actual end"), "date"),
    Col("closeout_due", _("Closeout due"), "date"),
    DAYS_OVERDUE,
    UNLIQUIDATED,
    _usd("unaccounted_advance_usd", _("Advance without receipts, USD")),
    Col("missing_documents", _("Missing papers"), "int", total=True),
    Col("owner", _("Owner"), "code"),
    Col("next_step", _("Next step"), words=dict(State.choices)),
)
PAYMENTS = (
    Col("payment_id", _("Payment"), "code"),
    REF,
    Col("tranche", _("Tranche"), "int"),
    Col("voucher_no", _("Voucher"), "code"),
    Col("date", _("Date"), "date"),
    Col("payee", _("Payee")),
    Col("method", _("Method"), words=dict(PaymentRequest.Method.choices)),
    Col("amount", _("Amount"), "decimal", places=3),
    Col("currency", _("Currency"), "code"),
    Col("rate_iqd_per_usd", _("Dinars for a dollar"), "decimal", places=6),
    Col("rate_date", _("Day of the rate"), "date"),
    Col("rate_source", _("Source of the rate"), words=dict(ExchangeRate.Source.choices)),
    _usd("amount_usd", _("Amount, USD")),
    Col("requested_by", _("Requested by"), "code"),
    Col("certified_by", _("Certified by"), "code"),
    Col("paid_by", _("Paid by"), "code"),
    Col("witness", _("Witness"), "code"),
    Col("evidence_doc_id", _("Evidence"), "code"),
    Col("reversed_by", _("Taken back by posting"), "code"),
)
DOCUMENTS = (
    REF,
    STATE,
    Col("stage", _("Stage"), words=dict(Stage.choices)),
    Col("document_type", _("Paper"), words=dict(DocumentType.choices)),
    Col("required", _("Needed"), words=YES_NO),
    Col("present", _("On file"), words=YES_NO),
    Col("verified_by", _("Checked by"), "code"),
    Col("verified_on", _("Checked on"), "date"),
    Col("sha256", "SHA-256", "code"),
    Col("days_missing", _("Days missing"), "int"),
)
DECISIONS = (
    REF,
    Col("step", _("Step"), words=STEPS),
    Col("role", _("Role"), words=dict(ACTS_AS)),
    Col("actor", _("Officer"), "code"),
    Col("verdict", _("Decision"), words=dict(Decision.Verdict.choices)),
    _usd("amount_usd", _("Amount, USD"), total=False),
    _usd("limit_usd", _("Limit, USD"), total=False),
    Col("rule_id", _("Rule"), "code"),
    Col("decided_at", _("When"), "datetime"),
    Col("conflict_check", _("Duties"), words=CONFLICT_CHECK),
)
TRANCHES = (
    REF,
    Col("tranche", _("Tranche"), "int"),
    _usd("planned_usd", _("Planned, USD")),
    _usd("paid_usd", _("Paid, USD")),
    _usd("accounted_usd", _("Receipts for, USD")),
    _usd("unaccounted_usd", _("Without receipts, USD")),
    Col("gate_status", _("Gate"), words=GATES),
    Col("due", _("Due"), "date"),
    DAYS_OVERDUE,
)
RESULTS = (
    REF,
    Col("indicator", _("Indicator")),
    Col("level", _("Level"), words=dict(Indicator.Level.choices)),
    Col("unit", _("Unit")),
    Col("baseline", _("Baseline"), "decimal"),
    Col("target", _("Target"), "decimal"),
    Col("actual", _("Actual"), "decimal"),
    Col("as_of", _("As of"), "date"),
    Col("verified_by", _("Checked by"), "code"),
    _usd("usd_per_unit", _("USD for each unit"), total=False),
)


#: Of a screening the heaviest decision stands; no name is in any of its columns.
SCREENING = (
    Col("run_id", _("Screening"), "code"),
    REF,
    Col("subject_code", _("Subject"), "code"),
    Col("list", _("List"), "code"),
    Col("list_date", _("Day of the list"), "date"),
    Col("algorithm", _("Algorithm"), "code"),
    Col("threshold", _("Threshold"), "decimal", places=3),
    Col("hits", _("Hits"), "int", total=True),
    Col(
        "disposition",
        _("Decision"),
        words={**dict(ScreeningDisposition.Kind.choices), "OPEN": _("Not decided")},
    ),
    Col("officer", _("Officer"), "code"),
    Col("valid_to", _("Holds until"), "date"),
)


@dataclass(frozen=True)
class Report:
    """A report: its number in the design, its columns, and which day `from` and `to` narrow."""

    slug: str
    code: str
    title: Any
    about: Any
    columns: tuple[Col, ...]
    #: What the two days of the filter mean for it.
    dates: Any

    @property
    def keys(self) -> list[str]:
        return [one.key for one in self.columns]

    @property
    def totals(self) -> list[Col]:
        return [one for one in self.columns if one.total]


_MONEY_DAYS = _("Amounts count postings of these days.")
REPORTS: dict[str, Report] = {
    one.slug: one
    for one in (
        Report(
            "portfolio",
            "R1",
            _("Portfolio"),
            _("Every grant with its amounts, dates and officers."),
            PORTFOLIO,
            _MONEY_DAYS,
        ),
        Report(
            "months",
            "R2",
            _("Obligations and disbursements by month"),
            _("What each fund bound itself to and paid, month by month."),
            MONTHS,
            _("Months of the days on which postings count."),
        ),
        Report(
            "pipeline",
            "R3",
            _("Pipeline ageing"),
            _("What is not under way yet, whom it waits for and how long."),
            PIPELINE,
            _("Days on which a grant entered its state."),
        ),
        Report(
            "districts",
            "R4",
            _("By district"),
            _("Grants, amounts and beneficiaries of each district."),
            DISTRICTS,
            _MONEY_DAYS,
        ),
        Report(
            "implementers",
            "R5",
            _("By implementer"),
            _("Amounts, speed and open points of each implementer."),
            GROUPS,
            _MONEY_DAYS,
        ),
        Report(
            "sectors",
            "R5",
            _("By sector"),
            _("Amounts, speed and open points of each sector."),
            GROUPS,
            _MONEY_DAYS,
        ),
        Report(
            "closeouts",
            "R6",
            _("Overdue closeouts"),
            _("Grants that should be closed by now, and what holds them up."),
            CLOSEOUTS,
            _("Days on which the closeout was due."),
        ),
        Report(
            "payments",
            "R7",
            _("Payment register"),
            _("Every payment that was made, with its rate and the people behind it."),
            PAYMENTS,
            _("Days on which payments count."),
        ),
        Report(
            "documents",
            "R8",
            _("Completeness of papers"),
            _("What has to be on file for each grant, and since when it is missing."),
            DOCUMENTS,
            _("Days on which a grant was begun."),
        ),
        Report(
            "decisions",
            "R9",
            _("Decisions and duties"),
            _("Who decided what, under which rule, and whether duties were kept apart."),
            DECISIONS,
            _("Days of the decisions."),
        ),
        Report(
            "tranches",
            "R10",
            _("Tranches and advances"),
            _("What is planned, paid and accounted for, and which gate is locked."),
            TRANCHES,
            _("Days on which tranches are due."),
        ),
        Report(
            "results",
            "R11",
            _("Results"),
            _("Baseline, target and what was measured, with the cost of a unit."),
            RESULTS,
            _("Days of the measurements."),
        ),
        Report(
            "screening",
            "R12",
            _("Screening log"),
            _("Who was screened against which list, by code, and how it was decided."),
            SCREENING,
            _("Days of the screenings."),
        ),
    )
}
