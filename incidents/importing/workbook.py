"""An XLSX file as rows of text, read so that a hostile one costs no more than its refusal.

What a workbook holds becomes text as our own CSV has it: days as 2026-03-31, whole numbers without
a point; the value of a formula and never the formula. The first visible sheet with rows is read.

Before anything is parsed, every part of the archive is unpacked once, counted and looked at: a bomb
is a bomb whatever its table of contents says. Document type declarations, from which XML's own
bombs are made, are refused; the parser would refuse them too (defusedxml).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from ceasefire import jobs
from incidents.importing.problems import FileRefused, Problem

#: Of the file as it comes, of all its parts unpacked, and how many parts.
LARGEST_PACKED = 15 * 1024 * 1024
LARGEST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 1000
#: A workbook of more than this, unpacked, is read by a worker: no request unpacks or parses more.
READ_AT_ONCE = 3 * 1024 * 1024
MOST_COLUMNS = 1000
#: Cells with something in them; more than that is a matter for CSV.
MOST_CELLS = 1_500_000
#: Rows of a spreadsheet that may stand empty between two that do not.
LONGEST_GAP = 10_000
_PIECE = 64 * 1024
_MERGED = re.compile(
    rb'<(?:[A-Za-z]\w*:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}):([^"]{2,10})"'
)
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
#: More merged areas than anybody makes by hand are not filled.
MOST_MERGED = 5000


def is_workbook(content: bytes) -> bool:
    """Whether the file is a ZIP archive, as every XLSX is."""
    return content.startswith(b"PK\x03\x04")


def refuse_old(content: bytes) -> None:
    """Say of an OLE file what it is: an encrypted workbook, or a spreadsheet from before 2007."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise FileRefused("file_encrypted")
    raise FileRefused("file_old_excel")


def is_long(content: bytes) -> bool:
    """Whether a workbook is read by a worker, as its table of contents says; nothing is unpacked.

    Raises `FileRefused` for what that table shows to be no good. A part that says less than it
    holds is read no further than it says.
    """
    if len(content) > LARGEST_PACKED:
        raise FileRefused("workbook_too_large")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(part.file_size for part in _parts(archive)) > READ_AT_ONCE
    except _BROKEN:
        raise FileRefused("file_not_workbook") from None


def as_text(
    content: bytes, *, progress: Callable[[int, int], None] | None = None
) -> tuple[str, list[Problem]]:
    """The sheet as CSV text, row by row as the spreadsheet numbers them, and remarks.

    `progress(done, total)`, in rows, may raise `jobs.Cancelled` to stop.
    """
    sheets = _unpacked(content)
    try:
        return _read(content, sheets, progress or (lambda _done, _total: None))
    except (FileRefused, jobs.Cancelled):
        raise
    except Exception:
        # A library that reads strangers' files raises whatever the stranger made it stumble over.
        raise FileRefused("file_not_workbook") from None


#: What reading a broken archive raises.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@dataclass
class _Sheet:
    """What looking through a sheet's part finds: merged areas, and how many rows it has."""

    merged: list[tuple[bytes, bytes]] = field(default_factory=list)
    rows: int = 0


