"""Small counts are hidden, and an attacker with the published table cannot get them back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from ceasefire.disclosure import PEOPLE, suppress, suppress_list


def extended(table):
    """The true table with its totals as last row and column."""
    table = np.array(table, dtype=int).reshape(len(table), -1)
    with_columns = np.hstack([table, table.sum(axis=1, keepdims=True)])
    return np.vstack([with_columns, with_columns.sum(axis=0, keepdims=True)])


def published(result):
    """The published table in the same shape, hidden cells as None."""
    rows = [[*row, total] for row, total in zip(result.cells, result.row_totals, strict=True)]
    return [*rows, [*result.column_totals, result.total]]


def attack(shown):
    """What an attacker can say of each hidden cell: its least and its greatest possible value.

    The attacker knows the totals, the rule, and so that no hidden cell is zero.
    """
    height, width = len(shown), len(shown[0])
    number = {}
    for i in range(height):
        for j in range(width):
            if shown[i][j] is None:
                number[i, j] = len(number)
    if not number:
        return {}
    equations, right = [], []
    lines = [[(i, j) for j in range(width)] for i in range(height)]
    lines += [[(i, j) for i in range(height)] for j in range(width)]
    for line in lines:
        signs = [1] * (len(line) - 1) + [-1]  # parts add up to the total
        row, known = np.zeros(len(number)), 0
        for sign, (i, j) in zip(signs, line, strict=True):
            if shown[i][j] is None:
                row[number[i, j]] += sign
            else:
                known += sign * shown[i][j]
        equations.append(row)
        right.append(-known)
    bounds = {}
    for place, index in number.items():
        reach = []
        for sign in (1, -1):
            goal = np.zeros(len(number))
            goal[index] = sign
            found = linprog(goal, A_eq=equations, b_eq=right, bounds=[(1, 10_000)] * len(number))
            assert found.status == 0, found.message
            reach.append(sign * found.fun)
        bounds[place] = tuple(reach)
    return bounds


tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.one_of(st.integers(0, 4), st.integers(0, 40)), min_size=width, max_size=width),
        min_size=1,
        max_size=5,
    )
)


@settings(max_examples=60, deadline=None)
@given(tables, st.sampled_from([3, PEOPLE]))
def test_no_hidden_cell_can_be_recovered_or_even_narrowed_below_the_threshold(table, threshold):
    truth = extended(table)
    shown = published(suppress(table, threshold=threshold))

    for (i, j), value in np.ndenumerate(truth):
        if 0 < value < threshold:
            assert shown[i][j] is None, "a small count is never published"
        if value == 0:
            assert shown[i][j] == 0, "a zero speaks of nobody and stays"
        if shown[i][j] is not None:
            assert shown[i][j] == value, "what is published is true"
    for (i, j), (least, greatest) in attack(shown).items():
        assert least - 1e-6 <= truth[i, j] <= greatest + 1e-6
        assert greatest - least >= threshold - 1 - 1e-6


@given(tables)
def test_the_same_table_hides_the_same_cells(table):
    assert suppress(table) == suppress(table)


@given(tables)
def test_a_table_without_small_counts_is_published_whole(table):
    large = [[count + 3 for count in row] for row in table]

    result = suppress(large)

    assert result.hidden == 0
    assert result.total == sum(map(sum, large))


@pytest.mark.parametrize(
    ("table", "cells", "reason"),
    [
        ([[5, 1, 7], [6, 8, 9]], ((None, None, 7), (None, None, 9)), "a rectangle of four"),
        ([[1, 5], [7, 1]], ((None, None), (None, None)), "two small ones protect each other"),
        ([[0, 4], [5, 6]], ((0, 4), (5, 6)), "zero is published"),
    ],
)
def test_the_fewest_cells_are_hidden_with_them(table, cells, reason):
    result = suppress(table)

    assert result.cells == cells, reason
    assert result.total is not None


def test_one_small_count_alone_hides_every_total_that_tells_it():
    result = suppress([[2, 0], [0, 0]])

    assert result.cells == ((None, 0), (0, 0))
    assert (result.row_totals, result.column_totals, result.total) == ((None, 0), (None, 0), None)


def test_a_list_of_counts_hides_a_second_one_for_the_total():
    counts, total = suppress_list([12, 2, 7, 30])

    assert counts == (12, None, None, 30)
    assert total == 51


def test_two_ones_are_not_told_by_their_sum():
    counts, total = suppress_list([1, 1, 5])

    assert counts == (None, None, None)
    assert total == 7


@pytest.mark.parametrize("table", [[[1, 2], [3]], [[-1]], [[1.5]]])
def test_what_is_no_table_of_counts_is_refused(table):
    with pytest.raises(ValueError):
        suppress(table)


def test_an_empty_table_is_published_empty():
    assert suppress([]).total == 0
