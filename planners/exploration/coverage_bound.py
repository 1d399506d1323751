"""How short a complete exploration can be at best: a lower bound from a linear programme.

Any complete run is a walk from node s along arcs of a graph, and it enters, for everything it
must see, the set S of the nodes from which that is seen. With x_a traversals of arc a of length
d_a, and z_v = 1 at the node where the walk ends,

    minimise    sum d_a x_a
    subject to  x(out of v) - x(into v) + z_v = [v = s],   sum z = 1,   x, z >= 0,
                x(into W) >= 1   for every W that contains some S and not s.

Every row holds for every complete walk, so the least value of any selection of rows is a bound;
rows are added while the solution violates some (`coverage_cuts`). The value that is reported does
not rest on the solver's tolerances: it is computed anew from the dual solution. With multipliers
y >= 0 of the sets and p of the nodes, p_s - max p + sum y is a bound if no reduced cost
d_a - p_tail + p_head - sum y(W entered by a) is negative; negative ones that the solver left are
removed by scaling all multipliers by the least d_a / (d_a - reduced cost).

The bound is one for offline coverage of a map that is known: nobody who has to find out what the
map is like should be expected to reach it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from hiera.planners.exploration.coverage import Coverage, FloatArray, Rows

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class CoverageBound:
    """What the programme says.

    Attributes:
        lower_m: No complete walk is shorter [m]; computed from the multipliers, see above.
        value_m: The solver's own value [m].
        reduced: What a walk costs more than ``lower_m`` at least if it uses an arc, shape ``(e,)``
            [m].
        sets: The sets W of its rows, shape ``(k, n)``.
        converged: Whether no row is violated any more; if not, because rounds, time or the solver
            gave out, the bound holds all the same.
    """

    lower_m: float
    value_m: float
    reduced: FloatArray
    sets: NDArray[np.bool_]
    converged: bool


def coverage_bound(
    problem: Coverage, *, rounds: int = 100, budget_s: float = np.inf
) -> CoverageBound:
    """A length that no walk from the start falls short of if it enters every covering set.

    Args:
        problem: The walk to be found.
        rounds: Most times that rows are added.
        budget_s: No more rows are added once so much time has passed [s].
    """
    n, e = problem.nodes, len(problem.indices)
    rows = Rows(problem)
    begin = time.monotonic()
    x, value, lower, reduced = np.zeros(e), 0.0, 0.0, problem.lengths
    for _ in range(rounds):
        if rows.add(problem.violated(x)) == 0:
            return CoverageBound(lower, value, reduced, rows.sets, True)
        entering = rows.entering()
        answer = _solve(rows, entering)
        if answer.status != 0:
            break
        x, value = answer.x[:e], float(answer.fun)
        safe, over = dual_bound(
            problem, entering, -answer.ineqlin.marginals, answer.eqlin.marginals[:n]
        )
        if safe > lower:
            lower, reduced = safe, over
        if time.monotonic() - begin > budget_s:
            break
    return CoverageBound(lower, value, reduced, rows.sets, False)


def _solve(rows: Rows, entering: sparse.csr_array) -> Any:
    # The stubs know no sparse rows.
    matrices: dict[str, Any] = {"A_ub": -entering, "A_eq": rows.balance}
    ones = np.ones(len(rows.sets))
    return linprog(rows.costs, b_ub=-ones, b_eq=rows.supply, method="highs", **matrices)


def dual_bound(
    problem: Coverage, entering: sparse.csr_array, y: FloatArray, potential: FloatArray
) -> tuple[float, FloatArray]:
    """The bound that multipliers prove, whoever found them.

    Args:
        problem: The walk to be found.
        entering: Which arcs enter each set, shape ``(k, e)`` or wider.
        y: Multipliers of the sets, shape ``(k,)`` [m]; negative ones count as 0.
        potential: Multipliers of the nodes, shape ``(n,)`` [m].

    Returns:
        The bound, not below 0 [m], and the reduced costs, not below 0, shape ``(e,)`` [m].
    """
    y = np.maximum(y, 0.0)
    e = len(problem.indices)
    toll = (entering.T @ y)[:e] + potential[problem.tails] - potential[problem.indices]
    scale = min(1.0, float((problem.lengths / np.maximum(toll, problem.lengths)).min()))
    value = scale * (float(y.sum()) + float(potential[problem.start] - potential.max()))
    if value <= 0.0:
        return 0.0, problem.lengths
    reduced = np.maximum(problem.lengths - scale * toll, 0.0)
    return value * (1.0 - _ROUNDING), reduced
