"""The machine that runs programs: one loop over instructions, for one vector or for lanes of many.

Compiled once and kept on disk, whatever programs it runs later: a new barrier costs no compile
time. In lanes every instruction is a vector operation, so that a batch costs a fraction of a
nanosecond per instruction and sample.
"""

from __future__ import annotations

import math

import numpy as np

from hiera.safety.compiled import compiled
from hiera.safety.tape.program import FloatArray, IntArray

LANES = 64


@compiled
def operate(op: int, a: float, b: float, c: float) -> float:
    """One operation; the numbers are `hiera.safety.tape.graph.Op`."""
    if op == 4:
        return a * b
    if op == 2:
        return a + b
    if op == 3:
        return a - b
    if op == 5:
        return a / b if b != 0.0 else (np.inf if a > 0.0 else (-np.inf if a < 0.0 else np.nan))
    if op == 6:
        return -a
    if op == 7:
        return math.sqrt(a) if a >= 0.0 else math.nan
    if op == 8:
        return math.sin(a)
    if op == 9:
        return math.cos(a)
    if op == 19:
        return min(a, b)
    if op == 20:
        return max(a, b)
    if op == 18:
        return abs(a)
    if op == 21:
        return 1.0 if a > 0.0 else (-1.0 if a < 0.0 else 0.0)
    if op == 22:
        return 1.0 if a > 0.0 else 0.0
    if op == 23:
        return b if a > 0.0 else c
    return _rarely(op, a, b)


@compiled
def _rarely(op: int, a: float, b: float) -> float:
    if op == 10:
        return math.tan(a)
    if op == 11:
        return math.exp(a)
    if op == 12:
        return math.log(a) if a > 0.0 else (-np.inf if a == 0.0 else np.nan)
    if op == 13:
        return math.tanh(a)
    if op == 14:
        return math.atan(a)
    if op == 15:
        return math.atan2(a, b)
    if op == 16:
        return math.asin(a) if -1.0 <= a <= 1.0 else np.nan
    if op == 17:
        return math.acos(a) if -1.0 <= a <= 1.0 else np.nan
    if op == 24:
        return math.pow(a, b)
    return np.nan


@compiled
def run(
    code: IntArray,
    constants: FloatArray,
    inputs: FloatArray,
    outputs: IntArray,
    out: FloatArray,
    work: FloatArray,
) -> None:
    """Runs a program on one vector of inputs.

    Args:
        code: `Program.code`, shape ``(l, 5)``.
        constants: Shape ``(k,)``.
        inputs: Shape ``(n,)``.
        outputs: `Program.outputs`, shape ``(o,)``.
        out: Filled, shape ``(o,)``.
        work: Scratch, at least ``Program.n_registers`` long.
    """
    n = inputs.shape[0]
    for i in range(n):
        work[i] = inputs[i]
    for i in range(constants.shape[0]):
        work[n + i] = constants[i]
    for i in range(code.shape[0]):
        op, a, b = code[i, 0], work[code[i, 2]], work[code[i, 3]]
        work[code[i, 1]] = operate(op, a, b, work[code[i, 4]])
    for i in range(outputs.shape[0]):
        out[i] = work[outputs[i]]


@compiled
def _lane_step(op: int, w: FloatArray, d: int, a: int, b: int, c: int) -> None:
    if op == 4:
        for j in range(LANES):
            w[d, j] = w[a, j] * w[b, j]
    elif op == 2:
        for j in range(LANES):
            w[d, j] = w[a, j] + w[b, j]
    elif op == 3:
        for j in range(LANES):
            w[d, j] = w[a, j] - w[b, j]
    elif op == 6:
        for j in range(LANES):
            w[d, j] = -w[a, j]
    elif op == 7:
        for j in range(LANES):
            w[d, j] = np.sqrt(w[a, j])
    elif op == 8:
        for j in range(LANES):
            w[d, j] = math.sin(w[a, j])
    elif op == 9:
        for j in range(LANES):
            w[d, j] = math.cos(w[a, j])
    elif op == 18:
        for j in range(LANES):
            w[d, j] = abs(w[a, j])
    elif op == 19:
        for j in range(LANES):
            w[d, j] = w[a, j] if w[a, j] < w[b, j] else w[b, j]
    elif op == 20:
        for j in range(LANES):
            w[d, j] = w[a, j] if w[a, j] > w[b, j] else w[b, j]
    elif op == 22:
        for j in range(LANES):
            w[d, j] = 1.0 if w[a, j] > 0.0 else 0.0
    elif op == 23:
        for j in range(LANES):
            w[d, j] = w[b, j] if w[a, j] > 0.0 else w[c, j]
    elif op == 5:
        for j in range(LANES):
            w[d, j] = w[a, j] / w[b, j]
    else:
        for j in range(LANES):
            w[d, j] = operate(op, w[a, j], w[b, j], w[c, j])


@compiled
def run_lanes(
    code: IntArray,
    constants: FloatArray,
    inputs: FloatArray,
    outputs: IntArray,
    out: FloatArray,
    n_registers: int,
) -> None:
    """Runs a program on many vectors of inputs, `LANES` at a time; same results as `run`.

    Args:
        code: Shape ``(l, 5)``.
        constants: Shape ``(k,)``.
        inputs: Shape ``(n, B)``.
        outputs: Shape ``(o,)``.
        out: Filled, shape ``(o, B)``.
        n_registers: `Program.n_registers`.
    """
    n, batch = inputs.shape
    work = np.zeros((n_registers, LANES))
    for i in range(constants.shape[0]):
        work[n + i, :] = constants[i]
    for first in range(0, batch, LANES):
        count = min(LANES, batch - first)
        for i in range(n):
            for j in range(count):
                work[i, j] = inputs[i, first + j]
        for i in range(code.shape[0]):
            _lane_step(code[i, 0], work, code[i, 1], code[i, 2], code[i, 3], code[i, 4])
        for i in range(outputs.shape[0]):
            for j in range(count):
                out[i, first + j] = work[outputs[i], j]
