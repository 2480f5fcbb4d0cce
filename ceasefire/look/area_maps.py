"""Maps of areas shaded in classes that a grey print keeps apart: by shade, pattern and number.

As in `plots`: numbers in, a string out, the same string every time. North is up in every language.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from ceasefire.look import corners
from ceasefire.look.charts import Chart, Key
from ceasefire.look.numbers import number_text
from ceasefire.look.strokes import EDGE, FEW, INK, PAPER, USUAL, WIDTH, decimal, patterns, svg

Rings = Sequence[Sequence[tuple[float, float]]]
#: First counts of the four classes; the first row whose highest class is not overrun is taken, so
#: that maps of weeks with much the same counts have the same classes.
CLASSES = ((3, 6, 10, 15), (3, 10, 20, 40), (3, 20, 50, 100), (3, 50, 150, 400),
           (3, 150, 500, 1500), (3, 1000, 4000, 15_000))  # fmt: skip
#: The highest class may go so many times beyond where it begins.
_OVERRUN = 3
#: How dark each class is, from none on.
_SHADES = (0.0, 0.12, 0.3, 0.5, 0.92)
_DARK = 4
#: As wide as there is room and as high as that asks, so that a phone shows no empty ground.
_CSS = "plot plot-map"
#: Height of the picture at most, size of its numbers and of its names; width of a letter beside it.
_HIGH, _NUMBER, _NAME, _WIDE = 480.0, 20, 17, 0.62


@dataclass(frozen=True)
class MapArea:
    """An area: its name, its rings as (longitude, latitude), where its words stand, its count.

    `count` None: hidden, which is not zero. `partly`: the count leaves out what is hidden.
    """

    name: str
    rings: Rings
    at: tuple[float, float]
    count: int | None
    words: str
    partly: bool = False


def classes(highest: int) -> Sequence[int]:
    """The first counts of the four classes for a map whose highest count is given."""
    return next((steps for steps in CLASSES if highest <= _OVERRUN * steps[-1]), CLASSES[-1])


def classed_areas(
    slug: str,
    title: str,
    subtitle: str,
    areas: Sequence[MapArea],
    edges: Sequence[Rings],
    *,
    hidden: str,
    digits: str = "western",
) -> Chart:
    """Return a map of areas, each with its count; `edges` are drawn over them in thicker lines.

    `hidden` says in the key what a hidden count is. An area has its name above the number where
    there is room for it; in words on hover and in the table it always stands.
    """
    steps = classes(max((one.count or 0 for one in areas), default=0))
    every = [corner for one in areas for ring in one.rings for corner in ring]
    west, east = min(x for x, _y in every), max(x for x, _y in every)
    south, north = min(y for _x, y in every), max(y for _x, y in every)
    narrow = math.cos(math.radians((south + north) / 2))
    scale = min(WIDTH / max((east - west) * narrow, 0.01), _HIGH / max(north - south, 0.01))
    high = math.ceil((north - south) * scale)
    margin = (WIDTH - (east - west) * narrow * scale) / 2

    def at(corner: tuple[float, float]) -> tuple[float, float]:
        return margin + (corner[0] - west) * narrow * scale, (north - corner[1]) * scale

    def path(rings: Rings) -> str:
        # Whole pixels: neighbours keep one edge, since they share their corners.
        drawn = ([f"{x:.0f} {y:.0f}" for x, y in ring] for ring in rings)
        return "".join(f"M{'L'.join(points)}Z" for points in drawn)

    # Edges are laid on the grid of the areas below them.
    both = [
        [list(map(at, ring)) for ring in rings] for rings in [*(a.rings for a in areas), *edges]
    ]
    shapes = corners.fewer(both)
    parts = [patterns(slug), _shades(slug)]
    for one, rings in zip(areas, shapes, strict=False):
        parts += _area(slug, one, path(rings), steps)
    parts += [
        f'<path d="{path(rings)}" fill="none" stroke="{INK}" stroke-width="1.8"'
        ' class="c-expected"/>'
        for rings in shapes[len(areas) :]
    ]
    parts += _labels([(one, at(one.at)) for one in areas], digits)
    drawn = svg(slug, title, ". ".join(one.words for one in areas), high, parts, False, css=_CSS)
    return Chart(
        slug,
        title,
        subtitle,
        mark_safe(drawn.replace("<svg ", f'<svg viewBox="0 0 {WIDTH} {decimal(high)}" ', 1)),
        legend=_legend(areas, steps, hidden, digits),
    )


def _level(count: int, steps: Sequence[int]) -> int:
    """The class of a count: 0 for none. A count below the first class is of the first."""
    return max(1, bisect_right(steps, count)) if count else 0


def _shades(slug: str) -> str:
    """The patterns of classes 1 to 3: dots, level lines, a grid; the fourth is dark alone."""
    marks = (
        (1, 9, f'<circle cx="4.5" cy="4.5" r="1.1" fill="{INK}" class="c-ink"/>'),
        (2, 7, f'<path d="M0 3.5h7" stroke="{INK}" stroke-width=".9" class="c-expected"/>'),
        (3, 6, f'<path d="M0 3h6M3 0v6" stroke="{INK}" stroke-width=".9" class="c-expected"/>'),
    )
    return (
        "<defs>"
        + "".join(
            f'<pattern id="{slug}-class-{level}" width="{size}" height="{size}"'
            f' patternUnits="userSpaceOnUse">{inner}</pattern>'
            for level, size, inner in marks
        )
        + "</defs>"
    )


def _area(slug: str, one: MapArea, path: str, steps: Sequence[int]) -> list[str]:
    said = f"<title>{escape(one.words)}</title>"
    edge = f'stroke="{EDGE}" stroke-width=".9" fill-rule="evenodd"'
    ground = f'<path d="{path}" fill="{PAPER}" {edge} class="c-few-ground c-few-edge">{said}</path>'
    over = f'<path d="{path}" fill="url(#{slug}-%s)" fill-rule="evenodd"/>'
    if one.count is None:
        return [ground, over % "hatch"]
    level = _level(one.count, steps)
    if not level:
        return [ground.replace("c-few-ground", "c-paper")]
    shade = (
        f'<path d="{path}" fill="{USUAL}" fill-opacity="{_SHADES[level]}" {edge}'
        f' class="c-heat c-few-edge">{said}</path>'
    )
    return [shade, over % f"class-{level}"] if level < _DARK else [shade]


def _labels(areas: Sequence[tuple[MapArea, tuple[float, float]]], digits: str) -> list[str]:
    """The number of every area, and its name where it meets no other number or name."""
    numbers, taken = [], []
    for one, (x, y) in areas:
        number = "" if one.count is None else number_text(one.count, digits)
        number += "+" if number and one.partly else ""
        numbers.append(number)
        taken.append(_box(number, x, y, _NUMBER))
    drawn = []
    for at, (one, (x, y)) in enumerate(areas):
        number, down = numbers[at], y
        others = [box for place, box in enumerate(taken) if place != at]
        above = y - _NUMBER if number else y
        box = _box(one.name, x, above, _NAME)
        if box[0] >= 0 and box[1] <= WIDTH and not any(_meet(box, other) for other in others):
            drawn.append(_text(one.name, x, above, _NAME))
            taken.append(box)
        if number:
            drawn.append(_text(number, x, down, _NUMBER))
    return drawn


def _box(words: str, x: float, y: float, size: float) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of words in the middle of a place."""
    half = len(words) * size * _WIDE / 2
    return x - half, x + half, y - size / 2, y + size / 2


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _text(words: str, x: float, y: float, size: int) -> str:
    bold = ' font-weight="700"' if size == _NUMBER else ""
    return (
        f'<text x="{x:.0f}" y="{y + 0.35 * size:.0f}" text-anchor="middle" font-size="{size}"{bold}'
        f' fill="{INK}" stroke="{PAPER}" stroke-width="4" paint-order="stroke"'
        f' stroke-linejoin="round" class="c-text c-halo">{escape(words)}</text>'
    )


