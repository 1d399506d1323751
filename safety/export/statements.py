"""Recorded programs as straight-line C: one local variable an instruction."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from hiera.safety.tape.graph import Op
from hiera.safety.tape.program import Program

_INFIX = {Op.ADD: "+", Op.SUB: "-", Op.MUL: "*"}
_SCALAR = {
    Op.DIV: "divide",
    Op.SQRT: "sqrt",
    Op.SIN: "sin",
    Op.COS: "cos",
    Op.TAN: "tan",
    Op.EXP: "exp",
    Op.LOG: "log",
    Op.TANH: "tanh",
    Op.ATAN: "atan",
    Op.ATAN2: "atan2",
    Op.ASIN: "asin",
    Op.ACOS: "acos",
    Op.ABS: "fabs",
    Op.MIN: "lesser",
    Op.MAX: "larger",
    Op.SIGN: "sign_of",
    Op.STEP: "is_positive",
    Op.SELECT: "choose",
    Op.POW: "pow",
}
_TWO = (*_INFIX, Op.DIV, Op.ATAN2, Op.MIN, Op.MAX, Op.POW)


def number(value: float) -> str:
    """A float as C, to the last bit."""
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0.0 else "-INFINITY"
    return repr(float(value))


def scalar(op: Op, operands: Sequence[str]) -> str:
    """An operation on doubles."""
    if op in _INFIX:
        return f"{operands[0]} {_INFIX[op]} {operands[1]}"
    if op is Op.NEG:
        return f"-{operands[0]}"
    return f"{_SCALAR[op]}({', '.join(operands)})"


def bound(op: Op, operands: Sequence[str]) -> str:
    """An operation on intervals."""
    if op is Op.MUL and operands[0] == operands[1]:
        return f"i_square({operands[0]})"
    return f"i_{op.name.lower()}({', '.join(operands)})"


def function(
    name: str,
    program: Program,
    inputs: dict[str, int],
    outputs: dict[str, int],
    *,
    intervals: bool,
    notes: Sequence[str] = (),
) -> str:
    """A program as a C function that fills arrays.

    Parameters ``p`` stand behind the states in the array ``x``.

    Args:
        name: Of the function.
        program: What it computes.
        inputs: Arrays that hold the program's inputs in order, and their lengths.
        outputs: Arrays that take its outputs in order, and their lengths.
        intervals: Whether it works on intervals rather than doubles.
        notes: Comments to the first outputs.
    """
    kind = "interval" if intervals else "double"
    parameters = [f"const {kind} {a}[]" for a in inputs if a != "p"]
    parameters += [f"{kind} {a}[]" for a in outputs]
    held = [f"{a}[{i}]" for a, count in inputs.items() for i in range(count)]
    held += [_constant(float(v), intervals) for v in program.constants]
    held += [""] * (program.n_registers - len(held))
    lines = []
    for i, (code, target, *registers) in enumerate(program.code.tolist()):
        op = Op(code)
        count = 2 if op in _TWO else 3 if op is Op.SELECT else 1
        operands = [held[r] for r in registers[:count]]
        lines.append(f"    const {kind} t{i} = {(bound if intervals else scalar)(op, operands)};")
        held[target] = f"t{i}"
    places = [f"{a}[{i}]" for a, count in outputs.items() for i in range(count)]
    for i, (place, register) in enumerate(zip(places, program.outputs.tolist(), strict=True)):
        note = f" /* {notes[i]} */" if i < len(notes) else ""
        lines.append(f"    {place} = {held[register]};{note}")
    text = "\n".join(lines)
    opening = [f"    (void){a};" for a in inputs if a != "p" and not re.search(rf"\b{a}\[", text)]
    if re.search(r"\bp\[", text):
        opening = [f"    const {kind} *const p = x + {inputs['x']};", *opening]
    body = "\n".join([*opening, text])
    return f"static void {name}({', '.join(parameters)})\n{{\n{body}\n}}"


def _constant(value: float, intervals: bool) -> str:
    text = number(value)
    if intervals:
        return f"exactly({text})"
    return f"({text})" if text.startswith("-") else text
