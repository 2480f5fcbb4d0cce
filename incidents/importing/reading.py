"""A file of rows as it comes: encoding, delimiter, header and HXL row found, rows numbered.

Row numbers are those a spreadsheet shows: the header is row 1, a row of HXL tags counts.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from ceasefire.exports import unescape_cell
from incidents.importing.problems import FileRefused, Problem

#: The longest cell that is read; longer ones are no data of ours (a quote that never closes, say).
LONGEST_CELL = 100_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|"
#: First octets of what people upload in the place of a CSV file.
_OTHER_FILES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")


@dataclass
class Row:
    """One row: its number, and its cells by the file's own column names."""

    number: int
    cells: dict[str, str]


@dataclass
class Sheet:
    """What the file holds, read once: the columns as written, and the rows."""

    header: list[str]
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    encoding: str = "utf-8"
    delimiter: str = ","


def decode(content: bytes) -> tuple[str, str]:
    """The text and its encoding; Arabic Windows (1256) where it is no Unicode. Refuses binary."""
    if not content.strip():
        raise FileRefused("file_empty")
    if content.startswith(_OTHER_FILES):
        raise FileRefused("file_not_text")
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(encoding), encoding
            except UnicodeDecodeError:
                raise FileRefused("file_not_text") from None
    if b"\x00" in content:
        raise FileRefused("file_not_text")
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp1256")
    except UnicodeDecodeError:
        raise FileRefused("file_not_text") from None
    if sum(letter < " " and letter not in "\t\r\n" for letter in text):
        raise FileRefused("file_not_text")
    return text, "cp1256"


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


def read_sheet(content: bytes) -> Sheet:
    """Read a whole CSV file. Raises `FileRefused` where it is none; odd rows become problems.

    Blank rows are passed over. A row with fewer or more cells than the header is a problem, since
    its values may stand in the wrong columns.
    """
    text, encoding = decode(content)
    delimiter = None
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text = first.strip()[4], rest
    delimiter = delimiter or _delimiter(text)
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        return _fill(text, delimiter, encoding)
    finally:
        csv.field_size_limit(before)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error:
        raise FileRefused("cell_too_long", value=str(reader.line_num)) from None


def _fill(text: str, delimiter: str, encoding: str) -> Sheet:
    records = _records(text, delimiter)
    header: list[str] = []
    number = 0
    for cells in records:
        number += 1
        if any(cell.strip() for cell in cells):
            header = [unescape_cell(cell).strip().strip("\ufeff") for cell in cells]
            break
    while header and not header[-1]:
        header.pop()
    if not header:
        raise FileRefused("file_empty")
    keys = [column_key(name) for name in header]
    for key in keys:
        if key and keys.count(key) > 1:
            raise FileRefused("column_twice", column=header[keys.index(key)])
    sheet = Sheet(header, encoding=encoding, delimiter=delimiter)
    if encoding == "cp1256":
        sheet.warnings.append(Problem(1, "", "encoding_guessed", "Windows-1256"))
    width, is_second = len(header), True
    for cells in records:
        number += 1
        if not any(cell.strip() for cell in cells):
            continue
        if is_second:
            is_second = False
            if _is_tags(cells):
                continue
        if len(cells) != width:
            if len(cells) < width or any(cell.strip() for cell in cells[width:]):
                sheet.problems.append(
                    Problem(number, "", "cells_missing" if len(cells) < width else "cells_extra")
                )
                continue
            cells = cells[:width]
        sheet.rows.append(Row(number, dict(zip(header, cells, strict=True))))
    return sheet
