"""Frontiers: free cells that border on the unknown, kept current inside the changed window.

A cell is a frontier when it is free and 2 to 7 of its 8 neighbours are unknown; what lies outside
the belief counts as known. Source: DARE (arXiv 2410.16687) and its ancestors; the thinning to
one cell per voxel is theirs too, with its quirk that voxel numbers are cut towards zero, so that
the voxels touching an axis of the world are twice as wide.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief

_UNKNOWN, _FREE = 0, 1


@njit(cache=True)
def is_frontier(belief: Belief, x: int, y: int, x0: int, y0: int, x1: int, y1: int) -> bool:
    """True if a cell is a frontier of the belief cropped to a window (half open)."""
    if belief[y, x] != _FREE:
        return False
    unknown = 0
    for v in range(max(y - 1, y0), min(y + 2, y1)):
        for u in range(max(x - 1, x0), min(x + 2, x1)):
            unknown += belief[v, u] == _UNKNOWN
    return 2 <= unknown <= 7


@njit(cache=True)
def refresh_frontier(
    belief: Belief, mask: NDArray[np.bool_], iy0: int, iy1: int, ix0: int, ix1: int
) -> None:
    """Brings a frontier mask up to date after the belief changed inside a window.

    Args:
        belief: The belief, shape ``(H, W)``.
        mask: Frontier mask, shape ``(H, W)``, right for the belief before the change.
        iy0: First row of what changed.
        iy1: Row past the last.
        ix0: First column.
        ix1: Column past the last.
    """
    height, width = belief.shape
    for y in range(max(iy0 - 1, 0), min(iy1 + 1, height)):
        for x in range(max(ix0 - 1, 0), min(ix1 + 1, width)):
            mask[y, x] = is_frontier(belief, x, y, 0, 0, width, height)


class VoxelAxis(NamedTuple):
    """Where the cells of one axis lie on the voxel lattice, each of shape ``(n,)``.

    Attributes:
        position: Coordinate of the cell's centre, relative to the world's origin [m].
        voxel: Number of its voxel, from 0.
        offset: Distance from the voxel's corner, signed [m].
    """

    position: NDArray[np.float64]
    voxel: NDArray[np.int32]
    offset: NDArray[np.float64]


def voxel_axis(cells: int, zero: int, resolution_m: float, voxel_m: float) -> VoxelAxis:
    """Tabulates an axis, in the floating-point steps of the source, so that ties fall as there.

    Args:
        cells: Cells along the axis.
        zero: Cell whose centre is the world's origin.
        resolution_m: Side of a cell [m].
        voxel_m: Side of a voxel [m].
    """
    position = np.rint((np.arange(cells) - zero) * resolution_m * 1e6) / 1e6
    number = (position / voxel_m).astype(np.int32)
    offset = position - number * voxel_m
    return VoxelAxis(position, (number - number.min()).astype(np.int32), offset)


@njit(cache=True)
def thin(
    x: int,
    y: int,
    across: VoxelAxis,
    along: VoxelAxis,
    best: NDArray[np.int32],
    chosen: NDArray[np.int32],
    count: int,
) -> int:
    """Offers a frontier cell to its voxel, which keeps the one nearest to its corner.

    Of two at equal distance the left one stays, then the lower one.

    Args:
        x: Column of the cell.
        y: Row of the cell.
        across: Table of the columns.
        along: Table of the rows.
        best: Place of each voxel's cell in ``chosen``, -1 where none, shape ``(rows, columns)``.
        chosen: Cells kept so far, ``(x, y)``, shape ``(capacity, 2)``.
        count: How many they are.

    Returns:
        The new count.
    """
    v, u = along.voxel[y], across.voxel[x]
    k = best[v, u]
    if k < 0:
        best[v, u] = count
        chosen[count, 0], chosen[count, 1] = x, y
        return count + 1
    p, q = chosen[k, 0], chosen[k, 1]
    old = np.sqrt(across.offset[p] ** 2 + along.offset[q] ** 2)
    new = np.sqrt(across.offset[x] ** 2 + along.offset[y] ** 2)
    if new < old or (new == old and (x < p or (x == p and y < q))):
        chosen[k, 0], chosen[k, 1] = x, y
    return count
