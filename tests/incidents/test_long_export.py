"""A long list is made by a worker, and is the list of the person who asked."""

import io
import json
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import jobs, periods
from ceasefire.audit.models import AuditEvent
from ceasefire.jobs.models import Job
from ceasefire.people.roles import Role
from ceasefire.vault import pieces
from ceasefire.vault.exceptions import SealBroken
from incidents import export_files, exports, tasks
from incidents.models import ExportFile, ExportFilePart, Incident

pytestmark = pytest.mark.django_db
ADDRESS = "/incidents/export/"


@pytest.fixture
def three(log: Any, monkeypatch: Any) -> list[Any]:
    """Three rows, where more than two are long."""
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    return [
        log(summary="at the market of Ashar", state="accepted"),
        log(summary="at the bridge", state="submitted"),
        log(type="SXV", killed_best=0, summary="at the market", state="accepted"),
    ]


@pytest.fixture
def desk(three: Any, manager: Any, signed_in: Any) -> Client:
    client: Client = signed_in(manager)
    return client


def ask(client: Client, **given: str) -> ExportFile:
    answer = client.get(ADDRESS, {"format": "xlsx", **given})
    assert answer.status_code == 302, answer
    file = ExportFile.objects.get(pk=answer["Location"].rstrip("/").rsplit("/", 1)[-1])
    assert answer["Location"] == file.get_absolute_url()
    return file


def address(file: ExportFile, what: str) -> str:
    return reverse(f"incidents:export_{what}", args=[file.pk])


def body(answer: Any) -> bytes:
    return bytes(b"".join(answer.streaming_content) if answer.streaming else answer.content)


def cells(content: bytes) -> list[tuple[Any, ...]]:
    return list(
        openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    )


def content_of(file: ExportFile) -> bytes:
    return b"".join(export_files.pieces_of(file) or ())


def codes(content: bytes) -> set[str]:
    return {feature["id"] for feature in json.loads(content)["features"]}


def run(file: ExportFile) -> str | None:
    state = jobs.run(file.job_id)
    file.refresh_from_db()
    return state


def test_a_short_list_and_any_csv_come_at_once(desk: Client, monkeypatch: Any) -> None:
    assert desk.get(ADDRESS, {"format": "csv"}).status_code == 200
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 3)
    for format in ("xlsx", "geojson"):
        assert desk.get(ADDRESS, {"format": format}).status_code == 200
    assert not ExportFile.objects.exists()


def test_nothing_is_counted_to_know_that_a_list_is_long(three: Any, manager: Any) -> None:
    incidents = exports.rows(Incident.objects.visible_to(manager))
    with CaptureQueriesContext(connection) as asked:
        assert exports.is_long(incidents)
    (query,) = [one["sql"] for one in asked]
    assert "COUNT" not in query
    assert "OFFSET 2 LIMIT 1" in query or "LIMIT 1 OFFSET 2" in query


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_file_is_the_same_as_one_made_at_once(
    desk: Client, monkeypatch: Any, manager: Any, language: str
) -> None:
    manager.language = language
    manager.save(update_fields=["language"])
    workbook, points = ask(desk), ask(desk, format="geojson")
    assert run(workbook) == run(points) == "done"
    made = [desk.get(address(file, "download")) for file in (workbook, points)]
    assert made[0]["Content-Disposition"].endswith('.xlsx"')
    assert "no-store" in made[0]["Cache-Control"]
    made = [body(answer) for answer in made]
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 5000)
    direct = [body(desk.get(ADDRESS, {"format": format})) for format in ("xlsx", "geojson")]
    assert cells(made[0]) == cells(direct[0])
    assert len(cells(made[0])) == 4
    assert made[1] == direct[1]


def test_the_page_says_how_far_it_is_and_then_where_the_file_is(desk: Client) -> None:
    file = ask(desk)
    Job.objects.filter(pk=file.job_id).update(
        state="running", started_at=periods.now(), done_count=1, total_count=4
    )
    page = desk.get(file.get_absolute_url()).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert f'href="{file.get_absolute_url()}"' in page  # without script
    assert 'value="25"' in page
    assert address(file, "download") not in page
    assert "HX-Refresh" not in desk.get(address(file, "progress"))
    assert desk.get(address(file, "download")).status_code == 302
    Job.objects.filter(pk=file.job_id).update(state="queued")
    assert run(file) == "done"
    assert desk.get(address(file, "progress"))["HX-Refresh"] == "true"
    page = desk.get(file.get_absolute_url()).content.decode()
    assert address(file, "download") in page
    assert "hx-trigger" not in page


