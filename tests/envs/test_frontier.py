"""Frontier masks and their thinning."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from hiera.envs.exploration.frontier import refresh_frontier, thin, voxel_axis

_beliefs = hnp.arrays(np.uint8, (12, 17), elements=st.integers(0, 2))


def _by_convolution(belief):
    unknown = ndimage.convolve((belief == 0).astype(int), np.ones((3, 3), int), mode="constant")
    return (belief == 1) & (unknown >= 2) & (unknown <= 7)


@given(_beliefs, _beliefs, st.integers(0, 11), st.integers(0, 16), st.integers(1, 12))
def test_frontier_kept_current_in_a_window_equals_frontier_from_scratch(old, new, y, x, size):
    mask = _by_convolution(old)
    belief = old.copy()
    belief[y : y + size, x : x + size] = new[y : y + size, x : x + size]
    refresh_frontier(belief, mask, y, min(y + size, 12), x, min(x + size, 17))
    assert np.array_equal(mask, _by_convolution(belief))


@given(hnp.arrays(np.bool_, (15, 18)), st.integers(0, 17), st.integers(0, 14), st.randoms())
def test_thinning_keeps_one_cell_per_voxel_whatever_the_order(frontier, zero_x, zero_y, random):
    across, along = voxel_axis(18, zero_x, 0.4, 1.6), voxel_axis(15, zero_y, 0.4, 1.6)
    cells = [(int(x), int(y)) for y, x in np.argwhere(frontier)]
    answers = []
    for _ in range(2):
        best = np.full((32, 32), -1, np.int32)
        chosen = np.zeros((32 * 32, 2), np.int32)
        count = 0
        for x, y in cells:
            count = thin(x, y, across, along, best, chosen, count)
        answers.append({(int(x), int(y)) for x, y in chosen[:count]})
        random.shuffle(cells)
    assert answers[0] == answers[1]
    voxels = {(across.voxel[x], along.voxel[y]) for x, y in cells}
    assert voxels == {(across.voxel[x], along.voxel[y]) for x, y in answers[0]}
    assert len(voxels) == len(answers[0])


def test_voxels_that_touch_the_axis_are_twice_as_wide():
    axis = voxel_axis(41, 20, 0.4, 1.6)
    widths = np.bincount(axis.voxel)
    assert widths[axis.voxel[20]] == 7
    assert widths[axis.voxel[20] + 1] in (4, 5)
