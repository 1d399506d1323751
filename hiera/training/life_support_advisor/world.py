"""Many sets at once to train on: missions that begin again when they are over.

What is simplified against `hiera.envs.life_support.world.LifeSupportEnv`: the belief is the truth
with errors such as the estimator has (drawn for each episode, plus noise at every tick) instead of
an extended Kalman filter, sensors do not fail, and work and faults change at decisions only. The
plant is the same, and so are missions, limits and what ends an episode.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.rl.advisor.features import HORIZONS_S, Features
from hiera.envs.life_support import apparatus
from hiera.envs.life_support.estimator import SYSTEMATIC
from hiera.envs.life_support.plant import SIZE, VALVE, acting
from hiera.envs.life_support.scenarios import Scenario
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.safety.life_support import state as names
from hiera.safety.life_support.barriers import oxygen_needed
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.state import HIGH, LOW, N
from hiera.training.life_support_advisor.kernel import AVERAGE, believed, best_flows, live

ERRORS = np.array([0.0012, 25.0, 3.0, 0.0015, *SYSTEMATIC[4:]])
"""Standard deviation of an episode's errors, see `believed_one`."""
NOISE = np.array([3.0, 3e-5, 5e-4])
"""Of gauge [Pa], uptake [mol/s], oxygen at every tick."""
_KEPT = (
    "X", "constants", "_acts", "_errors", "_breathed", "clock", "missions", "_random", "_looking",
)  # fmt: skip
_TYPICAL, _MEMORY_S, _WANDER = litres_per_minute(1.6), 240.0, litres_per_minute(0.9)
_TOLD = np.array([0.4, 0.25, 0.15])
"""Part of what lies ahead that a forecast tells, at `HORIZONS_S`; as the learned one's errors."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision led to.

    Attributes:
        lived: Seconds lived, enriched, alarmed, shape ``(B, 3)``.
        ended: Number of the end (`ENDS`), 0 for none, shape ``(B,)``.
        cut: Whether the time was up, shape ``(B,)``.
    """

    lived: FloatArray
    ended: NDArray[np.int64]
    cut: NDArray[np.bool_]


