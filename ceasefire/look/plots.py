"""Pictures of what statistics found: states, trend, pairs, circles, indices, dots and delays.

As in `charts`: numbers in, a string out, the same string every time; time runs with the line of
reading; nothing is said by colour alone. A table of the numbers is given by whoever draws, so that
the picture, its table and its file are made of the same values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import get_language_bidi, gettext, ngettext

from ceasefire.look.charts import Chart, Key
from ceasefire.look.numbers import in_digits, number_text
from ceasefire.look.strokes import (
    BAND,
    DOT,
    EDGE,
    FEW,
    INK,
    LINE,
    MUTED,
    PAPER,
    UNUSUAL,
    USUAL,
    WIDTH,
    across,
    decimal,
    hatched,
    line,
    patterns,
    rect,
    svg,
    text,
)

#: Percent of a phone's width that a letter of a name, and a digit of an axis, takes.
_LETTER, _DIGIT = 2.2, 2.6
#: Darkness of the steps of a shade, and the ratios from which on each holds.
_SHADES, _STEPS = (0.06, 0.16, 0.32, 0.5, 0.8), (1.2, 1.5, 2.0, 3.0)
#: From this step on a number stands light on dark.
_DARK = 4


def _key(inner: str, label: str) -> Key:
    drawn = f'<svg class="legend-mark" width="16" height="12" aria-hidden="true">{inner}</svg>'
    return Key(mark_safe(drawn), label)


def _names_above(
    names: Sequence[str], left: float, width: float, rtl: bool
) -> tuple[list[str], float]:
    """The names of columns in as many rows as they need beside each other, and their height."""
    longest = max((len(name) for name in names), default=0) * _LETTER
    rows = min(4, max(1, math.ceil(longest / max(width, 1))))
    parts = []
    for at, name in enumerate(names):
        y = 14 + (at % rows) * 16
        # A name that begins with a digit would be read from the left in a PDF.
        said = f"\N{RIGHT-TO-LEFT MARK}{name}" if rtl and name[:1].isdigit() else name
        parts.append(text(left + (at + 0.5) * width, y, said, rtl, "middle", MUTED, "c-muted"))
    return parts, rows * 16 + 6


def _mark(x: float, y: float, path: str, rtl: bool, attributes: str, words: str = "") -> str:
    """A small shape of its own size at a place that is a percentage."""
    inner = f"<title>{escape(words)}</title>" if words else ""
    return (
        f'<svg x="{across(x, 0, rtl)}" y="{decimal(y)}" width="1" height="1" overflow="visible">'
        f'<path d="{path}" {attributes}>{inner}</path></svg>'
    )


def _dot(x: float, y: float, radius: float, rtl: bool, attributes: str, words: str = "") -> str:
    inner = f"<title>{escape(words)}</title>" if words else ""
    return (
        f'<circle cx="{across(x, 0, rtl)}" cy="{decimal(y)}" r="{decimal(radius)}"'
        f" {attributes}>{inner}</circle>"
    )


def _stroke(
    one: tuple[float, float],
    other: tuple[float, float],
    rtl: bool,
    *,
    dashed: bool = False,
    colour: str = INK,
    css: str = "c-expected",
    thick: float = 2,
) -> str:
    dashes = ' stroke-dasharray="6 4"' if dashed else ""
    return (
        f'<line x1="{across(one[0], 0, rtl)}" y1="{decimal(one[1])}"'
        f' x2="{across(other[0], 0, rtl)}" y2="{decimal(other[1])}" stroke="{colour}"'
        f' stroke-width="{decimal(thick)}" class="{css}"{dashes}/>'
    )


def _ticks(highest: float) -> list[float]:
    """Round ticks from zero to at least the highest, about four."""
    rough = max(highest, 1e-9) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(unit * power for unit in (1, 2, 2.5, 5, 10) if unit * power >= rough * 0.999)
    return [step * at for at in range(math.ceil(highest / step - 1e-9) + 1)] or [0.0, step]


@dataclass(frozen=True)
class _Frame:
    """Where values stand: from `left` to 100 percent, from `above` down `room` pixels."""

    left: float
    above: float
    room: float
    top: float
    rtl: bool

    def x(self, share: float) -> float:
        """A share of the way along, 0 to 1, as a percentage of the picture."""
        return self.left + share * (99 - self.left)

    def y(self, value: float) -> float:
        return self.above + self.room * (1 - min(value, self.top) / self.top)

    @property
    def base(self) -> float:
        return self.above + self.room

    def grid(self, ticks: Sequence[float], said: Callable[[float], str]) -> list[str]:
        """The level lines with their values, and the axis."""
        parts = []
        for tick in ticks:
            if tick:
                y = self.y(tick)
                parts.append(line(self.left, 100 - self.left, y, self.rtl, LINE, "c-grid"))
                words = said(tick)
                parts.append(text(self.left - 1, y + 4, words, self.rtl, "end", MUTED, "c-muted"))
        parts.append(line(self.left, 100 - self.left, self.base, self.rtl, EDGE, "c-axis"))
        return parts


def _frame(
    highest: float,
    height: float,
    said: Callable[[float], str],
    rtl: bool,
    *,
    above: float = 16,
    below: float = 32,
) -> tuple[_Frame, list[str]]:
    ticks = _ticks(highest)
    longest = max(len(said(tick)) for tick in ticks)
    frame = _Frame(1.5 + longest * _DIGIT, above, height - above - below, ticks[-1], rtl)
    return frame, frame.grid(ticks, said)


def _below(frame: _Frame, labels: Sequence[tuple[float, str]], *, row: int = 0) -> list[str]:
    """Labels under the axis, at shares of the way; the first and last stay inside."""
    parts = []
    for share, words in labels:
        anchor = "start" if share < 0.06 else "end" if share > 0.94 else "middle"
        y = frame.base + 15 + 15 * row
        x = frame.x(share)
        parts.append(
            text(x, y, words, frame.rtl, anchor, MUTED, "c-muted", number=words[:1].isdigit())
        )
    return parts


# --- what was found where -------------------------------------------------------------------------


def states(
    slug: str,
    title: str,
    subtitle: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[tuple[int | None, str] | None]]],
    *,
    words: Sequence[tuple[str, str]],
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return a grid of counts, each cell in one of three states by pattern and by word.

    A cell is (count, state) with `unusual` (dots on dark), `usual` (shaded), `untested` (the number
    alone), `hidden` (hatched, with that word for the count) or any other state (hatched: too few to
    say); None has no row of its own and stays empty. `words` are the states of the key and what
    each is called.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    said = dict(words)
    left = min(48.0, max(18.0, _LETTER * 1.25 * max((len(name) for name, _c in rows), default=0)))
    width = (100 - left) / max(1, len(columns))
    parts = [patterns(slug)]
    heads, top = _names_above(columns, left, width, rtl)
    parts.extend(heads)
    tall = 30
    for at, (name, cells) in enumerate(rows):
        y = top + at * tall
        parts.append(text(0, y + 19, name, rtl, "start"))
        for column, cell in enumerate(cells):
            x = left + column * width
            if cell is None:
                parts.append(text(x + width / 2, y + 19, "–", rtl, "middle", MUTED, "c-muted"))
                continue
            parts.extend(_state_cell(slug, cell, x, width, y, tall, said, name, columns[column],
                                     rtl, digits))  # fmt: skip
    legend = tuple(_key(_swatch(state), label) for state, label in words)
    described = _state_words(columns, rows, said, digits)
    height = top + max(1, len(rows)) * tall
    return Chart(
        slug, title, subtitle, svg(slug, title, described, height, parts, rtl), legend=legend
    )


def _state_cell(
    slug: str,
    cell: tuple[int | None, str],
    x: float,
    width: float,
    y: float,
    tall: float,
    said: dict[str, str],
    row: str,
    column: str,
    rtl: bool,
    digits: str,
) -> list[str]:
    count, state = cell
    if count is None:
        shown = gettext("hidden") if state == "hidden" else gettext("no data")
    else:
        shown = number_text(count, digits)
    words = f"{column}, {row}: {shown}"
    if state not in ("untested", "hidden"):
        words += f", {said.get(state, said['too_few'])}"
    box = (x + 0.2, width - 0.4, y + 1, tall - 2)
    middle = x + width / 2
    if state == "unusual":
        return [
            rect(*box, rtl, UNUSUAL, "c-unusual", words=words),
            rect(*box, rtl, f"url(#{slug}-dots)", ""),
            text(middle, y + 19, shown, rtl, "middle", PAPER, "c-on-heat", weight=700, number=True),
        ]
    if state == "usual":
        plain = rect(*box, rtl, USUAL, "c-heat c-heat-1", words=words)
        return [
            plain.replace("<rect ", f'<rect fill-opacity="{_SHADES[1]}" ', 1),
            text(middle, y + 19, shown, rtl, "middle", weight=600, number=True),
        ]
    if state == "untested":
        return [
            rect(*box, rtl, PAPER, "c-few-ground", LINE, "c-grid", words),
            text(middle, y + 19, shown, rtl, "middle", number=True),
        ]
    return [
        rect(*box, rtl, PAPER, "c-few-ground", FEW, "c-few-edge", words),
        hatched(slug, *box, rtl),
        text(middle, y + 19, shown, rtl, "middle", halo=True, number=True),
    ]


def _swatch(state: str) -> str:
    if state == "unusual":
        return f'<rect width="16" height="12" fill="{UNUSUAL}" class="c-unusual"/>' + "".join(
            f'<circle cx="{x}" cy="{y}" r="1.1" fill="{DOT}" class="c-dot"/>'
            for y in (3, 9)
            for x in (3, 8, 13)
        )
    if state == "usual":
        return (
            f'<rect fill-opacity="{_SHADES[1]}" width="16" height="12" fill="{USUAL}"'
            ' class="c-heat c-heat-1"/>'
        )
    return (
        f'<rect x=".5" y=".5" width="15" height="11" fill="{PAPER}" stroke="{FEW}"'
        ' class="c-few-ground c-few-edge"/>'
        f'<path d="M1 11L11 1M6 11L15 2M1 6L6 1" stroke="{FEW}" class="c-few"/>'
    )


def _state_words(
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[tuple[int | None, str] | None]]],
    said: dict[str, str],
    digits: str,
) -> str:
    """How many cells are in each state, and the unusual ones by name."""
    cells = [cell for _name, cells in rows for cell in cells if cell is not None]
    told = [
        f"{label}: {number_text(sum(cell[1] == state for cell in cells), digits)}"
        for state, label in said.items()
    ]
    told += [
        f"{column}, {name}: {number_text(cell[0] or 0, digits)}"
        for name, line_of in rows
        for column, cell in zip(columns, line_of, strict=True)
        if cell is not None and cell[1] == "unusual"
    ]
    return ". ".join(told) + "."


def pairs(
    slug: str,
    title: str,
    subtitle: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[tuple[float | None, int, bool]]]],
    *,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return a grid of ratios with the pairs each stands on, darker from 1.2, 1.5, 2 and 3 on.

    A cell is (ratio, pairs seen, whether chance hardly shows it); a ratio of None has nothing to
    be compared with and is hatched. What chance hardly shows has a frame.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    left = min(40.0, max(18.0, _LETTER * 1.25 * max((len(name) for name, _c in rows), default=0)))
    width = (100 - left) / max(1, len(columns))
    heads, top = _names_above(columns, left, width, rtl)
    parts = [patterns(slug), *heads]
    tall = 44
    told = []
    for at, (name, cells) in enumerate(rows):
        y = top + at * tall
        parts.append(text(0, y + 25, name, rtl, "start"))
        for column, (ratio, seen, sure) in enumerate(cells):
            x = left + column * width
            box = (x + 0.3, width - 0.6, y + 2, tall - 4)
            words = ngettext("%(pairs)s pair", "%(pairs)s pairs", seen)
            number = words % {"pairs": number_text(seen, digits)}
            if ratio is None:
                parts.append(rect(*box, rtl, PAPER, "c-few-ground", FEW, "c-few-edge"))
                parts.append(hatched(slug, *box, rtl))
                parts.append(text(x + width / 2, y + 25, number, rtl, "middle", halo=True))
                continue
            level = sum(ratio >= step for step in _STEPS)
            sure = sure and level > 0
            times = f"{number_text(float(ratio), digits, 1)} ×"
            words = f"{name}, {columns[column]}: {times}, {number}"
            told.append(words)
            shade = rect(*box, rtl, USUAL, f"c-heat c-heat-{level + 1 if level else 0}",
                         words=words)  # fmt: skip
            parts.append(shade.replace("<rect ", f'<rect fill-opacity="{_SHADES[level]}" ', 1))
            if sure:
                frame = rect(*box, rtl, "none", "", INK, "c-expected")
                parts.append(frame.replace("<rect ", '<rect stroke-width="2.5" ', 1))
            fill, css = (PAPER, "c-on-heat") if level >= _DARK else (INK, "c-text")
            middle = x + width / 2
            parts.append(text(middle, y + 19, times, rtl, "middle", fill, css, weight=700,
                              number=True))  # fmt: skip
            parts.append(text(middle, y + 35, number, rtl, "middle", fill, css))
    frame_key = (
        f'<rect x="1.5" y="1.5" width="13" height="9" fill="none" stroke="{INK}"'
        ' stroke-width="2.5" class="c-expected"/>'
    )
    return Chart(
        slug,
        title,
        subtitle,
        svg(slug, title, ". ".join(told), top + max(1, len(rows)) * tall, parts, rtl),
        legend=(_key(frame_key, gettext("chance hardly shows this")),),
    )


def listed(
    slug: str,
    title: str,
    subtitle: str,
    groups: Sequence[tuple[str, Sequence[tuple[str, int | None]]]],
    *,
    hidden: str,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return a bar a row under the name of its group, in the order given, which is no ranking.

    A count of None is hidden: a hatched strip and the word for it.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    highest = max((count or 0 for _name, rows in groups for _row, count in rows), default=0) or 1
    parts, told, y = [patterns(slug)], [], 0.0
    for group, rows in groups:
        parts.append(text(0, y + 16, group, rtl, "start", weight=600))
        y += 26
        for name, count in rows:
            said = hidden if count is None else number_text(count, digits)
            words = f"{name}: {said}"
            told.append(words)
            parts.append(text(0, y + 12, name, rtl, "start"))
            parts.append(text(100, y + 12, said, rtl, "end", weight=600))
            box = (0, 100 * (count or 0) / highest, y + 18, 7)
            if count is None:
                box = (0, 12, y + 18, 7)
                parts.append(rect(*box, rtl, PAPER, "c-few-ground", FEW, "c-few-edge", words))
                parts.append(hatched(slug, *box, rtl))
            else:
                parts.append(rect(*box, rtl, USUAL, "c-bar", words=words))
            y += 34
    return Chart(slug, title, subtitle, svg(slug, title, ". ".join(told), max(y, 1), parts, rtl))


@dataclass(frozen=True)
class Circle:
    """A circle on a map: where, how wide, and what it is called and says."""

    name: str
    words: str
    at: tuple[float, float]
    kilometres: float


#: Kilometres of a degree of latitude.
_DEGREE_KM = 111.2
#: Pixels of the least circle, so that it is seen.
_LEAST = 9.0


def circles(
    slug: str,
    title: str,
    subtitle: str,
    outlines: Sequence[tuple[str, Sequence[Sequence[tuple[float, float]]], tuple[float, float]]],
    found: Sequence[Circle],
) -> Chart:
    """Return a map of outlines (name, rings, where the name stands) with circles upon it.

    North is up in every language. The map is cut to the outlines that hold a circle.
    """
    held = [ring for _name, rings, _at in outlines for ring in rings]
    corners = [corner for ring in held for corner in ring] + [one.at for one in found]
    west, east = min(x for x, _y in corners), max(x for x, _y in corners)
    south, north = min(y for _x, y in corners), max(y for _x, y in corners)
    narrow = math.cos(math.radians((south + north) / 2))
    scale = min(WIDTH / max((east - west) * narrow, 0.01), 420 / max(north - south, 0.01))
    high = (north - south) * scale
    margin = (WIDTH - (east - west) * narrow * scale) / 2

    def at(corner: tuple[float, float]) -> str:
        x = margin + (corner[0] - west) * narrow * scale
        return f"{x:.1f} {(north - corner[1]) * scale:.1f}"

    parts = [patterns(slug)]
    for _name, rings, _where in outlines:
        path = "".join(f"M{'L'.join(map(at, ring))}Z" for ring in rings)
        parts.append(
            f'<path d="{path}" fill="{BAND}" fill-opacity=".35" stroke="{EDGE}"'
            ' stroke-width="1.2" fill-rule="evenodd" class="c-band c-few-edge"/>'
        )
    for name, _rings, where in outlines:
        parts.append(_on_map(at(where), name, 16, MUTED))
    for one in found:
        x, y = at(one.at).split()
        radius = max(_LEAST, one.kilometres / _DEGREE_KM * scale)
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="{UNUSUAL}" fill-opacity=".45"'
            f' stroke="{INK}" stroke-width="1.5" class="c-unusual">'
            f"<title>{escape(one.words)}</title></circle>"
        )
        parts.append(_on_map(f"{x} {float(y) - radius - 6:.1f}", one.name, 17, INK))
    described = ". ".join(one.words for one in found)
    drawn = svg(slug, title, described, high, parts, False, css="plot plot-map")
    return Chart(
        slug,
        title,
        subtitle,
        mark_safe(drawn.replace("<svg ", f'<svg viewBox="0 0 {WIDTH} {decimal(high)}" ', 1)),
    )


def _on_map(where: str, words: str, size: int, fill: str) -> str:
    x, y = where.split()
    return (
        f'<text x="{x}" y="{y}" text-anchor="middle" font-size="{size}" fill="{fill}"'
        f' stroke="{PAPER}" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'
        f' class="{"c-text" if fill == INK else "c-muted"} c-halo">{escape(words)}</text>'
    )


# --- along time -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Band:
    """A stretch of weeks: what was seen a week, and the smooth line with its ribbon."""

    label: str
    seen: float | None
    line: float
    low: float
    high: float
    words: str
    shaded: bool = False


def ribbon(
    slug: str,
    title: str,
    subtitle: str,
    bands: Sequence[Band],
    *,
    line_words: str,
    seen_words: str,
    shaded_words: str = "",
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return a smooth line with its 95 % ribbon behind the points it was drawn through."""
    rtl = get_language_bidi() if rtl is None else rtl
    height = 240.0
    highest = max((max(one.seen or 0, one.high) for one in bands), default=1)

    def said(value: float) -> str:
        return number_text(float(value), digits, None if value == int(value) else 1)

    frame, parts = _frame(highest, height, said, rtl)
    wide = (99 - frame.left) / max(1, len(bands))
    drawn = [patterns(slug)]
    middles = [frame.left + (at + 0.5) * wide for at in range(len(bands))]
    for x, one in zip(middles, bands, strict=True):
        y = frame.y(one.high)
        drawn.append(rect(x - wide / 2, wide, y, frame.y(one.low) - y, rtl, BAND, "c-band",
                          crisp=True))  # fmt: skip
        if one.shaded:
            drawn.append(rect(x - wide / 2, wide, frame.base + 1, 4, rtl, EDGE, "c-spark"))
    drawn += parts
    for (x1, one), (x2, other) in pairwise(zip(middles, bands, strict=True)):
        drawn.append(_stroke((x1, frame.y(one.line)), (x2, frame.y(other.line)), rtl))
    for x, one in zip(middles, bands, strict=True):
        if one.seen is not None:
            drawn.append(_dot(x, frame.y(one.seen), 2.2, rtl,
                              f'fill="{USUAL}" class="c-bar"', one.words))  # fmt: skip
    every = max(1, math.ceil(len(bands) / 3))
    shown = range(len(bands) - 1, -1, -every)
    labels = [((at + 0.5) / len(bands), in_digits(bands[at].label, digits)) for at in shown]
    drawn += _below(frame, labels)
    legend = [
        _key(f'<circle cx="8" cy="6" r="3" fill="{USUAL}" class="c-bar"/>', seen_words),
        _key(
            f'<rect width="16" height="12" fill="{BAND}" class="c-band"/>'
            f'<path d="M0 6h16" stroke="{INK}" stroke-width="2" class="c-expected"/>',
            line_words,
        ),
    ]
    if shaded_words and any(one.shaded for one in bands):
        mark = f'<rect y="4" width="16" height="4" fill="{EDGE}" class="c-spark"/>'
        legend.append(_key(mark, shaded_words))
    words = bands[-1].words if bands else ""
    return Chart(
        slug, title, subtitle, svg(slug, title, words, height, drawn, rtl), legend=tuple(legend)
    )


