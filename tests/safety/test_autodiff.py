"""Gradients from other libraries, held against finite differences before they are believed."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.safety.barriers import Barrier, from_casadi, from_torch
from hiera.safety.filters import CbfFilter
from tests.safety.systems import single

CENTRE = (1.0, 0.2)


def recorded() -> CbfFilter:
    def disc(x: np.ndarray) -> float:
        return (x[0] - CENTRE[0]) ** 2 + (x[1] - CENTRE[1]) ** 2 - 0.25

    return CbfFilter(single(), [Barrier(disc, 5.0)], tick_s=0.05)


def same_answers(gate: CbfFilter) -> None:
    rng = np.random.default_rng(0)
    exact = recorded()
    for _ in range(50):
        x, u = rng.normal(size=2), rng.normal(size=2)
        np.testing.assert_allclose(gate.filter(x, u).u, exact.filter(x, u).u, atol=1e-8)


def test_a_casadi_barrier_filters_as_the_recorded_one_does() -> None:
    pytest.importorskip("casadi")
    h, gradient = from_casadi(lambda x: (x[0] - CENTRE[0]) ** 2 + (x[1] - CENTRE[1]) ** 2 - 0.25, 2)
    same_answers(
        CbfFilter(single(), [Barrier(h, 5.0, gradient=gradient, curvature=0.0)], tick_s=0.05)
    )


def test_a_torch_barrier_filters_as_the_recorded_one_does() -> None:
    torch = pytest.importorskip("torch")
    centre = torch.tensor(CENTRE, dtype=torch.float64)
    h, gradient = from_torch(lambda x: ((x - centre) ** 2).sum() - 0.25)
    same_answers(
        CbfFilter(single(), [Barrier(h, 5.0, gradient=gradient, curvature=0.0)], tick_s=0.05)
    )


def test_a_wrong_gradient_is_refused_even_where_it_is_not_needed() -> None:
    with pytest.raises(ValueError, match="finite differences say"):
        CbfFilter(single(), [Barrier(lambda x: x[0], 5.0, gradient=lambda x: 2.0 * x)], tick_s=0.05)
