"""The belief around the robot as a small picture, for policies that read maps.

Channel 0 holds the share of a pixel's cells known to be free, 1 the share known to be occupied,
2 the share that are frontiers, each as 0 ... 255; what is left is unknown. Cells outside the
belief's array count as occupied: the bounds of the place to explore are given. The robot's cell
is the first cell of pixel ``(SIDE / 2, SIDE / 2)``, north is not up but as in the belief.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief

SIDE: Final = 64
"""Pixels along each side."""

CHANNELS: Final = 3

_FREE, _OCCUPIED = 1, 2


@njit(cache=True)
def picture_of(
    belief: Belief, frontier: NDArray[np.bool_], x: int, y: int, pixel: int
) -> NDArray[np.uint8]:
    """Draws the picture around a cell.

    Args:
        belief: The belief, shape ``(H, W)``.
        frontier: Frontier mask, shape ``(H, W)``.
        x: Column of the robot's cell.
        y: Row of the robot's cell.
        pixel: Side of a pixel [cells].

    Returns:
        The picture, shape ``(3, 64, 64)``: channel, row, column.
    """
    height, width = belief.shape
    out = np.zeros((3, 64, 64), np.uint8)
    scale = 255.0 / (pixel * pixel)
    for row in range(64):
        y0 = y + (row - 32) * pixel
        for column in range(64):
            x0 = x + (column - 32) * pixel
            free, occupied, edge = 0, 0, 0
            for v in range(y0, y0 + pixel):
                for u in range(x0, x0 + pixel):
                    if u < 0 or v < 0 or u >= width or v >= height:
                        occupied += 1
                    elif belief[v, u] == _FREE:
                        free += 1
                        edge += frontier[v, u]
                    elif belief[v, u] == _OCCUPIED:
                        occupied += 1
            out[0, row, column] = int(free * scale + 0.5)
            out[1, row, column] = int(occupied * scale + 0.5)
            out[2, row, column] = int(edge * scale + 0.5)
    return out
