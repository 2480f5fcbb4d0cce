"""Small counts are hidden, and an attacker with the published table cannot get them back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from ceasefire.disclosure import PEOPLE, suppress, suppress_groups, suppress_list


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


def reach_in_groups(groups, result):
    """As `attack`: (true value, least, greatest) of every hidden cell and total."""
    truth, shown = {}, {}
    for i, group in enumerate(groups):
        for j, count in enumerate(group):
            truth[i, j], shown[i, j] = count, result.cells[i][j]
        truth[i, "all"], shown[i, "all"] = sum(group), result.totals[i]
    truth["all"], shown["all"] = sum(map(sum, groups)), result.total
    number = {key: at for at, key in enumerate(key for key in shown if shown[key] is None)}
    sums = [([(i, j) for j in range(len(group))], (i, "all")) for i, group in enumerate(groups)]
    sums.append(([(i, "all") for i in range(len(groups))], "all"))
    equations, right = [], []
    for parts, whole in sums:
        row, known = np.zeros(len(number)), 0
        for sign, key in [*((1, part) for part in parts), (-1, whole)]:
            if key in number:
                row[number[key]] += sign
            else:
                known += sign * shown[key]
        equations.append(row)
        right.append(-known)
    found = []
    for key, at in number.items():
        goal = np.zeros(len(number))
        goal[at] = 1
        bounds = [(1, 10_000)] * len(number)
        least = linprog(goal, A_eq=equations, b_eq=right, bounds=bounds)
        greatest = linprog(-goal, A_eq=equations, b_eq=right, bounds=bounds)
        assert (least.status, greatest.status) == (0, 0)
        found.append((truth[key], least.fun, -greatest.fun))
    return truth, shown, found


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 12), max_size=4), min_size=1, max_size=4))
def test_no_hidden_count_of_groups_can_be_worked_out_from_any_level(groups):
    truth, shown, hidden = reach_in_groups(groups, suppress_groups(groups))
    for key, value in truth.items():
        assert not (0 < value < 3 and shown[key] is not None)
        assert value or shown[key] == 0
        assert shown[key] in (None, value)
    for value, least, greatest in hidden:
        assert least - 1e-6 <= value <= greatest + 1e-6
        assert greatest - least >= 2 - 1e-6


def test_of_groups_the_grand_total_is_hidden_rather_than_a_group():
    result = suppress_groups([[2], [30, 4]])

    assert (result.cells, result.totals, result.total) == (((None,), (30, 4)), (None, 34), None)
