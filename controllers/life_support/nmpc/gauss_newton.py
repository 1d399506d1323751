"""One step of Gauss and Newton: the plan's cost about a roll-out as a quadratic programme.

All states are eliminated (condensing): with ``v`` the choices as part of their range,

    y_k = y_k(bar) + C_k G_k d,      G_{k+1} = A_k G_k + (0 .. B_k .. 0)

leaves ``min 1/2 d'Hd + g'd`` within the choices' range, and limits that give way as rows with a
squared slack, which DAQP (D. Arnström, A. Bemporad, D. Axehill, "A Dual Active-Set Solver for
Embedded Quadratic Programming Using Recursive LDL' Updates", IEEE TAC 67, 2022) handles without
extra variables. Rows whose limit is out of reach are left out; the roll-out that follows counts
them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import daqp
import numpy as np

from hiera.controllers.life_support.nmpc.objective import (
    INDICATORS,
    Objective,
    indicators,
    peak_pa,
)
from hiera.controllers.life_support.nmpc.plan_model import LEAST, SPAN
from hiera.controllers.life_support.nmpc.prediction import Prediction
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support.state import M, N
from hiera.safety.tape import Graph, compile_program, gradient

REACH = np.array([1.0, 1.0, 1.5, 1.0])
"""How far from a limit an indicator may be for its row to count [its unit]."""
TRUST = np.array([0.6, 0.2, 0.6])
"""How far a step may move each choice at most [part of its range]: uptake has a knee where the
flow falls below the ventilation."""
_DAMPING = 1e-3
"""Added to the diagonal of H."""


@compiled
def _condensed(S: FloatArray) -> FloatArray:
    """``d x_{k+1} / d v`` for all stages, shape ``(K, 18, 3 K)``."""
    K = S.shape[0]
    G = np.zeros((K, 18, 3 * K))
    for k in range(K):
        if k > 0:
            A = np.ascontiguousarray(S[k, :, :18])
            G[k, :, : 3 * k] = A @ np.ascontiguousarray(G[k - 1, :, : 3 * k])
        for m in range(3):
            G[k, :, 3 * k + m] = S[k, :, 18 + m] * SPAN[m]
    return G


@dataclass(frozen=True, slots=True)
class Step:
    """What a programme proposes.

    Attributes:
        change: Of the choices, shape ``(K, 3)`` [their units]; zero where it failed.
        solved: Whether it is the solution.
        rows: How many limits counted.
        flag: Of DAQP.
    """

    change: FloatArray
    solved: bool
    rows: int
    flag: int


class GaussNewton:
    """Programmes about roll-outs of one prediction.

    Args:
        prediction: Model and stages.
    """

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction
        p = prediction.model.parameters
        graph = Graph()
        x = graph.inputs(0, N)
        nodes = [graph.node(v) for v in indicators(x, p)]
        self._shown = compile_program(
            [*nodes, *(s for v in nodes for s in gradient(v, list(x)))], N
        )
        graph = Graph()
        x = graph.inputs(0, N)
        peak = graph.node(peak_pa(x, p))
        self._peak = compile_program([peak, *gradient(peak, list(x))], N)
        K = len(prediction.spans)
        minutes = prediction.spans / 60.0
        self._minutes = minutes
        difference = np.eye(K) - np.eye(K, k=-1)
        self._difference = difference
        self._square = difference.T @ difference

    def step(
        self, X: FloatArray, S: FloatArray, V: FloatArray, before: FloatArray, o: Objective,
        trust: float = 1.0,
    ) -> Step:  # fmt: skip
        """Solves the programme about a roll-out.

        Args:
            X: Its states, shape ``(K + 1, 18)``.
            S: Derivatives of its stages, shape ``(K, 18, 21)``.
            V: Its choices, shape ``(K, 3)``.
            before: The choice before them, shape ``(3,)``.
            o: Weights.
            trust: Part of `TRUST` that is made use of.
        """
        K, minutes = len(V), self._minutes
        G = _condensed(S)
        shown = self._shown.batch(np.ascontiguousarray(X[1:].T)).T
        y = shown[:, :INDICATORS]
        C = shown[:, INDICATORS:].reshape(K, INDICATORS, N)
        R = C @ G
        v = (V - LEAST) / SPAN
        # Squares.
        weight = 2.0 * minutes[:, None] * o.aim_weight
        aimed = R[:, o.aim].reshape(-1, M * K)
        off = (y[:, o.aim] - o.target).ravel()
        scaled = np.sqrt(weight).reshape(-1, 1) * aimed
        H = scaled.T @ scaled
        g = aimed.T @ (weight.ravel() * off)
        # Commands and their changes.
        moved = self._difference @ v
        moved[0] -= (before - LEAST) / SPAN
        pulled = 2.0 * self._difference.T @ moved * o.change + 2.0 * minutes[:, None] * o.effort * v
        g += pulled.ravel()
        for m in range(M):
            H[m::M, m::M] += 2.0 * o.change[m] * self._square
            H[m::M, m::M] += np.diag(2.0 * minutes * o.effort[m])
        # The end.
        peak = self._peak(X[-1])
        slope = peak[1:] @ G[-1] / 1000.0
        H += 2.0 * o.peak * np.outer(slope, slope)
        g += 2.0 * o.peak * peak[0] / 1000.0 * slope + o.value @ G[-1]
        H[np.diag_indices(M * K)] += _DAMPING
        return self._solve(H, g, v, y, R, o, trust)

    def _solve(
        self, H: FloatArray, g: FloatArray, v: FloatArray, y: FloatArray, R: FloatArray,
        o: Objective, trust: float,
    ) -> Step:  # fmt: skip
        K = len(v)
        over = o.sign * (y[:, o.limit] - o.bound)
        near = (over > -REACH[o.limit]) & (o.limit_weight > 0.0)
        stage, row = np.nonzero(near)
        factor = np.sqrt(2.0 * self._minutes[stage] * o.limit_weight[row])
        A = (factor * o.sign[row])[:, None] * R[stage, o.limit[row]]
        n, rows = M * K, len(stage)
        above, below = np.minimum(1.0 - v, trust * TRUST), np.maximum(-v, -trust * TRUST)
        upper = np.concatenate((above.ravel(), -factor * over[stage, row]))
        lower = np.concatenate((below.ravel(), np.full(rows, -1e30)))
        sense = np.concatenate((np.zeros(n, np.int32), np.full(rows, 8, np.int32)))
        model = daqp.Model()
        model.settings = {"iter_limit": 2000}
        flag, _ = model.setup(H, g, np.ascontiguousarray(A), upper, lower, sense)
        if flag < 0:
            return Step(np.zeros((K, M)), False, rows, int(flag))
        # The setting `rho_soft` counts after DAQP's own scaling of the rows; this one before.
        ones = np.ones(n + rows)
        model.soft_weights(rho_l=ones, rho_u=ones)
        d, _, flag, _ = model.solve()
        solved = flag > 0 and bool(np.isfinite(d).all())
        if not solved:
            return Step(np.zeros((K, M)), False, rows, int(flag))
        return Step(np.asarray(d).reshape(K, M) * SPAN, True, rows, int(flag))
