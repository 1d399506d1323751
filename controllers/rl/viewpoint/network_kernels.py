"""What the viewpoint network does between its matrix products, a pass over the tokens each.

Sums may be taken in any order (``fastmath``), which is what makes the compiler take several numbers
at once; scores then differ from those of PyTorch in the last digits, as they do with another BLAS.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

_LOWEST = np.float32(-87.0)
_LOG2_E = np.float32(1.442695)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.1219444e-4)
_EXP = tuple(
    np.float32(c)
    for c in (1.98756915e-4, 1.39819995e-3, 8.33345191e-3, 4.16657959e-2, 1.66666655e-1, 0.5)
)
_ONE, _HALF, _ZERO = np.float32(1.0), np.float32(0.5), np.float32(0.0)


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


@njit(cache=True, fastmath={"contract", "nnan", "ninf", "nsz"})
def exponential(x: FloatArray, bits: NDArray[np.int32], power: FloatArray) -> None:
    """Takes the exponential of numbers up to 0 ``(n,)``, in place, to the last digit or two.

    After S. Moshier's Cephes library: a power of two, put together from its bits, times a
    polynomial. Here the order of the sums matters.

    Args:
        x: The numbers; below -87 they count as -87.
        bits: Working memory, shape ``(n,)``.
        power: The same memory as float32, shape ``(n,)``.
    """
    for j in range(x.shape[0]):
        at = max(x[j], _LOWEST)
        whole = np.floor(at * _LOG2_E + _HALF)
        rest = at - whole * _LN2_HIGH
        rest -= whole * _LN2_LOW
        value = _EXP[0]
        value = value * rest + _EXP[1]
        value = value * rest + _EXP[2]
        value = value * rest + _EXP[3]
        value = value * rest + _EXP[4]
        value = value * rest + _EXP[5]
        x[j] = value * rest * rest + rest + _ONE
        bits[j] = (np.int32(whole) + np.int32(127)) << np.int32(23)
    for j in range(x.shape[0]):
        x[j] *= power[j]


@njit(cache=True, fastmath=True)
def softmax(x: FloatArray, bias: FloatArray) -> None:
    """Adds biases to stacked rows ``(h, n, n)`` and takes each row's softmax, in place."""
    heads, n, _ = x.shape
    bits = np.empty(n, np.int32)
    power = bits.view(np.float32)
    for h in range(heads):
        for i in range(n):
            row, more = x[h, i], bias[h, i]
            most = row[0] + more[0]
            for j in range(n):
                row[j] += more[j]
                most = max(most, row[j])
            for j in range(n):
                row[j] -= most
            exponential(row, bits, power)
            total = _ZERO
            for j in range(n):
                total += row[j]
            share = _ONE / total
            for j in range(n):
                row[j] *= share
