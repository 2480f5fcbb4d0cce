"""The log of a day: written from what was done; the person adds hours and signs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role, allows
from ceasefire.periods import BAGHDAD
from incidents.models import Incident, ResponseAction
from outreach.exceptions import (
    ChangedMeanwhile,
    HoursMissing,
    LogIsSigned,
    NoSuchDay,
    NotForThisPerson,
    TooManyHours,
)
from outreach.models import (
    Conflict,
    Contact,
    DailyLog,
    FieldEvent,
    LogHours,
    MediationSession,
    Participant,
    Shift,
)

LOG = "outreach.log_work"
UNSIGNED = "log.unsigned"
#: So far back a day may still be written.
LONGEST_BACK = timedelta(days=31)
#: From when in the morning yesterday's log is missed, and until when it should be signed.
MORNING, DUE = time(6), time(12)
#: Who is asked for a log.
WRITERS = (Role.INTERRUPTER, Role.WORKER)


def _address(pk: str) -> str:
    return reverse("outreach:log_detail", args=[pk])


worklist.task_kind(
    UNSIGNED,
    _("Sign your log of that day."),
    tone="due",
    address=_address,
    escalate_after=timedelta(days=1),
    by_hand=False,
)


@dataclass(frozen=True)
class Entry:
    """One thing that was done: when, what in words, and the record where the reader may see it."""

    at: datetime
    what: Any
    detail: str = ""
    code: str = ""
    address: str = ""


@dataclass(frozen=True)
class Day:
    """What somebody did on a day: in the order of the clock, in counts, and in noted minutes."""

    entries: list[Entry]
    counts: dict[str, int]
    #: By activity; what was noted with contacts and events, to begin with.
    minutes: dict[str, int]

    @property
    def figures(self) -> list[tuple[Any, int]]:
        """The counts that are not zero, with their words."""
        return in_words(self.counts)


#: What a day is counted by, in its order on the page.
COUNTED: dict[str, Any] = {
    "contacts": _("Contacts"),
    "attempts": _("Attempts"),
    "events": _("Events, canvasses, materials"),
    "incidents": _("Incidents logged"),
    "actions": _("Answers to incidents"),
    "sessions": _("Mediation sessions"),
    "shifts": _("Shifts"),
}


#: Which activity a sort of event belongs to.
ACTIVITY = {"canvass": "street", "event": "events", "materials": "street", "group": "events"}


def in_words(counts: Mapping[str, int]) -> list[tuple[Any, int]]:
    """Counts of a day that are not zero, with their words."""
    return [(word, counts[name]) for name, word in COUNTED.items() if counts.get(name)]


def span(day: date) -> tuple[datetime, datetime]:
    """A day in Baghdad, half-open."""
    start = datetime.combine(day, time.min, BAGHDAD)
    return start, start + timedelta(days=1)


def written(user: User, day: date, *, reader: User) -> Day:
    """What somebody did on a day, as the program knows it already.

    What the reader may not see is counted and stands there without its code. Nine queries.
    """
    start, end = span(day)
    found: list[Entry] = []
    counts = dict.fromkeys(COUNTED, 0)
    minutes: dict[str, int] = {}

    contacts = list(
        Contact.objects.filter(created_by=user, at__gte=start, at__lt=end)
        .standing()
        .select_related("participant")
    )
    seen = _seen(Participant.objects.visible_to(reader), [row.participant_id for row in contacts])
    for row in contacts:
        counts["attempts" if row.attempt_only else "contacts"] += 1
        minutes["caseload"] = minutes.get("caseload", 0) + (row.minutes or 0)
        what = _("Tried to meet") if row.attempt_only else _("Met")
        case = row.participant
        known = row.participant_id in seen
        found.append(
            Entry(
                row.at,
                what,
                row.mode_label,
                case.code if known else "",
                case.get_absolute_url() if known else "",
            )
        )

    events = FieldEvent.objects.filter(created_by=user, at__gte=start, at__lt=end).standing()
    for event in events:
        counts["events"] += 1
        activity = ACTIVITY[event.sort]
        minutes[activity] = minutes.get(activity, 0) + (event.minutes or 0)
        address = reverse("outreach:event_detail", args=[event.code])
        found.append(Entry(event.at, event.get_sort_display(), _kind(event), event.code, address))

    logged = list(
        Incident.objects.filter(reporter=user, created_at__gte=start, created_at__lt=end).only(
            "pk", "code", "type", "created_at"
        )
    )
    actions = list(
        ResponseAction.objects.filter(by=user, at__gte=start, at__lt=end)
        .select_related("response__incident")
        .defer("response__incident__summary", "response__incident__search_key")
    )
    asked = [row.pk for row in logged] + [row.response.incident_id for row in actions]
    seen = _seen(Incident.objects.visible_to(reader), asked)
    for incident in logged:
        counts["incidents"] += 1
        found.append(_of_incident(incident.created_at, _("Logged an incident"), "", incident, seen))
    for action in actions:
        counts["actions"] += 1
        incident = action.response.incident
        found.append(
            _of_incident(action.at, _("Answered an incident"), action.kind_label, incident, seen)
        )

    sessions = list(
        MediationSession.objects.filter(mediators=user, at__gte=start, at__lt=end).select_related(
            "conflict"
        )
    )
    seen = _seen(Conflict.objects.visible_to(reader), [row.conflict_id for row in sessions])
    for session in sessions:
        counts["sessions"] += 1
        known = session.conflict_id in seen
        found.append(
            Entry(
                session.at,
                _("Mediation"),
                "",
                session.conflict.code if known else "",
                session.conflict.get_absolute_url() if known else "",
            )
        )

    for shift in Shift.objects.filter(user=user, started_at__gte=start, started_at__lt=end):
        counts["shifts"] += 1
        found.append(Entry(shift.started_at, _("Went out")))
        if shift.ended_at is not None:
            found.append(Entry(shift.ended_at, _("Came back")))
    return Day(sorted(found, key=lambda one: one.at), counts, minutes)


def _kind(event: FieldEvent) -> str:
    return event.kind_label if event.kind else ""


def _seen(rows: Any, keys: list[Any]) -> set[Any]:
    return set(rows.filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()


def _of_incident(at: datetime, what: Any, detail: str, incident: Incident, seen: set[Any]) -> Entry:
    if incident.pk not in seen:
        return Entry(at, what, detail)
    return Entry(at, what, detail, incident.code, incident.get_absolute_url())


# --- the verbs ------------------------------------------------------------------------------------


def log_of(user: User, day: date) -> DailyLog | None:
    """Somebody's log of a day, where it was begun."""
    return DailyLog.objects.filter(user=user, day=day).first()


