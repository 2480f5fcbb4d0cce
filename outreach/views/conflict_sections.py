"""Conflicts on the pages of other records: of a case, and of an incident. Only those seen."""

from collections.abc import Generator
from typing import Any

from django.http import HttpRequest

from incidents.models import Incident
from incidents.views.sections import section as incident_section
from outreach.models import Conflict, Participant
from outreach.views.scope import sites_of
from outreach.views.sections import section

MOST = 20


@section(70)
def conflicts_of_case(
    request: HttpRequest, participant: Participant
) -> Generator[Any, Any, dict[str, Any] | None]:
    """The conflicts in which a participant is a side."""
    if not request.user.has_perm("outreach.view_conflict"):
        return None
    found = (
        Conflict.objects.visible_to(request.user)
        .filter(parties__participant=participant, parties__removed_at__isnull=True)
        .select_related("place")
        .defer("place__geometry")
        .order_by("rank", "-state_since")
        .distinct()
    )
    rows = yield {"conflicts": found[:MOST]}
    return {
        "template": "outreach/_participant_conflicts.html",
        "conflicts": rows["conflicts"],
        "may_open_conflict": request.user.has_perm("outreach.mediate_conflict")
        and participant.identity_erased_at is None
        and not participant.site.read_only,
    }


@incident_section(10)
def conflicts_of_incident(
    request: HttpRequest, incident: Incident
) -> Generator[Any, Any, dict[str, Any] | None]:
    """The conflicts an incident belongs to."""
    user = request.user
    if not user.has_perm("outreach.view_conflict"):
        return None
    sites_of(user)
    found = (
        Conflict.objects.visible_to(user)
        .filter(incident_links__incident=incident)
        .select_related("place")
        .defer("place__geometry")
        .order_by("rank", "-state_since")
    )
    may_open = (
        user.has_perm("outreach.mediate_conflict")
        and incident.site_id in user.site_ids
        and not incident.site.read_only
        and incident.workflow_state not in {"draft", "withdrawn", "duplicate"}
    )
    rows = yield {"conflicts": found[:MOST]}
    if not rows["conflicts"] and not may_open:
        return None
    return {
        "template": "outreach/_incident_conflicts.html",
        "conflicts": rows["conflicts"],
        "may_open_conflict": may_open,
    }
