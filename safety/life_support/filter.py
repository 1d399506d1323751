"""The last word on every command: a `CbfFilter` for the breathing set.

The filter knows the wearer's uptake and not what work comes next, and the leak it was told and not
the one that opens: both are a bounded disturbance. Commands are held for a tick.

What the margins for the time in a tick are good for, at one second: rows of degree 1 (oxygen,
pressure, oxygen stock) carry one that is measured over the range of operation
(`hiera.safety.life_support.curvature`); the bound by interval arithmetic is finite and eight times
what the valve can do. Rows of degree 2 (CO2, humidity, nitrogen) would need tens of times what
they allow at all, because the fan can turn through its range in that second; they hold at the
ticks only, and are soft.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.control_affine import vector
from hiera.safety.filters.cbf import CbfFilter
from hiera.safety.filters.guard import DEFAULT_GUARD, Guard
from hiera.safety.life_support.barriers import PACE, Pace, life_support_barriers
from hiera.safety.life_support.curvature import with_measured_curvature
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.limits import Limits
from hiera.safety.life_support.model import LifeSupportModel
from hiera.safety.life_support.state import DIOXIDE, HIGH, LOW, OXYGEN, UPTAKE, VAPOUR, N

AT_TICKS = frozenset(
    ("dioxide_hard", "dioxide_alarm", "humidity", "nitrogen_hard", "nitrogen_strict")
)
"""Rows that hold at the ticks only."""


def default_disturbance(model: LifeSupportModel) -> FloatArray:
    """What is not modelled, as bounds on the rates, shape ``(18,)``.

    Work may change the uptake by 2.5 L/min within its time constant; 0.3 L/min of gas may leave
    beyond the known leak; 0.12 L/min of CO2 may miss the lime. All of the leak is booked on oxygen,
    which is worst for the least oxygen and the least pressure, and none on nitrogen: no command
    keeps nitrogen from leaving through a leak, so that a row with it could never be met.
    """
    bound = np.zeros(N)
    bound[OXYGEN], bound[DIOXIDE] = litres_per_minute(0.3), litres_per_minute(0.12)
    bound[VAPOUR] = litres_per_minute(0.1)
    bound[UPTAKE] = litres_per_minute(2.5) / model.parameters.uptake_s
    return bound


def life_support_filter(
    model: LifeSupportModel | None = None,
    limits: Limits | None = None,
    *,
    tick_s: float = 1.0,
    pace: Pace = PACE,
    disturbance: ArrayLike | None = None,
    uncertainty: ArrayLike | None = None,
    guard: Guard = DEFAULT_GUARD,
    without: frozenset[str] = frozenset(),
) -> CbfFilter:
    """A filter for the commands ``(feed, fan, damper)``.

    Args:
        model: The prediction model; the default one if not given.
        limits: What must hold; the default ones if not given.
        tick_s: Period of the commands [s]; at most what the largest gain allows.
        pace: Gains and margins of the barriers.
        disturbance: Bound of what is added to the rates, shape ``(18,)``; see
            `default_disturbance`.
        uncertainty: Bound of the estimate's error, shape ``(18,)``; zero by default, the margins
            in `pace` then have to cover it.
        guard: Backups, input of rest, limits of time. By default the input of rest feeds 1.5 L/min
            and runs the fan at 72 L/min with the gel open.
        without: Names of barriers to leave out.

    Raises:
        ValueError: If a bound or a gain does not fit the tick.
    """
    model = LifeSupportModel() if model is None else model
    limits = Limits() if limits is None else limits
    noise = default_disturbance(model) if disturbance is None else vector("noise", disturbance, N)
    rest = (litres_per_minute(1.5), 1.2e-3, 1.0)
    wanted = [
        b for b in life_support_barriers(model.parameters, limits, pace) if b.name not in without
    ]
    between = [b for b in wanted if b.name not in AT_TICKS]
    at_ticks = [replace(b, sampled=False) for b in wanted if b.name in AT_TICKS]
    barriers = with_measured_curvature(model, between, noise) + at_ticks
    spans = np.subtract(HIGH, LOW)
    return CbfFilter(
        model.affine(disturbance=noise),
        barriers,
        tick_s=tick_s,
        weights=1.0 / spans**2,
        uncertainty=uncertainty,
        guard=guard if guard.rest is not None else replace(guard, rest=rest),
    )
