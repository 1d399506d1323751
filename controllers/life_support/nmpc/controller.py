"""The controller: every few seconds a plan, every tick a command that follows it.

A plan is used only if it was run on the model from where the set is now and costs least of those
at hand: the solver's, the last plan shifted, that with the rule's flow, a course that somebody
advises, and the rule's. The
solver begins with the best of the others. The feed of each tick follows from the estimate by the
plan's own law, so that what a plan could not know is answered within a second.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.contract import Advice, Forecast, Metabolism
from hiera.controllers.life_support.held_demand import HeldDemand
from hiera.controllers.life_support.nmpc.differences import Differences
from hiera.controllers.life_support.nmpc.plan_model import LEAST, MOST, fed
from hiera.controllers.life_support.nmpc.prediction import Prediction
from hiera.controllers.life_support.nmpc.problem import (
    Plan,
    Problem,
    advised,
    demands,
    shifted,
    verified,
)
from hiera.controllers.life_support.nmpc.rti import Outcome, RealTimeSolver
from hiera.controllers.life_support.nmpc.rule import aimed, by_rule, course
from hiera.controllers.life_support.nmpc.scarcity import Scarcity, Stocks
from hiera.controllers.life_support.nmpc.tuning import Tuning
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits, Surroundings
from hiera.safety.life_support.state import DAMPER, FAN, HIGH, LOW

AMBIENT_READING = 12
"""Place of the temperature outside among the readings of the observation."""
FORECAST_S = 10.0
"""Period of the forecast that is asked for [s]."""


class Solver(Protocol):
    """Improves plans."""

    name: str

    def reset(self) -> None:
        """Begins a mission."""
        ...

    def improve(self, problem: Problem, plan: Plan) -> Outcome:
        """A plan that costs no more, or the one it was given and why."""
        ...


@dataclass
class PlanStatistics:
    """What was done since the last reset.

    Attributes:
        solves: Problems that were put.
        failures: How often the solver brought nothing, by what it said.
        sources: Plans used, by who made them.
        iterations: Steps of the solver in all.
        solve_s: Wall time of each problem, with all candidates [s].
    """

    solves: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    iterations: int = 0
    solve_s: list[float] = field(default_factory=list)


class Nmpc:
    """Receding-horizon control of the breathing set.

    Attributes:
        statistics: What was done since the last reset.
        plan: The plan that is followed, or None before the first.
        scarcity: What is dear now.

    Args:
        model: The prediction model; the default one if not given.
        limits: What must hold; the default ones if not given.
        tuning: Horizon and weights.
        metabolism: Says what work lies ahead; by default that it goes on as it is.
        tick_s: Between two calls [s].
        leak: Multiple of the suit's leak that is planned with.

    Raises:
        ValueError: If the tuning names no solver.
        MissingExtra: If it names ``"ipopt"`` and CasADi is not installed.
    """

    def __init__(
        self,
        model: LifeSupportModel | None = None,
        limits: Limits | None = None,
        tuning: Tuning | None = None,
        metabolism: Metabolism | None = None,
        *,
        tick_s: float = 1.0,
        leak: float = 1.0,
    ) -> None:
        self.model = LifeSupportModel() if model is None else model
        self.limits = Limits() if limits is None else limits
        self.tuning = Tuning() if tuning is None else tuning
        self.metabolism: Metabolism = HeldDemand() if metabolism is None else metabolism
        self._tick_s, self._leak = tick_s, leak
        self.prediction = Prediction(self.model, self.tuning.spans)
        self.solver = self._made()
        self._stocks = Stocks(self.model, self.limits, self.tuning.ahead_s)
        self._differences = Differences(
            self.model,
            self.tuning.breath_caution,
            self.limits.oxygen_low + self.tuning.oxygen_margin,
        )
        self._periods = int(np.ceil(self.prediction.spans.sum() / FORECAST_S)) + 1
        self.reset(0)

    def _made(self) -> Solver:
        if self.tuning.solver == "rti":
            return RealTimeSolver(self.prediction, self.tuning.iterations)
        if self.tuning.solver == "ipopt":
            from hiera.controllers.life_support.nmpc.ipopt import IpoptSolver

            return IpoptSolver(self.prediction)
        raise ValueError(f"tuning.solver must be rti or ipopt, not {self.tuning.solver!r}")

    def reset(self, seed: int) -> None:
        """Begins a mission; draws nothing.

        Args:
            seed: Not used.
        """
        self.metabolism.reset()
        self.solver.reset()
        self._stocks.reset()
        self._differences.reset()
        self.statistics = PlanStatistics()
        self.scarcity = Scarcity()
        self.plan: Plan | None = None
        self._since_s, self._began = 0.0, False
        self._choice = np.array([self.tuning.gauge_pa, LEAST[FAN], LEAST[DAMPER]])
        self._ambient_k = 303.15

    def act(
        self, observation: dict[str, Any], subgoal: Advice | None = None
    ) -> NDArray[np.float64]:
        """The command of this tick ``(feed, fan, damper)``, shape ``(3,)``.

        Args:
            observation: See `hiera.envs.life_support.world.LifeSupportEnv`.
            subgoal: A course that somebody proposes, or None.
        """
        elapsed_s = self._tick_s if self._began else 0.0
        self._began = True
        self.metabolism.observe(observation, elapsed_s)
        corrections = self._differences.observe(observation, elapsed_s).vector()
        x = self._differences.believed(observation["estimate"])
        self.scarcity = self._stocks.observe(x, elapsed_s)
        if observation["valid"][AMBIENT_READING]:
            self._ambient_k = float(observation["readings"][AMBIENT_READING])
        self._since_s += elapsed_s
        if self.plan is None or self._since_s >= self.tuning.act_period_s - 1e-9:
            forecast = self.metabolism.forecast(self._periods, FORECAST_S)
            before = self._choice.copy()
            before[FAN:] = observation["command"][FAN:]
            problem = self.problem(x, before, forecast, corrections)
            self.plan = self.planned(problem, subgoal)
            self._since_s = 0.0
        return self._followed(x, corrections)

    def problem(
        self, x: FloatArray, before: FloatArray, forecast: Forecast, corrections: FloatArray
    ) -> Problem:
        """What is to be solved.

        Args:
            x: State as it is believed, shape ``(18,)``.
            before: The choice that holds, shape ``(3,)``.
            forecast: Of the work.
            corrections: Of the model, and the law, shape ``(8,)``.
        """
        spans = self.prediction.spans
        W = np.empty((len(spans), len(Surroundings._fields)))
        W[:, 0] = demands(forecast, spans, self.tuning.caution)
        W[:, 1:] = self._ambient_k, 0.0, self._leak
        dear = self.scarcity if self.tuning.scarce else Scarcity()
        objective = self.tuning.objective(self.limits, dear)
        return Problem(x, np.clip(before, LEAST, MOST), W, corrections, objective)

    def planned(self, problem: Problem, advice: Advice | None = None) -> Plan:
        """The best verified plan, and the statistics with it.

        Args:
            problem: What is to be solved.
            advice: A course that somebody proposes, or None.
        """
        start = time.perf_counter()
        tally, spans = self.statistics, self.prediction.spans
        candidates = [self.by_rule(problem)]
        if self.plan is not None:
            V = shifted(self.plan.V, spans, self._since_s)
            candidates.append(verified("shifted", V, problem, self.prediction))
            # Where work has changed at once, the rule knows the flow and the last plan the rest.
            V = V.copy()
            V[:, FAN] = candidates[0].V[:, FAN]
            candidates.append(verified("mixed", V, problem, self.prediction))
        if advice is not None:
            candidates.append(self._by_advice(problem, advice))
        first = min(candidates, key=lambda plan: plan.cost)
        outcome = self.solver.improve(problem, first)
        if outcome.failure:
            tally.failures[outcome.failure] += 1
        best = min((outcome.plan, first), key=lambda plan: plan.cost)
        tally.solves += 1
        tally.sources[best.source] += 1
        tally.iterations += outcome.iterations
        tally.solve_s.append(time.perf_counter() - start)
        return best

    @property
    def _aims(self) -> FloatArray:
        return np.array([self.tuning.gauge_pa, self.limits.humidity])

    def by_rule(self, problem: Problem) -> Plan:
        """The rule's plan, run on the model."""
        ahead = self.prediction
        V = course(
            problem.x, problem.W, problem.corrections, ahead.spans, ahead.steps, self._aims,
            ahead.record,
        )  # fmt: skip
        return verified("rule", V, problem, ahead)

    def _by_advice(self, problem: Problem, advice: Advice) -> Plan:
        ahead = self.prediction
        U = np.clip(advised(advice, ahead.spans), LOW, HIGH)
        V = aimed(
            problem.x, U, problem.W, problem.corrections, ahead.spans, ahead.steps, ahead.record
        )
        return verified("advice", V, problem, ahead)

    def _followed(self, x: FloatArray, corrections: FloatArray) -> NDArray[np.float64]:
        """The plan's command for now; the rule's if no plan is finite."""
        plan = self.plan
        if plan is None or not np.isfinite(plan.cost):
            aim, humidity = self._aims
            choice = by_rule(x, aim, humidity, corrections, self.prediction.record)
        else:
            ends = np.cumsum(self.prediction.spans)
            k = int(np.searchsorted(ends, self._since_s, side="right"))
            choice = plan.V[min(k, len(plan.V) - 1)]
        self._choice = choice
        feed = fed(x, choice[0], corrections, self.model.parameters)
        command: NDArray[np.float64] = np.clip([feed, choice[1], choice[2]], LOW, HIGH)
        return command
