"""Claims about the lidar, against an exact reference that looks at every wall of the map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.lidar import NOTHING, WALL, Lidar


def random_map(rng: np.random.Generator, side: int = 24) -> GridMap:
    free = rng.random((side, side)) > 0.2
    return GridMap(free, resolution_m=0.25, origin_m=(-2.0, 1.5))


def exact_range(grid: GridMap, x: float, y: float, angle: float, max_range: float) -> float:
    """Nearest entry into any blocked square, by slabs; the map's surroundings count as blocked."""
    direction = np.array([np.cos(angle), np.sin(angle)])
    padded = np.pad(~grid.free, 1, constant_values=True)
    iy, ix = np.nonzero(padded)
    low = np.stack([ix - 1, iy - 1], axis=1) * grid.resolution_m + np.asarray(grid.origin_m)
    with np.errstate(divide="ignore", invalid="ignore"):
        t1 = (low - [x, y]) / direction
        t2 = (low + grid.resolution_m - [x, y]) / direction
    enter = np.minimum(t1, t2).max(axis=1)
    leave = np.maximum(t1, t2).min(axis=1)
    hit = (enter < leave) & (enter >= 0.0) & (enter <= max_range)
    return float(enter[hit].min()) if hit.any() else np.inf


@given(seed=st.integers(0, 2**32 - 1))
def test_ranges_equal_the_exact_distance_to_the_nearest_wall(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = random_map(rng)
    iy, ix = rng.choice(np.argwhere(grid.free))
    x, y = np.asarray(grid.centre(int(ix), int(iy))) + rng.uniform(-0.12, 0.12, 2)
    heading = rng.uniform(-np.pi, np.pi)
    lidar = Lidar(rays=40, max_range_m=3.0)
    scan = lidar.cast(grid, (x, y, heading))
    expected = [exact_range(grid, x, y, a, 3.0) for a in lidar.angles(heading)]
    np.testing.assert_allclose(scan.ranges, expected, atol=1e-9)
    assert set(scan.hits[np.isfinite(scan.ranges)]) <= {WALL}
    assert set(scan.hits[np.isinf(scan.ranges)]) <= {NOTHING}


@given(
    bearing=st.floats(-np.pi, np.pi),
    distance=st.floats(0.6, 4.0),
    heading=st.floats(-np.pi, np.pi),
)
@example(bearing=0.0, distance=1.0, heading=-5e-324)
def test_a_disc_is_seen_where_a_circle_would_be(
    bearing: float, distance: float, heading: float
) -> None:
    grid = GridMap(np.ones((100, 100), dtype=bool), resolution_m=0.2)
    centre = np.array([10.0 + distance * np.cos(bearing), 10.0 + distance * np.sin(bearing)])
    lidar = Lidar(rays=90, max_range_m=5.0)
    scan = lidar.cast(grid, (10.0, 10.0, heading), None, centre[None], 0.25)
    expected = np.full(90, np.inf)
    for k, angle in enumerate(lidar.angles(heading)):
        off = angle - bearing
        miss = abs(distance * np.sin(off))
        if miss < 0.25 and np.cos(off) > 0.0:
            expected[k] = distance * np.cos(off) - np.sqrt(0.25**2 - miss**2)
    near_edge = np.abs(np.abs(distance * np.sin(lidar.angles(heading) - bearing)) - 0.25) < 1e-6
    np.testing.assert_allclose(scan.ranges[~near_edge], expected[~near_edge], atol=1e-8)


def test_a_person_behind_a_wall_is_not_seen() -> None:
    free = np.ones((50, 50), dtype=bool)
    free[:, 25] = False
    grid = GridMap(free, resolution_m=0.2)
    scan = Lidar(rays=360).cast(grid, (2.0, 5.0, 0.0), None, np.array([[7.0, 5.0]]), 0.25)
    assert (scan.hits < 0).all()


def test_noise_has_the_stated_deviation_and_rays_are_lost_as_often_as_stated() -> None:
    grid = GridMap(np.ones((60, 60), dtype=bool), resolution_m=0.2)
    lidar = Lidar(rays=720, max_range_m=20.0, noise_m=0.03, dropout=0.02)
    exact = lidar.cast(grid, (6.0, 6.0, 0.3)).ranges
    rng = np.random.default_rng(1)
    noisy = np.array([lidar.cast(grid, (6.0, 6.0, 0.3), rng).ranges for _ in range(100)])
    lost = np.isinf(noisy)
    error = (noisy - exact)[~lost]
    assert abs(lost.mean() - 0.02) < 0.002
    assert abs(error.std() - 0.03) < 0.001
    assert abs(error.mean()) < 0.001


def test_a_start_in_a_wall_returns_zero() -> None:
    free = np.ones((10, 10), dtype=bool)
    free[5, 5] = False
    scan = Lidar(rays=8).cast(GridMap(free, 1.0), (5.5, 5.5, 0.0))
    assert (scan.ranges == 0.0).all()


@pytest.mark.parametrize(
    "wrong", [{"rays": 3}, {"max_range_m": 0.0}, {"dropout": 1.0}, {"noise_m": -0.1}]
)
def test_impossible_lidars_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Lidar(**wrong)  # type: ignore[arg-type]
