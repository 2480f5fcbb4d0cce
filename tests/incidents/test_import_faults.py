"""Every limit of the import, from the file to the cell, and what is said of it."""

import gc
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from ceasefire.codes.models import Counter
from incidents import importing
from incidents.importing import reading
from incidents.importing.bulk import _Lines, copy_in
from incidents.importing.collecting import SELDOM, seldom_collected
from incidents.importing.reading import read_sheet
from incidents.models import Incident
from tests.incidents.files_to_import import as_csv, table

pytestmark = pytest.mark.django_db
ARABIC = "نوع,تاريخ\nقتل قرب السوق,٢٠٢٦-٠٣-٠٥\n" * 40


def refused(content: bytes) -> tuple[str, int]:
    """The code with which a file is refused, and the line."""
    with pytest.raises(importing.FileRefused) as stopped:
        read_sheet(content)
    return stopped.value.problem.code, stopped.value.problem.row


def read_in(content: bytes, site: Any, **more: Any) -> Any:
    return importing.import_file(content, format="table", site=site, by=None, **more)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"  \n \n", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b"a,b\x00c\n1,2\n", "null_character"),
        (b"a,a\n1,2\n", "column_twice"),
        (b'a,b\n"' + b"x" * (1 << 20) + b'",2\n', "cell_too_long"),
        (b"\x1f\x8b\x08\x00", "file_not_text"),
        (b"%PDF-1.7\n", "file_not_text"),
        (("a," * 1200 + "a").encode(), "too_many_columns"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_its_reason(content: bytes, code: str) -> None:
    assert refused(content)[0] == code


def test_a_damaged_letter_in_arabic_text_is_found_with_its_line() -> None:
    content = ARABIC.encode()
    at = content.index("السوق".encode(), 400)
    assert refused(content[:at] + b"\xff" + content[at:]) == (
        "broken_utf8",
        content.count(b"\n", 0, at) + 1,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256"])
def test_arabic_is_read_in_every_usual_encoding(encoding: str) -> None:
    text = "نوع,يوم\nقتل,اليوم\n"
    sheet = read_sheet(text.encode(encoding))
    assert sheet.header == ["نوع", "يوم"]
    assert next(iter(sheet.rows)).cells == {"نوع": "قتل", "يوم": "اليوم"}


def test_a_list_with_too_many_rows_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    assert refused(b"a,b\n" + b"1,2\n" * 4)[0] == "too_many_rows"


def test_column_names_in_the_middle_are_passed_over(basrah: Any) -> None:
    lines = table({}, {}).splitlines(keepends=True)
    outcome = read_in(b"".join([*lines[:2], lines[0], *lines[2:]]), basrah)
    assert outcome.created == 2
    assert [(one.code, one.row) for one in outcome.warnings] == [("header_again", 3)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"occurred_from": "1900-01-01"}, "date_too_early"),
        ({"occurred_from": "2100-01-01"}, "date_in_future"),
        ({"occurred_from": "73051"}, "date_in_future"),
        ({"occurred_from": "31/02/2026"}, "date_impossible"),
        ({"occurred_from": "yesterday"}, "not_a_date"),
        ({"latitude": "47.83", "longitude": "30.51"}, "point_swapped"),
        ({"latitude": "51.5", "longitude": "-0.1"}, "point_outside_iraq"),
        ({"latitude": "51.5", "longitude": "-0.1", "place": ""}, "point_outside_iraq"),
        ({"latitude": "47.83", "longitude": "30.51", "place": ""}, "point_swapped"),
        ({"killed_best": "-1"}, "number_negative"),
        ({"killed_best": "١٠٠٠٠٠٠"}, "number_too_large"),
        ({"killed_min": "3", "killed_best": "2"}, "out_of_order"),
        ({"injured_min": "3", "injured_max": "2"}, "out_of_order"),
        ({"summary": "x" * 5000}, "text_too_long"),
        ({"type": "dragon"}, "code_unknown"),
    ],
)
def test_a_bad_cell_is_refused_with_its_reason(change: Any, code: str, basrah: Any) -> None:
    outcome = read_in(table({}, change), basrah)
    assert [(problem.row, problem.code) for problem in outcome.problems] == [(3, code)]
    assert not outcome.done


