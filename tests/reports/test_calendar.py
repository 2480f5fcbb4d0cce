"""Reports by the calendar and from the command line; by workers: test_runs_by_machines.py."""

import io
import json
import subprocess
import sys
from datetime import date

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command

from ceasefire import jobs
from ceasefire.jobs import services as job_services
from ceasefire.jobs.models import Job, PeriodicRun
from ceasefire.reports.models import WeeklyReport
from ceasefire.reports.tasks import due_weeks
from tests import programs
from tests.reports.conftest import WEEK

pytestmark = pytest.mark.django_db


def entered() -> int:
    return sum(
        job_services.enter_period(due, name="reports.weekly") is not None for due in due_weeks()
    )


def test_every_complete_week_since_reporting_began_is_due_once(make_site, put_weeks):
    site = make_site("A", reporting_since=date(2026, 10, 20))
    make_site("ON-REQUEST")
    found = list(due_weeks())

    # The first whole week, to the last one that is over on Monday the 16th.
    assert [due.period for due in found] == [
        "A/2026-10-25", "A/2026-11-01", "A/2026-11-08",
    ]  # fmt: skip
    assert found[0].ids == {"site_code": "A", "week": "2026-10-25"}
    assert found[0].site == site
    assert entered() == 3
    assert entered() == 0  # a second beat, or a rerun
    assert PeriodicRun.objects.count() == 3


def test_missed_weeks_are_caught_up_and_each_is_compiled_once(make_site, put_weeks):
    site = make_site("A", reporting_since=date(2026, 10, 25))
    put_weeks(site, [1, 2, 3, 4, 5])
    entered()
    jobs.work_due()

    assert list(
        WeeklyReport.objects.order_by("week_start").values_list("week_start", "number", "status")
    ) == [
        (date(2026, 10, 25), 1, "draft"),
        (date(2026, 11, 1), 2, "draft"),
        (date(2026, 11, 8), 3, "draft"),
    ]
    assert list(due_weeks()) == []


@pytest.mark.parametrize(
    ("is_demo", "mode_is_production", "approved"),
    [
        (True, False, [date(2026, 10, 18), date(2026, 10, 25)]),  # the newest wait for a person
        (False, False, []),  # a real site's report is approved by a person
        (True, True, []),
    ],
)
def test_only_old_weeks_of_a_demonstration_approve_themselves(
    make_site, make_user, put_weeks, settings, is_demo, mode_is_production, approved
):
    settings.PRODUCTION = mode_is_production
    site = make_site("A", reporting_since=date(2026, 10, 18), is_demo=is_demo)
    make_user("manager", site, is_demo=True)
    put_weeks(site, [1, 2, 3, 4, 5])
    entered()
    jobs.work_due()

    frozen = WeeklyReport.objects.filter(status="frozen").order_by("week_start")
    assert list(frozen.values_list("week_start", flat=True)) == approved


def test_a_week_in_which_the_site_recorded_nothing_parks_no_job(make_site):
    from ceasefire.places.models import CoveragePeriod

    site = make_site("A", reporting_since=date(2026, 11, 1))
    CoveragePeriod.objects.create(site=site, start=date(2026, 11, 8))
    entered()
    jobs.work_due()

    compiling = Job.objects.filter(kind="reports.compile_week")
    assert set(compiling.values_list("state", flat=True)) == {"done"}
    assert [str(report.week_start) for report in WeeklyReport.objects.all()] == ["2026-11-08"]


# --- the command ----------------------------------------------------------------------------------


def run(*arguments, **options):
    out = io.StringIO()
    call_command("weekly_report", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_command_takes_any_day_of_the_week(basrah, put_weeks):
    put_weeks(basrah, [3] * 10)
    document = json.loads(run("--week", "2026-11-12", "--site", "BASRAH-CENTRE"))

    assert document == WeeklyReport.objects.get().body
    assert document["week_start"] == "2026-11-08"


def test_the_command_writes_every_format(basrah, put_weeks, tmp_path):
    put_weeks(basrah, [3] * 10)
    begins = {"json": b'{"alerts"', "html": b"<!doctype html>", "pdf": b"%PDF", "xlsx": b"PK"}
    for kind, begin in begins.items():
        file = tmp_path / f"report.{kind}"
        run("--week", str(WEEK), "--site", "BASRAH-CENTRE", "--format", kind, "--output", str(file))
        assert file.read_bytes().startswith(begin), kind
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"report.{kind}" for kind in begins
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--week", "2026-11-08", "--site", "NOWHERE"], 2, "no site NOWHERE"),
        (["--week", "2026-11-16", "--site", "BASRAH-CENTRE"], 1, "not over yet"),
        (["--week", "2020-01-05", "--site", "BASRAH-CENTRE"], 1, "recorded nothing"),
        (["--week", "2026-11-08", "--output", "/no/such/folder/x"], 2, "no folder"),
        (["--week", "2026-02-30"], 1, "is no day"),  # 2 from a shell: argparse's own exit
    ],
)
def test_the_command_refuses_in_words(basrah, put_weeks, arguments, code, words):
    put_weeks(basrah, [3] * 10)
    with pytest.raises(CommandError, match=words) as refusal:
        run(*arguments)

    assert refusal.value.returncode == code


def test_several_sites_make_a_list(basrah, zubair, put_weeks):
    put_weeks(basrah, [3] * 10)
    put_weeks(zubair, [2] * 10, place="IQG02Q06N01")
    documents = json.loads(run("--week", str(WEEK)))

    assert {document["site"] for document in documents} == {"BASRAH-CENTRE", "AL-ZUBAIR"}
    with pytest.raises(CommandError, match="say --site"):
        run("--week", str(WEEK), "--format", "html")


def test_a_wrong_argument_ends_with_2():
    done = subprocess.run(
        [sys.executable, "manage.py", "weekly_report", "--week", "soon"],
        cwd=project.BASE_DIR,
        env=programs.environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"is no day" in done.stderr
