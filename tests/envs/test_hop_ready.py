"""Any map can be hopped on: nothing opens that was closed, and every start is free."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiera.envs.exploration.files import MapError
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.envs.exploration.hop_ready import CELL_M, coarser, hop_ready, reachable


@given(
    seed=st.integers(0, 1000),
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
    old=st.sampled_from([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.7, 1.0]),
)
def test_a_new_cell_is_free_exactly_if_all_it_covers_was(
    seed: int, rows: int, columns: int, old: float
) -> None:
    free = np.random.default_rng(seed).random((rows, columns)) < 0.9
    new = coarser(free, old, 0.4)
    for y, x in np.ndindex(*new.shape):
        covered = [
            (v, u)
            for v in range(int(y * 0.4 / old) - 1, int((y + 1) * 0.4 / old) + 2)
            for u in range(int(x * 0.4 / old) - 1, int((x + 1) * 0.4 / old) + 2)
            if min((v + 1) * old, (y + 1) * 0.4) - max(v * old, y * 0.4) > 1e-5
            and min((u + 1) * old, (x + 1) * 0.4) - max(u * old, x * 0.4) > 1e-5
        ]
        inside = all(0 <= v < rows and 0 <= u < columns for v, u in covered)
        assert new[y, x] == (inside and all(free[v, u] for v, u in covered))


def test_a_map_of_the_right_cells_stays_as_it_is() -> None:
    place = GridMap(np.pad(np.ones((20, 30), np.bool_), 1), CELL_M, (-1.0, 2.0), (1.0, 4.0))
    ready = hop_ready(place)
    assert np.array_equal(ready.free, place.free)
    assert ready.origin_m == place.origin_m
    assert ready.cell(*(ready.start_m or (0, 0))) == place.cell(1.0, 4.0)


def test_a_map_that_is_open_at_its_edge_gets_a_wall_and_keeps_its_places() -> None:
    place = GridMap(np.ones((20, 30), np.bool_), CELL_M, (-1.0, 2.0), (-0.9, 2.1))
    ready = hop_ready(place)
    assert ready.free.shape == (22, 32)
    assert ready.free.sum() == 600
    assert ready.start_m == pytest.approx(place.centre(0, 0))
    env = HopEnv([ready])
    env.reset(seed=0)
    assert env.explored > 0.5


def test_without_a_start_the_middle_of_the_largest_part_is_taken() -> None:
    free = np.zeros((40, 40), np.bool_)
    free[2:7, 2:7] = free[20:31, 20:31] = True
    place = hop_ready(GridMap(free, CELL_M))
    assert place.start_m is not None
    assert place.cell(*place.start_m) == (25, 25)
    assert hop_ready(GridMap(free, CELL_M)).start_m == place.start_m
    assert reachable(place).sum() == 121


def test_a_start_in_a_cell_that_closed_moves_to_the_nearest_free_one() -> None:
    free = np.ones((80, 80), np.bool_)
    free[:, 41] = False
    place = hop_ready(GridMap(free, 0.1, start_m=(4.05, 4.05)))
    assert place.start_m is not None
    x, y = place.cell(*place.start_m)
    assert place.free[y, x]
    assert abs(place.centre(x, y)[0] - 4.2) == pytest.approx(CELL_M)


@pytest.mark.parametrize("free", [np.zeros((9, 9), np.bool_), np.eye(9, dtype=np.bool_)])
def test_nothing_free_is_one_sentence(free: np.ndarray) -> None:
    with pytest.raises(MapError, match=r"no cell of 0\.4 m is free"):
        hop_ready(GridMap(free, 0.1, name="dark"))


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (200, 20), (3, 3)])
def test_odd_shapes_can_be_hopped_on(shape: tuple[int, int]) -> None:
    env = HopEnv([hop_ready(GridMap(np.ones(shape, np.bool_), CELL_M))])
    env.reset(seed=0)
    assert env.status in (HopStatus.COMPLETE, HopStatus.RUNNING)


def test_a_single_free_cell_is_complete_at_once() -> None:
    free = np.zeros((30, 30), np.bool_)
    free[4, 7] = True
    env = HopEnv([hop_ready(GridMap(free, CELL_M))])
    env.reset(seed=0)
    assert env.status is HopStatus.COMPLETE
    assert env.explored == 1.0


def test_more_lattice_points_than_sixteen_bits_can_count() -> None:
    env = HopEnv([hop_ready(GridMap(np.ones((1900, 1900), np.bool_), CELL_M))], cap=3)
    observation, _ = env.reset(seed=0)
    assert observation["neighbours"].max() > 0
    assert env.observation_space["neighbours"].high.max() > 2**15
