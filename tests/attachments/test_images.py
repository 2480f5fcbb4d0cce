"""Whatever goes in, what comes out is a new JPEG of bare pixels; or a refusal in words."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from ceasefire.attachments import images, limits
from ceasefire.attachments.exceptions import REASONS, PhotoRefused
from tests.attachments.conftest import jpeg, scene, written

MARK = b"SECRET-MARK"
#: APP0 (JFIF), quantisation, frame, Huffman, scan, end: what a decoder needs and nothing else.
NEEDED = {0xE0, 0xDB, 0xC0, 0xC2, 0xC4, 0xDA, 0xD9}
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><place>SECRET-MARK</place></x:xmpmeta>'


def told_exif(orientation: int = 1) -> Image.Exif:
    """EXIF with a place, a maker, a time, an owner and a comment."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "SECRET-MARK maker", "SECRET-MARK phone"
    exif[0x0112] = orientation
    exif[0x0132] = "2026:11:18 20:00:00"
    exif[0x8825] = {1: "N", 2: (30.0, 30.0, 30.0), 3: "E", 4: (47.0, 47.0, 47.0)}
    exif[0x9286] = "SECRET-MARK comment"
    exif[0x927C] = MARK * 20
    return exif


def with_segment(content: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment right after its beginning."""
    return (
        content[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + content[2:]
    )


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_head(width: int, height: int) -> bytes:
    """A PNG that says it is so large and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + png_chunk(b"IDAT", rows)
        + png_chunk(b"IEND", b"")
    )


def jpeg_head(width: int, height: int) -> bytes:
    """A real JPEG whose frame header was made to say another size."""
    content = bytearray(jpeg())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def zipped(name: str = "a.txt", content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def text_png() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "SECRET-MARK")
    words.add_text("Author", "SECRET-MARK", zip=True)
    words.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return written(scene(), "PNG", pnginfo=words, exif=told_exif())


def moving(kind: str) -> bytes:
    others = [Image.new("RGB", (400, 300), "red"), Image.new("RGB", (400, 300), "blue")]
    return written(scene(), kind, save_all=True, append_images=others, duration=100)


def two_pictures() -> bytes:
    """As many phones write: a second whole picture after the first."""
    return written(scene(), "MPO", save_all=True, append_images=[Image.new("RGB", (50, 50))])


def with_profile(mode: str = "RGB") -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + MARK
    return written(scene(mode=mode), "JPEG", icc_profile=profile)


