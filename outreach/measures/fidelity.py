"""Is the work done as the program says it is done: numbers of one site and one span of days.

Spans are half-open days in Baghdad. People are counted once each, never contacts of people, so that
a small number is seen to be small. Nothing here is rounded or hidden: who reads it may be outside
the site's team, and then `ceasefire.disclosure` comes first (`services.fidelity`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum

from ceasefire import periods, rulesets
from ceasefire.people.models import User
from ceasefire.people.roles import FIELD_ROLES, Role
from ceasefire.periods import Week
from ceasefire.places.models import Site
from outreach.models import (
    Conflict,
    ConflictStep,
    MediationSession,
    Participant,
    ParticipantStep,
    SupervisionSheet,
)
from outreach.models.fieldwork import LogHours

#: A case is gone through at least so often.
REVIEWED_WITHIN = timedelta(weeks=4)
#: Home visits are counted over four weeks, as the standard of a month is.
HOME_WEEKS = 4
#: A conflict that was settled is watched for so long.
WATCHED_FOR = timedelta(days=90)
#: Outcomes after which it is watched.
SETTLED = ("R1", "R2", "R3")
OUTCOMES = ("R1", "R2", "R3", "U", "V", "E", "X", "T")
#: The same in four words, as a dashboard has them.
GROUPS = {
    "settled": SETTLED,
    "unsettled": ("U", "X"),
    "violence": ("V", "E"),
    "handed": ("T",),
}
DOCUMENTATION = "documentation"


def _moment(day: date) -> datetime:
    return datetime.combine(day, time.min, periods.BAGHDAD)


@dataclass(frozen=True)
class Bands:
    """Workers of a site by how many active cases they carry against the site's band."""

    few: int = 0
    room: int = 0
    good: int = 0
    many: int = 0
    over: int = 0

    @property
    def workers(self) -> int:
        return self.few + self.room + self.good + self.many + self.over


def caseload_bands(site_id: int, on: date) -> Bands:
    """Today's caseloads of the workers who may sign in, by the band that counts on a day."""
    rule = rulesets.by_site("caseload_band", [Site(pk=site_id)], on)[site_id].content
    carried = dict(
        Participant.objects.active()
        .filter(site=site_id)
        .order_by()
        .values_list("worker")
        .annotate(number=Count("pk"))
    )
    workers = User.objects.active().filter(role=Role.WORKER, sites=site_id)
    counts = dict.fromkeys(("few", "room", "good", "many", "over"), 0)
    for key in workers.values_list("pk", flat=True):
        counts[band_word(rule, carried.get(key, 0))] += 1
    return Bands(**counts)


def band_word(rule: dict[str, Any], active: int) -> str:
    """`over`, `many`, `few`, `room` or `good`: so many cases against a site's band."""
    if active > rule["hard_cap"]:
        return "over"
    if active > rule["target_to"]:
        return "many"
    if active < rule["least"]:
        return "few"
    return "room" if active < rule["target_from"] else "good"


@dataclass(frozen=True)
class Attended:
    """Distinct people who were active through at least one whole week of a span.

    By how the contact standard was met with them, and whether their case was gone through in the
    four weeks to the end of the span: `cells[0]` gone through, `cells[1]` not; in each: the whole
    standard met, part of it, no week of it.
    """

    cells: tuple[tuple[int, int, int], tuple[int, int, int]]

    @property
    def people(self) -> int:
        return sum(map(sum, self.cells))


