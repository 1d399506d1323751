"""Where a round body fits: free masks shrunk by a radius, and what can be reached in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BoolGrid = NDArray[np.bool_]


def standable(
    free: BoolGrid, resolution_m: float, radius_m: float, *, whole_cell: bool = False
) -> BoolGrid:
    """Cells in which the centre of a disc may stand without touching a blocked cell.

    Distances are measured to the squares of the blocked cells; outside the map all is blocked.

    Args:
        free: Free mask, shape ``(H, W)``.
        resolution_m: Side of a cell [m].
        radius_m: Radius of the disc [m].
        whole_cell: True asks it of every point of the cell, False of its centre only.

    Returns:
        Mask of shape ``(H, W)``.
    """
    inner = 1.0 if whole_cell else 0.5
    reach = int(np.ceil(radius_m / resolution_m + inner))
    rows, columns = free.shape
    blocked = np.pad(~free, reach, constant_values=True)
    touched = np.zeros_like(free)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            gap = np.hypot(max(abs(dx) - inner, 0.0), max(abs(dy) - inner, 0.0))
            if gap * resolution_m < radius_m:
                touched |= blocked[
                    reach + dy : reach + dy + rows, reach + dx : reach + dx + columns
                ]
    return free & ~touched


def component_at(mask: BoolGrid, iy: int, ix: int) -> BoolGrid:
    """The 4-connected part of a mask that holds a cell (empty if the cell is not in it)."""
    if not mask[iy, ix]:
        return np.zeros_like(mask)
    labels, _ = ndimage.label(mask)
    return np.asarray(labels == labels[iy, ix])


def largest_component(mask: BoolGrid) -> BoolGrid:
    """The largest 4-connected part of a mask."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == int(sizes.argmax()))
