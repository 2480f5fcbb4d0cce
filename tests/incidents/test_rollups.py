"""The counts that are kept by week, place and type are those of the rows, whatever happens."""

import re
from contextlib import suppress
from datetime import date, timedelta
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, ProgrammingError, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting
from ceasefire.people.roles import Role
from ceasefire.places.models import Place, Site
from incidents import measures, rollups, services
from incidents.exceptions import IncidentRefusal
from incidents.models import (
    Incident,
    IncidentMerge,
    IncidentResponse,
    WeeklyCount,
    WeeklyDelta,
)
from incidents.services import SourceFacts, VictimFacts
from incidents.services import rollups as keeping
from tests.incidents.conftest import ASHAR, MOMENT

pytestmark = pytest.mark.django_db

FIRST, AFTER = date(2026, 11, 1), date(2026, 12, 6)
WEAK = SourceFacts("social", "F", "6")
#: A neighbourhood, a sub-district of another district, a governorate.
PLACES = (ASHAR, "IQG02Q06N03", "IQG02")


class _Undo(Exception):
    pass


def holds() -> None:
    """Nothing differs, and what is read is what `measures` counts, for each audience."""
    assert list(keeping.differences()) == []
    for site in Site.objects.all():
        first = periods.Week.of(FIRST, site.week_start).start
        after = first + timedelta(weeks=5)
        for without in (False, True):
            span: Any = (site.pk, first, after)
            kept = rollups.weekly_counts(*span, exclude_sensitive=without)
            assert kept == measures.weekly_counts(*span, exclude_sensitive=without)
            said = rollups.answered(*span, exclude_sensitive=without)
            assert said == measures.answered(*span, exclude_sensitive=without)
            health = measures.data_health(*span, exclude_sensitive=without)
            (cell,) = rollups.weekly([site.pk], first, after, exclude_sensitive=without, by=())
            assert (
                cell.received,
                cell.late,
                cell.without_place,
                cell.duplicates,
                cell.undated,
                cell.unverified + cell.unverified_undated,
            ) == (
                health.received,
                health.late,
                health.without_place,
                health.duplicates,
                health.imprecise_dates,
                health.unverified,
            )


def _bare(row: Incident, number: int) -> list[Incident]:
    """Incidents like that one, with no row beside them."""
    made = []
    for at in range(number):
        copy = Incident.objects.get(pk=row.pk)
        copy._state.adding = True
        copy.pk, copy.code, copy.idempotency_key = None, f"{row.code}-{at}-bare", None
        copy.id = Incident._meta.pk.get_default()
        made.append(copy)
    return made


def verb(name: str, row: Incident, other: Incident, who: Any, number: int) -> None:
    """One of the verbs by which incidents change, as far as it is legal."""
    if name == "accept":
        services.accept_incident(row, by=who)
    elif name == "return":
        services.return_incident(row, by=who, reason="where?")
    elif name == "revise":
        services.revise_incident(
            row, facts={"killed_best": number}, reason="x", version=row.version, by=who
        )
    elif name == "victims":
        services.revise_incident(
            row,
            facts={"killed_best": None, "killed_unknown": True},
            victims=[VictimFacts(harm="killed", age=15 * number + 1)] * number,
            reason="x",
            version=row.version,
            by=who,
        )
    elif name == "merge":
        services.merge_incidents(kept=row, gone=other, by=who)
    elif name == "part":
        merge = IncidentMerge.objects.filter(undone_at=None).first()
        if merge is not None:
            services.unmerge_incidents(merge, by=who, reason="x")
    elif name == "answer":
        services.record_action(row, kind="event", by=who, at=MOMENT + timedelta(hours=40 * number))
    elif name == "close":
        services.close_response(row, reason="unsafe", by=who)