_ATTENDED = """
WITH weeks AS (
  SELECT unnest(%(starts)s::timestamptz[]) AS starts, unnest(%(ends)s::timestamptz[]) AS ends
),
steps AS (
  SELECT s.participant_id, s.to_status, s.at,
         LEAD(s.at) OVER (PARTITION BY s.participant_id ORDER BY s.at, s.id) AS until
  FROM outreach_participantstep s
  JOIN outreach_participant p ON p.id = s.participant_id
  WHERE p.site_id = %(site)s AND s.at < %(last)s
),
lived AS (
  SELECT a.participant_id, w.starts, w.ends
  FROM steps a JOIN weeks w
    ON a.at <= w.starts AND (a.until IS NULL OR a.until >= w.ends)
  WHERE a.to_status = 'active' AND (a.until IS NULL OR a.until > %(first)s)
),
met AS (
  SELECT l.participant_id,
         COUNT(*) AS weeks,
         COUNT(*) FILTER (WHERE c.contacts >= %(contacts)s AND c.face >= %(face)s) AS good
  FROM lived l CROSS JOIN LATERAL (
    SELECT COUNT(*) AS contacts, COUNT(*) FILTER (WHERE k.face) AS face
    FROM outreach_contact k
    WHERE k.participant_id = l.participant_id AND k.at >= l.starts AND k.at < l.ends
      AND NOT k.attempt_only
      AND NOT EXISTS (SELECT 1 FROM outreach_contacttakenback t WHERE t.contact_id = k.id)
  ) c
  GROUP BY l.participant_id
)
SELECT r.reviewed,
       COUNT(*) FILTER (WHERE m.good = m.weeks AND h.home >= a.home),
       COUNT(*) FILTER (WHERE m.good > 0 AND NOT (m.good = m.weeks AND h.home >= a.home)),
       COUNT(*) FILTER (WHERE m.good = 0)
FROM met m
CROSS JOIN LATERAL (
  SELECT COUNT(*) AS home FROM outreach_contact k
  WHERE k.participant_id = m.participant_id AND k.mode = 'home' AND NOT k.attempt_only
    AND k.at >= %(home_from)s AND k.at < %(last)s
    AND NOT EXISTS (SELECT 1 FROM outreach_contacttakenback t WHERE t.contact_id = k.id)
) h
CROSS JOIN LATERAL (
  SELECT %(home)s * COUNT(*) / %(home_weeks)s AS home
  FROM unnest(%(home_starts)s::timestamptz[], %(home_ends)s::timestamptz[]) AS w (starts, ends)
  WHERE EXISTS (
    SELECT 1 FROM steps s
    WHERE s.participant_id = m.participant_id AND s.to_status = 'active'
      AND s.at <= w.starts AND (s.until IS NULL OR s.until >= w.ends)
  )
) a
CROSS JOIN LATERAL (
  SELECT EXISTS (
    SELECT 1 FROM outreach_casereview v
    WHERE v.participant_id = m.participant_id AND v.at >= %(review_from)s AND v.at < %(last)s
  ) AS reviewed
) r
GROUP BY r.reviewed
"""


def attended(site_id: int, start: date, end: date, *, week_start: int, on: date) -> Attended:
    """How the people of a site were attended to; weeks that began in the span and are over by `on`.

    The standard is the one that counts on the last day. Home visits are counted over the four weeks
    to the end of the last of these weeks, and asked for by the share of them in which the case was
    active, rounded down. All zero where no week is over.
    """
    weeks = [week for week in Week.starts_between(start, end, week_start) if week.end <= on]
    cells = [[0, 0, 0], [0, 0, 0]]
    if weeks:
        day = min(end - timedelta(days=1), on)
        rule = rulesets.by_site("contact_standard", [Site(pk=site_id)], day)[site_id].content
        last = weeks[-1].ends_at
        of_home = [weeks[-1].plus(number + 1 - HOME_WEEKS) for number in range(HOME_WEEKS)]
        with connection.cursor() as cursor:
            cursor.execute(
                _ATTENDED,
                {
                    "site": site_id,
                    "starts": [week.starts_at for week in weeks],
                    "ends": [week.ends_at for week in weeks],
                    "first": weeks[0].starts_at,
                    "last": last,
                    "contacts": rule["weekly_contacts"],
                    "face": rule["weekly_face_to_face"],
                    "home": rule["monthly_home_visits"],
                    "home_weeks": HOME_WEEKS,
                    "home_from": of_home[0].starts_at,
                    "home_starts": [week.starts_at for week in of_home],
                    "home_ends": [week.ends_at for week in of_home],
                    "review_from": last - REVIEWED_WITHIN,
                },
            )
            for reviewed, *counts in cursor.fetchall():
                cells[0 if reviewed else 1] = counts
    return Attended(cells=tuple(tuple(row) for row in cells))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Mediated:
    """Conflicts with a session in a span, each once, by what came of its last; as `OUTCOMES`."""

    by_outcome: tuple[int, ...]

    @property
    def conflicts(self) -> int:
        return sum(self.by_outcome)


def mediations(site_id: int, start: date, end: date) -> Mediated:
    """What came of the mediation of a span."""
    rows: Any = (
        MediationSession.objects.filter(
            conflict__site=site_id, at__gte=_moment(start), at__lt=_moment(end)
        )
        .order_by("conflict_id", "-at", "-created_at")
        .distinct("conflict_id")
        .values_list("outcome", flat=True)
    )
    found = list(rows)
    return Mediated(tuple(found.count(outcome) for outcome in OUTCOMES))


@dataclass(frozen=True)
class Reignited:
    """Conflicts under watch in a span: those that flared up again in it, and the others."""

    reignited: int
    quiet: int


def mediated(start: date, end: date, outcomes: Sequence[str]) -> Any:
    """The conflicts whose last session of a span came to one of some outcomes."""
    last = (
        MediationSession.objects.filter(
            conflict=OuterRef("pk"), at__gte=_moment(start), at__lt=_moment(end)
        )
        .order_by("-at", "-created_at")
        .values("outcome")[:1]
    )
    return Conflict.objects.annotate(came_of=Subquery(last)).filter(came_of__in=outcomes)


