"""The demonstration: whom and what it makes, the same every time, into an empty database only."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import User
from ceasefire.places.models import CoveragePeriod, Site
from incidents.demo import kinds
from incidents.demo.loading import UCDP, load_demo
from incidents.demo.simulation import Program, Spot, in_ramadan, simulate
from incidents.importing.reading import read_sheet
from incidents.models import Incident, IncidentStep

TODAY = date(2026, 11, 25)
ROWS = 700
#: The accounts that scripts and people rely on, and their roles.
ACCOUNTS = {
    "interrupter": "interrupter",
    "worker": "worker",
    "worker2": "worker",
    "worker.zubair": "worker",
    "supervisor": "supervisor",
    "supervisor.zubair": "supervisor",
    "manager": "manager",
    "data": "data",
    "reo.requester": "reo_staff",
    "reo.reviewer": "reo_staff",
    "reo.approver": "reo_staff",
    "reo.approver2": "reo_staff",
    "reo.officer": "reo_staff",
    "reo.certifier": "reo_staff",
    "reo.payer": "reo_staff",
    "reo.viewer": "reo_viewer",
    "auditor": "auditor",
    "admin": "administrator",
}


# Before the demo is there: what needs an empty database.


@pytest.mark.django_db
def test_the_demo_refuses_a_database_with_users(make_user: Any) -> None:
    make_user("manager")
    with pytest.raises(CommandError, match="users already") as stopped:
        call_command("demo")
    assert stopped.value.returncode == 1
    assert not Site.objects.exists()


@pytest.mark.django_db
def test_the_demo_refuses_production(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production") as stopped:
        call_command("demo")
    assert stopped.value.returncode == 1
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("rows", ["0", "-5"])
def test_a_senseless_number_of_rows_is_a_wrong_argument(rows: str) -> None:
    with pytest.raises(CommandError) as stopped:
        call_command("demo", f"--rows={rows}")
    assert stopped.value.returncode == 2


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A small demo on a fixed day, loaded once: the tests read it, and it is rolled back last."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("CEASEFIRE_DEMO_PASSWORD", "demo password of the tests")
        everything = transaction.atomic()
        everything.__enter__()
        try:
            load_demo(seed=1, rows=ROWS, today=TODAY)
            yield
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def demo(loaded: None, db: None) -> None:
    """What a test reads of it."""


def made_up() -> Any:
    return Incident.objects.filter(site__is_demo=True)


def test_the_demo_has_its_accounts_and_sites(demo: Any) -> None:
    assert dict(User.objects.values_list("username", "role")) == ACCOUNTS
    assert all(user.is_demo for user in User.objects.all())
    assert User.objects.get(username="worker").check_password("demo password of the tests")
    assert User.objects.get(username="worker").supervisor.username == "supervisor"
    duties = User.objects.get(username="reo.reviewer").duties
    assert set(duties) == {"reviewer", "vetting", "monitor", "closeout"}
    assert dict(Site.objects.values_list("code", "read_only")) == {
        "AL-ZUBAIR": False,
        "BASRAH-CENTRE": False,
        "BASRAH-HISTORY": True,
    }
    centre = Site.objects.get(code="BASRAH-CENTRE")
    assert centre.reporting_since == date(2026, 5, 24)
    assert centre.reporting_since.weekday() == centre.week_start == 6
    period = CoveragePeriod.objects.get(site__code="BASRAH-HISTORY")
    assert (period.start, period.end) == (date(2003, 1, 6), date(2018, 12, 24))


def test_real_events_stand_on_their_true_days_marked_by_their_source(demo: Any) -> None:
    history = Incident.objects.filter(site__code="BASRAH-HISTORY")
    sheet = read_sheet(UCDP.read_bytes())
    assert history.count() == len(sheet.rows) == 149
    assert set(history.values_list("origin", flat=True)) == {"ucdp-ged"}
    assert {str(day) for day in history.values_list("occurred_on", flat=True)} == {
        row.cells["date_start"] for row in sheet.rows
    }
    in_basrah = {"IQG02", "IQ"}
    assert {
        incident.place.governorate.pcode if incident.place.governorate else "IQ"
        for incident in history.select_related("place__governorate")
    } <= in_basrah


def test_every_made_up_record_says_so_and_no_real_one_does(demo: Any) -> None:
    for summary in made_up().values_list("summary", flat=True):
        assert summary.startswith((kinds.LABEL_EN, kinds.LABEL_AR))
    assert not Incident.objects.filter(origin="ucdp-ged", summary__contains="Made-up").exists()
    assert not made_up().exclude(origin="").exists()


def test_the_desks_have_work_and_the_past_is_settled(demo: Any) -> None:
    states = dict(made_up().values_list("workflow_state").annotate(Count("pk")))
    assert states["accepted"] + states["archived"] > 0.9 * made_up().count()
    assert states.get("submitted", 0) + states.get("in_review", 0) > 0
    cut = datetime.combine(TODAY, datetime.min.time(), periods.BAGHDAD)
    waiting = made_up().filter(workflow_state__in=["draft", "submitted", "in_review", "returned"])
    assert not waiting.filter(created_at__lt=cut - timedelta(days=21)).exists()
    assert not made_up().filter(occurred_from__gte=cut).exists()
    assert not made_up().filter(reported_at__gt=cut).exists()
    assert not IncidentStep.objects.filter(at__gt=cut).exists()


def test_the_last_complete_week_has_an_outbreak_of_killings(demo: Any) -> None:
    week = periods.Week.of(TODAY).previous()
    killed = made_up().filter(
        site__code="BASRAH-CENTRE", type="MUR", verification__in=["provisional", "corroborated"]
    )
    here = killed.filter(occurred_on__gte=week.start, occurred_on__lt=week.end).count()
    before = killed.filter(occurred_on__lt=week.start).count() / 260
    assert here >= 3 + 3 * before


def test_the_same_seed_and_day_give_the_same_records() -> None:
    spots = [Spot("A", "A", "أ", 0.7, 30.5, 47.8), Spot("B", "B", "ب", 0.3)]
    program = Program("S", spots, 1.0, 20, ["worker"], ("MUR", ("A",)))
    cut = datetime.combine(TODAY, datetime.min.time(), periods.BAGHDAD)

    def once(seed: int, day: date = TODAY) -> list[Any]:
        week = periods.Week.of(day).start
        return [vars(event) for event in simulate(program, seed=seed, cut=cut, this_week=week)]

    assert once(1) == once(1)
    assert once(1) != once(2)
    assert once(1) != once(1, TODAY - timedelta(days=7))


def test_rows_ask_for_about_so_many_records(demo: Any) -> None:
    assert 0.75 * ROWS < made_up().count() < 1.25 * ROWS


@pytest.mark.parametrize(
    ("day", "is_one"),
    [
        (date(2024, 3, 20), True),
        (date(2026, 2, 28), True),
        (date(2026, 5, 1), False),
        (date(2021, 4, 20), True),
        (date(2024, 2, 1), False),
    ],
)
def test_ramadan_is_known_to_a_day_or_two(day: date, is_one: bool) -> None:
    assert in_ramadan(day) is is_one


def test_each_load_is_in_the_trail(demo: Any) -> None:
    verbs = list(AuditEvent.objects.values_list("verb", flat=True))
    # Incidents and cases, each at two sites, and the grants.
    loaded = AuditEvent.objects.filter(verb="demo.loaded").values_list("detail", flat=True)
    parts = ["funds", *["participants"] * 2, *["rows"] * 2]
    assert sorted(next(iter(detail)) for detail in loaded) == parts
    assert verbs.count("incident.imported") == 1


def test_the_codes_run_by_year_of_entry(demo: Any) -> None:
    for incident in made_up()[:200]:
        assert incident.code.startswith(f"INC-{incident.created_at.year}-")
