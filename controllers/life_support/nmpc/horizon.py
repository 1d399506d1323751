"""Roll-outs over the stages of a horizon and their exact derivatives, compiled.

A stage holds a choice and its surroundings; within it the classical Runge-Kutta method of order 4
takes equal steps. Derivatives are those of the discretised map, propagated with it:

    x+ = x + h/6 (k1 + 2 k2 + 2 k3 + k4)      S+ = S + h/6 (K1 + 2 K2 + 2 K3 + K4)
    k_i = f(x_i, v)                           K_i = f_x(x_i, v) S_i + (0 | f_v)

with ``S = d x / d (x_0, v)``, 18 x 21.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc.plan_model import pace_for, planned
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import Surroundings
from hiera.safety.tape.program import IntArray


@compiled
def _rates(x: FloatArray, v: FloatArray, d: Surroundings, c: FloatArray, pace: float, p: Any,
           out: FloatArray) -> None:  # fmt: skip
    f = planned(x, v, d, c, pace, p)
    for i in range(18):
        out[i] = f[i]


@compiled
def stage(x0: FloatArray, v: FloatArray, w: FloatArray, c: FloatArray, span: float, steps: int,
          p: Any) -> FloatArray:  # fmt: skip
    """State after one stage, shape ``(18,)``; arguments as for `roll`, of one stage."""
    d = Surroundings(w[0], w[1], w[2], w[3])
    h, x = span / steps, x0.copy()
    pace = pace_for(h)
    at, k = np.empty(18), np.empty((4, 18))
    for _ in range(steps):
        _rates(x, v, d, c, pace, p, k[0])
        for j in range(1, 4):
            reach = h if j == 3 else 0.5 * h
            for i in range(18):
                at[i] = x[i] + reach * k[j - 1, i]
            _rates(at, v, d, c, pace, p, k[j])
        for i in range(18):
            x[i] += h / 6.0 * (k[0, i] + 2.0 * k[1, i] + 2.0 * k[2, i] + k[3, i])
    return x


@compiled
def roll(x0: FloatArray, V: FloatArray, W: FloatArray, c: FloatArray, spans: FloatArray,
         steps: IntArray, p: Any) -> FloatArray:  # fmt: skip
    """States at the ends of all stages, the first one in front, shape ``(K + 1, 18)``.

    Args:
        x0: State, shape ``(18,)``.
        V: Choices, shape ``(K, 3)``.
        W: Surroundings, shape ``(K, 4)``.
        c: `Corrections.vector`.
        spans: Length of each stage [s], shape ``(K,)``.
        steps: Steps of the integrator in each, shape ``(K,)``.
        p: Record of `Parameters`.
    """
    K = V.shape[0]
    X = np.empty((K + 1, 18))
    X[0] = x0
    for s in range(K):
        X[s + 1] = stage(X[s], V[s], W[s], c, spans[s], steps[s], p)
    return X


@compiled
def visit(x0: FloatArray, V: FloatArray, W: FloatArray, c: FloatArray, spans: FloatArray,
          steps: IntArray, p: Any) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """`roll`, and where the integrator evaluated the rates, shape ``(34, n)``.

    A column is ``(x, v, around, c, pace)``, four of them for each step, in their order; arguments
    as for `roll`.
    """
    K = V.shape[0]
    X, at = np.empty((K + 1, 18)), np.empty((26 + c.shape[0], 4 * steps.sum()))
    X[0] = x0
    z, k = np.empty(18), np.empty((4, 18))
    n = 0
    for s in range(K):
        d = Surroundings(W[s, 0], W[s, 1], W[s, 2], W[s, 3])
        h, x = spans[s] / steps[s], X[s].copy()
        pace = pace_for(h)
        for _ in range(steps[s]):
            for j in range(4):
                reach = 0.0 if j == 0 else (h if j == 3 else 0.5 * h)
                for i in range(18):
                    z[i] = x[i] + reach * k[j - 1, i] if j > 0 else x[i]
                    at[i, n] = z[i]
                at[18:21, n], at[21:25, n], at[25:-1, n], at[-1, n] = V[s], W[s], c, pace
                _rates(z, V[s], d, c, pace, p, k[j])
                n += 1
            for i in range(18):
                x[i] += h / 6.0 * (k[0, i] + 2.0 * k[1, i] + 2.0 * k[2, i] + k[3, i])
        X[s + 1] = x
    return X, at


@compiled
def propagate(
    J: FloatArray, spans: FloatArray, steps: IntArray, rows: IntArray, cols: IntArray
) -> FloatArray:
    """``d x_{s+1} / d (x_s, v_s)`` of every stage, shape ``(K, 18, 21)``.

    Args:
        J: Derivatives of the rates where `visit` was, those that can differ from zero, shape
            ``(n, z)``.
        spans: Lengths of the stages [s], shape ``(K,)``.
        steps: Of the integrator in each.
        rows: Which rate each is of, shape ``(z,)``.
        cols: And in which of ``(x, v)``.
    """
    K = spans.shape[0]
    S, T, Q = np.zeros((K, 18, 21)), np.empty((18, 21)), np.empty((4, 18, 21))
    n = 0
    for s in range(K):
        Z, h = S[s], spans[s] / steps[s]
        for i in range(18):
            Z[i, i] = 1.0
        for _ in range(steps[s]):
            for j in range(4):
                reach = h if j == 3 else 0.5 * h
                for i in range(18):
                    for m in range(21):
                        T[i, m] = Z[i, m] + reach * Q[j - 1, i, m] if j > 0 else Z[i, m]
                        Q[j, i, m] = 0.0
                for e in range(rows.shape[0]):
                    i, r, a = rows[e], cols[e], J[n, e]
                    if r < 18:
                        for m in range(21):
                            Q[j, i, m] += a * T[r, m]
                    else:
                        Q[j, i, r] += a
                n += 1
            for i in range(18):
                for m in range(21):
                    Z[i, m] += (
                        h / 6.0 * (Q[0, i, m] + 2.0 * Q[1, i, m] + 2.0 * Q[2, i, m] + Q[3, i, m])
                    )
    return S
