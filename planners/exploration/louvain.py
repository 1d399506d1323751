"""Modularity by local moving and aggregation, from any starting partition.

V. D. Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre, "Fast unfolding of communities in large
networks", J. Stat. Mech. P10008, 2008 (arXiv 0803.0476). With w the edge weights, k_i the strength
of node i, S_c the strength of community c and 2m the total strength,
  Q = sum over c of [ w_c / 2m - gamma (S_c / 2m)^2 ],
and node i moves to the neighbouring community with the greatest  w_ic - gamma k_i S_c / 2m.
Ours: the sweep may start from a given partition instead of singletons, and 2m may be given, so
that the size of a community does not depend on how much of the graph is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array

_GAIN: Final = 1e-12


@dataclass(frozen=True, slots=True)
class WeightedGraph:
    """A symmetric weighted graph, compressed-sparse-row.

    Attributes:
        indptr: Row starts, shape ``(n + 1,)``.
        indices: Neighbours, shape ``(e,)``.
        weights: Edge weights, shape ``(e,)``.
        strength: Sum of the weights at each node, edges to elsewhere included, shape ``(n,)``.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    weights: NDArray[np.float64]
    strength: NDArray[np.float64]


def louvain(
    graph: WeightedGraph,
    start: NDArray[np.int64],
    *,
    resolution: float,
    total_strength: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Partitions a graph.

    Args:
        graph: Nodes to partition.
        start: Starting partition, labels in ``0 … n - 1``, shape ``(n,)``.
        resolution: gamma; larger means smaller communities.
        total_strength: 2m of the null model.
        rng: Decides the order of the sweeps.

    Returns:
        Labels ``0 … c - 1``, shape ``(n,)``.
    """
    factor = resolution / total_strength
    partition, level = start, graph
    first = True
    while True:
        n = len(level.strength)
        labels = partition.copy() if first else np.arange(n, dtype=np.int64)
        moved = _local_moving(
            level.indptr,
            level.indices,
            level.weights,
            level.strength,
            labels,
            rng.permutation(n),
            factor,
        )
        _, labels = np.unique(labels, return_inverse=True)
        partition = labels if first else labels[partition]
        count = int(labels.max(initial=-1)) + 1
        if count == n or (not moved and not first):
            return partition.astype(np.int64)
        level = _aggregate(level, labels, count)
        first = False


def modularity(graph: WeightedGraph, labels: NDArray[np.int64], resolution: float) -> float:
    """Q of a partition of the whole graph."""
    rows = np.repeat(np.arange(len(graph.strength)), np.diff(graph.indptr))
    total = graph.weights.sum()
    inside = graph.weights[labels[rows] == labels[graph.indices]].sum()
    strength = np.bincount(labels, weights=graph.strength)
    return float(inside / total - resolution * np.square(strength / total).sum())


def _aggregate(graph: WeightedGraph, labels: NDArray[np.int64], count: int) -> WeightedGraph:
    """One node per community; weights inside a community no longer matter and are dropped."""
    n = len(graph.strength)
    rows = labels[np.repeat(np.arange(n), np.diff(graph.indptr))]
    columns = labels[graph.indices]
    outside = rows != columns
    merged = csr_array(
        (graph.weights[outside], (rows[outside], columns[outside])), shape=(count, count)
    )
    merged.sum_duplicates()
    return WeightedGraph(
        merged.indptr.astype(np.int64),
        merged.indices.astype(np.int64),
        merged.data,
        np.asarray(np.bincount(labels, graph.strength, count), dtype=np.float64),
    )


@njit(cache=True)
def _local_moving(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    weights: NDArray[np.float64],
    strength: NDArray[np.float64],
    labels: NDArray[np.int64],
    order: NDArray[np.int64],
    factor: float,
) -> bool:
    """Sweeps until no node gains by moving; changes ``labels``; True if any node moved."""
    n = labels.shape[0]
    community = np.zeros(n)
    for i in range(n):
        community[labels[i]] += strength[i]
    towards = np.zeros(n)
    seen = np.empty(n, dtype=np.int64)
    any_moved = False
    moved = True
    while moved:
        moved = False
        for i in order:
            own = labels[i]
            count = 0
            for e in range(indptr[i], indptr[i + 1]):
                c = labels[indices[e]]
                if indices[e] == i:
                    continue
                if towards[c] == 0.0:
                    seen[count] = c
                    count += 1
                towards[c] += weights[e]
            community[own] -= strength[i]
            best, best_gain = own, towards[own] - factor * strength[i] * community[own]
            for s in range(count):
                c = seen[s]
                gain = towards[c] - factor * strength[i] * community[c]
                if gain > best_gain + _GAIN:
                    best, best_gain = c, gain
            for s in range(count):
                towards[seen[s]] = 0.0
            community[best] += strength[i]
            if best != own:
                labels[i] = best
                moved = any_moved = True
    return any_moved
