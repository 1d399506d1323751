"""The global graph against networkx: nothing useful lost, distances kept."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from hiera.planners.exploration.communities import CommunityTracker
from hiera.planners.exploration.global_graph import GlobalGraph, GlobalMapper, prune
from tests.planners.roadmaps import ArrayRoadmap, roadmaps, rooms
from tests.planners.test_communities import sweep


def condensed(
    roadmap: ArrayRoadmap, radius_m: float = 8.0
) -> tuple[GlobalGraph, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    communities = CommunityTracker(radius_m=radius_m).update(roadmap)
    return GlobalMapper().update(roadmap, communities), communities.labels


def network_of(graph: GlobalGraph) -> nx.Graph:
    network = nx.Graph()
    network.add_nodes_from(graph.ids.tolist())
    for (a, b), length in zip(graph.edges.tolist(), graph.lengths.tolist(), strict=True):
        network.add_edge(int(graph.ids[a]), int(graph.ids[b]), weight=length)
    return network


@given(roadmaps())
@settings(max_examples=40)
def test_places_and_ways_are_those_of_the_viewpoint_graph(roadmap: ArrayRoadmap) -> None:
    graph, labels = condensed(roadmap)
    network = roadmap.network()
    assert graph.utility.sum() == roadmap.utility[labels >= 0].sum()
    assert graph.size.sum() == (labels >= 0).sum()
    assert np.array_equal(labels[graph.representative], graph.ids)
    crossing = {
        tuple(sorted((int(labels[a]), int(labels[b]))))
        for a, b in network.edges
        if labels[a] != labels[b]
    }
    assert {tuple(graph.ids[pair].tolist()) for pair in graph.edges} == crossing
    for (a, b), length in zip(graph.edges.tolist(), graph.lengths, strict=True):
        inside = np.flatnonzero((labels == graph.ids[a]) | (labels == graph.ids[b]))
        expected = nx.dijkstra_path_length(
            network.subgraph(inside.tolist()),
            int(graph.representative[a]),
            int(graph.representative[b]),
            weight="length",
        )
        assert length == pytest.approx(expected)


@given(roadmaps())
@settings(max_examples=60)
def test_pruning_loses_nothing_useful_and_keeps_every_distance(roadmap: ArrayRoadmap) -> None:
    whole, _ = condensed(roadmap)
    pruned = prune(whole)
    kept = set(pruned.ids.tolist())
    assert set(whole.ids[whole.utility > 0].tolist()) <= kept
    if whole.robot >= 0:
        assert int(whole.ids[whole.robot]) in kept
        assert pruned.ids[pruned.robot] == whole.ids[whole.robot]
    before = dict(nx.all_pairs_dijkstra_path_length(network_of(whole)))
    after = dict(nx.all_pairs_dijkstra_path_length(network_of(pruned)))
    for a in kept:
        assert set(after[a]) == set(before[a]) & kept
        assert all(after[a][b] == pytest.approx(before[a][b]) for b in after[a])


@given(roadmaps())
@settings(max_examples=60)
def test_exactly_the_cut_vertices_between_wanted_places_are_kept_besides(
    roadmap: ArrayRoadmap,
) -> None:
    whole, _ = condensed(roadmap)
    network = network_of(whole)
    wanted = set(whole.ids[whole.utility > 0].tolist())
    if whole.robot >= 0:
        wanted.add(int(whole.ids[whole.robot]))
    separating = set()
    for vertex in set(network) - wanted:
        component = nx.node_connected_component(network, vertex) & wanted
        cut = network.copy()
        cut.remove_node(vertex)
        pieces = [piece & component for piece in nx.connected_components(cut)]
        if sum(bool(piece) for piece in pieces) > 1:
            separating.add(vertex)
    assert set(prune(whole).ids.tolist()) == wanted | separating


def test_a_finished_room_between_two_useful_ones_stays_and_one_at_the_end_goes() -> None:
    middle, _ = condensed(rooms(3, useful=(2,)), radius_m=14.0)
    assert len(middle.ids) >= 3
    left = middle.xy[:, 0]
    kept = prune(middle)
    assert len(kept.ids) == len(middle.ids)
    end, _ = condensed(replace(rooms(3, useful=(1,)), robot=0), radius_m=14.0)
    assert prune(end).xy[:, 0].max() < left.max()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_remembered_between_updates_is_what_would_be_computed_anew(seed: int) -> None:
    tracker, mapper = CommunityTracker(radius_m=8.0), GlobalMapper()
    for roadmap in sweep(seed, side=8):
        communities = tracker.update(roadmap)
        kept = mapper.update(roadmap, communities)
        anew = GlobalMapper().update(roadmap, communities)
        assert np.array_equal(kept.representative, anew.representative)
        assert np.array_equal(kept.edges, anew.edges)
        np.testing.assert_allclose(kept.lengths, anew.lengths)


def test_representative_is_nearly_as_central_as_the_best_node() -> None:
    for seed in range(3):
        roadmap = sweep(seed, side=8)[-1]
        graph, labels = condensed(roadmap)
        network = roadmap.network()
        for place, node in zip(graph.ids.tolist(), graph.representative.tolist(), strict=True):
            members = np.flatnonzero(labels == place).tolist()
            inside = network.subgraph(members)
            sums = {
                v: sum(nx.single_source_dijkstra_path_length(inside, v, weight="length").values())
                for v in members
            }
            assert sums[node] <= 1.1 * min(sums.values()) + 1e-9
