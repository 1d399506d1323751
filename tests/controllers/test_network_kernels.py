"""The passes between the network's products do what their formulas say."""

from __future__ import annotations

import numpy as np

from hiera.controllers.rl.viewpoint.network_kernels import (
    add_normal,
    exponential,
    rectified,
    softmax,
)


def test_exponential_is_exact_to_the_last_digits():
    x = np.concatenate((-np.logspace(-8, np.log10(87.0), 5000), [0.0, -87.0])).astype(np.float32)
    exact = np.exp(x.astype(np.float64))
    bits = np.empty(len(x), np.int32)
    exponential(x, bits, bits.view(np.float32))
    np.testing.assert_allclose(x, exact, rtol=3e-7)


def test_softmax_forbids_what_has_a_huge_penalty_and_sums_to_one():
    rng = np.random.default_rng(0)
    x = rng.normal(0.0, 3.0, (4, 33, 33)).astype(np.float32)
    bias = rng.normal(0.0, 3.0, x.shape).astype(np.float32)
    bias[:, :, 7] = -1e4
    exact = np.exp(x.astype(np.float64) + bias)
    exact /= exact.sum(axis=-1, keepdims=True)
    softmax(x, bias)
    np.testing.assert_allclose(x, exact, rtol=1e-5, atol=1e-30)
    np.testing.assert_allclose(x.sum(axis=-1), 1.0, rtol=1e-5)


def test_rows_are_added_and_come_back_normal():
    rng = np.random.default_rng(1)
    x, added = rng.normal(1.0, 2.0, (2, 20, 64)).astype(np.float32)
    bias = rng.normal(size=64).astype(np.float32)
    together = x + added + bias
    normal = add_normal(x, added, bias)
    np.testing.assert_allclose(x, together, rtol=1e-6, atol=1e-6)
    away = together - together.mean(axis=1, keepdims=True)
    away /= np.sqrt((away**2).mean(axis=1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(normal, away, rtol=1e-4, atol=1e-5)


def test_a_bias_goes_to_every_row_whichever_way_the_rows_lie():
    x = np.random.default_rng(2).normal(size=(11, 17)).astype(np.float32)
    bias = np.random.default_rng(3).normal(size=17).astype(np.float32)
    expected = np.maximum(x + bias, 0.0)
    np.testing.assert_allclose(rectified(x.copy(), bias), expected, rtol=1e-6)
    rectified(across := np.ascontiguousarray(x.T).T, bias)
    np.testing.assert_allclose(across, expected, rtol=1e-6)