def _held(by: User, day: date) -> DailyLog:
    """One's own log of a day, begun where it is not there yet, held to the end."""
    if not by.has_perm(LOG):
        raise NotForThisPerson
    today = periods.now().date()
    if not today - LONGEST_BACK <= day <= today:
        raise NoSuchDay
    site = by.sites.filter(read_only=False).order_by("pk").first()
    if site is None:
        raise NotForThisPerson
    DailyLog.objects.bulk_create(
        [DailyLog(user=by, day=day, site=site, created_at=periods.now())], ignore_conflicts=True
    )
    log = DailyLog.objects.select_for_update(of=("self",)).get(user=by, day=day)
    if log.signed_at is not None:
        raise LogIsSigned
    return log


@transaction.atomic
def write_log(
    day: date,
    *,
    by: User,
    minutes: Mapping[str, int],
    sign: bool = False,
    version: int | None = None,
) -> DailyLog:
    """Set the hours of one's own day, in minutes by activity, and sign it where asked.

    Signed, it is never changed again. Refuses more than a day, and signing without any hours.
    """
    log = _held(by, day)
    if version is not None and version != log.version:
        raise ChangedMeanwhile(version=log.version)
    known = dict(codes.choices("work_activity"))
    hours = {activity: number for activity, number in minutes.items() if number}
    if unknown := set(hours) - set(known):
        raise ValueError(f"{sorted(unknown)} are no codes of work_activity.")
    if sum(hours.values()) > 24 * 60:
        raise TooManyHours
    if sign and not hours:
        raise HoursMissing
    LogHours.objects.filter(log=log).delete()
    LogHours.objects.bulk_create(
        LogHours(log=log, activity=activity, minutes=hours[activity])
        for activity in known
        if activity in hours
    )
    log.version += 1
    if sign:
        log.counts, log.signed_at = written(by, day, reader=by).counts, periods.now()
    log.save(update_fields=["version", "counts", "signed_at"])
    if sign:
        worklist.close_tasks(UNSIGNED, subject=log, by=by)
    audit.record("daily_log.signed" if sign else "daily_log.hours_set", subject=log, by=by)
    return log


# --- the next morning -----------------------------------------------------------------------------


def remind(day: date) -> int:
    """Give everybody of the field who did something on a day and did not sign it a task.

    Each once, however often this runs; how many have one now.
    """
    start, end = span(day)
    people = list(User.objects.active().filter(role__in=WRITERS).prefetch_related("sites"))
    keys = [person.pk for person in people]
    worked: set[Any] = set()
    for rows, who, when in (
        (Contact.objects.all(), "created_by", "at"),
        (FieldEvent.objects.all(), "created_by", "at"),
        (ResponseAction.objects.all(), "by", "at"),
        (MediationSession.objects.all(), "mediators", "at"),
        (Shift.objects.all(), "user", "started_at"),
        (Incident.objects.all(), "reporter", "created_at"),
    ):
        found = rows.filter(
            **{f"{who}__in": keys, f"{when}__gte": start, f"{when}__lt": end}
        ).order_by()
        worked.update(found.values_list(who, flat=True).distinct())
    signed = set(
        DailyLog.objects.filter(day=day, signed_at__isnull=False).values_list("user", flat=True)
    )
    due_at = datetime.combine(day + timedelta(days=1), DUE, BAGHDAD)
    given = 0
    for person in people:
        site = next((site for site in person.sites.all() if not site.read_only), None)
        if person.pk not in worked - signed or site is None or not allows(person.role, LOG):
            continue
        with transaction.atomic():
            DailyLog.objects.bulk_create(
                [DailyLog(user=person, day=day, site=site, created_at=periods.now())],
                ignore_conflicts=True,
            )
            log = DailyLog.objects.select_for_update(of=("self",)).get(user=person, day=day)
            if log.signed_at is None:
                worklist.add_task(person, UNSIGNED, subject=log, due_at=due_at)
                given += 1
    return given
