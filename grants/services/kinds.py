"""What a file is, by its bytes and not by its name; and whether it may be a paper.

Every file is handed to somebody else one day: an auditor, an inspector, a colleague's computer. So
nothing is taken that runs (macros, scripts, files inside files), that is two things at once, that
unfolds into gigabytes, that is locked, or that is not what its name says. A picture is drawn anew
from its pixels; nothing that the camera wrote into it is kept.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ceasefire.text import BIDI_CONTROLS
from grants.exceptions import GrantRefusal

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Kind:
    """A sort of file: its media type, its usual ending, and how large it may be, in octets."""

    mime: str
    ending: str
    most: int

    @property
    def is_picture(self) -> bool:
        return self.mime.startswith("image/")


PDF = Kind("application/pdf", "pdf", 200 * MEGABYTE)
JPEG = Kind("image/jpeg", "jpg", 15 * MEGABYTE)
PNG = Kind("image/png", "png", 15 * MEGABYTE)
WEBP = Kind("image/webp", "webp", 15 * MEGABYTE)
_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = Kind(_OOXML + "wordprocessingml.document", "docx", 50 * MEGABYTE)
XLSX = Kind(_OOXML + "spreadsheetml.sheet", "xlsx", 50 * MEGABYTE)
ODT = Kind("application/vnd.oasis.opendocument.text", "odt", 50 * MEGABYTE)
ODS = Kind("application/vnd.oasis.opendocument.spreadsheet", "ods", 50 * MEGABYTE)
TXT = Kind("text/plain", "txt", 5 * MEGABYTE)
CSV = Kind("text/csv", "csv", 5 * MEGABYTE)
BY_ENDING: dict[str, Kind] = {
    **{one.ending: one for one in (PDF, JPEG, PNG, WEBP, DOCX, XLSX, ODT, ODS, TXT, CSV)},
    "jpeg": JPEG,
}
BY_MIME = {one.mime: one for one in BY_ENDING.values()}
#: For the browser's chooser of files.
ACCEPT = ",".join(f".{ending}" for ending in BY_ENDING)

#: Entries of an archive, what it unfolds to, and how many times as much as it weighs.
MOST_ENTRIES = 4000
MOST_UNFOLDED = 200 * MEGABYTE
MOST_RATIO = 150

REASONS: dict[str, Any] = {
    "empty": _("The file is empty."),
    "too_large": _("The file is too large for its kind."),
    "name": _("The file's name hides what it is. Give it a plain name and choose it again."),
    "ending": format_lazy(
        _("Choose a PDF, a JPEG, PNG or WebP picture, or a file of {endings}."),
        endings="docx, xlsx, odt, ods, txt, csv",
    ),
    "not_what_it_says": _("The content of the file is not what its name says."),
    "two_things": _("The file holds a second file in front or behind. Save it anew and try again."),
    "locked": _("The file is locked by a password or against changes. Save it without that."),
    "runs": _("The file holds macros, scripts or files inside it. Save it without them, as PDF."),
    "unfolds": _("The file unfolds into far more than it weighs."),
    "broken": _("The file is damaged and cannot be read."),
    "text": _("The text is not in UTF-8, or holds signs that no text has."),
    "virus": _("The file holds the mark of a test virus."),
    "picture": _("This paper has to be a picture: JPEG, PNG or WebP."),
    "too_many_pixels": _("The picture measures too many pixels."),
    "heic": _("HEIC photos cannot be read here. Choose JPEG in the settings of the camera."),
}


class PaperRefused(GrantRefusal):
    """A file that is not taken; `code` is a key of `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = REASONS[code]


_BAD_NAME = re.compile(f"[/\\\\\x00-\x1f\x7f{BIDI_CONTROLS}]")


def ending_of(name: str, size: int) -> str:
    """The ending of a file's name, where such a file may be a paper of that size."""
    if _BAD_NAME.search(name) or len(name) > 255:
        raise PaperRefused("name")
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in ("heic", "heif", "avif"):
        raise PaperRefused("heic")
    if ending not in BY_ENDING:
        raise PaperRefused("ending")
    if size < 1:
        raise PaperRefused("empty")
    if size > BY_ENDING[ending].most:
        raise PaperRefused("too_large")
    return ending


def check(content: BinaryIO, ending: str, size: int) -> Kind:
    """Look at the bytes of a file that is no picture; its kind, or `PaperRefused`."""
    kind = BY_ENDING[ending]
    if size > kind.most:
        raise PaperRefused("too_large")
    content.seek(0)
    head = content.read(8)
    if kind is PDF:
        _pdf(content, head, size)
    elif kind in (TXT, CSV):
        _text(content)
    elif head.startswith(b"PK\x03\x04"):
        _archive(content, kind)
    else:
        raise PaperRefused("not_what_it_says")
    return kind


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    while chunk := content.read(MEGABYTE):
        yield chunk


# --- text ---------------------------------------------------------------------------------------

#: Put together here, so that this file does not hold it.
_TEST_VIRUS = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_MARKUP = re.compile(r"\s*<[!?a-z]", re.IGNORECASE)


def _text(content: BinaryIO) -> None:
    content.seek(0)
    octets = content.read()
    if _TEST_VIRUS in octets:
        raise PaperRefused("virus")
    coding = "utf-16" if octets[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = octets.decode(coding)
    except UnicodeDecodeError:
        raise PaperRefused("text") from None
    if _NO_TEXT.search(text):
        raise PaperRefused("text")
    if _MARKUP.match(text) or text.startswith(("%PDF", "#!", "MZ")):
        raise PaperRefused("not_what_it_says")


# --- PDF ----------------------------------------------------------------------------------------

#: Names of what a PDF does by itself or carries inside. Long enough not to occur by chance.
_RUNS = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|GoToE)\b"
)
_LOCKED = re.compile(rb"/Encrypt\b")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
#: A stream that holds objects, which may be names of the above.
_OBJECTS = re.compile(rb"/ObjStm\b.{0,400}?stream\r?\n", re.DOTALL)
_OVERLAP = 512


def _named(octets: bytes) -> bytes:
    """Names as they are read: /J#61vaScript is /JavaScript."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), octets)


def _look(octets: bytes) -> None:
    plain = _named(octets) if b"#" in octets else octets
    if _RUNS.search(plain):
        raise PaperRefused("runs")
    if _LOCKED.search(plain):
        raise PaperRefused("locked")
    if _TEST_VIRUS in plain:
        raise PaperRefused("virus")


def _pdf(content: BinaryIO, head: bytes, size: int) -> None:
    if not head.startswith(b"%PDF-"):
        raise PaperRefused("not_what_it_says")
    content.seek(max(size - 2048, 0))
    tail = content.read()
    end = tail.rfind(b"%%EOF")
    if end < 0:
        raise PaperRefused("broken")
    if tail[end + 5 :].strip(b"\r\n\t \x00"):
        raise PaperRefused("two_things")
    content.seek(0)
    unfolded, before = 0, b""
    unfolding: Any = None
    for chunk in _chunks(content):
        window = before + chunk
        _look(window)
        start = 0
        if unfolding is not None:
            unfolded = _unfold(unfolding, chunk, unfolded)
            if unfolding.eof:
                unfolding, start = None, len(before)
        while unfolding is None and (found := _OBJECTS.search(window, start)):
            start = found.end()
            if found.end() <= len(before):
                # Seen whole in the chunk before.
                continue
            unfolding = _Inflater()
            unfolded = _unfold(unfolding, window[start:], unfolded)
            if unfolding.eof:
                unfolding = None
        before = window[-_OVERLAP:]


class _Inflater:
    """Unfolds one stream; what is no such stream ends it at once."""

    def __init__(self) -> None:
        self.inner = zlib.decompressobj()
        self.eof = False
        self.last = b""

    def feed(self, octets: bytes) -> Iterator[bytes]:
        left = octets
        while left and not self.eof:
            try:
                out = self.inner.decompress(left, MEGABYTE)
            except zlib.error:
                self.eof = True
                return
            left = self.inner.unconsumed_tail
            self.eof = self.inner.eof
            yield out


def _unfold(stream: _Inflater, octets: bytes, so_far: int) -> int:
    """Look at what a stream of objects unfolds to; how much has been unfolded of the file."""
    for out in stream.feed(octets):
        so_far += len(out)
        if so_far > MOST_UNFOLDED:
            raise PaperRefused("unfolds")
        _look(stream.last + out)
        stream.last = out[-_OVERLAP:]
    return so_far


# --- archives: OOXML and OpenDocument -----------------------------------------------------------

#: Parts of an office file that run or carry another file.
_PARTS_THAT_RUN = re.compile(
    r"vbaProject|vbaData|macrosheets/|activeX/|embeddings/|oleObject|^Basic/|^Scripts/|^Object|"
    r"\.(?:exe|dll|js|vbs|hta|bat|cmd|ps1|jar|class|swf|html?|svg)$",
    re.IGNORECASE,
)
#: In XML of such a file: macros by content type, links that are run, an entity that unfolds.
_MARKUP_THAT_RUNS = re.compile(
    rb"macroEnabled|<!ENTITY|DDEAUTO|<ddeLink|dde-application|attachedTemplate|"
    rb"relationships/oleObject|script:event-listener|office:scripts>",
)


def _archive(content: BinaryIO, kind: Kind) -> None:
    try:
        with zipfile.ZipFile(content) as archive:
            entries = archive.infolist()
            if archive.comment or not entries or min(e.header_offset for e in entries) != 0:
                raise PaperRefused("two_things")
            _check_names(entries)
            if _kind_of(archive, entries) is not kind:
                raise PaperRefused("not_what_it_says")
            _check_entries(archive, entries)
    except PaperRefused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError):
        raise PaperRefused("broken") from None


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise PaperRefused("unfolds")
    names = [one.filename for one in entries]
    if len(set(names)) != len(names):
        raise PaperRefused("broken")
    for one in entries:
        name = one.orig_filename
        if name.startswith("/") or ".." in name.split("/") or re.search(r"[\\\x00-\x1f:]", name):
            raise PaperRefused("broken")
        if one.flag_bits & 0x1:
            raise PaperRefused("locked")
        if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise PaperRefused("broken")
        if _PARTS_THAT_RUN.search(name):
            raise PaperRefused("runs")


def _kind_of(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Kind | None:
    names = {one.filename for one in entries}
    if "[Content_Types].xml" in names:
        if "word/document.xml" in names:
            return DOCX
        return XLSX if "xl/workbook.xml" in names else None
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
        return BY_MIME.get(archive.read("mimetype").decode("ascii", "replace").strip())
    return None


def _check_entries(archive: zipfile.ZipFile, entries: Iterable[zipfile.ZipInfo]) -> None:
    """Unfold every entry, piece by piece, and count what really comes out."""
    unfolded = 0
    for one in entries:
        came, last = 0, b""
        is_markup = one.filename.lower().endswith((".xml", ".rels"))
        with archive.open(one) as entry:
            while part := entry.read(MEGABYTE):
                came += len(part)
                unfolded += len(part)
                if unfolded > MOST_UNFOLDED:
                    raise PaperRefused("unfolds")
                if came > MEGABYTE and came > MOST_RATIO * max(one.compress_size, 1):
                    raise PaperRefused("unfolds")
                if _TEST_VIRUS in last + part:
                    raise PaperRefused("virus")
                if is_markup and _MARKUP_THAT_RUNS.search(last + part):
                    raise PaperRefused("runs")
                last = part[-_OVERLAP:]
