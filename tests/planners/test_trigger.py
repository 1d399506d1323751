"""When a plan is due."""

from __future__ import annotations

from dataclasses import replace

from hiera.planners.exploration import NumericPlanner, Replan, ReplanTrigger, should_replan
from tests.planners.roadmaps import belief, rooms


def test_a_first_plan_is_due_at_once() -> None:
    assert should_replan(None, belief(rooms()), 0.0, useful=frozenset()) is Replan.FIRST
    assert ReplanTrigger().due(rooms(), 0.0)


def test_nothing_is_due_while_nothing_changes() -> None:
    roadmap = rooms()
    plan = NumericPlanner().plan(belief(roadmap), 1.0)
    useful = frozenset(w.community for w in plan.subgoals)
    assert should_replan(plan, belief(roadmap), 1e6, useful=useful) is Replan.NO
    trigger = ReplanTrigger()
    trigger.due(roadmap, 0.0)
    assert not trigger.due(roadmap, 1e6)


def test_a_changed_set_of_useful_places_is_due_but_not_too_soon() -> None:
    roadmap = rooms(4, useful=(1, 2))
    plan = NumericPlanner().plan(belief(roadmap), 1.0)
    assert should_replan(plan, belief(roadmap), 6.0, useful=frozenset()) is Replan.PLACES_CHANGED
    assert should_replan(plan, belief(roadmap), 1.0, useful=frozenset()) is Replan.TOO_SOON
    trigger = ReplanTrigger(min_interval_s=5.0)
    trigger.due(roadmap, 0.0)
    later = replace(rooms(4, useful=(2, 3)), version=1)
    assert trigger.check(later, 4.0) is Replan.TOO_SOON
    assert trigger.check(later, 5.0) is Replan.PLACES_CHANGED
    assert trigger.check(later, 20.0) is Replan.NO


def test_a_reached_waypoint_is_due() -> None:
    roadmap = rooms(3)
    plan = NumericPlanner().plan(belief(roadmap), 1.0)
    useful = frozenset(w.community for w in plan.subgoals)
    arrived = belief(replace(roadmap, robot=plan.subgoals[0].node))
    assert should_replan(plan, arrived, 6.0, useful=useful) is Replan.WAYPOINT_RETIRED
    trigger = ReplanTrigger()
    trigger.due(roadmap, 0.0)
    trigger.waypoint_retired()
    assert trigger.check(roadmap, 1.0) is Replan.TOO_SOON
    assert trigger.check(roadmap, 6.0) is Replan.WAYPOINT_RETIRED
    assert trigger.check(roadmap, 12.0) is Replan.NO


def test_reset_starts_a_new_episode() -> None:
    trigger = ReplanTrigger()
    trigger.due(rooms(4), 100.0)
    trigger.reset(0)
    assert trigger.due(rooms(2), 0.0)
