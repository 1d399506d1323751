"""Open tours: exact where they claim to be, sane beyond."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hiera.planners.exploration.tour import heuristic_tour, open_tour, tour_length


def points(k: int, seed: int) -> NDArray[np.float64]:
    xy = np.random.default_rng(seed).random((k + 1, 2))
    return np.asarray(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)))


def brute_force(d: NDArray[np.float64], end: int | None) -> float:
    k = len(d) - 1
    return min(
        tour_length(d, np.array(order, dtype=np.intp))
        for order in permutations(range(1, k + 1))
        if end is None or order[-1] == end
    )


def nearest_neighbour(d: NDArray[np.float64]) -> float:
    left, at, total = set(range(1, len(d))), 0, 0.0
    while left:
        nearest = min(left, key=lambda j: d[at, j])
        total += d[at, nearest]
        left.remove(nearest)
        at = nearest
    return total


@given(st.integers(1, 6), st.integers(0, 10_000), st.booleans())
@settings(max_examples=40)
def test_small_tours_are_as_short_as_brute_force_finds(k: int, seed: int, fixed: bool) -> None:
    d = points(k, seed)
    end = k if fixed else None
    assert tour_length(d, open_tour(d, end)) == pytest.approx(brute_force(d, end))


@given(st.integers(1, 60), st.integers(0, 10_000), st.booleans())
@settings(max_examples=60)
def test_tour_visits_every_point_once_and_ends_where_told(k: int, seed: int, fixed: bool) -> None:
    d = points(k, seed)
    end = 1 + seed % k if fixed else None
    order = open_tour(d, end)
    assert sorted(order.tolist()) == list(range(1, k + 1))
    assert end is None or order[-1] == end


@given(st.integers(1, 40), st.integers(0, 10_000))
@settings(max_examples=60)
def test_heuristic_is_never_worse_than_nearest_neighbour(k: int, seed: int) -> None:
    d = points(k, seed)
    assert tour_length(d, heuristic_tour(d)) <= nearest_neighbour(d) + 1e-9


def test_heuristic_stays_within_a_few_percent_of_the_optimum_on_average() -> None:
    ratios = []
    for seed in range(60):
        d = points(10, seed)
        ratios.append(tour_length(d, heuristic_tour(d)) / tour_length(d, open_tour(d)))
    assert min(ratios) >= 1.0 - 1e-9
    assert np.mean(ratios) < 1.02
    assert max(ratios) < 1.25


def test_equal_input_gives_equal_tour() -> None:
    d = points(35, 3)
    assert np.array_equal(open_tour(d), open_tour(d.copy()))


def test_no_points_give_an_empty_tour() -> None:
    assert open_tour(np.zeros((1, 1))).shape == (0,)


@pytest.mark.parametrize(
    ("matrix", "end", "message"),
    [
        (np.zeros((2, 3)), None, "square"),
        (np.array([[0.0, np.inf], [np.inf, 0.0]]), None, "finite"),
        (np.array([[0.0, 1.0], [2.0, 0.0]]), None, "symmetric"),
        (np.zeros((3, 3)), 3, "end"),
        (np.zeros((3, 3)), 0, "end"),
    ],
)
def test_impossible_input_is_refused_in_a_sentence(
    matrix: NDArray[np.float64], end: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        open_tour(matrix, end)