def test_progress_is_told_row_by_row_to_the_end(desk: Client) -> None:
    for format in ("xlsx", "geojson"):
        told: list[tuple[int, int]] = []
        export_files.make(
            str(ask(desk, format=format).pk), progress=lambda *so_far, t=told: t.append(so_far)
        )
        assert (told[0], told[-1]) == ((0, 3), (3, 3))


def test_asked_twice_it_is_made_once(desk: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 0)
    first = ask(desk, q="market")
    assert ask(desk, q="market") == first
    assert ask(desk, q="at") != first
    assert ask(desk, q="market", format="geojson") != first
    desk.post(address(first, "cancel"))
    assert ask(desk, q="market") != first


def test_a_waiting_file_is_stopped_at_once(desk: Client, manager: Any) -> None:
    file = ask(desk)
    assert desk.get(address(file, "cancel")).status_code == 405
    page = desk.post(address(file, "cancel"), follow=True)
    assert "Nothing was exported" in page.content.decode()
    assert Job.objects.get(pk=file.job_id).state == "cancelled"
    event = AuditEvent.objects.newest_first().filter(verb="job.cancelled").first()
    assert event is not None
    assert event.actor == manager
    assert run(file) is None
    assert file.size == 0


@pytest.mark.parametrize("format", ["xlsx", "geojson"])
def test_stopped_half_way_it_leaves_nothing(
    desk: Client, monkeypatch: Any, tmp_path: Path, format: str
) -> None:
    def stop(_job: Any, done: int, _total: int) -> None:
        if done:
            raise jobs.Cancelled

    file = ask(desk, format=format)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(jobs, "progress", stop, raising=False)
    assert run(file) == "cancelled"
    assert (file.size, file.parts.count()) == (0, 0)
    assert not list(tmp_path.iterdir())
    assert not AuditEvent.objects.filter(verb="incident.exported").exists()
    assert "Nothing was exported" in desk.get(file.get_absolute_url()).content.decode()


