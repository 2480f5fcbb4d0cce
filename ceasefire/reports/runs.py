"""How weekly reports come about: which are owed, asked for, under way or failed, and all in.

A job a site and week is what the workers share out among them; a report's own parts are made by one
of them, all with one cut. Celery carries the hints. What is owed, done and told rests on rows that
stand once: the period entered, the report, the notice (docs/weekly-report.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, jobs, periods, worklist
from ceasefire.jobs.models import Job, PeriodicRun
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.periods import Week
from ceasefire.places import weeks
from ceasefire.places.models import Site
from ceasefire.reports.models import WeeklyReport

#: The kinds of jobs, and the names under which their periods are entered.
COMPILE, JOIN = "reports.compile_week", "reports.join_week"
WEEKLY, JOINED = "reports.weekly", "reports.joined"
FAILED, READY = "report.failed", "report.ready"
#: Clocks of machines differ by so little anyhow.
AHEAD = timedelta(minutes=2)
#: Ended, and nothing comes of it any more: done, or stopped by somebody.
_ENDED = (Job.State.DONE, Job.State.CANCELLED)


def _reports_of(code: str) -> str:
    return f"{reverse('reports:report_list')}?site={code}"


worklist.kind(
    FAILED, _("A weekly report could not be compiled."), tone="overdue", address=_reports_of
)
worklist.kind(
    READY, _("The weekly reports of all sites can be read."), tone="due", address=_reports_of
)
worklist.subject(Site._meta.label_lower, lambda person: Site.objects.filter(pk__in=person.site_ids))


# --- which are owed -------------------------------------------------------------------------------


def database_time() -> datetime:
    """This moment by the one clock that all machines share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return datetime.astimezone(cursor.fetchone()[0], periods.BAGHDAD)


def today() -> date:
    """The day by which a week is over: the earlier of this machine's and the database's.

    A machine whose clock is ahead would else report a week that still runs, and three machines
    would not agree which weeks are owed. `CEASEFIRE_TODAY` overrules both.
    """
    if periods.is_pinned():
        return periods.today()
    return min(periods.today(), database_time().date())


def owed() -> Iterator[jobs.Due]:
    """Every complete week since a site's reporting began without a report, the oldest first.

    And a draft that bears a moment still to come: its clock was ahead, and then put right. The week
    may not have been over. It is counted again, once.
    """
    day = today()
    sites = Site.objects.filter(reporting_since__isnull=False)
    made = _made(sites)
    ahead = set() if periods.is_pinned() else _ahead(sites)
    found = []
    for site in sites:
        for week in Week.starts_between(site.reporting_since, day, site.week_start):  # type: ignore[arg-type]  # not null: filtered above
            if week.end > day:
                break
            again = (site.pk, week.start) in ahead
            if again or (site.pk, week.start) not in made:
                found.append((week.start, site.code, again, site))
    for start, code, again, site in sorted(found, key=lambda one: one[:3]):
        yield jobs.Due(
            f"{code}/{start}/again" if again else f"{code}/{start}",
            COMPILE,
            {"site_code": code, "week": str(start)},
            site=site,
        )


@weeks.fixed_by
def has_report(site: Site) -> bool:
    """Whether a report of the site was made.

    Weeks that began on another day would all be owed again, and overlap those REO has: subtracted,
    they would give single days.
    """
    return WeeklyReport.objects.filter(site=site).exists()


def _made(sites: Any) -> set[tuple[int, date]]:
    return set(WeeklyReport.objects.filter(site__in=sites).values_list("site_id", "week_start"))


def _ahead(sites: Any) -> set[tuple[int, date]]:
    drafts = WeeklyReport.objects.drafts().filter(
        site__in=sites, revision=0, data_as_of__gt=database_time() + AHEAD
    )
    return set(drafts.values_list("site_id", "week_start"))


# --- asked for ------------------------------------------------------------------------------------


@transaction.atomic
def ask(*, site: Site, week: Week, by: User) -> Job:
    """Have a week compiled: by the job that stands for it, the failed one again, else a new one.

    The site is locked, so two who ask at once get the same job.
    """
    Site.objects.select_for_update(no_key=True).only("pk").get(pk=site.pk)
    run = run_of(site, week)
    if run is None:
        return jobs.enqueue(COMPILE, by=by, site=site, site_code=site.code, week=str(week))
    if run.has_failed:
        job = jobs.retry(run.job, by=by)
        audit.record("job.retried", subject=job, by=by)
        return job
    return run.job


