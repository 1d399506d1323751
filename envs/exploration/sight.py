"""What can be seen: line tests on a belief, and the ray-cast sensor of the hop protocol.

Source: the sensor and the collision test of DARE (Y. Cao, J. Lew, J. Liang, J. Cheng,
G. Sartoretti, "DARE: Diffusion Policy for Autonomous Robot Exploration", ICRA 2025,
arXiv 2410.16687), written anew as compiled kernels over cells.

Every line is Bresenham's, in this form: with ``a = 2|x1 - x0|``, ``b = 2|y1 - y0|`` and
``e = (a - b) / 2``, step in x and subtract b from e while e > 0, else step in y and add a to e.
The set of cells depends on the end from which it is drawn, so the test is not symmetric.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief

_UNKNOWN, _FREE, _OCCUPIED = 0, 1, 2


Bounds = tuple[int, int, int, int]
"""A rectangle of cells, ``(iy0, iy1, ix0, ix1)``, half open; empty if ``iy0 >= iy1``."""


def ray_ends(range_cells: float, rays: int = 720) -> NDArray[np.int32]:
    """Cells at which the rays of a full turn end, relative to the sensor.

    Rays that end in the same cell read and write the same cells, so one of them is kept.

    Args:
        range_cells: Range of the sensor [cells].
        rays: Rays in a full turn.

    Returns:
        Distinct offsets ``(dx, dy)``, shape ``(k, 2)`` [cells].
    """
    angle = np.arange(rays) * (2.0 * np.pi / rays)
    ends = np.rint(np.stack((np.cos(angle), np.sin(angle)), axis=1) * range_cells)
    return np.unique(ends.astype(np.int32), axis=0)


@njit(cache=True)
def line_clear(belief: Belief, x0: int, y0: int, x1: int, y1: int) -> bool:
    """True if every cell of the line but its last is known to be free.

    Both ends must lie in the belief.
    """
    dx, dy = abs(x1 - x0), abs(y1 - y0)
    sx = 1 if x1 > x0 else -1
    sy = 1 if y1 > y0 else -1
    error = dx - dy
    x, y = x0, y0
    while x != x1 or y != y1:
        if belief[y, x] != _FREE:
            return False
        if error > 0:
            x += sx
            error -= 2 * dy
        else:
            y += sy
            error += 2 * dx
    return True


@njit(cache=True)
def line_inside(mask: NDArray[np.bool_], x0: int, y0: int, x1: int, y1: int) -> bool:
    """True if every cell of the line, its ends included, is set in the mask; symmetric.

    Symmetry comes from drawing every line from its lower end (left, where level).
    """
    if y0 > y1 or (y0 == y1 and x0 > x1):
        x0, y0, x1, y1 = x1, y1, x0, y0
    dx, dy = abs(x1 - x0), abs(y1 - y0)
    sx = 1 if x1 > x0 else -1
    sy = 1 if y1 > y0 else -1
    error = dx - dy
    x, y = x0, y0
    while x != x1 or y != y1:
        if not mask[y, x]:
            return False
        if error > 0:
            x += sx
            error -= 2 * dy
        else:
            y += sy
            error += 2 * dx
    return bool(mask[y1, x1])


@njit(cache=True)
def sense_hop(
    free: NDArray[np.bool_], belief: Belief, x0: int, y0: int, ends: NDArray[np.int32]
) -> tuple[int, int, int, int, int]:
    """Writes one full turn of the sensor into the belief.

    Free cells are written, then exactly the first wall, then the ray ends; the cell at the
    ray's full range is not written.

    Args:
        free: True map, shape ``(H, W)``.
        belief: Belief to write into, shape ``(H, W)``.
        x0: Column of the sensor.
        y0: Row of the sensor.
        ends: Offsets from `ray_ends`.

    Returns:
        The number of free cells that were unknown before, and the `Bounds` of what changed.
    """
    height, width = free.shape
    new = 0
    left, low, right, high = width, height, 0, 0
    for k in range(ends.shape[0]):
        x1, y1 = x0 + ends[k, 0], y0 + ends[k, 1]
        dx, dy = abs(x1 - x0), abs(y1 - y0)
        sx = 1 if x1 > x0 else -1
        sy = 1 if y1 > y0 else -1
        error = dx - dy
        x, y = x0, y0
        while (x != x1 or y != y1) and 0 <= x < width and 0 <= y < height:
            open_cell = free[y, x]
            if belief[y, x] == _UNKNOWN:
                belief[y, x] = _FREE if open_cell else _OCCUPIED
                new += 1 if open_cell else 0
                left, right = min(left, x), max(right, x + 1)
                low, high = min(low, y), max(high, y + 1)
            if not open_cell:
                break
            if error > 0:
                x += sx
                error -= 2 * dy
            else:
                y += sy
                error += 2 * dx
    return new, low, high, left, right
