"""Barriers with the braking distance in them, for systems whose input is an acceleration.

    limit:      h = value - q - v_+^2 / (2 a)                   q' = v, v' = u
    keep out:   h = |e| - R - c_+^2 / (2 a),   c = -e . v / |e|,   e = p - center, p' = v, v' = u
    stop:       h = |e| - R - v^2 / (2 a)                       p' = v (cos th, sin th), v' = u

with a_+ = max(a, 0), in metres (or radians). Relative degree 1, h'' is bounded, and full braking
keeps h at every state of the safe set, so the row never conflicts with |u| <= a_max as long as
a <= a_max - what a disturbance can take off:

    limit:      h' = -v - v_+ u / a = 0 at u = -a
    keep out:   h' = -c + c_+ (u . e/|e| + |v_t|^2/|e|) / a >= 0 at u = a e/|e|, v_t across e
    stop:       h' = v cos(angle between) - v u / a >= 0 at u = -a sign(v)

A high-order barrier with gains gives no such promise: with both gains at 5/s and 2 m/s^2 a point
runs metres into a wall at any sampling rate.

Between ticks u is held, and the margin for that is paid from what a leaves of the input limits. A
fifth left over, alpha tick <= 0.4 and a bounded speed have never led to a stop in the tests, up to
ticks of 0.2 s; a disc without a speed limit has, at 0.2 s. Several limits on one axis, or several
axes with inputs of their own, fit together; several discs need a direction that brakes for all.
Outside of the safe set a limit acts only while the speed leads farther out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.place import At, place, point
from hiera.safety.dynamics.limits import each, positive, vector


def braking_limit(
    position: int,
    velocity: int,
    deceleration: float,
    *,
    upper: float | None = None,
    lower: float | None = None,
    alpha: float = 1.0,
    name: str = "",
    priority: int = 0,
) -> Barrier:
    """A limit on a position whose acceleration is an input; give one of `upper` and `lower`.

    Args:
        position: Index of q.
        velocity: Index of v.
        deceleration: ``a`` that can always be had [m/s^2].
        upper: Largest q [m].
        lower: Least q [m].
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(deceleration=deceleration)
    if (upper is None) == (lower is None):
        raise ValueError(f"give one of upper and lower, not {upper!r} and {lower!r}")
    sign = 1.0 if upper is not None else -1.0
    value = float(upper if upper is not None else -lower)  # type: ignore[operator]

    def h(x: Any) -> Any:
        towards = np.maximum(sign * x[velocity], 0.0)
        return value - sign * x[position] - towards * towards / (2.0 * deceleration)

    label = name or f"x[{position}] {'max' if upper is not None else 'min'}"
    return Barrier(h, alpha=alpha, name=label, priority=priority)


def braking_joint_limits(
    low: ArrayLike,
    high: ArrayLike,
    deceleration: ArrayLike,
    *,
    positions: Sequence[int] | None = None,
    velocities: Sequence[int] | None = None,
    alpha: float = 1.0,
    name: str = "joint",
    priority: int = 0,
) -> list[Barrier]:
    """`braking_limit` for every joint, both ways; infinite limits are left out.

    Args:
        low: Shape ``(k,)`` [rad].
        high: Shape ``(k,)`` [rad].
        deceleration: One number or shape ``(k,)`` [rad/s^2].
        positions: Indices of the joints; the first k states by default.
        velocities: Indices of their velocities; the next k states by default.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    least = vector("low", low)
    k = len(least)
    most, brake = vector("high", high, k), each("deceleration", deceleration, k)
    if not np.all(least < most):
        raise ValueError(f"low must lie below high: {low!r}, {high!r}")
    q = range(k) if positions is None else positions
    v = range(k, 2 * k) if velocities is None else velocities
    limits = []
    for i, j, b, lower, upper in zip(q, v, brake, least, most, strict=True):
        for side, edge, word in ((-1, lower, "min"), (1, upper, "max")):
            if np.isfinite(edge):
                limits.append(
                    braking_limit(
                        i,
                        j,
                        float(b),
                        upper=float(edge) if side > 0 else None,
                        lower=float(edge) if side < 0 else None,
                        alpha=alpha,
                        name=f"{name}[{i}] {word}",
                        priority=priority,
                    )
                )
    return limits


def braking_keep_out(
    center: ArrayLike,
    radius: float,
    deceleration: float,
    *,
    position: Sequence[int] = (0, 1),
    velocity: Sequence[int] = (2, 3),
    alpha: float = 1.0,
    name: str = "keep_out",
    priority: int = 0,
) -> Barrier:
    """A disc or ball, for double integrators: only the speed towards it counts.

    Args:
        center: Shape ``(d,)`` [m].
        radius: Of the disc and the robot together [m].
        deceleration: ``a`` that can be had in every direction [m/s^2].
        position: Indices of p.
        velocity: Indices of v.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(radius=radius, deceleration=deceleration)
    c, p, v = point("center", center, position), list(position), list(velocity)
    return Barrier(
        lambda x: clearance_after_braking(x[p] - c, x[v], radius, deceleration),
        alpha=alpha,
        name=name,
        priority=priority,
    )


def stopping_keep_out(
    center: ArrayLike,
    radius: float,
    deceleration: float,
    *,
    speed: int = 3,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "keep_out",
    priority: int = 0,
) -> Barrier:
    """A disc, for robots that drive along their heading (`unicycle_accelerated`, `bicycle`).

    Args:
        center: Shape ``(2,)`` [m].
        radius: Of the disc and the robot together [m].
        deceleration: ``a`` that can always be had [m/s^2].
        speed: Index of v.
        at: The position, which moves at no more than v.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(radius=radius, deceleration=deceleration)
    where, c = place(at), point("center", center, at)

    def h(x: Any) -> Any:
        stop = x[speed] * x[speed] / (2.0 * deceleration)
        return np.linalg.norm(where(x) - c) - radius - stop

    return Barrier(h, alpha=alpha, name=name, priority=priority)


def stopping_lidar_points(
    radius: float,
    deceleration: float,
    *,
    speed: int = 3,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "point",
    priority: int = 0,
) -> Barrier:
    """As `stopping_keep_out`, one row for each of `Context.points`.

    Args:
        radius: Of the robot, and half the gap between points that nothing slips through [m].
        deceleration: ``a`` that can always be had [m/s^2].
        speed: Index of v.
        at: The position.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(radius=radius, deceleration=deceleration)
    where = place(at)

    def h(x: Any, p: Any) -> Any:
        stop = x[speed] * x[speed] / (2.0 * deceleration)
        return np.linalg.norm(where(x) - p) - radius - stop

    return Barrier(h, alpha=alpha, name=name, priority=priority, over="points")


def clearance_after_braking(e: Any, v: Any, radius: float, deceleration: float) -> Any:
    """``|e| - radius - c_+^2 / (2 deceleration)``, c the closing speed [m]."""
    distance = np.linalg.norm(e)
    closing = np.maximum(-(e @ v) / distance, 0.0)
    return distance - radius - closing * closing / (2.0 * deceleration)