def came_of(group: str, start: date, end: date) -> Any:
    """The conflicts of one of `GROUPS` in a span, or of all of them (`any`).

    Or those that were in their 90 days after a settlement (`watched`), or of these those that
    flared up again in it (`again`).
    """
    if group == "watched":
        return Conflict.objects.filter(pk__in=_watched(start, end))
    if group == "again":
        return reignited(start, end)
    return mediated(start, end, OUTCOMES if group == "any" else GROUPS[group])


def reignited(start: date, end: date) -> Any:
    """The conflicts that flared up again in a span, in their 90 days after a settlement."""
    within = MediationSession.objects.filter(
        outcome__in=SETTLED,
        conflict=OuterRef("conflict"),
        at__lte=OuterRef("at"),
        at__gte=OuterRef("at") - WATCHED_FOR,
    )
    again = ConflictStep.objects.filter(
        Exists(within),
        to_state=Conflict.State.REIGNITED,
        at__gte=_moment(start),
        at__lt=_moment(end),
    )
    return Conflict.objects.filter(pk__in=again.values("conflict"))


def _watched(start: date, end: date) -> Any:
    """The keys of conflicts that were settled at most 90 days before some day of a span."""
    settled = MediationSession.objects.filter(outcome__in=SETTLED)
    sessions = settled.filter(at__gte=_moment(start) - WATCHED_FOR, at__lt=_moment(end))
    return sessions.values("conflict")


def reignitions(site_id: int, start: date, end: date) -> Reignited:
    """Of conflicts that were in their 90 days after a settlement on some day of a span."""
    watched = Conflict.objects.filter(site=site_id, pk__in=_watched(start, end))
    counts = watched.aggregate(
        all=Count("pk"), again=Count("pk", filter=Q(pk__in=reignited(start, end).values("pk")))
    )
    return Reignited(counts["again"], counts["all"] - counts["again"])


@dataclass(frozen=True)
class Supervised:
    """Sheets that were signed, of those that weeks and staff asked for."""

    signed: int
    expected: int


def supervised(site_id: int, start: date, end: date, *, week_start: int, on: date) -> Supervised:
    """A sheet a week for each worker and interrupter who is there today; who has left is unknown.

    Of weeks that began in the span and are over by `on`.
    """
    weeks = [week.start for week in Week.starts_between(start, end, week_start) if week.end <= on]
    staff = User.objects.active().filter(role__in=FIELD_ROLES, sites=site_id)
    signed = SupervisionSheet.objects.filter(
        site=site_id, week_start__in=weeks, signed_at__isnull=False, worker__in=staff.values("pk")
    )
    return Supervised(signed.count(), staff.count() * len(weeks))


@dataclass(frozen=True)
class Hours:
    """Minutes of signed days: those spent on writing things down, and all."""

    documentation: int
    all: int

    @property
    def share(self) -> float | None:
        """None where no hours are signed."""
        return self.documentation / self.all if self.all else None

    @property
    def percent(self) -> float | None:
        return None if self.share is None else 100 * self.share


def hours(site_id: int, start: date, end: date) -> Hours:
    """Where the hours of the staff went, from the daily logs they signed."""
    rows = LogHours.objects.filter(
        log__site=site_id, log__day__gte=start, log__day__lt=end, log__signed_at__isnull=False
    )
    counts = rows.aggregate(
        all=Sum("minutes"), documentation=Sum("minutes", filter=Q(activity=DOCUMENTATION))
    )
    return Hours(counts["documentation"] or 0, counts["all"] or 0)


@dataclass(frozen=True)
class TakenIn:
    """People whose case became active in a span: by the rule, and by a manager's exception."""

    by_rule: int
    by_exception: int


def taken_in(site_id: int, start: date, end: date) -> TakenIn:
    """Distinct people, those who came back after a closure among them; each by the latest intake.

    It was by exception where the step by which the case became eligible for it was one.
    """
    made_eligible = ParticipantStep.objects.filter(
        participant=OuterRef("participant"),
        to_status=Participant.Status.ELIGIBLE,
        at__lte=OuterRef("at"),
    )
    intakes = (
        ParticipantStep.objects.filter(
            participant__site=site_id,
            from_status=Participant.Status.ELIGIBLE,
            to_status=Participant.Status.ACTIVE,
            at__gte=_moment(start),
            at__lt=_moment(end),
        )
        .order_by("participant_id", "-at", "-pk")
        .distinct("participant_id")
        .annotate(
            came_from=Subquery(made_eligible.order_by("-at", "-pk").values("from_status")[:1])
        )
    )
    found = list(intakes.values_list("came_from", flat=True))
    excepted = found.count(Participant.Status.EXCEPTION)
    return TakenIn(len(found) - excepted, excepted)


def months(on: date, count: int = 12) -> Sequence[date]:
    """The first days of the month of a day and of those before it, the latest first."""
    found, first = [], on.replace(day=1)
    for _number in range(count):
        found.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return found
