"""Files as answers to a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, BinaryIO

from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import translation

from ceasefire.database.session import acting
from ceasefire.exports.columns import Column, Header
from ceasefire.exports.csv import write_csv

__all__ = [
    "CONTENT_TYPES",
    "csv_response",
    "file_response",
    "safe_filename",
    "stream_response",
]

CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


def safe_filename(*parts: object, extension: str) -> str:
    """A file name of codes, days and fixed words: `safe_filename("incidents", site.code,
    week, extension="csv")` is "incidents-AL-ZUBAIR-2026-11-22.csv".

    Only ASCII letters, digits, points and dashes are left. Pass nothing that was typed by a person:
    a name or a search word in a file name stays on the disk of whoever saves it.
    """
    words = (re.sub(r"[^A-Za-z0-9.]+", "-", str(part)).strip("-.") for part in parts)
    return "-".join(word for word in words if word)[:100] + "." + extension.lstrip(".")


def csv_response(
    columns: Sequence[Column],
    rows: Iterable[Any] | Callable[[], Iterable[Any]],
    filename: str,
    *,
    user: Any,
    header: Header = "key",
    tags: bool = False,
    sent: Callable[[int], None] | None = None,
) -> StreamingHttpResponse:
    """Stream rows as a CSV file, read as `user` while they are sent.

    The view's own transaction and database role are over when the rows are read, so the stream
    opens its own: a REO role reads with REO's rights here too. `rows` is a queryset, or a callable
    that makes the rows and is called inside that transaction; querysets go through a server-side
    cursor. Record the export in the audit trail before calling this; how many rows there were is
    told to `sent` inside that transaction when the last one is written, and to nobody where the
    reader went away before.
    """
    language = translation.get_language() or "en"

    def stream() -> Iterator[bytes]:
        written = 0

        def count(done: int) -> None:
            nonlocal written
            written = done

        with translation.override(language), acting(user), ExitStack() as stack:
            found = rows() if callable(rows) else rows
            if isinstance(found, Generator):
                # Also where the reader goes away: it may hold a question that is open.
                stack.enter_context(closing(found))
            yield from write_csv(columns, found, header=header, tags=tags, progress=count)
            if sent is not None:
                sent(written)

    return _as_download(StreamingHttpResponse(stream()), filename)


def file_response(
    content: bytes | Path | BinaryIO, filename: str, *, inline: bool = False
) -> HttpResponseBase:
    """Send a finished file; `inline` lets the browser show it (a PDF) rather than save it."""
    if isinstance(content, bytes):
        return _as_download(HttpResponse(content), filename, inline=inline)
    opened = content.open("rb") if isinstance(content, Path) else content
    return _as_download(FileResponse(opened), filename, inline=inline)


def stream_response(pieces: Iterable[bytes], filename: str, *, size: int) -> HttpResponseBase:
    """Send a file of `size` octets piece by piece; they open a session of their own to be read."""
    response = _as_download(StreamingHttpResponse(pieces), filename)
    response["Content-Length"] = str(size)
    return response  # type: ignore[no-any-return]


def _as_download(response: Any, filename: str, *, inline: bool = False) -> Any:
    if not _FILENAME.fullmatch(filename):
        raise ValueError("A file name is made of ASCII letters, digits, points and dashes.")
    response["Content-Type"] = CONTENT_TYPES[Path(filename).suffix]
    response["Content-Disposition"] = (
        f'{"inline" if inline else "attachment"}; filename="{filename}"'
    )
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
