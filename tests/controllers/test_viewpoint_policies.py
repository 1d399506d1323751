"""What a viewpoint policy promises, whichever it is."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.controllers.viewpoint import (
    Choice,
    LocalTour,
    NearestFrontier,
    UtilityPerDistance,
)
from hiera.controllers.viewpoint.covering_task import Task, missed, tour_cost
from hiera.controllers.viewpoint.covering_tour import grow, improve
from hiera.controllers.viewpoint.legs import bit_rows, new_ways, search
from hiera.controllers.viewpoint.selection import covering
from hiera.envs.exploration.dare import load_dare_maps
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.envs.exploration.outlook import Outlook
from hiera.envs.exploration.roadmap import Roadmap

POLICIES = (NearestFrontier, UtilityPerDistance, LocalTour)


@dataclass
class Sketch:
    """A small roadmap: positions, edges, and which frontiers each node sees."""

    xy: list[tuple[float, float]]
    edges: list[tuple[int, int]]
    sees: list[set[int]]
    robot: int = 0

    def roadmap(self) -> Roadmap:
        xy = np.array(self.xy, float)
        n = len(xy)
        pairs = sorted({(a, b) for a, b in self.edges} | {(b, a) for a, b in self.edges})
        rows = np.array([a for a, _ in pairs], np.int32)
        indices = np.array([b for _, b in pairs], np.int32)
        indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=n)))).astype(np.int32)
        lengths = np.hypot(*(xy[rows] - xy[indices]).T) if pairs else np.zeros(0)
        seen = [sorted(s) for s in self.sees]
        outlook = Outlook(
            nodes=np.arange(n, dtype=np.int32),
            robot=self.robot,
            indptr=indptr,
            indices=indices,
            lengths=lengths,
            unknown=np.zeros(len(lengths)),
            seen_indptr=np.concatenate(([0], np.cumsum([len(s) for s in seen]))).astype(np.int32),
            seen_indices=np.array([f for s in seen for f in s], np.int32),
            frontiers=1 + max((f for s in seen for f in s), default=-1),
            promise_m2=np.array([10.0 * len(s) for s in seen]),
            xy=xy - xy[self.robot],
        )
        return Roadmap(
            version=0,
            xy=xy,
            utility=np.array([len(s) for s in seen], np.int32),
            visited=np.zeros(n, np.bool_),
            indptr=indptr,
            indices=indices,
            lengths=lengths,
            robot=self.robot,
            outlook=outlook,
        )

    def step(self, choice: Choice) -> None:
        """Hops along the path; what is seen from there is a frontier no longer."""
        assert choice.path[0] == self.robot
        assert choice.path[-1] == choice.target
        hop = (choice.path[0], choice.path[1])
        assert hop in self.edges or hop[::-1] in self.edges
        self.robot = hop[1]
        seen = set(self.sees[self.robot])
        self.sees = [s - seen for s in self.sees]


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    """Connected random graphs, and one island that sees something but cannot be reached."""
    n = draw(st.integers(2, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    xy = [(float(x), float(y)) for x, y in rng.uniform(0.0, 40.0, (n + 1, 2))]
    edges = [(int(rng.integers(k)), k) for k in range(1, n)]
    edges += [(int(a), int(b)) for a, b in rng.integers(0, n, (n, 2)) if a != b]
    sees = [set(rng.integers(0, 20, rng.integers(0, 5)).tolist()) for _ in range(n)]
    return Sketch(xy, edges, [set(), *sees[1:], {30, 31}])


def explore(sketch: Sketch, policy: object) -> list[int]:
    """Follows a policy until it finds nothing; the nodes it went to."""
    policy.reset(0)
    trace = []
    for _ in range(200):
        choice = policy.choose(sketch.roadmap(), None)
        if not choice.found:
            return trace
        sketch.step(choice)
        trace.append(sketch.robot)
    raise AssertionError("the policy goes on for ever")


@pytest.mark.parametrize("kind", POLICIES)
@settings(max_examples=40, deadline=None)
@given(sketch=sketches())
def test_policy_sees_every_frontier_that_can_be_reached_and_never_leaves_for_another(kind, sketch):
    island = len(sketch.xy) - 1
    trace = explore(sketch, kind())
    assert island not in trace
    assert not any(sketch.sees[:island])


@pytest.mark.parametrize("kind", POLICIES)
@settings(max_examples=15, deadline=None)
@given(sketch=sketches())
def test_policy_is_deterministic(kind, sketch):
    again = Sketch(sketch.xy, sketch.edges, [set(s) for s in sketch.sees])
    assert explore(sketch, kind()) == explore(again, kind())


def corridor(length: int) -> Sketch:
    """A straight corridor, the robot in its middle, as much to see at either end."""
    n = 2 * length + 1
    sees: list[set[int]] = [set() for _ in range(n)]
    sees[0], sees[-1] = {0, 1, 2}, {3, 4, 5}
    return Sketch(
        [(4.0 * (k - length), 0.0) for k in range(n)],
        [(k, k + 1) for k in range(n - 1)],
        sees,
        robot=length,
    )


@pytest.mark.parametrize("kind", POLICIES)
def test_policy_turns_once_in_a_symmetric_corridor(kind):
    trace = [6, *explore(corridor(6), kind())]
    assert len(trace) == 1 + 6 + 12
    steps = np.diff(trace)
    assert np.count_nonzero(np.diff(steps)) == 1


def test_local_tour_goes_on_to_what_a_small_window_has_lost():
    """With a window that shows either end only from near by, the robot still turns but once."""
    sketch, policy = corridor(10), LocalTour()
    turns, trace = 0, [10]
    while True:
        roadmap = sketch.roadmap()
        near = np.flatnonzero(np.abs(np.arange(21) - sketch.robot) <= 3)
        choice = policy.choose(replace(roadmap, outlook=cropped(roadmap.outlook, near)), None)
        if not choice.found:
            break
        sketch.step(choice)
        trace.append(sketch.robot)
        assert len(trace) < 100
    turns = np.count_nonzero(np.diff(np.diff(trace)))
    assert turns == 1


def cropped(outlook: Outlook, nodes: np.ndarray) -> Outlook:
    """The part of an outlook that some nodes make."""
    local = {int(node): k for k, node in enumerate(nodes)}
    edges, lengths, degree, seen, many = [], [], [0], [], [0]
    for node in nodes:
        for e in range(outlook.indptr[node], outlook.indptr[node + 1]):
            if int(outlook.indices[e]) in local:
                edges.append(local[int(outlook.indices[e])])
                lengths.append(outlook.lengths[e])
        degree.append(len(edges))
        seen += outlook.seen_indices[
            outlook.seen_indptr[node] : outlook.seen_indptr[node + 1]
        ].tolist()
        many.append(len(seen))
    return replace(
        outlook,
        nodes=nodes.astype(np.int32),
        robot=local[outlook.robot],
        indptr=np.array(degree, np.int32),
        indices=np.array(edges, np.int32),
        lengths=np.array(lengths),
        unknown=np.zeros(len(edges)),
        seen_indptr=np.array(many, np.int32),
        seen_indices=np.array(seen, np.int32),
        promise_m2=outlook.promise_m2[nodes],
    )


@pytest.mark.parametrize("end", [0, 12])
@pytest.mark.parametrize(
    "policy",
    [
        NearestFrontier(waypoint_weight=1.0),
        UtilityPerDistance(waypoint_weight=1.0),
        LocalTour(waypoint_weight=1.0, keep_m=0.0),
    ],
)
def test_waypoint_decides_between_equals(policy, end):
    policy.reset(0)
    choice = policy.choose(corridor(6).roadmap(), end)
    # A tour that is to end at the waypoint begins at the other end.
    assert choice.target == (12 - end if isinstance(policy, LocalTour) else end)


@pytest.mark.parametrize("end", [0, 20])
def test_local_tour_leaves_an_empty_window_for_the_waypoint(end):
    roadmap = corridor(10).roadmap()
    near = np.arange(7, 14)
    roadmap = replace(roadmap, outlook=cropped(roadmap.outlook, near))
    choice = LocalTour().choose(roadmap, end)
    assert choice.target == end
    assert len(choice.path) == 11


def test_local_tour_visits_no_viewpoint_whose_view_the_way_gives_anyway():
    """Three nodes in a row see the same; the one in front is enough."""
    sketch = Sketch(
        [(4.0 * k, 0.0) for k in range(4)],
        [(0, 1), (1, 2), (2, 3)],
        [set(), {0, 1}, {0, 1}, {0, 1}],
    )
    assert LocalTour(promise=0.0).choose(sketch.roadmap(), None).target == 1


def test_local_tour_finishes_a_small_pocket_on_the_way_out():
    """The pocket (node 1) is no nearer than the wide unknown (node 2), which comes last."""
    sketch = Sketch(
        [(0.0, 0.0), (-9.0, 0.0), (8.0, 0.0)],
        [(0, 1), (0, 2)],
        [set(), {0, 1}, {2, 3, 4, 5, 6, 7}],
    )
    roadmap = sketch.roadmap()
    wide = replace(roadmap.outlook, promise_m2=np.array([0.0, 5.0, 400.0]))
    roadmap = replace(roadmap, outlook=wide)
    assert LocalTour().choose(roadmap, None).target == 1
    assert LocalTour(promise=0.0).choose(roadmap, None).target == 2


def test_local_tour_asks_for_an_outlook():
    roadmap = replace(corridor(2).roadmap(), outlook=None)
    with pytest.raises(ValueError, match="outlook_m"):
        LocalTour().choose(roadmap, None)


@settings(max_examples=40, deadline=None)
@given(sketch=sketches(), seed=st.integers(0, 1000))
def test_search_keeps_a_tour_complete_and_never_makes_it_dearer(sketch, seed):
    outlook = sketch.roadmap().outlook
    seen = bit_rows(outlook.seen_indptr, outlook.seen_indices, len(outlook.nodes), 1)
    reach = [k for k in range(1, len(sketch.xy) - 1) if sketch.sees[k]]
    ways = new_ways(
        outlook.indptr,
        outlook.indices,
        outlook.lengths,
        outlook.unknown == 0.0,
        np.zeros(len(outlook.nodes)),
        seen,
        np.array([0, *reach], np.int32),
    )
    search(ways, 0)
    goal = np.bitwise_or.reduce(seen[reach], axis=0) if reach else np.zeros(1, np.uint64)
    task = Task(ways, goal, np.zeros(1 + len(reach)), 0.0)
    rng = np.random.default_rng(seed)
    first = grow(task, np.zeros(1, np.int32), 0.0, rng)
    tour, cost = improve(task, np.zeros(1, np.int32), 20, 0.5, rng)
    assert not missed(task, first).any()
    assert not missed(task, tour).any()
    assert cost == pytest.approx(tour_cost(task, tour))
    assert cost <= tour_cost(task, first) + 1e-9


def hop(place: GridMap, policy: LocalTour) -> HopEnv:
    """An episode of the hop protocol."""
    env = HopEnv([place], outlook_m=100.0)
    env.reset(seed=0)
    policy.reset(0)
    while env.status is HopStatus.RUNNING:
        env.step(env.slot_of(policy.choose(env.roadmap(), None).path[1]))
    return env


def test_local_tour_beats_the_measured_nearest_frontier_on_public_maps(shared_data):
    folder = shared_data / "exploration"
    with (folder / "dare_test_public_measured.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["method"] == "nearest"]
    maps = range(8)
    nearest = {int(r["map"]): float(r["distance_m"]) for r in rows}
    runs = [hop(m, LocalTour()) for m in load_dare_maps(folder / "dare_test_public.npz", maps)]
    assert all(run.status is HopStatus.COMPLETE for run in runs)
    assert all(run.explored > 0.999 for run in runs)
    distance = np.array([run.distance_m for run in runs])
    assert (distance / [nearest[m] for m in maps]).mean() < 1.0


@pytest.mark.parametrize("seed", range(4))
def test_the_covering_stops_see_what_all_see(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = rng.integers(0, 2**63, (40, 2)).astype(np.uint64) & rng.integers(
        0, 2**63, (40, 2)
    ).astype(np.uint64)
    begin = np.array([7, 3])
    chosen = covering(seen, begin)
    assert chosen[:2].tolist() == [7, 3]
    assert len(set(chosen.tolist())) == len(chosen) < 20
    assert (np.bitwise_or.reduce(seen[chosen]) == np.bitwise_or.reduce(seen)).all()
