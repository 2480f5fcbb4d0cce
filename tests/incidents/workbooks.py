"""XLSX files for the import's tests: as people make them, and as nobody should."""

import io
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import openpyxl

from tests.incidents.files_to_import import ROW

#: An XLSX that is nothing but its parts.
CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
)


def workbook(*rows: Iterable[Any], change: Callable[[Any, Any], None] | None = None) -> bytes:
    """Rows as the first sheet of a workbook; `change(book, sheet)` does the rest."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def table_rows(*changes: dict[str, Any]) -> list[list[Any]]:
    """A header and rows of our own table, each with its changes."""
    made = [{**ROW, "source_id": f"X-{at}", **change} for at, change in enumerate(changes, 1)]
    names = list(dict.fromkeys(name for row in made for name in row))
    return [names, *[[row.get(name) for name in names] for row in made]]


def with_part(content: bytes, name: str, text: bytes) -> bytes:
    """A workbook with one part replaced, or one more."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, text)
    return out.getvalue()


def bomb(size: int) -> bytes:
    """A workbook of a few hundred kilobytes that unpacks to `size` octets of a sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(size // (1 << 20)):
                part.write(b" " * (1 << 20))
    return out.getvalue()
