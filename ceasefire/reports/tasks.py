"""The weekly report by the calendar: one job a site and week, missed weeks included."""

from collections.abc import Iterator
from datetime import date

from ceasefire import jobs, periods
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports import services
from ceasefire.reports.exceptions import NotCovered
from ceasefire.reports.models import WeeklyReport

COMPILE = "reports.compile_week"


@jobs.handler(COMPILE)
def compile_week(job: jobs.Job, site_code: str, week: str) -> None:
    """Compile the report of a site's week (its first day); nothing to do where it is approved."""
    site = Site.objects.get(code=site_code)
    jobs.progress(job, 0, 1)
    try:
        services.compile_week(site=site, week_start=date.fromisoformat(week), by=job.by)
    except NotCovered:
        # The site recorded nothing in that week: it is missing, and stays so.
        return
    jobs.progress(job, 1, 1)


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
