"""The import pages: upload, columns, preview, confirmation, background, undo."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ceasefire import codes, jobs, periods
from ceasefire.jobs.models import Job
from ceasefire.people.roles import Role
from incidents import import_views, tasks
from incidents.forms import imports as forms
from incidents.importing import files, verbs
from incidents.importing import workbook as reader
from incidents.models import ImportBatch, ImportFile, Incident
from tests.incidents.files_to_import import ROW, SLICE, as_csv, table, ucdp_rows
from tests.incidents.workbooks import table_rows, with_part, workbook

pytestmark = pytest.mark.django_db
UPLOAD = "/incidents/import/"


def send(client: Client, content: bytes, *, format: str = "table", **more: Any) -> Any:
    """Upload a file and follow to the next page."""
    given = {
        "format": format,
        "site": "BASRAH-CENTRE",
        "default_state": "submitted",
        "file": SimpleUploadedFile("Karim Hassan.csv", content, "text/csv"),
        **more,
    }
    return client.post(UPLOAD, given, follow=True)


@pytest.fixture
def desk(data_officer: Any, signed_in: Any) -> Client:
    """The data officer's browser."""
    return signed_in(data_officer)


def test_a_list_goes_from_file_to_records_in_three_pages(desk: Client) -> None:
    page = send(desk, SLICE.read_bytes(), format="ucdp-ged")
    assert page.status_code == 200
    assert b"Import 42 rows" in page.content
    assert b"UCDP" in page.content
    assert not Incident.objects.exists()
    batch = ImportBatch.objects.get()
    page = desk.post(batch.get_absolute_url(), follow=True)
    assert Incident.objects.count() == 42
    assert not ImportFile.objects.exists()
    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("imported", 42)
    assert desk.post(batch.get_absolute_url(), follow=True).status_code == 200
    assert Incident.objects.count() == 42


def test_columns_are_guessed_and_can_be_chosen(desk: Client) -> None:
    row = {
        "التاريخ": "05/03/2026",
        "النوع": "MUR",
        "المكان": "العشار",
        "القتلى": "1",
        "من قال": "family",
        "ت": "12",
    }
    page = send(desk, as_csv([row]))
    form = page.context["form"]
    batch = ImportBatch.objects.get()
    assert form["occurred_from"].initial == "c0"
    assert form["killed_best"].initial == "c3"
    assert form["source_kind"].initial == ""
    columns = f"{batch.get_absolute_url()}columns/"
    given = {field.name: field.initial for field in form}
    page = desk.post(columns, given)
    assert page.status_code == 200
    assert "source_kind" in page.context["form"].errors
    assert page.context["form"]["occurred_from"].value() == "c0"
    page = desk.post(columns, {**given, "source_kind": "c4"}, follow=True)
    assert page.context["outcome"].created == 1
    desk.post(batch.get_absolute_url())
    incident = Incident.objects.get()
    assert (incident.place.pcode, incident.origin_id) == ("IQG02Q02N02-ASHAR", "12")
    assert incident.workflow_state == "submitted"


def test_a_column_chosen_twice_is_told_and_nothing_is_lost(desk: Client) -> None:
    page = send(desk, table())
    given = {field.name: field.initial for field in page.context["form"]}
    given["subtype"] = given["type"]
    page = desk.post(page.request["PATH_INFO"], given)
    assert page.context["form"]["type"].value() == given["type"]
    assert page.context["form"].errors


