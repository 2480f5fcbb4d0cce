"""The bytes of made-up papers: a page that says what it is, and a photo that is drawn."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image, ImageDraw


def page(*lines: str) -> bytes:
    """A PDF of one page with a few lines of Latin letters; the same lines give the same bytes."""
    text = b"BT /F1 12 Tf 16 TL 60 780 Td " + b" ".join(
        b"(" + _plain(line) + b") Tj T*" for line in lines
    )
    text += b" ET"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    )


def _plain(line: str) -> bytes:
    """Latin letters alone; what else there is becomes a question mark, brackets go."""
    return line.replace("(", "[").replace(")", "]").replace("\\", "/").encode("ascii", "replace")


@lru_cache(maxsize=1)
def _ground() -> bytes:
    image = Image.new("RGB", (160, 120), "#bcd3e0")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 80, 160, 120), fill="#c9b48c")
    pen.rectangle((50, 50, 110, 90), fill="#5f7a4c")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60)
    return out.getvalue()


def photo(words: str) -> bytes:
    """A small drawn picture, with a remark in the file so that no two are the same."""
    drawn, remark = _ground(), words.encode("ascii", "replace")[:200]
    return drawn[:2] + b"\xff\xfe" + (len(remark) + 2).to_bytes(2, "big") + remark + drawn[2:]
