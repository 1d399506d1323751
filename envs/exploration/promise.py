"""How much unknown area a viewpoint looks into if nothing stands in the way.

Rays of the sensor's range that end at known walls only: the gain of H. H. Gonzalez-Banos and J.-C.
Latombe, "Navigation Strategies for Exploring Indoor Environments", IJRR 21(10-11), 2002. What was
counted from a cell holds until something changes within the rays' reach of it.
"""

from __future__ import annotations

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
        self._resolution_m, self._reach = resolution_m, round(range_m / resolution_m)
        turn = np.arange(rays) * (2.0 * np.pi / rays)
        self._turn = np.column_stack((np.cos(turn), np.sin(turn)))
        self._steps = _steps(self._turn, self._reach)
        self._cell = np.full((0, 2), _NOWHERE, np.int32)
        self._area_m2 = np.zeros(0)

    def forget(self, changed: Bounds) -> None:
        """Forgets what may be otherwise now that the belief has changed within some bounds."""
        low, high, left, right = changed
        x, y = self._cell.T
        reach = self._reach + 1
        near = (x >= left - reach) & (x < right + reach) & (y >= low - reach) & (y < high + reach)
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
            self._area_m2 = np.pad(self._area_m2, (0, more))
        new = (self._cell[nodes] != cells).any(axis=1)
        counted = _looked_into(belief, cells[new], self._turn, *self._steps)
        self._cell[nodes[new]] = cells[new]
        self._area_m2[nodes[new]] = self._resolution_m**2 * counted
        return self._area_m2[nodes]


def _steps(
    turn: NDArray[np.float64], reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Columns and rows that rays lead on by, each ``(rays, reach)``, and which are sure of them."""
    at = 0.5 + turn[:, None] * (np.arange(reach)[:, None] + 1)
    across, up = np.floor(at).astype(np.int64).transpose(2, 0, 1)
    # Between two cells rounding decides, which depends on where the ray begins.
    sure = np.abs(at - np.rint(at)).min(axis=(1, 2)) > _EDGE
    return np.ascontiguousarray(across), np.ascontiguousarray(up), sure


@njit(cache=True)
def _looked_into(
    belief: Belief,
    cells: NDArray[np.int32],
    turn: NDArray[np.float64],
    across: NDArray[np.int64],
    up: NDArray[np.int64],
    sure: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Unknown cells in view from each of some cells, if only known walls block it."""
    height, width = belief.shape
    area = np.zeros(cells.shape[0])
    rays, reach = across.shape
    for ray in range(rays):
        for k in range(cells.shape[0]):
            x0, y0, sum_of = np.int64(cells[k, 0]), np.int64(cells[k, 1]), 0
            for step in range(reach):
                if sure[ray]:
                    x, y = x0 + across[ray, step], y0 + up[ray, step]
                else:
                    x = int(np.floor(x0 + 0.5 + turn[ray, 0] * (step + 1)))
                    y = int(np.floor(y0 + 0.5 + turn[ray, 1] * (step + 1)))
                if x < 0 or y < 0 or x >= width or y >= height:
                    break
                here = belief[np.uintp(y), np.uintp(x)]
                if here == _OCCUPIED:
                    break
                if here == _UNKNOWN:
                    sum_of += step + 1
            area[k] += sum_of
    # A ray stands for a sector, whose ring at this step is that many cells.
    for k in range(area.shape[0]):
        area[k] *= 2.0 * np.pi / rays
    return area
