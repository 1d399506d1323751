"""Real states, beliefs and observations: what the parts of a short episode were handed."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.clock import Clock
from hiera.config.load import resolve
from hiera.controllers.explorer import ExplorerObservation
from hiera.loop import Loop
from hiera.planners import Plan
from hiera.planning import LatencyKind, PlanRunner
from hiera.recording import RunDirectory
from hiera.run import build
from hiera.safety import Context, SafeAction
from hiera.scenario import Scenario

FloatArray = NDArray[np.float64]


@dataclass
class Episode:
    """What was handed to the gate, the planner and the controller, in order."""

    scenario: Scenario[Any, Any, Any]
    loop: Loop
    states: list[FloatArray] = field(default_factory=list)
    actions: list[FloatArray] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    beliefs: list[Any] = field(default_factory=list)
    observations: list[Any] = field(default_factory=list)
    subgoals: list[Any] = field(default_factory=list)


class WatchedGate:
    """Notes the calls of a gate."""

    def __init__(self, gate: Any, seen: Episode) -> None:
        self._gate, self._seen = gate, seen

    def reset(self) -> None:
        self._gate.reset()

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        self._seen.states.append(np.array(x))
        self._seen.actions.append(np.array(u_nominal))
        self._seen.contexts.append(copy.deepcopy(context))
        answer: SafeAction = self._gate.filter(x, u_nominal, context)
        return answer


class WatchedPlanner:
    """Notes the beliefs a planner is asked with."""

    def __init__(self, planner: Any, seen: Episode) -> None:
        self._planner, self._seen = planner, seen

    def reset(self, seed: int) -> None:
        self._planner.reset(seed)

    def plan(self, belief: Any, deadline_s: float) -> Plan[Any]:
        self._seen.beliefs.append(copy.deepcopy(belief))
        plan: Plan[Any] = self._planner.plan(belief, deadline_s)
        return plan


class WatchedController:
    """Notes the observations of a controller."""

    def __init__(self, controller: Any, seen: Episode) -> None:
        self._controller, self._seen = controller, seen

    def reset(self, seed: int) -> None:
        self._controller.reset(seed)

    def act(self, observation: Any, subgoal: Any) -> FloatArray:
        self._seen.observations.append(frozen(observation))
        self._seen.subgoals.append(subgoal)
        action: FloatArray = self._controller.act(observation, subgoal)
        return action


def frozen(observation: Any) -> Any:
    """An observation that can be shown again: what it asks of the world has one fixed answer."""
    if not isinstance(observation, ExplorerObservation):
        return observation
    ahead = None if observation.roadmap is None else copy.deepcopy(observation.look())
    return replace(
        observation,
        look=lambda: ahead,
        pose=observation.pose.copy(),
        start=observation.start.copy(),
        roadmap=copy.deepcopy(observation.roadmap),
        rescue=lambda: np.zeros((0, 2)),
        give_up=lambda: None,
        detour=lambda a, b: np.zeros((0, 2)),
        line_clear=lambda a, b: bool(np.hypot(*(a - b)) < 3.0),
    )


def run_episode(folder: Path, ticks: int, settings: Iterable[str]) -> Episode:
    """Runs so many ticks of a scenario and notes what its parts were handed."""
    resolved = resolve({"family": "exploration", "seed": 5}, list(settings))
    scenario = build(resolved)
    clock = Clock(resolved.data["clock"]["tick_s"])
    plans = PlanRunner(
        scenario.planner, clock, latency=LatencyKind.ZERO, latency_s=0.0, deadline_s=5.0
    )
    loop = Loop(
        scenario,
        clock,
        plans,
        RunDirectory(folder),
        act_period_s=clock.tick_s,
        should_stop=lambda: clock.tick >= ticks,
    )
    seen = Episode(scenario, loop)
    scenario.reset()
    plans._planner = WatchedPlanner(scenario.planner, seen)
    scenario.gate = WatchedGate(scenario.gate, seen)
    scenario.controller = WatchedController(scenario.controller, seen)
    loop.run()
    return seen
