"""The weekly report by the calendar: one job a site and week, missed weeks included."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.conf import settings

from ceasefire import jobs, periods
from ceasefire.people.roles import Role
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports import runs, services
from ceasefire.reports.exceptions import NotCovered
from ceasefire.reports.models import WeeklyReport
from ceasefire.reports.runs import COMPILE, JOIN, JOINED, WEEKLY

__all__ = ["COMPILE", "due_weeks"]

#: The newest weeks of the demonstration stay drafts, for the newcomer to approve.
DEMO_WEEKS_LEFT_OPEN = timedelta(weeks=3)


@jobs.handler(COMPILE)
def compile_week(job: jobs.Job, site_code: str, week: str) -> None:
    """Compile the report of a site's week (its first day); nothing to do where it is approved.

    Where the week is not over by this machine's clock or the database's, the job waits.
    """
    site, period = Site.objects.get(code=site_code), Week(date.fromisoformat(week))
    if period.end > runs.today():
        raise jobs.NotYet(period.ends_at)
    try:
        report = services.compile_week(
            site=site,
            week_start=period.start,
            by=job.by,
            tell=lambda done, total: jobs.progress(job, done, total),
        )
    except NotCovered:
        # The site recorded nothing in that week: it is missing, and stays so.
        pass
    else:
        _approve_in_the_demonstration(report, site)
    runs.join_if_last(site, period)


@jobs.when_parked(COMPILE)
def tell_failure(job: jobs.Job) -> None:
    """The report of a week could not be compiled: its manager hears of it."""
    runs.tell_failure(job)


@jobs.handler(JOIN)
def join_week(week: str) -> None:
    """The reports of all sites of a week are in."""
    runs.tell_ready(Week(date.fromisoformat(week)))


def _approve_in_the_demonstration(report: WeeklyReport, site: Site) -> None:
    """Approve an old week of a demonstration site in its manager's name (docs/demo-data.md).

    So a newcomer finds what half a year of use leaves behind: REO's shared reports, and two drafts
    that wait. Never in production.
    """
    if settings.PRODUCTION or not site.is_demo or report.is_frozen:
        return
    if report.week_start > periods.today() - DEMO_WEEKS_LEFT_OPEN:
        return
    manager = site.staff.filter(role=Role.MANAGER, is_demo=True, is_active=True).first()
    if manager is not None:
        services.freeze_report(report, by=manager)


@jobs.periodic(WEEKLY)
def due_weeks() -> Iterator[jobs.Due]:
    """Every complete week since a site's reporting began that has no report, the oldest first."""
    return runs.owed()


@jobs.periodic(JOINED)
def joined_weeks() -> Iterator[jobs.Due]:
    """The newest week, once the reports of all sites are in."""
    return runs.all_in()
