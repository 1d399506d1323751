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
    scale, across = 255.0 / (pixel * pixel), 64 * pixel
    x0 = x - 32 * pixel
    left, right = min(max(x0, 0), width), min(max(x + 32 * pixel, 0), width)
    columns, ahead = right - left, left - x0
    # Cells of a pixel's rows are counted column by column first: many at once.
    count = np.zeros((3, across), np.uint16)
    free, edge = count[0, ahead : ahead + columns], count[2, ahead : ahead + columns]
    occupied = count[1, ahead : ahead + columns]
    for row in range(64):
        count[:] = 0
        for v in range(y + (row - 32) * pixel, y + (row - 31) * pixel):
            if v < 0 or v >= height:
                count[1] += np.uint16(1)
                continue
            known, border = belief[v, left:right], frontier[v, left:right]
            for i in range(known.shape[0]):
                free[i] += known[i] == _FREE
                occupied[i] += known[i] == _OCCUPIED
                edge[i] += (known[i] == _FREE) & border[i]
            count[1, :ahead] += np.uint16(1)
            count[1, ahead + columns :] += np.uint16(1)
        for channel in range(3):
            for column in range(64):
                total = count[channel, column * pixel : (column + 1) * pixel].sum()
                out[channel, row, column] = int(total * scale + 0.5)
    return out
