"""The XLSX writer: real types, one row in memory at a time."""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

from django.utils import translation
from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from ceasefire.exports.cells import clean_text, is_dangerous
from ceasefire.exports.columns import (
    LONGEST_REMEMBERED,
    REMEMBERED,
    Column,
    ControlTotals,
    Header,
    iterate,
    read_cell,
)
from ceasefire.exports.packing import Packed, put_in

__all__ = ["MAX_ROWS", "write_xlsx"]

#: What a sheet holds, header included.
MAX_ROWS = 1_048_576
_MAX_TEXT = 32_767
_PROGRESS_EVERY = 1000
#: So many rows are packed at a time.
_ROWS_A_PIECE = 100
_FORMATS = {"date": "dd/mm/yyyy", "datetime": "dd/mm/yyyy hh:mm", "int": "#,##0"}
_WIDTHS = {"text": 28, "code": 20, "int": 11, "decimal": 14, "date": 12, "datetime": 17}
#: The day 0 of spreadsheets; before 1 March 1900 they disagree over a 29 February of that year.
_EPOCH = date(1899, 12, 30).toordinal()
_FIRST_SURE_DAY = date(1900, 3, 1).toordinal() - _EPOCH
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
# Without a date given, files carry this one, so that the same data give the same bytes.
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)


#: Stands in a cell for the number of its row; no text holds it.
_HERE = "\0"
#: Of a column: values with their cells, and what makes a cell of another value.
_Maker = tuple[dict[str | int, str], Callable[[Any], str]]


class _Sheet(Worksheet):
    """A worksheet to which finished rows can be added.

    The library spends most of its time on checks of single cells, and takes a text that begins with
    `<r>` and ends with `</r>` for mark-up. It writes the frame: names of the columns, widths,
    styles; the rows are packed beside it and put in at the end.
    """

    packed: Packed
    _rows: list[str]

    def append(self, number: int, cells: str) -> None:
        """Add row `number` (1 is the first); rows must come in order, after what was `write`n."""
        self._rows.append(f'<row r="{_HERE}">{cells}</row>'.replace(_HERE, str(number)))
        if len(self._rows) == _ROWS_A_PIECE:
            self._hand_over()

    def span(self, rows: int, columns: int) -> None:
        """Say how far the rows added reach; none follow."""
        self._hand_over()
        self.dim_rowmin = self.dim_colmin = 0
        self.dim_rowmax, self.dim_colmax = rows - 1, columns - 1

    def _hand_over(self) -> None:
        if self._rows:
            self.packed.add("".join(self._rows))
            self._rows.clear()

    def discard(self) -> None:
        """Remove what was written of the sheet."""
        self.packed.close()
        if self.row_data_fh is not None:
            self.row_data_fh.close()
            with suppress(FileNotFoundError):
                os.unlink(self.row_data_filename)


