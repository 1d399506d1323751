"""The lidar filter keeps every promise its docstring makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety import Context, Status
from hiera.safety.dynamics import DiffDrive
from hiera.safety.dynamics.differential_drive import along_arc, limit_speeds, step_state
from hiera.safety.filters import LidarCbf

ROBOT = DiffDrive()
TICK = 0.1


def box_room(half: float, per_side: int = 200) -> np.ndarray:
    line = np.linspace(-half, half, per_side)
    edge = np.full(per_side, half)
    sides = [np.c_[line, edge], np.c_[line, -edge], np.c_[edge, line], np.c_[-edge, line]]
    return np.concatenate(sides)


def clearance_along(x: np.ndarray, u: np.ndarray, points: np.ndarray) -> float:
    """Smallest clearance during one executed tick, sampled far finer than the filter does."""
    v, w = limit_speeds(x[3], x[4], u[0], u[1], ROBOT.limits(), TICK)
    worst = np.inf
    for t in np.linspace(0.0, TICK, 41):
        px, py, _ = along_arc(x[0], x[1], x[2], v, w, t)
        worst = min(worst, float(np.hypot(points[:, 0] - px, points[:, 1] - py).min()))
    return worst - ROBOT.radius_m


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), alpha=st.sampled_from([1.0, 2.0, 10.0]))
def test_no_adversarial_command_ever_brings_the_robot_into_its_margin(
    seed: int, alpha: float
) -> None:
    rng = np.random.default_rng(seed)
    gate = LidarCbf(ROBOT, alpha=alpha)
    points = np.concatenate((box_room(4.0), rng.uniform(-3.5, 3.5, (12, 2))))
    points = points[np.hypot(points[:, 0], points[:, 1]) > 0.6]
    x = np.array([0.0, 0.0, rng.uniform(-np.pi, np.pi), 0.0, 0.0])
    for k in range(150):
        nearest = points[np.argmin(np.hypot(points[:, 0] - x[0], points[:, 1] - x[1]))]
        towards = np.arctan2(nearest[1] - x[1], nearest[0] - x[0]) - x[2]
        chase = np.array([1.5, 3.0 * np.arctan2(np.sin(towards), np.cos(towards))])
        u = chase if rng.random() < 0.7 else rng.uniform(-2.0, 2.0, 2)
        safe = gate.filter(x, u, Context(time_s=k * TICK, points=points))
        assert safe.status is not Status.STOP
        assert clearance_along(x, safe.u, points) >= 0.08 - 1e-9
        x = step_state(x, safe.u, ROBOT.limits(), TICK)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_robot_stands_before_a_mover_of_bounded_speed_can_touch_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gate = LidarCbf(ROBOT)
    x = np.array([0.0, 0.0, 0.0, 0.0, 0.0])
    angle = rng.uniform(-np.pi, np.pi)
    mover = rng.uniform(1.0, 4.0) * np.array([np.cos(angle), np.sin(angle)])
    for k in range(120):
        context = Context(
            time_s=k * TICK,
            movers=mover[None, :],
            mover_radius=np.array([0.25]),
            mover_speed=np.array([1.2]),
        )
        ahead = np.arctan2(mover[1] - x[1], mover[0] - x[0]) - x[2]
        safe = gate.filter(x, np.array([1.5, 2.0 * np.sin(ahead)]), context)
        x = step_state(x, safe.u, ROBOT.limits(), TICK)
        chase = x[:2] - mover
        distance = float(np.hypot(*chase))
        mover = mover + chase / max(distance, 1e-9) * min(1.2 * TICK, distance)
        touching = np.hypot(*(x[:2] - mover)) < ROBOT.radius_m + 0.25
        assert not (touching and abs(x[3]) > 1e-9)
        if touching:
            return


def test_a_safe_nominal_action_passes_unchanged() -> None:
    gate = LidarCbf(ROBOT)
    u = np.array([0.4, -0.3])
    safe = gate.filter(np.zeros(5), u, Context(time_s=0.0, points=box_room(5.0)))
    assert safe.status is Status.NOMINAL
    assert not safe.intervened
    np.testing.assert_array_equal(safe.u, u)


def test_the_filtered_action_is_nearer_to_the_nominal_one_than_braking() -> None:
    gate = LidarCbf(ROBOT)
    x = np.array([4.2, 0.0, 0.0, 0.8, 0.0])
    gate.filter(x, np.zeros(2), Context(time_s=0.0, points=box_room(5.0)))
    safe = gate.filter(x, np.array([1.5, 0.0]), Context(time_s=0.1, points=box_room(5.0)))
    assert safe.status is Status.FILTERED
    assert safe.intervened
    assert 0.6 < safe.u[0] < 0.9
    assert safe.active == ("lidar",)


@pytest.mark.parametrize(
    ("x", "u", "word"),
    [
        (np.full(5, np.nan), np.zeros(2), "state"),
        (np.zeros(4), np.zeros(2), "state"),
        (np.zeros(5), np.array([np.inf, 0.0]), "action"),
        (np.zeros(5), np.zeros(3), "action"),
    ],
)
def test_bad_numbers_are_refused_by_name_and_stop_the_robot(
    x: np.ndarray, u: np.ndarray, word: str
) -> None:
    safe = LidarCbf(ROBOT).filter(x, u, Context(time_s=0.0))
    assert safe.status is Status.STOP
    assert safe.backup == "stop"
    assert word in safe.reason
    np.testing.assert_array_equal(safe.u, np.zeros(2))


def test_a_frozen_and_a_late_state_are_refused() -> None:
    gate = LidarCbf(ROBOT)
    assert gate.filter(np.zeros(5), np.zeros(2), Context(time_s=1.0)).status is Status.NOMINAL
    frozen = gate.filter(np.zeros(5), np.zeros(2), Context(time_s=1.0))
    assert frozen.status is Status.STOP
    assert "not newer" in frozen.reason
    gate.reset()
    gate.filter(np.zeros(5), np.zeros(2), Context(time_s=1.0))
    late = gate.filter(np.zeros(5), np.zeros(2), Context(time_s=2.0))
    assert late.status is Status.STOP
    assert "no state arrived" in late.reason


def test_an_obstacle_that_appears_too_near_is_met_by_the_certified_brake() -> None:
    gate = LidarCbf(ROBOT)
    x = np.array([0.0, 0.0, 0.0, 1.4, 0.0])
    gate.filter(x, np.array([1.4, 0.0]), Context(time_s=0.0))
    safe = gate.filter(x, np.array([1.4, 0.0]), Context(time_s=0.1, points=np.array([[0.5, 0.0]])))
    assert safe.status is Status.BACKUP
    assert safe.backup == "brake"
    assert safe.reason
    np.testing.assert_array_equal(safe.u, np.zeros(2))


def test_a_gain_beyond_the_sampling_limit_is_refused_at_construction() -> None:
    with pytest.raises(ValueError, match=r"alpha \* tick_s must lie in \(0, 1\]"):
        LidarCbf(ROBOT, alpha=20.0, tick_s=0.1)


def test_hidden_people_slow_the_robot_down_before_a_corner() -> None:
    n = 720
    angles = 2.0 * np.pi * np.arange(n) / n
    # A wall along the right side that ends 1 m ahead: behind its edge anybody may stand.
    scan = np.full(n, 15.0)
    below = (angles > np.pi) & (0.6 / np.maximum(-np.sin(angles), 1e-9) * np.cos(angles) < 1.0)
    scan[below] = np.minimum(0.6 / -np.sin(angles[below]), 15.0)
    seen = scan < 15.0
    points = np.c_[scan * np.cos(angles), scan * np.sin(angles)][seen]
    x = np.array([0.0, 0.0, 0.0, 1.2, 0.0])
    context = Context(time_s=0.0, points=points, scan=scan)
    careless = LidarCbf(ROBOT).filter(x, np.array([1.2, 0.0]), context)
    careful = LidarCbf(ROBOT, hidden_speed=1.2).filter(x, np.array([1.2, 0.0]), context)
    assert careless.status is Status.NOMINAL
    assert careful.u[0] < 1.2
