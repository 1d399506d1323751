"""Rolling a backup policy out: what would happen if it took over, and how that depends on x.

The policy pi is asked at every tick and its answer is held, as it would be executed. With
u_k = pi(phi(t_k)) the flow phi(t; x) and its sensitivity Phi = d phi / d x obey, within a tick,

    phi' = f(phi) + g(phi) u_k,      Phi' = d/dx (f + g u_k) Phi + g(phi) pi'(phi(t_k)) Phi(t_k).

Both are integrated together by the classical Runge–Kutta method, one step for each look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.recorded import record_barrier
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.tape import (
    Expr,
    Graph,
    Program,
    TraceError,
    compile_program,
    directional,
    gradient,
    record,
)
from hiera.safety.tape.machine import run
from hiera.safety.tape.program import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ClosedLoop:
    """A system under its backup policy, and the barriers along its way.

    Attributes:
        policy: Outputs ``pi(x) (m), dpi/dx (m n)``; inputs ``x (n)``.
        flow: Outputs ``F = f + g u (n), dF/dx (n n), g (n m)``; inputs ``x, u (m)``.
        barriers: Outputs ``h (k), grad h (k n)``; inputs ``x, p``.
        terminal: The same for the barriers that must hold at the end, ``(k_b)``; inputs ``x``.
        k: Number of barriers.
        k_end: Number of terminal barriers.
    """

    policy: Program
    flow: Program
    barriers: Program
    terminal: Program
    k: int
    k_end: int


def close_loop(
    system: ControlAffine,
    policy: Callable[..., Any],
    barriers: Sequence[Barrier],
    terminal: Sequence[Barrier],
) -> ClosedLoop:
    """Records a system under a policy.

    Args:
        system: The dynamics.
        policy: ``x -> (m,)``, plain NumPy; keep it within the input limits.
        barriers: Must hold all along.
        terminal: Must hold at the end; their set must be invariant under the policy.

    Raises:
        TraceError: If something cannot be recorded.
        ValueError: If the policy leaves the input limits at the system's example state.
    """
    graph, n, m = Graph(), system.n, system.m
    x, u = graph.inputs(0, n), list(graph.inputs(n, m))
    f, g = system.record(graph, x)
    answer = record(policy, graph, [x])
    if answer.shape != (m,):
        raise TraceError(f"the policy must return shape ({m},), not {answer.shape}")
    slopes = [s for value in answer.values for s in gradient(value, list(x))]
    asked = compile_program([*answer.values, *slopes], n)
    at_example = asked(np.asarray(system.example))[:m]
    low, high = np.asarray(system.u_min), np.asarray(system.u_max)
    if np.any(at_example < low - 1e-9) or np.any(at_example > high + 1e-9):
        raise ValueError(f"the policy asks for {at_example.tolist()}, outside the input limits")
    rates = [graph.node(f[i] + directional(u, g[i], graph)) for i in range(n)]
    slopes = [s for rate in rates for s in gradient(rate, list(x))]
    return ClosedLoop(
        asked,
        compile_program([*rates, *slopes, *g.reshape(-1)], n + m),
        _with_slopes(graph, x, barriers, sum(b.parameters for b in barriers)),
        _with_slopes(graph, x, terminal, 0),
        len(barriers),
        len(terminal),
    )


def _with_slopes(graph: Graph, x: Any, barriers: Sequence[Barrier], q: int) -> Program:
    n, first = len(x), len(x)
    values: list[Expr] = []
    slopes: list[Expr] = []
    for barrier in barriers:
        own = graph.inputs(first, barrier.parameters)
        first += barrier.parameters
        value = record_barrier(barrier, graph, list(x), list(own))
        values.append(value)
        slopes += gradient(value, list(x))
    return compile_program([*values, *slopes], n + q)


@compiled
def roll_out(
    x: FloatArray,
    p: FloatArray,
    first: FloatArray,
    part_s: float,
    parts: int,
    pi_code: IntArray,
    pi_constants: FloatArray,
    pi_outputs: IntArray,
    flow_code: IntArray,
    flow_constants: FloatArray,
    flow_outputs: IntArray,
    h_code: IntArray,
    h_constants: FloatArray,
    h_outputs: IntArray,
    end_code: IntArray,
    end_constants: FloatArray,
    end_outputs: IntArray,
    values: FloatArray,
    slopes: FloatArray,
    work: FloatArray,
) -> None:
    """Barriers along the roll-out, and their slopes in the state it begins from.

    Args:
        x: State, shape ``(n,)``.
        p: Parameters, held, shape ``(q,)``.
        first: Input of the first tick, shape ``(m,)``; NaN for the policy's own.
        part_s: Time between two looks [s].
        parts: Looks in a tick.
        pi_code: Of `ClosedLoop.policy`.
        pi_constants: Of `ClosedLoop.policy`.
        pi_outputs: Of `ClosedLoop.policy`.
        flow_code: Of `ClosedLoop.flow`.
        flow_constants: Of `ClosedLoop.flow`.
        flow_outputs: Of `ClosedLoop.flow`.
        h_code: Of `ClosedLoop.barriers`.
        h_constants: Of `ClosedLoop.barriers`.
        h_outputs: Of `ClosedLoop.barriers`.
        end_code: Of `ClosedLoop.terminal`.
        end_constants: Of `ClosedLoop.terminal`.
        end_outputs: Of `ClosedLoop.terminal`.
        values: Filled: h at the beginning, after each part, then the terminal barriers at the
            end, shape ``((N + 1) k + k_end,)``.
        slopes: Filled, shape ``((N + 1) k + k_end, n)``; of size 0 if not wanted.
        work: Scratch, at least `Program.n_registers` long.
    """
    n, m = x.shape[0], first.shape[0]
    k, k_end = h_outputs.shape[0] // (1 + n), end_outputs.shape[0] // (1 + n)
    looks = (values.shape[0] - k_end) // k
    wanted = slopes.shape[0] > 0
    at, point, stage = x.copy(), np.empty(n + p.shape[0]), np.empty(n + m)
    point[n:] = p
    Phi, held, Stage = np.eye(n), np.zeros((m, n)), np.empty((n, n))
    out = np.empty(max(n * (1 + n + m), max(max(k, k_end), m) * (1 + n)))
    rate, rates = np.zeros((4, n)), np.zeros((4, n, n))
    ahead = np.array([0.0, 0.5, 0.5, 1.0])
    for look in range(looks):
        point[:n] = at
        run(h_code, h_constants, point, h_outputs, out[: k * (1 + n)], work)
        for i in range(k):
            values[look * k + i] = out[i]
            if wanted:
                slopes[look * k + i] = out[k + i * n : k + (i + 1) * n] @ Phi
        if look == looks - 1:
            break
        if look % parts == 0:
            run(pi_code, pi_constants, at, pi_outputs, out[: m * (1 + n)], work)
            stage[n:] = out[:m]
            held[:] = out[m : m * (1 + n)].reshape(m, n) @ Phi
            if look == 0 and not np.isnan(first[0]):
                stage[n:] = first
        for r in range(4):
            for i in range(n):
                stage[i] = at[i] + ahead[r] * part_s * rate[r - 1, i]
            run(flow_code, flow_constants, stage, flow_outputs, out[: n * (1 + n + m)], work)
            for i in range(n):
                rate[r, i] = out[i]
            if wanted:
                Stage[:] = Phi + ahead[r] * part_s * rates[r - 1]
                rates[r] = out[n : n + n * n].reshape(n, n) @ Stage
                rates[r] += out[n + n * n : n * (1 + n + m)].reshape(n, m) @ held
        for i in range(n):
            mean = (rate[0, i] + 2.0 * rate[1, i] + 2.0 * rate[2, i] + rate[3, i]) / 6.0
            at[i] += part_s * mean
        if wanted:
            Phi += part_s / 6.0 * (rates[0] + 2.0 * rates[1] + 2.0 * rates[2] + rates[3])
    run(end_code, end_constants, at, end_outputs, out[: k_end * (1 + n)], work)
    for i in range(k_end):
        row = looks * k + i
        values[row] = out[i]
        if wanted:
            slopes[row] = out[k_end + i * n : k_end + (i + 1) * n] @ Phi
