"""What a covering tour is to do, what it costs and what it misses.

A tour is an array of stops from which the ways have been searched; ``tour[0]`` is stop 0, the
robot. With ``a_i`` the arrival at its i-th stop, a tour of k stops costs

    a_k + haste * sum_i a_i + end[t_k].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.controllers.viewpoint.legs import Ways

Tour = NDArray[np.int32]


class Task(NamedTuple):
    """What a tour is to do.

    Attributes:
        ways: Stops and the ways between them; those from stop 0 have been searched.
        goal: Frontiers to be seen, bit row, shape ``(words,)``.
        end: Cost of ending at each stop, shape ``(m,)`` [m].
        haste: Weight of the arrivals.
    """

    ways: Ways
    goal: NDArray[np.uint64]
    end: NDArray[np.float64]
    haste: float


@njit(cache=True)
def tour_cost(task: Task, tour: Tour) -> float:
    """Cost of a tour whose stops but the last have been searched [m]."""
    distance, at, late = task.ways.distance, 0.0, 0.0
    for i in range(1, tour.shape[0]):
        at += distance[tour[i - 1], tour[i]]
        late += at
    return float(at + task.haste * late + (task.end[tour[-1]] if tour.shape[0] > 1 else 0.0))


@njit(cache=True)
def missed(task: Task, tour: Tour) -> NDArray[np.uint64]:
    """Frontiers of the goal that a tour does not see, bit row."""
    cover, left = task.ways.cover, task.goal.copy()
    for i in range(1, tour.shape[0]):
        for w in range(left.shape[0]):
            left[w] &= ~cover[tour[i - 1], tour[i], w]
    return left


@njit(cache=True)
def complete(task: Task, tour: Tour) -> bool:
    """Whether a tour sees the goal."""
    return bool(not missed(task, tour).any())


@njit(cache=True)
def without(tour: Tour, first: int, count: int) -> Tour:
    """A tour less some stops in a row."""
    out = np.empty(tour.shape[0] - count, np.int32)
    out[:first] = tour[:first]
    out[first:] = tour[first + count :]
    return out
