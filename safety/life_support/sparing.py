"""The commands that spare the stocks most, and how long they last, compiled.

Removal of CO2 at a pressure y of it in the suit is

    r(Q) = (c Q y + phi(Q) V_C) (1 - exp(-a / Q)),      a = k m (1 - X)

whose best flow moves down as the lime ages. A roll-out holds the least pressure and that flow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import kernel, lime
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import MOLAR_GAS
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.state import HIGH, LOW, Surroundings

assert kernel.PHYSICS  # Tells Numba that it may call the model's functions.
_LEAST, _MOST = LOW[names.FAN], HIGH[names.FAN]
_MOST_FEED = HIGH[names.FEED]
_FLOWS = 81
_NODE = 3.0**0.5
_HOLD = 1e-5
"""Feed per missing overpressure [mol/(s Pa)]."""


@register_jitable
def removed(
    flow: float, x: FloatArray, output: float, dioxide_pa: float, used: float, spread: float, p: Any
) -> float:
    """CO2 that a flow removes [mol/s], on average over what the ventilation may be.

    The average over a breath whose logarithm is normal is Gauss's and Hermite's of three nodes.

    Args:
        flow: Through the lime [m^3/s].
        x: State, shape ``(18,)``: temperature and moisture of the lime, gas, ventilation.
        output: CO2 that the wearer gives off [mol/s].
        dioxide_pa: Pressure of the CO2 in the suit [Pa].
        used: Conversion of the lime.
        spread: Standard deviation of the ventilation's logarithm.
        p: Record of `Parameters`, or of what has its fields.
    """
    caught = lime.caught(flow, x[13], p)
    if spread > 0.0:
        away = np.exp(_NODE * spread)
        beside = lime.caught(flow, x[13] * away, p) + lime.caught(flow, x[13] / away, p)
        caught = (4.0 * caught + beside) / 6.0
    mixed = flow * dioxide_pa / (MOLAR_GAS * x[4])
    slip = lime.passed(used, flow, lime.rate(x[6], x[7], p), p)
    return float((mixed + caught * output) * (1.0 - slip))


@register_jitable
def unsure_removal(
    x: FloatArray, output: float, dioxide_pa: float, used: float, spread: float, p: Any
) -> tuple[float, float]:
    """The flow that removes most CO2 [m^3/s] on average, and how much that is [mol/s].

    Below the ventilation the lime misses part of every breath, which costs more than too much flow
    does; so the less sure the ventilation, the more flow.

    Args:
        x: State, shape ``(18,)``.
        output: CO2 that the wearer gives off [mol/s].
        dioxide_pa: Pressure of the CO2 in the suit [Pa].
        used: Conversion of the lime.
        spread: Standard deviation of the ventilation's logarithm.
        p: Record of `Parameters`, or of what has its fields.
    """
    best, most = _LEAST, -1.0
    for i in range(_FLOWS):
        flow = _LEAST + i * (_MOST - _LEAST) / (_FLOWS - 1)
        much = removed(flow, x, output, dioxide_pa, used, spread, p)
        if much > most:
            best, most = flow, much
    return best, most


@register_jitable
def removal(
    x: FloatArray, output: float, dioxide_pa: float, used: float, p: Any
) -> tuple[float, float]:
    """`unsure_removal` for a ventilation that is known."""
    best, most = unsure_removal(x, output, dioxide_pa, used, 0.0, p)
    return best, most


best_removal = compiled(removal)
best_unsure_removal = compiled(unsure_removal)
removed_by = compiled(removed)
"""The same, to be called from Python."""


@compiled
def last(
    x: FloatArray, d: Surroundings, p: Any, gauge: float, dioxide_pa: float, core_k: float,
    tick_s: float, ticks: int,
) -> tuple[float, float]:  # fmt: skip
    """When CO2 and when the core pass their limits [s]; infinite beyond the horizon.

    Args:
        x: State, shape ``(18,)``.
        d: Work and surroundings, held.
        p: Record of `Parameters`.
        gauge: Overpressure that is held [Pa].
        dioxide_pa: Limit of the CO2 [Pa].
        core_k: Limit of the core's temperature [K].
        tick_s: Between two commands [s]; the integrator's step is a second.
        ticks: Horizon.
    """
    dioxide, core = float("inf"), float("inf")
    u = x[:3].copy()
    steps = max(1, int(tick_s + 0.999))
    for i in range(ticks):
        now = readings(x, p)
        if now.dioxide_pa > dioxide_pa and dioxide == float("inf"):
            dioxide = i * tick_s
        if x[14] > core_k and core == float("inf"):
            core = i * tick_s
        if dioxide < float("inf") and core < float("inf"):
            break
        feed = x[11] + _HOLD * (gauge - now.gauge_pa)
        u[0] = min(max(feed, 0.0), _MOST_FEED)
        u[1] = removal(x, x[12], dioxide_pa, x[5], p)[0]
        u[2] = 1.0
        x = kernel.advance(x, u, d, p, tick_s / steps, steps)
    return dioxide, core
