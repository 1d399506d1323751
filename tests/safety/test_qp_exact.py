"""Where rows are almost parallel other solvers are no oracle; rational arithmetic is.

Doubles are rationals, so the working set an answer names can be solved without rounding. If its
multipliers are not negative and its point meets every constraint, that point is the optimum.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.safety.qp import nearest

Rational = list[Fraction]


def rational(values: np.ndarray) -> Rational:
    return [Fraction(float(x)) for x in values]


def dot(x: Rational, y: Rational) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def solve(system: list[Rational]) -> Rational:
    n = len(system)
    for c in range(n):
        pivot = next(r for r in range(c, n) if system[r][c])
        system[c], system[pivot] = system[pivot], system[c]
        system[c] = [x / system[c][c] for x in system[c]]
        for r in range(n):
            if r != c:
                factor = system[r][c]
                system[r] = [x - factor * y for x, y in zip(system[r], system[c], strict=True)]
    return [row[n] for row in system]


def exact_optimum(
    u_nom: np.ndarray, w: np.ndarray, rows: np.ndarray, bounds: np.ndarray, active: np.ndarray
) -> np.ndarray:
    """The point of the working set, proved optimal."""
    start, weights = rational(u_nom), rational(w)
    normals, offsets = [rational(row) for row in rows], rational(bounds)
    steps = [[x / y for x, y in zip(normals[i], weights, strict=True)] for i in active]
    gaps = [offsets[i] - dot(normals[i], start) for i in active]
    gram = [[dot(normals[i], s) for s in steps] for i in active]
    lam = solve([[*row, gap] for row, gap in zip(gram, gaps, strict=True)])
    u = [x + dot(lam, [s[j] for s in steps]) for j, x in enumerate(start)]
    assert all(y >= 0 for y in lam)
    assert all(dot(row, u) >= bound for row, bound in zip(normals, offsets, strict=True))
    return np.array([float(x) for x in u])


@pytest.mark.parametrize("sign", [1.0, -1.0])
@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), inputs=st.integers(2, 4), power=st.integers(-7, -3))
def test_almost_parallel_rows_are_answered_as_exact_arithmetic_does(
    sign: float, seed: int, inputs: int, power: int
) -> None:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(3, inputs))
    A = np.vstack((half, sign * half + 10.0**power * rng.normal(size=half.shape)))
    b = A @ rng.uniform(-0.8, 0.8, inputs) - rng.exponential(10.0**power, 6) - 10.0 ** (power - 2)
    w, box = 10.0 ** rng.uniform(-1, 1, inputs), np.ones(inputs)
    u_nom = 2.0 * rng.normal(size=inputs)
    answer = nearest(u_nom, w, A, b, -box, box)
    assert answer.solved
    multipliers = np.concatenate((answer.multipliers, answer.bound_multipliers.ravel()))
    rows = np.vstack((A, np.eye(inputs), -np.eye(inputs)))
    bounds = np.concatenate((b, -box, -box))
    expected = exact_optimum(u_nom, w, rows, bounds, np.flatnonzero(multipliers > 0.0))
    np.testing.assert_allclose(answer.u, expected, atol=1e-7)
