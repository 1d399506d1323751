"""What every model holds its numbers against: shapes, bounds, what a user's function returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import FloatArray


def vector(name: str, value: ArrayLike, length: int | None = None) -> FloatArray:
    """A vector of finite numbers, or infinities where a bound may be open.

    Raises:
        ValueError: If it has another shape or holds NaN; the sentence quotes the value.
    """
    array = np.atleast_1d(np.array(value, dtype=np.float64))
    if array.ndim != 1 or (length is not None and len(array) != length):
        wanted = f"({length},)" if length is not None else "(k,)"
        raise ValueError(f"{name} must have shape {wanted}, not {np.shape(value)}: {value!r}")
    if np.any(np.isnan(array)):
        raise ValueError(f"{name} must hold numbers, not {value!r}")
    array.setflags(write=False)
    return array


def call_shaped(name: str, function: Callable[..., Any], shape: tuple[int, ...], *at: Any) -> Any:
    """Result of a user's function as floats, its shape checked.

    Raises:
        ValueError: If the shape or a value is wrong; the sentence quotes what came back.
    """
    value = np.asarray(function(*at), dtype=np.float64)
    if value.shape != shape:
        raise ValueError(f"{name} must return shape {shape}, not {value.shape}: {value.tolist()}")
    if not np.all(np.isfinite(value)):
        raise ValueError(f"{name} returns {value.tolist()} at {np.asarray(at[0]).tolist()}")
    return value


def input_limits(u_min: ArrayLike, u_max: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Both limits of the input, shapes ``(m,)``.

    Raises:
        ValueError: If the lengths differ or a lower limit lies above its upper one.
    """
    low = vector("u_min", u_min)
    high = vector("u_max", u_max, len(low))
    for j in np.flatnonzero(low > high):
        raise ValueError(f"u_min[{j}] = {low[j]} lies above u_max[{j}] = {high[j]}")
    return low, high


def disturbance_bound(value: ArrayLike | None, n: int) -> FloatArray:
    """Bound of each component of the disturbance, shape ``(n,)``; zeros for None.

    Raises:
        ValueError: If it has another length or a negative component.
    """
    noise = vector("disturbance", np.zeros(n) if value is None else value, n)
    if np.any(noise < 0.0):
        raise ValueError(f"disturbance must not be negative: {noise.tolist()}")
    return noise


def example_state(value: ArrayLike | None, n: int) -> FloatArray:
    """State at which functions are tried, shape ``(n,)``; small numbers for None."""
    return vector("example", 0.1 + 0.01 * np.arange(n) if value is None else value, n)


def labels(
    names: Sequence[str], inputs: Sequence[str], n: int, m: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of states and inputs; numbered where none are given.

    Raises:
        ValueError: If there are too few or too many.
    """
    states = tuple(names) or tuple(f"x{i}" for i in range(n))
    actions = tuple(inputs) or tuple(f"u{j}" for j in range(m))
    if len(states) != n or len(actions) != m:
        raise ValueError(f"{n} state names and {m} input names are needed")
    return states, actions


def positive(**values: float) -> None:
    """Holds parameters of a model against being positive and finite.

    Raises:
        ValueError: If one is not; the sentence quotes it.
    """
    for name, value in values.items():
        if not 0.0 < value < float("inf"):
            raise ValueError(f"{name} must be positive, not {value!r}")


def each(name: str, value: ArrayLike, count: int) -> FloatArray:
    """One positive number for each of ``count``, from one number or a list, shape ``(count,)``.

    Raises:
        ValueError: If one is not positive.
    """
    array = vector(name, np.full(count, value) if np.ndim(value) == 0 else value, count)
    if not np.all(array > 0.0):
        raise ValueError(f"{name} must be positive, not {value!r}")
    return array
