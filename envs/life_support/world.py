"""The world of the breathing set: a plant that the model does not know, its sensors, its belief.

Every tick of a second the set obeys ``(feed, fan, damper)`` within its limits, the wearer works as
the scenario has it, sensors are read, cells are voted, and the belief is updated. An episode ends
when a hard limit is passed (gas that is breathed: as an average over a minute, after 42 CFR 84.303;
overpressure: at once), or when oxygen or lime no longer suffice for the way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from hiera.envs.life_support import apparatus
from hiera.envs.life_support.catalogue import mission, scenario
from hiera.envs.life_support.estimator import Estimate, Estimator
from hiera.envs.life_support.plant import SIZE, VALVE, advance_plants
from hiera.envs.life_support.scenarios import Scenario
from hiera.envs.life_support.sensors import COUNT, SENSORS, SensorSuite, truths
from hiera.envs.life_support.voting import Voter
from hiera.envs.life_support.watch import Watch
from hiera.safety.contract import Context, FloatArray, SafetyState
from hiera.safety.life_support import LifeSupportModel, Limits, Readings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.barriers import oxygen_needed
from hiera.safety.life_support.lowest_cell import with_less_oxygen
from hiera.safety.life_support.metabolism import output_for, ventilation_for
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.removal import with_factors
from hiera.safety.life_support.state import HIGH, LOW, N
from hiera.safety.life_support.stocks import best_flow

Observation = dict[str, NDArray[Any]]
STREAMS: Final = ("scenario", "plant", "sensors")
"""Random streams of an episode, in the order in which they are spawned from its seed."""
ENDS: Final = (
    "oxygen_low", "oxygen_hard", "dioxide", "pressure", "oxygen_reserve", "lime_reserve", "core",
)  # fmt: skip
"""What ends an episode."""


_WORKING_K = 320.0
"""Least temperature of a bed on the way out: the way out warms it [K]."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """An episode so far.

    Attributes:
        sim_time_s: Simulated time [s].
        ended_by: One of `ENDS`, or empty.
        oxygen_low: Least fraction of oxygen, minute's average.
        oxygen_high: Largest fraction of oxygen, minute's average.
        dioxide_pa: Largest pressure of CO2, minute's average [Pa].
        gauge_low_pa: Least overpressure [Pa].
        enriched_s: Time above the strict fire ceiling [s].
        alarm_s: Time above the CO2 alarm [s].
        core_k: Highest core temperature [K].
        cylinder: Filling of the cylinder.
        conversion: Lime used up.
    """

    sim_time_s: float
    ended_by: str
    oxygen_low: float
    oxygen_high: float
    dioxide_pa: float
    gauge_low_pa: float
    enriched_s: float
    alarm_s: float
    core_k: float
    cylinder: float
    conversion: float


class LifeSupportEnv(gym.Env[Observation, NDArray[np.float64]]):
    """One breathing set and its wearer.

    Observation: ``readings`` ``(13,)`` in the sensors' units, 0 where there is none; ``valid``
    ``(13,)``, 1 where there is one; ``estimate`` ``(18,)`` and ``deviation`` ``(18,)`` in the
    states' units; ``removal`` ``(3,)``, this set's `hiera.safety.life_support.removal.Factors`;
    ``behind`` ``(1,)``, how much less oxygen the lowest cell shows, see
    `hiera.safety.life_support.lowest_cell`; ``command`` ``(3,)``, the last one. Nothing tells of
    the mission ahead.

    Action: ``(feed, fan, damper)`` [mol/s, m^3/s, 1], clipped to their limits.

    Reward: minutes lived, less half of those spent above the CO2 alarm and half of those above the
    strict fire ceiling; an hour is taken off when a hard limit is passed.

    Terminates by one of `ENDS`; truncates at ``max_time_s``.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (Gymnasium's own signature)

    def __init__(
        self,
        scenario: str | Scenario | None = None,
        *,
        model: LifeSupportModel | None = None,
        limits: Limits | None = None,
        spread: float = 1.0,
        voter: Voter | None = None,
        heat_ends: bool = False,
        tick_s: float = 1.0,
        max_time_s: float = 4 * 3600.0,
    ) -> None:
        """Builds the world.

        Args:
            scenario: A name of the catalogue, a scenario, or None for a random mission at every
                reset.
            model: The prediction model that the belief is formed with, and about which plants are
                spread; the default one if not given.
            limits: What ends an episode.
            spread: Multiplies how far plants and sensors differ; 0 for nominal ones.
            voter: Of the oxygen cells; the median by default.
            heat_ends: Whether the wearer's core temperature ends an episode.
            tick_s: Period of commands and readings [s].
            max_time_s: Simulated time after which an episode is cut off [s].

        Raises:
            ValueError: If a number is out of its range or the scenario is not known.
        """
        if not 0.0 < tick_s <= 1.0 or not max_time_s > 0.0 or spread < 0.0:
            raise ValueError(
                "need 0 < tick_s <= 1, max_time_s > 0 and spread >= 0, got "
                f"{tick_s}, {max_time_s}, {spread}"
            )
        self._asked = _resolved(scenario)
        self.model = LifeSupportModel() if model is None else model
        self.limits = Limits() if limits is None else limits
        self.tick_s, self._max_time_s, self._spread = (
            float(tick_s),
            float(max_time_s),
            float(spread),
        )
        self._heat_ends = heat_ends
        self.watch = Watch()
        self.estimator = Estimator(
            self.model, Voter() if voter is None else voter, tick_s=self.tick_s
        )
        self.action_space = spaces.Box(np.array(LOW), np.array(HIGH), dtype=np.float64)
        low, high = (np.array([getattr(s, side) for s in SENSORS]) for side in ("low", "high"))
        anything = spaces.Box(-np.inf, np.inf, (N,), np.float64)
        observed: Any = spaces.Dict(
            {
                "readings": spaces.Box(np.minimum(low, 0.0), high, dtype=np.float64),
                "valid": spaces.MultiBinary(COUNT),
                "estimate": anything,
                "deviation": spaces.Box(0.0, np.inf, (N,), np.float64),
                "removal": spaces.Box(0.0, np.inf, (3,), np.float64),
                "behind": spaces.Box(0.0, 1.0, (1,), np.float64),
                "command": spaces.Box(np.array(LOW), np.array(HIGH), dtype=np.float64),
            }
        )
        self.observation_space = observed

    # Episode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Closes a set and starts an episode.

        Args:
            seed: Seed of the episode's streams (`STREAMS`); None draws one.
            options: Not used.
        """
        super().reset(seed=seed)
        entropy = int(self.np_random.integers(2**62)) if seed is None else seed
        children = np.random.SeedSequence(entropy).spawn(len(STREAMS))
        which, plant, sensing = (np.random.default_rng(c) for c in children)
        self.scenario = self._asked or mission(int(which.integers(2**31)))
        self.constants = apparatus.drawn(self.model.parameters, 1, plant, self._spread)
        self._own = apparatus.named(self.constants)
        self._acting = self.scenario.acting(0.0)
        self.sensors = SensorSuite(sensing, self.scenario.events, self._spread)
        self.watch.reset()
        self.state = self._closed()
        self._ticks, self._ended = 0, ""
        self._command = np.array([float(self.state[names.UPTAKE]), *self.state[N - 2 : N]])
        self._command = np.clip(self._command, LOW, HIGH)
        span = max(1, round(self.limits.average_s / self.tick_s))
        now = self.truth
        self._breathed = np.tile([float(now.oxygen), float(now.dioxide_pa)], (span, 1))
        self._worst = np.array([1.0, 0.0, 0.0, np.inf, 0.0])
        self._enriched_s = self._alarm_s = 0.0
        self.estimator.reset(self._believed())
        self._sense()
        return self._observation(), self._info()

    def step(
        self, action: NDArray[np.float64]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Holds a command for one tick.

        Args:
            action: ``(feed, fan, damper)``, shape ``(3,)``.
        """
        command = np.asarray(action, dtype=np.float64)
        if command.shape != (3,) or not np.isfinite(command).all():
            raise ValueError(f"an action is three finite numbers, got {action!r}")
        self._command = np.clip(command, LOW, HIGH)
        self.scenario.acting(self.time_s, self._acting)
        x = self.state[None, :].copy()
        advance_plants(x, self._command[None, :], self._acting, self.constants, self.tick_s, 1)
        self.state = x[0]
        self._ticks += 1
        self.estimator.predict(self._command, self._ambient_k)
        self._sense()
        now = self.truth
        reward = self._judge(now)
        cut = self.time_s >= self._max_time_s - 1e-9
        return self._observation(), reward, bool(self._ended), cut, self._info()

    def safety_state(self) -> SafetyState:
        """The belief, with this set's ventilation and lime and the lowest cell's oxygen; its time.

        `estimate` has the deviations and how the cells were voted.
        """
        context = Context(time_s=self.time_s, u_previous=self._command.copy())
        believed = with_less_oxygen(self.estimate.x, self.estimate.behind)
        belief = with_factors(believed, self.estimate.factors, self.model.parameters)
        return SafetyState(belief, context)

    @property
    def time_s(self) -> float:
        """Simulated time since the set was closed [s]."""
        return self._ticks * self.tick_s

    @property
    def truth(self) -> Readings:
        """True values behind the sensors; for judging, not for controlling."""
        return readings(self.state, self._own)

    @property
    def statistics(self) -> Statistics:
        """The episode so far."""
        low, high, dioxide, gauge, core = (float(v) for v in self._worst)
        return Statistics(
            self.time_s, self._ended, low, high, dioxide, gauge, self._enriched_s, self._alarm_s,
            core, float(self.state[names.CYLINDER] / self.model.parameters.cylinder_mol),
            float(self.state[names.CONVERSION]),
        )  # fmt: skip

    # Parts

    def _believed(self) -> FloatArray:
        """What the set is told when it is closed: its log, and not what the plant really is."""
        given = self.scenario
        return self.model.start(
            cylinder=given.cylinder, conversion=given.conversion, loading=given.loading
        )

    def _closed(self) -> FloatArray:
        given, acts, p = self.scenario, self._acting[0], self._own
        x = np.zeros(SIZE)
        x[:N] = names.start(
            p, names.Surroundings(float(acts["demand"])),
            oxygen=given.oxygen, cylinder=given.cylinder, conversion=given.conversion,
            loading=given.loading,
        )  # fmt: skip
        # Work begins with the mission: until now the wearer stood.
        rest = names.REST.demand
        x[names.UPTAKE], x[names.OUTPUT] = rest, output_for(rest)
        x[names.BREATHING], x[VALVE] = ventilation_for(rest), rest
        return x

    def _sense(self) -> None:
        ambient = float(self._acting["ambient"][0])
        truth = truths(self.truth, ambient, self._own.outside_pa)
        self.shown = self.watch.seen(self.sensors.read(truth, self.time_s, self.tick_s))
        outside = float(self.shown[-1])
        self._ambient_k = outside if np.isfinite(outside) else 303.15
        self.estimate: Estimate = self.estimator.correct(self.shown)

    def _judge(self, now: Readings) -> float:
        """The tick's reward; notes extremes and what ends the episode."""
        self._breathed[self._ticks % len(self._breathed)] = now.oxygen, now.dioxide_pa
        oxygen, dioxide = (float(v) for v in self._breathed.mean(axis=0))
        core, gauge = float(self.state[names.CORE_K]), float(now.gauge_pa)
        worst = self._worst
        worst[:] = (
            min(worst[0], oxygen), max(worst[1], oxygen), max(worst[2], dioxide),
            min(worst[3], gauge), max(worst[4], core),
        )  # fmt: skip
        enriched = float(now.oxygen) > self.limits.oxygen_strict
        alarmed = float(now.dioxide_pa) > self.limits.dioxide_alarm_pa
        self._enriched_s += self.tick_s * enriched
        self._alarm_s += self.tick_s * alarmed
        violated = {
            "oxygen_low": oxygen < self.limits.oxygen_low,
            "oxygen_hard": oxygen > self.limits.oxygen_hard,
            "dioxide": dioxide > self.limits.dioxide_hard_pa,
            "pressure": gauge <= 0.0,
        }
        spent = {
            "oxygen_reserve": self.state[names.CYLINDER]
            < oxygen_needed(self.model.parameters, self.limits),
            "lime_reserve": self._ticks % 10 == 0 and self._lime_is_spent(),
            "core": self._heat_ends and core > self.limits.core_end_k,
        }
        hard = [name for name, is_so in violated.items() if is_so]
        self._ended = next((n for n in (*hard, *(k for k, v in spent.items() if v))), "")
        minutes = self.tick_s / 60.0
        return minutes * (1.0 - 0.5 * enriched - 0.5 * alarmed) - (60.0 if hard else 0.0)

    def _lime_is_spent(self) -> bool:
        """Whether the lime could not carry the work of the way out, at any flow."""
        work = self.limits.egress_uptake
        x = self.state[:N].copy()
        x[names.BREATHING] = ventilation_for(work)
        x[names.LIME_K] = max(x[names.LIME_K], _WORKING_K)
        output = float(output_for(work))
        used = float(x[names.CONVERSION])
        at = self.limits.dioxide_hard_pa
        return best_flow(self.model, x, output, at, used)[1] < output

    def _observation(self) -> Observation:
        valid = np.isfinite(self.shown)
        return {
            "readings": np.where(valid, self.shown, 0.0),
            "valid": valid.astype(np.int8),
            "estimate": self.estimate.x.copy(),
            "deviation": self.estimate.deviation.copy(),
            "removal": np.array(self.estimate.factors),
            "behind": np.array([self.estimate.behind]),
            "command": self._command.copy(),
        }

    def _info(self) -> dict[str, Any]:
        return {
            "ended_by": self._ended,
            "agreement": str(self.estimate.vote.agreement),
            "rejected": self.estimate.rejected,
            "frozen": self.watch.frozen,
        }


def _resolved(asked: str | Scenario | None) -> Scenario | None:
    return scenario(asked) if isinstance(asked, str) else asked
