"""Opening a sensitive incident to a field worker of the site, and taking that back.

Sexual violence, minors and staff: seen by who reported it, by supervisors and managers, and by the
workers named here, who see of it what they see of any other colleague's record.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from ceasefire import periods
from ceasefire.people.models import User
from incidents.exceptions import NotForThisPerson, NotSensitive, NotTheirs, SiteIsReadOnly
from incidents.models import NAMED, Incident, IncidentNaming
from incidents.services import notices, trail
from incidents.services.workflow import locked

#: Who says who is sent out says who may read what few may.
NAME = "incidents.assign_response"


def may_name(incident: Incident, by: User) -> bool:
    """Supervisors and managers of the site, of a sensitive incident that they see."""
    return (
        incident.is_sensitive
        and by.has_perm(NAME)
        and not incident.site.read_only
        and incident.is_visible_to(by)
    )


def nameable(incident: Incident) -> "QuerySet[User]":
    """Field staff of the site who do not see the incident yet, by code name."""
    named = IncidentNaming.objects.filter(incident=incident).values("person")
    return (
        User.objects.active()
        .filter(role__in=NAMED, sites=incident.site_id)
        .exclude(Q(pk__in=named) | Q(pk=incident.reporter_id))
        .order_by("code_name")
    )


def named(incident: Incident) -> "QuerySet[IncidentNaming]":
    """Who is named, the first first."""
    return IncidentNaming.objects.filter(incident=incident).select_related("person", "by")


def _refuse(incident: Incident, by: User) -> None:
    if incident.site.read_only:
        raise SiteIsReadOnly
    if not by.has_perm(NAME) or not incident.is_visible_to(by):
        raise NotForThisPerson


@transaction.atomic
def name_worker(
    incident: Incident, *, person: User, by: User, at: datetime | None = None
) -> IncidentNaming | None:
    """Open a sensitive incident to a field worker of its site, who is told; once.

    Refuses what is not sensitive (`NotSensitive`), and who is not of the site's field staff or has
    left (`NotTheirs`). Who reported it sees it anyway: None.
    """
    incident = locked(incident)
    _refuse(incident, by)
    if not incident.is_sensitive:
        raise NotSensitive
    if (
        person.role not in NAMED
        or incident.site_id not in person.site_ids
        or not person.may_sign_in()
    ):
        raise NotTheirs
    if incident.reporter_id == person.pk:
        return None
    row, is_new = IncidentNaming.objects.get_or_create(
        incident=incident, person=person, defaults={"by": by, "at": at or periods.now()}
    )
    if is_new:
        notices.tell([person], "incident.worker_named", incident, by=by, more=str(row.pk))
        trail.record(
            "incident.worker_named", subject=incident, by=by, detail={"to": str(person.pk)}
        )
    return row


@transaction.atomic
def unname_worker(incident: Incident, *, person: User, by: User) -> bool:
    """Take back that somebody is named, and whether there was anything to take back.

    A clock or a side of a watch that they have goes to nobody with the next look at the clocks
    (`services.escalation`), and the supervisors are told.
    """
    incident = locked(incident)
    _refuse(incident, by)
    gone, _rows = IncidentNaming.objects.filter(incident=incident, person=person).delete()
    if gone:
        trail.record(
            "incident.worker_unnamed", subject=incident, by=by, detail={"to": str(person.pk)}
        )
    return bool(gone)


def end_namings(incidents: Iterable[Incident], *, by: User | None) -> int:
    """Take back every naming of records that are not sensitive any more; how many.

    Called last by whoever has just opened them: everybody at the site reads them now, and a record
    that becomes sensitive anew begins with nobody named.
    """
    opened = {one.pk: one for one in incidents if not one.is_sensitive}
    if not opened:
        return 0
    rows = list(IncidentNaming.objects.filter(incident__in=opened).order_by("id"))
    if rows:
        IncidentNaming.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        trail.record(
            "incident.worker_unnamed",
            subject=opened[row.incident_id],
            by=by,
            detail={"to": str(row.person_id), "because": "not_sensitive"},
        )
    return len(rows)
