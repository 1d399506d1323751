"""What a plan costs: comfort of the gas now, limits that give way, and stocks at the end.

With stages of length ``T_k`` in minutes, indicators ``y`` (`indicators`) and choices ``v`` as part
of their range,

    J = sum_k T_k (sum_i q_i (y_i - t_i)^2 + sum_j w_j max(0, s_j (y_j - b_j))^2 + r_1 v_k^2)
      + sum_k r_0 (v_k - v_{k-1})^2 + a (peak / 1 kPa)^2 + l . x_N

``peak`` is the CO2 that the lime left at the end of the horizon would hold at a peak of work
(`peak_pa`), the linear term ``l`` is what oxygen, nitrogen and the gel's capacity are worth.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from hiera.controllers.life_support.nmpc.plan_model import LEAST, SPAN
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import kernel, lime
from hiera.safety.life_support.gases import MOLAR_GAS, litres_per_minute
from hiera.safety.life_support.metabolism import output_for, ventilation_for
from hiera.safety.life_support.readings import readings
from hiera.safety.tape.program import IntArray

assert kernel.PHYSICS  # Tells Numba that it may call the model's functions.
DIOXIDE, OXYGEN, GAUGE, HUMIDITY = range(4)
"""Indicators: CO2 [500 Pa], oxygen [%], overpressure [50 Pa], humidity [10 %]."""
INDICATORS = 4
SCALE = np.array([500.0, 0.01, 50.0, 0.1])
PEAK_UPTAKE = litres_per_minute(3.0)
"""Peak of 42 CFR 84.305 [mol/s]."""
PEAK_OUTPUT, PEAK_BREATHING = float(output_for(PEAK_UPTAKE)), float(ventilation_for(PEAK_UPTAKE))
PEAK_FLOW = 1.2 * PEAK_BREATHING
"""Flow at the peak [m^3/s]: somewhat above the ventilation, so that the lime meets every breath."""
PEAK_K = 308.15
"""Of the gas in `peak_pa`: it hardly matters."""
PEAK_LIME_K = 335.0
"""Of the lime in `peak_pa`: work warms it within minutes. Taken from the end of the horizon, it
would have every plan let the lime glow in its last minute, which no command ever carries out."""


class Objective(NamedTuple):
    """Weights of a cost, as arrays that compiled code reads.

    Attributes:
        aim: Indicator that each square is about, shape ``(q,)``.
        target: Its target [unit of the indicator], shape ``(q,)``.
        aim_weight: Its weight [1/min], shape ``(q,)``.
        limit: Indicator that each limit is about, shape ``(h,)``.
        sign: 1 for an upper limit, -1 for a lower one, shape ``(h,)``.
        bound: Where it lies, shape ``(h,)``.
        limit_weight: Its weight [1/min], shape ``(h,)``.
        change: Weights of changes of the choices, shape ``(3,)``.
        effort: Weights of the choices [1/min], shape ``(3,)``.
        value: Of each state at the end, per unit of it, negative for what is dear, shape ``(18,)``.
        peak: Weight of the CO2 at a peak of work.
    """

    aim: IntArray
    target: FloatArray
    aim_weight: FloatArray
    limit: IntArray
    sign: FloatArray
    bound: FloatArray
    limit_weight: FloatArray
    change: FloatArray
    effort: FloatArray
    value: FloatArray
    peak: float


def indicators(x: Any, p: Any) -> tuple[Any, Any, Any, Any]:
    """CO2 [500 Pa], oxygen [%], overpressure [50 Pa], relative humidity [10 %] of a state.

    Args:
        x: State, shape ``(18,)``.
        p: `Parameters`, or a record of them.
    """
    now = readings(x, p)
    return now.dioxide_pa / 500.0, now.oxygen * 100.0, now.gauge_pa / 50.0, now.humidity * 10.0


def peak_pa(x: Any, p: Any) -> Any:
    """Steady CO2 at the peak of work with the lime as used and as wet as it is [Pa].

    ``y = V_C / (c Q) (1 / (1 - e^{-a/Q}) - phi)``: what enters the bed leaves it as what is
    inhaled, or misses it.

    Args:
        x: State, shape ``(18,)``.
        p: `Parameters`, or a record of them.
    """
    k = lime.rate(PEAK_LIME_K, x[7], p)
    caught = 1.0 - lime.passed(x[5], PEAK_FLOW, k, p)
    direct = lime.caught(PEAK_FLOW, PEAK_BREATHING, p)
    return PEAK_OUTPUT * MOLAR_GAS * PEAK_K / PEAK_FLOW * (1.0 / caught - direct)


for _function in (indicators, peak_pa):
    register_jitable(_function)


@compiled
def cost(
    X: FloatArray, V: FloatArray, before: FloatArray, spans: FloatArray, o: Objective, p: Any
) -> float:
    """J of a roll-out; infinite where it is not finite.

    Args:
        X: States, shape ``(K + 1, 18)``.
        V: Choices, shape ``(K, 3)``.
        before: The choice before them, shape ``(3,)``.
        spans: Lengths of the stages [s], shape ``(K,)``.
        o: Weights.
        p: Record of `Parameters`.
    """
    total = 0.0
    for k in range(V.shape[0]):
        y = indicators(X[k + 1], p)
        here = 0.0
        for i in range(o.aim.shape[0]):
            off = y[o.aim[i]] - o.target[i]
            here += o.aim_weight[i] * off * off
        for j in range(o.limit.shape[0]):
            over = o.sign[j] * (y[o.limit[j]] - o.bound[j])
            if over > 0.0:
                here += o.limit_weight[j] * over * over
        for m in range(3):
            v = (V[k, m] - LEAST[m]) / SPAN[m]
            last = V[k - 1, m] if k > 0 else before[m]
            step = (V[k, m] - last) / SPAN[m]
            here += o.effort[m] * v * v
            total += o.change[m] * step * step
        total += spans[k] / 60.0 * here
    end = X[V.shape[0]]
    for i in range(18):
        total += o.value[i] * end[i]
    high = peak_pa(end, p) / 1000.0
    total += o.peak * high * high
    return total if np.isfinite(total) else np.inf