def _legend(
    areas: Sequence[MapArea], steps: Sequence[int], hidden: str, digits: str
) -> tuple[Key, ...]:
    def key(inner: str, label: str) -> Key:
        frame = (
            f'<rect x=".5" y=".5" width="15" height="11" fill="none" stroke="{EDGE}"'
            ' class="c-few-edge"/>'
        )
        drawn = f'<svg class="legend-mark" width="16" height="12" aria-hidden="true">{inner}{frame}'
        return Key(mark_safe(f"{drawn}</svg>"), label)

    marks = (
        "",
        "".join(
            f'<circle cx="{x}" cy="6" r="1.1" fill="{INK}" class="c-ink"/>' for x in (4, 8, 12)
        ),
        f'<path d="M0 3h16M0 9h16" stroke="{INK}" class="c-expected"/>',
        f'<path d="M0 3h16M0 9h16M4 0v12M8 0v12M12 0v12" stroke="{INK}" class="c-expected"/>',
        "",
    )

    def shade(level: int) -> str:
        return (
            f'<rect width="16" height="12" fill="{USUAL}" fill-opacity="{_SHADES[level]}"'
            f' class="c-heat"/>{marks[level]}'
        )

    keys = []
    if any(one.count == 0 for one in areas):
        paper = f'<rect width="16" height="12" fill="{PAPER}" class="c-paper"/>'
        keys.append(key(paper, gettext("none")))
    if any(one.count is None for one in areas):
        keys.append(
            key(
                f'<path d="M1 11L11 1M6 11L15 2M1 6L6 1" stroke="{FEW}" class="c-few"/>',
                hidden,
            )
        )
    for level, (first, after) in enumerate(pairwise(steps), start=1):
        words = gettext("%(lower)s to %(upper)s") % {
            "lower": number_text(first, digits),
            "upper": number_text(after - 1, digits),
        }
        keys.append(key(shade(level), words))
    most = gettext("%(count)s and more") % {"count": number_text(steps[-1], digits)}
    keys.append(key(shade(_DARK), most))
    return tuple(keys)
