"""Charts as SVG, made on the server: numbers in, a string out, the same string every time.

Widths are percentages and heights pixels, so text keeps its size on a phone and on a projector.
Colours stand as presentation attributes, for PDF and print, and as classes, by which the page's
tokens override them in light and dark. Time runs with the line of reading: from left to right in
English, from right to left in Arabic. Bars start at zero. Each chart carries the table of its
numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_bidi, gettext, ngettext

from ceasefire.look import corners
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
)
from ceasefire.look.strokes import across as _x
from ceasefire.look.strokes import decimal as _n
from ceasefire.look.strokes import hatched as _hatched
from ceasefire.look.strokes import line as _line
from ceasefire.look.strokes import patterns as _patterns
from ceasefire.look.strokes import rect as _rect
from ceasefire.look.strokes import svg as _svg
from ceasefire.look.strokes import text as _text

#: Percent of the width that a digit of the value axis takes, on a phone and in a small multiple.
DIGIT, DIGIT_SMALL = 2.6, 4.0
#: Areas of a map whose names still stand beside each other.
MOST_NAMES = 30


@dataclass(frozen=True)
class WeekBar:
    """One week of a series.

    `value` None is a missing week, never zero. `expected` and `upper` are None where nothing was
    tested. `state` is `unusual`, `usual` or `too_few`. `complete` is False while reports still come
    in. `unverified` stands hatched upon the bar and is no part of `value`. `periods` are those of
    the calendar in which the week lies, each as a letter and a name. `told` is what a report told
    of the week as an alert, in words: with the state `unusual` of the whole, else of a part of it.
    """

    start: date
    value: int | None
    expected: float | None = None
    upper: float | None = None
    lower: float = 0
    state: str = "usual"
    complete: bool = True
    unverified: int = 0
    periods: tuple[tuple[str, str], ...] = ()
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Area:
    """An area of a map: its rings as (longitude, latitude), and where its name stands.

    `value` None: nothing is known of it.
    """

    name: str
    value: float | None
    rings: Sequence[Sequence[tuple[float, float]]]
    label_at: tuple[float, float]


@dataclass(frozen=True)
class Key:
    """One entry of a legend."""

    svg: SafeString
    label: str


@dataclass(frozen=True)
class Chart:
    """A picture, the words around it and its numbers."""

    slug: str
    title: str
    subtitle: str
    svg: SafeString
    head: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    legend: tuple[Key, ...] = ()
    panels: tuple[tuple[str, SafeString], ...] = field(default=(), repr=False)

    def picture(self, font: str) -> str:
        """Return the SVG for a place outside a page (a PDF), set in the given font."""
        return self.svg.replace("<svg ", f'<svg font-family="{escape(font)}" ', 1)


def weekly_bars(
    slug: str,
    title: str,
    subtitle: str,
    weeks: Sequence[WeekBar],
    *,
    unit: str = "",
    top: float | None = None,
    height: int = 200,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return weekly counts with the expected band behind, unusual weeks marked.

    Shapes: one `WeekBar` a week in order of time. `unit` names what is counted ("incidents"). `top`
    fixes the scale (incidents a week), to compare charts. Missing weeks are hatched columns,
    incomplete ones hatched bars.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    scale = _scale(weeks, top)
    picture = _week_picture(slug, title, weeks, scale, unit, height, rtl, digits, axis=True)
    return Chart(
        slug,
        title,
        subtitle,
        picture,
        *_week_table(weeks, unit, digits),
        legend=_week_legend(slug, weeks),
    )


def small_multiples(
    slug: str,
    title: str,
    subtitle: str,
    series: Sequence[tuple[str, Sequence[WeekBar]]],
    *,
    unit: str = "",
    height: int = 96,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return one small chart a series, all on one scale, so that heights compare.

    `series` is (name, weeks) pairs over the same weeks. `panels` of the answer holds each picture
    alone, for a PDF.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    scale = _scale([week for _name, weeks in series for week in weeks], None)
    panels = []
    for index, (name, weeks) in enumerate(series):
        panel = _week_picture(
            f"{slug}-{index}", name, weeks, scale, unit, height, rtl, digits, axis=False
        )
        panels.append((name, panel))
    page = format_html(
        '<div class="multiples">{}</div>',
        mark_safe(
            "".join(
                format_html(
                    '<div class="multiple"><p class="multiple-name"><bdi>{}</bdi>{}</p>{}</div>',
                    name,
                    _last_state(weeks),
                    panel,
                )
                for (name, panel), (_name, weeks) in zip(panels, series, strict=True)
            )
        ),
    )
    starts = [week.start for week in series[0][1]] if series else []
    head = (gettext("Week of"), *(name for name, _weeks in series))
    rows = tuple(
        (
            _day(start, digits),
            *(_count_text(weeks[index].value, digits) for _name, weeks in series),
        )
        for index, start in enumerate(starts)
    )
    every = [week for _name, weeks in series for week in weeks]
    return Chart(slug, title, subtitle, page, head, rows, _week_legend(slug, every), tuple(panels))


def panels_on_one_scale(
    slug: str,
    title: str,
    subtitle: str,
    series: Sequence[tuple[str, Sequence[WeekBar]]],
    *,
    unit: str = "",
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return the small charts of `small_multiples` in one picture, two side by side.

    One picture is the same on a page, in a PDF and in a letter. An unusual last week is said in
    words beside the name.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    scale = _scale([week for _name, weeks in series for week in weeks], None)
    across = 1 if len(series) == 1 else 2
    name_room, room, axis_room, gap = 20, 72, 18, 12
    tall = name_room + room + axis_room + gap
    wide = 100.0 if across == 1 else 48.0
    parts = [_patterns(slug)]
    if any(week.periods for _name, weeks in series for week in weeks):
        parts.append(_ruled(f"{slug}-calendar"))
    for index, (name, weeks) in enumerate(series):
        left, above = (index % across) * (100 - wide), (index // across) * tall
        known = [week for week in weeks if week.value is not None]
        unusual = bool(known) and known[-1].state == "unusual"
        said = f"{name} · {gettext('Unusual')}" if unusual else name
        parts.append(_text(left, above + 13, said, rtl, "start", weight=600))
        parts.extend(
            _panel(slug, weeks, scale, left, wide, above + name_room, room, unit, rtl, digits)
        )
    height = max(1, math.ceil(len(series) / across) * tall - gap)
    every = [week for _name, weeks in series for week in weeks]
    words = " ".join(f"{name}: {_week_words(weeks, unit, digits)}" for name, weeks in series)
    picture = _svg(slug, title, words, height, parts, rtl)
    return Chart(slug, title, subtitle, picture, legend=_week_legend(slug, every))


def _panel(
    slug: str,
    weeks: Sequence[WeekBar],
    scale: tuple[float, list[float]],
    left: float,
    wide: float,
    above: float,
    room: float,
    unit: str,
    rtl: bool,
    digits: str,
) -> list[str]:
    """Draw one small chart from `left` on, `wide` percent of the picture."""
    top, ticks = scale
    base = above + room
    label = number_text(int(ticks[-1]), digits)
    start = left + 1 + len(label) * DIGIT
    width = (left + wide - start) / max(1, len(weeks))
    parts: list[str] = []

    def up(value: float) -> float:
        return base - room * min(value, top) / top

    for index, week in enumerate(weeks):
        x = start + index * width
        if week.periods:
            parts.append(_rect(x, width, above, room, rtl, f"url(#{slug}-calendar)", ""))
        if week.value is None:
            parts.append(_hatched(slug, x, width, above, room, rtl))
        elif week.upper is not None:
            low, high = up(week.lower), up(week.upper)
            parts.append(_rect(x, width, high, low - high, rtl, BAND, "c-band", crisp=True))
    parts.append(_line(start, left + wide - start, up(ticks[-1]), rtl, LINE, "c-grid"))
    for index, week in enumerate(weeks):
        x = start + index * width
        parts.extend(_week_bar(slug, week, x, width, width * 0.14, up, base, unit, rtl, digits))
    parts.append(_line(start, left + wide - start, base, rtl, EDGE, "c-axis"))
    parts.append(_text(start - 0.7, up(ticks[-1]) + 4, label, rtl, "end", MUTED, "c-muted"))
    for at, anchor, index in ((start, "start", 0), (left + wide, "end", len(weeks) - 1)):
        if weeks:
            on = weeks[index].start
            words = in_digits(f"{on.day}/{on.month}", digits)
            parts.append(_text(at, base + 14, words, rtl, anchor, MUTED, "c-muted", number=True))
    return parts


def horizontal_bars(
    slug: str,
    title: str,
    subtitle: str,
    rows: Sequence[tuple[str, float | None]],
    *,
    unit: str = "",
    top: float | None = None,
    places: int = 0,
    unknown: str = "",
    marked: frozenset[str] | set[str] = frozenset(),
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return one bar a row, longest first as given, each with its name and number above it.

    `rows` is (name, value); None is "unknown" (or what `unknown` says) and has no bar. `marked`
    rows are drawn as unusual.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    known = [value for _name, value in rows if value is not None]
    scale = top or max(known, default=0) or 1
    step = 40
    parts = [_patterns(slug)]
    for index, (name, value) in enumerate(rows):
        y = index * step
        words = unknown if unknown and value is None else _value_text(value, places, digits)
        parts.append(_text(0, y + 14, name, rtl, anchor="start"))
        parts.append(_text(100, y + 14, words, rtl, anchor="end", weight=600))
        parts.append(_rect(0, 100, y + 22, 8, rtl, LINE, "c-grid-fill"))
        if value:
            fill, css = (UNUSUAL, "c-unusual") if name in marked else (USUAL, "c-bar")
            width = 100 * min(value, scale) / scale
            parts.append(_rect(0, width, y + 22, 8, rtl, fill, css))
            if name in marked:
                parts.append(_rect(0, width, y + 22, 8, rtl, f"url(#{slug}-dots)", ""))
    height = max(1, len(rows) * step)
    table = tuple((name, _value_text(value, places, digits)) for name, value in rows)
    return Chart(
        slug,
        title,
        subtitle,
        _svg(slug, title, subtitle, height, parts, rtl),
        (gettext("Name"), unit or gettext("Number")),
        table,
    )


def heat_table(
    slug: str,
    title: str,
    subtitle: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[int | float | str | None]]],
    *,
    corner: str = "",
    places: int = 0,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return a grid of numbers shaded by size.

    A value may be a number, None (no data: hatched) or a text such as "< 3" (suppressed: hatched,
    with the text). Of many columns every second or third is named; names that would run into each
    other on a phone are numbered in the picture and told in the legend.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    numbers = [
        value for _name, values in rows for value in values if isinstance(value, int | float)
    ]
    highest = max(numbers, default=0) or 1
    # A letter takes about three hundredths of a phone's width.
    name_width = min(50.0, max(20.0, 3.0 * max((len(name) for name, _values in rows), default=0)))
    cell_width = (100 - name_width) / max(1, len(columns))
    row_height, top = 30, 24
    every = max(1, math.ceil(len(columns) / 8))
    heads = columns
    legend: tuple[Key, ...] = ()
    if _crowded(columns[::every], cell_width * every):
        every, heads = 1, [number_text(number + 1, digits) for number in range(len(columns))]
        legend = tuple(
            _legend_key(_text(50, 11, head, rtl, "middle", MUTED, "c-muted"), column)
            for head, column in zip(heads, columns, strict=True)
        )
    parts = [_patterns(slug)]
    for index, head in enumerate(heads):
        if index % every == 0:
            x = name_width + (index + 0.5) * cell_width
            parts.append(_text(x, 15, head, rtl, "middle", MUTED, "c-muted"))
    for row, (name, values) in enumerate(rows):
        y = top + row * row_height
        parts.append(_text(0, y + 19, name, rtl, anchor="start"))
        for index, value in enumerate(values):
            x = name_width + index * cell_width
            parts.extend(
                _heat_cell(slug, value, highest, x, cell_width, y, row_height, places, rtl, digits)
            )
    height = top + max(1, len(rows)) * row_height
    table = tuple(
        (name, *(_cell_text(value, places, digits) for value in values)) for name, values in rows
    )
    return Chart(
        slug,
        title,
        subtitle,
        _svg(slug, title, subtitle, height, parts, rtl),
        (corner, *columns),
        table,
        legend,
    )


def spark(
    slug: str, title: str, values: Sequence[int | None], *, rtl: bool | None = None
) -> SafeString:
    """Return a word-sized row of bars, the last one in ink, for a cell or beside a figure."""
    rtl = get_language_bidi() if rtl is None else rtl
    highest = max((value for value in values if value is not None), default=0) or 1
    width = 100 / max(1, len(values))
    parts = []
    for index, value in enumerate(values):
        if not value:
            continue
        tall = max(1.0, 24 * value / highest)
        last = index == len(values) - 1
        parts.append(
            _rect(
                index * width + width * 0.12,
                width * 0.76,
                26 - tall,
                tall,
                rtl,
                INK if last else EDGE,
                "c-ink" if last else "c-spark",
            )
        )
    parts.append(_line(0, 100, 26.5, rtl, EDGE, "c-axis"))
    return _svg(slug, title, "", 28, parts, rtl, css="spark", width=120)


def stacked_bars(
    slug: str,
    title: str,
    subtitle: str,
    rows: Sequence[tuple[str, Sequence[float]]],
    parts: Sequence[str],
    *,
    places: int = 0,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return one bar a row of parts that add up, each with its name and sum above it.

    `parts` are the names of the parts, from the first to the last; they are told apart by how dark
    they are, so that a grey print keeps them. All bars are on one scale.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    scale = max((sum(values) for _name, values in rows), default=0) or 1
    levels = _levels(len(parts))
    step = 40
    drawn = [_patterns(slug)]
    for index, (name, values) in enumerate(rows):
        y = index * step
        drawn.append(_text(0, y + 14, name, rtl, anchor="start"))
        whole = _value_text(sum(values), places, digits)
        drawn.append(_text(100, y + 14, whole, rtl, anchor="end", weight=600))
        x = 0.0
        for part, value, level in zip(parts, values, levels, strict=True):
            width = 100 * value / scale
            if value > 0:
                words = f"{part}: {_value_text(value, places, digits)}"
                drawn.append(_shade(_rect(x, width, y + 22, 9, rtl, USUAL, "", words=words), level))
                x += width
        drawn.append(_rect(0, x, y + 22, 9, rtl, "none", "", EDGE, "c-few-edge") if x else "")
    table = tuple(
        (name, *(_value_text(value, places, digits) for value in values)) for name, values in rows
    )
    return Chart(
        slug,
        title,
        subtitle,
        _svg(slug, title, subtitle, max(1, len(rows) * step), drawn, rtl),
        (gettext("Name"), *parts),
        table,
        tuple(
            _legend_key(
                _shade(f'<rect width="16" height="12" fill="{USUAL}" class=""/>', level)
                + f'<rect x=".5" y=".5" width="15" height="11" fill="none" stroke="{EDGE}"'
                ' class="c-few-edge"/>',
                part,
            )
            for part, level in zip(parts, levels, strict=True)
        ),
    )


def rising_lines(
    slug: str,
    title: str,
    subtitle: str,
    points: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    *,
    places: int = 0,
    height: int = 220,
    rtl: bool | None = None,
    digits: str = "western",
) -> Chart:
    """Return one line a series over the same points, for sums that grow; the second one is dashed.

    `points` are the names along the axis, in order of time. The scale begins at zero.
    """
    rtl = get_language_bidi() if rtl is None else rtl
    highest = max((value for _name, values in series for value in values), default=0)
    top, ticks = _round_scale(float(highest))
    labels = [(tick, number_text(int(tick), digits)) for tick in ticks if tick]
    gutter = 1.5 + max((len(label) for _tick, label in labels), default=0) * DIGIT
    above, below = 14, 30
    room = height - above - below
    width = (100 - gutter) / max(1, len(points))
    drawn = [_patterns(slug)]
    for tick, label in labels:
        y = above + room - room * tick / top
        drawn.append(_line(gutter, 100 - gutter, y, rtl, LINE, "c-grid"))
        drawn.append(_text(gutter - 1, y + 4, label, rtl, "end", MUTED, "c-muted"))
    drawn.append(_line(gutter, 100 - gutter, above + room, rtl, EDGE, "c-axis"))
    for order, (_name, values) in enumerate(series):
        places_of = [
            (gutter + (index + 0.5) * width, above + room - room * value / top)
            for index, value in enumerate(values)
        ]
        for (x1, y1), (x2, y2) in pairwise(places_of):
            drawn.append(
                f'<line x1="{_x(x1, 0, rtl)}" y1="{_n(y1)}" x2="{_x(x2, 0, rtl)}" y2="{_n(y2)}"'
                f' stroke="{INK}" stroke-width="2" class="c-expected"{_DASHES[order % 2]}/>'
            )
        for x, y in places_of if len(places_of) < 25 else places_of[-1:]:
            drawn.append(
                f'<circle cx="{_x(x, 0, rtl)}" cy="{_n(y)}" r="3" fill="{INK}" class="c-ink"/>'
            )
    every = max(1, math.ceil(len(points) / 4))
    for index, point in enumerate(points):
        if index % every == 0:
            x = gutter + (index + 0.5) * width
            words = in_digits(point, digits)
            drawn.append(_text(x, height - 10, words, rtl, "middle", MUTED, "c-muted", number=True))
    table = tuple(
        (
            in_digits(point, digits),
            *(_value_text(values[index], places, digits) for _name, values in series),
        )
        for index, point in enumerate(points)
    )
    return Chart(
        slug,
        title,
        subtitle,
        _svg(slug, title, subtitle, height, drawn, rtl),
        (gettext("Month"), *(name for name, _values in series)),
        table,
        tuple(
            _legend_key(
                f'<path d="M0 6h16" stroke="{INK}" stroke-width="2" class="c-expected"'
                f"{_DASHES[order % 2]}/>",
                name,
            )
            for order, (name, _values) in enumerate(series)
        ),
    )


#: The first line is whole, the second dashed.
_DASHES = ("", ' stroke-dasharray="6 4"')


def shaded_areas(
    slug: str,
    title: str,
    subtitle: str,
    areas: Sequence[Area],
    *,
    places: int = 0,
    digits: str = "western",
) -> Chart:
    """Return a map whose areas are the darker the more they hold; hatched where nothing is known.

    North is up in every language; a degree of longitude is narrowed by the latitude in the middle.
    Names of more than `MOST_NAMES` would cover each other: they stand in the table and on hover.
    """
    every = [corner for area in areas for ring in area.rings for corner in ring]
    west, east = min(x for x, _y in every), max(x for x, _y in every)
    south, north = min(y for _x, y in every), max(y for _x, y in every)
    narrow = math.cos(math.radians((south + north) / 2))
    scale = min(WIDTH / ((east - west) * narrow), 420 / (north - south))
    wide, high = (east - west) * narrow * scale, (north - south) * scale
    margin = (WIDTH - wide) / 2
    highest = max((area.value for area in areas if area.value), default=0) or 1

    def at(corner: tuple[float, float]) -> tuple[float, float]:
        return margin + (corner[0] - west) * narrow * scale, (north - corner[1]) * scale

    whole: list[corners.Rings] = [[list(map(at, ring)) for ring in area.rings] for area in areas]
    shapes = corners.fewer(whole)
    drawn = [_patterns(slug)]
    for area, rings in zip(areas, shapes, strict=True):
        value = area.value
        if shapes == whole:
            points = ("L".join(f"{x:.1f} {y:.1f}" for x, y in ring) for ring in rings)
            path = "".join(f"M{one}Z" for one in points)
        else:
            path = "".join(map(corners.steps, rings))
        words = f"{area.name}: {_value_text(value, places, digits)}"
        level = _level(value, highest)
        fill = USUAL if value is not None else f"url(#{slug}-hatch)"
        shape = (
            f'<path d="{path}" fill="{fill}" class="" fill-rule="evenodd">'
            f"<title>{escape(words)}</title></path>"
        )
        drawn.append(_shade(shape, level) if value is not None else shape)
        drawn.append(
            f'<path d="{path}" fill="none" stroke="{EDGE}" stroke-width="1.2" class="c-few-edge"/>'
        )
    for area in areas if len(areas) <= MOST_NAMES else ():
        across, down = at(area.label_at)
        drawn.append(
            f'<text x="{across:.1f}" y="{down:.1f}" text-anchor="middle" font-size="17"'
            f' fill="{INK}"'
            f' stroke="{PAPER}" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'
            f' class="c-text c-halo">{escape(area.name)}</text>'
        )
    picture = mark_safe(
        _svg(slug, title, subtitle, high, drawn, False).replace(
            "<svg ", f'<svg viewBox="0 0 {WIDTH} {_n(high)}" ', 1
        )
    )
    table = tuple((area.name, _value_text(area.value, places, digits)) for area in areas)
    return Chart(slug, title, subtitle, picture, (gettext("Name"), gettext("Number")), table)


def _crowded(names: Sequence[str], apart: float) -> bool:
    """Whether names that stand `apart` hundredths of a picture's width meet on a phone."""
    # A small letter takes just below two hundredths there.
    return any((len(one) + len(other)) * 0.9 > apart for one, other in pairwise(names))


