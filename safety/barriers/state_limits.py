"""Limits on single states and on speeds.

    upper:   h = value - x_i           lower:   h = x_i - value
    speed:   h = (V^2 - |v|^2) / (2 V)

In the units of the state. Relative degree 1 where the state's rate is an input, and then compatible
with input limits on both sides of zero (against a drift, such as gravity, the input must be the
stronger). Where the rate of the rate is the input, take `braking_limit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.dynamics.limits import each, positive, vector


def upper_limit(
    index: int, value: float, *, alpha: float = 1.0, name: str = "", priority: int = 0
) -> Barrier:
    """``x[index] <= value``.

    Args:
        index: Of the state.
        value: In its units.
        alpha: Gain [1/s].
        name: For reports; ``x[index] max`` by default.
        priority: 0 is hard.
    """
    label = name or f"x[{index}] max"
    return Barrier(lambda x: value - x[index], alpha=alpha, name=label, priority=priority)


def lower_limit(
    index: int, value: float, *, alpha: float = 1.0, name: str = "", priority: int = 0
) -> Barrier:
    """``x[index] >= value``; arguments as for `upper_limit`."""
    label = name or f"x[{index}] min"
    return Barrier(lambda x: x[index] - value, alpha=alpha, name=label, priority=priority)


def joint_limits(
    low: ArrayLike,
    high: ArrayLike,
    *,
    indices: Sequence[int] | None = None,
    alpha: float = 1.0,
    name: str = "joint",
    priority: int = 0,
) -> list[Barrier]:
    """Limits of every joint of a velocity-controlled arm, both ways; infinite ones are left out.

    Args:
        low: Shape ``(k,)`` [rad].
        high: Shape ``(k,)`` [rad].
        indices: Of the joints in the state; the first k by default.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    least = vector("low", low)
    most = vector("high", high, len(least))
    if not np.all(least < most):
        raise ValueError(f"low must lie below high: {low!r}, {high!r}")
    where = range(len(least)) if indices is None else indices
    limits = []
    for i, a, b in zip(where, least, most, strict=True):
        given = {"alpha": alpha, "priority": priority}
        if np.isfinite(a):
            limits.append(lower_limit(i, float(a), name=f"{name}[{i}] min", **given))  # type: ignore[arg-type]
        if np.isfinite(b):
            limits.append(upper_limit(i, float(b), name=f"{name}[{i}] max", **given))  # type: ignore[arg-type]
    return limits


def speed_limit(
    speed: float,
    *,
    velocity: Sequence[int] = (2, 3),
    alpha: float = 1.0,
    name: str = "speed",
    priority: int = 0,
) -> Barrier:
    """The velocity's length is at most ``speed``.

    Args:
        speed: ``V`` [m/s].
        velocity: Indices of the velocity's components.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(speed=speed)

    def h(x: Any) -> Any:
        return 0.5 * speed - 0.5 * sum(x[i] * x[i] for i in velocity) / speed

    return Barrier(h, alpha=alpha, name=name, priority=priority)


def axis_speed_limits(
    speed: ArrayLike,
    *,
    velocity: Sequence[int] = (2, 3),
    alpha: float = 1.0,
    name: str = "speed",
    priority: int = 0,
) -> list[Barrier]:
    """Each component of the velocity is at most ``speed``, both ways.

    Args:
        speed: One number or shape ``(k,)`` [m/s].
        velocity: Indices of the velocity's components, k of them.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    most = each("speed", speed, len(velocity))
    return joint_limits(-most, most, indices=velocity, alpha=alpha, name=name, priority=priority)
