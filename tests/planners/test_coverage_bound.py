"""The bound on complete explorations: brute force, arbitrary multipliers, a public table."""

from __future__ import annotations

import csv
import heapq
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.envs.exploration.dare import load_dare_maps
from hiera.families.exploration.known_map import known_map
from hiera.planners.exploration.coverage import Coverage, Rows
from hiera.planners.exploration.coverage_bound import coverage_bound, dual_bound
from hiera.planners.exploration.coverage_optimum import coverage_optimum, euler_walk, walk_length


def drawn(seed: int, nodes: int = 9, targets: int = 5) -> Coverage:
    """A random connected graph with random covering sets."""
    rng = np.random.default_rng(seed)
    joined = {(int(rng.integers(v)), v) for v in range(1, nodes)}
    joined |= {(a, b) for a in range(nodes) for b in range(a + 1, nodes) if rng.random() < 0.2}
    length = {pair: float(rng.uniform(1.0, 5.0)) for pair in joined}
    rows = [
        sorted(b for b in range(nodes) if (min(a, b), max(a, b)) in length) for a in range(nodes)
    ]
    sets = [
        sorted(rng.choice(np.arange(1, nodes), int(rng.integers(1, 4)), replace=False).tolist())
        for _ in range(targets)
    ]
    return Coverage(
        indptr=np.cumsum([0, *map(len, rows)]).astype(np.int32),
        indices=np.array([b for row in rows for b in row], np.int32),
        lengths=np.array([length[min(a, b), max(a, b)] for a in range(nodes) for b in rows[a]]),
        start=0,
        cover_indptr=np.cumsum([0, *map(len, sets)]).astype(np.int32),
        cover_indices=np.array([v for row in sets for v in row], np.int32),
    )


def shortest(problem: Coverage) -> float:
    """Length of a shortest complete walk: Dijkstra over nodes and what has been entered."""
    met = [0] * problem.nodes
    for t in range(problem.targets):
        for v in problem.cover_indices[problem.cover_indptr[t] : problem.cover_indptr[t + 1]]:
            met[v] |= 1 << t
    done: set[tuple[int, int]] = set()
    todo = [(0.0, problem.start, 0)]
    while True:
        way, v, seen = heapq.heappop(todo)
        if seen == 2**problem.targets - 1:
            return way
        if (v, seen) in done:
            continue
        done.add((v, seen))
        for a in range(problem.indptr[v], problem.indptr[v + 1]):
            other = int(problem.indices[a])
            heapq.heappush(todo, (way + problem.lengths[a], other, seen | met[other]))


@pytest.mark.parametrize("seed", range(25))
def test_the_optimum_is_brute_forces_and_the_bound_below_it(seed: int) -> None:
    problem = drawn(seed)
    best = shortest(problem)
    bound = coverage_bound(problem)
    assert bound.converged
    assert bound.lower_m <= best + 1e-9
    assert bound.lower_m == pytest.approx(bound.value_m, abs=1e-5)
    optimum = coverage_optimum(problem)
    assert optimum.proved
    assert optimum.walk_m == pytest.approx(best, abs=1e-6)
    assert optimum.lower_m == pytest.approx(best, abs=1e-4)
    assert walk_length(problem, optimum.walk) == optimum.walk_m
    for t in range(problem.targets):
        cover = problem.cover_indices[problem.cover_indptr[t] : problem.cover_indptr[t + 1]]
        assert set(cover.tolist()) & set(optimum.walk)


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), size=st.floats(0.0, 20.0))
def test_no_multipliers_prove_more_than_the_shortest_walk(seed: int, size: float) -> None:
    problem, rng = drawn(seed, nodes=7, targets=3), np.random.default_rng(seed)
    rows = Rows(problem)
    rows.add(problem.violated(np.zeros(len(problem.indices))))
    y = rng.normal(size=len(rows.sets)) * size
    potential = rng.normal(size=problem.nodes) * size
    lower, reduced = dual_bound(problem, rows.entering(), y, potential)
    best = shortest(problem)
    assert 0.0 <= lower <= best
    assert (reduced >= 0.0).all()
    used = reduced > best - lower + 1e-9
    walk = coverage_optimum(problem).walk
    arcs = set(zip(problem.tails[used].tolist(), problem.indices[used].tolist(), strict=True))
    assert not arcs & set(itertools.pairwise(walk))


def test_a_set_whose_row_would_be_wrong_is_refused() -> None:
    problem = drawn(0)
    rows = Rows(problem)
    with pytest.raises(ValueError, match="not the start"):
        rows.add(np.ones((1, problem.nodes), np.bool_))
    with pytest.raises(ValueError, match="must contain a covering set"):
        rows.add(np.zeros((1, problem.nodes), np.bool_))


def test_an_arc_without_its_opposite_is_refused() -> None:
    one = np.array([0, 1], np.int32)
    with pytest.raises(ValueError, match="opposite"):
        Coverage(np.array([0, 1, 1], np.int32), one[1:], np.ones(1), 0, one, one[1:])


def test_stopping_early_leaves_a_bound() -> None:
    problem = drawn(3, nodes=12, targets=8)
    early, late = coverage_bound(problem, rounds=1), coverage_bound(problem)
    assert not early.converged
    assert 0.0 < early.lower_m <= late.lower_m
    late_optimum = coverage_optimum(problem, budget_s=0.0)
    assert not late_optimum.proved
    assert late_optimum.lower_m >= early.lower_m


def test_nothing_to_see_is_no_way_to_go() -> None:
    none = np.zeros(0, np.int32)
    problem = Coverage(np.zeros(2, np.int32), none, np.zeros(0), 0, np.zeros(1, np.int32), none)
    assert coverage_bound(problem).lower_m == 0.0
    assert coverage_optimum(problem).walk == (0,)


def test_an_euler_walk_uses_every_arc_as_often_as_asked() -> None:
    problem = drawn(1)
    walk = (0, *coverage_optimum(problem).walk[1:])
    times = np.zeros(len(problem.indices), np.int64)
    for a, b in itertools.pairwise(walk):
        arcs = np.flatnonzero((problem.tails == a) & (problem.indices == b))
        times[arcs[0]] += 1
    again = euler_walk(problem, times)
    assert sorted(itertools.pairwise(again)) == sorted(itertools.pairwise(walk))


def test_bounds_are_those_of_the_public_table(shared_data: Path) -> None:
    folder = shared_data / "exploration"
    with (folder / "dare_test_public_lower_bound.csv").open() as file:
        table = list(csv.DictReader(file))
    for index in (0, 2, 6):
        (place,) = load_dare_maps(folder / "dare_test_public.npz", [index])
        known = known_map(place)
        problem = Coverage(
            known.indptr,
            known.indices,
            known.lengths,
            known.start,
            known.cover_indptr,
            known.cover_indices,
        )
        bound = coverage_bound(problem)
        assert bound.converged
        assert bound.lower_m == pytest.approx(float(table[index]["lower_bound_m"]), abs=0.01)
        optimum = coverage_optimum(problem)
        assert optimum.proved
        assert optimum.walk_m == pytest.approx(bound.lower_m, abs=0.01)
