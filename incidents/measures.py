"""Numbers about incidents, for reports and dashboards: never a record, a name or a point.

The counting rule is one place, here. Counted are submitted, in review, accepted and archived
incidents; never drafts, returned, duplicate or withdrawn ones. Of these, provisional and better are
solid; unverified and disputed ones stand beside them as `unverified`; refuted ones count nowhere.
Killed of an incident = `killed_best`, else the number of its killed victims, else unknown, which is
listed as such and never becomes zero. Dates less precise than a week stay out of weekly counts
(`undated` says how many). Periods are half-open.

`as_of` leaves out what was received later. What was received by then is counted as it stands now:
the correction of a record after the cut is not turned back. Reports keep what was read for them
(`readings`) and are made again from that.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from uuid import UUID

from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.places.models import Site
from incidents import near_windows, patterns, readings
from incidents.models import SEES_SENSITIVE, Incident, IncidentResponse

#: What the reports tell the board of near repeats, and how they say that they can be asked.
NearWindow = near_windows.NearWindow
tell_near_windows = near_windows.register
#: What `near_repeats` answers.
NearRepeats = patterns.NearRepeats
#: How the answers that a report is made of are kept, and read again.
kept, kept_since = readings.kept, readings.kept_since
recording, replaying = readings.recording, readings.replaying
NotKept = readings.NotKept
#: Reported more than so many days after it happened, an incident is late.
LATE_AFTER_DAYS = 7
#: From this precision on (within a month, not known) a date says nothing about a week.
UNDATED_FROM = 3
#: Outside histories: what they say of reporting is not about our reporting.
HISTORIES = ("ucdp-ged", "acled")
#: How the origin of a row of the program's own table begins; one that happened more than so many
#: days before it was read in was known long before, so it is history as well.
TABLES, TABLE_OLDER_DAYS = "table/", 14

_COUNTED = tuple(str(state) for state in Incident.COUNTED_STATES)
_SOLID = tuple(str(grade) for grade in Incident.SOLID)
_HATCHED = (str(Incident.Verification.UNVERIFIED), str(Incident.Verification.DISPUTED))


@dataclass(frozen=True)
class Count:
    """One week, district and type. Killed, injured and abducted are of the solid incidents.

    `district_pcode` is empty where no district is known. `killed_unknown` is a number of incidents
    whose number of killed nobody knows.
    """

    week_start: date
    district_pcode: str
    type: str
    incidents: int
    unverified: int
    killed: int
    killed_unknown: int
    injured: int
    abducted: int


@dataclass(frozen=True)
class Health:
    """How good the records of what happened in a period are."""

    received: int
    late: int
    without_place: int
    duplicates: int
    imprecise_dates: int
    unverified: int


@dataclass(frozen=True)
class Lateness:
    """How late came what was entered in a period; the median is None where nothing tells."""

    late: int
    median_delay_days: float | None


@dataclass(frozen=True)
class Backlog:
    """What waits for review: how many, begun and killings among them, the oldest since when."""

    waiting: int
    in_review: int
    killings: int
    oldest_at: datetime | None


_WEEKLY = """
SELECT i.occurred_on
         - ((EXTRACT(isodow FROM i.occurred_on)::int - 1 - %(week_start)s + 7) %% 7) AS week,
       COALESCE(d.pcode, '') AS district,
       i.type,
       COUNT(*) FILTER (WHERE solid),
       COUNT(*) FILTER (WHERE NOT solid),
       COALESCE(SUM(dead) FILTER (WHERE solid), 0),
       COUNT(*) FILTER (WHERE solid AND dead IS NULL),
       COALESCE(SUM(i.injured_best) FILTER (WHERE solid), 0),
       COALESCE(SUM(i.abducted) FILTER (WHERE solid), 0)
