"""Exact derivatives of recorded expressions, as expressions.

Reverse accumulation (A. Griewank and A. Walther, "Evaluating Derivatives", 2008, chapter 3): one
sweep gives the gradient of a scalar in all inputs. At kinks (abs, min, max, where) the derivative
is that of one side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hiera.safety.tape.graph import Expr, Graph, Op

Partials = Callable[[Expr], tuple[Any, ...]]


def _pow(node: Expr) -> tuple[Any, ...]:
    base, exponent = node.args
    return (exponent * node.graph.power(base, exponent.value - 1.0), 0.0)


def _select(node: Expr) -> tuple[Any, ...]:
    first = node.graph.apply(Op.STEP, node.args[0])
    return (0.0, first, 1.0 - first)


def _extreme(node: Expr) -> tuple[Any, ...]:
    a, b = node.args
    first = (a < b) if node.op is Op.MIN else (a > b)
    return (first, 1.0 - first)


_PARTIALS: dict[Op, Partials] = {
    Op.ADD: lambda n: (1.0, 1.0),
    Op.SUB: lambda n: (1.0, -1.0),
    Op.MUL: lambda n: (n.args[1], n.args[0]),
    Op.DIV: lambda n: (1.0 / n.args[1], -n / n.args[1]),
    Op.NEG: lambda n: (-1.0,),
    Op.SQRT: lambda n: (0.5 / n,),
    Op.SIN: lambda n: (np.cos(n.args[0]),),
    Op.COS: lambda n: (-np.sin(n.args[0]),),
    Op.TAN: lambda n: (1.0 + n * n,),
    Op.EXP: lambda n: (n,),
    Op.LOG: lambda n: (1.0 / n.args[0],),
    Op.TANH: lambda n: (1.0 - n * n,),
    Op.ATAN: lambda n: (1.0 / (1.0 + n.args[0] * n.args[0]),),
    Op.ATAN2: lambda n: (
        n.args[1] / (n.args[0] * n.args[0] + n.args[1] * n.args[1]),
        -n.args[0] / (n.args[0] * n.args[0] + n.args[1] * n.args[1]),
    ),
    Op.ASIN: lambda n: (1.0 / np.sqrt(1.0 - n.args[0] * n.args[0]),),
    Op.ACOS: lambda n: (-1.0 / np.sqrt(1.0 - n.args[0] * n.args[0]),),
    Op.ABS: lambda n: (np.sign(n.args[0]),),
    Op.MIN: _extreme,
    Op.MAX: _extreme,
    Op.SIGN: lambda n: (0.0,),
    Op.STEP: lambda n: (0.0,),
    Op.SELECT: _select,
    Op.POW: _pow,
}


def below(outputs: Sequence[Expr]) -> list[Expr]:
    """All nodes that the outputs depend on, each after its operands."""
    found: dict[int, Expr] = {}
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.index not in found:
            found[node.index] = node
            stack.extend(node.args)
    return [found[i] for i in sorted(found)]


def gradient(value: Expr, inputs: Sequence[Expr]) -> list[Expr]:
    """Derivatives of a scalar in each input, one node an input."""
    graph = value.graph
    zero = graph.node(0.0)
    adjoint: dict[int, Expr] = {value.index: graph.node(1.0)}
    for node in reversed(below([value])):
        weight = adjoint.get(node.index)
        if weight is None or not node.args:
            continue
        for arg, partial in zip(node.args, _PARTIALS[node.op](node), strict=True):
            if arg.op is Op.CONST:
                continue
            term = weight * partial
            if not (isinstance(term, Expr) and term.is_const(0.0)):
                adjoint[arg.index] = adjoint.get(arg.index, zero) + term
    return [adjoint.get(i.index, zero) for i in inputs]


def directional(slopes: Sequence[Expr], direction: Sequence[Any], graph: Graph) -> Expr:
    """``sum_i slopes_i direction_i``: with a vector field, its Lie derivative."""
    total = graph.node(0.0)
    for slope, component in zip(slopes, direction, strict=True):
        total = total + slope * graph.node(component)
    return total


_KINKS = (Op.ABS, Op.MIN, Op.MAX, Op.SIGN, Op.STEP, Op.SELECT)


def kinks(value: Expr) -> list[Expr]:
    """Nodes at which the value may fail to be continuously differentiable.

    The square of ``max(e, 0)``, ``min(e, 0)`` or ``abs(e)`` is smooth enough and not counted.
    """
    nodes = below([value])
    suspects = {n.index: n for n in nodes if n.op in _KINKS}
    for node in nodes:
        for arg in node.args:
            if arg.index not in suspects:
                continue
            squared = node.op is Op.MUL and node.args[0] is node.args[1]
            flat = arg.op is Op.ABS or any(a.is_const(0.0) for a in arg.args)
            if not (squared and flat and arg.op in (Op.ABS, Op.MIN, Op.MAX)):
                return [arg]
    return [value] if value.index in suspects else []
