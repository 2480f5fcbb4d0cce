"""The chain under load, and what the verifier finds."""

import json
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ceasefire import audit
from ceasefire.audit.models import AuditEvent
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting


def write(number: int, **facts) -> None:
    for _ in range(number):
        audit.record("incident.accepted", **facts)


def tamper(statement: str) -> None:
    """As the owner with the triggers off: what the trail can not prevent, the verifier finds."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE audit_auditevent ENABLE TRIGGER USER")


@pytest.mark.django_db
def test_an_untouched_chain_holds_in_every_time_zone(supervisor, basrah):
    with acting(supervisor):
        write(
            3,
            by=supervisor,
            subject=basrah,
            fields=["a", "b_c"],
            reason="عربي: 1:2",
            detail={"n": [1, None, 2.5]},
        )
    write(2)
    for zone in ("UTC", "Asia/Baghdad", "America/New_York"):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL TIME ZONE %s", [zone])
        verdict = audit.verify()
        assert (verdict.whole, verdict.events) == (True, 5)


@pytest.mark.django_db
def test_an_empty_trail_holds():
    verdict = audit.verify()
    assert (verdict.whole, verdict.events, verdict.head_seq) == (True, 0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_auditevent SET reason = 'other' WHERE seq = 3", 3),
        ("UPDATE audit_auditevent SET at = at + interval '1 microsecond' WHERE seq = 1", 1),
        ("UPDATE audit_auditevent SET actor_name = 'other' WHERE seq = 5", 5),
        ("UPDATE audit_auditevent SET actor_id = NULL WHERE seq = 2", 2),
        ("UPDATE audit_auditevent SET acting_id = gen_random_uuid() WHERE seq = 2", 2),
        ("UPDATE audit_auditevent SET verb = 'incident.returned' WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET subject_id = 'x' WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET fields = '{a}' WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET fields = '{}', reason = 'ab' WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET detail = '{\"n\": 2}' WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET address_hash = 'x' WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET session_hash = 'x' WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET database_role = 'x' WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET hash = sha256('x') WHERE seq = 4", 4),
        ("UPDATE audit_auditevent SET prev = sha256('x') WHERE seq = 4", 4),
        ("DELETE FROM audit_auditevent WHERE seq = 3", 3),  # a gap
        ("DELETE FROM audit_auditevent WHERE seq = 1", 1),
        # a gap that was closed again
        ("DELETE FROM audit_auditevent WHERE seq = 3;"
         "UPDATE audit_auditevent SET seq = seq - 1 WHERE seq = 4;"
         "UPDATE audit_auditevent SET seq = seq - 1 WHERE seq = 5", 3),
    ],
)  # fmt: skip
def test_a_tampered_trail_is_found_with_its_number(supervisor, statement, broken):
    write(5, by=supervisor, fields=["a", "b"], detail={"n": 1})
    tamper(statement)
    assert audit.verify().broken == broken


@pytest.mark.django_db
def test_a_cut_tail_is_found_only_beside_an_outside_copy_of_the_head(tmp_path):
    write(5)
    head = tmp_path / "head.json"
    call_command("audit_head", output=str(head))
    write(2)
    assert audit.verify(json.loads(head.read_text())).whole

    tamper("DELETE FROM audit_auditevent WHERE seq > 3")

    assert audit.verify().whole
    assert audit.verify(json.loads(head.read_text())).broken == 4


@pytest.mark.django_db
def test_a_cut_tail_that_grew_again_does_not_match_the_head(tmp_path):
    write(5)
    head = tmp_path / "head.json"
    call_command("audit_head", output=str(head))
    tamper("DELETE FROM audit_auditevent WHERE seq > 3")
    write(4)
    assert audit.verify().whole
    assert audit.verify(json.loads(head.read_text())).broken == 5


@pytest.mark.django_db
def test_the_command_prints_the_number_and_ends_with_one(tmp_path):
    write(3)
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue().startswith("3 events")

    tamper("UPDATE audit_auditevent SET reason = 'other' WHERE seq = 2")
    out = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("verify_audit", stdout=out)
    assert (out.getvalue(), refused.value.returncode) == ("2\n", 1)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "[]", '{"seq": 1}', '{"seq": "x", "hash": "00"}'])
def test_a_file_that_is_no_head_is_a_wrong_argument(tmp_path, text):
    file = tmp_path / "head.json"
    file.write_text(text)
    for name in (file, tmp_path / "missing"):
        with pytest.raises(CommandError) as refused:
            call_command("verify_audit", head=str(name))
        assert refused.value.returncode == 2


@pytest.mark.django_db
def test_the_head_is_moved_into_place_whole(tmp_path):
    write(1)
    call_command("audit_head", output=str(tmp_path / "head.json"))
    assert [file.name for file in tmp_path.iterdir()] == ["head.json"]
    head = json.loads((tmp_path / "head.json").read_text())
    assert head["seq"] == 1
    assert head["hash"] == bytes(AuditEvent.objects.get().hash).hex()


@pytest.mark.django_db(transaction=True)
def test_five_hundred_appends_over_32_connections_leave_a_whole_chain():
    """Half of the writers also roll one event back: no gap may stay."""

    def append(number: int) -> None:
        try:
            for turn in range(16 if number < 20 else 15):
                audit.record("incident.accepted", detail={"writer": number, "turn": turn})
            if number % 2:
                with transaction.atomic():
                    audit.record("incident.accepted")
                    transaction.set_rollback(True)
        finally:
            connection.close()

    with ThreadPoolExecutor(32) as threads:
        for done in [threads.submit(append, number) for number in range(32)]:
            done.result(60)

    verdict = audit.verify()
    assert (verdict.whole, verdict.events) == (True, 500)


@pytest.mark.django_db(transaction=True)
def test_an_event_stands_or_falls_with_what_it_records():
    with transaction.atomic():
        audit.record("incident.accepted")
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()
    assert audit.record("incident.accepted").seq == 1
