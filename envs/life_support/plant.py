"""The plant: what really happens, one second at a time, for many sets at once.

Twenty-one states: the model's eighteen, the oxygen valve's true flow, the CO2 in the cores of the
lime's granules, and the slow part of the wearer's uptake. Faults act on hardware, not on numbers.
The integrator is the midpoint rule, of order 2, with a fixed step; controls and whatever acts are
held. Every time constant is above half a second, so that steps of a second are stable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import NDArray

from hiera.safety.compiled import stamped
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import gases, kernel, rates
from hiera.safety.life_support.state import N, Surroundings

VALVE, CORES, SLOW = N, N + 1, N + 2
"""True flow of the oxygen valve [mol/s]; CO2 in the granules' cores [mol/kg]; slow part of the
uptake [mol/s]."""
SIZE = N + 3
_ACTS = (
    "demand", "ambient", "radiant", "leak", "exhaust", "valve", "fan", "damper", "regulator",
)  # fmt: skip
ACTING = np.dtype([(name, np.float64) for name in _ACTS])
"""What acts on a plant during a tick: work asked for [mol/s], temperature outside [K], radiant heat
[W], multiple of the leak; and faults: an exhaust that does not close [mol/(s Pa)], an oxygen valve
stuck at a flow [mol/s, negative if free], the share of its flow that the fan still makes, a damper
stuck at a position [negative if free], the share that the demand valve still has."""


def acting(count: int = 1, **given: float) -> NDArray[Any]:
    """What acts in an ordinary second, shape ``(count,)``; fields may be given.

    Args:
        count: How many plants.
        given: Values of fields of `ACTING`.
    """
    made = np.zeros(count, dtype=ACTING)
    fine = {
        "demand": gases.litres_per_minute(0.5), "ambient": 303.15, "leak": 1.0, "fan": 1.0,
        "valve": -1.0, "damper": -1.0, "regulator": 1.0,
    }  # fmt: skip
    for name, value in (fine | given).items():
        made[name] = value
    return made


def plant_rates(x: Any, u: Any, a: Any, p: Any) -> tuple[Any, ...]:
    """Rates of the 21 states.

    Args:
        x: State, shape ``(21,)``.
        u: Controls ``(feed, fan, damper)``, shape ``(3,)``.
        a: What acts, a record of `ACTING`.
        p: Constants, a record of `hiera.envs.life_support.apparatus.DTYPE`.
    """
    around = Surroundings(a.demand, a.ambient, a.radiant, a.leak)
    f = rates.drift(x, around, p)
    w = rates.flows(x, around, p)
    amount = x[0] + x[1] + x[2] + x[3]
    gauge = gases.gauge_pa(amount, x[4], p)
    # Movement swings the pressure, and the exhaust opens at its crests.
    swing = p.pumping_pa * x[11] / p.threshold
    crest, trough = gases.vented(gauge + swing, p), gases.vented(gauge - swing, p)
    extra = 0.5 * (crest + trough) - w.vent + a.exhaust * gases.above(gauge, p.leak_softness_pa)
    lost = extra / amount
    missed = p.bypass * w.absorbed
    # Rims give to the cores until both are equally used.
    cap = p.lime_capacity_mol_kg
    creep = p.core_mol_kg * (x[5] - x[19] / p.core_mol_kg) / p.core_s
    there = x[10] * x[10] / (x[10] * x[10] + 4e-4)
    # Nobody takes up oxygen that is not there; long before, the episode is over.
    spared = x[11] * 1e-4 / (x[0] * x[0] + 1e-4)
    rescue = a.regulator * p.regulator_mol_s_pa * gases.above(p.regulator_pa - gauge, 2.0) * there
    fed = x[18] * there
    inert = (1.0 - p.purity) * (fed + rescue)
    wanted = p.valve_gain * u[0] if a.valve < 0.0 else a.valve
    damper = u[2] if a.damper < 0.0 else a.damper
    sweat = p.sweat_share * w.evaporation / p.vaporisation_j_mol
    slow = p.slow_gain * gases.above(a.demand - p.threshold, 5e-5)
    air = p.dioxide_drive * x[1] / amount * p.outside_pa
    latent = p.reaction_j_mol * missed / (p.lime_kg * p.lime_heat_j_kg_k)
    dry = gases.WATER_KG_MOL * missed / p.lime_kg
    return (
        f[0] + spared + fed + rescue - inert - x[0] * lost,
        f[1] + missed - x[1] * lost,
        f[2] + inert - x[2] * lost,
        f[3] + sweat - x[3] * lost,
        f[4],
        f[5] - missed / (cap * p.lime_kg) - creep / cap,
        f[6] - latent,
        f[7] - dry,
        f[8],
        f[9],
        -fed - rescue,
        f[11] + x[20] / p.uptake_s,
        f[12],
        f[13] + air / p.breathing_s,
        f[14],
        f[15],
        f[16] + a.fan * u[1] / p.fan_s,
        f[17] + damper / p.damper_s,
        (wanted - x[18]) / p.valve_s,
        creep,
        (slow - x[20]) / p.slow_s,
    )


assert kernel.PHYSICS  # Tells Numba that it may call the model's functions.
register_jitable(plant_rates)


def _compiled(function: Any) -> Any:
    """As in the safety room, and arithmetic may be regrouped: a third faster, NaN undefined."""
    return stamped(njit(cache=True, error_model="numpy", nogil=True, fastmath=True)(function))


@_compiled
def advance_plants(
    X: FloatArray, U: FloatArray, acts: Any, constants: Any, step_s: float, steps: int
) -> None:
    """Moves every plant on, in place.

    Args:
        X: States, shape ``(B, 21)``.
        U: Controls, shape ``(B, 3)``.
        acts: What acts on each, records of `ACTING`, shape ``(B,)``.
        constants: Of each, shape ``(B,)``.
        step_s: Step of the integrator [s].
        steps: How many.
    """
    at = np.empty(SIZE)
    for b in range(X.shape[0]):
        x, u, a, p = X[b], U[b], acts[b], constants[b]
        for _ in range(steps):
            k = plant_rates(x, u, a, p)
            for i in range(SIZE):
                at[i] = x[i] + 0.5 * step_s * k[i]
            k = plant_rates(at, u, a, p)
            for i in range(SIZE):
                x[i] += step_s * k[i]
