"""The XLSX writer: real types, one row in memory at a time."""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from ceasefire.exports.cells import is_dangerous
from ceasefire.exports.columns import (
    LONGEST_REMEMBERED,
    REMEMBERED,
    Column,
    ControlTotals,
    Header,
    iterate,
    read_cell,
)

__all__ = ["MAX_ROWS", "write_xlsx"]

#: What a sheet holds, header included.
MAX_ROWS = 1_048_576
_MAX_TEXT = 32_767
_PROGRESS_EVERY = 1000
_FORMATS = {"date": "dd/mm/yyyy", "datetime": "dd/mm/yyyy hh:mm", "int": "#,##0"}
_WIDTHS = {"text": 28, "code": 20, "int": 11, "decimal": 14, "date": 12, "datetime": 17}
_EPOCH = date(1899, 12, 30)
_FIRST_SURE_DAY = date(1900, 3, 1)  # before it spreadsheets disagree over a 29 February 1900
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_MARK_UP = re.compile("[&<>\r]")
# Without a date given, files carry this one, so that the same data give the same bytes.
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)


#: Of a column: how its cells begin, values with what follows the row's number, and what makes that.
_Maker = tuple[str, dict[str | int, str], Callable[[Any], str]]


class _Sheet(Worksheet):
    """A worksheet to which finished rows can be added.

    The library spends most of its time on checks of single cells, and takes a text that begins with
    `<r>` and ends with `</r>` for mark-up. Rows made here go straight to its row file.
    """

    def append(self, number: int, cells: str) -> None:
        """Add row `number` (1 is the first); rows must come in order, after what was `write`n."""
        if self.table:
            self._write_single_row(number - 1)
        self.fh.write(f'<row r="{number}">{cells}</row>')

    def span(self, rows: int, columns: int) -> None:
        """Say how far the rows added reach."""
        self.dim_rowmin = self.dim_colmin = 0
        self.dim_rowmax, self.dim_colmax = rows - 1, columns - 1

    def discard(self) -> None:
        """Remove the row file of a sheet that will not be saved."""
        if self.row_data_fh is not None:
            self.row_data_fh.close()
            with suppress(FileNotFoundError):
                os.unlink(self.row_data_filename)


def write_xlsx(
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    title: Any,
    language: str,
    file: str | os.PathLike[str] | None = None,
    notes: Iterable[tuple[Any, Any]] = (),
    header: Header = "label",
    progress: Callable[[int], None] | None = None,
    created: datetime | None = None,
    max_rows: int = MAX_ROWS,
    tags: bool = False,
    sheets: Iterable[tuple[Any, Sequence[Column], Iterable[Any]]] = (),
) -> bytes | Path:
    """Write rows as an XLSX file in `language`; return its bytes, or its path when `file` is given.

    Numbers, days and moments (Baghdad time) are real ones; text is text, never a formula or a link,
    cut at 32,767 characters. In Arabic the sheets run from the right. Rows beyond `max_rows` go on
    in a next sheet. `tags` puts a row of HXL tags under the names. `sheets` are small tables beside
    it, (title, columns, rows): what the columns mean, for one. The last sheet says what the file
    is: `notes` as (label, value) pairs (who, when, filters, source), then the number of rows and
    the control totals. `created` is the only moment in the file; without it the same data give the
    same bytes. `progress` is told the number of rows now and then and may raise `Cancelled`, after
    which nothing is left behind. The file is written beside its place and moved there when whole.
    """
    with translation.override(language), _whole_file(file) as target:
        book = Workbook(target, {"constant_memory": True, "in_memory": False})
        try:
            _fill(
                book, columns, rows, str(title), notes, header, progress, created, max_rows,
                tags, sheets,
            )  # fmt: skip
            book.close()
        except BaseException:
            for sheet in book.worksheets():
                sheet.discard()
            book.fileclosed = True
            raise
    return target.getvalue() if isinstance(target, io.BytesIO) else Path(os.fspath(file or ""))


@contextmanager
def _whole_file(file: str | os.PathLike[str] | None) -> Iterator[Any]:
    if file is None:
        yield io.BytesIO()
        return
    handle, beside = tempfile.mkstemp(dir=Path(file).parent, prefix=".export-", suffix=".part")
    os.close(handle)
    try:
        yield beside
        os.replace(beside, file)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise


