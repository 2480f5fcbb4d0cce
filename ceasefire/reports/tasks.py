"""The weekly report by the calendar: one job a site and week, missed weeks included."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.conf import settings

from ceasefire import jobs, periods
from ceasefire.people.roles import Role
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports import services
from ceasefire.reports.exceptions import NotCovered
from ceasefire.reports.models import WeeklyReport

COMPILE = "reports.compile_week"
#: The newest weeks of the demonstration stay drafts, for the newcomer to approve.
DEMO_WEEKS_LEFT_OPEN = timedelta(weeks=3)


@jobs.handler(COMPILE)
def compile_week(job: jobs.Job, site_code: str, week: str) -> None:
    """Compile the report of a site's week (its first day); nothing to do where it is approved."""
    site = Site.objects.get(code=site_code)
    jobs.progress(job, 0, 1)
    try:
        report = services.compile_week(site=site, week_start=date.fromisoformat(week), by=job.by)
    except NotCovered:
        # The site recorded nothing in that week: it is missing, and stays so.
        return
    _approve_in_the_demonstration(report, site)
    jobs.progress(job, 1, 1)


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


@jobs.periodic("reports.weekly")
def due_weeks() -> Iterator[jobs.Due]:
    """Every complete week since a site's reporting began that has no report, the oldest first."""
    today = periods.today()
    done = set(
        WeeklyReport.objects.filter(site__reporting_since__isnull=False).values_list(
            "site_id", "week_start"
        )
    )
    for site in Site.objects.filter(reporting_since__isnull=False):
        for week in Week.starts_between(
            site.reporting_since,  # type: ignore[arg-type]  # not null: filtered above
            today,
            site.week_start,
        ):
            if week.end <= today and (site.pk, week.start) not in done:
                yield jobs.Due(
                    f"{site.code}/{week}",
                    COMPILE,
                    {"site_code": site.code, "week": str(week)},
                    site=site,
                )
