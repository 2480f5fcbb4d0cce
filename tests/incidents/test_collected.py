"""Exports of Kobo and ODK, lists with HXL tags, and columns that are kept for the next file."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from ceasefire import jobs, periods
from ceasefire.people.roles import Role
from incidents import import_views, importing, tasks
from incidents.importing import reading
from incidents.importing.plan import look_through
from incidents.importing.table import guess
from incidents.models import ImportBatch, ImportFindings, ImportMapping, Incident
from tests.incidents.files_to_import import as_csv, table
from tests.incidents.test_import_pages import send
from tests.incidents.workbooks import workbook

pytestmark = pytest.mark.django_db

KOBO = {
    "start": "2026-03-06T09:00:00.000+03:00",
    "event/type": "Murder",
    "event/date": "2026-03-05",
    "event/place": "العشار",
    "event/gps": "30.5123 47.8345 0 4.5",
    "_gps_latitude": "30.5123",
    "_gps_longitude": "47.8345",
    "harm/killed": "1",
    "harm/injured": "0",
    "harm/weapons": "pistol rifle",
    "harm/weapons/pistol": "1",
    "harm/weapons/rifle": "1",
    "harm/weapons/knife": "0",
    "who/source": "الأهل",
    "meta/instanceID": "uuid:0f1e-1",
    "_id": "7001",
    "_uuid": "0f1e-1",
    "_submission_time": "2026-03-06T06:10:00",
    "_index": "1",
}


def kobo(*changes: dict[str, str], delimiter: str = ";") -> bytes:
    return as_csv([{**KOBO, **change} for change in changes], delimiter=delimiter)


def read_in(content: bytes, site: Any, **more: Any) -> Any:
    return importing.import_file(content, format="table", site=site, by=None, **more)


def test_a_kobo_export_is_understood_without_a_question(basrah: Any) -> None:
    outcome = read_in(kobo({}), basrah)
    assert outcome.done, outcome.problems
    incident = Incident.objects.get()
    assert (incident.type, incident.origin_id) == ("MUR", "0f1e-1")
    assert incident.weapons == ["pistol", "rifle"]
    assert (incident.lat, incident.lon) == (30.5123, 47.8345)
    assert incident.sources.get().kind == "family"
    # Kobo writes the moment of sending in UTC and does not say so.
    assert incident.reported_at.isoformat() == "2026-03-06T06:10:00+00:00"


def test_read_again_nothing_is_doubled_and_odk_means_the_same_submission(basrah: Any) -> None:
    read_in(kobo({}, {"_uuid": "0f1e-2", "event/type": "ATM"}), basrah)
    assert read_in(kobo({}, {"_uuid": "0f1e-2", "event/type": "ATM"}), basrah).unchanged == 2
    odk = {name: value for name, value in KOBO.items() if name not in ("_uuid", "_id", "_index")}
    again = read_in(as_csv([odk]), basrah)
    assert (again.created, again.unchanged) == (0, 1)


def test_choices_that_were_only_split_up_are_put_together(basrah: Any) -> None:
    row = {name: value for name, value in KOBO.items() if name != "harm/weapons"}
    for yes, no in (("1", "0"), ("TRUE", "FALSE"), ("True", "")):
        ticked = {"harm/weapons/pistol": yes, "harm/weapons/rifle": yes, "harm/weapons/knife": no}
        sheet = look_through(as_csv([{**row, **ticked}]), "table")
        assert guess(sheet)["weapons"] == "harm/weapons"
        assert next(iter(sheet.rows)).cells["harm/weapons"] == "pistol;rifle"
        assert "harm/weapons/pistol" not in sheet.columns


def test_counts_of_nought_and_one_in_a_group_are_no_choices() -> None:
    sheet = look_through(kobo({"harm/killed": "1", "harm/injured": "0"}), "table")
    assert {"harm/killed", "harm/injured"} <= set(sheet.columns)


@pytest.mark.parametrize("point", ['["30.5123", "47.8345"]', "30.5123 47.8345 0 0", "30.5,47.8"])
def test_a_point_in_one_cell_is_two_columns(point: str) -> None:
    row = {name: v for name, v in KOBO.items() if "gps" not in name} | {"_geolocation": point}
    found = guess(look_through(as_csv([row]), "table"))
    assert found["latitude"] == "_geolocation (latitude)"
    assert found["longitude"] == "_geolocation (longitude)"


def test_a_workbook_of_kobo_reads_like_its_csv(basrah: Any) -> None:
    row = {**KOBO, "harm/killed": 1, "harm/weapons/pistol": 1, "_id": 7001}
    assert read_in(workbook(list(row), list(row.values())), basrah).created == 1
    assert read_in(kobo({}), basrah).unchanged == 1


def test_columns_are_known_by_their_hxl_tags_in_any_language(basrah: Any) -> None:
    tags = {
        "w1": "#event+id",
        "w2": "#event +type",
        "w3": "#date+occurred",
        "w4": "#adm3+name",
        "w5": "#affected+killed",
        "w6": "#meta+source",
        "w7": "#geo+lat",
        "w8": "#geo+lon",
    }
    row = dict(
        zip(tags, ["9", "MUR", "2026-03-05", "", "1", "family", "30.51", "47.83"], strict=True)
    )
    outcome = read_in(as_csv([row], second=tags.values()), basrah)
    assert outcome.done, outcome.problems
    assert Incident.objects.get().origin_id == "9"


def test_a_file_of_our_export_with_tags_is_known_by_the_tags_alone(basrah: Any) -> None:
    from incidents.exports import COLUMNS

    names = [f"عمود {at}" for at in range(len(COLUMNS))]
    content = as_csv([dict.fromkeys(names, "x")], second=[column.tag for column in COLUMNS])
    found = guess(look_through(content, "table"))
    assert found == dict(zip((column.key for column in COLUMNS), names, strict=True))


# --- pages --------------------------------------------------------------------------------------


@pytest.fixture
def desk(data_officer: Any, signed_in: Any) -> Client:
    client: Client = signed_in(data_officer)
    return client


OLD = {
    "يوم": "05/03/2026",
    "ماذا": "طلق ناري",
    "أين": "العشار",
    "موتى": "١",
    "من": "جيران",
    "رقم": "12",
}
CHOSEN = {"يوم": "occurred_from", "ماذا": "type", "أين": "place", "موتى": "killed_best"}


def choose(desk: Client, content: bytes, **more: str) -> Any:
    page = send(desk, content)
    given = {field.name: field.initial or "" for field in page.context["form"]}
    for at, name in enumerate(OLD):
        for ours in given:
            if given[ours] == f"c{at}":
                given[ours] = ""
        if name in CHOSEN:
            given[CHOSEN[name]] = f"c{at}"
    given |= {"source_kind": "c4", "source_id": "c5", **more}
    return desk.post(page.request["PATH_INFO"], given, follow=True)


def test_words_are_given_a_meaning_and_kept_with_the_columns(desk: Client) -> None:
    page = choose(desk, as_csv([OLD]), keep_as="Old list")
    assert page.request["PATH_INFO"].endswith("/values/")
    form = page.context["form"]
    assert sorted(word for _ours, word in form.words.values()) == ["جيران", "طلق ناري"]
    page = desk.post(
        page.request["PATH_INFO"], {"type-0": "SHT", "source_kind-0": "street"}, follow=True
    )
    assert page.context["outcome"].created == 1
    mapping = ImportMapping.objects.get()
    assert mapping.values["type"] == {"طلق ناري": "SHT"}

    # The next file with these columns goes straight to the preview.
    page = send(desk, as_csv([{**OLD, "رقم": "13"}, {**OLD, "رقم": "14", "ماذا": "MUR"}]))
    assert page.context["outcome"].created == 2
    assert "Old list" in page.content.decode()
    desk.post(page.request["PATH_INFO"])
    assert sorted(Incident.objects.values_list("type", flat=True)) == ["MUR", "SHT"]


def test_a_word_without_a_meaning_is_refused_and_leads_back(desk: Client) -> None:
    page = choose(desk, as_csv([OLD]))
    page = desk.post(page.request["PATH_INFO"], {"type-0": "SHT"}, follow=True)
    assert page.context["outcome"].rejected == 1
    assert "/values/" in page.content.decode()
    assert not ImportMapping.objects.exists()


def test_kept_columns_are_renamed_and_deleted_by_their_site_alone(
    desk: Client, make_user: Any, zubair: Any, basrah: Any, signed_in: Any, data_officer: Any
) -> None:
    choose(desk, as_csv([OLD]), keep_as="Old list")
    mapping = ImportMapping.objects.get()
    ImportMapping.objects.create(site=basrah, name="Other", signature="1" * 64, by=data_officer)
    address = f"/incidents/import/mappings/{mapping.pk}/"
    assert "Old list" in desk.get("/incidents/import/mappings/").content.decode()
    assert desk.post(address, {"name": "Other"}).status_code == 200
    desk.post(address, {"name": "Police list"})
    mapping.refresh_from_db()
    assert mapping.name == "Police list"
    other = signed_in(make_user(Role.DATA_OFFICER, zubair, username="elsewhere"))
    assert other.get(address).status_code == 404
    assert other.post(f"{address}delete/").status_code == 404
    desk = signed_in(data_officer)
    desk.post(f"{address}delete/")
    assert not ImportMapping.objects.filter(pk=mapping.pk).exists()
    assert ImportBatch.objects.get().saved is None


def test_another_sites_columns_are_not_taken(desk: Client, zubair: Any, data_officer: Any) -> None:
    choose(desk, as_csv([OLD]), keep_as="Old list")
    ImportMapping.objects.update(site=zubair)
    assert send(desk, as_csv([OLD])).request["PATH_INFO"].endswith("/columns/")


def test_a_large_file_is_checked_by_a_worker_and_its_refusals_are_kept(
    desk: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr(import_views, "CHECKED_AT_ONCE", 2)
    monkeypatch.setattr(import_views, "ROWS_AT_ONCE", 2)
    content = table({}, {"killed_best": "two"}, {}, {"occurred_from": "31/02/2026"})
    page = send(desk, content)
    page = desk.post(
        page.request["PATH_INFO"],
        {f.name: f.initial or "" for f in page.context["form"]},
        follow=True,
    )
    assert "The rows are being checked" in page.content.decode()
    batch = ImportBatch.objects.get()
    assert batch.state == "checking"
    assert jobs.run(batch.job_id) == "done"
    page = desk.get(batch.get_absolute_url())
    assert (page.context["outcome"].created, page.context["outcome"].rejected) == (2, 2)
    assert len(page.context["rows"]) == 2
    kept = ImportFindings.objects.get()
    assert b"whole number" not in bytes(kept.ciphertext)
    file = b"".join(desk.get(f"{batch.get_absolute_url()}rejects/").streaming_content).decode()
    assert "This is not a whole number." in file
    desk.post(batch.get_absolute_url(), {"skip_rejected": "on"})
    batch.refresh_from_db()
    assert batch.state == "queued"
    assert jobs.run(batch.job_id) == "done"
    assert Incident.objects.count() == 2
    tomorrow = periods.now() + timedelta(hours=25)
    monkeypatch.setattr(periods, "now", lambda: tomorrow)
    tasks.expire_import_files()
    assert not ImportFindings.objects.exists()


def test_waiting_work_is_stopped_and_the_file_can_be_tried_again(
    desk: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr(import_views, "ROWS_AT_ONCE", 1)
    page = send(desk, table({}, {}))
    desk.post(page.request["PATH_INFO"], {f.name: f.initial or "" for f in page.context["form"]})
    batch = ImportBatch.objects.get()
    desk.post(batch.get_absolute_url())
    batch.refresh_from_db()
    assert batch.state == "queued"
    page = desk.post(f"{batch.get_absolute_url()}stop/", follow=True)
    batch.refresh_from_db()
    assert batch.state == "previewed"
    assert jobs.run(batch.job_id) is None
    assert page.context["outcome"].created == 2
    assert not Incident.objects.exists()


# --- thirty days --------------------------------------------------------------------------------


def test_an_import_is_undone_for_thirty_days_and_not_after(desk: Client, basrah: Any) -> None:
    batch = read_in(table(), basrah).batch
    ImportBatch.objects.update(at=periods.now() - timedelta(days=31))
    batch.refresh_from_db()
    with pytest.raises(importing.UndoTooLate):
        importing.undo_batch(batch, by=None)
    address = f"{batch.get_absolute_url()}undo/"
    for page in (desk.get(address, follow=True), desk.post(address, follow=True)):
        assert "An import can be undone for 30 days" in page.content.decode()
    assert "Undo this import" not in desk.get(batch.get_absolute_url()).content.decode()
    assert Incident.objects.count() == 1
    ImportBatch.objects.update(at=periods.now() - timedelta(days=29))
    importing.undo_batch(ImportBatch.objects.get(), by=None)
    assert not Incident.objects.exists()


def test_the_database_knows_the_thirty_days(basrah: Any) -> None:
    from django.db import IntegrityError, transaction

    batch = read_in(table(), basrah).batch
    with pytest.raises(IntegrityError, match="30_days"), transaction.atomic():
        ImportBatch.objects.filter(pk=batch.pk).update(
            state="undone", undone_at=batch.at + timedelta(days=31)
        )


def test_no_page_behind_the_upload_reads_a_large_file_through(
    desk: Client, monkeypatch: Any
) -> None:
    """Counted in rows read, on every step; a word far down is asked about after the check."""
    monkeypatch.setattr(import_views, "CHECKED_AT_ONCE", 10)
    monkeypatch.setattr(import_views, "ROWS_AT_ONCE", 10)
    read: list[int] = []
    really = reading._records

    def counted(text: str, delimiter: str) -> Any:
        for record in really(text, delimiter):
            read.append(record[0])
            yield record

    def opened(address: str, given: Any = None) -> Any:
        read.clear()
        page = desk.get(address) if given is None else desk.post(address, given, follow=True)
        assert page.status_code == 200
        # The header, the columns, the words: some looks at the first rows each.
        assert not read or max(read) <= 20, address
        assert len(read) <= 200, address
        return page

    rows: list[dict[str, Any]] = [{"motive": "dragon"}, *[{}] * 300, {"motive": "unicorn"}]
    page = send(desk, table(*rows))
    batch = ImportBatch.objects.get()
    monkeypatch.setattr(reading, "_records", counted)
    columns, values = (f"{batch.get_absolute_url()}{step}/" for step in ("columns", "values"))

    assert "302" in opened(columns).content.decode()
    # Looked at too early, the page of the batch leads back.
    read.clear()
    assert desk.get(batch.get_absolute_url())["Location"] == columns
    assert len(read) <= 100
    page = opened(columns, {f.name: f.initial or "" for f in page.context["form"]})
    assert page.request["PATH_INFO"] == values
    assert [
        word for _label, (field,) in page.context["form"].sections for word in [field.label]
    ] == ["dragon"]
    page = opened(values, {"motive-0": "personal"})
    batch.refresh_from_db()
    assert batch.state == "checking"
    assert jobs.run(batch.job_id) == "done"
    # The worker has read all of it.
    assert max(read) > 300

    page = opened(batch.get_absolute_url())
    assert page.context["outcome"].rejected == 1
    assert page.context["words_open"]
    page = opened(values)
    asked = [field.label for _label, fields in page.context["form"].sections for field in fields]
    assert asked == ["dragon", "unicorn"]
    opened(values, {"motive-0": "personal", "motive-1": "criminal"})
    batch.refresh_from_db()
    assert jobs.run(batch.job_id) == "done"
    page = opened(batch.get_absolute_url())
    assert page.context["outcome"].rejected == 0
    opened(f"{batch.get_absolute_url()}rejects/")
    opened(batch.get_absolute_url(), {})
    batch.refresh_from_db()
    assert batch.state == "queued"
