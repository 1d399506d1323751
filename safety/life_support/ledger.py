"""Accounts of matter and energy: what is inside, and what crosses the border.

For a correct model ``d/dt inside = crossing`` for each element and for energy. Inside are the gas,
the lime as hydroxide, carbonate and water, the water in the gel, the oxygen in the cylinder and,
for energy, the wearer's tissue; the wearer's chemistry is outside.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hiera.safety.life_support.gases import OUTSIDE_OXYGEN, WATER_KG_MOL
from hiera.safety.life_support.rates import Flows


class Account(NamedTuple):
    """Amounts of the elements [mol] and heat [J], or their rates [mol/s, W].

    Heat is counted from an arbitrary zero: liquid water, unreacted lime, dry gel, 0 K tissue.
    """

    carbon: Any
    hydrogen: Any
    oxygen: Any
    nitrogen: Any
    heat: Any


def inside(x: Any, p: Any) -> Account:
    """What the apparatus and the wearer's tissue hold.

    Args:
        x: State, shape ``(18,)``.
        p: `Parameters`.
    """
    lime = p.lime_capacity_mol_kg * p.lime_kg
    used = x[5] * lime
    lime_water = x[7] * p.lime_kg / WATER_KG_MOL
    gel_water = x[8] * p.gel_kg / WATER_KG_MOL
    water = x[3] + lime_water + gel_water
    tissue = p.body_kg * p.tissue_j_kg_k
    sensible = (
        p.liner_j_k * x[4]
        + p.lime_kg * p.lime_heat_j_kg_k * x[6]
        + p.gel_kg * p.gel_j_kg_k * x[9]
        + tissue * ((1.0 - p.skin_part) * x[14] + p.skin_part * x[15])
    )
    bound = p.vaporisation_j_mol - p.gel_heat_j_kg * WATER_KG_MOL
    return Account(
        carbon=x[1] + used,
        hydrogen=2.0 * water + 2.0 * (lime - used),
        oxygen=2.0 * x[0] + 2.0 * x[1] + water + 2.0 * (lime - used) + 3.0 * used + 2.0 * x[10],
        nitrogen=2.0 * x[2],
        heat=sensible + p.vaporisation_j_mol * x[3] + bound * gel_water - p.reaction_j_mol * used,
    )


def crossing(x: Any, d: Any, p: Any, w: Flows) -> Account:
    """What crosses the border, inwards positive.

    Args:
        x: State, shape ``(18,)``.
        d: `Surroundings`.
        p: `Parameters`.
        w: The flows at that state.
    """
    amount = x[0] + x[1] + x[2] + x[3]
    out = (w.vent + w.leak) / amount
    warm = p.gas_j_mol_k * (d.ambient - x[4])
    water = w.breath - w.condensed - out * x[3]
    return Account(
        carbon=x[12] - out * x[1],
        hydrogen=2.0 * water,
        oxygen=2.0 * (x[12] - x[11] - out * (x[0] + x[1]) + OUTSIDE_OXYGEN * w.inflow) + water,
        nitrogen=2.0 * ((1.0 - OUTSIDE_OXYGEN) * w.inflow - out * x[2]),
        heat=(1.0 - p.work_share) * w.metabolic
        + d.radiant
        + warm * w.inflow
        - w.wall
        - w.cooling
        - w.lime_loss
        - w.gel_loss
        - w.evaporation
        - p.vaporisation_j_mol * out * x[3],
    )
