"""Files coming in: what is taken and what is not; in pieces, twice, at once, cut and gone on."""

import hashlib
import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from PIL import Image

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.vault.exceptions import SealBroken
from grants.exceptions import FiledAlready
from grants.models import PIECE, Document, StoredFile, StoredPiece, Upload
from grants.services import files, kinds, uploads
from grants.services.kinds import PaperRefused
from tests.attachments.conftest import scene, written
from tests.attachments.test_images import told_exif
from tests.incidents.test_two_connections import meet

# --- what a file may be ---------------------------------------------------------------------------


def pdf(inside: bytes = b"1 0 obj<<>>endobj", *, after: bytes = b"\n") -> bytes:
    return b"%PDF-1.7\n" + inside + b"\ntrailer<<>>\nstartxref\n9\n%%EOF" + after


def archive(entries: dict[str, bytes], *, stored: bool = False) -> bytes:
    out = io.BytesIO()
    how = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", how) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return out.getvalue()


DOCX = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}
XLSX = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}
ODT = {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<office/>"}
HIDDEN = zlib.compress(b"<< /S /JavaScript /JS (app.alert(1)) >>")
VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"

GOOD = {
    "pdf": pdf(),
    "docx": archive(DOCX),
    "xlsx": archive(XLSX),
    "odt": archive(ODT),
    "txt": "ملاحظة\nرقم ١".encode(),
    "csv": b"\xef\xbb\xbfa,b\r\n1,2\r\n",
}
#: What it is called -> (ending, content, why it is not taken).
BAD: dict[str, tuple[str, bytes, str]] = {
    "an archive that says it is a PDF": ("pdf", archive(DOCX), "not_what_it_says"),
    "a page of the web": ("txt", b"  <!DOCTYPE html><script>1</script>", "not_what_it_says"),
    "a drawing with scripts": ("txt", b"<svg onload='x()'/>", "not_what_it_says"),
    "a sheet that says it is a letter": ("docx", archive(XLSX), "not_what_it_says"),
    "an archive of anything": ("docx", archive({"a.txt": b"x"}), "not_what_it_says"),
    "a PDF that ends in an archive": ("pdf", pdf(after=archive(DOCX)), "two_things"),
    "an archive behind something else": ("docx", b"PK\x03\x04GIF89a" + archive(DOCX), "two_things"),
    "a PDF with script": ("pdf", pdf(b"<< /OpenAction << /S /JavaScript >> >>"), "runs"),
    "a PDF with script in other letters": ("pdf", pdf(b"<< /S /J#61vaScript >>"), "runs"),
    "a PDF with script folded away": (
        "pdf",
        pdf(
            b"5 0 obj << /Type /ObjStm /Filter /FlateDecode >> stream\r\n" + HIDDEN + b"\nendstream"
        ),
        "runs",
    ),
    "a PDF with script folded away beyond a piece": (
        "pdf",
        pdf(
            b"0" * (kinds.MEGABYTE - 60)
            + b" << /Type /ObjStm >> stream\n"
            + HIDDEN
            + b"\nendstream" * 9
        ),
        "runs",
    ),
    "a PDF that carries a file": ("pdf", pdf(b"<< /Type /EmbeddedFile >>"), "runs"),
    "a PDF under a password": ("pdf", pdf(b"<< /Encrypt 3 0 R >>"), "locked"),
    "half a PDF": ("pdf", pdf()[:-30], "broken"),
    "a letter with macros": ("docx", archive({**DOCX, "word/vbaProject.bin": b"x"}), "runs"),
    "macros by another name": (
        "docx",
        archive({**DOCX, "[Content_Types].xml": b"<x>application/vnd.ms-word.macroEnabled</x>"}),
        "runs",
    ),
    "a letter that calls a program": (
        "docx",
        archive({**DOCX, "word/document.xml": b"<w:instrText>DDEAUTO cmd</w:instrText>"}),
        "runs",
    ),
    "basic in a text": ("odt", archive({**ODT, "Basic/Standard/Module1.xml": b"x"}), "runs"),
    "an entity that unfolds": (
        "docx",
        archive({**DOCX, "word/styles.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]>"}),
        "runs",
    ),
    "a bomb": ("docx", archive({**DOCX, "word/media/x.xml": b"0" * (30 * 1024**2)}), "unfolds"),
    "a path that climbs": ("docx", archive({**DOCX, "../../x": b"x"}), "broken"),
    "a torn archive": ("docx", archive(DOCX)[:-30], "broken"),
    "no UTF-8": ("txt", "ملاحظة".encode("cp1256"), "text"),
    "bytes in a text": ("txt", b"MZ\x00\x01", "text"),
    "the test virus in a text": ("txt", VIRUS, "virus"),
    "the test virus in an archive": ("docx", archive({**DOCX, "word/a.txt": VIRUS}), "virus"),
}


@pytest.mark.parametrize("ending", GOOD)
def test_a_paper_is_taken(ending: str) -> None:
    content = GOOD[ending]
    assert kinds.check(io.BytesIO(content), ending, len(content)).ending == ending


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_paper_is_refused_by_name(name: str) -> None:
    ending, content, code = BAD[name]
    with pytest.raises(PaperRefused) as refused:
        kinds.check(io.BytesIO(content), ending, len(content))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("name", "size", "code"),
    [
        ("x.exe", 9, "ending"),
        ("x.docm", 9, "ending"),
        ("x.svg", 9, "ending"),
        ("none", 9, "ending"),
        ("photo.heic", 9, "heic"),
        ("../../x.pdf", 9, "name"),
        ("x\u202efdp.txt", 9, "name"),
        ("x\x00.pdf", 9, "name"),
        ("x.pdf", 0, "empty"),
        ("x.pdf", kinds.PDF.most + 1, "too_large"),
        ("x.txt", kinds.TXT.most + 1, "too_large"),
    ],
)
def test_a_name_or_a_size_is_refused(name: str, size: int, code: str) -> None:
    with pytest.raises(PaperRefused) as refused:
        kinds.ending_of(name, size)
    assert refused.value.code == code
    assert kinds.ending_of("عقد.PDF", 9) == "pdf"


