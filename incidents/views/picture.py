"""The map as one picture, for pages without script and for print."""

import math
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from ceasefire.places import outlines

#: Width in pixels of the drawing; a number needs an area at least so wide and high.
WIDTH = 640
ROOM = (22, 14)


def picture(pcodes: list[str], drawn: dict[str, dict[str, Any]], *, label: str) -> SafeString:
    """An SVG of governorates with their sub-districts shaded; empty where nothing is shipped.

    `drawn` {P-code: shade, text, say}. An area that is not in it lies outside the sites.
    """
    found = [outlines.shapes(pcode) for pcode in pcodes]
    if not found:
        return mark_safe("")
    west = min(part["box"][0] for part in found)
    south = min(part["box"][1] for part in found)
    east = max(part["box"][2] for part in found)
    north = max(part["box"][3] for part in found)
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / ((east - west) * squeeze)
    height = round((north - south) * scale)

    def place(lon: float, lat: float) -> tuple[int, int]:
        return round((lon - west) * squeeze * scale), round((north - lat) * scale)

    areas, numbers, lines = [], [], []
    for part in found:
        for pcode, polygons in part["areas"].items():
            what = drawn.get(pcode)
            rings = [[place(*p) for p in outlines.points(r)] for rings in polygons for r in rings]
            areas.append(
                (
                    f"shade-{what['shade']}" if what else "shade-outside",
                    mark_safe("".join(_path(ring) for ring in rings)),
                    format_html("<title>{}</title>", what["say"]) if what else "",
                )
            )
            if what and what["text"] and _has_room(rings, what["text"]):
                numbers.append((*place(*part["at"][pcode]), what["text"]))
        for rings in part["districts"].values():
            lines.append(
                mark_safe("".join(_path([place(*p) for p in outlines.points(r)]) for r in rings))
            )
    return format_html(
        '<svg class="map-picture" viewBox="0 0 {} {}" role="img" aria-label="{}"'
        ' xmlns="http://www.w3.org/2000/svg" direction="ltr">{}{}{}</svg>',
        WIDTH,
        height,
        label,
        format_html_join("", '<path class="{}" fill-rule="evenodd" d="{}">{}</path>', areas),
        format_html_join("", '<path class="map-line" d="{}"/>', ((line,) for line in lines)),
        format_html_join(
            "", '<text x="{}" y="{}" dy=".35em" text-anchor="middle">{}</text>', numbers
        ),
    )


def _path(ring: list[tuple[int, int]]) -> str:
    """A ring in whole pixels, each corner as the step from the last; what repeats is left out."""
    first = before = ring[0]
    steps = []
    for corner in ring[1:]:
        if corner != before:
            steps.append(f"{corner[0] - before[0]} {corner[1] - before[1]}")
            before = corner
    return f"M{first[0]} {first[1]}l{' '.join(steps)}z" if steps else ""


def _has_room(rings: list[list[tuple[int, int]]], text: str) -> bool:
    xs = [x for ring in rings for x, _y in ring]
    ys = [y for ring in rings for _x, y in ring]
    return max(xs) - min(xs) >= max(ROOM[0], 9 * len(text)) and max(ys) - min(ys) >= ROOM[1]
