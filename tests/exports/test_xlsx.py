"""XLSX: real types, no formulas, Arabic from the right, the last sheet says what it is."""

import enum
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from django.db import models
from django.utils.safestring import mark_safe
from openpyxl.utils.escape import unescape

from ceasefire.exports import Cancelled, Column, packing, write_xlsx
from tests.exports.test_csv import DANGEROUS


class Level(enum.IntEnum):
    HIGH = 3


class Word(models.TextChoices):
    YES = "yes", "Yes"


COLUMNS = [
    Column("code", "Code", "code"),
    Column("summary", "Summary"),
    Column("killed", "Killed", "int", total=True),
    Column("amount", "Amount", "decimal", total=True),
    Column("on", "On", "date"),
    Column("at", "At", "datetime"),
]
ROW = {
    "code": "INC-2026-000123",
    "summary": "إطلاق نار قرب السوق (QRF-2026)",
    "killed": -3,
    "amount": Decimal("1234.50"),
    "on": date(2026, 11, 22),
    "at": datetime(2026, 11, 22, 20, 10, tzinfo=UTC),
}


def book(rows, columns=COLUMNS, **options):
    options = {"title": "Incidents", "language": "en", **options}
    return openpyxl.load_workbook(io.BytesIO(write_xlsx(columns, rows, **options)))


def test_every_kind_of_value_keeps_its_type():
    sheet = book([ROW]).worksheets[0]

    values = [cell.value for cell in sheet[2]]
    assert values[:4] == [ROW["code"], ROW["summary"], -3, 1234.5]
    assert values[4] == datetime(2026, 11, 22)
    assert abs((values[5] - datetime(2026, 11, 22, 23, 10)).total_seconds()) < 1
    assert sheet["E2"].number_format == "dd/mm/yyyy"
    assert sheet["D2"].number_format == "#,##0.00"


@pytest.mark.parametrize("text", [text for text in DANGEROUS if text.strip()])
def test_dangerous_text_is_text_with_the_quoted_style(text):
    cell = book([{"a": text}], [Column("a", "A")]).worksheets[0]["A2"]

    assert cell.data_type in {"s", "inlineStr"}
    assert cell.value == text.replace("\r", "")
    assert cell.quotePrefix or "\r" in text


@pytest.mark.parametrize(
    "text",
    [
        "<r><t>x</t></r>",
        "a & b < c > d",
        "_x0041_",
        "http://example.org",
        " spaces ",
        "line\nbreak",
        "😀 نص",
        "]]>",
    ],
)
def test_text_is_never_mark_up_a_link_or_an_escape(text):
    file = write_xlsx([Column("a", "A")], [{"a": text}], title="T", language="en")

    sheet = openpyxl.load_workbook(io.BytesIO(file), rich_text=False).worksheets[0]
    assert unescape(sheet["A2"].value) == text
    assert sheet["A2"].hyperlink is None


def test_characters_that_xml_forbids_and_text_that_is_too_long_do_not_break_the_file():
    sheet = book(
        [{"a": "a\x00b\x0b\ufffe\ud800c"}, {"a": "ن" * 40_000}, {"a": "😀" * 20_000}],
        [Column("a", "A")],
    ).worksheets[0]

    assert sheet["A2"].value == "abc"
    assert len(sheet["A3"].value) == 32_767
    assert sheet["A3"].value.endswith("…")
    assert len(sheet["A4"].value.encode("utf-16-le")) <= 2 * 32_767


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("int", 12345678901234567890, "12345678901234567890"),  # would lose digits as a number
        ("code", 7, "7"),
        ("date", date(1899, 5, 1), "1899-05-01"),  # before the first day spreadsheets agree on
        ("decimal", float("nan"), None),
        ("int", None, None),
        ("int", 0, 0),
    ],
)
def test_what_a_spreadsheet_cannot_hold_is_text_or_nothing(kind, value, cell):
    rows = [{"a": value, "b": "x"}]
    assert book(rows, [Column("a", "A", kind), Column("b", "B")]).worksheets[0]["A2"].value == cell


def test_the_head_is_frozen_and_filters_cover_the_rows():
    sheet = book([ROW, ROW]).worksheets[0]

    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:F3"
    assert sheet["A1"].font.bold
    assert [cell.value for cell in sheet[1]] == [str(column.label) for column in COLUMNS]


@pytest.mark.parametrize(("language", "from_right"), [("ar", True), ("en", False)])
def test_sheets_run_from_the_right_in_arabic(language, from_right):
    sheets = book([ROW], language=language).worksheets

    assert [bool(sheet.sheet_view.rightToLeft) for sheet in sheets] == [from_right] * 2


