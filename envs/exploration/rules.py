"""What a viewpoint graph is to be like: DARE's lattice, or one that follows the free space.

The hop rules are those of DARE (arXiv 2410.16687). The continuous ones are ours: FARE
(arXiv 2601.14681) draws viewpoints from the free space and says no more. A lattice of bare
points fails where doorways are narrower than the lattice, so each node moves to the best place
of its block.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Placement(StrEnum):
    """Where in its block a node lies."""

    LATTICE = "lattice"
    """On the lattice point through the start, for ever; only the hop protocol wants that."""
    SNAPPED = "snapped"
    """On the roomiest safe cell of the block, moved when that becomes unsafe."""


@dataclass(frozen=True, slots=True)
class ViewpointRules:
    """Distances that shape a viewpoint graph, all [m] unless said otherwise.

    Attributes:
        placement: Where in its block a node lies.
        spacing_m: Side of a block.
        utility_range_m: Frontiers nearer than this count towards a node's utility.
        voxel_m: Frontiers are thinned to one per square of this side.
        min_utility: Counts up to this become 0 [frontiers].
        update_range_m: Nodes further from the robot keep their utility; lattice only.
        edge_range_m: Nodes further from the robot look for no edges; lattice only.
        window_m: Side of the square around the robot that is looked at; lattice only.
        clearance_m: A cell is safe when every occupied cell is further than this; snapped only.
        visited_range_m: A node counts as visited within this distance; snapped only.
    """

    placement: Placement
    spacing_m: float
    utility_range_m: float
    voxel_m: float
    min_utility: int
    update_range_m: float = 0.0
    edge_range_m: float = 0.0
    window_m: float = 0.0
    clearance_m: float = 0.0
    visited_range_m: float = 0.0

    @property
    def sensor_range_m(self) -> float:
        """Range of the sensor that the rules are for [m]; frontiers count within 0.8 of it."""
        return self.utility_range_m / 0.8

    def __post_init__(self) -> None:
        if min(self.spacing_m, self.utility_range_m, self.voxel_m) <= 0.0:
            raise ValueError("viewpoint rules: spacing, utility range and voxel must be positive")
        if self.clearance_m < 0.0 or self.visited_range_m < 0.0:
            raise ValueError("viewpoint rules: clearance and visited range must not be negative")


HOP: Final = ViewpointRules(
    placement=Placement.LATTICE,
    spacing_m=4.0,
    utility_range_m=16.0,
    voxel_m=1.6,
    min_utility=1,
    update_range_m=40.0,
    edge_range_m=24.0,
    window_m=96.0,
)
"""DARE: a 20 m sensor on cells of 0.4 m."""


def continuous_rules(
    *,
    sensor_range_m: float,
    resolution_m: float,
    clearance_m: float,
    spacing_m: float | None = None,
) -> ViewpointRules:
    """Rules for a robot that drives freely, derived from its sensor and its grid.

    Blocks have a tenth of the sensor's range, between 6 cells and 2 m, so that a block is hardly
    wider than a doorway; each node then moves to the roomiest cell of its block.

    Args:
        sensor_range_m: Range of the sensor [m].
        resolution_m: Side of a cell [m].
        clearance_m: Distance to keep from occupied cells, body included [m].
        spacing_m: Side of a block [m], derived if None.
    """
    if spacing_m is None:
        spacing_m = max(6 * resolution_m, min(2.0, sensor_range_m / 10.0))
    side = max(round(spacing_m / resolution_m), 1) * resolution_m
    return ViewpointRules(
        placement=Placement.SNAPPED,
        spacing_m=side,
        utility_range_m=0.8 * sensor_range_m,
        voxel_m=max(round(0.08 * sensor_range_m / resolution_m), 2) * resolution_m,
        min_utility=0,
        clearance_m=clearance_m,
        visited_range_m=0.75 * side,
    )


def adaptive_hop_rules(resolution_m: float) -> ViewpointRules:
    """Rules for hopping where DARE's lattice does not get through: nodes follow the free space.

    Args:
        resolution_m: Side of a cell [m].
    """
    return continuous_rules(
        sensor_range_m=HOP.sensor_range_m,
        resolution_m=resolution_m,
        clearance_m=0.0,
        spacing_m=HOP.spacing_m,
    )
