"""What waits for a person whose access ends: upper apps say it, in a sentence each.

The pages of accounts lie below the apps and know nothing of their records. An app registers what it
has to say; the administrator reads it before and after disabling somebody.
"""

from collections.abc import Callable
from typing import Any

_told: dict[str, Callable[[Any], list[str]]] = {}


def register(name: str, say: Callable[[Any], list[str]]) -> None:
    """Let an app say what a person leaves behind: numbers only. The same name again replaces it."""
    _told[name] = say


def sentences(person: Any) -> list[str]:
    """What every app has to say of a person, in the reader's language."""
    return [sentence for say in _told.values() for sentence in say(person)]
