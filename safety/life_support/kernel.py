"""The right-hand side and its integrator, compiled.

The physics is written once, as plain functions; here Numba is told that it may call them. A step
is the classical Runge-Kutta method of order 4 with the controls and the surroundings held.
"""

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import body, gases, gel, lime, metabolism, rates, readings
from hiera.safety.life_support.state import Surroundings

PHYSICS = (
    gases.above,
    gases.least,
    gases.saturation_pa,
    gases.gauge_pa,
    gases.vented,
    gases.leaked,
    lime.rate,
    lime.passed,
    lime.caught,
    lime.dried,
    gel.equilibrium,
    gel.adsorbed,
    metabolism.output_for,
    metabolism.ventilation_for,
    metabolism.heat_w,
    metabolism.heart_rate,
    body.conductance,
    body.evaporation_w,
    rates.flows,
    rates.drift,
    rates.rates,
    readings.readings,
)
"""Functions that compiled code may call; outside of it they stay what they are."""
for _function in PHYSICS:
    register_jitable(_function)


@compiled
def rate_into(x: FloatArray, u: FloatArray, d: Surroundings, p: Any, out: FloatArray) -> None:
    """The 18 rates, written to ``out``."""
    values = rates.rates(x, u, d, p)
    for i in range(18):
        out[i] = values[i]


@compiled
def advance(
    x: FloatArray, u: FloatArray, d: Surroundings, p: Any, step_s: float, steps: int
) -> FloatArray:
    """State after ``steps`` steps of order 4, controls held, shape ``(18,)``."""
    x = x.copy()
    at = x.copy()
    for _ in range(steps):
        k1 = rates.rates(x, u, d, p)
        for i in range(18):
            at[i] = x[i] + 0.5 * step_s * k1[i]
        k2 = rates.rates(at, u, d, p)
        for i in range(18):
            at[i] = x[i] + 0.5 * step_s * k2[i]
        k3 = rates.rates(at, u, d, p)
        for i in range(18):
            at[i] = x[i] + step_s * k3[i]
        k4 = rates.rates(at, u, d, p)
        for i in range(18):
            x[i] += step_s / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
    return x
