"""Between the actions of a Gymnasium space and the vectors of a filter."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, Space

from hiera.safety.contract import FloatArray


def demand_known(space: Space[Any]) -> None:
    """Refuses a space whose actions are not vectors.

    Raises:
        TypeError: If it is neither a `Box` nor `Discrete`.
    """
    if not isinstance(space, Box | Discrete):
        raise TypeError(f"a gate needs a Box or a Discrete action space, not {space}")


def to_vector(space: Space[Any], action: Any) -> FloatArray:
    """The action as the filter takes it, shape ``(m,)``; an index is a vector of one number.

    A finite action is first clipped to a `Box`'s bounds, as the environment would. One that is
    not finite stays as it is: refusing it is the filter's work.
    """
    u = np.array(action, dtype=np.float64).reshape(-1)
    if isinstance(space, Box) and u.size == space.low.size and np.all(np.isfinite(u)):
        u = np.clip(u, space.low.reshape(-1), space.high.reshape(-1))
    return u


def from_vector(space: Space[Any], u: FloatArray) -> Any:
    """The filter's answer as the environment takes it: the space's shape and number type.

    Raises:
        ValueError: If the space does not contain it: an environment that clips it would execute
            what nobody has verified.
    """
    if isinstance(space, Discrete):
        action: Any = space.dtype.type(round(float(u[0]))) if u.shape == (1,) else u
        inside = u.shape == (1,) and float(action) == float(u[0]) and space.contains(action)
    else:
        shape = space.shape if space.shape is not None else u.shape
        inside = u.size == int(np.prod(shape))
        action = u.reshape(shape).astype(space.dtype) if inside else u
        inside = inside and space.contains(action)
    if not inside:
        raise ValueError(
            f"the gate's action {u.tolist()} lies outside the action space {space}: give the gate "
            "the limits of the environment"
        )
    return action


def placeholder(space: Space[Any]) -> FloatArray:
    """A vector for a row whose action the environment ignores, shape ``(m,)``."""
    if isinstance(space, Discrete):
        return np.array([float(space.start)])
    assert isinstance(space, Box)
    u: FloatArray = np.clip(0.0, space.low.reshape(-1), space.high.reshape(-1)).astype(np.float64)
    return u
