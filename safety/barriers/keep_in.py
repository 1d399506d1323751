"""Regions to stay in: a ball, one side of a plane, a box.

    ball:         h = (R^2 - |p - c|^2) / (2 R)
    half space:   h = (offset - n . p) / |n|

In metres of clearance at the boundary. Relative degree 1 where p moves at the input, 2 where
accelerations are the input: take `braking_limit` there. Compatible with any input limits that allow
standing still. Half spaces are linear and cost no margin; a ball curves inwards, h'' = -|p'|^2 / R,
which is allowed for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.place import At, place, point
from hiera.safety.dynamics.limits import positive


def keep_in_ball(
    center: ArrayLike,
    radius: float,
    *,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "keep_in",
    priority: int = 0,
) -> Barrier:
    """A disc or ball to stay in.

    Args:
        center: Shape ``(d,)`` [m].
        radius: Of the ball, less the robot's [m].
        at: The position.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(radius=radius)
    where, c = place(at), point("center", center, at)

    def h(x: Any) -> Any:
        e = where(x) - c
        return 0.5 * radius - 0.5 * sum(e[i] * e[i] for i in range(len(c))) / radius

    return Barrier(h, alpha=alpha, name=name, priority=priority)


def half_space(
    normal: ArrayLike,
    offset: float,
    *,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "half_space",
    priority: int = 0,
) -> Barrier:
    """The side ``normal . p <= offset`` of a plane.

    Args:
        normal: Points out of the region, any length but zero, shape ``(d,)``.
        offset: See above [m, where the normal has length 1].
        at: The position.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    where, n = place(at), point("normal", normal, at)
    length = float(np.linalg.norm(n))
    if not length > 0.0:
        raise ValueError(f"normal must not vanish: {normal!r}")
    unit, distance = n / length, offset / length
    return Barrier(lambda x: distance - unit @ where(x), alpha=alpha, name=name, priority=priority)


def keep_in_box(
    low: ArrayLike,
    high: ArrayLike,
    *,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "keep_in",
    priority: int = 0,
) -> list[Barrier]:
    """A box along the axes, as half spaces; sides at infinity are left out.

    Args:
        low: Shape ``(d,)`` [m].
        high: Shape ``(d,)`` [m].
        at: The position.
        alpha: Gain [1/s].
        name: For reports; the sides get ``name[0]-``, ``name[0]+`` and so on.
        priority: 0 is hard.
    """
    least, most = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
    if least.ndim != 1 or least.shape != most.shape or not np.all(least < most):
        raise ValueError(f"low must lie below high: {low!r}, {high!r}")
    sides = []
    for i, e in enumerate(np.eye(len(least))):
        for sign, edge, mark in ((-1.0, -least[i], "-"), (1.0, most[i], "+")):
            if np.isfinite(edge):
                label = f"{name}[{i}]{mark}"
                sides.append(
                    half_space(sign * e, edge, at=at, alpha=alpha, name=label, priority=priority)
                )
    return sides
