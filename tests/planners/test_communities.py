"""Places: a partition that stays where nothing changes."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiera.planners.exploration.communities import NO_COMMUNITY, CommunityTracker
from hiera.planners.exploration.louvain import WeightedGraph, louvain, modularity
from tests.planners.roadmaps import ArrayRoadmap, lattice, roadmaps

RADIUS_M = 12.0


def weighted(roadmap: ArrayRoadmap) -> tuple[WeightedGraph, nx.Graph]:
    weights = 1.0 / roadmap.lengths
    rows = np.repeat(np.arange(len(roadmap.xy)), np.diff(roadmap.indptr))
    strength = np.bincount(rows, weights=weights, minlength=len(roadmap.xy))
    graph = WeightedGraph(
        roadmap.indptr.astype(np.int64), roadmap.indices.astype(np.int64), weights, strength
    )
    network = roadmap.network()
    for _, _, data in network.edges(data=True):
        data["weight"] = 1.0 / data["length"]
    return graph, network


def sweep(seed: int, side: int = 12) -> list[ArrayRoadmap]:
    """A floor discovered from the left: more and more columns of one lattice."""
    rng = np.random.default_rng(seed)
    mask = rng.random((side, 3 * side)) < 0.85
    mask[:, 0] = True
    cells = np.argwhere(mask)
    order = np.lexsort((cells[:, 0], cells[:, 1]))
    columns = np.sort(cells[:, 1])
    whole = lattice(mask, order=order)
    network = whole.network()
    found = []
    for last in range(side, 3 * side, 3):
        n = int((columns < last).sum())
        part = network.subgraph(range(n))
        keep = [v for v in range(n) if part.degree(v) > 0]
        assert keep
        indptr = np.zeros(n + 1, dtype=np.int32)
        indices: list[int] = []
        for v in range(n):
            indices += sorted(part[v])
            indptr[v + 1] = len(indices)
        columns_of = np.array(indices, dtype=np.int32)
        rows = np.repeat(np.arange(n), np.diff(indptr))
        found.append(
            ArrayRoadmap(
                last,
                whole.xy[:n],
                np.zeros(n, np.int32),
                np.zeros(n, bool),
                indptr,
                columns_of,
                np.hypot(*(whole.xy[rows] - whole.xy[columns_of]).T),
                0,
            )
        )
    return found


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_modularity_is_that_of_networkx_louvain_within_five_percent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    roadmap = lattice(rng.random((12, 14)) < 0.8)
    graph, network = weighted(roadmap)
    parts = louvain(
        graph,
        np.arange(len(roadmap.xy), dtype=np.int64),
        resolution=1.0,
        total_strength=float(graph.strength.sum()),
        rng=rng,
    )
    reference = nx.community.louvain_communities(network, seed=seed)
    expected = nx.community.modularity(network, reference)
    ours = [set(np.flatnonzero(parts == part).tolist()) for part in np.unique(parts)]
    assert modularity(graph, parts, 1.0) == pytest.approx(nx.community.modularity(network, ours))
    assert modularity(graph, parts, 1.0) >= 0.95 * expected


@given(roadmaps())
@settings(max_examples=50)
def test_places_are_connected_small_and_cover_every_joined_node(roadmap: ArrayRoadmap) -> None:
    labels = CommunityTracker(radius_m=RADIUS_M).update(roadmap).labels
    joined = np.diff(roadmap.indptr) > 0
    assert np.array_equal(labels != NO_COMMUNITY, joined)
    network = roadmap.network()
    for place in np.unique(labels[joined]):
        members = np.flatnonzero(labels == place)
        assert nx.is_connected(network.subgraph(members.tolist()))
        offset = roadmap.xy[members] - roadmap.xy[members].mean(axis=0)
        assert np.hypot(*offset.T).max() <= RADIUS_M + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_places_far_from_a_change_keep_their_nodes_and_ids(seed: int) -> None:
    tracker = CommunityTracker(radius_m=RADIUS_M)
    before = tracker.update((snapshots := sweep(seed))[0]).labels
    for roadmap in snapshots[1:]:
        update = tracker.update(roadmap)
        first_new = roadmap.xy[len(before) :, 0].min()
        settled = roadmap.xy[: len(before), 0] < first_new - 3 * RADIUS_M
        assert np.array_equal(update.labels[: len(before)][settled], before[settled])
        before = update.labels


@pytest.mark.parametrize("seed", range(4))
def test_most_nodes_keep_their_place_from_one_update_to_the_next(seed: int) -> None:
    tracker = CommunityTracker(radius_m=RADIUS_M)
    before = tracker.update((snapshots := sweep(seed))[0]).labels
    kept = []
    for roadmap in snapshots[1:]:
        labels = tracker.update(roadmap).labels
        kept.append(np.mean(labels[: len(before)] == before))
        before = labels
    assert np.mean(kept) > 0.85


@given(roadmaps())
@settings(max_examples=30)
def test_an_update_without_new_edges_changes_nothing(roadmap: ArrayRoadmap) -> None:
    tracker = CommunityTracker()
    first = tracker.update(roadmap)
    again = tracker.update(replace(roadmap, version=1, utility=roadmap.utility + 1))
    assert np.array_equal(first.labels, again.labels)
    assert again.changed == frozenset()


def test_ids_are_never_given_twice() -> None:
    tracker = CommunityTracker(radius_m=RADIUS_M)
    ever: set[int] = set()
    issued = 0
    for roadmap in sweep(1):
        update = tracker.update(roadmap)
        fresh = set(np.unique(update.labels[update.labels >= 0]).tolist()) - ever
        assert all(place >= issued for place in fresh)
        issued = update.issued
        ever |= fresh


def test_a_node_that_loses_its_edges_loses_its_place() -> None:
    full = lattice(np.ones((3, 3), dtype=bool))
    tracker = CommunityTracker()
    tracker.update(full)
    network = full.network()
    network.remove_edges_from(list(network.edges(4)))
    indptr = np.cumsum([0, *(network.degree(v) for v in range(9))]).astype(np.int32)
    indices = np.array([u for v in range(9) for u in sorted(network[v])], dtype=np.int32)
    lengths = np.array([network[v][u]["length"] for v in range(9) for u in sorted(network[v])])
    update = tracker.update(replace(full, indptr=indptr, indices=indices, lengths=lengths))
    assert update.labels[4] == NO_COMMUNITY
    assert (np.delete(update.labels, 4) != NO_COMMUNITY).all()


def test_a_graph_that_shrinks_is_taken_for_another_episode() -> None:
    tracker = CommunityTracker()
    tracker.update(lattice(np.ones((3, 3), dtype=bool)))
    with pytest.raises(ValueError, match="reset"):
        tracker.update(lattice(np.ones((2, 2), dtype=bool)))
    tracker.reset(0)
    assert len(tracker.update(lattice(np.ones((2, 2), dtype=bool))).labels) == 4


def test_the_same_snapshots_give_the_same_places() -> None:
    def run() -> list[list[int]]:
        tracker = CommunityTracker(seed=5)
        return [tracker.update(roadmap).labels.tolist() for roadmap in sweep(2)]

    assert run() == run()
