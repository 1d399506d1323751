"""A course of commands from a belief: the policy aims, the model shows where that leads.

Every `AIM_S` the policy looks at the belief as the model has rolled it on and aims anew; between,
the law of `hiera.controllers.life_support.holding` makes commands of the aims. The optimiser that
is handed the course may begin there.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hiera.controllers.life_support.aiming import AimingLaw
from hiera.controllers.life_support.contract import Advice, Forecast, Metabolism
from hiera.controllers.rl.advisor.aims import aims_of
from hiera.controllers.rl.advisor.features import HORIZONS_S, Features
from hiera.controllers.rl.advisor.weights import Policy, load_policy
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits, Surroundings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.state import N

AIM_S: Final = 30.0
"""For how long aims are held [s], as in training."""
SOURCE: Final = "advisor"
_AMBIENT_K = 303.15


class Advisor:
    """Proposes commands for the next minutes."""

    def __init__(
        self, model: LifeSupportModel | None = None, limits: Limits | None = None, *,
        policy: Policy | None = None, periods: int = 30, period_s: float = 10.0,
    ) -> None:  # fmt: skip
        """Sets the advisor up.

        Args:
            model: The apparatus; the default one if not given.
            limits: What must hold.
            policy: Who aims; the one that comes with the package if not given.
            periods: Commands in a course.
            period_s: For how long each is held [s].

        Raises:
            WeightsError: If the packaged weights cannot be used.
            ValueError: If a number is out of its range.
        """
        if periods < 1 or not period_s > 0.0:
            raise ValueError(f"need periods >= 1 and period_s > 0, got {periods} and {period_s}")
        self._law = AimingLaw(model)
        self._model = self._law.model
        self._features = Features(self._model.parameters, Limits() if limits is None else limits)
        self._policy = load_policy() if policy is None else policy
        self._periods, self._period_s = periods, period_s

    def aims(
        self, x: FloatArray, deviation: FloatArray, ambient_k: float, forecast: Forecast,
        after_s: float = 0.0,
    ) -> FloatArray:  # fmt: skip
        """What is aimed at, shape ``(4,)``: pressure [Pa], factor of the best flow, damper, oxygen.

        Args:
            x: State, shape ``(18,)``.
            deviation: Of each, shape ``(18,)``.
            ambient_k: Temperature outside [K].
            forecast: Of the work.
            after_s: How long after the forecast was made [s].
        """
        flow = self._law.best_flow(x)
        demand, doubt = expected(forecast, after_s + np.array(HORIZONS_S))
        seen = self._features(
            x[None], deviation[None], np.array([flow]), np.array([ambient_k]), demand[None],
            doubt[None],
        )  # fmt: skip
        return aims_of(self._policy(seen)[0])

    def advise(
        self, x: FloatArray, deviation: FloatArray, ambient_k: float, forecast: Forecast
    ) -> Advice:
        """A course of commands.

        Args:
            x: What is believed, shape ``(18,)``.
            deviation: How firmly, shape ``(18,)``.
            ambient_k: Temperature outside [K].
            forecast: Of the work ahead; beyond its end it goes on as it ends.

        Raises:
            ValueError: If the belief is not finite.
        """
        x = np.array(x, dtype=np.float64)
        if x.shape != (N,) or not (np.isfinite(x).all() and np.isfinite(deviation).all()):
            raise ValueError("an advisor needs a finite belief of eighteen states")
        commands = np.empty((self._periods, 3))
        middle = self._period_s * (np.arange(self._periods, dtype=np.float64) + 0.5)
        demand, _ = expected(forecast, middle)
        next_s = 0.0
        aims = np.zeros(0)
        for k in range(self._periods):
            at = k * self._period_s
            if at >= next_s - 1e-9:
                aims = self.aims(x, deviation, ambient_k, forecast, at)
                next_s = at + AIM_S
            # The feed is to cover what is taken up half-way through the period.
            lag = self._model.parameters.uptake_s
            taken = x[names.UPTAKE] + (demand[k] - x[names.UPTAKE]) * (
                1.0 - np.exp(-0.5 * self._period_s / lag)
            )
            commands[k] = self._law.commands(x, float(taken), aims)
            around = Surroundings(float(demand[k]), ambient_k)
            x = self._model.step(x, commands[k], around, self._period_s)
        return Advice(self._period_s, commands, SOURCE)


class Advised:
    """The advisor as a controller of its own: its aims, the law, every tick."""

    def __init__(
        self, advisor: Advisor, metabolism: Metabolism, model: LifeSupportModel | None = None, *,
        tick_s: float = 1.0,
    ) -> None:  # fmt: skip
        """Takes who aims and who forecasts.

        Args:
            advisor: Decides on aims every `AIM_S`.
            metabolism: Is shown every observation.
            model: The apparatus.
            tick_s: Between calls [s].
        """
        self._law, self._tick_s = AimingLaw(model), tick_s
        self._advisor, self._metabolism = advisor, metabolism
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Begins a new episode."""
        self._metabolism.reset()
        self._left_s, self._held = 0.0, np.zeros(0)

    def act(self, observation: dict[str, Any], subgoal: Advice | None = None) -> FloatArray:
        """Commands ``(feed, fan, damper)``, shape ``(3,)``.

        Args:
            observation: See `hiera.envs.life_support.world.LifeSupportEnv`.
            subgoal: Not obeyed.
        """
        x = np.asarray(observation["estimate"], np.float64)
        return self._law.commands(x, float(x[names.UPTAKE]), self.aims(observation))

    def aims(self, observation: dict[str, Any]) -> FloatArray:
        """What the advisor aims at now; called once a tick."""
        self._metabolism.observe(observation, self._tick_s)
        if self._left_s <= 1e-9:
            forecast = self._metabolism.forecast(30, 10.0)
            self._held = self._advisor.aims(
                observation["estimate"], observation["deviation"], outside_k(observation), forecast
            )
            self._left_s = AIM_S
        self._left_s -= self._tick_s
        return self._held


def expected(forecast: Forecast, at_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Demand and its deviation at times, interpolated; before and beyond it as at its ends.

    Args:
        forecast: Of the work.
        at_s: Times after it was made [s].
    """
    times = forecast.period_s * np.arange(1, len(forecast.demand) + 1)
    return np.interp(at_s, times, forecast.demand), np.interp(at_s, times, forecast.deviation)


def outside_k(observation: dict[str, Any]) -> float:
    """Temperature outside that an observation shows, 30 °C where it shows none [K]."""
    there = bool(observation["valid"][-1])
    return float(observation["readings"][-1]) if there else _AMBIENT_K