# --- in pieces ------------------------------------------------------------------------------------

LARGE = pdf(random.Random(7).randbytes(2 * PIECE + 1000).replace(b"/", b"_").replace(b"#", b"_"))


def parts(content: bytes) -> list[tuple[int, bytes, str]]:
    pieces = [content[at : at + PIECE] for at in range(0, len(content), PIECE)]
    return [(n, piece, hashlib.sha256(piece).hexdigest()) for n, piece in enumerate(pieces)]


def begun(grant: Any, by: Any, content: bytes = LARGE, name: str = "x.pdf") -> Upload:
    return uploads.begin(grant, name=name, size=len(content), fingerprint="f", by=by)


def put(upload: Upload, part: tuple[int, bytes, str], by: Any, **other: Any) -> Upload:
    number, piece, digest = part
    facts = {"offset": number * PIECE, "sha256": digest, "by": by, **other}
    return uploads.put(upload.pk, number, piece, **facts)


def filed(upload: Upload, by: Any, **other: Any) -> Document:
    return uploads.finish(upload.pk, type="evidence", language="ar", by=by, **other)


def test_a_large_file_comes_in_any_order_is_cut_and_goes_on(office, grant_in) -> None:
    grant, by = grant_in("DRAFT"), office.requester
    first, second, last = parts(LARGE)
    with acting(by):
        upload = begun(grant, by)
        put(upload, last, by)
        put(upload, first, by)
        # The same again is no harm; what is damaged, misplaced or another's is not taken.
        put(upload, first, by)
        for refused in (
            {"sha256": "0" * 64},
            {"offset": 1},
        ):
            with pytest.raises(uploads.PieceBroken):
                put(upload, second, by, **refused)
        with pytest.raises(uploads.PieceBroken):
            put(upload, (1, second[1][:-1], hashlib.sha256(second[1][:-1]).hexdigest()), by)
        with pytest.raises(uploads.NotTheSameFile):
            put(upload, (0, second[1], second[2]), by)
        with pytest.raises(uploads.NotWholeYet):
            filed(upload, by)
    with acting(office.officer), pytest.raises(uploads.UploadGone):
        put(upload, second, office.officer)
    # The browser comes back: the same file is the same upload, with what came.
    with acting(by):
        again = begun(grant, by)
        assert again.pk == upload.pk
        assert uploads.received(again) == [0, 2]
        put(again, second, by)
        with pytest.raises(uploads.NotTheSameFile):
            filed(again, by, pieces_sha256="0" * 64)
        together = hashlib.sha256("".join(one[2] for one in parts(LARGE)).encode()).hexdigest()
        paper = filed(again, by, pieces_sha256=together)
        assert b"".join(files.pieces_of(paper.content.file)) == LARGE
    assert paper.sha256 == paper.content.file.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert (paper.size, paper.mime) == (len(LARGE), "application/pdf")
    assert not Upload.objects.exists()
    # Nothing readable lies in the table.
    assert not any(
        LARGE[5000:5040] in bytes(piece.ciphertext) for piece in StoredPiece.objects.all()
    )
    # This very paper again is refused, and its bytes are let go.
    with acting(by):
        once_more = begun(grant, by)
        for part in parts(LARGE):
            put(once_more, part, by)
        with pytest.raises(FiledAlready):
            filed(once_more, by)
        uploads.drop(once_more.pk, by=by)
    assert StoredFile.objects.count() == 1
    _the_bytes_stand(paper)


