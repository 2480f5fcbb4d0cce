"""Seals that lie in tables of other modules, so that a rotation of the keys reaches them too.

The vault knows no table but its own. A module that seals into another one (`accounts`: the secrets
of the second step) says here how to count and how to seal anew; `rotate_keys` asks everybody.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Elsewhere:
    """`counts` gives key id -> number, the empty id for what is not sealed yet; `rotate` seals anew
    and gives the places that did not open."""

    counts: Callable[[], dict[str, int]]
    rotate: Callable[[], Iterable[str]]


_known: dict[str, Elsewhere] = {}


def register(name: str, place: Elsewhere) -> None:
    """Let rotations reach a place; the same name again replaces it."""
    _known[name] = place


def places() -> list[Elsewhere]:
    """All that were registered."""
    return list(_known.values())
