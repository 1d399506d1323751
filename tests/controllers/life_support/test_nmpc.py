"""Receding-horizon control of the breathing set: derivatives, verified plans, what is dear."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.controllers.life_support.contract import Advice, Forecast
from hiera.controllers.life_support.held_demand import HeldDemand
from hiera.controllers.life_support.nmpc import Nmpc, Tuning
from hiera.controllers.life_support.nmpc.differences import Differences
from hiera.controllers.life_support.nmpc.horizon import stage
from hiera.controllers.life_support.nmpc.objective import cost, peak_pa
from hiera.controllers.life_support.nmpc.plan_model import LEAST, MOST, SPAN, Corrections, fed
from hiera.controllers.life_support.nmpc.prediction import Prediction
from hiera.controllers.life_support.nmpc.problem import Plan, Problem, shifted, verified
from hiera.controllers.life_support.nmpc.rti import Outcome, RealTimeSolver
from hiera.controllers.life_support.nmpc.scarcity import MOST as DEAREST
from hiera.controllers.life_support.nmpc.scarcity import Stocks, scarcity
from hiera.safety.life_support import LifeSupportModel, Limits, Surroundings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.removal import Factors, driven
from hiera.safety.life_support.state import FAN, HIGH, LOW

MODEL, LIMITS = LifeSupportModel(), Limits()
WORK = litres_per_minute(2.0)


def working(conversion: float = 0.4) -> np.ndarray:
    """A set in the midst of hard work."""
    x = MODEL.start(Surroundings(WORK), conversion=conversion)
    x[[names.GAS_K, names.LIME_K]] = 318.0, 340.0
    return x


def seen(x: np.ndarray, command: Any = (1e-3, 1.2e-3, 0.0)) -> dict[str, Any]:
    """An observation of a state, by perfect instruments."""
    readings, valid = np.zeros(13), np.zeros(13, np.int8)
    now = MODEL.readings(x)
    readings[[3, 9, 12]], valid[[3, 9, 12]] = (now.dioxide_pa, now.flow, 303.15), 1
    return {
        "estimate": x.copy(),
        "deviation": np.full(18, 1e-5),
        "removal": np.array(Factors()),
        "behind": np.zeros(1),
        "readings": readings,
        "valid": valid,
        "command": np.asarray(command, dtype=np.float64),
    }


@pytest.fixture(scope="module")
def nmpc() -> Nmpc:
    return Nmpc(MODEL, LIMITS)


def put(nmpc: Nmpc, x: np.ndarray, ahead: Forecast | None = None) -> Problem:
    """The problem that a controller would put at a state."""
    forecast = Forecast(10.0, np.full(60, WORK), np.zeros(60)) if ahead is None else ahead
    before = np.array([70.0, 1.2e-3, 0.0])
    return nmpc.problem(x, before, forecast, Corrections(breathing=1e-4).vector())


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_derivatives_of_a_stage_are_those_of_its_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans = np.array([5.0, 10.0, 40.0])
    ahead = Prediction(MODEL, spans)
    V = LEAST + SPAN * rng.uniform(0.1, 0.9, (3, 3))
    W = np.tile([WORK * rng.uniform(0.5, 1.5), 303.15, 0.0, 1.0], (3, 1))
    c = Corrections(missed=0.02, breathing=5e-5, fan=0.9, feed=0.95).vector()
    X, S = ahead.differentiate(working(rng.uniform(0.0, 0.7)), V, W, c)
    assert np.array_equal(X, ahead.roll(X[0], V, W, c))
    for k in range(3):
        here = np.concatenate((X[k], V[k]))
        for j in range(21):
            h = 1e-5 * max(abs(here[j]), 1e-3)
            pair = []
            for sign in (1.0, -1.0):
                z = here.copy()
                z[j] += sign * h
                pair.append(stage(z[:18], z[18:], W[k], c, spans[k], ahead.steps[k], ahead.record))
            slope = (pair[0] - pair[1]) / (2.0 * h)
            size = np.maximum(np.abs(S[k]).max(axis=1), 1e-6)
            assert np.max(np.abs(slope - S[k][:, j]) / size) < 2e-3


def test_the_plan_s_model_is_the_model_where_nothing_is_corrected() -> None:
    x, ahead = working(), Prediction(MODEL, np.array([5.0]))
    v, c = np.array([100.0, 1.2e-3, 0.3]), Corrections(drive=0.0).vector()
    around, u = Surroundings(WORK), np.array([0.0, v[1], v[2]])
    now = x
    for _ in range(500):
        u[0] = fed(now, v[0], c, MODEL.parameters)
        now = MODEL.step(now, u, around, 0.01)
    there = ahead.roll(x, v[None], np.array([list(around)], dtype=float), c)[1]
    # Order 4 at a quarter of the actuators' lag against steps of a hundredth of a second.
    assert np.max(np.abs(there - now) / (np.abs(now) + 1e-6)) < 0.02


def test_the_law_feeds_what_is_breathed_and_never_beyond_the_valve() -> None:
    c, x = Corrections().vector(), working()
    p = MODEL.parameters
    gauge = float(MODEL.readings(x).gauge_pa)
    assert fed(x, gauge, c, p) == pytest.approx(x[names.UPTAKE], abs=2e-5)
    assert fed(x, gauge + 100.0, c, p) > fed(x, gauge, c, p) > fed(x, gauge - 100.0, c, p)
    x[names.OXYGEN] = 0.05
    assert fed(x, 55.0, c, p) <= HIGH[names.FEED]
    x = working()
    x[names.OXYGEN] *= 3.0
    assert fed(x, 55.0, c, p) >= -1e-7


def test_solver_lowers_the_cost_of_the_rule_and_says_its_plan_s_true_cost(nmpc: Nmpc) -> None:
    problem = put(nmpc, working())
    rule = nmpc.by_rule(problem)
    outcome = RealTimeSolver(nmpc.prediction, 10).improve(problem, rule)
    plan = outcome.plan
    assert plan.cost < rule.cost - 0.1
    assert plan.source == "rti"
    assert np.all(plan.V >= LEAST)
    assert np.all(plan.V <= MOST)
    again = verified("again", plan.V, problem, nmpc.prediction)
    assert again.cost == plan.cost
    assert np.array_equal(again.X, plan.X)


def test_real_time_solver_comes_close_to_the_optimum_of_ipopt(nmpc: Nmpc) -> None:
    pytest.importorskip("casadi")
    from hiera.controllers.life_support.nmpc.ipopt import IpoptSolver

    few = Nmpc(MODEL, LIMITS, Tuning(grid=((4, 10.0), (4, 20.0))))
    problem = put(few, working())
    rule = few.by_rule(problem)
    best = IpoptSolver(few.prediction).improve(problem, rule)
    ours = RealTimeSolver(few.prediction, 40).improve(problem, rule).plan
    assert best.failure == ""
    assert best.plan.source == "ipopt"
    assert best.plan.cost <= ours.cost + 1e-6
    assert ours.cost - best.plan.cost < 0.05 * (rule.cost - best.plan.cost)


def test_a_worse_demand_in_the_forecast_means_more_flow_ahead(nmpc: Nmpc) -> None:
    sure = Forecast(10.0, np.full(60, WORK), np.zeros(60))
    unsure = replace(sure, deviation=np.full(60, 0.6 * WORK))
    flows = []
    for ahead in (sure, unsure):
        problem = put(nmpc, working(0.2), ahead)
        plan = RealTimeSolver(nmpc.prediction, 12).improve(problem, nmpc.by_rule(problem)).plan
        flows.append(float(plan.V[8:24, FAN].mean()))
    assert flows[1] > 1.05 * flows[0]


class Broken:
    """A solver that brings nothing, or worse."""

    name = "broken"

    def __init__(self, worse: bool) -> None:
        self.worse = worse

    def reset(self) -> None:
        """Nothing to forget."""

    def improve(self, problem: Problem, plan: Plan) -> Outcome:
        if self.worse:
            return Outcome(replace(plan, source="broken", V=plan.V * np.nan, cost=np.inf), 1)
        return Outcome(plan, 0, "programme failed (-1)")


@pytest.mark.parametrize("worse", [False, True])
def test_whatever_the_solver_brings_the_best_verified_plan_is_used(worse: bool) -> None:
    controller = Nmpc(MODEL, LIMITS)
    controller.solver = Broken(worse)
    command = controller.act(seen(working()))
    assert np.all(command >= LOW)
    assert np.all(command <= HIGH)
    tally = controller.statistics
    assert tally.sources == {"rule": 1}
    assert tally.solves == 1
    assert dict(tally.failures) == ({} if worse else {"programme failed (-1)": 1})


def test_where_no_plan_is_finite_the_rule_commands(nmpc: Nmpc) -> None:
    controller = Nmpc(MODEL, LIMITS)
    controller.planned = lambda problem, advice=None: Plan(  # type: ignore[method-assign]
        "rule", np.full((30, 3), np.nan), np.full((31, 18), np.nan), np.inf
    )
    command = controller.act(seen(working()))
    assert np.all(np.isfinite(command))
    assert np.all(command >= LOW)
    assert np.all(command <= HIGH)


def test_advice_that_is_better_is_taken_and_advice_that_is_worse_is_not() -> None:
    x = working()
    controller = Nmpc(MODEL, LIMITS)
    controller.solver = Broken(worse=False)
    good = Nmpc(MODEL, LIMITS, Tuning(iterations=12))
    good.act(seen(x))
    assert good.plan is not None
    U = good.plan.V.copy()
    U[:, 0] = [fed(x, v[0], Corrections().vector(), MODEL.parameters) for v in good.plan.V]
    bad = Advice(10.0, np.tile([0.0, LOW[FAN], 0.0], (5, 1)), "bad")
    controller.act(seen(x), bad)
    assert controller.statistics.sources == {"rule": 1}
    controller.reset(0)
    controller.act(seen(x), Advice(10.0, U[::2], "good"))
    assert controller.statistics.sources == {"advice": 1}


def test_a_shifted_plan_says_at_each_time_what_it_said() -> None:
    spans = np.array([5.0, 5.0, 10.0, 20.0])
    V = np.arange(12.0).reshape(4, 3)
    moved = shifted(V, spans, 5.0)
    assert np.array_equal(moved, V[[1, 2, 2, 3]])
    assert np.array_equal(shifted(V, spans, 1000.0), np.tile(V[-1], (4, 1)))


@given(st.floats(1e-3, 1e3), st.floats(0.0, 1e3))
def test_scarcity_is_one_in_plenty_and_ten_in_want(remaining: float, need: float) -> None:
    dear = scarcity(remaining, need)
    assert 1.0 <= dear <= DEAREST
    if need <= remaining:
        assert dear == 1.0
    elif need < 3.0 * remaining:
        assert dear == pytest.approx((need / remaining) ** 2)
    assert scarcity(0.0, 1.0) == scarcity(-1.0, 1.0) == DEAREST


def test_stocks_are_dear_where_they_run_out() -> None:
    stocks = Stocks(MODEL, LIMITS, ahead_s=3600.0)
    x = working(0.0)
    assert stocks.observe(x, 0.0).oxygen == 1.0
    stocks.reset()
    x[names.CYLINDER], x[names.CONVERSION] = 2.0, 0.8
    dear = stocks.observe(x, 0.0)
    assert dear.oxygen > 5.0
    assert dear.lime > 1.5
    switched = Nmpc(MODEL, LIMITS, Tuning(scarce=False))
    switched.scarcity = dear
    assert put(switched, x).objective.peak == switched.tuning.lime
    assert put(switched, x).objective.value[names.CYLINDER] == -switched.tuning.oxygen


def test_a_weak_fan_is_seen_and_a_deep_breath_planned_for() -> None:
    differences = Differences(MODEL, 2.0, 0.203)
    x = working(0.3)
    command, flow = np.array([1e-3, 1.5e-3, 0.0]), 1.5e-3
    x[names.FLOW] = flow
    for i in range(300):
        observation = seen(x, command)
        observation["removal"] = np.array(Factors(1.2, 0.05, 0.8))
        observation["readings"][9] = 0.7 * flow
        corrections = differences.observe(observation, 0.0 if i == 0 else 1.0)
    assert corrections.fan == pytest.approx(0.7, abs=0.01)
    breath = 1.2 * np.exp(2.0 * 0.05)
    believed = differences.believed(x)
    assert believed[names.BREATHING] == pytest.approx(breath * driven(x, MODEL.parameters))
    assert corrections.breathing == pytest.approx((breath - 1.0) * driven(x, MODEL.parameters))
    assert believed[names.CONVERSION] == pytest.approx(1.0 - 0.8 * 0.7)


def test_the_law_holds_more_oxygen_where_a_cell_shows_less_than_the_estimate() -> None:
    differences, observation = Differences(MODEL, 0.0, 0.203), seen(working())
    observation["behind"] = np.array([0.007])
    assert differences.observe(observation, 1.0).oxygen == pytest.approx(0.21)


def test_held_demand_is_the_uptake_and_grows_unsure() -> None:
    held = HeldDemand()
    held.observe(seen(working()), 1.0)
    ahead = held.forecast(60, 10.0)
    assert np.allclose(ahead.demand, WORK)
    assert ahead.period_s == 10.0
    assert np.all(np.diff(ahead.deviation) >= 0.0)
    assert ahead.deviation[0] > 0.0
    held.reset()
    assert held.forecast(1, 10.0).demand[0] < WORK


def test_the_lime_s_ability_at_a_peak_falls_with_use_and_dryness() -> None:
    p = MODEL.parameters
    fresh, used, dry, cold = working(0.1), working(0.6), working(0.1), working(0.1)
    dry[names.MOISTURE], cold[names.LIME_K] = 0.02, 300.0
    assert peak_pa(fresh, p) < min(peak_pa(used, p), peak_pa(dry, p))
    assert peak_pa(cold, p) == peak_pa(fresh, p)


def test_cost_is_infinite_where_the_run_is_not_finite(nmpc: Nmpc) -> None:
    problem, spans = put(nmpc, working()), nmpc.prediction.spans
    X, V = np.full((31, 18), np.nan), np.tile(LEAST, (30, 1))
    assert cost(X, V, LEAST, spans, problem.objective, nmpc.prediction.record) == np.inf


def test_an_unknown_solver_is_refused() -> None:
    with pytest.raises(ValueError, match="rti or ipopt"):
        Nmpc(MODEL, LIMITS, Tuning(solver="magic"))


def test_five_minutes_in_the_world_are_within_the_alarm_and_reproducible() -> None:
    world = pytest.importorskip("hiera.envs.life_support.world")
    commands = []
    for _ in range(2):
        env = world.LifeSupportEnv("mission:3", max_time_s=300.0)
        controller = Nmpc(env.model, env.limits, Tuning(act_period_s=10.0))
        observation, _ = env.reset(seed=3)
        controller.reset(3)
        cut, made = False, []
        while not cut:
            made.append(controller.act(observation))
            observation, _, ended, cut, _ = env.step(made[-1])
            assert not ended
        commands.append(np.array(made))
        assert env.statistics.alarm_s == 0.0
        assert env.statistics.oxygen_low > 0.198
        assert controller.statistics.solves == 30
    assert np.array_equal(commands[0], commands[1])
