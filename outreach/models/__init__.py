"""The rows of outreach. Identities and notes are sealed in the vault, never in these tables."""

from outreach.models.approvals import Approval
from outreach.models.conflicts import (
    Conflict,
    ConflictIncident,
    ConflictMediator,
    ConflictParty,
    ConflictStep,
    NeutralityWaiver,
    PartyTie,
    TieKind,
)
from outreach.models.consent import SEARCHES_A_DAY, ConsentRecord, SearchCount
from outreach.models.contacts import (
    ALARMING,
    CaseloadOverride,
    Contact,
    ContactTakenBack,
)
from outreach.models.mediation import (
    LADDER,
    CompensationPayment,
    FollowUp,
    MediationSession,
    TribalSettlement,
    Truce,
    TruceEvent,
)
from outreach.models.participants import (
    OPEN_TO_TEAM,
    SEALED,
    CaseMember,
    Delegation,
    Participant,
    ParticipantStep,
    team_ids,
)
from outreach.models.staff import MEDIATORS, StaffProfile, StaffTie
from outreach.models.supervision import (
    CaseReview,
    SupervisionDecision,
    SupervisionSheet,
)

__all__ = [
    "ALARMING",
    "LADDER",
    "MEDIATORS",
    "OPEN_TO_TEAM",
    "SEALED",
    "SEARCHES_A_DAY",
    "Approval",
    "CaseMember",
    "CaseReview",
    "CaseloadOverride",
    "CompensationPayment",
    "Conflict",
    "ConflictIncident",
    "ConflictMediator",
    "ConflictParty",
    "ConflictStep",
    "ConsentRecord",
    "Contact",
    "ContactTakenBack",
    "Delegation",
    "FollowUp",
    "MediationSession",
    "NeutralityWaiver",
    "Participant",
    "ParticipantStep",
    "PartyTie",
    "SearchCount",
    "StaffProfile",
    "StaffTie",
    "SupervisionDecision",
    "SupervisionSheet",
    "TieKind",
    "TribalSettlement",
    "Truce",
    "TruceEvent",
    "team_ids",
]
