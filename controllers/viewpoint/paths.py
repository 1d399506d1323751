"""Shortest paths on the viewpoint graph, by SciPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from hiera.controllers.viewpoint.contract import NOWHERE, Choice, RoadmapLike


def matrix(roadmap: RoadmapLike) -> csr_array[np.float64]:
    """Sparse matrix of edge lengths, shape ``(n, n)`` [m]."""
    n = len(roadmap.xy)
    return csr_array((roadmap.lengths, roadmap.indices, roadmap.indptr), shape=(n, n))


def from_robot(
    roadmap: RoadmapLike, most_m: float = np.inf
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Distance of every node from the robot's and its predecessor.

    Infinite for a node that is cut off or further than ``most_m`` [m].
    """
    distance, before = dijkstra(
        matrix(roadmap),
        directed=True,
        indices=[roadmap.robot],
        return_predecessors=True,
        limit=most_m,
    )
    return distance[0], before[0]


def useful_elsewhere(roadmap: RoadmapLike, distance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Nodes with utility that can be reached, the robot's own left out, shape ``(n,)``."""
    useful = (roadmap.utility > 0) & np.isfinite(distance)
    useful[roadmap.robot] = False
    return useful


def choice(roadmap: RoadmapLike, target: int, before: NDArray[np.int32]) -> Choice:
    """The shortest path to a target as a `Choice`; nowhere if it is cut off."""
    nodes = [target]
    while nodes[-1] != roadmap.robot:
        previous = int(before[nodes[-1]])
        if previous < 0:
            return NOWHERE
        nodes.append(previous)
    return Choice(target, tuple(reversed(nodes)))
