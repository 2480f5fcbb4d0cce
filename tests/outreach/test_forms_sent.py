"""A form that comes again: the same makes nothing new, another content is refused and said so."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse

from ceasefire import periods
from outreach.exceptions import SentOtherwise
from outreach.models import CaseNote, Contact, SentForm
from outreach.services import contacts, forms, notes
from tests.incidents import test_two_connections as two

pytestmark = pytest.mark.django_db


def test_the_same_form_again_is_the_same_record(case: Any, worker: Any) -> None:
    one, key = case(), uuid4()
    first = notes.write(one, kind="progress", text="He came.", by=worker, key=key)
    again = notes.write(one, kind="progress", text="He came.", by=worker, key=key)
    assert first == again
    assert CaseNote.objects.count() == SentForm.objects.count() == 1


def test_another_content_under_the_same_key_is_refused_and_nothing_is_kept_of_it(
    case: Any, worker: Any
) -> None:
    one, key = case(), uuid4()
    notes.write(one, kind="progress", text="He came.", by=worker, key=key)
    with pytest.raises(SentOtherwise), transaction.atomic():
        notes.write(one, kind="progress", text="He came, and he is afraid.", by=worker, key=key)
    assert CaseNote.objects.count() == 1


def test_a_key_of_another_kind_of_form_is_refused(case: Any, worker: Any) -> None:
    one, key = case(), uuid4()
    notes.write(one, kind="progress", text="He came.", by=worker, key=key)
    with pytest.raises(SentOtherwise), transaction.atomic():
        contacts.record_contact(one, mode="home", by=worker, key=key)
    assert not Contact.objects.exists()


def test_the_page_says_so_and_keeps_what_is_typed(case: Any, worker: Any, signed_in: Any) -> None:
    one, client = case(), signed_in(worker)
    there = reverse("outreach:note_new", args=[one.code])
    sent = {"key": str(uuid4()), "kind": "progress", "text": "He came."}
    assert client.post(there, sent).status_code == 302
    assert client.post(there, sent).status_code == 302
    answer = client.post(there, {**sent, "text": "He came, and he is afraid."})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "This form arrived before, with other answers" in page
    assert "He came, and he is afraid." in page
    assert CaseNote.objects.count() == 1


def test_what_is_remembered_is_no_word_and_is_forgotten_after_a_week(
    case: Any, worker: Any
) -> None:
    notes.write(case(), kind="progress", text="He came.", by=worker, key=uuid4())
    kept = SentForm.objects.get()
    assert len(kept.content_hash) == 64
    assert forms.forget_old() == 0
    long_ago = periods.now() - timedelta(days=8)
    SentForm.objects.create(key=uuid4(), content_hash=kept.content_hash, at=long_ago)
    assert forms.forget_old() == 1
    assert SentForm.objects.get() == kept


@pytest.mark.django_db(transaction=True)
def test_two_contents_at_once_leave_one(case: Any, worker: Any) -> None:
    one, key = case(), uuid4()

    def write(text: str) -> Any:
        return lambda: notes.write(one, kind="progress", text=text, by=worker, key=key)

    outcome = two.meet(write("He came."), write("He did not come."))
    assert isinstance(outcome, SentOtherwise)
    assert CaseNote.objects.count() == 1