def _the_bytes_stand(paper: Document) -> None:
    """No role takes the bytes of a filed paper away or changes them; a new key may seal them."""
    piece = paper.content.file.pieces.first()
    for statement in (
        "DELETE FROM grants_storedpiece WHERE id = %s",
        "UPDATE grants_storedpiece SET size = 1 WHERE id = %s",
        "DELETE FROM grants_documentcontent WHERE file_id = %s",
        "DELETE FROM grants_storedfile WHERE id = %s",
    ):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [piece.pk if "piece" in statement else piece.file_id])
    # A piece under another number does not open.
    StoredPiece.objects.filter(pk=piece.pk).update(
        ciphertext=paper.content.file.pieces.last().ciphertext
    )
    with pytest.raises(SealBroken):
        files.piece_of(paper.content.file, 0)


def test_pieces_that_nobody_goes_on_with_are_forgotten(office, grant_in) -> None:
    grant, by = grant_in("DRAFT"), office.requester
    with acting(by):
        upload = begun(grant, by)
        put(upload, parts(LARGE)[0], by)
        assert uploads.expire() == 0
    Upload.objects.update(expires_at=periods.now() - timedelta(seconds=1))
    with acting(by), pytest.raises(uploads.UploadGone):
        put(upload, parts(LARGE)[1], by)
    assert uploads.expire() == 1
    assert not StoredFile.objects.exists()
    assert not StoredPiece.objects.exists()


def test_new_keys_seal_what_old_ones_did(office, grant_in, settings, monkeypatch) -> None:
    grant, by = grant_in("DRAFT"), office.requester
    with acting(by):
        paper = uploads.file_whole(
            grant, name="x.pdf", chunks=[pdf()], size=len(pdf()), type="other", language="ar", by=by
        )
    assert sum(files.counts().values()) == 1
    StoredPiece.objects.update(key_id="gone")
    assert [fault.split(": ")[1] for fault in files.rotate()] == ["UnknownKey"]
    assert Document.objects.filter(pk=paper.pk).exists()


