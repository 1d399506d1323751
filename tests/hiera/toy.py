"""The smallest scenario: a point on a line that must not pass 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from hiera.planners import Plan, PlanStatus, Provenance
from hiera.safety import Context, SafeAction, SafetyState, Status
from hiera.scenario import Outcome, Progress, Scenario


class LineEnv:
    """x+ = x + u."""

    action_space: spaces.Space[Any] = spaces.Box(-1.0, 1.0, (1,))
    observation_space: spaces.Space[Any] = spaces.Box(-10.0, 10.0, (1,))

    def __init__(self) -> None:
        self.x = 0.0
        self.executed: list[float] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        self.x = 0.0
        self.executed = []
        return np.array([self.x]), {}

    def step(
        self, action: NDArray[Any]
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        self.executed.append(float(action[0]))
        self.x += float(action[0])
        return np.array([self.x]), 0.0, False, False, {}

    def safety_state(self) -> SafetyState:
        return SafetyState(np.array([self.x]), Context(time_s=float(len(self.executed))))

    def close(self) -> None:
        return None


class Wall:
    """Never passes 1."""

    def reset(self) -> None:
        return None

    def filter(
        self, x: NDArray[np.float64], u_nominal: NDArray[np.float64], context: Context
    ) -> SafeAction:
        u = np.minimum(u_nominal, 1.0 - x)
        changed = bool(u[0] != u_nominal[0])
        status = Status.FILTERED if changed else Status.NOMINAL
        return SafeAction(u, status, changed, margins=1.0 - x, solve_time_s=1e-6)


class Ahead:
    """Plans one step at a time."""

    def reset(self, seed: int) -> None:
        return None

    def plan(self, belief: float, deadline_s: float) -> Plan[float]:
        return Plan([belief + 0.3], PlanStatus.OK, Provenance.NUMERIC, 0, rungs={"tour": 1})


class Towards:
    """Moves towards the subgoal."""

    def reset(self, seed: int) -> None:
        return None

    def act(self, observation: float, subgoal: float | None) -> NDArray[np.float64]:
        return np.array([0.0 if subgoal is None else subgoal - observation])


class Line(Scenario[float, float, float]):
    """Walks to the right until the time is up."""

    columns = ("x",)

    def __init__(self, steps: int = 20) -> None:
        self.env = self.line = LineEnv()
        self.planner = Ahead()
        self.controller = Towards()
        self.gate = Wall()
        self.steps = steps
        self.goal: float | None = None

    def reset(self) -> None:
        self.line.reset()

    def observe(self, tick: int, now_s: float) -> float:
        return self.line.x

    def belief(self) -> float:
        return self.line.x

    def wants_plan(self, now_s: float) -> bool:
        return True

    def accept(self, plan: Plan[float], now_s: float) -> None:
        self.goal = plan.subgoals[0]

    def subgoal(self) -> float | None:
        return self.goal

    def after_step(
        self,
        observation: Any,
        info: Mapping[str, Any],
        action: SafeAction,
        nominal: NDArray[np.float64],
        now_s: float,
    ) -> None:
        return None

    def outcome(self, now_s: float) -> Outcome | None:
        return Outcome("done", True) if len(self.line.executed) >= self.steps else None

    def row(self) -> tuple[float, ...]:
        return (self.line.x,)

    def progress(self) -> Progress:
        return Progress(len(self.line.executed) / self.steps, {})

    def metrics(self) -> dict[str, Any]:
        return {"x": self.line.x}
