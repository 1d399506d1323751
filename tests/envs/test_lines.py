"""What is unknown between lattice points is the same whether it is remembered or counted anew."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.envs.exploration.lines import Lines, share_of, unknown_share

_SIDE, _ROWS, _COLUMNS = 5, 8, 10


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), phase=st.integers(-_SIDE, _SIDE - 1))
def test_what_is_remembered_is_what_is_there(seed: int, phase: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = _SIDE * (_ROWS + 1), _SIDE * (_COLUMNS + 1)
    belief = rng.choice(np.array([0, 1, 2], np.uint8), (height, width), p=[0.4, 0.58, 0.02])
    first = np.array([phase, phase], np.int32)
    lines = Lines((_ROWS, _COLUMNS), first, _SIDE)
    corner = np.stack(np.meshgrid(np.arange(_COLUMNS), np.arange(_ROWS)), axis=2) * _SIDE + phase
    cell = np.clip(corner + rng.integers(0, _SIDE, corner.shape), 0, [width - 1, height - 1])
    for _ in range(4):
        for j, i, slot in np.ndindex(_ROWS, _COLUMNS, 12):
            v, u = j + (slot + 13) // 5 - 2, i + (slot + 13) % 5 - 2
            if not (v < _ROWS and 0 <= u < _COLUMNS) or (cell[j, i] == cell[v, u]).all():
                continue
            ends = (*(int(c) for c in cell[j, i]), *(int(c) for c in cell[v, u]))
            told = share_of(belief, lines.known, i, j, slot, *ends)
            assert told == unknown_share(belief, *ends)
        # Part of the belief changes, and some nodes move within their blocks.
        low, left = int(rng.integers(0, height - 6)), int(rng.integers(0, width - 6))
        belief[low : low + 6, left : left + 6] = rng.integers(0, 3, (6, 6))
        lines.forget((low, low + 6, left, left + 6))
        for j, i in rng.integers(0, [_ROWS, _COLUMNS], (3, 2)):
            moved = corner[j, i] + rng.integers(0, _SIDE, 2)
            cell[j, i] = np.clip(moved, 0, [width - 1, height - 1])


def test_a_line_says_how_much_of_it_is_unknown_and_ends_at_a_wall() -> None:
    belief = np.ones((3, 11), np.uint8)
    belief[1, 5:] = 0
    assert unknown_share(belief, 0, 1, 4, 1) == 0.0
    assert 0.5 < unknown_share(belief, 0, 1, 10, 1) < 0.6
    belief[1, 8] = 2
    assert unknown_share(belief, 0, 1, 10, 1) == -1.0
