"""What a planner knows when it plans: a snapshot of the viewpoint graph and of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class RoadmapLike(Protocol):
    """The viewpoint graph as plain arrays; symmetric, compressed-sparse-row.

    Node indices never change while an episode lasts; a node that has become unusable stays with
    utility 0 and no edges.
    """

    @property
    def version(self) -> int:
        """Grows with every change of the graph or its utilities."""
        ...

    @property
    def xy(self) -> NDArray[np.float64]:
        """Node positions, world frame, shape ``(n, 2)`` [m]."""
        ...

    @property
    def utility(self) -> NDArray[np.int32]:
        """Frontier points seen from each node, shape ``(n,)``."""
        ...

    @property
    def visited(self) -> NDArray[np.bool_]:
        """Whether the robot has been there, shape ``(n,)``."""
        ...

    @property
    def indptr(self) -> NDArray[np.int32]:
        """Row starts, shape ``(n + 1,)``."""
        ...

    @property
    def indices(self) -> NDArray[np.int32]:
        """Neighbours, shape ``(e,)``."""
        ...

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Edge lengths, shape ``(e,)`` [m]."""
        ...

    @property
    def robot(self) -> int:
        """Index of the node the robot is at, or last left."""
        ...


@dataclass(frozen=True, slots=True)
class ExplorationBelief:
    """A snapshot for the slow layer; nothing in it changes while a plan is being made.

    Attributes:
        version: Grows with every change of the belief.
        time_s: Simulated time of the snapshot [s].
        roadmap: The viewpoint graph.
        explored_area_m2: Free area seen so far [m²].
        bounds: Axis-aligned box around what has been seen ``(x_min, y_min, x_max, y_max)`` [m].
        frontier_cells: Reachable frontier cells left on the grid, or None if nobody counted.
    """

    version: int
    time_s: float
    roadmap: RoadmapLike
    explored_area_m2: float
    bounds: tuple[float, float, float, float]
    frontier_cells: int | None = None
