"""Expressions recorded while a user's plain NumPy function runs on symbols.

`h(x)` is called once with an array of `Expr`; what comes back is the function as a graph. From the
graph follow exact derivatives (`hiera.safety.tape.derive`), machine-independent programs
(`hiera.safety.tape.program`), rigorous bounds by interval arithmetic and C source.

Nodes are hash-consed: equal sub-expressions are one object, constants are folded, and terms that
vanish identically become the constant zero, which is how relative degrees are found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class TraceError(TypeError):
    """A function cannot be recorded, because it branches on a value or leaves NumPy."""


class Op(IntEnum):
    """Operations of a node; the numbers are the machine's operation codes."""

    INPUT = 0
    CONST = 1
    ADD = 2
    SUB = 3
    MUL = 4
    DIV = 5
    NEG = 6
    SQRT = 7
    SIN = 8
    COS = 9
    TAN = 10
    EXP = 11
    LOG = 12
    TANH = 13
    ATAN = 14
    ATAN2 = 15
    ASIN = 16
    ACOS = 17
    ABS = 18
    MIN = 19
    MAX = 20
    SIGN = 21
    STEP = 22
    """1 if the operand is positive, else 0."""
    SELECT = 23
    """The second operand where the first is positive, else the third."""
    POW = 24
    """First operand to the power of the second, a constant."""


_FOLD: dict[Op, Callable[..., float]] = {
    Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b,
    Op.MUL: lambda a, b: a * b,
    Op.DIV: lambda a, b: a / b,
    Op.NEG: lambda a: -a,
    Op.SQRT: math.sqrt,
    Op.SIN: math.sin,
    Op.COS: math.cos,
    Op.TAN: math.tan,
    Op.EXP: math.exp,
    Op.LOG: math.log,
    Op.TANH: math.tanh,
    Op.ATAN: math.atan,
    Op.ATAN2: math.atan2,
    Op.ASIN: math.asin,
    Op.ACOS: math.acos,
    Op.ABS: abs,
    Op.MIN: min,
    Op.MAX: max,
    Op.SIGN: lambda a: float(np.sign(a)),
    Op.STEP: lambda a: 1.0 if a > 0.0 else 0.0,
    Op.SELECT: lambda a, b, c: b if a > 0.0 else c,
    Op.POW: lambda a, b: a**b,
}
_COMMUTES = (Op.ADD, Op.MUL, Op.MIN, Op.MAX)