# --- under way or failed --------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A report that is being made, waits to be made, or could not be made."""

    site: Site
    week: Week
    job: Job

    @property
    def has_failed(self) -> bool:
        """Whether nobody tries it any more, unless somebody asks for it."""
        return self.job.state == Job.State.PARKED

    @property
    def is_running(self) -> bool:
        return self.job.state == Job.State.RUNNING

    @property
    def is_tried_again(self) -> bool:
        """Whether it failed and waits for its next attempt."""
        return self.job.state == Job.State.QUEUED and bool(self.job.error_kind)


def run_of(site: Site, week: Week) -> Run | None:
    """The report of a week that is under way or has failed; None where nothing is."""
    found = _runs([site], Job.objects.filter(payload__week=str(week)))
    return found[0] if found else None


@dataclass(frozen=True)
class Unfinished:
    """What is under way or has failed: the first of it, and how many there are of each state."""

    first: list[Run]
    failed: int = 0
    running: int = 0
    waiting: int = 0


#: The newest job of each site and week, without those that failed before the report was made.
_UNFINISHED = """
WITH newest AS (
  SELECT DISTINCT ON (site_id, payload ->> 'week')
         id, site_id, payload ->> 'week' AS week, state, finished_at
  FROM jobs_job
  WHERE kind = %(kind)s AND site_id = ANY(%(sites)s) AND state = ANY(%(states)s)
  ORDER BY site_id, payload ->> 'week', id DESC
), open AS (
  SELECT n.id, n.week, n.state, s.code FROM newest n
  JOIN places_site s ON s.id = n.site_id
  WHERE n.state <> 'parked' OR n.finished_at IS NULL OR NOT EXISTS (
    SELECT 1 FROM reports_weeklyreport r
    WHERE r.site_id = n.site_id AND r.week_start = n.week::date AND r.compiled_at > n.finished_at)
)
SELECT id, COUNT(*) FILTER (WHERE state = 'parked') OVER (),
       COUNT(*) FILTER (WHERE state = 'running') OVER (), COUNT(*) OVER ()
FROM open
ORDER BY array_position(%(states)s::text[], state::text), week, code
LIMIT %(most)s
"""


def unfinished(sites: Sequence[Site], most: int) -> Unfinished:
    """What is under way or has failed at some sites: failed, running, waiting; the oldest first.

    At most so many are read, however many there are: after a long stop thousands of weeks may be
    owed, and the page asks every few seconds.
    """
    states = [str(state) for state in (Job.State.PARKED, Job.State.RUNNING, Job.State.QUEUED)]
    of = {site.pk: site for site in sites}
    with connection.cursor() as cursor:
        cursor.execute(
            _UNFINISHED, {"kind": COMPILE, "sites": list(of), "states": states, "most": most}
        )
        rows = cursor.fetchall()
    if not rows:
        return Unfinished([])
    jobs_of = Job.objects.in_bulk([row[0] for row in rows])
    _id, failed, running, every = rows[0]
    return Unfinished(
        [
            Run(of[job.site_id], Week(date.fromisoformat(job.payload["week"])), job)  # type: ignore[index]
            for job in (jobs_of[row[0]] for row in rows if row[0] in jobs_of)
        ],
        failed,
        running,
        every - failed - running,
    )


def _runs(sites: Sequence[Site], rows: Any) -> list[Run]:
    """The newest job of each week; without those that failed before the report was made."""
    of = {site.pk: site for site in sites}
    newest: dict[tuple[int, str], Job] = {}
    for job in rows.unfinished().filter(kind=COMPILE, site__in=of).order_by("id"):
        newest[job.site_id, job.payload["week"]] = job
    parked = {key: job for key, job in newest.items() if job.state == Job.State.PARKED}
    if parked:
        for report in WeeklyReport.objects.filter(
            site__in={key[0] for key in parked}, week_start__in={key[1] for key in parked}
        ).only("site_id", "week_start", "compiled_at"):
            job = parked.get((report.site_id, str(report.week_start)))
            if job is not None and job.finished_at and report.compiled_at > job.finished_at:
                newest.pop((report.site_id, str(report.week_start)), None)
    return [
        Run(of[site], Week(date.fromisoformat(week)), job) for (site, week), job in newest.items()
    ]


