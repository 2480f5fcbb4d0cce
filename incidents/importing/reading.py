"""A file of rows as it comes: CSV or XLSX; encoding, delimiter, header and HXL row found.

Row numbers are those a spreadsheet shows: titles above the header, blank rows and a row of HXL tags
count. The rows are read again from the text whenever they are asked for and never held all at once.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from ceasefire.exports import unescape_cell
from incidents.importing import workbook
from incidents.importing.problems import FileRefused, Problem

MOST_ROWS = 500_000
MOST_COLUMNS = workbook.MOST_COLUMNS
MOST_CELLS = 20_000_000
#: The column names stand in one of the first rows with anything in them; titles may be above.
_LOOKED_THROUGH = 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|"
_OLE = b"\xd0\xcf\x11\xe0"
#: First octets of what people upload in the place of a list.
_OTHER_FILES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"\x1f\x8b", b"7z\xbc\xaf")


@dataclass(slots=True)
class Row:
    """One row: its number, and its cells by the file's own column names."""

    number: int
    cells: dict[str, str]


@dataclass
class Rows:
    """The good rows of a file, in order; read anew each time."""

    text: str
    delimiter: str
    header: list[str]
    #: How many records come before the first row.
    skip: int
    count: int = 0
    #: The record behind the last one that is read; None: all are.
    until: int | None = None
    #: Makes columns that the file does not have as such (a point's two halves, say).
    derive: Callable[[dict[str, str]], None] | None = None

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        header, width, derive = self.header, len(self.header), self.derive
        records = _records(self.text, self.delimiter)
        for number, cells in islice(records, self.skip, self.until):
            kind = _kind(cells, header, width)
            if kind == "good":
                row = Row(number, dict(zip(header, cells, strict=False)))
                if derive is not None:
                    derive(row.cells)
                yield row

    def __getitem__(self, at: int) -> Row:
        return next(islice(iter(self), at, None))


@dataclass
class Sheet:
    """What the file holds: the columns as written, and the rows."""

    header: list[str]
    rows: Rows
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    encoding: str = "utf-8"
    delimiter: str = ","
    #: Column -> its HXL tag, where the file has a row of them.
    tags: dict[str, str] = field(default_factory=dict)
    #: Columns made from others, to be chosen like those of the file; and those they stand for.
    made: list[str] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()

    @property
    def columns(self) -> list[str]:
        """The names that can be chosen."""
        return [name for name in [*self.header, *self.made] if name and name not in self.hidden]

    @property
    def signature(self) -> str:
        """The same for every file with these columns, in whatever order."""
        keys = sorted({column_key(name) for name in self.columns})
        return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def decode(content: bytes) -> tuple[str, str]:
    """The text and its encoding; Arabic Windows (1256) where it is no Unicode. Refuses binary."""
    if not content.strip():
        raise FileRefused("file_empty")
    if content.startswith(_OLE):
        workbook.refuse_old(content)
    if content.startswith(_OTHER_FILES):
        raise FileRefused("file_not_text")
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError as error:
                _refuse_broken(content, error, is_utf8=encoding == "utf-8-sig")
            _refuse_nulls(text)
            return text, encoding
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        if b"\x00" in content:
            raise FileRefused("file_not_text") from None
        # Arabic in UTF-8 with a few broken letters is not Arabic Windows text, which has hardly
        # a letter that would pass for UTF-8.
        tried = content.decode("utf-8", "replace")
        broken = tried.count("\ufffd")
        if sum(map(tried.count, "ابتنملهيور")) > 2 * broken:
            _refuse_broken(content, error, is_utf8=True)
    else:
        if text.count("\x00") * 10 > len(text):
            raise FileRefused("file_not_text")
        _refuse_nulls(text)
        return text, "utf-8"
    try:
        text = content.decode("cp1256")
    except UnicodeDecodeError:
        raise FileRefused("file_not_text") from None
    if sum(letter < " " and letter not in "\t\r\n" for letter in text):
        raise FileRefused("file_not_text")
    return text, "cp1256"


def _refuse_broken(content: bytes, error: UnicodeDecodeError, *, is_utf8: bool) -> None:
    if not is_utf8:
        raise FileRefused("file_not_text") from None
    raise FileRefused("broken_utf8", row=content.count(b"\n", 0, error.start) + 1) from None


def _refuse_nulls(text: str) -> None:
    at = text.find("\x00")
    if at >= 0:
        raise FileRefused("null_character", row=text.count("\n", 0, at) + 1)


def _delimiter(text: str) -> str:
    """The sign that separates the header's cells, outside quotes."""
    line, quoted = text.split("\n", 1)[0], False
    counts = dict.fromkeys(_DELIMITERS, 0)
    for letter in line:
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in counts:
            counts[letter] += 1
    best = max(counts, key=lambda sign: (counts[sign], -_DELIMITERS.index(sign)))
    return best if counts[best] else ","


