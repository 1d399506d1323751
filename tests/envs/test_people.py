"""Claims about people: shortest ways, never through walls, never beyond their speed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.people import People, next_steps

OFFSETS = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]


def floor() -> GridMap:
    return generate_building((40.0, 28.0), np.random.default_rng(5))


def gap_to_walls(grid: GridMap, xy: np.ndarray) -> float:
    """Least distance from any of the points to any blocked square, by looking at all of them."""
    iy, ix = np.nonzero(~grid.free)
    low = np.stack([ix, iy], axis=1) * grid.resolution_m + np.asarray(grid.origin_m)
    outside = np.maximum(low - xy[:, None], xy[:, None] - low - grid.resolution_m)
    return float(np.hypot(*np.maximum(outside, 0.0).transpose(2, 0, 1)).min())


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_next_steps_follow_shortest_paths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    walkable = np.zeros((14, 17), dtype=bool)
    walkable[1:-1, 1:-1] = rng.random((12, 15)) > 0.3
    cells = np.flatnonzero(walkable)
    goal = int(rng.choice(cells))
    steps = next_steps(walkable, goal)
    columns = walkable.shape[1]
    rows: list[int] = []
    cols: list[int] = []
    costs: list[int] = []
    for cell in cells:
        iy, ix = divmod(int(cell), columns)
        for dx, dy in OFFSETS:
            if walkable[iy + dy, ix + dx] and walkable[iy, ix + dx] and walkable[iy + dy, ix]:
                rows.append(int(cell))
                cols.append((iy + dy) * columns + ix + dx)
                costs.append(7 if dx and dy else 5)
    size = walkable.size
    graph = sparse.csr_array((costs, (rows, cols)), shape=(size, size))
    expected = dijkstra(graph, indices=goal)
    for cell in cells:
        at, cost = int(cell), 0
        if np.isinf(expected[at]):
            assert steps[at] == 255
            continue
        while at != goal:
            dx, dy = OFFSETS[steps[at]]
            at += dy * columns + dx
            cost += 7 if dx and dy else 5
        assert cost == expected[cell]


def test_nobody_touches_a_wall_or_exceeds_the_speed_limit() -> None:
    grid = floor()
    people = People(grid, 12, np.random.default_rng(0), keep_from=grid.start_m)
    for _ in range(1500):
        before = people.xy.copy()
        people.step(0.1)
        moved = np.hypot(*(people.xy - before).T)
        assert moved.max() <= 1.2 * 0.1 + 1e-9
        middle = 0.5 * (before + people.xy)
        if _ % 10 == 0:
            assert gap_to_walls(grid, np.vstack([middle, people.xy])) >= people.radius_m - 1e-9


def test_people_get_about() -> None:
    grid = floor()
    people = People(grid, 10, np.random.default_rng(1))
    start = people.xy.copy()
    farthest = np.zeros(10)
    for _ in range(1200):
        people.step(0.1)
        farthest = np.maximum(farthest, np.hypot(*(people.xy - start).T))
    assert np.median(farthest) > 8.0


def test_nobody_starts_near_the_robot() -> None:
    grid = floor()
    assert grid.start_m is not None
    people = People(grid, 40, np.random.default_rng(2), keep_from=grid.start_m)
    assert np.hypot(*(people.xy - np.asarray(grid.start_m)).T).min() >= 4.0


def test_who_is_bumped_waits_and_then_turns_elsewhere() -> None:
    grid = floor()
    people = People(grid, 1, np.random.default_rng(3))
    for _ in range(5):
        people.step(0.1)
    at = people.xy.copy()
    people.commit(at.copy(), np.array([True]), 0.1)
    for _ in range(19):
        people.step(0.1)
    np.testing.assert_array_equal(people.xy, at)
    for _ in range(20):
        people.step(0.1)
    assert np.hypot(*(people.xy - at).T)[0] > 0.2


def test_the_same_stream_makes_the_same_walks() -> None:
    grid = floor()
    walks = []
    for _ in range(2):
        people = People(grid, 5, np.random.default_rng(9), keep_from=grid.start_m)
        for _ in range(300):
            people.step(0.1)
        walks.append(people.xy)
    np.testing.assert_array_equal(*walks)


def test_a_floor_without_room_for_people_says_so() -> None:
    free = np.zeros((20, 20), dtype=bool)
    free[10] = True
    with pytest.raises(ValueError, match="no place wide enough"):
        People(GridMap(free, 0.2), 1, np.random.default_rng(0))
