"""What a covering tour costs if it is begun elsewhere."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.controllers.viewpoint.covering_task import Task
from hiera.controllers.viewpoint.covering_tour import improve
from hiera.controllers.viewpoint.legs import Ways, search


@njit(cache=True)
def with_begin(tour: NDArray[np.int32], begin: int) -> NDArray[np.int32]:
    """A tour's stops after its first, behind another beginning."""
    rest = tour[1:]
    kept = rest[rest != begin]
    out = np.empty(kept.shape[0] + 1, np.int32)
    out[0] = begin
    out[1:] = kept
    return out


@njit(cache=True)
def costs_by_way_of(
    ways: Ways,
    goal: NDArray[np.uint64],
    tour: NDArray[np.int32],
    nodes: NDArray[np.int32],
    rounds: int,
    noise: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Cost to go after hopping from the tour's begin to each of some nodes, the hop included."""
    end = np.zeros(ways.stops.shape[0])
    out = np.empty(nodes.shape[0])
    for k in range(nodes.shape[0]):
        left = goal & ~ways.seen[nodes[k]]
        search(ways, tour[0])
        out[k] = ways.distance[tour[0], nodes[k] + 1]
        if left.any():
            begin = with_begin(tour, nodes[k] + 1)
            _, cost = improve(Task(ways, left, end, 0.0), begin, rounds, noise, rng)
            out[k] += cost
    return out
