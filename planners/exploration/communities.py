"""Places: communities of the viewpoint graph, kept up to date where the graph has changed.

After FARE (S. Liao et al., "FARE", arXiv 2601.14681, 2026), which condenses the viewpoint graph by
modularity-based community detection; the paper's formulas beyond modularity itself are not public,
so everything below is ours: edge weight 1/length; Louvain (see `louvain`) re-run only on changed
nodes and on the places they touch, starting from the old partition; the null model's mass fixed
to that of a square of four radii a side, so that a place has the same size in a cottage and in an
airport; connected places only; a bound on the radius; and ids that stay with a place for as long
as most of it stays together. The work of an update is that of the changed part, plus one pass
over the arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from hiera.planners.exploration.belief import RoadmapLike
from hiera.planners.exploration.louvain import WeightedGraph, louvain
from hiera.planners.exploration.paths import confined_distances

NO_COMMUNITY: Final = -1
"""Label of a node without edges."""

_WINDOW_RADII: Final = 4.0


@dataclass(frozen=True, slots=True)
class Communities:
    """A partition of the viewpoints into places.

    Attributes:
        labels: Id of each node's place, shape ``(n,)``; `NO_COMMUNITY` for nodes without edges.
        changed: Ids whose members or edges may differ from the update before, gone ones included.
        issued: Every id ever given is below this.
    """

    labels: NDArray[np.int64]
    changed: frozenset[int]
    issued: int


class CommunityTracker:
    """Follows the places of a growing viewpoint graph through an episode."""

    def __init__(self, *, radius_m: float = 12.0, resolution: float = 1.0, seed: int = 0) -> None:
        """Sets the tracker up.

        Args:
            radius_m: No node is farther than this from its place's centroid [m].
            resolution: gamma of the modularity; larger means smaller places.
            seed: Decides the order of Louvain's sweeps.
        """
        if radius_m <= 0.0 or resolution <= 0.0:
            raise ValueError("the radius and the resolution of communities must be positive")
        self._radius_m = radius_m
        self._resolution = resolution
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Forgets every place; ids start from 0 again."""
        self._seed = seed
        self._updates = 0
        self._prints = np.zeros(0, dtype=np.int64)
        self._current = Communities(np.zeros(0, dtype=np.int64), frozenset(), 0)

    def update(self, roadmap: RoadmapLike) -> Communities:
        """Takes in a newer snapshot of the same episode's graph.

        Raises:
            ValueError: If nodes have disappeared, so that it must be another episode's graph.
        """
        known = len(self._prints)
        if len(roadmap.xy) < known:
            raise ValueError("the viewpoint graph has lost nodes: reset between episodes")
        prints = _fingerprints(roadmap.indptr, roadmap.indices)
        dirty = np.ones(len(prints), dtype=np.bool_)
        dirty[:known] = prints[:known] != self._prints
        self._prints = prints
        old = np.full(len(prints), NO_COMMUNITY, dtype=np.int64)
        old[:known] = self._current.labels
        if not dirty.any():
            self._current = Communities(old, frozenset(), self._current.issued)
            return self._current
        self._current = self._repartition(roadmap, old, dirty)
        return self._current

    def _repartition(
        self, roadmap: RoadmapLike, old: NDArray[np.int64], dirty: NDArray[np.bool_]
    ) -> Communities:
        touched = np.zeros(self._current.issued + 1, dtype=np.bool_)
        touched[old[dirty]] = True
        touched[NO_COMMUNITY] = False
        joined = np.diff(roadmap.indptr) > 0
        in_region = joined & (dirty | touched[old])
        region = np.flatnonzero(in_region)
        labels = np.where(joined, old, NO_COMMUNITY)
        issued = self._current.issued
        self._updates += 1
        if len(region):
            rng = np.random.default_rng([self._seed, self._updates])
            parts = self._partition(roadmap, region, old[region], rng)
            ids, issued = _keep_ids(parts, old[region], issued)
            labels[region] = ids
        changed = frozenset(np.flatnonzero(touched).tolist())
        return Communities(labels, changed | frozenset(labels[region].tolist()), issued)

    def _partition(
        self,
        roadmap: RoadmapLike,
        region: NDArray[np.intp],
        old: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        graph = _induced(roadmap, region)
        start = np.arange(len(region), dtype=np.int64)
        for label in np.unique(old[old >= 0]).tolist():
            members = np.flatnonzero(old == label)
            start[members] = members[0]
        parts = louvain(
            graph,
            start,
            resolution=self._resolution,
            total_strength=self._window_strength(graph),
            rng=rng,
        )
        return _within_radius(graph, roadmap.xy[region], _connected(graph, parts), self._radius_m)

    def _window_strength(self, graph: WeightedGraph) -> float:
        """2m of a square window of four radii a side, filled as densely as this region is."""
        spacing = float(np.median(1.0 / _heaviest(graph.indptr, graph.weights)))
        nodes = max(1.0, (_WINDOW_RADII * self._radius_m / spacing) ** 2)
        return nodes * float(graph.strength.mean())


def _induced(roadmap: RoadmapLike, region: NDArray[np.intp]) -> WeightedGraph:
    """The region's own edges with weights 1/length; strengths count the edges that leave it."""
    local = np.full(len(roadmap.xy), -1, dtype=np.int64)
    local[region] = np.arange(len(region))
    indptr, indices, weights, strength = _extract(
        roadmap.indptr, roadmap.indices, roadmap.lengths, local, region
    )
    return WeightedGraph(indptr, indices, weights, strength)


def _connected(graph: WeightedGraph, parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Splits every part into its connected pieces."""
    n = len(parts)
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    inside = parts[rows] == parts[graph.indices]
    links = csr_array(
        (np.ones(int(inside.sum())), (rows[inside], graph.indices[inside])), shape=(n, n)
    )
    return connected_components(links, directed=False)[1].astype(np.int64)


def _within_radius(
    graph: WeightedGraph, xy: NDArray[np.float64], parts: NDArray[np.int64], radius_m: float
) -> NDArray[np.int64]:
    """Halves every connected part that reaches too far, until none does.

    The halves are the nodes nearer (along the graph, inside the part) to one of two far-apart
    nodes, so both are connected again.
    """
    parts = parts.copy()
    queue = np.unique(parts).tolist()
    free = len(queue)
    while queue:
        part = queue.pop()
        members = np.flatnonzero(parts == part)
        offset = np.hypot(*(xy[members] - xy[members].mean(axis=0)).T)
        if offset.max() <= radius_m:
            continue
        one = int(members[np.argmax(offset)])
        other = int(members[np.argmax(np.hypot(*(xy[members] - xy[one]).T))])
        from_one, from_other = (_inside(graph, parts, part, source) for source in (one, other))
        parts[members[from_other[members] < from_one[members]]] = free
        queue += [part, free]
        free += 1
    return parts


def _inside(
    graph: WeightedGraph, parts: NDArray[np.int64], part: int, source: int
) -> NDArray[np.float64]:
    distance = np.full(len(parts), np.inf)
    confined_distances(
        graph.indptr, graph.indices, 1.0 / graph.weights, parts, part, part, source, distance
    )
    return distance


def _keep_ids(
    parts: NDArray[np.int64], old: NDArray[np.int64], issued: int
) -> tuple[NDArray[np.int64], int]:
    """Gives each part the id it shares most nodes with, the largest shares first."""
    count = int(parts.max()) + 1
    pairs, shared = np.unique(parts[old >= 0] + count * old[old >= 0], return_counts=True)
    name = np.full(count, NO_COMMUNITY, dtype=np.int64)
    taken: set[int] = set()
    for pair in pairs[np.lexsort((pairs, -shared))].tolist():
        label, part = divmod(pair, count)
        if name[part] == NO_COMMUNITY and label not in taken:
            name[part] = label
            taken.add(label)
    fresh = np.flatnonzero(name == NO_COMMUNITY)
    name[fresh] = issued + np.arange(len(fresh))
    return name[parts], issued + len(fresh)


@njit(cache=True)
def _fingerprints(indptr: NDArray[np.int32], indices: NDArray[np.int32]) -> NDArray[np.int64]:
    """A number per node that changes when its set of neighbours does."""
    n = indptr.shape[0] - 1
    prints = np.zeros(n, dtype=np.int64)
    for i in range(n):
        total = np.int64(0)
        for e in range(indptr[i], indptr[i + 1]):
            j = np.int64(indices[e]) + 1
            total += (j * 2654435761 % 4294967291) ** 2 % 2147483647 + 1
        prints[i] = total
    return prints


@njit(cache=True)
def _heaviest(indptr: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Greatest weight at each node that has one."""
    n = indptr.shape[0] - 1
    heaviest = np.zeros(n)
    for i in range(n):
        for e in range(indptr[i], indptr[i + 1]):
            heaviest[i] = max(heaviest[i], weights[e])
    return heaviest[heaviest > 0.0]


@njit(cache=True)
def _extract(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    lengths: NDArray[np.float64],
    local: NDArray[np.int64],
    region: NDArray[np.intp],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    size = 0
    for i in region:
        size += indptr[i + 1] - indptr[i]
    out_indptr = np.zeros(len(region) + 1, dtype=np.int64)
    out_indices = np.empty(size, dtype=np.int64)
    out_weights = np.empty(size)
    strength = np.zeros(len(region))
    at = 0
    for row, i in enumerate(region):
        for e in range(indptr[i], indptr[i + 1]):
            weight = 1.0 / max(lengths[e], 1e-6)
            strength[row] += weight
            if local[indices[e]] >= 0:
                out_indices[at] = local[indices[e]]
                out_weights[at] = weight
                at += 1
        out_indptr[row + 1] = at
    return out_indptr, out_indices[:at].copy(), out_weights[:at].copy(), strength
