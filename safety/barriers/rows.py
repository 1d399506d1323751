"""From barriers to rows of a quadratic programme, symbolically.

With z = (x, p), z' = F(z) + G(z) u + w, |w| bounded, and gains a_1 … a_r (W. Xiao and C. Belta,
"High-Order Control Barrier Functions", IEEE TAC 67(7), 2022, arXiv 1903.04706):

    psi_0 = h
    psi_i = L_F psi_{i-1} - worst(grad psi_{i-1}) + a_i psi_{i-1}        while L_G psi_{i-1} = 0
    row:    L_G psi_{r-1} u  >=  -(L_F psi_{r-1} - worst(grad psi_{r-1}) + a_r psi_{r-1})

where worst(s) = sum_j bound_j |s_j| is the most that the disturbance can take off the rate: the
robust form. If every psi_i is non-negative at the start and the row holds at all times, so is h.

Between two ticks u is held and the row does not hold by itself. Let
D(z, u) = L_F psi + L_G psi u - worst(grad psi) with psi = psi_{r-1}. Then psi' >= D along every
trajectory, and with -M <= dD/dt on all that can be reached within the tick

    D(z_0, u) >= -a psi(z_0) + M dt / 2   and   a dt <= 1    ==>    psi(t) >= 0 for t in [0, dt],

since psi(t) >= psi_0 + t D_0 - M t^2 / 2 >= (1 - a t) psi_0 + M t (dt - t) / 2. M is computed at
every tick, by interval arithmetic on dD/dt over the box that the system cannot leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hiera.safety.barriers.barrier import OVER_PARAMETERS, Barrier
from hiera.safety.barriers.recorded import record_barrier
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.tape import (
    Expr,
    Graph,
    Op,
    Program,
    TraceError,
    compile_program,
    directional,
    gradient,
    kinks,
    record,
)

_PROBES = 16
_VANISHES = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class RowProgram:
    """Rows of several barriers, as programs of ``(x, p)`` and of ``(x, p, u, w)``.

    Attributes:
        rows: Outputs ``h (k), least psi (k), A (k m), b (k)``; inputs ``x (n), p (q)``.
        motion: Outputs ``dD/dt (k)``; inputs ``x, p, u (m), w (n + q)``.
        flow: Outputs ``z' (n + q)``; inputs as for `motion`.
        noise: Bounds of the disturbance, outputs ``(n + q)``; inputs ``x, p``.
        labels: Names, shape ``(k,)``.
        priorities: Shape ``(k,)``; 0 is hard.
        degrees: Relative degrees, shape ``(k,)``.
        gains: The last gain of each, which the tick limits, shape ``(k,)`` [1/s].
        q: Number of parameters.
    """

    rows: Program
    motion: Program
    flow: Program
    noise: Program
    labels: tuple[str, ...]
    priorities: tuple[int, ...]
    degrees: tuple[int, ...]
    gains: tuple[float, ...]
    q: int

    @property
    def k(self) -> int:
        """Number of rows."""
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """The extended system z' = F + G u + w on one graph."""

    graph: Graph
    z: list[Expr]
    F: list[Expr]
    G: list[list[Expr]]
    bound: list[Expr]
    group: tuple[tuple[int, ...], ...]
    """Components bounded together, by the bound of the first."""

    def worst(self, slopes: Sequence[Expr]) -> Expr:
        """Most that the disturbance takes off a rate with these slopes."""
        total = self.graph.node(0.0)
        grouped = {i for members in self.group for i in members}
        for i, slope in enumerate(slopes):
            if i not in grouped:
                total = total + self.bound[i] * abs(slope)
        for members in self.group:
            square = self.graph.node(0.0)
            for i in members:
                square = square + slopes[i] * slopes[i]
            total = total + self.bound[members[0]] * np.sqrt(square)
        return total

    def lie(self, psi: Expr) -> tuple[list[Expr], Expr, list[Expr]]:
        """Slopes, drift part and input part of the rate of ``psi``."""
        slopes = gradient(psi, self.z)
        inputs = [
            directional(slopes, [row[j] for row in self.G], self.graph)
            for j in range(len(self.G[0]))
        ]
        return slopes, directional(slopes, self.F, self.graph), inputs


