"""An episode of the PID law on the plant, compiled: sensors, votes, law, plant, judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.extending import register_jitable

from hiera.controllers.life_support import pid_law
from hiera.controllers.life_support.pid_law import MEMORY, Gains
from hiera.envs.life_support.judgement import AVERAGE, ENDS, HARD_ENDS, rules, verdict
from hiera.envs.life_support.laid import Laid
from hiera.envs.life_support.plant import advance_plants
from hiera.envs.life_support.sensors import SENSORS
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits, kernel
from hiera.safety.life_support.readings import readings

assert kernel.PHYSICS  # Tells Numba that it may call the model's functions.
for _function in (pid_law.voted, pid_law.begin, pid_law.law):
    register_jitable(_function)

_NOISE, _LAG, _LOW, _HIGH = (
    np.array([getattr(s, field) for s in SENSORS]) for field in ("noise", "lag_s", "low", "high")
)
_FOLLOW = np.where(_LAG > 0.0, 1.0 - np.exp(-1.0 / np.maximum(_LAG, 1e-9)), 1.0)


@dataclass(frozen=True, slots=True)
class Lived:
    """How an episode went.

    Attributes:
        seconds: Its length [s].
        ended_by: One of the world's ends, or empty at its longest duration.
        alarm_s: Time above the CO2 alarm [s].
        enriched_s: Time above the strict fire ceiling [s].
    """

    seconds: int
    ended_by: str
    alarm_s: float
    enriched_s: float

    @property
    def hard(self) -> bool:
        """Whether a hard limit ended it."""
        return self.ended_by in HARD_ENDS


def live(mission: Laid, gains: Gains, model: LifeSupportModel, limits: Limits) -> Lived:
    """Runs an episode under the PID law.

    Args:
        mission: What happens, and to which set.
        gains: Of the law.
        model: Whose constants judge the reserves.
        limits: What ends the episode.
    """
    end, seconds, alarm, enriched = _live(
        mission.start.copy(), mission.constants, mission.acts, mission.units, mission.noise,
        mission.faults, mission.humid, model.record, gains, rules(model, limits),
        limits.oxygen_strict, limits.dioxide_alarm_pa,
    )  # fmt: skip
    return Lived(int(seconds), ENDS[end], float(alarm), float(enriched))


@register_jitable
def _truths(now: Any, ambient: float, outside_pa: float, out: FloatArray) -> None:
    out[0] = now.oxygen * (outside_pa + now.gauge_pa)
    out[1], out[2], out[3], out[4] = out[0], out[0], now.dioxide_pa, now.gauge_pa
    out[5], out[6], out[7], out[8] = now.gas_k, now.humidity, now.cylinder_pa, now.lime_k
    out[9], out[10], out[11], out[12] = now.flow, now.heart, now.skin_k, ambient


@register_jitable
def _read(
    lagged: FloatArray, truth: FloatArray, units: FloatArray, noise: FloatArray,
    faults: FloatArray, humid: FloatArray, time_s: float, shown: FloatArray,
) -> None:  # fmt: skip
    for i in range(13):
        lagged[i] += _FOLLOW[i] * (truth[i] - lagged[i])
        made = units[0, i] * lagged[i] + units[1, i] + units[2, i] * time_s
        made += humid[i] * (truth[6] - 0.5)
        made += _NOISE[i] * noise[i]
        made = min(max(made, _LOW[i]), _HIGH[i])
        for k in range(faults.shape[0]):
            if int(faults[k, 0]) != i or time_s < faults[k, 2]:
                continue
            code, value = int(faults[k, 1]), faults[k, 3]
            if code == 0:
                made = np.nan
            elif code == 1:
                made = value
            elif code == 2:
                made = shown[i]
            elif code == 3:
                made = min(made, value)
            else:
                drift = value * (_HIGH[i] - _LOW[i]) * (time_s - faults[k, 2]) / 3600.0
                made = min(max(made + drift, _LOW[i]), _HIGH[i])
        shown[i] = made


@compiled
def _live(
    x: FloatArray, constants: Any, acts: Any, units: FloatArray, noise: FloatArray,
    faults: FloatArray, humid: FloatArray, model: Any, gains: Any, numbers: FloatArray,
    strict: float, alarm_pa: float,
) -> tuple[int, int, float, float]:  # fmt: skip
    p = constants[0]
    X, U = x.reshape(1, -1), np.empty((1, 3))
    memory, shown, truth = np.empty(MEMORY), np.zeros(13), np.empty(13)
    pid_law.begin(memory)
    now = readings(x, p)
    _truths(now, acts[0].ambient, p.outside_pa, truth)
    lagged = truth.copy()
    _read(lagged, truth, units, noise[0], faults, humid, 0.0, shown)
    ring = np.empty((AVERAGE, 2))
    ring[:, 0], ring[:, 1] = now.oxygen, now.dioxide_pa
    alarm, enriched = 0.0, 0.0
    for t in range(acts.shape[0]):
        pid_law.law(memory, shown, gains, 1.0, U[0])
        advance_plants(X, U, acts[t : t + 1], constants, 1.0, 1)
        now = readings(X[0], p)
        _truths(now, acts[t].ambient, p.outside_pa, truth)
        _read(lagged, truth, units, noise[t + 1], faults, humid, t + 1.0, shown)
        alarm += now.dioxide_pa > alarm_pa
        enriched += now.oxygen > strict
        end = verdict(X[0], now, ring, t + 1, model, numbers)
        if end:
            return end, t + 1, alarm, enriched
    return 0, acts.shape[0], alarm, enriched
