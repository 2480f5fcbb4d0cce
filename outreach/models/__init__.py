"""The rows of outreach. Identities and notes are sealed in the vault, never in these tables."""

from outreach.models.participants import (
    OPEN_TO_TEAM,
    SEALED,
    CaseMember,
    Delegation,
    Participant,
    ParticipantStep,
    team_ids,
)

__all__ = [
    "OPEN_TO_TEAM",
    "SEALED",
    "CaseMember",
    "Delegation",
    "Participant",
    "ParticipantStep",
    "team_ids",
]