class Sets:
    """B sets, each on a mission of its own."""

    def __init__(
        self,
        count: int,
        *,
        period_s: float = 30.0,
        max_time_s: float = 4 * 3600.0,
        model: LifeSupportModel | None = None,
        limits: Limits | None = None,
        spread: float = 1.0,
    ) -> None:
        """Builds them; `begin` starts each.

        Args:
            count: How many.
            period_s: Between decisions [s], whole.
            max_time_s: When an episode is cut off [s].
            model: That plants are spread about.
            limits: What ends an episode.
            spread: Multiplies spread of plants and errors of beliefs.
        """
        self.model = LifeSupportModel() if model is None else model
        self.limits = limits = Limits() if limits is None else limits
        self.count, self.ticks, self._most = count, round(period_s), max_time_s
        self._spread = spread
        self._record = self.model.parameters.record().reshape(1)
        self.X = np.zeros((count, SIZE))
        self.constants = apparatus.nominal(self.model.parameters, count)
        self._acts = acting(count)
        self._errors = np.zeros((count, N))
        self._breathed = np.zeros((count, AVERAGE, 2))
        self.clock = np.zeros(count, np.int64)
        self.missions: list[Scenario | None] = [None] * count
        self._random = [np.random.default_rng(0)] * count
        self._looking = np.random.default_rng(count)
        self._bounds = np.array(
            [limits.oxygen_low, limits.oxygen_hard, limits.dioxide_hard_pa,
             oxygen_needed(self.model.parameters, limits), limits.egress_uptake,
             limits.oxygen_strict, limits.dioxide_alarm_pa, LOW[names.FAN], HIGH[names.FAN]]
        )  # fmt: skip
        self.features = Features(self.model.parameters, limits)

    def begin(self, b: int, given: Scenario, seed: int) -> None:
        """Starts an episode.

        Args:
            b: Of which set.
            given: The mission.
            seed: Of plant and errors.
        """
        random = self._random[b] = np.random.default_rng(np.random.SeedSequence((0xAD71, seed)))
        self.constants[b] = apparatus.drawn(self.model.parameters, 1, random, self._spread)[0]
        self.missions[b] = given
        self._acts[b] = given.acting(0.0)[0]
        rest = names.REST
        x = self.X[b]
        x[:] = 0.0
        x[:N] = names.start(
            apparatus.named(self.constants[b : b + 1]), rest, oxygen=given.oxygen,
            cylinder=given.cylinder, conversion=given.conversion, loading=given.loading,
        )  # fmt: skip
        x[VALVE] = rest.demand
        self._errors[b] = self._spread * ERRORS * random.standard_normal(N)
        self.clock[b] = 0
        amount = x[:4].sum()
        self._breathed[b] = x[0] / amount, x[1] / amount * self.model.parameters.outside_pa

    def decide(self, aims: FloatArray) -> Outcome:
        """Holds what is aimed at for a period.

        Args:
            aims: Pressure [Pa], factor of the best flow, damper, least oxygen, shape ``(B, 4)``.
        """
        noise = np.empty((self.count, self.ticks, 3))
        for b, given in enumerate(self.missions):
            assert given is not None
            self._acts[b] = given.acting(float(self.clock[b]))[0]
            noise[b] = self._random[b].standard_normal((self.ticks, 3))
        noise *= NOISE
        ended = np.zeros(self.count, np.int64)
        lived = np.empty((self.count, 3))
        live(
            self.X, self._acts, self.constants, self._record[0], np.asarray(aims, np.float64),
            self._errors, noise, self._breathed, self.clock, ended, self._bounds, lived,
        )  # fmt: skip
        return Outcome(lived, ended, (self.clock >= self._most) & (ended == 0))

    def snapshot(self) -> dict[str, Any]:
        """All that `restore` needs to go on from here."""
        return {name: copy.deepcopy(getattr(self, name)) for name in _KEPT}

    def restore(self, kept: dict[str, Any]) -> None:
        """Goes on from a `snapshot` of as many sets."""
        for name in _KEPT:
            setattr(self, name, copy.deepcopy(kept[name]))

    @property
    def leak(self) -> FloatArray:
        """Multiple of its own leak that each has, shape ``(B,)``."""
        made: FloatArray = self._acts["leak"]
        return made

    @property
    def exhaust(self) -> FloatArray:
        """What each one's exhaust leaks, shape ``(B,)`` [mol/(s Pa)]."""
        made: FloatArray = self._acts["exhaust"]
        return made

    def beliefs(self) -> FloatArray:
        """What each believes, shape ``(B, 18)``."""
        made = np.empty((self.count, N))
        believed(self.X, self.constants, self._record[0], self._errors, made)
        return made

    def observe(self) -> NDArray[np.float32]:
        """Features of the beliefs, shape ``(B, SIZE)``.

        A forecast f knows as much of the work a that lies ahead as a learned one does. With b the
        work as it wanders back to the typical, ``f = b + r (a - b) + noise``, where noise of
        variance ``r (1 - r)`` times that of ``a - b`` makes f what a is expected to be.
        """
        x, random = self.beliefs(), self._looking
        kept = np.exp(-np.array(HORIZONS_S) / _MEMORY_S)
        wander = np.broadcast_to(_WANDER * np.sqrt(1.0 - kept**2), (self.count, len(kept)))
        guess = _TYPICAL + kept * (x[:, names.UPTAKE, None] - _TYPICAL)
        ahead = np.array([
            [given.phase(at + h).uptake_l_min for h in HORIZONS_S]
            for given, at in zip(self.missions, self.clock.tolist(), strict=True) if given
        ])  # fmt: skip
        noise = np.sqrt(_TOLD * (1.0 - _TOLD)) * wander * random.standard_normal(wander.shape)
        demand = guess + _TOLD * (litres_per_minute(1.0) * ahead - guess) + noise
        doubt = np.sqrt(1.0 - _TOLD) * wander * np.exp(0.3 * random.standard_normal(wander.shape))
        firmness = SYSTEMATIC * np.exp(0.4 * np.abs(random.standard_normal((self.count, N))))
        return self.features(
            x, firmness, best_flows(x, self._record[0]), self._acts["ambient"],
            np.maximum(demand, litres_per_minute(0.3)), doubt,
        )  # fmt: skip
