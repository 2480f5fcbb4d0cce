"""The rows of grants: REO's side of the program. No case, no field staff, no name in plain."""

from grants.models.amounts import Currency
from grants.models.checks import LedgerCheck, PaymentStop
from grants.models.decisions import ACTS_AS, Decision, StateStep, Transition
from grants.models.documents import STAGE_OF, Document, DocumentCheck, DocumentType, Stage
from grants.models.files import PIECE, DocumentContent, StoredFile, StoredPiece, Upload
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
from grants.models.needs import DEFERRABLE, DEFERRED_AT_ONCE, DEFERRED_FOR, Deferral, PaperNeed
from grants.models.officers import Officer
from grants.models.organisations import Organisation, OrganisationPerson
from grants.models.packs import Pack, PackPiece

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
    "DEFERRABLE",
    "Deferral",
    "DEFERRED_AT_ONCE",
    "DEFERRED_FOR",
    "Document",
    "DocumentCheck",
    "DocumentContent",
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
    "Pack",
    "PackPiece",
    "PaperNeed",
    "PaymentRequest",
    "PaymentStop",
    "PIECE",
    "ProjectKind",
    "Quote",
    "RefCounter",
    "Report",
    "Sector",
    "Stage",
    "STAGE_OF",
    "State",
    "StateStep",
    "StoredFile",
    "StoredPiece",
    "Tranche",
    "Transition",
    "Upload",
]
