"""Length of the shortest way between two cells through cells known to be free."""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from hiera.envs.exploration.grid import Belief

_FREE = 1
_DIAGONAL = float(np.sqrt(2.0))


@njit(cache=True)
def _straight(belief: Belief, x0: int, y0: int, x1: int, y1: int) -> bool:
    """Whether every cell of the line, sampled twice a cell, is known to be free."""
    steps = max(2 * max(abs(x1 - x0), abs(y1 - y0)), 1)
    for k in range(steps + 1):
        x = int(np.floor(x0 + 0.5 + (x1 - x0) * k / steps))
        y = int(np.floor(y0 + 0.5 + (y1 - y0) * k / steps))
        if belief[y, x] != _FREE:
            return False
    return True


@njit(cache=True)
def shortest_way(belief: Belief, x0: int, y0: int, x1: int, y1: int) -> float:
    """Length of the way [cells]: the straight line if it is free, else steps to eight neighbours.

    A* with the octile distance (P. Hart, N. Nilsson, B. Raphael, 1968).

    Args:
        belief: The belief, shape ``(H, W)``.
        x0: Column of the first cell.
        y0: Row of it.
        x1: Column of the last cell.
        y1: Row of it.

    Returns:
        Infinite where no way is known.
    """
    if _straight(belief, x0, y0, x1, y1):
        return float(np.hypot(x1 - x0, y1 - y0))
    height, width = belief.shape
    length = np.full(height * width, np.inf)
    length[y0 * width + x0] = 0.0
    queue = [(0.0, y0 * width + x0)]
    while len(queue) > 0:
        _, at = heapq.heappop(queue)
        x, y = at % width, at // width
        if x == x1 and y == y1:
            return float(length[at])
        for v in range(max(y - 1, 0), min(y + 2, height)):
            for u in range(max(x - 1, 0), min(x + 2, width)):
                if belief[v, u] != _FREE:
                    continue
                there = length[at] + (_DIAGONAL if u != x and v != y else 1.0)
                if there < length[v * width + u] - 1e-9:
                    length[v * width + u] = there
                    across, along = abs(u - x1), abs(v - y1)
                    left = max(across, along) + (_DIAGONAL - 1.0) * min(across, along)
                    heapq.heappush(queue, (there + left, v * width + u))
    return np.inf
