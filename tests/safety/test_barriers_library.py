"""Every barrier of the library, on the systems it is for, against an adversary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety import Barrier, CbfFilter, ControlAffine, Status
from hiera.safety.barriers import (
    SdfGrid,
    all_of,
    any_of,
    axis_speed_limits,
    braking_joint_limits,
    braking_keep_out,
    braking_limit,
    half_space,
    inter_agent,
    joint_limits,
    keep_in_ball,
    keep_in_box,
    keep_out_ball,
    keep_out_box,
    keep_out_capsule,
    keep_out_ellipsoid,
    keep_out_movers,
    lidar_points,
    lower_limit,
    lyapunov,
    speed_limit,
    stopping_keep_out,
    stopping_lidar_points,
    upper_limit,
)
from hiera.safety.dynamics import (
    DhLink,
    bicycle,
    double_integrator,
    forward_kinematics,
    n_joint_arm,
    planar_quadrotor,
    quadrotor,
    single_integrator,
    unicycle,
    unicycle_accelerated,
)
from tests.safety.adversary import attack

TICKS = (0.01, 0.05, 0.1, 0.2)
TURN = np.array([[0.8, -0.6], [0.6, 0.8]])
POINTS = np.array([[0.9, 0.1], [0.7, 0.9], [-0.8, 0.4], [-0.3, -1.1], [0.4, -0.9], [-1.2, -0.5]])
ARM = [DhLink(a=0.5), DhLink(a=0.5)]
ARM3 = [DhLink(d=0.3, alpha=0.5 * np.pi), DhLink(a=0.4), DhLink(a=0.3)]

Case = tuple[ControlAffine, list[Barrier], Any, dict[str, Any]]


def fast(tick_s: float) -> float:
    """As fast as a tick allows: alpha dt = 1."""
    return min(5.0, 1.0 / tick_s)


def calm(tick_s: float) -> float:
    return min(2.0, 0.4 / tick_s)


def rooms() -> np.ndarray:
    cells = np.zeros((80, 80), bool)
    cells[[0, -1]] = cells[:, [0, -1]] = True
    cells[30:45, 50:60] = cells[10:20, 10:40] = True
    return cells


MAP = SdfGrid(rooms(), 0.05, (-2.0, -2.0), stride=4)


def discs(t: float) -> Case:
    a = fast(t)
    balls = [keep_out_ball((0.0, 0.0), 0.5, alpha=a), keep_out_ball((1.0, 1.0), 0.4, alpha=a)]
    return single_integrator(), [*balls, *keep_in_box((-2, -2), (2, 2), alpha=a)], (1.5, -1), {}


def shapes(t: float) -> Case:
    a = fast(t)
    barriers = [
        keep_out_ellipsoid((0.0, 0.0), (0.5, 0.3), rotation=TURN, alpha=a),
        keep_out_capsule((1.0, 1.0), (1.5, 0.2), 0.3, alpha=a),
        keep_out_box((-1.0, 0.0), (0.2, 0.4), 0.25, rotation=TURN, alpha=a),
        *keep_in_box((-2, -2), (2, 2), alpha=a),
    ]
    return single_integrator(), barriers, (0.0, -1.5), {}


def in_space(t: float) -> Case:
    a, at = fast(t), (0, 1, 2)
    barriers = [
        keep_out_ball((0.0, 0.0, 0.0), 0.5, at=at, alpha=a),
        keep_out_capsule((1.0, 0.0, 0.0), (1.0, 1.0, 0.5), 0.2, at=at, alpha=a),
        keep_in_ball((0.0, 0.0, 0.0), 2.0, at=at, alpha=a),
    ]
    return single_integrator(3), barriers, (0.0, 1.0, 1.0), {}


def disturbed(t: float) -> Case:
    a = fast(t)
    barriers = [keep_in_ball((0, 0), 2.0, alpha=a), keep_out_ball((0, 0), 0.5, alpha=a)]
    return single_integrator(disturbance=(0.1, 0.1)), barriers, (1.5, -1.0), {}


def uncertain(t: float) -> Case:
    system, barriers, x, _ = disturbed(t)
    return system, barriers, x, {"uncertainty": (0.02, 0.02)}


def driving(t: float) -> Case:
    a = fast(t)
    barriers = [
        keep_out_ball((0.0, 0.0), 0.5, alpha=a),
        keep_out_capsule((1.0, 1.0), (1.5, 0.2), 0.3, alpha=a),
        *keep_in_box((-2, -2), (2, 2), alpha=a),
    ]
    return unicycle(), barriers, (0.0, -1.5, 0.3), {}


def scanning(t: float) -> Case:
    return single_integrator(), [lidar_points(0.3, alpha=fast(t))], (0, 0), {"points": POINTS}


def chased(t: float) -> Case:
    barriers = [keep_out_movers(0.2, alpha=calm(t))]
    moving = {"movers": [(1.5, 0.0), (0.0, 2.0)], "mover_speed": 0.3, "mover_radius": 0.3}
    return single_integrator(), barriers, (0.0, 0.0), moving


def arm_tip(t: float) -> Case:
    def tip(x: Any) -> Any:
        return forward_kinematics(ARM, x)[-1, :2, 3]

    ball = keep_out_ball((0.6, 0.6), 0.2, at=tip, alpha=calm(t))
    return n_joint_arm(2), [ball, *joint_limits((-2, -2), (2, 2), alpha=calm(t))], (0.0, 0.3), {}


def arm_over_table(t: float) -> Case:
    def tip(x: Any) -> Any:
        return forward_kinematics(ARM3, x)[-1, :3, 3]

    table = half_space((0.0, 0.0, -1.0), -0.1, at=tip, alpha=calm(t))
    return n_joint_arm(3), [table], (0.0, 0.3, 0.2), {}


def braking_axes(t: float) -> Case:
    room = braking_joint_limits((-1, -1), (1, 1), 0.8, alpha=calm(t))
    return double_integrator(), room, np.zeros(4), {}


def braking_axes_disturbed(t: float) -> Case:
    system = double_integrator(disturbance=(0, 0, 0.1, 0.1))
    return system, braking_joint_limits((-1, -1), (1, 1), 0.7, alpha=calm(t)), np.zeros(4), {}


def braking_arm(t: float) -> Case:
    limits = braking_joint_limits([-1] * 3, [1] * 3, 0.8, alpha=calm(t))
    return n_joint_arm(3, control="acceleration"), limits, np.zeros(6), {}


def braking_disc(t: float) -> Case:
    disc = braking_keep_out((0.0, 0.0), 0.5, 0.8, alpha=calm(t))
    return double_integrator(), [disc, speed_limit(1.0, alpha=calm(t))], (1.5, 0.2, 0, 0), {}


def stopping_drive(t: float) -> Case:
    a = calm(t)
    disc = stopping_keep_out((0.0, 0.0), 0.5, 0.8, alpha=a)
    speeds = axis_speed_limits((1.0, 1.5), velocity=(3, 4), alpha=a)
    return unicycle_accelerated(), [disc, *speeds], (1.5, 0.2, 0, 0, 0), {}


def stopping_scan(t: float) -> Case:
    a = calm(t)
    speeds = axis_speed_limits((1.0, 1.5), velocity=(3, 4), alpha=a)
    barriers = [stopping_lidar_points(0.3, 0.8, alpha=a), *speeds]
    return unicycle_accelerated(), barriers, np.zeros(5), {"points": POINTS}


def stopping_car(t: float) -> Case:
    a = calm(t)
    disc = stopping_keep_out((0.0, 0.0), 0.5, 0.8, alpha=a)
    steer = [upper_limit(4, 0.6, alpha=a), lower_limit(4, -0.6, alpha=a)]
    speed = axis_speed_limits(1.0, velocity=(3,), alpha=a)
    return bicycle(), [disc, *steer, *speed], (1.5, 0.2, 0, 0, 0), {}


def tilt(t: float) -> Case:
    limits = [braking_limit(2, 5, 3.2, **{s: v}, alpha=calm(t)) for s, v in
              (("upper", 0.6), ("lower", -0.6))]  # fmt: skip
    return planar_quadrotor(inertia=0.5), limits, np.zeros(6), {}


def attitude(t: float) -> Case:
    limits = joint_limits((-0.5, -0.5), (0.5, 0.5), indices=(6, 7), alpha=calm(t))
    return quadrotor(rates=(1.0, 1.0, 0.5)), limits, np.zeros(9), {}


def agents(t: float) -> Case:
    start = (0.0, 0.0, 1.0, 1.0, 0.0, 1.0)
    return single_integrator(6), inter_agent(3, 0.5, alpha=fast(t)), start, {}


def braking_agents(t: float) -> Case:
    a = calm(t)
    speeds = axis_speed_limits(0.5, velocity=range(4, 8), alpha=a)
    pair = inter_agent(2, 0.5, deceleration=0.8, alpha=a)
    return double_integrator(4), [*pair, *speeds], (0, 0, 1, 1, 0, 0, 0, 0), {}


def mapped(t: float) -> Case:
    barrier = MAP.barrier(0.1, speed=1.0, tick_s=t, alpha=fast(t))
    return single_integrator(speed=0.7), [barrier], (0.0, 0.0), {}


def mapped_disturbed(t: float) -> Case:
    system = single_integrator(speed=0.5, disturbance=(0.05, 0.05))
    barrier = MAP.barrier(0.1, speed=0.71, disturbance=0.08, tick_s=t, alpha=calm(t))
    return system, [barrier], (0.0, 0.0), {}


def mapped_drive(t: float) -> Case:
    barrier = MAP.barrier(0.1, speed=1.0, acceleration=1.5, tick_s=t, alpha=fast(t))
    return unicycle(), [barrier], (0.0, 0.0, 0.0), {}


def left_or_right(t: float) -> Case:
    sides = [half_space((1, 0), -0.5), half_space((-1, 0), -0.5), half_space((0, 1), -0.5)]
    barriers = [any_of(sides, alpha=calm(t)), keep_in_ball((0, 0), 2.0, alpha=calm(t))]
    return single_integrator(), barriers, (1.0, 0.0), {}


def boxed(t: float) -> Case:
    return single_integrator(), [all_of(keep_in_box((-1, -1), (1, 1)), alpha=calm(t))], (0, 0), {}


CASES: list[Callable[[float], Case]] = [
    discs, shapes, in_space, disturbed, uncertain, driving, scanning, chased, arm_tip,
    arm_over_table, braking_axes, braking_axes_disturbed, braking_arm, braking_disc,
    stopping_drive, stopping_scan, stopping_car, tilt, attitude, agents, braking_agents, mapped,
    mapped_disturbed, mapped_drive, left_or_right, boxed,
]  # fmt: skip


@pytest.mark.parametrize("tick_s", TICKS)
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_no_input_leads_out_of_the_safe_set_and_none_has_to_stop(
    case: Callable[[float], Case], tick_s: float
) -> None:
    system, barriers, x, more = case(tick_s)
    for seed in (0, 1):
        outcome = attack(system, barriers, x, tick_s=tick_s, ticks=120, seed=seed, **more)
        assert outcome.worst >= -1e-12
        assert Status.STOP not in outcome.statuses
        assert Status.FILTERED in outcome.statuses


def test_without_the_braking_distance_the_same_wall_is_run_through() -> None:
    """The classical high-order barrier, both gains at 5/s; the fault that `braking_limit` cures."""
    system = double_integrator(1, acceleration=2.0)
    wall, x0 = 3.0, np.zeros(2)
    depth = {}
    naive = Barrier(lambda x: wall - x[0], alpha=(5.0, 5.0))
    braked = braking_limit(0, 1, 1.9, upper=wall, alpha=5.0)
    for name, barrier in (("naive", naive), ("braked", braked)):
        gate, x = CbfFilter(system, [barrier], tick_s=0.05, unproven=True), x0
        worst = wall
        for _ in range(200):
            x = system.step(x, gate.filter(x, np.array([2.0])).u, 0.05)
            worst = min(worst, wall - x[0])
        depth[name] = worst
    assert depth["naive"] < -0.5
    assert depth["braked"] >= 0.0


def test_a_lyapunov_row_leads_to_the_goal_and_gives_way_to_the_obstacle() -> None:
    goal = np.array([1.5, 0.0])

    def error(x: Any) -> Any:
        return (x - goal) @ (x - goal)

    barriers = [keep_out_ball((0.0, 0.1), 0.5, alpha=2.0), lyapunov(error, 1.0)]
    system, x = single_integrator(), np.array([-1.5, 0.0])
    gate = CbfFilter(system, barriers, tick_s=0.05)
    statuses = set()
    for _ in range(200):
        before = error(x)
        action = gate.filter(x, np.zeros(2))
        statuses.add(action.status)
        x = system.step(x, action.u, 0.05)
        assert float(barriers[0].h(x)) >= 0.0
        assert error(x) <= before + 1e-12
    assert error(x) < 0.01
    assert Status.STOP not in statuses


near = st.floats(-3.0, 3.0)


@given(x=near, y=near)
def test_the_boundary_of_each_shape_is_where_geometry_puts_it(x: float, y: float) -> None:
    p = np.array([x, y])
    a, b = np.array([1.0, 1.0]), np.array([1.5, 0.2])
    along = np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0.0, 1.0)
    to_segment = np.linalg.norm(p - a - along * (b - a))
    local = TURN.T @ (p - (-1.0, 0.0))
    to_box = np.linalg.norm(np.maximum(np.abs(local) - (0.2, 0.4), 0.0))
    local = TURN.T @ p
    inside = 0.15 * ((local[0] / 0.5) ** 2 + (local[1] / 0.3) ** 2 - 1.0)
    for barrier, clearance in (
        (keep_out_ball((0.0, 0.0), 0.5), np.hypot(x, y) - 0.5),
        (keep_out_capsule(a, b, 0.3), to_segment - 0.3),
        (keep_out_box((-1.0, 0.0), (0.2, 0.4), 0.25, rotation=TURN), to_box - 0.25),
        (keep_out_ellipsoid((0.0, 0.0), (0.5, 0.3), rotation=TURN), inside),
        (keep_in_ball((0.0, 0.0), 2.0), 2.0 - np.hypot(x, y)),
    ):
        h = float(barrier.h(p))
        assert h == pytest.approx(clearance, abs=0.02) or abs(clearance) > 0.05
        assert np.sign(h) == np.sign(clearance) or abs(clearance) < 1e-9


values = st.lists(st.floats(-1e8, 1e8), min_size=1, max_size=7)


@given(values=values, smoothing=st.sampled_from([1e-3, 0.05, 1.0]))
def test_compositions_never_promise_more_than_their_parts(
    values: list[float], smoothing: float
) -> None:
    parts = [Barrier(lambda x, v=v: v + 0.0 * x[0]) for v in values]
    x, n = np.zeros(1), len(values)
    loss = 0.5 * smoothing * int(np.ceil(np.log2(n))) if n > 1 else 0.0
    slack = 1e-7 * (1.0 + max(abs(v) for v in values))
    every = float(all_of(parts, smoothing=smoothing).h(x))
    some = float(any_of(parts, smoothing=smoothing).h(x))
    assert min(values) - loss - slack <= every <= min(values) + slack
    assert max(values) - loss - slack <= some <= max(values) + slack


def test_what_cannot_be_composed_is_refused() -> None:
    with pytest.raises(ValueError, match="all_of needs at least one barrier"):
        all_of([])
    with pytest.raises(ValueError, match="barrier mover has parameters"):
        any_of([keep_out_movers(0.3)])


def exact_distance(cells: np.ndarray, size: float, origin: np.ndarray, p: np.ndarray) -> float:
    """Distance to the nearest occupied square, 0 in one."""
    rows, columns = np.nonzero(cells)
    low = origin + size * np.column_stack((columns, rows))
    gap = np.maximum(np.maximum(low - p, p - low - size), 0.0)
    return float(np.min(np.linalg.norm(gap, axis=1)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), stride=st.sampled_from([1, 2, 4]))
def test_the_distance_field_is_never_too_far_and_never_far_too_near(seed: int, stride: int) -> None:
    rng = np.random.default_rng(seed)
    cells, size, origin = rng.random((24, 31)) < 0.02, 0.1, np.array([-1.0, 0.5])
    cells[[0, -1]] = cells[:, [0, -1]] = True
    field = SdfGrid(cells, size, origin, stride=stride)
    for p in origin + rng.random((60, 2)) * (3.1, 2.4):
        true, found = exact_distance(cells, size, origin, p), field.distance(p)
        assert found <= true + 1e-12
        if true > 0.0:
            assert found >= true - 2.0 * field.set_aside - 1.01 * size


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), stride=st.sampled_from([1, 3]))
def test_the_field_has_the_slope_and_the_bend_that_are_claimed(seed: int, stride: int) -> None:
    rng = np.random.default_rng(seed)
    field = SdfGrid(rng.random((20, 20)) < 0.1, 0.1, stride=stride)
    concave, norm, slope = field.bends(-np.inf, np.inf)
    for p in rng.uniform(-0.1, 2.1, (30, 2)):
        d = rng.normal(size=2)
        d, step = d / np.linalg.norm(d), 1e-6
        gradient = field.gradient(p)
        rise = (field.distance(p + step * d) - field.distance(p - step * d)) / (2.0 * step)
        assert float(gradient @ d) == pytest.approx(rise, abs=1e-4)
        assert np.linalg.norm(gradient) <= slope + 1e-9
        reach = 0.03
        bend = (field.gradient(p + reach * d) - gradient) / reach
        assert -concave - 1e-9 <= float(bend @ d)
        assert np.linalg.norm(bend) <= norm + 1e-9


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: keep_out_ball((0, 0, 0), 1.0), "center must be 2 finite numbers"),
        (lambda: keep_out_ball((0, 0), -1.0), "radius must be positive, not -1.0"),
        (lambda: keep_out_ellipsoid((0, 0), (1, 0)), "axes must be positive"),
        (lambda: keep_out_capsule((0, 0), (0, 0), 1.0), "must differ"),
        (lambda: keep_out_box((0, 0), (1, 1), 0.3, rotation=np.ones((2, 2))), "orthogonal"),
        (lambda: keep_out_movers(-1.0), "radius must not be negative, not -1.0"),
        (lambda: half_space((0, 0), 1.0), "normal must not vanish"),
        (lambda: keep_in_box((0, 1), (1, 0)), "low must lie below high"),
        (lambda: joint_limits((0, 1), (1, 0)), "low must lie below high"),
        (lambda: speed_limit(0.0), "speed must be positive, not 0.0"),
        (lambda: braking_limit(0, 1, 1.0), "give one of upper and lower"),
        (lambda: braking_limit(0, 1, -1.0, upper=1.0), "deceleration must be positive"),
        (lambda: inter_agent(1, 0.5), "agents must be at least 2, not 1"),
        (lambda: lyapunov(lambda x: x @ x, 1.0, priority=0), "priority 0 is below 1"),
        (lambda: SdfGrid(np.zeros(3), 0.1), "two dimensions"),
        (lambda: SdfGrid(np.zeros((3, 3)), 0.0), "resolution must be positive, not 0.0"),
    ],
)
def test_a_wrong_number_is_quoted(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


def test_infinite_sides_and_limits_need_no_row() -> None:
    assert len(keep_in_box((-np.inf, 0.0), (1.0, np.inf))) == 2
    assert [b.name for b in joint_limits((-np.inf, -1.0), (1.0, np.inf))] == [
        "joint[0] max",
        "joint[1] min",
    ]
