"""The quadratic programme's answer is checked, not believed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety import qp
from hiera.safety.qp import QpStatus, solve_qp


def brute_force(
    H: np.ndarray, f: np.ndarray, A: np.ndarray, b: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray | None:
    """The optimum by trying every active set."""
    rows = np.vstack((A, np.eye(len(f)), -np.eye(len(f))))
    bounds = np.concatenate((b, low, -high))
    best, value = None, np.inf
    for size in range(len(f) + 1):
        for active in combinations(range(len(bounds)), size):
            C, d = rows[list(active)], bounds[list(active)]
            kkt = np.block([[H, -C.T], [C, np.zeros((size, size))]])
            if abs(np.linalg.det(kkt)) < 1e-12:
                continue
            u = np.linalg.solve(kkt, np.concatenate((-f, d)))[: len(f)]
            cost = 0.5 * u @ H @ u + f @ u
            if np.all(rows @ u >= bounds - 1e-9) and cost < value:
                best, value = u, cost
    return best


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(0, 5))
def test_solution_agrees_with_the_enumeration_of_all_active_sets(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    H = np.diag(rng.uniform(0.2, 3.0, 2))
    f, A = rng.normal(size=2), rng.normal(size=(rows, 2))
    b = rng.normal(size=rows) * 0.7
    low, high = -np.ones(2), np.ones(2)
    answer = solve_qp(H, f, A, b, low, high)
    expected = brute_force(H, f, A, b, low, high)
    if expected is None:
        assert answer.status is not QpStatus.SOLVED
    else:
        assert answer.status is QpStatus.SOLVED
        np.testing.assert_allclose(answer.u, expected, atol=1e-6)
        assert np.all(answer.multipliers >= -1e-9)


def test_contradicting_rows_are_called_infeasible() -> None:
    answer = solve_qp(
        np.eye(2), np.zeros(2), np.array([[1.0, 0.0]]), np.array([2.0]), -np.ones(2), np.ones(2)
    )
    assert answer.status is QpStatus.INFEASIBLE


def test_a_solver_that_lies_is_found_out(monkeypatch: object) -> None:
    class Liar:
        @staticmethod
        def solve(*_: object) -> tuple[np.ndarray, float, int, dict[str, np.ndarray]]:
            return np.array([5.0, 0.0]), 0.0, 1, {"lam": np.zeros(2)}

    monkeypatch.setattr(qp, "daqp", Liar)  # type: ignore[attr-defined]
    answer = solve_qp(
        np.eye(2), np.zeros(2), np.zeros((0, 2)), np.zeros(0), -np.ones(2), np.ones(2)
    )
    assert answer.status is QpStatus.UNVERIFIED
