"""Emerging clusters: more cases lately within a circle than place and time alone explain.

Rule (the prospective space-time permutation scan): circles around every location up to a radius,
each with the last 1 to so many days. With C cases in all, a circle's cases mu are expected as the
sum over its locations and days of (cases of the location x cases of the day) / C. The cluster is
the circle and days with the greatest likelihood ratio, c ln(c/mu) + (C-c) ln((C-c)/(C-mu)) for more
cases than expected and at least two. How often chance gives as great a one is found by dealing the
dates anew among the cases. It needs cases only, no count of inhabitants. The p-value is of the
greatest cluster of one week; over weeks the recurrence interval says how often chance alone would
show one like it.

Both margins are the same in every permutation, so the logarithm of mu is taken once; the cases of
all circles are then a product of matrices, many permutations at a time.

Source: Kulldorff, Heffernan, Hartman, Assuncao and Mostashari 2005, PLoS Medicine 2(3):e59.
Clusters and ratios agree with SaTScan 10.3.2 (see tests/reference/analytics).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

#: Kilometres of the earth's mean radius.
EARTH = 6371.0088
#: Fewer cases than this are no cluster.
FEWEST = 2
#: So many numbers are held at once while permutations are judged (8 octets each).
_AT_ONCE = 4_000_000
#: And days of so many cases, of all permutations that are judged together.
_DEALT_AT_ONCE = 500_000
#: One product of a sparse matrix takes as long as so many of a full one.
_SPARSE_COSTS = 30
#: Two locations less than this apart (km) end a circle together.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Cluster:
    """The circle and days that stand out most.

    centre      position of the location in the middle, in `Scan.locations`
    members     positions of the locations inside
    radius      km from the centre to the furthest member
    days        the cluster is of the last so many days
    observed, expected
                cases in it, and as many as place and time alone explain
    ratio       the logarithm of the likelihood ratio
    """

    centre: int
    members: tuple[int, ...]
    radius: float
    days: int
    observed: int
    expected: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Scan:
    """What `scan` found.

    cases         cases within the days, with a place
    locations     one row each, latitude and longitude in degrees, in the order of their labels
    labels        their labels
    cluster       the greatest cluster; None where no circle has more cases than expected
    p             (1 + permutations with as great a one) / (1 + permutations); 1 without a cluster
    recurrence    1 / p: so many scans of this kind until chance shows one like it
    permutations  how often the dates were dealt
    """

    cases: int
    locations: NDArray[np.float64]
    labels: tuple[str, ...]
    cluster: Cluster | None
    p: float
    recurrence: float
    permutations: int


def scan(
    labels: Sequence[str],
    lat: ArrayLike,
    lon: ArrayLike,
    days: ArrayLike,
    *,
    span: int,
    furthest: float,
    longest: int,
    seed: int | Sequence[int],
    permutations: int = 999,
) -> Scan:
    """Look for the cluster of the last days of a span.

    labels     of each case its location; the first case of a location says where it is
    lat, lon   degrees; cases without a place (nan) are left out
    days       day of each case, 0 to span - 1; others are left out
    span       days looked at, the last of them today
    furthest   greatest radius of a circle, km
    longest    a cluster is of at most the last so many days
    seed       the same seed and data give the same answer
    """
    north, east = np.asarray(lat, dtype=float), np.asarray(lon, dtype=float)
    when = np.asarray(days, dtype=float)
    label = np.asarray([str(one) for one in labels], dtype=object)
    if not len(label) == len(north) == len(east) == len(when):
        raise ValueError("Labels, places and days are of the same cases.")
    if span < 1 or longest < 1 or furthest < 0:
        raise ValueError("A scan has a day, a length and a radius.")
    known = np.isfinite(north) & np.isfinite(east) & (when >= 0) & (when < span)
    label, when = label[known], when[known].astype(np.int64)
    names, first, of = np.unique(label.astype(str), return_index=True, return_inverse=True)
    of = of.reshape(-1)
    places = np.column_stack([north[known][first], east[known][first]]).reshape(-1, 2)
    cases, longest = len(when), min(longest, span)
    circles = _Circles(places, furthest)
    found: Cluster | None = None
    p = 1.0
    if cases:
        found, p = _search(circles, of, when, span, longest, seed, permutations)
    return Scan(
        cases=cases,
        locations=places,
        labels=tuple(map(str, names)),
        cluster=found,
        p=p,
        recurrence=1 / p,
        permutations=permutations,
    )


class _Circles:
    """All different circles: a row of `inside` each, ones at the locations within."""

    def __init__(self, places: NDArray[np.float64], furthest: float) -> None:
        y, x = np.radians(places[:, 0]), np.radians(places[:, 1])
        half = (
            np.sin((y[:, None] - y) / 2) ** 2
            + np.cos(y)[:, None] * np.cos(y) * np.sin((x[:, None] - x) / 2) ** 2
        )
        self.apart = 2 * EARTH * np.arcsin(np.sqrt(np.minimum(half, 1)))
        self.order = np.argsort(self.apart, axis=1, kind="stable")
        self.centres: list[int] = []
        self.sizes: list[int] = []
        rows: list[NDArray[np.int64]] = []
        seen: set[bytes] = set()
        for centre in range(len(places)):
            around = self.order[centre]
            away = self.apart[centre, around]
            within = int(np.searchsorted(away, furthest, side="right"))
            # A circle ends where the next location lies further out.
            ends = [
                size
                for size in range(1, within + 1)
                if size == within or away[size] > away[size - 1] + _SAME
            ]
            for size in ends:
                members = np.sort(around[:size])
                key = members.tobytes()
                if key not in seen:
                    seen.add(key)
                    self.centres.append(centre)
                    self.sizes.append(size)
                    rows.append(members)
        sizes = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        columns = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
        inside = sparse.csr_array(
            (
                np.ones(len(columns), dtype=np.float32),
                columns,
                np.concatenate([[0], np.cumsum(sizes)]),
            ),
            shape=(len(rows), len(places)),
        )
        # A matrix of mostly ones is multiplied quicker whole. Counts below 2**24 are exact in it.
        is_full = inside.nnz * _SPARSE_COSTS > len(rows) * len(places) <= _AT_ONCE
        self.inside: Any = inside.toarray() if is_full else inside


def _search(
    circles: _Circles,
    of: NDArray[np.int64],
    when: NDArray[np.int64],
    span: int,
    longest: int,
    seed: int | Sequence[int],
    permutations: int,
) -> tuple[Cluster | None, float]:
    cases, places = len(when), circles.inside.shape[1]
    by_place = np.bincount(of, minlength=places)
    # Cases of the last 1, 2, ... days.
    lately = np.cumsum(np.bincount(when, minlength=span)[::-1])[:longest]
    expected = np.outer(circles.inside @ by_place, lately) / cases
    whole = np.arange(cases + 1, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        times_log = np.where(whole > 0, whole * np.log(whole), 0.0)
        # c ln c + (C-c) ln(C-c), by c; the rest of the ratio is a line in c for each circle.
        own = times_log + times_log[::-1]
        rest = cases - expected
        log_rest = np.where(rest > 0, np.log(np.where(rest > 0, rest, 1)), 0.0)
        slope = np.where(expected > 0, np.log(np.where(expected > 0, expected, 1)), 0.0) - log_rest
        level = cases * log_rest

    def ratios(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        found = own[counts] - counts * slope - level
        return np.where((counts > expected) & (counts >= FEWEST), found, 0.0)

    def counts_of(days: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cases by circle, dealing and the last days; `days` holds one dealing a row."""
        dealings = len(days)
        ago = span - 1 - days
        late = ago < longest
        at = (np.broadcast_to(of, days.shape) * dealings + np.arange(dealings)[:, None]) * longest
        cells = np.bincount((at + ago)[late], minlength=places * dealings * longest)
        summed = np.cumsum(cells.reshape(places, dealings, longest), axis=2, dtype=np.float32)
        inside = circles.inside @ summed.reshape(places, -1)
        return inside.reshape(-1, dealings, longest)

    real = np.rint(counts_of(when[None, :])[:, 0, :]).astype(np.int64)
    judged = ratios(real)
    greatest = float(judged.max())
    if greatest <= 0:
        return None, 1.0
    circle, day = np.unravel_index(int(judged.argmax()), judged.shape)
    centre, size = circles.centres[circle], circles.sizes[circle]
    members = circles.order[centre, :size]
    cluster = Cluster(
        centre=centre,
        members=tuple(sorted(map(int, members))),
        radius=float(circles.apart[centre, members[-1]]),
        days=int(day) + 1,
        observed=int(real[circle, day]),
        expected=float(expected[circle, day]),
        ratio=greatest,
    )
    needed = _needed(ratios, expected, greatest, cases)
    rng = np.random.default_rng(seed)
    at_once = max(1, min(_AT_ONCE // expected.size, _DEALT_AT_ONCE // cases))
    as_great = 0
    for begin in range(0, permutations, at_once):
        number = min(at_once, permutations - begin)
        dealt = counts_of(np.array([rng.permutation(when) for _dealing in range(number)]))
        as_great += int((dealt >= needed[:, None, :]).any(axis=(0, 2)).sum())
    return cluster, float((1 + as_great) / (1 + permutations))


def _needed(
    ratios: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    expected: NDArray[np.float64],
    greatest: float,
    cases: int,
) -> NDArray[np.float32]:
    """How many cases each circle and length needs to be as great; found once, by halving.

    Above what is expected the ratio grows with the cases. Sums of logarithms in another order
    differ in the last digits, so a hair less is as great.
    """
    low = np.maximum(np.floor(expected).astype(np.int64), FEWEST - 1)
    high = np.full(expected.shape, cases + 1, dtype=np.int64)
    while (high - low > 1).any():
        middle = np.minimum((low + high) // 2, cases)
        enough = ratios(middle) >= greatest - 1e-9
        open_still = high - low > 1
        high = np.where(open_still & enough, middle, high)
        low = np.where(open_still & ~enough, middle, low)
    return high.astype(np.float32)