def test_refused_rows_are_shown_in_the_readers_language_and_skipped_only_on_demand(
    desk: Client, data_officer: Any
) -> None:
    page = send(desk, table({}, {"killed_best": "two"}))
    desk.post(page.request["PATH_INFO"], {f.name: f.initial for f in page.context["form"]})
    batch = ImportBatch.objects.get()
    page = desk.get(batch.get_absolute_url())
    assert "This is not a whole number." in page.content.decode()
    assert "two" in page.content.decode()
    page = desk.post(batch.get_absolute_url())
    assert page.status_code == 200
    assert "skip_rejected" in page.context["form"].errors
    assert not Incident.objects.exists()
    file = b"".join(desk.get(f"{batch.get_absolute_url()}rejects/").streaming_content)
    assert "This is not a whole number." in file.decode("utf-8-sig")
    data_officer.language = "ar"
    data_officer.save()
    page = desk.get(batch.get_absolute_url()).content.decode()
    assert "This is not a whole number." not in page
    assert "هذا ليس عدداً صحيحاً" in page
    desk.post(batch.get_absolute_url(), {"skip_rejected": "on"})
    assert Incident.objects.count() == 1


def test_what_is_not_shown_is_counted_before_the_import_and_after(
    desk: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr(import_views, "SHOWN_PROBLEMS", 1)
    # As of a long file: not all refusals are kept with its batch, their number is.
    monkeypatch.setattr(verbs, "KEPT", 3)
    first = ucdp_rows()[0]
    odd = {**first, "id": "A", "governorate": "Baghdad"}
    bad = [{**first, "id": f"B{at}", "deaths_best": "many"} for at in range(5)]
    preview = send(desk, as_csv([odd, *bad]), format="ucdp-ged")
    batch = ImportBatch.objects.get()
    desk.post(batch.get_absolute_url(), {"skip_rejected": "on"})
    for page in (preview, desk.get(batch.get_absolute_url())):
        assert "4 more are not shown." in page.content.decode()
        assert "1 more is not shown." in page.content.decode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04", "This is no XLSX file"),
        (b"\x00\x01\x02", "neither a CSV nor an XLSX"),
        (b"a,b\n", "no rows"),
    ],
)
def test_a_bad_file_is_told_at_the_field(desk: Client, content: bytes, words: str) -> None:
    page = send(desk, content)
    assert words in " ".join(page.context["form"].errors["file"])
    assert page.context["form"]["site"].value() == "BASRAH-CENTRE"
    assert not ImportBatch.objects.exists()


