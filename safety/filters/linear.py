"""Linear systems and constraints, read off recorded functions; their terminal set.

A recorded function is linear if its gradient is constant. Then nothing is approximated:

    x+ = A x + B u + c + w,      C x + d >= 0

The terminal set is the largest set inside the constraints that x+ = (A + B K) x stays in for every
disturbance (I. Kolmanovsky and E. G. Gilbert, "Theory and computation of disturbance invariant
sets", Mathematical Problems in Engineering 4, 1998), as a polytope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_discrete_are
from scipy.optimize import linprog

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.recorded import record_barrier
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.discrete_time import DiscreteTime
from hiera.safety.tape import Expr, Graph, gradient

_MOST_STEPS = 200
_REDUNDANT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """``x+ = A x + B u + c``, shapes ``(n, n)``, ``(n, m)``, ``(n,)``."""

    A: FloatArray
    B: FloatArray
    c: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Polytope:
    """``{ x : C x + d >= 0 }``, shapes ``(r, n)`` and ``(r,)``."""

    C: FloatArray
    d: FloatArray

    def slack(self, x: FloatArray) -> FloatArray:
        """``C x + d``, shape ``(r,)``."""
        value: FloatArray = self.C @ x + self.d
        return value


def linear_system(system: DiscreteTime) -> Linear:
    """The matrices of a linear system.

    Raises:
        ValueError: If it is not linear; the sentence names the state whose step is not.
    """
    graph, n, m = Graph(), system.n, system.m
    x, u = graph.inputs(0, n), graph.inputs(n, m)
    values = system.record(graph, x, u)
    rows = [
        _constant(value, [*x, *u], f"the step of state {name}")
        for value, name in zip(values, system.names, strict=True)
    ]
    slopes = np.array(rows)
    offset = system.step(np.zeros(n), np.zeros(m))
    return Linear(slopes[:, :n], slopes[:, n:], offset)


def linear_constraints(barriers: Sequence[Barrier], n: int) -> Polytope:
    """The half spaces of linear barriers.

    Raises:
        ValueError: If one is not linear; the sentence names it.
    """
    C, d = [], []
    for barrier in barriers:
        graph = Graph()
        x = graph.inputs(0, n)
        value = record_barrier(barrier, graph, list(x))
        C.append(_constant(value, list(x), f"barrier {barrier.label}"))
        d.append(float(np.asarray(barrier.h(np.zeros(n)))))
    return Polytope(np.array(C).reshape(-1, n), np.array(d))


def _constant(value: Expr, inputs: list[Expr], what: str) -> list[float]:
    slopes = gradient(value, inputs)
    if not all(s.is_const() for s in slopes):
        raise ValueError(f"{what} is not linear; use the nonlinear predictive filter")
    return [s.value for s in slopes]


def lqr(system: Linear, Q: FloatArray, R: FloatArray) -> FloatArray:
    """Gain K of ``u = K x`` that minimises ``sum x' Q x + u' R u``, shape ``(m, n)``."""
    A, B = system.A, system.B
    P = solve_discrete_are(A, B, Q, R)
    gain: FloatArray = np.asarray(-np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A), dtype=np.float64)
    return gain


def reach(C: FloatArray, step: FloatArray, noise: FloatArray, count: int) -> FloatArray:
    """What the disturbance can take off ``C x`` after 0 … count steps, shape ``(count + 1, r)``.

    Args:
        C: Rows, shape ``(r, n)``.
        step: Matrix of the error's step, shape ``(n, n)``.
        noise: Bound of the disturbance per step, shape ``(n,)``.
        count: Number of steps.
    """
    lost: list[FloatArray] = [np.zeros(len(C))]
    rows: FloatArray = C
    for _ in range(count):
        lost.append(np.asarray(lost[-1] + np.abs(rows) @ noise, dtype=np.float64))
        rows = np.asarray(rows @ step)
    return np.array(lost)


def invariant_set(inside: Polytope, step: FloatArray, noise: FloatArray) -> Polytope:
    """Largest set within ``inside`` that ``x+ = step x + noise`` does not leave.

    Args:
        inside: In coordinates in which the origin is the equilibrium.
        step: Shape ``(n, n)``, stable.
        noise: Matrix of which each column, times a number in [-1, 1], is added, shape ``(n, s)``.

    Raises:
        ValueError: If the constraints leave no such set, or it is not found.
    """
    if np.any(inside.d <= 0.0):
        raise ValueError("the equilibrium must lie strictly inside the constraints")
    C, d = inside.C, inside.d
    kept_C, kept_d = C, d
    for _ in range(_MOST_STEPS):
        d = d - np.abs(C @ noise).sum(axis=1)
        C = C @ step
        if np.any(d <= 0.0):
            raise ValueError("the disturbance is too large: no set within the constraints is kept")
        new = [i for i in range(len(d)) if _least(C[i], kept_C, kept_d) + d[i] < -_REDUNDANT]
        if not new:
            return Polytope(kept_C, kept_d)
        kept_C, kept_d = np.vstack((kept_C, C[new])), np.concatenate((kept_d, d[new]))
    raise ValueError(f"no invariant set was found in {_MOST_STEPS} steps; is the gain stable?")


def _least(row: FloatArray, C: FloatArray, d: FloatArray) -> float:
    """Least value of ``row x`` in a polytope; minus infinity if unbounded."""
    answer = linprog(row, A_ub=-C, b_ub=d, bounds=(None, None), method="highs")
    return -np.inf if answer.status != 0 or answer.fun is None else float(answer.fun)