#: Changes past every service, of one row and of many.
RAW = {
    "type": "UPDATE incidents_incident SET type = 'THR' WHERE id = %(id)s",
    "sensitive": "UPDATE incidents_incident SET is_sensitive = NOT is_sensitive",
    "grade": "UPDATE incidents_incident SET verification = 'refuted', verification_reason = 'x'"
    " WHERE id = %(id)s",
    "day": "UPDATE incidents_incident SET occurred_on = occurred_on - 3, time_precision ="
    " 1 + time_precision %% 4, reported_at = reported_at + interval '6 days'",
    "site": "UPDATE incidents_incident SET site_id = %(site)s WHERE id = %(id)s",
    "place": "UPDATE incidents_incident SET place_id = %(place)s, district_id ="
    " (SELECT district_id FROM places_place WHERE id = %(place)s)",
    "clock": "UPDATE incidents_incidentresponse SET due_at = due_at + interval '4 days'",
    "stop": "UPDATE incidents_incidentresponse SET closed_at = now(), closed_reason = 'retyped'"
    " WHERE incident_id = %(id)s",
    "wounded": "UPDATE incidents_victimization SET harm = 'injured', outcome = 'unknown'",
    "moved victims": "UPDATE incidents_victimization SET incident_id = %(id)s",
    "fewer victims": "DELETE FROM incidents_victimization WHERE incident_id = %(id)s",
    "no clocks": "DELETE FROM incidents_incidentresponse c WHERE NOT EXISTS"
    " (SELECT FROM incidents_responseaction a WHERE a.response_id = c.id)",
    "gone": "DELETE FROM incidents_incident WHERE code LIKE '%%-bare'",
    "week": "UPDATE places_site SET week_start = (week_start + 3) %% 7 WHERE id = %(site)s",
}
STEPS = some.tuples(
    some.sampled_from(
        ["log", "fold", "accept", "return", "revise", "victims", "merge", "part", "answer"]
        + ["close", *RAW]
    ),
    some.integers(0, 2),
)


@settings(
    max_examples=5,
    deadline=None,
    # The steps are said as they were: making them fewer would take minutes.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(some.lists(STEPS, min_size=4, max_size=8))
def test_kept_counts_equal_the_rows_after_whatever_was_done(log, zubair, supervisor, steps):
    with suppress(_Undo), transaction.atomic():
        log(victims=[VictimFacts(harm="killed")], killed_best=None, killed_unknown=True)
        log(type="FGT", place=Place.objects.get(pcode=PLACES[1]), sources=[WEAK], injured_best=2)
        log(state="draft")
        Incident.objects.bulk_create(_bare(Incident.objects.earliest("code"), 1))
        for name, number in steps:
            rows = list(Incident.objects.order_by("code"))
            row, other = rows[number % len(rows)], rows[(number + 1) % len(rows)]
            with suppress(IncidentRefusal, Error), transaction.atomic():
                if name == "log":
                    log(state="accepted", abducted=number, type="KID")
                elif name == "fold":
                    keeping.fold(most=3)
                elif name in RAW:
                    with connection.cursor() as cursor:
                        place = Place.objects.get(pcode=PLACES[number])
                        keys = {"id": row.pk, "site": zubair.pk, "place": place.pk}
                        cursor.execute(RAW[name], keys)
                else:
                    with acting(supervisor):
                        verb(name, row, other, supervisor, number)
            holds()
        keeping.fold()
        assert not WeeklyDelta.objects.exists()
        holds()
        raise _Undo


def test_kept_counts_follow_every_change_past_the_services(log, zubair):
    log(victims=[VictimFacts(harm="killed")], killed_best=None, killed_unknown=True)
    row = log(injured_best=2)
    Incident.objects.bulk_create(_bare(row, 1))
    place = Place.objects.get(pcode=PLACES[1])
    for name, statement in RAW.items():
        with connection.cursor() as cursor:
            cursor.execute(statement, {"id": row.pk, "site": zubair.pk, "place": place.pk})
            assert cursor.rowcount > 0, name
        holds()


def test_many_rows_of_one_statement_append_a_row_for_each_cell(log, basrah):
    first = log()
    before = WeeklyDelta.objects.count()
    Incident.objects.bulk_create(_bare(first, 40), batch_size=1000)
    assert WeeklyDelta.objects.count() == before + 1
    Incident.objects.filter(pk=first.pk).update(summary="Nothing that is counted")
    assert WeeklyDelta.objects.count() == before + 1
    assert keeping.fold() == before + 1
    (cell,) = rollups.weekly([basrah.pk], FIRST, AFTER, exclude_sensitive=False)
    assert (cell.incidents, cell.killed, cell.due) == (41, 41, 1)
    assert WeeklyCount.objects.count() == 1 + (cell.week_start != _week_of_clock(first))
    holds()


def test_a_change_of_nothing_that_is_counted_counts_nothing_anew(log):
    row = log()

    def readings() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT seq_scan + idx_scan FROM pg_stat_xact_user_tables"
                " WHERE relname = 'incidents_incidentresponse'"
            )
            return int(cursor.fetchone()[0])

    before = readings()
    Incident.objects.filter(pk=row.pk).update(version=7, summary="Nothing that is counted")
    assert readings() == before
    Incident.objects.filter(pk=row.pk).update(injured_best=3)
    assert readings() > before
    # A column that is read and not compared would leave a number as it was.
    rule = import_module("incidents.migrations.0015_rollups")
    assert set(re.findall(r"\bi\.(\w+)", rule.ROWS)) == set(rule.COUNTED)