def _legend_key(inner: str, label: str) -> Key:
    svg = f'<svg class="legend-mark" width="16" height="12" aria-hidden="true">{inner}</svg>'
    return Key(mark_safe(svg), label)


#: How dark the six steps of a shade are.
_SHADES = (0.06, 0.16, 0.32, 0.5, 0.8, 1)


def _levels(parts: int) -> list[int]:
    """So many steps of a shade, the darkest first, as far apart as they can be."""
    return [round(5 - 5 * index / parts) if parts > 1 else 5 for index in range(parts)]


def _level(value: float | None, highest: float) -> int:
    return math.ceil(5 * value / highest) if value else 0


def _shade(shape: str, level: int) -> str:
    """A shape in one of the six steps."""
    opened, rest = shape.split(" ", 1)
    rest = rest.replace('class=""', f'class="c-heat c-heat-{level}"', 1)
    if 'class="c-heat' not in rest:
        rest = f'class="c-heat c-heat-{level}" {rest}'
    return f'{opened} fill-opacity="{_SHADES[level]}" {rest}'


def _round_scale(highest: float) -> tuple[float, list[float]]:
    """The top of a scale from zero and its few round ticks."""
    rough = max(1.0, highest) / 4
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next((unit * power for unit in (1, 2, 5, 10) if unit * power >= rough), 10 * power)
    ticks = [step * index for index in range(math.ceil(max(1.0, highest) / step) + 1)]
    return float(ticks[-1]), [float(tick) for tick in ticks]


