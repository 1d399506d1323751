"""Trained weights on disk: one safetensors file that says what it is and proves that it is whole.

The header's metadata holds the format, the sizes of the network, a SHA-256 of the arrays and what
the training wrote about itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np

from hiera.controllers.rl.viewpoint.features import PAIR, TOKEN
from hiera.controllers.rl.viewpoint.network import PATCH, Sizes, ViewpointNetwork, Weights, shapes

SHIPPED: Final = Path(__file__).with_name("viewpoint.safetensors")
"""The weights that come with the package."""

FORMAT: Final = f"hiera viewpoint 1: {TOKEN} token, {PAIR} pair features, patch {PATCH}"


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says why."""


def digest(weights: Weights) -> str:
    """SHA-256 over names, shapes and numbers, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(weights):
        array = np.ascontiguousarray(weights[name], np.float32)
        total.update(f"{name} {array.shape}".encode())
        total.update(array.astype("<f4").tobytes())
    return total.hexdigest()


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
    from safetensors.numpy import save

    found = digest(weights)
    notes = dict(about or {}) | {
        "format": FORMAT,
        "sizes": json.dumps(asdict(sizes)),
        "sha256": found,
    }
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()}
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(save(arrays, metadata=notes))
    beside.replace(path)
    return found


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
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise WeightsError(f"viewpoint weights: there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            notes = dict(file.metadata() or {})
            weights: Weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise WeightsError(
            f"viewpoint weights {path}: not a whole safetensors file ({error})"
        ) from error
    if notes.get("format") != FORMAT:
        raise WeightsError(
            f"viewpoint weights {path}: made for '{notes.get('format', 'something else')}', "
            f"this version reads '{FORMAT}'"
        )
    if digest(weights) != notes.get("sha256"):
        raise WeightsError(
            f"viewpoint weights {path}: the numbers do not match their checksum; "
            "the file has been altered or damaged"
        )
    sizes = _sizes(path, notes)
    wanted, got = shapes(sizes), {name: array.shape for name, array in weights.items()}
    if wanted != got:
        odd = sorted(
            name for name in wanted.keys() | got.keys() if wanted.get(name) != got.get(name)
        )
        raise WeightsError(f"viewpoint weights {path}: {odd[0]} does not fit the network's sizes")
    return weights, sizes, notes


def _sizes(path: Path, notes: Mapping[str, str]) -> Sizes:
    try:
        told = json.loads(notes["sizes"])
        return Sizes(**(told | {"channels": tuple(told["channels"])}))
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"viewpoint weights {path}: its sizes cannot be read") from error


def load_network(path: Path | None = None) -> ViewpointNetwork:
    """The network of a weights file, or the one that comes with the package.

    Raises:
        WeightsError: If the file cannot be used.
    """
    weights, sizes, _ = load_weights(path or SHIPPED)
    return ViewpointNetwork(weights, sizes)
