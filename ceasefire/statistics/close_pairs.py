"""Who is close to whom in place, and how many of these pairs are close in days, many times over.

For `near_repeat`, which deals the dates anew a thousand times: places stay, so pairs and their
bands of metres are found once, and then only days are compared. Dealings are compared sixteen at a
time, and what the many incidents of crowded places have in common is told by how many there were on
each day: a thousand at one address are half a million pairs, but two years are 730 days. All
numbers are whole and exact, whichever way they are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

#: Dealings that are compared together: their days lie side by side, so that an incident is looked
#: up once for all of them (16 short numbers are 32 octets).
TOGETHER = 16
#: Pairs that are held at once while they are sought; what is kept takes four octets a pair.
_AT_ONCE = 250_000
#: Places whose neighbours are sought at once.
_PLACES_AT_ONCE = 128
#: A place is crowded where comparing all its pairs takes longer than going through so many times
#: the days, and at least so many are there.
_DAYS_COST, _FEWEST_CROWDED = 30, 64
#: Pairs that are compared at once, so that they stay near the processor, in so many layers: a sum
#: over the layers fits into an octet.
_STEP, _LAYERS = 8192, 128

_Part = tuple[NDArray[np.unsignedinteger], NDArray[np.unsignedinteger]]


class ClosePairs:
    """All pairs of incidents within bands of metres."""

    def __init__(
        self,
        where: NDArray[np.float64],
        metres: Sequence[float],
        bands: Sequence[int],
        *,
        span: int,
    ) -> None:
        """`where`: incidents x 2, metres; days are 0 to `span` - 1. Bounds are [from, to)."""
        self._bands, self._span = bands, span
        bounds = np.asarray(metres, dtype=float)
        places, place_of, sizes = _places(where)
        # Of crowded places; positions of their incidents, and where the days of their place begin.
        crowded = sizes * sizes > max(_DAYS_COST * span, _FEWEST_CROWDED**2)
        number = np.cumsum(crowded) - 1
        self._crowds = int(crowded.sum())
        self._members = np.flatnonzero(crowded[place_of])
        self._begins = number[place_of[self._members]] * span
        kind = np.uint16 if len(where) < 2**16 else np.uint32
        self._kept = [_Kept(kind) for _band in metres[1:]]
        # Which two crowded places are of which band.
        self._two = np.zeros((len(self._kept), self._crowds, self._crowds), dtype=bool)
        self._here = int(np.searchsorted(bounds, 0.0, side="right")) - 1

        members = np.argsort(place_of, kind="stable")
        starts = np.cumsum(sizes) - sizes
        if self._here >= 0:
            for place in np.flatnonzero((sizes > 1) & ~crowded):
                here = members[starts[place] : starts[place] + sizes[place]]
                one, other = np.triu_indices(len(here), 1)
                self._kept[self._here].add(here[one], here[other])
        for left, right, apart in _near(places, float(metres[-1])):
            band = np.searchsorted(bounds, apart, side="right") - 1
            both = crowded[left] & crowded[right]
            for at, kept in enumerate(self._kept):
                chosen = band == at
                self._two[at, number[left[chosen & both]], number[right[chosen & both]]] = True
                chosen &= ~both
                for one, other in _paired(left[chosen], right[chosen], members, starts, sizes):
                    kept.add(one, other)

    def counted(self, dealings: NDArray[np.signedinteger]) -> NDArray[np.int64]:
        """Pairs in each band: dealings x bands of metres x bands of days.

        `dealings`: the day of each incident in each dealing, incidents x dealings.
        """
        below = np.zeros((dealings.shape[1], len(self._kept), len(self._bands)), dtype=np.int64)
        left = np.empty((_STEP, dealings.shape[1]), dtype=dealings.dtype)
        work = (left, np.empty_like(left), np.empty(left.shape, dtype=np.bool_))
        for at, kept in enumerate(self._kept):
            for first, second in kept.parts():
                self._compare(dealings, first, second, below[:, at], work)
        if self._crowds:
            for row, days in enumerate(dealings[self._members].T):
                self._compare_crowds(days, below[row])
        return np.diff(below, axis=2)

    def _compare(
        self,
        dealings: NDArray[np.signedinteger],
        first: NDArray[np.unsignedinteger],
        second: NDArray[np.unsignedinteger],
        below: NDArray[np.int64],
        work: tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]],
    ) -> None:
        """Add to `below`, dealings x bounds, how many of the pairs lie below each bound."""
        left, right, near = work
        for begin in range(0, len(first), _STEP):
            number = min(_STEP, len(first) - begin)
            part = slice(begin, begin + number)
            # No position lies outside; clipped, they are written where they are wanted.
            dealings.take(first[part], axis=0, out=left[:number], mode="clip")
            dealings.take(second[part], axis=0, out=right[:number], mode="clip")
            apart = left[:number]
            np.abs(np.subtract(apart, right[:number], out=apart), out=apart)
            near[number:] = False
            for column, bound in enumerate(self._bands):
                if bound >= self._span:
                    below[:, column] += number
                elif bound > 0:
                    np.less(apart, bound, out=near[:number])
                    layers = near.view(np.uint8).reshape(_LAYERS, -1)
                    summed = np.add.reduce(layers, axis=0, dtype=np.uint8)
                    below[:, column] += summed.reshape(-1, near.shape[1]).sum(
                        axis=0, dtype=np.int64
                    )

    def _compare_crowds(self, days: NDArray[np.signedinteger], below: NDArray[np.int64]) -> None:
        """Add to `below`, bands of metres x bounds, the pairs of crowded places in one dealing."""
        cells = np.bincount(self._begins + days, minlength=self._crowds * self._span)
        by_day = cells.reshape(self._crowds, self._span).astype(float)
        before = np.zeros((self._crowds, self._span + 1))
        np.cumsum(by_day, axis=1, out=before[:, 1:])
        day = np.arange(self._span)
        for column, bound in enumerate(self._bands):
            if bound <= 0:
                continue
            # Of each place and day, how many lie less than the bound from it; then of each two
            # places, how many pairs do. Sums of whole numbers, exact in floats.
            around = (
                before[:, np.minimum(day + bound, self._span)]
                - before[:, np.maximum(day - bound + 1, 0)]
            )
            pairs = by_day @ around.T
            for at, two in enumerate(self._two):
                below[at, column] += int(pairs[two].sum())
            if self._here >= 0:
                # Each of a place stands beside itself, and each two of it are counted twice.
                below[self._here, column] += (int(pairs.trace()) - len(self._members)) // 2


class _Kept:
    """Pairs of a band as positions, joined to large parts without being held twice."""

    def __init__(self, kind: type[np.unsignedinteger]) -> None:
        self._kind = kind
        self._whole: list[_Part] = []
        self._open: list[_Part] = []
        self._size = 0

    def add(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> None:
        self._open.append((one.astype(self._kind), other.astype(self._kind)))
        self._size += len(one)
        if self._size >= _AT_ONCE:
            self._join()

    def parts(self) -> list[_Part]:
        self._join()
        return self._whole

    def _join(self) -> None:
        if self._size:
            one, other = (np.concatenate(side) for side in zip(*self._open, strict=True))
            self._whole.append((one, other))
        self._open, self._size = [], 0


def _places(
    where: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """The different places, the place of each incident, and how many are at each."""
    if not len(where):
        return where, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    places, place_of = np.unique(where, axis=0, return_inverse=True)
    place_of = place_of.reshape(-1)
    return places, place_of, np.bincount(place_of, minlength=len(places))


def _near(
    places: NDArray[np.float64], furthest: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Pairs of places nearer than `furthest`, a part at a time: rows of `places` and metres."""
    for begin in range(0, len(places), _PLACES_AT_ONCE):
        # Each with those that come after it; sought a hair further, since `apart` decides.
        later = cKDTree(places[begin:])
        some = cKDTree(places[begin : begin + _PLACES_AT_ONCE])
        found = some.sparse_distance_matrix(later, furthest * (1 + 1e-9), output_type="ndarray")
        once = found["i"] < found["j"]
        left, right = found["i"][once] + begin, found["j"][once] + begin
        apart = np.linalg.norm(places[left] - places[right], axis=1)
        inside = apart < furthest
        yield left[inside], right[inside], apart[inside]


def _paired(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    members: NDArray[np.int64],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Every incident of the left place with every one of the right, a part at a time."""
    many = sizes[left] * sizes[right]
    part_of = np.cumsum(many) // _AT_ONCE
    for part in np.unique(part_of):
        chosen = part_of == part
        a, b, times = left[chosen], right[chosen], many[chosen]
        # A number within the two places says which with which.
        row = np.repeat(np.arange(len(a)), times)
        within = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
        one = members[starts[a[row]] + within // sizes[b[row]]]
        other = members[starts[b[row]] + within % sizes[b[row]]]
        yield one, other
