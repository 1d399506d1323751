"""The model that plans are made with: the prediction model under a law that feeds.

A plan chooses ``v = (aim, fan, damper)``: the overpressure that is aimed at [Pa], and two commands
as they are. The feed follows from the state, in the plan as in each tick that follows it:

    feed = uptake + max(hold (aim - p), lift (y* - y)),   within the valve's range

Fed in advance, the suit's gas would be an integrator of everything that the plan does not know;
under the law pressure settles in 20 s, in predictions too (B. Kouvaritakis, J. A. Rossiter,
J. Schuurmans, "Efficient Robust Predictive Control", IEEE TAC 45, 2000: predictions are stabilised
first, and optimised then). ``y*`` is the least oxygen that is held.

`Corrections` say what a set was seen to do differently from the model, and what the model leaves
out of the wearer's breath.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numba.extending import register_jitable

from hiera.controllers.life_support.holding import HOLD, LIFT
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import kernel, rates
from hiera.safety.life_support.gases import above, least
from hiera.safety.life_support.metabolism import DRIVE
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.state import DAMPER, FAN, FEED, HIGH, LOW

assert kernel.PHYSICS  # Tells Numba that it may call the model's functions.
AIM = 0
CHOICES = ("aim", "fan", "damper")
LEAST = np.array([25.0, LOW[FAN], LOW[DAMPER]])
"""Least choice; a plan keeps clear of 20 Pa, the least overpressure that is planned for."""
MOST = np.array([300.0, HIGH[FAN], HIGH[DAMPER]])
"""Largest choice; at 300 Pa the exhaust valve opens."""
SPAN = MOST - LEAST
SHORT_S = 2.5
"""Step of the integrator in short stages [s]."""
_MOST_FEED = HIGH[FEED]
_SMOOTH = 1e-5
"""Rounds the corners of the law [mol/s]."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a set does differently from the model, and its law, held over a horizon.

    Attributes:
        missed: Share of the CO2 given off that the lime does not get [1].
        breathing: Ventilation beyond the model's [m^3/s].
        drive: Ventilation per inhaled CO2 [m^3/(s Pa)].
        fan: Share of the flow asked for that the fan makes [1].
        feed: Share of the oxygen asked for that flows [1].
        hold: Feed per pressure that is missing [mol/(s Pa)].
        lift: Feed per fraction of oxygen that is missing [mol/s].
        oxygen: Least fraction of oxygen to hold.
    """

    missed: float = 0.0
    breathing: float = 0.0
    drive: float = DRIVE
    fan: float = 1.0
    feed: float = 1.0
    hold: float = HOLD
    lift: float = LIFT
    oxygen: float = 0.203

    def vector(self) -> FloatArray:
        """The same as numbers, shape ``(8,)``."""
        return np.array(astuple(self))


NUMBERS = len(astuple(Corrections()))


def fed(x: Any, aim: Any, c: Any, p: Any) -> Any:
    """Feed of the law [mol/s], its corners rounded.

    Args:
        x: State, shape ``(18,)``.
        aim: Overpressure to hold [Pa].
        c: `Corrections.vector`.
        p: `Parameters`.
    """
    now = readings(x, p)
    lean = c[6] * (c[7] - now.oxygen)
    missing = lean + above(c[5] * (aim - now.gauge_pa) - lean, _SMOOTH)
    return least(above(x[11] + missing, _SMOOTH), _MOST_FEED, _SMOOTH)


def planned(x: Any, v: Any, d: Any, c: Any, pace: Any, p: Any) -> tuple[Any, ...]:
    """Rates of the 18 states under the law, on numbers or on symbols.

    Args:
        x: State, shape ``(18,)``.
        v: ``(aim, fan, damper)``, shape ``(3,)``.
        d: `hiera.safety.life_support.Surroundings`.
        c: `Corrections.vector`.
        pace: Of fan and damper, 1 or less; see `pace_for`.
        p: `Parameters`.
    """
    f = rates.drift(x, d, p)
    flow = c[4] * fed(x, v[0], c, p)
    amount = x[0] + x[1] + x[2] + x[3]
    driven = c[1] + c[2] * p.outside_pa * x[1] / amount
    return (
        f[0] + flow,
        f[1] + c[0] * x[12],
        f[2],
        f[3],
        f[4],
        f[5],
        f[6],
        f[7],
        f[8],
        f[9],
        f[10] - flow,
        f[11],
        f[12],
        f[13] + driven / p.breathing_s,
        f[14],
        f[15],
        pace * (f[16] + c[3] * v[1] / p.fan_s),
        pace * (f[17] + v[2] / p.damper_s),
    )


def pace_for(step_s: Any) -> Any:
    """How much slower fan and damper are taken to be for a step of the integrator [1].

    They lag by 2 s, and a step of more than 2.5 s would run them through the end of their range.
    """
    return min(1.0, SHORT_S / step_s)


for _function in (fed, planned, pace_for):
    register_jitable(_function)
