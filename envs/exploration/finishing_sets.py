"""What must be seen until the hop protocol ends on a known map, and from where it can be.

An episode ends when no frontier is left that counts. A free cell is a frontier while two or more
of its eight neighbours are unknown. So besides every free cell, of every two wall cells beside a
free cell one must be seen. A run that has seen all these targets has no frontier left; a run may
end earlier, because frontiers that only one viewpoint in sight counts are dropped by the protocol.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.lattice import Graph
from hiera.envs.exploration.sight import sense_hop

_UNKNOWN = 0


class FinishingSets(NamedTuple):
    """Inclusion-minimal targets and the nodes that show them.

    Attributes:
        cells: Two cells ``(x, y)`` of which one must be seen, the same twice for a free cell,
            shape ``(t, 2, 2)``.
        seen: Targets that each node shows, bit ``k & 63`` of word ``k >> 6`` for target k, shape
            ``(n, words)``.
    """

    cells: NDArray[np.int32]
    seen: NDArray[np.uint64]

    def left(self, belief: Belief) -> NDArray[np.uint64]:
        """Targets that a belief ``(H, W)`` leaves open, as a bit row, shape ``(words,)``."""
        unknown = (belief[self.cells[..., 1], self.cells[..., 0]] == _UNKNOWN).all(axis=1)
        return bit_row(unknown, self.seen.shape[1])


def bit_row(mask: NDArray[np.bool_], words: int) -> NDArray[np.uint64]:
    """A mask of shape ``(t,)`` as a bit row of so many 64-bit words."""
    padded = np.zeros(64 * words, np.bool_)
    padded[: len(mask)] = mask
    return np.packbits(padded, bitorder="little").view(np.uint64)


def finishing_sets(free: NDArray[np.bool_], graph: Graph, ends: NDArray[np.int32]) -> FinishingSets:
    """Finds the targets of a map.

    Args:
        free: True map, shape ``(H, W)``.
        graph: Its graph, see `true_lattice`.
        ends: Offsets from `ray_ends`.
    """
    n = int(graph.size[0])
    views, pairs = _views(free, graph.cell[:n], ends)
    size = np.bitwise_count(views).sum(axis=1) if hasattr(np, "bitwise_count") else _sizes(views)
    kept = _minimal(views, np.argsort(size, kind="stable"))
    shown = np.unpackbits(views[kept].view(np.uint8), axis=1, count=n, bitorder="little")
    words = -(-len(kept) // 64)
    seen = np.stack([bit_row(row, words) for row in shown.T.astype(np.bool_)])
    width = free.shape[1]
    cells = np.stack((pairs[kept] % width, pairs[kept] // width), axis=-1).astype(np.int32)
    return FinishingSets(cells, seen)


def _sizes(views: NDArray[np.uint64]) -> NDArray[np.intp]:
    return np.asarray(np.unpackbits(views.view(np.uint8), axis=1).sum(axis=1, dtype=np.intp))


@njit(cache=True)
def _views(
    free: NDArray[np.bool_], cells: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Nodes that show each target, as bit rows, and the target's two cells as ``y W + x``."""
    height, width = free.shape
    words = (cells.shape[0] + 63) // 64
    sees = np.zeros((height * width, words), np.uint64)
    belief = np.zeros((height, width), np.uint8)
    for k in range(cells.shape[0]):
        _, low, high, left, right = sense_hop(free, belief, cells[k, 0], cells[k, 1], ends)
        for y in range(low, high):
            for x in range(left, right):
                if belief[y, x] != _UNKNOWN:
                    sees[y * width + x, k >> 6] |= np.uint64(1) << np.uint64(k & 63)
                    belief[y, x] = _UNKNOWN
    most = 0
    for y in range(height):
        for x in range(width):
            if free[y, x] and sees[y * width + x].any():
                walls = _walls(free, x, y)
                most += 1 + walls * (walls - 1) // 2
    views = np.empty((most, words), np.uint64)
    pairs = np.empty((most, 2), np.int64)
    near = np.empty(8, np.int64)
    m = 0
    for y in range(height):
        for x in range(width):
            here = y * width + x
            if not (free[y, x] and sees[here].any()):
                continue
            views[m], pairs[m, 0], pairs[m, 1] = sees[here], here, here
            m += 1
            walls = 0
            for v in range(max(y - 1, 0), min(y + 2, height)):
                for u in range(max(x - 1, 0), min(x + 2, width)):
                    if not free[v, u]:
                        near[walls] = v * width + u
                        walls += 1
            for i in range(walls):
                for j in range(i):
                    both = sees[near[i]] | sees[near[j]]
                    if both.any():
                        views[m], pairs[m, 0], pairs[m, 1] = both, near[i], near[j]
                        m += 1
    return views[:m], pairs[:m]


@njit(cache=True)
def _walls(free: NDArray[np.bool_], x: int, y: int) -> int:
    height, width = free.shape
    walls = 0
    for v in range(max(y - 1, 0), min(y + 2, height)):
        for u in range(max(x - 1, 0), min(x + 2, width)):
            walls += not free[v, u]
    return walls


@njit(cache=True)
def _minimal(views: NDArray[np.uint64], order: NDArray[np.intp]) -> NDArray[np.int64]:
    """Rows that contain no other row, smallest first."""
    kept = np.empty(order.shape[0], np.int64)
    m = 0
    for k in order:
        minimal = True
        for i in range(m):
            inside = True
            for w in range(views.shape[1]):
                if views[kept[i], w] & ~views[k, w]:
                    inside = False
                    break
            if inside:
                minimal = False
                break
        if minimal:
            kept[m] = k
            m += 1
    return kept[:m]
