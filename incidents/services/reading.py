"""What of an incident a person who may see it sees: the fields that are not for every reader."""

from dataclasses import dataclass

from django.db.models import Case, IntegerField, QuerySet, Value, When

from ceasefire import audit, codes
from ceasefire.codes.services import family
from ceasefire.people.models import User
from incidents.models import REVIEW_ORDER, Incident


@dataclass(frozen=True)
class Sight:
    """Who sees what of one incident.

    Everybody who sees the incident sees a source's kind and grade. `words`: what the sources said.
    `reveal`: that a name is sealed, and the way to ask for it with a reason. `groups`: the name of
    a perpetrators' group.
    """

    words: bool
    reveal: bool
    groups: bool


def sight(incident: Incident, user: User) -> Sight:
    """Own incidents whole; supervisors their team's; managers their site's; others grades only."""
    own = incident.reporter_id is not None and incident.reporter_id == user.pk
    reporter = incident.reporter
    of_team = reporter is None or reporter.supervisor_id in (None, user.pk) or own
    closer = user.has_perm("incidents.view_source") and (
        user.has_perm("incidents.view_named_group") or of_team
    )
    return Sight(
        words=own or closer,
        reveal=closer and user.has_perm("vault.reveal_identity"),
        groups=own or user.has_perm("incidents.view_named_group"),
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
