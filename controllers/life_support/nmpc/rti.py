"""Sequential quadratic programming in real time: few steps on, from a plan that already holds.

M. Diehl, H. G. Bock, J. P. Schlöder, "A Real-Time Iteration Scheme for Nonlinear Optimization in
Optimal Feedback Control", SIAM J. Control Optim. 43, 2005. Departures: stages are eliminated and
rolled out anew (single shooting), so that every iterate is a course the model can take; and a
step counts only if that course costs less; the region that a step may use is narrowed where it does
not, and widened where it does.
"""

from __future__ import annotations

from dataclasses import dataclass

from hiera.controllers.life_support.nmpc.gauss_newton import GaussNewton
from hiera.controllers.life_support.nmpc.prediction import Prediction
from hiera.controllers.life_support.nmpc.problem import Plan, Problem, verified

_ENOUGH = 1e-5
"""Part of its cost that a step must gain for another to be worth while."""
_NARROWER, _WIDER, _LEAST, _FIRST = 0.4, 2.0, 0.01, 0.15
"""Factors of the region of trust, its least part, and the least with which a call begins."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a solver did.

    Attributes:
        plan: The best plan found; the one it began with if there was no better one.
        iterations: Programmes solved.
        failure: Empty, or what went wrong.
    """

    plan: Plan
    iterations: int
    failure: str = ""


class RealTimeSolver:
    """Improves plans.

    Attributes:
        trust: Part of the widest region of trust that the next step may use; it is carried on.

    Args:
        prediction: Model and stages.
        iterations: Most programmes in a call.
    """

    name = "rti"

    def __init__(self, prediction: Prediction, iterations: int) -> None:
        self._prediction, self._most = prediction, iterations
        self._programme = GaussNewton(prediction)
        self.trust = 1.0

    def reset(self) -> None:
        """Forgets the last mission's region of trust."""
        self.trust = 1.0

    def improve(self, problem: Problem, plan: Plan) -> Outcome:
        """A plan that costs no more.

        Args:
            problem: What is to be solved.
            plan: Where to begin.
        """
        first, ahead = plan, self._prediction
        self.trust = max(self.trust, _FIRST)
        around = None
        for i in range(self._most):
            if around is None:
                around = ahead.differentiate(problem.x, plan.V, problem.W, problem.corrections)
            step = self._programme.step(
                *around, plan.V, problem.before, problem.objective, self.trust
            )
            if not step.solved:
                return Outcome(plan, i, f"programme failed ({step.flag})")
            tried = verified(self.name, plan.V + step.change, problem, ahead)
            half = verified(self.name, plan.V + 0.4 * step.change, problem, ahead)
            best = min((tried, half), key=lambda p: p.cost)
            if best is tried and tried.cost < plan.cost:
                self.trust = min(_WIDER * self.trust, 1.0)
            else:
                self.trust = max(_NARROWER * self.trust, _LEAST)
            if best.cost >= plan.cost:
                continue
            gained, plan, around = plan.cost - best.cost, best, None
            if gained < _ENOUGH * (1.0 + abs(plan.cost)):
                return Outcome(plan, i + 1)
        return Outcome(plan, self._most, "no descent" if plan is first else "")