# --- weeks
# -----------------------------------------------------------------------------------------


def _week_picture(
    slug: str,
    title: str,
    weeks: Sequence[WeekBar],
    scale: tuple[float, list[float]],
    unit: str,
    height: int,
    rtl: bool,
    digits: str,
    *,
    axis: bool,
) -> SafeString:
    """Draw one series: band, grid, bars, marks, axis."""
    top, ticks = scale
    above, below = (22, 34) if axis else (14, 18)
    room = height - above - below
    base = above + room
    labels = [
        (tick, number_text(int(tick) if tick == int(tick) else tick, digits))
        for tick in ticks
        if tick and (axis or tick == ticks[-1])
    ]
    # The numbers of the axis stand before the first bar, never upon it.
    longest = max((len(label) for _tick, label in labels), default=0)
    gutter = 1.5 + longest * (DIGIT if axis else DIGIT_SMALL)
    width = (100 - gutter) / max(1, len(weeks))
    gap = width * (0.14 if len(weeks) > 20 else 0.1)
    parts = [_patterns(slug)]

    def up(value: float) -> float:
        return base - room * min(value, top) / top

    parts.extend(_calendar(slug, weeks, gutter, width, above, room, rtl, letters=axis))
    for index, week in enumerate(weeks):
        x = gutter + index * width
        if week.value is None:
            parts.append(_hatched(slug, x, width, above, room, rtl))
        elif week.upper is not None:
            low = up(week.lower)
            parts.append(
                _rect(
                    x, width, up(week.upper), low - up(week.upper), rtl, BAND, "c-band", crisp=True
                )
            )
    for tick in ticks:
        if tick:
            parts.append(_line(gutter, 100 - gutter, up(tick), rtl, LINE, "c-grid"))
    for index, week in enumerate(weeks):
        x = gutter + index * width
        parts.extend(_week_bar(slug, week, x, width, gap, up, base, unit, rtl, digits))
    parts.append(_line(gutter, 100 - gutter, base, rtl, EDGE, "c-axis"))
    for tick, label in labels:
        parts.append(_text(gutter - 1, up(tick) + 4, label, rtl, "end", MUTED, "c-muted"))
    if weeks:
        parts.extend(_week_axis(weeks, gutter, width, base, rtl, digits, full=axis))
    return _svg(slug, title, _week_words(weeks, unit, digits), height, parts, rtl)


