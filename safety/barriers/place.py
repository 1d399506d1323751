"""Where on a robot a barrier looks: some of its states, or a function of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import FloatArray

At = Sequence[int] | Callable[[Any], Any]
"""Indices of the position's components in the state, or ``x -> (d,)``, such as the tip of an arm
by `forward_kinematics` or a point ahead of a unicycle's axle."""


def place(at: At) -> Callable[[Any], Any]:
    """The position as a function of the state."""
    if callable(at):
        return at
    indices = list(at)
    return lambda x: x[indices]


def point(name: str, value: ArrayLike, at: At | None = None) -> FloatArray:
    """A point in space, shape ``(d,)``, that fits the position.

    Raises:
        ValueError: If it has another dimension or is not finite; the sentence quotes it.
    """
    array = np.array(value, dtype=np.float64)
    wanted = len(at) if at is not None and not callable(at) else array.size
    if array.shape != (wanted,) or not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be {wanted} finite numbers, not {value!r}")
    return array
