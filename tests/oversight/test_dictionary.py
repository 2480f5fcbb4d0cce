"""Every field that can say something about a person says why it is kept and for how long."""

import pytest
from django.core.management import CommandError, call_command
from django.db import models
from django.test.utils import isolate_apps

from ceasefire.codes.lists import LISTS
from ceasefire.codes.outreach_lists import OUTREACH_LISTS
from ceasefire.oversight import describe
from ceasefire.oversight.dictionary import (
    CODE_LISTS,
    NOT_PERSONAL,
    PERSONAL,
    RETENTION,
    SEALED,
)
from ceasefire.people.models import User
from ceasefire.places.models import Site


def test_every_telling_field_says_what_it_is():
    assert describe.unspoken() == []


def test_every_name_in_the_dictionary_is_a_field():
    assert describe.stale() == []


def test_no_field_is_both_personal_and_not():
    assert PERSONAL.keys() & NOT_PERSONAL.keys() == set()


@pytest.mark.parametrize("name", [*PERSONAL, *SEALED])
def test_a_personal_field_has_a_purpose_and_a_retention_class(name):
    personal = PERSONAL.get(name) or SEALED[name]

    assert personal.purpose
    assert personal.retention in RETENTION


def test_every_retention_class_is_used():
    used = {personal.retention for personal in (*PERSONAL.values(), *SEALED.values())}

    assert used == set(RETENTION)


def test_code_lists_are_lists_we_ship():
    assert set(CODE_LISTS.values()) <= {*LISTS, *OUTREACH_LISTS}


def test_what_a_record_says_is_sealed_stands_among_the_sealed_fields():
    for model in describe.our_models():
        for field in model._meta.local_fields:
            if field.name.startswith("has_sealed_"):
                sealed = field.name.removeprefix("has_sealed_")
                assert f"{model._meta.label}.{sealed}" in SEALED


@pytest.mark.parametrize(
    ("field", "needed"),
    [
        (models.TextField(), True),
        (models.JSONField(), True),
        (models.CharField(max_length=9), True),
        (models.CharField(max_length=9, choices=[("a", "A")]), False),
        (models.GenericIPAddressField(), True),
        (models.BinaryField(), True),
        (models.ForeignKey(User, models.CASCADE, related_name="+"), True),
        (models.ForeignKey(Site, models.CASCADE, related_name="+"), False),
        (models.ManyToManyField(User, related_name="+"), True),
        (models.IntegerField(), False),
    ],
)
def test_a_new_field_of_this_kind_has_to_be_spoken_for(field, needed):
    with isolate_apps("ceasefire.codes"):
        meta = type("Meta", (), {"app_label": "codes"})
        made = type("Madeup", (models.Model,), {"Meta": meta, "__module__": __name__, "one": field})

    assert describe.needs_a_word(made._meta.get_field("one")) is needed


def test_the_page_in_the_documentation_is_what_the_command_writes_now(tmp_path):
    call_command("data_dictionary", check=True)


def test_the_command_says_that_a_file_is_out_of_date(tmp_path):
    old = tmp_path / "dictionary.md"
    old.write_text("old")

    with pytest.raises(CommandError, match="out of date"):
        call_command("data_dictionary", check=True, output=str(old))
    call_command("data_dictionary", output=str(old))
    call_command("data_dictionary", check=True, output=str(old))


def test_the_page_tells_the_rights_of_the_migrations(tmp_path):
    page = describe.page()

    assert "| `audit_auditevent` | `audit.AuditEvent` | select, insert | insert |" in page
    assert "| `incidents_incident` | `incidents.Incident` | all four | – |" in page


def test_the_command_refuses_while_a_field_is_unspoken(monkeypatch, tmp_path):
    monkeypatch.delitem(PERSONAL, "incidents.Source.text")

    with pytest.raises(CommandError, match="not complete"):
        call_command("data_dictionary", output=str(tmp_path / "dictionary.md"))