def _calendar(
    slug: str,
    weeks: Sequence[WeekBar],
    gutter: float,
    width: float,
    above: float,
    room: float,
    rtl: bool,
    *,
    letters: bool,
) -> list[str]:
    """Shade the weeks of the calendar's periods behind the bars, each run under its letter."""
    marked = [week for week in weeks if week.periods]
    if not marked:
        return []
    parts = [_ruled(f"{slug}-calendar")]
    for index, week in enumerate(weeks):
        if week.periods:
            names = gettext(", ").join(name for _letter, name in week.periods)
            parts.append(
                _rect(
                    gutter + index * width, width, above, room, rtl,
                    f"url(#{slug}-calendar)", "", words=names,
                )
            )  # fmt: skip
    if not letters:
        return parts
    for letter in sorted({letter for week in marked for letter, _name in week.periods}):
        inside = [letter in dict(week.periods) for week in weeks]
        for first, last in _runs(inside):
            middle = gutter + (first + last + 1) / 2 * width
            parts.append(_text(middle, above - 4, letter, rtl, "middle", MUTED, "c-muted"))
    return parts


def _ruled(name: str) -> str:
    """The pattern of the calendar's periods: level lines, apart from the slanted hatching."""
    return (
        f'<defs><pattern id="{name}" width="4" height="4" patternUnits="userSpaceOnUse">'
        f'<path d="M0 2h4" stroke="{LINE}" stroke-width="1.5" class="c-grid"/></pattern></defs>'
    )


