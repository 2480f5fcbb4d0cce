"""What of the made-up records belongs together: retaliations, and one event told twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ceasefire.codes.services import family
from ceasefire.people.models import User
from ceasefire.places.models import Site
from incidents import services
from incidents.duplicates import finding
from incidents.duplicates.scoring import likeness
from incidents.models import Incident, IncidentLink

RECENT = timedelta(weeks=6)
#: Killings so near to each other are linked as retaliation, so many of them.
NEAR, LINKED = timedelta(days=9), 3
REASON = "Both tell of one event. (Made up.)"


def connect(site: Site, supervisor: User, cut: datetime) -> dict[str, int]:
    """Link some recent records and merge the second likeliest pair; the likeliest is left.

    How many of each; fewer where the demonstration is small.
    """
    recent = list(
        Incident.objects.filter(
            site=site,
            is_sensitive=False,
            occurred_from__gte=cut - RECENT,
            workflow_state__in=Incident.COUNTED_STATES,
        )
        .select_related("place", "site")
        .defer("place__geometry")
        .order_by("occurred_from", "code")
    )
    used = _merge(recent, supervisor, cut)
    return {"merged": len(used) // 2, "linked": _link(recent, used, supervisor, cut)}


def _merge(recent: list[Incident], supervisor: User, cut: datetime) -> set[Any]:
    there = finding.tellings(recent, with_names=False, by=supervisor)
    likely = [
        (-given.points, one.code, other.code, one, other)
        for one, other in finding.near_each_other(recent)
        if (given := likeness(there[one.pk], there[other.pk])).is_likely
    ]
    pairs = [(row[3], row[4]) for row in sorted(likely, key=lambda row: row[:3])]
    for kept, gone in pairs[1:]:
        if services.may_merge(gone, supervisor):
            services.merge_incidents(
                kept=kept,
                gone=gone,
                take=services.offered(kept, gone),
                by=supervisor,
                reason=REASON,
                at=cut,
            )
            return {kept.pk, gone.pk}
    return set()


def _link(recent: list[Incident], used: set[Any], supervisor: User, cut: datetime) -> int:
    killings = [
        one
        for one in recent
        if one.pk not in used
        and one.time_precision == 1
        and family("incident_type", one.type) == "killing"
    ]
    made = 0
    for earlier, later in zip(killings[-LINKED - 1 :], killings[-LINKED:], strict=False):
        if later.occurred_on <= earlier.occurred_on or (
            later.occurred_from - earlier.occurred_from > NEAR
        ):
            continue
        services.add_link(
            later,
            kind=IncidentLink.Kind.RETALIATION_FOR,
            to=earlier,
            by=supervisor,
            at=cut,
        )
        made += 1
    return made
