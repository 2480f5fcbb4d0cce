"""The counting rule of reports."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from ceasefire.people.roles import Role
from ceasefire.places.models import Place
from incidents import measures, services
from incidents.models import Incident
from incidents.services import SourceFacts, VictimFacts
from tests.incidents.conftest import FAIR, MOMENT, move_to

pytestmark = pytest.mark.django_db

SUNDAY, NEXT = date(2026, 11, 15), date(2026, 11, 22)
WEAK = SourceFacts("social", "F", "6")


def week(site: Any, **more: Any) -> list[measures.Count]:
    return measures.weekly_counts(site.pk, SUNDAY, NEXT, **more)


def test_a_week_begins_on_the_site_s_own_day(log, basrah):
    log()  # a Wednesday
    assert [count.week_start for count in week(basrah)] == [SUNDAY]
    basrah.week_start = 0
    basrah.save()
    assert [count.week_start for count in week(basrah)] == [date(2026, 11, 16)]


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        ("draft", False),
        ("submitted", True),
        ("in_review", True),
        ("returned", False),
        ("accepted", True),
        ("archived", True),
        ("withdrawn", False),
    ],
)
def test_which_states_count(log, basrah, state, counts):
    log(state=state)
    assert bool(week(basrah)) is counts


@pytest.mark.parametrize(
    ("verification", "solid", "hatched"),
    [
        ("unverified", 0, 1),
        ("disputed", 0, 1),
        ("provisional", 1, 0),
        ("corroborated", 1, 0),
        ("confirmed", 1, 0),
        ("refuted", 0, 0),
    ],
)
def test_solid_from_provisional_up_and_the_rest_apart(log, basrah, verification, solid, hatched):
    incident = log()
    Incident.objects.filter(pk=incident.pk).update(
        verification=verification, verification_reason="set"
    )
    counts = week(basrah)
    assert sum(count.incidents for count in counts) == solid
    assert sum(count.unverified for count in counts) == hatched
    assert sum(count.killed for count in counts) == solid


@pytest.mark.parametrize(
    ("more", "victims", "killed", "unknown"),
    [
        ({"killed_best": 2}, [], 2, 0),
        ({"killed_best": 0}, [], 0, 0),
        # The number wins over the rows, which may be fewer.
        ({"killed_best": 3}, [VictimFacts(harm="killed")], 3, 0),
        ({"killed_best": None, "killed_unknown": True}, [VictimFacts(harm="killed")] * 2, 2, 0),
        # An abduction that became a killing.
        (
            {"killed_best": None, "killed_unknown": True},
            [VictimFacts(harm="abducted", outcome="killed")],
            1,
            0,
        ),
        ({"killed_best": None, "killed_unknown": True}, [VictimFacts(harm="injured")], 0, 1),
        ({"killed_best": None, "killed_unknown": True}, [], 0, 1),  # unknown, never zero
    ],
)
def test_killed_is_the_number_else_the_victims_else_unknown(
    log, basrah, more, victims, killed, unknown
):
    log(victims=victims, **more)
    (count,) = week(basrah)
    assert (count.killed, count.killed_unknown) == (killed, unknown)


def test_injured_and_abducted_are_summed_by_district_and_type(log, basrah):
    log(injured_best=2, abducted=1)
    log(injured_best=1)
    log(type="THR", place=Place.objects.get(pcode="IQG02Q06"), killed_best=0)
    counts = {(count.district_pcode, count.type): count for count in week(basrah)}
    assert set(counts) == {("IQG02Q02", "MUR"), ("IQG02Q06", "THR")}
    murders = counts["IQG02Q02", "MUR"]
    assert (murders.incidents, murders.injured, murders.abducted) == (2, 3, 1)


def test_a_place_known_to_the_governorate_only_has_no_district(log, basrah):
    log(place=Place.objects.get(pcode="IQG02"))
    (count,) = week(basrah)
    assert count.district_pcode == ""
    assert measures.data_health(basrah.pk, SUNDAY, NEXT).without_place == 1


@pytest.mark.parametrize(("precision", "counted"), [(1, 1), (2, 1), (3, 0), (4, 0)])
def test_dates_less_precise_than_a_week_are_named_apart(log, basrah, precision, counted):
    log(time_precision=precision)
    assert len(week(basrah)) == counted
    assert measures.undated(basrah.pk, SUNDAY, NEXT) == 1 - counted
    assert measures.data_health(basrah.pk, SUNDAY, NEXT).imprecise_dates == 1 - counted


def test_a_period_is_half_open_and_a_site_its_own(log, basrah, zubair):
    log(occurred_from=MOMENT - timedelta(days=3))  # Sunday the 15th
    log(occurred_from=MOMENT - timedelta(days=4))  # Saturday before
    assert sum(count.incidents for count in week(basrah)) == 1
    assert week(zubair) == []


def test_what_was_received_after_the_cut_is_not_counted(log, basrah):
    incident = log()
    before = incident.submitted_at - timedelta(minutes=1)
    assert week(basrah, as_of=before) == []
    assert len(week(basrah, as_of=incident.submitted_at)) == 1
    assert measures.data_health(basrah.pk, SUNDAY, NEXT, as_of=before).received == 0


def test_what_leaves_the_program_holds_no_sensitive_incident(log, basrah):
    log()
    log(type="SXV")
    log(victims=[VictimFacts(harm="killed", age=15)])
    assert sum(count.incidents for count in week(basrah)) == 3
    assert sum(count.incidents for count in week(basrah, exclude_sensitive=True)) == 1


def test_health_of_the_records(log, basrah, supervisor):
    first = log()
    services.mark_duplicate(log(), of=first, by=supervisor)
    log(occurred_from=MOMENT - timedelta(days=2), sources=(WEAK,))
    late = log(occurred_from=MOMENT - timedelta(days=3))
    Incident.objects.filter(pk=late.pk).update(reported_at=MOMENT + timedelta(days=7))
    health = measures.data_health(basrah.pk, SUNDAY, NEXT)
    assert health == replace(
        health, received=3, late=1, duplicates=1, without_place=0, unverified=1
    )
    assert len(measures.reporting_delays(basrah.pk, SUNDAY, NEXT)) == 3


def test_an_empty_period_has_no_median(basrah):
    health = measures.data_health(basrah.pk, SUNDAY, NEXT)
    assert health.received == 0
    assert measures.lateness(basrah.pk, SUNDAY, NEXT) == measures.Lateness(0, None)
    assert measures.first_and_last_day(basrah.pk) is None


def test_an_outside_history_says_nothing_about_our_delay(log, basrah):
    incident = log(occurred_from=MOMENT - timedelta(days=3))
    Incident.objects.filter(pk=incident.pk).update(
        origin="ucdp-ged", origin_id="1", reported_at=MOMENT + timedelta(days=4000)
    )
    assert measures.data_health(basrah.pk, SUNDAY, NEXT).late == 0
    assert measures.lateness(basrah.pk, SUNDAY, NEXT) == measures.Lateness(0, None)


def test_lateness_is_of_what_was_entered_in_the_period_whenever_it_happened(log, basrah):
    log()
    log(occurred_from=MOMENT - timedelta(days=2))
    late = log(occurred_from=MOMENT - timedelta(days=60))
    found = measures.lateness(basrah.pk, SUNDAY, NEXT)
    assert found.late == 1
    assert found.median_delay_days == pytest.approx(2 + 2 / 24, abs=0.05)
    Incident.objects.filter(pk=late.pk).update(submitted_at=MOMENT + timedelta(days=10))
    assert measures.lateness(basrah.pk, SUNDAY, NEXT).late == 0


def test_a_group_is_late_by_what_it_entered_in_the_period_whenever_it_happened(log, basrah):
    log()
    late = log(occurred_from=MOMENT - timedelta(days=60))
    [group] = measures.entered(basrah.pk, SUNDAY, NEXT)
    assert (group.received, group.late) == (1, 1)
    [group] = measures.entered(basrah.pk, SUNDAY - timedelta(days=63), SUNDAY)
    assert (group.received, group.late) == (1, 0)
    Incident.objects.filter(pk=late.pk).update(origin="ucdp-ged", origin_id="1")
    [group] = measures.entered(basrah.pk, SUNDAY, NEXT)
    assert group.late == 0


@pytest.mark.parametrize(("days", "tells"), [(13, 1), (15, 0)])
def test_old_rows_of_a_table_say_nothing_about_our_delay(log, basrah, days, tells):
    incident = log(occurred_from=MOMENT - timedelta(days=days))
    then = (basrah.pk, SUNDAY - timedelta(days=28), NEXT)
    assert len(measures.told_when(*then)) == len(measures.reporting_delays(*then)) == 1
    Incident.objects.filter(pk=incident.pk).update(
        origin=f"table/{basrah.pk}", origin_id="1", submitted_at=MOMENT
    )
    assert len(measures.told_when(*then)) == len(measures.reporting_delays(*then)) == tells
    assert (measures.lateness(basrah.pk, SUNDAY, NEXT).median_delay_days is not None) is bool(tells)


def test_delays_end_with_the_entry_and_leave_out_what_was_refuted(log, basrah):
    incident = log()
    Incident.objects.filter(pk=incident.pk).update(
        reported_at=MOMENT, submitted_at=incident.occurred_from + timedelta(days=9)
    )
    then = (basrah.pk, SUNDAY, NEXT)
    assert measures.reporting_delays(*then) == [9.0]
    Incident.objects.filter(pk=incident.pk).update(
        verification="refuted", verification_reason="nobody was there"
    )
    assert measures.reporting_delays(*then) == measures.told_when(*then) == []


def test_first_and_last_day(log, basrah):
    log()
    log(occurred_from=MOMENT - timedelta(days=30))
    move_to(log(occurred_from=MOMENT - timedelta(days=60)), "withdrawn")
    assert measures.first_and_last_day(basrah.pk) == (date(2026, 10, 19), date(2026, 11, 18))


def test_the_backlog_counts_killings_and_names_the_oldest(log, basrah):
    first = log()
    log(type="ROB", killed_best=0)
    log(state="accepted")
    backlog = measures.review_backlog([basrah.pk])
    assert (backlog.waiting, backlog.killings, backlog.oldest_at) == (2, 1, first.submitted_at)
    assert backlog.in_review == 0


def test_the_backlog_counts_nothing_that_the_role_may_not_see(log, basrah):
    log()
    log(type="SXV", killed_best=0)
    waiting = {
        role: measures.review_backlog([basrah.pk], role=role).waiting for role in (None, *Role)
    }
    assert waiting[None] == waiting[Role.SUPERVISOR] == waiting[Role.MANAGER] == 2
    assert waiting[Role.DATA_OFFICER] == 1


def test_measures_are_numbers_codes_and_days_only(log, basrah):
    log(sources=(FAIR,))
    for shape in (measures.Count, measures.Health, measures.Backlog):
        for field in fields(shape):
            assert field.type in {
                date,
                str,
                int,
                "date",
                "str",
                "int",
                float | None,
            } or "datetime" in str(field.type)
