"""The passes between the network's products do what their formulas say."""

from __future__ import annotations

import numpy as np

from hiera.controllers.rl.viewpoint.network_kernels import add_normal, rectified


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
