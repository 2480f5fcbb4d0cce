"""How many corners the areas of one map may have together, so that a map of many weighs no more.

A district has some eighty corners and the country more than ten thousand. Above a limit corners
are laid on a grid of whole pixels, as coarse as that asks: neighbours share their corners, so they
go on sharing an edge, and no gap opens between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Ring = Sequence[tuple[float, float]]
Rings = Sequence[Ring]

#: The largest governorate stays as it is shipped.
MOST = 1600
#: Steps of the grid in pixels, as they are tried.
_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24)


def fewer(areas: Sequence[Rings], most: int = MOST) -> list[Rings]:
    """The areas with at most so many corners together; untouched where they have no more.

    Coordinates are pixels. An area keeps three corners at least, those of its longest ring, so that
    none disappears: a map of hundreds of areas may therefore have a little more than `most`.
    """
    if _count(areas) <= most:
        return list(areas)
    found = list(areas)
    for step in _STEPS:
        found = [_on_grid(rings, step) for rings in areas]
        if _count(found) <= most:
            break
    return found


def steps(ring: Ring) -> str:
    """A ring on the grid as a path of steps: whole pixels, and mostly the same few words."""
    (x, y), *_others = ring
    taken = (f"{to[0] - at[0]:.0f} {to[1] - at[1]:.0f}" for at, to in pairwise(ring))
    return f"M{x:.0f} {y:.0f}l{' '.join(taken)}z"


def _count(areas: Sequence[Rings]) -> int:
    return sum(len(ring) for rings in areas for ring in rings)


def _on_grid(rings: Rings, step: int) -> Rings:
    drawn = [_laid(ring, step) for ring in rings]
    kept = [ring for ring in drawn if len(ring) > 2]
    if kept or not rings:
        return kept
    longest = max(rings, key=len)
    third = max(1, len(longest) // 3)
    return [[(float(round(x)), float(round(y))) for x, y in longest[::third][:3]]]


def _laid(ring: Ring, step: int) -> Ring:
    """A ring on the grid, without the corners that fall together or lie on a straight line."""
    laid: list[tuple[float, float]] = []
    for x, y in ring:
        corner = (float(round(x / step) * step), float(round(y / step) * step))
        while len(laid) > 1 and _straight(laid[-2], laid[-1], corner):
            laid.pop()
        if not laid or corner != laid[-1]:
            laid.append(corner)
    while len(laid) > 1 and laid[-1] == laid[0]:
        laid.pop()
    return laid


def _straight(
    first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]
) -> bool:
    """Whether the middle one of three corners lies on the line of the others."""
    return (middle[0] - first[0]) * (last[1] - first[1]) == (last[0] - first[0]) * (
        middle[1] - first[1]
    )
