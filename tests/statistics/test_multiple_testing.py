"""Benjamini-Hochberg."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.statistics.multiple_testing import benjamini_hochberg

P = st.floats(0, 1, allow_nan=False)


def test_the_fifteen_p_values_of_the_paper_give_four_discoveries_at_5_percent():
    # Benjamini and Hochberg 1995, section 4.1.
    p = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]
    q = benjamini_hochberg(p)
    assert (q <= 0.05).sum() == 4
    assert q[3] == pytest.approx(0.0095 * 15 / 4)


def test_what_was_not_tested_does_not_count():
    q = benjamini_hochberg([0.01, np.nan, 0.02, np.nan])
    assert np.isnan(q[[1, 3]]).all()
    assert q[[0, 2]].tolist() == pytest.approx([0.02, 0.02])
    assert benjamini_hochberg([]).size == 0


@pytest.mark.parametrize("bad", [-0.1, 1.1])
def test_what_is_no_probability_is_refused(bad):
    with pytest.raises(ValueError, match="p-value"):
        benjamini_hochberg([bad])


@given(st.lists(P, min_size=1, max_size=60))
def test_q_keeps_the_order_of_p_and_never_lies_below_it(p):
    q = benjamini_hochberg(p)
    order = np.argsort(p, kind="stable")
    assert (np.diff(q[order]) >= 0).all()
    assert (q >= np.array(p) - 1e-15).all()
    assert (q <= 1).all()


@given(st.lists(P, min_size=2, max_size=30), st.integers(0, 29), P)
def test_a_smaller_p_never_raises_any_q(p, at, other):
    lower = list(p)
    lower[at % len(p)] = min(other, p[at % len(p)])
    assert (benjamini_hochberg(lower) <= benjamini_hochberg(p) + 1e-12).all()
