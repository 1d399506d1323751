"""The kernel that others call from compiled code: solve, then check."""

from __future__ import annotations

import math

from hiera.safety.contract import FloatArray
from hiera.safety.qp.answer import INFEASIBLE, NOT_FINITE, SOLVED, UNVERIFIED
from hiera.safety.qp.dual_active_set import solve_unchecked, workspace_size
from hiera.safety.qp.kernel import kernel, part
from hiera.safety.qp.verify import is_contradiction, is_optimal

_LOOSER = 1e4
"""Of the second attempt: rows that contradict one another by mere rounding are then no violation,
which leaves them a tenth of what the check allows."""


@part
def solve_and_check(
    u_nom: FloatArray,
    w: FloatArray,
    A: FloatArray,
    b: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    u_out: FloatArray,
    lam_out: FloatArray,
    work: FloatArray,
) -> int:
    """`solve_checked` to be inlined, without its look at the sizes."""
    code = UNVERIFIED
    for looseness in (1.0, _LOOSER):
        code = solve_unchecked(u_nom, w, A, b, lower, upper, u_out, lam_out, work, looseness)
        if code == NOT_FINITE:
            break
        if code == INFEASIBLE:
            if is_contradiction(A, b, lower, upper, lam_out):
                break
            code = UNVERIFIED
        elif is_optimal(u_nom, w, A, b, lower, upper, u_out, lam_out, work[: len(w)]):
            return SOLVED
        elif code == SOLVED:
            code = UNVERIFIED
    for j in range(len(u_out)):
        u_out[j] = math.nan
    return code


@kernel
def solve_checked(
    u_nom: FloatArray,
    w: FloatArray,
    A: FloatArray,
    b: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    u_out: FloatArray,
    lam_out: FloatArray,
    work: FloatArray,
) -> int:
    """Solves the programme and checks the answer; all arrays float64, C-contiguous.

    Args:
        u_nom: Nominal input, shape ``(m,)``.
        w: Weights, positive, shape ``(m,)``.
        A: Rows, shape ``(k, m)``, any scale.
        b: Shape ``(k,)``; -inf switches a row off.
        lower: Shape ``(m,)``, may be -inf.
        upper: Shape ``(m,)``, may be inf.
        u_out: Gets the optimum, shape ``(m,)``, or NaN where there is none.
        lam_out: Gets the multipliers of rows, lower and upper bounds, shape ``(k + 2 m,)``: the
            optimum's, or the contradiction's where the code is `INFEASIBLE`.
        work: At least `workspace_size` entries.

    Returns:
        `SOLVED`, `INFEASIBLE`, `UNVERIFIED`, `ITERATION_LIMIT` or `NOT_FINITE`.

    Raises:
        ValueError: If an array to write to has the wrong size; others are not looked at.
    """
    k, m = A.shape
    if len(work) < workspace_size(k, m) or len(lam_out) != k + 2 * m or len(u_out) != m:
        raise ValueError("work needs workspace_size(k, m) entries, lam_out k + 2 m, u_out m")
    return solve_and_check(u_nom, w, A, b, lower, upper, u_out, lam_out, work)
