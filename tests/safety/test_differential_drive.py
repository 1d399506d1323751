"""Claims about the robot's step, against fine numerical integration of its equations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiera.safety.dynamics.differential_drive import DiffDrive, along_arc, wrap_angle

ROBOT = DiffDrive()
states = st.tuples(
    st.floats(-50, 50),
    st.floats(-50, 50),
    st.floats(-np.pi, np.pi),
    st.floats(-ROBOT.v_reverse, ROBOT.v_max),
    st.floats(-ROBOT.w_max, ROBOT.w_max),
).map(np.array)
commands = st.tuples(st.floats(-5, 5), st.floats(-5, 5)).map(np.array)


@given(state=states, command=commands)
def test_a_step_agrees_with_fine_integration(state: np.ndarray, command: np.ndarray) -> None:
    following = ROBOT.step(state, command, 0.1)
    x, y, theta = state[:3]
    count = 2000
    for _ in range(count):  # Midpoint rule.
        middle = theta + 0.5 * following[4] * 0.1 / count
        x += following[3] * np.cos(middle) * 0.1 / count
        y += following[3] * np.sin(middle) * 0.1 / count
        theta += following[4] * 0.1 / count
    np.testing.assert_allclose(following[:2], [x, y], atol=1e-8)
    assert abs(wrap_angle(following[2] - theta)) < 1e-9
    assert -np.pi <= following[2] < np.pi


@given(state=states, command=commands)
def test_speeds_and_accelerations_stay_within_their_limits(
    state: np.ndarray, command: np.ndarray
) -> None:
    _, _, _, v, w = ROBOT.step(state, command, 0.1)
    assert -ROBOT.v_reverse - 1e-12 <= v <= ROBOT.v_max + 1e-12
    assert abs(w) <= ROBOT.w_max + 1e-12
    assert -ROBOT.brake * 0.1 - 1e-12 <= v - state[3] <= ROBOT.accelerate * 0.1 + 1e-12
    assert abs(w - state[4]) <= ROBOT.alpha * 0.1 + 1e-12


@given(state=states, command=commands)
def test_a_command_within_reach_is_obeyed_exactly(state: np.ndarray, command: np.ndarray) -> None:
    v = np.clip(command[0], state[3] - 0.2, state[3] + 0.1).clip(-0.2, 1.5)
    w = np.clip(command[1], state[4] - 0.4, state[4] + 0.4).clip(-1.5, 1.5)
    following = ROBOT.step(state, np.array([v, w]), 0.1)
    np.testing.assert_allclose(following[3:], [v, w], atol=1e-12)


@given(
    v=st.floats(-2, 2),
    w=st.one_of(st.floats(-2, 2), st.floats(-1e-3, 1e-3)),
    t=st.floats(0, 1),
    u=st.floats(0, 1),
)
def test_an_arc_driven_in_two_parts_ends_where_the_whole_ends(
    v: float, w: float, t: float, u: float
) -> None:
    whole = along_arc(1.0, 2.0, 0.5, v, w, t + u)
    parts = along_arc(*along_arc(1.0, 2.0, 0.5, v, w, t), v, w, u)
    np.testing.assert_allclose(whole, parts, atol=1e-11)


def test_braking_from_full_speed_takes_the_time_that_the_deceleration_says() -> None:
    state = np.array([0.0, 0.0, 0.0, 1.5, 0.0])
    ticks = 0
    while state[3] > 0.0:
        state = ROBOT.step(state, np.zeros(2), 0.1)
        ticks += 1
    assert ticks == 8  # 1.5 m/s at 2 m/s^2 is 0.75 s.


def test_impossible_robots_are_refused() -> None:
    with pytest.raises(ValueError, match="brake"):
        DiffDrive(brake=0.0)
    with pytest.raises(ValueError, match="v_reverse"):
        DiffDrive(v_reverse=-1.0)
