"""Numbers as people read them: thousands marks, and Western or Arabic digits as each chose."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
ARABIC_MARKS = str.maketrans({",": "٬", ".": "٫"})


def in_digits(text: str, digits: str) -> str:
    """Return text with its digits in the wanted script, `western` or `arabic`."""
    return text.translate(ARABIC_DIGITS) if digits == "arabic" else text


def number_text(value: Any, digits: str = "western", places: int | None = None) -> str:
    """Return a number with thousands marks: `1,234` or `١٬٢٣٤`.

    Without `places` whole numbers have none and others one.
    """
    if isinstance(value, float | Decimal):
        if places is None:
            places = 1 if value % 1 else 0
        text = f"{value:,.{places}f}"
    else:
        text = f"{value:,}"
    return text.translate(ARABIC_MARKS).translate(ARABIC_DIGITS) if digits == "arabic" else text
