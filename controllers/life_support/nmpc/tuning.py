"""Numbers that a person may choose: horizon, weights, what is expected of the mission."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiera.controllers.life_support.nmpc.objective import (
    DIOXIDE,
    GAUGE,
    HUMIDITY,
    OXYGEN,
    SCALE,
    Objective,
)
from hiera.controllers.life_support.nmpc.scarcity import Scarcity
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import state as names
from hiera.safety.life_support.limits import Limits
from hiera.safety.life_support.state import N

GRID: tuple[tuple[int, float], ...] = ((8, 5.0), (8, 10.0), (8, 20.0), (6, 40.0))
"""Stages and their length [s]: 520 s in 30 stages. Gas and actuators want short stages now, the
lime's warmth and the stocks a far end; a uniform grid of 10 s sees less than five minutes."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Choices of the controller; what the weights weigh stands in `Objective`.

    Attributes:
        grid: Stages and their length [s], in order.
        act_period_s: Between two plans [s].
        solver: ``"rti"`` or ``"ipopt"``.
        iterations: Most steps of Gauss and Newton for a plan.
        scarce: Whether scarce stocks are dearer.
        ahead_s: How long the mission is expected to go on, at any time [s].
        caution: Deviations of the forecast that are added to the demand planned for.
        breath_caution: Deviations of its factor that are added to the ventilation planned for.
        gauge_pa: Overpressure aimed at [Pa].
        oxygen_margin: Beyond the least oxygen lies what the law holds [1].
        dioxide_margin_pa: Kept from the CO2 alarm; twice as much from the hard limit [Pa].
        dioxide: Weight of the CO2's square.
        gauge: Weight of the overpressure's square.
        alarm: Weight beyond the CO2 alarm.
        hard: Weight beyond hard limits.
        enriched: Weight beyond the strict fire ceiling.
        humid: Weight beyond the humidity limit.
        change: Weights of changes of aim, fan and damper.
        fan: Weight of the fan's square.
        damper: Weight of the damper's square.
        oxygen: What a mole of oxygen is worth.
        nitrogen: What a mole of nitrogen is worth.
        gel: What the gel's loading costs [1/(kg/kg)].
        lime: Weight of the CO2 at a peak of work.
    """

    grid: tuple[tuple[int, float], ...] = GRID
    act_period_s: float = 10.0
    solver: str = "rti"
    iterations: int = 3
    scarce: bool = True
    ahead_s: float = 3600.0
    caution: float = 0.5
    breath_caution: float = 0.5
    gauge_pa: float = 35.0
    oxygen_margin: float = 0.015
    dioxide_margin_pa: float = 60.0
    dioxide: float = 0.3
    gauge: float = 0.3
    alarm: float = 10.0
    hard: float = 200.0
    enriched: float = 0.05
    humid: float = 0.01
    change: tuple[float, float, float] = (0.2, 1.0, 0.3)
    fan: float = 0.02
    damper: float = 0.01
    oxygen: float = 0.2
    nitrogen: float = 20.0
    gel: float = 0.5
    lime: float = 3.0

    @property
    def spans(self) -> FloatArray:
        """Length of each stage [s], shape ``(K,)``."""
        return np.concatenate([np.full(count, length) for count, length in self.grid])

    def objective(self, limits: Limits, dear: Scarcity) -> Objective:
        """The weights as arrays.

        Args:
            limits: Where the limits lie.
            dear: What is scarce.
        """
        low = limits.oxygen_low
        alarm = limits.dioxide_alarm_pa - self.dioxide_margin_pa
        hard = limits.dioxide_hard_pa - 2.0 * self.dioxide_margin_pa
        rows = (
            (DIOXIDE, 1.0, alarm, self.alarm),
            (DIOXIDE, 1.0, hard, self.hard),
            (OXYGEN, -1.0, low + 0.5 * self.oxygen_margin, self.hard),
            (OXYGEN, 1.0, limits.oxygen_strict, self.enriched),
            (OXYGEN, 1.0, limits.oxygen_hard - 0.03, 10.0 * self.enriched),
            (GAUGE, -1.0, limits.gauge_low_pa, 0.5 * self.hard),
            (GAUGE, 1.0, 240.0, 1.0),
            (HUMIDITY, 1.0, limits.humidity, self.humid),
        )
        value = np.zeros(N)
        value[[names.OXYGEN, names.CYLINDER]] = -self.oxygen * dear.oxygen
        value[names.NITROGEN] = -self.nitrogen * dear.nitrogen
        value[names.LOADING] = self.gel * dear.gel
        return Objective(
            aim=np.array([DIOXIDE, GAUGE]),
            target=np.array([0.0, self.gauge_pa / SCALE[GAUGE]]),
            aim_weight=np.array([self.dioxide, self.gauge]),
            limit=np.array([r[0] for r in rows]),
            sign=np.array([r[1] for r in rows]),
            bound=np.array([r[2] / SCALE[r[0]] for r in rows]),
            limit_weight=np.array([r[3] for r in rows]),
            change=np.array(self.change),
            effort=np.array([0.0, self.fan, self.damper * dear.gel]),
            value=value,
            peak=self.lime * dear.lime,
        )