FROM incidents_incident i
LEFT JOIN places_place d ON d.id = i.district_id
CROSS JOIN LATERAL (
  SELECT i.verification = ANY(%(solid)s) AS solid,
         COALESCE(i.killed_best, NULLIF((
           SELECT COUNT(*) FROM incidents_victimization v
           WHERE i.killed_best IS NULL AND v.incident_id = i.id
             AND (v.harm = 'killed' OR v.outcome = 'killed')), 0)) AS dead
) counted
WHERE i.site_id = %(site)s
  AND i.occurred_on >= %(start)s AND i.occurred_on < %(end)s
  AND i.workflow_state = ANY(%(states)s)
  AND i.verification = ANY(%(graded)s)
  AND i.time_precision < %(undated)s
  AND (%(as_of)s::timestamptz IS NULL OR i.submitted_at <= %(as_of)s)
  AND (NOT %(harmless)s OR (NOT i.is_sensitive AND i.type <> 'SXV'))
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
"""


@readings.kept
def weekly_counts(
    site_id: int,
    start: date,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
    week_start: int | None = None,
) -> list[Count]:
    """Counts by week, district and type of what happened from `start` up to (not on) `end`.

    Weeks begin on the site's own weekday, or on `week_start` (6 = Sunday). Only what is there has
    a row: a missing week is zero or not covered, which the site's coverage tells.
    `exclude_sensitive` leaves out sexual violence, minors and staff, for whatever leaves the
    program.
    """
    if week_start is None:
        week_start = Site.objects.values_list("week_start", flat=True).get(pk=site_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _WEEKLY,
            {
                "week_start": week_start,
                "site": site_id,
                "start": start,
                "end": end,
                "states": list(_COUNTED),
                "solid": list(_SOLID),
                "graded": [*_SOLID, *_HATCHED],
                "undated": UNDATED_FROM,
                "as_of": as_of,
                "harmless": exclude_sensitive,
            },
        )
        return [Count(*row) for row in cursor.fetchall()]


_HEALTH = """
WITH seen AS (
  SELECT i.workflow_state, i.verification, i.time_precision,
         i.geo_precision = 5 OR i.district_id IS NULL AS nowhere,
         CASE WHEN i.origin = ANY(%(histories)s) THEN NULL
              ELSE GREATEST(EXTRACT(epoch FROM i.reported_at - i.occurred_from) / 86400, 0)
         END AS delay
  FROM incidents_incident i
  WHERE i.site_id = %(site)s
    AND i.occurred_on >= %(start)s AND i.occurred_on < %(end)s
    AND (i.workflow_state = ANY(%(states)s) OR i.workflow_state = 'duplicate')
    AND (%(as_of)s::timestamptz IS NULL OR i.submitted_at <= %(as_of)s)
    AND (NOT %(harmless)s OR (NOT i.is_sensitive AND i.type <> 'SXV'))
), counted AS (SELECT * FROM seen WHERE workflow_state <> 'duplicate')
SELECT COUNT(*),
       COUNT(*) FILTER (WHERE delay > %(late)s),
       COUNT(*) FILTER (WHERE nowhere),
       (SELECT COUNT(*) FROM seen WHERE workflow_state = 'duplicate'),
       COUNT(*) FILTER (WHERE time_precision >= %(undated)s),
       COUNT(*) FILTER (WHERE verification = ANY(%(hatched)s))
FROM counted
"""


@readings.kept
def data_health(
    site_id: int,
    start: date,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
) -> Health:
    """How good the records are of what happened from `start` up to (not on) `end`.

    Late: reported more than seven days after it happened, outside histories apart; soon after the
    period there are none yet, so a weekly report asks `lateness`. Without place: known to the
    governorate only. Refuted incidents are received too, so `received` may exceed the sum of the
    counts. `exclude_sensitive` as in `weekly_counts`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _HEALTH,
            {
                "site": site_id,
                "start": start,
                "end": end,
                "states": list(_COUNTED),
                "hatched": list(_HATCHED),
                "histories": list(HISTORIES),
                "late": LATE_AFTER_DAYS,
                "undated": UNDATED_FROM,
                "as_of": as_of,
                "harmless": exclude_sensitive,
            },
        )
        received, late, nowhere, duplicates, imprecise, unverified = cursor.fetchone()
    return Health(
        received=received,
        late=late,
        without_place=nowhere,
        duplicates=duplicates,
        imprecise_dates=imprecise,
        unverified=unverified,
    )


