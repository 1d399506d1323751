"""How long any controller could last at most: bounds from above, by what cannot be got round.

The wearer's uptake and output of CO2 do not depend on commands, so that on a known mission their
sums are known. With the plant's true constants, each of these must break some limit in the end:

    oxygen   what cylinder and gas hold, less the way out, against the uptake; nothing leaks
    valve    what a stuck valve lets out of the cylinder
    CO2      all that is given off and cannot be vented or held by the gas is in the lime; the bed
             is as warm and moist as it can be, breath as shallow, and the flow always best; then
             CO2 must pass its hard limit
    lime     the same lime, judged as the world judges the way out

Each errs to the long side. Oxygen that rises by leaks is not looked at: no bound comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hiera.envs.life_support.judgement import rules
from hiera.envs.life_support.laid import Laid
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits, kernel, lime
from hiera.safety.life_support.gases import MOLAR_GAS, above
from hiera.safety.life_support.metabolism import output_for, ventilation_for
from hiera.safety.life_support.sparing import removal
from hiera.safety.life_support.state import FAN, FEED, HIGH, LOW

assert kernel.PHYSICS  # Tells Numba that it may call the model's functions.
CAUSES: Final = ("", "oxygen", "valve", "dioxide", "lime")
_HOT_K, _COLD_K = 360.0, 283.0
"""Between these the gas stays; the bed is no hotter than the first."""
_MOIST = 0.3
"""Lime is no moister [kg/kg]."""
_TIGHT_PA = 450.0
"""No suit holds more overpressure beside its exhaust [Pa]."""
_PEAK = 1.5
"""CO2 in what is vented, over its hard limit."""
_FLOWS = 41
_SLOW, _FAST, _MOST = LOW[FAN], HIGH[FAN], HIGH[FEED]


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The bound.

    Attributes:
        seconds: Nobody lasts longer [s].
        cause: What must break, one of `CAUSES`; empty at the longest duration.
    """

    seconds: int
    cause: str


def relaxed(mission: Laid, model: LifeSupportModel, limits: Limits) -> Relaxed:
    """Longest endurance that anybody could have on a mission.

    Args:
        mission: What happens, and to which set.
        model: Whose constants judge the reserves.
        limits: What ends an episode.
    """
    numbers = rules(model, limits)
    cause, seconds = _bound(
        mission.start.copy(), mission.constants, mission.acts, model.record, numbers
    )
    return Relaxed(int(seconds), CAUSES[cause])


@compiled
def _removed(
    used: float, output: float, breathing: float, dioxide_pa: float, fan: float, p: Any
) -> float:
    k = lime.rate(_HOT_K, _MOIST, p)
    most = 0.0
    for i in range(_FLOWS):
        flow = fan * (_SLOW + i * (_FAST - _SLOW) / (_FLOWS - 1))
        mixed = flow * dioxide_pa / (MOLAR_GAS * _COLD_K)
        direct = lime.caught(flow, breathing, p) * output
        most = max(most, (mixed + direct) * (1.0 - lime.passed(used, flow, k, p)))
    return float((1.0 - p.bypass) * most)


@compiled
def _bound(
    x: FloatArray, constants: Any, acts: Any, model: Any, numbers: FloatArray
) -> tuple[int, int]:
    low, _, dioxide_pa, kept, work = numbers
    p = constants[0]
    uptake, output, breathing, slow = x[11], x[12], x[13], x[20]
    least_gas = p.outside_pa * p.volume_m3 / (MOLAR_GAS * _HOT_K)
    # At the same pressure, gas of the least volume holds least.
    small = MOLAR_GAS * _HOT_K / p.volume_m3
    large = MOLAR_GAS * _COLD_K / (p.volume_m3 + p.compliance_m3_pa * _TIGHT_PA)
    spare = p.purity * (x[10] - kept) + x[0] - low * least_gas
    vented_most = _PEAK * dioxide_pa / p.outside_pa
    ventable = vented_most * (x[10] + x[0] + x[1] + x[2] + x[3])
    taken, given, cores = 0.0, 0.0, x[19]
    gas, cylinder, mean = x[1], x[10], 0.0
    ring = np.zeros(60)
    held_most = dioxide_pa * _PEAK / large
    start, used = x[5], x[5]
    for t in range(acts.shape[0]):
        a = acts[t]
        wanted = p.slow_gain * above(a.demand - p.threshold, 5e-5)
        uptake_rate = (a.demand - uptake + slow) / p.uptake_s
        output_rate = (output_for(uptake) - output) / p.output_s
        breathing_rate = (ventilation_for(uptake) - breathing) / p.breathing_s
        slow += (wanted - slow) / p.slow_s
        uptake, output = uptake + uptake_rate, output + output_rate
        breathing += breathing_rate
        taken, given = taken + uptake, given + output
        # Air that is drawn in where the suit's pressure is next to nothing brings a little.
        drawn = 0.21 * 0.5 * p.leak_softness_pa * (a.leak * p.leak_mol_s_pa + a.exhaust)
        spare += drawn
        if taken > spare:
            return 1, t + 1
        if a.valve >= 0.0:
            cylinder -= a.valve
            if cylinder < kept:
                return 2, t + 1
        vented = min(ventable, vented_most * _MOST * (t + 1.0))
        stored = max(0.0, given - vented - held_most) / p.lime_kg
        creep = (p.core_mol_kg * used - cores) / p.core_s
        cores += max(creep, 0.0)
        used = start + max(0.0, stored - (cores - x[19])) / p.lime_capacity_mol_kg
        used = min(used, 0.999)
        if t % 10 == 9:
            out = x[:18].copy()
            out[6], out[7], out[13] = _HOT_K, _MOIST, ventilation_for(work)
            needed = output_for(work)
            if removal(out, needed, dioxide_pa, used, model)[1] < needed:
                return 4, t + 1
        removed = _removed(used, output, breathing, gas * small, a.fan, p)
        gas = max(0.0, gas + output - removed - vented_most * _MOST)
        mean += (gas * large - ring[t % 60]) / 60.0
        ring[t % 60] = gas * large
        if t >= 60 and mean > dioxide_pa:
            return 3, t + 1
    return 0, acts.shape[0]