def _is_tags(cells: list[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(cell.startswith("#") and len(cell) > 1 for cell in filled)


def column_key(name: str) -> str:
    """A column's name for comparing: lower case, no spaces around, blanks and dashes as _."""
    return "_".join(unescape_cell(name).strip().strip("\ufeff").lower().replace("-", " ").split())


def as_kept(
    content: bytes, *, progress: Callable[[int, int], None] | None = None
) -> tuple[bytes, list[Problem]]:
    """A file as it is kept for its preview: a workbook becomes text once, other files stay."""
    if not workbook.is_workbook(content):
        return content, []
    text, remarks = workbook.as_text(content, progress=progress)
    return text.encode("utf-8", "replace"), remarks


def read_sheet(content: bytes, *, most: int | None = None) -> Sheet:
    """Look through a whole file. Raises `FileRefused` where it is none; odd rows become problems.

    Blank rows are passed over. A row with fewer or more cells than the header is a problem, since
    its values may stand in the wrong columns. With `most`, only so many rows, whatever they are,
    are looked at, now and whenever they are asked for: what a page has time for.
    """
    remarks: list[Problem] = []
    if workbook.is_workbook(content):
        text, remarks = workbook.as_text(content)
        return _fill(text, ",", "xlsx", remarks, most)
    text, encoding = decode(content)
    delimiter = None
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text = first.strip()[4], rest
    return _fill(text, delimiter or _delimiter(text), encoding, remarks, most)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from enumerate(reader, start=1)
    except csv.Error:
        raise FileRefused("cell_too_long", row=reader.line_num) from None


def _kind(cells: list[str], header: list[str], width: int) -> str:
    """What a record is: good, blank, the header once more, or too short or too long."""
    if len(cells) == width:
        if cells[0] == header[0] and [cell.strip() for cell in cells] == header:
            return "header_again"
        return "good" if any(cells) and any(cell.strip() for cell in cells) else "blank"
    if not any(cell.strip() for cell in cells):
        return "blank"
    if len(cells) < width:
        return "cells_missing"
    return "cells_extra" if any(cell.strip() for cell in cells[width:]) else "good"


def _names(cells: list[str]) -> list[str]:
    names = [unescape_cell(cell).strip().strip("\ufeff") for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _find_header(text: str, delimiter: str) -> tuple[int, list[str]]:
    """The record that holds the column names: the first that is about as full as the fullest.

    Old spreadsheets have a title and a date above, each in a cell or two.
    """
    first: list[tuple[int, list[str]]] = []
    for number, cells in _records(text, delimiter):
        if any(cell.strip() for cell in cells):
            first.append((number, cells))
        if len(first) == _LOOKED_THROUGH:
            break
    if not first:
        raise FileRefused("file_empty")
    filled = [sum(1 for cell in cells if cell.strip()) for _number, cells in first]
    most = max(filled)
    for (number, cells), count in zip(first, filled, strict=True):
        if most < 3 or count * 5 >= most * 3 or count > 2:
            return number, _names(cells)
    return first[0][0], _names(first[0][1])


def _fill(
    text: str, delimiter: str, encoding: str, remarks: list[Problem], most: int | None
) -> Sheet:
    begins, header = _find_header(text, delimiter)
    if not header:
        raise FileRefused("file_empty")
    if len(header) > MOST_COLUMNS:
        raise FileRefused("too_many_columns")
    keys = [column_key(name) for name in header]
    for key in keys:
        if key and keys.count(key) > 1:
            raise FileRefused("column_twice", column=header[keys.index(key)])
    rows = Rows(text, delimiter, header, begins, until=None if most is None else begins + most)
    sheet = Sheet(header, rows, encoding=encoding, delimiter=delimiter)
    sheet.warnings += remarks
    if encoding == "cp1256":
        sheet.warnings.append(Problem(1, "", "encoding_guessed", "Windows-1256"))
    above = sum(
        any(cell.strip() for cell in cells)
        for _number, cells in islice(_records(text, delimiter), begins - 1)
    )
    if above:
        sheet.warnings.append(Problem(begins, "", "header_below"))
    width, is_second = len(header), True
    for number, cells in islice(_records(text, delimiter), begins, rows.until):
        kind = _kind(cells, header, width)
        if kind == "blank":
            continue
        if is_second:
            is_second = False
            if _is_tags(cells):
                rows.skip = number
                sheet.tags = {
                    name: tag.strip()
                    for name, tag in zip(header, cells, strict=False)
                    if name and tag.strip()
                }
                continue
        if kind == "good":
            rows.count += 1
            if rows.count > MOST_ROWS:
                raise FileRefused("too_many_rows")
        elif kind == "header_again":
            if not any(one.code == kind for one in sheet.warnings):
                sheet.warnings.append(Problem(number, "", kind))
        else:
            sheet.problems.append(Problem(number, "", kind))
    if rows.count * width > MOST_CELLS:
        raise FileRefused("too_many_cells")
    return sheet
