"""Many programmes at once say what each says alone."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.safety.qp import QpStatus, nearest, solve_batch


@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_says_what_its_members_say_alone(threads: int) -> None:
    rng = np.random.default_rng(7)
    size, m, k = 400, 3, 5
    u_nom, w = rng.normal(size=(size, m)), rng.uniform(0.2, 3.0, (size, m))
    A, b = rng.normal(size=(size, k, m)), rng.normal(size=(size, k))
    answer = solve_batch(u_nom, w, A, b, -np.ones(m), np.ones(m), threads=threads)
    assert 0 < np.count_nonzero(answer.solved) < size
    for i in range(size):
        alone = nearest(u_nom[i], w[i], A[i], b[i], -np.ones(m), np.ones(m))
        assert QpStatus.of(int(answer.codes[i])) is alone.status
        assert np.array_equal(answer.u[i], alone.u, equal_nan=True)
        assert np.array_equal(answer.multipliers[i, :k], alone.multipliers)


def test_what_is_shared_may_be_given_once() -> None:
    rng = np.random.default_rng(8)
    u_nom, A, b = rng.normal(size=(20, 2)), rng.normal(size=(3, 2)), -np.ones(3)
    answer = solve_batch(u_nom, np.ones(2), A, b, -np.ones(2), np.ones(2))
    for i in range(20):
        alone = nearest(u_nom[i], np.ones(2), A, b, -np.ones(2), np.ones(2))
        assert np.array_equal(answer.u[i], alone.u, equal_nan=True)


def test_no_programmes_and_no_rows_are_fine_and_no_threads_are_not() -> None:
    box = (-np.ones(2), np.ones(2))
    empty = solve_batch(np.zeros((0, 2)), np.ones(2), np.zeros((0, 3, 2)), np.zeros((0, 3)), *box)
    assert empty.u.shape == (0, 2)
    no_rows = (np.zeros((4, 0, 2)), np.zeros((4, 0)))
    bare = solve_batch(np.full((4, 2), 3.0), np.ones(2), *no_rows, *box)
    assert np.array_equal(bare.u, np.ones((4, 2)))
    with pytest.raises(ValueError, match="threads"):
        solve_batch(np.zeros((4, 2)), np.ones(2), *no_rows, *box, threads=0)
