"""What a weekly sheet shows, from what was recorded anyway: nobody fills it in.

The sheet of a week looks back on the last full week before it. A fixed number of queries for a
sheet and for the list of workers, whatever they hold.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from ceasefire import periods, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import FIELD_ROLES, Role
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.worklist.models import Task
from outreach.models import (
    Approval,
    CaseReview,
    Conflict,
    Contact,
    FollowUp,
    Participant,
    Referral,
    RiskReductionPlan,
    SupervisionSheet,
)
from outreach.models.casework import SILENT_AFTER
from outreach.models.contacts import HOME
from outreach.models.fieldwork import DailyLog, Shift
from outreach.services import caseload_reading as reading
from outreach.services import conflict_notices
from outreach.services.caseload import Band

#: A case is gone through at least so often.
REVIEWED_WITHIN = timedelta(weeks=4)
#: A screening that falls due so soon stands on the sheet.
SCREENING_SOON = timedelta(days=7)
#: Home visits are counted over four weeks, as the standard of a month is.
HOME_WEEKS = 4


def week_of(site: Site, on: date) -> Week:
    """The week whose sheet is written on a day."""
    return Week.of(on, site.week_start)


@dataclass(frozen=True)
class Met:
    """One part of the contact standard in the week that is looked back on."""

    done: int
    wanted: int

    @property
    def met(self) -> bool:
        return self.done >= self.wanted


@dataclass(frozen=True)
class Line:
    """One case on a sheet."""

    case: Participant
    contacts: Met
    face_to_face: Met
    home: Met
    quiet_days: int
    quiet: str
    reviewed_on: date | None
    review_due: bool
    screening_due: bool
    silent_referrals: int
    plan_late: bool
    waits_for: tuple[str, ...]
    #: Reviewed on this very sheet, and how it goes.
    finding: str = ""

    @property
    def paused(self) -> bool:
        return self.case.status == Participant.Status.PAUSED

    @property
    def counted(self) -> bool:
        """Active through the whole week: measured against the standard."""
        return self.contacts.wanted > 0

    @property
    def standard_met(self) -> bool:
        return self.contacts.met and self.face_to_face.met and self.home.met

    @property
    def quiet_tone(self) -> str:
        return reading.QUIET[self.quiet][0]

    @property
    def quiet_word(self) -> Any:
        return reading.QUIET[self.quiet][1]

    @property
    def stale(self) -> bool:
        return self.quiet in {"at_risk", "review"}


@dataclass
class Sheet:
    """One worker's week as its supervisor sees it."""

    worker: User
    site: Site
    week: Week
    kept: SupervisionSheet | None
    lines: list[Line]
    band: Band
    follow_ups: list[FollowUp] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    #: Days of the week with work on them and no signed log; shifts after which somebody was missed.
    logs_unsigned: int = 0
    check_ins_missed: int = 0

    @property
    def looked_at(self) -> Week:
        return self.week.previous()

    @property
    def signed(self) -> bool:
        return self.kept is not None and self.kept.signed_at is not None

    @property
    def active(self) -> int:
        return sum(not line.paused for line in self.lines)

    def figures(self) -> dict[str, int]:
        """What is kept with the signature: counts, never a code."""
        counted = [line for line in self.lines if line.counted]
        return {
            "active": self.active,
            "paused": len(self.lines) - self.active,
            "measured": len(counted),
            "standard_met": sum(line.standard_met for line in counted),
            "stale": sum(line.stale for line in self.lines),
            "screenings_due": sum(line.screening_due for line in self.lines),
            "reviews_due": sum(line.review_due for line in self.lines),
            "reviewed": sum(bool(line.finding) for line in self.lines),
            "silent_referrals": sum(line.silent_referrals for line in self.lines),
            "plans_late": sum(line.plan_late for line in self.lines),
            "follow_ups_late": len(self.follow_ups),
            "tasks_late": len(self.tasks),
            "logs_unsigned": self.logs_unsigned,
            "check_ins_missed": self.check_ins_missed,
        }