#: name -> (file, name ending): each a way to carry something along.
CARRIERS = {
    "JPEG with place and maker": (jpeg(exif=told_exif()), "jpg"),
    "JPEG with a thumbnail of the camera": (
        with_segment(jpeg(), 0xE1, b"Exif\0\0" + MARK + jpeg()[:4000]),
        "jpg",
    ),
    "JPEG with XMP": (jpeg(xmp=XMP), "jpg"),
    "JPEG with a comment": (jpeg(comment=MARK), "jpg"),
    "JPEG with IPTC": (with_segment(jpeg(), 0xED, b"Photoshop 3.0\0" + MARK), "jpg"),
    "JPEG with a colour profile": (with_profile(), "jpg"),
    "JPEG with a damaged EXIF": (with_segment(jpeg(), 0xE1, b"Exif\0\0MM\0*" + MARK), "jpg"),
    "JPEG with something after its end": (jpeg() + MARK * 50, "jpg"),
    "JPEG that is a ZIP too": (jpeg() + zipped(content=MARK), "jpg"),
    "JPEG that is a page too": (
        with_segment(jpeg(), 0xFE, b"<html><script>alert('SECRET-MARK')</script>") + b"</html>",
        "jpeg",
    ),
    "JPEG that is a PDF too": (with_segment(jpeg(), 0xFE, b"%PDF-1.7 " + MARK) + b"%%EOF", "jpg"),
    "two pictures in one JPEG": (two_pictures(), "jpg"),
    "progressive JPEG": (jpeg(progressive=True, comment=MARK), "jpg"),
    "grey JPEG": (written(scene(mode="L"), "JPEG", comment=MARK), "jpg"),
    "CMYK JPEG": (written(scene(mode="CMYK"), "JPEG", comment=MARK), "jpg"),
    "PNG with words": (text_png(), "png"),
    "PNG with something after its end": (written(scene(), "PNG") + zipped(content=MARK), "png"),
    "PNG one can see through": (written(scene(mode="RGBA"), "PNG"), "png"),
    "PNG with a palette": (written(scene(mode="P"), "PNG", transparency=0), "png"),
    "PNG of one bit": (written(scene(mode="1"), "PNG"), "png"),
    "PNG of 16 bits": (written(Image.new("I;16", (400, 300), 40000), "PNG"), "png"),
    "PNG that moves": (moving("PNG"), "png"),
    "WebP with place and maker": (written(scene(), "WEBP", exif=told_exif(), xmp=XMP), "webp"),
    "WebP without loss": (written(scene(mode="RGBA"), "WEBP", lossless=True), "webp"),
    "WebP that moves": (moving("WEBP"), "webp"),
}
REFUSED = {
    "nothing": (b"", "a.jpg", "", "empty"),
    "text": (b"hello", "a.jpg", "image/jpeg", "no_photo"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "image/svg+xml", "no_photo"),
    "SVG called JPEG": (b"<?xml version='1.0'?><svg/>", "a.jpg", "image/jpeg", "no_photo"),
    "GIF": (written(scene(), "GIF"), "a.gif", "image/gif", "no_photo"),
    "TIFF": (written(scene(), "TIFF"), "a.tif", "image/tiff", "no_photo"),
    "PDF": (b"%PDF-1.7\n", "a.pdf", "application/pdf", "no_photo"),
    "ZIP bomb": (zipped(content=bytes(20_000_000)), "a.jpg", "image/jpeg", "no_photo"),
    "ZIP with a JPEG after it": (zipped() + jpeg(), "a.jpg", "image/jpeg", "no_photo"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a.heic", "image/heic", "heic"),
    "HEIC called JPEG": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a.jpg", "image/jpeg", "heic"),
    "PNG called JPEG": (written(scene(), "PNG"), "a.jpg", "image/png", "not_what_it_says"),
    "JPEG sent as PNG": (jpeg(), "a.jpg", "image/png", "not_what_it_says"),
    "JPEG sent as a page": (jpeg(), "a.jpg", "text/html", "not_what_it_says"),
    "JPEG called program": (jpeg(), "a.jpg.exe", "image/jpeg", "not_what_it_says"),
    "JPEG called backwards": (jpeg(), "a\u202egpj.exe", "image/jpeg", "not_what_it_says"),
    "50,000 by 50,000 PNG": (png_head(50_000, 50_000), "a.png", "image/png", "too_many_pixels"),
    "50,000 by 50,000 JPEG": (jpeg_head(50_000, 50_000), "a.jpg", "", "too_many_pixels"),
    "one very long line": (png_head(60_000, 1), "a.png", "image/png", "too_many_pixels"),
    "a side of nothing": (png_head(0, 300), "a.png", "image/png", "broken"),
    "half a JPEG": (jpeg()[:-2000], "a.jpg", "image/jpeg", "broken"),
    "half a PNG": (written(scene(), "PNG")[:200], "a.png", "image/png", "broken"),
    "half a WebP": (written(scene(), "WEBP")[:200], "a.webp", "image/webp", "broken"),
    "the first octets of a JPEG": (b"\xff\xd8\xff\xe0\x00", "a.jpg", "image/jpeg", "broken"),
    "the first octets of a PNG": (b"\x89PNG\r\n\x1a\n\0", "a.png", "image/png", "broken"),
    "the first octets of a WebP": (b"RIFF\0\0\0\0WEBP", "a.webp", "image/webp", "broken"),
    "a PNG with too little in it": (png_head(4_000, 3_000), "a.png", "image/png", "broken"),
    "noise after a JPEG's head": (
        b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9,
        "a.jpg",
        "",
        "broken",
    ),
}


@pytest.mark.parametrize("name", list(CARRIERS))
def test_nothing_but_pixels_comes_through(name):
    content, ending = CARRIERS[name]
    picture = images.redrawn(content, name=f"IMG_2041.{ending}", media_type="")

    for derivative in (picture.content, picture.thumbnail):
        assert set(images.segments(derivative)) <= NEEDED
        assert b"SECRET" not in derivative
        assert b"Exif" not in derivative
        assert b"ICC_PROFILE" not in derivative
        with Image.open(io.BytesIO(derivative)) as opened:
            assert opened.format == "JPEG"
            assert opened.mode == "RGB"
            assert set(opened.info) <= {
                "jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"
            }  # fmt: skip
            assert not opened.getexif()
    assert (picture.width, picture.height) == (400, 300)


@pytest.mark.parametrize("name", ["PNG that moves", "WebP that moves", "two pictures in one JPEG"])
def test_of_several_frames_the_first_is_taken(name):
    content, ending = CARRIERS[name]
    with Image.open(io.BytesIO(images.redrawn(content, name=f"a.{ending}").content)) as opened:
        red, green, blue = opened.getpixel((10, 10))

    assert max(red, green, blue) < 70


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_is_no_photo_is_refused_in_words(name):
    content, called, media_type, code = REFUSED[name]
    with pytest.raises(PhotoRefused) as refused:
        images.redrawn(content, name=called, media_type=media_type)

    assert refused.value.code == code
    assert str(refused.value) == str(REASONS[code])


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.jpg", "image/jpeg"),
        ("A.JPEG", "image/jpeg"),
        ("a.jfif", "image/pjpeg"),
        ("صورة.jpg", "image/jpeg; charset=binary"),
        # Some phones say neither.
        ("image", "application/octet-stream"),
        ("", ""),
    ],
)
def test_a_photo_is_taken_under_the_names_that_phones_give(name, media_type):
    assert images.redrawn(jpeg(), name=name, media_type=media_type).width == 400


