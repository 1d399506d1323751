"""The model ahead: roll-outs over the stages of a horizon, and their exact derivatives.

A stage holds a command and its surroundings; within it the classical Runge-Kutta method of order 4
takes equal steps. Derivatives are those of the discretised map, propagated with it:

    x+ = x + h/6 (k1 + 2 k2 + 2 k3 + k4)      S+ = S + h/6 (K1 + 2 K2 + 2 K3 + K4)
    k_i = f(x_i, u)                           K_i = f_x(x_i, u) S_i + (0 | f_u)

with ``S = d x / d (x_0, u)``, 18 x 21. Derivatives come from the model's own recording, which runs
once for all places where the integrator has been; of the 324 entries of ``f_x`` only those that can
differ from zero are used.

The plan's model is the prediction model and `Corrections`: what a set was seen to do differently,
and what the model leaves out of the wearer's breath.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numba.extending import register_jitable

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Surroundings, kernel, rates
from hiera.safety.life_support import state as names
from hiera.safety.life_support.parameters import Parameters
from hiera.safety.life_support.state import M, N
from hiera.safety.tape.program import IntArray

WIDE = N + M
SHORT_S = 2.5
"""Step of the integrator in short stages [s]."""
assert kernel.PHYSICS  # Tells Numba that it may call the model's functions.


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a set does differently from the model, held over the horizon.

    Attributes:
        missed: Share of the CO2 given off that the lime does not get [1].
        breathing: Ventilation beyond the model's [m^3/s].
        drive: Ventilation per inhaled CO2 [m^3/(s Pa)]; `hiera.controllers` has no better source
            than the central drive of 2 L/min/mmHg in V-HAB, Respiration.m.
        fan: Share of the flow asked for that the fan makes [1].
        feed: Share of the oxygen asked for that flows [1].
    """

    missed: float = 0.0
    breathing: float = 0.0
    drive: float = 2.0 / 60e3 / 133.3
    fan: float = 1.0
    feed: float = 1.0

    def vector(self) -> FloatArray:
        """The same as numbers, shape ``(5,)``."""
        return np.array(astuple(self))


def corrected(f: Any, x: Any, u: Any, c: Any, pace: Any, p: Any) -> tuple[Any, ...]:
    """Rates of the plan's model, 18 numbers, on numbers or on symbols.

    Args:
        f: Rates of the prediction model, 18 numbers.
        x: State, shape ``(18,)``.
        u: Controls, shape ``(3,)``.
        c: `Corrections.vector`.
        pace: Of fan and damper, 1 or less; see `pace_for`.
        p: `Parameters`.
    """
    amount = x[0] + x[1] + x[2] + x[3]
    short = (c[4] - 1.0) * u[0]
    driven = c[1] + c[2] * p.outside_pa * x[1] / amount
    return (
        f[0] + short,
        f[1] + c[0] * x[12],
        f[2],
        f[3],
        f[4],
        f[5],
        f[6],
        f[7],
        f[8],
        f[9],
        f[10] - short,
        f[11],
        f[12],
        f[13] + driven / p.breathing_s,
        f[14],
        f[15],
        pace * (f[16] + (c[3] - 1.0) * u[1] / p.fan_s),
        pace * f[17],
    )


def pace_for(step_s: Any) -> Any:
    """How much slower fan and damper are taken to be for a step of the integrator [1].

    They lag by 2 s, and a step of more than 2.5 s would run them through the end of their range.
    """
    return min(1.0, SHORT_S / step_s)


for _function in (corrected, pace_for):
    register_jitable(_function)


@compiled
def _rates(x: FloatArray, u: FloatArray, d: Surroundings, c: FloatArray, pace: float, p: Any,
           out: FloatArray) -> None:  # fmt: skip
    f = corrected(rates.rates(x, u, d, p), x, u, c, pace, p)
    for i in range(18):
        out[i] = f[i]


