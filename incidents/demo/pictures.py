"""Photos of the demonstration: drawn by a few lines, of no place and with nobody in them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from PIL import Image, ImageDraw

from ceasefire import attachments
from ceasefire.attachments.images import Picture, redrawn
from ceasefire.places.models import Site
from incidents.models import Incident

_SIZE = (960, 640)
_SKY, _GROUND, _WALL, _DARK, _WATER = "#bcd3e0", "#c9b48c", "#d8c7a3", "#5b5246", "#7fa3a8"


def _gate(pen: ImageDraw.ImageDraw) -> None:
    """A wall with a gate in it."""
    pen.rectangle((0, 300, 960, 520), fill=_WALL)
    pen.rectangle((390, 330, 570, 520), fill=_DARK)
    pen.line((480, 330, 480, 520), fill=_WALL, width=4)
    for left in range(0, 960, 80):
        pen.line((left, 300, left, 520), fill="#c3b189", width=2)


def _river(pen: ImageDraw.ImageDraw) -> None:
    """Water, a bank and two palms."""
    pen.rectangle((0, 360, 960, 500), fill=_WATER)
    for left in (200, 700):
        pen.line((left, 520, left + 20, 220), fill=_DARK, width=16)
        for turn in (-110, -60, 60, 110):
            pen.line((left + 20, 220, left + 20 + turn, 250), fill="#5f7a4c", width=12)


def _street(pen: ImageDraw.ImageDraw) -> None:
    """An empty street between houses."""
    for left, height in ((0, 180), (140, 240), (680, 210), (830, 150)):
        pen.rectangle((left, height, left + 130, 520), fill=_WALL)
        for row in range(height + 30, 480, 70):
            pen.rectangle((left + 25, row, left + 55, row + 36), fill=_DARK)
            pen.rectangle((left + 75, row, left + 105, row + 36), fill=_DARK)
    pen.polygon(((400, 520), (560, 520), (860, 640), (100, 640)), fill="#8d8778")


#: What is drawn, and what stands beneath it; each says that it is made up.
SCENES: list[tuple[Callable[[ImageDraw.ImageDraw], None], str]] = [
    (_gate, "رسم للعرض: بوابة"),
    (_street, "Drawn for the demonstration: a street"),
    (_river, "رسم للعرض: ضفة النهر"),
]


def picture_of(draw: Callable[[ImageDraw.ImageDraw], None]) -> Picture:
    """A scene as a photo is kept."""
    image = Image.new("RGB", _SIZE, _SKY)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 500, *_SIZE), fill=_GROUND)
    draw(pen)
    out = io.BytesIO()
    image.save(out, "PNG")
    return redrawn(out.getvalue())


def add_pictures(site: Site, *, seed: str) -> int:
    """A photo or two on the newest incidents of a site that may be shown to all its people."""
    chance = random.Random(f"{seed}/pictures")  # noqa: S311 - made-up data
    waiting = Incident.objects.filter(site=site, is_sensitive=False).select_related("reporter")
    shown: list[Incident] = []
    for state in (Incident.State.IN_REVIEW, Incident.State.ACCEPTED):
        shown += waiting.filter(workflow_state=state).order_by("-occurred_from", "id")[:1]
    number = 0
    for incident, scenes in zip(shown, (SCENES[:2], SCENES[2:]), strict=False):
        if incident.reporter is None:
            continue
        for place, (draw, caption) in enumerate(scenes):
            attachments.attach_photos(
                incident,
                [picture_of(draw)],
                by=incident.reporter,
                caption=caption,
                at=incident.created_at + timedelta(minutes=3 + place),
                keys=[UUID(int=chance.getrandbits(128), version=4)],
            )
            number += 1
    return number
