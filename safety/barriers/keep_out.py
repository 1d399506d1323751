"""Obstacles to stay out of: discs, balls, ellipsoids, capsules, rounded boxes.

    h = (D(p)^2 - R^2) / (2 R)

with D the distance of the position p to a point, a segment or a box, and R the radius kept from
it. At the boundary h is the clearance in metres (its slope is 1) and it grows with its square
farther out. Where p moves at the input, h'' = |p'|^2 / R is never negative: a held input then
costs no margin, and interval arithmetic sees it, since h is polynomial. The distance itself would
be bounded far more loosely. An ellipsoid's D^2 is its quadratic form, scaled.

Relative degree 1 on single integrators, unicycles (by their speed, not their turn rate, unless a
point off the axle is looked at), velocity-controlled arms; 2 where accelerations are the input:
take `hiera.safety.barriers.braking` there. Compatible with any input limits that allow standing
still, one by one and together; against a disturbance or movers, the robot must be the faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.place import At, place, point
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.limits import each, positive


def _squares(e: Any) -> Any:
    return sum(e[i] * e[i] for i in range(len(e)))


def keep_out_ball(
    center: ArrayLike,
    radius: float,
    *,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "keep_out",
    priority: int = 0,
) -> Barrier:
    """A disc or ball to stay out of; h in metres of clearance near it.

    Args:
        center: Shape ``(d,)`` [m].
        radius: Of the ball and the robot together [m].
        at: The position.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(radius=radius)
    where, c = place(at), point("center", center, at)
    return Barrier(
        lambda x: 0.5 * _squares(where(x) - c) / radius - 0.5 * radius,
        alpha=alpha,
        name=name,
        priority=priority,
    )


def keep_out_ellipsoid(
    center: ArrayLike,
    axes: ArrayLike,
    *,
    rotation: ArrayLike | None = None,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "keep_out",
    priority: int = 0,
) -> Barrier:
    """An ellipse or ellipsoid to stay out of; h in metres at the ends of its shortest axis.

    With e = rotation^T (p - center) and s the shortest axis, h = s (sum (e_i / axes_i)^2 - 1) / 2.

    Args:
        center: Shape ``(d,)`` [m].
        axes: Half lengths, the robot's radius included, shape ``(d,)`` [m].
        rotation: From the ellipsoid's frame to the world's, shape ``(d, d)``.
        at: The position.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    where, c = place(at), point("center", center, at)
    half, turn = each("axes", axes, len(c)), _rotation(rotation, len(c))
    scale = np.sqrt(0.5 * np.min(half)) / half

    def h(x: Any) -> Any:
        return _squares(turn.T @ (where(x) - c) * scale) - 0.5 * np.min(half)

    return Barrier(h, alpha=alpha, name=name, priority=priority)


def keep_out_capsule(
    start: ArrayLike,
    end: ArrayLike,
    radius: float,
    *,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "keep_out",
    priority: int = 0,
) -> Barrier:
    """All points within a radius of a segment; h in metres of clearance near it.

    Args:
        start: Shape ``(d,)`` [m].
        end: Shape ``(d,)``, another point [m].
        radius: Of the capsule and the robot together [m].
        at: The position.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(radius=radius)
    where, a, b = place(at), point("start", start, at), point("end", end, at)
    length = float(np.linalg.norm(b - a))
    if not length > 0.0:
        raise ValueError(f"start and end of a capsule must differ, both are {a.tolist()}")
    along = (b - a) / length

    def h(x: Any) -> Any:
        e = where(x) - a
        s = e @ along
        across = _squares(e - s * along)
        beyond, before = np.maximum(s - length, 0.0), np.maximum(-s, 0.0)
        return 0.5 * (across + beyond * beyond + before * before) / radius - 0.5 * radius

    return Barrier(h, alpha=alpha, name=name, priority=priority)


def keep_out_box(
    center: ArrayLike,
    half: ArrayLike,
    radius: float,
    *,
    rotation: ArrayLike | None = None,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "keep_out",
    priority: int = 0,
) -> Barrier:
    """A box, for a round robot: exactly the points within its radius of the box.

    The radius is what makes it smooth, and it must be positive. Inside the box itself h is flat,
    so a start in there is not led out.

    Args:
        center: Shape ``(d,)`` [m].
        half: Half lengths of the box, shape ``(d,)`` [m].
        radius: Of the robot [m].
        rotation: From the box's frame to the world's, shape ``(d, d)``.
        at: The position.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(radius=radius)
    where, c = place(at), point("center", center, at)
    side, turn = each("half", half, len(c)), _rotation(rotation, len(c))

    def h(x: Any) -> Any:
        e = turn.T @ (where(x) - c)
        square = 0.0
        for i in range(len(side)):
            over, under = np.maximum(e[i] - side[i], 0.0), np.maximum(-e[i] - side[i], 0.0)
            square = square + over * over + under * under
        return 0.5 * square / radius - 0.5 * radius

    return Barrier(h, alpha=alpha, name=name, priority=priority)


def keep_out_movers(
    radius: float,
    *,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "mover",
    priority: int = 0,
) -> Barrier:
    """One row for each of `Context.movers`, which may drive anywhere at their speed.

    Args:
        radius: Of the robot [m]; the movers bring their own.
        at: The position, two-dimensional.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    if not radius >= 0.0:
        raise ValueError(f"radius must not be negative, not {radius!r}")
    where = place(at)

    def h(x: Any, p: Any) -> Any:
        kept = p[2] + radius
        return 0.5 * _squares(where(x) - p[:2]) / kept - 0.5 * kept

    return Barrier(h, alpha=alpha, name=name, priority=priority, over="movers")


def lidar_points(
    radius: float,
    *,
    at: At = (0, 1),
    alpha: float = 1.0,
    name: str = "point",
    priority: int = 0,
) -> Barrier:
    """One row for each of `Context.points`, to be kept at a distance.

    Args:
        radius: Of the robot, and half the gap between points that nothing slips through [m].
        at: The position, two-dimensional.
        alpha: Gain [1/s].
        name: For reports.
        priority: 0 is hard.
    """
    positive(radius=radius)
    where: Callable[[Any], Any] = place(at)
    return Barrier(
        lambda x, p: 0.5 * _squares(where(x) - p) / radius - 0.5 * radius,
        alpha=alpha,
        name=name,
        priority=priority,
        over="points",
    )


def _rotation(value: ArrayLike | None, d: int) -> FloatArray:
    turn = np.eye(d) if value is None else np.array(value, dtype=np.float64)
    if turn.shape != (d, d) or not np.allclose(turn.T @ turn, np.eye(d), atol=1e-9):
        raise ValueError(f"rotation must be an orthogonal matrix of shape ({d}, {d}): {value!r}")
    return turn
