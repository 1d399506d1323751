"""Programs as CasADi functions, for whoever optimises over them. Needs the extra ``mpc``."""

from __future__ import annotations

from typing import Any

from hiera.safety.extras import require
from hiera.safety.tape.graph import Op
from hiera.safety.tape.program import Program


def to_casadi(program: Program, name: str = "f") -> Any:
    """The program as a CasADi function of one vector, ``(n_inputs,) -> (o,)``.

    Raises:
        MissingExtra: If CasADi is not installed.
    """
    ca = require("casadi", "mpc")
    inputs = ca.SX.sym("z", program.n_inputs)
    register: dict[int, Any] = {i: inputs[i] for i in range(program.n_inputs)}
    for i, value in enumerate(program.constants):
        register[program.n_inputs + i] = ca.SX(float(value))
    for op, target, *operands in program.code.tolist():
        a, b, c = (register.get(r) for r in operands)
        register[target] = _operate(ca, Op(op), a, b, c)
    outputs = ca.vertcat(*(register[int(r)] for r in program.outputs))
    return ca.Function(name, [inputs], [outputs])


def _operate(ca: Any, op: Op, a: Any, b: Any, c: Any) -> Any:
    named = {
        Op.SQRT: ca.sqrt,
        Op.SIN: ca.sin,
        Op.COS: ca.cos,
        Op.TAN: ca.tan,
        Op.EXP: ca.exp,
        Op.LOG: ca.log,
        Op.TANH: ca.tanh,
        Op.ATAN: ca.atan,
        Op.ASIN: ca.asin,
        Op.ACOS: ca.acos,
        Op.ABS: ca.fabs,
        Op.SIGN: ca.sign,
    }
    if op in named:
        return named[op](a)
    two = {
        Op.ADD: lambda: a + b,
        Op.SUB: lambda: a - b,
        Op.MUL: lambda: a * b,
        Op.DIV: lambda: a / b,
        Op.NEG: lambda: -a,
        Op.ATAN2: lambda: ca.atan2(a, b),
        Op.MIN: lambda: ca.fmin(a, b),
        Op.MAX: lambda: ca.fmax(a, b),
        Op.STEP: lambda: ca.if_else(a > 0, 1.0, 0.0),
        Op.SELECT: lambda: ca.if_else(a > 0, b, c),
        Op.POW: lambda: a**b,
    }
    return two[op]()