def _fill(
    book: Workbook,
    columns: Sequence[Column],
    rows: Iterable[Any],
    title: str,
    notes: Iterable[tuple[Any, Any]],
    header: Header,
    progress: Callable[[int], None] | None,
    created: datetime | None,
    max_rows: int,
    tags: bool,
    sheets: Iterable[tuple[Any, Sequence[Column], Iterable[Any]]],
) -> None:
    book.set_properties({"title": title, "created": created or _NO_DATE})
    styles = _Styles(book)
    readers = [column.reader() for column in columns]
    makers = [styles.cell_maker(at, column) for at, column in enumerate(columns)]
    totals = ControlTotals(columns)

    first = 2 if tags else 1
    part, number = 1, first
    sheet = _start(book, styles, columns, _sheet_name(title, part), header, tags=tags)
    for row in iterate(rows):
        if number == max_rows:
            _finish(sheet, number, len(columns))
            part, number = part + 1, first
            sheet = _start(book, styles, columns, _sheet_name(title, part), header, tags=tags)
        number += 1
        values = [read(row) for read in readers]
        totals.add(values)
        sheet.append(number, _cells(makers, values, number))
        if progress is not None and totals.rows % _PROGRESS_EVERY == 0:
            progress(totals.rows)
    _finish(sheet, number, len(columns))
    if progress is not None:
        progress(totals.rows)
    for name, beside, lines in sheets:
        _add_beside(book, styles, str(name), beside, lines)
    _add_notes(book, styles, notes, totals)


def _add_beside(
    book: Workbook, styles: _Styles, title: str, columns: Sequence[Column], rows: Iterable[Any]
) -> None:
    """A small table on a sheet of its own, under labels."""
    sheet = _start(book, styles, columns, _free_name(book, _sheet_name(title, 1)), "label")
    readers = [column.reader() for column in columns]
    makers = [styles.cell_maker(at, column) for at, column in enumerate(columns)]
    number = 1
    for row in rows:
        number += 1
        sheet.append(number, _cells(makers, [read(row) for read in readers], number))
    _finish(sheet, number, len(columns))


def _cells(makers: Sequence[_Maker], values: Sequence[Any], row: int) -> str:
    """The cells of one row as XML; nothing for those that hold nothing.

    Most columns hold the same few texts and numbers over and over: what comes after the row's
    number is remembered. No function is called for such a cell, since this runs for each of them.
    """
    cells = []
    for value, (start, known, rest) in zip(values, makers, strict=True):
        if value is None:
            continue
        kind = type(value)
        if kind is str or kind is int:
            found = known.get(value)
            if found is None:
                found = rest(value)
                if len(known) < REMEMBERED and len(found) < LONGEST_REMEMBERED:
                    known[value] = found
        else:
            found = rest(value)
        if found:
            cells.append(f"{start}{row}{found}")
    return "".join(cells)


def _free_name(book: Workbook, name: str) -> str:
    used = {sheet.get_name().lower() for sheet in book.worksheets()}
    return name if name.lower() not in used else f"{name[:28]} *"


def _start(
    book: Workbook,
    styles: _Styles,
    columns: Sequence[Column],
    name: str,
    header: Header,
    *,
    tags: bool = False,
) -> _Sheet:
    sheet: _Sheet = book.add_worksheet(name, _Sheet)
    if translation.get_language_bidi():
        sheet.right_to_left()
    sheet.freeze_panes(2 if tags else 1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for at, column in enumerate(columns):
        label = column.key if header == "key" else str(column.label)
        width = column.width or max(_WIDTHS[column.kind], min(len(label) + 4, 40))
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, label, styles.header)
    if tags:
        # After the whole row above: a row that was left is written and not gone back to.
        for at, column in enumerate(columns):
            sheet.write_string(1, at, column.tag)
    return sheet


def _finish(sheet: _Sheet, last_row: int, width: int) -> None:
    if width:
        sheet.span(last_row, width)
        sheet.autofilter(0, 0, last_row - 1, width - 1)


def _sheet_name(title: str, part: int) -> str:
    """A name that spreadsheets accept: 31 characters, some signs not among them."""
    name = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip().strip("'") or "Sheet"
    suffix = f" ({part})" if part > 1 else ""
    return name[: 31 - len(suffix)].rstrip() + suffix


