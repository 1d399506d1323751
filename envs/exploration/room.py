"""Where the robot may stand in the belief, and how roomy it is there, kept current in a window."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief

_FREE, _OCCUPIED = 1, 2

ROOM_CAP: Final = 12
"""Room is measured up to this many cells."""


def clearance_disc(clearance_m: float, resolution_m: float) -> NDArray[np.int32]:
    """Cells whose centres are within a clearance of the square of the cell ``(0, 0)``.

    Args:
        clearance_m: The clearance [m].
        resolution_m: Side of a cell [m].

    Returns:
        Offsets ``(dx, dy)``, shape ``(k, 2)``, ``(0, 0)`` among them.
    """
    reach = int(np.ceil(clearance_m / resolution_m + 0.5))
    steps = np.arange(-reach, reach + 1)
    dy, dx = np.meshgrid(steps, steps, indexing="ij")
    gap = np.hypot(np.maximum(np.abs(dx) - 0.5, 0.0), np.maximum(np.abs(dy) - 0.5, 0.0))
    inside = gap * resolution_m <= clearance_m + 1e-9
    return np.stack((dx[inside], dy[inside]), axis=1).astype(np.int32)


@njit(cache=True)
def refresh_safe(
    belief: Belief,
    safe: NDArray[np.bool_],
    disc: NDArray[np.int32],
    reach: int,
    iy0: int,
    iy1: int,
    ix0: int,
    ix1: int,
) -> None:
    """Brings the safe cells up to date after the belief changed inside a window.

    A cell is safe when it is free and lies in no occupied cell's disc.

    Args:
        belief: The belief, shape ``(H, W)``.
        safe: Mask of safe cells, shape ``(H, W)``, right for the belief before the change.
        disc: Offsets from `clearance_disc`.
        reach: Largest coordinate among them.
        iy0: First row of what changed.
        iy1: Row past the last.
        ix0: First column.
        ix1: Column past the last.
    """
    height, width = belief.shape
    y0, y1 = max(iy0 - reach, 0), min(iy1 + reach, height)
    x0, x1 = max(ix0 - reach, 0), min(ix1 + reach, width)
    for y in range(y0, y1):
        for x in range(x0, x1):
            safe[y, x] = belief[y, x] == _FREE
    for y in range(max(y0 - reach, 0), min(y1 + reach, height)):
        for x in range(max(x0 - reach, 0), min(x1 + reach, width)):
            if belief[y, x] != _OCCUPIED:
                continue
            for k in range(disc.shape[0]):
                u, v = x + disc[k, 0], y + disc[k, 1]
                if x0 <= u < x1 and y0 <= v < y1:
                    safe[v, u] = False


@njit(cache=True)
def refresh_room(
    safe: NDArray[np.bool_], room: NDArray[np.uint8], iy0: int, iy1: int, ix0: int, ix1: int
) -> None:
    """Brings the room of every cell up to date after safe cells changed inside a window.

    Room is the chessboard distance to the nearest cell that is not safe, at most `ROOM_CAP`;
    what lies outside the map is not safe.

    Args:
        safe: Mask of safe cells, shape ``(H, W)``.
        room: Room of every cell [cells], shape ``(H, W)``.
        iy0: First row of what changed.
        iy1: Row past the last.
        ix0: First column.
        ix1: Column past the last.
    """
    height, width = safe.shape
    y0, y1 = max(iy0 - ROOM_CAP, 0), min(iy1 + ROOM_CAP, height)
    x0, x1 = max(ix0 - ROOM_CAP, 0), min(ix1 + ROOM_CAP, width)
    for y in range(y0, y1):
        for x in range(x0, x1):
            if not safe[y, x]:
                room[y, x] = 0
                continue
            best = ROOM_CAP
            if y == 0 or x == 0 or x == width - 1:
                best = 1
            else:
                best = min(best, room[y, x - 1] + 1, room[y - 1, x - 1] + 1)
                best = min(best, room[y - 1, x] + 1, room[y - 1, x + 1] + 1)
            room[y, x] = best
    for y in range(y1 - 1, y0 - 1, -1):
        for x in range(x1 - 1, x0 - 1, -1):
            best = room[y, x]
            if best == 0:
                continue
            if y == height - 1 or x == 0 or x == width - 1:
                best = 1
            else:
                best = min(best, room[y, x + 1] + 1, room[y + 1, x + 1] + 1)
                best = min(best, room[y + 1, x] + 1, room[y + 1, x - 1] + 1)
            room[y, x] = best
