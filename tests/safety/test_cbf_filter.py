"""The barrier filter keeps what it promises, between the ticks as well."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from hiera.safety import Context, Status
from hiera.safety.barriers import Barrier, braking_limit, joint_limits
from hiera.safety.dynamics import ControlAffine, double_integrator, quadrotor
from hiera.safety.filters import CbfFilter, Guard
from hiera.safety.filters.batch import STATUSES
from tests.safety.systems import double, drive, single, unicycle

CENTRE = np.array([1.0, 0.2])


def disc(x: np.ndarray) -> float:
    return (x[0] - CENTRE[0]) ** 2 + (x[1] - CENTRE[1]) ** 2 - 0.25


def arena(x: np.ndarray) -> float:
    return 9.0 - x[0] ** 2 - x[1] ** 2


def braking(x: np.ndarray) -> float:
    return 3.0 - x[0] - np.maximum(x[1], 0.0) ** 2 / 4.0


def wall(x: np.ndarray) -> float:
    return 3.0 - x[0]


def nose(x: np.ndarray) -> float:
    return disc(x[:2] + 0.1 * np.array([np.cos(x[2]), np.sin(x[2])]))


@pytest.mark.parametrize("tick", [0.001, 0.01, 0.05, 0.1, 0.2])
def test_no_violation_at_any_tick_up_to_the_limit_of_the_gain(tick: float) -> None:
    rng = np.random.default_rng(1)
    system = single()
    gate = CbfFilter(system, [Barrier(disc, 1.0 / tick), Barrier(arena, 1.0 / tick)], tick_s=tick)
    for start in ([0.0, 0.0], [-1.0, 2.0], [2.0, -1.0]):
        run = drive(
            gate,
            system,
            start,
            lambda x: CENTRE - x + rng.normal(size=2),
            [disc, arena],
            tick_s=tick,
        )
        assert run.worst >= -1e-9
        assert set(run.counts) <= {"nominal", "filtered"}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tick=st.sampled_from([0.02, 0.1]))
def test_disturbance_and_estimation_error_are_allowed_for(seed: int, tick: float) -> None:
    rng = np.random.default_rng(seed)
    system = single(disturbance=[0.3, 0.3])
    error = [0.02, 0.02]
    gate = CbfFilter(
        system, [Barrier(disc, 5.0), Barrier(arena, 5.0)], tick_s=tick, uncertainty=error
    )
    run = drive(
        gate,
        system,
        [-0.5, 0.0],
        lambda x: CENTRE - x + rng.normal(size=2),
        [disc, arena],
        tick_s=tick,
        ticks=100,
        rng=rng,
        error=error,
    )
    assert run.worst >= -1e-9
    assert run.stopped() == 0


def test_without_the_margin_for_the_disturbance_the_barrier_falls() -> None:
    system = single(disturbance=[0.3, 0.3])
    careless = CbfFilter(single(), [Barrier(disc, 5.0)], tick_s=0.02)
    run = drive(careless, system, [-0.5, 0.0], lambda x: CENTRE - x, [disc], tick_s=0.02)
    assert run.worst < -1e-3


@pytest.mark.parametrize("tick", [0.01, 0.1])
def test_a_point_ahead_of_a_unicycle_keeps_away(tick: float) -> None:
    system = unicycle()
    gate = CbfFilter(system, [Barrier(nose, 5.0)], tick_s=tick)

    def chase(x: np.ndarray) -> np.ndarray:
        bearing = np.arctan2(CENTRE[1] - x[1], CENTRE[0] - x[0]) - x[2]
        return np.array([1.0, 3.0 * np.sin(bearing)])

    for start in ([0.0, 0.0, 0.0], [-1.0, 2.0, 1.0], [2.0, -1.0, 2.0]):
        run = drive(gate, system, start, chase, [nose], tick_s=tick, ticks=300)
        assert run.worst >= -1e-9
        assert run.stopped() == 0


@pytest.mark.parametrize("tick", [0.01, 0.05, 0.1, 0.2])
def test_a_barrier_with_the_braking_distance_in_it_never_runs_out_of_inputs(tick: float) -> None:
    system = double()
    gate = CbfFilter(system, [Barrier(braking, 5.0)], tick_s=tick)
    for start in ([0.0, 0.0], [-3.0, 3.0]):
        run = drive(gate, system, start, lambda x: np.array([2.0]), [wall], tick_s=tick)
        assert run.worst >= -1e-9
        assert run.stopped() == 0


def test_gains_that_no_input_can_follow_are_never_silent() -> None:
    """The case in which finer sampling does not help: gains (5, 5) at 2 m/s^2."""
    system = double()
    with pytest.raises(ValueError, match="relative degree 2"):
        CbfFilter(system, [Barrier(wall, (5.0, 5.0))], tick_s=0.01)
    for gains in ((5.0, 5.0), (2.0, 2.0)):
        with pytest.raises(ValueError, match="no input satisfies every row"):
            CbfFilter(
                system, [Barrier(wall, gains)], tick_s=0.01, domain=([-3.0, -3.0], [3.0, 3.0])
            )
    gate = CbfFilter(system, [Barrier(wall, (5.0, 5.0))], tick_s=0.01, unproven=True)
    run = drive(gate, system, [0.0, 0.0], lambda x: np.array([2.0]), [wall], tick_s=0.01, ticks=400)
    assert run.worst < -0.1
    assert run.stopped() > 0
    gentle = CbfFilter(
        system, [Barrier(wall, (1.0, 1.0))], tick_s=0.01, domain=([-3.0, -1.9], [3.0, 1.9])
    )
    assert gentle.rows.viability is not None
    assert gentle.rows.viability.proved > 0.5
    run = drive(gentle, system, [0.0, 0.0], lambda x: np.array([2.0]), [wall], tick_s=0.01)
    assert run.worst >= 0.0
    assert run.stopped() == 0


def test_a_mover_of_bounded_speed_is_kept_away_from_wherever_it_goes() -> None:
    system = single()
    gate = CbfFilter(
        system,
        [Barrier(lambda x, p: np.linalg.norm(x - p[:2]) - p[2], 3.0, "mover", over="movers")],
        tick_s=0.05,
    )
    mover = np.array([2.0, 0.3])
    worst = np.inf

    def context(k: int, x: np.ndarray) -> Context:
        nonlocal mover, worst
        away = x - mover
        worst = min(worst, float(np.linalg.norm(away)) - 0.4)
        mover = mover + away / np.linalg.norm(away) * 0.05 * 0.5
        return Context(
            0.05 * k,
            movers=mover[None],
            mover_radius=np.array([0.4]),
            mover_speed=np.array([0.5]),
        )

    gate.reset()
    x = np.zeros(2)
    for k in range(300):
        safe = gate.filter(x, mover - x, context(k, x))
        assert safe.status in (Status.NOMINAL, Status.FILTERED)
        x = system.step(x, safe.u, 0.05)
    assert worst >= 0.0


def test_parameters_with_a_known_rate_are_followed() -> None:
    system = single(1)

    def ahead(x: np.ndarray, p: np.ndarray) -> float:
        return x[0] - p[0]

    gate = CbfFilter(
        system,
        [Barrier(ahead, 5.0, parameters=2, rate=lambda p: [p[1], 0.0])],
        tick_s=0.1,
    )
    x, front = np.array([0.5]), 0.0
    for k in range(100):
        safe = gate.filter(x, np.array([-1.0]), Context(0.1 * k, p=np.array([front, 0.6])))
        x, front = system.step(x, safe.u, 0.1), front + 0.06
        assert x[0] >= front - 1e-9
    assert safe.u[0] == pytest.approx(0.6, abs=0.05)


def test_soft_barriers_give_way_in_their_order_and_hard_ones_do_not() -> None:
    system = single(1)
    hard = Barrier(lambda x: 1.0 - x[0], 1.0, "hard")
    first = Barrier(lambda x: x[0] - 3.0, 1.0, "first", priority=2)
    second = Barrier(lambda x: -2.0 - x[0], 1.0, "second", priority=1)
    gate = CbfFilter(system, [hard, first, second], tick_s=0.1)
    safe = gate.filter(np.zeros(1), np.zeros(1))
    assert safe.status is Status.RELAXED
    assert safe.certified
    assert set(safe.active) == {"first", "second"}
    assert safe.u[0] == pytest.approx(-1.0)  # What priority 1 asks for, as far as limits let it.
    assert "first" in safe.reason or "second" in safe.reason


def test_a_lyapunov_function_pulls_to_the_goal_unless_a_barrier_forbids() -> None:
    system = single()
    clf = Barrier(lambda x: -((x[0] - 2.0) ** 2) - x[1] ** 2, 1.0, "goal", 9, sampled=False)
    gate = CbfFilter(system, [Barrier(disc, 5.0), clf], tick_s=0.05)
    run = drive(gate, system, [-1.0, 0.6], lambda x: np.zeros(2), [disc], tick_s=0.05)
    assert run.worst >= -1e-9
    assert run.last is not None
    free = drive(
        CbfFilter(system, [clf], tick_s=0.05),
        system,
        [-1.0, 0.6],
        lambda x: np.zeros(2),
        [lambda x: x[0] + 9.0],
        tick_s=0.05,
    )
    assert free.stopped() == 0


def test_a_start_in_violation_is_led_back_and_not_certified() -> None:
    system = single()
    gate = CbfFilter(system, [Barrier(disc, 2.0, "disc")], tick_s=0.05)
    x = CENTRE + np.array([0.45, 0.0])
    safe = gate.filter(x, np.zeros(2), Context(0.0))
    assert safe.status is Status.RECOVERING
    assert not safe.certified
    assert "disc" in safe.reason
    assert safe.margins[0] < 0.0
    for k in range(60):
        x = system.step(x, gate.filter(x, np.zeros(2), Context(0.05 * (k + 1))).u, 0.05)
    assert disc(x) > -0.01


def test_outside_the_domain_nothing_is_certified() -> None:
    system = unicycle()
    gate = CbfFilter(system, [Barrier(nose, 5.0)], tick_s=0.05, domain=([-3, -3, -4], [3, 3, 4]))
    inside = gate.filter(np.zeros(3), np.zeros(2), Context(0.0))
    outside = gate.filter(np.array([5.0, 0.0, 0.0]), np.zeros(2), Context(0.1))
    assert inside.status is Status.NOMINAL
    assert outside.status is Status.RECOVERING
    assert "domain" in outside.reason


def test_rows_that_contradict_each_other_are_named_and_the_least_violation_leaves() -> None:
    system = single(1)
    gate = CbfFilter(
        system,
        [Barrier(lambda x: x[0] - 1.0, 1.0, "right"), Barrier(lambda x: -1.0 - x[0], 1.0, "left")],
        tick_s=0.1,
    )
    safe = gate.filter(np.zeros(1), np.array([0.7]))
    assert safe.status is Status.STOP
    assert safe.backup == "least_violation"
    assert "right" in safe.reason
    assert "left" in safe.reason
    assert safe.u[0] == pytest.approx(0.0, abs=1e-6)


def test_the_least_violation_leaves_inputs_alone_that_the_rows_do_not_depend_on() -> None:
    system = single(2)
    gate = CbfFilter(system, [Barrier(lambda x: x[0] - 9.0, 1.0, "far")], tick_s=0.1)
    safe = gate.filter(np.array([0.0, 0.0]), np.array([0.1, 0.3]))
    assert safe.backup == "least_violation"
    assert safe.u == pytest.approx([system.u_max[0], 0.3], abs=1e-6)


@pytest.mark.parametrize(
    ("x", "u", "word"),
    [
        (np.array([np.nan, 0.0]), np.zeros(2), "state"),
        (np.zeros(2), np.array([0.0, np.inf]), "action"),
        (np.zeros(3), np.zeros(2), "state must have shape"),
        (np.zeros(2), np.zeros(1), "action must have shape"),
        (np.zeros((1, 2)), np.zeros(2), "state must have shape"),
    ],
)
def test_bad_input_is_refused_by_name_and_rests(x: np.ndarray, u: np.ndarray, word: str) -> None:
    gate = CbfFilter(single(), [Barrier(disc)], tick_s=0.1)
    safe = gate.filter(x, u, Context(0.0))
    assert safe.status is Status.STOP
    assert safe.backup == "rest"
    assert word in safe.reason
    np.testing.assert_array_equal(safe.u, np.zeros(2))


@pytest.mark.parametrize(
    ("contexts", "word"),
    [
        ([Context(1.0), Context(1.0)], "not newer"),
        ([Context(1.0), Context(0.5)], "not newer"),
        ([Context(1.0), Context(3.0)], "no state arrived"),
        ([Context(1.0, now_s=1.5)], "old"),
        ([Context(1.0, now_s=0.9)], "old"),
        ([Context(np.nan)], "not newer"),
        ([Context(np.inf)], "time is inf"),
    ],
)
def test_a_frozen_late_or_old_state_is_refused(contexts: list[Context], word: str) -> None:
    gate = CbfFilter(single(), [Barrier(disc)], tick_s=0.1)
    for context in contexts:
        safe = gate.filter(np.zeros(2), np.zeros(2), context)
    assert safe.status is Status.STOP
    assert word in safe.reason


def test_a_call_that_takes_too_long_ends_with_the_backup() -> None:
    class Halt:
        name = "halt"

        def propose(self, x: np.ndarray, context: Context) -> tuple[np.ndarray | None, str]:
            return np.array([0.5, 0.0]), ""

    gate = CbfFilter(
        single(), [Barrier(disc)], tick_s=0.1, guard=Guard(backups=[Halt()], budget_s=1e-9)
    )
    safe = gate.filter(np.zeros(2), np.ones(2), Context(0.0))
    assert safe.status is Status.BACKUP
    assert safe.backup == "halt"
    assert "ms of" in safe.reason


def test_errors_at_construction_quote_the_value() -> None:
    with pytest.raises(ValueError, match=r"f must return shape \(2,\), not \(3,\)"):
        ControlAffine(lambda x: np.zeros(3), lambda x: np.eye(2), 2, [-1, -1], [1, 1])
    with pytest.raises(ValueError, match=r"u_min\[1\] = 2"):
        ControlAffine(lambda x: np.zeros(2), lambda x: np.eye(2), 2, [-1, 2], [1, 1])
    with pytest.raises(ValueError, match=r"alpha \* tick_s must be at most 1"):
        CbfFilter(single(), [Barrier(disc, 20.0)], tick_s=0.1)
    with pytest.raises(ValueError, match="no derivative up to order"):
        CbfFilter(single(), [Barrier(lambda x: 1.0 + 0.0 * x[0], name="constant")], tick_s=0.1)
    with pytest.raises(ValueError, match="kink"):
        CbfFilter(single(), [Barrier(lambda x: np.minimum(x[0], x[1]))], tick_s=0.1)
    with pytest.raises(TypeError, match=r"branches on the state"):
        CbfFilter(single(), [Barrier(lambda x: x[0] if x[0] > 0 else -x[0])], tick_s=0.1)


def test_functions_that_cannot_be_recorded_are_called_with_their_gradient() -> None:
    def branching(x: np.ndarray) -> float:
        return float(disc(x)) if x[0] < 50.0 else 0.0

    def gradient(x: np.ndarray) -> np.ndarray:
        return 2.0 * (x - CENTRE)

    system = single()
    opaque = CbfFilter(
        system, [Barrier(branching, 5.0, gradient=gradient, curvature=0.0)], tick_s=0.05
    )
    recorded = CbfFilter(system, [Barrier(disc, 5.0)], tick_s=0.05)
    rng = np.random.default_rng(3)
    for _ in range(50):
        x, u = rng.normal(size=2), rng.normal(size=2)
        one, other = opaque.filter(x, u), recorded.filter(x, u)
        np.testing.assert_allclose(one.u, other.u, atol=1e-9)
        assert one.status is other.status
    with pytest.raises(ValueError, match="finite differences say"):
        CbfFilter(system, [Barrier(branching, gradient=lambda x: x, curvature=0.0)], tick_s=0.05)


def test_a_batch_gives_the_same_answers_as_single_calls() -> None:
    rng = np.random.default_rng(5)
    for system, barriers, more in (
        (single(), [Barrier(disc, 5.0), Barrier(arena, 2.0)], {}),
        (unicycle(), [Barrier(nose, 5.0)], {}),
        (unicycle(), [Barrier(nose, 5.0)], {"domain": ([-3, -3, -4], [3, 3, 4])}),
        (single(disturbance=[0.1, 0.1]), [Barrier(disc, 5.0)], {"uncertainty": [0.01, 0.01]}),
    ):
        gate = CbfFilter(system, barriers, tick_s=0.05, **more)
        X = rng.normal(size=(300, system.n)) * 2.0
        U = rng.normal(size=(300, system.m))
        batch = gate.filter_batch(X, U)
        for x, u, answer, status, margins in zip(
            X, U, batch.u, batch.status, batch.margins, strict=True
        ):
            single_answer = gate.filter(x, u)
            np.testing.assert_allclose(answer, single_answer.u, atol=1e-9)
            np.testing.assert_allclose(margins, single_answer.margins, atol=1e-9)
            assert STATUSES[status] is single_answer.status


def test_calls_allocate_nothing_that_stays() -> None:
    gate = CbfFilter(single(), [Barrier(disc, 5.0)], tick_s=0.05)
    x, u = np.zeros(2), np.ones(2)
    for _ in range(100):
        gate.filter(x, u)
    tracemalloc.start()
    for _ in range(200):
        gate.filter(x, u)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2000):
        gate.filter(x, u)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 2000


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_fast_path_agrees_with_the_programme_written_in_cvxpy(seed: int) -> None:
    pytest.importorskip("cvxpy")
    from hiera.safety.filters.reference import solve_reference

    rng = np.random.default_rng(seed)
    barriers = [
        Barrier(disc, 3.0),
        Barrier(arena, 2.0),
        Barrier(lambda x: x[0] + 4.0, 1.0, priority=int(rng.integers(0, 3))),
        Barrier(lambda x: x[1] - 2.0 + x[0], 1.0, priority=int(rng.integers(1, 3))),
    ]
    gate = CbfFilter(
        single(), barriers, tick_s=0.1, weights=rng.uniform(0.5, 2.0, 2), sampled=False
    )
    x, u = rng.normal(size=2), 2.0 * rng.normal(size=2)
    expected = solve_reference(gate.programme(x, u))
    safe = gate.filter(x, u)
    if expected is None:
        assert safe.status is Status.STOP
    else:
        np.testing.assert_allclose(safe.u, expected, atol=2e-4)


def test_an_input_under_which_nothing_falls_is_tried_before_giving_up() -> None:
    """Near a corner at a long tick: full braking one way, and nearly full the other."""
    system = double_integrator(2, acceleration=1.0)
    limits = [
        braking_limit(i, i + 2, 0.9, **{side: value}, alpha=5.0)
        for i in (0, 1)
        for side, value in (("upper", 1.0), ("lower", -1.0))
    ]
    gate = CbfFilter(system, limits, tick_s=0.2)
    x = np.array([-0.9801392651367312, -0.996983583088168, 0.04564624419811447, -0.0677702064972])
    run = drive(
        gate, system, x, lambda x: np.array([-1.0, -1.0]), [b.h for b in limits], tick_s=0.2
    )
    assert run.worst >= -1e-9
    assert run.stopped() == 0


def test_a_curvature_without_bound_over_all_inputs_is_no_reason_to_give_up() -> None:
    system = quadrotor()
    gate = CbfFilter(
        system, joint_limits((-0.5, -0.5), (0.5, 0.5), indices=(6, 7), alpha=2.0), tick_s=0.2
    )
    safe = gate.filter(np.zeros(9), gate.rest, Context(0.0))
    assert safe.certified, safe.reason


def test_rounding_at_the_boundary_is_no_violation() -> None:
    system = double()
    gate = CbfFilter(system, [Barrier(braking, 5.0)], tick_s=0.2)
    safe = gate.filter(np.array([3.0 + 4e-16, -1e-17]), np.array([0.0]), Context(0.0))
    assert safe.certified, safe.reason


def test_a_bound_that_grows_with_what_it_bounds_is_taken_over_the_whole_tick() -> None:
    ahead = Barrier(
        lambda x, p: x[0] - p[0],
        1.0,
        "front",
        parameters=1,
        rate_bound=lambda p: [1.0 + 50.0 * p[0]],
    )
    gate = CbfFilter(single(1, 10.0), [ahead], tick_s=0.02)
    safe = gate.filter(np.zeros(1), np.array([-10.0]), Context(0.0, p=np.zeros(1)))
    worst = (np.exp(50.0 * 0.02) - 1.0) / 50.0  # p' = 1 + 50 p for the whole tick
    assert not safe.certified or safe.u[0] * 0.02 >= worst - 1e-9


def test_a_state_that_is_no_number_has_no_margins() -> None:
    gate = CbfFilter(single(), [Barrier(disc)], tick_s=0.1)
    gate.filter(np.zeros(2), np.zeros(2))
    assert np.all(np.isnan(gate.filter(np.full(2, np.nan), np.zeros(2)).margins))


def test_functions_compiled_with_numba_are_recorded_from_their_source() -> None:
    system = ControlAffine(
        njit(lambda x: np.zeros(2)), njit(lambda x: np.eye(2)), 2, [-1.0, -1.0], [1.0, 1.0]
    )
    compiled = CbfFilter(system, [Barrier(njit(disc), 5.0)], tick_s=0.05)
    plain = CbfFilter(single(), [Barrier(disc, 5.0)], tick_s=0.05)
    x, u = np.array([0.4, 0.1]), np.array([1.0, 0.2])
    np.testing.assert_array_equal(compiled.filter(x, u).u, plain.filter(x, u).u)