class Expr:
    """A node; made by `Graph`, combined by Python's operators and NumPy's functions."""

    __slots__ = ("args", "graph", "index", "op", "value")
    __array_priority__ = 1000.0
    __hash__ = object.__hash__

    def __init__(
        self, graph: Graph, index: int, op: Op, args: tuple[Expr, ...], value: float
    ) -> None:
        self.graph, self.index, self.op, self.args, self.value = graph, index, op, args, value

    def is_const(self, value: float | None = None) -> bool:
        """True if the node is a constant, and this one if a value is given."""
        return self.op is Op.CONST and (value is None or self.value == value)

    def __repr__(self) -> str:
        if self.op is Op.CONST:
            return f"{self.value:g}"
        inner = ", ".join(f"#{a.index}" for a in self.args)
        return f"#{self.index}={self.op.name.lower()}({inner or self.value:})"

    def __bool__(self) -> bool:
        raise TraceError(
            "the function branches on the state; write the branch with np.where, np.maximum or "
            "np.minimum, or give the barrier's gradient so that it need not be recorded"
        )

    def __float__(self) -> float:
        if self.op is Op.CONST:
            return self.value
        raise TraceError("the function turns a symbol into a number and so leaves NumPy")

    def __add__(self, other: Any) -> Any:
        return self.graph.apply(Op.ADD, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.graph.apply(Op.ADD, other, self)

    def __sub__(self, other: Any) -> Any:
        return self.graph.apply(Op.SUB, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.graph.apply(Op.SUB, other, self)

    def __mul__(self, other: Any) -> Any:
        return self.graph.apply(Op.MUL, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.graph.apply(Op.MUL, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.graph.apply(Op.DIV, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.graph.apply(Op.DIV, other, self)

    def __neg__(self) -> Any:
        return self.graph.apply(Op.NEG, self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self.graph.apply(Op.ABS, self)

    def __pow__(self, power: Any) -> Any:
        return self.graph.power(self, power)

    def __and__(self, other: Any) -> Any:
        return self.graph.apply(Op.MUL, self, other)

    def __or__(self, other: Any) -> Any:
        return self.graph.apply(Op.MAX, self, other)

    def __invert__(self) -> Any:
        return 1.0 - self

    def __lt__(self, other: Any) -> Any:
        return self.graph.apply(Op.STEP, -self + other)

    def __gt__(self, other: Any) -> Any:
        return self.graph.apply(Op.STEP, self - other)

    def __le__(self, other: Any) -> Any:
        return 1.0 - (self > other)

    def __ge__(self, other: Any) -> Any:
        return 1.0 - (self < other)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from hiera.safety.tape.numpy_calls import call_ufunc

        return call_ufunc(self.graph, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from hiera.safety.tape.numpy_calls import call_function

        return call_function(function, args, kwargs)


Scalar = Expr | float


class Graph:
    """All nodes of one recording."""

    def __init__(self) -> None:
        self._nodes: list[Expr] = []
        self._known: dict[tuple[Any, ...], Expr] = {}

    def __iter__(self) -> Iterator[Expr]:
        return iter(self._nodes)

    def _intern(self, op: Op, args: tuple[Expr, ...], value: float = 0.0) -> Expr:
        key = (op, tuple(a.index for a in args), value, math.copysign(1.0, value))
        found = self._known.get(key)
        if found is None:
            found = Expr(self, len(self._nodes), op, args, value)
            self._nodes.append(found)
            self._known[key] = found
        return found

    def input(self, slot: int) -> Expr:
        """The symbol of input ``slot``."""
        return self._intern(Op.INPUT, (), float(slot))

    def inputs(self, first: int, count: int) -> NDArray[np.object_]:
        """Symbols of ``count`` inputs in a row, shape ``(count,)``."""
        from hiera.safety.tape.numpy_calls import symbols

        made: NDArray[np.object_] = symbols([self.input(first + i) for i in range(count)])
        return made

    def node(self, value: Any) -> Expr:
        """A number as a node; nodes pass.

        Raises:
            TraceError: If it is neither.
        """
        if isinstance(value, Expr):
            if value.graph is not self:
                raise TraceError("a symbol of another function is used; do not keep symbols")
            return value
        if isinstance(value, np.ndarray) and value.ndim == 0:
            return self.node(value.item())
        try:
            return self._intern(Op.CONST, (), float(value))
        except (TypeError, ValueError) as error:
            raise TraceError(f"{value!r} is not a number") from error

    def power(self, base: Any, power: Any) -> Expr:
        """``base`` to a constant power; small integers become products."""
        base, exponent = self.node(base), self.node(power)
        if not exponent.is_const():
            raise TraceError("powers must be numbers; write np.exp(b * np.log(a)) for a ** b")
        value = exponent.value
        if value == 0.5:
            return self.apply(Op.SQRT, base)
        if value == int(value) and 0 <= abs(value) <= 8:
            out = self.node(1.0)
            for _ in range(abs(int(value))):
                out = self.apply(Op.MUL, out, base)
            return out if value >= 0 else self.apply(Op.DIV, 1.0, out)
        return self.apply(Op.POW, base, exponent)

    def apply(self, op: Op, *operands: Any) -> Expr:
        """A node for an operation on nodes or numbers, simplified; elementwise on arrays."""
        if any(isinstance(a, np.ndarray) and a.ndim for a in operands):
            made: Expr = self._elementwise(op, *operands)
            return made
        args = tuple(self.node(a) for a in operands)
        if all(a.is_const() for a in args):
            try:
                return self.node(_FOLD[op](*(a.value for a in args)))
            except (ValueError, ZeroDivisionError, OverflowError) as error:
                raise TraceError(f"{op.name.lower()} of constants: {error}") from error
        if op in _COMMUTES and args[0].index > args[1].index:
            args = (args[1], args[0])
        shorter = self._simple(op, args)
        return self._intern(op, args) if shorter is None else shorter

    def _elementwise(self, op: Op, *operands: Any) -> Any:
        from hiera.safety.tape.numpy_calls import symbols

        plain = [np.asarray(a, dtype=object).view(np.ndarray) for a in operands]
        return symbols(np.vectorize(lambda *cell: self.apply(op, *cell), [object])(*plain))

    def _simple(self, op: Op, args: tuple[Expr, ...]) -> Expr | None:
        """The shorter form of an operation, if there is one."""
        a = args[0]
        b = args[-1]
        if op is Op.ADD:
            return _sum(self, a, b)
        if op is Op.SUB:
            if a is b:
                return self.node(0.0)
            if b.is_const(0.0):
                return a
            if a.is_const(0.0):
                return self.apply(Op.NEG, b)
            return self.apply(Op.ADD, a, b.args[0]) if b.op is Op.NEG else None
        if op is Op.MUL:
            return _product(self, a, b)
        if op is Op.DIV:
            if a.is_const(0.0):
                return a
            return a if b.is_const(1.0) else None
        if op is Op.NEG:
            return a.args[0] if a.op is Op.NEG else None
        if op in (Op.MIN, Op.MAX) and a is b:
            return a
        if op is Op.SELECT:
            if a.is_const():
                return args[1] if a.value > 0.0 else b
            return args[1] if args[1] is b else None
        return None


def _sum(graph: Graph, a: Expr, b: Expr) -> Expr | None:
    if a.is_const(0.0):
        return b
    if b.is_const(0.0):
        return a
    if a is b:
        return graph.apply(Op.MUL, 2.0, a)
    if b.op is Op.NEG:
        return graph.apply(Op.SUB, a, b.args[0])
    if a.op is Op.NEG:
        return graph.apply(Op.SUB, b, a.args[0])
    return None


def _product(graph: Graph, a: Expr, b: Expr) -> Expr | None:
    for one, other in ((a, b), (b, a)):
        if one.is_const(0.0):
            return one
        if one.is_const(1.0):
            return other
        if one.is_const(-1.0):
            return graph.apply(Op.NEG, other)
    if a.op is Op.NEG and b.op is Op.NEG:
        return graph.apply(Op.MUL, a.args[0], b.args[0])
    if a.op is Op.NEG:
        return graph.apply(Op.NEG, graph.apply(Op.MUL, a.args[0], b))
    if b.op is Op.NEG:
        return graph.apply(Op.NEG, graph.apply(Op.MUL, a, b.args[0]))
    # Constants go outside, so that (2 e) e is seen to be twice a square.
    for one, other in ((a, b), (b, a)):
        if one.op is not Op.MUL or other.is_const():
            continue
        for factor, rest in (one.args, one.args[::-1]):
            if factor.is_const():
                return graph.apply(Op.MUL, factor, graph.apply(Op.MUL, rest, other))
    return None
