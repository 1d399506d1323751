"""The viewpoint graph of a driving robot, and completion decided on the grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from hiera.envs.exploration.clearance import standable
from hiera.envs.exploration.grid import FREE, OCCUPIED, GridMap
from hiera.envs.exploration.room import ROOM_CAP, clearance_disc, refresh_room, refresh_safe
from hiera.envs.exploration.rules import HOP, continuous_rules
from hiera.envs.exploration.sight import line_inside, ray_ends, sense_hop
from hiera.envs.exploration.snapped_graph import count_frontiers, link_nodes
from hiera.envs.exploration.updaters import SnappedUpdater
from hiera.envs.exploration.viewpoints import ViewpointGraph

_CELL = 0.2
_CLEARANCE = 0.3


class Drive:
    """A robot that senses at positions of a map; its belief and its graph."""

    def __init__(self, place: GridMap, *, sensor_m: float = 6.0, spacing_m: float | None = None):
        assert place.start_m is not None
        self.place = place
        self.ends = ray_ends(sensor_m / place.resolution_m, 1440)
        self.belief = np.zeros(place.free.shape, np.uint8)
        rules = continuous_rules(
            sensor_range_m=sensor_m,
            resolution_m=place.resolution_m,
            clearance_m=_CLEARANCE,
            spacing_m=spacing_m,
        )
        self.graph = ViewpointGraph(
            rules,
            (place.free.shape[0], place.free.shape[1]),
            resolution_m=place.resolution_m,
            origin_m=place.origin_m,
            start_m=place.start_m,
        )
        self.at = np.array(place.start_m)
        self.roadmap = self.look()

    def look(self):
        x, y = self.place.cell(*self.at)
        assert self.place.free[y, x]
        _, *bounds = sense_hop(self.place.free, self.belief, x, y, self.ends)
        changed = tuple(bounds) if bounds[0] < bounds[1] else None
        self.roadmap = self.graph.update(self.belief, tuple(self.at), changed)
        return self.roadmap

    def to(self, goal, step_m: float = 0.8) -> None:
        goal = np.asarray(goal, float)
        while True:
            way = goal - self.at
            length = float(np.hypot(*way))
            if length > 1e-9:
                self.at = self.at + way * min(1.0, step_m / length)
            self.look()
            if length <= step_m:
                return

    def hop_to(self, node: int) -> None:
        """Drives along an edge, round the corner if it is bent."""
        goal = self.roadmap.xy[node]
        if not self.graph.line_clear(self.at, goal):
            for vertex in self.graph.detour(self.belief, self.at, goal)[1:-1]:
                self.to(vertex)
        self.to(goal)

    def next_node(self) -> int | None:
        """First hop towards the nearest useful node, None if there is none."""
        r = self.roadmap
        matrix = csr_matrix((r.lengths, r.indices, r.indptr), shape=(len(r.xy),) * 2)
        cost, before = dijkstra(matrix, indices=r.robot, return_predecessors=True)
        cost = np.where(r.utility > 0, cost, np.inf)
        cost[r.robot] = np.inf
        at = int(np.argmin(cost))
        if not np.isfinite(cost[at]):
            return None
        while before[at] != r.robot:
            at = int(before[at])
        return at


def two_rooms(door_cells: int, *, slit: bool = False) -> GridMap:
    """Two rooms of 8 m x 6 m behind one another, joined by a door off the lattice."""
    free = np.zeros((32, 84), np.bool_)
    free[1:31, 1:41] = True
    free[1:31, 43:83] = True
    free[13 : 13 + door_cells, 41:43] = True
    if slit:
        free[25, 41:43] = True
    return GridMap(free, _CELL, start_m=(3.1, 4.1))


_masks = hnp.arrays(np.uint8, (30, 34), elements=st.sampled_from([0, 1, 1, 1, 1, 1, 1, 2]))


@given(_masks, _masks, st.integers(0, 29), st.integers(0, 33), st.integers(1, 10))
def test_safe_cells_and_room_kept_current_in_a_window_equal_those_from_scratch(old, new, y, x, n):
    disc = clearance_disc(_CLEARANCE, _CELL)
    reach = int(np.abs(disc).max())
    safe, room = np.zeros(old.shape, np.bool_), np.zeros(old.shape, np.uint8)
    belief = np.zeros_like(old)
    for window, source in (((0, 30, 0, 34), old), ((y, min(y + n, 30), x, min(x + n, 34)), new)):
        iy0, iy1, ix0, ix1 = window
        belief[iy0:iy1, ix0:ix1] = source[iy0:iy1, ix0:ix1]
        refresh_safe(belief, safe, disc, reach, *window)
        refresh_room(safe, room, iy0 - reach, iy1 + reach, ix0 - reach, ix1 + reach)
    # A hair more: `standable` lets the disc touch a wall, a safe cell does not.
    far = standable(np.pad(belief != OCCUPIED, 9, constant_values=True), _CELL, _CLEARANCE + 1e-6)
    expected = (belief == FREE) & far[9:-9, 9:-9]
    assert np.array_equal(safe, expected)
    distance = ndimage.distance_transform_cdt(np.pad(expected, 1), "chessboard")[1:-1, 1:-1]
    assert np.array_equal(room, np.minimum(distance, ROOM_CAP))


def test_every_edge_can_be_driven_and_the_window_leaves_nothing_stale():
    drive = Drive(two_rooms(5))
    for goal in ((6.5, 3.0), (7.5, 2.9), (9.5, 2.9), (13.0, 4.5)):
        drive.to(goal)
        r = drive.roadmap
        cells = [drive.place.cell(*xy) for xy in r.xy]
        rows = np.repeat(np.arange(len(r.xy)), np.diff(r.indptr))
        for a, b in zip(rows, r.indices, strict=True):
            if line_inside(drive.graph.safe, *cells[a], *cells[b]):
                continue
            apart = np.abs(drive.graph.arrays.at[a] - drive.graph.arrays.at[b])
            assert apart.max() == 1
            around = drive.graph.detour(drive.belief, r.xy[a], r.xy[b])
            assert len(around) > 2
            for p, q in pairwise(around):
                assert drive.graph.line_clear(p, q)
    updater = drive.graph._updater
    assert isinstance(updater, SnappedUpdater)
    graph, place = updater.graph, updater.place(drive.belief)
    rows_, columns = graph.node_at.shape
    before = graph.joined.copy(), graph.utility.copy()
    link_nodes(place, graph, (0, columns), (0, rows_), updater.geometry.side)
    count_frontiers(place, graph, updater.geometry, (0, columns), (0, rows_))
    assert np.array_equal(before[0], graph.joined)
    assert np.array_equal(before[1], graph.utility)


def test_nodes_keep_their_index_and_visited_ones_lose_their_utility():
    drive = Drive(two_rooms(5))
    blocks = {}
    for goal in ((6.5, 3.0), (7.5, 2.9), (9.5, 2.9), (13.0, 4.5)):
        drive.to(goal)
        at = drive.graph.arrays.at
        for k in range(len(drive.roadmap.xy)):
            assert blocks.setdefault(k, tuple(at[k])) == tuple(at[k])
        assert not drive.roadmap.utility[drive.roadmap.visited].any()
        near = np.linalg.norm(drive.roadmap.xy[drive.roadmap.robot] - drive.at)
        assert near < drive.graph.rules.spacing_m * 1.5


@pytest.mark.parametrize("spacing_m", [1.2, 2.0, 2.4])
def test_door_narrower_than_a_block_gets_a_node_that_joins_both_rooms(spacing_m):
    drive = Drive(two_rooms(5), spacing_m=spacing_m)
    for goal in ((6.5, 3.1), (7.5, 3.1), (9.5, 3.1)):
        drive.to(goal)
    r = drive.roadmap
    matrix = csr_matrix((r.lengths, r.indices, r.indptr), shape=(len(r.xy),) * 2)
    cost = dijkstra(matrix, indices=r.robot)
    left = np.linalg.norm(r.xy - np.array(drive.place.start_m), axis=1).argmin()
    assert r.xy[r.robot, 0] > 8.6
    assert np.isfinite(cost[left])


def test_node_of_a_block_that_is_walled_up_loses_edges_and_utility_but_not_its_index():
    drive = Drive(two_rooms(5))
    count = len(drive.roadmap.xy)
    victim = int(np.argmax(np.diff(drive.roadmap.indptr)))
    x, y = drive.place.cell(*drive.roadmap.xy[victim])
    n = 8
    drive.belief[y - n : y + n, x - n : x + n] = OCCUPIED
    roadmap = drive.graph.update(drive.belief, tuple(drive.at), (y - n, y + n, x - n, x + n))
    assert len(roadmap.xy) >= count
    assert roadmap.indptr[victim] == roadmap.indptr[victim + 1]
    assert roadmap.utility[victim] == 0


def test_exploration_with_the_rescue_ends_only_when_all_that_can_be_reached_is_known():
    drive = Drive(two_rooms(5), spacing_m=2.4)
    for _ in range(300):
        hop = drive.next_node()
        if hop is not None:
            drive.hop_to(hop)
            continue
        left = drive.graph.reachable_frontiers(drive.belief, tuple(drive.at))
        if left.path is None:
            break
        for a, b in pairwise(left.path):
            assert drive.graph.line_clear(a, b)
        for vertex in left.path:
            drive.to(vertex)
    assert left.complete
    assert left.reachable_cells == 0
    assert (drive.belief == FREE).sum() / drive.place.free.sum() > 0.99


def test_frontier_behind_a_slit_is_counted_as_unreachable():
    place = two_rooms(0, slit=True)
    drive = Drive(place, sensor_m=9.0)
    for goal in ((7.5, 5.1), (7.5, 2.0), (2.0, 2.0), (2.0, 5.0)):
        drive.to(goal)
    for _ in range(20):
        left = drive.graph.reachable_frontiers(drive.belief, tuple(drive.at), view_m=1.0)
        if left.path is None:
            break
        for vertex in left.path:
            drive.to(vertex)
    assert left.complete
    assert left.unreachable_m2 > 0.0
    assert all(np.isinf(c.distance_m) for c in left.clusters)


def test_frontier_that_the_sensor_cannot_resolve_is_given_up_after_one_visit():
    drive = Drive(two_rooms(5))
    drive.ends = drive.ends[:0]
    first = drive.graph.reachable_frontiers(drive.belief, tuple(drive.at))
    assert first.path is not None
    for _ in range(50):
        report = drive.graph.reachable_frontiers(drive.belief, tuple(drive.at))
        if report.path is None:
            break
        for vertex in report.path:
            drive.to(vertex)
    assert report.complete
    assert report.unreachable_cells > 0


def test_grid_path_keeps_to_safe_cells_and_is_empty_where_there_is_no_way():
    drive = Drive(two_rooms(5), sensor_m=30.0)
    for goal in ((7.5, 3.1), (9.5, 3.1)):
        drive.to(goal)
    path = drive.graph.grid_path(drive.belief, tuple(drive.at), (2.1, 5.1))
    assert np.allclose(path[0], drive.at, atol=_CELL)
    assert np.allclose(path[-1], (2.1, 5.1), atol=_CELL)
    assert all(drive.graph.line_clear(a, b) for a, b in pairwise(path))
    assert len(path) < 8
    assert drive.graph.grid_path(drive.belief, tuple(drive.at), (0.1, 0.1)).shape == (0, 2)
    assert drive.graph.grid_path(drive.belief, tuple(drive.at), (99.0, 0.1)).shape == (0, 2)


def test_roadmap_before_the_first_update_says_what_to_do():
    graph = ViewpointGraph(
        HOP, (50, 50), resolution_m=0.4, origin_m=(0.0, 0.0), start_m=(10.0, 10.0)
    )
    with pytest.raises(RuntimeError, match="update"):
        graph.roadmap()


def test_lattice_rules_refuse_a_robot_off_the_lattice():
    graph = ViewpointGraph(
        HOP, (50, 50), resolution_m=0.4, origin_m=(0.0, 0.0), start_m=(10.0, 10.0)
    )
    with pytest.raises(ValueError, match="lattice"):
        graph.update(np.ones((50, 50), np.uint8), (10.5, 10.0), (0, 50, 0, 50))
