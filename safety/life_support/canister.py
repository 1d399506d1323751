"""A canister of soda lime on a breathing machine, as endurance tests are run.

The machine breathes in a closed circle: what leaves the bed is inhaled, CO2 is added, and the gas
meets the bed again, warm and saturated. The bed is that of the model (`lime`), alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import lime
from hiera.safety.life_support.gases import (
    MOLAR_GAS,
    WATER_KG_MOL,
    litres_per_minute,
    saturation_pa,
)
from hiera.safety.life_support.parameters import Parameters


@dataclass(frozen=True)
class Machine:
    """A breathing machine.

    Attributes:
        dioxide_l_min: CO2 added [L/min at 0 °C, 101.325 kPa, dry].
        air_l_min: Ventilation [the same].
        room_k: Temperature of the room [K].
        exhaled_k: Temperature of the gas that enters the bed, saturated [K].
    """

    dioxide_l_min: float = 2.0
    air_l_min: float = 45.0
    room_k: float = 293.15
    exhaled_k: float = 307.15


@dataclass(frozen=True)
class Run:
    """A canister's course.

    Attributes:
        minutes: Times, shape ``(k,)`` [min].
        inhaled_pa: CO2 that leaves the bed, shape ``(k,)`` [Pa].
        conversion: Mean conversion, shape ``(k,)``.
        bed_k: Temperature of the bed, shape ``(k,)`` [K].
        moisture: Of the lime, shape ``(k,)`` [kg/kg].
    """

    minutes: FloatArray
    inhaled_pa: FloatArray
    conversion: FloatArray
    bed_k: FloatArray
    moisture: FloatArray

    def minutes_until(self, inhaled_pa: float) -> float:
        """When the inhaled CO2 rises through a pressure for good [min]; infinite if it never does.

        A cold bed may start above it.
        """
        within = np.flatnonzero(self.inhaled_pa < inhaled_pa)
        if not len(within) or within[-1] + 1 == len(self.minutes):
            return float("inf")
        j = int(within[-1]) + 1
        low, high = self.inhaled_pa[j - 1], self.inhaled_pa[j]
        share = (inhaled_pa - low) / (high - low)
        return float(self.minutes[j - 1] + share * (self.minutes[j] - self.minutes[j - 1]))


def breathe(
    p: Parameters, machine: Machine, *, end_pa: float = 2200.0, limit_min: float = 1500.0,
    step_s: float = 5.0,
) -> Run:  # fmt: skip
    """Runs a fresh canister until the inhaled CO2 passes ``end_pa`` or the time is up.

    Args:
        p: Lime and its mass.
        machine: What breathes through it.
        end_pa: [Pa].
        limit_min: [min].
        step_s: Of the integrator, order 4 [s].
    """
    through = litres_per_minute(machine.air_l_min)
    added = litres_per_minute(machine.dioxide_l_min)
    density = p.outside_pa / (MOLAR_GAS * machine.exhaled_k)
    flow = through / density
    vapour = saturation_pa(machine.exhaled_k) / p.outside_pa

    def bed(z: FloatArray) -> tuple[FloatArray, float]:
        conversion, bed_k, moisture = (float(v) for v in z)
        slip = float(lime.passed(conversion, flow, lime.rate(bed_k, moisture, p), p))
        # In the circle y_in = slip y_in + added / through, so that all that is added is taken up.
        dry = lime.dried(density, flow, moisture, bed_k, vapour, p.outside_pa, p)
        heat = p.reaction_j_mol * added - p.vaporisation_j_mol * dry
        heat -= through * p.gas_j_mol_k * (bed_k - machine.exhaled_k)
        heat -= p.lime_loss_w_k * (bed_k - machine.room_k)
        rates = np.array(
            [
                added / (p.lime_capacity_mol_kg * p.lime_kg),
                heat / (p.lime_kg * p.lime_heat_j_kg_k),
                WATER_KG_MOL * (added - dry) / p.lime_kg,
            ]
        )
        return rates, slip / (1.0 - slip) * added / through * p.outside_pa

    z = np.array([0.0, machine.room_k, p.lime_water])
    rows = [(0.0, bed(z)[1], *z)]
    for i in range(1, int(60.0 * limit_min / step_s)):
        k1 = bed(z)[0]
        k2 = bed(z + 0.5 * step_s * k1)[0]
        k3 = bed(z + 0.5 * step_s * k2)[0]
        k4 = bed(z + step_s * k3)[0]
        z = z + step_s / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        rows.append((i * step_s / 60.0, bed(z)[1], *z))
        if rows[-1][1] > end_pa and z[0] > 0.5:
            break
    return Run(*np.array(rows).T)


@dataclass(frozen=True)
class Fit:
    """Two constants fitted to two numbers."""

    rate_m3_s_kg: float
    capacity_mol_kg: float


def fit(p: Parameters, machine: Machine, minutes_1_kpa: float, ratio_1_to_half: float) -> Fit:
    """Rate and capacity that give the time to 1 kPa and its ratio to that to 0.5 kPa.

    Capacity scales time, so the rate follows from the ratio alone up to the drying of the lime;
    both are found by Newton's method on their logarithms.

    Args:
        p: The other constants.
        machine: How the test was run.
        minutes_1_kpa: Measured [min].
        ratio_1_to_half: Measured.
    """

    def missed(z: FloatArray) -> FloatArray:
        rate, capacity = (float(v) for v in np.exp(z))
        tried = replace(p, lime_rate_m3_s_kg=rate, lime_capacity_mol_kg=capacity)
        run = breathe(tried, machine, end_pa=1050.0)
        at = run.minutes_until(1000.0)
        return np.log([at / minutes_1_kpa, at / run.minutes_until(500.0) / ratio_1_to_half])

    z = np.log([p.lime_rate_m3_s_kg, p.lime_capacity_mol_kg])
    for _ in range(8):
        error = missed(z)
        if np.max(np.abs(error)) < 1e-6:
            break
        slope = np.stack([(missed(z + h) - error) / 1e-3 for h in 1e-3 * np.eye(2)], axis=1)
        z = z - np.linalg.solve(slope, error)
    rate, capacity = np.exp(z)
    return Fit(float(rate), float(capacity))
