"""What a plan of the breathing set costs: real-time programming beside IPOPT and do-mpc.

    python benchmarks/life_support_nmpc.py --plans 60

One run, one model, one problem: 18 states under the feeding law, 30 stages of 10 s, scarcity off so
that weights are constants. A mission is run with the real-time solver; every problem that it was
put is put to the others too, each warm from its own last plan, shifted. Times are CPU time of one
thread for a plan, everything included. What a plan is worth is its cost when its choices are run on
the model; the gap to the best known is given beside that of the rule. A peer that is not installed
is left out, and why is printed. Exit code 1 where the real-time solver is not 20 times faster than
its period, or not ahead of do-mpc.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc import Nmpc, Tuning
from hiera.controllers.life_support.nmpc.ipopt import SCALE, IpoptSolver
from hiera.controllers.life_support.nmpc.plan_model import LEAST, SPAN
from hiera.controllers.life_support.nmpc.prediction import Prediction
from hiera.controllers.life_support.nmpc.problem import Plan, Problem, shifted, verified
from hiera.controllers.life_support.nmpc.rti import RealTimeSolver
from hiera.envs.life_support.world import LifeSupportEnv
from hiera.safety.contract import FloatArray
from hiera.safety.extras import MissingExtra

STAGES, STAGE_S = 30, 10.0
FLOOR = 20.0
Solve = Callable[[Problem, Plan], Plan]


@dataclass
class Asked:
    """A solver, and what it did.

    Attributes:
        solve: A plan from where to begin.
        seconds: CPU time of each plan [s].
        costs: Of each plan.
        last: The plan before, warm for the next.
    """

    solve: Solve
    seconds: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    last: Plan | None = None


class DoMpc:
    """The same problem as do-mpc's documentation has a discrete model with parameters in time."""

    def __init__(self, problem: Problem, prediction: Prediction) -> None:
        """Builds it for the weights of one problem, which all share."""
        do_mpc, ca = importlib.import_module("do_mpc"), importlib.import_module("casadi")
        o, N, M = problem.objective, 18, 3
        self._prediction = prediction
        reference = IpoptSolver(prediction)
        f, shown, peak = reference._functions()
        step = reference._step(f, STAGE_S, int(prediction.steps[0]))
        model = do_mpc.model.Model("discrete", "SX")
        x, v = model.set_variable("_x", "x", (N, 1)), model.set_variable("_u", "v", (M, 1))
        given = len(problem.W[0]) + len(problem.corrections)
        w = model.set_variable("_tvp", "w", (given, 1))
        model.set_rhs("x", step(SCALE * x, LEAST + SPAN * v, w) / SCALE)
        model.setup()
        mpc = do_mpc.controller.MPC(model)
        mpc.settings.n_horizon, mpc.settings.t_step = STAGES, STAGE_S
        mpc.settings.store_full_solution = False
        mpc.settings.supress_ipopt_output()
        y = shown(SCALE * x)
        comfort = sum(
            float(a) * (y[int(i)] - float(t)) ** 2
            for i, t, a in zip(o.aim, o.target, o.aim_weight, strict=True)
        ) + sum(
            float(a) * ca.fmax(0.0, float(s) * (y[int(i)] - float(b))) ** 2
            for i, s, b, a in zip(o.limit, o.sign, o.bound, o.limit_weight, strict=True)
        )
        minutes = STAGE_S / 60.0
        effort = minutes * sum(float(o.effort[m]) * v[m] ** 2 for m in range(M))
        end = ca.dot(o.value, SCALE * x) + o.peak * (peak(SCALE * x) / 1000.0) ** 2
        mpc.set_objective(mterm=minutes * comfort + end, lterm=minutes * comfort + effort)
        mpc.set_rterm(v=np.array(o.change))
        mpc.bounds["lower", "_u", "v"], mpc.bounds["upper", "_u", "v"] = np.zeros(M), np.ones(M)
        template = mpc.get_tvp_template()
        self._w = np.zeros((STAGES + 1, given))

        def ahead(_: float) -> Any:
            for k in range(STAGES + 1):
                template["_tvp", k, "w"] = self._w[k]
            return template

        mpc.set_tvp_fun(ahead)
        mpc.setup()
        self._mpc, self._begun = mpc, False

    def __call__(self, problem: Problem, plan: Plan) -> Plan:
        """A plan; do-mpc warms itself."""
        stages = np.vstack((problem.W, problem.W[-1:]))
        self._w = np.hstack((stages, np.tile(problem.corrections, (STAGES + 1, 1))))
        mpc = self._mpc
        if not self._begun:
            mpc.x0 = problem.x / SCALE
            mpc.u0 = (problem.before - LEAST) / SPAN
            mpc.set_initial_guess()
            self._begun = True
        mpc.u0 = (problem.before - LEAST) / SPAN
        mpc.make_step((problem.x / SCALE).reshape(-1, 1))
        v = np.array([mpc.opt_x_num["_u", k, 0] for k in range(STAGES)], dtype=float)
        v = v.reshape(STAGES, 3)
        return verified("do-mpc", LEAST + SPAN * v, problem, self._prediction)