def test_it_lies_sealed_and_searched_words_are_not_kept(desk: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    file = ask(desk, q="market", format="geojson")
    assert "market" not in json.dumps(file.filters)
    assert b"market" not in bytes(file.sought)
    assert "market" not in json.dumps(Job.objects.get(pk=file.job_id).payload)
    assert run(file) == "done"
    assert b"market" not in b"".join(bytes(part.ciphertext) for part in file.parts.all())
    assert bytes(file.sought) == b""
    assert b"bridge" not in content_of(file)


def test_filters_are_kept_as_codes_and_days(desk: Client, manager: Any) -> None:
    file = ask(desk, place="IQG02", week="18/11/2026", verification="")
    assert file.filters == {"place": "IQG02", "week": "2026-11-18"}
    assert run(file) == "done"
    asked, made = (
        AuditEvent.objects.newest_first().filter(verb=verb).first()
        for verb in ("incident.export_asked", "incident.exported")
    )
    assert asked is not None
    assert made is not None
    assert made.detail == {
        "format": "xlsx",
        "rows": 3,
        "filters": ["place:IQG02", "week:2026-11-18"],
    }
    assert (asked.actor, made.actor) == (manager, manager)


def test_taking_it_is_in_the_trail(desk: Client, manager: Any) -> None:
    file = ask(desk)
    run(file)
    body(desk.get(address(file, "download")))
    event = AuditEvent.objects.newest_first().filter(verb="incident.export_taken").first()
    assert event is not None
    assert (event.actor, event.subject_id) == (manager, str(file.pk))


def test_each_gets_the_rows_of_their_own_role(
    desk: Client, three: Any, data_officer: Any, signed_in: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    ours, theirs = ask(desk, format="geojson"), ask(signed_in(data_officer), format="geojson")
    for file in (ours, theirs):
        assert run(file) == "done"
    every = {incident.code for incident in three}
    assert codes(content_of(ours)) == every
    assert codes(content_of(theirs)) == every - {three[2].code}


def test_a_long_file_lies_in_pieces_each_in_its_place(desk: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(pieces, "PIECE", 1000)
    file = ask(desk)
    run(file)
    parts = list(file.parts.all())
    assert len(parts) == -(-file.size // 1000) > 3
    answer = desk.get(address(file, "download"))
    assert answer["Content-Length"] == str(file.size)
    whole = body(answer)
    assert (len(whole), whole[:2]) == (file.size, b"PK")
    # Two pieces that change places do not open, and the file ends there.
    ExportFilePart.objects.filter(file=file, number__in=(1, 2)).delete()
    for number, part in ((2, parts[1]), (1, parts[2])):
        ExportFilePart.objects.create(file=file, number=number, ciphertext=part.ciphertext)
    with pytest.raises(SealBroken):
        body(desk.get(address(file, "download")))
    ExportFilePart.objects.filter(file=file, number=0).delete()
    assert desk.get(address(file, "download")).status_code == 302


def test_how_many_rows_a_long_csv_had_is_said_when_the_last_one_is_sent(
    desk: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    answer = desk.get("/incidents/export/?format=csv")
    newest = AuditEvent.objects.newest_first()
    begun = newest.filter(verb="incident.exported").first()
    assert begun is not None
    assert (begun.detail["rows"], begun.detail["more"]) == (1, True)
    assert not newest.filter(verb="incident.export_sent").exists()
    body(answer)
    done = newest.filter(verb="incident.export_sent").first()
    assert done is not None
    assert done.detail == {"format": "csv", "rows": 3}


@pytest.mark.parametrize("what", ["role", "account"])
def test_who_lost_the_right_meanwhile_gets_no_file(desk: Client, manager: Any, what: str) -> None:
    file = ask(desk)
    if what == "role":
        manager.role = Role.WORKER
    else:
        manager.is_active = False
    manager.save()
    assert run(file) == "done"
    assert file.size == 0
    assert not AuditEvent.objects.filter(verb="incident.exported").exists()


def test_who_lost_a_site_meanwhile_gets_nothing_of_it(
    three: Any, manager: Any, signed_in: Any, zubair: Any, basrah: Any
) -> None:
    manager.sites.add(zubair)
    asked_all = ask(signed_in(manager), format="geojson")
    asked_one = ask(signed_in(manager), format="geojson", site="BASRAH-CENTRE")
    manager.sites.remove(basrah)
    assert run(asked_all) == run(asked_one) == "done"
    assert codes(content_of(asked_all)) == set()
    assert asked_one.size == 0  # and not everything of the other site
    page = signed_in(manager).get(asked_one.get_absolute_url())
    assert "could not be made" in page.content.decode()


@pytest.mark.parametrize("lost", ["role", "site"])
def test_a_finished_file_is_gone_with_the_rights_it_was_made_under(
    desk: Client, manager: Any, basrah: Any, zubair: Any, signed_in: Any, lost: str
) -> None:
    file = ask(desk)
    assert run(file) == "done"
    assert desk.get(address(file, "download")).status_code == 200
    manager.sites.add(zubair)
    assert signed_in(manager).get(address(file, "download")).status_code == 200  # sees more now
    if lost == "role":
        manager.role = Role.DATA_OFFICER
        manager.save()
    else:
        manager.sites.remove(basrah)
    browser = signed_in(manager)
    assert browser.get(address(file, "download")).status_code == 404
    assert browser.get(file.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("role", [Role.MANAGER, Role.DATA_OFFICER])
def test_another_persons_file_is_not_there(
    desk: Client, make_user: Any, basrah: Any, signed_in: Any, role: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    file = ask(desk)
    run(file)
    other = signed_in(make_user(role, basrah, username="other"))
    for what in ("detail", "progress", "download"):
        assert other.get(address(file, what)).status_code == 404
    assert other.post(address(file, "cancel")).status_code == 404
    assert ask(other) != file


@pytest.mark.parametrize(
    "role", [role for role in Role.values if role not in (Role.MANAGER, Role.DATA_OFFICER)]
)
def test_nobody_else_has_such_a_page(
    desk: Client, make_user: Any, basrah: Any, signed_in: Any, role: str
) -> None:
    file = ask(desk)
    other = signed_in(make_user(role, basrah, username="other"))
    for what in ("detail", "progress", "download"):
        assert other.get(address(file, what)).status_code == 403


def test_it_is_forgotten_after_a_day(desk: Client, monkeypatch: Any) -> None:
    file, late = ask(desk), ask(desk, format="geojson")
    run(file)
    ExportFile.objects.update(expires_at=periods.now() - timedelta(minutes=1))
    for what in ("detail", "download"):
        assert desk.get(address(file, what)).status_code == 404
    assert run(late) == "done"
    assert late.size == 0
    tasks.expire_import_files()
    assert not ExportFile.objects.exists()
    assert jobs.run(jobs.enqueue(export_files.MAKE, file_id=file.pk).pk) == "done"


def test_made_once_it_stays_as_it_is(desk: Client) -> None:
    file = ask(desk)
    run(file)
    before = content_of(file)
    tasks.export_file(job=Job.objects.get(pk=file.job_id), file_id=str(file.pk))
    file.refresh_from_db()
    assert content_of(file) == before
    desk.post(address(file, "cancel"))
    assert Job.objects.get(pk=file.job_id).state == "done"
