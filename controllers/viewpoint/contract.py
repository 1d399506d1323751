"""What a viewpoint policy is handed and what it answers.

The place of a learned policy is beside the classical ones: anything with `choose` will do, and
the family builds it by its ``kind``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class RoadmapLike(Protocol):
    """The viewpoint graph as arrays, compressed-sparse-row, symmetric; positions in metres."""

    @property
    def xy(self) -> NDArray[np.float64]:
        """Node positions, world frame, shape ``(n, 2)`` [m]."""
        ...

    @property
    def utility(self) -> NDArray[np.int32]:
        """Frontier points seen from each node, shape ``(n,)``."""
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
        """Node the robot is at, or last left."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """Where to go and how.

    Attributes:
        target: Chosen node, or -1 if nothing useful can be reached.
        path: Nodes from the robot's node (first) to the target (last); empty without a target.
    """

    target: int
    path: tuple[int, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is a target."""
        return self.target >= 0


NOWHERE = Choice(-1)


class ViewpointPolicy(Protocol):
    """Chooses the next viewpoint."""

    def reset(self, seed: int) -> None:
        """Starts a new episode."""
        ...

    def choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        """Chooses from the current graph.

        Args:
            roadmap: The viewpoint graph.
            waypoint: Node of the slow layer's current waypoint, or None.
        """
        ...