def test_a_file_larger_than_the_limit_is_refused_before_it_is_looked_at():
    with pytest.raises(PhotoRefused) as refused:
        images.redrawn(jpeg() + bytes(limits.FILE))
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("orientation", "dark"),
    [(1, "tl"), (2, "tr"), (3, "br"), (4, "bl"), (5, "tl"), (6, "tr"), (7, "br"), (8, "bl")],
)
def test_a_photo_stands_upright(orientation, dark):
    picture = images.redrawn(jpeg(exif=told_exif(orientation)))
    with Image.open(io.BytesIO(picture.content)) as opened:
        corners = {
            "tl": (5, 5),
            "tr": (opened.width - 5, 5),
            "bl": (5, opened.height - 5),
            "br": (opened.width - 5, opened.height - 5),
        }
        shades = {name: sum(opened.getpixel(at)) for name, at in corners.items()}

    assert min(shades, key=shades.get) == dark
    assert (picture.width > picture.height) == (orientation < 5)


def test_a_large_photo_is_made_smaller_and_a_small_one_never_larger():
    large = images.redrawn(written(scene(4000, 3000), "JPEG"))
    small = images.redrawn(written(scene(20, 10), "PNG"))

    assert max(large.width, large.height) == limits.PICTURE_SIDE
    with Image.open(io.BytesIO(large.thumbnail)) as thumbnail:
        assert max(thumbnail.size) == limits.THUMBNAIL_SIDE
    assert (small.width, small.height) == (20, 10)


def test_the_same_file_gives_the_same_picture():
    assert images.redrawn(jpeg()).sha256 == images.redrawn(jpeg()).sha256


def test_sixteen_bits_a_pixel_keep_their_shade():
    picture = images.redrawn(CARRIERS["PNG of 16 bits"][0])
    with Image.open(io.BytesIO(picture.content)) as opened:
        assert abs(opened.getpixel((5, 5))[0] - 40000 // 256) <= 3


def test_what_can_be_seen_through_lies_on_white():
    clear = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    with Image.open(io.BytesIO(images.redrawn(written(clear, "PNG")).content)) as opened:
        assert min(opened.getpixel((25, 25))) > 245


def test_a_picture_of_very_many_pixels_is_refused_without_opening_it(monkeypatch):
    monkeypatch.setattr(images.Image, "open", lambda *a, **k: pytest.fail("it was opened"))
    for content in (png_head(50_000, 50_000), jpeg_head(9_000, 9_000)):
        with pytest.raises(PhotoRefused):
            images.redrawn(content)


def test_a_head_of_two_minds_does_not_get_by():
    """A small first frame header in front of a large second one."""
    small = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 10, 10, 1) + b"\x01\x11\x00"
    content = jpeg_head(30_000, 30_000)
    with pytest.raises(PhotoRefused):
        images.redrawn(content[:2] + small + content[2:])


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_are_refused_or_drawn_and_never_anything_else(seed):
    import random

    chance = random.Random(seed)
    content = bytearray(chance.choice([jpeg(exif=told_exif()), text_png(), moving("WEBP")]))
    for _ in range(chance.randint(1, 30)):
        content[chance.randrange(12, len(content))] = chance.randrange(256)
    try:
        picture = images.redrawn(bytes(content))
    except PhotoRefused:
        return
    assert set(images.segments(picture.content)) <= NEEDED
