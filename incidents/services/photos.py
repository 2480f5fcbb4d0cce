"""What incidents say about their photos: who sees, adds and removes them, and when they go."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from ceasefire import attachments
from ceasefire.people.models import User
from incidents.models import Incident
from incidents.services.reading import may_see_photo
from incidents.services.sources import may_add_source
from incidents.services.workflow import SETTLED, locked


def may_add_photo(incident: Incident, by: User) -> bool:
    """Whoever may add a source: to an incident that is alive, at a site of one's own."""
    return may_add_source(incident, by)


def may_remove_photo(incident: Incident, photo: Any, by: User) -> bool:
    """Until it is accepted, the reporter, who brought the photo, and the supervisor; then the last.

    On an accepted incident others have relied on what they saw.
    """
    if incident.site.read_only or incident.site_id not in by.site_ids:
        return False
    if by.has_perm("attachments.remove_attachment"):
        return True
    return (
        by.has_perm("incidents.edit_incident")
        and by.pk in (incident.reporter_id, photo.created_by_id)
        and incident.workflow_state not in SETTLED
    )


def without_use_for_photos(keys: Collection[UUID]) -> set[UUID]:
    """Of these keys: drafts that were thrown away, and incidents that are there no more."""
    alive = (
        Incident.objects.filter(pk__in=keys)
        .exclude(workflow_state=Incident.State.WITHDRAWN, submitted_at__isnull=True)
        .values_list("pk", flat=True)
    )
    return set(keys) - set(alive)


def register() -> None:
    """Let incidents have photos; called when the apps are loaded."""
    attachments.register(
        attachments.Subject(
            model=Incident,
            visible=lambda user: (
                Incident.objects.visible_to(user)
                .select_related("site", "place")
                .defer("place__geometry")
            ),
            lock=locked,
            may_add=may_add_photo,
            may_remove=may_remove_photo,
            is_sensitive=lambda incident: bool(incident.is_sensitive),
            forgotten=without_use_for_photos,
            title=lambda incident: str(incident.code),
            page=lambda incident: str(incident.get_absolute_url()),
            may_see=may_see_photo,
        )
    )
