"""What was seen of the wearer so far, as numbers that a forecast can be made from.

All in L/min of oxygen. Two signals tell of work: the uptake that the set estimates, and the one
that the heart rate stands for. Hearts differ from one wearer to the next by more than they change
with a task, so that the heart counts relative to its usual distance from the estimate, which is
learned while the set is worn.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import MOLAR_LITRES, litres_per_minute

SAMPLE_S: Final = 5.0
"""Signals are averaged over this long [s]."""
LAGS: Final = (1, 2, 4, 6, 12, 24, 60)
"""Lags that are looked at, in samples."""
NAMES: Final = (
    "uptake", "uptake_deviation", *(f"less_{int(SAMPLE_S * lag)}_s_ago" for lag in LAGS),
    "heart", "heart_before", "heart_seen", "heart_doubt", "minute_mean", "long_mean",
    "mission_mean", "mission_deviation", "most", "least", "even_for", "worked_for", "output",
)  # fmt: skip
SIZE: Final = len(NAMES)
UNIT: Final = litres_per_minute(1.0)
"""mol/s in a L/min."""
_HEART: Final = 10
"""Index of the heart rate among the readings."""
_OFFSET_S, _JUMP = 600.0, 0.35
_SLOPE = 3.38e-5


def uptake_of_heart(beats: float) -> float:
    """Uptake that a heart rate stands for [L/min]; see `hiera.safety.life_support.metabolism`."""
    return (0.224 + _SLOPE * beats**3) / 60.0


class History:
    """Collects observations; `features` says what a forecast may look at."""

    def __init__(self) -> None:
        """Begins with nothing seen."""
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._past: deque[float] = deque(maxlen=LAGS[-1] + 1)
        self._gathered = [0.0, 0.0, 0.0, 0.0]
        self._heart: deque[float] = deque([0.0, 0.0], maxlen=2)
        self._offset, self._offset_weight, self._heart_seen = 0.0, 0.0, 0.0
        self._minute = self._long = self._level = 0.0
        self._sum = self._squares = 0.0
        self._count = 0
        self._most, self._least = -math.inf, math.inf
        self._even_s = self._worked_s = 0.0
        self.uptake, self._deviation, self._output = litres(names.REST.demand), 0.1, 0.4

    @property
    def seen(self) -> bool:
        """Whether anything was seen."""
        return self._worked_s > 0.0

    @property
    def mission_mean(self) -> float:
        """Mean uptake so far [L/min]."""
        return self._sum / self._count if self._count else self.uptake

    def observe(self, observation: dict[str, Any], elapsed_s: float) -> None:
        """Takes in an observation.

        A belief that is not finite is left out, and so is a heart rate that is not shown.

        Args:
            observation: See `hiera.envs.life_support.world.LifeSupportEnv`.
            elapsed_s: Since the last one [s].
        """
        estimate = observation["estimate"]
        uptake = float(estimate[names.UPTAKE]) / UNIT
        self._worked_s += elapsed_s
        if not math.isfinite(uptake):
            return
        self.uptake = min(max(uptake, 0.1), 6.0)
        self._output = float(estimate[names.OUTPUT]) / UNIT
        self._deviation = float(observation["deviation"][names.UPTAKE]) / UNIT
        gathered = self._gathered
        gathered[0] += elapsed_s
        gathered[1] += elapsed_s * self.uptake
        if observation["valid"][_HEART]:
            beats = float(observation["readings"][_HEART])
            gathered[2] += elapsed_s * uptake_of_heart(beats)
            gathered[3] += elapsed_s
        if gathered[0] >= SAMPLE_S - 1e-9:
            self._sample()

    def _sample(self) -> None:
        length_s, total, heart, heart_s = self._gathered
        self._gathered = [0.0, 0.0, 0.0, 0.0]
        mean = total / length_s
        if not self._count:
            self._minute = self._long = self._level = mean
        self._past.appendleft(mean)
        self._count += 1
        self._sum += mean
        self._squares += mean * mean
        self._most, self._least = max(self._most, mean), min(self._least, mean)
        self._minute += (mean - self._minute) * min(1.0, length_s / 60.0)
        self._long += (mean - self._long) * min(1.0, length_s / 300.0)
        # A stretch of even work ends where the uptake leaves its level.
        if abs(mean - self._level) > _JUMP:
            self._even_s, self._level = 0.0, mean
        self._even_s += length_s
        self._level += (mean - self._level) * min(1.0, length_s / 40.0)
        self._heart_seen = heart_s / length_s
        if heart_s > 0.0:
            away = heart / heart_s - mean
            self._offset_weight = min(self._offset_weight + length_s, _OFFSET_S)
            self._offset += (away - self._offset) * length_s / self._offset_weight
            self._heart.appendleft(away)
        else:
            self._heart.appendleft(self._offset)

    def features(self) -> NDArray[np.float32]:
        """Numbers of `NAMES`, shape ``(SIZE,)``."""
        past, now = self._past, self.uptake
        last = len(past) - 1
        ago = [now - past[min(lag, last)] if last >= 0 else 0.0 for lag in LAGS]
        mean = self.mission_mean
        spread = math.sqrt(max(self._squares / max(self._count, 1) - mean * mean, 0.0))
        most, least = (self._most, self._least) if self._count else (now, now)
        doubt = math.exp(-self._offset_weight / 120.0)
        return np.array(
            [now - 1.7, self._deviation, *ago, self._heart[0] - self._offset,
             self._heart[1] - self._offset, self._heart_seen, doubt, self._minute - now,
             self._long - now, mean - now, spread, most - now, least - now,
             math.log1p(self._even_s / 30.0), math.log1p(self._worked_s / 300.0),
             self._output - now],
            dtype=np.float32,
        )  # fmt: skip


def litres(flow: float) -> float:
    """A flow [mol/s] in L/min at 0 °C, 101.325 kPa, dry."""
    return flow * MOLAR_LITRES * 60.0
