"""The records behind a number of a report or a dashboard: exactly those that it counts.

The rules are those of `incidents.measures` and `incidents.rollups`. What somebody's reports leave
out (sexual violence, minors, staff) these lists leave out too, a person's own records as well: a
list that holds more than its number says would not be the records behind it.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.places.models import Place
from incidents import measures
from incidents.models import SEES_SENSITIVE, Incident, IncidentResponse, Victimization

#: What a number may count, as the list says it.
KINDS: dict[str, Any] = {
    "verified": _("Verified, dated to the week"),
    "unverified": _("Not verified, dated to the week"),
    "killed": _("Verified, people killed"),
    "killed_unknown": _("Verified, killed not known"),
    "injured": _("Verified, people injured"),
    "abducted": _("Verified, people abducted"),
    "wide": _("Verified, no smaller area known than the district"),
    "no_district": _("Verified, district not known"),
    "received": _("All that was received"),
    "undated": _("Known to the month at best"),
    "late": _("Told more than a week late"),
    "nowhere": _("Known to the governorate at best"),
    "duplicates": _("Duplicates"),
    "due": _("72 hours ended"),
    "in_time": _("Answered within 72 hours"),
    "not_in_time": _("Not answered within 72 hours"),
}
#: Of these the days are those on which the 72 hours end, not those of the event.
BY_CLOCK = ("due", "in_time", "not_in_time")
_HATCHED = (Incident.Verification.UNVERIFIED, Incident.Verification.DISPUTED)
_DATED = Q(time_precision__lt=measures.UNDATED_FROM)
_VERIFIED = Q(verification__in=Incident.SOLID) & _DATED
_KILLED = Victimization.objects.filter(
    Q(harm="killed") | Q(outcome="killed"), incident=OuterRef("pk")
)
_RULES: dict[str, Q] = {
    "verified": _VERIFIED,
    "killed": _VERIFIED & (Q(killed_best__gt=0) | Q(Exists(_KILLED), killed_best__isnull=True)),
    "killed_unknown": _VERIFIED & Q(killed_best__isnull=True) & ~Q(Exists(_KILLED)),
    "injured": _VERIFIED & Q(injured_best__gt=0),
    "abducted": _VERIFIED & Q(abducted__gt=0),
    "wide": _VERIFIED & ~Q(place__level__in=[Place.Level.SUBDISTRICT, Place.Level.NEIGHBOURHOOD]),
    "no_district": _VERIFIED & Q(district__isnull=True),
    "unverified": Q(verification__in=_HATCHED) & _DATED,
    "received": Q(),
    "undated": ~_DATED,
    "late": Q(reported_at__gt=F("occurred_from") + timedelta(days=measures.LATE_AFTER_DAYS))
    & ~Q(origin__in=measures.HISTORIES),
    "nowhere": Q(geo_precision=5) | Q(district__isnull=True),
}


def counted_as(
    rows: "QuerySet[Incident]",
    kind: str,
    user: Any,
    *,
    since: date | None = None,
    until: date | None = None,
) -> "QuerySet[Incident]":
    """The incidents of `rows` that a number of this kind counts; both days count."""
    if user.role not in SEES_SENSITIVE:
        rows = rows.filter(is_sensitive=False).exclude(type="SXV")
    if kind == "duplicates":
        rows = rows.filter(workflow_state=Incident.State.DUPLICATE)
    else:
        rows = rows.filter(workflow_state__in=Incident.COUNTED_STATES)
    if kind in BY_CLOCK:
        return rows.filter(pk__in=_clocks(kind, since, until).values("incident"))
    if since:
        rows = rows.filter(occurred_on__gte=since)
    if until:
        rows = rows.filter(occurred_on__lte=until)
    return rows.filter(_RULES.get(kind, Q()))


def _clocks(kind: str, since: date | None, until: date | None) -> "QuerySet[IncidentResponse]":
    clocks = IncidentResponse.objects.exclude(closed_reason__in=IncidentResponse.STOPPED)
    # Of a clock that ends later nothing is known yet, unless it was answered.
    clocks = clocks.filter(Q(due_at__lte=periods.now()) | Q(community_response_at__isnull=False))
    if since:
        clocks = clocks.filter(due_at__gte=_midnight(since))
    if until:
        clocks = clocks.filter(due_at__lt=_midnight(until + timedelta(days=1)))
    in_time = Q(community_response_at__lte=F("due_at"))
    if kind == "in_time":
        return clocks.filter(in_time)
    # Not answered at all is not in time either, which a comparison with nothing does not say.
    late = Q(community_response_at__isnull=True) | Q(community_response_at__gt=F("due_at"))
    return clocks.filter(late) if kind == "not_in_time" else clocks


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, periods.BAGHDAD)
