"""Our tails and quantiles are those of scipy wherever scipy can be trusted with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ceasefire.statistics.distributions import quantile, upper_tail

MEAN = st.floats(1e-6, 5000)
PROBABILITY = st.sampled_from([0.01, 0.05, 0.5, 0.95, 0.99, 0.999])


@settings(deadline=None)
@given(mean=MEAN, probability=PROBABILITY, count=st.integers(0, 6000))
def test_poisson(mean, probability, count):
    assert float(quantile(probability, mean, 1.0)) == stats.poisson.ppf(probability, mean)
    assert float(upper_tail(count, mean, 1.0)) == pytest.approx(
        stats.poisson.sf(count - 1, mean), rel=1e-6, abs=1e-250
    )


@settings(deadline=None)
@given(mean=MEAN, excess=st.floats(1e-3, 50), probability=PROBABILITY, count=st.integers(0, 6000))
def test_negative_binomial(mean, excess, probability, count):
    n, p = mean / excess, 1 / (1 + excess)
    ours = float(quantile(probability, mean, 1 + excess))
    assert stats.nbinom.cdf(ours, n, p) >= probability - 1e-9
    assert ours == 0 or stats.nbinom.cdf(ours - 1, n, p) < probability + 1e-9
    assert float(upper_tail(count, mean, 1 + excess)) == pytest.approx(
        stats.nbinom.sf(count - 1, n, p), rel=1e-5, abs=1e-250
    )


@pytest.mark.parametrize("mean", [np.nan, np.inf, -1.0, 1.1e6])
def test_a_mean_that_is_no_mean_gets_no_answer(mean):
    assert np.isnan(quantile(0.99, mean, 2.0))
    assert np.isnan(upper_tail(3, mean, 2.0))


@pytest.mark.parametrize("dispersion", [1.0, 1 + 1e-12, 1.5, 1e6])
@pytest.mark.parametrize("mean", [0.0, 1e-300, 1e6])
def test_the_ends_of_the_range_get_an_answer(mean, dispersion):
    assert np.isfinite(quantile(0.99, mean, dispersion))
    assert 0 <= upper_tail(5, mean, dispersion) <= 1


@pytest.mark.parametrize("mean", [1e-300, 1e-9, 1.0, 1e6])
@pytest.mark.parametrize("dispersion", [1.0, 1e3, 1e12, 1e18, 1e100, 1e300])
@pytest.mark.parametrize("probability", [0.01, 0.5, 0.99])
def test_a_quantile_ends_for_every_dispersion(mean, dispersion, probability):
    """Past 2**53 whole numbers are no longer one apart; the search must not wait for that."""
    found = quantile(probability, mean, dispersion)

    assert np.isnan(found) or found >= 0
