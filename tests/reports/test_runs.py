"""Runs of the weekly report: owed, too early, failed and told, tried again, all in."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from ceasefire import jobs, periods
from ceasefire.audit.models import AuditEvent
from ceasefire.jobs import services as job_services
from ceasefire.jobs.models import Job, PeriodicRun
from ceasefire.people.roles import Role
from ceasefire.periods import BAGHDAD, Week
from ceasefire.places.models import Site
from ceasefire.reports import compilation, runs, services, tasks
from ceasefire.reports.exceptions import WrongWeekStart
from ceasefire.reports.models import WeeklyReport
from ceasefire.worklist.models import Notification
from tests.reports.conftest import WEEK

pytestmark = pytest.mark.django_db
URL = "/reports/BASRAH-CENTRE/2026-11-08/"


@pytest.fixture
def owing(basrah, put_weeks):
    """Basrah owes the report of one week."""
    basrah.reporting_since = WEEK
    basrah.save()
    put_weeks(basrah, [3] * 10)
    return basrah


def clocks(monkeypatch, settings, *, machine, database):
    """No day is pinned: the machine and the database have clocks of their own."""
    settings.CEASEFIRE_TODAY = ""
    monkeypatch.delenv("CEASEFIRE_TODAY", raising=False)
    monkeypatch.setattr(periods, "now", lambda: machine)
    monkeypatch.setattr(runs, "database_time", lambda: database)


SATURDAY, SUNDAY = (
    datetime(2026, 11, 14, 23, 0, tzinfo=BAGHDAD),
    datetime(2026, 11, 15, 1, 0, tzinfo=BAGHDAD),
)


# --- the week of a site ---------------------------------------------------------------------------


def test_the_first_weekday_stays_once_a_report_was_made(owing, make_user, signed_in):
    """Else every week since reporting began would be owed again, overlapping those that REO has."""
    admin = make_user(Role.ADMINISTRATOR, username="admin")
    client = signed_in(admin)
    facts = {"name_en": "B", "name_ar": "ب", "reporting_since": "8/11/2026"}
    address = f"/places/sites/{owing.code}/"
    for day in (0, 6):
        assert client.post(address, {**facts, "week_start": day}).status_code == 302
    owing.refresh_from_db()
    services.compile_week(site=owing, week_start=WEEK)

    for language, said in (("en", "keeps its first day"), ("ar", "يبقى أول يوم في أسبوعه")):
        admin.language = language
        admin.save()
        answer = client.post(address, {**facts, "week_start": 0})
        assert said in answer.context["form"].errors["week_start"][0]
    owing.refresh_from_db()
    assert owing.week_start == 6
    assert list(runs.owed()) == []
    # Everything else may be changed.
    assert client.post(address, {**facts, "week_start": 6}).status_code == 302


def test_a_week_that_changed_while_it_was_compiled_is_not_written(owing, monkeypatch):
    real = services._content

    def content(*arguments):
        made = real(*arguments)
        Site.objects.filter(pk=owing.pk).update(week_start=0)
        return made

    monkeypatch.setattr(services, "_content", content)
    with pytest.raises(WrongWeekStart):
        services.compile_week(site=owing, week_start=WEEK)


# --- clocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "database", "due"),
    [
        (SATURDAY, SATURDAY, []),
        (SUNDAY, SUNDAY, ["BASRAH-CENTRE/2026-11-08"]),
        (SUNDAY, SATURDAY, []),  # this machine's clock is ahead
        (SATURDAY, SUNDAY, []),  # this machine's clock is behind: another's beat enters it
        # Midnight in Baghdad, as the week ends; it is nine in the evening in London.
        (SUNDAY - timedelta(hours=1),) * 2 + (["BASRAH-CENTRE/2026-11-08"],),
        (SUNDAY - timedelta(hours=1, seconds=1),) * 2 + ([],),
    ],
)
def test_a_week_is_owed_once_it_is_over_by_both_clocks(
    owing, monkeypatch, settings, machine, database, due
):
    clocks(monkeypatch, settings, machine=machine, database=database)

    assert [one.period for one in runs.owed()] == due


def test_a_job_that_comes_before_the_week_is_over_waits_and_is_no_failure(
    owing, monkeypatch, settings
):
    """A beat ahead of time entered it; it is compiled once the week is over, at the first try."""
    clocks(monkeypatch, settings, machine=SATURDAY, database=SATURDAY)
    job = jobs.enqueue(runs.COMPILE, site=owing, site_code=owing.code, week=str(WEEK))

    assert jobs.run(job.pk) == "queued"
    job.refresh_from_db()
    assert (job.attempts, job.error_kind) == (0, "")
    assert job.run_after >= Week(WEEK).ends_at
    assert not WeeklyReport.objects.exists()

    clocks(monkeypatch, settings, machine=SUNDAY, database=SUNDAY)
    Job.objects.update(run_after=F("created_at"))
    assert jobs.run(job.pk) == "done"
    assert WeeklyReport.objects.get().basis["recorded"]["incidents"] == 3


def test_a_draft_by_a_clock_that_was_ahead_is_counted_again_once(owing, put, monkeypatch, settings):
    """Two hours ahead on Saturday evening; then the clock is put right, and more is recorded."""
    clocks(monkeypatch, settings, machine=SUNDAY, database=SUNDAY)
    assert enter_and_run() == 1
    early = WeeklyReport.objects.get()
    put(owing, WEEK + timedelta(days=6), 2, delay=0)

    midnight = SUNDAY - timedelta(minutes=55)
    clocks(monkeypatch, settings, machine=midnight, database=midnight)
    assert [one.period for one in runs.owed()] == ["BASRAH-CENTRE/2026-11-08/again"]
    assert enter_and_run() == 1
    again = WeeklyReport.objects.get()
    assert (again.pk, again.version) == (early.pk, early.version + 1)
    assert again.basis["recorded"]["incidents"] == 5

    assert enter_and_run() == 0
    assert Job.objects.filter(kind=runs.COMPILE).count() == 2


def enter_and_run() -> int:
    entered = job_services._enter_new(runs.WEEKLY, list(runs.owed()))
    jobs.work_due()
    return entered


# --- a run that fails -----------------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch):
    """Compiling fails with a message that quotes a record, until the list is emptied."""
    faults = ["محمد 07701234567"]
    real = services.compile_content

    def compile_content(*arguments, **options):
        if faults:
            raise KeyError(faults[0])
        return real(*arguments, **options)

    monkeypatch.setattr(services, "compile_content", compile_content)
    return faults


def attempt(job: Job, times: int = 1) -> None:
    for _time in range(times):
        Job.objects.filter(pk=job.pk).update(run_after=F("created_at"))
        jobs.run(job.pk)
    job.refresh_from_db()


@pytest.fixture
def failing(owing, broken):
    """The job of the week, after its first attempt failed."""
    job_services._enter_new(runs.WEEKLY, list(runs.owed()))
    job = Job.objects.get()
    attempt(job)
    return job


def test_the_page_says_that_it_failed_and_is_tried_again(failing, manager, signed_in):
    client = signed_in(manager)
    for page in (client.get(URL), client.get("/reports/"), client.get(URL + "progress/")):
        words = page.content.decode()
        assert "Compiling it failed." in words
        assert "It is tried again:" in words
        assert "KeyError" not in words
        assert "07701234567" not in words
    assert not Notification.objects.exists()  # it may come right by itself


def test_a_report_that_failed_for_good_is_said_and_told_once_and_can_be_tried_again(
    failing, broken, basrah, zubair, manager, make_user, signed_in
):
    elsewhere = make_user(Role.MANAGER, zubair)
    field = make_user(Role.WORKER, basrah)
    attempt(failing, 4)
    assert failing.state == "parked"

    told = Notification.objects.get()
    assert (told.recipient, told.kind, told.address) == (
        manager,
        runs.FAILED,
        "/reports/?site=BASRAH-CENTRE",
    )
    for path in ("/reports/", "/reports/runs/", URL, URL + "progress/"):
        words = signed_in(manager).get(path).content.decode()
        assert "The report could not be compiled: every attempt failed." in words, path
        assert "Try again" in words, path
        assert "every 2s" not in words, path
        assert "KeyError" not in words, path
    words = signed_in(field).get(URL).content.decode()
    assert "could not be compiled" in words
    assert "Try again" not in words
    assert "could not be compiled" not in signed_in(elsewhere).get("/reports/").content.decode()

    # Tried again, it is the same job; failing again it is told again.
    form = {"site": basrah.pk, "day": "2026-11-08"}
    assert signed_in(manager).post("/reports/compile/", form)["Location"] == URL
    assert AuditEvent.objects.filter(verb="job.retried").count() == 1
    attempt(failing, 5)
    assert (failing.state, Job.objects.filter(kind=runs.COMPILE).count()) == ("parked", 1)
    assert Notification.objects.count() == 2

    broken.clear()
    signed_in(manager).post("/reports/compile/", form)
    attempt(failing)
    assert failing.state == "done"
    assert "could not be compiled" not in signed_in(manager).get("/reports/").content.decode()
    assert signed_in(manager).get(URL).status_code == 200


def test_a_machine_that_died_each_time_is_told_too(owing, manager, signed_in):
    job_services._enter_new(runs.WEEKLY, list(runs.owed()))
    job = Job.objects.get()
    Job.objects.update(state="running", attempts=5, started_at=F("created_at"))
    assert job_services._requeue(job.pk)
    jobs.run(job.pk)

    assert Notification.objects.get().kind == runs.FAILED
    words = signed_in(manager).get("/reports/").content.decode()
    assert "The machine stopped each time in the middle of it." in words


def test_of_very_many_unfinished_only_the_first_are_read(
    owing, put_weeks, django_assert_num_queries
):
    rows = [
        Job(
            kind=runs.COMPILE, site=owing, run_after=periods.now(), created_at=periods.now(),
            state="parked" if at < 4 else "queued",
            payload={"site_code": owing.code, "week": str(WEEK - timedelta(weeks=at))},
            **({"finished_at": periods.now()} if at < 4 else {}),
        )
        for at in range(300)
    ]  # fmt: skip
    Job.objects.bulk_create(rows)
    with django_assert_num_queries(2):
        found = runs.unfinished([owing], 10)
    assert len(found.first) == 10
    assert (found.failed, found.running, found.waiting) == (4, 0, 296)
    assert [run.has_failed for run in found.first] == [True] * 4 + [False] * 6
    # The oldest first, of each state.
    assert found.first[0].week == Week(WEEK - timedelta(weeks=3))
    assert found.first[4].week == Week(WEEK - timedelta(weeks=299))


def test_a_report_that_was_compiled_since_has_not_failed(failing, broken, owing, manager):
    attempt(failing, 4)
    broken.clear()
    services.compile_week(site=owing, week_start=WEEK, by=manager)

    assert runs.unfinished([owing], 10) == runs.Unfinished([])
    assert runs.run_of(owing, Week(WEEK)) is None


def test_whoever_asked_is_told_as_well(owing, broken, manager, data_officer):
    job = runs.ask(site=owing, week=Week(WEEK), by=data_officer)
    attempt(job, 5)

    people = Notification.objects.values_list("recipient__username", flat=True)
    assert sorted(people) == ["data", "manager"]


# --- progress -------------------------------------------------------------------------------------


def test_the_page_says_how_far_it_is(owing, manager, signed_in):
    job = runs.ask(site=owing, week=Week(WEEK), by=manager)
    Job.objects.filter(pk=job.pk).update(
        state="running", started_at=periods.now(), done_count=2, total_count=compilation.STEPS
    )
    words = signed_in(manager).get(URL + "progress/").content.decode()

    assert "being compiled now" in words
    assert 'value="50"' in words


def test_every_step_is_told_in_order(owing):
    heard = []
    services.compile_week(
        site=owing, week_start=WEEK, tell=lambda done, total: heard.append((done, total))
    )

    assert heard == [(done, compilation.STEPS) for done in range(compilation.STEPS)]


def test_the_list_asks_as_much_for_one_run_as_for_many(owing, manager, signed_in):
    client = signed_in(manager)

    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            client.get("/reports/runs/")
        return len(questions)

    jobs.enqueue(runs.COMPILE, site=owing, site_code=owing.code, week=str(WEEK))
    asked()
    for_one = asked()
    for number in range(1, 12):
        week = Week(WEEK).plus(-number)
        jobs.enqueue(runs.COMPILE, site=owing, site_code=owing.code, week=str(week))

    assert asked() == for_one
    words = client.get("/reports/").content.decode()
    assert "2 more reports wait to be compiled." in words

    # The failed ones are named first, and are not said to wait.
    newest = Job.objects.filter(kind=runs.COMPILE).order_by("-id").values_list("pk", flat=True)
    Job.objects.filter(pk__in=list(newest[:11])).update(
        state=Job.State.PARKED, finished_at=F("created_at")
    )
    manager.digits = "arabic"
    manager.save()
    words = client.get("/reports/runs/").content.decode()
    assert "١ more report could not be compiled." in words
    assert "١ more report waits to be compiled." in words


# --- all in ---------------------------------------------------------------------------------------


def test_that_all_reports_are_in_is_said_once_by_whichever_comes_last(
    owing, make_site, make_user, put_weeks, manager, data_officer
):
    other = make_site("AL-ZUBAIR", place="IQG02Q06", reporting_since=WEEK)
    put_weeks(other, [2] * 10)
    manager.sites.add(other)
    make_user(Role.WORKER, owing)
    # Begins later, and one whose weeks begin on Monday: neither owes a report of this week.
    make_site("LATER", reporting_since=date(2026, 11, 15))
    make_site("MONDAY", reporting_since=date(2026, 11, 10), week_start=0)
    assert job_services._enter_new(runs.WEEKLY, list(runs.owed())) == 2

    first, last = Job.objects.filter(kind=runs.COMPILE).order_by("id")
    jobs.run(first.pk)
    assert runs.standing([owing, other], Week(WEEK)) == (1, 2)
    assert not PeriodicRun.objects.filter(name=runs.JOINED).exists()
    jobs.run(last.pk)
    assert PeriodicRun.objects.get(name=runs.JOINED).period == "2026-11-08"
    # Beat finds it as well, and enters nothing.
    assert job_services._enter_new(runs.JOINED, list(runs.all_in())) == 0
    jobs.work_due()

    told = Notification.objects.filter(kind=runs.READY)
    assert sorted(told.values_list("recipient__username", flat=True)) == ["data", "manager"]
    runs.tell_ready(Week(WEEK))
    assert told.count() == 2


def test_a_data_officer_hears_nothing_of_a_report_they_can_not_read(owing, manager, data_officer):
    services.compile_week(site=owing, week_start=WEEK)
    WeeklyReport.objects.update(is_open=False)
    runs.tell_ready(Week(WEEK))

    told = Notification.objects.filter(kind=runs.READY)
    assert list(told.values_list("recipient__username", flat=True)) == ["manager"]


def test_a_site_that_recorded_nothing_holds_nobody_up(owing, make_site):
    from ceasefire.places.models import CoveragePeriod

    quiet = make_site("QUIET", reporting_since=WEEK)
    CoveragePeriod.objects.create(site=quiet, start=date(2026, 11, 15))
    job_services._enter_new(runs.WEEKLY, list(runs.owed()))
    jobs.work_due()

    assert WeeklyReport.objects.count() == 1
    assert PeriodicRun.objects.filter(name=runs.JOINED).count() == 1


def test_weeks_that_are_caught_up_are_announced_to_nobody(basrah, put_weeks, manager):
    basrah.reporting_since = WEEK - timedelta(weeks=5)
    basrah.save()
    put_weeks(basrah, [3] * 10)
    job_services._enter_new(runs.WEEKLY, list(runs.owed()))
    jobs.work_due()
    jobs.work_due()

    assert WeeklyReport.objects.count() == 6
    assert Notification.objects.filter(kind=runs.READY).count() == 1


def test_the_kinds_stand_under_their_names():
    assert tasks.COMPILE == runs.COMPILE
    assert job_services.providers().keys() >= {runs.WEEKLY, runs.JOINED}
