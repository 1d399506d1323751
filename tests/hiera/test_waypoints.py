"""When a plan is followed, passed over and renewed."""

from __future__ import annotations

import numpy as np

from hiera.envs.exploration.roadmap import Roadmap
from hiera.families.exploration.waypoints import Waypoints
from hiera.planners import Plan, PlanStatus, Provenance
from hiera.planners.exploration.waypoint import Waypoint

HERE = np.zeros(2)


def roadmap(*utility: int) -> Roadmap:
    """Nodes five metres apart along the x axis, the first five metres away."""
    n = len(utility)
    return Roadmap(
        version=1,
        xy=np.column_stack((5.0 * (1 + np.arange(n)), np.zeros(n))),
        utility=np.array(utility, np.int32),
        visited=np.zeros(n, np.bool_),
        indptr=np.zeros(n + 1, np.int32),
        indices=np.zeros(0, np.int32),
        lengths=np.zeros(0),
        robot=0,
    )


def plan(*nodes: int) -> Plan[Waypoint]:
    stops = [Waypoint(node, node, (5.0 * (1 + node), 0.0), 1) for node in nodes]
    return Plan(stops, PlanStatus.OK, Provenance.NUMERIC, belief_version=1)


def test_waypoints_that_lost_their_worth_before_the_plan_arrived_are_never_pursued() -> None:
    followed = Waypoints()
    followed.accept(plan(0, 1, 2), roadmap(0, 0, 4), HERE)
    assert followed.current is not None
    assert followed.current.node == 2


def test_a_reached_waypoint_gives_way_to_the_next_and_asks_for_a_new_plan() -> None:
    followed = Waypoints(least_s=5.0)
    graph = roadmap(3, 3)
    assert followed.wants_plan(graph, 0.0)
    followed.accept(plan(0, 1), graph, HERE)
    assert not followed.wants_plan(graph, 10.0)
    followed.retire(graph, np.array([5.0, 0.5]))
    assert followed.current is not None
    assert followed.current.node == 1
    assert followed.wants_plan(graph, 10.0)


def test_nobody_is_asked_sooner_than_the_least_interval_nor_later_than_the_longest() -> None:
    followed = Waypoints(least_s=5.0, longest_s=30.0)
    graph = roadmap(3)
    assert followed.wants_plan(graph, 0.0)
    assert not followed.wants_plan(graph, 4.9)
    followed.accept(plan(0), graph, HERE)
    assert not followed.wants_plan(graph, 29.9)
    assert followed.wants_plan(graph, 30.0)


def test_nothing_is_asked_where_nothing_is_left_to_see() -> None:
    assert not Waypoints().wants_plan(roadmap(0, 0), 100.0)
