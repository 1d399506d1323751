"""Claims about the continuous world: Gymnasium's contract, contacts, statistics, streams."""

from __future__ import annotations

import warnings
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.envs.exploration import EXPLORATION_ID, make_exploration
from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.contact import sweep_tick, wall_gap
from hiera.envs.exploration.files import MapError
from hiera.envs.exploration.grid import FREE, OCCUPIED, GridMap
from hiera.envs.exploration.lidar import Lidar
from hiera.envs.exploration.world import Detector, ExplorationEnv


def room(width: int = 60, height: int = 40) -> GridMap:
    free = np.zeros((height, width), dtype=bool)
    free[1:-1, 1:-1] = True
    return GridMap(free, 0.2, start_m=(width * 0.1, height * 0.1), name="room")


def gap(env: ExplorationEnv) -> float:
    side = env.grid.resolution_m
    gx = (env.state[0] - env.grid.origin_m[0]) / side
    gy = (env.state[1] - env.grid.origin_m[1]) / side
    return float(wall_gap(env.grid.free, side, gx, gy, env.robot.radius_m, 0.5))


def wander(env: ExplorationEnv, ticks: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    command = np.zeros(2)
    for tick in range(ticks):
        if tick % 15 == 0:
            command = rng.uniform(env.action_space.low, env.action_space.high)  # type: ignore[attr-defined]
        env.step(command)


def test_gymnasium_accepts_the_environment() -> None:
    env = gym.make(EXPLORATION_ID, size_m=(20.0, 14.0), people=3).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(env)


def test_the_same_seed_and_actions_give_the_same_episode() -> None:
    ends = []
    for _ in range(2):
        env = ExplorationEnv(size_m=(30.0, 20.0), people=4)
        env.reset(seed=3)
        wander(env, 150, seed=1)
        ends.append((env.state.copy(), env.belief.view.copy(), env.statistics))
    np.testing.assert_array_equal(ends[0][0], ends[1][0])
    np.testing.assert_array_equal(ends[0][1], ends[1][1])
    assert ends[0][2] == ends[1][2]


def test_streams_do_not_disturb_one_another() -> None:
    plain = ExplorationEnv(size_m=(30.0, 20.0), lidar=Lidar(rays=90))
    other = ExplorationEnv(size_m=(30.0, 20.0), lidar=Lidar(rays=120, dropout=0.0), people=6)
    plain.reset(seed=8)
    other.reset(seed=8)
    np.testing.assert_array_equal(plain.grid.free, other.grid.free)
    np.testing.assert_array_equal(plain.state, other.state)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_reckless_robot_never_ends_inside_a_wall_or_a_person(seed: int) -> None:
    env = ExplorationEnv(size_m=(24.0, 16.0), people=5)
    env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    for tick in range(200):
        if tick % 10 == 0:
            command = np.array([rng.uniform(0.5, 1.5), rng.uniform(-1, 1)])
        env.step(command)
        assert gap(env) >= 0.0
        apart = np.hypot(*(env.people.xy - env.state[:2]).T)
        assert apart.min() >= env.robot.radius_m + env.people.radius_m - 1e-3


def test_a_wall_is_met_once_however_long_the_robot_pushes() -> None:
    env = ExplorationEnv(room())
    env.reset(seed=0)
    env.state[2] = 0.0
    for _ in range(100):
        env.step(np.array([1.5, 0.0]))
    assert env.statistics.collisions == 1
    assert env.state[3] == 0.0
    assert 0.0 <= gap(env) < 1e-3
    for _ in range(20):
        env.step(np.array([-0.2, 0.0]))
    assert gap(env) > 0.2
    for _ in range(20):
        env.step(np.array([1.0, 0.0]))
    assert env.statistics.collisions == 2


def test_who_moves_decides_between_collision_and_bump() -> None:
    env = ExplorationEnv(room(), people=1)
    env.reset(seed=0)
    env.people.xy[:] = env.state[:2] + np.array([1.0, 0.0])
    env.people._target[:] = env.state[:2]
    env.people._wait[:] = 0.0
    for _ in range(15):
        env.step(np.zeros(2))
    assert (env.statistics.collisions, env.statistics.bumps) == (0, 1)
    env.reset(seed=0)
    env.state[2] = 0.0
    env.people.xy[:] = env.state[:2] + np.array([1.5, 0.0])
    env.people._wait[:] = 100.0
    for _ in range(30):
        env.step(np.array([1.0, 0.0]))
    assert (env.statistics.collisions, env.statistics.bumps) == (1, 0)


@given(
    x=st.floats(-1.0, 1.0),
    angle=st.floats(-np.pi, np.pi),
    v=st.floats(0.05, 1.5),
    w=st.floats(-1.5, 1.5),
)
def test_contact_with_a_corner_is_found_where_fine_sampling_finds_it(
    x: float, angle: float, v: float, w: float
) -> None:
    free = np.ones((30, 30), dtype=bool)
    free[15, 15] = False
    geometry = np.array([0.2, -3.0, -3.0])
    start = np.array([x, -0.45, angle, v, w])
    if wall_gap(free, 0.2, (x + 3.0) / 0.2, (-0.45 + 3.0) / 0.2, 0.3, 0.1) < 0.0:
        return
    none = np.zeros((0, 2))
    dt = 1.0
    end, wall = sweep_tick(free, geometry, start, 0.3, none, none, 0.25, dt, np.zeros(0, np.int8))
    times = np.linspace(0.0, dt, 4001)
    turn = np.where(abs(w) < 1e-9, 1e-9, w)
    px = x + v / turn * (np.sin(angle + turn * times) - np.sin(angle))
    py = -0.45 - v / turn * (np.cos(angle + turn * times) - np.cos(angle))
    dx = np.maximum(np.maximum(-px, px - 0.2), 0.0)
    dy = np.maximum(np.maximum(-py, py - 0.2), 0.0)
    depth = np.hypot(dx, dy) - 0.3
    touching = np.flatnonzero(depth < 0.0)
    if depth.min() < -2e-3:
        assert wall
    if not len(touching):
        assert not wall
    if wall:
        assert abs(end - times[touching[0]]) < 0.3 or depth.min() > -2e-3
        assert np.interp(end, times, depth) >= -1e-6


def test_rewards_add_up_to_area_less_distance() -> None:
    env = ExplorationEnv(size_m=(30.0, 20.0), distance_weight=0.5)
    env.reset(seed=1)
    first = env.statistics
    total = 0.0
    for _ in range(120):
        _, reward, *_ = env.step(np.array([0.6, 0.2]))
        total += reward
    last = env.statistics
    gained = last.explored_area_m2 - first.explored_area_m2
    assert total == pytest.approx(gained - 0.5 * last.distance_m)


def test_statistics_agree_with_the_maps() -> None:
    env = ExplorationEnv(size_m=(30.0, 20.0))
    env.reset(seed=2)
    wander(env, 300, seed=0)
    known = (env.belief.view == FREE) & env.reachable
    assert env.statistics.explored_fraction == known.sum() / env.reachable.sum()
    assert env.statistics.explored_area_m2 == pytest.approx(known.sum() * 0.04)
    assert env.statistics.sim_time_s == pytest.approx(30.0)


def test_an_empty_room_is_complete_at_once_and_time_runs_out() -> None:
    env = ExplorationEnv(room(), terminate_at=0.99, max_time_s=0.5)
    env.reset(seed=0)
    flags = [env.step(np.zeros(2))[2:4] for _ in range(5)]
    assert flags[0][0]
    assert [truncated for _, truncated in flags] == [False] * 4 + [True]


def test_walking_people_leave_no_walls_in_the_belief() -> None:
    env = ExplorationEnv(room(), people=8, lidar=Lidar(noise_m=0.03))
    env.reset(seed=0)
    for _ in range(400):
        env.step(np.zeros(2))
    assert not ((env.belief.view == OCCUPIED) & env.grid.free).any()


def test_the_safety_state_covers_walls_and_people_in_view() -> None:
    env = ExplorationEnv(room(), people=3, lidar=Lidar(noise_m=0.0, dropout=0.0))
    env.reset(seed=4)
    env.step(np.array([0.1, 0.0]))
    state = env.safety_state()
    np.testing.assert_array_equal(state.x, env.state)
    assert state.context.time_s == pytest.approx(0.1)
    np.testing.assert_array_equal(state.context.u_previous, [0.1, 0.0])
    away = np.hypot(*(state.context.points - env.state[:2]).T)
    np.testing.assert_allclose(away, env.scan[np.isfinite(env.scan)])
    assert len(state.context.movers) == 3
    error = np.hypot(*(state.context.movers[:, None] - env.people.xy[None]).transpose(2, 0, 1)).min(
        axis=1
    )
    assert (error + env.people.radius_m <= state.context.mover_radius + 0.1).all()
    assert (state.context.mover_speed == env.people.max_speed_m_s).all()


def test_people_beyond_the_detector_are_not_reported() -> None:
    env = ExplorationEnv(room(), people=6, detector=Detector(range_m=0.5))
    env.reset(seed=0)
    assert len(env.safety_state().context.movers) == 0


def test_a_start_too_close_to_a_wall_is_refused() -> None:
    with pytest.raises(MapError, match="does not fit at the start"):
        ExplorationEnv(replace(room(), start_m=(0.3, 2.0)))


def test_a_start_is_drawn_where_the_map_names_none() -> None:
    grid = replace(generate_building((30.0, 20.0), np.random.default_rng(0)), start_m=None)
    env = ExplorationEnv(grid)
    starts = set()
    for seed in range(4):
        env.reset(seed=seed)
        assert gap(env) >= 0.0
        starts.add(tuple(env.state[:2]))
    assert len(starts) == 4


def test_observations_are_safe_to_keep() -> None:
    env = ExplorationEnv(size_m=(30.0, 20.0))
    first, _ = env.reset(seed=0)
    kept = first["belief"].copy()
    wander(env, 60, seed=0)
    np.testing.assert_array_equal(first["belief"], kept)
    assert (env.belief.view != kept).any()


def test_wrong_calls_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="unknown motion"):
        make_exploration(motion="flying")
    with pytest.raises(ValueError, match="terminate_at"):
        ExplorationEnv(terminate_at=0.0)
    env = ExplorationEnv(room())
    env.reset(seed=0)
    with pytest.raises(ValueError, match="two finite numbers"):
        env.step(np.array([np.nan, 0.0]))
