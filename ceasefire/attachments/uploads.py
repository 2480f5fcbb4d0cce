"""Files that come in with a request, held in memory and nowhere else.

Django writes an upload of more than 2.5 MB to a temporary file. A photo from a street in Basrah is
not to lie on a disk, not even for a moment: what was deleted there can be read again. So a view
that takes photos is wrapped in `in_memory`, which puts a hard end to what it holds.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_protect

from ceasefire.attachments import limits

View = Callable[..., HttpResponse]
_PART = 64 * 1024


class MemoryOnlyHandler(FileUploadHandler):
    """Keeps each file in memory up to the limit of a file; of a longer one only how long it is.

    All files of a request together are held up to the limit of a request, whatever its head said.
    """

    chunk_size = _PART

    def __init__(
        self,
        request: HttpRequest | None = None,
        *,
        most: int | None = None,
        together: int | None = None,
    ) -> None:
        super().__init__(request)
        self.most = most or limits.FILE
        self.together = together or limits.REQUEST
        self.held = 0
        self.kept: io.BytesIO | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.kept = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.kept is None:
            return
        if start + len(raw_data) > self.most or self.held + len(raw_data) > self.together:
            # Too large: what came so far is let go, the rest is only counted.
            self.held -= self.kept.tell()
            self.kept = None
            return
        self.held += len(raw_data)
        self.kept.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        held, self.kept = self.kept, None
        if held is None:
            # Its size alone is enough to be refused by.
            held, file_size = io.BytesIO(), max(file_size, self.most + 1)
        held.seek(0)
        return InMemoryUploadedFile(
            file=held,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type or "",
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )


def in_memory(view: View) -> View:
    """A view that takes photos: no file of the request ever touches a disk."""
    return _guarded(view)


def in_memory_up_to(most: int, together: int) -> Callable[[View], View]:
    """A view that takes files of at most `most` octets, `together` in one request, off the disk.

    A request that says it is larger than that is not read at all: the view is called with
    `request.is_too_large` True and without a form. The mark against forgery is checked here, after
    the handler is in place, since that check reads the form.
    """
    return lambda view: _guarded(view, most, together)


def _guarded(view: View, most: int | None = None, together: int | None = None) -> View:
    checked = csrf_protect(view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.is_too_large = False  # type: ignore[attr-defined]
        if request.method != "POST":
            return view(request, *args, **kwargs)
        length = _length(request)
        if length > (together or limits.REQUEST):
            _hear_out(request, length)
            request.is_too_large = True  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)
        handler = MemoryOnlyHandler(request, most=most, together=together)
        request.upload_handlers = [handler]
        return checked(request, *args, **kwargs)

    guarded.csrf_exempt = True  # type: ignore[attr-defined]
    return guarded


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _hear_out(request: HttpRequest, length: int) -> None:
    """Read what is not much too large and forget it: else the browser sees a broken line."""
    if length > limits.HEARD_OUT:
        return
    while request.read(_PART):
        pass
