"""Limits of physiology and hardware, in one place, with their sources.

Fractions are by volume, as the regulations count them (29 CFR 1910.146 and OSHA's letter of 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.parameters import described


@dataclass(frozen=True, slots=True)
class Limits:
    """What must hold, what should, and what has to be kept for the way out."""

    oxygen_low: float = described(
        0.195, "1", "least oxygen in the breathing gas", "42 CFR 84.79, 29 CFR 1910.146"
    )
    oxygen_strict: float = described(
        0.235, "1", "oxygen above which an atmosphere counts as enriched", "29 CFR 1910.146"
    )
    oxygen_hard: float = described(
        0.40, "1", "most oxygen beside burning gear", "what the maker of the BioPak 240R reports"
    )
    oxygen_toxic_pa: float = described(
        50.7e3, "Pa", "no lung damage below, however long", "UPTD: none below 0.5 atm"
    )
    dioxide_alarm_pa: float = described(
        507.0, "Pa", "CO2 behind the sorbent: 0.5 %", "42 CFR 84.97(d)"
    )
    dioxide_hard_pa: float = described(
        1013.0, "Pa", "inhaled CO2 of a four-hour set: 1.0 %", "42 CFR 84.97(a)"
    )
    gauge_low_pa: float = described(
        20.0, "Pa", "least overpressure that is planned for", "42 CFR 84.91 wants > 0; floor chosen"
    )
    gauge_high_pa: float = described(
        373.0, "Pa", "most static overpressure: 38 mm of water", "42 CFR 84.91"
    )
    humidity: float = described(0.85, "1", "comfort and fogging; relative", "chosen")
    inhaled_k: float = described(
        314.15, "K", "inhaled gas, four hours, dry half of the table", "42 CFR 84.103"
    )
    inhaled_humid_k: float = described(
        308.15, "K", "the same where humidity is above 50 %", "42 CFR 84.103"
    )
    core_alarm_k: float = described(311.65, "K", "core temperature, alarm", "common practice")
    core_end_k: float = described(312.15, "K", "core temperature, end", "common practice")
    egress_s: float = described(600.0, "s", "time kept for the way out", "chosen")
    egress_uptake: float = described(
        litres_per_minute(2.0), "mol/s", "work on the way out", "42 CFR 84.305, high"
    )
    average_s: float = described(
        60.0, "s", "time over which breathed gas is averaged", "42 CFR 84.303"
    )