def test_a_swap_is_offered_in_words_of_both_languages(basrah: Any) -> None:
    from django.utils import translation

    (problem,) = read_in(table({"latitude": "47.83", "longitude": "30.51"}), basrah).problems
    assert "swapped" in problem.reason
    with translation.override("ar"):
        assert "swapped" not in str(problem.reason)


def test_formulas_and_marks_are_taken_as_text_and_marks_left_out(basrah: Any) -> None:
    read_in(table({"summary": "=cmd|' /C calc'!A0"}, {"summary": "a\u202eb"}), basrah)
    found = list(Incident.objects.order_by("origin_id").values_list("summary", flat=True))
    assert found == ["=cmd|' /C calc'!A0", "ab"]


def test_a_long_list_with_faults_scattered_in_it_is_told_whole_and_takes_the_good_rows(
    basrah: Any,
) -> None:
    dice = random.Random(7)
    # More than are written together.
    number, bad = 8000, 0
    rows = []
    for at in range(number):
        row = {
            "type": "MUR",
            "occurred_from": "2020-01-01",
            "place": "IQG02Q02",
            "killed_best": str(dice.randint(0, 3)),
            "source_kind": "family",
            "source_id": f"R-{at}",
        }
        if dice.random() < 0.3:
            bad += 1
            row[dice.choice(["type", "occurred_from", "place", "killed_best"])] = "nonsense"
        rows.append(row)
    content = as_csv(rows)
    told: list[tuple[int, int]] = []
    outcome = read_in(
        content,
        basrah,
        skip_rejected=True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert outcome.counts() == {
        "read": number,
        "created": number - bad,
        "updated": 0,
        "unchanged": 0,
        "rejected": bad,
    }
    assert outcome.batch is not None
    assert (len(outcome.batch.rejects), outcome.batch.rejected) == (1000, bad)
    assert [problem.row for problem in outcome.problems] == sorted(
        problem.row for problem in outcome.problems
    )
    assert told[-1][0] == told[-1][1]
    assert all(done <= total for done, total in told)
    assert read_in(content, basrah, skip_rejected=True).unchanged == number - bad


def test_a_row_that_cannot_be_made_stops_the_writing_with_its_own_fault() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"series": "T-1", "year": 2026, "last": 1}
        raise LookupError("not for the log of the database")

    with pytest.raises(LookupError), transaction.atomic():
        copy_in(Counter, rows())
    assert not Counter.objects.filter(series="T-1").exists()
    assert copy_in(Counter, [{"series": "T\t2"}], same={"year": 2026, "last": 2}) == 1
    assert Counter.objects.get(series="T\t2").last == 2


def test_the_collector_is_put_back_however_an_import_ends() -> None:
    """Two at once, ending in either order, and one that fails."""
    before = gc.get_threshold()
    first, second = seldom_collected(), seldom_collected()
    first.__enter__()
    second.__enter__()
    assert gc.get_threshold()[0] == SELDOM
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] == SELDOM
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before
    with pytest.raises(ZeroDivisionError), seldom_collected():
        1 / 0  # noqa: B018
    assert gc.get_threshold() == before


def test_a_line_is_made_of_what_a_row_gives_and_what_all_have() -> None:
    """Neighbours that all rows have alike are one piece; rows of other names have other shapes."""
    names, fixed = ["a", "b", "c", "d", "e"], {"a": "1", "b": "\\N", "c": "3", "e": "5"}
    made = {"d": lambda: "new"}
    lines = _Lines([{"c": "x\ty"}, {}, {"e": 7, "a": None}], names, fixed, made)
    assert lines.read() == b"1\t\\N\tx\\ty\tnew\t5\n1\t\\N\t3\tnew\t5\n\\N\t\\N\t3\tnew\t7\n"
    assert lines.count == 3
