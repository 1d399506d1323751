"""A problem packed into two arrays, so that a compiled kernel takes it with one cheap call.

Every array that crosses from Python into compiled code costs a fraction of a microsecond; a
filter with its three programs would pay more for that than for its arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiera.safety.barriers.rows import RowProgram
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.tape.program import IntArray

N, M, Q, K, MOVES, UNSURE, BOUNDED, KNOWN = range(8)
"""Positions in the head: sizes, whether the time within a tick counts, whether x is uncertain,
whether there is a domain, and whether every curvature is a known constant."""
ROWS, MOTION, FLOW, NOISE = (8, 16, 24, 32)
"""Positions of the programs' descriptions: code, length, constants, count, outputs, count, size."""
LEVELS = 40
"""Where the rows' priorities begin."""
_TICK, _LOW = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Integers and floats of a problem; see `pack`."""

    ints: IntArray
    floats: FloatArray
    registers: int
    """Registers of the largest program."""


def pack(
    rows: RowProgram,
    low: FloatArray,
    high: FloatArray,
    weights: FloatArray,
    uncertainty: FloatArray,
    tick_s: float,
    moves: bool,
    curvature: FloatArray,
    rest: FloatArray,
    domain: tuple[FloatArray, FloatArray] | None = None,
) -> Packed:
    """Packs rows, limits and settings.

    Args:
        rows: The programs.
        low: Lower input limits, shape ``(m,)``.
        high: Upper input limits, shape ``(m,)``.
        weights: Of the squared deviations from the nominal input, shape ``(m,)``.
        uncertainty: Bound of each state's estimation error, shape ``(n,)``.
        tick_s: Filter period [s].
        moves: Whether the rows must hold during the tick, not only at its start.
        curvature: Bound of each row's ``-dD/dt``, shape ``(k,)``; infinite if not known.
        rest: Input of rest, shape ``(m,)``.
        domain: Where the rows' constants hold, two arrays of shape ``(n,)``; None for everywhere.
    """
    n, m = len(uncertainty), len(low)
    head = np.zeros(LEVELS, np.int64)
    head[[N, M, Q, K, MOVES, UNSURE]] = n, m, rows.q, rows.k, moves, bool(np.any(uncertainty > 0))
    least, most = (np.zeros(n), np.zeros(n)) if domain is None else domain
    floats = [np.array([tick_s]), low, high, weights, uncertainty, least, most, curvature, rest]
    floats.append(np.array(rows.gains, dtype=np.float64))
    head[[BOUNDED, KNOWN]] = domain is not None, bool(np.all(np.isfinite(curvature)))
    ints = [head, np.array(rows.priorities, dtype=np.int64)]
    at, spot = LEVELS + rows.k, sum(len(f) for f in floats)
    programs = ((ROWS, rows.rows), (MOTION, rows.motion), (FLOW, rows.flow), (NOISE, rows.noise))
    for place, program in programs:
        code, out = program.code.reshape(-1), program.outputs
        head[place : place + 7] = (
            at,
            len(program.code),
            spot,
            len(program.constants),
            at + len(code),
            len(out),
            program.n_registers,
        )
        ints += [code, out]
        floats.append(program.constants)
        at += len(code) + len(out)
        spot += len(program.constants)
    registers = max(p.n_registers for _, p in programs)
    return Packed(np.concatenate(ints), np.concatenate(floats), registers)


@compiled
def program_of(
    ints: IntArray, floats: FloatArray, place: int
) -> tuple[IntArray, FloatArray, IntArray]:
    """Code, constants and outputs of one of the packed programs."""
    at, length, spot, count, outputs, outs = ints[place : place + 6]
    code = ints[at : at + 5 * length].reshape(length, 5)
    return code, floats[spot : spot + count], ints[outputs : outputs + outs]


@compiled
def limits_of(
    ints: IntArray, floats: FloatArray
) -> tuple[float, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Tick, lower and upper input limits, weights, uncertainty."""
    n, m = ints[N], ints[M]
    return (
        floats[_TICK],
        floats[_LOW : _LOW + m],
        floats[_LOW + m : _LOW + 2 * m],
        floats[_LOW + 2 * m : _LOW + 3 * m],
        floats[_LOW + 3 * m : _LOW + 3 * m + n],
    )


@compiled
def curvature_of(ints: IntArray, floats: FloatArray) -> FloatArray:
    """Known bounds of the rows' ``-dD/dt``, shape ``(k,)``."""
    first = _LOW + 3 * ints[M] + 3 * ints[N]
    return floats[first : first + ints[K]]


@compiled
def rest_of(ints: IntArray, floats: FloatArray) -> FloatArray:
    """The input of rest, shape ``(m,)``."""
    first = _LOW + 3 * ints[M] + 3 * ints[N] + ints[K]
    return floats[first : first + ints[M]]


@compiled
def gains_of(ints: IntArray, floats: FloatArray) -> FloatArray:
    """The last gain of each row, shape ``(k,)``."""
    first = _LOW + 4 * ints[M] + 3 * ints[N] + ints[K]
    return floats[first : first + ints[K]]


@compiled
def within_domain(x: FloatArray, ints: IntArray, floats: FloatArray) -> bool:
    """Whether a state is where the rows' constants hold."""
    if ints[BOUNDED]:
        n = ints[N]
        first = _LOW + 3 * ints[M] + n
        for i in range(n):
            if not floats[first + i] <= x[i] <= floats[first + n + i]:
                return False
    return True