def _parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The parts of an archive; `FileRefused` where their list shows that it is no good."""
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise FileRefused("workbook_too_large")
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefused("file_encrypted")
    if len(names) != len(parts) or "[Content_Types].xml" not in names:
        raise FileRefused("file_not_workbook")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileRefused("file_has_macros")
    return parts


def _unpacked(content: bytes) -> dict[str, _Sheet]:
    """Unpack and count every part, look at the sheets; `FileRefused` where it is no good."""
    if len(content) > LARGEST_PACKED:
        raise FileRefused("workbook_too_large")
    sheets: dict[str, _Sheet] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            left = LARGEST_UNPACKED
            for part in _parts(archive):
                left = _look_at(archive, part, left, sheets)
    except _BROKEN:
        raise FileRefused("file_not_workbook") from None
    return sheets


def _look_at(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int, sheets: dict[str, _Sheet]
) -> int:
    """Read one part through; how much may still be unpacked after it."""
    is_sheet = part.filename.startswith("xl/worksheets/")
    tail = b""
    with archive.open(part) as opened:
        while piece := opened.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise FileRefused("workbook_too_large")
            seen = tail + piece
            plain = seen.replace(b"\x00", b"")  # also where it is written in UTF-16
            if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
                raise FileRefused("file_not_workbook")
            if is_sheet:
                sheet = sheets.setdefault(part.filename, _Sheet())
                sheet.rows += piece.count(b"<row")
                if b"mergeCell" in seen:
                    sheet.merged += [
                        pair for pair in _MERGED.findall(seen) if pair not in sheet.merged[-3:]
                    ]
            tail = seen[-120:]
    return left


def _read(
    content: bytes, found: dict[str, _Sheet], progress: Callable[[int, int], None]
) -> tuple[str, list[Problem]]:
    import openpyxl

    book = openpyxl.load_workbook(
        io.BytesIO(content), read_only=True, data_only=True, keep_links=False
    )
    remarks: list[Problem] = []
    try:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        written = ""
        for at, sheet in enumerate(sheets):
            # A sheet says itself how far it reaches, and need not say the truth.
            sheet.reset_dimensions()
            looked = found.get(str(getattr(sheet, "_worksheet_path", "")).lstrip("/"), _Sheet())
            written, filled = _written(
                _told(sheet.iter_rows(values_only=True), looked.rows, progress),
                _areas(looked.merged),
            )
            if written.strip():
                if filled:
                    remarks.append(Problem.of(1, "", "merged_filled", filled))
                if len(sheets) - at > 1:
                    remarks.append(Problem.of(1, "", "other_sheets", sheet.title))
                break
        if not written.strip():
            raise FileRefused("file_empty")
        return written, remarks
    finally:
        book.close()


def _told(
    rows: Iterator[tuple[Any, ...]], total: int, progress: Callable[[int, int], None]
) -> Iterator[tuple[Any, ...]]:
    """The rows, and how far they are."""
    for number, row in enumerate(rows):
        # Never done: what comes after the last row takes time too.
        progress(min(number, total), total + 1)
        yield row


def _areas(found: list[tuple[bytes, bytes]]) -> dict[int, list[tuple[int, int]]]:
    """Merged areas of more than one row: first row -> (column, last row), from 0."""
    areas: dict[int, list[tuple[int, int]]] = {}
    for first, last in found[:MOST_MERGED]:
        start, end = _CELL.fullmatch(first.decode()), _CELL.fullmatch(last.decode("latin-1"))
        if start is None or end is None or end[2] == start[2]:
            continue
        column = 0
        for letter in start[1]:
            column = column * 26 + ord(letter) - 64
        areas.setdefault(int(start[2]) - 1, []).append((column - 1, int(end[2]) - 1))
    return areas


def _written(
    rows: Iterator[tuple[Any, ...]], areas: dict[int, list[tuple[int, int]]]
) -> tuple[str, int]:
    """The rows as CSV, every one on its own line number; and how many merged areas were filled."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    cells = blank = filled = width = 0
    #: column -> (text, last row) of a merged area that goes on
    below: dict[int, tuple[str, int]] = {}
    for number, values in enumerate(rows):
        while values and values[-1] is None:
            values = values[:-1]
        if len(values) > MOST_COLUMNS:
            raise FileRefused("too_many_columns")
        texts = ["" if value is None else _text(value) for value in values]
        if below:
            for column, (text, last) in list(below.items()):
                if number > last:
                    del below[column]
                elif column < MOST_COLUMNS and texts:
                    texts += [""] * (column + 1 - len(texts))
                    texts[column] = texts[column] or text
        for column, last in areas.get(number, ()):
            if column < len(texts) and texts[column]:
                below[column] = (texts[column], last)
                filled += 1
        if not any(texts):
            blank += 1
            if blank > LONGEST_GAP:
                break
            continue
        out.write("\n" * blank)
        blank = 0
        cells += len(texts)
        width = max(width, len(texts))
        if cells > MOST_CELLS:
            raise FileRefused("too_many_cells")
        writer.writerow([text.replace("\r\n", "\n").replace("\r", "\n") for text in texts])
    return _evened(out, width), filled


def _evened(written: io.StringIO, width: int) -> str:
    """The same with every row as long as the longest, as a spreadsheet shows it."""
    written.seek(0)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for cells in csv.reader(written):
        if cells:
            writer.writerow(cells + [""] * (width - len(cells)))
        else:
            out.write("\n")
    return out.getvalue()


def _text(value: Any) -> str:
    """A cell's value as our own CSV would have it."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date().isoformat()
        return value.isoformat(timespec="seconds")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date | timedelta):
        return str(value)
    return str(value)