def tell_failure(job: Job) -> None:
    """Tell the managers of the site, and whoever asked, that a report could not be compiled.

    In the transaction that gives the job up: once each time, and again only where it was tried
    again and failed again.
    """
    site = job.site
    if site is None:
        return
    people = list(site.staff.filter(role=Role.MANAGER, is_active=True))
    if job.by is not None and job.by.is_active:
        people.append(job.by)
    moment = f"{periods.now():%Y%m%dT%H%M%S%f}"
    key = f"{FAILED}:{site.code}/{job.payload['week']}:{job.pk}:{moment}"
    worklist.notify(people, FAILED, subject=site, key=key)


# --- all in ---------------------------------------------------------------------------------------


def standing(sites: Iterable[Site], week: Week) -> tuple[int, int]:
    """Of the sites that owe a report of a week, how many have settled it, and how many there are.

    Settled: the report is there, or its job ended without one because the site recorded nothing.
    """
    those = [site for site in sites if _owes(site, week)]
    return len(those) - len(_open(those, week)), len(those)


def newest_week(week_start: int, day: date | None = None) -> Week:
    """The last week that is over, of the sites whose weeks begin on that weekday."""
    return Week.of(day or today(), week_start).previous()


def all_in() -> Iterator[jobs.Due]:
    """The newest week, where the report of every site that owes one is in.

    Older weeks, such as those that are caught up after a long while, are told to nobody.
    """
    day = today()
    sites = list(Site.objects.filter(reporting_since__isnull=False))
    for weekday in sorted({site.week_start for site in sites}):
        week = newest_week(weekday, day)
        settled, all_of_them = standing(sites, week)
        if all_of_them and settled == all_of_them:
            yield _join(week)


def join_if_last(site: Site, week: Week) -> None:
    """Enter the join where this site's report was the last that was missing.

    For the transaction that settles the report. The audit trail lets one such transaction through
    at a time, so the last one sees all others. Were none the last to see it (a site that recorded
    nothing), `all_in` comes by within minutes; entered twice it stands once.
    """
    if not _owes(site, week) or week != newest_week(site.week_start):
        return
    others = Site.objects.filter(reporting_since__isnull=False).exclude(pk=site.pk)
    settled, all_of_them = standing(others, week)
    if settled == all_of_them:
        jobs.enter_period(_join(week), name=JOINED)


def tell_ready(week: Week) -> None:
    """Tell managers and data officers, each once, that the reports of a week are in.

    Data officers hear of those alone that they can read.
    """
    reports = WeeklyReport.objects.filter(week_start=week.start)
    are_open = set(reports.filter(is_open=True).values_list("site_id", flat=True))
    for site in Site.objects.filter(pk__in=reports.values("site")).order_by("code"):
        roles = [Role.MANAGER, *([Role.DATA_OFFICER] if site.pk in are_open else [])]
        people = site.staff.filter(role__in=roles, is_active=True)
        worklist.notify(people, READY, subject=site, key=f"{READY}:{week}")


def _join(week: Week) -> jobs.Due:
    return jobs.Due(str(week), JOIN, {"week": str(week)})


def _owes(site: Site, week: Week) -> bool:
    return (
        site.reporting_since is not None
        and site.reporting_since <= week.start
        and site.week_start == week.start.weekday()
    )


def _open(sites: Sequence[Site], week: Week) -> list[Site]:
    """Sites whose report of the week is neither there nor given up; two questions."""
    made = set(
        WeeklyReport.objects.filter(site__in=sites, week_start=week.start).values_list(
            "site_id", flat=True
        )
    )
    missing = [site for site in sites if site.pk not in made]
    if not missing:
        return []
    ended = set(
        PeriodicRun.objects.filter(
            name=WEEKLY, period__in=[f"{site.code}/{week}" for site in missing]
        )
        .filter(job__state__in=_ENDED)
        .values_list("period", flat=True)
    )
    return [site for site in missing if f"{site.code}/{week}" not in ended]
