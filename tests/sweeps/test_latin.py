"""A Latin hypercube has one sample in every slice of every axis, and ranges hold what they say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiera.sweeps.latin import latin_hypercube, scaled
from hiera.sweeps.settings import RangeSettings

sizes = st.integers(1, 200)
axes = st.integers(1, 8)
seeds = st.integers(0, 2**31)


@given(sizes, axes, seeds)
def test_every_slice_of_every_axis_holds_exactly_one_sample(n: int, d: int, seed: int) -> None:
    cube = latin_hypercube(n, d, np.random.default_rng(seed))
    assert cube.shape == (n, d)
    assert ((cube >= 0.0) & (cube < 1.0)).all()
    for axis in range(d):
        assert sorted(np.floor(cube[:, axis] * n).astype(int)) == list(range(n))


@given(sizes, axes, seeds)
def test_the_seed_alone_decides(n: int, d: int, seed: int) -> None:
    one, other = (latin_hypercube(n, d, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_axes_are_shuffled_independently() -> None:
    cube = latin_hypercube(2000, 3, np.random.default_rng(0))
    correlations = np.corrcoef(cube.T)[np.triu_indices(3, 1)]
    assert (np.abs(correlations) < 0.1).all()


@given(
    st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.lists(st.floats(0, 1), min_size=2, max_size=9)
)
def test_a_range_is_kept_and_rises(low: float, width: float, places: list[float]) -> None:
    span = RangeSettings(low=low, high=low + width)
    values = [scaled(span, u) for u in sorted(places)]
    assert all(span.low <= value <= span.high for value in values)
    assert values == sorted(values)


@given(st.floats(1e-6, 1e3), st.floats(1.01, 1e6), st.floats(0, 1))
def test_a_logarithmic_range_has_equal_factors(low: float, factor: float, u: float) -> None:
    span = RangeSettings(low=low, high=low * factor, log=True)
    value = scaled(span, u)
    assert span.low <= value <= span.high
    assert np.log(value / low) == pytest.approx(u * np.log(span.high / low), abs=1e-9)


@given(st.integers(-50, 50), st.integers(1, 30), st.integers(1, 20))
def test_every_whole_number_of_a_range_has_its_equal_share(low: int, width: int, k: int) -> None:
    span = RangeSettings(low=low, high=low + width, integer=True)
    n = k * (width + 1)
    values = [scaled(span, (i + 0.5) / n) for i in range(n)]
    assert all(type(value) is int for value in values)
    assert Counter(values) == {low + i: k for i in range(width + 1)}


def test_whole_numbers_of_a_logarithmic_range() -> None:
    span = RangeSettings(low=1, high=1000, log=True, integer=True)
    assert {scaled(span, 0.0), scaled(span, 1.0)} == {1, 1000}
    assert scaled(span, 0.5) == 31