def sheet(worker: User, site: Site, reader: User, *, on: date) -> Sheet:
    """The sheet of this week; what the reader may not see stands in no line of it."""
    week = week_of(site, on)
    rule = reading.standards([site], on)[site.pk]
    cases = _cases_of(worker, site, reader, on)
    kept = SupervisionSheet.objects.filter(
        worker=worker, site=site, week_start=week.start
    ).select_related("signed_by", "on_behalf_of")
    found = kept.first()
    keys = [row.pk for row in cases]
    counts = _contacts(keys, week.previous())
    here = dict(found.reviews.values_list("participant", "finding")) if found else {}
    waiting: dict[Any, list[str]] = {}
    for key, kind in (
        Approval.objects.open().filter(participant__in=keys).values_list("participant", "kind")
    ):
        waiting.setdefault(key, []).append(str(Approval.Kind(kind).label))
    lines = [
        _line(
            row,
            rule,
            counts.get(row.pk, {}),
            week.previous(),
            on,
            reviewed_at=row.reviewed_at,
            silent=row.silent,
            plan_late=row.plan_late,
            waits_for=tuple(sorted(waiting.get(row.pk, ()))),
            finding=here.get(row.pk, ""),
        )
        for row in cases
    ]
    lines.sort(key=_need)
    return Sheet(
        worker=worker,
        site=site,
        week=week,
        kept=found,
        lines=lines,
        band=reading.bands([site], on)[site.pk],
        follow_ups=_follow_ups(worker, site, reader, on),
        logs_unsigned=_unsigned(worker, week.previous()),
        check_ins_missed=_missed(worker, week.previous()),
        # Follow-ups stand beside them already.
        tasks=worklist.seen_by(
            reader,
            _late_tasks([worker.pk])
            .exclude(kind=conflict_notices.FOLLOW_UP)
            .order_by("due_at", "pk"),
            50,
        ),
    )


def _cases_of(worker: User, site: Site, reader: User, on: date) -> list[Any]:
    """The cases on a caseload that the reader sees, each with what is late of it, in one question.

    `reviewed_at`, `silent` (referrals without an answer) and `plan_late`.
    """
    own = {"participant": OuterRef("pk")}
    last = CaseReview.objects.filter(**own).order_by("-at").values("at")[:1]
    silent = _silent(on).filter(**own).order_by().values("participant")
    late = RiskReductionPlan.objects.filter(**own, state="approved", review_due_on__lt=on)
    return list(
        Participant.objects.visible_to(reader)
        .on_caseload()
        .filter(worker=worker, site=site)
        .select_related("site", "worker")
        .annotate(
            reviewed_at=Subquery(last),
            silent=Coalesce(Subquery(silent.annotate(number=Count("pk")).values("number")), 0),
            plan_late=Exists(late),
        )
    )


def _need(line: Line) -> tuple[Any, ...]:
    """Not gone through for longest first, the paused ones after the active."""
    never = line.reviewed_on is None
    return (
        not line.review_due,
        line.paused,
        not never,
        line.reviewed_on or date.min,
        line.case.code,
    )


