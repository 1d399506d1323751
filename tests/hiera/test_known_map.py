"""The known map against brute force, runs that explore it, and a table made elsewhere."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

from hiera.controllers.viewpoint import NearestFrontier
from hiera.envs.exploration.dare import load_dare_maps
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import SENSOR_RANGE_M, HopEnv, HopStatus
from hiera.envs.exploration.sight import line_clear, ray_ends, sense_hop
from hiera.families.exploration.known_map import KnownMap, known_map
from tests.envs.test_hop import rooms


def shown(place: GridMap, known: KnownMap, node: int) -> set[tuple[int, int]]:
    """Free cells that a node shows."""
    belief = np.zeros(place.free.shape, np.uint8)
    x, y = known.cells[node]
    sense_hop(place.free, belief, int(x), int(y), ray_ends(SENSOR_RANGE_M / place.resolution_m))
    return {(int(u), int(v)) for v, u in np.argwhere(belief == 1)}


@pytest.mark.parametrize("seed", range(4))
def test_targets_are_the_minimal_covering_sets_of_brute_force(seed: int) -> None:
    place = rooms(seed)
    known = known_map(place)
    sees: dict[tuple[int, int], set[int]] = {}
    for node in range(len(known.xy)):
        for cell in shown(place, known, node):
            sees.setdefault(cell, set()).add(node)
    sets = {frozenset(nodes) for nodes in sees.values() if known.start not in nodes}
    minimal = {s for s in sets if not any(other < s for other in sets)}
    found = [
        frozenset(known.cover_indices[a:b].tolist())
        for a, b in zip(known.cover_indptr[:-1], known.cover_indptr[1:], strict=True)
    ]
    assert len(set(found)) == len(found) == len(known.targets)
    assert set(found) == minimal
    for target, nodes in zip(known.targets.tolist(), found, strict=True):
        assert sees[(target[0], target[1])] == nodes
    for k, nodes in enumerate(found):
        bit = known.seen[:, k >> 6] >> np.uint64(k & 63) & np.uint64(1)
        assert set(np.flatnonzero(bit).tolist()) == nodes


@pytest.mark.parametrize("seed", range(4))
def test_arcs_are_the_clear_lines_of_the_true_map(seed: int) -> None:
    place = rooms(seed)
    known = known_map(place)
    free = place.free.astype(np.uint8)
    arcs = {
        (k, int(other))
        for k in range(len(known.xy))
        for other in known.indices[known.indptr[k] : known.indptr[k + 1]]
    }
    assert arcs == {(b, a) for a, b in arcs}
    for a in range(len(known.xy)):
        for b in range(len(known.xy)):
            near = np.abs(known.cells[a] - known.cells[b]).max() <= 20 and a != b
            (x0, y0), (x1, y1) = known.cells[a].tolist(), known.cells[b].tolist()
            clear = line_clear(free, x0, y0, x1, y1) or line_clear(free, x1, y1, x0, y0)
            assert ((a, b) in arcs) == (near and clear)


@pytest.mark.parametrize("seed", range(4))
def test_whoever_explores_the_map_walks_on_it_and_sees_every_target(seed: int) -> None:
    place = rooms(seed)
    known = known_map(place)
    env = HopEnv([place], cap=300)
    env.reset(seed=0)
    policy, walked = NearestFrontier(), [env.robot_m]
    while env.status is HopStatus.RUNNING:
        env.step(env.slot_of(policy.choose(env.roadmap(), None).path[1]))
        walked.append(env.robot_m)
    roadmap = env.roadmap()
    nodes = known.nodes(np.array(walked))
    assert nodes[0] == known.start
    assert (nodes >= 0).all()
    assert np.array_equal(known.xy[nodes], np.array(walked))
    for a, b in itertools.pairwise(nodes):
        assert b in known.indices[known.indptr[a] : known.indptr[a + 1]]
    if env.explored == 1.0:
        met = np.bitwise_or.reduce(known.seen[nodes])
        assert sum(int(word).bit_count() for word in met) == len(known.targets)
    assert (known.nodes(roadmap.xy[roadmap.indptr[1:] > roadmap.indptr[:-1]]) >= 0).all()


def test_positions_off_the_lattice_are_no_nodes() -> None:
    known = known_map(rooms(0))
    assert known.nodes(np.array([[1e6, 0.0], [-1e6, 3.0]])).tolist() == [-1, -1]


def test_a_lattice_step_that_is_no_whole_number_of_cells_is_refused() -> None:
    place = GridMap(np.ones((30, 30), np.bool_), 0.3, start_m=(4.0, 4.0))
    with pytest.raises(ValueError, match="no whole number"):
        known_map(place)


def test_a_map_seen_whole_from_the_start_has_no_targets() -> None:
    known = known_map(GridMap(np.ones((20, 20), np.bool_), 0.4, start_m=(4.0, 4.0)))
    assert len(known.targets) == 0
    assert known.seen.shape == (len(known.xy), 0)


def test_counts_are_those_of_the_public_table(shared_data: Path) -> None:
    folder = shared_data / "exploration"
    with (folder / "dare_test_public_lower_bound.csv").open() as file:
        table = list(csv.DictReader(file))
    for place, row in zip(load_dare_maps(folder / "dare_test_public.npz"), table, strict=True):
        known = known_map(place)
        counts = (len(known.xy), len(known.indices), len(known.targets))
        assert counts == tuple(int(row[k]) for k in ("lattice_nodes", "arcs", "minimal_targets"))
