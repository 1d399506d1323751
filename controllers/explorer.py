"""The fast layer of continuous exploration: a viewpoint policy on top of a path tracker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.tracking import PurePursuit
from hiera.controllers.viewpoint.contract import Choice, RoadmapLike, ViewpointPolicy

FloatArray = NDArray[np.float64]


class HasNode(Protocol):
    """A subgoal that stands at a node of the viewpoint graph."""

    @property
    def node(self) -> int:
        """The node."""
        ...


@dataclass(frozen=True, slots=True)
class ExplorerObservation:
    """What the fast layer sees at a tick.

    Attributes:
        pose: ``(x, y, theta)``, shape ``(3,)`` [m, m, rad].
        speed: Forward speed [m/s].
        roadmap: The viewpoint graph when a decision is due, else None.
        rescue: Path to the nearest frontier that can be reached on the grid, shape ``(k, 2)``
            [m], empty where there is none; asked when the graph offers nothing useful.
        line_clear: Whether a straight line between two positions is free for the robot.
    """

    pose: FloatArray
    speed: float
    roadmap: RoadmapLike | None
    rescue: Callable[[], FloatArray]
    line_clear: Callable[[FloatArray, FloatArray], bool]


class Explorer:
    """Chooses a viewpoint when a decision is due and tracks the path to it in between.

    Attributes:
        choice: The last choice of the policy.
        decisions: How often the policy was asked.
        reversals: How often it turned back to a target that it had left unfinished.
    """

    def __init__(self, policy: ViewpointPolicy, tracker: PurePursuit) -> None:
        self._policy = policy
        self._tracker = tracker
        self.choice = Choice(-1)
        self.decisions = 0
        self.reversals = 0
        self._left: list[int] = []

    def reset(self, seed: int) -> None:
        """Starts a new episode."""
        self._policy.reset(seed)
        self._tracker.follow(np.zeros((0, 2)))
        self.choice = Choice(-1)
        self.decisions = self.reversals = 0
        self._left = []

    @property
    def path(self) -> FloatArray:
        """The path being followed, shape ``(k, 2)`` [m]."""
        return self._tracker.path

    def act(self, observation: ExplorerObservation, subgoal: HasNode | None) -> FloatArray:
        """Nominal ``(v, omega)``, shape ``(2,)`` [m/s, rad/s]."""
        if observation.roadmap is not None:
            self._decide(observation, observation.roadmap, subgoal)
        return self._tracker.command(observation.pose, observation.speed)

    def _decide(
        self, seen: ExplorerObservation, roadmap: RoadmapLike, subgoal: HasNode | None
    ) -> None:
        self.decisions += 1
        choice = self._policy.choose(roadmap, subgoal.node if subgoal is not None else None)
        self._count_reversal(choice, roadmap)
        self.choice = choice
        if not choice.found:
            self._tracker.follow(seen.rescue())
            return
        self._tracker.follow(pulled_taut(seen, roadmap.xy[list(choice.path)]))

    def _count_reversal(self, choice: Choice, roadmap: RoadmapLike) -> None:
        before = self.choice.target
        if choice.target == before:
            return
        if choice.found and choice.target in self._left:
            self.reversals += 1
        if before >= 0 and roadmap.utility[before] > 0:
            self._left = [*self._left[-7:], before]


def pulled_taut(seen: ExplorerObservation, path: FloatArray) -> FloatArray:
    """The path from the robot's position on, with the corners that need not be driven left out.

    Args:
        seen: Gives position and line test.
        path: Node positions, shape ``(k, 2)`` [m].
    """
    here = seen.pose[:2]
    points = [here]
    at = 0
    while at < len(path):
        reach = at
        for ahead in range(min(len(path), at + 8) - 1, at, -1):
            if seen.line_clear(points[-1], path[ahead]):
                reach = ahead
                break
        points.append(path[reach])
        at = reach + 1
    return np.array(points)