def compile_rows(system: ControlAffine, barriers: Sequence[Barrier]) -> RowProgram:
    """Derives the rows of barriers that are given by functions.

    Barriers with ``over`` must be compiled one at a time: their parameters are those of an item.

    Raises:
        TraceError: If the system or a barrier cannot be recorded.
        ValueError: If a barrier has no relative degree, or gains are missing.
    """
    graph = Graph()
    n, m = system.n, system.m
    counts = [len(OVER_PARAMETERS[b.over]) if b.over else b.parameters for b in barriers]
    q = sum(counts)
    field = _extend(system, graph, barriers, counts)
    u = list(graph.inputs(n + q, m))
    w = [
        graph.node(0.0) if bound.is_const(0.0) else noise
        for bound, noise in zip(field.bound, graph.inputs(n + q + m, n + q), strict=True)
    ]
    h_all, least_all, A_all, b_all, rate_all, degrees = [], [], [], [], [], []
    first = n
    for barrier, count in zip(barriers, counts, strict=True):
        h = record_barrier(barrier, graph, field.z[:n], field.z[first : first + count])
        first += count
        chain, slopes, drift, inputs = _high_order(barrier, field, h, n)
        degree = len(chain)
        gain = barrier.gains(degree)[-1]
        certain = drift - field.worst(slopes)
        h_all.append(h)
        least = chain[0]
        for psi in chain[1:]:
            least = graph.apply(Op.MIN, least, psi)
        least_all.append(least)
        A_all.extend(inputs)
        b_all.append(-(certain + gain * chain[-1]))
        degrees.append(degree)
        rate_all.append(_rate_of(barrier, field, certain, inputs, u, w, h))
    flow = [field.F[i] + directional(u, field.G[i], graph) + w[i] for i in range(n + q)]
    width = n + q
    return RowProgram(
        rows=compile_program([*h_all, *least_all, *A_all, *b_all], width),
        motion=compile_program(rate_all, 2 * width + m),
        flow=compile_program(flow, 2 * width + m),
        noise=compile_program(field.bound, width),
        labels=tuple(b.label for b in barriers),
        priorities=tuple(b.priority for b in barriers),
        degrees=tuple(degrees),
        gains=tuple(b.gains(d)[-1] for b, d in zip(barriers, degrees, strict=True)),
        q=q,
    )


def _rate_of(
    barrier: Barrier,
    field: _Field,
    certain: Expr,
    inputs: list[Expr],
    u: list[Expr],
    w: list[Expr],
    h: Expr,
) -> Expr:
    """dD/dt under a held input."""
    graph = field.graph
    if not barrier.sampled:
        return graph.node(0.0)
    if barrier.curvature is not None:
        return graph.node(-float(barrier.curvature))
    if kink := kinks(h):
        raise ValueError(
            f"barrier {barrier.label}: h has a kink ({kink[0].op.name.lower()}), so nothing is "
            "known between two ticks; use all_of or any_of, squares of np.maximum(e, 0), or give "
            "curvature="
        )
    held = certain + directional(inputs, u, graph)
    slopes = gradient(held, field.z)
    flow = [
        f + directional(u, row, graph) + v for f, row, v in zip(field.F, field.G, w, strict=True)
    ]
    return directional(slopes, flow, graph)


def _extend(
    system: ControlAffine, graph: Graph, barriers: Sequence[Barrier], counts: list[int]
) -> _Field:
    n, q = system.n, sum(counts)
    x, p = graph.inputs(0, n), graph.inputs(n, q)
    f, g = system.record(graph, x)
    zero = graph.node(0.0)
    F = [*f]
    G = [list(row) for row in g] + [[zero] * system.m for _ in range(q)]
    bound = [graph.node(v) for v in np.asarray(system.disturbance)]
    groups: list[tuple[int, ...]] = []
    first = 0
    for barrier, count in zip(barriers, counts, strict=True):
        own = p[first : first + count]
        if barrier.over == "movers":
            groups.append((n + first, n + first + 1))
            F.extend([zero] * count)
            bound.extend([own[3], own[3], zero, zero])
        else:
            F.extend(_components(barrier, barrier.rate, graph, own))
            bound.extend(_components(barrier, barrier.rate_bound, graph, own))
        first += count
    return _Field(graph, [*x, *p], F, G, bound, tuple(groups))


def _components(barrier: Barrier, given: Any, graph: Graph, own: Any) -> list[Expr]:
    count = len(own)
    if given is None or not count:
        return [graph.node(0.0)] * count
    values = record(given, graph, [own]).values if callable(given) else given
    if len(values) != count:
        raise ValueError(f"barrier {barrier.label}: {count} rates are needed, not {len(values)}")
    return [graph.node(v) for v in values]


def _high_order(
    barrier: Barrier, field: _Field, h: Expr, n: int
) -> tuple[list[Expr], list[Expr], Expr, list[Expr]]:
    """The chain psi_0 … psi_{r-1}, and the rate of its last."""
    chain = [h]
    for degree in range(1, n + 1):
        slopes, drift, inputs = field.lie(chain[-1])
        if not _vanishes(inputs, field):
            return chain, slopes, drift, inputs
        gain = barrier.gains(degree + 1)[degree - 1]
        chain.append(drift - field.worst(slopes) + gain * chain[-1])
    raise ValueError(
        f"barrier {barrier.label}: no derivative up to order {n} depends on the input, so no "
        "input can keep it; it may be constant, or look at the wrong states"
    )


def _vanishes(inputs: list[Expr], field: _Field) -> bool:
    """Whether the input part is identically zero, by structure or at random states."""
    if all(e.is_const(0.0) for e in inputs):
        return True
    program = compile_program(inputs, len(field.z))
    rng = np.random.default_rng(0)
    values = program.batch(rng.normal(size=(len(field.z), _PROBES)))
    finite: FloatArray = values[np.isfinite(values)]
    return bool(finite.size and np.all(np.abs(finite) < _VANISHES))


__all__ = ["RowProgram", "TraceError", "compile_rows"]
