"""Claims about the belief: it becomes the true map, and noise does not spoil it."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.envs.exploration.belief import BeliefMap
from hiera.envs.exploration.grid import FREE, OCCUPIED, UNKNOWN, GridMap
from hiera.envs.exploration.lidar import Lidar


def office_with_posts() -> GridMap:
    rng = np.random.default_rng(3)
    free = np.zeros((80, 120), dtype=bool)
    free[2:-2, 2:-2] = True
    free[40:41, 10:110] = False
    free[40:41, 58:66] = True
    for _ in range(25):
        iy, ix = rng.integers(4, 74), rng.integers(4, 114)
        free[iy : iy + 2, ix : ix + 3] = False
    return GridMap(free, resolution_m=0.2, origin_m=(-4.0, 7.0))


def belief_for(grid: GridMap, lidar: Lidar) -> BeliefMap:
    shape = (grid.free.shape[0], grid.free.shape[1])
    return BeliefMap(
        shape,
        resolution_m=grid.resolution_m,
        origin_m=grid.origin_m,
        max_range_m=lidar.max_range_m,
        noise_m=lidar.noise_m,
    )


def look(
    belief: BeliefMap, grid: GridMap, lidar: Lidar, rng: np.random.Generator, time_s: float
) -> None:
    """One scan from a random free place."""
    iy, ix = rng.choice(np.argwhere(grid.free))
    x, y = np.asarray(grid.centre(int(ix), int(iy))) + rng.uniform(-0.1, 0.1, 2)
    pose = np.array([x, y, rng.uniform(-np.pi, np.pi)])
    scan = lidar.cast(grid, (pose[0], pose[1], pose[2]), rng)
    belief.integrate(pose, scan.ranges, np.zeros(lidar.rays, dtype=bool), time_s)


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.03])
def test_walls_do_not_erode_and_free_cells_do_not_flip_under_noise(noise: float) -> None:
    grid = office_with_posts()
    lidar = Lidar(noise_m=noise, dropout=0.02)
    belief = belief_for(grid, lidar)
    rng = np.random.default_rng(0)
    for tick in range(1500):
        look(belief, grid, lidar, rng, 0.1 * tick)
    wrong_walls = int(((belief.view == FREE) & ~grid.free).sum())
    wrong_free = int(((belief.view == OCCUPIED) & grid.free).sum())
    # Two cells in nine thousand: a corner cell may be clipped too shortly ever to be hit.
    assert wrong_walls <= 2
    assert wrong_free <= 2
    assert int(((belief.view == UNKNOWN) & grid.free).sum()) == 0


def test_lost_rays_open_no_wall() -> None:
    free = np.zeros((60, 60), dtype=bool)
    free[20:40, 20:40] = True
    grid = GridMap(free, resolution_m=0.2)
    lidar = Lidar(noise_m=0.02, dropout=0.02)
    belief = belief_for(grid, lidar)
    rng = np.random.default_rng(5)
    for tick in range(1000):
        look(belief, grid, lidar, rng, 0.1 * tick)
    assert not ((belief.view != UNKNOWN) & ~np.pad(np.ones((22, 22), bool), 19)).any()


def test_open_space_is_cleared_to_full_range() -> None:
    grid = GridMap(np.ones((300, 300), dtype=bool), resolution_m=0.2)
    lidar = Lidar(max_range_m=10.0, dropout=0.0)
    belief = belief_for(grid, lidar)
    pose = np.array([30.0, 30.0, 0.0])
    scan = lidar.cast(grid, (30.0, 30.0, 0.0), np.random.default_rng(0))
    assert np.isinf(scan.ranges).all()
    belief.integrate(pose, scan.ranges, np.zeros(720, dtype=bool), 0.0)
    iy, ix = np.indices(grid.free.shape)
    distance = np.hypot((ix + 0.5) * 0.2 - 30.0, (iy + 0.5) * 0.2 - 30.0)
    assert (belief.view[distance < 9.7] == FREE).all()
    assert (belief.view[distance > 10.3] == UNKNOWN).all()


def test_counts_window_and_times_agree_with_the_view() -> None:
    grid = office_with_posts()
    lidar = Lidar(noise_m=0.03)
    shape = (grid.free.shape[0], grid.free.shape[1])
    reachable = grid.free & (np.indices(shape)[1] < 70)
    belief = BeliefMap(
        shape, resolution_m=0.2, origin_m=grid.origin_m, max_range_m=20.0, noise_m=0.03,
        reachable=reachable,
    )  # fmt: skip
    view = belief.view
    rng = np.random.default_rng(2)
    assert belief.take_changes() is None
    for tick in range(60):
        before, seen_before = view.copy(), belief.first_seen.copy()
        look(belief, grid, lidar, rng, 0.1 * tick)
        assert belief.view is view
        assert belief.known_free == int(((view == FREE) & reachable).sum())
        assert belief.known == int((view != UNKNOWN).sum())
        changed = np.argwhere(view != before)
        window = belief.take_changes()
        if len(changed):
            iy0, iy1, ix0, ix1 = window or (0, 0, 0, 0)
            assert (changed.min(axis=0) >= [iy0, ix0]).all()
            assert (changed.max(axis=0) < [iy1, ix1]).all()
        new = (before == UNKNOWN) & (view != UNKNOWN)
        np.testing.assert_allclose(belief.first_seen[new], 0.1 * tick, rtol=1e-6)
        old = before != UNKNOWN
        np.testing.assert_array_equal(belief.first_seen[old], seen_before[old])
        assert np.isinf(belief.first_seen[view == UNKNOWN]).all()


def test_rays_on_people_clear_the_way_and_mark_nothing() -> None:
    grid = GridMap(np.ones((100, 100), dtype=bool), resolution_m=0.2)
    lidar = Lidar(max_range_m=6.0, noise_m=0.0, dropout=0.0)
    belief = belief_for(grid, lidar)
    scan = lidar.cast(grid, (10.0, 10.0, 0.0), None, np.array([[13.0, 10.0]]), 0.25)
    belief.integrate(np.array([10.0, 10.0, 0.0]), scan.ranges, scan.hits >= 0, 0.0)
    assert not (belief.view == OCCUPIED).any()
    assert belief.view[50, 60] == FREE
    assert belief.view[50, 66] == UNKNOWN
