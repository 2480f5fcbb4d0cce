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
from grants.models.monitoring import (
    DistrictWeek,
    Finding,
    FindingEscalation,
    Handover,
    MonitoringVisit,
    PlannedVisit,
    Report,
    VisitPaper,
)
from grants.models.needs import DEFERRABLE, DEFERRED_AT_ONCE, DEFERRED_FOR, Deferral, PaperNeed
from grants.models.officers import Officer
from grants.models.organisations import Organisation, OrganisationPerson
from grants.models.publishing import LevelChange, PublishedFile, PublishedPart, Publisher
from grants.models.packs import Pack, PackPiece
from grants.models.payroll import PayrollFlag, PayrollList, PayrollRow

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
    "DEFERRABLE",
    "DEFERRED_AT_ONCE",
    "DEFERRED_FOR",
    "Decision",
    "Deferral",
    "DistrictWeek",
    "Document",
    "DocumentCheck",
    "DocumentContent",
    "DocumentType",
    "ExchangeRate",
    "Finding",
    "FindingEscalation",
    "Fund",
    "Grant",
    "Handover",
    "Indicator",
    "IndicatorValue",
    "LedgerCheck",
    "LedgerEntry",
    "LevelChange",
    "MonitoringVisit",
    "Officer",
    "Organisation",
    "OrganisationCounter",
    "OrganisationPerson",
    "PIECE",
    "Pack",
    "PackPiece",
    "PaperNeed",
    "PaymentRequest",
    "PaymentStop",
    "PayrollFlag",
    "PayrollList",
    "PayrollRow",
    "PlannedVisit",
    "ProjectKind",
    "PublishedFile",
    "PublishedPart",
    "Publisher",
    "Quote",
    "RefCounter",
    "Report",
    "STAGE_OF",
    "Sector",
    "Stage",
    "State",
    "StateStep",
    "StoredFile",
    "StoredPiece",
    "Tranche",
    "Transition",
    "Upload",
    "VisitPaper",
]
