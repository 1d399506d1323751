"""G_global: one node per place, pruned to what still matters.

After FARE (arXiv 2601.14681) and HEADER (arXiv 2510.15679). Their pruning rule is not public; ours:
a place goes when it has nothing left to see, does not hold the robot and is no cut vertex between
two places that stay. Whatever goes, the distances between those that stay are those of the
unpruned graph. A place is represented by a medoid (a real viewpoint); two places are joined when
an edge of the viewpoint graph crosses between them, and the length is that of the shortest path
between their representatives through the two places, so that a length can only change when one of
the two does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import networkx as nx
import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from hiera.planners.exploration.belief import RoadmapLike
from hiera.planners.exploration.communities import NO_COMMUNITY, Communities
from hiera.planners.exploration.paths import confined_distances

_SHORTLIST: Final = 8
_NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class GlobalGraph:
    """Places and the ways between them; ``k`` places, ``m`` ways.

    Attributes:
        ids: Stable ids, ascending, shape ``(k,)``.
        representative: Node that stands for each place, shape ``(k,)``.
        xy: Position of the representative, shape ``(k, 2)`` [m].
        size: Number of viewpoints in each place, shape ``(k,)``.
        utility: Sum of their utilities, shape ``(k,)``.
        edges: Positions of the two places of each way, first < second, shape ``(m, 2)``.
        lengths: Length of each way, shape ``(m,)`` [m].
        robot: Position of the place that holds the robot, or -1 if its node has no edges.
    """

    ids: NDArray[np.int64]
    representative: NDArray[np.int64]
    xy: NDArray[np.float64]
    size: NDArray[np.int64]
    utility: NDArray[np.int64]
    edges: NDArray[np.int64]
    lengths: NDArray[np.float64]
    robot: int

    def matrix(self) -> csr_array:
        """Lengths as a symmetric sparse matrix, shape ``(k, k)``."""
        k = len(self.ids)
        a, b = self.edges[:, 0], self.edges[:, 1]
        return csr_array(
            (np.tile(self.lengths, 2), (np.concatenate((a, b)), np.concatenate((b, a)))),
            shape=(k, k),
        )

    def distances(self, sources: NDArray[np.intp]) -> NDArray[np.float64]:
        """Shortest paths over the places, shape ``(len(sources), k)`` [m]; inf if there is none."""
        if not len(sources):
            return np.zeros((0, len(self.ids)))
        return np.asarray(dijkstra(self.matrix(), directed=True, indices=sources))

    def neighbours(self, position: int) -> NDArray[np.int64]:
        """Positions of the places next to one."""
        touching = (self.edges == position).any(axis=1)
        return np.sort(self.edges[touching].sum(axis=1) - position)


class GlobalMapper:
    """Builds the unpruned graph, computing anew only what has changed."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets everything remembered of the episode."""
        self._medoid: dict[int, int] = {}
        self._length: dict[tuple[int, int], float] = {}

    def update(self, roadmap: RoadmapLike, communities: Communities) -> GlobalGraph:
        """Condenses a snapshot; must see every update of the tracker's in turn."""
        labels = communities.labels
        self._forget(communities.changed)
        joined = np.flatnonzero(labels != NO_COMMUNITY)
        ids, position = np.unique(labels[joined], return_inverse=True)
        members = joined[np.argsort(position, kind="stable")]
        size = np.bincount(position, minlength=len(ids)).astype(np.int64)
        scratch = np.full(len(labels), np.inf)
        representative = self._medoids(
            roadmap, labels, ids, np.split(members, np.cumsum(size)[:-1]), scratch
        )
        edges = _crossings(roadmap, labels, ids)
        utility = np.bincount(position, weights=roadmap.utility[joined], minlength=len(ids))
        robot = int(labels[roadmap.robot]) if len(labels) else NO_COMMUNITY
        return GlobalGraph(
            ids=ids,
            representative=representative,
            xy=roadmap.xy[representative],
            size=size,
            utility=utility.astype(np.int64),
            edges=edges,
            lengths=self._lengths(roadmap, labels, ids, representative, edges, scratch),
            robot=int(np.searchsorted(ids, robot)) if robot != NO_COMMUNITY else _NOWHERE,
        )

    def _forget(self, changed: frozenset[int]) -> None:
        if not changed:
            return
        self._medoid = {a: node for a, node in self._medoid.items() if a not in changed}
        self._length = {
            pair: length
            for pair, length in self._length.items()
            if pair[0] not in changed and pair[1] not in changed
        }

    def _medoids(
        self,
        roadmap: RoadmapLike,
        labels: NDArray[np.int64],
        ids: NDArray[np.int64],
        members: list[NDArray[np.intp]],
        scratch: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        for label, nodes in zip(ids.tolist(), members, strict=False):
            if label not in self._medoid:
                self._medoid[label] = int(
                    _medoid(
                        roadmap.indptr,
                        roadmap.indices,
                        roadmap.lengths,
                        roadmap.xy,
                        labels,
                        nodes,
                        _SHORTLIST,
                        scratch,
                    )
                )
        return np.array([self._medoid[label] for label in ids.tolist()], dtype=np.int64)

    def _lengths(
        self,
        roadmap: RoadmapLike,
        labels: NDArray[np.int64],
        ids: NDArray[np.int64],
        representative: NDArray[np.int64],
        edges: NDArray[np.int64],
        scratch: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        lengths = np.empty(len(edges))
        for row, (a, b) in enumerate(edges.tolist()):
            pair = (int(ids[a]), int(ids[b]))
            if pair not in self._length:
                self._length[pair] = float(
                    _between(
                        roadmap.indptr,
                        roadmap.indices,
                        roadmap.lengths,
                        labels,
                        pair[0],
                        pair[1],
                        int(representative[a]),
                        int(representative[b]),
                        scratch,
                    )
                )
            lengths[row] = self._length[pair]
        return lengths


def prune(graph: GlobalGraph) -> GlobalGraph:
    """Drops the places that no longer matter; distances among the others stay what they were."""
    wanted = graph.utility > 0
    if graph.robot >= 0:
        wanted[graph.robot] = True
    kept = np.flatnonzero(wanted | _separators(graph, wanted))
    if len(kept) == len(graph.ids):
        return graph
    edges, lengths = _spanner(graph.distances(kept)[:, kept])
    robot = int(np.searchsorted(kept, graph.robot)) if graph.robot >= 0 else _NOWHERE
    return GlobalGraph(
        ids=graph.ids[kept],
        representative=graph.representative[kept],
        xy=graph.xy[kept],
        size=graph.size[kept],
        utility=graph.utility[kept],
        edges=edges,
        lengths=lengths,
        robot=robot,
    )


def _separators(graph: GlobalGraph, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cut vertices between two wanted places, shape ``(k,)``.

    They are what is left of the block-cut tree when leaves that hold nothing wanted are plucked
    until none remains.
    """
    network: nx.Graph[int] = nx.Graph(graph.edges.tolist())
    blocks = [
        frozenset(int(v) for edge in edges for v in edge)
        for edges in nx.biconnected_component_edges(network)
    ]
    cuts = set(nx.articulation_points(network))
    tree: nx.Graph[int] = nx.Graph()
    for number, block in enumerate(blocks):
        tree.add_edges_from(((-1 - number), cut) for cut in block & cuts)
    needed = {-1 - n for n, block in enumerate(blocks) if any(wanted[v] for v in block - cuts)}
    needed |= {cut for cut in cuts if wanted[cut]}
    leaves = [v for v in tree if tree.degree(v) <= 1 and v not in needed]
    while leaves:
        leaf = leaves.pop()
        around = list(tree[leaf])
        tree.remove_node(leaf)
        leaves += [v for v in around if tree.degree(v) == 1 and v not in needed]
    separating = np.zeros(len(graph.ids), dtype=np.bool_)
    separating[np.array([v for v in tree if v >= 0], dtype=np.intp)] = True
    return separating


def _spanner(
    distances: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Fewest edges with the same shortest paths: pairs that no third place lies between."""
    edges = _direct_pairs(distances)
    return edges, distances[edges[:, 0], edges[:, 1]]


@njit(cache=True)
def _direct_pairs(d: NDArray[np.float64]) -> NDArray[np.int64]:
    k = d.shape[0]
    pairs = np.empty((k * (k - 1) // 2, 2), dtype=np.int64)
    count = 0
    for a in range(k):
        for b in range(a + 1, k):
            if d[a, b] == np.inf:
                continue
            direct = True
            for c in range(k):
                if c != a and c != b and d[a, c] + d[c, b] <= d[a, b] * (1.0 + 1e-12):
                    direct = False
                    break
            if direct:
                pairs[count, 0], pairs[count, 1] = a, b
                count += 1
    return pairs[:count].copy()


def _crossings(
    roadmap: RoadmapLike, labels: NDArray[np.int64], ids: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pairs of positions with an edge of the viewpoint graph between them, shape ``(m, 2)``."""
    k = len(ids)
    if k == 0:
        return np.zeros((0, 2), dtype=np.int64)
    rows = np.repeat(labels, np.diff(roadmap.indptr))
    columns = labels[roadmap.indices]
    cross = (rows < columns) & (rows != NO_COMMUNITY)
    codes = np.unique(np.searchsorted(ids, rows[cross]) * k + np.searchsorted(ids, columns[cross]))
    return np.column_stack(np.divmod(codes, k)).astype(np.int64)


@njit(cache=True)
def _medoid(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    lengths: NDArray[np.float64],
    xy: NDArray[np.float64],
    labels: NDArray[np.int64],
    members: NDArray[np.intp],
    shortlist: int,
    scratch: NDArray[np.float64],
) -> int:
    """Of the members nearest the centroid, the one with the least sum of path lengths inside."""
    label = labels[members[0]]
    x, y = xy[members, 0].mean(), xy[members, 1].mean()
    offset = np.hypot(xy[members, 0] - x, xy[members, 1] - y)
    candidates = members[np.argsort(offset, kind="mergesort")[:shortlist]]
    best, best_sum = -1, np.inf
    for candidate in candidates:
        scratch[members] = np.inf
        confined_distances(indptr, indices, lengths, labels, label, label, candidate, scratch)
        total = scratch[members].sum()
        if best < 0 or total < best_sum - 1e-9:
            best, best_sum = candidate, total
    scratch[members] = np.inf
    return best


@njit(cache=True)
def _between(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    lengths: NDArray[np.float64],
    labels: NDArray[np.int64],
    label_a: int,
    label_b: int,
    source: int,
    target: int,
    scratch: NDArray[np.float64],
) -> float:
    """Shortest path through two places; leaves ``scratch`` at inf again."""
    confined_distances(indptr, indices, lengths, labels, label_a, label_b, source, scratch)
    length = scratch[target]
    stack = [source]
    scratch[source] = np.inf
    while len(stack) > 0:
        node = stack.pop()
        for e in range(indptr[node], indptr[node + 1]):
            other = indices[e]
            if scratch[other] < np.inf:
                scratch[other] = np.inf
                stack.append(other)
    return float(length)
