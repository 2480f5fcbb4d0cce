"""The strokes that charts are drawn of: rectangles, lines, texts and patterns of an SVG.

Places across are percentages of the width along the line of reading, from the right in Arabic;
places down are pixels. Colours are presentation attributes, with a class beside them by which a
page's tokens override them; nothing is a style of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

INK = "#182226"
MUTED = "#53626a"
LINE = "#d8dddc"
EDGE = "#79878d"
USUAL = "#55677a"
UNUSUAL = "#a5341f"
DOT = "#f6d9d2"
BAND = "#d5dde4"
FEW = "#8a959b"
PAPER = "#ffffff"

#: Width in pixels where nothing stretches the picture: in a PDF.
WIDTH = 640
TEXT = 12
#: What a picture is set in that is the same on a page, in a PDF and in a letter.
FONT = "Noto Sans, Noto Sans Arabic, sans-serif"


def svg(
    slug: str,
    title: str,
    words: str,
    height: float,
    parts: Sequence[str],
    rtl: bool,
    *,
    css: str = "plot",
    width: int = WIDTH,
) -> SafeString:
    """Return the whole picture with its title and description."""
    described = f'<desc id="{slug}-words">{escape(words)}</desc>' if words else ""
    labelled = f"{slug}-title {slug}-words" if words else f"{slug}-title"
    return mark_safe(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{css}" role="img" width="{width}"'
        f' height="{decimal(height)}" direction="{"rtl" if rtl else "ltr"}" font-size="{TEXT}"'
        f' aria-labelledby="{labelled}"><title id="{slug}-title">{escape(title)}</title>{described}'
        f"{''.join(parts)}</svg>"
    )


def patterns(slug: str) -> str:
    """Return dots for the unusual and hatching for what is not known."""
    return (
        f'<defs><pattern id="{slug}-dots" width="5" height="5" patternUnits="userSpaceOnUse">'
        f'<circle cx="2.5" cy="2.5" r="1" fill="{DOT}" class="c-dot"/></pattern>'
        f'<pattern id="{slug}-hatch" width="5" height="5" patternUnits="userSpaceOnUse">'
        f'<path d="M-1 1L1 -1M0 5L5 0M4 6L6 4" stroke="{FEW}" class="c-few"/></pattern></defs>'
    )


def hatched(slug: str, x: float, width: float, y: float, height: float, rtl: bool) -> str:
    """Return a hatched field: nothing is known here."""
    return rect(x, width, y, height, rtl, f"url(#{slug}-hatch)", "").replace(
        "<rect ", '<rect opacity=".6" ', 1
    )


def rect(
    x: float,
    width: float,
    y: float,
    height: float,
    rtl: bool,
    fill: str,
    css: str,
    stroke: str = "",
    stroke_css: str = "",
    words: str = "",
    *,
    crisp: bool = False,
) -> str:
    """Return a rectangle; `x` and `width` in percent along the line of reading."""
    classes = f"{css} {stroke_css}".strip()
    extra = f' class="{classes}"' if classes else ""
    extra += f' stroke="{stroke}"' if stroke else ""
    extra += ' shape-rendering="crispEdges"' if crisp else ""
    shape = (
        f'<rect x="{across(x, width, rtl)}" y="{decimal(y)}" width="{decimal(width)}%"'
        f' height="{decimal(max(0, height))}" fill="{fill}"{extra}'
    )
    return f"{shape}><title>{escape(words)}</title></rect>" if words else f"{shape}/>"


def line(
    x: float, width: float, y: float, rtl: bool, stroke: str, css: str, *, thick: float = 1
) -> str:
    """Return a level line over a part of the width."""
    start = 100 - x - width if rtl else x
    return (
        f'<line x1="{decimal(start)}%" x2="{decimal(start + width)}%" y1="{decimal(y)}"'
        f' y2="{decimal(y)}" stroke="{stroke}" stroke-width="{decimal(thick)}" class="{css}"'
        ' shape-rendering="crispEdges"/>'
    )


def text(
    x: float,
    y: float,
    words: str,
    rtl: bool,
    anchor: str,
    fill: str = INK,
    css: str = "c-text",
    *,
    weight: int = 0,
    halo: bool = False,
    number: bool = False,
) -> str:
    """Return a text; `anchor` start or end along the line of reading."""
    extra = f' font-weight="{weight}"' if weight else ""
    if halo:
        extra += f' stroke="{PAPER}" stroke-width="3" paint-order="stroke" stroke-linejoin="round"'
        css += " c-halo"
    if number:
        # Digits and slashes keep their order; the anchor is turned by hand instead.
        extra += ' direction="ltr" unicode-bidi="embed"'
        if rtl:
            anchor = {"start": "end", "end": "start"}.get(anchor, anchor)
    return (
        f'<text x="{across(x, 0, rtl)}" y="{decimal(y)}" text-anchor="{anchor}" fill="{fill}"'
        f' class="{css}"{extra}>{escape(words)}</text>'
    )


def across(x: float, width: float, rtl: bool) -> str:
    """Return a place along the line of reading as a percentage of the width."""
    return f"{decimal(100 - x - width if rtl else x)}%"


def decimal(value: float) -> str:
    """Return a number in at most three decimals, without a trailing zero, never "-0"."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
