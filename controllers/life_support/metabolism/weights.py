"""Weights of the metabolic model on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hiera.controllers.life_support.metabolism.history import SIZE
from hiera.controllers.perceptron import shapes
from hiera.controllers.weights import Arrays, check_shapes, load_arrays, save_arrays

HORIZONS_S: Final = (10.0, 30.0, 60.0, 120.0, 200.0, 300.0)
"""How far ahead the network looks [s]; between them is interpolated."""
SHIPPED: Final = Path(__file__).with_name("metabolism.safetensors")
"""The weights that come with the package."""
FORMAT: Final = f"hiera metabolism 1: {SIZE} features, {len(HORIZONS_S)} horizons"
_WHAT: Final = "metabolism weights"


def all_shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    """Shape of every array: centre and spread of the features, two hidden layers."""
    k = len(HORIZONS_S)
    scale = {"centre": (SIZE,), "spread": (SIZE,), "widen": (k,)}
    return shapes([SIZE, hidden, hidden, 2 * k]) | scale


def save_metabolism(path: Path, arrays: Arrays, about: Mapping[str, str] | None = None) -> str:
    """Writes a model's arrays; returns their digest."""
    return save_arrays(path, arrays, FORMAT, about or {})


def load_arrays_of(path: Path) -> Arrays:
    """Reads a model's arrays.

    Raises:
        WeightsError: If the file cannot be used; the message says why.
    """
    arrays, _ = load_arrays(path, FORMAT, _WHAT)
    hidden = len(arrays["0.bias"]) if "0.bias" in arrays else 1
    check_shapes(path, arrays, all_shapes(hidden), _WHAT)
    return arrays
