"""The fast layer of continuous exploration: a viewpoint policy on top of a path tracker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.tracking import PurePursuit
from hiera.controllers.viewpoint.contract import Choice, RoadmapLike, ViewpointPolicy

FloatArray = NDArray[np.float64]
_RESCUE_STALLS = 3
_RESCUE_NEWS_M2 = 0.2


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
        time_s: Simulated time [s].
        known_m2: Ground known to be free [m^2].
        start: Where paths begin, shape ``(2,)`` [m]: the robot's position, or the nearest place
            with room enough if it has come too near to something.
        roadmap: The viewpoint graph when a decision is due, else None.
        look: The same with whatever the policy needs beyond it, computed when asked for.
        rescue: Path to the nearest frontier that can be reached on the grid, shape ``(k, 2)``
            [m], empty where there is none; asked when the graph offers nothing useful.
        give_up: Says that the frontier to which `rescue` led cannot be got at.
        detour: The way round the corner between two positions, shape ``(k, 2)`` [m], empty if
            there is none; asked where a straight line is not free.
        line_clear: Whether a straight line between two positions is free for the robot.
    """

    pose: FloatArray
    speed: float
    time_s: float
    known_m2: float
    start: FloatArray
    roadmap: RoadmapLike | None
    look: Callable[[], RoadmapLike]
    rescue: Callable[[], FloatArray]
    give_up: Callable[[], None]
    detour: Callable[[FloatArray, FloatArray], FloatArray]
    line_clear: Callable[[FloatArray, FloatArray], bool]


class Explorer:
    """Chooses a viewpoint when a decision is due and tracks the path to it in between.

    A target towards which the robot has made no way for a while is left alone for a time, so
    that somebody who stands in a doorway does not end the exploration.

    Attributes:
        policy: Chooses viewpoints.
        choice: The last choice of the policy.
        decisions: How often the policy was asked.
        reversals: How often it turned back to a target that it had left unfinished.
        stalls: How often a target was left alone because there was no getting on.
    """

    def __init__(
        self,
        policy: ViewpointPolicy,
        tracker: PurePursuit,
        *,
        patience_s: float = 8.0,
        leave_alone_s: float = 30.0,
        reconsider_m2: float = 6.0,
    ) -> None:
        """Sets the controller up.

        Args:
            policy: Chooses viewpoints.
            tracker: Follows the path to them.
            patience_s: Without getting on for this long, the target is left alone [s].
            leave_alone_s: For so long [s].
            reconsider_m2: A target that is still worth it is questioned once this much ground has
                been newly seen [m^2]. Without news there is no reason to change one's mind, so
                no two targets can send the robot to and fro for ever.
        """
        self.policy = policy
        self._tracker = tracker
        self._patience_s = patience_s
        self._leave_alone_s = leave_alone_s
        self._reconsider_m2 = reconsider_m2
        self._clear()

    def _clear(self) -> None:
        self._tracker.follow(np.zeros((0, 2)))
        self.choice = Choice(-1)
        self.decisions = self.reversals = self.stalls = 0
        self._left: list[int] = []
        self._alone: dict[int, float] = {}
        self._stood_at = np.full(2, np.inf)
        self._stood_since = 0.0
        self._rescue_stalls = 0
        self._known_m2 = -np.inf

    def reset(self, seed: int) -> None:
        """Starts a new episode."""
        self.policy.reset(seed)
        self._clear()

    @property
    def path(self) -> FloatArray:
        """The path being followed, shape ``(k, 2)`` [m]."""
        return self._tracker.path

    def act(self, observation: ExplorerObservation, subgoal: HasNode | None) -> FloatArray:
        """Nominal ``(v, omega)``, shape ``(2,)`` [m/s, rad/s]."""
        if observation.roadmap is not None:
            self._watch(observation)
            if not self._keeps_on(observation, observation.roadmap):
                self._decide(observation, observation.look(), subgoal)
        return self._tracker.command(observation.pose, observation.speed, observation.line_clear)

    def _watch(self, seen: ExplorerObservation) -> None:
        """Leaves the target alone when the robot has stood about for too long."""
        if np.hypot(*(seen.pose[:2] - self._stood_at)) > 0.3:
            self._stood_at = seen.pose[:2].copy()
            self._stood_since = seen.time_s
            self._rescue_stalls = 0
        elif seen.time_s - self._stood_since > self._patience_s and len(self.path):
            self._stood_since = seen.time_s
            self.stalls += 1
            if self.choice.found:
                self._alone[self.choice.target] = seen.time_s + self._leave_alone_s
                self._tracker.follow(np.zeros((0, 2)))
                return
            self._rescue_stalls += 1
            if self._rescue_stalls >= _RESCUE_STALLS:
                self._rescue_stalls = 0
                seen.give_up()

    def _decide(
        self, seen: ExplorerObservation, roadmap: RoadmapLike, subgoal: HasNode | None
    ) -> None:
        self.decisions += 1
        self._known_m2 = seen.known_m2
        self._alone = {n: until for n, until in self._alone.items() if until > seen.time_s}
        if self._alone:
            roadmap = Without(roadmap, self._alone)
        choice = self.policy.choose(roadmap, subgoal.node if subgoal is not None else None)
        self._count_reversal(choice, roadmap)
        same, self.choice = choice.target == self.choice.target, choice
        if choice.found and same and self._still_good(seen):
            return
        if choice.found:
            self._tracker.follow(pulled_taut(seen, roadmap.xy[list(choice.path)]))
        else:
            self._tracker.follow(np.vstack((seen.pose[:2], seen.rescue())))

    def _keeps_on(self, seen: ExplorerObservation, roadmap: RoadmapLike) -> bool:
        """Whether the target stands: worth it, not reached, not due for questioning."""
        target = self.choice.target
        if target < 0:
            nothing_new = seen.known_m2 - self._known_m2 < _RESCUE_NEWS_M2
            return nothing_new and self._still_good(seen) and self._tracker.left_m > 0.3
        return bool(
            target < len(roadmap.utility)
            and target not in self._alone
            and roadmap.utility[target] > 0
            and roadmap.robot != target
            and seen.known_m2 - self._known_m2 < self._reconsider_m2
            and self._still_good(seen)
        )

    def _still_good(self, seen: ExplorerObservation) -> bool:
        """Whether the path to the same target can be kept, so that the way does not waver."""
        ahead = self._tracker.ahead
        if len(ahead) == 0 or self._tracker.away(seen.pose) > 0.5:
            return False
        return all(seen.line_clear(a, b) for a, b in pairwise(ahead[:8]))

    def _count_reversal(self, choice: Choice, roadmap: RoadmapLike) -> None:
        before = self.choice.target
        if choice.target == before:
            return
        if choice.found and choice.target in self._left:
            self.reversals += 1
        if before >= 0 and roadmap.utility[before] > 0:
            self._left = [*self._left[-7:], before]


