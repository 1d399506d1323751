"""The covering-walk programme: what it asks, and its rows as they grow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hiera.planners.exploration.coverage_cuts import reversed_arcs, violated_sets

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]


@dataclass(frozen=True)
class Coverage:
    """A walk to be found: from where, along what, and what it must see.

    Attributes:
        indptr: Row starts of the arcs, shape ``(n + 1,)``; every arc has its opposite.
        indices: Heads of the arcs, shape ``(e,)``.
        lengths: Their lengths, positive, shape ``(e,)`` [m].
        start: Node of the start; all nodes can be reached from it.
        cover_indptr: Row starts of the covering sets, shape ``(t + 1,)``.
        cover_indices: Nodes of the covering sets, none of them the start.
    """

    indptr: IntArray
    indices: IntArray
    lengths: FloatArray
    start: int
    cover_indptr: IntArray
    cover_indices: IntArray

    def __post_init__(self) -> None:
        if (self.back < 0).any():
            raise ValueError("coverage: every arc must have its opposite")

    @cached_property
    def back(self) -> IntArray:
        """The opposite of each arc, shape ``(e,)``."""
        found: IntArray = reversed_arcs(self.indptr, self.indices)
        return found

    @cached_property
    def tails(self) -> NDArray[np.int64]:
        """Tails of the arcs, shape ``(e,)``."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1

    @property
    def targets(self) -> int:
        """Number of covering sets."""
        return len(self.cover_indptr) - 1

    def violated(self, x: FloatArray) -> NDArray[np.bool_]:
        """Sets W that traversals x, shape ``(e,)``, enter less than once, shape ``(k, n)``."""
        return violated_sets(
            self.indptr,
            self.indices,
            self.back,
            self.start,
            self.cover_indptr,
            self.cover_indices,
            x,
        )


class Rows:
    """The programme's rows, as they grow: columns are the arcs, then the nodes' ends."""

    def __init__(self, problem: Coverage) -> None:
        self._problem = problem
        self._tails, self._heads = problem.tails, problem.indices
        n, e = problem.nodes, len(problem.indices)
        self.columns = e + n
        arcs, nodes = np.arange(e), np.arange(n)
        rows = np.concatenate((self._tails, self._heads, nodes, np.full(n, n)))
        columns = np.concatenate((arcs, arcs, e + nodes, e + nodes))
        values = np.concatenate((np.ones(e), -np.ones(e), np.ones(2 * n)))
        self.balance = sparse.csr_array((values, (rows, columns)), shape=(n + 1, self.columns))
        self.supply = np.zeros(n + 1)
        self.supply[[problem.start, n]] = 1.0
        self.costs = np.concatenate((problem.lengths, np.zeros(n)))
        self.sets = np.zeros((0, n), np.bool_)
        self._known: set[bytes] = set()

    def add(self, sets: NDArray[np.bool_]) -> int:
        """Takes sets over that are not there yet; returns how many.

        Raises:
            ValueError: If one contains the start or no covering set, so that its row would be
                wrong.
        """
        fresh = []
        for mask in sets:
            key = np.packbits(mask).tobytes()
            if key not in self._known:
                self._check(mask)
                self._known.add(key)
                fresh.append(mask)
        if fresh:
            self.sets = np.concatenate((self.sets, np.array(fresh)))
        return len(fresh)

    def _check(self, mask: NDArray[np.bool_]) -> None:
        problem = self._problem
        outside = np.add.reduceat(~mask[problem.cover_indices], problem.cover_indptr[:-1])
        if mask[problem.start] or outside.min() > 0:
            raise ValueError("a set must contain a covering set and not the start")

    def entering(self) -> sparse.csr_array:
        """Which arcs enter each set, shape ``(k, columns)``."""
        into = self.sets[:, self._heads] & ~self.sets[:, self._tails]
        row, column = np.nonzero(into)
        shape = (len(self.sets), self.columns)
        return sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)
