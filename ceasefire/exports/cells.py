"""What a single cell may hold.

A spreadsheet reads a cell that begins with = + - @ as a formula, also in their full-width and
small forms, also behind spaces and invisible marks; a tab or line break at the start lets the rest
slip into another cell. Such text gets an apostrophe in front in CSV and the "quoted" style in XLSX
(ASVS 5.0 requirement 1.2.10). Numbers, negative ones too, are written as numbers and never pass
through here.
"""

from __future__ import annotations

import re

from ceasefire.text import BIDI_CONTROLS

__all__ = ["clean_text", "escape_cell", "is_dangerous", "unescape_cell"]

# The four signs, and every character whose compatibility form is one of them, and the minus sign.
_FORMULA_SIGNS = (
    "=+\\-@"
    "\uff1d\uff0b\uff0d\uff20"  # full width
    "\ufe66\ufe62\ufe63\ufe6b"  # small
    "\u207a\u207b\u207c\u208a\u208b\u208c"  # raised and lowered
    "\u2212\u2a75\u2a76"  # minus, two and three equals
)
# What a reader does not see before the sign: spaces of all kinds, zero-width and bidi marks, BOM.
_UNSEEN = (
    "\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
_DANGEROUS = re.compile(f"'*(?:[\t\r\n]|[{_UNSEEN}]*[{_FORMULA_SIGNS}])")

# Characters that XML 1.0 and good manners forbid: control characters, halves of surrogate pairs,
# non-characters; and the marks that would let a name reorder the row it stands in.
_FORBIDDEN = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff{BIDI_CONTROLS}]"
)


def clean_text(text: str) -> str:
    """The text without control characters, broken characters and reordering marks."""
    # Nothing printable is forbidden; line breaks and joiners need the closer look.
    return text if text.isprintable() else _FORBIDDEN.sub("", text)


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet could read the text as a formula or as more than one cell."""
    return _DANGEROUS.match(text) is not None


def escape_cell(text: str) -> str:
    """The text as it is safe in a CSV cell: with an apostrophe in front where it is dangerous.

    A text that already looks escaped gets one more, so that `unescape_cell` gives every text back
    as it was.
    """
    return "'" + text if _DANGEROUS.match(text) else text


def unescape_cell(text: str) -> str:
    """Undo `escape_cell`, for reading our own files back in."""
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text