class _Book(Workbook):
    """The frame of a file: sheets without their rows, which one thread packs beside it."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._frame, self._pool = io.BytesIO(), pool
        super().__init__(self._frame, {"constant_memory": True, "in_memory": False})

    def sheet(self, name: str) -> _Sheet:
        """A new sheet, from the right where the language runs from there."""
        sheet: _Sheet = self.add_worksheet(name, _Sheet)
        sheet.packed, sheet._rows = Packed(self._pool), []
        if translation.get_language_bidi():
            sheet.right_to_left()
        return sheet

    def write(self, out: IO[bytes]) -> None:
        """Finish every sheet and write the whole file."""
        self.close()
        packed = {
            f"xl/worksheets/sheet{at}.xml": sheet.packed
            for at, sheet in enumerate(self.worksheets(), start=1)
        }
        with ZipFile(self._frame) as frame:
            put_in(frame, packed, before=b"</sheetData>", out=out)

    def discard(self) -> None:
        """Remove what lies on the disk of it."""
        for sheet in self.worksheets():
            sheet.discard()
        self.fileclosed = True


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
    with (
        translation.override(language),
        _whole_file(file) as target,
        ThreadPoolExecutor(1) as pool,
    ):
        book = _Book(pool)
        try:
            _fill(
                book, columns, rows, str(title), notes, header, progress, created, max_rows, tags,
                sheets,
            )  # fmt: skip
            book.write(target)
        finally:
            book.discard()
    return target.getvalue() if isinstance(target, io.BytesIO) else Path(os.fspath(file or ""))


@contextmanager
def _whole_file(file: str | os.PathLike[str] | None) -> Iterator[IO[bytes]]:
    """Where to write: in memory, or beside `file`, which is put in its place when it is whole."""
    if file is None:
        yield io.BytesIO()
        return
    handle, beside = tempfile.mkstemp(dir=Path(file).parent, prefix=".export-", suffix=".part")
    try:
        with os.fdopen(handle, "w+b") as out:
            yield out
        os.replace(beside, file)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise


def _fill(
    book: _Book,
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
        sheet.append(number, _cells(makers, values))
        if progress is not None and totals.rows % _PROGRESS_EVERY == 0:
            progress(totals.rows)
    _finish(sheet, number, len(columns))
    if progress is not None:
        progress(totals.rows)
    for name, beside, lines in sheets:
        _add_beside(book, styles, str(name), beside, lines)
    _add_notes(book, styles, notes, totals)


def _add_beside(
    book: _Book, styles: _Styles, title: str, columns: Sequence[Column], rows: Iterable[Any]
) -> None:
    """A small table on a sheet of its own, under labels."""
    sheet = _start(book, styles, columns, _free_name(book, _sheet_name(title, 1)), "label")
    readers = [column.reader() for column in columns]
    makers = [styles.cell_maker(at, column) for at, column in enumerate(columns)]
    number = 1
    for row in rows:
        number += 1
        sheet.append(number, _cells(makers, [read(row) for read in readers]))
    _finish(sheet, number, len(columns))


def _cells(makers: Sequence[_Maker], values: Sequence[Any]) -> str:
    """The cells of one row as XML, but for its number; nothing for those that hold nothing.

    Most columns hold the same few texts and numbers over and over: their cells are remembered. No
    function is called for such a cell, since this runs for each of them.
    """
    cells = []
    for value, (known, make) in zip(values, makers, strict=True):
        if value is None:
            continue
        kind = type(value)
        if kind is str or kind is int:
            cell = known.get(value)
            if cell is None:
                cell = make(value)
                if len(known) < REMEMBERED and len(cell) < LONGEST_REMEMBERED:
                    known[value] = cell
            cells.append(cell)
        else:
            cells.append(make(value))
    return "".join(cells)


def _free_name(book: _Book, name: str) -> str:
    used = {sheet.get_name().lower() for sheet in book.worksheets()}
    return name if name.lower() not in used else f"{name[:28]} *"


def _start(
    book: _Book,
    styles: _Styles,
    columns: Sequence[Column],
    name: str,
    header: Header,
    *,
    tags: bool = False,
) -> _Sheet:
    sheet = book.sheet(name)
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
    book: _Book, styles: _Styles, notes: Iterable[tuple[Any, Any]], totals: ControlTotals
) -> None:
    sheet = book.sheet(_free_name(book, _("About this file")[:31]))
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 70)
    lines: list[tuple[Any, Any]] = [*notes, (_("Rows"), totals.rows)]
    lines += [(f"{_('Total')}: {column.label}", total) for column, total in totals.sums()]
    lines.append((_("Times"), _("Baghdad time")))
    makers = [styles.cell_maker(0, Column("label", "")), styles.cell_maker(1, Column("value", ""))]
    for number, line in enumerate(lines, start=1):
        sheet.append(number, _cells(makers, [str(line[0]), line[1]]))
    sheet.span(len(lines), 2)


class _Styles:
    """The cell formats of a file, and the functions that make its cells."""

    def __init__(self, book: _Book) -> None:
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
        """The cells of a column that are known, none yet, and what makes one of a value."""
        start = f'<c r="{_letters(at)}{_HERE}" s="'
        decimal_format = "#,##0." + "0" * column.places if column.places else "#,##0"
        plain, quoted = self.index(), self.index(quoted=True)
        text_style = self.index("@") if column.kind == "code" else plain
        styles = {
            int: self.index(decimal_format if column.kind == "decimal" else _FORMATS["int"]),
            Decimal: self.index(decimal_format if column.kind != "int" else _FORMATS["int"]),
            date: self.index(_FORMATS["date"]),
            datetime: self.index(_FORMATS["datetime"]),
        }

        def of_text(text: str) -> str:
            is_plain = text.isprintable()  # then its only white space is the blank
            if not is_plain:
                text = clean_text(text)
            if not text:
                return ""
            if len(text) > _MAX_TEXT // 2:
                text = _cut(text)
            style = text_style if text[0].isalnum() or not is_dangerous(text) else quoted
            # Spaces at the ends and line breaks are kept only where that is said.
            kept = "" if is_plain and text.strip(" ") == text else ' xml:space="preserve"'
            if "_x" in text:
                text = _ESCAPE_LIKE.sub("_x005F_", text)
            if "&" in text or "<" in text or ">" in text:
                text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            if not is_plain:
                text = text.replace("\r", "")
            return f'{start}{style}" t="inlineStr"><is><t{kept}>{text}</t></is></c>'

        def make(value: Any) -> str:
            """The cell; empty where there is nothing to write."""
            kind = type(value)
            if kind is not str and kind is not int:
                value = read_cell(value)
                if value is None:
                    return ""
                kind = type(value)
            if kind is str:
                return of_text(value)
            if kind not in _NUMBERS:
                kind = next(known for known in _NUMBERS if isinstance(value, known))
            number = None if column.kind == "code" else _NUMBERS[kind](value)
            if number is None:
                return of_text(str(value))
            return f'{start}{styles[kind]}"><v>{number}</v></c>'

        return {}, make


# A value as a spreadsheet stores it, or None where it could not without losing something. Numbers
# are kept to 15 digits; longer ones are better as text than wrong.


def _whole(value: int) -> str | None:
    return str(value) if -(10**15) < value < 10**15 else None


def _decimal(value: Decimal) -> str | None:
    text = format(value, "f")
    return text if len(text) <= 15 or len(text.strip("-0.").replace(".", "")) <= 15 else None


def _day(value: date) -> str | None:
    day = value.toordinal() - _EPOCH
    return str(day) if day >= _FIRST_SURE_DAY else None


def _moment(value: datetime) -> str | None:
    day = value.toordinal() - _EPOCH
    if day < _FIRST_SURE_DAY:
        return None
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return f"{day + seconds / 86400:.10f}"


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
