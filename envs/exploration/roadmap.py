"""The viewpoint graph as plain arrays: what planners and controllers are handed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hiera.envs.exploration.outlook import Outlook


@dataclass(frozen=True, slots=True)
class Roadmap:
    """A snapshot of the viewpoint graph, compressed-sparse-row, symmetric.

    A node's index never changes while an episode lasts; a node that has become unusable stays
    in the arrays with utility 0 and no edges.

    Attributes:
        version: Grows with every change of the graph or its utilities.
        xy: Node positions, world frame, shape ``(n, 2)`` [m].
        utility: Number of frontier points seen from each node, shape ``(n,)``.
        visited: Whether the robot has been there, shape ``(n,)``.
        indptr: CSR row starts, shape ``(n + 1,)``.
        indices: CSR neighbours, shape ``(e,)``.
        lengths: Edge lengths, shape ``(e,)`` [m].
        robot: Index of the node the robot is at, or last left.
        outlook: What the belief promises around the robot, if the graph was asked to look.
    """

    version: int
    xy: NDArray[np.float64]
    utility: NDArray[np.int32]
    visited: NDArray[np.bool_]
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    lengths: NDArray[np.float64]
    robot: int
    outlook: Outlook | None = None
