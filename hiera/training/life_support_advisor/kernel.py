"""Many sets at once between two decisions, compiled: belief, law, plant, judgement."""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.holding import feed_for
from hiera.envs.life_support.plant import advance_plants
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import metabolism, readings
from hiera.safety.life_support.gases import MOLAR_GAS, gauge_pa
from hiera.safety.life_support.sparing import best_removal

AVERAGE = 60
"""Ticks over which breathed gas is averaged."""
WORKING_K = 320.0
"""Least temperature of the bed on the way out [K], as the world has it."""
OXYGEN_LOW, OXYGEN_HARD, DIOXIDE, PRESSURE, OXYGEN_RESERVE, LIME_RESERVE = 1, 2, 3, 4, 5, 6
ENDS = (
    "", "oxygen_low", "oxygen_hard", "dioxide", "pressure", "oxygen_reserve", "lime_reserve",
)  # fmt: skip
"""Names of the ends by number; those up to the fourth are hard limits."""


@compiled
def believed_one(x: FloatArray, p: Any, model: Any, error: FloatArray, out: FloatArray) -> None:
    """What a set believes: the truth with its errors, amounts as the model's volume has them.

    Args:
        x: True state, shape ``(21,)``.
        p: Plant's constants.
        model: The model's.
        error: Of each state, shape ``(18,)``; the first four of the fractions, [0] of oxygen,
            [1] of the pressure of CO2 [Pa], [2] of the gauge pressure [Pa], [3] of vapour.
        out: Filled, shape ``(18,)``.
    """
    amount = x[0] + x[1] + x[2] + x[3]
    gauge = gauge_pa(amount, x[4], p) + error[2]
    for i in range(4, 18):
        out[i] = x[i] + error[i]
    pressure = model.outside_pa + gauge
    volume = model.volume_m3 + model.compliance_m3_pa * gauge
    whole = pressure * volume / (MOLAR_GAS * out[4])
    oxygen = x[0] / amount + error[0]
    dioxide = max(x[1] / amount + error[1] / pressure, 1e-5)
    vapour = max(x[3] / amount + error[3], 1e-3)
    # Nothing measures the breath, and the model does not know that CO2 deepens it.
    out[13] -= p.dioxide_drive * x[1] / amount * p.outside_pa
    out[0], out[1], out[3] = whole * oxygen, whole * dioxide, whole * vapour
    out[2] = whole * max(1.0 - oxygen - dioxide - vapour, 1e-3)
    out[5] = min(max(out[5], 0.0), 0.999)
    out[7] = max(out[7], 0.01)
    out[8] = min(max(out[8], 0.001), 0.45)
    for i in range(10, 14):
        out[i] = max(out[i], 1e-4)
    out[16] = max(out[16], 1e-4)
    out[17] = min(max(out[17], 0.0), 1.0)


@compiled
def believed(
    X: FloatArray, constants: Any, model: Any, errors: FloatArray, out: FloatArray
) -> None:
    """`believed_one` for many."""
    for b in range(X.shape[0]):
        believed_one(X[b], constants[b], model, errors[b], out[b])


@compiled
def best_flows(X: FloatArray, model: Any) -> FloatArray:
    """Flow that removes most CO2 at each belief, shape ``(B,)``."""
    made = np.empty(X.shape[0])
    for b in range(X.shape[0]):
        now = readings.readings(X[b], model)
        made[b], _ = best_removal(X[b], X[b, 12], now.dioxide_pa, X[b, 5], model)
    return made


@compiled
def live(
    X: FloatArray, acts: Any, constants: Any, model: Any, aims: FloatArray, errors: FloatArray,
    noise: FloatArray, breathed: FloatArray, clock: Any, ended: Any, bounds: FloatArray,
    lived: FloatArray,
) -> None:  # fmt: skip
    """Holds what is aimed at for a number of ticks of a second.

    Args:
        X: True states, shape ``(B, 21)``, moved on in place.
        acts: What acts on each, held, shape ``(B,)``.
        constants: Of each plant, shape ``(B,)``.
        model: Constants of the model, a record.
        aims: Pressure [Pa], factor of the best flow, damper, least oxygen, shape ``(B, 4)``.
        errors: See `believed_one`, shape ``(B, 18)``.
        noise: Of gauge [Pa], uptake [mol/s] and fraction at every tick, shape ``(B, ticks, 3)``.
        breathed: Oxygen and CO2 of the last minute, shape ``(B, 60, 2)``.
        clock: Ticks lived, shape ``(B,)``.
        ended: Numbers of `ENDS`, shape ``(B,)``.
        bounds: `oxygen_low`, `oxygen_hard`, CO2 hard [Pa], oxygen kept [mol], egress uptake
            [mol/s], strict ceiling, CO2 alarm [Pa], least and most flow [m^3/s].
        lived: Seconds lived, enriched and alarmed, shape ``(B, 3)``, written.
    """
    u = np.empty((1, 3))
    mind, there = np.empty(18), np.empty(18)
    for b in range(X.shape[0]):
        lived[b] = 0.0
        x, p = X[b], constants[b]
        believed_one(x, p, model, errors[b], mind)
        now = readings.readings(mind, model)
        best, _ = best_removal(mind, mind[12], now.dioxide_pa, mind[5], model)
        u[0, 1] = min(max(best * aims[b, 1], bounds[7]), bounds[8])
        u[0, 2] = aims[b, 2]
        for k in range(noise.shape[1]):
            if ended[b] != 0:
                break
            now = readings.readings(x, p)
            uptake = max(x[11] + errors[b, 11] + noise[b, k, 1], 0.0)
            gauge = now.gauge_pa + errors[b, 2] + noise[b, k, 0]
            oxygen = now.oxygen + errors[b, 0] + noise[b, k, 2]
            u[0, 0] = feed_for(uptake, gauge, oxygen, aims[b, 0], aims[b, 3])
            advance_plants(X[b : b + 1], u, acts[b : b + 1], constants[b : b + 1], 1.0, 1)
            now = readings.readings(x, p)
            clock[b] += 1
            at = clock[b] % breathed.shape[1]
            breathed[b, at, 0], breathed[b, at, 1] = now.oxygen, now.dioxide_pa
            lived[b, 0] += 1.0
            lived[b, 1] += 1.0 if now.oxygen > bounds[5] else 0.0
            lived[b, 2] += 1.0 if now.dioxide_pa > bounds[6] else 0.0
            mean = breathed[b, :, 0].mean()
            if mean < bounds[0]:
                ended[b] = 1
            elif mean > bounds[1]:
                ended[b] = 2
            elif breathed[b, :, 1].mean() > bounds[2]:
                ended[b] = 3
            elif now.gauge_pa <= 0.0:
                ended[b] = 4
            elif x[10] < bounds[3]:
                ended[b] = 5
            elif clock[b] % 10 == 0:
                there[:] = x[:18]
                there[13] = metabolism.ventilation_for(bounds[4])
                there[12] = metabolism.output_for(bounds[4])
                there[6] = max(there[6], WORKING_K)
                _, most = best_removal(there, there[12], bounds[2], there[5], model)
                if most < there[12]:
                    ended[b] = 6
