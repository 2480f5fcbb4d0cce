"""List files: uploaded, read by a worker or refused whole, in force until a newer one comes."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from ceasefire import jobs, periods
from ceasefire.audit.models import AuditEvent
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting
from grants import screening
from grants.demo import vetting as demo
from grants.exceptions import (
    ListDamaged,
    ListTaken,
    NotAllowedFromHere,
    NotForThisPerson,
    ScreeningListRefused,
    SecondPersonNeeded,
)
from grants.models import ScreeningList, ScreeningListPart, ScreeningRule
from grants.services import kept_indexes, lists
from tests.conftest import maker_of_users
from tests.grants import office as world
from tests.grants.screening.list_samples import ALT_CSV, PUBLISHED, SDN_CSV, un_xml


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """An office, a fund that asks for the made-up list, and the list of a month ago."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            yield SimpleNamespace(office=office, fund=world.open_fund(office))
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def office(stage: SimpleNamespace, db: None) -> SimpleNamespace:
    lists._ready.clear()
    return stage.office


def today() -> Any:
    return periods.now().date()


def upload(office: Any, *files: bytes, format: str = "un-xml", **facts: Any) -> ScreeningList:
    with acting(office.vetting):
        return lists.upload(
            [BytesIO(content) for content in files], format=format, by=office.vetting, **facts
        )


def test_a_worker_reads_a_list_and_the_newer_one_is_in_force(office):
    before = lists.in_force(today())
    made = upload(office, demo.list_file(today(), demo.LISTED[:2]))
    assert made.state == "WAITING"
    assert lists.in_force(today()) == before

    jobs.work_due()

    made.refresh_from_db()
    assert (made.state, made.dated, made.entries, made.names, made.done) == (
        "READY",
        today(),
        2,
        4,
        100,
    )
    assert lists.in_force(today()) == [made]
    assert lists.in_force(today() - timedelta(days=1)) == before
    assert {one.verb for one in AuditEvent.objects.filter(verb__startswith="screening_list")} == {
        "screening_list.uploaded",
        "screening_list.read",
    }
    with pytest.raises(ListTaken):
        upload(office, demo.list_file(today(), demo.LISTED[:2]))


def test_both_files_of_a_csv_are_read_with_the_day_that_was_given(office):
    with pytest.raises(ScreeningListRefused, match="no date"):
        upload(office, SDN_CSV, ALT_CSV, format="ofac-csv")
    made = upload(office, SDN_CSV, ALT_CSV, format="ofac-csv", published=PUBLISHED)
    lists.read(made.pk)

    made.refresh_from_db()
    assert (made.state, made.source, made.dated, made.entries) == ("READY", "OFAC", PUBLISHED, 3)
    assert {one.source for one in lists.in_force(today())} == {"OFAC", "UN"}


def test_a_file_that_cannot_be_read_is_refused_whole_and_says_why(office):
    made = upload(office, un_xml()[:-40])
    lists.read(made.pk)

    made.refresh_from_db()
    assert (made.state, made.refusal, made.entries) == ("REFUSED", "NotWellFormed", 0)
    assert "damaged" in lists.why_refused(made)
    assert not ScreeningListPart.objects.filter(list=made).exists()
    page = Client()
    page.force_login(office.viewer)
    assert "damaged" in page.get(reverse("grants:list_detail", args=[made.pk])).content.decode()
    # The same file may be tried again.
    upload(office, un_xml()[:-40])


def test_a_reading_is_stopped_and_nothing_of_the_file_is_kept(office):
    made = upload(office, un_xml())
    with acting(office.vetting):
        lists.stop(made, by=office.vetting)
    lists.read(made.pk)

    made.refresh_from_db()
    assert made.state == "STOPPED"
    assert not made.parts.exists()
    with acting(office.vetting), pytest.raises(NotAllowedFromHere):
        lists.stop(made, by=office.vetting)


def test_a_list_that_was_changed_behind_the_program_is_not_used(office):
    (found,) = lists.in_force(today())
    part = found.parts.get()
    with acting(office.vetting), pytest.raises(IntegrityError), transaction.atomic():
        ScreeningListPart.objects.filter(pk=part.pk).delete()
    other = upload(office, demo.list_file(today())).parts.get()
    with as_owner(connection), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE grants_screeninglistpart DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE grants_screeninglistpart SET content = %s WHERE id = %s",
            [bytes(other.content), part.pk],
        )
        cursor.execute("ALTER TABLE grants_screeninglistpart ENABLE TRIGGER USER")

    with pytest.raises(ListDamaged):
        lists.index_of([found])


