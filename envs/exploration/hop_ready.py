"""Any occupancy map as the hop protocol wants it: cells of 0.4 m and a start.

DARE (arXiv 2410.16687) reduces its images by the minimum over blocks; here every cell of the new
grid is free if and only if all that it covers was free. Passages may close, none opens. A map that
is open at its edge gets a wall around it, since the protocol's windows leave out the edge.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hiera.envs.exploration.files import MapError
from hiera.envs.exploration.grid import GridMap

CELL_M: Final = 0.4
_TOUCHING: Final = np.ones((3, 3), np.bool_)
_SLACK: Final = 1e-6


def hop_ready(place: GridMap) -> GridMap:
    """The map on cells of `CELL_M` with a start in a free cell.

    A start that the map has moves to the nearest free cell, if need be. Without one it is the
    free cell nearest the centroid of the largest part that hangs together, corners included.

    Args:
        place: Any map.

    Raises:
        MapError: If nothing free is left.
    """
    free = place.free
    if abs(place.resolution_m - CELL_M) > _SLACK:
        free = coarser(place.free, place.resolution_m, CELL_M)
    if not free.any():
        blocked = "" if place.free.any() else ", nor was there before"
        raise MapError(
            f"map {place.name}: no cell of {CELL_M} m is free{blocked}; check its thresholds and "
            "its resolution_m"
        )
    ready = _walled(replace(place, free=free, resolution_m=CELL_M))
    free = ready.free
    if place.start_m is None:
        x, y = _centre(free)
    else:
        x, y = _nearest(free, *ready.cell(*place.start_m))
    return replace(ready, start_m=ready.centre(x, y))


def _walled(place: GridMap) -> GridMap:
    free, (x, y) = place.free, place.origin_m
    if not (free[[0, -1]].any() or free[:, [0, -1]].any()):
        return place
    side = place.resolution_m
    return replace(place, free=np.pad(free, 1), origin_m=(x - side, y - side))


def coarser(free: NDArray[np.bool_], old_m: float, new_m: float) -> NDArray[np.bool_]:
    """A free mask on other cells; free is what covers nothing but free ones.

    Args:
        free: Shape ``(H, W)``.
        old_m: Side of its cells [m].
        new_m: Side of the new cells [m], smaller or larger.

    Returns:
        Shape of as many whole new cells as fit, at least one each way; beyond the map nothing is
        free.
    """
    rows, columns = free.shape
    low, high = _covered(rows, old_m, new_m)
    left, right = _covered(columns, old_m, new_m)
    blocked = np.zeros((rows + 1, columns + 1), np.int64)
    blocked[1:, 1:] = (~free).cumsum(axis=0).cumsum(axis=1)
    top, bottom = blocked[np.minimum(high, rows)], blocked[low]
    right_in = np.minimum(right, columns)
    inside = (top[:, right_in] - top[:, left]) - (bottom[:, right_in] - bottom[:, left]) == 0
    return np.ascontiguousarray(inside & (high <= rows)[:, None] & (right <= columns))


def _covered(cells: int, old_m: float, new_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First old cell that each new one covers, and the one past its last."""
    count = max(int(np.floor(cells * old_m / new_m + _SLACK)), 1)
    edges = np.arange(count + 1) * (new_m / old_m)
    low = np.floor(edges[:-1] + _SLACK).astype(np.int64)
    return low, np.ceil(edges[1:] - _SLACK).astype(np.int64)


def _centre(free: NDArray[np.bool_]) -> tuple[int, int]:
    labels, _ = ndimage.label(free, structure=_TOUCHING)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    cells = np.argwhere(labels == sizes.argmax())
    away = cells - cells.mean(axis=0)
    y, x = cells[int((away**2).sum(axis=1).argmin())]
    return int(x), int(y)


def _nearest(free: NDArray[np.bool_], x: int, y: int) -> tuple[int, int]:
    cells = np.argwhere(free)
    v, u = cells[int(((cells - (y, x)) ** 2).sum(axis=1).argmin())]
    return int(u), int(v)


def reachable(place: GridMap) -> NDArray[np.bool_]:
    """Free cells that hang together with the start, corners included, shape ``(H, W)``.

    What a robot of no size can get to on the grid itself, whatever a lattice makes of it.

    Args:
        place: A map with a start.

    Raises:
        ValueError: If it has none.
    """
    if place.start_m is None:
        raise ValueError(f"map {place.name} has no start")
    x, y = place.cell(*place.start_m)
    labels, _ = ndimage.label(place.free, structure=_TOUCHING)
    return np.asarray(labels == labels[y, x]) & place.free
