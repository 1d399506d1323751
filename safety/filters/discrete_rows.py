"""Barriers a tick later, symbolically: values, and slopes in the input.

For a system whose state after a tick is known, x+ = F(x, u), a barrier need not be kept through
its derivative. With y_j(x, u) the state after the part j / J of the tick, the condition

    h(y_j(x, u))  >=  (1 - gamma j / J) h(x),        j = 1 … J,    0 < gamma <= 1

(A. Agrawal and K. Sreenath, "Discrete Control Barrier Functions for Safety-Critical Control of
Discrete Systems", RSS 2017) asks for what will be, so a barrier that already contains a braking
law keeps its whole set, whatever the tick. It is not linear in u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.recorded import record_barrier
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.dynamics.discrete_time import DiscreteTime
from hiera.safety.tape import Expr, Graph, Program, compile_program, directional, gradient
from hiera.safety.tape.numpy_calls import symbols


@dataclass(frozen=True, slots=True, eq=False)
class DiscreteRows:
    """What a tick does to barriers.

    Attributes:
        now: Outputs ``h (k)``; inputs ``x (n), p (q)``.
        later: Outputs ``h(y_j) (k J)``, barrier by barrier; inputs ``x, p, u (m), w (n)``.
        slopes: As `later`, each followed by its derivatives in ``u``: ``(1 + m) (k J)``.
        shares: ``j / J`` of each row, shape ``(k J,)``.
        labels: Of each barrier.
        priorities: Of each barrier.
        q: Number of parameters.
    """

    now: Program
    later: Program
    slopes: Program
    shares: tuple[float, ...]
    labels: tuple[str, ...]
    priorities: tuple[int, ...]
    q: int


def compile_discrete(
    system: ControlAffine | DiscreteTime,
    barriers: Sequence[Barrier],
    tick_s: float,
    parts: int,
) -> DiscreteRows:
    """Records barriers at the parts of a tick.

    Args:
        system: Continuous, then integrated by one Runge–Kutta step a part, or discrete, then
            ``parts`` must be 1.
        barriers: Without ``over``.
        tick_s: Tick [s].
        parts: J.

    Raises:
        TraceError: If something cannot be recorded.
        ValueError: If a barrier is given per obstacle, or a discrete system is to be cut up.
    """
    graph = Graph()
    n, m, q = system.n, system.m, sum(b.parameters for b in barriers)
    x, p = list(graph.inputs(0, n)), list(graph.inputs(n, q))
    u, w = list(graph.inputs(n + q, m)), list(graph.inputs(n + q + m, n))
    path = _path(system, graph, x, u, w, tick_s, parts)
    now, later, slopes, first = [], [], [], 0
    for barrier in barriers:
        if barrier.over is not None:
            raise ValueError(f"barrier {barrier.label}: over= is for the continuous filter")
        own = p[first : first + barrier.parameters]
        first += barrier.parameters
        now.append(record_barrier(barrier, graph, x, own))
        for at in path:
            value = record_barrier(barrier, graph, at, own)
            later.append(value)
            slopes += [value, *gradient(value, u)]
    width = 2 * n + q + m
    return DiscreteRows(
        compile_program(now, n + q),
        compile_program(later, width),
        compile_program(slopes, width),
        tuple((j + 1) / len(path) for _ in barriers for j in range(len(path))),
        tuple(b.label for b in barriers),
        tuple(b.priority for b in barriers),
        q,
    )


def _path(
    system: ControlAffine | DiscreteTime,
    graph: Graph,
    x: list[Expr],
    u: list[Expr],
    w: list[Expr],
    tick_s: float,
    parts: int,
) -> list[list[Expr]]:
    """States at the ends of the parts."""
    if isinstance(system, DiscreteTime):
        if parts != 1:
            raise ValueError("a discrete-time system is known at whole ticks only: parts must be 1")
        following = system.record(graph, symbols(x), symbols(u))
        return [[graph.node(a + b) for a, b in zip(following, w, strict=True)]]

    def rate(at: list[Expr]) -> list[Expr]:
        f, g = system.record(graph, symbols(at))
        return [graph.node(f[i] + directional(u, g[i], graph) + w[i]) for i in range(system.n)]

    def moved(at: list[Expr], by: list[Expr], step: float) -> list[Expr]:
        return [graph.node(a + step * b) for a, b in zip(at, by, strict=True)]

    h, path = tick_s / parts, []
    for _ in range(parts):
        k1 = rate(x)
        k2 = rate(moved(x, k1, 0.5 * h))
        k3 = rate(moved(x, k2, 0.5 * h))
        k4 = rate(moved(x, k3, h))
        total: list[Any] = [
            a + 2.0 * b + 2.0 * c + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True)
        ]
        x = moved(x, total, h / 6.0)
        path.append(x)
    return path
