"""CSV: text stays text, numbers stay numbers, Arabic stays Arabic, and it reads back."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.exports import Cancelled, Column, escape_cell, unescape_cell, write_csv
from ceasefire.exports.cells import clean_text

DANGEROUS = [
    '=HYPERLINK("http://x","y")',
    "+9647701234567",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\rx",
    "\nx",
    "\tx",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "﹦1",
    "−5",
    "  =1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    "\u3000@x",
    "'=1",
    "''\t",
]
HARMLESS = ["QRF-2026", "a=b", "البصرة", "1+1", "'quoted'", "(=1)", "'", ""]


def read_back(data: bytes):
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def written(columns, rows, **options):
    return b"".join(write_csv(columns, rows, **options))


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_could_be_a_formula_gets_an_apostrophe_and_reads_back(text):
    assert escape_cell(text) == "'" + text
    assert unescape_cell(escape_cell(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_is_left_alone(text):
    assert escape_cell(text) == text


@given(st.text() | st.text(alphabet="'=+-@\t \u200b＝a", max_size=6))
def test_every_text_comes_back_as_it_was(text):
    assert unescape_cell(escape_cell(text)) == text


@given(st.text(alphabet="'=+-@\t\r\n \u200b\u202e＝－a", max_size=8))
def test_no_cell_of_a_file_begins_as_a_formula(text):
    rows = read_back(written([Column("summary", "Summary")], [{"summary": text}]))

    first = "".join(rows[1][0].split()).strip("\u200b") if len(rows) > 1 and rows[1] else ""
    assert not first.startswith(("=", "+", "-", "@", "＝", "－"))


def test_a_mark_that_turns_text_round_does_not_get_out():
    assert clean_text("abc\u202egnp.exe\x00\ud800") == "abcgnp.exe"
    assert "\u202e" not in written([Column("a", "A")], [{"a": "\u202e=1"}]).decode()


def test_numbers_days_and_moments_are_what_they_are():
    columns = [
        Column("whole", "Whole", "int"),
        Column("amount", "Amount", "decimal"),
        Column("on", "On", "date"),
        Column("at", "At", "datetime"),
        Column("phone", "Phone", "code"),
        Column("several", "Several"),
        Column("nothing", "Nothing"),
    ]
    row = {
        "whole": -3,
        "amount": Decimal("-1234.50"),
        "on": date(2026, 11, 22),
        "at": datetime(2026, 11, 22, 20, 10, tzinfo=UTC),
        "phone": "-٣",
        "several": ["a", "b"],
        "nothing": None,
    }

    text = written(columns, [row]).decode("utf-8-sig")

    assert text.split("\r\n")[1] == (
        '-3,-1234.50,"2026-11-22","2026-11-22T23:10:00+03:00","\'-٣","a; b",""'
    )


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (float("nan"), ""),
        (float("inf"), ""),
        (0.1, "0.1"),
        (Decimal("1E+3"), "1000"),
        (True, "yes"),
        (0, "0"),
    ],
)
def test_odd_numbers_have_one_way_to_be_written(value, cell):
    assert read_back(written([Column("n", "N", "decimal")], [{"n": value}]))[1] == [cell]


def test_text_that_holds_a_semicolon_is_not_cut_where_semicolons_separate_cells():
    line = written([Column("a", "A")], [{"a": "x;=1+1"}]).decode().split("\r\n")[1]

    assert line == '"x;=1+1"'


def test_the_header_is_keys_for_programs_or_labels_for_people():
    columns = [Column("code", "الرمز", "code")]

    assert read_back(written(columns, []))[0] == ["code"]
    assert read_back(written(columns, [], header="label"))[0] == ["الرمز"]


def test_values_come_from_attributes_related_rows_and_functions():
    row = SimpleNamespace(code="INC-1", place=SimpleNamespace(name="Basrah"), site=None)
    columns = [
        Column("code", "Code"),
        Column("place", "Place", value="place__name"),
        Column("site", "Site", value="site.name"),
        Column("shout", "Shout", value=lambda row: row.code + "!"),
    ]

    assert read_back(written(columns, [row]))[1] == ["INC-1", "Basrah", "", "INC-1!"]


def test_a_misspelt_key_is_an_error_not_an_empty_column():
    with pytest.raises(AttributeError):
        written([Column("cod", "Code")], [SimpleNamespace(code="x")])


def test_the_header_is_sent_before_the_first_row_is_read():
    def rows():
        raise AssertionError("read too early")
        yield

    assert next(write_csv([Column("a", "A")], rows())) == b"\xef\xbb\xbfa\r\n"


def test_a_long_file_tells_its_progress_and_stops_when_asked():
    seen = []

    def progress(done):
        seen.append(done)
        if done == 2000:
            raise Cancelled

    with pytest.raises(Cancelled):
        written([Column("n", "N", "int")], ({"n": n} for n in range(5000)), progress=progress)
    assert seen == [1000, 2000]


@pytest.mark.parametrize("options", [{"kind": "number"}, {"kind": "text", "total": True}])
def test_a_column_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValueError):
        Column("a", "A", **options)


def test_nothing_printable_is_forbidden():
    """The writers trust this for speed."""
    from ceasefire.exports.cells import _FORBIDDEN

    assert not [n for n in range(0x110000) if chr(n).isprintable() and _FORBIDDEN.match(chr(n))]
