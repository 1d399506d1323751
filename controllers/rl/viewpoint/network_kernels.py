"""What the viewpoint network does between its matrix products, a pass over the tokens each.

Sums may be taken in any order (``fastmath``), which is what makes the compiler take several numbers
at once; scores then differ from those of PyTorch in the last digits, as they do with another BLAS.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

_ONE, _ZERO = np.float32(1.0), np.float32(0.0)


@njit(cache=True, fastmath=True)
def rectified(x: FloatArray, bias: FloatArray) -> FloatArray:
    """Adds a bias to every row of ``(n, d)`` and cuts off what is negative, in place."""
    if x.strides[0] > x.strides[1]:
        for i in range(x.shape[0]):
            row = x[i]
            for d in range(row.shape[0]):
                row[d] = max(row[d] + bias[d], _ZERO)
    else:
        for d in range(x.shape[1]):
            column, more = x[:, d], bias[d]
            for i in range(column.shape[0]):
                column[i] = max(column[i] + more, _ZERO)
    return x


@njit(cache=True, fastmath=True)
def add_normal(x: FloatArray, added: FloatArray, bias: FloatArray) -> FloatArray:
    """Adds rows ``(n, d)`` and a bias to tokens, in place; returns them with mean 0, variance 1."""
    n, width = x.shape
    out = np.empty((n, width), np.float32)
    for i in range(n):
        row, more, to = x[i], added[i], out[i]
        total = _ZERO
        for d in range(width):
            row[d] += more[d] + bias[d]
            total += row[d]
        mean = total / np.float32(width)
        square = _ZERO
        for d in range(width):
            to[d] = row[d] - mean
            square += to[d] * to[d]
        scale = _ONE / np.sqrt(square / np.float32(width) + np.float32(1e-5))
        for d in range(width):
            to[d] *= scale
    return out
