"""The quadratic programme's answer is exact, and checked, not believed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety.qp import QpAnswer, QpStatus, nearest, solve_qp
from hiera.safety.qp import solve as solve_module
from hiera.safety.qp.verify import is_contradiction, is_optimal

SEED = st.integers(0, 2**32 - 1)


def brute_force(
    H: np.ndarray, f: np.ndarray, A: np.ndarray, b: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray | None:
    """The optimum by trying every active set."""
    m = len(f)
    rows = np.vstack((A, np.eye(m), -np.eye(m)))
    bounds = np.concatenate((b, low, -high))
    best, value = None, np.inf
    for size in range(m + 1):
        for active in combinations(range(len(bounds)), size):
            C, d = rows[list(active)], bounds[list(active)]
            kkt = np.block([[H, -C.T], [C, np.zeros((size, size))]])
            if abs(np.linalg.det(kkt)) < 1e-12:
                continue
            u = np.linalg.solve(kkt, np.concatenate((-f, d)))[:m]
            cost = 0.5 * u @ H @ u + f @ u
            if np.all(rows @ u >= bounds - 1e-9) and cost < value:
                best, value = u, cost
    return best


def problem(rng: np.random.Generator, m: int, k: int) -> tuple[np.ndarray, ...]:
    return (
        rng.normal(size=m),
        rng.uniform(0.2, 3.0, m),
        rng.normal(size=(k, m)),
        rng.normal(size=k) * 0.7,
        -np.ones(m),
        np.ones(m),
    )


def checks_out(answer: QpAnswer, u_nom, w, A, b, low, high) -> bool:
    lam = np.concatenate((answer.multipliers, answer.bound_multipliers.ravel()))
    if answer.solved:
        return bool(is_optimal(u_nom, w, A, b, low, high, answer.u, lam, np.empty(len(w))))
    return bool(is_contradiction(A, b, low, high, lam))


@settings(max_examples=150, deadline=None)
@given(seed=SEED, inputs=st.integers(1, 3), rows=st.integers(0, 5))
def test_answer_is_that_of_the_enumeration_of_all_active_sets(
    seed: int, inputs: int, rows: int
) -> None:
    u_nom, w, A, b, low, high = problem(np.random.default_rng(seed), inputs, rows)
    answer = nearest(u_nom, w, A, b, low, high)
    expected = brute_force(np.diag(w), -w * u_nom, A, b, low, high)
    assert answer.solved == (expected is not None)
    assert not answer.fallback
    if expected is not None:
        np.testing.assert_allclose(answer.u, expected, atol=1e-9)
        assert np.all(answer.multipliers >= 0.0)
    else:
        assert answer.status is QpStatus.INFEASIBLE
        assert np.isnan(answer.u).all()
    assert checks_out(answer, u_nom, w, A, b, low, high)


@settings(max_examples=300, deadline=None)
@given(seed=SEED, inputs=st.integers(1, 12), rows=st.integers(1, 64))
def test_answer_is_quadprogs_at_any_size(seed: int, inputs: int, rows: int) -> None:
    quadprog = pytest.importorskip("quadprog")
    rng = np.random.default_rng(seed)
    u_nom, w, A, _, low, high = problem(rng, inputs, rows)
    b = A @ rng.uniform(-0.8, 0.8, inputs) - rng.exponential(0.3, rows)
    C = np.vstack((A, np.eye(inputs), -np.eye(inputs))).T
    expected = quadprog.solve_qp(np.diag(w), w * u_nom, C, np.concatenate((b, low, -high)))[0]
    answer = nearest(u_nom, w, A, b, low, high)
    assert answer.solved
    assert not answer.fallback
    np.testing.assert_allclose(answer.u, expected, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(seed=SEED, rows=st.integers(0, 5))
def test_any_positive_definite_matrix_is_a_change_of_variables_away(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    u_nom, w, A, b, low, high = problem(rng, 2, rows)
    half = rng.normal(size=(2, 2))
    H = half @ half.T + np.diag(w)
    answer = solve_qp(H, -H @ u_nom, A, b, low, high)
    expected = brute_force(H, -H @ u_nom, A, b, low, high)
    assert answer.solved == (expected is not None)
    if expected is not None:
        np.testing.assert_allclose(answer.u, expected, atol=1e-8)
        below, above = answer.bound_multipliers
        residual = H @ (answer.u - u_nom) - A.T @ answer.multipliers - below + above
        np.testing.assert_allclose(residual, 0.0, atol=1e-8)


@settings(max_examples=100, deadline=None)
@given(seed=SEED)
def test_scaling_a_row_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    u_nom, w, A, b, low, high = problem(rng, 3, 6)
    factor = 10.0 ** rng.uniform(-6, 6, 6)
    plain = nearest(u_nom, w, A, b, low, high)
    scaled = nearest(u_nom, w, A * factor[:, None], b * factor, low, high)
    assert plain.status is scaled.status
    np.testing.assert_allclose(scaled.u, plain.u, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(seed=SEED)
def test_units_of_the_inputs_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    u_nom, w, A, b, low, high = problem(rng, 3, 6)
    unit = 10.0 ** rng.uniform(-3, 3, 3)
    plain = nearest(u_nom, w, A, b, low, high)
    other = nearest(u_nom * unit, w / unit**2, A / unit, b, low * unit, high * unit)
    assert plain.status is other.status
    np.testing.assert_allclose(other.u / unit, plain.u, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(seed=SEED, spread=st.sampled_from([0.0, 1e-15, 1e-12, 1e-9, 1e-6]))
def test_rows_given_twice_count_once(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    u_nom, w, A, _, low, high = problem(rng, 3, 5)
    b = A @ rng.uniform(-0.8, 0.8, 3) - rng.exponential(0.3, 5)
    again = A + spread * rng.normal(size=A.shape)
    once = nearest(u_nom, w, A, b, low, high)
    twice = nearest(u_nom, w, np.vstack((A, again)), np.concatenate((b, b)), low, high)
    assert once.solved
    assert twice.solved
    np.testing.assert_allclose(twice.u, once.u, atol=1e-8 + 1e3 * spread)


@settings(max_examples=100, deadline=None)
@given(seed=SEED, gap=st.sampled_from([1e-3, 1e-6, 1e-8]))
def test_a_gap_between_two_rows_decides_however_small(seed: int, gap: float) -> None:
    rng = np.random.default_rng(seed)
    u_nom, w, A, _, low, high = problem(rng, 3, 1)
    b = A @ rng.uniform(-0.5, 0.5, 3)
    size = np.linalg.norm(A)
    both = np.vstack((A, -A))
    open_slab = nearest(u_nom, w, both, np.concatenate((b - gap * size, -b)), low, high)
    closed = nearest(u_nom, w, both, np.concatenate((b + gap * size, -b)), low, high)
    assert open_slab.solved
    assert closed.status is QpStatus.INFEASIBLE
    assert checks_out(closed, u_nom, w, both, np.concatenate((b + gap * size, -b)), low, high)


@settings(max_examples=100, deadline=None)
@given(seed=SEED)
def test_a_nominal_far_outside_the_box_costs_no_digits_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, w, A, _, low, high = problem(rng, 3, 4)
    b = A @ rng.uniform(-0.8, 0.8, 3) - rng.exponential(0.3, 4)
    answer = nearest(1e6 * rng.normal(size=3), w, A, b, low, high)
    assert answer.solved
    assert np.all(A @ answer.u >= b - 1e-9)
    assert np.all(np.abs(answer.u) <= 1.0)


@settings(max_examples=60, deadline=None)
@given(seed=SEED, inputs=st.integers(1, 6))
def test_many_rows_through_one_vertex_do_not_cycle(seed: int, inputs: int) -> None:
    rng = np.random.default_rng(seed)
    u_nom = 2.0 * rng.normal(size=inputs)
    A = rng.integers(-2, 3, size=(30, inputs)).astype(float)
    answer = nearest(u_nom, np.ones(inputs), A, np.zeros(30), -np.ones(inputs), np.ones(inputs))
    assert answer.solved
    assert not answer.fallback


def test_a_nominal_that_needs_no_change_is_returned_bit_for_bit() -> None:
    u_nom = np.array([0.1, -0.7])
    answer = nearest(u_nom, [1.0, 2.0], [[1.0, 1.0]], [-3.0], [-1.0, -1.0], [1.0, 1.0])
    assert answer.solved
    assert np.array_equal(answer.u, u_nom)


def test_a_fixed_input_stays_fixed_and_the_others_do_the_work() -> None:
    answer = nearest([0.0, 0.0], [1.0, 1.0], [[1.0, 1.0]], [1.0], [0.25, -1.0], [0.25, 1.0])
    assert answer.solved
    np.testing.assert_allclose(answer.u, [0.25, 0.75], atol=1e-12)


def test_rows_that_ask_for_nothing_do_not_matter() -> None:
    A, b = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]], [-1.0, -np.inf, 0.5]
    answer = nearest([0.0, 0.0], [1.0, 1.0], A, b, [-np.inf] * 2, [np.inf] * 2)
    assert answer.solved
    np.testing.assert_allclose(answer.u, [0.5, 0.0], atol=1e-15)


INFEASIBLE_ZOO = {
    "one row beyond the box": ([[1.0, 0.0]], [2.0]),
    "two rows that face away": ([[1.0, 0.0], [-1.0, 0.0]], [0.5, -0.4]),
    "three rows around a corner": ([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [0.7, 0.7, -1.0]),
    "a zero row": ([[0.0, 0.0]], [1e-3]),
    "a tiny row": ([[1e-9, 0.0]], [1e-6]),
    "a huge row": ([[1e9, 0.0]], [1e10]),
    "almost opposite": ([[1.0, 1e-7], [-1.0, 1e-7]], [0.1, -0.05]),
    "given twice": ([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], [2.5, 2.5, 3.0]),
    "scales apart": ([[1e6, 1e6], [-1e-6, -1e-6]], [1e6, -0.9e-6]),
}


@pytest.mark.parametrize("name", INFEASIBLE_ZOO)
def test_what_cannot_be_is_called_infeasible_with_a_proof(name: str) -> None:
    A, b = (np.array(part) for part in INFEASIBLE_ZOO[name])
    w, low, high = np.ones(2), -np.ones(2), np.ones(2)
    u_nom = np.array([0.3, 0.2])
    answer = nearest(u_nom, w, A, b, low, high)
    assert answer.status is QpStatus.INFEASIBLE
    assert not answer.fallback
    assert checks_out(answer, u_nom, w, A, b, low, high)
    assert np.isnan(answer.u).all()


def test_bounds_that_cross_are_infeasible() -> None:
    answer = nearest([0.0], [1.0], np.zeros((0, 1)), [], [1.0], [-1.0])
    assert answer.status is QpStatus.INFEASIBLE


@pytest.mark.parametrize(
    ("name", "value"),
    [("u_nom", np.nan), ("w", 0.0), ("w", np.inf), ("A", np.nan), ("A", np.inf), ("b", np.nan),
     ("b", np.inf), ("lower", np.nan), ("upper", np.nan), ("lower", np.inf)],
)  # fmt: skip
def test_numbers_that_are_none_are_refused(name: str, value: float) -> None:
    data = {
        "u_nom": np.zeros(2), "w": np.ones(2), "A": np.ones((2, 2)), "b": np.zeros(2),
        "lower": -np.ones(2), "upper": np.ones(2),
    }  # fmt: skip
    data[name].flat[1] = value
    answer = nearest(**data)
    assert answer.status is QpStatus.NOT_FINITE
    assert np.isnan(answer.u).all()


def test_shapes_that_do_not_fit_and_matrices_that_are_not_definite_are_refused() -> None:
    with pytest.raises(ValueError, match="A must have shape"):
        nearest(np.zeros(2), np.ones(2), np.ones((1, 3)), [0.0], -np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="positive definite"):
        solve_qp([[1.0, 2.0], [2.0, 1.0]], [0.0, 0.0], [[1.0, 0.0]], [0.0], [-1, -1], [1, 1])


def _liar(*arrays: np.ndarray) -> int:
    arrays[6][:] = 5.0
    return 2


def test_the_second_solver_is_asked_when_the_first_is_not_verified(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(solve_module, "solve_checked", _liar)
    rng = np.random.default_rng(3)
    seen = set()
    for _ in range(60):
        u_nom, w, A, b, low, high = problem(rng, 2, 4)
        answer = nearest(u_nom, w, A, b, low, high)
        expected = brute_force(np.diag(w), -w * u_nom, A, b, low, high)
        assert answer.fallback
        seen.add(answer.status)
        if answer.solved:
            np.testing.assert_allclose(answer.u, expected, atol=1e-9)
        else:
            assert expected is None
    assert seen >= {QpStatus.SOLVED, QpStatus.INFEASIBLE}


@pytest.mark.parametrize("flag", [1, -1])
def test_two_solvers_that_lie_are_found_out(monkeypatch: pytest.MonkeyPatch, flag: int) -> None:
    class Liar:
        @staticmethod
        def solve(*_: object) -> tuple[np.ndarray, float, int, dict[str, np.ndarray]]:
            return np.array([0.5, 0.0]), 0.0, flag, {"lam": np.zeros(3)}

    monkeypatch.setattr(solve_module, "solve_checked", _liar)
    monkeypatch.setattr(solve_module, "daqp", Liar)
    answer = nearest(np.zeros(2), np.ones(2), np.ones((1, 2)), [-1.0], -np.ones(2), np.ones(2))
    assert answer.status is QpStatus.UNVERIFIED
    assert np.isnan(answer.u).all()
