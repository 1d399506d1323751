"""Latin hypercube samples (McKay, Beckman and Conover, 1979), and ranges they are taken to.

Every one of n equal slices of every axis holds exactly one of the n samples.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hiera.sweeps.settings import RangeSettings


def latin_hypercube(n: int, axes: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Samples in the unit cube.

    Args:
        n: Samples.
        axes: Dimensions.
        rng: Decides everything.

    Returns:
        Shape ``(n, axes)``, every value in ``[0, 1)``.
    """
    slices = np.stack([rng.permutation(n) for _ in range(axes)], axis=1)
    return np.minimum((slices + rng.random((n, axes))) / n, np.nextafter(1.0, 0.0))


def scaled(span: RangeSettings, u: float) -> float | int:
    """A place in a range.

    Args:
        span: The range.
        u: In ``[0, 1]``; equal steps are equal steps of the value, or of its logarithm.

    Returns:
        A whole number if the range is one of those; every one of them has its share of ``u``.
    """
    low, high = float(span.low), float(span.high) + (1.0 if span.integer else 0.0)
    if span.log:
        value = low * math.exp(u * math.log(high / low)) if low > 0.0 else low
    else:
        value = low + u * (high - low)
    if span.integer:
        return int(min(max(math.floor(value + 1e-12), span.low), span.high))
    return min(max(value, low), high)
