"""Trained arrays on disk: one safetensors file that says what it is and proves that it is whole.

The header's metadata holds the format, a SHA-256 of the arrays and what the training wrote about
itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.float32]]


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says why."""


def digest(arrays: Arrays) -> str:
    """SHA-256 over names, shapes and numbers, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], np.float32)
        total.update(f"{name} {array.shape}".encode())
        total.update(array.astype("<f4").tobytes())
    return total.hexdigest()


def save_arrays(path: Path, arrays: Arrays, form: str, notes: Mapping[str, str]) -> str:
    """Writes arrays, whole or not at all.

    Args:
        path: The file.
        arrays: Arrays by name.
        form: What they are, for whoever reads them.
        notes: What else to note, strings by name.

    Returns:
        The digest.
    """
    from safetensors.numpy import save

    found = digest(arrays)
    written = dict(notes) | {"format": form, "sha256": found}
    whole = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(save(whole, metadata=written))
    beside.replace(path)
    return found


def load_arrays(path: Path, form: str, what: str) -> tuple[Arrays, dict[str, str]]:
    """Reads arrays and checks them.

    Args:
        path: The file.
        form: The format that is understood.
        what: Name of such files in messages.

    Returns:
        The arrays and the notes.

    Raises:
        WeightsError: If there is no such file, or it is truncated, altered or of another format.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise WeightsError(f"{what}: there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            notes = dict(file.metadata() or {})
            arrays: Arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise WeightsError(f"{what} {path}: not a whole safetensors file ({error})") from error
    if notes.get("format") != form:
        raise WeightsError(
            f"{what} {path}: made for '{notes.get('format', 'something else')}', "
            f"this version reads '{form}'"
        )
    if digest(arrays) != notes.get("sha256"):
        raise WeightsError(
            f"{what} {path}: the numbers do not match their checksum; "
            "the file has been altered or damaged"
        )
    return arrays, notes


def check_shapes(
    path: Path, arrays: Arrays, wanted: Mapping[str, tuple[int, ...]], what: str
) -> None:
    """Makes sure that arrays have the shapes that are needed, and that there are no others.

    Raises:
        WeightsError: If one has not; the message names it.
    """
    got = {name: array.shape for name, array in arrays.items()}
    odd = sorted(name for name in wanted.keys() | got.keys() if wanted.get(name) != got.get(name))
    if odd:
        raise WeightsError(f"{what} {path}: {odd[0]} does not fit the network's sizes")
