"""Spreadsheets as people keep them, and files that only look like one."""

from datetime import date, datetime
from typing import Any

import pytest

from incidents import importing
from incidents.importing import workbook as reader
from incidents.importing.reading import as_kept, read_sheet
from incidents.models import Incident
from tests.incidents.workbooks import CONTENT_TYPES, bomb, table_rows, with_part, workbook

pytestmark = pytest.mark.django_db
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def refused(content: bytes) -> str:
    """The code with which a file is refused."""
    with pytest.raises(importing.FileRefused) as stopped:
        read_sheet(content)
    return stopped.value.problem.code


def read_in(content: bytes, site: Any, **more: Any) -> Any:
    return importing.import_file(content, format="table", site=site, by=None, **more)


def test_an_old_spreadsheet_is_read_with_its_titles_merged_cells_and_dates(basrah: Any) -> None:
    rows = table_rows(
        {"occurred_from": date(2026, 3, 5), "killed_best": 1},
        {"occurred_from": 46086, "place": None},  # a day that lost its format: 2026-03-05
        {"occurred_from": "٠٥/٠٣/٢٠٢٦", "killed_best": "٢"},
        {"occurred_from": datetime(2026, 3, 5, 21, 30)},
    )
    at = rows[0].index("place") + 1

    def merge(_book: Any, sheet: Any) -> None:
        sheet.merge_cells(start_row=5, end_row=6, start_column=at, end_column=at)

    content = workbook(["Incidents of 2026"], ["Basrah", "Centre"], [], *rows, change=merge)
    outcome = read_in(content, basrah)
    assert outcome.done, outcome.problems
    assert outcome.created == 4
    days = [one.occurred_on for one in Incident.objects.order_by("origin_id")]
    assert days == [date(2026, 3, 5)] * 4
    assert {one.place.pcode for one in Incident.objects.all()} == {"IQG02Q02N02-ASHAR"}
    assert [one.killed_best for one in Incident.objects.order_by("origin_id")] == [1, 1, 2, 1]
    said = {remark.code: remark.row for remark in outcome.warnings}
    assert said["header_below"] == 4
    assert said["serial_date"] == 6
    assert "merged_filled" in said


def test_rows_keep_the_numbers_that_the_spreadsheet_shows(basrah: Any) -> None:
    rows = table_rows({}, {"killed_best": "two"})
    outcome = read_in(workbook(["A title"], [], rows[0], [], rows[1], [], rows[2]), basrah)
    assert [(one.row, one.code) for one in outcome.problems] == [(7, "not_a_number")]


def test_the_same_workbook_as_kept_text_says_the_same(basrah: Any) -> None:
    content = workbook(*table_rows({"summary": 'a "b"\nc; d, =1+1', "killed_best": -1}, {}))
    kept, _remarks = as_kept(content)
    direct, again = read_sheet(content), read_sheet(kept)
    assert direct.header == again.header
    assert [row.cells for row in direct.rows] == [row.cells for row in again.rows]


def test_the_first_visible_sheet_with_rows_is_read_and_that_is_said(basrah: Any) -> None:
    def more(book: Any, sheet: Any) -> None:
        hidden = book.create_sheet("Hidden", 0)
        hidden.append(["x", "y"])
        hidden.sheet_state = "hidden"
        book.create_sheet("Empty", 1)
        book.create_sheet("Last").append(["z"])

    outcome = read_in(workbook(*table_rows({}), change=more), basrah)
    assert outcome.created == 1
    assert any(one.code == "other_sheets" for one in outcome.warnings)


def test_a_formula_gives_its_value_and_never_itself() -> None:
    sheet = read_sheet(workbook(["a", "b", "c"], ["=1+1", "'=x", "t"]))
    assert "=1+1" not in next(iter(sheet.rows)).cells.values()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (OLE, "file_old_excel"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "file_encrypted"),
        (b"PK\x03\x04" + bytes(100), "file_not_workbook"),
        (b"GIF89a" + workbook(["a"], ["b"]), "file_not_text"),
        (workbook(["a"], ["b"])[:-200], "file_not_workbook"),
    ],
)
def test_what_is_no_workbook_is_refused_in_words(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_a_picture_behind_a_list_is_no_list() -> None:
    assert refused(b"a,b\n1,2\n" + b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 40) == "file_not_text"


def test_another_archive_is_no_workbook() -> None:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert refused(out.getvalue()) == "file_not_workbook"


def test_macros_are_refused() -> None:
    assert refused(with_part(workbook(["a"], ["b"]), "xl/vbaProject.bin", b"x")) == (
        "file_has_macros"
    )


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: Any) -> None:
    monkeypatch.setattr(reader, "LARGEST_UNPACKED", 8 << 20)
    small = bomb(16 << 20)
    assert len(small) < 100_000
    assert refused(small) == "workbook_too_large"


def test_a_bomb_that_lies_about_its_size_is_found_by_counting(monkeypatch: Any) -> None:
    content = bytearray(bomb(4 << 20))
    monkeypatch.setattr(reader, "LARGEST_UNPACKED", 2 << 20)
    size = (4 << 20).to_bytes(4, "little")
    while (at := content.find(size)) >= 0:
        content[at : at + 4] = (1000).to_bytes(4, "little")
    assert refused(bytes(content)) in ("workbook_too_large", "file_not_workbook")


def test_too_many_parts_are_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(reader, "MOST_PARTS", 5)
    assert refused(workbook(["a"], ["b"])) == "workbook_too_large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(encoding: str) -> None:
    laughs = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa">'
        '<!ENTITY b "&a;&a;&a;&a;&a;&a;">]><sst>&b;</sst>'
    ).encode(encoding)
    content = with_part(workbook(["a"], ["b"]), "xl/sharedStrings.xml", laughs)
    assert refused(content) == "file_not_workbook"


def test_a_cell_in_the_far_corner_costs_nothing() -> None:
    def far(_book: Any, sheet: Any) -> None:
        sheet["XFD1048576"] = "x"

    sheet = read_sheet(workbook(["a", "b", "c"], ["1", "2", "3"], change=far))
    assert len(sheet.rows) == 1


def test_too_many_columns_and_cells_are_refused(monkeypatch: Any) -> None:
    assert refused(workbook([f"c{n}" for n in range(1200)], [1])) == "too_many_columns"
    monkeypatch.setattr(reader, "MOST_CELLS", 5)
    assert refused(workbook(["a", "b", "c"], [1, 2, 3])) == "too_many_cells"


def test_an_empty_workbook_is_empty() -> None:
    assert refused(workbook()) == "file_empty"
    assert CONTENT_TYPES