@compiled
def stage(x0: FloatArray, u: FloatArray, w: FloatArray, c: FloatArray, span: float, steps: int,
          p: Any) -> FloatArray:  # fmt: skip
    """State after one stage, shape ``(18,)``; arguments as for `roll`, of one stage."""
    d = Surroundings(w[0], w[1], w[2], w[3])
    h, x = span / steps, x0.copy()
    pace = pace_for(h)
    at, k = np.empty(18), np.empty((4, 18))
    for _ in range(steps):
        _rates(x, u, d, c, pace, p, k[0])
        for j in range(1, 4):
            reach = h if j == 3 else 0.5 * h
            for i in range(18):
                at[i] = x[i] + reach * k[j - 1, i]
            _rates(at, u, d, c, pace, p, k[j])
        for i in range(18):
            x[i] += h / 6.0 * (k[0, i] + 2.0 * k[1, i] + 2.0 * k[2, i] + k[3, i])
    return x


@compiled
def roll(x0: FloatArray, U: FloatArray, W: FloatArray, c: FloatArray, spans: FloatArray,
         steps: IntArray, p: Any) -> FloatArray:  # fmt: skip
    """States at the ends of all stages, the first one in front, shape ``(K + 1, 18)``.

    Args:
        x0: State, shape ``(18,)``.
        U: Commands, shape ``(K, 3)``.
        W: Surroundings, shape ``(K, 4)``.
        c: `Corrections.vector`.
        spans: Length of each stage [s], shape ``(K,)``.
        steps: Steps of the integrator in each, shape ``(K,)``.
        p: Record of `Parameters`.
    """
    K = U.shape[0]
    X = np.empty((K + 1, 18))
    X[0] = x0
    for s in range(K):
        X[s + 1] = stage(X[s], U[s], W[s], c, spans[s], steps[s], p)
    return X


@compiled
def visit(x0: FloatArray, U: FloatArray, W: FloatArray, c: FloatArray, spans: FloatArray,
          steps: IntArray, p: Any) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """`roll`, and where the integrator evaluated the rates: ``(x, u, around)``, shape ``(25, n)``.

    Four columns for each of its steps, in their order; arguments as for `roll`.
    """
    K = U.shape[0]
    X, at = np.empty((K + 1, 18)), np.empty((25, 4 * steps.sum()))
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
                at[18:21, n], at[21:, n] = U[s], W[s]
                _rates(z, U[s], d, c, pace, p, k[j])
                n += 1
            for i in range(18):
                x[i] += h / 6.0 * (k[0, i] + 2.0 * k[1, i] + 2.0 * k[2, i] + k[3, i])
        X[s + 1] = x
    return X, at


@compiled
def propagate(J: FloatArray, at: FloatArray, c: FloatArray, spans: FloatArray, steps: IntArray,
              rows: IntArray, cols: IntArray, p: Any) -> FloatArray:  # fmt: skip
    """``d x_{s+1} / d (x_s, u_s)`` of every stage, shape ``(K, 18, 21)``.

    Args:
        J: Derivatives of the model's rates where `visit` was, shape ``(n, 378)``.
        at: Where that was, shape ``(25, n)``.
        c: Corrections.
        spans: Lengths of the stages [s], shape ``(K,)``.
        steps: Of the integrator in each.
        rows: Of the entries of ``f_x`` that can differ from zero, shape ``(z,)``.
        cols: The same.
        p: Record of `Parameters`.
    """
    K = spans.shape[0]
    S, T, Q = np.zeros((K, 18, 21)), np.empty((18, 21)), np.empty((4, 18, 21))
    n = 0
    for s in range(K):
        Z, h = S[s], spans[s] / steps[s]
        pace = pace_for(h)
        for i in range(18):
            Z[i, i] = 1.0
        for _ in range(steps[s]):
            for j in range(4):
                reach = h if j == 3 else 0.5 * h
                if j == 0:
                    T[:] = Z
                else:
                    for i in range(18):
                        for m in range(21):
                            T[i, m] = Z[i, m] + reach * Q[j - 1, i, m]
                _correct(J[n], at[:, n], c, pace, p)
                for i in range(18):
                    for m in range(18):
                        Q[j, i, m] = 0.0
                    for m in range(18, 21):
                        Q[j, i, m] = J[n, 21 * i + m]
                for e in range(rows.shape[0]):
                    i, r = rows[e], cols[e]
                    a = J[n, 21 * i + r]
                    for m in range(21):
                        Q[j, i, m] += a * T[r, m]
                n += 1
            for i in range(18):
                for m in range(21):
                    Z[i, m] += (
                        h / 6.0 * (Q[0, i, m] + 2.0 * Q[1, i, m] + 2.0 * Q[2, i, m] + Q[3, i, m])
                    )
    return S


