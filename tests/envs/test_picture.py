"""The belief as a small picture."""

from __future__ import annotations

import numpy as np

from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.hop import HopEnv
from hiera.envs.exploration.picture import CHANNELS, SIDE, picture_of


def test_shares_of_a_pixel():
    belief = np.zeros((300, 300), np.uint8)
    frontier = np.zeros((300, 300), bool)
    belief[150:152, 150:154] = 1
    belief[152, 150:154] = 2
    frontier[150, 150] = True
    picture = picture_of(belief, frontier, 150, 150, 4)
    assert picture.shape == (CHANNELS, SIDE, SIDE)
    assert picture[:, SIDE // 2, SIDE // 2].tolist() == [128, 64, 16]
    picture[:, SIDE // 2, SIDE // 2] = 0
    assert not picture[[0, 2]].any()


def test_outside_of_the_array_is_occupied():
    picture = picture_of(np.zeros((20, 20), np.uint8), np.zeros((20, 20), bool), 0, 0, 4)
    half = SIDE // 2
    assert (picture[1, :half] == 255).all()
    assert (picture[1, half : half + 5, half : half + 5] == 0).all()
    assert (picture[1, half + 5 :] == 255).all()


def test_pictures_move_with_the_robot():
    rng = np.random.default_rng(0)
    belief = rng.integers(0, 3, (400, 400)).astype(np.uint8)
    frontier = belief == 1
    here, there = (picture_of(belief, frontier, x, 200, 4) for x in (200, 208))
    assert np.array_equal(here[:, :, 2:], there[:, :, :-2])


def test_the_graph_carries_one_if_asked():
    place = generate_building((40, 40), np.random.default_rng(1), 0.4, "warehouse")
    env = HopEnv([place], outlook_m=100.0, picture=True)
    env.reset(seed=0)
    outlook = env.roadmap().outlook
    assert outlook is not None
    assert outlook.picture is not None
    assert outlook.pixel_m == 1.6
    assert np.array_equal(outlook.xy[outlook.robot], [0.0, 0.0])
    known = outlook.picture[0].sum() / 255.0 * outlook.pixel_m**2
    free = float((env.belief == 1).sum()) * place.resolution_m**2
    assert abs(known - free) < 0.02 * free