def _runs(inside: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last place of every run of truth."""
    found: list[tuple[int, int]] = []
    for at, one in enumerate(inside):
        if one and found and found[-1][1] == at - 1:
            found[-1] = (found[-1][0], at)
        elif one:
            found.append((at, at))
    return found


def _week_bar(
    slug: str,
    week: WeekBar,
    x: float,
    width: float,
    gap: float,
    up: Any,
    base: float,
    unit: str,
    rtl: bool,
    digits: str,
) -> list[str]:
    """Draw one week's bar, its expected line and its mark."""
    parts: list[str] = []
    inner, start = width - 2 * gap, x + gap
    words = _week_title(week, unit, digits)
    # A mark may stand where no incident is left to have a bar.
    said = f"<title>{escape(words)}</title>" if week.told else ""
    if week.unverified:
        y = up((week.value or 0) + week.unverified)
        tall = up(week.value or 0) - y
        parts.append(
            _rect(start, inner, y, tall, rtl, PAPER, "c-few-ground", FEW, "c-few-edge", words)
        )
        parts.append(_rect(start, inner, y, tall, rtl, f"url(#{slug}-hatch)", ""))
    if week.value:
        y = up(week.value)
        unusual = week.state == "unusual"
        if not week.complete:
            parts.append(
                _rect(
                    start, inner, y, base - y, rtl, PAPER, "c-few-ground", FEW, "c-few-edge", words
                )
            )
            parts.append(_rect(start, inner, y, base - y, rtl, f"url(#{slug}-hatch)", ""))
        else:
            fill, css = (UNUSUAL, "c-unusual") if unusual else (USUAL, "c-bar")
            parts.append(_rect(start, inner, y, base - y, rtl, fill, css, words=words, crisp=True))
            if unusual:
                parts.append(_rect(start, inner, y, base - y, rtl, f"url(#{slug}-dots)", ""))
    if week.expected is not None and week.value is not None:
        parts.append(_line(x, width, up(week.expected), rtl, INK, "c-expected", thick=1.5))
    if week.state == "unusual" and week.value is not None:
        y = up(max(week.value, 0) + week.unverified)
        middle = _x(x + width / 2, 0, rtl)
        parts.append(
            f'<svg x="{middle}" y="{_n(y - 12)}" width="1" height="1" overflow="visible">'
            f'<path d="M0 0l5 8h-10z" fill="{UNUSUAL}" class="c-unusual">{said}</path></svg>'
        )
        if not week.told:
            label = number_text(week.value, digits)
            parts.append(_text(x + width / 2, max(11, y - 15), label, rtl, "middle", weight=600))
    elif week.told and week.value is not None:
        y = up(max(week.value, 0) + week.unverified)
        middle = _x(x + width / 2, 0, rtl)
        parts.append(
            f'<svg x="{middle}" y="{_n(y - 11)}" width="1" height="1" overflow="visible">'
            f'<path d="M0 1l4 7h-8z" fill="{PAPER}" stroke="{UNUSUAL}" stroke-width="1.5"'
            f' class="c-few-ground c-told">{said}</path></svg>'
        )
    return parts


def _week_axis(
    weeks: Sequence[WeekBar],
    gutter: float,
    width: float,
    base: float,
    rtl: bool,
    digits: str,
    *,
    full: bool,
) -> list[str]:
    """Label some weeks with day and month, and the year where it begins to count."""
    count = len(weeks)
    wanted = 5 if full else 2
    step = max(1, math.ceil(count / wanted))
    # Counted back from the newest week, which is the one people look for.
    shown = list(range(count - 1, -1, -step))[::-1] if full else sorted({0, count - 1})
    parts: list[str] = []
    year = None
    for index in shown:
        start = weeks[index].start
        at = gutter + index * width + width / 2
        anchor = "middle"
        if index == 0:
            at, anchor = gutter, "start"
        elif index == count - 1:
            at, anchor = 100.0, "end"
        label = in_digits(f"{start.day}/{start.month}", digits)
        parts.append(_text(at, base + 15, label, rtl, anchor, MUTED, "c-muted", number=True))
        if full and start.year != year:
            year = start.year
            text = in_digits(str(year), digits)
            parts.append(_text(at, base + 30, text, rtl, anchor, MUTED, "c-muted", number=True))
    return parts


def _week_title(week: WeekBar, unit: str, digits: str) -> str:
    """Return what a bar says on hover."""
    text = f"{_day(week.start, digits)}: {_count_text(week.value, digits)} {unit}".strip()
    if week.expected is not None and week.upper is not None:
        text += " · " + gettext("expected %(expected)s, at most %(upper)s") % {
            "expected": number_text(round(week.expected, 1), digits),
            "upper": number_text(round(week.upper, 1), digits),
        }
    if week.unverified:
        words = gettext("%(count)s not verified")
        text += " · " + words % {"count": number_text(week.unverified, digits)}
    if not week.complete:
        text += " · " + gettext("still coming in")
    if week.told:
        text += " · " + gettext("told as an alert: %(what)s") % {
            "what": gettext(", ").join(week.told)
        }
    return text


def _week_words(weeks: Sequence[WeekBar], unit: str, digits: str) -> str:
    """Return the chart in a sentence, for those who do not see it."""
    known = [week for week in weeks if week.value is not None]
    if not known:
        return gettext("No week has data.")
    unusual = [week for week in known if week.state == "unusual"]
    last = known[-1]
    sentence = gettext("%(first)s to %(last)s: between %(low)s and %(high)s a week.") % {
        "first": _day(weeks[0].start, digits),
        "last": _day(weeks[-1].start, digits),
        "low": number_text(min(week.value or 0 for week in known), digits),
        "high": number_text(max(week.value or 0 for week in known), digits),
    }
    sentence += " " + gettext("Last week: %(count)s.") % {
        "count": number_text(last.value or 0, digits)
    }
    if unusual:
        words = ngettext("%(count)s unusual week.", "%(count)s unusual weeks.", len(unusual))
        sentence += " " + words % {"count": number_text(len(unusual), digits)}
    missing = len(weeks) - len(known)
    if missing:
        words = ngettext("%(count)s week without data.", "%(count)s weeks without data.", missing)
        sentence += " " + words % {"count": number_text(missing, digits)}
    return sentence


def _week_table(
    weeks: Sequence[WeekBar], unit: str, digits: str
) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]:
    """Return head and rows of the table under a weekly chart, newest first."""
    tested = any(week.expected is not None for week in weeks)
    hatched = any(week.unverified for week in weeks)
    head: tuple[str, ...] = (gettext("Week of"), unit or gettext("Number"))
    if hatched:
        head += (gettext("Not verified"),)
    if tested:
        head += (gettext("Expected"), gettext("At most"))
    rows = []
    for week in reversed(weeks):
        row: tuple[Any, ...] = (_day(week.start, digits), _count_text(week.value, digits))
        if hatched:
            row += (number_text(week.unverified, digits),)
        if tested:
            row += tuple(
                "–" if value is None else number_text(round(value, 1), digits)
                for value in (week.expected, week.upper)
            )
        rows.append(row)
    return head, tuple(rows)


