"""What instruments would show at a state, without noise or lag."""

from __future__ import annotations

from typing import Any, NamedTuple

from hiera.safety.life_support.gases import MOLAR_GAS, gauge_pa, saturation_pa
from hiera.safety.life_support.metabolism import heart_rate

CYLINDER_M3 = 2.0e-3
"""Volume of the oxygen cylinder [m^3]: 440 L at 22 MPa, chosen."""


class Readings(NamedTuple):
    """True values behind the instruments.

    Attributes:
        oxygen: Mole fraction of oxygen.
        dioxide_pa: Partial pressure of CO2 [Pa].
        gauge_pa: Pressure above that outside [Pa].
        gas_k: Temperature of the gas [K].
        humidity: Relative humidity of the gas [1].
        cylinder_pa: Pressure in the cylinder at 293 K [Pa].
        lime_k: Temperature of the lime [K].
        flow: Flow through the lime [m^3/s].
        heart: Beats per minute.
        skin_k: Temperature of the skin [K].
    """

    oxygen: Any
    dioxide_pa: Any
    gauge_pa: Any
    gas_k: Any
    humidity: Any
    cylinder_pa: Any
    lime_k: Any
    flow: Any
    heart: Any
    skin_k: Any


def readings(x: Any, p: Any) -> Readings:
    """Values behind the instruments.

    Args:
        x: State, shape ``(18,)``.
        p: `Parameters`, or a record of them.
    """
    amount = x[0] + x[1] + x[2] + x[3]
    gauge = gauge_pa(amount, x[4], p)
    pressure = p.outside_pa + gauge
    return Readings(
        oxygen=x[0] / amount,
        dioxide_pa=x[1] / amount * pressure,
        gauge_pa=gauge,
        gas_k=x[4],
        humidity=x[3] / amount * pressure / saturation_pa(x[4]),
        cylinder_pa=x[10] * MOLAR_GAS * 293.15 / CYLINDER_M3,
        lime_k=x[6],
        flow=x[16],
        heart=heart_rate(x[11]),
        skin_k=x[15],
    )
