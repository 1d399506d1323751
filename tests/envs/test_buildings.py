"""Claims about generated buildings: passable everywhere, different, repeatable, described."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from hiera.envs.exploration.buildings import PASSABLE_RADIUS_M, Style, generate_building
from hiera.envs.exploration.clearance import standable

styles = st.sampled_from([str(s) for s in Style])


@settings(max_examples=40)
@given(
    width=st.floats(12.0, 120.0),
    height=st.floats(12.0, 90.0),
    style=styles,
    seed=st.integers(0, 10**6),
    resolution=st.sampled_from([0.1, 0.2, 0.25, 0.4]),
)
def test_a_robot_can_go_near_every_free_cell(
    width: float, height: float, style: str, seed: int, resolution: float
) -> None:
    grid = generate_building((width, height), np.random.default_rng(seed), resolution, style)
    fits = standable(grid.free, resolution, PASSABLE_RADIUS_M)
    labels, _ = ndimage.label(fits)
    assert grid.start_m is not None
    ix, iy = grid.cell(*grid.start_m)
    assert fits[iy, ix]
    reached = labels == labels[iy, ix]
    away = ndimage.distance_transform_edt(~reached) * resolution
    # A grid step of rounding and the 0.2 m granted to corners, taken along the diagonal.
    assert away[grid.free].max() <= (PASSABLE_RADIUS_M + 0.2 + resolution) * np.sqrt(2.0)


@given(style=styles, seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_the_same_stream_draws_the_same_floor(style: str, seed: int) -> None:
    first, second = (
        generate_building((70.0, 45.0), np.random.default_rng(seed), 0.2, style) for _ in range(2)
    )
    np.testing.assert_array_equal(first.free, second.free)
    assert (first.start_m, first.description) == (second.start_m, second.description)


def test_different_seeds_draw_different_floors() -> None:
    floors = [generate_building((70.0, 45.0), np.random.default_rng(s)).free for s in range(6)]
    for index, floor in enumerate(floors):
        for other in floors[:index]:
            assert (floor != other).mean() > 0.05


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("seed", range(4))
def test_both_ends_of_a_floor_are_connected(style: Style, seed: int) -> None:
    grid = generate_building((90.0, 50.0), np.random.default_rng(seed), 0.2, style)
    labels, _ = ndimage.label(standable(grid.free, 0.2, PASSABLE_RADIUS_M))
    sizes = np.bincount(labels.ravel())[1:]
    assert sizes.max() > 0.98 * sizes.sum()
    main = np.flatnonzero((labels == 1 + int(sizes.argmax())).any(axis=0))
    assert main[0] * 0.2 < 4.0
    assert main[-1] * 0.2 > 86.0


@pytest.mark.parametrize("style", list(Style))
def test_a_large_floor_has_outer_walls_plenty_of_space_and_a_description(style: Style) -> None:
    grid = generate_building((200.0, 130.0), np.random.default_rng(0), 0.2, style)
    assert grid.free.shape == (650, 1000)
    assert not grid.free[[0, 1, -1, -2]].any()
    assert not grid.free[:, [0, 1, -1, -2]].any()
    assert 0.6 < grid.free.mean() < 0.95
    assert "200 m × 130 m" in grid.description
    assert str(style) in grid.description


def test_corridors_of_a_large_office_form_loops() -> None:
    free = generate_building((200.0, 130.0), np.random.default_rng(1)).free
    solid, islands = ndimage.label(~free)
    sizes = np.bincount(solid.ravel())[1:] * 0.04
    # Every block of rooms with a corridor all round is an island of wall of more than 20 m^2.
    assert islands > 20
    assert (sizes > 20.0).sum() >= 8


def test_impossible_buildings_are_refused_in_one_sentence() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="choose one of"):
        generate_building((50.0, 50.0), rng, style="castle")
    with pytest.raises(ValueError, match="at least 6 m"):
        generate_building((5.0, 50.0), rng)
    with pytest.raises(ValueError, match="at least 12 m"):
        generate_building((8.0, 50.0), rng, style="mixed")
    with pytest.raises(ValueError, match="resolution_m"):
        generate_building((50.0, 50.0), rng, 0.8)
