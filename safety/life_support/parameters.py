"""Every constant of the life-support model, with its unit and where it comes from.

`Parameters` is the apparatus, the suit and the wearer. Its defaults are one choice: a four-hour
closed-circuit set with 2 kg of soda lime and 440 L of oxygen inside a positive-pressure suit. A
source that begins with "chosen" is a decision of this model and was measured by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hiera.safety.dynamics.limits import positive

MAY_BE_ZERO = frozenset(
    ("leak_mol_s_pa", "cooling_w_k", "work_share", "moisture_half", "gel_toth_t0")
)
"""Parameters whose physical effect may be absent, or whose sign is free."""


def described(value: float, unit: str, meaning: str, source: str) -> float:
    """A dataclass field with a default, its unit, meaning and source."""
    facts = {"unit": unit, "meaning": meaning, "source": source}
    made: float = field(default=value, metadata=facts)
    return made


@dataclass(frozen=True, slots=True)
class Parameters:
    """Constants of the model; each field carries its unit, meaning and source as metadata.

    `table` lists them for people, `record` makes the structure that compiled kernels read.

    Raises:
        ValueError: If a value that must be positive is not.
    """

    # Suit and circuit
    volume_m3: float = described(
        0.045, "m^3", "gas volume of circuit and suit at zero gauge pressure", "chosen; 25-80 L"
    )
    compliance_m3_pa: float = described(
        1e-5, "m^3/Pa", "volume gained per gauge pressure", "chosen"
    )
    outside_pa: float = described(101325.0, "Pa", "pressure outside", "standard atmosphere")
    crack_pa: float = described(
        300.0, "Pa", "gauge pressure at which the exhaust valve opens",
        "chosen, below the 373 Pa of 42 CFR 84.91",
    )  # fmt: skip
    vent_mol_s_pa: float = described(
        5e-5, "mol/(s Pa)", "conductance of the open exhaust", "chosen"
    )
    vent_softness_pa: float = described(
        10.0, "Pa", "width of the exhaust valve's opening", "chosen"
    )
    leak_mol_s_pa: float = described(
        2.5e-7, "mol/(s Pa)", "conductance of the suit's leaks; 0.03 L/min at 100 Pa", "chosen"
    )
    leak_softness_pa: float = described(
        5.0, "Pa", "gauge pressure over which outflow turns into inflow", "chosen"
    )
    # Soda lime
    lime_kg: float = described(2.0, "kg", "soda lime in the canister", "chosen")
    lime_capacity_mol_kg: float = described(
        8.62, "mol/kg", "carbon dioxide that the lime takes up",
        "fitted to Harvey et al., Diving Hyperb Med 46(2), 2016 (202 min): see validation",
    )  # fmt: skip
    lime_rate_m3_s_kg: float = described(
        1.616e-3, "m^3/(s kg)", "uptake rate of fresh lime at `lime_rate_at_k`",
        "fitted to the same test and its time from 0.5 to 1 kPa: see validation",
    )  # fmt: skip
    lime_rate_at_k: float = described(308.0, "K", "temperature of the rate", "chosen")
    lime_doubling_k: float = described(
        10.0, "K", "warming that doubles the rate", "diving texts, approximate"
    )
    lime_ceiling: float = described(
        2.0, "1", "most that warmth multiplies the rate: gas film takes over", "chosen"
    )
    lime_water: float = described(
        0.16, "kg/kg", "moisture of fresh lime", "clinical texts: 0.16-0.20"
    )
    moisture_half: float = described(
        0.02, "kg/kg", "moisture at which the rate has halved", "chosen"
    )
    drying: float = described(
        0.7, "1", "share of equilibrium the gas reaches with wet lime", "chosen"
    )
    bound_water: float = described(
        0.04, "kg/kg", "moisture at which lime's water activity is one half", "chosen"
    )
    lime_heat_j_kg_k: float = described(
        1100.0, "J/(kg K)", "specific heat of the bed", "unverified"
    )
    lime_loss_w_k: float = described(1.5, "W/K", "canister wall to the outside", "chosen")
    reaction_j_mol: float = described(
        114.7e3, "J/mol", "heat per mole of CO2 while the water stays liquid",
        "formation enthalpies of Ca(OH)2, CO2, CaCO3, H2O",
    )  # fmt: skip
    vaporisation_j_mol: float = described(
        44.0e3, "J/mol", "heat of vaporisation of water", "the same"
    )
    direct: float = described(
        0.95, "1", "share of exhaled CO2 that meets the lime before it mixes", "chosen; 0.5-1"
    )
    # Silica gel
    gel_kg: float = described(0.6, "kg", "dry silica gel", "chosen")
    gel_rate_1_s: float = described(
        1.25e-3, "1/s", "linear driving force", "V-HAB, SilicaGel_Table.m (pellets of 1.1 mm)"
    )
    gel_heat_j_kg: float = described(
        2.45e6, "J/kg", "heat of adsorption", "2.37-2.71 MJ/kg published"
    )
    gel_j_kg_k: float = described(921.0, "J/(kg K)", "specific heat of the gel", "approximate")
    gel_loss_w_k: float = described(1.0, "W/K", "gel bed to the outside", "chosen")
    gel_a0: float = described(0.1767, "mol/(kg Pa)", "Toth: Henry constant", "Wang and LeVan 2009")
    gel_b0: float = described(2.787e-8, "1/Pa", "Toth: affinity", "Wang and LeVan 2009")
    gel_e_k: float = described(1093.0, "K", "Toth: energy over R", "Wang and LeVan 2009")
    gel_toth_t0: float = described(-1.19e-3, "1", "Toth: exponent", "Wang and LeVan 2009")
    gel_toth_c_k: float = described(
        22.13, "K", "Toth: exponent's temperature", "Wang and LeVan 2009"
    )
    # Gas and heat
    gas_j_mol_k: float = described(29.0, "J/(mol K)", "molar heat of the gas", "air at 300 K")
    liner_j_k: float = described(2054.0, "J/K", "heat capacity of gas, hoses and liner", "chosen")
    wall_w_k: float = described(
        6.33, "W/K", "gas to outside through the suit: 1.9 m^2 at 0.30 m^2 K/W", "chosen"
    )
    wall_share: float = described(
        0.5, "1", "how far the coldest wall lies between gas and outside", "chosen"
    )
    condensing_1_s: float = described(
        0.02, "1/s", "rate at which excess vapour condenses", "chosen"
    )
    cooling_w_k: float = described(0.0, "W/K", "coolant pack to gas; none by default", "option")
    coolant_k: float = described(273.15, "K", "temperature of the coolant pack", "melting ice")
    # Oxygen
    cylinder_mol: float = described(19.63, "mol", "oxygen in a full cylinder: 440 L", "BioPak 240R")
    # Actuators
    fan_s: float = described(2.0, "s", "lag of the circulation fan", "chosen")
    damper_s: float = described(2.0, "s", "lag of the damper before the gel", "chosen")
    # Wearer
    uptake_s: float = described(33.0, "s", "onset of oxygen uptake", "V-HAB, Metabolic.m: 32-34 s")
    output_s: float = described(50.0, "s", "onset of CO2 output", "unverified")
    breathing_s: float = described(60.0, "s", "slow part of ventilation", "V-HAB, Respiration.m")
    exhaled_k: float = described(307.15, "K", "exhaled gas, saturated", "physiology texts")
    body_kg: float = described(80.0, "kg", "mass of the wearer", "chosen")
    skin_m2: float = described(1.9, "m^2", "area of the skin", "80 kg, Du Bois")
    tissue_j_kg_k: float = described(
        3492.0, "J/(kg K)", "specific heat of tissue", "Gagge, two-node"
    )
    skin_part: float = described(
        0.1, "1", "share of the body's mass that is skin", "Gagge: 0.05-0.15"
    )
    skin_gas_w_k: float = described(4.0, "W/K", "skin to suit gas", "chosen")
    evaporation_w: float = described(
        60.0, "W", "most that sweat can carry out of the suit", "chosen"
    )
    work_share: float = described(0.15, "1", "mechanical part of metabolic power", "0-0.20; chosen")

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name not in MAY_BE_ZERO:
                positive(**{f.name: value})
            elif not np.isfinite(value):
                raise ValueError(f"{f.name} must be a number, not {value!r}")

    def record(self) -> NDArray[Any]:
        """All values as one structured number, fields of the same names, shape ``()``."""
        return np.array(tuple(getattr(self, f.name) for f in fields(self)), dtype=DTYPE)


DTYPE = np.dtype([(f.name, np.float64) for f in fields(Parameters)])
"""Structure of a record; compiled kernels read ``p.lime_kg`` from it as from the dataclass."""


class Row(NamedTuple):
    """A parameter as it is shown to people."""

    name: str
    value: float
    unit: str
    meaning: str
    source: str


def table(described_fields: Any) -> list[Row]:
    """Every field of a dataclass of `described` ones with its unit, meaning and source."""
    return [
        Row(f.name, getattr(described_fields, f.name), *(f.metadata[k] for k in KEYS))
        for f in fields(described_fields)
    ]


KEYS = ("unit", "meaning", "source")
