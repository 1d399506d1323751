"""The subgoal of exploration: a useful viewpoint that enters a place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where to go next, and on behalf of which place.

    Attributes:
        community: Stable id of the place (see `communities`).
        node: Index of the viewpoint in the roadmap.
        xy: Its position, world frame [m].
        utility: Frontier points the whole place still promises.
    """

    community: int
    node: int
    xy: tuple[float, float]
    utility: int
