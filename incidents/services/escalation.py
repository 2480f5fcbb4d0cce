"""What the hours do: supervisors and managers are told of what nobody did. Each once.

A row is held while it is told of, with its incident as by every verb, and says afterwards that it
was; of two runs at once the second passes held rows over, and a later one finds them told. A notice
is besides unique per person.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from ceasefire import audit, periods
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from incidents.models import (
    NAMED,
    SEES_SENSITIVE,
    IncidentNaming,
    IncidentResponse,
    RetaliationWatch,
)
from incidents.services import clocks, notices

#: So many rows of a kind in one transaction.
BATCH = 50
#: So many of a kind in one run; the rest comes with the next.
MOST = 500


def _late(at: datetime) -> Q:
    """Clocks of which somebody has still to be told."""
    return (
        Q(due_at__lte=at, manager_escalated_at__isnull=True)
        | Q(amber_at__lte=at, supervisor_escalated_at__isnull=True)
        | Q(
            contact_due_at__lte=at,
            first_contact_at__isnull=True,
            contact_escalated_at__isnull=True,
        )
    )


def _left(at: datetime) -> Q:
    """Watches of which somebody has still to be told."""
    nobody = Q(victim_side__isnull=True) | Q(other_side__isnull=True)
    return (nobody & Q(unassigned_escalated_at__isnull=True)) | Q(
        ends_at__lte=at, over_escalated_at__isnull=True
    )


def gone(who: str, on: date) -> Q:
    """Rows whose `who` is here no more: disabled, past their last day, of another site or role.

    `clocks.may_have` in the words of the database; there it is asked again.
    """
    has_site = User.sites.through.objects.filter(
        user_id=OuterRef(f"{who}_id"), site_id=OuterRef("incident__site_id")
    )
    named = IncidentNaming.objects.filter(
        incident=OuterRef("incident_id"),
        person=OuterRef(f"{who}_id"),
        person__role__in=NAMED,
    )
    hidden = (
        Q(incident__is_sensitive=True)
        & ~Q(**{f"{who}__role__in": SEES_SENSITIVE})
        & (Q(incident__reporter__isnull=True) | ~Q(incident__reporter=F(who)))
        & ~Exists(named)
    )
    return Q(**{f"{who}__isnull": False}) & (
        Q(**{f"{who}__is_active": False})
        | Q(**{f"{who}__expires_on__lte": on})
        | ~Q(**{f"{who}__role__in": clocks.HOLDERS})
        | ~Exists(has_site)
        | hidden
    )


def _left_behind(at: datetime) -> tuple[Any, Any]:
    """Running clocks and open watches of people who are gone."""
    day = periods.local_day(at)
    return (
        IncidentResponse.objects.running().filter(gone("assigned_to", day)),
        RetaliationWatch.objects.open().filter(gone("victim_side", day) | gone("other_side", day)),
    )


def is_due(at: datetime) -> bool:
    """Whether anybody is to be told of anything now, or has to be taken off what they left."""
    return (
        any(rows.exists() for rows in _left_behind(at))
        or IncidentResponse.objects.running().filter(_late(at)).exists()
        or RetaliationWatch.objects.open().filter(_left(at)).exists()
    )


def escalate(*, at: datetime) -> int:
    """Tell whoever is to be told by now; how many clocks and watches that were.

    24 hours without a contact and amber go to the site's supervisors, red to them and the managers,
    each also to whoever has it. Where several hours were missed only the gravest is said. Every
    `BATCH` rows are a transaction of their own, so nobody waits long for a record or the trail, and
    what a stopped run has told stays told: the next goes on with the rest.

    First of all what somebody left who works here no more, or lost the site or role, goes to
    nobody; the supervisors hear of it.
    """
    _in_batches(_clocks_left, at)
    _in_batches(_watches_left, at)
    return _in_batches(_clocks, at) + _in_batches(_watches, at)


def _in_batches(tell: Callable[[datetime, list[Any]], list[Any]], at: datetime) -> int:
    """Run one kind of rows to its end, or to `MOST`; none is looked at twice in a run."""
    seen: list[Any] = []
    while len(seen) < MOST:
        with as_system():
            told = tell(at, seen)
        seen += told
        if len(told) < BATCH:
            break
    return len(seen)


def _clocks_left(at: datetime, seen: list[Any]) -> list[Any]:
    rows = list(
        _left_behind(at)[0]
        .exclude(pk__in=seen)
        .select_related("incident__site", "assigned_to")
        .select_for_update(of=("self", "incident"), skip_locked=True)
        .order_by("due_at", "pk")[:BATCH]
    )
    for row in rows:
        clocks.unassign_who_may_not(row.incident, row, by=None)
    return [row.pk for row in rows]


def _watches_left(at: datetime, seen: list[Any]) -> list[Any]:
    rows = list(
        _left_behind(at)[1]
        .exclude(pk__in=seen)
        .select_related("incident__site", "victim_side", "other_side")
        .select_for_update(of=("self", "incident"), skip_locked=True)
        .order_by("ends_at", "pk")[:BATCH]
    )
    for row in rows:
        clocks.unwatch_who_may_not(row.incident, row, by=None)
    return [row.pk for row in rows]


def _clocks(at: datetime, seen: list[Any]) -> list[Any]:
    rows = list(
        IncidentResponse.objects.running()
        .filter(_late(at))
        .exclude(pk__in=seen)
        .select_related("incident__site", "assigned_to")
        .select_for_update(of=("self", "incident"), skip_locked=True)
        .order_by("due_at", "pk")[:BATCH]
    )
    for row in rows:
        _escalate_clock(row, at)
    return [row.pk for row in rows]


def _watches(at: datetime, seen: list[Any]) -> list[Any]:
    rows = list(
        RetaliationWatch.objects.open()
        .filter(_left(at))
        .exclude(pk__in=seen)
        .select_related("incident__site", "victim_side", "other_side")
        .select_for_update(of=("self", "incident"), skip_locked=True)
        .order_by("ends_at", "pk")[:BATCH]
    )
    for row in rows:
        _escalate_watch(row, at)
    return [row.pk for row in rows]


def _escalate_clock(response: IncidentResponse, at: datetime) -> None:
    incident = response.incident
    people = [*notices.supervisors_of(incident), response.assigned_to]
    stage = response.stage(at)
    said = ""
    if stage == "red" and response.manager_escalated_at is None:
        said = "response.red"
        people += notices.staff_of(incident, Role.MANAGER)
    elif stage == "amber" and response.supervisor_escalated_at is None:
        said = "response.amber"
    elif response.contact_overdue(at) and response.contact_escalated_at is None:
        said = "response.contact_due"
    if stage == "red":
        response.manager_escalated_at = response.manager_escalated_at or at
    if stage in {"red", "amber"}:
        response.supervisor_escalated_at = response.supervisor_escalated_at or at
    if response.contact_overdue(at):
        response.contact_escalated_at = response.contact_escalated_at or at
    response.save(
        update_fields=["manager_escalated_at", "supervisor_escalated_at", "contact_escalated_at"]
    )
    if said:
        notices.tell(people, said, incident, more=f"{response.due_at:%Y%m%d%H%M}")
        audit.record("response.escalated", subject=incident, detail={"notice": said})


def _escalate_watch(watch: RetaliationWatch, at: datetime) -> None:
    incident = watch.incident
    people = notices.supervisors_of(incident)
    if watch.lacks_somebody and watch.unassigned_escalated_at is None:
        watch.unassigned_escalated_at = at
        if at < watch.ends_at:
            notices.tell(people, "watch.unassigned", incident, more=str(watch.pk))
    if at >= watch.ends_at and watch.over_escalated_at is None:
        watch.over_escalated_at = at
        sides = [watch.victim_side, watch.other_side]
        notices.tell([*people, *sides], "watch.over", incident, more=str(watch.pk))
    watch.save(update_fields=["unassigned_escalated_at", "over_escalated_at"])
    audit.record("watch.escalated", subject=incident)
