"""Control of the false-discovery rate over all series tested in one week."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values (q) by the step-up rule: reject where q is at most the wanted rate.

    p: values in [0, 1], any shape; nan = not tested: it stays nan and does not count. With m tests
    and p(1) <= ... <= p(m), q(i) = min over j >= i of p(j) m / j, at most 1. Discrete p-values make
    it conservative. Raises ValueError for a value outside [0, 1].

    Source: Benjamini and Hochberg 1995, J. R. Statist. Soc. B 57:289.
    """
    values = np.array(p, dtype=float)
    flat = values.reshape(-1)
    with np.errstate(invalid="ignore"):
        if ((flat < 0) | (flat > 1)).any():
            raise ValueError("A p-value lies between 0 and 1.")
    q = np.full(flat.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(flat))
    if tested.size:
        order = tested[np.argsort(flat[tested], kind="stable")]
        scaled = flat[order] * tested.size / np.arange(1, tested.size + 1)
        q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q.reshape(values.shape)
