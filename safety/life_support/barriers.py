"""Barriers of the breathing set: limits of this instant, and stocks that do not come back.

With amounts n_i [mol], gas temperature T, V_0 the suit's volume and n_ref the amount at rest:

    oxygen low      (n_O - y_low n) / n_ref                              degree 1, feed
    fire ceiling    (Y n - n_O) / n_ref                                  degree 1, feed
    pressure        (n R T - K(p)) / K'(p), the gauge pressure less p    degree 1, feed
    CO2             (p_lim V_0 / (R T_h) - n_C) / n_ref                  degree 2, fan
    humidity        (r p_s(T) V_0 / (R T) - n_W) / n_ref                 degree 2, damper
    nitrogen        (n_N - n_N,min) / n_ref                              degree 2, feed
    oxygen stock    (n_T - n_T,egress) / n_T,0                           degree 1, feed

`Y n - n_O` keeps the fire ceiling of the instant and cannot keep it for good: every mole that
leaves is replaced by pure oxygen. The row for nitrogen acts before: its second condition is

    outflow of nitrogen <= alpha (n_N - n_N,min),      n_N,min = (1 - Y) n_ref + need of the way out

so that the pressure, and with it venting and leaks, is held the lower the less nitrogen is left.
CO2 and humidity take the smallest volume (V_0) and, for CO2, a hot gas; both err to the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.life_support.gases import MOLAR_GAS, leaked, saturation_pa
from hiera.safety.life_support.limits import Limits
from hiera.safety.life_support.parameters import Parameters
from hiera.safety.life_support.state import start

HOT_K = 313.15
"""Gas temperature at which the CO2 limit is turned into an amount [K]."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast each limit may be approached [1/s], and what is kept back for errors.

    Attributes:
        oxygen: Gain of both oxygen limits.
        pressure: Gain of both pressure limits; with a small one the margin within a tick holds the
            suit far above its least pressure, and leaks take the more.
        dioxide: Both gains of the CO2 rows.
        humidity: Both gains of the humidity row.
        nitrogen: Both gains of the nitrogen row; small, since its stock lasts for the mission.
        stock: Gain of the row for the oxygen stock.
        oxygen_margin: Added to the lower and taken off the upper oxygen limits [1].
        dioxide_margin_pa: Taken off the CO2 limits [Pa].
    """

    oxygen: float = 0.2
    pressure: float = 0.8
    dioxide: tuple[float, float] = (0.1, 0.2)
    humidity: tuple[float, float] = (0.05, 0.2)
    nitrogen: tuple[float, float] = (1e-3, 0.1)
    stock: float = 0.02
    oxygen_margin: float = 0.005
    dioxide_margin_pa: float = 100.0


PACE = Pace()


def nitrogen_needed(p: Parameters, limits: Limits, ceiling: float) -> float:
    """Least nitrogen with which the way out stays below an oxygen ceiling [mol].

    The way out is walked at the least overpressure, where only leaks let gas out.

    Args:
        p: The apparatus.
        limits: Least pressure, time of the way out.
        ceiling: Fraction of oxygen.
    """
    amount = float(start(p, gauge_pa=limits.gauge_low_pa)[:4].sum())
    outflow = float(leaked(limits.gauge_low_pa, p))
    return (1.0 - ceiling) * (amount + limits.egress_s * outflow)


def oxygen_needed(p: Parameters, limits: Limits) -> float:
    """Oxygen that the way out takes from the cylinder [mol]."""
    outflow = float(leaked(limits.gauge_low_pa, p))
    return limits.egress_s * (limits.egress_uptake + outflow)


def instant_barriers(p: Parameters, limits: Limits, pace: Pace = PACE) -> list[Barrier]:
    """Limits of this instant.

    Least oxygen and least pressure are hard, the others give way in the order in which they stand
    in the list of priorities: 1 the hard fire ceiling and CO2, 2 the CO2 alarm and the highest
    pressure, 4 the strict fire ceiling, 6 humidity.

    Args:
        p: The apparatus.
        limits: What must hold.
        pace: Gains and margins.
    """
    whole = float(start(p)[:4].sum())

    def fraction(name: str, value: float, upper: bool, priority: int) -> Barrier:
        sign = -1.0 if upper else 1.0
        kept = value + sign * pace.oxygen_margin

        def h(x: Any) -> Any:
            amount = x[0] + x[1] + x[2] + x[3]
            return sign * (x[0] - kept * amount) / whole

        return Barrier(h, alpha=pace.oxygen, name=name, priority=priority)

    def pressure(name: str, value: float, upper: bool, priority: int) -> Barrier:
        sign = -1.0 if upper else 1.0
        slope = p.volume_m3 + p.compliance_m3_pa * (p.outside_pa + 2.0 * value)
        volume = p.volume_m3 + p.compliance_m3_pa * value
        at = (p.outside_pa + value) * volume

        def h(x: Any) -> Any:
            amount = x[0] + x[1] + x[2] + x[3]
            return sign * (amount * MOLAR_GAS * x[4] - at) / slope

        return Barrier(h, alpha=pace.pressure, name=name, priority=priority)

    def dioxide(name: str, value: float, priority: int) -> Barrier:
        most = (value - pace.dioxide_margin_pa) * p.volume_m3 / (MOLAR_GAS * HOT_K)
        return Barrier(
            lambda x: (most - x[1]) / whole, alpha=pace.dioxide, name=name, priority=priority
        )

    def humidity(x: Any) -> Any:
        most = limits.humidity * saturation_pa(x[4]) * p.volume_m3 / (MOLAR_GAS * x[4])
        return (most - x[3]) / whole

    return [
        fraction("oxygen_low", limits.oxygen_low, False, 0),
        pressure("pressure_low", limits.gauge_low_pa, False, 0),
        fraction("oxygen_hard", limits.oxygen_hard, True, 1),
        dioxide("dioxide_hard", limits.dioxide_hard_pa, 1),
        dioxide("dioxide_alarm", limits.dioxide_alarm_pa, 2),
        pressure("pressure_high", limits.gauge_high_pa, True, 2),
        fraction("oxygen_strict", limits.oxygen_strict, True, 4),
        Barrier(humidity, alpha=pace.humidity, name="humidity", priority=6),
    ]


def viability_barriers(p: Parameters, limits: Limits, pace: Pace = PACE) -> list[Barrier]:
    """Stocks that no control brings back: nitrogen below each ceiling, oxygen for the way out.

    All are soft: what they protect is a later minute, and breathing now comes first.

    Args:
        p: The apparatus.
        limits: Ceilings and the way out.
        pace: Gains.
    """
    whole = float(start(p)[:4].sum())

    def nitrogen(name: str, ceiling: float, priority: int) -> Barrier:
        least = nitrogen_needed(p, limits, ceiling)
        return Barrier(
            lambda x: (x[2] - least) / whole, alpha=pace.nitrogen, name=name, priority=priority
        )

    kept = oxygen_needed(p, limits)
    return [
        nitrogen("nitrogen_hard", limits.oxygen_hard, 3),
        nitrogen("nitrogen_strict", limits.oxygen_strict, 5),
        Barrier(
            lambda x: (x[10] - kept) / p.cylinder_mol,
            alpha=pace.stock,
            name="oxygen_stock",
            priority=3,
        ),
    ]


def life_support_barriers(p: Parameters, limits: Limits, pace: Pace = PACE) -> list[Barrier]:
    """All of them, those of the instant first."""
    return instant_barriers(p, limits, pace) + viability_barriers(p, limits, pace)
