"""Small counts do not leave the program, and cannot be worked out from what does.

A cell of 1 to `threshold` - 1 is hidden (primary). A zero is published: it speaks of nobody. Row,
column and grand totals are cells like any other. More cells are then hidden (complementary) until
nobody can recover a hidden one by subtraction.

How: write the table as a circulation. Row i sends n[i][j] to column j, column j sends its total to
a node S, S sends the grand total to a node T, and T sends row i its total back; at every node what
comes in goes out, which is exactly what the published totals say. A hidden cell can have another
value without changing anything published if, and only if, flow can be sent round a cycle of hidden
cells through it. So for each small cell the cheapest such cycle is hidden that can carry
`threshold` - 1 units. All cells of the cycle can then take at least `threshold` values, even for
an attacker who knows this rule and hence that no hidden cell is zero. Every non-zero cell lies on
a cycle of non-zero cells, so the search cannot fail.

The promise holds for one table. Two tables that overlap (two periods, two filters) may still be
subtracted: publish fixed periods and fixed breakdowns only.

Pure: imports nothing of the project. Source of the method: Castro, "Minimum-distance controlled
perturbation and cell suppression", network flow heuristics for two-way tables.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "INCIDENTS",
    "PEOPLE",
    "SuppressedGroups",
    "SuppressedTable",
    "suppress",
    "suppress_groups",
    "suppress_list",
]

#: Fewest incidents a published cell may count.
INCIDENTS = 3
#: Fewest distinct people of the program a published cell may count.
PEOPLE = 10

# What hiding costs: any number of inner cells rather than a total, any number of totals rather
# than the grand total; among inner cells few rather than many, small rather than large.
_CELL_COST = 1_000
_TOTAL_COST = 1_000_000
_GRAND_COST = 1_000_000_000

_Arc = tuple[str, int, int]  # ("cell", row, column), ("row", row, 0), ("column", column, 0) ...
_Node = tuple[str, int]


@dataclass(frozen=True)
class SuppressedTable:
    """A two-way table as it may be published; None stands for a hidden count."""

    cells: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int | None, ...]
    column_totals: tuple[int | None, ...]
    total: int | None

    @property
    def hidden(self) -> int:
        """How many inner cells are hidden."""
        return sum(cell is None for row in self.cells for cell in row)


@dataclass(frozen=True)
class SuppressedGroups:
    """Counts in groups with the total of each, as they may be published; None is hidden."""

    cells: tuple[tuple[int | None, ...], ...]
    totals: tuple[int | None, ...]
    total: int | None


def suppress(table: Sequence[Sequence[int]], *, threshold: int = INCIDENTS) -> SuppressedTable:
    """Hide what must be hidden of a table of counts (rows of equal length) and of its totals.

    Counts are whole and not negative; `threshold` is the smallest count that may be published.
    The same table always hides the same cells.
    """
    rows = [list(row) for row in table]
    width = len(rows[0]) if rows else 0
    if any(len(row) != width for row in rows):
        raise ValueError("Every row of the table needs the same number of cells.")
    _refuse(rows, threshold)
    costs = {"cell": _CELL_COST, "row": _TOTAL_COST, "column": _TOTAL_COST, "total": _GRAND_COST}
    network = _Network(costs)
    for i, row in enumerate(rows):
        for j, count in enumerate(row):
            network.add(("cell", i, j), count, ("row", i), ("column", j))
    for j in range(width):
        count = sum(row[j] for row in rows)
        network.add(("column", j, 0), count, ("column", j), ("columns", 0))
    for i, row in enumerate(rows):
        network.add(("row", i, 0), sum(row), ("rows", 0), ("row", i))
    network.add(("total", 0, 0), sum(map(sum, rows)), ("columns", 0), ("rows", 0))
    network.hide_for(threshold)
    shown = network.shown
    return SuppressedTable(
        cells=tuple(tuple(shown(("cell", i, j)) for j in range(width)) for i in range(len(rows))),
        row_totals=tuple(shown(("row", i, 0)) for i in range(len(rows))),
        column_totals=tuple(shown(("column", j, 0)) for j in range(width)),
        total=shown(("total", 0, 0)),
    )


def suppress_groups(
    groups: Sequence[Sequence[int]], *, threshold: int = INCIDENTS
) -> SuppressedGroups:
    """Hide what must be hidden of counts in groups, of the total of each and of the grand total.

    As for a table: every cell flows from its group into one node, from there back as the grand
    total, which is dealt out to the groups. Rather than the total of a group the grand total is
    hidden: a map shows groups.
    """
    rows = [list(group) for group in groups]
    _refuse(rows, threshold)
    network = _Network({"cell": _CELL_COST, "total": _TOTAL_COST, "row": _GRAND_COST})
    for i, row in enumerate(rows):
        for j, count in enumerate(row):
            network.add(("cell", i, j), count, ("row", i), ("columns", 0))
        network.add(("row", i, 0), sum(row), ("rows", 0), ("row", i))
    network.add(("total", 0, 0), sum(map(sum, rows)), ("columns", 0), ("rows", 0))
    network.hide_for(threshold)
    shown = network.shown
    return SuppressedGroups(
        cells=tuple(
            tuple(shown(("cell", i, j)) for j in range(len(row))) for i, row in enumerate(rows)
        ),
        totals=tuple(shown(("row", i, 0)) for i in range(len(rows))),
        total=shown(("total", 0, 0)),
    )


def _refuse(rows: Sequence[Sequence[int]], threshold: int) -> None:
    if any(not isinstance(count, int) or count < 0 for row in rows for count in row):
        raise ValueError("Counts are whole numbers of zero or more.")
    if threshold < 1:
        raise ValueError("The threshold is 1 or more.")


def suppress_list(
    counts: Sequence[int], *, threshold: int = INCIDENTS
) -> tuple[tuple[int | None, ...], int | None]:
    """The same for a single list of counts and its total: the list, then the total."""
    published = suppress([counts], threshold=threshold)
    return (published.cells[0] if published.cells else ()), published.total


class _Network:
    """Counts with their totals as arcs between nodes, and the set of hidden arcs."""

    def __init__(self, costs: Mapping[str, int]) -> None:
        self.costs = costs
        self.flow: dict[_Arc, int] = {}
        self.ends: dict[_Arc, tuple[_Node, _Node]] = {}
        self.hidden: set[_Arc] = set()
        self.at: dict[_Node, list[_Arc]] = {}

    def add(self, arc: _Arc, count: int, tail: _Node, head: _Node) -> None:
        self.flow[arc], self.ends[arc] = count, (tail, head)
        if count:  # a zero is published as it is and never used to hide another
            self.at.setdefault(tail, []).append(arc)
            self.at.setdefault(head, []).append(arc)

    def shown(self, arc: _Arc) -> int | None:
        """The count of an arc as it may be published."""
        return None if arc in self.hidden else self.flow[arc]

    def hide_for(self, threshold: int) -> None:
        small = [arc for arc, count in self.flow.items() if 0 < count < threshold]
        self.hidden.update(small)
        for arc in small:
            self.hidden.update(self._cheapest_cycle(arc, units=threshold - 1))

    def _cheapest_cycle(self, arc: _Arc, *, units: int) -> list[_Arc]:
        """The arcs of the cheapest path back from the head of `arc` to its tail.

        Forward along an arc any amount can be added; backward only so much can be taken away that
        one is left.
        """
        goal, start = self.ends[arc]
        best: dict[_Node, int] = {start: 0}
        came: dict[_Node, tuple[_Node, _Arc]] = {}
        queue: list[tuple[int, _Node]] = [(0, start)]
        while queue:
            cost, node = heapq.heappop(queue)
            if node == goal:
                break
            if cost > best[node]:
                continue
            for step in self.at[node]:
                tail, head = self.ends[step]
                if step == arc or (node == head and self.flow[step] - 1 < units):
                    continue
                following = head if node == tail else tail
                reached = cost + self._cost(step)
                if reached < best.get(following, reached + 1):
                    best[following] = reached
                    came[following] = (node, step)
                    heapq.heappush(queue, (reached, following))

        cycle = []
        node = goal
        while node != start:
            node, step = came[node]
            cycle.append(step)
        return cycle

    def _cost(self, arc: _Arc) -> int:
        if arc in self.hidden:
            return 0
        return self.costs[arc[0]] + min(self.flow[arc], _CELL_COST - 1)
