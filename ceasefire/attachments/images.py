"""A file that says it is a photo: looked at with distrust, and drawn anew from its pixels alone.

What goes out is written by us from bare pixels: no EXIF, XMP, colour profile, comment, thumbnail of
the camera, second picture or trailing data can come through, whatever the file held. The file's
own head decides before a pixel is read; one file is opened at a time in each process, so that many
uploads at once cost time and not memory.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import threading
import warnings
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, ImageFile

from ceasefire.attachments import limits
from ceasefire.attachments.exceptions import PhotoRefused

#: A picture of this many pixels is refused by Pillow itself too, before ours are asked.
Image.MAX_IMAGE_PIXELS = max(limits.PIXELS.values())
#: A file that ends early is damaged: half a picture is not completed with grey.
ImageFile.LOAD_TRUNCATED_IMAGES = False

MEDIA_TYPE = "image/jpeg"
ENDINGS = {"JPEG": {"jpg", "jpeg", "jpe", "jfif"}, "PNG": {"png"}, "WEBP": {"webp"}}
MEDIA_TYPES = {
    "JPEG": {"image/jpeg", "image/jpg", "image/pjpeg"},
    "PNG": {"image/png", "image/x-png"},
    "WEBP": {"image/webp"},
}
#: What a browser says that does not know.
UNSAID = {"", "application/octet-stream"}
#: Brands of the container that phones put HEIC (and AVIF) pictures into.
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,10})\s*\Z")
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A photo as it is kept: two JPEGs of bare pixels in sRGB, upright."""

    content: bytes
    thumbnail: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def redrawn(
    content: bytes,
    *,
    name: str = "",
    media_type: str = "",
    most: int = limits.FILE,
    side: int = limits.PICTURE_SIDE,
) -> Picture:
    """The picture in a file, drawn anew; `PhotoRefused` says why there is none.

    `name` and `media_type` are what the sender says; both are only held against the content and
    forgotten. `most`: octets the file may have; `side`: the longer side of what is kept. A picture
    is never made larger. Of one that moves, the first frame is taken.
    """
    if not content:
        raise PhotoRefused("empty")
    if len(content) > most:
        raise PhotoRefused("too_large")
    kind = kind_of(content)
    if not _fits(kind, name, media_type):
        raise PhotoRefused("not_what_it_says")
    _check_size(*size_of(content, kind), kind)
    # Readers remark on a damaged EXIF block, which nobody needs to hear: it is thrown away.
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _drawn(content, kind, side)
        except PhotoRefused:
            raise
        # Pillow's readers raise nearly anything on a damaged file, and none of it is our fault.
        except Exception:  # noqa: BLE001
            raise PhotoRefused("broken") from None


def kind_of(content: bytes) -> str:
    """JPEG, PNG or WEBP by the first octets; anything else is refused by name."""
    head = content[:32]
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        raise PhotoRefused("heic")
    raise PhotoRefused("no_photo")


def _fits(kind: str, name: str, media_type: str) -> bool:
    """Whether what the sender says of a file agrees with what it is."""
    said = media_type.partition(";")[0].strip().lower()
    if said not in UNSAID | MEDIA_TYPES[kind]:
        return False
    ending = _ENDING.search(name)
    if ending is None:
        return "." not in name
    return ending[1].lower() in ENDINGS[kind]


# --- the head, before any reader of pixels is asked ---------------------------------------------


def size_of(content: bytes, kind: str) -> tuple[int, int]:
    """Width and height as the file's head says, read by hand; 0 where it says nothing."""
    try:
        return {"JPEG": _jpeg_size, "PNG": _png_size, "WEBP": _webp_size}[kind](content)
    except (struct.error, IndexError):
        raise PhotoRefused("broken") from None


def _png_size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)


