"""What of an incident a person who may see it sees: the fields that are not for every reader."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When

from ceasefire import audit, codes
from ceasefire.codes.services import family
from ceasefire.people.models import User
from incidents.models import REVIEW_ORDER, SEES_SENSITIVE, Incident
from incidents.services import rules


@dataclass(frozen=True)
class Sight:
    """Who sees what of one incident.

    Everybody who sees the incident sees a source's kind and grade. `words`: what the sources said.
    `reveal`: that a name is sealed, and the way to ask for it with a reason. `groups`: the name of
    a perpetrators' group. `point`: where exactly; of what the map draws, for whoever sees it there.
    `since`: where it was sensitive once and they would not have seen it then, the moment up to
    which nothing that was done or said of it is for them.
    """

    words: bool
    reveal: bool
    groups: bool
    point: bool
    since: datetime | None


def sight(incident: Incident, user: User) -> Sight:
    """Own incidents whole; supervisors their team's; managers their site's; others grades only.

    Of one's own record not what came to it from a sensitive report of somebody else.
    """
    own = incident.reporter_id is not None and incident.reporter_id == user.pk
    reporter = incident.reporter
    of_team = reporter is None or reporter.supervisor_id in (None, user.pk) or own
    closer = user.has_perm("incidents.view_source") and (
        user.has_perm("incidents.view_named_group") or of_team
    )
    return Sight(
        words=closer or (own and not holds_another(incident, user)),
        reveal=closer and user.has_perm("vault.reveal_identity"),
        groups=own or user.has_perm("incidents.view_named_group"),
        point=incident.may_show_point
        and (own or closer or (incident.is_drawn and user.has_perm("incidents.view_point"))),
        since=None if own or user.role in SEES_SENSITIVE else incident.guarded_until,
    )


def holds_another(incident: Incident, user: User) -> bool:
    """Whether a sensitive report that this person may not see was merged into the incident."""
    return (
        incident.is_sensitive
        and user.role not in SEES_SENSITIVE
        and incident.duplicates.filter(is_sensitive=True).exclude(reporter=user).exists()
    )


def may_see_photo(incident: Incident, photo: Any, user: User) -> bool:
    """Whoever sees the incident; of one that holds another's sensitive report their own only.

    What was added while it was sensitive stays for its reporter and who sees sensitive ones.
    """
    if photo.created_by_id == user.pk:
        return True
    guarded = (
        incident.guarded_until is not None
        and photo.created_at <= incident.guarded_until
        and incident.reporter_id != user.pk
        and user.role not in SEES_SENSITIVE
    )
    return not guarded and not holds_another(incident, user)


def may_read_form(incident: Incident, kept: Any, user: User) -> bool:
    """A form that tells of what is sensitive is for who sent it, and who sees such incidents."""
    return (
        user.role in SEES_SENSITIVE
        or kept.by_id == user.pk
        or incident.is_sensitive
        or not rules.is_sensitive_content(kept.content)
    )


def note_reading(incident: Incident, *, by: User) -> None:
    """Write down that a sensitive incident was read; others are read too often to say anything."""
    if incident.is_sensitive:
        audit.read(incident, by=by)


def in_review_order(incidents: "QuerySet[Incident]") -> "QuerySet[Incident]":
    """The gravest family first, then the oldest: killing, abduction, sexual violence, attempt."""
    by_family: dict[str, list[str]] = {}
    for code, _label in codes.choices("incident_type", retired=True):
        by_family.setdefault(family("incident_type", code), []).append(code)
    rank = Case(
        *[
            When(type__in=by_family.get(name, []), then=Value(position))
            for position, name in enumerate(REVIEW_ORDER)
            if by_family.get(name)
        ],
        default=Value(len(REVIEW_ORDER)),
        output_field=IntegerField(),
    )
    return incidents.annotate(gravity=rank).order_by("gravity", "occurred_from", "id")
