"""Organisations in the browser: found in either script, entered once, their people under seal."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import acting
from grants.models import Organisation, OrganisationBlock, OrganisationPerson
from grants.services import organisations
from tests.conftest import maker_of_users
from tests.grants import office as world

NEW = "grants:organisation_new"
FACTS = {"kind": "NGO", "district": ""}


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            made = world.organisation(office, "Basra Youth Association")
            FACTS["district"] = str(made.district_id)
            yield SimpleNamespace(office=office, made=made)
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def browser(stage: SimpleNamespace, db: None) -> Callable[[str], Client]:
    def sign_in(duty: str) -> Client:
        client = Client()
        client.force_login(getattr(stage.office, duty))
        return client

    return sign_in


@pytest.mark.parametrize(
    "words", ["youth basra", "شباب", "شَبَاب البصره", "ORG-0001", "org-0001 association"]
)
def test_one_is_found_by_words_of_either_script_however_they_are_written(browser, words):
    client = browser("viewer")
    address = reverse("grants:organisation_list")

    def found(**asked: str) -> bool:
        return "organisations/ORG-0001/" in client.get(address, asked).content.decode()

    assert found(q=words)
    assert not found(q=f"{words} nowhere")
    assert not found(q=words, status="BLOCKED")


def test_one_that_sounds_like_another_is_entered_only_when_somebody_looked(browser):
    client = browser("requester")
    facts = {**FACTS, "name_ar": "مؤسسة شباب البصره"}

    asked = client.post(reverse(NEW), facts)

    assert asked.status_code == 422
    assert "ORG-0001" in asked.content.decode()
    assert Organisation.objects.count() == 1
    done = client.post(reverse(NEW), {**facts, "another": "on"})
    assert done["Location"].endswith("/ORG-0002/")
    assert client.post(reverse(NEW), {**FACTS, "name_en": "Salt Boats"}).status_code == 302


def test_a_name_that_turns_letters_around_is_refused_where_it_is_typed(browser):
    client = browser("requester")

    refused = client.post(reverse(NEW), {**FACTS, "name_en": "Salt \u202estaoB"})

    assert refused.status_code == 422
    assert "invisible marks" in refused.content.decode()
    assert "\u202e" not in refused.content.decode()
    assert Organisation.objects.count() == 1


def test_a_name_like_a_formula_is_kept_and_escaped_in_the_file(browser):
    client = browser("requester")
    client.post(reverse(NEW), {**FACTS, "name_en": "=2+3 Boats"})

    assert Organisation.objects.get(code="ORG-0002").name_en == "=2+3 Boats"
    file = browser("viewer").get(reverse("grants:organisation_export"), {"q": "boats"})
    text = b"".join(file.streaming_content).decode("utf-8-sig")
    assert "'=2+3 Boats" in text
    assert "ORG-0001" not in text


def test_another_name_is_another_version_and_a_form_of_an_older_one_is_refused(browser, stage):
    client = browser("officer")
    address = reverse("grants:organisation_change", args=["ORG-0001"])
    facts = {**FACTS, "name_en": "Basra Youth League", "version": "1"}

    assert client.post(address, facts).status_code == 302
    assert Organisation.objects.get().version == 2
    late = client.post(address, {**facts, "name_en": "Late"})
    assert late.status_code == 422
    assert "Late" in late.content.decode()
    assert "league" in Organisation.objects.get().search_text


def test_one_is_blocked_and_let_go_with_reasons_that_stand_on_its_page(browser):
    address = reverse("grants:organisation_block", args=["ORG-0001"])
    assert browser("requester").get(address).status_code == 403
    client = browser("vetting")

    assert client.post(address, {"reason": " "}).status_code == 422
    client.post(address, {"reason": "two sites do not exist"})
    assert Organisation.objects.get().status == "BLOCKED"
    client.post(address, {"reason": "they were found"})

    assert Organisation.objects.get().status == "ACTIVE"
    assert OrganisationBlock.objects.count() == 2
    page = browser("viewer").get(reverse("grants:organisation_detail", args=["ORG-0001"]))
    assert "two sites do not exist" in page.content.decode()


def test_names_of_people_are_for_vetting_officers_and_each_reading_is_recorded(browser, stage):
    people = reverse("grants:organisation_people", args=["ORG-0001"])
    new = reverse("grants:person_new", args=["ORG-0001"])
    client = browser("vetting")
    assert client.post(new, {"birth_year": "1975"}).status_code == 422
    client.post(new, {"full_name_ar": "سمير هادي", "birth_year": "١٩٧٥", "function": "signs"})
    person = OrganisationPerson.objects.get()
    change = reverse("grants:person_change", args=["ORG-0001", person.pk])
    left = reverse("grants:person_left", args=["ORG-0001", person.pk])

    for duty in ("requester", "officer", "approver"):
        for address in (people, new, change):
            assert browser(duty).get(address).status_code == 403
        page = browser(duty).get(reverse("grants:organisation_detail", args=["ORG-0001"]))
        assert "ORG-0001/1" in page.content.decode()
        assert "سمير" not in page.content.decode()
    assert "سمير هادي" in client.get(people).content.decode()
    assert AuditEvent.objects.filter(verb="organisation_person.read").count() == 1
    assert "1975" in client.get(change).content.decode()
    client.post(change, {"full_name_ar": "سمير هادي جاسم"})
    client.post(left)
    assert client.get(change).status_code == 200
    person.refresh_from_db()
    assert (person.version, person.left_at is None) == (2, False)
    assert Organisation.objects.get().version == 4
    trail = " ".join(str(one.detail) + one.reason for one in AuditEvent.objects.all())
    assert "سمير" not in trail


def test_alike_is_heard_across_scripts_and_not_by_what_every_group_is_called(stage, db):
    assert [one.code for one in organisations.alike("Shabab al-Basra", "")] == ["ORG-0001"]
    with acting(stage.office.requester):
        assert organisations.alike("Pelican Trading Company", "") == []
