"""Shortest paths against SciPy's."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from hiera.planners.exploration.paths import confined_distances, distances_from
from tests.planners.roadmaps import ArrayRoadmap, roadmaps


@given(roadmaps())
@settings(max_examples=40)
def test_distances_are_scipys(roadmap: ArrayRoadmap) -> None:
    n = len(roadmap.xy)
    matrix = csr_array((roadmap.lengths, roadmap.indices, roadmap.indptr), shape=(n, n))
    expected = dijkstra(matrix, indices=roadmap.robot)
    np.testing.assert_allclose(distances_from(roadmap, roadmap.robot), expected)


@given(roadmaps())
@settings(max_examples=40)
def test_confined_search_never_leaves_its_labels(roadmap: ArrayRoadmap) -> None:
    n = len(roadmap.xy)
    labels = (np.arange(n) * 7 % 3).astype(np.int64)
    source = roadmap.robot
    allowed = (labels == labels[source]) | (labels == 2)
    distance = np.full(n, np.inf)
    confined_distances(
        roadmap.indptr,
        roadmap.indices,
        roadmap.lengths,
        labels,
        int(labels[source]),
        2,
        source,
        distance,
    )
    network = roadmap.network()
    network.remove_nodes_from(np.flatnonzero(~allowed).tolist())
    inside = {int(v) for v in np.flatnonzero(np.isfinite(distance))}
    assert inside == nx.node_connected_component(network, source)
    exact = nx.single_source_dijkstra_path_length(network, source, weight="length")
    assert all(np.isclose(distance[v], length) for v, length in exact.items())
