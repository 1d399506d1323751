"""The closed loop of a filter and its system: many episodes, looked at between the ticks."""

from __future__ import annotations

import copy
from typing import Any, Protocol, runtime_checkable

import numpy as np

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.recorded import record_barrier
from hiera.safety.barriers.rows import RowProgram, compile_rows
from hiera.safety.contract import Context, FloatArray, SafetyFilter
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.filters.batch import STATUSES
from hiera.safety.filters.cbf import CbfFilter
from hiera.safety.tape import Graph, Program, compile_program, gradient
from hiera.safety.tape.program import IntArray


@runtime_checkable
class Verifiable(SafetyFilter, Protocol):
    """A filter that knows its system and its barriers."""

    tick_s: float

    @property
    def system(self) -> Any:
        """The dynamics."""
        ...

    @property
    def barriers(self) -> tuple[Barrier, ...]:
        """What is to stay non-negative."""
        ...


class Plant:
    """A control-affine system and the barriers on it, for many states at once.

    Args:
        system: The dynamics; must be recorded.
        barriers: What the filter keeps, without ``over`` and parameters.
        truths: What must really not fall below zero; the barriers by default.

    Raises:
        ValueError: If something cannot be run in batches.
    """

    def __init__(
        self, system: Any, barriers: tuple[Barrier, ...], truths: tuple[Barrier, ...] = ()
    ) -> None:
        if not isinstance(system, ControlAffine) or system.flow is None:
            raise ValueError("only a recorded control-affine system can be hunted on")
        odd = [b.label for b in barriers if b.over is not None or b.parameters]
        if odd:
            raise ValueError(f"barrier {odd[0]} depends on obstacles or parameters of the context")
        self.system, self.barriers = system, barriers
        self._flow: Program = system.flow
        self.rows: RowProgram = compile_rows(system, barriers)
        graph = Graph()
        x = graph.inputs(0, system.n)
        values = [record_barrier(b, graph, list(x)) for b in barriers]
        slopes = [s for v in values for s in gradient(v, list(x))]
        self.slopes = compile_program(slopes, system.n)
        self.hard = np.array([b.priority == 0 for b in barriers])
        self.truths = truths or tuple(b for b in barriers if b.priority == 0)
        self.h = compile_program([record_barrier(b, graph, list(x)) for b in self.truths], system.n)

    def inside(self, X: FloatArray) -> FloatArray:
        """Least psi of the hard barriers at each state, shape ``(B,)``.

        Args:
            X: States, shape ``(n, B)``.
        """
        k = self.rows.k
        least: FloatArray = self.rows.rows.batch(X)[k : 2 * k][self.hard].min(axis=0)
        return least

    def towards_danger(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Inputs ``(m, B)`` and disturbances ``(n, B)`` that lower the nearest barrier fastest."""
        k, m, n = self.rows.k, self.system.m, self.system.n
        rows = self.rows.rows.batch(X)
        B = X.shape[1]
        worst = np.argmin(np.where(self.hard[:, None], rows[:k], np.inf), axis=0)
        A = rows[2 * k : (2 + m) * k].reshape(k, m, B)[worst, :, np.arange(B)].T
        slope = self.slopes.batch(X).reshape(k, n, B)[worst, :, np.arange(B)].T
        low, high = np.asarray(self.system.u_min), np.asarray(self.system.u_max)
        u = np.where(A > 0.0, low[:, None], high[:, None])
        return u, -np.sign(slope) * np.asarray(self.system.disturbance)[:, None]

    def step(self, X: FloatArray, U: FloatArray, W: FloatArray, dt_s: float) -> FloatArray:
        """States after one Runge–Kutta step, shape ``(n, B)``."""

        def rate(at: FloatArray) -> FloatArray:
            return self._flow.batch(np.concatenate((at, U, W)))

        k1 = rate(X)
        k2 = rate(X + 0.5 * dt_s * k1)
        k3 = rate(X + 0.5 * dt_s * k2)
        k4 = rate(X + dt_s * k3)
        return X + dt_s / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


class Gates:
    """One filter for many episodes: in a batch where it can, else one copy an episode."""

    def __init__(self, gate: SafetyFilter, episodes: int, tick_s: float) -> None:
        batched = isinstance(gate, CbfFilter) and not gate.rows.varying
        self._batch = gate if batched and isinstance(gate, CbfFilter) else None
        self._gates = [] if batched else [copy.deepcopy(gate) for _ in range(episodes)]
        self._tick_s = tick_s
        for one in self._gates:
            one.reset()

    def answer(
        self, k: int, X: FloatArray, U: FloatArray
    ) -> tuple[FloatArray, IntArray, list[str]]:
        """Actions ``(m, B)``, statuses ``(B,)`` as indices of `STATUSES`, names of the backups."""
        if self._batch is not None:
            answers = self._batch.filter_batch(X.T, U.T)
            names = [answers.backups.get(i, "") for i in range(X.shape[1])]
            return answers.u.T, answers.status, names
        found = [
            gate.filter(x, u, Context(k * self._tick_s))
            for gate, x, u in zip(self._gates, X.T, U.T, strict=True)
        ]
        return (
            np.array([a.u for a in found]).T,
            np.array([STATUSES.index(a.status) for a in found]),
            [a.backup or "" for a in found],
        )
