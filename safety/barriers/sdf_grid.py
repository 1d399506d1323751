"""The signed distance to an occupancy grid as a barrier, smooth and never too large.

At nodes c_ij, `stride` cells apart, stands a lower bound of the distance to the occupied cells (as
squares, not as points; outside of the grid counts as occupied). Between the nodes

    s(p) = sum_ij c_ij B(X - i) B(Y - j),        (X, Y) = p in node spacings a

B the quadratic B-spline (C. de Boor, "A Practical Guide to Splines", 2001): s has a continuous
gradient and piecewise constant second derivatives along the axes. The weights are non-negative, sum
to 1 and have variance a^2/4 an axis, and the true distance changes by no more than it is walked, so
s(p) - a sqrt(1/2) never exceeds the true distance. This is set aside.

    h(p) = s(p) - a sqrt(1/2) - radius          [m]

The second derivatives of s are convex combinations of second differences of the nodes, which gives
the exact bound M on -h'' that a sampled filter needs. It counts only nodes from which the boundary
can be reached within two ticks: farther away, h cannot become negative before the next tick anyway.
Distances have ridges, where two obstacles are equally near, and a ridge of spacing a bends by 2/a:
choose the stride so that speed tick stays well below a.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.place import point
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.limits import positive

_HALF_DIAGONAL = 0.5**0.5


@compiled
def _spline(nodes: FloatArray, x: float, y: float) -> tuple[float, float, float]:
    """Value and slopes at ``(x, y)`` in node spacings; constant outside the nodes."""
    rows, columns = nodes.shape
    i = min(max(int(np.floor(x + 0.5)), 1), columns - 2)
    j = min(max(int(np.floor(y + 0.5)), 1), rows - 2)
    u, v = min(max(x - i, -0.5), 0.5), min(max(y - j, -0.5), 0.5)
    across = (0.5 * (0.5 - u) ** 2, 0.75 - u * u, 0.5 * (0.5 + u) ** 2)
    along = (0.5 * (0.5 - v) ** 2, 0.75 - v * v, 0.5 * (0.5 + v) ** 2)
    across_slope, along_slope = (u - 0.5, -2.0 * u, u + 0.5), (v - 0.5, -2.0 * v, v + 0.5)
    value, dx, dy = 0.0, 0.0, 0.0
    for a in range(3):
        for b in range(3):
            c = nodes[j - 1 + a, i - 1 + b]
            value += c * along[a] * across[b]
            dx += c * along[a] * across_slope[b]
            dy += c * along_slope[a] * across[b]
    return value, (dx if abs(x - i) <= 0.5 else 0.0), (dy if abs(y - j) <= 0.5 else 0.0)


class SdfGrid:
    """A signed distance field with exact gradient and bounded curvature.

    Args:
        occupancy: True where something is or may be, shape ``(rows, columns)``; rows along y.
        resolution: Side of a cell [m].
        origin: Corner of cell ``[0, 0]`` with the least x and y, shape ``(2,)`` [m].
        stride: Cells between two nodes; more is smoother and sets more distance aside.

    Attributes:
        spacing: Distance between nodes ``a`` [m].
        set_aside: What `distance` is lowered by for the smoothing [m].
    """

    def __init__(
        self,
        occupancy: ArrayLike,
        resolution: float,
        origin: ArrayLike = (0.0, 0.0),
        *,
        stride: int = 1,
    ) -> None:
        positive(resolution=resolution)
        cells = np.array(occupancy, dtype=bool)
        if cells.ndim != 2 or not cells.size:
            raise ValueError(f"occupancy must have two dimensions, not shape {cells.shape}")
        if stride < 1:
            raise ValueError(f"stride must be at least 1, not {stride}")
        corner, rim = point("origin", origin, (0, 1)), 2 * stride + 1
        cells = np.pad(cells, ((rim, rim + stride), (rim, rim + stride)), constant_values=True)
        out = resolution * (distance_transform_edt(~cells) - _HALF_DIAGONAL)
        inside = resolution * (distance_transform_edt(cells) - 0.5)
        nodes = np.where(cells, -inside, out)[::stride, ::stride]
        self._nodes: FloatArray = np.ascontiguousarray(nodes, dtype=np.float64)
        self._first = corner + resolution * (0.5 - rim)
        self.spacing = resolution * stride
        self.set_aside = self.spacing * _HALF_DIAGONAL

    def distance(self, p: ArrayLike) -> float:
        """A lower bound of the signed distance to what is occupied [m].

        Args:
            p: Shape ``(2,)`` [m].
        """
        x, y = (np.asarray(p, dtype=np.float64) - self._first) / self.spacing
        return _spline(self._nodes, x, y)[0] - self.set_aside

    def gradient(self, p: ArrayLike) -> FloatArray:
        """Exact gradient of `distance`, shape ``(2,)``.

        Args:
            p: Shape ``(2,)`` [m].
        """
        x, y = (np.asarray(p, dtype=np.float64) - self._first) / self.spacing
        return np.array(_spline(self._nodes, x, y)[1:]) / self.spacing

    def bends(self, low: float, high: float) -> tuple[float, float, float]:
        """Bounds where `distance` may lie between two values.

        Args:
            low: [m].
            high: [m].

        Returns:
            Largest ``-(least eigenvalue)`` of the Hessian, not below 0 [1/m], its largest norm
            [1/m], and the largest length of the gradient.
        """
        c, a = self._nodes, self.spacing
        inner = (slice(1, -1), slice(1, -1))
        counts = (minimum_filter(c, 3)[inner] <= high + self.set_aside) & (
            maximum_filter(c, 3)[inner] >= low + self.set_aside
        )
        if not np.any(counts):
            return 0.0, 0.0, 0.0
        xx, yy = _second(c) / a**2, _second(c.T).T / a**2
        mixed = np.abs(np.diff(np.diff(c, axis=0), axis=1)) / a**2
        steps_x, steps_y = np.abs(np.diff(c, axis=1)) / a, np.abs(np.diff(c, axis=0)) / a
        xy = np.maximum.reduce(
            [mixed[i : i + len(c) - 2, j : j + c.shape[1] - 2] for i in (0, 1) for j in (0, 1)]
        )
        low_x, high_x = _over_rows(xx)
        low_y, high_y = (bound.T for bound in _over_rows(yy.T))
        least = 0.5 * (low_x + low_y) - np.hypot(0.5 * (low_x - low_y), xy)
        norm = np.maximum.reduce([np.abs(v) for v in (low_x, high_x, low_y, high_y)]) + xy
        slope = np.hypot(_over_patch(steps_x, 1), _over_patch(steps_y, 0))
        return (
            max(0.0, -float(np.min(least[counts]))),
            float(np.max(norm[counts])),
            float(np.max(slope[counts])),
        )

    def barrier(
        self,
        radius: float,
        *,
        speed: float,
        tick_s: float,
        acceleration: float = 0.0,
        disturbance: float = 0.0,
        at: Sequence[int] = (0, 1),
        alpha: float = 1.0,
        name: str = "map",
        priority: int = 0,
    ) -> Barrier:
        """Keeps a round robot clear of what is occupied; relative degree 1.

        Args:
            radius: Of the robot [m].
            speed: Largest length of the position's rate under any input, without the disturbance
                [m/s].
            tick_s: Filter period [s], the same as the filter's.
            acceleration: Largest length of the position's second derivative while the input is
                held [m/s^2]: 0 for a single integrator, ``v_max w_max`` for a unicycle.
            disturbance: Largest length of the position's disturbance [m/s].
            at: Indices of the position in the state.
            alpha: Gain [1/s].
            name: For reports.
            priority: 0 is hard.
        """
        positive(speed=speed, tick_s=tick_s)
        ix, iy = at
        total = speed + disturbance
        *_, slope = self.bends(-np.inf, np.inf)
        concave, norm, _ = self.bends(radius, radius + 2.0 * slope * total * tick_s)
        bend = concave * speed**2 + norm * disturbance * (speed + total) + slope * acceleration

        def h(x: Any) -> float:
            return self.distance((float(x[ix]), float(x[iy]))) - radius

        def gradient(x: Any) -> FloatArray:
            out = np.zeros(len(x))
            out[[ix, iy]] = self.gradient((x[ix], x[iy]))
            return out

        return Barrier(
            h, alpha=alpha, name=name, priority=priority, gradient=gradient, curvature=bend
        )


def _second(c: FloatArray) -> FloatArray:
    """Second differences along the columns, for all rows, shape ``(rows, columns - 2)``."""
    return c[:, 2:] - 2.0 * c[:, 1:-1] + c[:, :-2]


def _over_rows(second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and largest over each row and its two neighbours, shapes ``(rows - 2, columns)``."""
    three = [second[:-2], second[1:-1], second[2:]]
    return np.minimum.reduce(three), np.maximum.reduce(three)


def _over_patch(steps: FloatArray, axis: int) -> FloatArray:
    """Largest step along an axis in each patch of three by three nodes."""
    steps = steps if axis else steps.T
    n = steps.shape[0] - 2
    pair = np.maximum(steps[:, :-1], steps[:, 1:])
    out: FloatArray = np.maximum.reduce([pair[i : i + n] for i in range(3)])
    return out if axis else out.T
