"""How much unknown area a viewpoint looks into if nothing stands in the way.

Rays of the sensor's range that end at known walls only: the gain of H. H. Gonzalez-Banos and J.-C.
Latombe, "Navigation Strategies for Exploring Indoor Environments", IJRR 21(10-11), 2002. What was
counted from a cell holds until something changes in the box around all that its rays have met.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.sight import Bounds

_UNKNOWN, _OCCUPIED = 0, 2
_EDGE = 1e-6
_NOWHERE = -1


class Promises:
    """What nodes promise, counted where it is asked for and has changed."""

    def __init__(self, resolution_m: float, range_m: float, rays: int = 72) -> None:
        """Remembers nothing yet.

        Args:
            resolution_m: Side of a cell [m].
            range_m: How far rays reach [m].
            rays: Rays in a full turn.
        """
        self._resolution_m = resolution_m
        self._rays = _rays(rays, round(range_m / resolution_m))
        self._cell = np.full((0, 2), _NOWHERE, np.int32)
        self._box = np.zeros((0, 4), np.int32)
        self._area_m2 = np.zeros(0)

    def forget(self, changed: Bounds) -> None:
        """Forgets what may be otherwise now that the belief has changed within some bounds."""
        low, high, left, right = changed
        x0, y0, x1, y1 = self._box.T
        near = (x1 >= left) & (x0 < right) & (y1 >= low) & (y0 < high)
        self._cell[near] = _NOWHERE

    def of(
        self, belief: Belief, cells: NDArray[np.int32], nodes: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Unknown area in view of some nodes, shape ``(k,)`` [m^2].

        Args:
            belief: The belief, shape ``(H, W)``.
            cells: The nodes' cells, shape ``(k, 2)``.
            nodes: Their numbers, shape ``(k,)``.
        """
        missing = int(nodes.max(initial=-1)) + 1 - len(self._cell)
        if missing > 0:
            more = missing + len(self._cell)
            self._cell = np.pad(self._cell, ((0, more), (0, 0)), constant_values=_NOWHERE)
            self._box = np.pad(self._box, ((0, more), (0, 0)))
            self._area_m2 = np.pad(self._area_m2, (0, more))
        new = (self._cell[nodes] != cells).any(axis=1)
        counted, box = _looked_into(belief, cells[new], self._rays)
        self._cell[nodes[new]], self._box[nodes[new]] = cells[new], box
        self._area_m2[nodes[new]] = self._resolution_m**2 * counted
        return self._area_m2[nodes]


class _Rays(NamedTuple):
    """Where the rays of a full turn lead, step by step.

    Attributes:
        turn: Direction of each, shape ``(rays, 2)``.
        by: Columns and rows that it has led on by, shape ``(rays, reach, 2)``.
        sure: Whether that does not depend on where it begins, shape ``(rays, reach)``: between two
            cells rounding decides.
        straight: Whether all of a ray's steps are sure, shape ``(rays,)``.
    """

    turn: NDArray[np.float64]
    by: NDArray[np.int64]
    sure: NDArray[np.bool_]
    straight: NDArray[np.bool_]


def _rays(count: int, reach: int) -> _Rays:
    angle = np.arange(count) * (2.0 * np.pi / count)
    turn = np.column_stack((np.cos(angle), np.sin(angle)))
    at = 0.5 + turn[:, None] * (np.arange(reach)[:, None] + 1)
    sure = np.abs(at - np.rint(at)).min(axis=2) > _EDGE
    return _Rays(turn, np.floor(at).astype(np.int64), sure, sure.all(axis=1))


@njit(cache=True)
def _inside(by: NDArray[np.int64], x: int, y: int, width: int, height: int) -> int:
    """How many steps of a ray from a cell lie in the map; it does not come back."""
    low, high = 0, int(by.shape[0])
    if min(x, y, width - 1 - x, height - 1 - y) >= high:
        return high
    while low < high:
        middle = (low + high) // 2
        u, v = x + by[middle, 0], y + by[middle, 1]
        if 0 <= u < width and 0 <= v < height:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def _looked_into(
    belief: Belief, cells: NDArray[np.int32], rays: _Rays
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Unknown cells in view from each of some cells, if only known walls block it.

    Returns:
        How many, shape ``(k,)``, and first and last column and row that a ray has met, as
        ``(x0, y0, x1, y1)``, shape ``(k, 4)``.
    """
    height, width = belief.shape
    area, flat = np.zeros(cells.shape[0]), belief.reshape(-1)
    box = np.empty((cells.shape[0], 4), np.int32)
    box[:, :2], box[:, 2:] = cells, cells
    count, reach = rays.sure.shape
    ahead = np.empty(reach, np.int64)
    for ray in range(count):
        by, sure, across, up = rays.by[ray], rays.sure[ray], rays.turn[ray, 0], rays.turn[ray, 1]
        straight = rays.straight[ray]
        for step in range(reach):
            ahead[step] = by[step, 1] * width + by[step, 0]
        for k in range(cells.shape[0]):
            x0, y0, sum_of = np.int64(cells[k, 0]), np.int64(cells[k, 1]), 0
            last_x, last_y = x0, y0
            if straight:
                begin, last = y0 * width + x0, -1
                for step in range(_inside(by, x0, y0, width, height)):
                    last = step
                    here = flat[np.uintp(begin + ahead[step])]
                    if here == _OCCUPIED:
                        break
                    if here == _UNKNOWN:
                        sum_of += step + 1
                if last >= 0:
                    last_x, last_y = x0 + by[last, 0], y0 + by[last, 1]
            else:
                for step in range(reach):
                    x, y = x0 + by[step, 0], y0 + by[step, 1]
                    if not sure[step]:
                        x = int(np.floor(x0 + 0.5 + across * (step + 1)))
                        y = int(np.floor(y0 + 0.5 + up * (step + 1)))
                    if x < 0 or y < 0 or x >= width or y >= height:
                        break
                    last_x, last_y = x, y
                    here = belief[np.uintp(y), np.uintp(x)]
                    if here == _OCCUPIED:
                        break
                    if here == _UNKNOWN:
                        sum_of += step + 1
            area[k] += sum_of
            # A ray leads one way along either axis: what it met lies between its ends.
            box[k, 0], box[k, 2] = min(box[k, 0], last_x), max(box[k, 2], last_x)
            box[k, 1], box[k, 3] = min(box[k, 1], last_y), max(box[k, 3], last_y)
    # A ray stands for a sector, whose ring at this step is that many cells.
    for k in range(area.shape[0]):
        area[k] *= 2.0 * np.pi / count
    return area, box