@compiled
def _correct(J: FloatArray, x: FloatArray, c: FloatArray, pace: float, p: Any) -> None:
    """Adds to the model's derivatives, 378 of them, those of `corrected`."""
    amount = x[0] + x[1] + x[2] + x[3]
    gain = c[2] * p.outside_pa / amount / p.breathing_s
    for j in range(4):
        J[13 * 21 + j] -= gain * x[1] / amount
    J[13 * 21 + 1] += gain
    J[1 * 21 + 12] += c[0]
    J[0 * 21 + 18] += c[4] - 1.0
    J[10 * 21 + 18] -= c[4] - 1.0
    J[16 * 21 + 19] += (c[3] - 1.0) / p.fan_s
    for j in range(16 * 21, 18 * 21):
        J[j] *= pace


def steps_for(spans: FloatArray) -> IntArray:
    """Steps of the integrator in stages of given lengths [s], shape ``(K,)``.

    2.5 s where transients of fan and damper matter, 5 s in stages of 20 s and more.
    """
    longest = np.clip(spans / 4.0, SHORT_S, 2.0 * SHORT_S)
    made: IntArray = np.maximum(1, np.ceil(spans / longest - 1e-9)).astype(np.int64)
    return made


class Prediction:
    """Roll-outs of a model over the stages of one horizon.

    Args:
        model: The prediction model.
        spans: Length of each stage [s], shape ``(K,)``.
    """

    def __init__(self, model: LifeSupportModel, spans: FloatArray) -> None:
        self.model, self.spans = model, np.asarray(spans, dtype=np.float64)
        self.steps = steps_for(self.spans)
        self.record = model.parameters.record()[()]
        there = _may_differ(model)
        rows, cols = np.nonzero(there)
        self._entries = np.ascontiguousarray(rows), np.ascontiguousarray(cols)

    @property
    def parameters(self) -> Parameters:
        """Of the model."""
        return self.model.parameters

    def roll(self, x: FloatArray, U: FloatArray, W: FloatArray, c: FloatArray) -> FloatArray:
        """States at the borders of the stages, shape ``(K + 1, 18)``; see `roll`."""
        made: FloatArray = roll(x, U, W, c, self.spans, self.steps, self.record)
        return made

    def differentiate(
        self, x: FloatArray, U: FloatArray, W: FloatArray, c: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """`roll` and the derivatives of its stages; see `propagate`."""
        X, at = visit(x, U, W, c, self.spans, self.steps, self.record)
        # In lanes: all evaluations of the horizon at once.
        J = np.ascontiguousarray(self.model.jacobian.batch(at).T)
        rows, cols = self._entries
        S: FloatArray = propagate(J, at, c, self.spans, self.steps, rows, cols, self.record)
        return X, S


def _may_differ(model: LifeSupportModel) -> Any:
    """Which entries of ``f_x`` can differ from zero, shape ``(18, 18)``: found at random states."""
    from hiera.safety.life_support.curvature import operating_states

    random = np.random.default_rng(0)
    X = operating_states(model, 64, random)
    extra = np.tile([1e-3, 1.2e-3, 0.5, 1e-3, 303.15, 10.0, 1.0], (64, 1)).T
    J = model.jacobian.batch(np.vstack((X, extra))).reshape(N, WIDE, -1)
    found = np.any(J[:, :N] != 0.0, axis=2)
    # What the corrections add.
    found[names.BREATHING, :4] = found[names.DIOXIDE, names.OUTPUT] = True
    return found
