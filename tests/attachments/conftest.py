"""Pictures to send: drawn here, so that none of them shows anybody."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from ceasefire.attachments import images
from tests.incidents.conftest import log  # noqa: F401 - a fixture


def scene(width: int = 400, height: int = 300, mode: str = "RGB", tint: int = 0) -> Image.Image:
    """A picture with a dark corner at its upper left, so that a turn shows."""
    picture = Image.new("RGB", (width, height), (200, 180, (150 + 24 * tint) % 256))
    picture.paste((20, 20, 40), (0, 0, width // 2, height // 2))
    return picture.convert(mode)


def written(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def jpeg(tint: int = 0, **options: Any) -> bytes:
    return written(scene(tint=tint), "JPEG", **options)


def upload(content: bytes, name: str = "a.jpg", media_type: str = "image/jpeg") -> Any:
    return SimpleUploadedFile(name, content, content_type=media_type)


def drawn(tint: int = 0) -> images.Picture:
    """A picture as it is kept; another tint is another picture."""
    return images.redrawn(jpeg(tint))


@pytest.fixture
def attach(db: None) -> Callable[..., Any]:
    """Photos on an incident, by its reporter unless somebody else is named."""
    from ceasefire import attachments

    def add(incident: Any, *tints: int, by: Any = None, **more: Any) -> Any:
        return attachments.attach_photos(
            incident, [drawn(tint) for tint in tints or (0,)], by=by or incident.reporter, **more
        ).new

    return add