def _of_site(
    site_id: int, *, exclude_sensitive: bool = False, as_of: datetime | None = None
) -> models.QuerySet[Incident]:
    """Counted incidents of a site; without sexual violence, minors and staff where so asked."""
    rows = Incident.objects.counted().filter(site_id=site_id)
    if exclude_sensitive:
        rows = rows.filter(is_sensitive=False).exclude(type="SXV")
    if as_of is not None:
        rows = rows.filter(submitted_at__lte=as_of)
    return rows


def _of_our_reporting(rows: models.QuerySet[Incident]) -> models.QuerySet[Incident]:
    """Those that tell how late reports come to us: neither histories nor old rows of a table.

    A table that is read in brings what was long known: the day it was read in is no delay.
    """
    return (
        rows.exclude(origin__in=HISTORIES)
        .exclude(submitted_at=None)
        .exclude(
            origin__startswith=TABLES,
            occurred_from__lt=F("submitted_at") - timedelta(days=TABLE_OLDER_DAYS),
        )
    )


@readings.kept
def lateness(
    site_id: int,
    start: date,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
) -> Lateness:
    """How late came what was entered from `start` up to (not on) `end`, whenever it happened.

    Late: reported more than seven days after it happened. The median is of whole and broken days
    from the event to its report. Outside histories and old rows of tables are left out.
    """
    moments = _entered_between(
        site_id, start, end, as_of=as_of, exclude_sensitive=exclude_sensitive
    ).values_list("occurred_from", "reported_at")
    days = [max((told - happened).total_seconds() / 86400, 0.0) for happened, told in moments]
    return Lateness(
        late=sum(one > LATE_AFTER_DAYS for one in days),
        median_delay_days=round(median(days), 2) if days else None,
    )


def _entered_between(
    site_id: int, start: date, end: date, *, as_of: datetime | None, exclude_sensitive: bool
) -> models.QuerySet[Incident]:
    """What was entered from `start` up to (not on) `end` and tells how late reports come to us."""
    rows = _of_our_reporting(_of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of))
    return rows.filter(
        submitted_at__gte=datetime.combine(start, time.min, periods.BAGHDAD),
        submitted_at__lt=datetime.combine(end, time.min, periods.BAGHDAD),
    )


@readings.kept
def reporting_delays(
    site_id: int,
    start: date,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
) -> list[float]:
    """Days from event to entry of every counted incident of the period, shortest first.

    Outside histories and old rows of tables are left out, and what was refuted.
    """
    rows = _of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of).filter(
        occurred_on__gte=start, occurred_on__lt=end
    )
    moments = _of_our_reporting(_not_refuted(rows)).values_list("occurred_from", "submitted_at")
    return sorted(
        max((told - happened).total_seconds() / 86400, 0.0) for happened, told in moments if told
    )


@readings.kept
def told_when(
    site_id: int,
    start: date,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
) -> list[tuple[date, date]]:
    """Of each counted incident of the period: the day it happened and the day it was submitted.

    Outside histories and old rows of tables are left out, since nobody told them late, and what was
    refuted. In order of day and code.
    """
    rows = _of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of).filter(
        occurred_on__gte=start, occurred_on__lt=end, time_precision__lt=UNDATED_FROM
    )
    found = _of_our_reporting(_not_refuted(rows))
    pairs = found.order_by("occurred_on", "code").values_list("occurred_on", "submitted_at")
    return [(day, periods.local_day(moment)) for day, moment in pairs.iterator() if moment]


def _not_refuted(rows: models.QuerySet[Incident]) -> models.QuerySet[Incident]:
    return rows.filter(verification__in=[*_SOLID, *_HATCHED])


@dataclass(frozen=True)
class Held:
    """Solid incidents of a period in a neighbourhood or sub-district; no place: only in a district.

    `area_pcode` is the sub-district of the place, empty where none is known; `district_pcode` is
    empty where no district is known.
    """

    pcode: str
    area_pcode: str
    district_pcode: str
    incidents: int


