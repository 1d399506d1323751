"""What nodes promise is the same whether it is remembered or counted anew."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.envs.exploration.promise import Promises


def counted(belief: np.ndarray, x0: int, y0: int, reach: int, rays: int) -> float:
    """Unknown area in cells, ray by ray and step by step."""
    height, width = belief.shape
    area = 0
    for turn in np.arange(rays) * (2.0 * np.pi / rays):
        for step in range(1, reach + 1):
            x = int(np.floor(x0 + 0.5 + np.cos(turn) * step))
            y = int(np.floor(y0 + 0.5 + np.sin(turn) * step))
            if not (0 <= x < width and 0 <= y < height) or belief[y, x] == 2:
                break
            area += step * (belief[y, x] == 0)
    return area * 2.0 * np.pi / rays


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_is_remembered_is_what_is_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    belief = rng.choice(np.array([0, 1, 2], np.uint8), (40, 50), p=[0.5, 0.4, 0.1])
    promises = Promises(0.5, 4.0, rays=24)
    cells = np.column_stack((rng.integers(0, 50, 30), rng.integers(0, 40, 30))).astype(np.int32)
    for _ in range(5):
        nodes = np.sort(rng.permutation(30)[:20]).astype(np.int32)
        found = promises.of(belief, cells[nodes], nodes)
        by_hand = [0.25 * counted(belief, int(x), int(y), 8, 24) for x, y in cells[nodes]]
        np.testing.assert_allclose(found, by_hand, rtol=1e-12)
        # Part of the belief changes, and some nodes move.
        low, left = int(rng.integers(0, 35)), int(rng.integers(0, 45))
        belief[low : low + 5, left : left + 5] = rng.integers(0, 3, (5, 5))
        promises.forget((low, low + 5, left, left + 5))
        moved = rng.integers(0, 30, 3)
        cells[moved] = np.column_stack((rng.integers(0, 50, 3), rng.integers(0, 40, 3)))


def test_no_node_promises_nothing() -> None:
    belief = np.zeros((5, 5), np.uint8)
    none = np.zeros(0, np.int32)
    assert Promises(0.5, 2.0).of(belief, np.zeros((0, 2), np.int32), none).shape == (0,)
