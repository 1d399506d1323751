"""The right-hand side: every flow of matter and heat, and the eighteen rates that they make.

    oxygen'    feed - uptake - y_O out + inflow       dioxide'  output - absorbed - y_C out
    nitrogen'  -y_N out + inflow                      vapour'   breath + dried - adsorbed
    cylinder'  -feed                                            - condensed - y_W out

with ``y_i = n_i / n`` and ``out = vent + leak``. Nothing brings nitrogen back: whatever leaves is
replaced by pure oxygen, so that the fraction of oxygen can only be held while gas is kept in.
One gas node (circuit, suit and liner) takes up the heat of both beds, of breath and skin, and loses
it through the wall. Heats are relative to the gas, so that matter that enters carries
``c_p (T_in - T_gas)``; oxygen comes through a hose inside the suit and has the gas's temperature.

These are plain functions of numbers: they run on symbols of `hiera.safety.tape`, on NumPy arrays,
and inside compiled kernels (`hiera.safety.life_support.kernel`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hiera.safety.life_support import body, gel, lime
from hiera.safety.life_support.gases import (
    MOLAR_GAS,
    OUTSIDE_OXYGEN,
    WATER_KG_MOL,
    above,
    gauge_pa,
    leaked,
    saturation_pa,
    vented,
)
from hiera.safety.life_support.metabolism import heat_w, output_for, ventilation_for

_DRY = 1e-3
"""Rounds the corners where water stops to change its state [1 for breath, mol for condensate]."""


class Flows(NamedTuple):
    """Flows between the parts, in mol/s and W."""

    vent: Any
    leak: Any
    inflow: Any
    absorbed: Any
    dried: Any
    breath: Any
    adsorbed: Any
    condensed: Any
    lime_to_gas: Any
    gel_to_gas: Any
    breath_to_gas: Any
    skin_to_gas: Any
    wall: Any
    lime_loss: Any
    gel_loss: Any
    cooling: Any
    metabolic: Any
    core_to_skin: Any
    evaporation: Any


def flows(x: Any, d: Any, p: Any) -> Flows:
    """Every flow at a state.

    Args:
        x: State, shape ``(18,)``; see `hiera.safety.life_support.state`.
        d: `Surroundings`.
        p: `Parameters`, or a record of them.
    """
    amount = x[0] + x[1] + x[2] + x[3]
    gauge = gauge_pa(amount, x[4], p)
    pressure = p.outside_pa + gauge
    density = pressure / (MOLAR_GAS * x[4])
    vapour = x[3] / amount
    leak = d.leak * leaked(gauge, p)
    # Lime: what has mixed already, and the breath that meets it first.
    through = density * x[16]
    shared = lime.caught(x[16], x[13], p)
    k = lime.rate(x[6], x[7], p)
    arriving = through * x[1] / amount + shared * x[12]
    absorbed = arriving * (1.0 - lime.passed(x[5], x[16], k, p))
    dried = lime.dried(density, x[16], x[7], x[6], vapour, pressure, p)
    # Gel, behind its damper.
    wanted = gel.equilibrium(vapour * pressure, x[9], p)
    adsorbed = gel.adsorbed(x[8], wanted, x[17] * through * vapour, p)
    # Breath leaves the airways saturated.
    exhaled = p.outside_pa * x[13] / (MOLAR_GAS * p.exhaled_k)
    breath = exhaled * above(saturation_pa(p.exhaled_k) / p.outside_pa - vapour, _DRY)
    # Water condenses on the wall where that is colder, else in the gas itself.
    wall_k = x[4] - p.wall_share * above(x[4] - d.ambient, 0.5)
    excess = x[3] - amount * saturation_pa(wall_k) / pressure
    condensed = p.condensing_1_s * above(excess, _DRY)
    return Flows(
        vent=vented(gauge, p),
        leak=leak,
        inflow=leak - d.leak * p.leak_mol_s_pa * gauge,
        absorbed=absorbed,
        dried=dried,
        breath=breath,
        adsorbed=adsorbed,
        condensed=condensed,
        lime_to_gas=through * p.gas_j_mol_k * (x[6] - x[4]),
        gel_to_gas=x[17] * through * p.gas_j_mol_k * (x[9] - x[4]),
        breath_to_gas=exhaled * p.gas_j_mol_k * (p.exhaled_k - x[4]),
        skin_to_gas=p.skin_gas_w_k * (x[15] - x[4]),
        wall=p.wall_w_k * (x[4] - d.ambient),
        lime_loss=p.lime_loss_w_k * (x[6] - d.ambient),
        gel_loss=p.gel_loss_w_k * (x[9] - d.ambient),
        cooling=p.cooling_w_k * (x[4] - p.coolant_k),
        metabolic=heat_w(x[11], x[12]),
        core_to_skin=body.conductance(x[14], x[15]) * p.skin_m2 * (x[14] - x[15]),
        evaporation=body.evaporation_w(x[14], x[15], p),
    )


def drift(x: Any, d: Any, p: Any) -> tuple[Any, ...]:
    """Rates without the controls, 18 numbers; arguments as for `flows`."""
    w = flows(x, d, p)
    amount = x[0] + x[1] + x[2] + x[3]
    share = (w.vent + w.leak) / amount
    latent = p.vaporisation_j_mol
    warmth = w.breath_to_gas + w.lime_to_gas + w.gel_to_gas + w.skin_to_gas + d.radiant
    lost = w.wall + w.cooling
    entering = p.gas_j_mol_k * w.inflow * (d.ambient - x[4])
    lime_heat = p.reaction_j_mol * w.absorbed - latent * w.dried - w.lime_to_gas - w.lime_loss
    taken_up = WATER_KG_MOL * w.adsorbed / p.gel_kg
    gel_heat = p.gel_heat_j_kg * p.gel_kg * taken_up - w.gel_to_gas - w.gel_loss
    inside = (1.0 - p.work_share) * w.metabolic - latent * w.breath - w.breath_to_gas
    tissue = p.body_kg * p.tissue_j_kg_k
    return (
        -x[11] - x[0] * share + OUTSIDE_OXYGEN * w.inflow,
        x[12] - w.absorbed - x[1] * share,
        -x[2] * share + (1.0 - OUTSIDE_OXYGEN) * w.inflow,
        w.breath + w.dried - w.adsorbed - w.condensed - x[3] * share,
        (warmth + latent * w.condensed + entering - lost) / p.liner_j_k,
        w.absorbed / (p.lime_capacity_mol_kg * p.lime_kg),
        lime_heat / (p.lime_kg * p.lime_heat_j_kg_k),
        WATER_KG_MOL * (w.absorbed - w.dried) / p.lime_kg,
        taken_up,
        gel_heat / (p.gel_kg * p.gel_j_kg_k),
        0.0 * x[10],
        (d.demand - x[11]) / p.uptake_s,
        (output_for(x[11]) - x[12]) / p.output_s,
        (ventilation_for(x[11]) - x[13]) / p.breathing_s,
        (inside - w.core_to_skin) / ((1.0 - p.skin_part) * tissue),
        (w.core_to_skin - w.skin_to_gas - w.evaporation) / (p.skin_part * tissue),
        -x[16] / p.fan_s,
        -x[17] / p.damper_s,
    )


def rates(x: Any, u: Any, d: Any, p: Any) -> tuple[Any, ...]:
    """The right-hand side, 18 numbers [state units / s].

    Args:
        x: State, shape ``(18,)``.
        u: Controls ``(feed, fan, damper)``, shape ``(3,)``.
        d: `Surroundings`.
        p: `Parameters`, or a record of them.
    """
    f = drift(x, d, p)
    return (
        f[0] + u[0],
        f[1],
        f[2],
        f[3],
        f[4],
        f[5],
        f[6],
        f[7],
        f[8],
        f[9],
        f[10] - u[0],
        f[11],
        f[12],
        f[13],
        f[14],
        f[15],
        f[16] + u[1] / p.fan_s,
        f[17] + u[2] / p.damper_s,
    )


def gains(p: Any) -> Any:
    """Input matrix, shape ``(18, 3)``, the same everywhere: ``rates = drift + gains u`` exactly."""
    matrix = np.zeros((18, 3))
    matrix[0, 0], matrix[10, 0] = 1.0, -1.0
    matrix[16, 1], matrix[17, 2] = 1.0 / p.fan_s, 1.0 / p.damper_s
    return matrix
