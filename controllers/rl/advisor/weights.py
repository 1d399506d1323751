"""Weights of the advisor's policy on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from hiera.controllers.perceptron import Perceptron, shapes
from hiera.controllers.rl.advisor.aims import AIMS
from hiera.controllers.rl.advisor.features import SIZE
from hiera.controllers.weights import Arrays, WeightsError, check_shapes, load_arrays, save_arrays
from hiera.safety.contract import FloatArray

SHIPPED: Final = Path(__file__).with_name("advisor.safetensors")
"""The weights that come with the package."""
FORMAT: Final = f"hiera life-support advisor 2: {SIZE} features, {AIMS} aims"
_WHAT: Final = "advisor weights"

__all__ = ["FORMAT", "SHIPPED", "Policy", "WeightsError", "load_policy", "save_policy"]


class Policy:
    """From features to actions in [-1, 1]: the mean of a squashed Gaussian."""

    def __init__(self, arrays: Arrays, notes: Mapping[str, str] | None = None) -> None:
        """Takes the arrays of a `Perceptron`, and what is noted about them."""
        self._network = Perceptron(arrays)
        self.notes = dict(notes or {})

    def __call__(self, features: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> FloatArray:
        """Actions, shape ``(B, AIMS)``.

        Args:
            features: Shape ``(B, SIZE)``.
        """
        made: FloatArray = np.tanh(self._network(features)).astype(np.float64)
        return made


def save_policy(path: Path, arrays: Arrays, about: Mapping[str, str] | None = None) -> str:
    """Writes a policy's arrays; returns their digest."""
    return save_arrays(path, arrays, FORMAT, about or {})


def load_policy(path: Path | None = None) -> Policy:
    """The policy of a weights file, or the one that comes with the package.

    Raises:
        WeightsError: If the file cannot be used; the message says why.
    """
    path = SHIPPED if path is None else path
    arrays, notes = load_arrays(path, FORMAT, _WHAT)
    hidden: list[int] = []
    for i in range(len(arrays) // 2 - 1):
        bias = arrays.get(f"{i}.bias")
        if bias is None:
            raise WeightsError(f"{_WHAT} {path}: {i}.bias is missing")
        hidden.append(len(bias))
    check_shapes(path, arrays, shapes([SIZE, *hidden, AIMS]), _WHAT)
    return Policy(arrays, notes)