def test_a_large_index_is_made_once_for_all_processes(office, monkeypatch, tmp_path):
    """A fresh process takes it up; one that was touched, cut or made by other code is made anew."""
    monkeypatch.setattr(lists, "AT_ONCE", 0)
    monkeypatch.setattr(kept_indexes, "folder", lambda: tmp_path / "screening")
    found = lists.in_force(today())
    assert not lists.is_at_hand(found)
    asked = screening.Subject("1", 1, screening.EntryType.INDIVIDUAL, ("Qays Marsumi",))
    hits = lists.index_of(found).screen(asked).hits
    (path,) = (tmp_path / "screening").iterdir()
    whole = path.read_bytes()
    build, made = lists._index, []
    monkeypatch.setattr(lists, "_index", lambda *args, **facts: made.append(1) or build(*args))

    for content, again in (
        (whole, 0),
        (whole[:-1], 1),
        (b"", 1),
        (whole[:50] + bytes([whole[50] ^ 1]) + whole[51:], 1),
    ):
        lists._ready.clear()
        made.clear()
        path.write_bytes(content)
        assert lists.is_at_hand(found)
        assert lists.index_of(found).screen(asked).hits == hits != ()
        assert len(made) == again

    lists._ready.clear()
    monkeypatch.setattr(kept_indexes, "made_by", lambda: "another version")
    assert not lists.is_at_hand(found)


def test_what_a_fund_asks_for_is_changed_by_two_people(office, stage):
    before = lists.rule_on(stage.fund.pk, today())
    with acting(office.vetting):
        made = lists.propose_rule(
            stage.fund,
            sources=["UN", "OFAC"],
            max_days=30,
            valid_from=today(),
            by=office.vetting,
        )
        assert lists.rule_on(stage.fund.pk, today()) == before
        with pytest.raises(SecondPersonNeeded):
            lists.confirm_rule(made, by=office.vetting)
        with pytest.raises(IntegrityError), transaction.atomic():
            ScreeningRule.objects.filter(pk=made.pk).update(
                confirmed_by_id=office.vetting.pk, confirmed_at=periods.now()
            )
    with acting(office.officer):
        lists.confirm_rule(made, by=office.officer)

    now = lists.rule_on(stage.fund.pk, today())
    assert (now.sources, now.max_days) == (["OFAC", "UN"], 30)
    assert lists.rule_on(stage.fund.pk, today() - timedelta(days=1)).pk == before.pk


def test_only_a_vetting_officer_uploads(office):
    for person in (office.officer, office.requester, office.auditor):
        with acting(person), pytest.raises(NotForThisPerson):
            lists.upload([BytesIO(un_xml())], format="un-xml", by=person)


def test_the_pages_upload_follow_and_settle_what_a_fund_asks_for(office, stage):
    client = Client()
    client.force_login(office.vetting)
    new = reverse("grants:list_new")
    assert client.post(new, {"format": "ofac-csv"}).status_code == 422
    made = client.post(
        new,
        {
            "format": "un-xml",
            "file": SimpleUploadedFile("consolidated.xml", demo.list_file(today())),
        },
    )
    uploaded = ScreeningList.objects.get(state="WAITING")
    page = reverse("grants:list_detail", args=[uploaded.pk])
    progress = reverse("grants:list_progress", args=[uploaded.pk])
    assert made["Location"] == page
    assert "waits to be read" in client.get(page).content.decode()
    assert "HX-Refresh" not in client.get(progress)
    jobs.work_due()
    assert client.get(progress)["HX-Refresh"] == "true"
    assert "is in force" in client.get(page).content.decode()

    asked = client.post(
        reverse("grants:list_rule_new"),
        {
            "fund": stage.fund.pk,
            "sources": ["UN"],
            "max_days": "٤٥",
            "valid_from": today().isoformat(),
        },
    )
    assert asked.status_code == 302
    rule = ScreeningRule.objects.get(confirmed_at__isnull=True)
    assert rule.max_days == 45
    second = Client()
    second.force_login(office.certifier)
    index = reverse("grants:list_index")
    assert "Waits for a second person" in second.get(index).content.decode()
    second.post(reverse("grants:list_rule_confirm", args=[rule.pk]))
    assert lists.rule_on(stage.fund.pk, today()).max_days == 45