def _webp_size(content: bytes) -> tuple[int, int]:
    chunk = content[12:16]
    if chunk == b"VP8X":
        return (
            int.from_bytes(content[24:27], "little") + 1,
            int.from_bytes(content[27:30], "little") + 1,
        )
    if chunk == b"VP8L":
        bits = struct.unpack("<I", content[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", content[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """From the first frame header: segments are stepped over by their lengths."""
    at = 2
    while at < len(content):
        if content[at] != 0xFF:
            break
        while content[at] == 0xFF:
            at += 1
        marker = content[at]
        at += 1
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        if marker in (0xD9, 0xDA):
            break
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 3 : at + 7])
            return int(width), int(height)
        at += struct.unpack(">H", content[at : at + 2])[0]
    return 0, 0


def _check_size(width: int, height: int, kind: str) -> None:
    if width < 1 or height < 1:
        raise PhotoRefused("broken")
    if max(width, height) > limits.SIDE or width * height > limits.PIXELS[kind]:
        raise PhotoRefused("too_many_pixels")


# --- the pixels -------------------------------------------------------------------------------


def _drawn(content: bytes, kind: str, side: int) -> Picture:
    with Image.open(io.BytesIO(content), formats=[kind]) as image:
        # What the reader will draw is what counts; a head of two minds is caught here.
        _check_size(*image.size, kind)
        turn = _TURNS.get(_orientation(image))
        profile = image.info.get("icc_profile")
        if kind == "JPEG":
            # The reader makes it smaller while it reads: an eighth of the memory for a large one.
            image.draft(None, (side, side))
        image.load()
        pixels = _small(image, side)
        pixels = _in_srgb(pixels, profile)
    if turn is not None:
        pixels = pixels.transpose(turn)
    # Bare pixels: a new image has no `info`, so nothing of the file can be written out again.
    bare = Image.frombytes("RGB", pixels.size, pixels.tobytes())
    small = bare.copy()
    small.thumbnail((limits.THUMBNAIL_SIDE,) * 2, Image.Resampling.LANCZOS)
    return Picture(
        content=_jpeg(bare, limits.PICTURE_QUALITY),
        thumbnail=_jpeg(small, limits.THUMBNAIL_QUALITY),
        width=bare.width,
        height=bare.height,
    )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - a damaged EXIF block turns nothing
        return 1


def _small(image: Image.Image, side: int) -> Image.Image:
    """The frame in one of L, RGB, CMYK, no larger than `side`, laid on white where it is clear."""
    if image.mode.startswith("I") or image.mode == "F":
        # 16 bits a pixel: the upper eight are what a screen shows.
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in ("1", "LA", "La", "P", "PA", "RGBA", "RGBa") or (
        "transparency" in image.info
    ):
        # A palette can not be made smaller, and what can be seen through is laid on white.
        image = image.convert("RGBA")
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return image


def _in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Into sRGB by the file's colour profile where it has a small one for its own kind of pixel."""
    if image.mode == "RGB" and isinstance(profile, bytes) and 128 < len(profile) <= limits.PROFILE:
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if given.profile.xcolor_space.strip() == "RGB":
                ours = ImageCms.createProfile("sRGB")
                image = ImageCms.profileToProfile(image, given, ours, outputMode="RGB") or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            # Colours a shade off are better than no photo.
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


def _jpeg(image: Image.Image, quality: int) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality, optimize=True, progressive=True)
    return written.getvalue()


def segments(content: bytes) -> list[int]:
    """The markers of a JPEG in order, the end last; ValueError where anything follows or is amiss.

    Used by tests, and cheap enough to be asked of anything that leaves.
    """
    found, at = [], 2
    if content[:2] != b"\xff\xd8":
        raise ValueError("no JPEG")
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker where one must be")
        marker = content[at + 1]
        found.append(marker)
        at += 2
        if marker == 0xD9:
            if at != len(content):
                raise ValueError("something follows the end")
            return found
        at += struct.unpack(">H", content[at : at + 2])[0]
        if marker == 0xDA:
            while content[at] != 0xFF or content[at + 1] == 0 or 0xD0 <= content[at + 1] <= 0xD7:
                at += 1


__all__ = ["ENDINGS", "MEDIA_TYPE", "Picture", "kind_of", "redrawn", "segments", "size_of"]
