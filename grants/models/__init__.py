"""The rows of grants: REO's side of the program. No case, no field staff, no name in plain."""

from grants.models.amounts import Currency
from grants.models.checks import LedgerCheck, PaymentStop
from grants.models.decisions import ACTS_AS, Decision, StateStep, Transition
from grants.models.documents import STAGE_OF, Document, DocumentCheck, DocumentType, Stage
from grants.models.funds import (
    AuthorityRole,
    AuthorityRule,
    AuthoritySeat,
    AwardType,
    ExchangeRate,
    Fund,
)
from grants.models.grants import (
    Amendment,
    Beneficiaries,
    BudgetLine,
    Grant,
    Indicator,
    IndicatorValue,
    OrganisationCounter,
    ProjectKind,
    Quote,
    RefCounter,
    Sector,
    State,
)
from grants.models.money import LedgerEntry, PaymentRequest, Tranche
from grants.models.monitoring import Finding, MonitoringVisit, Report
from grants.models.officers import Officer
from grants.models.organisations import Organisation, OrganisationPerson

__all__ = [
    "ACTS_AS",
    "Amendment",
    "AuthorityRole",
    "AuthorityRule",
    "AuthoritySeat",
    "AwardType",
    "Beneficiaries",
    "BudgetLine",
    "Currency",
    "Decision",
    "Document",
    "DocumentCheck",
    "DocumentType",
    "ExchangeRate",
    "Finding",
    "Fund",
    "Grant",
    "Indicator",
    "IndicatorValue",
    "LedgerCheck",
    "LedgerEntry",
    "MonitoringVisit",
    "Officer",
    "Organisation",
    "OrganisationCounter",
    "OrganisationPerson",
    "PaymentRequest",
    "PaymentStop",
    "ProjectKind",
    "Quote",
    "RefCounter",
    "Report",
    "STAGE_OF",
    "Sector",
    "Stage",
    "State",
    "StateStep",
    "Tranche",
    "Transition",
]
