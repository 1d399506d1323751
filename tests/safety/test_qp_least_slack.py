"""Rows give way in order, each level by the least slack, the box and hard rows never."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from hiera.safety.qp import QpStatus, least_slack, nearest

SEED = st.integers(0, 2**32 - 1)


def problem(seed: int, m: int, k: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(k, m)), rng.normal(size=k) * 1.5
    return rng.normal(size=m), rng.uniform(0.2, 3.0, m), A, b, -np.ones(m), np.ones(m)


@settings(max_examples=100, deadline=None)
@given(seed=SEED)
def test_rows_that_hold_together_need_no_slack(seed: int) -> None:
    u_nom, w, A, _, low, high = problem(seed, 3, 5)
    b = A @ np.clip(u_nom, -0.5, 0.5) - 0.1
    answer = least_slack(u_nom, w, A, b, [1, 2, 0, 1, 2], low, high)
    assert answer.solved
    assert np.array_equal(answer.u, nearest(u_nom, w, A, b, low, high).u)
    assert not answer.slack.any()


@settings(max_examples=100, deadline=None)
@given(seed=SEED, inputs=st.integers(1, 4), rows=st.integers(1, 8))
def test_the_sum_of_squares_of_one_level_is_the_least(seed: int, inputs: int, rows: int) -> None:
    u_nom, w, A, b, low, high = problem(seed, inputs, rows)
    answer = least_slack(u_nom, w, A, b, np.ones(rows, dtype=int), low, high)
    # s >= 0 is free: minimise |A u - t - b| over the box and t >= 0.
    free = lsq_linear(
        np.hstack((A, -np.eye(rows))),
        b,
        (np.concatenate((low, np.zeros(rows))), np.concatenate((high, np.full(rows, np.inf)))),
        method="bvls",
        tol=1e-15,
    )
    assert answer.solved
    best = 2.0 * free.cost
    assert answer.slack @ answer.slack <= best + 1e-8 * (1.0 + best)
    np.testing.assert_array_compare(np.less_equal, low, answer.u)
    np.testing.assert_array_compare(np.less_equal, answer.u, high)
    assert np.all(A @ answer.u >= b - answer.slack - 1e-9 * (1.0 + np.abs(b)))


@settings(max_examples=100, deadline=None)
@given(seed=SEED)
def test_a_level_pays_nothing_for_the_levels_behind_it(seed: int) -> None:
    u_nom, w, A, b, low, high = problem(seed, 3, 9)
    priority = np.array([1, 1, 1, 2, 2, 2, 5, 5, 5])
    whole = least_slack(u_nom, w, A, b, priority, low, high)
    assert whole.solved
    for level in (1, 2):
        part = priority <= level
        alone = least_slack(u_nom, w, A[part], b[part], priority[part], low, high)
        np.testing.assert_allclose(whole.slack[part], alone.slack, atol=1e-7)


@settings(max_examples=100, deadline=None)
@given(seed=SEED)
def test_the_input_is_the_nearest_under_the_lowered_rows(seed: int) -> None:
    u_nom, w, A, b, low, high = problem(seed, 3, 7)
    answer = least_slack(u_nom, w, A, b, [1, 2, 3, 1, 2, 3, 1], low, high)
    again = nearest(u_nom, w, A, b - answer.slack, low, high)
    assert again.solved
    np.testing.assert_allclose(answer.u, again.u, atol=1e-9)


def test_hard_rows_hold_while_soft_ones_share_the_rest() -> None:
    A = [[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]
    answer = least_slack([0, 0], [1, 1], A, [0.9, 0.5, -0.2], [1, 1, 0], [-1, -1], [1, 1])
    assert answer.solved
    np.testing.assert_allclose(answer.u, [0.2, 0.0], atol=1e-9)
    np.testing.assert_allclose(answer.slack, [0.7, 0.3, 0.0], atol=1e-9)


def test_rows_of_one_level_meet_in_the_middle() -> None:
    answer = least_slack([9.0], [1.0], [[1.0], [-1.0]], [0.5, 0.5], [1, 1], [-1.0], [1.0])
    np.testing.assert_allclose(answer.u, [0.0], atol=1e-9)
    np.testing.assert_allclose(answer.slack, [0.5, 0.5], atol=1e-9)


def test_hard_rows_that_contradict_the_box_are_infeasible_whatever_is_soft() -> None:
    answer = least_slack([0.0], [1.0], [[1.0], [-1.0]], [2.0, 0.5], [0, 1], [-1.0], [1.0])
    assert answer.status is QpStatus.INFEASIBLE
    assert np.isnan(answer.u).all()


def test_rows_far_apart_in_scale_still_reach_their_least_slack() -> None:
    A, b = [[30.0, 0.0], [0.0, 0.03]], [60.0, 0.06]
    answer = least_slack([0, 0], [1, 1], A, b, [1, 1], [-1, -1], [1, 1])
    np.testing.assert_allclose(answer.u, [1.0, 1.0], atol=1e-6)
    np.testing.assert_allclose(answer.slack, [30.0, 0.03], rtol=1e-6)