def _week_legend(slug: str, weeks: Sequence[WeekBar]) -> tuple[Key, ...]:
    """Name what the chart shows beside plain bars; nothing that it does not show."""
    keys = []

    def key(name: str, inner: str, label: str) -> Key:
        return Key(
            mark_safe(
                f'<svg class="legend-mark" width="16" height="12" aria-hidden="true">{inner}</svg>'
            ),
            label,
        )

    if any(week.upper is not None for week in weeks):
        inner = (
            f'<rect width="16" height="12" fill="{BAND}" class="c-band"/>'
            f'<path d="M0 6h16" stroke="{INK}" stroke-width="1.5" class="c-expected"/>'
        )
        keys.append(key("band", inner, gettext("expected, with its usual range")))
    if any(week.state == "unusual" for week in weeks):
        inner = f'<rect width="16" height="12" fill="{UNUSUAL}" class="c-unusual"/>' + "".join(
            f'<circle cx="{x}" cy="{y}" r="1.1" fill="{DOT}" class="c-dot"/>'
            for y in (3, 9)
            for x in (3, 8, 13)
        )
        label = gettext("unusual")
        if any(week.told and week.state == "unusual" for week in weeks):
            label = gettext("unusual; earlier weeks as their reports told it")
        keys.append(key("unusual", inner, label))
    if any(week.told and week.state != "unusual" for week in weeks):
        inner = (
            f'<path d="M8 1.5l5.5 9h-11z" fill="{PAPER}" stroke="{UNUSUAL}" stroke-width="1.5"'
            ' class="c-few-ground c-told"/>'
        )
        keys.append(key("told", inner, gettext("an alert of one type, as its report told it")))
    if any(week.value is None or not week.complete or week.unverified for week in weeks):
        inner = (
            f'<rect x=".5" y=".5" width="15" height="11" fill="{PAPER}" stroke="{FEW}"'
            ' class="c-few-ground c-few-edge"/>'
            f'<path d="M1 11L11 1M6 11L15 2M1 6L6 1" stroke="{FEW}" class="c-few"/>'
        )
        missing = any(week.value is None for week in weeks)
        open_weeks = any(week.value is not None and not week.complete for week in weeks)
        if missing and open_weeks:
            label = gettext("no data, or still coming in")
        elif missing or open_weeks:
            label = gettext("no data") if missing else gettext("still coming in")
        else:
            label = gettext("not verified")
        if label != gettext("not verified") and any(week.unverified for week in weeks):
            label = label + gettext("; ") + gettext("not verified")
        keys.append(key("few", inner, label))
    periods = {entry: None for week in weeks for entry in week.periods}
    if periods:
        inner = (
            f'<path d="M0 2h16M0 6h16M0 10h16" stroke="{EDGE}" stroke-width="1.5"'
            ' class="c-few-edge"/>'
        )
        keys.append(
            key("calendar", inner, " · ".join(f"{letter} {name}" for letter, name in periods))
        )
    return tuple(keys)