@readings.kept
def by_place(
    site_id: int,
    start: date,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
) -> list[Held]:
    """Solid incidents of the period by the place they were told of, in order of P-codes.

    The places are those of the gazetteer; where within one an incident happened is not read.
    """
    rows = _of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of).filter(
        occurred_on__gte=start,
        occurred_on__lt=end,
        time_precision__lt=UNDATED_FROM,
        verification__in=_SOLID,
    )
    found = (
        rows.annotate(
            near=models.Case(
                models.When(
                    place__level__in=["neighbourhood", "subdistrict"], then=F("place__pcode")
                ),
                default=models.Value(""),
            ),
            area=models.Case(
                models.When(place__level="subdistrict", then=F("place__pcode")),
                models.When(
                    place__level="neighbourhood",
                    place__parent__level="subdistrict",
                    then=F("place__parent__pcode"),
                ),
                default=models.Value(""),
            ),
            inside=Coalesce("district__pcode", models.Value("")),
        )
        .values("near", "area", "inside")
        .annotate(count=models.Count("pk"))
        .order_by("inside", "near")
        .values_list("near", "area", "inside", "count")
    )
    return [Held(*row) for row in found]


def near_repeats(
    site_id: int,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
    known: NearRepeats | None = None,
) -> NearRepeats:
    """Near repeats of the 24 months up to (not on) `end`, of all and of each kind.

    `known` as in `patterns.near_repeats`: where nothing was left out, it is made once.
    """
    points = _exact_points(site_id, end, as_of=as_of, exclude_sensitive=exclude_sensitive)
    return patterns.near_repeats(points, end, seed_of=site_id, known=known)


@readings.kept
def _exact_points(
    site_id: int, end: date, *, as_of: datetime | None, exclude_sensitive: bool
) -> list[patterns.Exact]:
    rows = _of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of)
    return patterns.exact_points(rows, end)


#: A batch: so many incidents sent within an hour of each other, each more than so many days after
#: it happened.
BATCH_FEWEST, BATCH_WITHIN, BATCH_OLDER_DAYS = 10, timedelta(hours=1), 14


@dataclass(frozen=True)
class Batch:
    """Incidents that were entered together long after they happened.

    is_import   read from a file, else entered by hand
    first, last when the first and the last of them were entered
    days        the day each happened, the earliest first
    """

    is_import: bool
    first: datetime
    last: datetime
    days: tuple[date, ...]


@readings.kept
def back_filled(
    site_id: int,
    since: datetime,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
) -> list[Batch]:
    """Batches entered from a moment on, the earliest first.

    A batch has at least ten incidents that happened more than 14 days before they were entered: of
    one imported file, or entered by hand so that any ten in a row lie within an hour. Dates less
    precise than a week are left out, as in the counts.
    """
    rows = _of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of).filter(
        submitted_at__gte=since,
        time_precision__lt=UNDATED_FROM,
        occurred_from__lt=F("submitted_at") - timedelta(days=BATCH_OLDER_DAYS),
    )
    by_hand: list[tuple[datetime, date]] = []
    of_file: dict[UUID, list[tuple[datetime, date]]] = {}
    found = rows.order_by("submitted_at", "code").values_list(
        "batch_id", "submitted_at", "occurred_on"
    )
    for batch, moment, day in found.iterator():
        if moment is not None:
            (by_hand if batch is None else of_file.setdefault(batch, [])).append((moment, day))
    together = [(True, rows) for rows in of_file.values() if len(rows) >= BATCH_FEWEST]
    together += [(False, rows) for rows in _dense(by_hand)]
    return sorted(
        (
            Batch(is_import, rows[0][0], rows[-1][0], tuple(sorted(day for _at, day in rows)))
            for is_import, rows in together
        ),
        key=lambda one: (one.first, one.last, one.days),
    )


