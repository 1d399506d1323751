"""The numeric planner: complete, reachable, steady."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from hiera.planners import PlanStatus, Provenance
from hiera.planners.exploration import NumericPlanner
from hiera.planners.exploration import survey as survey_module
from hiera.planners.exploration.paths import distances_from
from hiera.planners.exploration.survey import useful_nodes
from tests.planners.roadmaps import ArrayRoadmap, belief, lattice, roadmaps, rooms


def reachable_useful(roadmap: ArrayRoadmap) -> np.ndarray:
    return useful_nodes(roadmap) & np.isfinite(distances_from(roadmap, roadmap.robot))


@given(roadmaps())
@settings(max_examples=60)
def test_plan_visits_every_reachable_useful_place_once(roadmap: ArrayRoadmap) -> None:
    planner = NumericPlanner(radius_m=8.0)
    plan = planner.plan(belief(roadmap, 7), 1.0)
    labels = planner.surveyor.survey(belief(roadmap, 7)).labels
    useful = reachable_useful(roadmap)
    places = [w.community for w in plan.subgoals]
    assert sorted(places) == np.unique(labels[useful]).tolist()
    for waypoint in plan.subgoals:
        assert useful[waypoint.node]
        assert labels[waypoint.node] == waypoint.community
        assert waypoint.xy == tuple(roadmap.xy[waypoint.node])
    assert plan.belief_version == 7
    assert plan.provenance is Provenance.NUMERIC


@given(roadmaps())
@settings(max_examples=60)
def test_status_tells_done_from_out_of_reach(roadmap: ArrayRoadmap) -> None:
    plan = NumericPlanner().plan(belief(roadmap), 1.0)
    if reachable_useful(roadmap).any():
        assert plan.status is PlanStatus.OK
    elif useful_nodes(roadmap).any():
        assert plan.status is PlanStatus.INFEASIBLE
        assert "cannot be reached" in plan.reason
    else:
        assert plan.status is PlanStatus.DONE


def test_legs_over_the_global_graph_are_paths_that_can_be_driven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    roadmap = rooms(6, side=6)
    exact = NumericPlanner().surveyor.survey(belief(roadmap))
    monkeypatch.setattr(survey_module, "EXACT_WORK", 0)
    condensed = NumericPlanner().surveyor.survey(belief(roadmap))
    assert np.array_equal(exact.legs[0], condensed.legs[0])
    middle = exact.legs[1:, 1:]
    # From anchor to anchor against representative to representative: a radius or so either end.
    np.testing.assert_allclose(condensed.legs[1:, 1:], middle, atol=2 * 12.0)


def test_pocket_nearby_is_finished_before_leaving_for_a_large_frontier() -> None:
    # Long corridor; robot at column 3, a small pocket at the left end, the unknown at the right.
    mask = np.ones((1, 40), dtype=bool)
    utility = np.zeros(40, dtype=np.int32)
    utility[0], utility[36:] = 2, 20
    roadmap = lattice(mask, utility, robot=8)
    planner = NumericPlanner(radius_m=8.0)
    assert planner.plan(belief(roadmap), 1.0).subgoals[0].node == 0


def test_first_place_is_kept_while_the_gain_of_changing_is_small() -> None:
    utility = np.zeros(41, dtype=np.int32)
    utility[[0, 40]] = 5
    corridor = lattice(np.ones((1, 41), dtype=bool), utility, spacing_m=2.0, robot=19)
    steady, fickle = NumericPlanner(switch_cost_m=10.0), NumericPlanner(switch_cost_m=0.0)
    for planner in (steady, fickle):
        assert planner.plan(belief(corridor), 1.0).subgoals[0].node == 0
    moved = belief(replace(corridor, robot=21, version=1), 2)
    assert steady.plan(moved, 1.0).subgoals[0].node == 0
    assert fickle.plan(moved, 1.0).subgoals[0].node == 40


def test_waypoint_is_the_useful_node_that_enters_the_place() -> None:
    utility = np.zeros(12, dtype=np.int32)
    utility[[8, 10, 11]] = 4
    corridor = lattice(np.ones((1, 12), dtype=bool), utility, spacing_m=2.0, robot=0)
    plan = NumericPlanner(radius_m=30.0).plan(belief(corridor), 1.0)
    assert [w.node for w in plan.subgoals] == [8]


def test_repair_drops_finished_places_and_appends_new_ones() -> None:
    planner = NumericPlanner(radius_m=14.0)
    start = rooms(4, useful=(1, 2))
    plan = planner.plan(belief(start, 1), 1.0)
    later = rooms(4, useful=(2, 3))
    repaired = planner.repair(plan, belief(replace(later, version=1), 2))
    before = [w.community for w in plan.subgoals]
    after = [w.community for w in repaired.subgoals]
    assert after[0] in before
    assert len(after) == len(set(after)) == 2
    assert after[1] not in before
    assert repaired.belief_version == 2
    assert repaired.provenance is plan.provenance


def test_equal_beliefs_give_equal_plans() -> None:
    roadmap = rooms(5)
    plans = [NumericPlanner().plan(belief(roadmap), 1.0) for _ in range(2)]
    assert plans[0] == plans[1]


def test_robots_own_viewpoint_is_no_waypoint_while_there_is_another() -> None:
    utility = np.array([3, 0, 0, 0, 3], dtype=np.int32)
    corridor = lattice(np.ones((1, 5), dtype=bool), utility, robot=0)
    plan = NumericPlanner().plan(belief(corridor), 1.0)
    assert [w.node for w in plan.subgoals] == [4]


def test_senseless_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        NumericPlanner(switch_cost_m=-1.0)
    with pytest.raises(ValueError, match="positive"):
        NumericPlanner(radius_m=0.0)