def _last_state(weeks: Sequence[WeekBar]) -> SafeString:
    """Return the badge of a small chart's last complete week, when it is not the usual one."""
    complete = [week for week in weeks if week.complete and week.value is not None]
    state = complete[-1].state if complete else "too_few"
    if state == "unusual":
        return format_html(' <span class="tag tag-unusual">{}</span>', gettext("Unusual"))
    if state == "too_few":
        return format_html(' <span class="tag tag-few">{}</span>', gettext("Too few to say"))
    return SafeString("")


def _scale(weeks: Sequence[WeekBar], top: float | None) -> tuple[float, list[float]]:
    """Return the top of the scale and its ticks: whole numbers, few of them."""
    highest = top or max(
        (
            max((week.value or 0) + week.unverified, week.upper or 0, week.expected or 0)
            for week in weeks
        ),
        default=0,
    )
    highest = max(1.0, float(highest))
    rough = highest / 3
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next((unit * power for unit in (1, 2, 5, 10) if unit * power >= rough), 10 * power)
    ticks = [step * index for index in range(math.ceil(highest / step) + 1)]
    return float(ticks[-1]), [float(tick) for tick in ticks]


# --- heat
# ------------------------------------------------------------------------------------------


def _heat_cell(
    slug: str,
    value: int | float | str | None,
    highest: float,
    x: float,
    width: float,
    y: float,
    height: float,
    places: int,
    rtl: bool,
    digits: str,
) -> list[str]:
    """Draw one cell: shade in five steps, hatching where there is no number."""
    parts = []
    text = "" if value is None else _cell_text(value, places, digits)
    if not isinstance(value, int | float):
        parts.append(_hatched(slug, x + 0.15, width - 0.3, y + 1, height - 2, rtl))
        if text:
            parts.append(_text(x + width / 2, y + 19, text, rtl, "middle", halo=True, number=True))
        return parts
    level = math.ceil(5 * value / highest) if value > 0 else 0
    parts.append(
        _rect(
            x + 0.15, width - 0.3, y + 1, height - 2, rtl, USUAL, f"c-heat c-heat-{level}"
        ).replace("<rect ", f'<rect fill-opacity="{(0.06, 0.16, 0.32, 0.5, 0.8, 1)[level]}" ', 1)
    )
    fill, css = (PAPER, "c-on-heat") if level >= 4 else (INK, "c-text")
    parts.append(_text(x + width / 2, y + 19, text, rtl, "middle", fill, css, number=True))
    return parts


def _day(on: date, digits: str) -> str:
    return in_digits(f"{on.day}/{on.month}/{on.year}", digits)


def _count_text(value: float | None, digits: str) -> str:
    return gettext("no data") if value is None else number_text(value, digits)


def _value_text(value: float | None, places: int, digits: str) -> str:
    if value is None:
        return gettext("unknown")
    return number_text(float(value), digits, places) if places else number_text(value, digits)


def _cell_text(value: float | str | None, places: int, digits: str) -> str:
    if isinstance(value, str):
        return in_digits(value, digits)
    if value is None:
        return gettext("no data")
    return _value_text(value, places, digits)