def test_a_file_over_fifty_megabytes_is_refused(desk: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(forms, "LARGEST", 100)
    page = send(desk, table({}, {}, {}))
    assert "50 MB" in " ".join(page.context["form"].errors["file"])


def test_the_wrong_kind_of_list_names_the_missing_columns(desk: Client) -> None:
    page = send(desk, table(), format="ucdp-ged")
    assert "type_of_violence" in " ".join(page.context["form"].errors["file"])


def test_the_file_lies_sealed_without_its_name(desk: Client) -> None:
    send(desk, table({"source_name": "Karim Hassan"}))
    kept = ImportFile.objects.get()
    assert b"Karim" not in bytes(kept.ciphertext)
    assert b"Karim Hassan" in (files.content_of(kept.batch) or b"")


def test_a_file_is_forgotten_after_a_day(desk: Client) -> None:
    send(desk, table())
    batch = ImportBatch.objects.get()
    ImportFile.objects.all().delete()
    kept = files.keep(table(), format="table", site=batch.site, by=batch.by, mapping={})
    # The application may not change a kept file, only forget it; so time goes on instead.
    later = periods.now() + timedelta(hours=25)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(periods, "now", lambda: later)
        assert files.content_of(kept) is None
        assert files.expire() == 1
    kept.refresh_from_db()
    assert kept.state == "discarded"
    page = desk.get(kept.get_absolute_url(), follow=True)
    assert "Upload it again" in page.content.decode()


def test_a_file_can_be_thrown_away(desk: Client) -> None:
    send(desk, table())
    batch = ImportBatch.objects.get()
    desk.post(f"{batch.get_absolute_url()}discard/")
    assert not ImportFile.objects.exists()
    assert desk.get(batch.get_absolute_url()).status_code == 302


def test_a_large_file_is_imported_in_the_background(
    desk: Client, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr("incidents.import_views.ROWS_AT_ONCE", 10)
    send(desk, SLICE.read_bytes(), format="ucdp-ged")
    batch = ImportBatch.objects.get()
    page = desk.post(batch.get_absolute_url(), follow=True)
    assert page["Refresh"] == "3"
    assert not Incident.objects.exists()
    batch.refresh_from_db()
    assert batch.state == "queued"
    job = Job.objects.get(pk=batch.job_id)
    assert job.kind == tasks.RUN
    # Its numbers were taken when it was sent: who logs an incident meanwhile waits for nothing.
    logged = codes.next_number("INC", periods.today().year)
    with monkeypatch.context() as patch:
        patch.setattr(codes, "reserve_numbers", lambda *_args: pytest.fail("waits for the import"))
        tasks.import_batch(job=job, batch_id=str(batch.pk))
    numbers = sorted(int(code[-6:]) for code in Incident.objects.values_list("code", flat=True))
    assert numbers == list(range(logged - 42, logged))
    batch.refresh_from_db()
    assert (batch.state, batch.created, Incident.objects.count()) == ("imported", 42, 42)
    tasks.import_batch(job=job, batch_id=str(batch.pk))
    assert Incident.objects.count() == 42
    assert "Refresh" not in desk.get(batch.get_absolute_url())
    assert jobs.current_job() is None


def test_undo_asks_first_and_says_what_stands_in_the_way(desk: Client) -> None:
    send(desk, as_csv(ucdp_rows()[:3]), format="ucdp-ged")
    batch = ImportBatch.objects.get()
    desk.post(batch.get_absolute_url())
    undo = f"{batch.get_absolute_url()}undo/"
    assert desk.get(undo).status_code == 200
    assert Incident.objects.count() == 3
    touched = Incident.objects.first()
    assert touched is not None
    Incident.objects.filter(pk=touched.pk).update(version=2)
    page = desk.post(undo)
    assert page.status_code == 409
    assert touched.code in page.content.decode()
    Incident.objects.filter(pk=touched.pk).update(version=1)
    desk.post(undo)
    assert not Incident.objects.exists()
    assert desk.get(undo).status_code == 302


def test_a_long_undo_is_made_by_a_worker_and_says_what_stood_in_its_way(
    desk: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr("incidents.importing.verbs.UNDONE_AT_ONCE", 10)
    monkeypatch.setattr("incidents.importing.verbs._REMOVED_AT_ONCE", 10)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(jobs, "progress", lambda _job, done, total: told.append((done, total)))
    send(desk, SLICE.read_bytes(), format="ucdp-ged")
    batch = ImportBatch.objects.get()
    desk.post(batch.get_absolute_url())
    touched = Incident.objects.order_by("code").first()
    assert touched is not None
    Incident.objects.filter(pk=touched.pk).update(version=2)

    def undo() -> Job:
        page = desk.post(f"{batch.get_absolute_url()}undo/", follow=True)
        assert page["Refresh"] == "3"
        assert "being undone" in page.content.decode()
        batch.refresh_from_db()
        assert (batch.state, Incident.objects.count()) == ("undoing", 42)
        job = Job.objects.get(pk=batch.job_id)
        assert (job.kind, job.by) == (verbs.UNDO, batch.by)
        return job

    tasks.undo_import(job=undo(), batch_id=str(batch.pk))
    page = desk.get(batch.get_absolute_url()).content.decode()
    assert touched.code in page
    assert "can no longer be undone" in page
    batch.refresh_from_db()
    assert (batch.state, Incident.objects.count()) == ("imported", 42)

    Incident.objects.filter(pk=touched.pk).update(version=1)
    told.clear()
    job = undo()
    tasks.undo_import(job=job, batch_id=str(batch.pk))
    batch.refresh_from_db()
    assert (batch.state, Incident.objects.count()) == ("undone", 0)
    assert told == [(0, 42), (10, 42), (20, 42), (30, 42), (40, 42)]
    # Run again after it was done, it does nothing.
    tasks.undo_import(job=job, batch_id=str(batch.pk))
    assert "Refresh" not in desk.get(batch.get_absolute_url())


def test_a_long_undo_that_is_stopped_leaves_the_import(desk: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("incidents.importing.verbs.UNDONE_AT_ONCE", 10)
    send(desk, SLICE.read_bytes(), format="ucdp-ged")
    batch = ImportBatch.objects.get()
    desk.post(batch.get_absolute_url())
    desk.post(f"{batch.get_absolute_url()}undo/")

    page = desk.post(f"{batch.get_absolute_url()}stop/", follow=True)

    assert "The import stays." in page.content.decode()
    batch.refresh_from_db()
    assert (batch.state, Incident.objects.count()) == ("imported", 42)
    assert Job.objects.get(pk=batch.job_id).is_finished


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.DATA_OFFICER])
def test_the_pages_are_for_those_who_import(
    make_user: Any, basrah: Any, signed_in: Any, role: str
) -> None:
    assert signed_in(make_user(role, basrah)).get(UPLOAD).status_code == 403


def test_a_batch_of_another_site_or_person_is_not_there(
    desk: Client, zubair: Any, make_user: Any, signed_in: Any, basrah: Any
) -> None:
    other = files.keep(table(), format="table", site=zubair, by=None, mapping={})
    assert desk.get(other.get_absolute_url()).status_code == 404
    send(desk, table())
    mine = ImportBatch.objects.get(site=basrah)
    colleague = signed_in(make_user(Role.DATA_OFFICER, basrah))
    assert colleague.get(mine.get_absolute_url()).status_code == 404
    assert colleague.post(f"{mine.get_absolute_url()}discard/").status_code == 404


def test_a_site_of_another_is_no_choice(desk: Client, zubair: Any) -> None:
    page = send(desk, table(), site="AL-ZUBAIR")
    assert "site" in page.context["form"].errors


def test_the_empty_file_has_the_columns_of_the_export(desk: Client) -> None:
    page = desk.get(f"{UPLOAD}columns/")
    header = b"".join(page.streaming_content).decode("utf-8-sig").strip()
    assert header.split(",")[:3] == ["code", "site", "type"]
    assert set(ROW) <= set(header.split(","))


# --- long workbooks -----------------------------------------------------------------------------


@pytest.fixture
def unpacked(monkeypatch: Any) -> list[int]:
    """Octets of workbooks that were unpacked, piece by piece, by whatever reads them."""
    import zipfile

    pieces: list[int] = []
    really = zipfile.ZipExtFile.read

    def counted(part: Any, *args: Any) -> bytes:
        piece = really(part, *args)
        pieces.append(len(piece))
        return piece

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    return pieces


def waiting(monkeypatch: Any, desk: Client, *rows: Any, **more: Any) -> ImportBatch:
    """A workbook that is sent and long, as it waits for its worker."""
    monkeypatch.setattr(reader, "READ_AT_ONCE", 1000)
    page = send(desk, workbook(*rows), **more)
    batch = ImportBatch.objects.latest("at")
    assert page.request["PATH_INFO"] == batch.get_absolute_url()
    assert batch.state == "checking"
    return batch


def test_no_request_unpacks_a_long_workbook_and_a_worker_reads_it(
    desk: Client, monkeypatch: Any, unpacked: list[int]
) -> None:
    rows = table_rows(*[{}] * 30)
    batch = waiting(monkeypatch, desk, *rows)
    page = desk.get(batch.get_absolute_url())
    assert "progress" in page.content.decode()
    assert page["Refresh"] == "3"
    assert unpacked == []
    assert jobs.run(batch.job_id) == "done"
    assert sum(unpacked) > 1000
    unpacked.clear()
    page = desk.get(batch.get_absolute_url(), follow=True)
    assert page.request["PATH_INFO"] == f"{batch.get_absolute_url()}columns/"
    given = {f.name: f.initial or "" for f in page.context["form"]}
    page = desk.post(page.request["PATH_INFO"], given, follow=True)
    assert page.request["PATH_INFO"] == batch.get_absolute_url()
    assert page.context["outcome"].created == 30
    desk.post(batch.get_absolute_url())
    assert Incident.objects.count() == 30
    # What is kept is text by now.
    assert unpacked == []


def test_a_request_unpacks_no_more_than_its_bound(
    desk: Client, monkeypatch: Any, unpacked: list[int]
) -> None:
    """Of a short one its parts are read twice, counting them and then parsing."""
    monkeypatch.setattr(reader, "READ_AT_ONCE", 20_000)
    states = []
    for many in (1, 20, 200, 1000):
        unpacked.clear()
        send(desk, workbook(*table_rows(*[{}] * many)))
        states.append(ImportBatch.objects.latest("at").state)
        assert sum(unpacked) <= 3 * reader.READ_AT_ONCE
    assert states[0] == "previewed"
    assert states[-1] == "checking"


def test_kept_columns_are_taken_for_a_long_workbook(desk: Client, monkeypatch: Any) -> None:
    rows = table_rows(*[{}] * 5)
    page = send(desk, workbook(*rows))
    given = {f.name: f.initial or "" for f in page.context["form"]}
    desk.post(page.request["PATH_INFO"], {**given, "keep_as": "Our list"})
    batch = waiting(monkeypatch, desk, *rows)
    assert jobs.run(batch.job_id) == "done"
    page = desk.get(batch.get_absolute_url(), follow=True)
    assert "Our list" in page.content.decode()
    assert page.context["outcome"].created == 5


def test_a_long_workbook_of_an_outside_list_goes_on_to_its_preview(
    desk: Client, monkeypatch: Any
) -> None:
    first = ucdp_rows()[0]
    batch = waiting(monkeypatch, desk, list(first), list(first.values()), format="ucdp-ged")
    assert jobs.run(batch.job_id) == "done"
    page = desk.get(batch.get_absolute_url(), follow=True)
    assert page.context["outcome"].created == 1
    # Read by a worker, it is checked by one where it has many rows.
    monkeypatch.setattr(import_views, "CHECKED_AT_ONCE", 0)
    batch = waiting(monkeypatch, desk, list(first), list(first.values()), format="ucdp-ged")
    for kind in ("incidents.read_workbook", "incidents.check_batch"):
        batch.refresh_from_db()
        assert batch.job.kind == kind
        assert jobs.run(batch.job_id) == "done"
        page = desk.get(batch.get_absolute_url(), follow=True)
    assert page.context["outcome"].created == 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [([["only", "columns"]], "no rows"), ([[]], "empty")],
)
def test_why_a_worker_could_not_read_a_workbook_is_said(
    desk: Client, monkeypatch: Any, rows: Any, words: str
) -> None:
    batch = waiting(monkeypatch, desk, *rows)
    assert jobs.run(batch.job_id) == "done"
    page = desk.get(batch.get_absolute_url(), follow=True)
    assert page.request["PATH_INFO"] == UPLOAD
    assert words in page.content.decode()
    assert not ImportFile.objects.exists()


def test_what_the_table_of_contents_shows_is_refused_at_the_field(
    desk: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reader, "READ_AT_ONCE", 1000)
    page = send(desk, with_part(workbook(["a"], ["b"]), "xl/vbaProject.bin", b"x"))
    assert "macros" in " ".join(page.context["form"].errors["file"])
    assert not ImportBatch.objects.exists()


def test_the_reading_of_a_workbook_is_stopped_and_the_file_thrown_away(
    desk: Client, monkeypatch: Any
) -> None:
    batch = waiting(monkeypatch, desk, *table_rows({}))
    desk.post(f"{batch.get_absolute_url()}stop/")
    batch.refresh_from_db()
    assert batch.state == "discarded"
    assert not ImportFile.objects.exists()


def test_a_stop_while_rows_are_read_is_heard(monkeypatch: Any) -> None:
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done == 5:
            raise jobs.Cancelled

    with pytest.raises(jobs.Cancelled):
        reader.as_text(workbook(*table_rows(*[{}] * 30)), progress=stop)
    assert told == [(at, 32) for at in range(6)]