def problems(plans: int, mission: int) -> tuple[Nmpc, list[tuple[Problem, Plan]]]:
    """What the controller was put in a mission, and the rule's plan for each."""
    tuning = Tuning(grid=((STAGES, STAGE_S),), act_period_s=STAGE_S, scarce=False)
    env = LifeSupportEnv(f"mission:{mission}")
    nmpc = Nmpc(env.model, env.limits, tuning)
    kept: list[tuple[Problem, Plan]] = []
    planned = nmpc.planned

    def keep(problem: Problem, advice: Any) -> Plan:
        kept.append((problem, nmpc.by_rule(problem)))
        return planned(problem, advice)

    nmpc.planned = keep  # type: ignore[method-assign]
    observation, _ = env.reset(seed=mission)
    while len(kept) < plans:
        observation, _, ended, cut, _ = env.step(nmpc.act(observation))
        if ended or cut:
            break
    return nmpc, kept


def solvers(nmpc: Nmpc, problem: Problem) -> dict[str, Asked]:
    """Everybody who is here."""
    ahead = nmpc.prediction
    own = RealTimeSolver(ahead, nmpc.tuning.iterations)
    found = {"rti": Asked(lambda problem, plan: own.improve(problem, plan).plan)}
    try:
        reference = IpoptSolver(ahead)
        found["ipopt"] = Asked(lambda problem, plan: reference.improve(problem, plan).plan)
    except MissingExtra as missing:
        print(f"ipopt is left out: {missing}")
    try:
        found["do-mpc"] = Asked(DoMpc(problem, ahead))
    except ImportError as missing:
        print(f"do-mpc is left out: {missing}")
    return found


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--plans", type=int, default=60, help="problems that are put to everybody")
    parser.add_argument("--mission", type=int, default=5, help="seed of the mission")
    asked = parser.parse_args()
    nmpc, kept = problems(asked.plans, asked.mission)
    found = solvers(nmpc, kept[0][0])
    for problem, rule in kept:
        for each in found.values():
            first = rule
            start = time.process_time()
            if each.last is not None:
                V = shifted(each.last.V, nmpc.prediction.spans, STAGE_S)
                moved = verified("shifted", V, problem, nmpc.prediction)
                first = min((rule, moved), key=lambda plan: plan.cost)
            each.last = each.solve(problem, first)
            each.seconds.append(time.process_time() - start)
            each.costs.append(each.last.cost)
    report(found, np.array([rule.cost for _, rule in kept]))
    ours = np.array(found["rti"].seconds[1:])
    fast = STAGE_S / float(np.median(ours)) >= FLOOR
    theirs = found.get("do-mpc")
    ahead = theirs is None or float(np.median(theirs.seconds[1:])) > float(np.median(ours))
    return 0 if fast and ahead else 1


def report(found: dict[str, Asked], rule: FloatArray) -> None:
    """Prints a row for each; the first plan, which compiles, does not count."""
    best = np.min([each.costs for each in found.values()], axis=0)
    ours = float(np.median(found["rti"].seconds[1:]))
    print(f"{len(rule)} problems, {STAGES} stages of {STAGE_S:.0f} s, CPU time a plan")
    print(
        "             median      p99    of rti   x real time   gap median      p99   of the rule"
    )
    excess = rule - best
    for name, each in found.items():
        s, gap = 1e3 * np.array(each.seconds[1:]), np.array(each.costs) - best
        left = float(np.sum(gap) / np.sum(excess))
        print(
            f"{name:8} {np.median(s):8.1f} ms {np.percentile(s, 99):6.1f} ms "
            f"{np.median(s) / 1e3 / ours:8.1f} {1e3 * STAGE_S / np.median(s):12,.0f} "
            f"{np.median(gap):12.2e} {np.percentile(gap, 99):9.2e} {100 * left:10.2f} %"
        )
    print(f"{'rule':8} {'':44} {np.median(excess):12.2e} {np.percentile(excess, 99):9.2e}")


if __name__ == "__main__":
    raise SystemExit(main())
