"""Recorded expressions as a program: a list of instructions on numbered registers.

A program is data, four arrays that can be stored, hashed, sent and printed as C. Registers hold
the inputs, then the constants, then intermediate results, which reuse what is no longer needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hiera.safety.tape.derive import below
from hiera.safety.tape.graph import Expr, Op

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Instructions that compute outputs from inputs.

    Attributes:
        code: ``(operation, target, a, b, c)`` a row, shape ``(l, 5)``; see `Op`.
        constants: Shape ``(k,)``; they stand in the registers after the inputs.
        n_inputs: Number of inputs.
        n_registers: Registers in all.
        outputs: Register of each output, shape ``(o,)``.
    """

    code: IntArray
    constants: FloatArray
    n_inputs: int
    n_registers: int
    outputs: IntArray

    def __call__(self, inputs: FloatArray) -> FloatArray:
        """Outputs for one vector of inputs, shape ``(o,)``.

        Args:
            inputs: Shape ``(n_inputs,)``.
        """
        from hiera.safety.tape.machine import run

        out = np.empty(len(self.outputs))
        run(
            self.code,
            self.constants,
            np.ascontiguousarray(inputs, dtype=np.float64),
            self.outputs,
            out,
            np.empty(self.n_registers),
        )
        return out

    def bounds(self, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Rigorous bounds of every output over a box of inputs, shapes ``(o,)``.

        Args:
            low: Lower corner, shape ``(n_inputs,)``.
            high: Upper corner, shape ``(n_inputs,)``.
        """
        from hiera.safety.tape.intervals import run_interval

        out_low, out_high = np.empty(len(self.outputs)), np.empty(len(self.outputs))
        run_interval(
            self.code,
            self.constants,
            np.ascontiguousarray(low, dtype=np.float64),
            np.ascontiguousarray(high, dtype=np.float64),
            self.outputs,
            out_low,
            out_high,
            np.empty((2, self.n_registers)),
        )
        return out_low, out_high

    def batch(self, inputs: FloatArray) -> FloatArray:
        """Outputs for many vectors of inputs, shape ``(o, B)``.

        Args:
            inputs: Shape ``(n_inputs, B)``.
        """
        from hiera.safety.tape.machine import run_lanes

        inputs = np.ascontiguousarray(inputs, dtype=np.float64)
        out = np.empty((len(self.outputs), inputs.shape[1]))
        run_lanes(self.code, self.constants, inputs, self.outputs, out, self.n_registers)
        return out


def compile_program(outputs: Sequence[Expr], n_inputs: int) -> Program:
    """Orders the instructions and allots the registers.

    Args:
        outputs: What is to be computed.
        n_inputs: Number of inputs; input nodes name their slot.
    """
    nodes = below(outputs)
    constants = [n for n in nodes if n.op is Op.CONST]
    register = {n.index: int(n.value) for n in nodes if n.op is Op.INPUT}
    register |= {n.index: n_inputs + i for i, n in enumerate(constants)}
    steps = [n for n in nodes if n.op not in (Op.INPUT, Op.CONST)]
    last = {a.index: i for i, n in enumerate(steps) for a in n.args}
    last |= {o.index: len(steps) for o in outputs}
    count = n_inputs + len(constants)
    free: list[int] = []
    code = np.zeros((len(steps), 5), np.int64)
    for i, node in enumerate(steps):
        operands = [register[a.index] for a in node.args]
        # A target may be an operand's register: the machine reads all operands first.
        free += [
            register[arg.index]
            for arg in {a.index: a for a in node.args}.values()
            if last[arg.index] == i and arg.op not in (Op.INPUT, Op.CONST)
        ]
        if free:
            target = free.pop()
        else:
            target, count = count, count + 1
        register[node.index] = target
        code[i, :2] = node.op, target
        code[i, 2 : 2 + len(operands)] = operands
    return Program(
        code,
        np.array([n.value for n in constants], dtype=np.float64),
        n_inputs,
        count,
        np.array([register[o.index] for o in outputs], dtype=np.int64),
    )