def _dense(entered: Sequence[tuple[datetime, date]]) -> list[list[tuple[datetime, date]]]:
    """The stretches in which any ten that follow each other lie within an hour."""
    stretches: list[tuple[int, int]] = []
    for at in range(len(entered) - BATCH_FEWEST + 1):
        if entered[at + BATCH_FEWEST - 1][0] - entered[at][0] > BATCH_WITHIN:
            continue
        end = at + BATCH_FEWEST
        if stretches and stretches[-1][1] > at:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((at, end))
    return [list(entered[first:end]) for first, end in stretches]


def emerging_cluster(
    site_id: int, end: date, *, as_of: datetime | None = None, exclude_sensitive: bool = False
) -> tuple[int, patterns.Cluster | None] | None:
    """How many incidents were looked at, and the cluster of the last days up to `end`.

    None with fewer than 50 located incidents in 180 days.
    """
    incidents = _placed(site_id, end, as_of=as_of, exclude_sensitive=exclude_sensitive)
    return patterns.emerging_cluster(incidents, end, seed_of=site_id)


@readings.kept
def _placed(
    site_id: int, end: date, *, as_of: datetime | None, exclude_sensitive: bool
) -> list[patterns.Placed]:
    rows = _of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of)
    return patterns.placed(rows, end)


def undated(site_id: int, start: date, end: date, *, as_of: datetime | None = None) -> int:
    """How many counted incidents of the period have a date less precise than a week."""
    rows = _of_site(site_id, as_of=as_of).filter(
        occurred_on__gte=start, occurred_on__lt=end, time_precision__gte=UNDATED_FROM
    )
    return rows.count()


@readings.kept
def days_with_any(
    site_id: int, *, as_of: datetime | None = None, exclude_sensitive: bool = False
) -> list[date]:
    """The days on which any counted incident of a site happened, told to the week or better."""
    rows = _of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of)
    days = rows.filter(time_precision__lt=UNDATED_FROM).values_list("occurred_on", flat=True)
    return list(days.order_by("occurred_on").distinct())


def first_and_last_day(
    site_id: int, *, as_of: datetime | None = None, exclude_sensitive: bool = False
) -> tuple[date, date] | None:
    """The days of the first and the last counted incident of a site, or None where it has none."""
    rows = _of_site(site_id, exclude_sensitive=exclude_sensitive, as_of=as_of)
    days = rows.values_list("occurred_on", flat=True)
    first = days.order_by("occurred_on").first()
    last = days.order_by("-occurred_on").first()
    return None if first is None or last is None else (first, last)


def review_backlog(site_ids: Sequence[int] | Iterable[int], *, role: str | None = None) -> Backlog:
    """What waits for review at these sites; with a role, only what that role may see."""
    from ceasefire.codes.services import family

    rows = Incident.objects.waiting_for_review().filter(site_id__in=list(site_ids))
    if role is not None and role not in SEES_SENSITIVE:
        rows = rows.filter(is_sensitive=False)
    waiting = list(rows.values_list("type", "submitted_at", "workflow_state"))
    return Backlog(
        waiting=len(waiting),
        in_review=sum(state == Incident.State.IN_REVIEW for _code, _at, state in waiting),
        killings=sum(family("incident_type", code) == "killing" for code, _at, _state in waiting),
        oldest_at=min((at for _code, at, _state in waiting if at is not None), default=None),
    )


@dataclass(frozen=True)
class Own:
    """What of a person's own records waits for them: drafts to send, returned ones to mend."""

    drafts: int
    returned: int


def own_open(user_id: UUID) -> Own:
    """How many of a person's own incidents wait for that person."""
    states = list(
        Incident.objects.filter(
            reporter_id=user_id,
            workflow_state__in=[Incident.State.DRAFT, Incident.State.RETURNED],
        ).values_list("workflow_state", flat=True)[:1000]
    )
    returned = states.count(Incident.State.RETURNED)
    return Own(drafts=len(states) - returned, returned=returned)


def happened_since(user: User, day: date) -> int:
    """How many counted incidents that a person may see happened from a day on."""
    return Incident.objects.visible_to(user).counted().filter(occurred_on__gte=day).count()


def returned_open(user: User) -> int:
    """How many incidents that a person may see were returned and not sent again."""
    return Incident.objects.visible_to(user).filter(workflow_state=Incident.State.RETURNED).count()


