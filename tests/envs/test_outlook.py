"""The outlook says what the belief says, and no more."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.envs.exploration.rules import HOP, adaptive_hop_rules, continuous_rules
from hiera.envs.exploration.viewpoints import ViewpointGraph
from hiera.envs.exploration.window import MOST_FRONTIERS, MOST_NODES


def rooms(seed: int) -> GridMap:
    """Overlapping rooms of 40 m x 40 m together; the start is in the first."""
    rng = np.random.default_rng(seed)
    free = np.zeros((100, 100), np.bool_)
    x, y = 50, 50
    for _ in range(12):
        w, h = rng.integers(8, 18, 2)
        free[max(y - h, 1) : min(y + h, 99), max(x - w // 2, 1) : min(x + w // 2, 99)] = True
        x, y = (int(c) for c in np.clip(np.array([x, y]) + rng.integers(-20, 21, 2), 10, 89))
    return GridMap(free, 0.4, (-20.2, -20.2), (0.0, 0.0))


@pytest.mark.parametrize("seed", range(3))
def test_every_viewpoint_sees_as_many_frontiers_as_its_utility(seed):
    env = HopEnv([rooms(seed)], outlook_m=500.0)
    env.reset(seed=0)
    rng = np.random.default_rng(seed)
    for _ in range(10):
        if env.status is not HopStatus.RUNNING:
            break
        roadmap, outlook = env.roadmap(), env.roadmap().outlook
        assert outlook.nodes.tolist() == list(range(len(roadmap.xy)))
        assert np.diff(outlook.seen_indptr).tolist() == roadmap.utility.tolist()
        assert set(outlook.seen_indices.tolist()) == set(range(outlook.frontiers))
        assert not outlook.promise_m2[roadmap.visited].any()
        env.step(int(rng.choice(np.flatnonzero(env.action_mask()))))


@pytest.mark.parametrize("seed", range(3))
def test_known_edges_are_the_roadmaps_and_conjecture_only_shortens(seed):
    env = HopEnv([rooms(seed)], outlook_m=500.0)
    env.reset(seed=0)
    roadmap, outlook = env.roadmap(), env.roadmap().outlook
    k, t = len(roadmap.xy), len(outlook.indptr) - 1
    known = outlook.unknown == 0.0
    rows = np.repeat(np.arange(t), np.diff(outlook.indptr))
    edges = set(zip(rows[known].tolist(), outlook.indices[known].tolist(), strict=True))
    mine = np.repeat(np.arange(k), np.diff(roadmap.indptr))
    assert edges == set(zip(mine.tolist(), roadmap.indices.tolist(), strict=True))
    assert sorted(outlook.lengths[known]) == pytest.approx(sorted(roadmap.lengths))
    all_ways = csr_array((outlook.lengths, outlook.indices, outlook.indptr), shape=(t, t))
    ways = csr_array((roadmap.lengths, roadmap.indices, roadmap.indptr), shape=(k, k))
    assert abs(all_ways - all_ways.T).max() < 1e-9
    short = dijkstra(all_ways, indices=[roadmap.robot])[0, :k]
    assert (short <= dijkstra(ways, indices=[roadmap.robot])[0] + 1e-9).all()


def test_window_bounds_the_outlook():
    env = HopEnv([rooms(1)], outlook_m=8.0)
    env.reset(seed=0)
    roadmap, outlook = env.roadmap(), env.roadmap().outlook
    away = np.abs(roadmap.xy[outlook.nodes] - roadmap.xy[roadmap.robot]).max(axis=1)
    assert away.max() <= 8.0
    assert outlook.nodes[outlook.robot] == roadmap.robot


def test_nothing_is_promised_and_nothing_conjectured_where_all_is_known():
    place = rooms(2)
    belief = np.where(place.free, 1, 2).astype(np.uint8)
    rules = (HOP, continuous_rules(sensor_range_m=20.0, resolution_m=0.4, clearance_m=0.4))
    for rule in rules:
        graph = ViewpointGraph(
            rule,
            belief.shape,
            resolution_m=0.4,
            origin_m=place.origin_m,
            start_m=(0.0, 0.0),
            outlook_m=100.0,
        )
        graph.update(belief, (0.0, 0.0), (0, 100, 0, 100))
        outlook = graph.look(belief).outlook
        assert not outlook.promise_m2.any()
        assert not outlook.unknown.any()
        assert outlook.frontiers == 0
        assert len(outlook.indptr) == len(outlook.nodes) + 1


def test_promise_is_the_area_of_the_unknown_ring():
    """Ground known up to 8 m around, a 20 m sensor: the ring between is in view, and only that."""
    y, x = np.mgrid[-75:76, -75:76] * 0.4
    belief = (np.hypot(x, y) <= 8.0).astype(np.uint8)
    graph = ViewpointGraph(
        continuous_rules(sensor_range_m=20.0, resolution_m=0.4, clearance_m=0.4),
        belief.shape,
        resolution_m=0.4,
        origin_m=(-30.2, -30.2),
        start_m=(4.0, 0.0),
        outlook_m=50.0,
    )
    assert graph.update(belief, (4.0, 0.0), (0, 151, 0, 151)).outlook is None
    roadmap = graph.look(belief)
    middle = int(np.argmin(np.hypot(*roadmap.xy.T)))
    at = int(np.flatnonzero(roadmap.outlook.nodes == middle)[0])
    assert roadmap.outlook.promise_m2[at] == pytest.approx(np.pi * (400.0 - 64.0), rel=0.1)


def hall(side_m: float, gaps_m: float | None) -> tuple[ViewpointGraph, NDArray[np.uint8]]:
    """A known hall with the robot in its middle, and unknown squares as far apart as is said."""
    cells = round(side_m / 0.4)
    belief = np.ones((cells, cells), np.uint8)
    if gaps_m is not None:
        corners = range(5, cells - 5, round(gaps_m / 0.4))
        for y, x in product(corners, corners):
            belief[y : y + 3, x : x + 3] = 0
    graph = ViewpointGraph(
        adaptive_hop_rules(0.4),
        belief.shape,
        resolution_m=0.4,
        origin_m=(0.0, 0.0),
        start_m=(side_m / 2, side_m / 2),
        outlook_m=100.0,
    )
    graph.update(belief, (side_m / 2, side_m / 2), (0, cells, 0, cells))
    return graph, belief


@pytest.mark.parametrize(("side_m", "gaps_m"), [(100.0, None), (200.0, None), (120.0, 4.0)])
def test_window_holds_what_a_decision_can_afford_and_nothing_nearer_is_left_out(side_m, gaps_m):
    graph, belief = hall(side_m, gaps_m)
    roadmap = graph.look(belief)
    outlook = roadmap.outlook
    away = np.abs(roadmap.xy - roadmap.xy[roadmap.robot]).max(axis=1)
    inside = np.zeros(len(away), np.bool_)
    inside[outlook.nodes] = True
    assert len(outlook.indptr) - 1 <= MOST_NODES
    assert outlook.frontiers <= MOST_FRONTIERS
    assert np.diff(outlook.seen_indptr).tolist() == roadmap.utility[outlook.nodes].tolist()
    if inside.all():
        assert side_m == 100.0
    else:
        assert away[inside].max() < away[~inside].min()
        # One more ring of blocks, 4 m wide, would be too much of one or the other.
        wider = away < away[~inside].min() + 4.0
        assert wider.sum() > MOST_NODES or outlook.frontiers > 0.7 * MOST_FRONTIERS


def test_snapped_viewpoints_see_as_many_frontiers_as_their_utility():
    graph, belief = hall(60.0, 9.0)
    roadmap = graph.look(belief)
    seen = roadmap.outlook
    assert np.diff(seen.seen_indptr).tolist() == roadmap.utility[seen.nodes].tolist()
    # A voxel is four cells wide; in this hall every one with a frontier is seen.
    voxels = {(y // 4, x // 4) for y, x in np.argwhere(graph.frontier).tolist()}
    assert seen.frontiers == len(voxels) > 50
