"""Lines of sight and the sensor of the hop protocol."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hiera.envs.exploration.sight import line_clear, line_inside, ray_ends, sense_hop

_SIDE = 13
_cells = st.integers(0, _SIDE - 1)


def _line(x0: int, y0: int, x1: int, y1: int) -> list[tuple[int, int]]:
    """The cells of a line, by the definition: the next step goes where the error says."""
    cells = [(x0, y0)]
    a, b = 2 * abs(x1 - x0), 2 * abs(y1 - y0)
    error = (a - b) // 2
    x, y = x0, y0
    while (x, y) != (x1, y1):
        if error > 0:
            x, error = x + int(np.sign(x1 - x0)), error - b
        else:
            y, error = y + (1 if y1 > y0 else -1), error + a
        cells.append((x, y))
    return cells


@given(hnp.arrays(np.uint8, (_SIDE, _SIDE), elements=st.integers(0, 2)), *[_cells] * 4)
def test_line_is_clear_exactly_when_all_its_cells_but_the_last_are_free(belief, x0, y0, x1, y1):
    expected = all(belief[y, x] == 1 for x, y in _line(x0, y0, x1, y1)[:-1])
    assert line_clear(belief, x0, y0, x1, y1) == expected


@given(hnp.arrays(np.bool_, (_SIDE, _SIDE)), *[_cells] * 4)
def test_line_inside_a_mask_is_symmetric_and_contains_both_ends(mask, x0, y0, x1, y1):
    forth = line_inside(mask, x0, y0, x1, y1)
    assert forth == line_inside(mask, x1, y1, x0, y0)
    if forth:
        assert mask[y0, x0]
        assert mask[y1, x1]


def test_rays_of_a_full_turn_end_on_a_circle_without_repetition():
    ends = ray_ends(50.0)
    radius = np.hypot(ends[:, 0], ends[:, 1])
    assert np.all(np.abs(radius - 50.0) <= np.sqrt(0.5) + 1e-9)
    assert len(np.unique(ends, axis=0)) == len(ends)


@given(hnp.arrays(np.bool_, (_SIDE, _SIDE)), _cells, _cells)
def test_sensor_writes_the_truth_and_only_what_a_free_line_leads_to(free, x, y):
    free[y, x] = True
    belief = np.zeros(free.shape, np.uint8)
    ends = ray_ends(6.0, 90)
    new, iy0, iy1, ix0, ix1 = sense_hop(free, belief, x, y, ends)
    expected = np.zeros_like(belief)
    for dx, dy in ends:
        for u, v in _line(x, y, x + int(dx), y + int(dy))[:-1]:
            if not (0 <= u < _SIDE and 0 <= v < _SIDE):
                break
            expected[v, u] = 1 if free[v, u] else 2
            if not free[v, u]:
                break
    assert np.array_equal(belief, expected)
    assert new == np.sum(belief == 1)
    outside = belief.copy()
    outside[iy0:iy1, ix0:ix1] = 0
    assert not outside.any()


def test_sensor_does_not_write_the_cell_at_full_range():
    free = np.ones((31, 31), np.bool_)
    belief = np.zeros((31, 31), np.uint8)
    sense_hop(free, belief, 15, 15, ray_ends(10.0))
    assert belief[15, 24] == 1
    assert belief[15, 25] == 0
