"""The same problem by CasADi and IPOPT: multiple shooting, the reference. Needs the extra ``mpc``.

States are variables too, tied by the discretised model; limits that give way have a slack each. A.
Wächter, L. T. Biegler, "On the implementation of an interior-point filter line-search algorithm for
large-scale nonlinear programming", Mathematical Programming 106, 2006; J. Andersson et al.,
"CasADi", Mathematical Programming Computation 11, 2019.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc.objective import INDICATORS, indicators, peak_pa
from hiera.controllers.life_support.nmpc.plan_model import (
    LEAST,
    MOST,
    NUMBERS,
    SPAN,
    pace_for,
    planned,
)
from hiera.controllers.life_support.nmpc.prediction import D, Prediction
from hiera.controllers.life_support.nmpc.problem import Plan, Problem, verified
from hiera.controllers.life_support.nmpc.rti import Outcome
from hiera.safety.contract import FloatArray
from hiera.safety.extras import require
from hiera.safety.life_support import Surroundings
from hiera.safety.life_support.state import M, N
from hiera.safety.tape import Graph, compile_program
from hiera.safety.tape.to_casadi import to_casadi

SCALE = np.array([
    1.0, 0.01, 1.0, 0.1, 10.0, 1.0, 10.0, 0.1, 0.1, 10.0, 1.0, 1e-3, 1e-3, 1e-3, 1.0, 1.0, 1e-3,
    1.0,
])  # fmt: skip
"""Size of each state, for IPOPT's own scaling [its unit]."""