@dataclass(frozen=True)
class Step:
    """A stretch of weeks for two groups of districts, 100 = their own mean before the start."""

    label: str
    ours: float | None
    others: float | None
    words: str
    after: bool


def indexed(
    slug: str,
    title: str,
    subtitle: str,
    steps: Sequence[Step],
    *,
    names: tuple[str, str],
    start_words: str,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return two lines on one index, the second dashed with open points; a line at the start."""
    rtl = get_language_bidi() if rtl is None else rtl
    height = 260.0
    values = [value for one in steps for value in (one.ours, one.others) if value is not None]

    def said(value: float) -> str:
        return number_text(round(value), digits)

    frame, parts = _frame(max([*values, 100.0]), height, said, rtl, above=30)
    drawn = [patterns(slug), *parts]
    count = max(1, len(steps))
    hundred = frame.y(100)
    drawn.append(line(frame.left, 99 - frame.left, hundred, rtl, EDGE, "c-axis"))
    first = next((at for at, one in enumerate(steps) if one.after), None)
    if first is not None:
        x = frame.x(first / count)
        drawn.append(_stroke((x, frame.above - 6), (x, frame.base), rtl, thick=2))
        anchor = "end" if first > count / 2 else "start"
        drawn.append(text(x, frame.above - 12, start_words, rtl, anchor, weight=600))
    for order, name in enumerate(("ours", "others")):
        points = [
            (frame.x((at + 0.5) / count), frame.y(getattr(one, name)), one)
            for at, one in enumerate(steps)
            if getattr(one, name) is not None
        ]
        for (x1, y1, _one), (x2, y2, _other) in pairwise(points):
            drawn.append(_stroke((x1, y1), (x2, y2), rtl, dashed=order == 1))
        look = (
            f'fill="{INK}" class="c-ink"',
            f'fill="{PAPER}" stroke="{INK}" stroke-width="1.5" class="c-few-ground c-expected"',
        )[order]
        drawn += [_dot(x, y, 3, rtl, look, one.words) for x, y, one in points]
    every = max(1, math.ceil(len(steps) / 3))
    labels = [
        ((at + 0.5) / count, in_digits(steps[at].label, digits))
        for at in range(len(steps) - 1, -1, -every)
    ]
    drawn += _below(frame, labels)
    legend = (
        _key(
            f'<path d="M0 6h16" stroke="{INK}" stroke-width="2" class="c-expected"/>'
            f'<circle cx="8" cy="6" r="3" fill="{INK}" class="c-ink"/>',
            names[0],
        ),
        _key(
            f'<path d="M0 6h16" stroke="{INK}" stroke-width="2" stroke-dasharray="6 4"'
            ' class="c-expected"/>'
            f'<circle cx="8" cy="6" r="3" fill="{PAPER}" stroke="{INK}"'
            ' class="c-few-ground c-expected"/>',
            names[1],
        ),
    )
    words = steps[-1].words if steps else ""
    return Chart(slug, title, subtitle, svg(slug, title, words, height, drawn, rtl), legend=legend)


def dots(
    slug: str,
    title: str,
    subtitle: str,
    others: Sequence[float],
    ours: float,
    *,
    our_words: str,
    other_words: str,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return ratios as dots stacked along a line, ours a diamond; twice and half lie as far off."""
    rtl = get_language_bidi() if rtl is None else rtl
    reach = max([abs(math.log(value)) for value in [*others, ours] if value > 0] + [math.log(2)])
    reach *= 1.08

    def share(value: float) -> float:
        return 0.5 + 0.5 * math.log(value) / reach

    bins: dict[int, int] = {}
    placed = []
    for value in others:
        at = round(share(value) * 60)
        bins[at] = bins.get(at, 0) + 1
        placed.append((at / 60, bins[at], value))
    most = max(bins.values(), default=1)
    step = min(9.0, 130 / most)
    above, room = 40.0, max(30.0, most * step)
    frame = _Frame(1, above, room, 1, rtl)
    drawn = [patterns(slug), line(1, 98, frame.base, rtl, EDGE, "c-axis")]
    middle = frame.x(0.5)
    drawn.append(_stroke((middle, above - 8), (middle, frame.base), rtl, dashed=True, thick=1))
    for place, at, value in placed:
        words = f"{other_words}: {number_text(float(value), digits, 2)}"
        drawn.append(_dot(frame.x(place), frame.base - (at - 0.5) * step, min(3.6, step / 2), rtl,
                          f'fill="{EDGE}" class="c-spark"', words))  # fmt: skip
    x = frame.x(share(ours))
    label = f"{our_words}: {number_text(float(ours), digits, 2)}"
    drawn.append(
        _mark(x, frame.base, "M0 -9l8 9-8 9-8-9z", rtl,
              f'fill="{UNUSUAL}" stroke="{PAPER}" class="c-unusual"', label)
    )  # fmt: skip
    anchor = "start" if share(ours) < 0.3 else "end" if share(ours) > 0.7 else "middle"
    drawn.append(text(x, 14, label, rtl, anchor, weight=600))
    drawn.append(_stroke((x, 20), (x, frame.base - 9), rtl, thick=1))
    marks = [value for value in (0.25, 0.5, 1, 2, 4) if 0.02 < share(value) < 0.98]
    labels = [(share(value), number_text(float(value), digits)) for value in marks]
    drawn += [
        text(frame.x(at), frame.base + 24, words, rtl, "middle", MUTED, "c-muted", number=True)
        for at, words in labels
    ]
    return Chart(slug, title, subtitle, svg(slug, title, label, frame.base + 32, drawn, rtl))


def curve(
    slug: str,
    title: str,
    subtitle: str,
    points: Sequence[tuple[int, float]],
    *,
    said_of: Callable[[int, float], str],
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return how a share grows with the days, 0 to 100 percent, a point at each day given."""
    rtl = get_language_bidi() if rtl is None else rtl
    height = 200.0

    def said(value: float) -> str:
        return number_text(round(value), digits)

    frame, parts = _frame(100, height, said, rtl)
    longest = max((day for day, _share in points), default=1) or 1
    drawn = [patterns(slug), *parts]
    placed = [(frame.x(day / longest), frame.y(100 * part), day, part) for day, part in points]
    for one, other in pairwise(placed):
        drawn.append(_stroke(one[:2], other[:2], rtl))
    for x, y, day, part in placed:
        drawn.append(_dot(x, y, 3, rtl, f'fill="{INK}" class="c-ink"', said_of(day, part)))
    labels = [(day / longest, number_text(day, digits)) for day, _share in points if day % 7 == 0]
    drawn += _below(frame, labels)
    words = ". ".join(said_of(day, part) for day, part in points if day in (1, 7, longest))
    return Chart(slug, title, subtitle, svg(slug, title, words, height, drawn, rtl))