class Without:
    """A viewpoint graph in which some nodes promise nothing for the moment.

    Args:
        roadmap: The graph.
        nodes: Whose utility is hidden.
    """

    def __init__(self, roadmap: RoadmapLike, nodes: Iterable[int]) -> None:
        self.xy = roadmap.xy
        self.indptr = roadmap.indptr
        self.indices = roadmap.indices
        self.lengths = roadmap.lengths
        self.robot = roadmap.robot
        self.outlook = roadmap.outlook
        self.utility = roadmap.utility.copy()
        self.utility[list(nodes)] = 0


def pulled_taut(seen: ExplorerObservation, path: FloatArray) -> FloatArray:
    """The path from the robot's position on, with the corners that need not be driven left out.

    The first node is where the graph has the robot; the way leads past it unless it must.

    Args:
        seen: Gives position and line test.
        path: Node positions, shape ``(k, 2)`` [m].
    """
    points = [seen.pose[:2], seen.start]
    at = 1 if len(path) > 1 else 0
    while at < len(path):
        reach = _farthest_clear(seen, points[-1], path, at)
        if reach < at:
            around = seen.detour(points[-1], path[at])
            if not len(around) and at == 1 and len(points) == 2:
                points.append(path[0])
            points.extend(around[1:-1])
            reach = at
        points.append(path[reach])
        at = reach + 1
    return np.array(points)


def _farthest_clear(seen: ExplorerObservation, here: FloatArray, path: FloatArray, at: int) -> int:
    """Index of the last node within eight that can be driven to straight, ``at - 1`` if none."""
    for ahead in range(min(len(path), at + 8) - 1, at - 1, -1):
        if seen.line_clear(here, path[ahead]):
            return ahead
    return at - 1