def imports_lately(site_ids: Iterable[int], at: datetime) -> int:
    """How many files were imported into these sites in the 30 days before, and not undone."""
    from incidents.models import ImportBatch

    return ImportBatch.objects.filter(site_id__in=list(site_ids)).lately(at).count()


# --- the 72-hour response -------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """Clocks whose 72 hours ended in a period: all, answered in time, and the rest."""

    due: int
    within_72h: int
    overdue: int


@readings.kept
def answered(
    site_id: int,
    start: date,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
) -> Answered | None:
    """How the incidents were answered whose 72 hours ended from `start` up to (not on) `end`.

    By the end of the 72 hours, not by the day of the event, so that each is settled when it is
    counted. Only of incidents that count: one that was returned comes in once it was sent again,
    with the week in which its 72 hours ended, for its clock ran on. One whose clock was ended by
    hand without a community response was not answered in time. None where the site had no clock by
    then: nothing is known, which is not zero. `as_of` leaves out what ended later.
    """
    began = datetime.combine(start, time.min, periods.BAGHDAD)
    ended = datetime.combine(end, time.min, periods.BAGHDAD)
    clocks = IncidentResponse.objects.filter(site_id=site_id)
    if exclude_sensitive:
        clocks = clocks.filter(incident__is_sensitive=False).exclude(incident__type="SXV")
    if not clocks.filter(started_at__lt=ended).exists():
        return None
    rows = clocks.filter(
        due_at__gte=began, due_at__lt=ended, incident__workflow_state__in=_COUNTED
    ).exclude(closed_reason__in=IncidentResponse.STOPPED)
    if as_of is not None:
        rows = rows.filter(due_at__lte=as_of)
    counts = rows.aggregate(
        due=models.Count("pk"),
        in_time=models.Count("pk", filter=Q(community_response_at__lte=F("due_at"))),
    )
    return Answered(counts["due"], counts["in_time"], counts["due"] - counts["in_time"])


@dataclass(frozen=True)
class Clocks:
    """Clocks that run: over 72 hours, over 48, all, those nobody has, one's own."""

    red: int
    amber: int
    running: int
    free: int
    mine: int


def clocks(user: User, at: datetime, *, site_id: int | None = None) -> Clocks:
    """The clocks that run now of the incidents a person may see, at one site where it is given."""
    rows = IncidentResponse.objects.visible_to(user).running()
    if site_id is not None:
        rows = rows.filter(site=site_id)
    counts = rows.aggregate(
        red=models.Count("pk", filter=Q(due_at__lte=at)),
        amber=models.Count("pk", filter=Q(due_at__gt=at, amber_at__lte=at)),
        running=models.Count("pk"),
        free=models.Count("pk", filter=Q(assigned_to__isnull=True)),
        mine=models.Count("pk", filter=Q(assigned_to=user)),
    )
    return Clocks(**counts)


def not_yet_due(
    site_id: int,
    start: date,
    end: date,
    at: datetime,
    *,
    exclude_sensitive: bool = False,
    within: str = "",
) -> int:
    """Clocks that end in a period and after `at`, and were not answered so far.

    `rollups.answered` counts them as due; until their 72 hours are over nothing is known of them.
    `within`: P-code of a district, a sub-district or a neighbourhood.
    """
    rows = IncidentResponse.objects.filter(
        site_id=site_id,
        due_at__gt=at,
        due_at__gte=datetime.combine(start, time.min, periods.BAGHDAD),
        due_at__lt=datetime.combine(end, time.min, periods.BAGHDAD),
        community_response_at__isnull=True,
        incident__workflow_state__in=_COUNTED,
    ).exclude(closed_reason__in=IncidentResponse.STOPPED)
    if exclude_sensitive:
        rows = rows.filter(incident__is_sensitive=False).exclude(incident__type="SXV")
    if within:
        rows = rows.filter(
            Q(incident__district__pcode=within)
            | Q(incident__place__pcode=within)
            | Q(incident__place__parent__pcode=within)
        )
    return rows.count()