def _week_of_clock(row: Incident) -> date:
    due = IncidentResponse.objects.get(incident=row).due_at
    return periods.Week.of(due, row.site.week_start).start


def test_a_planted_error_is_found_and_set_right(log, basrah):
    log()
    keeping.fold()
    with as_owner():
        WeeklyCount.objects.filter(incidents__gt=0).update(incidents=7)
    said = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("verify_rollups", stdout=said)
    assert refused.value.returncode == 1
    assert f"by district: site_id={basrah.pk} week_start=2026-11-15" in said.getvalue()
    assert "incidents -6" in said.getvalue()

    call_command("verify_rollups", "--rebuild", stdout=said)
    assert AuditEvent.objects.filter(verb="rollups.mended").count() == 1
    call_command("verify_rollups", stdout=said)
    # As a first fill, and after the tables were lost.
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM incidents_weeklycount")
        cursor.execute("DELETE FROM incidents_weeklyplacecount")
    assert keeping.mend() > 0
    holds()


@pytest.mark.parametrize("table", ["weeklycount", "weeklyplacecount", "weeklydelta"])
def test_nobody_edits_a_kept_number(make_user, table):
    for statement in (f"UPDATE incidents_{table} SET killed = 0", f"DELETE FROM incidents_{table}"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with (
        pytest.raises(ProgrammingError),
        acting(make_user(Role.REO_STAFF)),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SELECT * FROM incidents_{table}")


def test_counts_are_read_by_what_is_asked(log, basrah, zubair, django_assert_num_queries):
    log()
    log(type="THR", killed_best=0)
    log(place=Place.objects.get(pcode="IQG02"))
    log(place=Place.objects.get(pcode="IQG02Q02N02"), type="SXV", killed_best=0)
    span: Any = ([basrah.pk, zubair.pk], FIRST, AFTER)

    def read(**more: Any) -> dict[Any, int]:
        names = [rollups._FIELDS[name] for name in more["by"]]
        cells = rollups.weekly(*span, **{"exclude_sensitive": False, **more})
        found = {tuple(getattr(one, name) for name in names): one.received for one in cells}
        return {key: number for key, number in found.items() if number}

    with django_assert_num_queries(1):
        assert read(by=("district", "type")) == {
            ("", "MUR"): 1,
            ("IQG02Q02", "MUR"): 1,
            ("IQG02Q02", "SXV"): 1,
            ("IQG02Q02", "THR"): 1,
        }
    assert read(by=("district",), exclude_sensitive=True) == {("",): 1, ("IQG02Q02",): 2}
    assert read(by=("place",)) == {(ASHAR,): 2, ("IQG02",): 1, ("IQG02Q02N02",): 1}
    assert read(by=("site", "week"), types=["MUR"]) == {(basrah.pk, date(2026, 11, 15)): 2}
    for place, number in (("IQG02", 4), ("IQG02Q02", 3), ("IQG02Q02N02", 3), (ASHAR, 2), ("X", 0)):
        assert sum(read(by=("week",), within=place).values()) == number, place
    (nothing,) = rollups.weekly([zubair.pk], FIRST, AFTER, exclude_sensitive=False, by=())
    assert nothing.received == 0
    (few,) = rollups.weekly(*span, exclude_sensitive=False, by=(), numbers=["killed", "due"])
    assert (few.killed, few.incidents) == (2, 0)
    with pytest.raises(ValueError, match="not by killer"):
        rollups.weekly(*span, exclude_sensitive=False, by=("killer",))


def test_what_happened_since_is_what_a_person_may_see(
    log, basrah, zubair, make_user, worker, supervisor, data_officer, manager
):
    colleague = make_user(Role.WORKER, basrah, zubair)
    log()
    log(type="SXV", killed_best=0)
    log(by=colleague, site=zubair, type="SXV", killed_best=0)
    log(by=colleague, site=zubair, state="returned")
    Incident.objects.update(verification="refuted", verification_reason="x")
    zubair.week_start = 0
    zubair.save()
    people = (worker, colleague, supervisor, data_officer, manager, make_user(Role.REO_STAFF))
    for person in people:
        for day in (date(2026, 11, 15), date(2026, 11, 16), date(2026, 11, 22)):
            kept = rollups.happened_since(person, day)
            assert kept == measures.happened_since(person, day), (person, day)
