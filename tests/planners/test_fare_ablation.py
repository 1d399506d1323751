"""What a language model is told of: places that still matter, or all of them."""

from __future__ import annotations

import numpy as np

from hiera.config.load import resolve
from hiera.controllers.viewpoint import NearestFrontier
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.families.exploration.slow_hops import SlowHops
from hiera.planners import Planner
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.numeric import NumericPlanner
from hiera.planners.exploration.survey import Survey


def _surveys(pruned: bool) -> tuple[list[Survey], float]:
    free = np.zeros((150, 150), np.bool_)
    free[1:-1, 1:-1] = True
    free[::30], free[:, ::30] = False, False
    free[12:18, 1:-1], free[1:-1, 72:78] = True, True
    place = GridMap(free, 0.4, start_m=(6.0, 6.0))
    env = HopEnv([place], cap=60)
    env.reset(seed=0)
    planner = NumericPlanner(pruned=pruned)
    seen: list[Survey] = []

    class Spy:
        def reset(self, seed: int) -> None:
            planner.reset(seed)

        def plan(self, belief: ExplorationBelief, deadline_s: float) -> object:
            seen.append(planner.surveyor.survey(belief))
            return planner.plan_from(seen[-1])

    spy: Planner = Spy()  # type: ignore[type-arg, assignment]
    slow = SlowHops(env, spy)
    policy = NearestFrontier(1.0)
    while env.status is HopStatus.RUNNING:
        choice = policy.choose(env.roadmap(), slow.waypoint())
        if len(choice.path) < 2:
            break
        env.step(env.slot_of(choice.path[1]))
    return seen, env.distance_m


def test_pruning_drops_places_that_are_done_with_and_changes_no_numeric_plan() -> None:
    pruned, way = _surveys(True)
    whole, other = _surveys(False)
    assert way == other
    assert len(pruned) == len(whole) > 3
    assert all(
        set(a.graph.ids.tolist()) <= set(b.graph.ids.tolist())
        for a, b in zip(pruned, whole, strict=True)
    )
    assert sum(len(s.graph.ids) for s in pruned) < 0.8 * sum(len(s.graph.ids) for s in whole)


def test_a_config_says_so() -> None:
    data = {"family": "exploration", "motion": "hop", "planner": {"kind": "fare"}}
    assert resolve(data, ("planner.prune=false",), source="test").data["planner"]["prune"] is False
    assert resolve(data, (), source="test").data["planner"]["prune"] is True