# --- how whole the records are --------------------------------------------------------------------

#: Who wrote a record down, in the groups that are told apart: never a person.
GROUPS = ("interrupters", "workers", "leads", "imported")
_GROUP_OF_ROLE = {
    "interrupter": "interrupters",
    "worker": "workers",
    "supervisor": "leads",
    "manager": "leads",
}


@dataclass(frozen=True)
class Entered:
    """What one group recorded of a period, and what is missing in it; each may miss several."""

    group: str
    received: int = 0
    late: int = 0
    unverified: int = 0
    without_place: int = 0
    undated: int = 0
    killed_unknown: int = 0
    without_source: int = 0
    without_hour: int = 0
    without_motive: int = 0
    without_method: int = 0


_ENTERED = """
SELECT CASE WHEN i.batch_id IS NOT NULL OR i.origin <> '' OR u.role IS NULL THEN 'imported'
            ELSE u.role END AS who,
       COUNT(*),
       COUNT(*) FILTER (WHERE i.verification = ANY(%(hatched)s)),
       COUNT(*) FILTER (WHERE i.geo_precision = 5 OR i.district_id IS NULL),
       COUNT(*) FILTER (WHERE i.time_precision >= %(undated)s),
       COUNT(*) FILTER (WHERE i.killed_unknown),
       COUNT(*) FILTER (WHERE NOT EXISTS (
         SELECT 1 FROM incidents_source s WHERE s.incident_id = i.id)),
       COUNT(*) FILTER (WHERE i.time_of_day = 'unknown'),
       COUNT(*) FILTER (WHERE i.motive = 'unknown'),
       COUNT(*) FILTER (WHERE i.method = 'unknown')
FROM incidents_incident i
LEFT JOIN people_user u ON u.id = i.reporter_id
WHERE i.site_id = %(site)s
  AND i.occurred_on >= %(start)s AND i.occurred_on < %(end)s
  AND i.workflow_state = ANY(%(states)s)
  AND (%(as_of)s::timestamptz IS NULL OR i.submitted_at <= %(as_of)s)
  AND (NOT %(harmless)s OR (NOT i.is_sensitive AND i.type <> 'SXV'))
GROUP BY 1 ORDER BY 1
"""


@readings.kept
def entered(
    site_id: int,
    start: date,
    end: date,
    *,
    as_of: datetime | None = None,
    exclude_sensitive: bool = False,
) -> list[Entered]:
    """What is missing in the records of a period, by the group of who wrote them down.

    Counted when a report is compiled, never for a page. Roles are those of today. `late` is of what
    was entered in the period, whenever it happened, as in `lateness`: of what happened in a week
    nothing can be late yet when its report is made. `without_place` as in `data_health`; groups
    without a record and without a late one are left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTERED,
            {
                "site": site_id,
                "start": start,
                "end": end,
                "states": list(_COUNTED),
                "hatched": list(_HATCHED),
                "undated": UNDATED_FROM,
                "as_of": as_of,
                "harmless": exclude_sensitive,
            },
        )
        rows = cursor.fetchall()
    late = Counter(
        _group(None if batch or origin else role)
        for batch, origin, role in _entered_between(
            site_id, start, end, as_of=as_of, exclude_sensitive=exclude_sensitive
        )
        .filter(reported_at__gt=F("occurred_from") + timedelta(days=LATE_AFTER_DAYS))
        .values_list("batch_id", "origin", "reporter__role")
    )
    sums: dict[str, list[int]] = {}
    for who, *counts in rows:
        before = sums.get(_group(who), [0] * len(counts))
        sums[_group(who)] = [one + more for one, more in zip(before, counts, strict=True)]
    answer = []
    for group in GROUPS:
        received, *lacks = sums.get(group) or [0] * 9
        if received or late[group]:
            answer.append(Entered(group, received, late[group], *lacks))
    return answer


def _group(role: str | None) -> str:
    """The group of who wrote a record down; that of nobody is what was imported."""
    return _GROUP_OF_ROLE.get(role or "", "imported")