def _add_notes(
    book: Workbook, styles: _Styles, notes: Iterable[tuple[Any, Any]], totals: ControlTotals
) -> None:
    sheet = book.add_worksheet(_free_name(book, _("About this file")[:31]), _Sheet)
    if translation.get_language_bidi():
        sheet.right_to_left()
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 70)
    lines: list[tuple[Any, Any]] = [*notes, (_("Rows"), totals.rows)]
    lines += [(f"{_('Total')}: {column.label}", total) for column, total in totals.sums()]
    lines.append((_("Times"), _("Baghdad time")))
    makers = [styles.cell_maker(0, Column("label", "")), styles.cell_maker(1, Column("value", ""))]
    for number, line in enumerate(lines, start=1):
        sheet.append(number, _cells(makers, [str(line[0]), line[1]], number))
    sheet.span(len(lines), 2)


class _Styles:
    """The cell formats of a file, and the functions that make its cells."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._known: dict[str, int] = {}
        self.header = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EFEF"}
        )

    def index(self, number_format: str = "", *, quoted: bool = False) -> int:
        key = f"{number_format}|{quoted}"
        if key not in self._known:
            properties: dict[str, Any] = {"valign": "top"}
            if number_format:
                properties["num_format"] = number_format
            if quoted:
                properties["quote_prefix"] = True
            self._known[key] = self._book.add_format(properties)._get_xf_index()
        return self._known[key]

    def cell_maker(self, at: int, column: Column) -> _Maker:
        """How the cells of a column begin, those that are known, and what follows of a value."""
        start = f'<c r="{_letters(at)}'
        decimal_format = "#,##0." + "0" * column.places if column.places else "#,##0"
        plain, quoted = self.index(), self.index(quoted=True)
        text_style = self.index("@") if column.kind == "code" else plain
        styles = {
            int: self.index(decimal_format if column.kind == "decimal" else _FORMATS["int"]),
            Decimal: self.index(decimal_format if column.kind != "int" else _FORMATS["int"]),
            date: self.index(_FORMATS["date"]),
            datetime: self.index(_FORMATS["datetime"]),
        }

        def text_rest(text: str) -> str:
            if len(text) > _MAX_TEXT // 2:
                text = _cut(text)
            style = text_style if text[:1].isalnum() or not is_dangerous(text) else quoted
            # Spaces at the ends and line breaks are kept only where that is said.
            kept = "" if text.isprintable() and text.strip() == text else ' xml:space="preserve"'
            if "_x" in text:
                text = _ESCAPE_LIKE.sub("_x005F_", text)
            if _MARK_UP.search(text):
                text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                text = text.replace("\r", "")
            return f'" s="{style}" t="inlineStr"><is><t{kept}>{text}</t></is></c>'

        def rest(value: Any) -> str:
            """What comes after the row's number; empty where there is nothing to write."""
            value = read_cell(value)
            if value is None:
                return ""
            kind = type(value)
            if kind is str:
                return text_rest(value)
            if kind not in _NUMBERS:
                kind = next(known for known in _NUMBERS if isinstance(value, known))
            number = None if column.kind == "code" else _NUMBERS[kind](value)
            if number is None:
                return text_rest(str(value))
            return f'" s="{styles[kind]}"><v>{number}</v></c>'

        return start, {}, rest


# A value as a spreadsheet stores it, or None where it could not without losing something. Numbers
# are kept to 15 digits; longer ones are better as text than wrong.


def _whole(value: int) -> str | None:
    return str(value) if -(10**15) < value < 10**15 else None


def _decimal(value: Decimal) -> str | None:
    text = format(value, "f")
    return text if len(text) <= 15 or len(text.strip("-0.").replace(".", "")) <= 15 else None


def _day(value: date) -> str | None:
    return str((value - _EPOCH).days) if value >= _FIRST_SURE_DAY else None


def _moment(value: datetime) -> str | None:
    day = value.date()
    if day < _FIRST_SURE_DAY:
        return None
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return f"{(day - _EPOCH).days + seconds / 86400:.10f}"


_NUMBERS: dict[type, Callable[[Any], str | None]] = {
    int: _whole,
    Decimal: _decimal,
    datetime: _moment,  # before date, which it is a kind of
    date: _day,
}


def _cut(text: str) -> str:
    """At most 32,767 units of UTF-16, the last an ellipsis where something is cut."""
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * _MAX_TEXT:
        return text
    return encoded[: 2 * (_MAX_TEXT - 1)].decode("utf-16-le", errors="ignore") + "…"


def _letters(at: int) -> str:
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
