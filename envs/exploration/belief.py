"""What the robot knows of the map: log-odds per cell, updated along the rays of each scan.

Source: H. Moravec, A. Elfes, "High Resolution Maps from Wide Angle Sonar", ICRA 1985, in the
log-odds form of S. Thrun, W. Burgard, D. Fox, "Probabilistic Robotics", 2005, ch. 9:
``l <- clip(l + l_miss)`` for the cells a ray passes, ``l <- clip(l + l_hit)`` for the one it ends
in. Here ``l`` is a small integer. Three things differ, all to live with a range error of the order
of a cell's side:

* A ray of measured range ``r`` counts as having passed the cells that it enters before
  ``r - margin``, with ``margin`` three standard deviations: a range read too long does not erode
  the wall, and the cell in front of the wall is still cleared.
* Its end goes to a cell entered between ``r - margin`` and ``r + margin``: one that is already
  believed occupied if there is one, else the one at ``r + margin / 2``. Otherwise rays that clip
  a corner would throw its hits into the free cell behind it.
* A ray without return is either lost or open to full range, and nobody can tell; it clears as far
  as the shortest of its neighbours, so that a lost ray never opens a wall.

Rays that end on a detected person clear the way to the person and mark nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief

_MISS: Final = 2
_HIT: Final = 4
_LIMIT: Final = 24
_NEIGHBOURS: Final = 3


@njit(cache=True)
def _vote(
    iy: int,
    ix: int,
    change: int,
    now: float,
    log_odds: NDArray[np.int8],
    view: NDArray[np.uint8],
    first_seen: NDArray[np.float32],
    reachable: NDArray[np.bool_],
    window: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Adds one vote to a cell and carries a change of its value into everything kept."""
    before = int(log_odds[iy, ix])
    after = min(max(before + change, -_LIMIT), _LIMIT)
    if after == before:
        return
    log_odds[iy, ix] = after
    value = view[iy, ix]
    if (after < 0 and value == 1) or (after > 0 and value == 2) or after == 0:
        return
    new_value = 1 if after < 0 else 2
    if value == 0:
        first_seen[iy, ix] = now
        counts[1] += 1
    if reachable[iy, ix]:
        if new_value == 1:
            counts[0] += 1
        elif value == 1:
            counts[0] -= 1
    view[iy, ix] = new_value
    counts[2] += 1
    window[0] = min(window[0], iy)
    window[1] = max(window[1], iy + 1)
    window[2] = min(window[2], ix)
    window[3] = max(window[3], ix + 1)


@njit(cache=True)
def _clear_distance(ranges: NDArray[np.float64], k: int, max_range: float, margin: float) -> float:
    """How far ray ``k`` surely went [m]."""
    if ranges[k] < np.inf:
        return float(ranges[k] - margin)
    count = ranges.shape[0]
    clear = float(max_range)
    for j in range(-_NEIGHBOURS, _NEIGHBOURS + 1):
        neighbour = ranges[(k + j) % count]
        if neighbour < np.inf:
            clear = min(clear, float(neighbour - margin))
    return clear


@njit(cache=True)
def integrate_scan(
    log_odds: NDArray[np.int8],
    view: NDArray[np.uint8],
    first_seen: NDArray[np.float32],
    reachable: NDArray[np.bool_],
    window: NDArray[np.int64],
    counts: NDArray[np.int64],
    geometry: NDArray[np.float64],
    pose: NDArray[np.float64],
    ranges: NDArray[np.float64],
    on_person: NDArray[np.bool_],
    now: float,
) -> None:
    """Works one scan into the belief.

    ``geometry`` is ``(resolution, origin_x, origin_y, max_range, margin)``, ``counts`` is
    ``(free and reachable cells known, cells known, changes)``.
    """
    resolution, max_range, margin = geometry[0], geometry[3], geometry[4]
    rows, columns = view.shape
    count = ranges.shape[0]
    gx = (pose[0] - geometry[1]) / resolution
    gy = (pose[1] - geometry[2]) / resolution
    for k in range(count):
        angle = pose[2] + k * (2.0 * np.pi / count)
        dx, dy = np.cos(angle), np.sin(angle)
        clear = _clear_distance(ranges, k, max_range, margin) / resolution
        marks = ranges[k] < np.inf and not on_person[k]
        at = (ranges[k] + 0.5 * margin) / resolution
        end = (ranges[k] + margin) / resolution if marks else clear
        ix, iy = int(np.floor(gx)), int(np.floor(gy))
        step_x, step_y = 1, 1
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
        t = 0.0
        hit_y, hit_x = -1, -1
        while t < end and 0 <= ix < columns and 0 <= iy < rows:
            if t < clear:
                if log_odds[iy, ix] > -_LIMIT:
                    _vote(iy, ix, -_MISS, now, log_odds, view, first_seen, reachable, window,
                          counts)  # fmt: skip
            elif view[iy, ix] == 2:
                hit_y, hit_x = iy, ix
                break
            elif t <= at:
                hit_y, hit_x = iy, ix
            if t_x < t_y:
                t = t_x
                ix += step_x
                t_x += delta_x
            else:
                t = t_y
                iy += step_y
                t_y += delta_y
        if marks and hit_y >= 0:
            _vote(hit_y, hit_x, _HIT, now, log_odds, view, first_seen, reachable, window, counts)