def test_a_picture_is_drawn_anew_and_nothing_of_the_camera_is_kept(
    office, grant_in, signed_in: Callable[..., Any]
) -> None:
    grant, by = grant_in("DRAFT"), office.requester
    photo = written(scene(900, 600), "JPEG", exif=told_exif(6)) + b"<script>alert(1)</script>"
    assert b"SECRET-MARK" in photo
    client = signed_in(by)
    address = reverse("grants:document_new", args=[grant.ref])
    sent = {"type": "photo", "stage": "monitoring", "language": "none"}

    answer = client.post(address, {**sent, "file": SimpleUploadedFile("IMG_1.jpg", photo)})

    assert answer.status_code == 302, answer.context["form"].errors
    paper = Document.objects.get(type="photo")
    assert (paper.sha256, paper.size) == (hashlib.sha256(photo).hexdigest(), len(photo))
    kept = [b"".join(files.pieces_of(file)) for file in StoredFile.objects.all()]
    assert len(kept) == 2
    assert not any(b"SECRET-MARK" in one or b"<script>" in one for one in kept)
    shown = client.get(reverse("grants:document_picture", args=[grant.ref, paper.pk]))
    assert shown["Content-Type"] == "image/jpeg"
    assert "sandbox" in shown["Content-Security-Policy"]
    assert Image.open(io.BytesIO(shown.content)).size == (600, 900)
    # The very same, and what is no picture, are refused in words at the field.
    again = client.post(address, {**sent, "file": SimpleUploadedFile("b.jpg", photo)})
    assert "on file for the grant already" in str(again.context["form"].errors["file"])
    other = client.post(address, {**sent, "file": SimpleUploadedFile("b.pdf", pdf())})
    assert "has to be a picture" in str(other.context["form"].errors["file"])
    assert StoredFile.objects.count() == 2


def test_the_script_s_way_and_the_paper_taken_again(
    office, grant_in, signed_in: Callable[..., Any]
) -> None:
    grant = grant_in("DRAFT")
    client = signed_in(office.requester)
    begin = reverse("grants:upload_begin", args=[grant.ref])
    asked = {"name": "عقد.pdf", "size": len(LARGE), "fingerprint": "a/b"}

    def ask(facts: Any) -> Any:
        return client.post(begin, json.dumps(facts), content_type="application/json")

    told = ask(asked).json()
    for number, piece, digest in parts(LARGE):
        address = f"{told['url']}{number}/?offset={number * PIECE}&sha256={digest}"
        wrong = client.post(address[:-1] + "x", piece, content_type="application/octet-stream")
        assert wrong.status_code == 409
        answer = client.post(address, piece, content_type="application/octet-stream")
        assert answer.json() == {"received": number}
    assert ask(asked).json()["received"] == [0, 1, 2]
    assert ask({**asked, "name": "x.exe"}).status_code == 422
    assert ask({**asked, "size": "many"}).status_code == 422
    assert ask([]).status_code == 422
    new = reverse("grants:document_new", args=[grant.ref])
    # What the form lacks is said, and the file need not be sent again.
    page = client.post(new, {"type": "evidence", "upload": told["id"]})
    assert page.context["sent"].size == len(LARGE)
    done = client.post(new, {"type": "evidence", "language": "ar", "upload": told["id"]})
    assert done.status_code == 302
    paper = Document.objects.get(type="evidence")

    client.force_login(office.viewer)
    taken = client.get(reverse("grants:document_file", args=[grant.ref, paper.pk]))
    assert b"".join(taken.streaming_content) == LARGE
    assert taken["Content-Disposition"] == (
        f'attachment; filename="{grant.ref}-{str(paper.pk)[:8]}.pdf"'
    )
    assert taken["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in taken["Content-Security-Policy"]
    gone = client.post(f"{told['url']}0/", b"x", content_type="application/octet-stream")
    assert gone.status_code == 403


@pytest.mark.django_db(transaction=True)
def test_pieces_that_arrive_at_once_and_two_who_finish(office, grant_in) -> None:
    grant, by = grant_in("DRAFT"), office.requester
    first, *rest = parts(LARGE)
    with acting(by):
        upload = begun(grant, by)

    def sends(part: Any) -> Callable[[], Any]:
        def act() -> Any:
            with acting(by):
                return put(upload, part, by)

        return act

    assert isinstance(meet(sends(first), sends(first)), Upload)
    assert isinstance(meet(sends(rest[0]), sends(rest[1])), Upload)
    with acting(by):
        assert uploads.received(upload) == [0, 1, 2]

    def finish() -> Any:
        with acting(by):
            return filed(upload, by)

    assert isinstance(meet(finish, finish), uploads.UploadGone)
    assert Document.objects.filter(type="evidence").count() == 1