class IpoptSolver:
    """Solves a problem to its optimum.

    Args:
        prediction: Model and stages.
        iterations: Most iterations of IPOPT.
        tolerance: Of IPOPT.

    Raises:
        MissingExtra: If CasADi is not installed.
    """

    name = "ipopt"

    def __init__(
        self, prediction: Prediction, iterations: int = 300, tolerance: float = 1e-6
    ) -> None:
        self._ca = require("casadi", "mpc")
        self._prediction = prediction
        self._programmes: dict[tuple[int, int], Any] = {}
        self._options = {
            "print_time": False,
            "ipopt.print_level": 0,
            "ipopt.sb": "yes",
            "ipopt.max_iter": iterations,
            "ipopt.tol": tolerance,
        }

    def _functions(self) -> tuple[Any, Any, Any]:
        """Rates, indicators and the CO2 at a peak, as CasADi functions."""
        p = self._prediction.model.parameters
        graph = Graph()
        x, v = graph.inputs(0, N), graph.inputs(N, M)
        around = Surroundings(*graph.inputs(N + M, D))
        c = graph.inputs(N + M + D, NUMBERS)
        (pace,) = graph.inputs(N + M + D + NUMBERS, 1)
        rates = [graph.node(r) for r in planned(x, v, around, c, pace, p)]
        f = to_casadi(compile_program(rates, N + M + D + NUMBERS + 1), "rates")
        shown = Graph()
        y = compile_program([shown.node(r) for r in indicators(shown.inputs(0, N), p)], N)
        last = Graph()
        peak = compile_program([last.node(peak_pa(last.inputs(0, N), p))], N)
        return f, to_casadi(y, "indicators"), to_casadi(peak, "peak")

    def _step(self, f: Any, span: float, steps: int) -> Any:
        ca, h = self._ca, span / steps
        x, v, w = ca.SX.sym("x", N), ca.SX.sym("v", M), ca.SX.sym("w", D + NUMBERS)
        pace, z = float(pace_for(h)), x
        for _ in range(steps):
            k1 = f(ca.vertcat(z, v, w, pace))
            k2 = f(ca.vertcat(z + 0.5 * h * k1, v, w, pace))
            k3 = f(ca.vertcat(z + 0.5 * h * k2, v, w, pace))
            k4 = f(ca.vertcat(z + h * k3, v, w, pace))
            z = z + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return ca.Function("step", [x, v, w], [z])

    def _programme(self, aims: int, limits: int) -> Any:
        """The nonlinear programme for so many squares and limits; built once."""
        if (aims, limits) in self._programmes:
            return self._programmes[aims, limits]
        ca, spans = self._ca, self._prediction.spans
        K, steps = len(spans), self._prediction.steps
        f, y_of, peak_of = self._functions()
        maps = {(s, n): self._step(f, s, n) for s, n in zip(spans.tolist(), steps, strict=True)}
        x0, before, c = ca.MX.sym("x0", N), ca.MX.sym("before", M), ca.MX.sym("c", NUMBERS)
        W = ca.MX.sym("W", D, K)
        aim, target, aim_weight = (ca.MX.sym(n, INDICATORS if n == "A" else 1, aims) for n in "Atw")
        limit, bound, weight = (ca.MX.sym(n, INDICATORS if n == "L" else 1, limits) for n in "Lbm")
        change, effort = ca.MX.sym("change", M), ca.MX.sym("effort", M)
        value, peak = ca.MX.sym("value", N), ca.MX.sym("peak")
        X, v = ca.MX.sym("X", N, K), ca.MX.sym("v", M, K)
        slack = ca.MX.sym("slack", limits, K)
        cost, rows, low, high = 0.0, [], [], []
        x, last = x0, (before - LEAST) / SPAN
        for k in range(K):
            around = ca.vertcat(W[:, k], c)
            following = maps[spans[k], steps[k]](x, LEAST + SPAN * v[:, k], around)
            x = SCALE * X[:, k]
            rows.append((following - x) / SCALE)
            y = y_of(x)
            off = ca.mtimes(aim.T, y) - target.T
            over = ca.mtimes(limit.T, y) - bound.T
            rows.append(over - slack[:, k])
            low += [0.0] * N + [-np.inf] * limits
            high += [0.0] * (N + limits)
            here = ca.dot(aim_weight.T, off**2) + ca.dot(weight.T, slack[:, k] ** 2)
            here += ca.dot(effort, v[:, k] ** 2)
            cost += spans[k] / 60.0 * here + ca.dot(change, (v[:, k] - last) ** 2)
            last = v[:, k]
        cost += ca.dot(value, x) + peak * (peak_of(x) / 1000.0) ** 2
        variables = ca.vertcat(ca.vec(X), ca.vec(v), ca.vec(slack))
        given = [x0, before, ca.vec(W), c, ca.vec(aim), ca.vec(target), ca.vec(aim_weight)]
        given += [ca.vec(limit), ca.vec(bound), ca.vec(weight), change, effort, value, peak]
        nlp = {"x": variables, "p": ca.vertcat(*given), "f": cost, "g": ca.vertcat(*rows)}
        solver = ca.nlpsol("nmpc", "ipopt", nlp, self._options)
        self._programmes[aims, limits] = solver, np.array(low), np.array(high)
        return self._programmes[aims, limits]

    def reset(self) -> None:
        """Every problem is solved anew; there is nothing to forget."""

    def improve(self, problem: Problem, plan: Plan) -> Outcome:
        """The optimum near a plan, run on the model.

        Args:
            problem: What is to be solved.
            plan: Where to begin.
        """
        o, K = problem.objective, len(plan.V)
        aims, limits = len(o.aim), len(o.limit)
        solver, low, high = self._programme(aims, limits)
        choose = np.zeros((INDICATORS, aims))
        choose[o.aim, np.arange(aims)] = 1.0
        limit = np.zeros((INDICATORS, limits))
        limit[o.limit, np.arange(limits)] = o.sign
        given = np.concatenate([
            problem.x, problem.before, problem.W.ravel(), problem.corrections,
            choose.ravel(order="F"), o.target, o.aim_weight,
            limit.ravel(order="F"), o.sign * o.bound, o.limit_weight,
            o.change, o.effort, o.value, [o.peak],
        ])  # fmt: skip
        slack = self._slacks(plan, problem)
        start = np.concatenate(
            ((plan.X[1:] / SCALE).ravel(), ((plan.V - LEAST) / SPAN).ravel(), slack.ravel())
        )
        free = np.full(N * K, np.inf)
        result = solver(
            x0=start,
            p=given,
            lbg=low,
            ubg=high,
            lbx=np.concatenate((-free, np.zeros(M * K + limits * K))),
            ubx=np.concatenate((free, np.ones(M * K), np.full(limits * K, np.inf))),
        )
        facts = solver.stats()
        v = np.asarray(result["x"]).ravel()[N * K : (N + M) * K].reshape(K, M)
        found = verified(self.name, LEAST + SPAN * v, problem, self._prediction)
        failure = "" if facts["success"] else f"ipopt: {facts['return_status']}"
        best = min((found, plan), key=lambda tried: tried.cost)
        return Outcome(best, int(facts["iter_count"]), failure)

    def _slacks(self, plan: Plan, problem: Problem) -> FloatArray:
        """By how much a plan passes each limit, shape ``(K, limits)``."""
        o, p = problem.objective, self._prediction.model.parameters
        y = np.array([[float(v) for v in indicators(x, p)] for x in plan.X[1:]])
        over: FloatArray = np.maximum(o.sign * (y[:, o.limit] - o.bound), 0.0)
        return over


assert MOST.shape == LEAST.shape
