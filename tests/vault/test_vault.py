"""Who reads what is sealed, what is left of it in the trail, and what refuses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ceasefire import audit, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.database.roles import as_owner
from ceasefire.people.roles import Role
from ceasefire.vault.models import BlindIndex, RevealCount, Sealed

pytestmark = pytest.mark.django_db

NAME = "علي حسن الكعبي"


@pytest.fixture
def record(basrah):
    """Any saved record serves: the vault knows tables, columns and keys only."""
    return basrah


def events(*verbs):
    return list(AuditEvent.objects.filter(verb__in=verbs).values_list("verb", "subject_id"))


def test_the_table_holds_no_letter_of_what_is_sealed(record, worker):
    vault.seal(record, "name", NAME, by=worker, index="name")
    row = Sealed.objects.get()
    assert NAME.encode() not in bytes(row.ciphertext)
    assert NAME.encode("utf-16-le") not in bytes(row.ciphertext)
    assert row.updated_by == worker
    assert vault.unseal(record, "name", by=worker) == NAME


def test_sealing_again_replaces_and_an_empty_text_takes_away(record, worker):
    vault.seal(record, "phone", "07701234567", by=worker, index="phone")
    vault.seal(record, "phone", "07801234567", by=worker, index="phone")
    assert vault.unseal(record, "phone", by=worker) == "07801234567"
    assert vault.find("phone", "07701234567") == []
    assert len(vault.find("phone", "+964 780 123 4567")) == 1

    vault.seal(record, "phone", "", by=worker, index="phone")
    assert vault.unseal(record, "phone", by=worker) == ""
    assert not Sealed.objects.exists()
    assert not BlindIndex.objects.exists()


def test_many_new_records_are_sealed_at_one_go(basrah, zubair, worker, django_assert_num_queries):
    items = [
        vault.Item(basrah, "name", "أحمد علي", "name"),
        vault.Item(zubair, "name", "احمد علي", "name"),
        vault.Item(zubair, "contact", ""),
    ]
    with django_assert_num_queries(4):  # two of them open and close the savepoint
        assert vault.seal_rows(items, by=worker) == 2
    assert vault.unseal(basrah, "name", by=worker) == "أحمد علي"
    assert [match.row for match in vault.find("name", "احمد علي")] == [
        str(basrah.pk),
        str(zubair.pk),
    ]


def test_every_reading_leaves_an_event(record, worker):
    vault.seal(record, "notes", NAME, by=worker)
    vault.unseal(record, "notes", by=worker)
    event = AuditEvent.objects.get(verb="vault.read")
    assert (event.actor, event.subject_id, event.fields) == (worker, record.code, ["notes"])
    assert event.detail == {}


def test_a_list_is_read_in_one_event_that_names_every_record(basrah, zubair, worker):
    vault.seal(basrah, "alias", "a", by=worker)
    vault.seal(zubair, "alias", "b", by=worker)
    read = vault.unseal_rows([basrah, zubair], ["alias", "notes"], by=worker)
    assert read == {
        basrah.pk: {"alias": "a", "notes": ""},
        zubair.pk: {"alias": "b", "notes": ""},
    }
    event = AuditEvent.objects.get(verb="vault.list_read")
    assert event.detail == {"label": "places.site", "subjects": [basrah.code, zubair.code]}


def test_lists_of_several_tables_are_read_at_once_and_recorded_each(basrah, zubair, worker):
    vault.seal(basrah, "alias", "a", by=worker)
    vault.seal(zubair, "notes", "b", by=worker)
    vault.seal(worker, "notes", "c", by=worker)
    groups = [
        ([basrah, zubair], ["alias"]),
        ([zubair], ["notes"]),
        ([], ["x"]),
        ([worker], ["notes"]),
    ]
    with CaptureQueriesContext(connection) as queries:
        read = vault.unseal_groups(groups, by=worker)
    assert read == [
        {basrah.pk: {"alias": "a"}, zubair.pk: {"alias": ""}},
        {zubair.pk: {"notes": "b"}},
        {},
        {worker.pk: {"notes": "c"}},
    ]
    assert len([one for one in queries if "vault_sealed" in one["sql"]]) == 1
    trail = AuditEvent.objects.filter(verb="vault.list_read").order_by("seq")
    assert [(one.fields, one.detail["subjects"]) for one in trail] == [
        (["alias"], [basrah.code]),
        (["notes"], [zubair.code]),
        (["notes"], [str(worker.pk)]),
    ]


MAY_REVEAL = (Role.WORKER, Role.SUPERVISOR, Role.MANAGER)


@pytest.mark.parametrize("role", [role for role in Role if role not in MAY_REVEAL])
def test_a_role_without_the_permission_reveals_nothing(record, make_user, role):
    vault.seal(record, "name", NAME, by=None)
    with pytest.raises(vault.RevealRefused):
        vault.reveal(record, "name", by=make_user(role), reason="a reason")
    assert events("vault.revealed", "vault.reveal_refused") == [
        ("vault.reveal_refused", record.code)
    ]


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_an_identity_is_revealed_for_a_reason(record, manager, reason):
    vault.seal(record, "name", NAME, by=manager)
    with pytest.raises(vault.ReasonMissing):
        vault.reveal(record, "name", by=manager, reason=reason)
    assert not events("vault.revealed")


def test_a_reveal_is_in_the_trail_with_its_reason_and_without_the_name(record, manager):
    vault.seal(record, "name", NAME, by=manager)
    assert vault.reveal(record, "name", by=manager, reason="hospital asks") == NAME
    event = AuditEvent.objects.get(verb="vault.revealed")
    assert (event.actor, event.reason, event.fields) == (manager, "hospital asks", ["name"])
    assert vault.reveals_left(manager) == 14


def test_without_the_event_nothing_is_revealed(record, manager):
    vault.seal(record, "name", NAME, by=manager)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("REVOKE INSERT ON audit_auditevent FROM ceasefire_app, ceasefire_reo")
    with pytest.raises(ProgrammingError), transaction.atomic():
        vault.reveal(record, "name", by=manager, reason="hospital asks")
    assert not RevealCount.objects.exists()


def test_nothing_sealed_is_said_and_not_counted(record, manager):
    with pytest.raises(vault.NothingSealed):
        vault.reveal(record, "name", by=manager, reason="hospital asks")
    assert vault.reveals_left(manager) == 15


def test_the_sixteenth_reveal_of_a_day_is_refused_and_said(record, manager, supervisor):
    vault.seal(record, "name", NAME, by=manager)
    for _ in range(15):
        vault.reveal(record, "name", by=manager, reason="hospital asks")
    with pytest.raises(vault.RevealLimitReached):
        vault.reveal(record, "name", by=manager, reason="hospital asks")

    assert AuditEvent.objects.filter(verb="vault.revealed").count() == 15
    refusal = AuditEvent.objects.get(verb="vault.reveal_refused")
    assert (refusal.actor, refusal.detail) == (manager, {"why": "limit"})
    # Another person has a limit of their own; another day begins anew.
    assert vault.reveal(record, "name", by=supervisor, reason="hospital asks") == NAME
    count = RevealCount.objects.get(user=manager)
    count.day -= timedelta(days=1)
    count.save()
    assert vault.reveal(record, "name", by=manager, reason="hospital asks") == NAME


@pytest.mark.django_db(transaction=True)
def test_parallel_reveals_share_one_limit(record, manager):
    vault.seal(record, "name", NAME, by=manager)

    def reveal(_number: int) -> bool:
        try:
            return vault.reveal(record, "name", by=manager, reason="hospital asks") == NAME
        except vault.RevealLimitReached:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        revealed = sum(threads.map(reveal, range(24)))

    assert revealed == 15
    assert AuditEvent.objects.filter(verb="vault.revealed").count() == 15
    assert AuditEvent.objects.filter(verb="vault.reveal_refused").count() == 9
    assert audit.verify().whole


@pytest.mark.parametrize(
    "attack",
    [
        # two people's names changed round
        """UPDATE vault_sealed a SET ciphertext = b.ciphertext FROM vault_sealed b
            WHERE a."column" = b."column" AND a.row <> b.row""",
        # the alias, open to the team, made to show the name
        """UPDATE vault_sealed a SET ciphertext = b.ciphertext FROM vault_sealed b
            WHERE a."column" <> b."column" AND a.row = b.row""",
        # one bit
        "UPDATE vault_sealed SET ciphertext = set_bit(ciphertext, 99, 1 - get_bit(ciphertext, 99))",
        # cut
        "UPDATE vault_sealed SET ciphertext = substr(ciphertext, 1, 20)",
    ],
)
def test_a_moved_or_changed_seal_refuses_and_raises_an_alarm(basrah, zubair, manager, attack):
    for record in (basrah, zubair):
        vault.seal(record, "name", f"name of {record.code}", by=None)
        vault.seal(record, "alias", f"alias of {record.code}", by=None)
    with connection.cursor() as cursor:
        cursor.execute(attack)

    for record in (basrah, zubair):
        for field in ("name", "alias"):
            with pytest.raises(vault.SealBroken):
                vault.unseal(record, field, by=manager)
    with pytest.raises(vault.SealBroken):
        vault.reveal(basrah, "name", by=manager, reason="hospital asks")
    assert vault.unseal_rows([basrah], ["alias"], by=manager) == {basrah.pk: {"alias": None}}

    assert not events("vault.read", "vault.revealed", "vault.list_read")
    assert len(events("vault.seal_broken")) == 6
    assert vault.reveals_left(manager) == 15


def test_a_text_under_a_key_that_is_gone_is_withheld(record, manager):
    vault.seal(record, "name", NAME, by=manager)
    Sealed.objects.update(key_id="gone")
    with pytest.raises(vault.UnknownKey):
        vault.unseal(record, "name", by=manager)


def test_a_sealed_value_is_found_exactly_and_the_search_is_recorded(basrah, zubair, worker):
    vault.seal(basrah, "name", "أحمد علي", by=worker, index="name")
    vault.seal(zubair, "alias", "احمد علي", by=worker, index="alias")
    found = vault.find("name", "احمد  عَلي", by=worker)
    assert found == [("places_site", "name", str(basrah.pk))]
    assert vault.find("name", "احمد", by=worker) == []
    details = AuditEvent.objects.filter(verb="vault.searched").values_list("detail", flat=True)
    assert list(details) == [{"kind": "name", "found": 1}, {"kind": "name", "found": 0}]


def test_forgetting_leaves_neither_text_nor_index(basrah, zubair, manager):
    for record in (basrah, zubair):
        vault.seal(record, "name", NAME, by=manager, index="name")
        vault.seal(record, "phone", "07701234567", by=manager, index="phone")

    assert vault.forget(basrah, by=manager) == 2

    assert set(Sealed.objects.values_list("row", flat=True)) == {str(zubair.pk)}
    assert set(BlindIndex.objects.values_list("row", flat=True)) == {str(zubair.pk)}
    event = AuditEvent.objects.get(verb="vault.forgotten")
    assert (event.subject_id, event.fields) == (basrah.code, ["name", "phone"])
    assert vault.forget(basrah, by=manager) == 0


@pytest.mark.parametrize("table", ["vault_sealed", "vault_blindindex", "vault_revealcount"])
@pytest.mark.parametrize(
    "statement", ["SELECT 1 FROM {}", "DELETE FROM {}", "UPDATE {} SET id = 1", "TRUNCATE {}"]
)
def test_the_reo_role_has_no_right_in_the_vault(table, statement):
    def attempt() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE ceasefire_reo")
            cursor.execute(statement.format(table))

    with pytest.raises(ProgrammingError, match="permission denied"):
        attempt()
