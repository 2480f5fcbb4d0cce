"""The verbs of incidents. Each locks, re-reads, refuses by name, writes, and tells the trail.

from incidents import services

services.create_incident(site=site, facts={...}, sources=[services.SourceFacts(...)], by=user)
services.accept_incident(incident, by=user, version=version)
"""

from incidents.services.facts import (
    FIELDS,
    ActorFacts,
    SourceFacts,
    VictimFacts,
    content_hash,
    plain,
)
from incidents.services.names import sealed_names_in
from incidents.services.reading import Sight, in_review_order, note_reading, sight
from incidents.services.records import (
    create_incident,
    edit_incident,
    may_edit,
    may_revise,
    revise_incident,
    save_draft,
    settle_submission,
)
from incidents.services.rows import may_take_away
from incidents.services.rules import (
    RULES,
    Point,
    check_point,
    is_sensitive,
    search_key_of,
    settle,
    unanswered,
    usual_precision,
    verification_of,
)
from incidents.services.sources import (
    add_source,
    clear_override,
    grade_source,
    may_add_source,
    may_grade,
    may_override,
    override_verification,
)
from incidents.services.workflow import (
    LABELS,
    MOVES,
    SETTLED,
    Move,
    accept_incident,
    archive_incident,
    is_for_others,
    mark_duplicate,
    may_move,
    open_verbs,
    return_incident,
    submit_incident,
    take_for_review,
    withdraw_incident,
)

__all__ = [
    "FIELDS",
    "LABELS",
    "MOVES",
    "RULES",
    "SETTLED",
    "ActorFacts",
    "Move",
    "Point",
    "Sight",
    "SourceFacts",
    "VictimFacts",
    "accept_incident",
    "add_source",
    "archive_incident",
    "check_point",
    "clear_override",
    "content_hash",
    "create_incident",
    "edit_incident",
    "grade_source",
    "in_review_order",
    "is_for_others",
    "is_sensitive",
    "mark_duplicate",
    "may_add_source",
    "may_edit",
    "may_grade",
    "may_move",
    "may_override",
    "may_revise",
    "may_take_away",
    "note_reading",
    "open_verbs",
    "override_verification",
    "plain",
    "return_incident",
    "revise_incident",
    "save_draft",
    "sealed_names_in",
    "search_key_of",
    "settle",
    "settle_submission",
    "sight",
    "submit_incident",
    "take_for_review",
    "unanswered",
    "usual_precision",
    "verification_of",
    "withdraw_incident",
]
