"""The rows that fight are named, and only those."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety.qp import find_conflict, nearest


def test_two_rows_that_face_away_are_named_among_others() -> None:
    A = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [-2.0, 0.0]]
    conflict = find_conflict(A, [-1.0, 0.5, -3.0, -0.8], [-1.0, -1.0], [1.0, 1.0])
    assert not conflict.feasible
    assert conflict.rows == (1, 3)
    np.testing.assert_allclose(conflict.shares, [0.5, 0.5])
    np.testing.assert_allclose(conflict.margin, -0.05)


def test_one_row_may_fight_the_box_alone() -> None:
    conflict = find_conflict([[1.0, 0.0], [0.0, 1.0]], [2.0, 0.0], [-1.0, -1.0], [1.0, 1.0])
    assert conflict.rows == (0,)
    np.testing.assert_allclose(conflict.margin, -1.0)


def test_without_rows_or_bounds_nothing_limits_the_margin() -> None:
    assert find_conflict(np.zeros((0, 2)), [], [-1, -1], [1, 1]).margin == np.inf
    assert find_conflict([[1.0, 0.0]], [0.0], [-np.inf] * 2, [np.inf] * 2).margin == np.inf
    assert find_conflict([[1.0, 0.0]], [-np.inf], [-1, -1], [1, 1]).feasible


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_named_rows_alone_cannot_hold_and_without_them_the_margin_grows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(8, 3)), rng.normal(size=8)
    low, high = -np.ones(3), np.ones(3)
    conflict = find_conflict(A, b, low, high)
    answer = nearest(np.zeros(3), np.ones(3), A, b, low, high)
    assert conflict.feasible == answer.solved
    if not conflict.feasible:
        named = list(conflict.rows)
        assert 1 <= len(named) <= 4
        assert not nearest(np.zeros(3), np.ones(3), A[named], b[named], low, high).solved
        rest = [i for i in range(8) if i != named[int(np.argmax(conflict.shares))]]
        assert find_conflict(A[rest], b[rest], low, high).margin >= conflict.margin - 1e-9