def _line(
    case: Participant,
    rule: reading.Standard,
    counts: dict[str, int],
    week: Week,
    on: date,
    *,
    reviewed_at: Any,
    silent: int,
    plan_late: bool,
    waits_for: tuple[str, ...],
    finding: str,
) -> Line:
    paused = case.status == Participant.Status.PAUSED
    # A case that began in the week, or rests, is measured against nothing.
    whole = not paused and case.status_since <= week.starts_at
    # Home visits are asked for by the share of the four weeks in which the case was as it is.
    lived = sum(case.status_since <= week.plus(-back).starts_at for back in range(HOME_WEEKS))
    spoken = max(case.last_contact_at or case.status_since, case.status_since)
    quiet_days = max(0, (on - periods.local_day(spoken)).days)
    reviewed_on = periods.local_day(reviewed_at) if reviewed_at else None

    def met(name: str, wanted: int) -> Met:
        return Met(counts.get(name, 0), wanted if whole else 0)

    return Line(
        case=case,
        contacts=met("contacts", rule.weekly_contacts),
        face_to_face=met("face_to_face", rule.weekly_face_to_face),
        home=met("home", rule.monthly_home_visits * lived // HOME_WEEKS),
        quiet_days=quiet_days,
        quiet="good" if paused else rule.word(quiet_days),
        reviewed_on=reviewed_on,
        review_due=not paused and (reviewed_on is None or on - reviewed_on >= REVIEWED_WITHIN),
        screening_due=case.rescreen_due_on is not None
        and case.rescreen_due_on <= on + SCREENING_SOON,
        silent_referrals=silent,
        plan_late=plan_late,
        waits_for=waits_for,
        finding=finding,
    )


def _contacts(keys: Sequence[UUID], week: Week) -> dict[Any, dict[str, int]]:
    """Contacts and face to face of a week, and home visits of the four weeks to its end."""
    if not keys:
        return {}
    inside = Q(at__gte=week.starts_at)
    since = week.plus(1 - HOME_WEEKS).starts_at
    rows: Any = (
        Contact.objects.filter(participant__in=keys, at__gte=since, at__lt=week.ends_at)
        .standing()
        .met()
        .order_by()
        .values("participant")
        .annotate(
            contacts=Count("pk", filter=inside),
            face_to_face=Count("pk", filter=inside & Q(face=True)),
            home=Count("pk", filter=Q(mode=HOME)),
        )
    )
    return {row["participant"]: row for row in rows}


def _silent(on: date) -> Any:
    """Referrals that nobody answered for too long."""
    return Referral.objects.filter(state=Referral.State.SENT, sent_on__lte=on - SILENT_AFTER)


def _follow_ups(worker: User, site: Site, reader: User, on: date) -> list[FollowUp]:
    """Rungs whose day is over in conflicts that the worker leads and the reader may see."""
    conflicts = Conflict.objects.visible_to(reader).filter(lead=worker, site=site)
    return list(
        FollowUp.objects.filter(
            state=FollowUp.State.OPEN, due_on__lt=on, conflict__in=conflicts.values("pk")
        )
        .select_related("conflict")
        .order_by("due_on", "pk")[:50]
    )


def _unsigned(worker: User, week: Week) -> int:
    """Days on which somebody recorded a contact or began a log, without the signature."""
    made = Contact.objects.filter(
        created_by=worker, at__gte=week.starts_at, at__lt=week.ends_at
    ).values_list("at", flat=True)
    days = {periods.local_day(at) for at in made}
    logs = DailyLog.objects.filter(user=worker, day__gte=week.start, day__lt=week.end)
    for day, signed_at in logs.values_list("day", "signed_at"):
        days.add(day)
        if signed_at is not None:
            days.discard(day)
    return len(days)


def _missed(worker: User, week: Week) -> int:
    """Shifts of a week whose end nobody heard of in time."""
    return (
        Shift.objects.filter(
            user=worker, started_at__gte=week.starts_at, started_at__lt=week.ends_at
        )
        .filter(
            Q(supervisor_alarm_at__isnull=False)
            | Q(ended_at__isnull=True, expected_end_at__lt=periods.now())
        )
        .count()
    )


def _late_tasks(workers: Iterable[Any]) -> Any:
    return Task.objects.waiting().filter(assignee__in=list(workers), due_at__lt=periods.now())


# --- the list of workers --------------------------------------------------------------------------


@dataclass
class WorkerWeek:
    """One worker at one site, as the list of a supervisor shows the week."""

    worker: User
    site: Site
    band: Band
    active: int = 0
    measured: int = 0
    met: int = 0
    reviews_due: int = 0
    tasks_late: int = 0
    sheet: SupervisionSheet | None = None

    @property
    def state(self) -> str:
        """`signed`, `begun` or `open`."""
        if self.sheet is None:
            return "open"
        return "signed" if self.sheet.signed_at else "begun"

    @property
    def word(self) -> str:
        return self.band.word(self.active)

    @property
    def urgency(self) -> tuple[Any, ...]:
        """Without a signed sheet first, then who has most cases not gone through."""
        return self.state == "signed", -self.reviews_due, -self.tasks_late, self.worker.code_name


def supervised(reader: User) -> Any:
    """Whose sheets somebody writes: of those they oversee, the others who work with people."""
    return (
        reading.overseen(reader)
        .filter(Q(role__in=FIELD_ROLES) | Q(role=Role.SUPERVISOR))
        .exclude(pk=reader.pk)
    )


def weeks(reader: User, sites: Sequence[Site], on: date) -> list[WorkerWeek]:
    """The workers of a supervisor or manager with their week, those who need somebody first."""
    if not sites:
        return []
    bands = reading.bands(sites, on)
    rules = reading.standards(sites, on)
    by_key = {site.pk: site for site in sites}
    people = {
        person.pk: person
        for person in supervised(reader).filter(is_active=True).prefetch_related("sites")
    }
    found: dict[tuple[Any, Any], WorkerWeek] = {}
    for person in people.values():
        if person.role not in FIELD_ROLES or not person.may_sign_in():
            continue
        for site in person.sites.all():
            if site.pk in by_key:
                found[person.pk, site.pk] = WorkerWeek(person, by_key[site.pk], bands[site.pk])
    cases = (
        Participant.objects.visible_to(reader)
        .active()
        .filter(site__in=list(by_key))
        .order_by()
        .values_list("pk", "worker", "site", "status_since")
    )
    rows = list(cases)
    counts = _weekly(reader, sites, on)
    reviewed = _lately_reviewed(reader, sites, on)
    for key, worker, site_key, since in rows:
        if worker not in people:
            continue
        one = found.setdefault(
            (worker, site_key), WorkerWeek(people[worker], by_key[site_key], bands[site_key])
        )
        one.active += 1
        one.reviews_due += key not in reviewed
        week = week_of(by_key[site_key], on).previous()
        if since <= week.starts_at:
            rule, had = rules[site_key], counts.get(key, (0, 0))
            one.measured += 1
            one.met += had[0] >= rule.weekly_contacts and had[1] >= rule.weekly_face_to_face
    _add_sheets(found, sites, on)
    late = dict(_late_tasks(people).order_by().values_list("assignee").annotate(n=Count("pk")))
    for one in found.values():
        one.tasks_late = late.get(one.worker.pk, 0)
    return sorted(found.values(), key=lambda one: one.urgency)


def is_asked_for(week: WorkerWeek) -> bool:
    """Whether a sheet is asked for: of who works in the field there, not of who left cases."""
    worker = week.worker
    return (
        worker.role in FIELD_ROLES
        and worker.may_sign_in()
        and week.site.pk in {site.pk for site in worker.sites.all()}
    )


def _weekly(reader: User, sites: Sequence[Site], on: date) -> dict[Any, tuple[int, int]]:
    """Of each active case the contacts, and those face to face, of the last full week."""
    inside = Q(pk__in=[])
    since = None
    for site in sites:
        week = week_of(site, on).previous()
        inside |= Q(participant__site=site.pk, at__gte=week.starts_at, at__lt=week.ends_at)
        since = min(since or week.starts_at, week.starts_at)
    active = Participant.objects.visible_to(reader).active().order_by()
    rows = (
        Contact.objects.filter(inside, at__gte=since, participant__in=active.values("pk"))
        .standing()
        .met()
        .order_by()
        .values_list("participant")
        .annotate(contacts=Count("pk"), face_to_face=Count("pk", filter=Q(face=True)))
    )
    return {key: (contacts, face) for key, contacts, face in rows}


def _lately_reviewed(reader: User, sites: Sequence[Site], on: date) -> set[Any]:
    """Cases gone through within four weeks."""
    since = Week(on - REVIEWED_WITHIN + timedelta(days=1)).starts_at
    rows = CaseReview.objects.filter(at__gte=since, sheet__site__in=[site.pk for site in sites])
    return set(rows.order_by().values_list("participant", flat=True))


def _add_sheets(found: dict[tuple[Any, Any], WorkerWeek], sites: Sequence[Site], on: date) -> None:
    this_week = Q(pk__in=[])
    for site in sites:
        this_week |= Q(site=site.pk, week_start=week_of(site, on).start)
    for row in SupervisionSheet.objects.filter(this_week):
        one = found.get((row.worker_id, row.site_id))
        if one is not None:
            one.sheet = row
