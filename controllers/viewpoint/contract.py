"""What a viewpoint policy is handed and what it answers.

The place of a learned policy is beside the classical ones: anything with `choose` will do, and
the family builds it by its ``kind``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class OutlookLike(Protocol):
    """The belief around the robot: ``k`` viewpoints, then conjectured nodes, ``t`` together."""

    @property
    def nodes(self) -> NDArray[np.int32]:
        """The viewpoints' numbers in the roadmap, shape ``(k,)``."""
        ...

    @property
    def robot(self) -> int:
        """Position of the robot's node in ``nodes``."""
        ...

    @property
    def indptr(self) -> NDArray[np.int32]:
        """Row starts of the joint graph, shape ``(t + 1,)``."""
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
    def unknown(self) -> NDArray[np.float64]:
        """Share of each edge on unknown ground, 0 where the robot may go now, shape ``(e,)``."""
        ...

    @property
    def seen_indptr(self) -> NDArray[np.int32]:
        """Row starts of what each viewpoint sees, shape ``(k + 1,)``."""
        ...

    @property
    def seen_indices(self) -> NDArray[np.int32]:
        """Frontiers seen, numbers below ``frontiers``."""
        ...

    @property
    def frontiers(self) -> int:
        """How many frontiers are seen at all."""
        ...

    @property
    def promise_m2(self) -> NDArray[np.float64]:
        """Unknown area in optimistic view of each viewpoint, shape ``(k,)`` [m^2]."""
        ...

    @property
    def xy(self) -> NDArray[np.float64]:
        """Positions relative to the robot's node, shape ``(t, 2)`` [m]."""
        ...

    @property
    def picture(self) -> NDArray[np.uint8] | None:
        """The belief around the robot: shares known free, occupied, frontier, ``(3, s, s)``."""
        ...

    @property
    def pixel_m(self) -> float:
        """Side of a pixel of the picture [m]."""
        ...


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

    @property
    def outlook(self) -> OutlookLike | None:
        """What the belief promises around the robot, if the graph was asked to look."""
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