def test_the_last_sheet_says_what_the_file_is():
    sheet = book([ROW, ROW], notes=[("Prepared by", "=DATA-07")]).worksheets[-1]

    lines = {row[0].value: row[1].value for row in sheet.rows}
    assert lines["Prepared by"] == "=DATA-07"
    assert lines["Rows"] == 2
    assert lines["Total: Killed"] == -6
    assert lines["Total: Amount"] == 2469


def test_rows_beyond_a_sheet_go_on_in_the_next():
    rows = [{"n": n} for n in range(25)]

    sheets = book(rows, [Column("n", "N", "int")], max_rows=11, title="A/B: [x]").worksheets

    assert [sheet.max_row for sheet in sheets[:-1]] == [11, 11, 6]
    assert sheets[1].title == "A B   x (2)"
    assert [sheet["A2"].value for sheet in sheets[:-1]] == [0, 10, 20]


def test_a_file_without_rows_is_whole():
    assert book([]).worksheets[0].max_row == 1


def test_the_same_data_give_the_same_bytes():
    def once(**options):
        return write_xlsx(COLUMNS, [ROW], title="T", language="ar", **options)

    assert once() == once()
    assert once(created=datetime(2026, 1, 1, tzinfo=UTC)) != once()


@pytest.mark.parametrize("largest", [2**31 - 1, 10_000])
def test_many_rows_are_packed_in_their_order_and_the_file_holds_together(monkeypatch, largest):
    # As of a sheet of more than two gigabytes, whose sizes take more room.
    monkeypatch.setattr(packing, "ZIP64_LIMIT", largest)
    texts = [f"{'النص' * (n % 7)} & {n}" for n in range(1234)]

    content = write_xlsx(
        [Column("a", "A")],
        [{"a": text} for text in texts],
        title="T",
        language="ar",
        sheets=[("Beside", [Column("b", "B")], [{"b": "c"}])],
    )

    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        assert file.namelist()[0] == "[Content_Types].xml"
        sheet = file.getinfo("xl/worksheets/sheet1.xml")
        assert len(file.read(sheet)) == sheet.file_size > 5 * sheet.compress_size > 0
    sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    assert [row[0].value for row in sheets[0].iter_rows(min_row=2)] == texts
    assert sheets[0].dimensions == "A1:A1235"
    assert sheets[1]["A2"].value == "c"


def test_what_fails_while_it_is_packed_fails_the_file(tmp_path, monkeypatch):
    def full(_octets, _crc):
        raise OSError("no space is left")

    monkeypatch.setattr(packing.zlib, "crc32", full)
    with pytest.raises(OSError, match="no space"):
        write_xlsx(COLUMNS, [ROW] * 900, title="T", language="en", file=tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_moved_into_place_when_whole(tmp_path):
    path = write_xlsx(COLUMNS, [ROW], title="T", language="en", file=tmp_path / "a.xlsx")

    assert path == tmp_path / "a.xlsx"
    assert zipfile.is_zipfile(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_cancelled_export_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def progress(done):
        raise Cancelled

    with pytest.raises(Cancelled):
        write_xlsx(
            [Column("n", "N", "int")],
            ({"n": n} for n in range(3000)),
            title="T",
            language="en",
            file=tmp_path / "a.xlsx",
            progress=progress,
        )
    assert list(tmp_path.iterdir()) == []


def test_kinds_of_known_types_are_taken_for_what_they_are():
    class Day(date):
        pass

    rows = [{"a": mark_safe("<b>=1</b>"), "b": Day(2026, 11, 22), "c": Level.HIGH, "d": Word.YES}]
    columns = [
        Column("a", "A"),
        Column("b", "B", "date"),
        Column("c", "C", "int"),
        Column("d", "D"),
    ]

    sheet = book(rows, columns).worksheets[0]

    assert [cell.value for cell in sheet[2]] == ["<b>=1</b>", datetime(2026, 11, 22), 3, "yes"]


def test_a_row_of_tags_leaves_the_names_above_it_whole():
    tagged = [Column("code", "Code", "code", tag="#code"), Column("killed", "Killed", "int")]

    sheet = book([ROW], tagged, tags=True).worksheets[0]

    assert [cell.value for cell in sheet[1]] == ["Code", "Killed"]
    assert sheet["A2"].value == "#code"
    assert [cell.value for cell in sheet[3]] == [ROW["code"], -3]