class BeliefMap:
    """The robot's map, kept up to date in place.

    Attributes:
        view: Three-valued map, shape ``(H, W)``, the codes of `grid`; always the same array.
        first_seen: Simulated time at which each cell was first known, ``inf`` before, shape
            ``(H, W)`` float32 [s].
    """

    def __init__(
        self,
        shape: tuple[int, int],
        *,
        resolution_m: float,
        origin_m: tuple[float, float],
        max_range_m: float,
        noise_m: float,
        reachable: NDArray[np.bool_] | None = None,
    ) -> None:
        """Starts with everything unknown.

        Args:
            shape: Rows and columns.
            resolution_m: Side of a cell [m].
            origin_m: World position of the outer corner of cell ``(0, 0)`` [m].
            max_range_m: Range of the lidar [m].
            noise_m: Standard deviation of its ranges [m].
            reachable: Cells counted by `known_free`, shape ``(H, W)``; None counts all.
        """
        margin = max(3.0 * noise_m, 0.1 * resolution_m)
        self._geometry = np.array(
            [resolution_m, origin_m[0], origin_m[1], max_range_m, margin], dtype=np.float64
        )
        self.view: Belief = np.zeros(shape, dtype=np.uint8)
        self.first_seen: NDArray[np.float32] = np.full(shape, np.inf, dtype=np.float32)
        self._log_odds = np.zeros(shape, dtype=np.int8)
        self._reachable = np.ones(shape, dtype=np.bool_) if reachable is None else reachable
        self._counts = np.zeros(3, dtype=np.int64)
        self._window = np.empty(4, dtype=np.int64)
        self._clear_window()

    def _clear_window(self) -> None:
        rows, columns = self.view.shape
        self._window[:] = (rows, 0, columns, 0)

    @property
    def known_free(self) -> int:
        """Number of reachable cells believed free."""
        return int(self._counts[0])

    @property
    def known(self) -> int:
        """Number of cells believed free or occupied."""
        return int(self._counts[1])

    @property
    def version(self) -> int:
        """Grows with every change of a cell's value."""
        return int(self._counts[2])

    def take_changes(self) -> tuple[int, int, int, int] | None:
        """Bounds ``(iy0, iy1, ix0, ix1)`` of what changed since the last call, half-open.

        Returns:
            None if nothing changed.
        """
        if self._window[0] >= self._window[1]:
            return None
        iy0, iy1, ix0, ix1 = (int(v) for v in self._window)
        self._clear_window()
        return iy0, iy1, ix0, ix1

    def integrate(
        self,
        pose: NDArray[np.float64],
        ranges: NDArray[np.float64],
        on_person: NDArray[np.bool_],
        time_s: float,
    ) -> None:
        """Works a full-circle scan into the map.

        Args:
            pose: ``(x, y, heading)`` at the scan, shape ``(3,)`` or longer [m, m, rad].
            ranges: Ranges, ``inf`` for no return, ray ``k`` of ``n`` at ``2 pi k / n`` from the
                heading, shape ``(n,)`` [m].
            on_person: Rays that ended on a detected person, shape ``(n,)``.
            time_s: Simulated time [s].
        """
        integrate_scan(
            self._log_odds, self.view, self.first_seen, self._reachable, self._window,
            self._counts, self._geometry, pose, ranges, on_person, float(time_s),
        )  # fmt: skip
