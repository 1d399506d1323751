"""A plan by rule, run on the plan's model: what is left when no optimum is at hand.

feed     `hiera.controllers.life_support.holding.feed_for`
fan      the flow that removes most CO2 at the hard limit, for a breath 15 % deeper than
believed: below the ventilation the lime misses part of every breath
damper   open where the gas is more humid than it should be and the gel still takes water
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.holding import feed_for
from hiera.controllers.life_support.nmpc.prediction import stage
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.sparing import best_removal
from hiera.safety.life_support.state import BREATHING, FAN, HIGH, LOW
from hiera.safety.tape.program import IntArray

DEEPER = 1.15
GEL_SPENT = 0.25
"""Loading beyond which the gel does more harm, by its heat, than good [kg/kg]."""
SETTLED_S = 8.0
"""A feed is held for no longer than this with its full correction [s]; for longer with less."""
_SLOW, _FAST, _BREATH = LOW[FAN], HIGH[FAN], BREATHING


@compiled
def by_rule(
    x: FloatArray, aim_pa: float, aim_oxygen: float, dioxide_pa: float, humidity: float,
    c: FloatArray, p: Any,
) -> FloatArray:  # fmt: skip
    """The command of the rule at a state, shape ``(3,)``.

    Args:
        x: State, shape ``(18,)``.
        aim_pa: Overpressure to hold [Pa].
        aim_oxygen: Least fraction of oxygen to hold.
        dioxide_pa: CO2 at which the flow is to be best [Pa].
        humidity: Relative humidity above which the gel is used.
        c: `hiera.controllers.life_support.nmpc.prediction.Corrections.vector`.
        p: Record of `Parameters`.
    """
    now = readings(x, p)
    deeper = x.copy()
    deeper[_BREATH] = DEEPER * x[_BREATH] + c[2] * now.dioxide_pa
    flow, _ = best_removal(deeper, x[12], dioxide_pa, x[5], p)
    u = np.empty(3)
    u[0] = feed_for(x[11], now.gauge_pa, now.oxygen, aim_pa, aim_oxygen)
    u[1] = min(max(flow / max(c[3], 0.3), _SLOW), _FAST)
    u[2] = 1.0 if now.humidity > humidity and x[8] < GEL_SPENT else 0.0
    return u


@compiled
def course(
    x0: FloatArray, W: FloatArray, c: FloatArray, spans: FloatArray, steps: IntArray,
    aims: FloatArray, p: Any,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """States and commands of the rule over a horizon, ``(K + 1, 18)`` and ``(K, 3)``.

    Args:
        x0: State, shape ``(18,)``.
        W: Surroundings, shape ``(K, 4)``.
        c: Corrections.
        spans: Lengths of the stages [s], shape ``(K,)``.
        steps: Of the integrator in each.
        aims: ``(aim_pa, aim_oxygen, dioxide_pa, humidity)`` of `by_rule`.
        p: Record of `Parameters`.
    """
    K = spans.shape[0]
    X, U = np.empty((K + 1, 18)), np.empty((K, 3))
    X[0] = x0
    for s in range(K):
        U[s] = by_rule(X[s], aims[0], aims[1], aims[2], aims[3], c, p)
        U[s, 0] = X[s, 11] + (U[s, 0] - X[s, 11]) * min(1.0, SETTLED_S / spans[s])
        X[s + 1] = stage(X[s], U[s], W[s], c, spans[s], steps[s], p)
    return X, U
