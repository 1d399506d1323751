"""Weights of the viewpoint network on disk, and the sizes of the network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from hiera.controllers.rl.viewpoint.features import PAIR, TOKEN
from hiera.controllers.rl.viewpoint.network import PATCH, Sizes, ViewpointNetwork, Weights, shapes
from hiera.controllers.weights import (
    WeightsError,
    check_shapes,
    digest,
    load_arrays,
    save_arrays,
)

__all__ = ["SHIPPED", "WeightsError", "digest", "load_network", "load_weights", "save_weights"]

SHIPPED: Final = Path(__file__).with_name("viewpoint.safetensors")
"""The weights that come with the package."""

FORMAT: Final = f"hiera viewpoint 1: {TOKEN} token, {PAIR} pair features, patch {PATCH}"
_WHAT: Final = "viewpoint weights"


def save_weights(
    path: Path, weights: Weights, sizes: Sizes, about: Mapping[str, str] | None = None
) -> str:
    """Writes weights, whole or not at all.

    Args:
        path: The file.
        weights: Arrays by name.
        sizes: Sizes of the network.
        about: What else to note, strings by name.

    Returns:
        The digest.
    """
    notes = dict(about or {}) | {"sizes": json.dumps(asdict(sizes))}
    return save_arrays(path, weights, FORMAT, notes)


def load_weights(path: Path) -> tuple[Weights, Sizes, dict[str, str]]:
    """Reads weights and checks them.

    Args:
        path: The file.

    Returns:
        The arrays, the sizes and the notes.

    Raises:
        WeightsError: If there is no such file, or it is truncated, altered, of another format, or
            its arrays do not fit its sizes.
    """
    weights, notes = load_arrays(path, FORMAT, _WHAT)
    sizes = _sizes(path, notes)
    check_shapes(path, weights, shapes(sizes), _WHAT)
    return weights, sizes, notes


def _sizes(path: Path, notes: Mapping[str, str]) -> Sizes:
    try:
        told = json.loads(notes["sizes"])
        return Sizes(**(told | {"channels": tuple(told["channels"])}))
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{_WHAT} {path}: its sizes cannot be read") from error


def load_network(path: Path | None = None) -> ViewpointNetwork:
    """The network of a weights file, or the one that comes with the package.

    Raises:
        WeightsError: If the file cannot be used.
    """
    weights, sizes, _ = load_weights(path or SHIPPED)
    return ViewpointNetwork(weights, sizes)
