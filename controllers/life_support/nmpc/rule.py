"""Plans by rule and plans by advice, run on the plan's model.

The rule is what is left when no optimum is at hand:

    aim      the overpressure that is wanted
    fan      the flow that removes most of the CO2 there is, for a breath that is not known for
             sure (`hiera.safety.life_support.removal.UNSURE`)
    damper   open where the gas is more humid than it should be and the gel still takes water
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc.horizon import stage
from hiera.controllers.life_support.nmpc.plan_model import LEAST, MOST
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.removal import UNSURE
from hiera.safety.life_support.sparing import best_unsure_removal
from hiera.safety.life_support.state import FAN
from hiera.safety.tape.program import IntArray

GEL_SPENT = 0.25
"""Loading beyond which the gel does more harm, by its heat, than good [kg/kg]."""


@compiled
def by_rule(x: FloatArray, aim_pa: float, humidity: float, c: FloatArray, p: Any) -> FloatArray:
    """The choice of the rule at a state, shape ``(3,)``.

    Args:
        x: State, shape ``(18,)``.
        aim_pa: Overpressure to hold [Pa].
        humidity: Relative humidity above which the gel is used.
        c: `hiera.controllers.life_support.nmpc.plan_model.Corrections.vector`.
        p: Record of `Parameters`.
    """
    now = readings(x, p)
    flow, _ = best_unsure_removal(x, x[12], now.dioxide_pa, x[5], UNSURE, p)
    v = np.empty(3)
    v[0] = aim_pa
    v[1] = min(max(flow / max(c[3], 0.3), LEAST[FAN]), MOST[FAN])
    v[2] = 1.0 if now.humidity > humidity and x[8] < GEL_SPENT else 0.0
    return v


@compiled
def course(
    x0: FloatArray, W: FloatArray, c: FloatArray, spans: FloatArray, steps: IntArray,
    aims: FloatArray, p: Any,
) -> FloatArray:  # fmt: skip
    """Choices of the rule over a horizon, shape ``(K, 3)``.

    Args:
        x0: State, shape ``(18,)``.
        W: Surroundings, shape ``(K, 4)``.
        c: Corrections.
        spans: Lengths of the stages [s], shape ``(K,)``.
        steps: Of the integrator in each.
        aims: ``(aim_pa, humidity)`` of `by_rule`.
        p: Record of `Parameters`.
    """
    V, x = np.empty((spans.shape[0], 3)), x0
    for s in range(spans.shape[0]):
        V[s] = by_rule(x, aims[0], aims[1], c, p)
        x = stage(x, V[s], W[s], c, spans[s], steps[s], p)
    return V


@compiled
def aimed(
    x0: FloatArray, U: FloatArray, W: FloatArray, c: FloatArray, spans: FloatArray,
    steps: IntArray, p: Any,
) -> FloatArray:  # fmt: skip
    """Choices whose law gives the feeds that are advised, shape ``(K, 3)``.

    Args:
        x0: State, shape ``(18,)``.
        U: Commands ``(feed, fan, damper)``, shape ``(K, 3)``.
        W: Surroundings, shape ``(K, 4)``.
        c: Corrections.
        spans: Lengths of the stages [s], shape ``(K,)``.
        steps: Of the integrator in each.
        p: Record of `Parameters`.
    """
    V, x = U.copy(), x0
    for s in range(spans.shape[0]):
        aim = readings(x, p).gauge_pa + (U[s, 0] - x[11]) / c[5]
        V[s, 0] = min(max(aim, LEAST[0]), MOST[0])
        x = stage(x, V[s], W[s], c, spans[s], steps[s], p)
    return V
