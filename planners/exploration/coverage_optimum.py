"""The shortest complete exploration of a known map, proved: the programme with whole traversals.

With whole x the arcs that are traversed, connected to the start, make a walk: they balance at
every node but the ends, so an Euler way uses each as often as x says. If x violates no row, that
walk enters every covering set. So rows are added until a whole optimum violates none; it is then a
complete walk as short as any. Two things keep the programme small:

- A shortest walk uses no arc twice: of ... u v A u v B the part A can be walked backwards, without
  the arc, and sees the same. So x is 0 or 1.
- A walk that uses an arc of reduced cost r is at least r longer than the linear bound. So arcs with
  r > g are left out, and the optimum without them is the optimum if it is within g of the bound;
  otherwise g grows.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from hiera.planners.exploration.coverage import Coverage, FloatArray, Rows
from hiera.planners.exploration.coverage_bound import coverage_bound

_DONE, _LIMIT, _INFEASIBLE = 0, 1, 2
_SAME_M = 1e-4
_FIRST_GAP_M = 4.0


@dataclass(frozen=True, slots=True)
class CoverageOptimum:
    """The shortest complete walk, or how much is known of it.

    Attributes:
        lower_m: No complete walk is shorter [m]; beyond the linear programme's value this rests on
            the integer solver's tolerances, about 1e-6 of it.
        walk: Nodes of the shortest complete walk that was found, the start first; empty if none.
        walk_m: Its length [m], infinite if there is none.
        linear_m: The linear programme's bound [m].
    """

    lower_m: float
    walk: tuple[int, ...]
    walk_m: float
    linear_m: float

    @property
    def proved(self) -> bool:
        """Whether the walk is as short as any."""
        return self.walk_m <= self.lower_m + _SAME_M


def coverage_optimum(problem: Coverage, *, budget_s: float = 60.0) -> CoverageOptimum:
    """The shortest walk from the start that enters every covering set.

    Args:
        problem: The walk to be found.
        budget_s: After so much time the best bound so far is the answer [s].
    """
    end = time.monotonic() + budget_s
    linear = coverage_bound(problem, budget_s=budget_s)
    rows = Rows(problem)
    rows.add(linear.sets)
    lower, best, best_m = linear.lower_m, tuple[int, ...](), np.inf
    if problem.targets == 0:
        best, best_m = (problem.start,), 0.0
    gap = _FIRST_GAP_M
    while best_m > lower + _SAME_M:
        value, x = _whole(rows, problem, linear.reduced <= gap, end)
        lower = max(lower, min(value, linear.lower_m + gap))
        if x is not None:
            walk = euler_walk(problem, x)
            length = walk_length(problem, walk)
            best, best_m = (walk, length) if length < best_m else (best, best_m)
        elif np.isfinite(value):
            break
        gap = 2.0 * gap if not np.isfinite(best_m) else best_m - linear.lower_m
    return CoverageOptimum(lower, best, best_m, linear.lower_m)


def _whole(
    rows: Rows, problem: Coverage, allowed: NDArray[np.bool_], end: float
) -> tuple[float, NDArray[np.int64] | None]:
    """A bound on walks along allowed arcs, infinite if there is none, and the best one if found."""
    e = len(problem.indices)
    whole = np.repeat([1, 0], [e, problem.nodes])
    limits = Bounds(0.0, np.concatenate((allowed.astype(np.float64), np.ones(problem.nodes))))
    value = 0.0
    while (left_s := end - time.monotonic()) > 0.0:
        answer = milp(
            rows.costs,
            integrality=whole,
            bounds=limits,
            constraints=(
                LinearConstraint(rows.balance, rows.supply, rows.supply),
                LinearConstraint(rows.entering(), 1.0, np.inf),
            ),
            options={"time_limit": left_s, "mip_rel_gap": 0.0},
        )
        if answer.status == _INFEASIBLE:
            return np.inf, None
        if answer.status not in (_DONE, _LIMIT):
            break
        if answer.mip_dual_bound is not None:
            value = max(value, float(answer.mip_dual_bound))
        if answer.status == _LIMIT or answer.x is None:
            break
        x = np.rint(answer.x[:e])
        if rows.add(problem.violated(x)) == 0:
            return value, x.astype(np.int64)
    return value, None


def euler_walk(problem: Coverage, times: NDArray[np.int64]) -> tuple[int, ...]:
    """A walk from the start along every arc that is connected to it, as often as is said.

    Source: C. Hierholzer, "Ueber die Moeglichkeit, einen Linienzug ohne Wiederholung und ohne
    Unterbrechung zu umfahren", Mathematische Annalen 6, 1873.

    Args:
        problem: The graph.
        times: Traversals, balanced at every node but the walk's ends, shape ``(e,)``.
    """
    left = times.copy()
    following = problem.indptr[:-1].astype(np.int64)
    stack, walk = [problem.start], []
    while stack:
        v = stack[-1]
        while following[v] < problem.indptr[v + 1] and left[following[v]] == 0:
            following[v] += 1
        if following[v] == problem.indptr[v + 1]:
            walk.append(stack.pop())
        else:
            left[following[v]] -= 1
            stack.append(int(problem.indices[following[v]]))
    return tuple(reversed(walk))


def walk_length(problem: Coverage, walk: tuple[int, ...]) -> float:
    """Length of a walk along arcs [m].

    Raises:
        ValueError: If two nodes that follow each other are not joined.
    """
    lengths: FloatArray = np.zeros(max(len(walk) - 1, 0))
    for k, (a, b) in enumerate(itertools.pairwise(walk)):
        row = slice(problem.indptr[a], problem.indptr[a + 1])
        arc = np.flatnonzero(problem.indices[row] == b)
        if not len(arc):
            raise ValueError(f"coverage: nodes {a} and {b} are not joined")
        lengths[k] = problem.lengths[row][arc[0]]
    return float(lengths.sum())
