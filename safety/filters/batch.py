"""Many states at once through one `CbfFilter`: for training, sweeps and verification.

The rows of all samples are computed lane by lane, then the same check and the same programme run
for each sample as in a single call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hiera.safety.compiled import compiled
from hiera.safety.contract import Context, FloatArray, Status
from hiera.safety.filters.cbf import CbfFilter
from hiera.safety.filters.cbf_decision import FAILED, FILTERED, NOT_FINITE, decide
from hiera.safety.filters.cbf_kernel import CODE, OUTSIDE, STRAYED, filter_packed
from hiera.safety.filters.cbf_margins import ROUNDING, finite
from hiera.safety.filters.packed import (
    KNOWN,
    LEVELS,
    MOVES,
    ROWS,
    UNSURE,
    K,
    M,
    N,
    Q,
    curvature_of,
    limits_of,
    program_of,
    within_domain,
)
from hiera.safety.tape.machine import LANES, run_lanes
from hiera.safety.tape.program import IntArray

_INSIDE = -1e-9
STATUSES = tuple(Status)
_NOMINAL = STATUSES.index(Status.NOMINAL)
_FILTERED = STATUSES.index(Status.FILTERED)
_RECOVERING = STATUSES.index(Status.RECOVERING)
_ASK = -1


@dataclass(frozen=True, slots=True, eq=False)
class BatchAction:
    """Answers for many states.

    Attributes:
        u: Actions, shape ``(B, m)``.
        status: Index of each in `STATUSES`, shape ``(B,)``.
        margins: Barriers at the states, shape ``(B, k)``.
        backups: Name of what acted, for each sample for which the programme had no answer.
    """

    u: FloatArray
    status: NDArray[np.int64]
    margins: FloatArray
    backups: Mapping[int, str]

    @property
    def certified(self) -> NDArray[np.bool_]:
        """Whether a check stands behind each action, shape ``(B,)``."""
        sure = [STATUSES.index(s) for s in STATUSES if _certified(s)]
        mask: NDArray[np.bool_] = np.isin(self.status, sure)
        return mask


def _certified(status: Status) -> bool:
    return status not in (Status.RECOVERING, Status.STOP, Status.PASS_THROUGH)


def filter_batch(
    gate: CbfFilter, X: FloatArray, U: FloatArray, P: FloatArray | None = None
) -> BatchAction:
    """Filters many actions; the same answers as `CbfFilter.filter` without a context.

    Args:
        gate: The filter; barriers with ``over`` and opaque ones are not for batches.
        X: States, shape ``(B, n)``.
        U: Nominal actions, shape ``(B, m)``.
        P: Parameters, shape ``(B, q)``.

    Raises:
        ValueError: If a shape is wrong, or the filter has rows that vary in number.
    """
    n, m, q = gate.system.n, gate.system.m, gate.rows.q
    if gate.rows.varying:
        raise ValueError("barriers with over=, and opaque ones, cannot be filtered in batches")
    X, U = np.asarray(X, dtype=np.float64), np.asarray(U, dtype=np.float64)
    P = np.zeros((len(X), 0)) if P is None else np.asarray(P, dtype=np.float64)
    if X.ndim != 2 or X.shape[1] != n or U.shape != (len(X), m) or P.shape != (len(X), q):
        raise ValueError(
            f"X, U and P must have shapes (B, {n}), (B, {m}), (B, {q}), "
            f"not {X.shape}, {U.shape}, {P.shape}"
        )
    rows = gate.rows
    inputs = np.ascontiguousarray(np.concatenate((X, P, U), axis=1))
    u, status = np.empty((len(X), m)), np.empty(len(X), np.int64)
    margins = np.empty((len(X), rows.fixed))
    if rows.fixed:
        registers = rows.program.rows.n_registers
        _filter_many(
            inputs,
            rows.ints,
            rows.floats,
            registers,
            u,
            status,
            margins,
            rows.out.copy(),
            rows.scratch.copy(),
        )
    else:
        status[:] = _ASK
    one = gate.unwatched()
    backups: dict[int, str] = {}
    for i in np.flatnonzero(status == _ASK):
        answer = one.filter(X[i], U[i], Context(float(i), p=P[i]))
        u[i], status[i] = answer.u, STATUSES.index(answer.status)
        if answer.backup is not None:
            backups[int(i)] = answer.backup
        margins[i] = answer.margins if len(answer.margins) else np.nan
    return BatchAction(u, status, margins, backups)


@compiled
def _filter_many(
    inputs: FloatArray,
    ints: IntArray,
    floats: FloatArray,
    registers: int,
    u: FloatArray,
    status: IntArray,
    margins: FloatArray,
    out: FloatArray,
    scratch: FloatArray,
) -> None:
    """Fills ``u``, ``status`` and ``margins``; `_ASK` where the ladder below has to be asked."""
    n, m, q, k = ints[N], ints[M], ints[Q], ints[K]
    batch = inputs.shape[0]
    code, constants, outputs = program_of(ints, floats, ROWS)
    tick, low, high, weights, _ = limits_of(ints, floats)
    levels = ints[LEVELS : LEVELS + k]
    simple = not ints[UNSURE] and (not ints[MOVES] or ints[KNOWN])
    extra = np.zeros(k)
    if ints[MOVES] and ints[KNOWN]:
        extra[:] = 0.5 * tick * curvature_of(ints, floats)
    block, rows = np.empty((n + q, LANES)), np.empty((k * (m + 3), LANES))
    A, b, multipliers = np.empty((k, m)), np.empty(k), np.empty(k + 2 * m)
    for first in range(0, batch, LANES):
        count = min(LANES, batch - first)
        if simple:
            for j in range(count):
                for i in range(n + q):
                    block[i, j] = inputs[first + j, i]
            run_lanes(code, constants, block, outputs, rows, registers)
        for j in range(count):
            s = first + j
            if not simple:
                bits = filter_packed(inputs[s], ints, floats, out, scratch)
                _keep(
                    bits & CODE,
                    bits & (1 << OUTSIDE | 1 << STRAYED) != 0,
                    out[:m],
                    u[s],
                    status,
                    s,
                )
                margins[s] = out[m : m + k]
                continue
            outside = not within_domain(inputs[s, :n], ints, floats)
            for i in range(k):
                margins[s, i] = rows[i, j]
                outside = outside or (levels[i] == 0 and rows[k + i, j] < _INSIDE)
                b[i] = rows[(2 + m) * k + i, j] - ROUNDING + extra[i]
                for c in range(m):
                    A[i, c] = rows[2 * k + i * m + c, j]
            if not (finite(inputs[s]) and finite(b) and finite(margins[s])):
                status[s] = _ASK
                continue
            found = decide(inputs[s, n + q :], weights, A, b, low, high, u[s], multipliers, scratch)
            _keep(found, outside, u[s], u[s], status, s)


@compiled
def _keep(
    code: int, outside: bool, answer: FloatArray, u: FloatArray, status: IntArray, s: int
) -> None:
    if code in (FAILED, NOT_FINITE):
        status[s] = _ASK
        return
    for c in range(u.shape[0]):
        u[c] = answer[c]
    status[s] = _RECOVERING if outside else (_FILTERED if code == FILTERED else _NOMINAL)
