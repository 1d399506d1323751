"""The predictive safety filter for nonlinear systems, its programme solved by CasADi and IPOPT.

    min  ||u_0 - u_nominal||_W^2 + rho sum_k ||u_k - u_{k-1}||^2
    s.t. x_{k+1} = F(x_k, u_k),  h(x_k) >= margin (1 + k / N),  h_f(x_N) >= 0

K. P. Wabersich and M. N. Zeilinger, "A predictive safety filter for learning-based control of
constrained nonlinear dynamical systems", Automatica 129, 2021. The solver is only asked for inputs:
they are run through the recorded system, and what leaves is certified by that run alone. Where no
plan is found, the last one goes on, run anew from where the system really is, with the terminal
policy at its end.

The margin is set aside for disturbances, growing along the horizon; how much is needed is not
derived here. Needs the extra ``mpc``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.recorded import record_barrier
from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.dynamics.control_affine import vector
from hiera.safety.dynamics.discrete_time import DiscreteTime
from hiera.safety.extras import require
from hiera.safety.filters.guard import DEFAULT_GUARD, Guard, Guarded
from hiera.safety.tape import Graph, Program, compile_program
from hiera.safety.tape.to_casadi import to_casadi

_LATER = 1e-3
_ASIDE = 1e-6
_ROUNDING = 1e-9


class NonlinearPredictiveFilter(Guarded):
    """A predictive safety filter for a nonlinear system.

    Args:
        system: Map from tick to tick.
        barriers: What is to stay non-negative; all count as hard.
        terminal: Barriers of a set that the terminal policy never leaves.
        policy: Terminal policy, ``x -> (m,)``; keeps the terminal set and the input limits.
        horizon: Number of ticks N.
        margin: Set aside in every barrier for disturbances, twice as much at the end [unit of h].
        weights: Of the squared deviation of each input, shape ``(m,)``; ones by default.
        iterations: Most iterations of IPOPT in a call.
        guard: Further backups, input of rest, limits of time.

    Raises:
        MissingExtra: If CasADi is not installed.
        TraceError: If a function cannot be recorded.
    """

    def __init__(
        self,
        system: DiscreteTime,
        barriers: Sequence[Barrier],
        terminal: Sequence[Barrier],
        policy: Callable[..., Any],
        *,
        horizon: int = 20,
        margin: float = 0.0,
        weights: ArrayLike | None = None,
        iterations: int = 60,
        guard: Guard = DEFAULT_GUARD,
    ) -> None:
        low, high = np.asarray(system.u_min), np.asarray(system.u_max)
        super().__init__(system.n, low, high, 0, system.tick_s, guard)
        self.system, self.barriers, self.policy = system, tuple(barriers), policy
        self.horizon, self._margin = horizon, margin
        given = np.ones(system.m) if weights is None else weights
        self._weights = np.array(vector("weights", given, system.m))
        self._h = _values(barriers, system.n)
        self._end = _values(terminal, system.n)
        self._build(iterations)
        self.reset()

    def reset(self) -> None:
        """Forgets the clock and the plan of the last episode."""
        super().reset()
        self._plan: FloatArray | None = None
        self._used = 0

    def _build(self, iterations: int) -> None:
        ca = require("casadi", "mpc")
        n, m, N = self.system.n, self.system.m, self.horizon
        graph = Graph()
        x, u = graph.inputs(0, n), graph.inputs(n, m)
        step = to_casadi(compile_program(list(self.system.record(graph, x, u)), n + m))
        h, end = to_casadi(self._h), to_casadi(self._end)
        X, U = ca.SX.sym("X", n, N), ca.SX.sym("U", m, N)
        x0, wanted = ca.SX.sym("x0", n), ca.SX.sym("wanted", m)
        at, cost, rows, low = x0, 0, [], []
        for k in range(N):
            rows.append(X[:, k] - step(ca.vertcat(at, U[:, k])))
            low += [0.0] * n
            at = X[:, k]
            rows.append(h(at))
            low += [self._aside(k + 1)] * self._h.outputs.size
            change = U[:, k] - (wanted if k == 0 else U[:, k - 1])
            cost += (1.0 if k == 0 else _LATER) * ca.dot(change * self._weights, change)
        rows.append(end(at))
        low += [_ASIDE] * self._end.outputs.size
        self._row_low = np.array(low)
        equal = np.concatenate(
            [np.r_[np.zeros(n), np.full(self._h.outputs.size, np.inf)] for _ in range(N)]
        )
        self._row_high = np.concatenate((equal, np.full(self._end.outputs.size, np.inf)))
        options = {
            "ipopt.print_level": 0,
            "print_time": False,
            "ipopt.sb": "yes",
            "ipopt.max_iter": iterations,
            "ipopt.tol": 1e-8,
        }
        problem = {
            "x": ca.vertcat(ca.vec(X), ca.vec(U)),
            "p": ca.vertcat(x0, wanted),
            "f": cost,
            "g": ca.vertcat(*rows),
        }
        self._solver = ca.nlpsol("shield", "ipopt", problem, options)

    def _aside(self, k: int) -> float:
        return self._margin * (1.0 + k / self.horizon) + _ASIDE

    def filter(
        self, x: FloatArray, u_nominal: FloatArray, context: Context | None = None
    ) -> SafeAction:
        """The nearest input that begins a plan into the terminal set, verified by running it.

        Args:
            x: State, shape ``(n,)``.
            u_nominal: Input the controller asks for, shape ``(m,)``.
            context: Time stamp.
        """
        start = time.perf_counter()
        refused = self._refused(start, x, u_nominal, context)
        if refused is not None:
            return refused
        margins = self._h(self._x)
        wanted = np.clip(self._u, self._low, self._high)
        rest = self._shift()
        kept = np.vstack((wanted[None], rest[1:]))
        for plan in (kept, None):
            plan = self._solve(wanted, rest) if plan is None else plan
            late = self._too_late(start)
            if not late and self._safe(plan):
                self._plan, self._used = plan, 1
                same = bool(np.max(np.abs(plan[0] - self._u), initial=0.0) <= _ROUNDING)
                u = self._u if same else plan[0]
                status = Status.NOMINAL if same else Status.FILTERED
                active = () if same else ("plan",)
                return self._answer(start, u, status, margins, None, "", active)
        return self._fall_back(start, context, margins, late or "no safe plan was found", rest)

    __call__ = filter

    def _shift(self) -> FloatArray:
        """The last plan from now on, the terminal policy after its end, shape ``(N, m)``."""
        old = np.zeros((0, self._m)) if self._plan is None else self._plan[self._used :]
        plan, x = list(old), self._x
        for u in old:
            x = self.system.step(x, u)
        while len(plan) < self.horizon:
            u = np.clip(np.asarray(self.policy(x), dtype=np.float64), self._low, self._high)
            plan.append(u)
            x = self.system.step(x, u)
        return np.array(plan)

    def _safe(self, plan: FloatArray) -> bool:
        """Whether running the plan keeps every barrier and ends in the terminal set."""
        if not np.all(np.isfinite(plan)):
            return False
        if np.any(plan < self._low - _ROUNDING) or np.any(plan > self._high + _ROUNDING):
            return False
        x = self._x
        for k, u in enumerate(plan):
            x = self.system.step(x, u)
            if not np.all(self._h(x) >= self._margin * (1.0 + (k + 1) / self.horizon) - _ROUNDING):
                return False
        return bool(np.all(self._end(x) >= -_ROUNDING))

    def _solve(self, wanted: FloatArray, guess: FloatArray) -> FloatArray:
        states, x = [], self._x
        for u in guess:
            x = self.system.step(x, u)
            states.append(x)
        N, n = self.horizon, self.system.n
        answer = self._solver(
            x0=np.concatenate((np.concatenate(states), guess.reshape(-1))),
            p=np.concatenate((self._x, wanted)),
            lbx=np.concatenate((np.full(N * n, -np.inf), np.tile(self._low, N))),
            ubx=np.concatenate((np.full(N * n, np.inf), np.tile(self._high, N))),
            lbg=self._row_low,
            ubg=self._row_high,
        )
        inputs = np.asarray(answer["x"]).reshape(-1)[N * n :].reshape(N, self._m)
        plan: FloatArray = np.clip(inputs, self._low, self._high)
        return plan

    def _fall_back(
        self,
        start: float,
        context: Context | None,
        margins: FloatArray,
        reason: str,
        rest: FloatArray,
    ) -> SafeAction:
        had_plan = self._plan is not None and self._used < self.horizon
        self._plan, self._used = rest, 1
        if self._safe(rest):
            name = "shifted_plan" if had_plan else "terminal_policy"
            return self._answer(start, rest[0], Status.BACKUP, margins, name, reason)
        answer, reason = self._ask_backups(start, context, margins, reason)
        if answer is not None:
            return answer
        return self._answer(start, rest[0], Status.STOP, margins, "uncertified_plan", reason)


def _values(barriers: Sequence[Barrier], n: int) -> Program:
    graph = Graph()
    x = graph.inputs(0, n)
    return compile_program([record_barrier(b, graph, list(x)) for b in barriers], n)
