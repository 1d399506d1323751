"""The PID baseline's law, as plain functions that compiled simulations call as well.

    feed = u0 + KP (y* - y) + KI int (y* - y) - KD y' + KG max(0, p* - p) + FF uptake(heart)
    fan  = v0 + KP' (p_C - p_C*) + KI' int (p_C - p_C*) + FB ventilation(heart)

Oxygen's integral stands still while the command is at an end of its range and the error pushes
further (conditional anti-windup), the derivative is of the measurement, and without a single cell
the last integral is held. The damper before the gel opens at 70 % of humidity and shuts at 60 %.
Structure after the oxygen loop of DiveCANHead (QuickRecon, ``ppo2_control_math.c``); its duty cycle
is left out, because the valve here takes any flow.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hiera.safety.life_support.gases import MOLAR_LITRES, litres_per_minute
from hiera.safety.life_support.metabolism import ventilation_for
from hiera.safety.life_support.state import FAN, FEED, HIGH, LOW

CHANNELS = (
    "cell_0", "cell_1", "cell_2", "dioxide", "gauge", "gas_k", "humidity", "cylinder", "lime_k",
    "flow", "heart", "skin_k", "ambient_k",
)  # fmt: skip
"""Of the readings, in order."""
_DIOXIDE, _GAUGE, _HUMIDITY, _HEART = 3, 4, 6, 10
_OUTSIDE_PA = 101325.0
_DEAD_PA, _FULL_PA = 500.0, 99e3
"""Cells that show less or more than that are broken."""
_SLOPE_S, _HEART_S = 4.0, 20.0
"""Time constants of the derivative and of what the heart tells [s]."""
_MOIST, _DRY = 0.70, 0.60
_REST, _FIRM = litres_per_minute(0.5), litres_per_minute(1.35)
_MOST, _SLOW = HIGH[FEED], LOW[FAN]

FEED_I, FRACTION, SLOPE, FAN_I, UPTAKE, OPEN, PRESSURE = range(7)
"""Of the memory: integral of the oxygen loop [mol/s], last fraction, its slope [1/s], integral of
the CO2 loop [m^3/s], uptake told by the heart [mol/s], whether the damper is open, overpressure."""
MEMORY = 7


class Gains(NamedTuple):
    """Gains, set points and limits.

    Attributes:
        oxygen_set: Fraction of oxygen to hold.
        oxygen_kp: Feed per missing fraction [mol/s].
        oxygen_ki: The same per second [mol/s^2].
        oxygen_kd: Feed per slope of the fraction [mol].
        gauge_set: Overpressure below which more is fed [Pa].
        gauge_kp: Feed per missing overpressure [mol/(s Pa)].
        dioxide_set: Pressure of CO2 to hold [Pa].
        dioxide_kp: Flow per CO2 too much [m^3/(s Pa)].
        dioxide_ki: The same per second [m^3/(s^2 Pa)].
        breathing: Flow per ventilation that the heart tells of [1].
        flow_high: Most flow to ask for [m^3/s].
        uptake: Part of the uptake that the heart tells of that is fed at once [1].
    """

    oxygen_set: float = 0.21
    oxygen_kp: float = 0.1
    oxygen_ki: float = 1e-3
    oxygen_kd: float = 0.1
    gauge_set: float = 80.0
    gauge_kp: float = 1e-5
    dioxide_set: float = 400.0
    dioxide_kp: float = 5e-7
    dioxide_ki: float = 2e-9
    breathing: float = 1.0
    flow_high: float = 2.5e-3
    uptake: float = 0.0


def begin(memory: Any) -> None:
    """Forgets everything: the wearer stands, and the set has just been closed."""
    memory[:] = 0.0
    memory[FRACTION], memory[UPTAKE], memory[PRESSURE] = np.nan, _REST, 150.0


def voted(cells: Any) -> float:
    """Median of three cells, mean of two, the one there is; NaN without any."""
    a = np.sort(np.where((cells >= _DEAD_PA) & (cells < _FULL_PA), cells, np.nan))
    if np.isfinite(a[2]):
        return float(a[1])
    if np.isfinite(a[1]):
        return float(0.5 * (a[0] + a[1]))
    return float(a[0])


def law(memory: Any, shown: Any, g: Any, tick_s: float, out: Any) -> None:
    """Commands of a tick, written to ``out``; updates the memory.

    Args:
        memory: Shape ``(7,)``; see `begin`.
        shown: Readings in the order of `CHANNELS`, NaN where there is none, shape ``(13,)``.
        g: `Gains`.
        tick_s: Since the last call [s].
        out: ``(feed, fan, damper)`` [mol/s, m^3/s, 1], shape ``(3,)``.
    """
    if np.isfinite(shown[_GAUGE]):
        memory[PRESSURE] = shown[_GAUGE]
    if np.isfinite(shown[_HEART]):
        beats = shown[_HEART]
        told = (0.224 + 3.38e-5 * beats * beats * beats) / 3600.0 / MOLAR_LITRES
    else:
        told = _FIRM
    memory[UPTAKE] += (told - memory[UPTAKE]) * min(1.0, tick_s / _HEART_S)

    oxygen = voted(shown[:3])
    asked = g.uptake * memory[UPTAKE] + memory[FEED_I]
    asked += g.gauge_kp * max(0.0, g.gauge_set - memory[PRESSURE])
    if np.isfinite(oxygen):
        fraction = oxygen / (_OUTSIDE_PA + memory[PRESSURE])
        if np.isfinite(memory[FRACTION]):
            slope = (fraction - memory[FRACTION]) / tick_s
            memory[SLOPE] += (slope - memory[SLOPE]) * min(1.0, tick_s / _SLOPE_S)
        memory[FRACTION] = fraction
        error = g.oxygen_set - fraction
        asked += g.oxygen_kp * error - g.oxygen_kd * memory[SLOPE]
        if (asked < _MOST or error < 0.0) and (asked > 0.0 or error > 0.0):
            kept = memory[FEED_I] + g.oxygen_ki * error * tick_s
            memory[FEED_I] = min(max(kept, 0.0), _MOST)
    out[0] = min(max(asked, 0.0), _MOST)

    high = max(g.flow_high, _SLOW)
    wanted = g.breathing * ventilation_for(memory[UPTAKE]) + memory[FAN_I]
    if np.isfinite(shown[_DIOXIDE]):
        error = shown[_DIOXIDE] - g.dioxide_set
        wanted += g.dioxide_kp * error
        if (wanted < high or error < 0.0) and (wanted > _SLOW or error > 0.0):
            kept = memory[FAN_I] + g.dioxide_ki * error * tick_s
            memory[FAN_I] = min(max(kept, -high), high)
    out[1] = min(max(wanted, _SLOW), high)

    if np.isfinite(shown[_HUMIDITY]):
        if shown[_HUMIDITY] > _MOIST:
            memory[OPEN] = 1.0
        elif shown[_HUMIDITY] < _DRY:
            memory[OPEN] = 0.0
    out[2] = memory[OPEN]
