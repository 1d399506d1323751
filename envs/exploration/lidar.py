"""A planar lidar: rays walked cell by cell through the true map, and cut short by discs.

Source of the walk: J. Amanatides, A. Woo, "A Fast Voxel Traversal Algorithm for Ray Tracing",
Eurographics 1987. A ray ``p + t d`` with ``|d| = 1`` crosses the next vertical grid line at
``t_x`` and the next horizontal one at ``t_y``; the smaller of the two says which cell comes next,
so that every cell the ray touches is visited once, in order, and its entry distance is exact.

Ray ``k`` of ``n`` points ``2 pi k / n`` counter-clockwise of the robot's heading. A ray that meets
nothing within range and a ray that is lost (absorbed, reflected away) look the same, as on a real
sensor: its range is ``inf``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import GridMap

WALL: Final = -1
"""In `Scan.hits`: the ray ended on a blocked cell."""
NOTHING: Final = -2
"""In `Scan.hits`: the ray came back from nowhere."""


@njit(cache=True)
def first_wall(
    free: NDArray[np.bool_], gx: float, gy: float, dx: float, dy: float, reach: float
) -> float:
    """Distance from a point to the first blocked cell along a direction, all in cell sides.

    Args:
        free: Free mask, shape ``(H, W)``; outside the map all is blocked.
        gx: Start, in cell sides from the outer corner of cell ``(0, 0)``.
        gy: Likewise.
        dx: Unit direction.
        dy: Likewise.
        reach: Beyond this distance nothing is looked for.

    Returns:
        Distance at which the ray enters the blocked cell, or ``inf``.
    """
    rows, columns = free.shape
    ix = int(np.floor(gx))
    iy = int(np.floor(gy))
    if ix < 0 or iy < 0 or ix >= columns or iy >= rows or not free[iy, ix]:
        return 0.0
    step_x, step_y = 1, 1
    # A ray this close to a grid line's direction never crosses such a line within any range.
    delta_x, delta_y, t_x, t_y = np.inf, np.inf, np.inf, np.inf
    if dx > 1e-12:
        delta_x = 1.0 / dx
        t_x = (ix + 1 - gx) * delta_x
    elif dx < -1e-12:
        step_x = -1
        delta_x = -1.0 / dx
        t_x = (gx - ix) * delta_x
    if dy > 1e-12:
        delta_y = 1.0 / dy
        t_y = (iy + 1 - gy) * delta_y
    elif dy < -1e-12:
        step_y = -1
        delta_y = -1.0 / dy
        t_y = (gy - iy) * delta_y
    while True:
        if t_x < t_y:
            t = t_x
            ix += step_x
            t_x += delta_x
        else:
            t = t_y
            iy += step_y
            t_y += delta_y
        if t > reach:
            return np.inf
        if ix < 0 or iy < 0 or ix >= columns or iy >= rows or not free[iy, ix]:
            return t


@njit(cache=True)
def cast_rays(
    free: NDArray[np.bool_],
    resolution: float,
    origin_x: float,
    origin_y: float,
    x: float,
    y: float,
    heading: float,
    max_range: float,
    discs: NDArray[np.float64],
    disc_radius: float,
    ranges: NDArray[np.float64],
    hits: NDArray[np.int64],
) -> None:
    """Casts ``len(ranges)`` rays round the full circle, without noise, into ``ranges, hits``."""
    count = ranges.shape[0]
    spacing = 2.0 * np.pi / count
    gx = (x - origin_x) / resolution
    gy = (y - origin_y) / resolution
    for k in range(count):
        angle = heading + k * spacing
        t = first_wall(free, gx, gy, np.cos(angle), np.sin(angle), max_range / resolution)
        ranges[k] = t * resolution
        hits[k] = -1 if t < np.inf else -2
    for i in range(discs.shape[0]):
        rx = discs[i, 0] - x
        ry = discs[i, 1] - y
        distance = np.hypot(rx, ry)
        if distance - disc_radius > max_range:
            continue
        # Only the rays inside the angle under which the disc is seen need a test.
        half = np.pi if distance <= disc_radius else np.arcsin(disc_radius / distance)
        bearing = np.arctan2(ry, rx) - heading
        first = int(np.floor((bearing - half) / spacing))
        last = int(np.ceil((bearing + half) / spacing))
        for j in range(first, min(last, first + count - 1) + 1):
            k = j % count
            angle = heading + k * spacing
            along = rx * np.cos(angle) + ry * np.sin(angle)
            inside = along * along - distance * distance + disc_radius * disc_radius
            if inside < 0.0:
                continue
            t = along - np.sqrt(inside)
            if distance <= disc_radius:
                t = 0.0
            if 0.0 <= t <= max_range and t < ranges[k]:
                ranges[k] = t
                hits[k] = i


@dataclass(frozen=True, slots=True)
class Scan:
    """One turn of the lidar.

    Attributes:
        ranges: What the sensor reports, noisy, ``inf`` for no return, shape ``(rays,)`` [m].
        hits: What each ray truly ended on: index of a disc, `WALL` or `NOTHING`, shape
            ``(rays,)``. The simulator's knowledge; a robot does not have it.
    """

    ranges: NDArray[np.float64]
    hits: NDArray[np.int64]


_NO_DISCS: Final[NDArray[np.float64]] = np.zeros((0, 2))


@dataclass(frozen=True, slots=True)
class Lidar:
    """A full-circle planar lidar.

    Attributes:
        rays: Number of rays, evenly spaced.
        max_range_m: Range beyond which nothing comes back [m].
        noise_m: Standard deviation of a range [m].
        dropout: Probability that a ray is lost.
    """

    rays: int = 720
    max_range_m: float = 20.0
    noise_m: float = 0.02
    dropout: float = 0.01

    def __post_init__(self) -> None:
        if self.rays < 8:
            raise ValueError(f"a lidar needs at least 8 rays, got {self.rays}")
        if not self.max_range_m > 0.0:
            raise ValueError(f"max_range_m must be positive, got {self.max_range_m}")
        if self.noise_m < 0.0 or not 0.0 <= self.dropout < 1.0:
            raise ValueError(
                f"noise_m must be >= 0 and dropout in [0, 1), got {self.noise_m}, {self.dropout}"
            )

    def angles(self, heading: float) -> NDArray[np.float64]:
        """Directions of the rays in the world frame, shape ``(rays,)`` [rad]."""
        return heading + np.arange(self.rays, dtype=np.float64) * (2.0 * np.pi / self.rays)

    def cast(
        self,
        grid: GridMap,
        pose: tuple[float, float, float],
        rng: np.random.Generator | None = None,
        discs: NDArray[np.float64] = _NO_DISCS,
        disc_radius_m: float = 0.25,
    ) -> Scan:
        """Scans from a pose.

        Args:
            grid: The true map.
            pose: ``(x, y, heading)``, world frame [m, m, rad].
            rng: Source of noise and lost rays; None scans without either.
            discs: Centres of round bodies that block rays, shape ``(q, 2)`` [m].
            disc_radius_m: Their radius [m].
        """
        ranges = np.empty(self.rays)
        hits = np.empty(self.rays, dtype=np.int64)
        x, y, heading = float(pose[0]), float(pose[1]), float(pose[2])
        origin_x, origin_y = float(grid.origin_m[0]), float(grid.origin_m[1])
        cast_rays(
            grid.free, float(grid.resolution_m), origin_x, origin_y, x, y, heading,
            float(self.max_range_m), discs, float(disc_radius_m), ranges, hits,
        )  # fmt: skip
        if rng is not None:
            ranges += self.noise_m * rng.standard_normal(self.rays)
            np.maximum(ranges, 0.0, out=ranges)
            lost = rng.random(self.rays) < self.dropout
            ranges[lost] = np.inf
            hits[lost] = NOTHING
        return Scan(ranges, hits)
