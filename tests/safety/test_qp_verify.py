"""The check finds every kind of wrong answer, from whichever solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety.qp import (
    INFEASIBLE,
    ITERATION_LIMIT,
    SOLVED,
    UNVERIFIED,
    checked,
    least_slack_checked,
    least_slack_workspace_size,
    nearest,
    solve_checked,
    workspace_size,
)
from hiera.safety.qp.verify import is_contradiction, is_optimal

W, LOW, HIGH = np.ones(2), -np.ones(2), np.ones(2)
U_NOM, A, B = np.array([2.0, 0.0]), np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([0.5, -5.0])
U, LAM = np.array([1.0, 0.5]), np.array([0.5, 0.0, 0.0, 0.0, 1.0, 0.0])


def optimal(u: np.ndarray, lam: np.ndarray) -> bool:
    return bool(is_optimal(U_NOM, W, A, B, LOW, HIGH, u, lam, np.empty(2)))


def test_the_right_answer_passes() -> None:
    assert optimal(U, LAM)


@pytest.mark.parametrize(
    ("fault", "u", "lam"),
    [
        ("outside the box by one ulp", [np.nextafter(1.0, 2.0), 0.5], LAM),
        ("a row violated", [1.0, 0.5 - 1e-8], LAM),
        ("feasible and not the nearest", [0.9, 0.5], LAM),
        ("a multiplier missing", U, [0.5, 0, 0, 0, 0, 0]),
        ("a negative multiplier", U, [0.5, 0, 0, 0, 1.0, -1e-12]),
        ("a multiplier on a slack row", U, [0.5, 1e-3, 0, 0, 1.0, 0]),
        ("a multiplier on a slack bound", U, [0.5, 0, 0, 1e-3, 1.0, 0]),
        ("not a number", [np.nan, 0.5], LAM),
        ("an infinite multiplier", U, [np.inf, 0, 0, 0, 1.0, 0]),
    ],
)
def test_a_wrong_answer_is_found_out(fault: str, u: list[float], lam: list[float]) -> None:
    assert not optimal(np.array(u, dtype=float), np.array(lam, dtype=float)), fault


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([1e-7, 1e-5, 1e-2]))
def test_no_point_but_the_optimum_passes(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    u_nom, w, rows = rng.normal(size=3), rng.uniform(0.2, 3.0, 3), rng.normal(size=(5, 3))
    low, high = -np.ones(3), np.ones(3)
    b = rows @ rng.uniform(-0.8, 0.8, 3) - rng.exponential(0.3, 5)
    answer = nearest(u_nom, w, rows, b, low, high)
    lam = np.concatenate((answer.multipliers, answer.bound_multipliers.ravel()))
    move = rng.normal(size=3)
    other = np.clip(answer.u + size * move / np.linalg.norm(move), low, high)
    if np.linalg.norm(other - answer.u) > 0.1 * size:
        assert not is_optimal(u_nom, w, rows, b, low, high, other, lam, np.empty(3))


def test_only_a_contradiction_passes_for_a_proof() -> None:
    rows, b = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([0.5, -0.4])
    proof = np.array([1.0, 1.0, 0, 0, 0, 0])
    assert is_contradiction(rows, b, LOW, HIGH, proof)
    assert not is_contradiction(rows, b - 0.1, LOW, HIGH, proof)
    assert not is_contradiction(rows, b, LOW, HIGH, 0.0 * proof)
    assert not is_contradiction(rows, b, LOW, HIGH, np.array([1.0, 0, 0, 0, 0, 0]))
    assert not is_contradiction(rows, b, LOW, HIGH, np.array([1.0, -1.0, 0, 0, 0, 0]))
    unbounded = np.full(2, np.inf)
    assert is_contradiction(rows, b, -unbounded, unbounded, proof)
    assert not is_contradiction(rows[:1], b[:1], -unbounded, unbounded, proof[[0, 2, 3, 4, 5]])


@pytest.mark.parametrize(
    ("claim", "expected"),
    [(SOLVED, UNVERIFIED), (INFEASIBLE, UNVERIFIED), (ITERATION_LIMIT, ITERATION_LIMIT)],
)
def test_the_kernel_does_not_take_its_own_solvers_word(
    monkeypatch: pytest.MonkeyPatch, claim: int, expected: int
) -> None:
    def liar(*arguments: np.ndarray) -> int:
        arguments[6][:] = (0.9, 0.5)
        arguments[7][:] = LAM
        return claim

    monkeypatch.setattr(checked, "solve_unchecked", liar)
    u, lam = np.empty(2), np.empty(6)
    code = checked.solve_and_check.py_func(U_NOM, W, A, B, LOW, HIGH, u, lam, np.empty(100))
    assert code == expected
    assert np.isnan(u).all()


@pytest.mark.parametrize("m", [1, 2, 3, 7])
@pytest.mark.parametrize("k", [0, 1, 5, 20])
def test_kernels_stay_inside_the_workspace_they_ask_for(m: int, k: int) -> None:
    rng = np.random.default_rng(m + 10 * k)
    fence = 1234.5
    needs, slack_needs = workspace_size(k, m), least_slack_workspace_size(k, m)
    for _ in range(20):
        work, slack_work = np.full(needs + 64, fence), np.full(slack_needs + 64, fence)
        rows, b = rng.normal(size=(k, m)), rng.normal(size=k)
        start = (2.0 * rng.normal(size=m), np.ones(m), rows, b)
        box = (-np.ones(m), np.ones(m))
        solve_checked(*start, *box, np.empty(m), np.empty(k + 2 * m), work[:needs])
        levels = rng.integers(0, 3, k)
        least_slack_checked(
            *start, levels, *box, np.empty(m), np.empty(k), slack_work[:slack_needs]
        )
        assert np.all(work[needs:] == fence)
        assert np.all(slack_work[slack_needs:] == fence)


def test_a_workspace_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="workspace_size"):
        solve_checked(U_NOM, W, A, B, LOW, HIGH, np.empty(2), np.empty(6), np.empty(10))
