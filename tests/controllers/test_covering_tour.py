"""Covering tours: the ways between stops are the shortest, and every move costs what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from hiera.controllers.viewpoint.covering_task import Task, complete, missed, tour_cost, without
from hiera.controllers.viewpoint.legs import FAR, Ways, new_ways, search, way_to
from hiera.controllers.viewpoint.tour_moves import (
    _dropped,
    _move,
    _moved,
    _moved_sees,
    _needed,
    _or_opt,
    _sums,
    _turn,
    _turned,
    _turned_sees,
    _two_opt,
    shrink,
)


def graph(seed: int, nodes: int = 30, stops: int = 12, words: int = 2) -> Ways:
    """A random connected graph, its first stops being its first nodes."""
    rng = np.random.default_rng(seed)
    edges = {(k, int(rng.integers(k))) for k in range(1, nodes)}
    edges |= {(int(a), int(b)) for a, b in rng.integers(0, nodes, (2 * nodes, 2)) if a > b}
    both = sorted(edges | {(b, a) for a, b in edges})
    length = {(a, b): float(rng.uniform(1.0, 12.0)) for a, b in sorted(edges)}
    indptr = np.searchsorted([a for a, _ in both], np.arange(nodes + 1)).astype(np.int32)
    seen = rng.integers(0, 2**63, (nodes, words)).astype(np.uint64)
    for _ in range(3):
        seen &= rng.integers(0, 2**63, (nodes, words)).astype(np.uint64)
    return new_ways(
        indptr,
        np.array([b for _, b in both], np.int32),
        np.array([length[max(e), min(e)] for e in both]),
        rng.random(len(both)) < 0.8,
        rng.choice([1e-4, -1e-6], nodes),
        seen,
        rng.permutation(nodes)[:stops].astype(np.int32),
    )


def task_of(ways: Ways, seed: int) -> Task:
    """Everything that the stops see is to be seen; all ways are searched."""
    for stop in range(len(ways.stops)):
        search(ways, stop)
    rng = np.random.default_rng(seed)
    goal = np.bitwise_or.reduce(ways.seen[ways.stops[1:]], axis=0)
    return Task(ways, goal, rng.uniform(-5.0, 5.0, len(ways.stops)), 0.02)


@pytest.mark.parametrize("seed", range(8))
def test_the_ways_are_the_shortest_and_show_what_lies_on_them(seed: int) -> None:
    ways = graph(seed)
    n = len(ways.seen)
    for stop in range(len(ways.stops)):
        search(ways, stop)
        may = ways.known if stop == 0 else np.ones(len(ways.indices), np.bool_)
        heads = np.repeat(np.arange(n), np.diff(ways.indptr))[may]
        lengths = ways.lengths[may]
        true = dijkstra(
            csr_array((lengths, (heads, ways.indices[may])), shape=(n, n)),
            indices=int(ways.stops[stop]),
        )[ways.stops]
        true[np.isinf(true)] = FAR
        np.testing.assert_allclose(ways.distance[stop], true, rtol=1e-9, atol=1e-6)
    for stop in np.flatnonzero(ways.distance[0] < FAR):
        shown = np.zeros_like(ways.seen[0])
        for node in way_to(ways, int(stop))[1:]:
            shown |= ways.seen[node]
        assert np.array_equal(ways.cover[0, stop], shown)


def test_an_edge_of_no_length_is_refused() -> None:
    ways = graph(0)
    with pytest.raises(ValueError, match="expected a positive length"):
        new_ways(
            ways.indptr,
            ways.indices,
            0.0 * ways.lengths,
            ways.known,
            np.zeros(len(ways.seen)),
            ways.seen,
            ways.stops,
        )


tours = st.integers(0, 10_000), st.integers(3, 11)


def drawn(seed: int, length: int) -> tuple[Task, np.ndarray]:
    """A task and a tour of it, at random."""
    task = task_of(graph(seed), seed)
    connected = np.flatnonzero(task.ways.distance[0] < FAR)[1:]
    order = np.random.default_rng(seed).permutation(connected)[:length]
    return task, np.append(0, order).astype(np.int32)


@settings(max_examples=60, deadline=None)
@given(*tours)
def test_every_move_costs_and_shows_what_is_foretold(seed: int, length: int) -> None:
    task, tour = drawn(seed, length)
    if len(tour) < 4:
        return
    goal = task.goal & ~missed(task, tour)
    task = Task(task.ways, goal, task.end, task.haste)
    sums, last = _sums(task, tour, tour_cost(task, tour)), len(tour) - 1
    plain = (task.ways.distance, task.end, task.haste, tour)
    for i in range(1, last + 1):
        other = without(tour, i, 1)
        assert _dropped(task, tour, sums, i) == pytest.approx(tour_cost(task, other), abs=1e-7)
        assert _needed(task, tour, sums, i) == (not complete(task, other))
    for first in range(1, last):
        for final in range(first + 1, last + 1):
            other = tour.copy()
            _turn(other, first, final)
            told = _turned(sums.at, sums.late, sums.back, sums.behind, *plain, first, final)
            assert told == pytest.approx(tour_cost(task, other), abs=1e-7)
            assert _turned_sees(task, tour, sums, first, final) == complete(task, other)
    for size in (1, 2, 3):
        for first in range(1, last - size + 2):
            for place in set(range(1, last - size + 2)) - {first}:
                other = tour.copy()
                _move(tour, first, size, place, other)
                low, high = min(first, place), max(first, place) + size
                middle = first if place < first else first + size
                told = _moved(sums.at, sums.late, *plain, low, middle, high)
                assert told == pytest.approx(tour_cost(task, other), abs=1e-7)
                assert _moved_sees(task, tour, sums, low, middle, high) == complete(task, other)


@settings(max_examples=40, deadline=None)
@given(*tours)
def test_moves_never_make_a_tour_dearer_or_blind(seed: int, length: int) -> None:
    task, tour = drawn(seed, length)
    if len(tour) < 3:
        return
    task = Task(task.ways, task.goal & ~missed(task, tour), task.end, task.haste)
    for other in (shrink(task, tour), _two_opt(task, tour)[0], _or_opt(task, tour)[0]):
        assert complete(task, other)
        assert tour_cost(task, other) <= tour_cost(task, tour) + 1e-6 * len(tour)
