"""A small network in NumPy: what runs on board, without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.weights import Arrays


def shapes(widths: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Shape of every array by name, for widths from input to output."""
    out: dict[str, tuple[int, ...]] = {}
    for i, (into, outof) in enumerate(pairwise(widths)):
        out[f"{i}.weight"], out[f"{i}.bias"] = (outof, into), (outof,)
    return out


class Perceptron:
    """Layers ``x <- max(W x + b, 0)``; the last one is linear."""

    def __init__(self, arrays: Arrays) -> None:
        """Takes the arrays of `shapes`."""
        count = len(arrays) // 2
        self._weights = [np.ascontiguousarray(arrays[f"{i}.weight"].T) for i in range(count)]
        self._biases = [arrays[f"{i}.bias"] for i in range(count)]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The last layer, shape ``(..., out)``."""
        last = len(self._weights) - 1
        for i, (weight, bias) in enumerate(zip(self._weights, self._biases, strict=True)):
            x = x @ weight + bias
            if i < last:
                x = np.maximum(x, 0.0, out=x)
        return x
