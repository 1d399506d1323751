"""Agents that share one state vector and must not touch one another: one row for each pair.

    single integrators:   h = (|e|^2 - R^2) / (2 R)                      e = p_i - p_j
    double integrators:   h = |e| - R - c_+^2 / (2 (2 a)),               c = -e . (v_i - v_j) / |e|

The forms of `keep_out` and `braking`, the relative deceleration of two agents that both brake being
2 a. Relative degree 1. Standing still keeps every pair of single integrators, so any number of them
is compatible with the input limits; of double integrators each pair is, but an agent between two
others may not be able to brake for both: give a smaller `deceleration` in a crowd.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.braking import clearance_after_braking
from hiera.safety.dynamics.limits import positive


def inter_agent(
    agents: int,
    radius: float,
    *,
    d: int = 2,
    deceleration: float | None = None,
    alpha: float = 1.0,
    name: str = "pair",
    priority: int = 0,
) -> list[Barrier]:
    """Keeps all pairs apart.

    The state holds the positions of all agents, agent after agent, shape ``(agents d,)`` [m], and
    with a deceleration then their velocities [m/s]: as `single_integrator` and `double_integrator`
    with ``agents d`` dimensions have it.

    Args:
        agents: Number of agents.
        radius: Distance that two centres keep [m].
        d: Dimensions of the space.
        deceleration: ``a`` that each agent can have in every direction [m/s^2]; None for single
            integrators.
        alpha: Gain [1/s].
        name: For reports; pairs are called ``name[i,j]``.
        priority: 0 is hard.
    """
    positive(radius=radius)
    if agents < 2:
        raise ValueError(f"agents must be at least 2, not {agents}")
    if deceleration is not None:
        positive(deceleration=deceleration)
    return [
        Barrier(
            _pair(agents, i, j, d, radius, deceleration),
            alpha=alpha,
            name=f"{name}[{i},{j}]",
            priority=priority,
        )
        for i, j in combinations(range(agents), 2)
    ]


def _pair(agents: int, i: int, j: int, d: int, radius: float, deceleration: float | None) -> Any:
    def apart(x: Any, first: int = 0) -> Any:
        a, b = first + i * d, first + j * d
        return x[a : a + d] - x[b : b + d]

    def standing(x: Any) -> Any:
        e = apart(x)
        return 0.5 * sum(e[k] * e[k] for k in range(d)) / radius - 0.5 * radius

    def braking(x: Any) -> Any:
        brake = 2.0 * float(deceleration or 0.0)
        return clearance_after_braking(apart(x), apart(x, agents * d), radius, brake)

    return standing if deceleration is None else braking
