"""Organisations, and the people behind them under seal."""

import base64
import secrets
from io import StringIO

import pytest
from django.core.management import call_command

from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import acting
from grants.exceptions import NameMissing, NotForThisPerson
from grants.models import Organisation, OrganisationPerson
from grants.services import organisations
from tests.grants import office as world

pytestmark = pytest.mark.django_db


def key_line(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}\n"


def test_marks_that_reorder_text_are_taken_out_of_a_name(office):
    made = world.organisation(office, "Basra \u202egnitseb\u202c  Youth")

    assert made.name_en == "Basra gnitseb Youth"
    assert made.code == "ORG-0001"


def test_an_organisation_has_a_name(office):
    with acting(office.requester), pytest.raises(NameMissing):
        organisations.add_organisation(
            kind="NGO",
            district=world.Place.objects.get(pcode="IQG02Q02"),
            name_en="\u202e ",
            by=office.requester,
        )


def test_only_a_vetting_officer_reads_the_names_and_it_is_in_the_trail(office):
    made = world.organisation(office)
    with acting(office.requester):
        person = organisations.add_person(
            made, full_name_ar="علي حسن", birth_year="1970", by=office.requester
        )
        with pytest.raises(NotForThisPerson):
            organisations.names_of([person], by=office.requester)
    with acting(office.vetting):
        names = organisations.names_of([person], by=office.vetting)

    assert names[person.pk]["full_name_ar"] == "علي حسن"
    event = AuditEvent.objects.get(verb="organisation_person.read")
    assert event.detail == {"subjects": [str(person.pk)]}
    assert "علي".encode() not in bytes(OrganisationPerson.objects.get().sealed)


def test_a_seal_that_was_moved_to_another_row_does_not_open(office):
    made = world.organisation(office)
    with acting(office.requester):
        first = organisations.add_person(made, name_en="Ali", by=office.requester)
        second = organisations.add_person(made, name_en="Omar", by=office.requester)
    OrganisationPerson.objects.filter(pk=second.pk).update(sealed=bytes(first.sealed))
    second.refresh_from_db()

    with acting(office.vetting):
        assert organisations.names_of([second], by=office.vetting) == {second.pk: None}
    assert AuditEvent.objects.filter(verb="organisation_person.seal_broken").exists()


def test_a_rotation_of_the_keys_reaches_the_people_and_voids_no_clearance(
    office, settings, tmp_path
):
    file = tmp_path / "vault-keys"
    file.write_text(key_line("old"))
    settings.VAULT_KEYS_FILE = str(file)
    made = world.organisation(office)
    with acting(office.requester):
        person = organisations.add_person(made, name_en="Ali", by=office.requester)
    before = Organisation.objects.get().version
    file.write_text(file.read_text() + key_line("new"))
    out = StringIO()

    call_command("rotate_keys", stdout=out)

    assert "new: 1  (current)" in out.getvalue()
    file.write_text(file.read_text().splitlines()[1] + "\n")
    person.refresh_from_db()
    with acting(office.vetting):
        assert organisations.names_of([person], by=office.vetting)[person.pk]["name_en"] == "Ali"
    assert Organisation.objects.get().version == before == 2
