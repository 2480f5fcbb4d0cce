"""Three beats and three workers, killed at random, their clocks set: one report a site and week."""

import random
import time
from collections import Counter
from datetime import timedelta

import pytest

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.jobs.models import Job, PeriodicRun
from ceasefire.people.roles import Role
from ceasefire.periods import Week
from ceasefire.places.models import CoveragePeriod
from ceasefire.reports import runs
from ceasefire.reports.models import WeeklyReport
from ceasefire.worklist.models import Notification
from incidents.models import Incident
from tests.machines import machines
from tests.reports.conftest import incident

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

MACHINES = [f"{what}-{number}" for what in ("beat", "worker") for number in (1, 2, 3)]
WEEKS, KILLS = 20, 9


def test_one_report_a_site_and_week_whatever_dies_and_whatever_the_clocks_say(
    make_site, make_user, tmp_path
):
    """Twenty weeks of two sites pass in some seconds; nothing is done by hand."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    luck = random.Random(seed)  # noqa: S311 - no secret
    # Weeks that are long over by the database's clock, so that the machines' decide.
    first = Week.of(periods.now()).plus(-WEEKS - 1)
    weeks = [first.plus(number) for number in range(WEEKS)]
    sites = [make_site("A"), make_site("B", place="IQG02Q06")]
    put = {(site.code, week.start): luck.randint(1, 6) for site in sites for week in weeks}
    for site in sites:
        site.reporting_since = first.start
        site.save()
        CoveragePeriod.objects.create(site=site, start=first.start)
        Incident.objects.bulk_create(
            # Told on the day itself: a report leaves out what its machine's clock has not reached.
            incident(site, week.start + timedelta(days=luck.randrange(7)), delay=0)
            for week in weeks
            for _one in range(put[site.code, week.start])
        )
    manager = make_user(Role.MANAGER, *sites)

    with machines(tmp_path) as park:
        for name in MACHINES:
            park.set_clock(name, first.ends_at - timedelta(days=1))
            park.start(name)
        park.storm(weeks, luck, kills=KILLS)
        last_word = PeriodicRun.objects.filter(name=runs.JOINED, period=str(weeks[-1]))
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and (
            WeeklyReport.objects.count() < len(put)
            or not last_word.exists()
            or Job.objects.filter(kind__in=[runs.COMPILE, runs.JOIN]).exclude(state="done").exists()
        ):
            time.sleep(0.2)
        left = Job.objects.filter(kind__in=[runs.COMPILE, runs.JOIN]).exclude(state="done")

    # What is not done, and why, stands with the test should it fail.
    print(list(left.values("kind", "payload", "state", "attempts", "error_kind", "run_after")))
    made = {
        (report.site.code, report.week_start): report.basis["recorded"]["incidents"]
        for report in WeeklyReport.objects.select_related("site")
    }
    assert made == put
    # One report, one job, one entry of its period, one line in the trail; and numbers without gap.
    assert WeeklyReport.objects.count() == len(put)
    assert Counter(Job.objects.filter(kind=runs.COMPILE).values_list("state", flat=True)) == {
        "done": len(put)
    }
    assert PeriodicRun.objects.filter(name=runs.WEEKLY).count() == len(put)
    events = AuditEvent.objects.filter(verb="weeklyreport.compiled")
    assert set(Counter(events.values_list("subject_id", flat=True)).values()) == {1}
    for site in sites:
        numbers = WeeklyReport.objects.filter(site=site).values_list("number", flat=True)
        assert sorted(numbers) == list(range(1, WEEKS + 1))
    # That the reports of a week are in is said once.
    assert last_word.count() == 1
    said = Notification.objects.filter(recipient=manager, kind=runs.READY)
    assert said.filter(key=f"{runs.READY}:{weeks[-1]}").count() == 1
    assert not Notification.objects.filter(kind=runs.FAILED).exists()
