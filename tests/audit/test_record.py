"""What an audit event holds, and what it refuses to hold."""

import contextlib
from datetime import date
from decimal import Decimal

import pytest
from django.db import ProgrammingError, connection, transaction

from ceasefire import audit
from ceasefire.audit.exceptions import AppendOnly, AuditRefusal, UnsafeDetail
from ceasefire.audit.models import AuditEvent
from ceasefire.audit.origin import Origin, coming_from
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting, as_system
from ceasefire.people.roles import Role

pytestmark = pytest.mark.django_db


def run_as(role: str, statement: str) -> None:
    """One raw statement under a role, undone where it fails."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else TRUNCATE waits for foreign keys
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)


def test_an_event_says_who_did_what_to_which_record_and_why(supervisor, basrah):
    with acting(supervisor), coming_from(Origin("a" * 64, "b" * 64)):
        event = audit.record(
            "site.changed",
            subject=basrah,
            by=supervisor,
            fields=["name_en"],
            reason="  spelled   wrong ",
            detail={"from": "A", "rows": 2, "on": date(2026, 11, 22), "share": Decimal("0.5")},
        )

    kept = AuditEvent.objects.get(seq=event.seq)
    assert (kept.actor, kept.actor_name) == (supervisor, supervisor.code_name)
    assert kept.acting_id == supervisor.pk
    assert (kept.verb, kept.subject_label, kept.subject_id) == (
        "site.changed",
        "places.site",
        "BASRAH-CENTRE",
    )
    assert kept.site == basrah
    assert (kept.fields, kept.reason) == (["name_en"], "spelled wrong")
    assert kept.detail == {"from": "A", "rows": 2, "on": "2026-11-22", "share": "0.5"}
    assert (kept.address_hash, kept.session_hash) == ("a" * 64, "b" * 64)
    assert kept.database_role == "ceasefire_app"
    assert len(bytes(kept.hash)) == len(bytes(kept.prev)) == 32


def test_the_system_is_recorded_where_nobody_acted():
    with as_system():
        event = audit.record("report.compiled")
    kept = AuditEvent.objects.get(seq=event.seq)
    assert (kept.actor, kept.actor_name, kept.acting_id, kept.site) == (None, "system", None, None)


def test_the_database_notes_who_was_acting_beside_who_was_named(supervisor, manager):
    with acting(manager):
        event = audit.record("incident.accepted", by=supervisor)
    kept = AuditEvent.objects.get(seq=event.seq)
    assert kept.actor == supervisor
    assert kept.acting_id == manager.pk


def test_a_reo_role_writes_to_the_trail_and_reads_nothing_of_it(make_user):
    reo = make_user(Role.REO_STAFF)
    with acting(reo):
        event = audit.record("grant.approved", by=reo, detail={"step": 3})
        with pytest.raises(ProgrammingError), transaction.atomic():
            AuditEvent.objects.count()
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")  # the test's own, to look
    kept = AuditEvent.objects.get(seq=event.seq)
    assert kept.database_role == "ceasefire_reo"
    assert kept.actor == reo


@pytest.mark.parametrize(
    "detail",
    [
        {"name": "علي حسن"},  # a name
        {"note": "met him at the market"},  # a sentence
        {"phone number": 1},  # no code as a key
        {"long": "x" * 65},
        {"deep": [{"er": "two words"}]},
        {"thing": object()},
    ],
)
def test_a_detail_that_is_no_code_is_refused(detail):
    with pytest.raises(UnsafeDetail):
        audit.record("incident.accepted", detail=detail)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("verb", ["accepted", "Incident.accepted", "incident accepted", ""])
def test_a_verb_names_the_record_and_the_act(verb):
    with pytest.raises(AuditRefusal):
        audit.record(verb)


def test_a_field_is_named_not_quoted():
    with pytest.raises(UnsafeDetail):
        audit.record("participant.changed", fields=["علي"])


def test_an_event_that_can_not_be_written_takes_the_work_with_it(supervisor):
    """Failing closed: here the trail's table is taken away under the writer's feet."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("REVOKE INSERT ON audit_auditevent FROM ceasefire_app, ceasefire_reo")

    def work() -> None:
        with contextlib.suppress(ProgrammingError):  # however careless the caller is
            audit.record("incident.accepted", by=supervisor)
        supervisor.save()

    with pytest.raises(transaction.TransactionManagementError), transaction.atomic():
        work()


def test_reading_a_sensitive_record_is_recorded(supervisor, basrah):
    audit.read(basrah, by=supervisor, fields=["name_en"])
    event = AuditEvent.objects.about(basrah).by(supervisor).get()
    assert (event.verb, event.fields) == ("site.read", ["name_en"])


def test_only_the_auditor_reads_the_trail(make_user):
    audit.record("incident.accepted")
    seen = {
        role: AuditEvent.objects.visible_to(make_user(role)).exists()
        for role in (Role.AUDITOR, Role.MANAGER, Role.ADMINISTRATOR, Role.WORKER, Role.REO_STAFF)
    }
    assert [role for role, sees in seen.items() if sees] == [Role.AUDITOR]


def test_an_event_is_not_written_or_removed_by_the_model():
    audit.record("incident.accepted")
    with pytest.raises(AppendOnly):
        AuditEvent.objects.get().save()
    with pytest.raises(AppendOnly):
        AuditEvent.objects.get().delete()


@pytest.mark.parametrize("role", ["ceasefire_app", "ceasefire_reo"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET reason = ''",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent",
        "ALTER TABLE audit_auditevent DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_chain ON audit_auditevent",
        "ALTER TABLE audit_auditevent ADD COLUMN more int",
        "CREATE RULE nothing AS ON INSERT TO audit_auditevent DO INSTEAD NOTHING",
        "ALTER FUNCTION audit_piece(text) RENAME TO other",
        "SET session_replication_role = replica",
    ],
)
def test_no_role_of_the_program_can_touch_the_trail(role, statement):
    audit.record("incident.accepted", reason="as it was")
    with pytest.raises(ProgrammingError):
        run_as(role, statement)
    assert AuditEvent.objects.get().reason == "as it was"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET reason = ''",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent",
    ],
)
def test_even_the_owner_is_refused_while_the_triggers_stand(statement):
    audit.record("incident.accepted")
    with pytest.raises(ProgrammingError, match="append-only"):
        run_as(connection.settings_dict["USER"], statement)


@pytest.mark.parametrize("statement", ["SELECT 1 FROM audit_auditevent", "TABLE audit_auditevent"])
def test_the_reo_role_selects_nothing(statement):
    audit.record("incident.accepted")
    with pytest.raises(ProgrammingError):
        run_as("ceasefire_reo", statement)


def test_number_time_role_and_hashes_can_not_be_supplied():
    """The chain's columns are the database's, whatever an INSERT says."""
    audit.record("incident.accepted")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO audit_auditevent
              (seq, at, prev, hash, database_role, acting_id, actor_name, verb, subject_label,
               subject_id, fields, reason, detail, address_hash, session_hash)
            VALUES (99, '2001-01-01', '\\x00', '\\x00', 'postgres', gen_random_uuid(),
                    'system', 'x.y', '', '', '{}', '', '{}', '', '')
            """
        )
    first, second = AuditEvent.objects.all()
    assert second.seq == 2
    assert second.at >= first.at
    assert bytes(second.prev) == bytes(first.hash)
    assert second.database_role == "ceasefire_app"
    assert second.acting_id is None
    assert audit.verify().whole
